/*
 * Between usercopy.c, uaccess.S and the signal frames: access to user memory without range checks.
 */
#ifndef X86_USERCOPY_H
#define X86_USERCOPY_H

#include "types.h"

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

size_t user_copy(void *to, const void *from, size_t n);
size_t user_clear(void *to, size_t n);
ssize_t user_strncpy(char *to, const char *from, size_t n);
ssize_t user_strnlen(const char *s, size_t n);

#endif
