/*
 * The cache of names: a hash of (parent, name), the tree, and the LRU list of dentries
 * that nobody uses.
 *
 * One spinlock guards hash, tree and list; path lookup takes none of it: it walks hash chains under
 * RCU, and what it may miss or mistake while a name moves, the namespace sequence tells (namei.c).
 * A miss is never final: the slow path looks again under the directory's lock, so the hash table
 * can be replaced by a larger one at any time.
 *
 * Reference counts: 0 and cached means on the LRU list (perhaps with its reference bit set);
 * DENTRY_DEAD means that no walk may take it any more. A dentry holds its parent.
 */
#include "fs/internal.h"

#include "lib/hash.h"
#include "mm/shrinker.h"

static DEFINE_SPINLOCK(dcache_lock, RANK_DENTRY);
static LIST_HEAD(lru_list); /* oldest first */
static struct kmem_cache *dentry_cache;
static struct dcache_stats stats;
static unsigned unused_max; /* more unused dentries than this: the oldest go */

struct dentry_table *dentry_table;
#define TABLE_BITS_MIN 8

static struct dentry_table *table_alloc(u32 bits)
{
	size_t size = sizeof(struct dentry_table) + (sizeof(struct hlist_head) << bits);
	struct dentry_table *t = kvmalloc(size, GFP_KERNEL | __GFP_ZERO);

	if (t)
		t->bits = bits, t->shift = 32 - bits;
	return t;
}

/*
 * Move everything to a table of twice the size. The old one is freed after the readers have left
 * it.
 */
static void table_grow(void)
{
	struct dentry_table *new = table_alloc(dentry_table->bits + 1), *old = dentry_table;
	u32 i;

	if (!new)
		return;
	spin_lock(&dcache_lock);
	if (old != dentry_table) { /* somebody else was faster */
		spin_unlock(&dcache_lock);
		kvfree(new);
		return;
	}
	rcu_assign_pointer(dentry_table, new);
	for (i = 0; i < 1u << old->bits; i++) {
		struct hlist_node *n;
		struct dentry *d;

		hlist_for_each_entry_safe(d, n, &old->buckets[i], hash)
		{
			hlist_del_rcu(&d->hash);
			hlist_add_head_rcu(&d->hash, dentry_bucket(new, d->parent, d->name_hash));
		}
	}
	spin_unlock(&dcache_lock);
	synchronize_rcu();
	kvfree(old);
}

/* ---- allocation ---- */

static struct dentry *alloc(struct super_block *sb, const char *name, u32 len)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);
	char *copy;

	if (!d)
		return NULL;
	copy = d->inline_name;
	if (len >= DENTRY_INLINE_NAME) {
		copy = kmalloc(len + 1, GFP_KERNEL);
		if (!copy) {
			kmem_cache_free(dentry_cache, d);
			return NULL;
		}
	}
	memcpy(copy, name, len);
	copy[len] = '\0';
	d->name = copy;
	d->len = len;
	d->name_hash = name_hash(copy, len);
	d->inode = NULL;
	d->refs = 1;
	d->flags = 0;
	d->op = NULL;
	d->sb = sb;
	d->parent = d;
	d->fsdata = 0;
	hlist_node_init(&d->hash);
	list_init(&d->child);
	list_init(&d->children);
	list_init(&d->lru);
	return d;
}

struct dentry *dentry_alloc(struct dentry *parent, const char *name, u32 len)
{
	struct dentry *d = alloc(parent->sb, name, len);

	if (!d)
		return NULL;
	d->op = parent->op;
	if (d->op && d->op->revalidate)
		d->flags |= DENTRY_REVALIDATE;
	dentry_get(parent);
	d->parent = parent;
	spin_lock(&dcache_lock);
	list_add(&d->child, &parent->children);
	stats.dentries++;
	spin_unlock(&dcache_lock);
	if (unlikely(stats.dentries > 2u << dentry_table->bits))
		table_grow();
	if (unlikely(stats.unused > unused_max))
		dcache_shrink(stats.unused - unused_max + 16);
	return d;
}

struct dentry *dentry_alloc_root(struct super_block *sb, const char *name)
{
	return alloc(sb, name, strlen(name));
}

/*
 * Dentries that wait for a grace period, linked by fsdata: a batch at a time, as inodes (inode.c).
 */
#define FREE_BATCH 32
struct free_list {
	struct dentry *first;
	unsigned count;
};
static DEFINE_PER_CPU(struct free_list, free_list);

static void free_rcu(struct rcu_head *head)
{
	struct dentry *d = container_of(head, struct dentry, rcu), *next;

	for (; d; d = next) {
		next = (struct dentry *)d->fsdata;
		if (d->name != d->inline_name)
			kfree(d->name);
		kmem_cache_free(dentry_cache, d);
	}
}

static void free_later(struct dentry *d)
{
	struct free_list *list = this_cpu_ptr(free_list);

	d->fsdata = (unsigned long)list->first;
	list->first = d;
	if (++list->count < FREE_BATCH)
		return;
	list->first = NULL;
	list->count = 0;
	call_rcu(&d->rcu, free_rcu);
}

/* ---- hash ---- */

static void hash_locked(struct dentry *d)
{
	if (d->flags & DENTRY_HASHED)
		return;
	hlist_add_head_rcu(&d->hash, dentry_bucket(dentry_table, d->parent, d->name_hash));
	d->flags |= DENTRY_HASHED;
}

static void unhash_locked(struct dentry *d)
{
	if (!(d->flags & DENTRY_HASHED))
		return;
	hlist_del_init_rcu(&d->hash);
	d->flags &= ~DENTRY_HASHED;
}

void dentry_hash(struct dentry *d)
{
	spin_lock(&dcache_lock);
	if (d->op && d->op->revalidate)
		d->flags |= DENTRY_REVALIDATE;
	hash_locked(d);
	spin_unlock(&dcache_lock);
}

void dentry_unhash(struct dentry *d)
{
	spin_lock(&dcache_lock);
	unhash_locked(d);
	spin_unlock(&dcache_lock);
}

void dentry_set_mounted(struct dentry *d, bool mounted)
{
	spin_lock(&dcache_lock);
	d->flags = mounted ? d->flags | DENTRY_MOUNTED : d->flags & ~DENTRY_MOUNTED;
	spin_unlock(&dcache_lock);
}

/* The file system keeps a reference of its own (tmpfs: the name exists nowhere else). */
void dentry_pin(struct dentry *d)
{
	dentry_get(d);
	spin_lock(&dcache_lock);
	d->flags |= DENTRY_PINNED;
	spin_unlock(&dcache_lock);
}

void dentry_unpin(struct dentry *d)
{
	spin_lock(&dcache_lock);
	d->flags &= ~DENTRY_PINNED;
	spin_unlock(&dcache_lock);
	dentry_put(d);
}

void dentry_set_inode(struct dentry *d, struct inode *inode)
{
	rcu_assign_pointer(d->inode, inode);
}

/*
 * An unlinked name. With other users (open files) it keeps its inode, unhashed, and shows as
 * deleted. If nobody but the caller has it, it becomes a negative entry: who makes the name anew
 * finds it. No walk gets a reference meanwhile: it looks dead.
 */
void dentry_removed(struct dentry *d)
{
	struct inode *inode = NULL;
	u32 one = 1;

	spin_lock(&dcache_lock);
	if ((d->flags & (DENTRY_HASHED | DENTRY_TRANSIENT | DENTRY_PINNED)) == DENTRY_HASHED &&
	    d->inode && !dentry_is_dir(d) && atomic_try_cmpxchg(&d->refs, &one, DENTRY_DEAD)) {
		inode = d->inode;
		d->inode = NULL;
		atomic_set_release(&d->refs, 1);
	} else {
		unhash_locked(d);
	}
	spin_unlock(&dcache_lock);
	if (inode)
		inode_put(inode);
}

/* ---- references ---- */

/*
 * => dcache_lock held; refs 0 or DEAD. Out of hash, list and tree; the caller frees after
 * dropping the lock.
 */
static void detach_locked(struct dentry *d)
{
	unhash_locked(d);
	if (d->flags & DENTRY_LRU) {
		list_del_init(&d->lru);
		d->flags &= ~DENTRY_LRU;
		stats.unused--;
	}
	if (d->parent != d) {
		list_del_init(&d->child);
		stats.dentries--;
	}
}

/*
 * Release what a detached dentry holds: its parent (handed back, for the caller's loop)
 * and its inode.
 */
static struct dentry *release(struct dentry *d)
{
	struct dentry *parent = d->parent != d ? d->parent : NULL;

	if (d->inode)
		inode_put(d->inode);
	free_later(d);
	return parent;
}

/* refs fell to 0: cache it, or let it go. True: it was detached and must be released. */
static bool retire(struct dentry *d)
{
	bool gone = false;
	u32 zero = 0;

	spin_lock(&dcache_lock);
	if (atomic_read(&d->refs) != 0) {
		/* found again meanwhile, or already going */
	} else if ((d->flags & (DENTRY_HASHED | DENTRY_TRANSIENT)) == DENTRY_HASHED) {
		if (d->flags & DENTRY_LRU) {
			d->flags |= DENTRY_REFERENCED;
		} else {
			d->flags |= DENTRY_LRU;
			list_add_tail(&d->lru, &lru_list);
			stats.unused++;
		}
	} else if (atomic_try_cmpxchg(&d->refs, &zero, DENTRY_DEAD)) {
		detach_locked(d);
		gone = true;
	}
	spin_unlock(&dcache_lock);
	return gone;
}

void dentry_put(struct dentry *d)
{
	while (d) {
		if (atomic_dec_return(&d->refs) != 0)
			return;
		if (likely((READ_ONCE(d->flags) &
			    (DENTRY_LRU | DENTRY_HASHED | DENTRY_REFERENCED)) ==
			   (DENTRY_LRU | DENTRY_HASHED | DENTRY_REFERENCED)))
			return;
		if (!retire(d))
			return;
		d = release(d);
	}
}

/* ---- lookups with a reference ---- */

/*
 * The cached dentry of a name, or NULL. Under the directory's lock no name comes, goes or moves: what
 * RCU shows is right, unless it is being dropped as unused; what it does not show may have been on
 * its way to a larger table.
 */
static struct dentry *find(struct dentry *parent, const char *name, u32 len, u32 hash)
{
	struct dentry *d = dentry_find_rcu(parent, name, len, hash);

	if (likely(d) && dentry_get_unless_dead(d))
		return d;
	spin_lock(&dcache_lock);
	d = dentry_find_rcu(parent, name, len, hash);
	if (d && !dentry_get_unless_dead(d))
		d = NULL;
	spin_unlock(&dcache_lock);
	return d;
}

struct dentry *dentry_lookup_hashed(struct dentry *parent, const char *name, u32 len, u32 hash)
{
	struct inode *dir = parent->inode;
	struct dentry *d = find(parent, name, len, hash);
	int err;

	if (d) {
		if (!(d->flags & DENTRY_REVALIDATE) || d->op->revalidate(d))
			return d;
		dentry_unhash(d);
		dentry_put(d);
	}
	if (unlikely(dir->flags & INODE_DEAD))
		return ERR_PTR(-ENOENT);
	if (!dir->op || !dir->op->lookup)
		return ERR_PTR(-ENOTDIR);
	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	d = dentry_alloc(parent, name, len);
	if (!d)
		return ERR_PTR(-ENOMEM);
	err = dir->op->lookup(dir, d);
	if (err) {
		dentry_put(d);
		return ERR_PTR(err);
	}
	dentry_hash(d);
	return d;
}

struct dentry *dentry_lookup(struct dentry *parent, const char *name, u32 len)
{
	return dentry_lookup_hashed(parent, name, len, name_hash(name, len));
}

/* ---- moving ---- */

static void swap_names(struct dentry *a, struct dentry *b)
{
	const char *a_name = a->name == a->inline_name ? NULL : a->name;
	const char *b_name = b->name == b->inline_name ? NULL : b->name;
	char tmp[DENTRY_INLINE_NAME];
	u32 len = a->len, hash = a->name_hash;

	memcpy(tmp, a->inline_name, sizeof(tmp));
	memcpy(a->inline_name, b->inline_name, sizeof(tmp));
	memcpy(b->inline_name, tmp, sizeof(tmp));
	a->name = b_name ? b_name : a->inline_name;
	b->name = a_name ? a_name : b->inline_name;
	a->len = b->len;
	a->name_hash = b->name_hash;
	b->len = len;
	b->name_hash = hash;
}

/*
 * Walks see names and parents half changed in between: the namespace sequence makes them try again.
 */
void dentry_move(struct dentry *d, struct dentry *target, bool exchange)
{
	struct dentry *old_parent = d->parent;

	spin_lock(&dcache_lock);
	namespace_seq_begin();
	unhash_locked(d);
	unhash_locked(target);
	list_del_init(&d->child);
	list_del_init(&target->child);
	swap_names(d, target);
	d->parent = target->parent;
	target->parent = old_parent;
	list_add(&d->child, &d->parent->children);
	list_add(&target->child, &target->parent->children);
	hash_locked(d);
	if (exchange)
		hash_locked(target);
	namespace_seq_end();
	spin_unlock(&dcache_lock);
}

bool dentry_is_ancestor(const struct dentry *ancestor, const struct dentry *d)
{
	for (;; d = d->parent) {
		if (d == ancestor)
			return true;
		if (d->parent == d)
			return false;
	}
}

/* ---- giving memory back ---- */

/* Take one unused dentry off the cache; the caller releases it. NULL: none. */
static struct dentry *evict_oldest(void)
{
	struct dentry *d, *victim = NULL;
	unsigned tries;

	spin_lock(&dcache_lock);
	for (tries = stats.unused; tries && !victim && !list_empty(&lru_list); tries--) {
		u32 zero = 0;

		d = list_first_entry(&lru_list, struct dentry, lru);
		if (atomic_read(&d->refs) != 0) {
			list_del_init(&d->lru);
			d->flags &= ~(DENTRY_LRU | DENTRY_REFERENCED);
			stats.unused--;
		} else if (d->flags & DENTRY_REFERENCED) {
			d->flags &= ~DENTRY_REFERENCED;
			list_move_tail(&d->lru, &lru_list);
		} else if (atomic_try_cmpxchg(&d->refs, &zero, DENTRY_DEAD)) {
			detach_locked(d);
			victim = d;
		}
	}
	spin_unlock(&dcache_lock);
	return victim;
}

unsigned dcache_shrink(unsigned n)
{
	unsigned freed = 0;

	while (freed < n) {
		struct dentry *d = evict_oldest();

		if (!d)
			break;
		dentry_put(release(d));
		freed++;
	}
	return freed;
}

/*
 * One unused leaf below @root, detached; or NULL. @pinned: the file system's own references
 * count as unused.
 */
static struct dentry *evict_below(struct dentry *root, bool pinned)
{
	struct dentry *d = root, *next, *victim = NULL;

	spin_lock(&dcache_lock);
	while (!list_empty(&d->children)) { /* down the newest branch whose leaves are free */
		next = NULL;
		struct dentry *c;

		list_for_each_entry(c, &d->children, child) {
			u32 base = pinned && (c->flags & DENTRY_PINNED) ? 1 : 0;

			if (!list_empty(&c->children)) {
				next = c;
				break;
			}
			if (atomic_try_cmpxchg(&c->refs, &base, DENTRY_DEAD)) {
				detach_locked(c);
				victim = c;
				break;
			}
		}
		if (!next)
			break;
		d = next;
	}
	spin_unlock(&dcache_lock);
	return victim;
}

void dentry_shrink_children(struct dentry *root)
{
	struct dentry *d;

	while ((d = evict_below(root, false)))
		dentry_put(release(d));
}

void dentry_drop_tree(struct dentry *root)
{
	struct dentry *d;

	while ((d = evict_below(root, true)))
		dentry_put(release(d));
}

/* The next dentry of the tree below @root in depth-first order. => dcache_lock held */
static struct dentry *tree_next(struct dentry *root, struct dentry *d)
{
	if (!list_empty(&d->children))
		return list_first_entry(&d->children, struct dentry, child);
	while (d != root && list_is_last(&d->child, &d->parent->children))
		d = d->parent;
	return d == root ? NULL : list_next_entry(d, child);
}

bool dentry_tree_busy(struct dentry *root)
{
	struct dentry *d = root;
	bool busy = false;

	spin_lock(&dcache_lock);
	while (!busy && (d = tree_next(root, d))) {
		u32 expected = (d->flags & DENTRY_PINNED) ? 1 : 0;
		struct dentry *c;

		list_for_each_entry(c, &d->children, child)
			expected++;
		busy = atomic_read(&d->refs) > expected;
	}
	spin_unlock(&dcache_lock);
	return busy;
}

unsigned sysctl_vfs_cache_pressure = 100;

/*
 * So many of them seem to be there as the percentage says: 0 keeps the names, 200 lets
 * twice as many go.
 */
static unsigned long count_unused(void)
{
	u64 n = (u64)READ_ONCE(stats.unused) * sysctl_vfs_cache_pressure / 100;

	return n > ~0ul ? ~0ul : (unsigned long)n;
}

static unsigned long shrink_some(unsigned long n)
{
	return dcache_shrink((unsigned)n);
}

static struct shrinker shrinker = {.name = "dentry", .count = count_unused, .scan = shrink_some};

void dcache_stats(struct dcache_stats *out)
{
	*out = stats;
}

void __init dcache_init(void)
{
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0, SLAB_PANIC);
	dentry_table = table_alloc(TABLE_BITS_MIN);
	BUG_ON(!dentry_table);
	shrinker_register(&shrinker);
	unused_max = (unsigned)(total_ram_pages() / 8) + 256; /* at most 1/250 of the memory */
}
