#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests --endian of `capchain`: big-endian bytes have the verdicts of little-endian ones that say the
same, and what cannot be said of them is refused or counted, never judged.

CAPCHAIN names the binary, build/capchain by default. fuzz/chain/endian_test.c looks at single buffers.
"""

import json
import os
import re
import struct
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, CORPUS, Case, run, run_tests  # noqa: E402

OTHER = {"little": "big", "big": "little"}[sys.byteorder]
CLOSING = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) other byte order)?")
# What Linux on s390x answered for the IOMMU of a zPCI device.
OF_S390X = bytes.fromhex(
    "0000006800000003000000000000100000000018000000000002000100000038"
    "0000000000000000000000000000100000000000100000000003000100000048"
    "0000ffff00000000000100010000000000000001000000000000000100000000"
    "000000013fffffff")


class Endian(Case):
    def run_it(self, *words):
        done = run(CAPCHAIN, *words, cwd=self.dir)
        return done.returncode, done.stdout, done.stderr

    def works(self, *words):
        status, out, errors = self.run_it(*words)
        self.assertEqual((status, errors), (0, ""), words)
        return out

    def closing(self, *words):
        """The names that passed, and the three counts."""
        status, out, _ = self.run_it("replay", *words)
        counts = [int(count or 0) for count in CLOSING.fullmatch(out.splitlines()[-1]).groups()]
        self.assertEqual(status, 1 if counts[1] or not counts[0] else 0, words)
        passed = re.findall(r"(?m)^ok \d+ - (\S+)$", out)
        self.assertEqual(len(passed), counts[0])
        return passed, counts

    def verdicts(self, files, *words):
        """What check says of each file, by its name's stem; no offsets, and no words but verdicts."""
        _, out, _ = self.run_it("check", "--json", *words, *files)
        return {os.path.basename(one["file"]).rsplit(".", 1)[0]:
                [one[key] for key in ("kind", "len", "argsz", "class", "reference", "rules", "notes")]
                + [[parser["name"], parser["verdict"], parser.get("reason")]
                   for parser in one["parsers"]]
                for one in map(json.loads, out.splitlines())}

    def test_whole_corpus(self):
        """The text of an input in either order: what replay passes has the same verdicts."""
        texts = [os.path.join(CORPUS, folder) for folder in ("seeds", "regressions")]
        passed, (_, failed, others) = self.closing("--endian", OTHER, *texts)
        self.assertEqual(failed, 0)
        self.assertGreater(len(passed), 400)
        self.assertGreater(others, 0)
        buffers = [name for name in passed if "/fetch-" not in name]
        for order in ("little", "big"):
            os.mkdir(self.path(order))
            for name in buffers:
                target = f"{order}/{os.path.basename(name)[:-5]}.bin"
                self.works("asm", "--endian", order, os.path.join(CORPUS, name), "-o", target)
        said = {order: self.verdicts([self.path(order)], "--endian", order)
                for order in ("little", "big")}
        self.assertEqual(len(said["big"]), len(buffers))
        self.assertEqual(said["big"], said["little"])

    def test_captured(self):
        """Replies of little-endian kernels, on any machine; their order is the default of replay."""
        captured = os.path.join(CORPUS, "captured")
        passed, (_, failed, others) = self.closing(captured)
        self.assertEqual(failed, 0)
        self.assertEqual(self.closing("--endian", "little", captured), (passed, [len(passed), 0, others]))
        if sys.byteorder == "little":
            self.assertEqual(others, 0)
            # Read as the other order they say other things: that is not counted, but seen.
            self.assertGreater(self.closing("--endian", "big", captured)[1][1], 0)

    def test_s390x(self):
        reply = self.write("iommu-reply.bin", OF_S390X)
        self.assertRegex(self.works("check", "--endian", "big", reply), r"argsz 104: plain\n")
        text = self.works("dis", "--endian", "big", reply)
        self.assertIn("- {start: 0x100000000, end: 0x13fffffff}", text)
        self.assertIn("avail: 65535\n", text)
        self.assertIn("IOVA_RANGE", self.works("explain", "--endian", "big", reply))
        if sys.byteorder == "little":
            self.assertNotIn("plain", self.run_it("check", reply)[1])

    def test_round_trip(self):
        """dis and asm give back any bytes of either order that are not refused."""
        names = sorted(os.listdir(os.path.join(CORPUS, "captured")))[::7]
        for name in names:
            for order in ("little", "big"):
                path = os.path.join(CORPUS, "captured", name)
                self.works("dis", "--endian", order, path, "-o", "a.yaml")
                self.works("asm", "--endian", order, "a.yaml", "-o", "a.bin")
                self.assertEqual(self.read("a.bin"), Path(path).read_bytes(), (name, order))

    def test_refused(self):
        text = os.path.join(CORPUS, "regressions", "region-overlap-headers.yaml")
        # A header at 32, and one at 36, where the first has its link.
        order = "<" if OTHER == "little" else ">"
        reply = self.write("region-a.bin", struct.pack(order + "IIIIQQHHIQQQ", 64, 8, 0, 32, 0, 0,
                                                       77, 1, 36, 0, 0, 0))
        for words in (("check", text), ("check", reply), ("explain", reply), ("dis", reply),
                      ("asm", "-o", "out", text)):
            status, _, errors = self.run_it(*words, "--endian", OTHER)
            self.assertEqual(status, 2, words)
            self.assertRegex(errors, rf"\Acapchain: \S+: two fields share the bytes at \d+.*"
                                     rf"{OTHER}-endian machine\n\Z")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_misused(self):
        for verb in ("check", "explain", "dis", "asm", "replay"):
            status, out, errors = self.run_it(verb, "--endian", "middle", "a.yaml")
            self.assertEqual((status, out), (2, ""), verb)
            self.assertIn("no byte order `middle`: little or big", errors)

    def test_replay_counts(self):
        """Inputs that rest on byte order are counted; a verdict that changed still fails."""
        os.mkdir(self.path("expect"))
        self.write("seeds/region-plain.yaml", b"kind: region\ncaps: [{id: TYPE}]\n")
        self.write("seeds/region-raw.yaml",
                   b'kind: region\nlen: 40\nraw: [{at: 0, hex: "28000000"}, {at: 4, hex: "08000000"},'
                   b' {at: 12, hex: "20000000"}]\n')
        self.write("seeds/region-across.yaml",
                   b"kind: region\nlen: 48\ninfo: {flags: [CAPS], cap_offset: 16, size: 0x3000100020}\n")
        self.works("bless", self.dir)
        self.assertEqual(self.closing("--endian", "little", self.dir)[1][1], 0)
        if sys.byteorder == "big":
            return
        self.assertEqual(self.closing("--endian", "big", self.dir), (["seeds/region-plain.yaml"], [1, 0, 2]))
        # Nothing but those is a replay of nothing.
        self.assertEqual(self.closing("--endian", "big", self.path("seeds/region-raw.yaml"))[1], [0, 0, 1])
        self.write("expect/reference.txt", self.read("expect/reference.txt").replace(
            b"region-plain.yaml ok", b"region-plain.yaml absent"))
        self.assertEqual(self.closing("--endian", "big", self.path("seeds/region-plain.yaml"))[1],
                         [0, 1, 0])

    def test_across_is_said(self):
        """A buffer that some reader reads across: judged, with one line that says so."""
        path = self.write("region-a.yaml", b"kind: region\nlen: 48\n"
                          b"info: {flags: [CAPS], cap_offset: 16, size: 0x3000100020}\n")
        status, out, errors = self.run_it("check", "--endian", OTHER, path)
        self.assertIn(status, (0, 1))
        self.assertIn("into-header", out)
        self.assertRegex(errors, rf"\Acapchain: \S+: a parser reads fields across one another: on a "
                                 rf"{OTHER}-endian machine its verdict may be another\n\Z")


if __name__ == "__main__":
    run_tests()
