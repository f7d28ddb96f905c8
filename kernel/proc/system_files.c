/*
 * Files of /proc about all processes: stat, loadavg, version, and the sysctls of sys/kernel.
 * proc(5)
 */
#include "proc/coredump.h"
#include "proc/procfs.h"
#include "fs/kmsg.h"
#include "lib/div64.h"
#include "lib/printf.h"
#include "sched/cpumask.h"

/* ---- load and time ---- */

static int show_loadavg(struct seq_file *m, void *v)
{
	unsigned long avg[3];

	(void)v;
	sched_loadavg(avg);
	for (int i = 0; i < 3; i++) {
		unsigned long a = avg[i] + 2048 / 200; /* rounded */

		seq_printf(m, "%lu.%02lu ", a >> 11, ((a & 2047) * 100) >> 11);
	}
	seq_printf(m, "%u/%u %d\n", sched_nr_running(), nr_tasks_total, pid_last());
	return 0;
}

static void show_cpu(struct seq_file *m, const char *name, const struct cpu_times *t)
{
	seq_printf(m, "%s %llu %llu %llu %llu 0 %llu 0 0 0 0\n", name, ns_to_ticks(t->user_ns),
		   ns_to_ticks(t->nice_ns), ns_to_ticks(t->system_ns), ns_to_ticks(t->idle_ns),
		   ns_to_ticks(t->irq_ns));
}

struct irq_sum {
	u64 total;
};

static void add_irqs(unsigned irq, const char *chip, const char *name, const u32 *counts, void *arg)
{
	struct irq_sum *sum = arg;

	(void)irq;
	(void)chip;
	(void)name;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		sum->total += counts[cpu];
}

static int show_stat(struct seq_file *m, void *v)
{
	struct cpu_times sum = {0}, t;
	struct irq_sum irqs = {0};
	char name[16];
	unsigned cpu;

	(void)v;
	for_each_online_cpu(cpu)
	{
		sched_cpu_times(cpu, &t);
		sum.user_ns += t.user_ns;
		sum.nice_ns += t.nice_ns;
		sum.system_ns += t.system_ns;
		sum.idle_ns += t.idle_ns;
		sum.irq_ns += t.irq_ns;
		sum.switches += t.switches;
	}
	show_cpu(m, "cpu ", &sum);
	for_each_online_cpu(cpu)
	{
		sched_cpu_times(cpu, &t);
		snprintf(name, sizeof(name), "cpu%u", cpu);
		show_cpu(m, name, &t);
	}
	irq_for_each(add_irqs, &irqs);
	seq_printf(
		m,
		"intr %llu\nctxt %llu\nbtime %llu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
		irqs.total, sum.switches, div_u64(realtime_ns() - clock_ns(), (u32)NSEC_PER_SEC),
		total_forks, sched_nr_running());
	return 0;
}

/* ---- the machine ---- */

static int show_version(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "Linux version %s (isthmus) (%s) %s\n", uts_release, __VERSION__,
		   uts_version);
	return 0;
}

/* ---- sysctls ---- */

static int show_string(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%s\n", (const char *)m->private);
	return 0;
}

/* A program that takes dumps from a pipe ("|program") is not supported. */
static int set_core_pattern(void *data, char *text)
{
	(void)data;
	text = strim(text);
	if (*text == '|')
		return -EINVAL;
	strscpy(core_pattern, text, sizeof(core_pattern));
	return 0;
}

static unsigned ngroups_max = 65536, cap_last_cap = 40, overflow_id = 65534, threads_max;

static const struct {
	const char *path;
	unsigned *value, min, max;
	mode_t mode;
} numbers[] = {
	{"sys/kernel/pid_max", &pid_max, 301, 4194304, 0644},
	{"sys/kernel/randomize_va_space", &randomize_va_space, 0, 2, 0644},
	{"sys/kernel/dmesg_restrict", &sysctl_dmesg_restrict, 0, 1, 0644},
	{"sys/kernel/ngroups_max", &ngroups_max, 65536, 65536, 0444},
	{"sys/kernel/cap_last_cap", &cap_last_cap, 40, 40, 0444},
	{"sys/kernel/overflowuid", &overflow_id, 65534, 65534, 0444},
	{"sys/kernel/overflowgid", &overflow_id, 65534, 65534, 0444},
	{"sys/kernel/threads-max", &threads_max, 1, ~0u, 0444},
	{"sys/vm/mmap_rnd_bits", &sysctl_mmap_rnd_bits, 8, 16, 0600},
	{"sys/vm/legacy_va_layout", &sysctl_legacy_va_layout, 0, ~0u >> 1, 0644},
	{"sys/fs/suid_dumpable", &suid_dumpable, 0, 2, 0644},
	{"sys/kernel/core_uses_pid", &core_uses_pid, 0, ~0u >> 1, 0644},
};

static const struct {
	const char *path;
	int (*show)(struct seq_file *m, void *v);
	mode_t mode;
} files[] = {
	{"loadavg", show_loadavg, 0444},
	{"stat", show_stat, 0444},
	{"version", show_version, 0444},
};

static const struct {
	const char *path;
	const char *text;
} strings[] = {
	{"sys/kernel/ostype", "Linux"},
	{"sys/kernel/osrelease", uts_release},
	{"sys/kernel/version", uts_version},
};

void __init system_files_init(void)
{
	int err = 0;

	process_files_init();
	threads_max = (unsigned)(max_low_pfn / (8 * THREAD_STACK_SIZE / PAGE_SIZE));
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		err |= proc_register(files[i].path, files[i].mode, files[i].show, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(strings); i++)
		err |= proc_register(strings[i].path, 0444, show_string, (void *)strings[i].text);
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		err |= proc_register_uint(numbers[i].path, numbers[i].mode, numbers[i].value,
					  numbers[i].min, numbers[i].max);
	err |= proc_register_string("sys/kernel/hostname", 0644, uts_hostname,
				    sizeof(uts_hostname));
	err |= proc_register_string("sys/kernel/domainname", 0644, uts_domainname,
				    sizeof(uts_domainname));
	err |= proc_register_text("sys/kernel/core_pattern", 0644, show_string, set_core_pattern,
				  core_pattern);
	if (err)
		pr_err("some files of /proc could not be registered: no memory\n");
}
