"""The machine through QEMU's gdb stub (./isthmus run --gdb): breakpoints, registers, memory, NMIs."""
import re
import select
import socket
import struct
import subprocess
import time

PORT = 1234


class Gdb:
    """The machine is stopped, but between go() and the end of wait()."""

    def __init__(self, words, seconds=60):
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        until = time.monotonic() + seconds
        while True:
            try:
                self.link = socket.create_connection(("127.0.0.1", PORT))
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        self.seen = b""
        self.ask("QStartNoAckMode")
        self.link.sendall(b"+")
        self.ask("qXfer:features:read:target.xml:0,100")  # QEMU then knows how registers are numbered

    def send(self, text):
        data = text.encode()
        self.link.sendall(b"$" + data + b"#%02x" % (sum(data) & 255))

    def packet(self, seconds):
        """The next packet, or None."""
        until = time.monotonic() + seconds
        while True:
            found = re.search(rb"\$([^#]*)#..", self.seen, re.DOTALL)
            if found:
                self.seen = self.seen[found.end() :]
                return found[1].decode()
            if not select.select([self.link], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            data = self.link.recv(65536)
            if not data:
                raise EOFError
            self.seen += data

    def ask(self, text, seconds=60):
        self.send(text)
        return self.packet(seconds)

    def monitor(self, command):
        """What QEMU's monitor says."""
        self.send("qRcmd," + command.encode().hex())
        said = ""
        while (part := self.packet(60)) not in ("OK", None):
            said += bytes.fromhex(part[1:]).decode()
        return said

    def registers(self):
        said = self.monitor("info registers")
        return {name: int(value, 16) for name, value in re.findall(r"\b([A-Z][A-Z0-9]{1,2}) ?= ?([0-9a-f]+)\b", said)}

    def word(self, address):
        return struct.unpack("<I", bytes.fromhex(self.ask(f"m{address:x},4")))[0]

    def set_register(self, number, value):
        self.ask(f"P{number:x}={struct.pack('<Q', value).hex()}")

    def stop_at(self, address, on=True):
        self.ask(f"{'Z' if on else 'z'}0,{address:x},1")

    def go(self):
        self.send("c")

    def wait(self, seconds):
        """Has it stopped by itself?"""
        return self.packet(seconds) is not None

    def halt(self):
        self.link.sendall(b"\x03")
        self.packet(60)

    def step(self):
        """One instruction; interrupts and NMIs wait."""
        self.ask("s")

    def go_to(self, address, seconds):
        """Run to there from elsewhere; False, and stopped somewhere, if that does not happen in time."""
        self.stop_at(address)
        self.go()
        there = self.wait(seconds)
        if not there:
            self.halt()
        self.stop_at(address, False)
        return there

    def close(self):
        """QEMU ends at that, and ./isthmus with it."""
        self.send("k")
        self.process.wait()
        self.link.close()


def port_is_free():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", PORT))
        except OSError:
            return False
    return True
