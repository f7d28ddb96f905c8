/*
 * The boot stub's C part, in the order of head.S: what the loader left, the split, the memory map,
 * the page tables; then, with paging on, CPU 0's own data and kernel_main().
 */
#include "boot.h"
#include "../apic.h"
#include "../cpu.h"
#include "../percpu_init.h"
#include "../pti.h"
#include "../traps.h"
#include "arch/log.h"
#include "lib/cmdline.h"
#include "lib/printf.h"
#include "lib/string.h"
#include <machine/io.h>

#define NOTES_MAX 8
#define NOTE_SIZE 160

struct boot_info boot_info;
struct kernel_windows windows;
char boot_cmdline[2048];

extern unsigned long __stack_chk_guard; /* arch/panic.c */

/* Text, not pointers to it: what boot_choose_split() says is said before the relocation. */
static char notes[NOTES_MAX][NOTE_SIZE];
static unsigned note_count;

void __init boot_note(const char *format, ...)
{
	va_list args;

	if (note_count == NOTES_MAX)
		return;
	va_start(args, format);
	vscnprintf(notes[note_count++], NOTE_SIZE, format, args);
	va_end(args);
}

void __init boot_print_notes(void)
{
	for (unsigned i = 0; i < note_count; i++)
		pr_warn("%s\n", notes[i]);
}

static void early_puts(const char *s)
{
	arch_early_console(s, strlen(s));
}

static void early_hex(u32 v)
{
	char text[8];

	for (int i = 7; i >= 0; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	arch_early_console(text, sizeof(text));
}

void __init __noreturn boot_fail(const char *why)
{
	early_puts("isthmus: cannot start: ");
	early_puts(why);
	early_puts("\n");
	arch_halt();
}

void __init __noreturn boot_trap(u32 a, u32 b, u32 cr2)
{
	early_puts("isthmus: exception in the boot stub, stack ");
	early_hex(a);
	early_puts(" ");
	early_hex(b);
	early_puts(" cr2 ");
	early_hex(cr2);
	early_puts("\n");
	arch_halt();
}

/*
 * QEMU (loader name "qemu") and GRUB Legacy put the kernel's file name first, GRUB 2
 * and v86 do not.
 */
static const char *__init skip_program_name(const struct multiboot_info *mbi, const char *line)
{
	bool named = *line == '/' || *line == '(';

	if ((mbi->flags & MULTIBOOT_LOADER_NAME) && mbi->boot_loader_name)
		named |= strcmp(lowmem_ptr(mbi->boot_loader_name), "qemu") == 0;
	if (named)
		line = strchrnul(line, ' ');
	while (*line == ' ')
		line++;
	return line;
}

void __init boot_copy_cmdline(const struct multiboot_info *mbi)
{
	boot_cmdline[0] = '\0';
	if ((mbi->flags & MULTIBOOT_CMDLINE) && mbi->cmdline)
		strscpy(boot_cmdline, skip_program_name(mbi, lowmem_ptr(mbi->cmdline)),
			sizeof(boot_cmdline));
}

static void __init require_cpu(void)
{
	u32 need = CPU_PSE | CPU_TSC | CPU_MSR | CPU_CX8 | CPU_CMOV | CPU_FXSR;

	cpu_detect();
#ifdef CONFIG_X86_PAE
	if (!(cpu.f1_edx & CPU_PAE))
		boot_fail("this CPU has no PAE; build with CONFIG_X86_PAE=n");
#endif
	if ((cpu.f1_edx & need) != need)
		boot_fail("this CPU is no i686 with PSE, TSC, CX8, CMOV and FXSR");
}

/* Arrays, not pointers: read before the relocation and after it. */
static const struct {
	char name[8];
	u32 offset;
} splits[] __initdata = {
	{"3G", PAGE_OFFSET_3G},         {"3G_OPT", PAGE_OFFSET_3G_OPT}, {"2G", PAGE_OFFSET_2G},
	{"2G_OPT", PAGE_OFFSET_2G_OPT}, {"1G", PAGE_OFFSET_1G},
};

static const char *__init split_name(u32 offset)
{
	for (unsigned i = 0; i < ARRAY_SIZE(splits); i++)
		if (splits[i].offset == offset)
			return splits[i].name;
	return "?";
}

u32 __init boot_choose_split(u32 mbi_address)
{
	char value[24];

	require_cpu();
	boot_copy_cmdline(lowmem_ptr(mbi_address));
	if (!cmdline_get(boot_cmdline, "vmsplit", value, sizeof(value)))
		return CONFIG_PAGE_OFFSET;
	for (unsigned i = 0; i < ARRAY_SIZE(splits); i++)
		if (strcasecmp(value, splits[i].name) == 0)
			return splits[i].offset;
	boot_note("vmsplit=%s: the splits are 3G, 3G_OPT, 2G, 2G_OPT and 1G; %s is used", value,
		  split_name(CONFIG_PAGE_OFFSET));
	return CONFIG_PAGE_OFFSET;
}

static void __init find_initrd(const struct multiboot_info *mbi)
{
	const struct multiboot_module *mod;

	if (!(mbi->flags & MULTIBOOT_MODS) || !mbi->mods_count)
		return;
	mod = lowmem_ptr(mbi->mods_addr);
	boot_info.initrd_start = mod->start;
	boot_info.initrd_end = mod->end;
	if (mbi->mods_count > 1)
		boot_note(
			"more than one Multiboot module: only the first is used, as the initial RAM disk");
}

static void __init describe_image(void)
{
	windows.text_start = (unsigned long)_stext;
	windows.text_end = (unsigned long)_etext;
	windows.rodata_end = (unsigned long)_erodata;
	windows.data_start = (unsigned long)_sdata;
	windows.data_end = (unsigned long)_edata;
	windows.init_start = (unsigned long)__init_start;
	windows.init_end = (unsigned long)__init_end;
	windows.bss_start = (unsigned long)__bss_start;
	windows.bss_end = (unsigned long)__bss_end;
	boot_info.kernel_start = lowmem_paddr(_image_start);
	boot_info.kernel_end = lowmem_paddr(_image_end);
}

u32 __init boot_setup(u32 mbi_address)
{
	const struct multiboot_info *mbi = lowmem_ptr(mbi_address);

	time_start(cycles_now());
	boot_info.cmdline = boot_cmdline;
	describe_image();
	find_initrd(mbi);
	boot_read_memory_map(mbi);
	boot_apply_limits();
	pti_choose();
	return boot_build_tables();
}

/*
 * What the compiler's stack check compares with; => no caller on the stack has taken the old value
 */
static __always_inline void randomise_stack_guard(void)
{
	u32 seed;

	if (!arch_random_seed(&seed, sizeof(seed)))
		seed = (u32)cycles_now() * 2654435761u;
	__stack_chk_guard = seed & ~0xffu; /* a zero byte stops string overruns */
}

void __init __noreturn boot_enter_kernel(void)
{
	randomise_stack_guard();
	percpu_init_boot();
	traps_init_boot();
	boot_main();
}
