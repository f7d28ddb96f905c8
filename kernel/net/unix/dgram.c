/*
 * Datagrams, and the packets of SOCK_SEQPACKET: borders are kept, a short read loses the
 * rest. unix(7).
 *
 * A datagram waits for room in the receiver's queue unless the receiver is connected to the sender:
 * then the sender's own buffer is the limit, as with streams.
 */
#include "unix.h"
#include "fs/poll.h"

/* ---- sending ---- */

/* To whom: counted, or ERR_PTR. */
static struct unix_socket *destination(struct unix_socket *u, const struct message *m)
{
	struct unix_socket *peer;

	if (m->name && m->name->len)
		return unix_find(m->name, u->socket.type);
	peer = unix_peer_get(u);
	return peer ? peer : ERR_PTR(-ENOTCONN);
}

/* The one we are connected to is gone. */
static int peer_is_dead(struct unix_socket *u, struct unix_socket *other)
{
	bool was_peer;

	if (u->socket.type == SOCK_SEQPACKET)
		return -EPIPE;
	spin_lock(&u->lock);
	was_peer = u->peer == other;
	if (was_peer) {
		u->peer = NULL;
		WRITE_ONCE(u->state, UNIX_CLOSED);
	}
	spin_unlock(&u->lock);
	if (!was_peer)
		return 1; /* found by name a moment ago: look again */
	unix_forget_room(u);
	unix_disconnected(u, other);
	unix_put(other);
	return -ECONNREFUSED;
}

/* 0 it is there; 1 wait for room; -errno. => no locks */
static int deliver(struct unix_socket *u, struct unix_socket *other, struct packet *p)
{
	int err = 0;

	spin_lock(&other->lock);
	if (other->peer && other->peer != u)
		err = -EPERM;
	else if (other->dead)
		err = -ECONNREFUSED;
	else if (other->shutdown & SHUTDOWN_RECEIVE)
		err = -EPIPE;
	else if (other != u && other->peer != u && unix_queue_full(other))
		err = 1;
	else
		packet_queue(other, p);
	spin_unlock(&other->lock);
	if (!err)
		unix_wake_readers(other, POLLIN | POLLRDNORM);
	return err == -ECONNREFUSED ? peer_is_dead(u, other) : err;
}

static int wait_for_room(struct unix_socket *other, u64 timeout, u64 deadline)
{
	int err;

	if (!deadline)
		return -EAGAIN;
	err = wait_event_interruptible_until(
		&other->room_wait,
		!unix_queue_full(other) || READ_ONCE(other->dead) ||
			(READ_ONCE(other->shutdown) & SHUTDOWN_RECEIVE),
		deadline);
	return socket_wait_error(err, timeout);
}

static int send_packet(struct unix_socket *u, struct message *m, struct packet *p)
{
	u64 timeout = READ_ONCE(u->socket.send_timeout);
	u64 deadline = socket_deadline(timeout, m->nonblock || (m->flags & MSG_DONTWAIT));
	int err;

	for (;;) {
		struct unix_socket *other = destination(u, m);

		if (IS_ERR(other))
			return (int)PTR_ERR(other);
		packet_set_cred(p, m, other);
		err = deliver(u, other, p);
		if (err > 0 && !READ_ONCE(other->dead))
			err = wait_for_room(other, timeout, deadline) ?: 1;
		unix_put(other);
		if (err <= 0)
			return err;
	}
}

static int check_send(struct unix_socket *u, struct message *m)
{
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (u->socket.type == SOCK_SEQPACKET) {
		err = socket_take_error(&u->socket);
		if (err)
			return err;
		m->name = NULL; /* ignored on a connection */
	}
	if (m->name && m->name->len) {
		err = unix_check_address(m->name);
		if (err)
			return err;
	} else if (!READ_ONCE(u->peer)) {
		return -ENOTCONN;
	}
	return unix_autobind_if_needed(u);
}

ssize_t unix_dgram_send(struct unix_socket *u, struct message *m)
{
	size_t len = m->data.count;
	struct packet *p;
	int err = check_send(u, m);

	if (err)
		return err;
	if (len > READ_ONCE(u->socket.send_buffer) - 32)
		return -EMSGSIZE;
	p = packet_create(u, m, (u32)len);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = m->files ? packet_attach_files(p, m) : 0;
	if (!err)
		err = send_packet(u, m, p);
	if (!err)
		return (ssize_t)len;
	packet_free(p);
	return err;
}

/* ---- receiving ---- */

/*
 * Or NULL, and whether none will come: seen at one moment, because a peer may send and close
 * between two looks.
 */
static struct packet *first_packet(struct unix_socket *u, bool take, bool *error, bool *ended)
{
	struct packet *p;

	spin_lock(&u->lock);
	p = list_first_entry_or_null(&u->queue, struct packet, node);
	if (p && take)
		packet_unqueue(u, p);
	*error = READ_ONCE(u->socket.error);
	*ended = u->shutdown & SHUTDOWN_RECEIVE;
	spin_unlock(&u->lock);
	return p;
}

/* The packet; NULL: the end; ERR_PTR. => read_lock held; it is dropped while waiting */
static struct packet *wait_for_packet(struct unix_socket *u, bool take, bool nonblock)
{
	u64 timeout = READ_ONCE(u->socket.receive_timeout),
	    deadline = socket_deadline(timeout, nonblock);
	bool error, ended;
	struct packet *p;
	int err;

	while (!(p = first_packet(u, take, &error, &ended))) {
		err = error ? socket_take_error(&u->socket) : 0;
		if (err)
			return ERR_PTR(err);
		if (ended && (deadline || u->socket.type == SOCK_SEQPACKET))
			return NULL;
		if (!deadline)
			return ERR_PTR(-EAGAIN);
		mutex_unlock(&u->read_lock);
		err = wait_event_(&u->read_wait,
				  READ_ONCE(u->queue_len) ||
					  (READ_ONCE(u->shutdown) & SHUTDOWN_RECEIVE) ||
					  READ_ONCE(u->socket.error),
				  TASK_INTERRUPTIBLE, deadline, true);
		mutex_lock(&u->read_lock);
		if (err)
			return ERR_PTR(socket_wait_error(err, timeout));
	}
	return p;
}

static ssize_t read_packet(struct unix_socket *u, struct packet *p, struct message *m)
{
	u32 n = (u32)MIN((size_t)p->size, m->data.count);

	if (m->name)
		unix_copy_name(p->sender, m->name);
	if (n < p->size)
		m->told |= MSG_TRUNC;
	if (packet_read(p, 0, n, &m->data) != n)
		return -EFAULT;
	packet_receive_cred(u, p, m);
	packet_receive_files(u, p, m, m->flags & MSG_PEEK);
	return (ssize_t)(m->flags & MSG_TRUNC ? p->size : n);
}

ssize_t unix_dgram_receive(struct unix_socket *u, struct message *m)
{
	bool take = !(m->flags & MSG_PEEK);
	struct packet *p;
	ssize_t n = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name)
		m->name->len = 0;
	if (u->socket.type == SOCK_SEQPACKET && READ_ONCE(u->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	mutex_lock(&u->read_lock);
	p = wait_for_packet(u, take, m->nonblock || (m->flags & MSG_DONTWAIT));
	if (IS_ERR_OR_NULL(p))
		n = PTR_ERR(p);
	else
		n = read_packet(u, p, m);
	mutex_unlock(&u->read_lock);
	if (take && !IS_ERR_OR_NULL(p)) {
		unix_wake_room(u);
		packet_free(p);
	}
	return n;
}
