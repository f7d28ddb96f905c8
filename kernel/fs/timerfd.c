/*
 * timerfd_create(2): expirations of a timer as a file.
 *
 * The kernel timer runs on the monotonic clock. A realtime timer remembers its absolute time, so
 * that setting the clock moves it. t->lock is taken by the timer's interrupt: interrupts off.
 */
#include "fs/poll.h"
#include "fs/internal.h"

#include <linux/time.h>
#include <linux/timerfd.h>

#include "sched/timer.h"

struct timerfd {
	spinlock_t lock; /* irqsave */
	struct timer timer;
	int clock;
	bool armed, cancel_on_set, cancelled;
	u64 expires; /* monotonic */
	u64 interval;
	u64 ticks; /* expirations not yet read */
	struct wait_queue wait;
	struct list_head node; /* realtime_lock: those that follow the realtime clock absolutely */
	u64 realtime;          /* their time */
};

static LIST_HEAD(realtime_timers);
static DEFINE_SPINLOCK(realtime_lock, RANK_EPOLL);

static bool is_realtime(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
}

/* => lock held */
static void expire(struct timerfd *t, u64 now)
{
	u64 missed = 0;

	if (!t->armed || t->expires > now)
		return;
	t->ticks++;
	if (!t->interval) {
		t->armed = false;
		return;
	}
	missed = (now - t->expires) / t->interval;
	t->ticks += missed;
	t->expires += (missed + 1) * t->interval;
}

static void timer_fired(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	irqflags_t flags = spin_lock_irqsave(&t->lock);
	bool ready;

	expire(t, clock_ns());
	ready = t->ticks != 0;
	if (t->armed)
		timer_set(&t->timer, t->expires);
	spin_unlock_irqrestore(&t->lock, flags);
	if (ready)
		wake_up_poll(&t->wait, POLLIN);
}

static ssize_t timerfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct timerfd *t = file->private;
	irqflags_t flags;
	bool cancelled;
	u64 ticks;
	int err;

	(void)pos;
	if (to->count < sizeof(ticks))
		return -EINVAL;
	for (;;) {
		flags = spin_lock_irqsave(&t->lock);
		ticks = t->ticks;
		t->ticks = 0;
		cancelled = t->cancelled;
		t->cancelled = false;
		spin_unlock_irqrestore(&t->lock, flags);
		if (cancelled)
			return -ECANCELED;
		if (ticks)
			break;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&t->wait,
					       READ_ONCE(t->ticks) || READ_ONCE(t->cancelled));
		if (err)
			return err;
	}
	return copy_to_iter(&ticks, sizeof(ticks), to) == sizeof(ticks) ? (ssize_t)sizeof(ticks)
									: -EFAULT;
}

static unsigned timerfd_poll(struct file *file, struct poll_table *pt)
{
	struct timerfd *t = file->private;

	poll_wait(file, &t->wait, pt);
	return READ_ONCE(t->ticks) || READ_ONCE(t->cancelled) ? POLLIN : 0;
}

static void leave_realtime_list(struct timerfd *t)
{
	spin_lock(&realtime_lock);
	list_del_init(&t->node);
	spin_unlock(&realtime_lock);
}

static void timerfd_release(struct inode *inode, struct file *file)
{
	struct timerfd *t = file->private;
	irqflags_t flags;

	(void)inode;
	leave_realtime_list(t);
	flags = spin_lock_irqsave(&t->lock);
	t->armed = false;
	spin_unlock_irqrestore(&t->lock, flags);
	timer_cancel_sync(&t->timer);
	kfree(t);
}

static void timerfd_show_fdinfo(struct file *file, struct seq_file *m)
{
	struct timerfd *t = file->private;
	struct timerfd_time now;

	timerfd_get(file, &now);
	seq_printf(
		m,
		"clockid: %d\nticks: %llu\nsettime flags: 00\nit_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
		t->clock, (unsigned long long)t->ticks,
		(unsigned long long)(now.value / NSEC_PER_SEC),
		(unsigned long long)(now.value % NSEC_PER_SEC),
		(unsigned long long)(now.interval / NSEC_PER_SEC),
		(unsigned long long)(now.interval % NSEC_PER_SEC));
}

static const struct file_operations timerfd_fops = {
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = timerfd_show_fdinfo,
};

struct file *timerfd_create(int clock, int flags)
{
	struct timerfd *t;
	struct file *file;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return ERR_PTR(-EINVAL);
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME &&
	    clock != CLOCK_REALTIME_ALARM && clock != CLOCK_BOOTTIME_ALARM)
		return ERR_PTR(-EINVAL);
	if ((clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) &&
	    !fs_capable(CAP_WAKE_ALARM))
		return ERR_PTR(-EPERM);
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&t->lock, RANK_DEVICE);
	timer_init(&t->timer, timer_fired);
	wait_queue_init(&t->wait);
	list_init(&t->node);
	t->clock = clock;
	file = file_anon("[timerfd]", &timerfd_fops, t, O_RDWR | (flags & TFD_NONBLOCK));
	if (IS_ERR(file))
		kfree(t);
	return file;
}

/* => lock held */
static void get_locked(struct timerfd *t, struct timerfd_time *out)
{
	u64 now = clock_ns();

	expire(t, now);
	out->value = t->armed ? t->expires - now : 0;
	out->interval = t->interval;
}

int timerfd_get(struct file *file, struct timerfd_time *out)
{
	struct timerfd *t = file->private;
	irqflags_t flags;

	if (file->op != &timerfd_fops)
		return -EINVAL;
	flags = spin_lock_irqsave(&t->lock);
	get_locked(t, out);
	spin_unlock_irqrestore(&t->lock, flags);
	return 0;
}

/* An absolute time of the timer's clock on the monotonic clock; what is past is now. */
static u64 to_monotonic(u64 realtime)
{
	u64 offset = realtime_ns() - clock_ns();

	return realtime > offset ? realtime - offset : 0;
}

int timerfd_set(struct file *file, int set_flags, const struct timerfd_time *new,
		struct timerfd_time *old)
{
	struct timerfd *t = file->private;
	bool absolute = set_flags & TFD_TIMER_ABSTIME, follow;
	irqflags_t flags;

	if (file->op != &timerfd_fops ||
	    (set_flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)))
		return -EINVAL;
	follow = absolute && is_realtime(t->clock) && new->value;
	leave_realtime_list(t);
	flags = spin_lock_irqsave(&t->lock);
	get_locked(t, old);
	t->armed = new->value != 0;
	t->interval = new->interval;
	t->ticks = 0;
	t->cancelled = false;
	t->cancel_on_set = follow && (set_flags & TFD_TIMER_CANCEL_ON_SET);
	t->realtime = new->value;
	if (!absolute)
		t->expires = new->value > ~0ULL - clock_ns() ? ~0ULL - 1 : clock_ns() + new->value;
	else
		t->expires = is_realtime(t->clock) ? to_monotonic(new->value) : new->value;
	if (t->armed)
		timer_set(&t->timer, t->expires);
	else
		timer_cancel(&t->timer);
	spin_unlock_irqrestore(&t->lock, flags);
	if (follow) {
		spin_lock(&realtime_lock);
		list_add(&t->node, &realtime_timers);
		spin_unlock(&realtime_lock);
	}
	return 0;
}

void timerfd_clock_was_set(void)
{
	struct timerfd *t;

	spin_lock(&realtime_lock);
	list_for_each_entry(t, &realtime_timers, node) {
		irqflags_t flags = spin_lock_irqsave(&t->lock);

		if (t->cancel_on_set)
			t->cancelled = true;
		if (t->armed && !t->interval) {
			t->expires = to_monotonic(t->realtime);
			timer_set(&t->timer, t->expires);
		}
		spin_unlock_irqrestore(&t->lock, flags);
		if (t->cancel_on_set)
			wake_up_poll(&t->wait, POLLIN);
	}
	spin_unlock(&realtime_lock);
}
