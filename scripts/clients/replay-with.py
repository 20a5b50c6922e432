#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Replays capchain's corpus against a reader that is not one of capchain's own."""

import argparse
import collections
import json
import math
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from gen import whole  # noqa: E402
from gen.names import BUFFERS as KINDS  # noqa: E402

MANUAL = """\
CMD is a program of yours around your own parser. For each input it is run as

  CMD [ARG...] KIND FILE

with KIND `device`, `region` or `iommu`, and FILE the INFO buffer, in this machine's byte order: read all
of it, into memory of exactly that size, so that AddressSanitizer or a debugger sees a load past its end.
It prints one line and ends with 0:

  ok | absent | truncated | reject | abstain      and whatever it likes after the first word

`absent`: this reply has no chain. `truncated`: there is more, ask again with a larger buffer. `reject`:
the reply breaks a rule. `abstain`: your parser does not read this kind or input. After `ok` it may
print a line `cap OFFSET ID VERSION` for each capability, in the order in which it took them; where it
prints one, those of plain inputs are compared.

What is right, by the class of the input (`capchain check` tells it):

  plain       the reference's verdict and capabilities
  odd         any answer that the notes allow: the UAPI leaves it open
  truncated   truncated or reject: absent and ok are wrong
  malformed   reject or truncated: absent and ok are wrong

`absent`, and `ok` of an input of which it takes no capability, are one answer. What is held, by
--promise, the same three words as of an adapter (parsers/own/README.md):

  trusting    the answers on plain inputs; others are not run
  safe        the same, and that it ends well on every input, whatever it answers there
  hardened    the answers on every input

A reader that ends with another status or a signal, prints something else, or goes on for ever is wrong
on every input. For ever is more than 2 seconds of CPU (--cpu-seconds), a minute of waiting, or a
megabyte of output: from outside nothing else tells a loop. Of one that has twice gone on for ever it is a
tenth of that, where no input that ended took a hundredth of it.

Prints TAP, one line an input, how many failed of each cause, and `N passed, N failed`. Inputs that
are not judged are marked SKIP.

exit status:
  0  every input was read right
  1  one was not, or none was judged
  2  wrong usage, no corpus, or CMD cannot be run
  3  build/capchain is missing or does not work: run `make` in capchain's folder first
  5  the report or standard output could not be written
"""

WORDS = ("ok", "absent", "truncated", "reject", "abstain")
WALL_SECONDS, OUTPUT_BYTES = 60, 1 << 20
THE_REPLAY = None
# What odd notes allow beside the reference's own answer.
ALLOWED = {"misaligned": {"reject"}, "overlap": {"reject"}, "areas-overlap": {"reject"},
           "flag-without-chain": {"truncated"},
           "newer-version": {"absent"}, "version-zero": {"absent"}, "duplicate-id": set()}
# Once it has gone on for ever so often, a reader is given a SOONER-th of its time, where it has never taken the
# SOONER-th part of that.
FOREVER, SOONER = 2, 10
# Inputs that a process takes at once.
AT_ONCE = 4
CAP = re.compile(r"cap (\d+) (\d+) (\d+)")
FOR_EVER = re.compile(r"does not end: [\d.]+ seconds of CPU")
# What XML cannot say.
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """This cannot be done: one line that says why, and the exit status."""

    def __init__(self, line, status):
        super().__init__(line)
        self.status = status


def expectations(capchain, corpus):
    """What `capchain check` says of every input of @corpus, one object each, its bytes with it."""
    try:
        done = subprocess.run([capchain, "check", "--json", "--bytes", corpus], capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise Refused(f"{capchain}: {error.strerror}; run `make` in capchain's folder first",
                      3) from None
    # 1 is a promise that one of capchain's own parsers broke: nothing to this reader.
    if done.returncode not in (0, 1):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise Refused(f"{said.removeprefix('capchain: ')}", 2 if done.returncode == 2 else 3)
    return [{key: value for key, value in json.loads(line).items() if key not in ("parsers", "disagreements")}
            for line in done.stdout.splitlines()]


# Python ignores these; a reader does not.
SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGXCPU)


class Runner:
    """
    Runs readers one after the other, and ends those that go on for ever. It has a process of its own, whose
    limits they get, and which starts them without a copy of itself: that is most of the time.
    """

    def __init__(self, seconds):
        self.seconds, self.forever, self.longest = seconds, 0, 0.0
        whole_seconds = math.ceil(seconds)
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        # It may itself take more in all than one of them: no hard limit. What a reader starts has it too.
        signal.signal(signal.SIGXCPU, lambda *_: None)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (whole_seconds, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self.nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self.out, self.err = (tempfile.TemporaryFile(buffering=0) for _ in range(2))
        self.actions = [(os.POSIX_SPAWN_DUP2, file, i)
                        for i, file in enumerate((self.nothing, self.out.fileno(), self.err.fileno()))]

    def limit(self):
        """CPU seconds that the next reader may take."""
        soon = self.seconds / SOONER
        return soon if self.forever >= FOREVER and self.longest < soon / SOONER else self.seconds

    def wait(self, pid, limit):
        """Its status as subprocess has it, or None and what it does: it is still there."""
        end, clock = time.monotonic() + WALL_SECONDS, (~pid << 3) | 2  # of a process, as the kernel counts them
        while not (ended := os.wait4(pid, os.WNOHANG))[0]:
            left, used = end - time.monotonic(), time.clock_gettime(clock)
            if used >= limit:
                return None, f"does not end: {limit:g} seconds of CPU"
            if left <= 0:
                return None, f"does not end: {WALL_SECONDS} seconds"
            signal.sigtimedwait((signal.SIGCHLD,), min(left, max(limit - used, 0.01)))
        self.longest = max(self.longest, ended[2].ru_utime + ended[2].ru_stime)
        return os.waitstatus_to_exitcode(ended[1]), None

    def run(self, command):
        """What the reader printed, and None or what is wrong with how it ended."""
        for file in (self.out, self.err):
            file.seek(0)
            file.truncate()
        pid = os.posix_spawnp(command[0], command, os.environ, setsid=True, setsigmask=(), setsigdef=SIGNALS,
                              file_actions=self.actions)
        status, wrong = self.wait(pid, self.limit())
        try:
            # What it started, too.
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if wrong:
            os.waitpid(pid, 0)
        # The offset is the reader's as well.
        said, errors = (os.pread(file.fileno(), most, 0).decode("utf-8", "replace")
                        for file, most in ((self.out, OUTPUT_BYTES), (self.err, 1 << 16)))
        wrong = wrong or ended_wrong(status, errors, self.seconds)
        self.forever += bool(wrong) and FOR_EVER.match(wrong) is not None
        return said, wrong


def ended_wrong(status, errors, seconds):
    """What is wrong with an end, in one line, or None."""
    if status == 0:
        return None
    # A shell around the reader says it with a status.
    if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
        return f"does not end: {math.ceil(seconds)} seconds of CPU"
    if status in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ):
        return "does not end: a megabyte of output"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    summary = [line for line in lines if "SUMMARY: " in line] or lines[-1:]
    how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return " ".join([f"ended by {how}" if status < 0 else f"ended with {how}", *summary])[:300]


def caps_of(reference, ids):
    """The reference's capabilities, those that the reader looks up where it looks up ids."""
    return [(cap["offset"], cap["id"], cap["version"]) for cap in reference["caps"]
            if not ids or cap["id"] in ids]


def allowed(report, ids):
    """The words that are right for an input."""
    reference = report["reference"]
    if report["class"] in ("truncated", "malformed"):
        # A lookup stops at its match, before what it does not read.
        found = {"ok"} if ids and caps_of(reference, ids) else set()
        return {"truncated", "reject"} | found
    right = {reference["verdict"]}
    # A reader that returns 0 or -errno cannot tell them apart.
    if not caps_of(reference, ids):
        right = {"absent", "ok"}
    for note in report["notes"]:
        right |= ALLOWED.get(note["note"], set())
    return right


def judge(report, said, ids, held=True):
    """(whether it was judged, None or what is wrong) of what a reader printed; @held to what is right."""
    lines = said.splitlines()
    word = (lines[0].split() or [""])[0] if lines else ""
    if word not in WORDS:
        return True, f"prints {lines[0][:80]!r}, which is no verdict" if lines else "prints nothing"
    if word == "abstain":
        return False, "abstains"
    right = allowed(report, ids) if held else WORDS
    if word not in right:
        reason = report["reference"].get("reason", "")
        return True, (f"says {word}, right is {' or '.join(sorted(right))}: the reply is "
                      f"{report['class']}{', ' + reason if reason else ''}")
    caps = [CAP.match(line) for line in lines[1:] if line.startswith("cap ")]
    if None in caps:
        return True, "prints a line `cap ` that is not `cap OFFSET ID VERSION`"
    taken = [tuple(map(int, cap.groups())) for cap in caps]
    if taken and word == "ok" and report["class"] == "plain" and taken != caps_of(
            report["reference"], ids):
        return True, f"takes {shown(taken)}, there are {shown(caps_of(report['reference'], ids))}"
    return True, None


def shown(caps):
    return ", ".join(f"id {cap[1]} version {cap[2]} at {cap[0]}" for cap in caps) or "none"


def cause_of(wrong):
    """What is wrong, without what is of the one input."""
    if FOR_EVER.match(wrong):
        return "does not end"
    for words, cause in (("takes ", "take other capabilities"), ("prints ", "print no verdict"),
                         ("says ", wrong.partition(": the reply is ")[0])):
        if wrong.startswith(words):
            return cause
    # A sanitizer's summary, and which signal or status.
    return re.sub(r" (/|0x|==).*", "", wrong)[:80]


class Report:
    """TAP as it goes, JUnit at the end."""

    def __init__(self):
        self.cases, self.failed, self.skipped = [], 0, 0

    def add(self, name, wrong, skip):
        self.cases.append((name, wrong, skip))
        self.failed += wrong is not None
        self.skipped += skip is not None
        # TAP takes what follows a # for a directive.
        line = f"{'not ok' if wrong else 'ok'} {len(self.cases)} - {name.replace('#', '%23')}"
        print(line + (f" # SKIP {skip}" if skip else ""))
        if wrong:
            print(f"# {wrong}")

    def judged(self):
        return len(self.cases) - self.skipped

    def end(self):
        print(f"1..{len(self.cases)}")
        if not self.judged():
            print("# no input was judged")
        elif self.skipped:
            print(f"# {self.skipped} skipped")
        for cause, count in collections.Counter(cause_of(wrong) for _, wrong, _ in self.cases if wrong).most_common():
            print(f"# {count} {cause}")
        print(f"{self.judged() - self.failed} passed, {self.failed} failed")
        return 1 if self.failed or not self.judged() else 0

    def write(self, path):
        """The report as JUnit, whole or not at all."""
        cases = self.cases if self.judged() else \
            [*self.cases, ("nothing", "no input was judged", None)]
        counts = {"name": "capchain replay-with", "tests": str(len(cases)), "errors": "0",
                  "failures": str(sum(wrong is not None for _, wrong, _ in cases)),
                  "skipped": str(self.skipped)}
        root = ET.Element("testsuites")
        suite = ET.SubElement(root, "testsuite", counts)
        suite.text = "\n"
        for name, wrong, skip in cases:
            folder, _, base = name.rpartition("/")
            case = ET.SubElement(suite, "testcase", {"classname": folder, "name": base})
            case.tail = "\n"
            for tag, why in (("failure", wrong), ("skipped", skip)):
                if why is not None:
                    ET.SubElement(case, tag, {"message": NO_XML.sub("?", why)})
        try:
            whole.write(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))
        except OSError as error:
            raise Refused(f"cannot write {path}: {error.strerror}", 5) from None


class Replay:
    """Runs the reader on one input after another, as many at a time as there are processors."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.corpus = os.path.abspath(options.corpus)

    def run(self, report):
        if not shutil.which(self.options.command[0]):
            raise Refused(f"{self.options.command[0]}: no such program to run", 2)
        known = [one for one in expectations(self.options.capchain, self.corpus)
                 if one["kind"] in (self.options.kind or KINDS)]
        with multiprocessing.get_context("fork").Pool(self.options.jobs, start, (self,)) as pool:
            for case in pool.imap(one, known, AT_ONCE):
                report.add(*case)

    def bytes_of(self, known):
        """Where the bytes that were judged are, now."""
        path = os.path.join(self.folder, str(os.getpid()))
        with open(path, "wb", buffering=0) as file:
            file.write(bytes.fromhex(known["bytes"]))
        return path

    def one(self, known):
        """Name, what is wrong and why it was skipped, of one input."""
        path = known["file"]
        name = os.path.relpath(path, self.corpus)
        if self.options.promise == "trusting" and known["class"] != "plain":
            return name, None, f"{known['class']}, and the reader trusts its replies"
        if not os.path.exists(path):
            return name, "cannot be read: rename it, its name has bytes that do not show", None
        # A text has no bytes; those that a big-endian machine wrote are turned over to this one's order.
        if path.endswith((".yaml", ".be.bin")) or sys.byteorder == "big":
            path = self.bytes_of(known)
        said, wrong = self.runner.run([*self.options.command, known["kind"], path])
        if wrong:
            return name, wrong, None
        held = self.options.promise != "safe" or known["class"] == "plain"
        judged, wrong = judge(known, said, self.options.ids, held)
        return (name, wrong, None) if judged else (name, None, wrong)


def start(replay):
    """In a process of the pool, which has one replay and its runner."""
    global THE_REPLAY
    THE_REPLAY, replay.runner = replay, Runner(replay.options.cpu_seconds)


def one(known):
    return THE_REPLAY.one(known)


def numbers(text):
    return {int(word) for word in text.split(",")}


def positive(text):
    if not 0.01 <= float(text) <= 1e6:
        raise ValueError(text)
    return float(text)


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=MANUAL, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [option...] CMD [ARG...]")
    parser.add_argument("--promise", choices=("trusting", "safe", "hardened"), default="hardened",
                        help="trusting: right on plain inputs, the others are not run; safe: right on "
                             "plain inputs, and ends well on every one; hardened: right on every one "
                             "(default: %(default)s)")
    parser.add_argument("--kind", action="append", choices=KINDS, default=[],
                        help="inputs of this kind alone; may be given again")
    parser.add_argument("--ids", type=numbers, default=set(), metavar="ID[,ID...]",
                        help="the reader looks up these capability ids and stops at each match; "
                             "without it, it reads chains to their end")
    parser.add_argument("--cpu-seconds", type=positive, default=2, metavar="N",
                        help="how long is for ever (default: %(default)s); of a fraction of a second "
                             "CMD itself is held to it, and what CMD starts to the next whole second")
    parser.add_argument("--jobs", type=int, choices=range(1, 257), default=len(os.sched_getaffinity(0)), metavar="N",
                        help="readers at once (default: as many as there are processors)")
    parser.add_argument("--junit", metavar="FILE", help="also write a JUnit report")
    parser.add_argument("--corpus", default=os.path.join(root, "corpus"), metavar="FOLDER",
                        help="what to replay (default: capchain's own)")
    parser.add_argument("--capchain", default=os.path.join(root, "build", "capchain"),
                        metavar="FILE", help="the built command (default: %(default)s)")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD")
    options = parser.parse_args()
    if options.command[:1] == ["--"]:
        options.command.pop(0)
    if not options.command:
        parser.error("which CMD?")
    report = Report()
    try:
        with tempfile.TemporaryDirectory(prefix="replay-with-") as folder:
            Replay(options, folder).run(report)
        status = report.end()
        if options.junit:
            report.write(options.junit)
        sys.stdout.flush()
        return status
    except Refused as error:
        print(f"replay-with: {error}", file=sys.stderr)
        return error.status


if __name__ == "__main__":
    try:
        ended = main()
    except OSError as error:
        print(f"replay-with: cannot write standard output: {error.strerror}", file=sys.stderr)
        # What is left in the buffer would fail once more.
        os._exit(5)
    sys.exit(ended)
