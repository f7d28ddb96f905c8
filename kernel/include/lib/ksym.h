/*
 * The kernel's own symbol table, made by tools/kallsyms.py while the image is linked. For
 * backtraces and for messages that name a caller.
 */
#ifndef LIB_KSYM_H
#define LIB_KSYM_H

/*
 * The name of the function that contains addr, and how many bytes into it addr lies. NULL when
 * addr is not kernel text (*offset is then left alone). offset may be NULL. No locks, does not
 * sleep, safe in a panic and in an NMI.
 */
const char *ksym_lookup(unsigned long addr, unsigned long *offset);

/* The same, with the bytes from the symbol to the next one. */
const char *ksym_find(unsigned long addr, unsigned long *offset, unsigned long *size);

#endif
