/*
 * The algebra of areas: a red-black tree of disjoint intervals, ordered by address.
 *
 * Each node knows three things of its subtree: where it begins, where it ends, and the largest free
 * interval between two areas in it. All three follow from the node and its two children alone, so
 * that a rotation never has to look for a neighbour, and a search for a gap of a given size skips
 * every subtree that has none: O(log n).
 *
 * A stack's guard gap counts as part of the stack here, so that no search ever finds it.
 *
 * No locks, no allocation, no failure: tests/unit/test_vma.c runs it against a model.
 * Read next: mmap.c, munmap.c.
 */
#include "mm/vma.h"
#include "types.h"

static inline struct vma *vma_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct vma, node);
}

/* Areas may touch, and a guard gap may be overrun by a fixed mapping: that is a gap of 0. */
static inline u32 gap_between(uaddr_t end, uaddr_t start)
{
	return start > end ? start - end : 0;
}

static bool vma_update(struct rb_node *node)
{
	struct vma *vma = container_of(node, struct vma, node);
	uaddr_t sub_start = vma_start_gap(vma), sub_end = vma->end;
	u32 max_gap = 0, gap;

	if (node->left) {
		const struct vma *left = container_of(node->left, struct vma, node);

		max_gap = left->max_gap;
		gap = gap_between(left->sub_end, sub_start);
		if (gap > max_gap)
			max_gap = gap;
		sub_start = left->sub_start;
	}
	if (node->right) {
		const struct vma *right = container_of(node->right, struct vma, node);

		if (right->max_gap > max_gap)
			max_gap = right->max_gap;
		gap = gap_between(sub_end, right->sub_start);
		if (gap > max_gap)
			max_gap = gap;
		sub_end = right->sub_end;
	}
	if (vma->sub_start == sub_start && vma->sub_end == sub_end && vma->max_gap == max_gap)
		return false;
	vma->sub_start = sub_start;
	vma->sub_end = sub_end;
	vma->max_gap = max_gap;
	return true;
}

static const struct rb_augment vma_augment = {vma_update};

/* ---- find ---- */

struct vma *vma_tree_search(struct vma_tree *tree, uaddr_t addr)
{
	struct rb_node *node = tree->root.node;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = vma_of(node);

		if (addr >= vma->end) {
			node = node->right;
		} else {
			best = vma;
			if (addr >= vma->start)
				break;
			node = node->left;
		}
	}
	if (best)
		WRITE_ONCE(tree->cached, best);
	return best;
}

struct vma *vma_tree_find_intersection(struct vma_tree *tree, uaddr_t start, uaddr_t end)
{
	struct vma *vma = vma_tree_find(tree, start);

	return vma && vma->start < end ? vma : NULL;
}

struct vma *vma_tree_first(const struct vma_tree *tree)
{
	return vma_of(rb_first(&tree->root));
}

struct vma *vma_tree_last(const struct vma_tree *tree)
{
	return vma_of(rb_last(&tree->root));
}

struct vma *vma_next(const struct vma *vma)
{
	return vma_of(rb_next(&vma->node));
}

struct vma *vma_prev(const struct vma *vma)
{
	return vma_of(rb_prev(&vma->node));
}

/* ---- change ---- */

void vma_tree_insert(struct vma_tree *tree, struct vma *vma)
{
	struct rb_node **link = &tree->root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = vma->start < vma_of(parent)->start ? &parent->left : &parent->right;
	}
	rb_link_node(&vma->node, parent, link);
	rb_insert_augmented(&vma->node, &tree->root, &vma_augment);
	tree->cached = vma; /* what is mapped is soon touched */
	tree->count++;
}

void vma_tree_erase(struct vma_tree *tree, struct vma *vma)
{
	rb_erase_augmented(&vma->node, &tree->root, &vma_augment);
	if (tree->cached == vma)
		tree->cached = NULL;
	tree->count--;
}

void vma_resize(struct vma *vma, uaddr_t start, uaddr_t end)
{
	vma->pgoff += (start >> PAGE_SHIFT) - (vma->start >> PAGE_SHIFT);
	vma->start = start;
	vma->end = end;
	rb_augment_propagate(&vma->node, &vma_augment);
}

void vma_split(struct vma_tree *tree, struct vma *vma, uaddr_t addr, struct vma *upper)
{
	*upper = *vma;
	upper->start = addr;
	upper->pgoff = vma_index(vma, addr);
	vma->end = addr;
	rb_augment_propagate(&vma->node, &vma_augment);
	vma_tree_insert(tree, upper);
}

/* ---- merge ---- */

/* => both flags are the same */
static bool same_policy(const struct vma *a, const struct vma *b)
{
	return !(a->flags & VM_POLICY) || a->policy == b->policy;
}

static bool same_object(const struct vma *a, const struct vma *b)
{
	return a->flags == b->flags && a->mapping == b->mapping && a->file == b->file &&
	       a->ops == b->ops && !a->no_merge && !(a->flags & VM_SPECIAL) && same_policy(a, b) &&
	       vma_userfaultfd(a) == vma_userfaultfd(b);
}

bool vma_can_append(const struct vma *vma, const struct vma *add)
{
	return vma->end == add->start && same_object(vma, add) &&
	       vma->pgoff + vma_pages(vma) == add->pgoff &&
	       anon_id_accepts(vma->anon_id, add->anon_id);
}

bool vma_can_prepend(const struct vma *vma, const struct vma *add)
{
	return add->end == vma->start && same_object(vma, add) &&
	       add->pgoff + vma_pages(add) == vma->pgoff &&
	       anon_id_accepts(vma->anon_id, add->anon_id);
}

bool vma_can_share_anon(const struct vma *vma, const struct vma *near)
{
	const struct vma *low = vma->start < near->start ? vma : near,
			 *high = low == vma ? near : vma;

	return low->end == high->start && anon_id_is_singular(near->anon_id) &&
	       low->file == high->file && low->mapping == high->mapping &&
	       !((low->flags ^ high->flags) & ~VM_ACCESS) && same_policy(low, high) &&
	       low->pgoff + vma_pages(low) == high->pgoff;
}

/* Make @keep cover @gone too, which touches it. */
static void absorb(struct vma_tree *tree, struct vma *keep, struct vma *gone)
{
	uaddr_t start = MIN(keep->start, gone->start), end = MAX(keep->end, gone->end);

	vma_tree_erase(tree, gone);
	if (!keep->anon_id)
		keep->anon_id = gone->anon_id;
	vma_resize(keep, start, end);
}

struct vma *vma_merge(struct vma_tree *tree, struct vma *vma, struct vma_pair with)
{
	if (with.prev) {
		absorb(tree, with.prev, vma);
		vma = with.prev;
	}
	if (with.next)
		absorb(tree, vma, with.next);
	return vma;
}

/* ---- gaps ---- */

struct gap_search {
	uaddr_t low, high;
	u32 len;
};

/* The usable part of the free interval [start, end), if it is long enough. */
static bool gap_fits(const struct gap_search *s, uaddr_t start, uaddr_t end)
{
	start = MAX(start, s->low);
	end = MIN(end, s->high);
	return end >= start && end - start >= s->len;
}

/*
 * Can there be a gap in, before or behind this subtree, whose neighbours leave it [start, end)? A
 * stack's guard gap may reach below areas of the subtree, so @end bounds only the gap behind the
 * last of them.
 */
static bool subtree_may_fit(const struct gap_search *s, const struct vma *vma, uaddr_t start,
			    uaddr_t end)
{
	if (vma->max_gap >= s->len && vma->sub_start < s->high && vma->sub_end > s->low)
		return true;
	return gap_fits(s, start, vma->sub_start) || gap_fits(s, vma->sub_end, end);
}

/* In-order from above; depth of recursion: the height of the tree, at most 2 log2 n. */
static uaddr_t search_down(const struct gap_search *s, struct rb_node *node, uaddr_t start,
			   uaddr_t end)
{
	const struct vma *vma = vma_of(node);
	uaddr_t found;

	if (!node)
		return gap_fits(s, start, end) ? MIN(end, s->high) - s->len : 0;
	if (!subtree_may_fit(s, vma, start, end))
		return 0;
	found = search_down(s, node->right, vma->end, end);
	if (found)
		return found;
	return search_down(s, node->left, start, vma_start_gap(vma));
}

static uaddr_t search_up(const struct gap_search *s, struct rb_node *node, uaddr_t start,
			 uaddr_t end)
{
	const struct vma *vma = vma_of(node);
	uaddr_t found;

	if (!node)
		return gap_fits(s, start, end) ? MAX(start, s->low) : 0;
	if (!subtree_may_fit(s, vma, start, end))
		return 0;
	found = search_up(s, node->left, start, vma_start_gap(vma));
	if (found)
		return found;
	return search_up(s, node->right, vma->end, end);
}

uaddr_t vma_gap_top_down(const struct vma_tree *tree, uaddr_t low, uaddr_t high, u32 len)
{
	struct gap_search s = {low, high, len};

	return search_down(&s, tree->root.node, 0, ~(uaddr_t)0);
}

uaddr_t vma_gap_bottom_up(const struct vma_tree *tree, uaddr_t low, uaddr_t high, u32 len)
{
	struct gap_search s = {low, high, len};

	return search_up(&s, tree->root.node, 0, ~(uaddr_t)0);
}
