/*
 * semget(2) and semctl(2): arrays of semaphores, made, looked at, set and removed.
 *
 * Locks: sem_ids.lock for what makes, changes permissions or removes; array lock.
 */
#include "proc/ipc/sem.h"
#include "mm/slab.h"

struct ipc_ids sem_ids = IPC_IDS_INIT(sem_ids);
unsigned sem_total;
struct sem_limits sysctl_sem = {SEMMSL, SEMMNS, SEMOPM, SEMMNI};

unsigned sem_max_operations(void)
{
	return sysctl_sem.ops;
}

/* ---- semget(2) ---- */

static struct sem_array *alloc_array(u32 count)
{
	size_t size = sizeof(struct sem_array) + count * sizeof(struct semaphore);
	struct sem_array *array = kvmalloc(size, GFP_KERNEL | __GFP_ZERO);

	if (!array)
		return NULL;
	array->count = count;
	array->ctime = ipc_now();
	list_init(&array->takers);
	list_init(&array->zero);
	list_init(&array->undos);
	for (u32 i = 0; i < count; i++) {
		list_init(&array->sems[i].takers);
		list_init(&array->sems[i].zero);
	}
	return array;
}

static int create_array(__kernel_key_t key, int flags, u32 count)
{
	struct sem_array *array;
	int id;

	if (!count)
		return -EINVAL;
	if (count > sysctl_sem.total || sem_total > sysctl_sem.total - count)
		return -ENOSPC;
	array = alloc_array(count);
	if (!array)
		return -ENOMEM;
	id = ipc_add(&sem_ids, &array->ipc, key, flags, sysctl_sem.arrays);
	if (id < 0)
		kvfree(array);
	else
		sem_total += count;
	return id;
}

static int check_array(const struct ipc_object *obj, u32 count)
{
	return container_of(obj, const struct sem_array, ipc)->count < count ? -EINVAL : 0;
}

int sem_get(__kernel_key_t key, u32 count, int flags)
{
	static const struct ipc_kind kind = {&sem_ids, create_array, check_array};

	return count > sysctl_sem.per_array ? -EINVAL : ipc_get(&kind, key, flags, count);
}

/* ---- looking ---- */

static void fill_stat(const struct sem_array *array, struct semid64_ds *out)
{
	*out = (struct semid64_ds){.sem_nsems = array->count};
	ipc_get_perm(&array->ipc, &out->sem_perm);
	IPC_PUT_TIME(out->sem_otime, array->otime);
	IPC_PUT_TIME(out->sem_ctime, array->ctime);
}

int sem_stat(int id, int cmd, struct semid64_ds *out)
{
	struct ipc_object *obj =
		cmd == IPC_STAT ? ipc_lock_id(&sem_ids, id) : ipc_lock_index(&sem_ids, id);
	int result;

	if (IS_ERR(obj))
		return (int)PTR_ERR(obj);
	if (cmd != SEM_STAT_ANY && !ipc_permits(obj, IPC_READ)) {
		result = -EACCES;
	} else {
		fill_stat(sem_of(obj), out);
		result = cmd == IPC_STAT ? 0 : obj->id;
	}
	ipc_unlock(obj);
	return result;
}

int sem_info(int cmd, struct seminfo *out)
{
	int highest;

	*out = (struct seminfo){
		.semmap = SEMMAP,
		.semmni = (int)sysctl_sem.arrays,
		.semmns = (int)sysctl_sem.total,
		.semmnu = SEMMNU,
		.semmsl = (int)sysctl_sem.per_array,
		.semopm = (int)sysctl_sem.ops,
		.semume = SEMUME,
		.semusz = SEMUSZ,
		.semvmx = SEMVMX,
		.semaem = SEMAEM,
	};
	mutex_lock(&sem_ids.lock);
	if (cmd == SEM_INFO) {
		out->semusz = (int)sem_ids.count;
		out->semaem = (int)sem_total;
	}
	highest = ipc_highest_index(&sem_ids);
	mutex_unlock(&sem_ids.lock);
	return highest;
}

static int get_locked(struct sem_array *array, unsigned num, int cmd)
{
	switch (cmd) {
	case GETVAL: return array->sems[num].value;
	case GETPID: return array->sems[num].pid;
	default: return sem_count_waiters(array, num, cmd == GETZCNT);
	}
}

int sem_get_value(int id, int num, int cmd)
{
	struct sem_array *array = sem_lock_id(id);
	int result;

	if (IS_ERR(array))
		return (int)PTR_ERR(array);
	if (!ipc_permits(&array->ipc, IPC_READ))
		result = -EACCES;
	else if (num < 0 || (u32)num >= array->count)
		result = -EINVAL;
	else
		result = get_locked(array, (unsigned)num, cmd);
	ipc_unlock(&array->ipc);
	return result;
}

int sem_count(int id, bool change)
{
	struct sem_array *array = sem_lock_id(id);
	int result;

	if (IS_ERR(array))
		return (int)PTR_ERR(array);
	result = ipc_permits(&array->ipc, change ? IPC_WRITE : IPC_READ) ? (int)array->count
									 : -EACCES;
	ipc_unlock(&array->ipc);
	return result;
}

int sem_get_all(int id, u16 *values)
{
	struct sem_array *array = sem_lock_id(id);

	if (IS_ERR(array))
		return -EIDRM;
	for (u32 i = 0; i < array->count; i++)
		values[i] = (u16)array->sems[i].value;
	ipc_unlock(&array->ipc);
	return 0;
}

/* ---- setting ---- */

static void set_locked(struct sem_array *array, unsigned num, int value)
{
	array->sems[num].value = value;
	array->sems[num].pid = current->tgid;
	sem_undo_clear(array, num);
}

int sem_set_value(int id, int num, int value)
{
	struct sem_array *array;
	int err = 0;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	array = sem_lock_id(id);
	if (IS_ERR(array))
		return (int)PTR_ERR(array);
	if (num < 0 || (u32)num >= array->count) {
		err = -EINVAL;
	} else if (!ipc_permits(&array->ipc, IPC_WRITE)) {
		err = -EACCES;
	} else {
		set_locked(array, (unsigned)num, value);
		array->ctime = ipc_now();
		sem_changed(array, (unsigned)num);
	}
	ipc_unlock(&array->ipc);
	return err;
}

int sem_set_all(int id, const u16 *values)
{
	struct sem_array *array = sem_lock_id(id);

	if (IS_ERR(array))
		return -EIDRM;
	for (u32 i = 0; i < array->count; i++) {
		if (values[i] > SEMVMX) {
			ipc_unlock(&array->ipc);
			return -ERANGE;
		}
	}
	for (u32 i = 0; i < array->count; i++)
		set_locked(array, i, values[i]);
	array->ctime = ipc_now();
	for (u32 i = 0; i < array->count; i++)
		sem_changed(array, i);
	ipc_unlock(&array->ipc);
	return 0;
}

/* ---- changing and removing ---- */

int sem_set(int id, const struct semid64_ds *in)
{
	struct ipc_object *obj;
	int err;

	mutex_lock(&sem_ids.lock);
	obj = ipc_lock_control(&sem_ids, id);
	if (IS_ERR(obj)) {
		err = (int)PTR_ERR(obj);
	} else {
		err = ipc_set_perm(obj, &in->sem_perm);
		if (!err)
			sem_of(obj)->ctime = ipc_now();
		ipc_unlock(obj);
	}
	mutex_unlock(&sem_ids.lock);
	return err;
}

static void free_rcu(struct rcu_head *head)
{
	kvfree(container_of(head, struct sem_array, ipc.rcu));
}

/* => both locks held */
static void unlink_array(struct sem_array *array, struct list_head *undos)
{
	sem_wake_all(array);
	/* before it is gone: who does not find it, relies on that */
	sem_undo_detach(array, undos);
	ipc_remove(&sem_ids, &array->ipc);
	sem_total -= array->count;
}

int sem_remove(int id)
{
	struct ipc_object *obj;
	LIST_HEAD(undos);

	mutex_lock(&sem_ids.lock);
	obj = ipc_lock_control(&sem_ids, id);
	if (!IS_ERR(obj)) {
		unlink_array(sem_of(obj), &undos);
		ipc_unlock(obj);
		call_rcu(&obj->rcu, free_rcu);
	}
	mutex_unlock(&sem_ids.lock);
	sem_undo_free(&undos);
	return IS_ERR(obj) ? (int)PTR_ERR(obj) : 0;
}
