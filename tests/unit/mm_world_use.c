/*
 * The model's use of memory: reads and writes by the process, by debuggers and by pins; fork, exit;
 * files that are written, cut, synced; reclaim.
 */
#include <string.h>

#include "mm/iov_iter.h"
#include "mm_world_ops.h"
#include <linux/errno.h>
#include <linux/mman.h>

/* ---- touching ---- */

void op_write(struct world *w)
{
	unsigned page = pick(w, WORLD_PAGES);
	struct cell *c = cell_at(w, page);
	u32 value = pick_value(w);
	bool can = may_write(w, c);

	must(!put_user_u32(value, addr_of(w, page) + WORLD_WORD) == can, "write to page %u, %d",
	     page, can);
	if (can)
		write_cell(w, c, value);
}

void read_page_of(struct world *w, unsigned page)
{
	struct cell *c = cell_at(w, page);
	bool can = may_read(w, c);
	u32 value = 0;

	must(!get_user_u32(&value, addr_of(w, page) + WORLD_WORD) == can, "read of page %u, %d",
	     page, can);
	if (can)
		saw(w, c, value);
}

void op_read(struct world *w)
{
	read_page_of(w, pick(w, WORLD_PAGES));
}

/* The bottom of a range in one go: a read(2) into it, or many pages written. */
void op_write_range(struct world *w)
{
	struct range r = pick_range(w);

	for (unsigned i = r.from; i < r.from + r.n; i++) {
		bool can = may_write(w, cell_at(w, i));

		must(!put_user_u32(i, addr_of(w, i) + WORLD_WORD) == can, "write to page %u", i);
		if (can)
			write_cell(w, cell_at(w, i), i);
	}
}

/* As a debugger: protections do not count, but a shared area must be writable. */
void op_debug(struct world *w)
{
	unsigned page = pick(w, WORLD_PAGES);
	struct cell *c = cell_at(w, page);
	u32 value = pick_value(w);
	bool write = one_in(w, 2), can = c->mapped && has_page(w, c);

	if (write)
		can = can && ((c->flags & VM_WRITE) ||
			      ((c->flags & VM_MAYWRITE) && !(c->flags & VM_SHARED)));
	must((mm_access(here(w)->mm, addr_of(w, page) + WORLD_WORD, &value, 4, write) == 4) == can,
	     "debugger at page %u, %d", page, can);
	if (can && write)
		write_cell(w, c, value);
	else if (can)
		saw(w, c, value);
}

void op_pin(struct world *w)
{
	unsigned page = pick(w, WORLD_PAGES), slot = pick(w, WORLD_PINS);
	bool write = one_in(w, 2), can;
	struct cell *c = cell_at(w, page);

	if (w->pin[slot]) {
		page_put(w->pin[slot]);
		w->pin[slot] = NULL;
		return;
	}
	can = c->mapped && has_page(w, c) && (c->flags & (write ? VM_WRITE : VM_READ));
	must((get_user_pages(here(w)->mm, addr_of(w, page), 1, write, false, &w->pin[slot]) == 1) ==
		     can,
	     "pin of page %u", page);
	if (!can) {
		w->pin[slot] = NULL;
		return;
	}
	if (write)
		copy_cell(w, c);
	if (w->pin[slot] == zero_page) { /* nobody counts it */
		page_put(zero_page);
		w->pin[slot] = NULL;
	}
}

/* ---- processes ---- */

void fork_cells(struct space *child, const struct space *parent)
{
	child->brk = parent->brk;
	for (unsigned i = 0; i < WORLD_PAGES; i++) {
		struct cell *c = &child->page[i];

		*c = parent->page[i];
		if (c->flags & VM_DONTCOPY)
			*c = (struct cell){0};
		if (c->flags & VM_WIPEONFORK)
			c->value = 0;
		c->flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	}
}

/* A child that lives for this operation: it has what the parent has, and its own copy of it. */
static void short_fork(struct world *w)
{
	unsigned page = pick(w, WORLD_PAGES);
	struct cell c = *cell_at(w, page);
	struct mm *child = mm_fork(here(w)->mm);
	u32 value;
	bool can = c.mapped && has_page(w, &c) && !(c.flags & VM_DONTCOPY);

	must(child, "fork");
	must((mm_access(child, addr_of(w, page) + WORLD_WORD, &value, 4, false) == 4) == can,
	     "page %u of the child", page);
	if (can && !(c.flags & VM_WIPEONFORK) && !c.lazy)
		must(value == *contents(w, &c), "page %u of the child has %u", page, value);
	if (can && !(c.flags & VM_SHARED)) {
		value = 999;
		mm_access(child, addr_of(w, page) + WORLD_WORD, &value, 4, true);
	}
	mm_put(child);
}

static void space_drop(struct world *w, unsigned n)
{
	mm_put(w->space[n].mm);
	w->space[n].mm = NULL;
	forget_objects(w);
}

void op_fork(struct world *w)
{
	unsigned to = pick(w, WORLD_SPACES);

	if (w->shared || to == w->here) {
		short_fork(w);
		return;
	}
	if (w->space[to].mm)
		space_drop(w, to);
	w->space[to].mm = mm_fork(here(w)->mm);
	must(w->space[to].mm, "fork");
	fork_cells(&w->space[to], here(w));
}

void op_switch(struct world *w)
{
	unsigned to = pick(w, WORLD_SPACES);

	if (!w->space[to].mm)
		return;
	w->here = to;
	mm_activate(here(w)->mm);
}

void op_exit(struct world *w)
{
	unsigned n = pick(w, WORLD_SPACES);

	if (n != w->here && w->space[n].mm)
		space_drop(w, n);
}

/* ---- files ---- */

static void drop_private(struct world *w, int object, u32 first)
{
	for (unsigned s = 0; s < WORLD_SPACES; s++)
		for (unsigned i = 0; w->space[s].mm && i < WORLD_PAGES; i++) {
			struct cell *c = &w->space[s].page[i];

			if (c->mapped && c->object == object && c->index >= first)
				c->own = false;
		}
}

/* Reclaim on another CPU may write the page that the new end is in, with the same value. */
static void set_disk(struct world_file *file, u32 index, u32 word)
{
	WRITE_ONCE(file->disk[index], word);
}

void op_truncate(struct world *w)
{
	static const u32 parts[] = {0, 4, 100};
	unsigned file = pick(w, WORLD_FILES);
	struct object *o = &w->object[file];
	u32 size = pick(w, 40) * (u32)PAGE_SIZE + parts[pick(w, 3)];
	u32 gone = (size + (u32)PAGE_SIZE - 1) >> PAGE_SHIFT;

	mapping_set_size(o->mapping, size);
	if (size < o->size) {
		mapping_truncate_range(o->mapping, size, -1);
		drop_private(w, (int)file, gone);
		for (u32 i = size >> PAGE_SHIFT; i < WORLD_FILE_PAGES; i++)
			if (i >= gone || (size & (PAGE_SIZE - 1)) <= WORLD_WORD)
				set_disk(&w->file[file], i, o->value[i] = 0);
	}
	o->size = size;
}

void op_punch(struct world *w)
{
	unsigned file = pick(w, WORLD_FILES);
	u32 first = pick(w, 30), n = 1 + pick(w, 8);

	mapping_truncate_range(w->object[file].mapping, (loff_t)first << PAGE_SHIFT,
			       (loff_t)(first + n) << PAGE_SHIFT);
	for (u32 i = first; i < first + n; i++)
		set_disk(&w->file[file], i, w->object[file].value[i] = 0);
}

static void check_disk(struct world *w, u32 first, u32 n)
{
	for (u32 i = first; i < MIN(first + n, file_pages(&w->object[0])); i++) {
		u32 has = READ_ONCE(w->file[0].disk[i]);

		must(has == w->object[0].value[i], "%s: page %u of the disk has %u, not %u",
		     w->operation, i, has, w->object[0].value[i]);
	}
}

void op_sync(struct world *w)
{
	must(!mapping_sync(w->object[0].mapping, 0, -1), "sync");
	check_disk(w, 0, WORLD_FILE_PAGES);
}

void op_msync(struct world *w)
{
	struct range r = pick_range(w);
	u32 flags = MS_SYNC | (one_in(w, 4) ? MS_INVALIDATE : 0);
	int want = 0;

	for (unsigned i = r.from; i < r.from + r.n && want != -EBUSY; i++) {
		const struct cell *c = cell_at(w, i);

		if (!c->mapped)
			want = -ENOMEM;
		else if ((flags & MS_INVALIDATE) && (c->flags & VM_LOCKED))
			want = -EBUSY;
	}
	must(mm_sync(here(w)->mm, r.addr, r.len, flags) == want, "msync: not %d", want);
	for (unsigned i = r.from; i < r.from + r.n && want != -EBUSY; i++) {
		const struct cell *c = cell_at(w, i);

		if (c->mapped && c->object == 0 && (c->flags & VM_SHARED))
			check_disk(w, c->index, 1);
	}
}

void op_incore(struct world *w)
{
	struct range r = pick_range(w);
	u8 vec[WORLD_PAGES];
	long want = 0;

	while (want < (long)r.n && cell_at(w, r.from + (unsigned)want)->mapped)
		want++;
	must(mm_incore(here(w)->mm, r.addr, r.n, vec) == (want ? want : -ENOMEM),
	     "mincore: not %ld", want);
}

/* write(2) and read(2) of one word of a file. */
void op_file_io(struct world *w)
{
	unsigned file = pick(w, WORLD_FILES);
	struct object *o = &w->object[file];
	u32 index = pick(w, 40), value = pick_value(w);
	loff_t pos = ((loff_t)index << PAGE_SHIFT) + WORLD_WORD;
	struct iov_iter it;

	iov_iter_kernel(&it, &value, 4);
	if (one_in(w, 2)) {
		must(mapping_copy_in(o->mapping, pos, &it) == 4, "write(2)");
		o->value[index] = value;
		o->size = MAX(o->size, (u32)pos + 4);
		return;
	}
	must(mapping_copy_out(o->mapping, pos, &it) == (pos + 4 <= o->size ? 4 : 0), "read(2)");
	if (pos + 4 <= o->size)
		must(value == o->value[index], "read(2): page %u has %u, not %u", index, value,
		     o->value[index]);
}

/* ---- reclaim ---- */

static unsigned locked_and_present(struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORLD_PAGES; i++) {
		pte_t *ptep = cell_at(w, i)->mapped && (cell_at(w, i)->flags & VM_LOCKED)
				      ? pte_peek(here(w)->mm, addr_of(w, i))
				      : NULL;

		n += ptep && pte_present(*ptep);
	}
	return n;
}

void op_reclaim(struct world *w)
{
	unsigned locked = w->parallel ? 0 : locked_and_present(w);

	mm_reclaim(GFP_HIGHUSER, 0);
	if (!w->parallel)
		must(locked_and_present(w) == locked, "reclaim took a locked page");
}
