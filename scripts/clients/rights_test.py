#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what `capchain run` must not do for its client, and how long it waits for one: build/client/hostile
tries each. CAPCHAIN names the binary; where programs cannot be supervised here, or there are no rights to
drop, tests are skipped with the reason."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests  # noqa: E402

CLIENTS = os.path.join(ROOT, "build", "client")
HOSTILE = os.path.join(CLIENTS, "hostile")
SELF = os.path.join(CLIENTS, "self")
LOOP = os.path.join(CORPUS, "regressions", "region-loop-self.yaml")
SEED = os.path.join(CORPUS, "seeds", "region-sparse-two.yaml")


class Run(Case):
    def start(self, *args, status=0, **options):
        done = run(CAPCHAIN, "run", *args, env=dict(os.environ, TMPDIR=self.dir), **options)
        if done.returncode == 3:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.left()
        return done

    def left(self):
        self.assertEqual([name for name in os.listdir(self.dir) if name.startswith("capchain-run-")], [])

    def tried(self, *mode, **options):
        """What each attempt of a mode came to."""
        lines = self.start("--no-good", "--", HOSTILE, *mode, **options).stdout.splitlines()
        return dict(line.split(": ") for line in lines if line.count(": ") == 1 and line[0] != " ")


class Rights(Run):
    def test_a_client_without_rights_gets_what_it_gets_without_run(self):
        if os.geteuid():
            self.skipTest("takes root, for rights to drop")
        secret = self.write("secret", "s", mode=0o600)
        os.chmod(self.dir, 0o755)
        got = self.tried("dropped-files", secret)
        for way, error in (("open, directly", "EACCES"), ("open, around", "ENOENT"), ("write, around", "ENOENT"),
                           ("open, by a link", "ENOENT"), ("access, around", "ENOENT"),
                           ("openat, around", "EACCES"), ("write the device's vendor", "EACCES"),
                           ("access to write it", "EACCES"), ("read it", "done"), ("new file beside it", "ENOENT")):
            self.assertEqual(got[way], error, way)
        self.assertEqual(self.read("secret"), b"s")

    def test_whatever_our_own_umask_is(self):
        if os.geteuid():
            self.skipTest("takes root, for rights to drop")
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        os.chmod(self.dir, 0o755)
        self.assertEqual(self.tried("dropped-files", "/nowhere")["read it"], "done")

    def test_every_name_of_the_device_is_ours(self):
        got = self.tried("relative")
        for name in ("open", "is the container", "openat", "in sysfs", "dots", "creat"):
            self.assertEqual(got[name], "done", name)
        for name in ("another group", "iommufd", "cdev"):
            self.assertEqual(got[name], "ENOENT", name)

    def test_no_other_name_opens_a_real_device(self):
        """The node of /dev/vfio/vfio under another name, and links to it."""
        try:
            os.mknod(self.path("node"), stat.S_IFCHR | 0o666, os.makedev(10, 196))
        except PermissionError:
            self.skipTest("takes the right to make device nodes")
        os.symlink("node", self.path("link"))
        os.symlink(self.dir, self.path("folder"))
        self.write("file", "a file\n")
        os.symlink("file", self.path("plain"))
        for name in ("node", "link", "folder/link", "folder/../" + os.path.basename(self.dir) + "/link"):
            for path, options in ((name, {"cwd": self.dir}), (self.path(name), {})):
                done = self.start("--no-good", "--", "cat", path, status=0, **options)
                self.assertIn(f"cat: {path}: No such file or directory", done.stderr)
        self.assertIn("a file\n", self.start("--no-good", "--", "cat", self.path("folder/plain")).stdout)
        self.assertIn("a file\n", self.start("--no-good", "--", "cat", "plain", cwd=self.dir).stdout)

    def test_no_call_of_vfio_goes_on(self):
        """A driver that knows no such call says EINVAL here; nobody asks it."""
        self.assertEqual(self.tried("real-ioctl", "/dev/urandom")["ioctl"], "ENOTTY")
        self.assertEqual(self.tried("real-ioctl", "/dev/urandom")["on nothing"], "EBADF")

    def test_no_uring(self):
        self.assertEqual(self.tried("uring")["io_uring_setup"], "ENOSYS")

    def test_a_32_bit_call_ends_the_run(self):
        if run(HOSTILE, "old-call").returncode < 0:
            self.skipTest("this kernel has no 32-bit calls")
        done = self.start("--no-good", "--", HOSTILE, "old-call", status=2)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("makes 32-bit system calls, which could reach a real /dev/vfio", done.stderr)


class Descendants(Run):
    def test_children_of_the_starter_live_on(self):
        done = self.start("--no-good", "--", HOSTILE, "uring")
        starter = ('sleep 60 & other=$!; (sleep 1; kill -0 $other && echo lives >lives; kill $other) & '
                   'exec "$0" run --no-good -- "$1" uring')
        done = run("sh", "-c", starter, CAPCHAIN, HOSTILE, cwd=self.dir, env=dict(os.environ, TMPDIR=self.dir))
        self.assertEqual(done.returncode, 0, done.stderr)
        for _ in range(1000):
            if os.path.exists(self.path("lives")):
                return
            time.sleep(0.02)
        self.fail("a child of the starter was ended")

    def end_by(self, number):
        """The client, its child and the folder are gone when the command is."""
        # A shell that starts this in the background has interrupts ignored.
        command = ["env", "--default-signal", CAPCHAIN, "run", "--no-good", "--", HOSTILE, "leaves"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, TMPDIR=self.dir)) as started:
            client = started.stdout.readline().strip()
            if not client.isdigit():
                self.skipTest(started.stderr.read().strip())
            started.send_signal(number)
            started.wait(timeout=60)
            said = started.stderr.read()
        for _ in range(1000):
            if not os.path.exists(f"/proc/{client}") and not os.listdir(self.dir):
                break
            time.sleep(0.02)
        self.assertFalse(os.path.exists(f"/proc/{client}"))
        self.left()
        return started.returncode, said

    def test_whoever_ends_it_finds_nothing_left(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            status, said = self.end_by(number)
            self.assertEqual(status, -number)
            self.assertEqual(said, "capchain: interrupted; COMMAND was killed\n")
        self.assertEqual(self.end_by(signal.SIGKILL)[0], -signal.SIGKILL)


class Surroundings(Run):
    """What the starter has done to signals, limits and streams."""

    def test_children_that_nobody_waits_for(self):
        def ignored():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        def blocked():
            signal.pthread_sigmask(signal.SIG_BLOCK, list(range(1, 32)))
        for starter in (ignored, blocked):
            done = self.start("--", SELF, "calls", "2", preexec_fn=starter)
            self.assertIn("these replies: exit 0", done.stdout)

    def test_signals_of_the_client_are_its_starters(self):
        ignored = "while read name mask; do case $name in SigIgn:) echo $mask; esac; done </proc/self/status"

        def starter():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with_run = self.start("--no-good", "--", "sh", "-c", ignored, preexec_fn=starter).stdout.split()[0]
        self.assertEqual(with_run, run("sh", "-c", ignored, preexec_fn=starter).stdout.split()[0])

    def test_small_files_and_few_descriptors(self):
        for limit, says in (("-f 8", "File too large; `ulimit -f` has to be unlimited"),
                            ("-n 5", "Too many open files")):
            done = run("sh", "-c", f'ulimit {limit}; exec "$0" run -- "$1" calls', CAPCHAIN, SELF,
                       env=dict(os.environ, TMPDIR=self.dir))
            self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1), done.stderr)
            self.assertIn(says, done.stderr)
            self.left()

    def test_a_closed_stream_is_no_file(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            done = run("sh", "-c", f'"$0" run -- "$1" calls {closed}; echo $?', CAPCHAIN, SELF,
                       env=dict(os.environ, TMPDIR=self.dir))
            status = 5 if ">&- " in closed or closed == ">&-" else 0
            self.assertEqual(done.stdout.splitlines()[-1], str(status), closed + done.stderr)
            self.left()

    def test_input_has_a_bound(self):
        done = self.start("--", SELF, "calls", status=2, input="x" * ((16 << 20) + 1))
        self.assertIn("standard input: is longer than 16 MiB", done.stderr)
        ours, theirs = os.pipe()
        self.addCleanup(os.close, theirs)
        with os.fdopen(ours) as open_end:
            done = run(CAPCHAIN, "run", "--idle", "1", "--", SELF, "calls", stdin=open_end)
        self.assertEqual(done.returncode, 2)
        self.assertIn("standard input: does not end within --idle", done.stderr)


class Limits(Run):
    def outcome(self, *mode, args=(), status=1):
        done = self.start("--no-good", "--json", "--cpu", "100", *args, "--", HOSTILE, *mode, status=status)
        return json.loads(done.stdout)

    def test_hang_after_another_call(self):
        ran = self.outcome("hangs-after")
        self.assertEqual((ran["outcome"], ran["info"]), ("hang", "region 0"))

    def test_hang_of_the_last_of_many_threads(self):
        ran = self.outcome("hangs-last")
        self.assertEqual((ran["outcome"], ran["info"]), ("hang", "region 1"))

    def test_idle(self):
        for mode in ("sleeps", "calls", "waits-first"):
            ran = self.outcome(mode, args=("--idle", "1"))
            self.assertEqual((ran["outcome"], ran["idle_s"]), ("idle", 1), mode)
        done = self.start("--idle", "1", "--", HOSTILE, "waits-first", status=2)
        self.assertIn("idle: no end 1 s after its start with good replies", done.stderr)

    def test_past_the_size(self):
        """Whatever the areas say, and whatever the device behind is like."""
        for size, area, is_ in (("0x20000", "0x20000", "inside"), ("0x1000", "0x20000", "past the region"),
                                ("0x20000", "0x1000", "outside")):
            path = self.write("region.yaml", f"""kind: region
info: {{flags: [READ, WRITE, MMAP, CAPS], index: 0, size: {size}, offset: 0}}
caps:
  - {{id: SPARSE_MMAP, areas: [{{offset: 0, size: {area}}}]}}
""")
            ran = self.outcome("maps", "0", args=("--fields", "file", "--region", path),
                               status=0 if is_ == "inside" else 1)
            self.assertEqual([m["is"] for m in ran["mappings"]], [is_], size)
        # Of a chain that nobody can read, too.
        ran = self.outcome("maps", "1", args=("--region1", LOOP))
        self.assertEqual([m["is"] for m in ran["mappings"]], ["past the region"])


class Scripts(Run):
    def test_calls_that_fail(self):
        script = self.write("script", "region fails ENODEV\nregion fails\nregion again\n")
        got = self.start("--no-good", "--replies", script, "--", HOSTILE, "errors", "3").stdout.splitlines()
        self.assertEqual(got[:3], ["region: ENODEV", "region: EINVAL", "region: ENODEV"])

    def test_names_with_blanks(self):
        os.symlink(SEED, self.path('a "b" # c\\.yaml'))
        script = self.write("script", '  region raw "a \\"b\\" # c\\\\.yaml" argsz=+0 # says so\n')
        self.start("--replies", script, "--", SELF, "calls")

    def test_what_is_wrong_with_one(self):
        for text, says in (("region fails EWRONG\n", "want the name of an error"),
                           ("region fails EIO more\n", "one reply a line"),
                           ('region raw "x\n', "quotes that do not end"),
                           ("region fails\n" * 4097, "more replies than 4096"),
                           ("#" * ((1 << 20) + 1), "longer than 1 MiB"),
                           ("region fails\0", "is no text"),
                           ("floor\x1b[31m raw x\n", "not `floor%1B[31m`")):
            script = self.write("script", text)
            done = self.start("--replies", script, "--", SELF, "calls", status=2)
            self.assertIn(says, done.stderr)
            self.assertNotIn("\x1b", done.stderr)


class Each(Run):
    def folder(self):
        for name, path in (("a loop.yaml", LOOP), ("b.yaml", SEED),
                           ("device.yaml", os.path.join(CORPUS, "seeds", "device-zpci-linux6.6.yaml")),
                           ("fetch.yaml", os.path.join(CORPUS, "regressions", "fetch-region-always-8.yaml"))):
            os.makedirs(self.path("inputs"), exist_ok=True)
            os.symlink(path, self.path("inputs", name))
        return self.path("inputs")

    def test_a_line_each_and_a_summary(self):
        folder, walker = self.folder(), os.path.join(CLIENTS, "walker")
        done = self.start("--cpu", "100", "--each", folder, "--", walker, status=1)
        self.assertIn(f"# with {folder}/a loop.yaml\n{folder}/a loop.yaml: hang: ", done.stdout)
        self.assertIn(f"{folder}/b.yaml: exit 0\n4 files: 1 exit, 1 hang, 2 not asked for\n", done.stdout)
        self.assertEqual(done.stdout.splitlines()[0], "# with good replies")

    def test_json_is_a_line_a_file_that_can_be_run_again(self):
        folder, walker = self.folder(), os.path.join(CLIENTS, "walker")
        for each in (["--each", folder], ["--each=" + folder]):
            done = self.start(*each, "--cpu", "100", "--json", "--", walker, status=1)
            *files, summary = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(summary["summary"]["hang"], 1)
            self.assertEqual([one["outcome"] for one in files], ["hang", "exit"])
            again = self.start(*files[0]["options"], "--", walker, status=1)
            self.assertEqual(json.loads(again.stdout)["outcome"], "hang")

    def test_one_that_does_not_end_costs_its_own_alone(self):
        """Of those that are played one waits for ever, and one is no reply at all."""
        folder = self.folder()
        self.write("inputs/c.yaml", "kind: nonsense\n")
        waits = f'if "$0"; then exit 0; else exec {HOSTILE} sleeps; fi'
        done = self.start("--cpu", "100000", "--idle", "1", "--each", folder, "--", "sh", "-c", waits,
                          os.path.join(CLIENTS, "walker"), status=2)
        self.assertIn(f"{folder}/a loop.yaml: idle", done.stdout)
        self.assertIn(f"{folder}/b.yaml: exit 0", done.stdout)
        self.assertIn("1 unusable", done.stdout)

    def test_what_it_refuses(self):
        empty = self.new_dir()
        for args, says in ((("--each", empty), "holds no file"), (("--each", "/nowhere"), "No such file"),
                           (("--each", empty, "--region", LOOP), "--each has all replies")):
            done = self.start(*args, "--", SELF, "calls", status=2)
            self.assertIn(says, done.stderr)


class Help(Run):
    def test_help_says_where_the_device_is(self):
        text = " ".join(self.start("--help").stdout.split())
        for word in ("/dev/vfio/26", "group's number is 26", "/sys/bus/pci/devices/0000:00:1e.0", "8086",
                     "10d3", "fails", "--idle", "16 MiB", "1 MiB", "32-bit", "io_uring"):
            self.assertIn(word, text)

    def test_output_of_two_runs_is_told_apart(self):
        done = self.start("--", "sh", "-c", f"echo said; exec {SELF} calls")
        self.assertEqual(done.stdout.splitlines()[:4],
                         ["# with good replies", "said", "# with these replies", "said"])


if __name__ == "__main__":
    run_tests()
