/* Private to mm/: reclaim, between reclaim.c and kswapd.c. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "zone.h"

/* Turns of reclaim: the first looks at 1/2^12 of the lists, the last at all. */
#define RECLAIM_PRIORITY 12

/* One turn on the page lists of a zone: how many pages were dropped. Sleeps. */
unsigned long reclaim_zone(enum zone_id id, unsigned priority, bool may_write);
/* Somebody freed something: kswapd need not think that there is nothing to gain. */
void kswapd_progress(void);

#endif
