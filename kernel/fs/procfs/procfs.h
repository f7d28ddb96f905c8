/*
 * Private to fs/procfs: the tree of fixed entries (entry.c), inodes (inode.c) and the directories
 * of processes (pid.c). fixed.c and its neighbours register the files that show the lower parts;
 * proc/ registers the rows of /proc/PID.
 */
#ifndef FS_PROCFS_PROCFS_H
#define FS_PROCFS_PROCFS_H

#include "fs/dentry.h"
#include "fs/procfs.h"
#include "lib/rbtree.h"

/* A fixed file or directory. Never freed. The children's tree is guarded by proc_entries_lock. */
struct proc_entry {
	struct rb_node node; /* in parent->children, by name */
	struct proc_entry *parent;
	struct rb_root children;
	unsigned subdirs;
	u64 ino;
	mode_t mode;
	const struct file_operations *op;
	int (*show)(struct seq_file *m, void *v);
	/* sysctls and their like: NUL-terminated, without the newline. 0 or -errno */
	int (*write)(struct proc_entry *entry, char *text);
	int (*write_text)(void *data, char *text); /* proc_register_text() */
	void (*changed)(void);                     /* after a number was written; may be NULL */
	const char *target; /* a symbolic link's; NULL: self (data NULL) and thread-self */
	void *data;
	unsigned long min, max; /* of a number; max: the size of a string's buffer */
	char name[];
};
extern struct proc_entry proc_root;
extern spinlock_t proc_entries_lock;

/* Call @changed after each write of the number at @path. */
void proc_on_change(const char *path, void (*changed)(void));
struct proc_entry *proc_entry_find(struct proc_entry *dir, const char *name, u32 len);
/* The child after the @n first ones in order of name, or NULL. */
struct proc_entry *proc_entry_nth(struct proc_entry *dir, unsigned n);

/* What an inode of procfs is: a fixed entry, or something of a process. inode->private. */
struct proc_inode {
	struct proc_entry *entry;        /* NULL: of a process */
	const struct proc_pid_file *row; /* NULL: the process's own directory */
	pid_t pid;
	u64 start_time; /* of the task, so that a reused number is not mistaken for it */
	int number;     /* of an entry of a dynamic directory, -1 */
	char target[];  /* of self and thread-self: where the link leads */
};
static inline struct proc_inode *proc_inode_of(const struct inode *inode)
{
	return inode->private;
}

/* An inode with its struct proc_inode (zeroed, number -1, room for a target). NULL: no memory. */
struct inode *proc_inode_new(struct super_block *sb, mode_t mode, size_t target_size);
extern const struct file_operations proc_entry_fops;
int proc_setattr(struct inode *inode, const struct iattr *attr);

/*
 * The processes, for the root directory. @name a number: 0 and a positive dentry, -ENOENT, -ENOMEM.
 */
int proc_pid_lookup(struct super_block *sb, struct dentry *dentry);
/* Emit the processes from ctx->pos on; positions begin at @base. */
void proc_pid_iterate(struct dir_context *ctx, loff_t base);
/* Names that look like numbers: the number, or -1. */
int proc_parse_number(const char *name, u32 len);
/* self and thread-self: a link made for the caller. 0 or -ENOMEM */
int proc_self_lookup(struct super_block *sb, struct dentry *dentry, bool thread);

/* A text file that may be written: @show and @write get the entry. -ENOMEM, -EEXIST */
int proc_register_writable(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
			   int (*write)(struct proc_entry *entry, char *text));

/*
 * vmstat.c. The sizes of the node, and of zone number @zone with @free pages, as
 * /proc/zoneinfo shows them.
 */
int proc_show_vmstat(struct seq_file *m, void *v);
void proc_show_node_stats(struct seq_file *m);
void proc_show_zone_stats(struct seq_file *m, unsigned zone, unsigned long free);

/* Each registers its files. */
void proc_register_kernel(void);
void proc_register_memory(void);
void proc_register_sysctls(void);
void proc_register_selfcheck(void);
void proc_register_failalloc(void);
void proc_register_lock_stat(void);
void proc_register_files(void);
void proc_register_kcore(void);
void proc_register_kmap_bench(void);

#endif
