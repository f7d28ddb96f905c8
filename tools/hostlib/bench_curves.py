"""`./isthmus bench curves`: rows of the benchmark over their sizes, and how their cost grows.

A row of bench/*.c with an axis is measured with each of its sizes; cost = size^e is fitted by least squares of the logarithms. Boot
is a curve over the machine's memory.
"""
import math
import os
import re
import subprocess

from . import bench_machine, bench_report, bench_rows, build, packages
from .bench_machine import SYSTEMS
from .failure import Failure

CURVE = re.compile(r'\{\s*\.name = "([a-z0-9-]+)"[^}]*?\.curve = "([^"]*)",\s*\.axis = "([^"]*)"', re.DOTALL)
BOOT = "boot"
BOOT_SIZES = {"isthmus": [64 << 20, 512 << 20, 2 << 30, 8 << 30, 64 << 30], "linux": [64 << 20, 512 << 20, 2 << 30, 8 << 30]}

USAGE = """usage: ./isthmus bench curves [CURVE...] [--on SYSTEMS] [--append WORDS] [--plot FOLDER] [--list]

Instructions (icount) of one operation over its size. The exponent e is that of cost = size^e: 0 costs the same at every size,
1 grows with it. --plot draws FOLDER/CURVE.svg of each."""


def known():
    """name -> (what one operation is, what its sizes count)."""
    curves = {}
    for family in bench_rows.FAMILIES:
        with open(os.path.join(bench_rows.FOLDER, f"{family}.c"), encoding="utf-8") as f:
            curves.update({name: (what, axis) for name, what, axis in CURVE.findall(f.read())})
    curves[BOOT] = "kernel's first instruction to init", "bytes of memory"
    return curves


def exponent(points):
    """e of cost = size^e."""
    xs, ys = [math.log(size) for size in points], [math.log(cost) for cost in points.values()]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def boot_points(system, append):
    points = {}
    for memory in BOOT_SIZES[system]:
        result = bench_machine.run(system, ["boot-tsc"], True, memory, append)
        points[memory] = result.figures["boot-tsc"] - bench_machine.firmware_ticks(memory)
    return points


def measure(system, names, append):
    """curve -> size -> cost."""
    curves = {}
    rows = [name for name in names if name != BOOT]
    if rows:
        result = bench_machine.run(system, ["curves", *rows], True, 2 << 30, append)
        for point, cost in result.figures.items():
            name, size = point.split("@")
            curves.setdefault(name, {})[int(size)] = cost
    if BOOT in names:
        curves[BOOT] = boot_points(system, append)
    return curves


def size_text(size, axis):
    if not axis.startswith("bytes"):
        return f"{size:,}"
    shift = 30 if size >= 1 << 30 else 20 if size >= 1 << 20 else 10
    return f"{size >> shift}{' KMG'[shift // 10]}"


def table(names, found):
    """A block of lines for each curve."""
    lines = ["# guest instructions of one operation (icount), 2 GB, 1 CPU; e: cost grows as size^e"]
    for name in names:
        what, axis = known()[name]
        sizes = sorted({size for curves in found.values() for size in curves.get(name, {})})
        cells = [[f"{name}: {axis}", *(size_text(size, axis) for size in sizes), "e"]]
        for system, curves in found.items():
            points = curves.get(name, {})
            figures = [bench_report.number(points.get(size)) for size in sizes]
            cells.append([SYSTEMS[system], *figures, f"{exponent(points):.2f}" if len(points) > 1 else "-"])
        lines += ["", what, *bench_report.columns(cells)]
    return "\n".join(lines)


PLOT = """set terminal svg size 700,440 background 'white'
set output "{output}"
set datafile separator "\t"
set logscale xy
set yrange [{low}:{high}]
set xlabel "{axis}"
set ylabel "guest instructions"
set grid
set key top left
set title "{title}"
plot {columns}
"""


def plot(folder, name, found):
    what, axis = known()[name]
    costs = [cost for curves in found.values() for cost in curves.get(name, {}).values()]
    data = []
    for system, curves in found.items():
        points = curves.get(name, {})
        data.append((f"{SYSTEMS[system]}, e = {exponent(points):.2f}", points))
    blocks = "".join(f"$d{i} << EOD\n" + "".join(f"{s}\t{c}\n" for s, c in sorted(points.items())) + "EOD\n" for i, (_, points) in enumerate(data))
    columns = ", ".join(f'$d{i} using 1:2 with linespoints lw 2 title "{title}"' for i, (title, _) in enumerate(data))
    output = os.path.abspath(os.path.join(folder, f"{name}.svg"))
    script = blocks + PLOT.format(output=output, axis=axis, title=what, columns=columns, low=min(costs) / 3, high=max(costs) * 3)
    done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"gnuplot: {done.stderr.strip().splitlines()[-1:]}")


def main(words):
    names, on, append, folder, rest = [], ["isthmus", "linux"], [], "", list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            print(USAGE)
            return 0
        if word == "--list":
            print("\n".join(f"  {name:<14} {what}, over {axis}" for name, (what, axis) in known().items()))
            return 0
        if word in ("--on", "--append", "--plot"):
            if not rest:
                raise Failure(f"bench curves: {word} needs a value")
            value = rest.pop(0)
            if word == "--append":
                append.append(value)
            elif word == "--plot":
                folder = value
            else:
                on = value.split(",")
        elif word in known():
            names.append(word)
        else:
            raise Failure(f"bench curves: {word}: no such curve; ./isthmus bench curves --list")
    if set(on) - set(SYSTEMS):
        raise Failure(f"bench curves: --on {','.join(on)}: names of {', '.join(SYSTEMS)}")
    names = names or list(known())
    packages.require(*packages.BUILD, *packages.MACHINE, *(packages.PLOT if folder else []))
    build.make("bench")
    found = {system: measure(system, names, append) for system in on}
    print(table(names, found))
    if folder:
        os.makedirs(folder, exist_ok=True)
        for name in names:
            plot(folder, name, found)
    return 0
