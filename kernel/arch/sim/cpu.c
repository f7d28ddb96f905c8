/*
 * Simulated CPUs. A CPU is what a host thread plays while the CPU is handed to it: each task has a
 * host thread of its own, asleep until arch_switch_to() hands it a CPU, so that every stack is an
 * ordinary one to the sanitizers.
 *
 * An interrupt waits until the CPU comes to a safe point with interrupts on: irq_restore(),
 * irq_enable(), a spin loop, idling. A CPU that waits for others to take its IPI takes its own
 * meanwhile.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sched.h>
#include <time.h>

#include "arch/log.h"
#include "lib/atomic.h"
#include "sim.h"
#include <linux/errno.h>

struct ipi {
	struct ipi *next;
	void (*fn)(void *arg);
	void *arg;
	u32 *left;
};

struct sim_cpu {
	unsigned id;
	bool irqs_off;
	unsigned in_irq;
	struct arch_thread *current;
	u64 timer;            /* deadline; ~0: none */
	pthread_mutex_t lock; /* guards the next three */
	pthread_cond_t wake;
	struct ipi *calls;
	bool resched;
	u32 pending; /* (atomic) something of the above is there */
};

struct sim_host_thread {
	sem_t run;
	struct sim_cpu *cpu;
	struct arch_thread *from;
	pthread_t thread;
	void (*fn)(void *arg);
	void *arg;
};

static struct sim_cpu cpus[SIM_MAX_CPUS];
static unsigned possible = 1;
static __thread struct sim_cpu *playing;
static unsigned long ipis;

unsigned nr_cpus = 1;
struct arch_hooks arch_hooks;

/* Not inlined: a function that switches tasks may come back on another CPU. */
static noinline struct sim_cpu *this_cpu(void)
{
	struct sim_cpu *cpu = playing;

	__asm__ volatile("" : "+r"(cpu));
	return cpu;
}

noinline unsigned smp_cpu_id(void)
{
	return this_cpu()->id;
}

noinline struct arch_thread *current_thread(void)
{
	return this_cpu()->current;
}

void set_current_thread(struct arch_thread *thread)
{
	static __thread struct sim_host_thread host;
	struct sim_cpu *cpu = this_cpu();

	cpu->current = thread;
	if (!thread->host) {
		sem_init(&host.run, 0, 0);
		thread->host = &host;
	}
	thread->host->cpu = cpu;
}

void sim_cpu_init(unsigned n)
{
	static struct arch_thread boot_thread;

	possible = n;
	for (unsigned i = 0; i < SIM_MAX_CPUS; i++) {
		cpus[i] = (struct sim_cpu){.id = i, .irqs_off = true, .timer = ~0ull};
		pthread_mutex_init(&cpus[i].lock, NULL);
		pthread_cond_init(&cpus[i].wake, NULL);
	}
	playing = &cpus[0];
	set_current_thread(&boot_thread);
}

unsigned arch_possible_cpus(void)
{
	return possible;
}

/* ---- interrupts ---- */

static void take_ipis(struct sim_cpu *cpu)
{
	struct ipi *call;
	bool resched;

	pthread_mutex_lock(&cpu->lock);
	call = cpu->calls;
	resched = cpu->resched;
	cpu->calls = NULL;
	cpu->resched = false;
	atomic_set(&cpu->pending, 0);
	pthread_mutex_unlock(&cpu->lock);
	if (resched && arch_hooks.reschedule)
		arch_hooks.reschedule();
	while (call) {
		struct ipi *next = call->next;

		call->fn(call->arg);
		atomic_sub(call->left, 1); /* the sender's stack: gone after this */
		call = next;
	}
}

static void interrupt(struct sim_cpu *cpu)
{
	struct regs regs = {0};
	bool was_off = cpu->irqs_off;

	cpu->irqs_off = true;
	cpu->in_irq++;
	if (atomic_read_acquire(&cpu->pending))
		take_ipis(cpu);
	if (cpu->timer != ~0ull && clock_ns() >= cpu->timer) {
		cpu->timer = ~0ull;
		if (arch_hooks.timer)
			arch_hooks.timer(&regs);
	}
	cpu->in_irq--;
	cpu->irqs_off = was_off;
}

static bool wants_interrupt(struct sim_cpu *cpu)
{
	return atomic_read_acquire(&cpu->pending) ||
	       (cpu->timer != ~0ull && clock_ns() >= cpu->timer);
}

static void safe_point(struct sim_cpu *cpu)
{
	while (!cpu->irqs_off && !cpu->in_irq && wants_interrupt(cpu))
		interrupt(cpu);
}

irqflags_t irq_save(void)
{
	struct sim_cpu *cpu = this_cpu();
	irqflags_t was = cpu->irqs_off;

	cpu->irqs_off = true;
	return was;
}

void irq_enable(void)
{
	struct sim_cpu *cpu = this_cpu();

	cpu->irqs_off = false;
	safe_point(cpu);
}

void irq_restore(irqflags_t flags)
{
	if (!flags)
		irq_enable();
}

void irq_disable(void)
{
	this_cpu()->irqs_off = true;
}

bool irqs_disabled(void)
{
	return this_cpu()->irqs_off;
}

bool in_interrupt(void)
{
	return this_cpu()->in_irq;
}

void cpu_relax(void)
{
	safe_point(this_cpu());
	sched_yield();
}

void cpu_idle_wait(void)
{
	struct sim_cpu *cpu = this_cpu();
	struct timespec until;
	u64 now = clock_ns(), at = MIN(cpu->timer, now + 10000000), wait = at > now ? at - now : 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)wait;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&cpu->lock);
	if (!cpu->pending)
		pthread_cond_timedwait(&cpu->wake, &cpu->lock, &until);
	pthread_mutex_unlock(&cpu->lock);
	irq_enable();
}

static void post(struct sim_cpu *cpu, struct ipi *call)
{
	pthread_mutex_lock(&cpu->lock);
	if (call) {
		call->next = cpu->calls;
		cpu->calls = call;
	} else {
		cpu->resched = true;
	}
	atomic_set_release(&cpu->pending, 1);
	pthread_cond_signal(&cpu->wake);
	pthread_mutex_unlock(&cpu->lock);
}

void ipi_call(const cpumask_t *mask, void (*fn)(void *arg), void *arg)
{
	struct sim_cpu *self = this_cpu();
	struct ipi calls[SIM_MAX_CPUS];
	u32 left = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		left += &cpus[i] != self && (mask->bits[0] >> i & 1);
	for (unsigned i = 0; i < nr_cpus; i++) {
		if (&cpus[i] == self || !(mask->bits[0] >> i & 1))
			continue;
		calls[i] = (struct ipi){NULL, fn, arg, &left};
		__atomic_fetch_add(&ipis, 1, __ATOMIC_RELAXED);
		post(&cpus[i], &calls[i]);
	}
	while (atomic_read_acquire(&left)) {
		if (atomic_read_acquire(&self->pending))
			interrupt(self);
		sched_yield();
	}
}

void ipi_reschedule(unsigned cpu)
{
	post(&cpus[cpu], NULL);
}

unsigned long sim_ipi_count(void)
{
	return __atomic_load_n(&ipis, __ATOMIC_RELAXED);
}

/* ---- time ---- */

static u32 clock_changes; /* (a) */

u64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

u64 cycles_now(void)
{
	return clock_ns();
}

u64 clock_ns_mark(struct clock_mark *m)
{
	m->changes = atomic_read(&clock_changes);
	return m->cycles = clock_ns();
}

u32 clock_ns_since(const struct clock_mark *m)
{
	u64 ns = clock_ns() - m->cycles;

	return ns >> 32 || m->changes != atomic_read(&clock_changes) ? ~0u : (u32)ns;
}

void vdso_set_realtime_offset(u64 ns)
{
	(void)ns;
	atomic_inc(&clock_changes);
}

void arch_timer_set(u64 deadline)
{
	this_cpu()->timer = deadline;
}

/* ---- other CPUs ---- */

static void *cpu_main(void *arg)
{
	playing = arg;
	arch_hooks.cpu_started(playing->id);
	return NULL;
}

void arch_smp_start(void)
{
	for (unsigned i = 1; i < possible; i++) {
		pthread_t thread;

		nr_cpus = i + 1;
		if (pthread_create(&thread, NULL, cpu_main, &cpus[i]))
			sim_die("no host thread for CPU %u", i);
	}
}

/* ---- threads ---- */

static void *thread_main(void *arg)
{
	struct sim_host_thread *host = arg;

	sem_wait(&host->run);
	playing = host->cpu;
	arch_hooks.thread_started(host->from);
	host->fn(host->arg);
	sim_die("a simulated thread has no user mode to return to");
}

int arch_thread_kernel(struct arch_thread *child, void *stack, void (*fn)(void *), void *arg)
{
	struct sim_host_thread *host = calloc(1, sizeof(*host));

	(void)stack;
	if (!host)
		return -ENOMEM;
	sem_init(&host->run, 0, 0);
	host->fn = fn;
	host->arg = arg;
	if (pthread_create(&host->thread, NULL, thread_main, host)) {
		free(host);
		return -ENOMEM;
	}
	pthread_detach(host->thread);
	child->host = host;
	return 0;
}

/* Simulated tasks are kernel threads: there is no user mode to copy. */
int arch_thread_fork(struct arch_thread *child, void *stack, const struct regs *regs, uaddr_t sp)
{
	(void)child, (void)stack, (void)regs, (void)sp;
	return -ENOSYS;
}

struct arch_thread *arch_switch_to(struct arch_thread *prev, struct arch_thread *next)
{
	struct sim_cpu *cpu = this_cpu();
	struct sim_host_thread *self = prev->host;

	cpu->current = next;
	next->host->cpu = cpu;
	next->host->from = prev;
	sem_post(&next->host->run);
	while (sem_wait(&self->run))
		;
	playing = self->cpu;
	return self->from;
}

void arch_thread_free(struct arch_thread *t)
{
	(void)t;
}

struct regs *arch_thread_regs(struct arch_thread *t)
{
	return t->regs;
}
