/*
 * One step of a life: a call of the table with arguments of its types, a number that may be no call
 * at all, or work on memory.
 *
 * The kernel's own table is read as well, so that a call that is new there is tried from
 * its first day.
 */
#include "fuzz.h"
#include "structs.h"
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	u32 nr;
} kernel_calls[] = {
#define ROW(name, function, n, ...) {#name, __NR_##name},
#define ROW_REGS(name, function) {#name, __NR_##name},
#include "../../../kernel/abi/syscall_table.h"
};

static struct call chosen[CALLS_MAX];
static u32 chosen_count;

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ','), at += at != NULL)
		if (!strncmp(at, name, len) && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

static void choose(const struct call *call)
{
	if (options.only && !listed(options.only, call->name))
		return;
	if (listed(options.without, call->name) || chosen_count == CALLS_MAX)
		return;
	chosen[chosen_count++] = *call;
}

static bool has_row(const char *name)
{
	for (u32 i = 0; i < calls_count; i++)
		if (!strcmp(calls[i].name, name))
			return true;
	return false;
}

bool choose_calls(void)
{
	struct call anything = {
		.args = {T_VARIES, T_VARIES, T_VARIES, T_VARIES, T_VARIES, T_VARIES}};

	for (u32 i = 0; i < calls_count; i++)
		choose(&calls[i]);
	for (u32 i = 0; i < COUNT(kernel_calls); i++) {
		if (has_row(kernel_calls[i].name))
			continue;
		printf("# %s has no row in calls.h\n", kernel_calls[i].name);
		anything.name = kernel_calls[i].name;
		anything.nr = kernel_calls[i].nr;
		choose(&anything);
	}
	return chosen_count != 0;
}

const char *name_of_call(u32 row)
{
	return row < chosen_count ? chosen[row].name : NULL;
}

/* ---- arguments ---- */

static u32 struct_address(struct thread *t, u32 which)
{
	u32 data[STRUCT_MAX / 4], size = struct_fill(t, which, data);

	return place(t, data, size);
}

static u32 path_address(struct thread *t, enum paths which)
{
	char path[STRUCT_MAX];
	u32 size = path_fill(t, path, which);

	return place(t, path, size);
}

static u32 text_address(struct thread *t, u32 which)
{
	char text[STRUCT_MAX];
	u32 size = string_fill(t, which, text);

	return place(t, text, size);
}

static u32 varying(struct thread *t)
{
	switch (rnd(t, 6)) {
	case 0: return any(t);
	case 1: return number_of_type(t, T_SMALL);
	case 2: return number_of_type(t, rnd(t, 2) ? T_FD : T_PID);
	case 3: return some_address(t);
	default: return struct_address(t, S_varied);
	}
}

static u32 argument(struct thread *t, u32 arg)
{
	switch (TYPE(arg)) {
	case T_NONE: return odd(t, 8) ? any(t) : 0;
	case T_PATH: return path_address(t, PATHS_ALL);
	case T_OWNPATH: return path_address(t, PATHS_OWN);
	case T_OWNDIR: return path_address(t, PATHS_DIRS);
	case T_OUT: return place(t, NULL, PARAM(arg));
	case T_STRUCT: return struct_address(t, PARAM(arg));
	case T_STRING: return text_address(t, PARAM(arg));
	case T_VARIES: return varying(t);
	default: return number_of_type(t, arg);
	}
}

static void make_arguments(struct thread *t, const struct call *call, u32 *args)
{
	for (u32 i = 0; i < ARGS; i++) {
		if (TYPE(call->args[i]) == T_BUF && i + 1 < ARGS) {
			args[i] = some_buffer(t, &args[i + 1]);
			i++;
		} else {
			args[i] = argument(t, call->args[i]);
		}
	}
}

/* ---- guards: what would end the machine, or a process outside ---- */

static bool harmful(struct thread *t, const struct call *call, const u32 *args)
{
	bool by_root = t->root;

	switch (call->nr) {
	case __NR_ioctl:
		return args[1] == 0x541d; /* TIOCCONS: the kernel's log would go to a pty */
	case __NR_syslog: return args[0] > 3 && args[0] < 9; /* ... and here nowhere */
	case __NR_kill:
	case __NR_tkill: return by_root && (args[0] == ~0u || args[0] == 1);
	case __NR_prctl: return args[0] == 22; /* seccomp: all that follows would be refused */
	case __NR_setpriority: return by_root && args[0] == 2; /* a user: the supervisor too */
	case __NR_ioprio_set: return by_root && args[0] == 3;
	default: return by_root && call->what & C_ROOTLESS;
	}
}

/* ---- what became of it ---- */

static void say(const struct thread *t, const char *name, u32 nr, const u32 *args)
{
	char line[200];
	int len =
		snprintf(line, sizeof(line), "%u.%u %s(%u) %x %x %x %x %x %x\n", t->slot->seed,
			 t->number, name, nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	raw(__NR_write, FD_MAX, (u32)(uintptr_t)line, (u32)len, 0);
}

static void count(struct slot *slot, u32 row, bool failed)
{
	slot->failed += failed;
	slot->of[row].worked += !failed;
}

static void remember(struct thread *t, const struct call *call, long result)
{
	if (result < 0)
		return;
	if (call->what & C_FD)
		keep(t->fds, &t->fds_kept, (u32)result);
	if (call->what & C_ID)
		keep(t->ids, &t->ids_kept, (u32)result);
	if (call->what & C_CHILD)
		keep(t->pids, &t->pids_kept, (u32)result);
}

/* Children are few, and a child of a child of a child has none. */
static bool may_have_child(struct thread *t)
{
	return t->depth < 3 && t->slot->children < CHILDREN &&
	       __atomic_fetch_add(&t->slot->children, 1, __ATOMIC_RELAXED) < CHILDREN;
}

static long enter_somehow(struct thread *t, u32 nr, const u32 *args)
{
	/* direction, nested task, alignment check, identification, single step */
	static const u32 odd[] = {0x602, 0x4202, 0x40202, 0x200202, 0x44602, 0x302};
	u32 flags = odd[rnd(t, COUNT(odd))];

	switch (rnd(t, 16)) {
	case 0:
		return sysinfo_entry && one_in(t, 2) ? enter_odd_fast(nr, args, flags)
						     : enter_odd(nr, args, flags);
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6: return enter_fast(nr, args);
	default: return enter(nr, args);
	}
}

static void no_call(struct thread *t)
{
	u32 args[ARGS], nr = one_in(t, 2) ? 440 + rnd(t, 100) : any(t);

	if (nr < 460 || options.only)
		return;
	for (u32 i = 0; i < ARGS; i++)
		args[i] = any(t);
	enter_somehow(t, nr, args);
}

static void call_something(struct thread *t)
{
	u32 row = rnd(t, chosen_count);
	const struct call *call = &chosen[row];
	u32 args[ARGS];
	long result;

	if (call->what & C_RARE && !options.only && !one_in(t, 6))
		return;
	if (call->what & C_ALONE && (t->depth == 0 || !one_in(t, 4)) && !options.only)
		return;
	t->tame = one_in(t, 2);
	make_arguments(t, call, args);
	if (harmful(t, call, args) || (call->what & C_CHILD && !may_have_child(t)))
		return;
	if (options.verbose)
		say(t, call->name, call->nr, args);
	t->slot->calls++;
	t->slot->of[row].tried++;
	result = call->what & C_CHILD ? enter_child(call->nr, args, t)
				      : enter_somehow(t, call->nr, args);
	remember(t, call, result);
	count(t->slot, row, (unsigned long)result > -4096ul);
}

void step(struct thread *t)
{
	switch (rnd(t, 20)) {
	case 0:
	case 1: memory_work(t); break;
	case 2: one_in(t, 8) ? no_call(t) : memory_work(t); break;
	case 3:
		if (t->depth < 2 && one_in(t, 3) && !options.only)
			scene(t);
		break;
	default: call_something(t); break;
	}
}
