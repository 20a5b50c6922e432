# SPDX-License-Identifier: MIT
"""
Which planted bugs came into the tree after the mutator's last change, so that it cannot have been made
for them. Git says it. A commit whose message has the line `Mutator-results: same` mended something and
is no change: which is not taken on trust, but held to what the mutator of its parent makes of every
seed, of a merge to any parent's. Where that differs, or cannot be built, the commit is a change like any other.
"""

import functools
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from fuzz.alone import run
from fuzz.mutator_library import Library
from gen.names import BUFFERS as KINDS

# What the mutator is made of, and where that was before fuzz/ had rooms.
MUTATOR = ("fuzz/mutator/mutate*.[ch]", "fuzz/chain/chain.[ch]", ":!fuzz/mutator/mutate*_test.c",
           "fuzz/mutate*.[ch]", "fuzz/chain.[ch]", ":!fuzz/mutate*_test.c")
SAME = "Mutator-results: same"
# Of each seed.
MUTATIONS = 40


def git(*arguments):
    """What git prints, or "" where there is no history to ask."""
    try:
        return subprocess.run(["git", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return ""


def results(build, seeds):
    """A digest of what the mutator of a build makes of every seed of each kind."""
    digest = hashlib.sha256()
    for kind in KINDS:
        library, folder = Library(build, kind, 1), os.path.join(seeds, kind)
        for name in sorted(os.listdir(folder)):
            data = Path(os.path.join(folder, name)).read_bytes()
            for _ in range(MUTATIONS):
                made = library.fuzz(data, None, 4096)
                digest.update(len(made).to_bytes(4, "little") + made)
        library.end()
    return digest.hexdigest()


@functools.cache
def results_at(commit, seeds):
    """The same of a commit, built aside; None where it does not build, and says why."""
    with tempfile.TemporaryDirectory(prefix="bench-later-") as tree:
        status, said = run(
            ["sh", "-c", 'git archive "$1" | tar -x -C "$2" && exec make -s -C "$2" BUILD=build $3',
             "sh", commit, tree, " ".join(f"build/afl/mutator_{kind}.so" for kind in KINDS)], {"MAKEFLAGS": ""})
        if status:
            print(f"{commit} does not build: {(said.splitlines() or ['it says nothing'])[0]}")
            return None
        return results(os.path.join(tree, "build"), seeds)


def last_change(seeds):
    """The newest commit that changed what the mutator does, or "" where git knows of none."""
    for commit in git("log", "--format=%h", "--", *MUTATOR).split():
        if SAME not in git("log", "-1", "--format=%B", commit).splitlines():
            return commit
        before = [results_at(parent, seeds) for parent in git("log", "-1", "--format=%p", commit).split()]
        if results_at(commit, seeds) not in filter(None, before):
            print(f"{commit} says `{SAME}`, and the mutator before it makes other results, or none")
            return commit
    return ""


def later_bugs(bugs, seeds):
    """The commit of the mutator's last change, and those of the bugs that were added after it."""
    last = git("rev-parse", "--is-shallow-repository").strip() == "false" and last_change(seeds)
    if not last:
        return None, []
    # A file that was moved, from wherever it was, is not new. Without a limit git tells moves of any number.
    added = git("log", "--diff-filter=A", "--find-renames", "-l0", "--format=", "--name-only", f"{last}..HEAD")
    names = {os.path.basename(path) for path in added.split() if path.startswith("fuzz/planted/")}
    return last, [bug for bug in bugs if f"{bug.removeprefix('planted-')}.c" in names]
