#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what the command does to files, whatever is in its way: links that somebody planted, full disks,
closed streams, others at the same time, names that are no plain words.

CAPCHAIN names the binary. What needs a right that is missing is skipped with the reason.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import BUILD, CAPCHAIN, CORPUS, Case, run, run_tests  # noqa: E402

SEEDS = os.path.join(CORPUS, "seeds")
SEED = os.path.join(SEEDS, "region-sparse-two.yaml")
REFUSE = os.path.join(BUILD, "client", "refuse")
FIOCLEX = 0x5451
BYTES = run(CAPCHAIN, "asm", SEED, "-o", "-", text=False, errors=None).stdout
# It names itself as its argument says, and asks once.
ASKS = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.prctl(15, sys.argv[1].encode().decode("unicode_escape").encode(), 0, 0, 0)
data = bytearray(open(sys.argv[2], "rb").read())
data[:4] = len(data).to_bytes(4, "little")
libc.ioctl(0, 0x5451, (ctypes.c_char * len(data)).from_buffer(data))
"""


class Written(Case):
    """-o of every verb, reports and lists."""

    def test_streams_are_written_to(self):
        # As /dev/stdout is, which a command that replaces it would take from this machine.
        os.symlink("/proc/self/fd/1", self.path("stdout"))
        for name in (self.path("stdout"), "/proc/self/fd/1", "/dev/fd/1"):
            with open(self.path("out"), "wb") as out:
                out.write(b"before")
                out.flush()
                done = run(CAPCHAIN, "asm", SEED, "-o", name, stdout=out, capture_output=False)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(self.read("out"), b"before" + BYTES, name)
        os.mkfifo(self.path("fifo"))
        got = []
        reader = threading.Thread(target=lambda: got.append(self.read("fifo")))
        reader.start()
        self.assertEqual(run(CAPCHAIN, "asm", SEED, "-o", self.path("fifo")).returncode, 0)
        reader.join(60)
        self.assertEqual(got, [BYTES])
        done = run(CAPCHAIN, "asm", SEED, "-o", "/dev/full")
        self.assertEqual((done.returncode, done.stderr),
                         (5, "capchain: cannot write /dev/full: No space left on device\n"))

    def test_planted_links_are_not_followed(self):
        """As a temporary name of any pid that the command may get, and as the name itself."""
        victim = self.write("victim", "mine")
        os.symlink(victim, self.path("out"))
        self.assertEqual(run(CAPCHAIN, "asm", SEED, "-o", self.path("out")).returncode, 0)
        self.assertEqual((self.read("victim"), self.read("out")), (b"mine", BYTES))
        # The shell's own pid is the command's.
        plant = 'ln -s "$1/victim" "$1/other.$$.tmp"; exec "$0" asm "$2" -o "$1/other"'
        run("sh", "-c", plant, CAPCHAIN, self.dir, SEED)
        self.assertEqual((self.read("victim"), self.read("other")), (b"mine", BYTES))

    def test_a_name_as_long_as_names_are(self):
        name = "x" * 255
        self.assertEqual(run(CAPCHAIN, "asm", SEED, "-o", self.path(name)).returncode, 0)
        self.assertEqual(os.listdir(self.dir), [name])

    def test_mode_is_as_the_umask_says(self):
        before = os.umask(0o027)
        self.addCleanup(os.umask, before)
        run(CAPCHAIN, "asm", SEED, "-o", self.path("out"))
        self.assertEqual(os.stat(self.path("out")).st_mode & 0o777, 0o640)

    def corpus(self):
        shutil.copytree(SEEDS, self.path("corpus", "seeds"))
        os.makedirs(self.path("corpus", "expect"))
        return self.path("corpus")

    def test_what_does_not_fit_leaves_what_was(self):
        corpus = self.corpus()
        self.assertEqual(run(CAPCHAIN, "bless", corpus).returncode, 0)
        lists = {name: self.read("corpus", "expect", name) for name in os.listdir(corpus + "/expect")}
        for command in (("replay", "-v", self.path("report"), corpus),
                        ("replay", "--junit", self.path("report"), corpus),
                        ("bless", corpus)):
            self.write("report", "as it was\n")
            os.unlink(f"{corpus}/seeds/region-sparse-two.yaml")
            done = run("sh", "-c", 'ulimit -f 1; exec "$@"', "sh", CAPCHAIN, *command)
            shutil.copy(SEED, corpus + "/seeds")
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn("File too large", done.stderr)
            self.assertEqual(self.text("report"), "as it was\n")
        for name, data in lists.items():
            self.assertIn(self.read("corpus", "expect", name).count(b"\n") - data.count(b"\n"), (0, -1), name)

    def test_eight_at_once_keep_every_entry(self):
        corpus = self.corpus()
        names = sorted(os.listdir(corpus + "/seeds"))
        running = [subprocess.Popen([CAPCHAIN, "bless", *(f"{corpus}/seeds/{name}" for name in names[i::8])],
                                    stdout=subprocess.DEVNULL) for i in range(8)]
        self.assertEqual([one.wait(300) for one in running], [0] * 8)
        blessed = self.text("corpus", "expect", "reference.txt").splitlines()
        inputs = [name for name in names if name.endswith(".yaml")]
        self.assertEqual(len(blessed), len(inputs))
        self.assertEqual([name for name in os.listdir(corpus + "/expect") if not name.endswith(".txt")], [])

    def test_closed_streams(self):
        """What is written to one lands in no file, and is an error."""
        for closed, status in ((">&-", 5), ("<&- >&-", 5), ("<&- 2>&-", 0)):
            done = run("sh", "-c", f'"$0" dis --kind region "$1" -o "$2" {closed}; "$0" list {closed}; echo $?',
                       CAPCHAIN, self.write("bytes", BYTES), self.path("text"))
            self.assertEqual(done.stdout.splitlines()[-1:], [str(status)], closed)
            self.assertIn("kind: region", self.text("text"))
            self.assertEqual(run(CAPCHAIN, "asm", self.path("text"), "-o", "-").returncode, 2)
            self.assertNotIn("dpdk", self.text("text"))

    def test_a_target_that_cannot_keep_what_it_finds(self):
        """By itself, without an engine; and an engine's options are none of its files."""
        target = os.path.join(BUILD, "clang", "fuzz_region_info")
        if not os.access(target, os.X_OK):
            self.skipTest("no stand-alone target is built")
        for name in ("findings", "findings/counts", "findings/sets"):
            os.makedirs(self.path(name), exist_ok=True)
        path = self.write("bytes", BYTES)
        # Counts fit, and no witness does.
        os.rmdir(self.path("findings", "sets"))
        os.symlink("/proc/self/fdinfo", self.path("findings", "sets"))
        done = run(target, path, env={**os.environ, "CAPCHAIN_FINDINGS": self.path("findings")})
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("findings are not being kept", done.stderr)
        done = run(target, "-runs=10", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("-runs=10: no option is known here: this build has no engine", done.stderr)

    def test_broken_verdicts_of_a_target(self):
        target = os.path.join(BUILD, "libfuzzer", "fuzz_region_info")
        if not os.access(target, os.X_OK):
            self.skipTest("no libFuzzer target is built")
        done = run(target, self.write("bytes", BYTES), env={**os.environ, "CAPCHAIN_VERDICTS": "/dev/full"})
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("CAPCHAIN_VERDICTS names cannot be written", done.stderr)


class Names(Case):
    def test_witness_of_a_device_that_is_a_path(self):
        done = run(CAPCHAIN, "probe", "--fake", "short-writes", "-w", self.path("a:b"), "--keep", self.path("kept"),
                   "/dev/vfio/devices/vfio0", "a\x1b[31m\nb", cwd=self.dir)
        self.assertEqual(done.returncode, 1, done.stderr)
        witnesses = [name for name in os.listdir(self.path("a:b")) if name.endswith("_dev_vfio_devices_vfio0")]
        self.assertTrue(witnesses, os.listdir(self.path("a:b")))
        self.assertTrue([name for name in os.listdir(self.path("kept")) if "_dev_vfio_devices_vfio0-len" in name])
        self.assertNotIn("\x1b", done.stdout)
        self.assertIn("a%1B[31m%0Ab device: ", done.stdout)

    def test_any_number_of_subjects(self):
        done = run(CAPCHAIN, "probe", *["--fake", "sound"] * 70, *["again"] * 70)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("140 devices", done.stdout)

    def capture(self, name, *options, command=None):
        command = command or [sys.executable, "-c", ASKS]
        done = run(CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX), "--out", self.path("out"), *options, *command,
                   name, self.write("bytes", BYTES))
        if done.returncode == 3:
            self.skipTest(done.stderr.strip())
        return done

    def test_processes_are_found_by_their_command(self):
        """Not by what a thread calls itself, nor by 15 bytes of it."""
        # It asks again and again: of a process that has ended by then only its thread's name is known.
        again = "import time\nfor _ in range(200):\n    " + ASKS.splitlines()[-1] + "\n    time.sleep(0.005)\n"
        script = self.write("a-program-of-a-long-name", "#!/usr/bin/python3\n" + ASKS + again, mode=0o755)
        for name, finds in (("a-program-of-a-long-name", True),
                            (os.path.basename(os.path.realpath(sys.executable)), True),
                            ("a-program-of-a-long-nam", False), ("somebody-else", False)):
            done = self.capture("its-thread", "--json", "--comm", name, command=[script])
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(len(lines) > 1, finds, name)

    def test_records_that_cannot_be_read(self):
        if run(REFUSE, "epoll_wait=EIO", "--", "true").returncode:
            self.skipTest("no system call can be refused here")
        done = run(REFUSE, "epoll_wait=EIO", "epoll_pwait=EIO", "--", CAPCHAIN, "capture", "--stand-in", hex(FIOCLEX),
                   "--out", self.path("out"), "sleep", "60")
        if done.returncode == 3:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "capchain: the records cannot be read: Input/output error\n")


class Reasons(Case):
    """Each failure says its own errno."""

    def refused(self, *command):
        done = run(REFUSE, *command)
        if done.returncode == 77:
            self.skipTest(done.stderr.strip())
        return done

    def test_bpf_that_is_refused_is_not_old(self):
        done = self.refused("bpf=EINVAL", "--", CAPCHAIN, "capture", "--out", self.dir, "--hooks", "syscalls", "true")
        self.assertNotIn("5.17", done.stderr)
        self.assertIn("Invalid argument", done.stderr)

    def test_the_sandbox(self):
        done = self.refused("memfd_create=EPERM", "mremap=EPERM", "--", CAPCHAIN, "check", SEED)
        self.assertEqual(done.returncode, 4)
        self.assertIn("Operation not permitted; a container's seccomp profile", done.stderr)
        self.assertNotIn("address space", done.stderr)


class Signals(Case):
    def test_children_of_a_starter_that_ignores_them(self):
        """--parser builds with a child, which has to be waited for."""
        parser = os.path.join(os.path.dirname(CORPUS), "parsers", "own", "template.c")
        done = run(CAPCHAIN, "check", "--parser", parser, SEED, timeout=600,
                   preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertIn(done.returncode, (0, 1), done.stderr)


if __name__ == "__main__":
    run_tests()
