#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of the verbs that look at live devices, on a machine without VFIO: `capchain probe` against its
fakes, `capchain capture` with an ioctl that stands for VFIO_IOMMU_GET_INFO, and `capchain replay`, whose
parser `bpf` reads many inputs a system call.

Usage: CAPCHAIN=build/clang/capchain live_test.py

The stand-in is FIOCLEX: every file takes it, and it leaves the buffer alone. Where BPF may not be used
tests are skipped, with the reason. A load error that is no missing privilege fails.
"""
import atexit
import glob
import json
import os
import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True
os.environ.setdefault("CAPCHAIN", f"{sys.path[0]}/../build/clang/capchain")

from gen import compilers  # noqa: E402
from test.tools import BUILD, CAPCHAIN, CAPTURED, Case, run, run_tests, script  # noqa: E402

REFUSE = os.path.join(BUILD, "client", "refuse")
STAND_IN = ("capture", "--stand-in", hex(0x5451))  # FIOCLEX
UNWRITTEN = bytes([0xa5] * 4)
# What this kernel cannot run, and where it is run.
ELSEWHERE = []
REPLY = os.path.join(CAPTURED, "iommu-linux6.12-type1-len144.bin")
NAME = "iommu-container-len144"
# Makes the call from 32 bits.
CALLER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
int main(int argc, char **argv)
{
	static char reply[4096];
	FILE *const file = fopen(argv[1], "rb");
	const unsigned int size = file ? fread(reply, 1, sizeof(reply), file) : 0;
	(void)argc;
	memcpy(reply, &size, 4);
	return ioctl(0, 0x5451, reply);
}
"""
# Reads where the buffers are from its command line, and makes the calls.
MANY = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None)
for path in sys.argv[2:]:
    data = bytearray(open(path, "rb").read())
    data[:4] = len(data).to_bytes(4, "little")
    if libc.ioctl(int(sys.argv[1]), 0x5451, (ctypes.c_char * len(data)).from_buffer(data)):
        pass
"""
# The last bytes that it says it has are on a page that is not there.
TAIL = r"""
import ctypes, mmap, sys
libc = ctypes.CDLL(None)
area = mmap.mmap(-1, 2 * 4096)
data = bytearray(open(sys.argv[1], "rb").read())
data[:4] = (200).to_bytes(4, "little")
area[4096 - 64:4096] = bytes(data[:64])
at = ctypes.addressof(ctypes.c_char.from_buffer(area)) + 4096 - 64
libc.ioctl(0, 0x5451, ctypes.c_void_p(at))
"""
# Preloaded: counts the runs of a BPF program, and lets those from FIRST to LAST fail.
RUNS = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static unsigned int runs;
int bpf_prog_test_run_opts(int fd, void *options)
{
	int (*const next)(int, void *) = (int (*)(int, void *))dlsym(RTLD_NEXT, "bpf_prog_test_run_opts");
	const char *const first = getenv("FIRST"), *const last = getenv("LAST");
	runs++;
	if (first && runs >= (unsigned int)atoi(first) && runs <= (unsigned int)atoi(last))
		return -1;
	return next(fd, options);
}
static __attribute__((destructor)) void end(void)
{
	fprintf(stderr, "%u runs\n", runs);
}
"""
# Preloaded: libbpf finds a kernel that does not know bpf_loop().
OLD_KERNEL = r"""
int bpf_object__load_skeleton(void *skeleton) { (void)skeleton; return -22; }
int libbpf_probe_bpf_helper(int type, int helper, const void *options)
{
	(void)type, (void)helper, (void)options;
	return 0;
}
"""


def counts(text):
    """The numbers of capture's two closing lines, by the word that follows each."""
    return {word: int(number) for number, word in re.findall(r"(\d+),? (\w+)", text)}


def without(caps):
    """The words before a command that has none of these rights."""
    return "setpriv", f"--bounding-set={caps}", "--inh-caps=-all"


class Live(Case):
    def ends(self, status, *words, **options):
        done = run(CAPCHAIN, *words, **options)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
        return done

    def preload(self, text):
        """A library of this text."""
        source, library = self.write("preload.c", text), self.path("preload.so")
        made = run(*compilers.any_c(), "-D_GNU_SOURCE", "-shared", "-fPIC", source, "-o", library)
        self.assertEqual(made.returncode, 0, made.stderr)
        return {"LD_PRELOAD": library}


class Probe(Live):
    def probe(self, status, *words):
        return self.ends(status, "probe", "--witnesses", self.path("made"), *words)

    def test_sound(self):
        said = self.probe(0, "--fake", "sound").stdout
        self.assertIn("6 subjects answered", said)
        self.assertIn(" 0 violations", said)

    def test_each_rule_has_its_line_and_witness(self):
        rules = [line.split()[0] for line in self.ends(0, "probe", "--rules").stdout.splitlines()]
        self.assertGreaterEqual(len(rules), 20)
        rules.remove("bounded")
        for rule in rules:
            said = self.probe(1, "--json", "--fake", rule).stdout
            broken = [line for line in map(json.loads, said.splitlines()) if line.get("rule") == rule]
            self.assertTrue(broken, rule)
            for line in broken:
                self.assertEqual(os.path.getsize(line["witness"]), line["argsz"])

    def test_tap(self):
        rules = [line.split()[0] for line in self.ends(0, "probe", "--rules").stdout.splitlines()]
        # Its fifth subject is region 3.
        at = len(rules) * 4 + rules.index("sparse-areas") + 1
        for rule, status in (("sound", 0), ("sparse-areas", 1)):
            first, *lines, plan, totals = self.probe(status, "--tap", "--fake", rule).stdout.splitlines()
            points = [line for line in lines if not line.startswith("#")]
            failed = [line for line in points if line.startswith("not ok")]
            self.assertEqual((first, plan), ("TAP version 13", f"1..{6 * len(rules)}"))
            self.assertEqual([line.removeprefix("not ").split()[1] for line in points],
                             [str(number + 1) for number in range(len(points))])
            self.assertEqual(failed, [f"not ok {at} fake-sparse-areas region 3 sparse-areas"]
                             if status else [])
            self.assertEqual(totals, f"# Totals: pass:{len(points) - len(failed)} fail:{len(failed)} xfail:0 xpass:0 "
                             "skip:0 error:0")

    def test_unusable(self):
        for words, status in (("", 2), ("--tap --json --fake sound", 2), ("--fake no-such-rule", 2), ("--fake bounded", 2), ("--group 999999", 2),
                              ("0000:ff:1f.7", 3), ("/dev/null/none", 3), ("/dev/vfio/devices/vfio99", 3)):
            self.assertTrue(self.probe(status, *words.split()).stderr.startswith("capchain"))

    def test_witnesses_by_default(self):
        said = self.ends(1, "probe", "--fake", "chain-order", cwd=self.dir).stdout
        self.assertEqual(os.listdir(self.dir), ["build"])
        witness, = glob.glob("build/findings/*-probe-chain-order-*", root_dir=self.dir)
        self.assertIn(f"; {witness}\n", said)

    def test_witness_cannot_be_written(self):
        self.write("made", "")
        self.probe(5, "--fake", "chain-order")


class Capture(Live):
    @classmethod
    def setUpClass(cls):
        done = run(CAPCHAIN, *STAND_IN, "--out", tempfile.mkdtemp(), "true")
        if done.returncode == 3:
            raise unittest.SkipTest(done.stderr.strip())

    def capture(self, status, *program, options=()):
        """What it printed, and the files that it wrote."""
        said = self.ends(status, *STAND_IN, "--out", self.path("out"), *options, *program).stdout
        return said, {path.name: path.read_bytes() for path in Path(self.path("out")).glob("*")}

    def many(self, status, *paths, fd="0", options=()):
        return self.capture(status, sys.executable, "-c", MANY, fd, *paths, options=options)

    def test_bytes(self):
        """Each reply once, its bytes those of the caller, but for what nothing says was written."""
        said, files = self.many(0, REPLY, REPLY, REPLY)
        wanted = bytearray(Path(REPLY).read_bytes())
        wanted[:4] = len(wanted).to_bytes(4, "little")
        wanted[20:24] = UNWRITTEN
        # Behind DMA_AVAIL, whose 12 bytes end there.
        wanted[68:72] = UNWRITTEN
        self.assertEqual(files, {f"{NAME}.bin": bytes(wanted)})
        told = counts(said)
        # The others are passed over in the kernel.
        self.assertEqual((told["captured"], told["distinct"], told["dropped"]), (1, 1, 0))
        self.assertGreaterEqual(told["repeated"], 2)

    def test_text(self):
        """Text gives the bytes that are written without it, says who asked, and both can be checked."""
        script = "import ctypes; ctypes.CDLL(None).prctl(15, b'a\\n- b', 0, 0, 0)\n" + MANY
        for options in ((), ("--text",)):
            _, files = self.capture(0, sys.executable, "-c", script, "0", REPLY, options=options)
        self.assertEqual(set(files), {f"{NAME}.bin", f"{NAME}.yaml"})
        self.ends(0, "asm", self.path("out", f"{NAME}.yaml"), "-o", self.path("again"))
        self.assertEqual(self.read("again"), files[f"{NAME}.bin"])
        self.assertEqual(files[f"{NAME}.yaml"].splitlines()[0],
                         b"# VFIO_IOMMU_GET_INFO of container, argsz 144 passed in by a%0A- b")
        said = {self.ends(0, "check", self.path("out", NAME + end)).stdout.split(": ", 1)[1]
                for end in (".bin", ".yaml")}
        self.assertEqual(len(said), 1)
        self.assertIn("iommu, 144 bytes, argsz 144: plain", said.pop())

    def test_json(self):
        said, _ = self.many(0, REPLY, REPLY, options=("--json",))
        reply, told = map(json.loads, said.splitlines())
        self.assertLessEqual({"ioctl": "VFIO_IOMMU_GET_INFO", "kind": "iommu", "device": "container",
                              "argsz": 144, "len": 144}.items(), reply.items())
        self.assertTrue(reply["comm"].startswith("python3"))
        self.assertTrue(os.path.isfile(reply["file"]))
        self.assertEqual((told["distinct"], told["dropped"]), (1, 0))
        self.assertEqual(told["captured"], 1)
        self.assertGreaterEqual(told["repeated"], 1)

    def test_two_of_one_length(self):
        other = bytearray(Path(REPLY).read_bytes())
        other[8] ^= 1
        _, files = self.many(0, REPLY, self.write("other", bytes(other)))
        self.assertEqual(set(files), {f"{NAME}-2.bin", f"{NAME}.bin"})

    def test_longer_than_the_limit(self):
        _, files = self.many(0, self.write("long", Path(REPLY).read_bytes().ljust(6000, b"\0")))
        self.assertEqual({name: len(data) for name, data in files.items()}, {"iommu-container-len4096.bin": 4096})

    def test_untouched_tail(self):
        said, files = self.capture(0, sys.executable, "-c", TAIL, REPLY)
        self.assertEqual(counts(said)["cut"], 1)
        self.assertEqual([len(data) for data in files.values()], [64])

    def test_no_answers(self):
        """A call that failed is none, nor is another program's; a run without any has shown nothing."""
        said, files = self.many(1, REPLY, fd="999")
        self.assertGreaterEqual(counts(said)["failed"], 1)
        self.assertEqual(files, {})
        self.assertEqual(self.many(1, REPLY, options=("--comm", "somebody-else"))[1], {})

    def test_of_others(self):
        """What another process got is not kept, and does not stand for the same reply of one that is asked about."""
        other = "import subprocess, sys\nfor name in ('other', 'asked'):\n" \
                "    subprocess.run([name, *sys.argv[1:]], executable=sys.executable)\n"
        said, files = self.capture(0, sys.executable, "-c", other, "-c", MANY, "0", *[REPLY] * 500,
                                   options=("--comm", "asked"))
        told = counts(said)
        self.assertEqual((told["distinct"], len(files), told["dropped"]), (1, 1, 0))
        # Of the other process all but what came before its first was looked at.
        self.assertGreaterEqual(told["unwanted"] + told["repeated"], 900)

    def test_too_small_a_buffer(self):
        """What has no room is counted as dropped, apart from what is passed over, and the run fails."""
        paths = []
        for number in range(400):
            other = bytearray(Path(REPLY).read_bytes().ljust(4000, b"\0"))
            other[200:204] = number.to_bytes(4, "little")
            paths.append(self.write(f"other-{number}", bytes(other)))
        burst = MANY.replace("for path in sys.argv[2:]:", "all = [bytearray(open(path, 'rb').read()) for path in "
                             "sys.argv[2:]]\nfor data in all * 20:").replace(
                                 '    data = bytearray(open(path, "rb").read())\n', "    data[8:16] = os.urandom(8)\n")
        said, _ = self.capture(1, sys.executable, "-c", burst, "0", *paths, options=("--buffer", "1"))
        told = counts(said)
        self.assertGreater(told["dropped"], 0)
        self.assertEqual(told["captured"] + told["dropped"] + told["repeated"] + told["unreadable"] + told["failed"],
                         told["calls"])
        for wrong in ("0", "x", "1025", "-1", ""):
            self.ends(2, *STAND_IN, "--buffer", wrong, "true")

    def test_a_burst(self):
        """Many calls of one program: all are seen, and nothing is dropped."""
        told = counts(self.many(0, *[REPLY] * 3000)[0])
        self.assertGreaterEqual(told["captured"] + told["repeated"], 3000)
        self.assertEqual(told["dropped"], 0)

    def test_32_bit_caller(self):
        """By the kernel's own 32-bit entry, which an emulator does not use."""
        if run(script("test", "i386.sh")).stdout != "native\n":
            ELSEWHERE.append("no 32-bit caller of capture: this kernel does not run i386 programs; "
                             "the guests of make check-vm have one")
            return
        source, program = self.write("caller.c", CALLER), self.path("caller32")
        links = run(script("test", "links32.sh"), *compilers.any_c())
        if links.returncode:
            self.skipTest(links.stdout.strip())
        made = run(*compilers.any_c(), "-m32", "-O1", source, "-o", program)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(list(self.capture(0, program, REPLY)[1]), [f"{NAME}.bin"])

    def test_no_module(self):
        if os.path.exists("/sys/kernel/btf/vfio"):
            self.skipTest("vfio.ko is loaded here")
        self.assertIn("vfio.ko is not loaded", self.ends(3, "capture", "--hooks", "module", "true").stderr)

    def test_unusable(self):
        self.ends(2, "capture", "--hooks", "elsewhere")
        self.ends(2, "capture", "--stand-in", "x")
        self.capture(5, "true", options=("--ready", "/none/ready"))
        self.capture(5, "true", options=("--out", self.write("blocked", "") + "/out"))


class Replay(Live):
    """The verdicts of many inputs at once are those of each alone."""
    # What is longer than a slot of the BPF program is read alone; shorter ones have fewer truncations.
    INPUTS = [path for path in sorted(glob.glob(os.path.join(CAPTURED, "region-*[0-9].bin")))
              if 40 <= os.path.getsize(path) <= 256][:40]

    def setUp(self):
        super().setUp()
        self.counting = self.preload(RUNS)
        if ", bpf" not in run(CAPCHAIN, "replay", self.INPUTS[0]).stdout:
            self.skipTest(re.search(".*bpf.*", run(CAPCHAIN, "check", self.INPUTS[0]).stdout)[0])

    def replay(self, *words, **variables):
        """Output, verdicts, and how often the kernel was asked."""
        done = run(CAPCHAIN, "replay", "--verdicts", self.path("verdicts"), *words,
                   env={**os.environ, **self.counting, **variables})
        return done, self.text("verdicts"), int(done.stderr.split()[-2])

    def test_many_a_run(self):
        """The first run is whether it has hooks, the second reads ahead. Where that fails each is read alone."""
        for options, buffers in (((), 1), (("--truncate",), 4)):
            done, verdicts, runs = self.replay(*options, *self.INPUTS)
            self.assertEqual(done.returncode, 0, done.stdout)
            alone = self.replay(*options, *self.INPUTS, FIRST="2", LAST="2")
            self.assertEqual((alone[0].stdout, alone[1]), (done.stdout, verdicts))
            self.assertEqual(alone[2], runs + buffers * len(self.INPUTS))

    def test_one_at_a_time(self):
        verdicts = [self.replay(path)[1] for path in self.INPUTS]
        self.assertEqual(self.replay(*self.INPUTS)[1], "".join(verdicts))

    def test_privileges(self):
        """Without the right to BPF it abstains, and says so; all else is as it was."""
        for caps in ("-all", "-bpf,-sys_admin"):
            check, replay = (run(*without(caps), CAPCHAIN, *words)
                             for words in (("check", self.INPUTS[0]), ("replay", *self.INPUTS)))
            self.assertEqual((check.returncode, replay.returncode), (0, 0), check.stderr + replay.stdout)
            self.assertRegex(check.stdout, r"bpf +abstain.*CAP_BPF")
            self.assertNotRegex(replay.stdout, "oracles: .*, bpf$")

    def test_no_run(self):
        """A kernel that does not run the program is no verdict."""
        done, _, _ = self.replay(*self.INPUTS, FIRST="2", LAST="999999")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bpf: expected ok, got reject kernel-would-not-run-it", done.stdout)


class Refused(Live):
    """What keeps BPF programs away is told apart, by replay's parser and by capture alike."""

    def setUp(self):
        super().setUp()
        said = run(CAPCHAIN, "check", REPLY).stdout
        if "no libbpf" in said:
            self.skipTest("this build has no libbpf in it")
        self.may = not re.search("bpf +abstain", said)

    def says(self, reason, *command, never=(), **variables):
        """That both say @reason in their line, and none of @never; capture ends with status 3."""
        check, capture = (run(*command, CAPCHAIN, *words, env={**os.environ, **variables}) for words in (
            ("check", REPLY), (*STAND_IN, "--out", self.dir, "true")))
        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertEqual((capture.returncode, capture.stderr.count("\n")), (3, 1), capture.stderr)
        for said in (re.search("bpf +abstain: .*", check.stdout)[0], capture.stderr):
            self.assertIn(reason, said)
            self.assertEqual([words for words in never if words in said], [])

    def test_by_a_filter(self):
        """A right that this process has is not what it lacks, nor is the kernel too old."""
        can = run(REFUSE, "bpf=EPERM", "--", "true")
        if can.returncode == 77:
            self.skipTest(can.stderr.strip())
        for error, says, never in (
                ("EPERM", "bpf() is refused: Operation not permitted" if self.may else "it needs CAP_BPF",
                 ["kernel without", *["needs CAP"] * self.may]),
                ("ENOSYS", "bpf() is refused: Function not implemented, by a kernel without BPF, or a "
                 "container's", ["CAP_BPF"]),
                ("EMFILE", "BPF cannot be used: Too many open files", ["CAP"])):
            self.says(says, REFUSE, f"bpf={error}", "--", never=["5.17", *never])

    def test_without_the_right(self):
        for caps in ("-all", "-all,+bpf", "-all,+perfmon"):
            # Who may not give rights away has none.
            words = () if run(*without(caps), "true").returncode else without(caps)
            self.says("it needs CAP_BPF and CAP_PERFMON", *words, never=["5.17", "fault"])

    def test_by_age(self):
        self.says(f"Linux {os.uname().release} has no bpf_loop(), which came with 5.17", never=["CAP"],
                  **self.preload(OLD_KERNEL))

    def test_hidden_types(self):
        hide = self.hiding("/sys/kernel/btf")
        if not self.may:
            self.skipTest("BPF may not be used here")
        done = run(*hide, CAPCHAIN, *STAND_IN, "--out", self.dir, "true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the kernel's types, /sys/kernel/btf/vmlinux: No such file or directory", done.stderr)


if __name__ == "__main__":
    if not os.access(CAPCHAIN, os.X_OK):
        sys.exit(f"{CAPCHAIN}: not built; make it, or set CAPCHAIN")
    atexit.register(lambda: [print("warning: " + line) for line in ELSEWHERE])
    run_tests()
