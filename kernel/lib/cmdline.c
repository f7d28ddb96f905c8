/* The kernel command line, word by word. Nothing is allocated and the line is not changed. */
#include "lib/cmdline.h"
#include "lib/ctype.h"
#include "lib/string.h"

const char *cmdline_next(const char *cursor, char *buf, size_t size, char **value)
{
	bool quoted = false;
	size_t n = 0;

	*value = NULL;
	while (isspace((u8)*cursor))
		cursor++;
	if (!*cursor)
		return NULL;
	for (; *cursor && (quoted || !isspace((u8)*cursor)); cursor++) {
		if (*cursor == '"') {
			quoted = !quoted;
			continue;
		}
		if (n + 1 >= size)
			continue;
		buf[n++] = *cursor;
		if (*cursor == '=' && !*value) {
			buf[n - 1] = '\0';
			*value = buf + n;
		}
	}
	if (size)
		buf[n] = '\0';
	if (*value)
		(*value)[-1] = '=';
	return cursor;
}

static char same_dash(char c)
{
	return c == '-' ? '_' : c;
}

bool cmdline_name_is(const char *word, const char *name)
{
	for (; *name; word++, name++)
		if (same_dash(*word) != same_dash(*name))
			return false;
	return !*word || *word == '=';
}

bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size)
{
	char word[256], *value;
	bool found = false;

	while ((cmdline = cmdline_next(cmdline, word, sizeof(word), &value))) {
		if (strcmp(word, "--") == 0)
			break;
		if (!cmdline_name_is(word, name))
			continue;
		strscpy(buf, value ? value : "", size);
		found = true;
	}
	return found;
}

bool cmdline_has(const char *cmdline, const char *name)
{
	char value[2];

	return cmdline_get(cmdline, name, value, sizeof(value));
}
