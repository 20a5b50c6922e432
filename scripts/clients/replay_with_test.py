#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests replay-with.py, and the ten lines of parsers/own/README.md that another project copies: both run here as
such a project would run them, with readers that are right and readers that are wrong in every way.

CAPCHAIN names the command, build/capchain by default.
"""

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import yaml

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests, script, text_of  # noqa: E402

SCRIPT = script("clients", "replay-with.py")

# A reader of region INFO as programs have them, with its checks as a macro.
READER = """\
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t get(const uint8_t *p, uint32_t at)
{
	uint32_t value;

	memcpy(&value, p + at, 4);
	return value;
}

static const char *read_chain(const uint8_t *p, uint32_t len)
{
	uint32_t bound = len, argsz, at, steps = 0;

	if (len < 32)
		return "reject";
	argsz = get(p, 0);
	if (argsz < 32)
		return "reject";
	bound = argsz < len ? argsz : len;
	if (!(get(p, 4) & 8))
		return argsz > len ? "truncated" : "absent";
	at = get(p, 12);
	if (!at)
		return argsz > len ? "truncated" : "absent";
	for (; at; at = get(p, at + 4)) {
		uint64_t size = 8;
		uint16_t id;

		if (CHECKS && (at < 32 || at > bound || bound - at < 8 || steps++ > bound))
			return argsz > len ? "truncated" : "reject";
		memcpy(&id, p + at, 2);
		if (get(p, at) >> 16 == 0)
			continue;
		if (id == 1)
			size = CHECKS && bound - at < 16 ? 16 : 16 + 16ull * get(p, at + 8);
		else if (id == 2 || id == 4)
			size = 16;
		else if (id == 5)
			size = 16;
		if (CHECKS && size > bound - at)
			return argsz > len ? "truncated" : "reject";
	}
	return "ok";
}

int main(int argc, char **argv)
{
	static uint8_t file[65536];
	FILE *in = argc == 3 ? fopen(argv[2], "rb") : NULL;
	size_t len;
	uint8_t *p;

	if (!in)
		return 2;
	if (strcmp(argv[1], "region"))
		return puts("abstain") < 0;
	len = fread(file, 1, sizeof(file), in);
	p = malloc(len);
	memcpy(p, file, len);
	puts(read_chain(p, (uint32_t)len));
	free(p);
	return 0;
}
"""
MAKEFILE = """\
my-reader: reader.c
	$(CC) -O1 -DCHECKS=$(CHECKS) -w reader.c -o my-reader
"""


class Job(Case):
    """The ten lines, in a project that has a reader of its own."""

    def setUp(self):
        super().setUp()
        blocks = re.findall(r"```yaml\n(.*?)```", text_of("parsers", "own", "README.md"), re.S)
        self.assertEqual(len(blocks), 1)
        self.lines = blocks[0].splitlines()
        self.steps = yaml.safe_load(blocks[0])["vfio-chains"]["steps"]
        self.write("reader.c", READER)
        self.write("Makefile", MAKEFILE)
        # sudo is not for a test to use: it says what it was asked for.
        self.write("bin/sudo", f"#!/bin/sh\necho \"$@\" >>{self.path('sudo.log')}\n", 0o755)
        # What actions/checkout makes of capchain.
        shutil.copytree(ROOT, self.path("capchain"), ignore=lambda folder, names: {"__pycache__", ".git"} | (
            {"build"} if os.path.samefile(folder, ROOT) else set()))

    def run_job(self, checks, more=""):
        """Each `run:` as a runner does it, replay-with.py with @more; the status and output of the last."""
        environment = {"PATH": f"{self.path('bin')}:{os.environ['PATH']}", "HOME": self.dir,
                       "CC": shlex.join(compilers.any_c()), "CHECKS": str(checks),
                       # What this very check has compiled already, and by whom.
                       **{name: value for name, value in os.environ.items()
                          if name.startswith("CCACHE") or name in ("CLANG", "GCC")}}
        for step in self.steps:
            if "run" in step:
                done = run("bash", "-e", "-o", "pipefail", "-c",
                           step["run"].replace("replay-with.py", "replay-with.py" + more), cwd=self.dir,
                           env=environment)
                if done.returncode:
                    return step["run"], done
        return None, done

    def test_ten_lines(self):
        self.assertEqual(len(self.lines), 10)
        for step in self.steps:
            if "uses" in step:
                self.assertRegex(step["uses"], r"^actions/checkout@[0-9a-f]{40}$")

    def test_good_and_bad(self):
        failed, done = self.run_job(1)
        self.assertIsNone(failed, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\n# \d+ skipped\n\d+ passed, 0 failed\n\Z")
        asked = set(re.search(r"install -y (.*)", self.text("sudo.log"))[1].split())
        known = set(re.findall(r"^[ora-]{4}\|([^|]+)\|", text_of("scripts", "setup.sh"), re.M))
        self.assertLessEqual(asked, known)
        os.unlink(self.path("my-reader"))
        # Some inputs have it spin. test_loop has whole seconds, and the two of the default.
        failed, done = self.run_job(0, " --cpu-seconds 0.2")
        self.assertEqual(failed, self.steps[-1]["run"])
        self.assertEqual(done.returncode, 1)
        # Without checks it follows wild offsets, goes round loops, and takes what it should refuse.
        for what in (r"ended by SIG\w+", r"does not end: 0\.2 seconds of CPU",
                     "says ok, right is reject or truncated: the reply is malformed"):
            self.assertRegex(done.stdout, rf"(?m)^not ok \d+ - \S+\n# {what}")


class Reader(Case):
    """replay-with.py with readers that are scripts, on a small part of the corpus."""

    def setUp(self):
        super().setUp()
        os.makedirs(self.path("corpus", "seeds"))
        self.names = ["region-mbochs-edid-len44", "region-loop-self", "region-version-0-sparse-count",
                      "region-caps-of-empty-region", "iommu-version-65535-range", "region-len-31"]
        for name in self.names:
            shutil.copy(os.path.join(CORPUS, "regressions", name + ".yaml"), self.path("corpus"))

    def run_it(self, reader, *options, script=True, **more):
        command = [self.write("reader", "#!/bin/sh\n" + reader, 0o755)] if script else reader
        return run("/usr/bin/python3", SCRIPT, "--corpus", self.path("corpus"), "--capchain", CAPCHAIN, *options, "--",
                   *command, cwd=self.dir, **more)

    def classes(self):
        """What capchain says of each input."""
        out = run(CAPCHAIN, "check", self.path("corpus")).stdout
        return {os.path.basename(path): kind for path, kind in
                re.findall(r"(?m)^(\S+): \w+, \d+ bytes, argsz \d+: (\w+)$", out)}

    def wrong(self, done):
        """Input to what is wrong with it, of TAP that is well formed."""
        lines = done.stdout.splitlines()
        cases = [re.fullmatch(r"(not )?ok (\d+) - (\S+)( # SKIP .*)?", line) for line in lines]
        cases = [case for case in cases if case]
        self.assertEqual([int(case[2]) for case in cases], list(range(1, len(cases) + 1)))
        self.assertIn(f"1..{len(cases)}", lines)
        bad = [case[3] for case in cases if case[1]]
        skipped = sum(case[4] is not None for case in cases)
        self.assertEqual(lines[-1], f"{len(cases) - len(bad) - skipped} passed, {len(bad)} failed")
        self.assertEqual(done.returncode, 1 if bad or skipped == len(cases) else 0, done.stderr)
        return dict(re.findall(r"(?m)^not ok \d+ - (\S+)\n# (.*)$", done.stdout))

    def everywhere(self, done, what):
        wrong = self.wrong(done)
        self.assertEqual(len(wrong), len(self.names))
        for line in wrong.values():
            self.assertRegex(line, what)

    def test_answers(self):
        """A constant answer is wrong exactly where the class says so."""
        classes = self.classes()
        self.assertEqual(set(classes.values()), {"plain", "odd", "truncated", "malformed"})
        for word in ("ok", "absent"):
            wrong = self.wrong(self.run_it(f"echo {word}\n"))
            for name, kind in classes.items():
                if kind in ("truncated", "malformed"):
                    self.assertIn(f"says {word}, right is reject or truncated", wrong[name])
        for word in ("reject", "truncated"):
            wrong = self.wrong(self.run_it(f"echo {word}\n"))
            for name, kind in classes.items():
                self.assertEqual(name in wrong, kind in ("plain", "odd"), (word, name, wrong))

    def test_ends(self):
        for reader, what in (("exit 3\n", "ended with exit status 3"), ("kill -SEGV $$\n", "ended by SIGSEGV"),
                             ("echo 'SUMMARY: AddressSanitizer: x' >&2; echo more >&2; exit 1\n",
                              "SUMMARY: AddressSanitizer: x"),
                             ("", "prints nothing"), ("echo yes\n", "prints 'yes', which is no"),
                             ("echo; echo ok\n", "prints '', which is no"),
                             ("yes ok\n", "does not end: a megabyte of output")):
            with self.subTest(reader=reader):
                self.everywhere(self.run_it(reader), what)

    def test_loop(self):
        for name in self.names[1:]:
            os.unlink(self.path("corpus", name + ".yaml"))
        for reader, options, seconds in (("while :; do :; done\n", (), 2),
                                         ("while :; do :; done\n", ("--cpu-seconds", "1"), 1),
                                         ("while :; do :; done\n", ("--cpu-seconds", "0.1"), 0.1),
                                         ("sh -c 'while :; do :; done'\nexit $?\n", ("--cpu-seconds", "0.1"), 1),
                                         ("sh -c 'while :; do :; done'\nexit $?\n", ("--cpu-seconds", "1"), 1)):
            wrong = self.wrong(self.run_it(reader, *options))
            self.assertEqual(list(wrong.values()), [f"does not end: {seconds} seconds of CPU"])

    def test_jobs(self):
        """Of two at once the first waits for the second; one at a time, each ends before the next begins."""
        for reader, jobs in (("mkdir one 2>/dev/null && until test -e two; do sleep 0.02; done || : >two\n", "2"),
                             ("mkdir now && rmdir now || exit 1\n", "1")):
            self.assertEqual(self.wrong(self.run_it(reader + "echo ok\n", "--promise", "safe", "--jobs", jobs)), {})

    def test_totals_by_cause(self):
        """They are the last lines, the most frequent first, and leave out what is of one input."""
        reader = ('case $1 in region) printf "%s\\n" "$2";; *) exit 3;; esac\n', "echo ok\n")
        said = [self.run_it(one).stdout for one in reader]
        self.assertRegex(said[0], r"\n1\.\.6\n# 5 print no verdict\n# 1 ended with exit status 3\n"
                         r"0 passed, 6 failed\n\Z")
        wrong = sum(kind in ("truncated", "malformed") for kind in self.classes().values())
        self.assertRegex(said[1], rf"\n# {wrong} says ok, right is reject or truncated\n{6 - wrong} passed, ")

    def test_what_it_is_given(self):
        """KIND, then the very bytes, and nothing on standard input."""
        self.run_it(f'cat >>{self.path("in")}; cp "$3" {self.path("")}got-"$2"-$(stat -c %s "$3")\n'
                    'test "$1" = more && echo ok\n', script=True)
        self.run_it([self.write("reader", f'#!/bin/sh\ncat >>{self.path("in")}\n'
                                f'cp "$3" {self.path("")}got-$2-$(stat -c %s $3)\necho ok\n', 0o755),
                     "more"], script=False)
        self.assertEqual(os.path.getsize(self.path("in")), 0)
        run(CAPCHAIN, "asm", self.path("corpus", "region-len-31.yaml"), "-o", self.path("bytes"), check=True)
        self.assertEqual(self.read("bytes"), self.read("got-region-31"))
        self.assertTrue([name for name in os.listdir(self.dir) if name.startswith("got-iommu-")])

    def test_byte_order(self):
        """What a big-endian machine wrote is handed over in the order of this one."""
        reply = "region-linux7.2s390x-nvme.probe-idx0-len40.be.bin"
        shutil.copy(os.path.join(CORPUS, "captured", reply), self.path("corpus"))
        self.run_it(f'test "$(stat -c %s "$2")" = 40 && cp "$2" {self.path("got")}\necho ok\n')
        written = self.read(os.path.join("corpus", reply))
        self.assertEqual(struct.unpack(">I", written[:4]), (40,))
        self.assertEqual(struct.unpack("=IIII", self.read("got")[:16]), struct.unpack(">IIII", written[:16]))

    def test_caps(self):
        shutil.copy(os.path.join(CORPUS, "regressions", "region-unknown-id-0.yaml"), self.path("corpus"))
        for caps, says in (("cap 32 0 0", None), ("cap 32 0 1", "takes id 0 version 1 at 32, there are id 0 "),
                           ("cap 32 0 0\\ncap 40 0 0", "there are id 0 version 0 at 32"),
                           ("cap x", "is not `cap OFFSET ID VERSION`")):
            wrong = self.wrong(self.run_it(f"printf 'ok\\n{caps}\\n'\n"))
            said = wrong.get("region-unknown-id-0.yaml")
            self.assertIn(says, said) if says else self.assertIsNone(said)
        said = self.wrong(self.run_it("echo absent\n", "--ids", "1,2"))
        self.assertNotIn("region-unknown-id-0.yaml", said)
        # A lookup of TYPE finds it before the loop.
        self.assertNotIn("region-loop-self.yaml", self.wrong(self.run_it("echo ok\n", "--ids", "2")))
        self.assertIn("region-loop-self.yaml", self.wrong(self.run_it("echo ok\n", "--ids", "1")))

    def test_promises(self):
        """Trusting: others than plain inputs are not run. Safe: held to an end on every one, to answers on plain ones."""
        kinds = self.classes()
        done = self.run_it('test "$1" = region || exit 9\necho ok\n', "--promise", "trusting", "--kind", "region")
        self.assertEqual(done.stdout.count("# SKIP malformed"), 2)
        self.assertLessEqual(set(self.wrong(done)), {name for name, kind in kinds.items()
                                                     if kind == "plain" and name.startswith("region")})
        wrong = self.wrong(self.run_it("echo reject\n", "--promise", "safe"))
        self.assertEqual({kinds[name] for name in wrong}, {"plain"})
        wrong = self.wrong(self.run_it("kill -SEGV $$\n", "--promise", "safe"))
        self.assertEqual(set(wrong), set(kinds))

    def test_absent_is_empty(self):
        """A reader that returns 0 or -errno cannot tell them apart; check has them the same."""
        name = "region-flag-clear-chain-there.yaml"
        shutil.copy(os.path.join(CORPUS, "regressions", name), self.path("corpus"))
        for word in ("ok", "absent"):
            self.assertNotIn(name, self.wrong(self.run_it(f"echo {word}\n")))
        self.assertIn(name, self.wrong(self.run_it("printf 'ok\\ncap 32 1 1\\n'\n")))

    def test_nothing_judged(self):
        done = self.run_it("echo abstain\n")
        self.assertEqual(self.wrong(done), {})
        self.assertIn("# no input was judged\n", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_junit(self):
        report = self.path("report.xml")
        done = self.run_it("printf 'no\\033<&\"\\n'\n", "--junit", report)
        suite = ET.parse(report).getroot()[0]
        self.assertEqual((suite.get("tests"), suite.get("failures")), (str(len(self.names)),) * 2)
        self.assertEqual(len(self.wrong(done)), len(suite))
        for case in suite:
            self.assertIn('<&"', case.find("failure").get("message"))
        self.run_it("echo abstain\n", "--junit", report)
        self.assertEqual(ET.parse(report).getroot()[0].get("failures"), "1")

    def test_refused(self):
        for options, status, says in ((("--junit", self.path("none", "x")), 5, "none/x"),
                                      (("--corpus", self.path("none")), 2, "none"),
                                      (("--capchain", self.path("none")), 3, "run `make`")):
            done = self.run_it("echo ok\n", *options)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertRegex(done.stderr, r"\Areplay-with: [^\n]+\n\Z")
            self.assertIn(says, done.stderr)
        done = self.run_it(["./none"], script=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("./none: no such program to run", done.stderr)
        for options, says in (((), "which CMD?"), (("--cpu-seconds", "0"), "--cpu-seconds"),
                              (("--ids", "x"), "--ids"), (("--jobs", "0"), "--jobs"),
                              (("--kind", "x"), "--kind")):
            done = self.run_it([], *options, script=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(says, done.stderr)

    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            done = self.run_it("echo ok\n", capture_output=False, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr),
                         (5, "replay-with: cannot write standard output: No space left on device\n"))


if __name__ == "__main__":
    run_tests()
