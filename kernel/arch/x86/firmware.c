/*
 * ACPI tables, as much as a kernel without an AML interpreter can use: CPUs and interrupt
 * controllers (MADT), the power-management ports (FADT), and the two numbers of \_S5_ in the DSDT,
 * which are found by their byte pattern. ACPI 6.4, sections 5.2 and 7.4.2.
 *
 * Tables may lie anywhere below 4 GB; they are read through a small fixmap window, piece by piece.
 * Nothing in them is trusted: lengths are checked, and what does not fit is left out.
 */
#include "apic.h"
#include "paging.h"
#include "arch/log.h"
#include "lib/string.h"

#define TABLE_MAX (1u << 20)
#define WINDOW_SIZE (FIX_EARLY_PAGES * PAGE_SIZE)
#define NAME_S5 "_S5_"

#define MADT_LOCAL_APIC 0
#define MADT_IO_APIC 1
#define MADT_OVERRIDE 2
#define MADT_LOCAL_APIC_ADDRESS 5
#define MADT_ENABLED 1

struct table_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
} __packed;

struct machine_info machine;

/* Copy physical memory from anywhere below 4 GB. */
static void read_physical(void *to, u32 from, u32 n)
{
	while (n) {
		u32 offset = from & (u32)~PAGE_MASK, part = MIN(n, (u32)PAGE_SIZE - offset);
		char *page = fixmap_set(FIX_EARLY, from & PAGE_MASK, PGPROT_KERNEL_RO);

		memcpy(to, page + offset, part);
		fixmap_clear(FIX_EARLY);
		to = (char *)to + part;
		from += part;
		n -= part;
	}
}

static u32 find_rsdp_in(u32 start, u32 end)
{
	for (u32 at = start; at + sizeof(struct rsdp) <= end; at += 16) {
		const u8 *bytes = lowmem_ptr(at);
		u8 sum = 0;

		if (memcmp(bytes, "RSD PTR ", 8) != 0)
			continue;
		for (unsigned i = 0; i < sizeof(struct rsdp); i++)
			sum += bytes[i];
		if (!sum)
			return at;
	}
	return 0;
}

static u32 find_rsdt(void)
{
	u32 ebda = (u32) * (volatile u16 *)lowmem_ptr(0x40e) << 4, at = 0;
	struct rsdp rsdp;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		at = find_rsdp_in(ebda, MIN(ebda + 1024, 0xa0000u));
	if (!at)
		at = find_rsdp_in(0xe0000, 0x100000);
	if (!at)
		return 0;
	memcpy(&rsdp, lowmem_ptr(at), sizeof(rsdp));
	return rsdp.rsdt;
}

typedef void (*madt_fn)(const u8 *entry);

static void add_cpu(u8 apic_id)
{
	if (machine.cpus < CONFIG_NR_CPUS)
		machine.cpu_apic_id[machine.cpus++] = apic_id;
	else
		machine.cpus_left_out++;
}

static u32 get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void add_override(u8 source, u32 gsi, u16 flags)
{
	if (source >= ISA_IRQS || gsi >= IRQ_LINES)
		return;
	machine.isa[source] = (struct isa_override){
		.gsi = (u8)gsi,
		.active_low = (flags & 3) == 3,
		.level = (flags >> 2 & 3) == 3,
		.set = true,
	};
}

static void madt_entry(const u8 *e, u8 length)
{
	if (e[0] == MADT_LOCAL_APIC && length >= 8 && (get32(e + 4) & MADT_ENABLED))
		add_cpu(e[3]);
	else if (e[0] == MADT_IO_APIC && length >= 12 && machine.io_apics < FIX_IO_APIC_MAX)
		machine.io_apic[machine.io_apics++] =
			(struct io_apic_info){get32(e + 4), get32(e + 8)};
	else if (e[0] == MADT_OVERRIDE && length >= 10)
		add_override(e[3], get32(e + 4), (u16)(e[8] | e[9] << 8));
	else if (e[0] == MADT_LOCAL_APIC_ADDRESS && length >= 12 && !get32(e + 8))
		machine.local_apic = get32(e + 4);
}

static void read_madt(u32 at, u32 length)
{
	u8 entry[256];

	read_physical(&machine.local_apic, at + sizeof(struct table_header), sizeof(u32));
	for (u32 offset = sizeof(struct table_header) + 8; offset + 2 <= length;
	     offset += entry[1]) {
		read_physical(entry, at + offset, 2);
		if (entry[1] < 2 || offset + entry[1] > length)
			break;
		read_physical(entry, at + offset, entry[1]);
		madt_entry(entry, entry[1]);
	}
	machine.apic_found = machine.cpus && machine.io_apics;
}

/*
 * The two numbers of the package behind the name _S5_: 0x12 length count, then 0x0a byte
 * or 0 or 1 each.
 */
static bool parse_s5(const u8 *p)
{
	unsigned value[2];

	p += 4;
	if (*p++ != 0x12)
		return false;
	p += (*p >> 6) + 2; /* the package's length, and the number of its elements */
	for (unsigned i = 0; i < 2; i++) {
		if (*p == 0x0a)
			p++;
		else if (*p > 1)
			return false;
		value[i] = *p++;
	}
	machine.sleep_type_a = value[0] & 7;
	machine.sleep_type_b = value[1] & 7;
	return true;
}

static void find_s5(u32 at, u32 length)
{
	u8 window[512];
	const u32 overlap = 32;

	for (u32 offset = sizeof(struct table_header); offset < length;
	     offset += sizeof(window) - overlap) {
		u32 n = MIN(length - offset, (u32)sizeof(window));

		memset(window, 0, sizeof(window));
		read_physical(window, at + offset, n);
		for (u32 i = 0; i + overlap <= sizeof(window); i++) {
			if (memcmp(window + i, NAME_S5, 4) == 0 && parse_s5(window + i)) {
				machine.can_sleep = true;
				return;
			}
		}
	}
}

static u16 io_port(u32 value)
{
	return value < 0x10000 ? (u16)value : 0;
}

static void read_fadt(u32 at, u32 length)
{
	u8 fadt[132];
	u32 dsdt;
	struct table_header header;

	memset(fadt, 0, sizeof(fadt));
	read_physical(fadt, at, MIN(length, (u32)sizeof(fadt)));
	dsdt = get32(fadt + 40);
	machine.smi_port = io_port(get32(fadt + 48));
	machine.acpi_enable = fadt[52];
	machine.pm1a_control = io_port(get32(fadt + 64));
	machine.pm1b_control = io_port(get32(fadt + 68));
	if (fadt[91] == 4)
		machine.pm_timer_port = io_port(get32(fadt + 76));
	machine.pm_timer_32bit = get32(fadt + 112) & (1 << 8);
	/* The reset register: supported, in I/O space, 8 bits wide. */
	if ((get32(fadt + 112) & (1 << 10)) && fadt[116] == 1 && fadt[117] == 8) {
		machine.reset_port = io_port(get32(fadt + 120));
		machine.reset_value = fadt[128];
	}
	read_physical(&header, dsdt, sizeof(header));
	if (dsdt && memcmp(header.signature, "DSDT", 4) == 0 && header.length < TABLE_MAX)
		find_s5(dsdt, header.length);
}

static void read_table(u32 at)
{
	struct table_header header;

	read_physical(&header, at, sizeof(header));
	if (header.length < sizeof(header) || header.length > TABLE_MAX)
		return;
	if (memcmp(header.signature, "APIC", 4) == 0 && !machine.apic_found)
		read_madt(at, header.length);
	else if (memcmp(header.signature, "FACP", 4) == 0)
		read_fadt(at, header.length);
}

static bool read_acpi(void)
{
	struct table_header header;
	u32 rsdt = find_rsdt();

	if (!rsdt)
		return false;
	read_physical(&header, rsdt, sizeof(header));
	if (memcmp(header.signature, "RSDT", 4) != 0 || header.length > TABLE_MAX)
		return false;
	for (u32 at = sizeof(header); at + sizeof(u32) <= header.length; at += sizeof(u32)) {
		u32 table;

		read_physical(&table, rsdt + at, sizeof(table));
		if (table)
			read_table(table);
	}
	return true;
}

void firmware_probe(void)
{
	bool acpi = read_acpi();

	if (!machine.apic_found)
		machine.apic_found = mptable_probe();
	pr_debug("firmware: ACPI %s, %u CPUs, %u IO-APICs\n", acpi ? "found" : "absent",
		 machine.cpus, machine.io_apics);
	if (machine.cpus_left_out)
		pr_warn("%u CPUs are not used: CONFIG_NR_CPUS is %u\n", machine.cpus_left_out,
			CONFIG_NR_CPUS);
}
