/*
 * The simulated MMU: walks page tables in either format, caches what it finds in the CPU's TLB, and
 * uses the cached entry until it is flushed, however the tables have changed. User copies go
 * through it.
 *
 * As on the machine: an access sets A, a write sets D; a cached entry without D is looked up again
 * for a write; entries that are not present are never cached; with PAE the four top entries are
 * read when the page directory is loaded (a populated one is noticed at the next fault).
 *
 * With page-table isolation (sim_pti) user code goes through the tables for user mode, and user
 * copies through the kernel's. Entries of both stay in the TLB until a flush: that is stricter
 * than the machine.
 *
 * The TLB of a CPU is touched only by that CPU, and by the oracle while all are idle.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/log.h"
#include "lib/atomic.h"
#include "sim.h"
#include <linux/errno.h>

#define TLB_ENTRIES 256

struct tlb_entry {
	bool valid;
	u32 page;
	pte_t pte;
	bool write; /* pmd and pte both allow it */
	bool large; /* a piece of a block that one pmd maps: goes with all others of it */
	bool user;  /* from the tables for user mode */
};

struct mmu {
	struct arch_mm *loaded;
	struct tlb_entry tlb[TLB_ENTRIES];
#ifdef CONFIG_X86_PAE
	pgd_t top
		[2]
		[PTRS_PER_PGD]; /* as read when the page directory was loaded; [1]: for user mode */
#endif
};

bool sim_pti;
static struct mmu mmus[SIM_MAX_CPUS];
static struct arch_mm *all_mms;
static u32 mms_lock;

static struct mmu *this_mmu(void)
{
	return &mmus[smp_cpu_id()];
}

void sim_mmu_cpu_reset(unsigned cpu)
{
	memset(&mmus[cpu], 0, sizeof(mmus[cpu]));
}

/* ---- flushing ---- */

/* Do the pages with these numbers belong to one pmd? */
static bool same_block(u32 a, u32 b)
{
	return a / PTRS_PER_PTE == b / PTRS_PER_PTE;
}

void tlb_flush_page_local(unsigned long va)
{
	u32 page = (u32)(va >> PAGE_SHIFT);
	struct tlb_entry *tlb = this_mmu()->tlb;

	if (tlb[page % TLB_ENTRIES].page == page)
		tlb[page % TLB_ENTRIES].valid = false;
	for (unsigned i = 0; i < TLB_ENTRIES; i++)
		if (tlb[i].valid && tlb[i].large && same_block(tlb[i].page, page))
			tlb[i].valid = false;
}

static void read_top(struct mmu *mmu)
{
#ifdef CONFIG_X86_PAE
	struct arch_mm *am = mmu->loaded;

	for (unsigned i = 0; i < PTRS_PER_PGD; i++) {
		mmu->top[0][i].val = am ? __atomic_load_n(&am->pgd[i].val, __ATOMIC_ACQUIRE) : 0;
		mmu->top[1][i].val =
			am ? __atomic_load_n(&am->user_pgd[i].val, __ATOMIC_ACQUIRE) : 0;
	}
#else
	(void)mmu;
#endif
}

void tlb_flush_user_local(void)
{
	struct mmu *mmu = this_mmu();

	for (unsigned i = 0; i < TLB_ENTRIES; i++)
		mmu->tlb[i].valid = false;
	read_top(mmu);
}

void tlb_flush_all_local(void)
{
	tlb_flush_user_local();
}

/* ---- page directories ---- */

static void lock_mms(void)
{
	while (__atomic_exchange_n(&mms_lock, 1, __ATOMIC_ACQUIRE))
		;
}

static void unlock_mms(void)
{
	__atomic_store_n(&mms_lock, 0, __ATOMIC_RELEASE);
}

#ifdef CONFIG_X86_PAE
/* Nothing, but for the gigabyte that the split divides. */
static int init_directory(struct arch_mm *am)
{
	unsigned slot = TASK_SIZE >> PGD_SHIFT;
	pmd_t *table;

	if (!(TASK_SIZE & ~PGD_MASK))
		return 0;
	table = arch_hooks.table_alloc(sim_pti);
	if (!table)
		return -ENOMEM;
	am->pgd[slot].val = lowmem_paddr(table) | PAGE_PRESENT | PAGE_SHARED_SLOT;
	if (sim_pti) {
		am->mirrored = (unsigned long)table;
		am->user_pgd[slot].val = lowmem_paddr(table + PTRS_PER_PMD) | PAGE_PRESENT;
	}
	return 0;
}

static void destroy_directory(struct arch_mm *am)
{
	for (unsigned i = 0; i < PTRS_PER_PGD; i++) {
		if (pgd_is_shared(am->pgd[i]))
			arch_hooks.table_free(lowmem_ptr(am->pgd[i].val & PTE_PFN_MASK), sim_pti);
		else if (!pgd_none(am->pgd[i]))
			sim_die("arch_mm_destroy: table %u is still there", i);
	}
}
#else
static int init_directory(struct arch_mm *am)
{
	am->pgd = arch_hooks.table_alloc(sim_pti);
	am->mirrored = sim_pti ? (unsigned long)am->pgd : 0;
	return am->pgd ? 0 : -ENOMEM;
}

static void destroy_directory(struct arch_mm *am)
{
	arch_hooks.table_free(am->pgd, sim_pti);
}
#endif

int arch_mm_init(struct arch_mm *am)
{
	int err;

	memset(am, 0, sizeof(*am));
	err = init_directory(am);
	if (err)
		return err;
	lock_mms();
	am->next_mm = all_mms;
	all_mms = am;
	unlock_mms();
	return 0;
}

void arch_mm_destroy(struct arch_mm *am)
{
	struct arch_mm **link = &all_mms;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (__atomic_load_n(&mmus[cpu].loaded, __ATOMIC_ACQUIRE) == am)
			sim_die("arch_mm_destroy: CPU %u has it loaded", cpu);
	lock_mms();
	while (*link != am)
		link = &(*link)->next_mm;
	*link = am->next_mm;
	unlock_mms();
	destroy_directory(am);
}

void arch_mm_load(struct arch_mm *am)
{
	__atomic_store_n(&this_mmu()->loaded, am, __ATOMIC_RELEASE);
	tlb_flush_user_local();
}

#ifdef CONFIG_X86_PAE
void arch_pgd_changed(struct arch_mm *am)
{
	struct mmu *mmu = this_mmu();

	if (mmu->loaded == am)
		read_top(mmu);
}
#endif

void arch_mm_set_vdso(struct arch_mm *am, uaddr_t base)
{
	am->vdso = base;
}

/* ---- walking: what hardware does, unseen by the race detector ---- */

#define HARDWARE __attribute__((no_sanitize("thread")))

static pteval_t *entry_of(paddr_t table, unsigned n)
{
	return (pteval_t *)((char *)sim_frame((pfn_t)(table >> PAGE_SHIFT))) + n;
}

HARDWARE static pteval_t load_entry(paddr_t table, unsigned n)
{
	return __atomic_load_n(entry_of(table, n), __ATOMIC_ACQUIRE);
}

/* The pmd of @addr in the tables of user mode or of the kernel, or NULL. */
HARDWARE static pteval_t *find_pmd(struct mmu *mmu, bool user, uaddr_t addr)
{
	paddr_t directory;

	if (!mmu->loaded)
		return NULL;
#ifdef CONFIG_X86_PAE
	directory = mmu->top[user][addr >> PGD_SHIFT].val;
	if (!(directory & PAGE_PRESENT)) {
		read_top(mmu);
		directory = mmu->top[user][addr >> PGD_SHIFT].val;
	}
	if (!(directory & PAGE_PRESENT))
		return NULL;
	return entry_of(directory & PTE_PFN_MASK, (addr >> PMD_SHIFT) & (PTRS_PER_PMD - 1));
#else
	directory = lowmem_paddr(mmu->loaded->pgd + (user ? PTRS_PER_PGD : 0));
	return entry_of(directory, addr >> PMD_SHIFT);
#endif
}

/* The entry that maps @addr: a pte, or (*large) a pmd; NULL: there is no table. */
HARDWARE static pteval_t *find_pte(struct mmu *mmu, bool user, uaddr_t addr, bool *large)
{
	pteval_t *entry = find_pmd(mmu, user, addr), pmd;

	*large = false;
	if (!entry)
		return NULL;
	pmd = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
	if (!(pmd & PAGE_PRESENT))
		return NULL;
	*large = pmd & PAGE_PSE;
	return *large ? entry
		      : entry_of(pmd & PTE_PFN_MASK, (addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1));
}

/* What a large entry says of the page of @addr. */
static pteval_t piece_of(pteval_t large, uaddr_t addr)
{
	pteval_t offset = addr & ~PMD_MASK & PAGE_MASK;

	if (large & PTE_PFN_MASK & ~(pteval_t)PMD_MASK & 0xffffffff)
		sim_die("a large entry names frame %llx, which no block begins with",
			(unsigned long long)(large & PTE_PFN_MASK) >> PAGE_SHIFT);
	return (large & ~(pteval_t)PAGE_PSE) + offset;
}

/* Two entries of different sizes for one address: what the CPU does then is undefined. */
static void check_one_size(const struct mmu *mmu, uaddr_t addr, bool large)
{
	u32 page = addr >> PAGE_SHIFT;

	for (unsigned i = 0; i < TLB_ENTRIES; i++) {
		const struct tlb_entry *e = &mmu->tlb[i];

		if (e->valid && e->large != large && same_block(e->page, page))
			sim_die("user address %x is in a TLB in two sizes", addr);
	}
}

/* Look @addr up for an access: 0 and the entry cached, or the error code of the fault. */
HARDWARE static unsigned walk(struct mmu *mmu, uaddr_t addr, unsigned access, struct tlb_entry *e)
{
	bool large, user = sim_pti && (access & FAULT_USER);
	pteval_t *entry = find_pte(mmu, user, addr, &large), val, set;

	e->valid = false;
	if (!entry)
		return access;
	val = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
	do {
		if (!(val & PAGE_PRESENT))
			return access;
		if (!(val & PAGE_USER) || ((access & FAULT_WRITE) && !(val & PAGE_RW)))
			return access | FAULT_PRESENT;
		set = val | PAGE_ACCESSED | (access & FAULT_WRITE ? PAGE_DIRTY : 0);
	} while (!__atomic_compare_exchange_n(entry, &val, set, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_ACQUIRE));
	check_one_size(mmu, addr, large);
	*e = (struct tlb_entry){
		true, addr >> PAGE_SHIFT, {large ? piece_of(set, addr) : set}, set & PAGE_RW, large,
		user};
	return 0;
}

#define NO_FAULT ~0u

/* Translate: NO_FAULT and *@p, or the error code. */
static unsigned translate(uaddr_t addr, unsigned access, void **p)
{
	struct mmu *mmu = this_mmu();
	u32 page = addr >> PAGE_SHIFT;
	struct tlb_entry *e = &mmu->tlb[page % TLB_ENTRIES];
	bool write = access & FAULT_WRITE, user = sim_pti && (access & FAULT_USER);

	if (!e->valid || e->user != user || e->page != page ||
	    (write && (!e->write || !pte_dirty(e->pte)))) {
		unsigned error = walk(mmu, addr, access, e);

		if (!e->valid)
			return error;
	}
	*p = (char *)sim_frame(pte_pfn(e->pte)) + (addr & (PAGE_SIZE - 1));
	return NO_FAULT;
}

/* Make @addr accessible: its host address, or NULL. Interrupts may come, and the task may sleep and
 * move. */
static void *access_user(uaddr_t addr, unsigned access)
{
	struct regs regs = {.user = access & FAULT_USER};
	void *p = NULL;
	unsigned error;

	while ((error = translate(addr, access, &p)) != NO_FAULT) {
		if (!(access & FAULT_USER) && pagefault_disabled())
			return NULL;
		if (!arch_hooks.page_fault || !arch_hooks.page_fault(&regs, addr, error))
			return NULL;
	}
	return p;
}

/* Do @step on each piece of [addr, addr + n) within a page: bytes not done. */
static size_t for_user_pieces(uaddr_t addr, size_t n, unsigned access,
			      void (*step)(void *user, char *buf, size_t n), char *buf)
{
	while (n) {
		size_t piece = MIN(n, (size_t)(PAGE_SIZE - addr % PAGE_SIZE));
		void *p;

		/* An interrupt may come here, but not between the translation and the access. */
		irq_restore(irq_save());
		p = access_user(addr, access);
		if (!p)
			break;
		step(p, buf, piece);
		addr += (uaddr_t)piece;
		buf = buf ? buf + piece : NULL;
		n -= piece;
	}
	return n;
}

/* User memory may be read and written at the same time: that is the user's business, not a bug of
 * the kernel. */
HARDWARE static void copy_bytes(char *to, const char *from, size_t n)
{
	for (; n && ((uintptr_t)to & 7 || (uintptr_t)from & 7); n--)
		*to++ = *from++;
	for (; n >= 8; n -= 8, to += 8, from += 8)
		*(u64 *)to = *(const u64 *)from;
	while (n--)
		*to++ = *from++;
}

static void step_read(void *user, char *buf, size_t n)
{
	copy_bytes(buf, user, n);
}

static void step_write(void *user, char *buf, size_t n)
{
	copy_bytes(user, buf, n);
}

HARDWARE static void step_clear(void *user, char *buf, size_t n)
{
	(void)buf;
	for (volatile char *p = user; n--;)
		*p++ = 0;
}

int sim_user_read(uaddr_t addr, void *buf, size_t n)
{
	return for_user_pieces(addr, n, FAULT_USER, step_read, buf) ? -EFAULT : 0;
}

int sim_user_write(uaddr_t addr, const void *buf, size_t n)
{
	return for_user_pieces(addr, n, FAULT_USER | FAULT_WRITE, step_write, (char *)buf) ? -EFAULT
											   : 0;
}

/* ---- user copies ---- */

size_t copy_to_user(uaddr_t to, const void *from, size_t n)
{
	return user_range_ok(to, n) ? for_user_pieces(to, n, FAULT_WRITE, step_write, (char *)from)
				    : n;
}

size_t copy_from_user(void *to, uaddr_t from, size_t n)
{
	return user_range_ok(from, n) ? for_user_pieces(from, n, 0, step_read, to) : n;
}

size_t clear_user(uaddr_t to, size_t n)
{
	return user_range_ok(to, n) ? for_user_pieces(to, n, FAULT_WRITE, step_clear, NULL) : n;
}

ssize_t strncpy_from_user(char *to, uaddr_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (copy_from_user(to + i, from + (uaddr_t)i, 1))
			return -EFAULT;
		if (!to[i])
			return (ssize_t)i;
	}
	return (ssize_t)n;
}

size_t strnlen_user(uaddr_t s, size_t n)
{
	char c;

	for (size_t i = 0; i < n; i++) {
		if (copy_from_user(&c, s + (uaddr_t)i, 1))
			return 0;
		if (!c)
			return i + 1;
	}
	return n + 1;
}

#define DEFINE_USER_VALUE(type) \
	int get_user_##type(type *val, uaddr_t from) \
	{ \
		return copy_from_user(val, from, sizeof(*val)) ? -EFAULT : 0; \
	} \
	int put_user_##type(type val, uaddr_t to) \
	{ \
		return copy_to_user(to, &val, sizeof(val)) ? -EFAULT : 0; \
	}
DEFINE_USER_VALUE(u8)
DEFINE_USER_VALUE(u16)
DEFINE_USER_VALUE(u32)
DEFINE_USER_VALUE(u64)

static u32 *atomic_word(uaddr_t addr)
{
	if (!IS_ALIGNED(addr, 4) || !user_range_ok(addr, 4))
		return NULL;
	return access_user(addr, FAULT_WRITE);
}

#define DEFINE_USER_ATOMIC(name, builtin) \
	int name(uaddr_t addr, u32 val, u32 *old) \
	{ \
		u32 *word = atomic_word(addr); \
\
		if (!word) \
			return -EFAULT; \
		*old = builtin(word, val, __ATOMIC_SEQ_CST); \
		return 0; \
	}
DEFINE_USER_ATOMIC(user_xchg_u32, __atomic_exchange_n)
DEFINE_USER_ATOMIC(user_add_u32, __atomic_fetch_add)
DEFINE_USER_ATOMIC(user_or_u32, __atomic_fetch_or)
DEFINE_USER_ATOMIC(user_and_u32, __atomic_fetch_and)
DEFINE_USER_ATOMIC(user_xor_u32, __atomic_fetch_xor)

int user_cmpxchg_u32(uaddr_t addr, u32 expect, u32 val, u32 *old)
{
	u32 *word = atomic_word(addr);

	if (!word)
		return -EFAULT;
	__atomic_compare_exchange_n(word, &expect, val, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	*old = expect;
	return 0;
}

void pagefault_disable(void)
{
	current_thread()->pagefault_off++;
}

void pagefault_enable(void)
{
	current_thread()->pagefault_off--;
}

bool pagefault_disabled(void)
{
	return current_thread()->pagefault_off;
}

/* ---- oracle ---- */

static void visit_table(struct arch_mm *am, paddr_t table, uaddr_t base,
			void (*fn)(struct arch_mm *, uaddr_t, pte_t, void *), void *arg)
{
	for (unsigned i = 0; i < PTRS_PER_PTE; i++) {
		pte_t pte = {load_entry(table, i)};

		if (pte_present(pte))
			fn(am, base + (uaddr_t)(i << PAGE_SHIFT), pte, arg);
	}
}

static void visit_block(struct arch_mm *am, pteval_t pmd, uaddr_t base,
			void (*fn)(struct arch_mm *, uaddr_t, pte_t, void *), void *arg)
{
	for (unsigned i = 0; i < PTRS_PER_PTE; i++) {
		uaddr_t addr = base + (uaddr_t)(i << PAGE_SHIFT);

		fn(am, addr, (pte_t){piece_of(pmd, addr)}, arg);
	}
}

static void visit_directory(struct arch_mm *am, paddr_t directory, uaddr_t base, unsigned entries,
			    void (*fn)(struct arch_mm *, uaddr_t, pte_t, void *), void *arg)
{
	for (unsigned i = 0; i < entries; i++) {
		pteval_t pmd = load_entry(directory, i);
		uaddr_t addr = base + (uaddr_t)((u64)i << PMD_SHIFT);

		if ((pmd & PAGE_PRESENT) && (pmd & PAGE_PSE))
			visit_block(am, pmd, addr, fn, arg);
		else if (pmd & PAGE_PRESENT)
			visit_table(am, pmd & PTE_PFN_MASK, addr, fn, arg);
	}
}

void sim_for_each_pte(void (*fn)(struct arch_mm *am, uaddr_t addr, pte_t pte, void *arg), void *arg)
{
	for (struct arch_mm *am = all_mms; am; am = am->next_mm) {
#ifdef CONFIG_X86_PAE
		for (unsigned i = 0; i < PTRS_PER_PGD; i++)
			if (!pgd_none(am->pgd[i]))
				visit_directory(am, am->pgd[i].val & PTE_PFN_MASK,
						(uaddr_t)i << PGD_SHIFT, PTRS_PER_PMD, fn, arg);
#else
		visit_directory(am, lowmem_paddr(am->pgd), 0, sim_task_size >> PMD_SHIFT, fn, arg);
#endif
	}
}

void sim_for_each_space(void (*fn)(struct arch_mm *am, void *arg), void *arg)
{
	for (struct arch_mm *am = all_mms; am; am = am->next_mm)
		fn(am, arg);
}

static void check_entry(unsigned cpu, struct mmu *mmu, const struct tlb_entry *e)
{
	uaddr_t addr = e->page << PAGE_SHIFT;
	bool large;
	pteval_t *entry = find_pte(mmu, e->user, addr, &large);
	pte_t pte = {!entry ? 0 : large ? piece_of(*entry, addr) : *entry};

	if (!(pte.val & PAGE_PRESENT))
		sim_die("oracle: CPU %u has user address %x in its TLB (frame %lx), where nothing is mapped",
			cpu, addr, pte_pfn(e->pte));
	if (pte_pfn(pte) != pte_pfn(e->pte))
		sim_die("oracle: CPU %u has frame %lx for user address %x in its TLB, the page table has %lx",
			cpu, pte_pfn(e->pte), addr, pte_pfn(pte));
	if (e->write && pte_dirty(e->pte) && !pte_write(pte))
		sim_die("oracle: CPU %u may write user address %x by its TLB, the page table forbids it",
			cpu, addr);
}

void sim_check_tlbs(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		for (unsigned i = 0; i < TLB_ENTRIES; i++)
			if (mmus[cpu].tlb[i].valid)
				check_entry(cpu, &mmus[cpu], &mmus[cpu].tlb[i]);
}

/* One page of pmd entries, and what user mode has instead of it. */
static void check_mirror(paddr_t kernel, paddr_t user, uaddr_t base, unsigned entries)
{
	for (unsigned i = 0; i < entries; i++) {
		uaddr_t addr = base + (uaddr_t)((u64)i << PMD_SHIFT);
		pteval_t want = addr < TASK_SIZE ? load_entry(kernel, i) : 0;

		if (load_entry(user, i) != want)
			sim_die("oracle: user mode has %llx for %x, the kernel %llx",
				(unsigned long long)load_entry(user, i), addr,
				(unsigned long long)want);
	}
}

static void check_view(struct arch_mm *am, void *arg)
{
	(void)arg;
#ifdef CONFIG_X86_PAE
	for (unsigned i = 0; i < PTRS_PER_PGD; i++) {
		if (pgd_is_shared(am->pgd[i]))
			check_mirror(am->pgd[i].val & PTE_PFN_MASK,
				     am->user_pgd[i].val & PTE_PFN_MASK, (uaddr_t)i << PGD_SHIFT,
				     PTRS_PER_PMD);
		else if (am->pgd[i].val != am->user_pgd[i].val)
			sim_die("oracle: gigabyte %u is not the same in user mode", i);
	}
#else
	check_mirror(lowmem_paddr(am->pgd), lowmem_paddr(am->pgd + PTRS_PER_PGD), 0, PTRS_PER_PGD);
#endif
}

void sim_check_views(void)
{
	if (sim_pti)
		sim_for_each_space(check_view, NULL);
}

unsigned sim_tlb_entries(unsigned cpu)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TLB_ENTRIES; i++)
		n += mmus[cpu].tlb[i].valid;
	return n;
}
