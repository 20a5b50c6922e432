# SPDX-License-Identifier: MIT
"""What every script that starts AFL++ has to know of it, 4.04c to 5.02c."""

import re
import subprocess

# What an afl-fuzz needs that nobody sits in front of.
UNATTENDED = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
              "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"}
# What it says of a target that does the same with the same input.
STABLE = "100.00%"


def read_stats(path):
    """A fuzzer_stats as a dict; empty where there is none yet."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            pairs = [line.split(":", 1) for line in file if ":" in line]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, value in pairs}


def version():
    """(4, 4) of 4.04c; what is newer than every one that is known counts as the newest."""
    said = subprocess.run(["afl-fuzz", "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False).stdout
    found = re.search(r"afl-fuzz\+\+(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)
