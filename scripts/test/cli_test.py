#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests the command `capchain` as its users meet it: exit statuses, error lines, JSON, TAP.

CAPCHAIN names the binary, build/capchain by default. Every run is held to two things besides what
its test asks: no sanitizer's output, and an error is one line that names what it is about.
"""

import fcntl
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, CAPTURED, NOBODY, REPORT, ROOT, Case, run_tests  # noqa: E402

# Each verb, and the statuses besides 0 that it may end with.
VERBS = {"check": "12345", "explain": "2345", "asm": "25", "dis": "25", "replay": "1245",
         "bless": "245", "exhaust": "1245", "list": "45", "shrink": "245", "emit": "245", "run": "1235"}
SANDBOXED = ("check", "explain", "replay", "bless", "list", "exhaust")
# Arguments of those that take no file.
FILELESS = {"list": (), "exhaust": ("--caps", "0")}

TYPE, MSIX, SPARSE = 2, 3, 1
BAD_YAML = (
    (b"", "want one document"), (b"\xff\xfe\0", "not text"), (b"kind: region\nfoo: 1\n", "foo"),
    (b"kind: &a region\n", "anchor"), (b"kind: *a\n", "alias"), (b"kind: !!str region\n", "tag"),
    (b"kind: region\nkind: region\n", "twice"), (b"kind: region\n---\nkind: region\n", "second"),
    (b"kind: disk\n", "device, region, iommu"), (b"kind: fetch\nfirst: 65536\n", "too big"),
    (b"kind: fetch\nfirst: 1\nreplies: [{len: 1, size: 2}]\n", "unknown key size"),
    (b"len: 3\n", "kind"), (b"[]\n", "mapping"),
    (b"kind: region\ncaps: [{id: TYPE, at: 0x100000000}]\n", "too big"),
    (b"kind: region\ninfo: {cap_offset: 4294967296}\n", "too big"),
    (b"kind: region\ncaps: [{id: TYPE, next: -1}]\n", "want a decimal"),
    (b"kind: region\nlen: 65537\n", "too big"), (b"kind: region\nlen: 010\n", "want a decimal"),
    (b"kind: region\n\tlen: 3\n", "not YAML"), (b"{" * 4000, "nested"),
    (b"kind: region\ninfo: {argsz: {}}\n", "a mapping"),
    (b"kind: device\ncaps: [{id: TYPE}]\n", "ZPCI_BASE"))


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


class Cli(Case):
    binary = CAPCHAIN

    def run_it(self, *args, before=None, stdout=subprocess.PIPE):
        """Exit status, stdout and stderr of one run; @before is done in the child."""
        made = subprocess.run([self.binary, *args], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, preexec_fn=before, cwd=self.dir, timeout=60,
                              check=False)
        errors = made.stderr.decode(errors="replace")
        report = REPORT.search(errors)
        if report:
            self.fail(f"{args}: {errors[report.start():][:600]}")
        self.assertGreaterEqual(made.returncode, 0, errors)
        return made.returncode, (made.stdout or b"").decode(errors="surrogateescape"), errors

    def works(self, *args, **kwargs):
        code, out, errors = self.run_it(*args, **kwargs)
        self.assertEqual((code, errors), (0, ""), args)
        return out

    def fails(self, status, *args, says, **kwargs):
        """One line that names the program, matches @says and ends where it should."""
        code, out, errors = self.run_it(*args, **kwargs)
        self.assertEqual(code, status, f"{args}: {errors}")
        self.assertRegex(errors, r"\Acapchain[^\n]*: [^\n]+\n\Z", args)
        self.assertRegex(errors, says, args)
        return out

    def misused(self, *args, says):
        """A command line that cannot be: one line, then where help is."""
        code, out, errors = self.run_it(*args)
        self.assertEqual((code, out), (2, ""), args)
        verb = args[0]
        self.assertRegex(errors, rf"\Acapchain {verb}: [^\n]+\nTry [^`]*`capchain {verb} --help")
        self.assertRegex(errors.splitlines()[0], says)

    def as_nobody(self):
        # Where it was built, nobody may have no way to.
        if not os.geteuid():
            self.binary = shutil.copy(CAPCHAIN, self.new_dir())
            os.chmod(self.binary, 0o755)
        return super().as_nobody()

    def sanitized(self):
        return "AddressSanitizer" in self.works("list")


class Usage(Cli):
    def test_help(self):
        for verb, statuses in VERBS.items():
            out = self.works(verb, "--help")
            self.assertIn(f"Usage: capchain {verb}", out)
            with self.subTest(verb=verb):
                told = re.search(r"Exit status: (.*?)\.\n", out, re.S)[1]
                told = "".join(re.findall(r"\b[1-9]\b", told))
                self.assertIn(told, (statuses, "2" + statuses))
        for args in (("--help",), ("-h",), ("help",)):
            out = self.works(*args)
            self.assertIn("Exit status", out)
            for verb in VERBS:
                self.assertRegex(out, rf"(?m)^  {verb} ")

    def test_no_argument(self):
        for verb in VERBS:
            if verb not in FILELESS:
                self.misused(verb, says="which (FILE|PATH|COMMAND)")
        code, out, errors = self.run_it()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("Usage: capchain VERB", errors)

    def test_unknown(self):
        self.fails(2, "frob", says="frob.*--help")
        self.fails(2, "--frob", says="--frob.*--help")
        for verb in VERBS:
            self.misused(verb, "--frob", says="--frob")
        self.misused("list", "file", says="no argument but `classes`")
        self.misused("exhaust", says="--caps N")
        self.misused("exhaust", "--caps", "1", "file", says="no FILE")
        for option, value in (("--caps", "5"), ("--caps", "-1"), ("--caps", "x"), ("--caps", ""),
                              ("--jobs", "0"), ("--jobs", "65"), ("--kind", "frob")):
            self.misused("exhaust", option, value, says=value or "--caps")
        for verb in ("check", "explain", "dis"):
            self.misused(verb, "--kind", "frob", "file", says="frob.*device, region or iommu")
        self.misused("check", "--fail-on", "plain", "file", says="plain.*odd or malformed")
        self.misused("explain", "--color", "red", "file", says="red.*auto, always or never")
        self.misused("dis", "a", "b", says="one FILE")
        self.misused("asm", "a", "b", says="one -o OUT for each FILE")

    def test_full_device(self):
        file = self.write("region-a.bin", PLAIN)
        text = self.write("a.yaml", b"kind: region\n")
        os.mkdir(self.path("expect"))
        self.works("bless", self.dir)
        lines = [("check", file), ("check", "--json", file), ("explain", file), ("dis", file),
                 ("asm", text, "-o", "-"), ("list",), ("list", "--json"), ("replay", self.dir),
                 ("exhaust", "--caps", "0"), ("exhaust", "--caps", "0", "--json"),
                 ("bless", self.dir), ("--help",)] + [(verb, "--help") for verb in VERBS]
        for args in lines:
            with self.subTest(args=args), open("/dev/full", "wb") as full:
                self.fails(5, *args, stdout=full, says="cannot write")

    def test_closed_output(self):
        file = self.write("region-a.bin", PLAIN)
        self.fails(5, "check", file, before=lambda: os.close(1), says="cannot write")
        self.assertEqual(self.read("region-a.bin"), PLAIN)

    def test_address_space(self):
        # AddressSanitizer needs what this takes away; the builds without it show the same.
        if self.sanitized():
            return
        file = self.write("region-a.bin", PLAIN)
        os.mkdir(self.path("expect"))
        for verb in SANDBOXED:
            args = FILELESS.get(verb, (file,))
            self.fails(4, verb, *args, says="ulimit -v",
                       before=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))

    def test_list(self):
        out = self.works("list")
        things = [json.loads(line) for line in self.works("list", "--json").splitlines()]
        names = [thing["parser"] for thing in things if "parser" in thing]
        self.assertEqual(names, sorted(names))
        for name in names + ["device", "loop", "overlap", "odd", "SPARSE_MMAP", "arena", "unread",
                             "relations: all", "ksft-vfio:reject:rejects-valid:ok of iommu: "]:
            self.assertIn(name, out)
        self.assertEqual(sum("kind" in t and "struct" in t for t in things), 3)
        self.assertEqual([t["note"] for t in things if t.get("odd")],
                         ["flag-without-chain", "misaligned", "newer-version", "version-zero",
                          "duplicate-id", "overlap"])


    def test_list_classes(self):
        """Whatever check says of the corpus is explained, and RULES.md knows each class."""
        said = [json.loads(line) for line in self.works("list", "classes", "--json").splitlines()]
        classes = {of: {each["class"] for each in said if each["of"] == of} for of in ("buffer", "disagreement")}
        with open(os.path.join(ROOT, "fuzz", "RULES.md"), encoding="utf-8") as file:
            rules = file.read()
        words = self.works("list", "classes")
        for each in said:
            self.assertRegex(words, rf"(?m)^  {each['class']} +{re.escape(each['words'])}$")
            self.assertRegex(each["words"], r"\A[A-Z].*\.\Z")
            self.assertRegex(rules, rf"\b{each['class']}\b")
        _, out, _ = self.run_it("check", "--json", os.path.join(ROOT, "corpus"))
        seen = [json.loads(line) for line in out.splitlines()]
        self.assertEqual({each["class"] for each in seen}, classes["buffer"])
        found = {each["class"] for line in seen for each in line["disagreements"]}
        self.assertGreater(len(found), 5)
        self.assertLessEqual(found, classes["disagreement"])


class Inputs(Cli):
    def unusable(self, path, *options, says):
        """No verb that reads one input takes @path."""
        verbs = ("check", "explain", "dis", "asm") if path.endswith(".yaml") else \
            ("check", "explain", "dis")
        for verb in verbs:
            out = ("-o", self.path("out")) if verb == "asm" else ()
            if verb != "asm" or not options:
                self.fails(2, verb, *options, *out, path, says=says)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_short(self):
        for name, data in (("region-empty", b""), ("iommu-one", b"\1"), ("device-two", bytes(2))):
            file = self.write(name, data)
            self.assertIn("reject short-buffer", self.works("check", file))
            self.assertIn("short-buffer", self.works("explain", file))
            self.assertIn(f"len: {len(data)}", self.works("dis", file))

    def test_longest(self):
        file = self.write("region-long", region(bytes(65536 - 32)))
        self.assertIn("65536 bytes", self.works("check", file))
        self.unusable(self.write("region-longer", bytes(65537)), says="region-longer: longer than")

    def test_huge(self):
        for name in ("region-huge.bin", "huge.yaml"):
            path = self.write(name, b"")
            os.truncate(path, 1 << 30)
            start = time.monotonic()
            self.unusable(path, says=f"{name}: longer than")
            self.assertLess(time.monotonic() - start, 20)

    def test_folders(self):
        for name in ("region-dir", "dir.yaml"):
            os.mkdir(self.path(name))
            for verb in ("explain", "dis"):
                self.fails(2, verb, self.path(name), says=f"{name}: is a folder")
            self.fails(2, "check", self.path(name), says=f"no input under .*{name}")
        self.fails(2, "asm", self.path("dir.yaml"), "-o", "out", says="dir.yaml: is a folder")

    def test_endless(self):
        """What may have no end is refused at once, not waited for."""
        for name in ("region-pipe", "pipe.yaml", "pipe.c", "pipe.jsonl", "pipe.replies"):
            os.mkfifo(self.path(name))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("region-socket"))
        os.symlink("/dev/zero", self.path("region-zero"))
        os.symlink("/dev/zero", self.path("zero.yaml"))
        for name in ("region-pipe", "pipe.yaml", "region-socket", "region-zero", "zero.yaml"):
            self.unusable(self.path(name), says=f"{name}: is a pipe, socket or device.*copy")
            for verb in ("shrink", "emit"):
                self.fails(2, verb, self.path(name), "-o", self.path("out"), says=f"{name}: is a pipe")
        os.mkdir(self.path("expect"))
        for name in ("region-pipe", "pipe.yaml", "region-socket"):
            self.fails(1, "replay", self.path(name), says=f"{name}: is a pipe")
            self.fails(2, "bless", self.path(name), says=f"{name}: is a pipe")
        self.fails(2, "check", "--parser", self.path("pipe.c"), self.dir, says="pipe.c: is a pipe")
        self.fails(2, "emit", "--report", self.path("pipe.jsonl"), says="jsonl: is a pipe")
        self.fails(2, "run", "--replies", self.path("pipe.replies"), "--", "true", says="is a pipe")
        self.fails(2, "run", "--iommu", self.path("pipe.yaml"), "--", "true", says="is a pipe")
        for name in ("region-pipe", "pipe.yaml"):
            os.unlink(self.path(name))
        os.mkfifo(self.path("expect", "reference.txt"))
        self.fails(2, "replay", self.write("region-a", PLAIN), says="reference.txt: is a pipe")

    def test_missing(self):
        self.unusable(self.path("region-none"), says="region-none: No such file")
        self.unusable(self.path("none.yaml"), says="none.yaml: No such file")
        for verb in ("replay", "bless"):
            self.fails(2, verb, self.path("none"), says="none: not found")

    def test_unreadable(self):
        drop = self.as_nobody()
        for name in ("region-secret", "secret.yaml"):
            os.chmod(self.write(name, PLAIN), 0)
            for verb in ("check", "explain", "dis"):
                self.fails(2, verb, self.path(name), before=drop, says=f"{name}: Permission denied")
        os.mkdir(self.path("c"))
        os.mkdir(self.path("c", "expect"))
        os.mkdir(self.path("c", "closed"), 0)
        self.addCleanup(os.chmod, self.path("c", "closed"), 0o755)
        for verb in ("check", "replay", "bless"):
            with self.subTest(verb=verb):
                self.fails(2, verb, self.path("c"), before=drop, says="closed: Permission denied")

    def test_kinds(self):
        file = self.write("buffer.bin", PLAIN)
        self.unusable(file, says="buffer.bin: of which kind.*--kind device, region, iommu or fetch")
        self.assertIn("plain", self.works("check", "--kind", "region", file))
        self.assertIn("kind: iommu", self.works("dis", "--kind=iommu", file))
        self.unusable(self.write("disk-a", b""), says="of which kind")
        text = self.write("a.yaml", b"kind: region\n")
        self.unusable(text, "--kind", "device", says="a.yaml: is of another kind")
        self.works("check", "--kind", "region", text)

    def test_conversations(self):
        script = bytes((1, 32, 0, 2, 8, 32, 0)) + PLAIN[:32]
        file = self.write("fetch-always-8", script)
        text = self.path("a.yaml")
        self.works("dis", file, "-o", text)
        self.assertIn("relative: true", self.works("dis", file))
        self.works("asm", text, "-o", self.path("back"))
        self.assertEqual(self.read("back"), script)
        report = json.loads(self.works("check", "--json", file))
        self.assertEqual((report["kind"], report["len"]), ("fetch", len(script)))
        said = {one["name"]: (one["verdict"], one.get("reason")) for one in report["parsers"]}
        self.assertEqual(said["qemu"], ("runaway", "unbounded"))
        self.assertEqual(said["fetch"], ("reject", "unsteady"))
        self.assertIn("qemu:runaway:conversation:unbounded",
                      [one["bucket"] for one in report["disagreements"]])
        self.assertEqual(self.works("check", "--kind", "fetch", "--json", file),
                         self.works("check", "--json", file))
        ladder = self.works("explain", file)
        self.assertEqual(len(re.findall(r"it wants more", ladder.split("\nfetch:")[1]
                                        .split("\n\n")[0])), 8)
        self.fails(2, "emit", file, "-o", self.path("o"), says="one INFO buffer")
        self.assertIn("| fetch | iommu | ok |", self.works("list", "--fetch"))

    def test_bad_text(self):
        for text, says in BAD_YAML:
            path = self.write("bad.yaml", text)
            with self.subTest(text=text[:40]):
                self.unusable(path, says=rf"bad\.yaml:\d+:\d+: .*{says}")
        self.unusable(self.write("region-bytes.yaml", LOOP), says=r"region-bytes\.yaml:\d+:\d+: ")

    def test_name_of_two_lines(self):
        """One line stays one line, whatever a file is called."""
        self.fails(2, "check", self.path("region-two\nlines"), says="No such file")

    def test_name_that_is_all_ending(self):
        self.write(".yaml", b"kind: region\n")
        self.works("check", ".yaml")
        self.works("asm", ".yaml", "-o", "out")

    def test_name_that_is_no_text(self):
        file = self.write(b"region-\xff", PLAIN)
        self.assertIn("plain", self.works("check", file))
        out = self.works("check", "--json", file)
        self.assertEqual(json.loads(out)["kind"], "region")

    def test_asm(self):
        text = self.write("a.yaml", b"kind: region\nlen: 40\n")
        self.fails(2, "asm", text, says="-o OUT")
        self.fails(2, "asm", self.write("a.txt", b"kind: region\n"), "-o", "out", says=r"\.yaml")
        for out in (self.path("none", "out"), self.dir):
            self.fails(5, "asm", text, "-o", out, says=re.escape(f"cannot write {out}: "))
            self.fails(5, "dis", text, "-o", out, says=re.escape(f"cannot write {out}: "))
        self.fails(5, "asm", text, "-o", "none/a b\nc", says=r"cannot write \$'none/a b\\012c': ")
        self.fails(5, "asm", text, "-o", "none/a b", says="cannot write 'none/a b': ")
        os.mkdir(self.path("closed"), 0o555)
        self.fails(5, "asm", text, "-o", self.path("closed", "out"), before=self.as_nobody(),
                   says="closed/out: Permission denied")
        self.assertEqual(os.listdir(self.path("closed")), [])
        self.works("asm", text, "-o", self.path("out"))
        self.assertEqual(len(self.read("out")), 40)
        self.assertEqual([name for name in os.listdir(self.dir) if "tmp" in name], [])

    def test_asm_of_several(self):
        """The first FILE to the first OUT, wherever they stand, up to one that cannot be."""
        a = self.write("a.yaml", b"kind: region\nlen: 40\n")
        b = self.write("b.yaml", b"kind: device\nlen: 24\n")
        x, y, z = self.path("x"), self.path("y"), self.path("z")
        self.works("asm", a, "-o", x, b, "-o", y)
        self.assertEqual((len(self.read("x")), len(self.read("y"))), (40, 24))
        self.works("asm", "-o", x, "-o", y, b, a)
        self.assertEqual((len(self.read("x")), len(self.read("y"))), (24, 40))
        self.fails(2, "asm", a, "-o", x, self.path("none.yaml"), "-o", y, b, "-o", z,
                   says="none.yaml: No such file")
        self.assertEqual((len(self.read("x")), len(self.read("y"))), (40, 40))
        self.assertFalse(os.path.exists(z))
        for args in ((a, b, "-o", z), (a, "-o", z, "-o", z)):
            self.misused("asm", *args, says="one -o OUT for each FILE")
        self.assertFalse(os.path.exists(z))

    def test_asm_to_what_is_no_file(self):
        """`-o /dev/null` must not make /dev/null a file; a link stands for it here."""
        text = self.write("a.yaml", b"kind: region\nlen: 40\n")
        os.symlink("/dev/null", self.path("sink"))
        self.works("asm", text, "-o", self.path("sink"))
        self.assertTrue(os.path.islink(self.path("sink")))

    def trip(self, kind, name, data):
        file = self.write(name, data)
        self.works("dis", "--kind", kind, file, "-o", self.path("t.yaml"))
        self.works("asm", self.path("t.yaml"), "-o", self.path("again"))
        self.assertEqual(self.read("again"), data, name)

    def test_round_trip(self):
        for name in sorted(os.listdir(CAPTURED)):
            self.trip(name.split("-")[0], name, Path(os.path.join(CAPTURED, name)).read_bytes())
        noise = random.Random(1)
        for i in range(40):
            self.trip(("device", "region", "iommu")[i % 3], "noise",
                      bytes(noise.choice((0, 1, 2, 8, 32, 48, 255)) for _ in range(3 * i)))


class Check(Cli):
    KEYS = ["file", "kind", "len", "argsz", "class", "reference", "rules", "notes", "parsers",
            "disagreements", "oracles"]
    PARSER_KEYS = ["name", "verdict", "reason", "need", "offset", "scratch", "signal", "stale", "skipped",
                   "policy", "note", "caps"]

    def ordered(self, thing, keys, required):
        """The keys of @thing are some of @keys, in their order."""
        self.assertEqual(list(thing), [key for key in keys if key in thing])
        for key in required:
            self.assertIn(key, thing)

    def hold_to_the_documents(self, report):
        self.assertEqual(list(report), self.KEYS)
        self.assertIn(report["class"], ("plain", "odd", "truncated", "malformed"))
        self.ordered(report["reference"], ["verdict", "reason", "need", "caps"],
                     ["verdict", "caps"])
        for rule in report["rules"]:
            self.assertEqual(list(rule), ["rule", "at", "from"])
            self.assertEqual(rule["rule"], report["reference"]["reason"])
        for note in report["notes"]:
            self.assertEqual(list(note), ["note", "at"])
        verdicts = {}
        for parser in report["parsers"]:
            self.ordered(parser, self.PARSER_KEYS, ["name", "verdict", "caps"])
            self.assertEqual("reason" in parser, parser["verdict"] == "reject")
            self.assertEqual("need" in parser, parser["verdict"] == "truncated")
            verdicts[parser["name"]] = parser["verdict"]
            for delivered in parser["caps"]:
                self.ordered(delivered, ["offset", "id", "version", "count"],
                             ["offset", "id", "version"])
        self.assertEqual(list(verdicts), sorted(verdicts))
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
        reports = [json.loads(line)
                   for line in self.works("check", "--json", self.dir, CAPTURED).splitlines()]
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
        report = json.loads(self.works("check", "--json", self.write("region-loop", LOOP)))
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
        self.assertRegex(report["disagreements"][0]["got"], r"\Ano end after \d+ loads\Z")

    def test_expected_and_got(self):
        """What stands beside a bucket of each kind of difference."""
        area = struct.pack("<II2Q", 1, 0, 0, 4096)
        texts = {}
        for name, data in (("cut", CUT), ("loop", LOOP), ("far", region(first=4096)),
                           ("areas", region(cap(SPARSE, 1, 0, area), argsz=48))):
            report, = map(json.loads, self.works("check", "--json", self.write(f"region-{name}", data)).splitlines())
            for one in report["disagreements"]:
                texts.setdefault(one["parser"], {})[name] = one["expected"], one["got"]
        self.assertEqual(texts["naive"]["far"], ("reject offset-oob at 4096", "a load at 4096, the buffer has 32 bytes"))
        self.assertRegex(" ".join(texts["naive"]["cut"]), r"\Atruncated, argsz 96 a load at \d+, the buffer has \d+ ")

    def test_exit_statuses(self):
        files = {"plain": PLAIN, "odd": ODD, "truncated": CUT, "malformed": LOOP}
        for name, data in files.items():
            file = self.write(f"region-{name}", data)
            for option, found in (((), ()), (("--fail-on", "odd"), ("odd", "malformed")),
                                  (("--fail-on=malformed",), ("malformed",))):
                for form in ((), ("--json",)):
                    code, out, errors = self.run_it("check", *option, *form, file)
                    self.assertEqual((code, errors), (name in found, ""), (name, option))
                    self.assertIn(name, out)
        bad = self.write("bad.yaml", b"")
        loop = self.path("region-malformed")
        for order in ((bad, loop), (loop, bad)):
            out = self.fails(2, "check", "--fail-on", "odd", *order, says="bad.yaml")
            self.assertIn("loop", out)

    def test_words(self):
        out = self.works("check", self.write("region-loop", LOOP), self.write("iommu-x", EXCUSED))
        self.assertIn("region, 48 bytes, argsz 48: malformed", out)
        self.assertIn("reference      reject loop at 32, linked from 32, 1 capability before", out)
        self.assertIn("runaway  naive:runaway:fault:loop", out)
        self.assertRegex(out, r"ksft-vfio:reject:rejects-valid:ok  in the ledger: \w+")
        self.assertNotIn("PROMISE BROKEN", out)
        self.assertRegex(out, r"(?m)^  not their kind .*ksft-vfio")
        out = self.works("explain", "--color", "never", self.path("region-loop"))
        self.assertIn("X  loop: at 32, linked from the capability at 32", out)
        self.assertNotIn("\033", out)
        self.assertIn("\033", self.works("explain", "--color", "always", self.path("region-loop")))


    def test_oracles_are_named(self):
        """What a report can be worth depends on them, so each has them."""
        oracles = re.search(r"(?m)^oracles: (load hooks in \d+ of \d+ parsers.*)$",
                            self.works("list"))[1]
        file = self.write("region-loop", LOOP)
        for verb in ("check", "explain"):
            self.assertEqual(self.works(verb, file).splitlines()[-1], f"oracles: {oracles}")
        self.assertEqual(json.loads(self.works("check", "--json", file))["oracles"], oracles)
        os.mkdir(self.path("expect"))
        self.works("bless", file)
        self.assertIn(f"\n# oracles: {oracles}\n", self.works("replay", file))

    def test_whole_corpus_is_explained(self):
        files = [os.path.join(ROOT, "corpus", folder, name) for folder in ("regressions", "seeds")
                 for name in sorted(os.listdir(os.path.join(ROOT, "corpus", folder)))]
        for first in range(0, len(files), 100):
            some = files[first:first + 100]
            said = self.works("explain", *some)
            self.assertEqual(re.findall(r"(?m)^(/\S+): \w+, \d+ bytes, a", said), some)
            self.assertEqual(len(re.findall(r"(?m)^oracles: ", said)), len(some))

    def test_many_are_explained_as_each(self):
        files = [os.path.join(ROOT, "corpus", "regressions", name + ".yaml")
                 for name in ("region-loop-two-step", "fetch-region-always-8")]
        files.append(self.write("device-empty", b""))
        self.assertEqual(self.works("explain", *files),
                         "\n".join(self.works("explain", file) for file in files))
        said = self.fails(2, "explain", self.path("none"), files[0], says="none: No such file")
        self.assertEqual(said, "\n" + self.works("explain", files[0]))

    def test_excused(self):
        """A broken promise that the ledger excuses is marked, and no other is."""
        self.write("iommu-excused", EXCUSED)
        self.write("region-loop", LOOP)
        excused, loop = map(json.loads, self.works("check", "--json", self.dir).splitlines())
        self.assertIn("ksft-vfio", [differs["parser"] for differs in excused["disagreements"]])
        for differs in excused["disagreements"]:
            self.assertNotIn("broken", differs)
            self.assertTrue(differs["excused"])
        for differs in loop["disagreements"]:
            self.assertNotIn("excused", differs)

    def test_offset_in_a_copy(self):
        """kernel walks a copy: what it loads past it is told from there, and said to be."""
        file = self.write("region-wild", region(cap(TYPE, 1, 0x7ffffff0, bytes(8))))
        report = json.loads(self.works("check", "--json", file))
        found = {parser["name"]: parser for parser in report["parsers"]}
        self.assertEqual((found["kernel"]["offset"], found["kernel"]["scratch"]),
                         (0x7ffffff0, True))
        self.assertEqual(found["naive"]["offset"], 0x7ffffff0)
        self.assertNotIn("scratch", found["naive"])
        self.assertIn("a load at 2147483632 of its own memory: from its copy",
                      self.works("explain", file))
class Exhaust(Cli):
    def kinds(self, *args):
        """What `exhaust --json` prints, but for its speed: by kind, set and broken promise."""
        things = [json.loads(line) for line in self.works("exhaust", "--json", *args).splitlines()]
        speeds = [thing for thing in things if "speed" in thing]
        self.assertTrue(all(speed["buffers_per_second"] > 0 for speed in speeds))
        self.assertEqual(len(speeds), sum("caps" in thing for thing in things))
        return [thing for thing in things if "speed" not in thing]

    def test_same_for_any_jobs(self):
        one = self.kinds("--caps", "1", "--jobs", "1")
        for jobs in ("2", "3", "64"):
            self.assertEqual(self.kinds("--caps", "1", "--jobs", jobs), one)
        text = [re.sub("speed: .*", "", self.works("exhaust", "--caps", "1", "--jobs", jobs))
                for jobs in "12"]
        self.assertEqual(text[0], text[1])

    def test_words(self):
        things = self.kinds("--caps", "1")
        for kind in [thing for thing in things if "caps" in thing]:
            sets = [thing for thing in things if thing.get("kind") == kind["kind"]
                    and "set" in thing]
            self.assertEqual(len(sets), kind["sets"])
            self.assertEqual(sum(one["buffers"] for one in sets), kind["buffers"])
            self.assertEqual(sum(kind["classes"].values()), kind["buffers"])
            self.assertGreater(kind["buffers"], 10000)
            self.assertEqual(kind["parsers"]["bounded"]["agrees"], kind["buffers"])
            self.assertEqual([one["len"] for one in sets], sorted(one["len"] for one in sets))
        self.assertEqual(sum("caps" in thing for thing in things), 3)
        excused = [thing["broken"] for thing in things if "broken" in thing]
        self.assertIn("ksft-vfio:reject:rejects-valid:ok", excused)
        self.assertTrue(all(thing["excused"] for thing in things if "broken" in thing))
        out = self.works("exhaust", "--caps", "1", "--kind", "iommu")
        self.assertRegex(out, r"iommu: \d+ buffers with up to 1 capabilities: \d+ plain, ")
        self.assertIn("ksft-vfio:reject:rejects-valid:ok (in the ledger): ", out)
        self.assertRegex(out, r"speed: \d+ buffers a second")

    def test_witnesses(self):
        """Each is what the line says, and has the verdicts that its set has."""
        things = self.kinds("--caps", "1", "--kind", "iommu", "--witnesses", "out")
        reports = map(json.loads, self.works("check", "--json", self.path("out")).splitlines())
        found = {os.path.basename(report["file"]): report for report in reports}
        names = set(os.listdir(self.path("out")))
        self.assertEqual(set(found), names)
        for thing in things[1:]:
            name = (f"iommu-set-{thing['set']}" if "set" in thing else
                    "iommu-broken-" + thing["broken"].replace(":", "_"))
            names.remove(name)
            self.assertEqual(self.read("out", name).hex(), thing["witness"])
            self.assertEqual(len(thing["witness"]), 2 * thing["len"])
            judged = found[name]
            if "broken" in thing:
                self.assertIn(thing["broken"], [one["bucket"] for one in judged["disagreements"]])
                continue
            answers = {one["name"]: one["verdict"] for one in judged["parsers"]}
            for parser, words in thing["parsers"].items():
                self.assertEqual(words.split()[0], answers[parser])
        self.assertEqual(names, set())

    def test_cannot_write(self):
        self.write("file", b"")
        out = self.fails(5, "exhaust", "--caps", "0", "--witnesses", "file/x", says="file/x")
        self.assertEqual(out, "")
        os.mkdir(self.path("closed"), 0o555)
        self.fails(5, "exhaust", "--caps", "0", "--kind", "region", "--witnesses",
                   self.path("closed"), says="cannot write .*closed", before=self.as_nobody())


class Replay(Cli):
    """A corpus of the test's own, blessed."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("expect"))
        self.write("seeds/region-plain.yaml", b"kind: region\ncaps: [{id: TYPE}]\n")
        self.write("captured/region-loop.bin", LOOP)
        self.write("captured/region-cut.bin", CUT)
        self.write("captured/iommu-excused.bin", EXCUSED)
        self.write("README.md", b"no input\n")
        self.assertEqual(self.works("bless", self.dir), "4 inputs blessed, 0 gone\n")

    def lists(self):
        return {name: self.read("expect", name) for name in os.listdir(self.path("expect"))}

    def replay(self, *args, **kwargs):
        """Exit status and {name: (passed, remarks)}, of TAP that is well formed."""
        code, out, errors = self.run_it("replay", *(args or (self.dir,)), **kwargs)
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

    def failed(self, tests):
        return {name: " ".join(remarks) for name, (passed, remarks) in tests.items() if not passed}

    def test_blessed(self):
        self.assertEqual(self.failed(self.replay()), {})
        self.assertEqual(sorted(self.replay()), [
            "captured/iommu-excused.bin", "captured/region-cut.bin", "captured/region-loop.bin",
            "seeds/region-plain.yaml"])
        self.assertEqual(self.read("expect", "reference.txt").decode().splitlines(), [
            "captured/iommu-excused.bin ok", "captured/region-cut.bin truncated",
            "captured/region-loop.bin reject loop", "seeds/region-plain.yaml ok"])
        self.assertIn(b"captured/region-loop.bin runaway\n", self.read("expect", "naive.txt"))
        before = self.lists()
        self.assertNotIn("bounded.txt", before)
        self.works("bless", self.dir)
        self.assertEqual(self.lists(), before)
        self.works("bless", self.path("seeds"))
        self.assertEqual(self.lists(), before)

    def test_parts(self):
        self.assertEqual(list(self.replay(self.path("seeds"))), ["seeds/region-plain.yaml"])
        self.assertEqual(list(self.replay(self.path("captured", "region-cut.bin"), "seeds")),
                         ["captured/region-cut.bin", "seeds/region-plain.yaml"])

    def test_changed_verdict(self):
        for name in ("reference.txt", "naive.txt"):
            before = self.read("expect", name)
            self.write(f"expect/{name}", re.sub(rb"(region-loop.bin )\w+( loop)?", rb"\1absent",
                                                before))
            failed = self.failed(self.replay())
            self.assertEqual(list(failed), ["captured/region-loop.bin"])
            self.assertRegex(failed["captured/region-loop.bin"],
                             rf"# {name[:-4]}: expected absent, got (reject loop|runaway)")
            self.works("bless", self.dir)
            self.assertEqual(self.read("expect", name), before)

    def test_changed_capabilities(self):
        """An `ok` that delivers other things than the reference is expected to, or is not."""
        name = "region-crosvm-region-ok-wrong-caps-newer-version.yaml"
        self.write(f"seeds/{name}", Path(f"corpus/regressions/{name}").read_bytes())
        self.works("bless", self.dir)
        before = self.read("expect", "crosvm-region.txt")
        self.assertIn(f"seeds/{name} ok wrong-caps\n".encode(), before)
        for changed in (before.replace(b"ok wrong-caps", b"ok"),
                        before.replace(b"ok wrong-caps", b"ok wrong-payload")):
            self.write("expect/crosvm-region.txt", changed)
            self.assertRegex(self.failed(self.replay())[f"seeds/{name}"],
                             "# crosvm-region: expected ok.*, got ok wrong-caps")

    def test_notes(self):
        """What the reference says beside its verdict is expected too, and so is that it says nothing."""
        notes = self.read("expect", "notes.txt")
        self.assertIn(b"captured/region-loop.bin at=32 from=32\n", notes)
        self.assertIn(b"captured/region-cut.bin need=", notes)
        for changed in (notes.replace(b"from=32", b"from=40"), notes.replace(b"need=", b"need=1"),
                        notes + b"seeds/region-plain.yaml align4@36\n"):
            self.assertNotEqual(changed, notes)
            self.write("expect/notes.txt", changed)
            (failed,) = self.failed(self.replay()).values()
            self.assertRegex(failed, "# notes of the reference: expected .*, got ")
        self.works("bless", self.dir)
        self.assertEqual(self.read("expect", "notes.txt"), notes)

    def test_last_words(self):
        """A replay that a signal ends says at which input."""
        for i in range(40):
            self.write(f"long/region-{i:0200}.bin", PLAIN)
        self.works("bless", self.dir)
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
        self.assertIn("its file is gone", self.failed(self.replay())["captured/region-cut.bin"])
        self.assertEqual(self.failed(self.replay(self.path("seeds"))), {})
        self.assertEqual(self.works("bless", self.dir), "3 inputs blessed, 1 gone\n")
        self.assertEqual(self.failed(self.replay()), {})
        self.assertNotIn(b"region-cut", b"".join(self.lists().values()))

    def test_stale_lines(self):
        """A line that no input has is reported, whichever list it is in, and bless drops it."""
        for name, line in (("naive.txt", b"captured/region-never.bin oob\n"),
                           ("reference.txt", b"README.md ok\n"),
                           ("ksft-vfio.txt", b"captured/region-loop.bin oob\n")):
            with self.subTest(name=name):
                before = self.lists()
                self.write(f"expect/{name}", before.get(name, b"") + line)
                (failed,) = self.failed(self.replay()).items()
                self.assertEqual(failed[0], line.split()[0].decode())
                self.assertIn(name[:-4], failed[1])
                self.assertEqual(self.failed(self.replay(self.path("seeds"))), {})
                self.works("bless", self.dir)
                self.assertEqual(self.lists(), before)
        self.write("expect/naive.txt", b"captured/region-loop.bin\n")
        self.fails(2, "replay", self.dir, says=r"naive\.txt: ")

    def test_gone_beside(self):
        """captured-old/ is not under captured/."""
        self.write("captured-old/region-a.bin", PLAIN)
        self.works("bless", self.dir)
        os.remove(self.path("captured-old", "region-a.bin"))
        self.assertEqual(self.failed(self.replay(self.path("captured"))), {})

    def test_new(self):
        self.write("captured/device-new.bin", PLAIN)
        self.assertIn("bless", self.failed(self.replay())["captured/device-new.bin"])
        self.works("bless", self.path("captured", "device-new.bin"))
        self.assertEqual(self.failed(self.replay()), {})
        for data in self.lists().values():
            self.assertEqual(data.splitlines(), sorted(data.splitlines()))

    def test_nothing(self):
        os.mkdir(self.path("none"))
        self.assertEqual(self.replay(self.path("none")), {})

    def test_unusable_input(self):
        before = self.lists()
        self.write("seeds/bad.yaml", b"kind: disk\n")
        self.write("seeds/nameless", PLAIN)
        self.assertEqual(sorted(self.failed(self.replay())), ["seeds/bad.yaml", "seeds/nameless"])
        os.remove(self.path("seeds", "nameless"))
        self.fails(2, "bless", self.dir, says=r"bad\.yaml:1:7: ")
        self.assertEqual(self.lists(), before)

    def test_names(self):
        """A space, or what TAP would take for a directive: replayed like any other, or refused."""
        for name in ("region-two words.bin", "region-# SKIP.bin"):
            file = self.write(f"captured/{name}", PLAIN)
            with self.subTest(name=name):
                if self.run_it("bless", self.dir)[0]:
                    self.fails(2, "bless", self.dir, says=name)
                else:
                    self.assertEqual(self.failed(self.replay()), {})
                    self.assertNotRegex(self.works("replay", self.dir), r"[^\\]#\s*SKIP")
            os.remove(file)

    def test_same_path_twice(self):
        self.assertEqual(len(self.replay(self.dir, self.path("seeds"), self.dir)), 4)

    def test_no_expect(self):
        other = self.new_dir()
        for verb in ("replay", "bless"):
            self.fails(2, verb, other, says=f"{other}: (?!not found).*expect/ beside or above")
        os.mkdir(os.path.join(other, "expect"))
        self.fails(2, "replay", self.dir, other, says="belongs to another corpus")

    def test_unreadable_list(self):
        """Not an empty one, which bless would write as such."""
        drop = self.as_nobody()
        os.chmod(self.path("expect", "reference.txt"), 0)
        if drop:
            os.chown(self.path("expect"), NOBODY, NOBODY)
        for verb in ("replay", "bless"):
            with self.subTest(verb=verb):
                self.fails(2, verb, self.path("seeds"), before=drop,
                           says=r"reference\.txt: Permission")

    def test_unwritable_lists(self):
        before = self.lists()
        self.write("seeds/region-new.bin", PLAIN)
        self.fails(5, "bless", self.dir, before=self.as_nobody(), says="expect/.*: Permission")
        self.assertEqual(self.lists(), before)

    def test_one_list_in_the_way(self):
        """Nothing half written stays, and the next bless makes up for it."""
        before = self.lists()
        os.remove(self.path("expect", "naive.txt"))
        os.mkdir(self.path("expect", "naive.txt"))
        self.fails(2, "bless", self.dir, says=r"naive\.txt: ")
        self.assertEqual(sorted(os.listdir(self.path("expect"))), sorted(before))
        os.rmdir(self.path("expect", "naive.txt"))
        self.works("bless", self.dir)
        self.assertEqual(self.lists(), before)

    def test_verdicts(self):
        runs = []
        for name in ("one.txt", "two.txt"):
            self.replay("--verdicts", self.path(name), self.dir)
            runs.append(self.read(name).decode())
        self.assertEqual(runs[0], runs[1])
        for line in runs[0].splitlines():
            self.assertRegex(line, r"^[0-9a-f]{16} (device|region|iommu) \d+ \w+:[a-z-]*"
                                   r"( [a-z0-9-]+:[a-z]+:[a-z-]*:[a-z-]*)+$")
        self.assertEqual(len(runs[0].splitlines()), 4)
        self.replay("--truncate", "--verdicts", self.path("three.txt"), self.dir)
        more = self.read("three.txt").decode().splitlines()
        lens = sorted(int(line.split()[2]) for line in more)
        # 48 bytes: to 47, 24 and 36; 32 bytes of iommu: to 31, 16 and 28.
        self.assertEqual(lens, sorted([48, 47, 24, 36] * 3 + [32, 31, 16, 28]))
        self.assertLess(set(runs[0].splitlines()), set(more))
        self.fails(5, "replay", "--verdicts=/dev/full", self.dir, says="/dev/full")
        self.fails(5, "replay", "--verdicts", self.path("none", "x"), self.dir, says="none/x")


if __name__ == "__main__":
    if not os.access(CAPCHAIN, os.X_OK):
        sys.exit(f"{CAPCHAIN}: cannot run it; build it, or name it in CAPCHAIN")
    run_tests()
