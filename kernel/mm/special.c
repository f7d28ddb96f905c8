/*
 * The areas that the kernel gives to every program: [vvar], the data page of the clocks, read-only,
 * and above it [vdso], the code that uses it. Their pages are the kernel's own: mapped, never
 * counted.
 *
 * vdso(7). Read next: arch/port.h, struct vdso_image.
 */
#include "virt.h"

unsigned sysctl_vdso_enabled = 1; /* 1: yes; all else: no */

static struct page *vvar_fault(struct vma *vma, u32 pgoff, bool write)
{
	(void)vma, (void)write;
	return pgoff == 0 ? pfn_to_page(vdso_image->vvar_pfn) : NULL;
}

static const char *vvar_name(struct vma *vma)
{
	(void)vma;
	return "[vvar]";
}

static struct page *vdso_fault(struct vma *vma, u32 pgoff, bool write)
{
	(void)vma, (void)write;
	if (pgoff >= vdso_image->text_pages)
		return NULL;
	return virt_to_page((const char *)vdso_image->text + pgoff * PAGE_SIZE);
}

static const char *vdso_name(struct vma *vma)
{
	(void)vma;
	return "[vdso]";
}

static const struct vma_ops vvar_ops = {.fault = vvar_fault, .name = vvar_name};
static const struct vma_ops vdso_ops = {.fault = vdso_fault, .name = vdso_name};

int mm_map_vdso(struct mm *mm)
{
	u32 vvar_len, text_len;
	long addr;
	int err;

	mm->vdso = 0;
	if (!vdso_image || sysctl_vdso_enabled != 1)
		return 0;
	vvar_len = vdso_image->vvar_pages * (u32)PAGE_SIZE;
	text_len = vdso_image->text_pages * (u32)PAGE_SIZE;
	down_read(&mm->mmap_lock);
	addr = mm_unmapped_area(mm, 0, vvar_len + text_len, 0);
	up_read(&mm->mmap_lock);
	if (mm_is_error(addr))
		return (int)addr;
	err = mm_map_special(mm, (uaddr_t)addr, vvar_len,
			     VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP, &vvar_ops);
	if (err)
		return err;
	err = mm_map_special(mm, (uaddr_t)addr + vvar_len, text_len,
			     VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, &vdso_ops);
	if (err) {
		mm_unmap(mm, (uaddr_t)addr, vvar_len);
		return err;
	}
	mm->vdso = (uaddr_t)addr + vvar_len;
	arch_mm_set_vdso(&mm->arch, mm->vdso);
	return 0;
}
