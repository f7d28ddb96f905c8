/*
 * The OOM killer's hands: who there is, and SIGKILL for whom mm/oom.c chose.
 *
 * Locks: tasklist_lock over the walk, alloc_lock of the thread whose memory is offered.
 */
#include "internal.h"
#include "mm/mm.h"
#include "mm/oom.h"

static bool is_dying(const struct process *p)
{
	return (p->flags & SIGNAL_GROUP_EXIT) || (p->shared_pending_set & sigmask(SIGKILL));
}

/* A child of vfork before its exec: killing it frees nothing, the memory is its parent's. */
static bool in_vfork(const struct task *t)
{
	return t->vfork_done && t->process->parent->leader &&
	       t->process->parent->leader->mm == t->mm;
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
			c->unkillable |= in_vfork(t);
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
			.is_current = p == current->process,
		};

		rcu_read_lock();
		c.uid = p->leader ? p->leader->cred->uid : 0;
		rcu_read_unlock();
		offer(p, &c, fn, arg);
	}
	spin_unlock(&tasklist_lock);
}

/* => tasklist_lock held */
static bool uses(struct process *p, const struct mm *mm)
{
	struct task *t;

	list_for_each_entry(t, &p->threads, thread_node)
		if (READ_ONCE(t->mm) == mm)
			return true;
	return false;
}

static bool kill_victim(void *process, pid_t pid, struct mm *mm)
{
	bool all = true;
	pid_t nr = 1;
	struct process *p;

	spin_lock(&tasklist_lock);
	for (p = process_next(&nr); p; nr++, p = process_next(&nr)) {
		if (!(p == process && nr == pid) && !uses(p, mm))
			continue;
		if (p->flags & SIGNAL_UNKILLABLE)
			all = false;
		else
			send_signal_process(p, SIGKILL, SEND_SIG_PRIV);
	}
	spin_unlock(&tasklist_lock);
	return all;
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
