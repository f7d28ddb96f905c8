/*
 * The virtio console, as terminal hvc0: whole buffers at a time instead of a byte at a port. Virtio
 * 1.1, section 5.3, its first port only.
 *
 * Receive: RX_BUFFERS pages are with the device; a thread hands each to the line discipline and
 * gives it back, so that a reader that stops stops the sender. Transmit: pages of a pool; a write
 * copies to one and gives it to the device. console->lock guards the transmit side.
 */
#include "drivers/tty.h"
#include "drivers/virtio.h"
#include "arch/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"

#define RX_BUFFERS 16
#define TX_BUFFERS 16

struct console {
	struct virtio_device dev;
	struct virtqueue *rx, *tx;
	struct tty *tty;
	spinlock_t lock;        /* RANK_DEVICE, irqsave */
	void *idle[TX_BUFFERS]; /* pages that the device does not have */
	unsigned idle_count;
	struct wait_queue rx_wait;
	bool interrupted, deliver;
	struct task *thread;
};

static struct console *the_console; /* the first one found: hvc0 */

/* ---- transmit ---- */

/* => lock */
static void reclaim_sent(struct console *c)
{
	void *page;
	u32 len;

	while ((page = virtqueue_get(c->tx, &len)))
		c->idle[c->idle_count++] = page;
}

static unsigned hvc_write(struct tty *tty, const u8 *buf, unsigned n)
{
	struct console *c = tty->driver;
	irqflags_t flags = spin_lock_irqsave(&c->lock);
	unsigned done = 0;

	reclaim_sent(c);
	while (done < n && c->idle_count) {
		unsigned part = MIN(n - done, (unsigned)PAGE_SIZE);
		void *page = c->idle[--c->idle_count];

		memcpy(page, buf + done, part);
		if (virtqueue_add(c->tx, page, part, false, page)) {
			c->idle[c->idle_count++] = page;
			break;
		}
		done += part;
	}
	if (done)
		virtqueue_kick(c->tx);
	spin_unlock_irqrestore(&c->lock, flags);
	return done;
}

static unsigned hvc_write_room(struct tty *tty)
{
	struct console *c = tty->driver;
	irqflags_t flags = spin_lock_irqsave(&c->lock);
	unsigned room;

	reclaim_sent(c);
	room = c->idle_count * PAGE_SIZE;
	spin_unlock_irqrestore(&c->lock, flags);
	return room;
}

static unsigned hvc_chars_in_buffer(struct tty *tty)
{
	return TX_BUFFERS * PAGE_SIZE - hvc_write_room(tty);
}

/* ---- receive ---- */

static void hvc_interrupt(unsigned irq, void *arg)
{
	struct console *c = arg;

	(void)irq;
	if (!virtio_interrupted(&c->dev))
		return;
	WRITE_ONCE(c->interrupted, true);
	wake_up(&c->rx_wait);
	tty_wakeup(c->tty);
}

/* All of a buffer, waiting for readers as long as it takes. */
static void deliver(struct console *c, const u8 *data, u32 len)
{
	for (;;) {
		unsigned taken = tty_receive(c->tty, data, len);

		data += taken;
		len -= taken;
		if (!len)
			return;
		wait_event(&c->rx_wait, __atomic_exchange_n(&c->deliver, false, __ATOMIC_ACQ_REL));
	}
}

static int receive_thread(void *arg)
{
	struct console *c = arg;
	void *page;
	u32 len;

	for (;;) {
		while ((page = virtqueue_get(c->rx, &len))) {
			deliver(c, page, MIN(len, (u32)PAGE_SIZE));
			virtqueue_add(c->rx, page, PAGE_SIZE, true, page);
			virtqueue_kick(c->rx);
		}
		wait_event_interruptible(
			&c->rx_wait, __atomic_exchange_n(&c->interrupted, false, __ATOMIC_ACQ_REL));
	}
	return 0;
}

static void hvc_unthrottle(struct tty *tty)
{
	struct console *c = tty->driver;

	__atomic_store_n(&c->deliver, true, __ATOMIC_RELEASE);
	wake_up(&c->rx_wait);
}

/* ---- set-up ---- */

static int hvc_open(struct tty *tty, struct file *file)
{
	struct console *c = tty->driver;

	(void)file;
	if (c->thread)
		return 0;
	while (c->rx->free && c->rx->ring.num - c->rx->free < RX_BUFFERS) {
		void *page = get_free_pages(GFP_KERNEL, 0);

		if (!page)
			break;
		virtqueue_add(c->rx, page, PAGE_SIZE, true, page);
	}
	while (c->idle_count < TX_BUFFERS) {
		void *page = get_free_pages(GFP_KERNEL, 0);

		if (!page)
			break;
		c->idle[c->idle_count++] = page;
	}
	if (c->idle_count)
		c->thread = kthread_create(receive_thread, c, "hvc0");
	if (!c->thread)
		return -ENOMEM;
	virtqueue_kick(c->rx);
	return 0;
}

static const struct tty_ops hvc_ops = {
	.write = hvc_write,
	.write_room = hvc_write_room,
	.chars_in_buffer = hvc_chars_in_buffer,
	.open = hvc_open,
	.unthrottle = hvc_unthrottle,
};

static struct tty *find_console(unsigned minor)
{
	(void)minor;
	if (!the_console)
		return ERR_PTR(-ENODEV);
	tty_get(the_console->tty);
	return the_console->tty;
}

static struct tty_driver hvc_driver = {.find = find_console};

void virtio_console_probe(struct pci_device *pci)
{
	struct console *c = the_console ? NULL : kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return;
	spin_lock_init(&c->lock, RANK_DEVICE);
	wait_queue_init(&c->rx_wait);
	if (virtio_begin(&c->dev, pci))
		goto fail;
	virtio_features(&c->dev, 0);
	c->rx = virtqueue_create(&c->dev, 0);
	c->tx = virtqueue_create(&c->dev, 1);
	c->tty = tty_alloc("hvc0", MKDEV(229, 0), &hvc_ops, c);
	if (!c->rx || !c->tx || c->tx->ring.num < TX_BUFFERS || !c->tty)
		goto fail;
	if (irq_request(pci->irq, hvc_interrupt, c, IRQ_LEVEL, "virtio-console"))
		goto fail;
	the_console = c;
	virtio_ready(&c->dev);
	if (!tty_driver_register(&hvc_driver, MKDEV(229, 0), 1, "hvc"))
		devtmpfs_create("hvc0", 0600, MKDEV(229, 0));
	pr_info("hvc0: virtio console at I/O 0x%x (irq = %u)\n", c->dev.io, pci->irq);
	return;
fail:
	pr_warn("virtio console at %02x:%02x: cannot be used\n", pci->bus, pci->devfn >> 3);
	kfree(c);
}
