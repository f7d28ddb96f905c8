/*
 * ELF: what a program file asks for, and mapping it into the new address space. i386 only: ET_EXEC
 * where it was linked for, ET_DYN (PIE) at a random place, with the interpreter that PT_INTERP
 * names. elf(5), System V ABI.
 *
 * Nothing of this touches the caller's own memory, so whatever is wrong with the file, the caller
 * goes on with an errno.
 */
#include "proc/exec.h"
#include "layout.h"
#include "mm/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/personality.h>

#define EM_486_OLD 6
#define PHDRS_MAX (65536u / sizeof(Elf32_Phdr))
#define BRK_RANDOM 0x02000000u /* the heap begins up to 32 MB behind the image */

/* ---- reading ---- */

static int read_exactly(struct file *file, void *buf, size_t n, loff_t pos)
{
	ssize_t got = file_read_kernel(file, buf, n, &pos);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -EIO;
}

static bool header_is_ours(const Elf32_Ehdr *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_ident[EI_CLASS] == ELFCLASS32 &&
	       (h->e_type == ET_EXEC || h->e_type == ET_DYN) &&
	       (h->e_machine == EM_386 || h->e_machine == EM_486_OLD) &&
	       h->e_phentsize == sizeof(Elf32_Phdr) && h->e_phnum >= 1 && h->e_phnum <= PHDRS_MAX;
}

static int read_phdrs(struct elf_image *image)
{
	size_t size = image->header.e_phnum * sizeof(Elf32_Phdr);
	int err;

	image->phdrs = kmalloc(size, GFP_KERNEL);
	if (!image->phdrs)
		return -ENOMEM;
	err = read_exactly(image->file, image->phdrs, size, image->header.e_phoff);
	return err == -EIO ? -ENOEXEC : err;
}

static const Elf32_Phdr *find_phdr(const struct elf_image *image, u32 type)
{
	for (unsigned i = 0; i < image->header.e_phnum; i++)
		if (image->phdrs[i].p_type == type)
			return &image->phdrs[i];
	return NULL;
}

/* Opens the file that PT_INTERP names. */
static struct file *open_interpreter(struct file *program, const Elf32_Phdr *ph)
{
	struct file *file;
	char *path;
	int err;

	if (ph->p_filesz < 2 || ph->p_filesz > PATH_MAX)
		return ERR_PTR(-ENOEXEC);
	path = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!path)
		return ERR_PTR(-ENOMEM);
	err = read_exactly(program, path, ph->p_filesz, ph->p_offset);
	if (!err && path[ph->p_filesz - 1])
		err = -ENOEXEC;
	file = err ? ERR_PTR(err) : file_open_exec(AT_FDCWD, path, 0);
	kfree(path);
	return file;
}

static int read_interpreter(struct exec *e, const Elf32_Phdr *ph)
{
	struct elf_image *image = &e->interpreter;
	struct file *file = open_interpreter(e->file, ph);
	int err;

	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	image->file = file;
	e->has_interpreter = true;
	err = read_exactly(file, &image->header, sizeof(image->header), 0);
	if (err)
		return err;
	if (!header_is_ours(&image->header))
		return -ELIBBAD;
	err = read_phdrs(image);
	return err == -ENOEXEC ? -ELIBBAD : err;
}

int elf_read_headers(struct exec *e)
{
	struct elf_image *image = &e->program;
	const Elf32_Phdr *ph;
	int err;

	memcpy(&image->header, e->head, sizeof(image->header));
	if (!header_is_ours(&image->header))
		return -ENOEXEC;
	image->file = e->file;
	err = read_phdrs(image);
	if (err)
		return err;
	ph = find_phdr(image, PT_GNU_STACK);
	e->stack_exec = !ph || (ph->p_flags & PF_X);
	e->read_implies_exec = !ph;
	ph = find_phdr(image, PT_INTERP);
	return ph ? read_interpreter(e, ph) : 0;
}

void elf_drop(struct exec *e)
{
	kfree(e->program.phdrs);
	kfree(e->interpreter.phdrs);
	if (!e->interpreter.file)
		return;
	file_allow_write(e->interpreter.file);
	fput(e->interpreter.file);
}

/* ---- mapping ---- */

static u32 segment_prot(const struct exec *e, const Elf32_Phdr *ph)
{
	u32 prot = 0;

	if (ph->p_flags & PF_R)
		prot |= e->read_implies_exec ? PROT_READ | PROT_EXEC : PROT_READ;
	if (ph->p_flags & PF_W)
		prot |= PROT_WRITE;
	if (ph->p_flags & PF_X)
		prot |= PROT_EXEC;
	return prot;
}

static int map_file_part(struct exec *e, struct file *file, const Elf32_Phdr *ph, uaddr_t bias)
{
	u32 in_page = ph->p_vaddr & (PAGE_SIZE - 1);
	struct map_request req = {
		.addr = bias + ph->p_vaddr - in_page,
		.len = ph->p_filesz + in_page,
		.prot = segment_prot(e, ph),
		.flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE,
		.pgoff = (ph->p_offset - in_page) >> PAGE_SHIFT,
		.file = file,
	};
	long at;
	int err = vfs_mmap(file, &req);

	if (err)
		return err;
	at = mm_map(e->mm, &req);
	return mm_is_error(at) ? (int)at : 0;
}

/* What memory has more than the file: the rest of the last file page, and whole pages of zeroes. */
static int map_zero_part(struct exec *e, const Elf32_Phdr *ph, uaddr_t bias)
{
	static const u8 zeroes[256];
	uaddr_t at = bias + ph->p_vaddr + ph->p_filesz, end = bias + ph->p_vaddr + ph->p_memsz;
	uaddr_t page = ph->p_filesz ? ALIGN_UP(at, (uaddr_t)PAGE_SIZE) : at & (uaddr_t)PAGE_MASK;
	u32 n;

	for (; (ph->p_flags & PF_W) && at < page && ph->p_filesz; at += n) {
		n = MIN(page - at, (u32)sizeof(zeroes));
		if (mm_access(e->mm, at, (void *)zeroes, n, true) != n)
			return -EFAULT;
	}
	end = ALIGN_UP(end, (uaddr_t)PAGE_SIZE);
	return page < end ? mm_map_brk(e->mm, page, end - page, ph->p_flags & PF_X) : 0;
}

static bool segment_is_sane(const Elf32_Phdr *ph, uaddr_t bias)
{
	u32 start = bias + ph->p_vaddr;

	return ph->p_filesz <= ph->p_memsz && start < TASK_SIZE &&
	       ph->p_memsz <= TASK_SIZE - start &&
	       (ph->p_vaddr & (PAGE_SIZE - 1)) == (ph->p_offset & (PAGE_SIZE - 1));
}

static int map_segment(struct exec *e, struct file *file, const Elf32_Phdr *ph, uaddr_t bias)
{
	int err = 0;

	if (!segment_is_sane(ph, bias))
		return -EINVAL;
	if (ph->p_filesz)
		err = map_file_part(e, file, ph, bias);
	if (!err && ph->p_memsz > ph->p_filesz)
		err = map_zero_part(e, ph, bias);
	return err;
}

static int map_segments(struct exec *e, const struct elf_image *image, uaddr_t bias)
{
	int err = 0;

	for (unsigned i = 0; !err && i < image->header.e_phnum; i++)
		if (image->phdrs[i].p_type == PT_LOAD)
			err = map_segment(e, image->file, &image->phdrs[i], bias);
	return err;
}

/* The span of all segments, in whole pages. */
struct span {
	uaddr_t start, end;
	u32 align;
};

static struct span image_span(const struct elf_image *image)
{
	struct span s = {~0u, 0, PAGE_SIZE};

	for (unsigned i = 0; i < image->header.e_phnum; i++) {
		const Elf32_Phdr *ph = &image->phdrs[i];

		if (ph->p_type != PT_LOAD)
			continue;
		s.start = MIN(s.start, ph->p_vaddr & (uaddr_t)PAGE_MASK);
		s.end = MAX(s.end, ph->p_vaddr + ph->p_memsz);
		if (ph->p_align > s.align && !(ph->p_align & (ph->p_align - 1)))
			s.align = ph->p_align;
	}
	s.end = ALIGN_UP(s.end, (uaddr_t)PAGE_SIZE);
	return s;
}

/* A free place for the whole image: the bias, or -errno. */
static long free_bias(struct exec *e, const struct span *s)
{
	u32 len = s->end - s->start + s->align - PAGE_SIZE;
	long at;

	down_read(&e->mm->mmap_lock);
	at = mm_unmapped_area(e->mm, 0, len, 0);
	up_read(&e->mm->mmap_lock);
	if (mm_is_error(at))
		return at;
	return (long)(ALIGN_UP((uaddr_t)at, s->align) - s->start);
}

/*
 * Where a position-independent program goes: a program low, to leave room; an interpreter that was
 * started by name where mmap puts it.
 */
static int choose_program_bias(struct exec *e)
{
	struct span s = image_span(&e->program);
	long bias;

	if (e->program.header.e_type == ET_EXEC)
		return 0;
	if (e->has_interpreter) {
		uaddr_t base = ELF_ET_DYN_BASE + ((e->random.image & 0xff) << PAGE_SHIFT);

		e->load_bias = (base & ~(s.align - 1)) - s.start;
		return 0;
	}
	bias = free_bias(e, &s);
	if (mm_is_error(bias))
		return (int)bias;
	e->load_bias = (uaddr_t)bias;
	return 0;
}

/*
 * Where the code, the data and the end of the image are, and where its program headers lie in
 * memory.
 */
static uaddr_t note_addresses(struct exec *e)
{
	const Elf32_Ehdr *h = &e->program.header;
	uaddr_t bias = e->load_bias, end = 0;
	struct mm *mm = e->mm;

	mm->start_code = ~0u;
	for (unsigned i = 0; i < h->e_phnum; i++) {
		const Elf32_Phdr *ph = &e->program.phdrs[i];
		uaddr_t start = ph->p_vaddr + bias, file_end = start + ph->p_filesz;

		if (ph->p_type != PT_LOAD)
			continue;
		if (ph->p_offset <= h->e_phoff && h->e_phoff - ph->p_offset < ph->p_filesz)
			e->phdr_address = start + (h->e_phoff - ph->p_offset);
		if (ph->p_flags & PF_X) {
			mm->start_code = MIN(mm->start_code, start);
			mm->end_code = MAX(mm->end_code, file_end);
		}
		mm->start_data = MAX(mm->start_data, start);
		mm->end_data = MAX(mm->end_data, file_end);
		end = MAX(end, start + ph->p_memsz);
	}
	return ALIGN_UP(end, (uaddr_t)PAGE_SIZE);
}

/*
 * The heap begins behind the image; that of a PIE without an interpreter where programs normally
 * are, away from mmap's area.
 */
static void place_heap(struct exec *e, uaddr_t image_end)
{
	struct mm *mm = e->mm;

	if (e->program.header.e_type == ET_DYN && !e->has_interpreter)
		image_end = ELF_ET_DYN_BASE;
	if (randomize_va_space == 2)
		image_end += (e->random.brk & (BRK_RANDOM / PAGE_SIZE - 1)) << PAGE_SHIFT;
	mm->start_brk = mm->brk = image_end;
}

static int map_interpreter(struct exec *e)
{
	struct span s = image_span(&e->interpreter);
	long bias = e->interpreter.header.e_type == ET_EXEC ? 0 : free_bias(e, &s);
	int err;

	if (s.start >= s.end)
		return -ELIBBAD;
	if (mm_is_error(bias))
		return (int)bias;
	err = map_segments(e, &e->interpreter, (uaddr_t)bias);
	if (err)
		return err;
	e->interpreter_base = (uaddr_t)bias + (s.start & (uaddr_t)PAGE_MASK);
	e->entry = e->interpreter.header.e_entry + (uaddr_t)bias;
	return 0;
}

int elf_map_image(struct exec *e)
{
	int err = find_phdr(&e->program, PT_LOAD) ? choose_program_bias(e) : -ENOEXEC;

	if (!err)
		err = map_segments(e, &e->program, e->load_bias);
	if (err)
		return err;
	place_heap(e, note_addresses(e));
	e->program_entry = e->entry = e->program.header.e_entry + e->load_bias;
	if (e->has_interpreter)
		err = map_interpreter(e);
	if (!err && e->entry >= TASK_SIZE)
		err = -EINVAL;
	return err;
}
