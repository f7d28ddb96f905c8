/*
 * memfd_create(2): a file of an internal tmpfs without a name.
 */
#include "fs/memfd.h"
#include "fs/internal.h"

#include <linux/magic.h>
#include <linux/memfd.h>

static struct mount *memfd_mount;

/* "/memfd:name (deleted)" in /proc/PID/fd and maps. */
static char *memfd_name(struct dentry *dentry, char *buf, size_t size)
{
	int len = snprintf(buf, size, "/%s (deleted)", dentry->name);

	return (size_t)len < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

static const struct dentry_operations memfd_dentry_ops = {.name = memfd_name};

struct file *memfd_create(const char *name, unsigned flags)
{
	char text[NAME_MAX + 1];
	struct inode *inode;
	struct file *file;

	if (snprintf(text, sizeof(text), "memfd:%s", name) > NAME_MAX)
		return ERR_PTR(-EINVAL);
	inode = tmpfs_file_inode(memfd_mount->sb, 0777);
	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	if (flags & MFD_ALLOW_SEALING)
		inode->data.seals = 0;
	file = file_pseudo(memfd_mount, inode, text, &memfd_dentry_ops, inode->fop,
			   O_RDWR | O_LARGEFILE);
	if (!IS_ERR(file))
		file->mode |= FMODE_ATOMIC_POS;
	inode_put(inode);
	return file;
}

void __init memfd_init(void)
{
	static const struct file_system_type type = {.name = "tmpfs"};
	struct super_block *sb = tmpfs_mount(&type, "tmpfs", 0, "size=0,nr_inodes=0");

	BUG_ON(IS_ERR(sb));
	memfd_mount = mount_internal(sb);
	BUG_ON(!memfd_mount);
}
