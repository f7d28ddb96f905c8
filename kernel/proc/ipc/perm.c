/*
 * Who may use, change and remove an object: sysvipc(7), svipc(7), "the creator and the owner".
 */
#include "proc/ipc/ipc.h"
#include <linux/capability.h>

static bool is_owner(const struct ipc_object *obj)
{
	uid_t euid = current_cred()->euid;

	return euid == obj->uid || euid == obj->cuid;
}

bool ipc_permits(const struct ipc_object *obj, int flags)
{
	unsigned wanted = (unsigned)(flags >> 6 | flags >> 3 | flags), granted = obj->mode;

	if (is_owner(obj))
		granted >>= 6;
	else if (in_group(obj->cgid) || in_group(obj->gid))
		granted >>= 3;
	return !(wanted & ~granted & S_IRWXO) || capable(CAP_IPC_OWNER);
}

struct ipc_object *ipc_lock_control(struct ipc_ids *ids, int id)
{
	struct ipc_object *obj = ipc_lock_id(ids, id);

	if (IS_ERR(obj) || is_owner(obj) || capable(CAP_SYS_ADMIN))
		return obj;
	ipc_unlock(obj);
	return ERR_PTR(-EPERM);
}

void ipc_get_perm(const struct ipc_object *obj, struct ipc64_perm *out)
{
	*out = (struct ipc64_perm){
		.key = obj->key,
		.uid = obj->uid,
		.gid = obj->gid,
		.cuid = obj->cuid,
		.cgid = obj->cgid,
		.mode = (__kernel_mode_t)obj->mode,
		.seq = obj->seq,
	};
}

int ipc_set_perm(struct ipc_object *obj, const struct ipc64_perm *in)
{
	const mode_t bits = S_IRWXU | S_IRWXG | S_IRWXO;

	if (in->uid == (uid_t)-1 || in->gid == (gid_t)-1)
		return -EINVAL;
	obj->uid = in->uid;
	obj->gid = in->gid;
	obj->mode = (obj->mode & ~bits) | (in->mode & bits);
	return 0;
}
