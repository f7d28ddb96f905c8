/*
 * /sys/kernel/mm/transparent_hugepage: when a first touch may map a whole block (mm/huge.c), in
 * Linux's files and words. A word that stands for something which is not there (moving pages
 * together, huge zero pages, huge pages of files) is refused.
 */
#include "fs/internal.h"
#include "fs/sysfs.h"
#include "lib/string.h"
#include "mm/mm.h"

/* The words of a file, with the one in force in brackets. */
static void show_choice(struct seq_file *m, const char *const *words, unsigned n, unsigned chosen)
{
	for (unsigned i = 0; i < n; i++) {
		seq_printf(m, i == chosen ? "[%s]" : "%s", words[i]);
		seq_putc(m, i + 1 < n ? ' ' : '\n');
	}
}

static const char *const enabled_words[] = {
	[THP_ALWAYS] = "always", [THP_MADVISE] = "madvise", [THP_NEVER] = "never"};

static int show_enabled(struct seq_file *m, void *v)
{
	(void)v;
	show_choice(m, enabled_words, ARRAY_SIZE(enabled_words), thp_enabled);
	return 0;
}

static int store_enabled(void *data, const char *text)
{
	(void)data;
	for (unsigned i = 0; i < ARRAY_SIZE(enabled_words); i++) {
		if (!strcmp(text, enabled_words[i])) {
			WRITE_ONCE(thp_enabled, i);
			return 0;
		}
	}
	return -EINVAL;
}

/* Only "never": a block is taken if it is there. */
static const char *const defrag_words[] = {"always", "defer", "defer+madvise", "madvise", "never"};
/* Shared memory has pages of 4 KB only. */
static const char *const shmem_words[] = {"always", "within_size", "advise",
					  "never",  "deny",        "force"};

static int show_defrag(struct seq_file *m, void *v)
{
	(void)v;
	show_choice(m, defrag_words, ARRAY_SIZE(defrag_words), 4);
	return 0;
}

static int show_shmem(struct seq_file *m, void *v)
{
	(void)v;
	show_choice(m, shmem_words, ARRAY_SIZE(shmem_words), 3);
	return 0;
}

static int store_only(void *data, const char *text)
{
	return strcmp(text, data) ? -EINVAL : 0;
}

static int show_zero(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "0\n");
	return 0;
}

static int show_size(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%lu\n", (unsigned long)THP_SIZE);
	return 0;
}

static const struct {
	const char *path;
	int (*show)(struct seq_file *m, void *v);
	int (*store)(void *data, const char *text);
	char *data;
} files[] = {
	{"kernel/mm/transparent_hugepage/enabled", show_enabled, store_enabled, NULL},
	{"kernel/mm/transparent_hugepage/defrag", show_defrag, store_only, "never"},
	{"kernel/mm/transparent_hugepage/shmem_enabled", show_shmem, store_only, "never"},
	{"kernel/mm/transparent_hugepage/use_zero_page", show_zero, store_only, "0"},
	{"kernel/mm/transparent_hugepage/hpage_pmd_size", show_size, NULL, NULL},
};

void __init sysfs_thp_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		sysfs_register_store(files[i].path, files[i].store ? 0644 : 0444, files[i].show,
				     files[i].store, files[i].data);
}
