/*
 * Threads: their first steps, the switch between them, and what a program's registers hold that is
 * not in struct regs (FPU, %gs, thread-local segments).
 *
 * FPU state is saved whenever a thread with user state leaves a CPU, and loaded when it comes back,
 * unless that CPU's registers still hold it (kernel threads leave them as they are). So a thread that
 * does not run has its state in memory, always, and can go on anywhere.
 */
#include "thread.h"
#include "cpu.h"
#include "desc.h"
#include "ldt.h"
#include "traps.h"
#include "usercopy.h"
#include "arch/log.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include <linux/errno.h>

#define FPU_CONTROL_INIT 0x37f
#define MXCSR_INIT 0x1f80

static const struct fxsave_area fpu_init = {.cwd = FPU_CONTROL_INIT, .mxcsr = MXCSR_INIT};

/* Whose FPU state the registers of this CPU were last loaded with. */
static DEFINE_PER_CPU(struct arch_thread *, fpu_owner);

/* What switch_stack() pops. */
struct switch_frame {
	u32 di, si, bx, bp, ip;
};

void fpu_save(struct fxsave_area *area)
{
	__asm__ volatile("fxsave %0" : "=m"(*area));
}

void fpu_load(const struct fxsave_area *area)
{
	__asm__ volatile("fxrstor %0" ::"m"(*area));
}

void fpu_reset(void)
{
	fpu_load(&fpu_init);
}

u16 thread_read_gs(void)
{
	u16 gs;

	__asm__ volatile("mov %%gs, %0" : "=r"(gs));
	return gs;
}

/* A selector that does not load (its TLS entry is gone) becomes 0. */
void thread_write_gs(u32 gs)
{
	__asm__ volatile("1: mov %w0, %%gs\n"
			 ".pushsection .fixup, \"ax\"\n2: xorl %0, %0\n jmp 1b\n.popsection\n"
			 ".pushsection .ex_table, \"a\"\n.long 1b, 2b\n.popsection"
			 : "+r"(gs));
}

static void load_tls(const struct arch_thread *t)
{
	u64 *gdt = entry_area_of(smp_cpu_id())->gdt + TLS_ENTRY_MIN;

	for (unsigned i = 0; i < TLS_ENTRIES; i++)
		gdt[i] = t->tls[i];
}

static void load_user_state(struct arch_thread *t)
{
	unsigned cpu_id = smp_cpu_id();

	load_tls(t);
	if (unlikely(this_cpu_read(loaded_ldt)))
		atomic_or(&t->work, WORK_ARCH_LDT);
	thread_write_gs(t->gs);
	if (this_cpu_read(fpu_owner) == t && t->fpu_cpu == cpu_id)
		return;
	fpu_load(&t->fpu);
	this_cpu_write(fpu_owner, t);
	t->fpu_cpu = (u8)cpu_id;
}

static noinline void switch_extras(const struct arch_thread *next, u8 extras)
{
	if (extras & EXTRA_PORTS)
		ports_load(next);
	if (extras & EXTRA_DEBUG)
		debug_load(next);
}

struct arch_thread *arch_switch_to(struct arch_thread *prev, struct arch_thread *next)
{
	if (prev->user_state) {
		prev->gs = thread_read_gs();
		fpu_save(&prev->fpu);
	}
	*this_cpu_read(thread_sp0) = next->sp0;
	if (next->user_state)
		load_user_state(next);
	if (unlikely(prev->extras | next->extras))
		switch_extras(next, prev->extras | next->extras);
	this_cpu_write(percpu_thread, next);
	return switch_stack(prev, next);
}

void thread_begin(struct arch_thread *prev)
{
	arch_hooks.thread_started(prev);
	irq_enable();
}

unsigned long thread_left_at(const struct arch_thread *t, unsigned long *frame, unsigned long *sp)
{
	const struct switch_frame *left = (const struct switch_frame *)t->sp;

	*frame = left->bp;
	*sp = (unsigned long)(left + 1);
	return left->ip;
}

struct regs *arch_thread_regs(struct arch_thread *t)
{
	return (struct regs *)t->sp0 - 1;
}

static void prepare_stack(struct arch_thread *t, void *stack, void (*fn)(void *), void *arg)
{
	struct switch_frame *frame;

	t->sp0 = (u32)stack + THREAD_STACK_SIZE;
	frame = (struct switch_frame *)arch_thread_regs(t) - 1;
	*frame = (struct switch_frame){.si = (u32)arg, .bx = (u32)fn, .ip = (u32)thread_entry};
	t->sp = (u32)frame;
	t->work = 0;
	t->pagefault_off = 0;
	t->fpu_cpu = NO_FPU_CPU;
}

int arch_thread_fork(struct arch_thread *child, void *stack, const struct regs *regs, uaddr_t sp)
{
	struct arch_thread *parent = current_thread();
	struct regs *child_regs;

	prepare_stack(child, stack, NULL, NULL);
	child_regs = arch_thread_regs(child);
	*child_regs = *regs;
	child_regs->ax = 0;
	if (sp)
		child_regs->sp = sp;
	child->gs = thread_read_gs();
	memcpy(child->tls, parent->tls, sizeof(child->tls));
	child->user_state = true;
	ports_fork(child, parent);
	fpu_save(&child->fpu);
	return 0;
}

void arch_thread_save(void)
{
	struct arch_thread *t = current_thread();

	t->gs = thread_read_gs();
	fpu_save(&t->fpu);
}

int arch_thread_kernel(struct arch_thread *child, void *stack, void (*fn)(void *), void *arg)
{
	prepare_stack(child, stack, fn, arg);
	memset(arch_thread_regs(child), 0, sizeof(struct regs));
	memset(child->tls, 0, sizeof(child->tls));
	child->gs = 0;
	child->user_state = false;
	return 0;
}

void arch_thread_free(struct arch_thread *t)
{
	ports_free(t);
}

void arch_thread_flush(void)
{
	struct arch_thread *t = current_thread();
	irqflags_t flags = irq_save();

	memset(t->tls, 0, sizeof(t->tls));
	t->gs = 0;
	debug_forget(t);
	atomic_and(&t->work, ~WORK_ARCH_LDT);
	t->trap_nr = t->trap_error = t->trap_address = 0;
	t->fpu = fpu_init;
	t->fpu_cpu = NO_FPU_CPU;
	t->user_state = true;
	load_user_state(t);
	irq_restore(flags);
}

void arch_thread_start_user(struct regs *regs, uaddr_t ip, uaddr_t sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->orig_ax = (u32)-1;
	regs->ds = regs->es = regs->ss = USER_DS;
	regs->cs = USER_CS;
	regs->flags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	regs->ip = ip;
	regs->sp = sp;
	atomic_or(&current_thread()->work, WORK_ARCH_FULL_EXIT);
}

static bool desc_is_zero(const struct user_desc *d)
{
	return !d->base_addr && !d->limit && !d->contents && !d->seg_32bit && !d->limit_in_pages &&
	       !d->useable;
}

bool desc_is_empty(const struct user_desc *d)
{
	return desc_is_zero(d) && d->read_exec_only && d->seg_not_present;
}

/* Here a description of nothing but zeros empties an entry as well. */
static bool desc_is_none(const struct user_desc *d)
{
	return desc_is_zero(d) && d->read_exec_only == d->seg_not_present;
}

/* Only 32-bit data segments that are present: no way to smuggle in code or a 16-bit stack. */
static bool desc_is_allowed(const struct user_desc *d)
{
	return d->seg_32bit && d->contents <= 1 && !d->seg_not_present;
}

u64 desc_encode(const struct user_desc *d)
{
	u32 access = 0x60 | 0x10 | 1; /* ring 3, segment, accessed */

	access |= (d->seg_not_present ^ 1u) << 7;
	access |= (d->read_exec_only ^ 1u) << 1 | (u32)d->contents << 2;
	access |= (u32)d->useable << 12 | (u32)d->seg_32bit << 14 | (u32)d->limit_in_pages << 15;
	return segment_descriptor(d->base_addr, d->limit, access);
}

static int free_tls_entry(const struct arch_thread *t)
{
	for (unsigned i = 0; i < TLS_ENTRIES; i++)
		if (!t->tls[i])
			return (int)i + TLS_ENTRY_MIN;
	return -ESRCH;
}

int arch_set_thread_area(struct arch_thread *t, void *desc, bool allocate)
{
	struct user_desc *d = desc;
	int entry = (int)d->entry_number;
	irqflags_t flags;

	if (!desc_is_none(d) && !desc_is_allowed(d))
		return -EINVAL;
	if (entry == -1 && allocate) {
		entry = free_tls_entry(t);
		if (entry < 0)
			return entry;
		d->entry_number = (unsigned)entry;
	}
	if (entry < TLS_ENTRY_MIN || entry >= TLS_ENTRY_MIN + TLS_ENTRIES)
		return -EINVAL;
	flags = irq_save();
	t->tls[entry - TLS_ENTRY_MIN] = desc_is_none(d) ? 0 : desc_encode(d);
	if (t == current_thread()) {
		load_tls(t);
		thread_write_gs(thread_read_gs());
	}
	irq_restore(flags);
	return 0;
}

int arch_get_thread_area(struct arch_thread *t, void *desc)
{
	struct user_desc *d = desc;
	unsigned i = d->entry_number - TLS_ENTRY_MIN;
	u32 low, high;

	if (i >= TLS_ENTRIES)
		return -EINVAL;
	low = (u32)t->tls[i];
	high = (u32)(t->tls[i] >> 32);
	d->base_addr = (high & 0xff000000) | (high & 0xff) << 16 | low >> 16;
	d->limit = (high & 0x000f0000) | (low & 0xffff);
	d->seg_32bit = high >> 22 & 1;
	d->contents = high >> 10 & 3;
	d->read_exec_only = !(high >> 9 & 1);
	d->limit_in_pages = high >> 23 & 1;
	d->seg_not_present = !(high >> 15 & 1);
	d->useable = high >> 20 & 1;
	return 0;
}
