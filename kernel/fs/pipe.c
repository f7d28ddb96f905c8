/*
 * Pipes and FIFOs (pipe(7)): a ring of buffers, each a part of one page; the ring
 * counters run freely.
 *
 * head - tail buffers are in use. pipe->lock guards all but the wait queues; copies to and from
 * user memory happen under it (it ranks before the memory locks). Pages that were emptied stay with
 * the pipe for the next write. Readers sleep only while it is empty and writers while it is full,
 * so waking whoever sleeps after each change wakes nobody in vain; pollers hear of each write.
 */
#include "fs/pipe.h"
#include "fs/internal.h"

#include <linux/magic.h>
#include <linux/poll.h>
#include <asm/ioctls.h>

#include "lib/bitmap.h"
#include "mm/highmem.h"
#include "mm/selfcheck.h"

#define PIPE_SLOTS 16u      /* 64 KB */
#define PIPE_LEAST_SLOTS 2u /* above the soft limit */
#define PIPE_SPARE 2u

struct pipe_buffer {
	struct page *page;
	u16 offset, len;
	bool packet; /* O_DIRECT: one write, one read */
};

struct pipe {
	mutex_t lock; /* RANK_PIPE */
	struct wait_queue readers_wait, writers_wait;
	u32 head, tail; /* next to write, next to read */
	u32 slots;      /* a power of two */
	struct pipe_buffer *ring;
	struct page *spare[PIPE_SPARE];
	u32 readers, writers; /* open files */
	u32 reader_opens,
		writer_opens;    /* ever: a FIFO's open waits for the other side to have come */
	u32 users;               /* open files and opens in progress: inode->pipe lives as long */
	const struct cred *cred; /* its maker's, whose user's pages its slots count as */
	struct selfcheck_node all;
};

unsigned sysctl_pipe_max_size = 1u << 20;
unsigned sysctl_pipe_pages_soft = PIPE_SLOTS * 1024, sysctl_pipe_pages_hard; /* 0: no limit */
static struct kmem_cache *pipe_cache;
static struct mount *pipe_mount;
static DEFINE_SELFCHECK_LIST(all_pipes);

/* ---- the ring. => pipe->lock held ---- */

static inline u32 used(const struct pipe *p)
{
	return p->head - p->tail;
}

static inline bool pipe_full(const struct pipe *p)
{
	return used(p) >= p->slots;
}

static inline struct pipe_buffer *slot(const struct pipe *p, u32 n)
{
	return &p->ring[n & (p->slots - 1)];
}

static noinline struct page *take_page_slow(struct pipe *p)
{
	struct page *page;

	for (unsigned i = 1; i < PIPE_SPARE; i++) {
		page = p->spare[i];
		if (page) {
			p->spare[i] = NULL;
			return page;
		}
	}
	/*
	 * The one that short messages pass through again and again: low, if that is to be had at
	 * once, it needs no kmap.
	 */
	if (!used(p)) {
		page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
		if (page)
			return page;
	}
	return alloc_page(GFP_HIGHUSER);
}

static inline struct page *take_page(struct pipe *p)
{
	struct page *page = p->spare[0];

	if (unlikely(!page))
		return take_page_slow(p);
	p->spare[0] = NULL;
	return page;
}

static noinline void give_page_slow(struct pipe *p, struct page *page)
{
	for (unsigned i = 0; i < PIPE_SPARE && page_refs(page) == 1; i++) {
		if (!p->spare[i]) {
			p->spare[i] = page;
			return;
		}
	}
	page_put(page);
}

static inline void give_page(struct pipe *p, struct page *page)
{
	if (likely(!p->spare[0] && page_refs(page) == 1))
		p->spare[0] = page;
	else
		give_page_slow(p, page);
}

/* ---- how many pages the pipes of a user may hold. pipe(7), pipe-user-pages-soft ---- */

/* So many more, or less; how many there are now. */
static u32 charge(const struct cred *cred, s32 slots)
{
	return __atomic_add_fetch(fs_pipe_pages(cred), (u32)slots, __ATOMIC_RELAXED);
}

static bool is_over(u32 pages, unsigned limit)
{
	limit = READ_ONCE(limit);
	return unlikely(limit && pages > limit) && !fs_capable(CAP_SYS_RESOURCE) &&
	       !fs_capable(CAP_SYS_ADMIN);
}

/* The slots of a new pipe, charged: fewer above the soft limit; 0: none above the hard one. */
static u32 first_slots(const struct cred *cred)
{
	u32 slots = PIPE_SLOTS, pages;

	while (slots > 1 && unlikely(slots * PAGE_SIZE > READ_ONCE(sysctl_pipe_max_size)) &&
	       !fs_capable(CAP_SYS_RESOURCE))
		slots /= 2;
	pages = charge(cred, (s32)slots);
	if (is_over(pages, sysctl_pipe_pages_soft)) {
		pages = charge(cred, (s32)(PIPE_LEAST_SLOTS - slots));
		slots = PIPE_LEAST_SLOTS;
	}
	if (!is_over(pages, sysctl_pipe_pages_hard))
		return slots;
	charge(cred, -(s32)slots);
	return 0;
}

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kmem_cache_alloc(pipe_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->cred = fs_cred_get();
	p->slots = first_slots(p->cred);
	if (!p->slots)
		goto no_slots;
	p->ring = kcalloc(p->slots, sizeof(struct pipe_buffer), GFP_KERNEL);
	if (!p->ring)
		goto no_ring;
	mutex_init(&p->lock, RANK_PIPE);
	wait_queue_init(&p->readers_wait);
	wait_queue_init(&p->writers_wait);
	selfcheck_link(&all_pipes, &p->all);
	return p;
no_ring:
	charge(p->cred, -(s32)p->slots);
no_slots:
	fs_cred_put(p->cred);
	kmem_cache_free(pipe_cache, p);
	return NULL;
}

static void pipe_free(struct pipe *p)
{
	selfcheck_unlink(&all_pipes, &p->all);
	for (u32 n = p->tail; n != p->head; n++)
		page_put(slot(p, n)->page);
	for (unsigned i = 0; i < PIPE_SPARE; i++) {
		if (p->spare[i])
			page_put(p->spare[i]);
	}
	kfree(p->ring);
	charge(p->cred, -(s32)p->slots);
	fs_cred_put(p->cred);
	kmem_cache_free(pipe_cache, p);
}

static void selfcheck_pipes(struct selfcheck *sc)
{
	struct pipe *p;

	selfcheck_for_each(p, &all_pipes, all)
	{
		for (u32 n = p->tail; n != p->head; n++)
			selfcheck_hold(sc, slot(p, n)->page, 1);
		for (unsigned i = 0; i < PIPE_SPARE; i++)
			if (p->spare[i])
				selfcheck_hold(sc, p->spare[i], 1);
	}
}

static struct selfcheck_owner pipe_owner = {.name = "pipe", .walk = selfcheck_pipes};

/*
 * Wake whoever waits. The change comes before the look at the queue, as sleepers queue before they
 * look at the pipe. => the change is made, and behind it is a full barrier: the unlock of a mutex
 * is one
 */
static inline void notify(struct wait_queue *wq, unsigned events)
{
	if (wait_queue_active(wq))
		wake_up_poll(wq, events);
}

static inline struct pipe *pipe_of(const struct file *file)
{
	return file->private;
}

/* ---- reading ---- */

/* Take from the first buffer: bytes, 0 when the caller's memory is bad. */
static inline size_t read_buffer(struct pipe *p, struct pipe_buffer *b, struct iov_iter *to)
{
	size_t n = copy_page_to_iter(b->page, b->offset, MIN((size_t)b->len, to->count), to);

	if (n != b->len && (!n || !b->packet)) {
		b->offset = (u16)(b->offset + n);
		b->len = (u16)(b->len - n);
		return n;
	}
	/* empty; the rest of a packet is lost */
	give_page(p, b->page);
	b->page = NULL;
	p->tail++;
	return n;
}

/* What is there and what fits; no more than one packet. => locked, not empty, to->count > 0 */
static inline ssize_t read_buffers(struct pipe *p, struct iov_iter *to)
{
	ssize_t done = 0;
	bool packet;

	do {
		struct pipe_buffer *b = slot(p, p->tail);
		size_t n;

		packet = b->packet;
		n = read_buffer(p, b, to);
		if (unlikely(!n))
			return done ? done : -EFAULT;
		done += (ssize_t)n;
	} while (to->count && !packet && used(p));
	return done;
}

/* Under the lock, again without: other sleepers must see the state that we leave. */
static noinline int wait_readable(struct pipe *p)
{
	int err;

	mutex_unlock(&p->lock);
	err = wait_event_interruptible_exclusive(&p->readers_wait,
						 READ_ONCE(p->head) != READ_ONCE(p->tail) ||
							 !READ_ONCE(p->writers));
	mutex_lock(&p->lock);
	return err;
}

static ssize_t pipe_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct pipe *p = pipe_of(file);
	bool was_full = false, more;
	ssize_t done = 0;

	(void)pos;
	if (unlikely(!to->count))
		return 0;
	mutex_lock(&p->lock);
	while (!used(p) && p->writers) {
		done = file->flags & O_NONBLOCK ? -EAGAIN : wait_readable(p);
		if (unlikely(done))
			break;
	}
	if (likely(!done && used(p))) {
		was_full = pipe_full(p);
		done = read_buffers(p, to);
		was_full = was_full && !pipe_full(p);
	}
	more = used(p);
	mutex_unlock(&p->lock);
	if (was_full)
		notify(&p->writers_wait, POLLOUT | POLLWRNORM);
	if (more)
		notify(&p->readers_wait, POLLIN | POLLRDNORM);
	return done;
}

/* ---- writing ---- */

/*
 * Small writes share the page of the last buffer. The odd end of a write goes first, there; so
 * writes of up to PIPE_BUF are never torn. Bytes or -EFAULT; 0: it has none, or it does not fit.
 * => not empty
 */
static noinline ssize_t append(struct pipe *p, struct iov_iter *from)
{
	struct pipe_buffer *b = slot(p, p->head - 1);
	size_t len = from->count & (PAGE_SIZE - 1), n;

	if (!len || b->packet || b->offset + b->len + len > PAGE_SIZE || page_refs(b->page) > 1)
		return 0;
	n = copy_page_from_iter(b->page, (size_t)(b->offset + b->len), len, from);
	b->len = (u16)(b->len + n);
	return n ? (ssize_t)n : -EFAULT;
}

/* Fill one new buffer: bytes or -ENOMEM, -EFAULT. => not full */
static ssize_t add_buffer(struct pipe *p, struct iov_iter *from, bool packet)
{
	struct pipe_buffer *b = slot(p, p->head);
	struct page *page = take_page(p);
	size_t n;

	if (!page)
		return -ENOMEM;
	n = copy_page_from_iter(page, 0, MIN(from->count, PAGE_SIZE), from);
	if (!n) {
		give_page(p, page);
		return -EFAULT;
	}
	b->page = page;
	b->offset = 0;
	b->len = (u16)n;
	b->packet = packet;
	p->head++;
	return (ssize_t)n;
}

/* 0, or why there will be none. => full */
static noinline ssize_t wait_for_room(struct pipe *p, unsigned flags)
{
	int err;

	if (flags & O_NONBLOCK)
		return -EAGAIN;
	smp_mb();
	notify(&p->readers_wait, POLLIN | POLLRDNORM);
	mutex_unlock(&p->lock);
	err = wait_event_interruptible_exclusive(
		&p->writers_wait, READ_ONCE(p->head) - READ_ONCE(p->tail) < READ_ONCE(p->slots) ||
					  !READ_ONCE(p->readers));
	mutex_lock(&p->lock);
	if (err || p->readers)
		return err;
	fs_send_sigpipe();
	return -EPIPE;
}

/* Until all is written or something is in the way: bytes or an error. => p->readers, count > 0 */
static inline ssize_t write_buffers(struct pipe *p, struct iov_iter *from, unsigned flags)
{
	bool packet = flags & O_DIRECT;
	ssize_t done = 0, n;

	if (used(p) && !packet) {
		done = append(p, from);
		if (done && (done < 0 || from->count & (PAGE_SIZE - 1)))
			return done; /* a fault in the middle */
	}
	while (from->count) {
		n = likely(!pipe_full(p)) ? add_buffer(p, from, packet) : wait_for_room(p, flags);
		if (unlikely(n < 0))
			return done ? done : n;
		done += n;
	}
	return done;
}

static ssize_t pipe_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct pipe *p = pipe_of(file);
	ssize_t done;
	bool room;

	(void)pos;
	if (unlikely(!from->count))
		return 0;
	mutex_lock(&p->lock);
	if (unlikely(!p->readers)) {
		mutex_unlock(&p->lock);
		fs_send_sigpipe();
		return -EPIPE;
	}
	done = write_buffers(p, from, file->flags);
	room = !pipe_full(p);
	mutex_unlock(&p->lock);
	notify(&p->readers_wait, POLLIN | POLLRDNORM);
	if (room)
		notify(&p->writers_wait, POLLOUT | POLLWRNORM);
	if (done > 0 && file->path.mnt != pipe_mount)
		inode_touch(file->inode, ATTR_MTIME | ATTR_CTIME);
	return done;
}

/* ---- the rest ---- */

static unsigned pipe_poll(struct file *file, struct poll_table *pt)
{
	struct pipe *p = pipe_of(file);
	unsigned mask = 0;

	if (file->mode & FMODE_READ)
		poll_wait(file, &p->readers_wait, pt);
	if (file->mode & FMODE_WRITE)
		poll_wait(file, &p->writers_wait, pt);
	if (file->mode & FMODE_READ) {
		if (READ_ONCE(p->head) != READ_ONCE(p->tail))
			mask |= POLLIN | POLLRDNORM;
		/* a FIFO that no writer has opened since we did is not hung up */
		if (!READ_ONCE(p->writers) && (u32)file->pos != p->writer_opens)
			mask |= POLLHUP;
	}
	if (file->mode & FMODE_WRITE) {
		if (READ_ONCE(p->head) - READ_ONCE(p->tail) < READ_ONCE(p->slots))
			mask |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= POLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct pipe *p = pipe_of(file);
	u32 bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	for (u32 n = p->tail; n != p->head; n++)
		bytes += slot(p, n)->len;
	mutex_unlock(&p->lock);
	return put_user_u32(bytes, (uaddr_t)arg);
}

/* The last user takes the pipe off its inode. => inode->lock not held */
static void pipe_drop(struct inode *inode, struct pipe *p)
{
	bool last;

	spin_lock(&inode->i_lock);
	last = --p->users == 0;
	if (last)
		inode->pipe = NULL;
	spin_unlock(&inode->i_lock);
	if (last)
		pipe_free(p);
}

static void pipe_release(struct inode *inode, struct file *file)
{
	struct pipe *p = pipe_of(file);

	mutex_lock(&p->lock);
	if (file->mode & FMODE_READ)
		p->readers--;
	if (file->mode & FMODE_WRITE)
		p->writers--;
	mutex_unlock(&p->lock);
	wake_up_all(&p->readers_wait);
	wake_up_all(&p->writers_wait);
	pipe_drop(inode, p);
}

/* The pipe of a FIFO's inode, made at its first open; counted. NULL */
static struct pipe *fifo_get(struct inode *inode)
{
	struct pipe *p, *new = NULL;

	for (;;) {
		spin_lock(&inode->i_lock);
		p = inode->pipe;
		if (!p && new) {
			p = inode->pipe = new;
			new = NULL;
		}
		if (p)
			p->users++;
		spin_unlock(&inode->i_lock);
		if (p)
			break;
		new = pipe_alloc();
		if (!new)
			return NULL;
	}
	if (new)
		pipe_free(new);
	return p;
}

/*
 * open(2) of a FIFO: a reader waits for a writer and a writer for a reader, each until the other
 * has come (even if it has gone again). O_NONBLOCK: a reader goes on, a writer gets ENXIO. Read and
 * write: no waiting.
 */
static int fifo_open(struct inode *inode, struct file *file)
{
	bool reads = file->mode & FMODE_READ, writes = file->mode & FMODE_WRITE;
	struct pipe *p;
	u32 seen;
	int err = 0;

	if (!reads && !writes)
		return -EINVAL;
	p = fifo_get(inode);
	if (!p)
		return -ENOMEM;
	mutex_lock(&p->lock);
	if (writes && !reads && (file->flags & O_NONBLOCK) && !p->readers) {
		mutex_unlock(&p->lock);
		pipe_drop(inode, p);
		return -ENXIO;
	}
	if (reads && p->readers++ == 0)
		p->reader_opens++;
	else if (reads)
		p->reader_opens++;
	if (writes) {
		p->writers++;
		p->writer_opens++;
	}
	file->private = p;
	/* poll: no hang-up before the first writer; the position has no other use here */
	file->pos = p->writers ? ~0u : p->writer_opens;
	wake_up_all(reads ? &p->writers_wait : &p->readers_wait);
	if (reads && writes)
		wake_up_all(&p->readers_wait);
	if (reads && !writes && !p->writers && !(file->flags & O_NONBLOCK)) {
		seen = p->writer_opens;
		mutex_unlock(&p->lock);
		err = wait_event_interruptible(&p->readers_wait,
					       READ_ONCE(p->writer_opens) != seen);
		mutex_lock(&p->lock);
	} else if (writes && !reads && !p->readers) {
		seen = p->reader_opens;
		mutex_unlock(&p->lock);
		err = wait_event_interruptible(&p->writers_wait,
					       READ_ONCE(p->reader_opens) != seen);
		mutex_lock(&p->lock);
	}
	mutex_unlock(&p->lock);
	if (err)
		pipe_release(inode, file);
	return err;
}

const struct file_operations pipe_fops = {
	.open = fifo_open,
	.release = pipe_release,
	.read_iter = pipe_read,
	.write_iter = pipe_write,
	.llseek = no_llseek,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
};

static char *pipe_name(struct dentry *dentry, char *buf, size_t size)
{
	int len = snprintf(buf, size, "pipe:[%llu]", (unsigned long long)dentry->inode->ino);

	return (size_t)len < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

static const struct dentry_operations pipe_dentry_ops = {.name = pipe_name};

static struct inode *pipe_inode(void)
{
	struct inode *inode = inode_alloc(pipe_mount->sb);
	struct pipe *p;

	if (!inode)
		return NULL;
	p = pipe_alloc();
	if (!p) {
		inode_put(inode);
		return NULL;
	}
	p->users = 2;
	p->readers = p->writers = 1;
	p->reader_opens = p->writer_opens = 1;
	inode->pipe = p;
	inode_init_owner(inode, NULL, S_IFIFO | 0600);
	inode->fop = &pipe_fops;
	return inode;
}

int pipe_create(struct file *ends[2], int flags)
{
	struct inode *inode = pipe_inode();

	if (!inode)
		return -ENFILE;
	ends[0] = file_pseudo(pipe_mount, inode, "", &pipe_dentry_ops, &pipe_fops,
			      O_RDONLY | (flags & O_NONBLOCK));
	if (IS_ERR(ends[0])) {
		pipe_free(inode->pipe);
		inode_put(inode);
		return (int)PTR_ERR(ends[0]);
	}
	ends[0]->private = inode->pipe;
	ends[1] = file_pseudo(pipe_mount, inode, "", &pipe_dentry_ops, &pipe_fops,
			      O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)));
	inode_put(inode);
	if (IS_ERR(ends[1])) {
		inode->pipe->users = 1; /* the read end's release frees it */
		fput(ends[0]);
		return (int)PTR_ERR(ends[1]);
	}
	ends[1]->private = inode->pipe;
	return 0;
}

bool file_is_pipe(const struct file *file)
{
	return file->op == &pipe_fops;
}

long pipe_get_size(struct file *file)
{
	return file_is_pipe(file) ? (long)(pipe_of(file)->slots * PAGE_SIZE) : -EBADF;
}

/* Growing is bounded, shrinking is not. => locked */
static int charge_resize(struct pipe *p, u32 slots)
{
	u32 pages = charge(p->cred, (s32)(slots - p->slots));

	if (slots <= p->slots ||
	    (!is_over(pages, sysctl_pipe_pages_hard) && !is_over(pages, sysctl_pipe_pages_soft)))
		return 0;
	charge(p->cred, (s32)(p->slots - slots));
	return -EPERM;
}

/* Another ring: the old one, for the caller to free, or ERR_PTR. => locked */
static struct pipe_buffer *resize(struct pipe *p, struct pipe_buffer *ring, u32 slots)
{
	struct pipe_buffer *old = p->ring;
	int err = charge_resize(p, slots);

	if (err)
		return ERR_PTR(err);
	if (used(p) > slots) {
		charge(p->cred, (s32)(p->slots - slots));
		return ERR_PTR(-EBUSY);
	}
	for (u32 n = p->tail; n != p->head; n++)
		ring[n & (slots - 1)] = *slot(p, n);
	p->ring = ring;
	p->slots = slots;
	return old;
}

long pipe_set_size(struct file *file, unsigned long bytes)
{
	struct pipe *p = pipe_of(file);
	struct pipe_buffer *ring, *old;
	u32 slots;

	if (!file_is_pipe(file))
		return -EBADF;
	if (bytes > 1ul << 31)
		return -EINVAL;
	slots = (u32)roundup_pow_of_two(MAX(1ul, DIV_ROUND_UP(bytes, PAGE_SIZE)));
	if (slots > p->slots && slots * PAGE_SIZE > sysctl_pipe_max_size &&
	    !fs_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	ring = kcalloc(slots, sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	mutex_lock(&p->lock);
	old = resize(p, ring, slots);
	mutex_unlock(&p->lock);
	if (IS_ERR(old)) {
		kfree(ring);
		return PTR_ERR(old);
	}
	kfree(old);
	wake_up_all(&p->writers_wait);
	return (long)(slots * PAGE_SIZE);
}

/* ---- tee(2) ---- */

static void lock_both(struct pipe *a, struct pipe *b)
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock_nested(a < b ? &b->lock : &a->lock);
}

/* Share the pages of @from's buffers. => both locked */
static ssize_t tee_locked(struct pipe *from, struct pipe *to, size_t len)
{
	ssize_t done = 0;

	for (u32 n = from->tail; n != from->head && len && !pipe_full(to); n++) {
		struct pipe_buffer *b = slot(to, to->head);

		*b = *slot(from, n);
		b->len = (u16)MIN((size_t)b->len, len);
		page_get(b->page);
		to->head++;
		len -= b->len;
		done += b->len;
	}
	return done;
}

ssize_t pipe_tee(struct file *from_file, struct file *to_file, size_t len, bool nonblock)
{
	struct pipe *from, *to;
	ssize_t done;

	if (!file_is_pipe(from_file) || !file_is_pipe(to_file) ||
	    pipe_of(from_file) == pipe_of(to_file))
		return -EINVAL;
	if (!(from_file->mode & FMODE_READ) || !(to_file->mode & FMODE_WRITE))
		return -EBADF;
	from = pipe_of(from_file);
	to = pipe_of(to_file);
	for (;;) {
		int err;

		lock_both(from, to);
		if (!to->readers)
			done = -EPIPE;
		else
			done = len ? tee_locked(from, to, len) : 0;
		if (!done && len && (used(from) || from->writers))
			done = -EAGAIN;
		mutex_unlock(&from->lock);
		mutex_unlock(&to->lock);
		if (done == -EPIPE)
			fs_send_sigpipe();
		if (done > 0)
			wake_up_poll(&to->readers_wait, POLLIN | POLLRDNORM);
		if (done != -EAGAIN || nonblock)
			return done;
		err = wait_event_interruptible(&from->readers_wait,
					       READ_ONCE(from->head) != READ_ONCE(from->tail) ||
						       !READ_ONCE(from->writers));
		if (!err)
			err = wait_event_interruptible(&to->writers_wait,
						       READ_ONCE(to->head) - READ_ONCE(to->tail) <
								       READ_ONCE(to->slots) ||
							       !READ_ONCE(to->readers));
		if (err)
			return err;
	}
}

void __init pipe_init(void)
{
	static const struct file_system_type type = {.name = "pipefs"};

	selfcheck_register(&pipe_owner);
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 0, SLAB_PANIC);
	pipe_mount = pseudo_mount(&type, NULL, PIPEFS_MAGIC);
	BUG_ON(!pipe_mount);
}
