/*
 * Job control: which session a terminal belongs to, which of its process groups is in the
 * foreground, and what happens to the others when they read, write or change it. Semantics:
 * credentials(7), ioctl_tty(2), POSIX.1 11.1.
 *
 * tty->session and tty->pgrp under tty->ctrl_lock; process->tty under that process's siglock. A
 * session has at most one controlling terminal, and a terminal controls at most one session.
 */
#include "drivers/tty.h"
#include <asm/ioctls.h>
#include <linux/capability.h>

/* A referenced copy of tty->pgrp or tty->session, or NULL. */
static struct pid *pid_of(struct tty *tty, struct pid **field)
{
	irqflags_t flags = spin_lock_irqsave(&tty->ctrl_lock);
	struct pid *pid = *field;

	if (pid)
		pid_get(pid);
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	return pid;
}

static void replace_pid(struct tty *tty, struct pid **field, struct pid *pid)
{
	irqflags_t flags = spin_lock_irqsave(&tty->ctrl_lock);
	struct pid *old = *field;

	*field = pid;
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	if (old)
		pid_put(old);
}

void tty_signal_pgrp(struct tty *tty, int sig)
{
	struct pid *pgrp = pid_of(tty, &tty->pgrp);

	if (!pgrp)
		return;
	send_signal_pgrp(pgrp, sig);
	pid_put(pgrp);
}

struct tty *current_tty_get(void)
{
	struct process *p = current->process;
	irqflags_t flags = spin_lock_irqsave(&p->siglock);
	struct tty *tty = p->tty;

	if (tty)
		tty_get(tty);
	spin_unlock_irqrestore(&p->siglock, flags);
	return tty;
}

static bool is_current_tty(struct tty *tty)
{
	return READ_ONCE(current->process->tty) == tty;
}

/*
 * Is the caller in the background of its controlling terminal @tty? Then *@own is its
 * group, referenced.
 */
static bool in_background(struct tty *tty, struct pid **own)
{
	struct pid *foreground;
	bool background;

	if (!is_current_tty(tty))
		return false;
	foreground = pid_of(tty, &tty->pgrp);
	if (!foreground)
		return false;
	*own = task_pgrp_get(current);
	background = *own && *own != foreground;
	pid_put(foreground);
	if (!background && *own)
		pid_put(*own);
	return background;
}

int tty_check_change(struct tty *tty)
{
	struct pid *own;
	int err = 0;

	if (!in_background(tty, &own))
		return 0;
	if (current_signal_blocked_or_ignored(SIGTTOU))
		err = 0;
	else if (pgrp_is_orphaned(own))
		err = -EIO;
	else {
		send_signal_pgrp(own, SIGTTOU);
		err = -ERESTARTSYS;
	}
	pid_put(own);
	return err;
}

int tty_check_read(struct tty *tty)
{
	struct pid *own;
	int err;

	if (!in_background(tty, &own))
		return 0;
	if (current_signal_blocked_or_ignored(SIGTTIN) || pgrp_is_orphaned(own))
		err = -EIO;
	else {
		send_signal_pgrp(own, SIGTTIN);
		err = -ERESTARTSYS;
	}
	pid_put(own);
	return err;
}

static void forget_tty(struct process *p, void *arg)
{
	irqflags_t flags = spin_lock_irqsave(&p->siglock);
	struct tty *tty = p->tty;

	if (tty == arg)
		p->tty = NULL;
	spin_unlock_irqrestore(&p->siglock, flags);
	if (tty == arg)
		tty_put(tty);
}

/*
 * The terminal leaves its session; with @hangup its leader gets SIGHUP and SIGCONT first, as does
 * the foreground group.
 */
void tty_drop_session(struct tty *tty, bool hangup)
{
	struct pid *session = pid_of(tty, &tty->session);
	struct pid *pgrp = pid_of(tty, &tty->pgrp);

	if (hangup && pgrp) {
		send_signal_pgrp(pgrp, SIGHUP);
		send_signal_pgrp(pgrp, SIGCONT);
	}
	if (session) {
		tty_get(tty);
		session_for_each(session, forget_tty, tty);
		tty_put(tty);
		pid_put(session);
	}
	if (pgrp)
		pid_put(pgrp);
	replace_pid(tty, &tty->session, NULL);
	replace_pid(tty, &tty->pgrp, NULL);
}

/* TIOCSCTTY, and the first open of a terminal by a session leader. */
void tty_set_controlling(struct tty *tty, bool steal, int *err)
{
	struct process *p = current->process;
	struct pid *session = pid_of(tty, &tty->session), *own = task_session_get(current);
	irqflags_t flags;

	*err = 0;
	if (session && session == own && is_current_tty(tty))
		goto out;
	*err = -EPERM;
	if (!task_is_session_leader(current) || READ_ONCE(p->tty))
		goto out;
	if (session && session != own) {
		if (!steal || !capable(CAP_SYS_ADMIN))
			goto out;
		tty_drop_session(tty, false);
	}
	tty_get(tty);
	flags = spin_lock_irqsave(&p->siglock);
	p->tty = tty;
	spin_unlock_irqrestore(&p->siglock, flags);
	if (own)
		pid_get(own);
	replace_pid(tty, &tty->session, own);
	replace_pid(tty, &tty->pgrp, task_pgrp_get(current));
	*err = 0;
out:
	if (session)
		pid_put(session);
	if (own)
		pid_put(own);
}

/* ---- ioctls ---- */

struct group_search {
	pid_t nr;
	bool found;
};

static void match_group(struct process *p, void *arg)
{
	struct group_search *s = arg;

	if (p->pids[PIDTYPE_PGID] && p->pids[PIDTYPE_PGID]->nr == s->nr)
		s->found = true;
}

static int set_foreground(struct tty *tty, uaddr_t arg)
{
	struct group_search search = {0};
	struct pid *session, *pgrp;
	int err;
	u32 nr;

	err = tty_check_change(tty);
	if (err == -EIO)
		return -ENOTTY;
	if (err)
		return err;
	if (get_user_u32(&nr, arg))
		return -EFAULT;
	if ((s32)nr < 0)
		return -EINVAL;
	session = pid_of(tty, &tty->session);
	if (!session || !is_current_tty(tty) || session->nr != task_session_nr(current)) {
		if (session)
			pid_put(session);
		return -ENOTTY;
	}
	pgrp = pid_find_get((pid_t)nr);
	search.nr = (pid_t)nr;
	if (pgrp)
		session_for_each(session, match_group, &search);
	pid_put(session);
	if (!pgrp)
		return -ESRCH;
	if (!search.found) {
		pid_put(pgrp);
		return -EPERM;
	}
	replace_pid(tty, &tty->pgrp, pgrp);
	return 0;
}

static int get_number(struct tty *tty, struct pid **field, bool own_only, uaddr_t arg)
{
	struct pid *pid;
	u32 nr;

	if (own_only && !is_current_tty(tty))
		return -ENOTTY;
	pid = pid_of(tty, field);
	nr = pid ? (u32)pid->nr : 0;
	if (!pid && field == &tty->session)
		return -ENOTTY;
	if (pid)
		pid_put(pid);
	return put_user_u32(nr, arg);
}

static int give_up(struct tty *tty)
{
	struct process *p = current->process;

	if (!is_current_tty(tty))
		return -ENOTTY;
	if (task_is_session_leader(current))
		tty_drop_session(tty, true);
	else
		forget_tty(p, tty);
	return 0;
}

int tty_job_ioctl(struct tty *tty, unsigned cmd, unsigned long arg)
{
	int err;

	switch (cmd) {
	case TIOCSCTTY: tty_set_controlling(tty, arg == 1, &err); return err;
	case TIOCNOTTY: return give_up(tty);
	case TIOCSPGRP: return set_foreground(tty, (uaddr_t)arg);
	case TIOCGPGRP: return get_number(tty, &tty->pgrp, !tty->is_master, (uaddr_t)arg);
	case TIOCGSID: return get_number(tty, &tty->session, !tty->is_master, (uaddr_t)arg);
	}
	return -ENOIOCTLCMD;
}

/* ---- what proc/ tells ---- */

static void on_fork(struct process *parent, struct process *child)
{
	irqflags_t flags = spin_lock_irqsave(&parent->siglock);

	child->tty = parent->tty;
	if (child->tty)
		tty_get(child->tty);
	spin_unlock_irqrestore(&parent->siglock, flags);
}

static void on_release(struct process *p)
{
	irqflags_t flags = spin_lock_irqsave(&p->siglock);
	struct tty *tty = p->tty;

	p->tty = NULL;
	spin_unlock_irqrestore(&p->siglock, flags);
	if (tty)
		tty_put(tty);
}

static void on_leader_exit(struct process *p)
{
	struct tty *tty = current_tty_get();

	(void)p;
	if (!tty)
		return;
	tty_drop_session(tty, true);
	tty_put(tty);
}

static void on_info(struct process *p, kdev_t *dev, pid_t *tpgid)
{
	irqflags_t flags = spin_lock_irqsave(&p->siglock);
	struct tty *tty = p->tty;

	if (tty)
		tty_get(tty);
	spin_unlock_irqrestore(&p->siglock, flags);
	*dev = 0;
	*tpgid = -1;
	if (!tty)
		return;
	*dev = tty->dev;
	flags = spin_lock_irqsave(&tty->ctrl_lock);
	if (tty->pgrp)
		*tpgid = tty->pgrp->nr;
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	tty_put(tty);
}

void tty_jobctl_init(void)
{
	proc_tty_hooks.fork = on_fork;
	proc_tty_hooks.release = on_release;
	proc_tty_hooks.session_leader_exit = on_leader_exit;
	proc_tty_hooks.info = on_info;
}
