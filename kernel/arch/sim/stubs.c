/*
 * The rest of the contract: devices that the simulated machine does not have. Each says so with the
 * errno that a machine without it would give.
 */
#include <string.h>
#include <time.h>

#include "arch/port.h"
#include <linux/errno.h>

const struct vdso_image *vdso_image;
const syscall_fn *arch_syscall_table;
unsigned arch_syscall_count;
syscall_fn arch_syscall_unknown;

int irq_request(unsigned irq, irq_handler_t handler, void *arg, unsigned flags, const char *name)
{
	(void)irq, (void)handler, (void)arg, (void)flags, (void)name;
	return -EINVAL;
}

void irq_for_each(void (*fn)(unsigned irq, const char *chip, const char *name, const u32 *counts,
			     void *arg),
		  void *arg)
{
	(void)fn, (void)arg;
}

void arch_page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

u64 clock_boot_realtime_ns(void)
{
	return 0;
}

void arch_thread_flush(void)
{
}

void arch_thread_start_user(struct regs *regs, uaddr_t ip, uaddr_t sp)
{
	*regs = (struct regs){.ip = ip, .sp = sp, .user = true};
}

int arch_set_thread_area(struct arch_thread *t, void *desc, bool allocate)
{
	(void)t, (void)desc, (void)allocate;
	return -ENOSYS;
}

int arch_get_thread_area(struct arch_thread *t, void *desc)
{
	(void)t, (void)desc;
	return -ENOSYS;
}

int arch_mm_fork(struct arch_mm *am, const struct arch_mm *old)
{
	(void)am, (void)old;
	return 0;
}

int arch_ldt_write(struct arch_mm *am, const void *desc, bool old_mode)
{
	(void)am, (void)desc, (void)old_mode;
	return -ENOSYS;
}

bool arch_ldt_read(const struct arch_mm *am, unsigned offset, void *buf, unsigned n)
{
	(void)am, (void)offset, (void)buf, (void)n;
	return false;
}

int arch_sigframe_push(struct regs *regs, const struct arch_sigframe *frame)
{
	(void)regs, (void)frame;
	return -EFAULT;
}

int arch_sigframe_pop(struct regs *regs, bool rt, struct arch_sigframe *out)
{
	(void)regs, (void)rt, (void)out;
	return -EFAULT;
}

void arch_init_early(void)
{
}

void arch_init_interrupts(void)
{
}

void arch_init_late(void)
{
}

const char *arch_cpu_name(void)
{
	return "Simulated CPU";
}

const char *arch_meltdown_state(void)
{
	return "Not affected";
}

void arch_cpuinfo(unsigned cpu, void (*emit)(void *arg, const char *fmt, ...) __printf(2, 3),
		  void *arg)
{
	emit(arg, "processor\t: %u\nmodel name\t: %s\n", cpu, arch_cpu_name());
}

bool arch_random_seed(void *buf, size_t n)
{
	(void)buf, (void)n;
	return false;
}

u32 arch_hwcap(void)
{
	return 0;
}
