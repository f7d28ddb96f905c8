/* The structures of shmctl(2), semctl(2) and msgctl(2) in their two shapes. See ipc_layout.h. */
#include "ipc_layout.h"
#include "arch/port.h"
#include <linux/errno.h>

#define OVERFLOW_ID 65534 /* /proc/sys/kernel/overflowuid */

static u16 short_id(u32 id)
{
	return id > 0xffff ? OVERFLOW_ID : (u16)id;
}

static struct ipc_perm old_perm(const struct ipc64_perm *p)
{
	return (struct ipc_perm){
		.key = p->key,
		.uid = short_id(p->uid),
		.gid = short_id(p->gid),
		.cuid = short_id(p->cuid),
		.cgid = short_id(p->cgid),
		.mode = p->mode,
		.seq = p->seq,
	};
}

/* What IPC_SET reads. */
static void set_from_old(struct ipc64_perm *p, const struct ipc_perm *old)
{
	p->uid = old->uid;
	p->gid = old->gid;
	p->mode = old->mode;
}

static int put(uaddr_t to, const void *from, size_t size)
{
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

/* ---- shared memory ---- */

int put_shmid(uaddr_t to, const struct shmid64_ds *from, bool old)
{
	struct shmid_ds ds = {
		.shm_perm = old_perm(&from->shm_perm),
		.shm_segsz = (int)from->shm_segsz,
		.shm_atime = (long)from->shm_atime,
		.shm_dtime = (long)from->shm_dtime,
		.shm_ctime = (long)from->shm_ctime,
		.shm_cpid = (u16)from->shm_cpid,
		.shm_lpid = (u16)from->shm_lpid,
		.shm_nattch = (u16)from->shm_nattch,
	};

	return old ? put(to, &ds, sizeof(ds)) : put(to, from, sizeof(*from));
}

int get_shmid(struct shmid64_ds *to, uaddr_t from, bool old)
{
	struct shmid_ds ds;

	if (!old)
		return copy_from_user(to, from, sizeof(*to)) ? -EFAULT : 0;
	if (copy_from_user(&ds, from, sizeof(ds)))
		return -EFAULT;
	set_from_old(&to->shm_perm, &ds.shm_perm);
	return 0;
}

int put_shminfo(uaddr_t to, const struct shminfo64 *from, bool old)
{
	struct shminfo info = {
		.shmmax = (int)MIN(from->shmmax, 0x7ffffffful),
		.shmmin = (int)from->shmmin,
		.shmmni = (int)from->shmmni,
		.shmseg = (int)from->shmseg,
		.shmall = (int)from->shmall,
	};

	return old ? put(to, &info, sizeof(info)) : put(to, from, sizeof(*from));
}

/* ---- semaphores ---- */

int put_semid(uaddr_t to, const struct semid64_ds *from, bool old)
{
	struct semid_ds ds = {
		.sem_perm = old_perm(&from->sem_perm),
		.sem_otime = (long)from->sem_otime,
		.sem_ctime = (long)from->sem_ctime,
		.sem_nsems = (u16)from->sem_nsems,
	};

	return old ? put(to, &ds, sizeof(ds)) : put(to, from, sizeof(*from));
}

int get_semid(struct semid64_ds *to, uaddr_t from, bool old)
{
	struct semid_ds ds;

	if (!old)
		return copy_from_user(to, from, sizeof(*to)) ? -EFAULT : 0;
	if (copy_from_user(&ds, from, sizeof(ds)))
		return -EFAULT;
	set_from_old(&to->sem_perm, &ds.sem_perm);
	return 0;
}

/* ---- messages ---- */

int put_msqid(uaddr_t to, const struct msqid64_ds *from, bool old)
{
	struct msqid_ds ds = {
		.msg_perm = old_perm(&from->msg_perm),
		.msg_stime = (long)from->msg_stime,
		.msg_rtime = (long)from->msg_rtime,
		.msg_ctime = (long)from->msg_ctime,
		.msg_lcbytes = from->msg_cbytes,
		.msg_lqbytes = from->msg_qbytes,
		.msg_cbytes = (u16)MIN(from->msg_cbytes, 0xfffful),
		.msg_qnum = (u16)MIN(from->msg_qnum, 0xfffful),
		.msg_qbytes = (u16)MIN(from->msg_qbytes, 0xfffful),
		.msg_lspid = (u16)from->msg_lspid,
		.msg_lrpid = (u16)from->msg_lrpid,
	};

	return old ? put(to, &ds, sizeof(ds)) : put(to, from, sizeof(*from));
}

int get_msqid(struct msqid64_ds *to, uaddr_t from, bool old)
{
	struct msqid_ds ds;

	if (!old)
		return copy_from_user(to, from, sizeof(*to)) ? -EFAULT : 0;
	if (copy_from_user(&ds, from, sizeof(ds)))
		return -EFAULT;
	set_from_old(&to->msg_perm, &ds.msg_perm);
	to->msg_qbytes = ds.msg_qbytes ? ds.msg_qbytes : ds.msg_lqbytes;
	return 0;
}
