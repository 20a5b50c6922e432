# SPDX-License-Identifier: MIT
"""
The programs whose own readers are sliced: a row each. To add one: a Program here, NAME.shim.h and NAME.adapter.h in
parsers/real/, a row in packages.txt, and `BLESS=1 make real`, which records what its roots pull in.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """
    One reader of a program's versions from @since up to, and without, @until. @roots are functions, "name | other
    name" where they changed their name; @models say by kind which model is held to it; @define is for its adapter.
    """
    name: str
    roots: tuple
    models: dict
    since: tuple = (0,)
    until: tuple = (1 << 30,)
    define: tuple = ()


@dataclass(frozen=True)
class Program:
    """
    @files are patterns below its tree; names are looked for in this order. What @noted lookups find is delivered,
    @stubs is a pattern of functions that may be nothing, @includes are header folders of its own, and @version a
    file and a pattern of two numbers that say which version a tree is.
    """
    name: str
    files: tuple
    version: tuple
    parts: tuple
    noted: tuple = ()
    stubs: str = ""
    includes: tuple = ()
    define: tuple = field(default=())

    def wanted(self):
        """What is unpacked of its archive."""
        return (*self.files, *(f"{folder}/*" for folder in self.includes), self.version[0])

    def parts_of(self, version):
        return [part for part in self.parts if part.since <= version < part.until]


def all_kinds(model):
    return {"device": model, "region": model, "iommu": model}


QEMU_ROOTS = ("vfio_region_setup", "vfio_has_region_cap | vfio_device_has_region_cap")
QEMU_NEW = (*QEMU_ROOTS, "vfio_legacy_setup", "vfio_pci_enable_rp_atomics")
QEMU = Program(
    name="qemu",
    files=("include/qemu/range.h", "include/hw/s390x/s390-pci-clp.h", "include/hw/s390x/s390-pci-bus.h",
           "include/hw/vfio/*.h", "hw/vfio/*.h", "hw/vfio/*.c", "hw/s390x/s390-pci-vfio.c"),
    version=("VERSION", r"(\d+)\.(\d+)"),
    noted=("vfio_get_cap", "vfio_get_iommu_info_cap"),
    stubs=r"trace_\w+",
    includes=("linux-headers",),
    parts=(
        Part("qemu", (*QEMU_ROOTS, "vfio_get_iommu_info", "vfio_get_info_dma_avail", "vfio_get_iommu_info_migration",
                      "s390_pci_get_clp_info", "s390_pci_get_host_fh"), all_kinds("qemu"), until=(10, 0)),
        Part("qemu", QEMU_NEW, all_kinds("qemu-10"), since=(10, 0), until=(10, 2)),
        Part("qemu", (*QEMU_NEW, "vfio_device_io_get_region_info"), all_kinds("qemu-10"), since=(10, 2), until=(11, 0)),
        Part("qemu", (*QEMU_NEW, "vfio_device_io_get_region_info"), all_kinds("qemu-11"), since=(11, 0)),
        Part("qemu-s390", ("s390_pci_get_clp_info", "s390_pci_get_host_fh"), {"device": "qemu-s390"}, since=(10, 0),
             define=("-DREAL_S390",)),
    ))

DPDK = Program(
    name="dpdk",
    files=("lib/eal/include/rte_vfio.h", "drivers/bus/pci/linux/*.c"),
    version=("VERSION", r"(\d+)\.(\d+)"),
    noted=("pci_vfio_info_cap",),
    parts=(Part("dpdk", ("pci_vfio_msix_is_mappable",), {"region": "dpdk"}, until=(23, 11)),))

KSFT = "tools/testing/selftests/vfio/lib"
LINUX = Program(
    name="linux",
    files=(f"{KSFT}/include/libvfio/assert.h", f"{KSFT}/include/libvfio.h", f"{KSFT}/iommu.c"),
    version=("Makefile", r"^VERSION = (\d+)\nPATCHLEVEL = (\d+)$"),
    noted=("vfio_iommu_info_cap_hdr",),
    parts=(Part("ksft-vfio", ("iommu_iova_ranges",), {"iommu": "ksft-vfio"}, since=(6, 19)),))

RDMA_CORE = Program(
    name="rdma-core",
    files=("ccan/check_type.h", "ccan/container_of.h", "ccan/list.h", "util/util.h", "util/interval_set.c",
           "providers/mlx5/mlx5_vfio.c"),
    version=("CMakeLists.txt", r'PACKAGE_VERSION "(\d+)\.(\d+)'),
    parts=(Part("rdma-core", ("mlx5_vfio_get_iommu_info", "iset_create"), {"iommu": "rdma-core"}),))

PROGRAMS = {program.name: program for program in (QEMU, DPDK, LINUX, RDMA_CORE)}
