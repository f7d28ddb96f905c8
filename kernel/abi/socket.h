/* Between the files of the socket calls. */
#ifndef ABI_SOCKET_H
#define ABI_SOCKET_H

#include "net/socket.h"

/*
 * The socket of a descriptor: NULL and -EBADF or -ENOTSOCK in *@err. fdput(*f) in the
 * end if it is one.
 */
struct socket *socket_get(int fd, struct fd_ref *f, int *err);
/* An address from the caller: 0, -EINVAL, -EFAULT. */
int address_get(struct socket_address *a, uaddr_t from, int len);
/*
 * And to the caller, cut to the room that *@len (user memory) tells; then the whole
 * length goes there.
 */
int address_put(const struct socket_address *a, uaddr_t to, uaddr_t len);

#endif
