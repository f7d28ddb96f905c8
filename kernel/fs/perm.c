/*
 * May the caller? Mode bits, groups and capabilities, as path_resolution(7) and
 * capabilities(7) say.
 */
#include "fs/internal.h"

/* The three bits of @mode that apply to the caller. */
static unsigned caller_bits(const struct inode *inode)
{
	unsigned mode = inode->mode;

	if (fs_current_fsuid() == inode->uid)
		return mode >> 6;
	/* the group matters only where group and others differ */
	if (((mode >> 3) ^ mode) & 7 && fs_in_group(inode->gid))
		return mode >> 3;
	return mode;
}

/* Some may and some may not: @want of MAY_*. */
static noinline int caller_permission(const struct inode *inode, unsigned want)
{
	if ((want & ~caller_bits(inode)) == 0)
		return 0;
	if (S_ISDIR(inode->mode)) {
		if (fs_capable(CAP_DAC_OVERRIDE))
			return 0;
		if (!(want & MAY_WRITE) && fs_capable(CAP_DAC_READ_SEARCH))
			return 0;
		return -EACCES;
	}
	/* executing needs at least one x bit, even for root */
	if ((!(want & MAY_EXEC) || (inode->mode & 0111)) && fs_capable(CAP_DAC_OVERRIDE))
		return 0;
	if (want == MAY_READ && fs_capable(CAP_DAC_READ_SEARCH))
		return 0;
	return -EACCES;
}

int generic_permission(const struct inode *inode, int mask)
{
	unsigned want = (unsigned)mask & 7, mode = inode->mode;

	if (!(want & ~(mode & mode >> 3 & mode >> 6)))
		return 0; /* for everybody */
	return caller_permission(inode, want);
}

static inline int permission(struct inode *inode, int mask)
{
	if ((mask & MAY_WRITE) && (inode->flags & INODE_IMMUTABLE))
		return -EPERM;
	if (inode->op && inode->op->permission)
		return inode->op->permission(inode, mask);
	return generic_permission(inode, mask);
}

int inode_permission(struct inode *inode, int mask)
{
	return permission(inode, mask);
}

int may_create(struct inode *dir)
{
	if (dir->flags & INODE_DEAD)
		return -ENOENT;
	return permission(dir, MAY_WRITE | MAY_EXEC);
}

/* The sticky bit: only the owner of the file or of the directory removes it. */
static bool sticky_forbids(const struct inode *dir, const struct inode *victim)
{
	uid_t uid;

	if (!(dir->mode & S_ISVTX))
		return false;
	uid = fs_current_fsuid();
	return uid != victim->uid && uid != dir->uid && !fs_capable(CAP_FOWNER);
}

int may_delete(struct inode *dir, struct inode *victim, bool want_dir)
{
	int err = permission(dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if ((dir->flags & INODE_APPEND) || (victim->flags & (INODE_APPEND | INODE_IMMUTABLE)) ||
	    sticky_forbids(dir, victim))
		return -EPERM;
	if (want_dir && !S_ISDIR(victim->mode))
		return -ENOTDIR;
	if (!want_dir && S_ISDIR(victim->mode))
		return -EISDIR;
	return 0;
}
