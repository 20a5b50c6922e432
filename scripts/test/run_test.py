#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests `capchain run` on clients of our own: every outcome it can name, what it must leave alone.

CAPCHAIN names the binary, build/capchain by default; the clients are in build/client. Where programs
cannot be supervised here, tests that need it are skipped with the command's own reason.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import BUILD, CAPCHAIN, CAPTURED, CORPUS, Case, run, run_tests  # noqa: E402

SELF, REFUSE, WALKER, BOUNDED_WALKER, DYNAMIC_WALKER, FENCE = (
    os.path.join(BUILD, "client", name)
    for name in ("self", "refuse", "walker", "walker-bounded", "walker-dynamic", "fence.so"))
# So that a test of a hang takes a tenth of a second. No outcome hangs on it but hangs.
CPU = ["--cpu", "100"]


def why_not():
    """Why no program can be supervised here, or None."""
    done = run(CAPCHAIN, "run", "--no-good", "--", SELF, "calls")
    return done.stderr.strip() if done.returncode == 3 else None


WHY_NOT = why_not()


def regression(name):
    return os.path.join(CORPUS, "regressions", name + ".yaml")


def seed(name):
    return os.path.join(CORPUS, "seeds", name + ".yaml")


LOOP, OVER = regression("region-loop-self"), regression("region-payload-oob-sparse-area")


class Run(Case):
    def supervised(self, done):
        """@done, unless it is that nothing can be supervised here."""
        if WHY_NOT and done.returncode == 3:
            self.skipTest(WHY_NOT)
        return done

    def start(self, *args, status, **options):
        # One run of anything here takes well under a second; a minute is a supervisor that hangs itself.
        done = self.supervised(run(CAPCHAIN, "run", *args, timeout=60, **options,
                                   env=dict(os.environ, TMPDIR=self.dir)))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, r"Sanitizer|runtime error:")
        self.assertEqual(glob.glob(self.path("capchain-run-*")), [], "left behind")
        return done

    def told(self, *args, status):
        """What `run --json` says, with the calls of the first INFO and what mappings are beside it."""
        ran = json.loads(self.start("--json", *args, status=status).stdout)
        ran["asked"] = ran["calls"][0]["calls"] if ran["calls"] else 0
        ran["maps"] = [mapping["is"] for mapping in ran["mappings"]]
        return ran

    def self_run(self, mode, status, args=("--no-good",)):
        return self.told(*args, *CPU, "--", SELF, *mode.split(), status=status)


class Outcomes(Run):
    """Each verdict, and beside it the nearest thing that is none."""

    def test_outcomes(self):
        growing = self.write("grow", f"region raw {LOOP} argsz=+8\n")
        hang = {"outcome": "hang", "info": "region 0"}
        for mode, status, wanted, *options in (
                ("exits-with 3", 0, {"outcome": "exit", "status": 3}),
                *((f"dies-of {number}", 1, {"outcome": "signal", "signal": name}) for number, name in (
                    (11, "SIGSEGV"), (5, "SIGTRAP"), (6, "SIGABRT"), (9, "SIGKILL"))),
                # A storm is a count.
                ("calls 64", 0, {"outcome": "exit", "asked": 64}),
                ("calls 65", 1, {"outcome": "storm", "info": "region 0", "asked": 65}),
                ("calls 5", 1, {"outcome": "storm"}, "--calls", "4"),
                ("grows 100000", 1, {"outcome": "storm"}, "--replies", growing),
                ("grows 100000", 0, {}),
                ("no-region 64", 0, {"outcome": "exit"}), ("no-region 65", 1, {"outcome": "storm"}),
                ("hangs", 1, hang), ("thread-hangs", 1, hang), ("child-hangs", 1, hang),
                # Nobody sees a thread read what another was given; it has an end all the same.
                ("hands-over 1", 1, {"outcome": "idle", "info": "region 0"}, "--idle", "2"),
                # Nothing computes.
                ("sleeps 400", 0, {"outcome": "exit"}),
                # The good reply leaves out the MSI-X table's page; region 1 is of one page.
                *((f"maps {mode}", 1, {"outcome": "exit", "faulty": True, "maps": [is_]})
                  for mode, is_ in ((0, "outside"), (1, "nowhere"), (2, "nowhere"), (99, "nowhere"))),
                ("maps 0", 1, {"maps": ["unreadable"]}, "--region", LOOP),
                ("maps 0", 1, {"maps": ["past the region"], "faulty": True},
                 "--fields", "file", "--region", regression("region-area-past-region")),
                # Left open by the UAPI, so it is told and no fault.
                ("maps-areas", 0, {"maps": ["inside", "what two areas share twice"], "faulty": False},
                 "--region", regression("region-areas-overlap")),
                ("maps 0", 0, {"mappings": [{"region": 0, "offset": 0, "length": 0x20000, "is": "inside",
                                             "wrong": False}]}, "--region", seed("region-no-caps-echo"))):
            with self.subTest(mode=mode, options=options):
                ran = self.self_run(mode, status, ("--no-good", *options))
                self.assertEqual({key: ran[key] for key in wanted}, wanted)
                if wanted == hang:
                    self.assertGreaterEqual(ran["cpu_ms"], 100)
                if growing in options:
                    self.assertEqual(ran["calls"][0]["answered"], 32 + 65 * 8)

    def test_hang_is_named_within_a_second_of_cpu_time(self):
        ran = self.told("--no-good", "--", SELF, "hangs", status=1)
        self.assertEqual(ran["outcome"], "hang")
        self.assertTrue(800 <= ran["cpu_ms"] < 1000, ran["cpu_ms"])

    def test_hang_counts_from_the_last_call(self):
        """It computes before its INFO, and after another call: each alone is less than the limit."""
        for cpu, status, outcome in (("100", 1, "hang"), ("500", 0, "exit")):
            ran = self.told("--no-good", "--cpu", cpu, "--", SELF, "computes", "300", status=status)
            self.assertEqual(ran["outcome"], outcome)

    def test_good_replies_come_first(self):
        """A program that fails by itself, or never asks, says nothing about replies."""
        for mode, word in (("dies-of 11", "SIGSEGV"), ("hangs", "hang"), ("calls 100", "storm"),
                           ("asks-nothing", "without any")):
            done = self.start(*CPU, "--", SELF, *mode.split(), status=2)
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("# with good replies\n", 1))
            self.assertIn(word, done.stderr)
        self.assertEqual(self.self_run("calls", 0, ())["good"]["outcome"], "exit")
        # What it maps of any reply, this one is not the cause of.
        ran = self.self_run("maps 0", 0, ())
        self.assertEqual((ran["maps"], ran["faulty"]), (["outside"], False))


class LeftAlone(Run):
    """What clients do that a careless supervisor would trip over; the client itself checks it."""

    def test_modes(self):
        for mode in ("dups 200", "bad-pointers", "refusals 5", "dies 40", "paths"):
            with self.subTest(mode=mode):
                self.self_run(mode, 0, ())

    def test_forks(self):
        done = self.start("--no-good", "--", SELF, "forks", "5", status=0)
        self.assertFalse(os.path.exists(f"/proc/{int(done.stdout.split()[0])}"), "a daemon outlived its run")

    def test_standard_input_is_there_for_both_runs(self):
        command = ["--", "sh", "-c", f"cat; exec {SELF} calls"]
        done = self.start(*command, status=0, input="once\n")
        self.assertEqual(done.stdout.splitlines()[:4],
                         ["# with good replies", "once", "# with these replies", "once"])
        done = self.start("--no-good", *command, status=0, input="once\n")
        self.assertEqual(done.stdout.splitlines().count("once"), 1)

    def test_unprivileged(self):
        # Otherwise every other test shows it.
        if os.getuid() != 0:
            return
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            subprocess.run([CAPCHAIN, "--help"], capture_output=True, check=True, **nobody)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("nobody else can reach the command")
        os.chmod(self.dir, 0o777)
        done = self.start(*CPU, "--", SELF, "paths", status=0, **nobody)
        self.assertIn("these replies: exit 0", done.stdout)


class Told(Run):
    """Replies at any argsz are what the producer of the full one writes into that buffer."""

    def tell(self, kind, argsz, *args, index=0):
        done = self.start("--no-good", "--json", "--fields", "file", *args, "--", SELF,
                          f"tells-{kind}", str(argsz | index << 32), status=0)
        return bytes.fromhex(done.stderr.split()[-1])

    def test_as_kernels_did(self):
        """From one full captured reply, all others of its device, byte for byte."""
        series, held = {}, {"device": 0, "region": 0, "iommu": 0}
        for path in glob.glob(os.path.join(CAPTURED, "*-len*.bin")):
            # What a big-endian kernel wrote, no program here reads.
            if path.endswith(".be.bin"):
                continue
            name, size = Path(path).stem.rsplit("-len", 1)
            series.setdefault(name, {})[int(size)] = path
        for name, paths in series.items():
            kind, index = name.split("-")[0], int((re.findall(r"-idx(\d)$", name) or ["0"])[0])
            replies = {size: Path(path).read_bytes() for size, path in paths.items()}
            smallest = min(replies)
            # The kernel's sample devices use none of its helpers.
            sample = re.search(r"-(mbochs|mdpy|mtty)\b", name)
            need = int.from_bytes(replies[smallest][:4], "little")
            if need == smallest:
                # No capabilities: what is full is the INFO struct, of vfio-pci 20 bytes before 6.6.
                need = 32 if kind == "region" else 16 if sample else 20 if "6.1-" in name else 24
            if need not in replies or index > 8 or (sample and kind == "region"):
                continue
            option = f"--region{index}" if kind == "region" else f"--{kind}"
            rules = "iommufd" if "iommufd" in name else "kernel"
            for size in sorted(replies):
                got = self.tell(kind, size, "--rules", rules, option, paths[need], index=index)
                if kind == "region" and not got[4] & 8:
                    # Who asked Linux 6.12 had cleared the struct, and 6.1's had not.
                    got = got[:12] + replies[size][12:16] + got[16:]
                self.assertEqual(got.hex(), replies[size].hex(), f"{name} at {size}")
                held[kind] += size < need
        self.assertGreater(held["iommu"], 5)
        self.assertGreater(held["device"] + held["region"], 2)

    def test_as_others_do(self):
        """What was read, at the argsz where it shows."""
        args = ("--rules", "iommufd", "--iommu", seed("iommu-iommufd-linux6.6"))
        linked = "0300010028000000ffffffffa5a5a5a5"
        for argsz, says in ((24, ""), (35, "a5" * 11),
                            # All of DMA_AVAIL; from 40 on it is linked to what is not there.
                            (36, "0300010000000000ffffffff"), (40, linked),
                            # The first range, and neither header nor count of its capability.
                            (72, linked + "a5" * 16 + "0000000000000000ffffdffe00000000")):
            got = self.tell("iommu", argsz, *args)
            self.assertEqual(got[:24].hex(), "5800000003000000001020400000000000000000" + "0" * 8)
            self.assertEqual(got[24:].hex(), says, argsz)
        for argsz in (32, 64, 79):
            got = self.tell("region", argsz, "--rules", "vfio-user", "--region", seed("region-libvfio-user"))
            self.assertEqual(got[:16].hex(), "50000000070000000000000000000000")
            self.assertEqual(got[32:], bytes(argsz - 32))


class Inside(Run):
    """Under debuggers, as their inner command."""

    def test_tracers(self):
        """One that needs no supervisor: where that cannot be traced either, ptrace is refused."""
        for command in (["strace", "-f", "-o", self.path("trace")], ["gdb", "-batch", "-ex", "run"],
                        ["prlimit", "--core=0"]):
            with self.subTest(command[0]):
                if not shutil.which(command[0]):
                    self.skipTest(f"no {command[0]} here")
                refused = re.search(".*ptrace.*", run(*command, shutil.which("true")).stderr)
                if refused:
                    self.skipTest(f"{command[0]} cannot trace here: {refused[0]}")
                ran = self.told("--no-good", *CPU, "--region", LOOP, "--", *command, WALKER, status=1)
                self.assertEqual(ran["outcome"], "hang")

    def test_valgrind(self):
        """Slower, and told so; what it says of the over-read is its own."""
        if not shutil.which("valgrind"):
            self.skipTest("no valgrind here")
        good, command = seed("region-sparse-two"), ["valgrind", "-q", DYNAMIC_WALKER]
        self.start("--cpu", "20000", "--region", good, "--", *command, status=0)
        done = self.start("--no-good", "--cpu", "2000", "--region", LOOP, "--", *command, status=1)
        self.assertIn("these replies: hang", done.stdout)
        # An over-read is valgrind's to say, in its exit status.
        command.insert(1, "--error-exitcode=99")
        for path, status, says in ((good, 0, 0), (OVER, 1, 99)):
            ran = self.told("--no-good", "--cpu", "20000", "--region", path, "--", *command, status=status)
            self.assertEqual((ran["outcome"], ran["status"]), ("exit", says))

    def test_electric_fence(self):
        if not os.path.exists("/usr/lib/libefence.so.0.0"):
            self.skipTest("no electric-fence here")
        command = ["env", "LD_PRELOAD=libefence.so.0.0", "EF_ALLOW_MALLOC_0=1", "EF_ALIGNMENT=1",
                   DYNAMIC_WALKER]
        self.start("--region", seed("region-sparse-two"), "--", *command, status=0)
        # It forgives no over-read, where the heap does.
        ran = self.told("--region", OVER, "--", *command, status=1)
        self.assertEqual((ran["outcome"], ran["signal"]), ("signal", "SIGSEGV"))
        self.assertEqual(self.told("--region", OVER, "--", DYNAMIC_WALKER, status=1)["outcome"], "exit")

    def test_fence(self):
        """What a heap forgives: the areas of a chain that says one more than it has."""
        size = len(run(CAPCHAIN, "asm", OVER, "-o", "-", text=None, errors=None).stdout)
        fence = ["env", "LD_PRELOAD=" + FENCE, f"FENCE_SIZE={size}"]
        for command, outcome in (([], "exit"), (fence, "signal")):
            ran = self.told("--no-good", "--region", OVER, "--", *command, DYNAMIC_WALKER, status=1)
            self.assertEqual(ran["outcome"], outcome)
        self.start("--", *fence, DYNAMIC_WALKER, status=0)


class Walker(Run):
    """A small walker is red without bounded.h and green with it."""

    def test_walkers(self):
        for program, outcomes in ((WALKER, {"exit", "hang", "signal", "maps"}), (BOUNDED_WALKER, {"exit"})):
            seen = {}
            for path in sorted(glob.glob(regression("region-*"))):
                done = self.supervised(run(CAPCHAIN, "run", "--no-good", "--json", *CPU, "--region", path,
                                           "--", program))
                self.assertIn(done.returncode, (0, 1), done.stderr)
                ran = json.loads(done.stdout)
                outcome = "maps" if ran["outcome"] == "exit" and ran["faulty"] else ran["outcome"]
                seen.setdefault(outcome, []).append(path)
            self.assertEqual(set(seen), outcomes, {k: v for k, v in seen.items() if k != "exit"})
        self.assertGreater(len(seen["exit"]), 50)


class Forbidden(Run):
    def test_inside_another_supervisor(self):
        """A kernel lets a process have one listener: the inner run says so and starts nothing."""
        done = self.start("--no-good", "--", CAPCHAIN, "run", "--no-good", "--", SELF, "calls", status=0)
        self.assertIn("these replies: exit 3", done.stdout)
        self.assertIn("supervised here: a listener of seccomp: Device or resource busy; another seccomp "
                      "supervisor", done.stderr)

    def refusing(self, *calls):
        """`capchain run` where a container refuses @calls: how it ends, and what it says."""
        command = [REFUSE, *calls, "--", CAPCHAIN, "run", "--", "sh", "-c", f"cat; exec {SELF} calls"]
        done = run(*command, input="once\n", env=dict(os.environ, TMPDIR=self.dir))
        if done.returncode == 77:
            self.skipTest(done.stderr.strip())
        self.assertEqual(os.listdir(self.dir), [], "left behind")
        return done

    def test_what_it_can_do_without(self):
        """Files need no memfd_create(), and memory is read by /proc too."""
        for calls in ("memfd_create=EPERM", "memfd_create=ENOSYS",
                      "process_vm_readv=EPERM process_vm_writev=ENOSYS",
                      "ptrace=EPERM keyctl=EPERM userfaultfd=EPERM personality=EPERM"):
            done = self.supervised(self.refusing(*calls.split()))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.splitlines()[1:4:2], ["once", "once"])

    def test_what_it_names(self):
        for call, words in (
                ("seccomp=EPERM", "a listener of seccomp: Operation not permitted; a container's"),
                ("seccomp=ENOSYS", "a listener of seccomp: Function not implemented; this kernel lacks"),
                ("seccomp=EINVAL", "a listener of seccomp: Invalid argument; this kernel lacks it"),
                ("pidfd_open=EPERM", "pidfd_open(): Operation not permitted; a container's")):
            # The first thing that is missing is named.
            if WHY_NOT and not (call.startswith("seccomp") and "a listener of" in WHY_NOT):
                self.skipTest(WHY_NOT)
            done = self.refusing(call)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1), done.stderr)
            self.assertIn(f"programs cannot be supervised here: {words}", done.stderr)

    def test_no_folder_for_files(self):
        done = run(CAPCHAIN, "run", "--", SELF, "calls", env=dict(os.environ, TMPDIR=self.path("none")))
        self.assertEqual((done.returncode, done.stderr), (
            3, "capchain: the fake device takes a folder in TMPDIR or /tmp: No such file or directory\n"))

    def test_proc_that_is_not_mounted(self):
        hide = self.hiding("/proc")
        done = run(*hide, CAPCHAIN, "run", "--", SELF, "calls")
        self.assertEqual(done.returncode, 3)
        self.assertIn("supervised here: /proc/self/fd, of a mounted /proc: No such file", done.stderr)


class Report(Run):
    """emit --report, from what was seen and from nothing else."""

    def report(self, text):
        done = run(CAPCHAIN, "emit", "--report", self.write("run.json", text))
        return done.returncode, done.stdout, done.stderr

    def saved(self, *args, status):
        return self.start(*args[:-1], *CPU, "--json", "--", *args[-1], status=status).stdout

    def test_reports(self):
        for name, says in (
                ("region-loop-self",
                 ("hangs on a reply to VFIO_DEVICE_GET_REGION_INFO", "loop at offset 32",
                  f"run --region {LOOP} --cpu 100 --json --",
                  "With good replies the same command ends with status 0", "id: TYPE")),
                ("region-next-0x80000000", ("crashes on a reply", "It dies of SIGSEGV", "next-oob")),
                ("region-area-wraps", ("maps what the reply does not hold", "which is nowhere"))):
            status, out, errors = self.report(
                self.saved("--region", regression(name), [WALKER], status=1))
            self.assertEqual((status, errors), (0, ""))
            for text in says:
                self.assertIn(text, out)

    def test_refusals(self):
        for text, says in ((self.saved([SELF, "calls"], status=0), "did nothing wrong"),
                           (self.saved("--no-good", [SELF, "dies-of", "11"], status=1), "without --no-good"),
                           ("", "is empty"), ("{}", "is not what"), ("[1]", "is not what"),
                           ('{"run": {}}', "is not what")):
            status, out, errors = self.report(text)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(says, errors)
        self.assertEqual(run(CAPCHAIN, "emit", "--report", "/nowhere").returncode, 2)


class Lines(Run):
    """What cannot be used is one line, and status 2."""

    def refused(self, *rows):
        for args, says in rows:
            with self.subTest(says):
                done = self.start(*args, status=2)
                self.assertIn(says, done.stderr)
                self.assertEqual(done.stdout.replace("# with good replies\n", ""), "")

    def test_lines(self):
        self.refused(
            ((), "which COMMAND"), (("--region", LOOP), "which COMMAND"),
            (("--", "/nowhere/at/all"), "/nowhere/at/all: No such file"),
            *(((*words.split(), "--", SELF), says) for words, says in (
                ("--region /nowhere.yaml", "No such file"), (f"--iommu {LOOP}", "another kind"),
                (f"--region {LOOP} --region0 {LOOP}", "two files"), ("--rules mine", "no rules `mine`"),
                ("--fields x", "device or file"), ("--pci 8086", "hexadecimal"),
                ("--calls 0", "want a number"), ("--cpu -1", "want a number"))))

    def test_scripts(self):
        raw = f"region raw {LOOP}"
        for text, says in (("region", "no rule"), ("floor raw x", "want device"),
                           ("region odd x", "want kernel"), ("region raw", "no FILE"),
                           ("region raw x", "No such file"), ("region again", "stands alone"),
                           (f"{raw} argsz=x", "argsz=N"), (f"{raw} size=1", "argsz=N"),
                           (f"{raw} argsz=4294967296", "32 bits"),
                           (f"{raw} argsz=1 2", "one reply a line"),
                           (f"{raw}\nregion again\n{raw}", "can follow")):
            script = self.write("script", f"# a comment\n\n{text}\n")
            self.refused((("--replies", script, "--", SELF, "calls"), says))

    def test_help(self):
        done = self.start("--help", status=0)
        for word in ("outcomes", "SCRIPT", "Exit status", "--no-good", "again"):
            self.assertIn(word.lower(), done.stdout.lower())
        self.assertIsNone(re.search("[^\x00-\x7f]", done.stdout))


if __name__ == "__main__":
    run_tests()
