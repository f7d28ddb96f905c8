/*
 * The system calls on another process's memory, and those that name it by a pidfd. Who may:
 * access.c of proc/.
 *
 * process_vm_readv(2), process_madvise(2), process_mrelease(2).
 */
#include "abi/memory.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include "uio.h"
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/uio.h>

/* ---- process_vm_readv, process_vm_writev ---- */

/* The other's addresses are checked by the copy. */
static int remote_vector_get(struct user_iovec **iov, uaddr_t user, u32 n)
{
	int err;

	*iov = NULL;
	if (!n)
		return 0;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	*iov = kmalloc(n * sizeof(**iov), GFP_KERNEL);
	if (!*iov)
		return -ENOMEM;
	err = copy_from_user(*iov, user, n * sizeof(**iov)) ? -EFAULT : 0;
	for (u32 i = 0; i < n && !err; i++)
		if ((s32)(*iov)[i].len < 0)
			err = -EINVAL;
	if (err)
		kfree(*iov);
	return err;
}

static bool is_empty(const struct user_iovec *iov, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (iov[i].len)
			return false;
	return true;
}

/* Bytes copied, or why none could be. */
static long copy_vectors(struct mm *mm, const struct user_iovec *remote, u32 n,
			 struct user_vector *local, u32 local_n, bool write)
{
	struct iov_iter it;
	size_t done;
	int err = 0;

	iov_iter_user(&it, local->iov, local_n, local->total);
	for (u32 i = 0; i < n && it.count && !err; i++)
		if (remote[i].len)
			err = mm_copy_remote(mm, remote[i].base, remote[i].len, &it, write);
	done = local->total - it.count;
	return done ? (long)done : err;
}

static long copy_of_process(pid_t pid, const struct user_iovec *remote, u32 n,
			    struct user_vector *local, u32 local_n, bool write)
{
	struct task *t = task_find_get(pid);
	long result = -EPERM;
	struct mm *mm;

	if (!t)
		return -ESRCH;
	if (task_may_attach(t)) {
		mm = task_mm_get(t);
		result = mm ? copy_vectors(mm, remote, n, local, local_n, write) : -ESRCH;
		if (mm)
			mm_put(mm);
	}
	task_put(t);
	return result;
}

static long process_vm_rw(pid_t pid, uaddr_t lvec, u32 ln, uaddr_t rvec, u32 rn, u32 flags,
			  bool write)
{
	struct user_vector local;
	struct user_iovec *remote;
	long result;

	if (flags)
		return -EINVAL;
	result = user_vector_get(&local, lvec, ln);
	if (result)
		return result;
	if (local.total) {
		result = remote_vector_get(&remote, rvec, rn);
		if (!result) {
			if (!is_empty(remote, rn))
				result = copy_of_process(pid, remote, rn, &local, ln, write);
			kfree(remote);
		}
	}
	user_vector_put(&local);
	return result;
}

long sys_process_vm_readv(pid_t pid, uaddr_t lvec, u32 ln, uaddr_t rvec, u32 rn, u32 flags)
{
	return process_vm_rw(pid, lvec, ln, rvec, rn, flags, false);
}

long sys_process_vm_writev(pid_t pid, uaddr_t lvec, u32 ln, uaddr_t rvec, u32 rn, u32 flags)
{
	return process_vm_rw(pid, lvec, ln, rvec, rn, flags, true);
}

/* ---- by pidfd ---- */

/* The leader of the process that @pidfd names, referenced, or ERR_PTR(-EBADF, -ESRCH). */
static struct task *task_of_pidfd(int pidfd)
{
	struct pid *pid = pidfd_get_pid(pidfd);
	struct task *t;

	if (IS_ERR(pid))
		return ERR_PTR(PTR_ERR(pid));
	rcu_read_lock();
	t = rcu_dereference(pid->task);
	if (t && !task_get_live(t))
		t = NULL;
	rcu_read_unlock();
	pid_put(pid);
	return t ? t : ERR_PTR(-ESRCH);
}

static bool is_advice_for_others(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED ||
	       advice == MADV_COLLAPSE;
}

static long advise_vector(struct task *t, const struct user_vector *v, u32 n, int advice)
{
	struct mm *mm;
	size_t done = 0;
	int err = 0;

	if (!task_may_access(t))
		return -EACCES;
	mm = task_mm_get(t);
	if (!mm)
		return -ESRCH;
	if (!capable(CAP_SYS_NICE))
		err = -EPERM;
	for (u32 i = 0; i < n && !err; i++) {
		if (v->iov[i].len)
			err = mm_advise(mm, v->iov[i].base, v->iov[i].len, advice);
		if (!err)
			done += v->iov[i].len;
	}
	mm_put(mm);
	return done ? (long)done : err;
}

long sys_process_madvise(int pidfd, uaddr_t vec, u32 n, int advice, u32 flags)
{
	struct user_vector v;
	struct task *t;
	long result;

	if (flags)
		return -EINVAL;
	result = user_vector_get(&v, vec, n);
	if (result)
		return result;
	t = task_of_pidfd(pidfd);
	if (IS_ERR(t)) {
		result = PTR_ERR(t);
	} else {
		result = is_advice_for_others(advice) ? advise_vector(t, &v, n, advice) : -EINVAL;
		task_put(t);
	}
	user_vector_put(&v);
	return result;
}

long sys_process_mrelease(int pidfd, u32 flags)
{
	struct task *t;
	long result;

	if (flags)
		return -EINVAL;
	t = task_of_pidfd(pidfd);
	if (IS_ERR(t))
		return PTR_ERR(t);
	result = process_release_memory(t->process);
	task_put(t);
	return result;
}
