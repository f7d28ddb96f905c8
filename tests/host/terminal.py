"""With a terminal on stdin and stdout the guest's shell has a terminal: size, ^C, ^Z, job control."""
import time

from _terminal import Terminal, done, ok, run_words

PROMPT = "# "

t = Terminal(run_words("--log", "log"))
ok("a prompt", t.wait_for(PROMPT))
t.type("stty size\n")
ok("the terminal's size", t.wait_for("33 99"))
t.wait_for(PROMPT)
t.type("tty\n")
ok("the terminal is a serial line", t.wait_for("/dev/ttyS0\r\n"))
t.wait_for(PROMPT)
t.type("echo begun; sleep 100\n")
t.wait_for("begun\r\n")
time.sleep(1)  # until the program is in the foreground
t.type("\x03")
ok("^C brings the prompt back", t.wait_for(PROMPT, 10))
t.type("echo st=$?.\n")
ok("and ended the program with SIGINT", t.wait_for("st=130."))
t.wait_for(PROMPT)
t.type("echo begun; sleep 50\n")
t.wait_for("begun\r\n")
time.sleep(1)  # until the program is in the foreground
t.type("\x1a")
ok("^Z stops it", t.wait_for("Stopped", 10))
t.type("bg; jobs\n")
ok("bg lets it run", t.wait_for("Running", 10))
t.type("kill %1; wait; echo\n")
ok("kill %1 ends it", t.wait_for("Terminated", 10))
t.type("cat\n")
t.wait_for("cat\r\n")
time.sleep(1)
t.type("echoed\n")
ok("a line is echoed by the terminal and by cat", t.wait_for("echoed\r\nechoed\r\n", 10))
t.type("\x04")
ok("^D ends the input", t.wait_for(PROMPT, 10))
t.resize(40, 120)
t.type("sleep 0.3; stty size\n")
ok("a new size", t.wait_for("40 120", 10))
t.type("echo $TERM; echo logged-line >/dev/kmsg; sleep 0.3; exit 5\n")
ok("the shell's status", t.status() == 5)
with open("log", encoding="utf-8", errors="replace") as f:
    log = f.read()
ok("the kernel's messages are in the log", len(log.splitlines()) > 5)
ok("also those from later", "logged-line" in log)

t = Terminal(run_words())
t.wait_for(PROMPT)
t.type("poweroff\n")
ok("poweroff ends it with 0", t.status() == 0)

t = Terminal(run_words("-c", "echo begun; stty raw; cat >/dev/null"))
t.wait_for("begun")
t.type("\x1d\x1d\x1d")
ok("^] three times ends the machine", t.status() == 125)
done()
