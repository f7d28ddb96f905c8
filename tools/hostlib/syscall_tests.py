"""tests/fuzz/syscalls in virtual machines: random system calls, and then: does the kernel still stand, and what is left behind?"""
import os
import re

from . import build, debs, guest_tests

PROGRAM = os.path.join(build.OUT, "syscalls")
SHORT, LONG = 6, 30 * 60  # seconds in each machine
SETTLE = 240  # seconds more for the boot and the end, on a slow host
SMALL = "highmem=32M"
COMPLAINT = re.compile(r"WARN|BUG|Oops|Kernel panic|lock order|spinlock:|\block: |sleep: |Bad page|slab:|soft lockup|hung task|Call Trace")

KERNELS = {**guest_tests.KERNELS, "debug-2l": (f"{build.NAME}/debug-2l", ["CONFIG_DEBUG_KERNEL=y", "CONFIG_X86_PAE=n"])}
# A machine, and more words for the program.
FAILING = ["failalloc=60"]
MACHINES = [
    (guest_tests.Configuration("debug", "256M", 4, "musl"), []),
    (guest_tests.Configuration("2l", "64M", 1, "musl", SMALL), []),
    (guest_tests.Configuration("debug", "64M", 1, "musl", SMALL), FAILING),
]
LONG_MACHINES = [
    *((guest_tests.Configuration(kernel, mem, smp, "musl", append), [])
      for kernel in ("debug", "debug-2l")
      for smp in (1, 4)
      for mem, append in (("64M", SMALL), ("2G", ""))),
    *((guest_tests.Configuration("debug", "64M", smp, "musl", SMALL), FAILING) for smp in (1, 4)),
]
LINUX_MACHINES = [(guest_tests.Configuration("linux", "256M", 2, "musl"), [])]


def kernel_file(machine):
    if machine.kernel == "linux":
        return debs.linux_kernel()
    name, overrides = KERNELS[machine.kernel]
    return build.kernel(name, *overrides)


def log_checked(log):
    """TAP: the kernel log has no complaint."""
    try:
        with open(log, encoding="utf-8", errors="replace") as f:
            lines = [line.rstrip() for line in f if COMPLAINT.search(line)]
    except OSError as error:
        lines = [str(error)]
    verdict = "not ok" if lines else "ok"
    return ["1..1", f"{verdict} - the kernel log has no complaint", *(f"# {line}" for line in lines[:20])]


def command(machine, more, log, seconds):
    words = [os.path.join(build.TOP, "isthmus"), "run", "--timeout", str(seconds + SETTLE)]
    words += guest_tests.machine_words(machine, kernel_file(machine), log)
    options = [*more, *os.environ.get("FUZZ_OPTIONS", "").split()]
    return [*words, "--", PROGRAM, "run", f"seconds={seconds}", f"seed={os.environ.get('SEED', '1')}", *options]


def machines(choice):
    """(name, command, limit in seconds, kernel log) of each; the command prints TAP. SEED=N, SECONDS=N and FUZZ_OPTIONS="only=read..." of
    the environment go to the program."""
    chosen = LINUX_MACHINES if choice.on_linux else LONG_MACHINES if choice.long else MACHINES
    seconds = int(choice.minutes * 60) or int(os.environ.get("SECONDS", "0")) or (LONG if choice.long else SHORT)
    chosen = {"-".join([f"syscalls/{machine.name}", *more]): (machine, more) for machine, more in chosen}
    chosen = {name: both for name, both in chosen.items() if choice.selects(name)}
    if chosen:
        debs.musl()
        build.make("syscalls")
    for name, (machine, more) in chosen.items():
        log = os.path.join(build.OUT, f"log-{name.replace('/', '-')}.txt")
        yield name, command(machine, more, log, seconds), seconds + SETTLE + 60, log
