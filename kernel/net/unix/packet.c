/*
 * Packets: data on its way from one socket to another.
 *
 * A small one keeps its data behind the structure, a larger one in pages, which may be high memory.
 * All of it is charged to the sender until the packet is freed; that bounds what a sender can pile
 * up (SO_SNDBUF).
 */
#include "unix.h"
#include "../net.h"
#include "lib/string.h"
#include "mm/selfcheck.h"
#include "mm/slab.h"

static DEFINE_SELFCHECK_LIST(all_packets);

static inline void *inline_data(const struct packet *p)
{
	return (void *)&p->page[0];
}

static void free_pages_of(struct packet *p)
{
	for (unsigned i = 0; i < p->nr_pages; i++)
		page_put(p->page[i]);
}

static struct packet *packet_alloc(u32 size)
{
	unsigned pages = size > PACKET_INLINE ? (unsigned)DIV_ROUND_UP(size, PAGE_SIZE) : 0;
	size_t bytes = sizeof(struct packet) + (pages ? pages * sizeof(struct page *) : size);
	struct packet *p = kmalloc(bytes, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->size = size;
	p->charge = (u32)(bytes + pages * PAGE_SIZE);
	for (; p->nr_pages < pages; p->nr_pages++) {
		struct page *page = alloc_page(GFP_HIGHUSER);

		if (!page) {
			free_pages_of(p);
			kfree(p);
			return NULL;
		}
		p->page[p->nr_pages] = page;
	}
	selfcheck_link(&all_packets, &p->all);
	return p;
}

/* True: all bytes of the message that the packet has room for are in it. */
static bool packet_fill(struct packet *p, struct iov_iter *from)
{
	u32 done = 0;

	if (!p->nr_pages)
		return copy_from_iter(inline_data(p), p->size, from) == p->size;
	while (done < p->size) {
		u32 n = MIN(p->size - done, (u32)PAGE_SIZE);

		if (copy_page_from_iter(p->page[done >> PAGE_SHIFT], 0, n, from) != n)
			return false;
		done += n;
	}
	return true;
}

u32 packet_read(const struct packet *p, u32 from, u32 n, struct iov_iter *to)
{
	u32 done = 0;

	if (!p->nr_pages)
		return (u32)copy_to_iter((u8 *)inline_data(p) + from, n, to);
	while (done < n) {
		u32 at = from + done, offset = at & ~(u32)PAGE_MASK;
		u32 piece = MIN(n - done, (u32)PAGE_SIZE - offset), moved;

		moved = (u32)copy_page_to_iter(p->page[at >> PAGE_SHIFT], offset, piece, to);
		done += moved;
		if (moved < piece)
			break;
	}
	return done;
}

static bool has_send_room(const struct unix_socket *u)
{
	return atomic_read(&u->charged) < READ_ONCE(u->socket.send_buffer);
}

/* The buffer has room, or the socket an error, or nothing can be sent any more. */
static int wait_for_buffer(struct unix_socket *u, bool nonblock)
{
	u64 timeout = READ_ONCE(u->socket.send_timeout),
	    deadline = socket_deadline(timeout, nonblock);
	int err;

	for (;;) {
		err = socket_take_error(&u->socket);
		if (err)
			return err;
		if (READ_ONCE(u->shutdown) & SHUTDOWN_SEND)
			return -EPIPE;
		if (has_send_room(u))
			return 0;
		if (!deadline)
			return -EAGAIN;
		err = wait_event_interruptible_until(
			&u->write_wait,
			has_send_room(u) || (READ_ONCE(u->shutdown) & SHUTDOWN_SEND) ||
				READ_ONCE(u->socket.error),
			deadline);
		if (err)
			return socket_wait_error(err, timeout);
	}
}

struct packet *packet_create(struct unix_socket *sender, struct message *m, u32 size)
{
	int err = wait_for_buffer(sender, m->nonblock || (m->flags & MSG_DONTWAIT));
	struct packet *p;

	if (err)
		return ERR_PTR(err);
	p = packet_alloc(size);
	if (!p)
		return ERR_PTR(-ENOMEM);
	p->sender = sender;
	unix_get(sender);
	atomic_add(&sender->charged, p->charge);
	if (!packet_fill(p, &m->data)) {
		packet_free(p);
		return ERR_PTR(-EFAULT);
	}
	return p;
}

void packet_free(struct packet *p)
{
	struct unix_socket *sender = p->sender;

	atomic_sub(&sender->charged, p->charge);
	if (unix_is_writable(sender))
		unix_wake_writers(sender);
	unix_put(sender);
	passed_files_free(p->files);
	selfcheck_unlink(&all_packets, &p->all);
	free_pages_of(p);
	kfree(p);
}

void packet_queue(struct unix_socket *to, struct packet *p)
{
	list_add_tail(&p->node, &to->queue);
	WRITE_ONCE(to->queue_len, to->queue_len + 1);
	to->queue_bytes += p->size;
}

void packet_unqueue(struct unix_socket *u, struct packet *p)
{
	list_del(&p->node);
	WRITE_ONCE(u->queue_len, u->queue_len - 1);
	u->queue_bytes -= packet_left(p);
}

/* ---- what goes along ---- */

void packet_set_cred(struct packet *p, const struct message *m, const struct unix_socket *to)
{
	if (m->has_cred) {
		p->cred = m->cred;
		p->has_cred = true;
	} else if (socket_has(&p->sender->socket, SOCKET_PASSCRED) ||
		   socket_has(&to->socket, SOCKET_PASSCRED) || !READ_ONCE(to->socket.file)) {
		const struct cred *cred = current_cred();

		p->cred = (struct ucred){current->tgid, cred->uid, cred->gid};
		p->has_cred = true;
	}
}

#define OVERFLOW_ID 65534u

void packet_receive_cred(struct unix_socket *u, const struct packet *p, struct message *m)
{
	static const struct ucred nobody = {0, OVERFLOW_ID, OVERFLOW_ID};

	if (socket_has(&u->socket, SOCKET_PASSCRED))
		control_put(m, SOL_SOCKET, SCM_CREDENTIALS, p->has_cred ? &p->cred : &nobody,
			    sizeof(nobody));
}

void packet_receive_files(struct unix_socket *u, struct packet *p, struct message *m, bool peek)
{
	struct passed_files *files = p->files;

	if (!files)
		return;
	if (peek) {
		files = unix_files_copy(files);
		if (!files) {
			m->told |= MSG_CTRUNC;
			return;
		}
	} else {
		spin_lock(&u->lock); /* gc.c looks at the files of what is queued */
		p->files = NULL;
		spin_unlock(&u->lock);
		unix_files_landed(files);
	}
	control_put_files(m, files);
}

static void selfcheck_packets(struct selfcheck *sc)
{
	struct packet *p;

	selfcheck_for_each(p, &all_packets, all) for (unsigned i = 0; i < p->nr_pages; i++)
		selfcheck_hold(sc, p->page[i], 1);
}

void __init packet_init(void)
{
	static struct selfcheck_owner owner = {.name = "packet", .walk = selfcheck_packets};

	selfcheck_register(&owner);
}
