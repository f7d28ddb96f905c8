/*
 * Lock statistics (CONFIG_LOCK_STAT): counts and times of each class of locks, a class being a
 * rank. sched/lock_stat.h
 *
 * Each CPU counts for itself and touches nothing of another's, so that the statistics do not make
 * the contention that they look for. The places where somebody waited are counted for all CPUs
 * together: a wait is slow anyway.
 *
 * Spinlocks count with interrupts off, sleeping locks in tasks only: no CPU is in the middle of a
 * count when it begins another of the same class. A reader may see a time that is half written.
 */
#include "lock_account.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "sched/lock.h"

#ifdef CONFIG_LOCK_STAT
/*
 * Names as Linux would write them where it has the same lock. A rank that is not here
 * counts as the first.
 */
#define CLASSES(X) \
	X(0, "(others)") \
	X(RANK_FILE_POS, "&f->f_pos_lock") \
	X(RANK_FILE_DATA, "&p->lock") \
	X(RANK_KMAP_BENCH, "kmap_bench") \
	X(RANK_STOP, "stop_lock") \
	X(RANK_PROC_EXEC, "&sig->exec_lock") \
	X(RANK_TTY, "&tty->lock") \
	X(RANK_TTY_OUTPUT, "&tty->output_lock") \
	X(RANK_TTY_INPUT, "&tty->input_lock") \
	X(RANK_SOCKET_BIND, "&sk->bind_lock") \
	X(RANK_FS_MOUNT, "mount_lock") \
	X(RANK_FS_RENAME, "&sb->rename_lock") \
	X(RANK_INODE, "&inode->lock") \
	X(RANK_PIPE, "&pipe->lock") \
	X(RANK_SOCKET_READ, "&sk->read_lock") \
	X(RANK_PTY_TABLE, "pty_table") \
	X(RANK_IPC_TABLE, "&ids->lock") \
	X(RANK_MMAP, "&mm->mmap_lock") \
	X(RANK_MAPPING, "&mapping->i_mmap_sem") \
	X(RANK_PAGE_LOCK, "page_lock") \
	X(RANK_VMALLOC, "vmalloc_lock") \
	X(RANK_KMAP, "kmap_lock") \
	X(RANK_TASKLIST, "tasklist_lock") \
	X(RANK_FILES, "&files->lock") \
	X(RANK_DENTRY, "&dentry->lock") \
	X(RANK_INODE_SPIN, "&inode->i_lock") \
	X(RANK_SOCKET_NAMES, "socket_names") \
	X(RANK_SIGNAL, "&process->siglock") \
	X(RANK_SOCKET_GC, "socket_gc") \
	X(RANK_FUTEX, "&futex_bucket->lock") \
	X(RANK_SOCKET, "&sk->lock") \
	X(RANK_EPOLL, "&ep->lock") \
	X(RANK_IPC, "&ipc->lock") \
	X(RANK_SEM_UNDO, "&sem_undo->lock") \
	X(RANK_PAGETABLE, "&mm->page_table_lock") \
	X(RANK_ANON_VMA, "&anon_vma->lock") \
	X(RANK_XARRAY, "&mapping->tree_lock") \
	X(RANK_LRU, "&zone->lru_lock") \
	X(RANK_PKMAP, "pkmap_lock") \
	X(RANK_SLAB, "&cache->lock") \
	X(RANK_ZONE, "&zone->lock") \
	X(RANK_DEVICE, "devices") \
	X(RANK_TIMER, "&timers->lock") \
	X(RANK_WAITQUEUE, "&wq->lock") \
	X(RANK_TASK, "&task->wake_lock") \
	X(RANK_RUNQUEUE, "&rq->lock") \
	X(RANK_LEAF, "leaves")

#define AS_NUMBER(rank, name) CLASS_##rank,
#define AS_NAME(rank, name) [CLASS_##rank] = (name),
#define AS_CLASS(rank, name) [rank] = CLASS_##rank,
enum lock_class { CLASSES(AS_NUMBER) NR_CLASSES };
static const char *const names[NR_CLASSES] = {CLASSES(AS_NAME)};
static const u8 class_of[RANK_LEAF + 1] = {CLASSES(AS_CLASS)};

struct class_counts {
	struct lock_use use[2]; /* to write, which is all that a spinlock or a mutex can; to read */
};
struct all_counts {
	struct class_counts classes[NR_CLASSES];
};
static DEFINE_PER_CPU(struct all_counts, counts);

struct class_points {
	struct lock_point waiters[LOCK_POINTS], holders[LOCK_POINTS];
};
static struct class_points points[NR_CLASSES];

unsigned sysctl_lock_stat = 1;

u64 lock_stat_clock(void)
{
	return READ_ONCE(sysctl_lock_stat) ? clock_ns() : 0;
}

static struct lock_use *use_of(unsigned rank, bool read)
{
	return &this_cpu_ptr(counts)->classes[class_of[rank]].use[read];
}

/* The clocks of two CPUs may differ a little. */
static u64 time_since(u64 since)
{
	u64 now = clock_ns();

	return now > since ? now - since : 0;
}

static void add_time(struct lock_times *t, u64 ns)
{
	if (!t->count || ns < t->min)
		t->min = ns;
	if (ns > t->max)
		t->max = ns;
	t->total += ns;
	t->count++;
}

/* The first place that is @caller's or nobody's; a fifth caller is not told of. */
static void count_point(struct lock_point *p, void *caller)
{
	for (unsigned i = 0; i < LOCK_POINTS; i++, p++) {
		void *old = NULL;

		if (READ_ONCE(p->caller) != caller &&
		    !__atomic_compare_exchange_n(&p->caller, &old, caller, false, __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED) &&
		    old != caller)
			continue;
		__atomic_fetch_add(&p->count, 1, __ATOMIC_RELAXED);
		return;
	}
}

void lock_stat_taken(unsigned rank, bool read, bool bounced)
{
	if (bounced && READ_ONCE(sysctl_lock_stat))
		use_of(rank, read)->take_bounces++;
}

void lock_stat_waited(unsigned rank, bool read, const struct lock_wait *wait, void *waiter)
{
	struct class_points *p = &points[class_of[rank]];
	struct lock_use *use = use_of(rank, read);

	if (!wait->since)
		return;
	add_time(&use->wait, time_since(wait->since));
	use->wait_bounces += wait->bounced;
	count_point(p->waiters, waiter);
	if (wait->holder)
		count_point(p->holders, wait->holder);
}

void lock_stat_released(unsigned rank, bool read, u64 since)
{
	if (since)
		add_time(&use_of(rank, read)->hold, time_since(since));
}

static void sum_times(struct lock_times *sum, const struct lock_times *t)
{
	if (!t->count)
		return;
	if (!sum->count || t->min < sum->min)
		sum->min = t->min;
	if (t->max > sum->max)
		sum->max = t->max;
	sum->total += t->total;
	sum->count += t->count;
}

static void sum_use(struct lock_use *sum, const struct lock_use *use)
{
	sum_times(&sum->wait, &use->wait);
	sum_times(&sum->hold, &use->hold);
	sum->wait_bounces += use->wait_bounces;
	sum->take_bounces += use->take_bounces;
}

bool lock_stat_read(unsigned index, struct lock_class_stat *sum)
{
	if (index >= NR_CLASSES)
		return false;
	*sum = (struct lock_class_stat){.name = names[index]};
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		const struct class_counts *c = &per_cpu_ptr(counts, cpu)->classes[index];

		sum_use(&sum->write, &c->use[false]);
		sum_use(&sum->read, &c->use[true]);
	}
	memcpy(sum->waiters, points[index].waiters, sizeof(sum->waiters));
	memcpy(sum->holders, points[index].holders, sizeof(sum->holders));
	return true;
}

void lock_stat_clear(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		memset(per_cpu_ptr(counts, cpu), 0, sizeof(struct all_counts));
	memset(points, 0, sizeof(points));
}
#endif
