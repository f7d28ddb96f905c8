/*
 * Descriptors in flight: files that were sent over a socket and not yet received (SCM_RIGHTS).
 *
 * A socket that is itself in flight may be known to nobody but packets in its own queue, or in a
 * ring of such queues: then no close() will ever free it. So sockets in flight are counted
 * (in_flight), and when a socket is closed we look for those:
 *   1. candidates: sockets whose file has no reference but those in flight;
 *   2. what lies in the queues of candidates is subtracted: who keeps a count is
 *      reachable from outside;
 *   3. who is reachable makes reachable what lies in his queue;
 *   4. the rest is garbage: its packets are thrown away, which closes it.
 *
 * All of it under gc_lock, which everybody takes who puts a file in flight or takes one out (also
 * by a look, MSG_PEEK). A file whose packet is on no queue at the moment keeps its count, and is
 * taken for reachable.
 */
#include "unix.h"
#include "../net.h"
#include "mm/slab.h"
#include "proc/process.h"
#include <linux/capability.h>
#include <linux/resource.h>

#define MANY_IN_FLIGHT 16000u

DEFINE_SPINLOCK(unix_gc_lock, RANK_SOCKET_GC);
static LIST_HEAD(in_flight); /* sockets, by gc_node */
static u32 nr_in_flight;     /* sockets, each as often as it is on its way */
static LIST_HEAD(discarded); /* packets to be freed */
static bool discarding;      /* somebody does that */
static bool collect_wanted;  /* and is to look for garbage then */

/* The AF_UNIX socket behind a file, or NULL. */
static struct unix_socket *unix_of_file(const struct file *file)
{
	struct socket *sock = socket_of(file);

	return sock && sock->family == AF_UNIX ? unix_of(sock) : NULL;
}

/* ---- counting ---- */

int unix_files_in_flight(struct passed_files *files)
{
	u32 limit = (u32)MIN(process_rlimit(current->process, RLIMIT_NOFILE), (u64)~0u >> 1);

	if (atomic_read(&files->user->files_in_flight) > limit && !capable(CAP_SYS_RESOURCE) &&
	    !capable(CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	if (READ_ONCE(nr_in_flight) > MANY_IN_FLIGHT)
		unix_collect();
	spin_lock(&unix_gc_lock);
	for (unsigned i = 0; i < files->count; i++) {
		struct unix_socket *u = unix_of_file(files->file[i]);

		if (!u)
			continue;
		if (!u->in_flight++)
			list_add_tail(&u->gc_node, &in_flight);
		WRITE_ONCE(nr_in_flight, nr_in_flight + 1);
	}
	files->in_flight = true;
	spin_unlock(&unix_gc_lock);
	atomic_add(&files->user->files_in_flight, files->count);
	return 0;
}

void unix_files_landed(struct passed_files *files)
{
	spin_lock(&unix_gc_lock);
	for (unsigned i = 0; i < files->count; i++) {
		struct unix_socket *u = unix_of_file(files->file[i]);

		if (!u)
			continue;
		if (!--u->in_flight)
			list_del_init(&u->gc_node);
		WRITE_ONCE(nr_in_flight, nr_in_flight - 1);
	}
	files->in_flight = false;
	spin_unlock(&unix_gc_lock);
	atomic_sub(&files->user->files_in_flight, files->count);
}

int packet_attach_files(struct packet *p, struct message *m)
{
	int err = unix_files_in_flight(m->files);

	if (err)
		return err;
	p->files = m->files;
	m->files = NULL;
	return 0;
}

struct passed_files *unix_files_copy(const struct passed_files *files)
{
	size_t size = sizeof(*files) + files->count * sizeof(struct file *);
	struct passed_files *copy = kmemdup(files, size, GFP_KERNEL);

	if (!copy)
		return NULL;
	copy->in_flight = false;
	user_hold(copy->user);
	spin_lock(&unix_gc_lock); /* not while somebody counts references */
	for (unsigned i = 0; i < copy->count; i++)
		file_get(copy->file[i]);
	spin_unlock(&unix_gc_lock);
	return copy;
}

/* ---- looking for garbage. => gc_lock held ---- */

static void visit_packets(struct unix_socket *u,
			  void (*visit)(struct unix_socket *child, void *arg), void *arg)
{
	struct packet *p;

	list_for_each_entry(p, &u->queue, node) {
		for (unsigned i = 0; p->files && i < p->files->count; i++) {
			struct unix_socket *child = unix_of_file(p->files->file[i]);

			if (child && child->gc_candidate)
				visit(child, arg);
		}
	}
}

/*
 * The candidates that lie in the queue of @u, or in those of connections that wait for it
 * to accept them.
 */
static void visit_children(struct unix_socket *u,
			   void (*visit)(struct unix_socket *child, void *arg), void *arg)
{
	struct unix_socket *c;

	spin_lock(&u->lock);
	visit_packets(u, visit, arg);
	list_for_each_entry(c, &u->pending, pending_node) {
		spin_lock_nested(&c->lock);
		visit_packets(c, visit, arg);
		spin_unlock(&c->lock);
	}
	spin_unlock(&u->lock);
}

static void subtract(struct unix_socket *child, void *arg)
{
	(void)arg;
	child->gc_refs--;
}

/* @arg: the list of reachable ones that were not looked into yet. */
static void reach(struct unix_socket *child, void *arg)
{
	child->gc_candidate = false;
	list_move_tail(&child->gc_node, arg);
}

/* A socket with nothing in its queue is in no ring. */
static void find_candidates(struct list_head *candidates)
{
	struct unix_socket *u, *next;

	list_for_each_entry_safe(u, next, &in_flight, gc_node) {
		if (!READ_ONCE(u->queue_len) || atomic_read(&u->socket.file->refs) != u->in_flight)
			continue;
		u->gc_refs = u->in_flight;
		u->gc_candidate = true;
		list_move_tail(&u->gc_node, candidates);
	}
}

static void keep_reachable(struct list_head *candidates)
{
	LIST_HEAD(reached);
	struct unix_socket *u, *next;

	list_for_each_entry(u, candidates, gc_node)
		visit_children(u, subtract, NULL);
	list_for_each_entry_safe(u, next, candidates, gc_node) {
		if (u->gc_refs)
			reach(u, &reached);
	}
	while (!list_empty(&reached)) {
		u = list_first_entry(&reached, struct unix_socket, gc_node);
		list_move_tail(&u->gc_node, &in_flight);
		visit_children(u, reach, &reached);
	}
}

static void take_packets(struct unix_socket *u, struct list_head *packets)
{
	struct packet *p, *next;

	list_for_each_entry_safe(p, next, &u->queue, node) {
		if (!p->files)
			continue;
		packet_unqueue(u, p);
		list_add_tail(&p->node, packets);
	}
}

static void take_garbage(struct list_head *candidates, struct list_head *packets)
{
	while (!list_empty(candidates)) {
		struct unix_socket *u = list_first_entry(candidates, struct unix_socket, gc_node),
				   *c;

		u->gc_candidate = false;
		list_move_tail(&u->gc_node, &in_flight);
		spin_lock(&u->lock);
		take_packets(u, packets);
		list_for_each_entry(c, &u->pending, pending_node) {
			spin_lock_nested(&c->lock);
			take_packets(c, packets);
			spin_unlock(&c->lock);
		}
		spin_unlock(&u->lock);
	}
}

/* Packets to throw away, that nobody else can reach. */
static void find_garbage(struct list_head *packets)
{
	LIST_HEAD(candidates);

	find_candidates(&candidates);
	if (list_empty(&candidates))
		return;
	keep_reachable(&candidates);
	take_garbage(&candidates, packets);
}

/*
 * ---- throwing packets away ----
 *
 * A file in a packet may be a socket that is closed by it and has packets itself, to any depth. So
 * one task at a time frees them all, in a loop; others, and the closes inside the loop, only leave
 * him more to do.
 */

static struct packet *next_discarded(void)
{
	struct packet *p;

	spin_lock(&unix_gc_lock);
	if (list_empty(&discarded) && collect_wanted) {
		collect_wanted = false;
		find_garbage(&discarded);
	}
	p = list_first_entry_or_null(&discarded, struct packet, node);
	if (p)
		list_del(&p->node);
	else
		discarding = false;
	spin_unlock(&unix_gc_lock);
	return p;
}

/* => gc_lock held; it is dropped */
static void discard_all(void)
{
	bool ours = !discarding;
	struct packet *p;

	discarding = true;
	spin_unlock(&unix_gc_lock);
	while (ours && (p = next_discarded())) {
		packet_free(p);
		cond_resched();
	}
}

void packets_discard(struct list_head *packets)
{
	struct packet *p, *next;

	list_for_each_entry_safe(p, next, packets, node) {
		if (p->files)
			continue;
		list_del(&p->node);
		packet_free(p);
	}
	if (list_empty(packets))
		return;
	spin_lock(&unix_gc_lock);
	list_splice_tail_init(packets, &discarded);
	discard_all();
}

void unix_collect(void)
{
	if (!READ_ONCE(nr_in_flight))
		return;
	spin_lock(&unix_gc_lock);
	collect_wanted = true;
	discard_all();
}
