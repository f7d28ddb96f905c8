/*
 * The kernel's side of the vDSO: its image, and what of it depends on the CPU.
 */
#include "vdso/vdso.h"
#include "apic.h"
#include "cpu.h"
#include "arch/port.h"
#include "lib/string.h"

static struct vdso_image image;
const struct vdso_image *vdso_image = &image;

void vdso_init(void)
{
	static const u8 int80_gate[] = {0xcd, 0x80, 0xc3}; /* int $0x80; ret */

	if (!(cpu.f1_edx & CPU_SEP))
		memcpy(vdso_start + vdso_vsyscall_offset, int80_gate, sizeof(int80_gate));
	image.text = vdso_start;
	image.text_pages = ((unsigned)vdso_end - (unsigned)vdso_start) >> PAGE_SHIFT;
	image.vvar_pages = 1;
	image.vvar_pfn = vvar_pfn();
	image.sysenter_offset = vdso_vsyscall_offset;
}

void arch_mm_set_vdso(struct arch_mm *am, uaddr_t base)
{
	am->vdso = base;
	am->vdso_landing = base ? base + vdso_vsyscall_offset + VSYSCALL_LANDING : 0;
}
