/*
 * Out of memory: the process whose death gives back most is chosen, by Linux's rules, and the log
 * says who was asked, what there was, and why it was not enough.
 *
 * One at a time: while a victim is dying nobody else is killed, and whoever needs memory waits for
 * it. proc(5) oom_score, oom_score_adj. Read next: page_alloc.c, who calls.
 */
#include "mm/inspect.h"
#include "mm/oom.h"
#include "virt.h"

void (*oom_for_each_process)(void (*fn)(const struct oom_candidate *c, void *arg), void *arg);
void (*oom_kill)(void *process, pid_t pid);

/*
 * A victim that has not died after so long is stuck, perhaps waiting for the one who waits for
 * it.
 */
#define PATIENCE (2 * NSEC_PER_SEC)

static mutex_t oom_lock;
static u64 last_kill; /* oom_lock */

long oom_badness(const struct mm *mm, s32 score_adj)
{
	long points = (long)mm_rss(mm) + mm->swap_ents + (long)(mm->pt_bytes >> PAGE_SHIFT);

	return points + (long)score_adj * (long)(total_ram_pages() / 1000);
}

unsigned oom_score(const struct mm *mm, s32 score_adj)
{
	long total = (long)total_ram_pages(), score;

	if (score_adj == -1000)
		return 0;
	score = 1000 + (long)((s64)oom_badness(mm, score_adj) * 1000 / MAX(total, 1L));
	return (unsigned)MAX(score * 2 / 3, 0L);
}

struct choice {
	void *process;
	pid_t pid;
	char comm[16];
	uid_t uid;
	s32 score_adj;
	long points;
	unsigned long total, anon, file, shmem, pt_kb;
	bool somebody_dies;
};

static void consider(const struct oom_candidate *c, void *arg)
{
	struct choice *best = arg;
	long points;

	if (c->dying) {
		best->somebody_dies = true;
		return;
	}
	if (!c->mm || c->unkillable || c->score_adj == -1000)
		return;
	points = oom_badness(c->mm, c->score_adj);
	if (best->process && points <= best->points)
		return;
	best->process = c->process;
	best->pid = c->pid;
	best->uid = c->uid;
	best->score_adj = c->score_adj;
	best->points = points;
	best->total = c->mm->total_vm;
	best->anon = (unsigned long)c->mm->rss_anon;
	best->file = (unsigned long)c->mm->rss_file;
	best->shmem = (unsigned long)c->mm->rss_shmem;
	best->pt_kb = c->mm->pt_bytes >> 10;
	strscpy(best->comm, c->comm, sizeof(best->comm));
}

static void report_victim(const struct choice *v)
{
	const unsigned kb = PAGE_SHIFT - 10;

	pr_err("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
	       "file-rss:%lukB, shmem-rss:%lukB, "
	       "UID:%u pgtables:%lukB oom_score_adj:%d\n",
	       v->pid, v->comm, v->total << kb, v->anon << kb, v->file << kb, v->shmem << kb,
	       v->uid, v->pt_kb, v->score_adj);
}

/* Give the victim a moment to die. */
static void wait_a_moment(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_ns() + 10 * 1000 * 1000);
}

static bool kill_somebody(gfp_t gfp, unsigned order)
{
	struct choice choice = {0};

	oom_for_each_process(consider, &choice);
	if (choice.somebody_dies && clock_ns() - last_kill < PATIENCE)
		return true;
	if (!choice.process)
		return false;
	pr_warn("%s invoked oom-killer: gfp_mask=0x%x, order=%u\n", current->comm, gfp, order);
	mm_report_memory(gfp, order, "out of memory");
	report_victim(&choice);
	vm_event_add(VM_OOM_KILL, 1);
	last_kill = clock_ns();
	oom_kill(choice.process, choice.pid);
	return true;
}

static bool out_of_memory(gfp_t gfp, unsigned order)
{
	bool progress;

	if (!oom_for_each_process || !oom_kill || in_interrupt())
		return false;
	if (fatal_signal_pending(current))
		return false; /* it dies of that; its reserve is for the way out */
	if (!mutex_trylock(&oom_lock)) {
		wait_a_moment();
		return true;
	}
	progress = kill_somebody(gfp, order);
	mutex_unlock(&oom_lock);
	if (progress)
		wait_a_moment();
	return progress;
}

void oom_init(void)
{
	mutex_init(&oom_lock, RANK_KMAP);
	mm_out_of_memory = out_of_memory;
}
