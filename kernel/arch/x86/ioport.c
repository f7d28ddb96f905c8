/*
 * I/O ports for programs: ioperm(2) and iopl(2), both through the bitmap that the CPU looks at
 * behind its task state (Intel SDM 1, 19.5.2). IOPL in the flags stays 0: a program never
 * masks interrupts.
 *
 * A bitmap is three pages: a bit for each of 65,536 ports, set where it is refused, and behind
 * them the byte of ones that the CPU wants; the third page also holds what we keep of it.
 * While its thread runs, the three are mapped, read-only, in the CPU's entry area, where they
 * end the guard below the entry stack; otherwise nothing is there, and the task state says
 * that there is no bitmap.
 *
 * A thread shares its bitmap with the children that it made since, until one of them
 * changes its own.
 */
#include "thread.h"
#include "desc.h"
#include "paging.h"
#include "arch/log.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include <linux/errno.h>

#define PORTS 65536u
#define PORTS_PER_PAGE (8 * PAGE_SIZE)
#define BITMAP_PAGES 2
#define INSN_CLI 0xfa
#define INSN_STI 0xfb

struct io_bitmap {
	u8 ones[8]; /* the first is the byte behind the bits */
	u32 refs;   /* (atomic) threads that have it */
	u8 *bits[BITMAP_PAGES];
};

/* For iopl(3): every port. Made when it is first asked for, and kept. */
static struct io_bitmap *all_ports;

static struct io_bitmap *bitmap_alloc(void)
{
	struct io_bitmap *b = arch_hooks.table_alloc(0);

	if (!b)
		return NULL;
	for (unsigned i = 0; i < BITMAP_PAGES; i++) {
		b->bits[i] = arch_hooks.table_alloc(0);
		if (!b->bits[i]) {
			if (i)
				arch_hooks.table_free(b->bits[0], 0);
			arch_hooks.table_free(b, 0);
			return NULL;
		}
	}
	memset(b->ones, 0xff, sizeof(b->ones));
	b->refs = 1;
	return b;
}

static void bitmap_put(struct io_bitmap *b)
{
	if (!b || !atomic_dec_and_test(&b->refs))
		return;
	for (unsigned i = 0; i < BITMAP_PAGES; i++)
		arch_hooks.table_free(b->bits[i], 0);
	arch_hooks.table_free(b, 0);
}

/* The bitmap of @t for it alone; @t had none: one that refuses all. NULL: no memory. */
static struct io_bitmap *own_bitmap(const struct arch_thread *t)
{
	const struct io_bitmap *old = t->ports;
	struct io_bitmap *b;

	if (old && atomic_read(&old->refs) == 1)
		return t->ports;
	b = bitmap_alloc();
	for (unsigned i = 0; b && i < BITMAP_PAGES; i++) {
		if (old)
			memcpy(b->bits[i], old->bits[i], PAGE_SIZE);
		else
			memset(b->bits[i], 0xff, PAGE_SIZE);
	}
	return b;
}

static bool refuses_all(const struct io_bitmap *b)
{
	for (unsigned i = 0; i < BITMAP_PAGES; i++)
		if (b->bits[i][0] != 0xff || memcmp(b->bits[i], b->bits[i] + 1, PAGE_SIZE - 1) != 0)
			return false;
	return true;
}

static void set_ports(struct io_bitmap *b, unsigned from, unsigned count, bool allow)
{
	for (unsigned port = from; port < from + count; port++) {
		u8 *byte = &b->bits[port / PORTS_PER_PAGE][port % PORTS_PER_PAGE / 8];
		u8 bit = (u8)(1 << port % 8);

		*byte = allow ? *byte & (u8)~bit : *byte | bit;
	}
}

/* ---- what the CPU sees ---- */

static void map_window(unsigned n, const void *page)
{
	char *va = (char *)entry_area_of(smp_cpu_id()) + ENTRY_IO_BITMAP + n * PAGE_SIZE;

	if (page)
		arch_kernel_map(va, (pfn_t)(lowmem_paddr(page) >> PAGE_SHIFT), PGPROT_KERNEL_RO);
	else
		arch_kernel_unmap(va);
	tlb_flush_page_local((unsigned long)va);
}

void ports_load(const struct arch_thread *t)
{
	const struct io_bitmap *b = t->iopl == 3 ? all_ports : t->ports;

	for (unsigned i = 0; i < BITMAP_PAGES; i++)
		map_window(i, b ? b->bits[i] : NULL);
	map_window(BITMAP_PAGES, b);
	entry_area_of(smp_cpu_id())->tss.io_bitmap = b ? TSS_IO_BITMAP : TSS_NO_IO_BITMAP;
}

/* The current thread's ports are @ports and @iopl from now on. */
static void change(struct io_bitmap *ports, u8 iopl)
{
	struct arch_thread *t = current_thread();
	struct io_bitmap *old = t->ports;
	irqflags_t flags = irq_save();

	t->ports = ports;
	t->iopl = iopl;
	if (ports || iopl == 3)
		t->extras |= EXTRA_PORTS;
	else
		t->extras &= (u8)~EXTRA_PORTS;
	ports_load(t);
	irq_restore(flags);
	if (old != ports)
		bitmap_put(old);
}

int arch_ioperm(unsigned from, unsigned count, bool allow)
{
	struct arch_thread *t = current_thread();
	struct io_bitmap *b;

	if (!t->ports && !allow)
		return 0;
	b = own_bitmap(t);
	if (!b)
		return -ENOMEM;
	set_ports(b, from, count, allow);
	if (!allow && refuses_all(b)) {
		if (b != t->ports)
			bitmap_put(b);
		b = NULL;
	}
	change(b, t->iopl);
	return 0;
}

unsigned arch_iopl(void)
{
	return current_thread()->iopl;
}

int arch_set_iopl(unsigned level)
{
	struct io_bitmap *none = NULL, *b;

	if (level == 3 && !READ_ONCE(all_ports)) {
		b = bitmap_alloc();
		if (!b)
			return -ENOMEM;
		if (!atomic_try_cmpxchg(&all_ports, &none, b))
			bitmap_put(b);
	}
	change(current_thread()->ports, (u8)level);
	return 0;
}

/* => @child does not run yet */
void ports_fork(struct arch_thread *child, const struct arch_thread *parent)
{
	child->ports = parent->ports;
	child->iopl = parent->iopl;
	child->extras |= parent->extras & EXTRA_PORTS;
	if (child->ports)
		atomic_inc(&child->ports->refs);
}

void ports_free(struct arch_thread *t)
{
	bitmap_put(t->ports);
	t->ports = NULL;
}

/* ---- cli and sti of a program with all ports ---- */

/*
 * Programs from when iopl(3) meant the interrupt flag too go on as if these two instructions did
 * nothing: as on Linux, whose words these are to them in the log.
 */
bool ports_skip_cli(struct regs *regs)
{
	u8 insn;

	if (current_thread()->iopl != 3 || (u16)regs->cs != USER_CS ||
	    get_user_u8(&insn, regs->ip) || (insn != INSN_CLI && insn != INSN_STI))
		return false;
	pr_once(KERN_WARNING
		"a program with I/O privilege uses cli or sti: taken for no operation\n");
	regs->ip++;
	return true;
}
