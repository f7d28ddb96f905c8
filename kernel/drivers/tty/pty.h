/* Pseudo-terminal pairs: shared by pty.c and devpts.c. */
#ifndef DRIVERS_TTY_PTY_H
#define DRIVERS_TTY_PTY_H

#include "drivers/tty.h"

struct pty {
	u32 refs;           /* (a) one for each side's struct tty */
	unsigned index;     /* (k) N of /dev/pts/N */
	struct tty *master; /* (k) not referenced: NULL once it is gone (table lock) */
	struct tty *slave;  /* (k) referenced while the master is open */
	bool locked;        /* TIOCSPTLCK: the slave cannot be opened yet */
	bool packet;        /* TIOCPKT on the master */
	uid_t uid;          /* (k) who opened the master: owner of the node */
	u64 serial;         /* (k) distinguishes a reused index */
};

/* The pty of an index, with a reference on its slave (tty_put(pty->slave)), or NULL. */
struct pty *pty_find(unsigned index);
/* The lowest index >= @from in use, or -1. */
int pty_next(unsigned from);
void devpts_init(void);

#endif
