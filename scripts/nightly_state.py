# SPDX-License-Identifier: MIT
"""What a night knows of itself, in one file that is whole at any moment; see nightly.py.

Witnesses are no part of it: they are files of their own, written by the targets the moment they are
found. A night that was killed loses at most the numbers of the slice it was in.
"""

import fcntl
import json
import os
import re
import shutil

import fuzz_report
from fuzz_report import NO_FINDINGS, UNUSABLE, Refused

VERSION = 1


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
        self.date = self.seed = self.canary = None
        self.seconds = self.slices = 0
        self.spent = 0.0
        self.found = {}
        self.tallies = {}
        self.counts = fuzz_report.Counts()
        self.failures = []
        self.oracles = []

    def load(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                kept = json.load(file)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise Refused(f"{self.path}: {error}; remove it to begin a night anew: the corpus and "
                          "what was found stay", UNUSABLE) from None
        if not isinstance(kept, dict) or kept.get("version") != VERSION:
            raise Refused(f"{self.path}: of another version of capchain; remove it to begin a "
                          "night anew: the corpus and what was found stay", UNUSABLE)
        for name in ("finished", "resumed", "generations", "date", "seed", "canary", "seconds",
                     "slices", "spent", "found", "failures", "oracles"):
            setattr(self, name, kept[name])
        self.tallies = {name: Tally(numbers) for name, numbers in kept["tallies"].items()}
        self.counts = counts_from(kept["counts"])

    def save(self):
        kept = {name: getattr(self, name) for name in (
            "finished", "resumed", "generations", "date", "seed", "canary", "seconds", "slices",
            "spent", "found", "failures", "oracles")}
        kept["version"] = VERSION
        kept["tallies"] = {name: vars(tally) for name, tally in self.tallies.items()}
        kept["counts"] = vars(self.counts)
        try:
            write_whole(self.path, json.dumps(kept, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise Refused(f"{self.path}: {error.strerror}: make room, or use NIGHT=DIR",
                          NO_FINDINGS) from None

    def begin(self, date, seed, canary, seconds):
        self.blank()
        self.date, self.seed, self.canary, self.seconds = date, seed, canary, seconds
        self.finished, self.resumed = False, 0
        self.save()

    def take_up(self, seconds):
        self.resumed += 1
        self.seconds = seconds
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
