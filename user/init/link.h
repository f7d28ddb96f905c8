/*
 * The link: frames between init and the host's tools/hostlib, on the second serial line. A frame is
 * LINK_MAGIC, a type, a 16-bit little-endian length, and that many bytes. docs/command.md says what
 * follows what; tools/hostlib/link.py is the other end.
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_MAGIC 0xA9
#define LINK_VERSION 1
#define LINK_HEADER 4
#define LINK_PAYLOAD 4096 /* most bytes in a frame */
#define LINK_WINDOW \
	2048 /* bytes of stdin, headers counted, that may be on their way: less than a tty's buffer */

enum link_frame {
	/* guest to host */
	LINK_HELLO = 'H',       /* u8 version: init listens */
	LINK_STARTED = 'S',     /* the program runs */
	LINK_EXEC_FAILED = 'F', /* u32 errno */
	LINK_STDOUT = 'O',
	LINK_STDERR = 'E',
	LINK_CREDIT = 'C',     /* u32: so many more bytes of stdin may be sent */
	LINK_STDIN_SHUT = 'Q', /* nobody reads stdin any more */
	LINK_LOG = 'L',        /* kernel log lines */
	LINK_EXIT = 'X',       /* u32 wait status; the machine powers off next */
	/* host to guest */
	LINK_STDIN = 'I',
	LINK_STDIN_EOF = 'Z',
	LINK_SIZE = 'W',        /* u16 rows, u16 columns */
	LINK_SIGNAL = 'K',      /* u8 signal for the program's process group */
	LINK_OUTPUT_SHUT = 'o', /* u8 1 or 2: nobody reads that descriptor any more */
};

/* Open the line; false when there is none. */
bool link_open(void);
int link_fd(void);

/* Send one frame, waiting for room. size <= LINK_PAYLOAD */
void link_send(enum link_frame type, const void *data, size_t size);
void link_send_u32(enum link_frame type, uint32_t value);

/* Read what is there and call take() for each whole frame. false at end of file or on nonsense. */
bool link_receive(void (*take)(void *arg, int type, const uint8_t *data, size_t size), void *arg);

#endif
