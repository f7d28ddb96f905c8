/*
 * Character devices: from the number in an inode to the operations of a driver. Drivers register
 * ranges of numbers, which are kept ordered in a tree.
 */
#include "fs/internal.h"
#include "fs/procfs.h"

static struct rb_root devices = {NULL};
static DEFINE_SPINLOCK(devices_lock, RANK_INODE_SPIN);

/*
 * Device numbers of one major side by side: in kdev_t, as user space sees it, the minor
 * has two pieces.
 */
static u32 place_of(kdev_t dev)
{
	return (u32)MAJOR(dev) << 20 | (u32)MINOR(dev);
}

static u32 end_of(const struct cdev *c)
{
	return place_of(c->first) + c->count;
}

int cdev_register(struct cdev *cdev)
{
	struct rb_node **link = &devices.node, *parent = NULL;
	int err = 0;

	spin_lock(&devices_lock);
	while (*link) {
		struct cdev *c = rb_entry(*link, struct cdev, node);

		parent = *link;
		if (end_of(cdev) <= place_of(c->first)) {
			link = &parent->left;
		} else if (place_of(cdev->first) >= end_of(c)) {
			link = &parent->right;
		} else {
			err = -EBUSY;
			break;
		}
	}
	if (!err) {
		rb_link_node(&cdev->node, parent, link);
		rb_insert_color(&cdev->node, &devices);
	}
	spin_unlock(&devices_lock);
	return err;
}

static const struct cdev *cdev_find(kdev_t dev)
{
	struct cdev *found = NULL;
	u32 place = place_of(dev);
	struct rb_node *n;

	spin_lock(&devices_lock);
	n = devices.node;
	while (n && !found) {
		struct cdev *c = rb_entry(n, struct cdev, node);

		if (place < place_of(c->first))
			n = n->left;
		else if (place >= end_of(c))
			n = n->right;
		else
			found = c;
	}
	spin_unlock(&devices_lock);
	return found;
}

static int cdev_open(struct inode *inode, struct file *file)
{
	const struct cdev *c = inode->cdev ? inode->cdev : cdev_find(inode->rdev);

	if (!c)
		return -ENXIO;
	inode->cdev = c; /* devices are never unregistered */
	file->op = c->fop;
	return c->fop->open ? c->fop->open(inode, file) : 0;
}

const struct file_operations cdev_open_fops = {.open = cdev_open};

/* Block devices, and sockets in the file system. */
static int no_device_open(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	return -ENXIO;
}

const struct file_operations no_device_fops = {.open = no_device_open};

void cdev_for_each(void (*fn)(const struct cdev *c, void *arg), void *arg)
{
	struct cdev *c;

	spin_lock(&devices_lock);
	rb_for_each_entry(c, &devices, node) fn(c, arg);
	spin_unlock(&devices_lock);
}
