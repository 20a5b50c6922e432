# SPDX-License-Identifier: MIT
"""The engines of a night: which instances run beside each other, for how long, and on what.

Four instances a kind: libFuzzer with ASan and UBSan, and AFL++ as a main (plain), a secondary with
ASan and UBSan and a secondary with CmpLog, which sync through one output folder. More jobs, more
instances; with fewer jobs than instances they take turns, the engine that leads always beside one of
another. Of four instances one, CmpLog's, has AFL++'s own mutators, of more every other one its engine's:
what knows chains is blind to what it does not expect. Corpora are exchanged both ways at the start of
every slice, and AFL++'s main looks into libFuzzer's while it runs.
"""

import dataclasses
import hashlib
import os
from pathlib import Path

from fuzz import fuzz
from fuzz import seeds as fuzz_seeds
from fuzz.engines import ENGINES, LEAD, build_of, engine_of
from fuzz.worker import LEN_MAX, Setup

# The first instances of a kind: the one that leads, then the others'.
FIRST = [role for engine in ENGINES.values() for role in engine.roles if role != engine.more or engine is LEAD]
# What more jobs bring, in turns: those of the engine that leads last.
MORE = [engine.more for engine in reversed(ENGINES.values()) if engine.more]
SLICE_MAX, SLICE_MIN = 600, 3


# ---- who runs when ----

def roles_for(count):
    """@count instances of one kind: the first ones, then more of each engine in turns."""
    more = [f"{MORE[i % len(MORE)]}-{i // len(MORE) + 2}" for i in range(count - len(FIRST))]
    return [*FIRST, *more]


def groups_for(jobs):
    """The instances of one kind that run side by side, group after group."""
    lead, *others = FIRST
    if jobs >= len(FIRST):
        return [roles_for(jobs)]
    if jobs == 1:
        return [[role] for role in FIRST]
    # The second one, others' main, stays as well where there is room.
    stay, rest = ([lead], others) if jobs == 2 else ([lead, others[0]], others[1:])
    room = jobs - len(stay)
    return [[*stay, *rest[i:i + room]] for i in range(0, len(rest), room)]


def plan(kinds, jobs, seconds):
    """
    [(seconds, [(kind, roles), ...]), ...]: the slices of a night in order. Every kind has its first
    before any has its second, and none is longer than SLICE_MAX, so that corpora are exchanged.
    """
    if jobs >= len(FIRST) * len(kinds):
        share = jobs // len(kinds)
        turns = [[(kind, roles_for(share + (i < jobs % len(kinds)))) for i, kind in enumerate(kinds)]]
    else:
        turns = [[(kind, group)] for group in groups_for(jobs) for kind in kinds]
    if not seconds:
        return []
    rounds = max(1, -(-seconds // (len(turns) * SLICE_MAX)))
    length = max(seconds // (len(turns) * rounds), SLICE_MIN)
    return [(length, turn) for _ in range(rounds) for turn in turns]


def exchange(setup, kind):
    """
    Gives the engines that share Setup.found() what the others have. Copies, since an instance that goes on
    moves its queue about; each under the digest of its bytes, as libFuzzer names its own, and whole.
    """
    folder = setup.found(kind)
    os.makedirs(folder, exist_ok=True)
    known = set(os.listdir(folder))
    for path in found(setup.work, kind):
        data = Path(path).read_bytes()
        name = hashlib.sha1(data).hexdigest()
        if name not in known and 0 < len(data) <= LEN_MAX:
            fuzz_seeds.write(os.path.join(folder, name), data)
            known.add(name)


def queues(work, kind):
    """The folders of what all engines have found."""
    return [path for engine in ENGINES.values() for path in engine.queues(work, kind) if os.path.isdir(path)]


def found(work, kind):
    """The files in them. AFL++ has folders of its own there too."""
    return [os.path.join(queue, name) for queue in queues(work, kind) for name in sorted(os.listdir(queue))
            if not name.startswith(".") and not name.endswith(".tmp")]


@dataclasses.dataclass
class NightSetup(Setup):
    """Where everything is, for one build of the targets."""
    state: object = None

    def merged(self, kind):
        return self.state.corpus(kind)


class NightRun(fuzz.Run):
    """One kind in one slice."""

    def __init__(self, setups, kind, roles, seconds):
        super().__init__(setups[build_of(LEAD.more)], kind, len(roles), seconds)
        self.setups, self.roles = setups, roles

    def begin(self):
        exchange(self.setup, self.kind)
        super().begin()

    def make(self, number, seconds):
        role = self.roles[number - 1]
        return engine_of(role)(self.setups[build_of(role)], self.kind, number, seconds, role)
