/*
 * IO-APICs: one redirection entry per line, all delivered to CPU 0. A line's number is its global
 * system interrupt, except where the firmware moved an ISA interrupt (machine.isa).
 */
#include "apic.h"
#include "paging.h"
#include <machine/io.h>

#define REG_VERSION 1
#define REG_ENTRY 0x10
#define ENTRY_LEVEL (1u << 15)
#define ENTRY_MASKED (1u << 16)
#define ENTRY_ACTIVE_LOW (1u << 13)
#define WINDOW 0x10

struct io_apic {
	volatile char *base;
	u32 gsi_base, pins;
};

static struct io_apic io_apics[FIX_IO_APIC_MAX];

static u32 io_apic_read(const struct io_apic *io, u32 reg)
{
	writel(io->base, reg);
	return readl(io->base + WINDOW);
}

static void io_apic_write(const struct io_apic *io, u32 reg, u32 value)
{
	writel(io->base, reg);
	writel(io->base + WINDOW, value);
}

static unsigned line_gsi(unsigned irq)
{
	return irq < ISA_IRQS && machine.isa[irq].set ? machine.isa[irq].gsi : irq;
}

static const struct io_apic *io_apic_of(unsigned gsi)
{
	for (unsigned i = 0; i < machine.io_apics; i++)
		if (gsi >= io_apics[i].gsi_base && gsi - io_apics[i].gsi_base < io_apics[i].pins)
			return &io_apics[i];
	return NULL;
}

bool io_apic_has(unsigned irq)
{
	return io_apic_of(line_gsi(irq));
}

void io_apic_init(void)
{
	for (unsigned i = 0; i < machine.io_apics; i++) {
		struct io_apic *io = &io_apics[i];
		paddr_t page = machine.io_apic[i].address & PAGE_MASK;

		io->base = (char *)fixmap_set(FIX_IO_APIC + i, page, PGPROT_KERNEL_NOCACHE) +
			   (machine.io_apic[i].address & ~PAGE_MASK);
		io->gsi_base = machine.io_apic[i].gsi_base;
		io->pins = ((io_apic_read(io, REG_VERSION) >> 16) & 0xff) + 1;
		for (u32 pin = 0; pin < io->pins; pin++)
			io_apic_write(io, REG_ENTRY + 2 * pin, ENTRY_MASKED);
	}
}

static void io_apic_unmask(unsigned irq, unsigned vector, bool level)
{
	unsigned gsi = line_gsi(irq);
	const struct io_apic *io = io_apic_of(gsi);
	u32 pin = gsi - io->gsi_base, entry = vector;

	if (irq < ISA_IRQS && machine.isa[irq].set) {
		level = machine.isa[irq].level;
		entry |= machine.isa[irq].active_low ? ENTRY_ACTIVE_LOW : 0;
	} else if (irq >= ISA_IRQS) {
		level = true; /* PCI */
		entry |= ENTRY_ACTIVE_LOW;
	}
	if (level)
		entry |= ENTRY_LEVEL;
	io_apic_write(io, REG_ENTRY + 2 * pin + 1, (u32)cpu_apic_id[0] << 24);
	io_apic_write(io, REG_ENTRY + 2 * pin, entry);
}

static void io_apic_end(unsigned irq)
{
	(void)irq;
	local_apic_end();
}

const struct irq_chip io_apic_chip = {
	.name = "IO-APIC", .unmask = io_apic_unmask, .end = io_apic_end};
