"""`./isthmus run`: options, image, machine, session, in that order."""
import os
import sys
import tempfile

from . import build, debs, elf, image, packages, roots
from .cpio import Archive
from .failure import Failure
from .machine import Machine
from .options import parse, usage
from .session import Session, terminal_size

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def guest_has(options, path):
    """Will this path be a file in the guest?"""
    for volume in options.volume:
        if path == volume.guest or path.startswith(volume.guest.rstrip("/") + "/"):
            inside = path[len(volume.guest.rstrip("/")) :]
            if os.path.exists(volume.host + inside):
                return True
    if options.root:
        return os.path.isfile(options.root) or os.path.lexists(options.root + path)
    return image.base_has(path)


def place_program(options, archive):
    """Copy a program of the host's in. The guest's argv, and the file to execute."""
    if options.command is not None:
        return ["/bin/sh", "-c", options.command, *options.program]
    if not options.program:
        return ["-sh"]
    path = options.program[0]
    if "/" not in path or (path.startswith("/") and guest_has(options, path)):
        return options.program
    data = elf.check(path, lambda loader: guest_has(options, loader))
    target = f"/{image.PROGRAMS}/{os.path.basename(path)}"
    archive.file(target, data, 0o755)
    return [target, *options.program[1:]]


def job_records(options, argv, terminal):
    rows, columns = terminal_size(1) if terminal else (0, 0)
    environment = {"PATH": PATH, "HOME": "/root", "USER": "root", "SHELL": "/bin/sh"}
    if terminal:
        environment["TERM"] = os.environ.get("TERM", "vt100")
    environment.update(variable.split("=", 1) for variable in options.env)
    records = [("hostname", "isthmus"), ("directory", options.workdir or "/root")]
    records += [("terminal", int(terminal)), ("log", int(bool(options.log))), ("rows", rows), ("columns", columns)]
    records += [("env", f"{name}={value}") for name, value in environment.items()]
    return records + [("arg", word) for word in argv]


def append_words(options):
    words = ["console=ttyS0", "panic=-1"]
    if not options.initrd:
        words.append(f"rdinit=/{image.INIT}")
    if not options.log and not options.initrd:
        words.append("quiet")
    return " ".join(words + options.append)


def choose_kernel(options):
    if options.on_linux:
        return debs.linux_kernel()
    return options.kernel or build.kernel()


def make_initrd(options, kernel, folder, terminal):
    """The archive to boot, and what to call the program in messages."""
    if options.initrd:
        return options.initrd, options.initrd
    archive, paths = Archive(), []
    if options.packages:
        options.root, root = roots.cached(sum(options.packages, []))
        paths.append(root)
    elif not options.root:
        paths.append(image.base())
    elif os.path.isdir(options.root):
        image.add_root(archive, options.root)
    else:
        paths.append(options.root)
        image.machinery(archive)
    argv = place_program(options, archive)
    if not options.root:  # a root of one's own gets nothing that is not in it
        image.add_config(archive, kernel)
    image.add_volumes(archive, options.volume)
    image.add_job(archive, job_records(options, argv, terminal))
    target = os.path.join(folder, "initrd.cpio")
    image.concatenate(target, paths, archive)
    return target, options.program[0] if options.program else "the shell"


def main(words):
    options = parse(words)
    if options.help:
        print(usage())
        return 0
    packages.require(*packages.MACHINE)
    terminal = os.isatty(0) and os.isatty(1)
    with tempfile.TemporaryDirectory(prefix="isthmus.") as folder:
        kernel = choose_kernel(options)
        initrd, name = make_initrd(options, kernel, folder, terminal)
        machine = Machine(options, kernel, initrd, append_words(options))
        if options.gdb:
            print(f"isthmus: waiting for gdb {kernel} -ex 'target remote :1234'", file=sys.stderr)
        try:
            return Session(options, machine, name, terminal or bool(options.initrd), not options.initrd).run()
        finally:
            if machine.process.poll() is None:
                machine.close()
