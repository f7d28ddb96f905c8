/*
 * What /proc shows: sysvipc/{shm,sem,msg}, a line an object in the order of their indices, and the
 * limits in sys/kernel. Formats as Linux prints them on i386. proc(5), sysvipc(7)
 */
#include "proc/ipc/ipc.h"
#include "fs/procfs.h"
#include "lib/printf.h"
#include "proc/ipc/msg.h"
#include "proc/ipc/sem.h"
#include "proc/ipc/shm.h"

/* ---- sysvipc ---- */

struct listing {
	const char *path, *header;
	struct ipc_ids *ids;
	void (*show)(struct seq_file *m, struct ipc_object *obj); /* => locked */
};

/* Position 0 is the header, n + 1 the object of index n. => takes ids->lock */
static void *listing_start(struct seq_file *m, loff_t *pos)
{
	const struct listing *l = m->private;
	unsigned long index;
	void *obj;

	mutex_lock(&l->ids->lock);
	if (!*pos)
		return (void *)l;
	index = (unsigned long)*pos - 1;
	obj = ipc_next(l->ids, &index);
	*pos = (loff_t)index + 1;
	return obj;
}

static void *listing_next(struct seq_file *m, void *v, loff_t *pos)
{
	const struct listing *l = m->private;
	unsigned long index = (unsigned long)*pos;
	void *obj = ipc_next(l->ids, &index);

	(void)v;
	*pos = (loff_t)index + 1;
	return obj;
}

static void listing_stop(struct seq_file *m, void *v)
{
	const struct listing *l = m->private;

	(void)v;
	mutex_unlock(&l->ids->lock);
}

static int listing_show(struct seq_file *m, void *v)
{
	const struct listing *l = m->private;
	struct ipc_object *obj = v;

	if (v == l) {
		seq_puts(m, l->header);
		return 0;
	}
	spin_lock(&obj->lock);
	l->show(m, obj);
	spin_unlock(&obj->lock);
	return 0;
}

static const struct seq_operations listing_seq = {
	.start = listing_start,
	.next = listing_next,
	.stop = listing_stop,
	.show = listing_show,
};

static int listing_open(struct inode *inode, struct file *file)
{
	return seq_open(file, &listing_seq, proc_data(inode));
}

static const struct file_operations listing_fops = {
	.open = listing_open,
	.read_iter = seq_read_iter,
	.llseek = seq_llseek,
	.release = seq_release,
};

static void show_segment(struct seq_file *m, struct ipc_object *obj)
{
	const struct shm_segment *seg = shm_of(obj);

	seq_printf(m,
		   "%10d %10d  %4o %10u %5d %5d  %5u %5u %5u %5u %5u %10llu %10llu %10llu %10lu "
		   "%10lu\n",
		   obj->key, obj->id, obj->mode, seg->size, seg->cpid, seg->lpid, seg->attaches,
		   obj->uid, obj->gid, obj->cuid, obj->cgid, (u64)seg->atime, (u64)seg->dtime,
		   (u64)seg->ctime, READ_ONCE(seg->memory.mapping.nrpages) << PAGE_SHIFT, 0ul);
}

static void show_array(struct seq_file *m, struct ipc_object *obj)
{
	const struct sem_array *array = sem_of(obj);

	seq_printf(m, "%10d %10d  %4o %10u %5u %5u %5u %5u %10llu %10llu\n", obj->key, obj->id,
		   obj->mode, array->count, obj->uid, obj->gid, obj->cuid, obj->cgid,
		   (u64)array->otime, (u64)array->ctime);
}

static void show_queue(struct seq_file *m, struct ipc_object *obj)
{
	const struct msg_queue *q = msg_of(obj);

	seq_printf(m, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10llu %10llu %10llu\n",
		   obj->key, obj->id, obj->mode, q->bytes, q->count, q->lspid, q->lrpid, obj->uid,
		   obj->gid, obj->cuid, obj->cgid, (u64)q->stime, (u64)q->rtime, (u64)q->ctime);
}

static const struct listing listings[] = {
	{"sysvipc/msg",
	 "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      "
	 "stime      rtime      ctime\n",
	 &msg_ids, show_queue},
	{"sysvipc/sem",
	 "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n",
	 &sem_ids, show_array},
	{"sysvipc/shm",
	 "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid      "
	 "atime      dtime      ctime        rss       swap\n",
	 &shm_ids, show_segment},
};

/* ---- sys/kernel ---- */

static int show_number(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%u\n", *(unsigned *)m->private);
	return 0;
}

static int write_rmid_forced(void *data, char *text)
{
	if ((text[0] != '0' && text[0] != '1') || text[1])
		return -EINVAL;
	WRITE_ONCE(*(unsigned *)data, (unsigned)(text[0] - '0'));
	shm_destroy_orphans();
	return 0;
}

static int show_sem_limits(struct seq_file *m, void *v)
{
	const struct sem_limits *l = m->private;

	(void)v;
	seq_printf(m, "%u\t%u\t%u\t%u\n", l->per_array, l->total, l->ops, l->arrays);
	return 0;
}

/* The next number of *text, or -1. */
static long next_number(char **text)
{
	long n = 0;

	while (**text == ' ' || **text == '\t')
		++*text;
	if (**text < '0' || **text > '9')
		return -1;
	for (; **text >= '0' && **text <= '9'; ++*text) {
		if (n > (__INT_MAX__ - 9) / 10)
			return -1;
		n = n * 10 + **text - '0';
	}
	return **text && **text != ' ' && **text != '\t' ? -1 : n;
}

/* Up to four numbers: those that are not there keep their value. */
static int write_sem_limits(void *data, char *text)
{
	struct sem_limits limits = *(struct sem_limits *)data;
	unsigned *fields[] = {&limits.per_array, &limits.total, &limits.ops, &limits.arrays};

	for (unsigned i = 0; i < ARRAY_SIZE(fields) && *text; i++) {
		long n = next_number(&text);

		if (n < 0)
			return -EINVAL;
		*fields[i] = (unsigned)n;
	}
	if (limits.arrays > IPC_INDEX_MAX)
		return -ERANGE;
	*(struct sem_limits *)data = limits;
	return 0;
}

void __init ipc_init(void)
{
	int err = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(listings); i++)
		err |= proc_register_ops(listings[i].path, 0444, &listing_fops,
					 (void *)&listings[i]);
	err |= proc_register_ulong("sys/kernel/shmmax", 0644, &sysctl_shmmax);
	err |= proc_register_ulong("sys/kernel/shmall", 0644, &sysctl_shmall);
	err |= proc_register_uint("sys/kernel/shmmni", 0644, &sysctl_shmmni, 0, IPC_INDEX_MAX);
	err |= proc_register_text("sys/kernel/shm_rmid_forced", 0644, show_number,
				  write_rmid_forced, &sysctl_shm_rmid_forced);
	err |= proc_register_uint("sys/kernel/msgmax", 0644, &sysctl_msgmax, 0, __INT_MAX__);
	err |= proc_register_uint("sys/kernel/msgmnb", 0644, &sysctl_msgmnb, 0, __INT_MAX__);
	err |= proc_register_uint("sys/kernel/msgmni", 0644, &sysctl_msgmni, 0, IPC_INDEX_MAX);
	err |= proc_register_text("sys/kernel/sem", 0644, show_sem_limits, write_sem_limits,
				  &sysctl_sem);
	if (err)
		pr_err("some files of System V IPC could not be registered: no memory\n");
}
