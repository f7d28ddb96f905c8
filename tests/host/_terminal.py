"""A terminal for the command, and what is expected on it."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

count = failed = 0


def ok(name, good):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)


def done():
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


class Terminal:
    def __init__(self, words, rows=33, columns=99):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(words[0], words)
        self.seen = b""

    def type(self, text):
        os.write(self.fd, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, seconds):
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            return os.read(self.fd, 65536)
        except OSError:
            return b""

    def wait_for(self, text, seconds=40):
        """Everything up to the text is gone afterwards. False when it does not come."""
        wanted, end = text.encode(), time.monotonic() + seconds
        while wanted not in self.seen:
            data = self.read(end - time.monotonic())
            if not data:
                print(f"# waited for {wanted!r}, saw {self.seen[-500:]!r}")
                return False
            self.seen += data
        self.seen = self.seen.partition(wanted)[2]
        return True

    def status(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGTERM)
        return None


def run_words(*words):
    return [os.environ["ISTHMUS"], "run", *os.environ.get("RUN_OPTIONS", "").split(), "--timeout", "120", *words]
