# SPDX-License-Identifier: MIT
"""What builds a parser from outside says and starts: programs, their progress in one line, refusals in one line."""

import os
import shlex
import shutil
import subprocess
import sys
import time

UNUSABLE, MISSING, CANNOT_WRITE = 2, 3, 5


class Refused(Exception):
    """One line for the user, and the exit status."""

    def __init__(self, line, status=UNUSABLE):
        super().__init__(line)
        self.status = status


def shown(path):
    return "".join(char if char.isprintable() else f"%{ord(char):02X}" for char in path)


def words(name):
    try:
        return shlex.split(os.environ.get(name, ""))
    except ValueError as error:
        raise Refused(f"{name}: {error}") from None


class Progress:
    """
    Says what is being built: at once, and never silent for five seconds. On a terminal that is one line
    in its place.
    """
    QUIET = 4

    def __init__(self):
        self.live, self.said, self.text, self.began = sys.stderr.isatty(), 0.0, None, time.monotonic()
        self.what = "building"

    def say(self, text, now=False):
        if text == self.text or not (self.live or now or time.monotonic() > self.said + self.QUIET):
            return
        self.text, self.said = text, time.monotonic()
        print(f"\r\x1b[K{text[:shutil.get_terminal_size().columns - 1]}" if self.live else text,
              end="" if self.live else "\n", file=sys.stderr, flush=True)

    def wait(self, process, what):
        """Waits for @process, which is @what."""
        while True:
            try:
                return process.wait(0.5)
            except subprocess.TimeoutExpired:
                self.say(f"{what or self.what} ({time.monotonic() - self.began:.0f} s)")

    def clear(self):
        if self.live and self.text:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


PROGRESS = Progress()


def run(command, what, status=UNUSABLE, doing=None, **options):
    """Runs @command, what it says to stderr; refuses with @what where it fails."""
    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, **options) as process:
            code = PROGRESS.wait(process, doing)
    except FileNotFoundError:
        raise Refused(f"{command[0]} is missing: `make setup-fuzz`, or Debian's "
                      f"{'rustc' if command[0] == 'rustc' else 'clang and binutils'}",
                      MISSING) from None
    if code:
        PROGRESS.clear()
        raise Refused(what, status)


def output(command, package="binutils"):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", check=False, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        raise Refused(f"{command[0]} is missing: Debian's {package}", MISSING) from None
