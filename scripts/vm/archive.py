# SPDX-License-Identifier: MIT
"""Debian's archive, asked once: lists of every suite that has kernels, kept below build/vm/ and apart from this
machine's own, and packages out of them. Nothing is installed."""
import functools
import glob
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

BUILD = "build/vm"
MIRROR, SECURITY = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
DEBIAN_12 = ("bookworm", "bookworm-security", "bookworm-backports")
SUITES = (*DEBIAN_12, "trixie", "trixie-security", "trixie-backports", "sid", "experimental")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Of all packages, those that are used here.
USED = re.compile(r"linux-(?:image|binary|modules|base|headers|kbuild|source|libc-dev)\b|busybox-static\n|"
                  r"lib(?:c6|c6-dev|gcc-s1|crypt1|yaml-dev|jansson-dev|bpf-dev|elf-dev)\n|zlib1g-dev\n")
FIELDS = ("Package", "Version", "Depends", "Architecture")


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
        raise Fail(f"{' '.join(command[:2])}: {' '.join(done.stderr.split())[-300:]}; {what}")
    return done.stdout


def is_newer(one, other):
    return subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False).returncode == 0


def newest(packages):
    """Of packages the one of the newest version."""
    return functools.reduce(lambda one, other: other if is_newer(other["Version"], one["Version"]) else one, packages)


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


class Archive:
    """The packages of USED that Debian has for the architecture @name, by suite."""

    def __init__(self, name):
        self.folder = os.path.abspath(os.path.join(BUILD, "apt", name))
        os.makedirs(f"{self.folder}/lists/partial", exist_ok=True)
        os.makedirs(f"{self.folder}/cache/archives/partial", exist_ok=True)
        Path(self.folder, "status").write_text("", "ascii")
        # bookworm-security is a suite of another place.
        Path(self.folder, "sources").write_text("".join(
            f"deb [arch={name} signed-by={KEYRING}] "
            f"{SECURITY if suite.endswith('-security') else MIRROR} {suite} main\n"
            for suite in SUITES), "ascii")
        settings = {"Dir::State": self.folder, "Dir::State::status": f"{self.folder}/status",
                    "Dir::State::lists": f"{self.folder}/lists", "Dir::Cache": f"{self.folder}/cache",
                    "Dir::Etc::sourcelist": f"{self.folder}/sources", "Dir::Etc::sourceparts": "/dev/null",
                    "APT::Architecture": name, "APT::Architectures": name, "Acquire::Languages": "none",
                    "Acquire::GzipIndexes": "false", "Acquire::PDiffs": "false", "APT::Sandbox::User": "root"}
        self.options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        self.packages = self.read()

    def read(self):
        """Fetches lists, which costs little where they are those of before; without network those are used."""
        done = subprocess.run(["apt-get", "-qq", *self.options, "update"], capture_output=True, text=True, check=False)
        lists = sorted(Path(self.folder, "lists").glob("*_Packages"))
        if not lists:
            raise Fail(f"apt-get update: {' '.join(done.stderr.split())[-300:]}; check the network")
        stamp = [USED.pattern, *([each.name, each.stat().st_mtime_ns, each.stat().st_size] for each in lists)]
        known = Path(self.folder, "packages.json")
        if known.exists():
            said = json.loads(known.read_text("utf-8"))
            if said["stamp"] == stamp:
                return said["packages"]
        packages = [dict(self.fields(text), Suite=suite) for each in lists
                    for suite in [re.search(r"_dists_([a-z-]+)_", each.name)[1]]
                    for text in each.read_text("utf-8").split("\n\n") if USED.match(text, len("Package: "))]
        known.write_text(json.dumps({"stamp": stamp, "packages": packages}), "utf-8")
        return packages

    @staticmethod
    def fields(text):
        return {key: value for key, _, value in (line.partition(": ") for line in text.splitlines()) if key in FIELDS}

    def named(self, pattern, suites=SUITES):
        """Packages whose whole name is @pattern."""
        return [each for each in self.packages if each["Suite"] in suites and re.fullmatch(pattern, each["Package"])]

    def fetch(self, packages, folder):
        """Their files in @folder, each where it was fetched to."""
        words = [f"{each['Package']}={each['Version']}" for each in packages]
        print(f"fetching {' '.join(words)}", flush=True)
        run(["apt-get", *self.options, "download", *words], "check the network", cwd=folder)
        return [str(next(Path(folder).glob(f"{each['Package']}_*.deb"))) for each in packages]

    def unpack(self, packages, folder):
        files = self.fetch(packages, folder)
        for deb in files:
            run(["dpkg-deb", "-x", deb, folder], "the package is broken: remove " + folder)
            os.remove(deb)


@functools.lru_cache(None)
def archive(name="amd64"):
    return Archive(name)
