"""i386 packages of Debian, unpacked below build/debs, with an apt state of our own.

The host's dpkg and its architectures are not touched. A package is fetched once; its folder
build/debs/NAME holds its files and .version. A download or an unpacking that fails leaves nothing.
"""
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys

from .failure import Failure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEBS = os.path.join(TOP, "build", "debs")
STATE = os.path.join(DEBS, ".apt")


def apt(tool, *args, **kwargs):
    state = os.path.abspath(STATE)
    options = {
        "Dir::State": state,
        "Dir::State::lists": f"{state}/lists",
        "Dir::State::status": f"{state}/status",
        "Dir::Cache": f"{state}/cache",
        "APT::Architecture": "i386",
        "APT::Architectures": "i386",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    words = [tool]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return subprocess.run(words + list(args), capture_output=True, text=True, check=False, **kwargs)


def update():
    """Fetch Debian's i386 package lists. One archive of several may fail; a package tells later."""
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(STATE, folder), exist_ok=True)
    with open(os.path.join(STATE, "status"), "w"):
        pass
    return apt("apt-get", "-q", "update").stderr


def candidate(package):
    for line in apt("apt-cache", "policy", package).stdout.splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "Candidate" and value != "(none)":
            return value
    return None


def resolve(package):
    """linux-image-686-pae is an empty package: the one that it depends on has the files."""
    if not package.startswith("linux-image"):
        return package
    for line in apt("apt-cache", "depends", package).stdout.splitlines():
        kind, _, name = line.strip().partition(": ")
        if kind == "Depends" and name.startswith("linux-image-"):
            return name
    return package


def unpack(archive, target, only):
    tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE)
    # Device nodes and owners need root; nothing that we take has any.
    words = ["tar", "-x", "-C", target, "--no-same-owner"] + ([only] if only else [])
    done = subprocess.run(words, stdin=tar.stdout, capture_output=True, text=True, check=False)
    tar.stdout.close()
    if tar.wait() or done.returncode:
        raise Failure(f"cannot unpack {os.path.basename(archive)}: {last_line(done.stderr)}")


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def need_apt(packages, why, cure=""):
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Failure(f"this needs Debian's {packages} for i386 ({why}), and there is no apt here{cure}")


@contextlib.contextmanager
def locked(folder=DEBS):
    """One of us at a time works below the folder."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def simulate(packages):
    """apt's own plan to install them: (names and versions, complaint)."""
    done = apt("apt-get", "-q", "-s", "--no-install-recommends", "install", *packages)
    return re.findall(r"^Inst (\S+) \((\S+) .*\[(\S+)\]\)", done.stdout, re.MULTILINE), done.stderr


def archive_name(package, version, architecture):
    return f"{package}_{version.replace(':', '%3a')}_{architecture}.deb"


def with_dependencies(packages):
    """The archives of the packages and of all that they depend on, downloaded, in the order in which they would be installed."""
    need_apt(" ".join(packages), "to make a root folder")
    with locked():
        plan, complaint = simulate(packages)
        if not plan:
            update()
            plan, complaint = simulate(packages)
        if not plan:
            raise Failure(f"apt cannot install {' '.join(packages)} for i386: {last_line(complaint)}")
        archives = [os.path.join(STATE, "cache/archives", archive_name(*row)) for row in plan]
        if not all(map(os.path.exists, archives)):
            print(f"isthmus: fetching {len(plan)} of Debian's i386 packages into {DEBS}", file=sys.stderr)
            words = ["-q", "-y", "--no-install-recommends", "--download-only", "install", *packages]
            done = apt("apt-get", *words)
            missing = [name for name in archives if not os.path.exists(name)]
            if missing:
                raise Failure(f"cannot download {os.path.basename(missing[0])}: {last_line(done.stderr)}")
    return archives


def fetch(package, why, only):
    """Download and unpack one package; on any failure nothing is left."""
    print(f"isthmus: fetching Debian's {package}:i386 ({why}) into {DEBS}", file=sys.stderr)
    os.makedirs(DEBS, exist_ok=True)
    work = os.path.join(DEBS, f".{package}.partial")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "root"))
    try:
        complaint = "" if candidate(package) else update()
        version = candidate(package)
        if version is None:
            raise Failure(f"Debian's {package}:i386 is not to be had: {last_line(complaint)}")
        real = resolve(package)
        done = apt("apt-get", "-q", "download", real, cwd=work)
        if done.returncode:
            update()
            done = apt("apt-get", "-q", "download", real, cwd=work)
        archives = [name for name in os.listdir(work) if name.endswith(".deb")]
        if done.returncode or not archives:
            raise Failure(f"cannot download {real}:i386: {last_line(done.stderr)}")
        unpack(os.path.join(work, archives[0]), os.path.join(work, "root"), only)
        with open(os.path.join(work, "root", ".version"), "w") as f:
            f.write(f"{real} {version}\n")
        os.rename(os.path.join(work, "root"), os.path.join(DEBS, package))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def need(package, why, only=None):
    """The folder with the package's files. only: the one folder of it to unpack, such as ./boot."""
    folder = os.path.join(DEBS, package)
    if os.path.exists(os.path.join(folder, ".version")):
        return folder
    need_apt(package, why, f"; unpack it to {folder}")
    with locked():
        if not os.path.exists(os.path.join(folder, ".version")):
            fetch(package, why, only)
    return folder


def busybox():
    return os.path.join(need("busybox-static", "the guest's shell and tools"), "bin/busybox")


def musl():
    return need("musl-dev", "the C library of the guest's init")


def linux_kernel(package="linux-image-686-pae"):
    boot = os.path.join(need(package, "Linux to compare with", "./boot"), "boot")
    return os.path.join(boot, next(name for name in os.listdir(boot) if name.startswith("vmlinuz-")))
