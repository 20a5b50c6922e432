# SPDX-License-Identifier: MIT
"""An OSS-Fuzz image without docker: the environment that its `compile` gives to build.sh, and its
runner to targets, for each combination of engine, sanitizer and architecture.

The flags and options are those of google/oss-fuzz, infra/base-images: base-clang and base-builder
(ubuntu-24-04.Dockerfile), compile, compile_afl, and base-runner for what targets run with.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from gen import compilers  # noqa: E402

Combination = namedtuple("Combination", "engine sanitizer architecture variant")

BASE = ("-O1 -fno-omit-frame-pointer -gline-tables-only "
        "-Wno-error=incompatible-function-pointer-types -Wno-error=int-conversion "
        "-Wno-error=deprecated-declarations -Wno-error=implicit-function-declaration "
        "-Wno-error=implicit-int -Wno-error=unknown-warning-option "
        "-Wno-error=vla-cxx-extension -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION")
BOUNDS = ("array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,"
          "returns-nonnull-attribute,shift,signed-integer-overflow,{}unreachable,vla-bound,vptr")
SANITIZERS = {
    "address": "-fsanitize=address -fsanitize-address-use-after-scope",
    "undefined": "-fsanitize=" + BOUNDS.format("unsigned-integer-overflow,") +
                 " -fno-sanitize-recover=" + BOUNDS.format(""),
    "memory": "-fsanitize=memory -fsanitize-memory-track-origins",
    "coverage": "",
}
FEEDBACK = {"libfuzzer": "-fsanitize=fuzzer-no-link", "afl": ""}
COVERAGE = ("-fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed -Wl,-ldl "
            "-Wl,-lm -Wno-unused-command-line-argument")
# What compile_afl draws lots for.
AFL_LOTS = {
    "": {},
    "cmplog": {"AFL_LLVM_CMPLOG": "1"},
    "ctx": {"AFL_LLVM_INSTRUMENT": "CLASSIC,CTX-2"},
    "laf": {"AFL_LLVM_LAF_ALL": "1"},
}
RUNNER = {
    "ASAN_OPTIONS": "alloc_dealloc_mismatch=0:allocator_may_return_null=1:"
                    "allocator_release_to_os_interval_ms=500:check_malloc_usable_size=0:"
                    "detect_container_overflow=1:detect_odr_violation=0:detect_leaks=1:"
                    "detect_stack_use_after_return=1:fast_unwind_on_fatal=0:handle_abort=1:"
                    "handle_segv=1:handle_sigill=1:max_uar_stack_size_log=16:print_scariness=1:"
                    "quarantine_size_mb=10:strict_memcmp=1:strip_path_prefix=/workspace/:"
                    "symbolize=1:use_sigaltstack=1:dedup_token_length=3",
    "MSAN_OPTIONS": "print_stats=1:strip_path_prefix=/workspace/:symbolize=1:dedup_token_length=3",
    "UBSAN_OPTIONS": "print_stacktrace=1:print_summary=1:silence_unsigned_overflow=1:"
                     "strip_path_prefix=/workspace/:symbolize=1:dedup_token_length=3",
}
FUZZER_ARGS = ["-rss_limit_mb=2560", "-timeout=25"]
AFL_RUNNER = {name: "1" for name in (
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "AFL_SKIP_CPUFREQ", "AFL_TRY_AFFINITY",
    "AFL_FAST_CAL", "AFL_CMPLOG_ONLY_NEW", "AFL_IGNORE_PROBLEMS", "AFL_IGNORE_UNKNOWN_ENVS",
    "AFL_NO_UI")}

# What a compiler says where something is missing on this machine, and what to do.
MISSING = (
    (r"cannot find -lstdc\+\+", "no 32-bit C++ library to link libFuzzer with (Debian: g++-multilib)"),
    (r"cannot find -lgcc|cannot find crt1\.o|skipping incompatible .*libgcc|stubs-32\.h",
     "no 32-bit C library (Debian: gcc-multilib)"),
    (r"libclang_rt", "clang has no run-time library for this (Debian: libclang-rt-*-dev)"),
)
PROBE = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }\n'


class BuildFailed(Exception):
    """build.sh failed; the text is one line that says why."""


def scheduled(combination):
    """Whether OSS-Fuzz itself builds it: infra/build/functions, build_lib.py and build_project.py."""
    if combination.engine == "afl":
        return combination.sanitizer == "address" and combination.architecture == "x86_64"
    return combination.architecture == "x86_64" or combination.sanitizer == "address"


def never(combination):
    """Why no machine can build it, or None."""
    if combination.architecture != "i386":
        return None
    if combination.sanitizer == "memory":
        return "MemorySanitizer is for 64-bit machines only"
    if combination.engine == "afl":
        return "OSS-Fuzz runs AFL++ on x86_64 only, and Debian's AFL++ has no 32-bit driver"
    return None


COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
WRONG = re.compile(r"capchain: (?!kind)|ERROR:|SUMMARY:|ABORT|Assertion failure|\berror\b|"
                   r"build\.sh: |targets\.sh: |^ledger: |^amalgamate: |cannot ")


def why(said):
    """The line of a program's output that says what went wrong."""
    lines = [COLOUR.sub("", line).strip() for line in said.splitlines()]
    lines = [line for line in lines if line]
    wrong = [line for line in lines if WRONG.search(line)]
    return (wrong or lines[-1:] or ["it said nothing"])[0][:300]


class Image:
    """One clean directory with src, out and work, and what was copied to it."""

    def __init__(self, root, tree):
        self.root = root
        self.src, self.work = os.path.join(root, "src"), os.path.join(root, "work")
        self.project = os.path.join(self.src, "capchain")
        self.engine_archive = os.path.join(root, "libFuzzingEngine.a")
        self.path = os.environ.get("PATH", "/usr/bin:/bin")
        self.cxx_library = []
        # What a clone of the tree has, with what is not committed yet.
        shutil.copytree(tree, self.project, ignore=lambda folder, names: {"__pycache__", ".git"} | (
            {"build"} if os.path.samefile(folder, tree) else set()))
        for folder in (self.work, os.path.join(root, "tmp")):
            os.makedirs(folder)
        if self.builds([*compilers.cxx_of("clang"), "-stdlib=libc++", "-fsanitize=fuzzer"]):
            self.cxx_library = ["-stdlib=libc++"]

    def out(self, combination):
        return os.path.join(self.root, "out-" + "-".join(filter(None, combination)))

    def compilers(self, combination):
        """$CC and $CXX, as words."""
        if combination.engine == "afl":
            return ["afl-clang-fast"], ["afl-clang-fast++"]
        return compilers.c_of("clang"), compilers.cxx_of("clang")

    def flags(self, combination):
        """$CFLAGS and $CXXFLAGS as `compile` puts them together."""
        feedback = COVERAGE if combination.sanitizer == "coverage" else FEEDBACK[combination.engine]
        parts = ["-m32" if combination.architecture == "i386" else "", BASE, SANITIZERS[combination.sanitizer],
                 feedback]
        flags = " ".join(filter(None, parts))
        return flags, " ".join([flags, *self.cxx_library])

    def engine(self, combination):
        return self.engine_archive if combination.engine == "afl" else "-fsanitize=fuzzer"

    def environment(self, combination, out=None):
        """All that build.sh finds, and nothing else of the caller's own environment but its ccache."""
        cc, cxx = map(shlex.join, self.compilers(combination))
        cflags, cxxflags = self.flags(combination)
        made = {"PATH": self.path, "HOME": self.root, "TMPDIR": os.path.join(self.root, "tmp"),
                "SRC": self.src, "OUT": out or self.out(combination), "WORK": self.work,
                "CC": cc, "CXX": cxx, "CCC": cxx, "CFLAGS": cflags, "CXXFLAGS": cxxflags,
                "LIB_FUZZING_ENGINE": self.engine(combination),
                "SANITIZER": combination.sanitizer, "FUZZING_ENGINE": combination.engine,
                "ARCHITECTURE": combination.architecture, "FUZZING_LANGUAGE": "c",
                "UBSAN_OPTIONS": "silence_unsigned_overflow=1"}
        # No script reads these; the Makefile runs compilers under the caller's ccache.
        made.update({name: value for name, value in os.environ.items() if name.startswith("CCACHE")})
        if combination.engine == "afl":
            made.update(AFL_QUIET="1", AFL_IGNORE_UNKNOWN_ENVS="1", **AFL_LOTS[combination.variant])
        return made

    def builds(self, command):
        """Whether @command makes a fuzz target of PROBE; what it said is in self.said."""
        probe = Path(self.root, "probe.cc")
        probe.write_text(PROBE, "ascii")
        made = subprocess.run([*command, probe, "-o", probe.with_suffix("")], capture_output=True, text=True,
                              errors="replace", check=False, env={"PATH": self.path, "AFL_QUIET": "1"})
        self.said = made.stderr
        return made.returncode == 0

    def lacks(self, combination):
        """What this machine lacks to build @combination, or None."""
        for tool in (*(words[0] for words in self.compilers(combination)),
                     *(["afl-fuzz"] if combination.engine == "afl" else [])):
            if not shutil.which(tool, path=self.path):
                return f"no {tool} (Debian: {'afl++' if 'afl' in tool else 'clang'})"
        if combination.engine == "afl" and not self.take_driver():
            return "no libAFLDriver.a beside afl-clang-fast (Debian: afl++)"
        _, cxx = self.compilers(combination)
        _, flags = self.flags(combination)
        if self.builds([*cxx, *flags.split(), self.engine(combination)]):
            return self.cannot_run() if combination.architecture == "i386" else None
        for pattern, reason in MISSING:
            if re.search(pattern, self.said):
                return reason
        return "a target that does nothing does not build: " + why(self.said)

    def cannot_run(self):
        """Why i386 programs are not run here, or None: AddressSanitizer's do not all end under qemu-i386."""
        asked = subprocess.run([os.path.join(self.project, "scripts", "test", "i386.sh")],
                               capture_output=True, text=True, check=False)
        return None if asked.stdout == "native\n" else "this kernel does not run i386 programs"

    def take_driver(self):
        """compile_afl puts AFL++'s driver where $LIB_FUZZING_ENGINE says."""
        drivers = [path for path in ("/usr/lib/afl/libAFLDriver.a", "/usr/local/lib/afl/libAFLDriver.a")
                   if os.path.exists(path)]
        return bool(drivers) and bool(shutil.copyfile(drivers[0], self.engine_archive))

    def run(self, script, combination, log, out=None):
        """Runs @script as the image does; raises BuildFailed with its last word."""
        with open(log, "ab") as file:
            done = subprocess.run(["bash", "-eu", script], cwd=self.project, stdout=file,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                                  env=self.environment(combination, out))
        if done.returncode:
            said = why(Path(log).read_text("utf-8", "replace"))
            raise BuildFailed(f"{os.path.basename(script)} ended with {done.returncode}: {said}")

    def build(self, combination, script, log):
        """Builds from nothing with @script, a path in the tree, copied to $SRC as images do."""
        out = self.out(combination)
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        to = shutil.copy2(os.path.join(self.project, script), os.path.join(self.src, "build.sh"))
        if combination.engine == "afl":
            shutil.copy2(shutil.which("afl-fuzz", path=self.path), out)
            if combination.variant == "cmplog":
                Path(out, "afl_cmplog.txt").touch()
        self.run(to, combination, log)
        return out
