/*
 * Between usercopy.c, uaccess.S and the signal frames: access to user memory without range checks.
 */
#ifndef X86_USERCOPY_H
#define X86_USERCOPY_H

#include "types.h"
#include <linux/errno.h>

#define USER_SMAP_SITE(opcode) \
	"771: .byte 0x0f, 0x1f, 0x00\n" \
	".pushsection .smap_sites, \"a\"\n .long 771b, " opcode "\n .popsection\n"
#define USER_STAC USER_SMAP_SITE("0xcb010f")
#define USER_CLAC USER_SMAP_SITE("0xca010f")

/* One access; a fault leaves err_ at -EFAULT. */
#define USER_ACCESS(code, ...) \
	__asm__ volatile(USER_STAC "1: " code "\n" USER_CLAC "2:\n" \
				   ".pushsection .fixup, \"ax\"\n" \
				   "3: " USER_CLAC "mov %[efault], %[err]\n jmp 2b\n" \
				   ".popsection\n" \
				   ".pushsection .ex_table, \"a\"\n .long 1b, 3b\n .popsection" \
			 : __VA_ARGS__ \
			 : "memory", "cc")

/*
 * Words in a row, an instruction each: begin, stores or loads, end. => the range is checked
 * user_store() goes to the label @fault if it cannot, where end is called too; user_load() leaves
 * -EFAULT in @err.
 */
static __always_inline void user_access_begin(void)
{
	__asm__ volatile(USER_STAC ::: "memory", "cc");
}

static __always_inline void user_access_end(void)
{
	__asm__ volatile(USER_CLAC ::: "memory", "cc");
}

#define user_store(val, to, fault) \
	__asm__ goto("1: movl %0, %1\n" \
		     ".pushsection .ex_table, \"a\"\n .long 1b, %l2\n .popsection" \
		     : \
		     : "ri"((u32)(val)), "m"(*(u32 *)(to)) \
		     : "memory" \
		     : fault)

#define user_load(val, from, err) \
	__asm__ volatile("1: movl %[mem], %[word]\n2:\n" \
			 ".pushsection .fixup, \"ax\"\n" \
			 "3: mov %[efault], %[error]\n xorl %[word], %[word]\n jmp 2b\n" \
			 ".popsection\n" \
			 ".pushsection .ex_table, \"a\"\n .long 1b, 3b\n .popsection" \
			 : [word] "=r"(val), [error] "+r"(err) \
			 : [mem] "m"(*(const u32 *)(from)), [efault] "i"(-EFAULT) \
			 : "memory")

/*
 * The FPU's state likewise, by fxsave and fxrstor. The CPU refuses to load some, as it does bad
 * memory: an address that is not aligned to 16, mxcsr with reserved bits.
 */
#define fpu_store(to, fault) \
	__asm__ goto("1: fxsave %0\n" \
		     ".pushsection .ex_table, \"a\"\n .long 1b, %l1\n .popsection" \
		     : \
		     : "m"(*(struct fxsave_area *)(to)) \
		     : "memory" \
		     : fault)

#define fpu_restore(from, err) \
	__asm__ volatile("1: fxrstor %[mem]\n2:\n" \
			 ".pushsection .fixup, \"ax\"\n" \
			 "3: mov %[efault], %[error]\n jmp 2b\n" \
			 ".popsection\n" \
			 ".pushsection .ex_table, \"a\"\n .long 1b, 3b\n .popsection" \
			 : [error] "+r"(err) \
			 : [mem] "m"(*(const struct fxsave_area *)(from)), [efault] "i"(-EFAULT) \
			 : "memory")

size_t user_copy(void *to, const void *from, size_t n);
size_t user_clear(void *to, size_t n);
ssize_t user_strncpy(char *to, const char *from, size_t n);
ssize_t user_strnlen(const char *s, size_t n);

#endif
