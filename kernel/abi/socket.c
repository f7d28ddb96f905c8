/*
 * Sockets: making, naming and connecting them. socket(2), bind(2), connect(2), listen(2),
 * accept(2), getsockname(2), socketpair(2), getsockopt(2), shutdown(2), socketcall(2). Messages are
 * in socket_msg.c.
 */
#include "abi/net.h"
#include "socket.h"
#include "lib/string.h"

struct socket *socket_get(int fd, struct fd_ref *f, int *err)
{
	struct socket *sock;

	*f = fdget(fd);
	if (!f->file) {
		*err = -EBADF;
		return NULL;
	}
	sock = socket_of(f->file);
	if (!sock) {
		*err = -ENOTSOCK;
		fdput(*f);
	}
	return sock;
}

int address_get(struct socket_address *a, uaddr_t from, int len)
{
	if (len < 0 || len > (int)sizeof(a->bytes))
		return -EINVAL;
	a->len = (unsigned)len;
	a->family = AF_UNSPEC;
	return len && copy_from_user(a->bytes, from, (size_t)len) ? -EFAULT : 0;
}

int address_put(const struct socket_address *a, uaddr_t to, uaddr_t len)
{
	u32 room;

	if (get_user_u32(&room, len))
		return -EFAULT;
	if ((s32)room < 0)
		return -EINVAL;
	room = MIN(room, (u32)a->len);
	if (room && copy_to_user(to, a->bytes, room))
		return -EFAULT;
	return put_user_u32(a->len, len) ? -EFAULT : 0;
}

static bool split_flags(int *type, u32 *flags)
{
	*flags = (u32)*type & ~(u32)SOCK_TYPE_MASK;
	*type &= SOCK_TYPE_MASK;
	return !(*flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK));
}

/* ---- making ---- */

/* Takes the socket over. ERR_PTR */
static struct file *file_for(struct socket *sock, u32 flags)
{
	struct file *file = socket_file((int)flags);

	if (IS_ERR(file))
		socket_release(sock);
	else
		socket_attach(file, sock);
	return file;
}

long sys_socket(int family, int type, int protocol)
{
	struct socket *sock;
	u32 flags;

	if (!split_flags(&type, &flags))
		return -EINVAL;
	sock = socket_create(family, type, protocol);
	if (IS_ERR(sock))
		return PTR_ERR(sock);
	return fd_open_file(file_for(sock, flags), flags & SOCK_CLOEXEC);
}

static int make_pair(int family, int type, int protocol, u32 flags, struct file *file[2])
{
	struct socket *a, *b;
	int err = -EOPNOTSUPP;

	a = socket_create(family, type, protocol);
	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	b = socket_create(family, type, protocol);
	if (IS_ERR(b)) {
		socket_release(a);
		return (int)PTR_ERR(b);
	}
	if (a->op->pair)
		err = a->op->pair(a, b);
	if (err) {
		socket_release(a);
		socket_release(b);
		return err;
	}
	file[0] = file_for(a, flags);
	if (IS_ERR(file[0])) {
		socket_release(b);
		return (int)PTR_ERR(file[0]);
	}
	file[1] = file_for(b, flags);
	if (!IS_ERR(file[1]))
		return 0;
	fput(file[0]);
	return (int)PTR_ERR(file[1]);
}

long sys_socketpair(int family, int type, int protocol, uaddr_t user)
{
	struct file *file[2];
	int fd[2], err;
	u32 flags;

	if (!split_flags(&type, &flags))
		return -EINVAL;
	fd[0] = fd_reserve(0, flags & SOCK_CLOEXEC);
	if (fd[0] < 0)
		return fd[0];
	err = fd[1] = fd_reserve(0, flags & SOCK_CLOEXEC);
	if (fd[1] < 0)
		goto out_first;
	err = -EFAULT;
	if (copy_to_user(user, fd, sizeof(fd)))
		goto out_second;
	err = make_pair(family, type, protocol, flags, file);
	if (err)
		goto out_second;
	fd_install(fd[0], file[0]);
	fd_install(fd[1], file[1]);
	return 0;
out_second:
	fd_unreserve(fd[1]);
out_first:
	fd_unreserve(fd[0]);
	return err;
}

/* ---- names and connections ---- */

long sys_bind(int fd, uaddr_t address, int len)
{
	struct socket_address a;
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = address_get(&a, address, len);
	if (!err)
		err = sock->op->bind(sock, &a);
	fdput(f);
	return err;
}

long sys_connect(int fd, uaddr_t address, int len)
{
	struct socket_address a;
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = address_get(&a, address, len);
	if (!err)
		err = sock->op->connect(sock, &a, f.file->flags & O_NONBLOCK);
	fdput(f);
	return err;
}

long sys_listen(int fd, int backlog)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = sock->op->listen(sock, backlog);
	fdput(f);
	return err;
}

/* The file is made first: a connection that was taken from the listener cannot be put back. */
static struct file *accept_file(struct socket *sock, u32 file_flags, u32 flags, uaddr_t address,
				uaddr_t len)
{
	struct file *file = socket_file((int)flags);
	struct socket_address a;
	struct socket *new;
	int err;

	if (IS_ERR(file))
		return file;
	new = sock->op->accept(sock, file_flags & O_NONBLOCK);
	if (IS_ERR(new)) {
		fput(file);
		return ERR_PTR(PTR_ERR(new));
	}
	socket_attach(file, new);
	if (!address)
		return file;
	err = new->op->name(new, &a, true) ? -ECONNABORTED : address_put(&a, address, len);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

long sys_accept4(int fd, uaddr_t address, uaddr_t len, u32 flags)
{
	struct file *file;
	struct fd_ref f;
	struct socket *sock;
	int err, new_fd;

	if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	sock = socket_get(fd, &f, &err);
	if (!sock)
		return err;
	new_fd = fd_reserve(0, flags & SOCK_CLOEXEC);
	if (new_fd >= 0) {
		file = accept_file(sock, f.file->flags, flags, address, len);
		if (IS_ERR(file)) {
			fd_unreserve(new_fd);
			new_fd = (int)PTR_ERR(file);
		} else {
			fd_install(new_fd, file);
		}
	}
	fdput(f);
	return new_fd;
}

static long get_name(int fd, uaddr_t address, uaddr_t len, bool peer)
{
	struct socket_address a;
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = sock->op->name(sock, &a, peer);
	if (!err)
		err = address_put(&a, address, len);
	fdput(f);
	return err;
}

long sys_getsockname(int fd, uaddr_t address, uaddr_t len)
{
	return get_name(fd, address, len, false);
}

long sys_getpeername(int fd, uaddr_t address, uaddr_t len)
{
	return get_name(fd, address, len, true);
}

/* ---- options ---- */

long sys_setsockopt(int fd, int level, int name, uaddr_t value, int len)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = socket_set_option(sock, level, name, value, len);
	fdput(f);
	return err;
}

long sys_getsockopt(int fd, int level, int name, uaddr_t value, uaddr_t len)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = socket_get_option(sock, level, name, value, len);
	fdput(f);
	return err;
}

long sys_shutdown(int fd, int how)
{
	struct fd_ref f;
	int err;
	struct socket *sock = socket_get(fd, &f, &err);

	if (!sock)
		return err;
	err = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL
					       : sock->op->shutdown(sock, (unsigned)how + 1);
	fdput(f);
	return err;
}

/* ---- the old way in ---- */

long sys_socketcall(int call, uaddr_t args)
{
	static const u8 count[] = {
		[SYS_SOCKET] = 3,      [SYS_BIND] = 3,       [SYS_CONNECT] = 3,
		[SYS_LISTEN] = 2,      [SYS_ACCEPT] = 3,     [SYS_GETSOCKNAME] = 3,
		[SYS_GETPEERNAME] = 3, [SYS_SOCKETPAIR] = 4, [SYS_SEND] = 4,
		[SYS_RECV] = 4,        [SYS_SENDTO] = 6,     [SYS_RECVFROM] = 6,
		[SYS_SHUTDOWN] = 2,    [SYS_SETSOCKOPT] = 5, [SYS_GETSOCKOPT] = 5,
		[SYS_SENDMSG] = 3,     [SYS_RECVMSG] = 3,    [SYS_ACCEPT4] = 4,
		[SYS_RECVMMSG] = 5,    [SYS_SENDMMSG] = 4,
	};
	u32 a[6];

	if (call < SYS_SOCKET || call > SYS_SENDMMSG)
		return -EINVAL;
	if (copy_from_user(a, args, count[call] * sizeof(a[0])))
		return -EFAULT;
	switch (call) {
	case SYS_SOCKET: return sys_socket((int)a[0], (int)a[1], (int)a[2]);
	case SYS_BIND: return sys_bind((int)a[0], a[1], (int)a[2]);
	case SYS_CONNECT: return sys_connect((int)a[0], a[1], (int)a[2]);
	case SYS_LISTEN: return sys_listen((int)a[0], (int)a[1]);
	case SYS_ACCEPT: return sys_accept4((int)a[0], a[1], a[2], 0);
	case SYS_GETSOCKNAME: return sys_getsockname((int)a[0], a[1], a[2]);
	case SYS_GETPEERNAME: return sys_getpeername((int)a[0], a[1], a[2]);
	case SYS_SOCKETPAIR: return sys_socketpair((int)a[0], (int)a[1], (int)a[2], a[3]);
	case SYS_SEND: return sys_sendto((int)a[0], a[1], a[2], a[3], 0, 0);
	case SYS_RECV: return sys_recvfrom((int)a[0], a[1], a[2], a[3], 0, 0);
	case SYS_SENDTO: return sys_sendto((int)a[0], a[1], a[2], a[3], a[4], (int)a[5]);
	case SYS_RECVFROM: return sys_recvfrom((int)a[0], a[1], a[2], a[3], a[4], a[5]);
	case SYS_SHUTDOWN: return sys_shutdown((int)a[0], (int)a[1]);
	case SYS_SETSOCKOPT:
		return sys_setsockopt((int)a[0], (int)a[1], (int)a[2], a[3], (int)a[4]);
	case SYS_GETSOCKOPT: return sys_getsockopt((int)a[0], (int)a[1], (int)a[2], a[3], a[4]);
	case SYS_SENDMSG: return sys_sendmsg((int)a[0], a[1], a[2]);
	case SYS_RECVMSG: return sys_recvmsg((int)a[0], a[1], a[2]);
	case SYS_ACCEPT4: return sys_accept4((int)a[0], a[1], a[2], a[3]);
	case SYS_RECVMMSG: return sys_recvmmsg((int)a[0], a[1], a[2], a[3], a[4]);
	default: return sys_sendmmsg((int)a[0], a[1], a[2], a[3]);
	}
}
