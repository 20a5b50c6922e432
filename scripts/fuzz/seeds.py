# SPDX-License-Identifier: MIT
"""Turns the corpus into what the engines start from: one folder of byte files a kind."""

import hashlib
import json
import os
import re
import subprocess
import types
from pathlib import Path

from fuzz.report import NO_ENGINE, NOT_FINE, UNUSABLE, Refused, check

# What is right for each input is no input.
NO_SEEDS = ("expect",)
# What `capchain check FOLDER` leaves out too; see fuzz/cmd/input.c.
NO_INPUTS = (".md", ".dict", ".txt", ".replies", ".tmp", "~")


def target_name(kind):
    """The program that fuzzes @kind."""
    return "fuzz_fetch" if kind == "fetch" else f"fuzz_{kind}_info"


def find_sources(corpus, kind):
    """The files of @corpus that hold a buffer of @kind, by name, relative to it."""
    found = []
    for folder, folders, names in os.walk(corpus):
        folders[:] = sorted(name for name in folders
                            if name not in NO_SEEDS and not name.startswith("."))
        found += [os.path.relpath(os.path.join(folder, name), corpus) for name in names
                  if name.startswith(kind + "-") and not name.endswith(NO_INPUTS)]
    return sorted(found)


def assemble(setup, texts):
    """Writes the bytes of @texts, pairs of a text and where its bytes go."""
    while texts:
        # A command line has room for these.
        assemble_some(setup, texts[:200])
        texts = texts[200:]


def assemble_some(setup, texts):
    pairs = [word for source, out in texts for word in (source, "-o", out)]
    try:
        done = subprocess.run([setup.capchain, "asm", *pairs], capture_output=True,
                              text=True, errors="replace", stdin=subprocess.DEVNULL, check=False,
                              start_new_session=True)
    except OSError as error:
        raise Refused(f"{setup.capchain}: {error.strerror}", NO_ENGINE) from None
    if done.returncode:
        said = done.stderr.strip() or f"{texts[0][0]}: `capchain asm` ended with {done.returncode}"
        raise Refused(said.splitlines()[-1].removeprefix("capchain: "),
                      max(done.returncode, UNUSABLE))


def write(path, data):
    """Writes @path whole or not at all."""
    temporary = f"{path}.{os.getpid()}.tmp"
    Path(temporary).write_bytes(data)
    os.replace(temporary, path)


def read_made(path):
    """What an earlier run made: name to digest of what it was made from."""
    try:
        with open(path, encoding="utf-8") as file:
            made = json.load(file)
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


def seed_name(source):
    """The kind stays in front, and .yaml goes: it would say that this is text."""
    return re.sub(r"\.yaml$", "", os.path.basename(source)) + "." + (
        os.path.dirname(source).replace(os.sep, "-") or "corpus")


def prepare(setup, kind):
    """
    Makes setup.seeds(kind) what the corpus says, writing only what has changed, and returns the
    number of seeds. Refuses where there is none: a fuzzer that starts from nothing shows nothing.
    """
    folder = setup.seeds(kind)
    os.makedirs(folder, exist_ok=True)
    before, made, texts = read_made(folder + ".json"), {}, []
    assembler = str(os.stat(setup.capchain).st_mtime_ns).encode()
    for source in find_sources(setup.corpus, kind):
        path = os.path.join(setup.corpus, source)
        text = source.endswith(".yaml")
        name = seed_name(source)
        digest = hashlib.sha256(Path(path).read_bytes() + (assembler if text else b"")).hexdigest()
        out = os.path.join(folder, name)
        if before.get(name) != digest or not os.path.exists(out):
            if text:
                texts.append((path, out))
            else:
                write(out, Path(path).read_bytes())
        made[name] = digest
    assemble(setup, texts)
    for name in set(before) - set(made):
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))
    write(folder + ".json", json.dumps(made, indent=0, sort_keys=True).encode())
    if not made:
        raise Refused(f"no {kind} seed under {setup.corpus} (files named {kind}-*): "
                      "a fuzzer that starts from nothing shows nothing", NOT_FINE)
    return len(made)


def prepared(folder, kinds, capchain, corpus="corpus"):
    """{kind: its seeds below @folder}, all of @corpus."""
    setup = types.SimpleNamespace(corpus=corpus, capchain=capchain, seeds=lambda kind: os.path.join(folder, kind))
    for kind in kinds:
        prepare(setup, kind)
    return {kind: setup.seeds(kind) for kind in kinds}


def plain(capchain, kind, folder):
    """Those of the seeds in @folder that corpus/seeds has and the reference calls plain."""
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".seeds")]
    return [one["file"] for one in check(capchain, kind, paths) if one["class"] == "plain"]
