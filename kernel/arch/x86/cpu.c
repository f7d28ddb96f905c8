/*
 * CPUID, and turning on what it advertises. No bit of CR4 is set that CPUID does not name: some
 * machines hang on it, some accept it and do nothing.
 */
#include "cpu.h"
#include "desc.h"
#include "pti.h"
#include "traps.h"
#include "arch/port.h"
#include "arch/log.h"
#include "lib/string.h"

struct cpu_features cpu;
u8 wide_stores;

struct smap_site {
	u32 at, opcode;
};
extern const struct smap_site __smap_sites_start[], __smap_sites_end[];

static void __init read_vendor(void)
{
	struct cpuid_regs r = cpuid(0, 0);

	cpu.max_leaf = r.eax;
	memcpy(cpu.vendor, &r.ebx, 4);
	memcpy(cpu.vendor + 4, &r.edx, 4);
	memcpy(cpu.vendor + 8, &r.ecx, 4);
}

static void __init read_name(void)
{
	char text[48];
	size_t skip;

	if (cpu.max_extended < 0x80000004) {
		strscpy(cpu.name, "i686", sizeof(cpu.name));
		return;
	}
	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(0x80000002 + i, 0);

		memcpy(text + 16 * i, &r, 16);
	}
	text[47] = '\0';
	skip = strspn(text, " ");
	strscpy(cpu.name, text + skip, sizeof(cpu.name));
}

/*
 * CPUs whose reads ahead of a permission check find nothing: by other makers, or too simple
 * to read ahead.
 */
static bool __init is_spared_from_meltdown(void)
{
	static const char makers[][13] __initdata = {"AuthenticAMD", "HygonGenuine"};
	/* Intel's first Atoms, in order: Bonnell and Saltwell */
	static const u8 atoms[] __initdata = {0x1c, 0x26, 0x27, 0x35, 0x36};
	u32 family = cpu.signature >> 8 & 15;
	u32 model = (cpu.signature >> 4 & 15) | (cpu.signature >> 12 & 0xf0);

	for (unsigned i = 0; i < ARRAY_SIZE(makers); i++)
		if (!memcmp(cpu.vendor, makers[i], 12))
			return true;
	if (family < 6)
		return true;
	return family == 6 && !memcmp(cpu.vendor, "GenuineIntel", 12) &&
	       memchr(atoms, (int)model, sizeof(atoms));
}

static bool __init has_meltdown(void)
{
	if (is_spared_from_meltdown())
		return false;
	return !(cpu.f7_edx & CPU_ARCH_CAPABILITIES) ||
	       !(rdmsr(MSR_ARCH_CAPABILITIES) & ARCH_CAP_RDCL_NO);
}

void __init cpu_detect(void)
{
	struct cpuid_regs r;

	read_vendor();
	r = cpuid(1, 0);
	cpu.signature = r.eax;
	cpu.f1_ebx = r.ebx;
	cpu.f1_ecx = r.ecx;
	cpu.f1_edx = r.edx;
	if (cpu.max_leaf >= 7) {
		r = cpuid(7, 0);
		cpu.f7_ebx = r.ebx;
		cpu.f7_ecx = r.ecx;
		cpu.f7_edx = r.edx;
	}
	r = cpuid(0x80000000, 0);
	/* A CPU without extended leaves answers with the data of the highest ordinary one. */
	cpu.max_extended = r.eax >> 16 == 0x8000 ? r.eax : 0;
	if (cpu.max_extended >= 0x80000001) {
		r = cpuid(0x80000001, 0);
		cpu.fext_ecx = r.ecx;
		cpu.fext_edx = r.edx;
	}
	cpu.phys_bits = cpu.f1_edx & CPU_PAE ? 36 : 32;
	cpu.virt_bits = 32;
	if (cpu.max_extended >= 0x80000008)
		cpu.phys_bits = (u8)cpuid(0x80000008, 0).eax;
	read_name();
	cpu.meltdown = has_meltdown();
}

static void enable_syscall_gate(void)
{
	unsigned long area = (unsigned long)entry_area_of(smp_cpu_id());

	if (!(cpu.f1_edx & CPU_SEP))
		return;
	wrmsr(MSR_SYSENTER_CS, KERNEL_CS);
	wrmsr(MSR_SYSENTER_ESP, area + ENTRY_STACK_TOP);
	wrmsr(MSR_SYSENTER_EIP, (unsigned long)(pti_enabled ? pti_sysenter : entry_sysenter));
}

static void __init patch_smap_sites(void)
{
	size_t n = ((unsigned long)__smap_sites_end - (unsigned long)__smap_sites_start) /
		   sizeof(struct smap_site);

	for (size_t i = 0; i < n; i++)
		memcpy((void *)__smap_sites_start[i].at, &__smap_sites_start[i].opcode, 3);
}

/* QEMU's emulation, where each step of a string instruction takes as long as an instruction. */
static bool __init is_translated(void)
{
	struct cpuid_regs r;

	if (!(cpu.f1_ecx & CPU_HYPERVISOR))
		return false;
	r = cpuid(0x40000000, 0);
	return memcmp(&r.ebx, "TCGTCGTCGTCG", 12) == 0;
}

static bool __init has_wide_stores(void)
{
	return (cpu.f1_edx & CPU_FXSR) && (cpu.f1_edx & CPU_SSE) &&
	       (!(cpu.f7_ebx & CPU_ERMS) || is_translated());
}

void cpu_enable_features(void)
{
	unsigned long cr4 = read_cr4();

	if (cpu.f1_edx & CPU_PGE)
		cr4 |= X86_CR4_PGE;
	if (cpu.f1_edx & CPU_FXSR)
		cr4 |= X86_CR4_OSFXSR;
	if (cpu.f1_edx & CPU_SSE)
		cr4 |= X86_CR4_OSXMMEXCPT;
	if (cpu.f7_ebx & CPU_SMEP)
		cr4 |= X86_CR4_SMEP;
	if (cpu.f7_ebx & CPU_SMAP)
		cr4 |= X86_CR4_SMAP;
	if (cpu.f7_ecx & CPU_UMIP)
		cr4 |= X86_CR4_UMIP;
	if (smp_cpu_id() == 0 && (cpu.f7_ebx & CPU_SMAP))
		patch_smap_sites();
	write_cr4(cr4);
	write_cr0(read_cr0() | X86_CR0_AM); /* a program may ask for alignment checks (EFLAGS.AC) */
	enable_syscall_gate();
	__asm__ volatile("fninit");
	if (smp_cpu_id() == 0)
		wide_stores = has_wide_stores();
}

u32 arch_hwcap(void)
{
	return cpu.f1_edx;
}

const char *arch_cpu_name(void)
{
	return cpu.name;
}

static bool rdrand(u32 *value)
{
	for (unsigned i = 0; i < 10; i++) {
		bool ok;

		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
		if (ok)
			return true;
	}
	return false;
}

bool arch_random_seed(void *buf, size_t n)
{
	if (!(cpu.f1_ecx & CPU_RDRAND))
		return false;
	for (size_t done = 0; done < n; done += sizeof(u32)) {
		u32 value;

		if (!rdrand(&value))
			return false;
		memcpy((char *)buf + done, &value, MIN(sizeof(value), n - done));
	}
	return true;
}
