/*
 * Finding PCI functions. Bus 0 is scanned, and each bus behind a bridge as the firmware numbered
 * it. Configuration space goes through one pair of ports, guarded by config_lock.
 */
#include "drivers/pci.h"
#include "arch/log.h"
#include "drivers/pio.h"
#include "mm/slab.h"
#include "sched/lock.h"
#include <linux/pci_regs.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc

static DEFINE_SPINLOCK(config_lock, RANK_LEAF);
static LIST_HEAD(devices);

static void select(u8 bus, u8 devfn, unsigned reg)
{
	pio_out32(CONFIG_ADDRESS, 0x80000000u | (u32)bus << 16 | (u32)devfn << 8 | (reg & 0xfc));
}

static u32 config_read(u8 bus, u8 devfn, unsigned reg)
{
	irqflags_t flags = spin_lock_irqsave(&config_lock);
	u32 value;

	select(bus, devfn, reg);
	value = pio_in32(CONFIG_DATA);
	spin_unlock_irqrestore(&config_lock, flags);
	return value;
}

u32 pci_read32(const struct pci_device *dev, unsigned reg)
{
	return config_read(dev->bus, dev->devfn, reg);
}

u16 pci_read16(const struct pci_device *dev, unsigned reg)
{
	return (u16)(pci_read32(dev, reg) >> ((reg & 2) * 8));
}

u8 pci_read8(const struct pci_device *dev, unsigned reg)
{
	return (u8)(pci_read32(dev, reg) >> ((reg & 3) * 8));
}

void pci_write16(const struct pci_device *dev, unsigned reg, u16 value)
{
	irqflags_t flags = spin_lock_irqsave(&config_lock);

	select(dev->bus, dev->devfn, reg);
	pio_out16((u16)(CONFIG_DATA + (reg & 2)), value);
	spin_unlock_irqrestore(&config_lock, flags);
}

u16 pci_io_base(const struct pci_device *dev, unsigned bar)
{
	u32 value = pci_read32(dev, PCI_BASE_ADDRESS_0 + bar * 4);

	return (value & PCI_BASE_ADDRESS_SPACE_IO) ? (u16)(value & ~3u) : 0;
}

void pci_enable(const struct pci_device *dev)
{
	u16 command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND,
		    command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void pci_for_each(void (*fn)(struct pci_device *dev, void *arg), void *arg)
{
	struct pci_device *dev;

	list_for_each_entry(dev, &devices, node)
		fn(dev, arg);
}

static void scan_bus(u8 bus);

/* True: there is a function, and it says whether there are more of its device. */
static bool scan_function(u8 bus, u8 devfn, bool *multi)
{
	u32 id = config_read(bus, devfn, PCI_VENDOR_ID);
	struct pci_device *dev;
	u8 type, behind;

	if ((id & 0xffff) == 0xffff || id == 0)
		return false;
	type = (u8)(config_read(bus, devfn, PCI_CACHE_LINE_SIZE) >> 16);
	*multi = type & 0x80;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return true;
	dev->bus = bus;
	dev->devfn = devfn;
	dev->vendor = (u16)id;
	dev->device = (u16)(id >> 16);
	dev->class = pci_read32(dev, PCI_CLASS_REVISION) >> 8;
	dev->subsystem = pci_read16(dev, PCI_SUBSYSTEM_ID);
	dev->irq = pci_read8(dev, PCI_INTERRUPT_LINE);
	list_add_tail(&dev->node, &devices);
	pr_debug("pci 0000:%02x:%02x.%x: [%04x:%04x] class %06x\n", bus, devfn >> 3, devfn & 7,
		 dev->vendor, dev->device, dev->class);
	if ((type & 0x7f) == PCI_HEADER_TYPE_BRIDGE) {
		behind = pci_read8(dev, PCI_SECONDARY_BUS);
		if (behind > bus)
			scan_bus(behind);
	}
	return true;
}

static void scan_bus(u8 bus)
{
	for (unsigned device = 0; device < 32; device++) {
		bool multi = false;

		if (!scan_function(bus, (u8)(device << 3), &multi) || !multi)
			continue;
		for (unsigned fn = 1; fn < 8; fn++)
			scan_function(bus, (u8)(device << 3 | fn), &multi);
	}
}

void pci_init(void)
{
	/* Mechanism 1 keeps what is written to its address port; a machine without it does not. */
	pio_out32(CONFIG_ADDRESS, 0x80000000u);
	if (pio_in32(CONFIG_ADDRESS) != 0x80000000u)
		return;
	scan_bus(0);
}
