/*
 * The family AF_UNIX: making sockets, waiting for them, asking them. See unix.h for the rest.
 */
#include "unix.h"
#include "../net.h"
#include "arch/log.h"
#include "fs/poll.h"
#include "fs/procfs.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <limits.h>
#include <asm/ioctls.h>

static struct kmem_cache *unix_cache;
unsigned sysctl_max_dgram_qlen = 10;

/* ---- life ---- */

struct unix_socket *unix_alloc(int type)
{
	struct unix_socket *u = kmem_cache_alloc(unix_cache, GFP_KERNEL);

	if (!u)
		return NULL;
	memset(u, 0, sizeof(*u));
	socket_init(&u->socket, &unix_operations, AF_UNIX, type, 0);
	u->refs = 1;
	spin_lock_init(&u->lock, RANK_SOCKET);
	mutex_init(&u->bind_lock, RANK_SOCKET_BIND);
	mutex_init(&u->read_lock, RANK_SOCKET_READ);
	list_init(&u->queue);
	list_init(&u->pending);
	list_init(&u->pending_node);
	list_init(&u->room_pollers);
	list_init(&u->room_node);
	list_init(&u->gc_node);
	wait_queue_init(&u->read_wait);
	wait_queue_init(&u->write_wait);
	wait_queue_init(&u->room_wait);
	rb_clear_node(&u->name_node);
	u->queue_max = READ_ONCE(sysctl_max_dgram_qlen);
	spin_lock(&unix_names_lock);
	list_add_tail(&u->node, &unix_all);
	spin_unlock(&unix_names_lock);
	return u;
}

void unix_put(struct unix_socket *u)
{
	if (!atomic_dec_and_test(&u->refs))
		return;
	if (u->peer_cred)
		cred_put(u->peer_cred);
	if (u->address)
		unix_address_put(u->address);
	kmem_cache_free(unix_cache, u);
}

static struct socket *unix_create(int type, int protocol)
{
	struct unix_socket *u;

	if (protocol && protocol != AF_UNIX)
		return ERR_PTR(-EPROTONOSUPPORT);
	if (type == SOCK_RAW)
		type = SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return ERR_PTR(-ESOCKTNOSUPPORT);
	u = unix_alloc(type);
	return u ? &u->socket : ERR_PTR(-ENOMEM);
}

/* ---- locks ---- */

void unix_lock_two(struct unix_socket *a, struct unix_socket *b)
{
	struct unix_socket *first = a < b ? a : b, *second = a < b ? b : a;

	spin_lock(&first->lock);
	if (first != second)
		spin_lock_nested(&second->lock);
}

void unix_unlock_two(struct unix_socket *a, struct unix_socket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

struct unix_socket *unix_peer_get(struct unix_socket *u)
{
	struct unix_socket *peer;

	spin_lock(&u->lock);
	peer = u->peer;
	if (peer)
		unix_get(peer);
	spin_unlock(&u->lock);
	return peer;
}

/* ---- waking. The change is made before; sleepers queue before they look. ---- */

void unix_wake_readers(struct unix_socket *u, unsigned events)
{
	smp_mb();
	if (wait_queue_active(&u->read_wait))
		wake_up_poll(&u->read_wait, events);
}

/* One exclusive sleeper is enough for one packet; the end concerns them all. */
void unix_wake_all_readers(struct unix_socket *u)
{
	smp_mb();
	if (wait_queue_active(&u->read_wait))
		wake_up_all(&u->read_wait);
}

void unix_wake_writers(struct unix_socket *u)
{
	smp_mb();
	if (wait_queue_active(&u->write_wait))
		wake_up_poll(&u->write_wait, POLLOUT | POLLWRNORM | POLLWRBAND);
}

void unix_wake_room_pollers(struct unix_socket *u)
{
	while (!list_empty(&u->room_pollers)) {
		struct unix_socket *w =
			list_first_entry(&u->room_pollers, struct unix_socket, room_node);

		list_del_init(&w->room_node);
		unix_wake_writers(w);
	}
}

void unix_wake_room(struct unix_socket *u)
{
	smp_mb();
	if (!list_empty(&u->room_pollers)) {
		spin_lock(&u->lock);
		unix_wake_room_pollers(u);
		spin_unlock(&u->lock);
	}
	if (wait_queue_active(&u->room_wait))
		wake_up_all(&u->room_wait);
}

/* ---- poll ---- */

/*
 * Ask @peer to wake our writers when its queue has room; a poller cannot stand on the peer's own
 * wait queue, which may go away under it. False: there is room.
 */
static bool wait_for_room(struct unix_socket *u, struct unix_socket *peer)
{
	bool full;

	unix_lock_two(u, peer);
	full = !peer->dead && u->peer == peer && peer->peer != u && unix_queue_full(peer);
	if (full && !u->room_of) {
		unix_get(peer);
		u->room_of = peer;
	}
	if (full && u->room_of == peer && list_empty(&u->room_node))
		list_add_tail(&u->room_node, &peer->room_pollers);
	unix_unlock_two(u, peer);
	return full;
}

void unix_forget_room(struct unix_socket *u)
{
	struct unix_socket *peer;

	spin_lock(&u->lock);
	peer = u->room_of;
	if (peer)
		unix_get(peer);
	spin_unlock(&u->lock);
	if (!peer)
		return;
	unix_lock_two(u, peer);
	if (u->room_of == peer) {
		list_del_init(&u->room_node);
		u->room_of = NULL;
		unix_unlock_two(u, peer);
		unix_put(peer); /* the list's */
	} else {
		unix_unlock_two(u, peer);
	}
	unix_put(peer);
}

static bool peer_has_room(struct unix_socket *u)
{
	struct unix_socket *peer = unix_peer_get(u);
	bool full;

	if (!peer)
		return true;
	full = peer != u && READ_ONCE(peer->peer) != u && unix_queue_full(peer) &&
	       wait_for_room(u, peer);
	unix_put(peer);
	return !full;
}

static unsigned unix_poll(struct socket *sock, struct file *file, struct poll_table *pt)
{
	struct unix_socket *u = unix_of(sock);
	unsigned mask = 0, shutdown;

	poll_wait(file, &u->read_wait, pt);
	poll_wait(file, &u->write_wait, pt);
	shutdown = READ_ONCE(u->shutdown);
	if (READ_ONCE(sock->error))
		mask |= POLLERR;
	if (shutdown == SHUTDOWN_BOTH)
		mask |= POLLHUP;
	if (shutdown & SHUTDOWN_RECEIVE)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (READ_ONCE(u->queue_len))
		mask |= POLLIN | POLLRDNORM;
	if (is_connection_type(u) && READ_ONCE(u->state) == UNIX_CLOSED)
		mask |= POLLHUP;
	if (unix_is_writable(u) && (sock->type == SOCK_STREAM || peer_has_room(u)))
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return mask;
}

/* ---- questions ---- */

static long bytes_to_read(struct unix_socket *u)
{
	long n;

	if (READ_ONCE(u->state) == UNIX_LISTENING)
		return -EINVAL;
	spin_lock(&u->lock);
	if (u->socket.type == SOCK_DGRAM)
		n = list_empty(&u->queue)
			    ? 0
			    : (long)packet_left(list_first_entry(&u->queue, struct packet, node));
	else
		n = (long)MIN(u->queue_bytes, (u32)INT_MAX);
	spin_unlock(&u->lock);
	return n;
}

static long unix_ioctl(struct socket *sock, unsigned cmd, unsigned long arg)
{
	struct unix_socket *u = unix_of(sock);
	long n;

	switch (cmd) {
	case FIONREAD: n = bytes_to_read(u); return n < 0 ? n : put_user_u32((u32)n, (uaddr_t)arg);
	case TIOCOUTQ: return put_user_u32(atomic_read(&u->charged), (uaddr_t)arg);
	}
	return -ENOIOCTLCMD;
}

static int unix_name(struct socket *sock, struct socket_address *out, bool peer)
{
	struct unix_socket *u = unix_of(sock), *other;

	if (!peer) {
		unix_copy_name(u, out);
		return 0;
	}
	other = unix_peer_get(u);
	if (!other)
		return -ENOTCONN;
	unix_copy_name(other, out);
	unix_put(other);
	return 0;
}

static bool unix_is_listening(struct socket *sock)
{
	return READ_ONCE(unix_of(sock)->state) == UNIX_LISTENING;
}

static void unix_peer_cred(struct socket *sock, pid_t *pid, const struct cred **cred)
{
	struct unix_socket *u = unix_of(sock);

	spin_lock(&u->lock);
	*pid = u->peer_pid;
	*cred = u->peer_cred ? cred_get(u->peer_cred) : NULL;
	spin_unlock(&u->lock);
}

static ssize_t unix_send(struct socket *sock, struct message *m)
{
	struct unix_socket *u = unix_of(sock);

	return sock->type == SOCK_STREAM ? unix_stream_send(u, m) : unix_dgram_send(u, m);
}

static ssize_t unix_receive(struct socket *sock, struct message *m)
{
	struct unix_socket *u = unix_of(sock);

	return sock->type == SOCK_STREAM ? unix_stream_receive(u, m) : unix_dgram_receive(u, m);
}

const struct socket_operations unix_operations = {
	.release = unix_release,
	.bind = unix_bind,
	.connect = unix_connect,
	.pair = unix_pair,
	.listen = unix_listen,
	.accept = unix_accept,
	.name = unix_name,
	.send = unix_send,
	.receive = unix_receive,
	.shutdown = unix_shutdown,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.is_listening = unix_is_listening,
	.peer_cred = unix_peer_cred,
};

void __init unix_init(void)
{
	static const struct socket_family family = {.family = AF_UNIX, .create = unix_create};

	unix_cache = kmem_cache_create("UNIX", sizeof(struct unix_socket), 0, SLAB_PANIC);
	unix_proc_init();
	packet_init();
	socket_register_family(&family);
}
