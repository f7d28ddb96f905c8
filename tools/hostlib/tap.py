"""The Test Anything Protocol: `ok N - name`, `not ok N - name`, the plan `1..N`; and the count of it all."""
import re

LINE = re.compile(r"^(ok|not ok)\b\s*(\d*)\s*(?:-\s*)?(.*)$")
REPORT = re.compile(r"(WARNING|ERROR|FATAL): \w*Sanitizer|: runtime error: ")
PLAN = re.compile(r"^1\.\.(\d+)")


class Result:
    """Of one test program."""

    def __init__(self, name):
        self.name = name
        self.passed, self.failures, self.planned = 0, [], None
        self.output = []

    def line(self, text):
        self.output.append(text)
        if plan := PLAN.match(text):
            # A unit test may run each of its cases in a process of its own, with a plan for each.
            self.planned = (self.planned or 0) + int(plan[1])
        elif match := LINE.match(text):
            if match[1] == "ok":
                self.passed += 1
            else:
                self.failures.append(text)

    def end(self, status, what=""):
        """The program ended. A status or a plan that does not fit what was printed is a failure too."""
        seen = self.passed + len(self.failures)
        if status == 124:
            self.failures.append("not ok - took too long")
        elif what:
            self.failures.append(f"not ok - {what}")
        elif status and not self.failures:
            self.failures.append(f"not ok - exit status {status} with no check failed")
        elif not status and seen == 0:
            self.failures.append("not ok - printed no check at all")
        elif self.planned is not None and self.planned != seen:
            self.failures.append(f"not ok - planned {self.planned} checks, did {seen}")


def excerpt(lines, most=40):
    """The end of an output; of a sanitizer's report the beginning, which says what happened."""
    for i, line in enumerate(lines):
        if REPORT.search(line):
            return lines[i:i + most]
    return lines[-most:]


class Tally:
    """Prints each result as it comes and counts the checks."""

    def __init__(self):
        self.passed = self.failed = 0
        self.bad = []

    def add(self, result, seconds, context=()):
        self.passed += result.passed
        self.failed += len(result.failures)
        state = "FAIL" if result.failures else "ok"
        print(f"{state:<5}{result.name:<48} {result.passed:>4} checks {seconds:7.1f} s", flush=True)
        if result.failures:
            self.bad.append(result.name)
            for line in result.failures[:20]:
                print(f"     {line}")
            for line in excerpt(list(context)):
                print(f"     | {line}")

    def one(self, name, good, seconds, context=()):
        result = Result(name)
        result.line("ok 1" if good else f"not ok 1 - {name}")
        self.add(result, seconds, context)

    def finish(self):
        if self.bad:
            print("failed: " + " ".join(self.bad))
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
