#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Calls the mutator's shared objects as AFL++ 4.04c does: init, fuzz with and without another input, havoc,
describe, the three hooks of a trim; and has afl-fuzz itself call them. What they mutate,
fuzz/mutator/mutate_test.c tests.

CAPCHAIN_BUILD is the folder with afl/mutator_*.so; build by default.
"""

import glob
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
import unittest.mock
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import engine_afl as afl  # noqa: E402
from fuzz.mutator_library import Library  # noqa: E402
from gen.names import CAPS, KINDS  # noqa: E402
from test.tools import BUILD, CAPTURED, CORPUS, ROOT, Case, run, run_tests, text_of  # noqa: E402

MUTATORS = os.path.join(BUILD, "afl")
SPACES = os.path.join(CORPUS, "spaces")
# The size of each kind's fixed struct.
FULL = {"device": 24, "region": 32, "iommu": 24}


def conversation(*replies):
    """A caller asks with 32 bytes, and gets these about a region."""
    return struct.pack("<BH", 1, 32) + b"".join(struct.pack("<BbH", 0, 0, len(reply)) + reply for reply in replies)


def inputs(kind):
    if kind == "fetch":
        replies = inputs("region")
        return list(map(conversation, replies, replies[1:], replies[2:]))
    folder = CAPTURED if kind in CAPS else SPACES
    return [Path(path).read_bytes() for path in sorted(glob.glob(os.path.join(folder, f"{kind}-*")))]


def chained(kind):
    """A reply with one capability of an id that no kind knows; of a space any other."""
    if kind == "fetch":
        return conversation(chained("region"))
    if kind not in CAPS:
        return inputs(kind)[-1]
    (flag, at), full = CAPS[kind], FULL[kind]
    data = bytearray(struct.pack("=2I", full + 8, flag) + bytes(full - 8))
    struct.pack_into("=I", data, at, full)
    return bytes(data + struct.pack("=HHI", 0x4d, 1, 0))


@unittest.skipUnless(os.path.exists(os.path.join(MUTATORS, "mutator_region.so")),
                     "the mutators of AFL++ are not built")
class Hooks(unittest.TestCase):

    def each(self, seed=1):
        for kind in KINDS:
            library = Library(BUILD, kind, seed)
            yield kind, library, inputs(kind)
            library.end()

    def test_results_keep_to_their_limit_and_are_named(self):
        for kind, library, files in self.each():
            names = set()
            for i, data in enumerate(files * 16):
                most = (16, len(data), 4096)[i // 7 % 3]
                self.assertLessEqual(len(library.fuzz(data, chained(kind), most)), most)
                names.update(library.describe(200).split("+"))
                self.assertLessEqual(len(library.describe(7)), 6)
                self.assertLessEqual(len(library.havoc(data, most)), most)
            # A whole space has no room behind it for another's.
            if kind == "fetch" or kind in CAPS:
                self.assertIn("script-splice" if kind == "fetch" else "splice", names)
            self.assertGreater(len(names), 30)

    def test_the_same_seed_gives_the_same(self):
        for kind, library, files in self.each(7):
            again, other = Library(BUILD, kind, 7), Library(BUILD, kind, 8)
            made = [library.fuzz(data, None, 4096) for data in files]
            self.assertEqual(made, [again.fuzz(data, None, 4096) for data in files])
            self.assertNotEqual(made, [other.fuzz(data, None, 4096) for data in files])
            again.end()
            other.end()

    def test_a_trim_ends_and_only_shrinks(self):
        for _, library, files in self.each():
            for data in files:
                for keep in (lambda tried: False, lambda tried: True, lambda tried: len(tried) % 3 == 0):
                    tries = library.trims(data, keep)
                    self.assertTrue(all(len(tried) <= len(data) for tried in tries))
                    self.assertLess(len(tries), 1000)
            self.assertLess(min(map(len, library.trims(files[-1], lambda tried: True))), len(files[-1]))

    def test_havoc_has_a_share(self):
        for _, library, _ in self.each():
            self.assertIn(library.call("havoc_mutation_probability", library.data), range(1, 100))


def running(program):
    """Processes that run it."""
    found = []
    for each in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{each}/exe") == program:
                found.append(int(each))
        except OSError:
            pass
    return found


class Versions(Case):
    """Another AFL++ below the same clang: its targets have to be linked anew."""

    def setUp(self):
        super().setUp()
        patch = unittest.mock.patch.dict(os.environ, PATH=f"{self.dir}:{os.environ['PATH']}")
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(afl.version.cache_clear)

    def noted(self, version):
        """What the Makefile notes of an afl-clang-fast of that version."""
        self.write("afl-clang-fast", "#!/bin/sh\n[ $1 = --version ] && echo clang || "
                   f"{{ echo 'afl-cc++{version}'; echo usage; }} >&2\n", 0o755)
        note = self.path("compiler-afl")
        run("make", "-s", "--no-print-directory", f"BUILD={self.dir}", note, check=True, cwd=ROOT)
        return text_of(note), os.stat(note).st_mtime_ns

    def test_another_one_is_noted(self):
        first = self.noted("4.21c")
        self.assertRegex(first[0], r"/afl-clang-fast\nclang\nafl-cc\+\+4.21c\n\Z")
        self.assertEqual(self.noted("4.21c"), first)
        self.assertIn("5.02c", self.noted("5.02c")[0])

    def test_frameshift_is_off_where_it_is(self):
        """An AFL++ that does not know the variable waits for it."""
        for version, off in (("4.04c", False), ("4.21c", False), ("4.40c", True), ("5.02c", True)):
            self.write("afl-fuzz", f"#!/bin/sh\nprintf '\\033[0;36mafl-fuzz++{version}\\033[0m\\n'\nexit 1\n", 0o755)
            afl.version.cache_clear()
            self.assertEqual("AFL_FRAMESHIFT_DISABLE" in afl.mutator("x.so"), off, version)


@unittest.skipUnless(shutil.which("afl-fuzz"), "no AFL++ here")
class Engine(Case):
    """afl-fuzz itself, with the mutator and nothing else: what it keeps is named after operators."""

    def afl(self, kind, target, *options):
        """afl-fuzz's command and environment: its corpus are the captured replies, its output is in out-KIND."""
        for number, data in enumerate(inputs(kind)):
            self.write(f"in-{kind}/{number}", data)
        return (["afl-fuzz", "-i", self.path("in-" + kind), "-o", self.path("out-" + kind), "-s", "1", *options, "--",
                 target], {**os.environ, **afl.UNATTENDED, "AFL_CUSTOM_MUTATOR_ONLY": "1",
                           "AFL_CUSTOM_MUTATOR_LIBRARY": os.path.join(MUTATORS, f"mutator_{kind}.so")})

    def kept(self, kind, target):
        command, env = self.afl(kind, os.path.join(MUTATORS, target), "-E", "2000")
        done = run(*command, env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # From 4.20c on stages that no option leaves out come first, on their own account.
        return [name for name in os.listdir(self.path("out-" + kind, "default", "queue"))
                if not re.search(r",op:(\(null\)|quick),|,orig:|^\.", name)]

    def wait_for(self, what):
        for _ in range(600):
            if what():
                return
            time.sleep(0.05)
        self.fail("waited too long")

    def test_a_kill_leaves_no_target(self):
        target = self.path("target")
        shutil.copy(os.path.join(MUTATORS, "fuzz_region_info"), target)
        command, env = self.afl("region", target)
        with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            self.wait_for(lambda: len(running(target)) > 1)
            process.kill()
        try:
            self.wait_for(lambda: not running(target))
        finally:
            for each in running(target):
                os.kill(each, signal.SIGKILL)

    def test_what_it_keeps_is_named(self):
        for kind, target in (("region", "fuzz_region_info"), ("fetch", "fuzz_fetch")):
            with self.subTest(kind=kind):
                found = [re.search(r",execs:\d+,([a-z0-9+-]+)(?:,\+cov)?\Z", name)
                         for name in self.kept(kind, target)]
                self.assertGreater(len(found), 20)
                self.assertTrue(all(found))
                names = {name for each in found for name in each[1].split("+")}
                self.assertGreater(len(names), 20)
                self.assertTrue(any(name.startswith("next-") for name in names), names)
                self.assertEqual(kind == "fetch", any(name.startswith("script-") for name in names))


if __name__ == "__main__":
    run_tests()
