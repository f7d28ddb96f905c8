"""However ./isthmus run is ended, its machine ends with it; and a console that is no terminal is no defect."""
import os
import signal
import subprocess
import time

from _terminal import done, ok, run_words

# What whoever runs the tests ignores (nohup) is ignored by the command too: not here.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

BASE = os.path.join(os.environ["TOP"], os.environ.get("O", "build"), "base.cpio")


def machines_of(pid):
    """The processes that it started as QEMU."""
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            for word in f.read().split():
                with open(f"/proc/{word}/comm", encoding="ascii") as comm:
                    if comm.read().startswith("qemu"):
                        found.append(int(word))
    except OSError:
        pass
    return found


def runs(pid):
    """Is there such a process, and has it not ended?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def killed(number, ready):
    """run gets the signal once ready(process) holds. Its status, whether QEMU ran until then, and whether it does after."""
    words = run_words("-c", "trap '' TERM HUP INT; echo ready; while :; do sleep 100; done")
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        reached = ready(process)
        machines = machines_of(process.pid)
        process.send_signal(number)
        if number != signal.SIGKILL:  # the first two are the program's, if it has begun
            for _ in range(2):
                time.sleep(0.3)
                if process.poll() is None:
                    process.send_signal(number)
        status = process.wait(30)
        return status, bool(reached and machines), not until(lambda: not any(runs(pid) for pid in machines))


def started(process):
    return process.stdout.readline() == b"ready\n"


def booting(process):
    return until(lambda: machines_of(process.pid))


for number, status in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
    for when, ready in (("while its program runs", started), ("while the machine boots", booting)):
        got = killed(number, ready)
        ok(f"{number.name} {when}: no machine is left", got == (status, True, False))
        if got != (status, True, False):
            print(f"# status, QEMU before, QEMU after: {got}")

with subprocess.Popen(run_words("--initrd", BASE), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as console:
    seen = b""
    while b"# " not in seen and (data := os.read(console.stdout.fileno(), 4096)):
        seen += data
    console.terminate()
    ok("--initrd without a terminal runs", b"# " in seen)
    ok("and ends at the first signal", console.wait(30) == 143 and b"Traceback" not in console.stderr.read())
done()
