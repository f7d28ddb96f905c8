/* The same with two-level page tables: 4 MB a page table, 4 GB of memory. */
#undef CONFIG_X86_PAE
#include "test_boot_limits.c"
