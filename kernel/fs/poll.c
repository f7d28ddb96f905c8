/*
 * poll(2) and select(2).
 *
 * The first pass over the files hands a poll_table to each; its queue function puts an entry of
 * ours on every wait queue that the file names. If nothing was ready, we sleep until one of them is
 * woken, then look again without the table. An entry holds its file.
 */
#include "fs/poll.h"
#include "fs/internal.h"

#define INLINE_ENTRIES 6
#define ALWAYS (POLLERR | POLLHUP)
#define DEFAULT_EVENTS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct poll_waiter;
struct poll_entry {
	struct wait_entry wait;
	struct wait_queue *wq;
	struct file *file;
	struct poll_waiter *waiter;
	unsigned events;
};

struct poll_chunk {
	struct poll_chunk *next;
	unsigned count;
	struct poll_entry entries[];
};
#define CHUNK_ENTRIES ((PAGE_SIZE - sizeof(struct poll_chunk)) / sizeof(struct poll_entry))

struct poll_waiter {
	struct poll_table table;
	struct task *task;
	bool triggered;
	int error;
	unsigned events; /* asked of the file that is being looked at */
	unsigned count;  /* of the inline entries */
	struct poll_chunk *chunks;
	struct poll_entry entries[INLINE_ENTRIES];
};

unsigned vfs_poll(struct file *file, struct poll_table *pt)
{
	return file->op->poll ? file->op->poll(file, pt) : DEFAULT_EVENTS;
}

static bool poll_wake(struct wait_entry *wait, unsigned key)
{
	struct poll_entry *e = container_of(wait, struct poll_entry, wait);

	if (key && !(key & e->events))
		return false;
	WRITE_ONCE(e->waiter->triggered, true);
	smp_mb();
	return wake_up_task(e->waiter->task);
}

static struct poll_entry *new_entry(struct poll_waiter *w)
{
	struct poll_chunk *c = w->chunks;

	if (w->count < INLINE_ENTRIES)
		return &w->entries[w->count++];
	if (!c || c->count == CHUNK_ENTRIES) {
		c = get_free_pages(GFP_KERNEL, 0);
		if (!c)
			return NULL;
		c->next = w->chunks;
		c->count = 0;
		w->chunks = c;
	}
	return &c->entries[c->count++];
}

static void poll_queue(struct poll_table *pt, struct file *file, struct wait_queue *wq)
{
	struct poll_waiter *w = container_of(pt, struct poll_waiter, table);
	struct poll_entry *e = new_entry(w);

	if (!e) {
		w->error = -ENOMEM;
		return;
	}
	e->wait = (struct wait_entry){.task = w->task, .wake = poll_wake};
	list_init(&e->wait.node);
	e->wq = wq;
	e->waiter = w;
	e->events = w->events | ALWAYS;
	file_get(file);
	e->file = file;
	wait_queue_add(wq, &e->wait);
}

static void waiter_init(struct poll_waiter *w)
{
	w->table.queue = poll_queue;
	w->task = current;
	w->triggered = false;
	w->error = 0;
	w->count = 0;
	w->chunks = NULL;
}

static void free_entries(struct poll_entry *entries, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		wait_queue_remove(entries[i].wq, &entries[i].wait);
		fput(entries[i].file);
	}
}

static void waiter_free(struct poll_waiter *w)
{
	struct poll_chunk *c;

	free_entries(w->entries, w->count);
	while ((c = w->chunks)) {
		w->chunks = c->next;
		free_entries(c->entries, c->count);
		put_free_pages(c, 0);
	}
}

/* Sleep until an entry is woken: 0, -ETIMEDOUT */
static int waiter_sleep(struct poll_waiter *w, u64 deadline)
{
	int err = 0;

	set_current_state(TASK_INTERRUPTIBLE);
	if (!READ_ONCE(w->triggered) && !signal_pending(current))
		err = schedule_until(deadline);
	set_current_state(TASK_RUNNING);
	WRITE_ONCE(w->triggered, false);
	smp_mb();
	return err;
}

/*
 * Look at everything, then sleep, until something is ready. @scan: how many are ready, or -errno;
 * it passes w->table on while @pt is not NULL.
 */
static int poll_loop(struct poll_waiter *w, u64 deadline,
		     int (*scan)(struct poll_waiter *w, struct poll_table *pt, void *arg),
		     void *arg)
{
	struct poll_table *pt = deadline ? &w->table : NULL;
	bool timed_out = !deadline;

	for (;;) {
		int n = scan(w, pt, arg);

		if (n)
			return n;
		if (w->error)
			return w->error;
		if (signal_pending(current))
			return timed_out ? 0 : -EINTR;
		if (timed_out)
			return 0;
		pt = NULL;
		timed_out = waiter_sleep(w, deadline) == -ETIMEDOUT;
	}
}

/* ---- poll ---- */

struct poll_arg {
	struct pollfd *fds;
	unsigned n;
};

static unsigned poll_one(struct poll_waiter *w, struct poll_table *pt, struct pollfd *p)
{
	struct fd_ref f;
	unsigned mask;

	if (p->fd < 0)
		return 0;
	f = fdget(p->fd);
	if (!f.file)
		return POLLNVAL;
	w->events = (u16)p->events;
	mask = vfs_poll(f.file, pt) & ((u16)p->events | ALWAYS);
	fdput(f);
	return mask;
}

static int poll_scan(struct poll_waiter *w, struct poll_table *pt, void *arg)
{
	struct poll_arg *a = arg;
	int ready = 0;

	for (unsigned i = 0; i < a->n; i++) {
		unsigned mask = poll_one(w, pt, &a->fds[i]);

		a->fds[i].revents = (short)mask;
		if (mask) {
			ready++;
			pt = NULL; /* no sleep will follow */
		}
	}
	return ready;
}

int poll_files(struct pollfd *fds, unsigned n, u64 deadline)
{
	struct poll_arg arg = {fds, n};
	struct poll_waiter w;
	int ready;

	waiter_init(&w);
	ready = poll_loop(&w, deadline, poll_scan, &arg);
	waiter_free(&w);
	return ready;
}

/* ---- select ---- */

#define SELECT_IN (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EX POLLPRI

struct select_arg {
	unsigned n;
	unsigned long *asked[3];
	unsigned long *ready[3];
};

static int select_one(struct poll_waiter *w, struct poll_table *pt, struct select_arg *a,
		      unsigned fd, const bool want[3])
{
	static const unsigned masks[3] = {SELECT_IN, SELECT_OUT, SELECT_EX};
	struct fd_ref f = fdget((int)fd);
	unsigned mask;
	int bits = 0;

	if (!f.file)
		return -EBADF;
	w->events = 0;
	for (unsigned k = 0; k < 3; k++)
		w->events |= want[k] ? masks[k] : 0;
	mask = vfs_poll(f.file, pt);
	fdput(f);
	for (unsigned k = 0; k < 3; k++) {
		if (want[k] && (mask & masks[k])) {
			a->ready[k][fd / 32] |= BIT(fd % 32);
			bits++;
		}
	}
	return bits;
}

static int select_scan(struct poll_waiter *w, struct poll_table *pt, void *arg)
{
	struct select_arg *a = arg;
	int ready = 0;

	for (unsigned word = 0; word < DIV_ROUND_UP(a->n, 32); word++) {
		unsigned long any = 0;

		for (unsigned k = 0; k < 3; k++) {
			a->ready[k][word] = 0;
			if (a->asked[k])
				any |= a->asked[k][word];
		}
		while (any) {
			unsigned bit = (unsigned)__builtin_ctzl(any), fd = word * 32 + bit;
			bool want[3];
			int bits;

			any &= any - 1;
			if (fd >= a->n)
				break;
			for (unsigned k = 0; k < 3; k++)
				want[k] = a->asked[k] && (a->asked[k][word] & BIT(bit));
			bits = select_one(w, pt, a, fd, want);
			if (bits < 0)
				return bits;
			ready += bits;
			if (bits)
				pt = NULL;
		}
	}
	return ready;
}

int select_files(unsigned n, unsigned long *in, unsigned long *out, unsigned long *ex, u64 deadline)
{
	unsigned words = DIV_ROUND_UP(n, 32);
	struct select_arg arg = {.n = n, .asked = {in, out, ex}};
	unsigned long *ready = kmalloc(3 * words * sizeof(long) + 1, GFP_KERNEL);
	struct poll_waiter w;
	int result;

	if (!ready)
		return -ENOMEM;
	for (unsigned k = 0; k < 3; k++)
		arg.ready[k] = ready + k * words;
	waiter_init(&w);
	result = poll_loop(&w, deadline, select_scan, &arg);
	waiter_free(&w);
	for (unsigned k = 0; k < 3 && result >= 0; k++) {
		if (arg.asked[k])
			memcpy(arg.asked[k], arg.ready[k], words * sizeof(long));
	}
	kfree(ready);
	return result;
}
