/*
 * SEM_UNDO: what a process's semaphore operations changed is changed back when it ends. For each
 * array that it used so there is a struct sem_undo, in the process's list and in the array's. Tasks
 * made with CLONE_SYSVSEM (threads) share a list, which ends with the last of them.
 *
 * An adjustment goes with its array or with its list, whichever comes first. Both hold the array's
 * lock, and inside it the list's; who finds an adjustment with the array locked may use it as long
 * as that is. A waiter's cannot go: its array wakes it first, and its list has it as a user.
 *
 * semop(2). Read next: semctl.c.
 */
#include "proc/ipc/sem.h"
#include "mm/slab.h"

/* ---- lists ---- */

static struct sem_undo_list *own_list(void)
{
	struct sem_undo_list *list = current->sem_undos;

	if (list)
		return list;
	list = kzalloc(sizeof(*list), GFP_KERNEL);
	if (!list)
		return NULL;
	list->refs = 1;
	spin_lock_init(&list->lock, RANK_SEM_UNDO);
	current->sem_undos = list;
	return list;
}

int sem_undo_share(struct task *child)
{
	struct sem_undo_list *list = own_list();

	if (!list)
		return -ENOMEM;
	atomic_inc(&list->refs);
	child->sem_undos = list;
	return 0;
}

/* ---- one array's adjustments ---- */

/* => list locked */
static struct sem_undo *find(const struct sem_undo_list *list, int id)
{
	struct rb_node *node = list->undos.node;

	while (node) {
		struct sem_undo *undo = rb_entry(node, struct sem_undo, by_id);

		if (undo->id == id)
			return undo;
		node = id < undo->id ? node->left : node->right;
	}
	return NULL;
}

/* => list locked, @undo->id not in it */
static void link_undo(struct sem_undo_list *list, struct sem_undo *undo)
{
	struct rb_node **link = &list->undos.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = undo->id < rb_entry(parent, struct sem_undo, by_id)->id ? &parent->left
									       : &parent->right;
	}
	rb_link_node(&undo->by_id, parent, link);
	rb_insert_color(&undo->by_id, &list->undos);
}

/* The one that there is, or else @fresh, which becomes it; NULL. => array locked */
static struct sem_undo *find_or_add(struct sem_array *array, struct sem_undo_list *list,
				    struct sem_undo *fresh)
{
	struct sem_undo *undo;

	spin_lock(&list->lock);
	undo = find(list, array->ipc.id);
	if (!undo && fresh) {
		undo = fresh;
		link_undo(list, undo);
		list_add_tail(&undo->by_array, &array->undos);
	}
	spin_unlock(&list->lock);
	return undo;
}

static struct sem_undo *alloc_undo(struct sem_undo_list *list, int id, u32 count)
{
	size_t size = sizeof(struct sem_undo) + count * sizeof(s16);
	struct sem_undo *undo = kvmalloc(size, GFP_KERNEL | __GFP_ZERO);

	if (!undo)
		return NULL;
	undo->list = list;
	undo->id = id;
	return undo;
}

/* Lock the array again, unless it has gone meanwhile: 0 or -EIDRM. */
static int relock(const struct sem_array *array, int id)
{
	struct sem_array *now = sem_lock_id(id);

	if (now == array)
		return 0;
	if (!IS_ERR(now))
		ipc_unlock(&now->ipc);
	return -EIDRM;
}

int sem_undo_get(struct sem_array *array, struct sem_undo **undo)
{
	struct sem_undo_list *list = current->sem_undos;
	struct sem_undo *fresh = NULL;
	int id = array->ipc.id;
	u32 count = array->count;
	int err;

	*undo = list ? find_or_add(array, list, NULL) : NULL;
	if (*undo)
		return 0;
	ipc_unlock(&array->ipc);
	list = own_list();
	if (list)
		fresh = alloc_undo(list, id, count);
	if (!fresh)
		return -ENOMEM;
	err = relock(array, id);
	if (!err) {
		*undo = find_or_add(array, list, fresh);
		if (*undo == fresh)
			return 0;
		ipc_unlock(&array->ipc); /* a thread that shares the list was faster */
	}
	kvfree(fresh);
	if (!err)
		err = relock(array, id);
	if (!err)
		*undo = find_or_add(array, list, NULL);
	return err;
}

void sem_undo_clear(struct sem_array *array, unsigned num)
{
	struct sem_undo *undo;

	list_for_each_entry(undo, &array->undos, by_array)
		undo->adjust[num] = 0;
}

/* ---- the end of an array ---- */

static void unlink_undo(struct sem_undo *undo)
{
	spin_lock(&undo->list->lock);
	rb_erase(&undo->by_id, &undo->list->undos);
	spin_unlock(&undo->list->lock);
}

void sem_undo_detach(struct sem_array *array, struct list_head *dead)
{
	struct sem_undo *undo;

	list_for_each_entry(undo, &array->undos, by_array)
		unlink_undo(undo);
	list_splice_tail_init(&array->undos, dead);
}

void sem_undo_free(struct list_head *dead)
{
	struct sem_undo *undo, *n;

	list_for_each_entry_safe(undo, n, dead, by_array)
		kvfree(undo);
}

/* ---- the end of a list ---- */

/* Out of range is cut off, as Linux does it. => array locked */
static void adjust_all(struct sem_array *array, const struct sem_undo *undo)
{
	for (u32 i = 0; i < array->count; i++) {
		struct semaphore *sem = &array->sems[i];

		if (!undo->adjust[i])
			continue;
		sem->value = MIN(MAX(sem->value + undo->adjust[i], 0), SEMVMX);
		sem->pid = current->tgid;
	}
	for (u32 i = 0; i < array->count; i++)
		if (undo->adjust[i])
			sem_changed(array, i);
	array->otime = ipc_now();
}

/* The array of one of the adjustments that are left, or -1. */
static int any_array(struct sem_undo_list *list)
{
	struct rb_node *node;
	int id = -1;

	spin_lock(&list->lock);
	node = list->undos.node;
	if (node)
		id = rb_entry(node, struct sem_undo, by_id)->id;
	spin_unlock(&list->lock);
	return id;
}

static void undo_array(struct sem_undo_list *list, int id)
{
	struct sem_array *array = sem_lock_id(id);
	struct sem_undo *undo;

	if (IS_ERR(array))
		return; /* it goes, and takes the adjustment along */
	undo = find_or_add(array, list, NULL);
	if (undo) {
		unlink_undo(undo);
		list_del(&undo->by_array);
		adjust_all(array, undo);
	}
	ipc_unlock(&array->ipc);
	kvfree(undo);
}

void sem_undo_exit(struct task *t)
{
	struct sem_undo_list *list = t->sem_undos;
	int id;

	if (!list)
		return;
	t->sem_undos = NULL;
	if (!atomic_dec_and_test(&list->refs))
		return;
	while ((id = any_array(list)) >= 0) {
		undo_array(list, id);
		cond_resched();
	}
	kfree(list);
}
