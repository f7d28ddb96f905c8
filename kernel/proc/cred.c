/*
 * Credentials: the life of struct cred and struct user, and the questions that are asked of them.
 * The rules of the calls that change ids are in abi/cred.c and proc/setid.c.
 */
#include "proc/internal.h"
#include "mm/slab.h"
#include <linux/capability.h>

static struct kmem_cache *cred_cache;
static DEFINE_SPINLOCK(users_lock, RANK_XARRAY); /* irqsave: RCU callbacks take it */
static struct xarray users;

static struct user root_user = {.refs = 2, .uid = 0};

_Static_assert(CAP_LAST_CAP == 40, "CAP_FULL_SET has every capability");
struct cred root_cred = {
	.refs = 2, /* the idle task's, and one for ever */
	.cap_effective = CAP_FULL_SET,
	.cap_permitted = CAP_FULL_SET,
	.cap_bset = CAP_FULL_SET,
	.user = &root_user,
};

/* ---- users ---- */

void user_hold(struct user *user)
{
	atomic_inc(&user->refs);
}

struct user *user_get(uid_t uid)
{
	struct user *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL), *user;
	irqflags_t irq;

	if (!fresh)
		return NULL;
	fresh->refs = 1;
	fresh->uid = uid;
	irq = spin_lock_irqsave(&users_lock);
	user = xa_load(&users, uid);
	if (user)
		user_hold(user);
	else if (!xa_store(&users, uid, fresh)) {
		user = fresh;
		fresh = NULL;
	}
	spin_unlock_irqrestore(&users_lock, irq);
	kfree(fresh);
	return user;
}

/* The last reference goes under the lock under which user_get() finds it. */
void user_put(struct user *user)
{
	u32 refs = atomic_read(&user->refs);
	irqflags_t irq;

	while (refs > 1) {
		if (atomic_try_cmpxchg(&user->refs, &refs, refs - 1))
			return;
	}
	irq = spin_lock_irqsave(&users_lock);
	if (!atomic_dec_and_test(&user->refs))
		user = NULL;
	else
		xa_erase(&users, user->uid);
	spin_unlock_irqrestore(&users_lock, irq);
	kfree(user);
}

/* ---- struct cred ---- */

const struct cred *cred_get(const struct cred *cred)
{
	atomic_inc(&((struct cred *)cred)->refs);
	return cred;
}

static void cred_free(struct rcu_head *head)
{
	struct cred *cred = container_of(head, struct cred, rcu);

	/* not earlier: who charges a signal to another task reads its user under RCU */
	user_put(cred->user);
	kfree(cred->groups);
	kmem_cache_free(cred_cache, cred);
}

void cred_put(const struct cred *c)
{
	struct cred *cred = (struct cred *)c;

	if (!atomic_dec_and_test(&cred->refs))
		return;
	call_rcu(&cred->rcu, cred_free);
}

const struct cred *cred_get_task(const struct task *t)
{
	struct cred *cred;

	rcu_read_lock();
	do {
		cred = (struct cred *)rcu_dereference(t->cred);
	} while (!atomic_inc_unless(&cred->refs, 0));
	rcu_read_unlock();
	return cred;
}

struct cred *cred_prepare(void)
{
	const struct cred *old = current->cred;
	struct cred *cred = kmem_cache_alloc(cred_cache, GFP_KERNEL);

	if (!cred)
		return NULL;
	*cred = *old;
	cred->refs = 1;
	if (old->ngroups) {
		cred->groups = kmemdup(old->groups, old->ngroups * sizeof(gid_t), GFP_KERNEL);
		if (!cred->groups) {
			kmem_cache_free(cred_cache, cred);
			return NULL;
		}
	}
	user_hold(cred->user);
	return cred;
}

int cred_set_user(struct cred *cred)
{
	struct user *user;

	if (cred->user->uid == cred->uid)
		return 0;
	user = user_get(cred->uid);
	if (!user)
		return -EAGAIN;
	user_put(cred->user);
	cred->user = user;
	return 0;
}

/*
 * A change of who the process is makes it opaque to its former peers: dumpable goes, and the
 * signal of its parent's death.
 */
static void forget_dumpable(const struct cred *old, const struct cred *cred)
{
	if (old->euid == cred->euid && old->egid == cred->egid && old->fsuid == cred->fsuid &&
	    old->fsgid == cred->fsgid && !(cred->cap_permitted & ~old->cap_permitted))
		return;
	if (current->mm)
		current->mm->dumpable = suid_dumpable;
	current->process->pdeath_signal = 0;
}

void cred_commit(struct cred *cred)
{
	const struct cred *old = current->cred;

	forget_dumpable(old, cred);
	if (old->user != cred->user) {
		atomic_inc(&cred->user->processes);
		atomic_dec(&old->user->processes);
	}
	rcu_assign_pointer(current->cred, cred);
	cred_put(old);
}

/* ---- questions ---- */

bool capable(int cap)
{
	return cred_has_cap(current->cred, cap);
}

bool cred_has_group(const struct cred *cred, gid_t gid)
{
	unsigned low = 0, high = cred->ngroups;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (cred->groups[middle] == gid)
			return true;
		if (cred->groups[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool in_group(gid_t gid)
{
	return current->cred->fsgid == gid || cred_has_group(current->cred, gid);
}

bool in_egroup(gid_t gid)
{
	return current->cred->egid == gid || cred_has_group(current->cred, gid);
}

void __init cred_init(void)
{
	cred_cache = kmem_cache_create("cred", sizeof(struct cred), 0, SLAB_PANIC);
	xa_init(&users, &proc_xa_ops);
	if (xa_store(&users, 0, &root_user))
		panic("no memory for the table of users");
}
