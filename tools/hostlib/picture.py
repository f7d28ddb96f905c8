"""`./isthmus picture`: the page tables of a real process, without and with page-table isolation, drawn as one SVG.

Two machines run `explore tables`, which prints what it was promised (its maps) and what its tables hold (debugfs). Without random
places the process has the same addresses in both, so that the columns of the picture stand side by side.
"""
import os
import re
import subprocess
import sys

from . import build, packages, picture_svg
from .failure import Failure
from .options import memory

USAGE = """usage: ./isthmus picture [FILE] [-m SIZE] [--append WORDS]

Boots a machine with pti=off and one with pti=on, lets a small program show its own page tables in each, and draws them as an
SVG: what the program was promised, what is mapped for both modes without isolation, and what for each mode with it. The picture
goes to FILE, or to stdout. docs/isolation/README.md explains it.

  -m SIZE            memory of the machines (default 2G)
  --append WORDS     more words for the kernel: vmsplit=2G, highmem=32M ..."""

MAPS_LINE = re.compile(r"([0-9a-f]{8})-([0-9a-f]{8}) (...)[ps] \S+ \S+ \S+ *(.*)$")
END = 1 << 32
PATIENCE = "120"


class Piece:
    """Addresses [start, end) of one kind. rights: "rw-" and the like; user: for ring 3; large: one entry of a page directory each."""

    def __init__(self, start, end, rights, user=True, large=False, name=""):
        self.start, self.end, self.rights, self.user, self.large, self.name = start, end, rights, user, large, name


def parse_maps(lines):
    for line in lines:
        match = MAPS_LINE.match(line)
        if not match:
            raise Failure(f"picture: no line of /proc/PID/maps: {line}")
        yield Piece(int(match[1], 16), int(match[2], 16), match[3], name=match[4])


def parse_tables(lines):
    """What is mapped, and where the parts of the address space begin: name -> address."""
    pieces, parts, heading = [], {}, None
    for line in lines:
        if line.startswith("---["):
            heading = line.strip("-[] ")
            continue
        words = line.split()
        start, end = (int(text, 16) for text in words[0].split("-"))
        if heading:
            parts[heading], heading = start, None
        flags = words[2:]
        if "RW" in flags or "ro" in flags:
            rights = f"r{'w' if 'RW' in flags else '-'}{'-' if 'NX' in flags else 'x'}"
            pieces.append(Piece(start, end or END, rights, "USR" in flags, "PSE" in flags))
    return pieces, parts


class Process:
    """What one machine's `explore tables` printed."""

    def __init__(self, text):
        sections, lines = {}, []
        for line in text.splitlines():
            if line.startswith("== "):
                lines = sections.setdefault(os.path.basename(line), [])
            else:
                lines.append(line)
        try:
            self.maps = list(parse_maps(sections["maps"]))
            self.kernel, self.parts = parse_tables(sections["current_kernel"])
            self.user, _ = parse_tables(sections["current_user"])
        except (KeyError, ValueError, IndexError):
            raise Failure("picture: the machine's page tables cannot be read; they need debugfs") from None


def observe(size, append, pti):
    words = [os.path.join(build.TOP, "isthmus"), "run", "-m", f"{size >> 20}M", "--timeout", PATIENCE]
    words += ["--append", " ".join([*append, "norandmaps", f"pti={pti}"]), "--", "explore", "tables"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failure(f"picture: the machine with pti={pti} did not show its page tables")
    return Process(done.stdout)


def is_pae():
    with open(os.path.join(build.OUT, ".config"), encoding="utf-8") as f:
        return "CONFIG_X86_PAE=y" in f.read()


def parse(words):
    """File, memory in bytes, words for the kernel; None: only help was wanted."""
    path, size, append, rest = None, 2 << 30, [], list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            return None
        if word in ("-m", "--append"):
            if not rest:
                raise Failure(f"picture: {word} needs a value; ./isthmus picture --help")
            value = rest.pop(0)
            if word == "--append":
                append.append(value)
                continue
            try:
                size = memory(value)
            except ValueError as error:
                raise Failure(f"picture: -m {value}: {error}") from None
        elif word.startswith("-") or path is not None:
            raise Failure(f"picture: {word}: not known; ./isthmus picture --help")
        else:
            path = word
    return path, size, append


def main(words):
    chosen = parse(words)
    if not chosen:
        print(USAGE)
        return 0
    path, size, append = chosen
    packages.require(*packages.MACHINE)
    build.kernel()
    off, on = observe(size, append, "off"), observe(size, append, "on")
    machine = [f"{picture_svg.amount(size)} of memory", "PAE" if is_pae() else "two-level tables", *append]
    text = picture_svg.draw(off, on, ", ".join(machine))
    if path is None:
        sys.stdout.write(text)
    else:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    return 0
