#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs Debian's VFIO programs, unmodified, on the regression corpus: make clients

Each system (bookworm, trixie, sid) is a root of its own, by debootstrap, with the programs of programs.py as it
has them; roots are kept below build/clients/ and used again without network, `rm -r build/clients/SYSTEM` takes
newer packages. Every program first gets good replies; where it does not end as it should with those, its results
are refused. Then each regression of a kind that it walks, and each script of replies in CORPUS/clients, is its
reply, once as the program comes and once with fence.so, which makes every access past the reply's buffer a crash.
What they come to has to be what CORPUS/clients/NAME.txt says for that system, which names the package versions
too. A run that comes to nothing is lost: it is named, and the others count.

Last, the model that claims that version of the program (`capchain list`) judges the bytes that the program held,
and its prediction stands beside what was seen; CORPUS/clients/ledger.yaml says why some differ, and in which
systems (reasons.py has its keys). A difference that it does not explain is a failure, and so is an entry of it
whose witness no longer differs. CORPUS/clients/CHANGES.md is written anew: what came to something else in the
next version.

Exit status: 0; 1 an outcome is not the expected one or is lost, too few predictions agree, or the ledger does not
say what differs; 2 an input, the ledger or the command line cannot be used, or a program fails with good replies;
3 no root can be had, or programs cannot be supervised; 5 the output could not be written.
"""
import argparse
import concurrent.futures
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import ledger, roots, whole  # noqa: E402
from gen.names import BUFFERS as KINDS  # noqa: E402
from clients import changes
from clients import reasons as clients_ledger
from clients.listed import Outcomes, inputs_of, list_path
from clients.models import COMES_OUT, Predictions, choose_models, report
from clients.programs import CLIENTS, OTHER, WORDS, Program, build_path
from clients.runs import FENCE, FENCE_INSIDE, Row, Unusable, check_good, load_inputs, run_row


class Root(roots.Root):
    """A root with the programs, kept for as long as it has the packages that they are of."""

    def __init__(self, system, options):
        super().__init__(system, build_path("build", "clients", system), options)

    def packages(self):
        return sorted({"pciutils", *(package for client in CLIENTS for package in client.packages.get(self.name, ()))})

    def prepare(self):
        stamp, wanted = Path(self.folder, "packages"), " ".join(self.packages())
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            print(f"{self.name}: a new root in {self.folder}", flush=True)
            super().prepare()
            if self.run("apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y "
                        f"--no-install-recommends {wanted} && apt-get clean", "apt"):
                self.refuse(f"programs in the root of {self.name}", "apt")
            stamp.write_text(wanted, "utf-8")
        shutil.copy(FENCE, self.root + FENCE_INSIDE)
        self.mount()

    def programs(self):
        return [Program(client, self.name, self.root) for client in CLIENTS if self.name in client.packages]


def cpu_seconds():
    """Of all that this process started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_program(options, pool, program, inputs):
    """Its rows, and a line for each that was lost."""
    good = check_good(options, program)
    begun, cpu = time.monotonic(), cpu_seconds()
    names = inputs_of(program.client, options.corpus)
    chosen = [item for item in inputs if item.name in names]
    done = list(pool.map(lambda item: run_row(options, program, good, item), chosen))
    rows = [row for row in done if isinstance(row, Row)]
    print(f"{program} ({program.version()}): {len(rows)} inputs in {time.monotonic() - begun:.0f} s, "
          f"{cpu_seconds() - cpu:.0f} s of CPU time", flush=True)
    for kind in KINDS:
        words = [row.word() for row in rows if row.input.kind == kind]
        if words:
            print(f"  {kind:7}" + "".join(f" {words.count(word)} {word}," for word, _ in WORDS
                                          if word in words).rstrip(","))
    return rows, [line for line in done if not isinstance(line, Row)]


def bless(options, program, rows):
    """The list anew, of this system; what was not run or was lost stays as it was."""
    outcomes = Outcomes(list_path(options.corpus, program.client))
    words = {row.input.name: row.word() for row in rows if row.word() != OTHER}
    listed = outcomes.column(program.system)
    for name, word in listed.items():
        known = os.path.exists(os.path.join(options.corpus, "regressions", name + ".yaml")) or \
            os.path.exists(os.path.join(options.corpus, "clients", name + ".replies"))
        if known:
            words.setdefault(name, word)
    outcomes.set_column(program.system, program.version(), words)
    whole.write(outcomes.path, outcomes.text())


def compare(options, program, rows, lost):
    """How many lines differ from the list; each is printed."""
    outcomes = Outcomes(list_path(options.corpus, program.client))
    if program.system not in outcomes.versions:
        print(f"{program}: nothing is expected of it yet: make clients BLESS=1 writes it")
        return 1
    expected, differs = outcomes.column(program.system), len(lost)
    for row in rows:
        was = expected.pop(row.input.name, "not listed")
        if not row.is_as(was):
            differs += 1
            print(f"{program}: {row.input.name}: {row.word()}, expected {was}")
    if not options.inputs and not lost:
        for name in expected:
            differs += 1
            print(f"{program}: {name}: is listed, and is no input")
    version = outcomes.versions[program.system]
    if version != program.version():
        print(f"{program}: {program.version()}, the list is of {version}")
    return differs


def write_table(path, programs, rows):
    """Input x program, in Markdown."""
    cells = {(row.input.name, str(row.program)): row.shown() for row in rows}
    heads = [str(program) for program in programs]
    lines = [f"- {program}: {program.version()}" for program in programs]
    lines += ["", f"| input | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in sorted({row.input.name for row in rows}):
        lines.append(f"| {name} | " + " | ".join(cells.get((name, head), "") for head in heads) + " |")
    lines += ["", *(f"- {word}: {what}" for word, what in WORDS), ""]
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    whole.write(path, "\n".join(lines))


def options_of(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--system", metavar="SYSTEM", action="append",
        help=f"of {', '.join(roots.SYSTEMS)}; may be repeated (all of them without)")
    add("--client", metavar="NAME", action="append", choices=[client.name for client in CLIENTS],
        help="this one; may be repeated (all of them without)")
    add("--inputs", metavar="REGEX", type=re.compile,
        help="only inputs whose name it matches; only those are compared with the lists then")
    add("--jobs", metavar="N", type=int, default=len(os.sched_getaffinity(0)),
        help="runs side by side; CPUs by default")
    add("--json", metavar="FILE", help="one object a row, as JSON Lines: both runs, and what was predicted")
    add("--table", metavar="FILE", default=build_path("build", "clients", "table.md"),
        help="where the table input x program goes, in Markdown: build/clients/table.md")
    add("--bless", action="store_true", help="writes CORPUS/clients/ anew")
    roots.add_options(parser)
    add("capchain", metavar="CAPCHAIN")
    add("corpus", metavar="CORPUS")
    options = parser.parse_args(argv)
    options.system = options.system or roots.SYSTEMS
    roots.check_options(parser, options, options.system)
    return options


def programs_of(options, system):
    """The programs of a system, in its root."""
    root = Root(system, options)
    root.prepare()
    return root.programs()


def run_system(options, pool, programs, inputs):
    """The rows of one system's programs, and the worst status."""
    rows, status, begun, cpu = [], 0, time.monotonic(), cpu_seconds()
    for program in programs:
        if options.client and program.name not in options.client:
            continue
        missing = program.missing()
        if missing:
            print(f"skipped {program}: {missing}")
            continue
        try:
            mine, lost = run_program(options, pool, program, inputs)
        except Unusable as error:
            if error.status != 2:
                raise
            print(error, flush=True)
            status = 2
            continue
        for line in lost:
            print(line)
            status = max(status, 1)
        rows += mine
        if options.bless:
            bless(options, program, mine)
        elif compare(options, program, mine, lost):
            status = max(status, 1)
    print(f"{len(rows)} inputs in {time.monotonic() - begun:.0f} s, {cpu_seconds() - cpu:.0f} s of CPU time\n")
    return rows, status


def work(options, folder, programs_in=programs_of):
    if not os.path.exists(FENCE):
        raise Unusable(f"clients: no {FENCE}; make clients builds it", 3)
    inputs = load_inputs(options, folder)
    entries = clients_ledger.load(options.corpus, COMES_OUT)
    rows, status = [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for system in options.system:
            try:
                mine, worst = run_system(options, pool, programs_in(options, system), inputs)
            except roots.Refused as error:
                print(f"clients: {error}", file=sys.stderr, flush=True)
                mine, worst = [], 3
            rows += mine
            status = max(status, worst)
    if not rows:
        raise Unusable("clients: no program was run", status or 3)
    programs = list(dict.fromkeys(row.program for row in rows))
    write_table(options.table, programs, rows)
    choose_models(options.capchain, programs)
    predictions = Predictions(options.capchain, os.path.join(folder, "held"), rows)
    if options.json:
        whole.write(options.json, "".join(json.dumps({**row.json(), **predictions.json(row)}) + "\n" for row in rows))
    if not report(programs, rows, predictions, entries):
        status = max(status, 1)
    changes.write(options.capchain, options.corpus)
    return status


def main(arguments):
    options = options_of(arguments)
    why = roots.why_not()
    if why:
        print(f"clients: {why}", file=sys.stderr)
        return 3
    try:
        roots.own_mounts()
        with tempfile.TemporaryDirectory(prefix="clients-") as folder:
            return work(options, folder)
    except Unusable as error:
        print(error, file=sys.stderr)
        return error.status
    except (ledger.Unusable, ValueError) as error:
        print(f"clients: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"clients: {error.filename}: {error.strerror}", file=sys.stderr)
        return 5


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
