#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests the command `capchain` as its users meet it: exit statuses, error lines, JSON, TAP.

CAPCHAIN names the binary, build/capchain by default. Every run is held to two things besides what
its test asks: no sanitizer's output, and an error is one line that names what it is about.
"""

import fcntl
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, CAPTURED, CORPUS, NOBODY, REPORT, Case, run_tests, text_of  # noqa: E402

# Each verb, and the statuses besides 0 that it may end with.
VERBS = {"check": "12345", "explain": "2345", "asm": "25", "dis": "25", "replay": "1245",
         "bless": "245", "exhaust": "1245", "list": "45", "shrink": "245", "emit": "245", "run": "1235"}
SANDBOXED = ("check", "explain", "replay", "bless", "list", "exhaust --caps 0")

TYPE, MSIX, SPARSE = 2, 3, 1
REGION = b"kind: region\n"


def cap(cap_id, version, following, payload=b""):
    return struct.pack("<HHI", cap_id, version, following) + payload


def region(caps=b"", argsz=None, flags=8, first=32):
    size = 32 + len(caps)
    return struct.pack("<IIIIQQ", size if argsz is None else argsz, flags, 0, first, 0, 0) + caps


PLAIN = region(cap(TYPE, 1, 48, b"\1\0\0\0\2\0\0\0") + cap(MSIX, 1, 0))
ODD = region(cap(TYPE, 2, 0, bytes(8)))
CUT = region(cap(TYPE, 1, 64, bytes(8)), argsz=96)
LOOP = region(cap(TYPE, 1, 32, bytes(8)))
EXCUSED = struct.pack("<IIQI", 32, 2, 0, 20) + cap(3, 1, 0, bytes(4))
# One of each kind of error: fuzz/text/text_test.c has each whole line.
BAD_YAML = (
    (b"", "want one document"), (b"\xff\xfe\0", "not text"), (b"kind: region\nfoo: 1\n", "foo"),
    (b"kind: region\n\tlen: 3\n", "not YAML"), (b"{" * 4000, "nested"), (LOOP, ""),
    (b"kind: device\ncaps: [{id: TYPE}]\n", "ZPCI_BASE"), (b"len: 3\n", "kind"),
    (b"kind: fetch\nfirst: 65536\n", "too big"),
    (b"kind: fetch\nfirst: 1\nreplies: [{len: 1, size: 2}]\n", "unknown key size"))


class Cli(Case):
    """A command is the words behind `capchain`, or a line of them; it runs in the folder of the test."""

    binary = CAPCHAIN

    def run_it(self, command, before=None, stdout=subprocess.PIPE):
        """Exit status, stdout and stderr of one run; @before is done in the child."""
        words = shlex.split(command) if isinstance(command, str) else command
        made = subprocess.run([self.binary, *words], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, preexec_fn=before, cwd=self.dir, timeout=60,
                              check=False, text=True, errors="surrogateescape")
        report = REPORT.search(made.stderr)
        if report:
            self.fail(f"{command}: {made.stderr[report.start():][:600]}")
        self.assertGreaterEqual(made.returncode, 0, made.stderr)
        return made.returncode, made.stdout or "", made.stderr

    def works(self, command, **options):
        code, out, errors = self.run_it(command, **options)
        self.assertEqual((code, errors), (0, ""), command)
        return out

    def objects(self, command):
        return [json.loads(line) for line in self.works(command).splitlines()]

    def fails(self, status, command, says, **options):
        """One line that names the program, matches @says and ends where it should."""
        code, out, errors = self.run_it(command, **options)
        self.assertEqual(code, status, f"{command}: {errors}")
        self.assertRegex(errors, r"\Acapchain[^\n]*: [^\n]+\n\Z", command)
        self.assertRegex(errors, says, command)
        return out

    def all_fail(self, *rows, **options):
        for status, command, says in rows:
            with self.subTest(command=command):
                self.fails(status, command, says, **options)

    def misused(self, *rows):
        """Command lines that cannot be: one line, then where help is."""
        for command, says in rows:
            with self.subTest(command=command):
                code, out, errors = self.run_it(command)
                self.assertEqual((code, out), (2, ""))
                verb = command.split()[0]
                self.assertRegex(
                    errors, rf"\Acapchain {verb}: [^\n]+\nTry [^`]*`capchain {verb} --help")
                self.assertRegex(errors.splitlines()[0], says)

    def make_dirs(self, *names, mode=0o777):
        for name in names:
            os.mkdir(self.path(name), mode)

    def as_nobody(self):
        # Where it was built, nobody may have no way to.
        if not os.geteuid():
            self.binary = shutil.copy(CAPCHAIN, self.new_dir())
            os.chmod(self.binary, 0o755)
        return super().as_nobody()


class Usage(Cli):
    def test_help(self):
        for verb, statuses in VERBS.items():
            with self.subTest(verb=verb):
                out = self.works(f"{verb} --help")
                self.assertIn(f"Usage: capchain {verb}", out)
                told = re.search(r"Exit status: (.*?)\.\n", out, re.S)[1]
                told = "".join(re.findall(r"\b[1-9]\b", told))
                self.assertIn(told, (statuses, "2" + statuses))
        for word in ("--help", "-h", "help"):
            out = self.works(word)
            self.assertIn("Exit status", out)
            for verb in VERBS:
                self.assertRegex(out, rf"(?m)^  {verb} ")

    def test_misused(self):
        self.misused(
            *((verb, "which (FILE|PATH|COMMAND)") for verb in VERBS if verb not in ("list", "exhaust")),
            *((f"{verb} --frob", "--frob") for verb in VERBS),
            ("list file", "no argument but `classes`"),
            ("exhaust", "--caps N"),
            ("exhaust --caps 1 file", "no FILE"),
            ("exhaust --caps ''", "--caps"),
            *((f"exhaust {words}", words.split()[1]) for words in (
                "--caps 5", "--caps -1", "--caps x", "--jobs 0", "--jobs 65", "--kind frob")),
            *((f"{verb} --kind frob file", "frob.*device, region, iommu, pci or pcie")
              for verb in ("check", "explain", "dis")),
            ("check --fail-on plain file", "plain.*odd, malformed, or a note"),
            ("explain --color red file", "red.*auto, always or never"),
            ("dis a b", "one FILE"),
            ("asm a b", "one -o OUT for each FILE"))
        self.all_fail((2, "frob", "frob.*--help"), (2, "--frob", "--frob.*--help"))
        code, out, errors = self.run_it("")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("Usage: capchain VERB", errors)

    def test_full_device(self):
        self.write("region-a.bin", PLAIN)
        self.write("a.yaml", REGION)
        self.make_dirs("expect")
        self.works("bless .")
        commands = ("check region-a.bin", "check --json region-a.bin", "explain region-a.bin",
                    "dis region-a.bin", "asm a.yaml -o -", "list", "list --json", "replay .",
                    "exhaust --caps 0", "exhaust --caps 0 --json", "bless .", "--help",
                    *(f"{verb} --help" for verb in VERBS))
        with open("/dev/full", "wb") as full:
            self.all_fail(*((5, command, "cannot write") for command in commands), stdout=full)

    def test_closed_output(self):
        self.write("region-a.bin", PLAIN)
        self.fails(5, "check region-a.bin", "cannot write", before=lambda: os.close(1))
        self.assertEqual(self.read("region-a.bin"), PLAIN)

    def test_address_space(self):
        # AddressSanitizer needs what this takes away; the builds without it show the same.
        if "AddressSanitizer" in self.works("list"):
            return
        self.write("region-a.bin", PLAIN)
        self.make_dirs("expect")
        for verb in SANDBOXED:
            command = verb if verb.startswith(("list", "exhaust")) else f"{verb} region-a.bin"
            self.fails(4, command, "ulimit -v",
                       before=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))

    def test_list(self):
        out = self.works("list")
        things = self.objects("list --json")
        names = [thing["parser"] for thing in things if "parser" in thing]
        self.assertEqual(names, sorted(names))
        for name in names + ["device", "loop", "overlap", "odd", "SPARSE_MMAP", "arena", "unread",
                             "relations: all", "ksft-vfio:reject:rejects-valid:ok of iommu: "]:
            self.assertIn(name, out)
        self.assertEqual(sum("kind" in t and "struct" in t for t in things), 5)
        self.assertEqual([t["note"] for t in things if t.get("odd")],
                         ["flag-without-chain", "misaligned", "newer-version", "version-zero",
                          "duplicate-id", "overlap", "areas-overlap", "no-device", "header-type", "no-express",
                          "reserved-bits", "zero-header", "many-caps"])

    def test_list_classes(self):
        """Whatever check says of the corpus is explained, and RULES.md knows each class."""
        said = self.objects("list classes --json")
        rules, words = text_of("fuzz", "RULES.md"), self.works("list classes")
        for each in said:
            self.assertRegex(words, rf"(?m)^  {each['class']} +{re.escape(each['words'])}$")
            self.assertRegex(each["words"], r"\A[A-Z].*\.\Z")
            self.assertRegex(rules, rf"\b{each['class']}\b")
        of_buffers, known = ({each["class"] for each in said if each["of"] == of}
                             for of in ("buffer", "disagreement"))
        seen = [json.loads(line) for line in self.run_it(f"check --json {CORPUS}")[1].splitlines()]
        self.assertEqual({each["class"] for each in seen}, of_buffers)
        found = {each["class"] for line in seen for each in line["disagreements"]}
        self.assertGreater(len(found), 5)
        self.assertLessEqual(found, known)


class Inputs(Cli):
    def unusable(self, name, says, options=""):
        """No verb that reads one input takes @name."""
        verbs = ["check", "explain", "dis"]
        if name.endswith(".yaml") and not options:
            verbs.append("asm -o out")
        for verb in verbs:
            self.fails(2, f"{verb} {options} {name}", says)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_short(self):
        for name, data in (("region-empty", b""), ("iommu-one", b"\1"), ("device-two", bytes(2))):
            self.write(name, data)
            self.assertIn("reject short-buffer", self.works(f"check {name}"))
            self.assertIn("short-buffer", self.works(f"explain {name}"))
            self.assertIn(f"len: {len(data)}", self.works(f"dis {name}"))

    def test_long(self):
        self.write("region-long", region(bytes(65536 - 32)))
        self.assertIn("65536 bytes", self.works("check region-long"))
        for name, size in (("region-longer", 65537), ("region-huge.bin", 1 << 30), ("huge.yaml", 1 << 30)):
            os.truncate(self.write(name, b""), size)
            start = time.monotonic()
            self.unusable(name, f"{name}: longer than")
            self.assertLess(time.monotonic() - start, 20)

    def test_folders(self):
        self.make_dirs("region-dir", "dir.yaml")
        for name in ("region-dir", "dir.yaml"):
            self.all_fail((2, f"explain {name}", f"{name}: is a folder"),
                          (2, f"dis {name}", f"{name}: is a folder"),
                          (2, f"check {name}", f"no input under .*{name}"))
        self.fails(2, "asm dir.yaml -o out", "dir.yaml: is a folder")

    def test_endless(self):
        """What may have no end is refused at once, not waited for."""
        for name in ("region-pipe", "pipe.yaml", "pipe.c", "pipe.jsonl", "pipe.replies"):
            os.mkfifo(self.path(name))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("region-socket"))
        for name in ("region-zero", "zero.yaml"):
            os.symlink("/dev/zero", self.path(name))
        for name in ("region-pipe", "pipe.yaml", "region-socket", "region-zero", "zero.yaml"):
            self.unusable(name, f"{name}: is a pipe, socket or device.*copy")
            self.all_fail(*((2, f"{verb} {name} -o out", f"{name}: is a pipe")
                            for verb in ("shrink", "emit")))
        self.make_dirs("expect")
        for name in ("region-pipe", "pipe.yaml", "region-socket"):
            self.all_fail((1, f"replay {name}", f"{name}: is a pipe"),
                          (2, f"bless {name}", f"{name}: is a pipe"))
        self.all_fail((2, "check --parser pipe.c .", "pipe.c: is a pipe"),
                      (2, "emit --report pipe.jsonl", "jsonl: is a pipe"),
                      (2, "run --replies pipe.replies -- true", "is a pipe"),
                      (2, "run --iommu pipe.yaml -- true", "is a pipe"))
        for name in ("region-pipe", "pipe.yaml"):
            os.unlink(self.path(name))
        os.mkfifo(self.path("expect", "reference.txt"))
        self.write("region-a", PLAIN)
        self.fails(2, "replay region-a", "reference.txt: is a pipe")

    def test_missing(self):
        for name in ("region-none", "none.yaml"):
            self.unusable(name, f"{name}: No such file")
        self.all_fail(*((2, f"{verb} none", "none: not found") for verb in ("replay", "bless")),
                      # One line stays one line, whatever a file is called.
                      (2, ("check", "region-two\nlines"), "No such file"))

    def test_unreadable(self):
        drop = self.as_nobody()
        for name in ("region-secret", "secret.yaml"):
            self.write(name, PLAIN, 0)
            self.all_fail(*((2, f"{verb} {name}", f"{name}: Permission denied")
                            for verb in ("check", "explain", "dis")), before=drop)
        self.make_dirs("c", "c/expect")
        self.make_dirs("c/closed", mode=0)
        self.addCleanup(os.chmod, self.path("c", "closed"), 0o755)
        self.all_fail(*((2, f"{verb} c", "closed: Permission denied")
                        for verb in ("check", "replay", "bless")), before=drop)

    def test_kinds(self):
        for name, data in (("buffer.bin", PLAIN), ("disk-a", b""), ("a.yaml", REGION)):
            self.write(name, data)
        self.unusable("buffer.bin", "buffer.bin: of which kind.*--kind device, region, iommu or fetch")
        self.assertIn("plain", self.works("check --kind region buffer.bin"))
        self.assertIn("kind: iommu", self.works("dis --kind=iommu buffer.bin"))
        self.unusable("disk-a", "of which kind")
        self.unusable("a.yaml", "a.yaml: is of another kind", "--kind device")
        self.works("check --kind region a.yaml")

    def test_conversations(self):
        script = bytes((1, 32, 0, 2, 8, 32, 0)) + PLAIN[:32]
        file = self.write("fetch-always-8", script)
        self.works(f"dis {file} -o a.yaml")
        self.assertIn("relative: true", self.works(f"dis {file}"))
        self.works("asm a.yaml -o back")
        self.assertEqual(self.read("back"), script)
        report, = self.objects(f"check --json {file}")
        self.assertEqual((report["kind"], report["len"]), ("fetch", len(script)))
        said = {one["name"]: (one["verdict"], one.get("reason")) for one in report["parsers"]}
        self.assertEqual(said["qemu"], ("runaway", "unbounded"))
        self.assertEqual(said["fetch"], ("reject", "unsteady"))
        self.assertIn("qemu:runaway:conversation:unbounded",
                      [one["bucket"] for one in report["disagreements"]])
        self.assertEqual(self.works(f"check --kind fetch --json {file}"),
                         self.works(f"check --json {file}"))
        ladder = self.works(f"explain {file}").split("\nfetch (kernel):")[1].split("\n\n")[0]
        self.assertEqual(ladder.count("it wants more"), 8)
        self.fails(2, f"emit {file} -o o", "one INFO buffer")
        self.assertIn("| fetch | iommu | ok |", self.works("list --fetch"))

    def test_bad_text(self):
        for text, says in BAD_YAML:
            self.write("bad.yaml", text)
            with self.subTest(text=text[:40]):
                self.unusable("bad.yaml", rf"bad\.yaml:\d+:\d+: .*{says}")

    def test_names(self):
        """One that is all ending, and one that is no text."""
        self.write(".yaml", REGION)
        self.works("check .yaml")
        self.works("asm .yaml -o out")
        file = self.write(b"region-\xff", PLAIN)
        self.assertIn("plain", self.works(("check", file)))
        self.assertEqual(self.objects(("check", "--json", file))[0]["kind"], "region")

    def test_asm(self):
        self.write("a.yaml", b"kind: region\nlen: 40\n")
        self.write("a.txt", REGION)
        self.make_dirs("closed", mode=0o555)
        self.all_fail(
            (2, "asm a.yaml", "-o OUT"), (2, "asm a.txt -o out", r"\.yaml"),
            *((5, f"{verb} a.yaml -o {out}", re.escape(f"cannot write {out}: "))
              for verb in ("asm", "dis") for out in (self.path("none", "out"), self.dir)),
            (5, ("asm", "a.yaml", "-o", "none/a b\nc"), r"cannot write \$'none/a b\\012c': "),
            (5, "asm a.yaml -o 'none/a b'", "cannot write 'none/a b': "))
        self.fails(5, "asm a.yaml -o closed/out", "closed/out: Permission denied",
                   before=self.as_nobody())
        self.assertEqual(os.listdir(self.path("closed")), [])
        self.works("asm a.yaml -o out")
        self.assertEqual(len(self.read("out")), 40)
        self.assertEqual([name for name in os.listdir(self.dir) if "tmp" in name], [])

    def test_asm_of_several(self):
        """The first FILE to the first OUT, wherever they stand, up to one that cannot be."""
        self.write("a.yaml", b"kind: region\nlen: 40\n")
        self.write("b.yaml", b"kind: device\nlen: 24\n")

        def sizes():
            return len(self.read("x")), len(self.read("y"))
        self.works("asm a.yaml -o x b.yaml -o y")
        self.assertEqual(sizes(), (40, 24))
        self.works("asm -o x -o y b.yaml a.yaml")
        self.assertEqual(sizes(), (24, 40))
        self.fails(2, "asm a.yaml -o x none.yaml -o y b.yaml -o z", "none.yaml: No such file")
        self.assertEqual(sizes(), (40, 40))
        self.misused(*((f"asm {words}", "one -o OUT for each FILE")
                       for words in ("a.yaml b.yaml -o z", "a.yaml -o z -o z")))
        self.assertFalse(os.path.exists(self.path("z")))
        # `-o /dev/null` must not make /dev/null a file; a link stands for it here.
        os.symlink("/dev/null", self.path("sink"))
        self.works("asm a.yaml -o sink")
        self.assertTrue(os.path.islink(self.path("sink")))


class Check(Cli):
    KEYS = ["file", "kind", "len", "argsz", "class", "reference", "rules", "notes", "parsers",
            "disagreements", "oracles"]
    PARSER_KEYS = ["name", "verdict", "reason", "need", "offset", "scratch", "signal", "stale", "skipped",
                   "policy", "note", "caps"]

    def ordered(self, thing, keys, required):
        """The keys of @thing are some of @keys, in their order."""
        self.assertEqual(list(thing), [key for key in keys if key in thing])
        self.assertLessEqual(set(required), set(thing))

    def hold_to_the_documents(self, report):
        self.assertEqual(list(report), self.KEYS)
        self.assertIn(report["class"], ("plain", "odd", "truncated", "malformed"))
        self.ordered(report["reference"], ["verdict", "reason", "need", "caps"], ["verdict", "caps"])
        for rule in report["rules"]:
            self.assertEqual(list(rule), ["rule", "at", "from"])
            self.assertEqual(rule["rule"], report["reference"]["reason"])
        for note in report["notes"]:
            self.assertEqual(list(note), ["note", "at"])
        verdicts = {parser["name"]: parser["verdict"] for parser in report["parsers"]}
        self.assertEqual(list(verdicts), sorted(verdicts))
        for parser in report["parsers"]:
            self.ordered(parser, self.PARSER_KEYS, ["name", "verdict", "caps"])
            self.assertEqual("reason" in parser, parser["verdict"] == "reject")
            self.assertEqual("need" in parser, parser["verdict"] == "truncated")
            for delivered in parser["caps"]:
                self.ordered(delivered, ["offset", "id", "version", "count"],
                             ["offset", "id", "version"])
        for differs in report["disagreements"]:
            self.ordered(differs, ["parser", "class", "bucket", "expected", "got", "excused", "broken"],
                         ["parser", "class", "bucket", "expected", "got"])
            self.assertRegex(differs["class"], r"^(wrong|rejects|accepts|absent|fault)")
            name = differs["parser"]
            self.assertTrue(differs["bucket"].startswith(
                f"{name}:{verdicts[name]}:{differs['class']}:"))

    def test_json(self):
        for name, data in (("plain", PLAIN), ("odd", ODD), ("cut", CUT), ("loop", LOOP),
                           ("empty", b""), ("flag", region(first=0)), ("none", region(flags=0)),
                           ("stale", region(cap(MSIX, 1, 0), argsz=36)),
                           ("sparse", region(cap(SPARSE, 1, 0, bytes(8))))):
            self.write(f"region-{name}", data)
        self.write("iommu-excused", EXCUSED)
        reports = self.objects(f"check --json {self.dir} {CAPTURED}")
        self.assertEqual(len(reports), 10 + len(os.listdir(CAPTURED)))
        for report in reports:
            self.hold_to_the_documents(report)
        found = {os.path.basename(report["file"]): report for report in reports}
        self.assertEqual(found["region-cut"]["reference"]["need"], 96)
        self.assertEqual(found["region-sparse"]["reference"]["caps"],
                         [{"offset": 32, "id": 1, "version": 1, "count": 0}])
        self.assertEqual(found["region-flag"]["notes"], [{"note": "flag-without-chain", "at": 12}])
        self.assertEqual(found["region-odd"]["notes"], [{"note": "newer-version", "at": 32}])

    def test_the_whole_object(self):
        self.write("region-loop", LOOP)
        report, = self.objects("check --json region-loop")
        del report["file"], report["oracles"]
        report["parsers"] = [p for p in report["parsers"] if p["name"] in ("bounded", "naive")]
        report["disagreements"] = [d for d in report["disagreements"] if d["parser"] == "naive"]
        self.assertEqual(report, {
            "kind": "region", "len": 48, "argsz": 48, "class": "malformed",
            "reference": {"verdict": "reject", "reason": "loop",
                          "caps": [{"offset": 32, "id": 2, "version": 1}]},
            "rules": [{"rule": "loop", "at": 32, "from": 32}], "notes": [],
            "parsers": [{"name": "bounded", "verdict": "reject", "reason": "loop", "caps": []},
                        {"name": "naive", "verdict": "runaway", "caps": []}],
            "disagreements": [{"parser": "naive", "class": "fault",
                               "bucket": "naive:runaway:fault:loop", "expected": "reject loop at 32",
                               "got": report["disagreements"][0]["got"]}]})
        self.assertEqual(report["disagreements"][0]["got"], "no end")

    def test_expected_and_got(self):
        """What stands beside a bucket of each kind of difference."""
        for name, data, words in (
                ("far", region(first=4096), "reject offset-oob at 4096, a load at 4096, the buffer has 32 bytes"),
                ("cut", CUT, r"truncated, argsz 96, a load at \d+, the buffer has \d+ .*")):
            self.write(f"region-{name}", data)
            report, = self.objects(f"check --json region-{name}")
            naive = [one for one in report["disagreements"] if one["parser"] == "naive"][-1]
            self.assertRegex(f"{naive['expected']}, {naive['got']}", rf"\A{words}\Z")

    def test_exit_statuses(self):
        for name, data in (("plain", PLAIN), ("odd", ODD), ("truncated", CUT), ("malformed", LOOP)):
            self.write(f"region-{name}", data)
            for option, found in (("", ()), ("--fail-on odd", ("odd", "malformed")),
                                  ("--fail-on=malformed", ("malformed",))):
                for form in ("", "--json"):
                    code, out, errors = self.run_it(f"check {option} {form} region-{name}")
                    self.assertEqual((code, errors), (name in found, ""), (name, option))
                    self.assertIn(name, out)
        unsorted = f"{CORPUS}/regressions/region-areas-meet.yaml"
        for notes, code in (("areas-unsorted", 1), ("area-empty", 1), ("areas-overlap", 0), ("odd", 0),
                            ("range-backwards --fail-on areas-unsorted", 1)):
            self.assertEqual(self.run_it(f"check --fail-on {notes} {unsorted}")[0], code, notes)
        self.write("bad.yaml", b"")
        for order in ("bad.yaml region-malformed", "region-malformed bad.yaml"):
            self.assertIn("loop", self.fails(2, f"check --fail-on odd {order}", "bad.yaml"))

    def test_words(self):
        self.write("region-loop", LOOP)
        self.write("iommu-x", EXCUSED)
        out = self.works("check region-loop iommu-x")
        for words in ("region, 48 bytes, argsz 48: malformed", "runaway  naive:runaway:fault:loop",
                      "reference      reject loop at 32, linked from 32, 1 capability before"):
            self.assertIn(words, out)
        self.assertRegex(out, r"ksft-vfio:reject:rejects-valid:ok  in the ledger: \w+")
        self.assertNotIn("PROMISE BROKEN", out)
        self.assertRegex(out, r"(?m)^  not their kind .*ksft-vfio")
        out = self.works("explain --color never region-loop")
        self.assertIn("X  loop: at 32, linked from the capability at 32", out)
        self.assertNotIn("\033", out)
        self.assertIn("\033", self.works("explain --color always region-loop"))

    def test_oracles_are_named(self):
        """What a report can be worth depends on them, so each has them."""
        oracles = re.search(r"(?m)^oracles: (load hooks in \d+ of \d+ parsers.*)$",
                            self.works("list"))[1]
        self.write("region-loop", LOOP)
        for verb in ("check", "explain"):
            self.assertEqual(self.works(f"{verb} region-loop").splitlines()[-1], f"oracles: {oracles}")
        self.assertEqual(self.objects("check --json region-loop")[0]["oracles"], oracles)
        self.make_dirs("expect")
        self.works("bless region-loop")
        self.assertIn(f"\n# oracles: {oracles}\n", self.works("replay region-loop"))

    def test_table_of_conversations(self):
        """The same cells as text and as objects."""
        head, _, *lines = ([cell.strip() for cell in line.strip("|").split("|")]
                           for line in self.works("list --fetch").splitlines())
        self.assertEqual([[one["loop"], one["kind"], *one["ends"].values()] for one in self.objects("list --fetch --json")],
                         lines)
        self.assertEqual(list(self.objects("list --fetch --json")[0]["ends"]), head[2:])

    def test_where_it_parts_from_the_reference(self):
        """The reference has its line, each reader who writes for it, and one that differs the place where."""
        said = self.works(("explain", os.path.join(CORPUS, "regressions", "region-loop-two-step.yaml")))
        self.assertIn("\n\nreference: reject loop\n  has TYPE@32, MSIX_MAPPABLE@48\n\nbounded (kernel): reject loop\n", said)
        self.assertIn("\nnaive (kernel): runaway\n  differs: naive:runaway:fault:loop\n  took TYPE@32, MSIX_MAPPABLE@48\n"
                      "  here it parts from the reference: expected reject loop at 32, got no end\n"
                      "  took TYPE@32, MSIX_MAPPABLE@48, TYPE@32, MSIX_MAPPABLE@48 and ", said)
        self.assertIn("\nspdk (peer): ", said)
        agrees, = re.findall(r"(?ms)^monotonic .*?\n\n", said)
        self.assertNotIn("parts", agrees)
        others = [one["parser"] for one in self.objects("list --json") if "parser" in one and "region" not in one["kinds"]]
        self.assertIn("rdma-core", others)
        self.assertEqual(re.findall(r"(?m)^do not read this kind: (.*)$", said), [", ".join(others)])
        self.assertNotRegex(said, r"(?m)^rdma-core")
        talk = self.works(("explain", os.path.join(CORPUS, "regressions", "fetch-region-always-8.yaml")))
        self.assertIn("\n\nreference: reject\n", talk)
        self.assertIn("\ndpdk (kernel): runaway unbounded\n  here it parts from the reference: asks without a bound", talk)
        self.assertIn("\nspdk (peer): ", talk)

    def test_whole_corpus_is_explained(self):
        files = [os.path.join(CORPUS, folder, name) for folder in ("regressions", "seeds")
                 for name in sorted(os.listdir(os.path.join(CORPUS, folder)))]
        for first in range(0, len(files), 100):
            some = files[first:first + 100]
            said = self.works(("explain", *some))
            self.assertEqual(re.findall(r"(?m)^(/\S+): \w+, \d+ bytes, a", said), some)
            self.assertEqual(len(re.findall(r"(?m)^oracles: ", said)), len(some))

    def test_many_are_explained_as_each(self):
        files = [os.path.join(CORPUS, "regressions", name + ".yaml")
                 for name in ("region-loop-two-step", "fetch-region-always-8")]
        files.append(self.write("device-empty", b""))
        each = [self.works(("explain", file)) for file in files]
        self.assertEqual(self.works(("explain", *files)), "\n".join(each))
        self.assertEqual(self.fails(2, f"explain none {files[0]}", "none: No such file"), "\n" + each[0])

    def test_excused(self):
        """A broken promise that the ledger excuses is marked, and no other is."""
        self.write("iommu-excused", EXCUSED)
        self.write("region-loop", LOOP)
        excused, loop = (report["disagreements"] for report in self.objects("check --json ."))
        self.assertIn("ksft-vfio", [differs["parser"] for differs in excused])
        self.assertTrue(all(differs["excused"] and "broken" not in differs for differs in excused))
        self.assertFalse([differs for differs in loop if "excused" in differs])

    def test_offset_in_a_copy(self):
        """kernel walks a copy: what it loads past it is told from there, and said to be."""
        self.write("region-wild", region(cap(TYPE, 1, 0x7ffffff0, bytes(8))))
        report, = self.objects("check --json region-wild")
        found = {parser["name"]: (parser.get("offset"), parser.get("scratch"))
                 for parser in report["parsers"]}
        self.assertEqual(found["kernel"], (0x7ffffff0, True))
        self.assertEqual(found["naive"], (0x7ffffff0, None))
        self.assertIn("a load at 2147483632 of its own memory: from its copy",
                      self.works("explain region-wild"))


class Exhaust(Cli):
    def kinds(self, words):
        """What `exhaust --json` prints, but for its speed: by kind, set and broken promise."""
        things = self.objects(f"exhaust --json {words}")
        speeds = [thing for thing in things if "speed" in thing]
        self.assertTrue(all(speed["buffers_per_second"] > 0 for speed in speeds))
        self.assertEqual(len(speeds), sum("caps" in thing for thing in things))
        return [thing for thing in things if "speed" not in thing]

    def test_same_for_any_jobs(self):
        one = self.kinds("--caps 1 --jobs 1")
        for jobs in (2, 3, 64):
            self.assertEqual(self.kinds(f"--caps 1 --jobs {jobs}"), one)
        text = [re.sub("speed: .*", "", self.works(f"exhaust --caps 1 --jobs {jobs}")) for jobs in (1, 2)]
        self.assertEqual(text[0], text[1])

    def test_words(self):
        things = self.kinds("--caps 1")
        kinds = [thing for thing in things if "caps" in thing]
        self.assertEqual(len(kinds), 5)
        for kind in kinds:
            hardened, least = ("pcicaps", 100) if "pci" in kind["kind"] else ("bounded", 10000)
            sets = [one for one in things if one.get("kind") == kind["kind"] and "set" in one]
            self.assertEqual(len(sets), kind["sets"])
            for count in (sum(one["buffers"] for one in sets), sum(kind["classes"].values()),
                          kind["parsers"][hardened]["agrees"]):
                self.assertEqual(count, kind["buffers"])
            self.assertGreater(kind["buffers"], least)
            self.assertEqual([one["len"] for one in sets], sorted(one["len"] for one in sets))
        excused = [thing for thing in things if "broken" in thing]
        self.assertIn("ksft-vfio:reject:rejects-valid:ok", [thing["broken"] for thing in excused])
        self.assertTrue(all(thing["excused"] for thing in excused))
        out = self.works("exhaust --caps 1 --kind iommu")
        self.assertRegex(out, r"iommu: \d+ buffers with up to 1 capabilities: \d+ plain, ")
        self.assertIn("ksft-vfio:reject:rejects-valid:ok (in the ledger): ", out)
        self.assertRegex(out, r"speed: \d+ buffers a second")

    def test_witnesses(self):
        """Each is what the line says, and has the verdicts that its set has."""
        things = self.kinds("--caps 1 --kind iommu --witnesses out")
        found = {os.path.basename(report["file"]): report for report in self.objects("check --json out")}
        names = set(os.listdir(self.path("out")))
        self.assertEqual(set(found), names)
        for thing in things[1:]:
            name = (f"iommu-set-{thing['set']}" if "set" in thing else
                    "iommu-broken-" + thing["broken"].replace(":", "_"))
            names.remove(name)
            self.assertEqual(self.read("out", name).hex(), thing["witness"])
            self.assertEqual(len(thing["witness"]), 2 * thing["len"])
            if "broken" in thing:
                self.assertIn(thing["broken"], [one["bucket"] for one in found[name]["disagreements"]])
                continue
            answers = {one["name"]: one["verdict"] for one in found[name]["parsers"]}
            for parser, words in thing["parsers"].items():
                self.assertEqual(words.split()[0], answers[parser])
        self.assertEqual(names, set())

    def test_cannot_write(self):
        self.write("file", b"")
        self.assertEqual(self.fails(5, "exhaust --caps 0 --witnesses file/x", "file/x"), "")
        self.make_dirs("closed", mode=0o555)
        self.fails(5, "exhaust --caps 0 --kind region --witnesses closed", "cannot write .*closed",
                   before=self.as_nobody())


class Corpus(Cli):
    """A corpus of the test's own, blessed."""

    INPUTS = {"seeds/region-plain.yaml": b"kind: region\ncaps: [{id: TYPE}]\n",
              "captured/region-loop.bin": LOOP, "captured/region-cut.bin": CUT,
              "captured/iommu-excused.bin": EXCUSED}

    def setUp(self):
        super().setUp()
        self.make_dirs("expect")
        for name, data in self.INPUTS.items():
            self.write(name, data)
        self.write("README.md", b"no input\n")
        self.assertEqual(self.works("bless ."), f"{len(self.INPUTS)} inputs blessed, 0 gone\n")

    def edit(self, name, *change):
        """Another list of expected verdicts: @change is what re.sub() takes. Gives what it was."""
        before = self.read("expect", name)
        after = re.sub(*change, before)
        self.assertNotEqual(before, after)
        self.write(f"expect/{name}", after)
        return before


class Replay(Corpus):
    def lists(self):
        return {name: self.read("expect", name) for name in os.listdir(self.path("expect"))}

    def replay(self, words="."):
        """Exit status and {name: (passed, remarks)}, of TAP that is well formed."""
        code, out, errors = self.run_it(f"replay {words}")
        lines = out.splitlines()
        plan = lines.index(next(line for line in lines if line.startswith("1..")))
        tests = {}
        for line in lines[:plan]:
            match = re.fullmatch(r"(not )?ok (\d+) - (\S.*)", line)
            if match:
                self.assertEqual(int(match[2]), len(tests) + 1)
                self.assertNotIn(match[3], tests)
                name = match[3]
                tests[name] = (not match[1], [])
            else:
                self.assertRegex(line, r"^# \S")
                tests[name][1].append(line)
        self.assertEqual(lines[plan], f"1..{len(tests)}")
        for line in lines[plan + 1:-1]:
            self.assertRegex(line, r"^# \S")
        bad = sum(not passed for passed, _ in tests.values())
        self.assertEqual(lines[-1], f"{len(tests) - bad} passed, {bad} failed")
        self.assertEqual(code, 1 if bad or not tests else 0, errors)
        for passed, remarks in tests.values():
            self.assertEqual(passed, not remarks)
        return tests

    def failed(self, words="."):
        return {name: " ".join(remarks)
                for name, (passed, remarks) in self.replay(words).items() if not passed}

    def test_blessed(self):
        self.assertEqual(self.failed(), {})
        self.assertEqual(sorted(self.replay()), sorted(self.INPUTS))
        self.assertEqual(self.text("expect", "reference.txt").splitlines(), [
            "captured/iommu-excused.bin ok", "captured/region-cut.bin truncated",
            "captured/region-loop.bin reject loop", "seeds/region-plain.yaml ok"])
        self.assertIn(b"captured/region-loop.bin runaway\n", self.read("expect", "naive.txt"))
        before = self.lists()
        self.assertNotIn("bounded.txt", before)
        for words in (".", "seeds"):
            self.works(f"bless {words}")
            self.assertEqual(self.lists(), before)

    def test_parts(self):
        for words, names in (("seeds", ["seeds/region-plain.yaml"]),
                             ("captured/region-cut.bin seeds",
                              ["captured/region-cut.bin", "seeds/region-plain.yaml"])):
            self.assertEqual(list(self.replay(words)), names)
        self.assertEqual(len(self.replay(f"{self.dir} {self.path('seeds')} {self.dir}")), 4)
        self.make_dirs("none")
        self.assertEqual(self.replay("none"), {})

    def test_changed_verdict(self):
        for name in ("reference.txt", "naive.txt"):
            before = self.edit(name, rb"(region-loop.bin )\w+( loop)?", rb"\1absent")
            (failed, why), = self.failed().items()
            self.assertEqual(failed, "captured/region-loop.bin")
            self.assertRegex(why, rf"# {name[:-4]}: expected absent, got (reject loop|runaway)")
            self.works("bless .")
            self.assertEqual(self.read("expect", name), before)

    def test_changed_capabilities(self):
        """An `ok` that delivers other things than the reference is expected to, or is not."""
        name = "region-crosvm-region-ok-wrong-caps-newer-version.yaml"
        shutil.copy(os.path.join(CORPUS, "regressions", name), self.path("seeds"))
        self.works("bless .")
        self.assertIn(f"seeds/{name} ok wrong-caps\n", self.text("expect", "crosvm-region.txt"))
        for words in (b"ok", b"ok wrong-payload"):
            self.edit("crosvm-region.txt", rb" ok( wrong-\S+)?\n", b" " + words + b"\n")
            self.assertRegex(self.failed()[f"seeds/{name}"],
                             "# crosvm-region: expected ok.*, got ok wrong-caps")

    def test_notes(self):
        """What the reference says beside its verdict is expected too, and so is that it says nothing."""
        notes = self.read("expect", "notes.txt")
        self.assertIn(b"captured/region-loop.bin at=32 from=32\n", notes)
        self.assertIn(b"captured/region-cut.bin need=", notes)
        for change in ((b"from=32", b"from=40"), (b"need=", b"need=1"),
                       (rb"\Z", b"seeds/region-plain.yaml align4@36\n")):
            self.edit("notes.txt", *change)
            failed, = self.failed().values()
            self.assertRegex(failed, "# notes of the reference: expected .*, got ")
            self.works("bless .")
            self.assertEqual(self.read("expect", "notes.txt"), notes)

    def test_last_words(self):
        """A replay that a signal ends says at which input."""
        for i in range(40):
            self.write(f"long/region-{i:0200}.bin", PLAIN)
        self.works("bless .")
        ours, its = os.pipe()
        fcntl.fcntl(its, 1031, 4096)  # F_SETPIPE_SZ: it waits in the middle, for room.
        with open(ours, "rb", buffering=0) as out, \
                subprocess.Popen([self.binary, "replay", self.dir], stdout=its) as made:
            os.close(its)
            self.assertEqual(out.read(1), b"o")
            made.terminate()
            lines = out.readall().decode().splitlines()
        self.assertEqual(made.returncode, -signal.SIGTERM)
        self.assertRegex(lines[-3], r"not ok \d+ - \S+")
        self.assertEqual(lines[-1], "Bail out!")

    def test_gone(self):
        os.remove(self.path("captured", "region-cut.bin"))
        self.assertIn("its file is gone", self.failed()["captured/region-cut.bin"])
        self.assertEqual(self.failed("seeds"), {})
        self.assertEqual(self.works("bless ."), "3 inputs blessed, 1 gone\n")
        self.assertEqual(self.failed(), {})
        self.assertNotIn(b"region-cut", b"".join(self.lists().values()))
        # captured-old/ is not under captured/.
        self.write("captured-old/region-a.bin", PLAIN)
        self.works("bless .")
        os.remove(self.path("captured-old", "region-a.bin"))
        self.assertEqual(self.failed("captured"), {})

    def test_stale_lines(self):
        """A line that no input has is reported, whichever list it is in, and bless drops it."""
        for name, line in (("naive.txt", b"captured/region-never.bin oob\n"),
                           ("reference.txt", b"README.md ok\n"),
                           ("ksft-vfio.txt", b"captured/region-loop.bin oob\n")):
            with self.subTest(name=name):
                before = self.lists()
                self.write(f"expect/{name}", before.get(name, b"") + line)
                (failed, why), = self.failed().items()
                self.assertEqual(failed, line.split()[0].decode())
                self.assertIn(name[:-4], why)
                self.assertEqual(self.failed("seeds"), {})
                self.works("bless .")
                self.assertEqual(self.lists(), before)
        self.write("expect/naive.txt", b"captured/region-loop.bin\n")
        self.fails(2, "replay .", r"naive\.txt: ")

    def test_new(self):
        self.write("captured/device-new.bin", PLAIN)
        self.assertIn("bless", self.failed()["captured/device-new.bin"])
        self.works("bless captured/device-new.bin")
        self.assertEqual(self.failed(), {})
        for data in self.lists().values():
            self.assertEqual(data.splitlines(), sorted(data.splitlines()))

    def test_unusable_input(self):
        before = self.lists()
        self.write("seeds/bad.yaml", b"kind: disk\n")
        self.write("seeds/nameless", PLAIN)
        self.assertEqual(sorted(self.failed()), ["seeds/bad.yaml", "seeds/nameless"])
        os.remove(self.path("seeds", "nameless"))
        self.fails(2, "bless .", r"bad\.yaml:1:7: ")
        self.assertEqual(self.lists(), before)

    def test_names(self):
        """A space, or what TAP would take for a directive: replayed like any other, or refused."""
        for name in ("region-two words.bin", "region-# SKIP.bin"):
            file = self.write(f"captured/{name}", PLAIN)
            with self.subTest(name=name):
                if self.run_it("bless .")[0]:
                    self.fails(2, "bless .", name)
                else:
                    self.assertEqual(self.failed(), {})
                    self.assertNotRegex(self.works("replay ."), r"[^\\]#\s*SKIP")
            os.remove(file)

    def test_no_expect(self):
        other = self.new_dir()
        self.all_fail(*((2, f"{verb} {other}", f"{other}: (?!not found).*expect/ beside or above")
                        for verb in ("replay", "bless")))
        os.mkdir(os.path.join(other, "expect"))
        self.fails(2, f"replay . {other}", "belongs to another corpus")

    def test_unreadable_list(self):
        """Not an empty one, which bless would write as such."""
        drop = self.as_nobody()
        os.chmod(self.path("expect", "reference.txt"), 0)
        if drop:
            os.chown(self.path("expect"), NOBODY, NOBODY)
        self.all_fail(*((2, f"{verb} seeds", r"reference\.txt: Permission")
                        for verb in ("replay", "bless")), before=drop)

    def test_unwritable_lists(self):
        before = self.lists()
        self.write("seeds/region-new.bin", PLAIN)
        self.fails(5, "bless .", "expect/.*: Permission", before=self.as_nobody())
        self.assertEqual(self.lists(), before)

    def test_one_list_in_the_way(self):
        """Nothing half written stays, and the next bless makes up for it."""
        before = self.lists()
        os.remove(self.path("expect", "naive.txt"))
        self.make_dirs("expect/naive.txt")
        self.fails(2, "bless .", r"naive\.txt: ")
        self.assertEqual(sorted(os.listdir(self.path("expect"))), sorted(before))
        os.rmdir(self.path("expect", "naive.txt"))
        self.works("bless .")
        self.assertEqual(self.lists(), before)

    def test_verdicts(self):
        runs = {}
        for name, words in (("one", ""), ("two", ""), ("three", "--truncate")):
            self.replay(f"{words} --verdicts {name}.txt .")
            runs[name] = self.text(f"{name}.txt").splitlines()
        self.assertEqual(runs["one"], runs["two"])
        self.assertEqual(len(runs["one"]), 4)
        for line in runs["one"]:
            self.assertRegex(line, r"^[0-9a-f]{16} (device|region|iommu) \d+ \w+:[a-z-]*"
                                   r"( [a-z0-9-]+:[a-z]+:[a-z-]*:[a-z-]*)+$")
        # 48 bytes: to 47, 24 and 36; 32 bytes of iommu: to 31, 16 and 28.
        self.assertEqual(sorted(int(line.split()[2]) for line in runs["three"]),
                         sorted([48, 47, 24, 36] * 3 + [32, 31, 16, 28]))
        self.assertLess(set(runs["one"]), set(runs["three"]))
        self.all_fail((5, "replay --verdicts=/dev/full .", "/dev/full"),
                      (5, "replay --verdicts none/x .", "none/x"))


if __name__ == "__main__":
    if not os.access(CAPCHAIN, os.X_OK):
        sys.exit(f"{CAPCHAIN}: cannot run it; build it, or name it in CAPCHAIN")
    run_tests()
