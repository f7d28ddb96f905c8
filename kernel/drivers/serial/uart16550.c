/*
 * 16550 serial ports, COM1 to COM4 as ttyS0 to ttyS3.
 *
 * Nothing is lost in either direction. Receive: the interrupt handler moves bytes from the chip to
 * a ring; a thread of the port gives them to the line discipline. When the ring is full the
 * receive interrupt is turned off, the chip's FIFO fills, and whoever sends has to wait (an
 * emulator stops reading its input). Transmit: a ring drained by the transmitter-empty interrupt,
 * 16 bytes at a time.
 *
 * Locks: port->lock (RANK_DEVICE, irqsave) guards the rings and the interrupt-enable register.
 */
#include "drivers/tty.h"
#include "drivers/pio.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/log.h"
#include "mm/slab.h"
#include <linux/serial_reg.h>

#define RING_SIZE 4096u
#define UART_FIFO 16

struct port {
	u16 base;
	unsigned irq, line;
	struct tty *tty; /* (k) once found */
	spinlock_t lock;
	u8 ier;
	bool rx_off;  /* the ring is full: the receive interrupt is off */
	bool stopped; /* flow control */
	bool tx_started, broke;
	u8 *rx, *tx;
	u32 rx_head, rx_tail, tx_head, tx_tail;
	struct wait_queue rx_wait; /* the receive thread */
	bool deliver;              /* the line discipline may have room again */
	struct task *thread;
};

static const struct {
	u16 base;
	u8 irq;
} where[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};
static struct port ports[ARRAY_SIZE(where)];

static u8 reg_in(struct port *p, unsigned reg)
{
	return pio_in8((u16)(p->base + reg));
}

static void reg_out(struct port *p, unsigned reg, u8 value)
{
	pio_out8((u16)(p->base + reg), value);
}

static void set_ier(struct port *p, u8 ier)
{
	if (p->ier == ier)
		return;
	p->ier = ier;
	reg_out(p, UART_IER, ier);
}

/* ---- transmit: => lock ---- */

static void fill_fifo(struct port *p)
{
	while (!p->stopped && p->tx_head != p->tx_tail && (reg_in(p, UART_LSR) & UART_LSR_THRE)) {
		for (unsigned i = 0; i < UART_FIFO && p->tx_head != p->tx_tail; i++)
			reg_out(p, UART_TX, p->tx[p->tx_tail++ % RING_SIZE]);
	}
	if (p->stopped || p->tx_head == p->tx_tail)
		set_ier(p, p->ier & (u8)~UART_IER_THRI);
	else
		set_ier(p, p->ier | UART_IER_THRI);
}

static unsigned uart_write_room(struct tty *tty)
{
	struct port *p = tty->driver;

	return RING_SIZE - (READ_ONCE(p->tx_head) - READ_ONCE(p->tx_tail));
}

static unsigned uart_chars_in_buffer(struct tty *tty)
{
	struct port *p = tty->driver;

	return READ_ONCE(p->tx_head) - READ_ONCE(p->tx_tail);
}

static unsigned uart_write(struct tty *tty, const u8 *buf, unsigned n)
{
	struct port *p = tty->driver;
	irqflags_t flags = spin_lock_irqsave(&p->lock);
	unsigned room = RING_SIZE - (p->tx_head - p->tx_tail);

	n = MIN(n, room);
	for (unsigned i = 0; i < n; i++)
		p->tx[p->tx_head++ % RING_SIZE] = buf[i];
	fill_fifo(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

static void uart_flush_output(struct tty *tty)
{
	struct port *p = tty->driver;
	irqflags_t flags = spin_lock_irqsave(&p->lock);

	p->tx_tail = p->tx_head;
	fill_fifo(p);
	spin_unlock_irqrestore(&p->lock, flags);
	tty_wakeup(tty);
}

static void set_stopped(struct tty *tty, bool stopped)
{
	struct port *p = tty->driver;
	irqflags_t flags = spin_lock_irqsave(&p->lock);

	p->stopped = stopped;
	fill_fifo(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void uart_stop(struct tty *tty)
{
	set_stopped(tty, true);
}

static void uart_start(struct tty *tty)
{
	set_stopped(tty, false);
}

/* ---- receive ---- */

/* => lock */
static void drain_fifo(struct port *p)
{
	for (;;) {
		u8 status;

		if (p->rx_head - p->rx_tail == RING_SIZE) {
			p->rx_off = true;
			set_ier(p, p->ier & (u8)~UART_IER_RDI);
			return;
		}
		status = reg_in(p, UART_LSR);
		if (status & UART_LSR_BI)
			p->broke = true;
		if (!(status & UART_LSR_DR))
			return;
		p->rx[p->rx_head++ % RING_SIZE] = reg_in(p, UART_RX);
	}
}

static void uart_interrupt(unsigned irq, void *arg)
{
	struct port *p = arg;
	bool wake_rx, wake_tx;
	u32 before, sent;

	(void)irq;
	spin_lock(&p->lock);
	before = p->rx_head;
	sent = p->tx_tail;
	while (!(reg_in(p, UART_IIR) & UART_IIR_NO_INT)) {
		u8 ier = p->ier;

		drain_fifo(p);
		fill_fifo(p);
		reg_in(p, UART_MSR);
		if (p->rx_off && ier == p->ier)
			break; /* full: what is pending stays pending with its interrupt off */
	}
	wake_rx = p->rx_head != before || p->broke;
	wake_tx = p->tx_tail != sent && p->tx_head - p->tx_tail <= RING_SIZE / 2;
	spin_unlock(&p->lock);
	if (wake_rx)
		wake_up(&p->rx_wait);
	if (wake_tx)
		tty_wakeup(p->tty);
}

static bool take_break(struct port *p)
{
	irqflags_t flags = spin_lock_irqsave(&p->lock);
	bool broke = p->broke;

	p->broke = false;
	spin_unlock_irqrestore(&p->lock, flags);
	return broke;
}

/* Give what the ring holds to the line discipline; false: it is full. */
static bool deliver(struct port *p)
{
	while (READ_ONCE(p->rx_head) != p->rx_tail) {
		u32 at = p->rx_tail % RING_SIZE;
		unsigned n = MIN(READ_ONCE(p->rx_head) - p->rx_tail, RING_SIZE - at);
		unsigned taken = tty_receive(p->tty, p->rx + at, n);
		irqflags_t flags = spin_lock_irqsave(&p->lock);

		p->rx_tail += taken;
		if (p->rx_off && p->rx_head - p->rx_tail <= RING_SIZE / 2) {
			p->rx_off = false;
			set_ier(p, p->ier | UART_IER_RDI);
			drain_fifo(p);
		}
		spin_unlock_irqrestore(&p->lock, flags);
		if (taken < n)
			return false;
	}
	return true;
}

static int receive_thread(void *arg)
{
	struct port *p = arg;
	bool blocked = false;

	for (;;) {
		wait_event_interruptible(
			&p->rx_wait, __atomic_exchange_n(&p->deliver, false, __ATOMIC_ACQ_REL) ||
					     (!blocked && p->rx_head != p->rx_tail) || p->broke);
		if (take_break(p))
			tty_receive_break(p->tty);
		blocked = !deliver(p);
	}
	return 0;
}

static void uart_unthrottle(struct tty *tty)
{
	struct port *p = tty->driver;

	__atomic_store_n(&p->deliver, true, __ATOMIC_RELEASE);
	wake_up(&p->rx_wait);
}

/* ---- set-up ---- */

static void uart_set_termios(struct tty *tty, const struct ktermios *old)
{
	struct port *p = tty->driver;
	tcflag_t c = tty->termios.c_cflag;
	u32 speed = tty->termios.c_ospeed;
	u8 lcr = (u8)((c & CSIZE) >> 4);
	u16 divisor;
	irqflags_t flags;

	(void)old;
	if (c & CSTOPB)
		lcr |= UART_LCR_STOP;
	if (c & PARENB)
		lcr |= UART_LCR_PARITY | (c & PARODD ? 0 : UART_LCR_EPAR);
	divisor = (u16)(speed ? MAX(115200 / speed, 1u) : 0);
	flags = spin_lock_irqsave(&p->lock);
	if (divisor) {
		reg_out(p, UART_LCR, lcr | UART_LCR_DLAB);
		reg_out(p, UART_DLL, (u8)divisor);
		reg_out(p, UART_DLM, (u8)(divisor >> 8));
	}
	reg_out(p, UART_LCR, lcr);
	spin_unlock_irqrestore(&p->lock, flags);
}

static int uart_open(struct tty *tty, struct file *file)
{
	struct port *p = tty->driver;
	irqflags_t flags;

	(void)file;
	if (p->thread)
		return 0;
	p->rx = kmalloc(RING_SIZE, GFP_KERNEL);
	p->tx = kmalloc(RING_SIZE, GFP_KERNEL);
	if (p->rx && p->tx)
		p->thread = kthread_create(receive_thread, p, "ttyS%u", p->line);
	if (!p->thread) {
		kfree(p->rx);
		kfree(p->tx);
		p->rx = p->tx = NULL;
		return -ENOMEM;
	}
	if (irq_request(p->irq, uart_interrupt, p, IRQ_EDGE, "ttyS") < 0)
		pr_warn("ttyS%u: no interrupt %u\n", p->line, p->irq);
	flags = spin_lock_irqsave(&p->lock);
	reg_out(p, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8 | UART_FCR_CLEAR_XMIT);
	reg_out(p, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	set_ier(p, UART_IER_RDI | UART_IER_RLSI);
	drain_fifo(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static const struct tty_ops uart_ops = {
	.write = uart_write,
	.write_room = uart_write_room,
	.chars_in_buffer = uart_chars_in_buffer,
	.open = uart_open,
	.set_termios = uart_set_termios,
	.unthrottle = uart_unthrottle,
	.flush_output = uart_flush_output,
	.stop = uart_stop,
	.start = uart_start,
};

static struct tty *find_port(unsigned minor)
{
	struct tty *tty = ports[minor - 64].tty;

	if (!tty)
		return ERR_PTR(-EIO);
	tty_get(tty);
	return tty;
}

static struct tty_driver uart_driver = {.find = find_port};

/*
 * Is there a chip? A scratch register that remembers, and an interrupt-enable register whose
 * upper half reads 0.
 */
static bool probe(struct port *p)
{
	u8 ier = reg_in(p, UART_IER);
	bool found;

	reg_out(p, UART_SCR, 0x5a);
	found = reg_in(p, UART_SCR) == 0x5a;
	reg_out(p, UART_SCR, 0xa5);
	return found && reg_in(p, UART_SCR) == 0xa5 && (ier & 0xf0) == 0;
}

void serial_init(void)
{
	if (tty_driver_register(&uart_driver, MKDEV(4, 64), ARRAY_SIZE(ports), "ttyS"))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
		struct port *p = &ports[i];
		char name[16];

		p->base = where[i].base;
		p->irq = where[i].irq;
		p->line = i;
		spin_lock_init(&p->lock, RANK_DEVICE);
		wait_queue_init(&p->rx_wait);
		if (!probe(p))
			continue;
		snprintf(name, sizeof(name), "ttyS%u", i);
		p->tty = tty_alloc(name, MKDEV(4, 64 + i), &uart_ops, p);
		if (!p->tty)
			continue;
		if (i == 0)
			p->tty->termios.c_iflag |= IUTF8;
		devtmpfs_create(name, 0660, p->tty->dev);
		pr_info("serial8250: ttyS%u at I/O 0x%x (irq = %u, base_baud = 115200) is a 16550A\n",
			i, p->base, p->irq);
	}
}
