/* /proc/PID/status: the same lines in the same order as Linux 6.1. */
#include "proc/ptrace.h"
#include "proc/procfs.h"
#include "mm/inspect_virt.h"
#include "sched/cpumask.h"

static void show_names(struct seq_file *m, struct task *t)
{
	const char *state;
	pid_t parent = 0;
	char comm[16];
	u32 umask;

	task_get_comm(t, comm);
	seq_puts(m, "Name:\t");
	seq_escape(m, comm, "\n\\");
	seq_putc(m, '\n');
	spin_lock(&t->alloc_lock);
	umask = t->fs ? t->fs->umask : ~0u;
	spin_unlock(&t->alloc_lock);
	if (umask != ~0u)
		seq_printf(m, "Umask:\t%#04o\n", umask);
	procfs_state(t, &state);
	spin_lock(&tasklist_lock);
	if (t->process->parent && t->process->parent->leader)
		parent = t->process->parent->leader->tgid;
	spin_unlock(&tasklist_lock);
	seq_printf(m, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		   state, t->tgid, t->pid, parent, ptrace_tracer_nr(t));
}

static void show_ids(struct seq_file *m, struct task *t, const struct cred *c)
{
	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", c->uid,
		   c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid, c->fsgid, files_max(t));
	for (unsigned i = 0; i < c->ngroups; i++)
		seq_printf(m, i ? " %u" : "%u", c->groups[i]);
	seq_printf(m, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", t->tgid, t->pid,
		   task_pgrp_nr(t), task_session_nr(t));
}

static void show_kb(struct seq_file *m, const char *name, unsigned long kb)
{
	seq_printf(m, "%s:\t%8lu kB\n", name, kb);
}

#define KB(pages) ((pages) << (PAGE_SHIFT - 10))

static void show_mm(struct seq_file *m, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	struct inspect_sizes s;
	unsigned long text;

	if (!mm)
		return;
	inspect_sizes(mm, &s);
	mm_put(mm);
	text = MIN(s.text, s.exec);
	show_kb(m, "VmPeak", KB(s.peak));
	show_kb(m, "VmSize", KB(s.total));
	show_kb(m, "VmLck", KB(s.locked));
	show_kb(m, "VmPin", 0);
	show_kb(m, "VmHWM", KB(s.hiwater_rss));
	show_kb(m, "VmRSS", KB(s.rss));
	show_kb(m, "RssAnon", KB(s.anon));
	show_kb(m, "RssFile", KB(s.file));
	show_kb(m, "RssShmem", KB(s.shmem));
	show_kb(m, "VmData", KB(s.data - s.stack));
	show_kb(m, "VmStk", KB(s.stack));
	show_kb(m, "VmExe", KB(text));
	show_kb(m, "VmLib", KB(s.exec - text));
	show_kb(m, "VmPTE", s.pt_bytes >> 10);
	show_kb(m, "VmSwap", KB(s.swap));
	show_kb(m, "HugetlbPages", 0);
	seq_printf(m, "CoreDumping:\t%d\nTHP_enabled:\t0\n", READ_ONCE(t->process->core) != NULL);
}

static void show_signals(struct seq_file *m, struct task *t, const struct cred *c)
{
	struct process *p = t->process;
	u64 ignored, caught;

	procfs_signal_sets(p, &ignored, &caught);
	seq_printf(m, "Threads:\t%u\nSigQ:\t%u/%llu\n", p->nr_tasks, c->user->pending_signals,
		   process_rlimit(p, RLIMIT_SIGPENDING));
	seq_printf(
		m,
		"SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		t->pending_set, p->shared_pending_set, t->blocked, ignored, caught);
}

static void show_caps(struct seq_file *m, const struct cred *c)
{
	seq_printf(
		m,
		"CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n",
		c->cap_inheritable, c->cap_permitted, c->cap_effective, c->cap_bset,
		c->cap_ambient);
	seq_printf(m, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", c->no_new_privs);
	seq_puts(
		m,
		"Speculation_Store_Bypass:\tvulnerable\nSpeculationIndirectBranch:\talways enabled\n");
}

/* Ranges: "0-2,4". */
static void show_cpu_list(struct seq_file *m, const cpumask_t *mask)
{
	const char *comma = "";
	unsigned last;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		if (!cpumask_test(mask, cpu))
			continue;
		for (last = cpu; last + 1 < nr_cpus && cpumask_test(mask, last + 1); last++)
			;
		seq_printf(m, last > cpu ? "%s%u-%u" : "%s%u", comma, cpu, last);
		comma = ",";
		cpu = last;
	}
}

static void show_cpus(struct seq_file *m, struct task *t)
{
	cpumask_t mask;

	cpumask_and(&mask, &t->cpus_allowed, &cpu_online_mask);
	seq_printf(m, "Cpus_allowed:\t%0*lx\nCpus_allowed_list:\t", (int)DIV_ROUND_UP(nr_cpus, 4),
		   mask.bits[0]);
	show_cpu_list(m, &mask);
	seq_printf(m, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", t->nvcsw,
		   t->nivcsw);
}

int procfs_status(struct seq_file *m, struct task *t)
{
	const struct cred *cred = cred_get_task(t);

	show_names(m, t);
	show_ids(m, t, cred);
	show_mm(m, t);
	show_signals(m, t, cred);
	show_caps(m, cred);
	show_cpus(m, t);
	cred_put(cred);
	return 0;
}
