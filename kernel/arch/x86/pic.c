/*
 * The 8259 pair: used alone where there is no APIC (v86), masked for good otherwise.
 */
#include "apic.h"
#include <machine/io.h>

#define PIC1 0x20
#define PIC2 0xa0
#define ICW1_INIT 0x11
#define ICW4_8086 0x01
#define CASCADE_IRQ 2
#define OCW3_READ_ISR 0x0b
#define OCW2_EOI 0x20

static u16 mask = 0xffff;

static void write_mask(void)
{
	outb(PIC1 + 1, (u8)mask);
	outb(PIC2 + 1, (u8)(mask >> 8));
}

void pic_init(void)
{
	outb(PIC1, ICW1_INIT);
	outb(PIC2, ICW1_INIT);
	outb(PIC1 + 1, IRQ_VECTOR_BASE);
	outb(PIC2 + 1, IRQ_VECTOR_BASE + 8);
	outb(PIC1 + 1, 1 << CASCADE_IRQ);
	outb(PIC2 + 1, CASCADE_IRQ);
	outb(PIC1 + 1, ICW4_8086);
	outb(PIC2 + 1, ICW4_8086);
	mask = 0xffff & ~(1 << CASCADE_IRQ);
	write_mask();
}

static void pic_unmask(unsigned irq, unsigned vector, bool level)
{
	(void)vector,
		(void)level; /* the ELCR, which the firmware set, says which lines are level-triggered */
	mask &= (u16) ~(1u << irq);
	write_mask();
}

static void pic_end(unsigned irq)
{
	if (irq >= 8)
		outb(PIC2, OCW2_EOI);
	outb(PIC1, OCW2_EOI);
}

/*
 * A request that went away before it was acknowledged arrives as line 7 or 15 without
 * being in service.
 */
bool pic_is_spurious(unsigned irq)
{
	u16 port = irq < 8 ? PIC1 : PIC2;

	if (irq != 7 && irq != 15)
		return false;
	outb(port, OCW3_READ_ISR);
	if (inb(port) & 0x80)
		return false;
	if (irq == 15)
		outb(PIC1, OCW2_EOI);
	return true;
}

const struct irq_chip pic_chip = {.name = "XT-PIC", .unmask = pic_unmask, .end = pic_end};
