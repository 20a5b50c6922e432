#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make dist: the archives of a release, and their checksums.

Usage: dist.py [--capchain FILE] OUT

  capchain-VERSION.tar.gz           the sources: every file that git knows; without git, every file
                                    but build/
  capchain-vendor-VERSION.tar.gz    what other projects copy: bounded.h, fetch.h, pcicaps.h, LICENSE, VERSION,
                                    the corpus as bytes, and its expected verdicts in JSON, whose
                                    form corpus/VERDICTS.md describes
  SHA256SUMS                        for `sha256sum -c`

The same tree gives the same bytes: names are sorted, files belong to nobody, and their date is
SOURCE_DATE_EPOCH, 1 January 1970 without it. FILE (build/capchain) is asked for the verdicts.

Exit status: 0; 2 the tree or FILE cannot be used; 3 this machine is big-endian, and the corpus is not;
5 OUT cannot be written.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FORM = {"form": "capchain-verdicts", "form_version": 1}
INPUTS = ("captured", "nights", "regressions", "seeds", "spaces")
# What `check --json` says of an input, and other projects can use.
KEPT = ("kind", "len", "argsz", "class", "reference", "rules", "notes")
VENDORED = {"bounded.h": "parsers/include/bounded.h", "fetch.h": "parsers/include/fetch.h",
            "pcicaps.h": "parsers/include/pcicaps.h",
            "LICENSE": "LICENSE", "VERDICTS.md": "corpus/VERDICTS.md"}


class Refused(Exception):
    def __init__(self, line, status=2):
        super().__init__(line)
        self.status = status


def read(path):
    return Path(os.path.join(ROOT, path)).read_bytes()


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise Refused(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def version():
    found = re.search(rb'CAPCHAIN_VERSION "(\S+)"', read("fuzz/cmd/version.h"))
    return found[1].decode()


def sources():
    """Paths of all that belongs to the tree."""
    if os.path.exists(os.path.join(ROOT, ".git")):
        names = run(["git", "ls-files", "-z"]).decode().split("\0")
        return [name for name in names if os.path.isfile(os.path.join(ROOT, name))]
    return [str(path.relative_to(ROOT)) for path in Path(ROOT).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.relative_to(ROOT).parts[0] != "build"]


def inputs():
    """Paths of the corpus' inputs."""
    return [f"corpus/{folder}/{name}" for folder in INPUTS
            for name in sorted(os.listdir(os.path.join(ROOT, "corpus", folder)))]


def in_archive(path):
    return "corpus/" + re.sub(r"(\.yaml|\.be\.bin)$", ".bin", path.removeprefix("corpus/"))


def assembled(capchain, paths):
    """{path: bytes} of texts, as `capchain asm` writes them, and of what a big-endian machine answered."""
    texts = [path for path in paths if path.endswith((".yaml", ".be.bin"))]
    with tempfile.TemporaryDirectory() as folder:
        sources = []
        for number, path in enumerate(texts):
            sources.append(path)
            if path.endswith(".be.bin"):
                sources[-1] = os.path.join(folder, f"{number}.yaml")
                Path(sources[-1]).write_bytes(run([capchain, "dis", path]))
        made = [os.path.join(folder, f"{number}.bin") for number in range(len(texts))]
        run([capchain, "asm", *(word for path, to in zip(sources, made) for word in (path, "-o", to))])
        return {path: read(to) for path, to in zip(texts, made)}


def verdict(parser):
    return " ".join(parser[key] for key in ("verdict", "reason") if key in parser)


def not_everywhere(capchain):
    """Parsers that some machine or build has not: an archive must not depend on that."""
    listed = map(json.loads, run([capchain, "list", "--json"]).decode().splitlines())
    return {each["parser"] for each in listed if "parser" in each and not each["everywhere"]}


def verdicts(capchain, paths):
    """The lines of verdicts.jsonl: what it is, then an object an input."""
    missing = not_everywhere(capchain)
    lines = [{**FORM, "capchain": version(), "inputs": len(paths)}]
    for line in run([capchain, "check", "--json", *paths]).decode().splitlines():
        said = json.loads(line)
        lines.append({"file": in_archive(said["file"]), **{key: said[key] for key in KEPT},
                      "parsers": {each["name"]: verdict(each) for each in said["parsers"]
                                  if each["verdict"] != "abstain" and each["name"] not in missing}})
    if len(lines) != len(paths) + 1:
        raise Refused(f"{capchain} judged {len(lines) - 1} of {len(paths)} inputs")
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


def archive(path, prefix, files):
    """Writes @files, {name: (bytes, whether it may run)}, to @path."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            data, runs = files[name]
            entry = tarfile.TarInfo(f"{prefix}/{name}")
            entry.size, entry.mode = len(data), 0o755 if runs else 0o644
            entry.mtime = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
            tar.addfile(entry, io.BytesIO(data))
    data = gzip.compress(packed.getvalue(), 9, mtime=0)
    Path(path).write_bytes(data)
    return f"{hashlib.sha256(data).hexdigest()}  {os.path.basename(path)}\n"


def main():
    parser = argparse.ArgumentParser(prog="dist.py", usage="%(prog)s [--capchain FILE] OUT", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capchain", default="build/capchain", help=argparse.SUPPRESS)
    parser.add_argument("out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    out, capchain = os.path.abspath(options.out), os.path.abspath(options.capchain)
    try:
        if sys.byteorder != "little":
            raise Refused("the corpus is little-endian, and this machine is not", 3)
        if not os.access(capchain, os.X_OK):
            raise Refused(f"{options.capchain} is missing: make")
        os.makedirs(out, exist_ok=True)
        said = run([capchain, "--version"]).decode().strip()
        if said != f"capchain {version()}":
            raise Refused(f"{options.capchain} is {said}, and the tree {version()}: make")
        tree = {path: (read(path), os.access(os.path.join(ROOT, path), os.X_OK)) for path in sources()}
        paths = inputs()
        texts = assembled(capchain, paths)
        vendor = {name: (read(path), False) for name, path in VENDORED.items()}
        vendor["VERSION"] = (f"{version()}\n".encode(), False)
        vendor["verdicts.jsonl"] = (verdicts(capchain, paths), False)
        vendor.update({in_archive(path): (texts[path] if path in texts else read(path), False) for path in paths})
        sums = [archive(os.path.join(out, f"{name}-{version()}.tar.gz"), f"{name}-{version()}", files)
                for name, files in (("capchain", tree), ("capchain-vendor", vendor))]
        Path(out, "SHA256SUMS").write_text("".join(sums), "ascii")
        print("".join(sums), end="")
        return 0
    except Refused as refused:
        print(f"dist: {refused}", file=sys.stderr)
        return refused.status
    except OSError as error:
        print(f"dist: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return 5


if __name__ == "__main__":
    sys.exit(main())
