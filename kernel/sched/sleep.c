/* Sleeping until a time: schedule() with a timer on the stack. */
#include "sched/task.h"

struct alarm {
	struct timer timer;
	struct task *task;
};

static void ring(struct timer *t)
{
	wake_up_task(container_of(t, struct alarm, timer)->task);
}

int schedule_until_time(u64 deadline)
{
	struct alarm alarm = {.task = current};

	if (clock_ns() >= deadline) {
		set_current_state(TASK_RUNNING);
		return -ETIMEDOUT;
	}
	timer_init(&alarm.timer, ring);
	timer_set(&alarm.timer, deadline);
	schedule();
	timer_cancel_sync(&alarm.timer);
	return clock_ns() >= deadline ? -ETIMEDOUT : 0;
}
