"""The guest's root file system: a base archive made once, and one with this run's files behind it."""
import errno
import os
import stat
import sys

from . import build, debs
from .cpio import Archive
from .failure import Failure

JOB = ".isthmus/run"
INIT = ".isthmus/init"
OWN = ["explore"]  # guest programs of ours in /bin, beside busybox
PROGRAMS = "isthmus"  # where a program of the host's is put

ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "group": "root:x:0:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost isthmus\n",
    "hostname": "isthmus\n",
    "profile": "PS1='\\u@\\h:\\w\\$ '\nexport PS1\nalias ll='ls -l'\n",
}

# Used until devtmpfs is mounted over them, and instead of it on a kernel without.
NODES = [
    ("console", 5, 1, 0o600), ("tty", 5, 0, 0o666), ("ttyS0", 4, 64, 0o600), ("ttyS1", 4, 65, 0o600),
    ("null", 1, 3, 0o666), ("zero", 1, 5, 0o666), ("full", 1, 7, 0o666), ("random", 1, 8, 0o666),
    ("urandom", 1, 9, 0o666), ("kmsg", 1, 11, 0o644), ("ptmx", 5, 2, 0o666),
]


def applets(busybox):
    """The names in a busybox binary: a table of strings, each ended by a zero, that begins with [."""
    at = busybox.find(b"[\0[[\0")
    if at < 0:
        raise Failure("this busybox has no list of applets that could be read")
    end = busybox.index(b"\0\0", at)
    return [name.decode() for name in busybox[at:end].split(b"\0")]


def machinery(archive):
    """What every guest needs for init to run."""
    for folder in ("dev", "proc", "sys", "tmp", "run"):
        archive.directory(folder, 0o1777 if folder == "tmp" else 0o755)
    for name, major, minor, mode in NODES:
        archive.device(f"dev/{name}", stat.S_IFCHR, major, minor, mode)
    with open(build.guest_program("init"), "rb") as f:
        archive.file(INIT, f.read(), 0o755)


def base_archive():
    archive = Archive()
    machinery(archive)
    archive.symlink("init", f"/{INIT}")
    archive.directory("root", 0o700)
    for folder in ("home/user", "mnt", "var/tmp", "bin", "lib", "usr"):
        archive.directory(folder)
    for link, target in (("sbin", "bin"), ("usr/bin", "../bin"), ("usr/sbin", "../bin"), ("usr/lib", "../lib")):
        archive.symlink(link, target)
    for name, text in ETC.items():
        archive.file(f"etc/{name}", text.encode())
    with open(debs.busybox(), "rb") as f:
        busybox = f.read()
    archive.file("bin/busybox", busybox, 0o755)
    for name in applets(busybox):
        if name != "busybox":
            archive.symlink(f"bin/{name}", "busybox")
    for name in OWN:
        with open(build.guest_program(name), "rb") as f:
            archive.file(f"bin/{name}", f.read(), 0o755)
    return archive


def write(path, archive):
    """Through a temporary name, so that half an archive is never taken for a whole one."""
    partial = f"{path}.{os.getpid()}"
    try:
        with open(partial, "wb") as f:
            archive.write(f)
        os.rename(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.unlink(partial)
        cure = "; free some space, or name another build folder with O=DIR" if error.errno == errno.ENOSPC else ""
        raise Failure(f"{path}: {error.strerror}{cure}") from None


def base():
    """The path of the base archive: Debian's busybox, our init, our own programs, a little of /etc."""
    target = os.path.join(build.OUT, "base.cpio")
    sources = [*(build.guest_program(name) for name in ["init", *OWN]), debs.busybox(), __file__, sys.modules[Archive.__module__].__file__]
    if not build.is_current(target, sources):
        os.makedirs(build.OUT, exist_ok=True)
        write(target, base_archive())
    return target


def base_has(path):
    """Does the base archive have this guest path (as a program, or a link to one)?"""
    folders = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")
    if not path.startswith(folders):
        return False
    with open(debs.busybox(), "rb") as f:
        return os.path.basename(path) in [*applets(f.read()), "busybox", *OWN]


def add_root(archive, folder):
    """A folder of the host's as root instead of the base."""
    archive.copy(folder, "")
    machinery(archive)


def add_volumes(archive, volumes):
    for volume in volumes:
        archive.directory(os.path.dirname(volume.guest.rstrip("/")))
        archive.copy(volume.host, volume.guest, volume.read_only)


def add_config(archive, kernel):
    """How this kernel was configured, where programs look for it; nothing, if the kernel is not one of a build folder."""
    path = os.path.join(os.path.dirname(kernel), ".config")
    if os.path.isfile(path):
        archive.copy(path, "boot/config-isthmus", True)


def add_job(archive, records):
    data = b"".join(os.fsencode(f"{key}={value}") + b"\0" for key, value in records)
    archive.file(JOB, data, 0o600)


def concatenate(target, paths, archive):
    """One file with the archives at paths and then this one."""
    try:
        with open(target, "wb") as out:
            for path in paths:
                with open(path, "rb") as f:
                    data = f.read()
                out.write(data + bytes(-len(data) % 512))
            archive.write(out)
    except OSError as error:
        raise Failure(f"{error.filename or target}: {error.strerror}") from None
