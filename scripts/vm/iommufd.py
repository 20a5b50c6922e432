# SPDX-License-Identifier: MIT
"""Devices by cdev, and iommufd as a container. Debian's kernels are configured without either; so vfio and
iommufd are built from Debian's source with both, for the guest, and loaded in place of Debian's modules. The
rest of the kernel is Debian's."""
import os
import shutil
from pathlib import Path

from archive import once
from guest import by_call, differing
from kernels import WITH_IOMMUFD, build_modules, read_module, release_of, source_of
from machines import address

# In the order in which they are loaded.
MODULES = ("drivers/iommu/iommufd/iommufd.ko", "drivers/vfio/vfio.ko",
           "drivers/vfio/vfio_iommu_type1.ko", "drivers/vfio/pci/vfio-pci-core.ko",
           "drivers/vfio/pci/vfio-pci.ko")
CONFIG = ("IOMMUFD_MODULE", "VFIO_DEVICE_CDEV", "INTERVAL_TREE_SPAN_ITER")
CDEV = "/dev/vfio/devices/vfio0"
# By design: what of a chain fits is written, although the reply says that it does not; see probe --help.
WANTED = {("iommu", "short-writes")}


def build(version):
    """The modules, built once: (file name, bytes); None of a kernel that is older than iommufd."""
    if version not in WITH_IOMMUFD:
        return None
    source = source_of(version)

    def make(folder):
        print(f"building vfio with iommufd for {release_of(version)}", flush=True)
        shutil.copytree(f"{source}/drivers", f"{folder}/drivers")
        iommufd = f"{folder}/drivers/iommu/iommufd"
        # Debian's kernel has the tree, and not this way along it.
        shutil.copy(f"{source}/lib/interval_tree.c", iommufd)
        with open(f"{iommufd}/Makefile", "a", encoding="ascii") as file:
            file.write("iommufd-y += interval_tree.o\nCFLAGS_interval_tree.o := -D__DISABLE_EXPORTS\n")
        Path(f"{folder}/Kbuild").write_text("obj-m := drivers/iommu/iommufd/ drivers/vfio/\n", "ascii")
        build_modules(version, folder, "CONFIG_IOMMUFD=m", "CONFIG_VFIO_DEVICE_CDEV=y", "CONFIG_VFIO_MDEV=",
                      "KCFLAGS=" + " ".join(f"-DCONFIG_{name}=1" for name in CONFIG))

    folder = once("iommufd-" + release_of(version), make)
    return [read_module(os.path.join(folder, name)) for name in MODULES]


def commands(version):
    """These modules have no BTF, so capture is at system calls."""
    probe = "/capchain probe --json --keep /out --witnesses /out/broken"
    return ["background /capchain capture --hooks syscalls --out /out/captured --ready /out/ready",
            f"{probe} --label linux{version}-cdev {CDEV}",
            f"{probe} --iommufd --label linux{version}-iommufd {address(2)}"]


def check(boot, reports, version, checks):
    """@boot ran commands(), and probe said @reports."""
    for what, subjects, wanted in ((CDEV, 9, set()), (address(2), 10, WANTED)):
        mine = [each for each in reports if each["device"] == what]
        broken = {(each["subject"], each["rule"]) for each in mine if "rule" in each}
        answered = sum(each.get("answered") == "yes" for each in mine)
        calls = sum(each.get("calls", 0) for each in mine)
        checks.hold(broken == wanted and answered == subjects,
                    f"{version} with iommufd: {what}: {answered} subjects answered, {calls} calls, "
                    "broken: " + (" ".join(": ".join(each) for each in sorted(broken)) or "no rule"))
    made, captured = by_call(boot.top()), by_call(boot.below("captured"))
    differ = differing(made, captured)
    checks.hold(made and not differ, f"{version} with iommufd: {len(boot.top())} replies of probe, "
                f"{len(boot.below('captured'))} of capture at system calls, {differ} differ")
