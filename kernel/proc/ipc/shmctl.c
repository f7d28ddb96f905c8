/*
 * shmctl(2): what is known of a segment, who may use it, its removal, and its pages locked into
 * memory.
 *
 * Locks: shm_ids.lock for changes, segment lock.
 */
#include "proc/ipc/shm.h"
#include "lib/atomic.h"
#include <linux/capability.h>
#include <linux/resource.h>

/* ---- looking ---- */

static void fill_stat(const struct shm_segment *seg, struct shmid64_ds *out)
{
	*out = (struct shmid64_ds){
		.shm_segsz = seg->size,
		.shm_cpid = seg->cpid,
		.shm_lpid = seg->lpid,
		.shm_nattch = seg->attaches,
	};
	ipc_get_perm(&seg->ipc, &out->shm_perm);
	IPC_PUT_TIME(out->shm_atime, seg->atime);
	IPC_PUT_TIME(out->shm_dtime, seg->dtime);
	IPC_PUT_TIME(out->shm_ctime, seg->ctime);
}

int shm_stat(int id, int cmd, struct shmid64_ds *out)
{
	struct ipc_object *obj =
		cmd == IPC_STAT ? ipc_lock_id(&shm_ids, id) : ipc_lock_index(&shm_ids, id);
	int result;

	if (IS_ERR(obj))
		return (int)PTR_ERR(obj);
	if (cmd != SHM_STAT_ANY && !ipc_permits(obj, IPC_READ)) {
		result = -EACCES;
	} else {
		fill_stat(shm_of(obj), out);
		result = cmd == IPC_STAT ? 0 : obj->id;
	}
	ipc_unlock(obj);
	return result;
}

int shm_limits(struct shminfo64 *out)
{
	int highest;

	*out = (struct shminfo64){
		.shmmax = sysctl_shmmax,
		.shmmin = SHMMIN,
		.shmmni = sysctl_shmmni,
		.shmseg = sysctl_shmmni,
		.shmall = sysctl_shmall,
	};
	mutex_lock(&shm_ids.lock);
	highest = ipc_highest_index(&shm_ids);
	mutex_unlock(&shm_ids.lock);
	return highest;
}

int shm_totals(struct shm_info *out)
{
	unsigned long index = 0, last = 0;
	struct ipc_object *obj;

	*out = (struct shm_info){0};
	mutex_lock(&shm_ids.lock);
	for (; (obj = ipc_next(&shm_ids, &index)); last = index++)
		out->shm_rss += READ_ONCE(shm_of(obj)->memory.mapping.nrpages);
	out->used_ids = (int)shm_ids.count;
	out->shm_tot = shm_total_pages;
	mutex_unlock(&shm_ids.lock);
	return (int)last;
}

/* ---- changing ---- */

int shm_set(int id, const struct shmid64_ds *in)
{
	struct ipc_object *obj;
	int err;

	mutex_lock(&shm_ids.lock);
	obj = ipc_lock_control(&shm_ids, id);
	if (IS_ERR(obj)) {
		err = (int)PTR_ERR(obj);
	} else {
		err = ipc_set_perm(obj, &in->shm_perm);
		if (!err)
			shm_of(obj)->ctime = ipc_now();
		ipc_unlock(obj);
	}
	mutex_unlock(&shm_ids.lock);
	return err;
}

int shm_remove(int id)
{
	struct ipc_object *obj;
	int err = 0;

	mutex_lock(&shm_ids.lock);
	obj = ipc_lock_control(&shm_ids, id);
	if (IS_ERR(obj)) {
		err = (int)PTR_ERR(obj);
	} else {
		obj->mode |= SHM_DEST;
		ipc_forget_key(&shm_ids, obj);
		ipc_unlock(obj);
	}
	mutex_unlock(&shm_ids.lock);
	if (!err)
		shm_destroy_unused(id);
	return err;
}

/* ---- SHM_LOCK ---- */

void shm_forget_lock(struct shm_segment *seg)
{
	if (!(seg->ipc.mode & SHM_LOCKED))
		return;
	seg->ipc.mode &= ~(mode_t)SHM_LOCKED;
	atomic_sub(&seg->locked_by->locked_shm, shm_pages(seg));
	user_put(seg->locked_by);
	seg->locked_by = NULL;
}

/* Count its pages as locked by the caller's user: 0 or -ENOMEM (RLIMIT_MEMLOCK). */
static int charge_lock(struct shm_segment *seg)
{
	struct user *user = current_cred()->user;
	u64 limit = process_rlimit(current->process, RLIMIT_MEMLOCK);
	u32 pages = shm_pages(seg), total = atomic_add_return(&user->locked_shm, pages);

	if ((u64)total << PAGE_SHIFT > limit && !capable(CAP_IPC_LOCK)) {
		atomic_sub(&user->locked_shm, pages);
		return -ENOMEM;
	}
	user_hold(user);
	seg->locked_by = user;
	seg->ipc.mode |= SHM_LOCKED;
	return 0;
}

static bool may_lock(const struct ipc_object *obj, bool locked)
{
	uid_t euid = current_cred()->euid;

	if (capable(CAP_IPC_LOCK))
		return true;
	if (euid != obj->uid && euid != obj->cuid)
		return false;
	return !locked || process_rlimit(current->process, RLIMIT_MEMLOCK);
}

/* => shm_ids.lock held: the segment stays after it is unlocked */
static int set_lock(int id, bool locked, struct shm_segment **seg)
{
	struct ipc_object *obj = ipc_lock_id(&shm_ids, id);
	int err = 0;

	if (IS_ERR(obj))
		return (int)PTR_ERR(obj);
	*seg = shm_of(obj);
	if (!may_lock(obj, locked))
		err = -EPERM;
	else if (!locked)
		shm_forget_lock(shm_of(obj));
	else if (!(obj->mode & SHM_LOCKED))
		err = charge_lock(shm_of(obj));
	ipc_unlock(obj);
	return err;
}

int shm_lock(int id, bool locked)
{
	struct shm_segment *seg;
	int err;

	mutex_lock(&shm_ids.lock);
	err = set_lock(id, locked, &seg);
	if (!err)
		mapping_set_unevictable(&seg->memory.mapping, locked);
	mutex_unlock(&shm_ids.lock);
	return err;
}
