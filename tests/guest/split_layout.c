/*
 * split_layout - all that tells where user space, low memory, high memory and vmalloc lie says the
 * same: /proc/kcore's headers, meminfo, zoneinfo, iomem, maps, the auxiliary vector; on Isthmus the
 * boot messages and the dump of the page tables too. proc(5), getauxval(3)
 */
#include "split.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/klog.h>

static unsigned long task_size;
static unsigned long long low_end; /* physical */
static unsigned long vmalloc_start, vmalloc_size;
static char text[1 << 20];

static long long mem(const char *key)
{
	return t_field("/proc/meminfo", key);
}

static void read_kcore(void)
{
	Elf32_Phdr ph[16];
	Elf32_Ehdr eh;
	int fd = open("/proc/kcore", O_RDONLY);
	unsigned long low = 0, low_size = 0;

	t_must(fd >= 0 && read(fd, &eh, sizeof(eh)) == sizeof(eh) && eh.e_phnum <= 16);
	t_must(pread(fd, ph, eh.e_phnum * sizeof(*ph), eh.e_phoff) > 0);
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (ph[i].p_paddr == 0) {
			low = ph[i].p_vaddr;
			low_size = ph[i].p_memsz;
		} else if (!vmalloc_start) {
			vmalloc_start = ph[i].p_vaddr;
			vmalloc_size = ph[i].p_memsz;
		}
	}
	close(fd);
	low_end = low_size;
	t_note("low memory 0x%lx + 0x%lx, vmalloc 0x%lx + 0x%lx", low, low_size, vmalloc_start,
	       vmalloc_size);
	eq(low, task_size, "kcore: the direct map begins where user space ends");
	ok(low + low_size < vmalloc_start, "kcore: vmalloc lies above it");
	ok(vmalloc_start + vmalloc_size > vmalloc_start, "kcore: and ends below 4 GB");
}

/* ---- user space ---- */

static void check_user_space(void)
{
	unsigned long start, end = 0, last = 0, vdso = getauxval(AT_SYSINFO_EHDR);
	char line[300];
	FILE *f = fopen("/proc/self/maps", "r");

	t_must(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			last = end;
	fclose(f);
	ok(last <= task_size, "maps: no area ends above user space");
	ok(task_size - last <= 8ul << 20, "maps: the last one ends near it");
	ok(vdso && vdso < task_size && t_read((void *)vdso).sig == 0, "the vDSO is below it");
	ok(getauxval(AT_RANDOM) < task_size && getauxval(AT_EXECFN) < task_size,
	   "and what the kernel put on the stack");
}

/* ---- physical memory ---- */

static long long zone_number(const char *zone, const char *key)
{
	char head[40];
	const char *at;

	snprintf(head, sizeof(head), "zone %8s", zone);
	t_must(t_slurp("/proc/zoneinfo", text, sizeof(text)) > 0);
	at = strstr(text, head);
	at = at ? strstr(at, key) : NULL;
	return at ? atoll(at + strlen(key)) : -1;
}

/* KB of RAM in /proc/iomem between two addresses. */
static long long ram_kb(unsigned long long from, unsigned long long to)
{
	unsigned long long start, end, sum = 0;
	char line[200];
	FILE *f = fopen("/proc/iomem", "r");

	t_must(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx", &start, &end) != 2 || *line == ' ' ||
		    !strstr(line, ": System RAM"))
			continue;
		end++;
		start = start < from ? from : start;
		end = end > to ? to : end;
		if (start < end)
			sum += end - start;
	}
	fclose(f);
	return (long long)(sum / 1024);
}

static void check_memory(void)
{
	long long high = zone_number("HighMem", "present");
	long long direct = mem("DirectMap4k:");

	direct += t_field("/proc/meminfo", "DirectMap2M:") > 0 ? mem("DirectMap2M:")
							       : mem("DirectMap4M:");
	eq(mem("VmallocTotal:"), vmalloc_size / 1024, "meminfo: VmallocTotal is kcore's");
	ok(llabs(direct - (long long)(low_end / 1024)) <= 4096, "meminfo: DirectMap is low memory");
	ok(mem("LowTotal:") * 1024 <= (long long)low_end, "meminfo: LowTotal is not above it");
	ok(mem("HighTotal:") <= (high > 0 ? high * 4 : 0),
	   "meminfo: HighTotal is not above what the zone has");
	eq(high > 0 ? high * 4 : 0, ram_kb(low_end, ~0ull),
	   "iomem: what is above low memory is the high zone");
	ok(ram_kb(0, low_end) - mem("LowTotal:") < 480 << 10 &&
		   ram_kb(0, low_end) >= mem("LowTotal:"),
	   "iomem: what is below is LowTotal and what the kernel took");
	if (high > 0)
		eq(zone_number("HighMem", "start_pfn:") * 4096, low_end,
		   "zoneinfo: the high zone begins where low memory ends");
	else
		t_skip("zoneinfo: the high zone begins where low memory ends", "no high memory");
}

/* ---- the kernel's own words ---- */

static bool row_of(const char *name, unsigned long *start, unsigned long *end)
{
	const char *at = strstr(text, name);

	return at && sscanf(at + strlen(name), " : 0x%lx - 0x%lx", start, end) == 2;
}

static void check_log(void)
{
	unsigned long start, end;
	int n = klogctl(3, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (!strstr(text, "virtual kernel memory layout:")) {
		t_skip("the log prints the layout", "this kernel does not");
		return;
	}
	ok(row_of("lowmem ", &start, &end) && start == task_size && end - start == low_end,
	   "the log: low memory");
	ok(row_of("vmalloc", &start, &end) && start == vmalloc_start && end - start == vmalloc_size,
	   "the log: vmalloc");
	ok(row_of(".text", &start, &end) && start > task_size && end < task_size + (16ul << 20),
	   "the log: the kernel's text");
}

static void check_dump(void)
{
	unsigned long user_end = 0, vmalloc = 0;
	const char *at;

	if (t_slurp("/sys/kernel/debug/page_tables/kernel", text, sizeof(text)) <= 0) {
		t_skip("the dump of the page tables", "this kernel has none");
		return;
	}
	at = strstr(text, "---[ Kernel Mapping ]---\n");
	sscanf(at ? strchr(at, '\n') + 1 : "", "0x%lx", &user_end);
	at = strstr(text, "---[ vmalloc() Area ]---\n");
	sscanf(at ? strchr(at, '\n') + 1 : "", "0x%lx", &vmalloc);
	eq(user_end, task_size, "the dump of the page tables: the kernel's part");
	eq(vmalloc, vmalloc_start, "the dump of the page tables: vmalloc");
}

int main(void)
{
	task_size = find_task_size();
	t_note("user space ends at 0x%lx", task_size);
	read_kcore();
	check_user_space();
	check_memory();
	check_log();
	check_dump();
	return t_done();
}
