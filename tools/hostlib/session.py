"""Connects the host's stdin, stdout and stderr with the guest's, until the program's status is there.

COM1 is the kernel's console until init says STARTED; with a terminal it is the program's terminal
from then on. COM2 carries the frames of link.py. What the host does not take, the guest keeps:
the link is not read while much is waiting to be written.
"""
import array
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time
import tty

from . import link
from .failure import CANNOT_RUN, ISTHMUS, NOT_FOUND, TIMEOUT, Failure

PIPE_BUF = 4096  # so much a pipe takes without blocking once poll() says that it is writable
WAITING_MOST = 1 << 16
TAIL = 1 << 16
POWER_OFF_PATIENCE = 3.0
PANIC_PATIENCE = 2.0
ESCAPE = b"\x1d"  # ^]

PANIC = re.compile(rb"^(\[[ .0-9]+\] )?Kernel panic", re.MULTILINE)
POWERED_OFF = re.compile(rb"Power down|System halted|Restarting system|machine halt")


class Output:
    """What waits to be written to one of our descriptors."""

    def __init__(self, fd):
        self.fd, self.data, self.open = fd, bytearray(), True

    def add(self, data):
        if self.open:
            self.data += data

    def write(self):
        """After POLLOUT. False when nobody reads any more."""
        try:
            n = os.write(self.fd, self.data[:PIPE_BUF])
            del self.data[:n]
        except BlockingIOError:
            pass
        except OSError:
            self.open = False
            self.data.clear()
        return self.open

    def flush(self):
        while self.open and self.data:
            select.select([], [self.fd], [])
            self.write()


def terminal_size(fd):
    size = array.array("H", [0, 0, 0, 0])
    try:
        fcntl.ioctl(fd, termios.TIOCGWINSZ, size)
    except OSError:
        return 0, 0
    return size[0], size[1]


class Session:
    def __init__(self, options, machine, name, terminal, linked=True):
        self.options, self.machine, self.name = options, machine, name
        self.terminal, self.linked = terminal, linked
        self.out, self.err = Output(1), Output(2)
        self.to_com1, self.to_com2 = bytearray(), bytearray()
        self.parser = link.Parser()
        self.hello = self.started = False
        self.credit = 0
        self.stdin_open = True
        self.exit_status = None
        self.tail = bytearray()
        self.escapes = self.interrupts = 0
        self.panicked_at = None
        self.log = self.open_log()
        self.log_end = b""

    # -- the kernel log --------------------------------------------------------------------------

    def open_log(self):
        if not self.options.log:
            return None
        if self.options.log == "-":
            return 2
        try:
            return os.open(self.options.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as error:
            raise Failure(f"--log {self.options.log}: {error.strerror}") from None

    def remember(self, data):
        self.tail += data
        del self.tail[:-TAIL]

    def log_data(self, data):
        # A \r may come at the end of one piece and its \n in the next.
        data = data.replace(b"\r", b"")
        self.remember(data)
        if self.log is not None:
            try:
                os.write(self.log, data)
            except OSError as error:
                self.log = None
                print(f"isthmus: --log {self.options.log}: {error.strerror}", file=sys.stderr)
        if self.panicked_at is None and PANIC.search(self.tail):
            self.panicked_at = time.monotonic()

    # -- from the guest --------------------------------------------------------------------------

    def take_com1(self):
        try:
            data = self.machine.com1.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.com1_open = False
            return False
        if self.terminal and (self.started or not self.linked):
            self.remember(data.replace(b"\r", b""))
            self.out.add(data)
        else:
            self.log_data(data)
        return True

    def drain_com1(self):
        while self.com1_open and self.take_com1():
            pass

    def take_com2(self):
        try:
            data = self.machine.com2.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.com2_open = False
            return
        try:
            for kind, payload in self.parser.feed(data):
                self.take_frame(kind, payload)
        except link.Nonsense as nonsense:
            raise Failure(f"the link to the guest carries nonsense: {nonsense}") from None

    def take_frame(self, kind, data):
        if kind == link.HELLO:
            if data != bytes([link.VERSION]):
                raise Failure("the guest's init speaks another version of the link")
            self.hello = True
            self.send_size()
        elif kind == link.STARTED:
            # What is on COM1 now was said before: it is the kernel's.
            self.drain_com1()
            self.started = True
        elif kind == link.STDOUT:
            self.out.add(data)
        elif kind == link.STDERR:
            self.err.add(data)
        elif kind == link.CREDIT:
            self.credit += struct.unpack("<I", data)[0]
        elif kind == link.STDIN_SHUT:
            self.stdin_open = False
        elif kind == link.LOG:
            self.log_data(data)
        elif kind == link.EXIT:
            status = struct.unpack("<I", data)[0]
            self.exit_status = 128 + (status & 0x7F) if status & 0x7F else status >> 8 & 0xFF
        elif kind == link.EXEC_FAILED:
            error = struct.unpack("<I", data)[0]
            status = NOT_FOUND if error == 2 else CANNOT_RUN
            raise Failure(f"{self.name}: cannot be run in the guest: {os.strerror(error)}", status)

    # -- to the guest ----------------------------------------------------------------------------

    def send(self, kind, data=b""):
        self.to_com2 += link.frame(kind, data)

    def send_size(self):
        rows, columns = terminal_size(1)
        if self.terminal and self.hello and rows and columns:
            self.send(link.SIZE, struct.pack("<HH", rows, columns))

    def wants_stdin(self):
        if not self.stdin_open:
            return False
        if self.terminal:
            return (self.started or not self.linked) and len(self.to_com1) < WAITING_MOST
        return self.credit > link.HEADER and len(self.to_com2) < WAITING_MOST

    def take_stdin(self):
        limit = 4096 if self.terminal else min(link.WINDOW // 2, self.credit) - link.HEADER
        try:
            data = os.read(0, limit)
        except OSError:
            data = b""
        if not data:
            self.stdin_open = False
            if not self.terminal:
                self.send(link.STDIN_EOF)
        elif self.terminal:
            self.count_escapes(data)
            self.to_com1 += data
        else:
            self.credit -= len(data) + link.HEADER
            self.send(link.STDIN, data)

    def count_escapes(self, data):
        for byte in data:
            self.escapes = self.escapes + 1 if byte == ESCAPE[0] else 0
            if self.escapes == 3:
                raise Failure("ended by ^] three times")

    def write_line(self, sock, waiting):
        try:
            n = sock.send(waiting)
            del waiting[:n]
        except BlockingIOError:
            pass
        except OSError:
            waiting.clear()

    def output(self, stream):
        if not stream.write() and not self.terminal:
            self.send(link.OUTPUT_SHUT, bytes([stream.fd]))

    def on_signal(self, number):
        if number == signal.SIGWINCH:
            self.send_size()
        elif number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            self.interrupts += 1
            if not self.started or self.terminal or self.interrupts > 2:
                raise Failure(f"ended by {signal.Signals(number).name}", 128 + number)
            self.send(link.SIGNAL, bytes([number]))

    # -- the loop --------------------------------------------------------------------------------

    def fds_to_poll(self):
        """fd -> (events, what to do). Both directions of a serial line are one entry."""
        fds = {self.wakeup: (select.POLLIN, self.take_signals)}
        if self.com1_open:
            readable = select.POLLIN if len(self.out.data) < WAITING_MOST else 0
            fds[self.machine.com1.fileno()] = (readable | (select.POLLOUT if self.to_com1 else 0), self.on_com1)
        if self.com2_open:
            free = len(self.out.data) + len(self.err.data) < WAITING_MOST
            fds[self.machine.com2.fileno()] = ((select.POLLIN if free else 0) | (select.POLLOUT if self.to_com2 else 0), self.on_com2)
        for stream in (self.out, self.err):
            if stream.data:
                fds[stream.fd] = (select.POLLOUT, lambda events, stream=stream: self.output(stream))
        if self.wants_stdin() and 0 not in fds:
            fds[0] = (select.POLLIN, lambda events: self.take_stdin())
        return fds

    def on_com1(self, events):
        if events & select.POLLOUT:
            self.write_line(self.machine.com1, self.to_com1)
        if events & ~select.POLLOUT:
            self.take_com1()

    def on_com2(self, events):
        if events & select.POLLOUT:
            self.write_line(self.machine.com2, self.to_com2)
        if events & ~select.POLLOUT:
            self.take_com2()

    def take_signals(self, _):
        for number in os.read(self.wakeup, 256):
            self.on_signal(number)

    def time_left(self):
        """Milliseconds that poll() may wait; raises when a limit is over."""
        limits = []
        now = time.monotonic()
        if self.options.timeout:
            limits.append(self.start + self.options.timeout - now)
            if limits[-1] <= 0:
                raise Failure(f"{self.name}: not ended after {self.options.timeout:g} s", TIMEOUT)
        if self.panicked_at is not None:
            limits.append(self.panicked_at + PANIC_PATIENCE - now)
            if limits[-1] <= 0:
                self.stopped()
        return max(1, int(min(limits) * 1000) + 1) if limits else None

    def step(self):
        fds = self.fds_to_poll()
        poll = select.poll()
        for fd, (events, _) in fds.items():
            poll.register(fd, events)
        for fd, events in poll.poll(self.time_left()):
            if self.exit_status is None:
                fds[fd][1](events)

    def loop(self):
        while self.exit_status is None:
            if not self.com1_open and not self.com2_open:
                self.machine.process.wait()
                self.stopped()
                return
            self.step()
        self.drain_com1()

    def stopped(self):
        """The machine is gone, or its kernel panicked, and the program has not ended."""
        self.drain_com1()
        self.machine.check_started()
        if self.panicked_at is None and (self.terminal or not self.linked) and POWERED_OFF.search(self.tail):
            self.exit_status = 0
            return
        self.flush()
        lines = self.tail.decode(errors="replace").rstrip().splitlines()[-25:]
        if lines and self.log != 2:
            print("\n".join(["isthmus: the kernel's last lines:", *lines]), file=sys.stderr)
        what = "the kernel panicked" if self.panicked_at is not None else "the machine stopped"
        when = f"before {self.name} ended" if self.started else f"before {self.name} started"
        raise Failure(f"{what} {when}", ISTHMUS)

    def flush(self):
        self.out.flush()
        self.err.flush()

    def run(self):
        self.com1_open, self.com2_open = True, True
        self.start = time.monotonic()
        self.wakeup, write_end = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup(1) keeps it out
                signal.signal(number, lambda *_: None)
        saved = None
        try:
            if self.terminal and os.isatty(0):
                saved = termios.tcgetattr(0)
                tty.setraw(0)
            self.loop()
            self.flush()
            self.machine.close(POWER_OFF_PATIENCE)
        finally:
            if saved:
                termios.tcsetattr(0, termios.TCSADRAIN, saved)
            self.machine.close()
        return self.exit_status
