/* Between the files of net/. */
#ifndef NET_NET_H
#define NET_NET_H

#include "types.h"

#define SEND_BUFFER_MIN 4480u /* socket(7), on this machine */
#define RECEIVE_BUFFER_MIN 2240u

struct passed_files;
struct socket_address;

/* unix/: the family AF_UNIX. */
void unix_init(void);
/*
 * Files enter a message, and leave it: 0 or -ETOOMANYREFS. Sockets among them are
 * watched for cycles.
 */
int unix_files_in_flight(struct passed_files *files);
void unix_files_landed(struct passed_files *files);

#endif
