# SPDX-License-Identifier: MIT
"""The engines that fuzz.py drives: how each is started, what it says, and how it ended.

A Worker is one engine process on one kind. What it says is read through a pipe, so that a target
which breaks a promise a thousand times a second fills no disk; the log keeps the first megabytes.
"""

import collections
import ctypes
import fcntl
import glob
import hashlib
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field

from fuzz import afl
from fuzz import machine as fuzz_machine
from fuzz import seeds as fuzz_seeds
from fuzz.report import (FINE, NO_ARENA, NO_ENGINE, NO_FINDINGS, NOT_FINE, Refused,
                         read_counts)

LEN_MAX = 4096
TIMEOUT = 10
LOG_MAX = 4 << 20

ORACLES = re.compile(r"capchain: (kind .*oracles: .*)")
PROMISE = re.compile(r"capchain: broken promise: (\S+)")
COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
WRONG = re.compile(r"SUMMARY: |ERROR: |PROGRAM ABORT|runtime error: |FATAL|ABORTING")
PID = re.compile(r"^==\d+==\s*")
PULSE = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) .* corp: (\d+)/")


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
    prefix: list = field(default_factory=list)
    folders: dict = field(default_factory=dict)

    def target(self, kind):
        return os.path.join(self.targets, fuzz_seeds.target_name(kind))

    def mutator(self, kind):
        """What AFL++ loads; libFuzzer's targets have the mutator in them."""
        return os.path.join(self.mutators, f"mutator_{kind}.so")

    def seeds(self, kind):
        return os.path.join(self.work, "seeds", kind)

    def dictionary(self):
        path = os.path.join(self.corpus, "vfio.dict")
        return path if os.path.exists(path) else None

    def witness(self, kind, bucket):
        return os.path.join(self.findings, "broken", f"{kind}-{bucket.replace(':', '_')}")

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


class Worker:
    """One engine process on one kind, from its start to its end."""

    def __init__(self, setup, kind, number, seconds):
        self.setup, self.kind, self.number, self.seconds = setup, kind, number, seconds
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
        self.ours = not default_mutators()
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


class LibFuzzer(Worker):
    """The target itself, with libFuzzer in it. It stops at the first broken promise."""

    def environment(self):
        return {"CAPCHAIN_FINDINGS": self.setup.findings,
                **({} if self.ours else {"CAPCHAIN_MUTATOR": "default"})}

    def corpus_folder(self):
        return os.path.join(self.setup.work, "corpus", self.kind)

    def command(self):
        artifacts = os.path.join(self.setup.findings, "artifacts", f"{self.kind}-")
        dictionary = self.setup.dictionary()
        # libFuzzer ends in the second after its last one.
        seconds = max(self.seconds - 1, 1)
        return [*self.prefix, self.setup.target(self.kind), self.corpus_folder(),
                self.setup.seeds(self.kind), *([f"-dict={dictionary}"] if dictionary else []),
                # Entropic's bookkeeping costs a third of the execs of a target this small; see README.
                "-entropic=0", f"-max_len={LEN_MAX}", f"-max_total_time={seconds}", f"-timeout={TIMEOUT}",
                # Off where a target has a mutator of its own, used or not.
                *([] if self.ours else ["-len_control=100"]),
                "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={artifacts}"]

    def start(self):
        os.makedirs(self.corpus_folder(), exist_ok=True)
        super().start()

    def judges(self):
        return [self.process.pid]

    def hear(self, line):
        super().hear(line)
        pulse = PULSE.match(line)
        if pulse:
            self.execs, self.edges, self.corpus = map(int, pulse.groups())
        elif line.startswith("stat::number_of_executed_units:"):
            self.execs = int(line.split()[-1])
        elif "Test unit written to " in line:
            self.artifact = line.rsplit(" ", 1)[-1]
        elif "PC tables (" in line:
            self.edges_all = int(re.search(r"tables \((\d+)", line)[1])

    def outcome(self):
        code = self.process.returncode
        if self.stopped or code == 0:
            return End("fine")
        if self.broken:
            return End("broken")
        if self.oracles:
            return End("failed", NOT_FINE, self.why())
        if code in (NO_ARENA, NO_FINDINGS):
            return End("absent", code, self.why())
        return self.cannot_start()


class Afl(Worker):
    """afl-fuzz around the target. A broken promise is a crash to it, and it goes on."""

    def __init__(self, setup, kind, number, seconds):
        super().__init__(setup, kind, number, seconds)
        self.out = setup.own_folder(kind)
        self.own = os.path.join(self.out, f"w{number}")
        self.execs_before = int(afl.read_stats(os.path.join(self.own, "fuzzer_stats"))
                                .get("execs_done", 0))

    def environment(self):
        return {**afl.UNATTENDED, "CAPCHAIN_FINDINGS": self.setup.findings, "AFL_AUTORESUME": "1",
                "AFL_IMPORT_FIRST": "1", "AFL_DEBUG_CHILD": "1",
                **(afl.mutator(self.setup.mutator(self.kind)) if self.ours else {})}

    def command(self):
        dictionary = self.setup.dictionary()
        return ["afl-fuzz", "-i", self.setup.seeds(self.kind), "-o", self.out,
                "-M" if self.number == 1 else "-S", f"w{self.number}",
                *(["-x", dictionary] if dictionary else []), "-G", str(LEN_MAX),
                "-t", str(TIMEOUT * 1000), "-V", str(self.seconds), "--",
                *self.prefix, self.setup.target(self.kind)]

    def start(self):
        self.publish_seeds()
        super().start()

    def publish_seeds(self):
        """
        A resumed afl-fuzz does not look at -i again, so every seed is also an entry of the queue
        of an instance that never runs, which the others import. Entries are only ever added.
        """
        queue = os.path.join(self.out, "seeds", "queue")
        os.makedirs(queue, exist_ok=True)
        known = sorted(os.listdir(queue))
        number = int(known[-1][3:9]) + 1 if known else 0
        digests = {name.rsplit(":", 1)[-1] for name in known}
        for name in sorted(os.listdir(self.setup.seeds(self.kind))):
            path = os.path.join(self.setup.seeds(self.kind), name)
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()[:16]
            if digest not in digests:
                shutil.copyfile(path, os.path.join(queue, f"id:{number:06},orig:{digest}"))
                digests.add(digest)
                number += 1

    def walks_per_exec(self):
        return 4

    def judges(self):
        """
        The fork server, afl-fuzz's child, maps the counts that its children add to. It is found
        while it lives, by its parent; a stale file of an earlier run has none.
        """
        pids = list(self.counts)
        for pid in set(self.counts_files().values()):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if parent == self.process.pid and pid not in self.counts:
                pids.append(pid)
        return pids

    def watch(self):
        """AFL++ writes its numbers once a minute and at the end; its queue shows at any time."""
        super().watch()
        stats = afl.read_stats(os.path.join(self.own, "fuzzer_stats"))
        self.execs = max(self.execs, int(stats.get("execs_done", 0)) - self.execs_before)
        self.edges = int(stats.get("edges_found", self.edges))
        self.edges_all = int(stats.get("total_edges", self.edges_all))
        self.corpus = len(glob.glob(os.path.join(self.own, "queue", "id:*")))

    def saved(self, folder):
        """The crashing or hanging inputs that this run saved."""
        return [path for path in sorted(glob.glob(os.path.join(self.own, folder, "id:*")))
                if os.stat(path).st_mtime >= self.began]

    def outcome(self):
        saved = self.saved("hangs") + ([] if self.broken else self.saved("crashes"))
        if saved:
            self.artifact = saved[0]
            return End("failed", NOT_FINE, f"{len(saved)} inputs crash or hang it without a bucket")
        if self.broken:
            return End("broken")
        if self.stopped or self.process.returncode == 0:
            return End("fine")
        return End("absent", NO_ENGINE, self.why()) if self.oracles else self.ask_target()

    def ask_target(self):
        """afl-fuzz does not tell how its target ended, so the target is run on one seed alone."""
        seeds = self.setup.seeds(self.kind)
        alone = subprocess.run(
            [*self.prefix, self.setup.target(self.kind), seeds], stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment()}, capture_output=True, check=False)
        if alone.returncode == 0:
            return End("absent", NO_ENGINE, f"afl-fuzz cannot start: {self.why()}"
                       + fuzz_machine.afl_needs())
        self.process.returncode = alone.returncode
        for line in alone.stderr.decode("utf-8", "replace").splitlines():
            self.hear(line)
        if self.broken:
            return End("broken")
        if alone.returncode in (NO_ARENA, NO_FINDINGS):
            return End("absent", alone.returncode, self.why())
        return self.cannot_start()


ENGINES = {"libfuzzer": LibFuzzer, "afl": Afl}
