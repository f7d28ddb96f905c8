/*
 * The tree of mounts for the calls that change it: private to mount_tree.c and mount.c.
 * => mount_mutex held, but for the first two.
 */
#ifndef FS_MOUNT_TREE_H
#define FS_MOUNT_TREE_H

#include "fs/internal.h"

/* Flags of the mount among mount(2)'s. */
#define MNT_FLAGS \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
	 MS_STRICTATIME)

/* A mount that is nowhere yet; takes over the reference of @sb. NULL: no memory. */
struct mount *mount_alloc(struct super_block *sb, struct dentry *root, const char *source,
			  u32 flags);
/* Tell those who watch /proc/mounts. */
void mount_tree_changed(void);
/* Not one that was unmounted lazily, or that never is in the tree (of a pipe, a memfd). */
bool mount_is_in_tree(const struct mount *m);
/* Would @n mounts more be few enough? (/proc/sys/fs/mount-max) */
bool mount_room_for(unsigned n);
/* Put @top, with the mounts below it if it is a new copy, at @where, which is held from then on. */
void mount_attach(struct mount *top, const struct path *where);
/* Out of the tree; @where gets what it covered, with the references. */
void mount_detach(struct mount *m, struct path *where);
/* Out of the list of all mounts. */
void mount_unlist(struct mount *m);
/* @top and all below it out of the tree; each is freed when its last user leaves. */
void mount_drop_tree(struct mount *top);
/*
 * A mount of what @from shows at @root, @whole: with the mounts below it; not attached.
 * ERR_PTR(-ENOMEM, -ENOSPC)
 */
struct mount *mount_copy(struct mount *from, struct dentry *root, bool whole);

#endif
