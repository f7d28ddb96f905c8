/*
 * Page-table entries of both formats of i386, in simulated low memory, walked by the simulated MMU
 * (mmu.c). The bits are the machine's own; only the atomic operations are those of the host's
 * compiler.
 */
#ifndef MACHINE_PGTABLE_H
#define MACHINE_PGTABLE_H

#include "layout.h"
#include "types.h"
#include <machine/percpu.h>

#define PAGE_PRESENT 0x001u
#define PAGE_RW 0x002u
#define PAGE_USER 0x004u
#define PAGE_PWT 0x008u
#define PAGE_PCD 0x010u
#define PAGE_ACCESSED 0x020u
#define PAGE_DIRTY 0x040u
#define PAGE_PSE 0x080u
#define PAGE_GLOBAL 0x100u
#define PAGE_PROTNONE 0x100u /* only if not PAGE_PRESENT */
#define PAGE_SPECIAL 0x200u
#define PAGE_SHARED_SLOT 0x400u /* in a top entry: see pgd_is_shared() */
#define PAGE_SWAP 0x800u

#ifdef CONFIG_X86_PAE
typedef u64 pteval_t;
#define PMD_SHIFT 21
#define PGD_SHIFT 30
#define PTRS_PER_PTE 512
#define PTRS_PER_PMD 512
#define PTRS_PER_PGD 4
#define PTE_PFN_MASK 0x000ffffffffff000ULL
#define pte_nx (1ULL << 63)
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
	pgd_t pgd[PTRS_PER_PGD];
	pgd_t user_pgd[PTRS_PER_PGD];
#else
	pgd_t *pgd;
#endif
	/* The page of pmd entries that user mode has a copy of, one page behind; 0: none. */
	unsigned long mirrored;
	uaddr_t vdso;
	struct arch_mm *next_mm; /* all of them, for the oracle */
};

static inline void *lowmem_ptr(paddr_t pa)
{
	return (void *)(PAGE_OFFSET + (unsigned long)pa);
}
static inline paddr_t lowmem_paddr(const void *ptr)
{
	return (unsigned long)ptr - PAGE_OFFSET;
}

/* ---- protections ---- */

#define PGPROT_KERNEL_BITS (PAGE_PRESENT | PAGE_ACCESSED | PAGE_DIRTY | PAGE_GLOBAL)
#define PGPROT_KERNEL ((pgprot_t){PGPROT_KERNEL_BITS | PAGE_RW | pte_nx})
#define PGPROT_KERNEL_RO ((pgprot_t){PGPROT_KERNEL_BITS | pte_nx})
#define PGPROT_KERNEL_EXEC ((pgprot_t){PGPROT_KERNEL_BITS})
#define PGPROT_KERNEL_NOCACHE \
	((pgprot_t){PGPROT_KERNEL_BITS | PAGE_RW | PAGE_PCD | PAGE_PWT | pte_nx})

static inline pgprot_t user_pgprot(bool read, bool write, bool exec)
{
	pteval_t val = PAGE_PRESENT | PAGE_USER;

	if (!read && !write && !exec)
		return (pgprot_t){PAGE_PROTNONE | PAGE_USER | pte_nx};
	if (write)
		val |= PAGE_RW;
	if (!exec)
		val |= pte_nx;
	return (pgprot_t){val};
}

/* ---- pgd and pmd ---- */

static inline pgd_t *pgd_entry(struct arch_mm *am, uaddr_t addr)
{
	return &am->pgd[addr >> PGD_SHIFT];
}
static inline pgd_t pgd_read(const pgd_t *pgd)
{
	return (pgd_t){__atomic_load_n(&pgd->val, __ATOMIC_ACQUIRE)};
}

#ifdef CONFIG_X86_PAE
void arch_pgd_changed(struct arch_mm *am);
static inline bool pgd_none(pgd_t pgd)
{
	return !pgd.val;
}
static inline bool pgd_is_shared(pgd_t pgd)
{
	return pgd.val & PAGE_SHARED_SLOT;
}
static inline void pgd_store(struct arch_mm *am, pgd_t *pgd, pteval_t val)
{
	__atomic_store_n(&pgd->val, val, __ATOMIC_RELEASE);
	__atomic_store_n(&am->user_pgd[pgd - am->pgd].val, val, __ATOMIC_RELEASE);
	arch_pgd_changed(am);
}
static inline void pgd_populate(struct arch_mm *am, pgd_t *pgd, void *table)
{
	pgd_store(am, pgd, lowmem_paddr(table) | PAGE_PRESENT);
}
static inline void pgd_clear(struct arch_mm *am, pgd_t *pgd)
{
	pgd_store(am, pgd, 0);
}
static inline pmd_t *pmd_entry(pgd_t *pgd, uaddr_t addr)
{
	return (pmd_t *)lowmem_ptr(pgd_read(pgd).val & PTE_PFN_MASK) +
	       ((addr >> PMD_SHIFT) & (PTRS_PER_PMD - 1));
}
#else
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

static inline pmd_t pmd_read(const pmd_t *pmd)
{
	return (pmd_t){__atomic_load_n(&pmd->val, __ATOMIC_ACQUIRE)};
}
static inline bool pmd_none(pmd_t pmd)
{
	return !pmd.val;
}
static inline bool pmd_present(pmd_t pmd)
{
	return pmd.val & PAGE_PRESENT;
}
static inline bool pmd_large(pmd_t pmd)
{
	return (pmd.val & (PAGE_PRESENT | PAGE_PSE)) == (PAGE_PRESENT | PAGE_PSE);
}
static inline bool pmd_is_table(pmd_t pmd)
{
	return (pmd.val & (PAGE_PRESENT | PAGE_PSE)) == PAGE_PRESENT;
}
/* After each change of a pmd: user mode's copy, if there is one. */
static inline void pmd_mirror(const struct arch_mm *am, const pmd_t *pmd)
{
	pmd_t *copy = (pmd_t *)((unsigned long)pmd + PAGE_SIZE);

	if (((unsigned long)pmd & PAGE_MASK) == am->mirrored)
		__atomic_store_n(&copy->val, pmd->val, __ATOMIC_RELEASE);
}
static inline void pmd_populate(struct arch_mm *am, pmd_t *pmd, void *table)
{
	pteval_t val =
		(pteval_t)lowmem_paddr(table) | PAGE_PRESENT | PAGE_RW | PAGE_USER | PAGE_ACCESSED;

	__atomic_store_n(&pmd->val, val, __ATOMIC_RELEASE);
	pmd_mirror(am, pmd);
}
static inline void pmd_clear(struct arch_mm *am, pmd_t *pmd)
{
	__atomic_store_n(&pmd->val, 0, __ATOMIC_RELEASE);
	pmd_mirror(am, pmd);
}
static inline void *pmd_table(pmd_t pmd)
{
	return lowmem_ptr(pmd.val & PTE_PFN_MASK);
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
	return pte.val & (PAGE_PRESENT | PAGE_PROTNONE);
}
static inline bool pte_protnone(pte_t pte)
{
	return (pte.val & (PAGE_PRESENT | PAGE_PROTNONE)) == PAGE_PROTNONE;
}
static inline bool pte_write(pte_t pte)
{
	return pte.val & PAGE_RW;
}
static inline bool pte_dirty(pte_t pte)
{
	return pte.val & PAGE_DIRTY;
}
static inline bool pte_young(pte_t pte)
{
	return pte.val & PAGE_ACCESSED;
}
static inline bool pte_exec(pte_t pte)
{
	return !(pte.val & pte_nx);
}
static inline bool pte_special(pte_t pte)
{
	return pte.val & PAGE_SPECIAL;
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

/* ---- pte: in memory ---- */

static inline pte_t pte_read(const pte_t *ptep)
{
	return (pte_t){__atomic_load_n(&ptep->val, __ATOMIC_ACQUIRE)};
}
static inline void set_pte(pte_t *ptep, pte_t pte)
{
	__atomic_store_n(&ptep->val, pte.val, __ATOMIC_RELEASE);
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
/* What protection decides, except no-execute, lies in the low word. */
#define PTE_PROT_LOW (0xfffu & ~(PAGE_ACCESSED | PAGE_DIRTY | PAGE_SPECIAL))
static inline bool pgprot_same_high(pgprot_t a, pgprot_t b)
{
	return !((u64)(a.val ^ b.val) >> 32);
}
static inline u32 pte_low(const pte_t *ptep)
{
	return (u32)pte_read(ptep).val;
}
static inline void pte_set_low(pte_t *ptep, u32 low)
{
	set_pte(ptep, (pte_t){(ptep->val & ~(pteval_t)~0u) | low});
}
static inline pte_t pmd_block(pmd_t pmd)
{
	return (pte_t){pmd.val & ~(pteval_t)PAGE_PSE};
}
static inline void pmd_set_block(struct arch_mm *am, pmd_t *pmd, pte_t pte)
{
	__atomic_store_n(&pmd->val, pte.val | PAGE_PSE, __ATOMIC_RELEASE);
	pmd_mirror(am, pmd);
}
static inline void pmd_clear_block(struct arch_mm *am, pmd_t *pmd)
{
	__atomic_store_n(&pmd->val, PAGE_PSE, __ATOMIC_RELEASE);
	pmd_mirror(am, pmd);
}
static inline void ptep_set_wrprotect(pte_t *ptep)
{
	(void)__atomic_fetch_and(&ptep->val, ~(pteval_t)PAGE_RW, __ATOMIC_SEQ_CST);
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
	return (pte.val & (PAGE_PRESENT | PAGE_PROTNONE | PAGE_SWAP)) == PAGE_SWAP;
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

/* ---- TLB of this CPU, kmap_local slots, frames ---- */

void tlb_flush_page_local(unsigned long va);
void tlb_flush_user_local(void);
void tlb_flush_all_local(void);

static inline unsigned arch_kmap_slot(unsigned idx)
{
	return idx;
}
void *arch_kmap_slot_map(unsigned slot, pfn_t pfn);
void arch_kmap_slot_unmap(unsigned slot);

/* Taken: the frames are somebody's again; freed: nobody may look at them, and nothing may map them.
 */
void arch_frames_taken(pfn_t first, unsigned long n);
void arch_frames_freed(pfn_t first, unsigned long n);

#endif
