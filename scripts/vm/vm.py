#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make vm, make check-vm: Debian's own kernels in QEMU, with an emulated IOMMU and devices on vfio-pci.

Usage: vm.py [--kernel 6.1|6.12]... [--keep DIR] [--accel tcg|kvm]

For each kernel: fetches Debian's package (once; it is unpacked below build/vm, never installed), boots
it with a static capchain and nothing else, sweeps every INFO reply with `capchain probe` while
`capchain capture` records the same calls, and holds the outcome to what is expected. Two more boots are
for the kernel's sample drivers and 32-bit callers, and for a kernel that is locked down; kernel.c is held
to the kernel's chain helpers without one. scripts/vm/README.md says what is checked. One line a check:
`ok`, `FAILED`, `SKIPPED` what is missing here, `cannot` what Debian's kernel has not; serial logs stay in
build/vm/KERNEL*.log.

  --kernel V    one of the two alone
  --keep DIR    writes replies that corpus/captured has not to DIR, named as there: of each device, and
                of each chain, the shortest and those around the need
  --accel A     tcg (default: works everywhere) or kvm

Exit status: 0; 1 a check failed, or with CI=true one was skipped; 2 wrong usage; 3 something is missing (what to do is said) or a boot
failed (its serial log is named).
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
from guest import CAPCHAIN, DEVICES, Boot, address  # noqa: E402
from kernels import BUILD, KERNELS, Fail, module_of, source_of  # noqa: E402

CONFORMANCE = "build/clang/conformance"


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


def sweep_commands(version):
    """Capture, and beside it a sweep of each device, by the address that its root port gives it."""
    return ["&/capchain capture --out /out/captured --ready /out/ready"] + [
        f"/capchain probe --keep /out --witnesses /out/broken --label linux{version}-{label} "
        f"{address(number)}" for number, (label, _, _) in enumerate(DEVICES, 1)]


def by_call(boot):
    """The replies of probe and those of capture: (kind, device, region, length) to a set of bytes."""
    labels = {label: address(number).replace(":", "_") for number, (label, _, _) in enumerate(DEVICES, 1)}
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


def check_readers(version, replies, checks):
    """Every parser on every reply: a kernel's replies are plain, and no promise is broken on them."""
    folder = os.path.join(BUILD, f"replies-{version}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in replies.items():
        Path(os.path.join(folder, name)).write_bytes(data)
    done = subprocess.run([CAPCHAIN, "check", "--json", folder], capture_output=True, text=True,
                          check=False)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    odd = [each["file"] for each in reports if each["class"] not in ("plain", "truncated")]
    checks.hold(done.returncode == 0 and len(reports) == len(replies) and not odd,
                f"{version}: every parser on {len(reports)} replies: no promise is broken, "
                f"{len(odd)} are odd or malformed {' '.join(odd[:1])}")


def check_models(version, replies, checks):
    """The models of fuzz/producer/ write each of the replies: at every argsz, byte for byte."""
    folder = os.path.join(BUILD, f"models-{version}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in replies.items():
        Path(os.path.join(folder, named(name))).write_bytes(data)
    done = subprocess.run([CONFORMANCE, folder], capture_output=True, text=True, check=False)
    last = (done.stdout + done.stderr).splitlines()[-1:]
    checks.hold(done.returncode == 0 and last and last[0].startswith(
        f"{len(replies)} of {len(replies)} "), f"{version}: producer models: {' '.join(last)}")


def need_of(data):
    """How long a reply says that it has to be; 0 where this one is long enough."""
    need = int.from_bytes(data[:4], "little")
    return min(need, 4096) if need > len(data) else 0


def named(name):
    """As the corpus names a reply whose caller had not cleared its buffer: see corpus/README.md."""
    kind, kernel, rest = name.split("-", 2)
    device, more = re.fullmatch(r"(.+?)((?:-idx\d+)?-len\d+\.bin)", rest).groups()
    return f"{kind}-{kernel}-{device.removesuffix('.probe')}.probe{more}"


def new_replies(version, replies):
    """What the corpus has not: of each device and chain the shortest reply and those at the need, all of
    them where one is new, since the full one tells what the others follow from."""
    have, calls = set(), {}
    for path in glob.glob(f"corpus/captured/*-linux{version}-*"):
        have.add((os.path.basename(path).split("-")[0], Path(path).read_bytes()))
    for name, data in sorted(replies.items()):
        kind = name.split("-")[0]
        chained = int.from_bytes(data[4:8], "little") & CAPS[kind][0]
        if kind != "region" or chained:
            calls.setdefault((kind, name.rsplit("-len", 1)[0]), {})[name] = data
    new = {}
    for (kind, _), named_data in calls.items():
        whole = max(24, *map(need_of, named_data.values()))
        lengths = (32 if kind == "region" else 16, whole - 1, whole)
        chosen = {named(name): data for name, data in named_data.items() if len(data) in lengths}
        if any((kind, data) not in have for data in chosen.values()):
            new |= chosen
            have |= {(kind, data) for data in chosen.values()}
    return new


def check_sweeps(boot, version, checks):
    for number, (label, _, pci) in enumerate(DEVICES, 1):
        checks.hold(boot.devices.get(pci) == address(number),
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


def check_samples(boot, version, checks):
    """The kernel's sample drivers: replies with TYPE, and one that breaks rules."""
    found = samples.broken(probed(boot))
    answered = {each["device"] for each in probed(boot) if each.get("answered") == "yes"}
    for name, broken in found.items():
        rules = {}
        for subject, rule in sorted(broken):
            rules.setdefault(rule, []).append(subject.replace("region ", ""))
        checks.hold(broken == samples.WANTED[name] and len(answered) == len(samples.SAMPLES),
                    f"{version}: {name} breaks " + ("; ".join(
                        f"{rule} (regions {' '.join(at)})" for rule, at in rules.items())
                        or "no rule"))
    types = [data for name, data in boot.files.items() if "mbochs-idx9-len48" in name]
    checks.hold(len(types) == 1, f"{version}: mbochs' region 9 has a TYPE capability: "
                + " ".join(data.hex() for data in types))


def check_replies(name, version, replies, keep, checks):
    """Parsers and models on them; those that the corpus has not are counted, and kept where asked."""
    check_readers(name, replies, checks)
    check_models(name, replies, checks)
    new = new_replies(version, replies)
    print(f"        {name}: {len(replies)} replies; {len(new)} would be new to the corpus"
          + (f", and are in {keep}" if keep else ""))
    for path, data in new.items() if keep else ():
        os.makedirs(keep, exist_ok=True)
        Path(os.path.join(keep, path)).write_bytes(data)


def has_caller():
    return os.path.isfile(callers.PROGRAM)


def start(pool, version, source, accel):
    """The boots of @version, by what they are for, as futures: a guest has one CPU, a machine has more."""
    boots = {"sweep": (version, version, sweep_commands(version), accel),
             "samples": (f"{version}-samples", version,
                         (callers.commands() if has_caller() else []) +
                         [callers.group_command(),
                          *(samples.commands(version) if source else [])], accel,
                         [module_of(version, "mdev"), *samples.build(version)] if source else [],
                         [("caller32", callers.PROGRAM)] if has_caller() else []),
             "lockdown": (f"{version}-lockdown", version, callers.locked_commands(), accel, [], [],
                          callers.LOCKED)}
    modules = iommufd.build(version) if source else None
    if modules:
        boots["iommufd"] = (f"{version}-iommufd", version, iommufd.commands(version), accel, [], [],
                            "", modules)
    return {what: pool.submit(Boot, *options) for what, options in boots.items()}


def check_kernel(version, boots, source, keep, checks):
    boot = boots["sweep"].result()
    check_sweeps(boot, version, checks)
    check_capture(boot, version, checks)
    check_replies(version, version, {name: data for name, data in boot.files.items()
                                     if "/" not in name}, keep, checks)
    if source:
        helper.check(version, checks.hold)
    boot = boots["samples"].result()
    if has_caller():
        callers.check(boot, version, checks)
    else:
        checks.skip(f"{version}: 32-bit callers",
                    os.environ.get("WHY_NO_CALLER32") or f"{callers.PROGRAM} is not built: make vm builds it")
    if source:
        check_samples(boot, version, checks)
        real = {name: data for name, data in boot.files.items() if "/" not in name
                and any(f"-{each}-" in name for each in samples.REAL)}
        check_replies(f"{version}-samples", version, real, keep, checks)
    callers.check_group(boots["samples"].result(), version, checks)
    callers.check_lockdown(boots["lockdown"].result(), version, checks)
    if "iommufd" in boots:
        boot = boots["iommufd"].result()
        iommufd.check(boot, probed(boot), version, checks)
        check_replies(f"{version}-iommufd", version, iommufd.replies(boot), keep, checks)
    callers.check_cdev(version, checks)


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
    sources, boots = {}, {}
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for version in options.kernel or sorted(KERNELS):
            try:
                sources[version] = source_of(version)
            except Fail as fail:
                sources[version] = None
                checks.skip(f"{version}: samples, and kernel.c against the kernel's helpers", fail)
            boots[version] = start(pool, version, sources[version], options.accel)
        for version, started in boots.items():
            check_kernel(version, started, sources[version], options.keep, checks)
    callers.check_host(checks)
    print(f"{checks.passed} passed, {checks.failed} failed, {checks.skipped} skipped; Debian's "
          f"kernels cannot: {checks.impossible}")
    # In CI nothing is missing, so nothing may be skipped.
    if checks.skipped and os.environ.get("CI") == "true":
        return 1
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fail as fail:
        print(f"vm: {fail}", file=sys.stderr)
        sys.exit(fail.status)
