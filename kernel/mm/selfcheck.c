/*
 * The proof that nothing leaks: with the world stopped, all owners of pages tell what they hold
 * (mm/selfcheck.h), and a table with one word of references and one of mappings for each frame is
 * compared with what struct page says. Debug builds only.
 *
 * A page is in order if it is
 *   free      on a list of the buddy allocator or of a CPU: no references, no other owner;
 *   kernel    a block of get_free_pages() that nobody claims: one reference, and its maker is named;
 *   owned     refs and mapcount are the sum of what the owners told;
 *   reserved  not the allocator's.
 * Anything else is a line of the report. What a task that sleeps in the middle of an operation
 * holds (a page that it waits for, a half-made address space) is told by nobody: so a report is
 * exact when nothing runs, and docs/memory/reclaim.md says how to read another one.
 *
 * Lock: one run at a time. Read next: selfcheck_mm.c and selfcheck_phys.c, the walkers of mm/.
 */
#include "mm/selfcheck.h"

#ifdef CONFIG_DEBUG_VM

#include <stdarg.h>

#include "arch/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/vmalloc.h"
#include "reclaim.h"
#include "sched/stop.h"
#include <linux/errno.h>

/* What was told of one frame. */
struct claim {
	u32 refs, maps, locks;
	u16 owner; /* the first one's place in the list + 1 */
	u8 several;
	u8 kind;
};
enum { CLAIM_NONE, CLAIM_FREE, CLAIM_OWNED };

/* Differences that are told one by one; the rest is a number. */
#define LINES_MAX 40
/* Callers of get_free_pages() that are told apart; the last line has the rest. */
#define KERNEL_CALLERS_MAX 32

struct selfcheck {
	struct claim *claims; /* [max_pfn] */
	struct selfcheck_owner *owner;
	u16 owner_number;
	char *buf;
	size_t size, len;
	unsigned differences;
	unsigned long free, owned, kernel, unknown, promised;
};

static DEFINE_MUTEX(run_lock, RANK_STOP - 1);
static struct selfcheck_owner *owners;

void selfcheck_register(struct selfcheck_owner *owner)
{
	struct selfcheck_owner **at = &owners;

	while (*at)
		at = &(*at)->next;
	owner->next = NULL;
	*at = owner;
}

void selfcheck_link(struct selfcheck_list *list, struct selfcheck_node *n)
{
	spin_lock(&list->lock);
	list_add_tail(&n->node, &list->head);
	spin_unlock(&list->lock);
}

void selfcheck_unlink(struct selfcheck_list *list, struct selfcheck_node *n)
{
	spin_lock(&list->lock);
	list_del(&n->node);
	spin_unlock(&list->lock);
}

/* ---- the report ---- */

static __printf(2, 3) void say(struct selfcheck *sc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	sc->len += (size_t)vscnprintf(sc->buf + sc->len, sc->size - sc->len, fmt, args);
	va_end(args);
}

static bool one_more_difference(struct selfcheck *sc)
{
	return sc->differences++ < LINES_MAX;
}

static const char *owner_name(unsigned number)
{
	struct selfcheck_owner *owner = owners;

	if (!number)
		return "nobody";
	while (--number)
		owner = owner->next;
	return owner->name;
}

static void say_page(struct selfcheck *sc, pfn_t pfn, const char *what)
{
	const struct page *page = pfn_to_page(pfn);
	const struct claim *c = &sc->claims[pfn];

	if (!one_more_difference(sc))
		return;
	say(sc,
	    "page %05lx %s: refs %u counted %u, maps %u counted %u, locks %u counted %u, flags %04x, mapping %p, by %s%s, allocated by %pS\n",
	    pfn, what, page->refs, c->refs, page_mapcount(page), c->maps, page_mlock_count(page),
	    c->locks, page->flags, page->owner, owner_name(c->owner),
	    c->several ? " and others" : "", page_origins[pfn].caller);
}

/* ---- what walkers tell ---- */

static struct claim *claim_of(struct selfcheck *sc, const struct page *page)
{
	struct claim *c = &sc->claims[page_to_pfn(page)];

	if (!c->owner) {
		c->owner = sc->owner_number;
		sc->owner->pages++;
	} else if (c->owner != sc->owner_number) {
		c->several = 1;
	}
	return c;
}

static void claim(struct selfcheck *sc, const struct page *page, unsigned refs, unsigned maps)
{
	struct claim *c = claim_of(sc, page);

	if (c->kind == CLAIM_FREE)
		say_page(sc, page_to_pfn(page), "is free and in use");
	c->kind = CLAIM_OWNED;
	c->refs += refs;
	c->maps += maps;
}

void selfcheck_hold(struct selfcheck *sc, const struct page *page, unsigned n)
{
	claim(sc, page, n, 0);
}

void selfcheck_map(struct selfcheck *sc, const struct page *page)
{
	claim(sc, page, 1, 1);
}

void selfcheck_lock(struct selfcheck *sc, const struct page *page)
{
	claim_of(sc, page)->locks++;
}

void selfcheck_block(struct selfcheck *sc, const struct page *page, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++)
		claim(sc, page + i, !i, 0);
}

void selfcheck_free(struct selfcheck *sc, const struct page *page, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		struct claim *c = claim_of(sc, page + i);

		if (c->kind != CLAIM_NONE)
			say_page(sc, page_to_pfn(page + i), "is free and in use");
		c->kind = CLAIM_FREE;
	}
}

bool selfcheck_is_claimed(struct selfcheck *sc, const struct page *page)
{
	return sc->claims[page_to_pfn(page)].kind != CLAIM_NONE;
}

void selfcheck_equal(struct selfcheck *sc, const char *what, long id, long kept, long counted)
{
	if (kept != counted && one_more_difference(sc))
		say(sc, "count %s of %s %ld: kept %ld, counted %ld\n", what, sc->owner->name, id,
		    kept, counted);
}

void selfcheck_promise(struct selfcheck *sc, unsigned long pages)
{
	sc->promised += pages;
}

/* ---- the comparison ---- */

/*
 * An unclaimed frame of the allocator's: a block of get_free_pages(), or nobody's. How
 * many pages it was.
 */
static unsigned long check_unclaimed(struct selfcheck *sc, pfn_t pfn)
{
	const struct page *page = pfn_to_page(pfn);

	if (page_origins[pfn].kernel && page->refs == 1) {
		unsigned long n = 1ul << page_origins[pfn].order;

		sc->kernel += n;
		return n;
	}
	sc->unknown++;
	say_page(sc, pfn, "has no known owner");
	return 1;
}

static unsigned long check_page(struct selfcheck *sc, pfn_t pfn)
{
	const struct page *page = pfn_to_page(pfn);
	const struct claim *c = &sc->claims[pfn];

	if (page_test(page, PG_RESERVED))
		return 1;
	if (c->kind == CLAIM_NONE)
		return check_unclaimed(sc, pfn);
	if (c->kind == CLAIM_FREE) {
		sc->free++;
		if (page->refs)
			say_page(sc, pfn, "is free, with references");
		return 1;
	}
	sc->owned++;
	if (page->refs != c->refs || page_mapcount(page) != c->maps ||
	    page_mlock_count(page) != c->locks)
		say_page(sc, pfn, "differs");
	return 1;
}

static void check_pages(struct selfcheck *sc)
{
	pfn_t pfn = 1;

	while (pfn < max_pfn)
		pfn += pfn_valid(pfn) ? check_page(sc, pfn) : 1;
}

/* Blocks of get_free_pages() by who asked for them. */
static void say_kernel_blocks(struct selfcheck *sc)
{
	struct {
		const void *caller;
		unsigned long blocks, pages;
	} by[KERNEL_CALLERS_MAX] = {{0}};

	for (pfn_t pfn = 1; pfn < max_pfn; pfn++) {
		const struct page_origin *o = &page_origins[pfn];
		unsigned i = 0;

		if (!pfn_valid(pfn) || sc->claims[pfn].kind ||
		    page_test(pfn_to_page(pfn), PG_RESERVED) || page_refs(pfn_to_page(pfn)) != 1 ||
		    !o->kernel)
			continue;
		while (by[i].caller && by[i].caller != o->caller && i < KERNEL_CALLERS_MAX - 1)
			i++;
		by[i].caller = o->caller;
		by[i].blocks++;
		by[i].pages += 1ul << o->order;
	}
	for (unsigned i = 0; i < KERNEL_CALLERS_MAX && by[i].caller; i++)
		say(sc, "kernel %lu pages in %lu blocks, allocated by %pS\n", by[i].pages,
		    by[i].blocks, by[i].caller);
}

static void look_at_everything(void *arg)
{
	struct selfcheck *sc = arg;
	struct selfcheck_owner *owner = owners;

	for (; owner; owner = owner->next) {
		sc->owner = owner;
		sc->owner_number++;
		owner->pages = 0;
		owner->walk(sc);
	}
	sc->owner = owners;
	selfcheck_equal(sc, "Committed_AS", 0, (long)vm_committed_pages(), (long)sc->promised);
	check_pages(sc);
}

/* The differences are in the buffer already: the summary goes in front of them. */
static void summarize(struct selfcheck *sc)
{
	char line[200];
	int n;

	if (sc->differences)
		n = scnprintf(line, sizeof(line), "differences: %u; ", sc->differences);
	else
		n = scnprintf(line, sizeof(line), "ok: ");
	n += scnprintf(line + n, sizeof(line) - (size_t)n,
		       "%lu free, %lu owned, %lu kernel, %lu without owner\n", sc->free, sc->owned,
		       sc->kernel, sc->unknown);
	n = MIN(n, (int)(sc->size - 1 - sc->len));
	memmove(sc->buf + n, sc->buf, sc->len + 1);
	memcpy(sc->buf, line, (size_t)n);
	sc->len += (size_t)n;
	for (struct selfcheck_owner *owner = owners; owner; owner = owner->next)
		say(sc, "owner %-12s %8lu pages\n", owner->name, owner->pages);
	say_kernel_blocks(sc);
}

int selfcheck_run(char *buf, size_t size)
{
	struct selfcheck sc = {.buf = buf, .size = size};
	int err = -ENOMEM;

	buf[0] = '\0';
	mutex_lock(&run_lock);
	sc.claims = vzalloc(max_pfn * sizeof(struct claim));
	if (sc.claims)
		err = stop_machine(look_at_everything, &sc);
	if (!err)
		summarize(&sc);
	vfree(sc.claims);
	mutex_unlock(&run_lock);
	return err;
}

#endif
