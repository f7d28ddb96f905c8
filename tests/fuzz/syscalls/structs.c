/*
 * What lies behind pointers. A fill_NAME() writes one structure (or an array) to @buf, with values
 * that a call would take, and returns its size; then struct_fill() spoils a few of them.
 */
#include "fuzz.h"
#include "structs.h"
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <asm/ldt.h>

#define SIGSET_SIZE 8u /* the kernel's */

static u32 fill_words(struct thread *t, void *buf)
{
	u32 *words = buf, n = 1 + rnd(t, 64);

	for (u32 i = 0; i < n; i++)
		words[i] = any(t);
	return n * 4;
}

static u32 fill_bytes(struct thread *t, void *buf)
{
	u32 n = 1 + rnd(t, 300);

	for (u32 i = 0; i < n; i++)
		((char *)buf)[i] = (char)rnd(t, 256);
	return n;
}

static u32 fill_offset(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = number_of_type(t, T_OFF);
	words[1] = number_of_type(t, T_HIGH);
	return 8;
}

/* How long something is, for calls that say how long it became. */
static u32 fill_size(struct thread *t, void *buf)
{
	*(u32 *)buf = one_in(t, 4) ? any(t) : 4u << rnd(t, 6);
	return 4;
}

/* ---- times: short ones, so that a life goes on ---- */

static u32 fill_timespec(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = odd(t, 16) ? any(t) : 0;
	words[1] = odd(t, 16) ? any(t) : rnd(t, 20000000);
	return 8;
}

static u32 fill_timeval(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = odd(t, 16) ? any(t) : 0;
	words[1] = odd(t, 16) ? any(t) : rnd(t, 20000);
	return 8;
}

static u32 fill_timespec64(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = odd(t, 16) ? any(t) : 0;
	words[1] = odd(t, 16) ? any(t) : 0;
	words[2] = odd(t, 16) ? any(t) : rnd(t, 20000000);
	words[3] = odd(t, 16) ? any(t) : 0;
	return 16;
}

static u32 fill_itimerval(struct thread *t, void *buf)
{
	fill_timeval(t, buf);
	return 8 + fill_timeval(t, (char *)buf + 8);
}

static u32 fill_itimerspec(struct thread *t, void *buf)
{
	fill_timespec(t, buf);
	return 8 + fill_timespec(t, (char *)buf + 8);
}

static u32 fill_itimerspec64(struct thread *t, void *buf)
{
	fill_timespec64(t, buf);
	return 16 + fill_timespec64(t, (char *)buf + 16);
}

static u32 fill_times(struct thread *t, void *buf)
{
	static const u32 special[] = {(1u << 30) - 1, (1u << 30) - 2};
	u32 *words = buf;

	for (u32 i = 0; i < 8; i++)
		words[i] = one_in(t, 4) ? special[rnd(t, 2)] : any(t);
	return 32;
}

static u32 fill_timex(struct thread *t, void *buf)
{
	memset(buf, 0, 256);
	((u32 *)buf)[0] = one_in(t, 2) ? 0 : any(t);
	for (u32 n = rnd(t, 4); n; n--)
		((u32 *)buf)[rnd(t, 32)] = any(t);
	return 128 + 4 * rnd(t, 24);
}

/* ---- signals ---- */

static u32 fill_sigset(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = one_in(t, 2) ? 0 : any(t) & ~(1u << (SIGALRM - 1));
	words[1] = one_in(t, 2) ? 0 : any(t);
	return SIGSET_SIZE;
}

/* The sixth argument of pselect6. */
static u32 fill_sigset_arg(struct thread *t, void *buf)
{
	u32 set[2], *words = buf;

	fill_sigset(t, set);
	words[0] = place(t, set, sizeof(set));
	words[1] = odd(t, 8) ? any(t) : SIGSET_SIZE;
	return 8;
}

static void on_signal(int sig)
{
	(void)sig;
}

static u32 handler(struct thread *t)
{
	switch (rnd(t, 6)) {
	case 0: return (u32)(uintptr_t)SIG_DFL;
	case 1: return (u32)(uintptr_t)SIG_IGN;
	case 2: return one_in(t, 4) ? any(t) : 0;
	default: return (u32)(uintptr_t)on_signal;
	}
}

static u32 action_flags(struct thread *t)
{
	static const u32 some[] = {SA_RESTART,   SA_SIGINFO,   SA_NODEFER,       SA_ONSTACK,
				   SA_NOCLDSTOP, SA_NOCLDWAIT, (u32)SA_RESETHAND};

	return odd(t, 8) ? any(t) : some[rnd(t, COUNT(some))] | some[rnd(t, COUNT(some))];
}

static u32 fill_sigaction(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = handler(t);
	words[1] = action_flags(t);
	words[2] = odd(t, 8) ? any(t) : 0;
	return 12 + fill_sigset(t, words + 3);
}

static u32 fill_sigaction_old(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = handler(t);
	words[1] = one_in(t, 2) ? 0 : any(t);
	words[2] = action_flags(t);
	words[3] = odd(t, 8) ? any(t) : 0;
	return 16;
}

static u32 fill_siginfo(struct thread *t, void *buf)
{
	int *words = buf;

	memset(buf, 0, 128);
	words[0] = (int)number_of_type(t, T_SIG);
	words[2] = one_in(t, 2) ? SI_QUEUE : (int)any(t);
	for (u32 n = rnd(t, 8); n; n--)
		words[rnd(t, 32)] = (int)any(t);
	return 128;
}

static u32 fill_sigevent(struct thread *t, void *buf)
{
	u32 *words = buf;

	memset(buf, 0, 64);
	words[0] = any(t);
	words[1] = one_in(t, 8) ? number_of_type(t, T_SIG) : SIGALRM;
	words[2] = odd(t, 8) ? any(t) : rnd(t, 5);
	words[3] = number_of_type(t, T_PID);
	return 64;
}

static u32 fill_altstack(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = one_in(t, 2) ? some_address(t) : STAGE(t->number);
	words[1] = odd(t, 8) ? any(t) : (u32)SS_DISABLE * rnd(t, 2);
	words[2] = one_in(t, 4) ? any(t) : 2 * PAGE;
	return 12;
}

/* ---- limits and scheduling ---- */

static u32 fill_rlimit(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = one_in(t, 2) ? ~0u : any(t);
	words[1] = one_in(t, 2) ? ~0u : any(t);
	return 8;
}

static u32 fill_rlimit64(struct thread *t, void *buf)
{
	u32 *words = buf;

	for (u32 i = 0; i < 4; i++)
		words[i] = one_in(t, 2) ? ~0u : any(t);
	return 16;
}

/* Below the supervisor's own priority. */
static u32 fill_sched_param(struct thread *t, void *buf)
{
	*(u32 *)buf = one_in(t, 2) ? 0 : rnd(t, 60);
	return 4;
}

static u32 fill_sched_attr(struct thread *t, void *buf)
{
	u32 *words = buf;

	memset(buf, 0, 64);
	words[0] = one_in(t, 4) ? rnd(t, 128) : 48;
	words[1] = rnd(t, 8); /* policy */
	words[2] = one_in(t, 4) ? rnd(t, 128) : 0;
	words[4] = rnd(t, 40) - 20; /* nice */
	words[5] = one_in(t, 2) ? 0 : rnd(t, 60);
	for (u32 i = 6; i < 14; i++)
		words[i] = one_in(t, 4) ? any(t) : 0;
	return 64;
}

static u32 fill_cpumask(struct thread *t, void *buf)
{
	u32 *words = buf;

	memset(buf, 0, 128);
	words[0] = one_in(t, 4) ? any(t) : 1 + rnd(t, 15);
	words[rnd(t, 32)] |= odd(t, 8) ? any(t) : 0;
	return 4u << rnd(t, 6);
}

static u32 fill_cap_header(struct thread *t, void *buf)
{
	static const u32 versions[] = {_LINUX_CAPABILITY_VERSION_1, _LINUX_CAPABILITY_VERSION_2,
				       _LINUX_CAPABILITY_VERSION_3, 0};
	u32 *words = buf;

	words[0] = versions[rnd(t, COUNT(versions))];
	words[1] = one_in(t, 2) ? 0 : number_of_type(t, T_PID);
	return 8;
}

static u32 fill_caps(struct thread *t, void *buf)
{
	u32 *words = buf;

	for (u32 i = 0; i < 6; i++)
		words[i] = one_in(t, 2) ? 0 : any(t);
	return 24;
}

/* ---- vectors and messages ---- */

static u32 fill_iovec(struct thread *t, void *buf)
{
	u32 *words = buf, n = t->last_count = 1 + rnd(t, 8);

	for (u32 i = 0; i < n; i++)
		words[2 * i] = some_buffer(t, &words[2 * i + 1]);
	return n * 8;
}

static u32 fill_sockaddr(struct thread *t, void *buf)
{
	struct sockaddr_un *name = buf;
	char path[STRUCT_MAX];

	memset(name, 0, sizeof(*name));
	name->sun_family = one_in(t, 8) ? (sa_family_t)any(t) : AF_UNIX;
	if (one_in(t, 3)) {
		name->sun_path[1] = (char)('a' + rnd(t, 3)); /* the abstract name space */
		return 4;
	}
	if (one_in(t, 3)) {
		strcpy(name->sun_path, "listener");
		return sizeof(*name);
	}
	path_fill(t, path, PATHS_OWN);
	memcpy(name->sun_path, path, sizeof(name->sun_path));
	return sizeof(*name);
}

static u32 fill_control(struct thread *t, u32 *words)
{
	u32 fds = rnd(t, 4);

	words[0] = odd(t, 8) ? any(t) : 12 + 4 * fds;
	words[1] = odd(t, 8) ? any(t) : SOL_SOCKET;
	words[2] = odd(t, 8) ? any(t) : 1 + rnd(t, 3);
	for (u32 i = 0; i < fds; i++)
		words[3 + i] = some_fd(t, K_ANY);
	if (words[2] == 2) { /* credentials */
		words[3] = number_of_type(t, T_PID);
		words[4] = number_of_type(t, T_UID);
		words[5] = number_of_type(t, T_UID);
	}
	return 24;
}

static u32 fill_msghdr(struct thread *t, void *buf)
{
	u32 *words = buf, inner[64], size;

	memset(buf, 0, 32);
	if (one_in(t, 4)) {
		size = fill_sockaddr(t, inner);
		words[0] = place(t, inner, size);
		words[1] = size;
	}
	size = fill_iovec(t, inner);
	words[2] = place(t, inner, size);
	words[3] = odd(t, 16) ? any(t) : size / 8;
	if (one_in(t, 2)) {
		size = fill_control(t, inner);
		words[4] = place(t, inner, size);
		words[5] = odd(t, 8) ? any(t) : size;
	}
	words[6] = odd(t, 4) ? any(t) : 0;
	return 28;
}

static u32 fill_mmsghdr(struct thread *t, void *buf)
{
	u32 n = t->last_count = 1 + rnd(t, 4);

	for (u32 i = 0; i < n; i++) {
		fill_msghdr(t, (u32 *)buf + 8 * i);
		((u32 *)buf)[8 * i + 7] = 0;
	}
	t->last_count = n;
	return n * 32;
}

static u32 fill_pollfds(struct thread *t, void *buf)
{
	struct pollfd *list = buf;
	u32 n = t->last_count = 1 + rnd(t, 8);

	for (u32 i = 0; i < n; i++) {
		list[i].fd = (int)some_fd(t, K_ANY);
		list[i].events = (short)any(t);
		list[i].revents = 0;
	}
	return n * sizeof(*list);
}

static u32 fill_fdset(struct thread *t, void *buf)
{
	memset(buf, 0, 128);
	for (u32 n = rnd(t, 6); n; n--)
		((u32 *)buf)[0] |= 1u << (FD_BASE + rnd(t, 28));
	if (one_in(t, 4))
		((u32 *)buf)[rnd(t, 32)] = any(t);
	return 128;
}

static u32 fill_old_select(struct thread *t, void *buf)
{
	u32 *words = buf, set[32], time[2];

	words[0] = number_of_type(t, T_SMALL) * 8;
	for (u32 i = 1; i < 4; i++) {
		fill_fdset(t, set);
		words[i] = one_in(t, 2) ? 0 : place(t, set, sizeof(set));
	}
	fill_timeval(t, time);
	words[4] = place(t, time, sizeof(time));
	return 20;
}

static u32 fill_epoll_event(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = one_in(t, 4) ? any(t) : EPOLLIN | EPOLLOUT | (one_in(t, 4) ? EPOLLET : 0);
	words[1] = any(t);
	words[2] = any(t);
	return 12;
}

static u32 fill_sembuf(struct thread *t, void *buf)
{
	struct sembuf *list = buf;
	u32 n = t->last_count = 1 + rnd(t, 4);

	for (u32 i = 0; i < n; i++) {
		list[i].sem_num = (unsigned short)(odd(t, 16) ? any(t) : rnd(t, 4));
		list[i].sem_op = (short)(rnd(t, 5) - 2);
		list[i].sem_flg =
			(short)((one_in(t, 2) ? IPC_NOWAIT : 0) | (one_in(t, 2) ? SEM_UNDO : 0));
	}
	return n * sizeof(*list);
}

/* ---- the rest ---- */

static u32 fill_mmap_args(struct thread *t, void *buf)
{
	u32 *words = buf;

	words[0] = some_address(t);
	words[1] = number_of_type(t, T_MAPLEN);
	words[2] = rnd(t, 8);
	words[3] = (one_in(t, 2) ? MAP_PRIVATE : MAP_SHARED) | (one_in(t, 2) ? MAP_ANONYMOUS : 0) |
		   (one_in(t, 2) ? MAP_FIXED : 0) | (odd(t, 8) ? any(t) : 0);
	words[4] = some_fd(t, K_ANY);
	words[5] = number_of_type(t, T_OFF) & ~(PAGE - 1);
	return 24;
}

static u32 fill_user_desc(struct thread *t, void *buf)
{
	struct user_desc *desc = buf;

	memset(desc, 0, sizeof(*desc));
	desc->entry_number = one_in(t, 4) ? any(t) : (u32)-1 + rnd(t, 2) * (7 + rnd(t, 4));
	desc->base_addr = any(t);
	desc->limit = any(t);
	((u32 *)buf)[3] = one_in(t, 2) ? 0x51 : any(t);
	return sizeof(*desc);
}

static u32 fill_clone_args(struct thread *t, void *buf)
{
	struct clone_args *args = buf;

	memset(args, 0, sizeof(*args));
	args->flags = one_in(t, 2) ? 0 : any(t);
	args->exit_signal = odd(t, 8) ? any(t) : SIGCHLD;
	for (u32 n = rnd(t, 4); n; n--)
		((u32 *)buf)[2 * (1 + rnd(t, 8))] = some_address(t);
	return one_in(t, 8) ? 8 * rnd(t, 16) : sizeof(*args);
}

static u32 fill_open_how(struct thread *t, void *buf)
{
	struct open_how *how = buf;

	memset(how, 0, 64);
	how->flags = one_in(t, 2) ? rnd(t, 3) : any(t);
	how->mode = one_in(t, 2) ? 0 : rnd(t, 010000);
	how->resolve = one_in(t, 2) ? 0 : any(t) & 0x3f;
	return sizeof(*how);
}

/* argv and envp: texts behind texts. Never the word that begins a fuzzer. */
static u32 fill_vector(struct thread *t, void *buf)
{
	u32 *words = buf, n = rnd(t, 6);

	for (u32 i = 0; i < n; i++) {
		char text[STRUCT_MAX];

		words[i] = place(t, text, string_fill(t, TEXT_ANY, text));
	}
	words[n] = 0;
	return 4 * (n + 1);
}

static u32 fill_socketcall(struct thread *t, void *buf)
{
	u32 *words = buf, inner[STRUCT_MAX / 4];

	for (u32 i = 0; i < 6; i++) {
		switch (rnd(t, 4)) {
		case 0: words[i] = any(t); break;
		case 1: words[i] = rnd(t, 3); break;
		default: words[i] = place(t, inner, fill_sockaddr(t, inner)); break;
		}
	}
	words[0] = one_in(t, 4) ? AF_UNIX : some_fd(t, K_STREAM_A + rnd(t, 6));
	return 24;
}

typedef u32 filler(struct thread *, void *);
static filler *const fillers[];

/* Any other one: for ioctl, fcntl, prctl and others whose argument depends on a command. */
static u32 fill_varied(struct thread *t, void *buf)
{
	return fillers[rnd(t, S_varied)](t, buf);
}

static filler *const fillers[] = {
#define X(name) fill_##name,
	STRUCTS(X)
#undef X
};

u32 struct_fill(struct thread *t, u32 which, void *buf)
{
	u32 size = fillers[which](t, buf);

	if (odd(t, 8) && size >= 4 && which != S_sched_param && which != S_sched_attr)
		((u32 *)buf)[rnd(t, size / 4)] = any(t);
	return size;
}

static const char *const xattrs[] = {
	"user.a", "user.b", "trusted.c", "security.d", "system.posix_acl_access",
	"user.",  "",       "nothing"};
static const char *const file_systems[] = {"tmpfs", "proc", "sysfs", "devpts",
					   "ramfs", "ext2", "",      "devtmpfs"};
static const char *const texts[] = {
	"", "a", "exit", "size=1M", "mode=0777", "-", "size=1k,nr_inodes=9", "=", "x=y"};

#define PICK(t, list) list[rnd(t, COUNT(list))]

u32 string_fill(struct thread *t, u32 which, char *buf)
{
	const char *text = which == TEXT_XATTR    ? PICK(t, xattrs)
			   : which == TEXT_FSTYPE ? PICK(t, file_systems)
						  : PICK(t, texts);
	u32 len = (u32)strlen(text);

	memcpy(buf, text, len + 1);
	if (odd(t, 16))
		while (len < 300)
			buf[len++] = (char)(1 + rnd(t, 255));
	buf[len] = '\0';
	return len + 1;
}
