"""Root folders made of Debian's i386 packages, as `run --packages` and `root` want them.

Packages are unpacked, not installed: no maintainer script runs. What those would have made and programs miss is made here:
accounts, a merged /usr, names from update-alternatives, and busybox's applets for the tools that the packages do not bring.
A root below build/roots is made once for each list of packages; a failure leaves nothing.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys

from . import build, debs, image
from .cpio import Archive
from .failure import Failure

# What Debian's packages take for granted, and busybox does not have: folders and os-release, accounts, the C.UTF-8 locale.
ALWAYS = ["base-files", "base-passwd", "libc-bin"]
MERGED = ("bin", "lib", "sbin")
UNWANTED = ("doc", "doc-base", "man", "info", "locale", "lintian", "bug", "gtk-doc")
STAMP = ".packages"
ROOTS = os.path.join(build.TOP, "build", "roots")

USAGE = """usage: ./isthmus root DIR PACKAGE...

Makes the folder DIR, for run --root DIR, with Debian's i386 PACKAGEs and all that they depend on; without
documentation and translations. Busybox has the names that they leave. DIR is an ordinary folder: change it as
you like. ./isthmus run --packages LIST does the same in the build folder."""


def check_names(names):
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?", name):
            raise Failure(f"{name or 'an empty word'}: is no name of a package")


def unpack(archive, folder):
    """The package's files, through the links that merge /usr."""
    tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE)
    words = ["tar", "-x", "-C", folder, "--no-same-owner", "--keep-directory-symlink", "--delay-directory-restore"]
    words += [f"--exclude=./usr/share/{name}/*" for name in UNWANTED]
    done = subprocess.run(words, stdin=tar.stdout, capture_output=True, text=True, check=False)
    tar.stdout.close()
    if tar.wait() or done.returncode:
        raise Failure(f"cannot unpack {os.path.basename(archive)}: {debs.last_line(done.stderr)}")


def alternatives(archive):
    """(link, target) for each name that the package's postinst gives to update-alternatives."""
    words = ["dpkg-deb", "--info", archive, "postinst"]
    script = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False).stdout
    for command in script.replace("\\\n", " ").splitlines():
        if "update-alternatives" in command:
            yield from re.findall(r"--(?:install|slave)\s+(/\S+)\s+\S+\s+(/[^\s;]+)", command)


def link(folder, path, target):
    """A symbolic link, unless the name is taken."""
    place = os.path.join(folder, path.lstrip("/"))
    if not os.path.lexists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.symlink(target, place)


def add_alternatives(folder, archives):
    for archive in archives:
        for path, target in alternatives(archive):
            if os.path.lexists(os.path.join(folder, target.lstrip("/"))):
                link(folder, path, target)


def add_accounts(folder):
    """Debian's own accounts, with the user that the base has."""
    for name in ("passwd", "group"):
        with open(os.path.join(folder, "usr/share/base-passwd", f"{name}.master")) as f:
            lines = f.read()
        user = [line for line in image.ETC[name].splitlines(True) if line.startswith("user:")]
        write(folder, f"etc/{name}", lines + "".join(user))
    for name in ("hosts", "hostname"):
        write(folder, f"etc/{name}", image.ETC[name])


def write(folder, path, text):
    with open(os.path.join(folder, path), "w") as f:
        f.write(text)


def add_busybox(folder):
    """Under usr/bin, and an applet for each name that no package brought."""
    target = os.path.join(folder, "usr/bin/busybox")
    if not os.path.lexists(target):
        shutil.copy(debs.busybox(), target)
    with open(target, "rb") as f:
        names = image.applets(f.read())
    for name in names:
        if not os.path.lexists(os.path.join(folder, "usr/sbin", name)):
            link(folder, f"usr/bin/{name}", "busybox")


def fill(folder, archives):
    for name in MERGED:
        os.makedirs(os.path.join(folder, "usr", name))
        os.symlink(f"usr/{name}", os.path.join(folder, name))
    for archive in archives:
        unpack(archive, folder)
    add_alternatives(folder, archives)
    add_accounts(folder)
    add_busybox(folder)
    for name in ("home/user", "dev", "proc", "sys", "run", "tmp", "var/tmp"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)


def make(folder, packages):
    """The folder with these packages; it must not be there yet."""
    check_names(packages)
    archives = debs.with_dependencies(sorted({*packages, *ALWAYS}))
    print(f"isthmus: unpacking {len(archives)} packages into {folder}", file=sys.stderr)
    partial = f"{folder}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        fill(partial, archives)
        write(partial, STAMP, "".join(f"{os.path.basename(a)}\n" for a in archives))
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def cached(packages):
    """A folder with the packages, and an initramfs of it; both made once."""
    check_names(packages)
    names = sorted(set(packages))
    key = "+".join(names)
    if len(key) > 100:
        key = f"{names[0]}+{len(names) - 1}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    folder = os.path.join(ROOTS, key)
    target = os.path.join(build.OUT, "roots", f"{key}.cpio")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with debs.locked(ROOTS):
        if not os.path.isdir(folder):
            make(folder, names)
        if not build.is_current(target, [os.path.join(folder, STAMP), build.guest_program("init"), image.__file__]):
            archive = Archive()
            image.add_root(archive, folder)
            image.write(target, archive)
    return folder, target


def main(words):
    if not words or words[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if len(words) < 2 or words[0].startswith("-"):
        raise Failure("root: give a folder and names of packages; ./isthmus root --help")
    folder = words[0].rstrip("/")
    if os.path.lexists(folder):
        raise Failure(f"{folder}: is there already; remove it, or name another folder")
    make(folder, words[1:])
    return 0
