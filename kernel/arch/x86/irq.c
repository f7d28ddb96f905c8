/*
 * Interrupt lines: who handles them, how often they came, and the dispatch of every vector that is
 * no exception. Handlers run with interrupts off; a line may have several (PCI).
 *
 * irq_lock guards the handler lists against each other's changes; the dispatch walks them without
 * it, since a handler is added by one store and never removed.
 */
#include "apic.h"
#include "traps.h"
#include "arch/log.h"
#include "lib/string.h"
#include <linux/errno.h>

struct irq_action {
	struct irq_action *next;
	irq_handler_t handler;
	void *arg;
	const char *name;
};

struct irq_counts {
	u32 of[IRQ_LINES];
};

static struct irq_action *actions[IRQ_LINES];
static const struct irq_chip *chip;
static u32 irq_lock;
static struct irq_action *spare; /* a page of actions, used up one by one */
static unsigned spares;

static DEFINE_PER_CPU(struct irq_counts, irq_counts);
static DEFINE_PER_CPU(unsigned, irq_depth);

bool in_interrupt(void)
{
	return this_cpu_read(irq_depth);
}

static void run_handlers(unsigned irq)
{
	struct irq_action *action = __atomic_load_n(&actions[irq], __ATOMIC_ACQUIRE);

	this_cpu_ptr(irq_counts)->of[irq]++;
	if (!action)
		pr_once(KERN_WARNING "irq %u: nobody cared\n", irq);
	for (; action; action = action->next)
		action->handler(irq, action->arg);
}

static void handle_line(unsigned irq)
{
	if (chip == &pic_chip && pic_is_spurious(irq))
		return;
	run_handlers(irq);
	chip->end(irq);
}

static void handle_own_vector(unsigned vector, struct regs *regs)
{
	local_apic_end();
	switch (vector) {
	case VECTOR_TIMER: machine_timer_interrupt(regs); break;
	case VECTOR_RESCHEDULE:
		if (arch_hooks.reschedule)
			arch_hooks.reschedule();
		break;
	case VECTOR_CALL: ipi_handle_calls(); break;
	default: pr_once(KERN_WARNING "unexpected interrupt vector %#x\n", vector);
	}
}

/* The PIT's line is the timer of machines without a local APIC: its handler wants the registers. */
static DEFINE_PER_CPU(struct regs *, interrupted_regs);

struct regs *irq_regs(void)
{
	return this_cpu_read(interrupted_regs);
}

void irq_dispatch(struct regs *regs)
{
	unsigned vector = 127 - regs->orig_ax;
	struct regs *outer = this_cpu_read(interrupted_regs);

	regs->orig_ax = (u32)-1;
	if (vector == VECTOR_SPURIOUS)
		return;
	this_cpu_inc(irq_depth);
	this_cpu_write(interrupted_regs, regs);
	if (vector - IRQ_VECTOR_BASE < IRQ_LINES && chip)
		handle_line(vector - IRQ_VECTOR_BASE);
	else if (apic_in_use())
		handle_own_vector(vector, regs);
	this_cpu_write(interrupted_regs, outer);
	this_cpu_dec(irq_depth);
}

static struct irq_action *new_action(void)
{
	if (!spares) {
		spare = arch_hooks.table_alloc(0);
		if (!spare)
			return NULL;
		spares = PAGE_SIZE / sizeof(*spare);
	}
	spares--;
	return spare++;
}

static bool line_exists(unsigned irq)
{
	return irq < IRQ_LINES && (chip == &pic_chip ? irq < ISA_IRQS : io_apic_has(irq));
}

static irqflags_t lock_lines(void)
{
	irqflags_t flags = irq_save();

	while (__atomic_exchange_n(&irq_lock, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static void unlock_lines(irqflags_t flags)
{
	__atomic_store_n(&irq_lock, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

int irq_request(unsigned irq, irq_handler_t handler, void *arg, unsigned type, const char *name)
{
	struct irq_action *action;
	irqflags_t flags;

	if (!chip || !line_exists(irq))
		return -EINVAL;
	flags = lock_lines();
	action = new_action();
	if (action) {
		bool first = !actions[irq];

		*action = (struct irq_action){actions[irq], handler, arg, name};
		__atomic_store_n(&actions[irq], action, __ATOMIC_RELEASE);
		if (first)
			chip->unmask(irq, IRQ_VECTOR_BASE + irq, type == IRQ_LEVEL);
	}
	unlock_lines(flags);
	return action ? 0 : -ENOMEM;
}

void irq_for_each(void (*fn)(unsigned irq, const char *chip, const char *name, const u32 *counts,
			     void *arg),
		  void *arg)
{
	u32 counts[CONFIG_NR_CPUS];

	for (unsigned irq = 0; irq < IRQ_LINES; irq++) {
		if (!actions[irq])
			continue;
		for (unsigned i = 0; i < nr_cpus; i++)
			counts[i] = per_cpu_ptr(irq_counts, i)->of[irq];
		fn(irq, chip->name, actions[irq]->name, counts, arg);
	}
}

bool apic_in_use(void)
{
	return chip == &io_apic_chip;
}

void irq_init(const struct irq_chip *which)
{
	chip = which;
}
