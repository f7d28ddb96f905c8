/*
 * Parts of the guest's init. Each file says what it is for; docs/command.md has the link protocol.
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What the host asked for, read from /.isthmus/run. Strings point into one buffer for ever. */
struct job {
	bool terminal; /* run on /dev/ttyS0 as controlling terminal, not on pipes over the link */
	bool log;      /* send the kernel log over the link once the terminal is the program's */
	unsigned short rows, columns;
	const char *hostname, *directory;
	char **argv;
};

/*
 * Fill *job and the environment from the file. false when the file is not there or not ours: then
 * nobody listens on the link, and the console is all we have.
 */
bool job_read(const char *path, struct job *job);

/* Mount what a Linux program expects to find; what the kernel does not know is left out. */
void mount_all(void);

/* A line in the kernel log, or on the console. For what cannot be said over the link. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Start argv with in, out and err as its descriptors 0-2, or, when terminal, with the terminal in
 * as those and as its controlling terminal. Returns the process, or -errno of fork or exec.
 */
pid_t child_start(char **argv, int in, int out, int err, bool terminal);

/*
 * Collect dead children. true when main_child was among them; its wait status is then in *status.
 * => called after SIGCHLD
 */
bool child_reap(pid_t main_child, int *status);

/* Readable when a signal arrived; events_take() then says which. */
int events_open(void);
struct events {
	bool child;    /* SIGCHLD */
	bool shutdown; /* poweroff(8), halt(8) or reboot(8) asked for the end */
};
struct events events_take(void);

/*
 * Run the job with its descriptors (or, terminal, its signals and sizes) on the link. Wait status.
 */
int relay_run(const struct job *job);

/* Run the job on the console, with no link. Wait status. */
int console_run(char **argv);

/* The terminal at path with settings a login would give; raw: no settings at all. -1: errno. */
int tty_open(const char *path, bool raw);

/* Writes all of it; false on error. */
bool write_all(int fd, const void *data, size_t size);

#endif
