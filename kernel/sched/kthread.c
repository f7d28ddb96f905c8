/* Kernel threads: a task without user memory that runs one function. */
#include "arch/log.h"
#include "lib/printf.h"
#include "sched.h"

struct task *(*task_alloc_kernel)(const char *name);
void (*task_exit_kernel)(int code);

/* What to run is kept where system calls keep theirs: a kernel thread makes none. */
static void kthread_main(void *unused)
{
	int (*fn)(void *) = (int (*)(void *))current->restart.args[0];
	int code = fn((void *)current->restart.args[1]);

	(void)unused;
	if (task_exit_kernel)
		task_exit_kernel(code);
	sched_exit();
}

struct task *kthread_create(int (*fn)(void *), void *arg, const char *name, ...)
{
	char comm[sizeof(current->comm)];
	struct task *t;
	va_list args;

	va_start(args, name);
	vscnprintf(comm, sizeof(comm), name, args);
	va_end(args);
	t = task_alloc_kernel ? task_alloc_kernel(comm) : NULL;
	if (!t)
		return NULL;
	t->flags |= PF_KTHREAD;
	sched_fork(t, &idle_tasks_boot);
	t->restart.args[0] = (unsigned long)fn;
	t->restart.args[1] = (unsigned long)arg;
	if (arch_thread_kernel(&t->thread, t->stack, kthread_main, NULL)) {
		task_put(t);
		return NULL;
	}
	wake_up_new_task(t);
	return t;
}

void sched_start(void)
{
	rcu_start();
}
