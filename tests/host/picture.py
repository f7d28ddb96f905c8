"""`./isthmus picture` draws what is there: the SVG is well formed, its rectangles are the entries of a machine's own dump, and the two
facts that it is made for are in it: with isolation user mode has none of the kernel's text but the entry's, without it has all."""
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

from _terminal import done, ok, run_words

ISTHMUS = os.environ["ISTHMUS"]
VIEWS = ["promised", "pti-off", "pti-on-kernel", "pti-on-user"]
ENTRY_PAGES = 2  # of text, at most
PAGE = 4096


def run(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def pieces(svg, view):
    """(from, to, rights) of a view's rectangles."""
    return [
        (int(r.get("data-from"), 16), int(r.get("data-to"), 16), r.get("data-rights"))
        for r in svg.iter("{http://www.w3.org/2000/svg}rect") if r.get("data-view") == view
    ]


def kernel_text(words, address):
    """Where the kernel's text begins and ends, from the machine's own map of memory."""
    out = run(*run_words("--append", words, "-c", "cat /proc/iomem")).stdout
    start, end = (int(part, 16) for part in re.search(r"([0-9a-f]+)-([0-9a-f]+) : Kernel code", out).groups())
    return address + start, address + end + 1


def dump_of_kernel_half(words, border):
    """The entries of the kernel's half in user mode's tables, as a shell reads them."""
    out = run(*run_words("--append", words, "-c", "cat /sys/kernel/debug/page_tables/current_user")).stdout
    found = []
    for line in out.splitlines():
        match = re.match(r"0x([0-9a-f]+)-0x([0-9a-f]+) +\S+ .*\b(RW|ro)\b.*\b(NX|x)\b", line)
        if match and int(match[1], 16) >= border:
            rights = f"kr{'w' if match[3] == 'RW' else '-'}{'-' if match[4] == 'NX' else 'x'}"
            found.append((int(match[1], 16), int(match[2], 16) or 1 << 32, rights))
    return found


def covered(found, start, end, right):
    """Bytes of [start, end) in pieces that have the right."""
    return sum(max(0, min(b, end) - max(a, start)) for a, b, rights in found if right in rights and rights[0] == "k")


drawn = run(ISTHMUS, "picture", "tables.svg")
ok("the command succeeds", drawn.returncode == 0 and not drawn.stdout)
if drawn.returncode:
    print("#", drawn.stderr)
    done()
svg = ElementTree.parse("tables.svg").getroot()
ok("an SVG that is well formed", svg.tag == "{http://www.w3.org/2000/svg}svg" and svg.get("viewBox"))
views = {name: pieces(svg, name) for name in VIEWS}
for name, found in views.items():
    in_order = all(a < b and (not i or found[i - 1][1] <= a) for i, (a, b, _) in enumerate(found))
    ok(f"view {name}: {len(found)} pieces, each above the one before", found and in_order)

border = 0xC0000000
start, end = kernel_text("pti=off", border)
ok("pti=off: user mode has the whole of the kernel's text", covered(views["pti-off"], start, end, "x") == end - start)
ok("pti=on: so has kernel mode", covered(views["pti-on-kernel"], start, end, "x") == end - start)
entry = covered(views["pti-on-user"], start, end, "x")
ok("pti=on: user mode has the entry's text, one page or two", entry in (PAGE, ENTRY_PAGES * PAGE))
ok("and nothing else of the kernel that runs", covered(views["pti-on-user"], 0, 1 << 32, "x") == entry)
ok("and no other part of the direct map", covered(views["pti-on-user"], border, 0xFF800000, "r") == entry)
ok("as the machine's own dump has it", [p for p in views["pti-on-user"] if p[0] >= border] == dump_of_kernel_half("pti=on", border))
user = [[p for p in views[name] if p[1] <= border] for name in ("pti-on-kernel", "pti-on-user")]
ok("user memory is the same in both modes", user[0] == user[1] and user[0])
promised = sum(b - a for a, b, _ in views["promised"])
kept = sum(max(0, min(b, y) - max(a, x)) for a, b, _ in user[0] for x, y, _ in views["promised"])
ok("all of it was promised", kept == sum(b - a for a, b, _ in user[0]) < promised)

other = run(ISTHMUS, "picture", "-m", "64M", "--append", "vmsplit=2G")
ok("another split, to stdout", other.returncode == 0 and 'data-from="80101000"' in other.stdout)
ok("what it does not know is refused", run(ISTHMUS, "picture", "--nothing").returncode == 125)
done()
