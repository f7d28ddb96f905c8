/*
 * mm.trace=fault on the kernel command line: each page fault is a line in the log. Who, where, what
 * for, which row of the table in fault.c served it, the page that came, and what it cost.
 *
 * The trace looks from outside: at the area and the entry before and after, and names the row that
 * leads from one to the other. So fault.c does not know of it, and without the word on the command
 * line not an instruction is spent: arch_hooks.page_fault is what is exchanged at boot. (Two
 * threads at one page at the same moment: both lines show the row of the faster.)
 *
 * A line is printed by the task that faulted, after the fault, with no lock held. Events pass
 * through a ring: one CPU prints, the others leave theirs there and go on; when it is full, events
 * are lost and counted, and the count is said. A fault while a line is being printed is an event
 * like any other, so nothing recurses.
 *
 * Lock: ring.lock (RANK_LEAF). Read next: fault.c, docs/memory/fault.md.
 */
#include "lib/printf.h"
#include "virt.h"
#include "zone.h"

char *(*mm_file_name)(struct file *file, char *buf, size_t size);

enum { TRACE_FAULT = 1 };

static const struct {
	const char *name;
	unsigned bit;
} kinds[] = {{"fault", TRACE_FAULT}};

static unsigned wanted; /* bits of kinds[] */

#define NAME_SIZE 40
#define RING_EVENTS 256u

/* One page fault. */
struct event {
	pid_t tgid, pid;
	char comm[16];
	uaddr_t addr;
	u8 error; /* FAULT_* */
	u8 row;   /* of the table in fault.c */
	bool has_page;
	pfn_t pfn;
	int result; /* of the fault: 0 or -errno */
	u64 cycles;
	char area[NAME_SIZE];
};

static struct {
	spinlock_t lock;
	struct event *events;
	u32 head, tail; /* written, printed: both count on */
	u32 lost;       /* since the last time it was said */
	bool printing;  /* somebody does, and takes what comes meanwhile */
} ring = {.lock = SPINLOCK_INIT(RANK_LEAF)};

/* ---- the line ---- */

static const char *const row_text[] = {
	[1] = "the zero page",
	[2] = "a fresh zeroed page",
	[3] = "the cache's page, and its neighbours",
	[4] = "a copy of the cache's page",
	[5] = "the cache's page, for writing",
	[6] = "a fresh page in place of the zero page",
	[7] = "the page is nobody else's: writable",
	[8] = "a copy of the shared page",
	[9] = "the file's page: writable",
	[10] = "the entry allows it already",
	[11] = "the page that the object names",
	[12] = "waits for userfaultfd(2)",
	[13] = "a block of fresh zeroed pages",
};

static const char *access_text(unsigned error)
{
	return error & FAULT_INSTR ? "exec" : error & FAULT_WRITE ? "write" : "read";
}

/* Why a fault could not be served. */
static const char *reason(int result)
{
	switch (result) {
	case -EFAULT: return "no area there";
	case -EACCES: return "the area forbids it";
	case -ENOMEM: return "out of memory";
	default: return "the object has no such page";
	}
}

static const char *end_of(int result, unsigned error)
{
	if (!(error & FAULT_USER))
		return "EFAULT";
	switch (result) {
	case -EFAULT: return "SIGSEGV SEGV_MAPERR";
	case -EACCES: return "SIGSEGV SEGV_ACCERR";
	case -ENOMEM: return "SIGKILL";
	default: return "SIGBUS";
	}
}

static int print_page(const struct event *e, char *buf, size_t size)
{
	if (e->result == FAULT_USERFAULT)
		return scnprintf(buf, size, "12 %s", row_text[12]);
	if (e->result)
		return scnprintf(buf, size, "%s: %s", end_of(e->result, e->error),
				 reason(e->result));
	if (!e->has_page)
		return scnprintf(buf, size, "%u %s", e->row, row_text[e->row]);
	return scnprintf(buf, size, "%u %s, %s frame %05lx", e->row, row_text[e->row],
			 zones[pfn_zone_id(e->pfn)].name, (unsigned long)e->pfn);
}

static void print_event(const struct event *e)
{
	char page[96];

	print_page(e, page, sizeof(page));
	printk(KERN_INFO "fault: %s[%d/%d] %08x %s %s: %s; %s; %u cycles\n", e->comm, e->tgid,
	       e->pid, e->addr, access_text(e->error), e->error & FAULT_USER ? "user" : "kernel",
	       page, e->area[0] ? e->area : "anonymous", (u32)MIN(e->cycles, (u64)~0u));
}

/* ---- the ring ---- */

/* The next event to be printed; false: none, and nobody prints any more. */
static bool take(struct event *e, u32 *lost)
{
	bool some;

	spin_lock(&ring.lock);
	*lost = ring.lost;
	ring.lost = 0;
	some = ring.tail != ring.head;
	if (some)
		*e = ring.events[ring.tail++ % RING_EVENTS];
	else
		ring.printing = false;
	spin_unlock(&ring.lock);
	return some;
}

static void print_ring(void)
{
	struct event e;
	bool some;
	u32 lost;

	do {
		some = take(&e, &lost);
		if (lost)
			printk(KERN_INFO "fault: %u lines lost, the ring was full\n", lost);
		if (some)
			print_event(&e);
	} while (some);
}

static void put(const struct event *e)
{
	bool print;

	spin_lock(&ring.lock);
	if (ring.head - ring.tail < RING_EVENTS)
		ring.events[ring.head++ % RING_EVENTS] = *e;
	else
		ring.lost++;
	print = !ring.printing;
	ring.printing = true;
	spin_unlock(&ring.lock);
	if (print)
		print_ring();
}

/* ---- what was there, and what is ---- */

struct view {
	bool area, anon, mapping, shared, huge;
	pte_t pte;
};

static void area_name(struct vma *vma, char *buf)
{
	char path[128];
	const char *name = vma->file && mm_file_name ? mm_file_name(vma->file, path, sizeof(path))
						     : vma_name(vma);
	size_t len;

	if (IS_ERR(name))
		name = "(a long path)";
	len = strlen(name);
	/* The end of a long path says most. */
	strscpy(buf, len < NAME_SIZE ? name : name + len - NAME_SIZE + 1, NAME_SIZE);
}

/* @name: may be NULL. A name needs no reference to the file: the area holds it. */
static struct view look(struct mm *mm, uaddr_t addr, char *name)
{
	struct view v = {0};
	struct vma *vma;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (vma && vma->start <= addr) {
		pte_t *ptep = pte_peek(mm, addr);

		v.area = true;
		v.anon = vma_is_anon(vma);
		v.mapping = vma->mapping;
		v.shared = vma->flags & VM_SHARED;
		v.huge = pmd_large(pmd_peek(mm, addr));
		v.pte = ptep ? pte_read(ptep) : (pte_t){0};
		if (name)
			area_name(vma, name);
	} else if (name) {
		strscpy(name, "no area", NAME_SIZE);
	}
	up_read(&mm->mmap_lock);
	return v;
}

static unsigned row_of_first_touch(const struct view *area, bool write)
{
	if (area->huge)
		return 13;
	if (area->anon)
		return write ? 2 : 1;
	if (!area->mapping)
		return 11;
	if (!write)
		return 3;
	return area->shared ? 5 : 4;
}

static unsigned row_of(const struct view *before, const struct view *after, bool write)
{
	if (!pte_present(before->pte))
		return row_of_first_touch(after, write);
	if (!write || pte_write(before->pte))
		return 10;
	if (pte_special(before->pte))
		return 6;
	if (after->shared)
		return 9;
	return pte_pfn(before->pte) == pte_pfn(after->pte) ? 7 : 8;
}

/* ---- the wrapper of the fault ---- */

static void identify(struct event *e)
{
	e->tgid = current->tgid;
	e->pid = current->pid;
	strscpy(e->comm, current->comm, sizeof(e->comm));
}

static bool traced_page_fault(struct regs *regs, unsigned long addr, unsigned error)
{
	struct mm *mm = current->mm;
	bool user_address = addr < TASK_SIZE && mm;
	struct view before = {0}, after = {0};
	struct event e = {.addr = (uaddr_t)addr, .error = (u8)error, .area = "no area"};
	u64 start;

	if (user_address)
		before = look(mm, e.addr, NULL);
	start = cycles_now();
	e.result = user_address ? mm_fault(mm, e.addr, error, regs) : -EFAULT;
	e.cycles = cycles_now() - start;
	if (user_address)
		after = look(mm, e.addr, e.area);
	if (!e.result) {
		e.row = (u8)row_of(&before, &after, error & FAULT_WRITE);
		e.has_page = pte_present(after.pte);
		e.pfn = e.has_page ? pte_pfn(after.pte) : 0;
	}
	identify(&e);
	put(&e);
	return mm_fault_done(e.result, addr, error);
}

/* ---- a bad address ---- */

#define AREAS_AROUND 3

static void print_area(struct vma *vma)
{
	char name[NAME_SIZE];

	area_name(vma, name);
	pr_debug("  %08x-%08x %c%c%c%c %s\n", vma->start, vma->end,
		 vma->flags & VM_READ ? 'r' : '-', vma->flags & VM_WRITE ? 'w' : '-',
		 vma->flags & VM_EXEC ? 'x' : '-', vma->flags & VM_SHARED ? 's' : 'p', name);
}

void trace_bad_address(struct mm *mm, uaddr_t addr, unsigned error, int result)
{
	struct regs *regs = arch_thread_regs(current_thread()); /* NULL: a kernel thread's */
	struct vma *vma, *first;

	pr_debug("%s[%d]: %s at %08x, ip %08lx: %s, %s. The areas around it:\n", current->comm,
		 current->tgid, end_of(result, error), addr, regs ? regs_ip(regs) : 0,
		 access_text(error), reason(result));
	if (!mm)
		return;
	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	first = vma ? vma : vma_tree_last(&mm->areas);
	for (unsigned i = 0; first && i < AREAS_AROUND && vma_prev(first); i++)
		first = vma_prev(first);
	for (unsigned above = 0; first && above <= AREAS_AROUND; first = vma_next(first)) {
		print_area(first);
		above += first->end > addr;
	}
	up_read(&mm->mmap_lock);
}

/* ---- boot ---- */

static void want(const char *name, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strlen(kinds[i].name) == len && !memcmp(kinds[i].name, name, len)) {
			wanted |= kinds[i].bit;
			return;
		}
	}
	pr_warn("mm.trace: there is nothing called \"%.*s\" to trace\n", (int)len, name);
}

void mm_trace_select(const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ",");

		want(names, len);
		names += len + (names[len] == ',');
	}
}

void trace_init(void)
{
	if (!(wanted & TRACE_FAULT))
		return;
	ring.events = kmalloc(RING_EVENTS * sizeof(*ring.events), GFP_KERNEL);
	if (!ring.events)
		return;
	arch_hooks.page_fault = traced_page_fault;
}
