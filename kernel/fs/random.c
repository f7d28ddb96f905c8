/*
 * The random generator: a ChaCha20 key. Each request takes one block: its first half becomes the
 * new key, so that nobody who reads the state later can compute what was given out; the second half
 * is the answer, or the key of a stream for long answers.
 */
#include "fs/random.h"
#include "fs/internal.h"

#include <linux/random.h>

#include "lib/chacha20.h"
#include "sched/timer.h"

static u8 key[CHACHA20_KEY_SIZE];
static u64 generation; /* the nonce: every block is used once */
static DEFINE_SPINLOCK(random_lock, RANK_LEAF);

/* 32 fresh bytes. */
static void extract(u8 out[32])
{
	u8 nonce[12] = {0}, block[CHACHA20_BLOCK_SIZE];
	struct chacha20 c;
	irqflags_t flags = spin_lock_irqsave(&random_lock);
	u64 cycles = cycles_now();

	generation++;
	memcpy(nonce, &generation, 4);
	memcpy(nonce + 4, &cycles, 8);
	chacha20_init(&c, key, 0, nonce);
	chacha20_block(&c, block);
	memcpy(key, block, sizeof(key));
	spin_unlock_irqrestore(&random_lock, flags);
	memcpy(out, block + 32, 32);
	memset(block, 0, sizeof(block));
	memset(&c, 0, sizeof(c));
}

void random_mix(const void *data, size_t n)
{
	const u8 *p = data;
	u8 unused[32];

	do {
		size_t chunk = MIN(n, sizeof(key));
		irqflags_t flags = spin_lock_irqsave(&random_lock);

		for (size_t i = 0; i < chunk; i++)
			key[i] ^= p[i];
		spin_unlock_irqrestore(&random_lock, flags);
		extract(unused);
		p += chunk;
		n -= chunk;
	} while (n);
}

void random_bytes(void *buf, size_t n)
{
	static const u8 nonce[12];
	u8 seed[32], block[CHACHA20_BLOCK_SIZE], *out = buf;
	struct chacha20 c;

	extract(seed);
	if (n <= sizeof(seed)) {
		memcpy(buf, seed, n);
		return;
	}
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
	extract(seed);
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
