# SPDX-License-Identifier: MIT
"""What a model predicts of a program, beside what the program did: part of clients.py.

A model judges the very bytes that the program held after its last call of the INFO, in a buffer of
the length that it asked with. So nothing rests on what a program asks: what is predicted is how it
takes what it got.
"""
import collections
import json
import os
import subprocess

# The most bytes that a parser is handed. A longer buffer is cut, and its argsz with it, where that
# was the buffer's length: models compare the two.
LONGEST = 65536
SHARE = 0.95

# How a program may come out where its model says so. Under a fence an access outside the buffer is
# a crash. A runaway that is no loop reads on through its whole count, into the fence.
COMES_OUT = {
    "ok": {"ok", "maps", "no-room"},
    "absent": {"ok", "maps", "no-room"},
    "truncated": {"storm"},
    "reject": {"refuse", "abort"},
    "oob": {"crash", "over-read"},
    "wrote": {"crash", "over-read"},
    "crash": {"crash", "over-read", "abort"},
    "runaway": {"hang", "crash", "over-read"},
}

# (client, input): why its model says something else: differences that are understood, and stay.
KNOWN = {
    ("qemu-system-s390x", "device-payload-oob-base-v2"):
        "fh is for interpretation, which KVM has and TCG has not: it is not read here",
    # Measured: with a BASE whose gid is below 0xf0 the same cut is read, and crashes.
    **{("qemu-system-s390x", name):
       "without a BASE, or with a gid of a simulated group, GROUP is looked up and not read"
       for name in ("device-payload-oob-group-v1", "device-payload-oob-group-v2")},
    ("dpdk-test", "region-alternates"):
        "a model reads one reply: it cannot see that no two of them name the same argsz",
}
QEMUS = ("qemu-system-x86_64", "qemu-system-s390x")


class Difference:
    """One row whose model is not borne out, and what there is to know of it."""

    def __init__(self, row, predicted):
        self.client, self.kind = row.client.name, row.input.kind
        self.predicted, self.observed = predicted, row.word()
        self.calls = row.seen().calls(row.input.kind)
        self.held = bytes.fromhex(self.calls.get("buffer", ""))

    def field(self, at, width):
        """Of the reply that it held; 0 where that ends before."""
        return int.from_bytes(self.held[at:at + width], "little")

    def qemu_refuses(self, kind):
        return self.client in QEMUS and self.kind == kind and self.observed == "refuse"


# The same for whole classes, which every night's inputs add to: why, and whether it is one of them.
CLASSES = (
    ("its buffer has more than the 65536 bytes that a parser is handed: the walk goes on in them",
     lambda d: d.calls["asked"] > LONGEST and d.predicted in ("oob", "absent")
     and d.observed in ("ok", "maps", "no-room")),
    ("its reply has no size, so that the MSI-X table lies outside of it, and QEMU ends",
     lambda d: d.qemu_refuses("region") and d.field(16, 8) == 0),
    ("its reply has no num_irqs, and QEMU ends before it looks at the chain",
     lambda d: d.qemu_refuses("device") and d.field(12, 4) == 0),
    ("the heap had room for so many areas, which MODEL_HEAP says it has not; reading them crashed",
     lambda d: d.client in QEMUS and d.predicted == "reject enomem" and d.observed == "crash"),
    ("it clears the memory that the reply named, 2 GiB or more, before it asks again, which takes "
     "longer than the limit of a hang",
     lambda d: d.predicted == "truncated" and d.observed == "hang"
     and d.calls["answered"] >= 1 << 31),
    ("it asked with less than 32 bytes, which every kernel refuses and the script answers",
     lambda d: d.client == "dpdk-test" and d.calls["asked"] < 32
     and d.observed == "over-read"),
)


def why_different(row, predicted):
    """The reason of a difference, or None."""
    known = KNOWN.get((row.client.name, row.input.name))
    if known:
        return known
    difference = Difference(row, predicted)
    return next((why for why, holds in CLASSES if holds(difference)), None)


class Predictions:
    """The verdicts of every row's model."""

    def __init__(self, capchain, folder, rows):
        os.makedirs(folder)
        self.verdicts = {}
        self.paths = {}
        for number, row in enumerate(rows):
            calls = row.seen().calls(row.input.kind)
            path = os.path.join(folder, f"{row.input.kind}-{number:05}")
            with open(path, "wb") as file:
                file.write(self.held(calls))
            self.paths[id(row)] = path
        done = subprocess.run([capchain, "check", "--json", folder], capture_output=True, text=True,
                              check=False)
        if done.returncode not in (0, 1):
            raise OSError(done.returncode, done.stderr.strip(), capchain)
        judged = {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}
        for row in rows:
            line = judged[self.paths[id(row)]]
            model = row.client.models[row.input.kind]
            verdict = next(p for p in line["parsers"] if p["name"] == model)
            self.verdicts[id(row)] = (verdict, line)

    @staticmethod
    def held(calls):
        held = bytearray.fromhex(calls.get("buffer", ""))
        if calls["asked"] > LONGEST and calls["answered"] == calls["asked"] and len(held) >= 4:
            held[0:4] = LONGEST.to_bytes(4, "little")
        return held

    def verdict(self, row):
        return self.verdicts[id(row)][0]

    def loops(self, row):
        return any(rule["rule"] == "loop" for rule in self.verdicts[id(row)][1]["rules"])

    def words(self, row):
        verdict = self.verdict(row)
        return " ".join([verdict["verdict"], *([verdict["reason"]] if "reason" in verdict else [])])

    def agrees(self, row):
        verdict = self.verdict(row)["verdict"]
        may = COMES_OUT[verdict]
        if verdict == "runaway" and self.loops(row):
            may = {"hang"}
        return row.word() in may

    def json(self, row):
        return {"model": row.client.models[row.input.kind], "predicted": self.words(row),
                "agrees": self.agrees(row)}


def report(clients, rows, predictions):
    """Prints predicted beside observed; whether enough agrees, and all that does not is known."""
    fine = True
    print("\npredicted and observed, by program")
    for client in clients:
        mine = [row for row in rows if row.client is client]
        pairs = collections.Counter((predictions.words(row), row.word()) for row in mine)
        wrong = [row for row in mine if not predictions.agrees(row)]
        share = 1 - len(wrong) / len(mine)
        fine &= share >= SHARE
        print(f"{client.name}: {len(mine) - len(wrong)} of {len(mine)} agree, {share:.1%}"
              + ("" if share >= SHARE else f", below {SHARE:.0%}"))
        for (predicted, observed), count in sorted(pairs.items()):
            print(f"  {count:4}  {predicted} -> {observed}")
        for row in wrong:
            why = why_different(row, predictions.words(row))
            fine &= why is not None
            print(f"  differs: {row.input.name}: predicted {predictions.words(row)}, "
                  f"observed {row.shown()}: {why or 'unexplained'}")
        for row in mine:
            if row not in wrong and (client.name, row.input.name) in KNOWN:
                fine = False
                print(f"  agrees now: {row.input.name}: take it out of KNOWN")
    return fine
