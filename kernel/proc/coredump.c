/*
 * When a process dies by a signal that dumps: who stands still meanwhile, and what the file is
 * called. core(5)
 *
 * The thread that took the signal begins the exit of the group. The others come to do_exit() by
 * themselves and stop there, in coredump_thread_exits(), with the program's registers on their
 * stacks; those that were past that point are not in the dump. When all stand, the file is written
 * with the rights of the process, and all go on to die.
 */
#include "proc/coredump.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/namei.h"
#include "lib/div64.h"
#include "lib/printf.h"
#include "mm/mm.h"
#include "proc/internal.h"
#include <linux/fcntl.h>

char core_pattern[CORE_NAME_MAX] = "core";
unsigned core_uses_pid;

/* ---- the threads ---- */

/* Others that will stop in coredump_thread_exits(). => siglock held */
static unsigned count_others(struct process *p)
{
	struct task *t;
	unsigned n = 0;

	list_for_each_entry(t, &p->threads, thread_node)
		if (t != current && !(t->flags & (PF_EXITING | PF_POSTCOREDUMP)))
			n++;
	return n;
}

/* False: the process is dying already. */
static bool stop_others(struct core_dump *core)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	bool begin = !(p->flags & SIGNAL_GROUP_EXIT) && !p->group_exec_task;

	if (begin) {
		core->awaited = count_others(p);
		p->core = core;
		group_exit_begin(p, core->info->si_signo);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	if (begin && core->awaited)
		wait_for_completion(&core->all_stand);
	return begin;
}

static void release_others(struct core_dump *core, bool dumped)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct core_thread *thread, *next;

	p->core = NULL;
	if (dumped)
		p->group_exit_code |= WAIT_DUMPED;
	spin_unlock_irqrestore(&p->siglock, irq);
	for (thread = core->threads; thread; thread = next) {
		next = thread->next; /* it is gone as soon as it is released */
		complete(&thread->released);
	}
}

void coredump_thread_exits(void)
{
	struct task *t = current;
	struct process *p = t->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct core_dump *core = p->core;
	struct core_thread self = {.task = t};

	t->flags |= PF_POSTCOREDUMP;
	if (core) {
		completion_init(&self.released);
		self.next = core->threads;
		core->threads = &self;
		if (--core->awaited == 0)
			complete(&core->all_stand);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	if (core)
		wait_for_completion(&self.released);
}

/* ---- the file's name ---- */

struct name {
	char *buf;
	size_t used, size;
};

static void append(struct name *name, const char *text)
{
	for (; *text && name->used + 1 < name->size; text++)
		name->buf[name->used++] = *text;
}

static void append_number(struct name *name, u64 value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", value);
	append(name, digits);
}

/* A part of the file's name: no slashes in it, and it is not "." or "..". */
static void append_word(struct name *name, const char *text)
{
	size_t from = name->used;

	append(name, text);
	for (size_t i = from; i < name->used; i++)
		if (name->buf[i] == '/' || (i == from && name->buf[i] == '.'))
			name->buf[i] = '!';
}

static void append_exe(struct name *name)
{
	char path[256], *at;
	struct file *file = mm_exe_file(current->mm);

	if (!file)
		return;
	at = path_name(&file->path, path, sizeof(path));
	if (!IS_ERR(at))
		append_word(name, at);
	fput(file);
}

static void expand(struct name *name, char letter, const struct core_dump *core)
{
	const struct cred *cred = current->cred;
	char word[UTS_FIELD];

	switch (letter) {
	case '%': append(name, "%"); break;
	case 'p':
	case 'P': append_number(name, (unsigned)current->tgid); break;
	case 'i':
	case 'I': append_number(name, (unsigned)current->pid); break;
	case 'u': append_number(name, cred->uid); break;
	case 'g': append_number(name, cred->gid); break;
	case 'd': append_number(name, current->mm->dumpable); break;
	case 's': append_number(name, (unsigned)core->info->si_signo); break;
	case 't': append_number(name, div_u64(realtime_ns(), (u32)NSEC_PER_SEC)); break;
	case 'c': append_number(name, process_rlimit(current->process, RLIMIT_CORE)); break;
	case 'h':
		uts_read(uts_hostname, word);
		append_word(name, word);
		break;
	case 'e':
		task_get_comm(current, word);
		append_word(name, word);
		break;
	case 'E': append_exe(name); break;
	}
}

static void make_name(struct name *name, const struct core_dump *core)
{
	bool has_pid = false;

	for (const char *at = core_pattern; *at; at++) {
		char one[2] = {*at};

		if (*at != '%') {
			append(name, one);
			continue;
		}
		if (!*++at)
			break;
		has_pid |= *at == 'p';
		expand(name, *at, core);
	}
	if (core_uses_pid && !has_pid) {
		append(name, ".");
		append_number(name, (unsigned)current->tgid);
	}
	name->buf[name->used] = '\0';
}

/* ---- the dump ---- */

/* A new file of the process's own: one with that name is removed, not written over. */
static struct file *open_file(const struct core_dump *core)
{
	char buf[CORE_NAME_MAX + 256];
	struct name name = {buf, 0, sizeof(buf)};
	struct file *file;

	make_name(&name, core);
	vfs_unlinkat(AT_FDCWD, buf);
	file = file_open(AT_FDCWD, buf, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_LARGEFILE,
			 0600);
	if (IS_ERR(file))
		pr_info("%s[%d]: no core file %s: error %ld\n", current->comm, current->pid, buf,
			PTR_ERR(file));
	return file;
}

void coredump(const siginfo_t *info)
{
	struct core_dump core = {.dumper = current, .info = info};
	u64 limit = process_rlimit(current->process, RLIMIT_CORE);
	struct file *file;
	bool dumped = false;

	if (limit < PAGE_SIZE || !current->mm || current->mm->dumpable != 1)
		return;
	completion_init(&core.all_stand);
	if (!stop_others(&core))
		return;
	current->flags |= PF_DUMPCORE;
	file = open_file(&core);
	if (!IS_ERR(file)) {
		dumped = core_file_write(file, &core, limit);
		fput(file);
	}
	release_others(&core, dumped);
}
