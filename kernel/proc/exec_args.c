/*
 * The stack of a new program, written through the kernel's windows into the pages of an address
 * space that nobody runs in yet. From high to low, as Linux lays it out:
 *
 *   4 zero bytes, file name, environment strings, argument strings,
 *   platform string, 16 random bytes, gap to 16 bytes, auxiliary vector, envp[], argv[], argc
 */
#include "proc/exec.h"
#include "mm/highmem.h"
#include "mm/slab.h"
#include <linux/auxvec.h>
#include <linux/binfmts.h>
#include <linux/limits.h>

#define STACK_LIMIT_MAX \
	(6u << 20) /* three quarters of the default stack: execve(2), "Limits on size" */
#define PLATFORM "i686"
#define AUXV_WORDS (2 * 22)
#define STACK_SLACK 8192u

/* ---- counting ---- */

static int count(struct exec_strings *s)
{
	u32 ptr;

	s->count = 0;
	if (!s->user) {
		while (s->kernel_array && s->kernel_array[s->count])
			s->count++;
		return 0;
	}
	if (!s->user_array)
		return 0;
	for (;;) {
		if (get_user_u32(&ptr, s->user_array + 4 * s->count))
			return -EFAULT;
		if (!ptr)
			return 0;
		if (s->count++ >= 0x7fffffff / 4)
			return -E2BIG;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
		cond_resched();
	}
}

int exec_count_strings(struct exec *e)
{
	int err = count(&e->argv);

	if (!err)
		err = count(&e->envp);
	return err;
}

/* How many bytes of strings: execve(2), "Limits on size of arguments and environment". */
static int set_limit(struct exec *e)
{
	u64 stack = process_rlimit(current->process, RLIMIT_STACK);
	u32 limit = (u32)MIN(stack / 4, (u64)STACK_LIMIT_MAX);

	limit = MAX(limit, (u32)ARG_MAX);
	if (e->argc + e->envc >= limit / 4)
		return -E2BIG;
	e->string_limit = limit - (e->argc + e->envc) * 4;
	return 0;
}

int exec_prepare_table(struct exec *e)
{
	int err;

	e->envc = e->envp.count;
	e->argc = e->argv.count;
	if (e->script_count) /* argv[0] gives way to what the #! lines say */
		e->argc = (e->argc ? e->argc - 1 : 0) + e->script_count;
	else if (!e->argc) /* a program may count on argv[0] */
		e->argc = 1;
	err = set_limit(e);
	if (err)
		return err;
	e->slot = 1 + e->argc + 1 + e->envc + 1;
	e->table = kvmalloc((e->slot + AUXV_WORDS) * 4, GFP_KERNEL);
	return e->table ? 0 : -ENOMEM;
}

/* ---- pushing ---- */

/* The page of the new stack that is being written, mapped. */
struct window {
	struct page *page;
	char *data;
	uaddr_t base;
};

static void window_close(struct window *w)
{
	if (!w->page)
		return;
	kunmap_local(w->data);
	page_put(w->page);
	w->page = NULL;
}

static char *window_at(struct window *w, struct mm *mm, uaddr_t addr)
{
	uaddr_t base = addr & (uaddr_t)PAGE_MASK;

	if (w->page && w->base == base)
		return w->data + (addr - base);
	window_close(w);
	mm_grow_stack(mm, base);
	if (get_user_pages(mm, base, 1, true, true, &w->page) != 1) {
		w->page = NULL;
		return NULL;
	}
	w->data = kmap_local_page(w->page);
	w->base = base;
	return w->data + (addr - base);
}

/* Copy @len bytes so that they end at e->pos, from the back, a page at a time. */
static int push_bytes(struct exec *e, struct window *w, bool user, unsigned long from, u32 len)
{
	if (len > e->pos - e->floor)
		return -E2BIG;
	while (len) {
		u32 in_page = (u32)((e->pos - 1) & (PAGE_SIZE - 1)) + 1, n = MIN(in_page, len);
		char *to = window_at(w, e->mm, e->pos - n);

		if (!to)
			return -ENOMEM;
		len -= n;
		e->pos -= n;
		if (!user)
			memcpy(to, (const char *)from + len, n);
		else if (copy_from_user(to, (uaddr_t)from + len, n))
			return -EFAULT;
	}
	return 0;
}

static int push_kernel_string(struct exec *e, struct window *w, const char *s)
{
	return push_bytes(e, w, false, (unsigned long)s, (u32)strlen(s) + 1);
}

static int push_user_string(struct exec *e, struct window *w, uaddr_t s)
{
	size_t len = strnlen_user(s, MAX_ARG_STRLEN);

	if (!len)
		return -EFAULT;
	if (len > MAX_ARG_STRLEN)
		return -E2BIG;
	return push_bytes(e, w, true, s, (u32)len);
}

static void slot(struct exec *e, u32 value)
{
	e->table[--e->slot] = value;
}

/* From the last to @first, so that they lie in order. */
static int push_array(struct exec *e, struct window *w, const struct exec_strings *s,
		      unsigned first)
{
	u32 ptr;
	int err = 0;

	for (unsigned i = s->count; !err && i-- > first;) {
		if (!s->user)
			err = push_kernel_string(e, w, s->kernel_array[i]);
		else if (get_user_u32(&ptr, s->user_array + 4 * i))
			err = -EFAULT;
		else
			err = push_user_string(e, w, ptr);
		slot(e, e->pos);
		if (!err && fatal_signal_pending(current))
			err = -ERESTARTNOHAND;
	}
	return err;
}

static int push_argv(struct exec *e, struct window *w)
{
	int err = push_array(e, w, &e->argv, e->script_count ? 1 : 0);

	for (unsigned i = 0; !err && i < e->script_count; i++) {
		err = push_kernel_string(e, w, e->script_args[i]);
		slot(e, e->pos);
	}
	if (!err && !e->script_count && !e->argv.count) {
		err = push_kernel_string(e, w, "");
		slot(e, e->pos);
	}
	return err;
}

int exec_push_strings(struct exec *e)
{
	struct window w = {NULL, NULL, 0};
	struct mm *mm = e->mm;
	int err;

	e->pos = e->stack_top - 4;
	e->floor = e->pos - e->string_limit;
	err = push_kernel_string(e, &w, e->filename);
	mm->env_end = e->execfn = e->pos;
	slot(e, 0);
	if (!err)
		err = push_array(e, &w, &e->envp, 0);
	mm->env_start = mm->arg_end = e->pos;
	slot(e, 0);
	if (!err)
		err = push_argv(e, &w);
	mm->arg_start = e->pos;
	slot(e, e->argc);
	window_close(&w);
	return err;
}

/* ---- the tables ---- */

struct auxv {
	u32 *word;
	unsigned count;
};

static void aux(struct auxv *v, u32 type, u32 value)
{
	v->word[v->count++] = type;
	v->word[v->count++] = value;
}

size_t auxv_bytes(const struct mm *mm)
{
	unsigned n = 0;

	while (n + 2 < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[n])
		n += 2;
	return (n + 2) * sizeof(u32);
}

/* In Linux's order: some programs print it, and tests compare it. */
static unsigned fill_auxv(struct exec *e, u32 *words, uaddr_t random, uaddr_t platform)
{
	struct auxv v = {words, 0};
	const struct cred *cred = e->cred;

	if (e->mm->vdso) {
		aux(&v, AT_SYSINFO, e->mm->vdso + vdso_image->sysenter_offset);
		aux(&v, AT_SYSINFO_EHDR, e->mm->vdso);
	}
	aux(&v, AT_MINSIGSTKSZ, MINSIGSTKSZ);
	aux(&v, AT_HWCAP, arch_hwcap());
	aux(&v, AT_PAGESZ, PAGE_SIZE);
	aux(&v, AT_CLKTCK, USER_HZ);
	aux(&v, AT_PHDR, e->phdr_address);
	aux(&v, AT_PHENT, sizeof(Elf32_Phdr));
	aux(&v, AT_PHNUM, e->program.header.e_phnum);
	aux(&v, AT_BASE, e->interpreter_base);
	aux(&v, AT_FLAGS, 0);
	aux(&v, AT_ENTRY, e->program_entry);
	aux(&v, AT_UID, cred->uid);
	aux(&v, AT_EUID, cred->euid);
	aux(&v, AT_GID, cred->gid);
	aux(&v, AT_EGID, cred->egid);
	aux(&v, AT_SECURE, e->secure);
	aux(&v, AT_RANDOM, random);
	aux(&v, AT_HWCAP2, 0);
	aux(&v, AT_EXECFN, e->execfn);
	aux(&v, AT_PLATFORM, platform);
	aux(&v, AT_NULL, 0);
	return v.count;
}

/*
 * argc, argv, envp are in e->table since the strings were pushed; the auxiliary vector goes behind
 * them.
 */
static int push_table(struct exec *e, struct window *w, uaddr_t random, uaddr_t platform)
{
	unsigned pointers = 1 + e->argc + 1 + e->envc + 1, words;

	words = fill_auxv(e, e->mm->saved_auxv, random, platform);
	memcpy(e->table + pointers, e->mm->saved_auxv, words * 4);
	words += pointers;
	e->pos = ((e->pos - 4 * words) & ~15u) + 4 * words;
	return push_bytes(e, w, false, (unsigned long)e->table, 4 * words);
}

int exec_build_stack(struct exec *e)
{
	struct window w = {NULL, NULL, 0};
	uaddr_t platform;
	int err;

	_Static_assert(ARRAY_SIZE(e->mm->saved_auxv) >= AUXV_WORDS, "room for every entry");
	e->floor = 0;
	e->pos = (e->pos - e->random.align % STACK_SLACK) & ~15u;
	err = push_kernel_string(e, &w, PLATFORM);
	platform = e->pos;
	if (!err)
		err = push_bytes(e, &w, false, (unsigned long)e->random.at_random,
				 sizeof(e->random.at_random));
	if (!err)
		err = push_table(e, &w, e->pos, platform);
	window_close(&w);
	e->mm->start_stack = e->pos;
	return err;
}
