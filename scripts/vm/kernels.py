# SPDX-License-Identifier: MIT
"""Debian's kernels for the guests: packages, modules, configuration and source, fetched once and kept below
build/vm; nothing is installed."""
import glob
import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

BUILD = "build/vm"
# What Debian names the kernels: a package that depends on today's.
KERNELS = {"6.1": "linux-image-amd64", "6.12": "linux-image-6.12-amd64"}
# In the order in which they can be loaded; what a kernel has not is left out.
MODULES = ("irqbypass", "vfio", "vfio_virqfd", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci")
OPTIONAL = ("vfio_virqfd",)
# Of the kernel's source what is used here: the sample drivers, what has the chain helpers, and of kernels that
# can have it what is built with iommufd.
SOURCES = ("samples/vfio-mdev", "drivers/vfio", "include/linux/vfio.h")
WITH_IOMMUFD = ("6.12",)
IOMMUFD_SOURCES = ("drivers/iommu/iommufd", "drivers/iommu/iommu-priv.h", "lib/interval_tree.c")


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
        said = subprocess.run(["apt-cache", "depends", KERNELS[version]], capture_output=True, text=True, check=False)
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


def release_of(version):
    return package_of(version).removeprefix("linux-image-")


def once(name, make):
    """The folder @name below build/vm, as make(folder) fills it; made anew where it is not whole."""
    folder = os.path.join(BUILD, name)
    if not os.path.isfile(os.path.join(folder, "whole")):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        make(folder)
        for package in glob.glob(f"{folder}/*.deb"):
            os.remove(package)
        Path(os.path.join(folder, "whole")).write_text("whole\n", "ascii")
    return folder


def fetch(package, folder):
    """The file of @package, fetched into @folder."""
    print(f"fetching {package}", flush=True)
    run(["apt-get", "download", package], "check the network and apt-get update", cwd=folder)
    return max(glob.glob(f"{folder}/{package}_*.deb"))


def unpack(package, folder):
    deb = fetch(package, folder)
    run(["dpkg-deb", "-x", deb, folder], "the package is broken: remove " + folder)
    return deb


def busybox():
    """The static program that is the guest's shell and its tools."""
    folder = once("busybox", lambda folder: unpack("busybox-static", folder))
    path, = (path for path in glob.glob(f"{folder}/**/bin/busybox", recursive=True) if os.path.isfile(path))
    return path


def image_of(version):
    """The folder with @version's kernel package."""
    return once(package_of(version), lambda folder: unpack(package_of(version), folder))


def source_of(version):
    """The folder with SOURCES of @version, below the tree's own names."""
    def make(folder):
        deb = fetch(f"linux-source-{version}", folder)
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
        deb = unpack(name, folder)
        needs = run(["dpkg-deb", "-f", deb, "Depends"], "remove " + folder)
        common, = re.findall(r"linux-headers-\S+-common", needs)
        kbuild, = re.findall(r"linux-kbuild-[^\s,]+", needs)
        for package in (common, kbuild):
            unpack(package, folder)
        Path(f"{folder}/usr/src/{name}/Makefile").write_text(
            f"include {os.path.abspath(folder)}/usr/src/{common}/Makefile\n", "ascii")

    return os.path.abspath(f"{once(name, make)}/usr/src/{name}")


def build_modules(version, folder, *variables):
    """Builds what the Makefile or Kbuild in @folder says."""
    # Types of these modules are of no use to anybody, and want pahole.
    run(["make", "-C", headers_of(version), f"M={os.path.abspath(folder)}",
         f"-j{len(os.sched_getaffinity(0))}", "CONFIG_DEBUG_INFO_BTF_MODULES=", *variables, "modules"],
        f"modules for {release_of(version)} do not build: gcc-12 and make are needed")


def read_module(path):
    return os.path.basename(path), Path(path).read_bytes()


def module_of(version, name):
    """(file name, bytes) of a module; None where it is one that not every kernel has."""
    folder = image_of(version)
    paths = glob.glob(f"{folder}/lib/modules/*/kernel/**/{name}.ko*", recursive=True)
    if not paths and name in OPTIONAL:
        return None
    if len(paths) != 1:
        raise Fail(f"{folder} has {len(paths)} modules {name}; want one")
    data = Path(paths[0]).read_bytes()
    return name + ".ko", lzma.decompress(data) if paths[0].endswith(".xz") else data


def vmlinuz_of(version):
    kernel, = glob.glob(image_of(version) + "/boot/vmlinuz-*")
    return kernel


def configured(version, name):
    """Whether @version's kernel has CONFIG_@name, and the line of its configuration that says so."""
    path, = glob.glob(image_of(version) + "/boot/config-*")
    found = re.search(rf"^(?:CONFIG_{name}=([ym])|# CONFIG_{name} is not set)$", Path(path).read_text("ascii"),
                      re.M)
    return bool(found and found[1]), found[0] if found else f"nothing of CONFIG_{name}"
