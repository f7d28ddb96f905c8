/*
 * The system as a whole: uname(2), sysinfo(2), syslog(2), reboot(2).
 */
#include "abi/proc.h"
#include "arch/log.h"
#include "fs/kmsg.h"
#include "lib/div64.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "sched/timer.h"
#include <linux/capability.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

/* ---- names ---- */

static void fill_uname(struct new_utsname *u)
{
	memset(u, 0, sizeof(*u));
	strscpy(u->sysname, "Linux", sizeof(u->sysname));
	strscpy(u->release, uts_release, sizeof(u->release));
	strscpy(u->version, uts_version, sizeof(u->version));
	strscpy(u->machine, "i686", sizeof(u->machine));
	uts_read(uts_hostname, u->nodename);
	uts_read(uts_domainname, u->domainname);
}

long sys_uname(uaddr_t out)
{
	struct new_utsname u;

	fill_uname(&u);
	return copy_to_user(out, &u, sizeof(u)) ? -EFAULT : 0;
}

long sys_olduname(uaddr_t out)
{
	struct new_utsname u;

	fill_uname(&u); /* the same without the domain */
	return copy_to_user(out, &u, sizeof(struct old_utsname)) ? -EFAULT : 0;
}

long sys_oldolduname(uaddr_t out)
{
	struct oldold_utsname old;
	struct new_utsname u;

	fill_uname(&u);
	memset(&old, 0, sizeof(old));
	memcpy(old.sysname, u.sysname, __OLD_UTS_LEN);
	memcpy(old.nodename, u.nodename, __OLD_UTS_LEN);
	memcpy(old.release, u.release, __OLD_UTS_LEN);
	memcpy(old.version, u.version, __OLD_UTS_LEN);
	memcpy(old.machine, u.machine, __OLD_UTS_LEN);
	return copy_to_user(out, &old, sizeof(old)) ? -EFAULT : 0;
}

static long set_name(char *name, uaddr_t from, int len)
{
	char buf[UTS_FIELD];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len >= UTS_FIELD)
		return -EINVAL;
	memset(buf, 0, sizeof(buf));
	if (copy_from_user(buf, from, (size_t)len))
		return -EFAULT;
	uts_write(name, buf);
	return 0;
}

long sys_sethostname(uaddr_t name, int len)
{
	return set_name(uts_hostname, name, len);
}

long sys_setdomainname(uaddr_t name, int len)
{
	return set_name(uts_domainname, name, len);
}

/* ---- sysinfo ---- */

long sys_sysinfo(uaddr_t out)
{
	struct sysinfo info;
	unsigned long avg[3];

	memset(&info, 0, sizeof(info));
	sched_loadavg(avg);
	for (int i = 0; i < 3; i++)
		info.loads[i] = avg[i] << (SI_LOAD_SHIFT - 11);
	info.uptime = (long)div_u64(clock_ns() + NSEC_PER_SEC - 1, (u32)NSEC_PER_SEC);
	info.totalram = total_ram_pages();
	info.freeram = nr_free_pages();
	info.totalhigh = total_high_pages();
	info.freehigh = nr_free_high_pages();
	info.procs = (u16)MIN(nr_tasks_total, 0xffffu);
	info.mem_unit = (u32)PAGE_SIZE;
	if (info.totalram < ~0UL >>
	    PAGE_SHIFT) { /* in bytes as long as that fits: what old programs expect */
		info.mem_unit = 1;
		info.totalram <<= PAGE_SHIFT;
		info.freeram <<= PAGE_SHIFT;
		info.totalhigh <<= PAGE_SHIFT;
		info.freehigh <<= PAGE_SHIFT;
	}
	return copy_to_user(out, &info, sizeof(info)) ? -EFAULT : 0;
}

/* ---- the log ---- */

#define LINE_MAX 1024

enum {
	LOG_CLOSE,
	LOG_OPEN,
	LOG_READ,
	LOG_READ_ALL,
	LOG_READ_CLEAR,
	LOG_CLEAR,
	LOG_CONSOLE_OFF,
	LOG_CONSOLE_ON,
	LOG_CONSOLE_LEVEL,
	LOG_SIZE_UNREAD,
	LOG_SIZE_BUFFER
};

static u64 clear_seq, read_seq;
static int saved_loglevel = -1;

/* One record as a line: "<6>[    1.234567] text\n". The length. */
static size_t format_line(char *line, const struct log_record *rec, const char *text)
{
	u32 rem;
	u64 sec = div_u64_rem(rec->ts_ns, (u32)NSEC_PER_SEC, &rem);

	return (size_t)scnprintf(line, LINE_MAX, "<%u>[%5llu.%06u] %s\n",
				 rec->facility * 8u + rec->level, (unsigned long long)sec,
				 rem / 1000, text);
}

/* Sizes of all lines from @seq. */
static size_t lines_size(u64 seq, char *text, char *line)
{
	struct log_record rec;
	size_t total = 0;
	int got;

	while ((got = log_read(&seq, &rec, text, LINE_MAX - 64)))
		if (got > 0)
			total += format_line(line, &rec, text);
	return total;
}

/* The last @len bytes' worth of whole lines since @from. */
static long read_all(u64 from, uaddr_t buf, int len, char *text)
{
	char *line = text + LINE_MAX;
	size_t total = lines_size(from, text, line), done = 0, n;
	struct log_record rec;
	u64 seq = from;
	int got;

	while ((got = log_read(&seq, &rec, text, LINE_MAX - 64))) {
		if (got < 0)
			continue;
		n = format_line(line, &rec, text);
		if (total > (size_t)len) { /* too old */
			total -= n;
			continue;
		}
		if (done + n > (size_t)len)
			break;
		if (copy_to_user(buf + done, line, n))
			return -EFAULT;
		done += n;
	}
	return (long)done;
}

/* SYSLOG_ACTION_READ looks again every 100 ms: /dev/kmsg is what waits properly. */
static int wait_for_records(void)
{
	while (read_seq >= log_next_seq()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current)) {
			set_current_state(TASK_RUNNING);
			return -ERESTARTSYS;
		}
		schedule_until(clock_ns() + 100 * NSEC_PER_MSEC);
	}
	return 0;
}

static long read_new(uaddr_t buf, int len, char *text)
{
	char *line = text + LINE_MAX;
	struct log_record rec;
	size_t done = 0, n;
	u64 seq;
	int err;

	err = wait_for_records();
	if (err)
		return err;
	for (seq = read_seq; log_read(&seq, &rec, text, LINE_MAX - 64) > 0; read_seq = seq) {
		n = format_line(line, &rec, text);
		if (done + n > (size_t)len)
			break;
		if (copy_to_user(buf + done, line, n))
			return -EFAULT;
		done += n;
	}
	return (long)done;
}

static long read_log(int type, uaddr_t buf, int len)
{
	char *text;
	long result;

	if (!buf || len < 0)
		return -EINVAL;
	if (!len)
		return 0;
	text = kmalloc(2 * LINE_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	result = type == LOG_READ ? read_new(buf, len, text)
				  : read_all(MAX(clear_seq, log_first_seq()), buf, len, text);
	if (type == LOG_READ_CLEAR && result >= 0)
		clear_seq = log_next_seq();
	kfree(text);
	return result;
}

static long unread_size(void)
{
	char *text = kmalloc(2 * LINE_MAX, GFP_KERNEL);
	long size;

	if (!text)
		return -ENOMEM;
	size = (long)lines_size(read_seq, text, text + LINE_MAX);
	kfree(text);
	return size;
}

long sys_syslog(int type, uaddr_t buf, int len)
{
	bool harmless = type == LOG_READ_ALL || type == LOG_SIZE_BUFFER;

	if (harmless ? !kmsg_may_read() : !capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (type) {
	case LOG_CLOSE:
	case LOG_OPEN: return 0;
	case LOG_READ:
	case LOG_READ_ALL:
	case LOG_READ_CLEAR: return read_log(type, buf, len);
	case LOG_CLEAR: clear_seq = log_next_seq(); return 0;
	case LOG_CONSOLE_OFF:
		if (saved_loglevel < 0)
			saved_loglevel = console_loglevel;
		console_loglevel = 1;
		return 0;
	case LOG_CONSOLE_ON:
		if (saved_loglevel >= 0)
			console_loglevel = saved_loglevel;
		saved_loglevel = -1;
		return 0;
	case LOG_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		console_loglevel = len;
		saved_loglevel = -1;
		return 0;
	case LOG_SIZE_UNREAD: return unread_size();
	case LOG_SIZE_BUFFER: return 1 << 17;
	}
	return -EINVAL;
}

/* ---- reboot ---- */

static bool magic_is_right(u32 magic1, u32 magic2)
{
	return magic1 == LINUX_REBOOT_MAGIC1 &&
	       (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
		magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

static long restart_with(uaddr_t arg)
{
	char command[256];
	ssize_t len = strncpy_from_user(command, arg, sizeof(command) - 1);

	if (len < 0)
		return -EFAULT;
	command[sizeof(command) - 1] = 0;
	pr_info("reboot: Restarting system with command '%s'\n", command);
	arch_reboot();
}

long sys_reboot(u32 magic1, u32 magic2, u32 cmd, uaddr_t arg)
{
	static bool ctrl_alt_del = true;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (!magic_is_right(magic1, magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		ctrl_alt_del =
			cmd == LINUX_REBOOT_CMD_CAD_ON; /* kept, though no keyboard asks yet */
		(void)ctrl_alt_del;
		return 0;
	case LINUX_REBOOT_CMD_RESTART: pr_info("reboot: Restarting system\n"); arch_reboot();
	case LINUX_REBOOT_CMD_RESTART2: return restart_with(arg);
	case LINUX_REBOOT_CMD_HALT: pr_info("reboot: System halted\n"); arch_halt();
	case LINUX_REBOOT_CMD_POWER_OFF: pr_info("reboot: Power down\n"); arch_power_off();
	}
	return -EINVAL;
}
