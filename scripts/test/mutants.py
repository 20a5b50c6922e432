#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make mutants: mutation analysis of bounded.h, of the reference (spec.c) and of the models.

A mutant is the source with one token changed in one function: a relational operator, a number one more,
a check dropped, a field swapped with its neighbour, a type narrowed, a mask or term dropped, `&&`
against `||`. Each is compiled as the build compiles the file, linked into the command, and replayed
against the corpus:

  killed     the replay prints a failing input, or a signal ended it at one
  tested     of bounded.h: what the parser does not call is held by bounded_test; a kill by the corpus
             where one of its tests of the corpus fails, else it counts as one with fuzzing
  stopped    the replay failed in another way: seen by anybody, and no kill here
  same       its machine code is the original's: equivalent, or its function is not in the program
  equivalent scripts/test/mutants.txt lists it, with the reason
  survived   none of these

Survivors are fuzzed: libFuzzer runs a target with the mutant in it for --execs execs a kind, from the
corpus, and is a kill where a broken promise is reported, or where the command with the mutant and the
one without say different things of any input that the run kept. A mutant that does not compile is an
error, and counts nowhere. Scores are of the mutants that are neither `same` nor `equivalent`.

Prints the scores, and what survived as diffs. OUT/mutants.csv has them all, OUT/survivors.diff those diffs;
OUT/killers/ an input for each kill by fuzzing, which the corpus lacks. It takes about eight minutes on two
cores. Exit status: 0; 1 a score is below its floor, an entry of mutants.txt fits nothing, or there was no
mutant; 2 usage; 3 the corpus or the test fails without a mutant.

--plants is another thing, and takes seconds: the two readings of a chain are written apart, so that a line
that is wrong in either shows as a difference between them. Each row of scripts/test/plants.txt is a wrong
line of bounded.h or spec.c, and bounded_test without a corpus has to fail by a test's name for it. Prints a
line a plant, and `N passed, N failed`. Exit status: 0; 1 a plant survived; 2 one could not be tried: its
text does not stand exactly once in the file, it does not compile, or the test dies without a test's name.
"""

import argparse
import collections
import contextlib
import csv
import difflib
import functools
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import alone, seeds  # noqa: E402
from gen.names import BUFFERS as KINDS, ROOT  # noqa: E402

BUILD = os.path.join(ROOT, "build")
COMMAND, CORPUS = os.path.join(BUILD, "clang", "capchain"), os.path.join(ROOT, "corpus")
HEADER, HEADER_TEST = "parsers/include/bounded.h", "fuzz/parsers/bounded_test.c"
# Of its tests, those that go through the corpus.
CORPUS_TESTS = {"test_corpus", "test_corpus_cuts", "test_half_way"}
EQUIVALENT, PLANTS = (os.path.join(ROOT, "scripts", "test", name) for name in ("mutants.txt", "plants.txt"))
SECONDS, SECONDS_OF_REPLAY = 60, 20

# What a member is taken for: the first of these with which it compiles.
NEIGHBOURS = {"bound": ("argsz",), "argsz": ("bound",), "minsz": ("end",), "end": ("minsz", "start"),
              "start": ("end",), "id": ("version",), "version": ("id",), "first": ("at", "second"),
              "second": ("first",), "at": ("from",), "from": ("at",),
              "count": ("left", "offset", "capacity"), "left": ("count",),
              "lap": ("laps",), "laps": ("lap",), "offset": ("size", "count"),
              "size": ("offset", "capacity"), "next": ("id",)}
# (what, pattern, replacements): each match is a mutant for each replacement.
RULES = (
    ("relation", r" (<=) ", (" < ",)), ("relation", r" (>=) ", (" > ",)),
    ("relation", r" (<) ", (" <= ",)), ("relation", r" (>) ", (" >= ",)),
    ("relation", r" (==) ", (" != ",)), ("relation", r" (!=) ", (" == ",)),
    ("logic", r" (&&) ", (" || ",)), ("logic", r" (\|\|) ", (" && ",)),
    ("off by one", r"(?<![\w.'\"])(\d+)(?=u?[^\w.'\"x])", (None,)),
    ("mask", r"( & [\w>.\-]+)(?=[);])", ("",)),
    ("mask", r" (\|=) ", (" = ",)),
    ("term", r"( \+ [\w>.\-]+)(?=[);,])", ("",)),
    ("narrowed", r"\b(vb_u64)\b", ("vb_u32",)), ("narrowed", r"\b(uint64_t)\b", ("uint32_t",)),
    ("narrowed", r"\b(overlay_u64)\b", ("uint32_t",)),
    ("narrowed", r"\b(vb_u32)\b(?! \w+\()", ("vb_u16",)),
    ("narrowed", r"\b(uint32_t)\b(?! \w+\()", ("uint16_t",)),
    ("narrowed", r"\(uint64_t\)", ("",)), ("narrowed", r"\(vb_u64\)", ("",)),
    ("field", rf"(?:->|\.)({'|'.join(NEIGHBOURS)})\b", (None,)),
    ("check", r"\bif (\(.*\))$", (None,)),
)
# Subjects, and what their group has to reach: by corpus, with fuzzing.
GROUPS = (
    ("bounded.h", ["parsers/include/bounded.h"], 0.90, 0.98),
    ("spec.c", ["fuzz/judge/spec.c", "fuzz/judge/meaning.c"], 0.90, 0.95),
    ("models", ["parsers/kernel.c", "parsers/naive.c",
                *sorted(os.path.relpath(path, ROOT) for path in
                        glob.glob(os.path.join(ROOT, "parsers/models/**/*.[ch]"), recursive=True))], 0.85, 0.95),
)


TARGETS = {"command": "capchain", "test": "test/parsers/bounded_test",
           **{kind: f"fuzz_{kind}_info" for kind in KINDS}}
COUNTED = ("killed", "fuzzed", "tested", "survived", "stopped")


def units_of(path):
    """What is compiled anew when a subject changes: itself, or all models that include it."""
    if path == HEADER:
        return ["parsers/bounded.c"]
    if path.endswith(".c"):
        return [path]
    objects = os.path.join(BUILD, "clang/obj")
    lists = sorted(glob.glob(os.path.join(objects, "parsers/models/**/*.d"), recursive=True))
    return [str(Path(known).relative_to(objects).with_suffix(".c")) for known in lists
            if path in Path(known).read_text("utf-8").split()]


# ---- making mutants ----

def replacements_of(what, text, given):
    """What may stand in the place of @text: the first with which it compiles is the mutant."""
    if given is not None:
        return (given,)
    if what == "field":
        return NEIGHBOURS[text]
    return (str(int(text) + 1) if what == "off by one" else f"(0 && {text})",)


def code_lines(lines):
    """Numbers of the lines inside function bodies, comments and strings left out."""
    inside = comment = False
    for number, line in enumerate(lines):
        if line.startswith(("{", "}")):
            inside = line[0] == "{"
            continue
        starts = "/*" in line
        if inside and not (comment or starts or '"' in line or line.startswith("#")):
            yield number
        comment = (comment or starts) and "*/" not in line


def mutate_line(line):
    """(what, changed lines) for every change of one line: see replacements_of()."""
    for what, pattern, replacements in RULES:
        for match in re.finditer(pattern, line):
            group = 1 if match.re.groups else 0
            whole = what in ("relation", "logic") or pattern.startswith(r" (\|=)")
            start, end = (match.start(), match.end()) if whole else match.span(group)
            for given in replacements:
                yield what, [line[:start] + text + line[end:]
                             for text in replacements_of(what, match[group], given)]


def function_of(lines, number):
    """The name of the function whose body the line is in."""
    while not lines[number].startswith("{"):
        number -= 1
    while not (found := re.match(r"\w.*?(\w+)\(", lines[number])):
        number -= 1
    return found[1]


class Mutant:
    def __init__(self, path, units, lines, number, what, changes):
        self.path, self.units, self.number, self.what = path, units, number, what
        self.function = function_of(lines, number)
        self.original, self.before, self.changes = lines, lines[number], changes
        self.after, self.state, self.by = changes[0], None, ""

    def source(self):
        return "\n".join([*self.original[:self.number], self.after, *self.original[self.number + 1:]])

    def key(self):
        return self.path, self.function, self.before.strip(), self.after.strip()

    def diff(self):
        return "\n".join(difflib.unified_diff(self.original, self.source().split("\n"), f"a/{self.path}",
                                              f"b/{self.path}", n=2, lineterm="")) + "\n"


def mutants_of(path):
    lines = Path(ROOT, path).read_text("utf-8").split("\n")
    made, units = {}, units_of(path)
    for number in code_lines(lines):
        for what, changes in mutate_line(lines[number]):
            made.setdefault((number, changes[0]), Mutant(path, units, lines, number, what, changes))
    return list(made.values())


def read_rows(path):
    """The lines of a list, their fields with ` :: ` between."""
    lines = Path(path).read_text("utf-8").splitlines()
    return [line.split(" :: ") for line in lines if line.strip() and not line.startswith("#")]


def set_equivalent(everyone, sources):
    """Marks what is listed; True where the list says nothing that is not so."""
    listed = {tuple(key): reason for *key, reason in read_rows(EQUIVALENT)}
    used, wrong = set(), []
    for mutant in everyone:
        key = mutant.key()
        if key not in listed:
            continue
        used.add(key)
        if mutant.state == "survived":
            mutant.state, mutant.by = "equivalent", listed[key]
        elif mutant.state in COUNTED:
            wrong.append(f"{' :: '.join(key)} is no equivalent: {mutant.state} {mutant.by}")
    wrong += [f"no mutant is {' :: '.join(key)}: take the line out" for key in listed.keys() - used
              if key[0] in sources]
    for line in wrong:
        print(f"mutants.txt: {line}")
    return not wrong


# ---- building them, as the build does ----

@functools.cache
def command(config, target, changed):
    """The words with which make makes a target of build/CONFIG anew when one file has changed."""
    target = f"build/{config}/{target}"
    said = subprocess.run(["make", "-n", "--no-print-directory", "SETUP=0", "-W", changed, target],
                          cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    found = [line for line in said.replace("\\\n", " ").splitlines() if f"-o {target}" in line]
    if not found:
        raise SystemExit(f"mutants: make does not say how it makes {target}")
    return shlex.split(found[-1])


def compiled(tree, config, units, folder):
    """{unit: object}, or None where one does not compile."""
    made = {}
    for unit in units:
        made[unit] = os.path.join(folder, f"{config}-{Path(unit).stem}.o")
        words = [word for word in command(config, f"obj/{unit[:-2]}.o", unit)
                 if word not in ("-MMD", "-MP", "-g", "-gdwarf-4")]
        words[words.index("-o") + 1] = made[unit]
        # Of a mutant that does not compile the reason is the mutant.
        if subprocess.run([*words, "-w"], cwd=tree, stdout=subprocess.DEVNULL, check=False,
                          stderr=None if tree == ROOT else subprocess.DEVNULL).returncode:
            return None
    return made


def link(which, config, made, out):
    own = {f"build/{config}/obj/{unit[:-2]}.o": mutant for unit, mutant in made.items()}
    changed = HEADER_TEST if which == "test" else "fuzz/judge/spec.c"
    words = [own.get(word, word) for word in command(config, TARGETS[which], changed)]
    words[words.index("-o") + 1] = out
    subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def failed_tests(program, corpus):
    """Whether bounded_test ends well, and the names of the tests that fail."""
    status, said = alone.run([program, corpus], seconds=SECONDS)
    return status == 0, re.findall(r"(?m)^\[  FAILED  \] (test_\w+)$", said)


def code_of(path):
    """A digest of an object, which has no debug information, so no lines, in it."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


class Bench:
    """What is done with a mutant. Each thread has a copy of the sources, with one file changed."""

    def __init__(self, options, originals, folder):
        self.options, self.originals, self.folder, self.own = options, originals, folder, threading.local()

    @contextlib.contextmanager
    def tree(self, file):
        """The thread's copy, whose @file is to be changed."""
        if not hasattr(self.own, "tree"):
            self.own.tree = tempfile.mkdtemp(dir=self.folder)
            for name in ("parsers", "fuzz"):
                shutil.copytree(os.path.join(ROOT, name), os.path.join(self.own.tree, name))
        try:
            yield self.own.tree
        finally:
            shutil.copyfile(os.path.join(ROOT, file), os.path.join(self.own.tree, file))

    def weigh(self, mutant):
        """Compiles and replays; fills in its state."""
        with self.tree(mutant.path) as tree:
            program, made = os.path.join(tree, "capchain"), self.first_that_compiles(mutant, tree)
            if not made:
                mutant.state = "error"
            elif all(code_of(made[unit]) == self.originals[unit] for unit in made):
                mutant.state = "same"
            else:
                link("command", "clang", made, program)
                self.replay(mutant, program)
            if mutant.path == HEADER and mutant.state in ("same", "survived"):
                self.test(mutant, tree)
            if mutant.state == "survived" and self.options.execs:
                self.fuzz(mutant, tree, program)

    def first_that_compiles(self, mutant, tree):
        for mutant.after in mutant.changes:
            Path(tree, mutant.path).write_text(mutant.source(), "utf-8")
            made = compiled(tree, "clang", mutant.units, tree)
            if made:
                return made
        return None

    def replay(self, mutant, program):
        """Killed where it failed an input, or a signal ended it at one."""
        status, said = alone.run([program, "replay", CORPUS], seconds=SECONDS_OF_REPLAY)
        failing = re.search(r"(?m)^not ok \d+ - (.*)$", said)
        if failing:
            mutant.state, mutant.by = "killed", failing[1]
        else:
            mutant.state = "survived" if status == 0 else "stopped"

    def test(self, mutant, tree):
        """The parser calls neither vb_find() nor vb_rewind(): bounded_test does, on all of the corpus."""
        made = compiled(tree, "clang", [HEADER_TEST], tree)
        if code_of(made[HEADER_TEST]) == self.originals[HEADER_TEST]:
            return
        program = os.path.join(tree, "bounded_test")
        link("test", "clang", made, program)
        fine, failing = failed_tests(program, CORPUS)
        mutant.state = "survived" if fine else "stopped"
        if failing:
            mutant.state, mutant.by = "killed" if CORPUS_TESTS & set(failing) else "tested", failing[0]

    def plant(self, file, name, before, after):
        """A row's exit status and line: with this in the place of that, a test has to fail by name."""
        config, row = self.options.config, f"{file}: {name}"
        before, after = (part.replace("\\n", "\n").replace("\\t", "\t") for part in (before, after))
        with self.tree(file) as tree:
            path, program = Path(tree, file), os.path.join(tree, "bounded_test")
            text = path.read_text("utf-8")
            if text.count(before) != 1:
                return 2, f"FAIL  {row}: stands {text.count(before)} times in the file: {before!r}"
            path.write_text(text.replace(before, after), "utf-8")
            made = compiled(tree, config, [file if file.endswith(".c") else HEADER_TEST], tree)
            if not made:
                return 2, f"FAIL  {row}: does not compile"
            link("test", config, made, program)
            # That folder has no corpus: the plants are for the inputs that the test makes itself.
            fine, failing = failed_tests(program, tree)
        if fine == bool(failing):
            return 2, f"FAIL  {row}: it ends {'well' if fine else 'badly'}, and no test says so"
        return (0, f"ok    {row}: killed by {failing[0]}") if failing else (1, f"FAIL  {row}: survived")

    def fuzz(self, mutant, tree, program):
        made = compiled(tree, "libfuzzer-fast", mutant.units, tree)
        if not made:
            raise SystemExit(f"mutants: {mutant.path} compiles in one build only")
        for kind in KINDS:
            folder = tempfile.mkdtemp(dir=tree)
            target, corpus = os.path.join(folder, "target"), os.path.join(folder, "corpus")
            os.mkdir(corpus)
            link(kind, "libfuzzer-fast", made, target)
            status, said = alone.run(
                [target, corpus, os.path.join(self.options.seeds, kind), "-seed=1", "-entropic=0",
                 f"-runs={self.options.execs}", "-max_len=4096", f"-artifact_prefix={folder}/"],
                seconds=SECONDS * 10)
            if status is None:
                mutant.state = "stopped"
                return
            broken = re.search(r"broken promise: (\S+)", said)
            inputs = glob.glob(f"{folder}/crash-*") if broken else differ(program, kind, corpus)
            if broken or inputs:
                mutant.state, mutant.by = "fuzzed", broken[1] if broken else f"other verdicts in {kind}"
                self.keep(mutant, kind, inputs)
                return
            shutil.rmtree(folder)

    def keep(self, mutant, kind, inputs):
        """The shortest in OUT/killers, for the corpus."""
        if inputs:
            digest = hashlib.sha256(mutant.after.encode()).hexdigest()[:6]
            name = f"{kind}-{os.path.basename(mutant.path)}-{mutant.number + 1}-{digest}"
            shutil.copy(min(inputs, key=lambda path: (os.path.getsize(path), path)),
                        os.path.join(self.options.out, "killers", name))


def differ(program, kind, corpus):
    """The inputs of which @program says other things than the command without a mutant."""
    ours, theirs = (verdicts(one, kind, corpus) for one in (COMMAND, program))
    return [path for path in ours if ours[path] != theirs.get(path)]


def verdicts(program, kind, corpus):
    if not os.listdir(corpus):
        return {}
    done = subprocess.run([program, "check", "--json", "--kind", kind, corpus], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return {json.loads(line)["file"]: line for line in done.stdout.splitlines() if line.endswith(b"}")}


# ---- all of it ----

def report(options, groups):
    fine, survivors, rows = True, [], []
    for name, made, *floors in groups:
        total = collections.Counter()
        for path in sorted({mutant.path for mutant in made}):
            count = collections.Counter(mutant.state for mutant in made if mutant.path == path)
            total += count
            print(line_of(path, count, options.execs))
        print(line_of(f"all of {name}", total, options.execs), flush=True)
        for what, score, floor in zip(("by the corpus", "with fuzzing"), scores(total), floors):
            if what == "by the corpus" or options.execs:
                fine &= score >= floor
                print(f"{'ok  ' if score >= floor else 'LOW '} {name}, {what}: {score:.3f}, floor {floor:.2f}")
        for mutant in made:
            path, function, before, after = mutant.key()
            rows.append([path, mutant.number + 1, function, mutant.what, mutant.state, mutant.by, before, after])
            if mutant.state in ("survived", "stopped", "error"):
                survivors.append(f"# {mutant.state}\n{mutant.diff()}")
            if mutant.state == "equivalent":
                print(f"  equivalent, {path}:{mutant.number + 1}: {after}: {mutant.by}")
    with open(os.path.join(options.out, "mutants.csv"), "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "line", "function", "operator", "state", "by", "before", "after"],
                                    *rows])
    Path(options.out, "survivors.diff").write_text("\n".join(survivors), "utf-8")
    print(*survivors, sep="\n", end="")
    print(f"{options.out}/mutants.csv has all, {options.out}/survivors.diff what survived")
    return fine and bool(rows)


def counted(count):
    return sum(count[state] for state in COUNTED)


def scores(count):
    """The shares that the corpus kills, and that it or anything else does."""
    of = counted(count) or 1
    return count["killed"] / of, (count["killed"] + count["fuzzed"] + count["tested"]) / of


def line_of(name, count, execs):
    by_corpus, by_all = scores(count)
    fuzzed = f", {100 * by_all:.1f} % with {execs} execs a kind" if execs else ""
    return (f"{name}: {counted(count)} mutants, {100 * by_corpus:.1f} % killed by the corpus"
            f"{fuzzed}; {count['stopped']} stopped, {count['survived']} survived; "
            f"{count['same']} same code, {count['equivalent']} equivalent, {count['error']} do not compile")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="mutants.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--execs", type=int, default=200_000, metavar="N",
        help="of each kind, for each survivor; 0: none (200000)")
    add("--only", default=".", metavar="REGEX", help="only files with such a name")
    add("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="(CPUs)")
    add("--plants", action="store_true", help="the lines of plants.txt, and nothing else")
    add("--config", default="clang", metavar="NAME", help="the build of --plants, clang or gcc (clang)")
    add("--out", default=os.path.join(BUILD, "mutants"), metavar="DIR", help="(build/mutants)")
    options = parser.parse_args(arguments)
    try:
        re.compile(options.only)
    except re.error as wrong:
        parser.error(f"--only {options.only}: no regular expression: {wrong}")
    return options


def plant_all(options, folder):
    program = os.path.join(BUILD, options.config, TARGETS["test"])
    if not os.access(program, os.X_OK) or not failed_tests(program, folder)[0]:
        print(f"mutants: {program} fails without a plant: build or mend it first", file=sys.stderr)
        return 3
    bench, statuses = Bench(options, {}, folder), []
    with ThreadPoolExecutor(options.jobs) as pool:
        for status, line in pool.map(lambda row: bench.plant(*row), read_rows(PLANTS)):
            statuses.append(status)
            print(line, flush=True)
    print(f"{statuses.count(0)} passed, {len(statuses) - statuses.count(0)} failed")
    return max(statuses, default=1)


def analyse(options, folder):
    shutil.rmtree(os.path.join(options.out, "killers"), ignore_errors=True)
    os.makedirs(os.path.join(options.out, "killers"))
    sources = {path for _, paths, *_ in GROUPS for path in paths if re.search(options.only, path)}
    groups = [(name, [mutant for path in paths if path in sources for mutant in mutants_of(path)], *floors)
              for name, paths, *floors in GROUPS if sources & set(paths)]
    everyone = [mutant for _, made, *_ in groups for mutant in made]
    if not everyone:
        print("mutants: no file has such a name", file=sys.stderr)
        return 2
    options.seeds = os.path.join(folder, "seeds")
    seeds.prepared(options.seeds, KINDS, COMMAND, CORPUS)
    units = sorted({unit for mutant in everyone for unit in mutant.units} | {HEADER_TEST})
    made = compiled(ROOT, "clang", units, folder)
    if not made:
        raise SystemExit("mutants: without a mutant it does not compile")
    if alone.run([COMMAND, "replay", CORPUS], seconds=SECONDS)[0] != 0:
        print("mutants: without a mutant the replay of the corpus fails, so it can kill none", file=sys.stderr)
        return 3
    bench = Bench(options, {unit: code_of(out) for unit, out in made.items()}, folder)
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(bench.weigh, everyone))
    fine = set_equivalent(everyone, sources)
    return 0 if report(options, groups) and fine else 1


def main(arguments):
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        return (plant_all if options.plants else analyse)(options, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
