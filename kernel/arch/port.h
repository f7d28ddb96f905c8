/*
 * The whole contract between the machine and the rest of the kernel.
 *
 * Two machines implement it: arch/x86 (i386, PAE or two-level page tables) and arch/sim (the host,
 * for tests: RAM is a memfd, CPUs are threads, TLBs keep stale entries until they are told to
 * flush). Everything above arch/ sees only this file and the inline parts that it includes from
 * <machine/...>, each of which defines exactly the names documented here.
 *
 * The machine never calls up: what it needs from above (a page fault handled, a system call
 * dispatched, a page for a page table) it asks through struct arch_hooks, which the parts above
 * fill in at boot.
 */
#ifndef ARCH_PORT_H
#define ARCH_PORT_H

#include "layout.h"
#include "types.h"

struct regs; /* the user (or interrupted) registers as the entry code saved them; <machine/regs.h> */
struct arch_thread; /* what the machine keeps for each task; <machine/thread.h> */
struct arch_mm;     /* what the machine keeps for each address space; <machine/pgtable.h> */

/* ------------------------------------------------------------------------------------------- */
/* CPUs and interrupts: <machine/cpu.h>                                                          */
/*
 * typedef unsigned long irqflags_t;
 * irqflags_t irq_save(void);            disable interrupts on this CPU; the state before
 * void irq_restore(irqflags_t flags);
 * void irq_enable(void);  void irq_disable(void);  bool irqs_disabled(void);
 * void cpu_relax(void);                 a hint inside a spin loop
 * void cpu_idle_wait(void);             with interrupts off: enable them and halt, atomically
 * u64 cycles_now(void);                 the cycle counter (TSC)
 *
 * Per-CPU data, through a segment register on x86: <machine/percpu.h>
 *
 * DECLARE_PER_CPU(type, name);  DEFINE_PER_CPU(type, name);
 * this_cpu_read(name)  this_cpu_write(name, v)  this_cpu_add(name, n)  this_cpu_inc(name)  this_cpu_dec(name)
 * this_cpu_add_at(array, index, n)      of an element
 *                                       one instruction each for scalars of up to 32 bits: safe
 *                                       against interrupts
 * this_cpu_ptr(&name) is spelled this_cpu_ptr(name); per_cpu_ptr(name, cpu) another CPU's
 * unsigned smp_cpu_id(void);            this CPU's number, 0 .. nr_cpus-1
 * struct arch_thread *current_thread(void);  the running task's; see sched/task.h for `current`
 * void set_current_thread(struct arch_thread *);  make it the running one of this CPU: boot only, arch_switch_to() later
 */
#include <machine/cpu.h>
#include <machine/percpu.h>

/* CPUs that are running (1 until arch_smp_start()); CPU numbers are dense. */
extern unsigned nr_cpus;

typedef struct cpumask {
	unsigned long bits[(CONFIG_NR_CPUS + 8 * sizeof(long) - 1) / (8 * sizeof(long))];
} cpumask_t;

/*
 * Run @fn(@arg) in interrupt context on every CPU of @mask except this one; returns when all
 * have run it. => interrupts enabled, or only locks held that no interrupt handler takes.
 * Does not sleep.
 */
void ipi_call(const cpumask_t *mask, void (*fn)(void *arg), void *arg);

/* Make CPU @cpu look at its work flags and its run queue soon (hooks.reschedule runs there). */
void ipi_reschedule(unsigned cpu);

/*
 * CPUs that arch_smp_start() may start, the boot CPU included: what the tables name, within
 * maxcpus= and CONFIG_NR_CPUS. Known after arch_init_interrupts().
 */
unsigned arch_possible_cpus(void);
/*
 * Start the other CPUs (INIT-SIPI-SIPI), at most maxcpus= of them; each runs
 * hooks.cpu_started(cpu), which does not return. Returns when every CPU that answers has started.
 * => late boot, may sleep: no.
 */
void arch_smp_start(void);

/* Per-CPU nesting of interrupt handlers: 0 in task context. */
bool in_interrupt(void);

enum irq_flags { IRQ_EDGE = 0, IRQ_LEVEL = 1 };
typedef void (*irq_handler_t)(unsigned irq, void *arg);

/* Call @handler(@irq, @arg) on each interrupt @irq (ISA number or PCI line), interrupts off, end of
 * interrupt sent by the machine. Shared lines allowed. 0, -EINVAL, -ENOMEM. */
int irq_request(unsigned irq, irq_handler_t handler, void *arg, unsigned flags, const char *name);

/* Walk the interrupt lines for /proc/interrupts: counts has nr_cpus numbers. */
void irq_for_each(void (*fn)(unsigned irq, const char *chip, const char *name, const u32 *counts,
			     void *arg),
		  void *arg);

/* ------------------------------------------------------------------------------------------- */
/* Memory                                                                                        */

/* Clear the page at @page. From any context. */
void arch_page_zero(void *page);

/* ------------------------------------------------------------------------------------------- */
/* Time                                                                                          */

/* Nanoseconds since boot, monotonic, the same on every CPU. A few instructions. */
u64 clock_ns(void);
/* A moment to count on from. */
struct clock_mark {
	u64 cycles;
	u32 changes;
};
/* clock_ns(), and the moment of it into @m. Any context. */
u64 clock_ns_mark(struct clock_mark *m);
/* Nanoseconds since @m, for less than clock_ns() costs: as many as that says, or one less. ~0u: it
 * is too long ago, some seconds, or meanwhile the clock's rate was set or the offset that
 * vdso_set_realtime_offset() publishes: mark anew. Any context. */
u32 clock_ns_since(const struct clock_mark *m);
/* CLOCK_REALTIME at clock_ns() == 0, in ns since 1970; read from the RTC at boot. */
u64 clock_boot_realtime_ns(void);
/* Publish the offset of CLOCK_REALTIME to the vDSO after it was set. */
void vdso_set_realtime_offset(u64 ns);

/* Interrupt this CPU once at @deadline (clock_ns() units; already past: at once), calling
 * hooks.timer(regs). A new deadline replaces the old one; ~0ULL: none. Where only a PIT exists it
 * may fire early and often: the caller checks the clock. => interrupts off. */
void arch_timer_set(u64 deadline);

/* ------------------------------------------------------------------------------------------- */
/* Page tables: <machine/pgtable.h>                                                              */
/*
 * Tables are pages of low memory. Levels: pgd -> pmd -> pte; with two levels the pmd is folded into
 * the pgd (pgd_none() is constant false) and the generic code needs no #ifdef.
 *
 * typedef struct { ... } pte_t, pmd_t, pgd_t;   typedef u64 or u32 pteval_t;
 * PMD_SHIFT (21 or 22) PMD_SIZE PMD_MASK PTRS_PER_PTE PTRS_PER_PMD PGD_SHIFT (30 or 22)
 * PTRS_PER_PGD
 *
 * pgd_t *pgd_entry(struct arch_mm *, uaddr_t)    pmd_t *pmd_entry(pgd_t *, uaddr_t)    pte_t *pte_entry(pmd_t *, uaddr_t)
 * bool pgd_none(pgd_t)   pgd_t pgd_read(pgd_t *) (for readers without a lock)
 * void pgd_populate(struct arch_mm *, pgd_t *, void *table)   void pgd_clear(struct arch_mm *, pgd_t *)
 *                        (PAE: the four PDPTEs are read at CR3 load: these reload it on this CPU;
 *                        other CPUs notice a populated one at their next fault, a cleared one at
 *                        tlb_flush_user_local())
 * bool pgd_is_shared(pgd_t)  this table belongs to arch_mm_init()/arch_mm_destroy() (the slot with both user and kernel in it,
 *                        _OPT splits under PAE): never pgd_clear() or free it; its entries below
 *                        TASK_SIZE are the caller's
 * bool pmd_none(pmd_t)  pmd_present  pmd_large  pmd_is_table    pmd_t pmd_read(pmd_t *) (for readers without a lock)
 * void pmd_populate(struct arch_mm *, pmd_t *, void *table)  void pmd_clear(struct arch_mm *, pmd_t *)
 * void *pmd_table(pmd_t): the page table
 *
 * A large pmd maps PTRS_PER_PTE frames side by side (the first a multiple of that), as one entry of a TLB:
 * pte_t pmd_block(pmd_t)  the entry of its first page   void pmd_set_block(struct arch_mm *, pmd_t *, pte_t)
 * void pmd_clear_block(struct arch_mm *, pmd_t *)
 *                        One address must never be in a TLB in both sizes: clear, flush, and only
 *                        then set the other. What pmd_clear_block() leaves is not present, nor a
 *                        table, but not none: who holds no lock sees that there was a block
 *
 * pte: none present write dirty young exec special: bool pte_X(pte_t). present includes PROT_NONE (protnone software bit).
 * pfn_t pte_pfn(pte_t)  pte_t pfn_pte(pfn_t, pgprot_t)  pgprot_t pte_pgprot(pte_t)  bool pte_same(pte_t, pte_t)
 * pte_mkwrite pte_wrprotect pte_mkdirty pte_mkclean pte_mkyoung pte_mkold pte_mkspecial; pte_modify(pte, pgprot): keeps pfn, A and D
 * pte_t READ: pte_read(pte_t *)  (atomic for the 64-bit format)
 * void set_pte(pte_t *, pte_t)        none -> something, or under the lock with no other CPU using it
 * pte_t ptep_get_and_clear(pte_t *)   atomic: keeps A/D bits that other CPUs set
 * bool ptep_cmpxchg(pte_t *, pte_t old, pte_t new)
 * void ptep_set_wrprotect(pte_t *)    atomic
 * The low word alone, present and under the lock with no other CPU using it: u32 pte_low(pte_t *)  void pte_set_low(pte_t *, u32)
 *                        PTE_PROT_LOW: what protection decides in it   bool pgprot_same_high(a, b): they differ in nothing else
 * Swap entries (not present): pte_t swp_pte(unsigned type, pgoff), bool pte_swap(pte_t), unsigned
 * swp_type(pte_t), unsigned long swp_offset(pte_t)
 *
 * pgprot_t from protection: pgprot_t user_pgprot(bool read, bool write, bool exec)  (none of them: PROT_NONE)
 *                           PGPROT_KERNEL (rw, nx, global) PGPROT_KERNEL_RO PGPROT_KERNEL_EXEC
 *                           PGPROT_KERNEL_NOCACHE
 */
#include <machine/pgtable.h>

/* Prepare @am with the kernel half shared with everybody, the user half empty. Takes its pages from
 * hooks.table_alloc. 0 or -ENOMEM. */
int arch_mm_init(struct arch_mm *am);
/* Free what arch_mm_init() took; the user tables are already gone. => no CPU has it loaded. */
void arch_mm_destroy(struct arch_mm *am);
/*
 * What else than page tables the fork @am takes over from @old: its LDT. 0, or -ENOMEM: @am is
 * to be destroyed.
 * => old's mmap_lock held
 */
int arch_mm_fork(struct arch_mm *am, const struct arch_mm *old);
/* Load @am on this CPU; NULL: the kernel's own. => interrupts off */
void arch_mm_load(struct arch_mm *am);

/* Kernel mappings above the direct map (vmalloc, ioremap): the page tables exist since boot.
 * => the caller owns [va, va+PAGE_SIZE) and serialises; unmap does not flush any TLB. */
void arch_kernel_map(void *va, pfn_t pfn, pgprot_t prot);
void arch_kernel_unmap(void *va);
/* What a kernel address maps: true and the frame, or false. For page-table dumps and debugging. */
bool arch_kernel_lookup(const void *va, pfn_t *pfn, pgprot_t *prot);

/* The windows of the kernel: where they lie on this machine. Constants after boot. */
struct kernel_windows {
	void *high_memory; /* end of the direct map */
	void *vmalloc_start, *vmalloc_end;
	void *pkmap_base;
	unsigned pkmap_slots;
	unsigned long fixmap_start, fixmap_end;
	unsigned long entry_start, entry_end; /* per-CPU entry area */
	unsigned long text_start, text_end, rodata_end, data_start, data_end, init_start, init_end,
		bss_start, bss_end;
};
extern struct kernel_windows windows;

/* The direct map: the pointer to a low page; @pa below windows.high_memory's physical address. */
static inline void *lowmem_ptr(paddr_t pa);
static inline paddr_t lowmem_paddr(const void *ptr);
/* (both in <machine/pgtable.h>; on x86 one addition) */

/*
 * kmap_local: map @pfn in the slot @slot of this CPU, local TLB only; unmap clears the entry and flushes it from the local
 * TLB. arch_kmap_slot() is the number of this CPU's slot @idx (0 .. KM_SLOTS-1); that of @idx + 1 is one more. => stays on
 * the CPU between them; does not sleep, interrupts may be off.
 * unsigned arch_kmap_slot(unsigned idx);  void *arch_kmap_slot_map(unsigned slot, pfn_t pfn);  void arch_kmap_slot_unmap(unsigned slot);   in <machine/pgtable.h>
 */

/*
 * The page allocator tells who frames belong to, so that a machine that watches (arch/sim) can:
 * taken before their new owner touches them, freed when nobody may. Nothing on x86.
 * void arch_frames_taken(pfn_t first, unsigned long n);  void arch_frames_freed(pfn_t first, unsigned long n);   in <machine/pgtable.h>
 */

/* pkmap: set or clear window @slot; clearing flushes nothing (see tlb_flush_kernel_range). */
void *arch_pkmap_map(unsigned slot, pfn_t pfn);
void arch_pkmap_unmap(unsigned slot);

/*
 * TLB. _local: this CPU only. User flushes of other CPUs are built in mm/tlb.c on ipi_call().
 * void tlb_flush_page_local(unsigned long va);   void tlb_flush_user_local(void);  all non-global entries
 * void tlb_flush_all_local(void);                global ones too             in <machine/pgtable.h>
 */
/*
 * Remove kernel addresses [start, end) from the TLB of every CPU; returns when all have done it.
 * => as ipi_call().
 */
void tlb_flush_kernel_range(const void *start, const void *end);

/* ------------------------------------------------------------------------------------------- */
/*
 * User memory: the only functions that touch it. They may sleep (page faults) unless
 * pagefault_disable() is in force; never fault the kernel: bad addresses are reported.
 */

/* Bytes NOT copied: 0 is success. Range-checked against TASK_SIZE. */
size_t copy_to_user(uaddr_t to, const void *from, size_t n);
size_t copy_from_user(void *to, uaddr_t from, size_t n);
size_t clear_user(uaddr_t to, size_t n);
/* Copy a string with its NUL: length without NUL; @n if none was found in @n bytes; -EFAULT. */
ssize_t strncpy_from_user(char *to, uaddr_t from, size_t n);
/* Length of the string with its NUL, > @n if longer, 0 on a fault. */
size_t strnlen_user(uaddr_t s, size_t n);
/* 0 or -EFAULT. */
int get_user_u8(u8 *val, uaddr_t from);
int get_user_u16(u16 *val, uaddr_t from);
int get_user_u32(u32 *val, uaddr_t from);
int get_user_u64(u64 *val, uaddr_t from);
int put_user_u8(u8 val, uaddr_t to);
int put_user_u16(u16 val, uaddr_t to);
int put_user_u32(u32 val, uaddr_t to);
int put_user_u64(u64 val, uaddr_t to);
/* Atomic operations on a user word, for futex: the old value in @old; 0 or -EFAULT. */
int user_cmpxchg_u32(uaddr_t addr, u32 expect, u32 val, u32 *old);
int user_xchg_u32(uaddr_t addr, u32 val, u32 *old);
int user_add_u32(uaddr_t addr, u32 val, u32 *old);
int user_or_u32(uaddr_t addr, u32 val, u32 *old);
int user_and_u32(uaddr_t addr, u32 val, u32 *old);
int user_xor_u32(uaddr_t addr, u32 val, u32 *old);

/*
 * Between these, a fault in a user copy fails at once instead of being handled; they
 * nest, per task.
 */
void pagefault_disable(void);
void pagefault_enable(void);
bool pagefault_disabled(void);

static inline bool user_range_ok(uaddr_t addr, size_t n)
{
	return n <= TASK_SIZE && addr <= TASK_SIZE - n;
}

/* ------------------------------------------------------------------------------------------- */
/* Threads: <machine/thread.h> has struct arch_thread, the first member of struct task.           */
/*
 * arch_thread.work: u32, bits WORK_*; checked on each return to user mode, with interrupts off;
 * non-zero: hooks.user_work(regs) runs with interrupts on, and the check repeats.
 * Set it for another task with atomic_or(&thread->work, bit) and then kick its CPU.
 */
#define WORK_RESCHED 1u
#define WORK_SIGNAL 2u
#define WORK_NOTIFY 4u        /* run task->notify work */
#define WORK_RSEQ 16u         /* see to rseq(2)'s critical section and CPU number */
#define WORK_SYSCALL_TRACE 8u /* slow path at system-call entry and exit: hooks.syscall_trace */
#include <machine/thread.h>

#define THREAD_STACK_SIZE (2 * PAGE_SIZE)

/*
 * Make @child start in user mode as a copy of @regs with return value 0 (and stack pointer @sp when
 * non-zero); copies FPU state and TLS of the current thread. hooks.thread_started() runs first, on
 * its own stack. 0 or -ENOMEM.
 */
int arch_thread_fork(struct arch_thread *child, void *stack, const struct regs *regs, uaddr_t sp);
/*
 * Make @child start in the kernel with @fn(@arg); when @fn returns it goes to user mode with the
 * registers that @fn left at arch_thread_regs() (that is how init's exec works).
 */
int arch_thread_kernel(struct arch_thread *child, void *stack, void (*fn)(void *), void *arg);
/* Free what the thread holds besides its stack (FPU state). */
void arch_thread_free(struct arch_thread *t);
/* The user registers of a thread that is in the kernel. */
struct regs *arch_thread_regs(struct arch_thread *t);
/* exec: forget FPU, TLS, debug registers; then the registers of a fresh program. */
void arch_thread_flush(void);
void arch_thread_start_user(struct regs *regs, uaddr_t ip, uaddr_t sp);
/*
 * Switch stacks, FPU, TLS, entry stack. Returns, later, in the context of @prev, with the thread
 * that ran before it.
 * => interrupts off.
 */
struct arch_thread *arch_switch_to(struct arch_thread *prev, struct arch_thread *next);

/*
 * modify_ldt(2) on an address space: set an entry as @desc, a struct user_desc, says: 0, -EINVAL,
 * -ENOMEM. => mmap_lock held for write. Copy @n bytes at @offset of its table, zeros behind its
 * end: false if it has none. => mmap_lock held
 */
int arch_ldt_write(struct arch_mm *am, const void *desc, bool old_mode);
bool arch_ldt_read(const struct arch_mm *am, unsigned offset, void *buf, unsigned n);

/*
 * I/O ports of the current thread; @from + @count is at most 65,536. ioperm(2): 0 or -ENOMEM.
 * iopl(2): the level, which changes nothing but ports; set it: 0 or -ENOMEM.
 */
int arch_ioperm(unsigned from, unsigned count, bool allow);
unsigned arch_iopl(void);
int arch_set_iopl(unsigned level);

/*
 * set_thread_area(2)/get_thread_area(2) on @t; @desc is struct user_desc in kernel
 * memory. 0 or -errno.
 */
int arch_set_thread_area(struct arch_thread *t, void *desc, bool allocate);
int arch_get_thread_area(struct arch_thread *t, void *desc);

/*
 * Accessors: user_mode(regs), regs_ip, regs_sp, regs_syscall_nr (orig_ax; -1: not a system call),
 * regs_arg(regs, 0..5), regs_set_ip(regs, ip), regs_result(regs), regs_set_result(regs, long),
 * regs_restart_syscall(regs) (back over the gate instruction, orig_ax again in ax), in
 * <machine/regs.h>.
 */
#include <machine/regs.h>

/*
 * Signal frames (i386 ABI: struct sigframe, rt_sigframe with FPU state; return through the vDSO
 * or SA_RESTORER).
 */
struct arch_sigframe {
	int sig;
	uaddr_t handler, restorer;
	unsigned long flags; /* SA_* */
	const void *info;    /* siginfo_t of 128 bytes, Linux's layout */
	u64 mask;            /* blocked set to be restored by sigreturn */
	uaddr_t altstack_sp; /* sigaltstack: base, size and SS_* flags, as saved in the frame */
	u32 altstack_size, altstack_flags;
};
/* Push the frame and direct @regs to the handler. 0, or -EFAULT: @regs unchanged. */
int arch_sigframe_push(struct regs *regs, const struct arch_sigframe *frame);
/*
 * Undo it: restores @regs and FPU; the mask and alternate stack to be set are returned. 0 or
 * -EFAULT.
 */
int arch_sigframe_pop(struct regs *regs, bool rt, struct arch_sigframe *out);

/*
 * For tracers: user registers, FPU state and single steps of a thread that is in the kernel and is
 * kept from running. The words of @out and @in are numbered by <asm/ptrace-abi.h>. Set: 0, or -EIO
 * for what only the kernel may have.
 */
#define ARCH_USER_REGS 17
#define ARCH_FPREGS_SIZE 108 /* struct user_fpregs_struct */
#define ARCH_FXREGS_SIZE 512 /* struct user_fpxregs_struct */
void arch_get_user_regs(struct arch_thread *t, u32 *out);
/* The current thread's registers that are still in its CPU, for the functions here. */
void arch_thread_save(void);
int arch_set_user_regs(struct arch_thread *t, const u32 *in);
void arch_get_fpregs(struct arch_thread *t, void *out);
void arch_set_fpregs(struct arch_thread *t, const void *in);
void arch_get_fxregs(struct arch_thread *t, void *out);
void arch_set_fxregs(struct arch_thread *t, const void *in);
/* A trap after the next instruction; off: forget one that is due. */
void arch_single_step(struct arch_thread *t, bool on);
/*
 * Debug register @n as struct user shows it. Set: 0, -EIO (no such register), -EINVAL (in the
 * kernel, or no breakpoint that the CPU has).
 */
u32 arch_get_debugreg(const struct arch_thread *t, unsigned n);
int arch_set_debugreg(struct arch_thread *t, unsigned n, u32 value);

/*
 * The vDSO: pages to map in each process, and the addresses that the auxiliary vector
 * and signals need.
 */
struct vdso_image {
	const void *text; /* page-aligned, in low memory */
	unsigned text_pages;
	/* mapped read-only right below the text; Linux shows 4 pages of [vvar], 2 of [vdso] */
	unsigned vvar_pages;
	pfn_t vvar_pfn;                /* the page with the clock data: the first of them */
	unsigned long sysenter_offset; /* __kernel_vsyscall: AT_SYSINFO = base + this */
};
extern const struct vdso_image *vdso_image;
/*
 * Tell the machine where the current thread's vDSO text is mapped (0: not): for sysenter returns
 * and sigreturn. Kept in arch_mm.
 */
void arch_mm_set_vdso(struct arch_mm *am, uaddr_t base);

/* ------------------------------------------------------------------------------------------- */
/* What the machine asks from above.                                                             */

#define FAULT_PRESENT 1u /* page-fault error code bits, as the CPU gives them */
#define FAULT_WRITE 2u
#define FAULT_USER 4u
#define FAULT_INSTR 16u

struct arch_hooks {
	/* A fault at user address @addr, by user code or by a user copy. Interrupts on; may sleep.
	 * true: handled, retry. false: a user copy that must fail (only if !FAULT_USER); for user
	 * code the handler itself has queued the signal and returns true. */
	bool (*page_fault)(struct regs *regs, unsigned long addr, unsigned error);
	/* A CPU exception in user mode: vector and error code. Queues a signal. Interrupts on. */
	void (*user_exception)(struct regs *regs, unsigned vector, unsigned error);
	/* thread.work is set: reschedule, deliver signals. Interrupts on. */
	void (*user_work)(struct regs *regs);
	/*
	 * WORK_SYSCALL_TRACE at entry (enter) and exit. Returns the system-call number to
	 * run, -1: skip.
	 */
	long (*syscall_trace)(struct regs *regs, bool enter);
	/* The timer of this CPU. Interrupts off. */
	void (*timer)(struct regs *regs);
	/* ipi_reschedule() arrived. Interrupts off. */
	void (*reschedule)(void);
	/* First thing that a new thread runs; @prev as arch_switch_to() returns it. */
	void (*thread_started)(struct arch_thread *prev);
	/* On a new CPU, interrupts off, on its idle stack. Does not return. */
	void (*cpu_started)(unsigned cpu);
	/*
	 * Pages of low memory, zeroed, for page tables and per-CPU areas: 2^order pages, or NULL.
	 */
	void *(*table_alloc)(unsigned order);
	void (*table_free)(void *table, unsigned order);
	/* One line that tells who runs, for panics and oops reports: prints with printk. */
	void (*describe_current)(void);
};
extern struct arch_hooks arch_hooks;

/*
 * System calls: handler number n is arch_syscall_table[n](regs); numbers >= arch_syscall_count go
 * to arch_syscall_unknown. abi/ fills these in at boot.
 */
typedef long (*syscall_fn)(struct regs *regs);
extern const syscall_fn *arch_syscall_table;
extern unsigned arch_syscall_count;
extern syscall_fn arch_syscall_unknown;

/* ------------------------------------------------------------------------------------------- */
/* Boot and the end                                                                              */

enum mem_type { MEM_RAM = 1, MEM_RESERVED = 2, MEM_ACPI = 3, MEM_NVS = 4, MEM_BAD = 5 };
struct mem_range {
	paddr_t start, end; /* [start, end) */
	enum mem_type type;
};
struct boot_info {
	const char *cmdline;   /* with the loader's program name removed */
	struct mem_range *map; /* sorted, RAM not overlapping reserved; from the Multiboot map */
	unsigned map_count;
	paddr_t kernel_start, kernel_end; /* image with bss */
	paddr_t tables_start,
		tables_end; /* the page tables that the machine made before paging; 0, 0: none */
	paddr_t initrd_start, initrd_end; /* 0, 0: none */
	paddr_t lowmem_end; /* end of the direct map: min(RAM below the border, border, highmem= and vmalloc= applied) */
};
extern struct boot_info boot_info;

/* Machine set-up, in this order, from kernel_main(): */
/* CPU features, per-CPU of CPU 0, IDT, GDT; console on COM1 works since the stub */
void arch_init_early(void);
void arch_init_interrupts(void); /* APIC or PIC, timers; after mm is up (ioremap, table_alloc) */
/* W^X of the kernel image, vDSO, entry area; free .init is the caller's */
void arch_init_late(void);

/*
 * The direct map in kilobytes of small and of large pages; bytes of per-CPU data of all CPUs. For
 * /proc/meminfo.
 */
void arch_direct_map_kb(unsigned long *small_kb, unsigned long *large_kb);
unsigned long arch_percpu_bytes(void);

const char *arch_cpu_name(void);
/* One CPU's stanza for /proc/cpuinfo, in Linux's format, through @emit. */
void arch_cpuinfo(unsigned cpu, void (*emit)(void *arg, const char *fmt, ...) __printf(2, 3),
		  void *arg);
/*
 * What /sys says of the CPU's Meltdown defect: "Not affected", "Mitigation: PTI" or "Vulnerable".
 */
const char *arch_meltdown_state(void);
bool arch_random_seed(void *buf,
		      size_t n);      /* rdrand where there is; false: the caller mixes timing */
u32 arch_hwcap(void);                 /* AT_HWCAP: CPUID 1 edx */
void __noreturn arch_power_off(void); /* ACPI S5 if found, isa-debug-exit, then halt for good */
void __noreturn arch_reboot(void);
void __noreturn arch_halt(void);

/* Console output before and without drivers: COM1, polled, any context. */
void arch_early_console(const char *s, size_t n);
/* A backtrace of @regs (NULL: from here), symbolised, through printk. */
void arch_backtrace(const struct regs *regs);
/*
 * The return addresses on the kernel stack of @t, innermost first: how many. => it is the caller,
 * or kept from running
 */
unsigned arch_thread_callers(struct arch_thread *t, unsigned long *callers, unsigned max);

#endif
