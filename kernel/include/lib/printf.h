/*
 * Formatted text, as in C99 without floating point: flags "-+ #0", width, precision (both also *),
 * hh h l ll z t j, d i u o x X c s p %. Plus:
 *
 *   %pS   an address as symbol+0xoffset; %ps without the offset. printf_symbol resolves it.
 *
 * %n is not understood: it and every other unknown conversion is printed as it stands, and nothing
 * of the arguments is used up. A NULL string prints "(null)". Safe in any context.
 *
 * On the host the names carry a prefix, so that a test can compare them with the C library's.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

#include "types.h"

#ifndef ISTHMUS_KERNEL
#define snprintf kernel_snprintf
#define vsnprintf kernel_vsnprintf
#define scnprintf kernel_scnprintf
#define vscnprintf kernel_vscnprintf
#endif

/*
 * The length that the whole text has, without its NUL, even where @size cut it. Always
 * terminated if @size.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* The length that was written, without the NUL: for building a text piece by piece. */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/*
 * Resolves an address for %pS, into @name of KSYM_NAME_SIZE bytes (ksym_lookup on the machine); NULL:
 * addresses stay numbers.
 */
extern const char *(*printf_symbol)(char *name, unsigned long addr, unsigned long *offset);

#endif
