"""tests/guest in virtual machines: one boot a configuration, all its tests in that boot.

A test that takes the machine down fails; the machine is started again for the tests behind it.
"""
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time

from . import build, child, debs
from .options import memory
from .tap import Result

FOLDER = os.path.join(build.TOP, "tests/guest")
NEEDS = re.compile(r"^(?://|\s*\*|/\*)\s*needs:\s*(.*)$", re.MULTILINE)
TEST_LIMIT = 200  # seconds for one test program; the tests have alarms of their own below it
LONG_TEST_LIMIT = 600
SILENCE_MORE = 60
BOOT_LIMIT = 120


class Needs:
    """The `// needs: mem=2G smp=4 append=vmsplit=2G only=isthmus` of a test's head comment."""

    def __init__(self, name):
        self.name, self.mem, self.smp, self.append, self.only = name, 0, 1, "", ""
        with open(os.path.join(FOLDER, f"{name}.c"), encoding="utf-8") as f:
            head = f.read(3000)
        for words in NEEDS.findall(head):
            for word in words.split():
                key, _, value = word.partition("=")
                if key == "mem":
                    self.mem = memory(value)
                elif key == "smp":
                    self.smp = int(value)
                elif key == "append":
                    self.append = f"{self.append} {value}".strip()
                elif key == "only":
                    self.only = value

    def fits(self, machine, on_linux):
        if self.only and self.only != ("linux" if on_linux else "isthmus"):
            return False
        if machine.tests is not None and self.name not in machine.tests:
            return False
        append = machine.append if self.append or not machine.for_all else ""
        return self.mem <= memory(machine.mem) and self.smp <= machine.smp and self.append == append


class Configuration:
    """A machine. for_all: tests that ask for no kernel command line run on it too; of all tests, only those in tests (None: all)."""

    def __init__(self, kernel, mem, smp, libc, append="", for_all=True, tests=None):
        self.kernel, self.mem, self.smp, self.libc, self.append = kernel, mem, smp, libc, append
        self.for_all, self.tests = for_all, tests
        self.name = f"{kernel}-{mem}-{smp}cpu" + (f"-{append.replace(' ', '-')}" if append else "")


KERNELS = {
    "pae": (build.NAME, []),
    "2l": (f"{build.NAME}/2l", ["CONFIG_X86_PAE=n"]),
    "debug": (f"{build.NAME}/debug", ["CONFIG_DEBUG_KERNEL=y"]),
}

# What page-table isolation may get wrong: ways into the kernel and back, and changes of page tables.
PTI_TESTS = [
    "cow", "execve", "fault_signals", "fork_mm", "kernel_wall", "mmap_basic", "page_tables", "pti", "ptrace", "signal_state", "signals",
    "hw_breakpoints", "ioports", "segments", "syscall_basic", "thp", "threads", "vdso",
]

# Each kernel, both sizes, both CPU counts, both C libraries in few boots.
MATRIX = [
    Configuration("pae", "2G", 4, "glibc"),
    Configuration("2l", "64M", 1, "musl"),
    Configuration("2l", "2G", 1, "glibc"),
    Configuration("debug", "64M", 4, "musl"),
    Configuration("pae", "256M", 4, "musl", "pti=on", tests=PTI_TESTS),
    Configuration("2l", "256M", 1, "musl", "pti=on", tests=PTI_TESTS),
]
LONG_MATRIX = [
    Configuration(kernel, mem, smp, libc)
    for kernel in KERNELS
    for mem, libc in (("64M", "musl"), ("2G", "glibc"))
    for smp in (1, 4)
] + [
    Configuration(kernel, "2G", smp, "musl", "pti=on") for kernel in ("pae", "2l") for smp in (1, 4)
] + [
    Configuration(kernel, "256M", 1, "musl", f"pti=on vmsplit={split}", tests=PTI_TESTS)
    for kernel in ("pae", "2l")
    for split in ("3G_OPT", "2G", "2G_OPT", "1G")
]

# What a split could break: the two ends of user space, the tables in between, and what the kernel tells of them.
SPLIT_SUITE = ("split_fill", "split_layout", "meminfo", "page_tables", "kernel_wall", "fork_mm", "mmap_basic", "fault_signals", "vdso")
SPLITS = ["3G", "3G_OPT", "2G", "2G_OPT", "1G"]
SMALL, LARGE = ("64M", "highmem=32M"), ("2G", "")


def split_configuration(kernel, split, pti, smp, size):
    mem, high = size
    return Configuration(kernel, mem, smp, "musl", f"vmsplit={split} pti={pti} {high}".strip(), tests=SPLIT_SUITE)


# Every value of each column.
SPLIT_MATRIX = [
    split_configuration("pae", "3G_OPT", "off", 4, LARGE),
    split_configuration("pae", "2G_OPT", "on", 1, SMALL),
    split_configuration("pae", "1G", "off", 1, LARGE),
    split_configuration("2l", "2G", "on", 1, SMALL),
    split_configuration("2l", "3G", "on", 4, SMALL),
]
LONG_SPLIT_MATRIX = [
    split_configuration(kernel, split, pti, smp, size)
    for kernel in ("pae", "2l")
    for split in SPLITS
    for pti in ("on", "off")
    for smp in (1, 4)
    for size in (SMALL, LARGE)
]
LINUX_MATRIX = [Configuration("linux", "2G", 2, "glibc"), Configuration("linux", "256M", 1, "musl")]


def configurations(needs, long, on_linux):
    """The matrix, and a machine more for each kernel command line that a test asks for."""
    matrix = LINUX_MATRIX if on_linux else LONG_MATRIX if long else MATRIX
    kernels = ["linux"] if on_linux else list(KERNELS) if long else ["pae"]
    asked = {}
    for test in needs:
        if test.append:
            mem, smp = asked.get(test.append, ("64M", 1))
            mem = mem if memory(mem) >= test.mem else f"{test.mem >> 20}M"
            asked[test.append] = mem, max(smp, test.smp)
    extra = [Configuration(k, mem, smp, "musl", append, for_all=False) for k in kernels for append, (mem, smp) in asked.items()]
    splits = [] if on_linux else LONG_SPLIT_MATRIX if long else SPLIT_MATRIX
    return matrix + extra + splits


def kernel_file(configuration):
    if configuration.kernel == "linux":
        return debs.linux_kernel()
    name, overrides = KERNELS[configuration.kernel]
    return build.kernel(name, *overrides)


class Boot:
    """One `isthmus run` with these options and program. lines() yields its output until it ends, or is silent for too long."""

    def __init__(self, words, silence=TEST_LIMIT + SILENCE_MORE):
        self.silence = silence
        words = [os.path.join(build.TOP, "isthmus"), "run", *words]
        self.errors = tempfile.TemporaryFile()
        self.process = child.start(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors)

    def lines(self):
        fd, rest, limit = self.process.stdout.fileno(), b"", BOOT_LIMIT
        with selectors.DefaultSelector() as ready:
            ready.register(fd, selectors.EVENT_READ)
            while True:
                if not ready.select(limit):
                    return
                data = os.read(fd, 65536)
                if not data:
                    return
                limit = self.silence
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    yield line.decode(errors="replace").rstrip("\r")

    def end(self):
        """What ./isthmus said, if anything."""
        silent = self.process.poll() is None
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            child.end(self.process)
        self.errors.seek(0)
        said = [line for line in self.errors.read().decode(errors="replace").splitlines() if line.startswith("isthmus:")]
        return said[-1].removeprefix("isthmus: ") if said else "the machine said nothing for too long" if silent else ""


def machine_words(configuration, kernel, log):
    words = ["--kernel", kernel, "--log", log, "-m", configuration.mem, "--smp", str(configuration.smp)]
    return words + (["--append", configuration.append] if configuration.append else [])


def driver_words(configuration, names, long):
    folder = "guest" if configuration.libc == "musl" else "guest-glibc"
    words = ["-e", "T_LONG=1"] if long else []
    for name in names:
        words += ["-v", f"{os.path.join(build.OUT, folder, name)}:/tests/{name}"]
    return [*words, "--", os.path.join(build.OUT, "user/driver"), str(test_limit(long)), "/tests", *names]


def test_limit(long):
    return LONG_TEST_LIMIT if long else TEST_LIMIT


def log_size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def log_since(path, start=0):
    """The last lines of the kernel log that were written after position start."""
    try:
        with open(path, "rb") as f:
            f.seek(start)
            return f.read()[-4000:].decode(errors="replace").splitlines()[-30:]
    except OSError:
        return []


def run_boot(configuration, kernel, names, tally, long):
    """Run what can be run in one boot; the names that are left, without the one that ended it."""
    log = os.path.join(build.OUT, f"log-{configuration.name}.txt")
    words = machine_words(configuration, kernel, log) + driver_words(configuration, names, long)
    boot = Boot(words, test_limit(long) + SILENCE_MORE)
    current, begun, log_begun, left = None, 0.0, 0, list(names)

    def ended(status, what=""):
        current.end(status, what)
        kernel_lines = log_since(log, log_begun)
        context = [line for line in current.output if line.strip()][-10:]
        context += ["-- kernel log:", *kernel_lines] if kernel_lines else []
        tally.add(current, time.monotonic() - begun, context if current.failures else ())

    for line in boot.lines():
        words = line.split()
        if words[:2] == ["#=", "start"]:
            current, begun = Result(f"guest/{configuration.name}/{words[2]}"), time.monotonic()
            log_begun = log_size(log)
        elif words[:2] == ["#=", "end"] and current:
            ended(int(words[3]))
            left.remove(words[2])
            current = None
        elif current:
            current.line(line)
    said = boot.end()
    if current:
        ended(0, said or "the machine ended")
        left.pop(0)
    elif left:
        result = Result(f"guest/{configuration.name}/boot")
        result.end(0, said or "the machine ended")
        tally.add(result, 0, log_since(log))
        left.clear()
    return left


def built(names, configuration):
    """The tests that compiled."""
    folder = "guest" if configuration.libc == "musl" else "guest-glibc"
    return [name for name in names if os.path.exists(os.path.join(build.OUT, folder, name))]


def run(tally, selected, long, on_linux):
    names = sorted(f[:-2] for f in os.listdir(FOLDER) if f.endswith(".c"))
    needs = [Needs(name) for name in names if selected(name)]
    if not needs:
        return
    debs.musl()
    build.make("guest", keep_going=True)
    for configuration in configurations(needs, long, on_linux):
        wanted = [test.name for test in needs if test.fits(configuration, on_linux)]
        names = built(wanted, configuration)
        for name in sorted(set(wanted) - set(names)):
            tally.one(f"guest/{configuration.name}/{name} (does not compile)", False, 0)
        if not names:
            continue
        try:
            kernel = kernel_file(configuration)
        except Exception as error:  # the other kernels may build
            tally.one(f"guest/{configuration.name} ({error})", False, 0)
            continue
        print(f"-- {configuration.name}: {len(names)} tests", file=sys.stderr)
        while names:
            names = run_boot(configuration, kernel, names, tally, long)
