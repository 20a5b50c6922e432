# SPDX-License-Identifier: MIT
"""A Worker is one engine process on one kind, from its start to its end.

Each engine is a class of it in a file of its own, engine_NAME.py, which engines.py finds by that name:
what it has beside its processes is listed at the head of the class. What an engine says is read through a
pipe, so that a target which breaks a promise a thousand times a second fills no disk; the log keeps the
first megabytes.
"""

import collections
import ctypes
import fcntl
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz import machine as fuzz_machine
from fuzz import seeds as fuzz_seeds
from fuzz.report import (FINE, NO_ARENA, NO_ENGINE, NOT_FINE, Refused,
                         read_counts)

LEN_MAX = 4096
TIMEOUT = 10
LOG_MAX = 4 << 20
CLOCK = os.sysconf("SC_CLK_TCK")

ORACLES = re.compile(r"capchain: (kind .*oracles: .*)")
PROMISE = re.compile(r"capchain: broken promise: (\S+)")
COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
WRONG = re.compile(r"SUMMARY: |ERROR: |PROGRAM ABORT|runtime error: |FATAL|ABORTING")
PID = re.compile(r"^==\d+==\s*")


@dataclass
class Setup:
    """Where everything is, and what the workers of a run share."""
    engine: str
    corpus: str
    work: str
    findings: str
    capchain: str
    targets: str
    mutators: str = os.path.join("build", "afl")
    # Of `make fuzz PARSER=`: what `capchain list --json` says of the parser, and `all`; None of ours.
    own: dict = None
    prefix: list = field(default_factory=list)
    folders: dict = field(default_factory=dict)

    def unfit(self, merges=False):
        """
        Why an engine cannot take one of the paths, or None: a dash begins an option, and libFuzzer, where it merges,
        hands its own command line to a shell without quotes.
        """
        for path in (self.corpus, self.work, self.findings, self.targets, self.mutators):
            if path.startswith("-"):
                return f"{path}: begins with a dash, which engines take for an option: say ./{path}"
            if merges and not re.fullmatch(r"[\w@%+=:,./-]*", os.path.abspath(path), re.ASCII):
                return (f"{path!r}: libFuzzer's merge takes no folder with a blank, a quote or another sign that a "
                        "shell knows: choose another, or a link to it")
        return None

    def target(self, kind):
        return os.path.join(self.targets, fuzz_seeds.target_name(kind))

    def mutator(self, kind):
        """What AFL++ loads; libFuzzer's targets have the mutator in them."""
        return os.path.join(self.mutators, f"mutator_{kind}.so")

    def seeds(self, kind):
        return os.path.join(self.work, "seeds", kind)

    def found(self, kind):
        """Where an engine without folders of its own keeps its corpus, and gets that of the others."""
        return os.path.join(self.work, "corpus", kind)

    def merged(self, _kind):
        """The folder of the corpus that all engines start from, where there is one."""
        return None

    def dictionary(self):
        path = os.path.join(self.corpus, "vfio.dict")
        return path if os.path.exists(path) else None

    def witness(self, kind, bucket):
        return os.path.join(self.findings, "buckets" if self.own else "broken",
                            f"{kind}-{bucket.replace(':', '_')}")

    def environment(self):
        """What every target is told: also, where the parser is another's, to go on at a finding."""
        return {"CAPCHAIN_FINDINGS": self.findings, **({"CAPCHAIN_GO_ON": "1"} if self.own else {})}

    def own_folder(self, kind):
        """AFL++ wants its output folder for itself, so a second run beside this one has its own."""
        number = 1
        while kind not in self.folders:
            path = os.path.join(self.work, "afl", kind if number == 1 else f"{kind}.{number}")
            os.makedirs(path, exist_ok=True)
            lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.folders[kind] = path
            except BlockingIOError:
                os.close(lock)
                number += 1
        return self.folders[kind]


@dataclass
class End:
    """How a worker ended: `fine`, `broken` (a promise), `failed` (after its start), `absent`
    (it did not run), `unstarted` (nor did its target; this machine may be why)."""
    how: str
    status: int = FINE
    why: str = ""


def die_with_parent():
    """In the child: a front end that is killed leaves no engine running."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def default_mutators():
    """Whether the user wants the engines' own mutators, for comparison."""
    return os.environ.get("CAPCHAIN_MUTATOR") == "default"


def tree(pid):
    """@pid and all below it."""
    pids = [pid]
    for above in pids:
        try:
            pids += map(int, Path(f"/proc/{above}/task/{above}/children").read_text("ascii").split())
        except OSError:
            continue
    return pids


def cpu_of(pid):
    """CPU seconds of a process, all below it, and those of them that have ended."""
    ticks = 0
    for one in tree(pid):
        try:
            said = Path(f"/proc/{one}/stat").read_text("ascii", "replace")
            ticks += sum(map(int, said.rsplit(")", 1)[1].split()[11:15]))
        except (OSError, ValueError):
            continue
    return ticks / CLOCK


class Worker:
    """
    One engine process on one kind. Of the engine itself, for every process that runs it:
    """

    # What ENGINE= calls it, and sentences do; its program and where that is from, where the target is none.
    name = title = program = package = None
    # Whether it ends at a broken promise, and is started again.
    ends_at_finding = False
    # Its instances in a night, each with the build that it runs; those that more jobs bring; those that have
    # its own mutators. The one that leads has an instance beside any other engine's.
    roles, more, theirs, leads = {}, None, (), False
    # Of its builds, those with ASan and UBSan.
    sanitized = ()
    # exec/s of CPU time in a night against the empty target's, at least, by build: of buffers, and of
    # conversations.
    speed, speed_fetch = {}, {}
    # Within how many execs it finds the canary of a buffer's kind, and of conversations; and how many the
    # empty target is run for.
    canary_execs, empty_execs = (0, 0), 0
    # Its fastest build, for `make bench-bugs`, and whether even there an exec costs many of another's.
    fast, costly = None, False
    # Builds that `make bench` measures: what they are called, execs a round, and the floors of each set of
    # parsers and of conversations. Whether a figure is of what our target adds, against the fast build's.
    bench, bench_adds = {}, False

    @classmethod
    def refusal(cls):
        """Why it cannot be used here; None where it can."""
        if cls.program and not shutil.which(cls.program):
            return Refused(f"{cls.program} is missing: install Debian's {cls.package}", NO_ENGINE)
        return None

    # Each engine has these too, for a run by itself:
    #   alone(target, seeds, out, dictionary=, execs=, seconds=, seed=, more=)
    #                         its command; alone_environment(mutator) is what it needs, UNTIL_FOUND what
    #                         has it end at a finding, flags(mutator) what it is told of it, feed(build) what has it run CAPCHAIN_BENCH's inputs
    #   execs_of(out, said)   how many inputs it had, of what it left and @said
    #   found_at(out, said)   after how many it had its finding; None where that is not told
    #   trouble(out, said)    what does not hold of it, as words
    #   on_files(target, folder), as_fuzzed(target, folder, out)
    #                         the commands that run each file once: alone, and as it fuzzes, with words that
    #                         it then says
    # and of a process command(), environment(), judges() and outcome().

    @classmethod
    def lacks(cls, _mutator):
        """Why the engine that is here has not got that; None where it has."""
        return None

    @classmethod
    def is_ours(cls, role):
        """Whether an instance of a night has the mutator that knows chains, or its engine's own."""
        name, _, number = role.partition("-")
        return name not in cls.theirs and (not number or int(number) % 2 == 1)

    @classmethod
    def loaded(cls, _setup, _kind):
        """Files that it loads beside the target."""
        return ()

    @classmethod
    def objects(cls, _kind):
        """Objects of the build that a target has of it."""
        return ()

    @classmethod
    def beside(cls, _kind):
        """Files of the build, below its folder, that run beside a target."""
        return []

    @classmethod
    def queues(cls, _work, _kind):
        """Folders of what its instances in @work have found, beside Setup.found()."""
        return ()

    @classmethod
    def stops(cls, _work, _kind):
        """(what, path) of inputs at which they ended, which are no artifacts yet."""
        return ()

    @classmethod
    def recover(cls, work):
        """Makes what a killed run left in @work something that the next one can go on with."""

    @classmethod
    def drop(cls, work, kind):
        """Removes what its instances know of @kind: all of it was merged."""

    def __init__(self, setup, kind, number, seconds, role=None):
        self.setup, self.kind, self.number, self.seconds = setup, kind, number, seconds
        # Its part in a night; None outside of one.
        self.role = role
        self.log_path = os.path.join(setup.work, "logs", f"{kind}-{number}-{os.getpid()}.log")
        self.broken = collections.Counter()
        self.tail = collections.deque(maxlen=50)
        self.wrong = []
        self.oracles = self.artifact = None
        self.rest = b""
        self.open, self.stopped, self.overdue = True, None, False
        self.execs = self.edges = self.edges_all = self.corpus = 0
        self.counts = {}
        self.counts_before = frozenset()
        self.cpu = 0.0
        self.ours = not default_mutators() and (role is None or self.is_ours(role))
        # A copy: the first worker that does not start changes it for those after it.
        self.prefix = list(setup.prefix)

    def shown(self):
        """The command as one can paste it into a shell."""
        env = [f"{key}={shlex.quote(value)}" for key, value in self.environment().items()]
        return " ".join(env + [shlex.join(self.command())])

    def start(self):
        self.began = time.time()
        self.counts_before = frozenset(self.counts_files())
        self.log = open(self.log_path, "ab", buffering=0)
        try:
            self.process = subprocess.Popen(
                self.command(), env={**os.environ, **self.environment()}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=die_with_parent)
        except OSError as error:
            raise Refused(f"{error.filename}: {error.strerror}", NO_ENGINE) from None
        self.fd = self.process.stdout.fileno()
        os.set_blocking(self.fd, False)

    def read(self):
        """Takes in what the engine says; False where there is nothing more now."""
        try:
            data = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return False
        self.open = bool(data)
        self.keep(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.hear(COLOUR.sub("", line.decode("utf-8", "replace")).rstrip())
        return self.open

    def keep(self, data):
        """Writes the log. A full disk costs the log, not the run."""
        try:
            if self.log.tell() < LOG_MAX:
                self.log.write(data)
        except OSError:
            pass

    def drop_log(self):
        if os.path.exists(self.log_path):
            os.unlink(self.log_path)

    def hear(self, line):
        promise, oracles = PROMISE.search(line), ORACLES.search(line)
        if promise:
            self.broken[promise[1]] += 1
        elif oracles:
            self.oracles = oracles[1]
        elif line:
            self.tail.append(line)
            if WRONG.search(line) and len(self.wrong) < 50:
                self.wrong.append(line)

    def ended(self):
        return self.process.poll() is not None

    def stop(self, now, overdue=False):
        """
        Tells it to end, @overdue where it should have. One that has ended by itself was not stopped:
        its end is a finding.
        """
        if not self.stopped and not self.ended():
            self.process.send_signal(signal.SIGINT)
            self.stopped, self.overdue = now, overdue

    def end(self):
        """How it ended."""
        if self.overdue:
            return End("failed", NOT_FINE, "did not end in its time, and no input's time-out ended it")
        return self.outcome()

    def kill(self):
        """Ends it and what it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def settle(self):
        """After the end: takes in the rest, and takes this worker's counts out of the folder."""
        while self.open and self.read():
            pass
        self.process.stdout.close()
        self.log.close()
        self.watch()
        for pid in self.counts:
            path = self.counts_path(pid)
            if path:
                os.unlink(path)

    def counts_files(self):
        """Names of this kind's files of counts, each with the pid in it: KIND-PID or KIND-PID.N."""
        try:
            names = os.listdir(os.path.join(self.setup.findings, "counts"))
        except OSError:
            return {}
        matches = (re.fullmatch(rf"{self.kind}-(\d+)(\.\d+)?", name) for name in sorted(names))
        return {match[0]: int(match[1]) for match in matches if match}

    def counts_path(self, pid):
        """
        Where process @pid keeps its counts; None where it has not begun. Never a file that was there
        before this worker, of an earlier run that was killed or of one in another container: beside
        those it makes PID.N.
        """
        for name, of in self.counts_files().items():
            if of == pid and name not in self.counts_before:
                return os.path.join(self.setup.findings, "counts", name)
        return None

    def watch(self):
        """Reads the counts of the processes that judge buffers for this worker."""
        for pid in self.judges():
            path = self.counts_path(pid)
            counts = path and read_counts(path)
            if counts:
                self.counts[pid] = counts
        self.cpu = max(self.cpu, cpu_of(self.process.pid))

    def walks_per_exec(self):
        """At most: the buffer and its three truncations, see fuzz/target/target.c."""
        return 4 if os.environ.get("CAPCHAIN_TRUNCATE") == "1" else 1

    def execs_now(self):
        """Engines tell their count seldom; the buffers judged give a lower bound at any time."""
        judged = sum(counts.walked for counts in self.counts.values())
        return max(self.execs, judged // self.walks_per_exec())

    def why(self):
        """What went wrong, in one line."""
        own = [line for line in self.tail if line.startswith("capchain: ")]
        summary = [line for line in self.wrong if "SUMMARY: " in line]
        causes = (summary or self.wrong) if self.oracles else (own or self.wrong)
        said = (causes or list(self.tail)[-1:] or ["it said nothing"])[0]
        code = self.process.returncode
        ended = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return f"{PID.sub('', said).removeprefix('capchain: ')} ({ended})"

    def cannot_start(self):
        """Why a target of this machine does not start, with what to do, and the exit status."""
        why = f"{self.setup.target(self.kind)} cannot start: {self.why()}"
        if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
            return End("absent", NO_ARENA,
                       why + "; address space is limited, `ulimit -v unlimited`")
        return End("unstarted", NO_ENGINE, why + fuzz_machine.sanitizer_needs())
