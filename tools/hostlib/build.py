"""Bring the kernel and the guest's init up to date, cheaply when there is nothing to do."""
import fcntl
import os
import subprocess
import sys

from . import debs, packages
from .failure import Failure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = os.environ.get("O", "build")  # the build folder as make gets it, seen from TOP
OUT = os.path.join(TOP, NAME)


def newest(paths):
    """The newest modification time of the files and of all that lies below the folders."""
    latest = 0.0
    for path in paths:
        try:
            latest = max(latest, os.stat(path).st_mtime)
            if os.path.isdir(path):
                with os.scandir(path) as entries:
                    latest = max(latest, newest(entry.path for entry in entries))
        except FileNotFoundError:
            pass
    return latest


def is_current(target, sources):
    try:
        return os.stat(target).st_mtime >= newest(sources)
    except FileNotFoundError:
        return False


def make(*targets, name=NAME, keep_going=False):
    """make targets: paths below the build folder, names of make's, VARIABLE=value. keep_going: how far it went is for the caller to see."""
    out = os.path.join(TOP, name)
    packages.require(*packages.BUILD)
    try:
        os.makedirs(out, exist_ok=True)
        lock = open(os.path.join(out, ".lock"), "w")
    except OSError as error:
        raise Failure(f"{out}: {error.strerror}; O=DIR names another build folder") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        words = ["make", *(["-k"] if keep_going else []), "-C", TOP, "--no-print-directory", f"-j{os.cpu_count()}", f"O={name}", *targets]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
    if done.returncode and not keep_going:
        space = os.statvfs(out)
        if space.f_bavail * space.f_frsize < 1 << 20:
            raise Failure(f"{out}: the disk is full; free some space, or name another build folder with O=DIR")
        raise Failure(f"{' '.join(targets)} does not build (the messages above say where)")


def from_top(*names):
    return [os.path.join(TOP, name) for name in names]


def kernel(name=NAME, *overrides):
    """The kernel of the build folder called name. overrides: CONFIG_X=value words that it is to have."""
    target = os.path.join(TOP, name, "isthmus.elf")
    sources = from_top("kernel", "Makefile", "Kconfig", "tools/kallsyms.py", os.path.join(name, ".config"))
    if not is_current(target, sources):
        if not os.path.exists(target):
            print(f"isthmus: building {target}", file=sys.stderr)
        make(os.path.join(name, "isthmus.elf"), *overrides, name=name)
        os.utime(target)
    return target


def guest_program(name):
    """A program of our own for the guest: user/NAME, one static binary."""
    target = os.path.join(OUT, "user", name)
    if not is_current(target, from_top(f"user/{name}", "tools/musl-cc")):
        debs.musl()
        make(os.path.join(NAME, "user", name))
        os.utime(target)
    return target
