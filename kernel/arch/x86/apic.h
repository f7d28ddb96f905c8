/*
 * Interrupt controllers, firmware tables and timers, between the files of arch/x86.
 */
#ifndef X86_APIC_H
#define X86_APIC_H

#include "arch/port.h"

/*
 * Vectors: exceptions to 31; interrupt lines from 0x30; 0x80 is the system call; the
 * machine's own on top.
 */
#define IRQ_VECTOR_BASE 0x30
#define IRQ_LINES 64
#define VECTOR_TIMER 0xef
#define VECTOR_RESCHEDULE 0xf0
#define VECTOR_CALL 0xf1
#define VECTOR_SPURIOUS 0xff

#define ISA_IRQS 16
#define PIT_IRQ 0
#define RTC_IRQ 8
#define SCI_IRQ 9

/* What ACPI's MADT or the MP table says about the machine (firmware.c fills it in). */
struct isa_override {
	u8 gsi;
	bool active_low, level, set;
};
struct io_apic_info {
	u32 address, gsi_base;
};
struct machine_info {
	bool apic_found; /* there is a description of APICs */
	u32 local_apic;  /* physical address */
	u8 cpu_apic_id[CONFIG_NR_CPUS];
	unsigned cpus;          /* entries of cpu_apic_id; the boot CPU is among them */
	unsigned cpus_left_out; /* beyond CONFIG_NR_CPUS */
	struct io_apic_info io_apic[FIX_IO_APIC_MAX];
	unsigned io_apics;
	struct isa_override isa[ISA_IRQS];
	/* ACPI power management; 0: absent */
	u16 pm_timer_port;
	bool pm_timer_32bit;
	u16 pm1a_control, pm1b_control, smi_port;
	u8 acpi_enable;
	bool can_sleep;
	u8 sleep_type_a, sleep_type_b;
	u16 reset_port;
	u8 reset_value;
};
extern struct machine_info machine;
void firmware_probe(void);
/* mptable.c: false: there is none. */
bool mptable_probe(void);

/* An interrupt controller, for the lines that it serves. */
struct irq_chip {
	const char *name;
	void (*unmask)(unsigned irq, unsigned vector, bool level);
	void (*end)(unsigned irq);
};
extern const struct irq_chip pic_chip, io_apic_chip;
void pic_init(void); /* remapped behind the exceptions, everything masked */
bool pic_is_spurious(unsigned irq);
void io_apic_init(void);
bool io_apic_has(unsigned irq);

/* irq.c */
void irq_init(const struct irq_chip *chip);
bool apic_in_use(void);
struct regs *irq_regs(void); /* what the innermost interrupt of this CPU interrupted */

/* Local APIC */
void local_apic_init(void); /* of the CPU that runs this */
void local_apic_end(void);
u8 local_apic_id(void);
void local_apic_send(u8 apic_id, u32 command);
void local_apic_timer_start(u32 count);
u32 local_apic_timer_count(void);
void local_apic_timer_count_mode(void);
void local_apic_timer_deadline_mode(void);
#define APIC_COMMAND_INIT 0x4500
#define APIC_COMMAND_STARTUP 0x4600
#define APIC_COMMAND_FIXED 0x4000

/* ipi.c */
void ipi_init(void);
void ipi_handle_calls(void);
extern u8 cpu_apic_id[CONFIG_NR_CPUS]; /* by our CPU number */

/* Time */
pfn_t vvar_pfn(void);
void time_start(u64 boot_cycles); /* the TSC at time 0 */
void time_init(void);             /* calibrate; clock_ns() runs afterwards */
void time_refine(void);           /* from the timer interrupt: a better calibration, once */
void machine_timer_init(void);    /* choose the timer device, CPU 0 */
void timer_init_cpu(void);        /* another CPU */
void machine_timer_interrupt(struct regs *regs);
u64 cycles_from_ns(u64 ns); /* ns <= 2^32 */
u32 timer_apic_khz(void);
u32 timer_tsc_khz(void);
u16 pit_read(void);
void pit_free_run(void);
void pit_one_shot(u16 count);
u64 rtc_read_seconds(void);
void delay_us(unsigned us); /* busy; start-up of other CPUs only */
#define PIT_HZ 1193182

#endif
