/*
 * The OOM killer's hands: who there is, and SIGKILL for whom mm/oom.c chose.
 */
#include "internal.h"
#include "mm/mm.h"
#include "mm/oom.h"

static bool is_dying(const struct process *p)
{
	return (p->flags & SIGNAL_GROUP_EXIT) || (p->shared_pending_set & sigmask(SIGKILL));
}

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
			.dying = is_dying(p),
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

/* ---- process_mrelease(2) ---- */

/* The address space that threads of @p still use, referenced, or NULL. => tasklist_lock */
static struct mm *process_mm_get(struct process *p)
{
	struct mm *mm = NULL;
	struct task *t;

	list_for_each_entry(t, &p->threads, thread_node) {
		mm = task_mm_get(t);
		if (mm)
			break;
	}
	return mm;
}

/* => tasklist_lock */
static bool lives_in(struct process *p, const struct mm *mm)
{
	struct task *t;

	if (is_dying(p))
		return false;
	list_for_each_entry(t, &p->threads, thread_node)
		if (READ_ONCE(t->mm) == mm)
			return true;
	return false;
}

/* => tasklist_lock */
static bool somebody_lives_in(const struct mm *mm)
{
	pid_t nr = 1;

	for (struct process *p = process_next(&nr); p; nr++, p = process_next(&nr))
		if (lives_in(p, mm))
			return true;
	return false;
}

int process_release_memory(struct process *p)
{
	struct mm *mm;
	int err = 0;

	spin_lock(&tasklist_lock);
	mm = process_mm_get(p);
	if (mm && (!is_dying(p) || somebody_lives_in(mm)))
		err = -EINVAL;
	spin_unlock(&tasklist_lock);
	if (!mm)
		return -ESRCH;
	if (!err)
		err = mm_release_dying(mm);
	mm_put(mm);
	return err;
}

void __init proc_oom_init(void)
{
	oom_for_each_process = for_each_candidate;
	oom_kill = kill_victim;
}
