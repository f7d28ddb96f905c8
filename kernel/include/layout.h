/*
 * The numbers of the 4 GB address space, and the only place that has them. The linker script, the
 * boot stub, the kernel, the host tests and the documents take them from here; layout_check.h
 * asserts every border at build time. Usable from C, assembly and the linker script.
 *
 *   0xFFFFF000  FIXADDR_TOP      fixmap, downward: APICs, 15 kmap_local slots a CPU
 *   0xFF800000  ENTRY_AREA_BASE  per-CPU entry stacks, TSS, GDT, double-fault stacks; the IDT
 *   0xFF400000  LDT_AREA_BASE    a window of 64 KB a CPU: the loaded process's descriptor table
 *   0xFF000000  PKMAP_BASE       persistent kmap: exactly one page table
 *   0xFEFFE000  VMALLOC_END      two guard pages
 *               VMALLOC_START    high_memory + 8 MB guard
 *               high_memory      PAGE_OFFSET + low memory, at most HIGH_MEMORY_MAX
 *               PAGE_OFFSET      the direct map of low memory
 *               TASK_SIZE        == PAGE_OFFSET
 */
#ifndef LAYOUT_H
#define LAYOUT_H

/* PAGE_OFFSET of the five splits; which one, the boot stub decides (vmsplit=). */
#define PAGE_OFFSET_3G 0xC0000000
#define PAGE_OFFSET_3G_OPT 0xB0000000
#define PAGE_OFFSET_2G 0x80000000
#define PAGE_OFFSET_2G_OPT 0x78000000
#define PAGE_OFFSET_1G 0x40000000

/* The split for which the image is linked; the stub relocates it to the others. */
#define LINK_PAGE_OFFSET PAGE_OFFSET_3G

/* The kernel's physical load address: Multiboot loads it there. */
#define KERNEL_PHYS_BASE 0x00100000

/* high_memory can be no higher with vmalloc= absent: 128 MB of window stay above it. */
#define HIGH_MEMORY_MAX 0xF8000000
#define VMALLOC_RESERVE_DEFAULT 0x08000000
#define VMALLOC_OFFSET 0x00800000

#define PKMAP_BASE 0xFF000000
#define VMALLOC_END (PKMAP_BASE - 2 * 0x1000)

#define LDT_AREA_BASE 0xFF400000
#define LDT_WINDOW_SIZE 0x10000

#define ENTRY_AREA_BASE 0xFF800000
#define ENTRY_AREA_SIZE 0x00400000

#ifdef CONFIG_X86_PAE
#define LAST_PKMAP 512
#else
#define LAST_PKMAP 1024
#endif

#define FIXADDR_TOP 0xFFFFF000

/* Zone border: memory that ISA DMA reaches. */
#define ZONE_DMA_LIMIT 0x01000000

/* User space. */
#define MMAP_MIN_ADDR_DEFAULT 0x00010000
#define ELF_ET_DYN_BASE 0x00400000

/* kmap_local: what a thread has room for. It may nest one fewer, so a CPU has one slot fewer. */
#define KM_MAX_IDX 16
#define KM_SLOTS (KM_MAX_IDX - 1)

#ifndef __ASSEMBLER__
#ifdef ISTHMUS_KERNEL
/*
 * A linker symbol whose address is PAGE_OFFSET: an immediate operand that the boot stub patches,
 * so that reading it costs nothing.
 */
extern char __page_offset[];
#define PAGE_OFFSET ((unsigned long)__page_offset)
#define TASK_SIZE ((uaddr_t)PAGE_OFFSET)
#else
extern unsigned long sim_page_offset; /* arch/sim: the host address of the simulated direct map */
extern unsigned sim_task_size;
#define PAGE_OFFSET sim_page_offset
#define TASK_SIZE ((uaddr_t)sim_task_size)
#endif
#endif

#endif
