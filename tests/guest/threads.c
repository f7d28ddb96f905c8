/*
 * threads - POSIX threads on clone(2), futex(2), set_thread_area(2): creation, joining, locks,
 * thread-local storage, cancellation, signals to threads, and the end of the whole group
 * (exit_group(2), execve(2)).
 */
#include "t.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

/* -- create and join ------------------------------------------------------------------------- */

static void *identity(void *arg)
{
	return arg;
}

static void *tid_of(void *arg)
{
	*(long *)arg = syscall(SYS_gettid);
	return (void *)(long)getpid();
}

static void check_create(void)
{
	pthread_t threads[50], one;
	int wrong = 0;
	void *result;
	long tid = 0;

	for (int round = 0; round < 4; round++) {
		for (long i = 0; i < 50; i++)
			wrong += pthread_create(&threads[i], NULL, identity, (void *)i) != 0;
		for (long i = 0; i < 50; i++)
			wrong += pthread_join(threads[i], &result) != 0 || result != (void *)i;
	}
	eq(wrong, 0, "200 threads start and give back their value");
	pthread_create(&one, NULL, tid_of, &tid);
	pthread_join(one, &result);
	eq((long)result, getpid(), "a thread has the process's pid");
	ok(tid != getpid() && tid > 0, "and a tid of its own");
	ok(t_until(t_field("/proc/self/status", "Threads") == 1), "Threads falls back to 1");
}

/* -- locks ----------------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static long counter;
static __thread long tls_zero, tls_value = 42;

static void *count(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *use_tls(void *arg)
{
	long wrong = tls_zero != 0 || tls_value != 42;

	tls_value = (long)arg;
	tls_zero = -(long)arg;
	for (int i = 0; i < 50; i++) {
		sched_yield();
		wrong += tls_value != (long)arg || tls_zero != -(long)arg;
	}
	return (void *)wrong;
}

static int passed;

static void *meet(void *arg)
{
	int last = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;

	__atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
	return (void *)(long)last;
}

static void *reader(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	long seen = counter;
	pthread_rwlock_unlock(&rwlock);
	return (void *)seen;
}

static void *post(void *arg)
{
	for (int i = 0; i < 100; i++)
		sem_post(&semaphore);
	return NULL;
}

/* Runs fn in n threads with arguments 1..n; the sum of what they return. */
static long run(int n, void *(*fn)(void *))
{
	pthread_t threads[16];
	long sum = 0;
	void *result;

	for (long i = 0; i < n; i++)
		t_must(pthread_create(&threads[i], NULL, fn, (void *)(i + 1)) == 0);
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], &result);
		sum += (long)result;
	}
	return sum;
}

static void check_locks(void)
{
	struct timespec past = {1, 0};

	run(8, count);
	eq(counter, 40000, "a mutex counts 8 times 5000 right");
	eq(run(8, use_tls), 0, "thread-local storage is each thread's own");
	ok(tls_value == 42 && tls_zero == 0, "and the main thread's is untouched");
	pthread_barrier_init(&barrier, NULL, 8);
	eq(run(8, meet), 1, "a barrier lets 8 pass, one of them as the serial one");
	eq(passed, 8, "all passed");
	eq(run(4, reader), 160000, "a read lock lets readers in");
	sem_init(&semaphore, 0, 0);
	run(3, post);
	int value;
	sem_getvalue(&semaphore, &value);
	eq(value, 300, "a semaphore counts");
	pthread_mutex_lock(&mutex);
	eq(pthread_cond_timedwait(&cond, &mutex, &past), ETIMEDOUT,
	   "a timed wait in the past is ETIMEDOUT");
	eq(pthread_mutex_trylock(&mutex), EBUSY, "and holds the mutex again");
	pthread_mutex_unlock(&mutex);
}

/* A ring of condition variables: 3 threads pass a token 300 times. */
static int token;

static void *pass(void *arg)
{
	int me = (long)arg - 1;

	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&mutex);
		while (token % 3 != me)
			pthread_cond_wait(&cond, &mutex);
		token++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void check_condition(void)
{
	run(3, pass);
	eq(token, 300, "condition variables pass a token round 300 times");
}

/* -- robust and process-shared mutexes ------------------------------------------------------- */

struct shared {
	pthread_mutex_t mutex;
	long value;
};

static int lock_and_die(void *arg)
{
	struct shared *s = arg;

	pthread_mutex_lock(&s->mutex);
	s->value = 1;
	return 0;
}

static int lock_and_count(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&s->mutex);
		s->value++;
		pthread_mutex_unlock(&s->mutex);
	}
	return 0;
}

static void check_robust(void)
{
	struct shared *s =
		mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pid_t pids[3];

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	eq(pthread_mutex_init(&s->mutex, &attr), 0, "a robust process-shared mutex");
	for (int i = 0; i < 3; i++)
		pids[i] = t_spawn(lock_and_count, s);
	for (int i = 0; i < 3; i++)
		t_wait(pids[i]);
	eq(s->value, 6000, "three processes count under it");
	exits(lock_and_die, s, 0, "a process dies holding it");
	eq(pthread_mutex_lock(&s->mutex), EOWNERDEAD, "the next owner is told EOWNERDEAD");
	eq(pthread_mutex_consistent(&s->mutex), 0, "and makes it consistent");
	eq(pthread_mutex_unlock(&s->mutex), 0, "and unlocks it");
	eq(pthread_mutex_lock(&s->mutex), 0, "after which it is as before");
}

/* -- cancellation ---------------------------------------------------------------------------- */

static int cleaned;

static void cleanup(void *arg)
{
	cleaned++;
}

static void *sleep_long(void *arg)
{
	pthread_cleanup_push(cleanup, NULL);
	for (;;)
		sleep(100);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *read_long(void *fd)
{
	char c;

	pthread_cleanup_push(cleanup, NULL);
	for (;;)
		if (read((long)fd, &c, 1) < 0)
			break;
	pthread_cleanup_pop(0);
	return NULL;
}

static void check_cancel(void)
{
	pthread_t thread;
	void *result;
	int p[2];

	t_must(pipe(p) == 0);
	pthread_create(&thread, NULL, sleep_long, NULL);
	usleep(5000);
	eq(pthread_cancel(thread), 0, "a sleeping thread is cancelled");
	pthread_join(thread, &result);
	ok(result == PTHREAD_CANCELED, "and says so");
	pthread_create(&thread, NULL, read_long, (void *)(long)p[0]);
	usleep(5000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	ok(result == PTHREAD_CANCELED, "a thread in read(2) is cancelled");
	eq(cleaned, 2, "both ran their cleanup handlers");
}

/* -- signals --------------------------------------------------------------------------------- */

static long handler_tid;
static pthread_barrier_t ready;

static void on_signal(int sig)
{
	handler_tid = syscall(SYS_gettid);
}

static void *wait_signal(void *tid)
{
	*(long *)tid = syscall(SYS_gettid);
	pthread_barrier_wait(&ready);
	while (!__atomic_load_n(&handler_tid, __ATOMIC_SEQ_CST))
		usleep(1000);
	return NULL;
}

static void check_signals(void)
{
	pthread_t thread;
	sigset_t set;
	long tid = 0;

	signal(SIGUSR1, on_signal);
	pthread_barrier_init(&ready, NULL, 2);
	pthread_create(&thread, NULL, wait_signal, &tid);
	pthread_barrier_wait(&ready);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	eq(handler_tid, tid, "pthread_kill runs the handler in that thread");
	handler_tid = 0;
	pthread_create(&thread, NULL, wait_signal, &tid);
	pthread_barrier_wait(&ready);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	pthread_join(thread, NULL);
	eq(handler_tid, tid, "kill goes to a thread that does not block the signal");
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	t_until(syscall(SYS_tgkill, getpid(), tid, 0) == -1);
	fails(syscall(SYS_tgkill, getpid(), tid, 0), ESRCH,
	      "tgkill of a thread that ended is ESRCH");
	fails(syscall(SYS_tgkill, 1, syscall(SYS_gettid), 0), ESRCH,
	      "tgkill with another's group is ESRCH");
	fails(syscall(SYS_tgkill, -1, 1, 0), EINVAL, "tgkill of group -1 is EINVAL");
}

/* -- the end of the group -------------------------------------------------------------------- */

static void *spin(void *arg)
{
	while (usleep(1000) == 0)
		;
	return NULL;
}

static void *exit_from_thread(void *arg)
{
	exit(33);
}

static void *crash(void *arg)
{
	*(volatile int *)16 = 1;
	return NULL;
}

static void *exec_from_thread(void *arg)
{
	char *argv[] = {"threads", "child", NULL};

	execv("/proc/self/exe", argv);
	_exit(98);
}

static void *thread_exit(void *arg)
{
	usleep(20000);
	_exit(44);
}

static int group(void *last)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		need(pthread_create(&thread, NULL, spin, NULL) == 0);
	if (!last)
		return 31;
	need(pthread_create(&thread, NULL, last, NULL) == 0);
	for (;;)
		pause();
}

static int leader_leaves(void *arg)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, thread_exit, NULL) == 0);
	syscall(SYS_exit, 1); /* only this thread */
	return 1;
}

static int fork_from_thread_child;

static void *fork_in_thread(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(t_field("/proc/self/status", "Threads") == 1 &&
				      syscall(SYS_gettid) == getpid()
			      ? 5
			      : 6);
	fork_from_thread_child = t_wait(pid);
	return NULL;
}

static void check_end(void)
{
	pthread_t thread;

	exits(group, NULL, 31, "the main thread's exit ends the others");
	exits(group, exit_from_thread, 33, "exit in a thread ends the process");
	dies(group, crash, SIGSEGV, "a crash in a thread kills the process");
	exits(group, exec_from_thread, 77,
	      "exec in a thread: the new program has the pid, the others are gone");
	exits(leader_leaves, NULL, 44, "when the leader leaves alone the process lives on");
	pthread_create(&thread, NULL, fork_in_thread, NULL);
	pthread_join(thread, NULL);
	eq(fork_from_thread_child, 5 << 8, "fork in a thread copies that thread alone");
}

static void check_proc(void)
{
	pthread_t thread;
	char path[64];
	long tid = 0;

	handler_tid = 0;
	pthread_create(&thread, NULL, wait_signal, &tid);
	pthread_barrier_wait(&ready);
	eq(t_field("/proc/self/status", "Threads"), 2, "Threads counts two");
	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", tid);
	eq(access(path, F_OK), 0, "/proc/self/task has the second thread");
	handler_tid = 1;
	pthread_join(thread, NULL);
	ok(t_until(access(path, F_OK) == -1), "and forgets it when it ends");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return t_field("/proc/self/status", "Threads") == 1 &&
				       syscall(SYS_gettid) == getpid()
			       ? 77
			       : 78;
	check_create();
	check_locks();
	check_condition();
	check_robust();
	check_cancel();
	check_signals();
	check_end();
	check_proc();
	return t_done();
}
