/*
 * Credentials: who a task acts as. A struct cred never changes once a task bears it: a change is a
 * copy that replaces it (credentials(7), capabilities(7)). Tasks of a process share it until one
 * changes.
 *
 * Readers of another task's cred: rcu_read_lock(), or cred_get_task(). (k) constant once published
 * (a) atomic
 */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include "sched/rcu.h"
#include "sched/task.h"

/* Of one real uid, over all its processes. */
struct user {
	u32 refs;            /* (a) */
	uid_t uid;           /* (k) */
	u32 processes;       /* (a) tasks: RLIMIT_NPROC */
	u32 pending_signals; /* (a) queued siginfos: RLIMIT_SIGPENDING */
	u32 files_in_flight; /* (a) descriptors sent and not yet received: unix(7) */
	u32 locked_shm;      /* (a) pages of SHM_LOCK: RLIMIT_MEMLOCK */
	u32 mqueue_bytes;    /* (a) that its message queues may hold: RLIMIT_MSGQUEUE */
	u32 pipe_pages;      /* (a) that its pipes may hold: pipe-user-pages-soft, -hard */
};
/* The user of @uid, referenced, made if need be; NULL: no memory. */
struct user *user_get(uid_t uid);
void user_hold(struct user *user);
void user_put(struct user *user);

struct cred {
	u32 refs; /* (a) the rest is constant once published */
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bset, cap_ambient;
	u32 securebits;
	bool no_new_privs;
	unsigned ngroups;
	gid_t *groups;     /* sorted; each cred has its own array */
	struct user *user; /* of uid */
	struct rcu_head rcu;
};

extern struct cred root_cred; /* of the kernel's own tasks */

#define CAP_FULL_SET ((1ULL << 41) - 1) /* CAP_LAST_CAP + 1 bits */
static inline bool cred_has_cap(const struct cred *cred, int cap)
{
	return cred->cap_effective >> cap & 1;
}

static inline const struct cred *current_cred(void)
{
	return current->cred;
}
bool capable(int cap);
/* Is @gid the caller's file-system gid or one of its supplementary groups? */
bool in_group(gid_t gid);
/* The same for egid. */
bool in_egroup(gid_t gid);
bool cred_has_group(const struct cred *cred, gid_t gid);

const struct cred *cred_get(const struct cred *cred);
void cred_put(const struct cred *cred);
/* Those of another task, referenced. */
const struct cred *cred_get_task(const struct task *t);

/*
 * A private copy of the caller's, to be changed and then committed or dropped with cred_put().
 * NULL: no memory.
 */
struct cred *cred_prepare(void);
/* Give @cred the user that its uid names: 0, -EAGAIN (no memory). */
int cred_set_user(struct cred *cred);
/* The caller acts as @cred from now on; takes over the reference. */
void cred_commit(struct cred *cred);

#endif
