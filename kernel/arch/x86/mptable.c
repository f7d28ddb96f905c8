/*
 * The MP table (Intel MultiProcessor Specification 1.4, chapter 4), for machines without ACPI.
 */
#include "apic.h"
#include "lib/string.h"

#define ENTRY_CPU 0
#define ENTRY_BUS 1
#define ENTRY_IO_APIC 2
#define ENTRY_INTERRUPT 3
#define CPU_ENABLED 1
#define IO_APIC_ENABLED 1

struct floating_pointer {
	char signature[4];
	u32 config;
	u8 length, revision, checksum, features[5];
} __packed;

struct config_header {
	char signature[4];
	u16 length;
	u8 revision, checksum;
	char oem[8], product[12];
	u32 oem_table;
	u16 oem_size, entries;
	u32 local_apic;
	u16 extended_length;
	u8 extended_checksum, reserved;
} __packed;

static u32 find_pointer_in(u32 start, u32 end)
{
	for (u32 at = start; at + sizeof(struct floating_pointer) <= end; at += 16) {
		const u8 *bytes = lowmem_ptr(at);
		u8 sum = 0;

		if (memcmp(bytes, "_MP_", 4) != 0)
			continue;
		for (unsigned i = 0; i < sizeof(struct floating_pointer); i++)
			sum += bytes[i];
		if (!sum)
			return ((const struct floating_pointer *)bytes)->config;
	}
	return 0;
}

static u32 get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void read_cpu(const u8 *e)
{
	if (!(e[3] & CPU_ENABLED))
		return;
	if (machine.cpus < CONFIG_NR_CPUS)
		machine.cpu_apic_id[machine.cpus++] = e[1];
	else
		machine.cpus_left_out++;
}

static void read_io_apic(const u8 *e, u32 *gsi_base)
{
	if (!(e[3] & IO_APIC_ENABLED) || machine.io_apics == FIX_IO_APIC_MAX)
		return;
	machine.io_apic[machine.io_apics++] = (struct io_apic_info){get32(e + 4), *gsi_base};
	*gsi_base += 24;
}

/* An ISA interrupt that arrives at another pin than its own number. */
static void read_interrupt(const u8 *e, u8 isa_bus)
{
	u8 source = e[5], pin = e[7];

	if (e[1] != 0 || e[4] != isa_bus || source >= ISA_IRQS)
		return;
	machine.isa[source] = (struct isa_override){
		.gsi = pin,
		.active_low = (e[2] & 3) == 3,
		.level = (e[2] >> 2 & 3) == 3,
		.set = true,
	};
}

static void read_entries(const u8 *e, const u8 *end, unsigned entries)
{
	u32 gsi_base = 0;
	u8 isa_bus = 0xff;

	while (entries-- && e + 8 <= end) {
		if (e[0] == ENTRY_CPU)
			read_cpu(e);
		else if (e[0] == ENTRY_BUS && memcmp(e + 2, "ISA", 3) == 0)
			isa_bus = e[1];
		else if (e[0] == ENTRY_IO_APIC)
			read_io_apic(e, &gsi_base);
		else if (e[0] == ENTRY_INTERRUPT)
			read_interrupt(e, isa_bus);
		e += e[0] == ENTRY_CPU ? 20 : 8;
	}
}

bool mptable_probe(void)
{
	u32 ebda = (u32) * (volatile u16 *)lowmem_ptr(0x40e) << 4, at = 0;
	const struct config_header *config;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		at = find_pointer_in(ebda, MIN(ebda + 1024, 0xa0000u));
	if (!at)
		at = find_pointer_in(0x9fc00, 0xa0000);
	if (!at)
		at = find_pointer_in(0xf0000, 0x100000);
	if (!at || at >= 0x100000 - sizeof(*config))
		return false;
	config = lowmem_ptr(at);
	if (memcmp(config->signature, "PCMP", 4) != 0)
		return false;
	machine.local_apic = config->local_apic;
	read_entries((const u8 *)(config + 1), (const u8 *)config + config->length,
		     config->entries);
	return machine.cpus && machine.io_apics;
}
