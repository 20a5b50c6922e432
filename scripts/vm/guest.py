# SPDX-License-Identifier: MIT
"""One boot of a guest: the initrd that it is given, QEMU, and what it said on its serial line."""
import gzip
import os
import subprocess
from pathlib import Path

from kernels import BUILD, MODULES, Fail, module_of, vmlinuz_of

CAPCHAIN = "build/clang/capchain-static"
INIT = "build/vm/init"
BOOT_SECONDS = 600
# Label, QEMU's options, PCI id. One root port each, so that each has a group of its own.
DEVICES = (
    ("nvme", "nvme,serial=1,drive=disk0", "1b36:0010"),
    ("e1000e", "e1000e", "8086:10d3"),
    ("virtio-rng", "virtio-rng-pci,iommu_platform=on,disable-legacy=on", "1af4:1044"),
    ("xhci", "qemu-xhci", "1b36:000d"),
    ("ahci", "ich9-ahci", "8086:2922"),
    ("edu", "edu", "1234:11e8"),
)


def address(number):
    """Where the device behind root port @number is, from 1 on."""
    return f"0000:{number:02x}:00.0"


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


def program(name, path):
    return name, 0o100755, Path(path).read_bytes()


def initrd(version, commands, modules, programs, vfio):
    """@modules: (file name, bytes) beside vfio's; @programs: (name, path) beside capchain; @vfio: modules in
    place of Debian's."""
    names = MODULES[:1] if vfio else MODULES
    loaded = [*filter(None, (module_of(version, name) for name in names)), *vfio, *modules]
    files = [(name, 0o40755, b"") for name in ("dev", "proc", "sys", "out", "lib")]
    files += [program("init", INIT), program("capchain", CAPCHAIN),
              *[program(*each) for each in programs],
              ("modules", 0o100644, "".join(name + "\n" for name, _ in loaded).encode()),
              ("commands", 0o100644, "".join(line + "\n" for line in commands).encode())]
    files += [(f"lib/{name}", 0o100644, data) for name, data in loaded]
    return gzip.compress(cpio(files), 1)


class Boot:
    """One boot: what the guest said."""

    def __init__(self, name, version, commands, accel, modules=(), programs=(), append="",
                 vfio=()):
        self.log = os.path.join(BUILD, name + ".log")
        image = os.path.join(BUILD, name + ".initrd")
        Path(image).write_bytes(initrd(version, commands, modules, programs, vfio))
        # On a busy machine the guest's test of its timer fails, and it panics: no_timer_check.
        command = ["qemu-system-x86_64", "-machine", f"q35,accel={accel},kernel-irqchip=off",
                   "-cpu", "max", "-m", "1024", "-smp", "1", "-nodefaults", "-no-user-config",
                   "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel",
                   vmlinuz_of(version), "-initrd", image, "-append",
                   "console=ttyS0 intel_iommu=on iommu=nopt no_timer_check panic=-1 quiet "
                   "rdinit=/init " + append,
                   "-device", "intel-iommu", "-drive",
                   "if=none,id=disk0,file=null-co://,format=raw,file.size=1M"]
        for number, (_, options, _) in enumerate(DEVICES, 1):
            command += ["-device", f"pcie-root-port,id=rp{number},chassis={number},slot={number}",
                        "-device", f"{options},bus=rp{number}"]
        with open(self.log, "wb") as log:
            try:
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               timeout=BOOT_SECONDS, check=False)
            except OSError as error:
                raise Fail(f"{command[0]}: {error.strerror}; install the Debian package "
                           "qemu-system-x86") from None
            except subprocess.TimeoutExpired:
                raise Fail(f"the guest was not done after {BOOT_SECONDS} s; its serial log is "
                           f"{self.log}") from None
        self.read()

    def read(self):
        self.devices, self.runs, self.files = {}, [], {}
        with open(self.log, encoding="latin-1") as file:
            lines = [line.rstrip("\r\n") for line in file]
        if "@@ OFF " not in lines:
            raise Fail(f"the guest did not come to its end; its serial log is {self.log}")
        for line in lines[:lines.index("@@ OFF ")]:
            words = line.split(" ", 2)
            what = words[1] if words[0] == "@@" and len(words) > 1 else None
            if what == "DEVICE":
                self.devices[words[2].split()[1]] = words[2].split()[0]
            elif what == "RUN":
                self.runs.append({"line": words[2], "said": [], "status": None})
            elif what == "STATUS":
                waiting = [each for each in self.runs if each["status"] is None]
                # What was left running ends last.
                waiting[-1 if not waiting[-1]["line"].startswith("&") else 0]["status"] = \
                    int(words[2])
            elif what == "FILE":
                name, _, data = words[2].partition(" ")
                self.files[name] = bytes.fromhex(data)
            elif what == "FAILED":
                raise Fail(f"the guest: {line[3:]}; its serial log is {self.log}")
            elif self.runs and what is None:
                self.runs[-1]["said"].append(line)
