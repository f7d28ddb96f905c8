/*
 * userfaultfd(2): areas whose missing pages the program brings in itself.
 *
 * A fault that finds no page in a registered area ends with FAULT_USERFAULT, and mmap_lock is
 * released as after any fault; only then userfaultfd_wait() looks again and waits. So the ordinary
 * fault pays nothing: an anonymous area that is registered has operations (empty ones), and with
 * them it is not what the fast path looks for.
 *
 * Nobody waits for what has happened already: the waiter puts itself on the list, and then looks
 * whether the page is missing; who fills a page sets the entry, and then wakes those on the list.
 * And nobody waits for one who is gone: a waiter goes on the list under mmap_lock, in a registered
 * area; release takes the area back under mmap_lock for write, and then wakes all.
 *
 * Locks: mmap_lock, userfaultfd->lock; page_table_lock for the entry.
 * ioctl_userfaultfd(2). Read next: fs/userfaultfd.c, fault.c.
 */
#include "mm/userfaultfd.h"
#include "oom_private.h"
#include "virt.h"
#include <linux/poll.h>

/* One who waits, on his own stack: gone from the list, under the lock, before he leaves. */
struct waiter {
	struct list_head node; /* (q) */
	uaddr_t addr;          /* (k) */
	bool write;            /* (k) */
	bool woken;            /* (q) */
	u32 tid;               /* (k) */
	struct wait_queue wait;
};

/* ---- life ---- */

struct userfaultfd *userfaultfd_alloc(bool user_only)
{
	struct userfaultfd *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return NULL;
	u->mm = current->mm;
	mm_grab(u->mm);
	u->user_only = user_only;
	u->refs = 1;
	spin_lock_init(&u->lock, RANK_EPOLL);
	list_init(&u->pending);
	list_init(&u->read);
	wait_queue_init(&u->readers);
	return u;
}

static void put(struct userfaultfd *u)
{
	if (!atomic_dec_and_test(&u->refs))
		return;
	mm_drop(u->mm);
	kfree(u);
}

/* ---- waking ---- */

/* => lock held */
static void wake_list(struct list_head *list, uaddr_t start, uaddr_t last)
{
	struct waiter *w, *next;

	list_for_each_entry_safe(w, next, list, node) {
		if (w->addr < start || w->addr > last)
			continue;
		list_del_init(&w->node);
		WRITE_ONCE(w->woken, true);
		wake_up(&w->wait);
	}
}

static void wake_range(struct userfaultfd *u, uaddr_t start, uaddr_t last)
{
	spin_lock(&u->lock);
	wake_list(&u->pending, start, last);
	wake_list(&u->read, start, last);
	spin_unlock(&u->lock);
}

void userfaultfd_wake(struct userfaultfd *u, uaddr_t start, u32 len)
{
	wake_range(u, start, start + (len - 1));
}

/* ---- reading ---- */

bool userfaultfd_take(struct userfaultfd *u, struct uffd_msg *msg)
{
	bool exact = u->features & UFFD_FEATURE_EXACT_ADDRESS;
	struct waiter *w;

	spin_lock(&u->lock);
	w = list_first_entry_or_null(&u->pending, struct waiter, node);
	if (w) {
		list_move_tail(&w->node, &u->read);
		memset(msg, 0, sizeof(*msg));
		msg->event = UFFD_EVENT_PAGEFAULT;
		msg->arg.pagefault.flags = w->write ? UFFD_PAGEFAULT_FLAG_WRITE : 0;
		msg->arg.pagefault.address = exact ? w->addr : w->addr & (uaddr_t)PAGE_MASK;
		if (u->features & UFFD_FEATURE_THREAD_ID)
			msg->arg.pagefault.feat.ptid = w->tid;
	}
	spin_unlock(&u->lock);
	return w;
}

void userfaultfd_count(struct userfaultfd *u, unsigned *pending, unsigned *total)
{
	const struct waiter *w;

	*pending = *total = 0;
	spin_lock(&u->lock);
	list_for_each_entry(w, &u->pending, node)
		++*pending;
	list_for_each_entry(w, &u->read, node)
		++*total;
	spin_unlock(&u->lock);
	*total += *pending;
}

/* ---- waiting ---- */

static bool page_is_missing(struct mm *mm, uaddr_t addr)
{
	pte_t *ptep;
	bool missing;

	spin_lock(&mm->page_table_lock);
	ptep = pte_peek(mm, addr);
	missing = !ptep || pte_none(*ptep);
	spin_unlock(&mm->page_table_lock);
	return missing;
}

/* => mmap_lock held; the caller's reference is the waiter's */
static void enqueue(struct userfaultfd *u, struct waiter *w)
{
	wait_queue_init(&w->wait);
	w->woken = false;
	spin_lock(&u->lock);
	list_add_tail(&w->node, &u->pending);
	spin_unlock(&u->lock);
}

static void dequeue(struct userfaultfd *u, struct waiter *w)
{
	spin_lock(&u->lock);
	list_del_init(&w->node);
	spin_unlock(&u->lock);
}

static int sleep_on(struct userfaultfd *u, struct waiter *w, bool user)
{
	wake_up_poll(&u->readers, POLLIN);
	if (!user)
		return wait_event_killable(&w->wait, READ_ONCE(w->woken)) ? -EINTR : 0;
	/* The signal is delivered on the way back, and the access made again after it. */
	(void)wait_event_interruptible(&w->wait, READ_ONCE(w->woken));
	return 0;
}

/* Whose fault at @addr it is; NULL: nobody's any more. A reference is taken. => mmap_lock held */
static struct userfaultfd *find_owner(struct mm *mm, uaddr_t addr)
{
	struct vma *vma = vma_find(mm, addr);
	struct userfaultfd *u = vma && vma->start <= addr ? vma_userfaultfd(vma) : NULL;

	if (u)
		atomic_inc(&u->refs);
	return u;
}

int userfaultfd_wait(struct mm *mm, uaddr_t addr, unsigned error)
{
	struct waiter w = {.addr = addr, .write = error & FAULT_WRITE, .tid = (u32)current->pid};
	bool user = error & FAULT_USER, missing = false;
	struct userfaultfd *u;
	int err = 0;

	down_read(&mm->mmap_lock);
	u = find_owner(mm, addr);
	if (u && ((u->features & UFFD_FEATURE_SIGBUS) || (u->user_only && !user) ||
		  (current->flags & (PF_EXITING | PF_DUMPCORE))))
		err = -EIO;
	if (u && !err) {
		enqueue(u, &w);
		missing = page_is_missing(mm, addr);
	}
	up_read(&mm->mmap_lock);
	if (!u)
		return 0;
	if (missing)
		err = sleep_on(u, &w, user);
	if (err != -EIO)
		dequeue(u, &w);
	put(u);
	return err;
}

/* ---- registration ---- */

static const struct vma_ops registered_anon_ops = {0};

static void set_owner(struct vma *vma, struct userfaultfd *u)
{
	if (u) {
		if (vma_is_anon(vma))
			vma->ops = &registered_anon_ops;
		vma->userfaultfd = u;
		vma->flags |= VM_UFFD_MISSING;
	} else {
		if (vma_is_anon(vma))
			vma->ops = NULL;
		vma->flags &= ~VM_UFFD_MISSING;
	}
}

void userfaultfd_forget(struct vma *vma)
{
	if (vma->flags & VM_UFFD_MISSING)
		set_owner(vma, NULL);
}

void userfaultfd_forget_all(struct mm *mm)
{
	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma))
		userfaultfd_forget(vma);
}

static int set_part(struct vma **pvma, uaddr_t start, uaddr_t end, struct userfaultfd *u,
		    struct split_reserve *r, struct vma_graveyard *dead)
{
	struct vma *vma = *pvma, part;

	if (vma_userfaultfd(vma) == u)
		return 0;
	vma_copy(&part, vma);
	set_owner(&part, u);
	if (!vma_may_cut(vma, start, end, &part))
		return -ENOMEM;
	if (!u)
		wake_range(vma->userfaultfd, start, end - 1);
	vma = vma_isolate(vma, start, end, r);
	set_owner(vma, u);
	*pvma = vma_merge_around(vma, dead);
	return 0;
}

static bool can_register(const struct vma *vma)
{
	return vma_is_anon(vma) || vma_is_shmem(vma);
}

/* May all areas of [start, end) be registered with @u; NULL: unregistered? */
static int check_areas(struct mm *mm, uaddr_t start, uaddr_t end, const struct userfaultfd *u)
{
	struct vma *vma = vma_find(mm, start);

	if (!vma)
		return -ENOMEM;
	if (vma->start >= end)
		return -EINVAL;
	for (; vma && vma->start < end; vma = vma_next(vma)) {
		if (!can_register(vma))
			return -EINVAL;
		if (u && !(vma->flags & VM_MAYWRITE))
			return -EPERM;
		if (u && vma_userfaultfd(vma) && vma_userfaultfd(vma) != u)
			return -EBUSY;
	}
	return 0;
}

static int set_range_locked(struct mm *mm, uaddr_t start, uaddr_t end, struct userfaultfd *u,
			    struct vma_graveyard *dead)
{
	struct split_reserve r;
	int err = check_areas(mm, start, end, u);

	if (!err)
		err = split_reserve(mm, start, end, &r);
	if (err)
		return err;
	if (u)
		mm->has_userfaultfd = true;
	for (struct vma *vma = vma_find(mm, start); vma && vma->start < end && !err;
	     vma = vma_next(vma))
		err = set_part(&vma, MAX(vma->start, start), MIN(vma->end, end), u, &r, dead);
	split_reserve_free(&r);
	return err;
}

static int set_range(struct mm *mm, uaddr_t start, uaddr_t end, struct userfaultfd *u)
{
	struct vma_graveyard dead = {NULL};
	int err;

	if (!mm_get_unless_zero(mm))
		return -ENOMEM;
	down_write(&mm->mmap_lock);
	err = set_range_locked(mm, start, end, u, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	mm_put(mm);
	return err;
}

int userfaultfd_register(struct userfaultfd *u, uaddr_t start, u32 len)
{
	return set_range(u->mm, start, start + len, u);
}

int userfaultfd_unregister(struct userfaultfd *u, uaddr_t start, u32 len)
{
	return set_range(u->mm, start, start + len, NULL);
}

static void unregister_all(struct userfaultfd *u)
{
	struct vma_graveyard dead = {NULL};
	struct mm *mm = u->mm;

	down_write(&mm->mmap_lock);
	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma))
		if (vma_userfaultfd(vma) == u) {
			set_owner(vma, NULL);
			vma = vma_merge_around(vma, &dead);
		}
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
}

void userfaultfd_release(struct userfaultfd *u)
{
	/* Without users there is nobody to fault, and the areas are going. */
	if (mm_get_unless_zero(u->mm)) {
		unregister_all(u);
		mm_put(u->mm);
	}
	wake_range(u, 0, ~(uaddr_t)0);
	put(u);
}

/* ---- filling a page. => mmap_lock held for read ---- */

static bool beyond_end(const struct vma *vma, uaddr_t addr)
{
	loff_t pos = (loff_t)vma_index(vma, addr) << PAGE_SHIFT;

	return vma->mapping && pos >= mapping_size(vma->mapping);
}

static pte_t new_pte(const struct vma *vma, struct page *page)
{
	return pte_mkdirty(pte_mkyoung(pfn_pte(page_to_pfn(page), vma_pgprot(vma))));
}

/* => page_table_lock held. 0, -EEXIST, or -EFAULT: its memory is being taken away */
static int may_set(struct mm *mm, pte_t *ptep)
{
	if (atomic_read(&mm->oom) & OOM_UNSTABLE)
		return -EFAULT;
	return pte_none(*ptep) ? 0 : -EEXIST;
}

/* The area's own page; takes it over. */
static int fill_private(struct vma *vma, uaddr_t addr, pte_t *ptep, struct page *page)
{
	struct mm *mm = vma->mm;
	int err;

	spin_lock(&mm->page_table_lock);
	err = may_set(mm, ptep);
	if (!err) {
		pte_t pte = new_pte(vma, page);

		page_add_new_anon(page, vma, addr);
		if (vma_locks_pages(vma))
			page_mlock(page);
		set_pte(ptep, vma->flags & VM_WRITE ? pte_mkwrite(pte) : pte);
		rss_add(&mm->rss_anon, 1);
	}
	spin_unlock(&mm->page_table_lock);
	if (err)
		page_put(page);
	return err;
}

static int fill_zero_page(struct vma *vma, pte_t *ptep)
{
	struct mm *mm = vma->mm;
	pte_t pte = pte_mkyoung(pfn_pte(page_to_pfn(zero_page), vma_pgprot(vma)));
	int err;

	spin_lock(&mm->page_table_lock);
	err = may_set(mm, ptep);
	if (!err)
		set_pte(ptep, pte_mkspecial(pte_wrprotect(pte)));
	spin_unlock(&mm->page_table_lock);
	return err;
}

/*
 * The object's page. In its place, a fault will find it: so the entry is only set where that is
 * easy.
 */
static int fill_shared(struct vma *vma, uaddr_t addr, pte_t *ptep, struct page *page)
{
	struct mapping *m = vma->mapping;
	struct mm *mm = vma->mm;
	int err;

	page_set(page, PG_UPTODATE);
	err = cache_insert(m, page, vma_index(vma, addr));
	if (err) {
		page_put(page);
		return err;
	}
	if (beyond_end(vma, addr)) { /* truncate sets the size, and then looks for pages */
		cache_remove(m, page);
		page_unlock(page);
		page_put(page);
		return -EFAULT;
	}
	mapping_mark_dirty(m, page);
	spin_lock(&mm->page_table_lock);
	if (!may_set(mm, ptep)) {
		page_get(page);
		page_add_file_rmap(page);
		if (vma_locks_pages(vma))
			page_mlock(page);
		set_pte(ptep, new_pte(vma, page));
		rss_add(&mm->rss_shmem, 1);
	}
	spin_unlock(&mm->page_table_lock);
	page_unlock(page);
	page_put(page);
	return 0;
}

/* @page goes to @addr of @vma, or the zero page if it is NULL; takes the page over. */
static int fill(struct vma *vma, uaddr_t addr, struct page *page)
{
	pte_t *ptep = pte_alloc(vma->mm, addr);
	int err = !ptep ? -ENOMEM : beyond_end(vma, addr) ? -EFAULT : 0;

	if (!(vma->flags & VM_SHARED))
		vma_prepare_anon(vma);
	if (err) {
		if (page)
			page_put(page);
		return err;
	}
	if (!page)
		return fill_zero_page(vma, ptep);
	if (vma->flags & VM_SHARED)
		return fill_shared(vma, addr, ptep, page);
	return fill_private(vma, addr, ptep, page);
}

/* The registered area that has all of [addr, addr + len), or NULL */
static struct vma *find_registered(struct mm *mm, uaddr_t addr, u32 len)
{
	struct vma *vma = vma_find(mm, addr);

	return vma && vma->start <= addr && vma->end - addr >= len && vma_userfaultfd(vma) ? vma
											   : NULL;
}

/* A page with the contents of the caller's @src, which may fault: no lock is held. */
static struct page *page_from_user(uaddr_t src)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	size_t left;
	void *to;

	if (!page)
		return ERR_PTR(-ENOMEM);
	to = kmap_local_page(page);
	left = copy_from_user(to, src, PAGE_SIZE);
	kunmap_local(to);
	if (!left)
		return page;
	page_put(page);
	return ERR_PTR(-EFAULT);
}

/* One page of @len bytes that are left. @src: NULL for zeros */
static int fill_one(struct mm *mm, uaddr_t dst, u32 len, const uaddr_t *src)
{
	struct page *page = NULL;
	struct vma *vma;
	int err = -ENOENT;
	bool own;

	down_read(&mm->mmap_lock);
	vma = find_registered(mm, dst, len);
	own = vma && !vma_is_anon(vma);
	if (vma && !src && !own) {
		err = fill(vma, dst, NULL);
		vma = NULL;
	}
	up_read(&mm->mmap_lock);
	if (!vma)
		return err;
	page = src ? page_from_user(*src) : alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_ZERO);
	if (IS_ERR_OR_NULL(page))
		return page ? (int)PTR_ERR(page) : -ENOMEM;
	down_read(&mm->mmap_lock);
	vma = find_registered(mm, dst, len);
	if (vma)
		err = fill(vma, dst, page);
	else
		page_put(page);
	up_read(&mm->mmap_lock);
	return err;
}

static s32 fill_range(struct userfaultfd *u, uaddr_t dst, u32 len, const uaddr_t *src)
{
	uaddr_t from = src ? *src : 0;
	u32 done = 0;
	int err = 0;

	if (!mm_get_unless_zero(u->mm))
		return -ESRCH;
	while (done < len && !err) {
		err = fill_one(u->mm, dst + done, len - done, src ? &from : NULL);
		if (!err) {
			done += PAGE_SIZE;
			from += PAGE_SIZE;
			err = fatal_signal_pending(current) ? -EINTR : 0;
			cond_resched();
		}
	}
	mm_put(u->mm);
	return done ? (s32)done : err;
}

s32 userfaultfd_copy(struct userfaultfd *u, uaddr_t dst, uaddr_t src, u32 len)
{
	return fill_range(u, dst, len, &src);
}

s32 userfaultfd_zero(struct userfaultfd *u, uaddr_t dst, u32 len)
{
	return fill_range(u, dst, len, NULL);
}
