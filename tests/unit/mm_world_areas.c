/*
 * The model's calls on areas: mmap, munmap, mprotect, mlock, madvise, mremap,
 * remap_file_pages, brk.
 */
#include <string.h>

#include "mm_world_ops.h"
#include <linux/errno.h>
#include <linux/mman.h>

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

void op_map(struct world *w)
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

void op_unmap(struct world *w)
{
	struct range r = pick_range(w);

	must(!mm_unmap(here(w)->mm, r.addr, r.len), "munmap");
	unmap_cells(w, r.from, r.n);
}

/* ---- mprotect, mlock, madvise: page by page up to the first that does not allow it ---- */

static void protect_cell(struct world *w, struct cell *c, u32 access)
{
	u32 old = c->flags;

	if ((access & VM_WRITE) && !(old & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)))
		c->flags |= VM_ACCOUNT;
	c->flags = (c->flags & ~VM_ACCESS) | access;
	/* Private, locked, and may now be written: copied at once. */
	if (wants_populate(old) && !(old & (VM_WRITE | VM_SHARED)) && may_write(w, c))
		copy_cell(w, c);
}

void op_protect(struct world *w)
{
	struct range r = pick_range(w);
	u32 prot = protections[pick(w, ARRAY_SIZE(protections))], access = vm_access(prot);
	int want = 0;

	for (unsigned i = r.from; i < r.from + r.n && !want; i++) {
		struct cell *c = cell_at(w, i);

		if (!c->mapped)
			want = -ENOMEM;
		else if (access & ~(c->flags >> 4))
			want = -EACCES;
		else
			protect_cell(w, c, access);
	}
	must(mm_protect(here(w)->mm, r.addr, r.len, prot) == want, "mprotect: not %d", want);
}

void op_lock(struct world *w)
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

void op_lock_all(struct world *w)
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
		if (!is_plain_anon(c) || (c->flags & VM_LOCKED))
			return -EINVAL;
		c->lazy = true;
		return 0;
	case MADV_COLD:
	case MADV_PAGEOUT: return c->flags & VM_LOCKED ? -EINVAL : 0;
	case MADV_REMOVE:
		if ((c->flags & VM_LOCKED) || c->object < 0)
			return -EINVAL;
		if ((c->flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
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

void op_advise(struct world *w)
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

void op_advise_populate(struct world *w)
{
	struct range r = pick_range(w);
	bool write = one_in(w, 2), all = true, stopped = false;
	int err;

	/* Holes are passed over, and told at the end. */
	for (unsigned i = r.from; i < r.from + r.n && !stopped; i++) {
		struct cell *c = cell_at(w, i);

		all = all && c->mapped;
		stopped = c->mapped &&
			  (!has_page(w, c) || !(c->flags & (write ? VM_WRITE : VM_READ)));
		if (c->mapped && !stopped && write)
			copy_cell(w, c);
	}
	all = all && !stopped;
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
	uaddr_t start, end; /* the area of the first page */
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
	return addr_of(w, m->from + m->old) > m->end ? -EFAULT : 0;
}

/* The target's place is cleared; what is left of the area around the first page. */
static void clear_target(struct world *w, struct remap *m)
{
	unmap_cells(w, m->to, m->new);
	if (m->to < m->from)
		m->start = MAX(m->start, addr_of(w, m->to + m->new));
	else
		m->end = MIN(m->end, addr_of(w, m->to));
}

/*
 * Where it must end up, or -errno; 1: outside the window, leave it. The target is cleared and the
 * source cut before it is looked at, as on Linux, and stays so if it does not fit.
 */
static long expect_fixed(struct world *w, struct remap *m)
{
	bool fixed = m->flags & MREMAP_FIXED;
	long err, page;

	if (fixed && overlap(m->from, m->old, m->to, m->new))
		return -EINVAL;
	if (fixed)
		clear_target(w, m);
	if (m->old > m->new) {
		unmap_cells(w, m->from + m->new, m->old - m->new);
		m->old = m->new;
	}
	err = cell_at(w, m->from)->mapped ? check_remap(w, m) : -EFAULT;
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
	long want = expect_fixed(w, &m);
	bool keep = m.flags & MREMAP_DONTUNMAP;

	if (want == 1)
		return;
	must(mm_remap(here(w)->mm, addr_of(w, m.from), old * (u32)PAGE_SIZE, m.new *(u32)PAGE_SIZE,
		      m.flags, m.flags & MREMAP_FIXED ? addr_of(w, m.to) : 0) == want,
	     "mremap: not %lx", want);
	if (want < 0)
		return;
	move_cells(w, &m, *cell_at(w, m.from), keep);
	if (keep)
		unlock_rest(w, (m.start - w->base) >> PAGE_SHIFT, (m.end - w->base) >> PAGE_SHIFT);
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
	bool in_place =
		addr_of(w, m.from + m.old) == m.end && is_free(w, m.from + m.old, m.new - m.old);

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

void op_remap(struct world *w)
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
	if (cell_at(w, r.from)->mapped) {
		m.start = area_of(w, r.addr)->start;
		m.end = area_of(w, r.addr)->end;
	}
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

void op_remap_file_pages(struct world *w)
{
	struct range r = pick_range(w);
	struct cell first = *cell_at(w, r.from);
	u32 index = pick(w, 24), flags;
	int want = 0;

	for (unsigned i = r.from; i < r.from + r.n; i++) {
		const struct cell *c = cell_at(w, i);

		if (!c->mapped || !(c->flags & VM_SHARED) || c->object != first.object ||
		    c->flags != first.flags)
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

void op_brk(struct world *w)
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
