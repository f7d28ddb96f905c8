/*
 * /proc. Fixed files are rows that each part registers; the directories of processes come from a
 * provider that proc/ registers.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs/seq_file.h"

struct proc_entry;
/*
 * A read-only text file made by @show; @path may have directories ("sys/vm/overcommit_memory",
 * "sysvipc/shm"), made as needed. -ENOMEM
 */
int proc_register(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
		  void *data);
/*
 * The same with operations of its own (private data: @data through file->inode->private's entry:
 * proc_data(inode)).
 */
int proc_register_ops(const char *path, mode_t mode, const struct file_operations *op, void *data);
/* A sysctl: number in *@value between min and max, read and written as text. */
int proc_register_uint(const char *path, mode_t mode, unsigned *value, unsigned min, unsigned max);
int proc_register_ulong(const char *path, mode_t mode, unsigned long *value);
int proc_register_string(const char *path, mode_t mode, char *buf, size_t size);
/*
 * A sysctl that is not a number: @show makes the text from m->private, which is @data; @write takes
 * what was written, NUL-terminated and without the newline: 0 or -errno.
 */
int proc_register_text(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
		       int (*write)(void *data, char *text), void *data);
int proc_register_link(const char *path, const char *target);
void *proc_data(const struct inode *inode);

/*
 * Directories of processes. proc/ owns tasks; fs/procfs owns inodes and dentries and asks through
 * this. A row is a file, a link or a directory of each process; rows end with one without a name.
 */
struct proc_pid_file {
	const char *name;
	mode_t mode;  /* with S_IFMT: S_IFREG, S_IFDIR, S_IFLNK */
	bool guarded; /* to open or follow only for those who may trace the process: -EACCES */
	bool own;     /* the process itself may, whoever the file belongs to */
	/* text files; proc_entry_number(m->file->inode) in numbered directories. 0 or -errno */
	int (*show)(struct seq_file *m, struct task *t);
	/* text files that take one; NUL-terminated. 0 or -errno */
	int (*write)(struct task *t, char *text);
	const struct file_operations *
		op; /* or operations: proc_task_get(file->inode) gives the task; guarded is theirs to check */
	/* magic links: the path, referenced; number -1 outside numbered ones */
	int (*link)(struct task *t, int number, struct path *out);
	const struct proc_pid_file *dir; /* rows of a fixed subdirectory */
	/*
	 * Numbered subdirectories (fd, fdinfo, task): the next number >= @from, or -1; and the row
	 * that each number is.
	 */
	int (*next)(struct task *t, int from);
	const struct proc_pid_file *each;
	/* in the row of each: still there? Under RCU, must not sleep */
	bool (*exists)(struct task *t, int number);
	/* in the row of each: its mode, when it depends on the number */
	mode_t (*number_mode)(struct task *t, int number);
	bool task_dir; /* in the row of each: the number is a thread with the process's own rows */
	bool thread_only, process_only; /* a row of /proc/PID/task/TID only; of /proc/PID only */
};
struct proc_pid_provider {
	struct task *(*find)(
		pid_t tgid);       /* referenced, or NULL; threads too (Linux finds /proc/TID) */
	pid_t (*next)(pid_t from); /* the next thread-group leader's pid >= from, or -1 */
	pid_t (*self)(void);       /* tgid of the caller; thread_self() its tid */
	pid_t (*thread_self)(void);
	void (*owner)(struct task *t, mode_t mode, uid_t *uid, gid_t *gid); /* of a file with it */
	bool (*is_own)(struct task *t);     /* a thread of the caller's process */
	bool (*may_access)(struct task *t); /* ptrace_may_access for maps, mem, fd, environ... */
	const struct proc_pid_file *rows;
};
void proc_register_pids(const struct proc_pid_provider *provider);
/* The task of an inode under /proc/PID, referenced; NULL: it is gone. */
struct task *proc_task_get(const struct inode *inode);
/* Is @file the directory /proc/PID of a process? */
bool proc_is_process(const struct file *file);
/* The number of an entry under a dynamic directory (the fd of /proc/PID/fd/N). */
int proc_entry_number(const struct inode *inode);

#endif
