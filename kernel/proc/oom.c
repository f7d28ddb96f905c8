/*
 * The OOM killer's hands: who there is, and SIGKILL for whom mm/oom.c chose.
 */
#include "internal.h"
#include "mm/oom.h"

/*
 * The address space of @p, which any of its threads may be the last to hold; fn runs under that
 * thread's alloc_lock.
 */
static void offer(struct process *p, struct oom_candidate *c,
		  void (*fn)(const struct oom_candidate *, void *), void *arg)
{
	struct task *t;

	list_for_each_entry(t, &p->threads, thread_node) {
		spin_lock(&t->alloc_lock);
		c->mm = t->mm;
		if (c->mm) {
			c->comm = t->comm;
			fn(c, arg);
		}
		spin_unlock(&t->alloc_lock);
		if (c->mm)
			return;
	}
}

static void for_each_candidate(void (*fn)(const struct oom_candidate *c, void *arg), void *arg)
{
	pid_t nr = 1;
	struct process *p;

	spin_lock(&tasklist_lock);
	for (p = process_next(&nr); p; nr++, p = process_next(&nr)) {
		struct oom_candidate c = {
			.process = p,
			.pid = nr,
			.score_adj = p->oom_score_adj,
			.unkillable = p->flags & SIGNAL_UNKILLABLE,
			.dying = (p->flags & SIGNAL_GROUP_EXIT) ||
				 (p->shared_pending_set & sigmask(SIGKILL)),
		};

		rcu_read_lock();
		c.uid = p->leader ? p->leader->cred->uid : 0;
		rcu_read_unlock();
		offer(p, &c, fn, arg);
	}
	spin_unlock(&tasklist_lock);
}

static void kill_victim(void *process, pid_t pid)
{
	struct process *p;

	spin_lock(&tasklist_lock);
	p = process_next(&pid);
	if (p == process)
		send_signal_process(p, SIGKILL, SEND_SIG_PRIV);
	spin_unlock(&tasklist_lock);
}

void __init proc_oom_init(void)
{
	oom_for_each_process = for_each_candidate;
	oom_kill = kill_victim;
}
