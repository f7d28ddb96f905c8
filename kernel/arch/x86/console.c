/*
 * The early console: COM1, polled, from the boot stub on and in any context. If no UART answers it
 * is silent; a transmitter that never becomes ready costs a bounded wait once.
 */
#include "arch/port.h"
#include <linux/serial_reg.h>
#include <machine/io.h>

#define COM1 0x3f8
#define SPIN_LIMIT 200000
#define DIVISOR_115200 1

static enum { UNKNOWN, PRESENT, ABSENT } state;

static bool uart_answers(void)
{
	outb(COM1 + UART_SCR, 0x5a);
	if (inb(COM1 + UART_SCR) != 0x5a)
		return false;
	return inb(COM1 + UART_LSR) != 0xff;
}

static void uart_setup(void)
{
	state = uart_answers() ? PRESENT : ABSENT;
	if (state == ABSENT)
		return;
	/* With `quiet` the first message may come after the serial driver has the port. */
	if (inb(COM1 + UART_IER))
		return;
	outb(COM1 + UART_IER, 0);
	outb(COM1 + UART_LCR, UART_LCR_DLAB);
	outb(COM1 + UART_DLL, DIVISOR_115200);
	outb(COM1 + UART_DLM, 0);
	outb(COM1 + UART_LCR, UART_LCR_WLEN8);
	outb(COM1 + UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	outb(COM1 + UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
}

static void put(char c)
{
	for (unsigned i = 0; !(inb(COM1 + UART_LSR) & UART_LSR_THRE); i++) {
		if (i == SPIN_LIMIT) {
			state = ABSENT;
			return;
		}
		cpu_relax();
	}
	outb(COM1 + UART_TX, (u8)c);
}

void arch_early_console(const char *s, size_t n)
{
	if (state == UNKNOWN)
		uart_setup();
	for (size_t i = 0; i < n && state == PRESENT; i++) {
		if (s[i] == '\n')
			put('\r');
		put(s[i]);
	}
}
