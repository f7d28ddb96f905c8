/*
 * Process numbers. A struct pid is a number and whoever bears it: a thread, a process, and the
 * process groups and sessions that are named after it. It lives until the last of them has gone.
 *
 * Lookups run under RCU; allocation and removal under pid_lock. Numbers are handed out in a circle,
 * so that one is not used again soon. 1 is kept for init.
 */
#include "proc/internal.h"
#include "mm/slab.h"

#define PID_FIRST 2u      /* 1 is init's */
#define PID_RESERVED 300u /* after the first round numbers begin here */

static DEFINE_SPINLOCK(pid_lock, RANK_XARRAY);
static struct xarray pids;
static u32 pid_next = PID_FIRST;
static struct kmem_cache *pid_cache, *node_cache;

unsigned pid_max = 32768;

/* ---- nodes of the tree are freed through RCU ---- */

static struct xa_node *node_alloc(void)
{
	return kmem_cache_alloc(node_cache, GFP_ATOMIC);
}

static void node_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(node_cache, (char *)head - offsetof(struct xa_node, rcu));
}

static void node_free(struct xa_node *node)
{
	_Static_assert(sizeof(node->rcu) >= sizeof(struct rcu_head),
		       "a node has room for an rcu_head");
	call_rcu((struct rcu_head *)node->rcu, node_free_rcu);
}

const struct xa_ops proc_xa_ops = {.alloc = node_alloc, .free = node_free};
static const struct xa_ops pid_xa_ops = {
	.alloc = node_alloc, .free = node_free, .keeps_leaf = true};

/* ---- references ---- */

void pid_get(struct pid *pid)
{
	atomic_inc(&pid->refs);
}

static void pid_free(struct rcu_head *head)
{
	kmem_cache_free(pid_cache, container_of(head, struct pid, rcu));
}

/* The number can be given out again once nothing is called by it. */
void pid_put(struct pid *pid)
{
	irqflags_t irq;

	if (!atomic_dec_and_test(&pid->refs))
		return;
	irq = spin_lock_irqsave(&pid_lock);
	xa_erase(&pids, (unsigned long)pid->nr);
	spin_unlock_irqrestore(&pid_lock, irq);
	call_rcu(&pid->rcu, pid_free);
}

/* ---- allocation ---- */

static int take_number(struct pid *pid, pid_t wanted)
{
	u32 nr = (u32)wanted;
	int err;

	if (wanted) {
		err = xa_insert(&pids, nr, pid);
	} else {
		if (pid_next >= pid_max)
			pid_next = PID_RESERVED;
		err = xa_alloc_cyclic(&pids, &nr, pid,
				      pid_next > PID_RESERVED ? PID_RESERVED : PID_FIRST,
				      pid_max - 1, &pid_next);
	}
	if (err == -ENOSPC)
		err = -EAGAIN;
	pid->nr = (pid_t)nr;
	return err;
}

/*
 * A new number with one reference, the caller's; @wanted 0: any. ERR_PTR(-EAGAIN, -ENOMEM,
 * -EEXIST).
 */
struct pid *pid_alloc(pid_t wanted)
{
	struct pid *pid = kmem_cache_alloc(pid_cache, GFP_KERNEL);
	irqflags_t irq;
	int err;

	if (!pid)
		return ERR_PTR(-ENOMEM);
	memset(pid, 0, sizeof(*pid));
	pid->refs = 1;
	for (int type = 0; type < PIDTYPE_MAX; type++)
		list_init(&pid->users[type]);
	wait_queue_init(&pid->wait_exit);
	irq = spin_lock_irqsave(&pid_lock);
	err = take_number(pid, wanted);
	spin_unlock_irqrestore(&pid_lock, irq);
	if (!err)
		return pid;
	kmem_cache_free(pid_cache, pid);
	return ERR_PTR(err);
}

/* ---- lookup ---- */

struct pid *pid_find(pid_t nr)
{
	return nr > 0 ? xa_load(&pids, (unsigned long)nr) : NULL;
}

struct pid *pid_find_get(pid_t nr)
{
	struct pid *pid;

	rcu_read_lock();
	pid = pid_find(nr);
	if (pid && !atomic_inc_unless(&pid->refs, 0))
		pid = NULL;
	rcu_read_unlock();
	return pid;
}

bool task_get_live(struct task *t)
{
	return atomic_inc_unless(&t->refs, 0);
}

struct task *task_find_get(pid_t nr)
{
	struct pid *pid;
	struct task *t;

	rcu_read_lock();
	pid = pid_find(nr);
	t = pid ? rcu_dereference(pid->task) : NULL;
	if (t && !task_get_live(t))
		t = NULL;
	rcu_read_unlock();
	return t;
}

struct process *process_find_get(pid_t tgid)
{
	struct pid *pid;
	struct process *p;

	rcu_read_lock();
	pid = pid_find(tgid);
	p = pid ? rcu_dereference(pid->process) : NULL;
	if (p && !atomic_inc_unless(&p->refs, 0))
		p = NULL;
	rcu_read_unlock();
	return p;
}

pid_t pid_last(void)
{
	return (pid_t)READ_ONCE(pid_next) - 1;
}

/* Every number upward from *@nr that is a process; => rcu_read_lock or tasklist_lock */
struct process *process_next(pid_t *nr)
{
	unsigned long index = (unsigned long)*nr;
	struct pid *pid;
	struct process *p;

	for (pid = xa_find(&pids, &index, pid_max); pid;
	     pid = xa_find_after(&pids, &index, pid_max)) {
		p = rcu_dereference(pid->process);
		if (p) {
			*nr = (pid_t)index;
			return p;
		}
	}
	return NULL;
}

struct task *process_next_leader(pid_t from)
{
	struct task *t = NULL;
	struct process *p;

	rcu_read_lock();
	for (p = process_next(&from); p; from++, p = process_next(&from)) {
		t = rcu_dereference(p->leader);
		if (t && task_get_live(t))
			break;
		t = NULL;
	}
	rcu_read_unlock();
	return t;
}

void __init pid_init(void)
{
	pid_cache = kmem_cache_create("pid", sizeof(struct pid), 0, SLAB_PANIC);
	node_cache = kmem_cache_create("proc_node", sizeof(struct xa_node), 0, SLAB_PANIC);
	xa_init(&pids, &pid_xa_ops);
}
