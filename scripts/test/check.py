#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
make check: every test of the project, by `meson test` of the steps that test/meson.build lists.

Meson prints a line a step as it ends, and the log of one that failed. Then come the steps that were skipped,
or have a test that was, each with its reason; the five slowest; and last how many passed, failed and were
skipped. build/check/*.junit.xml is the same for a CI, build/check/*.txt has every log. Seconds decide nothing,
but that a step which hangs for an hour has failed.

Exit status: 0; 1 where a step failed or none ran, or in CI (CI=true) where one was skipped; 2 wrong usage; 3
meson is not here. Where /proc is not mounted, steps that need it are skipped.

environment:
  STEPS   a regular expression: beside the builds, only steps whose name it matches
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGS = os.path.join("build", "check")
MESON = os.path.join(LOGS, "meson")
COUNTS = re.compile(r"(Ok|Fail|Expected Fail|Unexpected Pass|Skipped|Timeout): +\d+ *$|Full log written|ninja: ")
# Steps that look by /proc at processes and their CPU time, those that take what a program with AddressSanitizer
# says word for word (it warns at each start), and MemorySanitizer's, which does not start.
BY_PROC = re.compile(r"nightly\.py|AFL\+\+'s hooks of the mutator|.* client/remote_test|verdicts of clang-msan "
                     r"targets|.*-asan (command line|run|target/findings_test|sandbox/report_test)")
NO_PROC = "/proc is not mounted: mount -t proc proc /proc, or have the container mount it"
# Meson says by these how sanitizers are to end; check.sh takes them back.
OF_MESON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "MSAN_OPTIONS")


def runs_in(folder):
    """None where programs run in @folder; else why not: it may be mounted noexec."""
    with tempfile.TemporaryDirectory(dir=folder) as below:
        program = Path(below, "program")
        program.write_text("#!/bin/sh\n", "ascii")
        program.chmod(0o755)
        try:
            subprocess.run([program], check=True)
        except OSError as error:
            return error.strerror
    return None


def prepare():
    """The environment of steps."""
    env = {**os.environ, "STEP_UNSET": " ".join(name for name in OF_MESON if not os.environ.get(name))}
    # Some objects are built in several folders: by OSS-Fuzz's scripts, by a project that uses capchain. With
    # ccache each is compiled once. Its cache is empty in a fresh clone.
    if shutil.which("ccache"):
        env |= {"CCACHE": "ccache", "CCACHE_DIR": os.path.join(ROOT, "build", "ccache"), "CCACHE_NOHASHDIR": "1",
                "CCACHE_DEPEND": "1"}
    # Tests build programs and run them where temporary files go.
    why = runs_in(tempfile.gettempdir())
    if why:
        print(f"no program runs in {tempfile.gettempdir()} ({why}): tests use {LOGS}/tmp")
        os.makedirs(os.path.join(LOGS, "tmp"), exist_ok=True)
        env["TMPDIR"] = os.path.join(ROOT, LOGS, "tmp")
    return env


def meson(env, log, *words):
    """Runs `meson test`; its rows of @log, one a step."""
    with subprocess.Popen(["meson", "test", "-C", MESON, "--no-rebuild", "--print-errorlogs", "--logbase", log,
                           # One more than there are CPUs, since some wait: for an engine's seconds, for a disk.
                           "--num-processes", str(len(os.sched_getaffinity(0)) + 1), *words],
                          env=env, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout:
            # What it counts itself comes at the end, with reasons.
            if line.strip() and not COUNTS.match(line):
                print(line.rstrip("\n"), flush=True)
    for end in ("txt", "junit.xml"):
        shutil.copy(os.path.join(MESON, "meson-logs", f"{log}.{end}"), LOGS)
    with open(os.path.join(MESON, "meson-logs", f"{log}.json"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def wanted(suite):
    """The names of the steps of @suite that STEPS matches."""
    listed = json.loads(Path(MESON, "meson-info", "intro-tests.json").read_text("utf-8"))
    names = [test["name"] for test in listed if f"capchain:{suite}" in test["suite"]]
    return [name for name in names if re.search(os.environ.get("STEPS") or ".", name)]


class Step:
    def __init__(self, row):
        # "PROJECT:SUITE / NAME" of meson 1.7, "SUITE - PROJECT:NAME" of 1.12.
        self.name = re.sub(r"^(capchain(:\w+)? / |\w+ - capchain:)", "", row["name"])
        self.result, self.seconds = row["result"], row["duration"]
        self.said = row.get("stdout", "")
        took = re.findall(r"(?m)^took (\S+ \+ \S+) of CPU$", row.get("stderr", ""))
        self.cpu = took[-1] if took else "?"

    def skipped(self):
        """What was not done and why: the whole step, or tests in it."""
        if self.result == "SKIP":
            yield self.name, (self.said.strip().splitlines() or ["no reason"])[-1]
        elif self.result == "OK":
            for name, why in re.findall(r"(?m)^skipped: ([^:]*): (.*)$", self.said):
                yield f"{self.name}, {name}", why


def close(steps):
    """Prints how it ended; the exit status."""
    skipped = [one for step in steps for one in step.skipped()]
    failed = [step for step in steps if step.result not in ("OK", "SKIP")]
    passed = sum(step.result == "OK" for step in steps)
    for step in steps:
        for line in re.findall(r"(?m)^warning: .*$", step.said):
            print(f"{step.name}: {line}")
    for name, why in skipped:
        print(f"skipped {name}: {why}")
    for step in failed:
        print(f"FAILED  {step.name} ({step.result.lower()}, {step.seconds:.1f} s)")
    print("The slowest, in seconds, user + system of CPU:")
    for step in sorted(steps, key=lambda step: -step.seconds)[:5]:
        print(f"        {step.seconds:.1f} s, {step.cpu} of CPU: {step.name}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed or (os.environ.get("CI") == "true" and skipped) else 0


def main(arguments):
    if arguments:
        print(__doc__.strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    os.chdir(ROOT)
    if not shutil.which("meson"):
        print("make check: no meson here, which runs the steps; make check SETUP=1 installs it", file=sys.stderr)
        return 3
    os.makedirs(LOGS, exist_ok=True)
    env = prepare()
    shutil.rmtree(MESON, ignore_errors=True)
    made = subprocess.run(["meson", "setup", MESON, "scripts/test"], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode:
        print(made.stdout, end="")
        return 1
    steps = [Step(row) for row in meson(env, "build", "--suite", "build")]
    # Without builds there is nothing to check, and without hooks the planted loops have no end.
    if any(step.result not in ("OK", "SKIP") for step in steps):
        return close(steps)
    subprocess.run(["scripts/test/check.sh", "links_noted"], check=True)
    # What tests build has to be told where LeakSanitizer cannot look; a step says so.
    if subprocess.run(["scripts/test/check.sh", "leaks_seen"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, check=False).returncode == 77:
        env["LSAN_OPTIONS"] = "detect_leaks=0"
    listed = {suite: wanted(suite) for suite in ("check", "after")}
    if not any(listed.values()) and not (os.environ.get("STEPS") and wanted("build")):
        print(f"make check: no step is called {os.environ.get('STEPS') or 'anything'}; "
              "scripts/test/meson.build has their names", file=sys.stderr)
        return 1
    for suite, names in listed.items():
        without = []
        if not os.path.isdir("/proc/self/fd"):
            without = list(filter(BY_PROC.fullmatch, names))
            names = [name for name in names if name not in without]
        if names:
            steps += [Step(row) for row in meson(env, suite, *names)]
        steps += [Step({"name": name, "result": "SKIP", "duration": 0, "stdout": NO_PROC}) for name in without]
    return close(steps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
