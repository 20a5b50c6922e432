# SPDX-License-Identifier: MIT
"""
What a night found: everything replayed in other builds, divergences that nobody knew of with the
smallest witness of each, and a folder that can become a pull request.

All of it is worked out from files, so a night that was killed and taken up again comes to the same.
"""

import collections
import filecmp
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fuzz import report as fuzz_report
from fuzz.account import Known
from fuzz import seeds as fuzz_seeds
from fuzz.alone import last_line
from fuzz.engines import ENGINES, LEAD
from fuzz.report import NO_ENGINE, Refused
from fuzz.worker import LEN_MAX, PID, PROMISE, WRONG
from nightly import instances
from nightly.checks import REPLAY_BUILDS, in_parallel, run, target

# A merged corpus keeps the smallest inputs that fit.
INPUTS_MAX, BYTES_MAX = 4096, 16 << 20
CHUNK = 200
# Seconds; a chunk takes a tenth of one. A target that does not end is a failure.
REPLAY_HUNG = 120

# The folder of the corpus that nights add to.
FOUND = "nights"

# A divergence: its bucket, kind, and the smallest file that shows it.
Divergence = collections.namedtuple("Divergence", "bucket kind size path promise")


# ---- the corpus ----

def merge(setup, state, kind):
    """
    Merges what every engine has into the next corpus of @kind, held to its budget, and gives up
    what it was made from. Returns (inputs, bytes, how many the budget cost).
    """
    sources = [path for path in (state.corpus(kind), setup.seeds(kind), *instances.queues(setup.work, kind))
               if path and os.path.isdir(path)]
    keep_stops(setup, kind)
    folder = state.next_corpus(kind)
    # Findings are kept here too: an input may have come in by hand.
    status, said = run(LEAD.merge(setup.target(kind), folder, sources), {"CAPCHAIN_FINDINGS": setup.findings},
                       seconds=None)
    for path in glob.glob(glob.escape(folder) + ".stop-*"):
        os.unlink(path)
    if status or not os.listdir(folder):
        raise Refused(f"{setup.target(kind)} -merge=1 failed ({status}): {last_line(said)}", NO_ENGINE)
    numbers = hold_to_budget(folder, INPUTS_MAX, BYTES_MAX)
    state.keep_corpus(kind)
    for engine in ENGINES.values():
        engine.drop(setup.work, kind)
    return numbers


def keep_stops(setup, kind):
    """Copies what stopped or hung an engine to the artifacts, each under the digest of its bytes."""
    for what, path in [stop for engine in ENGINES.values() for stop in engine.stops(setup.work, kind)]:
        data = Path(path).read_bytes()
        out = os.path.join(setup.findings, "artifacts", f"{kind}-{what}-{hashlib.sha1(data).hexdigest()}")
        if data and not os.path.exists(out):
            fuzz_seeds.write(out, data)


def hold_to_budget(folder, inputs_max, bytes_max):
    """Drops the largest inputs of @folder until it fits."""
    kept = total = dropped = 0
    for path in sorted(Path(folder).iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        size = path.stat().st_size
        if kept < inputs_max and total + size <= bytes_max:
            kept, total = kept + 1, total + size
        else:
            path.unlink()
            dropped += 1
    return kept, total, dropped


# ---- replay ----

class Replay:
    """The inputs of one kind through the stand-alone target of one build."""

    def __init__(self, options, build, kind, paths):
        self.build, self.kind, self.paths = build, kind, paths
        self.target = target(options, build, kind)
        self.verdicts = collections.Counter()
        self.broken = {}
        self.stopped = []
        self.failures = []

    def go(self):
        for start in range(0, len(self.paths), CHUNK):
            chunk = self.paths[start:start + CHUNK]
            if self.some(chunk) is not None:
                for path in chunk:
                    self.one(path)
        return self

    def some(self, paths):
        """Runs @paths; takes in their verdicts, or returns what was said where it stopped."""
        with tempfile.NamedTemporaryFile(prefix="verdicts-") as verdicts:
            status, said = run([self.target, *paths], {"CAPCHAIN_VERDICTS": verdicts.name}, seconds=REPLAY_HUNG)
            if status == 0:
                self.verdicts.update(line.decode("utf-8", "replace").rstrip() for line in verdicts)
                return None
        return said if status is not None else f"{said}\nSUMMARY: no end"

    def one(self, path):
        said = self.some([path])
        if said is None:
            return
        promise = PROMISE.search(said)
        if promise:
            self.broken.setdefault(promise[1], path)
            self.stopped.append((promise[1], path))
            return
        wrong = [line for line in said.splitlines() if WRONG.search(line)]
        summary = [line for line in wrong if "SUMMARY: " in line]
        self.failures.append((PID.sub("", (summary + wrong + [last_line(said)])[0]), path))

    def unlike(self, first):
        """Why its verdicts are not those of build @first, in words; None where they are."""
        judged = sum(self.verdicts.values())
        if judged + len(self.stopped) + len(self.failures) != len(self.paths):
            return f"judged {judged} of {len(self.paths)} {self.kind} inputs"
        if self.failures or first.failures:
            return None
        differ = self.verdicts - first.verdicts
        if not differ and set(self.broken) == set(first.broken):
            return None
        line = sorted(differ or {"a promise is broken in one of them alone"})[0]
        return (f"{sum(differ.values())} {self.kind} inputs have other verdicts than in "
                f"build/{first.build}, the first {line}")


def replay(options, setup, kinds, paths_of):
    """
    Every input through every build. Returns (inputs a build, {bucket: (kind, path)},
    [(line, kind, path)]); builds that differ in a verdict are among the failures.
    """
    done = in_parallel(options.jobs, Replay.go, [Replay(options, build, kind, paths_of[kind])
                                                 for kind in kinds for build in REPLAY_BUILDS])
    broken, failures = {}, []
    first = {one.kind: one for one in done if one.build == REPLAY_BUILDS[0]}
    for one in done:
        drop_known(setup, one)
        for bucket, path in one.broken.items():
            broken.setdefault(bucket, (one.kind, path))
        failures += [(f"build/{one.build}: {line}", one.kind, path) for line, path in one.failures]
        why = one.unlike(first[one.kind])
        if why:
            failures.append((f"build/{one.build}: {why}", one.kind, None))
    return sum(map(len, paths_of.values())), broken, failures


def drop_known(setup, one):
    """An artifact that stops with a bucket which has its witness is not kept twice."""
    artifacts = os.path.join(setup.findings, "artifacts")
    for bucket, path in one.stopped:
        witness = setup.witness(one.kind, bucket)
        if os.path.dirname(path) == artifacts and os.path.exists(witness):
            one.broken[bucket] = witness
            Path(path).unlink(missing_ok=True)


def files(folder, start=""):
    return [path for path in sorted(glob.glob(os.path.join(glob.escape(folder), start + "*")))
            if not path.endswith(".tmp")]


def everything(setup, state, kind):
    """Seeds, the merged corpus and every witness of @kind."""
    return (files(setup.seeds(kind)) + (files(state.corpus(kind)) if state.corpus(kind) else [])
            + [path for name in ("sets", "broken", "artifacts", "buckets")
               for path in files(os.path.join(setup.findings, name), kind + "-")])


# ---- divergences ----

class Harvest:
    """
    Keeps the smallest witness of every bucket that the corpus does not know, in findings/buckets.

    Targets keep one of each set of verdicts, and merging one of each edge: neither tells two causes
    of the same verdicts apart, so a bucket's only witness could go when a smaller input with those
    verdicts comes. This looks at every file once, before a night goes on and after each slice.
    """

    def __init__(self, setup, state, kinds):
        self.setup, self.state, self.kinds = setup, state, kinds
        self.folder = os.path.join(setup.findings, "buckets")
        self.seen = set()
        self.known = Known(setup, kinds)
        os.makedirs(self.folder, exist_ok=True)

    def paths(self, kind):
        for path in everything(self.setup, self.state, kind) + instances.found(self.setup.work, kind):
            try:
                key = (path, os.stat(path).st_size)
            except OSError:
                continue
            if key not in self.seen and key[1] <= LEN_MAX:
                self.seen.add(key)
                yield path

    def go(self):
        for kind in self.kinds:
            for one in fuzz_report.check(self.setup.capchain, kind, list(self.paths(kind))):
                for bucket in fuzz_report.buckets_of(one):
                    if not self.known.explains(one, bucket):
                        self.keep(os.path.join(self.folder, slug(kind, bucket)), one)

    def keep(self, out, one):
        if not os.path.exists(out) or os.stat(out).st_size > one["len"]:
            fuzz_seeds.write(out, Path(one["file"]).read_bytes())


def paths_of(setup, state, kinds):
    """{kind: files that are no seeds}: what has to be judged beside the corpus."""
    return {kind: [path for path in everything(setup, state, kind) if os.path.dirname(path) != setup.seeds(kind)]
            for kind in kinds}


def divergences(rows):
    """The buckets that nobody knows, each with its smallest witness, in the order of buckets."""
    return sorted(Divergence(one["bucket"], one["kind"], one["size"], one["witness"], one["breaks"])
                  for one in rows if one["unlisted"])


# ---- the folder for a pull request ----

def shrunk(setup, one, folder):
    """The smallest input that `capchain shrink` finds with this bucket; as it was found, else."""
    out = os.path.join(folder, f"{one.kind}-{len(os.listdir(folder))}")
    shutil.copyfile(one.path, out)
    less = out + ".less"
    if run([setup.capchain, "shrink", "--bucket", one.bucket, out, "-o", less])[0] == 0:
        os.replace(less, out)
    return out


def slug(kind, bucket):
    return f"{kind}-{re.sub('[^a-z0-9]+', '-', bucket)}"


def free_name(folder, name):
    """@name.yaml, or with a number: a regression whose bucket has changed since keeps its name."""
    number, free = 1, f"{name}.yaml"
    while os.path.exists(os.path.join(folder, free)):
        number += 1
        free = f"{name}-{number}.yaml"
    return free


def must(command):
    status, said = run(command)
    if status:
        raise Refused(f"{' '.join(command[:2])}: {last_line(said)}", NO_ENGINE)


def write_text(setup, out, one, buckets, date):
    """The witness in text form, with what it shows in its first lines."""
    must([setup.capchain, "dis", "--kind", one.kind, one.path, "-o", out])
    text = Path(out).read_text("utf-8")
    head = "".join(f"# {bucket}\n" for bucket in buckets)
    Path(out).write_text(f"# The smallest buffer of the night of {date} that showed:\n{head}{text}", "utf-8")


def add_regressions(setup, state, new, corpus):
    """
    Adds the witnesses of @new to a copy of the corpus, and their verdicts; returns their names. They have a folder of
    their own: each of regressions/ stands in the lists of clients too, which a night cannot run.
    """
    folder, same, names = os.path.join(corpus, FOUND), {}, []
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shrunk-") as less:
        for one in new:
            path = shrunk(setup, one, less)
            same.setdefault((one.kind, Path(path).read_bytes()), []).append(one._replace(path=path))
        for shown in same.values():
            name = free_name(folder, slug(shown[0].kind, shown[0].bucket))
            write_text(setup, os.path.join(folder, name), shown[0], [one.bucket for one in shown], state.date)
            names.append(f"{FOUND}/{name}")
    if names:
        must([setup.capchain, "bless", corpus])
    return sorted(names)


def pull_request(setup, state, new, out):
    """
    Writes @out anew, whole: corpus/nights/*.yaml, the lists of corpus/expect that change, and
    changes.patch of both, which is empty where nothing changed. Returns the names of the new regressions.
    """
    making = f"{out}.{os.getpid()}.tmp"
    shutil.rmtree(making, ignore_errors=True)
    os.makedirs(making)
    with tempfile.TemporaryDirectory(prefix="pull-request-") as folder:
        for side in "ab":
            shutil.copytree(setup.corpus, os.path.join(folder, side, "corpus"), ignore=shutil.ignore_patterns(".*"))
        names = add_regressions(setup, state, new, os.path.join(folder, "b", "corpus"))
        # What `git apply` takes.
        with open(os.path.join(making, "changes.patch"), "wb") as patch:
            subprocess.run(["diff", "-ruN", "a", "b"], cwd=folder, stdout=patch, check=False)
        copy_changed(Path(folder, "a"), Path(folder, "b"), Path(making))
    old = f"{out}.old"
    shutil.rmtree(old, ignore_errors=True)
    if os.path.exists(out):
        os.rename(out, old)
    os.rename(making, out)
    shutil.rmtree(old, ignore_errors=True)
    return names


def copy_changed(before, after, out):
    for path in after.rglob("*"):
        name = path.relative_to(after)
        known = before / name
        if path.is_file() and not (known.is_file() and filecmp.cmp(path, known, shallow=False)):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, out / name)
