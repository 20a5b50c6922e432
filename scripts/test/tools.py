# SPDX-License-Identifier: MIT
"""What tests share: where things are, a folder for each test, and what a command says."""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("CAPCHAIN_BUILD", os.path.join(ROOT, "build")))
CAPCHAIN = os.path.abspath(os.environ.get("CAPCHAIN", os.path.join(BUILD, "capchain")))
CORPUS = os.path.join(ROOT, "corpus")
CAPTURED = os.path.join(CORPUS, "captured")
NOBODY = 65534
# No command may end with a sanitizer's or an interpreter's own words.
REPORT = re.compile(r"Sanitizer|runtime error:|^==\d+==|Traceback|Assertion|core dumped", re.M)


def run(*command, **options):
    """A command's end, by default after five minutes at most, and what it said as text."""
    return subprocess.run(command, **{
        "stdin": None if "input" in options else subprocess.DEVNULL, "capture_output": True, "text": True,
        "errors": "replace", "check": False, "timeout": 300, **options})


def called(main, *arguments):
    """What a script's main() ends with, and what it says on both outputs."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(list(arguments))
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), err.getvalue()


def script(*names):
    return os.path.join(ROOT, "scripts", *names)


def text_of(*names):
    return Path(os.path.join(ROOT, *names)).read_text("utf-8")


def make_goals():
    """What `make` has a rule for, by its own word."""
    return set(re.findall(r"(?m)^([a-z][a-z0-9-]*):", run("make", "-C", ROOT, "-pRrq", "help").stdout))


class Case(unittest.TestCase):
    """A test with a folder of its own, which anybody may enter."""

    def setUp(self):
        self.dir = self.new_dir()

    def new_dir(self):
        folder = tempfile.TemporaryDirectory(prefix="capchain-test-")
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        return folder.name

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, data, mode=None):
        """Writes bytes or text, with the folders above it, and returns where."""
        path = os.path.join(os.fsencode(self.dir), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        if mode is not None:
            os.chmod(path, mode)
        return os.fsdecode(path)

    def read(self, *names):
        return Path(self.path(*names)).read_bytes()

    def text(self, *names):
        return self.read(*names).decode()

    def hiding(self, folder):
        """The words before a command that is to find nothing in @folder; without the right to, a skip."""
        hide = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {folder} && exec "$@"', "sh"]
        hidden = run(*hide, "true")
        if hidden.returncode:
            self.skipTest(f"{folder} cannot be hidden here: {hidden.stderr.strip()}")
        return hide

    def as_nobody(self):
        """What to do in a child for it to have no rights, where this has all of them."""
        if os.geteuid():
            return None

        def drop():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return drop


class Result(unittest.TextTestResult):
    """Of the tests that are skipped it keeps which and why, a reason once."""

    reasons = {}

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.reasons.setdefault(" ".join(reason.split()), []).append(test.id().removeprefix("__main__."))


class Runner(unittest.TextTestRunner):
    resultclass = Result


def run_tests(argv=None):
    """unittest.main(); then a line for each reason of a skip, which check.py shows and counts."""
    result = unittest.main(argv=argv, testRunner=Runner, exit=False).result
    for reason, names in Result.reasons.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(f"skipped: {names[0]}{more}: {reason}", flush=True)
    sys.exit(not result.wasSuccessful() or not (result.testsRun or result.skipped))
