/*
 * The algebra of areas beside its model. The tree's side calls only vma.c; the model's side is
 * arrays and loops, and states the rules of joining a second time, in words of its own.
 */
#include <string.h>

#include "vma_model.h"

/* ---- the tree's side ---- */

void vma_space_reset(struct vma_space *s, unsigned pages)
{
	s->pages = pages;
	s->last_anon_id = 0;
	s->tree = (struct vma_tree){0};
	memset(s->model, 0, pages * sizeof(*s->model));
	s->unused = NULL;
	for (unsigned i = 0; i < pages + 4; i++) {
		s->pool[i].node.left = (struct rb_node *)s->unused;
		s->unused = &s->pool[i];
	}
}

struct vma *vma_space_alloc(struct vma_space *s)
{
	struct vma *vma = s->unused;

	s->unused = (struct vma *)vma->node.left;
	memset(vma, 0, sizeof(*vma));
	return vma;
}

static void vma_space_free(struct vma_space *s, struct vma *vma)
{
	vma->node.left = (struct rb_node *)s->unused;
	s->unused = vma;
}

static void tree_cut(struct vma_space *s, uaddr_t addr)
{
	struct vma *vma = vma_tree_find(&s->tree, addr);

	if (vma && vma->start < addr)
		vma_split(&s->tree, vma, addr, vma_space_alloc(s));
}

static struct vma *tree_merge(struct vma_space *s, struct vma *vma, struct vma_pair with)
{
	struct vma *all = vma_merge(&s->tree, vma, with);

	if (all != vma)
		vma_space_free(s, vma);
	if (with.next)
		vma_space_free(s, with.next);
	return all;
}

static void tree_unmap(struct vma_space *s, uaddr_t start, uaddr_t end)
{
	struct vma *vma, *next;

	tree_cut(s, start);
	tree_cut(s, end);
	for (vma = vma_tree_find(&s->tree, start); vma && vma->start < end; vma = next) {
		next = vma_next(vma);
		vma_tree_erase(&s->tree, vma);
		vma_space_free(s, vma);
	}
}

static void tree_flags(struct vma_space *s, uaddr_t start, uaddr_t end, u32 mask, u32 value)
{
	for (struct vma *vma = vma_tree_find(&s->tree, start);
	     start < end && vma && vma->start <= start; vma = vma_next(vma)) {
		u32 flags = (vma->flags & ~mask) | value;

		if (flags == vma->flags) {
			start = vma->end;
			continue;
		}
		tree_cut(s, start);
		vma = vma_tree_find(&s->tree, start);
		tree_cut(s, MIN(vma->end, end));
		start = vma->end;
		vma->flags = flags;
		vma = tree_merge(s, vma, vma_neighbours(vma));
		start = MAX(start, vma->end);
	}
}

/* ---- the model's side ---- */

static bool is_single(u32 anon_id)
{
	return anon_id && !(anon_id & ANON_ID_FORKED);
}

/* Could the pages @a and @b, in this order, be of one area as far as what they map goes? */
static bool continues(const struct vma_cell *a, const struct vma_cell *b)
{
	return a->mapped && b->mapped && a->flags == b->flags && a->object == b->object &&
	       a->pgoff + 1 == b->pgoff && !(a->flags & VM_SPECIAL);
}

/* An area with private pages takes an untouched one in, unless it shares them with a fork. */
static bool takes_in(u32 anon_id, u32 other)
{
	return anon_id == other || (!other && is_single(anon_id));
}

static void model_border(struct vma_space *s, unsigned page)
{
	if (page < s->pages && s->model[page].mapped)
		s->model[page].border = true;
}

static unsigned run_start(const struct vma_space *s, unsigned page)
{
	while (!s->model[page].border)
		page--;
	return page;
}

static unsigned run_end(const struct vma_space *s, unsigned page)
{
	for (page++; page < s->pages && s->model[page].mapped && !s->model[page].border; page++)
		;
	return page;
}

static void set_anon_id(struct vma_space *s, unsigned page, u32 anon_id)
{
	unsigned end = run_end(s, page);

	for (unsigned i = run_start(s, page); i < end; i++)
		s->model[i].anon_id = anon_id;
}

/*
 * The run of @page has just become what it is: join it with the runs beside it. Where these do not
 * go together, what is new goes with the one above it, what has changed with the one below.
 */
static void model_join(struct vma_space *s, unsigned page, bool is_new)
{
	unsigned from = run_start(s, page), to = run_end(s, page);
	struct vma_cell *cell = s->model;
	u32 id = cell[page].anon_id, low_id = from ? cell[from - 1].anon_id : 0,
	    high_id = to < s->pages ? cell[to].anon_id : 0;
	bool low = from && continues(&cell[from - 1], &cell[from]) && takes_in(low_id, id);
	bool high = to < s->pages && continues(&cell[to - 1], &cell[to]) && takes_in(high_id, id);

	if (low && high && is_new && high_id && low_id != high_id)
		low = false;
	else if (low && high && low_id && high_id && low_id != high_id)
		high = false;
	if (low)
		cell[from].border = false;
	if (high)
		cell[to].border = false;
	set_anon_id(s, page, low && low_id ? low_id : high && high_id ? high_id : id);
}

/* ---- operations ---- */

void vma_do_unmap(struct vma_space *s, unsigned from, unsigned to)
{
	tree_unmap(s, vma_addr_of(from), vma_addr_of(to));
	model_border(s, to);
	memset(&s->model[from], 0, (to - from) * sizeof(*s->model));
}

void vma_do_map(struct vma_space *s, unsigned from, unsigned to, u32 flags, u8 object, u32 pgoff)
{
	struct vma *vma;

	vma_do_unmap(s, from, to);
	vma = vma_space_alloc(s);
	vma->start = vma_addr_of(from);
	vma->end = vma_addr_of(to);
	vma->flags = flags;
	vma->mapping = (struct mapping *)((uintptr_t)object << 12);
	vma->pgoff = object ? pgoff : vma->start >> PAGE_SHIFT;
	for (unsigned i = from; i < to; i++)
		s->model[i] =
			(struct vma_cell){true, i == from, object, flags, vma->pgoff + i - from, 0};
	vma_tree_insert(&s->tree, vma);
	tree_merge(s, vma, vma_neighbours_of_new(vma));
	model_join(s, from, true);
}

void vma_do_flags(struct vma_space *s, unsigned from, unsigned to, u32 mask, u32 value)
{
	tree_flags(s, vma_addr_of(from), vma_addr_of(to), mask, value);
	while (from < to && s->model[from].mapped) {
		unsigned end = run_end(s, from);
		u32 flags = (s->model[from].flags & ~mask) | value;

		if (flags == s->model[from].flags) {
			from = end;
			continue;
		}
		end = MIN(end, to);
		model_border(s, from);
		model_border(s, end);
		for (unsigned i = from; i < end; i++)
			s->model[i].flags = flags;
		model_join(s, from, false);
		from = run_end(s, end - 1);
	}
}

/* May the untouched run of @page have the id of the run of @near beside it? */
static bool may_have_id_of(const struct vma_space *s, unsigned low, unsigned high, u32 near_id)
{
	const struct vma_cell *a = &s->model[low], *b = &s->model[high];

	return a->mapped && b->mapped && is_single(near_id) && a->object == b->object &&
	       !((a->flags ^ b->flags) & ~VM_ACCESS) && a->pgoff + 1 == b->pgoff;
}

static u32 model_new_id(struct vma_space *s, unsigned page)
{
	unsigned from = run_start(s, page), to = run_end(s, page);

	if (to < s->pages && may_have_id_of(s, to - 1, to, s->model[to].anon_id))
		return s->model[to].anon_id;
	if (from && may_have_id_of(s, from - 1, from, s->model[from - 1].anon_id))
		return s->model[from - 1].anon_id;
	return ++s->last_anon_id;
}

/* As rmap.c gives ids: the neighbour above first. */
static u32 tree_new_id(struct vma *vma, u32 otherwise)
{
	struct vma *near = vma_next(vma);

	if (near && vma_can_share_anon(vma, near))
		return near->anon_id;
	near = vma_prev(vma);
	return near && vma_can_share_anon(vma, near) ? near->anon_id : otherwise;
}

void vma_do_touch(struct vma_space *s, unsigned page)
{
	struct vma *vma = vma_tree_find(&s->tree, vma_addr_of(page));
	u32 fresh = s->last_anon_id + 1;

	if (vma && vma->start <= vma_addr_of(page) && !vma->anon_id)
		vma->anon_id = tree_new_id(vma, fresh);
	if (s->model[page].mapped && !s->model[page].anon_id)
		set_anon_id(s, page, model_new_id(s, page));
}

void vma_do_fork(struct vma_space *s)
{
	u32 id = 0;

	for (struct vma *vma = vma_tree_first(&s->tree); vma; vma = vma_next(vma))
		if (vma->anon_id)
			vma->anon_id = ++id | ANON_ID_FORKED;
	id = 0;
	for (unsigned page = 0; page < s->pages; page = run_end(s, page)) {
		if (!s->model[page].mapped || !s->model[page].anon_id)
			continue;
		set_anon_id(s, page, ++id | ANON_ID_FORKED);
	}
	s->last_anon_id = id;
}

/* ---- what must hold ---- */

#define MUST(condition) \
	do { \
		if (!(condition)) \
			return #condition; \
	} while (0)

/* What each node must say of its subtree, from the areas alone: in order, as a sorted list. */
static const char *check_node(const struct rb_node *node, const struct vma **last, u32 *gap)
{
	const struct vma *vma = rb_entry(node, struct vma, node);
	uaddr_t below, start = vma_start_gap(vma);
	const char *wrong;
	u32 left = 0, right = 0;

	if (node->left) {
		MUST(rb_parent(node->left) == node);
		wrong = check_node(node->left, last, &left);
		if (wrong)
			return wrong;
	}
	MUST(vma->prev == *last);
	MUST(!*last || (*last)->next == vma);
	below = *last ? (*last)->end : 0;
	MUST(vma->gap == (start > below ? start - below : 0));
	*last = vma;
	if (node->right) {
		MUST(rb_parent(node->right) == node);
		wrong = check_node(node->right, last, &right);
		if (wrong)
			return wrong;
	}
	*gap = MAX(vma->gap, MAX(left, right));
	MUST(vma->max_gap == *gap);
	return NULL;
}

static const char *check_run(const struct vma_space *s, const struct vma *vma, unsigned *page)
{
	unsigned from = *page, to = run_end(s, from);
	const struct vma_cell *cell = &s->model[from];

	MUST(cell->border);
	MUST(vma->start == vma_addr_of(from));
	MUST(vma->end == vma_addr_of(to));
	MUST(vma->flags == cell->flags);
	MUST((uintptr_t)vma->mapping >> 12 == cell->object);
	MUST(vma->anon_id == cell->anon_id);
	for (unsigned i = from; i < to; i++)
		MUST(s->model[i].pgoff == vma_index(vma, vma_addr_of(i)));
	*page = to;
	return NULL;
}

const char *vma_check(struct vma_space *s)
{
	unsigned page = 0, count = 0;
	const struct vma *last = NULL;
	const char *wrong;
	u32 gap;

	for (struct vma *vma = vma_tree_first(&s->tree); vma; vma = vma_next(vma), count++) {
		while (page < s->pages && !s->model[page].mapped)
			page++;
		MUST(page < s->pages);
		wrong = check_run(s, vma, &page);
		if (wrong)
			return wrong;
	}
	for (; page < s->pages; page++)
		MUST(!s->model[page].mapped);
	MUST(count == s->tree.count);
	if (s->tree.root.node) {
		wrong = check_node(s->tree.root.node, &last, &gap);
		if (wrong)
			return wrong;
	}
	MUST(s->tree.last == last);
	MUST(!last || !last->next);
	MUST(!count == !s->tree.root.node);
	return NULL;
}

const char *vma_check_find(struct vma_space *s)
{
	for (unsigned page = 0; page < s->pages; page++) {
		struct vma *vma = vma_tree_find(&s->tree, vma_addr_of(page) + 7);
		unsigned first = page;

		while (first < s->pages && !s->model[first].mapped)
			first++;
		if (first == s->pages) {
			MUST(!vma);
			continue;
		}
		MUST(vma && vma->start == vma_addr_of(run_start(s, first)));
		MUST(vma->end == vma_addr_of(run_end(s, first)));
	}
	return NULL;
}

/* Are the @n pages from @page free, and no part of the guard gap of the next area? */
static bool is_free(const struct vma_space *s, unsigned page, unsigned n)
{
	unsigned i;

	for (i = page; i < page + n; i++)
		if (s->model[i].mapped)
			return false;
	while (i < s->pages && !s->model[i].mapped)
		i++;
	return i == s->pages || !(s->model[i].flags & VM_GROWSDOWN) ||
	       vma_addr_of(i) - vma_addr_of(page + n) >= STACK_GUARD_GAP;
}

const char *vma_check_gap(struct vma_space *s, unsigned low, unsigned high, unsigned n)
{
	uaddr_t up = 0, down = 0;

	for (unsigned page = low; page + n <= high; page++) {
		if (!is_free(s, page, n))
			continue;
		up = up ? up : vma_addr_of(page);
		down = vma_addr_of(page);
	}
	MUST(vma_gap_bottom_up(&s->tree, vma_addr_of(low), vma_addr_of(high), n << PAGE_SHIFT) ==
	     up);
	MUST(vma_gap_top_down(&s->tree, vma_addr_of(low), vma_addr_of(high), n << PAGE_SHIFT) ==
	     down);
	return NULL;
}
