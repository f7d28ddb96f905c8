/*
 * The instructions that enter the kernel. No errno, no thread-local storage: %gs may be
 * anything here.
 *
 * Children that share their memory with the parent cannot return on its stack: enter_child() moves
 * them to a stack of their own with the first instruction. The thread stands in %ebp, which
 * clone(2) and its kin do not read.
 */
#include "fuzz.h"

u32 sysinfo_entry;

/*
 * The sixth argument goes to %ebp, which the compiler may need: so all come from the array in %esi.
 */
#define LOAD_ARGUMENTS \
	"movl 0(%%esi), %%ebx\n movl 4(%%esi), %%ecx\n movl 8(%%esi), %%edx\n" \
	"movl 16(%%esi), %%edi\n movl 20(%%esi), %%ebp\n movl 12(%%esi), %%esi\n"
#define SAVE "pushl %%ebp\n pushl %%ebx\n pushl %%edi\n"
#define RESTORE "popl %%edi\n popl %%ebx\n popl %%ebp\n"

long enter(u32 nr, const u32 *args)
{
	long ret = (long)nr;

	__asm__ volatile(SAVE LOAD_ARGUMENTS "int $0x80\n" RESTORE
			 : "+a"(ret), "+S"(args)
			 :
			 : "ecx", "edx", "memory", "cc");
	return ret;
}

long enter_fast(u32 nr, const u32 *args)
{
	long ret = (long)nr;

	if (!sysinfo_entry)
		return enter(nr, args);
	__asm__ volatile(SAVE LOAD_ARGUMENTS "call *sysinfo_entry\n" RESTORE
			 : "+a"(ret), "+S"(args)
			 :
			 : "ecx", "edx", "memory", "cc");
	return ret;
}

/* With these EFLAGS: an entry must not believe in any of them. */
#define ENTER_ODD(name, instruction) \
	long name(u32 nr, const u32 *args, u32 flags) \
	{ \
		long ret = (long)nr; \
\
		__asm__ volatile(SAVE "pushl %%edx\n" LOAD_ARGUMENTS "popfl\n" instruction \
				      "\n pushl $0x202\n popfl\n" RESTORE \
				 : "+a"(ret), "+S"(args), "+d"(flags) \
				 : \
				 : "ecx", "memory", "cc"); \
		return ret; \
	}

ENTER_ODD(enter_odd, "int $0x80")
ENTER_ODD(enter_odd_fast, "call *sysinfo_entry")

long enter_child(u32 nr, const u32 *args, struct thread *t)
{
	long ret = (long)nr;

	__asm__ volatile(SAVE "pushl %%edx\n" LOAD_ARGUMENTS "popl %%ebp\n"
			      "int $0x80\n"
			      "testl %%eax, %%eax\n jnz 1f\n"
			      "movl (%%ebp), %%esp\n pushl %%ebp\n pushl $0\n jmp child_main\n"
			      "1:\n" RESTORE
			 : "+a"(ret), "+S"(args), "+d"(t)
			 :
			 : "ecx", "memory", "cc");
	return ret;
}
