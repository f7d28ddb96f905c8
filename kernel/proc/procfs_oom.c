/*
 * /proc/PID/oom_score, oom_score_adj, and oom_adj as it was before Linux 2.6.36. proc(5)
 *
 * Processes that share one address space die together, so what one of them is set to holds for all;
 * a child of vfork has its own value, for the program that it is about to become.
 */
#include "proc/procfs.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/oom.h"
#include <linux/capability.h>
#include <linux/oom.h>

int procfs_oom_score(struct seq_file *m, struct task *t)
{
	struct process *p = t->process;
	unsigned score = 0;
	struct mm *mm = p->flags & SIGNAL_UNKILLABLE ? NULL : task_mm_get(t);

	if (mm) {
		score = oom_score(mm, p->oom_score_adj);
		mm_put(mm);
	}
	seq_printf(m, "%u\n", score);
	return 0;
}

int procfs_oom_score_adj(struct seq_file *m, struct task *t)
{
	seq_printf(m, "%d\n", t->process->oom_score_adj);
	return 0;
}

int procfs_oom_adj(struct seq_file *m, struct task *t)
{
	int adj = t->process->oom_score_adj;

	adj = adj == OOM_SCORE_ADJ_MAX ? OOM_ADJUST_MAX : adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;
	seq_printf(m, "%d\n", MIN(adj, OOM_ADJUST_MAX));
	return 0;
}

/* The other processes with the memory of @p get its value, and with @floor its lowest. */
static void spread(struct process *p, struct mm *mm, int value, bool floor)
{
	struct process *q;
	pid_t nr = 1;

	spin_lock(&tasklist_lock);
	for (q = process_next(&nr); q; nr++, q = process_next(&nr)) {
		struct task *leader = q->leader;

		if (q == p || !leader || leader->vfork_done || (q->flags & SIGNAL_UNKILLABLE))
			continue;
		if (READ_ONCE(leader->mm) != mm)
			continue;
		q->oom_score_adj = value;
		if (floor)
			q->oom_score_adj_min = value;
	}
	spin_unlock(&tasklist_lock);
}

/* @floor: who may lower it makes this the lowest value that others may set. */
static int set_adj(struct task *t, int value, int lowest, bool floor)
{
	struct process *p = t->process;
	struct mm *mm;

	if (value < lowest && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	floor = floor && capable(CAP_SYS_RESOURCE);
	p->oom_score_adj = value;
	if (floor)
		p->oom_score_adj_min = value;
	mm = task_mm_get(t);
	if (!mm)
		return 0;
	if (!t->vfork_done) {
		mm->oom_score_adj = value;
		if (atomic_read(&mm->users) > 2) /* besides @t and us */
			spread(p, mm, value, floor);
	}
	mm_put(mm);
	return 0;
}

int procfs_oom_score_adj_write(struct task *t, char *text)
{
	int value, err = kstrtoint(strim(text), 0, &value);

	if (err)
		return err;
	if (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	return set_adj(t, value, t->process->oom_score_adj_min, true);
}

int procfs_oom_adj_write(struct task *t, char *text)
{
	int value, err = kstrtoint(strim(text), 0, &value);

	if (err)
		return err;
	if ((value < OOM_ADJUST_MIN || value > OOM_ADJUST_MAX) && value != OOM_DISABLE)
		return -EINVAL;
	if (value == OOM_ADJUST_MAX)
		value = OOM_SCORE_ADJ_MAX;
	else
		value = value * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
	return set_adj(t, value, t->process->oom_score_adj, false);
}
