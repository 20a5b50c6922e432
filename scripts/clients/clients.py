#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs Debian's VFIO programs, unmodified, on the regression corpus: make clients

Every client that is here (programs.py) first gets good replies; where it does not end as it should with those,
its results are refused. Then each regression of a kind that it walks, and each script of replies in
CORPUS/clients, is its reply, once as the program comes and once with fence.so, which makes every access past the
reply's buffer a crash. What they come to has to be what CORPUS/clients/NAME.txt says, which names the package
versions too. Last, the model of the program (parsers/models) judges the bytes that the program held, and its
prediction stands beside what was seen; CORPUS/clients/ledger.yaml says why some differ (reasons.py has its keys).
A difference that it does not explain is a failure, and so is an entry of it whose witness no longer differs.

Clients that are missing are said, and installed by `scripts/setup.sh clients`.

Exit status: 0; 1 an outcome is not the expected one, too few predictions agree, or the ledger does not say what
differs; 2 an input, the ledger or the command line cannot be used, or a client fails with good replies; 3 no
client is here, or programs cannot be supervised; 5 the output could not be written.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import ledger, whole  # noqa: E402
from gen.names import BUFFERS as KINDS  # noqa: E402
from clients import reasons as clients_ledger
from clients.listed import played
from clients.programs import CLIENTS, WORDS, Seen, build_path
from clients.models import COMES_OUT, Predictions, report

# A run that takes longer sleeps: no client does with good replies.
PATIENCE = 120
# CPU time that is a hang, in milliseconds. The longest that a good run of these goes without a call
# after a reply is 234, of dpdk-test.
CPU = 500
FENCE = build_path("build", "client", "fence.so")


class Unusable(Exception):
    """Carries its exit status."""

    def __init__(self, line, status=2):
        super().__init__(line)
        self.status = status


def run_capchain(options, args, stdin=""):
    done = subprocess.run([options.capchain, *args], input=stdin, capture_output=True, text=True,
                          errors="replace", timeout=PATIENCE, check=False)
    if done.returncode not in (0, 1):
        raise Unusable(f"clients: {done.stderr.strip().splitlines()[-1]}", done.returncode)
    return done.stdout


def start(options, client, replies, fence=None):
    """One run's JSON."""
    args = ["run", "--no-good", "--json", "--cpu", str(CPU), *replies]
    if client.pci:
        args += ["--pci", client.pci]
    command = client.command
    if fence:
        command = ["env", f"LD_PRELOAD={FENCE}", f"FENCE_SIZE={fence}", *command]
    return json.loads(run_capchain(options, [*args, "--", *command], client.stdin))


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
    inputs = [Input(options, folder, str(path)) for path in played(options.corpus)
              if not options.inputs or options.inputs.search(path.name)]
    if not inputs:
        raise Unusable("clients: no input")
    return inputs


class Row:
    """What one client made of one input: `fenced` is None of a storm, which needs no fence."""

    def __init__(self, client, item, plain, fenced):
        self.client, self.input, self.plain, self.fenced = client, item, plain, fenced

    def seen(self):
        """The run that counts: the one that a heap's mercy does not enter."""
        return self.fenced or self.plain

    def word(self):
        word = self.seen().word()
        return "over-read" if word == "crash" and self.plain.run["outcome"] == "exit" else word

    def is_as(self, expected):
        """Whether it comes out as that word; what a heap forgives varies."""
        word = self.word()
        return word == expected or {word, expected} == {"crash", "over-read"}

    def shown(self):
        plain, word = self.plain.word(), self.word()
        return word if plain == word else f"{word} ({plain} without a fence)"

    def json(self):
        options = self.input.shown() + (["--pci", self.client.pci] if self.client.pci else [])
        return {"client": self.client.name, "version": self.client.version(),
                "input": self.input.name, "word": self.word(), "plain": self.plain.word(),
                "run": {**self.plain.json(), "options": options},
                "fenced": self.fenced.json() if self.fenced else None}


def run_row(options, client, good, item):
    plain, fenced = Seen(client, start(options, client, item.replies(client)), good), None
    calls = plain.calls(item.kind)
    if calls is None:
        raise Unusable(f"clients: {client.name} does not ask for {item.kind}")
    if plain.word() != "storm" and 0 < calls["asked"] <= 65536:
        fenced = Seen(client, start(options, client, item.replies(client), calls["asked"]), good)
    return Row(client, item, plain, fenced)


def check_good(options, client):
    good = Seen(client, start(options, client, []))
    run = good.run
    for kind in client.models:
        if not good.calls(kind):
            raise Unusable(f"clients: {client.name} asks for no {kind} with good replies: refused")
    if run["outcome"] != "exit" or run["status"] != client.status:
        raise Unusable(f"clients: {client.name} comes to {run['outcome']} "
                       f"{run.get('signal', run.get('status', ''))} with good replies: refused")
    return good


def run_client(options, pool, client, inputs):
    good = check_good(options, client)
    begun = time.monotonic()
    chosen = [item for item in inputs if item.kind in client.models]
    rows = list(pool.map(lambda item: run_row(options, client, good, item), chosen))
    print(f"{client.name} ({client.version()}): {len(rows)} inputs in {time.monotonic() - begun:.0f} s", flush=True)
    for kind in KINDS:
        words = [row.word() for row in rows if row.input.kind == kind]
        if words:
            print(f"  {kind:7}" + "".join(f" {words.count(word)} {word}," for word, _ in WORDS
                                          if word in words).rstrip(","))
    return rows


def list_path(options, client):
    return Path(options.corpus, "clients", client.name + ".txt")


def bless(options, client, rows):
    lines = [f"# {client.version()}"] + [f"{row.input.name} {row.word()}" for row in rows]
    list_path(options, client).parent.mkdir(exist_ok=True)
    whole.write(list_path(options, client), "\n".join(lines) + "\n")


def compare(options, client, rows):
    """How many lines differ from the list; each is printed."""
    try:
        version, *lines = list_path(options, client).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        print(f"{client.name}: nothing is expected of it yet: make clients BLESS=1 writes it")
        return 1
    expected = dict(line.split(" ", 1) for line in lines)
    differs = 0
    for row in rows:
        was = expected.pop(row.input.name, "not listed")
        if not row.is_as(was):
            differs += 1
            print(f"{client.name}: {row.input.name}: {row.word()}, expected {was}")
    if not options.inputs:
        for name in expected:
            differs += 1
            print(f"{client.name}: {name}: is listed, and is no input")
    if version != f"# {client.version()}":
        print(f"{client.name}: {client.version()}, the list is of {version[2:]}")
    return differs


def write_table(path, clients, rows):
    """Client x input, in Markdown."""
    cells = {(row.input.name, row.client.name): row.shown() for row in rows}
    heads = [client.name for client in clients]
    lines = [f"- {client.name}: {client.version()}" for client in clients]
    lines += ["", f"| input | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in sorted({row.input.name for row in rows}):
        lines.append(f"| {name} | " + " | ".join(cells.get((name, head), "") for head in heads) + " |")
    lines += ["", *(f"- {word}: {what}" for word, what in WORDS), ""]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    whole.write(path, "\n".join(lines))


def options_of(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--client", metavar="NAME", action="append", choices=[client.name for client in CLIENTS],
        help="this one; may be repeated (all of them without)")
    add("--inputs", metavar="REGEX", type=re.compile,
        help="only inputs whose name it matches; only those are compared with the lists then")
    add("--jobs", metavar="N", type=int, default=len(os.sched_getaffinity(0)),
        help="runs side by side; CPUs by default")
    add("--json", metavar="FILE", help="one object a row, as JSON Lines: both runs, and what was predicted")
    add("--table", metavar="FILE", default=build_path("build", "clients", "table.md"),
        help="where the table client x input goes, in Markdown: build/clients/table.md")
    add("--bless", action="store_true", help="writes CORPUS/clients/ anew")
    add("capchain", metavar="CAPCHAIN")
    add("corpus", metavar="CORPUS")
    return parser.parse_args(argv)


def choose_clients(options, known):
    here = []
    for client in known:
        if options.client and client.name not in options.client:
            continue
        missing = client.missing()
        if missing:
            print(f"skipped {client.name}: {missing}")
        else:
            here.append(client)
    if not here:
        raise Unusable("clients: none of them is here; scripts/setup.sh clients installs them", 3)
    return here


def work(options, folder, known=CLIENTS):
    clients = choose_clients(options, known)
    if not os.path.exists(FENCE):
        raise Unusable(f"clients: no {FENCE}; make clients builds it", 3)
    inputs = load_inputs(options, folder)
    entries = clients_ledger.load(options.corpus, COMES_OUT)
    begun, rows, status = time.monotonic(), [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for client in clients:
            mine = run_client(options, pool, client, inputs)
            rows += mine
            if options.bless:
                bless(options, client, mine)
            elif compare(options, client, mine):
                status = 1
    print(f"{len(rows)} runs of {len(clients)} clients in {time.monotonic() - begun:.0f} s")
    write_table(options.table, clients, rows)
    predictions = Predictions(options.capchain, os.path.join(folder, "held"), rows)
    if options.json:
        whole.write(options.json, "".join(json.dumps({**row.json(), **predictions.json(row)}) + "\n" for row in rows))
    return 0 if report(clients, rows, predictions, entries) and status == 0 else 1


def main():
    options = options_of(sys.argv[1:])
    try:
        with tempfile.TemporaryDirectory(prefix="clients-") as folder:
            return work(options, folder)
    except Unusable as error:
        print(error, file=sys.stderr)
        return error.status
    except ledger.Unusable as error:
        print(f"clients: {error}", file=sys.stderr)
        return 2
    except subprocess.TimeoutExpired as error:
        print(f"clients: {' '.join(error.cmd)}: waits for something", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"clients: {error.filename}: {error.strerror}", file=sys.stderr)
        return 5


if __name__ == "__main__":
    sys.exit(main())
