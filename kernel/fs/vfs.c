/*
 * The start of the file systems: caches, the root file system, the devices that need no hardware.
 *
 * The root is a tmpfs without limits but the memory itself; the initramfs is unpacked into it. Read
 * next: namei.c, file.c, tmpfs.c.
 */
#include "fs/internal.h"

static struct file_system_type rootfs_type = {.name = "rootfs", .mount = tmpfs_mount};

/*
 * The directories that every initramfs expects to be able to mount on, and a console for one
 * that brings none.
 */
static void __init make_first_files(void)
{
	vfs_mkdirat(AT_FDCWD, "/dev", 0755);
	vfs_mknodat(AT_FDCWD, "/dev/console", S_IFCHR | 0600, MKDEV(5, 1));
	vfs_mkdirat(AT_FDCWD, "/root", 0700);
}

void __init vfs_init(void)
{
	struct super_block *root;

	dcache_init();
	inode_init();
	file_init();
	tmpfs_init();
	root = tmpfs_mount(&rootfs_type, "rootfs", 0, "size=0,nr_inodes=0");
	BUG_ON(IS_ERR(root));
	root->root->inode->mode = S_IFDIR | 0755;
	mount_init_root(root);
	current->fs = fs_context_new();
	current->files = files_new();
	BUG_ON(!current->fs || !current->files);
	random_init();
	anon_inode_init();
	pipe_init();
	kmsg_init();
	locks_init();
	inotify_init();
	epoll_init();
	memfd_init();
	devtmpfs_init();
	mem_devices_init();
	procfs_init();
	sysfs_init();
	debugfs_init();
	make_first_files();
}
