"""`./isthmus config`: the kernel's configuration, by menu or by name."""
import os
import subprocess
import sys

from . import build, packages
from .failure import Failure

USAGE = """usage: ./isthmus config [CONFIG_NAME=VALUE ...]

Without arguments: a menu in the terminal; without a terminal: the configuration is printed.
The next run or make builds with it. O=DIR in the environment names another build folder."""


def main(words):
    if words and words[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    packages.require(*packages.BUILD)
    for word in words:
        if not word.startswith("CONFIG_") or "=" not in word:
            raise Failure(f"config: {word}: is not of the form CONFIG_NAME=VALUE")
    interactive = not words and os.isatty(0) and os.isatty(1)
    target = ["menuconfig"] if interactive else ["config"]
    command = ["make", "-s", "-C", build.TOP, f"O={build.NAME}", *words, *target]
    done = subprocess.run(command, stdout=None if interactive else subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Failure("the configuration was not changed")
    if not words and not interactive:
        with open(os.path.join(build.OUT, ".config")) as f:
            sys.stdout.write(f.read())
    return 0
