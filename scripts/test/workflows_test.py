#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds .github/workflows to their rules: actions pinned by commit, no right that is not needed, and
commands that exist. Each rule is broken once, and has to say so."""

import copy
import glob
import os
import re
import shlex
import sys
import subprocess
import unittest

import yaml

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, text_of  # noqa: E402

FOLDER = os.path.join(ROOT, ".github", "workflows")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
NAMED = re.compile(r"uses: (\S+) # v\d[\d.]*$")
# Rights that a job may have; none is for writing.
RIGHTS = {"contents", "actions"}
# What each action takes, of the commit that is pinned.
INPUTS = {
    "actions/checkout": {"persist-credentials"},
    "actions/upload-artifact": {"name", "path", "if-no-files-found"},
    "actions/cache/restore": {"path", "key", "restore-keys"},
    "actions/cache/save": {"path", "key"},
    "google/clusterfuzzlite/actions/build_fuzzers": {"language", "sanitizer", "github-token"},
    "google/clusterfuzzlite/actions/run_fuzzers": {"mode", "fuzz-seconds", "sanitizer",
                                                   "github-token"},
}
SANITIZERS = {"address", "undefined", "memory", "coverage"}


def make_targets():
    """What `make` has a rule for, by its own word."""
    done = run("make", "-C", ROOT, "-pRrq", "help")
    return set(re.findall(r"(?m)^([a-z][a-z0-9-]*):", done.stdout))


def words_of(command):
    """The words of a shell command, those of a `sh -c` in it among them."""
    words = shlex.split(command.replace("&&", " && "))
    if "-c" in words:
        words += words_of(words[words.index("-c") + 1])
    return words


def goals(words):
    """What `make` is asked for."""
    found, asked = [], False
    for word in words:
        if word == "make":
            asked = True
        elif word in ("&&", "||", ";", "|"):
            asked = False
        elif asked and not word.startswith("-") and "=" not in word:
            found.append(word)
    return found


def run_problems(command, targets):
    if re.search(r"\$\{\{", command):
        yield "puts an expression into a shell: give it through env"
    if subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False).returncode:
        yield "is no shell command"
        return
    words = words_of(command)
    for goal in goals(words):
        if goal not in targets:
            yield f"no target `{goal}` in the Makefile"
    for word in words:
        if word.startswith((".github/", "scripts/")) and not os.access(os.path.join(ROOT, word),
                                                                       os.X_OK):
            yield f"{word} is no program of this tree"


def uses_problems(step):
    action, given = step["uses"].split("@")[0], step.get("with", {})
    if not PINNED.fullmatch(step["uses"]):
        yield f"{step['uses']}: not pinned by a commit's 40 digits"
    if action not in INPUTS:
        yield f"{action}: not among the actions that are known here"
        return
    for name in sorted(given.keys() - INPUTS[action]):
        yield f"{action}: takes no `{name}`"
    if action == "actions/checkout" and given.get("persist-credentials") is not False:
        yield f"{action}: leaves its token behind; persist-credentials: false"
    sanitizer = given.get("sanitizer", "address")
    if sanitizer not in SANITIZERS and not sanitizer.startswith("${{ matrix."):
        yield f"{action}: no sanitizer `{sanitizer}`"


def rights_problems(rights, top):
    if not isinstance(rights, dict):
        yield f"permissions are `{rights}`: name each"
        return
    for right, level in rights.items():
        if level not in ("read", "none") or right not in RIGHTS:
            yield f"permission {right}: {level}"
    if top and set(rights) != {"contents"}:
        yield "more permissions for all jobs than contents: read"


def job_problems(job, targets):
    if "timeout-minutes" not in job:
        yield "no timeout-minutes"
    if not re.fullmatch(r"ubuntu-\d\d\.04", str(job.get("runs-on"))):
        yield f"runs on {job.get('runs-on')}: name the version"
    if "permissions" in job:
        yield from rights_problems(job["permissions"], False)
    for step in job.get("steps") or []:
        if ("run" in step) == ("uses" in step):
            yield "a step has to run or to use something"
        elif "run" in step:
            for problem in run_problems(step["run"], targets):
                yield f"run `{step['run']}`: {problem}"
        else:
            yield from uses_problems(step)
    if not job.get("steps"):
        yield "no steps"


def problems(text, targets):
    """What is wrong with a workflow: a list of lines."""
    try:
        made = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [f"no YAML: {str(error).splitlines()[0]}"]
    found = []
    # YAML 1.1 reads the key `on` as true.
    events = made.get("on", made.get(True)) or {}
    if not events or "pull_request_target" in events:
        found.append(f"started by {list(events)}")
    found += rights_problems(made.get("permissions"), True)
    for name, job in made.get("jobs", {}).items():
        found += [f"{name}: {problem}" for problem in job_problems(job, targets)]
    if not made.get("jobs"):
        found.append("no jobs")
    for line in text.splitlines():
        if "uses: " in line and not line.lstrip().startswith("#") and not NAMED.search(line):
            found.append(f"`{line.strip()}`: say which version the commit is, as # v1.2.3")
    return found


def read(name):
    return text_of(FOLDER, name)


class Workflows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.targets = make_targets()
        cls.names = sorted(map(os.path.basename, glob.glob(os.path.join(FOLDER, "*"))))

    def test_rules(self):
        self.assertEqual(self.names, ["arch.yml", "coverage.yml", "nightly.yml", "prune.yml",
                                      "pull-request.yml", "systems.yml"])
        for name in self.names:
            with self.subTest(name=name):
                self.assertEqual(problems(read(name), self.targets), [])

    def test_one_commit_an_action(self):
        pins = {}
        for name in self.names:
            for action, commit in re.findall(r"uses: ([^\s@]+)@(\S+)", read(name)):
                pins.setdefault("/".join(action.split("/")[:2]), set()).add(commit)
        for action, commit in re.findall(r"uses: ([^\s@]+)@(\S+)", text_of("parsers", "own", "README.md")):
            pins[action].add(commit)
        self.assertEqual({action: len(commits) for action, commits in pins.items()},
                         dict.fromkeys(pins, 1))

    def test_what_they_are_for(self):
        """Each use that the project promises is there, in the workflow that it belongs to."""
        for name, event, wanted in (
                ("pull-request.yml", "pull_request", ("make check", "make check-oss-fuzz",
                                                      "mode: code-change", "[gcc, clang]")),
                ("nightly.yml", "schedule", ("make nightly", "mode: batch",
                                             "build/nightly/pull-request/")),
                ("prune.yml", "schedule", ("mode: prune",)),
                ("systems.yml", "schedule", ("make check-systems", "[bookworm, trixie, sid]")),
                ("coverage.yml", "schedule", ("make coverage", "mode: coverage"))):
            text = read(name)
            self.assertIn(event, yaml.safe_load(text)[True])
            for words in wanted:
                self.assertIn(words, text)

    def test_reports_are_kept_when_red(self):
        """What a failed run leaves is what it is looked at for."""
        for name in self.names:
            for job in yaml.safe_load(read(name))["jobs"].values():
                for step in job["steps"]:
                    if re.match("actions/(upload-artifact|cache/save)@", step.get("uses", "")):
                        self.assertEqual(step.get("if"), "always()", name)


class Broken(unittest.TestCase):
    """Each rule, broken."""

    GOOD = {
        True: {"pull_request": None}, "permissions": {"contents": "read"},
        "jobs": {"one": {"runs-on": "ubuntu-24.04", "timeout-minutes": 1, "steps": [
            {"uses": "actions/checkout@" + "a" * 40, "with": {"persist-credentials": False}},
            {"run": "make check"}]}}}

    def red(self, says, change=None, text=None):
        made = copy.deepcopy(self.GOOD)
        if change:
            change(made, made["jobs"]["one"], made["jobs"]["one"]["steps"])
        text = text or re.sub(r"(uses: \S+)", r"\1 # v1", yaml.safe_dump(made))
        found = problems(text, {"check"})
        self.assertRegex("\n".join(found), says)

    def test_good(self):
        self.red(r"\A\Z")

    def test_rules(self):
        def set_in(where, key, value):
            return lambda *parts: parts[where].__setitem__(key, value)

        def uses(value, **given):
            return lambda made, job, steps: steps.__setitem__(0, {"uses": value, "with": given})

        def runs(command):
            return lambda made, job, steps: steps.__setitem__(1, {"run": command})

        digits = "@" + "a" * 40
        for change, says in (
                (uses("actions/checkout@v6"), "not pinned by a commit"),
                (uses("actions/checkout@" + "a" * 39), "not pinned by a commit"),
                (uses("actions/checkout@" + "g" * 40), "not pinned by a commit"),
                (uses("actions/checkout" + digits), "leaves its token behind"),
                (uses("actions/other" + digits), "not among the actions"),
                (uses("actions/upload-artifact" + digits, paths="x"), "takes no `paths`"),
                (uses("google/clusterfuzzlite/actions/build_fuzzers" + digits, sanitizer="x"),
                 "no sanitizer `x`"),
                (set_in(0, "permissions", "write-all"), "permissions are `write-all`"),
                (set_in(0, "permissions", {"contents": "write"}), "permission contents: write"),
                (set_in(0, "permissions", {"contents": "read", "actions": "read"}), "more permiss"),
                (lambda made, *_: made.pop("permissions"), "permissions are `None`"),
                (set_in(1, "permissions", {"id-token": "write"}), "permission id-token: write"),
                (set_in(0, True, {"pull_request_target": None}), "pull_request_target"),
                (lambda made, *_: made.pop(True), r"started by \[\]"),
                (lambda made, job, _: job.pop("timeout-minutes"), "one: no timeout-minutes"),
                (set_in(1, "runs-on", "ubuntu-latest"), "runs on ubuntu-latest"),
                (set_in(1, "steps", []), "no steps"), (set_in(0, "jobs", {}), "no jobs"),
                (runs("make frob"), "no target `frob`"),
                (runs("sh -c 'make check && make frob'"), "no target `frob`"),
                (runs("make check X=1 frob"), "no target `frob`"),
                (runs(".github/none.sh make check"), "none.sh is no program"),
                (runs("echo ${{ github.head_ref }}"), "puts an expression into a shell"),
                (runs("if"), "is no shell command"),
                (lambda made, job, steps: steps.append({"name": "x"}), "has to run or to use")):
            with self.subTest(says=says):
                self.red(says, change)
        self.red("say which version", text=yaml.safe_dump(self.GOOD))
        self.red("no YAML", text="a: [")


class Debian12(Case):
    """.github/debian12.sh, with programs in docker's, apt's and chown's place that say what they were
    asked for: the one here does what a container would, in this tree."""

    DOCKER = """\
echo "docker $*" >>"$SAID"
shift
while [ "$1" != debian:12 ]; do
	[ "$1" != -e ] || export "$2"
	shift
done
shift
exec "$@"
"""

    def setUp(self):
        super().setUp()
        self.said = self.path("said")
        for name in ("docker", "apt-get", "git", "chown"):
            self.write(name, "#!/bin/bash\n" + (self.DOCKER if name == "docker" else
                                                f'echo "{name} $*" >>"$SAID"\n'), 0o755)

    def run_it(self, *command, **more):
        done = run(os.path.join(ROOT, ".github", "debian12.sh"), *command, env={
            "PATH": f"{self.dir}:{os.environ['PATH']}", "SAID": self.said, **more})
        return done, self.text("said") if os.path.exists(self.said) else ""

    def test_runs(self):
        done, said = self.run_it("sh", "-c", 'echo "$CI $1 $2"; exit 7', "x", "a b", "c")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "true a b c\n", ""))
        self.assertIn(f"-v {ROOT}:/capchain -w /capchain", said)
        self.assertIn("apt-get -qq install -y --no-install-recommends git make\n", said)
        if os.path.exists(os.path.join(ROOT, "build")):
            self.assertIn(f"chown -R {os.getuid()}:{os.getgid()} build\n", said)

    def test_packages(self):
        done, said = self.run_it("true", PACKAGES="gcc libc6-dev")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--no-install-recommends git make gcc libc6-dev\n", said)

    def test_packages_cannot_be_had(self):
        self.write("apt-get", "#!/bin/sh\nexit 100\n")
        done, _ = self.run_it("echo", "ran")
        self.assertEqual((done.returncode, done.stdout), (100, ""))

    def test_no_command(self):
        done, said = self.run_it()
        self.assertEqual((done.returncode, said), (2, ""))
        self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    run_tests()
