/*
 * The address space of a process: struct mm, a page directory and an ordered tree of areas (struct
 * vma).
 *
 * (m) mmap_lock   (l) mmap_lock for write   (p) page_table_lock   (k) constant after creation
 * (a) atomic
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "lib/list.h"
#include "mm/mapping.h"
#include "mm/vma.h"

struct mm;
struct task;
struct anon_family;

/*
 * What an area's object does. mm itself counts @vma->file with mm_file_get/mm_file_put (one for
 * each area), so that files need no open/close; these are for objects that count their areas
 * (shmat).
 */
struct vma_ops {
	/*
	 * One more area of this object (split, fork, mremap; not the first), and one that goes.
	 * Called without spinlocks.
	 */
	void (*open)(struct vma *vma);
	void (*close)(struct vma *vma);
	/* May the area be divided at @addr, or moved or resized? NULL: yes. 0 or -EINVAL. */
	int (*may_split)(struct vma *vma, uaddr_t addr);
	/*
	 * Objects without a mapping (devices, the vDSO): the page of @pgoff, referenced, or
	 * ERR_PTR(-EFAULT...): SIGBUS. A PG_RESERVED page is mapped without being counted.
	 */
	struct page *(*fault)(struct vma *vma, u32 pgoff, bool write);
	/* Name shown in maps for areas without a file ("[vdso]"). May be NULL. */
	const char *(*name)(struct vma *vma);
	/* The inode number that maps shows for them, on device 00:01. May be NULL. */
	u32 (*number)(const struct vma *vma);
	/* Neighbouring areas may merge although @close is set. */
	bool may_merge;
};

#define HUGE_DIRS 4

/* mm->flags */
#define MMF_DISABLE_THP 1u /* prctl(PR_SET_THP_DISABLE) */
/* /proc/PID/coredump_filter, core(5): what a core file has of the memory */
#define MMF_DUMP_SHIFT 8
#define MMF_DUMP_ANON_PRIVATE (1u << 8)
#define MMF_DUMP_ANON_SHARED (1u << 9)
#define MMF_DUMP_FILE_PRIVATE (1u << 10)
#define MMF_DUMP_FILE_SHARED (1u << 11)
#define MMF_DUMP_ELF_HEADERS (1u << 12)
#define MMF_DUMP_HUGETLB_PRIVATE (1u << 13)
#define MMF_DUMP_ALL (0x1ffu << MMF_DUMP_SHIFT)
#define MMF_DUMP_DEFAULT \
	(MMF_DUMP_ANON_PRIVATE | MMF_DUMP_ANON_SHARED | MMF_DUMP_ELF_HEADERS | \
	 MMF_DUMP_HUGETLB_PRIVATE)
/* what a new program takes over */
#define MMF_EXEC_MASK (MMF_DISABLE_THP | MMF_DUMP_ALL)

struct mm {
	struct arch_mm arch;
	u32 users;                  /* (a) tasks and others that use the areas */
	u32 count;                  /* (a) users > 0 counts one; others one each: the structure */
	rwsem_t mmap_lock;          /* RANK_MMAP */
	spinlock_t page_table_lock; /* RANK_PAGETABLE */
	struct vma_tree areas;      /* (m) */
	cpumask_t cpus;             /* (a) CPUs that may have TLB entries of it */
	struct anon_family *family; /* (k) address spaces that may share private pages: mm/rmap.c */
	struct list_head family_node;                       /* family->lock */
	uaddr_t mmap_base;                                  /* (k) top-down search begins here */
	bool mmap_legacy;                                   /* (k) bottom-up from TASK_SIZE/3 */
	uaddr_t start_code, end_code, start_data, end_data; /* (l) */
	uaddr_t start_brk, brk, start_stack;                /* (l) */
	uaddr_t arg_start, arg_end, env_start, env_end;     /* (l) */
	uaddr_t vdso;                                       /* (l) base of the text */
	u32 saved_auxv[48];                                 /* (k) for /proc/PID/auxv */
	unsigned long total_vm, locked_vm, data_vm, exec_vm, stack_vm; /* (l) pages */
	unsigned long hiwater_vm, hiwater_rss;                         /* (l), (a) pages */
	s32 rss_file, rss_anon, rss_shmem, swap_ents;                  /* (a) pages */
	u32 pt_bytes;                                                  /* (a) page tables */
	pte_t **huge[HUGE_DIRS]; /* (p) tables behind huge mappings, by GB: mm/huge.c */
	u32 last_anon_id;        /* (p) */
	u32 def_flags;           /* (l) mlockall(MCL_FUTURE) */
	struct file *exe_file;   /* (l) opaque, counted; read with mm_exe_file() */
	u32 dumpable;
	s32 oom_score_adj; /* (a) */
	u32 oom;           /* (a) OOM_* of mm/oom_private.h; 0 but for victims of the OOM killer */
	bool oom_keep;     /* the reaper only waits for it */
	struct mm *oom_next; /* the reaper's */
	u32 flags;           /* (l) MMF_* */
	struct selfcheck_node all;
	bool has_userfaultfd; /* (l) an area was registered once: userfaultfd.c */
	u32 membarrier;       /* (a) register commands made: membarrier.c */
};

/* ---- hooks: what mm needs from above ---- */

/* Files are opaque to mm; fs registers how to hold, release and name one. */
extern void (*mm_file_get)(struct file *file);
extern void (*mm_file_put)(struct file *file);
/* Its path, somewhere in @buf, or ERR_PTR. Any task context; does not sleep. */
extern char *(*mm_file_name)(struct file *file, char *buf, size_t size);
/*
 * May the caller know which pages of @file are in memory (mincore(2))? fs registers;
 * owner or writer.
 */
extern bool (*mm_file_may_peek)(struct file *file);
/*
 * A hole of @len bytes at @start (MADV_REMOVE): 0, -EPERM (sealed), -EOPNOTSUPP. Sleeps.
 * => mmap_lock not held
 */
extern int (*mm_file_punch)(struct file *file, loff_t start, loff_t len);
/*
 * Limits of the current process that mm needs; proc registers it: RLIMIT_* -> current value,
 * ~0UL unlimited.
 */
extern unsigned long (*mm_rlimit)(unsigned resource);
/*
 * Capability or credential question: may the caller exceed RLIMIT_MEMLOCK, map below
 * mmap_min_addr... proc registers.
 */
extern bool (*mm_capable)(int cap);
/*
 * Send @sig with si_code @code and si_addr @addr to the current task; it cannot be ignored. proc
 * registers it.
 */
extern void (*mm_send_fault_signal)(int sig, int code, uaddr_t addr);

/*
 * The value of mm.trace=: what is traced, separated by commas ("fault"). => before mm_virt_init()
 */
void mm_trace_select(const char *names);
/* Boot: caches, the page-fault hook, the context-switch hook. After slab is up. */
void mm_virt_init(void);
/* Boot: kswapd and the OOM reaper. After kernel threads can be made. */
void mm_start(void);

/* ---- life ---- */

struct mm *mm_alloc(void); /* empty, users 1, count 1; NULL */
/*
 * A copy for fork: areas and page tables, every private page shared read-only. NULL: -ENOMEM,
 * nothing done. => old->mmap_lock not held
 */
struct mm *mm_fork(struct mm *old);
void mm_get(struct mm *mm);             /* users */
bool mm_get_unless_zero(struct mm *mm); /* users, if the areas still exist */
void mm_put(struct mm *mm);             /* the last user tears all areas down; may sleep */
void mm_grab(struct mm *mm);            /* count: the structure only */
void mm_drop(struct mm *mm); /* task or interrupt context, no spinlock above RANK_SLAB held */
/* The mm of another task with users held, or NULL (kernel thread, exiting). */
struct mm *task_mm_get(struct task *t);
/*
 * Make @mm the current task's (exec; NULL: exit): loads it; the old one is the caller's to
 * mm_put().
 */
void mm_activate(struct mm *mm);
/* Set or clear a bit of mm->flags: 0 or -EINTR. => mmap_lock not held */
int mm_set_flag(struct mm *mm, u32 flag, bool on);
/* exec: the program's file. The file of @mm with a reference of its own, or NULL. */
void mm_set_exe_file(struct mm *mm, struct file *file);
struct file *mm_exe_file(struct mm *mm);

/* ---- areas: => mmap_lock held (read for find, write for the rest) ---- */
static inline struct vma *vma_find(struct mm *mm, uaddr_t addr)
{
	return vma_tree_find(&mm->areas, addr);
}
static inline struct vma *vma_first(struct mm *mm)
{
	return vma_tree_first(&mm->areas);
}
/* Does [start, start+len) meet an area? */
static inline bool vma_intersects(struct mm *mm, uaddr_t start, u32 len)
{
	return vma_tree_find_intersection(&mm->areas, start, start + len);
}

/* ---- what system calls and exec do; each takes mmap_lock itself unless it says _locked ---- */
/*
 * mmap of @len bytes (page-rounded inside). @file with its mapping and ops prepared by fs
 * (struct map_request). The address or -errno: an error if (unsigned long)result >= (unsigned
 * long)-MAX_ERRNO, see mm_is_error().
 */
struct map_request {
	uaddr_t addr;
	u32 len;
	u32 prot;
	u32 flags; /* PROT_*, MAP_* of Linux */
	u32 pgoff; /* in pages */
	struct file *file;
	struct mapping *mapping;
	const struct vma_ops *ops;
	u32 may_flags; /* VM_MAYREAD|WRITE|EXEC that the file's open mode allows */
	int error; /* why the file cannot be mapped so: told after what is wrong with the place */
	u32 extra_vm_flags;
	struct mapping *counted; /* in its i_mmap_writable, until vfs_mmap_done() */
};
/* Do files know the type and flags of @req? 0, -EINVAL, or -EOPNOTSUPP (MAP_SHARED_VALIDATE) */
int map_request_type(const struct map_request *req);
static inline bool mm_is_error(long result)
{
	return (u32)result >= (u32)-MAX_ERRNO;
}
long mm_map(struct mm *mm, const struct map_request *req);
int mm_unmap(struct mm *mm, uaddr_t addr, u32 len);
/*
 * shmdt(2): unmap what is left of one mapping at @addr of an object without a file, the kind whose
 * areas have @close: wherever it was cut since, all areas that have the operations of the first
 * and lie where they were mapped. 0 or -EINVAL (none), -EINTR
 */
int mm_unmap_object(struct mm *mm, uaddr_t addr, void (*close)(struct vma *vma));
int mm_protect(struct mm *mm, uaddr_t addr, u32 len, u32 prot);
/* The new break, or the old one if that failed: as brk(2)'s system call. 0 asks. */
long mm_brk(struct mm *mm, uaddr_t brk);
/*
 * exec: the heap's first area, without the checks of brk(2): [addr, addr+len), @prot as mmap. 0
 * or -errno
 */
int mm_map_brk(struct mm *mm, uaddr_t addr, u32 len, bool exec);
/* mremap(2): the address or -errno. */
long mm_remap(struct mm *mm, uaddr_t addr, u32 old_len, u32 new_len, u32 flags, uaddr_t new_addr);
/* mincore(2), a byte a page into @vec of kernel memory: pages before a hole, or -ENOMEM */
long mm_incore(struct mm *mm, uaddr_t addr, u32 pages, u8 *vec);
/* madvise(2), msync(2), mlock and munlock. 0 or -errno */
int mm_advise(struct mm *mm, uaddr_t addr, u32 len, int advice);
int mm_sync(struct mm *mm, uaddr_t addr, u32 len, u32 flags);
int mm_lock_range(struct mm *mm, uaddr_t addr, u32 len, u32 vm_flags);
int mm_lock_all(struct mm *mm, u32 mcl_flags);
/*
 * membarrier(2): 0, the mask of commands, -EINVAL, or -EPERM (not registered). @cpu: with
 * MEMBARRIER_CMD_FLAG_CPU. May sleep.
 */
long mm_membarrier(struct mm *mm, int command, u32 flags, int cpu);
/*
 * process_mrelease(2): unmap the private areas of a process that is dying, while it has yet to do
 * so itself. 0 or -EINTR
 */
int mm_release_dying(struct mm *mm);
/* remap_file_pages(2), @pgoff in pages: 0 or -errno. */
int mm_remap_file_pages(struct mm *mm, uaddr_t addr, u32 len, u32 pgoff, u32 flags);
/* For exec and the vDSO: an area of kernel-provided pages. 0 or -errno. */
int mm_map_special(struct mm *mm, uaddr_t addr, u32 len, u32 vm_flags, const struct vma_ops *ops);
/*
 * exec: [vvar] and [vdso] of vdso_image where mmap would put them; sets mm->vdso (0 without an
 * image). 0 or -errno
 */
int mm_map_vdso(struct mm *mm);
/*
 * A free range for @len bytes: @hint (or, with MAP_FIXED, exactly it), else by the layout. The
 * address or -errno. => mmap_lock held
 */
long mm_unmapped_area(struct mm *mm, uaddr_t hint, u32 len, u32 flags);
/*
 * The initial stack: a growing area below @top, one page and 128 KB (or RLIMIT_STACK); 0 or
 * -errno
 */
int mm_setup_stack(struct mm *mm, uaddr_t top, bool exec);
/* mmap_base from the stack limit, with @rnd pages of randomisation */
void mm_layout(struct mm *mm, uaddr_t stack_top, u32 stack_rlimit, u32 rnd_pages, bool legacy);
/*
 * Fault in the pages of [addr, addr+len), as far as they can be (MAP_POPULATE, mlock): 0 or the
 * first error.
 */
int mm_populate(struct mm *mm, uaddr_t addr, u32 len);

/* ---- faults ---- */
#define FAULT_RESULT_OK 0
/*
 * Bring in @addr for the access; 0, or -EFAULT (SIGSEGV MAPERR), -EACCES (SEGV_ACCERR), -EIO
 * (SIGBUS), -ENOMEM (OOM). Sleeps. => mmap_lock not held
 */
int mm_fault(struct mm *mm, uaddr_t addr, unsigned error_code, struct regs *regs);
/* For arch_hooks.page_fault. */
bool mm_page_fault(struct regs *regs, unsigned long addr, unsigned error);

/*
 * Pages of another (or this) process: pins each with a reference. How many, or -EFAULT. @write
 * breaks copy-on-write; @force ignores VM_WRITE (ptrace). No stack grows for it.
 */
long get_user_pages(struct mm *mm, uaddr_t addr, unsigned n, bool write, bool force,
		    struct page **pages);
/*
 * Copy to or from another process's memory, as ptrace does (protections ignored): bytes copied
 * (may be short).
 */
/*
 * Copy between the caller's memory and [addr, addr+len) of @mm, as its protections allow, until
 * @local has been used up: 0, or -EFAULT when either side faulted; @local says how far.
 * process_vm_readv(2). Sleeps. => no mmap_lock held
 */
struct iov_iter;
int mm_copy_remote(struct mm *mm, uaddr_t addr, u32 len, struct iov_iter *local, bool write);
size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write);
/*
 * If @addr lies below a stack: let it grow to there, as a fault would. Sleeps. => no mmap_lock held
 */
void mm_grow_stack(struct mm *mm, uaddr_t addr);

/* ---- reclaim ---- */
/* Pages of files that may be dropped, in zone number @zone (DMA, NORMAL, HIGHMEM). */
void mm_lru_counts(unsigned zone, unsigned long *inactive, unsigned long *active);
/*
 * Pages of the zone that stay (mlock, SHM_LOCK, ramfs) by what they are, and those that are locked:
 * added to *@counts.
 */
struct mm_pinned {
	unsigned long anon, shmem, file, mlocked;
};
void mm_pinned_counts(unsigned zone, struct mm_pinned *counts);
static inline unsigned long mm_pinned_all(const struct mm_pinned *counts)
{
	return counts->anon + counts->shmem + counts->file;
}

/* ---- /proc/PID/clear_refs: 0, or -EINTR by a fatal signal ---- */
/* Forget which pages were used, in areas without and with a file. */
int mm_clear_refs(struct mm *mm, bool anon, bool files);
/* The peak of resident pages (VmHWM) counts from now. */
int mm_reset_peak(struct mm *mm);

/* Drop all clean pages of files that nobody maps: how many. Sleeps. */
unsigned long mm_drop_caches(void);

/* ---- huge mappings (mm/huge.c) ---- */
/* /sys/kernel/mm/transparent_hugepage/enabled: which first touches may map a block. */
enum thp_enabled { THP_ALWAYS, THP_MADVISE, THP_NEVER };
extern enum thp_enabled thp_enabled;
#define THP_SIZE PMD_SIZE
/* May the area get huge mappings, as things are set (smaps: THPeligible)? => mmap_lock held */
bool vma_is_thp_eligible(const struct vma *vma);
/* Pages in huge mappings, of all processes. */
unsigned long total_anon_huge_pages(void);

/* ---- accounting ---- */
static inline unsigned long mm_rss(const struct mm *mm)
{
	return (unsigned long)(READ_ONCE(mm->rss_anon) + READ_ONCE(mm->rss_file) +
			       READ_ONCE(mm->rss_shmem));
}
/* Promise @pages of memory (Committed_AS): 0 or -ENOMEM by overcommit_memory. */
int vm_commit(unsigned long pages);
void vm_uncommit(unsigned long pages);
unsigned long vm_committed_pages(void);
unsigned long vm_commit_limit_pages(void);
/* Kilobytes of user page tables of all processes, in bytes. */
unsigned long total_pt_bytes(void);
/* Pages mapped by processes, for /proc/meminfo: AnonPages, Mapped. */
unsigned long total_anon_pages(void);
unsigned long total_mapped_pages(void);

/* Sysctls */
extern unsigned sysctl_max_map_count, sysctl_mmap_min_addr, sysctl_overcommit_memory,
	sysctl_overcommit_ratio;
extern unsigned long sysctl_overcommit_kbytes, sysctl_admin_reserve_kbytes,
	sysctl_user_reserve_kbytes;
extern unsigned sysctl_vdso_enabled;

#endif
