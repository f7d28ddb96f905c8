/*
 * /proc/lock_stat of a debug build, in Linux's format: a line for each class of locks that was
 * taken, those that were waited for most first; below it where somebody waited, and where those had
 * taken the lock who were waited for. Times are in microseconds. "0" written there clears it;
 * /proc/sys/kernel/lock_stat turns the counting off and on. sched/lock_stat.h
 */
#include "procfs.h"
#include "lib/div64.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/lock_stat.h"
#include "sched/timer.h"

#ifdef CONFIG_LOCK_STAT
#define NAME_WIDTH 40
#define LINE_WIDTH (NAME_WIDTH + 1 + 12 * (14 + 1))

static void put_line(struct seq_file *m, char c, unsigned blanks, unsigned length)
{
	for (unsigned i = 0; i < blanks; i++)
		seq_putc(m, ' ');
	for (unsigned i = 0; i < length; i++)
		seq_putc(m, c);
	seq_putc(m, '\n');
}

static void put_time(struct seq_file *m, u64 ns)
{
	u32 rest;
	u64 us = div_u64_rem(ns + 5, (u32)NSEC_PER_USEC, &rest);

	seq_printf(m, " %11llu.%02u", (unsigned long long)us, rest / 10);
}

static void put_times(struct seq_file *m, const struct lock_times *t)
{
	seq_printf(m, "%14lu", t->count);
	put_time(m, t->min);
	put_time(m, t->max);
	put_time(m, t->total);
	put_time(m, t->count ? div_u64(t->total, (u32)t->count) : 0);
}

static void put_use(struct seq_file *m, const char *name, const char *suffix,
		    const struct lock_use *use)
{
	if (!use->hold.count && !use->wait.count)
		return;
	for (size_t width = strlen(name) + strlen(suffix); width < NAME_WIDTH; width++)
		seq_putc(m, ' ');
	seq_printf(m, "%s%s:%14lu ", name, suffix, use->wait_bounces);
	put_times(m, &use->wait);
	seq_printf(m, " %14lu ", use->take_bounces);
	put_times(m, &use->hold);
	seq_putc(m, '\n');
}

static void put_points(struct seq_file *m, const char *name, const struct lock_point *p)
{
	unsigned length = (unsigned)strlen(name);

	put_line(m, '-', NAME_WIDTH - length, length);
	for (unsigned i = 0; i < LOCK_POINTS && p[i].caller; i++)
		seq_printf(m, "%40s %14lu %16s[<%p>] %pS\n", name, p[i].count, "", p[i].caller,
			   p[i].caller);
}

static unsigned long waits_of(const struct lock_class_stat *s)
{
	return s->write.wait.count + s->read.wait.count;
}

static void put_class(struct seq_file *m, const struct lock_class_stat *s)
{
	bool reads = s->read.hold.count || s->read.wait.count;

	put_use(m, s->name, reads ? "-W" : "", &s->write);
	put_use(m, s->name, "-R", &s->read);
	if (!waits_of(s))
		return;
	put_points(m, s->name, s->waiters);
	if (s->holders[0].caller)
		put_points(m, s->name, s->holders);
	seq_putc(m, '\n');
	put_line(m, '.', 0, LINE_WIDTH);
	seq_putc(m, '\n');
}

static void put_header(struct seq_file *m)
{
	seq_puts(m, "lock_stat version 0.4\n");
	put_line(m, '-', 0, LINE_WIDTH);
	seq_printf(m, "%40s %14s %14s %14s %14s %14s %14s %14s %14s %14s %14s %14s %14s\n",
		   "class name", "con-bounces", "contentions", "waittime-min", "waittime-max",
		   "waittime-total", "waittime-avg", "acq-bounces", "acquisitions", "holdtime-min",
		   "holdtime-max", "holdtime-total", "holdtime-avg");
	put_line(m, '-', 0, LINE_WIDTH);
	seq_putc(m, '\n');
}

/* All classes, those with the most waits first. NULL: no memory. The caller frees it */
static struct lock_class_stat *read_all(unsigned *count)
{
	struct lock_class_stat one, *all;
	unsigned n = 0;

	while (lock_stat_read(n, &one))
		n++;
	all = kvmalloc(n * sizeof(*all), GFP_KERNEL);
	if (!all)
		return NULL;
	for (unsigned i = 0; i < n && lock_stat_read(i, &one); i++) {
		unsigned at = i;

		for (; at && waits_of(&all[at - 1]) < waits_of(&one); at--)
			all[at] = all[at - 1];
		all[at] = one;
	}
	*count = n;
	return all;
}

static int show_lock_stat(struct seq_file *m, void *v)
{
	unsigned count = 0;
	struct lock_class_stat *all = read_all(&count);

	(void)v;
	if (!all)
		return -ENOMEM;
	put_header(m);
	for (unsigned i = 0; i < count; i++)
		put_class(m, &all[i]);
	kvfree(all);
	return 0;
}

/* Anything but a 0 does nothing, as on Linux. */
static int clear(struct proc_entry *entry, char *text)
{
	(void)entry;
	if (text[0] == '0')
		lock_stat_clear();
	return 0;
}
#endif

void proc_register_lock_stat(void)
{
#ifdef CONFIG_LOCK_STAT
	proc_register_writable("lock_stat", 0600, show_lock_stat, clear);
	proc_register_uint("sys/kernel/lock_stat", 0644, &sysctl_lock_stat, 0, 1);
#endif
}
