/*
 * Virtio devices on PCI and their queues. The layout of a ring is in <linux/virtio_ring.h>:
 * descriptors, the driver's list of available ones, the device's list of used ones. Free
 * descriptors are chained through their next fields.
 */
#include "drivers/virtio.h"
#include "drivers/pio.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>

#define VENDOR 0x1af4
#define LEGACY_FIRST 0x1000
#define LEGACY_LAST 0x103f
#define RING_ALIGN 4096

int virtio_begin(struct virtio_device *dev, struct pci_device *pci)
{
	dev->pci = pci;
	dev->io = pci_io_base(pci, 0);
	if (!dev->io)
		return -ENODEV;
	pci_enable(pci);
	pio_out8(dev->io + VIRTIO_PCI_STATUS, 0);
	pio_out8(dev->io + VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	return 0;
}

u32 virtio_features(struct virtio_device *dev, u32 known)
{
	u32 features = pio_in32(dev->io + VIRTIO_PCI_HOST_FEATURES) & known;

	pio_out32(dev->io + VIRTIO_PCI_GUEST_FEATURES, features);
	return features;
}

void virtio_ready(struct virtio_device *dev)
{
	pio_out8(dev->io + VIRTIO_PCI_STATUS,
		 VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK);
}

bool virtio_interrupted(struct virtio_device *dev)
{
	return pio_in8(dev->io + VIRTIO_PCI_ISR) & 1;
}

struct virtqueue *virtqueue_create(struct virtio_device *dev, unsigned index)
{
	struct virtqueue *vq = kzalloc(sizeof(*vq), GFP_KERNEL);
	void *memory = NULL;
	unsigned n;

	if (!vq)
		return NULL;
	pio_out16(dev->io + VIRTIO_PCI_QUEUE_SEL, (u16)index);
	n = pio_in16(dev->io + VIRTIO_PCI_QUEUE_NUM);
	if (!n)
		goto fail;
	while ((PAGE_SIZE << vq->order) < vring_size(n, RING_ALIGN))
		vq->order++;
	memory = get_free_pages(GFP_KERNEL | __GFP_ZERO, vq->order);
	vq->cookies = kcalloc(n, sizeof(void *), GFP_KERNEL);
	if (!memory || !vq->cookies)
		goto fail;
	vring_init(&vq->ring, n, memory, RING_ALIGN);
	for (unsigned i = 0; i < n; i++)
		vq->ring.desc[i].next = (u16)(i + 1);
	vq->dev = dev;
	vq->index = index;
	vq->free = n;
	pio_out32(dev->io + VIRTIO_PCI_QUEUE_PFN,
		  (u32)(lowmem_paddr(memory) >> VIRTIO_PCI_QUEUE_ADDR_SHIFT));
	return vq;
fail:
	if (memory)
		put_free_pages(memory, vq->order);
	kfree(vq->cookies);
	kfree(vq);
	return NULL;
}

int virtqueue_add(struct virtqueue *vq, void *buf, u32 len, bool in, void *cookie)
{
	struct vring *r = &vq->ring;
	u16 id = vq->free_head;

	if (!vq->free)
		return -ENOSPC;
	vq->free--;
	vq->free_head = r->desc[id].next;
	r->desc[id].addr = lowmem_paddr(buf);
	r->desc[id].len = len;
	r->desc[id].flags = in ? VRING_DESC_F_WRITE : 0;
	vq->cookies[id] = cookie;
	r->avail->ring[r->avail->idx % r->num] = id;
	__atomic_store_n(&r->avail->idx, (u16)(r->avail->idx + 1), __ATOMIC_RELEASE);
	return 0;
}

void virtqueue_kick(struct virtqueue *vq)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the index before the flag */
	if (!(READ_ONCE(vq->ring.used->flags) & VRING_USED_F_NO_NOTIFY))
		pio_out16(vq->dev->io + VIRTIO_PCI_QUEUE_NOTIFY, (u16)vq->index);
}

void *virtqueue_get(struct virtqueue *vq, u32 *len)
{
	struct vring *r = &vq->ring;
	const struct vring_used_elem *e;
	u16 id;

	if (__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) == vq->last_used)
		return NULL;
	e = &r->used->ring[vq->last_used++ % r->num];
	id = (u16)e->id;
	if (id >= r->num)
		return NULL; /* a device that lies is not followed */
	*len = e->len;
	r->desc[id].next = vq->free_head;
	vq->free_head = id;
	vq->free++;
	return vq->cookies[id];
}

static void probe(struct pci_device *pci, void *arg)
{
	(void)arg;
	if (pci->vendor != VENDOR || pci->device < LEGACY_FIRST || pci->device > LEGACY_LAST)
		return;
	if (pci->subsystem == VIRTIO_ID_CONSOLE)
		virtio_console_probe(pci);
}

void virtio_init(void)
{
	pci_for_each(probe, NULL);
}
