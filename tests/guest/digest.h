/*
 * Random choices that are the same on every kernel for one seed, and a digest of what came of them:
 * two kernels that did the same have the same.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include "t.h"

static uint64_t rng;
static uint32_t digest;

static unsigned rnd(unsigned below)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(rng >> 33) % below;
}

static void note(uint32_t value)
{
	digest = (digest ^ value) * 16777619u;
	digest ^= digest >> 15;
}

#endif
