# SPDX-License-Identifier: MIT
"""The kernel's sample mdev drivers, built for the guest from Debian's kernel source and headers: replies
with a TYPE capability, and a producer that breaks the rules (mbochs, before Linux 6.19). Beside them
`mbad`: mbochs with a fault that probe has to find. Before 6.19 it makes its own chain, and that comes back to
itself; from then on the kernel does, of a capability that says it is another, whose areas are not there."""
import glob
import re
import shutil
from pathlib import Path

from archive import Fail, once
from kernels import build_modules, read_module, release_of, source_of

UUID = "a297db4a-f4c2-11e6-90f6-d3b88d6c95{:02d}"
# Module, its folder below /sys/class/mdev_bus, the type of which a device is made.
SAMPLES = (("mbochs", "mbochs", "mbochs-small"), ("mtty", "mtty", "mtty-1"),
           ("mdpy", "mdpy", "mdpy-vga"), ("mbad", "mbad", "mbad-small"))
# Those whose replies are real.
REAL = ("mbochs", "mtty", "mdpy")


def build(version):
    """The .ko files for @version's kernel, built once: (file name, bytes)."""
    source = source_of(version)

    def make(folder):
        print(f"building sample drivers for {release_of(version)}", flush=True)
        for path in glob.glob(f"{source}/samples/vfio-mdev/*.[ch]"):
            shutil.copy(path, folder)
        plant(version, folder)
        objects = " ".join(name + ".o" for name, _, _ in SAMPLES)
        Path(folder, "Makefile").write_text(f"obj-m := {objects}\n", "ascii")
        build_modules(version, folder)

    folder = once("samples-" + release_of(version), make)
    return [read_module(f"{folder}/{name}.ko") for name, _, _ in SAMPLES]


# The two faults: what is edited, and what probe has to find then.
FAULTS = ((r"(type\.header\.next = )0;", r"\g<1>32;", "reference", "whole-flag"),
          (r"VFIO_REGION_INFO_CAP_TYPE\b", "VFIO_REGION_INFO_CAP_SPARSE_MMAP", "reference", "chain-end"))


def makes_own_chain(version):
    """Whether its mbochs does; the kernel of a tree of one's own has no samples here."""
    return tuple(map(int, version.split("."))) < (6, 19)


def plant(version, folder):
    """mbad, made of mbochs."""
    old, new, *_ = FAULTS[0 if makes_own_chain(version) else 1]
    text = Path(f"{folder}/mbochs.c").read_text("utf-8")
    bad, changed = re.subn(old, new, text.replace('"mbochs"', '"mbad"'))
    if changed != 1:
        raise Fail(f"mbochs.c is not what it was: it has {changed} places to plant a fault in", 1)
    Path(f"{folder}/mbad.c").write_text(bad, "utf-8")


def commands(version):
    lines = []
    for number, (name, folder, kind) in enumerate(SAMPLES):
        uuid = UUID.format(number)
        lines += [f"echo {uuid} >/sys/class/mdev_bus/{folder}/mdev_supported_types/{kind}/create",
                  f"/capchain probe --json --witnesses /out/broken-{name} --keep /out "
                  f"--label linux{version}-{name} {uuid}"]
    return lines


# What mbochs does before Linux 6.19, as fuzz/producer/ models it: more than 48 bytes are refused, bytes
# of the stack are copied out, and a short reply has a cap_offset and pieces of a chain.
MBOCHS = {*[(f"region {index}", rule) for index in range(9)
            for rule in ("nobodys-byte", "refuses-argsz")],
          *[("region 9", rule) for rule in ("refuses-argsz", "short-cap-offset", "short-writes")]}


def wanted(version):
    """The breaches of each sample of @version."""
    own = makes_own_chain(version)
    mbochs = MBOCHS if own else set()
    return {"mbochs": mbochs, "mtty": set(), "mdpy": set(),
            "mbad": mbochs | {("region 9", rule) for rule in FAULTS[not own][2:]}}


def ran(boot):
    return any("mdev_supported_types" in each["line"] for each in boot.runs)


def broken(reports):
    """What probe found of each sample: {name: {(subject, rule)}}."""
    return {name: {(each["subject"], each["rule"]) for each in reports
                   if each["device"] == UUID.format(number) and "rule" in each}
            for number, (name, _, _) in enumerate(SAMPLES)}
