/*
 * ELF headers that say anything: the bytes are the program file (and its interpreter, when it names
 * one). Its headers are read and its segments mapped, by kernel/proc/elf.c, into a fresh address
 * space of the simulated machine; whatever that does to it, nothing else is touched and nothing is
 * left.
 */
#include "fuzz.h"
#include "arch/sim/sim.h"
#include "mm/highmem.h"
#include "mm_oracle.h"
#include "proc/exec.h"
#include <linux/errno.h>
#include <linux/mman.h>

static const uint8_t *image;
static size_t image_size;
static unsigned open_files, held;
static struct mapping mapping;
static struct file program, interpreter;

unsigned randomize_va_space = 2;

/* ---- the file system that exec sees ---- */

ssize_t file_read_kernel(struct file *file, void *buf, size_t n, loff_t *pos)
{
	size_t left = (u64)*pos < image_size ? image_size - (size_t)*pos : 0;

	(void)file;
	n = MIN(n, left);
	memcpy(buf, image + (left ? *pos : 0), n);
	*pos += (loff_t)n;
	return (ssize_t)n;
}

struct file *file_open_exec(int dirfd, const char *name, int flags)
{
	(void)dirfd, (void)flags;
	if (*name != '/')
		return ERR_PTR(-ENOENT);
	open_files++;
	return &interpreter;
}

void file_allow_write(struct file *file)
{
	FUZZ_MUST(file == &interpreter);
}

void fput(struct file *file)
{
	FUZZ_MUST(file == &interpreter && open_files--);
}

static void hold(struct file *file)
{
	FUZZ_MUST(file == &program || file == &interpreter);
	held++;
}

static void drop(struct file *file)
{
	FUZZ_MUST((file == &program || file == &interpreter) && held);
	held--;
}

int vfs_mmap(struct file *file, struct map_request *req)
{
	(void)file;
	req->mapping = &mapping;
	req->may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	return 0;
}

static int read_page(struct mapping *m, struct page *page)
{
	size_t at = (size_t)page->index << PAGE_SHIFT;

	(void)m;
	page_zero(page);
	if (at < image_size)
		memcpy_to_page(page, 0, image + at, MIN(image_size - at, (size_t)PAGE_SIZE));
	page_set(page, PG_UPTODATE);
	return 0;
}

static const struct mapping_ops ops = {.read_page = read_page};

/* ---- one program ---- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	sim_boot(&(struct sim_config){.ram_mb = 24, .low_mb = 20, .vmalloc_mb = 4, .abort = true});
	mm_virt_init();
	mm_file_get = hold;
	mm_file_put = drop;
	oracle_begin();
	return 0;
}

static void check(void)
{
	struct mapping *all[] = {&mapping};
	const struct oracle_extra extra = {.mappings = all, .nr_mappings = 1};

	oracle_check(&extra);
}

static void map_it(struct exec *e)
{
	u32 word;
	int err = elf_map_image(e);

	FUZZ_MUST(err <= 0 && err >= -MAX_ERRNO);
	check();
	if (err)
		return;
	FUZZ_MUST(e->entry < TASK_SIZE);
	mm_access(e->mm, e->entry, &word, 4, false);
	mm_brk(e->mm, e->mm->brk + 3 * PAGE_SIZE);
}

static void execute(struct exec *e)
{
	int err = elf_read_headers(e);

	FUZZ_MUST(err <= 0 && err >= -MAX_ERRNO);
	if (!err) {
		e->mm = mm_alloc();
		FUZZ_MUST(e->mm);
		mm_layout(e->mm, TASK_SIZE, 8u << 20, 0, false);
		mm_setup_stack(e->mm, TASK_SIZE, e->stack_exec);
		map_it(e);
		check();
		mm_put(e->mm);
	}
	elf_drop(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct exec e;

	image = data;
	image_size = size;
	memset(&e, 0, sizeof(e));
	e.file = &program;
	memcpy(e.head, data, MIN(size, sizeof(e.head)));
	mapping_init(&mapping, NULL, &ops, GFP_HIGHUSER_MOVABLE);
	mapping_set_size(&mapping, (loff_t)size);
	execute(&e);
	mapping_set_size(&mapping, 0);
	mapping_destroy(&mapping);
	FUZZ_MUST(!open_files && !held);
	return 0;
}
