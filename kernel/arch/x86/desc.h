/*
 * Segments, gates and task states. The selectors are Linux's, because programs see them (0x73 and
 * 0x7b in signal frames and core files; TLS entries 6 to 8 through set_thread_area(2)).
 *
 * One entry area per CPU, at fixed addresses above the kernel's windows: what the CPU itself reads
 * at a gate. Nine pages: GDT and task states | I/O bitmap (3) | entry stack (2) | guard |
 * double-fault stack (2). Those of the bitmap are mapped, read-only, while a thread that has one runs; so
 * they are a guard page in any case.
 */
#ifndef X86_DESC_H
#define X86_DESC_H

#include "layout.h"

#define GDT_ENTRIES 32
#define KERNEL_CS 0x60
#define KERNEL_DS 0x68
#define USER_CS 0x73
#define USER_DS 0x7b
#define TSS_SEL 0x80
#define LDT_SEL 0x88
#define ESPFIX_SEL 0xd0
#define PERCPU_SEL 0xd8
#define DOUBLE_FAULT_TSS_SEL 0xf8

#define DESC_FLAT_CODE 0x00cf9b000000ffff
#define DESC_FLAT_DATA 0x00cf93000000ffff
#define DESC_DPL3 0x0000600000000000

#define ENTRY_CPU_PAGES 9
#define ENTRY_GDT 0
#define ENTRY_TSS 0x100
#define ENTRY_DF_TSS 0x180
#define ENTRY_IO_BITMAP 0x1000
#define ENTRY_STACK_TOP 0x6000
#define ENTRY_DF_STACK 0x7000
#define ENTRY_DF_STACK_TOP 0x9000
#define TSS_SP0 4
#define TSS_SP1 12 /* which no gate of ours uses: with page-table isolation, sp0 of the thread */
#define TSS_IO_BITMAP (ENTRY_IO_BITMAP - ENTRY_TSS) /* where the task state says it is */
#define TSS_NO_IO_BITMAP 0xffff                     /* beyond its limit: no port */
#define TSS_LIMIT (TSS_IO_BITMAP + 0x2000)          /* 65,536 bits and a byte */

#define VECTOR_DOUBLE_FAULT 8
#define FIRST_IRQ_VECTOR 32
#define SYSCALL_VECTOR 0x80

#ifndef __ASSEMBLER__
#include "types.h"
#include <machine/percpu.h>

struct tss {
	u16 link, r0;
	u32 sp0;
	u16 ss0, r1;
	u32 sp1;
	u16 ss1, r2;
	u32 sp2;
	u16 ss2, r3;
	u32 cr3, ip, flags, ax, cx, dx, bx, sp, bp, si, di;
	u16 es, r4, cs, r5, ss, r6, ds, r7, fs, r8, gs, r9, ldt, r10;
	u16 trap, io_bitmap;
};

struct entry_area {
	u64 gdt[GDT_ENTRIES];
	struct tss tss __aligned(128);
	struct tss df_tss __aligned(128);
};

_Static_assert(offsetof(struct entry_area, tss) == ENTRY_TSS, "entry area");
_Static_assert(offsetof(struct entry_area, df_tss) == ENTRY_DF_TSS, "entry area");
_Static_assert(sizeof(struct tss) == 104, "hardware format");
_Static_assert(0x1000 * (1 + ENTRY_CPU_PAGES * CONFIG_NR_CPUS) <= ENTRY_AREA_SIZE,
	       "entry area too small");

static inline struct entry_area *entry_area_of(unsigned cpu_id)
{
	return (struct entry_area *)(ENTRY_AREA_BASE + PAGE_SIZE * (1 + ENTRY_CPU_PAGES * cpu_id));
}

static inline void *idt_address(void)
{
	return (void *)ENTRY_AREA_BASE;
}

static inline u64 segment_descriptor(u32 base, u32 limit, u32 access)
{
	return ((u64)(base & 0xff000000) << 32) | ((u64)(access & 0xf0ff) << 40) |
	       ((u64)(limit & 0xf0000) << 32) | ((u64)(base & 0xffffff) << 16) | (limit & 0xffff);
}

/*
 * Where this CPU keeps the end of the running thread's stack: sp0 of its task state, or sp1
 * (entry_pti.S).
 */
DECLARE_PER_CPU(u32 *, thread_sp0);
/* The end of this CPU's entry stack. */
DECLARE_PER_CPU(u32, entry_stack_top);

/* Map the entry area of @cpu_id on fresh pages: 0 or -ENOMEM. CPU 0 has static ones. */
int entry_area_init(unsigned cpu_id);
/* Load GDT, TSS and IDT, and the per-CPU segment, on the CPU that runs this. */
void desc_load(unsigned cpu_id);
void idt_init(void);
/* System calls through page-table isolation's gate. */
void idt_set_pti(void);

#endif
#endif
