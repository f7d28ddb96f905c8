"""The benchmark's rows: what bench/*.c measures, and what is derived from that."""
import fnmatch
import os
import re

from . import build
from .failure import Failure

FOLDER = os.path.join(build.TOP, "bench")
GOALS = os.path.join(FOLDER, "goals.tsv")
# In the table's order: memory first.
FAMILIES = ["memory", "fault", "areas", "syscall", "process", "ipc", "file", "boot"]
ROW = re.compile(r'\{\s*\.name = "([a-z0-9-]+)",\s*\.what = "([^"]*)"')


class Row:
    """sources: the measured rows that it is made of; itself for most. unit: "" is time."""

    def __init__(self, name, family, what, unit="", sources=()):
        self.name, self.family, self.what, self.unit, self.sources = name, family, what, unit, list(sources) or [name]


DERIVED = [
    Row("fault-ratio", "areas", "fault-30000 / fault-10", "ratio", ["fault-30000", "fault-10"]),
    Row("boot", "boot", "kernel's first instruction to init", "", ["boot-tsc"]),
    Row("memory-at-init", "boot", "memory in use at init, without its files", "kB", ["boot-free"]),
    Row("kernel-file", "boot", "size of the kernel's file", "kB", ["boot-free"]),
]

NOT_HELD = ["kernel-file"]  # grows with what the kernel can do


def all_rows():
    """name -> Row, in the table's order. What a row is called stands in its C file only."""
    rows = {}
    for family in FAMILIES:
        with open(os.path.join(FOLDER, f"{family}.c"), encoding="utf-8") as f:
            found = ROW.findall(f.read())
        if family != "boot":
            rows.update({name: Row(name, family, what) for name, what in found})
        rows.update({row.name: row for row in DERIVED if row.family == family})
    return rows


def step_of(name):
    """Operations of this row come in so many at a time."""
    for family in FAMILIES:
        with open(os.path.join(FOLDER, f"{family}.c"), encoding="utf-8") as f:
            entry = re.search(r'\{\s*\.name = "' + re.escape(name) + r'".*?\}', f.read(), re.DOTALL)
        step = entry and re.search(r"\.step = (\d+)", entry[0])
        if step:
            return int(step[1])
    return 1


def select(patterns, rows):
    """The rows that a pattern or the name of a family names; all without patterns."""
    for pattern in patterns:
        if pattern not in FAMILIES and not fnmatch.filter(rows, pattern):
            raise Failure(f"bench: {pattern}: no such row; ./isthmus bench --list")
    return [row for row in rows.values() if not patterns or row.family in patterns or any(fnmatch.fnmatch(row.name, p) for p in patterns)]


def read_table(path):
    """A file of tab-separated names and numbers; # begins a comment."""
    with open(path, encoding="utf-8") as f:
        lines = [line.split("\t") for line in f if line.strip() and not line.startswith("#")]
    return {fields[0]: float(fields[1]) for fields in lines}


def figures_of(result, memory, firmware):
    """What was measured, as the table's rows."""
    raw = dict(result.figures)
    if raw.get("fault-10") and "fault-30000" in raw:
        raw["fault-ratio"] = raw["fault-30000"] / raw["fault-10"]
    if "boot-tsc" in raw and firmware is not None:
        raw["boot"] = raw["boot-tsc"] - firmware
    if "boot-free" in raw:
        raw["memory-at-init"] = (memory - result.initramfs) / 1024 - raw["boot-free"]
        raw["kernel-file"] = result.kernel / 1024
    return raw
