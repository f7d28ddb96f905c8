/*
 * The random generator: a ChaCha20 key. Two blocks of it are made at a time: their first 32 bytes
 * become the new key, the rest is a pool of answers, each given out once and cleared. So nobody who
 * reads the state later can compute what was given out. A long answer is a stream, whose key comes
 * from the pool.
 */
#include "fs/random.h"
#include "fs/internal.h"

#include <linux/random.h>

#include "lib/chacha20.h"
#include "sched/timer.h"

static u8 key[CHACHA20_KEY_SIZE];
static u64 generation; /* the nonce: every block is used once */
static u8 pool[2 * CHACHA20_BLOCK_SIZE - CHACHA20_KEY_SIZE];
static unsigned pool_left; /* bytes at its begin that were not given out */
static DEFINE_SPINLOCK(random_lock, RANK_LEAF);

/* => random_lock held, interrupts off */
static void fill_pool(void)
{
	u8 nonce[12] = {0}, blocks[sizeof(key) + sizeof(pool)];
	struct chacha20 c;
	u64 cycles = cycles_now();

	generation++;
	memcpy(nonce, &generation, 4);
	memcpy(nonce + 4, &cycles, 8);
	chacha20_init(&c, key, 0, nonce);
	chacha20_block(&c, blocks);
	chacha20_block(&c, blocks + CHACHA20_BLOCK_SIZE);
	memcpy(key, blocks, sizeof(key));
	memcpy(pool, blocks + sizeof(key), sizeof(pool));
	pool_left = sizeof(pool);
	memset(blocks, 0, sizeof(blocks));
	memset(&c, 0, sizeof(c));
}

/* Up to 32 fresh bytes. */
static void extract(void *out, size_t n)
{
	irqflags_t flags = spin_lock_irqsave(&random_lock);

	if (pool_left < n)
		fill_pool();
	pool_left -= n;
	memcpy(out, pool + pool_left, n);
	memset(pool + pool_left, 0, n);
	spin_unlock_irqrestore(&random_lock, flags);
}

void random_mix(const void *data, size_t n)
{
	const u8 *p = data;

	do {
		size_t chunk = MIN(n, sizeof(key));
		irqflags_t flags = spin_lock_irqsave(&random_lock);

		for (size_t i = 0; i < chunk; i++)
			key[i] ^= p[i];
		fill_pool();
		spin_unlock_irqrestore(&random_lock, flags);
		p += chunk;
		n -= chunk;
	} while (n);
}

void random_bytes(void *buf, size_t n)
{
	static const u8 nonce[12];
	u8 seed[32], block[CHACHA20_BLOCK_SIZE], *out = buf;
	struct chacha20 c;

	if (n <= sizeof(seed)) {
		extract(buf, n);
		return;
	}
	extract(seed, sizeof(seed));
	chacha20_init(&c, seed, 0, nonce);
	while (n) {
		size_t chunk = MIN(n, sizeof(block));

		chacha20_block(&c, block);
		memcpy(out, block, chunk);
		out += chunk;
		n -= chunk;
	}
}

u32 random_u32(void)
{
	u32 v;

	random_bytes(&v, sizeof(v));
	return v;
}

ssize_t random_read_iter(struct iov_iter *to)
{
	static const u8 nonce[12];
	u8 seed[32], block[CHACHA20_BLOCK_SIZE];
	struct chacha20 c;
	ssize_t done = 0;

	if (!to->count)
		return 0;
	extract(seed, sizeof(seed));
	chacha20_init(&c, seed, 0, nonce);
	while (to->count) {
		size_t chunk = MIN(to->count, sizeof(block)), n;

		chacha20_block(&c, block);
		n = copy_to_iter(block, chunk, to);
		done += (ssize_t)n;
		if (n < chunk)
			return done ? done : -EFAULT;
		if (!(done % (ssize_t)PAGE_SIZE)) {
			cond_resched();
			if (signal_pending(current))
				break;
		}
	}
	return done;
}

long random_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	(void)file;
	switch (cmd) {
	case RNDGETENTCNT: return put_user_u32(256, (uaddr_t)arg);
	case RNDADDTOENTCNT:
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
	case RNDRESEEDCRNG: return fs_capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	default: return -ENOTTY;
	}
}

void __init random_init(void)
{
	struct {
		u64 cycles, realtime, clock;
		u8 hardware[48];
	} seed;

	seed.cycles = cycles_now();
	seed.realtime = realtime_ns();
	seed.clock = clock_ns();
	arch_random_seed(
		seed.hardware,
		sizeof(seed.hardware)); /* without one: what the stack held, and the times */
	random_mix(&seed, sizeof(seed));
}
