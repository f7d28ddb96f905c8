/*
 * Path lookup (path_resolution(7)).
 *
 * A walk goes from dentry to dentry under RCU: no locks, no references. What it saw was right if
 * the namespace sequence (renames, mounts) did not change meanwhile; else it starts again. Where it
 * must sleep (a name that is not cached, a link that is not in memory) it first takes references of
 * the directory where it stands: its anchor; from there it goes on under RCU with a fresh sequence.
 * At the end it takes references of the place that it found.
 *
 * -ECHILD means inside this file: start again.
 */
#include "fs/internal.h"

struct walk {
	struct path at;       /* where it stands */
	struct path root;     /* not referenced: read again after each sleep */
	struct path anchor;   /* referenced; mnt NULL: none */
	struct dentry *extra; /* referenced: the last dentry that had to be looked up */
	unsigned flags;
	u32 seq;
	bool own_root; /* LOOKUP_IN_ROOT, LOOKUP_BENEATH: the root is where it started */
	bool trailing; /* a slash behind the last component */
	enum last_type last_type;
	const char *last;
	u32 last_len, last_hash;
	/*
	 * LOOKUP_PARENT with LOOKUP_FOLLOW: the last component, not referenced; dentry NULL:
	 * unknown
	 */
	struct path child;
	unsigned depth, links;
	const char *rest[MAX_LINKS];   /* what follows the links that it is inside of */
	struct inode *held[MAX_LINKS]; /* the links whose text is in use */
};

static inline u32 seq_read(void)
{
	u32 seq;

	while (unlikely((seq = __atomic_load_n(&namespace_seq, __ATOMIC_ACQUIRE)) & 1))
		cpu_relax();
	return seq;
}

static inline bool seq_changed(const struct walk *w)
{
	smp_rmb();
	return unlikely(READ_ONCE(namespace_seq) != w->seq);
}

/* Somebody else may share our context and change it: two words are read under its lock then. */
static inline void read_context(const struct path *place, struct path *out)
{
	struct fs_context *c = current->fs;

	if (likely(atomic_read(&c->users) == 1)) {
		*out = *place;
		return;
	}
	spin_lock(&c->lock);
	*out = *place;
	spin_unlock(&c->lock);
}

static void read_root(struct walk *w)
{
	if (!w->own_root)
		read_context(&current->fs->root, &w->root);
}

/* Take references of where we stand, so that we may sleep. */
static int walk_anchor(struct walk *w)
{
	if (w->anchor.mnt == w->at.mnt && w->anchor.dentry == w->at.dentry)
		return seq_changed(w) ? -ECHILD : 0;
	if (!mount_get_unless_dead(w->at.mnt))
		return -ECHILD;
	if (!dentry_get_unless_dead(w->at.dentry)) {
		mount_put(w->at.mnt);
		return -ECHILD;
	}
	if (unlikely(w->anchor.mnt))
		path_put(&w->anchor);
	w->anchor = w->at;
	return seq_changed(w) ? -ECHILD : 0;
}

/* After a sleep at the anchor. */
static void walk_resume(struct walk *w)
{
	w->seq = seq_read();
	read_root(w);
}

static noinline void walk_release(struct walk *w)
{
	while (w->links)
		inode_put(w->held[--w->links]);
	dentry_put(w->extra);
	w->extra = NULL;
	if (w->anchor.mnt)
		path_put(&w->anchor);
	w->anchor.mnt = NULL;
	w->anchor.dentry = NULL;
}

static inline void walk_end(struct walk *w)
{
	if (unlikely(w->links || w->extra || w->anchor.mnt))
		walk_release(w);
}

/* Ask the file system. */
static noinline struct dentry *walk_slow(struct walk *w, const char *name, u32 len)
{
	struct dentry *d, *old;
	struct inode *dir;
	int err;

	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	err = walk_anchor(w);
	if (err)
		return ERR_PTR(err);
	dir = w->at.dentry->inode;
	if (unlikely(!dir))
		return ERR_PTR(-ECHILD);
	down_write(&dir->lock);
	d = dentry_lookup(w->at.dentry, name, len);
	up_write(&dir->lock);
	if (!IS_ERR(d)) {
		old = w->extra;
		w->extra = d;
		dentry_put(old);
	}
	walk_resume(w);
	return d;
}

/* From a covered dentry to what covers it. */
static __always_inline int cross_down(const struct walk *w, struct path *p)
{
	while (unlikely(READ_ONCE(p->dentry->flags) & DENTRY_MOUNTED)) {
		struct mount *m = mount_find_child(p->mnt, p->dentry);

		if (!m)
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		p->mnt = m;
		p->dentry = m->root;
	}
	return 0;
}

static int walk_up(struct walk *w)
{
	for (;;) {
		struct mount *mnt = w->at.mnt;
		struct dentry *mountpoint;

		if (w->at.dentry == w->root.dentry && mnt == w->root.mnt)
			return w->flags & LOOKUP_BENEATH ? -EXDEV : 0;
		if (w->at.dentry != mnt->root) {
			w->at.dentry = READ_ONCE(w->at.dentry->parent);
			return cross_down(w, &w->at);
		}
		mountpoint = READ_ONCE(mnt->mountpoint);
		if (mnt->parent == mnt || !mountpoint)
			return 0;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		w->at.mnt = READ_ONCE(mnt->parent);
		w->at.dentry = mountpoint;
	}
}

static inline int may_traverse(struct inode *dir)
{
	if (likely((dir->mode & 0111) == 0111 && (!dir->op || !dir->op->permission)))
		return 0;
	return inode_permission(dir, MAY_EXEC);
}

/* A magic link jumps; the place comes with references. */
static int walk_jump(struct walk *w, struct inode *link)
{
	struct path to;
	int err;

	if (w->flags & (LOOKUP_NO_MAGICLINKS | LOOKUP_BENEATH | LOOKUP_IN_ROOT))
		return w->flags & LOOKUP_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	err = link->op->follow_link(link, &to);
	if (err)
		return err;
	if (w->anchor.mnt)
		path_put(&w->anchor);
	w->anchor = to;
	w->at = to;
	walk_resume(w);
	return 0;
}

/*
 * Enter the symbolic link @link, found in the directory where we stand; @rest of the path follows
 * it. *@name: where to go on. Its inode is held until the walk ends: its text is walked.
 */
static noinline int walk_link(struct walk *w, struct inode *link, const char *rest,
			      const char **name)
{
	const char *body;
	int err;

	if (w->flags & LOOKUP_NO_SYMLINKS || w->links >= MAX_LINKS)
		return -ELOOP;
	if (!inode_get_unless_zero(link))
		return -ECHILD;
	w->held[w->links++] = link;
	if (*rest || !w->depth)
		w->rest[w->depth++] = rest;
	body = link->link;
	if (!body) {
		err = walk_anchor(w);
		if (err)
			return err;
		if (link->op->follow_link) {
			*name = "";
			return walk_jump(w, link);
		}
		body = link->op->get_link(link);
		walk_resume(w);
		if (IS_ERR(body))
			return (int)PTR_ERR(body);
	}
	if (!*body)
		return -ENOENT;
	if (*body == '/') {
		if (w->flags & LOOKUP_BENEATH)
			return -EXDEV;
		w->at = w->root;
	}
	*name = body;
	return 0;
}

/* Is there anything behind the end of the text that is being walked? */
static inline bool more_follows(const struct walk *w)
{
	return w->depth > 1 || (w->depth == 1 && *w->rest[0]);
}

/*
 * One component of a path: where it begins, its length and hash. The end: the first
 * character behind it.
 */
struct component {
	const char *start;
	u32 len, hash;
};

static inline const char *scan_component(const char *name, struct component *c)
{
	u32 hash = NAME_HASH_INIT;

	c->start = name;
	for (;; name++) {
		u8 ch = (u8)*name;

		if (unlikely(ch <= '/') &&
		    (ch == '/' ||
		     !ch)) /* most characters are above the slash: one comparison each */
			break;
		hash = name_hash_step(hash, ch);
	}
	c->len = (u32)(name - c->start);
	c->hash = hash;
	return name;
}

/* The walk of a parent directory has come to the last component of the path. */
static inline void found_last(struct walk *w, const struct component *c)
{
	w->last_type = LAST_NAME;
	w->last = c->start;
	w->last_len = c->len;
	w->last_hash = c->hash;
}

/*
 * LOOKUP_PARENT: the last component @c, in the directory @at. True: nothing needs a second look. With
 * LOOKUP_FOLLOW that is a name which is cached and no link, or known to be absent.
 */
static inline bool last_cached(struct walk *w, const struct path *at, const struct component *c)
{
	struct dentry *d;
	struct inode *inode;

	found_last(w, c);
	if (!(w->flags & LOOKUP_FOLLOW))
		return likely(c->len <= NAME_MAX);
	d = dentry_find_rcu(at->dentry, c->start, c->len, c->hash);
	if (!d || unlikely(READ_ONCE(d->flags) & (DENTRY_REVALIDATE | DENTRY_MOUNTED)))
		return false;
	inode = READ_ONCE(d->inode);
	if (inode) {
		if (unlikely(S_ISLNK(inode->mode)))
			return false;
		w->child.mnt = at->mnt;
		w->child.dentry = d;
	}
	return true;
}

/* A directory that everybody may search: most are. */
static inline bool is_open_directory(const struct inode *inode)
{
	return likely((inode->mode & (S_IFMT | 0111)) == (S_IFDIR | 0111)) &&
	       likely(!inode->op || !inode->op->permission);
}

/*
 * The way of nearly all paths, as far as it goes: names that are cached and need no second look, of
 * directories and of mount points, and what stands last unless a link continues. No dots, no links.
 * Returns where the rest of the path begins; w->at is the place that it is relative to. NULL: the
 * end was reached.
 */
static noinline const char *walk_cached(struct walk *w, const char *name)
{
	struct path at = w->at;
	struct inode *inode = READ_ONCE(at.dentry->inode);

	for (;;) {
		struct path next;
		struct component c;
		const char *end;

		while (*name == '/')
			name++;
		if ((u8)*name <= '.') /* also a slash at the end */
			break;
		if (unlikely(!inode) ||
		    (!is_open_directory(inode) && (!S_ISDIR(inode->mode) || may_traverse(inode))))
			break;
		end = scan_component(name, &c);
		if (*end) {
			if ((u8)end[1] <= '/')
				break;
		} else if (w->depth) {
			break;
		} else if (w->flags & LOOKUP_PARENT) {
			if (!last_cached(w, &at, &c))
				break;
			w->at = at;
			return NULL;
		}
		next.mnt = at.mnt;
		next.dentry = dentry_find_rcu(at.dentry, c.start, c.len, c.hash);
		if (unlikely(!next.dentry) ||
		    unlikely(READ_ONCE(next.dentry->flags) & DENTRY_REVALIDATE) ||
		    cross_down(w, &next))
			break;
		inode = READ_ONCE(next.dentry->inode);
		if (unlikely(!inode) || unlikely(S_ISLNK(inode->mode)))
			break;
		at = next;
		name = end;
		if (!*name) {
			w->at = at;
			return NULL;
		}
	}
	w->at = at;
	return name;
}

/* "." and "..": 1: the walk ends here, 0: it goes on, or an error. */
static noinline int walk_dots(struct walk *w, u32 len, bool last)
{
	int err;

	w->last_type = len == 1 ? LAST_DOT : LAST_DOTDOT;
	if (last && (w->flags & LOOKUP_PARENT))
		return 1;
	if (len == 2) {
		err = walk_up(w);
		if (err)
			return err;
	}
	return last;
}

/* => walk_cached() went as far as it could */
static noinline int walk(struct walk *w, const char *name)
{
	for (;;) {
		struct dentry *d;
		struct inode *dir, *inode;
		struct component c;
		struct path next;
		bool last;
		int err;

		while (*name == '/')
			name++;
		if (unlikely(!*name)) {
			if (!w->depth) {
				w->last_type = LAST_ROOT;
				w->last = "";
				w->last_len = 0;
				return 0;
			}
			name = w->rest[--w->depth];
			continue;
		}
		dir = READ_ONCE(w->at.dentry->inode);
		if (unlikely(!dir || !S_ISDIR(dir->mode)))
			return dir ? -ENOTDIR : -ENOENT;
		err = may_traverse(dir);
		if (unlikely(err))
			return err;

		name = scan_component(name, &c);
		last = !*name && !more_follows(w);
		if (*name) {
			while (*name == '/')
				name++;
			last = !*name && !more_follows(w);
			w->trailing |= last;
		}
		if (unlikely(c.start[0] == '.') &&
		    (c.len == 1 || (c.len == 2 && c.start[1] == '.'))) {
			err = walk_dots(w, c.len, last);
			if (err)
				return err < 0 ? err : 0;
			continue;
		}
		if (last) {
			found_last(w, &c);
			if ((w->flags & (LOOKUP_PARENT | LOOKUP_FOLLOW)) == LOOKUP_PARENT)
				return c.len > NAME_MAX ? -ENAMETOOLONG : 0;
		}

		d = dentry_find_rcu(w->at.dentry, c.start, c.len, c.hash);
		if (unlikely(!d) ||
		    (unlikely(READ_ONCE(d->flags) & DENTRY_REVALIDATE) && !d->op->revalidate(d))) {
			d = walk_slow(w, c.start, c.len);
			if (IS_ERR(d))
				return (int)PTR_ERR(d);
		}
		next.mnt = w->at.mnt;
		next.dentry = d;
		inode = READ_ONCE(d->inode);
		if (unlikely(!inode)) {
			if (!last || !(w->flags & LOOKUP_PARENT))
				return -ENOENT;
			return 0; /* to be created */
		}
		if (unlikely(READ_ONCE(d->flags) & DENTRY_MOUNTED)) {
			err = cross_down(w, &next);
			if (err)
				return err;
			inode = READ_ONCE(next.dentry->inode);
		}
		if (unlikely(S_ISLNK(inode->mode)) &&
		    (!last || w->trailing || (w->flags & LOOKUP_FOLLOW))) {
			if (last && (w->flags & LOOKUP_PARENT) && inode->op->follow_link) {
				w->child = next; /* the caller opens what it finds there */
				return 0;
			}
			err = walk_link(w, inode, name, &name);
			if (err)
				return err;
			name = walk_cached(w, name); /* not to the end: it is in a link */
			continue;
		}
		if (last) {
			if (w->flags & LOOKUP_PARENT)
				w->child = next;
			else
				w->at = next;
			return 0;
		}
		w->at = next;
	}
}

/* Where a walk of @name begins. @fd: to be put at its end. */
static __always_inline int walk_start(struct walk *w, int dirfd, const char *name,
				      struct fd_ref *fd)
{
	w->seq = seq_read();
	w->depth = 0;
	w->trailing = false;
	w->child.dentry = NULL;
	w->own_root = false;
	read_root(w);
	if (*name == '/' && !(w->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT))) {
		w->at = w->root;
		return 0;
	}
	if (dirfd == AT_FDCWD) {
		read_context(&current->fs->cwd, &w->at);
	} else {
		if (!fd->file)
			*fd = fdget_raw(dirfd);
		if (!fd->file)
			return -EBADF;
		w->at = fd->file->path;
		if (*name && !dentry_is_dir(w->at.dentry))
			return -ENOTDIR;
	}
	if (unlikely(w->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT))) {
		if (*name == '/' && (w->flags & LOOKUP_BENEATH))
			return -EXDEV;
		w->own_root = true;
		w->root = w->at;
	}
	return 0;
}

/*
 * The attributes of where we stand, without a reference. False: the file system must be asked in
 * another way, or the name was removed meanwhile, and its inode was perhaps about to go when we
 * looked at it.
 */
static bool walk_getattr(const struct walk *w, struct kstat *out)
{
	struct inode *inode = READ_ONCE(w->at.dentry->inode);

	if (unlikely(!inode) || (inode->op && inode->op->getattr && !inode->op->getattr_rcu) ||
	    vfs_getattr(&w->at, out))
		return false;
	smp_rmb(); /* the attributes before the second look: removing does the opposite */
	return likely(READ_ONCE(w->at.dentry->inode) == inode) &&
	       likely(!(atomic_read(&w->at.dentry->refs) & DENTRY_DEAD));
}

/*
 * Walk until nothing interferes: then the place, anchored, or the error that stands. The caller
 * ends the walk. With @stat its attributes; no anchor: they are there, and nothing else is needed.
 */
static __always_inline int walk_run(struct walk *w, int dirfd, const char *name, struct fd_ref *fd,
				    struct kstat *stat)
{
	int err;

	w->anchor.mnt = NULL;
	w->anchor.dentry = NULL;
	w->extra = NULL;
	w->links = 0;
	for (;;) {
		err = walk_start(w, dirfd, name, fd);
		if (!err) {
			const char *rest = walk_cached(w, name);

			if (unlikely(rest))
				err = walk(w, rest);
		}
		if (!err && stat && walk_getattr(w, stat) && !seq_changed(w)) {
			walk_end(w);
			return 0;
		}
		if (!err)
			err = walk_anchor(w);
		if (!err && unlikely(!w->at.dentry->inode))
			err = -ECHILD; /* removed just before we held it */
		if (err != -ECHILD && !seq_changed(w))
			return err;
		walk_release(w);
	}
}

static inline bool wants_directory(const struct walk *w)
{
	return unlikely((w->flags & LOOKUP_DIRECTORY) || w->trailing);
}

int path_getattr(int dirfd, const char *name, unsigned flags, struct kstat *out)
{
	struct fd_ref fd = {NULL, false};
	struct walk w;
	int err;

	if (unlikely(!*name) && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	w.flags = flags;
	err = walk_run(&w, dirfd, name, &fd, out);
	if (!err && unlikely(w.anchor.mnt))
		err = vfs_getattr(&w.anchor, out);
	if (!err && wants_directory(&w) && !S_ISDIR(out->mode))
		err = -ENOTDIR;
	walk_end(&w);
	if (fd.file)
		fdput(fd);
	return err;
}

int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct fd_ref fd = {NULL, false};
	struct walk w;
	int err;

	if (unlikely(!*name) && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	w.flags = flags;
	err = walk_run(&w, dirfd, name, &fd, NULL);
	if (likely(!err)) {
		if (wants_directory(&w) && !dentry_is_dir(w.at.dentry))
			err = -ENOTDIR;
	}
	if (likely(!err)) {
		*out = w.anchor;
		w.anchor.mnt = NULL;
	}
	walk_end(&w);
	if (fd.file)
		fdput(fd);
	return err;
}

/* The last component stays where it is if it ends there, and if it is no link's that @w holds. */
static void name_last(const struct walk *w, struct parent_lookup *out)
{
	out->len = w->last_len;
	out->hash = w->last_hash;
	out->name = w->last;
	if (unlikely(w->links || w->trailing)) {
		out->name = memcpy(out->copy, w->last, w->last_len);
		out->copy[w->last_len] = '\0';
	}
}

int path_parent(int dirfd, const char *name, unsigned flags, struct parent_lookup *out)
{
	struct fd_ref fd = {NULL, false};
	struct walk w;
	int err;

	if (!*name)
		return -ENOENT;
	w.flags = flags | LOOKUP_PARENT;
	for (;;) {
		err = walk_run(&w, dirfd, name, &fd, NULL);
		out->child.dentry = NULL;
		out->child.mnt = NULL;
		if (err || !w.child.dentry)
			break;
		if (mount_get_unless_dead(w.child.mnt)) {
			if (dentry_get_unless_dead(w.child.dentry)) {
				out->child = w.child;
				if (!seq_changed(&w) && w.child.dentry->inode)
					break;
				path_put(&out->child);
			} else {
				mount_put(w.child.mnt);
			}
		}
		walk_release(&w);
	}
	if (!err && !dentry_is_dir(w.at.dentry)) {
		if (out->child.dentry)
			path_put(&out->child);
		err = -ENOTDIR;
	}
	if (!err) {
		out->dir = w.anchor;
		w.anchor.mnt = NULL;
		out->type = w.last_type;
		out->trailing_slash = w.trailing;
		if (likely(w.last_type == LAST_NAME))
			name_last(&w, out);
	}
	walk_end(&w);
	if (fd.file)
		fdput(fd);
	return err;
}

void path_parent_put(struct parent_lookup *pl)
{
	if (pl->child.dentry)
		path_put(&pl->child);
	path_put(&pl->dir);
}
