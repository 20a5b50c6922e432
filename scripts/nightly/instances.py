# SPDX-License-Identifier: MIT
"""The engines of a night: which instances run beside each other, for how long, and on what.

Four instances a kind: libFuzzer with ASan and UBSan, and AFL++ as a main (plain), a secondary with
ASan and UBSan and a secondary with CmpLog, which sync through one output folder. More jobs, more
instances; with fewer jobs than instances they take turns, libFuzzer always beside one of AFL++.
Of four instances one, CmpLog's, has AFL++'s own mutators, of more every other one its engine's: what
knows chains is blind to what it does not expect. Corpora are exchanged both ways at the start of every slice, and AFL++'s main looks into libFuzzer's
while it runs.
"""

import dataclasses
import glob
import hashlib
import os

from fuzz import fuzz
from fuzz.afl import STABLE, read_stats
from fuzz.engines import LEN_MAX, TIMEOUT, Afl, End, LibFuzzer, Setup
from fuzz.report import NOT_FINE
from fuzz.soak import tree

AFL_ROLES = ("main", "asan", "cmplog")
BUILDS = {"libfuzzer": "libfuzzer", "main": "afl", "plain": "afl", "asan": "afl-asan",
          "cmplog": "afl-cmplog"}
SCHEDULES = ("explore", "rare", "exploit", "coe", "lin")
SLICE_MAX, SLICE_MIN = 600, 3
CLOCK = os.sysconf("SC_CLK_TCK")


def build_of(role):
    return BUILDS[role.split("-")[0]]


def is_ours(role):
    """Whether an instance has the mutator that knows chains, or its engine's own."""
    name, _, number = role.partition("-")
    return name != "cmplog" and (not number or int(number) % 2 == 1)


# ---- who runs when ----

def roles_for(count):
    """@count instances of one kind, four at least: the four, then plain ones and libFuzzer."""
    more = [f"{('plain', 'libfuzzer')[i % 2]}-{i // 2 + 2}" for i in range(count - 4)]
    return ["libfuzzer", *AFL_ROLES, *more]


def groups_for(jobs):
    """The instances of one kind that run side by side, group after group."""
    if jobs >= 4:
        return [roles_for(jobs)]
    if jobs == 3:
        return [["libfuzzer", "main", "asan"], ["libfuzzer", "main", "cmplog"]]
    if jobs == 2:
        return [["libfuzzer", role] for role in AFL_ROLES]
    return [["libfuzzer"], *([role] for role in AFL_ROLES)]


def plan(kinds, jobs, seconds):
    """
    [(seconds, [(kind, roles), ...]), ...]: the slices of a night in order. Every kind has its first
    before any has its second, and none is longer than SLICE_MAX, so that corpora are exchanged.
    """
    if jobs >= 4 * len(kinds):
        share = jobs // len(kinds)
        turns = [[(kind, roles_for(share + (i < jobs % len(kinds))))
                  for i, kind in enumerate(kinds)]]
    else:
        turns = [[(kind, group)] for group in groups_for(jobs) for kind in kinds]
    if not seconds:
        return []
    rounds = max(1, -(-seconds // (len(turns) * SLICE_MAX)))
    length = max(seconds // (len(turns) * rounds), SLICE_MIN)
    return [(length, turn) for _ in range(rounds) for turn in turns]


# ---- workers ----

def cpu_of(pid):
    """CPU seconds of a process, all below it, and those of them that have ended."""
    ticks = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/stat", encoding="ascii", errors="replace") as file:
                ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:15]))
        except (OSError, ValueError):
            continue
    return ticks / CLOCK


class Clocked:
    """A worker that knows the CPU time it took."""

    cpu = 0.0

    def watch(self):
        super().watch()
        self.cpu = max(self.cpu, cpu_of(self.process.pid))


class NightLibFuzzer(Clocked, LibFuzzer):
    """libFuzzer, from all that any engine has."""

    role = "libfuzzer"

    def command(self):
        command = super().command()
        first = next(i for i, word in enumerate(command) if word.startswith("-"))
        merged = self.setup.merged(self.kind)
        return command[:first] + ([merged] if merged else []) + command[first:]


class NightAfl(Clocked, Afl):
    """One AFL++ instance, with a part of its own in the night."""

    def __init__(self, setup, kind, number, seconds, role):
        super().__init__(setup, kind, number, seconds)
        self.role = role
        self.ours = self.ours and is_ours(role)
        self.own = os.path.join(self.out, role)
        self.execs_before = int(read_stats(os.path.join(self.own, "fuzzer_stats")).get("execs_done", 0))

    def libfuzzer_corpus(self):
        return os.path.join(self.setup.work, "corpus", self.kind)

    def command(self):
        dictionary = self.setup.dictionary()
        own = ["-M", "main", "-F", self.libfuzzer_corpus()] if self.role == "main" else [
            "-S", self.role]
        if self.role.startswith("plain"):
            own += ["-p", SCHEDULES[int(self.role.split("-")[1]) % len(SCHEDULES)]]
        # The instance runs the CmpLog build alone: 4.04c's -c with a second program finds nothing.
        if self.role == "cmplog":
            own += ["-c", "0"]
        return ["afl-fuzz", "-i", self.setup.seeds(self.kind), "-o", self.out, *own,
                *(["-x", dictionary] if dictionary else []), "-G", str(LEN_MAX),
                "-t", str(TIMEOUT * 1000), "-V", str(self.seconds), "--",
                *self.prefix, self.setup.target(self.kind)]

    def start(self):
        os.makedirs(self.libfuzzer_corpus(), exist_ok=True)
        super().start()

    def outcome(self):
        """As it ended; and AFL++ learns less from a target that takes two ways with one input."""
        end = super().outcome()
        stable = read_stats(os.path.join(self.own, "fuzzer_stats")).get("stability", STABLE)
        if end.how != "fine" or stable == STABLE:
            return end
        return End("failed", NOT_FINE, f"{self.setup.target(self.kind)} is not stable as {self.role}: "
                                       f"AFL++ says {stable}")

    def publish_seeds(self):
        """As for seeds, so for what libFuzzer found and the merged corpus; each file is whole."""
        queue = os.path.join(self.out, "seeds", "queue")
        os.makedirs(queue, exist_ok=True)
        for folder in (self.setup.seeds(self.kind), self.setup.merged(self.kind),
                       self.libfuzzer_corpus()):
            if folder and os.path.isdir(folder):
                publish(folder, queue)


def publish(folder, queue):
    """Adds the files of @folder to an AFL++ @queue that has not got them."""
    known = sorted(os.listdir(queue))
    number = int(known[-1][3:9]) + 1 if known else 0
    digests = {name.rsplit(":", 1)[-1] for name in known}
    for name in sorted(os.listdir(folder)):
        # libFuzzer, which may be running, drops an input for a smaller one.
        try:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue
        digest = hashlib.sha256(data).hexdigest()[:16]
        if data and len(data) <= LEN_MAX and digest not in digests:
            temporary = os.path.join(os.path.dirname(queue), f"new.{os.getpid()}")
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, os.path.join(queue, f"id:{number:06},orig:{digest}"))
            digests.add(digest)
            number += 1


def exchange(setup, kind):
    """
    Gives libFuzzer what AFL++ has. Copies, since an instance that goes on moves its queue about; each
    under the digest of its bytes, as libFuzzer names its own, and whole.
    """
    folder = os.path.join(setup.work, "corpus", kind)
    os.makedirs(folder, exist_ok=True)
    known = set(os.listdir(folder))
    for path in glob.glob(os.path.join(setup.work, "afl", kind, "*", "queue", "id:*")):
        if os.path.basename(os.path.dirname(os.path.dirname(path))) == "seeds":
            continue
        with open(path, "rb") as file:
            data = file.read()
        name = hashlib.sha1(data).hexdigest()
        if name not in known and 0 < len(data) <= LEN_MAX:
            temporary = f"{folder}.{os.getpid()}.tmp"
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, os.path.join(folder, name))
            known.add(name)


def set_apart(work):
    """
    AFL++ does not go on with an instance that was killed while it wrote. What such a night left
    becomes an instance that never runs, which the others import.
    """
    for path in sorted(glob.glob(os.path.join(work, "afl", "*", "*"))):
        name = os.path.basename(path)
        if not os.path.isdir(path) or name == "seeds" or name.startswith("killed-"):
            continue
        number = 1
        while os.path.exists(apart := os.path.join(os.path.dirname(path),
                                                   f"killed-{number}-{name}")):
            number += 1
        os.rename(path, apart)


@dataclasses.dataclass
class NightSetup(Setup):
    """Where everything is, for one build of the targets."""
    state: object = None

    def merged(self, kind):
        return self.state.corpus(kind)


class NightRun(fuzz.Run):
    """One kind in one slice."""

    def __init__(self, setups, kind, roles, seconds):
        super().__init__(setups["libfuzzer"], kind, len(roles), seconds)
        self.setups, self.roles = setups, roles

    def begin(self):
        exchange(self.setup, self.kind)
        super().begin()

    def make(self, number, seconds):
        role = self.roles[number - 1]
        setup = self.setups[build_of(role)]
        if role.startswith("libfuzzer"):
            worker = NightLibFuzzer(setup, self.kind, number, seconds)
            worker.role = role
            worker.ours = worker.ours and is_ours(role)
            return worker
        return NightAfl(setup, self.kind, number, seconds, role)
