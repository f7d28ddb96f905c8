/*
 * meminfo - what the kernel tells about physical memory and about its own: proc(5)
 * meminfo, zoneinfo, buddyinfo, iomem, vmallocinfo, slabinfo, vmstat. Each has Linux's
 * format, and they agree.
 */
#include "t.h"

static char text[262144];

/* -- meminfo --------------------------------------------------------------------------------- */

static const char *const keys[] = {
	"MemTotal",     "MemFree",        "MemAvailable", "Buffers",      "Cached",
	"SwapCached",   "Active",         "Inactive",     "Active(anon)", "Inactive(anon)",
	"Active(file)", "Inactive(file)", "Unevictable",  "Mlocked",      "HighTotal",
	"HighFree",     "LowTotal",       "LowFree",      "SwapTotal",    "SwapFree",
	"Dirty",        "Writeback",      "AnonPages",    "Mapped",       "Shmem",
	"KReclaimable", "Slab",           "SReclaimable", "SUnreclaim",   "KernelStack",
	"PageTables",   "Bounce",         "CommitLimit",  "Committed_AS", "VmallocTotal",
	"VmallocUsed",  "VmallocChunk",   "Percpu",       "DirectMap4k",
};

static long long mem(const char *key)
{
	char with_colon[40];

	snprintf(with_colon, sizeof(with_colon), "%s:", key);
	return t_field("/proc/meminfo", with_colon);
}

static void check_meminfo(void)
{
	unsigned missing = 0, odd = 0;
	char key[40], line[100], *at = text, *next;

	t_must(t_slurp("/proc/meminfo", text, sizeof(text)) > 0);
	for (unsigned i = 0; i < T_COUNT(keys); i++) {
		snprintf(key, sizeof(key), "%s%s:", i ? "\n" : "", keys[i]);
		char *found = strstr(at, key);
		if (!found) {
			t_note("no '%s:' in its place", keys[i]);
			missing++;
		} else {
			at = found + 1;
		}
	}
	eq(missing, 0, "meminfo has Linux's keys in Linux's order");
	for (char *p = text; *p; p = next) {
		unsigned long long n;
		char name[40], want[100];

		next = strchr(p, '\n') + 1;
		snprintf(line, sizeof(line), "%.*s", (int)(next - p - 1), p);
		if (sscanf(line, "%39[^:]: %llu", name, &n) != 2 ||
		    strncmp(name, "HugePages_", 10) == 0 || strcmp(name, "HardwareCorrupted") == 0)
			continue;
		strcat(name, ":");
		snprintf(want, sizeof(want), "%-16s%8llu kB", name, n);
		if (strcmp(line, want) != 0) {
			t_note("got '%s' want '%s'", line, want);
			odd++;
		}
	}
	eq(odd, 0, "every line is the key in 16 columns, the number in 8, and kB");
	eq(mem("HighTotal") + mem("LowTotal"), mem("MemTotal"), "HighTotal + LowTotal == MemTotal");
	ok(mem("MemFree") <= mem("MemTotal"), "MemFree is not above MemTotal");
	ok(mem("HighFree") <= mem("HighTotal"), "HighFree is not above HighTotal");
	ok(mem("LowFree") <= mem("LowTotal"), "LowFree is not above LowTotal");
	ok(llabs(mem("HighFree") + mem("LowFree") - mem("MemFree")) < 4096,
	   "HighFree + LowFree is MemFree");
	ok(mem("MemAvailable") <= mem("MemTotal") && mem("MemAvailable") > 0,
	   "MemAvailable is plausible");
	eq(mem("Slab"), mem("SReclaimable") + mem("SUnreclaim"), "Slab is its two parts");
	ok(mem("VmallocUsed") <= mem("VmallocTotal"), "VmallocUsed is not above VmallocTotal");
	ok(mem("VmallocTotal") > 0, "VmallocTotal is known");
	ok(mem("KernelStack") > 0, "KernelStack counts");
	ok(mem("PageTables") > 0, "PageTables counts");
	eq(mem("SwapTotal"), mem("SwapFree"), "no swap is used");
}

/* -- it moves -------------------------------------------------------------------------------- */

#define CHUNK (8ul << 20)

static void check_moves(void)
{
	long long anon = mem("AnonPages"), shmem, cached, tables;
	char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	memset(p, 1, CHUNK);
	ok(mem("AnonPages") - anon > 7000, "8 MB of touched anonymous memory raise AnonPages");
	munmap(p, CHUNK);
	ok(t_until(mem("AnonPages") - anon < 1000), "freed, AnonPages falls back");
	shmem = mem("Shmem");
	cached = mem("Cached");
	fd = t_file("big", NULL, 0);
	p = calloc(1, 65536);
	for (unsigned i = 0; i < CHUNK / 65536; i++)
		t_must(write(fd, p, 65536) == 65536);
	ok(mem("Cached") - cached > 7000, "8 MB in a file of /tmp raise Cached");
	ok(mem("Shmem") - shmem > 7000, "and Shmem, /tmp being a tmpfs");
	t_must(ftruncate(fd, 0) == 0);
	ok(t_until(mem("Shmem") - shmem < 1000), "truncated, Shmem falls back");
	free(p);
	close(fd);
	tables = mem("PageTables");
	p = mmap(NULL, 1ul << 29, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		t_skip("a sparse mapping raises PageTables", "no 512 MB of addresses");
		return;
	}
	for (unsigned long i = 0; i < 1ul << 29; i += 4ul << 20)
		(void)*(volatile char *)(p + i);
	ok(mem("PageTables") - tables >= 400,
	   "128 page tables for a sparse mapping raise PageTables");
	munmap(p, 1ul << 29);
	ok(t_until(mem("PageTables") - tables < 200), "unmapped, PageTables falls back");
}

/* -- zoneinfo and buddyinfo ------------------------------------------------------------------ */

struct zone {
	char name[16];
	unsigned long free, min, low, high, spanned, present, managed, start_pfn;
	int protections;
	unsigned long buddy_free;
};

static struct zone zones[8];
static int zone_count;

static unsigned long zone_number(const char *from, const char *to, const char *key)
{
	const char *p = strstr(from, key);

	return p && p < to ? strtoul(p + strlen(key), NULL, 10) : 0;
}

static void read_zones(void)
{
	char *p, *end;

	t_must(t_slurp("/proc/zoneinfo", text, sizeof(text)) > 0);
	for (p = strstr(text, "Node 0, zone"); p; p = end) {
		struct zone *z = &zones[zone_count];
		char *protection;

		end = strstr(p + 1, "Node 0, zone");
		char *stop = end ? end : p + strlen(p);
		if (sscanf(p, "Node 0, zone %15s", z->name) != 1 || zone_count == 8)
			continue;
		z->free = zone_number(p, stop, "\n  pages free ");
		z->min = zone_number(p, stop, "\n        min ");
		z->low = zone_number(p, stop, "\n        low ");
		z->high = zone_number(p, stop, "\n        high ");
		z->spanned = zone_number(p, stop, "\n        spanned ");
		z->present = zone_number(p, stop, "\n        present ");
		z->managed = zone_number(p, stop, "\n        managed ");
		z->start_pfn = zone_number(p, stop, "\n  start_pfn: ");
		protection = strstr(p, "\n        protection: (");
		if (protection && protection < stop)
			for (z->protections = 1; *protection && *protection != ')'; protection++)
				z->protections += *protection == ',';
		if (z->managed)
			zone_count++;
	}
}

static void check_zones(void)
{
	unsigned long managed = 0, high = 0, lines = 0, wrong = 0;
	char *p;

	read_zones();
	ok(zone_count >= 1, "zoneinfo has zones with memory (%d)", zone_count);
	ok(strcmp(zones[0].name, "DMA") == 0, "the first is DMA");
	ok(zones[0].start_pfn + zones[0].spanned <= 4096, "DMA ends at 16 MB at most");
	for (int i = 0; i < zone_count; i++) {
		struct zone *z = &zones[i];

		managed += z->managed;
		if (strcmp(z->name, "HighMem") == 0)
			high = z->managed;
		ok(z->spanned >= z->present && z->present >= z->managed,
		   "zone %s: spanned >= present >= managed", z->name);
		ok(z->min <= z->low && z->low <= z->high, "zone %s: min <= low <= high", z->name);
		ok(z->free <= z->managed, "zone %s: free <= managed", z->name);
		ok(z->protections >= 3, "zone %s: a protection for each zone above", z->name);
		if (i)
			ok(z->start_pfn >= zones[i - 1].start_pfn + zones[i - 1].spanned,
			   "zone %s: begins behind zone %s", z->name, zones[i - 1].name);
	}
	eq(managed * 4, mem("MemTotal"), "the managed pages are MemTotal");
	eq(high * 4, mem("HighTotal"), "those of HighMem are HighTotal");

	t_must(t_slurp("/proc/buddyinfo", text, sizeof(text)) > 0);
	for (p = strtok(text, "\n"); p; p = strtok(NULL, "\n")) {
		unsigned long n[11], free_pages = 0;
		char name[16];

		lines++;
		if (sscanf(p, "Node 0, zone %15s %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu", name,
			   n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9,
			   n + 10) != 12) {
			t_note("unreadable: %s", p);
			wrong++;
			continue;
		}
		for (int i = 0; i < 11; i++)
			free_pages += n[i] << i;
		for (int i = 0; i < zone_count; i++)
			if (strcmp(zones[i].name, name) == 0)
				zones[i].buddy_free = free_pages;
		wrong += strlen(p) < 21 + 11 * 7 || strncmp(p + 13, "        ", 1) != 0;
	}
	eq(lines, zone_count, "buddyinfo has a line for each zone with memory");
	eq(wrong, 0, "each with a name and 11 orders");
	for (int i = 0; i < zone_count; i++)
		ok(labs((long)(zones[i].buddy_free - zones[i].free)) < 2048,
		   "zone %s: buddyinfo and zoneinfo agree on what is free", zones[i].name);
}

/* -- iomem ----------------------------------------------------------------------------------- */

struct resource {
	unsigned long long start, end;
	int depth;
	char name[80];
};

static struct resource resources[200];
static int resource_count;

static void read_iomem(void)
{
	t_must(t_slurp("/proc/iomem", text, sizeof(text)) > 0);
	for (char *p = strtok(text, "\n"); p && resource_count < 200; p = strtok(NULL, "\n")) {
		struct resource *r = &resources[resource_count];

		r->depth = strspn(p, " ") / 2;
		if (sscanf(p, " %llx-%llx : %79[^\n]", &r->start, &r->end, r->name) == 3)
			resource_count++;
	}
}

static struct resource *resource(const char *name)
{
	for (int i = 0; i < resource_count; i++)
		if (strcmp(resources[i].name, name) == 0)
			return &resources[i];
	return NULL;
}

static void check_iomem(void)
{
	unsigned long long ram = 0;
	int disorder = 0, outside = 0;
	struct resource *code, *parent[8] = {NULL};

	read_iomem();
	ok(resource_count > 3, "iomem has resources (%d)", resource_count);
	for (int i = 0; i < resource_count; i++) {
		struct resource *r = &resources[i];

		if (r->depth > 7)
			continue;
		disorder += r->end < r->start ||
			    (parent[r->depth] && r->start <= parent[r->depth]->end);
		outside += r->depth &&
			   (!parent[r->depth - 1] || r->start < parent[r->depth - 1]->start ||
			    r->end > parent[r->depth - 1]->end);
		parent[r->depth] = r;
		for (int d = r->depth + 1; d < 8; d++)
			parent[d] = NULL;
		if (strcmp(r->name, "System RAM") == 0)
			ram += r->end - r->start + 1;
	}
	eq(disorder, 0, "they ascend and do not overlap");
	eq(outside, 0, "children lie within their parents");
	ok(ram / 1024 >= (unsigned long long)mem("MemTotal"), "System RAM is at least MemTotal");
	ok(ram / 1024 < (unsigned long long)mem("MemTotal") + 65536 + ram / 1024 / 16,
	   "and not much more");
	code = resource("Kernel code");
	ok(code && code->depth == 1 && code->start >= 0x100000,
	   "Kernel code lies in System RAM, from 1 MB up");
	ok(resource("Kernel data") != NULL, "Kernel data is there");
	ok(resource("Kernel bss") != NULL, "Kernel bss is there");
	if (resource("Local APIC"))
		eq(resource("Local APIC")->start, 0xfee00000, "the local APIC is at its place");
}

static int iomem_user(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	resource_count = 0;
	read_iomem();
	for (int i = 0; i < resource_count; i++)
		need(resources[i].start == 0);
	return 0;
}

/* -- vmallocinfo, slabinfo, vmstat ----------------------------------------------------------- */

static void check_vmallocinfo(void)
{
	unsigned long lines = 0, wrong = 0, size;
	char start[16], end[16], caller[128];

	if (t_slurp("/proc/vmallocinfo", text, sizeof(text)) < 0) {
		ok(false, "vmallocinfo can be read");
		return;
	}
	for (char *p = strtok(text, "\n"); p; p = strtok(NULL, "\n")) {
		lines++;
		/*
		 * The addresses are hidden ("(ptrval)") until the kernel has a key to
		 * hash them with.
		 */
		if (sscanf(p, "0x%15[^-]-0x%15s %lu %127s", start, end, &size, caller) < 3 ||
		    size % T_PAGE || size == 0) {
			t_note("odd: %s", p);
			wrong++;
		}
	}
	ok(lines > 0, "vmallocinfo has areas (%lu)", lines);
	eq(wrong, 0, "each with start-end, a size in pages, a caller");
}

static int unreadable(void *path)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(open(path, O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

static void check_slabinfo(void)
{
	unsigned long lines = 0, wrong = 0, active, total, size, per_slab, pages;
	char name[64];

	if (t_slurp("/proc/slabinfo", text, sizeof(text)) < 0) {
		ok(false, "slabinfo can be read");
		return;
	}
	ok(strncmp(text,
		   "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
		   "<objperslab> <pagesperslab>",
		   100) == 0,
	   "slabinfo has the head of version 2.1");
	strtok(text, "\n");
	strtok(NULL, "\n");
	for (char *p = strtok(NULL, "\n"); p; p = strtok(NULL, "\n")) {
		lines++;
		if (sscanf(p, "%63s %lu %lu %lu %lu %lu", name, &active, &total, &size, &per_slab,
			   &pages) != 6 ||
		    !strstr(p, " : tunables ") || !strstr(p, " : slabdata ") || active > total ||
		    per_slab * size > pages * T_PAGE) {
			t_note("odd: %s", p);
			wrong++;
		}
	}
	ok(lines > 5, "slabinfo has caches (%lu)", lines);
	eq(wrong, 0, "each line reads, and a slab holds its objects");
}

static void check_vmstat(void)
{
	static const char *const names[] = {
		"nr_free_pages ", "nr_anon_pages ",  "nr_file_pages ", "nr_mapped ",
		"pgfault ",       "pgalloc_normal ", "pgfree ",
	};
	long long before = t_field("/proc/vmstat", "pgfault ");
	char *p = t_pages(1000);
	unsigned missing = 0;

	for (unsigned i = 0; i < T_COUNT(names); i++)
		missing += t_field("/proc/vmstat", names[i]) < 0;
	eq(missing, 0, "vmstat has the counters that tools read");
	madvise(p, 1000 * T_PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, 1000 * T_PAGE);
	ok(t_until(t_field("/proc/vmstat", "pgfault ") - before >= 900),
	   "pgfault counts 1000 faults");
	munmap(p, 1000 * T_PAGE);
}

int main(void)
{
	t_tmpdir();
	check_meminfo();
	check_moves();
	check_zones();
	check_iomem();
	passes(iomem_user, "a user sees no physical address in iomem");
	check_vmallocinfo();
	exits(unreadable, "/proc/vmallocinfo", 0, "vmallocinfo is for root only");
	check_slabinfo();
	exits(unreadable, "/proc/slabinfo", 0, "slabinfo is for root only");
	check_vmstat();
	return t_done();
}
