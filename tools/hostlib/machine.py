"""The virtual PC: QEMU's command line, its process, and our ends of its two serial lines."""
import os
import socket
import subprocess
import tempfile

from . import build, child
from .failure import Failure

QEMU = "qemu-system-x86_64"  # qemu-system-i386 7.2 cuts physical addresses to 32 bits


def boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id") as f:
            return f.read().strip()
    except OSError:
        return ""


def kvm_works():
    """Some /dev/kvm cannot start a virtual CPU: tried once after each boot of the host."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    note = os.path.join(build.OUT, ".kvm")
    try:
        with open(note) as f:
            boot, answer = f.read().split()
        if boot == boot_id():
            return answer == "yes"
    except (OSError, ValueError):
        pass
    words = [QEMU, "-nodefaults", "-machine", "pc", "-accel", "kvm", "-cpu", "host", "-display", "none", "-S", "-monitor", "stdio"]
    try:
        works = subprocess.run(words, input=b"quit\n", capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        works = False
    try:
        with open(note, "w") as f:
            f.write(f"{boot_id()} {'yes' if works else 'no'}\n")
    except OSError:
        pass  # asked again next time
    return works


def accelerator(options):
    """KVM where it works; with --icount, and without KVM, emulation."""
    if options.icount:
        return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]
    if kvm_works():
        return ["-accel", "kvm"]
    return ["-accel", "tcg,thread=multi"]


def cpu_model(options, accel):
    if options.cpu:
        return options.cpu
    return "host" if "kvm" in accel else "max"


def is_elf(path):
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


def board(memory):
    """A PC with that many bytes of RAM. The host gives each page when the guest first touches it, and promises none of them: a
    machine may have more than the host."""
    return ["-object", f"memory-backend-ram,id=ram,size={memory >> 10}k,reserve=off", "-machine", "pc,memory-backend=ram"]


def command_line(options, kernel, initrd, append, serial_fds):
    accel = accelerator(options)
    memory = options.memory or 2 << 30
    words = [QEMU, "-nodefaults", "-no-user-config", *board(memory), *accel, "-cpu", cpu_model(options, accel)]
    words += ["-m", f"{memory >> 10}k", "-smp", str(options.smp or 1)]
    words += ["-display", "none", "-vga", "none", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    for number, fd in enumerate(serial_fds, 1):
        words += ["-chardev", f"socket,id=com{number},fd={fd}"]
    words += ["-serial", "chardev:com1"]
    # The link goes over a virtio console where the kernel drives one: a serial port carries a byte at a time. Debian's Linux
    # has that driver in a module that the initramfs lacks.
    if is_elf(kernel):
        words += ["-device", "virtio-serial-pci", "-device", "virtconsole,chardev=com2"]
    else:
        words += ["-serial", "chardev:com2"]
    # A comma separates modules in -initrd of a Multiboot kernel.
    words += ["-kernel", kernel, "-initrd", initrd.replace(",", ",,"), "-append", append]
    if options.gdb:
        words += ["-gdb", "tcp:127.0.0.1:1234", "-S"]
    return words


class Machine:
    """com1, com2: sockets; process: QEMU. close() ends it in any case."""

    def __init__(self, options, kernel, initrd, append):
        self.com1, guest1 = socket.socketpair()
        self.com2, guest2 = socket.socketpair()
        self.errors = tempfile.TemporaryFile()
        fds = [guest1.fileno(), guest2.fileno()]
        words = command_line(options, kernel, initrd, append, fds)
        self.process = child.start(
            words, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors, pass_fds=fds, start_new_session=True
        )
        guest1.close()
        guest2.close()
        self.com1.setblocking(False)
        self.com2.setblocking(False)

    def complaint(self):
        """QEMU's own last message, if it had one."""
        self.errors.seek(0)
        lines = [line for line in self.errors.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def check_started(self):
        if self.process.poll() not in (None, 0) and self.complaint():
            raise Failure(f"QEMU stopped: {self.complaint()}")

    def close(self, patience=0.0):
        """Wait that long for the machine to power off, then end it."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.com1.close()
        self.com2.close()
        self.errors.close()
