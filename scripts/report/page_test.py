#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of `make report` and `check --html`, without a browser: what it says, where its links lead, what it
makes of hostile names, and of thousands of witnesses.

CAPCHAIN is the built command, build/capchain by default.
"""

import html.parser
import json
import os
import re
import shutil
import sys
import tempfile
import unittest
import xml.dom.minidom
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

try:
    import jinja2
except ImportError:
    jinja2 = None

from report import page as program  # noqa: E402
from report.told import MADE_UP  # noqa: E402
from test.tools import CAPCHAIN, CORPUS, Case, ROOT, run, run_tests, script  # noqa: E402

REGRESSIONS = os.path.join(CORPUS, "regressions")
PAGE = script("report", "page.py")
VOID = ("meta", "br", "link", "img")
# A name that HTML, an attribute and a shell would each read as something else.
HOSTILE = "region-<img src=x onerror=alert(1)>\"'&amp;$(id)`id`.yaml"


class Read(html.parser.HTMLParser):
    """A page as its reader has it: text by section, tables, links, ids; and whether tags are nested well."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.tags, self.open, self.wrong = [], set(), set(), [], []
        self.text, self.section, self.row, self.rows, self.attributes = {}, "", None, [], set()
        self.raw = Path(path).read_text("utf-8")
        self.feed(self.raw)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attributes:
            if attributes["id"] in self.ids:
                self.wrong.append(f"id {attributes['id']} twice")
            self.ids.add(attributes["id"])
        if "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "h2":
            self.section = attributes.get("id", "")
        if tag == "tr":
            self.row = []
            self.rows.append((self.section, self.row))
        if tag in ("td", "th") and self.row is not None:
            self.row.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= set(dict(attrs))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")
        if tag == "tr":
            self.row = None

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data
        if self.row:
            self.row[-1] += data

    def said(self, section):
        return " ".join(self.text[section].split())

    def cell(self, section, row, column):
        """What the table of @section that has @column says in it of @row."""
        head = None
        for name, cells in self.rows:
            cells = [" ".join(cell.split()) for cell in cells]
            if name != section or not cells:
                continue
            if cells[0] == "reader":
                head = cells
            elif head and column in head and cells[0].split()[0] == row:
                return cells[head.index(column)]
        return None


def links_lead(path):
    """Links of @path and of the files that it leads to which lead nowhere."""
    folder, left, read, wrong = os.path.dirname(path), [os.path.basename(path)], {}, []
    while left:
        name = left.pop()
        if name in read:
            continue
        if not os.path.isfile(os.path.join(folder, name)):
            wrong.append(name)
            continue
        read[name] = Read(os.path.join(folder, name))
        left += [file for file in (link.partition("#")[0] for link in read[name].links) if file]
    for name, one in read.items():
        wrong += one.wrong
        for link in one.links:
            file, _, anchor = link.partition("#")
            if anchor and (file or name) in read and anchor not in read[file or name].ids:
                wrong.append(f"{name}: {link}")
    return wrong, read


# Of the corpus, an input that alone shows a bucket: taken out, it is news.
NEWS = "iommu-ksft-vfio-runaway-fault-next-oob.yaml"
NEEDS_JINJA2 = unittest.skipUnless(jinja2, "no jinja2 module (Debian package python3-jinja2)")


def judged(*paths):
    return [json.loads(line) for line in run(CAPCHAIN, "check", "--json", "--pictures", *paths).stdout.splitlines()]


def buckets(reports):
    return {(one["kind"], each["bucket"]) for one in reports for each in one["disagreements"]}


def program_readers():
    """What `list` says of parsers and loops, by name."""
    rows = [json.loads(line) for line in run(CAPCHAIN, "list", "--json").stdout.splitlines()]
    return {one.get("parser", one.get("loop")): one for one in rows if "parser" in one or "loop" in one}


@NEEDS_JINJA2
class Answers(unittest.TestCase):
    """What somebody who knows VFIO asks, of the page's text alone, after a night that found one thing."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="capchain-test-")
        cls.addClassCleanup(folder.cleanup)
        corpus, night = Path(folder.name, "corpus"), Path(folder.name, "night")
        shutil.copytree(CORPUS, corpus)
        (night / "findings" / "sets").mkdir(parents=True)
        cls.known = judged(corpus)
        os.rename(corpus / "regressions" / NEWS, night / "findings" / "sets" / NEWS)
        cls.rest = judged(corpus)
        cls.out = os.path.join(folder.name, "report", "index.html")
        cls.done = run(script("report", "report.sh"), "--build", os.path.dirname(CAPCHAIN), "--corpus", str(corpus),
                       "--findings", os.path.join(folder.name, "none"), "--night", str(night), "--out", cls.out)
        cls.page = Read(cls.out) if cls.done.returncode == 0 else None

    def setUp(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""))

    def never_ending(self):
        """{reader: causes} of those that never end, from the judge's own words."""
        found = {}
        for one in self.known:
            for each in one["disagreements"]:
                parser, verdict, _, cause = each["bucket"].split(":")
                if verdict == "runaway":
                    found.setdefault(parser, set()).add(cause)
        return found

    def test_which_programs_never_end_and_on_how_many_causes(self):
        said, = re.findall(r"Programs that never end: (.*?)\.", self.page.said("short"))
        count, _, listed = said.partition(": ")
        told = dict(re.fullmatch(r"(\S+) on (\d+) causes?", one).groups() for one in listed.split(", "))
        facts = program_readers()
        right = {name: str(len(causes)) for name, causes in self.never_ending().items()
                 if facts[name]["trust"] == "trusting" and name not in MADE_UP}
        self.assertGreater(len(right), 5)
        self.assertEqual((told, count), (right, str(len(right))))
        # The table beside it says the same, also of those that are no programs.
        for name, causes in self.never_ending().items():
            self.assertEqual(self.page.cell("short", name, "never ends"), str(len(causes)), name)

    def test_what_qemu_does_with_a_truncated_sparse_mmap(self):
        words = {"oob": "reads past", "absent": "finds none", "truncated": "asks again", "ok": "takes it",
                 "runaway": "never ends", "reject": "refuses", "wrote": "writes past", "crash": "crashes"}
        for reader in ("qemu", "bounded"):
            right = {words[each["verdict"]] for one in self.known if one.get("unread") == "SPARSE_MMAP"
                     and one["reference"]["verdict"] == "truncated"
                     for each in one["parsers"] if each["name"] == reader}
            cell = self.page.cell("cut", reader, "SPARSE_MMAP truncated")
            self.assertEqual(set(cell.split(", ")), right)
        self.assertEqual(cell, "asks again")
        self.assertIn("QEMU 7.2", self.page.said("short"))

    def test_what_is_new_tonight(self):
        right = buckets(self.known) - buckets(self.rest)
        self.assertTrue(right)
        told = {(cells[1], cells[0]) for section, cells in self.page.rows if section == "new" and cells[0] != "bucket"}
        self.assertEqual(told, right)
        self.assertRegex(self.page.said("short"), rf"New: {len(right)} buckets? that no input of the corpus shows")

    def test_every_cell_leads_to_the_smallest_witness(self):
        smallest = {}
        for one in self.known:
            for each in one["disagreements"]:
                parser, verdict, what, cause = each["bucket"].split(":")
                key = (parser, cause, one["kind"] == "fetch", verdict if verdict in program.STEPS else what)
                smallest[key] = min(smallest.get(key, one["len"]), one["len"])
        told = program.Told({})
        for one in self.known:
            told.add(json.loads(json.dumps(one)))
        told.close()
        self.assertEqual({(*key, bucket.key): witness.size for key, cell in told.cells.items()
                          for bucket, witness in cell.values()}, smallest)

    def test_links_lead_and_ids_are_one(self):
        wrong, read = links_lead(self.out)
        self.assertEqual((wrong, len(read)), ([], 1))
        self.assertGreater(len(self.page.links), 1000)

    def test_self_contained(self):
        """Nothing is loaded, nothing runs: the one script element is data."""
        self.assertEqual(re.findall(r"<script(?! type=\"application/json\")", self.page.raw), [])
        self.assertNotRegex(self.page.raw, r"(?i)\b(src|xlink:href|srcset)=|@import|url\(")
        self.assertEqual([link for link in self.page.links if not link.startswith("#")], [])
        self.assertFalse([name for name in self.page.attributes if name.startswith("on")])

    def test_each_witness_has_all_of_it(self):
        articles = re.findall(r"<article id=.*?</article>", self.page.raw, re.S)
        self.assertGreater(len(articles), 300)
        for one in articles:
            self.assertRegex(one, "<b>The reference:</b> (ok|absent|truncated|reject)")
            self.assertRegex(one, r'class="pic (chain|ladder)"')
            self.assertRegex(one, r"<pre># capchain|<pre>kind:|<pre>fetch:|<pre>\S+: ")
            self.assertRegex(one, r"capchain explain ")

    def test_policy_has_witnesses(self):
        rows = [cells for section, cells in self.page.rows if section == "policy" and cells[0] != "reader"]
        self.assertGreater(len(rows), 50)
        part = self.page.raw[self.page.raw.index('id="policy"'):self.page.raw.index('id="run"')]
        words = sum(len(cell.split(", ")) for cells in rows for cell in cells[1:] if cell.strip() != "-")
        self.assertEqual(part.count("<a href=") + part.count("<span title="), words)
        self.assertGreater(part.count("<a href="), words * 9 // 10)


@NEEDS_JINJA2
class Made(Case):
    """Pages of few inputs."""

    def page(self, *arguments, paths=(), given=None, status=0):
        out = self.path("out.html")
        text = None if given is None else "".join(json.dumps(one) + "\n" for one in given)
        done = run(PAGE, "--capchain", CAPCHAIN, "--out", out, *arguments, *(("--", *paths) if paths else ()), input=text or "")
        self.assertEqual(done.returncode, status, done.stderr)
        return Read(out) if status == 0 else done.stderr

    def test_what_is_told_is_what_was_judged(self):
        """A page that says what somebody once wrote into it would not change with the verdicts."""
        reports = judged(os.path.join(REGRESSIONS, "region-loop-two-step.yaml"))
        self.assertIn("qemu on 1 cause", self.page(given=reports).said("short"))
        reports[0]["disagreements"] = [one for one in reports[0]["disagreements"] if one["parser"] != "qemu"]
        said = self.page(given=reports).said("short")
        self.assertNotIn("qemu on", said)
        self.assertIn("naive", said)

    def test_inputs_that_say_the_same(self):
        """One witness, the smallest, and the others by name; all are counted."""
        data = Path(REGRESSIONS, "region-loop-two-step.yaml").read_bytes()
        paths = [self.write(f"region-{i:02}.yaml", data) for i in range(20)]
        page = self.page(paths=paths)
        self.assertEqual(page.raw.count("<article"), 1)
        said = page.said("witnesses")
        self.assertIn(f"The same, in inputs that are no smaller: {paths[1]}", said)
        self.assertIn("and 7 more.", said)
        self.assertEqual(links_lead(self.path("out.html"))[0], [])
        # What one of them knows is known, though it is not named.
        for corpus, new in ((os.path.dirname(paths[0]), False), (self.path("corpus"), True)):
            told = program.Told({}, corpus=corpus)
            for one in judged(*paths):
                told.add(one)
            told.close()
            self.assertEqual(bool(set(told.smallest) - program.known_of(told)), new)

    def test_broken_promise(self):
        reports = judged(os.path.join(REGRESSIONS, "region-loop-two-step.yaml"))
        self.assertIn("Broken promises: 0.", self.page(given=reports).said("short"))
        reports[0]["disagreements"].append({"parser": "bounded", "class": "accepts-malformed", "broken": True,
                                            "bucket": "bounded:ok:accepts-malformed:loop", "expected": "x", "got": "y"})
        page = self.page(given=reports)
        self.assertIn("Broken promises: 1. bounded:ok:accepts-malformed:loop", page.said("short"))
        self.assertNotRegex(page.said("short"), r"Right on every one of 1 inputs: [^.]*bounded")
        self.assertIn("promise broken", page.said("witnesses"))

    def test_since_the_last_report(self):
        first = os.path.join(REGRESSIONS, "region-loop-two-step.yaml")
        second = os.path.join(REGRESSIONS, "iommu-loop-self.yaml")
        self.assertIn("There was no report here", self.page("--date", "2026-01-02", paths=[first]).said("differs"))
        told = self.page("--date", "2026-01-03", paths=[first, second])
        self.assertIn("The one before is of 2026-01-02", told.said("differs"))
        self.assertIn("new: iommu libvfn:runaway:fault:loop", told.said("differs"))
        self.assertIn("0 are gone", told.said("differs"))
        told = self.page(paths=[second])
        self.assertIn("gone: region qemu:runaway:fault:loop", told.said("differs"))
        # One that is damaged is none.
        Path(self.path("out.html")).write_text('<script type="application/json" id="told">{</script>', "ascii")
        self.assertIn("There was no report here", self.page(paths=[second]).said("differs"))

    def test_smaller_witness(self):
        reports = judged(os.path.join(REGRESSIONS, "region-loop-two-step.yaml"))
        self.page(given=reports)
        reports[0]["len"] -= 1
        self.assertIn("smaller: region qemu:runaway:fault:loop, 56 bytes before, 55 now", self.page(given=reports).said("differs"))

    def test_hostile_names(self):
        """What a file is called, a parser says and a ledger excuses is text, in the page and for a shell."""
        path = self.write(HOSTILE, Path(REGRESSIONS, "region-loop-two-step.yaml").read_bytes())
        reports = judged(path)
        evil = "</script><script>alert(1)</script><b onclick=x>"
        reports[0]["parsers"][0].update(said=evil, reason=evil, no_answer=evil)
        reports[0]["parsers"][0]["place"] = [{"function": evil, "file": evil, "line": 1}]
        reports[0]["disagreements"][0].update(expected=evil, got=evil, excused=evil)
        reports[0]["text"] += evil
        runs = self.write("run.json", json.dumps({"run": "fuzz", "oracles": [evil], "failures": [[evil]], "kinds": [evil],
                                                  "coverage": [evil], "reasons": [evil], "engines": [evil]}))
        page = self.page("--run", runs, given=reports)
        self.assertEqual(page.wrong, [])
        self.assertNotIn("img", page.tags)
        self.assertFalse([name for name in page.attributes if name.startswith("on")])
        self.assertEqual(page.raw.count("<script"), 1)
        self.assertIn(os.path.basename(path), page.said("witnesses"))
        self.assertGreater("".join(page.text.values()).count(evil), 8)
        # The commands run as they stand: none of them runs what the name says.
        command = re.search(r"commands(\S*capchain explain .*)", page.text["witnesses"])[1]
        done = run("sh", "-c", command, cwd=ROOT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        # What was found next is compared with a block that such a name cannot end.
        reports[0]["disagreements"][0]["bucket"] = f"x:ok:accepts-malformed:{evil}"
        self.assertEqual(self.page(given=reports).raw.count("<script"), 1)
        self.assertIn("are new", self.page(given=reports).said("differs"))

    def test_names_with_control_bytes(self):
        path = self.write(b"region-a\x1b[31m\xff\nb.yaml", Path(REGRESSIONS, "region-loop-two-step.yaml").read_bytes())
        page = self.page(given=judged(path))
        command = re.search(r"commands(\S*capchain explain .*)", page.text["witnesses"])[1]
        done = run("bash", "-c", command, cwd=ROOT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_file_a_cause(self):
        """Of more than fit, a file a cause; those that the last page had and this one has not are removed."""
        page = self.page("--limit", "5", "--every", paths=[REGRESSIONS])
        out = self.path("out.html")
        wrong, read = links_lead(out)
        self.assertEqual(wrong, [])
        self.assertGreater(len(read), 20)
        self.assertIn("out-loop-2.html", read)
        self.assertEqual(set(read), set(os.listdir(self.dir)))
        self.assertGreater(len([link for link in page.links if link.startswith("out-loop")]), 5)
        mine = self.write("out-mine.html", "mine")
        self.page(paths=[os.path.join(REGRESSIONS, "region-loop-two-step.yaml")])
        self.assertEqual(sorted(os.listdir(self.dir)), [os.path.basename(mine), "out.html"])

    def test_not_drawn_is_named(self):
        page = self.page("--limit", "580", paths=[REGRESSIONS])
        articles, said = page.raw.count("<article"), page.said("witnesses")
        self.assertIn("These show no bucket that one above does not show", said)
        every = self.page("--every", "--limit", "2000", paths=[REGRESSIONS])
        named = re.findall(r"\S+/regressions/\S+ \(\d+\)", said)
        self.assertEqual(articles + len(named), every.raw.count("<article"))

    def test_runs_and_nights(self):
        rows = "date,exec_per_second,edges\n" + "".join(f"2026-01-0{i},{i * 1000},{i}\n" for i in range(1, 6))
        run_of = {"run": "nightly", "ended": "2026-01-05", "engines": ["libFuzzer"], "kinds": ["region"], "execs": 5,
                  "canaries": [{"canary": "self-loop", "execs": 1234}], "oracles": ["load hooks"],
                  "reasons": ["an oracle is not active"], "coverage": ["100.0 % of spec.c"], "status": 3}
        page = self.page("--run", self.write("run.json", json.dumps(run_of)), "--nights", self.write("n.csv", rows),
                         paths=[os.path.join(REGRESSIONS, "region-loop-two-step.yaml")])
        said = page.said("run")
        for words in ("libFuzzer over region: 5 execs", "Canary self-loop: found within 1234 execs", "Oracles: load hooks",
                      "It does not count: an oracle is not active", "100.0 % of spec.c",
                      "exec/s: 5000, at most 5000; 5 nights, 2026-01-01 to 2026-01-05"):
            self.assertIn(words, said)
        self.assertEqual(page.raw.count("<polyline"), 2)
        self.assertIn("does not count", page.said("short"))

    def test_refused(self):
        """One line, and its status; no page."""
        for arguments, given, status, words in (
                ((), [], 2, "nothing was judged"), ((), [{"file": "x"}], 2, "standard input: line 1 is not what"),
                (("--run", self.write("bad.json", "{")), judged(os.path.join(REGRESSIONS, "region-loop-self.yaml")), 2, "bad.json")):
            said = self.page(*arguments, given=given, status=status)
            self.assertRegex(said, rf"\Acapchain: .*{words}.*\n\Z")
            self.assertFalse(os.path.exists(self.path("out.html")))
        done = run(PAGE, "--capchain", self.path("none"), "--out", self.path("x.html"), "--", CORPUS)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1))
        done = run(PAGE, "--capchain", CAPCHAIN, "--out", "/proc/none/x.html", "--", os.path.join(REGRESSIONS, "region-loop-self.yaml"))
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (5, 1), done.stderr)


class Check(Case):
    """capchain check --html and explain --svg."""

    FILE = os.path.join(REGRESSIONS, "region-loop-two-step.yaml")

    @NEEDS_JINJA2
    def test_html(self):
        done = run(CAPCHAIN, "check", "--html", self.path("a.html"), self.FILE)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        page = Read(self.path("a.html"))
        self.assertEqual(page.wrong, [])
        self.assertIn("qemu on 1 cause", page.said("short"))
        self.assertIn("reject loop at 32, linked from 48", page.said("witnesses"))

    @NEEDS_JINJA2
    def test_status_is_of_check(self):
        done = run(CAPCHAIN, "check", "--fail-on", "malformed", "--html", self.path("a.html"), self.FILE)
        self.assertEqual(done.returncode, 1, done.stderr)
        done = run(CAPCHAIN, "check", "--html", self.path("none", "a.html"), self.FILE, self.path("none.yaml"))
        self.assertEqual(done.returncode, 2)
        done = run(CAPCHAIN, "check", "--html", "/proc/none/a.html", self.FILE)
        self.assertEqual(done.returncode, 5)
        self.assertRegex(done.stderr, r"\Acapchain: cannot write .*\n\Z")

    def test_without_jinja2(self):
        """One line and status 3, whatever was judged."""
        if jinja2:
            hide = self.hiding(os.path.dirname(jinja2.__file__))
        else:
            hide = []
        done = run(*hide, CAPCHAIN, "check", "--html", self.path("a.html"), CORPUS)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, r"\Acapchain: the page needs jinja2 .* python3-jinja2\n\Z")
        self.assertEqual(os.listdir(self.dir), [])

    def test_end_of_a_run(self):
        """make fuzz ends with the page and with its own status; without jinja2 there is one line, and the same status."""
        jinja = os.path.dirname(jinja2.__file__) if jinja2 else None
        for hide in ([], self.hiding(jinja)) if jinja else ([],):
            for status, python in ((0, "true"), (2, "false")):
                page = self.path(f"{python}{len(hide)}.html")
                done = run(*hide, "make", "-C", ROOT, "fuzz", "KIND=device", "SETUP=0", f"PYTHON={python}", f"REPORT={page}",
                           f"FINDINGS={self.path('none')}", f"NIGHT={self.path('none')}",
                           env={**os.environ, "MAKEFLAGS": "s"}, timeout=900)
                self.assertEqual(done.returncode, status, done.stderr)
                if hide or not jinja:
                    self.assertEqual(len(re.findall("the page needs jinja2", done.stderr)), 1, done.stderr)
                self.assertEqual(os.path.exists(page), bool(jinja and not hide))

    def test_svg(self):
        """It is XML, has a box for each owner and an arrow for each link, and the link that is refused is red."""
        done = run(CAPCHAIN, "explain", "--svg", self.FILE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        xml.dom.minidom.parseString(done.stdout)
        self.assertEqual(re.findall(r'class="of-(\w+)"', done.stdout), ["struct", "0", "1"])
        self.assertEqual((done.stdout.count('class="link"'), done.stdout.count('class="link bad"')), (2, 1))
        self.assertIn("qemu: runaway", done.stdout)
        self.assertEqual(run(CAPCHAIN, "explain", "--svg", self.FILE, self.FILE).returncode, 2)

    def test_svg_of_every_input(self):
        """Each is XML, no wider than a page, and with classes that its style sheet has."""
        classes = set()
        for one in judged(CORPUS):
            pictures = one["pictures"]
            # What a reader of a peer does where it abstains is not shown.
            silent = {each["name"] for each in one["parsers"] if each["verdict"] == "abstain"}
            self.assertEqual(silent & set(pictures["readers"]), set(), one["file"])
            for svg in filter(None, (pictures.get("chain"), *pictures["readers"].values())):
                tree = xml.dom.minidom.parseString(svg).documentElement
                self.assertLessEqual(int(tree.getAttribute("width")), 366, one["file"])
                self.assertLess(len(svg), 40000, one["file"])
                classes |= {name for found in re.findall(r'class="([^"]*)"', svg) for name in found.split()}
        styled = set(re.findall(r"\.([a-z][\w-]*)", pictures["style"]))
        self.assertEqual(classes - styled - {"chain", "ladder", "loads"}, set())

    def test_svg_shows_what_was_loaded(self):
        """The strip of a reader that was told to read bytes 0 to 7 alone would be another one."""
        one, = judged(self.FILE)
        svg = one["pictures"]["readers"]["bounded"]
        runs = re.findall(r"M(\d+) [\d.]+H(\d+)", svg)
        covered = set()
        for start, end in runs:
            covered |= set(range(int(start), int(end)))
        said = re.search(r"(?ms)^bounded\b[^\n]*: .*?^  read ([\d, -]+) in", run(CAPCHAIN, "explain", self.FILE).stdout)[1]
        explained = set()
        for part in said.split(", "):
            start, end = part.split("-")
            explained |= set(range(int(start), int(end) + 1))
        self.assertEqual(covered, explained)


if __name__ == "__main__":
    run_tests()
