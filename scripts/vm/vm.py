#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make vm, make check-vm: real kernels in QEMU, with an emulated IOMMU and devices on vfio-pci.

make check-vm boots the kernels of Debian 12, 6.1 and 6.12; make vm also 7.2 and 7.3, or those that KERNEL= names,
each the newest of its series that Debian has; KERNEL_TREE= is a kernel tree of your own, built, with its modules.

For each kernel: fetches Debian's package (once; it is unpacked below build/vm, never installed), boots it with a
static capchain and busybox and nothing else, sweeps every INFO reply with `capchain probe` while `capchain
capture` records the same calls, and holds the outcome to what is expected. Two more boots are for the kernel's
sample drivers and 32-bit callers, and for a kernel that is locked down; kernel.c is held to the kernel's chain
helpers without one. ARCH=s390x, arm64 or ppc64le sweeps the kernels of another machine. scripts/vm/README.md says what is checked.
One line a check: `ok`, `FAILED`, `SKIPPED` what is missing here, `cannot` what Debian's kernel has not; serial logs
stay in build/vm/KERNEL*.log.

Exit status: 0; 1 a check failed, or with CI=true one was skipped; 2 wrong usage; 3 something is missing (what to
do is said) or a boot failed (its serial log is named).
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import callers  # noqa: E402
import helper  # noqa: E402
import iommufd  # noqa: E402
import samples  # noqa: E402
from gen.names import CAPS  # noqa: E402
from archive import BUILD, Fail  # noqa: E402
from guest import Boot, by_call, differing  # noqa: E402
from kernels import KERNELS, TREE, Gone, image_of, module_of, package_of, series_of, source_of  # noqa: E402
from machines import (CAPCHAIN, DEVICES, MACHINES, address, busybox, capchain, is_x86, machine,  # noqa: E402
                      qemu_major)

CONFORMANCE = "build/clang/conformance"
NEWER = ("7.2", "7.3")


class Checks:
    """Prints one line a check, and counts."""

    def __init__(self):
        self.passed = self.failed = self.skipped = self.impossible = 0

    def hold(self, fine, what):
        print(("ok      " if fine else "FAILED  ") + what, flush=True)
        self.passed += bool(fine)
        self.failed += not fine

    def skip(self, what, why):
        """What another machine could check."""
        print(f"SKIPPED {what}: {why}", flush=True)
        self.skipped += 1

    def cannot(self, what, why):
        """What no machine can, with Debian's kernels."""
        print(f"cannot  {what}: {why}", flush=True)
        self.impossible += 1


def kernel_of(version):
    """As names of replies have it."""
    return f"linux{series_of(version)}{machine().word}"


def sweep_commands(version, iommu):
    """Capture, where it can be, and beside it a sweep of each device, by the address that it was given."""
    capture = ["background /capchain capture --out /out/captured --ready /out/ready"] if is_x86() else []
    return capture + [
        f"/capchain probe --keep /out --witnesses /out/broken --label {kernel_of(version)}-"
        f"{machine().iommus[iommu].word}{label} {address(number)}"
        for number, label in enumerate(machine().devices, 1)]


def check_sweeps(boot, version, checks):
    for number, label in enumerate(machine().devices, 1):
        pci = DEVICES[label][2]
        checks.hold(boot.devices.get(pci) == address(number),
                    f"{version}: {label} ({pci}) is on vfio-pci at {boot.devices.get(pci)}")
    for each in [each for each in boot.runs if "/capchain probe" in each["line"]]:
        broken = [line for line in each["said"] if " violations 0" not in line
                  and re.search(r": \S+ at \d+ argsz", line)]
        said = [line for line in each["said"] if " devices, " in line] or each["said"][-1:] or ["nothing was said"]
        checks.hold(each["status"] == 0 and not broken, f"{version}: {each['line'].split()[-1]}: {' '.join(said)}")
        for line in broken:
            print("        " + line)


def check_capture(boot, version, iommu, checks):
    """Capture saw each call that probe made, and has the same bytes; and those are the kernel's."""
    calls = sum(int(count) for count in re.findall(r"answered, (\d+) calls", boot.said()))
    chains = re.search(r"own chains: (\d+) seen, (\d+) differ", boot.said())
    if not boot.counts() or not chains:
        checks.hold(False, f"{version}: capture said nothing; see {boot.log}")
        return
    (seen, sent, failed, _, unreadable, dropped), = boot.counts()
    # What stands behind a container capture does not know.
    labels = {label: address(number).replace(":", "_") for number, label in enumerate(machine().devices, 1)}
    made = by_call(boot.top(), lambda kind, name: kind == "iommu" or labels[
        name.split("-", 1)[1].removeprefix(machine().iommus[iommu].word)])
    captured = by_call(boot.below("captured"), lambda kind, name: kind == "iommu" or name)
    differ = differing(made, captured)
    ended_well = boot.runs[-1]["status"] == 0
    repeated = int(re.search(r", (\d+) repeated,", boot.said())[1])
    checks.hold(seen == calls and sent + failed == seen and repeated and not unreadable and not dropped and ended_well,
                f"{version}: {calls} calls made, {seen} seen, {sent - repeated} captured, {repeated} repeated, "
                f"{failed} failed as they should, {dropped} dropped")
    checks.hold(made and not differ, f"{version}: {sum(map(len, made.values()))} replies of probe, "
                f"{sum(map(len, captured.values()))} of capture, {differ} differ")
    checks.hold(int(chains[1]) > 0 and chains[2] == "0", f"{version}: {chains[1]} chains as vfio_info_cap_shift made "
                f"them, {chains[2]} differ from the caller's bytes")


def text_of_longest(boot, start):
    """The text form of the longest reply whose name starts so."""
    _, name = max((len(data), name) for name, data in boot.top().items() if name.startswith(start))
    os.makedirs(os.path.join(BUILD, "longest"), exist_ok=True)
    file = os.path.join(BUILD, "longest", name)
    Path(file).write_bytes(boot.top()[name])
    return subprocess.run([CAPCHAIN, "dis", file], capture_output=True, text=True, check=False).stdout


def check_chains(boot, version, iommu, checks):
    """The chain of each device's own reply."""
    for label in machine().devices:
        said = text_of_longest(boot, f"device-{kernel_of(version)}-{machine().iommus[iommu].word}{label}-")
        found = re.findall(r"^    id: (\w+)\n    version: (\d+)", said, re.M)
        checks.hold(tuple(name for name, _ in found) == machine().caps, f"{version}: {label}: "
                    + (", ".join(f"{name} of version {number}" for name, number in found) or "no chain"))


def check_ranges(boot, version, iommu, checks):
    """The ranges of the first device's container, as the text form has them; or that what answers otherwise is no
    reply of an `iommu`."""
    if not machine().iommus[iommu].ranges:
        filed = [name for name in boot.top() if name.startswith("iommu-")]
        checks.hold(not filed, f"{version}, {iommu} IOMMU: {len(filed)} replies of its container are called `iommu`")
        return
    said = text_of_longest(boot, "iommu-")
    ranges = [tuple(int(word, 0) for word in found)
              for found in re.findall(r"start: (\w+), end: (\w+)", said)]
    least, hole, last = machine().iommus[iommu].ranges
    if iommu == "amd" and qemu_major() < 10 and ranges and ranges[-1][1] == 2 ** 48 - 1:
        checks.skip(f"{version}, {iommu} IOMMU: the last byte", "QEMU before 10 has one that translates 48 bits")
        last = None
    checks.hold(len(ranges) >= least and not any(start <= hole <= end for start, end in ranges)
                and (last is None or ranges[-1][1] == last), f"{version}, {iommu} IOMMU: ranges "
                + ", ".join(f"{start:#x} to {end:#x}" for start, end in ranges))


def reports_of(boot):
    """What probe printed as JSON."""
    return [json.loads(line) for line in boot.said().splitlines() if line.startswith("{")]


def check_samples(boot, version, checks):
    """The kernel's sample drivers: replies with TYPE, and one that breaks rules."""
    found = samples.broken(reports_of(boot))
    answered = {each["device"] for each in reports_of(boot) if each.get("answered") == "yes"}
    for name, broken in found.items():
        rules = {}
        for subject, rule in sorted(broken):
            rules.setdefault(rule, []).append(subject.replace("region ", ""))
        shown = "; ".join(f"{rule} (regions {' '.join(at)})" for rule, at in rules.items())
        checks.hold(broken == samples.wanted(version)[name] and len(answered) == len(samples.SAMPLES),
                    f"{version}: {name} breaks {shown or 'no rule'}")
    types = [data for name, data in boot.files.items() if "mbochs-idx9-len48" in name]
    checks.hold(len(types) == 1, f"{version}: mbochs' region 9 has a TYPE capability: "
                + " ".join(data.hex() for data in types))


def named(name):
    """As the corpus names a reply whose caller had not cleared its buffer: see corpus/README.md."""
    kind, kernel, rest = name.split("-", 2)
    device, more = re.fullmatch(r"(.+?)((?:-idx\d+)?-len\d+(?:\.be)?\.bin)", rest).groups()
    return f"{kind}-{kernel}-{device.removesuffix('.probe')}.probe{more}"


def order_of(name):
    return "big" if name.endswith(".be.bin") else "little"


def new_replies(kernel, replies):
    """What the corpus has not: of each device and chain the shortest reply and those at the need, all of
    them where one is new, since the full one tells what the others follow from."""
    have, calls, new = set(), {}, {}
    for path in glob.glob(f"corpus/captured/*-{kernel}-*"):
        have.add((os.path.basename(path).split("-")[0], Path(path).read_bytes()))
    for name, data in sorted(replies.items()):
        kind = name.split("-")[0]
        chained = int.from_bytes(data[4:8], order_of(name)) & CAPS[kind][0]
        # Regions without a chain all say the same, but for the drivers that never have one.
        if kind != "region" or chained or re.search(r"-(mdpy|mtty)-idx0-", name):
            calls.setdefault((kind, name.rsplit("-len", 1)[0]), {})[name] = data
    for (kind, _), of_call in calls.items():
        # How long replies say that they have to be, where they are not long enough.
        needs = [int.from_bytes(data[:4], order_of(name)) for name, data in of_call.items()]
        whole = max(40 if kind == "region" else 24,
                    *(min(need, 4096) for need, data in zip(needs, of_call.values()) if need > len(data)), 0)
        lengths = (32 if kind == "region" else 16, whole - 1, whole)
        chosen = {named(name): data for name, data in of_call.items() if len(data) in lengths}
        if any((kind, data) not in have for data in chosen.values()):
            new |= chosen
            have |= {(kind, data) for data in chosen.values()}
    return new


def check_replies(name, version, replies, keep, checks):
    """
    Every parser on them: a kernel's replies are plain, and no promise is broken on them. The models of
    fuzz/producer/ write each of them, at every argsz, byte for byte. Those that the corpus has not are counted,
    and kept where asked.
    """
    folder = os.path.join(BUILD, f"replies-{name}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for path, data in replies.items():
        Path(folder, named(path)).write_bytes(data)
    done = subprocess.run([CAPCHAIN, "check", "--json", folder], capture_output=True, text=True, check=False)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    odd = [each["file"] for each in reports if each["class"] not in ("plain", "truncated")]
    checks.hold(done.returncode == 0 and len(reports) == len(replies) and not odd,
                f"{name}: every parser on {len(reports)} replies: no promise is broken, "
                f"{len(odd)} are odd or malformed {' '.join(odd[:1])}")
    done = subprocess.run([CONFORMANCE, folder], capture_output=True, text=True, check=False)
    last = ((done.stdout + done.stderr).splitlines() or [""])[-1]
    checks.hold(done.returncode == 0 and last.startswith(f"{len(replies)} of {len(replies)} "),
                f"{name}: producer models: {last}")
    new = new_replies(kernel_of(version), replies)
    print(f"        {name}: {len(replies)} replies; {len(new)} would be new to the corpus", flush=True)
    for path, data in new.items() if keep else ():
        os.makedirs(keep, exist_ok=True)
        Path(keep, path).write_bytes(data)


def has_caller():
    return os.path.isfile(callers.PROGRAM)


def is_whole(options):
    """Whether all is checked, or sweeps alone."""
    return options.iommu == "intel"


def start(pool, version, source, options, checks):
    """The boots of @version, by what they are for, as futures: a guest has one CPU, a machine has more."""
    def boot(what, commands, **more):
        name = f"{version}{machine().word}-{what}".removesuffix("-sweep")
        return pool.submit(Boot, name, version, commands, options.accel, iommu=options.iommu, **more)

    boots = {"sweep": boot("sweep", sweep_commands(version, options.iommu))}
    # The other boots are about the kernel, whatever IOMMU it has.
    if not is_whole(options):
        return boots
    boots = {**boots, "lockdown": boot("lockdown", callers.locked_commands(), append=callers.LOCKED)}
    commands, more = [callers.group_command()], {}
    if has_caller():
        commands = callers.commands() + commands
        more["programs"] = [("caller32", callers.PROGRAM)]
    if source:
        try:
            more["modules"] = [module_of(version, "mdev"), *samples.build(version)]
            commands += samples.commands(version)
        except Fail as fail:
            checks.skip(f"{version}: samples", fail)
    boots["samples"] = boot("samples", commands, **more)
    modules = iommufd.build(version) if source else None
    if modules:
        boots["iommufd"] = boot("iommufd", iommufd.commands(version), vfio=modules)
    return boots


def check_kernel(version, boots, source, options, checks):
    boot, keep = boots["sweep"].result(), options.keep
    check_sweeps(boot, version, checks)
    check_ranges(boot, version, options.iommu, checks)
    if is_x86():
        check_capture(boot, version, options.iommu, checks)
    else:
        check_chains(boot, version, options.iommu, checks)
        checks.skip(f"{version}: capture on {machine().name}", "its capchain is built without BPF")
    check_replies(version, version, boot.top(), keep, checks)
    if not is_whole(options):
        return
    if source:
        helper.check(version, checks.hold)
    boot = boots["samples"].result()
    if has_caller():
        callers.check(boot, version, checks)
    else:
        checks.skip(f"{version}: 32-bit callers",
                    os.environ.get("WHY_NO_CALLER32") or f"{callers.PROGRAM} is not built: make vm builds it")
    if samples.ran(boot):
        check_samples(boot, version, checks)
        real = {name: data for name, data in boot.top().items() if any(f"-{each}-" in name for each in samples.REAL)}
        check_replies(f"{version}-samples", version, real, keep, checks)
    callers.check_group(boot, version, checks)
    callers.check_lockdown(boots["lockdown"].result(), version, checks)
    if "iommufd" in boots:
        boot = boots["iommufd"].result()
        iommufd.check(boot, reports_of(boot), version, checks)
        check_replies(f"{version}-iommufd", version, boot.top(), keep, checks)
    callers.check_cdev(version, checks)


def versions(options):
    if options.tree and not options.kernel:
        return [TREE]
    if not is_whole(options) and not options.kernel:
        return machine().kernels or [NEWER[-1]]
    return [*(options.kernel or [*KERNELS, *(NEWER if options.newer else ())]), *([TREE] if options.tree else ())]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", nargs="+", metavar="SERIES", help="these alone, such as 6.18")
    parser.add_argument("--newer", action="store_true", help=f"beside {' and '.join(KERNELS)} also "
                        + " and ".join(NEWER))
    parser.add_argument("--arch", choices=sorted(MACHINES), help="x86, the default, has every check; "
                        "the others the sweeps, with the kernels that machines.py names where nothing else is said")
    parser.add_argument("--iommu", choices=[iommu for each in MACHINES.values() for iommu in each.iommus],
                        help="of x86 intel, the default, has every check; amd and virtio the sweeps, with Linux 7.3 "
                        "where nothing else is said; the others are those of other machines")
    parser.add_argument("--tree", metavar="DIR", help="a kernel tree of your own, with bzImage and modules")
    parser.add_argument("--keep", metavar="DIR", help="write replies that corpus/captured has not to DIR, named as "
                        "there: of each device and chain the shortest and those around the need")
    parser.add_argument("--accel", default="tcg", choices=("tcg", "kvm"), help="tcg, the default, works everywhere")
    options = parser.parse_args()
    options.arch = options.arch or next((each.name for each in MACHINES.values() if options.iommu in each.iommus),
                                        "x86")
    os.environ["VM_ARCH"] = options.arch
    options.iommu = options.iommu or next(iter(machine().iommus))
    if options.iommu not in machine().iommus:
        parser.error(f"--iommu {options.iommu}: {options.arch} has {' and '.join(machine().iommus)}")
    if options.tree and not is_x86():
        parser.error("--tree: a kernel tree of your own is one for x86")
    os.makedirs(BUILD, exist_ok=True)
    if options.tree:
        os.environ["KERNEL_TREE"] = os.path.abspath(options.tree)
    checks, sources, boots = Checks(), {}, {}
    busybox()
    capchain()
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for version in versions(options):
            try:
                package = None if version == TREE else package_of(version)
            except Gone as gone:
                checks.cannot(f"{version}: no guest", gone)
                continue
            print(f"        {version}: {package['Package'] if package else os.environ['KERNEL_TREE']}", flush=True)
            # Before boots that start side by side ask for it.
            image_of(version)
            try:
                sources[version] = source_of(version) if package and is_whole(options) else None
            except Fail as fail:
                sources[version] = None
                checks.skip(f"{version}: samples, and kernel.c against the kernel's helpers", fail)
            boots[version] = start(pool, version, sources[version], options, checks)
        for version, started in boots.items():
            check_kernel(version, started, sources[version], options, checks)
    checks.hold(boots, f"{len(boots)} kernels were booted")
    callers.check_host(checks)
    print(f"{checks.passed} passed, {checks.failed} failed, {checks.skipped} skipped; Debian's "
          f"kernels cannot: {checks.impossible}")
    # In CI nothing is missing, so nothing may be skipped.
    refused = checks.skipped and os.environ.get("CI") == "true"
    return 1 if checks.failed or not checks.passed or refused else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fail as fail:
        print(f"vm: {fail}", file=sys.stderr)
        sys.exit(fail.status)
