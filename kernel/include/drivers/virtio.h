/*
 * Virtio over PCI, the legacy interface (Virtio 1.1, sections 2.6, 4.1.4.8): queues of buffers
 * shared with the device. Buffers are single descriptors in low memory.
 *
 * A virtqueue has no lock: its driver serialises add, kick and get.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include "drivers/pci.h"
#include <linux/virtio_ring.h>

struct virtqueue {
	struct virtio_device *dev;
	unsigned index, free; /* its number; free descriptors */
	u16 free_head, last_used;
	struct vring ring;
	void **cookies; /* by descriptor: what virtqueue_add() was given */
	unsigned order; /* of the ring's pages */
};

struct virtio_device {
	struct pci_device *pci;
	u16 io;
};

/* Reset the device and say that we drive it. -ENODEV: it has no I/O window. */
int virtio_begin(struct virtio_device *dev, struct pci_device *pci);
/* Its features, and the choice of those that the driver knows. */
u32 virtio_features(struct virtio_device *dev, u32 known);
void virtio_ready(struct virtio_device *dev);
/* Acknowledge an interrupt: false: it was another device's. */
bool virtio_interrupted(struct virtio_device *dev);

/* Queue @index. NULL: the device has none, or no memory. */
struct virtqueue *virtqueue_create(struct virtio_device *dev, unsigned index);
/* Hand @buf to the device, to be written by it (@in) or read. -ENOSPC: the ring is full. */
int virtqueue_add(struct virtqueue *vq, void *buf, u32 len, bool in, void *cookie);
/* Tell the device, unless it said that it looks by itself. */
void virtqueue_kick(struct virtqueue *vq);
/* The next buffer that the device is done with: its cookie and the bytes it wrote; NULL: none. */
void *virtqueue_get(struct virtqueue *vq, u32 *len);

/* Drivers, from kernel_main(). */
void virtio_init(void);
void virtio_console_probe(struct pci_device *pci);

#endif
