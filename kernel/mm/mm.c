/*
 * The life of an address space.
 *
 * mm->users counts those who use the areas (tasks, readers of /proc); when the last one goes, all
 * areas, pages and page tables go. mm->count holds the structure, and all users together hold one.
 * A CPU that still has the page directory loaded holds nothing: exit_areas() makes it let go first.
 *
 * Locks: mmap_lock, task->alloc_lock for task->mm.
 * Read next: vma.c, mmap.c, fault.c, fork.c.
 */
#include "oom_private.h"
#include "selfcheck_walkers.h"
#include "virt.h"

static struct kmem_cache *mm_cache, *vma_cache;
DEFINE_SELFCHECK_LIST(all_mms);

void (*mm_file_get)(struct file *file);
void (*mm_file_put)(struct file *file);

/* => run queue locked, interrupts off. A kernel thread keeps what is loaded. */
static void switch_mm(struct task *prev, struct task *next)
{
	if (unlikely(prev->kmap.idx))
		kmap_local_sched_out(prev);
	if (unlikely(next->kmap.idx))
		kmap_local_sched_in(next);
	if (next->mm)
		mm_switch_to(next->mm);
}

void mm_virt_init(void)
{
	mm_cache =
		kmem_cache_create("mm_struct", sizeof(struct mm), _Alignof(struct mm), SLAB_PANIC);
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vma), 0, SLAB_PANIC);
	pgtable_init();
	account_init();
	rmap_init();
	filemap_init();
	reclaim_init();
	oom_init();
	selfcheck_init();
	sched_switch_mm = switch_mm;
	mm_table_bytes = total_pt_bytes;
	arch_hooks.page_fault = mm_page_fault;
	trace_init();
}

void mm_start(void)
{
	kswapd_start();
	oom_reaper_start();
}

/* ---- areas as objects ---- */

struct vma *vma_alloc(void)
{
	return kmem_cache_alloc(vma_cache, GFP_KERNEL);
}

void vma_free(struct vma *vma)
{
	kmem_cache_free(vma_cache, vma);
}

void vma_get_objects(struct vma *vma)
{
	if (vma->file && mm_file_get)
		mm_file_get(vma->file);
	if (vma->ops && vma->ops->open)
		vma->ops->open(vma);
}

static void vma_put_objects(struct vma *vma)
{
	if (vma->ops && vma->ops->close)
		vma->ops->close(vma);
	if (vma->file && mm_file_put)
		mm_file_put(vma->file);
}

void vma_bury(struct vma_graveyard *dead, struct vma *vma)
{
	vma->next = dead->first;
	dead->first = vma;
}

void vma_graveyard_release(struct vma_graveyard *dead)
{
	while (dead->first) {
		struct vma *vma = dead->first;

		dead->first = vma->next;
		vma_put_objects(vma);
		vma_free(vma);
	}
}

/* ---- creation ---- */

#define AUXV_START offsetof(struct mm, saved_auxv)
#define AUXV_END (AUXV_START + sizeof(((struct mm *)0)->saved_auxv))

/* All but the auxiliary vector, which fork copies. */
static void mm_init_fields(struct mm *mm)
{
	memset(mm, 0, AUXV_START);
	memset((char *)mm + AUXV_END, 0, sizeof(*mm) - AUXV_END);
	mm->users = 1;
	mm->count = 1;
	rwsem_init(&mm->mmap_lock, RANK_MMAP);
	spin_lock_init(&mm->page_table_lock, RANK_PAGETABLE);
	mm->mmap_base = TASK_SIZE;
	mm->dumpable = 1;
	mm->flags = MMF_DUMP_DEFAULT;
}

struct mm *mm_create(struct mm *family)
{
	struct mm *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	mm_init_fields(mm);
	if (arch_mm_init(&mm->arch))
		goto free;
	if (anon_family_join(mm, family))
		goto destroy;
	selfcheck_link(&all_mms, &mm->all);
	return mm;
destroy:
	arch_mm_destroy(&mm->arch);
free:
	kmem_cache_free(mm_cache, mm);
	return NULL;
}

struct mm *mm_alloc(void)
{
	struct mm *mm = mm_create(NULL);

	if (mm)
		memset(mm->saved_auxv, 0, sizeof(mm->saved_auxv));
	return mm;
}

/* ---- references ---- */

void mm_get(struct mm *mm)
{
	atomic_inc(&mm->users);
}

bool mm_get_unless_zero(struct mm *mm)
{
	return atomic_inc_unless(&mm->users, 0);
}

void mm_grab(struct mm *mm)
{
	atomic_inc(&mm->count);
}

void mm_drop(struct mm *mm)
{
	if (!atomic_dec_and_test(&mm->count))
		return;
	selfcheck_unlink(&all_mms, &mm->all);
	arch_mm_destroy(&mm->arch);
	huge_free_dirs(mm);
	kmem_cache_free(mm_cache, mm);
}

/* Nobody uses the areas, nobody has them loaded: everything goes, without a flush. */
static void exit_areas(struct mm *mm)
{
	struct vma_graveyard dead;
	struct tlb_gather tlb;
	unsigned long promised = 0;

	mm_unload(mm);
	down_write(&mm->mmap_lock);
	tlb_gather_begin(&tlb, mm);
	tlb.exiting = true;
	dead.first = vma_first(mm); /* the areas in their order, all of them */
	for (struct vma *vma = dead.first, *next; vma; vma = next) {
		next = vma_next(vma);
		vma_unlink_file(vma);
		zap_range(&tlb, vma, vma->start, vma->end, false);
		if (vma->flags & VM_ACCOUNT)
			promised += vma_pages(vma);
		/* A table that the next area shares goes with that one. */
		free_pgtables(&tlb, vma->start, vma->end, 0, next ? next->start : TASK_SIZE);
	}
	tlb_gather_end(&tlb);
	mm->areas = (struct vma_tree){0};
	vm_uncommit(promised);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
}

void mm_put(struct mm *mm)
{
	if (!atomic_dec_and_test(&mm->users))
		return;
	exit_areas(mm);
	if (unlikely(atomic_read(&mm->oom)))
		oom_victim_gone(mm);
	if (mm->exe_file && mm_file_put)
		mm_file_put(mm->exe_file);
	mm->exe_file = NULL;
	anon_family_leave(mm);
	mm_drop(mm);
}

struct mm *task_mm_get(struct task *t)
{
	struct mm *mm;

	spin_lock(&t->alloc_lock);
	mm = t->mm;
	if (mm && !mm_get_unless_zero(mm))
		mm = NULL;
	spin_unlock(&t->alloc_lock);
	return mm;
}

void mm_activate(struct mm *mm)
{
	struct task *t = current;
	irqflags_t flags;

	spin_lock(&t->alloc_lock);
	flags = irq_save();
	t->mm = mm;
	t->active_mm = mm;
	if (mm)
		mm_switch_to(mm);
	irq_restore(flags);
	spin_unlock(&t->alloc_lock);
}

int mm_set_flag(struct mm *mm, u32 flag, bool on)
{
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	mm->flags = on ? mm->flags | flag : mm->flags & ~flag;
	up_write(&mm->mmap_lock);
	return 0;
}

/* ---- the program's file ---- */

void mm_set_exe_file(struct mm *mm, struct file *file)
{
	struct file *old;

	if (file && mm_file_get)
		mm_file_get(file);
	down_write(&mm->mmap_lock);
	old = mm->exe_file;
	mm->exe_file = file;
	up_write(&mm->mmap_lock);
	if (old && mm_file_put)
		mm_file_put(old);
}

struct file *mm_exe_file(struct mm *mm)
{
	struct file *file;

	down_read(&mm->mmap_lock);
	file = mm->exe_file;
	if (file && mm_file_get)
		mm_file_get(file);
	up_read(&mm->mmap_lock);
	return file;
}
