/*
 * Simulated RAM and the kernel's windows on it.
 *
 * RAM is a file in memory. The host maps its low part once: that is the direct map. A high frame
 * has no address until a window is opened on it: a page of the host's address space mapped to that
 * part of the file. kmap_local takes the next page of a large ring each time, so that a pointer
 * from an earlier map points at nothing; kmap and vmalloc addresses belong to slots, whose pages go
 * away at unmap.
 *
 * A second mapping of all RAM (sim_frame) is the simulated hardware's own: the MMU reads page
 * tables through it.
 *
 * Lock: window_lock for the tables below.
 */
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/log.h"
#include "sim.h"

#define RING_PAGES (1ul << 18)
/* A kmap slot has so many addresses, used in turn. */
#define PKMAP_TURNS 64

struct kernel_windows windows;
struct boot_info boot_info;
unsigned long sim_page_offset;
u32 sim_task_size = PAGE_OFFSET_3G;

static int ram_fd;
static char *all_ram;
static pfn_t frames;
static u8 *frame_free; /* 1: freed since boot, and not taken again */

enum page_state { CLEAN, MAPPED, STALE };
struct window_page {
	u32 pfn;
	u8 state; /* STALE: unmapped, but TLBs may know it */
};
/* A range of host addresses whose pages come and go. */
struct window {
	const char *name;
	char *base;
	unsigned long pages, mapped;
	struct window_page *page;
};
static struct window ring = {.name = "kmap_local"}, pkmap = {.name = "kmap"},
		     vmalloc_window = {.name = "vmalloc"};
static unsigned long ring_next;
static pthread_mutex_t window_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mem_range memory_map[8];

/* ---- set-up ---- */

static void *reserve(unsigned long pages)
{
	void *p = mmap(NULL, pages << PAGE_SHIFT, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		sim_die("no host addresses for %lu pages", pages);
	return p;
}

static void window_init(struct window *w, unsigned long pages)
{
	w->base = reserve(pages);
	w->pages = pages;
	w->page = calloc(pages, sizeof(*w->page));
}

static void *map_ram(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, ram_fd, 0);

	if (p == MAP_FAILED)
		sim_die("cannot map %zu bytes of simulated RAM", size);
	return p;
}

static void make_map(const struct sim_config *config)
{
	paddr_t end = (paddr_t)config->ram_mb << 20, hole = (paddr_t)config->hole_mb << 20;
	unsigned n = 0;

	memory_map[n++] = (struct mem_range){0, 0x9f000, MEM_RAM};
	memory_map[n++] = (struct mem_range){0x9f000, 0x100000, MEM_RESERVED};
	if (hole) {
		memory_map[n++] = (struct mem_range){0x100000, hole, MEM_RAM};
		memory_map[n++] = (struct mem_range){hole, hole + 0x100000, MEM_RESERVED};
		memory_map[n++] = (struct mem_range){hole + 0x100000, end, MEM_RAM};
	} else {
		memory_map[n++] = (struct mem_range){0x100000, end, MEM_RAM};
	}
	boot_info = (struct boot_info){
		.cmdline = "",
		.map = memory_map,
		.map_count = n,
		.kernel_start = 0x100000,
		.kernel_end = 0x180000,
		.initrd_start = config->initrd_start,
		.initrd_end = config->initrd_end,
		.lowmem_end = (paddr_t)config->low_mb << 20,
	};
}

void sim_memory_init(const struct sim_config *config)
{
	size_t size = (size_t)config->ram_mb << 20;

	ram_fd = memfd_create("ram", 0);
	if (ram_fd < 0 || ftruncate(ram_fd, (off_t)size))
		sim_die("cannot make %zu bytes of simulated RAM", size);
	frames = size >> PAGE_SHIFT;
	frame_free = calloc(frames, 1);
	all_ram = map_ram(size);
	sim_page_offset = (unsigned long)map_ram((size_t)config->low_mb << 20);
	window_init(&ring, RING_PAGES);
	window_init(&pkmap, (unsigned long)config->pkmap_slots * PKMAP_TURNS);
	window_init(&vmalloc_window, (unsigned long)config->vmalloc_mb << (20 - PAGE_SHIFT));
	make_map(config);
	windows = (struct kernel_windows){
		.high_memory = (char *)sim_page_offset + boot_info.lowmem_end,
		.vmalloc_start = vmalloc_window.base,
		.vmalloc_end = vmalloc_window.base + (vmalloc_window.pages << PAGE_SHIFT),
		.pkmap_base = pkmap.base,
		.pkmap_slots = config->pkmap_slots,
		.fixmap_start = (unsigned long)ring.base,
		.fixmap_end = (unsigned long)ring.base + (ring.pages << PAGE_SHIFT),
	};
}

/* ---- a copy of the machine in a child process ---- */

static void copy_ram(int to)
{
	off_t at = 0, end;

	while ((at = lseek(ram_fd, at, SEEK_DATA)) >= 0) {
		end = lseek(ram_fd, at, SEEK_HOLE);
		if (pwrite(to, all_ram + at, (size_t)(end - at), at) != end - at)
			sim_die("cannot copy the simulated RAM");
		at = end;
	}
}

static void remap(void *at, size_t size, off_t offset)
{
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | MAP_NORESERVE, ram_fd,
		 offset) == MAP_FAILED)
		sim_die("cannot map the copy of the simulated RAM");
}

/* After fork(): RAM is still shared with the parent. Give this process its own. */
void sim_memory_unshare(void)
{
	size_t size = frames << PAGE_SHIFT;
	int fd = memfd_create("ram copy", 0);
	struct window *all[] = {&ring, &pkmap, &vmalloc_window};

	if (fd < 0 || ftruncate(fd, (off_t)size))
		sim_die("cannot copy the simulated RAM");
	copy_ram(fd);
	ram_fd = fd;
	remap(all_ram, size, 0);
	remap((void *)sim_page_offset, (size_t)boot_info.lowmem_end, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		for (unsigned long n = 0; n < all[i]->pages; n++)
			if (all[i]->page[n].state == MAPPED && all[i]->page[n].pfn &&
			    all[i]->page[n].pfn < frames)
				remap(all[i]->base + (n << PAGE_SHIFT), PAGE_SIZE,
				      (off_t)all[i]->page[n].pfn << PAGE_SHIFT);
}

pfn_t sim_frames(void)
{
	return frames;
}

void *sim_frame(pfn_t pfn)
{
	if (pfn >= frames)
		sim_die("frame %lx is not RAM", pfn);
	return all_ram + (pfn << PAGE_SHIFT);
}

/* ---- frames ---- */

bool sim_frame_is_free(pfn_t pfn)
{
	return pfn < frames && __atomic_load_n(&frame_free[pfn], __ATOMIC_RELAXED);
}

static void set_frames(pfn_t first, unsigned long n, bool free)
{
	for (pfn_t pfn = first; pfn < first + n; pfn++) {
		__atomic_store_n(&frame_free[pfn], free, __ATOMIC_RELAXED);
		if (((paddr_t)pfn << PAGE_SHIFT) >= boot_info.lowmem_end)
			continue;
		if (free)
			ASAN_POISON_MEMORY_REGION(lowmem_ptr((paddr_t)pfn << PAGE_SHIFT),
						  PAGE_SIZE);
		else
			ASAN_UNPOISON_MEMORY_REGION(lowmem_ptr((paddr_t)pfn << PAGE_SHIFT),
						    PAGE_SIZE);
	}
}

void arch_frames_taken(pfn_t first, unsigned long n)
{
	set_frames(first, n, false);
}

void arch_frames_freed(pfn_t first, unsigned long n)
{
	set_frames(first, n, true);
}

/* ---- windows: => window_lock ---- */

static void show(struct window *w, unsigned long n, pfn_t pfn)
{
	char *at = w->base + (n << PAGE_SHIFT);
	bool ram = pfn < frames;
	void *p;

	if (w->page[n].state == MAPPED)
		panic("%s: %p is mapped already, to frame %x", w->name, (void *)at, w->page[n].pfn);
	if (w->page[n].state == STALE)
		panic("%s: %p is mapped again, but TLBs may still have frame %x there", w->name,
		      (void *)at, w->page[n].pfn);
	if (sim_frame_is_free(pfn))
		panic("%s: frame %lx is free and gets mapped", w->name, pfn);
	p = mmap(at, PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_FIXED | (ram ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), ram ? ram_fd : -1,
		 ram ? (off_t)pfn << PAGE_SHIFT : 0);
	if (p == MAP_FAILED)
		sim_die("the host is out of mappings");
	w->page[n] = (struct window_page){(u32)pfn, MAPPED};
	w->mapped++;
}

static void hide(struct window *w, unsigned long n, enum page_state after)
{
	if (w->page[n].state != MAPPED)
		panic("%s: %p is not mapped", w->name, (void *)(w->base + (n << PAGE_SHIFT)));
	mmap(w->base + (n << PAGE_SHIFT), PAGE_SIZE, PROT_NONE,
	     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	w->page[n].state = after;
	w->mapped--;
}

/* The page of a window that @addr lies in, or NULL. */
static struct window_page *find(const struct window *w, unsigned long addr)
{
	unsigned long n = (addr - (unsigned long)w->base) >> PAGE_SHIFT;

	return addr >= (unsigned long)w->base && n < w->pages ? &w->page[n] : NULL;
}

static const struct window *window_of(unsigned long addr, struct window_page **page)
{
	static const struct window *const all[] = {&ring, &pkmap, &vmalloc_window};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		*page = find(all[i], addr);
		if (*page)
			return all[i];
	}
	return NULL;
}

bool sim_describe_address(unsigned long addr, char *buf, size_t size)
{
	struct window_page *page;
	const struct window *w = window_of(addr, &page);

	if (!w)
		return false;
	if (page->state == CLEAN && !page->pfn)
		snprintf(buf, size, "%s address that was never mapped", w->name);
	else
		snprintf(buf, size, "stale %s pointer: frame %x was mapped there", w->name,
			 page->pfn);
	return true;
}

unsigned sim_windows_mapped(void)
{
	return (unsigned)(ring.mapped + pkmap.mapped + vmalloc_window.mapped);
}

/* ---- kmap_local ---- */

static DEFINE_PER_CPU(unsigned long[KM_MAX_IDX], slot_page);

void *arch_kmap_slot_map(unsigned slot, pfn_t pfn)
{
	unsigned long n;

	pthread_mutex_lock(&window_lock);
	do
		n = ring_next++ % RING_PAGES;
	while (ring.page[n].state == MAPPED);
	show(&ring, n, pfn);
	(*this_cpu_ptr(slot_page))[slot] = n;
	pthread_mutex_unlock(&window_lock);
	return ring.base + (n << PAGE_SHIFT);
}

/* Its own TLB is flushed, no other has seen it. */
void arch_kmap_slot_unmap(unsigned slot)
{
	pthread_mutex_lock(&window_lock);
	hide(&ring, (*this_cpu_ptr(slot_page))[slot], CLEAN);
	pthread_mutex_unlock(&window_lock);
}

/* ---- kmap ---- */

static unsigned turn[1024];

static unsigned long pkmap_page(unsigned slot)
{
	return (unsigned long)turn[slot] * windows.pkmap_slots + slot;
}

void *arch_pkmap_map(unsigned slot, pfn_t pfn)
{
	unsigned long n;

	pthread_mutex_lock(&window_lock);
	if (pkmap.page[slot].state == STALE)
		panic("kmap: slot %u is used again before the TLBs were flushed", slot);
	turn[slot] = 1 + turn[slot] % (PKMAP_TURNS - 1);
	n = pkmap_page(slot);
	show(&pkmap, n, pfn);
	pkmap.page[slot].state = MAPPED;
	pthread_mutex_unlock(&window_lock);
	return pkmap.base + (n << PAGE_SHIFT);
}

void arch_pkmap_unmap(unsigned slot)
{
	pthread_mutex_lock(&window_lock);
	hide(&pkmap, pkmap_page(slot), CLEAN);
	pkmap.page[slot].state = STALE;
	pthread_mutex_unlock(&window_lock);
}

/* ---- vmalloc ---- */

static unsigned long vmalloc_page(const void *va)
{
	if (!find(&vmalloc_window, (unsigned long)va))
		panic("%p is not in the vmalloc window", va);
	return (unsigned long)((const char *)va - vmalloc_window.base) >> PAGE_SHIFT;
}

void arch_kernel_map(void *va, pfn_t pfn, pgprot_t prot)
{
	(void)prot;
	pthread_mutex_lock(&window_lock);
	show(&vmalloc_window, vmalloc_page(va), pfn);
	pthread_mutex_unlock(&window_lock);
}

void arch_kernel_unmap(void *va)
{
	pthread_mutex_lock(&window_lock);
	hide(&vmalloc_window, vmalloc_page(va), STALE);
	pthread_mutex_unlock(&window_lock);
}

bool arch_kernel_lookup(const void *va, pfn_t *pfn, pgprot_t *prot)
{
	struct window_page *page;
	bool found;

	*prot = PGPROT_KERNEL;
	if ((unsigned long)va >= PAGE_OFFSET && va < windows.high_memory) {
		*pfn = (pfn_t)(lowmem_paddr(va) >> PAGE_SHIFT);
		return true;
	}
	pthread_mutex_lock(&window_lock);
	found = window_of((unsigned long)va, &page) && page->state == MAPPED;
	if (found)
		*pfn = page->pfn;
	pthread_mutex_unlock(&window_lock);
	return found;
}

/* ---- what every CPU has forgotten ---- */

static void forget(void *arg)
{
	(void)arg;
}

void tlb_flush_kernel_range(const void *start, const void *end)
{
	cpumask_t mask = {{0}};

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		mask.bits[0] |= 1ul << cpu;
	ipi_call(&mask, forget, NULL);
	pthread_mutex_lock(&window_lock);
	for (unsigned long va = (unsigned long)start; va < (unsigned long)end; va += PAGE_SIZE) {
		struct window_page *page;

		if (window_of(va, &page) && page->state == STALE)
			page->state = CLEAN;
	}
	pthread_mutex_unlock(&window_lock);
}

void sim_check_free_frames(void);
static void check_pte(struct arch_mm *am, uaddr_t addr, pte_t pte, void *arg)
{
	(void)am, (void)arg;
	if (sim_frame_is_free(pte_pfn(pte)))
		sim_die("oracle: frame %lx is free, and mapped at user address %x", pte_pfn(pte),
			addr);
}

static void check_window(const struct window *w, unsigned long first)
{
	unsigned long left = w->mapped;

	for (unsigned long n = first; left && n < w->pages; n++) {
		if (w->page[n].state != MAPPED)
			continue;
		left--;
		if (sim_frame_is_free(w->page[n].pfn))
			sim_die("oracle: frame %x is free, and mapped by %s", w->page[n].pfn,
				w->name);
	}
}

void sim_check_free_frames(void)
{
	check_window(&ring, 0);
	check_window(&pkmap, windows.pkmap_slots);
	check_window(&vmalloc_window, 0);
	sim_for_each_pte(check_pte, NULL);
}
