/*
 * Reverse maps: from a page to the page-table entries that map it.
 *
 * A file page is found through mapping->i_mmap, the interval tree of the areas that map the file.
 *
 * A private page is mapped at one and the same address in every process that shares it, because it
 * came there by fork. So no structure per area is needed: page->mapping names the family (an exec
 * begins a new one, fork adds a member), page->index is the virtual page number, and a walk looks
 * at that address in each member. This costs a fork one list insertion, and a fault nothing. (A
 * shared private page that mremap moved is not found by it, and stays in memory.)
 *
 * Locks: mapping->i_mmap_sem, family->sem; inside them page_table_lock.
 * Read next: filemap.c, reclaim.c.
 */
#include "virt.h"

struct anon_family {
	u32 members;          /* (s) */
	rwsem_t sem;          /* RANK_MAPPING */
	struct list_head mms; /* (s) */
};

static struct kmem_cache *family_cache;
DEFINE_PER_CPU(long, nr_anon_mapped);
DEFINE_PER_CPU(long, nr_file_mapped);

void rmap_init(void)
{
	family_cache = kmem_cache_create("anon_family", sizeof(struct anon_family), 0, SLAB_PANIC);
}

/* ---- private pages ---- */

int anon_family_join(struct mm *mm, struct mm *with)
{
	struct anon_family *family =
		with ? with->family : kmem_cache_alloc(family_cache, GFP_KERNEL);

	if (!family)
		return -ENOMEM;
	if (!with) {
		family->members = 0;
		rwsem_init(&family->sem, RANK_MAPPING);
		list_init(&family->mms);
	}
	down_write(&family->sem);
	family->members++;
	list_add_tail(&mm->family_node, &family->mms);
	up_write(&family->sem);
	mm->family = family;
	return 0;
}

void anon_family_leave(struct mm *mm)
{
	struct anon_family *family = mm->family;
	bool last;

	down_write(&family->sem);
	list_del(&mm->family_node);
	last = --family->members == 0;
	up_write(&family->sem);
	if (last)
		kmem_cache_free(family_cache, family);
	mm->family = NULL;
}

void vma_new_anon_id(struct vma *vma)
{
	struct vma *near = vma_next(vma);

	if (near && vma_can_share_anon(vma, near)) {
		vma->anon_id = near->anon_id;
		return;
	}
	near = vma_prev(vma);
	if (near && vma_can_share_anon(vma, near)) {
		vma->anon_id = near->anon_id;
		return;
	}
	vma->mm->last_anon_id = (vma->mm->last_anon_id + 1) & ~ANON_ID_FORKED;
	vma->anon_id = vma->mm->last_anon_id;
}

void vma_prepare_anon_slow(struct vma *vma)
{
	spin_lock(&vma->mm->page_table_lock);
	if (!vma->anon_id)
		vma_new_anon_id(vma);
	spin_unlock(&vma->mm->page_table_lock);
}

/* ---- the areas of a file: an interval tree by first index, augmented with the last ---- */

static inline struct vma *i_mmap_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct vma, i_mmap_node);
}

static inline u32 vma_last_index(const struct vma *vma)
{
	return vma->pgoff + vma_pages(vma) - 1;
}

static bool i_mmap_update(struct rb_node *node)
{
	struct vma *vma = i_mmap_of(node);
	u32 max = vma_last_index(vma);

	if (node->left)
		max = MAX(max, i_mmap_of(node->left)->i_mmap_max);
	if (node->right)
		max = MAX(max, i_mmap_of(node->right)->i_mmap_max);
	if (vma->i_mmap_max == max)
		return false;
	vma->i_mmap_max = max;
	return true;
}

static const struct rb_augment i_mmap_augment = {i_mmap_update};

void i_mmap_insert(struct vma *vma)
{
	struct mapping *m = vma->mapping;
	struct rb_node **link = &m->i_mmap.node, *parent = NULL;

	if (vma->flags & VM_SHARED)
		atomic_inc(&m->i_mmap_writable);
	while (*link) {
		parent = *link;
		link = vma->pgoff < i_mmap_of(parent)->pgoff ? &parent->left : &parent->right;
	}
	rb_link_node(&vma->i_mmap_node, parent, link);
	rb_insert_augmented(&vma->i_mmap_node, &m->i_mmap, &i_mmap_augment);
}

void i_mmap_insert_copy(struct vma *vma, struct vma *old)
{
	struct mapping *m = vma->mapping;
	struct rb_node *parent = &old->i_mmap_node, **link = &parent->right;

	if (vma->flags & VM_SHARED)
		atomic_inc(&m->i_mmap_writable);
	while (*link) {
		parent = *link;
		link = &parent->left;
	}
	vma->i_mmap_max = vma_last_index(vma);
	rb_link_node(&vma->i_mmap_node, parent, link);
	for (; parent != &old->i_mmap_node; parent = rb_parent(parent))
		(void)i_mmap_update(parent);
	if (!rb_is_balanced(&vma->i_mmap_node))
		rb_balance_augmented(&vma->i_mmap_node, &m->i_mmap, &i_mmap_augment);
}

void i_mmap_remove(struct vma *vma)
{
	struct rb_node *node = &vma->i_mmap_node;

	if (vma->flags & VM_SHARED)
		atomic_dec(&vma->mapping->i_mmap_writable);
	if (!rb_is_red_leaf(node)) {
		rb_erase_augmented(node, &vma->mapping->i_mmap, &i_mmap_augment, NULL);
		return;
	}
	rb_unlink_leaf(node);
	do
		node = rb_parent(node);
	while (node && i_mmap_update(node));
}

void vma_link_file_slow(struct vma *vma)
{
	struct mapping *m = vma->mapping;

	down_write(&m->i_mmap_sem);
	i_mmap_insert(vma);
	up_write(&m->i_mmap_sem);
}

void vma_unlink_file_slow(struct vma *vma)
{
	struct mapping *m = vma->mapping;

	down_write(&m->i_mmap_sem);
	i_mmap_remove(vma);
	up_write(&m->i_mmap_sem);
}

/*
 * The leftmost area of the subtree that meets [first, last]. => the subtree has one that ends at
 * @first or after
 */
static struct vma *i_mmap_leftmost(struct rb_node *node, u32 first, u32 last)
{
	for (;;) {
		struct vma *vma = i_mmap_of(node);

		if (node->left && i_mmap_of(node->left)->i_mmap_max >= first) {
			node = node->left;
			continue;
		}
		if (vma->pgoff > last)
			return NULL;
		if (vma_last_index(vma) >= first)
			return vma;
		if (!node->right || i_mmap_of(node->right)->i_mmap_max < first)
			return NULL;
		node = node->right;
	}
}

struct vma *i_mmap_first(struct mapping *m, u32 first, u32 last)
{
	struct rb_node *node = m->i_mmap.node;

	if (!node || i_mmap_of(node)->i_mmap_max < first)
		return NULL;
	return i_mmap_leftmost(node, first, last);
}

struct vma *i_mmap_next(struct vma *vma, u32 first, u32 last)
{
	struct rb_node *node = &vma->i_mmap_node, *parent;

	for (;;) {
		if (node->right && i_mmap_of(node->right)->i_mmap_max >= first)
			return i_mmap_leftmost(node->right, first, last);
		do {
			parent = rb_parent(node);
			if (!parent)
				return NULL;
			if (parent->left == node)
				break;
			node = parent;
		} while (true);
		node = parent;
		vma = i_mmap_of(node);
		if (vma->pgoff > last)
			return NULL;
		if (vma_last_index(vma) >= first)
			return vma;
	}
}

void i_mmap_overlap(const struct vma *vma, u32 first, u32 last, uaddr_t *start, uaddr_t *end)
{
	u32 from = MAX(first, vma->pgoff), to = MIN(last, vma_last_index(vma));

	*start = vma->start + ((from - vma->pgoff) << PAGE_SHIFT);
	*end = vma->start + ((to - vma->pgoff + 1) << PAGE_SHIFT);
}

void mapping_unmap_range(struct mapping *m, u32 first, u32 count, bool even_cows)
{
	u32 last = count - 1 > ~0u - first ? ~0u : first + count - 1;

	if (!count)
		return;
	down_read(&m->i_mmap_sem);
	for (struct vma *vma = i_mmap_first(m, first, last); vma;
	     vma = i_mmap_next(vma, first, last)) {
		struct tlb_gather tlb;
		uaddr_t start, end;

		i_mmap_overlap(vma, first, last, &start, &end);
		tlb_gather_begin(&tlb, vma->mm);
		zap_range(&tlb, vma, start, end, !even_cows);
		tlb_gather_end(&tlb);
	}
	up_read(&m->i_mmap_sem);
}

/* ---- one file page: write-protect, unmap ---- */

/* Call @fn for each entry that maps @page. => i_mmap_sem held */
static void for_each_pte_of(struct mapping *m, struct page *page,
			    void (*fn)(struct vma *, uaddr_t, pte_t *, struct page *))
{
	u32 index = page->index;

	for (struct vma *vma = i_mmap_first(m, index, index); vma;
	     vma = i_mmap_next(vma, index, index)) {
		struct mm *mm = vma->mm;
		uaddr_t addr, end;
		pte_t *ptep;

		i_mmap_overlap(vma, index, index, &addr, &end);
		spin_lock(&mm->page_table_lock);
		ptep = pte_find(mm, addr);
		if (ptep && pte_present(*ptep) && !pte_special(*ptep) &&
		    pte_pfn(*ptep) == page_to_pfn(page))
			fn(vma, addr, ptep, page);
		spin_unlock(&mm->page_table_lock);
	}
}

static void clean_pte(struct vma *vma, uaddr_t addr, pte_t *ptep, struct page *page)
{
	pte_t pte = *ptep;

	(void)page;
	if (!pte_dirty(pte) && !pte_write(pte))
		return;
	pte = ptep_get_and_clear(ptep);
	set_pte(ptep, pte_mkclean(pte_wrprotect(pte)));
	tlb_flush_page(vma->mm, addr);
}

bool page_mkclean(struct mapping *m, struct page *page)
{
	if (!page_mapcount(page))
		return true;
	down_read(&m->i_mmap_sem);
	for_each_pte_of(m, page, clean_pte);
	up_read(&m->i_mmap_sem);
	return true;
}

/*
 * A locked area keeps its pages; mlock() that is just about to set the flag faults them in again.
 */
static void unmap_pte(struct vma *vma, uaddr_t addr, pte_t *ptep, struct page *page)
{
	pte_t pte;

	if (READ_ONCE(vma->flags) & VM_LOCKED)
		return;
	pte = ptep_get_and_clear(ptep);
	if (pte_dirty(pte) && vma->mapping->ops->write_page)
		mapping_mark_dirty(vma->mapping, page);
	rss_add(rss_counter(vma->mm, page), -1);
	page_remove_rmap(page);
	tlb_flush_page(vma->mm, addr);
	page_put(page);
}

bool page_try_unmap(struct mapping *m, struct page *page)
{
	if (page_mapcount(page)) {
		if (!down_read_trylock(&m->i_mmap_sem))
			return false;
		for_each_pte_of(m, page, unmap_pte);
		up_read(&m->i_mmap_sem);
	}
	return !page_mapcount(page);
}
