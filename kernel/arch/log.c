/*
 * The kernel log: a ring of records, and the console behind it.
 *
 * Two rings of one size class: descriptors (time, level, where the text lies) indexed by sequence
 * number, and the texts, each in one piece. A new record drops the oldest ones that it overlaps.
 *
 * Lock: log_lock, a raw one with interrupts off, because printk() must work below and inside every
 * other lock. Its owner may fault inside (a console driver) and print again: that text goes
 * to the early console only. In a panic, waiting for it is given up after a while.
 * Next: panic.c.
 */
#include "arch/log.h"
#include "arch/port.h"
#include "lib/div64.h"
#include "lib/printf.h"
#include "lib/string.h"
#include <linux/errno.h>

#define LOG_DEFAULT_SIZE 65536u
#define LOG_LINE_MAX 1024
#define TEXT_PER_RECORD 64 /* one descriptor for so many bytes of text */
#define LOG_FACILITY_KERNEL 0
#define LOG_LEVEL_DEFAULT 4
#define LOG_LEVEL_MAX 7
#define SPIN_LIMIT_IN_PANIC 10000000u

struct descriptor {
	u64 ts_ns;
	u32 at; /* logical offset of the text: the byte is text[at % text_size] */
	u16 len;
	u8 level, facility;
};

struct ring {
	char *text;
	struct descriptor *records;
	u32 text_size, record_count; /* powers of two */
	u32 head;                    /* logical offset of the next text */
	u64 first, next;             /* sequence numbers: oldest, and the one to come */
};

static char default_text[LOG_DEFAULT_SIZE];
static struct descriptor default_records[LOG_DEFAULT_SIZE / TEXT_PER_RECORD];
static struct ring ring = {
	.text = default_text,
	.records = default_records,
	.text_size = LOG_DEFAULT_SIZE,
	.record_count = LOG_DEFAULT_SIZE / TEXT_PER_RECORD,
};

static u32 log_lock;
static int log_owner = -1; /* CPU */
static void (*console_write)(const char *s, size_t n) = arch_early_console;

int console_loglevel = 7;

/* False: this CPU has the lock already, or whoever has it does not run any more (panic). */
static bool log_acquire(irqflags_t *flags)
{
	u32 spins = 0;

	*flags = irq_save();
	while (__atomic_exchange_n(&log_lock, 1, __ATOMIC_ACQUIRE)) {
		if (READ_ONCE(log_owner) == (int)smp_cpu_id() ||
		    (READ_ONCE(panic_in_progress) && ++spins > SPIN_LIMIT_IN_PANIC)) {
			irq_restore(*flags);
			return false;
		}
		cpu_relax();
	}
	WRITE_ONCE(log_owner, (int)smp_cpu_id());
	return true;
}

static void log_release(irqflags_t flags)
{
	WRITE_ONCE(log_owner, -1);
	__atomic_store_n(&log_lock, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

static struct descriptor *record_of(u64 seq)
{
	return &ring.records[(u32)seq & (ring.record_count - 1)];
}

/* Room for @len bytes in one piece: their logical offset. */
static u32 make_room(u32 len)
{
	u32 at = ring.head, to_end = ring.text_size - (at & (ring.text_size - 1));

	if (to_end < len)
		at += to_end;
	while (ring.first < ring.next && (ring.next - ring.first >= ring.record_count ||
					  at + len - record_of(ring.first)->at > ring.text_size))
		ring.first++;
	ring.head = at + len;
	return at;
}

static void append(u64 now, unsigned facility, unsigned level, const char *text, size_t len)
{
	u32 at = make_room((u32)len);

	memcpy(ring.text + (at & (ring.text_size - 1)), text, len);
	*record_of(ring.next) = (struct descriptor){
		.ts_ns = now,
		.at = at,
		.len = (u16)len,
		.level = (u8)level,
		.facility = (u8)facility,
	};
	ring.next++;
}

static void console_line(u64 now, const char *text, size_t len)
{
	char stamp[32];
	u32 ns;
	unsigned long seconds = (unsigned long)div_u64_rem(now, 1000000000, &ns);
	int n = scnprintf(stamp, sizeof(stamp), "[%5lu.%06u] ", seconds, ns / 1000);

	console_write(stamp, (size_t)n);
	console_write(text, len);
	console_write("\n", 1);
}

static void log_line(unsigned facility, unsigned level, const char *text, size_t len)
{
	u64 now = clock_ns();
	irqflags_t flags;

	if (!log_acquire(&flags)) {
		arch_early_console(text, len);
		arch_early_console("\n", 1);
		return;
	}
	append(now, facility, level, text, len);
	if ((int)level < console_loglevel)
		console_line(now, text, len);
	log_release(flags);
}

/* The level at the beginning of a message; *text moves behind it. */
static unsigned take_level(const char **text)
{
	const char *s = *text;

	if (s[0] != '\001' || s[1] < '0' || s[1] > '7')
		return LOG_LEVEL_DEFAULT;
	*text = s + 2;
	return (unsigned)(s[1] - '0');
}

static int vprintk(const char *fmt, va_list args)
{
	char line[LOG_LINE_MAX];
	const char *text = line;
	size_t len;
	unsigned level;

	vscnprintf(line, sizeof(line), fmt, args);
	level = take_level(&text);
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		len--;
	log_line(LOG_FACILITY_KERNEL, level, text, len);
	return (int)len;
}

int printk(const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vprintk(fmt, args);
	va_end(args);
	return n;
}

void log_append(unsigned facility, unsigned level, const char *text, size_t len)
{
	log_line(facility, MIN(level, (unsigned)LOG_LEVEL_MAX), text,
		 MIN(len, (size_t)LOG_LINE_MAX));
}

int log_read(u64 *seq, struct log_record *rec, char *buf, size_t size)
{
	const struct descriptor *d;
	irqflags_t flags;
	int result = 1;

	if (!log_acquire(&flags))
		return 0;
	if (*seq < ring.first) {
		*seq = ring.first;
		result = -EPIPE;
	} else if (*seq >= ring.next) {
		result = 0;
	} else {
		d = record_of(*seq);
		*rec = (struct log_record){*seq, d->ts_ns, d->level, d->facility,
					   (u16)MIN((size_t)d->len, size - 1)};
		memcpy(buf, ring.text + (d->at & (ring.text_size - 1)), rec->len);
		buf[rec->len] = '\0';
		(*seq)++;
	}
	log_release(flags);
	return result;
}

u64 log_first_seq(void)
{
	irqflags_t flags;
	u64 seq = 0;

	if (log_acquire(&flags)) {
		seq = ring.first;
		log_release(flags);
	}
	return seq;
}

u64 log_next_seq(void)
{
	irqflags_t flags;
	u64 seq = 0;

	if (log_acquire(&flags)) {
		seq = ring.next;
		log_release(flags);
	}
	return seq;
}

void log_set_console(void (*write)(const char *s, size_t n))
{
	irqflags_t flags;

	if (!log_acquire(&flags))
		return;
	console_write = write ? write : arch_early_console;
	log_release(flags);
}

/* The largest power of two that leaves room for the descriptors. */
static u32 text_size_in(size_t size)
{
	u32 text = LOG_DEFAULT_SIZE / 2;

	while ((size_t)text * 2 + text * 2 / TEXT_PER_RECORD * sizeof(struct descriptor) <= size)
		text *= 2;
	return text;
}

void log_set_buffer(void *buf, size_t size)
{
	struct ring old, *new = &ring;
	irqflags_t flags;

	if (size < LOG_DEFAULT_SIZE || !log_acquire(&flags))
		return;
	old = ring;
	new->text_size = text_size_in(size);
	new->record_count = new->text_size / TEXT_PER_RECORD;
	new->records = buf;
	new->text = (char *)(new->records + new->record_count);
	new->head = 0;
	new->next = old.first;
	for (u64 seq = old.first; seq < old.next; seq++) {
		const struct descriptor *d = &old.records[(u32)seq & (old.record_count - 1)];

		append(d->ts_ns, d->facility, d->level, old.text + (d->at & (old.text_size - 1)),
		       d->len);
	}
	log_release(flags);
}

void log_warn(const char *file, int line, const char *cond)
{
	printk(KERN_WARNING "WARNING: at %s:%d: %s", file, line, cond);
	if (arch_hooks.describe_current)
		arch_hooks.describe_current();
	arch_backtrace(NULL);
}
