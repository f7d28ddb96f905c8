/* prctl(2), personality(2), arch_prctl(2). */
#include "abi/proc.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "proc/process.h"
#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

static long set_name(uaddr_t user)
{
	char name[16];
	ssize_t len = strncpy_from_user(name, user, sizeof(name) - 1);

	if (len < 0)
		return -EFAULT;
	name[MIN(len, 15L)] = 0;
	task_set_comm(current, name);
	return 0;
}

static long get_name(uaddr_t user)
{
	char name[16];

	task_get_comm(current, name);
	return copy_to_user(user, name, sizeof(name)) ? -EFAULT : 0;
}

static long set_dumpable(unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	current->mm->dumpable = (u32)value;
	return 0;
}

/* ---- what is kept in the credentials ---- */

static long set_keep_caps(unsigned long on)
{
	struct cred *new;

	if (on > 1)
		return -EINVAL;
	if (current->cred->securebits & (1 << SECURE_KEEP_CAPS_LOCKED))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->securebits &= ~(1u << SECURE_KEEP_CAPS);
	if (on)
		new->securebits |= 1u << SECURE_KEEP_CAPS;
	cred_commit(new);
	return 0;
}

static long set_securebits(u32 bits)
{
	u32 old = current->cred->securebits, locks = old & SECURE_ALL_LOCKS;
	struct cred *new;

	if ((((locks >> 1) & (old ^ bits))) || (locks & ~bits) ||
	    (bits & ~(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) || !capable(CAP_SETPCAP))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->securebits = bits;
	cred_commit(new);
	return 0;
}

static long drop_from_bounding_set(unsigned long cap)
{
	struct cred *new;

	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (!cap_valid(cap))
		return -EINVAL;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->cap_bset &= ~(1ULL << cap);
	cred_commit(new);
	return 0;
}

static long set_no_new_privs(void)
{
	struct cred *new = cred_prepare();

	if (!new)
		return -ENOMEM;
	new->no_new_privs = true;
	cred_commit(new);
	return 0;
}

static long change_ambient(unsigned long op, unsigned long cap)
{
	const struct cred *old = current->cred;
	u64 bit = cap < 64 ? 1ULL << cap : 0;
	struct cred *new;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL ? cap != 0 : !cap_valid(cap))
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return (old->cap_ambient & bit) != 0;
	if (op == PR_CAP_AMBIENT_RAISE && (!(old->cap_permitted & old->cap_inheritable & bit) ||
					   (old->securebits & (1 << SECURE_NO_CAP_AMBIENT_RAISE))))
		return -EPERM;
	if (op < PR_CAP_AMBIENT_IS_SET || op > PR_CAP_AMBIENT_CLEAR_ALL)
		return -EINVAL;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_RAISE)
		new->cap_ambient |= bit;
	else
		new->cap_ambient = op == PR_CAP_AMBIENT_LOWER ? new->cap_ambient & ~bit : 0;
	cred_commit(new);
	return 0;
}

/* ---- prctl ---- */

/* Options about credentials; -ENOSYS: not one of them. */
static long prctl_cred(int option, unsigned long a2, unsigned long a3, unsigned long a4,
		       unsigned long a5)
{
	const struct cred *cred = current->cred;

	switch (option) {
	case PR_GET_KEEPCAPS: return (cred->securebits & (1 << SECURE_KEEP_CAPS)) != 0;
	case PR_SET_KEEPCAPS: return set_keep_caps(a2);
	case PR_CAPBSET_READ: return cap_valid(a2) ? (long)(cred->cap_bset >> a2 & 1) : -EINVAL;
	case PR_CAPBSET_DROP: return drop_from_bounding_set(a2);
	case PR_GET_SECUREBITS: return (long)cred->securebits;
	case PR_SET_SECUREBITS: return set_securebits((u32)a2);
	case PR_SET_NO_NEW_PRIVS: return a2 != 1 || a3 || a4 || a5 ? -EINVAL : set_no_new_privs();
	case PR_GET_NO_NEW_PRIVS: return a2 || a3 || a4 || a5 ? -EINVAL : cred->no_new_privs;
	case PR_CAP_AMBIENT: return a4 || a5 ? -EINVAL : change_ambient(a2, a3);
	}
	return -ENOSYS;
}

static long prctl_process(int option, unsigned long a2, unsigned long a3, unsigned long a4,
			  unsigned long a5)
{
	struct process *p = current->process;

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a2 > _NSIG)
			return -EINVAL;
		p->pdeath_signal = (int)a2;
		return 0;
	case PR_GET_PDEATHSIG: return put_user_u32((u32)p->pdeath_signal, a2);
	case PR_GET_DUMPABLE: return (long)current->mm->dumpable;
	case PR_SET_DUMPABLE: return set_dumpable(a2);
	case PR_SET_NAME: return set_name(a2);
	case PR_GET_NAME: return get_name(a2);
	case PR_SET_CHILD_SUBREAPER: process_set_subreaper(a2 != 0); return 0;
	case PR_GET_CHILD_SUBREAPER: return put_user_u32(p->child_subreaper, a2);
	case PR_GET_TIMERSLACK: return (long)task_timer_slack();
	case PR_SET_TIMERSLACK: return task_set_timer_slack(a2);
	case PR_GET_TID_ADDRESS: return put_user_u32(current->clear_child_tid, a2);
	case PR_GET_SECCOMP: return 0; /* mode 0: none */
	case PR_GET_THP_DISABLE:
		return a2 || a3 || a4 || a5 ? -EINVAL : (current->mm->flags & MMF_DISABLE_THP) != 0;
	case PR_SET_THP_DISABLE:
		return a3 || a4 || a5 ? -EINVAL : mm_set_flag(current->mm, MMF_DISABLE_THP, a2);
	case PR_GET_TIMING: return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING: return a2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	}
	return -EINVAL;
}

long sys_prctl(int option, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	long result = prctl_cred(option, a2, a3, a4, a5);

	return result == -ENOSYS ? prctl_process(option, a2, a3, a4, a5) : result;
}

/* ---- personality ---- */

long sys_personality(u32 persona)
{
	long old = (long)current->personality;

	if (persona != 0xffffffff)
		current->personality = persona;
	return old;
}

/* ---- I/O ports ---- */

long sys_iopl(u32 level)
{
	if (level > 3)
		return -EINVAL;
	if (level == arch_iopl())
		return 0;
	if (level > arch_iopl() && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return arch_set_iopl(level);
}

long sys_ioperm(unsigned long from, unsigned long count, int on)
{
	if (from + count <= from || from + count > 65536)
		return -EINVAL;
	if (on && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return arch_ioperm((unsigned)from, (unsigned)count, on);
}

/* i386 has only the switch for CPUID faulting, which the CPU lacks. */
long sys_arch_prctl(int option, unsigned long arg)
{
	(void)arg;
	if (option == ARCH_GET_CPUID)
		return 1;
	return option == ARCH_SET_CPUID ? -ENODEV : -EINVAL;
}
