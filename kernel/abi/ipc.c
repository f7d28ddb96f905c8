/*
 * System V IPC: the calls of their own numbers, and ipc(2), which has all of them behind one. The
 * control calls through ipc(2) say with IPC_64 in the command which shape of structures they mean;
 * those of their own number always mean the newer. What the calls do stands in proc/ipc.
 */
#include "abi/ipc.h"
#include "arch/port.h"
#include "ipc_layout.h"
#include "sched/task.h"

/* IPC_64 off *cmd: was it missing? */
static bool take_old(int *cmd)
{
	bool old = !(*cmd & IPC_64);

	*cmd &= ~IPC_64;
	return old;
}

/* ---- shared memory ---- */

long sys_shmget(int key, u32 size, int flags)
{
	return shm_get(key, size, flags);
}

long sys_shmat(int id, uaddr_t addr, int flags)
{
	return shm_attach(id, addr, flags);
}

long sys_shmdt(uaddr_t addr)
{
	return shm_detach(addr);
}

static long stat_segment(int id, int cmd, uaddr_t buf, bool old)
{
	struct shmid64_ds ds;
	int result = shm_stat(id, cmd, &ds);

	if (result < 0)
		return result;
	return put_shmid(buf, &ds, old) ? -EFAULT : result;
}

static long shm_numbers(int cmd, uaddr_t buf, bool old)
{
	struct shminfo64 limits;
	struct shm_info totals;
	int result, err;

	if (cmd == IPC_INFO) {
		result = shm_limits(&limits);
		err = put_shminfo(buf, &limits, old);
	} else {
		result = shm_totals(&totals);
		err = copy_to_user(buf, &totals, sizeof(totals)) ? -EFAULT : 0;
	}
	return err ? err : result;
}

static long control_segment(int id, int cmd, uaddr_t buf, bool old)
{
	struct shmid64_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SHM_INFO: return shm_numbers(cmd, buf, old);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY: return stat_segment(id, cmd, buf, old);
	case IPC_SET: return get_shmid(&ds, buf, old) ? -EFAULT : shm_set(id, &ds);
	case IPC_RMID: return shm_remove(id);
	case SHM_LOCK:
	case SHM_UNLOCK: return shm_lock(id, cmd == SHM_LOCK);
	}
	return -EINVAL;
}

long sys_shmctl(int id, int cmd, uaddr_t buf)
{
	return control_segment(id, cmd, buf, false);
}

/* ---- ipc(2) ---- */

/* The address comes back through a pointer: an int would not tell it from an error. */
static long ipc_shmat(u32 version, int id, u32 flags, uaddr_t result, uaddr_t addr)
{
	long where;

	if (version == 1) /* of an emulator that is gone */
		return -EINVAL;
	where = shm_attach(id, addr, (int)flags);
	if ((u32)where >= (u32)-MAX_ERRNO)
		return where;
	return put_user_u32((u32)where, result) ? -EFAULT : 0;
}

long sys_ipc(u32 call, int first, u32 second, u32 third, uaddr_t ptr, u32 fifth)
{
	u32 version = call >> 16;
	int cmd = (int)second;
	bool old;

	switch (call & 0xffff) {
	case SHMAT: return ipc_shmat(version, first, second, third, ptr);
	case SHMDT: return shm_detach(ptr);
	case SHMGET: return shm_get(first, second, (int)third);
	case SHMCTL: old = take_old(&cmd); return control_segment(first, cmd, ptr, old);
	}
	(void)fifth;
	return -ENOSYS;
}
