/*
 * fork's copy of an address space: every area, and the page tables of those that have private
 * pages. A private page is then shared read-only by both, and the first who writes copies it
 * (fault.c, 8). The page tables of file areas without private pages are not copied: whatever they
 * map can be faulted in again.
 *
 * The parent's mmap_lock is held for write, so that nobody faults in between; the child is not
 * visible yet, but for its areas in mapping->i_mmap. The parent's TLBs are flushed once, at the
 * end. Read next: fault.c, tlb.c.
 */
#include "virt.h"

/* ---- page tables ---- */

struct copy {
	struct mm *from, *to;
	bool wrprotect; /* private area: write-protect both sides */
	bool atomic;    /* other CPUs may set bits in the parent's entries */
	bool flush;     /* an entry of the parent was write-protected */
	s32 anon, file, shmem;
};

static inline void count_page(struct copy *c, const struct page *page)
{
	if (likely(page_is_anon(page)))
		c->anon++;
	else if (page_test(page, PG_SWAPBACKED))
		c->shmem++;
	else
		c->file++;
}

/*
 * The loop that fork consists of: entries of a private area that map its private pages, side by
 * side, while no other CPU has the parent. How many of @n.
 */
static noinline unsigned copy_anon_run(struct copy *c, pte_t *to, pte_t *from, unsigned n)
{
	const pte_t *first = from, *end = from + n;
	const u32 writable = (u32)pte_mkwrite((pte_t){0}).val;
	u32 seen = 0;

	for (; from < end; from++, to++) {
		u32 low = pte_low(from);
		struct page *page;

		if (!pte_present((pte_t){low}) || pte_special((pte_t){low}))
			break;
		page = pfn_to_page(pte_pfn(*from));
		if (unlikely(!page_is_anon(page)))
			break;
		page_get(page);
		page_add_rmap(page);
		seen |= low;
		pte_set_low(from, low & ~writable);
		set_pte(to, *from);
	}
	c->anon += from - first;
	c->flush |= (seen & writable) != 0;
	return (unsigned)(from - first);
}

/* One page table, or a part of it. => both page_table_locks held */
static void copy_ptes(struct copy *c, pte_t *to, pte_t *from, unsigned n)
{
	for (; n; n--, to++, from++) {
		pte_t pte = *from;

		if (pte_none(pte)) {
			unsigned skip = ptes_skip_empty(from + 1, n - 1);

			from += skip;
			to += skip;
			n -= skip;
			continue;
		}
		if (!pte_present(pte))
			continue;
		if (likely(!pte_special(pte))) {
			struct page *page = pfn_to_page(pte_pfn(pte));

			if (n >= RUN_MIN && c->wrprotect && !c->atomic && page_is_anon(page)) {
				unsigned run = copy_anon_run(c, to, from, n) - 1;

				from += run;
				to += run;
				n -= run;
				continue;
			}
			page_get(page);
			page_add_rmap(page);
			count_page(c, page);
		}
		if (c->wrprotect && pte_write(pte)) {
			pte = pte_wrprotect(pte);
			if (c->atomic)
				ptep_set_wrprotect(from);
			else
				set_pte(from, pte);
			c->flush = true;
		}
		set_pte(to, pte);
	}
}

static void copy_account(struct copy *c)
{
	if (c->anon)
		rss_add(&c->to->rss_anon, c->anon);
	if (c->file)
		rss_add(&c->to->rss_file, c->file);
	if (c->shmem)
		rss_add(&c->to->rss_shmem, c->shmem);
	c->anon = c->file = c->shmem = 0;
}

/* Copy the entries of @vma. 0 or -ENOMEM */
static int copy_page_range(struct copy *c, struct vma *vma)
{
	struct mm *mm = c->from, *to = c->to;
	uaddr_t addr = vma->start, next;
	int err = 0;

	c->wrprotect = !(vma->flags & VM_SHARED);
	for (; addr < vma->end; addr = next) {
		pmd_t *pmd = pmd_find(mm, addr);
		pte_t *from, *dest;

		next = MIN((uaddr_t)((addr & PMD_MASK) + PMD_SIZE), vma->end);
		if (!pmd || pmd_none(*pmd))
			continue;
		if (pmd_large(*pmd) && is_whole_pmd(addr, next)) {
			err = huge_copy(to, vma, addr, &c->flush);
			if (!err)
				continue;
			if (err != -EAGAIN)
				break;
			err = 0;
		}
		dest = pte_alloc(to, addr);
		if (!dest) {
			err = -ENOMEM;
			break;
		}
		spin_lock(&mm->page_table_lock);
		from = pte_find(mm, addr);
		spin_lock_nested(&to->page_table_lock);
		copy_ptes(c, dest, from, (next - addr) >> PAGE_SHIFT);
		spin_unlock(&to->page_table_lock);
		spin_unlock(&mm->page_table_lock);
		copy_account(c);
	}
	return err;
}

/* ---- areas ---- */

static bool has_private_pages(const struct vma *vma)
{
	return vma->anon_id && !(vma->flags & VM_WIPEONFORK);
}

/*
 * The child's tree has the shape of the parent's: no search, no balancing. Its areas are empty
 * intervals at first, with no objects and nothing promised, so that the copy can be given up at any
 * point. Depth: the tree's height.
 */
static int clone_tree(struct mm *mm, const struct rb_node *old, struct rb_node *parent,
		      struct rb_node **link)
{
	struct vma *vma = vma_alloc();
	int err = 0;

	if (!vma)
		return -ENOMEM;
	vma_copy(vma, rb_entry(old, struct vma, node));
	vma->mm = mm;
	vma->flags &= VM_GROWSDOWN; /* it decides on the gap below */
	vma->anon_id = 0;
	vma->mapping = NULL;
	vma->file = NULL;
	vma->ops = NULL;
	vma->node.parent_color = (unsigned long)parent | (old->parent_color & 1);
	vma->node.left = NULL;
	vma->node.right = NULL;
	*link = &vma->node;
	if (old->left)
		err = clone_tree(mm, old->left, &vma->node, &vma->node.left);
	vma_thread(&mm->areas, vma, mm->areas.last, NULL);
	if (!err && old->right)
		err = clone_tree(mm, old->right, &vma->node, &vma->node.right);
	return err;
}

/* The area gets what the parent's has. => nothing is copied yet */
static void adopt(struct vma *vma, struct vma *old)
{
	vma->flags = old->flags & ~(VM_LOCKED | VM_LOCKONFAULT);
	vma->mapping = old->mapping;
	vma->file = old->file;
	vma->ops = old->ops;
	if (has_private_pages(old))
		vma->anon_id = ++vma->mm->last_anon_id | ANON_ID_FORKED;
	vma_get_objects(vma);
}

/*
 * The area becomes visible to truncate before its pages are copied and not later, and truncate must
 * not pass between the two: i_mmap_sem is held over both.
 */
static int link_and_copy(struct copy *c, struct vma *vma, struct vma *old)
{
	struct mapping *m = vma->mapping;
	int err = 0;

	if (m) {
		down_write(&m->i_mmap_sem);
		i_mmap_insert_copy(vma, old);
	}
	if (has_private_pages(old))
		err = copy_page_range(c, old);
	if (m)
		up_write(&m->i_mmap_sem);
	return err;
}

static int copy_area(struct copy *c, struct vma *vma, struct vma *old)
{
	struct mm *mm = vma->mm;

	if (old->flags & VM_DONTCOPY) {
		account_area(mm, old->flags & ~VM_LOCKED, -(long)vma_pages(old));
		vma_tree_erase(&mm->areas, vma);
		vma_free(vma);
		return 0;
	}
	if ((old->flags & VM_ACCOUNT) && vm_commit(vma_pages(old)))
		return -ENOMEM;
	adopt(vma, old);
	return link_and_copy(c, vma, old);
}

static int copy_areas(struct mm *mm, struct mm *old)
{
	struct vma *from = vma_first(old), *to, *next;
	struct copy c = {.from = old, .to = mm, .atomic = mm_is_remote(old)};
	int err = 0;

	if (!from)
		return 0;
	err = clone_tree(mm, old->areas.root.node, NULL, &mm->areas.root.node);
	if (err)
		return err;
	mm->areas.count = old->areas.count;
	for (to = vma_first(mm); from && !err; from = vma_next(from), to = next) {
		next = vma_next(to);
		err = copy_area(&c, to, from);
	}
	if (c.flush)
		tlb_flush_mm(old);
	return err;
}

static void copy_sizes(struct mm *mm, const struct mm *old)
{
	mm->total_vm = old->total_vm;
	mm->data_vm = old->data_vm;
	mm->exec_vm = old->exec_vm;
	mm->stack_vm = old->stack_vm;
	mm->hiwater_vm = old->total_vm;
}

static void copy_layout(struct mm *mm, const struct mm *old)
{
	mm->mmap_base = old->mmap_base;
	mm->mmap_legacy = old->mmap_legacy;
	mm->start_code = old->start_code;
	mm->end_code = old->end_code;
	mm->start_data = old->start_data;
	mm->end_data = old->end_data;
	mm->start_brk = old->start_brk;
	mm->brk = old->brk;
	mm->start_stack = old->start_stack;
	mm->arg_start = old->arg_start;
	mm->arg_end = old->arg_end;
	mm->env_start = old->env_start;
	mm->env_end = old->env_end;
	mm->vdso = old->vdso;
	if (old->vdso)
		arch_mm_set_vdso(&mm->arch, old->vdso);
	memcpy(mm->saved_auxv, old->saved_auxv, sizeof(mm->saved_auxv));
	mm->dumpable = old->dumpable;
	mm->oom_score_adj = old->oom_score_adj;
	mm->flags = old->flags;
	mm->membarrier = old->membarrier;
	mm->exe_file = old->exe_file;
	if (mm->exe_file && mm_file_get)
		mm_file_get(mm->exe_file);
}

struct mm *mm_fork(struct mm *old)
{
	struct mm *mm = mm_create(old);
	int err;

	if (!mm)
		return NULL;
	down_write(&old->mmap_lock);
	copy_layout(mm, old);
	copy_sizes(mm, old);
	err = arch_mm_fork(&mm->arch, &old->arch);
	if (!err)
		err = copy_areas(mm, old);
	if (unlikely(old->has_userfaultfd) && !err)
		userfaultfd_forget_all(mm);
	up_write(&old->mmap_lock);
	if (err) {
		mm_put(mm);
		return NULL;
	}
	return mm;
}
