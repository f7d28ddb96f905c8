/*
 * Kernel timers: a tree for each CPU, ordered by time, and the interrupt that serves it.
 *
 * A timer stays on the CPU that armed it; while its function runs there, it is armed again there
 * (t->cpu does not change), so that timer_cancel_sync() knows where to look. The machine's timer is
 * programmed for the earlier of the first timer and the scheduler's tick, and only ever moved
 * forward: an interrupt too many finds nothing to do and programs the next one.
 */
#include "lib/atomic.h"
#include "sched.h"

void timer_queue_init(struct timer_queue *q)
{
	spin_lock_init(&q->lock, RANK_TIMER);
	q->timers = RB_ROOT_CACHED;
	q->running = NULL;
	q->programmed = ~0ULL;
}

void timer_program(u64 when)
{
	struct timer_queue *q = &this_rq()->timers;

	if (when >= q->programmed)
		return;
	q->programmed = when;
	arch_timer_set(when);
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){.fn = fn, .cpu = smp_cpu_id()};
}

/* => interrupts off */
static struct timer_queue *lock_queue_of(struct timer *t)
{
	for (;;) {
		unsigned cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = &cpu_rq(cpu)->timers;

		spin_lock(&q->lock);
		if (atomic_read_acquire(&t->cpu) ==
		    cpu) /* and what was done to it on the queue that it left */
			return q;
		spin_unlock(&q->lock);
	}
}

static void insert(struct timer_queue *q, struct timer *t)
{
	struct rb_node **link = &q->timers.root.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (t->expires < rb_entry(parent, struct timer, node)->expires) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_color_cached(&t->node, &q->timers, leftmost);
	t->queued = true;
}

static bool remove(struct timer_queue *q, struct timer *t)
{
	if (!t->queued)
		return false;
	rb_erase_cached(&t->node, &q->timers);
	t->queued = false;
	return true;
}

void timer_set(struct timer *t, u64 expires)
{
	irqflags_t flags = irq_save();
	struct timer_queue *q = lock_queue_of(t), *here = &this_rq()->timers;

	remove(q, t);
	while (q != here && q->running != t) {
		atomic_set_release(&t->cpu, smp_cpu_id());
		spin_unlock(&q->lock);
		q = lock_queue_of(t); /* somebody else may have armed it in between */
		remove(q, t);
	}
	t->expires = expires;
	insert(q, t);
	spin_unlock(&q->lock);
	if (q == here) /* else that CPU is in its interrupt and will see it */
		timer_program(expires);
	irq_restore(flags);
}

bool timer_cancel(struct timer *t)
{
	irqflags_t flags = irq_save();
	struct timer_queue *q = lock_queue_of(t);
	bool armed = remove(q, t);

	spin_unlock(&q->lock);
	irq_restore(flags);
	return armed;
}

bool timer_cancel_sync(struct timer *t)
{
	bool armed = false, running;

	do {
		irqflags_t flags = irq_save();
		struct timer_queue *q = lock_queue_of(t);

		armed |= remove(q, t);
		running = q->running == t;
		spin_unlock(&q->lock);
		irq_restore(flags);
		if (running)
			cpu_relax();
	} while (running);
	return armed;
}

/* Call what is due; the time of the next one. */
static u64 run_timers(struct timer_queue *q, u64 now)
{
	struct rb_node *node;
	u64 next = ~0ULL;

	spin_lock(&q->lock);
	while ((node = rb_first_cached(&q->timers))) {
		struct timer *t = rb_entry(node, struct timer, node);
		void (*fn)(struct timer * t) = t->fn;

		next = t->expires;
		if (next > now)
			break;
		remove(q, t);
		q->running = t;
		spin_unlock(&q->lock);
		fn(t);
		next = ~0ULL;
		spin_lock(&q->lock);
		q->running = NULL;
	}
	spin_unlock(&q->lock);
	return next;
}

void timer_interrupt(struct regs *regs)
{
	struct run_queue *rq = this_rq();
	bool user = regs && user_mode(regs);
	u64 now = clock_ns(), next;

	if (user)
		rcu_note(rq);
	rq->timers.programmed = 0; /* what is armed from here on is seen below */
	next = run_timers(&rq->timers, now);
	sched_tick(user, now);
	next = MIN(next, rq->tick_at);
	rq->timers.programmed = next;
	arch_timer_set(next == TICK_NEVER ? ~0ULL : next);
}
