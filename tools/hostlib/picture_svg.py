"""The drawing of picture.py: the address space from top to bottom, once for each view, as an SVG.

The address space is cut into rows: an area of the program, a part of the kernel, or what lies between. Each row is cut where any view
changes, and each such step is as tall as the logarithm of its size: a page can be seen beside a gigabyte. All views share rows
and steps, so what stands at one height is one address. Each rectangle says in data-view, data-from, data-to and data-rights what it is.
"""
import bisect
import math
import os
from xml.sax.saxutils import escape, quoteattr

PAGE = 4096
END = 1 << 32
PER_DOUBLING = 2.6  # pixels that a step grows when its size doubles
ROW_LEAST = 16  # a line of text
WIDTH = 1000
TOP = 128
LEFT = 386  # of the first column; addresses, names and sizes stand before it
COLUMN, PROMISED, GAP = 134, 56, 22
KERNEL_WORDS = {
    "vmalloc() Area": "vmalloc: stacks, device memory", "vmalloc() End": "guard", "Persistent kmap() Area": "kmap and LDT windows",
    "CPU entry area": "entry area", "Fixmap area": "fixmap",
}

# Light and dark. The card has its own ground, so it can be read on any page; the colours of rights serve on both.
STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
    .title { font-size: 19px; font-weight: 600 } .head { font-weight: 600 } .small { font-size: 11.5px; fill: #59636e }
    .address { font: 11.5px ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; fill: #59636e }
    .right { text-anchor: end } .middle { text-anchor: middle }
    .card { fill: #ffffff; stroke: #d1d9e0 } .ground { fill: #f3f5f7; stroke: #d1d9e0 } .rule { stroke: #d8dee4; stroke-width: .7 }
    .border { stroke: #cf222e; stroke-width: 1.6; stroke-dasharray: 7 4 } .wall { fill: #cf222e; font-weight: 600 }
    .u.r { fill: #b6d9f7 } .u.w { fill: #58a6e8 } .u.x { fill: #1b5fae } .k.r { fill: #fbd7a1 } .k.w { fill: #f0a137 } .k.x { fill: #b4480f }
    .wx { fill: #8b1fa9 } .n { fill: none; stroke: #8c959f; stroke-dasharray: 2 2 } .large { fill: url(#ticks) }
    .m { fill-opacity: .45; stroke: #58a6e8; stroke-width: .8 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .small, .address { fill: #9198a1 } .card { fill: #0d1117; stroke: #3d444d }
      .ground { fill: #161b22; stroke: #3d444d } .rule { stroke: #2b3139 } .border { stroke: #ff7b72 } .wall { fill: #ff7b72 }
      .n { stroke: #768390 }
    }"""


def amount(size):
    for unit, shift in (("GB", 30), ("MB", 20), ("KB", 10)):
        if size >= 1 << shift:
            value = size / (1 << shift)
            return f"{value:.0f} {unit}" if value >= 10 or value == int(value) else f"{value:.1f} {unit}"
    return f"{size} B"


class Row:
    """Addresses [start, end) under one name; none: nobody's."""

    def __init__(self, start, end, name=""):
        self.start, self.end, self.name = start, end, name


def user_rows(maps, border):
    """Areas by name; those of one file with equal rights, one after the other, are one row."""
    at = 0
    for area in maps:
        if area.start > at:
            yield Row(at, area.start)
        name = os.path.basename(area.name.removesuffix(" (deleted)")) if area.name.startswith("/") else area.name
        yield Row(area.start, area.end, f"{'shared memory' if area.name.startswith('/dev/zero') else name or 'anonymous'}  {area.rights}")
        at = area.end
    if at < border:
        yield Row(at, border)


def direct_map_rows(pieces, start, end, entry_text):
    """The direct map by what it is used for, as its rights tell; the entry text, which user mode needs, for itself."""
    names = {"r-x": "kernel text", "r--": "kernel constants", "rw-": "kernel data, low memory", "rwx": "kernel data, low memory"}
    rows, at = [], start

    def add(to, name):
        nonlocal at
        if to > at and rows and rows[-1].name == name:
            rows[-1].end = to
        elif to > at:
            rows.append(Row(at, to, name))
        at = max(at, to)

    for piece in (p for p in pieces if start <= p.start < end):
        add(piece.start, "unused, guard")
        for page in (e for e in entry_text if piece.start <= e.start < piece.end):
            add(page.start, names[piece.rights])
            add(page.end, "entry text")
        first = not rows and piece.rights.startswith("rw")
        add(piece.end, "the first megabyte" if first else names[piece.rights])
    add(end, "unused, guard")
    return rows


def kernel_rows(process, entry_text):
    borders = [*sorted((start, name) for name, start in process.parts.items() if name != "User Space"), (END, "")]
    for (start, name), (end, _) in zip(borders, borders[1:]):
        if name == "Kernel Mapping":
            yield from direct_map_rows(process.kernel, start, end, entry_text)
        else:
            yield Row(start, end, KERNEL_WORDS.get(name, name))


class Scale:
    """From addresses to heights on the page: the logarithm of each step between two borders, a line of text for each row."""

    def __init__(self, rows, views):
        marks = {0, END} | {row.start for row in rows} | {p.start for v in views for p in v} | {p.end for v in views for p in v}
        self.borders = sorted(marks)
        starts = [row.start for row in rows]
        heights = [PER_DOUBLING * math.log2(2 * (b - a) / PAGE) for a, b in zip(self.borders, self.borders[1:])]
        of_row = [0.0] * len(rows)
        row_of = [bisect.bisect_right(starts, border) - 1 for border in self.borders[:-1]]
        for row, height in zip(row_of, heights):
            of_row[row] += height
        self.heights = [h * max(1.0, ROW_LEAST / of_row[row]) for row, h in zip(row_of, heights)]
        self.total = sum(self.heights)
        self.above = [TOP + self.total]
        for height in self.heights:
            self.above.append(self.above[-1] - height)

    def y(self, address):
        """Of an address that is a border: the page's lower edge is address 0."""
        return self.above[bisect.bisect_left(self.borders, address)]


class Canvas:
    def __init__(self):
        self.lines = []

    def text(self, x, y, words, kind=""):
        self.lines.append(f'  <text x="{x:g}" y="{y:.1f}" class="{kind}">{escape(words)}</text>')

    def rule(self, x1, x2, y, kind="rule"):
        self.lines.append(f'  <path d="M{x1:g} {y:.1f}H{x2:g}" class="{kind}"/>')

    def box(self, x, y, width, height, kind, more=""):
        self.lines.append(f'  <rect x="{x:g}" y="{y:.1f}" width="{width:g}" height="{height:.1f}" class="{kind}"{more}/>')


def colour(piece):
    """The class of what ring and rights it has; read alone is the palest, run the darkest."""
    if piece.rights == "---":
        return "n"
    kind = "wx" if "wx" in piece.rights else "x" if "x" in piece.rights else "w" if "w" in piece.rights else "r"
    return kind if kind == "wx" else f"{'u' if piece.user else 'k'} {kind}"


def draw_view(canvas, scale, x, width, name, pieces, promised=False):
    canvas.box(x, TOP, width, scale.total, "ground")
    for piece in pieces:
        top, bottom = scale.y(piece.end), scale.y(piece.start)
        ring = "u" if piece.user else "k"
        facts = f' data-view="{name}" data-from="{piece.start:08x}" data-to="{piece.end:08x}" data-rights="{ring}{piece.rights}"'
        canvas.box(x + 1, top, width - 2, bottom - top, colour(piece) + (" m" if promised and piece.rights != "---" else ""), facts)
        if piece.large:
            canvas.box(x + 1, top, width - 2, bottom - top, "large")


def mapped(pieces, user):
    return sum(piece.end - piece.start for piece in pieces if piece.user == user)


def draw_rows(canvas, scale, rows):
    for row in rows:
        top, bottom = scale.y(row.end), scale.y(row.start)
        canvas.rule(24, WIDTH - 24, bottom)
        canvas.text(28, bottom - 4, f"{row.start:08x}", "address")
        middle = (top + bottom) / 2 + 4.5 if bottom - top > 26 else bottom - 4
        canvas.text(104, middle, row.name or "nothing", "" if row.name else "small")
        canvas.text(LEFT - 14, middle, amount(row.end - row.start), "small right")


def draw_legend(canvas, y):
    at = 28
    for words, kinds in (
        ("read", ("u r", "k r")), ("write", ("u w", "k w")), ("run", ("u x", "k x")), ("write and run", ("wx",)),
        ("large pages", ("k w", "k w")), ("promised", ("u w m",)), ("no access", ("n",)),
    ):
        for kind in kinds:
            canvas.box(at, y, 20, 13, kind)
            if words == "large pages":
                canvas.box(at, y, 20, 13, "large")
            at += 22
        canvas.text(at + 4, y + 11, words)
        at += 22 + 7.2 * len(words)
    canvas.text(WIDTH - 28, y + 11, "blue: user, orange: kernel", "small right")


def draw(off, on, machine):
    """The SVG's text. off, on: processes as picture.py has them."""
    border = on.parts["Kernel Mapping"]
    entry_text = [p for p in on.user if not p.user and "x" in p.rights]
    rows = [*user_rows(on.maps, border), *kernel_rows(on, entry_text)]
    views = [
        ("promised", PROMISED, on.maps, ("maps", "promised")),
        ("pti-off", COLUMN, off.user, ("pti=off", "both modes")),
        ("pti-on-kernel", COLUMN, on.kernel, ("pti=on", "kernel mode")),
        ("pti-on-user", COLUMN, on.user, ("pti=on", "user mode")),
    ]
    scale, canvas = Scale(rows, [view[2] for view in views]), Canvas()
    height = TOP + scale.total + 58
    canvas.box(0.5, 0.5, WIDTH - 1, height - 1, "card", ' rx="10"')
    canvas.text(28, 38, "One process, and what is mapped while it runs", "title")
    canvas.text(28, 60, f"{machine}; the height of a piece is the logarithm of its size", "small")
    draw_rows(canvas, scale, rows)
    x = LEFT
    for name, width, pieces, head in views:
        middle = x + width / 2
        canvas.text(middle, TOP - 46, head[0], "head middle")
        canvas.text(middle, TOP - 30, head[1], "middle")
        if name != "promised":
            canvas.text(middle, TOP - 12, f"of the kernel: {amount(mapped(pieces, False))}", "small middle")
        draw_view(canvas, scale, x, width, name, pieces, name == "promised")
        x += width + GAP
    wall = scale.y(border)
    canvas.rule(24, WIDTH - 24, wall, "border")
    canvas.text(WIDTH - 28, wall - 6, "kernel", "wall right")
    canvas.text(WIDTH - 28, wall + 15, "user", "wall right")
    draw_legend(canvas, height - 36)
    words = f"Page tables of one process: {machine}"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img" aria-label={quoteattr(words)}>',
        f"  <title>{escape(words)}</title>", f"  <style>{STYLE}\n  </style>",
        '  <defs><pattern id="ticks" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 5.5H6" stroke="#00000055"/></pattern></defs>',
    ]
    return "\n".join([*head, *canvas.lines, "</svg>", ""])
