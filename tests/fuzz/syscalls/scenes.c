/*
 * Sequences that chance alone hardly ever makes: a call that matters only after others. Each sets
 * the scene, then makes calls of its subject at random.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <linux/rseq.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ADDRESS(object) ((u32)(uintptr_t)(object))

/* fork(2) by our own means: the child does a few steps as any other. 0: there may be none. */
static u32 make_child(struct thread *t)
{
	const u32 args[ARGS] = {SIGCHLD};
	long pid;

	if (t->slot->children >= CHILDREN)
		return 0;
	t->slot->children++;
	pid = enter_child(__NR_clone, args, t);
	if (pid > 0)
		keep(t->pids, &t->pids_kept, (u32)pid);
	return pid > 0 ? (u32)pid : 0;
}

/* ---- a traced child ---- */

static void trace_something(struct thread *t, u32 pid)
{
	static const u32 requests[] = {
		PTRACE_PEEKTEXT,
		PTRACE_PEEKUSER,
		PTRACE_POKEDATA,
		PTRACE_POKEUSER,
		PTRACE_CONT,
		PTRACE_SINGLESTEP,
		PTRACE_GETREGS,
		PTRACE_SETREGS,
		PTRACE_GETFPREGS,
		PTRACE_SETFPREGS,
		18,
		19,
		PTRACE_SYSCALL,
		25,
		26,
		31,
		PTRACE_SETOPTIONS,
		PTRACE_GETEVENTMSG,
		PTRACE_GETSIGINFO,
		PTRACE_SETSIGINFO,
		PTRACE_GETREGSET,
		PTRACE_SETREGSET,
		PTRACE_INTERRUPT,
		PTRACE_LISTEN,
		PTRACE_GETSIGMASK,
		PTRACE_SETSIGMASK,
		0x420e,
		PTRACE_DETACH,
		PTRACE_KILL,
	};
	u32 data[STRUCT_MAX / 4], request = requests[rnd(t, COUNT(requests))];
	u32 iov[2] = {0, sizeof(data) / 2}, size = 0;

	while (size < 300)
		data[size++] = any(t);
	/* Registers of its own, of which a few change: the child goes on, somewhere. */
	if (request == PTRACE_SETREGS && one_in(t, 2)) {
		raw(__NR_ptrace, PTRACE_GETREGS, pid, 0, ADDRESS(data));
		data[rnd(t, 17)] = any(t);
	}
	iov[0] = ADDRESS(data);
	raw(__NR_ptrace, request, pid, one_in(t, 2) ? 4 * rnd(t, 80) : any(t),
	    request == PTRACE_GETREGSET || request == PTRACE_SETREGSET ? ADDRESS(iov)
	    : one_in(t, 2)                                             ? ADDRESS(data)
								       : any(t));
}

static void trace_child(struct thread *t)
{
	u32 pid = make_child(t), status = 0;

	if (!pid)
		return;
	raw(__NR_ptrace, one_in(t, 2) ? PTRACE_ATTACH : PTRACE_SEIZE, pid, 0,
	    one_in(t, 2) ? 0 : 0x7f);
	for (u32 n = 3 + rnd(t, 10); n; n--) {
		raw(__NR_wait4, pid, ADDRESS(&status), __WALL | (one_in(t, 4) ? 0 : WNOHANG), 0);
		trace_something(t, pid);
		if (one_in(t, 6))
			raw(__NR_kill, pid, number_of_type(t, T_SIG), 0, 0);
	}
}

/* ---- a connection, over which descriptors travel ---- */

static void send_descriptors(struct thread *t, u32 fd)
{
	u32 control[8] = {24, SOL_SOCKET, SCM_RIGHTS}, byte = 0, iov[2] = {ADDRESS(&byte), 1};
	u32 header[7] = {0, 0, ADDRESS(iov), 1, ADDRESS(control), 24, 0};

	for (u32 i = 3; i < 6; i++)
		control[i] = one_in(t, 3) ? fd : some_fd(t, K_ANY);
	raw(__NR_sendmsg, fd, ADDRESS(header), MSG_DONTWAIT | MSG_NOSIGNAL, 0);
}

static void connect_something(struct thread *t)
{
	static const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "listener"};
	long fd = raw(__NR_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 0), other;

	if (fd < 0)
		return;
	raw(__NR_connect, (u32)fd, ADDRESS(&name), sizeof(name), 0);
	other = raw(__NR_accept4, FD_BASE + K_LISTENER, 0, 0, one_in(t, 2) ? 0 : SOCK_NONBLOCK);
	for (u32 n = rnd(t, 4); n; n--)
		send_descriptors(t, one_in(t, 2) && other >= 0 ? (u32)other : (u32)fd);
	if (other >= 0)
		keep(t->fds, &t->fds_kept, (u32)other);
	if (one_in(t, 2))
		raw(__NR_close, (u32)fd, 0, 0, 0);
	else
		keep(t->fds, &t->fds_kept, (u32)fd);
}

/* ---- memory whose faults a descriptor resolves ---- */

static void watch_memory(struct thread *t)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_copy copy = {.src = STAGE(t->number)};
	u32 fd = FD_BASE + K_UFFD;

	reg.range.start = one_in(t, 2) ? ARENA : SHARED;
	reg.range.len = PAGE * (1 + rnd(t, SHARED_PAGES));
	raw(__NR_ioctl, fd, UFFDIO_API, ADDRESS(&api), 0);
	raw(__NR_ioctl, fd, UFFDIO_REGISTER, ADDRESS(&reg), 0);
	for (u32 n = rnd(t, 8); n; n--) {
		copy.dst = reg.range.start + PAGE * rnd(t, SHARED_PAGES);
		copy.len = PAGE * (1 + rnd(t, 3));
		copy.mode = one_in(t, 4) ? UFFDIO_COPY_MODE_DONTWAKE : 0;
		raw(__NR_madvise, (u32)copy.dst, (u32)copy.len, MADV_DONTNEED, 0);
		raw(__NR_ioctl, fd, UFFDIO_COPY, ADDRESS(&copy), 0);
	}
	if (!one_in(t, 8))
		raw(__NR_ioctl, fd, UFFDIO_UNREGISTER, ADDRESS(&reg.range), 0);
}

/* ---- mounts on mounts ---- */

static void mount_something(struct thread *t)
{
	static const char *const types[] = {"tmpfs", "proc", "sysfs", "devpts"};
	static const char *const folders[] = {"mnt", "dir", "mnt/a"};
	const char *folder = folders[rnd(t, COUNT(folders))];
	const u32 args[ARGS] = {ADDRESS("dir"), ADDRESS(folder),
				ADDRESS(types[rnd(t, COUNT(types))]), one_in(t, 3) ? MS_BIND : 0,
				0};

	enter(__NR_mount, args);
	raw(__NR_mkdir, ADDRESS("mnt/a"), 0777, 0, 0);
	if (one_in(t, 2))
		keep(t->fds, &t->fds_kept, (u32)raw(__NR_open, ADDRESS(folder), O_RDONLY, 0, 0));
	if (one_in(t, 2))
		raw(__NR_umount2, ADDRESS(folder), one_in(t, 2) ? MNT_DETACH : 0, 0, 0);
}

/* ---- semaphores of a new set ---- */

static void use_semaphores(struct thread *t)
{
	long id = raw(__NR_semget, 0, 1 + rnd(t, 5), 0600, 0);
	short operations[9];

	if (id < 0)
		return;
	keep(t->ids, &t->ids_kept, (u32)id);
	for (u32 n = rnd(t, 6); n; n--) {
		const u32 args[ARGS] = {(u32)id, ADDRESS(operations), 3, 0};

		for (u32 i = 0; i < 9; i += 3) {
			operations[i] = (short)rnd(t, 5);
			operations[i + 1] = (short)(rnd(t, 5) - 2);
			operations[i + 2] =
				(short)((one_in(t, 4) ? 0 : 04000) | (one_in(t, 2) ? 0x1000 : 0));
		}
		enter(__NR_semtimedop_time64, args);
	}
	if (one_in(t, 2))
		raw(__NR_semctl, (u32)id, 0, 0 /* IPC_RMID */, 0);
}

/* ---- a restartable sequence, which signals and other processes interrupt ---- */

/*
 * Waits in a section of which @cs tells, whether that is true or not; a restart ends the wait too.
 */
void wait_in_section(struct rseq *rseq, const struct rseq_cs *cs, u32 turns);
extern const char section_begin[], section_end[], section_abort[];
__asm__(".text\n"
	"wait_in_section:\n"
	"	movl 4(%esp), %eax\n"
	"	movl 8(%esp), %edx\n"
	"	movl 12(%esp), %ecx\n"
	"	movl %edx, 8(%eax)\n"
	"section_begin:\n"
	"	loop section_begin\n"
	"section_end:\n"
	"	ret\n"
	"	.long 0x7357\n"
	"section_abort:\n"
	"	ret\n");

static void restart_sequences(struct thread *t)
{
	struct rseq_cs cs __attribute__((aligned(32))) = {.start_ip = ADDRESS(section_begin)};
	struct rseq rseq __attribute__((aligned(32))) = {.cpu_id = 0};
	u32 signature = one_in(t, 8) ? any(t) : 0x7357;

	cs.post_commit_offset = ADDRESS(section_end) - ADDRESS(section_begin);
	cs.abort_ip = ADDRESS(section_abort);
	if (one_in(t, 8))
		((u32 *)&cs)[rnd(t, sizeof(cs) / 4)] = any(t);
	if (raw(__NR_rseq, ADDRESS(&rseq), sizeof(rseq), 0, signature) < 0)
		return;
	for (u32 n = 1 + rnd(t, 4); n; n--) {
		wait_in_section(&rseq, one_in(t, 16) ? (void *)(uintptr_t)some_address(t) : &cs,
				1 + rnd(t, 100000));
		if (one_in(t, 2))
			raw(__NR_membarrier, one_in(t, 2) ? 256 : 128, rnd(t, 2), rnd(t, 4), 0);
		if (one_in(t, 4))
			make_child(t);
	}
	raw(__NR_rseq, ADDRESS(&rseq), sizeof(rseq), RSEQ_FLAG_UNREGISTER, signature);
}

void scene(struct thread *t)
{
	switch (rnd(t, 9)) {
	case 0:
	case 1: trace_child(t); break;
	case 2:
	case 3: connect_something(t); break;
	case 4: watch_memory(t); break;
	case 5: use_semaphores(t); break;
	case 6: restart_sequences(t); break;
	default:
		if (t->root)
			mount_something(t);
	}
}
