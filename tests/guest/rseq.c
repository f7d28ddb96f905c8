/*
 * rseq - restartable sequences: rseq(2), Linux's Documentation and <linux/rseq.h>, and the kinds of
 * membarrier(2) for them.
 */
#include "t.h"
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>

#ifndef SYS_rseq
#define SYS_rseq 386
#endif
#define SIGNATURE 0x53053053u

static struct rseq area;
static long cpus;

static long do_rseq(void *r, unsigned len, int flags, unsigned sig)
{
	return syscall(SYS_rseq, r, len, flags, sig);
}

static void enter(void)
{
	need(do_rseq(&area, sizeof(area), 0, SIGNATURE) == 0);
}

static long leave(void)
{
	return do_rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER, SIGNATURE);
}

/* ---- a section that only its abort handler ends ---- */

int section(struct rseq *r, struct rseq_cs *cs);
int outside(struct rseq *r, struct rseq_cs *cs);
extern char section_start[], section_end[], section_abort[], section_forged[];

asm(".text\n"
    ".globl section, section_start, section_end, section_abort, section_forged, outside\n"
    "section:\n"
    "	movl 4(%esp), %eax\n"
    "	movl 8(%esp), %ecx\n"
    "	movl %ecx, 8(%eax)\n"
    "section_start:\n"
    "	pause\n"
    "	jmp section_start\n"
    "section_end:\n"
    "	movl $1, %eax\n"
    "	ret\n"
    "	.long 0x53053053\n"
    "section_abort:\n"
    "	movl $2, %eax\n"
    "	ret\n"
    "	.long 0x12345678\n"
    "section_forged:\n"
    "	movl $3, %eax\n"
    "	ret\n"
    /* says that it is in the section, and is not: until the kernel clears that */
    "outside:\n"
    "	movl 4(%esp), %eax\n"
    "	movl 8(%esp), %ecx\n"
    "	movl %ecx, 8(%eax)\n"
    "1:	pause\n"
    "	cmpl $0, 8(%eax)\n"
    "	jne 1b\n"
    "	movl $4, %eax\n"
    "	ret\n");

static struct rseq_cs cs;

static void make_section(void)
{
	memset(&cs, 0, sizeof(cs));
	cs.start_ip = (unsigned long)section_start;
	cs.post_commit_offset = (unsigned long)(section_end - section_start);
	cs.abort_ip = (unsigned long)section_abort;
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	t_must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

/* Another process that wants the same CPU all the time. */
static pid_t rival(void)
{
	pid_t pid = fork();

	t_must(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		continue;
}

static int with_rival(int (*fn)(struct rseq *, struct rseq_cs *))
{
	pid_t pid = rival();
	int result = fn(&area, &cs);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return result;
}

/* ---- registration ---- */

static void check_register(void)
{
	static char room[128] __attribute__((aligned(64)));

	fails(do_rseq(&area, sizeof(area), 2, SIGNATURE), EINVAL, "an unknown flag");
	fails(do_rseq(&area, sizeof(area) - 1, 0, SIGNATURE), EINVAL, "another length");
	fails(do_rseq(room + 16, sizeof(area), 0, SIGNATURE), EINVAL,
	      "an address that is not aligned");
	fails(do_rseq((void *)0xffffffe0, sizeof(area), 0, SIGNATURE), EFAULT,
	      "an address of the kernel");
	fails(leave(), EINVAL, "unregistering what was not registered");
	fails(do_rseq(NULL, sizeof(area), RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL, "or nothing");
	area.cpu_id = area.cpu_id_start = 77;
	works(do_rseq(&area, sizeof(area), 0, SIGNATURE), "registering");
	ok(area.cpu_id < (unsigned)cpus && area.cpu_id_start == area.cpu_id,
	   "tells the CPU when the call returns");
	fails(do_rseq(&area, sizeof(area), 0, SIGNATURE), EBUSY, "the same again");
	fails(do_rseq(&area, sizeof(area), 0, 1), EPERM, "with another signature");
	fails(do_rseq(room, sizeof(area), 0, SIGNATURE), EINVAL, "another area");
	fails(do_rseq(room, sizeof(area), RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL,
	      "unregistering another area");
	fails(do_rseq(&area, sizeof(area) + 1, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL,
	      "with another length");
	fails(do_rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER, 1), EPERM,
	      "with another signature");
	fails(do_rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER | 2, SIGNATURE), EINVAL,
	      "with an unknown flag");
	works(leave(), "unregistering");
	ok(area.cpu_id == (unsigned)RSEQ_CPU_ID_UNINITIALIZED && area.cpu_id_start == 0,
	   "leaves no CPU behind");
	fails(leave(), EINVAL, "and cannot be done twice");
}

static void check_cpu(void)
{
	bool same = true;

	enter();
	for (int turn = 0; turn < 4; turn++)
		for (unsigned cpu = 0; cpu < (unsigned)cpus; cpu++) {
			pin(cpu);
			same &= area.cpu_id == cpu && area.cpu_id_start == cpu;
		}
	ok(same, "the CPU is right after each move");
	pin(0);
	leave();
}

/* ---- who has it: threads, children, programs ---- */

static void *register_in_thread(void *arg)
{
	static struct rseq mine;

	(void)arg;
	if (do_rseq(&mine, sizeof(mine), 0, SIGNATURE) != 0)
		return "not registered";
	return do_rseq(&mine, sizeof(mine), RSEQ_FLAG_UNREGISTER, SIGNATURE) == 0 ? NULL : "stays";
}

static int inherits(void *arg)
{
	(void)arg;
	need(area.cpu_id < (unsigned)cpus);
	need(do_rseq(&area, sizeof(area), 0, SIGNATURE) == -1 && errno == EBUSY);
	need(leave() == 0);
	return 0;
}

static int execs(void *arg)
{
	execl("/proc/self/exe", "rseq", "fresh", NULL);
	return arg ? 1 : 2;
}

static void check_heirs(void)
{
	pthread_t thread;
	void *result = "none";

	enter();
	exits(inherits, NULL, 0, "a child has its parent's registration");
	t_must(pthread_create(&thread, NULL, register_in_thread, NULL) == 0);
	pthread_join(thread, &result);
	ok(!result, "a thread begins without");
	exits(execs, NULL, 0, "a new program begins without");
	leave();
}

/* ---- sections ---- */

static volatile bool seen_abort;

static void on_alarm(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	if (((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP] == (greg_t)section_abort)
		seen_abort = true;
}

/*
 * Signals that come again and again until the section is left: the first may come before it is
 * entered, and nobody else may want this CPU.
 */
static bool section_under_alarms(unsigned first_us)
{
	struct itimerval soon = {.it_value.tv_usec = first_us, .it_interval.tv_usec = 20000};
	const struct itimerval never = {};
	bool aborted;

	setitimer(ITIMER_REAL, &soon, NULL);
	aborted = section(&area, &cs) == 2;
	setitimer(ITIMER_REAL, &never, NULL);
	return aborted;
}

static void check_sections(void)
{
	struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
	bool aborted = true;

	make_section();
	enter();
	eq(with_rival(section), 2, "a section that loses its CPU to another process is aborted");
	eq(area.rseq_cs, 0, "and is left");
	eq(with_rival(outside), 4, "who is not in the section is only told that it has left it");
	sigaction(SIGALRM, &action, NULL);
	/* Another process may be faster and end the section; not every time, if the time differs. */
	for (unsigned turn = 0; turn < 100 && !seen_abort; turn++)
		aborted &= section_under_alarms(500 + 700 * (turn % 8));
	t_watchdog();
	ok(aborted, "a signal aborts a section");
	ok(seen_abort, "before its handler runs");
	eq(area.rseq_cs, 0, "and it is left");
	leave();
}

enum defect {
	SIGNATURE_WRONG,
	ABORT_INSIDE,
	VERSION,
	FLAGS,
	AREA_FLAGS,
	POINTER,
	UNMAPPED,
	BOUNDS
};

static int defective(void *arg)
{
	enum defect defect = (enum defect)(long)arg;
	struct rseq *r =
		mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rseq_cs *bad = &cs;

	make_section();
	need(r != MAP_FAILED && do_rseq(r, sizeof(*r), 0, SIGNATURE) == 0);
	switch (defect) {
	case SIGNATURE_WRONG: cs.abort_ip = (unsigned long)section_forged; break;
	case ABORT_INSIDE: cs.abort_ip = cs.start_ip + 1; break;
	case VERSION: cs.version = 1; break;
	case FLAGS: cs.flags = RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL; break;
	case AREA_FLAGS: r->flags = 64; break;
	case POINTER: bad = (struct rseq_cs *)0xfffff000; break;
	case BOUNDS: cs.post_commit_offset = 0xf0000000; break;
	case UNMAPPED:
		rival();
		munmap(r, T_PAGE);
		for (;;)
			continue;
	}
	rival();
	section(r, bad);
	return 9;
}

static void check_defects(void)
{
	static const struct {
		enum defect defect;
		const char *what;
	} cases[] = {
		{SIGNATURE_WRONG, "an abort handler without the signature"},
		{ABORT_INSIDE, "an abort handler inside the section"},
		{VERSION, "an unknown version"},
		{FLAGS, "a flag of the section"},
		{AREA_FLAGS, "a flag of the area"},
		{POINTER, "a section in the kernel"},
		{BOUNDS, "a section that reaches into the kernel"},
		{UNMAPPED, "an area that is gone"},
	};

	for (unsigned i = 0; i < T_COUNT(cases); i++)
		dies(defective, (void *)(long)cases[i].defect, SIGSEGV, "%s is SIGSEGV",
		     cases[i].what);
}

/* ---- membarrier ---- */

static volatile int in_section;

static void *stay_in_section(void *arg)
{
	static struct rseq mine;

	pin((unsigned)(long)arg);
	t_must(do_rseq(&mine, sizeof(mine), 0, SIGNATURE) == 0);
	in_section = 1;
	return (void *)(long)section(&mine, &cs);
}

static void check_membarrier(void)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	unsigned last = (unsigned)cpus - 1;
	pthread_t thread;
	void *result = NULL;

	ok((commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) &&
		   (commands & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ),
	   "membarrier offers the RSEQ kind");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), EPERM,
	      "which has to be registered for");
	works(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0),
	      "registering");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 2, 0), EINVAL,
	      "an unknown flag");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
		      MEMBARRIER_CMD_FLAG_CPU, 0),
	      EINVAL, "the flag for a CPU with another command");
	works(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), "on all CPUs");
	works(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
		      MEMBARRIER_CMD_FLAG_CPU, 0),
	      "on one");
	works(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
		      MEMBARRIER_CMD_FLAG_CPU, 100000),
	      "on one that there is not");
	make_section();
	t_must(pthread_create(&thread, NULL, stay_in_section, (void *)(long)last) == 0);
	t_until(in_section);
	while (pthread_tryjoin_np(thread, &result)) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
			MEMBARRIER_CMD_FLAG_CPU, last);
		usleep(1000);
	}
	eq((long)result, 2, "it aborts the section of a thread on that CPU");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "fresh"))
		return do_rseq(&area, sizeof(area), 0, SIGNATURE) != 0;
	/* glibc registers an area of its own for each thread, unless it is told not to. */
	if (!getenv("GLIBC_TUNABLES")) {
		setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
		execv("/proc/self/exe", argv);
	}
	if (do_rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER, 0) == -1 && errno == ENOSYS) {
		t_skip("rseq", "the kernel does not have it");
		return t_done();
	}
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pin(0);
	check_register();
	check_cpu();
	check_heirs();
	check_sections();
	check_defects();
	check_membarrier();
	return t_done();
}
