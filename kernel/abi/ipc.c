/*
 * System V IPC: the calls of their own numbers, and ipc(2), which has all of them behind one. The
 * control calls through ipc(2) say with IPC_64 in the command which shape of structures they mean;
 * those of their own number always mean the newer. What the calls do stands in proc/ipc.
 */
#include "abi/ipc.h"
#include "abi/timespec.h"
#include "arch/port.h"
#include "ipc_layout.h"
#include "mm/slab.h"
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

/* ---- semaphores ---- */

#define OPS_ON_STACK 16

long sys_semget(int key, u32 count, int flags)
{
	return sem_get(key, count, flags);
}

static long copy_and_operate(int id, struct sembuf *ops, uaddr_t user, u32 count, u64 deadline)
{
	if (copy_from_user(ops, user, count * sizeof(*ops)))
		return -EFAULT;
	return sem_operate(id, ops, count, deadline);
}

static long operate(int id, uaddr_t user, u32 count, u64 deadline)
{
	struct sembuf few[OPS_ON_STACK], *ops;
	long result;

	if (!count || id < 0)
		return -EINVAL;
	if (count > sem_max_operations())
		return -E2BIG;
	if (count <= OPS_ON_STACK)
		return copy_and_operate(id, few, user, count, deadline);
	ops = kvmalloc(count * sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;
	result = copy_and_operate(id, ops, user, count, deadline);
	kvfree(ops);
	return result;
}

static long operate_until(int id, uaddr_t ops, u32 count, uaddr_t timeout,
			  int (*get)(u64 *ns, uaddr_t from))
{
	u64 ns;
	int err;

	if (!timeout)
		return operate(id, ops, count, ~0ull);
	err = get(&ns, timeout);
	return err ? err : operate(id, ops, count, deadline_from_now(ns));
}

long sys_semtimedop_time64(int id, uaddr_t ops, u32 count, uaddr_t timeout)
{
	return operate_until(id, ops, count, timeout, get_timespec64);
}

static long stat_array(int id, int cmd, uaddr_t buf, bool old)
{
	struct semid64_ds ds;
	int result = sem_stat(id, cmd, &ds);

	if (result < 0)
		return result;
	return put_semid(buf, &ds, old) ? -EFAULT : result;
}

static long sem_numbers(int cmd, uaddr_t buf)
{
	struct seminfo info;
	int result = sem_info(cmd, &info);

	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : result;
}

/* GETALL, SETALL */
static long all_values(int id, int cmd, uaddr_t user)
{
	int count = sem_count(id, cmd == SETALL);
	size_t size = (size_t)count * sizeof(u16);
	long err = 0;
	u16 *values;

	if (count < 0)
		return count;
	values = kvmalloc(size, GFP_KERNEL);
	if (!values)
		return -ENOMEM;
	if (cmd == GETALL)
		err = sem_get_all(id, values);
	if (!err &&
	    (cmd == GETALL ? copy_to_user(user, values, size) : copy_from_user(values, user, size)))
		err = -EFAULT;
	if (!err && cmd == SETALL)
		err = sem_set_all(id, values);
	kvfree(values);
	return err;
}

static long control_semaphores(int id, int num, int cmd, u32 arg, bool old)
{
	struct semid64_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO: return sem_numbers(cmd, arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY: return stat_array(id, cmd, arg, old);
	case GETALL:
	case SETALL: return all_values(id, cmd, arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT: return sem_get_value(id, num, cmd);
	case SETVAL: return sem_set_value(id, num, (int)arg);
	case IPC_SET: return get_semid(&ds, arg, old) ? -EFAULT : sem_set(id, &ds);
	case IPC_RMID: return sem_remove(id);
	}
	return -EINVAL;
}

long sys_semctl(int id, int num, int cmd, u32 arg)
{
	return control_semaphores(id, num, cmd, arg, false);
}

/* ---- messages ---- */

/* struct msgbuf: the type, then the text. */
#define TEXT_OF(buf) ((buf) + sizeof(u32))

long sys_msgget(int key, int flags)
{
	return msg_get(key, flags);
}

long sys_msgsnd(int id, uaddr_t buf, u32 size, int flags)
{
	struct msg *msg;
	u32 type;

	if (get_user_u32(&type, buf))
		return -EFAULT;
	if (id < 0)
		return -EINVAL;
	msg = msg_alloc((s32)type, size);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	if (copy_from_user(msg->text, TEXT_OF(buf), size)) {
		msg_free(msg);
		return -EFAULT;
	}
	return msg_send(id, msg, flags);
}

long sys_msgrcv(int id, uaddr_t buf, u32 size, int type, int flags)
{
	struct msg *msg = msg_receive(id, size, type, flags);
	long result;

	if (IS_ERR(msg))
		return PTR_ERR(msg);
	size = MIN(size, msg->len);
	if (put_user_u32((u32)msg->type, buf) || copy_to_user(TEXT_OF(buf), msg->text, size))
		result = -EFAULT;
	else
		result = (long)size;
	msg_free(msg);
	return result;
}

static long stat_queue(int id, int cmd, uaddr_t buf, bool old)
{
	struct msqid64_ds ds;
	int result = msg_stat(id, cmd, &ds);

	if (result < 0)
		return result;
	return put_msqid(buf, &ds, old) ? -EFAULT : result;
}

static long msg_numbers(int cmd, uaddr_t buf)
{
	struct msginfo info;
	int result = msg_info(cmd, &info);

	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : result;
}

static long control_queue(int id, int cmd, uaddr_t buf, bool old)
{
	struct msqid64_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO: return msg_numbers(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY: return stat_queue(id, cmd, buf, old);
	case IPC_SET: return get_msqid(&ds, buf, old) ? -EFAULT : msg_set(id, &ds);
	case IPC_RMID: return msg_remove(id);
	}
	return -EINVAL;
}

long sys_msgctl(int id, int cmd, uaddr_t buf)
{
	return control_queue(id, cmd, buf, false);
}

/* ---- ipc(2) ---- */

static long ipc_semctl(int id, int num, int cmd, uaddr_t ptr)
{
	bool old = take_old(&cmd);
	u32 arg;

	if (!ptr)
		return -EINVAL;
	if (get_user_u32(&arg, ptr))
		return -EFAULT;
	return control_semaphores(id, num, cmd, arg, old);
}

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

/* Version 0 has one argument too few, and a structure instead. */
static long ipc_msgrcv(u32 version, int id, u32 size, int flags, uaddr_t ptr, int type)
{
	struct ipc_kludge both;

	if (version)
		return sys_msgrcv(id, ptr, size, type, flags);
	if (!ptr)
		return -EINVAL;
	if (copy_from_user(&both, ptr, sizeof(both)))
		return -EFAULT;
	return sys_msgrcv(id, (uaddr_t)(unsigned long)both.msgp, size, (int)both.msgtyp, flags);
}

long sys_ipc(u32 call, int first, u32 second, u32 third, uaddr_t ptr, u32 fifth)
{
	u32 version = call >> 16;
	int cmd = (int)second;
	bool old;

	switch (call & 0xffff) {
	case SEMOP: return operate(first, ptr, second, ~0ull);
	case SEMTIMEDOP: return operate_until(first, ptr, second, fifth, get_timespec32);
	case SEMGET: return sem_get(first, second, (int)third);
	case SEMCTL: return ipc_semctl(first, (int)second, (int)third, ptr);
	case MSGSND: return sys_msgsnd(first, ptr, second, (int)third);
	case MSGRCV: return ipc_msgrcv(version, first, second, (int)third, ptr, (int)fifth);
	case MSGGET: return msg_get(first, (int)second);
	case MSGCTL: old = take_old(&cmd); return control_queue(first, cmd, ptr, old);
	case SHMAT: return ipc_shmat(version, first, second, third, ptr);
	case SHMDT: return shm_detach(ptr);
	case SHMGET: return shm_get(first, second, (int)third);
	case SHMCTL: old = take_old(&cmd); return control_segment(first, cmd, ptr, old);
	}
	return -ENOSYS;
}
