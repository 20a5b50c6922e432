# SPDX-License-Identifier: MIT
"""One boot of a guest: the initrd that it is given, QEMU, and what it said on its serial line."""
import base64
import gzip
import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

from archive import BUILD, Fail
from kernels import module_of, modules as names_of_modules, vmlinuz_of
from machines import COMMON, DEVICES, busybox, capchain, machine

INIT = "scripts/vm/init.sh"
BOOT_SECONDS = 600
APPEND = "panic=-1 quiet rdinit=/init "
REPLY = re.compile(r"(\w+?)-(.+?)(?:-idx(\d+))?-len(\d+)(?:-\d+)?(?:\.be)?\.bin")
COUNTS = re.compile(r"^(\d+) calls: (\d+) captured, (\d+) repeated, 0 unwanted, (\d+) failed, (\d+) of other ioctls, "
                    r"(\d+) unreadable, (\d+) dropped", re.M)
DIRECTORY, PROGRAM, FILE = 0o40755, 0o100755, 0o100644


def cpio(files):
    """An archive in cpio's newc format; @files: (path, mode, bytes)."""
    out = bytearray()
    for number, (path, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        name = path.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def initrd(version, commands, modules, programs, vfio, parameters):
    """@modules: (file name, bytes) beside vfio's; @programs: (name, path) beside capchain; @vfio: modules in
    place of Debian's."""
    names = names_of_modules()[:1 if vfio else None]
    loaded = [*filter(None, (module_of(version, name) for name in names)), *vfio, *modules]
    files = [(name, DIRECTORY, b"") for name in ("bin", "dev", "proc", "sys", "out", "lib")]
    files += [(name, PROGRAM, Path(path).read_bytes())
              for name, path in (("bin/busybox", busybox()), ("init", INIT), ("capchain", capchain()), *programs)]
    files += [("modules", FILE, "".join(f"{name} {parameters.get(name, '')}\n" for name, _ in loaded).encode()),
              ("commands", FILE, "".join(line + "\n" for line in commands).encode())]
    files += [(f"lib/{name}", FILE, data) for name, data in loaded]
    return gzip.compress(cpio(files), 1)


class Boot:
    """
    One boot: what the guest said. @devices: PCI id -> address; @runs: of each command its line, what it said and
    its status; @files: what lay below /out, name -> bytes.
    """

    def __init__(self, name, version, commands, accel, modules=(), programs=(), append="", vfio=(), iommu="intel"):
        mine, here = machine(), machine().iommus[iommu]
        self.log = os.path.join(BUILD, name + ".log")
        image = os.path.join(BUILD, name + ".initrd")
        Path(image).write_bytes(initrd(version, commands, modules, programs, vfio, here.parameters))
        command = [mine.program, *mine.machine.format(accel=accel).split(), *COMMON, "-kernel", vmlinuz_of(version),
                   "-initrd", image, *here.options.split(), "-append", mine.append + APPEND + here.append + append]
        for number, label in enumerate(mine.devices, 1):
            command += mine.place(number, DEVICES[label][1])
        with open(self.log, "wb") as log:
            try:
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=BOOT_SECONDS,
                               check=False)
            except OSError as error:
                raise Fail(f"{command[0]}: {error.strerror}; install the Debian package "
                           f"{mine.package}") from None
            except subprocess.TimeoutExpired:
                raise Fail(f"the guest was not done after {BOOT_SECONDS} s; its serial log is {self.log}") from None
        self.read()

    def read(self):
        self.devices, self.runs = {}, []
        said, _, packed = Path(self.log).read_text("latin-1").replace("\r", "").partition("@@ FILES\n")
        for line in said.splitlines():
            mark, what, words = (*line.split(" ", 2), "", "", "")[:3]
            if mark != "@@":
                for run in self.runs[-1:]:
                    run["said"].append(line)
            elif what == "DEVICE":
                where, pci = words.split()
                self.devices[pci] = where
            elif what == "RUN":
                self.runs.append({"line": words, "said": [], "status": None})
            elif what == "STATUS":
                self.runs[-1]["status"] = int(words)
            elif what == "FAILED":
                raise Fail(f"the guest: {line[3:]}; its serial log is {self.log}")
        packed, end, _ = packed.partition("@@ OFF\n")
        if not end:
            raise Fail(f"the guest did not come to its end; its serial log is {self.log}")
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as tar:
            self.files = {entry.name.removeprefix("./"): tar.extractfile(entry).read()
                          for entry in tar if entry.isfile()}

    def below(self, folder):
        """The files of @folder, by their names in it."""
        return {name.removeprefix(folder + "/"): data for name, data in self.files.items()
                if name.startswith(folder + "/")}

    def top(self):
        """The files of no folder: probe's replies."""
        return {name: data for name, data in self.files.items() if "/" not in name}

    def said(self):
        return "\n".join(line for run in self.runs for line in run["said"])

    def counts(self):
        """What capture says at its end, of each run: calls, captured or repeated, failed, others, unreadable,
        dropped."""
        return [(seen, captured + repeated, *others)
                for seen, captured, repeated, *others in (map(int, found) for found in COUNTS.findall(self.said()))]


def by_call(files, device=lambda kind, name: ""):
    """The replies among @files as sets, by (kind, device, region, length); @device says which one a name is of."""
    calls = {}
    for name, data in files.items():
        kind, where, region, length = REPLY.fullmatch(name).groups()
        calls.setdefault((kind, device(kind, where), region, length), set()).add(data)
    return calls


def differing(these, those):
    """How many keys have not the same in both."""
    return sum(these.get(key) != those.get(key) for key in these.keys() | those.keys())
