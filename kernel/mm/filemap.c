/*
 * The page cache: the pages of an object, by index, in a sparse array.
 *
 * A page in the cache has one reference for it, and page->mapping, page->index say where it is;
 * both stay as long as the page is locked or a reference is held and page->mapping has been checked
 * after taking it. Lookups take no lock: the array's nodes live through a grace period, a page is
 * taken with page_get_unless_zero() and then asked whether it still is the one.
 *
 * PG_UPTODATE: the contents are the object's. Set once, under the page lock, before anybody maps or
 * copies the page.
 *
 * Locks: page lock, then tree_lock. Read next: truncate.c, writeback.c, filecopy.c, reclaim.c.
 */
#include "selfcheck_walkers.h"
#include "virt.h"
#include "sched/rcu.h"

static struct kmem_cache *node_cache;
static DEFINE_PER_CPU(long, nr_cache_pages);
static DEFINE_PER_CPU(long, nr_shmem_pages);
DEFINE_SELFCHECK_LIST(all_mappings);

/* ---- the array's nodes ---- */

static struct xa_node *node_alloc(void)
{
	return kmem_cache_alloc(node_cache, GFP_ATOMIC | __GFP_NOWARN);
}

static void node_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(node_cache, container_of((void **)(void *)head, struct xa_node, rcu[0]));
}

static void node_free(struct xa_node *node)
{
	call_rcu((struct rcu_head *)(void *)node->rcu, node_free_rcu);
}

static const struct xa_ops page_tree_ops = {.alloc = node_alloc, .free = node_free};

void filemap_init(void)
{
	_Static_assert(sizeof(struct rcu_head) <= sizeof(((struct xa_node *)0)->rcu),
		       "rcu_head does not fit");
	node_cache = kmem_cache_create("radix_tree_node", sizeof(struct xa_node), 0, SLAB_PANIC);
}

/*
 * Insertion happens under a spinlock, where a node may be missing: let the allocator sleep for
 * one.
 */
static int make_room_for_node(void)
{
	struct xa_node *node = kmem_cache_alloc(node_cache, GFP_KERNEL);

	if (!node)
		return -ENOMEM;
	kmem_cache_free(node_cache, node);
	return 0;
}

/* ---- objects ---- */

void mapping_init_zeroed(struct mapping *m, void *host, const struct mapping_ops *ops, gfp_t gfp)
{
	m->host = host;
	m->ops = ops;
	m->gfp = gfp;
	m->lru = ops->read_page ? MAPPING_LRU_LISTED : MAPPING_LRU_NONE;
	m->pages.ops = &page_tree_ops;
	spin_lock_init(&m->tree_lock, RANK_XARRAY);
	rwsem_init(&m->i_mmap_sem, RANK_MAPPING);
	selfcheck_link(&all_mappings, &m->all);
}

void mapping_init(struct mapping *m, void *host, const struct mapping_ops *ops, gfp_t gfp)
{
	memset(m, 0, sizeof(*m));
	mapping_init_zeroed(m, host, ops, gfp);
}

void mapping_destroy(struct mapping *m)
{
	if (m->nrpages)
		mapping_truncate_range(m, 0, -1);
	WARN_ON(m->nrpages || !rb_empty_root(&m->i_mmap));
	selfcheck_unlink(&all_mappings, &m->all);
}

static void count_cache(const struct mapping *m, long delta)
{
	this_cpu_add(nr_cache_pages, delta);
	if (m->swap_backed)
		this_cpu_add(nr_shmem_pages, delta);
}

unsigned long total_cache_pages(void)
{
	long sum = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		sum += *per_cpu_ptr(nr_cache_pages, cpu);
	return (unsigned long)MAX(sum, 0L);
}

unsigned long total_shmem_pages(void)
{
	long sum = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		sum += *per_cpu_ptr(nr_shmem_pages, cpu);
	return (unsigned long)MAX(sum, 0L);
}

/* ---- lookup ---- */

static inline bool page_is_at(const struct page *page, const struct mapping *m, u32 index)
{
	return READ_ONCE(page->mapping) == (uintptr_t)m && READ_ONCE(page->index) == index;
}

struct page *mapping_find(struct mapping *m, u32 index)
{
	struct page *page;

	rcu_read_lock();
	while ((page = xa_load(&m->pages, index))) {
		if (likely(page_get_unless_zero(page))) {
			if (likely(page_is_at(page, m, index)))
				break;
			page_put(page);
		}
		cpu_relax();
	}
	rcu_read_unlock();
	return page;
}

u32 mapping_next_page(struct mapping *m, u32 from)
{
	unsigned long index = from;
	void *page;

	rcu_read_lock();
	page = xa_find(&m->pages, &index, ~0u);
	rcu_read_unlock();
	return page ? (u32)index : ~0u;
}

struct page *mapping_lock_page(struct mapping *m, u32 index)
{
	for (;;) {
		struct page *page = mapping_find(m, index);

		if (!page)
			return NULL;
		page_lock(page);
		if (likely(page_is_at(page, m, index)))
			return page;
		page_unlock(page);
		page_put(page);
	}
}

/* ---- in and out ---- */

static int insert(struct mapping *m, struct page *page, u32 index)
{
	int err;

	for (;;) {
		spin_lock(&m->tree_lock);
		err = xa_insert(&m->pages, index, page);
		if (!err)
			m->nrpages++;
		spin_unlock(&m->tree_lock);
		if (err != -ENOMEM || make_room_for_node())
			return err;
	}
}

static void page_disown(struct page *page)
{
	page->mapping = 0;
	page_unlock(page);
	page_put(page);
}

int cache_insert(struct mapping *m, struct page *page, u32 index)
{
	int err;

	page->mapping = (uintptr_t)m;
	page->index = index;
	page_get(page); /* for the cache */
	page->flags |= (u16)(1u << PG_LOCKED | (m->swap_backed ? 1u << PG_SWAPBACKED : 0));
	err = m->ops->charge ? m->ops->charge(m, 1) : 0;
	if (!err) {
		err = insert(m, page, index);
		if (err && m->ops->charge)
			m->ops->charge(m, -1);
	}
	if (err) {
		page_disown(page);
		return err;
	}
	count_cache(m, 1);
	if (m->lru)
		m->lru == MAPPING_LRU_LISTED ? lru_add(page) : lru_add_pinned(page);
	return 0;
}

/*
 * A new locked page at @index with the caller's reference; ERR_PTR(-EEXIST): somebody else was
 * faster.
 */
static struct page *cache_add_new(struct mapping *m, u32 index)
{
	struct page *page = alloc_page(m->gfp);
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	err = cache_insert(m, page, index);
	if (!err)
		return page;
	page_put(page);
	return ERR_PTR(err);
}

static void after_remove(struct mapping *m, struct page *page)
{
	count_cache(m, -1);
	if (m->ops->charge)
		m->ops->charge(m, -1);
	if (READ_ONCE(page->flags) & (1u << PG_LRU | 1u << PG_UNEVICTABLE))
		lru_remove(page);
	page_put(page);
}

void cache_remove(struct mapping *m, struct page *page)
{
	spin_lock(&m->tree_lock);
	xa_erase(&m->pages, page->index);
	m->nrpages--;
	spin_unlock(&m->tree_lock);
	page_clear(page, PG_DIRTY);
	/*
	 * index stays: areas that still map the page are found by it, and their entries count as
	 * file pages
	 */
	WRITE_ONCE(page->mapping, 0);
	after_remove(m, page);
}

bool cache_remove_idle(struct mapping *m, struct page *page)
{
	u32 expect = 2;

	spin_lock(&m->tree_lock);
	/* With 0 references no lookup can take it any more. */
	if (!atomic_try_cmpxchg(&page->refs, &expect, 0)) {
		spin_unlock(&m->tree_lock);
		return false;
	}
	if (page_test(page, PG_DIRTY)) {
		atomic_set_release(&page->refs, 2);
		spin_unlock(&m->tree_lock);
		return false;
	}
	xa_erase(&m->pages, page->index);
	m->nrpages--;
	spin_unlock(&m->tree_lock);
	WRITE_ONCE(page->mapping, 0);
	atomic_set_release(&page->refs, 2);
	after_remove(m, page);
	return true;
}

/* ---- contents ---- */

/* => page locked */
static int fill_page(struct mapping *m, struct page *page)
{
	if (page_test(page, PG_UPTODATE))
		return 0;
	if (m->ops->read_page)
		return m->ops->read_page(m, page);
	page_zero(page);
	page_set(page, PG_UPTODATE);
	return 0;
}

/* The page at @index, locked, made if it is absent. */
static struct page *lock_or_add(struct mapping *m, u32 index)
{
	struct page *page;

	do {
		page = mapping_lock_page(m, index);
		if (!page)
			page = cache_add_new(m, index);
	} while (IS_ERR(page) && PTR_ERR(page) == -EEXIST);
	return page;
}

static noinline struct page *read_page_slow(struct mapping *m, u32 index)
{
	struct page *page = lock_or_add(m, index);
	int err;

	if (IS_ERR(page))
		return page;
	if (!page_test(page, PG_UPTODATE) && m->ops->read_page && current->mm) {
		current->maj_flt++;
		vm_event_add(VM_PGMAJFAULT, 1);
	}
	err = fill_page(m, page);
	page_unlock(page);
	if (err) {
		page_put(page);
		return ERR_PTR(err);
	}
	return page;
}

struct page *mapping_read_page(struct mapping *m, u32 index)
{
	struct page *page = mapping_find(m, index);

	if (likely(page && page_test(page, PG_UPTODATE))) {
		if (!page_test(page, PG_REFERENCED))
			page_set(page, PG_REFERENCED);
		return page;
	}
	if (page)
		page_put(page);
	return read_page_slow(m, index);
}

/* What a write of a part of a page that is not uptodate leaves of it must be made first. */
static int prepare_partial(struct mapping *m, struct page *page, unsigned offset, unsigned len)
{
	if (page_test(page, PG_UPTODATE) || (!offset && len == PAGE_SIZE))
		return 0;
	if ((loff_t)page->index << PAGE_SHIFT >= mapping_size(m)) {
		page_zero(page);
		page_set(page, PG_UPTODATE);
		return 0;
	}
	return fill_page(m, page);
}

struct page *mapping_write_begin(struct mapping *m, u32 index, unsigned offset, unsigned len)
{
	struct page *page = lock_or_add(m, index);
	int err;

	if (IS_ERR(page))
		return page;
	err = prepare_partial(m, page, offset, len);
	if (!err && m->ops->page_mkwrite)
		err = m->ops->page_mkwrite(m, page);
	if (err) {
		page_unlock(page);
		page_put(page);
		return ERR_PTR(err);
	}
	return page;
}

void mapping_write_end(struct mapping *m, struct page *page)
{
	if (!page_test(page, PG_UPTODATE))
		page_set(page, PG_UPTODATE);
	mapping_mark_dirty(m, page);
	page_unlock(page);
	page_put(page);
}

void mapping_mark_dirty(struct mapping *m, struct page *page)
{
	if (page_test(page, PG_DIRTY) || page_test_and_set(page, PG_DIRTY))
		return;
	if (!m->ops->write_page)
		return;
	spin_lock(&m->tree_lock);
	if (page_mapping(page) == m)
		xa_set_mark(&m->pages, page->index, MAPPING_MARK_DIRTY);
	spin_unlock(&m->tree_lock);
}
