/*
 * Locks, sleeping and waking, timers, RCU and the scheduler's choices, on a simulated machine whose
 * CPUs really run at the same time. Each test is named after the rule it holds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "arch/log.h"
#include "arch/sim/sim.h"
#include "lib/atomic.h"
#include "sched/cpumask.h"
#include "sched/task.h"
#include "sched/sched.h"

#define ROUNDS 2000

static void boot(unsigned cpus)
{
	const struct sim_config config = {.cpus = cpus};

	sim_boot(&config);
	sched_start();
}

static void nap(u64 ns)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_ns() + ns);
}

static void pause_a_bit(unsigned n)
{
	for (volatile unsigned i = 0; i < n % 64; i++)
		;
}

/* ---- locks ---- */

static mutex_t mutex;
static rwsem_t rwsem;
static spinlock_t spin;
static unsigned long left_value, right_value;

static void under_mutex(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		assert_int_equal(left_value, right_value);
		left_value++;
		if ((i + n) % 50 == 0)
			nap(1000);
		pause_a_bit(i);
		right_value++;
		mutex_unlock(&mutex);
		cond_resched();
	}
}

static void test_a_mutex_has_one_owner(void **state)
{
	(void)state;
	boot(3);
	mutex_init(&mutex, RANK_INODE);
	sim_run_tasks(7, under_mutex, NULL);
	assert_int_equal(left_value, 7 * ROUNDS);
	assert_false(mutex_is_locked(&mutex));
}

static void readers_and_writers(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if ((i + n) % 4) {
			down_read(&rwsem);
			assert_int_equal(READ_ONCE(left_value), READ_ONCE(right_value));
			pause_a_bit(i);
			assert_int_equal(READ_ONCE(left_value), READ_ONCE(right_value));
			up_read(&rwsem);
		} else {
			down_write(&rwsem);
			left_value++;
			if (i % 100 == 0)
				nap(1000);
			pause_a_bit(i);
			right_value++;
			if (i % 3) {
				up_write(&rwsem);
			} else {
				downgrade_write(&rwsem);
				assert_int_equal(READ_ONCE(left_value), READ_ONCE(right_value));
				up_read(&rwsem);
			}
		}
		cond_resched();
	}
}

static void test_a_writer_is_alone(void **state)
{
	(void)state;
	boot(3);
	rwsem_init(&rwsem, RANK_MMAP);
	sim_run_tasks(8, readers_and_writers, NULL);
	assert_int_equal(left_value, 8 * ROUNDS / 4);
	assert_false(rwsem_is_locked(&rwsem));
}

static void under_spinlock(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS * 5; i++) {
		irqflags_t flags = spin_lock_irqsave(&spin);

		left_value += n + 1;
		spin_unlock_irqrestore(&spin, flags);
	}
}

static void test_a_spinlock_loses_no_update(void **state)
{
	(void)state;
	boot(3);
	spin_lock_init(&spin, RANK_LEAF);
	sim_run_tasks(3, under_spinlock, NULL);
	assert_int_equal(left_value, 6 * ROUNDS * 5);
}

/* ---- sleeping and waking ---- */

static struct wait_queue queue;
static u32 turn, tokens, taken, stop;

static void ping_pong(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		wait_event(&queue, atomic_read_acquire(&turn) % 2 == n);
		atomic_inc(&turn);
		wake_up(&queue);
	}
}

static void test_no_wake_up_is_lost(void **state)
{
	(void)state;
	boot(2);
	wait_queue_init(&queue);
	sim_run_tasks(2, ping_pong, NULL);
	assert_int_equal(turn, 2 * ROUNDS);
}

static bool take_token(void)
{
	u32 n = atomic_read(&tokens);

	while (n)
		if (atomic_try_cmpxchg(&tokens, &n, n - 1))
			return true;
	return false;
}

static void consume_or_produce(void *arg, unsigned n)
{
	(void)arg;
	if (n < 4) {
		for (unsigned i = 0; i < ROUNDS / 4; i++) {
			wait_event_(&queue, take_token(), TASK_UNINTERRUPTIBLE, ~0ULL, true);
			atomic_inc(&taken);
		}
		return;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		atomic_inc(&tokens);
		wake_up(&queue);
		if (i % 16 == 0)
			nap(1000);
	}
}

static void test_each_wake_up_wakes_one_exclusive_waiter(void **state)
{
	(void)state;
	boot(3);
	wait_queue_init(&queue);
	sim_run_tasks(5, consume_or_produce, NULL);
	assert_int_equal(taken, ROUNDS);
	assert_int_equal(tokens, 0);
}

static void sleep_and_look_at_the_clock(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < 50; i++) {
		u64 deadline = clock_ns() + (i * 7919 + n * 104729) % 300000;

		assert_int_equal(wait_event_until(&queue, false, deadline), -ETIMEDOUT);
		assert_true(clock_ns() >= deadline);
	}
}

static void test_a_sleep_never_ends_early(void **state)
{
	(void)state;
	boot(2);
	wait_queue_init(&queue);
	sim_run_tasks(6, sleep_and_look_at_the_clock, NULL);
}

static int complete_it(void *arg)
{
	complete(arg);
	return 0;
}

static void wait_for_children(void *arg, unsigned n)
{
	(void)arg, (void)n;
	for (unsigned i = 0; i < 50; i++) {
		/* on this stack: complete() must be through with it when we go on */
		struct completion done;

		completion_init(&done);
		assert_non_null(kthread_create(complete_it, &done, "child"));
		wait_for_completion(&done);
	}
}

static void test_threads_start_and_end_and_complete(void **state)
{
	(void)state;
	boot(3);
	sim_run_tasks(3, wait_for_children, NULL);
}

/* A wake-up that comes late from an earlier sleep must not undo STOPPED. */
static bool stopped_now, was_continued;

static void stop_yourself(void *arg)
{
	(void)arg;
	set_special_state(TASK_STOPPED);
	WRITE_ONCE(stopped_now, true);
	while (READ_ONCE(current->state) == TASK_STOPPED)
		schedule();
	was_continued = true;
}

static bool has_stopped(void *arg)
{
	const struct task *t = arg;

	return READ_ONCE(stopped_now) && !READ_ONCE(t->on_cpu);
}

static bool is_true(void *arg)
{
	return READ_ONCE(*(bool *)arg);
}

static void test_a_stopped_task_is_woken_by_nothing_else(void **state)
{
	bool done = false;
	struct task *t;

	(void)state;
	boot(2);
	t = sim_spawn(stop_yourself, NULL, &done);
	sim_run_until(has_stopped, t);
	assert_false(wake_up_task(t));
	assert_false(wake_up_state(t, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_TRACED));
	assert_false(was_continued);
	assert_true(wake_up_state(t, TASK_STOPPED));
	sim_run_until(is_true, &done);
	assert_true(was_continued);
}

/* ---- timers ---- */

static struct timer timers[4];
static u32 fired;

static void count_firing(struct timer *t)
{
	if (atomic_inc_return(&fired) % 3 == 0)
		timer_set(t, clock_ns() + 5000);
}

static void fight_over_timers(void *arg, unsigned n)
{
	struct timer mine;

	(void)arg;
	timer_init(&mine, count_firing);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct timer *t = &timers[(i * 7 + n) % ARRAY_SIZE(timers)];

		if (i % 4 < 2)
			timer_set(t, clock_ns() + i % 50 * 1000);
		else if (i % 4 == 2)
			timer_cancel(t);
		else
			timer_cancel_sync(t);
		timer_set(&mine, clock_ns() + i % 7 * 1000);
		pause_a_bit(i);
		timer_cancel_sync(&mine);
		assert_false(mine.queued);
		cond_resched();
	}
}

static void test_timers_survive_a_fight_over_them(void **state)
{
	(void)state;
	boot(3);
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		timer_init(&timers[i], count_firing);
	sim_run_tasks(6, fight_over_timers, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		timer_cancel_sync(&timers[i]);
	assert_true(fired > 0);
}

/* ---- RCU ---- */

#define ALIVE 0x600dcafeu

struct object {
	struct rcu_head rcu;
	u32 magic;
};

static struct object *shared;
static u32 freed;

static void free_object(struct rcu_head *head)
{
	struct object *o = container_of(head, struct object, rcu);

	assert_int_equal(o->magic, ALIVE);
	o->magic = 0;
	free(o);
	atomic_inc(&freed);
}

static struct object *new_object(void)
{
	struct object *o = malloc(sizeof(*o));

	assert_non_null(o);
	o->magic = ALIVE;
	return o;
}

static void read_or_replace(void *arg, unsigned n)
{
	(void)arg;
	if (n % 3) {
		while (!READ_ONCE(stop)) {
			const struct object *o;

			rcu_read_lock();
			o = rcu_dereference(shared);
			assert_int_equal(o->magic, ALIVE);
			pause_a_bit(n);
			assert_int_equal(o->magic, ALIVE); /* ASan sees it too */
			rcu_read_unlock();
			cpu_relax();
			cond_resched();
		}
		return;
	}
	for (unsigned i = 0; i < 100; i++) {
		struct object *old = __atomic_exchange_n(&shared, new_object(), __ATOMIC_SEQ_CST);

		if (i % 2) {
			call_rcu(&old->rcu, free_object);
		} else {
			synchronize_rcu();
			free_object(&old->rcu);
		}
	}
	WRITE_ONCE(stop, 1);
}

static bool all_freed(void *arg)
{
	(void)arg;
	return atomic_read(&freed) >= 100;
}

static void test_rcu_frees_nothing_that_is_read(void **state)
{
	(void)state;
	boot(3);
	shared = new_object();
	sim_run_tasks(3, read_or_replace, NULL);
	sim_run_until(all_freed, NULL);
}

/* ---- who runs ---- */

static void spin_until_stop(void *arg)
{
	(void)arg;
	while (!READ_ONCE(stop)) {
		cpu_relax();
		cond_resched();
	}
}

static void run_for(u64 ns)
{
	nap(ns);
}

struct race {
	struct task *a, *b;
	u64 a_ns, b_ns;
};

/* Weights 1024 : 110, so a runs 9.3 times as long. */
static bool shared_by_weight(const struct race *race)
{
	return race->b_ns && race->a_ns * 10 / race->b_ns >= 60 &&
	       race->a_ns * 10 / race->b_ns <= 140;
}

/*
 * A busy host lets a turn last far too long, which the turns after it make up for. So what counts
 * is that the shares become right and then stay so, however long that takes.
 */
static void watch_two(void *arg)
{
	struct race *race = arg;
	static bool done[2]; /* outlives this task: those who set it may end after it */
	unsigned right = 0;

	race->a = sim_spawn(spin_until_stop, NULL, &done[0]);
	race->b = sim_spawn(spin_until_stop, NULL, &done[1]);
	sched_set_nice(race->b, 10);
	sched_set_policy(current, SCHED_FIFO, 50); /* so as to wake in time */
	for (unsigned i = 0; i < 600 && right < 5; i++) {
		u64 before = race->b_ns;

		run_for(80 * NSEC_PER_MSEC);
		race->a_ns = task_runtime_ns(race->a);
		race->b_ns = task_runtime_ns(race->b);
		if (!shared_by_weight(race))
			right = 0;
		else if (race->b_ns > before)
			right++;
	}
	WRITE_ONCE(stop, 1);
}

static void test_nice_levels_divide_a_cpu_by_weight(void **state)
{
	struct race race = {0};
	bool done = false;

	(void)state;
	boot(1);
	sim_spawn(watch_two, &race, &done);
	sim_run_until(is_true, &done);
	assert_in_range(race.a_ns * 10 / race.b_ns, 60, 140);
}

static void watch_real_time(void *arg)
{
	struct race *race = arg;
	static bool done[2]; /* outlives this task: those who set it may end after it */

	race->a = sim_spawn(spin_until_stop, NULL, &done[0]);
	race->b = sim_spawn(spin_until_stop, NULL, &done[1]);
	sched_set_policy(current, SCHED_FIFO, 50);
	assert_int_equal(sched_set_policy(race->b, SCHED_RR, 10), 0);
	run_for(100 * NSEC_PER_MSEC);
	race->a_ns = task_runtime_ns(race->a);
	race->b_ns = task_runtime_ns(race->b);
	WRITE_ONCE(stop, 1);
}

static void test_real_time_runs_before_all_others(void **state)
{
	struct race race;
	bool done = false;

	(void)state;
	boot(1);
	sim_spawn(watch_real_time, &race, &done);
	sim_run_until(is_true, &done);
	assert_true(race.b_ns > 80 * NSEC_PER_MSEC);
	assert_true(race.a_ns < 20 * NSEC_PER_MSEC);
}

static void hop(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < 200; i++) {
		unsigned cpu = (i + n) % nr_cpus;
		cpumask_t one = cpumask_of(cpu);

		assert_int_equal(sched_set_affinity(current, &one), 0);
		assert_int_equal(smp_cpu_id(), cpu);
		if (i % 8 == 0) {
			nap(1000);
			assert_int_equal(smp_cpu_id(), cpu);
		}
	}
}

static void test_affinity_is_obeyed_at_once(void **state)
{
	cpumask_t none = {{0}}, offline = cpumask_of(5);

	(void)state;
	boot(3);
	sim_run_tasks(5, hop, NULL);
	assert_int_equal(sched_set_affinity(current, &none), -EINVAL);
	assert_int_equal(sched_set_affinity(current, &offline), -EINVAL);
}

static u32 cpus_used;

static void mark_cpus(void *arg)
{
	u64 end = clock_ns() + 200 * NSEC_PER_MSEC;

	(void)arg;
	while (clock_ns() < end) {
		atomic_or(&cpus_used, 1u << smp_cpu_id());
		cpu_relax();
		cond_resched();
	}
}

static bool all_cpus_used(void *arg)
{
	(void)arg;
	return atomic_read(&cpus_used) == 7;
}

static void test_idle_cpus_take_work(void **state)
{
	bool done[3] = {false};

	(void)state;
	boot(3);
	for (int i = 0; i < 3; i++)
		sim_spawn(mark_cpus, NULL, &done[i]);
	sim_run_until(all_cpus_used, NULL);
	for (int i = 0; i < 3; i++)
		sim_run_until(is_true, &done[i]);
}

/* ---- accounts ---- */

static void account(void *arg)
{
	u64 user = 0, system = 0, before = 0, now_user, now_system;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		task_cputime(current, &now_user, &now_system);
		assert_true(now_user >= user && now_system >= system);
		assert_true(now_user + now_system >= before);
		user = now_user;
		system = now_system;
		before = task_runtime_ns(current);
		cpu_relax();
	}
}

static void test_cpu_time_never_goes_back(void **state)
{
	struct cpu_times times;
	bool done = false;

	(void)state;
	boot(1);
	sim_spawn(account, NULL, &done);
	sim_run_until(is_true, &done);
	sched_cpu_times(0, &times);
	assert_true(times.switches >= 2);
	sched_cpu_times(7, &times);
	assert_int_equal(times.switches, 0);
}

static void test_realtime_follows_what_was_set(void **state)
{
	(void)state;
	boot(1);
	realtime_set(1700000000 * NSEC_PER_SEC);
	assert_in_range(realtime_ns() / NSEC_PER_SEC, 1700000000, 1700000060);
}

static void test_a_mark_counts_on_until_the_clock_is_set(void **state)
{
	struct clock_mark mark = {0};
	u64 then;
	u32 since;

	(void)state;
	boot(1);
	assert_int_equal(clock_ns_since(&mark), ~0u);
	then = realtime_ns_mark(&mark);
	since = clock_ns_since(&mark);
	assert_in_range(then + since, then, realtime_ns());
	realtime_set(1700000000 * NSEC_PER_SEC);
	assert_int_equal(clock_ns_since(&mark), ~0u);
	assert_in_range(realtime_ns_mark(&mark) / NSEC_PER_SEC, 1700000000, 1700000060);
	assert_in_range(clock_ns_since(&mark), 0, ~0u - 1);
}

static void test_policies_are_checked(void **state)
{
	(void)state;
	boot(1);
	assert_int_equal(sched_set_policy(current, SCHED_FIFO, 0), -EINVAL);
	assert_int_equal(sched_set_policy(current, SCHED_FIFO, 100), -EINVAL);
	assert_int_equal(sched_set_policy(current, SCHED_NORMAL, 1), -EINVAL);
	assert_int_equal(sched_set_policy(current, 77, 0), -EINVAL);
}

#ifdef CONFIG_DEBUG_LOCKS
/* ---- the checker ---- */

static void take_in_the_wrong_order(void *arg)
{
	DEFINE_SPINLOCK(inner, RANK_ZONE);
	DEFINE_SPINLOCK(outer, RANK_DENTRY);

	(void)arg;
	spin_lock(&inner);
	spin_lock(&outer);
}

static void take_twice(void *arg)
{
	DEFINE_SPINLOCK(lock, RANK_ZONE);

	(void)arg;
	spin_lock(&lock);
	spin_lock(&lock);
}

static void sleep_under_a_spinlock(void *arg)
{
	DEFINE_SPINLOCK(lock, RANK_TASKLIST);

	(void)arg;
	mutex_init(&mutex, RANK_INODE);
	spin_lock(&lock);
	mutex_lock(&mutex);
}

static void release_what_is_not_held(void *arg)
{
	DEFINE_SPINLOCK(lock, RANK_ZONE);

	(void)arg;
	spin_unlock(&lock);
}

static void sleeping_locks_in_the_wrong_order(void *arg)
{
	(void)arg;
	mutex_init(&mutex, RANK_INODE);
	rwsem_init(&rwsem, RANK_MMAP);
	down_read(&rwsem);
	mutex_lock(&mutex);
}

static void test_the_checker_stops_at_the_first_wrong_step(void **state)
{
	(void)state;
	boot(1);
	sim_expect_panic(take_in_the_wrong_order, NULL, "lock order");
	sim_expect_panic(take_twice, NULL, "taken twice");
	sim_expect_panic(sleep_under_a_spinlock, NULL, "sleep: ");
	sim_expect_panic(release_what_is_not_held, NULL, "not held by this CPU");
	sim_expect_panic(sleeping_locks_in_the_wrong_order, NULL, "lock order");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mutex_has_one_owner),
		cmocka_unit_test(test_a_writer_is_alone),
		cmocka_unit_test(test_a_spinlock_loses_no_update),
		cmocka_unit_test(test_no_wake_up_is_lost),
		cmocka_unit_test(test_each_wake_up_wakes_one_exclusive_waiter),
		cmocka_unit_test(test_a_sleep_never_ends_early),
		cmocka_unit_test(test_threads_start_and_end_and_complete),
		cmocka_unit_test(test_a_stopped_task_is_woken_by_nothing_else),
		cmocka_unit_test(test_timers_survive_a_fight_over_them),
		cmocka_unit_test(test_rcu_frees_nothing_that_is_read),
		cmocka_unit_test(test_nice_levels_divide_a_cpu_by_weight),
		cmocka_unit_test(test_real_time_runs_before_all_others),
		cmocka_unit_test(test_affinity_is_obeyed_at_once),
		cmocka_unit_test(test_idle_cpus_take_work),
		cmocka_unit_test(test_cpu_time_never_goes_back),
		cmocka_unit_test(test_realtime_follows_what_was_set),
		cmocka_unit_test(test_a_mark_counts_on_until_the_clock_is_set),
		cmocka_unit_test(test_policies_are_checked),
#ifdef CONFIG_DEBUG_LOCKS
		cmocka_unit_test(test_the_checker_stops_at_the_first_wrong_step),
#endif
	};

	return sim_run_tests(tests);
}
