/*
 * Private to proc/ipc: what shared memory, semaphores and message queues have in common: a table of
 * objects by id and key (ids.c), owners and permissions (perm.c).
 *
 * (m) ids->lock   (l) object->lock; written under both   (k) constant after creation
 */
#ifndef PROC_IPC_IPC_H
#define PROC_IPC_IPC_H

#include "lib/rbtree.h"
#include "proc/internal.h"
#include "proc/ipc.h"
#include "sched/lock.h"
#include <linux/stat.h>

/* An id is a sequence number and an index: one that was removed is not soon given out again. */
#define IPC_INDEX_BITS 15
#define IPC_INDEX_MAX (1u << IPC_INDEX_BITS)
#define IPC_SEQ_MAX (0x7fffffffu >> IPC_INDEX_BITS)

/* First in each kind of object. Freed through RCU once it is out of the table. */
struct ipc_object {
	spinlock_t lock;       /* RANK_IPC; all of the object but what says (m) */
	bool gone;             /* (l) removed: sleepers give up, id and key are somebody else's */
	int id;                /* (k) */
	u16 seq;               /* (k) */
	__kernel_key_t key;    /* (m) and (l) IPC_PRIVATE: not in the tree of keys */
	struct rb_node by_key; /* (m) */
	uid_t uid, cuid;       /* (l), (k) owner, creator */
	gid_t gid, cgid;       /* (l), (k) */
	mode_t mode;           /* (l) permissions, and bits of the kind's own */
	struct rcu_head rcu;   /* once it is gone */
};

/* All objects of one kind. */
struct ipc_ids {
	mutex_t lock;        /* RANK_IPC_TABLE: creation, removal, look-up by key */
	struct xarray table; /* (m) by index; read under RCU */
	struct rb_root keys; /* (m) */
	unsigned count;      /* (m) */
	u32 next_index;      /* (m) where the search for a free one begins */
	int last_index;      /* (m) the one given out last, -1 */
	u32 seq;             /* (m) and its sequence number */
};
#define IPC_IDS_INIT(name) \
	{ \
		.lock = MUTEX_INIT((name).lock, RANK_IPC_TABLE), \
		.table = XARRAY_INIT(&proc_xa_ops), .last_index = -1 \
	}

/*
 * Give @obj an id, with the caller as its owner: the id, or -ENOSPC (there are @limit), -ENOMEM.
 * From then on it is found. => ids->lock held
 */
int ipc_add(struct ipc_ids *ids, struct ipc_object *obj, __kernel_key_t key, int flags,
	    unsigned limit);
/* Out of the table; sets obj->gone. => both locks held */
void ipc_remove(struct ipc_ids *ids, struct ipc_object *obj);
/* No longer found by its key. => both locks held */
void ipc_forget_key(struct ipc_ids *ids, struct ipc_object *obj);

/*
 * The object of an id, locked; or by the index in it alone. ERR_PTR(-EINVAL): none. The lock is
 * what keeps it from being freed.
 */
struct ipc_object *ipc_lock_id(struct ipc_ids *ids, int id);
struct ipc_object *ipc_lock_index(struct ipc_ids *ids, int id);
static inline void ipc_unlock(struct ipc_object *obj)
{
	spin_unlock(&obj->lock);
}
/* The highest index in use, 0 if there is none. => ids->lock held */
int ipc_highest_index(const struct ipc_ids *ids);
/* The object with the lowest index >= *index, which is set to its own. => ids->lock held */
struct ipc_object *ipc_next(const struct ipc_ids *ids, unsigned long *index);

/* What a kind of object has its own way of doing in shmget(2) and its kin. */
struct ipc_kind {
	struct ipc_ids *ids;
	/* A new object in the table: its id or -errno. => ids->lock held */
	int (*create)(__kernel_key_t key, int flags, u32 size);
	/* Is the existing one large enough? 0 or -EINVAL. => locked */
	int (*check)(const struct ipc_object *obj, u32 size);
};
int ipc_get(const struct ipc_kind *kind, __kernel_key_t key, int flags, u32 size);

/* ---- perm.c ---- */

/* What is asked of an object, as mode bits of whoever asks. */
#define IPC_READ (S_IRUSR | S_IRGRP | S_IROTH)
#define IPC_WRITE (S_IWUSR | S_IWGRP | S_IWOTH)
#define IPC_EXEC (S_IXUSR | S_IXGRP | S_IXOTH)
/* May the caller do what @flags asks? => locked */
bool ipc_permits(const struct ipc_object *obj, int flags);
/*
 * As ipc_lock_id(), for who changes or removes: owner, creator, CAP_SYS_ADMIN; else
 * ERR_PTR(-EPERM).
 * => ids->lock held
 */
struct ipc_object *ipc_lock_control(struct ipc_ids *ids, int id);
void ipc_get_perm(const struct ipc_object *obj, struct ipc64_perm *out);
/* IPC_SET: 0 or -EINVAL. => both locks held */
int ipc_set_perm(struct ipc_object *obj, const struct ipc64_perm *in);

/* CLOCK_REALTIME in seconds, as all times of objects are. */
time64_t ipc_now(void);
/* Such a time in the two words of the structures. */
#define IPC_PUT_TIME(low, time) \
	((low) = (unsigned long)(time), low##_high = (unsigned long)((u64)(time) >> 32))

#endif
