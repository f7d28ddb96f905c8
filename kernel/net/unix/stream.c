/*
 * Streams: bytes without borders. A write is cut into packets; a read takes from as many as it
 * needs, but stops where the sender or his descriptors change. unix(7).
 */
#include "unix.h"
#include "fs/poll.h"
#include "lib/string.h"

#define CHUNK (64u << 10)

/* ---- sending ---- */

static u32 chunk_size(const struct unix_socket *u, size_t left)
{
	u32 half = READ_ONCE(u->socket.send_buffer) / 2 - (u32)sizeof(struct packet);

	return (u32)MIN(left, (size_t)MIN(half, CHUNK));
}

/* Into the peer's queue, or -EPIPE; then it is still ours. */
static int deliver(struct unix_socket *peer, struct packet *p)
{
	int err = 0;

	spin_lock(&peer->lock);
	if (peer->dead || (peer->shutdown & SHUTDOWN_RECEIVE))
		err = -EPIPE;
	else
		packet_queue(peer, p);
	spin_unlock(&peer->lock);
	if (!err)
		unix_wake_readers(peer, POLLIN | POLLRDNORM);
	return err;
}

static int send_chunk(struct unix_socket *u, struct unix_socket *peer, struct message *m, u32 size)
{
	struct packet *p = packet_create(u, m, size);
	int err;

	if (IS_ERR(p))
		return (int)PTR_ERR(p);
	packet_set_cred(p, m, peer);
	err = m->files ? packet_attach_files(p, m) : 0;
	if (!err)
		err = deliver(peer, p);
	if (err)
		packet_free(p);
	return err;
}

ssize_t unix_stream_send(struct unix_socket *u, struct message *m)
{
	struct unix_socket *peer;
	size_t len = m->data.count, sent = 0;
	int err = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name && m->name->len)
		return READ_ONCE(u->state) == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	peer = unix_peer_get(u);
	if (!peer)
		return -ENOTCONN;
	if (READ_ONCE(u->shutdown) & SHUTDOWN_SEND)
		err = -EPIPE;
	while (!err && sent < len) {
		u32 size = chunk_size(u, len - sent);

		err = send_chunk(u, peer, m, size);
		if (!err)
			sent += size;
	}
	unix_put(peer);
	if (sent)
		return (ssize_t)sent;
	if (err == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		fs_send_sigpipe();
	return err;
}

/* ---- receiving ---- */

struct reader {
	struct unix_socket *u;
	struct message *m;
	struct packet *last; /* MSG_PEEK: the one seen last */
	u64 timeout, deadline;
	size_t wanted, done; /* wanted: return with no less, unless the end comes first */
	int error;           /* what next_packet() saw where there was no packet */
	bool ended;
	bool seen; /* a sender is known, so that another one ends the read */
	struct ucred cred;
	bool has_cred;
};

/*
 * The next packet to read from, or NULL, and then whether there will be no other: to be seen at
 * one moment, because a peer may send and close between two looks. => read_lock held, so that
 * the packet stays
 */
static struct packet *next_packet(struct reader *r)
{
	struct unix_socket *u = r->u;
	struct list_head *at;
	struct packet *p = NULL;

	spin_lock(&u->lock);
	at = r->last ? r->last->node.next : u->queue.next;
	if (at != &u->queue)
		p = list_entry(at, struct packet, node);
	r->error = p ? 0 : READ_ONCE(u->socket.error);
	r->ended = u->shutdown & SHUTDOWN_RECEIVE;
	spin_unlock(&u->lock);
	return p;
}

/*
 * Wait for more: 0 there may be some, 1 the end, or -errno. => read_lock held; it is
 * dropped meanwhile
 */
static int wait_for_data(struct reader *r)
{
	struct unix_socket *u = r->u;
	int err = r->error ? socket_take_error(&u->socket) : 0;

	if (err)
		return err;
	if (r->ended)
		return 1;
	if (!r->deadline)
		return -EAGAIN;
	if (r->last) /* others may take it while we wait: what was peeked at is all there is */
		return -EAGAIN;
	mutex_unlock(&u->read_lock);
	err = wait_event_interruptible_until(&u->read_wait,
					     READ_ONCE(u->queue_len) ||
						     (READ_ONCE(u->shutdown) & SHUTDOWN_RECEIVE) ||
						     READ_ONCE(u->socket.error),
					     r->deadline);
	mutex_lock(&u->read_lock);
	return socket_wait_error(err, r->timeout);
}

/* Bytes of different senders are not mixed when the receiver wants to know who sends. */
static bool is_same_sender(struct reader *r, const struct packet *p)
{
	if (!socket_has(&r->u->socket, SOCKET_PASSCRED))
		return true;
	if (r->seen)
		return r->has_cred == p->has_cred &&
		       (!p->has_cred || memcmp(&r->cred, &p->cred, sizeof(r->cred)) == 0);
	r->seen = true;
	r->has_cred = p->has_cred;
	r->cred = p->cred;
	return true;
}

/* From one packet: 1 go on, 0 enough, -EFAULT. */
static int read_packet(struct reader *r, struct packet *p)
{
	bool peek = r->m->flags & MSG_PEEK, first = !r->done, stop = p->files != NULL;
	struct unix_socket *u = r->u;
	u32 n = (u32)MIN((size_t)packet_left(p), r->m->data.count), got;

	got = packet_read(p, p->offset, n, &r->m->data);
	if (got < n && !r->done && !got)
		return -EFAULT;
	if (first && r->m->name)
		unix_copy_name(p->sender, r->m->name);
	if (first)
		packet_receive_cred(u, p, r->m);
	packet_receive_files(u, p, r->m, peek);
	r->done += got;
	if (peek) {
		r->last = p;
	} else {
		spin_lock(&u->lock);
		p->offset += got;
		u->queue_bytes -= got;
		if (!packet_left(p))
			packet_unqueue(u, p);
		spin_unlock(&u->lock);
		if (!packet_left(p))
			packet_free(p);
	}
	return !stop && got == n && r->m->data.count;
}

ssize_t unix_stream_receive(struct unix_socket *u, struct message *m)
{
	struct reader r = {.u = u, .m = m, .timeout = READ_ONCE(u->socket.receive_timeout)};
	bool nonblock = m->nonblock || (m->flags & MSG_DONTWAIT);
	int err = 0, more = 1;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name)
		m->name->len = 0;
	if (READ_ONCE(u->state) != UNIX_CONNECTED)
		return -EINVAL;
	r.deadline = socket_deadline(r.timeout, nonblock);
	r.wanted = m->flags & MSG_WAITALL
			   ? m->data.count
			   : MIN(m->data.count, (size_t)READ_ONCE(u->socket.receive_low));
	mutex_lock(&u->read_lock);
	while (more) {
		struct packet *p = next_packet(&r);

		if (p) {
			if (!is_same_sender(&r, p))
				break;
			more = read_packet(&r, p);
			err = more < 0 ? more : 0;
			if (err)
				break;
			continue;
		}
		if (r.done && r.done >= r.wanted)
			break;
		err = wait_for_data(&r);
		if (err)
			break;
	}
	mutex_unlock(&u->read_lock);
	if (r.done)
		return (ssize_t)r.done;
	return err > 0 ? 0 : err;
}
