/*
 * The OOM reaper: takes the private pages of a victim that is stuck, perhaps behind a lock that the
 * one who waits for memory holds.
 *
 * Each victim's address space is on a list until its memory has come: because the victim ended
 * (exit_areas), or because the reaper took its pages, or because the reaper could not get mmap_lock
 * for a second and gives it up. The victim may still run in the kernel meanwhile: OOM_UNSTABLE
 * makes its faults fail, so that it never reads a page of zeros where its data was.
 *
 * Lock: victims_lock for the list. Read next: oom.c.
 */
#include "oom_private.h"
#include "virt.h"

#define TRIES 10
#define TRY_NS (100 * NSEC_PER_MSEC)

static DEFINE_SPINLOCK(victims_lock, RANK_LEAF);
static struct mm *victims; /* to be reaped, by oom_next; each counted (the structure) */
static u32 pending;        /* (a) victims that are not OOM_GONE */
static DEFINE_WAIT_QUEUE(reaper_wait);

unsigned oom_victims_pending(void)
{
	return atomic_read(&pending);
}

void oom_victim_gone(struct mm *mm)
{
	u32 old = __atomic_fetch_or(&mm->oom, OOM_GONE, __ATOMIC_SEQ_CST);

	if ((old & (OOM_VICTIM | OOM_GONE)) == OOM_VICTIM)
		atomic_dec(&pending);
}

void oom_mark_victim(struct mm *mm, bool reap)
{
	if (__atomic_fetch_or(&mm->oom, OOM_VICTIM, __ATOMIC_SEQ_CST) & (OOM_VICTIM | OOM_GONE))
		return;
	atomic_inc(&pending);
	if (!READ_ONCE(mm->users)) { /* it went in between */
		oom_victim_gone(mm);
		return;
	}
	mm->oom_keep = !reap;
	mm_grab(mm);
	spin_lock(&victims_lock);
	mm->oom_next = victims;
	victims = mm;
	spin_unlock(&victims_lock);
	wake_up(&reaper_wait);
}

static struct mm *next_victim(void)
{
	struct mm *mm;

	spin_lock(&victims_lock);
	mm = victims;
	if (mm)
		victims = mm->oom_next;
	spin_unlock(&victims_lock);
	return mm;
}

/* => mmap_lock held for read */
static void take_private_pages(struct mm *mm)
{
	struct tlb_gather tlb;

	__atomic_fetch_or(&mm->oom, OOM_UNSTABLE, __ATOMIC_SEQ_CST);
	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma)) {
		if (vma->flags & (VM_SHARED | VM_PFNMAP | VM_IO))
			continue;
		tlb_gather_begin(&tlb, mm);
		zap_range(&tlb, vma, vma->start, vma->end, false);
		tlb_gather_end(&tlb);
	}
}

/* True: it is settled, one way or the other. */
static bool try_to_reap(struct mm *mm)
{
	const unsigned kb = PAGE_SHIFT - 10;

	if (atomic_read(&mm->oom) & OOM_GONE)
		return true;
	if (mm->oom_keep || !down_read_trylock(&mm->mmap_lock))
		return false;
	/*
	 * Who tears the areas down holds mmap_lock for write: either they are all there, or none.
	 */
	take_private_pages(mm);
	up_read(&mm->mmap_lock);
	pr_info("oom_reaper: reaped a victim, now anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB\n",
		(unsigned long)mm->rss_anon << kb, (unsigned long)mm->rss_file << kb,
		(unsigned long)mm->rss_shmem << kb);
	return true;
}

static void pause(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_ns() + TRY_NS);
}

/* The victim has a moment to do it itself: it knows what to free, and frees all of it. */
static void reap(struct mm *mm)
{
	unsigned tries = TRIES;

	do
		pause();
	while (!try_to_reap(mm) && --tries);
	if (!tries)
		pr_info("oom_reaper: unable to reap a victim, its memory is given up\n");
	oom_victim_gone(mm);
	mm_drop(mm);
}

static int oom_reaper(void *unused)
{
	(void)unused;
	current->flags |= PF_MEMALLOC;
	for (;;) {
		struct mm *mm;

		wait_event(&reaper_wait, READ_ONCE(victims));
		mm = next_victim();
		if (mm)
			reap(mm);
	}
	return 0;
}

void oom_reaper_start(void)
{
	if (!kthread_create(oom_reaper, NULL, "oom_reaper"))
		pr_warn("No memory for the OOM reaper\n");
}
