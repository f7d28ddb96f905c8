/*
 * An initramfs that says anything: the bytes are the archive, plain or compressed, and go through
 * kernel/fs/initramfs.c and the decompressor. The file system below it is a stub that answers by
 * the name, and checks that what is opened is closed and that names and data are what they must be.
 */
#include "fuzz.h"
#include "arch/sim/sim.h"
#include "fs/internal.h"
#include "mm/mm.h"
#include "mm_oracle.h"
#include <linux/errno.h>
#include <sanitizer/asan_interface.h>

static struct file file;
static struct inode inode;
static struct dentry dentry = {.inode = &inode};
static unsigned open_files, paths;
static u64 written;

/* What the file system says to a name: mostly yes. */
static int answer(const char *name)
{
	FUZZ_MUST(strlen(name) < PATH_MAX + 1);
	switch (*name) {
	case 'E': return -ENOENT;
	case 'S': return -ENOSPC;
	default: return 0;
	}
}

struct file *file_open(int dirfd, const char *name, int flags, mode_t mode)
{
	int err = answer(name);

	(void)dirfd, (void)flags;
	FUZZ_MUST(!(mode & ~07777u));
	if (err)
		return ERR_PTR(err);
	FUZZ_MUST(!open_files++);
	written = 0;
	return &file;
}

void fput(struct file *f)
{
	FUZZ_MUST(f == &file && open_files--);
}

ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, loff_t *pos)
{
	static uint8_t sum;

	FUZZ_MUST(f == &file && open_files == 1 && (u64)*pos == written);
	for (size_t i = 0; i < n; i++)
		sum ^= ((const uint8_t *)buf)[i]; /* all of it can be read */
	FUZZ_MUST(sum || !sum);
	written += n;
	*pos += (loff_t)n;
	return (ssize_t)n;
}

int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out)
{
	(void)dirfd, (void)flags;
	if (answer(name) || *name < 'a')
		return -ENOENT;
	inode.mode = *name < 'k' ? 0040000 : 0100000 /* S_IFDIR, S_IFREG */;
	*out = (struct path){.dentry = &dentry};
	paths++;
	return 0;
}

void path_put(const struct path *path)
{
	FUZZ_MUST(path->dentry == &dentry && paths--);
}

int vfs_mkdirat(int dirfd, const char *name, mode_t mode)
{
	(void)dirfd, (void)mode;
	return answer(name);
}

int vfs_mknodat(int dirfd, const char *name, mode_t mode, kdev_t dev)
{
	(void)dirfd, (void)mode, (void)dev;
	return answer(name);
}

int vfs_unlinkat(int dirfd, const char *name)
{
	(void)dirfd;
	return answer(name);
}

int vfs_rmdirat(int dirfd, const char *name)
{
	(void)dirfd;
	return answer(name);
}

int vfs_symlinkat(const char *target, int dirfd, const char *name)
{
	(void)dirfd;
	FUZZ_MUST(strlen(target) < PATH_MAX);
	return answer(name);
}

int vfs_linkat(int old_dirfd, const char *old, int new_dirfd, const char *new, unsigned flags)
{
	(void)old_dirfd, (void)new_dirfd, (void)flags;
	return answer(old) ? answer(old) : answer(new);
}

int vfs_chmod(const struct path *path, mode_t mode)
{
	(void)path;
	FUZZ_MUST(!(mode & ~07777u));
	return 0;
}

int vfs_chown(const struct path *path, uid_t uid, gid_t gid)
{
	(void)path, (void)uid, (void)gid;
	return 0;
}

int vfs_utimes(const struct path *path, const struct timespec64 times[2])
{
	(void)path, (void)times;
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct fs_context context;

	(void)argc, (void)argv;
	sim_boot(&(struct sim_config){.ram_mb = 24, .low_mb = 20, .vmalloc_mb = 4, .abort = true});
	mm_virt_init();
	current->fs = &context;
	initramfs_unpack("", 0, NULL);
	return 0;
}

static const u8 *data_given;
static size_t data_size;

/* What is said to be used up must not be read again. */
static void take_back(size_t bytes)
{
	FUZZ_MUST(bytes <= data_size);
	ASAN_POISON_MEMORY_REGION(data_given, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned long pages;
	uint8_t *archive = __builtin_malloc(size);
	int err;

	memcpy(archive, data, size); /* of its own, so that ASan knows where it ends */
	data_given = archive;
	data_size = size;
	err = initramfs_unpack(archive, size, take_back);
	ASAN_UNPOISON_MEMORY_REGION(archive, size);
	FUZZ_MUST(err <= 0 && err >= -MAX_ERRNO);
	FUZZ_MUST(!open_files && !paths);
	if (!pages)
		pages = nr_free_pages();
	FUZZ_MUST(nr_free_pages() + 64 > pages);
	__builtin_free(archive);
	sim_console_clear();
	return 0;
}
