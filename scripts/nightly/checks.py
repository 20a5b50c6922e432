# SPDX-License-Identifier: MIT
"""
What has to be true for a night to count, one line for each thing that is not.

Before the engines start: seeds are there, under their right names, and deliver capabilities; every
target judges every seed; every oracle that a build claims sees a fault planted for it; the canary is
found. After they ended: every instance ran inputs and judged them, fast enough against a target that
does nothing.
"""

import concurrent.futures
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from fuzz import machine
from fuzz import report as fuzz_report
from fuzz import seeds as fuzz_seeds
from fuzz.engines import BUILDS as ENGINE_BUILDS, ENGINES, LEAD, build_of, of_build
from fuzz.worker import ORACLES, PROMISE
from gen.names import CAPS

# Of the seeds with CAPS set and cap_offset not 0, so many deliver a capability in the reference.
DELIVER = 0.90
# exec/s of CPU time against the empty target's, by build: what is slower waits for something.
SPEED = {build: floor for engine in ENGINES.values() for build, floor in engine.speed.items()}
SPEED_FETCH = {build: floor for engine in ENGINES.values() for build, floor in engine.speed_fetch.items()}
# CPU seconds below which an instance has mostly been starting: it reads thousands of inputs, and
# writes as many.
SPEED_FROM = 20.0
CANARIES_MIN = 16
# Of fetch loops, which are the canaries of conversations.
FETCH_CANARIES_MIN = 6
# Of each engine, in buffers and in conversations, with the mutator that knows chains; `make bench-bugs` has
# the figures.
CANARY_EXECS = {name: engine.canary_execs[0] for name, engine in ENGINES.items()}
FETCH_CANARY_EXECS = {name: engine.canary_execs[1] for name, engine in ENGINES.items()}
# No run of one of these takes a tenth of it; it keeps a hung engine from hanging the night.
HUNG = 900
# The sandbox's test takes a second, and has no end where nothing stops its loops.
SANDBOX_HUNG = 120

# What the oracle line of a build has to have.
ALWAYS = ("arena", "canaries")
SANITIZERS = {**{build: ("asan", "ubsan") for engine in ENGINES.values() for build in engine.sanitized},
              "clang-asan": ("asan", "ubsan"), "clang-msan": ("msan",)}
NAMES = {"asan": "AddressSanitizer", "ubsan": "UndefinedBehaviorSanitizer",
         "msan": "MemorySanitizer"}
REPORTS = {"asan": "AddressSanitizer", "ubsan": "runtime error", "msan": "MemorySanitizer"}
REPLAY_BUILDS = ("clang", "clang-asan", "clang-msan")


def tied(command):
    """The command, so that it ends with us: a night that is killed leaves nothing running."""
    return (["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []) + command


def run(command, env=None, seconds=HUNG):
    """(exit status, what it said on both streams); status None where it hung."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPCHAIN_")}
    try:
        done = subprocess.run(tied(command), env={**plain, **(env or {})}, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds, start_new_session=True)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def in_parallel(jobs, work, things):
    with concurrent.futures.ThreadPoolExecutor(max(jobs, 1)) as pool:
        return list(pool.map(work, things))


# ---- seeds ----

def expected(corpus):
    """Input -> expected verdict of the reference, of the whole corpus."""
    try:
        with open(os.path.join(corpus, "expect", "reference.txt"), encoding="utf-8") as file:
            return dict(line.rstrip("\n").split(" ", 1) for line in file if " " in line)
    except OSError:
        return {}


def set_aside(verdict):
    """Whether the corpus itself says that this one delivers nothing: malformed or truncated."""
    return verdict.startswith(("reject", "truncated"))


def offers(data, kind):
    """Whether the bytes say that there is a chain."""
    bit, at = CAPS[kind]
    return (len(data) >= at + 4 and struct.unpack_from("=I", data, 4)[0] & bit != 0
            and struct.unpack_from("=I", data, at)[0] != 0)


def deliver_reason(setup, kind, sources):
    """Why the seeds of @kind show too little; None where they do not."""
    known = expected(setup.corpus)
    strangers = [name for name in sources if name not in known]
    if strangers:
        return (f"{len(strangers)} {kind} seeds have no expected verdict, the first "
                f"{strangers[0]}: misnamed, or not blessed")
    folder = setup.seeds(kind)
    names = {fuzz_seeds.seed_name(source): source for source in sources}
    paths = []
    for name in sorted(names):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            if (kind == "fetch" or offers(file.read(), kind)) and not set_aside(known[names[name]]):
                paths.append(path)
    if not paths:
        return f"no {kind} seed has CAPS set and a cap_offset: the seeds are of something else"
    if kind == "fetch":
        # Some of its producers have no capabilities: what is known to be right has to come out so.
        paths = [path for path in paths if known[names[os.path.basename(path)]] == "ok"]
    delivered = sum(bool(one["reference"].get("caps"))
                    for one in fuzz_report.check(setup.capchain, kind, paths))
    if delivered < DELIVER * len(paths):
        return (f"{delivered} of {len(paths)} {kind} seeds with CAPS set and a cap_offset deliver a "
                f"capability, fewer than {DELIVER:.0%}: misnamed, or damaged")
    return None


def gone(setup, kinds, sources):
    """Inputs that have an expected verdict and no file."""
    lost = sorted(name for name in expected(setup.corpus)
                  if os.path.basename(name).split("-")[0] in kinds and name not in sources)
    if not lost:
        return []
    return [f"{len(lost)} inputs of {setup.corpus}/expect are gone, the first {lost[0]}"]


def corpus_reasons(setup, kinds):
    """What can be said before anything is built."""
    return [f"no {kind} seed under {setup.corpus} (files named {kind}-*)" for kind in kinds
            if not fuzz_seeds.find_sources(setup.corpus, kind)]


def planted_name(kind):
    """The program that fuzzes @kind with a planted bug in it."""
    return fuzz_seeds.target_name(kind).replace("fuzz_", "planted_")


def missing_reasons(setup, options):
    """The first program that a night runs and that is not there."""
    programs = [options.capchain] + [
        os.path.join(options.build, build, fuzz_seeds.target_name(kind))
        for build in (*ENGINE_BUILDS, *REPLAY_BUILDS) for kind in options.kinds] + [
        os.path.join(options.build, build, planted_name(kind))
        for build in CANARY_EXECS for kind in options.kinds] + [
        path for engine in ENGINES.values() for kind in options.kinds for path in engine.loaded(setup, kind)]
    for path in programs:
        if not os.access(path, os.X_OK):
            return [f"{path} is missing: make nightly-built"]
    return []


def seed_reasons(setup, kinds):
    reasons, sources = [], set()
    for kind in kinds:
        found = fuzz_seeds.find_sources(setup.corpus, kind)
        sources.update(found)
        try:
            fuzz_seeds.prepare(setup, kind)
            reasons.append(deliver_reason(setup, kind, found))
        except fuzz_report.Refused as refused:
            reasons.append(str(refused))
    return [reason for reason in reasons if reason] + gone(setup, kinds, sources)


# ---- oracles ----

def oracle_reason(build, line):
    """Why the oracle line of a target of @build is not what it should be; None where it is."""
    hooks = re.search(r"load hooks in (\d+) of (\d+) parsers", line)
    if not hooks or hooks[1] != hooks[2] or hooks[2] == "0":
        return f"load hooks are missing in build/{build}: {line.split('oracles: ')[-1]}"
    if ", no arena" in line:
        return f"the arena is missing in build/{build}"
    for name in (*ALWAYS, *(NAMES[one] for one in SANITIZERS.get(build, ()))):
        if name not in line:
            return f"{name} is not active in build/{build}"
    return None


class Alive:
    """One target on every seed of its kind: what it judged, and what it said it sees."""

    def __init__(self, build_folder, build, kind, seeds):
        self.build, self.kind = build, kind
        self.target = os.path.join(build_folder, build, fuzz_seeds.target_name(kind))
        self.seeds = [os.path.join(seeds, name) for name in sorted(os.listdir(seeds))]
        self.oracles, self.broken = None, []
        self.judged = 0

    def look(self):
        with tempfile.NamedTemporaryFile(prefix="verdicts-") as verdicts:
            self.status, said = run([self.target, *self.seeds],
                                    {"CAPCHAIN_VERDICTS": verdicts.name})
            self.judged = sum(1 for _ in verdicts)
        oracles = ORACLES.search(said)
        self.oracles = oracles and oracles[1]
        self.broken = PROMISE.findall(said)
        self.said = said
        return self

    def reason(self):
        if self.oracles is None:
            last = (self.said.strip().splitlines() or ["it said nothing"])[-1]
            needs = machine.maps_missing() if "san/" in self.target else ""
            return f"{self.target} does not start: {last}{needs}"
        # One that stops breaks a promise or is a sanitizer's: a finding, and said elsewhere.
        if self.judged < len(self.seeds) and self.status == 0:
            return (f"{self.target} judged {self.judged} of {len(self.seeds)} seeds: it returns "
                    "before it judges")
        return oracle_reason(self.build, self.oracles)


def fault_reason(folder, build, name):
    """Plants a fault that sanitizer @name of @build has to see."""
    program = os.path.join(folder, build, "planted_region_info")
    status, said = run([program], {"CAPCHAIN_PLANTED": name})
    if status and REPORTS[name] in said:
        return None
    return f"{NAMES[name]} is not active in build/{build}: it does not see a planted fault"


def sandbox_reason(folder, build):
    """The sandbox's own test: every fault that hooks, arena and canaries have to see, planted."""
    status, said = run([os.path.join(folder, build, "test", "sandbox", "sandbox_test")],
                       seconds=SANDBOX_HUNG)
    if status == 0:
        return None
    failed = re.search(r"^\[  ERROR   \].*|^ERROR: .*", said, re.M)
    return (f"the sandbox of build/{build} does not see every planted fault: "
            f"{failed[0] if failed else 'sandbox_test failed'}")


def oracle_reasons(setup, options):
    """Runs every target on the seeds and every planted fault; (reasons, oracle lines)."""
    lives = in_parallel(options.jobs, Alive.look, [
        Alive(options.build, build, kind, setup.seeds(kind))
        for build in (*ENGINE_BUILDS, *REPLAY_BUILDS) for kind in options.kinds])
    lines = sorted({f"{life.build}: {life.oracles.split('oracles: ')[-1]}"
                    for life in lives if life.oracles})
    reasons = unlike(life.reason() for life in lives)
    # Without hooks the planted loops of what follows have no end.
    if reasons:
        return reasons, lines
    reasons += in_parallel(options.jobs, lambda pair: fault_reason(options.build, *pair), [
        (build, name) for build, names in SANITIZERS.items() for name in names])
    # cmocka is not instrumented, so MemorySanitizer has no sandbox_test.
    reasons += in_parallel(options.jobs, lambda build: sandbox_reason(options.build, build),
                           (*ENGINE_BUILDS, "clang", "clang-asan"))
    return unlike(reasons), lines


def unlike(reasons):
    """Each reason once; of those that differ in their build or kind alone, all."""
    return list(dict.fromkeys(reason for reason in reasons if reason))


# ---- the canary ----

def canaries(options):
    """{kind: names} of the planted bugs that each kind can show, sorted."""
    names = {}
    for kind in options.kinds:
        program = os.path.join(options.build, LEAD.name, planted_name(kind))
        status, said = run([program], {"CAPCHAIN_PLANTED": "list"})
        listed = re.findall(r"^(planted-\S+)((?: \w+)*): ", said, re.M) if status == 0 else ()
        names[kind] = sorted(name for name, kinds in listed if kind in kinds.split())
    return names


def too_few_reasons(names):
    """The kinds for which there are fewer canaries than there should be."""
    return unlike(
        f"{len(names[kind])} canaries {'of conversations ' if kind == 'fetch' else ''}are planted, "
        f"fewer than {least}" for kind in names
        for least in (FETCH_CANARIES_MIN if kind == "fetch" else CANARIES_MIN,)
        if len(names[kind]) < least)


class Hunt:
    """One engine after the canary in one kind, from plain seeds that do not show it."""

    def __init__(self, setup, options, state, engine, kind):
        self.setup, self.options, self.state = setup, options, state
        self.engine, self.kind = engine, kind
        self.canary = state.canaries[kind]
        self.execs_max = (FETCH_CANARY_EXECS if kind == "fetch" else CANARY_EXECS)[engine]
        self.folder = os.path.join(options.work, "canary", f"{engine}-{kind}")
        self.target = os.path.join(options.build, engine, planted_name(kind))

    def shows(self, path):
        """Whether the input as it is shows the canary: any conversation of two calls shows some."""
        return run([self.target, path], {"CAPCHAIN_PLANTED": self.canary})[0] != 0

    def seeds(self):
        """Copies the plain inputs of corpus/seeds, those aside that need no fuzzing."""
        folder = os.path.join(self.folder, "in")
        os.makedirs(folder)
        paths = [os.path.join(self.setup.seeds(self.kind), name)
                 for name in sorted(os.listdir(self.setup.seeds(self.kind)))
                 if name.endswith(".seeds")]
        for one in fuzz_report.check(self.setup.capchain, self.kind, paths):
            if one["class"] == "plain" and (self.kind != "fetch" or not self.shows(one["file"])):
                shutil.copy(one["file"], folder)
        return folder

    def go(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        marks = os.path.join(self.folder, "marks")
        out, engine = os.path.join(self.folder, "out"), ENGINES[self.engine]
        os.makedirs(out)
        _, said = run(engine.alone(self.target, self.seeds(), out, self.setup.dictionary(), execs=self.execs_max,
                                   seed=self.state.seed % (1 << 31) + 1), {
            "CAPCHAIN_PLANTED": self.canary, "CAPCHAIN_MARKS": marks,
            "CAPCHAIN_FINDINGS": os.path.join(self.folder, "findings"),
            **engine.alone_environment(self.setup.mutator(self.kind)), **engine.UNTIL_FOUND})
        try:
            numbers = struct.unpack("=3Q", Path(marks).read_bytes())
        except (OSError, struct.error):
            numbers = (0, 0, 0)
        broken = os.path.join(self.folder, "findings", "broken")
        witnesses = [name for name in (os.listdir(broken) if os.path.isdir(broken) else ())
                     if name.startswith(f"{self.kind}-{self.canary}_")]
        return {"engine": self.engine, "kind": self.kind, "canary": self.canary, "execs": engine.execs_of(out, said),
                "reached": numbers[0], "triggered": numbers[1], "detected": numbers[2],
                "bucket": witnesses[0] if witnesses else None}


def hunt_reason(hunt):
    """A canary counts as found where its mark and its witness both say so."""
    if hunt["detected"] and hunt["bucket"]:
        return None
    how = ("reached it never" if not hunt["reached"] else
           "never triggered it" if not hunt["triggered"] else
           "triggered it, and no oracle saw" if not hunt["detected"] else "kept no witness")
    return (f"the canary {hunt['canary']} was not found by {hunt['engine']} in {hunt['kind']} within "
            f"{hunt['execs']} execs: it {how}")


def canary_reasons(setup, options, state):
    """Sends both engines after the canary of each kind; fills state.found, and returns reasons."""
    hunts = [Hunt(setup, options, state, engine, kind) for engine in CANARY_EXECS
             for kind in options.kinds]
    found = in_parallel(options.jobs, Hunt.go, hunts)
    state.found = {f"{hunt['engine']} {hunt['kind']}": hunt for hunt in found}
    return unlike(map(hunt_reason, found))


# ---- after the engines ----

def empty_speed(setup, options, build):
    """Execs a CPU second of the target that does nothing, under the engine of @build."""
    program = os.path.join(options.build, build, "empty_info")
    with tempfile.TemporaryDirectory(prefix="empty-") as folder:
        seeds, out = os.path.join(folder, "in"), os.path.join(folder, "out")
        os.makedirs(seeds)
        os.makedirs(out)
        Path(os.path.join(seeds, "seed")).write_bytes(bytes(64))
        engine = of_build(build)
        cpu, said = timed(engine.alone(program, seeds, out, execs=engine.empty_execs, seed=1),
                          engine.alone_environment(None))
        execs = engine.execs_of(out, said)
    return execs / cpu if cpu else 0


def timed(command, environment):
    """CPU seconds of a command and all that it waited for, and what it said."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            tied(command), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            start_new_session=True, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return usage.ru_utime + usage.ru_stime, said.read().decode("utf-8", "replace")


def speed_shares(setup, options, state):
    """{"kind role": share of the empty target's speed}, where enough was run to tell."""
    builds = sorted({build_of(name.split()[1]) for name in state.tallies} & set(SPEED))
    empty = {build: empty_speed(setup, options, build) for build in builds}
    shares = {}
    for name, tally in state.tallies.items():
        build = build_of(name.split()[1])
        if empty.get(build) and tally.cpu >= SPEED_FROM:
            shares[name] = tally.execs / tally.cpu / empty[build]
    return shares


def run_reasons(options, state, shares):
    """Instances that ran nothing, judged nothing, or were too slow; kinds that had none."""
    had = {name.split()[0] for name in state.due}
    reasons = [f"no {kind} target was run" for kind in options.kinds if kind not in had]
    for name in state.due:
        kind, role = name.split()
        tally = state.tallies.get(name)
        target = os.path.join(options.build, build_of(role), fuzz_seeds.target_name(kind))
        if not tally or not tally.execs:
            reasons.append(f"{target} ran no input as {role}")
        elif not tally.walked:
            reasons.append(f"{target} judged none of {tally.execs} inputs as {role}: it returns "
                           "before it judges")
        floors = SPEED_FETCH if kind == "fetch" else SPEED
        share, floor = shares.get(name), floors.get(build_of(role))
        if share is not None and share < floor:
            reasons.append(f"{target} runs at {share:.1%} of the empty target's speed as {role}, "
                           f"below {100 * floor:g}%")
    return reasons
