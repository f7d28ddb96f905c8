/* Private to mm/: the files of the OOM killer. */
#ifndef MM_OOM_PRIVATE_H
#define MM_OOM_PRIVATE_H

#include "mm/oom.h"

/* mm->oom (a) */
#define OOM_VICTIM 1u   /* its tasks are being killed, and may use half of the reserves */
#define OOM_UNSTABLE 2u /* its private pages are being taken away: faults fail */
#define OOM_GONE 4u     /* nothing more will come from it: choose somebody else */

/* oom_reaper.c */
/* @mm belongs to somebody who is being killed; @reap: his memory may be taken before he is gone. */
void oom_mark_victim(struct mm *mm, bool reap);
/* Victims whose memory has not come yet. */
unsigned oom_victims_pending(void);
/* The areas of a victim are gone, or will not go. */
void oom_victim_gone(struct mm *mm);
void oom_reaper_start(void);

/* oom_report.c: who asked, what there is, why it is not enough, in Linux's lines and in words. */
void oom_report(gfp_t gfp, unsigned order);

#endif
