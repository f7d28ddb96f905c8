/*
 * What this CPU can do, by CPUID alone, and its control and model-specific registers.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "types.h"
#include <asm/processor-flags.h>

struct cpu_features {
	u32 max_leaf, max_extended;
	u32 f1_edx, f1_ecx;         /* leaf 1 */
	u32 f7_ebx, f7_ecx, f7_edx; /* leaf 7 */
	u32 fext_edx, fext_ecx;     /* leaf 0x80000001 */
	u32 signature;              /* leaf 1 eax: family, model, stepping */
	u32 f1_ebx;
	char vendor[13];
	char name[49];
	u8 phys_bits, virt_bits;
	bool meltdown; /* user code can find out what supervisor pages hold, if they are mapped */
};
extern struct cpu_features cpu;

/*
 * Much memory is cleared faster from an SSE register than by a string instruction. (Copies are not:
 * translated code loads such a register slowly.) Set by cpu_enable_features() of the first CPU,
 * before others run.
 */
extern u8 wide_stores;

/* Bits of leaf 1 edx. */
#define CPU_FPU (1u << 0)
#define CPU_PSE (1u << 3)
#define CPU_TSC (1u << 4)
#define CPU_MSR (1u << 5)
#define CPU_PAE (1u << 6)
#define CPU_CX8 (1u << 8)
#define CPU_APIC (1u << 9)
#define CPU_SEP (1u << 11)
#define CPU_PGE (1u << 13)
#define CPU_CMOV (1u << 15)
#define CPU_PAT (1u << 16)
#define CPU_FXSR (1u << 24)
#define CPU_SSE (1u << 25)
/* ... of leaf 1 ecx */
#define CPU_TSC_DEADLINE (1u << 24)
#define CPU_RDRAND (1u << 30)
#define CPU_HYPERVISOR (1u << 31)
/* ... of leaf 7 ebx and ecx */
#define CPU_SMEP (1u << 7)
#define CPU_ERMS (1u << 9) /* fast string instructions */
#define CPU_SMAP (1u << 20)
#define CPU_UMIP (1u << 2)
/* ... of leaf 7 edx */
#define CPU_ARCH_CAPABILITIES (1u << 29)
/* ... of leaf 0x80000001 edx */
#define CPU_NX (1u << 20)
#define CPU_RDTSCP (1u << 27)

#define MSR_APIC_BASE 0x1b
#define MSR_ARCH_CAPABILITIES 0x10a
#define ARCH_CAP_RDCL_NO (1u << 0)
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_PAT 0x277
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_EFER 0xc0000080
#define EFER_NX (1u << 11)

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "0"(leaf), "2"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u64 v;

	__asm__ volatile("rdmsr" : "=A"(v) : "c"(msr));
	return v;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "A"(v) : "memory");
}

#define DEFINE_CONTROL_REGISTER(name) \
	static inline unsigned long read_##name(void) \
	{ \
		unsigned long v; \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(v)); \
		return v; \
	} \
	static inline void write_##name(unsigned long v) \
	{ \
		__asm__ volatile("mov %0, %%" #name ::"r"(v) : "memory"); \
	}
DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)

static inline unsigned long read_cr2(void)
{
	unsigned long v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

/* Fill in @cpu; usable in the boot stub. */
void cpu_detect(void);
/* Control registers, FPU, NX, system-call MSRs of the CPU that runs this. */
void cpu_enable_features(void);

#endif
