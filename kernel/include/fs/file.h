/*
 * Open files, descriptor tables, and the calls that the rest of the kernel makes on them.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/fdtable.h"
#include "fs/inode.h"
#include "mm/iov_iter.h"
#include "mm/mm.h"

#define FMODE_READ 1u
#define FMODE_WRITE 2u
#define FMODE_LSEEK 4u
#define FMODE_PREAD 8u
#define FMODE_PWRITE 16u
#define FMODE_EXEC 32u
#define FMODE_PATH 64u        /* O_PATH */
#define FMODE_ATOMIC_POS 128u /* regular files: reads and writes serialise on the position */
#define FMODE_STREAM 256u
#define FMODE_RCU_FREE 512u   /* it was in a table that threads share: freed after a grace period */
#define FMODE_WRITER 1024u    /* counted in the inode's and the mount's writers */
#define FMODE_NOWRITERS 2048u /* file_open_exec's denial */
#define FMODE_NONOTIFY 4096u  /* no inotify events */

struct file {
	u32 refs;  /* (a) */
	u32 mode;  /* FMODE_* (k) */
	u32 flags; /* O_*: F_SETFL changes some, under lock */
	spinlock_t lock;
	const struct file_operations *op; /* (k after open) */
	struct path path;                 /* (k) */
	struct inode *inode;              /* (k) */
	struct mapping *mapping;          /* (k) */
	mutex_t pos_lock;                 /* RANK_FILE_POS */
	loff_t pos;
	void *private;
	const struct cred *cred; /* (k) the opener's */
	struct fown {
		int type;
		pid_t pid;
		int sig;
		uid_t uid, euid;
	} owner; /* F_SETOWN */
	struct fasync_entry *fasync;
	struct epoll_links *epoll; /* files->... epoll instances that watch it; NULL mostly */
	struct rcu_head rcu;
};

/*
 * Descriptor table: grows by doubling up to RLIMIT_NOFILE; lookups without lock. Shared
 * by CLONE_FILES.
 */
struct files *files_new(void);
struct files *files_copy(struct files *old, int *err); /* fork */
void files_get(struct files *f);
void files_put(struct files *f); /* the last closes everything */
void files_close_on_exec(struct files *f);
int files_unshare(void); /* exec and unshare(CLONE_FILES) */

/* The file of @fd with a reference, or NULL (also for O_PATH files; fget_raw gives those). */
struct file *fget(int fd);
struct file *fget_raw(int fd);
struct file *fget_task(struct task *t, int fd);
void file_get(struct file *file);
void fput(struct file *file); /* the last reference releases: may sleep */
/* The cheap pair for the length of one system call: no reference while the table is not shared. */
struct fd_ref {
	struct file *file;
	bool need_put;
};
static inline struct fd_ref fdget_raw(int fd) /* O_PATH files too */
{
	struct files *f = current->files;

	if (likely(atomic_read(&f->users) == 1))
		return (struct fd_ref){files_lookup(f, (unsigned)fd), false};
	return (struct fd_ref){fget_raw(fd), true};
}
static inline void fdput(struct fd_ref r)
{
	if (unlikely(r.need_put) && r.file)
		fput(r.file);
}
static inline struct fd_ref fdget(int fd)
{
	struct fd_ref r = fdget_raw(fd);

	if (unlikely(r.file && (r.file->mode & FMODE_PATH))) {
		fdput(r);
		r.file = NULL;
	}
	return r;
}
/* And pos_lock where it is needed: the file has an atomic position and others may use it. */
void fdget_pos_lock(struct fd_ref *r);
void fdput_pos_slow(struct fd_ref r);
static inline struct fd_ref fdget_pos(int fd)
{
	struct fd_ref r = fdget(fd);

	if (likely(r.file) && (r.file->mode & FMODE_ATOMIC_POS) &&
	    unlikely(r.need_put || atomic_read(&r.file->refs) > 1))
		fdget_pos_lock(&r);
	return r;
}
/*
 * The file of @fd if it takes neither a reference nor a lock to use it and its position, for a
 * system call of the only task that has the table. NULL: ask fdget_pos().
 */
static inline struct file *fdget_pos_alone(int fd)
{
	const struct files *f = current->files;
	struct file *file;

	if (unlikely(atomic_read(&f->users) != 1))
		return NULL;
	file = files_lookup(f, (unsigned)fd);
	if (unlikely(!file) || unlikely(file->mode & FMODE_PATH))
		return NULL;
	if ((file->mode & FMODE_ATOMIC_POS) && unlikely(atomic_read(&file->refs) > 1))
		return NULL;
	return file;
}
static inline void fdput_pos(struct fd_ref r)
{
	if (unlikely(r.need_put) && r.file)
		fdput_pos_slow(r);
}
/* F_GET_SEALS, F_ADD_SEALS. */
long file_get_seals(struct file *file);
long file_add_seals(struct file *file, u32 seals);
/* atime, as the mount's options want it. */
void file_accessed(struct file *file);
/* A new descriptor >= @min: reserved, then installed or put back. -EMFILE */
int fd_reserve(int min, unsigned flags);    /* O_CLOEXEC */
void fd_install(int fd, struct file *file); /* takes over the reference */
void fd_unreserve(int fd);
int fd_close(int fd);
/* both steps: the new descriptor; takes over the reference; hands on ERR_PTR */
int fd_open_file(struct file *file, unsigned flags);
int fd_close_range(unsigned first, unsigned last, bool cloexec_only);
/* dup2: takes over the reference; fd, -EBADF, -EBUSY, -EMFILE, -ENOMEM */
int fd_replace(int fd, struct file *file, unsigned flags);
int fd_get_cloexec(int fd); /* 0, 1, -EBADF */
int fd_set_cloexec(int fd, bool on);
extern unsigned sysctl_nr_open;
/*
 * Another task's table, for /proc: the next open descriptor >= @from or -1; the FMODE_* of a
 * descriptor, 0: not open; O_CLOEXEC or 0; the size of the table. Do not sleep.
 */
int files_next_fd(struct task *t, int from);
u32 files_fd_mode(struct task *t, int fd);
int files_fd_flags(struct task *t, int fd);
unsigned files_max(struct task *t);

/* Opening by kernel code. ERR_PTR. dirfd AT_FDCWD or a descriptor; name in kernel memory. */
struct file *file_open(int dirfd, const char *name, int flags, mode_t mode);
/* With LOOKUP_* restrictions of openat2(2). */
struct file *file_open_lookup(int dirfd, const char *name, int flags, mode_t mode, unsigned lookup);
/* execute permission, regular file, denies writing */
struct file *file_open_exec(int dirfd, const char *name, int flags);
struct file *file_open_path(const struct path *path, int flags, const struct cred *cred);
/* The same of a file that the caller has just made: whatever its mode allows. */
struct file *file_open_created(const struct path *path, int flags);
/*
 * A file without a name in any directory (pipe, epoll, memfd...): "anon_inode:[name]" unless an
 * inode is given. ERR_PTR
 */
struct file *file_anon(const char *name, const struct file_operations *op, void *private,
		       int flags);
/*
 * A file of @inode (holds it) in an internal mount: sockets, pipes. @dop may give its name for
 * /proc. ERR_PTR
 */
struct dentry_operations;
struct file *file_pseudo(struct mount *mnt, struct inode *inode, const char *name,
			 const struct dentry_operations *dop, const struct file_operations *op,
			 int flags);
void file_allow_write(struct file *file); /* undo file_open_exec's denial */
ssize_t file_read_kernel(struct file *file, void *buf, size_t n, loff_t *pos);
ssize_t file_write_kernel(struct file *file, const void *buf, size_t n, loff_t *pos);
/* Bytes or -EBADF (not open for it), -EISDIR, -EINVAL, -EFAULT, ...; may sleep. */
ssize_t vfs_read(struct file *file, struct iov_iter *to, loff_t *pos);
ssize_t vfs_write(struct file *file, struct iov_iter *from, loff_t *pos);
/*
 * The same of @count bytes of the caller's memory at @buf, both unchecked, at the file's own
 * position. => fdget_pos() or fdget_pos_alone()
 */
ssize_t vfs_read_user(struct file *file, uaddr_t buf, u32 count);
ssize_t vfs_write_user(struct file *file, uaddr_t buf, u32 count);
loff_t vfs_llseek(struct file *file, loff_t off, int whence);
long vfs_ioctl(struct file *file, unsigned cmd, unsigned long arg);
#define ENOIOCTLCMD 515 /* inside the kernel: not my command */
int vfs_fsync(struct file *file, loff_t start, loff_t end, bool data_only);
/* fills mapping, ops, may_flags; 0 or -EACCES, -ENODEV, -EPERM */
int vfs_mmap(struct file *file, struct map_request *req);
/* After vfs_mmap() and mm_map() of a shared one, whatever they returned. */
void vfs_mmap_done(struct map_request *req);
/*
 * The absolute path of @path as the caller's root sees it, written to the end of @buf; start
 * pointer or ERR_PTR(-ENAMETOOLONG). " (deleted)" is appended to unlinked names.
 */
char *path_name(const struct path *path, char *buf, size_t size);
/* The same as seen from @root; ends at the end of @buf. */
char *path_name_below(const struct path *path, const struct path *root, char *buf, size_t size);

/*
 * getcwd(2): the same for the working directory; "(unreachable)" outside the root; -ENOENT when
 * it was removed.
 */
char *cwd_name(char *buf, size_t size);

/*
 * Readable/writable now? A driver's poll() calls poll_wait() for each queue, then
 * returns POLL* bits.
 */
struct poll_table {
	void (*queue)(struct poll_table *pt, struct file *file, struct wait_queue *wq);
};
static inline void poll_wait(struct file *file, struct wait_queue *wq, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(pt, file, wq);
}
unsigned vfs_poll(struct file *file, struct poll_table *pt);

/*
 * What a directory's iterate operation gives its entries to. @pos: where it is; 0 "." and 1 ".." by
 * custom. emit() takes one entry: @off is the position behind it, @type a DT_* value; it sets pos =
 * off and returns true, or returns false: full, stop here.
 */
struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, unsigned len, loff_t off, u64 ino,
		     unsigned type);
	loff_t pos;
};

/* readdir with the directory locked: 0 or -ENOTDIR, -ENOENT (removed), ... */
int vfs_iterate(struct file *file, struct dir_context *ctx);
/* The "." and ".." that every directory begins with: false: full. */
bool dir_emit_dots(struct file *file, struct dir_context *ctx);

/* fs_context: root, cwd, umask. Shared by CLONE_FS. */
struct fs_context {
	u32 users;
	u32 umask;
	spinlock_t lock;
	struct path root, cwd;
	struct list_head node;
};
struct fs_context *fs_context_new(void);
struct fs_context *fs_context_copy(struct fs_context *old);
void fs_context_get(struct fs_context *c);
void fs_context_put(struct fs_context *c);
void current_root(struct path *out); /* referenced */
void path_get(const struct path *path);
void path_put(const struct path *path);

/* Path lookup. @flags LOOKUP_*; 0 or -ENOENT, -ENOTDIR, -ELOOP, -EACCES, -ENAMETOOLONG. */
#define LOOKUP_FOLLOW 1u
#define LOOKUP_DIRECTORY 2u
#define LOOKUP_EMPTY 4u /* AT_EMPTY_PATH */
#define LOOKUP_PARENT 8u
#define LOOKUP_NO_MAGICLINKS 16u
#define LOOKUP_NO_SYMLINKS 32u
#define LOOKUP_BENEATH 64u
#define LOOKUP_IN_ROOT 128u
#define LOOKUP_NO_XDEV 256u
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out);
int path_lookup_user(int dirfd, uaddr_t name, unsigned flags, struct path *out);
struct kstat;
/* The attributes of what a path names, as vfs_getattr() has them. */
int path_getattr(int dirfd, const char *name, unsigned flags, struct kstat *out);
int path_getattr_user(int dirfd, uaddr_t name, unsigned flags, struct kstat *out);
/*
 * A path name from user memory, at most PATH_MAX: kernel memory to be freed with putname;
 * ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT when empty)
 */
char *getname(uaddr_t name, unsigned flags);
void putname(char *name);
/*
 * Permission of the current credentials (fsuid...): MAY_READ 4, MAY_WRITE 2, MAY_EXEC
 * 1. 0 or -EACCES
 */
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
int inode_permission(struct inode *inode, int mask);
/*
 * By owner, mode bits and capabilities alone: what an inode without a rule of its own gets.
 * Does not sleep.
 */
int generic_permission(const struct inode *inode, int mask);

/* Mount at boot and by mount(2). 0 or -errno. */
int vfs_mount(const char *source, const char *target, const char *type, u32 flags,
	      const char *options);
/*
 * rootfs: a tmpfs becomes the root and cwd of the current task; then the initramfs is
 * unpacked into it.
 */
void vfs_init(void);
/*
 * The cpio archives at @data into the root. @used(n), when not NULL, is told now and then that the
 * first n bytes are not read again, so that their memory can serve the files. 0 or -errno; what was
 * made stays. Sleeps.
 */
int initramfs_unpack(const void *data, size_t len, void (*used)(size_t bytes));

/* ---- the log, for syslog(2): records as "<level>[time] text\n" ---- */
/* Format record *@seq (skipping what is lost) and advance: the length, 0: none, -ENOMEM. */
int syslog_format(u64 *seq, char *buf, size_t size);
/*
 * The system-wide reader of syslog(2) type 2 and /proc/kmsg: wait for something unread; format
 * and consume it.
 */
int syslog_wait(bool nonblock);
size_t syslog_unread(void);
void syslog_poll_wait(struct file *file, struct poll_table *pt);
int syslog_next(char *buf, size_t size);

/* ---- what fs needs from proc/, which registers it: the credentials of the caller as file systems see them ---- */
extern uid_t (*fs_current_fsuid)(void);
extern gid_t (*fs_current_fsgid)(void);
extern bool (*fs_in_group)(gid_t gid);
extern bool (*fs_capable)(int cap); /* CAP_* of linux/capability.h */
extern unsigned long (*fs_rlimit)(unsigned resource);
extern void (*fs_send_sigpipe)(void);
extern void (*fs_send_sigxfsz)(void);
extern const struct cred *(*fs_cred_get)(void); /* the caller's, referenced, for file->cred */
extern void (*fs_cred_put)(const struct cred *cred);
/* The count, changed atomically, of the pages that pipes of this user may hold. */
extern u32 *(*fs_pipe_pages)(const struct cred *cred);
/* SIGIO and friends to a file's owner (F_SETOWN). */
extern void (*fs_send_sigio)(struct file *file, int fd, int band);

#endif
