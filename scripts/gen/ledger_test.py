#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests ledger.py, and that a command without an entry says which one it needs.

CAPCHAIN names the binary, build/clang/capchain by default; beside it are the objects that it is
linked from, which are linked anew here with a ledger of the test's own.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True
os.environ.setdefault("CAPCHAIN", f"{sys.path[0]}/../build/clang/capchain")

from gen import ledger  # noqa: E402
from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests, script  # noqa: E402

LEDGER = os.path.join(CORPUS, "ledger.yaml")

ENTRY = {"bucket": "naive:ok:wrong-caps:ok", "reason": "why", "source": "x.c", "versions": "1 to 3",
         "upstream": "none", "review": "2031-02-03", "witness": "w.yaml"}


def yaml_of(*entries):
    lines = []
    for entry in entries:
        for i, (key, value) in enumerate(entry.items()):
            lines.append(f"{'  ' if i else '- '}{key}: {value}")
    return "\n".join(lines) + "\n"


def outcome(*command):
    done = run(*command)
    return done.returncode, done.stdout


class Ledger(Case):
    def setUp(self):
        super().setUp()
        self.ledger, self.out = self.path("ledger.yaml"), self.path("out.c")
        self.write("w.yaml", "kind: region\n")

    def run_it(self, text, *options):
        """(status, stdout, stderr) of ledger.py on @text, or on the file that there is."""
        if text is not None:
            Path(self.ledger).write_text(text, "utf-8")
        done = run(script("gen", "ledger.py"), *options)
        return done.returncode, done.stdout, done.stderr

    def refuses(self, text, says):
        for options in ((self.ledger,), (self.ledger, self.out)):
            code, out, errors = self.run_it(text, *options)
            self.assertEqual((code, out), (2, ""), (text, errors))
            self.assertRegex(errors, r"\Aledger: [^\n]*" + says + r"[^\n]*\n\Z")
            self.assertFalse(os.path.exists(self.out))

    def test_table(self):
        entries = [{**ENTRY, "reason": '"a \\"b\\" c"', "upstream": "[https://a/1, http://b]",
                    "kind": "[device, iommu]", "notes": "[align4, duplicate-id]"},
                   {**ENTRY, "bucket": "naive:*:fault:payload-oob"}]
        self.assertEqual(self.run_it(yaml_of(*entries), self.ledger, self.out), (0, "", ""))
        table = Path(self.out).read_text("ascii")
        self.assertIn('{"naive:ok:wrong-caps:ok", 1u << INFO_DEVICE | 1u << INFO_IOMMU, '
                      'NOTE_BIT(NOTE_ALIGN4) | NOTE_BIT(NOTE_DUPLICATE_ID), "a \\"b\\" c", "x.c", "1 to 3", '
                      '"https://a/1 http://b", "2031-02-03", "w.yaml"},', table)
        self.assertIn('{"naive:*:fault:payload-oob", 0, 0, ', table)
        self.assertIn("ledger_count = 2;", table)
        self.assertEqual(self.run_it("", self.ledger, self.out)[0], 0)
        self.assertEqual(os.listdir(self.dir).count("out.c.tmp"), 0)

    def test_refuses(self):
        for key in ENTRY:
            missing = {name: value for name, value in ENTRY.items() if name != key}
            self.refuses(yaml_of(missing), f"entry 1: {key} is missing")
            self.refuses(yaml_of(ENTRY, {**ENTRY, key: '""'}), "entry 2: ")
        for key, value, says in (
                ("bucket", "naive:ok:wrong-caps", "parser:verdict:class:cause"),
                ("bucket", '"*"', "parser:verdict:class:cause"),
                ("bucket", '"*:ok:wrong-caps:ok"', "no parser's name"),
                ("bucket", "naive:okay:wrong-caps:ok", "no verdict is `okay`"),
                ("bucket", "naive:ok:wrong-cups:ok", "no class is `wrong-cups`"),
                ("bucket", "naive:ok:wrong-caps:lop", "no cause is `lop`"),
                ("bucket", '"naive:*:*:*"', "excuse everything"),
                ("kind", "fetch", "no kind is `fetch`"),
                ("kind", "[]", "kind is a list"),
                ("kind", "[region, region]", "says one twice"),
                ("kind", '""', "no kind is ``"),
                ("notes", "[align5]", "no note is `align5`"),
                ("notes", "[]", "notes is a list"),
                ("upstream", "somewhere", "upstream is"),
                ("review", "soon", "review is a day"),
                ("review", "2031-02-03 04:05:06", "review is a day"),
                ("witness", "gone.yaml", "there is no gone.yaml"),
                ("reasons", "x", "`reasons` is no key")):
            self.refuses(yaml_of({**ENTRY, key: value}), says)

    def test_places(self):
        """An error says its line and column: of the value, of a key that is none, of the entry."""
        for text, where, says in (
                (yaml_of(ENTRY, ENTRY), "8:11", "entry 2: says the same as entry 1"),
                (yaml_of({**ENTRY, "kind": "usb"}), "8:9", "entry 1: "),
                (yaml_of({**ENTRY, "kinds": "region"}), "8:3", "entry 1: "),
                (yaml_of(ENTRY, {"bucket": "x"}), "8:3", "entry 2: "),
                (yaml_of(ENTRY) + "  reason: again\n", "8:3", "entry 1: reason is there twice"),
                (yaml_of(ENTRY) + "- a\n", "8:3", "entry 2: an entry is a mapping"),
                ("{}\n", "1:1", "a list of entries"),
                ("- a: [\n", "2:1", ""),
                ("- {review: 2031-02-31}\n", "1:12", "")):
            self.refuses(text, rf"ledger\.yaml:{where}: {says}")

    def test_excuses(self):
        """As ledger_find() does: by bucket, by kind, by notes."""
        self.run_it(yaml_of({**ENTRY, "bucket": '"naive:*:wrong-caps:ok"', "kind": "region",
                             "notes": "[align4]"}), self.ledger)
        entry, = ledger.load(self.ledger)
        for bucket, kind, notes, excused in (("naive:ok:wrong-caps:ok", "region", ["align4", "backward"], True),
                                             ("naive:ok:wrong-caps:ok", "iommu", ["align4"], False),
                                             ("naive:ok:wrong-caps:ok", "region", ["backward"], False),
                                             ("naive:ok:fault:ok", "region", ["align4"], False)):
            self.assertEqual(ledger.excuses(entry, bucket, kind, notes), excused, (bucket, kind, notes))

    def test_files(self):
        self.assertEqual(self.run_it(None, self.ledger)[0], 2)
        code, _, errors = self.run_it(yaml_of(ENTRY), self.ledger, "/proc/none/out.c")
        self.assertEqual(code, 5)
        self.assertEqual(errors.count("\n"), 1)
        self.assertEqual(self.run_it(yaml_of(ENTRY))[0], 2)
        self.assertEqual(self.run_it(None, "--today", "soon", self.ledger)[0], 2)

    def test_dates(self):
        text = yaml_of(ENTRY, {**ENTRY, "bucket": "naive:ok:wrong-payload:ok", "review": "2031-02-05"})
        for today, late in (("2031-02-03", 0), ("2031-02-04", 1), ("2031-02-06", 2)):
            code, out, errors = self.run_it(text, "--today", today, self.ledger)
            self.assertEqual((code, errors), (0, ""))
            self.assertEqual(len(re.findall(r"^warning: .* has passed", out, re.M)), late)
            self.assertIn(f"2 entries, {late} past their review date\n", out)
            code, out, _ = self.run_it(text, "--strict-dates", "--today", today, self.ledger)
            self.assertEqual(code, 1 if late else 0)
            self.assertEqual(len(re.findall(r"^error: .* has passed", out, re.M)), late)
        # No date takes part in what is built.
        code, out, _ = self.run_it(text, "--today", "2099-01-01", self.ledger, self.out)
        self.assertEqual((code, out), (0, ""))

    def link(self, text):
        """The command with another ledger."""
        config = os.path.basename(os.path.dirname(CAPCHAIN))
        made = run("make", "-n", "--no-print-directory", "-W", "fuzz/judge/ledger.c", f"build/{config}/capchain",
                   cwd=ROOT, env={**os.environ, "MAKEFLAGS": ""})
        words = made.stdout.splitlines()[-1].split()
        table = f"build/{config}/obj/ledger_table.o"
        self.assertIn(table, words)
        binary = self.path("capchain")
        self.assertEqual(self.run_it(text, self.ledger, self.out)[0], 0)
        words[words.index(table)] = self.out
        words[words.index("-o") + 1] = binary
        subprocess.run([*words, "-iquote", ROOT], cwd=ROOT, check=True)
        return binary

    def test_new_divergence(self):
        """Without its entry the selftest's refusal stops check and replay, which print the entry;
        filled in, that is accepted and excuses it."""
        witness = os.path.join(CORPUS, "regressions", "iommu-chain-at-20.yaml")
        for folder in ("captured", "nights", "regressions", "seeds"):
            os.symlink(os.path.join(CORPUS, folder), self.path(folder))
        entries = re.findall(r"^- .*\n(?:(?:  .*)?\n)*", Path(LEDGER).read_text("utf-8"), re.M)
        others = "".join(entry for entry in entries if "ksft-vfio:" not in entry)
        self.assertLess(len(others), sum(map(len, entries)))
        binary = self.link(others)
        for verb in ("replay", "check"):
            code, out = outcome(binary, verb, witness)
            found = re.search(r"add to corpus/ledger\.yaml:\n(- bucket: ksft.*\n(  .*\n)+)", out)
            self.assertEqual(code, 1)
            self.assertTrue(found, out)
            entry = found[1]
            for line in ("- bucket: ksft-vfio:reject:rejects-valid:ok\n", "  kind: iommu\n", "  notes: [align4]",
                         "  witness: regressions/iommu-chain-at-20.yaml\n"):
                self.assertIn(line, entry)
        code, out = outcome(binary, "exhaust", "--caps", "1", "--kind", "iommu")
        self.assertEqual(code, 1)
        self.assertRegex(out, r"broken promises: [1-9]")
        self.assertRegex(out, r"ksft-vfio:reject:rejects-valid:ok: \d+ buffers, smallest ")
        os.remove(self.out)
        self.refuses(others + entry, "reason is empty")
        for key, value in (("reason", '"why"'), ("source", '"where"'), ("versions", '"2"'), ("review", "2031-02-03")):
            entry = entry.replace(f'{key}: ""', f"{key}: {value}")
        self.assertEqual(outcome(self.link(others + entry), "replay", witness)[0], 0)
        # What is known of one kind is news in another.
        entry = entry.replace("kind: iommu", "kind: [device, region]")
        self.assertEqual(outcome(self.link(others + entry), "replay", witness)[0], 1)

    def test_ours(self):
        code, _, errors = self.run_it(None, LEDGER)
        self.assertEqual((code, errors), (0, ""))


if __name__ == "__main__":
    run_tests()
