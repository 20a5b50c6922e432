#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench: what a run costs, as ratios measured in one run.

Each engine runs the same fixed inputs (those of one kind that corpus/bench.txt names, in order of name,
over and over) through our target and through an empty target built with the same flags; the engine's own
loop is around both. CPU time, rounds interleaved, medians. A figure is exec/s of our target divided
by exec/s of the empty one; each named set of parsers has its own, and what a parser beside these costs is a figure
without a floor. One line a figure with its floor.
An exec of AFL++ is two switches between processes, and what those cost is its version's and the kernel's
affair: the empty target had 20,000 exec/s with 4.04c on one machine, 80,000 on another, and 200,000 with
5.02c's futex there. So the figure of AFL++ is what our target adds to the empty one's exec under
libFuzzer's fast build, divided by what it adds under AFL++, which judges truncations too.

What a buffer costs by its length, 16 to 4096 bytes, is held twice over: a fixed cost, not below 0, and
so much a byte miss no length by more than a factor; and what a byte more costs, from each length to the
next, where nothing fixed is left to hide behind, never rises by more than another. 16 bytes hold no
chain and are the fixed cost; the shortest loop has 32. A planted quadratic walk has to be refused.

`exhaust` passes over buffers that no reader tells apart: CPU time a buffer of the whole space of three
capabilities, against one of the space of two that is tried whole.

Peak resident memory of a target on the registry, of `exhaust` with three capabilities and of `check` on many
files has a limit each, in KiB on x86-64, and a run four times as long has no more, but for a MiB.

Who brings a parser of their own sees a first line about it (`make fuzz PARSER=`) before all is built: CPU
seconds from a fresh build folder to that line, against those to all that was built before there was one: the
command and the targets of every kind.

Exit status: 0; 1 where a figure is below its floor; 2 where corpus/bench.txt names what corpus/ has
not got; 3 where an engine or target is missing or fails.
"""
import argparse
import collections
import ctypes
import json
import math
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen.names import BUFFERS, KINDS  # noqa: E402
from gen.whole import write_json  # noqa: E402
from fuzz import own  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from fuzz.alone import OneSeed  # noqa: E402
from fuzz.engines import ENGINES, of_build  # noqa: E402
from fuzz.report import NO_ENGINE, UNUSABLE, Refused, check  # noqa: E402

BUILD = "build"
ROUNDS = 5
LONGEST = 4096
# The named sets of parsers that have floors: the four that everything else is held to, and those of the first
# wave (commit 53f8a93), which stay the same however many are registered. What these cost has a line of its own,
# and so has the parser `bpf`, which was among them: a walk of it is a system call, which takes as long as all others.
SETS = {"first four": "bounded,kernel,ksft-vfio,naive",
        "first wave": "bounded,crosvm-iommu,crosvm-region,dpdk,dpdk-new,kernel,ksft-vfio,libvfn,monotonic,naive,"
                      "openvmm,qatlib,qemu,qemu-10,qemu-util,qemu-vfio-user,rdma-core,spdk,vfio-ioctls,vfio-user,vpp"}
# The same of configuration spaces: what tests nothing, what counts, what remembers, what is hardened; and the first wave.
SPACES = {"first four": "kernel-pci,lspci,naive-pci,pcicaps",
          "first wave": "cloud-hypervisor-pci,crosvm-pci,dpdk-pci,hwloc,kernel-pci,libpci,libvirt,linux-pci,lshw,lspci,"
                        "naive-pci,pcicaps,qemu-pci,seabios,spdk-pci,vfio-pci,xen"}
# Two thirds of the lower of both kinds: 0.227 and 0.097 with sanitizers, 0.057 and 0.029 without, where 4096 bytes are
# copied for each walk of 50 loads.
SPACE_FLOORS = {"libfuzzer": {"first four": 0.15, "first wave": 0.064},
                "libfuzzer-fast": {"first four": 0.037, "first wave": 0.019}}
ALL = "whole registry"
# Cost is linear in a chain's length where a straight line misses no length by more than this factor,
LINEAR_WITHIN = 1.25
# and where no byte costs more than one of a shorter buffer by more than this: 1.22 at most was measured;
# n log n has 1.86 from 32 bytes on, a quadratic walk 64.
RISE_WITHIN = 1.5
# Million buffers a second that the parser in the kernel has to read where many are read a call.
BPF_BATCH = 1.0
# What the region target keeps of its speed with the parser in the kernel.
BPF_KEEPS = 0.85
# Nanoseconds that a call which is none of VFIO's may cost more while capture watches every system call; with
# hooks in vfio.ko it meets none of them. Twice what was measured.
# Calls a second, bytes of each, seconds.
CAPTURE_RATE = 100_000, 120, 3
CAPTURE_COSTS = 1000
# Of the CPU time that a buffer takes which is tried, one of the space that readers are led through by what
# they read; the kind that is measured.
EXHAUST_WITHIN = 0.11
EXHAUST_KIND = "device"
# Peak KiB. The first wave, with half the readers, had 34,312, 5,700 (of two capabilities) and 5,756.
MEMORY_RUNS = 100_000
MEMORY_FILES = 10_000
MEMORY = {"target, region, whole registry": 40_000, "exhaust, three capabilities": 9_500,
          f"check on {MEMORY_FILES:,} files": 10_700}
# A longer run may have this many KiB more, as the soak has it: the names of files are memory too.
MEMORY_GROWS = 1024
# Of what is built in all for a parser of one's own, what there is to build before the first line about it.
FIRST_LINE = 1 / 3


def sets_of(kind):
    return SPACES if kind in ("pci", "pcie") else SETS


def floors_of(build, kind, floors):
    return SPACE_FLOORS.get(build, floors) if kind in ("pci", "pcie") else floors


def listed():
    """The inputs to run, by path below corpus/."""
    with open("corpus/bench.txt", encoding="ascii") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def make_inputs(folder):
    """Writes each kind's inputs as bytes; returns {kind: folder} and prints what they are."""
    folders = fuzz_seeds.prepared(folder, KINDS, f"{BUILD}/capchain")
    names = {fuzz_seeds.seed_name(path) for path in listed()}
    for kind in KINDS:
        found = set(os.listdir(folders[kind]))
        lost = {name for name in names if name.startswith(kind + "-")} - found
        if lost:
            raise Refused(f"corpus/bench.txt names {min(lost)}, which corpus/ has not got", UNUSABLE)
        for name in found:
            path = os.path.join(folders[kind], name)
            if name not in names or os.path.getsize(path) > LONGEST:
                os.remove(path)
        describe(kind, folders[kind])
    return folders


def describe(kind, folder):
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    reports = list(check(f"{BUILD}/capchain", kind, paths))

    def share(test):
        return 100 * sum(map(test, reports)) / len(reports)
    print(f"inputs {kind}: {len(reports)}, {statistics.mean(report['len'] for report in reports):.0f} bytes in the "
          f"mean, {share(lambda report: report['class'] == 'malformed'):.0f} % malformed, "
          f"{share(lambda report: report['reference'].get('reason') == 'loop'):.0f} % loops")


def adopt_orphans():
    """afl-fuzz kills its target and does not wait for it: what the target took would be nobody's."""
    pr_set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0):
        raise Refused(f"cannot adopt the processes that afl-fuzz leaves: {os.strerror(ctypes.get_errno())}", NO_ENGINE)


def reap_orphans():
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def children_cpu():
    """CPU seconds of all children that ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(command, environment):
    """CPU seconds of a command and of all that it started, and what it said."""
    before = children_cpu()
    run = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False)
    reap_orphans()
    cpu = children_cpu() - before
    if run.returncode:
        sys.stderr.buffer.write(run.stdout[-2000:])
        raise Refused(f"{command[0]} ended with status {run.returncode}", NO_ENGINE)
    return cpu, run.stdout.decode("utf-8", "replace")


def measure(build, program, inputs, runs, parsers=None):
    """CPU seconds an exec; AFL++ passes its limit a little, so by what it says it did."""
    engine = of_build(build)
    # The feed brings the inputs.
    with OneSeed() as (seeds, out):
        cpu, said = cpu_of(engine.alone(f"{BUILD}/{build}/{program}", seeds, out, execs=runs, seed=1),
                           {"CAPCHAIN_BENCH": inputs, **engine.feed(BUILD),
                            **({"CAPCHAIN_PARSERS": parsers} if parsers else {})})
        return cpu / engine.execs_of(out, said)


def medians(runs):
    """The median of each of @runs, {name: arguments of measure()}, which take turns."""
    cpu = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, arguments in runs.items():
            cpu[name].append(measure(*arguments))
    return {name: statistics.median(seconds) for name, seconds in cpu.items()}


FIGURES = []


def figure(name, value, floor, detail, at_most=False):
    """Prints one line; True where the value is on the right side of its floor."""
    fine = value <= floor if at_most else value >= floor
    FIGURES.append({"name": name, "value": value, "floor": floor, "at_most": at_most, "fine": fine, "detail": detail})
    print(f"{'ok  ' if fine else 'LOW ' if not at_most else 'HIGH'} {name}: {value:.3f}, "
          f"{'at most' if at_most else 'floor'} {floor:.3g} ({detail})", flush=True)
    return fine


def engine_figure(engine, name, empty, ours, floor, added):
    """The line of an engine from CPU seconds of an exec; @added has what ours adds in each so far."""
    added[engine] = ours - empty
    detail = f"{1 / ours:,.0f} against {1 / empty:,.0f} exec/s of CPU time"
    if not of_build(engine).bench_adds:
        return figure(f"{name}, against empty", empty / ours, floor, detail)
    fast = added["libfuzzer-fast"]
    # One that adds nothing was not measured.
    value = fast / added[engine] if added[engine] > 0 else 0
    return figure(f"{name}, added to empty, libFuzzer's against AFL++'s", value, floor,
                  f"{1e6 * fast:.2f} against {1e6 * added[engine]:.2f} us an exec; "
                  f"{empty / ours:.2f} of empty, {detail}")


def readers(kind):
    """The parsers that read @kind."""
    done = subprocess.run([f"{BUILD}/capchain", "list", "--json"], stdout=subprocess.PIPE, check=True)
    rows = map(json.loads, done.stdout.splitlines())
    return {row["parser"] for row in rows if kind in row.get("kinds", ()) and "parser" in row}


def print_more(name, kind, cpu):
    """What a parser more costs an exec: of all those that are registered beside the first wave."""
    more = readers(kind) - set(sets_of(kind)["first wave"].split(","))
    if more:
        each = (cpu[ALL] - cpu["first wave"]) / len(more)
        print(f"a parser more, {name}, {kind}: {1e9 * each:,.0f} ns an exec, of {len(more)} beside the first wave; "
              f"{ALL} {1 / cpu[ALL]:,.0f} exec/s, {cpu['empty'] / cpu[ALL]:.3f} of empty", flush=True)


def bench_engines(folders):
    fine, added = True, collections.defaultdict(dict)
    for build, (name, runs, floors, fetch) in [row for one in ENGINES.values() for row in one.bench.items()]:
        for kind in BUFFERS:
            cpu = medians({"empty": (build, "bench_empty", folders[kind], runs),
                           **{words: (build, f"bench_{kind}_info", folders[kind], runs, parsers)
                              for words, parsers in {**sets_of(kind), ALL: None}.items()}})
            for words in SETS:
                fine &= engine_figure(build, f"{name}, {kind}, {words}", cpu["empty"], cpu[words],
                                      floors_of(build, kind, floors)[words],
                                      added[kind, words])
            print_more(name, kind, cpu)
        cpu = medians({"empty": (build, "bench_empty", folders["fetch"], runs),
                       "ours": (build, "bench_fetch", folders["fetch"], runs // 20)})
        fine &= engine_figure(build, f"{name}, fetch, every loop", cpu["empty"], cpu["ours"], fetch, added["fetch"])
    return fine


def line_through(points):
    """The line y = a + b x, a >= 0, with the least sum of squares of relative errors: (a, b)."""
    x0, x1, x2 = (sum(x ** i / y ** 2 for x, y in points) for i in range(3))
    y0, y1 = (sum(x ** i / y for x, y in points) for i in range(2))
    det = x0 * x2 - x1 ** 2
    fixed = (y0 * x2 - y1 * x1) / det
    # No walk costs less than nothing: a cost that bends upwards may not hide behind such a line.
    return (fixed, (x0 * y1 - x1 * y0) / det) if fixed > 0 else (0, y1 / x2)


def misses(points):
    """The factor by which the line through the points misses the worst of them."""
    fixed, each = line_through(points)
    return max(max(y / (fixed + each * x), (fixed + each * x) / y) for x, y in points)


def a_byte(points):
    """What a byte more costs, from each length to the next: whatever is fixed is in none of these."""
    return [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in zip(points, points[1:])]


def rise(points):
    """The factor by which a byte costs more than one in a shorter buffer, at worst; not below 1."""
    worst, least = 1, math.inf
    for each in a_byte(points):
        # A byte that costs nothing was not measured.
        if each <= 0:
            return math.inf
        least = min(least, each)
        worst = max(worst, each / least)
    return worst


def print_costs(chains):
    """One line a length: what a buffer costs, and what it costs a byte more than the one before."""
    for length, _ in next(iter(chains.values())):
        cells = []
        for what, points in chains.items():
            each = dict(zip((x for x, _ in points[1:]), a_byte(points)))
            cells += [f"{what} {cost:,.0f} ns" + (f" ({each[x]:.1f} a byte more)" if x in each else "")
                      for x, cost in points if x == length]
        print(f"cost of {length:.0f} bytes: " + ", ".join(cells))


def bench_lengths():
    """Two figures for chains that end and two for loops, and one that shows what they are worth."""
    run = subprocess.run([f"{BUILD}/clang/bench_lengths"], stdout=subprocess.PIPE, check=True)
    rows = [tuple(map(float, line.split())) for line in run.stdout.splitlines()]
    # 16 bytes hold no chain: they are the fixed cost of any buffer, and no loop is so short.
    ended, looping, quadratic = ([(row[0], row[column]) for row in rows if row[0] >= first]
                                 for column, first in ((1, 16), (2, 32), (3, 16)))
    print_costs({"ended": ended, "looping": looping, "planted quadratic": quadratic})
    fine = True
    for what, points in (("ended", ended), ("looping", looping)):
        span = f"{what}, {points[0][0]:.0f} to {points[-1][0]:.0f} bytes"
        fixed, each = line_through(points)
        steps = a_byte(points)
        fine &= figure(f"cost against a straight line, {span}", misses(points), LINEAR_WITHIN,
                       f"{fixed:.0f} ns and {each:.1f} ns a byte", at_most=True)
        fine &= figure(f"cost of a byte against one of a shorter buffer, {span}", rise(points),
                       RISE_WITHIN, f"{min(steps):.1f} to {max(steps):.1f} ns a byte", at_most=True)
    # A planted walk that is let through says that the figures above are worth nothing.
    return fine & figure("the same of a planted quadratic walk, which has to be seen", rise(quadratic), RISE_WITHIN,
                         f"{misses(quadratic):.2f} against a straight line")


def bench_bpf():
    """The parser in the kernel: its batch path has a floor, in buffers a second."""
    program = f"{BUILD}/clang/bench_bpf"
    if not os.path.exists(program):
        print("skip parser bpf: no libbpf to build with (Debian packages libbpf-dev, bpftool)")
        return True
    run = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode == 77:
        print(f"skip parser bpf: {run.stdout.strip()}")
        return True
    if run.returncode:
        raise Refused(f"{program}: {run.stdout.strip()}", 1)
    verified, loaded, alone, batch = map(float, run.stdout.split())
    return figure("parser bpf, million buffers a second, 256 a call", batch / 1e6, BPF_BATCH,
                  f"{verified:.0f} instructions verified, loaded in {loaded:.1f} ms, {alone / 1e6:.2f} alone")


def bench_with_bpf(inputs):
    """Buffers are few that a target has the kernel read, so that it keeps its speed."""
    run = subprocess.run([f"{BUILD}/capchain", "list", "--json"], stdout=subprocess.PIPE, text=True, check=True)
    names = [row["parser"] for row in map(json.loads, run.stdout.splitlines()) if "parser" in row]
    if "bpf" not in names:
        raise Refused("capchain list names no parser bpf", 1)
    names.remove("bpf")
    # A set that is named is run whole on every buffer; what a target does by itself is meant here.
    cpu = medians({what: ("libfuzzer-fast", "bench_region_info", inputs, 100_000, parsers)
                   for what, parsers in (("with", None), ("without", ",".join(names)))})
    return figure("libFuzzer, fast, region, with parser bpf against without", cpu["without"] / cpu["with"], BPF_KEEPS,
                  f"{1 / cpu['with']:,.0f} against {1 / cpu['without']:,.0f} exec/s of CPU time")


def bench_capture(folder):
    """An ioctl and a system call that are none of VFIO's, with capture at every system call and without."""
    program = f"{BUILD}/clang/bench_ioctl"
    alone = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    run = subprocess.run([f"{BUILD}/clang/capchain", "capture", "--hooks", "syscalls", "--out",
                          f"{folder}/captured", program], capture_output=True, text=True, check=False)
    if run.returncode == NO_ENGINE:
        print(f"skip cost of capture: {run.stderr.strip()}")
        return True
    watched = next((line for line in run.stdout.splitlines() if line.replace(" ", "").isdigit()), "")
    fine = True
    for what, without, beside in zip(("ioctl", "system call"), alone.split(), watched.split()):
        fine &= figure(f"ns more for an unrelated {what} while capture is at every system call",
                       int(beside) - int(without), CAPTURE_COSTS, f"{beside} against {without}", at_most=True)
    return fine and bool(watched) and bench_rate(folder)


def bench_rate(folder):
    """Whether capture hears each of many calls, which all differ, on two CPUs; what is lost it counts."""
    rate, size, seconds = CAPTURE_RATE
    if len(os.sched_getaffinity(0)) < 2:
        print("skip rate of capture: it takes two CPUs")
        return True
    run = subprocess.run([f"{BUILD}/clang/capchain", "capture", "--json", "--stand-in", "0x5451", "--out",
                          f"{folder}/rate", f"{BUILD}/clang/bench_rate", str(rate), str(size), str(seconds)],
                         capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    made = next((line for line in lines if line.endswith("a second")), "no call was made")
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    lost = told.get("dropped", rate * seconds)
    return figure(f"lost of {rate * seconds} replies of {size} bytes, asked for at {rate} a second", lost, 0,
                  made, at_most=True) and told.get("captured", 0) >= rate * seconds


def resident(pid):
    """The most KiB that the process had so far; 0 of one that ended."""
    try:
        return int(re.search(r"^VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.M)[1])
    except (OSError, TypeError):
        return 0


def used_by(command, environment=(), folder=None):
    """What a command took, started in @folder: seconds of CPU time and peak KiB, and what it said. It starts none."""
    peak = 0
    with tempfile.TemporaryFile() as said:
        before = children_cpu()
        with subprocess.Popen(command, env={**os.environ, **dict(environment)}, stdout=said,
                              stderr=subprocess.STDOUT, cwd=folder) as run:
            # What getrusage() says has the size of who started it in it.
            while run.poll() is None:
                peak = max(peak, resident(run.pid))
                time.sleep(0.005)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
        # 1: `check` and `exhaust` found what is in no ledger, which is not for this to say.
        if run.returncode not in (0, 1):
            sys.stderr.write(text[-2000:])
            raise Refused(f"{command[0]} ended with status {run.returncode}", NO_ENGINE)
        return children_cpu() - before, peak, text


def exhaust(caps, *more):
    """The same of `exhaust` of one kind in one process, and how many buffers its space has."""
    seconds, peak, said = used_by([f"{BUILD}/capchain", "exhaust", "--json", "--jobs", "1", "--kind", EXHAUST_KIND,
                                   "--caps", str(caps), *more])
    return seconds, peak, json.loads(said.splitlines()[0])["buffers"]


def bench_exhaust():
    """Speed of the whole space; its peak memory is bench_memory()'s."""
    whole, _, tried = exhaust(2, "--whole")
    led, peak, space = exhaust(3)
    fine = figure(f"exhaust, three capabilities, {EXHAUST_KIND}: CPU time a buffer of the space, against one that is "
                  "tried", led / space / (whole / tried), EXHAUST_WITHIN,
                  f"{1e9 * led / space:.0f} against {1e9 * whole / tried:.0f} ns; {space:,} buffers in {led:.1f} s",
                  at_most=True)
    return memory_figure("exhaust, three capabilities", peak, exhaust(2)[1]) and fine


def memory_figure(name, peak, before):
    """Peak KiB of a run, and of one a fourth as long or less."""
    fine = figure(f"peak memory of {name}, KiB", peak, MEMORY[name], f"{before:,} of a shorter run", at_most=True)
    return figure(f"more of it than of a shorter run, {name}, KiB", peak - before, MEMORY_GROWS,
                  f"{peak:,} and {before:,}", at_most=True) and fine


def bench_memory(folders):
    """Of a target and of `check`, each at two lengths."""
    with OneSeed() as (seeds, out):
        engine = of_build("libfuzzer-fast")
        target = [used_by(engine.alone(f"{BUILD}/libfuzzer-fast/bench_region_info", seeds, out, execs=runs, seed=1),
                          {"CAPCHAIN_BENCH": folders["region"]})[1] for runs in (MEMORY_RUNS, 4 * MEMORY_RUNS)]
    with tempfile.TemporaryDirectory(dir=folders["region"] + "/..") as folder:
        paths = [(kind, os.path.join(folders[kind], name)) for kind in BUFFERS
                 for name in sorted(os.listdir(folders[kind]))]
        named = []
        for i in range(MEMORY_FILES):
            kind, path = paths[i % len(paths)]
            named.append(f"{kind}-{i}")
            os.link(path, os.path.join(folder, named[-1]))
        checked = [used_by([os.path.abspath(f"{BUILD}/capchain"), "check", *some], folder=folder)[1]
                   for some in (named[::4], named)]
    fine = memory_figure("target, region, whole registry", target[1], target[0])
    return memory_figure(f"check on {MEMORY_FILES:,} files", checked[1], checked[0]) and fine


def build_seconds(build):
    """CPU seconds of what @build, which is called with a parser's source and a fresh build folder, starts."""
    with tempfile.TemporaryDirectory(prefix="first-line-", dir=BUILD) as folder:
        before = children_cpu()
        build(os.path.join("parsers", "own", "template.c"), os.path.relpath(folder))
        return children_cpu() - before


def first_line(parser, build):
    """What own.py does before all else, and says."""
    given = own.Given(parser)
    folder = given.folder(own.writable(build))
    os.makedirs(folder)
    return own.first_look(given, build, folder)


def bench_first_line():
    """The ratio of the two."""
    # What a cache has makes both nothing.
    os.environ["CCACHE_DISABLE"] = "1"
    try:
        first, every = (build_seconds(build) for build in (
            first_line, lambda parser, build: own.Built(parser, build, "libfuzzer")))
    except own.Refused as refused:
        raise Refused(str(refused), NO_ENGINE) from None
    return figure("CPU seconds to the first line about a parser of one's own, against all that is built for it",
                  first / every, FIRST_LINE, f"{first:.1f} against {every:.1f} s", at_most=True)


def stay_on_one_cpu():
    """AFL++ and its target wake each other up at every exec: what that costs is decided by where each
    of them runs, and by nothing that is measured here."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the figures there too, an object each")
    options = parser.parse_args()
    for refused in filter(None, (engine.refusal() for engine in ENGINES.values())):
        raise refused
    # For measure(): the sets of parsers are its own.
    os.environ.pop("CAPCHAIN_PARSERS", None)
    stay_on_one_cpu()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        folders = make_inputs(folder)
        fine = bench_lengths()
        fine &= bench_exhaust()
        fine &= bench_memory(folders)
        fine &= bench_first_line()
        if os.path.exists(f"{BUILD}/clang/bench_bpf"):
            fine &= bench_with_bpf(folders["region"])
            fine &= bench_capture(folder)
        fine &= bench_bpf()
        fine &= bench_engines(folders)
    if options.json:
        write_json(options.json, FIGURES)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        print(f"bench: {refused}", file=sys.stderr)
        sys.exit(refused.status)
