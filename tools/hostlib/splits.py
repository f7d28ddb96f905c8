"""`./isthmus splits`: what each of the five splits gives and costs, from a boot of each, in one table."""
from . import bench_machine, bench_report, build, packages
from .failure import Failure
from .options import memory

SPLITS = ["3G", "3G_OPT", "2G", "2G_OPT", "1G"]
LAYOUT = ["user-space", "direct-map", "high-total", "vmalloc-total", "low-free"]  # rows of bench/boot.c, kB
FAULT, READ = "touch-4k", "read-64m"
LEAST = 256 << 20  # the rows' own 64 MB must fit into low memory and into high memory
ENOUGH_HIGH = 96 << 10  # kB: the file lies in high memory, all of it
HEAD = ["split", "user space", "low memory", "high memory", "vmalloc", "low free", "fault", "read, low", "read, high"]

USAGE = """usage: ./isthmus splits [-m SIZE]

Boots a machine of SIZE (default 2G, at least 256M) with each split and prints one table: MB of user space, of low and of high
memory, of vmalloc, and of low memory that is free at init; then, in guest instructions (icount), an anonymous page fault, and
reading a 64 MB file that lies in low memory and one that lies in high memory. docs/splits.md says what to make of it.

  -m SIZE            memory of the machine
  --again            measure, even if the figures are known from an earlier run"""


def parse(words):
    """Memory in bytes and whether to measure again; None: only help was wanted."""
    size, again, rest = 2 << 30, False, list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            return None
        if word == "--again":
            again = True
        elif word.startswith("-m"):
            text = word[2:].removeprefix("=") or (rest.pop(0) if rest else "")
            try:
                size = memory(text)
            except ValueError as error:
                raise Failure(f"splits: -m {text}: {error}") from None
        else:
            raise Failure(f"splits: {word}: no such option; ./isthmus splits --help")
    if size < LEAST:
        raise Failure(f"splits: -m: at least {LEAST >> 20}M; what is measured takes 64 MB of each kind of memory")
    return size, again


def measure(split, words, rows, size, again):
    result = bench_machine.run("isthmus", rows, True, size, [f"vmsplit={split}", *words], again=again)
    missing = [name for name in rows if name not in result.figures]
    if missing:
        raise Failure(f"splits: no figure for {missing[0]} with vmsplit={split}: {result.failed or result.log[-3:]}")
    return result.figures


def split_row(split, size, again):
    """The cells of one split: a boot as it comes, and those that have the file in the kinds of memory that it did not have it in."""
    found = measure(split, [], [*LAYOUT, FAULT, READ], size, again)
    low = high = found[READ]
    if found["high-total"]:
        low = measure(split, ["highmem=0"], [READ], size, again)[READ]
    if found["high-total"] < ENOUGH_HIGH:
        high = measure(split, [f"highmem={min(size // 2, 512 << 20) >> 20}M"], [READ], size, again)[READ]
    return [split, *(f"{found[name] / 1024:,.0f}" for name in LAYOUT), *(f"{figure:,.0f}" for figure in (found[FAULT], low, high))]


def main(words):
    chosen = parse(words)
    if not chosen:
        print(USAGE)
        return 0
    size, again = chosen
    packages.require(*packages.BUILD, *packages.MACHINE)
    build.make("bench")
    cells = [HEAD] + [split_row(split, size, again) for split in SPLITS]
    print(f"# {size >> 20} MB of memory; sizes in MB, the three columns on the right in guest instructions (icount)")
    print("\n".join(bench_report.columns(cells)))
    return 0
