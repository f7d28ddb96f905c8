/*
 * System V semaphores: semget(2), semop(2), semctl(2), sysvipc(7): all operations of a call or
 * none, who waits and who goes first, SEM_UNDO, and ipc(2) with both shapes of its structures.
 */
// needs: smp=4
#include "t.h"
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/sem.h>

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

#define CALL_SEMOP 1
#define CALL_SEMGET 2
#define CALL_SEMCTL 3
#define CALL_SEMTIMEDOP 4
#define CMD_64 0x100
#define CMD_STAT 2

#define KEY 0x5e300001
#define NOBODY 65534
#define SEMVMX 32767

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

struct old_semid {
	int key;
	unsigned short uid, gid, cuid, cgid, mode, seq;
	int otime, ctime;
	void *unused[4];
	unsigned short nsems;
};
struct semid64 {
	int key;
	unsigned uid, gid, cuid, cgid;
	unsigned short mode, pad1, seq, pad2;
	unsigned long unused[2];
	unsigned long otime, otime_high, ctime, ctime_high, nsems, unused2[2];
};

static int set;

static int make(int count)
{
	int id = semget(IPC_PRIVATE, count, 0600);

	t_must(id >= 0);
	return id;
}

static void drop(int id)
{
	semctl(id, 0, IPC_RMID);
}

static int value(int num)
{
	return semctl(set, num, GETVAL);
}

static int set_value(int num, int val)
{
	return semctl(set, num, SETVAL, (union semun){.val = val});
}

static int op1(int num, int op, int flags)
{
	struct sembuf b = {num, op, flags};

	return semop(set, &b, 1);
}

static int op2(int n1, int o1, int f1, int n2, int o2, int f2)
{
	struct sembuf b[2] = {{n1, o1, f1}, {n2, o2, f2}};

	return semop(set, b, 2);
}

static int waiters(int num)
{
	return semctl(set, num, GETNCNT);
}

static int zero_waiters(int num)
{
	return semctl(set, num, GETZCNT);
}

/* A child that does some operations and then says so in its exit status. */
struct job {
	int count;
	struct sembuf ops[4];
	int err; /* expected */
};

static int do_job(void *arg)
{
	struct job *job = arg;
	int ret = semop(set, job->ops, job->count);

	return job->err ? !(ret == -1 && errno == job->err) : ret != 0;
}

static pid_t start(struct job job)
{
	return t_spawn(do_job, &job);
}

static int done(pid_t pid)
{
	return t_wait(pid) == 0;
}

static bool still_there(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

/* -- semget, semctl ------------------------------------------------------------------------ */

static void test_get(void)
{
	int id;

	fails(semget(KEY, 1, 0), ENOENT, "a key that nobody has is not found");
	id = semget(KEY, 3, IPC_CREAT | 0640);
	works(id, "IPC_CREAT makes it");
	eq(semget(KEY, 0, 0), id, "its key finds it, 0 asks for no size");
	eq(semget(KEY, 3, IPC_CREAT), id, "IPC_CREAT finds what exists");
	fails(semget(KEY, 4, 0), EINVAL, "more semaphores than it has are refused");
	fails(semget(KEY, 3, IPC_CREAT | IPC_EXCL), EEXIST, "IPC_EXCL wants a new one");
	fails(semget(IPC_PRIVATE, 0, 0600), EINVAL, "a new array has at least one semaphore");
	fails(semget(IPC_PRIVATE, -1, 0600), EINVAL, "not a negative number");
	fails(semget(IPC_PRIVATE, 32001, 0600), EINVAL, "at most SEMMSL");
	eq(semctl(id, 0, IPC_RMID), 0, "IPC_RMID removes");
	fails(semctl(id, 0, IPC_RMID), EINVAL, "once");
	set = make(32000);
	ok(set_value(31999, 7) == 0 && value(31999) == 7, "SEMMSL semaphores work");
	drop(set);
}

static void test_values(void)
{
	unsigned short all[3] = {1, 2, 3};

	set = make(3);
	ok(value(0) == 0 && value(2) == 0, "semaphores begin as 0");
	eq(semctl(set, 0, GETPID), 0, "nobody has changed them");
	eq(set_value(1, 5), 0, "SETVAL");
	eq(value(1), 5, "GETVAL");
	eq(semctl(set, 1, GETPID), getpid(), "GETPID tells who did it");
	fails(set_value(3, 1), EINVAL, "there is no fourth");
	fails(set_value(-1, 1), EINVAL, "nor one below the first");
	fails(set_value(0, -1), ERANGE, "a value is not negative");
	fails(set_value(0, SEMVMX + 1), ERANGE, "and at most SEMVMX");
	eq(set_value(0, SEMVMX), 0, "which it may be");
	eq(semctl(set, 0, SETALL, (union semun){.array = all}), 0, "SETALL");
	all[0] = all[1] = all[2] = 99;
	eq(semctl(set, 0, GETALL, (union semun){.array = all}), 0, "GETALL");
	ok(all[0] == 1 && all[1] == 2 && all[2] == 3, "all of them");
	all[1] = 40000;
	all[0] = 9;
	fails(semctl(set, 0, SETALL, (union semun){.array = all}), ERANGE,
	      "SETALL with one value too large");
	eq(value(0), 1, "sets none");
	fails(syscall(SYS_semctl, set, 0, GETALL, T_KERNEL), EFAULT, "GETALL to a bad address");
	fails(syscall(SYS_semctl, set, 0, SETALL, T_KERNEL), EFAULT, "SETALL from one");
	fails(semctl(set, 0, 99), EINVAL, "there is no command 99");
	fails(semctl(-1, 0, GETVAL), EINVAL, "ids are not negative");
	drop(set);
	fails(value(0), EINVAL, "a removed array has no values");
}

static void test_stat(void)
{
	struct semid_ds ds = {0}, other = {0};
	struct seminfo info;
	time_t begin = time(NULL) - 1;
	int id = set = semget(KEY, 4, IPC_CREAT | 0640), index, i;

	eq(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}), 0, "IPC_STAT");
	ok(ds.sem_perm.__key == KEY && ds.sem_perm.mode == 0640 && ds.sem_nsems == 4,
	   "tells key, mode, size");
	ok(ds.sem_otime == 0 && ds.sem_ctime >= begin, "no operation yet, when it was made");
	op1(0, 1, 0);
	semctl(id, 0, IPC_STAT, (union semun){.buf = &ds});
	ok(ds.sem_otime >= begin, "and when the last operation was");
	ds.sem_perm.uid = 12;
	ds.sem_perm.gid = 34;
	ds.sem_perm.mode = 07777;
	eq(semctl(id, 0, IPC_SET, (union semun){.buf = &ds}), 0, "IPC_SET");
	semctl(id, 0, IPC_STAT, (union semun){.buf = &ds});
	ok(ds.sem_perm.uid == 12 && ds.sem_perm.gid == 34 && ds.sem_perm.mode == 0777,
	   "changes owner, group, nine bits");
	fails(syscall(SYS_semctl, id, 0, CMD_STAT, T_KERNEL), EFAULT, "IPC_STAT to a bad address");
	index = semctl(0, 0, SEM_INFO, (union semun){.info = &info});
	ok(index >= 0 && info.semusz >= 1 && info.semaem >= 4,
	   "SEM_INFO counts arrays and semaphores");
	eq(semctl(0, 0, IPC_INFO, (union semun){.info = &info}), index,
	   "IPC_INFO has the index too");
	ok(info.semmni == 32000 && info.semmsl == 32000 && info.semmns == 1024000000 &&
		   info.semopm == 500 && info.semvmx == SEMVMX && info.semaem == SEMVMX &&
		   info.semume == 500 && info.semusz == 20 && info.semmap == 1024000000 &&
		   info.semmnu == 1024000000,
	   "and the limits");
	for (i = 0; i <= index; i++)
		if (semctl(i, 0, SEM_STAT, (union semun){.buf = &other}) == id)
			break;
	ok(i <= index && other.sem_nsems == 4, "SEM_STAT finds it by index");
	eq(semctl(i, 0, SEM_STAT_ANY, (union semun){.buf = &other}), id, "so does SEM_STAT_ANY");
	drop(id);
}

static int as_nobody(void *arg)
{
	need(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	     setresuid(NOBODY, NOBODY, NOBODY) == 0);
	need(value(0) == 3);
	need(op1(1, 0, 0) == 0);
	need(op1(0, 1, 0) == -1 && errno == EACCES);
	need(set_value(0, 1) == -1 && errno == EACCES);
	need(set_value(99, 1) == -1 && errno == EINVAL);
	need(semctl(set, 0, IPC_RMID) == -1 && errno == EPERM);
	need(op1(99, 1, 0) == -1 && errno == EFBIG);
	return 0;
}

static int as_nobody_without(void *arg)
{
	struct semid_ds ds;

	need(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	     setresuid(NOBODY, NOBODY, NOBODY) == 0);
	need(value(0) == -1 && errno == EACCES);
	need(value(99) == -1 && errno == EACCES);
	need(op1(0, 0, IPC_NOWAIT) == -1 && errno == EACCES);
	need(semctl(set, 0, GETALL, (union semun){.array = NULL}) == -1 && errno == EACCES);
	need(semctl(set, 0, IPC_STAT, (union semun){.buf = &ds}) == -1 && errno == EACCES);
	return 0;
}

static void test_permissions(void)
{
	set = semget(IPC_PRIVATE, 2, 0604);
	set_value(0, 3);
	passes(as_nobody, "who may read may look and wait for 0, not change");
	drop(set);
	set = semget(IPC_PRIVATE, 2, 0600);
	passes(as_nobody_without, "who may not read may nothing");
	drop(set);
}

/* -- semop --------------------------------------------------------------------------------- */

static void test_ops(void)
{
	struct sembuf many[501], bad = {0, 1, 0};
	struct timespec none = {0, 0}, little = {0, 20000000}, wrong = {0, 1000000000};

	set = make(3);
	memset(many, 0, sizeof(many));
	fails(semop(set, &bad, 0), EINVAL, "no operation is too few");
	fails(semop(set, many, 501), E2BIG, "501 are too many");
	eq(semop(set, many, 500), 0, "500 are not");
	fails(semop(-1, &bad, 1), EINVAL, "ids are not negative");
	fails(op1(3, 1, 0), EFBIG, "there is no fourth semaphore");
	fails(syscall(SYS_ipc, CALL_SEMOP, set, 1, 0, T_KERNEL, 0), EFAULT, "a bad address");
	eq(op1(0, 2, 0), 0, "raise");
	eq(op1(0, -1, 0), 0, "lower");
	eq(value(0), 1, "both happened");
	fails(op1(0, -2, IPC_NOWAIT), EAGAIN, "IPC_NOWAIT does not wait to lower");
	fails(op1(0, 0, IPC_NOWAIT), EAGAIN, "nor for 0");
	eq(op1(1, 0, 0), 0, "what is 0 need not be waited for");
	fails(op1(0, SEMVMX, 0), ERANGE, "a value stays below SEMVMX");
	fails(op2(1, 5, 0, 0, -2, IPC_NOWAIT), EAGAIN, "if one operation cannot be done");
	eq(value(1), 0, "none is");
	fails(op2(0, -1, 0, 0, -1, IPC_NOWAIT), EAGAIN, "operations add up");
	eq(op2(0, 1, 0, 0, -2, IPC_NOWAIT), 0, "in their order");
	eq(op2(0, 0, 0, 0, 1, 0), 0, "wait for 0, then take: a lock");
	fails(op2(0, 0, IPC_NOWAIT, 0, 1, 0), EAGAIN, "that only one has");
	set_value(0, 0);
	fails(semtimedop(set, &(struct sembuf){0, -1, 0}, 1, &none), EAGAIN, "no time, no wait");
	fails(semtimedop(set, &(struct sembuf){0, -1, 0}, 1, &little), EAGAIN,
	      "a time that passes");
	fails(semtimedop(set, &(struct sembuf){0, -1, 0}, 1, &wrong), EINVAL, "a bad time");
	eq(waiters(0), 0, "nobody is left waiting");
	eq(semtimedop(set, &(struct sembuf){0, 1, 0}, 1, &none), 0, "what need not wait does not");
	drop(set);
}

static void on_alarm(int sig)
{
}

static int interrupted(void *arg)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &act, NULL);
	return !(op1(0, -1, 0) == -1 && errno == EINTR);
}

static void test_waiting(void)
{
	pid_t a, b;

	set = make(3);
	a = start((struct job){1, {{0, -2, 0}}});
	ok(t_until(waiters(0) == 1), "who wants more than there is waits, and GETNCNT counts");
	op1(0, 1, 0);
	ok(still_there(a), "half of it is not enough");
	op1(0, 1, 0);
	ok(done(a), "all of it wakes");
	ok(value(0) == 0 && waiters(0) == 0, "and is taken");
	eq(semctl(set, 0, GETPID), a, "by the waiter: GETPID");

	set_value(1, 2);
	a = start((struct job){1, {{1, 0, 0}}});
	b = start((struct job){1, {{1, 0, 0}}});
	ok(t_until(zero_waiters(1) == 2), "GETZCNT counts who waits for 0");
	op1(1, -1, 0);
	ok(still_there(a) && still_there(b), "1 is not 0");
	op1(1, -1, 0);
	ok(done(a) && done(b), "0 wakes all of them");

	a = start((struct job){1, {{0, -1, 0}}});
	t_until(waiters(0) == 1);
	set_value(0, 1);
	ok(done(a), "SETVAL wakes");
	a = start((struct job){1, {{2, -1, 0}}});
	t_until(waiters(2) == 1);
	semctl(set, 0, SETALL, (union semun){.array = (unsigned short[]){0, 0, 1}});
	ok(done(a), "SETALL wakes");

	a = t_spawn(interrupted, NULL);
	t_until(waiters(0) == 1);
	kill(a, SIGUSR1);
	ok(done(a), "a signal is EINTR, SA_RESTART or not");
	eq(waiters(0), 0, "and the wait is over");
	a = start((struct job){1, {{0, -1, 0}}});
	t_until(waiters(0) == 1);
	kill(a, SIGKILL);
	t_wait(a);
	eq(waiters(0), 0, "who is killed waits no longer");

	a = start((struct job){1, {{0, -1, 0}}, EIDRM});
	b = start((struct job){2, {{1, -1, 0}, {2, -1, 0}}, EIDRM});
	ok(t_until(waiters(0) == 1 && waiters(1) == 1), "two wait");
	drop(set);
	ok(done(a) && done(b), "removal wakes all, with EIDRM");
}

static void test_several(void)
{
	pid_t a, b, c;

	set = make(3);
	a = start((struct job){2, {{0, -1, 0}, {1, -1, 0}}});
	ok(t_until(waiters(0) == 1), "of several operations the first that must wait counts");
	eq(waiters(1), 0, "the others do not");
	op1(0, 1, 0);
	ok(t_until(waiters(1) == 1) && waiters(0) == 0, "then the next");
	ok(value(0) == 1, "nothing is taken meanwhile");
	b = start((struct job){1, {{0, -1, 0}}});
	ok(done(b), "another may take what is there");
	eq(value(0), 0, "and did");
	op1(1, 1, 0);
	ok(still_there(a), "so both must be there at once");
	op1(0, 1, 0);
	ok(done(a), "to go on");
	ok(value(0) == 0 && value(1) == 0, "and then both are taken");

	a = start((struct job){1, {{0, -1, 0}}});
	t_until(waiters(0) == 1);
	b = start((struct job){2, {{0, -1, 0}, {1, 1, 0}}});
	t_until(waiters(0) == 2);
	c = start((struct job){1, {{0, -1, 0}}});
	ok(t_until(waiters(0) == 3), "three wait for one semaphore");
	op1(0, 1, 0);
	ok(done(a), "the first comes first");
	ok(still_there(b) && still_there(c), "alone");
	op1(0, 1, 0);
	ok(done(b) && value(1) == 1, "the second, which has two operations");
	ok(still_there(c), "not the third");
	op1(0, 1, 0);
	ok(done(c), "then the third");

	set_value(1, 0);
	a = start((struct job){1, {{0, -1, 0}}});
	t_until(waiters(0) == 1);
	b = start((struct job){2, {{1, -1, 0}, {0, 1, 0}}});
	t_until(waiters(1) == 1);
	op1(1, 1, 0);
	ok(done(b) && done(a), "what a waiter raises when it goes on wakes one that came before");

	a = start((struct job){1, {{0, -5, 0}}});
	t_until(waiters(0) == 1);
	b = start((struct job){1, {{0, -1, 0}}});
	t_until(waiters(0) == 2);
	op1(0, 1, 0);
	ok(done(b) && still_there(a), "who wants much does not hold up who wants little");
	op1(0, 5, 0);
	ok(done(a), "and gets it in the end");

	set_value(0, 1);
	set_value(1, 1);
	a = start((struct job){2, {{0, 0, 0}, {1, 0, 0}}});
	ok(t_until(zero_waiters(0) == 1), "two zeros may be waited for at once");
	op1(0, -1, 0);
	ok(t_until(zero_waiters(1) == 1) && still_there(a), "one is not enough");
	op1(1, -1, 0);
	ok(done(a), "both are");

	a = start((struct job){2, {{0, -1, 0}, {1, -1, IPC_NOWAIT}}, EAGAIN});
	t_until(waiters(0) == 1);
	op1(0, 1, 0);
	ok(done(a), "IPC_NOWAIT of a later operation ends the wait when it comes to it");
	eq(value(0), 1, "and nothing is taken");
	drop(set);
}

/* -- SEM_UNDO ------------------------------------------------------------------------------ */

static int take_and_exit(void *arg)
{
	need(op1(0, -1, SEM_UNDO) == 0);
	need(op1(1, 3, SEM_UNDO) == 0);
	need(op1(1, -1, 0) == 0);
	return 0;
}

static int take_and_die(void *arg)
{
	op1(0, -1, SEM_UNDO);
	return kill(getpid(), SIGKILL);
}

static int fork_and_exit(void *arg)
{
	need(op1(0, -1, SEM_UNDO) == 0);
	need(t_child(do_job, &(struct job){1, {{1, 0, 0}}}) == 0);
	need(value(0) == 0);
	return 0;
}

static int exec_true(void *arg)
{
	char text[20];

	snprintf(text, sizeof(text), "%d", set);
	need(op1(0, -1, SEM_UNDO) == 0);
	execl("/proc/self/exe", "sem_sysv", text, (char *)NULL);
	return 99;
}

static void *take_one(void *arg)
{
	op1(0, -1, SEM_UNDO);
	return NULL;
}

static int thread_takes(void *arg)
{
	pthread_t t;

	need(pthread_create(&t, NULL, take_one, NULL) == 0 && pthread_join(t, NULL) == 0);
	need(value(0) == 0);
	return 0;
}

static int shares(void *arg)
{
	return op1(0, -1, SEM_UNDO);
}

static int clone_shares(void *arg)
{
	static char stack[65536];
	int pid = clone(shares, stack + sizeof(stack), CLONE_SYSVSEM | SIGCHLD, NULL);

	need(pid > 0 && t_wait(pid) == 0);
	need(value(0) == 0);
	return 0;
}

static int range(void *arg)
{
	need(op1(1, 20000, SEM_UNDO) == 0);
	need(op1(1, -20000, 0) == 0);
	need(op1(1, 20000, SEM_UNDO) == -1 && errno == ERANGE);
	need(value(1) == 0);
	return 0;
}

static int reset_inside(void *arg)
{
	need(op1(0, -1, SEM_UNDO) == 0);
	need(set_value(0, 7) == 0);
	return 0;
}

static int unshares(void *arg)
{
	need(op1(0, -1, SEM_UNDO) == 0);
	need(unshare(CLONE_SYSVSEM) == 0);
	need(value(0) == 1);
	return 0;
}

static int take_removed(void *arg)
{
	need(op1(0, -1, SEM_UNDO) == 0);
	drop(set);
	return 0;
}

static void test_undo(void)
{
	pid_t a, b;

	set = make(2);
	set_value(0, 1);
	exits(take_and_exit, NULL, 0, "a process takes with SEM_UNDO");
	ok(value(0) == 1, "its end gives back");
	eq(value(1), 0, "and takes back what it gave, as far as it is there");
	dies(take_and_die, NULL, SIGKILL, "another is killed");
	eq(value(0), 1, "its end as well");
	exits(fork_and_exit, NULL, 0, "a child inherits no adjustments");
	eq(value(0), 1, "only the parent's end gives back");
	exits(exec_true, NULL, 0, "exec keeps them");
	eq(value(0), 1, "until the end");
	exits(thread_takes, NULL, 0, "threads share them: the end of one gives nothing back");
	eq(value(0), 1, "the end of the last does");
	exits(clone_shares, NULL, 0, "so do processes made with CLONE_SYSVSEM");
	eq(value(0), 1, "the end of the last does");
	exits(unshares, NULL, 0, "unshare(CLONE_SYSVSEM) adjusts at once");
	exits(range, NULL, 0, "adjustments have a range, too");
	set_value(1, 0);
	exits(reset_inside, NULL, 0, "SETVAL");
	eq(value(0), 7, "leaves nothing to undo");
	set_value(0, 1);

	a = start((struct job){1, {{0, -1, SEM_UNDO}}});
	t_wait(a);
	b = start((struct job){1, {{0, -2, 0}}});
	t_until(waiters(0) == 1);
	a = start((struct job){1, {{0, 1, SEM_UNDO}}});
	t_wait(a);
	ok(done(b), "what an end undoes was there while it lasted");
	eq(value(0), 0, "and cannot be had twice");
	set_value(0, 1);
	set_value(1, 1);
	a = t_spawn(take_and_die, NULL);
	t_wait(a);
	b = start((struct job){1, {{0, -1, 0}}});
	ok(done(b), "who waits for what an end gives back gets it");
	set_value(0, 1);
	exits(take_removed, NULL, 0, "an array removed before the end is no trouble");
}

static int holder_ends(void *arg)
{
	need(op1(0, -1, SEM_UNDO) == 0);
	need(op1(1, 1, 0) == 0); /* tell */
	need(t_until(waiters(0) == 1));
	return 0;
}

static void test_undo_wakes(void)
{
	pid_t a, b;

	set = make(2);
	set_value(0, 1);
	a = t_spawn(holder_ends, NULL);
	op1(1, -1, 0);
	b = start((struct job){1, {{0, -1, 0}}});
	ok(done(a) && done(b), "the end of a holder wakes who waits");
	drop(set);
}

/* -- many at once -------------------------------------------------------------------------- */

#define ROUNDS 300
#define WORKERS 4

static int *shared_count;

static int lock_worker(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		need(op1(0, -1, i & 1 ? SEM_UNDO : 0) == 0);
		*shared_count += 1;
		if (i % 16 == 0)
			sched_yield();
		need(op1(0, 1, i & 1 ? SEM_UNDO : 0) == 0);
	}
	return 0;
}

/* Philosophers: each needs two neighbours at once. */
static int eat_worker(void *arg)
{
	int left = (int)(long)arg, right = (left + 1) % WORKERS;

	for (int i = 0; i < ROUNDS; i++) {
		need(op2(left, -1, 0, right, -1, 0) == 0);
		need(op2(left, 1, 0, right, 1, 0) == 0);
	}
	return 0;
}

static int ping_worker(void *arg)
{
	int own = (int)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		need(op1(own, -1, 0) == 0);
		need(op1(!own, 1, 0) == 0);
	}
	return 0;
}

static void all_done(int (*fn)(void *), int n, const char *what)
{
	pid_t pids[WORKERS];
	int good = 0, i;

	for (i = 0; i < n; i++)
		pids[i] = t_spawn(fn, (void *)(long)i);
	for (i = 0; i < n; i++)
		good += done(pids[i]);
	eq(good, n, "%s", what);
}

static int churn(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int id = semget(KEY, 2, IPC_CREAT | 0600);
		struct sembuf up = {0, 1, SEM_UNDO}, down = {0, -1, IPC_NOWAIT};

		need(id >= 0 || errno == ENOENT);
		if (semop(id, &up, 1) < 0)
			need(errno == EINVAL || errno == EIDRM);
		if (semop(id, &down, 1) < 0)
			need(errno == EINVAL || errno == EIDRM || errno == EAGAIN);
		if (i % 3 == 0)
			semctl(id, 0, IPC_RMID);
	}
	return 0;
}

static void test_races(void)
{
	shared_count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	set = make(WORKERS);
	set_value(0, 1);
	all_done(lock_worker, WORKERS, "a semaphore as a lock, on all CPUs");
	eq(*shared_count, WORKERS * ROUNDS, "keeps a count exact");
	eq(value(0), 1, "and is free in the end");
	semctl(set, 0, SETALL, (union semun){.array = (unsigned short[WORKERS]){1, 1, 1, 1}});
	all_done(eat_worker, WORKERS, "two at once, all round a table, without deadlock");
	semctl(set, 0, SETALL, (union semun){.array = (unsigned short[WORKERS]){1, 0, 0, 0}});
	all_done(ping_worker, 2, "to and fro");
	ok(value(0) == 1 && value(1) == 0, "and nothing is lost");
	drop(set);
	all_done(churn, WORKERS, "arrays removed under those who use them");
	drop(semget(KEY, 0, 0));
}

/* -- ipc(2), /proc ------------------------------------------------------------------------- */

static void test_ipc_call(void)
{
	struct semid64 ds64;
	struct old_semid old;
	int arg = 5, time32[2] = {0, 1000000};
	struct sembuf up = {1, 2, 0}, down = {1, -9, 0};

	set = (int)syscall(SYS_ipc, CALL_SEMGET, KEY, 2, IPC_CREAT | 0600, 0, 0);
	works(set, "ipc(SEMGET)");
	eq(syscall(SYS_ipc, CALL_SEMCTL, set, 1, SETVAL, &arg, 0), 0,
	   "ipc(SEMCTL) takes the argument through a pointer");
	eq(syscall(SYS_ipc, CALL_SEMOP, set, 1, 0, &up, 0), 0, "ipc(SEMOP)");
	eq(syscall(SYS_ipc, CALL_SEMCTL, set, 1, GETVAL, &arg, 0), 7, "both worked");
	fails(syscall(SYS_ipc, CALL_SEMCTL, set, 1, GETVAL, 0, 0), EINVAL,
	      "the pointer must be one");
	fails(syscall(SYS_ipc, CALL_SEMTIMEDOP, set, 1, 0, &down, time32), EAGAIN,
	      "ipc(SEMTIMEDOP) has a time of 32 bits");
	arg = (int)(long)&ds64;
	eq(syscall(SYS_ipc, CALL_SEMCTL, set, 0, CMD_STAT | CMD_64, &arg, 0), 0, "with IPC_64");
	ok(ds64.key == KEY && ds64.mode == 0600 && ds64.nsems == 2 && ds64.otime,
	   "the new structure");
	arg = (int)(long)&old;
	eq(syscall(SYS_ipc, CALL_SEMCTL, set, 0, CMD_STAT, &arg, 0), 0, "without");
	ok(old.key == KEY && old.mode == 0600 && old.nsems == 2 && old.otime == (int)ds64.otime,
	   "the old one");
	fails(syscall(SYS_semctl, set, 0, CMD_STAT | CMD_64, &ds64), EINVAL,
	      "the call of its own number has no IPC_64");
	eq(syscall(SYS_semctl, set, 0, CMD_STAT, &ds64), 0, "and the new structure");
	drop(set);
}

static void test_proc(void)
{
	static const char header[] = "       key      semid perms      nsems   uid   gid  cuid"
				     "  cgid      otime      ctime\n";
	static char text[65536];
	char want[200];
	struct semid_ds ds;
	int fd;

	set = semget(KEY, 3, IPC_CREAT | 0640);
	semctl(set, 0, IPC_STAT, (union semun){.buf = &ds});
	t_slurp("/proc/sysvipc/sem", text, sizeof(text));
	ok(strncmp(text, header, sizeof(header) - 1) == 0, "/proc/sysvipc/sem has its header");
	snprintf(want, sizeof(want), "%10d %10d  %4o %10u %5u %5u %5u %5u %10llu %10llu\n", KEY,
		 set, 0640, 3, 0, 0, 0, 0, 0ll, (long long)ds.sem_ctime);
	ok(strstr(text, want), "and a line for each");
	drop(set);
	t_slurp("/proc/sys/kernel/sem", text, sizeof(text));
	ok(strcmp(text, "32000\t1024000000\t500\t32000\n") == 0,
	   "/proc/sys/kernel/sem: the limits");
	fd = open("/proc/sys/kernel/sem", O_WRONLY);
	t_must(fd >= 0 && write(fd, "10 20 3 32000", 13) == 13);
	close(fd);
	fails(semget(IPC_PRIVATE, 11, 0600), EINVAL, "the first of each array");
	set = make(10);
	int other = make(10);
	fails(semget(IPC_PRIVATE, 1, 0600), ENOSPC, "the second of all together");
	fails(semop(set, (struct sembuf[4]){{0}}, 4), E2BIG, "the third of each call");
	fd = open("/proc/sys/kernel/sem", O_WRONLY);
	t_must(write(fd, "32000\t1024000000\t500\t1\n", 22) == 22);
	close(fd);
	fails(semget(IPC_PRIVATE, 1, 0600), ENOSPC, "the fourth is their number");
	fd = open("/proc/sys/kernel/sem", O_WRONLY);
	fails(write(fd, "1 1 1 40000", 11), ERANGE, "which has a limit, too");
	close(fd);
	fd = open("/proc/sys/kernel/sem", O_WRONLY);
	t_must(write(fd, "32000 1024000000 500 32000", 26) == 26);
	close(fd);
	drop(set);
	drop(other);
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		set = atoi(argv[1]);
		return value(0);
	}
	test_get();
	test_values();
	test_stat();
	test_permissions();
	test_ops();
	test_waiting();
	test_several();
	test_undo();
	test_undo_wakes();
	test_races();
	test_ipc_call();
	test_proc();
	return t_done();
}
