# SPDX-License-Identifier: MIT
"""What capture has to do with callers of all sorts: 32-bit programs, by either set of hooks, and what is not x86;
another ioctl of the same number; a kernel that is locked down; the kernel of this machine. Probe by group. And what
Debian's kernels have not, said from their configuration."""
import os
import re
import subprocess

from guest import differing
from kernels import configured
from machines import CAPCHAIN, address, is_x86, machine

PROGRAM = "build/vm/caller32"
# Of its calls that are something else: how many each set of hooks sees, and tells from INFO; and how many
# of them fail, so that they are no answer. The module's see what reaches a device or container.
HOOKS = {"module": (1, 0), "syscalls": (2, 1)}

# Those at system calls know x86's registers.
MODULE = {"module": HOOKS["module"]}

LOCKED = "lockdown=confidentiality"


def commands():
    return [f"/capchain capture --hooks {hooks} --out /out/{hooks}-seen /caller {address(1)} "
            f"/out/{hooks}-asked" for hooks in (HOOKS if is_x86() else MODULE)]


def group_command():
    """Of the same device: probe by the number of its group."""
    return f"/capchain probe --witnesses /out/broken-group --group $(group {address(1)})"


def check_group(boot, version, checks):
    run, = [run for run in boot.runs if "--group" in run["line"]]
    said = " ".join(run["said"][-1:])
    checks.hold(run["status"] == 0 and said.startswith("1 devices, 10 subjects answered, ")
                and said.endswith(" 0 violations"), f"{version}: probe by group: {said}")


def check(boot, version, checks):
    """@boot ran commands()."""
    bits, all_hooks = (32, HOOKS) if is_x86() else (64, MODULE)
    has, line = configured(version, "IA32_EMULATION") if is_x86() else (True, "")
    if not has:
        checks.cannot(f"{version}: 32-bit callers", line)
        return
    runs = [run for run in boot.runs if "/caller " in run["line"]]
    made = re.findall(rf"^{bits}-bit: (\d+) calls, (\d+) others", boot.said(), re.M)
    if len(runs) != len(all_hooks) or not len(made) == len(boot.counts()) == len(all_hooks):
        checks.hold(False, f"{version}: a {bits}-bit caller or capture said nothing; see {boot.log}")
        return
    for (hooks, (others, failed)), run, (calls, elsewhere), counts in zip(all_hooks.items(), runs, made, boot.counts()):
        asked, seen = boot.below(hooks + "-asked"), boot.below(hooks + "-seen")
        differ = differing(asked, seen)
        checks.hold(asked and not differ and run["status"] == 0,
                    f"{version}: a {bits}-bit caller, hooks at {hooks}: {len(asked)} replies got, "
                    f"{len(seen)} captured, {differ} differ")
        refused = int(calls) - len(asked)
        # A container of spapr answers too.
        others += machine().name == "ppc64le"
        checks.hold(counts[1:] == (len(asked), refused + failed, others, 0, 0),
                    f"{version}: 0x3b70 on {elsewhere} other files, hooks at {hooks}: {counts[3]} told from "
                    f"VFIO_IOMMU_GET_INFO, {counts[2] - refused} failed, none captured")


def locked_commands():
    """Of a boot with LOCKED."""
    return [f"/capchain capture --hooks {hooks} --out /out/{hooks} /capchain probe --rules" for hooks in HOOKS] + \
        ["echo 2 >/proc/sys/vm/overcommit_memory", "/capchain list"]


def check_lockdown(boot, version, checks):
    """@boot ran locked_commands(): status 3, and one line that says it; and the sandbox opens where memory is
    never promised twice."""
    for hooks, run in zip(HOOKS, boot.runs):
        said = " ".join(run["said"])
        checks.hold(run["status"] == 3 and len(run["said"]) == 1 and "confidentiality" in said,
                    f"{version}: {LOCKED}, hooks at {hooks}: {said[-160:]}")
    setting, run = boot.runs[-2:]
    said = next((line for line in run["said"] if line.startswith("oracles: ")), "nothing was said")
    # The verifiers of old kernels see less: `bpf` has to load here too.
    checks.hold(setting["status"] == run["status"] == 0 and ", arena" in said and said.endswith(", bpf"),
                f"{version}: vm.overcommit_memory 2: {said[-160:]}")


def check_cdev(version, checks):
    """Why there is no cdev in Debian's own modules; iommufd.py builds others where it can."""
    has, line = configured(version, "VFIO_DEVICE_CDEV")
    # Then this has to become a sweep.
    if has:
        checks.hold(False, f"{version}: Debian's kernel has cdevs now ({line}): have probe sweep one")
        return
    checks.cannot(f"{version}: probe by cdev, iommufd, with Debian's own modules",
                  f"its configuration: {line}; {configured(version, 'IOMMUFD')[1]}")


def check_host(checks):
    """The program of the guests on the kernel of this machine, with an ioctl that stands for VFIO's."""
    what = f"{os.uname().release}, this machine: the guests' capchain captures"
    done = subprocess.run(["/usr/bin/python3", "scripts/test/live_test.py", "Capture"],
                          env={**os.environ, "CAPCHAIN": CAPCHAIN}, capture_output=True, text=True, check=False)
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.M)
    if done.returncode == 77:
        checks.skip(what, done.stdout.strip().splitlines()[-1])
        return
    checks.hold(done.returncode == 0 and ran and int(ran[1]) > 0,
                f"{what}: {ran[0] if ran else done.stderr.strip()[-300:]} of live_test.py")
