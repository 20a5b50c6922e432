#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests `capchain serve` on a client of our own, every outcome it can name and what it says of messages, and
`capchain ask` against it.

CAPCHAIN names the binary, build/capchain by default; the client is build/client/peer_client. Where programs cannot be
supervised here, tests that need it are skipped with the command's own reason.
"""
import glob
import json
import os
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import BUILD, CAPCHAIN, CORPUS, Case, run, run_tests  # noqa: E402

PEER = os.path.join(BUILD, "client", "peer_client")
# So that a test of a hang takes a tenth of a second. No outcome hangs on it but hangs.
CPU = ["--cpu", "100"]


def regression(name):
    return os.path.join(CORPUS, "regressions", name + ".yaml")


LOOP, SPARSE = regression("region-loop-self"), os.path.join(CORPUS, "seeds", "region-libvfio-user.yaml")


class Serve(Case):
    def checked(self, done, status):
        if done.returncode == 3 and "cannot be supervised" in done.stderr:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, r"Sanitizer|runtime error:")
        self.assertEqual(glob.glob(self.path("capchain-run-*")) + glob.glob(self.path("s")), [], "left behind")
        return done

    def start(self, *args, status, mode="calls 1"):
        """The client in @mode; the socket is the test's."""
        return self.checked(run(CAPCHAIN, "serve", "--socket", self.path("s"), *args, "--", PEER, self.path("s"),
                                *mode.split(), timeout=60, env=dict(os.environ, TMPDIR=self.dir)), status)

    def told(self, mode, status, *args):
        """What --json says, with the calls of the first INFO and what mappings are beside it."""
        ran = json.loads(self.start("--json", "--no-good", *CPU, *args, status=status, mode=mode).stdout)
        ran["asked"] = ran["calls"][0]["calls"] if ran["calls"] else 0
        ran["maps"] = [mapping["is"] for mapping in ran["mappings"]]
        return ran

    def reply(self, argsz, script):
        """The reply of region 0 as the client got it: its id and flags, error, whether a descriptor came, bytes."""
        done = self.start("--no-good", "--json", "--fields", "file", "--replies",
                          self.write("script", script), mode=f"tells {argsz}", status=0)
        words = done.stderr.split("\n")[0].split(" ")
        return int(words[0]), int(words[1]), int(words[2], 16), int(words[3]), words[4] == "1", bytes.fromhex(words[5])


class Outcomes(Serve):
    def test_each_is_named(self):
        """Faults that are planted in the client, and beside each the nearest thing that is none."""
        growing = self.write("grow", f"region raw {LOOP} argsz=+8\n")
        short = self.write("short", f"region vfio-user {SPARSE} file=1\n")
        hang = {"outcome": "hang", "info": "region 0"}
        for mode, status, wanted, *options in (
                ("exits-with 3", 0, {"outcome": "exit", "status": 3}),
                ("dies-of 11", 1, {"outcome": "signal", "signal": "SIGSEGV"}),
                ("dies-of 6", 1, {"outcome": "signal", "signal": "SIGABRT"}),
                ("calls 64", 0, {"outcome": "exit", "asked": 64}),
                ("calls 65", 1, {"outcome": "storm", "info": "region 0", "asked": 65}),
                ("grows 100000", 1, {"outcome": "storm"}, "--replies", growing),
                ("grows 100000", 0, {"outcome": "exit"}),
                ("hangs", 1, hang), ("thread-hangs", 1, hang),
                # Neither of these is one.
                ("computes 60", 0, {"outcome": "exit"}), ("sleeps 300", 0, {"outcome": "exit"}),
                *((mode, 1, {"outcome": "idle", "idle_s": 1}, "--idle", "1")
                  for mode in ("waits", "floods 10000", "trails-off")),
                ("maps 0", 1, {"faulty": True, "maps": ["outside"]}),
                ("maps 0", 1, {"maps": ["unreadable"]}, "--region", LOOP),
                ("maps 0", 0, {"maps": ["inside"]}, "--region", os.path.join(CORPUS, "seeds",
                                                                            "region-no-caps-echo.yaml")),
                ("maps 4096", 1, {"maps": ["past the region"]}, "--region", os.path.join(
                    CORPUS, "seeds", "region-no-caps-echo.yaml")),
                ("maps-untold 3", 1, {"maps": ["nowhere"]}),
                ("maps-areas", 0, {"maps": ["inside", "inside"]}),
                # A mapping past the end of its file is there until it is touched.
                ("touches 0x10000", 1, {"outcome": "signal", "signal": "SIGBUS"}, "--replies", short),
                ("wants-file 4", 0, {"status": 4}, "--replies",
                 self.write("none", f"region vfio-user {SPARSE} fds=0\n"))):
            with self.subTest(mode=mode, options=options):
                ran = self.told(mode, status, *options)
                self.assertEqual({key: ran[key] for key in wanted}, wanted)
                self.assertEqual((ran["socket"]["refused"], ran["socket"]["broken"]),
                                 (0, int(mode == "trails-off")))

    def test_good_replies_come_first(self):
        for mode, word in (("dies-of 11", "SIGSEGV"), ("hangs", "hang"), ("calls 100", "storm"),
                           ("asks-nothing", "without a VFIO INFO message")):
            done = self.start(*CPU, mode=mode, status=2)
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("# with good replies\n", 1))
            self.assertIn(word, done.stderr)

    def test_every_command(self):
        """All that a good client says has its answer, what it does not wait for too, and none is dropped."""
        done = self.start(*CPU, "--json", mode="good 300", status=0)
        ran = json.loads(done.stdout)
        self.assertEqual(ran["good"], {"outcome": "exit", "status": 0, "info": "region 0"})
        self.assertEqual(ran["dma_maps"], 1)
        self.assertEqual(ran["socket"], {
            "messages": {
                "version": 1, "dma-map": 1, "dma-unmap": 1, "device-get-info": 1, "device-get-region-info": 2,
                "device-get-region-io-fds": 1, "device-get-irq-info": 1, "device-set-irqs": 1, "region-read": 3,
                "region-write": 2, "device-reset": 301},
            "all": 315, "refused": 0, "first_refused": None, "connections": 1, "broken": 0})

    def test_folders(self):
        """A reply a file; those that no message of this protocol carries are not asked for."""
        for name in ("region-loop-self", "region-len-31", "iommu-loop-self"):
            self.write(f"each/{name}.yaml", Path(regression(name)).read_bytes())
        done = self.start(*CPU, "--each", self.path("each"), mode="maps 0", status=1)
        lines = done.stdout.splitlines()
        self.assertIn("region-loop-self.yaml: exit 0; maps what the reply does not hold", "".join(lines))
        self.assertRegex(lines[-1], r"^3 files: .*1 not asked for$")


class Messages(Serve):
    def test_faults_are_named(self):
        """Whatever a client says is answered, or ends its connection, and the run says what was wrong."""
        for mode, first in (
                ("says-short", "device-get-region-info: a message that is too short for its command"),
                ("says-long", "device-get-irq-info: a message that is too long for its command"),
                ("says-reply", "device-reset: a reply to a command that was not sent"),
                ("says-unknown", "another command: a command that is not known"),
                ("says-version-twice", "version: a second version"),
                ("says-fd", "device-reset: more descriptors than its command has"),
                ("says-region", "device-get-region-info: a region that is not there"),
                ("says-argsz", "device-get-info: an argsz below the struct's size"),
                ("says-read-past", "region-read: bytes that the region does not have"),
                ("says-write-count", "region-write: a count that is not the message's"),
                ("says-irqs", "device-set-irqs: interrupts that are not there"),
                ("says-range", "dma-map: a range that is empty or passes 2^64"),
                ("says-early", "device-reset: a command before the version")):
            with self.subTest(mode):
                ran = self.told(mode, 0)
                self.assertEqual((ran["socket"]["first_refused"], ran["socket"]["refused"]), (first, 1))
        for mode in ("says-half", "says-huge", "says-tiny"):
            with self.subTest(mode):
                ran = self.told(mode, 0)
                self.assertEqual((ran["socket"]["broken"], ran["socket"]["connections"]), (1, 2))

    def test_words_of_scripts(self):
        whole = self.reply(80, f"region vfio-user {SPARSE}\n")
        self.assertEqual(whole[:5], (0, 5, 1, 0, True))
        bytes_ = whole[5]
        self.assertEqual(len(bytes_), 80)
        # The flag and the chain are claimed, and not sent.
        for words, wanted in (
                ("message=32", (0, 5, 1, 0, True, bytes_[:32])),
                ("message=96", (0, 5, 1, 0, True, bytes_ + bytes(16))),
                ("message=0", (0, 5, 1, 0, True, b"")),
                ("argsz=4096 message=40 fds=0", (0, 5, 1, 0, False, (4096).to_bytes(4, "little") + bytes_[4:40])),
                ("command=4", (0, 4, 1, 0, True, bytes_)), ("id=+2", (2, 5, 1, 0, True, bytes_)),
                ("error=ENOSPC", (0, 5, 0x21, 28, True, bytes_)), ("fds=0", (0, 5, 1, 0, False, bytes_))):
            with self.subTest(words):
                self.assertEqual(self.reply(80, f"region vfio-user {SPARSE} {words}\n"), wanted)
        self.assertEqual(self.reply(80, "region fails ENODEV\n"), (0, 5, 0x21, 19, False, b""))

    def test_words_that_are_none(self):
        for words in ("message=65537", "message=x", "command=65536", "error=ENOTHING", "error=", "fds=17",
                      "file=-1", "id=2", "other=1"):
            done = self.start("--no-good", "--replies", self.write("script", f"region raw {SPARSE} {words}\n"),
                              status=2)
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn(words, done.stderr)
        # None of them is for `run`, whose replies are no messages.
        done = run(CAPCHAIN, "run", "--replies", self.write("script", f"region raw {SPARSE} fds=0\n"), "--", "true")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))

    def test_sockets(self):
        self.write("s", "")
        done = run(CAPCHAIN, "serve", "--socket", self.path("s"), "--", "true")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
        self.assertIn("Address already in use; remove it", done.stderr)
        self.assertTrue(os.path.exists(self.path("s")))
        for args, words in ((["--socket", "a" * 200, "--", "true"], "File name too long"),
                            (["--socket", self.path("no", "s"), "--", "true"], "No such file"),
                            (["--", "true"], "--socket"), (["--socket", "s"], "COMMAND")):
            done = run(CAPCHAIN, "serve", *args)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


class Ask(Serve):
    def ask(self, *args, words="", status):
        """`ask` with @words as the client of `serve` with @args: the run, and what ask said."""
        command = f'exec "{CAPCHAIN}" ask --socket "$0" --witnesses "{self.path("w")}" {words}'
        done = self.checked(run(CAPCHAIN, "serve", "--socket", self.path("s"), "--no-good", "--calls", "100000",
                                "--json", *args, "--", "/bin/sh", "-c", command, self.path("s"), timeout=120,
                                env=dict(os.environ, TMPDIR=self.dir)), status)
        return json.loads(done.stdout), done.stderr

    def test_ask_against_serve(self):
        """Good replies break no rule; what is asked, comes."""
        ran, said = self.ask(words=f"--keep {self.path('kept')} --label serve", status=0)
        self.assertEqual((ran["status"], ran["socket"]["broken"]), (0, 0))
        self.assertIn("10 subjects answered", said)
        self.assertIn(f"{ran['socket']['all']} calls, 0 violations", said)
        self.assertEqual(len(self.read("kept", "region-serve-idx0-len80.bin")), 80)
        self.assertEqual(self.read("kept", "region-serve-idx0-len80.bin")[4] & 8, 8)
        # A reply that is kept is an input.
        done = run(CAPCHAIN, "check", "--fail-on", "odd", self.path("kept", "region-serve-idx0-len80.bin"))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_replies_that_are_wrong(self):
        ran, said = self.ask("--rules", "raw", "--region", LOOP, status=0)
        self.assertEqual(ran["status"], 1)
        self.assertIn(" region 0: reference at ", said)
        self.assertTrue(os.listdir(self.path("w")))

    def test_fakes(self):
        rules = [line.split()[0] for line in run(CAPCHAIN, "ask", "--rules").stdout.splitlines()]
        self.assertGreater(len(rules), 20)
        for rule in (*rules[:3], rules[-1]):
            done = run(CAPCHAIN, "ask", "--fake", rule, "--json", "--witnesses", self.path("w"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(rule, [json.loads(line).get("rule") for line in done.stdout.splitlines()])
        done = run(CAPCHAIN, "ask", "--fake", "sound", "--tap")
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"pass:{10 * len(run(CAPCHAIN, 'probe', '--rules').stdout.splitlines()) + len(rules)} fail:0",
                      done.stdout)

    def test_no_server(self):
        for args, status, words in ((["--socket", self.path("none")], 3, "No such file"), ([], 2, "--socket"),
                                    (["--fake", "sound", "--socket", "x"], 2, "one of them"),
                                    (["--fake", "no-rule"], 2, "no-rule"), (["--socket", "a" * 200], 3, "too long"),
                                    (["--socket", "x", "--wait", "0"], 2, "--wait"), (["x"], 2, "--socket")):
            done = run(CAPCHAIN, "ask", *args)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    run_tests()
