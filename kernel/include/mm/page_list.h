/*
 * A list of pages, through their own 24-bit links: doubly linked, with both ends. All zero is an
 * empty list. A page is on at most one list. No locks: the owner of the list brings one.
 */
#ifndef MM_PAGE_LIST_H
#define MM_PAGE_LIST_H

#include "lib/string.h"
#include "mm/page.h"

struct page_list {
	u32 first, last; /* frame numbers; PFN_NONE: empty */
	unsigned long count;
};

/* link[0..2] is the next frame, link[3..5] the previous one; each is read as one unaligned word. */
static inline pfn_t page_link_next(const struct page *page)
{
	u32 word;

	memcpy(&word, page->link, 4);
	return word & (PFN_LIMIT - 1);
}

static inline pfn_t page_link_prev(const struct page *page)
{
	u32 word;

	memcpy(&word, page->link + 2, 4);
	return word >> 8;
}

static inline void page_link_set_next(struct page *page, pfn_t pfn)
{
	u16 low = (u16)pfn;

	memcpy(page->link, &low, 2);
	page->link[2] = (u8)(pfn >> 16);
}

static inline void page_link_set_prev(struct page *page, pfn_t pfn)
{
	u16 low = (u16)pfn;

	memcpy(page->link + 3, &low, 2);
	page->link[5] = (u8)(pfn >> 16);
}

static inline bool page_list_empty(const struct page_list *list)
{
	return list->first == PFN_NONE;
}

/* The ends and the neighbours; NULL: none. */
static inline struct page *page_list_first(const struct page_list *list)
{
	return list->first == PFN_NONE ? NULL : pfn_to_page(list->first);
}

static inline struct page *page_list_last(const struct page_list *list)
{
	return list->last == PFN_NONE ? NULL : pfn_to_page(list->last);
}

static inline struct page *page_list_next(const struct page *page)
{
	pfn_t pfn = page_link_next(page);

	return pfn == PFN_NONE ? NULL : pfn_to_page(pfn);
}

static inline struct page *page_list_prev(const struct page *page)
{
	pfn_t pfn = page_link_prev(page);

	return pfn == PFN_NONE ? NULL : pfn_to_page(pfn);
}

static inline void page_list_add(struct page_list *list, struct page *page)
{
	pfn_t pfn = page_to_pfn(page);

	page_link_set_prev(page, PFN_NONE);
	page_link_set_next(page, list->first);
	if (list->first == PFN_NONE)
		list->last = (u32)pfn;
	else
		page_link_set_prev(pfn_to_page(list->first), pfn);
	list->first = (u32)pfn;
	list->count++;
}

static inline void page_list_add_tail(struct page_list *list, struct page *page)
{
	pfn_t pfn = page_to_pfn(page);

	page_link_set_next(page, PFN_NONE);
	page_link_set_prev(page, list->last);
	if (list->last == PFN_NONE)
		list->first = (u32)pfn;
	else
		page_link_set_next(pfn_to_page(list->last), pfn);
	list->last = (u32)pfn;
	list->count++;
}

static inline void page_list_del(struct page_list *list, struct page *page)
{
	pfn_t next = page_link_next(page), prev = page_link_prev(page);

	if (prev == PFN_NONE)
		list->first = (u32)next;
	else
		page_link_set_next(pfn_to_page(prev), next);
	if (next == PFN_NONE)
		list->last = (u32)prev;
	else
		page_link_set_prev(pfn_to_page(next), prev);
	list->count--;
}

/* Take the first; NULL: empty. */
static inline struct page *page_list_pop(struct page_list *list)
{
	struct page *page = page_list_first(list);

	if (page)
		page_list_del(list, page);
	return page;
}

#define page_list_for_each(page, list) \
	for ((page) = page_list_first(list); (page); (page) = page_list_next(page))

#endif
