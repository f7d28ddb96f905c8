/*
 * Out of memory: the process whose death gives back most is chosen, by Linux's rules.
 *
 *   1 the caller is dying anyway        it becomes a victim: it may use the reserves, and goes on
 *   2 a victim has not given yet        wait for it; nobody else is killed
 *   3 oom_kill_allocating_task          the caller
 *   4 otherwise                         the highest badness; never init, nor oom_score_adj -1000
 *
 * All processes that share the victim's memory die with it. The reaper (oom_reaper.c) takes a
 * victim's private pages while the victim is stuck, or gives it up: then the next one is chosen. So
 * there is always an end.
 *
 * Locks: oom_lock, one at a time; inside it what proc/ needs to look at processes. Read next:
 * oom_reaper.c, oom_report.c, page_alloc.c (who calls), docs/memory/reclaim.md.
 */
#include "oom_private.h"
#include "mm/inspect.h"
#include "virt.h"

void (*oom_for_each_process)(void (*fn)(const struct oom_candidate *c, void *arg), void *arg);
bool (*oom_kill)(void *process, pid_t pid, struct mm *mm);

unsigned sysctl_oom_kill_allocating_task, sysctl_panic_on_oom, sysctl_oom_dump_tasks = 1;

#define WAIT_NS (10 * NSEC_PER_MSEC)

static mutex_t oom_lock;

long oom_badness(const struct mm *mm, s32 score_adj)
{
	long points = (long)mm_rss(mm) + mm->swap_ents + (long)(mm->pt_bytes >> PAGE_SHIFT);

	return points + (long)score_adj * (long)(total_ram_pages() / 1000);
}

unsigned oom_score(const struct mm *mm, s32 score_adj)
{
	long total = (long)total_ram_pages(), score;

	if (score_adj == OOM_ADJ_MIN)
		return 0;
	score = 1000 + (long)((s64)oom_badness(mm, score_adj) * 1000 / MAX(total, 1L));
	return (unsigned)MAX(score * 2 / 3, 0L);
}

/* ---- the choice ---- */

struct choice {
	void *process;
	pid_t pid;
	char comm[16];
	uid_t uid;
	s32 score_adj;
	long points;
	struct mm *mm; /* counted: the structure */
	bool dying;
	bool only_current;
};

static bool is_eligible(const struct oom_candidate *c)
{
	return c->mm && !c->unkillable && c->score_adj != OOM_ADJ_MIN &&
	       !(atomic_read(&c->mm->oom) & OOM_GONE);
}

static void choose(struct choice *best, const struct oom_candidate *c, long points)
{
	if (best->mm)
		mm_drop(best->mm);
	mm_grab(c->mm);
	best->mm = c->mm;
	best->process = c->process;
	best->pid = c->pid;
	best->uid = c->uid;
	best->score_adj = c->score_adj;
	best->points = points;
	best->dying = c->dying;
	strscpy(best->comm, c->comm, sizeof(best->comm));
}

static void consider(const struct oom_candidate *c, void *arg)
{
	struct choice *best = arg;
	long points;

	if (!is_eligible(c) || (best->only_current && !c->is_current))
		return;
	points = oom_badness(c->mm, c->score_adj);
	if (!best->process || points > best->points)
		choose(best, c, points);
}

static void find_victim(struct choice *choice)
{
	if (sysctl_oom_kill_allocating_task) {
		choice->only_current = true;
		oom_for_each_process(consider, choice);
		choice->only_current = false;
	}
	if (!choice->process)
		oom_for_each_process(consider, choice);
}

/* ---- the kill ---- */

static void report_victim(const struct choice *v)
{
	const unsigned kb = PAGE_SHIFT - 10;
	const struct mm *mm = v->mm;

	pr_err("Out of memory%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
	       "file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
	       sysctl_oom_kill_allocating_task ? " (oom_kill_allocating_task)" : "", v->pid,
	       v->comm, mm->total_vm << kb, (unsigned long)mm->rss_anon << kb,
	       (unsigned long)mm->rss_file << kb, (unsigned long)mm->rss_shmem << kb, v->uid,
	       (unsigned long)(mm->pt_bytes >> 10), v->score_adj);
}

static void kill_victim(const struct choice *v)
{
	if (!v->dying) {
		report_victim(v);
		vm_event_add(VM_OOM_KILL, 1);
	}
	/* before the signal: the first thing that the victim does may need memory */
	oom_mark_victim(v->mm, oom_kill(v->process, v->pid, v->mm));
}

/* False: there is nobody to kill. => oom_lock held */
static bool kill_somebody(gfp_t gfp, unsigned order)
{
	struct choice choice = {0};

	if (oom_victims_pending())
		return true;
	if (sysctl_panic_on_oom) {
		oom_report(gfp, order);
		panic("Out of memory: system-wide panic_on_oom is enabled");
	}
	find_victim(&choice);
	if (!choice.process) {
		oom_report(gfp, order);
		pr_warn("Out of memory and no killable processes: the request fails\n");
		return false;
	}
	if (!choice.dying)
		oom_report(gfp, order);
	kill_victim(&choice);
	mm_drop(choice.mm);
	return true;
}

/* Give the victim a moment to die; who is killed meanwhile need not wait. */
static void wait_a_moment(void)
{
	set_current_state(TASK_KILLABLE);
	if (!fatal_signal_pending(current))
		schedule_until(clock_ns() + WAIT_NS);
	set_current_state(TASK_RUNNING);
}

static bool out_of_memory(gfp_t gfp, unsigned order)
{
	bool progress;

	if (!oom_for_each_process || !oom_kill || in_interrupt())
		return false;
	if (current->mm && (fatal_signal_pending(current) || (current->flags & PF_EXITING))) {
		if (atomic_read(&current->mm->oom) & OOM_VICTIM)
			return false; /* the reserves did not suffice either */
		oom_mark_victim(current->mm, false);
		return true;
	}
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
