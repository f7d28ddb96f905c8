/*
 * GDT, TSS and IDT of each CPU, in its entry area. A double fault comes through a task gate: the
 * CPU then runs on a stack and in registers of its own, whatever became of the kernel stack.
 */
#include "desc.h"
#include "cpu.h"
#include "paging.h"
#include "percpu_init.h"
#include "pti.h"
#include "traps.h"
#include "lib/string.h"
#include <linux/errno.h>

#define ACCESS_TSS 0x89    /* present, system, 32-bit TSS, not busy */
#define ACCESS_DATA 0xc093 /* present, ring 0, writable, accessed; pages, 32 bits */
#define GATE_INTERRUPT 0x8e00
#define GATE_TRAP 0x8f00
#define GATE_TASK 0x8500
#define GATE_DPL3 0x6000

/* What each CPU has: GDT and task states, entry stack, double-fault stack. */
static char boot_entry_pages[5][PAGE_SIZE]
	__attribute__((section(".bss..page_aligned"), aligned(4096)));
static char idt_page[PAGE_SIZE] __attribute__((section(".bss..page_aligned"), aligned(4096)));

static const u8 entry_page_at[5] = {0, 4, 5, 7, 8};

DEFINE_PER_CPU(u32 *, thread_sp0);
DEFINE_PER_CPU(u32, entry_stack_top);

static void map_page(unsigned long va, void *page)
{
	arch_kernel_map((void *)va, (pfn_t)(lowmem_paddr(page) >> PAGE_SHIFT),
			(pgprot_t){PGPROT_KERNEL.val | PAGE_GLOBAL});
}

int entry_area_init(unsigned cpu_id)
{
	unsigned long base = (unsigned long)entry_area_of(cpu_id);

	for (unsigned i = 0; i < ARRAY_SIZE(entry_page_at); i++) {
		void *page = cpu_id ? arch_hooks.table_alloc(0) : boot_entry_pages[i];

		if (!page)
			return -ENOMEM;
		map_page(base + entry_page_at[i] * PAGE_SIZE, page);
	}
	return 0;
}

static u64 gate(u32 handler, u32 type)
{
	return ((u64)(handler & 0xffff0000) << 32) | ((u64)type << 32) | ((u32)KERNEL_CS << 16) |
	       (handler & 0xffff);
}

static bool ring3_may_call(unsigned vector)
{
	return vector == 3 || vector == 4 || vector == 5;
}

void idt_init(void)
{
	u64 *idt = (u64 *)idt_page;

	for (unsigned v = 0; v < 256; v++) {
		u32 stub = v < FIRST_IRQ_VECTOR ? trap_stubs[v] : irq_stub(v);

		idt[v] = gate(stub, GATE_INTERRUPT | (ring3_may_call(v) ? GATE_DPL3 : 0));
	}
	idt[VECTOR_DOUBLE_FAULT] = ((u64)GATE_TASK << 32) | ((u32)DOUBLE_FAULT_TSS_SEL << 16);
	/* A trap gate: interrupts stay on, which saves the sti. */
	idt[SYSCALL_VECTOR] = gate((u32)entry_int80, GATE_TRAP | GATE_DPL3);
	arch_kernel_map(idt_address(), (pfn_t)(lowmem_paddr(idt_page) >> PAGE_SHIFT),
			(pgprot_t){PGPROT_KERNEL_RO.val | PAGE_GLOBAL});
}

/* Interrupts stay off until the thread's stack is reached. */
void __init idt_set_pti(void)
{
	((u64 *)idt_page)[SYSCALL_VECTOR] = gate((u32)pti_int80, GATE_INTERRUPT | GATE_DPL3);
}

static void fill_df_tss(struct entry_area *area)
{
	struct tss *tss = &area->df_tss;

	tss->cr3 = kernel_mm.cr3;
	tss->ip = (u32)double_fault_entry;
	tss->flags = 2;
	tss->sp = tss->sp0 = (u32)area + ENTRY_DF_STACK_TOP;
	tss->cs = KERNEL_CS;
	tss->ss = tss->ss0 = KERNEL_DS;
	tss->ds = tss->es = USER_DS;
	tss->fs = PERCPU_SEL;
	tss->io_bitmap = sizeof(*tss);
}

static void fill_gdt(struct entry_area *area, unsigned cpu_id)
{
	u64 *gdt = area->gdt;

	gdt[KERNEL_CS / 8] = DESC_FLAT_CODE;
	gdt[KERNEL_DS / 8] = DESC_FLAT_DATA;
	gdt[USER_CS / 8] = DESC_FLAT_CODE | DESC_DPL3;
	gdt[USER_DS / 8] = DESC_FLAT_DATA | DESC_DPL3;
	gdt[TSS_SEL / 8] = segment_descriptor((u32)&area->tss, TSS_LIMIT, ACCESS_TSS);
	gdt[DOUBLE_FAULT_TSS_SEL / 8] =
		segment_descriptor((u32)&area->df_tss, sizeof(struct tss) - 1, ACCESS_TSS);
	gdt[ESPFIX_SEL / 8] = DESC_FLAT_DATA; /* entry.S sets its base */
	gdt[PERCPU_SEL / 8] = segment_descriptor(percpu_offsets[cpu_id], 0xfffff, ACCESS_DATA);
}

void desc_load(unsigned cpu_id)
{
	struct entry_area *area = entry_area_of(cpu_id);
	struct __packed {
		u16 limit;
		u32 base;
	} gdtr = {sizeof(area->gdt) - 1, (u32)area->gdt}, idtr = {256 * 8 - 1, (u32)idt_address()};

	area->tss.ss0 = KERNEL_DS;
	area->tss.sp0 = (u32)area + ENTRY_STACK_TOP;
	area->tss.io_bitmap = TSS_NO_IO_BITMAP;
	fill_df_tss(area);
	fill_gdt(area, cpu_id);
	__asm__ volatile("lgdt %0" ::"m"(gdtr));
	__asm__ volatile("lidt %0" ::"m"(idtr));
	__asm__ volatile("ljmp %0, $1f; 1:" ::"i"(KERNEL_CS) : "memory");
	__asm__ volatile(
		"mov %0, %%ss; mov %1, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs" ::"r"(
			KERNEL_DS),
		"r"(USER_DS), "r"(PERCPU_SEL), "r"(0)
		: "memory");
	this_cpu_write(thread_sp0, pti_enabled ? &area->tss.sp1 : &area->tss.sp0);
	this_cpu_write(entry_stack_top, (u32)area + ENTRY_STACK_TOP);
	__asm__ volatile("lldt %w0" ::"r"(0));
	__asm__ volatile("ltr %w0" ::"r"(TSS_SEL));
}
