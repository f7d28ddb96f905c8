"""Page-table isolation seen from outside, by QEMU's own walk of the tables: what is mapped while the CPU is in user mode; an NMI
before each instruction of the entry code (each third; all with ISTHMUS_LONG=1); a double fault on user mode's tables."""
import os
import re
import subprocess
import sys

from _gdb import Gdb, port_is_free
from _terminal import done, ok, run_words

TOP = os.environ["TOP"]
USER_VIEW = 0x20  # in CR3, with PAE
FROM_USER_VIEW = 0x10000  # in the saved cs
SAVED_IP, SAVED_CS = 44, 48  # in struct regs
ESP = 7  # gdb's number of it, for 64-bit CPUs
GENERAL = ["EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "EBP", "ESP", "EFL", "EIP", "CR3"]

PROGRAM = r"""
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
static void on_usr1(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_CS] = 0x7b;
}
static void on_ill(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_CS] = 0x73;
}
static void on_trap(int sig, siginfo_t *info, void *context)
{
}
static void handle(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};
	act.sa_sigaction = fn;
	sigaction(sig, &act, 0);
}
static unsigned long answer(unsigned long gate)
{
	unsigned long a = SYS_getppid, b = 0x1111, c = 0x2222, d = 0x3333, si = 0x4444, di = 0x5555;
	if (gate)
		asm volatile("call *%6" : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(si), "+D"(di) : "m"(gate) : "memory");
	else
		asm volatile("int $0x80" : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(si), "+D"(di) :: "memory");
	if (b != 0x1111 || c != 0x2222 || d != 0x3333 || si != 0x4444 || di != 0x5555)
		abort();
	return a;
}
int main(void)
{
	unsigned long gate = getauxval(AT_SYSINFO), parent = getppid();
	int fd[2];

	pipe(fd);
	handle(SIGUSR1, on_usr1);
	handle(SIGILL, on_ill);
	handle(SIGTRAP, on_trap);
	for (;;) {
		char *p = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (answer(gate) != parent || answer(0) != parent)
			abort();
		asm volatile("int3");
		write(fd[1], "x", 1);
		read(fd[0], p, 1);
		*p = 1;
		munmap(p, 4096);
		raise(SIGUSR1);
	}
}
"""


def entry_instructions(kernel):
    """The addresses of the instructions in entry_pti.S, and of some symbols."""
    names = subprocess.run(["i686-linux-gnu-nm", kernel], capture_output=True, text=True, check=True).stdout
    symbols = {words[2]: int(words[0], 16) for words in map(str.split, names.splitlines())}
    start, end = symbols["pti_int80"], symbols["__entry_text_end"]
    code = subprocess.run(
        ["i686-linux-gnu-objdump", "-d", f"--start-address={start}", f"--stop-address={end}", kernel],
        capture_output=True, text=True, check=True,
    ).stdout
    found = [(int(at, 16), text) for at, text in re.findall(r"^([0-9a-f]{8}):\t[0-9a-f ]+\t(\S.*)$", code, re.MULTILINE)]
    last = max(i for i, (_, text) in enumerate(found) if text.startswith("sysexit"))
    return [at for at, _ in found[: last + 1]], symbols


def kernel_ranges(gdb, page_offset):
    """What QEMU finds mapped from page_offset on: (start, end, flags)."""
    said = gdb.monitor("info mem")
    ranges = [(int(a, 16), int(b, 16), flags) for a, b, flags in re.findall(r"([0-9a-f]{8,16})-([0-9a-f]{8,16}) [0-9a-f]+ (\S+)", said)]
    return [r for r in ranges if r[1] > page_offset]


def in_user_mode(gdb):
    """Stop it in user mode."""
    for _ in range(200):
        gdb.go()
        if not gdb.wait(0.02):
            gdb.halt()
        if gdb.registers()["CPL"] == 3:
            return True
    return False


def check_mapped(gdb, symbols):
    ok("in user mode CR3 names the tables of user mode", gdb.registers()["CR3"] & USER_VIEW)
    ranges = kernel_ranges(gdb, 0xC0000000)
    start, end = symbols["__entry_text_start"], symbols["__entry_text_end"]
    text = [r for r in ranges if r[0] == start and r[1] == end]
    rest = [r for r in ranges if r not in text]
    ok("where QEMU finds the entry text mapped", len(text) == 1)
    ok("and of the rest of the kernel only the entry area", rest and all(0xFF400000 <= a and b <= 0xFFC00000 for a, b, _ in rest))
    ok("none of it for user mode", all(flags[0] == "-" for _, _, flags in ranges))


def nmi_at(gdb, at, saved):
    """An NMI before the instruction there: None: the place is not reached; else what is wrong, or ""."""
    if not gdb.go_to(at, 0.4):
        return None
    before = gdb.registers()
    gdb.monitor("nmi")
    if not gdb.go_to(saved, 10):
        return "no NMI came"
    inside = gdb.registers()
    if gdb.word(inside["ESP"] + SAVED_IP) != at:
        return "something else than the NMI came"
    if inside["CR3"] & USER_VIEW:
        return "the handler runs on the tables of user mode"
    if bool(gdb.word(inside["ESP"] + SAVED_CS) & FROM_USER_VIEW) != bool(before["CR3"] & USER_VIEW):
        return "the tables of before are not remembered"
    # The handler's own way out may lead past the same place.
    for _ in range(3):
        if not gdb.go_to(at, 10):
            return "it does not come back"
        after = gdb.registers()
        if after["ESP"] == before["ESP"]:
            break
        gdb.step()
    return " ".join(f"{r}: {before[r]:x}, then {after[r]:x}" for r in GENERAL if before[r] != after[r])


def check_nmis(gdb, addresses, saved):
    reached, wrong = 0, []
    for at in addresses:
        said = nmi_at(gdb, at, saved)
        if said is None:
            continue
        reached += 1
        if said:
            wrong.append(f"{at:x}: {said}")
    for line in wrong:
        print(f"# {line}")
    print(f"# {reached} of {len(addresses)} instructions of entry_pti.S were reached")
    ok("most of the entry code is reached", reached > len(addresses) * 0.8)
    ok("an NMI at any instruction of it comes back to what was there", not wrong)


def check_double_fault(gdb, symbols):
    """The stack pointer is lost right behind the gate, on the tables of user mode."""
    gdb.go_to(symbols["pti_int80"], 10)
    on_user_view = gdb.registers()["CR3"] & USER_VIEW
    gdb.set_register(ESP, 0x1000)
    there = gdb.go_to(symbols["trap_double_fault"], 10)
    ok("a double fault on the tables of user mode arrives, on those of the kernel",
       on_user_view and there and not gdb.registers()["CR3"] & USER_VIEW)


if not port_is_free():
    print("ok 1 - page-table isolation from outside # SKIP port 1234 is taken")
    print("1..1")
    sys.exit(0)
with open("spin.c", "w", encoding="utf-8") as f:
    f.write(PROGRAM)
subprocess.run(["i686-linux-gnu-gcc", "-D_GNU_SOURCE", "-O1", "-static", "-w", "-o", "spin", "spin.c"], check=True)
KERNEL = os.path.join(os.environ.get("O", os.path.join(TOP, "build")), "isthmus.elf")
PLACES, SYMBOLS = entry_instructions(KERNEL)
gdb = Gdb(run_words("--gdb", "--append", "pti=on", "--timeout", "300", "--log", "log", "--", "./spin"))
ok("the program starts", gdb.go_to(SYMBOLS["pti_bad_iret"], 60))
ok("it is stopped in user mode", in_user_mode(gdb))
check_mapped(gdb, SYMBOLS)
check_nmis(gdb, PLACES if os.environ.get("ISTHMUS_LONG") else PLACES[::3], SYMBOLS["exception_saved"])
check_double_fault(gdb, SYMBOLS)
gdb.close()
done()
