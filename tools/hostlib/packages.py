"""Debian packages that the host needs, named by what we use of them."""
import os
import shutil
import subprocess
import sys

from .failure import Failure

# what is looked for -> (package, why). A name with a slash is a file, else a command.
TABLE = {
    "qemu-system-x86_64": ("qemu-system-x86", "the machine that the kernel runs in"),
    "make": ("make", "to build"),
    "i686-linux-gnu-gcc": ("gcc-i686-linux-gnu", "to compile for the guest"),
    "/usr/i686-linux-gnu/include/stdio.h": ("libc6-dev-i386-cross", "the guest programs' C library and Linux's headers"),
    "/usr/lib/python3/dist-packages/kconfiglib.py": ("python3-kconfiglib", "the kernel configuration"),
    "gcc": ("gcc", "to compile the host tests"),
    "/usr/include/stdio.h": ("libc6-dev", "to compile the host tests"),
    "/usr/include/cmocka.h": ("libcmocka-dev", "the host tests' framework"),
    "grub-mkrescue": ("grub-common", "to make the ISO image"),
    "/usr/lib/grub/i386-pc/multiboot.mod": ("grub-pc-bin", "to make the ISO image"),
    "xorriso": ("xorriso", "to make the ISO image"),
    "mformat": ("mtools", "to make the ISO image"),
    "gnuplot": ("gnuplot-nox", "to plot the benchmark"),
    "clang-format": ("clang-format", "to check the style"),
    "cppcheck": ("cppcheck", "to check the source"),
    "sparse": ("sparse", "to check the source"),
    "clang": ("clang", "to build the fuzz targets"),
    "/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a": ("libclang-rt-14-dev", "to build the fuzz targets"),
    "gcovr": ("gcovr", "to show which lines the tests run"),
}

BUILD = ["make", "i686-linux-gnu-gcc", "/usr/i686-linux-gnu/include/stdio.h", "/usr/lib/python3/dist-packages/kconfiglib.py"]
MACHINE = ["qemu-system-x86_64"]
UNIT = ["make", "gcc", "/usr/include/stdio.h", "/usr/include/cmocka.h", "/usr/lib/python3/dist-packages/kconfiglib.py"]
ISO = ["grub-mkrescue", "/usr/lib/grub/i386-pc/multiboot.mod", "xorriso", "mformat"]
PLOT = ["gnuplot"]
FUZZ = ["clang", "/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a", "/usr/include/cmocka.h", "/usr/include/stdio.h"]
COVERAGE = ["gcovr"]
LINT = ["clang-format", "cppcheck", "sparse"]


def is_there(thing):
    return os.path.exists(thing) if "/" in thing else shutil.which(thing) is not None


def install(packages, say):
    words = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")

    def run(command):
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    say(f"isthmus: installing {' '.join(packages)}")
    done = run(words)
    if done.returncode:
        run(["apt-get", "update", "-q"])
        done = run(words)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:]
        raise Failure(f"apt-get could not install {' '.join(packages)}: {' '.join(lines)}")


def require(*things):
    """Install what is missing, saying what and why; where that cannot be, name the packages."""
    missing = {TABLE[t][0]: TABLE[t][1] for t in things if not is_there(t)}
    if not missing:
        return
    for package, why in missing.items():
        print(f"isthmus: {package} is missing ({why})", file=sys.stderr)
    names = list(missing)
    if not shutil.which("apt-get"):
        raise Failure(f"there is no apt here; install what Debian calls {' '.join(names)}")
    if os.geteuid() != 0:
        raise Failure(f"not root; sudo apt-get install {' '.join(names)}")
    install(names, lambda line: print(line, file=sys.stderr))
    still = [TABLE[t][0] for t in things if not is_there(t)]
    if still:
        raise Failure(f"{' '.join(still)} is installed and still not found")
