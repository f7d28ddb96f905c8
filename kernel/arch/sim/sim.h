/*
 * The simulated machine, as tests see it.
 *
 * What is real here: page tables of either format in simulated RAM, an MMU that walks them, a TLB
 * for each CPU that keeps what it has seen until it is told to flush, CPUs that run at the same
 * time, interrupts between CPUs. What is stricter than a real machine: a window on a page (kmap,
 * kmap_local, vmalloc) goes away at once when it is unmapped, and comes back at another address; a
 * freed frame cannot be touched; a kernel address that is mapped again before all TLBs were flushed
 * stops the test.
 *
 * A test process boots the machine once. sim_run_tests() gives each test a process of its own.
 */
#ifndef SIM_H
#define SIM_H

#include "arch/port.h"

struct CMUnitTest;

struct sim_config {
	unsigned cpus;        /* 0: 1; at most SIM_MAX_CPUS */
	unsigned ram_mb;      /* 0: 64 */
	unsigned low_mb;      /* low memory; 0: half of RAM */
	unsigned vmalloc_mb;  /* the window; 0: 32 */
	unsigned pkmap_slots; /* 0: 16: few, so that the window wraps soon */
	unsigned hole_mb;     /* a hole of 1 MB in RAM there; 0: none */
	paddr_t initrd_start, initrd_end;
	u32 task_size; /* 0: 3 GB */
	bool pti; /* user mode has page tables of its own, which only its accesses go through */
	bool no_scheduler; /* only CPU 0, no tasks */
	bool abort;        /* end with SIGABRT: for a fuzzer, which keeps the input that did it */
};

/* Bring the machine, memory (mm_init) and the scheduler up, and start the other CPUs. */
void sim_boot(const struct sim_config *config);

/* Run @fn(@arg, n), n from 0 to @tasks - 1, each as a kernel thread on CPU n % cpus, and wait for
 * all of them. */
void sim_run_tasks(unsigned tasks, void (*fn)(void *arg, unsigned n), void *arg);
/* The same as a new task that may run anywhere; it has ended when *done is true. */
struct task *sim_spawn(void (*fn)(void *arg), void *arg, bool *done);
/* Let the machine run until @cond() is true: for the boot context of a test, which may not sleep.
 */
void sim_run_until(bool (*cond)(void *arg), void *arg);

/* Each test in a process of its own: 0, or how many failed. */
int sim_run_tests_(const struct CMUnitTest *tests, size_t n, const char *name);
#define sim_run_tests(tests) sim_run_tests_(tests, sizeof(tests) / sizeof(*(tests)), __FILE__)
/* Run @fn(@arg) in a copy of this process: it must stop with a panic or a fault whose report
 * contains @text. One CPU. */
void sim_expect_panic_(void (*fn)(void *arg), void *arg, const char *text, const char *file,
		       int line);
#define sim_expect_panic(fn, arg, text) sim_expect_panic_(fn, arg, text, __FILE__, __LINE__)

/* What was printed so far. */
const char *sim_console(void);
void sim_console_clear(void);

/* User code, played by the test on the address space that this CPU has loaded: 0, or -EFAULT if
 * hooks.page_fault did not make the access possible. */
int sim_user_read(uaddr_t addr, void *buf, size_t n);
int sim_user_write(uaddr_t addr, const void *buf, size_t n);

/* Physical memory, past all page tables; any frame. */
void *sim_frame(pfn_t pfn);

/* ---- oracles: stop the test with a message ---- */
/* No TLB entry of any CPU allows what the page tables it has loaded do not. => all CPUs idle */
void sim_check_tlbs(void);
/*
 * User mode's page tables say of user memory what the kernel's say, and map nothing else.
 * => all CPUs idle
 */
void sim_check_views(void);
/* No page table and no kernel window maps a freed frame. => all CPUs idle */
void sim_check_free_frames(void);
/* Every present entry of every user page table. */
void sim_for_each_pte(void (*fn)(struct arch_mm *am, uaddr_t addr, pte_t pte, void *arg),
		      void *arg);
/* Every page directory that exists. */
void sim_for_each_space(void (*fn)(struct arch_mm *am, void *arg), void *arg);
/* Windows (kmap, kmap_local, vmalloc) that are mapped now. */
unsigned sim_windows_mapped(void);
/* TLB entries of @cpu; IPIs and full flushes so far. */
unsigned sim_tlb_entries(unsigned cpu);
unsigned long sim_ipi_count(void);

/* ---- for the parts of arch/sim ---- */
#define SIM_EXIT_PANIC 77
struct sim_cpu;
extern bool sim_pti;
void sim_memory_init(const struct sim_config *config);
void sim_memory_unshare(void);
void sim_cpu_init(unsigned cpus);
void sim_fault_init(bool abort);
void __noreturn sim_exit(int status); /* _exit(), with what a coverage build has counted */
void __noreturn sim_die(const char *fmt, ...) __printf(1, 2);
/* What an address of one of the windows is or was; for reports. */
bool sim_describe_address(unsigned long addr, char *buf, size_t size);
bool sim_frame_is_free(pfn_t pfn);
pfn_t sim_frames(void);
void sim_mmu_cpu_reset(unsigned cpu);

#endif
