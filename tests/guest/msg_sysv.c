/*
 * System V messages: msgget(2), msgsnd(2), msgrcv(2), msgctl(2), sysvipc(7): which message comes,
 * who waits and what wakes him, limits, and ipc(2) with both shapes of its structures.
 */
#include "t.h"
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_EXCEPT
#define MSG_EXCEPT 020000
#endif
#define CALL_MSGSND 11
#define CALL_MSGRCV 12
#define CALL_MSGGET 13
#define CALL_MSGCTL 14
#define CMD_64 0x100
#define CMD_STAT 2 /* musl's IPC_STAT says more */

#define KEY 0x5e400001
#define NOBODY 65534

struct text {
	long type;
	char text[64];
};

struct old_msqid {
	int key;
	unsigned short uid, gid, cuid, cgid, mode, seq;
	void *first, *last;
	int stime, rtime, ctime;
	unsigned long lcbytes, lqbytes;
	unsigned short cbytes, qnum, qbytes, lspid, lrpid;
};

static int new_queue(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	t_must(id >= 0);
	return id;
}

static int send_text(int id, long type, const char *text, int flags)
{
	struct text m = {.type = type};

	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), flags);
}

/* Is the message that comes (or the error) this one? */
static bool comes(int id, long type, int flags, const char *text)
{
	struct text m = {0};
	ssize_t n = msgrcv(id, &m, sizeof(m.text), type, flags | IPC_NOWAIT);

	return n == (ssize_t)strlen(text) && !memcmp(m.text, text, strlen(text));
}

static struct msqid_ds stat_of(int id)
{
	struct msqid_ds ds = {0};

	t_must(msgctl(id, IPC_STAT, &ds) == 0);
	return ds;
}

static void drop(int id)
{
	msgctl(id, IPC_RMID, NULL);
}

/* ---- keys and ids ---- */

static void check_ids(void)
{
	int id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0640), other;

	ok(id >= 0, "msgget makes a queue");
	eq(msgget(KEY, 0), id, "its key finds it");
	eq(msgget(KEY, IPC_CREAT | 0600), id, "with IPC_CREAT too");
	fails(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "with IPC_EXCL: EEXIST");
	fails(msgget(KEY + 1, 0), ENOENT, "another key: ENOENT");
	other = new_queue();
	ok(other != id && other >= 0, "IPC_PRIVATE is always another one");
	works(msgctl(other, IPC_RMID, NULL), "IPC_RMID");
	fails(msgctl(other, IPC_STAT, &(struct msqid_ds){0}), EINVAL,
	      "then its id is no more: EINVAL");
	fails(send_text(other, 1, "x", 0), EINVAL, "for msgsnd too");
	fails(msgrcv(other, &(struct text){0}, 1, 0, IPC_NOWAIT), EINVAL, "and msgrcv");
	fails(msgctl(id, 99, NULL), EINVAL, "an unknown command: EINVAL");
	fails(msgctl(-1, IPC_RMID, NULL), EINVAL, "a negative id: EINVAL");
	drop(id);
	fails(msgget(KEY, 0), ENOENT, "its key too");
}

/* ---- which message ---- */

static void check_choice(void)
{
	int id = new_queue();
	char big[4096 + 4] = {0};

	fails(msgrcv(id, big, 10, 0, IPC_NOWAIT), ENOMSG, "an empty queue: ENOMSG");
	send_text(id, 3, "three", 0);
	send_text(id, 1, "one", 0);
	send_text(id, 2, "two", 0);
	send_text(id, 1, "one again", 0);
	send_text(id, 2, "two again", 0);
	fails(msgrcv(id, big, 10, 4, IPC_NOWAIT), ENOMSG, "a type that none has: ENOMSG");
	ok(comes(id, 2, 0, "two"), "a type: its first message");
	ok(comes(id, -2, 0, "one"), "a negative type: the lowest up to it");
	ok(comes(id, -2, 0, "one again"), "in the order of arrival");
	ok(comes(id, -2, 0, "two again"), "then the next");
	fails(msgrcv(id, big, 10, -2, IPC_NOWAIT), ENOMSG, "and no higher one");
	send_text(id, 3, "3 again", 0);
	send_text(id, 7, "seven", 0);
	ok(comes(id, 3, MSG_EXCEPT, "seven"), "MSG_EXCEPT: the first of another type");
	fails(msgrcv(id, big, 10, 3, IPC_NOWAIT | MSG_EXCEPT), ENOMSG, "if there is one");
	ok(comes(id, 0, 0, "three") && comes(id, 0, 0, "3 again"), "0: the first of all");
	send_text(id, 0x7fffffff, "most", 0);
	ok(comes(id, (long)0x80000000, 0, "most"), "LONG_MIN takes any type");
	send_text(id, 5, "", 0);
	ok(comes(id, 5, 0, ""), "a message without text");
	drop(id);
}

static void check_sizes(void)
{
	struct text m = {.type = 1};
	int id = new_queue();
	char *edge =
		mmap(NULL, 2 * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(edge + T_PAGE, T_PAGE);
	send_text(id, 1, "0123456789", 0);
	fails(msgrcv(id, &m, 9, 0, 0), E2BIG, "longer than the buffer: E2BIG");
	memset(m.text, 'x', sizeof(m.text));
	eq(msgrcv(id, &m, 4, 0, MSG_NOERROR), 4, "MSG_NOERROR cuts it");
	ok(!memcmp(m.text, "0123xx", 6), "and writes no more");
	fails(msgrcv(id, &m, 4, 0, IPC_NOWAIT), ENOMSG, "the rest is lost");
	fails(send_text(id, 0, "x", 0), EINVAL, "type 0: EINVAL");
	fails(send_text(id, -1, "x", 0), EINVAL, "a negative type: EINVAL");
	fails(msgsnd(id, &m, 8193, 0), EINVAL, "longer than msgmax: EINVAL");
	fails(msgsnd(id, &m, (size_t)-1, 0), EINVAL, "a negative length: EINVAL");
	fails(msgrcv(id, &m, (size_t)-1, 0, 0), EINVAL, "for msgrcv too");
	fails(msgsnd(-1, &m, 1, 0), EINVAL, "a negative id: EINVAL");
	*(long *)(edge + T_PAGE - 8) = 1;
	fails(msgsnd(id, edge + T_PAGE - 8, 5, 0), EFAULT, "text that is not there: EFAULT");
	fails(msgsnd(id, (void *)8, 5, 0), EFAULT, "no type to be read: EFAULT");
	eq(stat_of(id).msg_qnum, 0, "nothing came");
	works(msgsnd(id, edge + T_PAGE - 8, 4, 0), "up to the border");
	fails(msgrcv(id, (void *)8, 9, 0, 0), EFAULT, "no room for it: EFAULT");
	eq(stat_of(id).msg_qnum, 0, "and it is lost");
	drop(id);
}

static void check_limits(void)
{
	int id = new_queue();
	struct msqid_ds ds = stat_of(id);
	unsigned n = 0;

	eq(ds.msg_qbytes, 16384, "a queue holds msgmnb bytes");
	ds.msg_qbytes = 10;
	works(msgctl(id, IPC_SET, &ds), "IPC_SET sets another limit");
	works(send_text(id, 1, "0123456", IPC_NOWAIT), "which holds 7");
	fails(send_text(id, 1, "0123", IPC_NOWAIT), EAGAIN, "and not 11: EAGAIN");
	works(send_text(id, 1, "012", IPC_NOWAIT), "but 10");
	eq(stat_of(id).msg_cbytes, 10, "msg_cbytes");
	eq(stat_of(id).msg_qnum, 2, "msg_qnum");
	ok(comes(id, 0, 0, "0123456") && comes(id, 0, 0, "012"), "all back");
	while (n < 20 && send_text(id, 1, "", IPC_NOWAIT) == 0)
		n++;
	eq(n, 10, "nor more messages than bytes, if they have no text");
	drop(id);
}

static int poor(void *arg)
{
	int id = *(int *)arg;
	struct msqid_ds ds = stat_of(id);

	need(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
	need(send_text(id, 1, "x", 0) == -1 && errno == EACCES);
	need(msgctl(id, IPC_SET, &ds) == -1 && errno == EPERM);
	need(msgctl(id, IPC_RMID, NULL) == -1 && errno == EPERM);
	need(comes(id, 0, 0, "for all"));
	need(msgget(KEY, 0222) == -1 && errno == EACCES);
	need(msgget(KEY, 0444) == id);
	id = new_queue();
	ds = stat_of(id);
	ds.msg_qbytes = 20000;
	need(msgctl(id, IPC_SET, &ds) == -1 && errno == EPERM);
	ds.msg_qbytes = 16384;
	need(msgctl(id, IPC_SET, &ds) == 0);
	drop(id);
	return 0;
}

static void check_permissions(void)
{
	int id = msgget(KEY, IPC_CREAT | 0604);

	send_text(id, 1, "for all", 0);
	exits(poor, &id, 0,
	      "others may what the mode says; changing is the owner's; more than msgmnb root's");
	drop(id);
}

/* ---- who waits ---- */

struct call {
	pthread_t thread;
	int id, tid, result, err, flags;
	long type;
	size_t size;
	struct text m;
	volatile bool done;
};

static void *receive(void *arg)
{
	struct call *c = arg;

	c->tid = (int)syscall(__NR_gettid);
	c->result = (int)msgrcv(c->id, &c->m, c->size, c->type, c->flags);
	c->err = errno;
	c->done = true;
	return NULL;
}

static void *transmit(void *arg)
{
	struct call *c = arg;

	c->result = msgsnd(c->id, &c->m, c->size, c->flags);
	c->err = errno;
	c->done = true;
	return NULL;
}

static void start(struct call *c, void *(*fn)(void *), int id, long type, size_t size)
{
	memset(c, 0, sizeof(*c));
	c->id = id;
	c->type = c->m.type = type;
	c->size = size;
	memset(c->m.text, 'm', sizeof(c->m.text));
	pthread_create(&c->thread, NULL, fn, c);
	usleep(30000);
}

static bool ended(struct call *c, int result, int err)
{
	pthread_join(c->thread, NULL);
	return c->result == result && (result >= 0 || c->err == err);
}

static void check_receivers(void)
{
	struct call a, b;
	int id = new_queue();

	start(&a, receive, id, 5, 60);
	start(&b, receive, id, 0, 60);
	ok(!a.done && !b.done, "who finds no message waits");
	send_text(id, 4, "four", 0);
	ok(ended(&b, 4, 0) && !a.done, "one that wants it gets it");
	send_text(id, 5, "fives", 0);
	ok(ended(&a, 5, 0) && !memcmp(a.m.text, "fives", 5) && a.m.type == 5, "and the other his");
	eq(stat_of(id).msg_qnum, 0, "none stays");
	eq(stat_of(id).msg_lrpid, a.tid, "msg_lrpid is the thread that waited");
	send_text(id, 1, "here", 0);
	ok(comes(id, 0, 0, "here") && stat_of(id).msg_lrpid == getpid(),
	   "or the process that did not");
	start(&a, receive, id, 0, 2);
	start(&b, receive, id, 0, 60);
	send_text(id, 1, "long", 0);
	ok(ended(&a, -1, E2BIG), "one whose buffer is too small hears E2BIG");
	ok(ended(&b, 4, 0), "and the next gets it");
	start(&a, receive, id, 0, 60);
	drop(id);
	ok(ended(&a, -1, EIDRM), "the queue is removed: EIDRM");
}

static void check_senders(void)
{
	struct call a, b;
	int id = new_queue();
	struct msqid_ds ds = stat_of(id);

	ds.msg_qbytes = 10;
	msgctl(id, IPC_SET, &ds);
	send_text(id, 1, "01234567", 0);
	start(&a, transmit, id, 2, 6);
	start(&b, transmit, id, 3, 5);
	ok(!a.done && !b.done, "who finds no room waits");
	ok(comes(id, 1, 0, "01234567"), "there is room");
	t_until(a.done || b.done);
	ok(ended(&a, 0, 0), "the first goes on");
	ok(!b.done && stat_of(id).msg_qnum == 1, "the second has none yet");
	ds.msg_qbytes = 100;
	msgctl(id, IPC_SET, &ds);
	ok(ended(&b, 0, 0), "IPC_SET makes room");
	eq(stat_of(id).msg_cbytes, 11, "both are there");
	ds.msg_qbytes = 10;
	msgctl(id, IPC_SET, &ds);
	start(&a, transmit, id, 2, 6);
	drop(id);
	ok(ended(&a, -1, EIDRM), "the queue is removed: EIDRM");
}

static void nothing(int sig)
{
	(void)sig;
}

static int interrupted(void *arg)
{
	struct sigaction act = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	struct itimerspec soon = {.it_value.tv_nsec = 50000000, .it_interval.tv_nsec = 50000000};
	struct text m = {.type = 1};
	int id = *(int *)arg;
	timer_t timer;

	sigaction(SIGUSR1, &act, NULL);
	need(timer_create(CLOCK_MONOTONIC,
			  &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1},
			  &timer) == 0);
	timer_settime(timer, 0, &soon, NULL);
	need(msgrcv(id, &m, 10, 9, 0) == -1 && errno == EINTR);
	need(msgsnd(id, &m, 60, 0) == -1 && errno == EINTR);
	return 0;
}

static void check_signals(void)
{
	int id = new_queue();
	struct msqid_ds ds = stat_of(id);

	ds.msg_qbytes = 10;
	msgctl(id, IPC_SET, &ds);
	exits(interrupted, &id, 0, "a signal ends both: EINTR, even with SA_RESTART");
	drop(id);
}

/* ---- ipc(2), and what is seen ---- */

static long ipc(unsigned call, int first, unsigned second, unsigned third, void *ptr, long fifth)
{
	return syscall(__NR_ipc, call, first, second, third, ptr, fifth);
}

static void check_ipc(void)
{
	struct text m = {.type = 6, .text = "six"};
	int id = (int)ipc(CALL_MSGGET, IPC_PRIVATE, IPC_CREAT | 0600, 0, NULL, 0);
	struct {
		void *buf;
		long type;
	} both = {&m, 6};
	struct old_msqid old = {0};
	struct msqid_ds ds;

	ok(id >= 0, "ipc(2): MSGGET");
	eq(ipc(CALL_MSGSND, id, 3, 0, &m, 0), 0, "MSGSND");
	eq(ipc(CALL_MSGRCV, id, 60, IPC_NOWAIT, &both, 0), 3, "MSGRCV, version 0");
	eq(ipc(CALL_MSGSND, id, 3, 0, &m, 0), 0, "MSGSND");
	eq(ipc(1 << 16 | CALL_MSGRCV, id, 60, IPC_NOWAIT, &m, -7), 3, "MSGRCV, version 1");
	fails(ipc(CALL_MSGRCV, id, 60, IPC_NOWAIT, NULL, 0), EINVAL,
	      "version 0 without a structure: EINVAL");
	ipc(CALL_MSGSND, id, 3, 0, &m, 0);
	eq(ipc(CALL_MSGCTL, id, CMD_STAT, 0, &old, 0), 0, "MSGCTL in the old shape");
	ok(old.mode == 0600 && old.cbytes == 3 && old.lcbytes == 3 && old.qnum == 1 &&
		   old.qbytes == 16384 && old.lspid == (unsigned short)getpid() && old.stime,
	   "fills it");
	old.qbytes = 0;
	old.lqbytes = 77;
	eq(ipc(CALL_MSGCTL, id, IPC_SET, 0, &old, 0), 0, "IPC_SET reads it");
	eq(ipc(CALL_MSGCTL, id, CMD_STAT | CMD_64, 0, &ds, 0), 0, "and IPC_64");
	eq(stat_of(id).msg_qbytes, 77, "has the limit");
	eq(syscall(__NR_msgctl, id, IPC_RMID, NULL), 0, "the calls of their own numbers");
	id = (int)syscall(__NR_msgget, IPC_PRIVATE, 0600);
	eq(syscall(__NR_msgsnd, id, &m, 3, 0), 0, "msgsnd");
	eq(syscall(__NR_msgrcv, id, &m, 3, 0, 0), 3, "msgrcv");
	drop(id);
}

static void check_seen(void)
{
	char line[256],
		header[] = "       key      msqid perms      cbytes       qnum lspid lrpid   uid "
			   "  gid  cuid  cgid      stime      rtime      ctime\n";
	int id = msgget(KEY, IPC_CREAT | 0640), pid = getpid(), highest, got[3];
	FILE *f = fopen("/proc/sysvipc/msg", "r");
	struct msqid_ds ds;
	struct msginfo info;
	unsigned bytes, count;
	bool found = false;

	send_text(id, 2, "seen", 0);
	ok(f && fgets(line, sizeof(line), f) && !strcmp(line, header), "/proc/sysvipc/msg: header");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %d %o %u %u %d %*d", &got[0], &got[1], &got[2], &bytes, &count,
			   &highest) == 6 &&
		    got[1] == id)
			found = got[0] == KEY && got[2] == 0640 && bytes == 4 && count == 1 &&
				highest == pid && strlen(line) == 120;
	ok(found, "and a line for the queue");
	if (f)
		fclose(f);
	highest = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);
	ok(highest >= 0 && info.msgpool >= 1 && info.msgmap >= 1 && info.msgtql >= 4,
	   "MSG_INFO: queues, messages, bytes");
	highest = msgctl(0, IPC_INFO, (struct msqid_ds *)&info);
	ok(info.msgmax == 8192 && info.msgmnb == 16384 && info.msgmni == 32000 &&
		   info.msgssz == 16 && info.msgtql == 16384,
	   "IPC_INFO: limits");
	eq(msgctl(id & 0x7fff, MSG_STAT, &ds), id, "MSG_STAT by index: its id");
	eq(msgctl(id & 0x7fff, MSG_STAT_ANY, &ds), id, "MSG_STAT_ANY");
	eq(t_field("/proc/sys/kernel/msgmax", ""), 8192, "msgmax");
	eq(t_field("/proc/sys/kernel/msgmnb", ""), 16384, "msgmnb");
	eq(t_field("/proc/sys/kernel/msgmni", ""), 32000, "msgmni");
	drop(id);
}

/* ---- many ---- */

#define LETTERS 3000

static int many_out(void *arg)
{
	struct text m = {0};
	int id = *(int *)arg;

	for (unsigned i = 0; i < LETTERS; i++) {
		m.type = 1 + (long)(i % 7);
		memcpy(m.text, &i, sizeof(i));
		need(msgsnd(id, &m, sizeof(i) + i % 50, 0) == 0);
	}
	return 0;
}

static void check_many(void)
{
	int id = new_queue(), status;
	unsigned next[7], wrong = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(many_out(&id));
	for (unsigned i = 0; i < 7; i++)
		next[i] = i;
	for (unsigned n = 0; n < LETTERS; n++) {
		struct text m;
		unsigned i, at;
		ssize_t len = msgrcv(id, &m, sizeof(m.text), n % 3 ? 0 : -7, 0);

		memcpy(&i, m.text, sizeof(i));
		at = (unsigned)(m.type - 1) % 7;
		wrong += len != (ssize_t)(sizeof(i) + i % 50) || i != next[at];
		next[at] = i + 7;
	}
	waitpid(pid, &status, 0);
	ok(!wrong && !status, "thousands through a small queue: each type in its order");
	drop(id);
}

int main(void)
{
	check_ids();
	check_choice();
	check_sizes();
	check_limits();
	check_permissions();
	check_receivers();
	check_senders();
	check_signals();
	check_ipc();
	check_seen();
	check_many();
	return t_done();
}
