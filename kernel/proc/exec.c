/*
 * execve(2), in three parts:
 *
 *   1  find    open the file, follow #! lines, read the ELF headers, decide the new credentials
 *   2  build   a new address space: stack with strings, image, interpreter, vDSO, tables
 *   3  become  alone in the process (other threads die), give up what does not survive, and switch
 *
 * Until 3 nothing of the caller has changed, so every error returns to the old program. In 3
 * nothing can fail, but for the wait for the other threads, which a fatal signal ends.
 */
#include "proc/exec.h"
#include "proc/ptrace.h"
#include "fs/mount.h"
#include "fs/random.h"
#include "lib/printf.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/personality.h>
#include <linux/securebits.h>
#include <linux/stat.h>

#define STACK_RANDOM_PAGES 0x7ffu
#define PER_CLEAR_ON_SETUID \
	(READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO)

unsigned randomize_va_space = 2;
unsigned sysctl_mmap_rnd_bits = 8; /* of the distance between stack and mmap_base, in pages */
unsigned sysctl_legacy_va_layout;

/* ---- 1: #! ---- */

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t';
}

/*
 * "#!" [blanks] interpreter [blanks argument] newline. The argument is one, blanks and all; those
 * at its end go. Cuts the line up in place. -ENOEXEC: no interpreter, or the line is too long to
 * know its name.
 */
static int parse_script_line(char *line, char **interpreter, char **argument)
{
	char *end = memchr(line, '\n', EXEC_HEAD_SIZE - 2), *p = line;
	bool cut = !end && !memchr(line, 0, EXEC_HEAD_SIZE - 2);

	if (!end)
		end = cut ? line + EXEC_HEAD_SIZE - 3 : line + strlen(line);
	while (end > line && is_blank((u8)end[-1]))
		end--;
	*end = 0;
	while (is_blank((u8)*p))
		p++;
	if (!*p)
		return -ENOEXEC;
	*interpreter = p;
	while (*p && !is_blank((u8)*p))
		p++;
	if (!*p) {
		*argument = NULL;
		return cut ? -ENOEXEC : 0;
	}
	*p++ = 0;
	while (is_blank((u8)*p))
		p++;
	*argument = *p ? p : NULL;
	return 0;
}

static int remember_arg(struct exec *e, const char *s)
{
	char *copy = kstrdup(s, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	e->script_args[e->script_count++] = copy;
	return 0;
}

/*
 * e->file is a script called @name: its interpreter takes its place; pushed from the last argument
 * to the first.
 */
static int enter_script(struct exec *e, const char *name)
{
	char *interpreter, *argument;
	struct file *file;
	int err = parse_script_line((char *)e->head + 2, &interpreter, &argument);

	if (err)
		return err;
	if (e->fd_is_cloexec) /* the interpreter could not open it */
		return -ENOENT;
	if (!e->script_count)
		err = remember_arg(e, name);
	if (!err && argument)
		err = remember_arg(e, argument);
	if (!err)
		err = remember_arg(e, interpreter);
	if (err)
		return err;
	file = file_open_exec(AT_FDCWD, interpreter, 0);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	fput(e->file);
	e->file = file;
	return 0;
}

static int read_head(struct exec *e)
{
	loff_t pos = 0;
	ssize_t n;

	n = file_read_kernel(e->file, e->head, sizeof(e->head), &pos);
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(e->head))
		memset(e->head + n, 0, sizeof(e->head) - (size_t)n);
	return 0;
}

static int find_program(struct exec *e)
{
	int err;

	for (unsigned depth = 0;; depth++) {
		err = read_head(e);
		if (err)
			return err;
		if (e->head[0] != '#' || e->head[1] != '!')
			return elf_read_headers(e);
		if (depth == EXEC_SCRIPTS_MAX)
			return -ELOOP;
		err = enter_script(e, e->filename);
		if (err)
			return err;
	}
}

/* ---- 1: credentials ---- */

static bool may_gain_rights(const struct exec *e)
{
	return !e->cred->no_new_privs && !(e->file->path.mnt->flags & MS_NOSUID) &&
	       !ptrace_forbids_privileges();
}

/*
 * capabilities(7), "Transformation of capabilities during execve()", for files without
 * capabilities of their own.
 */
static void change_capabilities(struct cred *cred, const struct cred *old)
{
	u64 file_permitted = 0, file_effective = 0;

	if (!(cred->securebits & (1 << SECURE_NOROOT)) && (cred->euid == 0 || cred->uid == 0)) {
		file_permitted = CAP_FULL_SET;
		file_effective = cred->euid == 0 ? CAP_FULL_SET : 0;
	}
	if (cred->euid != old->euid || cred->egid != old->egid)
		cred->cap_ambient = 0;
	cred->cap_permitted = (cred->cap_bset & file_permitted) |
			      (cred->cap_inheritable & file_permitted) | cred->cap_ambient;
	cred->cap_effective = file_effective ? cred->cap_permitted : cred->cap_ambient;
	cred->securebits &= ~(1u << SECURE_KEEP_CAPS);
}

static int choose_credentials(struct exec *e)
{
	const struct inode *inode = e->file->inode;
	const struct cred *old = current->cred;
	struct cred *cred = cred_prepare();
	mode_t mode = READ_ONCE(inode->mode);

	if (!cred)
		return -ENOMEM;
	e->cred = cred;
	if (may_gain_rights(e)) {
		if (mode & S_ISUID)
			cred->euid = inode->uid;
		if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			cred->egid = inode->gid;
	}
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	change_capabilities(cred, old);
	e->secure = cred->euid != cred->uid || cred->egid != cred->gid ||
		    (cred->uid != 0 && (cred->cap_effective & ~cred->cap_ambient));
	return 0;
}

/* ---- 2: the address space ---- */

static void choose_personality(struct exec *e)
{
	e->personality = current->personality & ~(u32)READ_IMPLIES_EXEC;
	if (e->secure)
		e->personality &= ~(u32)PER_CLEAR_ON_SETUID;
	if (e->read_implies_exec)
		e->personality |= READ_IMPLIES_EXEC;
	e->randomize = randomize_va_space && !(e->personality & ADDR_NO_RANDOMIZE);
	random_bytes(&e->random, sizeof(e->random));
	if (!e->randomize)
		e->random.stack = e->random.mmap = e->random.align = e->random.image =
			e->random.brk = 0;
}

static int prepare_stack(struct exec *e)
{
	u64 limit = process_rlimit(current->process, RLIMIT_STACK);
	struct mm *mm = e->mm;

	e->stack_top = TASK_SIZE - ((e->random.stack & STACK_RANDOM_PAGES) << PAGE_SHIFT);
	if (e->secure)
		limit = MIN(limit, (u64)(8 << 20));
	mm_layout(mm, e->stack_top, (u32)MIN(limit, (u64)~0u),
		  e->random.mmap & ((1u << sysctl_mmap_rnd_bits) - 1),
		  sysctl_legacy_va_layout || (e->personality & ADDR_COMPAT_LAYOUT));
	return mm_setup_stack(mm, e->stack_top, e->stack_exec);
}

/*
 * A file whose headers are good but whose segments cannot be is found too late on Linux, where it
 * is the caller's death: here too.
 */
static int map_image(struct exec *e)
{
	int err = elf_map_image(e);

	if (err && err != -ENOMEM && current->mm)
		force_sigsegv(SIGSEGV);
	return err;
}

static int build(struct exec *e)
{
	int err;

	choose_personality(e);
	e->mm = mm_alloc();
	if (!e->mm)
		return -ENOMEM;
	if (current->mm)
		e->mm->flags = current->mm->flags & MMF_EXEC_MASK;
	err = prepare_stack(e);
	if (!err)
		err = exec_push_strings(e);
	if (!err)
		err = map_image(e);
	if (!err)
		err = mm_map_vdso(e->mm);
	if (!err)
		err = exec_build_stack(e);
	if (err)
		return err;
	mm_set_exe_file(e->mm, e->file);
	e->mm->dumpable = 1;
	if (e->secure || inode_permission(e->file->inode, MAY_READ))
		e->mm->dumpable = suid_dumpable;
	return 0;
}

/* ---- 3: alone ---- */

/*
 * How many tasks are left when only the caller runs: a leader that has exited stays until its
 * place is taken.
 */
static bool others_are_gone(const struct process *p)
{
	if (p->nr_tasks == 1)
		return true;
	return p->nr_tasks == 2 && p->leader != current && p->leader->exit_state == EXIT_ZOMBIE;
}

static int kill_other_threads(struct process *p)
{
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	if ((p->flags & SIGNAL_GROUP_EXIT) || p->group_exec_task) {
		spin_unlock_irqrestore(&p->siglock, irq);
		return -EAGAIN; /* we are about to die */
	}
	p->group_exec_task = current;
	signal_kill_others(p);
	while (!others_are_gone(p)) {
		set_current_state(TASK_KILLABLE);
		spin_unlock_irqrestore(&p->siglock, irq);
		schedule();
		irq = spin_lock_irqsave(&p->siglock);
		if (current->pending_set & sigmask(SIGKILL))
			break;
	}
	set_current_state(TASK_RUNNING);
	if (!others_are_gone(p)) {
		p->group_exec_task = NULL;
		spin_unlock_irqrestore(&p->siglock, irq);
		return -EAGAIN;
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	return 0;
}

/*
 * The process keeps its number, and the number is the leader's: the caller takes the old leader's
 * place and the latter vanishes.
 */
static void take_leadership(struct process *p)
{
	struct task *me = current, *old;
	struct pid *group_pid = p->pids[PIDTYPE_TGID], *own_pid;
	irqflags_t irq;

	spin_lock(&tasklist_lock);
	old = p->leader;
	own_pid = pid_find(me->pid);
	rcu_assign_pointer(group_pid->task, me);
	rcu_assign_pointer(own_pid->task, old);
	old->pid = me->pid;
	me->pid = p->pids[PIDTYPE_TGID]->nr;
	me->exit_signal = SIGCHLD;
	me->start_time_ns = old->start_time_ns;
	irq = spin_lock_irqsave(&p->siglock);
	p->leader = me;
	spin_unlock_irqrestore(&p->siglock, irq);
	ptrace_take_number(old, me);
	task_unlink(old);
	spin_unlock(&tasklist_lock);
	task_put(old);
}

static int become_alone(void)
{
	struct process *p = current->process;
	irqflags_t irq;
	int err;

	if (p->nr_tasks > 1) {
		err = kill_other_threads(p);
		if (err)
			return err;
		if (p->leader != current)
			take_leadership(p);
		irq = spin_lock_irqsave(&p->siglock);
		p->group_exec_task = NULL;
		spin_unlock_irqrestore(&p->siglock, irq);
	}
	current->exit_signal = SIGCHLD;
	return 0;
}

/* ---- 3: the switch ---- */

static void take_sighand(struct exec *e)
{
	struct process *p = current->process;
	struct sighand *old = p->sighand;
	irqflags_t irq;

	if (e->sighand) {
		sighand_copy(e->sighand, old);
		irq = spin_lock_irqsave(&p->siglock);
		p->sighand = e->sighand;
		spin_unlock_irqrestore(&p->siglock, irq);
		sighand_put(old);
		e->sighand = NULL;
	}
	signal_flush_handlers(p);
}

static void switch_mm(struct exec *e)
{
	struct task *t = current;
	struct mm *old = t->mm;
	struct process *p = t->process;

	mm_release(t);
	mm_activate(e->mm);
	e->mm = NULL;
	if (!old)
		return;
	p->self.maxrss = MAX(p->self.maxrss, MAX(old->hiwater_rss, mm_rss(old)));
	mm_put(old);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void reset_task(struct exec *e)
{
	struct task *t = current;
	struct process *p = t->process;

	t->flags &= ~(PF_FORKNOEXEC | PF_KTHREAD);
	t->personality = e->personality;
	t->robust_list = 0;
	t->robust_list_len = 0;
	t->rseq = 0;
	t->set_child_tid = 0;
	t->altstack_sp = 0;
	t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
	p->did_exec = true;
	if (e->secure) {
		p->pdeath_signal = 0;
		if (p->rlim[RLIMIT_STACK].rlim_cur > 8 << 20)
			p->rlim[RLIMIT_STACK].rlim_cur = 8 << 20;
	}
	task_set_comm(t, base_name(e->filename));
}

/* From here there is no way back, and nothing that could fail. */
static void become(struct exec *e)
{
	u32 dumpable = e->mm->dumpable;

	switch_mm(e);
	reset_task(e);
	posix_timers_exec(current->process);
	take_sighand(e);
	files_close_on_exec(current->files);
	cred_commit(e->cred);
	e->cred = NULL;
	current->mm->dumpable = dumpable;
	arch_thread_flush();
	arch_thread_start_user(arch_thread_regs(&current->thread), e->entry, e->pos);
}

/* ---- all of it ---- */

static int prepare_sighand(struct exec *e)
{
	if (atomic_read(&current->process->sighand->refs) == 1)
		return 0;
	e->sighand = sighand_alloc();
	return e->sighand ? 0 : -ENOMEM;
}

static int exec_locked(struct exec *e)
{
	int err = exec_prepare_table(e);

	if (!err)
		err = choose_credentials(e);
	if (!err)
		err = prepare_sighand(e);
	if (!err)
		err = files_unshare();
	if (!err)
		err = build(e);
	if (!err)
		err = become_alone();
	if (!err)
		become(e);
	return err;
}

static void drop(struct exec *e)
{
	elf_drop(e);
	kvfree(e->table);
	for (unsigned i = 0; i < e->script_count; i++)
		kfree(e->script_args[i]);
	if (e->sighand)
		sighand_put(e->sighand);
	if (e->cred)
		cred_put(e->cred);
	if (e->mm)
		mm_put(e->mm);
	if (e->file)
		fput(e->file);
}

static int open_program(struct exec *e, int dirfd, const char *name, int flags)
{
	struct file *file = file_open_exec(dirfd, name, flags);

	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	e->file = file;
	return find_program(e);
}

static int exec(struct exec *e, int dirfd, const char *name, int flags)
{
	struct process *p = current->process;
	int err = exec_count_strings(e);

	if (!err)
		err = open_program(e, dirfd, name, flags);
	if (!err)
		err = mutex_lock_interruptible(&p->exec_lock) ? -ERESTARTNOINTR : 0;
	if (!err) {
		err = exec_locked(e);
		mutex_unlock(&p->exec_lock);
	}
	drop(e);
	return err;
}

static struct exec *exec_alloc(void)
{
	struct exec *e = kmalloc(sizeof(*e), GFP_KERNEL);

	if (e)
		memset(e, 0, offsetof(struct exec, head));
	return e;
}

int kernel_execve(const char *path, const char *const *argv, const char *const *envp)
{
	struct exec *e = exec_alloc();
	int err;

	if (!e)
		return -ENOMEM;
	e->filename = path;
	e->argv.kernel_array = argv;
	e->envp.kernel_array = envp;
	err = exec(e, AT_FDCWD, path, 0);
	kfree(e);
	return err;
}

/* The name under which a program that was named by a descriptor is known. */
static char *descriptor_name(int fd, const char *filename)
{
	if (!*filename)
		return kasprintf(GFP_KERNEL, "/dev/fd/%d", fd);
	return kasprintf(GFP_KERNEL, "/dev/fd/%d/%s", fd, filename);
}

int process_execve(int dirfd, char *filename, uaddr_t argv, uaddr_t envp, int flags)
{
	struct exec *e = exec_alloc();
	pid_t old_pid = current->pid;
	char *name = NULL;
	int err = -ENOMEM;

	if (!e)
		return -ENOMEM;
	e->argv = (struct exec_strings){.user = true, .user_array = argv};
	e->envp = (struct exec_strings){.user = true, .user_array = envp};
	e->filename = filename;
	if (dirfd != AT_FDCWD && *filename != '/') {
		e->filename = name = descriptor_name(dirfd, filename);
		if (!name)
			goto out;
		e->fd_is_cloexec = fd_get_cloexec(dirfd) > 0;
	}
	err = exec(e, dirfd, filename, flags);
	if (!err)
		ptrace_exec(old_pid);
out:
	kfree(name);
	kfree(e);
	return err;
}
