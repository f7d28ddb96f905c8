/*
 * Page-table entries of both formats: PAE (three levels, 64-bit entries, NX) and two-level (32-bit
 * entries, the pmd folded into the pgd). arch/port.h documents the operations.
 *
 * A 64-bit entry is written in two halves: the upper first, so that the CPU never sees a present
 * entry with half an address. Tables lie in low memory, so that an entry which names a table has
 * an upper half of zero always.
 *
 * Not present:  bit 8 PROT_NONE (keeps the frame; counts as present)
 *               bit 11 swap entry: type in bits 1-7, offset in the upper half (PAE) or bits 12-31
 */
#ifndef MACHINE_PGTABLE_H
#define MACHINE_PGTABLE_H

#include "layout.h"
#include "types.h"
#include <machine/fixmap.h>
#include <machine/percpu.h>

#define PAGE_PRESENT 0x001
#define PAGE_RW 0x002
#define PAGE_USER 0x004
#define PAGE_PWT 0x008
#define PAGE_PCD 0x010
#define PAGE_ACCESSED 0x020
#define PAGE_DIRTY 0x040
#define PAGE_PSE 0x080
#define PAGE_GLOBAL 0x100
#define PAGE_PROTNONE 0x100 /* only if not PAGE_PRESENT */
#define PAGE_SPECIAL 0x200
#define PAGE_SHARED_SLOT 0x400 /* in a PDPTE: see pgd_is_shared() */
#define PAGE_SWAP 0x800

#ifdef CONFIG_X86_PAE
typedef u64 pteval_t;
#define PMD_SHIFT 21
#define PGD_SHIFT 30
#define PTRS_PER_PTE 512
#define PTRS_PER_PMD 512
#define PTRS_PER_PGD 4
#define PTE_PFN_MASK 0x000ffffffffff000ULL
extern pteval_t pte_nx; /* the no-execute bit, or 0 where the CPU has none */
#else
typedef u32 pteval_t;
#define PMD_SHIFT 22
#define PGD_SHIFT 22
#define PTRS_PER_PTE 1024
#define PTRS_PER_PMD 1
#define PTRS_PER_PGD 1024
#define PTE_PFN_MASK 0xfffff000U
#define pte_nx 0U
#endif

#define PMD_SIZE (1UL << PMD_SHIFT)
#define PMD_MASK (~(PMD_SIZE - 1))
#define PGD_SIZE (1UL << PGD_SHIFT)
#define PGD_MASK (~(PGD_SIZE - 1))

typedef struct {
	pteval_t val;
} pte_t;
typedef struct {
	pteval_t val;
} pmd_t;
typedef struct {
	pteval_t val;
} pgd_t;
typedef struct {
	pteval_t val;
} pgprot_t;

struct arch_mm {
#ifdef CONFIG_X86_PAE
	pgd_t pgd[PTRS_PER_PGD] __aligned(64); /* the page-directory pointers themselves */
	pgd_t user_pgd[PTRS_PER_PGD];          /* of user mode, with page-table isolation (pti.h) */
#else
	pgd_t *pgd; /* one page; with page-table isolation two, the second user mode's */
#endif
	u32 cr3;
	uaddr_t vdso_landing; /* where sysenter returns to, in the vDSO; entry.S knows the offset */
	uaddr_t vdso;         /* where the vDSO text is mapped; 0: not */
	u32 slots;            /* PAE: which of pgd[] are present */
	struct ldt *ldt;      /* modify_ldt(2), or NULL */
	/*
	 * The page of pmd entries that user mode has a copy of, one page behind; 0: none. Constant.
	 */
	unsigned long mirrored;
};

static inline void *lowmem_ptr(paddr_t pa)
{
	return (void *)((unsigned long)pa + PAGE_OFFSET);
}

static inline paddr_t lowmem_paddr(const void *ptr)
{
	return (unsigned long)ptr - PAGE_OFFSET;
}

/* ---- protections ---- */

/*
 * What all pages of the kernel have: present, used, no-execute; global, unless user mode would keep
 * them in its TLB.
 */
extern pteval_t kernel_prot;
#define PGPROT_KERNEL ((pgprot_t){kernel_prot | PAGE_RW})
#define PGPROT_KERNEL_RO ((pgprot_t){kernel_prot})
#define PGPROT_KERNEL_EXEC ((pgprot_t){kernel_prot & ~pte_nx})
#define PGPROT_KERNEL_NOCACHE ((pgprot_t){kernel_prot | PAGE_RW | PAGE_PCD | PAGE_PWT})

static inline pgprot_t user_pgprot(bool read, bool write, bool exec)
{
	pteval_t val;

	if (!read && !write && !exec)
		return (pgprot_t){PAGE_PROTNONE | PAGE_USER | pte_nx};
	val = PAGE_PRESENT | PAGE_USER;
	if (write)
		val |= PAGE_RW;
	if (!exec)
		val |= pte_nx;
	return (pgprot_t){val};
}

/* ---- pgd ---- */

static inline pgd_t *pgd_entry(struct arch_mm *am, uaddr_t addr)
{
	return &am->pgd[addr >> PGD_SHIFT];
}

#ifdef CONFIG_X86_PAE
/* The CPU keeps the four PDPTEs since it loaded CR3: load it again if @am runs here. */
void arch_pgd_changed(struct arch_mm *am);

static inline pgd_t pgd_read(const pgd_t *pgd)
{
	return (pgd_t){READ_ONCE(*(const u32 *)pgd)};
}

static inline bool pgd_none(pgd_t pgd)
{
	return !(u32)pgd.val; /* a table in low memory: the upper half is zero always */
}

/* The one slot that user and kernel share in a split that is no multiple of 1 GB: its table is
 * there from arch_mm_init() to arch_mm_destroy(); nobody else clears or frees it. */
static inline bool pgd_is_shared(pgd_t pgd)
{
	return (u32)pgd.val & PAGE_SHARED_SLOT;
}

static inline void pgd_populate(struct arch_mm *am, pgd_t *pgd, void *table)
{
	u32 val = (u32)lowmem_paddr(table) | PAGE_PRESENT;

	WRITE_ONCE(*(u32 *)pgd, val);
	WRITE_ONCE(*(u32 *)(pgd + PTRS_PER_PGD), val); /* user_pgd[] */
	arch_pgd_changed(am);
}

/* Other CPUs that have @am loaded forget it at their next tlb_flush_user_local(). */
static inline void pgd_clear(struct arch_mm *am, pgd_t *pgd)
{
	WRITE_ONCE(*(u32 *)pgd, 0);
	WRITE_ONCE(*(u32 *)(pgd + PTRS_PER_PGD), 0);
	arch_pgd_changed(am);
}

static inline pmd_t *pmd_entry(pgd_t *pgd, uaddr_t addr)
{
	return (pmd_t *)lowmem_ptr((u32)pgd->val & PAGE_MASK) +
	       ((addr >> PMD_SHIFT) & (PTRS_PER_PMD - 1));
}
#else
static inline pgd_t pgd_read(const pgd_t *pgd)
{
	return *pgd;
}

static inline bool pgd_none(pgd_t pgd)
{
	(void)pgd;
	return false;
}

static inline bool pgd_is_shared(pgd_t pgd)
{
	(void)pgd;
	return false;
}

static inline void pgd_populate(struct arch_mm *am, pgd_t *pgd, void *table)
{
	(void)am, (void)pgd, (void)table;
}

static inline void pgd_clear(struct arch_mm *am, pgd_t *pgd)
{
	(void)am, (void)pgd;
}

static inline pmd_t *pmd_entry(pgd_t *pgd, uaddr_t addr)
{
	(void)addr;
	return (pmd_t *)pgd;
}
#endif

/*
 * ---- pmd: it names a table (with an upper half of zero), or maps a block. All its questions are answered by the lower half,
 * which is written last and cleared first. ----
 */

/* For those who hold no lock: whole only if it names a table. */
static inline pmd_t pmd_read(const pmd_t *pmd)
{
	return (pmd_t){READ_ONCE(*(const u32 *)pmd)};
}

static inline bool pmd_none(pmd_t pmd)
{
	return !(u32)pmd.val;
}

static inline bool pmd_present(pmd_t pmd)
{
	return (u32)pmd.val & PAGE_PRESENT;
}

static inline bool pmd_large(pmd_t pmd)
{
	return ((u32)pmd.val & (PAGE_PRESENT | PAGE_PSE)) == (PAGE_PRESENT | PAGE_PSE);
}

/* Present, and names a page table. */
static inline bool pmd_is_table(pmd_t pmd)
{
	return ((u32)pmd.val & (PAGE_PRESENT | PAGE_PSE)) == PAGE_PRESENT;
}

/* After each change of a pmd: user mode's copy, if there is one. It is not present for a moment. */
static inline void pmd_mirror(const struct arch_mm *am, const pmd_t *pmd)
{
	u32 *copy = (u32 *)((unsigned long)pmd + PAGE_SIZE);

	if (likely(((unsigned long)pmd & PAGE_MASK) != am->mirrored))
		return;
	WRITE_ONCE(copy[0], 0);
	if (sizeof(*pmd) > sizeof(u32))
		WRITE_ONCE(copy[1], *((const u32 *)pmd + 1));
	WRITE_ONCE(copy[0], (u32)pmd->val);
}

static inline void pmd_populate(struct arch_mm *am, pmd_t *pmd, void *table)
{
	WRITE_ONCE(*(u32 *)pmd,
		   (u32)lowmem_paddr(table) | PAGE_PRESENT | PAGE_RW | PAGE_USER | PAGE_ACCESSED);
	pmd_mirror(am, pmd);
}

static inline void pmd_clear(struct arch_mm *am, pmd_t *pmd)
{
	WRITE_ONCE(*(u32 *)pmd, 0);
	pmd_mirror(am, pmd);
}

static inline void *pmd_table(pmd_t pmd)
{
	return lowmem_ptr((u32)pmd.val & PAGE_MASK);
}

static inline pte_t *pte_entry(pmd_t *pmd, uaddr_t addr)
{
	return (pte_t *)pmd_table(*pmd) + ((addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1));
}

/* ---- pte: values ---- */

static inline bool pte_none(pte_t pte)
{
	return !pte.val;
}

static inline bool pte_present(pte_t pte)
{
	return (u32)pte.val & (PAGE_PRESENT | PAGE_PROTNONE);
}

static inline bool pte_protnone(pte_t pte)
{
	return ((u32)pte.val & (PAGE_PRESENT | PAGE_PROTNONE)) == PAGE_PROTNONE;
}

static inline bool pte_write(pte_t pte)
{
	return (u32)pte.val & PAGE_RW;
}

static inline bool pte_dirty(pte_t pte)
{
	return (u32)pte.val & PAGE_DIRTY;
}

static inline bool pte_young(pte_t pte)
{
	return (u32)pte.val & PAGE_ACCESSED;
}

static inline bool pte_exec(pte_t pte)
{
	return !(pte.val & pte_nx);
}

static inline bool pte_special(pte_t pte)
{
	return (u32)pte.val & PAGE_SPECIAL;
}

static inline bool pte_same(pte_t a, pte_t b)
{
	return a.val == b.val;
}

static inline pfn_t pte_pfn(pte_t pte)
{
	return (pfn_t)((pte.val & PTE_PFN_MASK) >> PAGE_SHIFT);
}

static inline pte_t pfn_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){((pteval_t)pfn << PAGE_SHIFT) | prot.val};
}

static inline pgprot_t pte_pgprot(pte_t pte)
{
	return (pgprot_t){pte.val & ~(pteval_t)PTE_PFN_MASK};
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return (pte_t){pte.val | PAGE_RW};
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	return (pte_t){pte.val & ~(pteval_t)PAGE_RW};
}

static inline pte_t pte_mkdirty(pte_t pte)
{
	return (pte_t){pte.val | PAGE_DIRTY};
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return (pte_t){pte.val & ~(pteval_t)PAGE_DIRTY};
}

static inline pte_t pte_mkyoung(pte_t pte)
{
	return (pte_t){pte.val | PAGE_ACCESSED};
}

static inline pte_t pte_mkold(pte_t pte)
{
	return (pte_t){pte.val & ~(pteval_t)PAGE_ACCESSED};
}

static inline pte_t pte_mkspecial(pte_t pte)
{
	return (pte_t){pte.val | PAGE_SPECIAL};
}

static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	pteval_t keep = PTE_PFN_MASK | PAGE_ACCESSED | PAGE_DIRTY | PAGE_SPECIAL;

	return (pte_t){(pte.val & keep) | prot.val};
}

/* What protection decides, except no-execute, lies in the low word. */
#define PTE_PROT_LOW (0xfffu & ~(PAGE_ACCESSED | PAGE_DIRTY | PAGE_SPECIAL))

static inline bool pgprot_same_high(pgprot_t a, pgprot_t b)
{
	return !((u64)(a.val ^ b.val) >> 32);
}

static inline u32 pte_low(const pte_t *ptep)
{
	return (u32)ptep->val;
}

static inline void pte_set_low(pte_t *ptep, u32 low)
{
	WRITE_ONCE(*(u32 *)ptep, low);
}

/* ---- pmd that maps a block: a pte with PAGE_PSE ---- */

static inline pte_t pmd_block(pmd_t pmd)
{
	return (pte_t){pmd.val & ~(pteval_t)PAGE_PSE};
}

/* ---- pte: in memory ---- */

#ifdef CONFIG_X86_PAE
/* Software changes the upper half only while the lower is not present: the lower is read twice. */
static inline pte_t pte_read(const pte_t *ptep)
{
	const volatile u32 *half = (const volatile u32 *)ptep;
	u32 low, high;

	do {
		low = half[0];
		high = half[1];
	} while (unlikely(low != half[0]));
	return (pte_t){(u64)high << 32 | low};
}

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	volatile u32 *half = (volatile u32 *)ptep;

	half[1] = (u32)(pte.val >> 32);
	half[0] = (u32)pte.val;
}

static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
	volatile u32 *half = (volatile u32 *)ptep;
	u32 low = 0, high;

	__asm__ volatile("xchgl %0, %1" : "+r"(low), "+m"(half[0])::"memory");
	high = half[1];
	half[1] = 0;
	return (pte_t){(u64)high << 32 | low};
}

/* Carry an entry to another table. => the page's frame, 0 if it maps none that is counted */
static inline pfn_t ptep_move(pte_t *from, pte_t *dest)
{
	volatile u32 *half = (volatile u32 *)from;
	u32 low = 0, high;

	__asm__ volatile("xchgl %0, %1" : "+r"(low), "+m"(half[0])::"memory");
	high = half[1];
	half[1] = 0;
	half = (volatile u32 *)dest;
	half[1] = high;
	half[0] = low;
	if (!(low & (PAGE_PRESENT | PAGE_PROTNONE)) || low & PAGE_SPECIAL)
		return 0;
	return high << (32 - PAGE_SHIFT) | low >> PAGE_SHIFT;
}

static inline bool ptep_cmpxchg(pte_t *ptep, pte_t old, pte_t new)
{
	bool done;

	__asm__ volatile("lock cmpxchg8b %1"
			 : "=@ccz"(done), "+m"(*ptep), "+A"(old.val)
			 : "b"((u32) new.val), "c"((u32)(new.val >> 32))
			 : "memory");
	return done;
}
#else
static inline pte_t pte_read(const pte_t *ptep)
{
	return (pte_t){READ_ONCE(ptep->val)};
}

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(ptep->val, pte.val);
}

static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
	return (pte_t){__atomic_exchange_n(&ptep->val, 0, __ATOMIC_SEQ_CST)};
}

static inline pfn_t ptep_move(pte_t *from, pte_t *dest)
{
	pte_t pte = ptep_get_and_clear(from);

	set_pte(dest, pte);
	return pte_present(pte) && !pte_special(pte) ? pte_pfn(pte) : 0;
}

static inline bool ptep_cmpxchg(pte_t *ptep, pte_t old, pte_t new)
{
	return __atomic_compare_exchange_n(&ptep->val, &old.val, new.val, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}
#endif

static inline void pmd_set_block(struct arch_mm *am, pmd_t *pmd, pte_t pte)
{
	set_pte((pte_t *)pmd, (pte_t){pte.val | PAGE_PSE});
	pmd_mirror(am, pmd);
}

static inline void pmd_clear_block(struct arch_mm *am, pmd_t *pmd)
{
	WRITE_ONCE(*(u32 *)pmd, PAGE_PSE);
	if (sizeof(*pmd) > sizeof(u32))
		WRITE_ONCE(*((u32 *)pmd + 1), 0);
	pmd_mirror(am, pmd);
}

static inline void ptep_set_wrprotect(pte_t *ptep)
{
	__asm__ volatile("lock andl %1, %0" : "+m"(*(u32 *)ptep) : "i"(~PAGE_RW) : "memory", "cc");
}

/* ---- swap entries ---- */

#define SWP_TYPES 128

static inline pte_t swp_pte(unsigned type, unsigned long offset)
{
#ifdef CONFIG_X86_PAE
	return (pte_t){(u64)offset << 32 | PAGE_SWAP | type << 1};
#else
	return (pte_t){(u32)offset << PAGE_SHIFT | PAGE_SWAP | type << 1};
#endif
}

static inline bool pte_swap(pte_t pte)
{
	return ((u32)pte.val & (PAGE_PRESENT | PAGE_PROTNONE | PAGE_SWAP)) == PAGE_SWAP;
}

static inline unsigned swp_type(pte_t pte)
{
	return ((u32)pte.val >> 1) & (SWP_TYPES - 1);
}

static inline unsigned long swp_offset(pte_t pte)
{
#ifdef CONFIG_X86_PAE
	return (unsigned long)(pte.val >> 32);
#else
	return pte.val >> PAGE_SHIFT;
#endif
}

/* ---- TLB of this CPU ---- */

static inline void tlb_flush_page_local(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void tlb_flush_user_local(void)
{
	unsigned long cr3;

	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}

void tlb_flush_all_local(void);

/* ---- kmap_local slots ---- */

extern pte_t *fixmap_ptes; /* the entry of fixmap slot 0; slot n's is n entries below */

static inline unsigned arch_kmap_slot(unsigned idx)
{
	return FIX_KMAP_BEGIN + smp_cpu_id() * KM_SLOTS + idx;
}

static inline void *arch_kmap_slot_map(unsigned slot, pfn_t pfn)
{
	set_pte(fixmap_ptes - slot, pfn_pte(pfn, PGPROT_KERNEL));
	return (void *)fix_to_virt(slot);
}

static inline void arch_kmap_slot_unmap(unsigned slot)
{
	set_pte(fixmap_ptes - slot, (pte_t){0});
	tlb_flush_page_local(fix_to_virt(slot));
}

/* ---- frames: nobody watches here ---- */

static inline void arch_frames_taken(pfn_t first, unsigned long n)
{
	(void)first, (void)n;
}

static inline void arch_frames_freed(pfn_t first, unsigned long n)
{
	(void)first, (void)n;
}

#endif
