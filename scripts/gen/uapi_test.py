#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests uapi.py: the installed header, then copies of it with one change each, then bad input."""

import os
import re
import shutil
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, script  # noqa: E402

SCRIPT = script("gen", "uapi.py")
LAYOUT = os.path.join(ROOT, "parsers", "layout.h")
INSTALLED = "/usr/include/linux"

# An installed header may be too old for what layout.h has (Debian 12 has that of Linux 6.1).
OLDER = "layout only: "


def without(text, lines):
    """@text, a layout.h, without the rows that @lines say a header lacks."""
    for line in lines:
        name = re.search(r"(VFIO_\w+)|field \w+\.(\w+) at (\d+)", line)
        if name and name[1]:
            text = re.sub(rf"\t(FLAG|CAP)\([^()]*\b{name[1]}\)", "", text)
        elif name:
            text = re.sub(rf"\tFIELD\(\w+, {name[2]}, {name[3]}, [^()]*\)", "", text)
    if any(".pad at" in line for line in lines):
        text = text.replace("20, 24, vfio_device_info)", "20, 20, vfio_device_info)")
    return text

CXL = """
#define VFIO_DEVICE_INFO_CAP_CXL	6
struct vfio_device_info_cap_cxl {
	struct vfio_info_cap_header header;
	__u32 flags;
#define VFIO_DEVICE_INFO_CAP_CXL_COMMITTED	(1 << 0)
	__u8 bar, // not a form that the UAPI uses
	__u64 size;
};
struct vfio_device_info_cap_wide {
	struct vfio_info_cap_header header;
	__u8 kind;	/* the hole after it is the ABI's */
	__aligned_u64 size;
	__u16 name[3];
	__u32 nr;
	struct vfio_iova_range ranges[] __counted_by(nr);
};
"""


ID = r"^#define VFIO_REGION_INFO_CAP_TYPE\t2$"
ZPCI_BASE = "vfio_device_info_cap_zpci_base"
# What changes, in which file, the only match of a regular expression, what stands in its place, what is said.
CHANGES = (
    ("a new id", "vfio.h", ID, r"\g<0>\n#define VFIO_REGION_INFO_CAP_NEW 0x6",
     ["header only: region capability id VFIO_REGION_INFO_CAP_NEW = 6"]),
    # The payload flag is no id; a struct that is not understood is still named.
    ("new structs", "vfio.h", r"#endif[^#\n]*\s*\Z", lambda match: CXL + match[0],
     ["header only: device capability id VFIO_DEVICE_INFO_CAP_CXL = 6",
      "header only: struct vfio_device_info_cap_cxl, not understood: "
      "`__u8 bar, __u64 size` in struct vfio_device_info_cap_cxl",
      "header only: struct vfio_device_info_cap_wide, 40 bytes: kind at 8, 1 bytes; size at 16, 8 bytes; "
      "name at 24, 6 bytes; nr at 32, 4 bytes; ranges[] at 40, 16 bytes each"]),
    ("new flags", "vfio.h", r"^#define VFIO_IOMMU_INFO_CAPS\t.*$",
     r"\g<0>\n#define VFIO_IOMMU_INFO_NEW (1U << 2)\n#define VFIO_ODDLY_NAMED 8",
     ["header only: iommu flag VFIO_IOMMU_INFO_NEW = 0x4", "header only: iommu flag VFIO_ODDLY_NAMED = 0x8"]),
    ("a flag moved", "vfio.h", r"(?<=VFIO_REGION_INFO_FLAG_CAPS\t\(1 << )3", "4",
     ["differs: region flag VFIO_REGION_INFO_FLAG_CAPS is 0x10 in the header, 0x8 in layout.h"]),
    ("new fields", "vfio.h", r"^\t__(aligned_)?u64\toffset;\s*/\* Region offset.*$",
     r"\g<0>\n\t__u16\tnumber;\n\t__u32 more;",
     ["header only: field vfio_region_info.number at 32, 2 bytes",
      "header only: field vfio_region_info.more at 36, 4 bytes"]),
    # No sizeof shows this one, so layout_uapi.c cannot.
    ("a new field in padding", "vfio_zdev.h", r"^\t__u32 fh;.*$", r"\g<0>\n\t__u32 hidden;",
     [f"header only: field {ZPCI_BASE}.hidden at 36, 4 bytes, version 2"]),
    ("new elements", "vfio.h", r"^\t__u32\tavail;$", r"\g<0>\n\t__u64 uses[];",
     ["header only: field vfio_iommu_type1_info_dma_avail.uses[] at 16, 8 bytes each"]),
    ("an element grew", "vfio.h", r"^\t__(aligned_)?u64\tend;$", r"\g<0>\n\t__u64\tflags;",
     ["differs: field vfio_iommu_type1_info_cap_iova_range.iova_ranges[] is at 16, 24 bytes each in the header, "
      "at 16, 16 bytes each in layout.h"]),
    ("fields moved", "vfio.h", r"^(\t__u32 type;.*\n)(\t__u32 subtype;.*\n)", r"\2\1",
     ["differs: field vfio_region_info_cap_type.type is at 12, 4 bytes in the header, at 8, 4 bytes in layout.h",
      "differs: field vfio_region_info_cap_type.subtype is at 8, 4 bytes in the header, "
      "at 12, 4 bytes in layout.h"]),
    ("an id removed", "vfio.h", r"^#define VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD.*$", "",
     ["layout only: region capability id VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD = 5"]),
    ("commented out", "vfio.h", r"^\t__(aligned_)?u64 tgt;$", "/*\n\t__u64 tgt;\n*/ // __u64 tgt;",
     ["layout only: field vfio_region_info_cap_nvlink2_ssatgt.tgt at 8, 8 bytes"]),
    ("an id renumbered", "vfio.h", r"(?<=^#define VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL )3$", "4",
     ["differs: iommu capability id VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL is 4 in the header, 3 in layout.h"]),
    ("version 3", "vfio_zdev.h", r"^\t__u32 fh;.*\n\t/\* End of version 2 \*/$",
     r"\g<0>\n\t__u32 gd;\n\t/* End of version 3 */",
     [f"header only: field {ZPCI_BASE}.gd at 36, 4 bytes, version 3",
      f"header only: version 3 of struct {ZPCI_BASE}"]),
    ("version 1 alone", "vfio_zdev.h", r"^\t/\* End of version 1 \*/\n\t__u32 fh;.*\n.*version 2 \*/$",
     "\t/* End of version 1 */",
     [f"layout only: field {ZPCI_BASE}.fh at 32, 4 bytes", f"layout only: version 2 of struct {ZPCI_BASE}"]),
    ("a field in another version", "vfio_zdev.h", r"^(\t/\* End of version 1 \*/\n)(\t__u32 fh;.*\n)", r"\2\1",
     [f"differs: field {ZPCI_BASE}.fh is of version 1 in the header, 2 in layout.h"]),
)


class Uapi(Case):
    def setUp(self):
        super().setUp()
        self.renew()
        text = without(Path(LAYOUT).read_text("utf-8"), self.run_script(self.path("vfio.h"), layout=LAYOUT)[1])
        self.layout = self.write("layout.h", text)

    def renew(self):
        for name in ("vfio.h", "vfio_zdev.h"):
            shutil.copy(os.path.join(INSTALLED, name), self.dir)

    def edit(self, name, before, after):
        """Replaces the only match of the regular expression @before."""
        text, count = re.subn(before, after, self.text(name), flags=re.MULTILINE)
        self.assertEqual(count, 1, before)
        self.write(name, text)

    def run_script(self, *args, layout=None):
        made = run(sys.executable, SCRIPT, "--layout", layout or self.layout, *args)
        self.assertNotIn("Traceback", made.stderr)
        return made.returncode, made.stdout.splitlines(), made.stderr

    def unusable(self, *args, says, **kwargs):
        code, lines, errors = self.run_script(*args, **kwargs)
        self.assertEqual((code, lines), (2, []))
        self.assertRegex(errors, says)
        self.assertEqual(errors.count("\n"), 1, errors)

    def test_installed(self):
        code, lines, errors = self.run_script(os.path.join(INSTALLED, "vfio.h"), layout=LAYOUT)
        self.assertEqual([line for line in lines if not line.startswith(OLDER)], [])
        self.assertEqual((code, errors), (1 if lines else 0, ""))

    def test_changes(self):
        """A layout.h without what the header lacks: silence and 0; then the lines that each change brings."""
        self.assertEqual(self.run_script(self.path("vfio.h")), (0, [], ""))
        for what, name, before, after, lines in CHANGES:
            with self.subTest(what):
                self.renew()
                self.edit(name, before, after)
                self.assertEqual(self.run_script(self.path("vfio.h")), (1, lines, ""))

    def test_widened_cap_header(self):
        """Every capability moves with its header."""
        self.edit("vfio.h", r"^\t__u32\tnext;", "\t__u64\tnext;")
        code, lines, errors = self.run_script(self.path("vfio.h"))
        self.assertEqual((code, errors), (1, ""))
        for field, now, was in (("vfio_info_cap_header.next", "at 8, 8", "at 4, 4"),
                                ("vfio_region_info_cap_nvlink2_ssatgt.tgt", "at 16, 8", "at 8, 8")):
            self.assertIn(f"differs: field {field} is {now} bytes in the header, {was} bytes in layout.h", lines)

    def test_no_zdev(self):
        """The zPCI structs are left out, and that is said."""
        os.remove(self.path("vfio_zdev.h"))
        _, lines, errors = self.run_script(self.path("vfio.h"))
        self.assertEqual(lines, [])
        self.assertIn("no vfio_zdev.h beside it", errors)

    def test_two_headers(self):
        other = self.write("other.h", "int none;\n")
        self.edit("vfio.h", ID, r"\g<0>\n#define VFIO_REGION_INFO_CAP_NEW 0x6")
        code, lines, errors = self.run_script(other, self.path("vfio.h"))
        self.assertEqual(code, 2)
        self.assertIn(other, errors)
        self.assertEqual(len(lines), 1)
        self.assertTrue(all(f": {self.path('vfio.h')}: " in line for line in lines))

    def test_bad_headers(self):
        for path, says in ((self.path("none.h"), "No such file .*: give the path of a vfio.h"),
                           (self.dir, "Is a directory: give the path of a vfio.h"),
                           (self.write("a.h", ""), "is empty"), (self.write("b.h", " \n\n"), "is empty"),
                           (self.write("c.h", bytes(range(256))), "is binary"),
                           (self.write("d.h", b"\xff\xfe{{{/*"), "has no struct vfio_info_cap_h"),
                           (self.path("vfio_zdev.h"), "has no struct .* is read by itself")):
            self.unusable(path, says=says)
        for before, after, says in (
                (r"^struct vfio_region_info \{$", "struct vfio_other {",
                 "has no struct vfio_region_info: give a vfio.h"),
                (r"^\t__u32\tindex;\t\t/\* Region index \*/$", "\t__u32 index : 8;",
                 "not understood: `__u32 index : 8` in struct vfio_region_info: teach it"),
                (r"^\t__u32\tindex;\t\t/\* Region index \*/$", "\tstruct vfio_region_info inner;",
                 "struct vfio_region_info is in itself")):
            self.renew()
            self.edit("vfio.h", before, after)
            self.unusable(self.path("vfio.h"), says=says)

    def test_bad_layouts(self):
        header = self.path("vfio.h")
        self.unusable(header, layout=self.path("none.h"), says="give the path of a layout.h")
        self.unusable(header, layout=header, says="has no LAYOUT_INFOS list")
        text = Path(LAYOUT).read_text("utf-8")
        for before, after, says in (("CAP(DEVICE, 1, ", "CAP(DEVICE, ", "LAYOUT_CAPS has a row"),
                                    ("FLAG(DEVICE, PCI, 1,", "FLAG(DEVICE, PCI, one,", "LAYOUT_FLAGS has a row"),
                                    ("define LAYOUT_TYPE(", "define LAYOUT_KIND(", "has no LAYOUT_TYPE list")):
            self.assertIn(before, text)
            layout = self.write("layout.h", text.replace(before, after).encode())
            self.unusable(header, layout=layout, says=says)

    def test_usage(self):
        for args in ((), ("--nope",)):
            made = run(sys.executable, SCRIPT, *args)
            self.assertEqual((made.returncode, made.stdout), (2, ""))
            self.assertIn("usage:", made.stderr)


if __name__ == "__main__":
    run_tests()
