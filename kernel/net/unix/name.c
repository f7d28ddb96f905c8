/*
 * Names of AF_UNIX sockets: an inode in a file system, or bytes in a name space of their own
 * ("abstract"). unix(7).
 *
 * Two trees find a bound socket: by its inode, and by type, length and bytes of its abstract
 * name. A socket's name is set once, under its bind_lock, and published with a release;
 * readers need no lock.
 */
#include "unix.h"
#include "fs/dentry.h"
#include "fs/namei.h"
#include "fs/random.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define FAMILY_SIZE ((u32)offsetof(struct sockaddr_un, sun_path))

DEFINE_SPINLOCK(unix_names_lock, RANK_SOCKET_NAMES);
LIST_HEAD(unix_all);
static struct rb_root by_inode = RB_ROOT, by_name = RB_ROOT;

/* ---- addresses ---- */

void unix_address_get(struct unix_address *a)
{
	atomic_inc(&a->refs);
}

void unix_address_put(struct unix_address *a)
{
	if (atomic_dec_and_test(&a->refs))
		kfree(a);
}

int unix_check_address(const struct socket_address *a)
{
	if (a->len <= FAMILY_SIZE || a->len > sizeof(struct sockaddr_un) || a->family != AF_UNIX)
		return -EINVAL;
	return 0;
}

static struct unix_address *address_alloc(const void *name, u32 len)
{
	struct unix_address *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return NULL;
	a->refs = 1;
	a->len = len;
	memcpy(&a->name, name, len);
	return a;
}

void unix_copy_name(const struct unix_socket *u, struct socket_address *out)
{
	const struct unix_address *a = rcu_dereference(u->address);

	out->family = AF_UNIX;
	out->len = FAMILY_SIZE;
	if (!a)
		return;
	out->len = a->len;
	memcpy(out->bytes, &a->family, a->len);
}

/* ---- the trees. => unix_names_lock held ---- */

static int compare_names(int type, const struct sockaddr_un *name, u32 len,
			 const struct unix_socket *u)
{
	if (type != u->socket.type)
		return type < u->socket.type ? -1 : 1;
	if (len != u->address->len)
		return len < u->address->len ? -1 : 1;
	return memcmp(name, &u->address->name, len);
}

static struct unix_socket *find_name(int type, const struct sockaddr_un *name, u32 len)
{
	struct rb_node *n = by_name.node;

	while (n) {
		struct unix_socket *u = rb_entry(n, struct unix_socket, name_node);
		int c = compare_names(type, name, len, u);

		if (!c)
			return u;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

static void insert_name(struct unix_socket *u)
{
	struct rb_node **link = &by_name.node, *parent = NULL;

	while (*link) {
		struct unix_socket *at = rb_entry(*link, struct unix_socket, name_node);

		parent = *link;
		link = compare_names(u->socket.type, &u->address->name, u->address->len, at) < 0
			       ? &parent->left
			       : &parent->right;
	}
	rb_link_node(&u->name_node, parent, link);
	rb_insert_color(&u->name_node, &by_name);
}

static struct unix_socket *find_inode(const struct inode *inode)
{
	struct rb_node *n = by_inode.node;

	while (n) {
		struct unix_socket *u = rb_entry(n, struct unix_socket, name_node);
		const struct inode *at = u->path.dentry->inode;

		if (at == inode)
			return u;
		n = inode < at ? n->left : n->right;
	}
	return NULL;
}

static void insert_inode(struct unix_socket *u)
{
	struct rb_node **link = &by_inode.node, *parent = NULL;
	const struct inode *inode = u->path.dentry->inode;

	while (*link) {
		struct unix_socket *at = rb_entry(*link, struct unix_socket, name_node);

		parent = *link;
		link = inode < at->path.dentry->inode ? &parent->left : &parent->right;
	}
	rb_link_node(&u->name_node, parent, link);
	rb_insert_color(&u->name_node, &by_inode);
}

void unix_unname(struct unix_socket *u)
{
	spin_lock(&unix_names_lock);
	if (!rb_empty_node(&u->name_node)) {
		rb_erase(&u->name_node, u->path.dentry ? &by_inode : &by_name);
		rb_clear_node(&u->name_node);
	}
	list_del(&u->node);
	spin_unlock(&unix_names_lock);
	if (u->path.dentry)
		path_put(&u->path);
}

/* ---- binding ---- */

static int bind_path(struct unix_socket *u, struct unix_address *a)
{
	int err;

	a->len = FAMILY_SIZE + (u32)strlen(a->path) + 1;
	mutex_lock(&u->bind_lock);
	err = u->address ? -EINVAL
			 : vfs_mknod_path(AT_FDCWD, a->path, S_IFSOCK | 0777, 0, &u->path);
	if (!err) {
		rcu_assign_pointer(u->address, a);
		spin_lock(&unix_names_lock);
		insert_inode(u);
		spin_unlock(&unix_names_lock);
	}
	mutex_unlock(&u->bind_lock);
	return err == -EEXIST ? -EADDRINUSE : err;
}

/* => bind_lock held, no name yet */
static int take_abstract(struct unix_socket *u, struct unix_address *a)
{
	int err = 0;

	spin_lock(&unix_names_lock);
	if (find_name(u->socket.type, &a->name, a->len)) {
		err = -EADDRINUSE;
	} else {
		rcu_assign_pointer(u->address, a);
		insert_name(u);
	}
	spin_unlock(&unix_names_lock);
	return err;
}

static int bind_abstract(struct unix_socket *u, struct unix_address *a)
{
	int err = -EINVAL;

	mutex_lock(&u->bind_lock);
	if (!u->address)
		err = take_abstract(u, a);
	mutex_unlock(&u->bind_lock);
	return err;
}

/* Five hexadecimal digits, unix(7): a million names. Begin anywhere, and try each once. */
static int autobind(struct unix_socket *u)
{
	struct unix_address *a =
		address_alloc(&(struct sockaddr_un){.sun_family = AF_UNIX}, FAMILY_SIZE + 6);
	u32 first, tries;
	int err = 0;

	if (!a)
		return -ENOMEM;
	random_bytes(&first, sizeof(first));
	mutex_lock(&u->bind_lock);
	for (tries = 0; !u->address && !err; tries++) {
		char digits[6];

		snprintf(digits, sizeof(digits), "%05x", (first + tries) & 0xfffff);
		memcpy(a->path + 1, digits, 5);
		if (!take_abstract(u, a))
			break;
		if (tries == 0xfffff)
			err = -ENOSPC;
		cond_resched();
	}
	mutex_unlock(&u->bind_lock);
	if (u->address != a)
		kfree(a);
	return err;
}

int unix_autobind_if_needed(struct unix_socket *u)
{
	return socket_has(&u->socket, SOCKET_PASSCRED) && !READ_ONCE(u->address) ? autobind(u) : 0;
}

int unix_bind(struct socket *sock, const struct socket_address *name)
{
	struct unix_socket *u = unix_of(sock);
	struct unix_address *a;
	int err;

	if (name->len == FAMILY_SIZE && name->family == AF_UNIX)
		return READ_ONCE(u->address) ? 0 : autobind(u);
	err = unix_check_address(name);
	if (err)
		return err;
	a = address_alloc(name->bytes, name->len);
	if (!a)
		return -ENOMEM;
	err = a->path[0] ? bind_path(u, a) : bind_abstract(u, a);
	if (err)
		kfree(a);
	return err;
}

/* ---- finding ---- */

static struct unix_socket *find_path(const struct sockaddr_un *name, u32 len, int type)
{
	char text[UNIX_PATH_MAX + 1] = {0};
	struct unix_socket *u = ERR_PTR(-ECONNREFUSED);
	struct path path;
	int err;

	memcpy(text, name->sun_path, len - FAMILY_SIZE);
	err = path_lookup(AT_FDCWD, text, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	err = inode_permission(path.dentry->inode, MAY_WRITE);
	if (err) {
		u = ERR_PTR(err);
	} else if (S_ISSOCK(path.dentry->inode->mode)) {
		spin_lock(&unix_names_lock);
		u = find_inode(path.dentry->inode);
		if (u)
			unix_get(u);
		spin_unlock(&unix_names_lock);
		if (!u) {
			u = ERR_PTR(-ECONNREFUSED);
		} else if (u->socket.type != type) {
			unix_put(u);
			u = ERR_PTR(-EPROTOTYPE);
		}
	}
	path_put(&path);
	return u;
}

struct unix_socket *unix_find(const struct socket_address *a, int type)
{
	const struct sockaddr_un *name = (const struct sockaddr_un *)a->bytes;
	struct unix_socket *u;

	if (name->sun_path[0])
		return find_path(name, a->len, type);
	spin_lock(&unix_names_lock);
	u = find_name(type, name, a->len);
	if (u)
		unix_get(u);
	spin_unlock(&unix_names_lock);
	return u ? u : ERR_PTR(-ECONNREFUSED);
}
