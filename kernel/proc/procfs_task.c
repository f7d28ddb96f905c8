/*
 * What /proc/PID says of the task itself: stat, comm, limits, OOM scores. Formats: proc(5).
 */
#include "proc/procfs.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/oom.h"
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/oom.h>
#include <linux/sched.h>

/* ---- states ---- */

char procfs_state(const struct task *t, const char **word)
{
	static const struct {
		unsigned state;
		const char *word;
	} names[] = {
		{TASK_UNINTERRUPTIBLE, "D (disk sleep)"},
		{TASK_INTERRUPTIBLE, "S (sleeping)"},
		{TASK_STOPPED, "T (stopped)"},
		{TASK_TRACED, "t (tracing stop)"},
	};
	unsigned state = READ_ONCE(t->state);
	const char *s = "R (running)";

	if (t->exit_state == EXIT_ZOMBIE || (state & TASK_DEAD))
		s = t->process->exit_state == PROCESS_REAPED ? "X (dead)" : "Z (zombie)";
	else
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
			if (state & names[i].state)
				s = names[i].word;
	if (word)
		*word = s;
	return s[0];
}

void procfs_signal_sets(struct process *p, u64 *ignored, u64 *caught)
{
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	*ignored = *caught = 0;
	for (int i = 0; i < _NSIG; i++) {
		uaddr_t handler = sighand_handler(p->sighand, i + 1);

		if (handler == (uaddr_t)SIG_IGN)
			*ignored |= 1ULL << i;
		else if (handler != (uaddr_t)SIG_DFL)
			*caught |= 1ULL << i;
	}
	spin_unlock_irqrestore(&p->siglock, irq);
}

/* ---- stat ---- */

/* Linux's PF_ bits, of those that we have. */
static unsigned linux_flags(const struct task *t)
{
	unsigned flags = 0;

	if (t->flags & PF_EXITING)
		flags |= 0x4;
	if (t->flags & PF_FORKNOEXEC)
		flags |= 0x40;
	if (t->flags & PF_KTHREAD)
		flags |= 0x00200000;
	else if (!(t->personality & 0x0040000 /* ADDR_NO_RANDOMIZE */))
		flags |= 0x00400000;
	return flags;
}

static int priority_of(const struct task *t)
{
	return t->se.rt_priority ? -1 - t->se.rt_priority : 20 + t->se.nice;
}

struct stat_mm {
	unsigned long vsize, rss;
	u32 start_code, end_code, start_stack, start_data, end_data, start_brk;
	u32 arg_start, arg_end, env_start, env_end;
};

/* Addresses are only for those who may trace it. */
static void read_mm(struct task *t, struct stat_mm *s)
{
	struct mm *mm = task_mm_get(t);

	memset(s, 0, sizeof(*s));
	if (!mm)
		return;
	s->vsize = mm->total_vm << PAGE_SHIFT;
	s->rss = mm_rss(mm);
	s->start_code = s->end_code = 1;
	if (task_may_access(t)) {
		s->start_code = mm->start_code;
		s->end_code = mm->end_code;
		s->start_stack = mm->start_stack;
		s->start_data = mm->start_data;
		s->end_data = mm->end_data;
		s->start_brk = mm->start_brk;
		s->arg_start = mm->arg_start;
		s->arg_end = mm->arg_end;
		s->env_start = mm->env_start;
		s->env_end = mm->env_end;
	}
	mm_put(mm);
}

static pid_t parent_nr(struct process *p)
{
	pid_t nr = 0;

	spin_lock(&tasklist_lock);
	if (p->parent && p->parent->leader)
		nr = p->parent->leader->tgid;
	spin_unlock(&tasklist_lock);
	return nr;
}

/* In a thread's own directory the thread's numbers, else the process's. */
static void read_usage(struct task *t, bool whole, struct usage *u)
{
	if (whole) {
		process_get_usage(t->process, u);
		return;
	}
	memset(u, 0, sizeof(*u));
	task_cpu_time(t, &u->utime_ns, &u->stime_ns);
	u->min_flt = t->min_flt;
	u->maj_flt = t->maj_flt;
}

static void stat_identity(struct seq_file *m, struct task *t)
{
	kdev_t tty = 0;
	pid_t tpgid = -1;
	char comm[16];

	if (proc_tty_hooks.info)
		proc_tty_hooks.info(t->process, &tty, &tpgid);
	task_get_comm(t, comm);
	seq_printf(m, "%d (%s) %c %d %d %d %d %d %u", t->pid, comm, procfs_state(t, NULL),
		   parent_nr(t->process), task_pgrp_nr(t), task_session_nr(t), (int)tty, tpgid,
		   linux_flags(t));
}

static void stat_times(struct seq_file *m, struct task *t)
{
	struct process *p = t->process;
	const struct usage *c = &p->children_usage;
	struct usage u;

	read_usage(t, t == p->leader, &u);
	seq_printf(m, " %lu %lu %lu %lu %llu %llu %llu %llu %d %d %u 0 %llu", u.min_flt, c->min_flt,
		   u.maj_flt, c->maj_flt, ns_to_ticks(u.utime_ns), ns_to_ticks(u.stime_ns),
		   ns_to_ticks(c->utime_ns), ns_to_ticks(c->stime_ns), priority_of(t), t->se.nice,
		   p->nr_tasks, ns_to_ticks(t->start_time_ns));
}

int procfs_stat(struct seq_file *m, struct task *t)
{
	u64 ignored, caught, rss_limit = process_rlimit(t->process, RLIMIT_RSS);
	struct stat_mm s;

	read_mm(t, &s);
	procfs_signal_sets(t->process, &ignored, &caught);
	stat_identity(m, t);
	stat_times(m, t);
	seq_printf(m, " %lu %lu %lu %u %u %u 0 0", s.vsize, s.rss,
		   (unsigned long)MIN(rss_limit, (u64)~0UL), s.start_code, s.end_code,
		   s.start_stack);
	seq_printf(m, " %u %u %u %u", (u32)t->pending_set & 0x7fffffff,
		   (u32)t->blocked & 0x7fffffff, (u32)ignored & 0x7fffffff,
		   (u32)caught & 0x7fffffff);
	seq_printf(m, " 0 0 0 %d %u %u %u 0 0 0", t->exit_signal, t->cpu, t->se.rt_priority,
		   t->se.policy);
	seq_printf(m, " %u %u %u %u %u %u %u %d\n", s.start_data, s.end_data, s.start_brk,
		   s.arg_start, s.arg_end, s.env_start, s.env_end,
		   task_may_access(t) ? t->exit_code : 0);
	return 0;
}

/* ---- names and limits ---- */

int procfs_comm(struct seq_file *m, struct task *t)
{
	char comm[16];

	task_get_comm(t, comm);
	seq_printf(m, "%s\n", comm);
	return 0;
}

int procfs_comm_write(struct task *t, char *text)
{
	if (t->process != current->process)
		return -EINVAL;
	text[strcspn(text, "\n")] = 0;
	task_set_comm(t, text);
	return 0;
}

static const struct {
	const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = {"Max cpu time", "seconds"},
	[RLIMIT_FSIZE] = {"Max file size", "bytes"},
	[RLIMIT_DATA] = {"Max data size", "bytes"},
	[RLIMIT_STACK] = {"Max stack size", "bytes"},
	[RLIMIT_CORE] = {"Max core file size", "bytes"},
	[RLIMIT_RSS] = {"Max resident set", "bytes"},
	[RLIMIT_NPROC] = {"Max processes", "processes"},
	[RLIMIT_NOFILE] = {"Max open files", "files"},
	[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
	[RLIMIT_AS] = {"Max address space", "bytes"},
	[RLIMIT_LOCKS] = {"Max file locks", "locks"},
	[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
	[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
	[RLIMIT_NICE] = {"Max nice priority", NULL},
	[RLIMIT_RTPRIO] = {"Max realtime priority", NULL},
	[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void show_limit(struct seq_file *m, u64 limit)
{
	if (limit == RLIM64_INFINITY)
		seq_printf(m, "%-20s ", "unlimited");
	else
		seq_printf(m, "%-20llu ", limit);
}

int procfs_limits(struct seq_file *m, struct task *t)
{
	struct process *p = t->process;
	struct rlimit64 limit;

	seq_printf(m, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		process_set_rlimit(p, i, NULL, &limit);
		seq_printf(m, "%-25s ", limit_names[i].name);
		show_limit(m, limit.rlim_cur);
		show_limit(m, limit.rlim_max);
		if (limit_names[i].unit)
			seq_printf(m, "%-10s\n", limit_names[i].unit);
		else
			seq_putc(m, '\n');
	}
	return 0;
}

int procfs_wchan(struct seq_file *m, struct task *t)
{
	(void)t;
	seq_putc(m, '0');
	return 0;
}

int procfs_personality(struct seq_file *m, struct task *t)
{
	if (!task_may_access(t))
		return -EPERM;
	seq_printf(m, "%08x\n", t->personality);
	return 0;
}

/* Nobody has logged in, as far as the kernel knows. */
int procfs_loginuid(struct seq_file *m, struct task *t)
{
	(void)t;
	seq_printf(m, "%u", ~0u);
	return 0;
}
