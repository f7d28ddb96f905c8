"""The options of `./isthmus run`, from one table: parsing, messages and help come from the same row."""
import os
import re

from .failure import Failure

LEAST_MEMORY = 3 << 20
QEMU_UNIT = 8192  # QEMU rounds a machine's memory up to that


class Volume:
    def __init__(self, host, guest, read_only):
        self.host, self.guest, self.read_only = host, guest, read_only


def memory(text):
    match = re.fullmatch(r"(\d+)([kKmMgG]?)[bB]?", text)
    if not match:
        raise ValueError("is no amount of memory; say 512M or 2G")
    # A bare number means megabytes, as for QEMU.
    size = int(match[1]) << {"k": 10, "m": 20, "": 20, "g": 30}[match[2].lower()]
    if size < LEAST_MEMORY:
        hint = f" ({match[1]} without a unit is megabytes; did you mean {match[1]}G?)" if not match[2] else ""
        raise ValueError(f"is too little to boot, {LEAST_MEMORY >> 20}M is the least{hint}")
    if size > 64 << 30:
        raise ValueError("is more than a 32-bit PC can have, 64G is the most")
    return size + -size % QEMU_UNIT


def cpus(text):
    if not text.isdigit() or not 1 <= int(text) <= 255:
        raise ValueError("is no number of CPUs; 1 to 255")
    return int(text)


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e9:
        raise ValueError("is no number of seconds")
    return value


def host_file(text):
    if not os.path.exists(text):
        raise ValueError("is not there")
    if not os.path.isfile(text) or not os.access(text, os.R_OK):
        raise ValueError("is not a file that can be read")
    return text


def root(text):
    if os.path.isfile(text):
        return host_file(text)
    if not os.path.isdir(text):
        raise ValueError("is not there; give a folder, or a cpio archive")
    return text


def packages(text):
    names = [name for name in re.split(r"[,\s]+", text) if name]
    if not names:
        raise ValueError("names no package")
    return names


def volume(text):
    host, _, rest = text.partition(":")
    guest, _, mode = rest.partition(":")
    if not guest.startswith("/") or mode not in ("", "ro", "rw"):
        raise ValueError("is not of the form HOST:GUEST or HOST:GUEST:ro, with GUEST beginning with /")
    if not os.path.lexists(host):
        raise ValueError(f"names {host}, which is not there")
    return Volume(host, guest, mode == "ro")


def variable(text):
    name, equals, _ = text.partition("=")
    if not name:
        raise ValueError("is not of the form NAME=VALUE")
    return text if equals else f"{name}={os.environ.get(name, '')}"


def guest_folder(text):
    if not text.startswith("/"):
        raise ValueError("is not a path in the guest that begins with /")
    return text


FLAG = None
# name, short, argument, parser, repeats, help
TABLE = [
    ("memory", "-m", "SIZE", memory, False, "memory of the machine: 512M, 2G (default), 6G"),
    ("smp", "", "N", cpus, False, "number of CPUs (default 1)"),
    ("volume", "-v", "HOST:GUEST[:ro]", volume, True, "copy a file or folder into the guest; changes do not come back"),
    ("env", "-e", "NAME=VALUE", variable, True, "set an environment variable; NAME alone takes it over"),
    ("workdir", "-w", "DIR", guest_folder, False, "the program's working folder (default /root)"),
    ("root", "", "DIR|CPIO", root, False, "use this folder or archive as root file system"),
    ("packages", "", "LIST", packages, True, "root of Debian's i386 packages, with all they need: bash,coreutils,python3"),
    ("append", "", "WORDS", str, True, "kernel command line: vmsplit=2G, highmem=32M, pti=on ..."),
    ("timeout", "", "SECONDS", seconds, False, "end the machine after that long; status 124"),
    ("log", "", "FILE", str, False, "write the kernel's messages there; - is stderr"),
    ("kernel", "", "FILE", host_file, False, "boot this kernel (Multiboot ELF or bzImage)"),
    ("initrd", "", "FILE", host_file, False, "boot this initramfs as it is, on the console; no PROGRAM"),
    ("cpu", "", "MODEL", str, False, "QEMU's CPU model (default: max, or the host's with KVM)"),
    ("icount", "", FLAG, None, False, "guest time is counted in instructions: the same in every run"),
    ("gdb", "", FLAG, None, False, "stop before the first instruction and wait for gdb on port 1234"),
    ("on-linux", "", FLAG, None, False, "boot Debian's Linux 6.1 (686-pae) instead, to compare"),
    ("command", "-c", "COMMANDS", str, False, "run these shell commands; PROGRAM ARGS become $0 $1 ..."),
    ("help", "-h", FLAG, None, False, "this text"),
]


def usage():
    lines = ["usage: ./isthmus run [options] [--] [PROGRAM ARGS...]", "",
             "Boots the kernel in QEMU and runs PROGRAM in it: a path names an i386 program or script of",
             "this host, a name alone one of the guest's (busybox). Without PROGRAM: a shell.", ""]
    for name, short, argument, _, repeats, text in TABLE:
        left = f"{short + ', ' if short else '    '}--{name}{' ' + argument if argument else ''}"
        lines.append(f"  {left:<30} {text}{' (repeatable)' if repeats else ''}")
    lines += ["", "Exit status: the program's; 128+N when signal N ended it; 124 timeout; 125 Isthmus itself failed;",
              "126 PROGRAM cannot be run here; 127 PROGRAM not found. In a terminal, ^] three times ends the machine.",
              "O=DIR in the environment names another build folder."]
    return "\n".join(lines)


class Options:
    def __init__(self):
        for name, _, argument, _, repeats, _ in TABLE:
            setattr(self, name.replace("-", "_"), [] if repeats else (None if argument else False))
        self.program = []


def find(word):
    for row in TABLE:
        if word in (f"--{row[0]}", row[1]):
            return row
    raise Failure(f"{word}: no such option; ./isthmus run --help lists them")


def split(word, rest):
    """One option word -> its row and value. Takes a separate value from rest."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
    else:
        name, value = word[:2], word[2:].removeprefix("=")
        equals = bool(value)
    row = find(name)
    if not row[2]:
        if equals:
            raise Failure(f"{name} takes no value")
        return row, True
    if not equals:
        if not rest:
            raise Failure(f"{name} needs a value: {name} {row[2]}")
        value = rest.pop(0)
    return row, value


def parse(words):
    options, rest = Options(), list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        (name, short, argument, parser, repeats, _), value = split(word, rest)
        if argument:
            try:
                value = parser(value)
            except ValueError as error:
                raise Failure(f"{short or '--' + name} {value}: {error}") from None
        field = name.replace("-", "_")
        if repeats:
            getattr(options, field).append(value)
        else:
            setattr(options, field, value)
    options.program = rest
    if options.initrd and (rest or options.command is not None or options.root or options.packages or options.volume):
        raise Failure("--initrd boots an archive as it is; --root takes one and runs PROGRAM in it")
    if options.root and options.packages:
        raise Failure("--root and --packages both name the root; ./isthmus root DIR makes one of packages")
    if options.kernel and options.on_linux:
        raise Failure("--kernel and --on-linux both name the kernel; give one")
    return options
