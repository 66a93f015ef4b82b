#!/usr/bin/env python3
"""Counts the tests that `meson test` ran, and prints `N passed, N failed` last.

Usage: count.py BUILD_DIRECTORY|LOG.json|NAME=STATUS...

A Check program counts with its single tests; any other test, and one that died before Check could report, counts as
one. A directory or a log in which no test ran counts as one failure. NAME=STATUS is a check that Meson did not run: it
counts as one test, which passed if its exit status is 0. With GRADTAPE_NO_SKIP=1 in the environment, as .ci/run sets it,
a test that was skipped counts as one failure. The exit status is 1 if anything failed.

Gaps that suites list (tests/support/gaps.h) are printed too. They are no failures. Below each failure are the last
lines of its stdout and its stderr.
"""
import glob
import json
import os
import re
import sys

GAP = re.compile(r"^gap: .*$", re.MULTILINE)
CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.MULTILINE)


def count_test(test):
    """Passed, failed and skipped of one test of Meson, and a remark if Check's figures do not tell it all."""
    result = test["result"]
    if result == "SKIP":
        said = (test.get("stdout") or "").strip().rpartition("\n")[2]
        return (0, 1, 0, said or "skipped") if os.environ.get("GRADTAPE_NO_SKIP") else (0, 0, 1, "")
    reports = [[int(figure) for figure in report] for report in CHECK.findall(test.get("stdout") or "")]
    checks = sum(report[0] for report in reports)
    bad = sum(report[1] + report[2] for report in reports)
    if result == "OK":
        if reports and not checks:
            return 0, 1, 0, "a Check program without any test"
        # A test may succeed by watching Check fail; it is then one test of its own.
        return (checks, 0, 0, "") if reports and not bad else (1, 0, 0, "")
    if result == "EXPECTEDFAIL":
        return 1, 0, 0, ""
    if result == "FAIL" and bad:
        return checks - bad, bad, 0, ""
    remark = f"{result}, exit status {test['returncode']}"
    if result == "TIMEOUT":
        remark += " (more time: --timeout-multiplier 10; CK_DEFAULT_TIMEOUT=30 makes Check name the test that hangs)"
    # All of Check's tests may pass and the program still fail, for instance on a leak found at its end.
    return checks - bad, bad + 1, 0, remark if not reports else remark + " besides Check's tests"


def last_lines(test):
    return [line for stream in ("stdout", "stderr") for line in (test.get(stream) or "").splitlines()[-12:]]


def read_tests(directory):
    logs = glob.escape(directory) + ("" if directory.endswith(".json") else "/meson-logs/testlog*.json")
    for path in sorted(glob.glob(logs)):
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                try:
                    yield json.loads(line)
                except ValueError:  # Meson was killed while it wrote.
                    yield {"name": "unknown test", "result": "cut off", "returncode": "unknown"}


def count_directory(directory):
    passed = failed = skipped = 0
    failures = []
    name = os.path.basename(directory).removesuffix(".json")
    for test in read_tests(directory):
        good, bad, left_out, remark = count_test(test)
        passed, failed, skipped = passed + good, failed + bad, skipped + left_out
        for gap in GAP.findall(test.get("stdout") or ""):
            print(gap)
        if bad:
            failures.append(f"FAILED in {name}: {test['name']}: " + (remark or f"{bad} of {good + bad} tests"))
            failures += ["    " + line[:240] for line in last_lines(test)]
    print(*failures, sep="\n", end="\n" if failures else "")
    if passed + failed == 0:
        print(f"FAILED in {name}: no test ran")
        failed = 1
    return passed, failed, skipped


def count_argument(argument):
    name, found, status = argument.rpartition("=")
    if not (found and name.isalpha() and status.isdecimal()):
        return count_directory(argument)
    if int(status):
        print(f"FAILED: {name}: exit status {status}")
    return int(status == "0"), int(status != "0"), 0


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    passed, failed, skipped = map(sum, zip(*(count_argument(argument) for argument in sys.argv[1:])))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
