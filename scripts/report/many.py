#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How large a page of COUNT witnesses is, and how long it takes to make one.

The inputs are replies of the corpus' seeds with some of their 32-bit words changed, from a fixed seed: the same on each
run. Inputs with one set of verdicts would be one witness; here each gets a class of its own, so that none is left out.
A row a way of making the page: what is drawn, files, bytes of all and of the largest, and seconds of CPU of page.py.

Exit status: 0; 1 a page could not be made; 2 wrong usage.
"""
import argparse
import glob
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORDS = (0, 1, 2, 3, 8, 16, 20, 28, 32, 40, 48, 56, 64, 0x80, 0x1000, 0x7fffffff, 0x10000000, 0xffffffff)


def changed(data, chance):
    """@data with one to four of its words changed, or cut."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = 4 * chance.randrange(max(len(data) // 4, 1))
        data[at:at + 4] = chance.choice(WORDS).to_bytes(4, "little")
    return bytes(data[:chance.randint(1, len(data))] if chance.random() < 0.2 else data)


def fill(folder, capchain, count):
    seeds = []
    for path in sorted(glob.glob(os.path.join(ROOT, "corpus", "seeds", "*.yaml"))):
        kind = os.path.basename(path).split("-")[0]
        out = os.path.join(folder, "seed")
        if kind != "fetch" and subprocess.run([capchain, "asm", path, "-o", out], check=False).returncode == 0:
            seeds.append((kind, Path(out).read_bytes()))
            os.unlink(out)
    chance = random.Random(1)
    known = set()
    while len(known) < count:
        kind, data = chance.choice(seeds)
        one = kind, changed(data, chance)
        if one not in known:
            known.add(one)
            Path(folder, f"{kind}-{len(known):05}").write_bytes(one[1])


def judge(folder, capchain, path):
    """What the judge says of them, each made a witness of its own."""
    with subprocess.Popen([capchain, "check", "--json", "--pictures", "--", folder], stdout=subprocess.PIPE) as process, \
            open(path, "w", encoding="utf-8") as out:
        for number, line in enumerate(process.stdout):
            one = json.loads(line)
            out.write(json.dumps({**one, "class": f"{one['class']} {number}"}) + "\n")


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(judged, capchain, out, *how):
    before = spent()
    with open(judged, "rb") as given:
        done = subprocess.run([os.path.join(HERE, "page.py"), "--capchain", capchain, "--out", out, *how], stdin=given, check=False)
    if done.returncode:
        sys.exit(1)
    cpu = spent() - before
    sizes = [os.path.getsize(path) for path in glob.glob(os.path.join(os.path.dirname(out), "*.html"))]
    drawn = sum(Path(path).read_text("utf-8").count("<article") for path in glob.glob(os.path.join(os.path.dirname(out), "*.html")))
    told = int(re.search(r"(\d+) inputs \(", Path(out).read_text("utf-8"))[1])
    return [f"{told}", f"{' '.join(how) or 'the smallest'}", f"{drawn}", f"{len(sizes)}", f"{sum(sizes) / 1e6:.1f} MB",
            f"{max(sizes) / 1e6:.1f} MB", f"{cpu:.0f} s"]


def main():
    parser = argparse.ArgumentParser(prog="many.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capchain", default=os.path.join(ROOT, "build", "capchain"), metavar="PATH")
    parser.add_argument("count", type=int, metavar="COUNT")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="capchain-many-") as folder:
        inputs = os.path.join(folder, "inputs")
        os.mkdir(inputs)
        fill(inputs, options.capchain, options.count)
        judged = os.path.join(folder, "judged")
        judge(inputs, options.capchain, judged)
        print(f"judging and drawing: {spent():.0f} s of CPU, {os.path.getsize(judged) / 1e6:.0f} MB of JSON\n")
        print("| witnesses | drawn | how many | files | bytes | the largest file | CPU |\n|---|---|---|---|---|---|---|")
        for how in ((), ("--every",)):
            out = os.path.join(folder, "page-" + "".join(how).strip("-"), "index.html")
            print("| " + " | ".join(measure(judged, options.capchain, out, *how)) + " |", flush=True)


if __name__ == "__main__":
    main()
