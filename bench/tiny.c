/* The smallest program: what vfork-exec starts. No C library. */
_Noreturn void _start(void);

void _start(void)
{
	for (;;)
		__asm__ volatile("int $0x80" : : "a"(1), "b"(0));
}
