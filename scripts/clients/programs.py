# SPDX-License-Identifier: MIT
"""The programs that `make clients` runs, and what their runs are called.

A client is a program of a Debian package that reads INFO chains, unmodified. To add one, add a row:
what each needs, and which exit status its good run has, was found by trying.
"""
import os
import shutil
import subprocess
from collections import namedtuple

ADDRESS = "0000:00:1e.0"
PYTHON = "/usr/bin/python3"
# Opening the device walks its IOMMU's chain; there is no command-line tool that does. With good
# replies it fails with EINVAL (22) once it has mapped memory, for there is no mlx5 to talk to.
# ENOSPC (28) is that of its allocator: it has taken the ranges, and finds too little room in them.
MLX5 = f"""\
from pyverbs.providers.mlx5.mlx5_vfio import *
from pyverbs.pyverbs_error import PyverbsRDMAError
try:
    Mlx5VfioContext(attr=Mlx5VfioAttr(pci_name='{ADDRESS}'))
except PyverbsRDMAError as error:
    raise SystemExit(error.error_code)
"""
QEMU = ["-m", "64", "-nodefaults", "-display", "none", "-S", "-serial", "none", "-monitor", "stdio"]


class Client(namedtuple("Client", "name packages models command status stdin pci shrinks no_room",
                        defaults=(0, "", None, False, None))):
    """
    One program. @models: each kind of chain that it walks, and the parser that restates it. @status: of its good
    run. @shrinks: it asks with a smaller argsz where a reply names one, and is told the same again, cut.
    @no_room: its status where it has read the chain, and what that offers is too small to go on with.
    """

    def missing(self):
        """Why it cannot be run here, or None."""
        if not shutil.which(self.command[0]):
            return f"no {self.command[0]} here (Debian package {self.packages[0]})"
        if self.command[0] == PYTHON and subprocess.run(
                [PYTHON, "-c", MLX5.splitlines()[0]], capture_output=True, check=False).returncode:
            return f"no pyverbs here (Debian package {self.packages[0]})"
        return None

    def version(self):
        """Its packages and their versions, as dpkg knows them: "qemu-utils 1:7.2"."""
        def version_of(package):
            if not shutil.which("dpkg-query"):
                return "unknown"
            done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True,
                                  check=False)
            return done.stdout if done.returncode == 0 and done.stdout else "unknown"

        return ", ".join(f"{package} {version_of(package)}" for package in self.packages)


CLIENTS = (
    Client("qemu-img", ("qemu-utils",), {"iommu": "qemu-util"},
           ["qemu-img", "info", f"nvme://{ADDRESS}/1"], status=1),
    Client("qemu-system-x86_64", ("qemu-system-x86",), {"region": "qemu", "iommu": "qemu"},
           ["qemu-system-x86_64", "-machine", "q35,accel=tcg", *QEMU,
            "-device", f"vfio-pci,host={ADDRESS}"], stdin="quit\n"),
    Client("qemu-system-s390x", ("qemu-system-misc",),
           {"device": "qemu", "region": "qemu", "iommu": "qemu"},
           ["qemu-system-s390x", "-machine", "s390-ccw-virtio,accel=tcg", *QEMU,
            "-device", "zpci,uid=1,fid=1,target=h0", "-device", f"vfio-pci,host={ADDRESS},id=h0"],
           stdin="quit\n"),
    Client("dpdk-test", ("dpdk-dev", "librte-bus-pci23"), {"region": "dpdk"},
           ["dpdk-test", "--no-huge", "-m", "64", "--no-telemetry", "--no-shconf", "-l", "0",
            "-a", ADDRESS], stdin="quit\n", pci="15ad:07b0", shrinks=True),
    Client("mlx5", ("python3-pyverbs", "ibverbs-providers"), {"iommu": "rdma-core"},
           [PYTHON, "-c", MLX5], status=22, pci="15b3:101e", no_room=28),
)


class Seen:
    """One run, and the words for it, beside the good run of its client."""

    def __init__(self, client, run, good=None):
        self.client, self.run, self.good = client, run, good

    def reached(self):
        """How far it got: a status, and whether it went on to map memory for DMA."""
        return self.run.get("status"), self.run["dma_maps"] > 0

    def wrong_mappings(self):
        as_good = [(m["region"], m["offset"], m["length"]) for m in self.good.run["mappings"]]
        return [m for m in self.run["mappings"] if m["is"] != "inside"
                and (m["region"], m["offset"], m["length"]) not in as_good]

    def word(self):
        run = self.run
        if run["outcome"] == "signal":
            return {"SIGSEGV": "crash", "SIGBUS": "crash", "SIGABRT": "abort", "SIGTRAP": "abort",
                    "SIGILL": "abort"}.get(run["signal"], run["signal"])
        if run["outcome"] != "exit":
            return run["outcome"]
        if self.client.no_room is not None and run["status"] == self.client.no_room:
            return "no-room"
        if self.reached() != self.good.reached():
            return "refuse"
        return "maps" if self.wrong_mappings() else "ok"

    def json(self):
        """The run as `capchain run --json` would have it, had it made the good run itself."""
        wrong = self.wrong_mappings()
        mappings = [{**m, "wrong": m in wrong} for m in self.run["mappings"]]
        faulty = self.run["outcome"] != "exit" or bool(wrong)
        return {**self.run, "mappings": mappings, "faulty": faulty,
                "good": {key: self.good.run[key] for key in ("outcome", "status")}}

    def calls(self, kind):
        """The calls of the INFO whose replies were hostile."""
        name = "region 0" if kind == "region" else kind
        return next((c for c in self.run["calls"] if c["info"] == name), None)


# Words of outcomes, for the table's foot.
WORDS = (
    ("ok", "goes on as with good replies"),
    ("maps", "goes on, and maps what the reply does not hold"),
    ("no-room", "has read the chain, and what that offers is too small to go on with"),
    ("refuse", "ends by itself, earlier than with good replies"),
    ("abort", "aborts: SIGABRT, SIGTRAP, SIGILL"),
    ("over-read", "reads or writes past the reply, which a heap forgives and fence.so does not"),
    ("crash", "dies of SIGSEGV or SIGBUS"),
    ("hang", "computes for ever after the reply"),
    ("storm", "asks again without end"),
    ("idle", "neither asks again nor ends"),
)


def build_path(*names):
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.join(here, *names)
