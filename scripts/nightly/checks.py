# SPDX-License-Identifier: MIT
"""
What has to be true for a night to count, one line for each thing that is not.

Before the engines start: seeds are there, under their right names, and deliver capabilities; every
target judges every seed; every oracle that a build claims sees a fault planted for it; the canary is
found. After they ended: every instance ran inputs and judged them, fast enough against a target that
does nothing.
"""

import concurrent.futures
import functools
import os
import re
import shutil
import struct
import subprocess
import tempfile

from fuzz import alone
from fuzz import machine
from fuzz import report as fuzz_report
from fuzz import seeds as fuzz_seeds
from fuzz.engines import BUILDS as ENGINE_BUILDS, ENGINES, LEAD, build_of, of_build
from fuzz.worker import ORACLES
from gen.names import CAPS

# Of the seeds with CAPS set and cap_offset not 0, so many deliver a capability in the reference.
DELIVER = 0.90
# exec/s of CPU time against the empty target's, by build: what is slower waits for something.
SPEED = {build: floor for engine in ENGINES.values() for build, floor in engine.speed.items()}
SPEED_FETCH = {build: floor for engine in ENGINES.values() for build, floor in engine.speed_fetch.items()}
# CPU seconds below which an instance has mostly been starting: it reads thousands of inputs, and
# writes as many.
SPEED_FROM = 20.0
# Of conversations, the canaries are fetch loops.
CANARIES_MIN, FETCH_CANARIES_MIN = 16, 6
# Each bug of a list of configuration space is one of its own.
SPACE_CANARIES_MIN = 10
# No run of an engine after a canary takes a tenth of it; it keeps a hung one from hanging the night.
HUNG = 900
# The sandbox's test takes a second, and has no end where nothing stops its loops.
SANDBOX_HUNG = 120

# What the oracle line of a build has to have.
ALWAYS = ("arena", "canaries")
SANITIZERS = {**{build: ("asan", "ubsan") for engine in ENGINES.values() for build in engine.sanitized},
              "clang-asan": ("asan", "ubsan"), "clang-msan": ("msan",)}
NAMES = {"asan": "AddressSanitizer", "ubsan": "UndefinedBehaviorSanitizer", "msan": "MemorySanitizer"}
REPORTS = {**NAMES, "ubsan": "runtime error"}
REPLAY_BUILDS = ("clang", "clang-asan", "clang-msan")

run = functools.partial(alone.run, seconds=HUNG)


def in_parallel(jobs, work, things):
    with concurrent.futures.ThreadPoolExecutor(max(jobs, 1)) as pool:
        return list(pool.map(work, things))


def unlike(reasons):
    """Each reason once; of those that differ in their build or kind alone, all."""
    return list(dict.fromkeys(reason for reason in reasons if reason))


# ---- seeds ----

def expected(corpus):
    """Input -> expected verdict of the reference, of the whole corpus."""
    try:
        with open(os.path.join(corpus, "expect", "reference.txt"), encoding="utf-8") as file:
            return dict(line.rstrip("\n").split(" ", 1) for line in file if " " in line)
    except OSError:
        return {}


def offers(path, kind):
    """Whether the bytes say that there is a chain; a conversation may always have one, and a space."""
    if kind not in CAPS:
        return True
    with open(path, "rb") as file:
        data = file.read()
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
    verdicts = {os.path.join(setup.seeds(kind), fuzz_seeds.seed_name(source)): known[source] for source in sources}
    # The corpus itself says of the malformed and the truncated that they deliver nothing.
    paths = [path for path, verdict in sorted(verdicts.items())
             if offers(path, kind) and not verdict.startswith(("reject", "truncated"))]
    offer = "has CAPS set and a cap_offset" if kind in CAPS else "is expected to deliver"
    if kind not in CAPS:
        # Some producers and devices have no capabilities: what is known to be right has to come out so.
        paths = [path for path in paths if verdicts[path] == "ok"]
    if not paths:
        return f"no {kind} seed {offer}: the seeds are of something else"
    delivered = sum(bool(one["reference"].get("caps")) for one in fuzz_report.check(setup.capchain, kind, paths))
    if delivered < DELIVER * len(paths):
        return (f"{delivered} of {len(paths)} {kind} seeds of which each {offer} deliver a "
                f"capability, fewer than {DELIVER:.0%}: misnamed, or damaged")
    return None


def corpus_reasons(setup, kinds):
    """What can be said before anything is built."""
    return [f"no {kind} seed under {setup.corpus} (files named {kind}-*)" for kind in kinds
            if not fuzz_seeds.find_sources(setup.corpus, kind)]


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
    lost = sorted(name for name in expected(setup.corpus)
                  if os.path.basename(name).split("-")[0] in kinds and name not in sources)
    if lost:
        reasons.append(f"{len(lost)} inputs of {setup.corpus}/expect are gone, the first {lost[0]}")
    return unlike(reasons)


def target(options, build, kind):
    return os.path.join(options.build, build, fuzz_seeds.target_name(kind))


def missing_reasons(setup, options):
    """The first program that a night runs and that is not there."""
    programs = [options.capchain]
    for kind in options.kinds:
        programs += [target(options, build, kind) for build in (*ENGINE_BUILDS, *REPLAY_BUILDS)]
        programs += [alone.planted_target(options.build, name, kind) for name in ENGINES]
        programs += [path for engine in ENGINES.values() for path in engine.loaded(setup, kind)]
    return [f"{path} is missing: make nightly-built" for path in programs if not os.access(path, os.X_OK)][:1]


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


def look_at(options, build, kind, folder):
    """Runs a target on the seeds in @folder: (the oracles it says it has or None, why it cannot be used or None)."""
    program, seeds = target(options, build, kind), sorted(os.listdir(folder))
    with tempfile.NamedTemporaryFile(prefix="verdicts-") as verdicts:
        status, said = run([program, *(os.path.join(folder, name) for name in seeds)],
                           {"CAPCHAIN_VERDICTS": verdicts.name})
        judged = sum(1 for _ in verdicts)
    oracles = ORACLES.search(said)
    if not oracles:
        needs = machine.maps_missing() if "san/" in program else ""
        return None, f"{program} does not start: {alone.last_line(said)}{needs}"
    # One that stops breaks a promise or is a sanitizer's: a finding, and said elsewhere.
    if judged < len(seeds) and status == 0:
        return oracles[1], f"{program} judged {judged} of {len(seeds)} seeds: it returns before it judges"
    return oracles[1], oracle_reason(build, oracles[1])


def fault_reason(folder, build, name):
    """Plants a fault that sanitizer @name of @build has to see."""
    status, said = run([alone.planted_target(folder, build, "region")], {"CAPCHAIN_PLANTED": name})
    if status and REPORTS[name] in said:
        return None
    return f"{NAMES[name]} is not active in build/{build}: it does not see a planted fault"


def sandbox_reason(folder, build):
    """The sandbox's own test: every fault that hooks, arena and canaries have to see, planted."""
    status, said = run([os.path.join(folder, build, "test", "sandbox", "sandbox_test")], seconds=SANDBOX_HUNG)
    if status == 0:
        return None
    failed = re.search(r"^\[  ERROR   \].*|^ERROR: .*", said, re.M)
    return (f"the sandbox of build/{build} does not see every planted fault: "
            f"{failed[0] if failed else 'sandbox_test failed'}")


def oracle_reasons(setup, options):
    """Runs every target on the seeds and every planted fault; (reasons, oracle lines)."""
    pairs = [(build, kind) for build in (*ENGINE_BUILDS, *REPLAY_BUILDS) for kind in options.kinds]
    looks = in_parallel(options.jobs, lambda pair: look_at(options, *pair, setup.seeds(pair[1])), pairs)
    lines = sorted({f"{build}: {oracles.split('oracles: ')[-1]}" for (build, _), (oracles, _) in zip(pairs, looks)
                    if oracles})
    reasons = unlike(reason for _, reason in looks)
    # Without hooks the planted loops of what follows have no end.
    if reasons:
        return reasons, lines
    faults = [(build, name) for build, names in SANITIZERS.items() for name in names]
    reasons += in_parallel(options.jobs, lambda pair: fault_reason(options.build, *pair), faults)
    # cmocka is not instrumented, so MemorySanitizer has no sandbox_test.
    reasons += in_parallel(options.jobs, lambda build: sandbox_reason(options.build, build),
                           (*ENGINE_BUILDS, "clang", "clang-asan"))
    return unlike(reasons), lines


# ---- the canary ----

def canaries(options):
    """{kind: names} of the planted bugs that each kind can show, sorted."""
    return {kind: alone.planted_in(alone.planted_target(options.build, LEAD.name, kind), kind)
            for kind in options.kinds}


def too_few_reasons(names):
    """The kinds for which there are fewer canaries than there should be."""
    reasons = []
    for kind, known in names.items():
        least, what = CANARIES_MIN, ""
        if kind == "fetch":
            least, what = FETCH_CANARIES_MIN, "of conversations "
        elif kind not in CAPS:
            least, what = SPACE_CANARIES_MIN, f"of {kind} "
        if len(known) < least:
            reasons.append(f"{len(known)} canaries {what}are planted, fewer than {least}")
    return unlike(reasons)


def canary_seeds(setup, options, canary, kind, folder):
    """Copies to @folder the plain inputs of corpus/seeds, those aside that need no fuzzing."""
    program = alone.planted_target(options.build, LEAD.name, kind)
    for path in fuzz_seeds.plain(setup.capchain, kind, setup.seeds(kind)):
        # Any conversation of two calls shows some.
        if kind != "fetch" or run([program, path], {"CAPCHAIN_PLANTED": canary})[0] == 0:
            shutil.copy(path, folder)


def hunt(setup, options, state, name, kind, execs=None):
    """Engine @name after the canary of @kind, from plain seeds that do not show it."""
    engine, canary = ENGINES[name], state.canaries[kind]
    with tempfile.TemporaryDirectory(prefix="canary-") as seeds:
        canary_seeds(setup, options, canary, kind, seeds)
        found = alone.hunt(
            engine, alone.planted_target(options.build, name, kind), canary, kind, seeds=seeds,
            execs=execs or engine.canary_execs[kind == "fetch"], seed=state.seed % (1 << 31) + 1,
            dictionary=setup.dictionary(), environment=engine.alone_environment(setup.mutator(kind)), seconds=HUNG)
    del found["said"]
    return {"engine": name, "kind": kind, "canary": canary, **found}


def hunt_reason(found):
    """A canary counts as found where its mark and its witness both say so."""
    if found["detected"] and found["bucket"]:
        return None
    how = ("reached it never" if not found["reached"] else "never triggered it" if not found["triggered"] else
           "triggered it, and no oracle saw" if not found["detected"] else "kept no witness")
    return (f"the canary {found['canary']} was not found by {found['engine']} in {found['kind']} within "
            f"{found['execs']} execs: it {how}")


def canary_reasons(setup, options, state):
    """Sends both engines after the canary of each kind; fills state.found, and returns reasons."""
    pairs = [(name, kind) for name in ENGINES for kind in options.kinds]
    found = in_parallel(options.jobs, lambda pair: hunt(setup, options, state, *pair), pairs)
    state.found = {f"{one['engine']} {one['kind']}": one for one in found}
    return unlike(map(hunt_reason, found))


# ---- after the engines ----

def empty_speed(options, build):
    """Execs a CPU second of the target that does nothing, under the engine of @build."""
    engine = of_build(build)
    with alone.OneSeed() as (seeds, out), tempfile.TemporaryFile() as said:
        command = engine.alone(os.path.join(options.build, build, "empty_info"), seeds, out,
                               execs=engine.empty_execs, seed=1)
        process = subprocess.Popen(alone.tied(command), stdin=subprocess.DEVNULL, stdout=said,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   env={**os.environ, **engine.alone_environment(None)})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        cpu, execs = usage.ru_utime + usage.ru_stime, engine.execs_of(out, said.read().decode("utf-8", "replace"))
    return execs / cpu if cpu else 0


def speed_shares(options, state):
    """{"kind role": share of the empty target's speed}, where enough was run to tell."""
    empty = functools.cache(functools.partial(empty_speed, options))
    shares = {}
    for name, tally in state.tallies.items():
        build = build_of(name.split()[1])
        if build in SPEED and tally.cpu >= SPEED_FROM and empty(build):
            shares[name] = tally.execs / tally.cpu / empty(build)
    return shares


def run_reasons(options, state, shares):
    """Instances that ran nothing, judged nothing, or were too slow; kinds that had none."""
    had = {name.split()[0] for name in state.due}
    reasons = [f"no {kind} target was run" for kind in options.kinds if kind not in had]
    for name in state.due:
        kind, role = name.split()
        tally, program = state.tallies.get(name), target(options, build_of(role), kind)
        if not tally or not tally.execs:
            reasons.append(f"{program} ran no input as {role}")
        elif not tally.walked:
            reasons.append(f"{program} judged none of {tally.execs} inputs as {role}: it returns before it judges")
        floor = (SPEED_FETCH if kind == "fetch" else SPEED).get(build_of(role))
        if name in shares and shares[name] < floor:
            reasons.append(f"{program} runs at {shares[name]:.1%} of the empty target's speed as {role}, "
                           f"below {100 * floor:g}%")
    return reasons
