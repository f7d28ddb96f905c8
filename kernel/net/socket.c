/*
 * Sockets as files: an internal file system whose inodes are "socket:[number]", and the families
 * behind it. socket(7).
 *
 * A file's private data is its socket; what a read, write or poll means is the family's. Read next:
 * options.c, control.c, unix/unix.h.
 */
#include "net/socket.h"
#include "arch/log.h"
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/procfs.h"
#include "lib/printf.h"
#include "net.h"
#include "sched/timer.h"
#include <linux/magic.h>
#include <linux/stat.h>
#include <limits.h> /* after stat.h, which glibc's headers would silence */

static struct mount *socket_mount;
static const struct socket_family *families[AF_MAX];

unsigned sysctl_wmem_default = 163840, sysctl_rmem_default = 163840;
unsigned sysctl_wmem_max = 163840, sysctl_rmem_max = 163840;
unsigned sysctl_somaxconn = 4096;

void socket_init(struct socket *sock, const struct socket_operations *op, int family, int type,
		 int protocol)
{
	sock->op = op;
	sock->family = (u16)family;
	sock->type = (u16)type;
	sock->protocol = (u16)protocol;
	sock->send_buffer = READ_ONCE(sysctl_wmem_default);
	sock->receive_buffer = READ_ONCE(sysctl_rmem_default);
	sock->receive_low = 1;
	sock->send_timeout = SOCKET_FOREVER;
	sock->receive_timeout = SOCKET_FOREVER;
}

int socket_take_error(struct socket *sock)
{
	return READ_ONCE(sock->error) ? -atomic_xchg(&sock->error, 0) : 0;
}

u64 socket_deadline(u64 timeout, bool nonblock)
{
	u64 now;

	if (nonblock)
		return 0;
	if (timeout == SOCKET_FOREVER)
		return ~0ULL;
	now = clock_ns();
	return timeout >= ~0ULL - now ? ~0ULL : now + timeout;
}

/* With a time limit a call is not restarted, or it would wait anew: signal(7). */
int socket_wait_error(int err, u64 timeout)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	return err == -ERESTARTSYS && timeout != SOCKET_FOREVER ? -EINTR : err;
}

/* ---- families ---- */

void socket_register_family(const struct socket_family *family)
{
	families[family->family] = family;
}

struct socket *socket_create(int family, int type, int protocol)
{
	if (family < 0 || family >= AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (type < 0 || type >= SOCK_MAX)
		return ERR_PTR(-EINVAL);
	if (!families[family])
		return ERR_PTR(-EAFNOSUPPORT);
	return families[family]->create(type, protocol);
}

void socket_release(struct socket *sock)
{
	sock->op->release(sock);
}

/* ---- messages ---- */

ssize_t socket_send(struct socket *sock, struct message *m)
{
	ssize_t n = sock->op->send(sock, m);

	passed_files_free(m->files);
	m->files = NULL;
	return n;
}

ssize_t socket_receive(struct socket *sock, struct message *m)
{
	ssize_t n;

	m->told = m->flags & MSG_CMSG_CLOEXEC;
	m->control_used = 0;
	m->files = NULL;
	n = sock->op->receive(sock, m);
	passed_files_free(m->files);
	return n;
}

/* ---- the file ---- */

static ssize_t socket_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct message m = {.data = *to, .nonblock = file->flags & O_NONBLOCK};
	ssize_t n;

	(void)pos;
	if (!to->count)
		return 0;
	n = socket_receive(file->private, &m);
	*to = m.data;
	return n;
}

static ssize_t socket_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct message m = {.data = *from, .nonblock = file->flags & O_NONBLOCK};
	ssize_t n;

	(void)pos;
	n = socket_send(file->private, &m);
	*from = m.data;
	return n;
}

static unsigned socket_poll(struct file *file, struct poll_table *pt)
{
	struct socket *sock = file->private;

	return sock->op->poll(sock, file, pt);
}

static long socket_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct socket *sock = file->private;

	return sock->op->ioctl ? sock->op->ioctl(sock, cmd, arg) : -ENOIOCTLCMD;
}

static void socket_close(struct inode *inode, struct file *file)
{
	struct socket *sock = file->private;

	(void)inode;
	if (sock) /* else the call that made the file gave it none */
		socket_release(sock);
}

static const struct file_operations socket_fops = {
	.read_iter = socket_read,
	.write_iter = socket_write,
	.llseek = no_llseek,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.release = socket_close,
};

struct socket *socket_of(const struct file *file)
{
	return file->op == &socket_fops ? file->private : NULL;
}

static char *socket_name(struct dentry *dentry, char *buf, size_t size)
{
	int len = snprintf(buf, size, "socket:[%llu]", (unsigned long long)dentry->inode->ino);

	return (size_t)len < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

static const struct dentry_operations socket_dentry_ops = {.name = socket_name};

struct file *socket_file(int flags)
{
	struct inode *inode = inode_alloc(socket_mount->sb);
	struct file *file;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode_init_owner(inode, NULL, S_IFSOCK | 0777);
	inode_init_special(inode, inode->mode, 0);
	file = file_pseudo(socket_mount, inode, "", &socket_dentry_ops, &socket_fops,
			   O_RDWR | (flags & O_NONBLOCK));
	inode_put(inode);
	return file;
}

void socket_attach(struct file *file, struct socket *sock)
{
	sock->file = file;
	file->private = sock;
}

static void __init register_sysctls(void)
{
	proc_register_uint("sys/net/core/wmem_default", 0644, &sysctl_wmem_default, SEND_BUFFER_MIN,
			   INT_MAX);
	proc_register_uint("sys/net/core/rmem_default", 0644, &sysctl_rmem_default,
			   RECEIVE_BUFFER_MIN, INT_MAX);
	proc_register_uint("sys/net/core/wmem_max", 0644, &sysctl_wmem_max, SEND_BUFFER_MIN,
			   INT_MAX);
	proc_register_uint("sys/net/core/rmem_max", 0644, &sysctl_rmem_max, RECEIVE_BUFFER_MIN,
			   INT_MAX);
	proc_register_uint("sys/net/core/somaxconn", 0644, &sysctl_somaxconn, 0, INT_MAX);
}

void __init net_init(void)
{
	static const struct file_system_type type = {.name = "sockfs"};

	socket_mount = pseudo_mount(&type, NULL, SOCKFS_MAGIC);
	BUG_ON(!socket_mount);
	register_sysctls();
	unix_init();
}
