/*
 * Connections: listen(2), connect(2), accept(2), socketpair(2), shutdown(2), and the
 * end of a socket.
 *
 * connect() makes the other end itself, connected already, and puts it on the listener's list;
 * accept() only gives it a file. So a client may write before it was accepted.
 */
#include "unix.h"
#include "../net.h"
#include "fs/poll.h"
#include "lib/string.h"

/* ---- credentials of the other end ---- */

/* => both locks, or nobody else knows them */
static void set_peer_cred(struct unix_socket *u, pid_t pid, const struct cred *cred)
{
	const struct cred *old = u->peer_cred;

	u->peer_pid = pid;
	u->peer_cred = cred_get(cred);
	if (old)
		cred_put(old);
}

static void set_own_cred(struct unix_socket *u)
{
	set_peer_cred(u, current->tgid, current_cred());
}

/* ---- the end ---- */

/* The other end of a connection: no more data either way. @reset: some of ours was lost. */
static void hang_up_peer(struct unix_socket *peer, bool reset)
{
	spin_lock(&peer->lock);
	WRITE_ONCE(peer->shutdown, SHUTDOWN_BOTH);
	if (reset)
		WRITE_ONCE(peer->socket.error, ECONNRESET);
	spin_unlock(&peer->lock);
	unix_wake_all_readers(peer);
	unix_wake_writers(peer);
}

/* @accepted: it had a file, or at least a user who wanted one. */
static void unix_close(struct unix_socket *u, bool accepted)
{
	LIST_HEAD(packets);
	LIST_HEAD(pending);
	struct unix_socket *peer, *c, *next;

	unix_unname(u);
	unix_forget_room(u);
	spin_lock(&u->lock);
	u->dead = true;
	WRITE_ONCE(u->shutdown, SHUTDOWN_BOTH);
	WRITE_ONCE(u->state, UNIX_CLOSED);
	peer = u->peer;
	u->peer = NULL;
	list_splice_init(&u->queue, &packets);
	list_splice_init(&u->pending, &pending);
	WRITE_ONCE(u->queue_len, 0);
	u->queue_bytes = 0;
	unix_wake_room_pollers(u);
	spin_unlock(&u->lock);
	unix_wake_room(u);
	if (peer) {
		if (is_connection_type(u))
			hang_up_peer(peer, !accepted || !list_empty(&packets));
		else
			unix_wake_writers(peer);
		unix_put(peer);
	}
	list_for_each_entry_safe(c, next, &pending, pending_node) {
		list_del_init(&c->pending_node);
		unix_close(c, false); /* which has no pending ones of its own */
	}
	packets_discard(&packets);
	unix_put(u);
}

void unix_release(struct socket *sock)
{
	unix_close(unix_of(sock), true);
	unix_collect();
}

/* ---- listening ---- */

int unix_listen(struct socket *sock, int backlog)
{
	struct unix_socket *u = unix_of(sock);
	u32 max = MIN((u32)backlog,
		      READ_ONCE(sysctl_somaxconn)); /* a negative one is very large: listen(2) */

	if (!is_connection_type(u))
		return -EOPNOTSUPP;
	if (!READ_ONCE(u->address))
		return -EINVAL;
	spin_lock(&u->lock);
	if (u->state == UNIX_CONNECTED) {
		spin_unlock(&u->lock);
		return -EINVAL;
	}
	WRITE_ONCE(u->queue_max, max);
	WRITE_ONCE(u->state, UNIX_LISTENING);
	set_own_cred(u);
	spin_unlock(&u->lock);
	unix_wake_room(u);
	return 0;
}

/* ---- connecting ---- */

/* May @u connect to @other now? => both locked */
static int check_stream(const struct unix_socket *u, const struct unix_socket *other)
{
	if (other->dead || other->state != UNIX_LISTENING || (other->shutdown & SHUTDOWN_RECEIVE))
		return -ECONNREFUSED;
	if (unix_queue_full(other))
		return -EAGAIN;
	if (u->state != UNIX_CLOSED)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	return 0;
}

/* => both locked, all checked; @fresh is known to nobody */
static void join_stream(struct unix_socket *u, struct unix_socket *other, struct unix_socket *fresh)
{
	fresh->socket.send_buffer = other->socket.send_buffer;
	fresh->state = UNIX_CONNECTED;
	fresh->peer = u;
	unix_get(u);
	set_own_cred(fresh);
	fresh->address = other->address;
	unix_address_get(fresh->address);
	if (socket_has(&other->socket, SOCKET_PASSCRED))
		fresh->socket.options |= BIT(SOCKET_PASSCRED);

	WRITE_ONCE(u->state, UNIX_CONNECTED);
	u->peer = fresh;
	unix_get(fresh);
	set_peer_cred(u, other->peer_pid, other->peer_cred);

	list_add_tail(&fresh->pending_node, &other->pending);
	WRITE_ONCE(other->queue_len, other->queue_len + 1);
}

static int wait_for_backlog(struct unix_socket *other, u64 timeout, u64 deadline)
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

static int connect_stream(struct unix_socket *u, const struct socket_address *a, bool nonblock)
{
	u64 timeout = READ_ONCE(u->socket.send_timeout),
	    deadline = socket_deadline(timeout, nonblock);
	struct unix_socket *fresh, *other;
	int err = unix_check_address(a);

	if (!err)
		err = unix_autobind_if_needed(u);
	if (err)
		return err;
	fresh = unix_alloc(u->socket.type);
	if (!fresh)
		return -ENOMEM;
	for (;;) {
		other = unix_find(a, u->socket.type);
		err = IS_ERR(other) ? (int)PTR_ERR(other) : 0;
		if (err)
			break;
		unix_lock_two(u, other);
		err = check_stream(u, other);
		if (!err)
			join_stream(u, other, fresh);
		unix_unlock_two(u, other);
		if (!err)
			unix_wake_readers(other, POLLIN | POLLRDNORM);
		else if (err == -EAGAIN)
			err = wait_for_backlog(other, timeout, deadline) ?: 1;
		unix_put(other);
		if (err <= 0)
			break;
	}
	if (err)
		unix_close(fresh, true);
	return err;
}

void unix_disconnected(struct unix_socket *u, struct unix_socket *old)
{
	LIST_HEAD(packets);

	mutex_lock(&u->read_lock);
	spin_lock(&u->lock);
	list_splice_init(&u->queue, &packets);
	WRITE_ONCE(u->queue_len, 0);
	u->queue_bytes = 0;
	spin_unlock(&u->lock);
	mutex_unlock(&u->read_lock);
	if (list_empty(&packets))
		return;
	unix_wake_room(u);
	spin_lock(&old->lock);
	if (!old->dead && old->peer == u)
		WRITE_ONCE(old->socket.error, ECONNRESET);
	spin_unlock(&old->lock);
	unix_wake_all_readers(old);
	packets_discard(&packets);
}

/* => both locked. A socket that is connected hears its peer only. */
static int check_dgram(const struct unix_socket *u, const struct unix_socket *other)
{
	if (other->dead)
		return -ECONNREFUSED;
	return other->peer && other->peer != u ? -EPERM : 0;
}

static int connect_dgram(struct unix_socket *u, const struct socket_address *a)
{
	struct unix_socket *other = NULL, *old;
	int err = 0;

	if (a->family != AF_UNSPEC) {
		err = unix_check_address(a);
		if (!err)
			err = unix_autobind_if_needed(u);
		if (err)
			return err;
		other = unix_find(a, u->socket.type);
		if (IS_ERR(other))
			return (int)PTR_ERR(other);
		unix_lock_two(u, other);
		err = check_dgram(u, other);
	} else {
		spin_lock(&u->lock);
	}
	old = u->peer;
	if (!err) {
		u->peer = other;
		WRITE_ONCE(u->state, other ? UNIX_CONNECTED : UNIX_CLOSED);
	}
	if (other)
		unix_unlock_two(u, other);
	else
		spin_unlock(&u->lock);
	if (err) {
		unix_put(other);
		return err;
	}
	if (old) {
		unix_forget_room(u);
		if (old != other)
			unix_disconnected(u, old);
		unix_put(old);
	}
	unix_wake_writers(u); /* a poller asks the new peer */
	return 0;
}

int unix_connect(struct socket *sock, const struct socket_address *a, bool nonblock)
{
	if (a->len < sizeof(a->family))
		return -EINVAL;
	return sock->type == SOCK_DGRAM ? connect_dgram(unix_of(sock), a)
					: connect_stream(unix_of(sock), a, nonblock);
}

int unix_pair(struct socket *sa, struct socket *sb)
{
	struct unix_socket *a = unix_of(sa), *b = unix_of(sb);

	unix_get(a);
	unix_get(b);
	a->peer = b;
	b->peer = a;
	set_own_cred(a);
	set_own_cred(b);
	a->state = b->state = UNIX_CONNECTED;
	return 0;
}

/* ---- accepting ---- */

static struct unix_socket *take_pending(struct unix_socket *u)
{
	struct unix_socket *c;

	spin_lock(&u->lock);
	c = list_first_entry_or_null(&u->pending, struct unix_socket, pending_node);
	if (c) {
		list_del_init(&c->pending_node);
		WRITE_ONCE(u->queue_len, u->queue_len - 1);
	}
	spin_unlock(&u->lock);
	return c;
}

struct socket *unix_accept(struct socket *sock, bool nonblock)
{
	struct unix_socket *u = unix_of(sock), *c;
	u64 timeout = READ_ONCE(sock->receive_timeout),
	    deadline = socket_deadline(timeout, nonblock);
	int err;

	if (!is_connection_type(u))
		return ERR_PTR(-EOPNOTSUPP);
	if (READ_ONCE(u->state) != UNIX_LISTENING)
		return ERR_PTR(-EINVAL);
	while (!(c = take_pending(u))) {
		err = socket_take_error(sock);
		if (err)
			return ERR_PTR(err);
		if (READ_ONCE(u->shutdown) & SHUTDOWN_RECEIVE)
			return ERR_PTR(-EINVAL);
		if (!deadline)
			return ERR_PTR(-EAGAIN);
		err = wait_event_(&u->read_wait,
				  READ_ONCE(u->queue_len) ||
					  (READ_ONCE(u->shutdown) & SHUTDOWN_RECEIVE),
				  TASK_INTERRUPTIBLE, deadline, true);
		if (err)
			return ERR_PTR(socket_wait_error(err, timeout));
	}
	unix_wake_room(u);
	return &c->socket;
}

/* ---- shutdown ---- */

static void add_shutdown(struct unix_socket *u, unsigned how)
{
	spin_lock(&u->lock);
	WRITE_ONCE(u->shutdown, u->shutdown | how);
	spin_unlock(&u->lock);
	unix_wake_all_readers(u);
	unix_wake_writers(u);
	unix_wake_room(u);
}

/* What one end does not send the other does not receive. */
int unix_shutdown(struct socket *sock, unsigned how)
{
	struct unix_socket *u = unix_of(sock), *peer;

	add_shutdown(u, how);
	if (!is_connection_type(u))
		return 0;
	peer = unix_peer_get(u);
	if (!peer)
		return 0;
	add_shutdown(peer, (how & SHUTDOWN_RECEIVE ? SHUTDOWN_SEND : 0) |
				   (how & SHUTDOWN_SEND ? SHUTDOWN_RECEIVE : 0));
	unix_put(peer);
	return 0;
}
