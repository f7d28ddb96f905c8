/*
 * ioports - ioperm(2) and iopl(2): which ports a program may use, for whom that holds, and that
 * nothing else of I/O privilege comes with it: the interrupt flag is out of reach.
 */
#include "t.h"
#include <pthread.h>
#include <sys/io.h>

#define FREE 0x80 /* the POST code: a port that hurts nobody */

static void touch_byte(void *port)
{
	(void)inb((unsigned short)(unsigned long)port);
}

static void touch_word(void *port)
{
	(void)inw((unsigned short)(unsigned long)port);
}

static bool may(unsigned port)
{
	return t_catch(touch_byte, (void *)(unsigned long)port).sig == 0;
}

static long allow(unsigned from, unsigned count, int on)
{
	return syscall(SYS_ioperm, from, count, on);
}

static long level(unsigned n)
{
	return syscall(SYS_iopl, n);
}

static void do_cli(void *arg)
{
	asm volatile("cli");
}

static void do_sti(void *arg)
{
	asm volatile("sti");
}

static int child_has_it(void *arg)
{
	need(may(FREE));
	need(allow(FREE, 1, 0) == 0);
	need(!may(FREE));
	need(allow(FREE + 2, 1, 1) == 0);
	return 0;
}

static int program_has_it(void *arg)
{
	execl("/proc/self/exe", "ioports", "after-exec", NULL);
	return 98;
}

static int no_privilege(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(may(FREE));
	need(allow(FREE, 1, 1) == -1 && errno == EPERM);
	need(allow(FREE, 1, 0) == 0);
	need(!may(FREE));
	need(level(1) == -1 && errno == EPERM);
	need(level(0) == 0);
	return 0;
}

static void *thread_tries(void *arg)
{
	*(bool *)arg = may(FREE);
	return NULL;
}

static void check_ioperm(void)
{
	pthread_t thread;
	bool in_thread = true, before;

	faulted(t_catch(touch_byte, (void *)FREE), SIGSEGV, SI_KERNEL, 0, "no port can be used");
	fails(allow(0, 65537, 1), EINVAL, "more ports than there are is EINVAL");
	fails(allow(65535, 2, 1), EINVAL, "so are ports beyond the last");
	fails(allow(0, 0, 1), EINVAL, "and no ports at all");
	works(allow(FREE, 1, 0), "to give up what one has not is nothing");
	works(allow(FREE, 1, 1), "ioperm allows one");
	ok(may(FREE), "it can be used");
	ok(!may(FREE - 1) && !may(FREE + 1), "its neighbours cannot");
	faulted(t_catch(touch_word, (void *)FREE), SIGSEGV, SI_KERNEL, 0,
		"nor two bytes of which one is allowed");
	before = may(FREE);
	t_must(pthread_create(&thread, NULL, thread_tries, &in_thread) == 0);
	pthread_join(thread, NULL);
	eq(in_thread, before, "a new thread has what its creator had");
	exits(child_has_it, NULL, 0, "a child has it too, and may change its own");
	ok(may(FREE) && !may(FREE + 2), "which changes nothing here");
	exits(program_has_it, NULL, 0, "a new program keeps it");
	exits(no_privilege, NULL, 0,
	      "who loses the privilege keeps the port, and can give it up but not take it again");
	works(allow(65535, 1, 1), "the last port can be allowed");
	ok(may(65535), "and used");
	works(allow(0x100, 0x300, 1) | allow(0x100, 0x300, 0),
	      "a range can be allowed and taken away");
	ok(!may(0x201), "and is gone");
	works(allow(FREE, 1, 0) | allow(65535, 1, 0), "all is given up");
	ok(!may(FREE), "nothing is left");
}

static int all_ports(void *arg)
{
	unsigned long flags;

	need(level(3) == 0);
	need(may(FREE) && may(0x61) && may(65535));
	asm volatile("pushfl; popl %0" : "=r"(flags));
	need((flags & 0x3000) == 0);
	asm volatile("pushfl; andl $~0x200, (%%esp); popfl; pushfl; popl %0" : "=r"(flags)::"cc");
	need(flags & 0x200);
	return 0;
}

static int cli_is_nothing(void *arg)
{
	unsigned long flags;

	need(t_catch(do_cli, NULL).sig == SIGSEGV);
	need(level(3) == 0);
	need(t_catch(do_cli, NULL).sig == 0);
	asm volatile("pushfl; popl %0" : "=r"(flags));
	need(flags & 0x200);
	need(t_catch(do_sti, NULL).sig == 0);
	return 0;
}

static int level_0_again(void *arg)
{
	need(allow(FREE, 1, 1) == 0);
	need(level(3) == 0 && level(3) == 0);
	need(may(0x61));
	need(level(0) == 0);
	need(!may(0x61) && may(FREE));
	need(level(2) == 0);
	need(!may(0x61));
	return 0;
}

static int keeps_all(void *arg)
{
	need(allow(FREE, 1, 0) == 0 && may(FREE)); /* ioperm takes nothing away from iopl */
	return 0;
}

static int inherited(void *arg)
{
	need(level(3) == 0);
	return t_child(keeps_all, NULL);
}

static int lowered(void *arg)
{
	need(level(3) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	need(may(0x61));
	need(level(3) == 0 && level(0) == 0);
	need(level(3) == -1 && errno == EPERM);
	return 0;
}

/* While a process with ports runs, others beside it have none. */
static int beside(void *arg)
{
	pid_t other = fork();

	if (other == 0) {
		for (unsigned i = 0; i < 300; i++) {
			if (!may(FREE + (unsigned)(unsigned long)arg))
				_exit(1);
			sched_yield();
		}
		_exit(0);
	}
	need(allow(FREE, 1, 0) == 0 && level(0) == 0);
	for (unsigned i = 0; i < 300; i++) {
		need(!may(FREE));
		sched_yield();
	}
	return t_wait(other) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return may(FREE) && !may(FREE + 1) ? 0 : 97;
	check_ioperm();
	fails(level(4), EINVAL, "iopl(4) is EINVAL");
	exits(all_ports, NULL, 0,
	      "iopl(3) gives all ports, not the flags' IOPL, and not the interrupt flag");
	exits(cli_is_nothing, NULL, 0, "cli and sti then do nothing");
	exits(level_0_again, NULL, 0, "iopl(0) and iopl(2) leave what ioperm gave");
	exits(inherited, NULL, 0, "a child has the level too");
	exits(lowered, NULL, 0, "without privilege it can only be lowered");
	t_must(allow(FREE, 1, 1) == 0);
	exits(beside, (void *)0, 0, "each process has its own, also when they alternate");
	t_must(level(3) == 0);
	exits(beside, (void *)1, 0, "so with iopl");
	return t_done();
}
