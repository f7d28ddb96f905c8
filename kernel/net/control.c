/*
 * Control messages, cmsg(3): descriptors and credentials that go along with data. unix(7).
 *
 * A message to be sent is read in two passes: the first checks and counts, the second takes; so
 * nothing is half taken.
 */
#include "lib/string.h"
#include "mm/slab.h"
#include "net.h"
#include "net/socket.h"
#include "proc/process.h"
#include <linux/capability.h>

#define CONTROL_ALIGN(n) ALIGN_UP((u32)(n), (u32)sizeof(u32))
#define CONTROL_HEADER CONTROL_ALIGN(sizeof(struct control_header))

void passed_files_free(struct passed_files *files)
{
	if (!files)
		return;
	if (files->in_flight)
		unix_files_landed(files);
	for (unsigned i = 0; i < files->count; i++)
		fput(files->file[i]);
	user_put(files->user);
	kfree(files);
}

/* ---- sending ---- */

/* The header at @at, checked against what is left: NULL at the end, ERR_PTR(-EINVAL). */
static const struct control_header *next_header(const u8 *control, u32 len, u32 at)
{
	const struct control_header *h = (const struct control_header *)(control + at);

	if (at >= len || len - at < sizeof(*h))
		return NULL;
	if (h->len < sizeof(*h) || h->len > len - at)
		return ERR_PTR(-EINVAL);
	return h;
}

/* Who says that he is somebody else must be allowed to be. */
static int check_cred(const struct ucred *c)
{
	const struct cred *cred = current_cred();

	if (c->pid != current->tgid && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (c->uid != cred->uid && c->uid != cred->euid && c->uid != cred->suid &&
	    !capable(CAP_SETUID))
		return -EPERM;
	if (c->gid != cred->gid && c->gid != cred->egid && c->gid != cred->sgid &&
	    !capable(CAP_SETGID))
		return -EPERM;
	if (c->pid != current->tgid) {
		struct process *p = process_find_get(c->pid);

		if (!p)
			return -ESRCH;
		process_put(p);
	}
	return c->uid == (uid_t)-1 || c->gid == (gid_t)-1 ? -EINVAL : 0;
}

static u32 descriptors_in(const struct control_header *h)
{
	return (h->len - CONTROL_HEADER) / (u32)sizeof(int);
}

static int check_header(struct socket *sock, struct message *m, const struct control_header *h,
			u32 *descriptors)
{
	const void *data = (const u8 *)h + CONTROL_HEADER;

	if (h->level != SOL_SOCKET)
		return 0;
	if (h->type == SCM_RIGHTS && sock->family == AF_UNIX) {
		*descriptors += descriptors_in(h);
		return *descriptors > SCM_MAX_FD ? -EINVAL : 0;
	}
	if (h->type != SCM_CREDENTIALS || h->len != CONTROL_HEADER + sizeof(m->cred))
		return -EINVAL;
	memcpy(&m->cred, data, sizeof(m->cred));
	m->has_cred = true;
	return check_cred(&m->cred);
}

static int take_files(struct passed_files *files, const struct control_header *h)
{
	const int *fd = (const int *)((const u8 *)h + CONTROL_HEADER);

	for (u32 i = 0; i < descriptors_in(h); i++) {
		struct file *file = fget_raw(fd[i]);

		if (!file)
			return -EBADF;
		files->file[files->count++] = file;
	}
	return 0;
}

static struct passed_files *files_alloc(u32 count)
{
	struct passed_files *files =
		kmalloc(sizeof(*files) + count * sizeof(struct file *), GFP_KERNEL);

	if (!files)
		return NULL;
	files->count = 0;
	files->in_flight = false;
	files->user = current_cred()->user;
	user_hold(files->user);
	return files;
}

int control_parse(struct socket *sock, struct message *m, const u8 *control, u32 len)
{
	const struct control_header *h;
	u32 descriptors = 0, at;
	int err;

	for (at = 0; (h = next_header(control, len, at)); at += CONTROL_ALIGN(h->len)) {
		if (IS_ERR(h))
			return (int)PTR_ERR(h);
		err = check_header(sock, m, h, &descriptors);
		if (err)
			return err;
	}
	if (!descriptors)
		return 0;
	m->files = files_alloc(descriptors);
	if (!m->files)
		return -ENOMEM;
	for (at = 0; (h = next_header(control, len, at)); at += CONTROL_ALIGN(h->len)) {
		if (h->level != SOL_SOCKET || h->type != SCM_RIGHTS)
			continue;
		err = take_files(m->files, h);
		if (err)
			goto fail;
	}
	return 0;
fail:
	passed_files_free(m->files);
	m->files = NULL;
	return err;
}

/* ---- receiving ---- */

/* @size bytes of the room are used up, or all of it. */
static void use_room(struct message *m, u32 size)
{
	size = MIN(size, m->control_room);
	m->control += size;
	m->control_room -= size;
	m->control_used += size;
}

void control_put(struct message *m, int level, int type, const void *data, u32 len)
{
	struct control_header h = {CONTROL_HEADER + len, level, type};

	if (!m->control || m->control_room < sizeof(h)) {
		m->told |= MSG_CTRUNC;
		return;
	}
	if (m->control_room < h.len) {
		m->told |= MSG_CTRUNC;
		h.len = m->control_room;
	}
	if (copy_to_user(m->control, &h, sizeof(h)) ||
	    copy_to_user(m->control + CONTROL_HEADER, data, h.len - CONTROL_HEADER))
		return;
	use_room(m, CONTROL_HEADER + CONTROL_ALIGN(len));
}

/* One descriptor, its number written to @at. */
static int put_file(struct file *file, uaddr_t at, unsigned flags)
{
	int fd = fd_reserve(0, flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0);

	if (fd < 0)
		return fd;
	if (put_user_u32((u32)fd, at)) {
		fd_unreserve(fd);
		return -EFAULT;
	}
	file_get(file);
	fd_install(fd, file);
	return 0;
}

void control_put_files(struct message *m, struct passed_files *files)
{
	u32 room = 0, n = 0;

	if (m->control && m->control_room > CONTROL_HEADER)
		room = (m->control_room - CONTROL_HEADER) / (u32)sizeof(int);
	while (n < MIN(files->count, room)) {
		if (put_file(files->file[n], m->control + CONTROL_HEADER + n * (u32)sizeof(int),
			     m->flags))
			break;
		n++;
	}
	if (n) {
		struct control_header h = {CONTROL_HEADER + n * (u32)sizeof(int), SOL_SOCKET,
					   SCM_RIGHTS};

		if (!copy_to_user(m->control, &h, sizeof(h)))
			use_room(m, CONTROL_ALIGN(h.len));
	}
	if (n < files->count)
		m->told |= MSG_CTRUNC;
	m->files =
		files; /* socket_receive() drops our references, when the socket is no longer locked */
}
