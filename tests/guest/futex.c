/*
 * futex - futex(2): wait, wake, requeue, bitset, timeouts, robust lists (set_robust_list(2)),
 * CLONE_CHILD_CLEARTID (clone(2)); over threads and over processes.
 */
#include "t.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>

static long futex(void *word, int op, int value, void *timeout, void *word2, int value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

#define MS(n) (&(struct { long sec, nsec; }){0, (n)*1000000L})

static int *word; /* in memory shared with children: word[0..1023] */

static void check_errors(void)
{
	fails(futex(word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN,
	      "WAIT with another value is EAGAIN");
	fails(futex(word, FUTEX_WAIT, 0, MS(5), NULL, 0), ETIMEDOUT, "WAIT times out: ETIMEDOUT");
	fails(futex((char *)word + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL,
	      "an unaligned word is EINVAL");
	fails(futex((char *)word + 2, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL, "also for WAKE");
	fails(futex((void *)T_KERNEL, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT,
	      "a kernel word is EFAULT");
	fails(futex((void *)T_KERNEL, FUTEX_WAKE, 0, NULL, NULL, 0), EFAULT, "also for WAKE");
	fails(futex(NULL, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT, "NULL is EFAULT");
	fails(futex(word, 99, 0, NULL, NULL, 0), ENOSYS, "an unknown operation is ENOSYS");
	fails(futex(word, FUTEX_WAIT, 0, &(struct { long a, b; }){0, 1000000000}, NULL, 0), EINVAL,
	      "a timeout of 10^9 ns is EINVAL");
	fails(futex(word, FUTEX_WAIT, 0, &(struct { long a, b; }){-1, 0}, NULL, 0), EINVAL,
	      "a negative timeout is EINVAL");
	fails(futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL, "a bitset of 0 is EINVAL");
	fails(futex(word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL, "also for WAKE_BITSET");
	fails(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)1, word + 1, 5), EAGAIN,
	      "CMP_REQUEUE with another value is EAGAIN");
	eq(futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), 0, "WAKE of nobody is 0");
}

/* Children that wait on word[0]; they exit with 0 when woken. */
static int waiter(void *bits)
{
	__atomic_add_fetch(&word[10], 1, __ATOMIC_SEQ_CST);
	if (bits)
		return futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL, (long)bits) != 0;
	return futex(word, FUTEX_WAIT, 0, NULL, NULL, 0) != 0;
}

static void start_waiters(pid_t *pids, int n, long bits)
{
	word[10] = 0;
	for (int i = 0; i < n; i++)
		pids[i] = t_spawn(waiter, (void *)bits);
	t_must(t_until(__atomic_load_n(&word[10], __ATOMIC_SEQ_CST) == n));
	for (int i = 0; i < n; i++) { /* until it sleeps: state S in /proc/PID/stat */
		char path[40], buf[256];

		snprintf(path, sizeof(path), "/proc/%d/stat", pids[i]);
		t_must(t_until(t_slurp(path, buf, sizeof(buf)) > 0 && strstr(buf, ") S ")));
	}
}

static int ended(const pid_t *pids, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		siginfo_t info = {.si_pid = 0};

		waitid(P_PID, pids[i], &info, WEXITED | WNOHANG | WNOWAIT);
		count += info.si_pid == pids[i];
	}
	return count;
}

static int reap(const pid_t *pids, int n)
{
	int good = 0;

	for (int i = 0; i < n; i++)
		good += t_wait(pids[i]) == 0;
	return good;
}

static void check_wake(void)
{
	pid_t pids[5];

	start_waiters(pids, 5, 0);
	eq(futex(word, FUTEX_WAKE, 2, NULL, NULL, 0), 2, "WAKE 2 of 5 wakes 2");
	ok(t_until(ended(pids, 5) == 2), "in other processes, over shared memory");
	usleep(20000);
	eq(ended(pids, 5), 2, "and the others sleep on");
	eq(futex(word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 5, NULL, NULL, 0), 0,
	   "a private WAKE does not find waiters on the shared word");
	eq(futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 3, "WAKE of all wakes 3");
	eq(reap(pids, 5), 5, "all waits return 0");
}

static void check_requeue(void)
{
	pid_t pids[4];

	start_waiters(pids, 4, 0);
	eq(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)2, word + 1, 0), 3,
	   "CMP_REQUEUE wakes 1 and moves 2: 3");
	ok(t_until(ended(pids, 4) == 1), "one ended");
	eq(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0), 1, "one is left on the first word");
	eq(futex(word + 1, FUTEX_WAKE, 9, NULL, NULL, 0), 2, "two are on the second");
	eq(reap(pids, 4), 4, "all waits return 0");
}

static void check_bitset(void)
{
	pid_t a[1], b[1];

	start_waiters(a, 1, 1);
	start_waiters(b, 1, 2);
	eq(futex(word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 4), 0,
	   "WAKE_BITSET of other bits wakes nobody");
	eq(futex(word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 2), 1, "of the same bit it wakes one");
	eq(reap(b, 1), 1, "the right one");
	eq(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0), 1, "WAKE wakes any");
	eq(reap(a, 1), 1, "the other one");
}

static void check_wake_op(void)
{
	pid_t pids[2];

	start_waiters(pids, 2, 0);
	word[1] = 5;
	/* word[1] = 7, and word[1]'s waiters wake when it was 6: it was not. */
	eq(futex(word, FUTEX_WAKE_OP, 1, (void *)1, word + 1,
		 FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 6)),
	   1, "WAKE_OP wakes the first word's waiter");
	eq(word[1], 7, "and stores in the second word");
	word[1] = 0;
	eq(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0), 1, "one is left");
	eq(reap(pids, 2), 2, "both return 0");
}

static void on_alarm(int sig)
{
}

static int interrupted(void *arg)
{
	struct sigaction act = {.sa_handler = on_alarm};

	sigaction(SIGUSR1, &act, NULL);
	__atomic_store_n(&word[10], 1, __ATOMIC_SEQ_CST);
	need(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && errno == EINTR);
	return 0;
}

static void check_signal(void)
{
	pid_t pid;

	word[10] = 0;
	pid = t_spawn(interrupted, NULL);
	t_until(__atomic_load_n(&word[10], __ATOMIC_SEQ_CST) == 1);
	usleep(20000);
	kill(pid, SIGUSR1);
	eq(t_wait(pid), 0, "a signal without SA_RESTART interrupts WAIT: EINTR");
}

static int private_waiter_word;

static void *private_waiter(void *arg)
{
	return (void *)futex(&private_waiter_word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void check_private(void)
{
	pthread_t thread;
	void *result;
	long woken;

	pthread_create(&thread, NULL, private_waiter, NULL);
	t_until((woken = futex(&private_waiter_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0)) != 0);
	eq(woken, 1, "a private WAKE finds a thread's private WAIT");
	pthread_join(thread, &result);
	eq((long)result, 0, "which returns 0");
}

/* A file mapped at two addresses is one futex. */
static int file_waiter(void *map)
{
	__atomic_store_n(&word[10], 1, __ATOMIC_SEQ_CST);
	return futex(map, FUTEX_WAIT, 0, NULL, NULL, 0) != 0;
}

static void check_file(void)
{
	int fd = t_file("word", NULL, 0), *a, *b;
	long woken;
	pid_t pid;

	t_must(ftruncate(fd, T_PAGE) == 0);
	a = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid = t_spawn(file_waiter, a);
	t_until((woken = futex(b, FUTEX_WAKE, 1, NULL, NULL, 0)) != 0);
	eq(woken, 1, "a word in a file is one futex at all its addresses");
	eq(t_wait(pid), 0, "the wait returns 0");
	close(fd);
}

/* -- what the kernel does when a thread ends ------------------------------------------------- */

static int robust_owner(void *arg)
{
	static struct robust_list_head head;
	struct robust_list *node = (struct robust_list *)&word[22];

	head.list.next = node;
	node->next = &head.list;
	head.futex_offset = (char *)&word[20] - (char *)node;
	word[20] = syscall(SYS_gettid);
	return syscall(SYS_set_robust_list, &head, sizeof(head)) != 0;
}

static int robust_waiter(void *arg)
{
	int owner = word[20];

	__atomic_store_n(&word[10], 1, __ATOMIC_SEQ_CST);
	while (!(__atomic_load_n(&word[20], __ATOMIC_SEQ_CST) & FUTEX_OWNER_DIED))
		futex(&word[20], FUTEX_WAIT, owner, MS(200), NULL, 0);
	return 0;
}

static int robust_cycle(void *arg)
{
	static struct robust_list_head head;
	struct robust_list *node = (struct robust_list *)&word[22];

	head.list.next = node;
	node->next = node; /* never comes back to the head */
	return syscall(SYS_set_robust_list, &head, sizeof(head)) != 0;
}

static int robust_wild(void *arg)
{
	static struct robust_list_head head;

	head.list.next = (struct robust_list *)T_KERNEL;
	return syscall(SYS_set_robust_list, &head, sizeof(head)) != 0;
}

static void check_robust(void)
{
	exits(robust_owner, NULL, 0, "a process ends as the owner of a robust futex");
	ok(word[20] & FUTEX_OWNER_DIED, "the kernel marks it FUTEX_OWNER_DIED");
	eq(word[20] & FUTEX_TID_MASK, 0, "without owner");
	word[20] = 1;
	pid_t pid = t_spawn(robust_waiter, NULL);
	t_until(__atomic_load_n(&word[10], __ATOMIC_SEQ_CST) == 1);
	word[20] = FUTEX_OWNER_DIED;
	eq(t_wait(pid), 0, "a waiter sees it");
	exits(robust_cycle, NULL, 0, "a robust list without end does not hang the kernel");
	exits(robust_wild, NULL, 0, "a robust list in the kernel is left alone");
}

static char stack[65536] __attribute__((aligned(16)));
static int tid_word;

static int clear_tid_thread(void *arg)
{
	usleep(10000);
	syscall(SYS_exit, 0);
	return 0;
}

static int clear_tid(void *arg)
{
	int tid;

	tid_word = 1;
	tid = clone(clear_tid_thread, stack + sizeof(stack),
		    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_SETTID |
			    CLONE_CHILD_CLEARTID,
		    NULL, NULL, NULL, &tid_word);
	need(tid > 0);
	while ((tid = __atomic_load_n(&tid_word, __ATOMIC_SEQ_CST)) != 0)
		need(futex(&tid_word, FUTEX_WAIT, tid, NULL, NULL, 0) == 0 || errno == EAGAIN);
	return 0;
}

int main(void)
{
	word = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t_must(word != MAP_FAILED);
	t_tmpdir();
	check_errors();
	check_wake();
	check_requeue();
	check_bitset();
	check_wake_op();
	check_signal();
	check_private();
	check_file();
	check_robust();
	passes(clear_tid, "CLONE_CHILD_CLEARTID clears the word and wakes its waiter");
	return t_done();
}
