/*
 * What a task does in the kernel: /proc/PID/syscall, stack, io. proc(5)
 *
 * They tell more than others may know (when a password is typed, say), so each asks at every
 * read who reads.
 */
#include "proc/procfs.h"
#include "lib/ksym.h"
#include <asm/ptrace-abi.h>
#include <linux/capability.h>

#define CALLERS_MAX 64

/* Dead, or never in user mode: it is in no system call, and what was its stack may be another's. */
static bool has_user_regs(const struct task *t)
{
	return !(READ_ONCE(t->state) & TASK_DEAD) && !(t->flags & PF_KTHREAD);
}

int procfs_syscall(struct seq_file *m, struct task *t)
{
	u32 regs[ARCH_USER_REGS] = {[ORIG_EAX] = ~0u};
	irqflags_t irq;

	if (!task_may_access(t))
		return -EPERM;
	if (t == current) {
		arch_get_user_regs(&t->thread, regs);
	} else if (task_hold_asleep(t, &irq)) {
		if (has_user_regs(t))
			arch_get_user_regs(&t->thread, regs);
		task_let_go(t, irq);
	} else {
		seq_puts(m, "running\n");
		return 0;
	}
	seq_printf(m, "%d", (s32)regs[ORIG_EAX]);
	if ((s32)regs[ORIG_EAX] >= 0)
		seq_printf(m, " 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x", regs[EBX], regs[ECX], regs[EDX],
			   regs[ESI], regs[EDI], regs[EBP]);
	seq_printf(m, " 0x%x 0x%x\n", regs[UESP], regs[EIP]);
	return 0;
}

static unsigned callers_of(struct task *t, unsigned long *callers)
{
	unsigned n = 0;
	irqflags_t irq;

	if (t == current)
		return arch_thread_callers(&t->thread, callers, CALLERS_MAX);
	if (!task_hold_asleep(t, &irq))
		return 0;
	if (!(READ_ONCE(t->state) & TASK_DEAD))
		n = arch_thread_callers(&t->thread, callers, CALLERS_MAX);
	task_let_go(t, irq);
	return n;
}

/*
 * Names of functions, no addresses; without frame pointers some that returned long ago
 * are among them.
 */
int procfs_stack(struct seq_file *m, struct task *t)
{
	unsigned long callers[CALLERS_MAX], offset, size;
	char buffer[KSYM_NAME_SIZE];
	unsigned n;

	if (!(m->file->cred->cap_effective & 1ULL << CAP_SYS_ADMIN))
		return -EACCES;
	if (!task_may_access(t))
		return -EPERM;
	n = callers_of(t, callers);
	for (unsigned i = 0; i < n; i++) {
		const char *name = ksym_find(buffer, callers[i] - 1, &offset, &size);

		if (name)
			seq_printf(m, "[<0>] %s+0x%lx/0x%lx\n", name, offset + 1, size);
	}
	return 0;
}

/*
 * Of a process: with its threads and dead children. There are no disks, so nothing was read from
 * one, or written to it.
 */
static int show_io(struct seq_file *m, struct task *t, bool whole)
{
	struct task_io io = t->io;

	if (!task_may_access(t))
		return -EACCES;
	if (whole)
		process_get_io(t->process, &io);
	seq_printf(m, "rchar: %llu\nwchar: %llu\nsyscr: %lu\nsyscw: %lu\n", io.rchar, io.wchar,
		   io.syscr, io.syscw);
	seq_puts(m, "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
	return 0;
}

int procfs_io(struct seq_file *m, struct task *t)
{
	return show_io(m, t, true);
}

int procfs_thread_io(struct seq_file *m, struct task *t)
{
	return show_io(m, t, false);
}
