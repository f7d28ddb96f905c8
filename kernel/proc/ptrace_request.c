/*
 * ptrace(2), the tracer's side: what it asks of a task that is in a trace stop.
 *
 * Everything that lies on the tracee's kernel stack or in its arch_thread is reached in one go with
 * siglock held (lock_stopped): as long as it is, SIGKILL cannot wake the task, so it is off its CPU
 * and stays there. User memory of the tracer is copied before or after. The tracee's own memory
 * needs no stack: mm_access().
 */
#include "proc/ptrace.h"
#include "mm/mm.h"
#include "proc/ptrace_request.h"
#include <asm/ldt.h>
#include <asm/ptrace-abi.h>
#include <linux/audit.h>
#include <linux/elf.h>
#include <linux/uio.h>

/* glibc's <sys/user.h>: struct user. The registers come first. */
#define USER_AREA_SIZE 284u
#define USER_DEBUGREG 252u

struct request {
	struct task *task;
	u32 addr;
	uaddr_t data; /* a pointer or a value */
};

static bool is_stopped(const struct task *t)
{
	return ptrace_is_by(t, current->process) && (t->jobctl & JOBCTL_TRACED) &&
	       !(t->jobctl & JOBCTL_LISTENING) && READ_ONCE(t->state) == TASK_TRACED;
}

/* True: siglock is held, and @t is in a trace stop of the caller's. */
static bool lock_stopped(struct task *t, irqflags_t *irq)
{
	for (;;) {
		*irq = spin_lock_irqsave(&t->process->siglock);
		if (is_stopped(t) && !READ_ONCE(t->on_cpu))
			return true;
		if (!is_stopped(t)) {
			spin_unlock_irqrestore(&t->process->siglock, *irq);
			return false;
		}
		spin_unlock_irqrestore(&t->process->siglock, *irq);
		cond_resched(); /* it is on its way off the CPU */
	}
}

static void unlock(struct task *t, irqflags_t irq)
{
	spin_unlock_irqrestore(&t->process->siglock, irq);
}

/* ---- memory ---- */

static size_t access(struct task *t, uaddr_t addr, u32 *word, bool write)
{
	struct mm *mm = task_mm_get(t);
	size_t n;

	if (!mm)
		return 0;
	n = mm_access(mm, addr, word, sizeof(*word), write);
	mm_put(mm);
	return n;
}

static long peek(struct request *r)
{
	u32 word;

	if (access(r->task, r->addr, &word, false) != sizeof(word))
		return -EIO;
	return put_user_u32(word, r->data);
}

static long poke(struct request *r)
{
	u32 word = r->data;

	return access(r->task, r->addr, &word, true) == sizeof(word) ? 0 : -EIO;
}

/* ---- registers ---- */

static long read_state(struct task *t, void (*get)(struct arch_thread *, void *), void *out)
{
	irqflags_t irq;

	if (!lock_stopped(t, &irq))
		return -ESRCH;
	get(&t->thread, out);
	unlock(t, irq);
	return 0;
}

static long write_state(struct task *t, int (*set)(struct arch_thread *, const void *),
			const void *in)
{
	irqflags_t irq;
	int err;

	if (!lock_stopped(t, &irq))
		return -ESRCH;
	err = set(&t->thread, in);
	unlock(t, irq);
	return err;
}

static void get_regs(struct arch_thread *thread, void *out)
{
	arch_get_user_regs(thread, out);
}

static int set_regs(struct arch_thread *thread, const void *in)
{
	return arch_set_user_regs(thread, in);
}

static int set_fpregs(struct arch_thread *thread, const void *in)
{
	arch_set_fpregs(thread, in);
	return 0;
}

static int set_fxregs(struct arch_thread *thread, const void *in)
{
	arch_set_fxregs(thread, in);
	return 0;
}

/* What GETREGS and its kin, and GETREGSET by note type, move. */
static const struct regset {
	u32 type, size;
	void (*get)(struct arch_thread *, void *);
	int (*set)(struct arch_thread *, const void *);
} regsets[] = {
	{NT_PRSTATUS, ARCH_USER_REGS * 4, get_regs, set_regs},
	{NT_PRFPREG, ARCH_FPREGS_SIZE, arch_get_fpregs, set_fpregs},
	{NT_PRXFPREG, ARCH_FXREGS_SIZE, arch_get_fxregs, set_fxregs},
};

union regset_buffer {
	u32 regs[ARCH_USER_REGS];
	u8 fx[ARCH_FXREGS_SIZE];
};

static const struct regset *find_regset(u32 type)
{
	for (unsigned i = 0; i < ARRAY_SIZE(regsets); i++)
		if (regsets[i].type == type)
			return &regsets[i];
	return NULL;
}

static long get_regset(struct request *r, const struct regset *set, u32 size, uaddr_t to)
{
	union regset_buffer buffer;
	long err = read_state(r->task, set->get, &buffer);

	if (err)
		return err;
	return copy_to_user(to, &buffer, size) ? -EFAULT : 0;
}

/* Less than the whole leaves the rest as it is. */
static long set_regset(struct request *r, const struct regset *set, u32 size, uaddr_t from)
{
	union regset_buffer buffer;
	long err = read_state(r->task, set->get, &buffer);

	if (err)
		return err;
	if (copy_from_user(&buffer, from, size))
		return -EFAULT;
	return write_state(r->task, set->set, &buffer);
}

static long by_note(struct request *r, bool write)
{
	const struct regset *set = find_regset(r->addr);
	struct iovec iov; /* base and length: 32 bits each */
	u32 size;
	long err;

	if (!set)
		return -EINVAL;
	if (copy_from_user(&iov, r->data, sizeof(iov)))
		return -EFAULT;
	size = MIN((u32)iov.iov_len, set->size);
	if (size % sizeof(u32))
		return -EINVAL;
	err = write ? set_regset(r, set, size, (uaddr_t)iov.iov_base)
		    : get_regset(r, set, size, (uaddr_t)iov.iov_base);
	return err ? err : put_user_u32(size, r->data + offsetof(struct iovec, iov_len));
}

static bool is_user_word(u32 addr)
{
	return addr % sizeof(u32) == 0 && addr < USER_AREA_SIZE;
}

static long peek_debugreg(struct request *r)
{
	irqflags_t irq;
	u32 value;

	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	value = arch_get_debugreg(&r->task->thread, (r->addr - USER_DEBUGREG) / sizeof(u32));
	unlock(r->task, irq);
	return put_user_u32(value, r->data);
}

static long poke_debugreg(struct request *r)
{
	irqflags_t irq;
	long err;

	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	err = arch_set_debugreg(&r->task->thread, (r->addr - USER_DEBUGREG) / sizeof(u32), r->data);
	unlock(r->task, irq);
	return err;
}

static long peek_user(struct request *r)
{
	u32 regs[ARCH_USER_REGS];
	long err;

	if (!is_user_word(r->addr))
		return -EIO;
	if (r->addr >= USER_DEBUGREG)
		return peek_debugreg(r);
	if (r->addr >= sizeof(regs))
		return put_user_u32(0, r->data);
	err = read_state(r->task, get_regs, regs);
	return err ? err : put_user_u32(regs[r->addr / sizeof(u32)], r->data);
}

static long poke_user(struct request *r)
{
	u32 regs[ARCH_USER_REGS];
	long err;

	if (is_user_word(r->addr) && r->addr >= USER_DEBUGREG)
		return poke_debugreg(r);
	if (!is_user_word(r->addr) || r->addr >= sizeof(regs))
		return -EIO;
	err = read_state(r->task, get_regs, regs);
	if (err)
		return err;
	regs[r->addr / sizeof(u32)] = r->data;
	return write_state(r->task, set_regs, regs);
}

static long thread_area(struct request *r, bool write)
{
	struct task *t = r->task;
	struct user_desc desc;
	irqflags_t irq;
	long err;

	memset(&desc, 0, sizeof(desc));
	if (write && copy_from_user(&desc, r->data, sizeof(desc)))
		return -EFAULT;
	if ((int)r->addr < 0)
		return -EIO;
	desc.entry_number = r->addr;
	if (!lock_stopped(t, &irq))
		return -ESRCH;
	err = write ? arch_set_thread_area(&t->thread, &desc, false)
		    : arch_get_thread_area(&t->thread, &desc);
	unlock(t, irq);
	if (err || write)
		return err;
	return copy_to_user(r->data, &desc, sizeof(desc)) ? -EFAULT : 0;
}

/* ---- signals and events ---- */

static long get_siginfo(struct request *r)
{
	siginfo_t info;
	irqflags_t irq;
	bool has;

	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	has = r->task->tracee->info;
	if (has)
		memcpy(&info, r->task->tracee->info, SIGINFO_USED);
	unlock(r->task, irq);
	if (!has)
		return -EINVAL;
	siginfo_clear_rest(&info);
	return copy_to_user(r->data, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_siginfo(struct request *r)
{
	siginfo_t info;
	irqflags_t irq;
	bool has;

	if (copy_from_user(&info, r->data, sizeof(info)))
		return -EFAULT;
	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	has = r->task->tracee->info;
	if (has)
		memcpy(r->task->tracee->info, &info, SIGINFO_USED);
	unlock(r->task, irq);
	return has ? 0 : -EINVAL;
}

static long sigmask_of(struct request *r, bool write)
{
	u64 mask = 0;
	irqflags_t irq;

	if (r->addr != sizeof(mask))
		return -EINVAL;
	if (write && copy_from_user(&mask, r->data, sizeof(mask)))
		return -EFAULT;
	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	if (write)
		r->task->blocked = mask & ~SIGNALS_UNBLOCKABLE;
	else
		mask = r->task->blocked;
	atomic_or(&r->task->thread.work, WORK_SIGNAL);
	unlock(r->task, irq);
	return !write && copy_to_user(r->data, &mask, sizeof(mask)) ? -EFAULT : 0;
}

static long get_message(struct request *r)
{
	u32 message;
	irqflags_t irq;

	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	message = (u32)r->task->tracee->message;
	unlock(r->task, irq);
	return put_user_u32(message, r->data);
}

static bool are_options(u32 options)
{
	return !(options & ~(u32)PTRACE_O_MASK);
}

static long set_options(struct request *r)
{
	irqflags_t irq;

	if (!are_options(r->data) || (r->data & PTRACE_O_SUSPEND_SECCOMP))
		return -EINVAL;
	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	r->task->tracee->options = r->data;
	unlock(r->task, irq);
	return 0;
}

/* ---- PTRACE_GET_SYSCALL_INFO ---- */

static bool is_syscall_stop(const siginfo_t *info)
{
	return info && info->si_signo == SIGTRAP &&
	       (info->si_code == (SIGTRAP | 0x80) || info->si_code == SIGTRAP);
}

static u32 describe_syscall(const struct tracee *tracee, const u32 *regs,
			    struct ptrace_syscall_info *out)
{
	static const u8 args[] = {EBX, ECX, EDX, ESI, EDI, EBP};
	s32 result = (s32)regs[EAX];

	if (!is_syscall_stop(tracee->info))
		return offsetof(struct ptrace_syscall_info, entry);
	if (tracee->message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		out->op = PTRACE_SYSCALL_INFO_ENTRY;
		out->entry.nr = regs[ORIG_EAX];
		for (unsigned i = 0; i < ARRAY_SIZE(args); i++)
			out->entry.args[i] = regs[args[i]];
		return offsetof(struct ptrace_syscall_info, entry) + sizeof(out->entry);
	}
	if (tracee->message != PTRACE_EVENTMSG_SYSCALL_EXIT)
		return offsetof(struct ptrace_syscall_info, entry);
	out->op = PTRACE_SYSCALL_INFO_EXIT;
	out->exit.rval = result;
	out->exit.is_error = result < 0 && result >= -4095;
	return offsetof(struct ptrace_syscall_info, exit.is_error) + 1;
}

static long get_syscall_info(struct request *r)
{
	struct ptrace_syscall_info info;
	u32 regs[ARCH_USER_REGS], size;
	irqflags_t irq;

	memset(&info, 0, sizeof(info));
	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	arch_get_user_regs(&r->task->thread, regs);
	info.op = PTRACE_SYSCALL_INFO_NONE;
	info.arch = AUDIT_ARCH_I386;
	info.instruction_pointer = regs[EIP];
	info.stack_pointer = regs[UESP];
	size = describe_syscall(r->task->tracee, regs, &info);
	unlock(r->task, irq);
	if (copy_to_user(r->data, &info, MIN(size, r->addr)))
		return -EFAULT;
	return (long)size;
}

/* ---- going on ---- */

static long resume(struct request *r, enum ptrace_mode mode)
{
	struct task *t = r->task;
	irqflags_t irq;

	if (r->data > _NSIG)
		return -EIO;
	if (!lock_stopped(t, &irq))
		return -ESRCH;
	t->tracee->mode = mode;
	if (mode == PTRACE_RUN)
		atomic_and(&t->thread.work, ~WORK_SYSCALL_TRACE);
	else
		atomic_or(&t->thread.work, WORK_SYSCALL_TRACE);
	arch_single_step(&t->thread, mode == PTRACE_STEP);
	ptrace_wake(t, (int)r->data);
	unlock(t, irq);
	return 0;
}

static long detach(struct request *r)
{
	irqflags_t irq;

	if (r->data > _NSIG)
		return -EIO;
	if (!lock_stopped(r->task, &irq)) /* off its CPU from here on */
		return -ESRCH;
	unlock(r->task, irq);
	return ptrace_detach(r->task, (int)r->data);
}

static long interrupt(struct request *r)
{
	struct task *t = r->task;
	irqflags_t irq = spin_lock_irqsave(&t->process->siglock);
	long err = -EIO;

	if (!ptrace_is_by(t, current->process)) {
		err = -ESRCH;
	} else if (t->tracee->seized) {
		t->jobctl |= JOBCTL_TRAP_STOP;
		signal_wake(t, t->jobctl & JOBCTL_LISTENING ? TASK_TRACED : 0);
		err = 0;
	}
	unlock(t, irq);
	return err;
}

/* Stay stopped, but as a group stop that SIGCONT ends. */
static long listen(struct request *r)
{
	struct task *t = r->task;
	irqflags_t irq;
	long err = -EIO;

	if (!lock_stopped(t, &irq))
		return -ESRCH;
	if (t->tracee->seized && t->tracee->info &&
	    t->tracee->info->si_code >> 8 == PTRACE_EVENT_STOP) {
		t->jobctl |= JOBCTL_LISTENING;
		if (t->jobctl & JOBCTL_TRAP_STOP) /* something has happened already */
			signal_wake(t, TASK_TRACED);
		err = 0;
	}
	unlock(t, irq);
	return err;
}

static long kill_tracee(struct request *r)
{
	if (!ptrace_is_by(r->task, current->process))
		return -ESRCH;
	send_signal_task(r->task, SIGKILL, SEND_SIG_NOINFO);
	return 0;
}

static long request(long number, struct request *r)
{
	switch (number) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA: return peek(r);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA: return poke(r);
	case PTRACE_PEEKUSR: return peek_user(r);
	case PTRACE_POKEUSR: return poke_user(r);
	case PTRACE_GETREGS: return get_regset(r, &regsets[0], regsets[0].size, r->data);
	case PTRACE_SETREGS: return set_regset(r, &regsets[0], regsets[0].size, r->data);
	case PTRACE_GETFPREGS: return get_regset(r, &regsets[1], regsets[1].size, r->data);
	case PTRACE_SETFPREGS: return set_regset(r, &regsets[1], regsets[1].size, r->data);
	case PTRACE_GETFPXREGS: return get_regset(r, &regsets[2], regsets[2].size, r->data);
	case PTRACE_SETFPXREGS: return set_regset(r, &regsets[2], regsets[2].size, r->data);
	case PTRACE_GETREGSET: return by_note(r, false);
	case PTRACE_SETREGSET: return by_note(r, true);
	case PTRACE_GET_THREAD_AREA: return thread_area(r, false);
	case PTRACE_SET_THREAD_AREA: return thread_area(r, true);
	case PTRACE_GETSIGINFO: return get_siginfo(r);
	case PTRACE_SETSIGINFO: return set_siginfo(r);
	case PTRACE_GETSIGMASK: return sigmask_of(r, false);
	case PTRACE_SETSIGMASK: return sigmask_of(r, true);
	case PTRACE_GETEVENTMSG: return get_message(r);
	case PTRACE_OLDSETOPTIONS:
	case PTRACE_SETOPTIONS: return set_options(r);
	case PTRACE_GET_SYSCALL_INFO: return get_syscall_info(r);
	case PTRACE_CONT: return resume(r, PTRACE_RUN);
	case PTRACE_SYSCALL: return resume(r, PTRACE_TO_SYSCALL);
	case PTRACE_SYSEMU: return resume(r, PTRACE_EMULATE);
	case PTRACE_SINGLESTEP: return resume(r, PTRACE_STEP);
	case PTRACE_DETACH: return detach(r);
	case PTRACE_LISTEN: return listen(r);
	default: return -EIO;
	}
}

static long of_task(long number, struct request *r)
{
	irqflags_t irq;

	switch (number) {
	case PTRACE_ATTACH: return ptrace_attach(r->task, false, 0);
	case PTRACE_SEIZE:
		if (r->addr || !are_options(r->data))
			return -EIO;
		return r->data & PTRACE_O_SUSPEND_SECCOMP ? -EINVAL
							  : ptrace_attach(r->task, true, r->data);
	case PTRACE_KILL: return kill_tracee(r);
	case PTRACE_INTERRUPT: return interrupt(r);
	}
	if (!lock_stopped(r->task, &irq))
		return -ESRCH;
	unlock(r->task, irq);
	return request(number, r);
}

long process_ptrace(long number, pid_t pid, u32 addr, uaddr_t data)
{
	struct request r = {.addr = addr, .data = data};
	long result;

	if (number == PTRACE_TRACEME)
		return ptrace_traceme();
	r.task = task_find_get(pid);
	if (!r.task)
		return -ESRCH;
	result = of_task(number, &r);
	task_put(r.task);
	return result;
}
