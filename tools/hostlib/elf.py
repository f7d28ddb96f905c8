"""Can this host file run in the guest?"""
import os
import stat
import struct

from .failure import CANNOT_RUN, NOT_FOUND, Failure

ELFCLASS32, EM_386, PT_INTERP = 1, 3, 3
ET_EXEC, ET_DYN = 2, 3
MACHINES = {0x3E: "x86-64", 0x28: "ARM", 0xB7: "AArch64", 0xF3: "RISC-V", 8: "MIPS", 0x14: "PowerPC"}


def interpreter(data):
    """The dynamic loader's path in a 32-bit ELF, or None."""
    phoff, = struct.unpack_from("<I", data, 28)
    phentsize, phnum = struct.unpack_from("<HH", data, 42)
    for i in range(phnum):
        kind, offset, _, _, size = struct.unpack_from("<IIIII", data, phoff + i * phentsize)
        if kind == PT_INTERP:
            return data[offset : offset + size].rstrip(b"\0").decode(errors="replace")
    return None


def read_program(path):
    try:
        status = os.stat(path)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}; name a program on this host by its path, one of the guest's by its name alone", NOT_FOUND) from None
    if stat.S_ISDIR(status.st_mode):
        raise Failure(f"{path}: is a directory; name a program", CANNOT_RUN)
    if not stat.S_ISREG(status.st_mode):
        raise Failure(f"{path}: is not a regular file", CANNOT_RUN)
    if not status.st_mode & 0o111:
        raise Failure(f"{path}: is not executable; chmod +x {path}", CANNOT_RUN)
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", CANNOT_RUN) from None


def check(path, has_file):
    """The program's bytes, or Failure. has_file(guest path): will the guest have that file?"""
    data = read_program(path)
    if data.startswith(b"#!"):
        return data
    if data[:4] != b"\x7fELF":
        raise Failure(f"{path}: is neither an ELF program nor a script that begins with #!", CANNOT_RUN)
    machine = struct.unpack_from("<H", data, 18)[0] if len(data) >= 52 else 0
    if data[4] != ELFCLASS32 or machine != EM_386:
        name = MACHINES.get(machine, f"machine {machine}")
        raise Failure(f"{path}: is a program for {name}, not for i386; build it with i686-linux-gnu-gcc -static", CANNOT_RUN)
    if struct.unpack_from("<H", data, 16)[0] not in (ET_EXEC, ET_DYN):
        raise Failure(f"{path}: is an i386 object file, not a program; link it first", CANNOT_RUN)
    try:
        loader = interpreter(data)
    except struct.error:
        raise Failure(f"{path}: is a damaged ELF file", CANNOT_RUN) from None
    if loader and not has_file(loader):
        raise Failure(f"{path}: needs {loader} and its libraries; link it with -static, or give --root or -v with them", CANNOT_RUN)
    return data
