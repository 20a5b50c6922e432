# SPDX-License-Identifier: MIT
"""The checks that OSS-Fuzz makes of a build before it takes it (base-runner: test_all.py and
bad_build_check, with their thresholds), and those that capchain adds: seeds are the corpus, byte for
byte, and are judged as the corpus is; every parser has its load hooks.

Each check yields one line for each thing that is wrong.
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from image import AFL_RUNNER, FUZZER_ARGS, RUNNER, scheduled, why

RUNS = 4
# Lines of bounded.h, in percent, that the seeds of any kind reach.
COVERED_LEAST = 50
EDGES = 100
LIMIT = 300
# Calls of run-time functions in a target: which ones a build of a sanitizer has, and how many at least; and how
# many of others' it may have.
LEAST = {"address": ("asan", 1000), "memory": ("msan", 1000), "undefined": ("ubsan", 168)}
MSAN_MOST = 3
UBSAN_MOST = {"x86_64": 200, "i386": 280}
MACHINES = {"x86_64": "x86-64", "i386": "80386"}
CALL = r"callq?\s+[0-9a-f]+\s+<__{}"
# The runner's image has the C library and no library of ours.
LIBRARIES = re.compile(r"lib(c|m|dl|rt|pthread|resolv|gcc_s)\.so\.\d+|ld-linux.*")
CXX_LIBRARIES = re.compile(r"libstdc\+\+\.so\.6")
NAME = re.compile(r"[A-Za-z0-9_-]+")
ORACLES = re.compile(r"capchain: kind (\w+), (\d+) parsers; oracles: (.*)")
HOOKS = re.compile(r"load hooks in (\d+) of (\d+) parsers")
WORDS = {"address": "AddressSanitizer", "undefined": "UndefinedBehaviorSanitizer", "memory": "MemorySanitizer"}


class Build:
    """A finished $OUT, where it is checked: moved away, so that no path into it can be built in."""

    def __init__(self, image, combination, out, expected):
        self.image, self.combination, self.out, self.expected = image, combination, out, expected
        self.libfuzzer = combination.engine == "libfuzzer"
        self.tmp = tempfile.mkdtemp(prefix="run-", dir=image.root)
        self.oracles = {}

    def target(self, name):
        return os.path.join(self.out, name)

    def kind(self, name):
        return name.removeprefix("fuzz_").removesuffix("_info")

    def targets(self):
        """As test_all.py finds them: programs that name libFuzzer's entry point."""
        return [path.name for path in sorted(Path(self.out).iterdir())
                if not path.name.startswith("afl-") and path.is_file() and os.access(path, os.X_OK)
                and b"LLVMFuzzerTestOneInput" in path.read_bytes()]

    def run(self, args, more=None):
        """Exit status and output of a target in the runner's environment."""
        environment = {"PATH": f"{self.out}:{self.image.path}", "HOME": self.tmp, **RUNNER,
                       "LLVM_PROFILE_FILE": os.path.join(self.tmp, "profile-%p"), **(more or {})}
        try:
            done = subprocess.run(args, cwd=self.out, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            return None, (error.stdout or b"").decode("utf-8", "replace")
        except OSError as error:
            return None, str(error)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def options(self, name):
        """-key=value of the section [libfuzzer], as parse_options.py makes them."""
        parser = configparser.ConfigParser()
        parser.read(self.target(name + ".options"))
        items = parser.items("libfuzzer") if parser.has_section("libfuzzer") else ()
        return [f"-{key}={value}" for key, value in items]

    def dictionary(self, name):
        return [f"-dict={name}.dict"] if os.path.exists(self.target(name + ".dict")) else []

    def seeds(self, name):
        """The seed corpus unpacked, as the runner does it; the files' paths."""
        folder = os.path.join(self.tmp, name + "_corpus")
        if not os.path.exists(folder):
            os.makedirs(folder)
            path = self.target(name + "_seed_corpus.zip")
            if os.path.exists(path):
                with zipfile.ZipFile(path) as archive:
                    archive.extractall(folder)
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def check_names(build):
    """Every kind has its target, and each target its seeds, dictionary and options by its name."""
    targets = build.targets()
    for kind in sorted(build.expected):
        name = "fuzz_fetch" if kind == "fetch" else f"fuzz_{kind}_info"
        if name not in targets:
            yield f"no target {name}"
    for name in targets:
        if not NAME.fullmatch(name):
            yield f"{name}: OSS-Fuzz does not run a target of that name"
        for ending, what in (("_seed_corpus.zip", "seed corpus"), (".dict", "dictionary"), (".options", "options")):
            if not os.path.exists(build.target(name + ending)):
                yield f"{name}: no {what} by the name {name}{ending}"
    for name in sorted(os.listdir(build.out)):
        stem = re.sub(r"(_seed_corpus\.zip|\.dict|\.options)$", "", name)
        if stem != name and stem not in targets:
            yield f"{name} belongs to no target, so nobody finds it"


def asked(*command):
    """What a tool says of a target."""
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout


def check_machine(build, name):
    made = asked("file", "-b", build.target(name))
    if MACHINES[build.combination.architecture] not in made:
        yield f"{name}: not built for {build.combination.architecture}: {made.strip()[:60]}"


def check_libraries(build, name):
    """The runner's image is not the builder's."""
    for library in re.findall(r"\(NEEDED\).*\[(.*)\]", asked("readelf", "-d", build.target(name))):
        # Where there is no libc++ to link, as the image would, the engine needs libstdc++.
        if not (LIBRARIES.fullmatch(library) or
                (not build.image.cxx_library and CXX_LIBRARIES.fullmatch(library))):
            yield f"{name}: needs {library}, which the runner does not have"


def check_sanitizer(build, name):
    """
    The mixed sanitizers check. AFL++'s driver calls ASan by name in every build, and OSS-Fuzz has AFL++ with ASan
    alone, so other builds with it are not held to this.
    """
    sanitizer = build.combination.sanitizer
    if not scheduled(build.combination) or sanitizer not in LEAST:
        return
    made = asked("objdump", "-d", "--no-show-raw-insn", build.target(name))
    most = {"asan": 0, "dfsan": 0, "msan": MSAN_MOST, "ubsan": UBSAN_MOST[build.combination.architecture]}
    own, least = LEAST[sanitizer]
    for word, limit in most.items():
        calls = len(re.findall(CALL.format(word), made))
        if word == own and calls < least:
            yield f"{name}: {calls} calls of __{word}: OSS-Fuzz wants {least} in a {sanitizer} build"
        if word != own and calls > limit:
            yield f"{name}: {calls} calls of __{word}: OSS-Fuzz allows {limit} in a {sanitizer} build"


def check_start_libfuzzer(build, name):
    # A coverage build has no feedback for the engine, which says so and leaves without seeds.
    if build.combination.sanitizer == "coverage":
        return
    status, said = build.run([build.target(name), "-seed=1337", f"-runs={RUNS}"])
    if "ERROR: no interesting inputs were found. Is the code instrumented" in said:
        yield f"{name}: no coverage instrumentation"
        return
    edges = re.search(r"INFO: Loaded \d+ module.*\(.*(?:counters|guards)\):\s+(\d+)", said)
    if int(edges[1] if edges else 0) < EDGES:
        yield f"{name}: {edges[1] if edges else 'no'} edges, OSS-Fuzz wants {EDGES}"
    status, said = build.run([build.target(name), *FUZZER_ARGS, "-seed=1337", f"-runs={RUNS}",
                              *build.options(name), *build.dictionary(name)])
    if status != 0 or f"Done {RUNS} runs" not in said:
        yield f"{name}: does not do {RUNS} runs (exit status {status}): {why(said)}"
    lines = Path(build.image.project, "corpus", "vfio.dict").read_text("ascii").splitlines()
    wanted = sum("=" in line and not line.startswith("#") for line in lines)
    entries = re.search(r"Dictionary: (\d+) entries", said)
    if not entries or int(entries[1]) != wanted:
        yield f"{name}: {entries[1] if entries else 'no'} entries of the dictionary read, not {wanted}"
    status, said = build.run([build.target(name), *FUZZER_ARGS, "-runs=0", *build.options(name),
                              os.path.dirname((build.seeds(name) or ["/nowhere/x"])[0])])
    if status != 0:
        yield f"{name}: a seed crashes it (exit status {status}): {why(said)}"


def check_start_afl(build, name):
    """AFL++ starts on one file, and does not find the target dead."""
    folder = Path(build.tmp, name + "_in")
    folder.mkdir()
    Path(folder, "input").write_text("input\n", "ascii")
    command = [build.target("afl-fuzz"), "-m", "none", "-V", "1"]
    if os.path.exists(build.target("afl_cmplog.txt")):
        command += ["-c", build.target(name)]
    command += ["-t", "5000+", "-i", folder, "-o", os.path.join(build.tmp, name + "_out"),
                "-x", build.target(name + ".dict"), "--", build.target(name)]
    more = {"ASAN_OPTIONS": ":abort_on_error=1:symbolize=0:detect_odr_violation=0:",
            "MSAN_OPTIONS": ":exit_code=86:symbolize=0", "UBSAN_OPTIONS": ":symbolize=0"}
    _, said = build.run(command, {**{key: RUNNER[key] + text for key, text in more.items()}, **AFL_RUNNER,
                                  "AFL_FORKSRV_INIT_TMOUT": "30000"})
    if "All set and ready to roll" not in said:
        yield f"{name}: AFL++ does not start: {why(said)}"
    dead = re.search(r".*target binary (crashed|terminated).*", said)
    if dead:
        yield f"{name}: AFL++: {dead[0].strip()[:120]}"


def check_seeds(build, name):
    """Every input of the corpus is there, as bytes, and judged as the command judges it."""
    seeds, kind = build.seeds(name), build.kind(name)
    longest = int(dict(option[1:].split("=") for option in build.options(name)).get("max_len", 0))
    if not seeds:
        yield f"{name}: no seeds"
        return
    for path in seeds:
        if not os.path.isfile(path):
            yield f"{name}: its seeds are not flat: {os.path.basename(path)} is a folder"
            return
        if longest and os.path.getsize(path) > longest:
            yield f"{name}: max_len {longest} cuts the seed {os.path.basename(path)}"
    verdicts = Path(build.tmp, name + ".verdicts")
    status, said = build.run([build.target(name), *seeds], {"CAPCHAIN_VERDICTS": str(verdicts)})
    if status != 0:
        yield f"{name}: stops on its seeds (exit status {status}): {why(said)}"
        return
    # First: without hooks, verdicts differ too.
    yield from check_oracles(build, name, said)
    got = set(verdicts.read_text("ascii").splitlines(True)) if verdicts.exists() else set()
    # AFL++'s driver runs no empty file.
    wanted = {line for line in build.expected[kind] if build.libfuzzer or line.split()[2] != "0"}
    missing = len(wanted - got)
    if missing:
        yield (f"{name}: of {len(wanted)} inputs of the corpus {missing} are not among its seeds, or not judged as "
               "`capchain replay` judges them")


def check_profile(build, name):
    """A coverage build's profile of the seeds tells which lines of a parser ran."""
    raw = os.path.join(build.tmp, name + ".profraw")
    merged = os.path.join(build.tmp, name + ".profdata")
    build.run([build.target(name), *build.seeds(name)], {"LLVM_PROFILE_FILE": raw})
    status, said = build.run(["llvm-profdata", "merge", raw, "-o", merged])
    if status != 0:
        yield f"{name}: leaves no profile: {why(said)}"
        return
    status, said = build.run(["llvm-cov", "export", "-summary-only", build.target(name), "-instr-profile", merged])
    try:
        files = json.loads(said)["data"][0]["files"]
    except (ValueError, LookupError):
        yield f"{name}: its profile cannot be read (exit status {status}): {why(said)}"
        return
    lines = [file["summary"]["lines"]["percent"] for file in files
             if file["filename"].endswith(os.path.join("parsers", "include", "bounded.h"))]
    if not lines or lines[0] < COVERED_LEAST:
        yield f"{name}: its seeds cover {lines} % of bounded.h's lines, want {COVERED_LEAST}"


def check_oracles(build, name, said):
    """Reads what the target says it can see, and holds it to what this build has to see."""
    line, sanitizer = ORACLES.search(said), build.combination.sanitizer
    hooks = HOOKS.search(line[3]) if line else None
    if not line or line[1] != build.kind(name):
        yield f"{name}: does not say which kind it is for and what it sees"
        return
    build.oracles[name] = line[3]
    # One that has no place in this build says so, and has nothing to hook.
    abstain = line[3].count(" abstains: ")
    if not hooks or hooks[1] != hooks[2] or int(hooks[2]) + abstain != int(line[2]):
        yield f"{name}: not every parser has load hooks: {line[3]}"
    if ("no arena" in line[3]) != (build.combination.architecture == "i386"):
        yield f"{name}: {'no arena' if 'no arena' in line[3] else 'an arena on i386'}"
    for other, word in WORDS.items():
        if (word in line[3]) != (other == sanitizer):
            yield f"{name}: {word} is {'' if word in line[3] else 'not '}in a {sanitizer} build"


def check(build):
    """All checks of a finished build: a list of lines, empty where it is good."""
    moved = build.out + "-moved"
    shutil.rmtree(moved, ignore_errors=True)
    os.rename(build.out, moved)
    home, build.out = build.out, moved
    try:
        found = list(check_names(build))
        for name in build.targets():
            checks = [check_machine, check_libraries, check_sanitizer,
                      check_start_libfuzzer if build.libfuzzer else check_start_afl]
            if build.kind(name) in build.expected:
                checks.append(check_seeds)
            if build.combination.sanitizer == "coverage":
                checks.append(check_profile)
            for one in checks:
                found += one(build, name)
        return found
    finally:
        build.out = home
        os.rename(moved, home)
        shutil.rmtree(build.tmp, ignore_errors=True)
