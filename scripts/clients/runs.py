# SPDX-License-Identifier: MIT
"""Runs of programs on hostile replies: part of clients.py."""
import itertools
import json
import os
import subprocess
from pathlib import Path

from clients.listed import played, same
from clients.programs import OTHER, RIGHT, Seen, build_path

# A run that takes longer is lost: nothing is known of it, and the others go on.
PATIENCE = 600
# Seconds without an INFO call that are `idle`. A hang of CPU milliseconds takes long on a busy machine.
IDLE = 300
# CPU time that is a hang, in milliseconds. The longest that a good run of these goes without a call
# after a reply is 234, of dpdk-test.
CPU = 500
FENCE = build_path("build", "client", "fence.so")
# Where a root has it.
FENCE_INSIDE = "/fence.so"


# A number for the socket of each run.
SOCKETS = itertools.count()


class Unusable(Exception):
    """Carries its exit status."""

    def __init__(self, line, status=2):
        super().__init__(line)
        self.status = status


class Lost(Exception):
    """A run of which nothing is known, in one line."""


def run_capchain(options, args, stdin=""):
    try:
        done = subprocess.run([options.capchain, *args], input=stdin, capture_output=True, text=True,
                              errors="replace", timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise Lost(f"not through after {PATIENCE} s") from error
    if done.returncode == 3:
        raise Unusable(f"clients: {done.stderr.strip().splitlines()[-1]}", 3)
    if done.returncode not in (0, 1):
        raise Lost((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1])
    return done.stdout


def start(options, program, replies, fence=None):
    """One run's JSON."""
    socket = f"/tmp/capchain-{os.getpid()}-{next(SOCKETS)}"
    verb = ["serve", "--socket", (program.root or "") + socket] if program.client.peer else ["run"]
    args = [*verb, "--no-good", "--json", "--cpu", str(CPU), "--idle", str(IDLE), *replies]
    if program.client.pci:
        args += ["--pci", program.client.pci]
    path = FENCE if program.root is None else FENCE_INSIDE
    before = ["/usr/bin/env", f"LD_PRELOAD={path}", f"FENCE_SIZE={fence}"] if fence else []
    return json.loads(run_capchain(options, [*args, "--", *program.command(*before, socket=socket)],
                                   program.client.stdin))


class Input:
    """One regression as bytes in a folder of ours, or a script of replies in its place."""

    def __init__(self, options, folder, path):
        self.name, ending = os.path.splitext(os.path.basename(path))
        self.kind = self.name.split("-")[0]
        self.script = path if ending == ".replies" else None
        self.bytes = os.path.join(folder, self.name)
        if not self.script:
            run_capchain(options, ["asm", path, "-o", self.bytes])

    def shown(self):
        """The options that make it the reply, for somebody who stands in the project's folder."""
        if self.script:
            return ["--replies", f"corpus/clients/{self.name}.replies"]
        return [f"--{self.kind}", f"corpus/regressions/{self.name}.yaml"]

    def replies(self, client):
        """The options that make it the reply; in region 0, which is the MSI-X table's."""
        if self.script:
            return ["--replies", self.script]
        if not client.shrinks:
            return [f"--{self.kind}", self.bytes]
        script = self.bytes + ".replies"
        Path(script).write_text(f"{self.kind} kernel {self.bytes}\n{self.kind} raw {self.bytes}\n", "utf-8")
        return ["--replies", script]


def load_inputs(options, folder):
    """The regressions, and the scripts beside the lists; of conversations a client has its own."""
    try:
        inputs = [Input(options, folder, str(path)) for path in played(options.corpus)
                  if not options.inputs or options.inputs.search(path.name)]
    except Lost as error:
        raise Unusable(f"clients: {error}") from error
    if not inputs:
        raise Unusable("clients: no input")
    return inputs


class Row:
    """What one program made of one input: `fenced` is None of a storm, which needs no fence, and where that ends it."""

    def __init__(self, program, item, plain, fenced):
        self.program, self.input, self.plain, self.fenced = program, item, plain, fenced

    def seen(self):
        """The run that counts: the one that a heap's mercy does not enter."""
        return self.fenced or self.plain

    def word(self):
        word = self.seen().word()
        if self.program.client.peer:
            return word if word in RIGHT else OTHER
        return "over-read" if word == "crash" and self.plain.run["outcome"] == "exit" else word

    def is_as(self, expected):
        return same(self.word(), expected)

    def shown(self):
        plain, word = self.plain.word(), self.word()
        return word if self.program.client.peer or plain == word else f"{word} ({plain} without a fence)"

    def json(self):
        if self.program.client.peer:
            return {"client": self.program.name, "system": self.program.system,
                    "version": self.program.version(), "input": self.input.name, "word": self.word()}
        pci = self.program.client.pci
        options = self.input.shown() + (["--pci", pci] if pci else [])
        return {"client": self.program.name, "system": self.program.system, "version": self.program.version(),
                "input": self.input.name, "word": self.word(), "plain": self.plain.word(),
                "run": {**self.plain.json(), "options": options, "command": self.program.client.command},
                "fenced": self.fenced.json() if self.fenced else None}


def fenced_run(options, program, good, item, plain, asked):
    """The run under the fence; None where the fence itself ends it, by its way to align, before it asks."""
    # The fence keeps what is freed from being read: QEMU 10 and later, at their end, rarely do read it. And on a
    # machine with much else to do a start takes more CPU time than a hang has.
    for _ in range(2):
        seen = Seen(program.client, start(options, program, item.replies(program.client), asked), good)
        if seen.calls(item.kind) is None:
            if seen.word() in ("hang", "idle"):
                continue
            return None
        if seen.word() != "crash" or plain.word() == "crash":
            break
    if seen.calls(item.kind) is None:
        raise Lost(f"under the fence it comes to {seen.word()} before it asks for {item.kind}")
    return seen


def run_row(options, program, good, item):
    """Its row, or a line that says why there is none."""
    try:
        plain, fenced = Seen(program.client, start(options, program, item.replies(program.client)), good), None
        calls = plain.calls(item.kind)
        if calls is None:
            raise Lost(f"it comes to {plain.word()} before it asks for {item.kind}")
        if plain.word() != "storm" and 0 < calls["asked"] <= 65536:
            fenced = fenced_run(options, program, good, item, plain, calls["asked"])
    except Lost as error:
        return f"{program}: {item.name}: lost: {error}"
    return Row(program, item, plain, fenced)


def check_good(options, program):
    """Its good run; refused with a line where it does not end as it should."""
    try:
        good = Seen(program.client, start(options, program, []))
    except Lost as error:
        raise Unusable(f"clients: {program}: good replies: {error}: refused") from error
    run = good.run
    for kind in program.client.models:
        if not good.calls(kind):
            raise Unusable(f"clients: {program} asks for no {kind} with good replies: refused")
    if run["outcome"] != "exit" or run["status"] != program.client.status:
        raise Unusable(f"clients: {program} comes to {run['outcome']} "
                       f"{run.get('signal', run.get('status', ''))} with good replies: refused")
    return good
