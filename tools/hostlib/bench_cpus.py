"""`./isthmus bench cpus`: page faults a second on several CPUs at once, in separate processes and in threads of one.

Time is the host's: here the CPUs really run at the same time, a thread of QEMU's each (bench/cpus.c).
"""
import os
import statistics

from . import bench_machine, bench_report, build, packages
from .bench_kmap import contention
from .bench_machine import SYSTEMS
from .failure import Failure

CPUS = [1, 2, 4]


def measure(system, counts):
    """"processes" or "threads" -> CPUs -> thousands of faults a second."""
    rates = {}
    for cpus in counts:
        result = bench_machine.run(system, ["cpus", str(cpus)], False, 2 << 30, cpus=cpus)
        rounds = {}
        for kind, _, faults, took in result.experiment:
            rounds.setdefault(kind, []).append(int(faults) * 1e6 / int(took))
        for kind, several in rounds.items():
            rates.setdefault(kind, {})[cpus] = statistics.median(several)
    return rates


def table(counts, found):
    cells = [["", *(f"{n} CPU{'s' if n > 1 else ''}" for n in counts), "contention"]]
    for system, kinds in found.items():
        for kind, rates in kinds.items():
            line = [f"{SYSTEMS[system]}, {kind}", *(bench_report.number(rates[n]) for n in counts)]
            cells.append([*line, f"{contention(rates):.2f}" if 1 in rates and len(rates) > 1 else "-"])
    return "\n".join(bench_report.columns(cells))


def main(words):
    if not all(word.isdigit() and 1 <= int(word) <= 32 for word in words):
        raise Failure("bench cpus: numbers of CPUs, 1 to 32")
    counts = sorted({int(word) for word in words}) or CPUS
    packages.require(*packages.BUILD, *packages.MACHINE)
    build.make("bench")
    found = {system: measure(system, counts) for system in SYSTEMS}
    print(f"# thousands of anonymous write faults a second, all CPUs together; this host has {len(os.sched_getaffinity(0))} CPUs")
    print("# contention: 0 each CPU adds a CPU's worth, 1 none adds anything")
    print(table(counts, found))
    return 0
