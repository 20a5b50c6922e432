# SPDX-License-Identifier: MIT
"""Kernels for the guests: packages, modules, configuration and source, fetched once and kept below build/vm;
nothing is installed. Debian's by series, or a tree of one's own."""
import functools
import glob
import lzma
import os
import re
import subprocess
import sys
import types
from pathlib import Path

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gen import roots  # noqa: E402
from archive import BUILD, DEBIAN_12, SUITES, Fail, archive, newest, once, run  # noqa: E402
from machines import is_x86, machine  # noqa: E402

# What make check-vm boots: the two kernels of Debian 12, whose compiler builds modules for them.
KERNELS = ("6.1", "6.12")
# A kernel of one's own, built in its tree.
TREE = "tree"
# Of Debian 13. The options of kernels that a newer one made are those of this one too.
ROOT_GCC = 14
OPTIONAL = ("vfio_virqfd",)
# What builds a module into the kernel.
OPTIONS = {"irqbypass": "IRQ_BYPASS_MANAGER", "vfio": "VFIO", "vfio_virqfd": "VFIO_VIRQFD", "mdev": "VFIO_MDEV",
           "vfio_iommu_type1": "VFIO_IOMMU_TYPE1", "vfio_iommu_spapr_tce": "VFIO_IOMMU_SPAPR_TCE",
           "vfio-pci-core": "VFIO_PCI_CORE", "vfio-pci": "VFIO_PCI"}
# Of the kernel's source what is used here: the sample drivers, what has the chain helpers, and of kernels that
# can have it what is built with iommufd.
SOURCES = ("samples/vfio-mdev", "drivers/vfio", "include/linux/vfio.h")
WITH_IOMMUFD = ("6.12",)
IOMMUFD_SOURCES = ("drivers/iommu/iommufd", "drivers/iommu/iommu-priv.h", "lib/interval_tree.c")


class Gone(Fail):
    """A series that Debian has no more."""


def packages(pattern, suites=SUITES):
    """Those of this run's machine."""
    return archive(machine().debian).named(pattern, suites)


@functools.lru_cache(None)
def package_of(version):
    """The newest kernel of the series @version: of those that check-vm boots in Debian 12, else wherever it is."""
    # "6.1.0-57", "6.12.117+deb12", "7.3": the names of others end in what they are for.
    series = re.escape(version)
    suites = DEBIAN_12 if version in KERNELS and is_x86() else SUITES
    flavour = machine().flavour
    found = [each for each in packages(rf"linux-image-{series}(?:[.+][0-9a-z.+~]+(?:-\d+)?)?-{flavour}", suites)
             if re.fullmatch(r"\d+\.\d+", version) and "linux-image-" not in each.get("Depends", "")]
    if not found:
        raise Gone(f"Debian has no Linux {version} "
                   + ("for Debian 12" if suites == DEBIAN_12 else f"for {machine().debian} in " + " ".join(suites)))
    return newest(found)


def release_of(version):
    return package_of(version)["Package"].removeprefix("linux-image-")


def series_of(version):
    """What the names of its replies say: the series, also of a tree."""
    if version != TREE:
        return version
    release = Path(one_of(version, "include/config/kernel.release")).read_text("ascii")
    found = re.match(r"\d+\.\d+", release)
    if not found:
        raise Fail(f"{os.environ['KERNEL_TREE']}/include/config/kernel.release has no release")
    return found[0]


def beside(package, kinds):
    """@package, and what it depends on of the linux- packages whose second word is one of @kinds."""
    names = re.findall(r"\blinux-(?:%s)-[^\s,()]+" % "|".join(kinds), package.get("Depends", ""))
    found = [packages(re.escape(name)) for name in dict.fromkeys(names)]
    return [package, *(newest([each for each in same if each["Version"] == package["Version"]] or same)
                       for same in found if same)]


@functools.lru_cache(None)
def image_of(version):
    """The folder with @version's kernel, its modules and configuration."""
    if version == TREE:
        return os.environ["KERNEL_TREE"]
    package = package_of(version)
    # From Linux 7 on the image is a package that depends on those that have it.
    return once(package["Package"],
                lambda folder: archive(machine().debian).unpack(beside(package, ("binary", "modules", "base")), folder))


def source_of(version):
    """The folder with SOURCES of @version, below the tree's own names."""
    def make(folder):
        found = archive().named("linux-source-" + re.escape(version))
        if not found:
            raise Fail(f"Debian has no linux-source-{version}")
        mine = [each for each in found if each["Version"] == package_of(version)["Version"]]
        deb, = archive().fetch([newest(mine or found)], folder)
        wanted = SOURCES + (IOMMUFD_SOURCES if version in WITH_IOMMUFD else ())
        names = [f"linux-source-{version}/{name}" for name in wanted]
        run(["bash", "-o", "pipefail", "-c",
             f'dpkg-deb --fsys-tarfile "$1" | tar -xO ./usr/src/linux-source-{version}.tar.xz | '
             'tar -xJ -C "$2" --strip-components=1 "${@:3}"', "bash", deb, folder, *names],
            "the package is broken: remove " + folder)

    return once("linux-source-" + release_of(version), make)


def headers_of(version):
    """What stands for the kernel's tree where modules are built: its headers, and what builds with them."""
    name = f"linux-headers-{release_of(version)}"

    def make(folder):
        found = [each for each in archive().named(re.escape(name))
                 if each["Version"] == package_of(version)["Version"]]
        packages = beside(newest(found), ("headers", "kbuild"))
        archive().unpack(packages, folder)
        common, = (each["Package"] for each in packages if each["Package"].endswith("-common"))
        # From Linux 7 on the Makefile of the common headers does not find what was built by itself.
        Path(f"{folder}/usr/src/{name}/Makefile").write_text(
            f"KBUILD_OUTPUT = {os.path.abspath(folder)}/usr/src/{name}\n"
            f"include {os.path.abspath(folder)}/usr/src/{common}/Makefile\n", "ascii")

    return os.path.abspath(f"{once(name, make)}/usr/src/{name}")


def root():
    """A root of Debian 13 with a compiler, for kernels whose options Debian 12's does not know."""
    reason = roots.why_not()
    if reason:
        raise Fail(f"modules of this kernel want gcc {ROOT_GCC} of a Debian 13 root: {reason}")

    def make(folder):
        new = roots.Root("trixie", folder, types.SimpleNamespace(mirror=None, apt_conf=None))
        try:
            new.prepare()
        except roots.Refused as refused:
            raise Fail(refused) from None
        # objtool is linked with the libraries.
        if new.run("apt-get -qq update && apt-get -qq install -y --no-install-recommends "
                   f"gcc-{ROOT_GCC} make libelf1t64 libdw1t64", "install"):
            raise Fail(f"gcc-{ROOT_GCC} cannot be installed in {folder}: see {new.log('install')}")

    return os.path.abspath(once("root-trixie", make) + "/root")


def build_modules(version, folder, *variables):
    """Builds what the Makefile or Kbuild in @folder says."""
    # Types of these modules are of no use to anybody, and want pahole.
    command = ["make", "-C", headers_of(version), f"M={os.path.abspath(folder)}",
               f"-j{len(os.sched_getaffinity(0))}", "CONFIG_DEBUG_INFO_BTF_MODULES=", *variables, "modules"]
    what = f"modules for {release_of(version)} do not build"
    if int(re.search(r"^CONFIG_GCC_VERSION=(\d+)", config_of(version), re.M)[1]) < ROOT_GCC * 10000:
        run(command, what + ": gcc-12 and make are needed")
        return
    # Both sides know the files by one path.
    inside = (f'{roots.MOUNTS} && mkdir -p "$0$1" && mount --bind "$1" "$0$1" && where=$0 && shift && '
              'exec chroot "$where" "$@"')
    run(["unshare", "--mount", "sh", "-c", inside, root(), os.path.abspath(BUILD), *command, f"CC=gcc-{ROOT_GCC}"],
        what, env=roots.ENVIRONMENT)


def read_module(path):
    return os.path.basename(path), Path(path).read_bytes()


def one_of(version, *patterns):
    """The one file of @version's kernel that one of @patterns names."""
    folder = image_of(version)
    found = [path for pattern in patterns for path in glob.glob(f"{folder}/{pattern}")]
    if len(found) != 1:
        raise Fail(f"{folder} has {len(found)} files {' or '.join(patterns)}; want one")
    return found[0]


@functools.lru_cache(None)
def modules_of(version):
    """{name: path} of all of @version's modules, by the names that the kernel has for them."""
    return {re.sub(r"\.ko(\.\w+)?$", "", path.name).replace("_", "-"): str(path)
            for path in Path(image_of(version)).rglob("*.ko*") if re.search(r"\.ko(\.\w+)?$", path.name)}


def unpacked(path):
    data = Path(path).read_bytes()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    return data


def module_of(version, name):
    """(file name, bytes) of a module; None where the kernel has it built in, or may lack it."""
    path = modules_of(version).get(name.replace("_", "-"))
    if path:
        return name + ".ko", unpacked(path)
    if name in OPTIONAL or configured(version, OPTIONS[name])[1].endswith("=y"):
        return None
    raise Fail(f"{image_of(version)} has no module {name}, nor is it built in: "
               f"{configured(version, OPTIONS[name])[1]}")


def modules():
    """Names of VFIO's, in the order in which they can be loaded."""
    return "irqbypass", "vfio", "vfio_virqfd", machine().driver, "vfio-pci-core", "vfio-pci"


def vmlinuz_of(version):
    return one_of(version, "boot/vmlinu[xz]-*", "usr/lib/modules/*/vmlinu[xz]", "arch/x86/boot/bzImage")


@functools.lru_cache(None)
def config_of(version):
    return Path(one_of(version, "boot/config-*", "usr/lib/modules/*/config", ".config")).read_text("ascii")


def configured(version, name):
    """Whether @version's kernel has CONFIG_@name, and the line of its configuration that says so."""
    found = re.search(rf"^(?:CONFIG_{name}=([ym])|# CONFIG_{name} is not set)$", config_of(version), re.M)
    return bool(found and found[1]), found[0] if found else f"nothing of CONFIG_{name}"
