/*
 * syscall_basic - the system-call gate itself: syscall(2), intro(2).
 *
 * An unknown number gives ENOSYS; int 0x80 changes eax and nothing else; the simple calls say what
 * their man pages say (getpid(2), uname(2), sysinfo(2), getrandom(2), umask(2), times(2),
 * getrusage(2), prlimit(2), personality(2), getcpu(2), sched_yield(2)).
 */
#include "t.h"
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sched.h>

/* Numbers that no i386 kernel ever gave a meaning, or took it away again. */
static const struct {
	unsigned nr;
	const char *why;
} unknown[] = {
	{17, "break"},
	{31, "stty"},
	{32, "gtty"},
	{35, "ftime"},
	{44, "prof"},
	{53, "lock"},
	{56, "mpx"},
	{58, "ulimit"},
	{98, "profil"},
	{127, "create_module"},
	{130, "get_kernel_syms"},
	{137, "afs_syscall"},
	{167, "query_module"},
	{188, "getpmsg"},
	{189, "putpmsg"},
	{222, "a hole"},
	{223, "a hole"},
	{251, "a hole"},
	{273, "vserver"},
	{1000, "far beyond the table"},
	{65536, "64 K"},
	{0x40000001, "the x32 bit"},
	{0x7fffffff, "the largest int"},
	{0x80000001, "negative, low bits valid"},
	{0xffffffff, "-1"},
	{0xfffffff4, "-12"},
};

static void check_unknown_numbers(void)
{
	for (unsigned i = 0; i < T_COUNT(unknown); i++)
		fails(syscall(unknown[i].nr, 1, 2, 3, 4, 5, 6), ENOSYS,
		      "system call %#x (%s) is ENOSYS", unknown[i].nr, unknown[i].why);
}

struct regs {
	unsigned long ax, bx, cx, dx, si, di, bp, flags;
};

/* Loads the registers from in, takes the gate, stores them in out. */
void raw_gate(const struct regs *in, struct regs *out);
asm(".text\n"
    "raw_gate:\n\t"
    "pushl %ebx; pushl %esi; pushl %edi; pushl %ebp\n\t"
    "movl 20(%esp), %ebp\n\t"
    "movl (%ebp), %eax; movl 4(%ebp), %ebx; movl 8(%ebp), %ecx\n\t"
    "movl 12(%ebp), %edx; movl 16(%ebp), %esi; movl 20(%ebp), %edi; movl 24(%ebp), %ebp\n\t"
    "int $0x80\n\t"
    "pushfl; pushl %ebp\n\t"
    "movl 32(%esp), %ebp\n\t"
    "movl %eax, (%ebp); movl %ebx, 4(%ebp); movl %ecx, 8(%ebp)\n\t"
    "movl %edx, 12(%ebp); movl %esi, 16(%ebp); movl %edi, 20(%ebp)\n\t"
    "popl 24(%ebp); popl 28(%ebp)\n\t"
    "popl %ebp; popl %edi; popl %esi; popl %ebx\n\t"
    "ret");

static struct regs gate(struct regs in)
{
	struct regs out;

	raw_gate(&in, &out);
	return out;
}

static void check_registers(void)
{
	static const unsigned numbers[] = {SYS_getpid, SYS_gettid, 222, SYS_sched_yield};
	struct regs in = {0,          0x11111111, 0x22222222, 0x33333333,
			  0x44444444, 0x55555555, 0x66666666, 0},
		    out;

	for (unsigned i = 0; i < T_COUNT(numbers); i++) {
		in.ax = numbers[i];
		out = gate(in);
		ok(out.bx == in.bx && out.cx == in.cx && out.dx == in.dx && out.si == in.si &&
			   out.di == in.di && out.bp == in.bp,
		   "int 0x80 number %u keeps ebx ecx edx esi edi ebp", numbers[i]);
		eq(out.flags & 0x400, 0, "int 0x80 number %u leaves the direction flag clear",
		   numbers[i]);
	}
	in.ax = 222;
	eq((int)gate(in).ax, -ENOSYS, "the gate returns -ENOSYS in eax");
	in.ax = SYS_close;
	in.bx = 0xffffffff;
	eq((int)gate(in).ax, -EBADF, "the gate returns -EBADF in eax");
	in.ax = SYS_getpid;
	eq((int)gate(in).ax, getpid(), "the gate returns the pid in eax");
}

static int ids_in_child(void *parent)
{
	need(getppid() == *(pid_t *)parent);
	need(getpid() != *(pid_t *)parent);
	need(syscall(SYS_gettid) == getpid());
	return 0;
}

static void check_ids(void)
{
	pid_t self = getpid();

	ok(self > 1, "getpid is above 1");
	eq(syscall(SYS_getpid), self, "the raw getpid agrees");
	eq(syscall(SYS_gettid), self, "gettid of the only thread is the pid");
	exits(ids_in_child, &self, 0, "a child has its own pid and its parent's pid");
	eq(getuid(), 0, "the tests run as root");
	eq(geteuid(), 0, "effective uid is root");
	eq(getgid(), 0, "gid is root");
	eq(syscall(SYS_set_tid_address, &self), getpid(), "set_tid_address returns the tid");
}

static void check_uname(void)
{
	static char name[66];
	struct utsname u;

	eq(uname(&u), 0, "uname works");
	ok(strcmp(u.sysname, "Linux") == 0, "sysname is Linux");
	ok(strncmp(u.machine, "i", 1) == 0 && strcmp(u.machine + 2, "86") == 0, "machine is i?86");
	ok(u.release[0] >= '3' && u.release[0] <= '9', "release is a version that glibc accepts");
	ok(memchr(u.nodename, 0, sizeof(u.nodename)) != NULL, "nodename is terminated");
	eq(sethostname("t-host", 6), 0, "root sets the host name");
	uname(&u);
	ok(strcmp(u.nodename, "t-host") == 0, "nodename is what sethostname set");
	fails(sethostname(name, 65), EINVAL, "sethostname of 65 bytes is EINVAL");
	fails(syscall(SYS_sethostname, "x", -1), EINVAL, "sethostname of -1 bytes is EINVAL");
}

static void check_sysinfo(void)
{
	struct sysinfo si;
	long long total;

	eq(sysinfo(&si), 0, "sysinfo works");
	total = (long long)si.totalram * si.mem_unit;
	eq(total / 1024, t_field("/proc/meminfo", "MemTotal"), "totalram is MemTotal");
	ok((long long)si.totalhigh * si.mem_unit / 1024 == t_field("/proc/meminfo", "HighTotal"),
	   "totalhigh is HighTotal");
	ok((long long)si.freeram * si.mem_unit < total, "freeram is below totalram");
	ok(si.procs >= 1, "procs counts at least this one");
	ok(si.uptime < 86400, "uptime is a plausible number of seconds");
}

static void check_getrandom(void)
{
	unsigned char a[64] = {0}, b[64] = {0};

	eq(getrandom(a, sizeof(a), 0), sizeof(a), "getrandom fills 64 bytes");
	eq(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b), "getrandom GRND_NONBLOCK fills too");
	ok(memcmp(a, b, sizeof(a)) != 0, "two calls differ");
	eq(getrandom(a, 0, 0), 0, "a length of 0 gives 0");
	fails(getrandom(a, 8, 0x80), EINVAL, "an unknown flag is EINVAL");
	fails(getrandom(a, 8, GRND_RANDOM | 4), EINVAL, "GRND_RANDOM with GRND_INSECURE is EINVAL");
}

static void check_umask(void)
{
	mode_t old = umask(027);

	eq(umask(07777), 027, "umask returns the old mask");
	eq(umask(old), 0777, "umask keeps only the permission bits");
	eq(umask(old), old, "umask is restored");
}

static int burn(void *arg)
{
	struct rusage r;

	do
		getrusage(RUSAGE_SELF, &r);
	while (r.ru_utime.tv_sec == 0 && r.ru_utime.tv_usec + r.ru_stime.tv_usec < 20000 &&
	       r.ru_stime.tv_sec == 0);
	return 0;
}

static void check_times(void)
{
	struct rusage before, after, kids;
	struct tms tms;
	clock_t t;

	t = times(&tms);
	ok(t != (clock_t)-1, "times works");
	ok((clock_t)syscall(SYS_times, NULL) >= t, "times accepts NULL and does not run backwards");
	eq(sysconf(_SC_CLK_TCK), 100, "the user's clock tick is 100 Hz");
	eq(getrusage(RUSAGE_SELF, &before), 0, "getrusage(SELF) works");
	eq(t_child(burn, NULL), 0, "a child burns 20 ms");
	getrusage(RUSAGE_SELF, &after);
	getrusage(RUSAGE_CHILDREN, &kids);
	ok(after.ru_minflt > 0, "minor faults are counted");
	ok(kids.ru_utime.tv_sec * 1000000L + kids.ru_utime.tv_usec + kids.ru_stime.tv_usec +
			   kids.ru_stime.tv_sec * 1000000L >=
		   20000,
	   "its time shows in RUSAGE_CHILDREN");
	ok(kids.ru_maxrss > 0, "ru_maxrss of the children is known");
	ok(after.ru_maxrss > 0, "ru_maxrss of this process is known");
	times(&tms);
	ok(tms.tms_cutime + tms.tms_cstime >= 1, "its time shows in tms_cutime + tms_cstime");
	eq(getrusage(RUSAGE_THREAD, &after), 0, "getrusage(THREAD) works");
	fails(getrusage(2, &after), EINVAL, "getrusage of an unknown who is EINVAL");
}

static void check_prlimit(void)
{
	struct rlimit64 old, now = {100, 200};
	struct rlimit r;

	eq(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &old), 0, "prlimit64 reads");
	eq(getrlimit(RLIMIT_NOFILE, &r), 0, "getrlimit reads");
	eq(r.rlim_cur, old.rlim_cur, "both agree");
	eq(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &now, &old), 0, "prlimit64 sets and reads");
	eq(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, &old, &now), 0,
	   "prlimit64 of the own pid");
	eq(now.rlim_cur, 100, "and returns the one before");
	now.rlim_cur = 300;
	now.rlim_max = 200;
	fails(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &now, NULL), EINVAL,
	      "soft above hard is EINVAL");
	fails(syscall(SYS_prlimit64, 0, 16, NULL, &old), EINVAL, "an unknown resource is EINVAL");
	fails(syscall(SYS_prlimit64, 0, -1, NULL, &old), EINVAL, "resource -1 is EINVAL");
	fails(syscall(SYS_prlimit64, 0x3fffffff, 0, NULL, &old), ESRCH, "an unknown pid is ESRCH");
}

static void check_misc(void)
{
	char name[17] = "";
	unsigned cpu = ~0u, node = ~0u;
	int old = personality(0xffffffff);

	eq(old, 0, "the personality is PER_LINUX");
	eq(personality(ADDR_NO_RANDOMIZE), 0, "personality returns the old one");
	eq(personality(0xffffffff), ADDR_NO_RANDOMIZE, "0xffffffff only reads");
	personality(0);
	eq(sched_yield(), 0, "sched_yield is 0");
	eq(syscall(SYS_getcpu, &cpu, &node, NULL), 0, "getcpu works");
	ok((int)cpu < sysconf(_SC_NPROCESSORS_CONF), "the cpu exists");
	eq(node, 0, "the node is 0");
	eq(syscall(SYS_getcpu, NULL, NULL, NULL), 0, "getcpu accepts NULL twice");
	eq(prctl(PR_SET_NAME, "a-name-that-is-too-long"), 0, "PR_SET_NAME works");
	eq(prctl(PR_GET_NAME, name), 0, "PR_GET_NAME works");
	ok(strcmp(name, "a-name-that-is-") == 0, "the name is cut to 15 bytes");
	fails(prctl(12345, 0, 0, 0, 0), EINVAL, "an unknown prctl is EINVAL");
	eq(prctl(PR_GET_DUMPABLE), 1, "a fresh process is dumpable");
	fails(prctl(PR_SET_DUMPABLE, 2), EINVAL, "PR_SET_DUMPABLE 2 is EINVAL");
	eq(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0, "PR_SET_PDEATHSIG works");
	int sig = 0;
	prctl(PR_GET_PDEATHSIG, &sig);
	eq(sig, SIGUSR1, "PR_GET_PDEATHSIG tells it");
	prctl(PR_SET_PDEATHSIG, 0);
	fails(prctl(PR_SET_PDEATHSIG, 65), EINVAL, "PR_SET_PDEATHSIG of signal 65 is EINVAL");
	fails(syscall(SYS_set_robust_list, NULL, 11), EINVAL,
	      "set_robust_list of a wrong size is EINVAL");
}

int main(void)
{
	check_unknown_numbers();
	check_registers();
	check_ids();
	check_uname();
	check_sysinfo();
	check_getrandom();
	check_umask();
	check_times();
	check_prlimit();
	check_misc();
	return t_done();
}
