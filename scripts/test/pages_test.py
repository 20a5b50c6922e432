#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the pages (*.md) to the tree: links lead somewhere, and what they tell to run exists."""

import os
import re
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, ROOT, make_goals, run, run_tests, text_of  # noqa: E402

README_LINES = 150
LINK = re.compile(r"\]\(([^)\s]+)\)")
# A path of the tree in a page's code, from the root; a page may write those of its own folder shorter.
PATH = re.compile(r"`((?:fuzz|parsers|scripts|mk|corpus/seeds|corpus/regressions)/[\w./-]*\w)`")
GOAL = re.compile(r"`(?:make ((?:[A-Z_]+=\S+ )*)([a-z][a-z0-9-]*)(?![\w/-]))|^    (?:\$ )?make ([a-z][a-z0-9-]*)(?![\w/-])", re.M)
VERB = re.compile(r"`(?:build/)?capchain ([a-z]+)\b|^    \$ build/capchain ([a-z]+)\b", re.M)


def pages():
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names if name.endswith(".md")]
    return sorted(found)


def anchors(page):
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"(?m)^#+ (.*)$", text_of(page))}


def verbs():
    return set(re.findall(r"(?m)^  ([a-z]+) +\S", run(CAPCHAIN, "--help").stdout))


def problems(page, text, goals, known):
    """What @text, which stands where @page is, says that does not hold."""
    here = os.path.dirname(page)
    for link in LINK.findall(text):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        path = os.path.normpath(os.path.join(here, path)) if path else page
        if not os.path.exists(os.path.join(ROOT, path)):
            yield f"{page}: {link} leads nowhere"
        elif anchor and anchor not in anchors(path):
            yield f"{page}: {path} has no title #{anchor}"
    for path in PATH.findall(text):
        if not any(os.path.exists(os.path.join(ROOT, *parts)) for parts in ((path,), (here, path))):
            yield f"{page}: there is no {path}"
    for _, goal, example in GOAL.findall(text):
        if (goal or example) not in goals:
            yield f"{page}: there is no goal {goal or example}"
    for code, example in VERB.findall(text):
        if (code or example) not in known:
            yield f"{page}: there is no verb {code or example}"


def reached():
    """The pages that links lead to from README.md."""
    found, left = {"README.md"}, ["README.md"]
    while left:
        page = left.pop()
        for link in LINK.findall(text_of(page)):
            path = os.path.normpath(os.path.join(os.path.dirname(page), link.partition("#")[0]))
            if os.path.isdir(os.path.join(ROOT, path)):
                path = os.path.join(path, "README.md")
            if path.endswith(".md") and path not in found and os.path.exists(os.path.join(ROOT, path)):
                found.add(path)
                left.append(path)
    return found


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.goals, cls.verbs = make_goals(), verbs()

    def test_hold(self):
        wrong = [line for page in pages() for line in problems(page, text_of(page), self.goals, self.verbs)]
        self.assertEqual(wrong, [])

    def test_readme_is_short(self):
        self.assertLess(len(text_of("README.md").splitlines()), README_LINES)

    def test_each_is_reached_from_readme(self):
        self.assertIn("README.md", pages())
        self.assertEqual(set(pages()) - reached(), set())

    def test_what_does_not_hold_is_named(self):
        for text, says in (("[x](none.md)", "none.md leads nowhere"), ("[x](README.md#none)", "no title #none"),
                           ("`fuzz/none.c`", "no fuzz/none.c"), ("`make none`", "no goal none"),
                           ("`make X=1 none`", "no goal none"), ("`capchain none FILE`", "no verb none"),
                           ("    $ build/capchain none\n", "no verb none")):
            self.assertIn(says, "".join(problems("README.md", text, self.goals, self.verbs)))


if __name__ == "__main__":
    run_tests()
