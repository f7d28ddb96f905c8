/*
 * The model of address spaces. Each operation is a function that makes its choices, calls the
 * kernel, and says what must have come of it. The model has pages, the kernel areas: where the
 * manual speaks of areas ("the range must lie in one mapping") the model asks the kernel's tree,
 * whose joining test_vma_all.c proves.
 */
#include <string.h>

#include "mm_world_ops.h"

/* ---- choices ---- */

u32 choose(struct choices *c, u32 n)
{
	u32 value;

	if (!c->bytes) {
		c->seed ^= c->seed << 13;
		c->seed ^= c->seed >> 17;
		c->seed ^= c->seed << 5;
		return c->seed % n;
	}
	if (!c->left)
		return 0;
	value = *c->bytes++;
	c->left--;
	return value % n;
}

u32 pick(struct world *w, u32 n)
{
	return choose(w->choices, n);
}

bool one_in(struct world *w, u32 n)
{
	return pick(w, n) == n - 1;
}

u32 pick_value(struct world *w)
{
	return 1 + pick(w, 255);
}

uaddr_t addr_of(const struct world *w, unsigned page)
{
	return w->base + page * (uaddr_t)PAGE_SIZE;
}

struct range pick_range(struct world *w)
{
	struct range r = {.from = pick(w, WORLD_PAGES)};

	r.n = 1 + pick(w, MIN(12u, WORLD_PAGES - r.from));
	r.addr = addr_of(w, r.from);
	r.len = r.n * (u32)PAGE_SIZE;
	return r;
}

struct space *here(struct world *w)
{
	return &w->space[w->here];
}

struct cell *cell_at(struct world *w, unsigned page)
{
	return &here(w)->page[page];
}

/* ---- objects ---- */

u32 file_pages(const struct object *o)
{
	return (o->size + (u32)PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static struct world_file *file_of(struct mapping *m)
{
	return container_of(m, struct world_file, mapping);
}

static int disk_read(struct mapping *m, struct page *page)
{
	u32 word = __atomic_load_n(&file_of(m)->disk[page->index % WORLD_FILE_PAGES],
				   __ATOMIC_RELAXED);

	page_zero(page);
	memcpy_to_page(page, WORLD_WORD, &word, 4);
	page_set(page, PG_UPTODATE);
	return 0;
}

static int disk_write(struct mapping *m, struct page *page)
{
	u32 word;

	memcpy_from_page(&word, page, WORLD_WORD, 4);
	__atomic_store_n(&file_of(m)->disk[page->index % WORLD_FILE_PAGES], word, __ATOMIC_RELAXED);
	return 0;
}

static int disk_mkwrite(struct mapping *m, struct page *page)
{
	(void)m;
	must(page_test(page, PG_LOCKED), "a write is announced with the page locked");
	return 0;
}

static const struct mapping_ops disk_ops = {disk_read, disk_write, disk_mkwrite, NULL};
static const struct mapping_ops memory_ops = {0};

static void hold_file(struct file *file)
{
	__atomic_fetch_add(&((struct world_file *)file)->areas, 1, __ATOMIC_RELAXED);
}

static void drop_file(struct file *file)
{
	u32 areas = __atomic_fetch_sub(&((struct world_file *)file)->areas, 1, __ATOMIC_RELAXED);

	must(areas, "a file is dropped once too often");
}

static void files_begin(struct world *w)
{
	for (unsigned i = 0; i < WORLD_FILES; i++) {
		struct world_file *f = &w->file[i];
		struct object *o = &w->object[i];

		mapping_init(&f->mapping, NULL, i ? &memory_ops : &disk_ops, GFP_HIGHUSER_MOVABLE);
		f->mapping.swap_backed = i == 1;
		f->areas = 0;
		*o = (struct object){.used = true, .size = 20 * PAGE_SIZE, .mapping = &f->mapping};
		mapping_set_size(&f->mapping, o->size);
		for (unsigned k = 0; k < WORLD_FILE_PAGES; k++)
			f->disk[k] = o->value[k] = !i && k < 20 ? 1000 + k : 0;
	}
	mm_file_get = hold_file;
	mm_file_put = drop_file;
}

/* Shared memory that nobody maps any more is gone. */
void forget_objects(struct world *w)
{
	bool used[WORLD_OBJECTS] = {true, true};

	for (unsigned s = 0; s < WORLD_SPACES; s++)
		for (unsigned i = 0; w->space[s].mm && i < WORLD_PAGES; i++)
			if (w->space[s].page[i].mapped && w->space[s].page[i].object >= 0)
				used[w->space[s].page[i].object] = true;
	for (unsigned i = WORLD_FILES; i < WORLD_OBJECTS; i++)
		w->object[i].used &= used[i];
}

int new_object(struct world *w, u32 pages, bool promised)
{
	for (unsigned i = WORLD_FILES; i < WORLD_OBJECTS; i++)
		if (!w->object[i].used) {
			w->object[i] = (struct object){.used = true,
						       .size = pages * (u32)PAGE_SIZE,
						       .promised = promised ? pages : 0};
			return (int)i;
		}
	return -1;
}

/* ---- what a page allows ---- */

struct object *object_of(struct world *w, const struct cell *c)
{
	return c->object < 0 ? NULL : &w->object[c->object];
}

/* Is there anything behind the page? */
bool has_page(struct world *w, const struct cell *c)
{
	return c->object < 0 || c->own || c->index < file_pages(object_of(w, c));
}

bool may_read(struct world *w, const struct cell *c)
{
	return c->mapped && (c->flags & VM_ACCESS) && has_page(w, c);
}

bool may_write(struct world *w, const struct cell *c)
{
	return c->mapped && (c->flags & VM_WRITE) && has_page(w, c);
}

u32 *contents(struct world *w, struct cell *c)
{
	return c->object < 0 || c->own ? &c->value : &object_of(w, c)->value[c->index];
}

void write_cell(struct world *w, struct cell *c, u32 value)
{
	if (!(c->flags & VM_SHARED) && c->object >= 0)
		c->own = true;
	c->lazy = false;
	*contents(w, c) = value;
}

/* The kernel has brought a private copy in, with the contents as they are. */
void copy_cell(struct world *w, struct cell *c)
{
	if (!(c->flags & VM_SHARED) && c->object >= 0 && !c->own) {
		c->value = *contents(w, c);
		c->own = true;
	}
}

/* The process (or a debugger) has found @value in the page. */
void saw(struct world *w, struct cell *c, u32 value)
{
	if (c->lazy && !value) {
		c->value = 0;
		c->lazy = false;
	}
	must(value == *contents(w, c), "%s: page %u has %u, not %u", w->operation,
	     (unsigned)(c - here(w)->page), value, *contents(w, c));
}

/* What mm_populate() does to the pages; true: all of them are there. */
bool populate(struct world *w, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		struct cell *c = cell_at(w, i);

		if (!c->mapped)
			return false;
		if (c->flags & VM_LOCKONFAULT)
			continue;
		if (!may_read(w, c))
			return false;
		if (c->flags & VM_WRITE)
			copy_cell(w, c);
	}
	return true;
}

bool wants_populate(u32 flags)
{
	return (flags & (VM_LOCKED | VM_LOCKONFAULT)) == VM_LOCKED;
}

/* ---- the operations ---- */

static const struct {
	void (*fn)(struct world *w);
	const char *name;
	unsigned weight;
} operations[] = {
	{op_map, "mmap", 10},
	{op_unmap, "munmap", 4},
	{op_protect, "mprotect", 6},
	{op_remap, "mremap", 6},
	{op_write, "write", 16},
	{op_read, "read", 12},
	{op_write_range, "write range", 3},
	{op_advise, "madvise", 6},
	{op_advise_populate, "madvise populate", 1},
	{op_fork, "fork", 4},
	{op_switch, "switch", 6},
	{op_exit, "exit", 1},
	{op_lock, "mlock", 2},
	{op_lock_all, "mlockall", 1},
	{op_brk, "brk", 3},
	{op_debug, "debugger", 3},
	{op_pin, "pin", 3},
	{op_remap_file_pages, "remap_file_pages", 2},
	{op_truncate, "truncate", 2},
	{op_punch, "punch", 1},
	{op_sync, "sync", 1},
	{op_msync, "msync", 1},
	{op_incore, "mincore", 1},
	{op_file_io, "file io", 4},
	{op_reclaim, "reclaim", 1},
};

void world_step(struct world *w)
{
	unsigned at = pick(w, 100), i = 0;

	while (at >= operations[i].weight)
		at -= operations[i++].weight;
	w->operation = operations[i].name;
	operations[i].fn(w);
}

/* ---- looking ---- */

/* What the entry of a page maps has the model's contents; no entry says nothing. */
static void check_entry(struct world *w, struct space *s, unsigned page)
{
	struct cell *c = &s->page[page];
	pte_t *ptep = pte_peek(s->mm, addr_of(w, page));
	u32 value;

	if (!ptep || !pte_present(*ptep))
		return;
	must(c->mapped, "%s: page %u is present", w->operation, page);
	memcpy(&value, (char *)sim_frame(pte_pfn(*ptep)) + WORLD_WORD, 4);
	must(value == *contents(w, c) || c->lazy, "%s: page %u has %u, not %u", w->operation, page,
	     value, *contents(w, c));
}

static void check_cell(struct world *w, struct space *s, unsigned page)
{
	const struct vma *vma = vma_tree_search(&s->mm->areas, addr_of(w, page));
	const struct cell *c = &s->page[page];

	if (!vma || vma->start > addr_of(w, page)) {
		must(!c->mapped, "%s: page %u is not mapped", w->operation, page);
		return;
	}
	must(c->mapped, "%s: page %u is mapped", w->operation, page);
	must(vma->flags == c->flags, "%s: page %u has flags %x, not %x", w->operation, page,
	     vma->flags, c->flags);
	if (c->object < 0) {
		must(vma_is_anon(vma), "%s: page %u", w->operation, page);
		return;
	}
	must(vma->mapping == w->object[c->object].mapping, "%s: page %u", w->operation, page);
	must(vma_index(vma, addr_of(w, page)) == c->index, "%s: page %u", w->operation, page);
}

void world_check(struct world *w)
{
	for (unsigned s = 0; s < WORLD_SPACES; s++)
		for (unsigned i = 0; w->space[s].mm && i < WORLD_PAGES; i++) {
			check_cell(w, &w->space[s], i);
			check_entry(w, &w->space[s], i);
		}
}

void world_read_all(struct world *w)
{
	for (unsigned i = 0; i < WORLD_PAGES; i++)
		read_page_of(w, i);
}

void worlds_oracle(struct world *w, unsigned n)
{
	struct mapping *files[WORLD_FILES * SIM_MAX_CPUS];
	pfn_t pins[WORLD_PINS * SIM_MAX_CPUS];
	struct oracle_extra extra = {.mappings = files, .pins = pins};

	for (; n; n--, w++) {
		world_check(w);
		for (unsigned i = 0; i < WORLD_FILES; i++)
			files[extra.nr_mappings++] = &w->file[i].mapping;
		for (unsigned i = 0; i < WORLD_PINS; i++)
			if (w->pin[i])
				pins[extra.nr_pins++] = page_to_pfn(w->pin[i]);
		for (unsigned i = 0; i < WORLD_OBJECTS; i++)
			extra.promised += w->object[i].used ? w->object[i].promised : 0;
	}
	oracle_check(&extra);
}

/* ---- the world's beginning and end ---- */

void world_begin(struct world *w, uaddr_t base, struct mm *mm, struct choices *choices)
{
	memset(w, 0, sizeof(*w));
	w->base = base;
	w->shared = mm != NULL;
	w->choices = choices;
	w->operation = "nothing";
	files_begin(w);
	if (!mm) {
		mm = mm_alloc();
		must(mm, "no memory");
		w->legacy = one_in(w, 4);
		mm->mmap_legacy = w->legacy;
		mm->mmap_base = w->legacy ? base : addr_of(w, WORLD_PAGES);
		mm->start_brk = mm->brk = addr_of(w, WORLD_HEAP);
	}
	w->space[0].mm = mm;
	w->space[0].brk = WORLD_HEAP;
	mm_activate(mm);
}

void world_fork(struct world *w, struct world *parent, struct choices *choices)
{
	memset(w, 0, sizeof(*w));
	w->base = parent->base;
	w->legacy = parent->legacy;
	w->choices = choices;
	w->operation = "fork";
	files_begin(w);
	w->space[0].mm = mm_fork(parent->space[0].mm);
	must(w->space[0].mm, "fork");
	fork_cells(&w->space[0], &parent->space[0]);
}

static void end_file(struct world *w, unsigned n)
{
	must(!w->file[n].areas, "a file is still held");
	mapping_set_size(&w->file[n].mapping, 0);
	mapping_truncate_range(&w->file[n].mapping, 0, -1);
	mapping_destroy(&w->file[n].mapping);
}

void world_end(struct world *w)
{
	for (unsigned i = 0; i < WORLD_PINS; i++)
		if (w->pin[i])
			page_put(w->pin[i]);
	if (w->shared) {
		mm_unmap(here(w)->mm, w->base, WORLD_PAGES * (u32)PAGE_SIZE);
	} else {
		if (current->mm == here(w)->mm)
			mm_activate(NULL);
		for (unsigned s = 0; s < WORLD_SPACES; s++)
			if (w->space[s].mm)
				mm_put(w->space[s].mm);
	}
	for (unsigned i = 0; i < WORLD_FILES; i++)
		end_file(w, i);
}
