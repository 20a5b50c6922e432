# SPDX-License-Identifier: MIT
"""What a page tells of inputs that `capchain check --json --pictures` judged: witnesses, cells, what was cut short."""

import collections
import hashlib
import os
import re

# How bad an answer is, the worst first: its key, and how it is told. The key is a verdict, else a class.
SEVERITIES = (("wrote", "writes past"), ("oob", "reads past"), ("crash", "crashes"), ("runaway", "never ends"),
              ("stale", "reads stale"), ("unstable", "is unstable"), ("accepts-malformed", "takes it"),
              ("absent-for-unreadable", "finds none"), ("wrong-caps", "wrong caps"), ("wrong-payload", "wrong payload"),
              ("conversation", "asks wrongly"), ("rejects-valid", "refuses valid"), ("wrong-refusal", "refuses wrongly"))
RANKS = {key: rank for rank, (key, _) in enumerate(SEVERITIES)}
# Four steps of colour: leaves its memory or never ends; answers from what it cannot read; is wrong; refuses.
STEPS = {"wrote": 1, "oob": 1, "crash": 1, "runaway": 1, "stale": 1, "accepts-malformed": 2, "absent-for-unreadable": 2,
         "unstable": 3, "wrong-caps": 3, "wrong-payload": 3, "conversation": 2, "rejects-valid": 4, "wrong-refusal": 4}
# An answer, whether it is right or not.
ANSWERS = {"oob": "reads past", "stale": "reads stale bytes", "runaway": "never ends", "wrote": "writes past",
           "crash": "crashes", "abstain": "abstains", "reject": "refuses", "truncated": "asks again",
           "absent": "finds none", "ok": "takes it"}
# Readers that stand for no program.
MADE_UP = ("naive", "kernel", "monotonic", "naive-pci", "kernel-pci")
NAMES_SHOWN = 12


class Bucket:
    """parser:verdict:class:cause, taken apart."""

    def __init__(self, text):
        self.text = text
        self.parser, verdict, what, self.cause = (text.split(":", 3) + ["", "", ""])[:4]
        self.key = verdict if verdict in RANKS else what if what in RANKS else "wrong-caps"
        self.rank, self.step = RANKS[self.key], STEPS[self.key]
        self.words = SEVERITIES[self.rank][1]


class Reader:
    """A parser or a loop, of `capchain list --json`; of one that is not listed, the name alone is known."""

    def __init__(self, name, fact):
        self.name, self.summary = name, fact.get("summary", "")
        self.trust, self.peer = fact.get("trust", ""), fact.get("source", "kernel").replace("kernel", "")
        self.kinds, self.own = fact.get("kinds"), fact.get("own", False)
        self.promises = self.trust in ("safe", "hardened")
        self.program = not (self.promises or name in MADE_UP)

    def reads(self, kind):
        return self.kinds is None or kind == "fetch" or kind in self.kinds

    def order(self):
        """The user's own first, then what promises, then programs, then what stands for none."""
        return (not self.own, not self.promises, not self.program, self.name)


def cause_of(judged):
    """What an input is filed under: the cause of most of its differences, else what the reference says of it."""
    causes = collections.Counter(Bucket(one["bucket"]).cause for one in judged["disagreements"])
    if causes:
        return min(causes, key=lambda cause: (-causes[cause], cause))
    odd = [one["note"] for one in judged["notes"] if judged["class"] == "odd"]
    return next((one["rule"] for one in judged["rules"]), odd[0] if odd else judged["reference"]["verdict"])


class Witness:
    """An input that is shown, and the names of those that show the same and are larger."""

    def __init__(self, judged):
        self.judged = judged
        self.file, self.kind, self.size = judged["file"], judged["kind"], judged["len"]
        self.cause = cause_of(judged)
        self.buckets = [Bucket(one["bucket"]) for one in judged["disagreements"]]
        self.same, self.count, self.known = [], 1, False
        self.page = ""
        self.id = "w-" + hashlib.sha256(f"{self.kind} {judged.get('text', '')} {self.file}".encode()).hexdigest()[:12]

    def key(self):
        return (self.size, len(self.file), self.file)

    def shows(self):
        """Its set of verdicts, and what it is about: inputs of which this is the same are one witness."""
        return (self.kind, self.judged["class"], self.judged.get("unread"), self.cause,
                tuple(sorted(one.text for one in self.buckets)),
                tuple((one["name"], one["verdict"], one.get("reason")) for one in self.judged["parsers"]))

    def link(self, here=None):
        return f"#{self.id}" if here == self.page else f"{self.page}#{self.id}"

    def reference(self):
        """What is right, in words."""
        said = self.judged["reference"]
        words = f"{said['verdict']} {said.get('reason', '')}".strip()
        for one in self.judged["rules"]:
            if one["at"]:
                words += f" at {one['at']}, linked from {one['from'] or 'cap_offset'}"
        if "need" in said:
            words += f", ask again with argsz {said['need']}"
        notes = [f"{one['note']} at {one['at']}" for one in self.judged["notes"][:4]]
        return words + (f"; {', '.join(notes)}" if notes else "")

    def groups(self, readers):
        """What each reader did: those that did the same, in one row, the worst first; and who has nothing to say."""
        told = collections.defaultdict(list)
        for one in self.judged["disagreements"]:
            told[one["parser"]].append(one)
        drawn = self.judged.get("pictures", {}).get("readers", {})
        rows, silent = {}, collections.defaultdict(list)
        for one in self.judged["parsers"]:
            reader = readers[one["name"]]
            if one["verdict"] == "abstain" and not told[one["name"]]:
                silent["does not read this kind" if not reader.reads(self.kind) else
                       f"reads from a {reader.peer}: what it does with this is not shown" if reader.peer else
                       "abstains"].append(one["name"])
                continue
            row = Row(one, told[one["name"]], drawn.get(one["name"], ""))
            rows.setdefault(row.key, row).readers.append(reader)
        # Of the reference itself only a relation can break.
        for one in told.get("reference", ()):
            row = Row({"verdict": self.judged["reference"]["verdict"]}, [one], "")
            rows.setdefault(row.key, row).readers.append(Reader("reference", {}))
        return sorted(rows.values(), key=lambda row: row.order()), sorted(silent.items())


class Row:
    """What some readers did with one input."""

    def __init__(self, one, told, picture):
        self.readers, self.picture = [], picture
        self.says = f"{one['verdict']} {one.get('reason', '')}".strip()
        self.buckets = [Bucket(each["bucket"]) for each in told]
        self.words = ", ".join(dict.fromkeys(bucket.words for bucket in self.buckets)) or "agrees"
        self.step = min((bucket.step for bucket in self.buckets), default=0)
        self.rank = min((bucket.rank for bucket in self.buckets), default=len(RANKS))
        self.expected = [(each.get("expected", ""), each.get("got", "")) for each in told]
        self.where = [f"said: {one['said']}"] if one.get("said") else []
        self.where += ["in " + ", ".join(f"{frame['function']} {frame.get('file', '')}:{frame.get('line', '')}"
                                         for frame in one["place"])] if one.get("place") else []
        self.where += [f"no answer: {one['no_answer']}"] if one.get("no_answer") else []
        self.policy = one.get("policy", False)
        self.excused = next((each["excused"] for each in told if each.get("excused")), "")
        self.broken = any(each.get("broken") for each in told)
        self.key = (self.says, self.words, tuple(self.expected), tuple(self.where), self.policy, self.excused,
                    self.broken, picture)

    def order(self):
        return (not self.broken, self.rank, self.readers[0].name)


class Told:
    """All of a page: readers, witnesses, and what follows from them."""

    def __init__(self, facts, keep=(), corpus=None):
        """@keep: files whose witnesses are shown in any case. What is below @corpus is known."""
        self.below = os.path.join(corpus, "") if corpus else None
        self.facts, self.readers, self.keep, self.kept = facts, {}, set(keep), {}
        self.witnesses, self.smallest = {}, {}
        # (kind, capability, how it is cut) -> reader -> what it does -> the smallest witness.
        self.unread = collections.defaultdict(dict)
        self.inputs, self.style, self.oracles, self.broken = 0, "", set(), {}
        self.kinds, self.classes = collections.Counter(), collections.Counter()

    def add(self, judged):
        self.inputs += 1
        self.kinds[judged["kind"]] += 1
        self.classes[judged["class"]] += 1
        self.oracles.add(judged.get("oracles", ""))
        self.style = judged.get("pictures", {}).pop("style", self.style)
        for one in judged["parsers"]:
            if one["name"] not in self.readers:
                self.readers[one["name"]] = Reader(one["name"], self.facts.get(one["name"], {}))
        new = Witness(judged)
        new.known = self.below is not None and new.file.startswith(self.below)
        key = new.shows()
        old = self.witnesses.get(key)
        # What is not shown needs no pictures, and of thousands they would not fit into memory.
        first, second = (new, old) if old is None or new.key() < old.key() else (old, new)
        if second:
            first.known |= second.known
            first.same, first.count = [*second.same, *first.same, second.file], first.count + second.count
            del first.same[NAMES_SHOWN:]
        self.witnesses[key] = first
        if judged["file"] in self.keep:
            self.kept[judged["file"]] = key
        self.note_unread(judged, first)
        for one in judged["disagreements"]:
            if one.get("broken"):
                self.broken.setdefault(one["bucket"], first)

    def note_unread(self, judged, witness):
        """What each reader makes of a capability that the reply has not whole."""
        if not judged.get("unread"):
            return
        how = "truncated" if judged["reference"]["verdict"] == "truncated" else "past the end"
        for one in judged["parsers"]:
            if not self.readers[one["name"]].reads(judged["kind"]):
                continue
            cell = self.unread[judged["kind"], judged["unread"], how].setdefault(one["name"], {})
            words = ANSWERS.get(one["verdict"], one["verdict"])
            cell[words] = min(cell.get(words, witness), witness, key=Witness.key)

    def close(self, limit=None):
        """
        After the last: cells, each with the smallest witness of what it says. Of more than @limit only those are shown
        that some table leads to, which are the smallest of each bucket, and the others named.
        """
        every = sorted(self.witnesses.values(), key=lambda one: (one.cause, *one.key()))
        self.cells = collections.defaultdict(dict)
        for witness in every:
            for bucket in witness.buckets:
                cell = self.cells[bucket.parser, bucket.cause, witness.kind == "fetch"]
                cell[bucket.rank] = min(cell.get(bucket.rank, (bucket, witness)), (bucket, witness),
                                        key=lambda pair: pair[1].key())
                mine = self.smallest.get((witness.kind, bucket.text))
                if mine is None or witness.key() < mine.key():
                    self.smallest[witness.kind, bucket.text] = witness
        # Some witnesses were replaced by smaller ones that say the same.
        named = [*self.smallest.values(), *(self.witnesses[key] for key in self.kept.values())]
        for cells in self.unread.values():
            for cell in cells.values():
                for words, one in cell.items():
                    cell[words] = self.witnesses[one.shows()]
                    named.append(cell[words])
        self.broken = {bucket: self.witnesses[one.shows()] for bucket, one in self.broken.items()}
        chosen = {id(one) for one in (*named, *self.broken.values())}
        self.shown = [one for one in every if limit is None or len(every) <= limit or id(one) in chosen]
        shown = {id(one) for one in self.shown}
        self.rest = collections.defaultdict(list)
        for one in every:
            if id(one) not in shown:
                self.rest[one.cause].append(one)

    def severities(self):
        """Those that some reader shows, and always the one that people ask for first."""
        there = {rank for cell in self.cells.values() for rank in cell} | {RANKS["runaway"]}
        return [SEVERITIES[rank] for rank in sorted(there)]

    def unread_of(self, kind):
        return sorted(column for column in self.unread if column[0] == kind)

    def causes_of(self, reader):
        """{severity in words: causes}, the worst first, of buffers and conversations."""
        found = {}
        for (name, cause, _), cell in self.cells.items():
            if name == reader:
                for rank, (bucket, _) in cell.items():
                    found.setdefault((rank, bucket.words), set()).add(cause)
        return {words: sorted(causes) for (_, words), causes in sorted(found.items())}

    def worst(self, reader):
        return min((rank for (name, _, _), cell in self.cells.items() if name == reader for rank in cell),
                   default=len(RANKS))


def slug(text):
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-") or "none"
