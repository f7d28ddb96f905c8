/*
 * /proc/cpuinfo, in the format of Linux on i386.
 */
#include "apic.h"
#include "cpu.h"
#include "pti.h"
#include "arch/port.h"

struct flag_name {
	u8 bit;
	char name[19];
};

static const struct flag_name f1_edx_names[] = {
	{0, "fpu"},  {1, "vme"},   {2, "de"},    {3, "pse"},   {4, "tsc"},    {5, "msr"},
	{6, "pae"},  {7, "mce"},   {8, "cx8"},   {9, "apic"},  {11, "sep"},   {12, "mtrr"},
	{13, "pge"}, {14, "mca"},  {15, "cmov"}, {16, "pat"},  {17, "pse36"}, {19, "clflush"},
	{23, "mmx"}, {24, "fxsr"}, {25, "sse"},  {26, "sse2"}, {27, "ss"},    {28, "ht"},
};
static const struct flag_name ext_edx_names[] = {
	{11, "syscall"}, {20, "nx"}, {22, "mmxext"}, {26, "pdpe1gb"}, {27, "rdtscp"}, {29, "lm"},
};
static const struct flag_name f1_ecx_names[] = {
	{0, "pni"},
	{1, "pclmulqdq"},
	{3, "monitor"},
	{9, "ssse3"},
	{13, "cx16"},
	{19, "sse4_1"},
	{20, "sse4_2"},
	{21, "x2apic"},
	{22, "movbe"},
	{23, "popcnt"},
	{24, "tsc_deadline_timer"},
	{25, "aes"},
	{30, "rdrand"},
	{31, "hypervisor"},
};
static const struct flag_name f7_ebx_names[] = {
	{0, "fsgsbase"}, {3, "bmi1"}, {7, "smep"},  {8, "bmi2"},    {9, "erms"},
	{18, "rdseed"},  {19, "adx"}, {20, "smap"}, {29, "sha_ni"},
};
static const struct flag_name f7_ecx_names[] = {
	{2, "umip"},
	{22, "rdpid"},
};

typedef void (*emit_fn)(void *arg, const char *fmt, ...) __printf(2, 3);

static void emit_flags(const struct flag_name *names, size_t n, u32 bits, emit_fn emit, void *arg)
{
	for (size_t i = 0; i < n; i++)
		if (bits >> names[i].bit & 1)
			emit(arg, " %s", names[i].name);
}
#define EMIT_FLAGS(names, bits) emit_flags(names, ARRAY_SIZE(names), bits, emit, arg)

static u32 family(void)
{
	u32 base = cpu.signature >> 8 & 15;

	return base == 15 ? base + (cpu.signature >> 20 & 255) : base;
}

static u32 model(void)
{
	u32 base = cpu.signature >> 4 & 15;

	return family() >= 6 ? base | (cpu.signature >> 12 & 0xf0) : base;
}

void arch_cpuinfo(unsigned cpu_id, emit_fn emit, void *arg)
{
	u32 khz = timer_tsc_khz();

	emit(arg, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu_id,
	     cpu.vendor, family(), model());
	emit(arg, "model name\t: %s\nstepping\t: %u\n", cpu.name, cpu.signature & 15);
	emit(arg, "cpu MHz\t\t: %u.%03u\n", khz / 1000, khz % 1000);
	emit(arg, "physical id\t: %u\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n", cpu_id);
	emit(arg, "apicid\t\t: %u\ninitial apicid\t: %u\n", cpu_apic_id[cpu_id],
	     cpu_apic_id[cpu_id]);
	emit(arg,
	     "fdiv_bug\t: no\nf00f_bug\t: no\ncoma_bug\t: no\nfpu\t\t: yes\nfpu_exception\t: yes\n");
	emit(arg, "cpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", cpu.max_leaf);
	EMIT_FLAGS(f1_edx_names, cpu.f1_edx);
	EMIT_FLAGS(ext_edx_names, cpu.fext_edx);
	EMIT_FLAGS(f1_ecx_names, cpu.f1_ecx);
	if (pti_enabled)
		emit(arg, " pti");
	EMIT_FLAGS(f7_ebx_names, cpu.f7_ebx);
	EMIT_FLAGS(f7_ecx_names, cpu.f7_ecx);
	emit(arg, "\nbugs\t\t:%s\n", cpu.meltdown ? " cpu_meltdown" : "");
	emit(arg, "bogomips\t: %u.%02u\nclflush size\t: %u\ncache_alignment\t: 64\n", khz / 500,
	     khz / 5 % 100, (cpu.f1_ebx >> 8 & 255) * 8);
	emit(arg, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n",
	     cpu.phys_bits, cpu.virt_bits);
}
