/*
 * The program's life on the link: its stdin, stdout and stderr as frames (or, with a terminal, only
 * its window size and the kernel log), signals for it, and at the end its status.
 *
 * Nothing is lost and nothing waits for ever: stdin is sent on credit, which is given back when the
 * bytes are in our buffer; output is read from the pipes only as fast as the line takes it.
 */
#include "init.h"
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STDIN_BUFFER 65536
#define CONSOLE_OFF 6 /* syslog(2) SYSLOG_ACTION_CONSOLE_OFF: only a panic still prints */

struct relay {
	pid_t child;
	int tty;                      /* the terminal, or -1 */
	int in, out, err, kernel_log; /* our ends of the pipes, /dev/kmsg; -1 when closed */
	char stdin_data[STDIN_BUFFER];
	size_t stdin_start, stdin_end;
	size_t owed;    /* credit for what we have read, not yet given back */
	bool stdin_eof; /* the host has no more */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* -- stdin ---------------------------------------------------------------------------------- */

static void stdin_shut(struct relay *relay)
{
	close_fd(&relay->in);
	relay->stdin_start = relay->stdin_end = 0;
	link_send(LINK_STDIN_SHUT, NULL, 0);
}

/* Give back credit in large pieces, and never more than there is room for. */
static void stdin_credit(struct relay *relay)
{
	size_t room = STDIN_BUFFER - (relay->stdin_end - relay->stdin_start);

	if (relay->in < 0 || relay->owed < LINK_WINDOW / 2 || room < 2 * LINK_WINDOW)
		return;
	link_send_u32(LINK_CREDIT, relay->owed);
	relay->owed = 0;
}

static void stdin_flush(struct relay *relay)
{
	while (relay->in >= 0 && relay->stdin_start < relay->stdin_end) {
		ssize_t n = write(relay->in, relay->stdin_data + relay->stdin_start,
				  relay->stdin_end - relay->stdin_start);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			stdin_shut(relay);
			return;
		}
		relay->stdin_start += n;
	}
	if (relay->stdin_start == relay->stdin_end) {
		relay->stdin_start = relay->stdin_end = 0;
		if (relay->stdin_eof)
			close_fd(&relay->in);
	}
	stdin_credit(relay);
}

static void stdin_take(struct relay *relay, const uint8_t *data, size_t size)
{
	if (relay->in < 0)
		return;
	if (relay->stdin_end + size > STDIN_BUFFER) {
		memmove(relay->stdin_data, relay->stdin_data + relay->stdin_start,
			relay->stdin_end - relay->stdin_start);
		relay->stdin_end -= relay->stdin_start;
		relay->stdin_start = 0;
	}
	if (relay->stdin_end + size > STDIN_BUFFER) {
		complain("the host sent more than it had credit for");
		size = STDIN_BUFFER - relay->stdin_end;
	}
	memcpy(relay->stdin_data + relay->stdin_end, data, size);
	relay->stdin_end += size;
	relay->owed += LINK_HEADER + size;
	stdin_flush(relay);
}

/* -- frames from the host ------------------------------------------------------------------- */

static void set_size(int tty, unsigned short rows, unsigned short columns)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};

	if (tty >= 0 && rows && columns)
		ioctl(tty, TIOCSWINSZ, &size);
}

static void take_frame(void *arg, int type, const uint8_t *data, size_t size)
{
	struct relay *relay = arg;

	if (type == LINK_STDIN) {
		stdin_take(relay, data, size);
	} else if (type == LINK_STDIN_EOF) {
		relay->stdin_eof = true;
		stdin_flush(relay);
	} else if (type == LINK_SIZE && size == 4) {
		set_size(relay->tty, data[0] | data[1] << 8, data[2] | data[3] << 8);
	} else if (type == LINK_SIGNAL && size == 1) {
		kill(-relay->child, data[0]);
	} else if (type == LINK_OUTPUT_SHUT && size == 1) {
		close_fd(data[0] == 1 ? &relay->out : &relay->err);
	}
}

/* -- frames to the host --------------------------------------------------------------------- */

/* One read, one frame. false when there was nothing to read now. */
static bool forward(int *fd, enum link_frame type)
{
	char data[LINK_PAYLOAD];
	ssize_t n = read(*fd, data, sizeof(data));

	if (n > 0)
		link_send(type, data, n);
	else if (!n || (errno != EAGAIN && errno != EINTR && errno != EPIPE))
		close_fd(fd);
	return n > 0;
}

/* A record of /dev/kmsg is "level,sequence,microseconds,flags;text\n" and continuation lines. */
static void forward_log(struct relay *relay)
{
	char record[LINK_PAYLOAD], *text;
	ssize_t n = read(relay->kernel_log, record, sizeof(record) - 1);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR && errno != EPIPE))
			close_fd(&relay->kernel_log);
		return;
	}
	record[n] = '\0';
	text = strchr(record, ';');
	if (text && text[1])
		link_send(LINK_LOG, text + 1, strcspn(text + 1, "\n") + 1);
}

/*
 * What the program wrote before it ended is in the pipes; what its children write later is
 * not waited for.
 */
static void drain(struct relay *relay)
{
	while (relay->out >= 0 && forward(&relay->out, LINK_STDOUT))
		;
	while (relay->err >= 0 && forward(&relay->err, LINK_STDERR))
		;
	while (relay->kernel_log >= 0) {
		struct pollfd ready = {.fd = relay->kernel_log, .events = POLLIN};

		if (poll(&ready, 1, 0) <= 0)
			break;
		forward_log(relay);
	}
	if (relay->tty >= 0)
		tcdrain(relay->tty);
}

/* -- start and loop ------------------------------------------------------------------------- */

static bool make_pipe(int *ours, int *childs, bool child_reads)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	*ours = ends[child_reads];
	*childs = ends[!child_reads];
	fcntl(*ours, F_SETFL, O_NONBLOCK);
	return true;
}

static pid_t start_on_pipes(struct relay *relay, char **argv)
{
	int in = -1, out = -1, err = -1;
	pid_t pid = -EMFILE;

	if (make_pipe(&relay->in, &in, true) && make_pipe(&relay->out, &out, false) &&
	    make_pipe(&relay->err, &err, false))
		pid = child_start(argv, in, out, err, false);
	close_fd(&in);
	close_fd(&out);
	close_fd(&err);
	return pid;
}

static pid_t start_on_terminal(struct relay *relay, const struct job *job)
{
	relay->tty = tty_open("/dev/ttyS0", false);
	if (relay->tty < 0)
		return -errno;
	set_size(relay->tty, job->rows, job->columns);
	if (job->log) {
		relay->kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (relay->kernel_log >= 0)
			lseek(relay->kernel_log, 0, SEEK_END);
	}
	klogctl(CONSOLE_OFF, NULL, 0);
	tcdrain(relay->tty);
	/*
	 * From here on, what comes over the first line is the program's: the host must know first.
	 */
	link_send(LINK_STARTED, NULL, 0);
	return child_start(job->argv, relay->tty, relay->tty, relay->tty, true);
}

enum { WAIT_EVENTS, WAIT_LINK, WAIT_OUT, WAIT_ERR, WAIT_LOG, WAIT_IN, WAIT_COUNT };

static void wait_for_work(struct relay *relay, struct pollfd *fds)
{
	bool pending = relay->stdin_start < relay->stdin_end;

	fds[WAIT_LINK] = (struct pollfd){.fd = link_fd(), .events = POLLIN};
	fds[WAIT_OUT] = (struct pollfd){.fd = relay->out, .events = POLLIN};
	fds[WAIT_ERR] = (struct pollfd){.fd = relay->err, .events = POLLIN};
	fds[WAIT_LOG] = (struct pollfd){.fd = relay->kernel_log, .events = POLLIN};
	/* Without data to write, the pipe is still watched for a reader that goes away. */
	fds[WAIT_IN] = (struct pollfd){.fd = relay->in, .events = pending ? POLLOUT : 0};
	if (poll(fds, WAIT_COUNT, -1) < 0) {
		for (size_t i = 0; i < WAIT_COUNT; i++)
			fds[i].revents = 0;
	}
}

static int relay_loop(struct relay *relay)
{
	struct pollfd fds[WAIT_COUNT] = {{.fd = events_open(), .events = POLLIN}};
	struct events events;
	int status = 0;

	for (;;) {
		wait_for_work(relay, fds);
		if (fds[WAIT_LINK].revents && !link_receive(take_frame, relay))
			return status;
		if (relay->out >= 0 && fds[WAIT_OUT].revents)
			forward(&relay->out, LINK_STDOUT);
		if (relay->err >= 0 && fds[WAIT_ERR].revents)
			forward(&relay->err, LINK_STDERR);
		if (relay->kernel_log >= 0 && fds[WAIT_LOG].revents)
			forward_log(relay);
		if (relay->in >= 0 && (fds[WAIT_IN].revents & POLLERR))
			stdin_shut(relay);
		else if (relay->in >= 0 && fds[WAIT_IN].revents)
			stdin_flush(relay);
		events = events_take();
		if (events.shutdown || (events.child && child_reap(relay->child, &status)))
			return status;
	}
}

int relay_run(const struct job *job)
{
	static struct relay relay = {.tty = -1, .in = -1, .out = -1, .err = -1, .kernel_log = -1};
	int status;

	if (!link_open()) {
		complain("no link to the host: /dev/ttyS1: %s", strerror(errno));
		return console_run(job->argv);
	}
	if (events_open() < 0)
		complain("no pipe for signals: %s", strerror(errno));
	link_send(LINK_HELLO, &(uint8_t){LINK_VERSION}, 1);
	relay.child =
		job->terminal ? start_on_terminal(&relay, job) : start_on_pipes(&relay, job->argv);
	if (relay.child < 0) {
		link_send_u32(LINK_EXEC_FAILED, -relay.child);
		return 127 << 8;
	}
	if (!job->terminal) {
		link_send(LINK_STARTED, NULL, 0);
		link_send_u32(LINK_CREDIT, LINK_WINDOW);
	}
	status = relay_loop(&relay);
	drain(&relay);
	sync();
	link_send_u32(LINK_EXIT, status);
	tcdrain(link_fd());
	return status;
}
