# SPDX-License-Identifier: MIT
"""
What a slice pulls in: starting from its roots, clang is asked what is missing, that is looked for by name in the
program's files and cut out too, until nothing is missing. What the shim defines is found there, and stops it.
"""

import re
import subprocess

ROUNDS = 40
NEEDS = re.compile(
    r"(?:implicit declaration of function|call to undeclared (?:library )?function|use of undeclared identifier|"
    r"unknown type name|to refer to type|incomplete (?:definition of |result )?type|undefined) "
    r"'(?:const )?(?:struct |union |enum )?(\w+)")
LACKS = re.compile(r"no member named '(\w+)' in '([\w ]+)'")
ERROR = re.compile(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$", re.M)


class Lacking(Exception):
    """One line a fault: what neither the program's files nor the shim have."""


def missing(diagnostics):
    """Names that @diagnostics say are not there, in their order."""
    return list(dict.fromkeys(name for line in diagnostics.splitlines() for name in NEEDS.findall(line)))


def roots_of(index, roots):
    """The pieces of @roots, each "name" or "name | other name"."""
    found, lost = [], []
    for root in roots:
        names = [name.strip() for name in root.split("|")]
        piece = next((index.find(name) for name in names if index.find(name)), None)
        if piece:
            found.append(piece)
        else:
            lost.append(f"no function {' or '.join(names)} in its files")
    if lost:
        raise Lacking("\n".join(lost))
    return found


def closed(index, roots, stubs, check):
    """
    The pieces that @roots need, and the names that @stubs, a pattern, lets be nothing. @check(chosen, stubbed) is
    what the compiler says of a slice of them.
    """
    chosen, stubbed, said = list(roots), set(), ""
    for _ in range(ROUNDS):
        said = check(chosen, sorted(stubbed))
        names = missing(said)
        new = [name for name in names if name not in stubbed]
        for name in list(new):
            if stubs and re.fullmatch(stubs, name):
                stubbed.add(name)
                continue
            piece = index.find(name)
            if piece and piece not in chosen:
                chosen.append(piece)
                continue
            new.remove(name)
        if not new:
            break
    if said:
        raise Lacking(told(said, names))
    return chosen, sorted(stubbed)


def told(said, names):
    """What the compiler says, as lines for who mends a shim."""
    lines = [f"the shim lacks a member {member} of {of}" for member, of in LACKS.findall(said)]
    lines += [f"neither its files nor the shim have {name}" for name in names]
    lines += [f"{path}:{line}: {what}" for path, line, what in ERROR.findall(said)]
    return "\n".join(dict.fromkeys(lines)) or said.strip()


def check_with(command):
    """A check() that has clang look at a slice's text. @command: words up to the file, which is standard input."""
    def check(text):
        done = subprocess.run([*command, "-fsyntax-only", "-ferror-limit=0", "-fno-color-diagnostics",
                               "-Werror=implicit-function-declaration", "-x", "c", "-"], input=text,
                              capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""
    return check
