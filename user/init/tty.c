/*
 * Terminals: a serial line as a login finds it, or raw as the link needs it; and the console
 * session of a machine that nobody's `isthmus run` listens to.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void settings(struct termios *t, bool raw)
{
	memset(t, 0, sizeof(*t));
	t->c_cflag = CS8 | CREAD | CLOCAL | B115200;
	cfsetispeed(t, B115200);
	cfsetospeed(t, B115200);
	t->c_cc[VMIN] = 1;
	if (raw)
		return;
	t->c_iflag = ICRNL | IXON | IUTF8;
	t->c_oflag = OPOST | ONLCR;
	t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	t->c_cc[VINTR] = 'C' & 31;
	t->c_cc[VQUIT] = '\\' & 31;
	t->c_cc[VERASE] = 127;
	t->c_cc[VKILL] = 'U' & 31;
	t->c_cc[VEOF] = 'D' & 31;
	t->c_cc[VSTART] = 'Q' & 31;
	t->c_cc[VSTOP] = 'S' & 31;
	t->c_cc[VSUSP] = 'Z' & 31;
	t->c_cc[VREPRINT] = 'R' & 31;
	t->c_cc[VWERASE] = 'W' & 31;
	t->c_cc[VLNEXT] = 'V' & 31;
}

int tty_open(const char *path, bool raw)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;

	if (fd < 0)
		return -1;
	settings(&t, raw);
	if (tcsetattr(fd, TCSANOW, &t) < 0 && raw) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A shell needs a real terminal for job control; /dev/console cannot be a controlling terminal. */
static int console_terminal(void)
{
	static const char *const candidates[] = {"/dev/tty1", "/dev/ttyS0", "/dev/console"};
	char active[64] = "", path[80] = "/dev/";
	int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, active, sizeof(active) - 1);
	char *last;
	size_t i;

	if (fd >= 0)
		close(fd);
	if (n > 0) {
		active[strcspn(active, "\n")] = '\0';
		last = strrchr(active, ' ');
		strcat(path, last ? last + 1 : active);
		fd = tty_open(strcmp(path, "/dev/tty0") ? path : "/dev/tty1", false);
		if (fd >= 0)
			return fd;
	}
	for (i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		fd = tty_open(candidates[i], false);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

int console_run(char **argv)
{
	struct pollfd wait = {.fd = events_open(), .events = POLLIN};
	int tty = console_terminal(), status = 0;
	pid_t pid;

	if (tty < 0)
		tty = 0;
	pid = child_start(argv, tty, tty, tty, true);
	if (pid < 0) {
		complain("cannot start %s: %s", argv[0], strerror(-pid));
		return 127 << 8;
	}
	for (;;) {
		struct events events;

		poll(&wait, 1, -1);
		events = events_take();
		if (events.shutdown || (events.child && child_reap(pid, &status)))
			break;
	}
	tcdrain(tty);
	return status;
}
