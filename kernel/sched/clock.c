/*
 * CLOCK_REALTIME: the monotonic clock plus an offset, which is 64 bits and so needs a sequence
 * count on a 32-bit machine: odd while it changes, and a reader that saw it change reads again.
 */
#include "sched/timer.h"
#include "lib/atomic.h"

static DEFINE_SPINLOCK(set_lock, RANK_LEAF);
static u32 sequence;
static u64 offset;
static bool offset_known;

static u64 read_offset(void)
{
	u32 before;
	u64 value;

	do {
		before = atomic_read_acquire(&sequence) & ~1u;
		value = READ_ONCE(offset);
		smp_rmb();
	} while (READ_ONCE(sequence) != before);
	return value;
}

static void write_offset(u64 value)
{
	irqflags_t flags = spin_lock_irqsave(&set_lock);

	WRITE_ONCE(sequence, sequence + 1);
	smp_wmb();
	WRITE_ONCE(offset, value);
	atomic_set_release(&sequence, sequence + 1);
	WRITE_ONCE(offset_known, true);
	vdso_set_realtime_offset(value);
	spin_unlock_irqrestore(&set_lock, flags);
}

static inline void know_offset(void)
{
	if (unlikely(!READ_ONCE(offset_known)))
		write_offset(clock_boot_realtime_ns());
}

u64 realtime_ns(void)
{
	know_offset();
	return clock_ns() + read_offset();
}

/* The mark comes first: if the offset changes after it, it is of no use any more. */
u64 realtime_ns_mark(struct clock_mark *m)
{
	u64 ns;

	know_offset();
	ns = clock_ns_mark(m);
	return ns + read_offset();
}

void realtime_set(u64 ns)
{
	write_offset(ns - clock_ns());
}
