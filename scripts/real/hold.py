# SPDX-License-Identifier: MIT
"""Holds models to their programs' own readers: on the corpus, on every small chain, in fuzzing; and tells of it."""

import json
import os
import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from fuzz import own, seeds
from fuzz.engines import of_build
from fuzz.own_tools import MISSING, PROGRESS, Refused
from fuzz.report import ABSTAIN, read_counts
from gen import ledger
from gen.whole import write_json

CORPUS = os.path.join(own.ROOT, "corpus")
# The kinds that a program asks an ioctl() for.
KINDS = ("device", "region", "iommu")
CLASS = "model-differs"


def checked(command):
    """What `check` says of each buffer of the corpus."""
    PROGRESS.say("the corpus", now=True)
    done = subprocess.run([command, "check", "--json", CORPUS], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = [one for one in lines if one.get("kind") in KINDS]
    if not found:
        raise Refused(f"the corpus: {done.stderr.strip()[-200:] or 'has no buffers'}", MISSING)
    return found


class Held:
    """What was compared, and what differed, a reader."""

    def __init__(self, command, targets, slices, shim_lines, suffix=""):
        self.command, self.targets, self.slices, self.shim_lines = command, targets, slices, shim_lines
        self.suffix = suffix
        self.names = [one.reader.name for one in slices]
        self.compared = {name: Counter() for name in self.names}
        self.differs = {name: Counter() for name in self.names}
        self.example, self.excused = {}, Counter()
        self.entries = ledger.load(os.path.join(CORPUS, "ledger.yaml"))

    def note(self, reader, where, bucket, times, example):
        kind = next(kind for kind in KINDS if os.path.basename(example).startswith(kind))
        if any(ledger.excuses(entry, bucket, kind, entry["notes"]) for entry in self.entries):
            self.excused[reader] += times
            return
        self.differs[reader][where] += times
        self.example.setdefault((reader, bucket), example)

    def corpus(self):
        for one in checked(self.command):
            answers = {parser["name"]: parser for parser in one["parsers"]}
            for name in self.names:
                self.compared[name]["corpus"] += answers[name]["verdict"] != "abstain"
            for found in one["disagreements"]:
                if found["class"] == CLASS:
                    self.note(found["parser"], "corpus", found["bucket"], 1, one["file"])

    def small(self, caps):
        for kind in KINDS if caps else ():
            names = self.reading(kind)
            if not names:
                continue
            PROGRESS.say(f"every chain of up to {caps} capabilities: {kind}", now=True)
            witnesses = os.path.join(os.path.dirname(self.command), "small")
            shutil.rmtree(witnesses, ignore_errors=True)
            done = subprocess.run([self.command, "exhaust", "--caps", str(caps), "--kind", kind, "--json", "-o", witnesses],
                                  capture_output=True, text=True, check=False)
            if done.returncode > 1 or not done.stdout:
                raise Refused(f"exhaust: {done.stderr.strip()[-200:]}", MISSING)
            said = json.loads(done.stdout.splitlines()[0])
            for name in names:
                self.compared[name]["small"] += said["buffers"]
            # A file each, FOLDER/iommu-broken-qemu@7.2_ok_model-differs_loop; how many there were is not told.
            for path in sorted(Path(witnesses).glob(f"{kind}-broken-*_{CLASS}_*")):
                bucket = path.name.removeprefix(f"{kind}-broken-").replace("_", ":")
                self.note(bucket.split(":")[0], "small", bucket, 1, str(path))

    def reading(self, kind):
        return [one.reader.name for one in self.slices if kind in one.reader.part.models]

    def fuzzed(self, execs, findings):
        if not execs:
            return
        shutil.rmtree(findings, ignore_errors=True)
        engine = of_build("libfuzzer")
        folder = os.path.join(os.path.dirname(self.command), "seeds")
        start = seeds.prepared(folder, KINDS, self.command, CORPUS)
        for kind in KINDS:
            names = self.reading(kind)
            if not names:
                continue
            PROGRESS.say(f"fuzzing {kind}", now=True)
            models = {one.reader.part.models[kind] + self.suffix for one in self.slices if kind in one.reader.part.models}
            out, where = os.path.join(folder, f"{kind}-found"), os.path.join(findings, kind)
            for made in (out, where):
                shutil.rmtree(made, ignore_errors=True)
                os.makedirs(made)
            done = subprocess.run(
                engine.alone(self.targets[kind], start[kind], out, os.path.join(CORPUS, "vfio.dict"), execs, seed=1),
                capture_output=True, text=True, errors="replace", check=False,
                env={**os.environ, "CAPCHAIN_FINDINGS": where, "CAPCHAIN_GO_ON": "1",
                     "CAPCHAIN_PARSERS": ",".join(sorted({"bounded", *names, *models}))})
            if done.returncode:
                raise Refused(f"fuzz_real_{kind}_info: {' '.join(done.stderr.split())[-400:]}", MISSING)
            for path in Path(where, "counts").iterdir():
                counts = read_counts(path)
                for name in names:
                    self.compared[name]["fuzzed"] += counts.walked - counts.parsers[name][ABSTAIN]
                for bucket, (times, _) in counts.buckets.items():
                    if bucket.split(":")[2] == CLASS:
                        self.note(bucket.split(":")[0], "fuzzed", bucket, times,
                                  str(Path(where, "buckets", f"{kind}-{bucket.replace(':', '_')}")))

    def named(self, say):
        """Of readers that were held to planted models: whether each named its one."""
        for name in self.names:
            times = sum(self.differs[name].values())
            say(f"{name:20} {f'named {times} times' if times else 'NOT NAMED'}, {self.compared[name]['fuzzed']} buffers")
        return int(not all(self.differs[name] for name in self.names))

    def tell(self, say, path):
        """The table and every difference; 1 where there is one."""
        say(f"{'reader':20} {'functions':>9} {'lines':>6} {'shim':>5} {'corpus':>7} {'small':>9} {'fuzzed':>9} "
            f"{'differences':>11} {'excused':>7}")
        for one in self.slices:
            name = one.reader.name
            counts = self.compared[name]
            say(f"{name:20} {one.functions():9} {one.lines():6} {self.shim_lines(one.reader.program):5} "
                f"{counts['corpus']:7} {counts['small']:9} {counts['fuzzed']:9} {sum(self.differs[name].values()):11} "
                f"{self.excused[name]:7}")
        for (reader, bucket), example in sorted(self.example.items()):
            say(f"{bucket}\n  {self.command} check {os.path.relpath(example) if example else ''}")
        if path:
            write_json(path, [{"reader": one.reader.name, "functions": one.functions(), "lines": one.lines(),
                               "shim": self.shim_lines(one.reader.program), "models": one.reader.part.models,
                               "compared": self.compared[one.reader.name], "differs": self.differs[one.reader.name]}
                              for one in self.slices])
        return int(any(self.differs[name] for name in self.names))


def changes(command, readers, say):
    """What a tree does that the one before it did not, by class and cause of input. 1 where there is anything."""
    new = {reader.name: reader.name.removesuffix("-src") for reader in readers if reader.name.endswith("-src")}
    tables = defaultdict(Counter)
    examples = {}
    for one in checked(command):
        answers = {parser["name"]: parser for parser in one["parsers"]}
        causes = [rule["rule"] for rule in one["rules"]] or [note["note"] for note in one["notes"]] or ["-"]
        for name in new:
            olds = [reader.name for reader in readers if reader.name.endswith("-old") and
                    reader.name.split("@")[0] == name.split("@")[0]]
            for old in olds:
                was, now = words(answers[old]), words(answers[name])
                if "abstain" in (was, now):
                    continue
                key = (name.split("@")[0], one["kind"], one["class"], causes[0], was, now)
                tables["same" if was == now else "changed"][key if was != now else key[:3]] += 1
                examples.setdefault(key, one["file"])
    say(f"{'reader':12} {'kind':7} {'class':10} {'cause':18} {'before':24} {'now':24} {'inputs':>6}  one of them")
    for key, times in sorted(tables["changed"].items()):
        say("{:12} {:7} {:10} {:18} {:24} {:24} {:6}  {}".format(*key, times, os.path.relpath(examples[key])))
    say(f"{sum(tables['changed'].values())} inputs have another answer, {sum(tables['same'].values())} the same")
    return int(bool(tables["changed"]))


def words(parser):
    """A parser's answer: its verdict, and of ok what it took."""
    ids = " ".join(str(cap["id"]) for cap in parser["caps"])
    return parser["verdict"] + (f" {parser['reason']}" if parser.get("reason") else "") + \
        (f" [{ids}]" if parser["verdict"] == "ok" else "")
