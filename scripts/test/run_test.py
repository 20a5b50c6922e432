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

from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests  # noqa: E402

CLIENTS = os.path.join(ROOT, "build", "client")
SELF = os.path.join(CLIENTS, "self")
REFUSE = os.path.join(CLIENTS, "refuse")
REGRESSIONS = os.path.join(CORPUS, "regressions")
# So that a test of a hang takes a tenth of a second. No outcome hangs on it but hangs.
CPU = ["--cpu", "100"]
# One run of anything here takes well under a second; a minute is a supervisor that hangs itself.
PATIENCE = 60


def why_not():
    """Why no program can be supervised here, or None."""
    done = run(CAPCHAIN, "run", "--no-good", "--", SELF, "calls")
    return done.stderr.strip() if done.returncode == 3 else None


WHY_NOT = why_not()


def regression(name):
    return os.path.join(REGRESSIONS, name + ".yaml")


class Run(Case):
    def supervised(self, done):
        """@done, unless it is that nothing can be supervised here."""
        if WHY_NOT and done.returncode == 3:
            self.skipTest(WHY_NOT)
        return done

    def start(self, *args, status, input_text="", **options):
        env = dict(os.environ, TMPDIR=self.dir)
        done = subprocess.run([CAPCHAIN, "run", *args], input=input_text, capture_output=True,
                              text=True, timeout=PATIENCE, check=False, env=env, **options)
        self.supervised(done)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, r"Sanitizer|runtime error:")
        self.assertEqual(glob.glob(os.path.join(self.dir, "capchain-run-*")), [], "left behind")
        return done

    def self_run(self, *mode, status, args=("--no-good",)):
        done = self.start(*args, *CPU, "--json", "--", SELF, *mode, status=status)
        return json.loads(done.stdout)


class Outcomes(Run):
    """Each verdict, and beside it the nearest thing that is none."""

    def test_exit(self):
        run = self.self_run("exits-with", "3", status=0)
        self.assertEqual((run["outcome"], run["status"]), ("exit", 3))

    def test_signal(self):
        for number, name in ((11, "SIGSEGV"), (5, "SIGTRAP"), (6, "SIGABRT"), (9, "SIGKILL")):
            run = self.self_run("dies-of", str(number), status=1)
            self.assertEqual((run["outcome"], run["signal"]), ("signal", name))

    def test_storm_is_a_count(self):
        run = self.self_run("calls", "64", status=0)
        self.assertEqual((run["outcome"], run["calls"][0]["calls"]), ("exit", 64))
        run = self.self_run("calls", "65", status=1)
        self.assertEqual((run["outcome"], run["info"]), ("storm", "region 0"))
        self.assertEqual(run["calls"][0]["calls"], 65)
        self.self_run("calls", "5", status=1, args=("--no-good", "--calls", "4"))

    def test_storm_of_growing_replies(self):
        script = os.path.join(self.dir, "grow")
        Path(script).write_text(f"region raw {regression('region-loop-self')} argsz=+8\n", "utf-8")
        run = self.self_run("grows", "100000", status=1, args=("--no-good", "--replies", script))
        self.assertEqual(run["outcome"], "storm")
        self.assertEqual(run["calls"][0]["answered"], 32 + 65 * 8)
        self.self_run("grows", "100000", status=0)

    def test_storm_of_regions_that_are_not_there(self):
        self.assertEqual(self.self_run("no-region", "64", status=0)["outcome"], "exit")
        run = self.self_run("no-region", "65", status=1)
        self.assertEqual(run["outcome"], "storm")

    def test_hang(self):
        for mode in ("hangs", "thread-hangs", "child-hangs"):
            run = self.self_run(mode, status=1)
            self.assertEqual((run["outcome"], run["info"]), ("hang", "region 0"), mode)
            self.assertGreaterEqual(run["cpu_ms"], 100, mode)

    def test_hang_is_named_within_a_second_of_cpu_time(self):
        run = json.loads(self.start("--no-good", "--json", "--", SELF, "hangs", status=1).stdout)
        self.assertEqual(run["outcome"], "hang")
        self.assertTrue(800 <= run["cpu_ms"] < 1000, run["cpu_ms"])

    def test_no_hang_where_nothing_computes(self):
        self.assertEqual(self.self_run("sleeps", "400", status=0)["outcome"], "exit")

    def test_hang_counts_from_the_last_call(self):
        """It computes before its INFO, and after another call: each alone is less than the limit."""
        run = self.self_run("computes", "300", status=1)
        self.assertEqual(run["outcome"], "hang")
        done = self.start("--no-good", "--cpu", "500", "--json", "--", SELF, "computes", "300", status=0)
        self.assertEqual(json.loads(done.stdout)["outcome"], "exit")

    def test_mappings(self):
        """The good reply leaves out the MSI-X table's page; region 1 is of one page."""
        for mode, is_ in (("0", "outside"), ("1", "nowhere"), ("2", "nowhere"), ("99", "nowhere")):
            run = self.self_run("maps", mode, status=1)
            self.assertEqual((run["outcome"], run["faulty"]), ("exit", True))
            self.assertEqual([m["is"] for m in run["mappings"]], [is_])
        run = self.self_run("maps", "0", status=1,
                            args=("--no-good", "--region", regression("region-loop-self")))
        self.assertEqual(run["mappings"][0]["is"], "unreadable")
        whole = os.path.join(ROOT, "corpus", "seeds", "region-no-caps-echo.yaml")
        run = self.self_run("maps", "0", status=0, args=("--no-good", "--region", whole))
        self.assertEqual(run["mappings"], [{"region": 0, "offset": 0, "length": 0x20000,
                                            "is": "inside", "wrong": False}])
        # What it maps of any reply, this one is not the cause of.
        run = self.self_run("maps", "0", status=0, args=())
        self.assertEqual((run["mappings"][0]["is"], run["faulty"]), ("outside", False))

    def test_good_replies_come_first(self):
        """A program that fails by itself, or never asks, says nothing about replies."""
        for mode, word in ((("dies-of", "11"), "SIGSEGV"), (("hangs",), "hang"),
                           (("calls", "100"), "storm"), (("asks-nothing",), "without any")):
            done = self.start(*CPU, "--", SELF, *mode, status=2)
            self.assertEqual(done.stdout, "# with good replies\n")
            self.assertIn(word, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)
        run = self.self_run("calls", status=0, args=())
        self.assertEqual(run["good"]["outcome"], "exit")


class LeftAlone(Run):
    """What clients do that a careless supervisor would trip over; the client itself checks it."""

    def check(self, *mode):
        return self.self_run(*mode, status=0, args=())

    def test_forks(self):
        done = self.start("--no-good", "--", SELF, "forks", "5", status=0)
        left = int(done.stdout.split()[0])
        self.assertFalse(os.path.exists(f"/proc/{left}"), "a daemon outlived its run")

    def test_dups_and_closes(self):
        self.check("dups", "200")

    def test_bad_pointers(self):
        self.check("bad-pointers")

    def test_refusals(self):
        self.check("refusals", "5")

    def test_dies_in_the_midst(self):
        self.check("dies", "40")

    def test_paths(self):
        self.check("paths")

    def test_standard_input_is_there_for_both_runs(self):
        command = ["sh", "-c", f"cat; exec {SELF} calls"]
        done = self.start("--", *command, status=0, input_text="once\n")
        self.assertEqual(done.stdout.splitlines()[:4],
                         ["# with good replies", "once", "# with these replies", "once"])
        done = self.start("--no-good", "--", *command, status=0, input_text="once\n")
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
        series = {}
        for path in glob.glob(os.path.join(ROOT, "corpus", "captured", "*-len*.bin")):
            name, size = os.path.basename(path)[:-4].rsplit("-len", 1)
            series.setdefault(name, {})[int(size)] = path
        held = {"device": 0, "region": 0, "iommu": 0}
        for name, paths in series.items():
            kind, index = name.split("-")[0], int((re.findall(r"-idx(\d)$", name) or ["0"])[0])
            replies = {size: self.content(path) for size, path in paths.items()}
            smallest = min(replies)
            # The kernel's sample devices use none of its helpers.
            sample = re.search(r"-(mbochs|mdpy|mtty)\b", name)
            need = int.from_bytes(replies[smallest][:4], "little")
            if need == smallest:
                # No capabilities: what is full is the INFO struct, of vfio-pci 20 bytes before 6.6.
                need = 32 if kind == "region" else 16 if sample else 20 if "6.1-" in name else 24
            if need not in replies or index > 8 or (sample and kind == "region"):
                continue
            for size in sorted(replies):
                option = f"--region{index}" if kind == "region" else f"--{kind}"
                rules = "iommufd" if "iommufd" in name else "kernel"
                got = self.tell(kind, size, "--rules", rules, option, paths[need], index=index)
                if kind == "region" and not got[4] & 8:
                    # Who asked Linux 6.12 had cleared the struct, and 6.1's had not.
                    got = got[:12] + replies[size][12:16] + got[16:]
                self.assertEqual(got.hex(), replies[size].hex(), f"{name} at {size}")
                held[kind] += size < need
        self.assertGreater(held["iommu"], 5)
        self.assertGreater(held["device"] + held["region"], 2)

    @staticmethod
    def content(path):
        return Path(path).read_bytes()

    def test_as_others_do(self):
        """What was read, at the argsz where it shows."""
        seeds = os.path.join(ROOT, "corpus", "seeds")
        full = os.path.join(seeds, "iommu-iommufd-linux6.6.yaml")
        args = ("--rules", "iommufd", "--iommu", full)
        for argsz, says in ((24, ""), (35, "a5" * 11),
                            # All of DMA_AVAIL; from 40 on it is linked to what is not there.
                            (36, "0300010000000000ffffffff"),
                            (40, "0300010028000000ffffffffa5a5a5a5"),
                            # The first range, and neither header nor count of its capability.
                            (72, "0300010028000000ffffffffa5a5a5a5" + "a5" * 16 +
                             "0000000000000000ffffdffe00000000")):
            got = self.tell("iommu", argsz, *args)
            self.assertEqual(got[:24].hex(), "5800000003000000001020400000000000000000" + "0" * 8)
            self.assertEqual(got[24:].hex(), says, argsz)
        full = os.path.join(seeds, "region-libvfio-user.yaml")
        for argsz in (32, 64, 79):
            got = self.tell("region", argsz, "--rules", "vfio-user", "--region", full)
            self.assertEqual(got[:16].hex(), "50000000070000000000000000000000")
            self.assertEqual(got[32:], bytes(argsz - 32))


class Inside(Run):
    """Under debuggers, as their inner command."""

    def under(self, *command, args=(), status=1):
        if not shutil.which(command[0]):
            self.skipTest(f"no {command[0]} here")
        # Of a program that needs no supervisor: where that cannot be traced either, ptrace is refused.
        alone = run(*command, shutil.which("true"))
        refused = [line for line in alone.stderr.splitlines() if "ptrace" in line]
        if refused:
            self.skipTest(f"{command[0]} cannot trace here: {refused[0]}")
        return self.start("--no-good", *args, "--json", "--region", regression("region-loop-self"),
                          "--", *command, os.path.join(CLIENTS, "walker"), status=status)

    def test_strace(self):
        done = self.under("strace", "-f", "-o", os.path.join(self.dir, "trace"), args=CPU)
        self.assertEqual(json.loads(done.stdout)["outcome"], "hang")

    def test_gdb(self):
        done = self.under("gdb", "-batch", "-ex", "run", args=CPU)
        self.assertEqual(json.loads(done.stdout)["outcome"], "hang")

    def test_valgrind(self):
        """Slower, and told so; what it says of the over-read is its own."""
        if not shutil.which("valgrind"):
            self.skipTest("no valgrind here")
        seed = os.path.join(ROOT, "corpus", "seeds", "region-sparse-two.yaml")
        command = ["valgrind", "-q", os.path.join(CLIENTS, "walker-dynamic")]
        self.start("--cpu", "20000", "--region", seed, "--", *command, status=0)
        done = self.start("--no-good", "--cpu", "2000", "--region", regression("region-loop-self"),
                          "--", *command, status=1)
        self.assertIn("these replies: hang", done.stdout)
        # An over-read is valgrind's to say, in its exit status.
        command.insert(1, "--error-exitcode=99")
        for path, says in ((seed, "exit 0"), (regression("region-payload-oob-sparse-area"),
                                              "exit 99")):
            done = self.start("--no-good", "--cpu", "20000", "--json", "--region", path, "--",
                              *command, status=0 if path == seed else 1)
            run = json.loads(done.stdout)
            self.assertEqual(f"{run['outcome']} {run['status']}", says, done.stderr)

    def test_electric_fence(self):
        seed = os.path.join(ROOT, "corpus", "seeds", "region-sparse-two.yaml")
        if not os.path.exists("/usr/lib/libefence.so.0.0"):
            self.skipTest("no electric-fence here")
        walker = os.path.join(CLIENTS, "walker-dynamic")
        command = ["env", "LD_PRELOAD=libefence.so.0.0", "EF_ALLOW_MALLOC_0=1", "EF_ALIGNMENT=1",
                   walker]
        self.start("--region", seed, "--", *command, status=0)
        # It forgives no over-read, where the heap does.
        over = regression("region-payload-oob-sparse-area")
        run = json.loads(self.start("--region", over, "--json", "--", *command, status=1).stdout)
        self.assertEqual((run["outcome"], run["signal"]), ("signal", "SIGSEGV"))
        run = json.loads(self.start("--region", over, "--json", "--", walker, status=1).stdout)
        self.assertEqual(run["outcome"], "exit")

    def test_fence(self):
        """What a heap forgives: the areas of a chain that says one more than it has."""
        walker = os.path.join(CLIENTS, "walker-dynamic")
        path = regression("region-payload-oob-sparse-area")
        size = len(subprocess.run([CAPCHAIN, "asm", path, "-o", "-"], capture_output=True,
                                  check=True).stdout)
        fence = ["env", "LD_PRELOAD=" + os.path.join(CLIENTS, "fence.so"), f"FENCE_SIZE={size}"]
        for command, outcome in (([walker], "exit"), ([*fence, walker], "signal")):
            done = self.start("--no-good", "--json", "--region", path, "--", *command, status=1)
            run = json.loads(done.stdout)
            self.assertEqual(run["outcome"], outcome)
        self.start("--", *fence, walker, status=0)

    def test_prlimit(self):
        done = self.under("prlimit", "--core=0", args=CPU)
        self.assertEqual(json.loads(done.stdout)["outcome"], "hang")


class Walker(Run):
    """A small walker is red without bounded.h and green with it."""

    def all(self, program):
        seen = {}
        for path in sorted(glob.glob(regression("region-*"))):
            done = run(CAPCHAIN, "run", "--no-good", "--json", *CPU, "--region", path, "--",
                       os.path.join(CLIENTS, program))
            self.assertIn(self.supervised(done).returncode, (0, 1), done.stderr)
            ran = json.loads(done.stdout)
            outcome = ran["outcome"] if ran["outcome"] != "exit" or not ran["faulty"] else "maps"
            seen.setdefault(outcome, []).append(path)
        return seen

    def test_without(self):
        seen = self.all("walker")
        self.assertEqual(set(seen), {"exit", "hang", "signal", "maps"})

    def test_with(self):
        seen = self.all("walker-bounded")
        self.assertEqual(set(seen), {"exit"}, {k: v for k, v in seen.items() if k != "exit"})
        self.assertGreater(len(seen["exit"]), 50)


class Forbidden(Run):
    def test_inside_another_supervisor(self):
        """A kernel lets a process have one listener: the inner run says so and starts nothing."""
        inner = [CAPCHAIN, "run", "--no-good", "--", SELF, "calls"]
        done = self.start("--no-good", "--", *inner, status=0)
        self.assertIn("these replies: exit 3", done.stdout)
        self.assertIn("supervised here: a listener of seccomp: Device or resource busy; another "
                      "seccomp supervisor",
                      done.stderr)

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
        for calls in (("memfd_create=EPERM",), ("memfd_create=ENOSYS",),
                      ("process_vm_readv=EPERM", "process_vm_writev=ENOSYS"),
                      ("ptrace=EPERM", "keyctl=EPERM", "userfaultfd=EPERM", "personality=EPERM")):
            done = self.supervised(self.refusing(*calls))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.splitlines()[1:4:2], ["once", "once"])

    def test_what_it_names(self):
        for calls, words in (
                (("seccomp=EPERM",), "a listener of seccomp: Operation not permitted; a container's"),
                (("seccomp=ENOSYS",), "a listener of seccomp: Function not implemented; this kernel lacks"),
                (("seccomp=EINVAL",), "a listener of seccomp: Invalid argument; this kernel lacks it"),
                (("pidfd_open=EPERM",), "pidfd_open(): Operation not permitted; a container's")):
            # The first thing that is missing is named.
            if WHY_NOT and not (calls[0].startswith("seccomp") and "a listener of" in WHY_NOT):
                self.skipTest(WHY_NOT)
            done = self.refusing(*calls)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1), done.stderr)
            self.assertIn(f"programs cannot be supervised here: {words}", done.stderr)

    def test_no_folder_for_files(self):
        done = run(CAPCHAIN, "run", "--", SELF, "calls",
                   env=dict(os.environ, TMPDIR=os.path.join(self.dir, "none")))
        self.assertEqual((done.returncode, done.stderr), (
            3, "capchain: the fake device takes a folder in TMPDIR or /tmp: No such file or directory\n"))

    def test_proc_that_is_not_mounted(self):
        hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
        hidden = run(*hide, "true")
        if hidden.returncode:
            self.skipTest(f"/proc cannot be hidden here: {hidden.stderr.strip()}")
        done = run(*hide, CAPCHAIN, "run", "--", SELF, "calls")
        self.assertEqual(done.returncode, 3)
        self.assertIn("supervised here: /proc/self/fd, of a mounted /proc: No such file", done.stderr)


class Report(Run):
    """emit --report, from what was seen and from nothing else."""

    def saved(self, *args, mode, status):
        done = self.start(*args, *CPU, "--json", "--", SELF, *mode, status=status)
        path = os.path.join(self.dir, "run.json")
        Path(path).write_text(done.stdout, "utf-8")
        return path

    def emit(self, path):
        return run(CAPCHAIN, "emit", "--report", path)

    def test_reports(self):
        for name, says in (
                ("region-loop-self",
                 ("hangs on a reply to VFIO_DEVICE_GET_REGION_INFO", "loop at offset 32",
                  f"run --region {regression('region-loop-self')} --cpu 100 --json --",
                  "With good replies the same command ends with status 0", "id: TYPE")),
                ("region-next-0x80000000",
                 ("crashes on a reply", "It dies of SIGSEGV", "next-oob")),
                ("region-area-wraps", ("maps what the reply does not hold", "which is nowhere"))):
            path = os.path.join(self.dir, "run.json")
            done = self.start("--region", regression(name), *CPU, "--json", "--",
                              os.path.join(CLIENTS, "walker"), status=1)
            Path(path).write_text(done.stdout, "utf-8")
            report = self.emit(path)
            self.assertEqual((report.returncode, report.stderr), (0, ""))
            for text in says:
                self.assertIn(text, report.stdout)

    def test_refusals(self):
        good = self.saved(mode=("calls",), status=0)
        self.assertIn("did nothing wrong", self.emit(good).stderr)
        untried = self.saved("--no-good", mode=("dies-of", "11"), status=1)
        self.assertIn("without --no-good", self.emit(untried).stderr)
        for text, says in (("", "is empty"), ("{}", "is not what"), ("[1]", "is not what"),
                           ('{"run": {}}', "is not what")):
            Path(untried).write_text(text, "utf-8")
            done = self.emit(untried)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(says, done.stderr)
        self.assertEqual(self.emit("/nowhere").returncode, 2)


class Lines(Run):
    """What cannot be used is one line, and status 2."""

    def refused(self, *args, says):
        with self.subTest(says):
            done = self.start(*args, status=2)
            self.assertIn(says, done.stderr)
            self.assertEqual(done.stdout.replace("# with good replies\n", ""), "")

    def test_lines(self):
        loop = regression("region-loop-self")
        for args, says in (
                ((), "which COMMAND"),
                (("--region", loop), "which COMMAND"),
                (("--region", "/nowhere.yaml", "--", SELF), "No such file"),
                (("--iommu", loop, "--", SELF), "another kind"),
                (("--region", loop, "--region0", loop, "--", SELF), "two files"),
                (("--rules", "mine", "--", SELF), "no rules `mine`"),
                (("--fields", "x", "--", SELF), "device or file"),
                (("--pci", "8086", "--", SELF), "hexadecimal"),
                (("--calls", "0", "--", SELF), "want a number"),
                (("--cpu", "-1", "--", SELF), "want a number"),
                (("--", "/nowhere/at/all"), "/nowhere/at/all: No such file")):
            self.refused(*args, says=says)

    def test_scripts(self):
        loop = regression("region-loop-self")
        for text, says in (("region\n", "no rule"), ("floor raw x\n", "want device"),
                           ("region odd x\n", "want kernel"), ("region raw\n", "no FILE"),
                           ("region raw x\n", "No such file"), ("region again\n", "stands alone"),
                           (f"region raw {loop} argsz=x\n", "argsz=N"),
                           (f"region raw {loop} size=1\n", "argsz=N"),
                           (f"region raw {loop} argsz=4294967296\n", "32 bits"),
                           (f"region raw {loop} argsz=1 2\n", "one reply a line"),
                           (f"region raw {loop}\nregion again\nregion raw {loop}\n", "can follow")):
            script = os.path.join(self.dir, "script")
            Path(script).write_text("# a comment\n\n" + text, "utf-8")
            done = self.start("--replies", script, "--", SELF, "calls", status=2)
            self.assertIn(says, done.stderr, text)

    def test_help(self):
        done = self.start("--help", status=0)
        for word in ("outcomes", "SCRIPT", "Exit status", "--no-good", "again"):
            self.assertIn(word.lower(), done.stdout.lower())
        self.assertIsNone(re.search("[^\x00-\x7f]", done.stdout))


if __name__ == "__main__":
    run_tests()
