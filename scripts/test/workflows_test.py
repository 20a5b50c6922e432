#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds .github/workflows to their rules: actions pinned by commit, no right that is not needed, and
commands that exist. Each rule is broken once, and has to say so."""

import copy
import functools
import os
import re
import sys
import unittest

import yaml

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, make_goals, run, run_tests, text_of  # noqa: E402

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


def run_problems(command, targets):
    if "${{" in command:
        yield "puts an expression into a shell: give it through env"
    if run("bash", "-n", "-c", command).returncode:
        yield "is no shell command"
        return
    # Those of a `sh -c` are commands too.
    for part in re.split(r"&&|\|\||[;|]", command.replace("'", " ")):
        words = part.split()
        asked = words[words.index("make") + 1:] if "make" in words else []
        for goal in asked:
            if not goal.startswith("-") and "=" not in goal and goal not in targets:
                yield f"no target `{goal}` in the Makefile"
        for word in words:
            if word.startswith((".github/", "scripts/")) and not os.access(os.path.join(ROOT, word), os.X_OK):
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


def rights_problems(rights):
    if not isinstance(rights, dict):
        return [f"permissions are `{rights}`: name each"]
    return [f"permission {right}: {level}" for right, level in rights.items()
            if level not in ("read", "none") or right not in RIGHTS]


def job_problems(job, targets):
    if "timeout-minutes" not in job:
        yield "no timeout-minutes"
    if not re.fullmatch(r"ubuntu-\d\d\.04", str(job.get("runs-on"))):
        yield f"runs on {job.get('runs-on')}: name the version"
    yield from rights_problems(job.get("permissions", {}))
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
    rights = made.get("permissions")
    found += rights_problems(rights)
    if isinstance(rights, dict) and set(rights) != {"contents"}:
        found.append("more permissions for all jobs than contents: read")
    for name, job in made.get("jobs", {}).items():
        found += [f"{name}: {problem}" for problem in job_problems(job, targets)]
    if not made.get("jobs"):
        found.append("no jobs")
    for line in text.splitlines():
        if "uses: " in line and not line.lstrip().startswith("#") and not NAMED.search(line):
            found.append(f"`{line.strip()}`: say which version the commit is, as # v1.2.3")
    return found


class Workflows(unittest.TestCase):
    TEXTS = {name: text_of(FOLDER, name) for name in os.listdir(FOLDER)}

    def test_rules(self):
        self.assertEqual(set(self.TEXTS), {"arch.yml", "clients.yml", "coverage.yml", "nightly.yml", "own.yml", "prune.yml",
                                           "pull-request.yml", "systems.yml"})
        targets = make_goals()
        for name, text in self.TEXTS.items():
            with self.subTest(name=name):
                self.assertEqual(problems(text, targets), [])

    def test_one_commit_an_action(self):
        texts = [*self.TEXTS.values(), text_of("parsers", "own", "README.md")]
        pins = set(re.findall(r"uses: ([^\s@/]+/[^\s@/]+)[^\s@]*@(\S+)", "".join(texts)))
        actions = [action for action, _ in pins]
        self.assertEqual(sorted(actions), sorted(set(actions)))

    def test_what_they_are_for(self):
        """Each use that the project promises is there, in the workflow that it belongs to."""
        for name, event, wanted in (
                ("pull-request.yml", "pull_request", ("make check", "make check-oss-fuzz",
                                                      "mode: code-change", "[gcc, clang]")),
                ("nightly.yml", "schedule", ("make nightly", "mode: batch",
                                             "build/nightly/pull-request/", "summary.md >> \"$GITHUB_STEP_SUMMARY\"")),
                ("prune.yml", "schedule", ("mode: prune",)),
                ("systems.yml", "schedule", ("make check-systems", "[bookworm, trixie, sid]")),
                ("own.yml", "schedule", ("make check-own",)),
                ("clients.yml", "schedule", ("make clients", "[bookworm, trixie, sid]")),
                ("coverage.yml", "schedule", ("make coverage", "mode: coverage"))):
            self.assertIn(event, yaml.safe_load(self.TEXTS[name])[True])
            for words in wanted:
                self.assertIn(words, self.TEXTS[name])

    def test_none_is_strict(self):
        """What is red every night is red for nobody: new divergences are in the patch, which is attached."""
        for name, text in self.TEXTS.items():
            self.assertNotRegex(text, r"STRICT|--strict", name)
        self.assertRegex(self.TEXTS["nightly.yml"], r"(?s)upload-artifact.*build/nightly/pull-request/")

    def test_reports_are_kept_when_red(self):
        """What a failed run leaves is what it is looked at for."""
        for name, text in self.TEXTS.items():
            for job in yaml.safe_load(text)["jobs"].values():
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

    def red(self, says, where=(), value=None):
        """With @value in the place @where, or without what is there."""
        made = copy.deepcopy(self.GOOD)
        *path, last = where or ["name"]
        at = functools.reduce(lambda part, key: part[key], path, made)
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
        text = re.sub(r"(uses: \S+)", r"\1 # v1", yaml.safe_dump(made))
        self.assertRegex("\n".join(problems(text, {"check"})), says)

    def test_good(self):
        self.red(r"\A\Z")

    def test_rules(self):
        digits, one = "@" + "a" * 40, ("jobs", "one")
        uses, runs = (*one, "steps", 0), (*one, "steps", 1)
        for where, value, says in (
                *((uses, {"uses": f"actions/checkout@{pin}"}, "not pinned by a commit")
                  for pin in ("v6", "a" * 39, "g" * 40)),
                *((uses, {"uses": action + digits, "with": given}, says) for action, given, says in (
                    ("actions/checkout", {}, "leaves its token behind"),
                    ("actions/other", {}, "not among the actions"),
                    ("actions/upload-artifact", {"paths": "x"}, "takes no `paths`"),
                    ("google/clusterfuzzlite/actions/build_fuzzers", {"sanitizer": "x"},
                     "no sanitizer `x`"))),
                *((("permissions",), rights, says) for rights, says in (
                    ("write-all", "permissions are `write-all`"), (None, "permissions are `None`"),
                    ({"contents": "write"}, "permission contents: write"),
                    ({"contents": "read", "actions": "read"}, "more permiss"))),
                ((*one, "permissions"), {"id-token": "write"}, "permission id-token: write"),
                ((True,), {"pull_request_target": None}, "pull_request_target"),
                ((True,), None, r"started by \[\]"), ((*one, "timeout-minutes"), None, "one: no timeout-minutes"),
                ((*one, "runs-on"), "ubuntu-latest", "runs on ubuntu-latest"),
                ((*one, "steps"), [], "no steps"), (("jobs",), {}, "no jobs"),
                (runs, {"name": "x"}, "has to run or to use"),
                *((runs, {"run": command}, says) for command, says in (
                    ("make frob", "no target `frob`"),
                    ("sh -c 'make check && make frob'", "no target `frob`"),
                    ("make check X=1 frob", "no target `frob`"),
                    (".github/none.sh make check", "none.sh is no program"),
                    ("echo ${{ github.head_ref }}", "puts an expression into a shell"),
                    ("if", "is no shell command")))):
            with self.subTest(says=says, value=value):
                self.red(says, where, value)
        for text, says in ((yaml.safe_dump(self.GOOD), "say which version"), ("a: [", "no YAML")):
            self.assertIn(says, "\n".join(problems(text, {"check"})))


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
        # Without them nothing runs.
        self.write("apt-get", "#!/bin/sh\nexit 100\n")
        done, _ = self.run_it("echo", "ran")
        self.assertEqual((done.returncode, done.stdout), (100, ""))

    def test_no_command(self):
        done, said = self.run_it()
        self.assertEqual((done.returncode, said), (2, ""))
        self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    run_tests()
