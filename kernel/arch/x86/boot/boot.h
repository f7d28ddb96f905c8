/*
 * Between the files of the boot stub. All of it runs once, with paging off, in segments whose base
 * is -PAGE_OFFSET: an ordinary kernel pointer is right, and lowmem_ptr() reaches any physical
 * address below 4 GB.
 */
#ifndef X86_BOOT_H
#define X86_BOOT_H

#include "arch/port.h"

/* Multiboot 1, the parts that we read (specification 0.6.96, section 3.3). */
struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper; /* KB */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 boot_loader_name;
};

struct multiboot_module {
	u32 start, end, string, reserved;
};

struct multiboot_mmap {
	u32 size; /* of what follows */
	u64 addr, len;
	u32 type;
} __packed;

#define MULTIBOOT_MEMORY (1u << 0)
#define MULTIBOOT_CMDLINE (1u << 2)
#define MULTIBOOT_MODS (1u << 3)
#define MULTIBOOT_MMAP (1u << 6)
#define MULTIBOOT_LOADER_NAME (1u << 9)

/* Say why the kernel cannot start, and stop. */
void __noreturn boot_fail(const char *why);
/* Something to say once printk works: a line for the log. The text is made at once. */
void boot_note(const char *format, ...) __printf(1, 2);
void boot_print_notes(void);

/* The command line without the program name; copied, so the loader's may be overwritten. */
extern char boot_cmdline[];
void boot_copy_cmdline(const struct multiboot_info *mbi);

/* memmap.c: boot_info.map. */
void boot_read_memory_map(const struct multiboot_info *mbi);
/* [start, end) is not RAM any more. */
void boot_cut_ram(paddr_t start, paddr_t end);
/*
 * @size bytes of zeroed low memory that nobody uses, behind the image: boot_info.tables_start. 0:
 * there are none. Once.
 */
u32 boot_take_tables(u32 size);

/* limits.c: mem=, vmalloc= and highmem=: boot_info.lowmem_end and the window for vmalloc. */
void boot_apply_limits(void);

/* tables.c: build the first page tables; the value for CR3. */
u32 boot_build_tables(void);

/* From head.S; registered with the linker script. */
u32 boot_choose_split(u32 mbi);
u32 boot_setup(u32 mbi);
void __noreturn boot_enter_kernel(void);
void __noreturn boot_trap(u32 vector, u32 ip, u32 cr2);

/* The limits of the image, from the linker script. */
extern char _image_start[], _image_end[], _stext[], _etext[], _srodata[], _erodata[], _sdata[],
	_edata[];
extern char __init_start[], __init_end[], __bss_start[], __bss_end[];

extern char boot_stack[], boot_stack_top[];

/* kernel_main() of kernel/main.c, by the linker script. */
void __noreturn boot_main(void);

#endif
