/*
 * PCI: the functions found on the buses at boot, and their configuration space (mechanism 1, ports
 * 0xCF8/0xCFC). PCI Local Bus Specification 3.0, chapter 6.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "lib/list.h"
#include "types.h"

struct pci_device {
	struct list_head node; /* in order of bus, device, function; constant after pci_init() */
	u8 bus, devfn;         /* device << 3 | function */
	u16 vendor, device, subsystem;
	u32 class; /* class, subclass, interface: 24 bits */
	u8 irq;    /* the line that the firmware routed; 0xff: none */
};

u8 pci_read8(const struct pci_device *dev, unsigned reg);
u16 pci_read16(const struct pci_device *dev, unsigned reg);
u32 pci_read32(const struct pci_device *dev, unsigned reg);
void pci_write16(const struct pci_device *dev, unsigned reg, u16 value);

/* The I/O ports of base address register @bar: the first, or 0 if it is memory or absent. */
u16 pci_io_base(const struct pci_device *dev, unsigned bar);
/* Let the device decode its addresses and read and write memory by itself. */
void pci_enable(const struct pci_device *dev);
void pci_for_each(void (*fn)(struct pci_device *dev, void *arg), void *arg);

/* Boot: find the functions; nothing where there is no PCI. */
void pci_init(void);

#endif
