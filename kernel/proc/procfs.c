/*
 * /proc/PID: the table of its files, and how fs/procfs finds tasks. proc(5)
 */
#include "proc/procfs.h"
#include <linux/stat.h>

static int next_thread(struct task *t, int from)
{
	struct task *each;
	int best = -1;

	rcu_read_lock();
	list_for_each_entry(each, &t->process->threads, thread_node)
		if (each->pid >= from && (best < 0 || each->pid < best))
			best = each->pid;
	rcu_read_unlock();
	return best;
}

static bool thread_exists(struct task *t, int number)
{
	struct pid *pid = pid_find(number);
	struct task *thread = pid ? rcu_dereference(pid->task) : NULL;

	return thread && thread->process == t->process;
}

static const struct proc_pid_file thread_row = {
	.mode = S_IFDIR | 0555,
	.task_dir = true,
	.exists = thread_exists,
};

#define TEXT(name_, show_) \
	{ \
		.name = name_, .mode = S_IFREG | 0444, .show = show_ \
	}
#define GUARDED(name_, show_, mode_) \
	{ \
		.name = name_, .mode = S_IFREG | (mode_), .guarded = true, .show = show_ \
	}
#define FILE(name_, op_, mode_) \
	{ \
		.name = name_, .mode = S_IFREG | (mode_), .op = &(op_) \
	}
#define LINK(name_, link_) \
	{ \
		.name = name_, .mode = S_IFLNK | 0777, .guarded = true, .link = link_ \
	}

static const struct proc_pid_file rows[] = {
	{.name = "task",
	 .mode = S_IFDIR | 0555,
	 .process_only = true,
	 .next = next_thread,
	 .each = &thread_row},
	{.name = "fd",
	 .mode = S_IFDIR | 0500,
	 .own = true,
	 .next = procfs_next_fd,
	 .each = &procfs_fd_row},
	{.name = "fdinfo",
	 .mode = S_IFDIR | 0555,
	 .guarded = true,
	 .next = procfs_next_fd,
	 .each = &procfs_fdinfo_row},
	GUARDED("environ", procfs_environ, 0400),
	GUARDED("auxv", procfs_auxv, 0400),
	TEXT("status", procfs_status),
	{.name = "personality", .mode = S_IFREG | 0400, .show = procfs_personality},
	TEXT("limits", procfs_limits),
	{.name = "comm",
	 .mode = S_IFREG | 0644,
	 .process_only = true,
	 .show = procfs_comm,
	 .write = procfs_comm_write},
	{.name = "comm",
	 .mode = S_IFREG | 0644,
	 .thread_only = true,
	 .own = true,
	 .show = procfs_comm,
	 .write = procfs_comm_write},
	TEXT("cmdline", procfs_cmdline),
	TEXT("stat", procfs_stat),
	TEXT("statm", procfs_statm),
	FILE("maps", procfs_maps_fops, 0444),
	FILE("mem", procfs_mem_fops, 0600),
	LINK("cwd", procfs_cwd),
	LINK("root", procfs_root),
	LINK("exe", procfs_exe),
	FILE("mounts", procfs_mounts_fops, 0444),
	FILE("mountinfo", procfs_mountinfo_fops, 0444),
	{.name = "clear_refs", .mode = S_IFREG | 0200, .write = procfs_clear_refs_write},
	FILE("smaps", procfs_smaps_fops, 0444),
	FILE("smaps_rollup", procfs_smaps_rollup_fops, 0444),
	FILE("pagemap", procfs_pagemap_fops, 0400),
	{.name = "syscall", .mode = S_IFREG | 0400, .show = procfs_syscall},
	{.name = "stack", .mode = S_IFREG | 0400, .show = procfs_stack},
	{.name = "coredump_filter",
	 .mode = S_IFREG | 0644,
	 .process_only = true,
	 .show = procfs_coredump_filter,
	 .write = procfs_coredump_filter_write},
	{.name = "io", .mode = S_IFREG | 0400, .process_only = true, .show = procfs_io},
	{.name = "io", .mode = S_IFREG | 0400, .thread_only = true, .show = procfs_thread_io},
	TEXT("wchan", procfs_wchan),
	TEXT("oom_score", procfs_oom_score),
	{.name = "oom_adj",
	 .mode = S_IFREG | 0644,
	 .show = procfs_oom_adj,
	 .write = procfs_oom_adj_write},
	{.name = "oom_score_adj",
	 .mode = S_IFREG | 0644,
	 .show = procfs_oom_score_adj,
	 .write = procfs_oom_score_adj_write},
	TEXT("loginuid", procfs_loginuid),
	{.name = NULL},
};

static pid_t next_process(pid_t from)
{
	struct process *p;

	rcu_read_lock();
	p = process_next(&from);
	rcu_read_unlock();
	return p ? from : -1;
}

static pid_t own_tgid(void)
{
	return current->tgid;
}

static pid_t own_pid(void)
{
	return current->pid;
}

/*
 * What is inside a process that may not be looked into belongs to root; directories that all may
 * read do not count.
 */
static void task_owner(struct task *t, mode_t mode, uid_t *uid, gid_t *gid)
{
	const struct cred *cred;
	bool dumpable;

	spin_lock(&t->alloc_lock);
	dumpable = mode == (S_IFDIR | 0555) || !t->mm || t->mm->dumpable == 1;
	spin_unlock(&t->alloc_lock);
	rcu_read_lock();
	cred = rcu_dereference(t->cred);
	*uid = dumpable ? cred->euid : 0;
	*gid = dumpable ? cred->egid : 0;
	rcu_read_unlock();
}

static bool is_own(struct task *t)
{
	return t->process == current->process;
}

static const struct proc_pid_provider provider = {
	.find = task_find_get,
	.next = next_process,
	.self = own_tgid,
	.thread_self = own_pid,
	.owner = task_owner,
	.is_own = is_own,
	.may_access = task_may_access,
	.rows = rows,
};

void __init process_files_init(void)
{
	proc_register_pids(&provider);
}
