/* The files of /proc/PID, by what they show. Private to proc/. */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

#include "fs/procfs.h"
#include "proc/internal.h"

/* procfs_task.c */
int procfs_stat(struct seq_file *m, struct task *t);
int procfs_limits(struct seq_file *m, struct task *t);
int procfs_comm(struct seq_file *m, struct task *t);
int procfs_comm_write(struct task *t, char *text);
int procfs_wchan(struct seq_file *m, struct task *t);
int procfs_personality(struct seq_file *m, struct task *t);
int procfs_loginuid(struct seq_file *m, struct task *t);
int procfs_oom_score(struct seq_file *m, struct task *t);
int procfs_oom_score_adj(struct seq_file *m, struct task *t);
int procfs_oom_score_adj_write(struct task *t, char *text);
int procfs_oom_adj(struct seq_file *m, struct task *t);
int procfs_oom_adj_write(struct task *t, char *text);
/* State of a task as ps shows it. */
char procfs_state(const struct task *t, const char **word);
/* Which signals are ignored, which have handlers. => siglock not held */
void procfs_signal_sets(struct process *p, u64 *ignored, u64 *caught);

/* procfs_kernel.c */
int procfs_syscall(struct seq_file *m, struct task *t);
int procfs_stack(struct seq_file *m, struct task *t);
int procfs_io(struct seq_file *m, struct task *t);
int procfs_thread_io(struct seq_file *m, struct task *t);

/* procfs_status.c */
int procfs_status(struct seq_file *m, struct task *t);

/* procfs_mm.c */
int procfs_statm(struct seq_file *m, struct task *t);
int procfs_cmdline(struct seq_file *m, struct task *t);
int procfs_environ(struct seq_file *m, struct task *t);
int procfs_auxv(struct seq_file *m, struct task *t);
int procfs_coredump_filter(struct seq_file *m, struct task *t);
int procfs_coredump_filter_write(struct task *t, char *text);
int procfs_exe(struct task *t, int number, struct path *out);

/* procfs_maps.c */
extern const struct file_operations procfs_mounts_fops, procfs_mountinfo_fops;
extern const struct file_operations procfs_maps_fops, procfs_smaps_fops, procfs_smaps_rollup_fops;

/* procfs_mem.c */
extern const struct file_operations procfs_mem_fops, procfs_pagemap_fops;
int procfs_clear_refs_write(struct task *t, char *text);
/*
 * Open a file of the process's memory: its address space, with the structure held (mm_drop()); NULL
 * for a process without one. 0, -ESRCH, or -EACCES if the caller may not look into it.
 */
int procfs_mm_open(struct inode *inode, struct mm **out);

/* procfs_fd.c */
int procfs_cwd(struct task *t, int number, struct path *out);
int procfs_root(struct task *t, int number, struct path *out);
extern const struct proc_pid_file procfs_fd_row, procfs_fdinfo_row;
int procfs_next_fd(struct task *t, int from);

/* procfs.c */
void process_files_init(void);

#endif
