/*
 * fork and its relatives, wait, identifiers of processes, thread areas: system calls on
 * proc/process.h.
 */
#include "abi/proc.h"
#include "abi/usage.h"
#include "fs/file.h"
#include "lib/string.h"
#include "proc/ipc.h"
#include "proc/pidfd.h"
#include "proc/process.h"
#include <asm/ldt.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>

/* ---- who ---- */

long sys_getpid(void)
{
	return current->tgid;
}

long sys_gettid(void)
{
	return current->pid;
}

long sys_getppid(void)
{
	long nr;

	rcu_read_lock();
	nr = rcu_dereference(rcu_dereference(current->process->parent)->leader)->tgid;
	rcu_read_unlock();
	return nr;
}

long sys_set_tid_address(uaddr_t tid)
{
	current->clear_child_tid = tid;
	return current->pid;
}

/* ---- fork ---- */

long sys_fork(struct regs *regs)
{
	struct clone_request req = {.exit_signal = SIGCHLD};

	return process_clone(regs, &req);
}

long sys_vfork(struct regs *regs)
{
	struct clone_request req = {.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD};

	return process_clone(regs, &req);
}

/*
 * clone(flags, stack, parent_tid, tls, child_tid): the order of i386. The descriptor of
 * CLONE_PIDFD goes where the tid would.
 */
long sys_clone(struct regs *regs)
{
	u32 flags = (u32)regs_arg(regs, 0);
	struct clone_request req = {
		.flags = flags & ~(u32)CSIGNAL,
		.exit_signal = (int)(flags & CSIGNAL),
		.stack = regs_arg(regs, 1),
		.parent_tid = regs_arg(regs, 2),
		.pidfd = regs_arg(regs, 2),
		.tls = regs_arg(regs, 3),
		.child_tid = regs_arg(regs, 4),
	};

	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	return process_clone(regs, &req);
}

/* A structure that may be longer than ours if what we do not know is zero. */
static int copy_args(struct clone_args *args, uaddr_t from, u32 size)
{
	u8 byte;

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(args, 0, sizeof(*args));
	for (u32 at = sizeof(*args); at < size; at++) {
		if (get_user_u8(&byte, from + at))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return copy_from_user(args, from, MIN(size, (u32)sizeof(*args))) ? -EFAULT : 0;
}

static bool clone_args_are_sane(const struct clone_args *a)
{
	const u64 known = 0xffffffffULL | CLONE_CLEAR_SIGHAND;

	if ((a->flags & ~known) || (a->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))))
		return false;
	if ((a->flags & CLONE_SIGHAND) && (a->flags & CLONE_CLEAR_SIGHAND))
		return false;
	if (a->exit_signal > _NSIG ||
	    ((a->flags & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal))
		return false;
	if (!a->stack != !a->stack_size || a->stack + a->stack_size > TASK_SIZE)
		return false;
	return !a->set_tid == !a->set_tid_size && a->set_tid_size <= 1;
}

long sys_clone3(struct regs *regs)
{
	struct clone_args a;
	struct clone_request req;
	u32 tid = 0;
	int err = copy_args(&a, regs_arg(regs, 0), (u32)regs_arg(regs, 1));

	if (err)
		return err;
	if (!clone_args_are_sane(&a))
		return -EINVAL;
	if (a.flags & CLONE_NEWTIME)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (a.set_tid && get_user_u32(&tid, (uaddr_t)a.set_tid))
		return -EFAULT;
	if (a.set_tid && (s32)tid <= 0)
		return -EINVAL;
	req = (struct clone_request){
		.flags = a.flags,
		.exit_signal = (int)a.exit_signal,
		.stack = a.stack ? (uaddr_t)(a.stack + a.stack_size) : 0,
		.parent_tid = (uaddr_t)a.parent_tid,
		.child_tid = (uaddr_t)a.child_tid,
		.pidfd = (uaddr_t)a.pidfd,
		.tls = (uaddr_t)a.tls,
		.set_tid = (pid_t)tid,
	};
	return process_clone(regs, &req);
}

/* What can be unshared without namespaces: the table of files, the root and working directory. */
long sys_unshare(u32 flags)
{
	struct fs_context *fs, *old;

	if (flags & ~(u32)(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM))
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if ((flags & CLONE_FS) && current->fs->users > 1) {
		fs = fs_context_copy(current->fs);
		if (!fs)
			return -ENOMEM;
		spin_lock(&current->alloc_lock);
		old = current->fs;
		current->fs = fs;
		spin_unlock(&current->alloc_lock);
		fs_context_put(old);
	}
	if (flags & CLONE_SYSVSEM)
		ipc_unshare();
	return flags & CLONE_FILES ? files_unshare() : 0;
}

/* ---- exit, wait ---- */

long sys_exit(int code)
{
	do_exit((code & 0xff) << 8);
}

long sys_exit_group(int code)
{
	do_group_exit((code & 0xff) << 8);
}

/* Who is meant: a reference in req->pid, or NULL for all. */
static int wait_for_whom(struct wait_request *req, int type, pid_t nr)
{
	req->type = type;
	req->pid = NULL;
	if (type == P_ALL)
		return 0;
	req->pid = nr ? pid_find_get(nr) : task_pgrp_get(current);
	return req->pid ? 0 : -ECHILD;
}

static int do_wait(struct wait_request *req)
{
	int found = process_wait(req);

	if (req->pid)
		pid_put(req->pid);
	return found;
}

long sys_wait4(pid_t pid, uaddr_t status, int options, uaddr_t rusage)
{
	struct wait_request req = {.options = options | WEXITED};
	int err, type = pid == -1 ? P_ALL : pid <= 0 ? P_PGID : P_PID;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == -__INT_MAX__ - 1)
		return -ESRCH;
	err = wait_for_whom(&req, type, pid < 0 ? -pid : pid);
	if (err)
		return err;
	err = do_wait(&req);
	if (err <= 0)
		return err;
	if (status && put_user_u32((u32)req.wait_status, status))
		return -EFAULT;
	if (rusage && put_rusage(rusage, &req.usage))
		return -EFAULT;
	return req.child;
}

long sys_waitpid(pid_t pid, uaddr_t status, int options)
{
	return sys_wait4(pid, status, options, 0);
}

static int put_wait_info(uaddr_t to, const struct wait_request *req, bool found)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (found) {
		info.si_signo = SIGCHLD;
		info.si_code = req->code;
		info.si_pid = req->child;
		info.si_uid = req->uid;
		info.si_status = req->status;
	}
	/* the rest of the structure is not touched */
	return copy_to_user(to, &info, offsetof(siginfo_t, si_status) + sizeof(int)) ? -EFAULT : 0;
}

long sys_waitid(int type, pid_t id, uaddr_t info, int options, uaddr_t rusage)
{
	struct wait_request req = {.options = options};
	int err = 0;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if ((type == P_PID && id <= 0) || (type == P_PGID && id < 0) || type < P_ALL ||
	    type > P_PIDFD)
		return -EINVAL;
	if (type == P_PIDFD) {
		req.type = P_PID;
		req.pid = pidfd_get_pid(id);
		if (IS_ERR(req.pid))
			return PTR_ERR(req.pid);
	} else {
		err = wait_for_whom(&req, type, id);
	}
	if (!err)
		err = do_wait(&req);
	if (err < 0)
		return err;
	if (err && rusage && put_rusage(rusage, &req.usage))
		return -EFAULT;
	return info ? put_wait_info(info, &req, err) : 0;
}

/* ---- groups and sessions ---- */

long sys_setpgid(pid_t pid, pid_t pgid)
{
	return process_setpgid(pid, pgid);
}

static long group_of(pid_t pid, pid_t (*group)(struct task *t))
{
	struct task *t;
	long nr;

	if (!pid)
		return group(current);
	t = task_find_get(pid);
	if (!t)
		return -ESRCH;
	nr = group(t);
	task_put(t);
	return nr;
}

long sys_getpgid(pid_t pid)
{
	return group_of(pid, task_pgrp_nr);
}

long sys_getpgrp(void)
{
	return task_pgrp_nr(current);
}

long sys_setsid(void)
{
	return process_setsid();
}

long sys_getsid(pid_t pid)
{
	return group_of(pid, task_session_nr);
}

/* ---- thread-local storage ---- */

long sys_set_thread_area(uaddr_t user)
{
	struct user_desc desc;
	int err;

	if (copy_from_user(&desc, user, sizeof(desc)))
		return -EFAULT;
	err = arch_set_thread_area(&current->thread, &desc, true);
	if (err)
		return err;
	return put_user_u32(desc.entry_number, user);
}

long sys_get_thread_area(uaddr_t user)
{
	struct user_desc desc;
	int err;

	memset(&desc, 0, sizeof(desc));
	if (get_user_u32(&desc.entry_number, user))
		return -EFAULT;
	err = arch_get_thread_area(&current->thread, &desc);
	if (err)
		return err;
	return copy_to_user(user, &desc, sizeof(desc)) ? -EFAULT : 0;
}

/* ---- tracing ---- */

long sys_ptrace(int request, pid_t pid, u32 addr, uaddr_t data)
{
	return process_ptrace(request, pid, addr, data);
}

/* ---- pidfds ---- */

long sys_pidfd_open(pid_t pid, u32 flags)
{
	return pidfd_open(pid, flags);
}

static long send_by_pid(struct pid *pid, int sig, uaddr_t info)
{
	siginfo_t si;

	if (!info)
		return READ_ONCE(pid->process) ? signal_kill(pid->nr, sig) : -ESRCH;
	if (copy_from_user(&si, info, sizeof(si)))
		return -EFAULT;
	if (si.si_signo != sig)
		return -EINVAL;
	return READ_ONCE(pid->process) ? signal_queueinfo(pid->nr, sig, &si) : -ESRCH;
}

/* The number cannot be given to somebody else while the descriptor holds it. */
long sys_pidfd_send_signal(int fd, int sig, uaddr_t info, u32 flags)
{
	struct pid *pid;
	long err;

	if (flags)
		return -EINVAL;
	pid = pidfd_or_proc_get_pid(fd);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	err = send_by_pid(pid, sig, info);
	pid_put(pid);
	return err;
}

static long take_file(struct task *t, int fd)
{
	struct file *file;
	int own;

	if (!task_may_access(t))
		return -EPERM;
	file = fget_task(t, fd);
	if (!file)
		return -EBADF;
	own = fd_reserve(0, O_CLOEXEC);
	if (own < 0)
		fput(file);
	else
		fd_install(own, file);
	return own;
}

long sys_pidfd_getfd(int pidfd, int fd, u32 flags)
{
	struct pid *pid;
	struct task *t;
	long result;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid(pidfd);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	t = task_find_get(pid->nr);
	pid_put(pid);
	if (!t)
		return -ESRCH;
	result = take_file(t, fd);
	task_put(t);
	return result;
}
