/*
 * Messages over sockets: send(2), sendmsg(2), sendmmsg(2), recv(2), recvmsg(2), recvmmsg(2).
 */
#include "abi/net.h"
#include "abi/timespec.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/timer.h"
#include "socket.h"
#include "uio.h"
#include <linux/uio.h>

#define CONTROL_MAX 10240u /* net.core.optmem_max of this machine */

struct user_message { /* struct msghdr of i386 */
	u32 name;
	s32 name_len;
	u32 iov, iov_len;
	u32 control, control_len;
	u32 flags;
};
struct user_message_vector { /* struct mmsghdr */
	struct user_message message;
	u32 len;
};
#define FIELD(user, field) ((user) + (uaddr_t)offsetof(struct user_message, field))
#define LEN_FIELD(user) ((user) + (uaddr_t)offsetof(struct user_message_vector, len))

/* ---- one buffer ---- */

long sys_sendto(int fd, uaddr_t buf, u32 len, u32 flags, uaddr_t address, int address_len)
{
	struct socket_address a;
	struct message m = {.flags = flags};
	struct fd_ref f;
	struct socket *sock;
	int err = 0;
	long n;

	len = MIN(len, MAX_RW_COUNT);
	if (!user_range_ok(buf, len))
		return -EFAULT;
	sock = socket_get(fd, &f, &err);
	if (!sock)
		return err;
	iov_iter_ubuf(&m.data, buf, len);
	m.nonblock = f.file->flags & O_NONBLOCK;
	if (address) {
		err = address_get(&a, address, address_len);
		m.name = &a;
	}
	n = err ? err : socket_send(sock, &m);
	fdput(f);
	return n;
}

long sys_recvfrom(int fd, uaddr_t buf, u32 len, u32 flags, uaddr_t address, uaddr_t address_len)
{
	struct socket_address a;
	struct message m = {.flags = flags};
	struct fd_ref f;
	struct socket *sock;
	int err = 0;
	long n;

	len = MIN(len, MAX_RW_COUNT);
	if (!user_range_ok(buf, len))
		return -EFAULT;
	sock = socket_get(fd, &f, &err);
	if (!sock)
		return err;
	iov_iter_ubuf(&m.data, buf, len);
	m.nonblock = f.file->flags & O_NONBLOCK;
	m.name = address ? &a : NULL;
	a.len = 0;
	n = socket_receive(sock, &m);
	if (n >= 0 && address)
		err = address_put(&a, address, address_len);
	fdput(f);
	return err ? err : n;
}

/* ---- a message ---- */

/* The header, and its vector: 0, -EFAULT, -EINVAL, -EMSGSIZE, -ENOMEM. */
static int message_get(struct user_message *um, struct user_vector *v, uaddr_t user)
{
	if (copy_from_user(um, user, sizeof(*um)))
		return -EFAULT;
	if (!um->name)
		um->name_len = 0;
	if (um->name_len < 0)
		return -EINVAL;
	um->name_len = MIN(um->name_len, (s32)sizeof(((struct socket_address *)0)->bytes));
	if (um->iov_len > UIO_MAXIOV)
		return -EMSGSIZE;
	return user_vector_get(v, um->iov, um->iov_len);
}

static int control_get(struct socket *sock, struct message *m, const struct user_message *um)
{
	u8 *control;
	int err = -EFAULT;

	if (!um->control_len)
		return 0;
	if (um->control_len > CONTROL_MAX)
		return -ENOBUFS;
	control = kmalloc(um->control_len, GFP_KERNEL);
	if (!control)
		return -ENOBUFS;
	if (!copy_from_user(control, um->control, um->control_len))
		err = control_parse(sock, m, control, um->control_len);
	kfree(control);
	return err;
}

static long send_message(struct socket *sock, bool nonblock, uaddr_t user, u32 flags)
{
	struct message m = {.flags = flags, .nonblock = nonblock};
	struct socket_address a;
	struct user_message um;
	struct user_vector v;
	long n = message_get(&um, &v, user);

	if (n)
		return n;
	iov_iter_user(&m.data, v.iov, um.iov_len, v.total);
	if (um.name_len) {
		n = address_get(&a, um.name, um.name_len);
		m.name = &a;
	}
	if (!n)
		n = control_get(sock, &m, &um);
	if (!n)
		n = socket_send(sock, &m);
	user_vector_put(&v);
	return n;
}

static long receive_message(struct socket *sock, bool nonblock, uaddr_t user, u32 flags)
{
	struct message m = {.flags = flags, .nonblock = nonblock};
	struct socket_address a = {.len = 0};
	struct user_message um;
	struct user_vector v;
	long n = message_get(&um, &v, user);
	int err = 0;

	if (n)
		return n;
	iov_iter_user(&m.data, v.iov, um.iov_len, v.total);
	m.name = um.name ? &a : NULL;
	m.control = um.control;
	m.control_room = um.control ? um.control_len : 0;
	n = socket_receive(sock, &m);
	user_vector_put(&v);
	if (n < 0)
		return n;
	if (um.name)
		err = address_put(&a, um.name, FIELD(user, name_len));
	if (!err && (put_user_u32(m.told, FIELD(user, flags)) ||
		     put_user_u32(m.control_used, FIELD(user, control_len))))
		err = -EFAULT;
	return err ? err : n;
}

long sys_sendmsg(int fd, uaddr_t msg, u32 flags)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);
	long n;

	if (!sock)
		return err;
	n = send_message(sock, f.file->flags & O_NONBLOCK, msg, flags);
	fdput(f);
	return n;
}

long sys_recvmsg(int fd, uaddr_t msg, u32 flags)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);
	long n;

	if (!sock)
		return err;
	n = receive_message(sock, f.file->flags & O_NONBLOCK, msg, flags);
	fdput(f);
	return n;
}

/* ---- several messages ---- */

long sys_sendmmsg(int fd, uaddr_t msgs, u32 n, u32 flags)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);
	u32 done = 0;
	long sent = 0;

	if (!sock)
		return err;
	n = MIN(n, (u32)UIO_MAXIOV);
	while (done < n) {
		sent = send_message(sock, f.file->flags & O_NONBLOCK, msgs, flags);
		if (sent >= 0 && put_user_u32((u32)sent, LEN_FIELD(msgs)))
			sent = -EFAULT;
		if (sent < 0)
			break;
		done++;
		msgs += sizeof(struct user_message_vector);
		if (signal_pending(current))
			break;
		cond_resched();
	}
	fdput(f);
	return done ? (long)done : sent;
}

/*
 * Until all are there, one gives an error, or the time is over: it is looked at after each message
 * only, recvmmsg(2).
 */
static long receive_messages(struct socket *sock, bool nonblock, uaddr_t msgs, u32 n, u32 flags,
			     u64 deadline)
{
	u32 done = 0;
	long got = socket_take_error(sock);

	while (!got && done < n) {
		got = receive_message(sock, nonblock, msgs, flags & ~MSG_WAITFORONE);
		if (got >= 0 && put_user_u32((u32)got, LEN_FIELD(msgs)))
			got = -EFAULT;
		if (got < 0)
			break;
		got = 0;
		done++;
		msgs += sizeof(struct user_message_vector);
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (clock_ns() >= deadline)
			break;
		cond_resched();
	}
	if (!done)
		return got;
	if (got && got != -EAGAIN && got != -ERESTARTSYS && got != -EINTR)
		WRITE_ONCE(sock->error, (int)-got); /* the next call tells it */
	return (long)done;
}

static long recvmmsg_common(int fd, uaddr_t msgs, u32 n, u32 flags, uaddr_t timeout,
			    int (*get)(u64 *ns, uaddr_t from), int (*put)(u64 ns, uaddr_t to))
{
	struct fd_ref f;
	struct socket *sock;
	u64 deadline = ~0ULL, ns, now;
	int err;
	long got;

	if (timeout) {
		err = get(&ns, timeout);
		if (err)
			return err;
		deadline = deadline_from_now(ns);
	}
	sock = socket_get(fd, &f, &err);
	if (!sock)
		return err;
	got = receive_messages(sock, f.file->flags & O_NONBLOCK, msgs, MIN(n, (u32)UIO_MAXIOV),
			       flags, deadline);
	fdput(f);
	if (timeout && got > 0) {
		now = clock_ns();
		if (put(deadline > now ? deadline - now : 0, timeout))
			return -EFAULT;
	}
	return got;
}

long sys_recvmmsg(int fd, uaddr_t msgs, u32 n, u32 flags, uaddr_t timeout)
{
	return recvmmsg_common(fd, msgs, n, flags, timeout, get_timespec32, put_timespec32);
}

long sys_recvmmsg_time64(int fd, uaddr_t msgs, u32 n, u32 flags, uaddr_t timeout)
{
	return recvmmsg_common(fd, msgs, n, flags, timeout, get_timespec64, put_timespec64);
}
