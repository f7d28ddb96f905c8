/*
 * The fixed part of /proc: a tree of entries that any part of the kernel adds to, and the sysctls
 * among them. Entries are never removed, so that a pointer to one is always good. proc_entries_lock
 * guards the trees of children.
 */
#include "procfs.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define TEXT_MAX 4096

struct proc_entry proc_root = {.mode = S_IFDIR | 0555, .ino = 1};
spinlock_t proc_entries_lock = SPINLOCK_INIT(RANK_INODE_SPIN);
static u64 next_ino = 0xF0000000; /* above those of processes */

static int compare(const struct proc_entry *entry, const char *name, u32 len)
{
	int diff = strncmp(name, entry->name, len);

	return diff ? diff : entry->name[len] ? -1 : 0;
}

/* => proc_entries_lock */
static struct proc_entry *find_locked(struct proc_entry *dir, const char *name, u32 len)
{
	struct rb_node *node = dir->children.node;

	while (node) {
		struct proc_entry *entry = rb_entry(node, struct proc_entry, node);
		int diff = compare(entry, name, len);

		if (!diff)
			return entry;
		node = diff < 0 ? node->left : node->right;
	}
	return NULL;
}

struct proc_entry *proc_entry_find(struct proc_entry *dir, const char *name, u32 len)
{
	struct proc_entry *entry;

	spin_lock(&proc_entries_lock);
	entry = find_locked(dir, name, len);
	spin_unlock(&proc_entries_lock);
	return entry;
}

struct proc_entry *proc_entry_nth(struct proc_entry *dir, unsigned n)
{
	struct rb_node *node;

	spin_lock(&proc_entries_lock);
	for (node = rb_first(&dir->children); node && n; n--)
		node = rb_next(node);
	spin_unlock(&proc_entries_lock);
	return node ? rb_entry(node, struct proc_entry, node) : NULL;
}

static void insert_locked(struct proc_entry *dir, struct proc_entry *entry)
{
	struct rb_node **link = &dir->children.node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (compare(rb_entry(parent, struct proc_entry, node), entry->name,
			    (u32)strlen(entry->name)) < 0)
			link = &parent->left;
		else
			link = &parent->right;
	}
	rb_link_node(&entry->node, parent, link);
	rb_insert_color(&entry->node, &dir->children);
	entry->parent = dir;
	entry->ino = next_ino++;
	if (S_ISDIR(entry->mode))
		dir->subdirs++;
}

/*
 * The child @name of @dir, made if it is not there. NULL: no memory, or *@made false and another
 * kind is there.
 */
static struct proc_entry *add(struct proc_entry *dir, const char *name, u32 len, mode_t mode,
			      bool *made)
{
	struct proc_entry *entry = kzalloc(sizeof(*entry) + len + 1, GFP_KERNEL), *there;

	*made = false;
	if (!entry)
		return NULL;
	memcpy(entry->name, name, len);
	entry->mode = mode;
	spin_lock(&proc_entries_lock);
	there = find_locked(dir, name, len);
	if (!there)
		insert_locked(dir, entry);
	spin_unlock(&proc_entries_lock);
	if (there) {
		kfree(entry);
		return there;
	}
	*made = true;
	return entry;
}

/* The entry of @path, its directories made as needed. ERR_PTR(-ENOMEM, -EEXIST, -ENOTDIR) */
static struct proc_entry *create(const char *path, mode_t mode)
{
	struct proc_entry *dir = &proc_root, *entry;
	const char *slash;
	bool made;

	while ((slash = strchr(path, '/'))) {
		dir = add(dir, path, (u32)(slash - path), S_IFDIR | 0555, &made);
		if (!dir)
			return ERR_PTR(-ENOMEM);
		if (!S_ISDIR(dir->mode))
			return ERR_PTR(-ENOTDIR);
		path = slash + 1;
	}
	entry = add(dir, path, (u32)strlen(path), mode, &made);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	return made ? entry : ERR_PTR(-EEXIST);
}

int proc_register(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
		  void *data)
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->show = show;
	entry->data = data;
	return 0;
}

int proc_register_ops(const char *path, mode_t mode, const struct file_operations *op, void *data)
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->data = data;
	entry->op = op;
	return 0;
}

int proc_register_writable(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
			   int (*write)(struct proc_entry *entry, char *text))
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->show = show;
	entry->write = write;
	return 0;
}

int proc_register_link(const char *path, const char *target)
{
	struct proc_entry *entry = create(path, S_IFLNK | 0777);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->target = target;
	return 0;
}

/* ---- sysctls ---- */

static int show_uint(struct seq_file *m, void *v)
{
	struct proc_entry *entry = v;

	seq_printf(m, "%u\n", *(unsigned *)entry->data);
	return 0;
}

static int show_ulong(struct seq_file *m, void *v)
{
	struct proc_entry *entry = v;

	seq_printf(m, "%lu\n", *(unsigned long *)entry->data);
	return 0;
}

static int show_string(struct seq_file *m, void *v)
{
	struct proc_entry *entry = v;

	seq_printf(m, "%s\n", (char *)entry->data);
	return 0;
}

/* A number, alone or between blanks: decimal, 0x or octal as Linux reads it. 0 or -EINVAL */
static int parse_number(char *text, u64 *out)
{
	return *strim(text) == '+' || kstrtou64(strim(text), 0, out) ? -EINVAL : 0;
}

static int write_uint(struct proc_entry *entry, char *text)
{
	u64 n;

	if (parse_number(text, &n) || n < entry->min || n > entry->max)
		return -EINVAL;
	WRITE_ONCE(*(unsigned *)entry->data, (unsigned)n);
	if (entry->changed)
		entry->changed();
	return 0;
}

static int write_ulong(struct proc_entry *entry, char *text)
{
	u64 n;

	if (parse_number(text, &n) || n > ~0UL)
		return -EINVAL;
	WRITE_ONCE(*(unsigned long *)entry->data, (unsigned long)n);
	if (entry->changed)
		entry->changed();
	return 0;
}

static int write_string(struct proc_entry *entry, char *text)
{
	size_t len = strlen(text);

	if (len >= entry->max)
		len = entry->max - 1;
	spin_lock(&proc_entries_lock);
	memcpy(entry->data, text, len);
	((char *)entry->data)[len] = 0;
	spin_unlock(&proc_entries_lock);
	return 0;
}

int proc_register_uint(const char *path, mode_t mode, unsigned *value, unsigned min, unsigned max)
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->data = value;
	entry->min = min;
	entry->max = max;
	entry->write = write_uint;
	entry->show = show_uint;
	return 0;
}

void proc_on_change(const char *path, void (*changed)(void))
{
	struct proc_entry *entry = &proc_root;
	const char *slash;

	for (; entry && (slash = strchr(path, '/')); path = slash + 1)
		entry = proc_entry_find(entry, path, (u32)(slash - path));
	entry = entry ? proc_entry_find(entry, path, (u32)strlen(path)) : NULL;
	if (entry)
		entry->changed = changed;
}

int proc_register_ulong(const char *path, mode_t mode, unsigned long *value)
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->data = value;
	entry->write = write_ulong;
	entry->show = show_ulong;
	return 0;
}

int proc_register_string(const char *path, mode_t mode, char *buf, size_t size)
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->data = buf;
	entry->max = size;
	entry->write = write_string;
	entry->show = show_string;
	return 0;
}

static int write_text(struct proc_entry *entry, char *text)
{
	return entry->write_text(entry->data, text);
}

int proc_register_text(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
		       int (*write)(void *data, char *text), void *data)
{
	struct proc_entry *entry = create(path, S_IFREG | mode);

	if (IS_ERR(entry))
		return (int)PTR_ERR(entry);
	entry->data = data;
	entry->write_text = write;
	entry->write = write_text;
	entry->show = show;
	return 0;
}

/* ---- the files ---- */

static int entry_open(struct inode *inode, struct file *file)
{
	struct proc_entry *entry = proc_inode_of(inode)->entry;

	if ((file->mode & FMODE_WRITE) && !entry->write)
		return -EACCES;
	/* the mode of a sysctl holds for root too: sysctl(5) is no file of anybody's */
	if (entry->write && (((file->mode & FMODE_READ) && !(entry->mode & 0444)) ||
			     ((file->mode & FMODE_WRITE) && !(entry->mode & 0222))))
		return -EACCES;
	/* numbers and strings show their entry; other files what they were registered with */
	return single_open(file, entry->show,
			   entry->write && !entry->write_text ? (void *)entry : entry->data);
}

static ssize_t entry_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct proc_entry *entry = proc_inode_of(file->inode)->entry;
	size_t len = from->count;
	char *text;
	int err;

	if (!entry->write)
		return -EIO;
	if (!len || *pos)
		return (ssize_t)len; /* as Linux: a sysctl is written by the first write */
	if (len > TEXT_MAX)
		return -EINVAL;
	text = kmalloc(len + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	err = copy_from_iter(text, len, from) == len ? 0 : -EFAULT;
	if (!err) {
		text[len] = 0;
		if (text[len - 1] == '\n')
			text[len - 1] = 0;
		err = entry->write(entry, text);
	}
	kfree(text);
	if (err)
		return err;
	*pos += (loff_t)len;
	return (ssize_t)len;
}

const struct file_operations proc_entry_fops = {
	.open = entry_open,
	.read_iter = seq_read_iter,
	.write_iter = entry_write,
	.llseek = seq_llseek,
	.release = seq_release,
};
