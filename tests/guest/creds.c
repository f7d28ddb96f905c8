/*
 * creds - credentials(7), setuid(2), setreuid(2), setresuid(2), setgid(2), setgroups(2),
 * capabilities(7), capget(2): who may become whom, and what a change of ids takes away.
 */
#include "t.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#define U 1000
#define V 2000

struct ids {
	int r, e, s;
};

static bool uids(int r, int e, int s)
{
	uid_t a, b, c;

	return getresuid(&a, &b, &c) == 0 && (int)a == r && (int)b == e && (int)c == s;
}

static bool gids(int r, int e, int s)
{
	gid_t a, b, c;

	return getresgid(&a, &b, &c) == 0 && (int)a == r && (int)b == e && (int)c == s;
}

/* Raw calls: each changes this thread, as the kernel defines them. */
enum how { SETUID, SETREUID, SETRESUID };

static long change(enum how how, int a, int b, int c)
{
	switch (how) {
	case SETUID: return syscall(SYS_setuid32, a);
	case SETREUID: return syscall(SYS_setreuid32, a, b);
	default: return syscall(SYS_setresuid32, a, b, c);
	}
}

static long change_gid(enum how how, int a, int b, int c)
{
	switch (how) {
	case SETUID: return syscall(SYS_setgid32, a);
	case SETREUID: return syscall(SYS_setregid32, a, b);
	default: return syscall(SYS_setresgid32, a, b, c);
	}
}

static const struct matrix {
	struct ids from;
	enum how how;
	int a, b, c;
	struct ids to; /* r -1: EPERM */
} matrix[] = {
	/* root */
	{{0, 0, 0}, SETUID, U, 0, 0, {U, U, U}},
	{{0, 0, 0}, SETREUID, U, V, 0, {U, V, V}},
	{{0, 0, 0}, SETREUID, -1, V, 0, {0, V, V}},
	{{0, 0, 0}, SETREUID, U, -1, 0, {U, 0, 0}},
	{{0, 0, 0}, SETRESUID, 1, 2, 3, {1, 2, 3}},
	{{0, 0, 0}, SETRESUID, -1, -1, -1, {0, 0, 0}},
	/* effective root */
	{{U, 0, 0}, SETUID, V, 0, 0, {V, V, V}},
	{{U, 0, U}, SETRESUID, V, V, V, {V, V, V}},
	/* a user */
	{{U, U, U}, SETUID, 0, 0, 0, {-1}},
	{{U, U, U}, SETUID, U, 0, 0, {U, U, U}},
	{{U, U, U}, SETREUID, 0, -1, 0, {-1}},
	{{U, U, U}, SETREUID, -1, 0, 0, {-1}},
	{{U, U, U}, SETRESUID, -1, -1, 0, {-1}},
	/* a set-uid program of V, run by U */
	{{U, V, V}, SETUID, U, 0, 0, {U, U, V}},
	{{U, U, V}, SETUID, V, 0, 0, {U, V, V}},
	{{U, V, V}, SETREUID, V, U, 0, {V, U, U}},
	{{U, V, V}, SETREUID, -1, U, 0, {U, U, V}},
	{{U, U, V}, SETREUID, -1, V, 0, {U, V, V}},
	{{U, U, V}, SETREUID, V, -1, 0, {-1}},
	{{U, V, V}, SETRESUID, U, U, U, {U, U, U}},
	{{U, V, V}, SETRESUID, V, U, -1, {V, U, V}},
	{{U, V, V}, SETRESUID, 0, -1, -1, {-1}},
	/* root's set-uid program that gave root up for a while */
	{{U, U, 0}, SETUID, 0, 0, 0, {U, 0, 0}},
	{{U, U, 0}, SETREUID, -1, 0, 0, {U, 0, 0}},
	{{U, U, 0}, SETRESUID, 0, 0, 0, {0, 0, 0}},
};

static int try_uid(void *arg)
{
	const struct matrix *m = arg;
	long result;

	need(syscall(SYS_setresuid32, m->from.r, m->from.e, m->from.s) == 0);
	result = change(m->how, m->a, m->b, m->c);
	if (m->to.r == -1) {
		need(result == -1 && errno == EPERM);
		need(uids(m->from.r, m->from.e, m->from.s));
	} else {
		need(result == 0);
		need(uids(m->to.r, m->to.e, m->to.s));
	}
	return 0;
}

/* The same matrix holds for groups, but the privilege comes from the effective uid. */
static int try_gid(void *arg)
{
	const struct matrix *m = arg;
	long result;

	need(syscall(SYS_setresgid32, m->from.r, m->from.e, m->from.s) == 0);
	if (m->from.e != 0)
		need(syscall(SYS_setresuid32, 4711, 4711, 4711) == 0);
	result = change_gid(m->how, m->a, m->b, m->c);
	if (m->to.r == -1) {
		need(result == -1 && errno == EPERM);
		need(gids(m->from.r, m->from.e, m->from.s));
	} else {
		need(result == 0);
		need(gids(m->to.r, m->to.e, m->to.s));
	}
	return 0;
}

static void check_matrix(void)
{
	static const char *const names[] = {"setuid", "setreuid", "setresuid"};

	for (unsigned i = 0; i < T_COUNT(matrix); i++) {
		const struct matrix *m = &matrix[i];

		exits(try_uid, (void *)m, 0, "%s(%d,%d,%d) from %d,%d,%d: %s", names[m->how], m->a,
		      m->b, m->c, m->from.r, m->from.e, m->from.s,
		      m->to.r == -1 ? "EPERM" : "allowed");
		exits(try_gid, (void *)m, 0, "and the same for groups");
	}
}

/* -- groups ---------------------------------------------------------------------------------- */

static int groups(void *arg)
{
	gid_t list[] = {30, 10, 20, 10}, got[70000];

	need(setgroups(4, list) == 0);
	need(getgroups(0, NULL) == 4);
	need(getgroups(4, got) == 4);
	need(getgroups(3, got) == -1 && errno == EINVAL);
	need(syscall(SYS_getgroups32, -1, got) == -1 && errno == EINVAL);
	for (int i = 0; i < 4; i++) {
		bool found = false;

		for (int k = 0; k < 4; k++)
			found |= got[k] == list[i];
		need(found);
	}
	need(setgroups(0, NULL) == 0 && getgroups(0, NULL) == 0);
	memset(got, 0, sizeof(got));
	need(syscall(SYS_setgroups32, 65537, got) == -1 && errno == EINVAL);
	need(syscall(SYS_setgroups32, 65536, got) == 0 && getgroups(0, NULL) == 65536);
	need(setgroups(2, list) == 0);
	need(setresuid(U, U, U) == 0);
	need(setgroups(1, list) == -1 && errno == EPERM);
	need(getgroups(0, NULL) == 2);
	return 0;
}

static int old_calls(void *arg)
{
	unsigned short r, e, s;

	need(setresuid(70000, 5, 6) == 0);
	need(syscall(SYS_getuid) == 65534); /* 16 bits cannot hold it */
	need(syscall(SYS_geteuid) == 5);
	need(syscall(SYS_getresuid, &r, &e, &s) == 0 && r == 65534 && e == 5 && s == 6);
	return 0;
}

static int fs_ids(void *arg)
{
	need(setfsuid(-1) == 0 && setfsgid(-1) == 0);
	need(setfsuid(U) == 0);
	need(setfsuid(-1) == U);
	need(open("private", O_RDONLY) == -1 && errno == EACCES);
	need(seteuid(0) == 0); /* brings it back */
	need(setfsuid(-1) == 0);
	need(open("private", O_RDONLY) >= 0);
	return 0;
}

/* -- capabilities ---------------------------------------------------------------------------- */

static struct __user_cap_data_struct cap[2];

static long read_caps(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

	memset(cap, 0, sizeof(cap));
	return syscall(SYS_capget, &head, cap);
}

static long write_caps(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capset, &head, cap);
}

#define BIT(c) (1u << (c))

static int caps_follow_uid(void *arg)
{
	need(read_caps() == 0 && cap[0].effective == 0xffffffff && cap[0].permitted == 0xffffffff);
	need(seteuid(U) == 0);
	need(read_caps() == 0 && cap[0].effective == 0 && cap[0].permitted == 0xffffffff);
	need(open("private", O_RDONLY) == -1 && errno == EACCES);
	need(seteuid(0) == 0);
	need(read_caps() == 0 && cap[0].effective == 0xffffffff);
	need(setresuid(U, U, U) == 0);
	need(read_caps() == 0 && cap[0].effective == 0 && cap[0].permitted == 0);
	need(t_field("/proc/self/status", "CapEff") == 0);
	cap[0].effective = cap[0].permitted = BIT(CAP_KILL);
	need(write_caps() == -1 && errno == EPERM);
	return 0;
}

static int keep_caps(void *arg)
{
	need(prctl(PR_GET_KEEPCAPS) == 0);
	need(prctl(PR_SET_KEEPCAPS, 1) == 0);
	need(setresuid(U, U, U) == 0);
	need(read_caps() == 0 && cap[0].effective == 0 && cap[0].permitted == 0xffffffff);
	need(kill(1, 0) == -1 && errno == EPERM);
	cap[0].effective = BIT(CAP_KILL);
	need(write_caps() == 0);
	need(kill(1, 0) == 0);
	return 0;
}

/* Single capabilities let through what they are for, and their lack does not. */
static int single(void *arg)
{
	need(read_caps() == 0);
	cap[0].effective &= ~BIT(CAP_CHOWN);
	need(write_caps() == 0);
	need(chown("private", 1, 1) == -1 && errno == EPERM);
	cap[0].effective |= BIT(CAP_CHOWN);
	need(write_caps() == 0);
	need(chown("private", U, U) == 0);
	cap[0].effective &= ~(BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH));
	need(write_caps() == 0);
	need(open("private", O_RDONLY) == -1 && errno == EACCES);
	cap[0].effective |= BIT(CAP_DAC_READ_SEARCH);
	need(write_caps() == 0);
	need(open("private", O_RDONLY) >= 0);
	need(open("private", O_WRONLY) == -1 && errno == EACCES);
	cap[0].effective &= ~BIT(CAP_SETUID);
	need(write_caps() == 0);
	need(setuid(V) == -1 && errno == EPERM);
	cap[0].effective &= ~BIT(CAP_SYS_CHROOT);
	need(write_caps() == 0);
	need(chroot(".") == -1 && errno == EPERM);
	cap[0].permitted = cap[0].effective;
	need(write_caps() == 0);
	cap[0].permitted |= BIT(CAP_SETUID);
	need(write_caps() == -1 && errno == EPERM);
	return 0;
}

static int cap_errors(void *arg)
{
	struct __user_cap_header_struct head = {0x12345678, 0};

	need(syscall(SYS_capget, &head, cap) == -1 && errno == EINVAL);
	need(head.version == _LINUX_CAPABILITY_VERSION_3);
	head.pid = 0x3ffffff;
	need(syscall(SYS_capget, &head, cap) == -1 && errno == ESRCH);
	head.pid = -1;
	need(syscall(SYS_capget, &head, cap) == -1 && errno == EINVAL);
	head.pid = 1;
	need(syscall(SYS_capset, &head, cap) == -1 && errno == EPERM);
	return 0;
}

static int no_new_privs(void *arg)
{
	need(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	need(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	need(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 && errno == EINVAL);
	need(t_field("/proc/self/status", "NoNewPrivs") == 1);
	return 0;
}

static int bounding(void *arg)
{
	need(prctl(PR_CAPBSET_READ, CAP_CHOWN) == 1);
	need(prctl(PR_CAPBSET_DROP, CAP_CHOWN) == 0);
	need(prctl(PR_CAPBSET_READ, CAP_CHOWN) == 0);
	need(prctl(PR_CAPBSET_READ, 64) == -1 && errno == EINVAL);
	return 0;
}

/* A user's process after a change of ids is not dumpable: others of its uid cannot look into it. */
static int dumpable(void *arg)
{
	need(prctl(PR_GET_DUMPABLE) == 1);
	need(setresuid(U, U, U) == 0);
	need(prctl(PR_GET_DUMPABLE) == 0);
	return 0;
}

int main(void)
{
	t_tmpdir();
	close(t_file("private", "x", 1));
	chmod("private", 0600);
	check_matrix();
	passes(groups, "supplementary groups: up to 65536, for root to set");
	passes(old_calls, "the 16-bit calls say 65534 for what they cannot hold");
	passes(fs_ids, "setfsuid changes who opens files");
	passes(caps_follow_uid,
	       "capabilities go with the effective uid, for good with the last root id");
	passes(keep_caps, "PR_SET_KEEPCAPS keeps the permitted ones");
	passes(single, "CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, SETUID, SYS_CHROOT one by one");
	passes(cap_errors, "capget and capset refuse odd versions and others' pids");
	passes(no_new_privs, "PR_SET_NO_NEW_PRIVS is for ever");
	passes(bounding, "the bounding set only shrinks");
	passes(dumpable, "a change of ids makes a process undumpable");
	return t_done();
}
