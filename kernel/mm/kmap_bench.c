/*
 * kmap against kmap_local: as many threads as asked for, each on a CPU of its own, each mapping its
 * own high pages in turn, writing a word, and unmapping. The threads share nothing but what the two
 * calls share: for kmap_local nothing, for kmap the window, its lock, and the flush on all CPUs
 * when it wraps.
 *
 * Threads begin together: each counts itself in at the gate, and the last opens it.
 * Lock: bench_lock, around a whole run: threads and results of one run are static.
 */
#include "mm/kmap_bench.h"
#include "lib/atomic.h"
#include "mm/highmem.h"
#include "mm/inspect.h"
#include "mm/slab.h"
#include "sched/cpumask.h"
#include "sched/task.h"

#define BATCH 256 /* maps between two looks at who else wants the CPU */

struct thread {
	const struct kmap_bench *bench;
	struct page **pages;
	unsigned cpu;
	u64 cycles;
	u64 begin_ns, end_ns;
};

static DEFINE_MUTEX(bench_lock, RANK_KMAP_BENCH);
static struct completion through;
static atomic_t at_gate;
static atomic_t gate; /* how many must be at the gate; 0: not known yet */

static void wait_at_gate(void)
{
	atomic_inc(&at_gate);
	while (!atomic_read(&gate) || atomic_read(&at_gate) < atomic_read(&gate)) {
		cpu_relax();
		cond_resched();
	}
}

static void use_local(struct page *page)
{
	volatile u32 *word = kmap_local_page(page);

	++*word;
	kunmap_local((const void *)word);
}

static void use_kmap(struct page *page)
{
	volatile u32 *word = kmap(page);

	++*word;
	kunmap(page);
}

static void map_in_turn(const struct thread *t, void (*use)(struct page *page))
{
	unsigned next = 0;

	for (unsigned i = 0; i < t->bench->count; i++) {
		use(t->pages[next]);
		if (++next == t->bench->pages)
			next = 0;
		if (i % BATCH == BATCH - 1)
			cond_resched();
	}
}

static int thread_main(void *arg)
{
	struct thread *t = arg;
	cpumask_t here = cpumask_of(t->cpu);
	u64 begin;

	sched_set_affinity(current, &here);
	wait_at_gate();
	t->begin_ns = clock_ns();
	begin = cycles_now();
	map_in_turn(t, t->bench->local ? use_local : use_kmap);
	t->cycles = cycles_now() - begin;
	t->end_ns = clock_ns();
	complete(&through);
	return 0;
}

/* ---- pages ---- */

static void free_all(struct thread *t)
{
	for (unsigned i = 0; t->pages && i < t->bench->pages && t->pages[i]; i++)
		page_put(t->pages[i]);
	kfree(t->pages);
}

static int take_pages(struct thread *t)
{
	t->pages = kzalloc(t->bench->pages * sizeof(*t->pages), GFP_KERNEL);
	if (!t->pages)
		return -ENOMEM;
	for (unsigned i = 0; i < t->bench->pages; i++) {
		t->pages[i] = alloc_page(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN);
		if (!t->pages[i])
			return -ENOMEM;
		if (page_to_pfn(t->pages[i]) < max_low_pfn)
			return -ENODEV;
	}
	return 0;
}

/* ---- a run: => bench_lock ---- */

static int start_threads(struct thread *threads, unsigned n)
{
	unsigned started = 0;

	completion_init(&through);
	atomic_set(&at_gate, 0);
	atomic_set(&gate, 0);
	while (started < n &&
	       kthread_create(thread_main, &threads[started], "kmap/%u", threads[started].cpu))
		started++;
	/* Those that did start must come to an end. */
	atomic_set(&gate, (int)started);
	for (unsigned i = 0; i < started; i++)
		wait_for_completion(&through);
	return started == n ? 0 : -ENOMEM;
}

static void add_up(struct kmap_bench *bench, const struct thread *threads)
{
	u64 begin = threads[0].begin_ns, end = 0;

	bench->cycles = 0;
	for (unsigned i = 0; i < bench->cpus; i++) {
		bench->cycles += threads[i].cycles;
		begin = MIN(begin, threads[i].begin_ns);
		end = MAX(end, threads[i].end_ns);
	}
	bench->elapsed_ns = end - begin;
}

static int run(struct kmap_bench *bench, struct thread *threads)
{
	struct inspect_pkmap before, after;
	unsigned n = 0, cpu;
	int err = 0;

	for_each_online_cpu(cpu)
	{
		if (n == bench->cpus)
			break;
		threads[n] = (struct thread){.bench = bench, .cpu = cpu};
		err = take_pages(&threads[n++]);
		if (err)
			goto out;
	}
	inspect_pkmap(&before);
	err = start_threads(threads, n);
	inspect_pkmap(&after);
	bench->flushes = after.flushes - before.flushes;
	bench->waits = after.waits - before.waits;
	if (!err)
		add_up(bench, threads);
out:
	while (n)
		free_all(&threads[--n]);
	return err;
}

int kmap_bench_run(struct kmap_bench *bench)
{
	struct thread *threads;
	int err;

	if (!bench->cpus || bench->cpus > cpumask_weight(&cpu_online_mask) || !bench->pages ||
	    bench->pages > KMAP_BENCH_PAGES_MAX || !bench->count ||
	    bench->count > KMAP_BENCH_COUNT_MAX)
		return -EINVAL;
	threads = kzalloc(bench->cpus * sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	mutex_lock(&bench_lock);
	err = run(bench, threads);
	mutex_unlock(&bench_lock);
	kfree(threads);
	return err;
}
