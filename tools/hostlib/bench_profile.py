"""`./isthmus profile ROW`: which functions the instructions of one operation are spent in.

The row is run twice, with few operations and with many; the difference is the operations' own. QEMU counts every
instruction (tools/qemu-profile.c), so nothing is sampled and nothing is lost.
"""
import bisect
import os
import subprocess
import sys
import tempfile

from . import bench_machine, bench_rows, build, packages
from .failure import Failure

FEW, MANY = 64, 1088
ENDING = "arch_power_off"  # waits for the machine to end: no operation's

USAGE = """usage: ./isthmus profile ROW [--folded]

Instructions of one operation of a row of ./isthmus bench, by function. --folded: lines "FUNCTION COUNT", which
flamegraph tools take."""


def symbols():
    words = ["nm", "-n", build.kernel()]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    table = [(int(address, 16), name) for address, kind, name in (line.split() for line in lines) if kind in "tT"]
    return [address for address, _ in table], [name for _, name in table]


def count(row, operations):
    """function -> instructions, of a whole run."""
    with tempfile.TemporaryDirectory(prefix="isthmus-profile.") as folder:
        out = os.path.join(folder, "counts")
        initramfs = bench_machine.make_initramfs(folder, ["-t", "-n", f"{operations:09}", row])
        words = bench_machine.machine_words(True, 2 << 30, 1)
        words += ["-plugin", f"{bench_machine.program('qemu-profile.so')},out={out}"]
        words += ["-kernel", build.kernel(), "-initrd", initramfs, "-append", bench_machine.kernel_words([])]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        if "BENCH\tend" not in done.stdout:
            raise Failure(f"the profile's machine stopped: {(done.stdout + done.stderr).strip()[-200:]}")
        with open(out, encoding="ascii") as f:
            pairs = [line.split() for line in f]
    return by_function((int(address, 16), int(n)) for address, n in pairs)


def by_function(pairs):
    addresses, names = symbols()
    counts = {}
    for address, n in pairs:
        at = bisect.bisect_right(addresses, address) - 1
        name = names[at] if at >= 0 and address >= addresses[0] else "[user]"
        counts[name] = counts.get(name, 0) + n
    counts.pop(ENDING, None)
    return counts


def main(words):
    folded = "--folded" in words
    names = [word for word in words if not word.startswith("-")]
    if {"-h", "--help"} & set(words):
        print(USAGE)
        return 0
    if len(names) != 1 or set(words) - set(names) - {"--folded"}:
        raise Failure("profile: one row of ./isthmus bench --list, and perhaps --folded")
    row, = bench_rows.select(names, bench_rows.all_rows())[:1]
    packages.require(*packages.BUILD, *packages.MACHINE, *packages.UNIT)
    build.make("bench")
    step = max(1, int(bench_rows.step_of(row.name)))
    few, many = count(row.name, FEW * step), count(row.name, MANY * step)
    counts = {name: (n - few.get(name, 0)) / ((MANY - FEW) * step) for name, n in many.items()}
    shown = sorted(((n, name) for name, n in counts.items() if n >= 0.05), reverse=True)
    if folded:
        print("\n".join(f"{name} {round(n * 100)}" for n, name in shown))
        return 0
    total = sum(n for n, _ in shown)
    print(f"{total:10.1f}          instructions for one operation: {row.what}")
    for n, name in shown:
        print(f"{n:10.1f} {100 * n / total:5.1f} %  {name}")
    return 0
