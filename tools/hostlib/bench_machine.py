"""Boots the benchmark (bench/) on a kernel and collects its lines.

With icount the whole machine is deterministic: guest time counts instructions, one CPU, no randomness, a clock that begins at a
fixed date, no input. So a result belongs to the bytes that went in, and is kept: the same kernel, program, rows and options
give the same figures without another boot.
"""
import hashlib
import json
import os
import selectors
import struct
import subprocess
import sys
import tempfile
import time

from . import build, child, debs, machine
from .cpio import Archive
from .failure import Failure

SILENCE_LIMIT = 400  # seconds: the longest row on a busy host, and Linux's boot
KEPT = "bench/kept"
KEPT_MOST = 100

SYSTEMS = {"isthmus": "Isthmus", "linux": "Linux"}


class Result:
    """figures: row -> number, what was measured; system, isolation: as the guest says; info: row -> (unit, text)."""

    def __init__(self):
        self.figures, self.failed, self.info, self.system, self.isolation, self.log, self.experiment = {}, {}, {}, "", "", [], []
        self.costs = {}

    def take(self, line):
        """One line of the console's. True at the end."""
        fields = line.split("\t")
        if fields[0] != "BENCH":
            self.log.append(line)
            return False
        kind, rest = fields[1], fields[2:]
        if kind == "row":
            self.figures[rest[0]] = float(rest[1])
        elif kind == "info":
            self.info[rest[0]] = rest[1], rest[2]
        elif kind == "none":
            self.failed[rest[0]] = self.failed.get("", f"ended with status {rest[1]}")
        elif kind == "skip":
            self.failed[""] = rest[0]
        elif kind in ("kmap", "cpus"):
            self.experiment.append(rest[0].split())
        elif kind == "cost":
            self.costs[rest[0]] = int(rest[1])
        elif kind == "system":
            self.system, self.isolation = rest
        return kind == "end"


def kernel_of(system):
    return debs.linux_kernel() if system == "linux" else build.kernel()


def kernel_size(path):
    """Bytes of the file without symbols and debug information: up to the end of what is loaded, where it is an ELF."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:4] != b"\x7fELF":
        return len(data)
    table, = struct.unpack_from("<I", data, 28)
    size, count = struct.unpack_from("<HH", data, 42)
    segments = [struct.unpack_from("<8I", data, table + i * size) for i in range(count)]
    return max(offset + length for kind, offset, _, _, length, *_ in segments if kind == 1)


def program(name):
    return os.path.join(build.OUT, "bench", name)


def make_initramfs(folder, job):
    archive = Archive()
    for name in ("dev", "proc", "sys", "tmp"):
        archive.directory(name)
    archive.device("dev/console", 0o020000, 5, 1)
    for guest, host in (("init", "bench"), ("tiny", "tiny")):
        with open(program(host), "rb") as f:
            archive.file(guest, f.read(), 0o755)
    archive.file("bench.job", "".join(f"{word}\n" for word in job).encode())
    path = os.path.join(folder, "bench.cpio")
    with open(path, "wb") as f:
        archive.write(f)
    return path


def accelerator(icount, cpus):
    if icount:
        return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "max"]
    if cpus == 1 and machine.kvm_works():
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", "max"]


def machine_words(icount, memory, cpus):
    words = [machine.QEMU, "-nodefaults", "-no-user-config", *machine.board(memory), *accelerator(icount, cpus)]
    words += ["-m", f"{memory >> 20}M", "-smp", str(cpus), "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
    words += ["-display", "none", "-vga", "none", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    return words + ["-serial", "stdio"]


def kernel_words(append):
    # Linux trusts a TSC that it cannot check against another clock only when told to.
    fixed = ["console=ttyS0,115200", "quiet", "panic=-1", "norandmaps", "tsc=reliable", "clocksource=tsc"]
    return " ".join(fixed + append)


def lines_of(process):
    """The console's lines, until the machine ends; a Failure when it falls silent."""
    fd, rest = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as ready:
        ready.register(fd, selectors.EVENT_READ)
        while ready.select(SILENCE_LIMIT):
            data = os.read(fd, 65536)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")
        raise Failure("the benchmark's machine said nothing for too long")


def start(words):
    return child.start(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def finish(process):
    process.kill()
    process.wait()
    process.stdout.close()


def measure(name, words, quiet):
    result, ended = Result(), False
    process = start(words)
    begun = time.monotonic()
    try:
        for line in lines_of(process):
            if not quiet and line.startswith("BENCH\tstart\t"):
                print(f"\r\033[K{name}: {line.split(chr(9))[2]}", end="", file=sys.stderr, flush=True)
            ended = result.take(line)
            if ended:
                break
    finally:
        finish(process)
    if not quiet:
        print("\r\033[K", end="", file=sys.stderr)
    print(f"isthmus: {name} measured in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if not ended:
        raise Failure(f"the benchmark on {name} stopped: " + " / ".join(result.log[-5:]))
    return result


def digest(words, files):
    sha = hashlib.sha256("\0".join(words).encode())
    for path in files:
        with open(path, "rb") as f:
            sha.update(f.read())
    return sha.hexdigest()[:24]


def kept_path(key):
    return os.path.join(build.OUT, KEPT, f"{key}.json")


def load(key):
    try:
        with open(kept_path(key), encoding="utf-8") as f:
            fields = json.load(f)
    except (OSError, ValueError):
        return None
    result = Result()
    result.__dict__.update(fields)
    return result


def keep(key, result):
    path = kept_path(key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result.__dict__, f)
    files = sorted(os.scandir(os.path.dirname(path)), key=lambda entry: entry.stat().st_mtime)
    for old in files[:-KEPT_MOST]:
        os.unlink(old.path)


def run(system, job, icount, memory, append=(), cpus=1, again=False):
    """Boot system and do a job: rows, all when empty, or kmap and a number of CPUs. A Result."""
    quiet = not sys.stderr.isatty()
    kernel = kernel_of(system)
    with tempfile.TemporaryDirectory(prefix="isthmus-bench.") as folder:
        initramfs = make_initramfs(folder, (["-t"] if icount else []) + job)
        words, append = machine_words(icount, memory, cpus), kernel_words(list(append))
        key = digest([*words, append], [kernel, initramfs])
        result = load(key) if icount and not again else None
        if result:
            print(f"isthmus: {SYSTEMS[system]}: figures of an earlier run; nothing that they depend on has changed", file=sys.stderr)
            return result
        result = measure(SYSTEMS[system], [*words, "-kernel", kernel, "-initrd", initramfs, "-append", append], quiet)
        result.initramfs = os.path.getsize(initramfs)
        result.kernel = kernel_size(kernel)
    if icount:
        keep(key, result)
    return result


def firmware_ticks(memory):
    """Instructions from reset to a kernel's first."""
    process = start([*machine_words(True, memory, 1), "-kernel", program("firmware")])
    try:
        output, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        raise Failure("the benchmark's firmware probe did not end") from None
    finally:
        finish(process)
    try:
        return int(output[-8:], 16)
    except ValueError:
        raise Failure(f"the benchmark's firmware probe said {output[-80:]!r}") from None
