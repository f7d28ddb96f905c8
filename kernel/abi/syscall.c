/*
 * The system-call table. syscall_table.h declares each call once, with the types of its arguments;
 * this file makes of each row the function that takes the arguments from the registers (ebx, ecx,
 * edx, esi, edi, ebp) and of all rows the table that the entry code indexes. Numbers come from
 * Linux's <asm/unistd.h>.
 *
 * A number without a row gives -ENOSYS and is named once in the log.
 */
#include "abi/syscall.h"
#include "abi/fs.h"
#include "abi/ipc.h"
#include "abi/memory.h"
#include "abi/mqueue.h"
#include "abi/net.h"
#include "abi/proc.h"
#include "arch/log.h"
#include "arch/port.h"
#include "lib/bitmap.h"
#include "sched/task.h"
#include <asm/unistd.h>

#define ARG(type, n) ((type)regs_arg(regs, n))
#define ARGS_0()
#define ARGS_1(a) ARG(a, 0)
#define ARGS_2(a, b) ARGS_1(a), ARG(b, 1)
#define ARGS_3(a, b, c) ARGS_2(a, b), ARG(c, 2)
#define ARGS_4(a, b, c, d) ARGS_3(a, b, c), ARG(d, 3)
#define ARGS_5(a, b, c, d, e) ARGS_4(a, b, c, d), ARG(e, 4)
#define ARGS_6(a, b, c, d, e, f) ARGS_5(a, b, c, d, e), ARG(f, 5)

/*
 * ROW(number, function, count, types...): C arguments. ROW_REGS(number, function): takes the
 * registers themselves.
 */
#define ROW(nr, fn, count, ...) \
	static long call_##nr(struct regs *regs) \
	{ \
		(void)regs; \
		return (long)fn(ARGS_##count(__VA_ARGS__)); \
	}
#define ROW_REGS(nr, fn)
#include "syscall_table.h"
#undef ROW
#undef ROW_REGS

static long unknown(struct regs *regs)
{
	static unsigned long said[512 / (8 * sizeof(long))];
	unsigned long nr = (unsigned long)regs_syscall_nr(regs);

	if (nr < 512 && !test_and_set_bit(nr, said))
		pr_info("%s[%d]: system call %lu is not implemented\n", current->comm, current->pid,
			nr);
	return -ENOSYS;
}

#define ROW(nr, fn, count, ...) [__NR_##nr] = call_##nr,
#define ROW_REGS(nr, fn) [__NR_##nr] = fn,
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
static const syscall_fn table[] = {
	[0 ... __NR_set_mempolicy_home_node] = unknown,
#include "syscall_table.h"
};
#pragma GCC diagnostic pop

void syscall_init(void)
{
	arch_syscall_unknown = unknown;
	arch_syscall_count = ARRAY_SIZE(table);
	arch_syscall_table = table;
}
