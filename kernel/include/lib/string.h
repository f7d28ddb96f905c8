/*
 * Memory and strings, as in C. On the machine the compiler may expand a call in place; on the host
 * they are the C library's.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "types.h"

#ifdef ISTHMUS_KERNEL
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strchrnul(const char *s, int c); /* the end of the string if there is no @c */
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
char *strpbrk(const char *s, const char *set);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
/* Cut the next field out of *@s at a character of @set; NULL at the end. */
char *strsep(char **s, const char *set);

/* Any number of arguments, because a compound literal with commas looks like several. */
#define memcpy(...) __builtin_memcpy(__VA_ARGS__)
#define memset(...) __builtin_memset(__VA_ARGS__)
#define memcmp(...) __builtin_memcmp(__VA_ARGS__)
#define strlen(s) __builtin_strlen(s)
#define strcmp(a, b) __builtin_strcmp(a, b)
#else
#include <string.h>
#include <strings.h>
#endif

/*
 * Copy a string into @size bytes, always NUL-terminated (if @size): its length, or -E2BIG
 * if it was cut.
 */
ssize_t strscpy(char *to, const char *from, size_t size);
/* The first byte of @n at @s that is not @c, or NULL. */
void *memchr_inv(const void *s, int c, size_t n);
/* @s without white space at both ends, cut in place. */
char *strim(char *s);
static inline bool strstarts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, __builtin_strlen(prefix)) == 0;
}

#endif
