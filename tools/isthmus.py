#!/usr/bin/python3
"""What ./isthmus does beyond finding python3: the subcommands that need more than a line of shell."""
import importlib
import os
import signal
import sys

from hostlib.failure import Failure

COMMANDS = {
    "run": "hostlib.run", "root": "hostlib.roots", "test": "hostlib.testing", "bench": "hostlib.bench", "iso": "hostlib.iso",
    "config": "hostlib.config", "profile": "hostlib.bench_profile", "splits": "hostlib.splits",
    "picture": "hostlib.picture",
}


def fill_closed_descriptors():
    """0, 1 and 2 must not become something else that is opened later."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(fd)


class Ended(Exception):
    """A signal that asks us to end. Sessions, which hand it on to their program, have their own way."""


def end(number, _):
    signal.signal(number, signal.SIG_IGN)  # once is enough
    raise Ended(number)


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)
    fill_closed_descriptors()
    try:
        return importlib.import_module(COMMANDS[sys.argv[1]]).main(sys.argv[2:])
    except Failure as failure:
        print(f"isthmus: {failure}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Ended as ended:
        return 128 + ended.args[0]
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"isthmus: {where}{error.strerror or error}", file=sys.stderr)
        return 125


status = main()
try:
    sys.stdout.flush()
except OSError:
    pass
# Not sys.exit: a stdout that nobody reads any more is no error here.
os._exit(status)
