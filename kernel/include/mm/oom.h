/*
 * Out of memory: mm chooses whom to kill, proc knows who there is and how to kill.
 */
#ifndef MM_OOM_H
#define MM_OOM_H

#include "mm/mm.h"

/* A process as the choice sees it. @mm is only read while it is offered. */
struct oom_candidate {
	void *process; /* what oom_kill gets */
	pid_t pid;
	const char *comm;
	uid_t uid;
	struct mm *mm;
	s32 score_adj;   /* -1000..1000; -1000: never */
	bool unkillable; /* init, kernel threads, in the middle of vfork or exec */
	bool dying;      /* killed already, its memory will come */
};
/*
 * proc registers both. Offer each process to @fn under whatever lock keeps it; @fn does not
 * sleep.
 */
extern void (*oom_for_each_process)(void (*fn)(const struct oom_candidate *c, void *arg),
				    void *arg);
/*
 * Kill the process with @pid that @process named (it may be gone), letting it use the reserves
 * (PF_OOM_VICTIM).
 */
extern void (*oom_kill)(void *process, pid_t pid);

/*
 * The badness of Linux: pages of memory, swap and page tables, plus score_adj thousandths of all
 * memory.
 */
long oom_badness(const struct mm *mm, s32 score_adj);
/* 0..2000, as /proc/PID/oom_score. */
unsigned oom_score(const struct mm *mm, s32 score_adj);

#endif
