# SPDX-License-Identifier: MIT
"""The programs that `make clients` runs, and what their runs are called.

A client is a program of a Debian package that reads INFO chains, unmodified. To add one, add a row:
what each needs, and which exit status its good run has, was found by trying.
"""
import os
import shutil
import subprocess
from collections import namedtuple

from gen.roots import SYSTEMS

ADDRESS = "0000:00:1e.0"
CHROOT = "/usr/sbin/chroot"
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
# Memory of QAT's devices: registering a container walks its IOMMU's chain, allocating maps. There is no tool that
# does without a device that answers.
USDM = """\
import ctypes, fcntl, os, struct
usdm = ctypes.CDLL('libusdm.so.0')
container, group = (os.open('/dev/vfio/' + name, os.O_RDWR) for name in ('vfio', '26'))
fcntl.ioctl(group, 0x3b68, struct.pack('i', container))
fcntl.ioctl(container, 0x3b66, 1)
if usdm.qaeRegisterDevice(container):
    raise SystemExit(1)
usdm.qaeMemAllocNUMA.argtypes = [ctypes.c_size_t, ctypes.c_int, ctypes.c_size_t]
usdm.qaeMemAllocNUMA(4096, 0, 64)
"""
# What a client of NBD says first, up to the export's name, at which the server opens its device.
NBD = "\0\0\0\3IHAVEOPT\0\0\0\1\0\0\0\0"
QEMU = ["-m", "64", "-nodefaults", "-display", "none", "-S", "-serial", "none", "-monitor", "stdio"]
QEMU_MODELS = ["qemu", "qemu-10", "qemu-11"]


def in_all(*packages):
    """The same packages in each system."""
    return dict.fromkeys(SYSTEMS, packages)


S390X = {**in_all("qemu-system-s390x"), "bookworm": ("qemu-system-misc",)}


def since_trixie(*packages):
    """The same packages in each system after bookworm."""
    return dict.fromkeys(SYSTEMS[1:], packages)


class Client(namedtuple("Client", "name packages models command status stdin pci shrinks no_room peer",
                        defaults=(0, "", None, False, None, False))):
    """
    One program. @packages: of each system that has it, what it comes from, the one whose version counts first.
    @models: each kind of chain that it walks, and the parsers that restate it; of those the one is taken that
    claims the version. @status: of its good run. @shrinks: it asks with a smaller argsz where a reply names one,
    and is told the same again, cut. @no_room: its status where it has read the chain, and what that offers is too
    small to go on with. @peer: it reads from a peer, by vfio-user; where @command says SOCKET it has its socket. It
    gets plain replies alone, and what it comes to is told where that is one of RIGHT: SECURITY.md.
    """


CLIENTS = (
    Client("qemu-img", in_all("qemu-utils"), {"iommu": ["qemu-util"]},
           ["qemu-img", "info", f"nvme://{ADDRESS}/1"], status=1),
    Client("qemu-system-x86_64", in_all("qemu-system-x86"), {"region": QEMU_MODELS, "iommu": QEMU_MODELS},
           ["qemu-system-x86_64", "-machine", "q35,accel=tcg", *QEMU, "-device", f"vfio-pci,host={ADDRESS}"],
           stdin="quit\n"),
    # From 10 on, and behind a root port alone, it looks whether the port's atomics are the device's too.
    Client("qemu-root-port", since_trixie("qemu-system-x86"), {"device": QEMU_MODELS},
           ["qemu-system-x86_64", "-machine", "q35,accel=tcg", *QEMU, "-device", "pcie-root-port,id=rp1,chassis=1",
            "-device", f"vfio-pci,host={ADDRESS},bus=rp1"], stdin="quit\n"),
    Client("qemu-system-s390x", S390X, {"device": ["qemu", "qemu-s390"], "region": QEMU_MODELS, "iommu": QEMU_MODELS},
           ["qemu-system-s390x", "-machine", "s390-ccw-virtio,accel=tcg", *QEMU,
            "-device", "zpci,uid=1,fid=1,target=h0", "-device", f"vfio-pci,host={ADDRESS},id=h0"],
           stdin="quit\n"),
    Client("qemu-vfio-user", {"sid": ("qemu-system-x86",)}, {"region": ["qemu-vfio-user", "qemu-vfio-user-11"]},
           ["qemu-system-x86_64", "-machine", "q35,accel=tcg,memory-backend=m", *QEMU, "-object",
            "memory-backend-memfd,id=m,size=64M,share=on", "-device",
            '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"SOCKET"}}'], stdin="quit\n", peer=True),
    Client("dpdk-test", in_all("dpdk-dev"), {"region": ["dpdk", "dpdk-new"]},
           ["dpdk-test", "--no-huge", "-m", "64", "--no-telemetry", "--no-shconf", "-l", "0",
            "-a", ADDRESS], stdin="quit\n", pci="15ad:07b0", shrinks=True),
    Client("mlx5", in_all("ibverbs-providers", "python3-pyverbs"), {"iommu": ["rdma-core"]},
           ["/usr/bin/python3", "-c", MLX5], status=22, pci="15b3:101e", no_room=28),
    # A device of virtio that has none of virtio's own capabilities: found out once the chain is read.
    Client("qemu-img-blkio", since_trixie("libblkio1", "qemu-utils", "qemu-block-extra"),
           {"iommu": ["libblkio"]},
           ["qemu-img", "info", "--image-opts",
            f"driver=virtio-blk-vfio-pci,path=/sys/bus/pci/devices/{ADDRESS},cache.direct=on"],
           status=1, pci="1af4:1042"),
    Client("nbdkit-blkio", since_trixie("libblkio1", "nbdkit"),
           {"iommu": ["libblkio"]},
           ["nbdkit", "-s", "blkio", "virtio-blk-vfio-pci", f"path=/sys/bus/pci/devices/{ADDRESS}"],
           stdin=NBD, pci="1af4:1042"),
    Client("qat-usdm", since_trixie("libusdm0", "python3"), {"iommu": ["qatlib"]}, ["/usr/bin/python3", "-c", USDM]),
)


class Program:
    """A client as one system has it: unpacked in @root, or here where that is None."""

    def __init__(self, client, system, root=None):
        self.client, self.system, self.root = client, system, root
        self.name, self.packages = client.name, client.packages[system]
        # Set by clients.py: {kind: parser}, of those that claim this version.
        self.models = {}

    def missing(self):
        """Why it cannot be run, or None."""
        name = self.client.command[0]
        folders = [self.root + folder for folder in ("/usr/bin", "/usr/sbin")] if self.root is not None else []
        if shutil.which(os.path.basename(name), path=os.pathsep.join(folders)) if folders else shutil.which(name):
            return None
        return f"no {name} in {self.system} (Debian package {self.packages[0]})"

    def command(self, *before, socket=""):
        """The program's command line, with @before between the root and it."""
        inside = [CHROOT, self.root] if self.root is not None else []
        return [*inside, *before, *(word.replace("SOCKET", socket) for word in self.client.command)]

    def version_of(self, package):
        if not shutil.which("dpkg-query"):
            return "unknown"
        done = subprocess.run(["dpkg-query", f"--admindir={self.root or ''}/var/lib/dpkg", "-W", "-f", "${Version}",
                               package], capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 and done.stdout else "unknown"

    def version(self):
        """Its packages and their versions, as dpkg knows them: "qemu-utils 1:7.2"."""
        return ", ".join(f"{package} {self.version_of(package)}" for package in self.packages)

    def __str__(self):
        return f"{self.name} of {self.system}"


class Seen:
    """One run, and the words for it, beside the good run of its client."""

    def __init__(self, client, run, good=None):
        self.client, self.run, self.good = client, run, good

    def reached(self):
        """How far it got: a status, what it asked about, and whether it went on to map memory for DMA."""
        return self.run.get("status"), {call["info"] for call in self.run["calls"]}, self.run["dma_maps"] > 0

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


# What a peer's outcome is told as; any other is OTHER.
RIGHT, OTHER = ("ok", "refuse"), "other"
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
    (OTHER, "of a client of vfio-user, and neither ok nor refuse: `capchain serve` shows it to who runs that by hand"),
)


def build_path(*names):
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.join(here, *names)
