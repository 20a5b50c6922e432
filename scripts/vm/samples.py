# SPDX-License-Identifier: MIT
"""The kernel's sample mdev drivers, built for the guest from Debian's kernel source and headers: replies
with a TYPE capability, and a producer that breaks the rules (mbochs, before Linux 6.19). Beside them
`mbad`: mbochs with a chain that comes back to itself, which probe has to find."""
import glob
import re
import shutil
from pathlib import Path

from kernels import Fail, build_modules, once, read_module, release_of, source_of

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
        plant_loop(folder)
        objects = " ".join(name + ".o" for name, _, _ in SAMPLES)
        Path(folder, "Makefile").write_text(f"obj-m := {objects}\n", "ascii")
        build_modules(version, folder)

    folder = once("samples-" + release_of(version), make)
    return [read_module(f"{folder}/{name}.ko") for name, _, _ in SAMPLES]


def plant_loop(folder):
    """mbad, made of mbochs."""
    text = Path(f"{folder}/mbochs.c").read_text("utf-8")
    bad, changed = re.subn(r"(type\.header\.next = )0;", r"\g<1>32;", text.replace('"mbochs"', '"mbad"'))
    if changed != 1:
        raise Fail("mbochs.c is not what it was: no chain to plant a loop in", 1)
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
WANTED = {"mbochs": MBOCHS, "mtty": set(), "mdpy": set(), "mbad": MBOCHS | {("region 9", "reference")}}


def broken(reports):
    """What probe found of each sample: {name: {(subject, rule)}}."""
    return {name: {(each["subject"], each["rule"]) for each in reports
                   if each["device"] == UUID.format(number) and "rule" in each}
            for number, (name, _, _) in enumerate(SAMPLES)}
