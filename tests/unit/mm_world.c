/*
 * The model of address spaces. Each operation is a function that makes its choices, calls the
 * kernel, and says what must have come of it. The model has pages, the kernel areas: where the
 * manual speaks of areas ("the range must lie in one mapping") the model asks the kernel's tree,
 * whose joining test_vma_all.c proves.
 */
#include <string.h>

#include "arch/sim/sim.h"
#include "mm/iov_iter.h"
#include "mm/virt.h"
#include <linux/errno.h>
#include <linux/mman.h>

#include "mm_oracle.h"
#include "mm_world.h"

#define VM_MAYALL (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define must oracle_must

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

static u32 pick(struct world *w, u32 n)
{
	return choose(w->choices, n);
}

static bool one_in(struct world *w, u32 n)
{
	return pick(w, n) == n - 1;
}

static u32 pick_value(struct world *w)
{
	return 1 + pick(w, 255);
}

struct range {
	unsigned from, n;
	uaddr_t addr;
	u32 len;
};

static uaddr_t addr_of(const struct world *w, unsigned page)
{
	return w->base + page * (uaddr_t)PAGE_SIZE;
}

static struct range pick_range(struct world *w)
{
	struct range r = {.from = pick(w, WORLD_PAGES)};

	r.n = 1 + pick(w, MIN(12u, WORLD_PAGES - r.from));
	r.addr = addr_of(w, r.from);
	r.len = r.n * (u32)PAGE_SIZE;
	return r;
}

static struct space *here(struct world *w)
{
	return &w->space[w->here];
}

static struct cell *cell_at(struct world *w, unsigned page)
{
	return &here(w)->page[page];
}

/* ---- objects ---- */

static u32 file_pages(const struct object *o)
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
static void forget_objects(struct world *w)
{
	bool used[WORLD_OBJECTS] = {true, true};

	for (unsigned s = 0; s < WORLD_SPACES; s++)
		for (unsigned i = 0; w->space[s].mm && i < WORLD_PAGES; i++)
			if (w->space[s].page[i].mapped && w->space[s].page[i].object >= 0)
				used[w->space[s].page[i].object] = true;
	for (unsigned i = WORLD_FILES; i < WORLD_OBJECTS; i++)
		w->object[i].used &= used[i];
}

static int new_object(struct world *w, u32 pages, bool promised)
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

static struct object *object_of(struct world *w, const struct cell *c)
{
	return c->object < 0 ? NULL : &w->object[c->object];
}

/* Is there anything behind the page? */
static bool has_page(struct world *w, const struct cell *c)
{
	return c->object < 0 || c->own || c->index < file_pages(object_of(w, c));
}

static bool may_read(struct world *w, const struct cell *c)
{
	return c->mapped && (c->flags & VM_ACCESS) && has_page(w, c);
}

static bool may_write(struct world *w, const struct cell *c)
{
	return c->mapped && (c->flags & VM_WRITE) && has_page(w, c);
}

static u32 *contents(struct world *w, struct cell *c)
{
	return c->object < 0 || c->own ? &c->value : &object_of(w, c)->value[c->index];
}

static void write_cell(struct world *w, struct cell *c, u32 value)
{
	if (!(c->flags & VM_SHARED) && c->object >= 0)
		c->own = true;
	c->lazy = false;
	*contents(w, c) = value;
}

/* The kernel has brought a private copy in, with the contents as they are. */
static void copy_cell(struct world *w, struct cell *c)
{
	if (!(c->flags & VM_SHARED) && c->object >= 0 && !c->own) {
		c->value = *contents(w, c);
		c->own = true;
	}
}

/* The process (or a debugger) has found @value in the page. */
static void saw(struct world *w, struct cell *c, u32 value)
{
	if (c->lazy && !value) {
		c->value = 0;
		c->lazy = false;
	}
	must(value == *contents(w, c), "%s: page %u has %u, not %u", w->operation,
	     (unsigned)(c - here(w)->page), value, *contents(w, c));
}

/* What mm_populate() does to the pages; true: all of them are there. */
static bool populate(struct world *w, unsigned from, unsigned n)
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

static bool wants_populate(u32 flags)
{
	return (flags & (VM_LOCKED | VM_LOCKONFAULT)) == VM_LOCKED;
}

/* ---- mmap ---- */

static const u32 protections[] = {PROT_READ | PROT_WRITE,
				  PROT_READ | PROT_WRITE,
				  PROT_READ,
				  PROT_NONE,
				  PROT_READ | PROT_EXEC,
				  PROT_READ | PROT_WRITE | PROT_EXEC,
				  PROT_EXEC,
				  PROT_WRITE};

static u32 vm_access(u32 prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_EXEC : 0);
}

static bool is_free(struct world *w, long page, unsigned n)
{
	for (long i = MAX(page, 0L); i < page + (long)n && i < (long)WORLD_PAGES; i++)
		if (cell_at(w, (unsigned)i)->mapped)
			return false;
	return true;
}

/* The page where @n pages go when nobody asks for an address; it may lie outside the window. */
static long free_place(struct world *w, unsigned n)
{
	long page;

	if (w->legacy)
		for (page = 0; !is_free(w, page, n); page++)
			;
	else
		for (page = (long)WORLD_PAGES - (long)n; !is_free(w, page, n); page--)
			;
	return page;
}

/* Nobody else changes an area of this window. */
static struct vma *area_of(struct world *w, uaddr_t addr)
{
	struct mm *mm = here(w)->mm;
	struct vma *vma;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	up_read(&mm->mmap_lock);
	return vma;
}

static bool is_inside(long page, unsigned n)
{
	return page >= 0 && page + (long)n <= (long)WORLD_PAGES;
}

static void unmap_cells(struct world *w, unsigned from, unsigned n)
{
	memset(cell_at(w, from), 0, n * sizeof(struct cell));
	forget_objects(w);
}

static void map_cells(struct world *w, unsigned from, unsigned n, u32 flags, int object, u32 index)
{
	for (unsigned i = 0; i < n; i++)
		*cell_at(w, from + i) = (struct cell){.mapped = true,
						      .object = (s8)object,
						      .flags = flags,
						      .index = object < 0 ? 0 : index + i};
	forget_objects(w);
}

/* The flags of the new area, or -errno. */
static long expected_flags(struct world *w, const struct map_request *req, bool anon)
{
	u32 flags = vm_access(req->prot) | VM_MAYALL | here(w)->mm->def_flags;
	bool shared = (req->flags & MAP_TYPE) == MAP_SHARED;

	flags |= req->flags & MAP_LOCKED ? VM_LOCKED : 0;
	flags |= req->flags & MAP_NORESERVE ? VM_NORESERVE : 0;
	if (shared)
		flags |= VM_SHARED | VM_MAYSHARE;
	if (!anon && !(req->may_flags & VM_MAYWRITE) && shared) {
		if (req->prot & PROT_WRITE)
			return -EACCES;
		flags &= ~(VM_SHARED | VM_MAYWRITE);
	}
	if (!anon && !(req->may_flags & VM_MAYEXEC)) {
		if (req->prot & PROT_EXEC)
			return -EPERM;
		flags &= ~VM_MAYEXEC;
	}
	if ((flags & (VM_SHARED | VM_WRITE | VM_NORESERVE)) == VM_WRITE)
		flags |= VM_ACCOUNT;
	return (long)flags;
}

static void pick_object(struct world *w, struct map_request *req, int *object)
{
	static const u32 may[] = {VM_MAYALL, VM_MAYALL, VM_MAYREAD | VM_MAYEXEC,
				  VM_MAYREAD | VM_MAYWRITE};

	*object = (int)pick(w, WORLD_FILES + 2) - 2;
	if (*object < 0) {
		*object = -1;
		req->flags |= MAP_ANONYMOUS;
		return;
	}
	req->mapping = &w->file[*object].mapping;
	req->file = (struct file *)&w->file[*object];
	req->pgoff = pick(w, 24);
	req->may_flags = may[pick(w, ARRAY_SIZE(may))];
}

static void op_map(struct world *w)
{
	static const u32 kinds[] = {MAP_FIXED, MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0};
	struct range r = pick_range(w);
	struct map_request req = {.addr = r.addr, .len = r.len - pick(w, 2)};
	u32 kind = kinds[pick(w, w->shared ? 4 : 5)];
	int object;
	long want, flags, page = r.from;

	pick_object(w, &req, &object);
	req.prot = protections[pick(w, ARRAY_SIZE(protections))];
	req.flags |= kind | (one_in(w, 3) ? MAP_SHARED : MAP_PRIVATE);
	req.flags |= (one_in(w, 8) ? MAP_LOCKED : 0) | (one_in(w, 8) ? MAP_POPULATE : 0) |
		     (one_in(w, 8) ? MAP_NORESERVE : 0);
	flags = expected_flags(w, &req, object < 0);
	if (!kind) {
		if (one_in(w, 2)) /* a hint that may be taken is as good as MAP_FIXED */
			req.addr = 0;
		if (!req.addr || !is_free(w, page, r.n))
			page = free_place(w, r.n);
		if (!is_inside(page, r.n))
			return;
	}
	want = (long)addr_of(w, (unsigned)page);
	if (kind == MAP_FIXED_NOREPLACE && !is_free(w, page, r.n))
		want = -EEXIST;
	else if (flags < 0)
		want = flags;
	if (object < 0 && (req.flags & MAP_SHARED)) {
		object = new_object(w, r.n, !(req.flags & MAP_NORESERVE));
		if (object < 0)
			return;
	}
	must(mm_map(here(w)->mm, &req) == want, "mmap of page %ld", page);
	if (want >= 0) {
		map_cells(w, (unsigned)page, r.n, (u32)flags, object, req.pgoff);
		if (object >= (int)WORLD_FILES)
			w->object[object].mapping = area_of(w, (uaddr_t)want)->mapping;
		if ((req.flags & MAP_POPULATE) || wants_populate((u32)flags))
			populate(w, (unsigned)page, r.n);
	}
	forget_objects(w);
}

static void op_unmap(struct world *w)
{
	struct range r = pick_range(w);

	must(!mm_unmap(here(w)->mm, r.addr, r.len), "munmap");
	unmap_cells(w, r.from, r.n);
}

/* ---- mprotect, mlock, madvise: page by page up to the first that does not allow it ---- */

static void op_protect(struct world *w)
{
	struct range r = pick_range(w);
	u32 prot = protections[pick(w, ARRAY_SIZE(protections))], access = vm_access(prot);
	int want = 0;

	for (unsigned i = r.from; i < r.from + r.n && !want; i++) {
		struct cell *c = cell_at(w, i);

		if (!c->mapped) {
			want = -ENOMEM;
		} else if (access & ~(c->flags >> 4)) {
			want = -EACCES;
		} else {
			if ((access & VM_WRITE) &&
			    !(c->flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)))
				c->flags |= VM_ACCOUNT;
			c->flags = (c->flags & ~VM_ACCESS) | access;
		}
	}
	must(mm_protect(here(w)->mm, r.addr, r.len, prot) == want, "mprotect: not %d", want);
}

static void op_lock(struct world *w)
{
	static const u32 kinds[] = {0, 0, VM_LOCKED, VM_LOCKED | VM_LOCKONFAULT};
	struct range r = pick_range(w);
	u32 lock = kinds[pick(w, ARRAY_SIZE(kinds))];
	bool all = true;
	int err;

	for (unsigned i = r.from; i < r.from + r.n && all; i++) {
		struct cell *c = cell_at(w, i);

		all = c->mapped;
		if (all)
			c->flags = (c->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock;
	}
	err = mm_lock_range(here(w)->mm, r.addr, r.len, lock);
	must(all || err == -ENOMEM, "mlock of a hole: %d", err);
	if (all)
		must(!err == (!wants_populate(lock) || populate(w, r.from, r.n)), "mlock: %d", err);
}

static void op_lock_all(struct world *w)
{
	static const u32 kinds[] = {0,
				    0,
				    MCL_CURRENT,
				    MCL_FUTURE,
				    MCL_CURRENT | MCL_FUTURE,
				    MCL_CURRENT | MCL_ONFAULT,
				    MCL_FUTURE | MCL_ONFAULT};
	u32 kind = kinds[pick(w, ARRAY_SIZE(kinds))];
	u32 lock = !kind ? 0 : VM_LOCKED | (kind & MCL_ONFAULT ? VM_LOCKONFAULT : 0);

	if (w->shared)
		return;
	must(!mm_lock_all(here(w)->mm, kind), "mlockall(%x)", kind);
	if (kind && !(kind & MCL_CURRENT))
		return;
	for (unsigned i = 0; i < WORLD_PAGES; i++)
		if (cell_at(w, i)->mapped)
			cell_at(w, i)->flags =
				(cell_at(w, i)->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock;
	if (!wants_populate(lock))
		return;
	for (struct vma *v = vma_first(here(w)->mm); v; v = vma_next(v))
		populate(w, (v->start - w->base) >> PAGE_SHIFT, vma_pages(v));
}

static bool is_plain_anon(const struct cell *c)
{
	return c->object < 0;
}

/* What the advice does to one page: 0 or -errno. */
static int advise_cell(struct world *w, struct cell *c, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		if (c->flags & VM_LOCKED)
			return -EINVAL;
		c->own = c->lazy = false;
		c->value = 0;
		return 0;
	case MADV_FREE:
		if (!is_plain_anon(c))
			return -EINVAL;
		c->lazy = true;
		return 0;
	case MADV_COLD:
	case MADV_PAGEOUT: return c->flags & VM_LOCKED ? -EINVAL : 0;
	case MADV_REMOVE:
		if ((c->flags & VM_LOCKED) || c->object < 0)
			return -EINVAL;
		if ((c->flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
			return -EACCES;
		if (!object_of(w, c)->mapping->swap_backed)
			return -EOPNOTSUPP;
		if (c->index < WORLD_FILE_PAGES)
			object_of(w, c)->value[c->index] = 0;
		return 0;
	case MADV_NORMAL: c->flags &= ~(VM_RAND_READ | VM_SEQ_READ); return 0;
	case MADV_SEQUENTIAL: c->flags = (c->flags & ~VM_RAND_READ) | VM_SEQ_READ; return 0;
	case MADV_RANDOM: c->flags = (c->flags & ~VM_SEQ_READ) | VM_RAND_READ; return 0;
	case MADV_DONTFORK: c->flags |= VM_DONTCOPY; return 0;
	case MADV_DOFORK: c->flags &= ~VM_DONTCOPY; return 0;
	case MADV_WIPEONFORK:
		if (!is_plain_anon(c))
			return -EINVAL;
		c->flags |= VM_WIPEONFORK;
		return 0;
	case MADV_KEEPONFORK: c->flags &= ~VM_WIPEONFORK; return 0;
	case MADV_DONTDUMP: c->flags |= VM_DONTDUMP; return 0;
	case MADV_DODUMP: c->flags &= ~VM_DONTDUMP; return 0;
	case MADV_HUGEPAGE: c->flags = (c->flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE; return 0;
	case MADV_NOHUGEPAGE: c->flags = (c->flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE; return 0;
	default: return 0;
	}
}

static void op_advise(struct world *w)
{
	static const int advices[] = {
		MADV_DONTNEED,   MADV_DONTNEED, MADV_DONTNEED, MADV_FREE,     MADV_COLD,
		MADV_PAGEOUT,    MADV_REMOVE,   MADV_WILLNEED, MADV_NORMAL,   MADV_SEQUENTIAL,
		MADV_RANDOM,     MADV_DONTFORK, MADV_DOFORK,   MADV_DOFORK,   MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_DONTDUMP, MADV_DODUMP,   MADV_HUGEPAGE, MADV_NOHUGEPAGE,
	};
	struct range r = pick_range(w);
	int advice = advices[pick(w, ARRAY_SIZE(advices))], err = 0, hole = 0;

	/* The areas before one that refuses are done; holes are told at the end. */
	for (unsigned i = r.from; i < r.from + r.n && !err; i++) {
		if (!cell_at(w, i)->mapped)
			hole = -ENOMEM;
		else
			err = advise_cell(w, cell_at(w, i), advice);
	}
	err = err ? err : hole;
	must(mm_advise(here(w)->mm, r.addr, r.len, advice) == err, "madvise %d: not %d", advice,
	     err);
}

static void op_advise_populate(struct world *w)
{
	struct range r = pick_range(w);
	bool write = one_in(w, 2), all = true;
	int err;

	for (unsigned i = r.from; i < r.from + r.n && all; i++) {
		struct cell *c = cell_at(w, i);

		all = c->mapped && has_page(w, c) && (c->flags & (write ? VM_WRITE : VM_READ));
		if (all && write)
			copy_cell(w, c);
	}
	err = mm_advise(here(w)->mm, r.addr, r.len,
			write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	must(!err == all, "populate by madvise: %d", err);
}

/* ---- mremap ---- */

static bool overlap(unsigned a, unsigned n, unsigned b, unsigned m)
{
	return a < b + m && b < a + n;
}

struct remap {
	unsigned from, old, new, to;
	u32 flags;
	const struct vma *vma; /* of the first page */
};

/* Cells go from one place to another that is free, and grow there by more like @like. */
static void move_cells(struct world *w, const struct remap *m, struct cell like, bool keep)
{
	struct cell moved[WORLD_PAGES], *first = cell_at(w, m->from);
	unsigned n = MIN(m->old, m->new);

	memcpy(moved, first, n * sizeof(*moved));
	for (unsigned i = n; i < m->new; i++) {
		moved[i] = like;
		moved[i].own = moved[i].lazy = false;
		moved[i].value = 0;
		moved[i].index = like.object < 0 ? 0 : like.index + i;
	}
	for (unsigned i = 0; i < n; i++) {
		if (!keep) {
			first[i] = (struct cell){0};
			continue;
		}
		first[i].own = first[i].lazy = false;
		first[i].value = 0;
	}
	memcpy(cell_at(w, m->to), moved, m->new * sizeof(*moved));
	if (wants_populate(moved[0].flags) && m->new > m->old)
		populate(w, m->to + m->old, m->new - m->old);
	forget_objects(w);
}

/* MREMAP_DONTUNMAP: the area that stays is not locked any more, all of it. */
static void unlock_rest(struct world *w, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		if (cell_at(w, i)->mapped)
			cell_at(w, i)->flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
}

static long check_remap(struct world *w, const struct remap *m)
{
	const struct cell *c = cell_at(w, m->from);

	if (!m->old && !(c->flags & VM_MAYSHARE))
		return -EINVAL;
	return addr_of(w, m->from + m->old) > m->vma->end ? -EFAULT : 0;
}

/* Where it must end up, or -errno; the model is as it is before the pages move. 1: leave it. */
static long expect_fixed(struct world *w, struct remap *m)
{
	bool fixed = m->flags & MREMAP_FIXED;
	long err, page;

	if (fixed && overlap(m->from, m->old, m->to, m->new))
		return -EINVAL;
	if (m->old > m->new) {
		unmap_cells(w, m->from + m->new, m->old - m->new);
		m->old = m->new;
	}
	err = check_remap(w, m);
	if (err)
		return err;
	page = fixed ? (long)m->to : free_place(w, m->new);
	if (!is_inside(page, m->new))
		return 1;
	m->to = (unsigned)page;
	return (long)addr_of(w, m->to);
}

static void remap_fixed(struct world *w, struct remap m, unsigned old)
{
	uaddr_t start = m.vma->start, end = m.vma->end;
	long want = expect_fixed(w, &m);
	struct cell like = *cell_at(w, m.from); /* with an old length of 0 it may be replaced */
	bool keep = m.flags & MREMAP_DONTUNMAP;

	if (want == 1)
		return;
	must(mm_remap(here(w)->mm, addr_of(w, m.from), old * (u32)PAGE_SIZE, m.new *(u32)PAGE_SIZE,
		      m.flags, m.flags & MREMAP_FIXED ? addr_of(w, m.to) : 0) == want,
	     "mremap: not %lx", want);
	if (want < 0)
		return;
	if (m.flags & MREMAP_FIXED)
		unmap_cells(w, m.to, m.new);
	move_cells(w, &m, like, keep);
	if (!keep)
		return;
	/* The target may have cut a piece of the area off: what is left of it around m.from. */
	if (m.flags & MREMAP_FIXED) {
		if (m.to < m.from)
			start = MAX(start, addr_of(w, m.to + m.new));
		else
			end = MIN(end, addr_of(w, m.to));
	}
	unlock_rest(w, (start - w->base) >> PAGE_SHIFT, (end - w->base) >> PAGE_SHIFT);
}

static void remap_shrink(struct world *w, const struct remap *m)
{
	must(mm_remap(here(w)->mm, addr_of(w, m->from), m->old * (u32)PAGE_SIZE,
		      m->new *(u32)PAGE_SIZE, m->flags, 0) == (long)addr_of(w, m->from),
	     "mremap to less");
	unmap_cells(w, m->from + m->new, m->old - m->new);
}

static void remap_grow(struct world *w, struct remap m)
{
	long want = check_remap(w, &m), page = m.from;
	bool in_place = addr_of(w, m.from + m.old) == m.vma->end &&
			is_free(w, m.from + m.old, m.new - m.old);

	if (!want && !in_place && !(m.flags & MREMAP_MAYMOVE)) {
		want = -ENOMEM;
	} else if (!want) {
		page = in_place ? (long)m.from : free_place(w, m.new);
		if (!is_inside(page, m.new) || (w->shared && !in_place))
			return;
		want = (long)addr_of(w, (unsigned)page);
	}
	must(mm_remap(here(w)->mm, addr_of(w, m.from), m.old * (u32)PAGE_SIZE,
		      m.new *(u32)PAGE_SIZE, m.flags, 0) == want,
	     "mremap to more: not %lx", want);
	m.to = (unsigned)page;
	if (want >= 0)
		move_cells(w, &m, *cell_at(w, m.from), false);
}

static void op_remap(struct world *w)
{
	static const u32 kinds[] = {0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED,
				    MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
				    MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED};
	struct range r = pick_range(w);
	struct remap m = {.from = r.from, .old = r.n, .flags = kinds[pick(w, 5)]};

	m.new = 1 + pick(w, 12);
	m.to = pick(w, WORLD_PAGES);
	if (one_in(w, 16))
		m.old = 0;
	if (m.flags & MREMAP_DONTUNMAP)
		m.new = m.old;
	if (!m.new || m.from + m.new > WORLD_PAGES || m.to + m.new > WORLD_PAGES ||
	    (w->shared && (m.flags & (MREMAP_DONTUNMAP | MREMAP_FIXED)) == MREMAP_DONTUNMAP))
		return;
	m.vma = area_of(w, r.addr);
	if (!cell_at(w, r.from)->mapped)
		must(mm_remap(here(w)->mm, r.addr, r.len, m.new *(u32)PAGE_SIZE, m.flags & ~4u,
			      addr_of(w, m.to)) == -EFAULT,
		     "mremap of a hole");
	else if (m.flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		remap_fixed(w, m, m.old);
	else if (m.old >= m.new)
		remap_shrink(w, &m);
	else
		remap_grow(w, m);
}

static void op_remap_file_pages(struct world *w)
{
	struct range r = pick_range(w);
	struct cell first = *cell_at(w, r.from);
	u32 index = pick(w, 24), flags;
	int want = 0;

	for (unsigned i = r.from; i < r.from + r.n; i++) {
		const struct cell *c = cell_at(w, i);

		if (!c->mapped || !(c->flags & VM_SHARED) || c->object != first.object ||
		    c->flags != first.flags || c->object >= (int)WORLD_FILES)
			want = -EINVAL;
	}
	must(mm_remap_file_pages(here(w)->mm, r.addr, r.len, index, 0) == want,
	     "remap_file_pages: not %d", want);
	if (want)
		return;
	flags = (first.flags & (VM_ACCESS | VM_MAYALL | VM_LOCKED)) | here(w)->mm->def_flags |
		VM_SHARED | VM_MAYSHARE;
	map_cells(w, r.from, r.n, flags, first.object, index);
}

/* ---- brk ---- */

static void op_brk(struct world *w)
{
	struct space *s = here(w);
	u32 old = s->brk, new = WORLD_HEAP + pick(w, WORLD_PAGES - WORLD_HEAP), end = old;
	bool done = true;

	if (w->shared)
		return;
	while (end < WORLD_PAGES && !s->page[end].mapped)
		end++;
	if (new > old && end<WORLD_PAGES &&new + 1> end)
		done = false;
	must(mm_brk(s->mm, addr_of(w, new)) == (long)addr_of(w, done ? new : old), "brk");
	if (!done)
		return;
	if (new < old)
		unmap_cells(w, new, old - new);
	if (new > old) {
		map_cells(w, old, new - old,
			  VM_READ | VM_WRITE | VM_MAYALL | VM_ACCOUNT | s->mm->def_flags, -1, 0);
		if (wants_populate(s->mm->def_flags))
			populate(w, old, new - old);
	}
	s->brk = new;
}

/* ---- touching ---- */

static void op_write(struct world *w)
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

static void read_page_of(struct world *w, unsigned page)
{
	struct cell *c = cell_at(w, page);
	bool can = may_read(w, c);
	u32 value = 0;

	must(!get_user_u32(&value, addr_of(w, page) + WORLD_WORD) == can, "read of page %u, %d",
	     page, can);
	if (can)
		saw(w, c, value);
}

static void op_read(struct world *w)
{
	read_page_of(w, pick(w, WORLD_PAGES));
}

/* The bottom of a range in one go: a read(2) into it, or many pages written. */
static void op_write_range(struct world *w)
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
static void op_debug(struct world *w)
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

static void op_pin(struct world *w)
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

static void fork_cells(struct space *child, const struct space *parent)
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

static void op_fork(struct world *w)
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

static void op_switch(struct world *w)
{
	unsigned to = pick(w, WORLD_SPACES);

	if (!w->space[to].mm)
		return;
	w->here = to;
	mm_activate(here(w)->mm);
}

static void op_exit(struct world *w)
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

static void op_truncate(struct world *w)
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
				w->file[file].disk[i] = o->value[i] = 0;
	}
	o->size = size;
}

static void op_punch(struct world *w)
{
	unsigned file = pick(w, WORLD_FILES);
	u32 first = pick(w, 30), n = 1 + pick(w, 8);

	mapping_truncate_range(w->object[file].mapping, (loff_t)first << PAGE_SHIFT,
			       (loff_t)(first + n) << PAGE_SHIFT);
	for (u32 i = first; i < first + n; i++)
		w->file[file].disk[i] = w->object[file].value[i] = 0;
}

static void check_disk(struct world *w, u32 first, u32 n)
{
	for (u32 i = first; i < MIN(first + n, file_pages(&w->object[0])); i++)
		must(w->file[0].disk[i] == w->object[0].value[i],
		     "%s: page %u of the disk has %u, not %u", w->operation, i, w->file[0].disk[i],
		     w->object[0].value[i]);
}

static void op_sync(struct world *w)
{
	must(!mapping_sync(w->object[0].mapping, 0, -1), "sync");
	check_disk(w, 0, WORLD_FILE_PAGES);
}

static void op_msync(struct world *w)
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

static void op_incore(struct world *w)
{
	struct range r = pick_range(w);
	u8 vec[WORLD_PAGES];
	int want = 0;

	for (unsigned i = r.from; i < r.from + r.n; i++)
		if (!cell_at(w, i)->mapped)
			want = -ENOMEM;
	must(mm_incore(here(w)->mm, r.addr, r.n, vec) == want, "mincore: not %d", want);
}

/* write(2) and read(2) of one word of a file. */
static void op_file_io(struct world *w)
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
				      ? pte_find(here(w)->mm, addr_of(w, i))
				      : NULL;

		n += ptep && pte_present(*ptep);
	}
	return n;
}

static void op_reclaim(struct world *w)
{
	unsigned locked = w->parallel ? 0 : locked_and_present(w);

	mm_reclaim(GFP_HIGHUSER, 0);
	if (!w->parallel)
		must(locked_and_present(w) == locked, "reclaim took a locked page");
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
	pte_t *ptep = pte_find(s->mm, addr_of(w, page));
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
