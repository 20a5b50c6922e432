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

from test.cli_test import Cli  # noqa: E402
from test.tools import CAPTURED, CORPUS, run_tests  # noqa: E402

OTHER = {"little": "big", "big": "little"}[sys.byteorder]
CLOSING = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) other byte order)?")
# What Linux on s390x answered for the IOMMU of a zPCI device.
OF_S390X = bytes.fromhex(
    "0000006800000003000000000000100000000018000000000002000100000038"
    "0000000000000000000000000000100000000000100000000003000100000048"
    "0000ffff00000000000100010000000000000001000000000000000100000000"
    "000000013fffffff")
# cap_offset leads into the fixed struct, where the size is read as a header.
ACROSS = b"kind: region\nlen: 48\ninfo: {flags: [CAPS], cap_offset: 16, size: 0x3000100020}\n"


class Endian(Cli):
    def closing(self, words):
        """The names that passed, and the three counts."""
        status, out, _ = self.run_it(f"replay {words}")
        counts = [int(count or 0) for count in CLOSING.fullmatch(out.splitlines()[-1]).groups()]
        self.assertEqual(status, 1 if counts[1] or not counts[0] else 0, words)
        passed = re.findall(r"(?m)^ok \d+ - (\S+)$", out)
        self.assertEqual(len(passed), counts[0])
        return passed, counts

    def verdicts(self, order):
        """What check says of a folder, by name; no offsets, and no words but verdicts."""
        lines = self.run_it(f"check --json --endian {order} {order}")[1].splitlines()
        return {Path(one["file"]).stem:
                [one[key] for key in ("kind", "len", "argsz", "class", "reference", "rules", "notes")]
                + [[parser["name"], parser["verdict"], parser.get("reason")] for parser in one["parsers"]]
                for one in map(json.loads, lines)}

    def test_whole_corpus(self):
        """The text of an input in either order: what replay passes has the same verdicts."""
        passed, (_, failed, others) = self.closing(f"--endian {OTHER} {CORPUS}/seeds {CORPUS}/regressions")
        self.assertEqual(failed, 0)
        self.assertGreater(len(passed), 400)
        self.assertGreater(others, 0)
        buffers = [name for name in passed if "/fetch-" not in name]
        said = {}
        for order in ("little", "big"):
            self.make_dirs(order)
            for name in buffers:
                self.works(f"asm --endian {order} {CORPUS}/{name} -o {order}/{Path(name).stem}.bin")
            said[order] = self.verdicts(order)
        self.assertEqual(len(said["big"]), len(buffers))
        self.assertEqual(said["big"], said["little"])

    def test_captured(self):
        """Replies of little-endian kernels, on any machine; their order is the default of replay."""
        passed, (_, failed, others) = self.closing(CAPTURED)
        self.assertEqual(failed, 0)
        self.assertEqual(self.closing(f"--endian little {CAPTURED}"), (passed, [len(passed), 0, others]))
        if sys.byteorder == "little":
            self.assertEqual(others, 0)
            # Read as the other order they say other things: that is not counted, but seen.
            self.assertGreater(self.closing(f"--endian big {CAPTURED}")[1][1], 0)

    def test_s390x(self):
        self.write("iommu-reply.bin", OF_S390X)
        self.assertRegex(self.works("check --endian big iommu-reply.bin"), r"argsz 104: plain\n")
        text = self.works("dis --endian big iommu-reply.bin")
        self.assertIn("- {start: 0x100000000, end: 0x13fffffff}", text)
        self.assertIn("avail: 65535\n", text)
        self.assertIn("IOVA_RANGE", self.works("explain --endian big iommu-reply.bin"))
        if sys.byteorder == "little":
            self.assertNotIn("plain", self.run_it("check iommu-reply.bin")[1])

    def test_by_name(self):
        """A name that ends in .be.bin says whose bytes those are, and no option says otherwise."""
        reply = "device-linux7.3s390x-nvme.probe-len128"
        for order in ("little", "big"):
            self.assertRegex(self.works(f"check --endian {order} {CAPTURED}/{reply}.be.bin"), "argsz 128: plain")
        self.works(f"dis {CAPTURED}/{reply}.be.bin -o a.yaml")
        self.assertIn("ccdf_err_length", self.read("a.yaml").decode())
        self.works("asm a.yaml -o device-a.be.bin")
        self.assertEqual(self.read("device-a.be.bin"), Path(f"{CAPTURED}/{reply}.be.bin").read_bytes())
        # By another name they are another machine's, and malformed.
        self.write("device-a.bin", self.read("device-a.be.bin"))
        self.assertNotIn("plain", self.run_it("check --endian little device-a.bin")[1])

    def test_round_trip(self):
        """dis and asm give back any bytes of either order that are not refused."""
        for path in sorted(Path(CAPTURED).iterdir())[::7]:
            for order in ("little", "big"):
                self.works(f"dis --endian {order} {path} -o a.yaml")
                out = "a.be.bin" if path.name.endswith(".be.bin") else "a.bin"
                self.works(f"asm --endian {order} a.yaml -o {out}")
                self.assertEqual(self.read(out), path.read_bytes(), (path, order))

    def test_refused(self):
        text = f"{CORPUS}/regressions/region-overlap-headers.yaml"
        # A header at 32, and one at 36, where the first has its link.
        order = "<" if OTHER == "little" else ">"
        self.write("region-a.bin", struct.pack(order + "IIIIQQHHIQQQ", 64, 8, 0, 32, 0, 0, 77, 1, 36, 0, 0, 0))
        for words in (f"check {text}", f"asm -o out {text}", "check region-a.bin", "explain region-a.bin",
                      "dis region-a.bin"):
            self.fails(2, f"{words} --endian {OTHER}",
                       rf"\Acapchain: \S+: two fields share the bytes at \d+.*{OTHER}-endian machine\n\Z")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_misused(self):
        self.misused(*((f"{verb} --endian middle a.yaml", "no byte order `middle`: little or big")
                       for verb in ("check", "explain", "dis", "asm", "replay")))

    def test_replay_counts(self):
        """Inputs that rest on byte order are counted; a verdict that changed still fails."""
        self.make_dirs("expect")
        self.write("seeds/region-plain.yaml", b"kind: region\ncaps: [{id: TYPE}]\n")
        self.write("seeds/region-raw.yaml",
                   b'kind: region\nlen: 40\nraw: [{at: 0, hex: "28000000"}, {at: 4, hex: "08000000"},'
                   b' {at: 12, hex: "20000000"}]\n')
        self.write("seeds/region-across.yaml", ACROSS)
        self.works("bless .")
        self.assertEqual(self.closing("--endian little .")[1][1], 0)
        if sys.byteorder == "big":
            return
        self.assertEqual(self.closing("--endian big ."), (["seeds/region-plain.yaml"], [1, 0, 2]))
        # Nothing but those is a replay of nothing.
        self.assertEqual(self.closing("--endian big seeds/region-raw.yaml")[1], [0, 0, 1])
        self.write("expect/reference.txt", self.text("expect/reference.txt").replace(
            "region-plain.yaml ok", "region-plain.yaml absent"))
        self.assertEqual(self.closing("--endian big seeds/region-plain.yaml")[1], [0, 1, 0])

    def test_across_is_said(self):
        """A buffer that some reader reads across: judged, with one line that says so."""
        self.write("region-a.yaml", ACROSS)
        status, out, errors = self.run_it(f"check --endian {OTHER} region-a.yaml")
        self.assertIn(status, (0, 1))
        self.assertIn("into-header", out)
        self.assertRegex(errors, rf"\Acapchain: \S+: a parser reads fields across one another: on a "
                                 rf"{OTHER}-endian machine its verdict may be another\n\Z")


if __name__ == "__main__":
    run_tests()
