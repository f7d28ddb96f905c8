/*
 * Out of memory: mm chooses whom to kill, proc knows who there is and how to kill. proc(5)
 * oom_score, oom_score_adj; Linux's sysctl/vm: oom_kill_allocating_task, panic_on_oom,
 * oom_dump_tasks.
 */
#ifndef MM_OOM_H
#define MM_OOM_H

#include "mm/mm.h"

#define OOM_ADJ_MIN (-1000) /* never */
#define OOM_ADJ_MAX 1000

/* A process as the choice sees it. @mm and @comm are only read while it is offered. */
struct oom_candidate {
	void *process; /* what oom_kill gets */
	pid_t pid;
	const char *comm;
	uid_t uid;
	struct mm *mm;
	s32 score_adj;   /* OOM_ADJ_MIN..OOM_ADJ_MAX */
	bool unkillable; /* init, kernel threads, a child of vfork in its parent's memory */
	bool dying;      /* killed or exiting already, its memory will come */
	bool is_current; /* the caller's own */
};
/*
 * proc registers both. Offer each process to @fn under whatever lock keeps it; @fn does not
 * sleep.
 */
extern void (*oom_for_each_process)(void (*fn)(const struct oom_candidate *c, void *arg),
				    void *arg);
/*
 * SIGKILL for the process with @pid that @process named (it may be gone), and for every other one
 * that uses @mm. False: somebody who must not die uses it, so that it must not be taken apart.
 */
extern bool (*oom_kill)(void *process, pid_t pid, struct mm *mm);

/*
 * The badness of Linux: pages of memory, swap and page tables, plus score_adj thousandths of all
 * memory.
 */
long oom_badness(const struct mm *mm, s32 score_adj);
/* 0..2000, as /proc/PID/oom_score. */
unsigned oom_score(const struct mm *mm, s32 score_adj);

extern unsigned sysctl_oom_kill_allocating_task, sysctl_panic_on_oom, sysctl_oom_dump_tasks;

#endif
