/*
 * The kernel's own symbol table, made by tools/kallsyms.py while the image is linked. For
 * backtraces and for messages that name a caller.
 */
#ifndef LIB_KSYM_H
#define LIB_KSYM_H

#define KSYM_NAME_SIZE 64 /* longer names are cut off */

/*
 * The name of the function that contains addr, written into name and returned, and how many bytes
 * into it addr lies. NULL when addr is not kernel text (*offset is then left alone). offset may be
 * NULL. No locks, does not sleep, safe in a panic and in an NMI.
 */
const char *ksym_lookup(char name[KSYM_NAME_SIZE], unsigned long addr, unsigned long *offset);

/* The same, with the bytes from the symbol to the next one. */
const char *ksym_find(char name[KSYM_NAME_SIZE], unsigned long addr, unsigned long *offset,
		      unsigned long *size);

#endif
