/*
 * kmap: windows on high pages that any thread may use and that live as long as they are needed. One
 * page table of them, shared by all CPUs.
 *
 *   count 0     the slot is free, and no TLB knows it
 *   count 1     nobody uses it, but it is still mapped, and TLBs may know it: a new kmap of the
 *               same page takes it back
 *   count n     n - 1 users
 *
 * Free slots are taken in a circle. When the circle closes, all slots of count 1 are unmapped and
 * the TLBs of all CPUs flushed, once for all of them. That flush, and the one lock, is why kmap
 * does not scale and kmap_local does. With every slot in use the caller sleeps, and on waking looks
 * first whether somebody mapped its page meanwhile.
 *
 * Lock: pkmap_lock, not taken by interrupt handlers, because the flush waits for the other CPUs
 * under it.
 */
#include "arch/log.h"
#include "pkmap.h"
#include "lib/bitmap.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "boot_memory.h"
#include "mm/inspect.h"
#include "sched/task.h"

#define HASH_BITS 9
#define NO_SLOT 0xffffu

struct slot {
	u32 count;
	u32 pfn;
	void *addr;
	u16 next; /* in its hash chain */
};

static DEFINE_SPINLOCK(pkmap_lock, RANK_PKMAP);
static DEFINE_WAIT_QUEUE(pkmap_wait);
static struct slot *slots;        /* NULL: no high memory */
static u16 *chains;               /* 2^HASH_BITS heads: frame -> slot */
static unsigned long *free_map;   /* slots of count 0 */
static unsigned long *unused_map; /* slots of count 1 */
static unsigned cursor;           /* where the next search begins */
static unsigned long flushes;
static unsigned long waits;

#ifdef CONFIG_DEBUG_KMAP
bool pkmap_unmap_at_once = true;
#else
bool pkmap_unmap_at_once;
#endif

void pkmap_init(void)
{
	unsigned n = windows.pkmap_slots;
	size_t map_size = BITS_TO_LONGS(n) * sizeof(long);

	slots = memblock_alloc(n * sizeof(*slots), sizeof(void *));
	chains = memblock_alloc(sizeof(u16) << HASH_BITS, sizeof(u16));
	free_map = memblock_alloc(map_size, sizeof(long));
	unused_map = memblock_alloc(map_size, sizeof(long));
	memset(chains, 0xff, sizeof(u16) << HASH_BITS);
	bitmap_set(free_map, 0, n);
	cursor = 0;
	flushes = 0;
	waits = 0;
}

/* ---- frame -> slot ---- */

static u16 *chain_of(pfn_t pfn)
{
	return &chains[hash_32((u32)pfn, HASH_BITS)];
}

static struct slot *find(pfn_t pfn)
{
	u16 n = *chain_of(pfn);

	while (n != NO_SLOT && slots[n].pfn != pfn)
		n = slots[n].next;
	return n == NO_SLOT ? NULL : &slots[n];
}

static void unhash(struct slot *slot)
{
	u16 *link = chain_of(slot->pfn);

	while (&slots[*link] != slot)
		link = &slots[*link].next;
	*link = slot->next;
}

/* ---- slots: => pkmap_lock ---- */

static void unmap(unsigned n)
{
	arch_pkmap_unmap(n);
	unhash(&slots[n]);
	slots[n].count = 0;
	__clear_bit(n, unused_map);
	__set_bit(n, free_map);
}

/* Make every unused slot free, and every TLB forget them, in one go. */
static void flush_unused(void)
{
	unsigned total = windows.pkmap_slots;
	unsigned long n, first = find_first_bit(unused_map, total), last = first;
	char *base = windows.pkmap_base;

	if (first >= total)
		return;
	for (n = first; n < total; n = find_next_bit(unused_map, total, n + 1)) {
		unmap((unsigned)n);
		last = n;
	}
	tlb_flush_kernel_range(base + first * PAGE_SIZE, base + (last + 1) * PAGE_SIZE);
	flushes++;
}

/* A free slot, or windows.pkmap_slots. */
static unsigned take_slot(void)
{
	unsigned total = windows.pkmap_slots;
	unsigned long n = find_next_bit(free_map, total, cursor);

	if (n >= total) {
		flush_unused();
		n = find_first_bit(free_map, total);
	}
	if (n < total) {
		__clear_bit((unsigned)n, free_map);
		cursor = (unsigned)n + 1;
	}
	return (unsigned)n;
}

static void *map_new(pfn_t pfn)
{
	unsigned n = take_slot();
	struct slot *slot;

	if (n >= windows.pkmap_slots)
		return NULL;
	slot = &slots[n];
	slot->pfn = (u32)pfn;
	slot->count = 2;
	slot->next = *chain_of(pfn);
	*chain_of(pfn) = (u16)n;
	slot->addr = arch_pkmap_map(n, pfn);
	return slot->addr;
}

static void *get(pfn_t pfn)
{
	struct slot *slot = find(pfn);

	if (!slot)
		return map_new(pfn);
	if (slot->count++ == 1)
		__clear_bit((unsigned)(slot - slots), unused_map);
	return slot->addr;
}

/* ---- the calls ---- */

static void *kmap_wait(pfn_t pfn)
{
	struct wait_entry entry;
	void *addr;

	wait_entry_init(&entry);
	for (;;) {
		prepare_to_wait(&pkmap_wait, &entry, TASK_UNINTERRUPTIBLE, false);
		spin_lock(&pkmap_lock);
		addr = get(pfn);
		waits += !addr;
		spin_unlock(&pkmap_lock);
		if (addr)
			break;
		schedule();
	}
	finish_wait(&pkmap_wait, &entry);
	return addr;
}

void *kmap(struct page *page)
{
	pfn_t pfn = page_to_pfn(page);
	void *addr;

	if (pfn < max_low_pfn)
		return page_address(page);
	BUG_ON(in_interrupt());
	spin_lock(&pkmap_lock);
	addr = get(pfn);
	spin_unlock(&pkmap_lock);
	return addr ?: kmap_wait(pfn);
}

static void release(struct slot *slot)
{
	unsigned n = (unsigned)(slot - slots);
	char *base = windows.pkmap_base;

	__set_bit(n, unused_map);
	if (pkmap_unmap_at_once) {
		unmap(n);
		tlb_flush_kernel_range(base + n * PAGE_SIZE, base + (n + 1) * PAGE_SIZE);
	}
}

void kunmap(struct page *page)
{
	pfn_t pfn = page_to_pfn(page);
	struct slot *slot;
	bool unused;

	if (pfn < max_low_pfn)
		return;
	BUG_ON(in_interrupt());
	spin_lock(&pkmap_lock);
	slot = find(pfn);
	if (!slot || slot->count < 2)
		panic("kunmap: frame %lx is not mapped, called by %pS", pfn,
		      __builtin_return_address(0));
	unused = --slot->count == 1;
	if (unused)
		release(slot);
	spin_unlock(&pkmap_lock);
	if (unused && wait_queue_active(&pkmap_wait))
		wake_up(&pkmap_wait);
}

void inspect_pkmap(struct inspect_pkmap *out)
{
	unsigned total = windows.pkmap_slots;

	*out = (struct inspect_pkmap){.slots = total};
	if (!slots)
		return;
	spin_lock(&pkmap_lock);
	out->free = (unsigned)bitmap_weight(free_map, total);
	out->unused = (unsigned)bitmap_weight(unused_map, total);
	out->flushes = flushes;
	out->waits = waits;
	spin_unlock(&pkmap_lock);
}

bool inspect_pkmap_slot(unsigned n, pfn_t *pfn, unsigned *count)
{
	if (!slots || n >= windows.pkmap_slots)
		return false;
	spin_lock(&pkmap_lock);
	*pfn = slots[n].pfn;
	*count = slots[n].count;
	spin_unlock(&pkmap_lock);
	return true;
}
