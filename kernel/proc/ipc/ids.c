/*
 * The objects of one kind, by id and by key. An id is an index into a sparse array, and above it a
 * sequence number that grows each time the indices begin anew: an id that was removed means nobody
 * for a long time. Keys are in a tree; IPC_PRIVATE is no key.
 *
 * Finding an object by its id takes no lock but the object's own: an object is freed a grace period
 * after it has left the table, and obj->gone tells that it has. Making, removing and finding by key
 * are under ids->lock, so that one key never gets two objects. Order: ids->lock, object->lock.
 *
 * Read next: perm.c, then shm.c, sem.c or msg.c.
 */
#include "proc/ipc/ipc.h"
#include "lib/div64.h"
#include "sched/rcu.h"

/* ---- keys ---- */

static struct ipc_object *find_key(const struct ipc_ids *ids, __kernel_key_t key)
{
	struct rb_node *node = ids->keys.node;

	while (node) {
		struct ipc_object *obj = rb_entry(node, struct ipc_object, by_key);

		if (obj->key == key)
			return obj;
		node = key < obj->key ? node->left : node->right;
	}
	return NULL;
}

/* => the key has no object */
static void link_key(struct ipc_ids *ids, struct ipc_object *obj)
{
	struct rb_node **link = &ids->keys.node, *parent = NULL;

	if (obj->key == IPC_PRIVATE)
		return;
	while (*link) {
		parent = *link;
		link = obj->key < rb_entry(parent, struct ipc_object, by_key)->key ? &parent->left
										   : &parent->right;
	}
	rb_link_node(&obj->by_key, parent, link);
	rb_insert_color(&obj->by_key, &ids->keys);
}

void ipc_forget_key(struct ipc_ids *ids, struct ipc_object *obj)
{
	if (obj->key == IPC_PRIVATE)
		return;
	rb_erase(&obj->by_key, &ids->keys);
	obj->key = IPC_PRIVATE;
}

/* ---- in and out of the table ---- */

/*
 * Indices run through a range that is half as large again as what is in use, at least 64: the array
 * stays dense, and yet an id does not come back at once.
 */
static u32 index_range(const struct ipc_ids *ids)
{
	return MIN(MAX(ids->count * 3 / 2, XA_SLOTS), IPC_INDEX_MAX);
}

static void give_id(struct ipc_ids *ids, struct ipc_object *obj, u32 index)
{
	if ((int)index <= ids->last_index && ++ids->seq >= IPC_SEQ_MAX)
		ids->seq = 0;
	ids->last_index = (int)index;
	obj->seq = (u16)ids->seq;
	obj->id = (int)(ids->seq << IPC_INDEX_BITS | index);
}

static void set_owner(struct ipc_object *obj, int flags)
{
	const struct cred *cred = current_cred();

	obj->mode = (mode_t)flags & (S_IRWXU | S_IRWXG | S_IRWXO);
	obj->uid = obj->cuid = cred->euid;
	obj->gid = obj->cgid = cred->egid;
}

int ipc_add(struct ipc_ids *ids, struct ipc_object *obj, __kernel_key_t key, int flags,
	    unsigned limit)
{
	u32 index;
	int err;

	if (ids->count >= MIN(limit, IPC_INDEX_MAX))
		return -ENOSPC;
	spin_lock_init(&obj->lock, RANK_IPC);
	obj->gone = false;
	obj->key = key;
	set_owner(obj, flags);
	/* whoever finds it before its id is there waits for the lock */
	spin_lock(&obj->lock);
	err = xa_alloc_cyclic(&ids->table, &index, obj, 0, index_range(ids) - 1, &ids->next_index);
	if (!err) {
		give_id(ids, obj, index);
		link_key(ids, obj);
		ids->count++;
	}
	spin_unlock(&obj->lock);
	return err ? err : obj->id;
}

void ipc_remove(struct ipc_ids *ids, struct ipc_object *obj)
{
	ipc_forget_key(ids, obj);
	xa_erase(&ids->table, (u32)obj->id % IPC_INDEX_MAX);
	ids->count--;
	obj->gone = true;
}

/* ---- look-up ---- */

struct ipc_object *ipc_lock_index(struct ipc_ids *ids, int id)
{
	struct ipc_object *obj;

	rcu_read_lock();
	obj = xa_load(&ids->table, (u32)id % IPC_INDEX_MAX);
	if (obj) {
		spin_lock(&obj->lock);
		if (obj->gone) {
			spin_unlock(&obj->lock);
			obj = NULL;
		}
	}
	rcu_read_unlock();
	return obj ? obj : ERR_PTR(-EINVAL);
}

struct ipc_object *ipc_lock_id(struct ipc_ids *ids, int id)
{
	struct ipc_object *obj = id < 0 ? ERR_PTR(-EINVAL) : ipc_lock_index(ids, id);

	if (IS_ERR(obj) || obj->id == id)
		return obj;
	ipc_unlock(obj);
	return ERR_PTR(-EINVAL);
}

struct ipc_object *ipc_next(const struct ipc_ids *ids, unsigned long *index)
{
	return xa_find(&ids->table, index, ~0UL);
}

int ipc_highest_index(const struct ipc_ids *ids)
{
	unsigned long index, highest = 0;
	void *obj;

	xa_for_each(&ids->table, index, obj) highest = index;
	return (int)highest;
}

/* ---- shmget(2), semget(2), msgget(2) ---- */

static int get_existing(const struct ipc_kind *kind, struct ipc_object *obj, int flags, u32 size)
{
	int result;

	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	spin_lock(&obj->lock);
	result = kind->check ? kind->check(obj, size) : 0;
	if (!result)
		result = ipc_permits(obj, flags) ? obj->id : -EACCES;
	spin_unlock(&obj->lock);
	return result;
}

int ipc_get(const struct ipc_kind *kind, __kernel_key_t key, int flags, u32 size)
{
	struct ipc_object *obj;
	int result;

	mutex_lock(&kind->ids->lock);
	obj = key == IPC_PRIVATE ? NULL : find_key(kind->ids, key);
	if (obj)
		result = get_existing(kind, obj, flags, size);
	else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
		result = -ENOENT;
	else
		result = kind->create(key, flags, size);
	mutex_unlock(&kind->ids->lock);
	return result;
}

time64_t ipc_now(void)
{
	return (time64_t)div_u64(realtime_ns(), (u32)NSEC_PER_SEC);
}
