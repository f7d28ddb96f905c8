/* Private to mm/: the set-up of the page lock. */
#ifndef MM_PAGE_WAIT_H
#define MM_PAGE_WAIT_H

void page_wait_init(void);

#endif
