/*
 * AF_UNIX, unix(7). A socket is counted: its file, its peer, each packet it sent and each call that
 * found it hold it; what it holds itself (peer, name, queue) goes when its file is closed, so that
 * there are no cycles.
 *
 *   name.c     names: in file systems, abstract, chosen by us; finding a socket by name
 *   connect.c  listen, connect, accept, pairs, shutdown, close
 *   packet.c   data on its way: pages, charged to the sender
 *   stream.c   sending and receiving bytes            dgram.c   datagrams and packets
 *   gc.c       descriptors in flight, and cycles of them
 *   socket.c   the family, poll, ioctl                proc.c    /proc/net/unix
 *
 * Locks, outermost first: bind_lock, read_lock, names_lock, gc_lock, lock (two: by address).
 */
#ifndef NET_UNIX_UNIX_H
#define NET_UNIX_UNIX_H

#include "mm/selfcheck.h"
#include "lib/rbtree.h"
#include "net/socket.h"
#include "proc/cred.h"
#include <linux/un.h>

struct unix_address {
	u32 refs; /* (a) sockets */
	u32 len;  /* with the family */
	union {
		struct sockaddr_un name;
		struct { /* one byte longer: a path may fill the field, and its NUL stands behind */
			u16 family;
			char path[UNIX_PATH_MAX + 1];
		};
	};
};

enum unix_state { UNIX_CLOSED, UNIX_LISTENING, UNIX_CONNECTED };

/* (l) lock   (n) names_lock   (g) gc_lock   (k) constant once set   (a) atomic */
struct unix_socket {
	struct socket socket;
	u32 refs;          /* (a) */
	spinlock_t lock;   /* RANK_SOCKET */
	mutex_t bind_lock; /* RANK_SOCKET_BIND: getting a name */
	mutex_t read_lock; /* RANK_SOCKET_READ: who holds it finds the head of the queue where he left it */

	enum unix_state state;    /* (l) written; read anywhere */
	u8 shutdown;              /* (l) SHUTDOWN_*, likewise */
	bool dead;                /* (l) closed */
	struct unix_socket *peer; /* (l) counted; may be dead */

	struct list_head queue; /* (l) packets to be received */
	u32 queue_len;          /* (l) of packets; of a listener: of accepted */
	u32 queue_bytes;        /* (l) */
	u32 queue_max;          /* (l) listen(2)'s backlog, or datagrams that may wait */
	u32 charged;            /* (a) bytes of memory of packets that it sent */

	/* (l) of a listener: connections not yet accepted, by pending_node */
	struct list_head pending;
	struct list_head pending_node; /* (the listener's l) */

	struct wait_queue read_wait;  /* readers, accept(2), pollers */
	struct wait_queue write_wait; /* writers for their own buffer, pollers */
	/* others, for room in the queue: connect(2), datagram senders */
	struct wait_queue room_wait;
	/* (l) peers that found the queue full in poll(2), by room_node */
	struct list_head room_pollers;
	struct list_head room_node;  /* (l of room_of) */
	struct unix_socket *room_of; /* (l) on whose room_pollers it is; counted */

	struct unix_address *address; /* (k) NULL: no name */
	struct path path;             /* (k) of a name in a file system */
	struct rb_node name_node;     /* (n) by inode or by abstract name */
	struct list_head node;        /* (n) all sockets */

	pid_t peer_pid;               /* (l) SO_PEERCRED: who connected, or listened */
	const struct cred *peer_cred; /* (l) */

	u32 in_flight;            /* (g) how often its file is on its way */
	struct list_head gc_node; /* (g) on one of gc.c's lists while in_flight */
	u32 gc_refs;              /* (g) */
	bool gc_candidate;        /* (g) */
};

static inline struct unix_socket *unix_of(struct socket *sock)
{
	return container_of(sock, struct unix_socket, socket);
}

static inline bool is_connection_type(const struct unix_socket *u)
{
	return u->socket.type != SOCK_DGRAM;
}

/* ---- socket.c ---- */
extern const struct socket_operations unix_operations;
struct unix_socket *unix_alloc(int type); /* refs 1; NULL */
static inline void unix_get(struct unix_socket *u)
{
	atomic_inc(&u->refs);
}
void unix_put(struct unix_socket *u);
/* Two at a time, in the order of addresses; they may be the same. */
void unix_lock_two(struct unix_socket *a, struct unix_socket *b);
void unix_unlock_two(struct unix_socket *a, struct unix_socket *b);
/* The peer, counted, or NULL. */
struct unix_socket *unix_peer_get(struct unix_socket *u);
/* Something happened: @events of poll(2). */
void unix_wake_readers(struct unix_socket *u, unsigned events);
void unix_wake_all_readers(struct unix_socket *u);
void unix_wake_writers(struct unix_socket *u);
/* There is room in the queue, or never will be. */
void unix_wake_room(struct unix_socket *u);
/* Wake those who asked unix_poll() about this queue. => u->lock held */
void unix_wake_room_pollers(struct unix_socket *u);
/* Be told no longer. */
void unix_forget_room(struct unix_socket *u);
/* => a hint only, without the lock */
static inline bool unix_queue_full(const struct unix_socket *u)
{
	return READ_ONCE(u->queue_len) > READ_ONCE(u->queue_max);
}
/*
 * poll(2) calls it writable when a quarter of the buffer is in use at most, so that writers do not
 * wake for each byte.
 */
static inline bool unix_is_writable(const struct unix_socket *u)
{
	return u->state != UNIX_LISTENING &&
	       atomic_read(&u->charged) <= READ_ONCE(u->socket.send_buffer) / 4;
}
extern unsigned sysctl_max_dgram_qlen;

/* ---- name.c ---- */
extern spinlock_t unix_names_lock;
extern struct list_head unix_all; /* (n) */
/* 0 or -EINVAL */
int unix_check_address(const struct socket_address *a);
int unix_bind(struct socket *sock, const struct socket_address *a);
/* A name of our choice if it has none and its messages carry credentials: 0, -ENOMEM, -ENOSPC. */
int unix_autobind_if_needed(struct unix_socket *u);
/*
 * The socket of @type with that name, counted, or ERR_PTR(-ECONNREFUSED, -ENOENT, -EACCES,
 * -EPROTOTYPE, ...).
 */
struct unix_socket *unix_find(const struct socket_address *a, int type);
/* Nobody finds it any more. */
void unix_unname(struct unix_socket *u);
void unix_address_get(struct unix_address *a);
void unix_address_put(struct unix_address *a);
/* The name of @u, or of an unnamed socket. */
void unix_copy_name(const struct unix_socket *u, struct socket_address *out);

/* ---- connect.c ---- */
void unix_release(struct socket *sock);
int unix_connect(struct socket *sock, const struct socket_address *a, bool nonblock);
int unix_pair(struct socket *a, struct socket *b);
int unix_listen(struct socket *sock, int backlog);
struct socket *unix_accept(struct socket *sock, bool nonblock);
int unix_shutdown(struct socket *sock, unsigned how);
/*
 * A datagram socket is no longer connected to @old: what came from there is dropped, and
 * @old hears of it.
 */
void unix_disconnected(struct unix_socket *u, struct unix_socket *old);

/* ---- packet.c ---- */
struct packet {
	struct list_head node;
	struct unix_socket *sender; /* (k) counted, charged */
	u32 charge;                 /* (k) bytes of memory */
	u32 size;                   /* (k) of the data */
	u32 offset;                 /* (read_lock) already received */
	struct ucred cred;          /* (k) valid if has_cred */
	bool has_cred;
	struct passed_files *files; /* (read_lock) NULL: none, or taken */
	unsigned nr_pages;          /* 0: the data follows the structure */
	struct selfcheck_node all;
	struct page *page[];
};
#define PACKET_INLINE 1024u
static inline u32 packet_left(const struct packet *p)
{
	return p->size - p->offset;
}

/*
 * A packet with the next @size bytes of the message, charged to @sender: waits until its buffer has
 * room. ERR_PTR(-EAGAIN, -EPIPE, -EFAULT, -ENOMEM, -ERESTARTSYS, the pending error).
 */
void packet_init(void);
struct packet *packet_create(struct unix_socket *sender, struct message *m, u32 size);
/* The files of the message go with it: 0, -ETOOMANYREFS. */
int packet_attach_files(struct packet *p, struct message *m);
/* Who sends it, if the message or one of the two sockets wants that told. */
void packet_set_cred(struct packet *p, const struct message *m, const struct unix_socket *to);
/* Copy @n bytes from @from on; short: the memory is bad. */
u32 packet_read(const struct packet *p, u32 from, u32 n, struct iov_iter *to);
/* => no locks but read_lock */
void packet_free(struct packet *p);
/* Put it at the end of the queue. => to->lock held */
void packet_queue(struct unix_socket *to, struct packet *p);
/* => u->lock held */
void packet_unqueue(struct unix_socket *u, struct packet *p);
/* Tell the receiver the credentials, if he wants them. */
void packet_receive_cred(struct unix_socket *u, const struct packet *p, struct message *m);
/* Give the receiver the files. @peek: duplicates. => read_lock held */
void packet_receive_files(struct unix_socket *u, struct packet *p, struct message *m, bool peek);

/* ---- stream.c, dgram.c ---- */
ssize_t unix_stream_send(struct unix_socket *u, struct message *m);
ssize_t unix_stream_receive(struct unix_socket *u, struct message *m);
ssize_t unix_dgram_send(struct unix_socket *u, struct message *m);
ssize_t unix_dgram_receive(struct unix_socket *u, struct message *m);

/* ---- gc.c ---- */
extern spinlock_t unix_gc_lock;
/*
 * Free a list of packets. Their files may be sockets whose queues have packets with files...: one
 * loop does all, not recursion.
 */
void packets_discard(struct list_head *packets);
/* Collect sockets that only sockets in flight know. */
void unix_collect(void);
/* The files of a packet once more, for MSG_PEEK; NULL: no memory. */
struct passed_files *unix_files_copy(const struct passed_files *files);

/* ---- proc.c ---- */
void unix_proc_init(void);

#endif
