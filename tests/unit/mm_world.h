/*
 * A model of address spaces: what each page of a window of 64 is, may be used for and contains, for
 * up to four processes, two files and their shared memory. An operation is done on the kernel's
 * address spaces and on the model, which knows the result that the manual promises.
 *
 * Which operation, where: from a source of choices, a random generator or a fuzzer's bytes.
 */
#ifndef MM_WORLD_H
#define MM_WORLD_H

#include "mm/mm.h"

#define WORLD_PAGES 64u
#define WORLD_SPACES 4u
#define WORLD_FILES 2u /* 0: on a disk, written back; 1: memory only, as tmpfs */
#define WORLD_FILE_PAGES 48u
#define WORLD_OBJECTS 40u
#define WORLD_PINS 8u
#define WORLD_HEAP 44u /* the page where the heap begins */
#define WORLD_WORD 8u  /* the word of each page that is written and read */

struct choices {
	const u8 *bytes; /* NULL: random */
	size_t left;
	u32 seed;
};
/* 0 to @n - 1; 0 when there are no bytes left. */
u32 choose(struct choices *c, u32 n);

struct cell {
	bool mapped;
	bool own;  /* a private page of a file area that was written to */
	bool lazy; /* MADV_FREE: the contents may be gone */
	s8 object; /* -1: anonymous */
	u32 flags, index, value;
};

struct object {
	bool used;
	u32 size, promised; /* bytes; pages */
	struct mapping *mapping;
	u32 value[WORLD_FILE_PAGES];
};

struct world_file {
	struct mapping mapping;
	u32 disk[WORLD_FILE_PAGES];
	u32 areas; /* references that areas hold */
};

struct space {
	struct mm *mm; /* NULL: there is none */
	u32 brk;       /* page */
	struct cell page[WORLD_PAGES];
};

struct world {
	uaddr_t base;
	bool shared; /* others have their worlds in the same address space: no fork that stays... */
	bool parallel; /* others run at the same time */
	bool legacy;   /* mmap from the bottom up */
	unsigned here;
	struct space space[WORLD_SPACES];
	struct object object[WORLD_OBJECTS];
	struct world_file file[WORLD_FILES];
	struct page *pin[WORLD_PINS];
	struct choices *choices;
	const char *operation; /* the last */
};

/* A world of one process, loaded. @mm: whose address space others share, or NULL: a new one. */
void world_begin(struct world *w, uaddr_t base, struct mm *mm, struct choices *choices);
/*
 * A world whose process is a fork of @parent's, with the same private memory and files of its own.
 * Not loaded. => @parent maps nothing but private anonymous memory
 */
void world_fork(struct world *w, struct world *parent, struct choices *choices);
/* One operation. */
void world_step(struct world *w);
/* Areas, entries and contents are the model's, in every space; looks, and faults nothing in. */
void world_check(struct world *w);
/* The same, for what the process sees. */
void world_read_all(struct world *w);
/* world_check() and the oracle of mm_oracle.h. => these worlds are all there are, and at rest */
void worlds_oracle(struct world *w, unsigned n);
/* Everything goes; nothing may be left. */
void world_end(struct world *w);

#endif
