/*
 * Restartable sequences: a thread's short critical section that needs no lock and no atomic
 * instruction, because it is begun anew whenever something came in between: another thread on its
 * CPU, a move to another CPU, a signal.
 *
 * The thread registers a struct rseq of its own. There the kernel keeps the number of the CPU, and
 * there the thread says by rseq_cs which section it is in. WORK_RSEQ says that something came in
 * between: the scheduler sets it when the thread loses its CPU outside a system call (in one there
 * is no section to abort), and when the thread moves; membarrier(2) sets it on request. So who
 * blocks in a system call and comes back on the same CPU pays nothing.
 *
 * A section that is not in order (struct rseq_cs that cannot be read, a signature that is not the
 * registered one in front of the abort handler) is a defect or an attack: SIGSEGV.
 *
 * Locks: none; a thread's own state, and its own memory. Read next: hooks.c, sched/core.c.
 */
#include "proc/internal.h"
#include "proc/rseq.h"
#include <linux/rseq.h>

static uaddr_t field(size_t offset)
{
	return current->rseq + (uaddr_t)offset;
}

static int write_cpu(u32 start, u32 cpu)
{
	int err = put_user_u32(start, field(offsetof(struct rseq, cpu_id_start)));

	return err ? err : put_user_u32(cpu, field(offsetof(struct rseq, cpu_id)));
}

/* ---- the section that the thread says it is in ---- */

static bool is_sound(const struct rseq_cs *cs)
{
	return cs->start_ip < TASK_SIZE && cs->start_ip + cs->post_commit_offset < TASK_SIZE &&
	       cs->abort_ip < TASK_SIZE && !cs->version &&
	       cs->start_ip + cs->post_commit_offset >= cs->start_ip &&
	       cs->abort_ip - cs->start_ip >= cs->post_commit_offset;
}

/* 0: *@cs is read and checked; -EFAULT, -EINVAL */
static int read_section(u64 address, struct rseq_cs *cs)
{
	u32 signature;
	int err;

	if (address >= TASK_SIZE)
		return -EINVAL;
	if (copy_from_user(cs, (uaddr_t)address, sizeof(*cs)))
		return -EFAULT;
	if (!is_sound(cs))
		return -EINVAL;
	err = get_user_u32(&signature, (uaddr_t)cs->abort_ip - (uaddr_t)sizeof(signature));
	if (err)
		return err;
	return signature == current->rseq_signature ? 0 : -EINVAL;
}

static bool is_inside(u32 ip, const struct rseq_cs *cs)
{
	return ip - (u32)cs->start_ip < (u32)cs->post_commit_offset;
}

/*
 * The flags asked for exceptions from the rule, which there are no more: Linux 6.1 ends the thread.
 */
static int check_flags(const struct rseq_cs *cs)
{
	u32 flags;
	int err = get_user_u32(&flags, field(offsetof(struct rseq, flags)));

	return err ? err : cs->flags || flags ? -EINVAL : 0;
}

/* Leave the section at @address; if the thread is in it, by its abort handler. */
static noinline int leave_section(struct regs *regs, u64 address)
{
	uaddr_t pointer = field(offsetof(struct rseq, rseq_cs));
	struct rseq_cs cs;
	bool inside;
	int err = read_section(address, &cs);

	if (err)
		return err;
	inside = is_inside((u32)regs_ip(regs), &cs);
	if (inside)
		err = check_flags(&cs);
	if (!err)
		err = put_user_u64(0, pointer);
	if (!err && inside)
		regs_set_ip(regs, (unsigned long)cs.abort_ip);
	return err;
}

/* Leave the section that the thread says it is in, which is none mostly. */
static inline int abort_section(struct regs *regs)
{
	u64 address;
	int err = get_user_u64(&address, field(offsetof(struct rseq, rseq_cs)));

	return err || likely(!address) ? err : leave_section(regs, address);
}

/* ---- what others call ---- */

void rseq_resume(struct regs *regs)
{
	u32 cpu;
	int err;

	atomic_and(&current->thread.work, ~WORK_RSEQ);
	if (!current->rseq)
		return;
	err = abort_section(regs);
	cpu = smp_cpu_id(); /* it moves no more without WORK_RSEQ being set again */
	if (!err)
		err = write_cpu(cpu, cpu);
	if (err)
		force_sigsegv(0);
}

bool rseq_before_signal(struct regs *regs)
{
	return likely(!current->rseq) || !abort_section(regs);
}

void rseq_fork(struct task *child, bool shares_memory)
{
	if (shares_memory || !current->rseq)
		return;
	child->rseq = current->rseq;
	child->rseq_signature = current->rseq_signature;
	child->thread.work |= WORK_RSEQ;
}

/* ---- rseq(2) ---- */

static int unregister(uaddr_t addr, u32 len, u32 signature)
{
	if (addr != current->rseq || !addr || len != sizeof(struct rseq))
		return -EINVAL;
	if (signature != current->rseq_signature)
		return -EPERM;
	if (write_cpu(0, (u32)RSEQ_CPU_ID_UNINITIALIZED))
		return -EFAULT;
	current->rseq = 0;
	return 0;
}

int rseq_register(uaddr_t addr, u32 len, u32 flags, u32 signature)
{
	if (flags == RSEQ_FLAG_UNREGISTER)
		return unregister(addr, len, signature);
	if (flags)
		return -EINVAL;
	if (current->rseq) {
		if (addr != current->rseq || len != sizeof(struct rseq))
			return -EINVAL;
		return signature == current->rseq_signature ? -EBUSY : -EPERM;
	}
	if (!IS_ALIGNED(addr, __alignof__(struct rseq)) || len != sizeof(struct rseq))
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -EFAULT;
	current->rseq = addr;
	current->rseq_signature = signature;
	atomic_or(&current->thread.work, WORK_RSEQ);
	return 0;
}
