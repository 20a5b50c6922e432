#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of which kernels `make vm` boots, and of what it holds them to, without a guest: Debian's packages by name,
a series that is gone, a tree of one's own, the fault that is planted in the sample driver of each era, ranges.

Usage: kernels_test.py
"""
import os
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import archive  # noqa: E402
import guest  # noqa: E402
import kernels  # noqa: E402
import machines  # noqa: E402
import samples  # noqa: E402
import vm  # noqa: E402

# Suite, package, version, what it depends on.
PACKAGES = """\
bookworm linux-image-amd64 6.1.176-1 linux-image-6.1.0-50-amd64 (= 6.1.176-1)
bookworm linux-image-6.1.0-50-amd64 6.1.176-1 kmod
bookworm-security linux-image-6.1.0-57-amd64 6.1.192-3 kmod
bookworm-security linux-image-6.1.0-57-cloud-amd64 6.1.192-4 kmod
bookworm-security linux-image-6.1.0-57-rt-amd64 6.1.192-4 kmod
bookworm-security linux-image-6.1.0-57-amd64-unsigned 6.1.192-4 kmod
bookworm-security linux-image-6.12-amd64 6.12.117-1~deb12u1 linux-image-6.12.117+deb12-amd64 (= 6.12.117-1~deb12u1)
bookworm-security linux-image-6.12.99+deb12-amd64 6.12.99-1~deb12u1 kmod
bookworm-security linux-image-6.12.117+deb12-amd64 6.12.117-1~deb12u1 kmod
trixie linux-image-6.12.200+deb13-amd64 6.12.200-1 kmod
trixie-backports linux-image-7.3.4+deb13-amd64 7.3.4-1 dracut, linux-base-7.3.4+deb13-amd64 (= 7.3.4-1), \
linux-binary-7.3.4+deb13-amd64 (= 7.3.4-1), linux-modules-7.3.4+deb13-amd64 (= 7.3.4-1)
trixie-backports linux-base-7.3.4+deb13-amd64 7.3.4-1 x
trixie-backports linux-binary-7.3.4+deb13-amd64 7.3.4-1 x
trixie-backports linux-modules-7.3.4+deb13-amd64 7.3.4-1 x
experimental linux-image-7.3-amd64 7.3~rc7-1~exp1 dracut
"""


class Fake(archive.Archive):
    def __init__(self, _name="amd64"):  # pylint: disable=super-init-not-called
        self.packages = [dict(zip(("Suite", "Package", "Version", "Depends"), line.split(" ", 3)))
                         for line in PACKAGES.splitlines()]


class Kernels(unittest.TestCase):
    def setUp(self):
        for function in (kernels.package_of, kernels.image_of, kernels.modules_of, kernels.config_of):
            function.cache_clear()
        patch = mock.patch.object(kernels, "archive", Fake)
        patch.start()
        self.addCleanup(patch.stop)

    def test_newest(self):
        """Of each series the newest, by version and not by name; what is for the cloud or unsigned is not it."""
        for series, release in (("6.1", "6.1.0-57-amd64"), ("6.12", "6.12.117+deb12-amd64"),
                                ("7.3", "7.3.4+deb13-amd64")):
            self.assertEqual(kernels.release_of(series), release)

    def test_gone(self):
        for series in ("6.2", "6", "7", "6.1.0", "", ".*"):
            with self.assertRaisesRegex(kernels.Gone, "Debian has no Linux"):
                kernels.package_of(series)

    def test_parts(self):
        """From Linux 7 on a kernel is four packages."""
        names = [each["Package"].split("-")[1] for each in
                 kernels.beside(kernels.package_of("7.3"), ("binary", "modules", "base"))]
        self.assertEqual(sorted(names), ["base", "binary", "image", "modules"])
        self.assertEqual(len(kernels.beside(kernels.package_of("6.1"), ("binary", "modules", "base"))), 1)

    def test_tree(self):
        """A tree of one's own: its image, a module wherever it lies, none where built in, a line where it is not."""
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, KERNEL_TREE=folder):
            with self.assertRaisesRegex(archive.Fail, "has 0 files"):
                kernels.vmlinuz_of(kernels.TREE)
            for path in ("arch/x86/boot/bzImage", "drivers/vfio/pci/vfio-pci-core.ko"):
                Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, path).write_bytes(b"made")
            Path(folder, "include/config").mkdir(parents=True)
            Path(folder, "include/config/kernel.release").write_text("7.4.0-rc1-mine\n", "ascii")
            self.assertEqual(kernels.series_of(kernels.TREE), "7.4")
            Path(folder, ".config").write_text("CONFIG_VFIO=y\n# CONFIG_VFIO_PCI is not set\n", "ascii")
            self.assertTrue(kernels.vmlinuz_of(kernels.TREE).endswith("bzImage"))
            self.assertEqual(kernels.module_of(kernels.TREE, "vfio-pci-core"), ("vfio-pci-core.ko", b"made"))
            self.assertIsNone(kernels.module_of(kernels.TREE, "vfio"))
            with self.assertRaisesRegex(archive.Fail, "no module vfio-pci, nor is it built in: # CONFIG_VFIO_PCI is"):
                kernels.module_of(kernels.TREE, "vfio-pci")

    def test_no_kernel(self):
        """A run that booted none fails, and says which series is gone."""
        with mock.patch.object(sys, "argv", ["vm.py", "--kernel", "5.99"]), mock.patch.object(vm, "busybox"), \
                mock.patch.object(vm.callers, "check_host"), mock.patch("builtins.print") as said:
            self.assertEqual(vm.main(), 1)
        lines = "\n".join(str(call.args[0]) for call in said.call_args_list)
        self.assertRegex(lines, r"cannot +5\.99: no guest: Debian has no Linux 5\.99")
        self.assertIn("FAILED  0 kernels were booted", lines)

    def test_planted(self):
        """One place for the fault in each era's mbochs, and a line where there is none."""
        eras = {"6.1": "type.header.next = 0;", "7.3": "x = VFIO_REGION_INFO_CAP_TYPE;"}
        with tempfile.TemporaryDirectory() as folder:
            for version, line in eras.items():
                Path(folder, "mbochs.c").write_text(f'"mbochs"\n{line}\n', "ascii")
                samples.plant(version, folder)
                bad = Path(folder, "mbad.c").read_text("ascii")
                self.assertIn('"mbad"', bad)
                self.assertNotIn(line, bad)
                self.assertTrue(samples.wanted(version)["mbad"] > samples.wanted(version)["mbochs"])
                Path(folder, "mbochs.c").write_text("nothing", "ascii")
                with self.assertRaisesRegex(archive.Fail, "0 places to plant"):
                    samples.plant(version, folder)

    def test_ranges(self):
        """Ranges that lack one, have the window of MSIs or end early are seen."""
        full = ((0, 0xfedfffff), (0xfef00000, 2 ** 40), (2 ** 41, 2 ** 64 - 1))
        for iommu, ranges, fine in (("amd", full, True), ("amd", full[:2], False), ("virtio", full[1:], True),
                                    ("intel", full, True), ("intel", ((0, 1), (2, 2 ** 32)), False),
                                    ("amd", (*full[:2], (2 ** 41, 2 ** 64 - 2)), False)):
            said = "".join(f"      - {{start: {start:#x}, end: {end:#x}}}\n" for start, end in ranges)
            boot = types.SimpleNamespace(top=lambda: {"iommu-x-len24.bin": b""})
            checks = mock.Mock()
            with tempfile.TemporaryDirectory() as folder, mock.patch.object(vm, "BUILD", folder), \
                    mock.patch.object(vm, "qemu_major", return_value=11), \
                    mock.patch.object(subprocess, "run", return_value=types.SimpleNamespace(stdout=said)):
                vm.check_ranges(boot, "7.3", iommu, checks)
            self.assertEqual(checks.hold.call_args.args[0], fine, (iommu, ranges))

    def on(self, name):
        """What follows is about the machine @name."""
        patch = mock.patch.dict(os.environ, VM_ARCH=name)
        patch.start()
        machines.machine.cache_clear()
        self.addCleanup(machines.machine.cache_clear)
        self.addCleanup(patch.stop)

    def test_machine(self):
        """Another machine has packages of its own, an address a function, and a name in its replies."""
        self.on("s390x")
        with self.assertRaisesRegex(kernels.Gone, "no Linux 6.12 for s390x in bookworm"):
            kernels.package_of("6.12")
        self.assertEqual(machines.address(2), "0002:00:00.0")
        self.assertEqual(vm.kernel_of("7.3"), "linux7.3s390x")
        self.assertFalse(any("capture" in line for line in vm.sweep_commands("7.3", "zpci")))
        name = "device-linux7.3s390x-x-len24.be.bin"
        self.assertEqual((vm.order_of(name), vm.named(name)), ("big", "device-linux7.3s390x-x.probe-len24.be.bin"))

    def test_chains(self):
        """A chain that lacks a capability, has one more or has them in another order is seen."""
        self.on("s390x")
        whole = machines.machine().caps
        for caps, fine in ((whole, True), (whole[:2], False), (whole[::-1], False), ((*whole, "TYPE"), False)):
            said = "".join(f"    id: {cap}\n    version: 3\n" for cap in caps)
            checks = mock.Mock()
            with mock.patch.object(vm, "text_of_longest", return_value=said):
                vm.check_chains(None, "7.3", "zpci", checks)
            self.assertEqual(checks.hold.call_args.args[0], fine, caps)

    def test_spapr(self):
        """On pseries a reply that is called one of an `iommu` is seen; a device has a bridge of its own."""
        self.on("ppc64le")
        for names, fine in (((), True), (("region-x-idx0-len32.bin",), True), (("iommu-x-len24.bin",), False)):
            checks = mock.Mock()
            vm.check_ranges(types.SimpleNamespace(top=lambda names=names: dict.fromkeys(names, b"")), "7.3", "spapr",
                            checks)
            self.assertEqual(bool(checks.hold.call_args.args[0]), fine, names)
        self.assertEqual(machines.address(2), "0002:00:00.0")
        self.assertIn("vfio_iommu_spapr_tce", kernels.modules())

    def test_repeated(self):
        """Of a capture that passes nothing over, or loses a call, that is seen."""
        for repeated, dropped, fine in ((2, 0, True), (0, 0, False), (2, 1, False)):
            boot = guest.Boot.__new__(guest.Boot)
            boot.files, boot.log = {}, "log"
            boot.runs = [{"status": 0, "said": [
                "2 subjects answered, 9 calls", "own chains: 1 seen, 0 differ",
                f"9 calls: {7 - repeated} captured, {repeated} repeated, 0 unwanted, 2 failed, 0 of other ioctls, "
                f"0 unreadable, {dropped} dropped"]}]
            checks = mock.Mock()
            vm.check_capture(boot, "6.1", "intel", checks)
            self.assertEqual(bool(checks.hold.call_args_list[0].args[0]), fine)


if __name__ == "__main__":
    unittest.main()
