/*
 * tty - terminals through a pseudo-terminal: pty(7), termios(3), tty(4), ioctl_tty(2).
 *
 * Canonical editing, echo, raw mode with VMIN and VTIME, signals to the foreground group, window
 * size, job control (SIGTTIN, SIGTTOU), hangup.
 */
#include "t.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>

static int master, slave;
static char slave_name[32];
static struct termios initial;

static void open_pair(void)
{
	int n = -1, unlock = 0;

	if (access("/dev/pts/ptmx", F_OK) != 0) {
		mkdir("/dev/pts", 0755);
		mount("devpts", "/dev/pts", "devpts", 0, NULL);
	}
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	t_must(master >= 0);
	t_must(ioctl(master, TIOCGPTN, &n) == 0);
	snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", n);
	t_must(ioctl(master, TIOCSPTLCK, &unlock) == 0);
	slave = open(slave_name, O_RDWR | O_NOCTTY);
	t_must(slave >= 0);
}

static void close_pair(void)
{
	close(slave);
	close(master);
}

/* Types at the master. */
static void type(const char *s)
{
	t_must(write(master, s, strlen(s)) == (ssize_t)strlen(s));
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {fd, POLLIN, 0};

	return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

/*
 * What can be read, up to as many bytes as are wanted; "" when nothing comes within 200 ms, "<eof>"
 * at the end. The pieces come as the other CPU pushes them.
 */
static char *got(int fd, const char *want)
{
	static char buf[512];
	int len = 0, n;

	buf[0] = 0;
	do {
		if (!readable(fd, 200))
			return buf;
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			return n == 0 && len == 0 ? "<eof>" : buf;
		len += n;
		buf[len] = 0;
	} while (len < (int)strlen(want) && strcmp(want, "<eof>") != 0);
	return buf;
}

#define reads(fd, want, ...) \
	({ \
		char *got_ = got(fd, want); \
		if (!ok(strcmp(got_, want) == 0, __VA_ARGS__)) \
			t_note("got '%s', want '%s'", got_, want); \
	})

/* -- the pair -------------------------------------------------------------------------------- */

static void check_pair(void)
{
	struct stat st;
	int n;

	open_pair();
	ok(isatty(master) && isatty(slave), "both ends are terminals");
	fstat(slave, &st);
	ok(S_ISCHR(st.st_mode) && st.st_rdev >> 8 == 136, "the slave is a device of major 136");
	eq(tcgetattr(slave, &initial), 0, "tcgetattr works");
	ok((initial.c_lflag & (ICANON | ECHO | ISIG | IEXTEN)) == (ICANON | ECHO | ISIG | IEXTEN),
	   "at first: ICANON ECHO ISIG IEXTEN");
	ok((initial.c_iflag & (ICRNL | IXON)) == (ICRNL | IXON), "ICRNL IXON");
	ok((initial.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR), "OPOST ONLCR");
	ok(initial.c_cc[VINTR] == 3 && initial.c_cc[VQUIT] == 28 && initial.c_cc[VERASE] == 127 &&
		   initial.c_cc[VKILL] == 21 && initial.c_cc[VEOF] == 4 &&
		   initial.c_cc[VSUSP] == 26 && initial.c_cc[VMIN] == 1 && initial.c_cc[VTIME] == 0,
	   "^C ^\\ DEL ^U ^D ^Z, VMIN 1");
	eq(cfgetospeed(&initial), B38400, "38400 baud");
	ok((initial.c_cflag & (CSIZE | CREAD)) == (CS8 | CREAD), "8 bits, CREAD");
	fails(ioctl(slave, TIOCGPTN, &n), ENOTTY, "TIOCGPTN of the slave is ENOTTY");
	fails(ioctl(0x7f, TCGETS, &initial), EBADF, "TCGETS of a closed descriptor is EBADF");
	int file = t_file("f", "", 0);
	struct termios other;
	fails(tcgetattr(file, &other), ENOTTY, "TCGETS of a file is ENOTTY");
	close(file);
	fails(ioctl(slave, 0x54ff, 0), ENOTTY, "an unknown ioctl is ENOTTY");
	close(slave);
	int lock = 1;
	ioctl(master, TIOCSPTLCK, &lock);
	fails(open(slave_name, O_RDWR | O_NOCTTY), EIO, "a locked slave cannot be opened: EIO");
	close(master);
	fails(open(slave_name, O_RDWR | O_NOCTTY), ENOENT, "a closed pair's name is gone");
}

/* -- canonical mode -------------------------------------------------------------------------- */

static const struct {
	const char *typed, *line, *name;
} editing[] = {
	{"hello\n", "hello\n", "a line"},
	{"hello\r", "hello\n", "return is newline (ICRNL)"},
	{"heyy\x7f\n", "hey\n", "DEL erases a character"},
	{"\x7f\x7fx\n", "x\n", "DEL at the beginning does nothing"},
	{"wrong\x15right\n", "right\n", "^U kills the line"},
	{"one two\x17three\n", "one three\n", "^W erases a word"},
	{"a\x16\x03"
	 "b\n",
	 "a\x03"
	 "b\n",
	 "^V takes the next character as it is"},
	{"part\x04", "part", "^D gives what was typed"},
	{"\x04", "<eof>", "^D on an empty line is the end of file"},
};

static void check_canonical(void)
{
	struct termios t;
	char buf[16];

	open_pair();
	tcgetattr(slave, &t);
	t.c_lflag &= ~ECHO;
	tcsetattr(slave, TCSANOW, &t);
	for (unsigned i = 0; i < T_COUNT(editing); i++) {
		type(editing[i].typed);
		reads(slave, editing[i].line, "canonical: %s", editing[i].name);
	}
	type("no newline");
	ok(!readable(slave, 20), "without newline nothing can be read");
	type("\nsecond\n");
	eq(read(slave, buf, 4), 4, "a short read gets part of a line");
	reads(slave, "ewline\n", "the next read the rest of it");
	reads(slave, "second\n", "and then the second line");
	int n = -1;
	type("four\n");
	t_must(readable(slave, 200));
	ioctl(slave, FIONREAD, &n);
	eq(n, 5, "FIONREAD counts");
	eq(tcflush(slave, TCIFLUSH), 0, "tcflush");
	ok(!readable(slave, 20), "throws it away");
	fcntl(slave, F_SETFL, O_NONBLOCK);
	fails(read(slave, buf, 1), EAGAIN, "non-blocking with nothing there is EAGAIN");
	close_pair();
}

static void check_erasing_tabs(void)
{
	type("\n");
	reads(master, "\r\n", "a new line");
	type("ab\t\x7f");
	reads(master, "ab\t\b\b\b\b\b\b", "an erased tab takes the cursor back over its columns");
	write(slave, "\r", 1);
	type("\t\x7f");
	reads(master, "\r\t\b\b\b\b\b\b", "and so it does after output has moved the cursor");
	type("\t");
	write(slave, "\r", 1);
	type("\x7f");
	reads(master, "\t\r\b\b\b\b\b\b", "even to the left of where the line began");
	type("\n");
	reads(master, "\r\n", "the line ends");
	tcflush(slave, TCIOFLUSH);
}

static void check_echo_and_output(void)
{
	struct termios t;

	open_pair();
	type("ab");
	reads(master, "ab", "what is typed is echoed");
	type("\n");
	reads(master, "\r\n", "newline as return and newline (ONLCR)");
	type("x\x7f");
	reads(master, "x\b \b", "an erased character is wiped (ECHOE)");
	type("\x01");
	reads(master, "^A", "a control character shows as ^A (ECHOCTL)");
	tcflush(slave, TCIOFLUSH);
	check_erasing_tabs();
	write(slave, "out\n", 4);
	reads(master, "out\r\n", "output gets ONLCR");
	tcgetattr(slave, &t);
	t.c_oflag &= ~OPOST;
	t.c_lflag &= ~ECHO;
	tcsetattr(slave, TCSADRAIN, &t);
	write(slave, "raw\n", 4);
	reads(master, "raw\n", "without OPOST it does not");
	type("quiet\n");
	ok(!readable(master, 20), "without ECHO nothing is echoed");
	t.c_lflag |= ECHONL;
	tcsetattr(slave, TCSANOW, &t);
	type("\n");
	reads(master, "\n", "with ECHONL newline is");
	close_pair();
}

/* -- raw mode -------------------------------------------------------------------------------- */

static void set_raw(int min, int time)
{
	struct termios t;

	tcgetattr(slave, &t);
	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	tcsetattr(slave, TCSANOW, &t);
}

static int type_later(void *arg)
{
	usleep(30000);
	type("b");
	usleep(30000);
	type("cd");
	return 0;
}

static void check_raw(void)
{
	char buf[16];
	pid_t pid;

	open_pair();
	set_raw(1, 0);
	type("\x03\x04\r");
	reads(slave, "\x03\x04\r", "raw: every byte arrives as it is");
	set_raw(0, 0);
	eq(read(slave, buf, 16), 0, "VMIN 0 VTIME 0: a read returns at once, 0");
	type("xy");
	t_must(readable(slave, 1000));
	eq(read(slave, buf, 16), 2, "or with what is there");
	set_raw(0, 1);
	eq(read(slave, buf, 16), 0, "VMIN 0 VTIME 1: 0 after a tenth of a second");
	set_raw(4, 0);
	type("a");
	pid = t_spawn(type_later, NULL);
	eq(read(slave, buf, 16), 4, "VMIN 4: a read waits for four bytes");
	ok(memcmp(buf, "abcd", 4) == 0, "in order");
	t_wait(pid);
	set_raw(10, 1);
	type("abc");
	eq(read(slave, buf, 16), 3, "VMIN 10 VTIME 1: a pause after the first byte ends it");
	static char big[8000];
	memset(big, 'r', sizeof(big));
	write(slave, big, 3000);
	int n = 0, k;
	while (n < 3000 && readable(master, 200) && (k = read(master, big, sizeof(big))) > 0)
		n += k;
	eq(n, 3000, "3000 bytes of output arrive");
	close_pair();
}

/* -- the controlling terminal ---------------------------------------------------------------- */

static volatile int last;

static void on_signal(int sig)
{
	last = sig;
}

/* In a new session with the slave as controlling terminal. */
static void control(void)
{
	need(setsid() == getpid());
	open_pair();
	need(ioctl(slave, TIOCSCTTY, 0) == 0);
	signal(SIGINT, on_signal);
	signal(SIGQUIT, on_signal);
	signal(SIGTSTP, on_signal);
	signal(SIGWINCH, on_signal);
	signal(SIGHUP, on_signal);
	signal(SIGCONT, on_signal);
}

static int control_itself(void *arg)
{
	pid_t sid, group;
	int fd;

	control();
	need(ioctl(slave, TIOCGSID, &sid) == 0 && sid == getpid());
	need(ioctl(slave, TIOCGPGRP, &group) == 0 && group == getpgrp());
	need(tcgetpgrp(slave) == getpgrp());
	fd = open("/dev/tty", O_RDWR);
	need(fd >= 0);
	need(write(fd, "via tty", 7) == 7);
	need(strcmp(got(master, "via tty"), "via tty") == 0);
	need(ioctl(slave, TIOCNOTTY) == 0);
	need(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
	return 0;
}

/* A session leader without one that opens a terminal gets it, but with O_NOCTTY. */
static int by_open(void *arg)
{
	setsid();
	open_pair();
	need(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
	need(open(slave_name, O_RDWR) >= 0);
	need(open("/dev/tty", O_RDWR) >= 0);
	need(tcgetpgrp(slave) == getpgrp());
	return 0;
}

static const struct {
	const char *key;
	int sig;
} keys[] = {{"\x03", SIGINT}, {"\x1c", SIGQUIT}, {"\x1a", SIGTSTP}};

static int key_signals(void *arg)
{
	struct termios t;

	control();
	for (unsigned i = 0; i < T_COUNT(keys); i++) {
		last = 0;
		type("dropped");
		type(keys[i].key);
		need(t_until(last == keys[i].sig));
	}
	tcgetattr(slave, &t);
	need(t.c_lflag & ISIG);
	tcflush(master, TCIOFLUSH);
	t.c_lflag &= ~(ISIG | ECHO);
	tcsetattr(slave, TCSAFLUSH, &t);
	last = 0;
	type("\x03\n");
	need(strcmp(got(slave, "\x03\n"), "\x03\n") == 0 && last == 0);
	t.c_lflag |= ISIG;
	tcsetattr(slave, TCSAFLUSH, &t);
	type("lost\x03"); /* a signal throws away the line, without NOFLSH */
	need(t_until(last == SIGINT));
	type("kept\n");
	need(strcmp(got(slave, "kept\n"), "kept\n") == 0);
	return 0;
}

static int foreground(void *arg)
{
	pid_t pid;
	int status;

	control();
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGINT, SIG_DFL);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	need(tcsetpgrp(slave, pid) == 0);
	need(tcgetpgrp(slave) == pid);
	usleep(10000);
	type("\x03");
	need(waitpid(pid, &status, 0) == pid && status == SIGINT);
	need(last == 0); /* we, in the background, got nothing */
	signal(SIGTTOU, SIG_IGN);
	need(tcsetpgrp(master, getpgrp()) ==
	     0); /* through the master it is the slave's group too */
	need(tcgetpgrp(slave) == getpgrp());
	need(tcsetpgrp(slave, 0x3ffffff) == -1 && errno == ESRCH);
	need(tcsetpgrp(slave, -1) == -1 && errno == EINVAL);
	return 0;
}

static int background(void *arg)
{
	struct termios t;
	char c;
	int status;
	pid_t pid;

	control();
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		read(slave, &c, 1);
		_exit(1);
	}
	need(waitpid(pid, &status, WUNTRACED) == pid);
	need(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	kill(pid, SIGKILL);
	t_wait(pid);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGTTIN, SIG_IGN);
		need(read(slave, &c, 1) == -1 && errno == EIO);
		need(write(slave, "w", 1) == 1); /* without TOSTOP writing is free */
		tcgetattr(slave, &t);            /* and so is asking */
		tcsetattr(slave, TCSANOW, &t);   /* but changing is SIGTTOU */
		_exit(1);
	}
	need(waitpid(pid, &status, WUNTRACED) == pid);
	need(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	kill(pid, SIGKILL);
	t_wait(pid);
	tcgetattr(slave, &t);
	t.c_lflag |= TOSTOP;
	tcsetattr(slave, TCSANOW, &t);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		write(slave, "x", 1);
		_exit(1);
	}
	need(waitpid(pid, &status, WUNTRACED) == pid);
	need(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	kill(pid, SIGKILL);
	t_wait(pid);
	return 0;
}

static int window(void *arg)
{
	struct winsize w = {1, 2, 3, 4};

	control();
	need(ioctl(slave, TIOCGWINSZ, &w) == 0 && w.ws_row == 0 && w.ws_col == 0);
	w.ws_row = 25;
	w.ws_col = 81;
	last = 0;
	need(ioctl(master, TIOCSWINSZ, &w) == 0);
	need(t_until(last == SIGWINCH));
	memset(&w, 0, sizeof(w));
	need(ioctl(slave, TIOCGWINSZ, &w) == 0 && w.ws_row == 25 && w.ws_col == 81);
	last = 0;
	need(ioctl(slave, TIOCSWINSZ, &w) == 0);
	usleep(10000);
	need(last == 0); /* the same size: no signal */
	return 0;
}

static int hangup(void *arg)
{
	struct pollfd p;
	char c;

	control();
	signal(SIGCONT, SIG_IGN);
	last = 0;
	close(master);
	need(t_until(last == SIGHUP));
	need(read(slave, &c, 1) == 0);
	need(write(slave, "x", 1) == -1 && errno == EIO);
	p = (struct pollfd){slave, POLLIN, 0};
	need(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP));
	need(ioctl(slave, TCGETS, &initial) == -1 && errno == EIO);
	return 0;
}

static int slave_closed(void *arg)
{
	struct pollfd p;
	char buf[16];

	open_pair();
	write(slave, "last", 4);
	close(slave);
	need(readable(master, 1000) && read(master, buf, 16) == 4);
	need(read(master, buf, 16) == -1 && errno == EIO);
	p = (struct pollfd){master, POLLIN, 0};
	need(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP));
	slave = open(slave_name, O_RDWR | O_NOCTTY);
	need(slave >= 0 && write(slave, "back", 4) == 4);
	need(read(master, buf, 16) == 4);
	return 0;
}

/* The session leader's end hangs up the terminal: the foreground group gets SIGHUP. */
static int leader_exit(void *arg)
{
	int p[2];
	char c;
	pid_t leader;

	need(pipe(p) == 0);
	leader = fork();
	if (leader == 0) {
		control();
		if (fork() == 0) {
			last = 0;
			write(p[1], "r", 1);
			need(t_until(last == SIGHUP));
			write(p[1], "h", 1);
			_exit(0);
		}
		read(p[0], &c, 1);
		write(p[1], "r", 1);
		_exit(0);
	}
	close(p[1]);
	need(t_wait(leader) == 0);
	need(read(p[0], &c, 1) == 1 && c == 'r');
	need(read(p[0], &c, 1) == 1 && c == 'h');
	return 0;
}

/* A minor number above 255 is divided within a device number. */
static int many(void *arg)
{
	char name[32];
	int master = -1, slave, number = 0, unlock = 0;

	(void)arg;
	for (int n = 0; n < 300 && number < 256; n++) {
		master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		need(master >= 0);
		need(ioctl(master, TIOCGPTN, &number) == 0);
	}
	need(number == 256);
	need(ioctl(master, TIOCSPTLCK, &unlock) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	slave = open(name, O_RDWR | O_NOCTTY);
	need(slave >= 0);
	need(write(slave, "x", 1) == 1 && read(master, name, 1) == 1 && name[0] == 'x');
	return 0;
}

/* asm/termbits.h, which has struct termio, does not go together with termios.h. */
struct old_termio {
	unsigned short iflag, oflag, cflag, lflag;
	unsigned char line, cc[8];
};

/*
 * All calls on the master's attributes are about the slave's: the master has no echo, or the two
 * would answer each other for ever.
 */
static void check_master_attributes(void)
{
	struct old_termio old;
	struct termios t;

	open_pair();
	tcgetattr(slave, &t);
	t.c_lflag &= ~ECHO;
	tcsetattr(slave, TCSANOW, &t);
	eq(ioctl(master, TCGETA, &old), 0, "TCGETA works at the master");
	ok(old.lflag == (t.c_lflag & 0xffff), "and gets the slave's flags");
	old.lflag |= ECHO;
	for (unsigned cmd = TCSETA; cmd <= TCSETAF; cmd++)
		eq(ioctl(master, cmd, &old), 0, "ioctl %#x sets attributes at the master", cmd);
	tcgetattr(slave, &t);
	ok(t.c_lflag & ECHO, "the slave echoes now");
	type("a");
	reads(master, "a", "what is typed is echoed once");
	ok(!readable(master, 20), "and not again by the master");
	write(slave, "b", 1);
	reads(master, "b", "what the slave writes arrives");
	type("\n");
	reads(slave, "a\n", "and does not come back as input");
	close_pair();
}

int main(void)
{
	t_tmpdir();
	signal(SIGHUP, SIG_IGN);
	check_pair();
	check_canonical();
	check_echo_and_output();
	check_raw();
	check_master_attributes();
	passes(control_itself, "TIOCSCTTY makes it the controlling terminal, /dev/tty is it");
	passes(by_open, "so does opening it, without O_NOCTTY");
	passes(key_signals,
	       "^C ^\\ ^Z send SIGINT SIGQUIT SIGTSTP, and without ISIG are characters");
	passes(foreground, "the signal goes to the foreground group only");
	passes(background,
	       "the background gets SIGTTIN for reading, SIGTTOU for changing or with TOSTOP");
	passes(window, "the window size is kept, and a change is SIGWINCH");
	passes(hangup, "a closed master is SIGHUP, end of file, EIO, POLLHUP");
	passes(slave_closed, "a closed slave is EIO at the master, until it is opened again");
	passes(leader_exit, "the session leader's end is SIGHUP for the foreground");
	passes(many, "there are more than 256 pairs");
	return t_done();
}
