/*
 * The kernel command line: words separated by white space, each NAME or NAME=VALUE. Double quotes
 * keep white space together and are removed ("a b", a="b c"). The word -- ends the kernel's part:
 * the rest belongs to init. In names, - and _ are the same to cmdline_name_is() and cmdline_get().
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "types.h"

/*
 * Copy the next word at @cursor to @buf, without quotes, cut to @size; *@value points behind its
 * '=' in @buf, or is NULL. The place to go on from, or NULL: no more words.
 */
const char *cmdline_next(const char *cursor, char *buf, size_t size, char **value);
bool cmdline_name_is(const char *word, const char *name);
/*
 * The value of the last @name= (or "" for a bare @name) before a --: true and @buf, cut to @size.
 */
bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size);
/* Is there a word @name, with a value or without, before a --? */
bool cmdline_has(const char *cmdline, const char *name);

#endif
