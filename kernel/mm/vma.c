/*
 * The algebra of areas: a red-black tree of disjoint intervals, ordered by address, and a list of
 * them in the same order.
 *
 * Each node knows the free interval below it (down to its neighbour, or to 0) and the largest one
 * of its subtree, so that a search for a gap of a given size skips every subtree that has none:
 * O(log n). A change tells those above it in the tree, as far as it makes a difference to them.
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

static inline u32 max_gap_of(struct rb_node *node)
{
	return node ? vma_of(node)->max_gap : 0;
}

/* Areas may touch, and a guard gap may be overrun by a fixed mapping: that is a gap of 0. */
static inline void find_gap(struct vma *vma)
{
	uaddr_t end = vma->prev ? vma->prev->end : 0, start = vma_start_gap(vma);

	vma->gap = start > end ? start - end : 0;
}

static inline bool update(struct vma *vma)
{
	u32 left = max_gap_of(vma->node.left), right = max_gap_of(vma->node.right);
	u32 max = MAX(vma->gap, MAX(left, right));

	if (vma->max_gap == max)
		return false;
	vma->max_gap = max;
	return true;
}

static bool vma_update(struct rb_node *node)
{
	return update(vma_of(node));
}

static const struct rb_augment vma_augment = {vma_update};

/*
 * Tell those above @vma of its gap, as far as it matters, and at least as far as @last (NULL: no
 * such).
 */
static inline void update_up(struct vma *vma, const struct vma *last)
{
	while (vma) {
		bool changed = update(vma);

		if (vma == last)
			last = NULL;
		if (!changed && !last)
			return;
		vma = vma_of(rb_parent(&vma->node));
	}
}

static void gap_changed(struct vma *vma)
{
	find_gap(vma);
	update_up(vma, NULL);
}

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

/* ---- change ---- */

void vma_tree_insert_below(struct vma_tree *tree, struct vma *vma, struct vma *next)
{
	struct vma *prev = next ? next->prev : tree->last, *parent = NULL;
	struct rb_node **link = &tree->root.node;

	/* Of two neighbours, one has nothing on the side of the other. */
	if (prev && !prev->node.right) {
		parent = prev;
		link = &prev->node.right;
	} else if (next) {
		parent = next;
		link = &next->node.left;
	}
	vma_thread(tree, vma, prev, next);
	find_gap(vma);
	vma->max_gap = vma->gap;
	if (next)
		find_gap(next);
	rb_link_node(&vma->node, parent ? &parent->node : NULL, link);
	update_up(parent, next); /* which is the parent or above it */
	if (!rb_is_balanced(&vma->node))
		rb_balance_augmented(&vma->node, &tree->root, &vma_augment);
	tree->cached = vma; /* what is mapped is soon touched */
	tree->count++;
}

void vma_tree_insert(struct vma_tree *tree, struct vma *vma)
{
	vma_tree_insert_below(tree, vma, vma_tree_find(tree, vma->start));
}

void vma_tree_erase(struct vma_tree *tree, struct vma *vma)
{
	struct vma *prev = vma->prev, *next = vma->next;

	*(prev ? &prev->next : &tree->first) = next;
	*(next ? &next->prev : &tree->last) = prev;
	if (next)
		find_gap(next);
	if (rb_is_red_leaf(&vma->node)) { /* what came last mostly is */
		rb_unlink_leaf(&vma->node);
		update_up(vma_of(rb_parent(&vma->node)), next);
	} else {
		rb_erase_augmented(&vma->node, &tree->root, &vma_augment,
				   next ? &next->node : NULL);
	}
	if (tree->cached == vma)
		tree->cached = NULL;
	tree->count--;
}

void vma_resize(struct vma *vma, uaddr_t start, uaddr_t end)
{
	bool lower = vma->start != start, upper = vma->end != end;

	vma->pgoff += (start >> PAGE_SHIFT) - (vma->start >> PAGE_SHIFT);
	vma->start = start;
	vma->end = end;
	if (lower)
		gap_changed(vma);
	if (upper && vma->next)
		gap_changed(vma->next);
}

void vma_split(struct vma_tree *tree, struct vma *vma, uaddr_t addr, struct vma *upper)
{
	*upper = *vma;
	upper->start = addr;
	upper->pgoff = vma_index(vma, addr);
	vma->end = addr;
	vma_tree_insert_below(tree, upper, vma->next);
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

/* What is looked for begins in [low, last] and is @len bytes long. */
struct gap_search {
	uaddr_t low, last;
	u32 len;
};

static inline uaddr_t end_below(const struct vma *vma)
{
	return vma->prev ? vma->prev->end : 0;
}

/* Has the gap below @vma room for it? */
static inline bool gap_fits(const struct gap_search *s, const struct vma *vma)
{
	return vma->gap >= s->len && vma_start_gap(vma) - s->len >= s->low &&
	       end_below(vma) <= s->last;
}

/*
 * The highest area with such a gap below it, or NULL. From above, in order, but only where a
 * subtree has a gap of the size: a descent, and a way back where those gaps lie out of bounds.
 */
static struct vma *search_down(const struct gap_search *s, struct rb_node *node)
{
	if (max_gap_of(node) < s->len)
		return NULL;
	for (;;) {
		while (max_gap_of(node->right) >= s->len && vma_of(node)->end <= s->last)
			node = node->right;
		for (;;) {
			const struct rb_node *below = node;

			if (gap_fits(s, vma_of(node)))
				return vma_of(node);
			if (vma_of(node)->start <= s->low)
				return NULL;
			if (max_gap_of(node->left) >= s->len)
				break;
			/*
			 * What lies left of here is done: up to the first that has it on its right.
			 */
			while ((node = rb_parent(below)) && node->left == below)
				below = node;
			if (!node)
				return NULL;
		}
		node = node->left;
	}
}

/* The same, the lowest. */
static struct vma *search_up(const struct gap_search *s, struct rb_node *node)
{
	if (max_gap_of(node) < s->len)
		return NULL;
	for (;;) {
		while (max_gap_of(node->left) >= s->len && vma_of(node)->start > s->low)
			node = node->left;
		for (;;) {
			const struct rb_node *below = node;

			if (gap_fits(s, vma_of(node)))
				return vma_of(node);
			if (vma_of(node)->end > s->last)
				return NULL;
			if (max_gap_of(node->right) >= s->len)
				break;
			while ((node = rb_parent(below)) && node->right == below)
				below = node;
			if (!node)
				return NULL;
		}
		node = node->right;
	}
}

/* The area above the gap is kept in mind: who gets the address looks for it next. */

uaddr_t vma_gap_top_down(struct vma_tree *tree, uaddr_t low, uaddr_t high, u32 len)
{
	struct gap_search s = {low, high - len, len};
	struct vma *above;

	if (high < len || s.last < low)
		return 0;
	if (!tree->last || tree->last->end <= s.last)
		return s.last;
	above = search_down(&s, tree->root.node);
	if (!above)
		return 0;
	WRITE_ONCE(tree->cached, above);
	return MIN(vma_start_gap(above) - len, s.last);
}

uaddr_t vma_gap_bottom_up(struct vma_tree *tree, uaddr_t low, uaddr_t high, u32 len)
{
	struct gap_search s = {low, high - len, len};
	struct vma *above;

	if (high < len || s.last < low)
		return 0;
	above = search_up(&s, tree->root.node);
	if (above) {
		WRITE_ONCE(tree->cached, above);
		return MAX(end_below(above), low);
	}
	if (!tree->last)
		return low;
	return tree->last->end <= s.last ? MAX(tree->last->end, low) : 0;
}
