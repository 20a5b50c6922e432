#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make vm, make check-vm: Debian's own kernels in QEMU, with an emulated IOMMU and devices on vfio-pci.

Usage: vm.py [--kernel 6.1|6.12]... [--keep DIR] [--accel tcg|kvm]

For each kernel: fetches Debian's package (once; it is unpacked below build/vm, never installed), boots
it with a static capchain and nothing else, sweeps every INFO reply with `capchain probe` while
`capchain capture` records the same calls, and holds the outcome to what is expected: see CHECKS below.
One line a check; the serial log stays in build/vm/KERNEL.log.

  --kernel V    one of the two alone
  --keep DIR    writes replies that corpus/captured has not to DIR, named as there: of each device, and
                of each chain, the shortest and those around the need
  --accel A     tcg (default: works everywhere) or kvm

Exit status: 0; 1 a check failed; 2 wrong usage; 3 something is missing (what to do is said) or a boot
failed (its serial log is named).
"""
import argparse
import glob
import gzip
import json
import lzma
import os
import re
import shutil
import subprocess
import sys

import samples

BUILD = "build/vm"
CAPCHAIN = "build/clang/capchain-static"
CONFORMANCE = "build/clang/conformance"
INIT = "build/vm/init"
BOOT_SECONDS = 240
# What Debian names the kernels: a package that depends on today's.
KERNELS = {"6.1": "linux-image-amd64", "6.12": "linux-image-6.12-amd64"}
# In the order in which they can be loaded; what a kernel has not is left out.
MODULES = ("irqbypass", "vfio", "vfio_virqfd", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci")
OPTIONAL = ("vfio_virqfd",)
# Label, QEMU's options, PCI id. One root port each, so that each has a group of its own.
DEVICES = (
    ("nvme", "nvme,serial=1,drive=disk0", "1b36:0010"),
    ("e1000e", "e1000e", "8086:10d3"),
    ("virtio-rng", "virtio-rng-pci,iommu_platform=on,disable-legacy=on", "1af4:1044"),
    ("xhci", "qemu-xhci", "1b36:000d"),
    ("ahci", "ich9-ahci", "8086:2922"),
    ("edu", "edu", "1234:11e8"),
)


class Fail(Exception):
    """One line, and the exit status."""

    def __init__(self, line, status=3):
        super().__init__(line)
        self.status = status


def run(command, what, **options):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Fail(f"{command[0]}: {error.strerror}; {what}") from None
    if done.returncode:
        raise Fail(f"{' '.join(command)}: {' '.join(done.stderr.split())[-300:]}; {what}")
    return done.stdout


def package_of(version):
    """The newest package of @version that apt knows, by name."""
    def ask():
        said = subprocess.run(["apt-cache", "depends", KERNELS[version]], capture_output=True,
                              text=True, check=False)
        return re.search(r"Depends: (linux-image-\S+)", said.stdout)

    found = ask()
    # A machine that never fetched lists knows of nothing.
    if not found and os.geteuid() == 0:
        run(["apt-get", "-qq", "update"], "check the network")
        found = ask()
    if not found:
        raise Fail(f"apt knows no {KERNELS[version]}: 6.12 stands in bookworm-security; add that "
                   "source, and apt-get update")
    return found[1]


def unpacked(version):
    """The folder with @version's kernel, fetched where it is not there."""
    name = package_of(version)
    folder = os.path.join(BUILD, name)
    if os.path.isfile(os.path.join(folder, "whole")):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print(f"fetching {name}", flush=True)
    run(["apt-get", "download", name], "check the network and apt-get update", cwd=folder)
    deb, = glob.glob(f"{folder}/*.deb")
    run(["dpkg-deb", "-x", deb, folder], "the package is broken: remove " + folder)
    os.remove(deb)
    with open(os.path.join(folder, "whole"), "w", encoding="ascii") as file:
        file.write("whole\n")
    return folder


def module_of(version, name):
    """(file name, bytes) of a module; None where it is one that not every kernel has."""
    folder = unpacked(version)
    paths = glob.glob(f"{folder}/lib/modules/*/kernel/**/{name}.ko*", recursive=True)
    if not paths and name in OPTIONAL:
        return None
    if len(paths) != 1:
        raise Fail(f"{folder} has {len(paths)} modules {name}; want one")
    with open(paths[0], "rb") as file:
        data = file.read()
    return name + ".ko", lzma.decompress(data) if paths[0].endswith(".xz") else data


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


def initrd(version, commands, extra=()):
    with open(INIT, "rb") as file:
        init = file.read()
    with open(CAPCHAIN, "rb") as file:
        capchain = file.read()
    loaded = [*filter(None, (module_of(version, name) for name in MODULES)), *extra]
    files = [(name, 0o40755, b"") for name in ("dev", "proc", "sys", "out", "lib")]
    files += [("init", 0o100755, init), ("capchain", 0o100755, capchain),
              ("modules", 0o100644, "".join(name + "\n" for name, _ in loaded).encode()),
              ("commands", 0o100644, "".join(line + "\n" for line in commands).encode())]
    files += [(f"lib/{name}", 0o100644, data) for name, data in loaded]
    return gzip.compress(cpio(files), 1)


class Boot:
    """One boot: what the guest said."""

    def __init__(self, version, commands, accel="tcg", extra=(), name=None):
        folder = unpacked(version)
        self.name = name or version
        self.log = os.path.join(BUILD, self.name + ".log")
        image = os.path.join(BUILD, self.name + ".initrd")
        with open(image, "wb") as file:
            file.write(initrd(version, commands, extra))
        kernel, = glob.glob(folder + "/boot/vmlinuz-*")
        command = ["qemu-system-x86_64", "-machine", f"q35,accel={accel},kernel-irqchip=off",
                   "-cpu", "max", "-m", "1024", "-smp", "1", "-nodefaults", "-no-user-config",
                   "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel,
                   "-initrd", image, "-append",
                   "console=ttyS0 intel_iommu=on iommu=nopt panic=-1 quiet rdinit=/init",
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
        for line in lines:
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
        if not any(line.startswith("@@ OFF") for line in lines):
            raise Fail(f"the guest did not come to its end; its serial log is {self.log}")


class Checks:
    """Prints one line a check, and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def hold(self, fine, what):
        print(("ok      " if fine else "FAILED  ") + what, flush=True)
        self.passed += bool(fine)
        self.failed += not fine


def sweep_commands(version):
    """Capture, and beside it a sweep of each device, by the address that its root port gives it."""
    return ["&/capchain capture --out /out/captured --ready /out/ready"] + [f"/capchain probe --keep /out --witnesses /out/broken --label linux{version}-{label} "
            f"0000:{number:02x}:00.0" for number, (label, _, _) in enumerate(DEVICES, 1)]


def by_call(boot):
    """The replies of probe and those of capture: (kind, device, region, length) to a set of bytes."""
    labels = {label: f"0000_{number:02x}_00.0" for number, (label, _, _) in enumerate(DEVICES, 1)}
    probed, captured = {}, {}
    for name, data in boot.files.items():
        found = re.fullmatch(r"(captured/)?(\w+?)-(.+?)(?:-idx(\d+))?-len(\d+)(?:-\d+)?\.bin", name)
        if not found or "broken/" in name:
            continue
        by_capture, kind, device, index, length = found.groups()
        # What stands behind a container capture does not know.
        device = ("container" if kind == "iommu" else device if by_capture
                  else labels[device.split("-", 1)[1]])
        to = captured if by_capture else probed
        to.setdefault((kind, device, index, length), set()).add(data)
    return probed, captured


def check_capture(boot, version, checks):
    """Capture saw each call that probe made, and has the same bytes; and those are the kernel's."""
    said = "\n".join(line for each in boot.runs for line in each["said"])
    calls = sum(int(count) for count in re.findall(r"answered, (\d+) calls", said))
    counts = re.search(r"^(\d+) calls: (\d+) captured, (\d+) failed, (\d+) of other ioctls, "
                       r"(\d+) unreadable, (\d+) dropped", said, re.M)
    chains = re.search(r"own chains: (\d+) seen, (\d+) differ", said)
    if not counts or not chains:
        checks.hold(False, f"{version}: capture said nothing; see {boot.log}")
        return
    seen, sent, failed, _, unreadable, dropped = map(int, counts.groups())
    probed, captured = by_call(boot)
    differ = sum(probed.get(key) != captured.get(key) for key in probed.keys() | captured.keys())
    checks.hold(seen == calls and sent + failed == seen and not unreadable and not dropped,
                f"{version}: {calls} calls made, {seen} seen, {sent} captured, {failed} failed as "
                f"they should, {dropped} dropped")
    checks.hold(probed and not differ, f"{version}: {sum(map(len, probed.values()))} replies of "
                f"probe, {sum(map(len, captured.values()))} of capture, {differ} differ")
    checks.hold(int(chains[1]) > 0 and chains[2] == "0",
                f"{version}: {chains[1]} chains as vfio_info_cap_shift made them, {chains[2]} differ "
                "from the caller's bytes")


def check_readers(replies, version, checks):
    """Every parser on every reply: a kernel's replies are plain, and no promise is broken on them."""
    folder = os.path.join(BUILD, f"replies-{version}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in replies.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    done = subprocess.run([CAPCHAIN, "check", "--json", folder], capture_output=True, text=True,
                          check=False)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    odd = [each["file"] for each in reports if each["class"] not in ("plain", "truncated")]
    checks.hold(done.returncode == 0 and len(reports) == len(replies) and not odd,
                f"{version}: every parser on {len(reports)} replies: no promise is broken, "
                f"{len(odd)} are odd or malformed {' '.join(odd[:1])}")


def check_models(replies, version, checks):
    """The models of fuzz/producer/ write each of the replies: at every argsz, byte for byte."""
    folder = os.path.join(BUILD, f"models-{version}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in replies.items():
        kind, kernel, rest = name.split("-", 2)
        device, more = re.fullmatch(r"(.+?)((?:-idx\d+)?-len\d+\.bin)", rest).groups()
        with open(f"{folder}/{kind}-{kernel}-{device}.probe{more}", "wb") as file:
            file.write(data)
    done = subprocess.run([CONFORMANCE, folder], capture_output=True, text=True, check=False)
    last = (done.stdout + done.stderr).splitlines()[-1:]
    checks.hold(done.returncode == 0 and last and last[0].startswith(
        f"{len(replies)} of {len(replies)} "), f"{version}: producer models: {' '.join(last)}")


def new_replies(version, replies):
    """What the corpus has not: of each device and chain the shortest reply, and those at the need."""
    have, new, wholes = set(), {}, {}
    for path in glob.glob(f"corpus/captured/*-linux{version}-*"):
        with open(path, "rb") as file:
            have.add((os.path.basename(path).split("-")[0], file.read()))
    flag = {"device": 0x80, "region": 8, "iommu": 2}
    for name, data in replies.items():
        call = name.rsplit("-len", 1)[0]
        # A reply that is too short says how much it takes.
        wholes[call] = max(wholes.get(call, 24), min(int.from_bytes(data[:4], "little"), 4096)
                           if int.from_bytes(data[:4], "little") > len(data) else 0)
    for name, data in sorted(replies.items()):
        call, kind = name.rsplit("-len", 1)[0], name.split("-")[0]
        chained = int.from_bytes(data[4:8], "little") & flag[kind]
        if kind == "region" and not chained or (kind, data) in have:
            continue
        if len(data) in (32 if kind == "region" else 16, wholes[call] - 1, wholes[call]):
            new[name] = data
            have.add((kind, data))
    return new


def check_sweeps(boot, version, checks):
    for number, (label, _, pci) in enumerate(DEVICES, 1):
        checks.hold(boot.devices.get(pci) == f"0000:{number:02x}:00.0",
                    f"{version}: {label} ({pci}) is on vfio-pci at {boot.devices.get(pci)}")
    for each in [each for each in boot.runs if "/capchain probe" in each["line"]]:
        broken = [line for line in each["said"] if " violations 0" not in line
                  and re.search(r": \S+ at \d+ argsz", line)]
        checks.hold(each["status"] == 0 and not broken,
                    f"{version}: {each['line'].split()[-1]}: "
                    + (" ".join(line for line in each["said"] if " devices, " in line)
                       or " ".join(each["said"][-1:]) or "nothing was said"))
        for line in broken:
            print("        " + line)


def probed(boot):
    """What probe printed as JSON."""
    return [json.loads(line) for each in boot.runs for line in each["said"]
            if line.startswith("{")]


def check_samples(accel, checks):
    """The kernel's sample drivers on 6.1: replies with TYPE, and one that breaks rules."""
    modules = samples.build(run, package_of("6.1"), os.path.join(BUILD, "samples"))
    boot = Boot("6.1", samples.commands(), accel, [module_of("6.1", "mdev"), *modules],
                "6.1-samples")
    found = samples.broken(probed(boot))
    answered = {each["device"] for each in probed(boot) if each.get("answered") == "yes"}
    for name, broken in found.items():
        wanted = samples.WANTED[name]
        rules = {}
        for subject, rule in sorted(broken):
            rules.setdefault(rule, []).append(subject.replace("region ", ""))
        checks.hold(broken == wanted and len(answered) == len(samples.SAMPLES),
                    f"6.1: {name} breaks " + ("; ".join(
                        f"{rule} (regions {' '.join(at)})" for rule, at in rules.items())
                        or "no rule"))
    types = [data for name, data in boot.files.items() if "mbochs-idx9-len48" in name]
    checks.hold(len(types) == 1, "6.1: mbochs' region 9 has a TYPE capability: "
                + " ".join(data.hex() for data in types))


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--kernel", action="append", choices=sorted(KERNELS))
    parser.add_argument("--keep")
    parser.add_argument("--accel", default="tcg", choices=("tcg", "kvm"))
    parser.add_argument("-h", "--help", action="store_true")
    options = parser.parse_args()
    if options.help:
        print(__doc__.strip())
        return 0
    os.makedirs(BUILD, exist_ok=True)
    checks = Checks()
    for version in options.kernel or sorted(KERNELS):
        boot = Boot(version, sweep_commands(version), options.accel)
        check_sweeps(boot, version, checks)
        check_capture(boot, version, checks)
        replies = {name: data for name, data in boot.files.items() if "/" not in name}
        check_readers(replies, version, checks)
        check_models(replies, version, checks)
        new = new_replies(version, replies)
        print(f"        {version}: {len(replies)} replies; {len(new)} would be new to the corpus"
              + (f", and are in {options.keep}" if options.keep else ""))
        for name, data in new.items() if options.keep else ():
            os.makedirs(options.keep, exist_ok=True)
            with open(os.path.join(options.keep, name), "wb") as file:
                file.write(data)
    if "6.1" in (options.kernel or KERNELS):
        check_samples(options.accel, checks)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fail as fail:
        print(f"vm: {fail}", file=sys.stderr)
        sys.exit(fail.status)
