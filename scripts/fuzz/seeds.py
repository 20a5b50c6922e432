# SPDX-License-Identifier: MIT
"""Turns the corpus into what the engines start from: one folder of byte files a kind."""

import os
import subprocess
import tempfile
import types
from pathlib import Path

from fuzz.report import NO_ENGINE, NOT_FINE, UNUSABLE, Refused, check
from gen.whole import write

# What is right for each input is no input.
NO_SEEDS = ("expect",)
# What `capchain check FOLDER` leaves out too; see fuzz/cmd/input.c.
NO_INPUTS = (".md", ".dict", ".txt", ".replies", ".tmp", "~")
# Texts a call of `capchain asm`: a command line has room for these.
AT_ONCE = 200


def target_name(kind):
    """The program that fuzzes @kind."""
    return "fuzz_fetch" if kind == "fetch" else f"fuzz_{kind}_info"


def find_sources(corpus, kind):
    """The files of @corpus that hold a buffer of @kind, by name, relative to it."""
    found = []
    for folder, folders, names in os.walk(corpus):
        folders[:] = [name for name in folders if name not in NO_SEEDS and not name.startswith(".")]
        found += [os.path.relpath(os.path.join(folder, name), corpus) for name in names
                  if name.startswith(kind + "-") and not name.endswith(NO_INPUTS)]
    return sorted(found)


def assemble(capchain, texts):
    """The bytes of each of the files @texts."""
    made = []
    with tempfile.TemporaryDirectory(prefix="seeds-") as folder:
        for start in range(0, len(texts), AT_ONCE):
            some = {text: os.path.join(folder, str(i)) for i, text in enumerate(texts[start:start + AT_ONCE])}
            words = [word for text, out in some.items() for word in (text, "-o", out)]
            try:
                done = subprocess.run([capchain, "asm", *words], capture_output=True, text=True, errors="replace",
                                      stdin=subprocess.DEVNULL, check=False, start_new_session=True)
            except OSError as error:
                raise Refused(f"{capchain}: {error.strerror}", NO_ENGINE) from None
            if done.returncode:
                said = done.stderr.strip() or f"{words[0]}: `capchain asm` ended with {done.returncode}"
                raise Refused(said.splitlines()[-1].removeprefix("capchain: "), max(done.returncode, UNUSABLE))
            made += [Path(out).read_bytes() for out in some.values()]
    return made


def seed_name(source):
    """The kind stays in front, and .yaml goes: it would say that this is text."""
    return f"{os.path.basename(source).removesuffix('.yaml')}." + (
        os.path.dirname(source).replace(os.sep, "-") or "corpus")


def prepare(setup, kind):
    """
    Makes setup.seeds(kind) what the corpus says, writing only what has changed, and returns the
    number of seeds. Refuses where there is none: a fuzzer that starts from nothing shows nothing.
    """
    folder, paths = setup.seeds(kind), {}
    os.makedirs(folder, exist_ok=True)
    for source in find_sources(setup.corpus, kind):
        paths[seed_name(source)] = os.path.join(setup.corpus, source)
    if not paths:
        raise Refused(f"no {kind} seed under {setup.corpus} (files named {kind}-*): "
                      "a fuzzer that starts from nothing shows nothing", NOT_FINE)
    texts = [path for path in paths.values() if path.endswith(".yaml")]
    assembled = dict(zip(texts, assemble(setup.capchain, texts)))
    before = {name for name in os.listdir(folder) if not name.endswith(".tmp")}
    for name, path in paths.items():
        data, out = assembled[path] if path in assembled else Path(path).read_bytes(), os.path.join(folder, name)
        if name not in before or Path(out).read_bytes() != data:
            write(out, data)
    for name in before - set(paths):
        Path(folder, name).unlink(missing_ok=True)
    return len(paths)


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
