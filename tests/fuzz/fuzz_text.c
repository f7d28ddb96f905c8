/* The kernel command line and numbers from text: any text, in buffers of any size. */
#include <ctype.h>
#include <errno.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/cmdline.h"
#include "lib/parse.h"

/*
 * Word by word to the end; each word is inside its buffer, and no longer than what it was cut from.
 */
static void walk(const char *line, size_t size)
{
	char *buf = malloc(size), *value;
	const char *at = line, *next;

	while ((next = cmdline_next(at, buf, size, &value))) {
		FUZZ_MUST(next > at && next <= line + strlen(line));
		FUZZ_MUST(strlen(buf) < size && strlen(buf) <= (size_t)(next - at));
		if (value) {
			FUZZ_MUST(value > buf && value <= buf + strlen(buf));
			FUZZ_MUST(value[-1] == '=' && !memchr(buf, '=', (size_t)(value - buf - 1)));
		}
		at = next;
	}
	free(buf);
}

/* A word without quotes in it that stands before -- is found by its name. */
static void find_first(const char *line)
{
	char word[64], found[64], *value;

	if (!cmdline_next(line, word, sizeof(word), &value) || strchr(line, '"') ||
	    !strncmp(word, "--", 2) || strlen(word) + 1 == sizeof(word))
		return;
	if (value)
		value[-1] = '\0';
	if (*word)
		FUZZ_MUST(cmdline_has(line, word) && cmdline_get(line, word, found, sizeof(found)));
}

static void numbers(const char *text)
{
	const char *end;
	size_t digits = strspn(text, "0123456789");
	u64 u, parsed = parse_u64(text, &end, 10);
	s64 s;
	bool b;
	int err = kstrtou64(text, 10, &u);

	FUZZ_MUST(end >= text && end <= text + strlen(text));
	if (digits && digits < 19 && isdigit((unsigned char)*text)) {
		FUZZ_MUST(parsed == strtoull(text, NULL, 10) && end == text + digits);
		FUZZ_MUST(err == 0 || text[digits]);
		FUZZ_MUST(err || u == parsed);
	}
	err = kstrtos64(text, 0, &s);
	errno = 0;
	if (!err && !strpbrk(text, "bBoO"))
		FUZZ_MUST(s == strtoll(text, NULL, 0) && !errno);
	(void)kstrtobool(text, &b);
	memparse(text, &end);
	FUZZ_MUST(end >= text && end <= text + strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	walk(text, 1 + size % 17);
	walk(text, size + 2);
	find_first(text);
	numbers(text);
	free(text);
	return 0;
}
