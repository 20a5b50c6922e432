#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Usage: told.py TEST.py [ARGUMENT...]

Runs a script of unittest tests, and says of those that were skipped which and why, a line a reason:
`skipped: NAME and 2 more: REASON`, which check.py shows and counts. Exit status: the script's.
"""

import os
import runpy
import sys
import unittest

sys.dont_write_bytecode = True
SKIPPED = {}


class Result(unittest.TextTestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        SKIPPED.setdefault(" ".join(reason.split()), []).append(test.id().removeprefix("__main__."))


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 2 if len(sys.argv) < 2 else 0
    sys.argv = sys.argv[1:]
    sys.argv[0] = os.path.abspath(sys.argv[0])
    unittest.TextTestRunner.resultclass = Result
    status = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        status = end.code
    for reason, names in SKIPPED.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(f"skipped: {names[0]}{more}: {reason}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
