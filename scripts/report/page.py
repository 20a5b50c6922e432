#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes a page of what `capchain check --json --pictures` says: which reader fails on which cause, and how.

The page is one HTML file, which needs no network and no script: a matrix of readers and causes, each cell a
link to the smallest witness; each witness drawn, with what the reference and each reader did. Inputs with the
same set of verdicts are one witness, the smallest. Of more than {limit} witnesses only those are drawn that a table
leads to, which are the smallest of each bucket, and the others are named; --every draws them too. Where more
than {limit} are drawn there is a file a cause beside the page, and more of a cause with many, each of at most
{limit}. A page that stands in PAGE is what the new one is compared with, and files that belonged to it alone are
removed.

It reads JSON Lines from standard input, or with PATH... runs CAPCHAIN on these (of folders, every input).

Exit status: 0; 2 the command line or what is read cannot be used; 3 python3-jinja2 or CAPCHAIN is missing; 5
PAGE cannot be written; with PATH..., what CAPCHAIN ends with from 2 on.
"""
import argparse
import csv
import datetime
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.parse
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from gen import whole  # noqa: E402
from report.told import STEPS, SEVERITIES, Told, slug  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
# So many make about sixteen megabytes, which a browser shows in seven seconds. The corpus has 1,090.
LIMIT = 1200
UNUSABLE, MISSING, CANNOT_WRITE = 2, 3, 5
FORM = 1
DATA = re.compile(r'<script type="application/json" id="told">(.*?)</script>', re.S)
# Causes by table: what a rule rejects, and all others of buffers.
RULES = ("short-buffer", "short-argsz", "into-header", "offset-oob", "next-oob", "header-straddle", "loop",
         "count-overflow", "payload-oob", "truncated")
PLOTTED = (("exec_per_second", "exec/s"), ("edges", "edges"), ("buckets", "buckets"), ("corpus", "inputs in the corpus"))


class Refused(Exception):
    """One line, and the exit status."""

    def __init__(self, line, status):
        super().__init__(line)
        self.status = status


def parse(arguments):
    parser = argparse.ArgumentParser(prog="page.py", description=__doc__.format(limit=LIMIT),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--out", required=True, metavar="PAGE", help="the file to write")
    add("--capchain", default="build/capchain", metavar="PATH", help="(build/capchain)")
    add("--corpus", metavar="DIR", help="what inputs below DIR show is known; all else is new. The policy matrix is "
        "made from it too")
    add("--run", action="append", default=[], metavar="FILE", help="run.json of a run of make fuzz or make nightly")
    add("--nights", metavar="FILE", help="the numbers of nights, as CSV")
    add("--date", default=datetime.date.today().isoformat(), help="the day that the page names (today)")
    add("--limit", type=int, default=LIMIT, metavar="N", help=f"witnesses a file ({LIMIT})")
    add("--every", action="store_true", help="draw every witness")
    add("paths", nargs="*", metavar="PATH", help="an input, or a folder of inputs")
    return parser.parse_args(arguments)


def environment():
    """Jinja2's, with our templates; every text is escaped but what is marked."""
    try:
        # A folder of that name alone is a module too.
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # pylint: disable=import-outside-toplevel
        from markupsafe import Markup  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Refused("the page needs jinja2 of /usr/bin/python3: install the package python3-jinja2",
                      MISSING) from None
    env = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                      undefined=StrictUndefined)
    env.globals["safe"] = Markup
    return env


# ---- what is read ----

def lines_of(options):
    """The JSON objects of the inputs, one by one."""
    if not options.paths:
        yield from objects(sys.stdin.buffer, "standard input")
        return
    command = [options.capchain, "check", "--json", "--pictures", "--", *options.paths]
    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            yield from objects(process.stdout, options.capchain)
    except OSError as error:
        raise Refused(f"{options.capchain}: {error.strerror}; build it with make", MISSING) from None
    if process.returncode not in (0, 1):
        raise Refused(f"{options.capchain} check ended with status {process.returncode}",
                      process.returncode if process.returncode > 0 else UNUSABLE)


def objects(file, name):
    for number, line in enumerate(file, 1):
        try:
            judged = json.loads(line)
            yield {**judged, "disagreements": judged["disagreements"], "reference": judged["reference"]}
        except (ValueError, KeyError, TypeError):
            raise Refused(f"{name}: line {number} is not what `capchain check --json` prints", UNUSABLE) from None


def facts_of(capchain):
    """{name: what `capchain list --json` says of a parser or a loop}."""
    try:
        said = subprocess.run([capchain, "list", "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False).stdout
        rows = [json.loads(line) for line in said.splitlines()]
    except (OSError, ValueError):
        return {}, {}
    parsers = {one.get("parser") or one.get("loop"): one for one in
               sorted(rows, key=lambda one: "parser" in one) if "parser" in one or "loop" in one}
    return parsers, {one["class"]: one["words"] for one in rows if "class" in one}


def read_json(path):
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Refused(f"{path}: {' '.join(str(error).split())}", UNUSABLE) from None


def read_nights(path):
    """The rows of the CSV, as it names its columns; [] where there is no file."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path}: {' '.join(str(error).split())}", UNUSABLE) from None


def read_last(path):
    """What the page in @path told, of this form; None where there is none."""
    try:
        found = DATA.search(Path(path).read_text("utf-8", "replace"))
        last = json.loads(found[1]) if found else None
        return last if last and last["form"] == FORM and isinstance(last["cells"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


# ---- what is made of it ----

def known_of(told):
    """The buckets that an input of the corpus shows, by kind; what a conversation brings goes to the same walks."""
    shown = {(one.kind, bucket.text) for one in told.witnesses.values() if one.known for bucket in one.buckets}
    return shown | {("fetch", bucket) for _, bucket in shown}


def differences(told, last):
    """(new, gone, smaller) against the last page: names of buckets, with their witness where there is one."""
    now = {f"{kind} {bucket}": one for (kind, bucket), one in told.smallest.items()}
    new = sorted((name, one) for name, one in now.items() if name not in last["cells"])
    smaller = sorted((name, one, last["cells"][name]) for name, one in now.items()
                     if name in last["cells"] and one.size < last["cells"][name])
    return new, sorted(set(last["cells"]) - set(now)), smaller


def place(told, stem, limit):
    """Says of each witness in which file it is. Returns [(file, title, witnesses)]; one, the page, where all fit."""
    if len(told.shown) <= limit:
        return []
    files = []
    for cause in sorted({one.cause for one in told.shown}):
        ones = [one for one in told.shown if one.cause == cause]
        for start in range(0, len(ones), limit):
            number = start // limit + 1
            more = f"-{number}" if number > 1 else ""
            part = ones[start:start + limit]
            name = f"{stem}-{slug(cause)}{more}.html"
            for one in part:
                one.page = name
            files.append((name, cause + f", part {number} of {-(-len(ones) // limit)}" * (len(ones) > limit), part))
    return files


def plot(rows, column, width=360, height=70):
    """Points of a line over the nights that have a number there: (points, least, most, first day, last day)."""
    found = []
    for row in rows:
        try:
            found.append((row.get("date", ""), float(row[column])))
        except (KeyError, TypeError, ValueError):
            continue
    if len(found) < 2:
        return None
    most = max(value for _, value in found)
    step = (width - 8) / (len(found) - 1)
    points = " ".join(f"{4 + i * step:.1f},{height - 6 - (height - 12) * (value / most if most else 0):.1f}"
                      for i, (_, value) in enumerate(found))
    return {"points": points, "most": most, "last": found[-1][1], "from": found[0][0][:10], "to": found[-1][0][:10],
            "width": width, "height": height, "count": len(found)}


def shell_name(file):
    """@file, as reports show it, as a word of a shell: of what is shown as %XX, the bytes, where that is its name."""
    if os.path.exists(file) or "%" not in file:
        return shlex.quote(file if not file.startswith("-") else f"./{file}")
    data = urllib.parse.unquote_to_bytes(file)
    if not os.path.exists(data):
        return shlex.quote(file)
    return "$'" + re.sub(r"[^\w/.-]", lambda found: f"\\x{ord(found[0]):02x}", data.decode("latin-1"), flags=re.ASCII) + "'"


def commands(capchain, witness):
    """What a reader runs to see it again, make it small, and send it."""
    word = shlex.quote(os.path.relpath(capchain) if os.path.isabs(capchain) and capchain.startswith(
        os.path.join(os.getcwd(), "")) else capchain)
    text = witness.file.endswith(".yaml") or os.path.basename(witness.file).startswith(f"{witness.kind}-")
    kind, name = "" if text else f"--kind {witness.kind} ", shell_name(witness.file)
    yield f"{word} explain {kind}{name}"
    if witness.buckets:
        yield f"{word} shrink --bucket {witness.buckets[0].text} {kind}{name} -o small.yaml"
        if witness.kind != "fetch":
            yield f"{word} emit --parser {witness.buckets[0].parser} {kind}{name} -o walk.c"


def matrices(told):
    """(title, causes, readers) of each table of cells: malformed and cut, other buffers, conversations."""
    for title, fetch, wanted in (
            ("Malformed and truncated replies", False, lambda cause: cause in RULES),
            ("Replies that can be read", False, lambda cause: cause not in RULES),
            ("Conversations", True, lambda cause: True)):
        causes = {cause for _, cause, of_fetch in told.cells if of_fetch == fetch and wanted(cause)}
        order = [cause for cause in RULES if cause in causes] + sorted(causes - set(RULES))
        names = {name for name, cause, of_fetch in told.cells if of_fetch == fetch and cause in causes}
        if order:
            yield title, fetch, order, sorted((told.readers[name] for name in names if name in told.readers),
                                              key=lambda reader: reader.order())


def policy_inputs(options):
    if not options.corpus:
        return ()
    from gen import policy  # pylint: disable=import-outside-toplevel
    return [policy.path_of(options.corpus, name) for _, table in policy.TABLES for names in table.values() for name in names]


def policy_of(options, told):
    """The tables of POLICY.md, each cell's words with the inputs that show them; [] without a corpus."""
    if not options.corpus:
        return []
    from gen import policy  # pylint: disable=import-outside-toplevel
    parsers, judged = policy.load(options.capchain, options.corpus)
    at = {name: told.witnesses[key] for name, key in told.kept.items()}
    return [(title, table, [(name, [[(words, at.get(policy.path_of(options.corpus, shown)), shown)
                                     for words, shown in policy.words_of(parsers[name], wanted, judged)]
                                    for wanted in table]) for name in policy.readers_of(table, parsers)])
            for title, table in policy.TABLES]


def since_of(runs):
    """{(kind, bucket): the day of the first run here that had it}, of runs that say so."""
    return {(one.get("kind"), one.get("bucket")): one["since"][:10] for _, run in runs for one in run.get("buckets", ())
            if isinstance(one, dict) and isinstance(one.get("since"), str)}


def data_of(told, options, files):
    """What the next page is compared with; in a block that no browser runs."""
    cells = {f"{kind} {bucket}": one.size for (kind, bucket), one in sorted(told.smallest.items())}
    data = json.dumps({"form": FORM, "date": options.date, "cells": cells, "files": [name for name, _, _ in files]})
    return data.replace("<", "\\u003c")


def render(options, told, env):
    """{path: text} of the page and its files."""
    told.close(None if options.every else options.limit)
    last = read_last(options.out)
    folder, name = os.path.split(options.out)
    stem = os.path.splitext(name)[0]
    files = place(told, stem, options.limit)
    known = known_of(told) if options.corpus else None
    news = sorted({(kind, bucket): one for (kind, bucket), one in told.smallest.items()
                   if known is not None and (kind, bucket) not in known}.items())
    safe = env.globals["safe"]
    css = Path(HERE, "style.css").read_text("utf-8")
    readers = sorted(told.readers.values(), key=lambda reader: (*reader.order()[:3], told.worst(reader.name), reader.name))
    nights = read_nights(options.nights) if options.nights else []
    runs = [(path, run) for path, run in ((path, read_json(path)) for path in options.run) if isinstance(run, dict)]
    common = {
        "told": told, "options": options, "readers": readers, "home": name, "files": files, "limit": options.limit,
        "style": safe(css + told.style), "safe": safe,
        "commands": lambda one: list(commands(options.capchain, one)), "severities": SEVERITIES, "steps": STEPS}
    pages = {options.out: env.get_template("index.html").render(
        common, here="", title="capchain report", last=last, differs=differences(told, last) if last else None,
        known=known, news=news, since=since_of(runs), matrices=list(matrices(told)), policy=policy_of(options, told), runs=runs,
        nights=nights, plots=[(words, plot(nights, column)) for column, words in PLOTTED],
        classes=facts_of(options.capchain)[1],
        data=safe(data_of(told, options, files)))}
    cause = env.get_template("cause.html")
    for file, title, ones in files:
        pages[os.path.join(folder, file)] = cause.render(common, here=file, title=title, ones=ones)
    return pages, last


def write(options, pages, last):
    folder = os.path.dirname(options.out) or "."
    try:
        os.makedirs(folder, exist_ok=True)
        # The page last: what it links to is there.
        for path in sorted(pages, key=lambda path: path == options.out):
            whole.write(path, pages[path])
        stem = os.path.splitext(os.path.basename(options.out))[0]
        for name in (last or {}).get("files", ()):
            path = os.path.join(folder, name)
            if path not in pages and os.path.basename(name) == name and name.startswith(f"{stem}-"):
                Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"cannot write {error.filename or options.out}: {error.strerror}", CANNOT_WRITE) from None


def main(arguments):
    options = parse(arguments)
    try:
        env = environment()
        told = Told(facts_of(options.capchain)[0], policy_inputs(options), options.corpus)
        for judged in lines_of(options):
            told.add(judged)
        if not told.inputs:
            raise Refused("nothing was judged, so there is nothing to show", UNUSABLE)
        pages, last = render(options, told, env)
        write(options, pages, last)
    except Refused as refused:
        print(f"capchain: {refused}", file=sys.stderr)
        return refused.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
