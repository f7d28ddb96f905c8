"""`./isthmus test`: the kinds of tests, each counted into one tally."""
import concurrent.futures
import fnmatch
import os
import subprocess
import sys
import tempfile
import time

from . import build, child, guest_tests, packages, stress, syscall_tests, third_tests
from .failure import Failure
from .tap import Result, Tally

KINDS = ["unit", "layers", "lint", "guest", "stress", "syscalls", "host", "third", "bench", "fuzz", "coverage"]
DEFAULT = KINDS[:-2]
HOST_TESTS = os.path.join(build.TOP, "tests/host")
UNIT_LIMIT, UNIT_LONG_LIMIT = 900, 3600  # seconds, which only a test that hangs takes: a busy host is no failure

USAGE = """usage: ./isthmus test [unit] [layers] [lint] [guest] [stress] [syscalls] [host] [third] [bench] [fuzz] [coverage]
                      [--long] [--minutes N] [--on-linux] [-k PATTERN]

  unit     tests/unit on this host, under sanitizers, with the simulated machine
  layers   no part of the kernel refers to a part above it
  lint     what clang-format, cppcheck and sparse say about the source: nothing
  guest    tests/guest, ordinary Linux programs, in machines of several sizes and kernels
  stress   tests/stress: random work of many processes on 4 CPUs of a debug build, and then: does anything leak?
  syscalls tests/fuzz/syscalls: random system calls of many processes, and then: what is left behind?
  host     tests/host: the command itself
  third    tests/third: stress-ng and other programs of Debian's i386 packages
  bench    no row of the benchmark rose by more than 3 %: ./isthmus bench --check
  fuzz     tests/fuzz: each target's corpus again, then a few seconds of new inputs
  coverage the unit tests run 90 % of the lines of kernel/mm and kernel/lib; make coverage shows which not
  --long       every configuration, longer random tests, half an hour of stress and of system calls
  --minutes N  so long a stress, and so long each machine's system calls
  --on-linux   guest, stress, syscalls, host and third on Debian's Linux 6.1 instead of Isthmus
  -k PATTERN   only tests whose name contains PATTERN (or matches it, with * and ?)

Without a kind: all but fuzz and coverage. The last line is "N passed, N failed"."""


def number(option, text):
    try:
        return float(text)
    except ValueError:
        raise Failure(f"test: {option} {text}: not a number") from None


class Choice:
    def __init__(self, words):
        self.kinds, self.long, self.on_linux, self.pattern, self.help = [], False, False, "", False
        self.minutes = 0.0
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word in KINDS:
                self.kinds.append(word)
            elif word == "--long":
                self.long = True
            elif word == "--on-linux":
                self.on_linux = True
            elif word == "--minutes" and rest:
                self.minutes = number(word, rest.pop(0))
            elif word == "-k" and rest:
                self.pattern = rest.pop(0)
            elif word in ("-h", "--help"):
                self.help = True
            else:
                raise Failure(f"test: {word}: not known; ./isthmus test --help")
        if not self.kinds:
            self.kinds = ["guest", "stress", "syscalls", "host"] if self.on_linux else DEFAULT

    def selects(self, name):
        return not self.pattern or self.pattern in name or fnmatch.fnmatch(name, self.pattern)


def run_program(tally, name, words, limit, environment, cwd=None, more=list):
    """One test program of the host's that prints TAP; more() has lines of TAP about what it left."""
    tally.add(*outcome(name, words, limit, environment, cwd, more))


def outcome(name, words, limit, environment, cwd=None, more=list):
    """Its result, the seconds that it took, and what to show."""
    begun = time.monotonic()
    result = Result(name)
    try:
        status, output = child.run(words, limit, stdin=subprocess.DEVNULL, env=environment, cwd=cwd)
    except OSError as error:
        status, output = 126, str(error).encode()
    for line in [*output.decode(errors="replace").splitlines(), *more()]:
        result.line(line)
    result.end(status)
    return result, time.monotonic() - begun, result.output if result.failures else ()


def unit(tally, choice):
    packages.require(*packages.UNIT)
    begun = time.monotonic()
    build.make("unit-build", keep_going=True)
    print(f"-- unit tests built in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    words = ["make", "-s", "-C", build.TOP, f"O={build.NAME}", "unit-list"]
    binaries = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    environment = dict(
        os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", ISTHMUS_LONG="1" if choice.long else "",
        ASAN_OPTIONS="detect_stack_use_after_return=1:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1",
        TSAN_OPTIONS="halt_on_error=1",
    )
    binaries = [binary for binary in binaries if choice.selects(os.path.basename(binary))]

    def run(binary):
        name, path = "unit/" + "/".join(binary.split("/")[-2:]), os.path.join(build.TOP, binary)
        if not os.path.exists(path):
            result = Result(f"{name} (does not build)")
            result.line(f"not ok 1 - {result.name}")
            return result, 0, ()
        return outcome(name, [path], UNIT_LONG_LIMIT if choice.long else UNIT_LIMIT, environment)

    # Those for the race detector have several busy threads each: they come one after the other.
    racing = [binary for binary in binaries if "/tsan/" in binary]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(run, [binary for binary in binaries if binary not in racing]):
            tally.add(*done)
    for binary in racing:
        tally.add(*run(binary))


def layers(tally, choice):
    if not choice.selects("layers"):
        return
    packages.require(*packages.BUILD)
    checked(tally, "layers", "check-layers")


def checked(tally, name, target):
    begun = time.monotonic()
    words = ["make", "-s", "-C", build.TOP, f"O={build.NAME}", f"-j{os.cpu_count()}", target]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr).splitlines()
    tally.one(name, done.returncode == 0, time.monotonic() - begun, output if done.returncode else ())


def lint(tally, choice):
    packages.require(*packages.BUILD, *packages.LINT)
    for target in ("format-check", "cppcheck", "sparse"):
        if choice.selects(target):
            checked(tally, f"lint/{target}", target)


def fuzz(tally, choice):
    """The corpus again, then new inputs; what fails stays in the build folder."""
    packages.require(*packages.BUILD, *packages.FUZZ)
    words = ["make", "-s", "-C", build.TOP, f"O={build.NAME}", "fuzz-list"]
    targets = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    targets = [target for target in targets if choice.selects(target)]
    build.make(*(os.path.join(build.NAME, "fuzz", target) for target in targets), keep_going=True)
    for target in targets:
        fuzz_target(tally, target, 600 if choice.long else 5)
    if choice.long and "syscalls" not in choice.kinds:
        syscalls(tally, choice)


def fuzz_target(tally, target, seconds):
    begun = time.monotonic()
    name, program = f"fuzz/{target}", os.path.join(build.OUT, "fuzz", target)
    corpus = os.path.join(build.TOP, "tests/fuzz/corpus", target)
    if not os.path.exists(program):
        tally.one(f"{name} (does not build)", False, 0)
        return
    with tempfile.TemporaryDirectory(prefix="isthmus-fuzz.") as found:
        words = [program, found, corpus, f"-max_total_time={seconds}", "-timeout=30", "-verbosity=0",
                 "-print_final_stats=0", f"-artifact_prefix={os.path.join(build.OUT, 'fuzz', target)}-"]
        for what in (["-runs=0"], []):
            done = subprocess.run(words + what, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            output = done.stderr.decode(errors="replace").splitlines()
            tally.one(f"{name} {'corpus' if what else f'{seconds} s'}", done.returncode == 0, time.monotonic() - begun,
                      output if done.returncode else ())
            begun = time.monotonic()
            if done.returncode:
                return


def coverage(tally, choice):
    if choice.selects("coverage"):
        packages.require(*packages.UNIT, *packages.COVERAGE)
        checked(tally, "coverage", "coverage")


def guest(tally, choice):
    packages.require(*packages.BUILD, *packages.MACHINE)
    guest_tests.run(tally, choice.selects, choice.long, choice.on_linux)


def third(tally, choice):
    packages.require(*packages.BUILD, *packages.MACHINE)
    third_tests.run(tally, choice.selects, choice.long, choice.on_linux)


def stressing(tally, choice):
    packages.require(*packages.BUILD, *packages.MACHINE)
    for name, words, limit in stress.programs(choice.long, choice.minutes, choice.on_linux):
        if choice.selects(name):
            run_program(tally, name, words, limit, dict(os.environ))


def syscalls(tally, choice):
    packages.require(*packages.BUILD, *packages.MACHINE)
    for name, words, limit, log in syscall_tests.machines(choice):
        run_program(tally, name, words, limit, dict(os.environ), more=lambda log=log: syscall_tests.log_checked(log))


def host(tally, choice):
    """Scripts that get the command as $ISTHMUS and the options for its run as $RUN_OPTIONS."""
    packages.require(*packages.BUILD, *packages.MACHINE)
    environment = dict(
        os.environ, ISTHMUS=os.path.join(build.TOP, "isthmus"), RUN_OPTIONS="--on-linux" if choice.on_linux else "",
        TOP=build.TOP, MUSL_CC=os.path.join(build.TOP, "tools/musl-cc"),
        ISTHMUS_LONG="1" if choice.long else "",
    )
    for script in sorted(os.listdir(HOST_TESTS)):
        if not script.endswith((".sh", ".py")) or script.startswith("_") or not choice.selects(script):
            continue
        interpreter = "sh" if script.endswith(".sh") else sys.executable
        with tempfile.TemporaryDirectory(prefix="isthmus-test.") as folder:
            words = [interpreter, os.path.join(HOST_TESTS, script)]
            run_program(tally, f"host/{script}", words, 600, environment, cwd=folder)


def bench(tally, choice):
    """The benchmark against bench/baseline.tsv: a check a row."""
    if not choice.selects("bench"):
        return
    begun, result = time.monotonic(), Result("bench/baseline")
    words = [sys.executable, os.path.join(build.TOP, "tools/isthmus.py"), "bench", "--check"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    for line in done.stdout.splitlines():
        result.line(line)
    result.end(done.returncode)
    tally.add(result, time.monotonic() - begun)


def main(words):
    choice = Choice(words)
    if choice.help:
        print(USAGE)
        return 0
    tally = Tally()
    runners = {"unit": unit, "layers": layers, "guest": guest, "stress": stressing, "syscalls": syscalls, "host": host, "third": third, "bench": bench, "lint": lint, "fuzz": fuzz, "coverage": coverage}
    for kind in KINDS:
        if kind in choice.kinds:
            runners[kind](tally, choice)
    return tally.finish()
