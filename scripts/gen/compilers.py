# SPDX-License-Identifier: MIT
"""The compilers that the caller chose, as words of a command: CLANG and GCC, and CLANGXX and GXX of C++."""

import os
import shlex
import shutil

CXX = {"clang": "clang++", "gcc": "g++"}


def c_of(family):
    return shlex.split(os.environ.get(family.upper()) or family)


def cxx_of(family):
    """Beside clang-22 that is clang++-22."""
    told = os.environ.get({"clang": "CLANGXX", "gcc": "GXX"}[family])
    command, *more = shlex.split(told) if told else c_of(family)
    if not told:
        folder, name = os.path.split(command)
        command = os.path.join(folder, name.replace(family, CXX[family]))
    return [command, *more]


def has(family):
    return shutil.which(c_of(family)[0]) is not None


def any_c():
    """gcc, and where there is none, clang."""
    return c_of("gcc" if has("gcc") else "clang")
