/* Areas: operations on a space of up to 64 pages, four bytes each, against the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "vma_model.h"

static void holds(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	FUZZ_MUST(!wrong);
}

static void step(struct vma_space *s, struct fuzz_bytes *b)
{
	static const u32 access[] = {0, VM_READ, VM_READ | VM_WRITE, VM_READ | VM_EXEC};
	unsigned what = fuzz_below(b, 8), from = fuzz_below(b, s->pages);
	unsigned to = MIN(s->pages, from + 1 + fuzz_below(b, s->pages)), how = fuzz_byte(b);

	switch (what) {
	case 0: vma_do_map(s, from, to, access[how % 4], 0, 0); break;
	case 1: vma_do_map(s, from, to, access[how % 4], 1 + how / 4 % 2, from + how / 8); break;
	case 2: vma_do_map(s, from, to, VM_READ | VM_GROWSDOWN, 0, 0); break;
	case 3: vma_do_unmap(s, from, to); break;
	case 4: vma_do_flags(s, from, to, VM_ACCESS, access[how % 4]); break;
	case 5: vma_do_flags(s, from, to, VM_LOCKED, how % 2 ? VM_LOCKED : 0); break;
	case 6: vma_do_touch(s, from); break;
	default: vma_do_fork(s);
	}
	holds(vma_check(s));
	holds(vma_check_gap(s, from, to, 1 + how % (to - from)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vma_space s;
	struct fuzz_bytes b = {data, size};

	vma_space_reset(&s, 1 + fuzz_below(&b, 64));
	while (b.left)
		step(&s, &b);
	holds(vma_check_find(&s));
	for (unsigned n = 1; n <= s.pages; n++)
		holds(vma_check_gap(&s, 0, s.pages, n));
	return 0;
}
