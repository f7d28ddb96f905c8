/*
 * Futexes. Who waits for which word stands in a hash table: the key of a private word is its
 * address space and address, of a shared one the page of the object behind it, so that processes
 * meet that map it at different addresses.
 *
 * The waiter queues itself and then compares the word, both under the bucket's lock; the waker
 * changes the word first and then looks into the bucket under the same lock. So either the waiter
 * sees the new value or the waker sees the waiter. The word is read with page faults off; if it is
 * not there, the lock is dropped, the page brought in, and all of it repeated.
 */
#include "proc/futex.h"
#include "proc/internal.h"
#include "lib/hash.h"
#include "mm/slab.h"
#include <linux/futex.h>

struct futex_key {
	const void *object; /* struct mm or struct mapping: compared, never followed */
	u32 page, offset;
};

struct futex_waiter {
	struct list_head node; /* in bucket->waiters; empty: woken */
	struct futex_key key;
	struct futex_bucket *bucket; /* changes only under the locks of both buckets */
	struct task *task;
	u32 bitset;
};

struct futex_bucket {
	spinlock_t lock; /* RANK_FUTEX */
	struct list_head waiters;
};

static struct futex_bucket *buckets;
static unsigned bucket_bits;

/* ---- keys ---- */

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	u32 h = hash_ptr(key->object, 32) ^ hash_32(key->page, 32) ^ key->offset;

	return &buckets[hash_32(h, bucket_bits)];
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->page == b->page && a->offset == b->offset;
}

/* The word's place in the object that is mapped there. */
static int shared_key(uaddr_t addr, struct futex_key *key)
{
	struct mm *mm = current->mm;
	struct vma *vma;
	int err = 0;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (!vma || addr < vma->start)
		err = -EFAULT;
	else if ((vma->flags & VM_SHARED) && vma->mapping) {
		key->object = vma->mapping;
		key->page = vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
	}
	up_read(&mm->mmap_lock);
	return err;
}

static __always_inline int get_key(uaddr_t addr, unsigned flags, struct futex_key *key)
{
	if (addr & 3)
		return -EINVAL;
	if (!user_range_ok(addr, 4))
		return -EFAULT;
	key->object = current->mm;
	key->page = addr >> PAGE_SHIFT;
	key->offset = addr & (PAGE_SIZE - 1);
	return flags & FUTEX_KEY_SHARED ? shared_key(addr, key) : 0;
}

/* ---- the word ---- */

static int read_word_atomic(uaddr_t addr, u32 *val)
{
	int err;

	pagefault_disable();
	err = get_user_u32(val, addr);
	pagefault_enable();
	return err;
}

/* ---- waking ---- */

/*
 * The task may be gone as soon as it sees itself off the list, but its structure lives through
 * this RCU section. => bucket locked
 */
static void wake_waiter(struct futex_waiter *w)
{
	struct task *t = w->task;

	__atomic_store_n(&w->task, NULL, __ATOMIC_RELEASE);
	list_del(&w->node);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
	wake_up_task(t);
}

static int wake_bucket(struct futex_bucket *b, const struct futex_key *key, int n, u32 bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	if (n <= 0)
		n = 1; /* as it has always been */
	list_for_each_entry_safe(w, next, &b->waiters, node) {
		if (!same_key(&w->key, key) || !(w->bitset & bitset))
			continue;
		wake_waiter(w);
		if (++woken >= n)
			break;
	}
	return woken;
}

int futex_wake(uaddr_t addr, unsigned flags, int n, u32 bitset)
{
	struct futex_bucket *b;
	struct futex_key key;
	int err;

	if (!bitset)
		return -EINVAL;
	err = get_key(addr, flags, &key);
	if (err)
		return err;
	b = bucket_of(&key);
	smp_mb(); /* the caller's store to the word before the look */
	if (list_empty(&b->waiters))
		return 0;
	rcu_read_lock();
	spin_lock(&b->lock);
	n = wake_bucket(b, &key, n, bitset);
	spin_unlock(&b->lock);
	rcu_read_unlock();
	return n;
}

void futex_wake_address(uaddr_t addr, unsigned n)
{
	(void)futex_wake(addr, FUTEX_KEY_SHARED, (int)n, FUTEX_BITSET_MATCH_ANY);
}

/* ---- waiting ---- */

/* Queued and asleep-to-be, if the word is still @val. 0, -EAGAIN, -EFAULT */
static int queue_waiter(struct futex_waiter *w, uaddr_t addr, u32 val)
{
	struct futex_bucket *b = bucket_of(&w->key);
	u32 now;
	int err;

	for (;;) {
		spin_lock(&b->lock);
		w->task = current;
		w->bucket = b;
		/* before the read: see futex_wake()'s look without the lock */
		list_add_tail(&w->node, &b->waiters);
		smp_mb();
		err = read_word_atomic(addr, &now);
		if (!err && now == val) {
			set_current_state(TASK_INTERRUPTIBLE);
			spin_unlock(&b->lock);
			return 0;
		}
		list_del(&w->node);
		spin_unlock(&b->lock);
		if (!err)
			return -EAGAIN;
		if (get_user_u32(&now, addr))
			return -EFAULT;
	}
}

/* Off the queue, wherever a requeue has moved it: true if somebody had woken it. */
static bool unqueue_waiter(struct futex_waiter *w)
{
	struct futex_bucket *b;

	for (;;) {
		b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
		if (!b)
			return true;
		spin_lock(&b->lock);
		if (w->bucket == b)
			break;
		spin_unlock(&b->lock); /* moved or woken in between */
	}
	list_del(&w->node);
	spin_unlock(&b->lock);
	return false;
}

int futex_wait(uaddr_t addr, unsigned flags, u32 val, u64 deadline, u32 bitset)
{
	struct futex_waiter w;
	int err, slept = 0;

	if (!bitset)
		return -EINVAL;
	w.bitset = bitset;
	for (;;) {
		err = get_key(addr, flags, &w.key);
		if (!err)
			err = queue_waiter(&w, addr, val);
		if (err)
			return err;
		if (__atomic_load_n(&w.task, __ATOMIC_ACQUIRE) && !signal_pending(current))
			slept = schedule_until(deadline);
		set_current_state(TASK_RUNNING);
		if (unqueue_waiter(&w))
			return 0;
		if (slept == -ETIMEDOUT)
			return -ETIMEDOUT;
		if (signal_pending(current))
			return -ERESTARTSYS;
		/* a wake-up that was meant for something else: wait again */
	}
}

/* ---- two words at once ---- */

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b) {
		struct futex_bucket *t = a;

		a = b;
		b = t;
	}
	spin_lock(&a->lock);
	if (a != b)
		spin_lock_nested(&b->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

static int requeue_locked(struct futex_bucket *from, struct futex_bucket *to,
			  const struct futex_key *key, const struct futex_key *key2, int n, int n2)
{
	struct futex_waiter *w, *next;
	int done = 0;

	list_for_each_entry_safe(w, next, &from->waiters, node) {
		if (!same_key(&w->key, key))
			continue;
		if (done - n >= n2)
			break;
		if (done++ < n) {
			wake_waiter(w);
			continue;
		}
		w->key = *key2;
		if (from == to)
			continue;
		list_move_tail(&w->node, &to->waiters);
		__atomic_store_n(&w->bucket, to, __ATOMIC_RELEASE);
	}
	return done;
}

int futex_requeue(uaddr_t addr, uaddr_t addr2, unsigned flags, int n, int n2, const u32 *expect)
{
	struct futex_key key, key2;
	struct futex_bucket *from, *to;
	u32 now;
	int err;

	if (n < 0 || n2 < 0)
		return -EINVAL;
	for (;;) {
		err = get_key(addr, flags, &key);
		if (!err)
			err = get_key(addr2, flags, &key2);
		if (err)
			return err;
		from = bucket_of(&key);
		to = bucket_of(&key2);
		rcu_read_lock();
		lock_two(from, to);
		err = expect ? read_word_atomic(addr, &now) : 0;
		if (!err && expect && now != *expect)
			err = -EAGAIN;
		if (!err)
			err = requeue_locked(from, to, &key, &key2, n, n2);
		unlock_two(from, to);
		rcu_read_unlock();
		if (err != -EFAULT)
			return err;
		if (get_user_u32(&now, addr))
			return -EFAULT;
	}
}

/* FUTEX_OP: 4 bits operation, 4 bits comparison, 12 bits each operand, signed. */
static int apply_op(u32 op, uaddr_t addr, u32 *old)
{
	u32 arg = (u32)((s32)(op << 8) >> 20);
	int err;

	if (op & ((u32)FUTEX_OP_OPARG_SHIFT << 28))
		arg = 1u << (arg & 31);
	pagefault_disable();
	switch (op >> 28 & 7) {
	case FUTEX_OP_SET: err = user_xchg_u32(addr, arg, old); break;
	case FUTEX_OP_ADD: err = user_add_u32(addr, arg, old); break;
	case FUTEX_OP_OR: err = user_or_u32(addr, arg, old); break;
	case FUTEX_OP_ANDN: err = user_and_u32(addr, ~arg, old); break;
	case FUTEX_OP_XOR: err = user_xor_u32(addr, arg, old); break;
	default: err = -ENOSYS;
	}
	pagefault_enable();
	return err;
}

/* 1 or 0; -ENOSYS: no such comparison. */
static int compare_op(u32 op, u32 old)
{
	s32 value = (s32)old, arg = (s32)(op << 20) >> 20;

	switch (op >> 24 & 15) {
	case FUTEX_OP_CMP_EQ: return value == arg;
	case FUTEX_OP_CMP_NE: return value != arg;
	case FUTEX_OP_CMP_LT: return value < arg;
	case FUTEX_OP_CMP_LE: return value <= arg;
	case FUTEX_OP_CMP_GT: return value > arg;
	case FUTEX_OP_CMP_GE: return value >= arg;
	}
	return -ENOSYS;
}

int futex_wake_op(uaddr_t addr, uaddr_t addr2, unsigned flags, int n, int n2, u32 op)
{
	struct futex_key key, key2;
	struct futex_bucket *b, *b2;
	u32 old;
	int err, holds;

	for (;;) {
		err = get_key(addr, flags, &key);
		if (!err)
			err = get_key(addr2, flags, &key2);
		if (err)
			return err;
		b = bucket_of(&key);
		b2 = bucket_of(&key2);
		rcu_read_lock();
		lock_two(b, b2);
		err = apply_op(op, addr2, &old);
		holds = err ? err : compare_op(op, old);
		if (holds >= 0) {
			err = wake_bucket(b, &key, n, FUTEX_BITSET_MATCH_ANY);
			if (holds)
				err += wake_bucket(b2, &key2, n2, FUTEX_BITSET_MATCH_ANY);
		} else {
			err = holds;
		}
		unlock_two(b, b2);
		rcu_read_unlock();
		if (err != -EFAULT)
			return err;
		if (user_add_u32(addr2, 0, &old)) /* brings the page in, writable */
			return -EFAULT;
	}
}

/* ---- robust lists: the words that a dying thread still owns ---- */

#define ROBUST_LIMIT 2048 /* a list made into a ring must not hold us */

/* Say in the word that its owner died, and wake one waiter. */
static void release_owned(uaddr_t addr, pid_t owner, bool pending, bool is_pi)
{
	u32 word, old;

	if ((addr & 3) || get_user_u32(&word, addr))
		return;
	for (;;) {
		if (pending && !is_pi && !word) { /* it was about to be woken by the one who died */
			futex_wake_address(addr, 1);
			return;
		}
		if ((word & FUTEX_TID_MASK) != (u32)owner)
			return;
		if (user_cmpxchg_u32(addr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &old))
			return;
		if (old == word)
			break;
		word = old;
	}
	if (!is_pi && (word & FUTEX_WAITERS))
		futex_wake_address(addr, 1);
}

void futex_exit_robust(struct task *t)
{
	struct {
		u32 next, offset, pending;
	} head;
	u32 entry, next, limit = ROBUST_LIMIT;
	bool more;

	if (!t->robust_list || !t->mm)
		return;
	if (copy_from_user(&head, t->robust_list, sizeof(head)))
		return;
	for (entry = head.next; (entry & ~1u) != t->robust_list && limit--; entry = next) {
		more = !get_user_u32(
			&next, entry & ~1u); /* before the word is released: then it may be freed */
		if (entry != head.pending)
			release_owned((entry & ~1u) + head.offset, t->pid, false, entry & 1);
		if (!more)
			return;
		cond_resched();
	}
	if (head.pending)
		release_owned((head.pending & ~1u) + head.offset, t->pid, true, head.pending & 1);
}

void __init futex_init(void)
{
	bucket_bits = 8;
	buckets = kmalloc(sizeof(*buckets) << bucket_bits, GFP_KERNEL);
	if (!buckets)
		panic("no memory for the futex table");
	for (unsigned i = 0; i < 1u << bucket_bits; i++) {
		spin_lock_init(&buckets[i].lock, RANK_FUTEX);
		list_init(&buckets[i].waiters);
	}
}
