#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make dist`: the same tree gives the same bytes, and verdicts.jsonl is what corpus/VERDICTS.md says.

CAPCHAIN is the built command; build/capchain by default.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, ROOT, Case, run, run_tests, text_of  # noqa: E402

DIST = os.path.join("scripts", "gen", "dist.py")
WORDS = {"verdict": {"ok", "absent", "truncated", "reject"}, "kind": {"device", "region", "iommu", "pci", "pcie", "fetch"},
         "class": {"plain", "odd", "truncated", "malformed"}}
TYPES = {"string": str, "number": int, "array": list, "object": dict}
# What objects in an array have, and what they may have.
IN_ARRAYS = {"caps": ({"offset", "id", "version"}, {"count"}), "rules": ({"rule"}, {"at", "from"}),
             "notes": ({"note"}, {"at"})}


def described():
    """The tables of corpus/VERDICTS.md: three of {key: type}; what has no type in them is `object`'s."""
    tables = re.findall(r"^\| key of .*\n\|---.*\n((?:\|.*\n)+)", text_of("corpus", "VERDICTS.md"), re.M)
    return [{key: TYPES[kind] for key, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.M)}
            for table in tables]


class Wrong(Exception):
    pass


def hold(condition, what):
    if not condition:
        raise Wrong(what)


def typed(value, table, may_lack, where):
    hold(set(value) <= set(table), f"{where}: {set(value) - set(table)} is not described")
    hold(set(table) - set(value) <= may_lack, f"{where}: no {set(table) - set(value) - may_lack}")
    for key in value:
        hold(isinstance(value[key], table[key]) and not isinstance(value[key], bool), f"{where}: {key}")


def validate(lines, names):
    """Holds @lines, parsed, to the page; @names are the files of the archive."""
    head, entry, reference = described()
    typed(lines[0], head, set(), "the first object")
    hold((lines[0]["form"], lines[0]["form_version"]) == ("capchain-verdicts", 1), "the form")
    hold(lines[0]["inputs"] == len(lines) - 1, "the number of inputs")
    hold({line["file"] for line in lines[1:]} == {name for name in names if name.startswith("corpus/")},
         "not the inputs of the archive")
    for line in lines[1:]:
        where, right = line["file"], line["reference"]
        typed(line, entry, set(), where)
        typed(right, reference, {"reason", "need"}, where)
        hold(right["verdict"] in WORDS["verdict"], f"{where}: the verdict")
        for key in ("kind", "class"):
            hold(line[key] in WORDS[key], f"{where}: {key}")
        hold("need" not in right or right["verdict"] == "truncated", f"{where}: need")
        hold("reason" not in right or right["verdict"] == "reject", f"{where}: reason")
        if line["kind"] != "fetch":
            hold(("reason" in right) == (right["verdict"] == "reject") == bool(line["rules"]), f"{where}: rules")
            hold((right["verdict"] == "reject") == (line["class"] == "malformed"), f"{where}: class")
        for key, (has, may) in IN_ARRAYS.items():
            hold(all(has <= set(one) <= has | may for one in {**line, **right}[key]), f"{where}: {key}")
        hold(all(isinstance(said, str) for said in line["parsers"].values()), f"{where}: parsers")


def dist(root, out, **env):
    return run(sys.executable, os.path.join(root, DIST), "--capchain", CAPCHAIN, out, env={**os.environ, **env})


class Archives(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.at)
        cls.out = os.path.join(cls.at, "out")
        cls.done = dist(ROOT, cls.out)

    def setUp(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)

    def unpacked(self, name):
        """The folder that the archive holds."""
        archive, = (each for each in os.listdir(self.out) if re.fullmatch(rf"{name}-\d\S*\.tar\.gz", each))
        to = tempfile.mkdtemp(dir=self.at)
        with tarfile.open(os.path.join(self.out, archive)) as tar:
            tar.extractall(to, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        self.assertEqual(os.listdir(to), [archive.removesuffix(".tar.gz")])
        return os.path.join(to, archive.removesuffix(".tar.gz"))

    def test_sums(self):
        self.assertEqual(self.done.stdout, Path(self.out, "SHA256SUMS").read_text("ascii"))
        sums = dict(reversed(line.split("  ")) for line in self.done.stdout.splitlines())
        self.assertEqual(sums, {name: hashlib.sha256(Path(self.out, name).read_bytes()).hexdigest()
                                for name in os.listdir(self.out) if name != "SHA256SUMS"})

    def test_the_same_tree_gives_the_same_bytes(self):
        """Elsewhere, later, without git, from the archive itself."""
        tree, again = self.unpacked("capchain"), os.path.join(self.at, "again")
        self.assertFalse(os.path.exists(os.path.join(tree, ".git")))
        for name in os.listdir(os.path.join(tree, "parsers")):
            os.utime(os.path.join(tree, "parsers", name))
        done = dist(tree, again)
        self.assertEqual((done.returncode, done.stdout), (0, self.done.stdout), done.stderr)

    def test_another_tree_gives_others(self):
        tree = self.unpacked("capchain")
        with open(os.path.join(tree, "parsers", "include", "bounded.h"), "a", encoding="utf-8") as file:
            file.write("\n")
        done = dist(tree, os.path.join(self.at, "other"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for mine, other in zip(self.done.stdout.splitlines(), done.stdout.splitlines(), strict=True):
            self.assertNotEqual(mine, other)
        done = dist(ROOT, os.path.join(self.at, "dated"), SOURCE_DATE_EPOCH="1700000000")
        self.assertNotEqual(done.stdout, self.done.stdout)

    def test_sources_are_whole(self):
        tree = self.unpacked("capchain")
        for name in ("Makefile", "mk/configs.mk", "README.md", "LICENSE", "CHANGELOG.md", "scripts/setup.sh"):
            self.assertTrue(os.path.exists(os.path.join(tree, name)), name)
        self.assertTrue(os.access(os.path.join(tree, "scripts", "setup.sh"), os.X_OK))
        self.assertFalse(os.path.exists(os.path.join(tree, "build")))
        done = run("make", "-C", tree, "-n", env={**os.environ, "MAKEFLAGS": ""})
        self.assertEqual(done.returncode, 0, done.stderr)

    def vendored(self):
        """Its folder, the objects of verdicts.jsonl, and its files."""
        folder = self.unpacked("capchain-vendor")
        lines = [json.loads(line) for line in Path(folder, "verdicts.jsonl").read_text("utf-8").splitlines()]
        names = [str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()]
        return folder, lines, names

    def test_verdicts(self):
        folder, lines, names = self.vendored()
        validate(lines, names)
        self.assertGreater(len(lines), 900)
        self.assertLessEqual({"LICENSE", "VERSION", "VERDICTS.md", "bounded.h", "fetch.h"}, set(names))
        self.assertEqual(Path(os.path.join(folder, "VERSION")).read_text("ascii").strip(), lines[0]["capchain"])
        for line in lines[1:]:
            size = os.path.getsize(os.path.join(folder, line["file"]))
            self.assertEqual(size, line["len"], line["file"])

    def test_what_the_page_does_not_say_is_refused(self):
        _, lines, names = self.vendored()
        loop = next(index for index, line in enumerate(lines[1:], 1) if "region-loop-self" in line["file"])

        def without(key):
            return lambda line: line.pop(key)

        def with_other(key, value):
            return lambda line: line.update({key: value})

        def in_reference(change):
            return lambda line: change(line["reference"])

        for index, change in ((0, with_other("form_version", 2)), (0, with_other("inputs", 1)),
                              (loop, with_other("new", 1)), (loop, without("argsz")), (loop, with_other("len", "56")),
                              (loop, with_other("class", "plain")), (loop, in_reference(without("reason"))),
                              (loop, in_reference(with_other("verdict", "fine"))),
                              (loop, with_other("file", "corpus/none.bin")), (loop, with_other("rules", [{"at": 1}])),
                              (loop, with_other("notes", [{"note": "x", "new": 1}]))):
            copy = json.loads(json.dumps(lines))
            change(copy[index])
            with self.subTest(copy[index]), self.assertRaises(Wrong):
                validate(copy, names)


class Refused(Case):
    def test_one_line(self):
        other = self.write("capchain", "#!/bin/sh\necho capchain 0.0.1\n", 0o755)
        for words, status, says in ((["--capchain", "/none", self.dir], 2, "/none is missing: make"),
                                    (["--capchain", other, self.dir], 2,
                                     r".*is capchain 0\.0\.1, and the tree .*: make"),
                                    (["--capchain", CAPCHAIN, os.path.join(other, "x")], 5, ".*: Not a directory")):
            done = run(sys.executable, os.path.join(ROOT, DIST), *words)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertRegex(done.stderr, rf"\Adist: {says}\n\Z")

    def test_version_has_a_place_in_the_changelog(self):
        newest = re.search(r"(?m)^## (\S+)", text_of("CHANGELOG.md"))[1]
        self.assertEqual(newest.rstrip(","), run(CAPCHAIN, "--version").stdout.split()[1])


if __name__ == "__main__":
    run_tests()
