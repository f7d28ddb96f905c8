/*
 * proc_sys_vm - /proc/sys/vm: which numbers each knob takes, and what turning it does. proc(5)
 *
 * needs: mem=256M
 */
#include "t.h"
#include <sys/auxv.h>

#define VM "/proc/sys/vm/"

static int write_to(const char *name, const char *value)
{
	char path[64];
	int fd, n, err;

	snprintf(path, sizeof(path), VM "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	err = errno;
	close(fd);
	errno = err;
	return n;
}

static const char *value_of(const char *name)
{
	static char text[64];
	char path[64];

	snprintf(path, sizeof(path), VM "%s", name);
	if (t_slurp(path, text, sizeof(text)) < 0)
		return "unreadable";
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* -- values ---------------------------------------------------------------------------------- */

static const struct {
	const char *name, *good, *reads, *bad;
} numbers[] = {
	{"max_map_count", "1000", "1000", "-1"},
	{"overcommit_memory", "1", "1", "3"},
	{"overcommit_ratio", "80", "80", "x"},
	{"overcommit_kbytes", "100000", "100000", "x"},
	{"admin_reserve_kbytes", "4096", "4096", "x"},
	{"user_reserve_kbytes", "4096", "4096", "x"},
	{"min_free_kbytes", "1500", "1500", "-1"},
	{"watermark_scale_factor", "100", "100", "3001"},
	{"watermark_scale_factor", "10", "10", "0"},
	{"lowmem_reserve_ratio", "128 16", "128\t16\t0\t0", ""},
	{"mmap_min_addr", "8192", "8192", "x"},
	{"mmap_rnd_bits", "10", "10", "17"},
	{"legacy_va_layout", "1", "1", "-1"},
	{"vdso_enabled", "0", "0", "x"},
	{"overcommit_ratio", " 0x20 ", "32", ""},
	{"vfs_cache_pressure", "50", "50", "-1"},
	{"swappiness", "200", "200", "201"},
	{"dirty_background_ratio", "5", "5", "101"},
	{"dirty_ratio", "100", "100", "101"},
	{"dirty_expire_centisecs", "1000", "1000", "-1"},
	{"dirty_writeback_centisecs", "0", "0", "x"},
	{"dirtytime_expire_seconds", "600", "600", "-1"},
	{"stat_interval", "10", "10", "x"},
};

static void check_values(void)
{
	char old[64];

	for (unsigned i = 0; i < T_COUNT(numbers); i++) {
		const char *name = numbers[i].name;

		strcpy(old, value_of(name));
		eq(write_to(name, numbers[i].good), strlen(numbers[i].good), "%s takes '%s'", name,
		   numbers[i].good);
		ok(strcmp(value_of(name), numbers[i].reads) == 0, "and reads as it (%s)",
		   value_of(name));
		if (*numbers[i].bad)
			fails(write_to(name, numbers[i].bad), EINVAL, "'%s' is EINVAL",
			      numbers[i].bad);
		write_to(name, old);
	}
	write_to("overcommit_kbytes", "0");
	write_to("overcommit_ratio", "50");
}

static int as_user(void *arg)
{
	char path[64];

	need(setresuid(1000, 1000, 1000) == 0);
	need(open(VM "overcommit_memory", O_WRONLY) == -1 && errno == EACCES);
	need(open(VM "overcommit_memory", O_RDONLY) >= 0);
	need(open(VM "drop_caches", O_WRONLY) == -1 && errno == EACCES);
	snprintf(path, sizeof(path), VM "mmap_rnd_bits");
	need(open(path, O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

/* -- effects --------------------------------------------------------------------------------- */

static long long zone_number(const char *key)
{
	static char text[65536];
	char *at;

	t_must(t_slurp("/proc/zoneinfo", text, sizeof(text)) > 0);
	at = strstr(text, "zone   Normal");
	at = at ? strstr(at, key) : NULL;
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

static void check_watermarks(void)
{
	long long min = zone_number("\n        min "), distance;
	char old[64], protection[64];

	strcpy(old, value_of("min_free_kbytes"));
	write_to("min_free_kbytes", "8000");
	ok(zone_number("\n        min ") > 2 * min || min > 800,
	   "min_free_kbytes moves the zones' min (%lld to %lld)", min,
	   zone_number("\n        min "));
	write_to("min_free_kbytes", old);
	distance = zone_number("\n        low ") - zone_number("\n        min ");
	write_to("watermark_scale_factor", "500");
	ok(zone_number("\n        low ") - zone_number("\n        min ") > distance,
	   "watermark_scale_factor moves low away from it");
	write_to("watermark_scale_factor", "10");
	eq(zone_number("\n        low ") - zone_number("\n        min "), distance, "and back");
	strcpy(protection, value_of("lowmem_reserve_ratio"));
	write_to("lowmem_reserve_ratio", "1 1");
	write_to("lowmem_reserve_ratio", protection);
	ok(strcmp(value_of("lowmem_reserve_ratio"), protection) == 0,
	   "lowmem_reserve_ratio comes back from what it reads");
}

static int no_vdso(void *arg)
{
	execl("/proc/self/exe", "proc_sys_vm", arg, NULL);
	return 9;
}

static void check_exec(void)
{
	write_to("vdso_enabled", "0");
	exits(no_vdso, "no-vdso", 0, "vdso_enabled 0: a new program has none");
	write_to("vdso_enabled", "1");
	exits(no_vdso, "vdso", 0, "1: it has");
	write_to("legacy_va_layout", "1");
	exits(no_vdso, "low", 0, "legacy_va_layout 1: a new program maps from a third upward");
	write_to("legacy_va_layout", "0");
	exits(no_vdso, "high", 0, "0: from the top downward");
}

/* The other end of check_exec(). */
static int look(const char *what)
{
	unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
	unsigned long a = (unsigned long)t_pages(1), b = (unsigned long)t_pages(16);

	if (strcmp(what, "no-vdso") == 0)
		return vdso || getauxval(AT_SYSINFO);
	if (strcmp(what, "vdso") == 0)
		return !vdso;
	if (strcmp(what, "low") == 0)
		return !(b > a && a < (unsigned long)&vdso / 2);
	return !(b < a && a > (unsigned long)&vdso / 2);
}

static int many_areas(void *arg)
{
	char *p = t_pages(400);
	unsigned n = 0;

	while (n < 400 && mprotect(p + n * T_PAGE, T_PAGE, PROT_NONE) == 0)
		n += 2;
	need(errno == ENOMEM && n < 300);
	return 0;
}

static int too_much(void *arg)
{
	long long kb = t_field("/proc/meminfo", "CommitLimit:");

	need(mmap(NULL, (size_t)kb * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0) == MAP_FAILED);
	need(errno == ENOMEM);
	return 0;
}

static void check_effects(void)
{
	char old[64];
	long long drops;

	strcpy(old, value_of("max_map_count"));
	write_to("max_map_count", "200");
	exits(many_areas, NULL, 0, "max_map_count bounds a process's areas");
	write_to("max_map_count", old);
	write_to("overcommit_kbytes", "150000");
	eq(t_field("/proc/meminfo", "CommitLimit:"), 150000 / 4 * 4,
	   "overcommit_kbytes is CommitLimit");
	ok(strcmp(value_of("overcommit_ratio"), "0") == 0, "and takes the place of the ratio");
	write_to("overcommit_memory", "2");
	exits(too_much, NULL, 0, "overcommit_memory 2: no more is promised than that");
	write_to("overcommit_memory", "0");
	write_to("overcommit_ratio", "50");
	ok(strcmp(value_of("overcommit_kbytes"), "0") == 0, "the ratio takes its place back");

	drops = t_field("/proc/vmstat", "drop_pagecache ");
	eq(write_to("drop_caches", "1"), 1, "drop_caches takes 1");
	eq(write_to("drop_caches", "2\n"), 2, "and 2");
	eq(write_to("drop_caches", "3"), 1, "and 3");
	eq(t_field("/proc/vmstat", "drop_pagecache ") - drops, 2,
	   "pages are dropped by 1 and 3, says vmstat");
	fails(write_to("drop_caches", "0"), EINVAL, "0 is EINVAL");
	fails(write_to("drop_caches", "5"), EINVAL, "5 is EINVAL");
	fails(open(VM "drop_caches", O_RDONLY), EACCES, "not even root reads it");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return look(argv[1]);
	check_values();
	exits(as_user, NULL, 0, "a user reads knobs and turns none");
	check_watermarks();
	check_exec();
	check_effects();
	return t_done();
}
