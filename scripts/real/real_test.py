#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests the cutter, the closure and `make real`, on a tree that is made up here. No network is needed."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from fuzz.own_tools import Refused  # noqa: E402
from real import closure, cut, packages  # noqa: E402
from real.programs import PROGRAMS  # noqa: E402
from real.slices import RECORDED  # noqa: E402
from test.tools import ROOT, Case, run_tests, script  # noqa: E402

SCRIPT = script("real", "real.py")

# What a cutter stumbles over: braces in comments, strings, characters and macros, and two of one name.
HARD = r'''
/* int not_this(void) { */
#define OPEN {
#define TWICE(x) \
	((x) + (x))
// also not this {
static const char *const text = "} {", brace = '{';
typedef unsigned int number;
typedef int (*call)(void);
struct forward;
struct one {
	struct { int deep; } inner;
};
typedef struct two { int a; } two_t;
enum names { FIRST, SECOND = 2 };
extern int elsewhere;
int prototype(int a);
int table[] = { 1, 2 };
#ifdef A
int chosen(void) { return 1; }
#else
int chosen(void) { return 2; }
#endif
static inline __attribute__((unused)) struct one *
plain(struct one *a, int (*f)(int))
{
	if (f) { return a; }
	return a;
}
int last(void) __attribute__((noinline));
int last(void)
{
	return TWICE(elsewhere);
}
'''

# A reader of ours under the names of DPDK's functions.
WALK = r'''
#include <nothing/that/is/here.h>
#define FLAG_CAPS 8
static int
pci_vfio_get_region_info(int fd, struct vfio_region_info **ret, int region)
{
	size_t size = sizeof(struct vfio_region_info);
	struct vfio_region_info *info = malloc(size), *more;

	for (;;) {
		if (!info)
			return -1;
		memset(info, 0, size);
		info->argsz = size;
		info->index = region;
		if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) < 0) {
			free(info);
			return -1;
		}
		if (info->argsz == size)
			break;
		size = info->argsz;
		more = realloc(info, size);
		if (!more)
			free(info);
		info = more;
	}
	*ret = info;
	return 0;
}

static struct vfio_info_cap_header *
pci_vfio_info_cap(struct vfio_region_info *info, int id)
{
	size_t at = info->cap_offset;

	if (!(info->flags & FLAG_CAPS))
		return NULL;
	while (at /* rule */) {
		struct vfio_info_cap_header *h = RTE_PTR_ADD(info, at);

		if (h->id == id)
			return h;
		at = h->next;
	}
	return NULL;
}

static int
pci_vfio_msix_is_mappable(int fd, int region)
{
	struct vfio_region_info *info;
	int found;

	if (pci_vfio_get_region_info(fd, &info, region))
		return -1;
	found = pci_vfio_info_cap(info, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE) != NULL;
	free(info);
	return found;
}
'''
RULE = "while (at /* rule */)"


class Cutter(unittest.TestCase):
    def setUp(self):
        self.index = cut.Index([("hard.c", HARD)])

    def test_names(self):
        found = {name: piece.kind for name, piece in self.index.by_name.items()}
        self.assertEqual(found, {
            "OPEN": "macro", "TWICE": "macro", "text": "variable", "number": "type", "call": "type", "one": "type",
            "two_t": "type", "two": "type", "names": "type", "FIRST": "type", "SECOND": "type", "table": "variable",
            "chosen": "function", "plain": "function", "last": "function"})

    def test_ends(self):
        self.assertTrue(self.index.find("plain").text.startswith("static inline"))
        self.assertTrue(self.index.find("plain").text.endswith("return a;\n}\n"))
        self.assertEqual(self.index.find("TWICE").text, "#define TWICE(x) \\\n\t((x) + (x))\n")
        self.assertEqual(HARD.splitlines()[self.index.find("last").line - 1], "int last(void)")

    def test_first_of_two(self):
        self.assertIn("return 1", self.index.find("chosen").text)

    def test_blank_keeps_places(self):
        self.assertEqual(len(cut.blank(HARD)), len(HARD))
        self.assertEqual(cut.blank(HARD).count("\n"), HARD.count("\n"))

    def test_unclosed(self):
        """A file that ends inside a body has no definition there, and ends the cutter too."""
        self.assertEqual(cut.pieces("x.c", "int f(void)\n{\n\tif (1) {\n"), [])
        self.assertEqual(cut.pieces("x.c", "}}}; int g;")[-1].name, "g")


class Closure(unittest.TestCase):
    def closed(self, text, roots, stubs=""):
        index = cut.Index([("x.c", text)])
        check = closure.check_with(["clang", "-std=gnu11"])
        with tempfile.NamedTemporaryFile("w", suffix=".h") as shim:
            return closure.closed(index, closure.roots_of(index, roots), stubs, lambda chosen, stubbed: check(
                cut.slice_text(index, chosen, stubbed, (), shim.name, shim.name).replace(
                    "#define f_trace", "static void real_nothing(int a, ...) { (void)a; }\n#define f_trace")))

    def test_pulls_in(self):
        chosen, _ = self.closed("#define N 2\nstruct s { int a; };\nstatic int g(struct s *s) { return s->a + N; }\n"
                                "int unused(void) { return 1; }\nint f(struct s *s) { return g(s); }\n", ("f",))
        self.assertEqual({piece.name for piece in chosen}, {"f", "g", "s", "N"})

    def test_stubs(self):
        chosen, stubbed = self.closed("int f(int a) { f_trace(a); return a; }\n", ("f",), r"f_\w+")
        self.assertEqual((len(chosen), stubbed), (1, ["f_trace"]))

    def test_other_name(self):
        chosen, _ = self.closed("int new_f(void) { return 1; }\n", ("f | new_f",))
        self.assertEqual(chosen[0].name, "new_f")

    def test_root_is_gone(self):
        with self.assertRaisesRegex(closure.Lacking, "no function f or old_f"):
            self.closed("int g(void) { return 1; }\n", ("f | old_f",))

    def test_name_is_nowhere(self):
        with self.assertRaisesRegex(closure.Lacking, "neither its files nor the shim have h"):
            self.closed("int f(void) { return h(); }\n", ("f",))

    def test_member_is_missing(self):
        with self.assertRaisesRegex(closure.Lacking, "the shim lacks a member b of struct s"):
            self.closed("struct s { int a; };\nint f(struct s *s) { return s->b; }\n", ("f",))


class Packages(unittest.TestCase):
    def test_rows(self):
        rows = packages.read_rows()
        self.assertGreater(len(rows), 5)
        self.assertEqual(len({(row.program, row.version) for row in rows}), len(rows))

    def test_rows_that_are_none(self):
        good = packages.read_rows()[0].line()
        for bad in (good + " more", good.replace("served", "maybe"), good.rsplit(" ", 2)[0] + " 12 served"):
            with tempfile.NamedTemporaryFile("w") as table, self.subTest(bad):
                table.write(bad + "\n")
                table.flush()
                with self.assertRaisesRegex(Refused, ":1: want program"):
                    packages.read_rows(table.name)

    def test_index(self):
        text = ("Package: qemu\nVersion: 1:7.2-1\nDirectory: pool/q\nChecksums-Sha256:\n " + "a" * 64 + " 12 "
                "qemu_7.2.orig.tar.xz\n " + "b" * 64 + " 3 qemu_7.2-1.debian.tar.xz")
        self.assertEqual(packages.entry_of(text), ("1:7.2-1", "pool/q/qemu_7.2.orig.tar.xz", "a" * 64))
        self.assertIsNone(packages.entry_of("Package: native\nVersion: 1\nDirectory: pool/n"))

    def test_every_row_has_a_recipe(self):
        for row in packages.read_rows():
            if row.program in PROGRAMS and row.state == "served":
                parts = PROGRAMS[row.program].parts_of(row.number())
                self.assertTrue(parts, row)
                for part in parts:
                    self.assertTrue(Path(RECORDED, f"{part.name}@{row.version}").exists(), row)


class Trees(Case):
    """`make real SRC=`, on a tree under the names of DPDK."""

    def tree(self, name, text=WALK, version="22.11.0\n"):
        folder = os.path.join(self.made, name)
        os.makedirs(os.path.join(folder, "drivers/bus/pci/linux"))
        Path(folder, "VERSION").write_text(version, "ascii")
        Path(folder, "drivers/bus/pci/linux/pci_vfio.c").write_text(text, "ascii")
        return folder

    def setUp(self):
        self.made = tempfile.mkdtemp(prefix="real-")
        self.addCleanup(shutil.rmtree, self.made)

    def real(self, *arguments):
        return subprocess.run([SCRIPT, "--execs", "0", "--caps", "1", *arguments], cwd=ROOT, capture_output=True,
                              text=True, check=False)

    def test_same(self):
        done = self.real("--src", self.tree("same tree, with space"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^dpdk@22\.11-src +3 +\d+ +\d+ +[1-9]\d* +[1-9]\d* +0 +0 +0$")

    def test_model_differs(self):
        """A rule of the walk is another one: that is named, by class and input."""
        done = self.real("--src", self.tree("bounded", WALK.replace(RULE, "while (at && at < info->argsz)")))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("dpdk@22.11-src:absent:model-differs:offset-oob", done.stdout)

    def test_another_rule(self):
        for old, new in ((RULE, "while (at && at != 40)"), ("h->id == id", "h->id == 1"), ("& FLAG_CAPS", "& 128"),
                         ("info->argsz == size", "info->argsz <= size")):
            with self.subTest(new):
                done = self.real("--src", self.tree(str(len(new)) + old[0], WALK.replace(old, new)))
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(":model-differs:", done.stdout)

    def test_abort(self):
        """What the program is refused memory for is enomem; what it aborts for is a crash."""
        text = WALK.replace(RULE, "if (at == 32)\n\t\tabort();\n\twhile (at)")
        done = self.real("--src", self.tree("aborts", text.replace("#define", "#include <stdlib.h>\n#define")))
        self.assertEqual(done.returncode, 1)
        self.assertIn("dpdk@22.11-src:crash:model-differs:", done.stdout)

    def test_old(self):
        done = self.real("--src", self.tree("new", WALK.replace(RULE, "while (at && at < info->argsz)")), "--old",
                         self.tree("old"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^dpdk +region +malformed +offset-oob +oob +absent +[1-9]")
        self.assertRegex(done.stdout, r"(?m)^\d+ inputs have another answer, \d+ the same$")

    def test_nothing_changed(self):
        done = self.real("--src", self.tree("new"), "--old", self.tree("old"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 inputs have another answer", done.stdout)

    def refused(self, status, said, *arguments):
        done = self.real(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(said, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_refused(self):
        self.refused(2, "no such folder", "--src", os.path.join(self.made, "none"))
        self.refused(2, "is no tree of", "--src", self.made)
        self.refused(2, "OLD= goes with SRC=", "--old", self.made)
        self.refused(2, "does not say a version", "--src", self.tree("unversioned", version="\n"))
        self.refused(2, "no recipe for this version", "--src", self.tree("future", version="99.1\n"))
        self.refused(2, "no function pci_vfio_msix_is_mappable", "--src",
                     self.tree("gone", WALK.replace("msix_is_mappable", "other")))
        self.refused(2, "neither its files nor the shim have rte_unknown", "--src",
                     self.tree("unknown", WALK.replace("found = ", "found = rte_unknown() + ")))
        self.refused(2, "no member named", "--src", self.tree("member", WALK.replace("info->index", "info->indices")))
        self.refused(2, "cannot be sliced", "--src", self.tree("cut", WALK[:-40]))


if __name__ == "__main__":
    run_tests()
