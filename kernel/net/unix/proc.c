/* /proc/net/unix: all AF_UNIX sockets, proc(5). And the limits of the family. */
#include "unix.h"
#include "fs/procfs.h"
#include <limits.h>

static void *unix_start(struct seq_file *m, loff_t *pos)
{
	struct unix_socket *u;
	loff_t n = *pos;

	(void)m;
	spin_lock(&unix_names_lock);
	if (!n)
		return &unix_all; /* the heading */
	list_for_each_entry(u, &unix_all, node) {
		if (!--n)
			return &u->node;
	}
	return NULL;
}

static void *unix_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct list_head *at = v;

	(void)m;
	++*pos;
	return at->next == &unix_all ? NULL : at->next;
}

static void unix_stop(struct seq_file *m, void *v)
{
	(void)m;
	(void)v;
	spin_unlock(&unix_names_lock);
}

static void show_name(struct seq_file *m, const struct unix_address *a)
{
	u32 len = a->len - (u32)offsetof(struct sockaddr_un, sun_path), i = 0;

	seq_putc(m, ' ');
	if (a->path[0])
		len--; /* the NUL */
	else
		seq_putc(m, '@'), i++;
	for (; i < len; i++)
		seq_putc(m, a->path[i] ?: '@');
}

static int unix_show(struct seq_file *m, void *v)
{
	const struct unix_address *a;
	struct unix_socket *u;
	unsigned state;

	if (v == &unix_all) {
		seq_puts(m, "Num       RefCount Protocol Flags    Type St Inode Path\n");
		return 0;
	}
	u = list_entry(v, struct unix_socket, node);
	if (u->socket.file)
		state = u->state == UNIX_CONNECTED ? SS_CONNECTED : SS_UNCONNECTED;
	else
		state = u->state == UNIX_CONNECTED ? SS_CONNECTING : SS_DISCONNECTING;
	/* the first column is the kernel's address in Linux: nobody's business */
	seq_printf(m, "%08x: %08X %08X %08X %04X %02X %5lu", 0u, u->refs, 0u,
		   u->state == UNIX_LISTENING ? (unsigned)__SO_ACCEPTCON : 0u, u->socket.type,
		   state, u->socket.file ? (unsigned long)u->socket.file->inode->ino : 0ul);
	a = rcu_dereference(u->address);
	if (a)
		show_name(m, a);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations unix_seq = {
	.start = unix_start, .next = unix_next, .stop = unix_stop, .show = unix_show};

static int unix_open(struct inode *inode, struct file *file)
{
	(void)inode;
	return seq_open(file, &unix_seq, NULL);
}

static const struct file_operations unix_proc_fops = {
	.open = unix_open,
	.read_iter = seq_read_iter,
	.llseek = seq_llseek,
	.release = seq_release,
};

void __init unix_proc_init(void)
{
	proc_register_ops("net/unix", 0444, &unix_proc_fops, NULL);
	proc_register_uint("sys/net/unix/max_dgram_qlen", 0644, &sysctl_max_dgram_qlen, 0, INT_MAX);
}
