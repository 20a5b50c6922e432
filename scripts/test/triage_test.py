#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests triage as its users meet it: `capchain shrink`, `capchain emit`, and that a finding has one
name whoever found it.

CAPCHAIN names the command, build/clang/capchain by default; beside it are triage/capchain and, of
the engines that were built, triage/fuzz_region_info, which carry the parsers of
fuzz/triage/emit_faulty.c. Every emitted program is compiled by cc with and without AddressSanitizer, and
a fault and an answer of each parser by clang at -O2 too; JOBS= says how many at once.
"""

import collections
import concurrent.futures
import glob
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True
os.environ.setdefault("CAPCHAIN", f"{sys.path[0]}/../build/clang/capchain")

from gen import compilers  # noqa: E402
from fuzz.engine_afl import UNATTENDED  # noqa: E402
from test.tools import CAPCHAIN, CORPUS, Case, run, run_tests  # noqa: E402

OF_CONFIG = os.path.dirname(CAPCHAIN)
BUILD = os.path.dirname(OF_CONFIG)
FAULTY = os.path.join(OF_CONFIG, "triage", "capchain")
JOBS = int(os.environ.get("JOBS") or os.cpu_count())
ASAN = "-fsanitize=address"
# clang links AddressSanitizer whole, and GNU ld takes twice as long for that.
LLD = ("-fuse-ld=lld",) if shutil.which("ld.lld") else ()
WARNINGS = ("-Wall", "-Wextra", "-Werror")

# How a program ends, by verdict and by class: what `capchain emit --help` says, said again.
FAULTS = {"oob": 20, "stale": 21, "runaway": 22, "wrote": 23, "crash": 24}
CLASSES = {"wrong-caps": 10, "wrong-payload": 11, "rejects-valid": 12, "accepts-malformed": 13,
           "absent-for-unreadable": 14, "wrong-refusal": 15}

# What the faulty parsers do wrong, and the text that has each of them do it.
MARKED = "info: {flags: 0x80000008, argsz: %d}\n"
FAULTY_TEXTS = (
    "kind: region\ncaps: [{id: TYPE, version: 9}]\n",
    "kind: iommu\ncaps: [{id: MIGRATION, version: 9}, {id: DMA_AVAIL}]\n",
    "kind: region\ncaps: [{at: 33, id: TYPE, type: 1}]\n",
    "kind: region\nlen: 40\n" + MARKED % 48 + "caps: [{id: TYPE}]\n",
    "kind: region\nlen: 64\n" + MARKED % 48 + "caps: [{id: TYPE}]\n")
FAULTY_BUCKETS = {
    "faulty-below:oob:fault:newer-version", "faulty-caps:ok:wrong-caps:misaligned",
    "faulty-crash:crash:fault:newer-version", "faulty-deliver:runaway:fault:newer-version",
    "faulty-fixed:oob:fault:newer-version", "faulty-payload:ok:wrong-payload:misaligned",
    "faulty-refusal:reject:wrong-refusal:truncated",
    "faulty-scratch:wrote:fault:newer-version", "faulty-scratch-load:oob:fault:newer-version",
    "faulty-spin:runaway:fault:newer-version", "faulty-stale:stale:fault:ok",
    "faulty-wrote:wrote:fault:newer-version"}


def reports(command, *paths, fetch=False):
    """Of every buffer under @paths, and with @fetch of every conversation, which emit does not take."""
    found = [json.loads(line) for line in run(command, "check", "--json", *paths).stdout.splitlines()]
    return [report for report in found if fetch or report["kind"] != "fetch"]


def buckets(report):
    return [differs["bucket"] for differs in report["disagreements"]]


def witnesses(command, *paths, fetch=False):
    """Of every bucket under @paths its shortest input: {bucket: (file, kind)}."""
    found = {}
    for report in sorted(reports(command, *paths, fetch=fetch), key=lambda report: report["len"]):
        for bucket in buckets(report):
            found.setdefault(bucket, (report["file"], report["kind"]))
    return found


def expected(bucket):
    """The status of a program that shows @bucket."""
    verdict, differs = bucket.split(":")[1:3]
    return FAULTS[verdict] if differs == "fault" else CLASSES[differs]


class Triage(Case):
    def works(self, *args):
        done = run(*args)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def fails(self, status, *args, says, **options):
        done = run(*args, **options)
        self.assertEqual(done.returncode, status, (args, done.stderr))
        self.assertRegex(done.stderr, r"\Acapchain[^\n]*: [^\n]+\n\Z")
        self.assertRegex(done.stderr, says)

    def faulty(self):
        """A folder with the text that has every faulty parser do wrong."""
        if not os.path.exists(FAULTY):
            self.fail(f"{FAULTY} is not built")
        for i, text in enumerate(FAULTY_TEXTS):
            self.write(f"faulty/{i}.yaml", text)
        return self.path("faulty")

    def everywhere(self, work, items):
        """@work of every item, side by side; the failures as one."""
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            failures = [failure for failure in pool.map(work, items) if failure]
        self.assertEqual(failures, [], "\n".join(failures))


class Shrink(Triage):
    def test_the_worst_leads(self):
        """Not the first by name: of what a buffer shows, the worst."""
        worst, several = ("wrote", "oob", "crash", "runaway", "stale"), 0
        for name in sorted(os.listdir(os.path.join(CORPUS, "regressions")))[::20]:
            path = os.path.join(CORPUS, "regressions", name)
            found = json.loads(run(CAPCHAIN, "check", "--json", path).stdout)
            if found["kind"] == "fetch":
                continue
            ranks = [(("broken" not in one) + ("broken" not in one and "excused" not in one),
                      worst.index(verdict) if verdict in worst else
                      len(worst) + (one["class"] in ("rejects-valid", "wrong-refusal")))
                     for one in found["disagreements"] for verdict in (one["bucket"].split(":")[1],)]
            if len(set(ranks)) < 2:
                continue
            several += 1
            kept = run(CAPCHAIN, "shrink", path, "-o", self.path("kept.yaml")).stdout.split("keeps ")[1].split()[0]
            at, = [i for i, one in enumerate(found["disagreements"]) if one["bucket"] == kept]
            self.assertEqual(ranks[at], min(ranks), path)
        self.assertGreater(several, 5)

    def shrink(self, command, path, *options, out="out.yaml"):
        return self.works(command, "shrink", path, "-o", self.path(out), *options)

    def test_corpus(self):
        """By default the leading bucket of every input leads in its result, which shrinks to itself."""
        inputs = reports(CAPCHAIN, CORPUS, fetch=True)
        self.assertGreater(len(inputs), 100)

        def shrink(item):
            i, report = item
            said = self.shrink(CAPCHAIN, report["file"], out=f"{i}.bin")
            self.shrink(CAPCHAIN, self.path(f"{i}.bin"), "--kind", report["kind"], out=f"{i}.again")
            return said

        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            told = list(pool.map(shrink, enumerate(inputs)))
        shrunk = {}
        for kind in {report["kind"] for report in inputs}:
            made = [self.path(f"{i}.bin") for i, report in enumerate(inputs) if report["kind"] == kind]
            shrunk.update({report["file"]: report for report in reports_of_kind(CAPCHAIN, kind, *made)})

        def wrong(i, report, said):
            again = shrunk[self.path(f"{i}.bin")]
            kept = re.search(r"keeps (\S+:\S+)", said)
            if kept and kept[1] not in buckets(again):
                return f"{report['file']}: {kept[1]} is not in the result"
            if not kept and verdicts(again) != verdicts(report):
                return f"{report['file']}: other verdicts"
            if bool(kept) != bool(buckets(report)) or again["len"] > report["len"]:
                return f"{report['file']}: {said}"
            if self.read(self.path(f"{i}.bin")) != self.read(self.path(f"{i}.again")):
                return f"{report['file']}: its result shrinks further"
            return None

        found = [wrong(i, report, said) for i, (report, said) in enumerate(zip(inputs, told))]
        self.assertEqual([line for line in found if line], [])

    def hold_buckets(self, command, found):
        def one(item):
            i, (bucket, (file, kind)) = item
            options = ("--kind", kind, "--bucket", bucket)
            self.shrink(command, file, *options, out=f"{i}.bin")
            self.shrink(command, file, *options, out=f"{i}.yaml")
            self.shrink(command, self.path(f"{i}.bin"), *options, out=f"{i}.again")
            text = self.read(self.path(f"{i}.yaml")).decode()
            self.works(command, "asm", self.path(f"{i}.yaml"), "-o", self.path(f"{i}.asm"))
            report, = reports_of_kind(command, kind, self.path(f"{i}.bin"))
            if bucket not in buckets(report):
                return f"{bucket} is lost"
            if not text.startswith(f"# {bucket}\nkind: {kind}\n"):
                return f"{bucket}: {text[:80]}"
            if len({self.read(self.path(f"{i}.{end}")) for end in ("bin", "again", "asm")}) != 1:
                return f"{bucket}: bytes, text or a second shrink differ"
            return None

        self.everywhere(one, enumerate(found.items()))
        return set(found)

    def test_every_bucket(self):
        """One of each parser, verdict and class; test_corpus has every input."""
        forms = {}
        for bucket, witness in witnesses(CAPCHAIN, CORPUS, fetch=True).items():
            forms.setdefault(tuple(bucket.split(":")[:3]), (bucket, witness))
        parsers = {bucket.split(":")[0]
                   for bucket in self.hold_buckets(CAPCHAIN, dict(forms.values()))}
        self.assertIn("naive", parsers)
        self.assertIn(("qemu", "runaway", "conversation"), forms)

    def test_every_faulty_bucket(self):
        self.assertLessEqual(FAULTY_BUCKETS, self.hold_buckets(
            FAULTY, witnesses(FAULTY, self.faulty())))

    def test_verdicts(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE}, {id: SPARSE_MMAP, next: 32}]\n")
        before, = reports(CAPCHAIN, text)
        self.assertIn("keeps its set of verdicts", self.shrink(CAPCHAIN, text, "--verdicts"))
        after, = reports(CAPCHAIN, self.path("out.yaml"))
        self.assertEqual(verdicts(after), verdicts(before))
        self.assertLess(after["len"], before["len"])

    def test_names_the_others(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        others = buckets(*reports(CAPCHAIN, text))
        said = self.shrink(CAPCHAIN, text)
        self.assertIn(f"keeps {others[0]}\n", said)
        self.assertEqual(re.findall(r"also there, for --bucket: (\S+)", said), others[1:])
        self.assertRegex(said, r"\d+ bytes to \d+, \d+ buffers judged\n\Z")

    def test_a_broken_promise_leads(self):
        """Before parsers whose name comes first."""
        text = self.write("a.yaml", FAULTY_TEXTS[3])
        found = buckets(*reports(FAULTY, text))
        self.assertFalse(found[0].startswith("faulty-refusal"))
        self.assertIn("keeps faulty-refusal:", self.shrink(FAULTY, text))

    def test_many_capabilities(self):
        """A loop of 8188 capabilities; each judging of it is a fault."""
        data = bytearray(struct.pack("<IIIIQQ", 65536, 8, 0, 32, 0, 0))
        for at in range(32, 65536, 8):
            data += struct.pack("<HHI", 3, 1, at + 8 if at + 8 < 65536 else 32)
        file = self.write("region-long", bytes(data))
        self.shrink(CAPCHAIN, file, "--bucket", "naive:runaway:fault:loop", out="out.bin")
        self.assertEqual(self.read(self.path("out.bin")),
                         struct.pack("<IIIIQQHHI", 40, 8, 0, 32, 0, 0, 3, 1, 32))

    def test_same_in_every_build(self):
        others = [path for config in ("clang", "gcc", "clang-asan", "gcc-asan")
                  for path in glob.glob(os.path.join(BUILD, config, "capchain"))
                  if not os.path.samefile(path, CAPCHAIN)]
        files = sorted({file for file, _ in witnesses(CAPCHAIN, CORPUS).values()})[:30]
        talks = glob.glob(os.path.join(CORPUS, "regressions", "fetch-*"))
        for file in sorted(talks)[::5]:
            self.shrink(CAPCHAIN, file, out="a")
            for other in others:
                self.shrink(other, file, out="b")
                self.assertEqual(self.read(self.path("a")), self.read(self.path("b")), (file, other))
        for file in files:
            self.shrink(CAPCHAIN, file, out="a")
            source = self.works(CAPCHAIN, "emit", file)
            for other in others:
                self.shrink(other, file, out="b")
                self.assertEqual(self.read(self.path("a")), self.read(self.path("b")), (file, other))
                self.assertEqual(source, self.works(other, "emit", file), (file, other))

    def test_standard_output(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        self.shrink(CAPCHAIN, text, out="b")
        done = run(CAPCHAIN, "shrink", text, "-o", "-", text=False, errors=None)
        self.assertEqual((done.returncode, done.stdout), (0, self.read(self.path("b"))))
        self.assertIn(b"buffers judged", done.stderr)

    def test_out_is_file(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        self.works(CAPCHAIN, "shrink", text, "-o", text)
        self.assertIn("len: 40", self.read(text).decode())

    def test_what_cannot_be(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        out = self.write("out", "what was there")
        plain = self.write("b.yaml", "kind: region\n")
        self.fails(2, CAPCHAIN, "shrink", text, "-o", out, "--bucket", "naive:ok::ok",
                   says="no bucket naive:ok::ok; it has .*naive:runaway:fault:loop")
        self.fails(2, CAPCHAIN, "shrink", plain, "-o", out, "--bucket", "naive:oob:fault:loop",
                   says="no parser disagrees")
        self.fails(2, CAPCHAIN, "shrink", self.path("none"), "-o", out, says="none: No such file")
        self.fails(2, CAPCHAIN, "shrink", self.write("buffer", b"1"), "-o", out, says="of which kind")
        self.fails(2, CAPCHAIN, "shrink", self.write("region-x", bytes(65537)), "-o", out,
                   says="longer than")
        self.assertEqual(self.read(out), b"what was there")
        for args in (("shrink", text), ("shrink", text, "-o", out, "--bucket", "a", "--verdicts"),
                     ("shrink", text, text, "-o", out), ("shrink", "-o", out)):
            done = run(CAPCHAIN, *args)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"\Acapchain shrink: [^\n]+\nTry ")
        self.assertEqual(self.read(out), b"what was there")

    def unwritable(self, verb):
        """No room, no right, no folder: what was there stays, and nothing is left behind."""
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        self.write("closed/out", "what was there")
        os.chmod(self.path("closed"), 0o555)
        os.chmod(self.path("closed/out"), 0o444)
        nobody = shutil.copy(CAPCHAIN, self.path("capchain"))
        os.chmod(nobody, 0o755)
        self.fails(5, nobody, verb, text, "-o", self.path("closed/out"), says="Permission denied",
                   preexec_fn=self.as_nobody())
        self.assertEqual(os.listdir(self.path("closed")), ["out"])
        self.assertEqual(self.read(self.path("closed/out")), b"what was there")
        for out in (self.path("none/out"), self.dir):
            self.fails(5, CAPCHAIN, verb, text, "-o", out, says="cannot write")
        with open("/dev/full", "wb") as device:
            done = subprocess.run([CAPCHAIN, verb, text, "-o", "-"], stdout=device,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"cannot write", done.stderr)

    def test_unwritable(self):
        self.unwritable("shrink")
        shutil.rmtree(self.path("closed"))
        self.unwritable("emit")

    def test_full_disk(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        os.mkdir(self.path("full"))
        mounted = run("mount", "-t", "tmpfs", "-o", "size=8k", "none", self.path("full"))
        if mounted.returncode:
            self.skipTest(f"no small disk to fill: {' '.join(mounted.stderr.split())}")
        self.addCleanup(run, "umount", "-l", self.path("full"))
        self.write("full/out", "what was there")
        with open(self.path("full/rest"), "wb", buffering=0) as rest:
            with self.assertRaises(OSError):
                while rest.write(bytes(4096)):
                    pass
        for verb in ("shrink", "emit"):
            self.fails(5, CAPCHAIN, verb, text, "-o", self.path("full/out"),
                       says="cannot write .*: No space left")
        self.assertEqual(sorted(os.listdir(self.path("full"))), ["out", "rest"])
        self.assertEqual(self.read(self.path("full/out")), b"what was there")


def reports_of_kind(command, kind, *paths):
    return [json.loads(line) for line in
            run(command, "check", "--json", "--kind", kind, *paths).stdout.splitlines()]


def verdicts(report):
    differs = {each["parser"]: each["class"] for each in report["disagreements"]}
    return [(parser["name"], parser["verdict"], parser.get("reason"), differs.get(parser["name"]))
            for parser in report["parsers"]]


class Emit(Triage):
    def compile(self, source, name, *flags, compiler=None):
        program = self.path(name)
        compiler = compiler or compilers.any_c()
        done = run(*compiler, *WARNINGS, *flags, source, "-o", program)
        self.assertEqual((done.returncode, done.stderr), (0, ""), (source, compiler, flags))
        return program

    def emit(self, command, bucket, file, kind, name):
        source = self.path(f"{name}.c")
        of_text = () if file.endswith(".yaml") else ("--kind", kind)
        self.works(command, "emit", file, *of_text, "--parser", bucket.split(":")[0], "-o", source)
        return source

    def outcome(self, program):
        done = run(program)
        if "ERROR: AddressSanitizer" in done.stderr:
            return "asan", done
        return done.returncode, done

    def hold(self, bucket, program, sanitized):
        """What is wrong with how @program ends, and whether AddressSanitizer ended it."""
        got, done = self.outcome(program)
        verdict = bucket.split(":")[1]
        if sanitized and got == "asan" and verdict in ("oob", "wrote"):
            return None, done.returncode == 1
        if got != expected(bucket):
            return f"{bucket}: {got}, want {expected(bucket)}: {done.stdout}{done.stderr[:400]}", False
        words = bucket.split(":")[2] if verdict not in FAULTS else verdict
        if f"exit status {got}: {words}\n" not in done.stdout:
            return f"{bucket}: {done.stdout}", False
        # Loads are what is counted; processor time is for machines that cannot step.
        if "seconds" in done.stdout and os.uname().machine in ("x86_64", "i686"):
            return f"{bucket}: {done.stdout}", False
        return None, False

    def hold_buckets(self, command, *paths, families=("clang",)):
        """Compiles and runs every emitted form that the buckets under @paths have."""
        found, seen, builds = witnesses(command, *paths), set(), []
        # A form is a parser, what became of its walk, and how that differs: not the cause.
        forms = {}
        for bucket in sorted(found):
            forms.setdefault(tuple(bucket.split(":")[:3]), bucket)
        for i, (bucket, (file, kind)) in enumerate((bucket, found[bucket])
                                                   for bucket in forms.values()):
            source = self.emit(command, bucket, file, kind, i)
            builds += [(bucket, source, None, ()), (bucket, source, None, (ASAN,))]
            parser, _, differs = bucket.split(":")[:3]
            if (parser, differs == "fault") not in seen:
                seen.add((parser, differs == "fault"))
                builds += [(bucket, source, compilers.c_of(family), ("-O2", *flags)) for family in families
                           if compilers.has(family)
                           for flags in ((), (ASAN, *(LLD if family == "clang" else ())))]
        asan = collections.Counter()

        def one(item):
            i, (bucket, source, compiler, flags) = item
            program = self.compile(source, f"{i}.out", *flags, compiler=compiler)
            wrong, reported = self.hold(bucket, program, ASAN in flags)
            os.unlink(program)
            if ASAN in flags and bucket.split(":")[1] == "oob":
                asan[reported] += 1
            return f"{compiler} {flags}: {wrong}" if wrong else None

        self.everywhere(one, enumerate(builds))
        print(f"{len(found)} buckets, {len(forms)} forms, {len(builds)} programs; AddressSanitizer reported "
              f"{asan[True]} of {asan[True] + asan[False]} oob ones")
        # Where it sees none, the buffer is not where it looks.
        self.assertGreater(asan[True], asan[False])
        return set(found)

    def test_corpus(self):
        found = self.hold_buckets(CAPCHAIN, CORPUS)
        self.assertGreater(len(found), 20)
        for part, wanted in ((1, ("oob", "runaway")),
                             (2, ("accepts-malformed", "absent-for-unreadable", "rejects-valid"))):
            self.assertLessEqual(set(wanted), {bucket.split(":")[part] for bucket in found})

    def test_faulty(self):
        self.assertLessEqual(FAULTY_BUCKETS, self.hold_buckets(
            FAULTY, self.faulty(), families=("clang", "gcc")))

    def test_every_fault_and_class(self):
        """Between them, corpus and faulty parsers show every status that there is."""
        shown = {expected(bucket) for bucket in
                 [*witnesses(CAPCHAIN, CORPUS), *FAULTY_BUCKETS]}
        self.assertEqual(shown, {*FAULTS.values(), *CLASSES.values()})
        told = self.works(CAPCHAIN, "emit", "--help")
        for words, status in {**FAULTS, **CLASSES}.items():
            self.assertRegex(told, rf"(?m)^ +{status}  {words}$")

    def test_every_parser(self):
        """Each registered parser can be emitted, also where it agrees, which is status 0."""
        parsers = [thing for thing in map(json.loads, self.works(CAPCHAIN, "list", "--json")
                                          .splitlines())
                   if "parser" in thing and thing["everywhere"]]

        def one(parser):
            kind = sorted(parser["kinds"])[0]
            name = parser["parser"]
            text = self.write(f"{name}.yaml", f"kind: {kind}\n")
            report, = reports(CAPCHAIN, text)
            want = [expected(bucket) for bucket in buckets(report) if bucket.startswith(name + ":")]
            source = self.emit(CAPCHAIN, f"{name}:", text, kind, name)
            got, done = self.outcome(self.compile(source, f"{name}.out"))
            own = name == "bounded"
            with open(source, encoding="utf-8") as file:
                first = file.readline()
            if own == first.startswith("/* MODEL ONLY"):
                return f"{name}: {first}"
            return None if [got] == (want or [0]) else f"{name}: {done.stdout}"

        self.everywhere(one, parsers)

    def change(self, source, before, after):
        text = Path(source).read_text("utf-8")
        self.assertEqual(text.count(before), 1, before)
        Path(source).write_text(text.replace(before, after), "utf-8")

    def test_the_walk_decides(self):
        """The status is the walk's doing: another walk in its place ends otherwise."""
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        call = "return naive_parser.read(walk, info, len, INFO_REGION);"
        unused = "(void)walk, (void)info, (void)len;\n\t"
        one_cap = ("const struct info_cap cap = {.offset = 32, .id = 2, .version = 1, .decoded = "
                   "true};\n\t" + unused + "walk_deliver(walk, &cap);\n\t")
        for i, (walk, status) in enumerate((
                (call, 22), (unused + 'return answer_reject("loop");', 0),
                (unused + "return answer(VERDICT_OK);", 13),
                (unused + "return answer(VERDICT_ABSENT);", 14),
                (unused + "return answer(((const volatile uint8_t *)info)[len] ? VERDICT_OK : "
                          "VERDICT_ABSENT);", 20),
                (unused + "*(volatile uint8_t *)(uintptr_t)info = 1; return answer(VERDICT_OK);",
                 23),
                (unused + "__builtin_trap();", 24))):
            source = self.emit(CAPCHAIN, "naive:", text, "region", f"walk{i}")
            self.change(source, call, walk)
            got, done = self.outcome(self.compile(source, f"walk{i}.out"))
            self.assertEqual(got, status, (walk, done.stdout))
        plain = self.write("b.yaml", "kind: region\ncaps: [{id: TYPE}]\n")
        for i, (walk, status) in enumerate((
                (call, 0), (unused + "return answer(VERDICT_OK);", 10),
                (one_cap + "return answer(VERDICT_OK);", 0),
                (one_cap.replace("true", "true, .field = {1}") + "return answer(VERDICT_OK);", 11),
                (one_cap.replace("= 2", "= 3") + "return answer(VERDICT_OK);", 10),
                (unused + 'return answer_reject("no");', 12))):
            source = self.emit(CAPCHAIN, "naive:", plain, "region", f"plain{i}")
            self.change(source, call, walk)
            got, done = self.outcome(self.compile(source, f"plain{i}.out"))
            self.assertEqual(got, status, (walk, done.stdout))

    def test_stands_alone(self):
        """No file of the project is needed, and the same input gives the same file."""
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        first = self.works(CAPCHAIN, "emit", text)
        self.assertEqual(first, self.works(CAPCHAIN, "emit", text))
        self.assertNotRegex(first, r'#\s*include\s*"')
        source = self.write("alone/a.c", first)
        self.assertEqual(run(*compilers.any_c(), source, "-o", self.path("a.out"), cwd="/").returncode, 0)
        self.assertTrue(all(len(line.expandtabs(8)) <= 120 for line in first.splitlines()
                            if self.dir not in line))

    def test_odd_names(self):
        for name in ("odd*/region-a", "region-two\nlines", "region-\\"):
            file = self.write(name, struct.pack("<IIIIQQHHI", 40, 8, 0, 32, 0, 0, 3, 1, 32))
            source = self.path("odd.c")
            self.works(CAPCHAIN, "emit", file, "-o", source)
            got, _ = self.outcome(self.compile(source, "odd.out"))
            self.assertEqual(got, 22)

    def test_no_bytes_and_most(self):
        for size in (0, 1, 3, 65536):
            file = self.write(f"region-{size}", bytes(size))
            source = self.emit(CAPCHAIN, "naive:", file, "region", f"size{size}")
            for flags in ((), (ASAN,)):
                got, done = self.outcome(self.compile(source, "size.out", *flags))
                # An argsz of 0 says short-argsz, which is absent to a reader that trusts.
                self.assertEqual(got, 14 if size > 3 else 20 if not flags else "asan",
                                 done.stdout)

    def test_no_address_space(self):
        text = self.write("a.yaml", "kind: region\ncaps: [{id: TYPE, next: 32}]\n")
        program = self.compile(self.emit(CAPCHAIN, "naive:", text, "region", "a"), "a.out")
        done = run(program, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS,
                                                                  (1 << 30, 1 << 30)))
        self.assertEqual(done.returncode, 2)
        self.assertIn("ulimit -v", done.stderr)

    def test_what_cannot_be(self):
        plain = self.write("b.yaml", "kind: region\n")
        self.fails(2, CAPCHAIN, "emit", plain, says="no parser disagrees.*--parser")
        self.fails(2, CAPCHAIN, "emit", plain, "--parser", "nobody", says="nobody: no such parser")
        self.fails(2, CAPCHAIN, "emit", plain, "--parser", "ksft-vfio", says="ksft-vfio does not read")
        self.fails(2, CAPCHAIN, "emit", self.path("none.yaml"), says="none.yaml: No such file")
        self.fails(2, CAPCHAIN, "emit", self.write("fetch-a", b"\1\40\0\2\10\0\0"),
                   says="fetch-a: a conversation; emit works on one INFO buffer: take one of its replies")
        for args in (("emit",), ("emit", plain, plain), ("emit", "--kind", "fetch", plain)):
            done = run(CAPCHAIN, *args)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"\Acapchain emit: [^\n]+\nTry ")


class Engines(Triage):
    """The same finding has the same bucket, from every engine and from replay."""

    BUCKET = "faulty-refusal:reject:wrong-refusal:truncated"
    # Whole it is plain; any truncation of it is refused wrongly.
    WHOLE = struct.pack("<IIIIQQ", 48, 0x80000008, 0, 32, 0, 0) + struct.pack("<HHIII", 2, 1, 0, 0, 0)
    CUT = WHOLE[:40]

    def target(self, config):
        path = os.path.join(BUILD, config, "triage", "fuzz_region_info")
        if not os.path.exists(path):
            self.skipTest(f"{path} is not built")
        return path

    def judge(self, config, path, **environment):
        findings = self.path(f"findings-{config}")
        done = run(self.target(config), path,
                   env={**os.environ, "CAPCHAIN_FINDINGS": findings, **environment})
        kept = sorted(glob.glob(os.path.join(findings, "broken", "*")))
        return done, kept

    def hold_stop(self, done, kept, data):
        """It stopped, named the bucket as engines group by it, and kept @data."""
        self.assertNotEqual(done.returncode, 0)
        for line in (f"capchain: broken promise: {self.BUCKET}", f"Assertion failure: {self.BUCKET}",
                     f"DEDUP_TOKEN: {self.BUCKET}"):
            self.assertIn(line + "\n", done.stderr)
        self.assertEqual([os.path.basename(path) for path in kept],
                         ["region-" + self.BUCKET.replace(":", "_")])
        self.assertEqual(self.read(kept[0]), data)
        report, = reports_of_kind(FAULTY, "region", kept[0])
        self.assertEqual([bucket for bucket in buckets(report) if "wrong-refusal" in bucket],
                         [self.BUCKET])

    def test_same_bucket(self):
        file = self.write("region-cut", self.CUT)
        self.assertIn(self.BUCKET, run(FAULTY, "check", file).stdout)
        os.mkdir(self.path("expect"))
        self.assertEqual(run(FAULTY, "bless", self.dir).returncode, 0)
        replayed = run(FAULTY, "replay", file)
        self.assertEqual(replayed.returncode, 1)
        self.assertIn(self.BUCKET, replayed.stdout + replayed.stderr)
        for config in ("libfuzzer", "libfuzzer-fast", "afl", os.path.basename(OF_CONFIG)):
            with self.subTest(config=config):
                self.hold_stop(*self.judge(config, file), self.CUT)

    def test_truncation(self):
        """A finding in a truncation is kept as the truncated buffer; whole, nothing is wrong."""
        file = self.write("region-whole", self.WHOLE)
        for config in ("libfuzzer", os.path.basename(OF_CONFIG)):
            with self.subTest(config=config):
                done, kept = self.judge(config, file)
                self.assertEqual((done.returncode, kept), (0, []), done.stderr)
                self.hold_stop(*self.judge(config, file, CAPCHAIN_TRUNCATE="1"), self.WHOLE[:-1])
        with self.subTest(config="afl"):
            self.hold_stop(*self.judge("afl", file, CAPCHAIN_TRUNCATE="1"), self.WHOLE[:-1])

    def test_witnesses_of_truncations(self):
        """So is the witness of each set of verdicts that shows in a truncation alone."""
        whole = self.WHOLE[:4] + struct.pack("<I", 8) + self.WHOLE[8:]
        file = self.write("region-whole", whole)
        done, kept = self.judge("afl", file, CAPCHAIN_TRUNCATE="1")
        self.assertEqual((done.returncode, kept), (0, []), done.stderr)
        kept = [self.read(path) for path in glob.glob(self.path("findings-afl", "sets", "*"))]
        self.assertIn(whole, kept)
        self.assertGreater(len(kept), 1)
        for data in kept:
            self.assertEqual(data, whole[:len(data)])

    def found(self, findings):
        """What an engine left in @findings: each file has the bucket that its name says."""
        kept = sorted(glob.glob(os.path.join(findings, "broken", "*")))
        for path in kept:
            report, = reports_of_kind(FAULTY, "region", path)
            name = os.path.basename(path).removeprefix("region-").replace("_", ":")
            self.assertIn(name, buckets(report))
        return [os.path.basename(path) for path in kept]

    def test_found_by_fuzzing(self):
        """From a seed without a finding, libFuzzer and AFL++ come to one, under the same name."""
        self.write("seeds/plain", self.WHOLE[:4] + struct.pack("<I", 8) + self.WHOLE[8:])
        libfuzzer, afl = self.target("libfuzzer"), self.target("afl")
        done = run(libfuzzer, "-seed=1", "-runs=5000000", "-max_len=64", "-entropic=0",
                   f"-artifact_prefix={self.dir}/", self.path("seeds"),
                   env={**os.environ, "CAPCHAIN_FINDINGS": self.path("l"), "CAPCHAIN_TRUNCATE": "1"})
        token = re.search(r"(?m)^DEDUP_TOKEN: (.*)$", done.stderr)
        self.assertIsNotNone(token, done.stderr[-800:])
        by_libfuzzer = self.found(self.path("l"))
        self.assertEqual(by_libfuzzer, ["region-" + token[1].replace(":", "_")])
        if not shutil.which("afl-fuzz"):
            self.skipTest("no afl-fuzz")
        done = run("afl-fuzz", "-s", "1", "-i", self.path("seeds"), "-o", self.path("o"),
                   "-E", "2000000", "-t", "5000", "--", afl,
                   env={**os.environ, **UNATTENDED, "CAPCHAIN_FINDINGS": self.path("a"),
                        "AFL_BENCH_UNTIL_CRASH": "1"})
        by_afl = self.found(self.path("a"))
        self.assertTrue(by_afl, done.stdout[-800:])
        crash = glob.glob(self.path("o", "default", "crashes", "id:*"))[0]
        # What AFL++ saved is what it ran; replayed, it has the bucket that was kept.
        replayed = run(afl, crash)
        token = re.search(r"(?m)^DEDUP_TOKEN: (.*)$", replayed.stderr)
        self.assertIn("region-" + token[1].replace(":", "_"), by_afl)


if __name__ == "__main__":
    run_tests()
