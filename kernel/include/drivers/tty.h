/*
 * Terminals. A struct tty joins a driver (serial port, pseudo-terminal side) with the line
 * discipline and with the job control of one session. Semantics: termios(3), ioctl_tty(2), pty(7),
 * credentials(7).
 *
 *   driver --tty_receive()--> line discipline (ldisc.c) --> read buffer --> read(2)
 *   write(2) --> output processing (output.c) --> driver ops->write
 *
 * Locks: (l) lock   (i) input_lock   (o) output_lock   (c) ctrl_lock   (a) atomic   (k) constant
 * Input is processed in task context only, so that it may send signals: an interrupt handler leaves its bytes to a thread.
 */
#ifndef DRIVERS_TTY_H
#define DRIVERS_TTY_H

#include "fs/file.h"
#include "proc/process.h"
#include <asm/termbits.h>
#include <asm/termios.h>

#define TTY_READ_SIZE 4096u

struct tty;
struct tty_ops {
	/* Take up to @n bytes for output: how many were taken. Does not sleep; any task context. */
	unsigned (*write)(struct tty *tty, const u8 *buf, unsigned n);
	unsigned (*write_room)(struct tty *tty);
	unsigned (*chars_in_buffer)(struct tty *tty);      /* not yet sent; NULL: 0 */
	int (*open)(struct tty *tty, struct file *file);   /* => lock held */
	void (*close)(struct tty *tty, struct file *file); /* => lock held; count already lowered */
	void (*set_termios)(struct tty *tty, const struct ktermios *old);
	void (*unthrottle)(struct tty *tty); /* the read buffer has room again */
	void (*flush_output)(struct tty *tty);
	void (*stop)(struct tty *tty); /* flow control: ^S, TCOOFF */
	void (*start)(struct tty *tty);
	/* -ENOIOCTLCMD: not mine */
	long (*ioctl)(struct tty *tty, struct file *file, unsigned cmd, unsigned long arg);
	void (*destroy)(struct tty *tty); /* the last reference */
};
#define ENOIOCTLCMD 515

struct tty {
	u32 refs;                  /* (a) */
	char name[16];             /* (k) "ttyS0", "pts/3" */
	kdev_t dev;                /* (k) */
	const struct tty_ops *ops; /* (k) */
	void *driver;              /* (k) of the driver */
	bool is_master;            /* (k) pty master: no line discipline of its own */
	mutex_t lock, input_lock, output_lock;
	spinlock_t ctrl_lock; /* RANK_DEVICE, irqsave */

	unsigned count;             /* (l) open files */
	unsigned generation;        /* (l) hang-ups: files of an older one are dead */
	bool exclusive;             /* (l) TIOCEXCL */
	bool other_closed;          /* (a) pty: nobody has the other side open any more */
	struct ktermios termios;    /* (l) written; read without */
	struct winsize winsize;     /* (c) */
	struct pid *pgrp, *session; /* (c) referenced */
	bool stopped;               /* (c) output held by ^S or TCOOFF */
	struct wait_queue read_wait, write_wait;

	/*
	 * line discipline (i). The counters run freely; the place in the ring is the counter mod
	 * TTY_READ_SIZE.
	 */
	u8 *read_buf;
	unsigned long *line_ends;   /* bitmap: a line ends at this byte */
	u32 head, canon_head, tail; /* next free; end of the last complete line; next to be read */
	u32 column, canon_column;   /* cursor column now, and where the line being edited began */
	bool literal_next, erasing;
	bool throttled; /* the driver was refused bytes */
	struct rcu_head rcu;
};

/* NULL */
struct tty *tty_alloc(const char *name, kdev_t dev, const struct tty_ops *ops, void *driver);
void tty_get(struct tty *tty);
void tty_put(struct tty *tty);
/* Free one that nobody has seen yet: undoes tty_alloc(). NULL allowed. */
void tty_free(struct tty *tty);

/*
 * Every driver registers where its ttys are: major number -> the tty, referenced; ERR_PTR(-ENXIO,
 * -ENODEV, -EIO). Sleeps.
 */
struct tty_driver {
	struct cdev cdev;
	struct tty *(*find)(unsigned minor);
	struct list_head node;
};
int tty_driver_register(struct tty_driver *driver, kdev_t first, unsigned count, const char *name);
extern const struct file_operations tty_fops;
/* The tty of a device number, referenced; ERR_PTR as tty_driver->find. */
struct tty *tty_find(kdev_t dev);

/* The tty of an open file, or NULL when it is not one. */
struct tty *file_tty(struct file *file);
bool tty_file_hung_up(struct file *file);
/* Make @file an open file of @tty (takes a reference of its own). 0 or -errno. */
int tty_open_file(struct tty *tty, struct file *file);

/*
 * Bytes from the driver: how many the line discipline took (all, unless it is raw and full). Task
 * context, sleeps.
 */
unsigned tty_receive(struct tty *tty, const u8 *buf, unsigned n);
void tty_receive_break(struct tty *tty);
/* The driver has room for output. Any context. */
void tty_wakeup(struct tty *tty);
/*
 * The line went away: everybody who has it open reads end of file; SIGHUP and SIGCONT to the
 * session. Sleeps.
 */
void tty_hangup(struct tty *tty);

/* ldisc.c */
ssize_t ldisc_read(struct tty *tty, struct file *file, struct iov_iter *to);
unsigned ldisc_readable(struct tty *tty); /* bytes that a read would give now (poll, FIONREAD) */
void ldisc_flush_input(struct tty *tty);
/* Hold output back or let it go on: ^S and ^Q, TCOOFF and TCOON. */
void tty_set_stopped(struct tty *tty, bool stop);
void ldisc_termios_changed(struct tty *tty, const struct ktermios *old);
/* output.c: process and send; *@written bytes of @buf were taken. 0 or -errno */
unsigned tty_output(struct tty *tty, const u8 *buf, unsigned n);
void tty_echo(struct tty *tty, const u8 *buf, unsigned n);
/* jobctl.c */
/* a background process changes the tty: 0, -EIO, -ERESTARTSYS */
int tty_check_change(struct tty *tty);
int tty_check_read(struct tty *tty);
int tty_job_ioctl(struct tty *tty, unsigned cmd, unsigned long arg);
void tty_set_controlling(struct tty *tty, bool steal, int *err);
struct tty *current_tty_get(void); /* referenced, or NULL */
void tty_signal_pgrp(struct tty *tty, int sig);
void tty_drop_session(struct tty *tty, bool hangup);
void tty_jobctl_init(void);
/* ioctl.c */
long tty_ioctl(struct file *file, unsigned cmd, unsigned long arg);
/*
 * The master's view of its slave: attributes, window, groups, without the slave's job
 * control. -ENOTTY
 */
long tty_side_ioctl(struct tty *slave, unsigned cmd, unsigned long arg);
extern const struct ktermios tty_default_termios;

/* Drivers start here, from kernel_main(). */
void tty_init(void);
void pty_init(void);
void serial_init(void);
void console_init(void);
/* console= of the command line; the last one wins. Before console_init(). */
void console_select(const char *value);

static inline bool tty_canonical(const struct tty *tty)
{
	return tty->termios.c_lflag & ICANON;
}

#endif
