/*
 * The kernel log: printk, panic and the assertions. Machine-independent; the lowest part of the
 * kernel that keeps state, so that everything above may use it.
 *
 * printk() may be called from any context, interrupts and panics included: it takes one raw lock of
 * its own, with interrupts off, appends to a ring of records and writes to the registered console.
 */
#ifndef ARCH_LOG_H
#define ARCH_LOG_H

#include "types.h"

/* Levels, as syslog(2). The message begins with one of them; none: LOG_WARNING. */
#define KERN_EMERG "\0010"
#define KERN_ALERT "\0011"
#define KERN_CRIT "\0012"
#define KERN_ERR "\0013"
#define KERN_WARNING "\0014"
#define KERN_NOTICE "\0015"
#define KERN_INFO "\0016"
#define KERN_DEBUG "\0017"

/* Log one line (the newline at its end is optional). Returns the length. */
int printk(const char *fmt, ...) __printf(1, 2);

#define pr_err(...) printk(KERN_ERR __VA_ARGS__)
#define pr_warn(...) printk(KERN_WARNING __VA_ARGS__)
#define pr_info(...) printk(KERN_INFO __VA_ARGS__)
#define pr_debug(...) printk(KERN_DEBUG __VA_ARGS__)
/* Say something the first time only. */
#define pr_once(...) \
	do { \
		static bool said_; \
		if (!said_) { \
			said_ = true; \
			printk(__VA_ARGS__); \
		} \
	} while (0)

/* Messages with a level number below it go to the console (loglevel=, quiet, syslog(2) 8). */
extern int console_loglevel;

/* Where the console output goes: the early console until a driver registers. @write any context. */
void log_set_console(void (*write)(const char *s, size_t n));

/*
 * Reading, for /dev/kmsg and syslog(2). Nobody is woken by a new record, because one may be logged
 * under any lock: readers look now and then. Records are numbered from 0; a reader that was
 * overtaken gets -EPIPE and *seq is moved to the oldest.
 */
struct log_record {
	u64 seq, ts_ns;
	u8 level, facility;
	u16 len;
};
/*
 * Copy record *seq's text with a NUL to @buf (cut to @size > 0; rec->len: without the NUL), and
 * advance *seq. 1, 0: none yet, -EPIPE.
 */
int log_read(u64 *seq, struct log_record *rec, char *buf, size_t size);
u64 log_first_seq(void);
u64 log_next_seq(void);
/*
 * log_buf_len=: go on in a larger buffer of @size bytes (a power of two, at least 64 KB),
 * which stays ours.
 */
void log_set_buffer(void *buf, size_t size);
/* Append a record from user space (/dev/kmsg write). */
void log_append(unsigned facility, unsigned level, const char *text, size_t len);

/* Stop the machine: message, registers, backtrace, who ran; then panic= decides. */
void __noreturn panic(const char *fmt, ...) __printf(1, 2);
extern int panic_timeout; /* panic=: >0 seconds until reboot, <0 at once, 0 halt */
/* A CPU is in panic(): every other one stops at its next interrupt (the scheduler asks). */
extern bool panic_in_progress;

#ifdef ISTHMUS_KERNEL
/* The compiler's stack protector. */
extern unsigned long __stack_chk_guard;
void __noreturn __stack_chk_fail(void);
#endif

/* For what no input from user space can cause. */
#define BUG() panic("BUG at %s:%d", __FILE__, __LINE__)
#define BUG_ON(cond) \
	do { \
		if (unlikely(cond)) \
			panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)
#define WARN_ON(cond) \
	({ \
		bool w_ = (cond); \
		if (unlikely(w_)) \
			log_warn(__FILE__, __LINE__, #cond); \
		w_; \
	})
void log_warn(const char *file, int line, const char *cond);
#ifdef CONFIG_DEBUG_KERNEL
#define DEBUG_ASSERT(cond) BUG_ON(!(cond))
#else
#define DEBUG_ASSERT(cond) ((void)sizeof(cond))
#endif

#endif
