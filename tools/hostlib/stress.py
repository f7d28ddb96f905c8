"""tests/stress: programs that work at random for as long as they are told, each in a machine of its own with 4 CPUs."""
import os

from . import build, debs, guest_tests

FOLDER = os.path.join(build.TOP, "tests/stress")
SHORT, LONG = 10, 30 * 60  # seconds
MEMORY, CPUS = "256M", 4
SETTLE = 240  # seconds more for the boot and the end, on a slow host


def seconds(long, minutes):
    return int(minutes * 60) or (LONG if long else SHORT)


def programs(long, minutes, on_linux):
    """(name, command, limit in seconds) of each; the command prints TAP."""
    names = sorted(f[:-2] for f in os.listdir(FOLDER) if f.endswith(".c"))
    debs.musl()
    build.make("stress")
    kernel = "linux" if on_linux else "debug"
    image = guest_tests.kernel_file(guest_tests.Configuration(kernel, MEMORY, CPUS, "musl"))
    for name in names:
        time = seconds(long, minutes)
        limit = time + SETTLE
        words = [os.path.join(build.TOP, "isthmus"), "run", "--kernel", image, "-m", MEMORY, "--smp", str(CPUS)]
        words += ["--timeout", str(limit), "--log", os.path.join(build.OUT, f"log-stress-{name}.txt")]
        words += ["-e", f"{name.upper()}_SECONDS={time}", "-e", f"{name.upper()}_SEED={os.environ.get('STRESS_SEED', '1')}"]
        yield f"stress/{kernel}/{name}", [*words, "--", os.path.join(build.OUT, "stress", name)], limit + 60
