/*
 * /proc/kcore: the kernel's memory as an ELF core file, for debuggers. The program headers say
 * where the direct map and the vmalloc window lie on this machine; an address stands in the file at
 * its distance from PAGE_OFFSET behind the headers. What is not there, and device memory, reads as
 * zeros. elf(5), proc(5)
 */
#include "procfs.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/inspect.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include <linux/elf.h>

#define SEGMENTS 3 /* a note, the vmalloc window, the direct map: as Linux orders them */
#define NOTE_NAME "VMCOREINFO"

struct headers {
	Elf32_Ehdr ehdr;
	Elf32_Phdr phdr[SEGMENTS];
	Elf32_Nhdr note;
	char note_name[ALIGN_UP(sizeof(NOTE_NAME), 4)];
	char note_text[64];
};

#define DATA_OFFSET ALIGN_UP((u32)sizeof(struct headers), (u32)PAGE_SIZE)

static void fill_load(Elf32_Phdr *p, unsigned long start, unsigned long size, u32 physical)
{
	*p = (Elf32_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = DATA_OFFSET + (u32)(start - PAGE_OFFSET),
		.p_vaddr = start,
		.p_paddr = physical,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = PAGE_SIZE,
	};
}

static void fill_note(struct headers *h)
{
	int len = scnprintf(h->note_text, sizeof(h->note_text),
			    "PAGESIZE=%lu\nSYMBOL(_stext)=%lx\n", PAGE_SIZE, windows.text_start);

	h->note.n_namesz = sizeof(NOTE_NAME);
	h->note.n_descsz = (u32)len;
	strscpy(h->note_name, NOTE_NAME, sizeof(h->note_name));
	h->phdr[0] = (Elf32_Phdr){
		.p_type = PT_NOTE,
		.p_offset = offsetof(struct headers, note),
		.p_filesz = (u32)(offsetof(struct headers, note_text) -
				  offsetof(struct headers, note)) +
			    ALIGN_UP((u32)len, 4u),
	};
}

static void fill_headers(struct headers *h)
{
	unsigned long window = (unsigned long)windows.vmalloc_start;

	memset(h, 0, sizeof(*h));
	memcpy(h->ehdr.e_ident, ELFMAG, SELFMAG);
	h->ehdr.e_ident[EI_CLASS] = ELFCLASS32;
	h->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	h->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	h->ehdr.e_type = ET_CORE;
	h->ehdr.e_machine = EM_386;
	h->ehdr.e_version = EV_CURRENT;
	h->ehdr.e_phoff = offsetof(struct headers, phdr);
	h->ehdr.e_ehsize = sizeof(h->ehdr);
	h->ehdr.e_phentsize = sizeof(h->phdr[0]);
	h->ehdr.e_phnum = SEGMENTS;
	fill_note(h);
	fill_load(&h->phdr[1], window, (unsigned long)windows.vmalloc_end - window, ~0u);
	fill_load(&h->phdr[2], PAGE_OFFSET, (unsigned long)windows.high_memory - PAGE_OFFSET, 0);
}

static loff_t kcore_size(void)
{
	return DATA_OFFSET + (loff_t)((unsigned long)windows.vmalloc_end - PAGE_OFFSET);
}

/* The file's page at @pos, a multiple of PAGE_SIZE. */
static void make_page(loff_t pos, void *page)
{
	unsigned long va = PAGE_OFFSET + (unsigned long)(pos - DATA_OFFSET);
	bool low = va < (unsigned long)windows.high_memory;

	if (pos < (loff_t)DATA_OFFSET) {
		memset(page, 0, PAGE_SIZE);
		fill_headers(page);
	} else if (low || va >= (unsigned long)windows.vmalloc_start) {
		inspect_kernel_page(va, page);
	} else {
		memset(page, 0, PAGE_SIZE);
	}
}

static int kcore_open(struct inode *inode, struct file *file)
{
	(void)file;
	if (!fs_capable(CAP_SYS_RAWIO))
		return -EPERM;
	inode->data.size = kcore_size();
	return 0;
}

static ssize_t copy_out(struct iov_iter *to, loff_t *pos, char *page)
{
	ssize_t done = 0;

	while (to->count && *pos < kcore_size()) {
		size_t offset = (size_t)(*pos & (loff_t)(PAGE_SIZE - 1));
		size_t n = MIN(to->count, PAGE_SIZE - offset);

		make_page(*pos - (loff_t)offset, page);
		if (copy_to_iter(page + offset, n, to) != n)
			return done ? done : -EFAULT;
		*pos += (loff_t)n;
		done += (ssize_t)n;
		cond_resched();
	}
	return done;
}

static ssize_t kcore_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	char *page = get_free_pages(GFP_KERNEL, 0);
	ssize_t done;

	(void)file;
	if (!page)
		return -ENOMEM;
	done = copy_out(to, pos, page);
	put_free_pages(page, 0);
	return done;
}

static const struct file_operations kcore_fops = {
	.open = kcore_open, .read_iter = kcore_read, .llseek = generic_llseek};

_Static_assert(sizeof(struct headers) <= PAGE_SIZE, "the headers are one page of the file");

void proc_register_kcore(void)
{
	proc_register_ops("kcore", 0400, &kcore_fops, NULL);
}
