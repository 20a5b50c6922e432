# SPDX-License-Identifier: MIT
"""What the user gave as a parser: a file and what it needs, looked at before anything is built."""

import hashlib
import os
import re
import stat

from fuzz.own_tools import Refused, output, shown, words

CFAMILY = (".c", ".cc", ".cpp", ".cxx", ".C")
SOURCES = (*CFAMILY, ".rs")
BINARIES = (".o", ".a")
# Libraries that no parser stands in.
SYSTEM = {"c", "m", "dl", "rt", "util", "pthread", "atomic", "gcc", "gcc_s", "stdc++", "c++",
          "c++abi", "unwind"}
HOOK = re.compile(r"__sanitizer_cov_load\d|__tsan_(unaligned_)?read")
SANITIZER = re.compile(r"__(asan|hwasan|msan|ubsan|lsan)_")


def symbols(path):
    """
    Global symbols of an object or archive: name to (defined, type, size). Asked of readelf, since
    nm has plugins that look into Rust's bitcode, and end there.
    """
    found = {}
    for line in output(["readelf", "-sW", path]).stdout.splitlines():
        parts = line.split()
        if len(parts) >= 8 and parts[4] in ("GLOBAL", "WEAK", "UNIQUE"):
            defined = parts[6] != "UND"
            if defined or parts[7] not in found:
                found[parts[7]] = (defined, parts[3], int(parts[2], 0))
    return found


def check_file(path, kinds=(*SOURCES, *BINARIES)):
    """Refuses what is no file of a kind that can be built in."""
    if not os.path.splitext(path)[1] in kinds:
        raise Refused(f"{shown(path)}: want source ({' '.join(SOURCES)}), an object (.o) or an "
                      "archive (.a)")
    try:
        if not os.path.isdir(path) and not stat.S_ISREG(os.stat(path).st_mode):
            raise Refused(f"{shown(path)}: is a pipe, socket or device, not a file")
        with open(path, "rb") as file:
            head = file.read(8)
    except OSError as error:
        raise Refused(f"{shown(path)}: {error.strerror}") from None
    if not path.endswith(BINARIES):
        return
    if head[:4] == b"BC\xc0\xde":
        raise Refused(f"{shown(path)}: LLVM bitcode; compile it without -flto")
    if not head.startswith((b"\x7fELF", b"!<arch>\n")):
        raise Refused(f"{shown(path)}: neither an ELF object nor an archive")
    check_machine(path)
    check_sanitizers(path)


def check_sanitizers(path):
    """gcc's load hooks are ThreadSanitizer's calls; the others want a runtime that is not here."""
    for name in symbols(path):
        found = SANITIZER.match(name)
        if found:
            raise Refused(f"{shown(path)}: built with a sanitizer (it calls {name}); build it "
                          "without, or give its source")


def check_machine(path):
    """All members are for the machine that this runs on."""
    for line in output(["readelf", "-hW", path]).stdout.splitlines():
        key, _, value = line.strip().partition(":")
        if key == "Machine" and not value.strip().endswith("X86-64"):
            raise Refused(f"{shown(path)}: for {value.strip()}, and this machine is x86-64")
        if key == "Class" and value.strip() != "ELF64":
            raise Refused(f"{shown(path)}: a 32-bit object; 64-bit is wanted")


class Given:
    """What the user gave: FILE and PARSER_LIBS, taken apart."""

    def __init__(self, parser):
        self.parser = os.path.abspath(parser)
        check_file(self.parser)
        self.cflags, self.files, self.options = words("PARSER_CFLAGS"), [self.parser], []
        for word in words("PARSER_LIBS"):
            if word.startswith("-"):
                self.options.append(word)
            else:
                check_file(word)
                self.files.append(os.path.abspath(word))

    def folder(self, build):
        """One for each FILE with its options."""
        key = "\0".join([*self.files, *self.cflags, "", *self.options])
        name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.basename(self.parser))[:40]
        return os.path.join(build, "own", f"{name}-{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:8]}")

    def is_one_c_file(self):
        return self.parser.endswith(".c") and self.files == [self.parser] and not self.options

    def hooked(self):
        """
        Whether all of it has load hooks: source gets them; an object or archive has them where
        some of it calls them, since one build makes all of its objects the same way.
        """
        return (all(path.endswith(SOURCES) or any(map(HOOK.match, symbols(path)))
                    for path in self.files) and
                all(word[2:] in SYSTEM for word in self.options if word.startswith("-l")))
