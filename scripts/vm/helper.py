# SPDX-License-Identifier: MIT
"""Holds parsers/kernel.c's walk to the kernel's own: cuts the chain helpers out of Debian's kernel source into
a temporary directory, builds them with the shims of helper.h and the hooks that parsers have, and runs
helper.c over the corpus and the space of small chains. Nothing of the kernel's text is kept."""
import os
import re
import subprocess
import tempfile
from pathlib import Path

from archive import run
from kernels import source_of

OWN = "build/clang/own.a"
COMMAND = "build/clang/own_command.a"
FLAGS = "build/clang/flags"
PROGRAM = "build/vm/helper.o"
# What is cut out: a definition, to the line that ends it.
CUTS = (("include/linux/vfio.h", r"^struct vfio_info_cap \{.*?^\};\n"),
        ("drivers/vfio/vfio_main.c",
         r"^struct vfio_info_cap_header \*vfio_info_cap_add\(.*?^\}\n"),
        ("drivers/vfio/vfio_main.c", r"^void vfio_info_cap_shift\(.*?^\}\n"))
# A walk of kernel.c that is not the kernel's, each an edit that has to be seen: what it is, text, other text.
ALTERED = (("that ends one header early", "} while (offset);",
            "} while (offset && overlay_header(copy, offset)->next);"),
           ("that tests for an end before the first header", "\tdo {\n\t\toverlay_cap(",
            "\tif (!overlay_header(copy, offset)->next)\n\t\treturn answer(VERDICT_OK);\n"
            "\tdo {\n\t\toverlay_cap("),
           ("with a bound", "} while (offset);", "} while (offset && offset < 4096);"),
           ("that aligns", "offset)->next;", "offset)->next & ~3u;"))


def cut(source):
    """The text of the helpers and their struct; ValueError where it is not what it was."""
    pieces = ['#include "scripts/vm/helper.h"\n']
    for name, pattern in CUTS:
        found = re.findall(pattern, Path(os.path.join(source, name)).read_text("utf-8"), re.M | re.S)
        if len(found) != 1:
            raise ValueError(f"{name} has {len(found)} of {pattern}; want one")
        pieces.append(found[0])
    # helper.c has a struct of its own for it.
    pieces.append("_Static_assert(sizeof(struct vfio_info_cap) == 16 && "
                  "offsetof(struct vfio_info_cap, size) == 8, \"\");\n")
    return "".join(pieces)


def flags():
    return dict(line.split(" ", 1) for line in Path(FLAGS).read_text("ascii").splitlines() if " " in line)


def compiled(folder, name, text, more=()):
    """The object of @text, with the hooks that parsers have."""
    source, made = f"{folder}/{name}.c", f"{folder}/{name}.o"
    Path(source).write_text(text, "utf-8")
    run([flags()["compiler"], *flags()["compile"].split(), "-std=gnu11", "-D_GNU_SOURCE", "-w",
         "-iquote", ".", "-iquote", "parsers", *more, "-c", source, "-o", made],
        "the kernel's helpers do not build with the shims of scripts/vm/helper.h")
    return made


def linked(folder, name, objects):
    program = f"{folder}/{name}"
    run([flags()["compiler"], PROGRAM, *objects, COMMAND, OWN, "-lcmocka", "-lyaml", "-ljansson",
         "-o", program], "make check-vm builds what is missing")
    return program


def said(program):
    return subprocess.run([program, "corpus"], capture_output=True, text=True, check=False)


def check(version, hold):
    """@hold(fine, what) for each outcome."""
    with tempfile.TemporaryDirectory(prefix="capchain-helper-") as folder:
        kernel = compiled(folder, "kernel_helpers", cut(source_of(version)))
        # Its loads of 4 bytes are those of `next`.
        run(["objcopy", "--redefine-sym", "__sanitizer_cov_load4=saw_next", kernel],
            "install the Debian package binutils")
        done = said(linked(folder, "helper", [kernel]))
        counts = [line for line in done.stdout.splitlines() if "differences 0" in line]
        for line in counts or (done.stdout + done.stderr).splitlines()[-12:]:
            hold(done.returncode == 0 and len(counts) == 2,
                 f"{version}: kernel.c walks as the kernel's helpers do: {line}")
        ours = Path("parsers/kernel.c").read_text("utf-8")
        for what, old, new in ALTERED:
            if ours.count(old) != 1:
                hold(False, f"{version}: parsers/kernel.c has no one place for a walk {what}")
                continue
            other = compiled(folder, "altered", ours.replace(old, new))
            done = said(linked(folder, "helper", [other, kernel]))
            hold(done.returncode in (1, 2) and "differs from the kernel" in done.stdout + done.stderr,
                 f"{version}: a walk {what} is seen to differ")
