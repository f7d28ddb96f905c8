"""`./isthmus iso`: a CD image that boots the kernel and the base image through GRUB."""
import os
import shutil
import subprocess
import tempfile

from . import build, image, packages
from .cpio import Archive
from .failure import Failure

USAGE = """usage: ./isthmus iso [--append WORDS] [FILE]

Makes a CD image (default build/isthmus.iso) that boots on a PC, or with
qemu-system-x86_64 -cdrom FILE -serial stdio: the kernel, and a shell on the console."""

# Serial and screen: whichever the machine has.
GRUB_CFG = """serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout={timeout}
menuentry "Isthmus" {{
	multiboot /boot/isthmus.elf console=tty0 console=ttyS0 {append}
	module /boot/initrd.cpio
}}
"""


def parse(words):
    append, files, rest = [], [], list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            print(USAGE)
            return None
        if word == "--append" and rest:
            append.append(rest.pop(0))
        elif word.startswith("-"):
            raise Failure(f"iso: {word}: no such option; ./isthmus iso --help")
        else:
            files.append(word)
    if len(files) > 1:
        raise Failure(f"iso: one FILE only, not also {files[1]}")
    return " ".join(append), files[0] if files else os.path.join(build.OUT, "isthmus.iso")


def main(words):
    parsed = parse(words)
    if not parsed:
        return 0
    append, target = parsed
    packages.require(*packages.ISO)
    kernel, initrd = build.kernel(), image.base()
    with tempfile.TemporaryDirectory(prefix="isthmus.") as folder:
        os.makedirs(os.path.join(folder, "boot/grub"))
        shutil.copy(kernel, os.path.join(folder, "boot/isthmus.elf"))
        archive = Archive()
        image.add_config(archive, kernel)
        image.concatenate(os.path.join(folder, "boot/initrd.cpio"), [initrd], archive)
        with open(os.path.join(folder, "boot/grub/grub.cfg"), "w") as f:
            f.write(GRUB_CFG.format(timeout=1, append=append))
        partial = f"{target}.{os.getpid()}"
        words = ["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", partial, folder]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode or not os.path.exists(partial):
            if os.path.exists(partial):
                os.unlink(partial)
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise Failure(f"grub-mkrescue could not make {target}: {lines[-1]}")
        os.rename(partial, target)
    print(target)
    return 0
