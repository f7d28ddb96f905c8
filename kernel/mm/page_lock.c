/*
 * The page lock: PG_LOCKED, with wait queues that pages share by hash.
 *
 * PG_WAITERS says that somebody may be asleep on the page, so that an unlock without waiters is one
 * atomic operation. It is set before the last look at PG_LOCKED and cleared together with it: a
 * waiter that sets it later sees the lock free.
 */
#include "arch/log.h"
#include "lib/hash.h"
#include "mm/page.h"
#include "page_wait.h"
#include "sched/task.h"

#define QUEUE_BITS 6

static struct wait_queue queues[1 << QUEUE_BITS];

void page_wait_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(queues); i++)
		wait_queue_init(&queues[i]);
}

static struct wait_queue *page_queue(const struct page *page)
{
	return &queues[hash_32((u32)page_to_pfn(page), QUEUE_BITS)];
}

/* @key is the frame number of the page that was unlocked. */
static bool wake_if_same(struct wait_entry *e, unsigned key)
{
	if (page_to_pfn(e->data) != key)
		return false;
	wake_up_task(e->task);
	return true;
}

bool page_trylock(struct page *page)
{
	return !page_test_and_set(page, PG_LOCKED);
}

/* Sleep until the lock is free, and take it if @take. 0, or -EINTR on a fatal signal if @state is
 * TASK_KILLABLE. */
static int wait_for_lock(struct page *page, unsigned state, bool take)
{
	struct wait_queue *queue = page_queue(page);
	struct wait_entry entry;
	int error = 0;

	wait_entry_init(&entry);
	entry.wake = wake_if_same;
	entry.data = page;
	for (;;) {
		prepare_to_wait(queue, &entry, state, false);
		page_set(page, PG_WAITERS);
		if (take ? page_trylock(page) : !page_test(page, PG_LOCKED))
			break;
		if (signal_pending_state(state, current)) {
			error = -EINTR;
			break;
		}
		schedule();
	}
	finish_wait(queue, &entry);
	return error;
}

void page_lock(struct page *page)
{
	if (unlikely(!page_trylock(page)))
		wait_for_lock(page, TASK_UNINTERRUPTIBLE, true);
}

int page_lock_killable(struct page *page)
{
	if (likely(page_trylock(page)))
		return 0;
	return wait_for_lock(page, TASK_KILLABLE, true);
}

void page_wait_unlocked(struct page *page)
{
	if (page_test(page, PG_LOCKED))
		wait_for_lock(page, TASK_UNINTERRUPTIBLE, false);
}

void page_unlock(struct page *page)
{
	u16 both = 1u << PG_LOCKED | 1u << PG_WAITERS;
	u16 old = __atomic_fetch_and(&page->flags, (u16)(both ^ 0xffff), __ATOMIC_SEQ_CST);

	DEBUG_ASSERT(old & 1u << PG_LOCKED);
	if (unlikely(old & 1u << PG_WAITERS))
		wake_up_poll(page_queue(page), (unsigned)page_to_pfn(page));
}
