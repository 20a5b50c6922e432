# SPDX-License-Identifier: MIT
"""What every script that starts AFL++ has to know of it, 4.04c to 5.02c."""

import functools
import re
import subprocess

# What an afl-fuzz needs that nobody sits in front of.
UNATTENDED = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
              "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"}
# What it says of a target that does the same with the same input.
STABLE = "100.00%"
# From this one on it has FrameShift, which looks for sizes and offsets in its inputs.
FRAMESHIFT = (4, 40)


def read_stats(path):
    """A fuzzer_stats as a dict; empty where there is none yet."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            pairs = [line.split(":", 1) for line in file if ":" in line]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, value in pairs}


@functools.cache
def version():
    """(4, 4) of 4.04c; (0, 0) of one that does not say."""
    said = subprocess.run(["afl-fuzz", "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False).stdout
    found = re.search(r"afl-fuzz\+\+(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def mutator(path):
    """
    What loads our mutator. Beside one that knows sizes and offsets, FrameShift costs: see the
    configuration afl-frameshift of bench/bugs.py. Said to none that has not got it: AFL++ waits for two
    seconds where it does not know a variable.
    """
    return {"AFL_CUSTOM_MUTATOR_LIBRARY": path,
            **({"AFL_FRAMESHIFT_DISABLE": "1"} if version() >= FRAMESHIFT else {})}
