# SPDX-License-Identifier: MIT
"""Machines that `make vm ARCH=` boots: what QEMU makes of each, and the static capchain of those that are not x86,
built by Debian's cross compiler with libraries of Debian 12, which are unpacked below build/vm."""
import collections
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from archive import BUILD, DEBIAN_12, Fail, archive, newest, once, run

CAPCHAIN = "build/clang/capchain-static"
LIBRARIES = ("libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1", "libcrypt1", "libyaml-dev", "libjansson-dev")
# Label, QEMU's options, PCI id.
DEVICES = {label: (label, options, pci) for label, options, pci in (
    ("nvme", "nvme,serial=1,drive=disk0", "1b36:0010"),
    ("e1000e", "e1000e", "8086:10d3"),
    ("virtio-rng", "virtio-rng-pci,iommu_platform=on,disable-legacy=on", "1af4:1044"),
    ("virtio-blk", "virtio-blk-pci,iommu_platform=on,disable-legacy=on,drive=disk0", "1af4:1042"),
    ("virtio-net", "virtio-net-pci,iommu_platform=on,disable-legacy=on,romfile=", "1af4:1041"),
    ("xhci", "qemu-xhci", "1b36:000d"),
    ("ahci", "ich9-ahci", "8086:2922"),
    ("edu", "edu", "1234:11e8"),
)}
COMMON = ("-smp 1 -nodefaults -no-user-config -display none -serial stdio -no-reboot "
          "-drive if=none,id=disk0,file=null-co://,format=raw,file.size=1M").split()


def behind_port(number, options):
    """A root port for each, so that each has a group of its own."""
    return ["-device", f"pcie-root-port,id=rp{number},chassis={number},slot={number}",
            "-device", f"{options},bus=rp{number}"]


def by_zpci(number, options):
    """Each function is a bus of its own."""
    return ["-device", f"zpci,uid={number},fid={number},target=fn{number}", "-device", f"{options},id=fn{number}"]


def by_bridge(number, options):
    """A host bridge for each, so that each has a group of its own."""
    return ["-device", f"spapr-pci-host-bridge,index={number},id=phb{number}", "-device", f"{options},bus=phb{number}.0"]


# debian, flavour: the architecture as Debian names it, and its kernels; triple: of the cross compiler; program,
# package: of QEMU; machine: QEMU's options, {accel} in them; append: the kernel's words; place: of a device QEMU's
# options; kernels: those of a sweep; word: what names of replies say of it; caps: the chain of each device's reply;
# iommus: by what IOMMU= says, the first where it says nothing; driver: the module of its containers.
Machine = collections.namedtuple("Machine", "name debian flavour triple program package machine append place devices "
                                            "kernels word caps iommus driver", defaults=("vfio_iommu_type1",))
# QEMU's options, the kernel's words, and of the guest's modules their parameters. Without interrupt remapping type1
# wants to be told that this is meant. Then what names of replies say of it, and of its container's ranges: how many
# at least, an address that is in none, the last byte of the last.
Iommu = collections.namedtuple("Iommu", "options append parameters word ranges")
UNSAFE = {"vfio_iommu_type1.ko": "allow_unsafe_interrupts=1"}
MACHINES = {machine.name: machine for machine in (
    # On a busy machine the guest's test of its timer fails, and it panics: no_timer_check.
    Machine("x86", "amd64", "amd64", None, "qemu-system-x86_64", "qemu-system-x86",
            "-cpu max -m 1024 -machine q35,accel={accel},kernel-irqchip=off",
            "console=ttyS0 iommu=nopt no_timer_check ", behind_port,
            ("nvme", "e1000e", "virtio-rng", "xhci", "ahci", "edu"), None, "", (), {
                "intel": Iommu("-device intel-iommu", "intel_iommu=on ", {}, "", (2, 0xfee00000, None)),
                "amd": Iommu("-device amd-iommu", "amd_iommu=on ", UNSAFE, "amd", (3, 0xfee00000, 2 ** 64 - 1)),
                "virtio": Iommu("-device virtio-iommu-pci", "", UNSAFE, "virtio", (2, 0xfee00000, 2 ** 64 - 1))}),
    Machine("s390x", "s390x", "s390x", "s390x-linux-gnu", "qemu-system-s390x", "qemu-system-misc",
            "-cpu max -m 1024 -machine s390-ccw-virtio,accel={accel}", "console=ttysclp0 ", by_zpci,
            ("virtio-rng", "virtio-blk", "virtio-net"), ("7.2", "7.3"), "s390x",
            ("ZPCI_BASE", "ZPCI_GROUP", "ZPCI_PFIP"), {"zpci": Iommu("", "", {}, "", (1, 0, None))}),
    Machine("arm64", "arm64", "arm64", "aarch64-linux-gnu", "qemu-system-aarch64", "qemu-system-arm",
            "-cpu max,pauth-impdef=on -m 1024 -machine virt,accel={accel},gic-version=3,iommu=smmuv3",
            "console=ttyAMA0 ", behind_port, ("nvme", "e1000e", "virtio-rng", "xhci", "ahci", "edu"), ("7.2", "7.3"), "arm64",
            (), {"smmuv3": Iommu("", "", {}, "smmu", (2, 0x8000000, None))}),
    # Its containers answer the ioctl of an `iommu` with another struct, of no chain: they have no ranges here.
    Machine("ppc64le", "ppc64el", "powerpc64le", "powerpc64le-linux-gnu", "qemu-system-ppc64", "qemu-system-ppc",
            "-m 1024 -machine pseries,accel={accel}", "console=hvc0 ", by_bridge,
            ("nvme", "e1000e", "virtio-rng", "xhci", "ahci", "edu"), ("7.2", "7.3"), "ppc64le",
            (), {"spapr": Iommu("", "", {}, "spapr", None)}, "vfio_iommu_spapr_tce"),
)}


@functools.lru_cache(None)
def machine():
    """The one that this run is about."""
    return MACHINES[os.environ.get("VM_ARCH") or "x86"]


def address(number):
    """Where the device @number is, from 1 on."""
    return f"0000:{number:02x}:00.0" if machine().place == behind_port else f"{number:04x}:00:00.0"


def is_x86():
    return machine().name == "x86"


def busybox():
    """The static program that is the guest's shell and its tools."""
    name = "busybox" if is_x86() else f"busybox-{machine().debian}"
    folder = once(name, lambda folder: archive(machine().debian).unpack(
        [newest(archive(machine().debian).named("busybox-static", DEBIAN_12))], folder))
    path, = (path for path in Path(folder).glob("**/bin/busybox") if path.is_file())
    return str(path)


@functools.lru_cache(None)
def capchain():
    """The guest's: a static program. What is not x86 has one without BPF."""
    if is_x86():
        return CAPCHAIN
    compiler = f"{machine().triple}-gcc"
    if not shutil.which(compiler):
        raise Fail(f"no {compiler} here; install the Debian package gcc-{machine().triple}")
    mine = archive(machine().debian)
    root = os.path.abspath(once(f"root-{machine().debian}", lambda folder: mine.unpack(
        [newest(mine.named(name, DEBIAN_12)) for name in LIBRARIES], folder)))
    build = os.path.join(BUILD, machine().name)
    run(["make", "-s", f"-j{len(os.sched_getaffinity(0))}", f"BUILD={build}", "CAN_BPF=", "LLD=", "CLANG=no-clang",
         f"GCC={compiler} --sysroot={root} -static", f"{build}/gcc/capchain"], f"capchain does not build by {compiler}")
    return f"{build}/gcc/capchain"


def qemu_major():
    try:
        said = subprocess.run([machine().program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        raise Fail(f"{machine().program}: {error.strerror}; install the Debian package {machine().package}") from None
    return int(re.search(r"version (\d+)", said)[1])
