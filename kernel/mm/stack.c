/*
 * Kernel stacks: THREAD_STACK_SIZE bytes in the vmalloc window with the guard page below, where a
 * stack overflows to.
 *
 * Each CPU keeps a few that were freed, still mapped, linked through their lowest word: fork and
 * exit then neither touch page tables nor flush TLBs.
 */
#include "lib/atomic.h"
#include "mm/highmem.h"
#include "vmalloc_area.h"

#define KEEP 8
#define STACK_PAGES (THREAD_STACK_SIZE / PAGE_SIZE)

struct stack_cache {
	void *first;
	unsigned count;
};
static DEFINE_PER_CPU(struct stack_cache, stack_cache);
static u32 stacks_in_use; /* (atomic) */

static void *take_kept(void)
{
	irqflags_t flags = irq_save();
	struct stack_cache *cache = this_cpu_ptr(stack_cache);
	void *stack = cache->first;

	if (stack) {
		cache->first = *(void **)stack;
		cache->count--;
	}
	irq_restore(flags);
	return stack;
}

static bool keep(void *stack)
{
	irqflags_t flags = irq_save();
	struct stack_cache *cache = this_cpu_ptr(stack_cache);
	bool room = cache->count < KEEP;

	if (room) {
		*(void **)stack = cache->first;
		cache->first = stack;
		cache->count++;
	}
	irq_restore(flags);
	return room;
}

static void *new_stack(const void *caller)
{
	struct vm_area *area = vm_area_alloc(THREAD_STACK_SIZE + PAGE_SIZE,
					     INSPECT_VMALLOC | INSPECT_STACK, caller);

	if (!area)
		return NULL;
	area->pages = STACK_PAGES;
	if (vm_map_new_pages(vm_area_base(area), STACK_PAGES, GFP_KERNEL | __GFP_HIGHMEM)) {
		vm_area_free(area);
		return NULL;
	}
	return vm_area_base(area);
}

void *stack_alloc(void)
{
	void *stack = take_kept() ?: new_stack(__builtin_return_address(0));

	if (stack)
		atomic_inc(&stacks_in_use);
	return stack;
}

void stack_free(void *stack)
{
	if (!stack)
		return;
	atomic_dec(&stacks_in_use);
	if (!keep(stack))
		vm_free_memory(stack, INSPECT_STACK, __builtin_return_address(0));
}

unsigned long inspect_stack_pages(void)
{
	return atomic_read(&stacks_in_use) * STACK_PAGES;
}
