/*
 * User and group ids, supplementary groups, capabilities: setuid(2) and its family in their 16- and
 * 32-bit shapes, capget(2).
 *
 * The 16-bit calls pass -1 on as -1 and show ids that do not fit as 65534 (overflowuid).
 */
#include "abi/proc.h"
#include "lib/sort.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/securebits.h>

#define NO_ID (~0u)
#define OVERFLOW_ID 65534u

static u32 widen(u16 id)
{
	return id == 0xffff ? NO_ID : id;
}

static u32 narrow(u32 id)
{
	return id > 0xffff ? OVERFLOW_ID : id;
}

/* ---- reading ---- */

long sys_getuid(void)
{
	return (long)narrow(current->cred->uid);
}
long sys_getuid32(void)
{
	return (long)current->cred->uid;
}
long sys_geteuid(void)
{
	return (long)narrow(current->cred->euid);
}
long sys_geteuid32(void)
{
	return (long)current->cred->euid;
}
long sys_getgid(void)
{
	return (long)narrow(current->cred->gid);
}
long sys_getgid32(void)
{
	return (long)current->cred->gid;
}
long sys_getegid(void)
{
	return (long)narrow(current->cred->egid);
}
long sys_getegid32(void)
{
	return (long)current->cred->egid;
}

static long put_three16(uaddr_t r, uaddr_t e, uaddr_t s, u32 rid, u32 eid, u32 sid)
{
	return put_user_u16((u16)narrow(rid), r) || put_user_u16((u16)narrow(eid), e) ||
			       put_user_u16((u16)narrow(sid), s)
		       ? -EFAULT
		       : 0;
}

static long put_three32(uaddr_t r, uaddr_t e, uaddr_t s, u32 rid, u32 eid, u32 sid)
{
	return put_user_u32(rid, r) || put_user_u32(eid, e) || put_user_u32(sid, s) ? -EFAULT : 0;
}

long sys_getresuid(uaddr_t ruid, uaddr_t euid, uaddr_t suid)
{
	const struct cred *c = current->cred;

	return put_three16(ruid, euid, suid, c->uid, c->euid, c->suid);
}

long sys_getresuid32(uaddr_t ruid, uaddr_t euid, uaddr_t suid)
{
	const struct cred *c = current->cred;

	return put_three32(ruid, euid, suid, c->uid, c->euid, c->suid);
}

long sys_getresgid(uaddr_t rgid, uaddr_t egid, uaddr_t sgid)
{
	const struct cred *c = current->cred;

	return put_three16(rgid, egid, sgid, c->gid, c->egid, c->sgid);
}

long sys_getresgid32(uaddr_t rgid, uaddr_t egid, uaddr_t sgid)
{
	const struct cred *c = current->cred;

	return put_three32(rgid, egid, sgid, c->gid, c->egid, c->sgid);
}

/* ---- changing user ids ---- */

static bool any_id_is_root(const struct cred *c)
{
	return c->uid == 0 || c->euid == 0 || c->suid == 0;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void adjust_capabilities(struct cred *new, const struct cred *old)
{
	if (old->securebits & (1 << SECURE_NO_SETUID_FIXUP))
		return;
	if (any_id_is_root(old) && !any_id_is_root(new)) {
		if (!(old->securebits & (1 << SECURE_KEEP_CAPS)))
			new->cap_permitted = new->cap_effective = 0;
		new->cap_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->cap_effective = 0;
	if (old->euid != 0 && new->euid == 0)
		new->cap_effective = new->cap_permitted;
}

/* Publish @new if all is well. */
static long finish(struct cred *new, long err)
{
	if (!err)
		err = cred_set_user(new);
	if (err) {
		cred_put(new);
		return err;
	}
	adjust_capabilities(new, current->cred);
	cred_commit(new);
	return 0;
}

long sys_setuid32(uid_t uid)
{
	const struct cred *old = current->cred;
	struct cred *new;
	long err = 0;

	if (uid == NO_ID)
		return -EINVAL;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (capable(CAP_SETUID))
		new->uid = new->suid = uid;
	else if (uid != old->uid && uid != old->suid)
		err = -EPERM;
	new->euid = new->fsuid = uid;
	return finish(new, err);
}

long sys_setreuid32(uid_t ruid, uid_t euid)
{
	const struct cred *old = current->cred;
	struct cred *new = cred_prepare();
	long err = 0;

	if (!new)
		return -ENOMEM;
	if (ruid != NO_ID) {
		new->uid = ruid;
		if (ruid != old->uid && ruid != old->euid && !capable(CAP_SETUID))
			err = -EPERM;
	}
	if (euid != NO_ID) {
		new->euid = euid;
		if (euid != old->uid && euid != old->euid && euid != old->suid &&
		    !capable(CAP_SETUID))
			err = -EPERM;
	}
	if (ruid != NO_ID || (euid != NO_ID && euid != old->uid))
		new->suid = new->euid;
	new->fsuid = new->euid;
	return finish(new, err);
}

static bool is_own_uid(uid_t uid)
{
	const struct cred *c = current->cred;

	return uid == NO_ID || uid == c->uid || uid == c->euid || uid == c->suid;
}

long sys_setresuid32(uid_t ruid, uid_t euid, uid_t suid)
{
	struct cred *new;

	if (!capable(CAP_SETUID) && (!is_own_uid(ruid) || !is_own_uid(euid) || !is_own_uid(suid)))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (ruid != NO_ID)
		new->uid = ruid;
	if (euid != NO_ID)
		new->euid = euid;
	if (suid != NO_ID)
		new->suid = suid;
	new->fsuid = new->euid;
	return finish(new, 0);
}

/* Returns the old id, whether it worked or not. */
long sys_setfsuid32(uid_t uid)
{
	const struct cred *old = current->cred;
	long before = (long)old->fsuid;
	const u64 fs_caps = 1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE |
			    1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_FOWNER | 1ULL << CAP_FSETID |
			    1ULL << CAP_LINUX_IMMUTABLE | 1ULL << CAP_MKNOD |
			    1ULL << CAP_MAC_OVERRIDE;
	struct cred *new;

	if (uid == NO_ID || (!is_own_uid(uid) && uid != old->fsuid && !capable(CAP_SETUID)))
		return before;
	new = cred_prepare();
	if (!new)
		return before;
	new->fsuid = uid;
	if (!(old->securebits & (1 << SECURE_NO_SETUID_FIXUP))) {
		if (old->fsuid == 0 && uid != 0)
			new->cap_effective &= ~fs_caps;
		if (old->fsuid != 0 && uid == 0)
			new->cap_effective |= fs_caps &new->cap_permitted;
	}
	cred_commit(new);
	return before;
}

/* ---- changing group ids ---- */

long sys_setgid32(gid_t gid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (gid == NO_ID)
		return -EINVAL;
	if (!capable(CAP_SETGID) && gid != old->gid && gid != old->sgid)
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (capable(CAP_SETGID))
		new->gid = new->sgid = gid;
	new->egid = new->fsgid = gid;
	cred_commit(new);
	return 0;
}

long sys_setregid32(gid_t rgid, gid_t egid)
{
	const struct cred *old = current->cred;
	bool may = capable(CAP_SETGID);
	struct cred *new;

	if (rgid != NO_ID && rgid != old->gid && rgid != old->egid && !may)
		return -EPERM;
	if (egid != NO_ID && egid != old->gid && egid != old->egid && egid != old->sgid && !may)
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (rgid != NO_ID)
		new->gid = rgid;
	if (egid != NO_ID)
		new->egid = egid;
	if (rgid != NO_ID || (egid != NO_ID && egid != old->gid))
		new->sgid = new->egid;
	new->fsgid = new->egid;
	cred_commit(new);
	return 0;
}

static bool is_own_gid(gid_t gid)
{
	const struct cred *c = current->cred;

	return gid == NO_ID || gid == c->gid || gid == c->egid || gid == c->sgid;
}

long sys_setresgid32(gid_t rgid, gid_t egid, gid_t sgid)
{
	struct cred *new;

	if (!capable(CAP_SETGID) && (!is_own_gid(rgid) || !is_own_gid(egid) || !is_own_gid(sgid)))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	if (rgid != NO_ID)
		new->gid = rgid;
	if (egid != NO_ID)
		new->egid = egid;
	if (sgid != NO_ID)
		new->sgid = sgid;
	new->fsgid = new->egid;
	cred_commit(new);
	return 0;
}

long sys_setfsgid32(gid_t gid)
{
	long before = (long)current->cred->fsgid;
	struct cred *new;

	if (gid == NO_ID ||
	    (!is_own_gid(gid) && gid != current->cred->fsgid && !capable(CAP_SETGID)))
		return before;
	new = cred_prepare();
	if (!new)
		return before;
	new->fsgid = gid;
	cred_commit(new);
	return before;
}

/* ---- the 16-bit shapes ---- */

long sys_setuid(u16 uid)
{
	return sys_setuid32(widen(uid));
}
long sys_setgid(u16 gid)
{
	return sys_setgid32(widen(gid));
}
long sys_setreuid(u16 ruid, u16 euid)
{
	return sys_setreuid32(widen(ruid), widen(euid));
}
long sys_setregid(u16 rgid, u16 egid)
{
	return sys_setregid32(widen(rgid), widen(egid));
}
long sys_setfsuid(u16 uid)
{
	return (long)narrow((u32)sys_setfsuid32(widen(uid)));
}
long sys_setfsgid(u16 gid)
{
	return (long)narrow((u32)sys_setfsgid32(widen(gid)));
}

long sys_setresuid(u16 ruid, u16 euid, u16 suid)
{
	return sys_setresuid32(widen(ruid), widen(euid), widen(suid));
}

long sys_setresgid(u16 rgid, u16 egid, u16 sgid)
{
	return sys_setresgid32(widen(rgid), widen(egid), widen(sgid));
}

/* ---- supplementary groups ---- */

static long put_groups(int n, uaddr_t list, bool wide)
{
	const struct cred *c = current->cred;

	if (n < 0 || (n && (unsigned)n < c->ngroups))
		return -EINVAL;
	for (unsigned i = 0; n && i < c->ngroups; i++) {
		int err = wide ? put_user_u32(c->groups[i], list + 4 * i)
			       : put_user_u16((u16)narrow(c->groups[i]), list + 2 * i);

		if (err)
			return err;
	}
	return (long)c->ngroups;
}

static int by_number(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

static int read_groups(gid_t *groups, unsigned n, uaddr_t list, bool wide)
{
	u16 id16;

	for (unsigned i = 0; i < n; i++) {
		if (wide) {
			if (get_user_u32(&groups[i], list + 4 * i))
				return -EFAULT;
		} else {
			if (get_user_u16(&id16, list + 2 * i))
				return -EFAULT;
			groups[i] = widen(id16);
		}
		if (groups[i] == NO_ID)
			return -EINVAL;
	}
	sort(groups, n, sizeof(*groups), by_number);
	return 0;
}

static long set_groups(int n, uaddr_t list, bool wide)
{
	struct cred *new;
	gid_t *groups = NULL;
	int err = 0;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (n < 0 || n > NGROUPS_MAX)
		return -EINVAL;
	if (n) {
		groups = kmalloc((size_t)n * sizeof(*groups), GFP_KERNEL);
		if (!groups)
			return -ENOMEM;
		err = read_groups(groups, (unsigned)n, list, wide);
	}
	new = err ? NULL : cred_prepare();
	if (!new) {
		kfree(groups);
		return err ? err : -ENOMEM;
	}
	kfree(new->groups);
	new->groups = groups;
	new->ngroups = (unsigned)n;
	cred_commit(new);
	return 0;
}

long sys_getgroups(int n, uaddr_t list)
{
	return put_groups(n, list, false);
}
long sys_getgroups32(int n, uaddr_t list)
{
	return put_groups(n, list, true);
}
long sys_setgroups(int n, uaddr_t list)
{
	return set_groups(n, list, false);
}
long sys_setgroups32(int n, uaddr_t list)
{
	return set_groups(n, list, true);
}

/* ---- capabilities ---- */

/* How many 32-bit words the caller's version has; an unknown one is told ours. */
static int cap_words(const struct __user_cap_header_struct *header, uaddr_t user)
{
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1: return 1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3: return 2;
	}
	return put_user_u32(_LINUX_CAPABILITY_VERSION_3, user) ? -EFAULT : -EINVAL;
}

static int read_caps_of(pid_t pid, struct __user_cap_data_struct data[2])
{
	struct task *t = pid ? task_find_get(pid) : current;
	const struct cred *c;

	if (!t)
		return -ESRCH;
	rcu_read_lock();
	c = rcu_dereference(t->cred);
	for (int i = 0; i < 2; i++) {
		data[i].effective = (u32)(c->cap_effective >> 32 * i);
		data[i].permitted = (u32)(c->cap_permitted >> 32 * i);
		data[i].inheritable = (u32)(c->cap_inheritable >> 32 * i);
	}
	rcu_read_unlock();
	if (pid)
		task_put(t);
	return 0;
}

long sys_capget(uaddr_t user_header, uaddr_t user_data)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
	int words, err;

	if (copy_from_user(&header, user_header, sizeof(header)))
		return -EFAULT;
	words = cap_words(&header, user_header);
	if (words == -EINVAL && !user_data)
		return 0; /* it only asks for the version */
	if (words < 0)
		return words;
	if (header.pid < 0)
		return -EINVAL;
	err = read_caps_of(header.pid, data);
	if (err || !user_data)
		return err;
	return copy_to_user(user_data, data, (size_t)words * sizeof(data[0])) ? -EFAULT : 0;
}

static bool may_set_caps(const struct cred *old, u64 effective, u64 permitted, u64 inheritable)
{
	u64 reachable =
		old->cap_inheritable | (capable(CAP_SETPCAP) ? old->cap_bset : old->cap_permitted);

	return !(inheritable & ~reachable) &&
	       !(inheritable & ~(old->cap_inheritable | old->cap_bset)) &&
	       !(permitted & ~old->cap_permitted) && !(effective & ~permitted);
}

long sys_capset(uaddr_t user_header, uaddr_t user_data)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
	u64 effective, permitted, inheritable;
	struct cred *new;
	int words;

	if (copy_from_user(&header, user_header, sizeof(header)))
		return -EFAULT;
	words = cap_words(&header, user_header);
	if (words < 0)
		return words;
	if (header.pid && header.pid != current->pid)
		return -EPERM;
	memset(data, 0, sizeof(data));
	if (copy_from_user(data, user_data, (size_t)words * sizeof(data[0])))
		return -EFAULT;
	effective = (data[0].effective | (u64)data[1].effective << 32) & CAP_FULL_SET;
	permitted = (data[0].permitted | (u64)data[1].permitted << 32) & CAP_FULL_SET;
	inheritable = (data[0].inheritable | (u64)data[1].inheritable << 32) & CAP_FULL_SET;
	if (!may_set_caps(current->cred, effective, permitted, inheritable))
		return -EPERM;
	new = cred_prepare();
	if (!new)
		return -ENOMEM;
	new->cap_effective = effective;
	new->cap_permitted = permitted;
	new->cap_inheritable = inheritable;
	new->cap_ambient &= permitted &inheritable;
	cred_commit(new);
	return 0;
}
