# SPDX-License-Identifier: MIT
"""What a night knows of itself, in one file that is whole at any moment; see nightly.py.

Witnesses are no part of it: they are files of their own, written by the targets the moment they are
found. A night that was killed loses at most the numbers of the slice it was in.
"""

import fcntl
import glob
import json
import os
import re
import shutil
import sys

from fuzz import report as fuzz_report
from fuzz.report import NO_FINDINGS, UNUSABLE, Refused

VERSION = 2
PLAIN = ("finished", "resumed", "generations", "date", "seed", "canaries", "wanted", "seconds",
         "slices", "spent", "due", "found", "failures", "oracles")


def write_whole(path, text):
    """Writes @path so that it is the old text or the new, whenever the machine stops."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


class Tally:
    """What one engine instance of one kind did, over all its slices."""

    NUMBERS = ("execs", "cpu", "seconds", "starts", "walked")

    def __init__(self, numbers=None):
        for name in self.NUMBERS:
            setattr(self, name, (numbers or {}).get(name, 0))
        self.edges = (numbers or {}).get("edges", "-")
        self.corpus = (numbers or {}).get("corpus", 0)

    def add(self, worker, seconds):
        self.execs += worker.execs_now()
        self.cpu += worker.cpu
        self.seconds += seconds
        self.starts += 1
        self.walked += sum(counts.walked for counts in worker.counts.values())
        if worker.edges:
            self.edges = f"{worker.edges}/{worker.edges_all}"
        self.corpus = max(self.corpus, worker.corpus)


class State:
    """The night in @folder: begun, or taken up again where it was left."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                            0o666)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another night runs in {folder}: wait for it, or use NIGHT=DIR",
                          UNUSABLE) from None
        self.path = os.path.join(folder, "state.json")
        self.resumed = 0
        self.finished = True
        self.generations = {}
        self.blank()
        self.load()

    def blank(self):
        """A night of which nothing has been done."""
        self.date = self.seed = None
        # The planted bug that is hunted in each kind.
        self.canaries = {}
        # What was asked for: kinds, jobs and seconds; and the seconds of the plan that follows.
        self.wanted = []
        self.seconds = self.slices = 0
        self.spent = 0.0
        # "kind role" of every instance that was to run.
        self.due = []
        self.found = {}
        self.tallies = {}
        self.counts = fuzz_report.Counts()
        self.failures = []
        self.oracles = []

    def load(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                self.take(json.load(file))
        except FileNotFoundError:
            self.recover()
        except (OSError, ValueError, KeyError, TypeError):
            os.replace(self.path, self.path + ".bad")
            print(f"nightly: {self.path} cannot be used and is now {self.path}.bad; a new night "
                  "begins, with the corpus and the findings that are there", file=sys.stderr)
            self.finished = True
            self.blank()
            self.recover()

    def take(self, kept):
        if kept["version"] != VERSION:
            raise ValueError
        tallies = {name: Tally(numbers) for name, numbers in kept["tallies"].items()}
        counts = counts_from(kept["counts"])
        for name in PLAIN:
            setattr(self, name, kept[name])
        self.tallies, self.counts = tallies, counts

    def recover(self):
        """Without a state, the corpus is what is there; of two, the second was being made."""
        for path in glob.glob(os.path.join(self.folder, "corpus", "*-*")):
            kind, number = os.path.basename(path).rsplit("-", 1)
            if number.isdigit():
                self.generations[kind] = min(self.generations.get(kind, int(number)), int(number))

    def save(self):
        kept = {name: getattr(self, name) for name in PLAIN}
        kept["version"] = VERSION
        kept["tallies"] = {name: vars(tally) for name, tally in self.tallies.items()}
        kept["counts"] = vars(self.counts)
        try:
            write_whole(self.path, json.dumps(kept, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise Refused(f"{self.path}: {error.strerror}: make room, or use NIGHT=DIR",
                          NO_FINDINGS) from None

    def begin(self, date, seed, canaries, wanted):
        """@wanted is [kinds, jobs, seconds]."""
        self.blank()
        self.date, self.seed, self.canaries = date, seed, canaries
        self.wanted, self.seconds = wanted, wanted[2]
        self.finished, self.resumed = False, 0
        self.save()

    def take_up(self, wanted):
        """Where something else is wanted now, what is left of its time is planned anew."""
        self.resumed += 1
        if wanted != self.wanted:
            self.wanted, self.slices = wanted, 0
            self.seconds = max(int(wanted[2] - self.spent), 0)
        self.save()

    def tally(self, kind, role):
        return self.tallies.setdefault(f"{kind} {role}", Tally())

    # ---- the corpus, one folder a kind, replaced as a whole ----

    def corpus(self, kind):
        """The folder of the merged corpus of @kind; None where there is none yet."""
        number = self.generations.get(kind)
        return number and os.path.join(self.folder, "corpus", f"{kind}-{number}")

    def next_corpus(self, kind):
        """An empty folder for the next one."""
        path = os.path.join(self.folder, "corpus", f"{kind}-{self.generations.get(kind, 0) + 1}")
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def keep_corpus(self, kind):
        """From here on the next one is the corpus; what it was made from may go."""
        self.generations[kind] = self.generations.get(kind, 0) + 1
        self.save()
        self.drop_old(kind)

    def drop_old(self, kind):
        above = os.path.join(self.folder, "corpus")
        for name in os.listdir(above) if os.path.isdir(above) else ():
            if (re.fullmatch(kind + r"-\d+", name)
                    and name != os.path.basename(self.corpus(kind) or "")):
                shutil.rmtree(os.path.join(above, name), ignore_errors=True)


def counts_from(kept):
    counts = fuzz_report.Counts()
    counts.walked, counts.failed, counts.classes = kept["walked"], kept["failed"], kept["classes"]
    counts.parsers = {name: tuple(numbers) for name, numbers in kept["parsers"].items()}
    return counts
