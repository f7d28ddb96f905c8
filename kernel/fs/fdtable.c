/*
 * Descriptor tables.
 *
 * A table is an array of files and two bitmaps (in use, close on exec), plus a bitmap of full words
 * so that the search for the lowest free number skips 1,024 descriptors a step; next_fd is a lower
 * bound for it. It grows by doubling; the old arrays go after a grace period. Changes are made
 * under files->lock; lookups take no lock.
 *
 * While a table is not shared, only its task changes it, so a system call may use a file without a
 * reference (fdget). A file that leaves a shared table may still be in the hands of a lookup on
 * another CPU: it is freed after a grace period (FMODE_RCU_FREE).
 */
#include "fs/internal.h"

#include "lib/bitmap.h"

#define RLIMIT_NOFILE 7
#define NR_OPEN_MAX (1u << 20)

unsigned sysctl_nr_open = NR_OPEN_MAX;
static struct kmem_cache *files_cache;

/* ---- tables ---- */

static struct fdtable *table_alloc(unsigned max)
{
	size_t words = max / 32, full_words = (words + 31) / 32;
	struct fdtable *t = kmalloc(sizeof(*t), GFP_KERNEL);
	void *mem;

	if (!t)
		return NULL;
	mem = kvmalloc(max * sizeof(struct file *) + (2 * words + full_words) * sizeof(long),
		       GFP_KERNEL | __GFP_ZERO);
	if (!mem) {
		kfree(t);
		return NULL;
	}
	t->max = max;
	t->fd = mem;
	t->open = (unsigned long *)(t->fd + max);
	t->cloexec = t->open + words;
	t->full = t->cloexec + words;
	return t;
}

static void table_free(struct fdtable *t)
{
	kvfree(t->fd);
	kfree(t);
}

static void table_free_rcu(struct rcu_head *head)
{
	table_free(container_of(head, struct fdtable, rcu));
}

static void table_copy(struct fdtable *to, const struct fdtable *from)
{
	unsigned words = MIN(from->max, to->max) / 32, i;

	memcpy(to->fd, from->fd, words * 32 * sizeof(struct file *));
	memcpy(to->open, from->open, words * sizeof(long));
	memcpy(to->cloexec, from->cloexec, words * sizeof(long));
	for (i = 0; i < words; i++) {
		if (!~to->open[i])
			__set_bit(i, to->full);
	}
}

/* Make room for @fd. => files->lock held; it is dropped and taken again. 0, -EMFILE, -ENOMEM */
static int table_expand(struct files *f, unsigned fd)
{
	struct fdtable *new, *old;
	unsigned max;

	if (fd >= sysctl_nr_open)
		return -EMFILE;
	max = (unsigned)roundup_pow_of_two(fd + 1);
	if (max < 128)
		max = 128;
	spin_unlock(&f->lock);
	new = table_alloc(max);
	spin_lock(&f->lock);
	if (!new)
		return -ENOMEM;
	old = f->table;
	if (old->max >= max) {
		table_free(new);
		return 0;
	}
	table_copy(new, old);
	rcu_assign_pointer(f->table, new);
	if (old != &f->inline_table)
		call_rcu(&old->rcu, table_free_rcu);
	return 0;
}

static inline void mark_open(struct fdtable *t, unsigned fd, bool cloexec)
{
	unsigned word = fd / 32;

	__set_bit(fd, t->open);
	if (unlikely(!~t->open[word]))
		__set_bit(word, t->full);
	if (cloexec)
		__set_bit(fd, t->cloexec);
	else
		__clear_bit(fd, t->cloexec);
}

static inline void mark_free(struct files *f, unsigned fd)
{
	struct fdtable *t = f->table;

	if (unlikely(!~t->open[fd / 32]))
		__clear_bit(fd / 32, t->full);
	__clear_bit(fd, t->open);
	if (fd < f->next_fd)
		f->next_fd = fd;
}

/* The lowest free number >= @min; may be t->max or more. */
static unsigned find_free(const struct fdtable *t, unsigned min)
{
	unsigned word = min / 32;
	unsigned long bits;

	if (min >= t->max)
		return min;
	bits = t->open[word] | (BIT(min % 32) - 1);
	if (~bits)
		return word * 32 + bit_lowest(~bits);
	word = (unsigned)find_next_zero_bit(t->full, t->max / 32, word + 1);
	if (word >= t->max / 32)
		return t->max;
	return word * 32 + bit_lowest(~t->open[word]);
}

/* ---- struct files ---- */

static struct files *files_alloc(void)
{
	struct files *f;

	if (unlikely(!files_cache))
		files_cache = kmem_cache_create("files_cache", sizeof(struct files), 0, SLAB_PANIC);
	f = kmem_cache_alloc(files_cache, GFP_KERNEL);
	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->users = 1;
	spin_lock_init(&f->lock, RANK_FILES);
	f->inline_table.max = FD_INLINE;
	f->inline_table.fd = f->inline_fd;
	f->inline_table.open = &f->inline_bits[0];
	f->inline_table.cloexec = &f->inline_bits[1];
	f->inline_table.full = &f->inline_bits[2];
	f->table = &f->inline_table;
	return f;
}

struct files *files_new(void)
{
	return files_alloc();
}

/* Forget numbers that are reserved but not yet filled, and take references of the rest. */
static void table_take_references(struct files *f)
{
	struct fdtable *t = f->table;
	unsigned word, fd;

	for (word = 0; word < t->max / 32; word++) {
		unsigned long bits = t->open[word];

		while (bits) {
			fd = word * 32 + bit_lowest(bits);
			bits &= bits - 1;
			if (t->fd[fd])
				file_get(t->fd[fd]);
			else
				mark_free(f, fd);
		}
	}
}

struct files *files_copy(struct files *old, int *err)
{
	struct files *f = files_alloc();
	struct fdtable *t;
	unsigned need;

	*err = -ENOMEM;
	if (!f)
		return NULL;
	spin_lock(&old->lock);
	for (;;) {
		need = (unsigned)find_last_bit(old->table->open, old->table->max);
		need = need == old->table->max ? 0 : need + 1;
		if (need <= f->table->max)
			break;
		spin_unlock(&old->lock);
		t = table_alloc((unsigned)MAX(128ul, roundup_pow_of_two(need)));
		if (!t) {
			files_put(f);
			return NULL;
		}
		if (f->table != &f->inline_table)
			table_free(f->table);
		f->table = t;
		spin_lock(&old->lock);
	}
	table_copy(f->table, old->table);
	f->next_fd = old->next_fd;
	table_take_references(f);
	spin_unlock(&old->lock);
	*err = 0;
	return f;
}

void files_get(struct files *f)
{
	atomic_inc(&f->users);
}

/* Close the descriptors whose bits are in @which ("open" or "cloexec"), from @first to @last. */
static void close_marked(struct files *f, bool cloexec_only, unsigned first, unsigned last)
{
	unsigned word;

	spin_lock(&f->lock);
	for (word = first / 32; word < f->table->max / 32 && word <= last / 32; word++) {
		for (;;) {
			struct fdtable *t = f->table;
			unsigned long bits =
				t->open[word] & (cloexec_only ? t->cloexec[word] : ~0ul);
			struct file *file;
			unsigned fd;

			if (word == first / 32)
				bits &= ~(BIT(first % 32) - 1);
			if (word == last / 32 && last % 32 != 31)
				bits &= BIT(last % 32 + 1) - 1;
			while (bits && !t->fd[word * 32 + bit_lowest(bits)])
				bits &= bits - 1; /* reserved by somebody who is opening */
			if (!bits)
				break;
			fd = word * 32 + bit_lowest(bits);
			file = t->fd[fd];
			WRITE_ONCE(t->fd[fd], NULL);
			mark_free(f, fd);
			spin_unlock(&f->lock);
			file_close(file, f);
			spin_lock(&f->lock);
		}
	}
	spin_unlock(&f->lock);
}

void files_put(struct files *f)
{
	if (!f || !atomic_dec_and_test(&f->users))
		return;
	close_marked(f, false, 0, ~0u);
	if (f->table != &f->inline_table)
		table_free(f->table);
	kmem_cache_free(files_cache, f);
}

void files_close_on_exec(struct files *f)
{
	close_marked(f, true, 0, ~0u);
}

int files_unshare(void)
{
	struct files *old = current->files, *f;
	int err;

	if (atomic_read(&old->users) == 1)
		return 0;
	f = files_copy(old, &err);
	if (!f)
		return err;
	spin_lock(&current->alloc_lock);
	current->files = f;
	spin_unlock(&current->alloc_lock);
	files_put(old);
	return 0;
}

/* ---- lookups ---- */

void fdget_pos_lock(struct fd_ref *r)
{
	if (!r->need_put) { /* fdput_pos() must know that the lock is held */
		file_get(r->file);
		r->need_put = true;
	}
	mutex_lock(&r->file->pos_lock);
}

void fdput_pos_slow(struct fd_ref r)
{
	if (r.file->mode & FMODE_ATOMIC_POS)
		mutex_unlock(&r.file->pos_lock);
	fput(r.file);
}

struct file *fget_raw(int fd)
{
	struct files *f = current->files;
	struct file *file;

	for (;;) {
		file = files_lookup(f, (unsigned)fd);
		if (!file)
			return NULL;
		if (!atomic_inc_unless(&file->refs, 0))
			continue; /* being closed: the slot changes in a moment */
		if (likely(files_lookup(f, (unsigned)fd) == file))
			return file;
		fput(file);
	}
}

struct file *fget(int fd)
{
	struct file *file = fget_raw(fd);

	if (unlikely(file && (file->mode & FMODE_PATH))) {
		fput(file);
		return NULL;
	}
	return file;
}

/*
 * Another task's table, locked; NULL: it has none any more. It is held by its owner's lock and not
 * by a reference: who gave back the last one would have to close all files, and /proc asks with a
 * directory locked, or under RCU.
 */
static struct files *task_files_lock(struct task *t)
{
	struct files *f;

	spin_lock(&t->alloc_lock);
	f = t->files;
	if (f)
		spin_lock_nested(&f->lock);
	else
		spin_unlock(&t->alloc_lock);
	return f;
}

static void task_files_unlock(struct task *t, struct files *f)
{
	spin_unlock(&f->lock);
	spin_unlock(&t->alloc_lock);
}

static struct file *open_file(const struct files *f, int fd)
{
	return (unsigned)fd < f->table->max ? f->table->fd[fd] : NULL;
}

struct file *fget_task(struct task *t, int fd)
{
	struct files *f = task_files_lock(t);
	struct file *file;

	if (!f)
		return NULL;
	file = open_file(f, fd);
	if (file)
		file_get(file);
	task_files_unlock(t, f);
	return file;
}

u32 files_fd_mode(struct task *t, int fd)
{
	struct files *f = task_files_lock(t);
	struct file *file;
	u32 mode = 0;

	if (!f)
		return 0;
	file = open_file(f, fd);
	if (file)
		mode = file->mode;
	task_files_unlock(t, f);
	return mode;
}

int files_next_fd(struct task *t, int from)
{
	struct files *f = task_files_lock(t);
	int found = -1;

	if (!f)
		return -1;
	for (unsigned fd = (unsigned)from; fd < f->table->max; fd++) {
		fd = (unsigned)find_next_bit(f->table->open, f->table->max, fd);
		if (fd >= f->table->max)
			break;
		if (f->table->fd[fd]) {
			found = (int)fd;
			break;
		}
	}
	task_files_unlock(t, f);
	return found;
}

int files_fd_flags(struct task *t, int fd)
{
	struct files *f = task_files_lock(t);
	int flags = 0;

	if (!f)
		return 0;
	if ((unsigned)fd < f->table->max && test_bit((unsigned)fd, f->table->cloexec))
		flags = O_CLOEXEC;
	task_files_unlock(t, f);
	return flags;
}

unsigned files_max(struct task *t)
{
	struct files *f = task_files_lock(t);
	unsigned max = 0;

	if (f) {
		max = f->table->max;
		task_files_unlock(t, f);
	}
	return max;
}

/* ---- numbers ---- */

/* Any number; the table grows if it must. => f->lock held */
static noinline int reserve_locked(struct files *f, int min, unsigned long limit, unsigned flags)
{
	unsigned fd;
	int err;

	for (;;) {
		fd = find_free(f->table, MAX((unsigned)min, f->next_fd));
		if (fd >= limit) {
			err = -EMFILE;
			break;
		}
		if (likely(fd < f->table->max)) {
			mark_open(f->table, fd, flags & O_CLOEXEC);
			if ((unsigned)min <= f->next_fd)
				f->next_fd = fd + 1;
			err = (int)fd;
			break;
		}
		err = table_expand(f, fd);
		if (err)
			break;
	}
	return err;
}

int fd_reserve(int min, unsigned flags)
{
	unsigned long limit = fs_rlimit(RLIMIT_NOFILE);
	struct files *f = current->files;
	struct fdtable *t;
	unsigned fd;

	spin_lock(&f->lock);
	t = f->table;
	fd = f->next_fd;
	/* mostly the next number is free */
	if (likely(min == 0 && fd < limit && fd < t->max && !test_bit(fd, t->open))) {
		mark_open(t, fd, flags & O_CLOEXEC);
		f->next_fd = fd + 1;
	} else {
		fd = (unsigned)reserve_locked(f, min, limit, flags);
	}
	spin_unlock(&f->lock);
	return (int)fd;
}

void fd_install(int fd, struct file *file)
{
	struct files *f = current->files;

	if (likely(atomic_read(&f->users) == 1)) {
		f->table->fd[fd] = file;
		return;
	}
	spin_lock(&f->lock);
	__atomic_store_n(&f->table->fd[fd], file, __ATOMIC_RELEASE);
	spin_unlock(&f->lock);
}

void fd_unreserve(int fd)
{
	struct files *f = current->files;

	spin_lock(&f->lock);
	mark_free(f, (unsigned)fd);
	spin_unlock(&f->lock);
}

int fd_open_file(struct file *file, unsigned flags)
{
	int fd;

	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	fd = fd_reserve(0, flags);
	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

int fd_close(int fd)
{
	struct files *f = current->files;
	struct file *file = NULL;

	spin_lock(&f->lock);
	if ((unsigned)fd < f->table->max)
		file = f->table->fd[fd];
	if (file) {
		WRITE_ONCE(f->table->fd[fd], NULL);
		mark_free(f, (unsigned)fd);
	}
	spin_unlock(&f->lock);
	return file ? file_close(file, f) : -EBADF;
}

int fd_close_range(unsigned first, unsigned last, bool cloexec_only)
{
	struct files *f = current->files;

	if (!cloexec_only) {
		close_marked(f, false, first, last);
		return 0;
	}
	spin_lock(&f->lock);
	for (unsigned fd = first; fd <= last && fd < f->table->max; fd++) {
		if (f->table->fd[fd])
			__set_bit(fd, f->table->cloexec);
	}
	spin_unlock(&f->lock);
	return 0;
}

/* Put @file (its reference is taken over) at number @fd, closing what is there. */
int fd_replace(int fd, struct file *file, unsigned flags)
{
	struct files *f = current->files;
	struct file *old;
	int err = 0;

	if ((unsigned long)fd >= fs_rlimit(RLIMIT_NOFILE)) {
		fput(file);
		return -EBADF;
	}
	spin_lock(&f->lock);
	while ((unsigned)fd >= f->table->max && !err)
		err = table_expand(f, (unsigned)fd);
	if (!err && !f->table->fd[fd] && test_bit((unsigned)fd, f->table->open))
		err = -EBUSY; /* another thread is opening it right now */
	if (err) {
		spin_unlock(&f->lock);
		fput(file);
		return err;
	}
	old = f->table->fd[fd];
	__atomic_store_n(&f->table->fd[fd], file, __ATOMIC_RELEASE);
	mark_open(f->table, (unsigned)fd, flags & O_CLOEXEC);
	spin_unlock(&f->lock);
	if (old)
		file_close(old, f);
	return fd;
}

int fd_get_cloexec(int fd)
{
	struct files *f = current->files;
	int result = -EBADF;

	spin_lock(&f->lock);
	if ((unsigned)fd < f->table->max && f->table->fd[fd])
		result = test_bit((unsigned)fd, f->table->cloexec);
	spin_unlock(&f->lock);
	return result;
}

int fd_set_cloexec(int fd, bool on)
{
	struct files *f = current->files;
	int result = -EBADF;

	spin_lock(&f->lock);
	if ((unsigned)fd < f->table->max && f->table->fd[fd]) {
		if (on)
			__set_bit((unsigned)fd, f->table->cloexec);
		else
			__clear_bit((unsigned)fd, f->table->cloexec);
		result = 0;
	}
	spin_unlock(&f->lock);
	return result;
}
