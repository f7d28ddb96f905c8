/*
 * The address space of a process: struct mm, a page directory and an ordered tree of areas (struct vma).
 *
 * (m) mmap_lock   (p) page_table_lock   (k) constant after creation   (a) atomic   (l) mmap_lock for write
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "mm/mapping.h"

/* vma->flags */
#define VM_READ 0x00000001u
#define VM_WRITE 0x00000002u
#define VM_EXEC 0x00000004u
#define VM_SHARED 0x00000008u
#define VM_MAYREAD 0x00000010u
#define VM_MAYWRITE 0x00000020u
#define VM_MAYEXEC 0x00000040u
#define VM_MAYSHARE 0x00000080u
#define VM_GROWSDOWN 0x00000100u
#define VM_PFNMAP 0x00000400u
#define VM_LOCKED 0x00002000u
#define VM_IO 0x00004000u
#define VM_SEQ_READ 0x00008000u
#define VM_RAND_READ 0x00010000u
#define VM_DONTCOPY 0x00020000u
#define VM_DONTEXPAND 0x00040000u
#define VM_LOCKONFAULT 0x00080000u
#define VM_ACCOUNT 0x00100000u
#define VM_NORESERVE 0x00200000u
#define VM_HUGETLB 0x00400000u
#define VM_WIPEONFORK 0x02000000u
#define VM_DONTDUMP 0x04000000u
#define VM_MIXEDMAP 0x10000000u
#define VM_HUGEPAGE 0x20000000u
#define VM_NOHUGEPAGE 0x40000000u
#define VM_STACK VM_GROWSDOWN

struct vma;
struct file;
struct anon_vma;

struct vma_ops {
	/* References of @vma->file for a new area (split, fork) and for one that goes. */
	void (*open)(struct vma *vma);
	void (*close)(struct vma *vma);
	/* The area moved or was split: may the operation happen? NULL: yes. 0 or -EINVAL. */
	int (*may_split)(struct vma *vma, uaddr_t addr);
	/* Devices without a mapping: the page of @pgoff, referenced, or ERR_PTR. */
	struct page *(*fault)(struct vma *vma, u32 pgoff, bool write);
	/* Name shown in maps for areas without a file ("[vdso]"). May be NULL. */
	const char *(*name)(struct vma *vma);
};

struct vma {
	uaddr_t start, end;        /* (l) [start, end) */
	struct rb_node node;       /* (l) in mm->areas */
	u32 max_gap;               /* (l) largest gap before an area of this subtree: gap search in O(log n) */
	struct mm *mm;             /* (k) */
	u32 flags;                 /* (l) VM_* */
	pgprot_t prot;             /* (l) */
	u32 pgoff;                 /* (l) of start: in the file, or start >> PAGE_SHIFT for anonymous memory */
	struct mapping *mapping;   /* (k) file, shmem; NULL: anonymous */
	struct file *file;         /* (k) opaque to mm; kept alive through ops->open/close */
	const struct vma_ops *ops; /* (k) */
	struct rb_node i_mmap_node;/* mapping->i_mmap_sem */
	u32 i_mmap_max;            /* mapping->i_mmap_sem: interval-tree augmentation */
	struct list_head anon_chain; /* anon reverse map: mm/rmap.c */
	struct anon_vma *anon_vma; /* (p) */
};

struct mm {
	struct arch_mm arch;
	u32 users;                 /* (a) tasks and others that use the areas */
	u32 count;                 /* (a) users > 0 counts one; lazy users (kernel threads) one each: the structure */
	rwsem_t mmap_lock;         /* RANK_MMAP */
	spinlock_t page_table_lock;/* RANK_PAGETABLE */
	struct rb_root areas;      /* (m) ordered by address, augmented with max_gap */
	struct vma *cached;        /* (a) last found: a hint */
	unsigned map_count;        /* (l) */
	cpumask_t cpus;            /* (a) CPUs that may have TLB entries of it */
	uaddr_t mmap_base;         /* (k) top-down search begins here */
	bool mmap_legacy;          /* (k) bottom-up from TASK_SIZE/3 */
	uaddr_t start_code, end_code, start_data, end_data; /* (l) */
	uaddr_t start_brk, brk, start_stack;                /* (l) */
	uaddr_t arg_start, arg_end, env_start, env_end;     /* (l) */
	uaddr_t vdso;              /* (l) base of the text */
	u32 saved_auxv[48];        /* (k) for /proc/PID/auxv */
	unsigned long total_vm, locked_vm, data_vm, exec_vm, stack_vm; /* (l) pages */
	unsigned long hiwater_vm, hiwater_rss;
	s32 rss_file, rss_anon, rss_shmem, swap_ents; /* (a) pages */
	u32 pt_bytes;              /* (a) page tables */
	u32 def_flags;             /* (l) mlockall(MCL_FUTURE) */
	struct file *exe_file;     /* (l) opaque; released through mm_file_put */
	u32 dumpable;
	s32 oom_score_adj;         /* (a) */
	u32 flags;
};

/* Files are opaque to mm; fs registers how to hold and release one. */
extern void (*mm_file_get)(struct file *file);
extern void (*mm_file_put)(struct file *file);

/* Limits of the current process that mm needs; proc registers it: RLIMIT_* -> current value, ~0UL unlimited. */
extern unsigned long (*mm_rlimit)(unsigned resource);
/* Capability or credential question: may the caller exceed RLIMIT_MEMLOCK, map below mmap_min_addr... proc registers. */
extern bool (*mm_capable)(int cap);

struct mm *mm_alloc(void);                 /* empty, users 1, count 1; NULL */
/* A copy for fork: areas and page tables, every private page shared read-only. NULL: -ENOMEM, nothing done. => old->mmap_lock not held */
struct mm *mm_fork(struct mm *old);
void mm_get(struct mm *mm);                /* users */
void mm_put(struct mm *mm);                /* the last user tears all areas down; may sleep */
void mm_grab(struct mm *mm);               /* count: the structure only */
void mm_drop(struct mm *mm);               /* any context */
/* The mm of another task with users held, or NULL (kernel thread, exiting). */
struct mm *task_mm_get(struct task *t);
/* Make @mm the current task's (exec): loads it; the old one is the caller's to mm_put(). */
void mm_activate(struct mm *mm);

/* ---- areas: => mmap_lock held (read for find, write for the rest) ---- */
struct vma *vma_find(struct mm *mm, uaddr_t addr);          /* the first area with end > addr, or NULL */
struct vma *vma_first(struct mm *mm);
struct vma *vma_next(struct vma *vma);
/* Does [start, start+len) meet an area? */
bool vma_intersects(struct mm *mm, uaddr_t start, u32 len);

/* ---- what system calls and exec do; each takes mmap_lock itself unless it says _locked ---- */
/* mmap of @len bytes (page-rounded inside). @file with its mapping and ops prepared by fs (struct map_request). The address or -errno. */
struct map_request {
	uaddr_t addr; u32 len; u32 prot; u32 flags;  /* PROT_*, MAP_* of Linux */
	u32 pgoff;                                   /* in pages */
	struct file *file; struct mapping *mapping; const struct vma_ops *ops;
	u32 may_flags;                               /* VM_MAYREAD|WRITE|EXEC that the file's open mode allows; 0 with no file = all */
	u32 extra_vm_flags;
};
long mm_map(struct mm *mm, const struct map_request *req);
int mm_unmap(struct mm *mm, uaddr_t addr, u32 len);
int mm_protect(struct mm *mm, uaddr_t addr, u32 len, u32 prot);
long mm_brk(struct mm *mm, uaddr_t brk);
/* For exec and the vDSO: an area of kernel-provided pages. 0 or -errno. */
int mm_map_special(struct mm *mm, uaddr_t addr, u32 len, u32 vm_flags, const struct vma_ops *ops);
uaddr_t mm_unmapped_area(struct mm *mm, uaddr_t hint, u32 len, u32 flags);
/* The initial stack: a growing area of one page below @top (later moved/grown by arguments); 0 or -errno */
int mm_setup_stack(struct mm *mm, uaddr_t top, bool exec);
/* mmap_base from the stack limit, with @rnd pages of randomisation */
void mm_layout(struct mm *mm, uaddr_t stack_top, u32 stack_rlimit, u32 rnd_pages, bool legacy);

/* ---- faults ---- */
#define FAULT_RESULT_OK 0
/* Bring in @addr for the access; 0, or -EFAULT (SIGSEGV MAPERR), -EACCES (SEGV_ACCERR), -EIO (SIGBUS), -ENOMEM (OOM). Sleeps.
 * => mmap_lock not held */
int mm_fault(struct mm *mm, uaddr_t addr, unsigned error_code, struct regs *regs);

/* Pages of another (or this) process: pins each with a reference. How many, or -EFAULT. @write breaks copy-on-write; @force ignores VM_WRITE (ptrace). */
long get_user_pages(struct mm *mm, uaddr_t addr, unsigned n, bool write, bool force, struct page **pages);
/* Copy to or from another process's memory: bytes copied (may be short). */
size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write);

/* Sysctls */
extern unsigned sysctl_max_map_count, sysctl_mmap_min_addr, sysctl_overcommit_memory, sysctl_overcommit_ratio;
extern unsigned long sysctl_overcommit_kbytes;

#endif
