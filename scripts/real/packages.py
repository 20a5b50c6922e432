# SPDX-License-Identifier: MIT
"""
Source as Debian's archive serves it: packages.txt has a row for each version of a program, with the file and its
SHA-256. A file is fetched once, by apt's own helper, and unpacked as far as its program's row wants it. What the
archive lists and does not serve is told, and nothing more comes of it.
"""

import functools
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from fuzz.own_tools import MISSING, Refused
from gen.whole import write

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages.txt")
MIRROR = "http://deb.debian.org/debian"
HELPER = "/usr/lib/apt/apt-helper"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Row:
    program: str
    version: str
    package: str
    full: str
    suite: str
    path: str
    sha256: str
    state: str

    def line(self):
        return " ".join((self.program, self.version, self.package, self.full, self.suite, self.path, self.sha256,
                         self.state))

    def number(self):
        return tuple(int(part) for part in self.version.split("."))


def read_rows(path=TABLE):
    rows = []
    for number, line in enumerate(Path(path).read_text("ascii").splitlines(), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 8 or not re.fullmatch(r"[0-9a-f]{64}", words[6]) or words[7] not in ("served", "listed") or \
                not re.fullmatch(r"\d+\.\d+", words[1]):
            raise Refused(f"{path}:{number}: want program, version (7.2), package, its version, suite, file, SHA-256, "
                          "served or listed")
        rows.append(Row(*words))
    return rows


def write_rows(rows, path=TABLE):
    head = [line for line in Path(path).read_text("ascii").splitlines() if line.startswith("#")]
    write(path, "\n".join([*head, *(row.line() for row in rows)]) + "\n")


def sha256_of(path):
    made = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()


def run(command, what, **options):
    try:
        done = subprocess.run(command, capture_output=True, check=False, **options)
    except OSError as error:
        raise Refused(f"{command[0]}: {error.strerror}; {what}", MISSING) from None
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-200:]
        raise Refused(f"{command[0]}: {said}; {what}", MISSING)
    return done.stdout


class Packages:
    """What was fetched and unpacked, below @folder; @mirror is Debian's or another."""

    def __init__(self, folder, mirror=MIRROR):
        self.folder, self.mirror = folder, mirror

    def fetch(self, row):
        """The file of @row, or None where it is not served."""
        made = os.path.join(self.folder, "packages", os.path.basename(row.path))
        if os.path.exists(made) and sha256_of(made) == row.sha256:
            return made
        os.makedirs(os.path.dirname(made), exist_ok=True)
        try:
            done = subprocess.run([HELPER, "download-file", f"{self.mirror}/{row.path}", made], capture_output=True,
                                  text=True, check=False, env={**os.environ, "LC_ALL": "C"})
        except OSError as error:
            raise Refused(f"{HELPER}: {error.strerror}; sources come from Debian's archive (package apt), or bring a "
                          "tree: SRC=/path", MISSING) from None
        if done.returncode or not os.path.exists(made):
            said = done.stdout + done.stderr
            if re.search(r"\b404\b", said) or "Not Found" in said or not said.strip() or "Download Failed" in said \
                    and not re.search(r"resolv|connect|unreachable|[Tt]imeout", said):
                return None
            raise Refused(f"{row.path}: {' '.join(said.split())[-200:]}; check the network, or bring a tree: "
                          "SRC=/path", MISSING)
        if sha256_of(made) != row.sha256:
            os.remove(made)
            raise Refused(f"{row.path}: its SHA-256 is not the one in {os.path.basename(TABLE)}; it was removed",
                          MISSING)
        return made

    def unpack(self, row, path, wanted):
        """The tree of @row, as far as @wanted has it; one leading folder is taken off."""
        key = hashlib.sha256("\0".join((row.sha256, *wanted)).encode()).hexdigest()[:16]
        tree = os.path.join(self.folder, "src", f"{row.program}-{row.version}-{key}")
        if os.path.exists(os.path.join(tree, ".whole")):
            return tree
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree)
        if path.endswith(".deb"):
            self.unpack_deb(path, tree, wanted)
        else:
            self.unpack_tar(["tar", "-xf", path], tree, wanted, 1)
        write(os.path.join(tree, ".whole"), "")
        return tree

    @staticmethod
    def unpack_tar(command, tree, wanted, strip, **options):
        # A pattern that matches nothing is told by whoever looks for its file.
        done = subprocess.run([*command, "-C", tree, f"--strip-components={strip}", "--wildcards", "--no-same-owner",
                               *(f"*/{pattern}" for pattern in wanted)], capture_output=True, check=False, **options)
        said = done.stderr.decode(errors="replace")
        if done.returncode and not re.search("Not found in archive", said):
            raise Refused(f"tar: {' '.join(said.split())[-200:]}; the file is broken: remove build/real/packages",
                          MISSING)

    def unpack_deb(self, path, tree, wanted):
        """What a binary package has of source: a tarball of a kernel's tree, or a crate's folder."""
        listed = run(["dpkg-deb", "-c", path], "the package is broken: remove build/real/packages").decode()
        inner = re.search(r"(\./usr/src/\S+\.tar\.\w+)$", listed, re.M)
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as outer:
            if not inner:
                # ./usr/share/cargo/registry/NAME-VERSION/
                self.unpack_tar(["tar", "-x"], tree, wanted, 6, stdin=outer.stdout)
                return
            with subprocess.Popen(["tar", "-xO", inner[1]], stdin=outer.stdout, stdout=subprocess.PIPE) as taken:
                self.unpack_tar(["tar", "-xJ"], tree, wanted, 1, stdin=taken.stdout)

    @functools.cached_property
    def listed(self):
        """What the suites' indexes list, (package, suite) to [(version, path, sha256)]. Minutes, the first time."""
        folder = os.path.join(os.path.abspath(self.folder), "apt")
        os.makedirs(f"{folder}/lists/partial", exist_ok=True)
        os.makedirs(f"{folder}/cache/archives/partial", exist_ok=True)
        suites = sorted({row.suite for row in read_rows()})
        write(f"{folder}/status", "")
        write(f"{folder}/sources", "".join(f"{kind} [arch=amd64 signed-by={KEYRING}] {self.mirror} {suite} main\n"
                                            for suite in suites for kind in ("deb", "deb-src")))
        settings = {"Dir::State": folder, "Dir::State::status": f"{folder}/status",
                    "Dir::State::lists": f"{folder}/lists", "Dir::Cache": f"{folder}/cache",
                    "Dir::Etc::sourcelist": f"{folder}/sources", "Dir::Etc::sourceparts": "/dev/null",
                    "Acquire::Languages": "none", "Acquire::GzipIndexes": "false", "Acquire::PDiffs": "false",
                    "APT::Sandbox::User": "root"}
        run(["apt-get", "-qq", *(word for key, value in settings.items() for word in ("-o", f"{key}={value}")),
             "update"], "check the network")
        return {(package, suite): found for suite in suites
                for package, found in self.entries(folder, suite, {row.package for row in read_rows()})}

    @staticmethod
    def entries(folder, suite, packages):
        for path in Path(folder, "lists").glob(f"*_dists_{suite}_main_*"):
            if not path.name.endswith(("Sources", "Packages")):
                continue
            found = {}
            for text in path.read_text("utf-8").split("\n\n"):
                name = re.match(r"Package: (\S+)", text)
                entry = name and name[1] in packages and entry_of(text)
                if entry:
                    found.setdefault(name[1], []).append(entry)
            yield from found.items()

    def newer(self, row):
        """@row with what its suite has of the same version of the program today, or None."""
        found = [entry for entry in self.listed.get((row.package, row.suite), [])
                 if re.match(rf"(?:\d+:)?{re.escape(row.version)}\b", entry[0]) and entry[2] != row.sha256]
        if not found:
            return None
        full, path, sha256 = functools.reduce(lambda a, b: b if is_newer(b[0], a[0]) else a, found)
        return replace(row, full=full, path=path, sha256=sha256, state="served")


def is_newer(one, other):
    return subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False).returncode == 0


def entry_of(text):
    """(version, path, sha256) of one paragraph of an index: its orig tarball, or the package itself."""
    fields = dict(re.findall(r"^(Version|Directory|Filename|SHA256): (\S+)$", text, re.M))
    orig = re.search(r"^ ([0-9a-f]{64}) \d+ (\S+\.orig\.tar\.\w+)$", text, re.M)
    if "Filename" in fields:
        return fields["Version"], fields["Filename"], fields["SHA256"]
    return (fields["Version"], f"{fields['Directory']}/{orig[2]}", orig[1]) if orig else None
