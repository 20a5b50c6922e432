# SPDX-License-Identifier: MIT
"""The kernel's sample mdev drivers, built for the guest from Debian's kernel source and headers: replies
with a TYPE capability, and a producer that breaks the rules (mbochs, before Linux 6.19). Beside them
`mbad`: mbochs with a chain that comes back to itself, which probe has to find."""
import glob
import os
import re
import shutil

UUID = "a297db4a-f4c2-11e6-90f6-d3b88d6c95{:02d}"
# Module, its folder below /sys/class/mdev_bus, the type of which a device is made.
SAMPLES = (("mbochs", "mbochs", "mbochs-small"), ("mtty", "mtty", "mtty-1"),
           ("mdpy", "mdpy", "mdpy-vga"), ("mbad", "mbad", "mbad-small"))


def fetch(run, package, folder):
    run(["apt-get", "download", package], "check the network and apt-get update", cwd=folder)
    deb = max(glob.glob(f"{folder}/{package.split('=')[0]}_*.deb"))
    return deb


def build(run, image, folder):
    """The .ko files for the kernel package @image (linux-image-V), built once in @folder."""
    release = image.removeprefix("linux-image-")
    done = os.path.join(folder, "whole")
    if not os.path.isfile(done):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        print(f"building sample drivers for {release}", flush=True)
        headers = f"linux-headers-{release}"
        common = headers.removesuffix("-amd64") + "-common"
        for package in (headers, common, "linux-kbuild-6.1"):
            run(["dpkg-deb", "-x", fetch(run, package, folder), folder], f"remove {folder}")
        take_sources(run, folder)
        kernel = os.path.abspath(f"{folder}/usr/src/{headers}")
        with open(f"{kernel}/Makefile", "w", encoding="ascii") as file:
            file.write(f"include {os.path.abspath(folder)}/usr/src/{common}/Makefile\n")
        with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
            file.write("obj-m := " + " ".join(name + ".o" for name, _, _ in SAMPLES) + "\n")
        run(["make", "-C", kernel, f"M={os.path.abspath(folder)}", "modules"],
            "the samples do not build: gcc-12 and make are needed")
        for package in glob.glob(f"{folder}/*.deb"):
            os.remove(package)
        with open(done, "w", encoding="ascii") as file:
            file.write("whole\n")
    modules = []
    for name, _, _ in SAMPLES:
        with open(f"{folder}/{name}.ko", "rb") as file:
            modules.append((name + ".ko", file.read()))
    return modules


def take_sources(run, folder):
    """The samples' sources out of Debian's kernel source, and mbad made of mbochs."""
    deb = fetch(run, "linux-source-6.1", folder)
    run(["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -xO ./usr/src/linux-source-6.1.tar.xz | '
         'tar -xJ -C "$2" --strip-components=3 --wildcards "linux-source-6.1/samples/vfio-mdev/*"',
         "sh", deb, folder], "the package is broken: remove " + folder)
    with open(f"{folder}/mbochs.c", encoding="utf-8") as file:
        text = file.read()
    bad, changed = re.subn(r"(type\.header\.next = )0;", r"\g<1>32;",
                           text.replace('"mbochs"', '"mbad"'))
    if changed != 1:
        raise ValueError("mbochs.c is not what it was: no chain to plant a loop in")
    with open(f"{folder}/mbad.c", "w", encoding="utf-8") as file:
        file.write(bad)


def commands():
    lines = []
    for number, (name, folder, kind) in enumerate(SAMPLES):
        uuid = UUID.format(number)
        lines += [f"=/sys/class/mdev_bus/{folder}/mdev_supported_types/{kind}/create {uuid}",
                  f"/capchain probe --json --witnesses /out/broken-{name} --keep /out "
                  f"--label linux6.1-{name} {uuid}"]
    return lines


# What mbochs does before Linux 6.19, as fuzz/producer/ models it: more than 48 bytes are refused, bytes
# of the stack are copied out, and a short reply has a cap_offset and pieces of a chain.
MBOCHS = {*[(f"region {index}", rule) for index in range(9)
            for rule in ("nobodys-byte", "refuses-argsz")],
          *[("region 9", rule) for rule in ("refuses-argsz", "short-cap-offset", "short-writes")]}
WANTED = {"mbochs": MBOCHS, "mtty": set(), "mdpy": set(), "mbad": MBOCHS | {("region 9", "reference")}}


def broken(reports):
    """What probe found of each sample: {name: {(subject, rule)}}."""
    found = {}
    for number, (name, _, _) in enumerate(SAMPLES):
        found[name] = {(each["subject"], each["rule"]) for each in reports
                       if each["device"] == UUID.format(number) and "rule" in each}
    return found
