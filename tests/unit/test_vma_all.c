/*
 * The area algebra, exhaustively: every sequence of operations on a space of 8 pages, each with
 * every placement, against the model of vma_model.h.
 *
 * What an operation does depends on the tree it meets and on nothing else. So the sequences are
 * not tried one by one: from the empty tree, all trees that one operation can make of it, all that
 * a second can make of those, and so on, each tree (areas, shape and colours) once. Every
 * operation is tried on every tree of that level: that is every sequence.
 *
 * After each operation the tree must be the model's areas, merged as far as the rules say, and
 * know its gaps; each tree that was not seen before is also asked for every page and for gaps of
 * every length in every range (at the last level, where they are too many to remember: of every
 * length in the whole space).
 *
 * Three operations; four with ISTHMUS_LONG=1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vma_model.h"

#define PAGES 8u
#define RW (VM_READ | VM_WRITE)

/* ---- the operations ---- */

enum kind { MAP_ANON, MAP_FILE, MAP_FILE_SHIFTED, UNMAP, TO_READ, TO_RW, LOCK, UNLOCK, RANGES };

struct operation {
	u8 kind, from, to; /* RANGES: touch @from; RANGES + 1: fork */
};

static struct operation operations[512];
static unsigned n_operations;

static void list_operations(void)
{
	n_operations = 0;
	for (unsigned kind = 0; kind < RANGES; kind++)
		for (unsigned from = 0; from < PAGES; from++)
			for (unsigned to = from + 1; to <= PAGES; to++)
				operations[n_operations++] =
					(struct operation){(u8)kind, (u8)from, (u8)to};
	for (unsigned page = 0; page < PAGES; page++)
		operations[n_operations++] = (struct operation){RANGES, (u8)page, 0};
	operations[n_operations++] = (struct operation){RANGES + 1, 0, 0};
}

static void apply(struct vma_space *s, struct operation op)
{
	switch (op.kind) {
	case MAP_ANON: vma_do_map(s, op.from, op.to, RW, 0, 0); break;
	case MAP_FILE: vma_do_map(s, op.from, op.to, VM_READ, 1, 100u + op.from); break;
	case MAP_FILE_SHIFTED: vma_do_map(s, op.from, op.to, VM_READ, 1, 101u + op.from); break;
	case UNMAP: vma_do_unmap(s, op.from, op.to); break;
	case TO_READ: vma_do_flags(s, op.from, op.to, VM_ACCESS, VM_READ); break;
	case TO_RW: vma_do_flags(s, op.from, op.to, VM_ACCESS, RW); break;
	case LOCK: vma_do_flags(s, op.from, op.to, VM_LOCKED, VM_LOCKED); break;
	case UNLOCK: vma_do_flags(s, op.from, op.to, VM_LOCKED, 0); break;
	case RANGES: vma_do_touch(s, op.from); break;
	default: vma_do_fork(s);
	}
}

/* ---- a tree in few bytes: its nodes before their children ---- */

struct key {
	u8 nodes;
	u8 node[PAGES][3];
};

/* In the order of what the bits mean: three bytes. */
struct packed_node {
	unsigned from : 3, pages : 4, write : 1, locked : 1, object : 2;
	unsigned anon_id : 4, forked : 1, black : 1, left : 1, right : 1;
};

/* Ids by first appearance: which numbers they are makes no difference. */
static unsigned canonical_id(u32 id, u32 *ids)
{
	unsigned i = 0;

	if (!id)
		return 0;
	while (ids[i] && ids[i] != id)
		i++;
	ids[i] = id;
	return i + 1;
}

static void pack_node(const struct rb_node *node, struct key *key, u32 *ids)
{
	const struct vma *vma = rb_entry(node, struct vma, node);
	unsigned from = vma_page_of(vma->start);
	struct packed_node p = {
		.from = from & 7,
		.pages = vma_pages(vma) & 15,
		.write = (vma->flags & VM_WRITE) != 0,
		.locked = (vma->flags & VM_LOCKED) != 0,
		.object = (vma->mapping ? 1 + (vma->pgoff - 100 - from) : 0) & 3,
		.anon_id = canonical_id(vma->anon_id, ids) & 15,
		.forked = (vma->anon_id & ANON_ID_FORKED) != 0,
		.black = node->parent_color & 1,
		.left = node->left != NULL,
		.right = node->right != NULL,
	};
	u32 bits;

	memcpy(&bits, &p, sizeof(bits));
	memcpy(key->node[key->nodes++], &bits, 3);
	if (node->left)
		pack_node(node->left, key, ids);
	if (node->right)
		pack_node(node->right, key, ids);
}

static void pack(const struct vma_space *s, struct key *key)
{
	u32 ids[PAGES + 1] = {0};

	memset(key, 0, sizeof(*key));
	if (s->tree.root.node)
		pack_node(s->tree.root.node, key, ids);
}

static void model_of(struct vma_space *s, const struct vma *vma, u8 object)
{
	unsigned from = vma_page_of(vma->start);

	for (unsigned i = 0; i < vma_pages(vma); i++)
		s->model[from + i] = (struct vma_cell){true,       i == 0,         object,
						       vma->flags, vma->pgoff + i, vma->anon_id};
}

static struct vma *unpack_node(struct vma_space *s, const struct key *key, unsigned *n,
			       struct rb_node *parent)
{
	struct vma *vma = vma_space_alloc(s), *child;
	struct packed_node p = {0};

	memcpy(&p, key->node[(*n)++], 3);
	vma->start = vma_addr_of(p.from);
	vma->end = vma_addr_of(p.from + p.pages);
	vma->flags = VM_READ | (p.write ? VM_WRITE : 0) | (p.locked ? VM_LOCKED : 0);
	vma->mapping = (struct mapping *)(p.object ? 0x1000ul : 0);
	vma->pgoff = p.object ? 99u + p.object + p.from : vma->start >> PAGE_SHIFT;
	vma->anon_id = p.anon_id | (p.forked ? ANON_ID_FORKED : 0);
	model_of(s, vma, p.object != 0);
	vma->node.parent_color = (unsigned long)parent | p.black;
	if (p.left) {
		child = unpack_node(s, key, n, &vma->node);
		vma->node.left = &child->node;
		vma->max_gap = child->max_gap;
	}
	vma_thread(&s->tree, vma, s->tree.last, NULL);
	vma->gap = vma->start - (vma->prev ? vma->prev->end : 0);
	vma->max_gap = MAX(vma->max_gap, vma->gap);
	if (p.right) {
		child = unpack_node(s, key, n, &vma->node);
		vma->node.right = &child->node;
		vma->max_gap = MAX(vma->max_gap, child->max_gap);
	}
	return vma;
}

static void unpack(struct vma_space *s, const struct key *key)
{
	unsigned n = 0;
	struct vma *root;

	vma_space_reset(s, PAGES);
	s->last_anon_id = PAGES;
	s->tree.count = key->nodes;
	if (!key->nodes)
		return;
	root = unpack_node(s, key, &n, NULL);
	s->tree.root.node = &root->node;
	s->tree.cached = root;
}

/* ---- the trees of one level: a set ---- */

struct set {
	struct key *slot;
	u8 *used;
	size_t size, count;
};

static size_t hash(const struct key *key)
{
	const u8 *byte = (const u8 *)key;
	u64 h = 14695981039346656037ull;

	for (size_t i = 0; i < sizeof(*key); i++)
		h = (h ^ byte[i]) * 1099511628211ull;
	return (size_t)(h ^ h >> 32);
}

static bool set_add(struct set *set, const struct key *key);

static void set_grow(struct set *set)
{
	struct set bigger = {.size = set->size ? set->size * 2 : 4096};

	bigger.slot = calloc(bigger.size, sizeof(*bigger.slot));
	bigger.used = calloc(bigger.size, 1);
	for (size_t i = 0; i < set->size; i++)
		if (set->used[i])
			set_add(&bigger, &set->slot[i]);
	free(set->slot);
	free(set->used);
	*set = bigger;
}

/* False: it was in it. */
static bool set_add(struct set *set, const struct key *key)
{
	size_t at;

	if (set->count * 2 >= set->size)
		set_grow(set);
	for (at = hash(key) & (set->size - 1); set->used[at]; at = (at + 1) & (set->size - 1))
		if (!memcmp(&set->slot[at], key, sizeof(*key)))
			return false;
	set->used[at] = 1;
	set->slot[at] = *key;
	set->count++;
	return true;
}

/* ---- the walk ---- */

static void say(const struct key *key, struct operation op, const char *wrong)
{
	static struct vma_space s;

	unpack(&s, key);
	for (struct vma *vma = vma_tree_first(&s.tree); vma; vma = vma_next(vma))
		print_message("  pages %u-%u flags %x object %p id %x\n", vma_page_of(vma->start),
			      vma_page_of(vma->end), vma->flags, (void *)vma->mapping,
			      vma->anon_id);
	fail_msg("operation %u on [%u, %u): %s", op.kind, op.from, op.to, wrong);
}

static const char *ask_gaps(struct vma_space *s, bool every_range)
{
	const char *wrong = NULL;

	for (unsigned low = 0; low < (every_range ? PAGES : 1) && !wrong; low++)
		for (unsigned high = every_range ? low + 1 : PAGES; high <= PAGES && !wrong; high++)
			for (unsigned n = 1; n <= high - low && !wrong; n++)
				wrong = vma_check_gap(s, low, high, n);
	return wrong;
}

static void try_all(const struct key *key, struct set *next)
{
	static struct vma_space s;

	for (unsigned i = 0; i < n_operations; i++) {
		const char *wrong;
		struct key after;

		unpack(&s, key);
		apply(&s, operations[i]);
		wrong = vma_check(&s);
		if (!wrong && !next)
			wrong = ask_gaps(&s, false);
		if (!wrong && next) {
			pack(&s, &after);
			if (set_add(next, &after)) {
				wrong = vma_check_find(&s);
				if (!wrong)
					wrong = ask_gaps(&s, true);
			}
		}
		if (wrong)
			say(key, operations[i], wrong);
	}
}

static void run_all_sequences(unsigned depth)
{
	struct set level = {0}, next;
	struct key empty = {0};
	bool last;

	list_operations();
	set_add(&level, &empty);
	for (unsigned i = 1; i <= depth; i++) {
		last = i == depth;
		next = (struct set){0};
		for (size_t at = 0; at < level.size; at++)
			if (level.used[at])
				try_all(&level.slot[at], last ? NULL : &next);
		print_message("%u operations: %zu trees, each with %u operations\n", i, level.count,
			      n_operations);
		free(level.slot);
		free(level.used);
		level = next;
	}
}

static void every_sequence_on_8_pages_agrees_with_the_model(void **state)
{
	const char *more = getenv("ISTHMUS_LONG");

	(void)state;
	run_all_sequences(more && *more ? 4 : 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sequence_on_8_pages_agrees_with_the_model),
	};

	return cmocka_run_group_tests_name("vma_all", tests, NULL, NULL);
}
