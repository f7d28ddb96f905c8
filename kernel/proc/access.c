/*
 * Small state of tasks and of the system that other files only ask for: who may look into whom, I/O
 * priority, timer slack, subreapers, the names of uname(2).
 */
#include "proc/internal.h"
#include "mm/slab.h"
#include <linux/capability.h>

unsigned suid_dumpable;

/* ---- looking into other processes ---- */

/* ptrace(2), "Ptrace access mode checking", for a caller with these numbers and capabilities. */
static bool may_look(struct task *t, uid_t uid, gid_t gid, u64 caps)
{
	const struct cred *cred;
	bool may;

	if (t->process == current->process || capable(CAP_SYS_PTRACE))
		return true;
	rcu_read_lock();
	cred = rcu_dereference(t->cred);
	may = uid == cred->euid && uid == cred->suid && uid == cred->uid && gid == cred->egid &&
	      gid == cred->sgid && gid == cred->gid && !(cred->cap_permitted & ~caps);
	rcu_read_unlock();
	if (!may)
		return false;
	spin_lock(&t->alloc_lock);
	may = !t->mm || t->mm->dumpable == 1;
	spin_unlock(&t->alloc_lock);
	return may;
}

bool task_may_access(struct task *t)
{
	const struct cred *own = current->cred;

	return may_look(t, own->fsuid, own->fsgid, own->cap_effective);
}

bool task_may_attach(struct task *t)
{
	const struct cred *own = current->cred;

	return may_look(t, own->uid, own->gid, own->cap_permitted);
}

/* ---- rarely used state ---- */

#define TIMER_SLACK_DEFAULT 50000u /* ns */

static struct task_ext *ext_of(struct task *t)
{
	struct task_ext *ext = READ_ONCE(t->ext);

	if (ext)
		return ext;
	ext = kzalloc(sizeof(*ext), GFP_KERNEL);
	if (!ext)
		return NULL;
	ext->timer_slack_ns = TIMER_SLACK_DEFAULT;
	spin_lock(&t->alloc_lock);
	if (!t->ext) {
		t->ext = ext;
		ext = NULL;
	}
	spin_unlock(&t->alloc_lock);
	kfree(ext);
	return t->ext;
}

void task_set_reset_on_fork(struct task *t, bool on)
{
	irqflags_t irq = spin_lock_irqsave(&t->process->siglock);

	if (on)
		t->jobctl |= JOBCTL_RESET_ON_FORK;
	else
		t->jobctl &= ~JOBCTL_RESET_ON_FORK;
	spin_unlock_irqrestore(&t->process->siglock, irq);
}

unsigned long task_timer_slack(void)
{
	const struct task_ext *ext = current->ext;

	return ext ? ext->timer_slack_ns : TIMER_SLACK_DEFAULT;
}

int task_set_timer_slack(unsigned long ns)
{
	struct task_ext *ext = ext_of(current);

	if (!ext)
		return -ENOMEM;
	ext->timer_slack_ns = ns ? ns : TIMER_SLACK_DEFAULT;
	return 0;
}

/* ---- subreapers: prctl(2), PR_SET_CHILD_SUBREAPER ---- */

static void mark_descendants(struct process *p)
{
	struct process *child = p, *next;

	/*
	 * depth first, without recursion: down, else to the next sibling of the nearest ancestor
	 * that has one
	 */
	for (;;) {
		next = list_first_entry_or_null(&child->children, struct process, sibling);
		while (!next && child != p) {
			if (!list_is_last(&child->sibling, &child->parent->children))
				next = list_next_entry(child, sibling);
			else
				child = child->parent;
		}
		if (!next)
			return;
		next->has_subreaper = true;
		child = next;
	}
}

void process_set_subreaper(bool on)
{
	struct process *p = current->process;

	spin_lock(&tasklist_lock);
	p->child_subreaper = on;
	if (on)
		mark_descendants(p);
	spin_unlock(&tasklist_lock);
}

/* ---- uname ---- */

static DEFINE_SPINLOCK(uts_lock, RANK_LEAF);
char uts_hostname[UTS_FIELD] = "(none)", uts_domainname[UTS_FIELD] = "(none)";
const char uts_release[] = "6.1.0-isthmus";
const char uts_version[] = "#1 SMP Isthmus";

void uts_read(const char *name, char out[UTS_FIELD])
{
	spin_lock(&uts_lock);
	memcpy(out, name, UTS_FIELD);
	spin_unlock(&uts_lock);
}

void uts_write(char *name, const char value[UTS_FIELD])
{
	spin_lock(&uts_lock);
	memcpy(name, value, UTS_FIELD);
	spin_unlock(&uts_lock);
}
