"""`./isthmus bench`: the same program on Isthmus and on Debian's Linux, side by side in one table."""
import os
import statistics
import sys

from . import bench_cpus, bench_curves, bench_kmap, bench_machine, bench_report, bench_rows, bench_size, build, packages
from .bench_machine import SYSTEMS
from .failure import Failure
from .options import memory

BASELINE = os.path.join(build.TOP, "bench/baseline.tsv")
RISE = 1.03  # --check: more than that is a failure

USAGE = """usage: ./isthmus bench [ROW...] [options]
       ./isthmus bench curves [CURVE...] [--plot FOLDER]
       ./isthmus bench kmap|cpus [CPUS...]
       ./isthmus bench size

Boots the same static program on Isthmus and on Debian's Linux 6.1 (686-pae), in the same machine of 2 GB, and prints one
table. ROW: names, or patterns with * and ?; all without. Rows and what they mean: --list.

  --icount           guest instructions, the same in every run (default)
  --wall             nanoseconds of this host, medians of interleaved boots
  --on SYSTEMS       isthmus, linux, or isthmus,linux (default)
  --append WORDS     kernel command line of both: pti=on ...
  -m SIZE            memory of the machine (default 2G)
  --json             the figures as JSON
  --plot FILE        a plot besides, .svg or .png
  --check            only Isthmus, against bench/baseline.tsv; status 1 when a row rose by more than 3 %
  --update           write bench/baseline.tsv
  --again            measure, even if the figures are known from an earlier run
  --list             the rows

bench curves: rows over their sizes, and how their cost grows; --help says more.
bench kmap: kmap against kmap_local, by kernel threads on 1, 2 and 4 CPUs.
bench cpus: page faults a second in processes and in threads, on 1, 2 and 4 CPUs.
bench size: what the kernel's bytes are, and what a process, a file, an area... costs in memory."""

EXPERIMENTS = {"curves": bench_curves.main, "kmap": bench_kmap.main, "cpus": bench_cpus.main, "size": bench_size.main}


class Choice:
    def __init__(self, words):
        self.patterns, self.on, self.append, self.plot, self.memory = [], ["isthmus", "linux"], [], "", 2 << 30
        self.wall = self.json = self.check = self.update = self.again = self.list = self.help = False
        rest = list(words)
        while rest:
            self.take(rest.pop(0), rest)
        if self.wall and (self.check or self.update):
            raise Failure("bench: the baseline is in instructions: no --wall")

    def take(self, word, rest):
        flags = ("--wall", "--json", "--check", "--update", "--again", "--list", "--help")
        name, equals, value = word.partition("=")
        if word in flags:
            setattr(self, word[2:], True)
        elif word == "-h":
            self.help = True
        elif word == "--icount":
            self.wall = False
        elif name in ("--on", "--append", "--plot", "-m"):
            if not equals and not rest:
                raise Failure(f"bench: {name} needs a value; ./isthmus bench --help")
            self.value(name, value if equals else rest.pop(0))
        elif word.startswith("-"):
            raise Failure(f"bench: {word}: no such option; ./isthmus bench --help")
        else:
            self.patterns.append(word)

    def value(self, name, text):
        if name == "--on":
            self.on = text.split(",")
            if not self.on or set(self.on) - set(SYSTEMS):
                raise Failure(f"bench: --on {text}: names of {', '.join(SYSTEMS)}")
        elif name == "--append":
            self.append.append(text)
        elif name == "--plot":
            if not text.endswith((".svg", ".png")):
                raise Failure(f"bench: --plot {text}: a name that ends in .svg or .png")
            self.plot = text
        else:
            try:
                self.memory = memory(text)
            except ValueError as error:
                raise Failure(f"bench: -m {text}: {error}") from None


def measure_all(choice, rows):
    """system -> Result. Wall time: interleaved boots, the median of each row."""
    names = [name for row in rows for name in row.sources] if choice.patterns else []
    rounds = {system: [] for system in choice.on}
    for _ in range(3 if choice.wall else 1):
        for system in choice.on:
            result = bench_machine.run(system, names, not choice.wall, choice.memory, choice.append, again=choice.again)
            rounds[system].append(result)
    for several in rounds.values():
        for name in several[0].figures:
            several[0].figures[name] = statistics.median(r.figures[name] for r in several if name in r.figures)
    return {system: several[0] for system, several in rounds.items()}


def check(figures, rows):
    """Compare with the baseline, a line of TAP for each row; how many are worse."""
    baseline, worse, checked = bench_rows.read_table(BASELINE), 0, 0
    for name, before in baseline.items():
        if name not in rows:
            continue
        now, checked = figures.get(name), checked + 1
        text = f"{name}: no figure" if now is None else f"{name}: {now:.1f}, was {before:.1f} ({100 * (now / before - 1):+.1f} %)"
        bad = now is None or now > before * RISE
        worse += bad
        print(f"{'not ok' if bad else 'ok'} {checked} - {text}")
    print(f"1..{checked}")
    return worse


def update(figures, rows):
    known = bench_rows.all_rows()
    lines = bench_rows.read_table(BASELINE) if os.path.exists(BASELINE) else {}
    lines.update({name: figures[name] for name in rows if name in figures and name not in bench_rows.NOT_HELD})
    with open(BASELINE, "w", encoding="utf-8") as f:
        f.write("# Isthmus's own figures with icount: ./isthmus bench --update writes this, --check holds the kernel to it.\n")
        f.writelines(f"{name}\t{lines[name]:.2f}\n" for name in known if name in lines)


def report(choice, rows, results, figures):
    goals = bench_rows.read_table(bench_rows.GOALS)
    show = bench_report.as_json if choice.json else bench_report.table
    print(show(results, figures, rows, goals, choice))
    if choice.plot:
        bench_report.plot(results, figures, rows, choice)
    failed = [f"{SYSTEMS[system]}: {name}: {why}" for system, r in results.items() for name, why in r.failed.items() if name]
    for line in failed:
        print(f"isthmus: no figure on {line}", file=sys.stderr)
    return 1 if failed else 0


def main(words):
    if words and words[0] in EXPERIMENTS:
        return EXPERIMENTS[words[0]](words[1:])
    choice = Choice(words)
    if choice.help:
        print(USAGE)
        return 0
    rows = bench_rows.select(choice.patterns, bench_rows.all_rows())
    if choice.list:
        print(bench_report.listing(rows))
        return 0
    packages.require(*packages.BUILD, *packages.MACHINE, *(packages.PLOT if choice.plot else []))
    build.make("bench")
    if choice.check or choice.update:
        choice.on = ["isthmus"]
    results = measure_all(choice, rows)
    firmware = None if choice.wall else bench_machine.firmware_ticks(choice.memory)
    figures = {system: bench_rows.figures_of(r, choice.memory, firmware) for system, r in results.items()}
    names = [row.name for row in rows]
    if choice.update:
        update(figures["isthmus"], names)
    if choice.check:
        return 1 if check(figures["isthmus"], names) else 0
    return 0 if choice.update else report(choice, rows, results, figures)
