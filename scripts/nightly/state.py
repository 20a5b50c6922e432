# SPDX-License-Identifier: MIT
"""What a night knows of itself, in one file that is whole at any moment; see nightly.py.

Witnesses are no part of it: they are files of their own, written by the targets the moment they are
found. A night that was killed loses at most the numbers of the slice it was in.
"""

import dataclasses
import fcntl
import glob
import json
import os
import shutil
import sys

from fuzz.report import NO_FINDINGS, UNUSABLE, Counts, Refused
from gen.whole import write as write_whole

VERSION = 3


@dataclasses.dataclass
class Tally:
    """What one engine instance of one kind did, over all its slices."""
    execs: int = 0
    cpu: float = 0
    walked: int = 0
    edges: str = "-"
    corpus: int = 0

    def add(self, worker):
        self.execs += worker.execs_now()
        self.cpu += worker.cpu
        self.walked += sum(counts.walked for counts in worker.counts.values())
        if worker.edges:
            self.edges = f"{worker.edges}/{worker.edges_all}"
        self.corpus = max(self.corpus, worker.corpus)


@dataclasses.dataclass
class Kept:
    """What the file has. As it stands here, a night of which nothing has been done."""
    version: int = VERSION
    finished: bool = True
    resumed: int = 0
    # The number of the folder of each kind's merged corpus.
    generations: dict = dataclasses.field(default_factory=dict)
    date: str = None
    seed: int = None
    # The planted bug that is hunted in each kind, and how each hunt went.
    canaries: dict = dataclasses.field(default_factory=dict)
    found: dict = dataclasses.field(default_factory=dict)
    # What was asked for: kinds, jobs and seconds; and the seconds of the plan that follows.
    wanted: list = dataclasses.field(default_factory=list)
    seconds: int = 0
    slices: int = 0
    spent: float = 0.0
    # "kind role" of every instance that was to run.
    due: list = dataclasses.field(default_factory=list)
    tallies: dict = dataclasses.field(default_factory=dict)
    counts: Counts = dataclasses.field(default_factory=Counts)
    failures: list = dataclasses.field(default_factory=list)
    oracles: list = dataclasses.field(default_factory=list)


NAMES = [field.name for field in dataclasses.fields(Kept)]


class State(Kept):
    """The night in @folder: begun, or taken up again where it was left."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.path = folder, os.path.join(folder, "state.json")
        os.makedirs(folder, exist_ok=True)
        self.lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another night runs in {folder}: wait for it, or use NIGHT=DIR", UNUSABLE) from None
        try:
            with open(self.path, encoding="utf-8") as file:
                self.take(json.load(file))
        except FileNotFoundError:
            self.recover()
        except (OSError, ValueError, KeyError, TypeError):
            os.replace(self.path, self.path + ".bad")
            print(f"nightly: {self.path} cannot be used and is now {self.path}.bad; a new night begins, with "
                  "the corpus and the findings that are there", file=sys.stderr)
            self.recover()

    def take(self, kept):
        if kept["version"] != VERSION:
            raise ValueError
        kept["tallies"] = {name: Tally(**numbers) for name, numbers in kept["tallies"].items()}
        counts, kept["counts"] = kept["counts"], Counts()
        kept["counts"].__dict__.update(counts)
        kept["counts"].parsers = {name: tuple(numbers) for name, numbers in counts["parsers"].items()}
        self.__dict__.update({name: kept[name] for name in NAMES})

    def recover(self):
        """Without a state, the corpus is what is there; of two, the second was being made."""
        for path in glob.glob(os.path.join(glob.escape(self.folder), "corpus", "*-*")):
            kind, number = os.path.basename(path).rsplit("-", 1)
            if number.isdigit():
                self.generations[kind] = min(self.generations.get(kind, int(number)), int(number))

    def save(self):
        kept = json.dumps({name: getattr(self, name) for name in NAMES}, default=vars, indent=1, sort_keys=True)
        try:
            write_whole(self.path, kept + "\n")
        except OSError as error:
            raise Refused(f"{self.path}: {error.strerror}: make room, or use NIGHT=DIR", NO_FINDINGS) from None

    def begin(self, date, seed, canaries, wanted):
        """@wanted is [kinds, jobs, seconds]."""
        self.__dict__.update(vars(Kept(generations=self.generations, finished=False, date=date, seed=seed,
                                       canaries=canaries, wanted=wanted, seconds=wanted[2])))
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

    def generation(self, kind, number):
        return os.path.join(self.folder, "corpus", f"{kind}-{number}")

    def corpus(self, kind):
        """The folder of the merged corpus of @kind; None where there is none yet."""
        number = self.generations.get(kind)
        return number and self.generation(kind, number)

    def next_corpus(self, kind):
        """An empty folder for the next one."""
        path = self.generation(kind, self.generations.get(kind, 0) + 1)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def keep_corpus(self, kind):
        """From here on the next one is the corpus; what it was made from may go."""
        self.generations[kind] = self.generations.get(kind, 0) + 1
        self.save()
        for path in glob.glob(glob.escape(self.generation(kind, "")) + "[0-9]*"):
            if path != self.corpus(kind):
                shutil.rmtree(path, ignore_errors=True)
