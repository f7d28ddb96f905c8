/*
 * Tasks and processes as objects: allocation, reference counts, freeing, membership.
 *
 * A task has two references when it is made: the scheduler's, which goes after its last switch, and
 * proc's, which goes when it is reaped (exit.c). A process has one from each task. Both structures
 * are freed a grace period after their last reference, so that lookups by number need no lock.
 */
#include "proc/internal.h"
#include "fs/poll.h"
#include "mm/shrinker.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"
#include <linux/capability.h>

static struct kmem_cache *task_cache, *process_cache, *sighand_cache;

DEFINE_SPINLOCK(tasklist_lock, RANK_TASKLIST);
unsigned nr_tasks_total = 1; /* the idle task is a process too */
unsigned long total_forks;

/* ---- tasks ---- */

#define FPU_START offsetof(struct task, thread.fpu)
#define FPU_END (FPU_START + sizeof(((struct task *)0)->thread.fpu))

/*
 * A structure is freed a grace period after its task, a stack nobody reads after the last switch:
 * the next fork has it, wherever it runs, with its mapping and warm in the cache.
 */
#define STACKS_KEPT 64

static DEFINE_SPINLOCK(stacks_lock, RANK_LEAF);
static void *kept_stacks; /* linked through their lowest words */
static unsigned kept_count;

static void keep_stack(struct task *t)
{
	irqflags_t irq = spin_lock_irqsave(&stacks_lock);

	if (kept_count < STACKS_KEPT) {
		*(void **)t->stack = kept_stacks;
		kept_stacks = t->stack;
		kept_count++;
		t->stack = NULL;
	}
	spin_unlock_irqrestore(&stacks_lock, irq);
}

static void *take_kept_stack(void)
{
	irqflags_t irq = spin_lock_irqsave(&stacks_lock);
	void *stack = kept_stacks;

	if (stack) {
		kept_stacks = *(void **)stack;
		kept_count--;
	}
	spin_unlock_irqrestore(&stacks_lock, irq);
	return stack;
}

static unsigned long count_stacks(void)
{
	return READ_ONCE(kept_count);
}

static unsigned long free_stacks(unsigned long n)
{
	unsigned long freed = 0;
	void *stack;

	for (; freed < n && (stack = take_kept_stack()); freed++)
		stack_free(stack);
	return freed;
}

static struct shrinker stack_shrinker = {
	.name = "stacks", .count = count_stacks, .scan = free_stacks};

struct task *task_alloc(void)
{
	struct task *t = kmem_cache_alloc(task_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	/* all but the FPU's state, which is either copied or never looked at */
	memset(t, 0, FPU_START);
	memset((char *)t + FPU_END, 0, sizeof(*t) - FPU_END);
	t->stack = take_kept_stack() ?: stack_alloc();
	if (!t->stack) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->refs = 2;
	spin_lock_init(&t->alloc_lock, RANK_FILES);
	list_init(&t->thread_node);
	list_init(&t->notify);
	atomic_inc(&nr_tasks_total);
	return t;
}

/* Give back a task that never ran. */
void task_discard(struct task *t)
{
	arch_thread_free(&t->thread);
	atomic_dec(&nr_tasks_total);
	stack_free(t->stack);
	kmem_cache_free(task_cache, t);
}

/* The scheduler calls this a grace period after the last reference, from a thread of its own. */
static void free_task(struct task *t)
{
	arch_thread_free(&t->thread);
	cred_put(t->cred);
	process_put(t->process);
	kfree(t->ext);
	stack_free(t->stack);
	atomic_dec(&nr_tasks_total);
	kmem_cache_free(task_cache, t);
}

void task_set_comm(struct task *t, const char *name)
{
	spin_lock(&t->alloc_lock);
	memset(t->comm, 0, sizeof(t->comm));
	strscpy(t->comm, name, sizeof(t->comm));
	spin_unlock(&t->alloc_lock);
}

void task_get_comm(struct task *t, char comm[16])
{
	spin_lock(&t->alloc_lock);
	memcpy(comm, t->comm, sizeof(t->comm));
	spin_unlock(&t->alloc_lock);
}

void task_work_add(struct task_work *work)
{
	list_add_tail(&work->node, &current->notify);
	atomic_or(&current->thread.work, WORK_NOTIFY);
}

/* ---- processes ---- */

struct sighand *sighand_alloc(void)
{
	struct sighand *s = kmem_cache_alloc(sighand_cache, GFP_KERNEL);

	if (!s)
		return NULL;
	s->refs = 1;
	s->used[0] = s->used[1] = 0;
	spin_lock_init(&s->lock, RANK_SIGNAL);
	return s;
}

void sighand_put(struct sighand *s)
{
	if (atomic_dec_and_test(&s->refs))
		kmem_cache_free(sighand_cache, s);
}

void sighand_copy(struct sighand *to, struct sighand *from)
{
	irqflags_t irq = spin_lock_irqsave(&from->lock);

	for (int word = 0; word < 2; word++) {
		to->used[word] = from->used[word];
		for (u32 left = from->used[word]; left; left &= left - 1) {
			int i = 32 * word + __builtin_ctz(left);

			to->action[i] = from->action[i];
		}
	}
	spin_unlock_irqrestore(&from->lock, irq);
}

/* One reference, the first task's; no handlers and no limits yet. */
struct process *process_alloc(void)
{
	struct process *p = kmem_cache_alloc(process_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, offsetof(struct process, rlim));
	p->refs = 1;
	list_init(&p->threads);
	list_init(&p->children);
	list_init(&p->tracees);
	list_init(&p->sibling);
	for (int type = 0; type < PIDTYPE_MAX; type++)
		list_init(&p->pid_links[type]);
	wait_queue_init(&p->wait_child);
	wait_queue_init(&p->wait_signal);
	spin_lock_init(&p->siglock, RANK_SIGNAL);
	mutex_init(&p->exec_lock, RANK_PROC_EXEC);
	return p;
}

void process_get(struct process *p)
{
	atomic_inc(&p->refs);
}

static void process_free(struct rcu_head *head)
{
	kmem_cache_free(process_cache, container_of(head, struct process, rcu));
}

void process_put(struct process *p)
{
	if (!atomic_dec_and_test(&p->refs))
		return;
	if (p->sighand)
		sighand_put(p->sighand);
	kfree(p->itimers); /* of a child that never ran */
	/* A signalfd that it shared may still be watched, through this process's queue. */
	if (wait_queue_active(&p->wait_signal))
		wake_up_poll(&p->wait_signal, POLLFREE);
	call_rcu(&p->rcu, process_free);
}

/* => tasklist_lock and p->siglock held */
void process_add_task(struct process *p, struct task *t)
{
	list_add_tail_rcu(&t->thread_node, &p->threads);
	p->nr_threads++;
	p->nr_tasks++;
	if (!p->leader)
		p->leader = t;
}

/* => tasklist_lock held, or nobody sees @p yet */
void process_join_group(struct process *p, enum pid_type type, struct pid *pid)
{
	pid_get(pid);
	p->pids[type] = pid;
	if (type == PIDTYPE_PGID || type == PIDTYPE_SID)
		list_add_tail(&p->pid_links[type], &pid->users[type]);
}

static void leave_group(struct process *p, enum pid_type type)
{
	struct pid *pid = p->pids[type];

	list_del_init(&p->pid_links[type]);
	p->pids[type] = NULL;
	if (pid)
		pid_put(pid);
}

/* => tasklist_lock held */
void process_leave_groups(struct process *p)
{
	leave_group(p, PIDTYPE_PGID);
	leave_group(p, PIDTYPE_SID);
}

/* ---- boot ---- */

static struct process idle_process = {
	.refs = 2,
	.threads = LIST_HEAD_INIT(idle_process.threads),
	.children = LIST_HEAD_INIT(idle_process.children),
	.sibling = LIST_HEAD_INIT(idle_process.sibling),
	.wait_child = WAIT_QUEUE_INIT(idle_process.wait_child),
	.wait_signal = WAIT_QUEUE_INIT(idle_process.wait_signal),
	.siglock = SPINLOCK_INIT(RANK_SIGNAL),
	.flags = SIGNAL_UNKILLABLE,
};

static struct pid idle_pid = {.refs = 2};

static void default_rlimits(struct process *p)
{
	/* soft and hard; 0: unlimited, and those that are really 0 come after */
	static const u32 limits[RLIM_NLIMITS][2] = {
		[RLIMIT_STACK] = {8 << 20, 0},
		[RLIMIT_NOFILE] = {1024, 4096},
		[RLIMIT_MEMLOCK] = {8 << 20, 8 << 20},
		[RLIMIT_MSGQUEUE] = {819200, 819200},
	};
	/* as Linux: half of the tasks whose stacks would fill an eighth of low memory */
	u32 tasks = (u32)MIN(max_low_pfn / (8 * THREAD_STACK_SIZE / PAGE_SIZE), 0x3fffffffUL) / 2;

	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		p->rlim[i].rlim_cur = limits[i][0] ? limits[i][0] : RLIM64_INFINITY;
		p->rlim[i].rlim_max = limits[i][1] ? limits[i][1] : RLIM64_INFINITY;
	}
	p->rlim[RLIMIT_CORE].rlim_cur = 0;
	p->rlim[RLIMIT_NICE] = p->rlim[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
	p->rlim[RLIMIT_NPROC].rlim_cur = p->rlim[RLIMIT_NPROC].rlim_max = tasks;
	p->rlim[RLIMIT_SIGPENDING] = p->rlim[RLIMIT_NPROC];
}

/* The boot context becomes process 0, which all others descend from. */
static void adopt_idle_task(void)
{
	struct task *t = current;
	struct process *p = &idle_process;

	mutex_init(&p->exec_lock, RANK_PROC_EXEC);
	p->sighand = sighand_alloc();
	if (!p->sighand)
		panic("no memory for the first process");
	p->sighand->refs = 2;
	for (int type = 0; type < PIDTYPE_MAX; type++) {
		list_init(&idle_pid.users[type]);
		list_init(&p->pid_links[type]);
		p->pids[type] = &idle_pid;
	}
	wait_queue_init(&idle_pid.wait_exit);
	p->parent = p;
	default_rlimits(p);
	list_init(&t->notify);
	spin_lock_init(&t->alloc_lock, RANK_FILES);
	t->process = p;
	t->cred = &root_cred;
	strscpy(t->comm, "swapper/0", sizeof(t->comm));
	process_add_task(p, t);
}

void __init task_init(void)
{
	shrinker_register(&stack_shrinker);
	task_cache =
		kmem_cache_create("task", sizeof(struct task), _Alignof(struct task), SLAB_PANIC);
	process_cache = kmem_cache_create("process", sizeof(struct process), 0, SLAB_PANIC);
	sighand_cache = kmem_cache_create("sighand", sizeof(struct sighand), 0, SLAB_PANIC);
	task_free = free_task;
	task_left_stack = keep_stack;
	adopt_idle_task();
}
