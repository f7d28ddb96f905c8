/*
 * Hardware breakpoints of a traced thread: DR0-DR3 and DR7 (Intel SDM 3B, 17.2), which only
 * its tracer sets. They are in the CPU's registers while the thread runs, and DR7 is 0 while
 * any other does.
 *
 * A breakpoint never lies in the kernel and never watches ports. One that the kernel meets while it
 * reads or writes user memory is left to itself.
 */
#include "thread.h"
#include "desc.h"
#include "lib/string.h"
#include <asm/debugreg.h>
#include <asm/processor-flags.h>
#include <linux/errno.h>

#define ENABLED(n) (3u << ((n)*DR_ENABLE_SIZE))
#define ALL_ENABLED 0xffu
#define WATCHES_PORTS 2u

#define DEFINE_DEBUG_REGISTER(n) \
	static void write_dr##n(u32 v) \
	{ \
		__asm__ volatile("mov %0, %%dr" #n ::"r"(v)); \
	}
DEFINE_DEBUG_REGISTER(0)
DEFINE_DEBUG_REGISTER(1)
DEFINE_DEBUG_REGISTER(2)
DEFINE_DEBUG_REGISTER(3)
DEFINE_DEBUG_REGISTER(7)

void debug_load(const struct arch_thread *t)
{
	write_dr7(0);
	if (!(t->extras & EXTRA_DEBUG))
		return;
	write_dr0(t->debug_address[0]);
	write_dr1(t->debug_address[1]);
	write_dr2(t->debug_address[2]);
	write_dr3(t->debug_address[3]);
	write_dr7(t->debug_control & ~(u32)DR_CONTROL_RESERVED);
}

/* Type and length of breakpoint @n in DR7. */
static u32 condition_of(u32 control, unsigned n)
{
	return control >> (DR_CONTROL_SHIFT + n * DR_CONTROL_SIZE) & 15;
}

static bool is_allowed(u32 address, u32 condition)
{
	u32 type = condition & 3, length = (condition >> 2) + 1;

	if (address >= TASK_SIZE || type == WATCHES_PORTS || length == 3)
		return false;
	if (type == DR_RW_EXECUTE)
		return length == 1;
	return address % length == 0 && user_range_ok(address, length);
}

static bool all_allowed(const u32 *address, u32 control)
{
	for (unsigned n = 0; n < DEBUG_ADDRESSES; n++)
		if ((control & ENABLED(n)) && !is_allowed(address[n], condition_of(control, n)))
			return false;
	return true;
}

static int set_control(struct arch_thread *t, u32 control)
{
	if (!all_allowed(t->debug_address, control))
		return -EINVAL;
	t->debug_control = control;
	if (control & ALL_ENABLED)
		t->extras |= EXTRA_DEBUG;
	else
		t->extras &= (u8)~EXTRA_DEBUG;
	return 0;
}

static int set_address(struct arch_thread *t, unsigned n, u32 address)
{
	u32 all[DEBUG_ADDRESSES];

	memcpy(all, t->debug_address, sizeof(all));
	all[n] = address;
	if (address >= TASK_SIZE || !all_allowed(all, t->debug_control))
		return -EINVAL;
	t->debug_address[n] = address;
	return 0;
}

int arch_set_debugreg(struct arch_thread *t, unsigned n, u32 value)
{
	if (n < DEBUG_ADDRESSES)
		return set_address(t, n, value);
	if (n == 7)
		return set_control(t, value);
	if (n != 6)
		return -EIO;
	t->debug_status = value ^ DR6_RESERVED;
	return 0;
}

u32 arch_get_debugreg(const struct arch_thread *t, unsigned n)
{
	if (n < DEBUG_ADDRESSES)
		return t->debug_address[n];
	if (n == 7)
		return t->debug_control;
	return n == 6 ? t->debug_status ^ DR6_RESERVED : 0;
}

/* => interrupts off, @t is the current thread */
void debug_forget(struct arch_thread *t)
{
	bool loaded = t->extras & EXTRA_DEBUG;

	memset(t->debug_address, 0, sizeof(t->debug_address));
	t->debug_control = t->debug_status = 0;
	t->extras &= (u8)~EXTRA_DEBUG;
	if (loaded)
		debug_load(t);
}

/*
 * What @status, DR6 at a #DB, says of @t's own breakpoints. At one for execution the instruction
 * has not run: it is to be passed over once when the program goes on.
 */
void debug_take_status(struct arch_thread *t, struct regs *regs, u32 status)
{
	status ^= DR6_RESERVED;
	for (unsigned n = 0; n < DEBUG_ADDRESSES; n++) {
		if (!(t->debug_control & ENABLED(n)))
			status &= ~(1u << n);
		else if ((status & 1u << n) && condition_of(t->debug_control, n) == DR_RW_EXECUTE &&
			 user_mode(regs))
			regs->flags |= X86_EFLAGS_RF;
	}
	t->debug_status = status;
}
