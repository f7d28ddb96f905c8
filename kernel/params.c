/*
 * The kernel command line, kernel-parameters(7) in Linux's documentation: one row for each word
 * that the parts above the machine understand. Unknown NAME=VALUE words go to init's environment,
 * other unknown words and all after "--" to its arguments.
 */
#include "boot.h"
#include "arch/log.h"
#include "drivers/tty.h"
#include "lib/cmdline.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/failalloc.h"
#include "mm/mm.h"
#include "proc/process.h"

struct init_parameters init_parameters = {.rdinit = "/init", .envp = {"HOME=/", "TERM=linux"}};

static char words[2048]; /* what init_parameters points into */
static size_t words_used;

static const char *keep(const char *word)
{
	size_t len = strlen(word) + 1;
	char *copy = words + words_used;

	if (len > sizeof(words) - words_used)
		return NULL;
	memcpy(copy, word, len);
	words_used += len;
	return copy;
}

static void set_quiet(const char *value)
{
	(void)value;
	console_loglevel = 4;
}

static void set_debug(const char *value)
{
	(void)value;
	console_loglevel = 10;
}

static int number(const char *value, int otherwise)
{
	int sign = 1, n = 0;

	if (*value == '-') {
		sign = -1;
		value++;
	}
	if (*value < '0' || *value > '9')
		return otherwise;
	for (; *value >= '0' && *value <= '9' && n < 100000000; value++)
		n = n * 10 + (*value - '0');
	return sign * n;
}

static void set_loglevel(const char *value)
{
	console_loglevel = number(value, console_loglevel);
}

static void set_panic(const char *value)
{
	panic_timeout = number(value, 0);
}

static void set_rdinit(const char *value)
{
	init_parameters.rdinit = keep(value);
}

static void set_init(const char *value)
{
	init_parameters.init = keep(value);
}

static void set_root(const char *value)
{
	init_parameters.root = keep(value);
}

static void set_provoke(const char *value)
{
	init_parameters.overflow_stack = strcmp(value, "stack_overflow") == 0;
}

static void set_norandmaps(const char *value)
{
	(void)value;
	randomize_va_space = 0;
}

static void set_failalloc(const char *value)
{
#ifdef CONFIG_DEBUG_VM
	if (!failalloc_start(value))
		return;
#endif
	pr_warn("failalloc=%s: not RATE[,SEED], or not a debug build\n", value);
}

static void ignore(const char *value)
{
	(void)value;
}

static const struct {
	const char *name;
	void (*set)(const char *value);
} rows[] = {
	{"console", console_select},
	{"debug", set_debug},
	{"failalloc", set_failalloc},
	{"init", set_init},
	{"loglevel", set_loglevel},
	{"mm.trace", mm_trace_select},
	{"norandmaps", set_norandmaps},
	{"panic", set_panic},
	{"provoke", set_provoke},
	{"quiet", set_quiet},
	{"rdinit", set_rdinit},
	{"root", set_root},
	/* the machine's, read by arch/ */
	{"vmsplit", ignore},
	{"highmem", ignore},
	{"vmalloc", ignore},
	{"mem", ignore},
	{"maxcpus", ignore},
	{"nosmp", ignore},
	{"pti", ignore},
	{"nopti", ignore},
	{"mitigations", ignore},
	{"log_buf_len", ignore},
	{"earlyprintk", ignore},
	/* of Linux's boot loaders and initramfs tools: without meaning here, and not init's */
	{"ro", ignore},
	{"rw", ignore},
	{"BOOT_IMAGE", ignore},
	{"initrd", ignore},
};

static bool apply(const char *word, const char *value)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (cmdline_name_is(word, rows[i].name)) {
			rows[i].set(value ? value : "");
			return true;
		}
	}
	return false;
}

static void append(const char **list, size_t size, const char *word)
{
	const char *copy;

	for (size_t i = 0; i + 1 < size; i++) {
		if (list[i])
			continue;
		copy = keep(word);
		list[i] = copy;
		return;
	}
	pr_warn("Too many words for init on the command line: \"%s\" is dropped\n", word);
}

/* A variable that is there already (HOME, TERM) is replaced. */
static void set_variable(const char *word, size_t name_len)
{
	for (size_t i = 0; init_parameters.envp[i]; i++) {
		if (!strncmp(init_parameters.envp[i], word, name_len + 1)) {
			init_parameters.envp[i] = keep(word);
			return;
		}
	}
	append(init_parameters.envp, ARRAY_SIZE(init_parameters.envp), word);
}

void boot_parameters(const char *cmdline)
{
	const char *cursor = cmdline;
	char word[256], *value;
	bool for_init = false;

	init_parameters.argv[0] = "";
	while ((cursor = cmdline_next(cursor, word, sizeof(word), &value))) {
		if (!for_init && !strcmp(word, "--")) {
			for_init = true;
		} else if (for_init) {
			append(init_parameters.argv, ARRAY_SIZE(init_parameters.argv), word);
		} else if (!apply(word, value)) {
			/* "module.parameter=" words belong to modules that are not here */
			if (value && !memchr(word, '.', (size_t)(value - word)))
				set_variable(word, (size_t)(value - word) - 1);
			else if (!value)
				append(init_parameters.argv, ARRAY_SIZE(init_parameters.argv),
				       word);
		}
	}
}
