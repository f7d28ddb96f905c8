/*
 * From a place in the tree back to its name: getcwd(2), /proc/PID/fd, /proc/PID/maps, /proc/mounts.
 *
 * The walk goes up under RCU and is repeated when a rename or a mount interfered.
 */
#include "fs/internal.h"

struct name_builder {
	char *start; /* first character so far */
	char *buf;
};

static bool prepend(struct name_builder *b, const char *s, size_t len)
{
	if ((size_t)(b->start - b->buf) < len)
		return false;
	b->start -= len;
	memcpy(b->start, s, len);
	return true;
}

/*
 * Up from @path to @root, or to the end of what is attached. 1: reached @root, 0: did
 * not, -ENAMETOOLONG
 */
static int build(struct name_builder *b, struct path at, const struct path *root)
{
	char *end = b->start;
	bool reached = true;

	while (at.mnt != root->mnt || at.dentry != root->dentry) {
		u32 len;

		if (at.dentry == at.mnt->root || at.dentry->parent == at.dentry) {
			struct dentry *mountpoint = READ_ONCE(at.mnt->mountpoint);

			if (at.mnt->parent == at.mnt || !mountpoint) {
				reached = false;
				break;
			}
			at.dentry = mountpoint;
			at.mnt = READ_ONCE(at.mnt->parent);
			continue;
		}
		len = READ_ONCE(at.dentry->len);
		if (!prepend(b, at.dentry->name, len) || !prepend(b, "/", 1))
			return -ENAMETOOLONG;
		at.dentry = READ_ONCE(at.dentry->parent);
	}
	if (b->start == end && !prepend(b, "/", 1))
		return -ENAMETOOLONG;
	return reached;
}

/* => buf is terminated at its end by the caller. *@reached: whether @root was met. */
static char *name_below(const struct path *path, const struct path *root, char *buf, size_t size,
			bool *reached)
{
	static const char deleted[] = " (deleted)";
	struct dentry *d = path->dentry;
	struct name_builder b;
	int result;
	u32 seq;

	do {
		while ((seq = __atomic_load_n(&namespace_seq, __ATOMIC_ACQUIRE)) & 1)
			cpu_relax();
		b.buf = buf;
		b.start = buf + size - 1;
		*b.start = '\0';
		result = -ENAMETOOLONG;
		if (d->parent == d || dentry_is_hashed(d) ||
		    prepend(&b, deleted, sizeof(deleted) - 1))
			result = build(&b, *path, root);
		smp_rmb();
	} while (READ_ONCE(namespace_seq) != seq);
	if (result < 0)
		return ERR_PTR(result);
	*reached = result;
	return b.start;
}

char *path_name_below(const struct path *path, const struct path *root, char *buf, size_t size)
{
	bool reached;
	char *name;
	size_t len;

	if (!size)
		return ERR_PTR(-ENAMETOOLONG);
	if (!path->dentry->op || !path->dentry->op->name)
		return name_below(path, root, buf, size, &reached);
	name = path->dentry->op->name(path->dentry, buf, size);
	if (IS_ERR(name))
		return name;
	len = strlen(name) + 1;
	return memmove(buf + size - len, name, len);
}

char *path_name(const struct path *path, char *buf, size_t size)
{
	struct path root;
	char *name;

	if (!current->fs) {
		root.mnt = mount_root;
		root.dentry = mount_root->root;
		return path_name_below(path, &root, buf, size);
	}
	current_root(&root);
	name = path_name_below(path, &root, buf, size);
	path_put(&root);
	return name;
}

char *cwd_name(char *buf, size_t size)
{
	static const char unreachable[] = "(unreachable)";
	struct path root, cwd;
	struct name_builder b;
	bool reached;
	char *name;

	current_root(&root);
	current_cwd(&cwd);
	if (cwd.dentry->parent != cwd.dentry && !dentry_is_hashed(cwd.dentry)) {
		name = ERR_PTR(-ENOENT);
	} else {
		name = name_below(&cwd, &root, buf, size, &reached);
		if (!IS_ERR(name) && !reached) {
			b.buf = buf;
			b.start = name;
			name = prepend(&b, unreachable, sizeof(unreachable) - 1)
				       ? b.start
				       : ERR_PTR(-ENAMETOOLONG);
		}
	}
	path_put(&cwd);
	path_put(&root);
	return name;
}
