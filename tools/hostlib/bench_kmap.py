"""`./isthmus bench kmap`: kmap against kmap_local on several CPUs at once.

Kernel threads, one a CPU, each map, write and unmap high pages of their own (kernel/mm/kmap_bench.c). Time is the host's: here the
CPUs really run at the same time, a thread of QEMU's each.
"""
import os

from . import bench_machine, bench_report, build, packages
from .failure import Failure

CPUS = [1, 2, 4]
NAMES = {("local", 64): "kmap_local", ("kmap", 64): "kmap, 64 pages a CPU", ("kmap", 1024): "kmap, 1,024 pages a CPU"}


class Run:
    """A line of /proc/isthmus/kmap_bench."""

    def __init__(self, words):
        self.name = NAMES[words[0], int(words[2])]
        self.cpus, _, self.maps, self.cycles, self.ns, self.flushes, self.waits = (int(word) for word in words[1:])


def middle(runs):
    return sorted(runs, key=lambda run: run.ns)[len(runs) // 2]


def contention(rates):
    """n CPUs do n * X(1) / (1 + s * (n - 1)): s by least squares. 0: each CPU adds a CPU's worth; 1: none adds anything."""
    points = [(n - 1, n * rates[1] / rate - 1) for n, rate in rates.items() if n > 1]
    return sum(x * y for x, y in points) / sum(x * x for x, _ in points)


def cells(name, counts, found):
    rates = {n: run.cpus * run.maps * 1000 / run.ns for n, run in found.items()}
    line = [name, *(f"{rates[n]:.2f}" for n in counts)]
    line.append(f"{contention(rates):.2f}" if 1 in rates and len(rates) > 1 else "-")
    last = found[counts[-1]]
    each = last.cpus * last.maps / 1000
    return [*line, f"{last.flushes / each:.2f}", f"{last.waits / each:.2f}"]


def table(counts, runs):
    lines = [["", *(f"{n} CPU{'s' if n > 1 else ''}" for n in counts), "contention", "flushes", "waits"]]
    for name in NAMES.values():
        found = {n: middle([run for run in runs[n] if run.name == name]) for n in counts}
        lines.append(cells(name, counts, found))
    return "\n".join(bench_report.columns(lines))


def main(words):
    if not all(word.isdigit() and 1 <= int(word) <= 32 for word in words):
        raise Failure("bench kmap: numbers of CPUs, 1 to 32")
    counts = sorted({int(word) for word in words}) or CPUS
    packages.require(*packages.BUILD, *packages.MACHINE)
    build.make("bench")
    runs = {}
    for n in counts:
        result = bench_machine.run("isthmus", ["kmap", str(n)], False, 2 << 30, cpus=n)
        runs[n] = [Run(line) for line in result.experiment]
    print(f"# millions of maps a second, all CPUs together; this host has {len(os.sched_getaffinity(0))} CPUs")
    print(f"# contention: 0 each CPU adds a CPU's worth, 1 none adds anything; flushes, waits: for 1,000 maps, on {counts[-1]} CPUs")
    print(table(counts, runs))
    return 0
