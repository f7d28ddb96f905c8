"""Processes that must not outlive us: QEMU above all, which would run on unseen."""
import ctypes
import os
import signal
import subprocess

from .failure import TIMEOUT

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)  # loaded here, so that nothing is between fork and exec


def start(words, **how):
    """subprocess.Popen of a program that the kernel kills when we end, however that comes."""
    parent = os.getpid()

    def die_with_parent():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it came before that
            os._exit(1)

    return subprocess.Popen(words, preexec_fn=die_with_parent, **how)


def run(words, limit, **how):
    """Exit status and output of a program with all that it starts, which ends with it: at the limit in seconds (124), or when we do."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **how)
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return TIMEOUT, process.communicate()[0]
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def end(process):
    """SIGTERM as often as `isthmus run` needs it, which hands the first ones on to its program; SIGKILL, if that does not help."""
    for _ in range(3):
        process.terminate()
        try:
            return process.wait(1)
        except subprocess.TimeoutExpired:
            pass
    process.kill()
    return process.wait()
