/*
 * The report of a defect in the kernel: registers, what the address is, backtrace; then panic().
 * Takes no lock, and reads no memory that is not mapped.
 */
#include "traps.h"
#include "cpu.h"
#include "paging.h"
#include "arch/log.h"
#include "lib/printf.h"
#include <machine/fixmap.h>

#define BACKTRACE_MAX 24

static bool within(unsigned long address, unsigned long start, unsigned long end)
{
	return address >= start && address < end;
}

const char *describe_address(unsigned long address)
{
	unsigned long high = (unsigned long)windows.high_memory;

	if (address < PAGE_SIZE)
		return "NULL pointer";
	if (address < TASK_SIZE)
		return "user space";
	if (within(address, windows.text_start, windows.text_end))
		return "kernel text, read-only";
	if (within(address, windows.text_end, windows.rodata_end))
		return "kernel constants, read-only";
	if (within(address, windows.init_start, windows.init_end))
		return "boot code and data";
	if (address < high)
		return "direct map of low memory";
	if (address < (unsigned long)windows.vmalloc_start)
		return "guard behind low memory";
	if (address < (unsigned long)windows.vmalloc_end)
		return "vmalloc window: a guard page, or freed";
	if (address < PKMAP_BASE)
		return "guard behind the vmalloc window";
	if (address < PKMAP_BASE + LAST_PKMAP * PAGE_SIZE)
		return "kmap window: no page there";
	if (within(address, windows.entry_start, windows.entry_end))
		return "entry area";
	if (within(address, windows.fixmap_start, windows.fixmap_end))
		return "fixmap: a kmap_local slot without a page";
	return "no window of the kernel";
}

static bool readable(unsigned long address)
{
	pfn_t pfn;
	pgprot_t prot;

	return IS_ALIGNED(address, sizeof(long)) && address >= PAGE_OFFSET &&
	       arch_kernel_lookup((void *)address, &pfn, &prot);
}

static bool is_text(unsigned long address)
{
	return within(address, windows.text_start, windows.text_end) ||
	       within(address, windows.init_start, windows.init_end);
}

/* Where the return addresses go that a walk finds: to the log, if there is no list. */
struct callers {
	unsigned long *list;
	unsigned found, max;
};

/* False: that was the last that fits. */
static bool note_caller(struct callers *c, unsigned long address)
{
	if (c->list)
		c->list[c->found] = address;
	else
		printk(KERN_EMERG "  [<%08lx>] %pS\n", address, (void *)address);
	return ++c->found < c->max;
}

#ifdef CONFIG_FRAME_POINTER
static void walk(struct callers *c, unsigned long frame, unsigned long sp, unsigned long end)
{
	(void)sp, (void)end;
	while (readable(frame) && readable(frame + sizeof(long))) {
		const unsigned long *at = (const unsigned long *)frame;

		if (!is_text(at[1]) || !note_caller(c, at[1]))
			break;
		if (at[0] <= frame || at[0] - frame > THREAD_STACK_SIZE)
			break;
		frame = at[0];
	}
}
#else
/* Without frame pointers: everything on the stack that looks like a return address. */
static void walk(struct callers *c, unsigned long frame, unsigned long sp, unsigned long end)
{
	(void)frame;
	for (unsigned long at = sp & ~3UL; at < end; at += sizeof(long)) {
		/* A stack that overflowed begins in its guard page. */
		unsigned long word = readable(at) ? *(const unsigned long *)at : 0;

		if (is_text(word) && !note_caller(c, word))
			break;
	}
}
#endif

static void show_callers(const struct regs *regs, unsigned long sp)
{
	struct callers c = {.max = BACKTRACE_MAX};

	if (user_mode(regs))
		return;
	printk(KERN_EMERG "Call trace:\n");
	note_caller(&c, regs->ip);
	walk(&c, regs->bp, sp, sp + THREAD_STACK_SIZE);
}

void arch_backtrace(const struct regs *regs)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	struct callers c = {.max = BACKTRACE_MAX};

	if (regs) {
		show_callers(regs, regs_sp(regs));
		return;
	}
	printk(KERN_EMERG "Call trace:\n");
	walk(&c, here, here, here + THREAD_STACK_SIZE);
}

unsigned arch_thread_callers(struct arch_thread *t, unsigned long *callers, unsigned max)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0), frame = sp, ip;
	struct callers c = {.list = callers, .max = max};

	if (t != current_thread()) {
		ip = thread_left_at(t, &frame, &sp);
		if (!note_caller(&c, ip))
			return c.found;
	}
	walk(&c, frame, sp, (unsigned long)arch_thread_regs(t));
	return c.found;
}

static void show_regs(const struct regs *regs, unsigned long sp)
{
	printk(KERN_EMERG "CPU: %u EIP: %04x:%08x EFLAGS: %08x %pS\n", smp_cpu_id(),
	       regs->cs & 0xffff, regs->ip, regs->flags, (void *)regs->ip);
	printk(KERN_EMERG "EAX: %08x EBX: %08x ECX: %08x EDX: %08x\n", regs->ax, regs->bx, regs->cx,
	       regs->dx);
	printk(KERN_EMERG "ESI: %08x EDI: %08x EBP: %08x ESP: %08lx\n", regs->si, regs->di,
	       regs->bp, sp);
	printk(KERN_EMERG
	       "DS: %04x ES: %04x FS: %04x SS: %04x CR0: %08lx CR2: %08lx CR3: %08lx CR4: %08lx\n",
	       regs->ds & 0xffff, regs->es & 0xffff, regs->fs & 0xffff,
	       (user_mode(regs) ? regs->ss : KERNEL_DS) & 0xffff, read_cr0(), read_cr2(),
	       read_cr3(), read_cr4());
}

static void __noreturn report(const struct regs *regs, unsigned long sp, const char *fmt,
			      va_list args)
{
	char what[200];

	irq_disable();
	vscnprintf(what, sizeof(what), fmt, args);
	console_loglevel = 15;
	printk(KERN_EMERG "%s\n", what);
	show_regs(regs, sp);
	show_callers(regs, sp);
	panic("Fatal exception in the kernel");
}

void die(const struct regs *regs, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(regs, regs_sp(regs), fmt, args);
}

void die_on_stack(const struct regs *regs, unsigned long sp, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(regs, sp, fmt, args);
}
