/* Private to mm/: the set-up of the kmap window. */
#ifndef MM_PKMAP_H
#define MM_PKMAP_H

#include "mm/highmem.h"

void pkmap_init(void);
/* Unmap at kunmap instead of when the window wraps: CONFIG_DEBUG_KMAP sets it. */
extern bool pkmap_unmap_at_once;

#endif
