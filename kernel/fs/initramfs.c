/*
 * Unpacking the initramfs: cpio archives ("newc", and "crc") one behind the other, each plain or in
 * gzip, with zero bytes between (Linux:
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * The bytes come from memory or from the decompressor in pieces of any length; a small machine
 * takes them in: header, name, data, padding. Nothing in the archive is trusted: what makes no
 * sense ends the unpacking with -EINVAL, what was made stays.
 */
#include "fs/internal.h"

#include "lib/inflate.h"

#define HEADER_SIZE 110u
#define MAGIC_NEWC "070701"
#define MAGIC_CRC "070702"
/* So much is taken in at once; then its memory may be given back. */
#define PIECE (64u << 10)
/* The decompressor may have read so many bytes more than it used. */
#define READ_AHEAD 16u

enum state { IN_PADDING, IN_HEADER, IN_NAME, IN_DATA, IN_TARGET, IN_SKIP };

/* Names of files with several links, until all have come. */
struct hard_link {
	struct list_head node;
	u32 ino, major, minor;
	char name[];
};

struct unpacker {
	enum state state, after_skip;
	u32 want, have; /* bytes that the state collects in buf, or passes on */
	u64 offset;     /* in the archive: alignment counts from its start */
	u32 ino, mode, uid, gid, nlink, mtime, size, major, minor, rmajor, rminor, name_size;
	struct file *file; /* being written */
	loff_t pos;
	struct list_head links;
	int error;
	const u8 *start; /* of all that is unpacked */
	void (*used)(size_t bytes);
	char buf[PATH_MAX + HEADER_SIZE];
};

static u32 hex8(const char *s, bool *bad)
{
	u32 v = 0;

	for (unsigned i = 0; i < 8; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (u32)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (u32)((c | 32) - 'a' + 10);
		else
			*bad = true;
	}
	return v;
}

/* Collect @n bytes in buf for @state. */
static void collect(struct unpacker *u, enum state state, u32 n)
{
	u->state = state;
	u->want = n;
	u->have = 0;
}

/* Pass over the padding to a multiple of 4, @extra bytes more, and go to @next. */
static void skip_to(struct unpacker *u, enum state next, u32 extra)
{
	u32 pad = (u32)(-(u->offset + extra) & 3);

	u->after_skip = next;
	u->state = IN_SKIP;
	u->want = extra + pad;
	u->have = 0;
}

static void next_member(struct unpacker *u)
{
	skip_to(u, IN_PADDING, 0);
}

static int parse_header(struct unpacker *u)
{
	u32 *const fields[] = {&u->ino,   &u->mode,   &u->uid,    &u->gid,
			       &u->nlink, &u->mtime,  &u->size,   &u->major,
			       &u->minor, &u->rmajor, &u->rminor, &u->name_size};
	bool bad = memcmp(u->buf, MAGIC_NEWC, 6) && memcmp(u->buf, MAGIC_CRC, 6);

	for (unsigned i = 0; i < ARRAY_SIZE(fields) && !bad; i++)
		*fields[i] = hex8(u->buf + 6 + 8 * i, &bad);
	if (bad || !u->name_size || u->name_size > PATH_MAX)
		return -EINVAL;
	collect(u, IN_NAME, u->name_size);
	return 0;
}

/* ---- what a member becomes ---- */

static struct hard_link *find_link(struct unpacker *u)
{
	struct hard_link *l;

	list_for_each_entry(l, &u->links, node) {
		if (l->ino == u->ino && l->major == u->major && l->minor == u->minor)
			return l;
	}
	return NULL;
}

static void remember_link(struct unpacker *u)
{
	struct hard_link *l = kmalloc(sizeof(*l) + u->name_size + 1, GFP_KERNEL);

	if (!l)
		return; /* the next name becomes a file of its own */
	l->ino = u->ino;
	l->major = u->major;
	l->minor = u->minor;
	memcpy(l->name, u->buf, u->name_size);
	l->name[u->name_size] = '\0';
	list_add(&l->node, &u->links);
}

static void forget_links(struct unpacker *u)
{
	struct hard_link *l, *next;

	list_for_each_entry_safe(l, next, &u->links, node)
		kfree(l);
	list_init(&u->links);
}

static void set_attributes(const struct path *path, const struct unpacker *u)
{
	struct timespec64 times[2] = {{u->mtime, 0}, {u->mtime, 0}};

	vfs_chown(path, u->uid, u->gid);
	if (!S_ISLNK(u->mode))
		vfs_chmod(path, u->mode & S_IALLUGO);
	vfs_utimes(path, times);
}

static void set_attributes_of(const struct unpacker *u, const char *name)
{
	struct path path;

	if (path_lookup(AT_FDCWD, name, 0, &path))
		return;
	set_attributes(&path, u);
	path_put(&path);
}

/* A name may come twice: the later member wins, unless both are directories. */
static void clean_place(const char *name, u32 mode)
{
	struct path path;
	u32 old;

	if (path_lookup(AT_FDCWD, name, 0, &path))
		return;
	old = path.dentry->inode->mode;
	path_put(&path);
	if ((old & S_IFMT) == (mode & S_IFMT) && S_ISDIR(mode))
		return;
	if (S_ISDIR(old))
		vfs_rmdirat(AT_FDCWD, name);
	else
		vfs_unlinkat(AT_FDCWD, name);
}

static int start_file(struct unpacker *u, const char *name)
{
	struct hard_link *l = u->nlink > 1 ? find_link(u) : NULL;
	int flags = O_WRONLY | O_CREAT | O_LARGEFILE;

	if (l) { /* the data may come with any of the names */
		clean_place(name, 0);
		if (!vfs_linkat(AT_FDCWD, l->name, AT_FDCWD, name, 0) && !u->size)
			return 0;
	} else {
		clean_place(name, 0);
		if (u->nlink > 1)
			remember_link(u);
	}
	u->file = file_open(AT_FDCWD, name, flags, u->mode & S_IALLUGO);
	if (IS_ERR(u->file)) {
		int err = (int)PTR_ERR(u->file);

		u->file = NULL;
		return err;
	}
	u->pos = 0;
	return 0;
}

static void finish_file(struct unpacker *u)
{
	if (!u->file)
		return;
	set_attributes(&u->file->path, u);
	fput(u->file);
	u->file = NULL;
}

static int make_special(struct unpacker *u, const char *name)
{
	kdev_t dev = MKDEV(u->rmajor, u->rminor);
	int err;

	clean_place(name, u->mode);
	if (S_ISDIR(u->mode)) {
		err = vfs_mkdirat(AT_FDCWD, name, u->mode & S_IALLUGO);
		if (err == -EEXIST)
			err = 0;
	} else {
		err = vfs_mknodat(AT_FDCWD, name, u->mode, dev);
	}
	if (!err)
		set_attributes_of(u, name);
	return err;
}

/* buf has the name. */
static int take_name(struct unpacker *u)
{
	const char *name = u->buf;
	int err;

	u->buf[u->name_size] = '\0';
	if (!strcmp(name, "TRAILER!!!")) {
		forget_links(u);
		skip_to(u, IN_PADDING, 0);
		return 0;
	}
	switch (u->mode & S_IFMT) {
	case S_IFREG:
		err = start_file(u, name);
		if (err)
			pr_warn("initramfs: %s: error %d\n", name, err);
		if (err == -ENOSPC || err == -ENOMEM)
			return err;
		skip_to(u, IN_DATA, 0);
		return 0;
	case S_IFLNK:
		if (!u->size || u->size >= PATH_MAX || u->name_size + 1 + u->size >= sizeof(u->buf))
			return -EINVAL;
		skip_to(u, IN_TARGET, 0);
		return 0;
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		err = make_special(u, name);
		if (err)
			pr_warn("initramfs: %s: error %d\n", name, err);
		break;
	default: break; /* an archive of something else: its data is passed over */
	}
	skip_to(u, IN_PADDING, 0);
	u->want += ALIGN_UP(u->size, 4);
	return 0;
}

/* buf has the name, a NUL, and the target. */
static int take_target(struct unpacker *u)
{
	char *target = u->buf + u->name_size + 1;
	int err;

	target[u->size] = '\0';
	clean_place(u->buf, u->mode);
	err = vfs_symlinkat(target, AT_FDCWD, u->buf);
	if (!err)
		set_attributes_of(u, u->buf);
	else
		pr_warn("initramfs: %s: error %d\n", u->buf, err);
	next_member(u);
	return 0;
}

/* ---- the machine ---- */

/* Begin the state that follows a skip. */
static void enter(struct unpacker *u, enum state state)
{
	switch (state) {
	case IN_DATA: collect(u, IN_DATA, u->size); break;
	case IN_TARGET:
		u->state = IN_TARGET;
		u->want = u->size;
		u->have = 0;
		break;
	default:
		u->state = state;
		u->want = u->have = 0;
		break;
	}
}

static int finish_state(struct unpacker *u)
{
	switch (u->state) {
	case IN_HEADER: return parse_header(u);
	case IN_NAME: return take_name(u);
	case IN_DATA:
		finish_file(u);
		next_member(u);
		return 0;
	case IN_TARGET: return take_target(u);
	default: enter(u, u->after_skip); return 0;
	}
}

static int use_bytes(struct unpacker *u, const u8 *data, size_t n)
{
	ssize_t written;

	switch (u->state) {
	case IN_HEADER:
	case IN_NAME: memcpy(u->buf + u->have, data, n); break;
	case IN_TARGET: memcpy(u->buf + u->name_size + 1 + u->have, data, n); break;
	case IN_DATA:
		if (!u->file)
			break;
		written = file_write_kernel(u->file, data, n, &u->pos);
		if (written != (ssize_t)n)
			return written < 0 ? (int)written : -ENOSPC;
		break;
	default: break;
	}
	return 0;
}

/* Take @n bytes in; u->error remembers the first failure. */
static int unpack_bytes(struct unpacker *u, const u8 *data, size_t n)
{
	while (n && !u->error) {
		size_t chunk;

		if (u->state == IN_PADDING) { /* between members and archives there may be zeros */
			if (*data) {
				collect(u, IN_HEADER, HEADER_SIZE);
				u->offset = 0;
				continue;
			}
			data++;
			n--;
			u->offset++;
			continue;
		}
		chunk = MIN(n, (size_t)(u->want - u->have));
		u->error = use_bytes(u, data, chunk);
		data += chunk;
		n -= chunk;
		u->have += (u32)chunk;
		u->offset += chunk;
		while (!u->error && u->state != IN_PADDING && u->have == u->want)
			u->error = finish_state(u);
		cond_resched();
	}
	return u->error;
}

/* ---- gzip ---- */

/* Nothing before @at is read again. */
static void give_back(struct unpacker *u, const u8 *at)
{
	if (u->used)
		u->used((size_t)(at - u->start));
}

struct gzip_source {
	const u8 *data;
	size_t left;
	struct unpacker *unpacker;
};

static ssize_t gzip_fill(void *arg, const u8 **data)
{
	struct gzip_source *s = arg;
	size_t n = MIN(s->left, (size_t)PIECE);

	if ((size_t)(s->data - s->unpacker->start) > READ_AHEAD)
		give_back(s->unpacker, s->data - READ_AHEAD);
	*data = s->data;
	s->data += n;
	s->left -= n;
	return (ssize_t)n;
}

static int gzip_flush(void *arg, const u8 *data, size_t len)
{
	struct gzip_source *s = arg;

	return unpack_bytes(s->unpacker, data, len);
}

/* One gzip member at @data: how many bytes it took, or -errno. */
static ssize_t unpack_gzip(struct unpacker *u, const u8 *data, size_t len)
{
	struct gzip_source source = {data, len, u};
	struct inflate_io io = {gzip_fill, gzip_flush, &source};
	struct inflate *z = kvmalloc(sizeof(*z), GFP_KERNEL);
	ssize_t result;
	int err;

	if (!z)
		return -ENOMEM;
	err = inflate_gzip(z, &io);
	result = err ? err : (ssize_t)z->consumed;
	kvfree(z);
	return result;
}

static int unpack_all(struct unpacker *u, const u8 *data, size_t len)
{
	while (len) {
		ssize_t n;

		if (u->state == IN_PADDING && *data == 0) {
			n = 1;
		} else if (u->state == IN_PADDING && len > 2 && data[0] == 0x1f &&
			   data[1] == 0x8b) {
			n = unpack_gzip(u, data, len);
			if (n > 0 && u->state != IN_PADDING)
				return -ENODATA; /* the compressed archive ended in the middle of a member */
		} else if (u->state == IN_PADDING && *data != '0') {
			return -EINVAL;
		} else { /* a plain archive: piece by piece, so that a compressed one may follow */
			u32 piece = u->state == IN_PADDING ? HEADER_SIZE : u->want - u->have;

			n = (ssize_t)MIN(len, (size_t)MIN(piece, PIECE));
			unpack_bytes(u, data, (size_t)n);
			give_back(u, data + n);
		}
		if (u->error)
			return u->error;
		if (n <= 0)
			return n ? (int)n : -EINVAL;
		data += n;
		len -= (size_t)n;
	}
	return u->state == IN_PADDING ? 0 : -ENODATA;
}

int initramfs_unpack(const void *data, size_t len, void (*used)(size_t bytes))
{
	struct unpacker *u = kmalloc(sizeof(*u), GFP_KERNEL);
	u32 umask = current->fs->umask;
	int err;

	if (!u)
		return -ENOMEM;
	memset(u, 0, sizeof(*u));
	u->state = IN_PADDING;
	u->start = data;
	u->used = used;
	list_init(&u->links);
	current->fs->umask = 0;
	err = unpack_all(u, data, len);
	current->fs->umask = umask;
	finish_file(u);
	forget_links(u);
	kfree(u);
	return err;
}
