"""tests/third: other people's programs from Debian's i386 packages, each judged by what Linux made of it.

stress-ng's stressors come from tests/third/stress-ng.tsv, which has the outcome on Debian's Linux in each machine. A stressor that
passes there must pass here; the kernel must not complain, whatever the outcome; a machine that dies costs the stressor that ran.
"""
import os
import re
import sys
import time

from . import build, guest_tests
from .guest_tests import Boot, Configuration, kernel_file, log_since, log_size, machine_words
from .tap import Result

FOLDER = os.path.join(build.TOP, "tests/third")
COMPLAINT = re.compile(r"not implemented|WARN|BUG|Oops|[Pp]anic|lock order|Bad page|soft lockup|unhandled|stuck")

MACHINES = {
    "2G": Configuration("pae", "2G", 4, "glibc"),
    "256M": Configuration("pae", "256M", 4, "glibc", "highmem=128M"),
}
LONG_KERNELS = ("pae", "debug")
SECONDS_EACH, QUICK_SECONDS = 10, 2
PATIENCE = 120  # seconds for one stressor on a slow host before it counts as hung


def table():
    """name -> {class, ops, 2G, 256M}; ops is - for what is not quick."""
    with open(os.path.join(FOLDER, "stress-ng.tsv"), encoding="utf-8") as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    head = rows.pop(0)
    return {row[0]: dict(zip(head, row)) for row in rows}


def judge(result, outcome, expected, complaints):
    """One check for the outcome, and one more that fails for what the kernel said."""
    good = outcome == expected or outcome == "pass" or (expected != "pass" and outcome in ("fail", "skip"))
    text = f"{outcome}, as on Linux" if outcome == expected else f"{outcome}; on Linux {expected}"
    result.line(f"{'ok' if good else 'not ok'} - {text}")
    for line in complaints[:5]:
        result.line(f"not ok - the kernel says: {line}")
    result.end(0)


def run_boot(machine, kernel, label, words, rows, seconds, tally):
    """Run stressors in one boot; the words that are left, without the one that ended it."""
    log = os.path.join(build.OUT, f"log-third-{label}.txt")
    options = machine_words(machine, kernel, log)
    options += ["--packages", "stress-ng", "-v", f"{FOLDER}/stress.sh:/stress.sh"]
    options += ["-e", f"SECONDS_EACH={seconds}", "-e", f"PATIENCE={PATIENCE}", "--", "sh", "/stress.sh", *words]
    boot = Boot(options, PATIENCE + 60)
    current, begun, log_begun, left = None, 0.0, 0, list(words)

    def ended(outcome):
        expected = rows[current.name.split("/")[-1]][machine.mem]
        complaints = [line for line in log_since(log, log_begun) if COMPLAINT.search(line)]
        context = [line for line in current.output if line.strip()][-10:]
        judge(current, outcome, expected, complaints)
        tally.add(current, time.monotonic() - begun, context if current.failures else ())
        left.pop(0)

    for line in boot.lines():
        fields = line.split()
        if fields[:2] == ["#=", "start"]:
            current, begun, log_begun = Result(f"third/{label}/{fields[2]}"), time.monotonic(), log_size(log)
        elif fields[:2] == ["#=", "end"] and current:
            ended(fields[3])
            current = None
        elif current:
            current.output.append(line)
    said = boot.end()
    if left and not current:
        current, begun = Result(f"third/{label}/{left[0].split(':')[0]}"), time.monotonic()
    if left:
        current.output.append(said or "the machine ended")
        ended("hang")
    return left


def run(tally, selected, long, on_linux):
    rows = {name: row for name, row in table().items() if selected(name)}
    names = ["linux"] if on_linux else LONG_KERNELS if long else LONG_KERNELS[:1]
    for mem, machine in MACHINES.items():
        if long:
            words = [name for name, row in rows.items() if row[mem] != "-"]
        else:
            words = [f"{name}:{row['ops']}" for name, row in rows.items() if row["ops"] != "-" and mem == "2G"]
        for name in names if words else ():
            machine.kernel = name
            kernel = kernel_file(machine)
            print(f"-- stress-ng, {name}, {mem}: {len(words)} stressors", file=sys.stderr)
            left = words
            while left:
                left = run_boot(machine, kernel, f"{name}-{mem}", left, rows, SECONDS_EACH if long else QUICK_SECONDS, tally)
