/*
 * The files of /proc about the machine and the kernel as a whole: uptime, cpuinfo, interrupts,
 * cmdline, filesystems, config.gz. Those that need to know processes (stat, loadavg, version) are
 * registered by proc/.
 */
#include "procfs.h"
#include "fs/internal.h"
#include "fs/mount.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "sched/task.h"
#include <stdarg.h>

static int show_uptime(struct seq_file *m, void *v)
{
	u64 up = clock_ns(), idle = 0;
	struct cpu_times t;

	(void)v;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		sched_cpu_times(cpu, &t);
		idle += t.idle_ns;
	}
	seq_printf(m, "%llu.%02llu %llu.%02llu\n", up / NSEC_PER_SEC, up / 10000000 % 100,
		   idle / NSEC_PER_SEC, idle / 10000000 % 100);
	return 0;
}

static void emit_text(void *arg, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	seq_puts(arg, text);
}

static int show_cpuinfo(struct seq_file *m, void *v)
{
	(void)v;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		arch_cpuinfo(cpu, emit_text, m);
	return 0;
}

static void emit_irq(unsigned irq, const char *chip, const char *name, const u32 *counts, void *arg)
{
	struct seq_file *m = arg;

	seq_printf(m, "%3u:", irq);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		seq_printf(m, " %10u", counts[cpu]);
	seq_printf(m, "   %-8s  %s\n", chip, name);
}

static int show_interrupts(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "    ");
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		seq_printf(m, "       CPU%-4u", cpu);
	seq_putc(m, '\n');
	irq_for_each(emit_irq, m);
	return 0;
}

static int show_cmdline(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%s\n", boot_info.cmdline);
	return 0;
}

static void emit_filesystem(const struct file_system_type *type, void *arg)
{
	seq_printf(arg, "%s\t%s\n", type->needs_device ? "" : "nodev", type->name);
}

static int show_filesystems(struct seq_file *m, void *v)
{
	(void)v;
	filesystem_for_each(emit_filesystem, m);
	return 0;
}

static int show_partitions(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "major minor  #blocks  name\n\n");
	return 0;
}

extern const u8 kconfig_gz_start[], kconfig_gz_end[];

static ssize_t config_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	size_t size = (size_t)(kconfig_gz_end - kconfig_gz_start), n;

	(void)file;
	if ((u64)*pos >= size)
		return 0;
	n = MIN(to->count, size - (size_t)*pos);
	if (n && copy_to_iter(kconfig_gz_start + *pos, n, to) != n)
		return -EFAULT;
	*pos += (loff_t)n;
	return (ssize_t)n;
}

static const struct file_operations config_fops = {.read_iter = config_read,
						   .llseek = generic_llseek};

void proc_register_kernel(void)
{
	proc_register("uptime", 0444, show_uptime, NULL);
	proc_register("cpuinfo", 0444, show_cpuinfo, NULL);
	proc_register("interrupts", 0444, show_interrupts, NULL);
	proc_register("cmdline", 0444, show_cmdline, NULL);
	proc_register("filesystems", 0444, show_filesystems, NULL);
	proc_register("partitions", 0444, show_partitions, NULL);
	proc_register_ops("config.gz", 0444, &config_fops, NULL);
}
