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
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True
os.environ.setdefault("CAPCHAIN", f"{sys.path[0]}/../build/clang/capchain")

from gen import compilers  # noqa: E402
from test.tools import CAPCHAIN, Case, run, run_tests  # noqa: E402

REFUSE = os.path.abspath("build/client/refuse")
FIOCLEX = 0x5451
UNWRITTEN = 0xa5
# What this kernel cannot run, and where it is run.
ELSEWHERE = []
REPLY = "corpus/captured/iommu-linux6.12-type1-len144.bin"
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


def counts(text):
    """The numbers of capture's two closing lines, by the word that follows each."""
    words = text.replace(",", "").replace(":", "").replace(";", "").split()
    return {words[i + 1]: int(word) for i, word in enumerate(words[:-1]) if word.isdigit()}


class Probe(Case):
    def probe(self, *arguments):
        return run(CAPCHAIN, "probe", "--witnesses", self.dir + "/made", *arguments)

    def rules(self):
        return [line.split()[0] for line in run(CAPCHAIN, "probe", "--rules").stdout.splitlines()]

    def test_sound(self):
        done = self.probe("--fake", "sound")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("5 subjects answered", done.stdout)
        self.assertIn(" 0 violations", done.stdout)

    def test_each_rule_has_its_line_and_witness(self):
        self.assertGreaterEqual(len(self.rules()), 20)
        for rule in self.rules():
            if rule == "bounded":
                continue
            done = self.probe("--json", "--fake", rule)
            self.assertEqual(done.returncode, 1, f"{rule}: {done.stdout}{done.stderr}")
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            broken = [line for line in lines if line.get("rule") == rule]
            self.assertTrue(broken, rule)
            for line in broken:
                self.assertEqual(os.path.getsize(line["witness"]), line["argsz"])

    def test_unusable(self):
        for arguments, status in (((), 2), (("--fake", "no-such-rule"), 2),
                                  (("--fake", "bounded"), 2), (("--group", "999999"), 2),
                                  (("0000:ff:1f.7",), 3), (("/dev/null/none",), 3),
                                  (("/dev/vfio/devices/vfio99",), 3)):
            done = self.probe(*arguments)
            self.assertEqual(done.returncode, status, f"{arguments}: {done.stderr}")
            self.assertTrue(done.stderr.startswith("capchain"), done.stderr)

    def test_witnesses_by_default(self):
        done = subprocess.run([CAPCHAIN, "probe", "--fake", "chain-order"], cwd=self.dir, text=True,
                              stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(os.listdir(self.dir), ["build"])
        witness, = glob.glob("build/findings/*-probe-chain-order-*", root_dir=self.dir)
        self.assertIn(f"; {witness}\n", done.stdout)

    def test_witness_cannot_be_written(self):
        with open(self.dir + "/made", "wb"):
            pass
        self.assertEqual(self.probe("--fake", "chain-order").returncode, 5)


class Capture(Case):
    @classmethod
    def setUpClass(cls):
        done = run(CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX), "--out",
                   tempfile.mkdtemp(), "true")
        if done.returncode == 3:
            raise unittest.SkipTest(done.stderr.strip())

    def capture(self, *program, options=()):
        return run(CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX), "--out",
                   self.dir + "/out", *options, *program)

    def many(self, *paths, fd=0):
        return self.capture(sys.executable, "-c", MANY, str(fd), *paths)

    def files(self):
        out = self.dir + "/out"
        found = {}
        for name in os.listdir(out):
            found[name] = Path(os.path.join(out, name)).read_bytes()
        return found

    def write(self, name, data):
        path = os.path.join(self.dir, name)
        Path(path).write_bytes(data)
        return path

    def test_bytes(self):
        """Each reply once, its bytes those of the caller, but for what nothing says was written."""
        done = self.many(REPLY, REPLY, REPLY)
        self.assertEqual(done.returncode, 0, done.stderr)
        wanted = bytearray(Path(REPLY).read_bytes())
        wanted[:4] = len(wanted).to_bytes(4, "little")
        wanted[20:24] = bytes([UNWRITTEN] * 4)
        # Behind DMA_AVAIL, whose 12 bytes end there.
        wanted[68:72] = bytes([UNWRITTEN] * 4)
        self.assertEqual(self.files(), {"iommu-container-len144.bin": bytes(wanted)})
        told = counts(done.stdout)
        self.assertGreaterEqual(told["captured"], 3)
        self.assertEqual(told["distinct"], 1)
        self.assertEqual(told["dropped"], 0)

    def test_text(self):
        """Text gives the bytes that are written without it, says who asked, and both can be checked."""
        script = "import ctypes; ctypes.CDLL(None).prctl(15, b'a\\n- b', 0, 0, 0)\n" + MANY
        for options in ((), ("--text",)):
            done = self.capture(sys.executable, "-c", script, "0", REPLY, options=options)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.files()),
                         ["iommu-container-len144.bin", "iommu-container-len144.yaml"])
        path = self.dir + "/out/iommu-container-len144"
        done = run(CAPCHAIN, "asm", path + ".yaml", "-o", self.dir + "/again")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(Path(self.dir + "/again").read_bytes(), self.files()["iommu-container-len144.bin"])
        self.assertEqual(self.files()["iommu-container-len144.yaml"].splitlines()[0],
                         b"# VFIO_IOMMU_GET_INFO of container, argsz 144 passed in by a%0A- b")
        said = [run(CAPCHAIN, "check", path + end).stdout.split(": ", 1)[1]
                for end in (".bin", ".yaml")]
        self.assertEqual(said[0], said[1])
        self.assertIn("iommu, 144 bytes, argsz 144: plain", said[0])

    def test_json(self):
        done = self.capture(sys.executable, "-c", MANY, "0", REPLY, REPLY, options=("--json",))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(lines), 2, done.stdout)
        reply, told = lines
        self.assertEqual({key: reply[key] for key in ("ioctl", "kind", "device", "argsz", "len")},
                         {"ioctl": "VFIO_IOMMU_GET_INFO", "kind": "iommu", "device": "container",
                          "argsz": 144, "len": 144})
        self.assertTrue(reply["comm"].startswith("python3"))
        self.assertTrue(os.path.isfile(reply["file"]))
        self.assertEqual((told["distinct"], told["dropped"]), (1, 0))
        self.assertGreaterEqual(told["captured"], 2)

    def test_two_of_one_length(self):
        other = bytearray(Path(REPLY).read_bytes())
        other[8] ^= 1
        done = self.many(REPLY, self.write("other", other))
        self.assertEqual(done.returncode, 0)
        self.assertEqual(sorted(self.files()),
                         ["iommu-container-len144-2.bin", "iommu-container-len144.bin"])

    def test_longer_than_the_limit(self):
        data = Path(REPLY).read_bytes()
        self.many(self.write("long", data + bytes(6000 - len(data))))
        self.assertEqual([(name, len(data)) for name, data in self.files().items()],
                         [("iommu-container-len4096.bin", 4096)])

    def test_untouched_tail(self):
        done = self.capture(sys.executable, "-c", TAIL, REPLY)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(counts(done.stdout)["cut"], 1)
        self.assertEqual([len(data) for data in self.files().values()], [64])

    def test_failed_calls(self):
        """A call that failed is no answer, and a run without answers has shown nothing."""
        done = self.many(REPLY, fd=999)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertGreaterEqual(counts(done.stdout)["failed"], 1)
        self.assertEqual(self.files(), {})

    def test_a_burst(self):
        """Many calls of one program: all are seen, and nothing is dropped."""
        done = self.many(*[REPLY] * 3000)
        self.assertGreaterEqual(counts(done.stdout)["captured"], 3000)
        self.assertEqual(counts(done.stdout)["dropped"], 0)

    def test_32_bit_caller(self):
        """By the kernel's own 32-bit entry, which an emulator does not use."""
        if run("scripts/test/i386.sh").stdout != "native\n":
            ELSEWHERE.append("no 32-bit caller of capture: this kernel does not run i386 programs; "
                             "the guests of make check-vm have one")
            return
        source, program = self.write("caller.c", CALLER.encode()), self.dir + "/caller32"
        links = run("scripts/test/links32.sh", *compilers.any_c())
        if links.returncode:
            self.skipTest(links.stdout.strip())
        made = run(*compilers.any_c(), "-m32", "-O1", source, "-o", program)
        self.assertEqual(made.returncode, 0, made.stderr)
        done = self.capture(program, REPLY)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(list(self.files()), ["iommu-container-len144.bin"])

    def test_comm(self):
        done = run(CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX), "--out", self.dir + "/out",
                   "--comm", "somebody-else", sys.executable, "-c", MANY, "0", REPLY)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.files(), {})

    def test_no_module(self):
        if os.path.exists("/sys/kernel/btf/vfio"):
            self.skipTest("vfio.ko is loaded here")
        done = run(CAPCHAIN, "capture", "--hooks", "module", "true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("vfio.ko is not loaded", done.stderr)

    def test_unusable(self):
        self.assertEqual(run(CAPCHAIN, "capture", "--hooks", "elsewhere").returncode, 2)
        self.assertEqual(run(CAPCHAIN, "capture", "--stand-in", "x").returncode, 2)
        self.assertEqual(self.capture("true", options=("--ready", "/none/ready")).returncode, 5)
        done = self.capture("true", options=("--out", self.write("blocked", b"") + "/out"))
        self.assertEqual(done.returncode, 5)


class Replay(Case):
    """The verdicts of many inputs at once are those of each alone."""
    # What is longer than a slot of the BPF program is read alone; shorter ones have fewer truncations.
    INPUTS = [path for path in sorted(glob.glob("corpus/captured/region-*"))
              if 40 <= os.path.getsize(path) <= 256][:40]

    def setUp(self):
        super().setUp()
        source = self.dir + "/runs.c"
        Path(source).write_text(RUNS, "ascii")
        self.preload = self.dir + "/runs.so"
        self.assertEqual(run(*compilers.any_c(), "-D_GNU_SOURCE", "-shared", "-fPIC", source, "-o",
                             self.preload).returncode, 0)
        if ", bpf" not in run(CAPCHAIN, "replay", self.INPUTS[0]).stdout:
            self.skipTest(next(line for line in run(CAPCHAIN, "check", self.INPUTS[0]).stdout.
                               splitlines() if "bpf" in line))

    def replay(self, *options, **variables):
        """Output, verdicts, and how often the kernel was asked."""
        out = self.dir + "/verdicts"
        done = run(CAPCHAIN, "replay", "--verdicts", out, *options,
                   env={**os.environ, "LD_PRELOAD": self.preload, **variables})
        return done, Path(out).read_text("ascii"), int(done.stderr.split()[-2])

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
            without = ("setpriv", f"--bounding-set={caps}", "--inh-caps=-all")
            done = run(*without, CAPCHAIN, "check", self.INPUTS[0])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"bpf +abstain.*CAP_BPF")
            done = run(*without, CAPCHAIN, "replay", *self.INPUTS)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertNotRegex(done.stdout, "oracles: .*, bpf$")

    def test_no_run(self):
        """A kernel that does not run the program is no verdict."""
        done, _, _ = self.replay(*self.INPUTS, FIRST="2", LAST="999999")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bpf: expected ok, got reject kernel-would-not-run-it", done.stdout)


# Preloaded: libbpf finds a kernel that does not know bpf_loop().
OLD_KERNEL = r"""
int bpf_object__load_skeleton(void *skeleton) { (void)skeleton; return -22; }
int libbpf_probe_bpf_helper(int type, int helper, const void *options)
{
	(void)type, (void)helper, (void)options;
	return 0;
}
"""


class Refused(Case):
    """What keeps BPF programs away is told apart, by replay's parser and by capture alike."""

    def says(self, reason, *command, never=(), **options):
        """That both say @reason in their line, and none of @never; capture ends with status 3."""
        check = run(*command, CAPCHAIN, "check", REPLY, **options)
        self.assertEqual(check.returncode, 0, check.stderr)
        capture = run(*command, CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX), "--out", self.dir, "true",
                      **options)
        self.assertEqual((capture.returncode, capture.stderr.count("\n")), (3, 1), capture.stderr)
        for said in (re.search("bpf +abstain: .*", check.stdout)[0], capture.stderr):
            self.assertIn(reason, said)
            for words in never:
                self.assertNotIn(words, said)

    def setUp(self):
        super().setUp()
        said = run(CAPCHAIN, "check", REPLY).stdout
        if "no libbpf" in said:
            self.skipTest("this build has no libbpf in it")
        self.may = not re.search("bpf +abstain", said)

    def test_by_a_filter(self):
        """A right that this process has is not what it lacks, nor is the kernel too old."""
        can = run(REFUSE, "bpf=EPERM", "--", "true")
        if can.returncode == 77:
            self.skipTest(can.stderr.strip())
        self.says("bpf() is refused: Operation not permitted" if self.may else "it needs CAP_BPF",
                  REFUSE, "bpf=EPERM", "--", never=["5.17", "kernel without", *["needs CAP"] * self.may])
        self.says("bpf() is refused: Function not implemented, by a kernel without BPF, or a container's",
                  REFUSE, "bpf=ENOSYS", "--", never=["5.17", "CAP_BPF"])
        self.says("BPF cannot be used: Too many open files", REFUSE, "bpf=EMFILE", "--", never=["5.17", "CAP"])

    def test_without_the_right(self):
        for caps in ("-all", "-all,+bpf", "-all,+perfmon"):
            without = ("setpriv", f"--bounding-set={caps}", "--inh-caps=-all")
            # Who may not give rights away has none.
            if run(*without, "true").returncode:
                without = ()
            self.says("it needs CAP_BPF and CAP_PERFMON", *without, never=["5.17", "fault"])

    def test_by_age(self):
        source, library = self.dir + "/old.c", self.dir + "/old.so"
        Path(source).write_text(OLD_KERNEL, "ascii")
        self.assertEqual(run(*compilers.any_c(), "-shared", "-fPIC", source, "-o", library).returncode, 0)
        self.says(f"Linux {os.uname().release} has no bpf_loop(), which came with 5.17",
                  env={**os.environ, "LD_PRELOAD": library}, never=["CAP"])

    def test_hidden_types(self):
        hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh")
        hidden = run(*hide, "true")
        if hidden.returncode:
            self.skipTest(f"the kernel's types cannot be hidden here: {hidden.stderr.strip()}")
        if not self.may:
            self.skipTest("BPF may not be used here")
        done = run(*hide, CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX), "--out", self.dir, "true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the kernel's types, /sys/kernel/btf/vmlinux: No such file or directory", done.stderr)


if __name__ == "__main__":
    if not os.access(CAPCHAIN, os.X_OK):
        sys.exit(f"{CAPCHAIN}: not built; make it, or set CAPCHAIN")
    atexit.register(lambda: [print("warning: " + line) for line in ELSEWHERE])
    run_tests()
