"""The benchmark's figures as a table, as JSON, as a plot."""
import json
import os
import subprocess
import tempfile

from .bench_machine import SYSTEMS
from .failure import Failure


def number(value):
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def columns(cells, left=frozenset({0})):
    """Lines of aligned cells: to the right, but for the columns left."""
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return ["  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip() for line in cells]


def ratio(figures):
    ours, linux = figures.get("isthmus"), figures.get("linux")
    if not ours or linux is None:
        return "-"
    return f"{linux / ours:.2f}" if linux / ours < 10 else f"{linux / ours:.0f}"


def verdict(ours, goal):
    if goal is None:
        return "", ""
    return f"<= {number(goal)}", "" if ours is None or ours <= goal else "missed"


def isolation(text):
    """What a kernel says of Meltdown, as the state of page-table isolation."""
    if not text:
        return "page-table isolation: not said"
    return f"page-table isolation: {'on' if 'PTI' in text else 'off'} ({text})"


def unit_of(row, wall):
    return row.unit or ("ns" if wall else "instr")


def header(results, choice):
    time = "ns of this host, medians" if choice.wall else "guest instructions (icount)"
    lines = [f"# {choice.memory >> 20} MB, 1 CPU, times in {time}; ratio = Linux / Isthmus"]
    lines += [f"# {SYSTEMS[system]}: {r.system}; {isolation(r.isolation)}" for system, r in results.items()]
    if choice.append:
        lines.append(f"# command line of both: {' '.join(choice.append)}")
    return lines


def by_row(figures, rows):
    """(row, system -> figure), of rows that gave any."""
    for row in rows:
        found = {system: values[row.name] for system, values in figures.items() if row.name in values}
        if found:
            yield row, found


def table(results, figures, rows, goals, choice):
    cells = [["row", "unit", *(SYSTEMS[s] for s in results), "ratio", "goal", "", "one operation"]]
    for row, found in by_row(figures, rows):
        goal = () if choice.wall else verdict(found.get("isthmus"), goals.get(row.name))
        cells.append([row.name, unit_of(row, choice.wall), *(number(found.get(s)) for s in results), ratio(found),
                      *(goal or ("", "")), row.what])
    last = len(cells[0]) - 1
    return "\n".join(header(results, choice) + columns(cells, left={0, 1, last - 1, last}))


def as_json(results, figures, rows, goals, choice):
    data = {
        "mode": "wall" if choice.wall else "icount", "memory": choice.memory, "append": " ".join(choice.append),
        "systems": {s: {"name": r.system, "meltdown": r.isolation} for s, r in results.items()},
        "rows": [
            {"name": row.name, "family": row.family, "unit": unit_of(row, choice.wall), "operation": row.what, **found,
             "goal": None if choice.wall else goals.get(row.name)}
            for row, found in by_row(figures, rows)
        ],
    }
    return json.dumps(data, indent=1)


PLOT = """set terminal {terminal}
set output "{output}"
set datafile separator "\\t"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set logscale y
set xtics rotate by -60 scale 0 font ",9"
set ylabel "{unit}"
set grid ytics
set key top left
set title "One operation, on a logarithmic scale: less is better"
plot {columns}
"""


def plot(results, figures, rows, choice):
    """Bars side by side, of the rows of time."""
    shown = [(row, found) for row, found in by_row(figures, rows) if not row.unit and row.name != "boot"]
    terminal = "svg size 1400,600 background 'white'" if choice.plot.endswith(".svg") else "pngcairo size 1400,600"
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as data:
        for row, found in shown:
            data.write("\t".join([row.name, *(f"{found.get(s, '')}" for s in results)]) + "\n")
        data.flush()
        columns = ", ".join(f'"{data.name}" using {i + 2}:xtic(1) title "{SYSTEMS[s]}"' for i, s in enumerate(results))
        unit = "ns" if choice.wall else "guest instructions"
        script = PLOT.format(terminal=terminal, output=os.path.abspath(choice.plot), unit=unit, columns=columns)
        done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"gnuplot: {done.stderr.strip().splitlines()[-1:]}")


def listing(rows):
    lines, family = [], None
    for row in rows:
        if row.family != family:
            family = row.family
            lines.append(f"{family}:")
        lines.append(f"  {row.name:<16} {row.what}")
    return "\n".join(lines)
