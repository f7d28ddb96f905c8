"""`./isthmus bench size`: what the kernel's bytes are, part by part, and what a process, a file, an area... costs in memory."""
import os
import subprocess

from . import bench_machine, bench_report, build, packages
from .bench_machine import SYSTEMS
from .failure import Failure

SIZE = "i686-linux-gnu-size"
PARTS = {
    "arch": "entry, page tables, interrupts, CPUs: what is x86", "mm": "memory", "sched": "tasks, locks, waiting, time",
    "proc": "processes, signals, exec, ptrace, IPC", "fs": "files, tmpfs, /proc, pipes, epoll", "net": "sockets (AF_UNIX)",
    "drivers": "terminals, serial, virtio, PCI", "abi": "system calls: arguments in and results out", "lib": "trees, strings, printf, inflate",
}


def objects(folder):
    return [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names if name.endswith(".o")]


def part_sizes(name):
    """text with constants, data, bss of the objects below kernel/NAME, before the linker drops what nobody uses."""
    done = subprocess.run([SIZE, *objects(os.path.join(build.OUT, "kernel", name))], capture_output=True, text=True, check=True)
    rows = [line.split()[:3] for line in done.stdout.splitlines()[1:]]
    return [sum(int(row[i]) for row in rows) for i in range(3)]


SECTIONS = {
    ".text": "code", ".rodata": "constants, and the names of functions", ".data": "data", ".init": "for boot alone: freed then",
    ".packed_relocs": "relocations, for the splits: freed too", ".bss": "zeroes, which the file does not have",
}


def section_sizes():
    """What the linked kernel consists of: text -> bytes."""
    done = subprocess.run([SIZE, "-A", bench_machine.kernel_of("isthmus")], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {SECTIONS[row[0]]: int(row[1]) for row in rows if row and row[0] in SECTIONS}


def kb(size):
    return f"{size / 1024:,.1f}"


def table(cells):
    return "\n".join(bench_report.columns(cells, left={0, 4}))


def kernel_table():
    cells = [["part", "code", "data", "bss", "what it is"]]
    for name, what in PARTS.items():
        cells.append([f"kernel/{name}", *map(kb, part_sizes(name)), what])
    return table(cells)


def cost_table():
    found = {system: bench_machine.run(system, ["tasks"], True, 2 << 30) for system in SYSTEMS}
    cells = [["one", *SYSTEMS.values()]]
    for what in found["isthmus"].costs:
        cells.append([what, *(f"{found[system].costs[what]:,}" for system in SYSTEMS)])
    return table(cells)


def main(words):
    if words:
        raise Failure(f"bench size: {words[0]}: it takes no words")
    packages.require(*packages.BUILD, *packages.MACHINE)
    build.make("bench")
    bench_machine.kernel_of("isthmus")
    print(f"# kB of the objects of each part\n{kernel_table()}\n")
    print("# kB of the kernel that they are linked to")
    print(table([[text, kb(size)] for text, size in section_sizes().items()]))
    print(f"\n# bytes of memory that one more costs, among many (2 GB, 1 CPU)\n{cost_table()}")
    return 0
