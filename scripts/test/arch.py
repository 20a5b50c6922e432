#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make check-arch: capchain on arm64, s390x (big endian) and i386, under qemu-user.

Builds the command and the tests of bounded.h, fetch.h and the sandbox with Debian's cross compilers,
replays the whole corpus, puts every chain of up to two capabilities of kind device through every
parser, runs the tests, and for arm64 a libFuzzer target of clang. The libraries of each machine are
downloaded as Debian packages, by an apt configuration and lists of its own, and unpacked below
build/arch/; no architecture is added to this system's dpkg, and no root is needed.

qemu-user is the newest that is found: in PATH, in the roots of make check-systems, or as a package in
what their apt and this system's have, unpacked beside the libraries. Versions before 10.0 take long to
reserve the sandbox's address space on s390x; before 11.1 they do not tell a store from a load on arm64.

The table says of each machine which compiler and qemu it was, of the replay how many inputs passed,
failed, and were of the other byte order, how many buffers were tried, and how many tests passed. On
arm64 the sandbox's tests and the corpus run once more with pages of 64 KiB, where an emulator has them.
What could not be run says why.

exit status:
  0  all that could be run did what it has to
  1  something failed, or nothing was run
  2  wrong usage
"""

import argparse
import collections
import glob
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.alone import last_line  # noqa: E402
from gen import compilers  # noqa: E402
from gen.names import ROOT  # noqa: E402
from gen.whole import write_json  # noqa: E402

CLANG = compilers.c_of("clang")
Machine = collections.namedtuple("Machine", "name triple qemu kind")
MACHINES = {machine.name: machine for machine in (
    Machine("arm64", "aarch64-linux-gnu", "qemu-aarch64", "64-bit"),
    Machine("s390x", "s390x-linux-gnu", "qemu-s390x", "64-bit"),
    Machine("i386", "i686-linux-gnu", "qemu-i386", "32-bit"))}
LIBRARIES = ("libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1", "libcrypt1", "libyaml-0-2",
             "libyaml-dev", "libjansson4", "libjansson-dev", "libcmocka0", "libcmocka-dev")
# Each with its argument. qemu-user does no seccomp and no rlimits, which open_test is about, and cannot
# run itself anew without the kernel's binfmt, as report_test does.
ANYWHERE = ("test/parsers/bounded_test corpus", "test/parsers/bounded_load_test corpus",
            "test/chain/endian_test", "test/fetch/fetch_test")
TESTS = {"64-bit": (*ANYWHERE, "test/sandbox/sandbox_test", "test/sandbox/heap_test"),
         "32-bit": (*ANYWHERE, "no_arena")}
COLUMNS = ("machine", "compiler", "qemu", "passed", "failed", "other byte order", "exhaust",
           "tests", "64 KiB pages", "libFuzzer")
FUZZ_RUNS = 20000
LARGE_PAGE = 65536


class Missing(Exception):
    """One line: why something cannot be run."""


class Failed(Exception):
    """One line: what did not do as it has to."""


def command(words, log, **options):
    """Runs @words; its output, which is kept in the file @log as well, and status."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          **options)
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(words)}\n{done.stdout}")
    return done.returncode, done.stdout


def said_by(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def relative_links(root):
    """Links from the root of the file system lead into @root: libm.so is one."""
    for path in Path(root).rglob("*"):
        if path.is_symlink() and os.readlink(path).startswith("/"):
            target = os.path.relpath(root + os.readlink(path), path.parent)
            path.unlink()
            path.symlink_to(target)


class Apt:
    """An apt of its own for one architecture, that installs nothing."""

    def __init__(self, folder, arch, log, etc=None):
        self.folder, self.log = folder, log
        for name in ("lists/partial", "archives/partial"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        Path(folder, "status").touch()
        Path(folder, "apt.conf").write_text(
            f'APT::Architecture "{arch}";\nAPT::Architectures {{ "{arch}"; }};\n'
            f'Dir::State::lists "{folder}/lists";\nDir::State::status "{folder}/status";\n'
            f'Dir::Cache "{folder}";\nAcquire::Languages "none";\n'
            'APT::Sandbox::User "";\nAPT::Get::List-Cleanup "0";\n'
            + (f'Dir::Etc "{etc}";\n' if etc else ""), "utf-8")
        self.environment = {**os.environ, "APT_CONFIG": f"{folder}/apt.conf", "LC_ALL": "C.UTF-8"}

    def unpack(self, packages, to):
        """Downloads @packages and unpacks them to the folder @to, once."""
        part, done = to + ".part", Path(to, f".{packages[0]}")
        if done.exists():
            return
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        if not glob.glob(os.path.join(self.folder, "lists", "*_Packages*")):
            command(["apt-get", "-qq", "update"], self.log, env=self.environment)
        status, said = command(["apt-get", "-qq", "download", *packages], self.log,
                               env=self.environment, cwd=part)
        if status:
            raise Missing(f"no {' '.join(packages)} from apt: {last_line(said)}")
        os.makedirs(to, exist_ok=True)
        for package in sorted(Path(part).glob("*.deb")):
            status, said = command(["dpkg-deb", "-x", str(package), to], self.log)
            if status:
                raise Missing(f"{package.name} cannot be unpacked: {last_line(said)}")
        shutil.rmtree(part)
        relative_links(to)
        done.touch()


def version_of(program):
    """The version of a qemu as numbers, or None where it does not run here."""
    try:
        found = re.search(r"version (\d+(?:\.\d+)+)", said_by(program, "--version"))
    except OSError:
        return None
    return tuple(map(int, found[1].split("."))) if found else None


class Qemus:
    """Every qemu-user that there is."""

    def __init__(self, work, roots):
        here = platform.machine().replace("x86_64", "amd64").replace("aarch64", "arm64")
        log = os.path.join(work, "qemu.log")
        self.folders = os.environ.get("PATH", "/usr/bin").split(":")
        self.folders += [os.path.join(root, "usr/bin") for root in roots]
        for root in ["/", *roots]:
            folder = os.path.join(work, "qemu", root.strip("/").replace("/", "-") or "here")
            try:
                Apt(f"{folder}/apt", here, log, os.path.join(root, "etc/apt")).unpack(
                    ["qemu-user"], f"{folder}/root")
            except (Missing, OSError):
                continue
            self.folders.append(f"{folder}/root/usr/bin")

    def all(self, program):
        """Those that run here, the newest first: version and path. There is one at least."""
        paths = [os.path.join(folder, program) for folder in self.folders]
        found = [(version_of(path), path) for path in paths if os.access(path, os.X_OK)]
        if not any(version for version, _ in found):
            raise Missing(f"no {program} that runs here (Debian package qemu-user)")
        return sorted((one for one in found if one[0]), reverse=True)


class Run:
    """One machine: what was built for it, and how it comes out."""

    def __init__(self, machine, work, qemus):
        self.machine = machine
        self.folder = os.path.join(work, machine.name)
        self.sysroot = os.path.join(self.folder, "root")
        self.log = os.path.join(work, f"{machine.name}.log")
        self.row = {**dict.fromkeys(COLUMNS, ""), "machine": machine.name}
        self.wrong, self.remarks, self.done = [], [], 0
        os.makedirs(self.folder, exist_ok=True)
        Path(self.log).write_text("", "utf-8")
        self.qemus = qemus.all(machine.qemu)
        version, self.qemu = self.qemus[0]
        self.row["qemu"] = ".".join(map(str, version))

    def apt(self):
        return Apt(os.path.join(self.folder, "apt"), self.machine.name, self.log)

    def make(self, build, *words):
        """Another compiler makes all anew: each has a folder of its own."""
        status, said = command(["make", "-s", f"-j{os.cpu_count()}", "-C", ROOT, "CAN_BPF=", "LLD=",
                                f"BUILD={build}", *words], self.log)
        if status:
            raise Failed(f"it does not build: {last_line(said)}")

    def under_qemu(self, program, *words):
        return command([self.qemu, "-L", self.sysroot, os.path.join(self.folder, program), *words],
                       self.log, cwd=ROOT)

    def build(self):
        compiler = f"{self.machine.triple}-gcc"
        if not shutil.which(compiler):
            raise Missing(f"no {compiler} here (Debian package gcc-{self.machine.triple})")
        self.row["compiler"] = f"gcc {said_by(compiler, '-dumpfullversion')}"
        self.apt().unpack(LIBRARIES, self.sysroot)
        # -m32 also tells the Makefile to mark parsers' data, as there is no arena.
        bits = " -m32 -D_FILE_OFFSET_BITS=64" if self.machine.kind == "32-bit" else ""
        self.make(self.folder, "CLANG=no-clang", f"GCC={compiler} --sysroot={self.sysroot}{bits}",
                  f"{self.folder}/gcc/capchain",
                  *(f"{self.folder}/gcc/{test.split()[0]}" for test in TESTS[self.machine.kind]))

    def replay(self):
        inputs = ["corpus"]
        # glibc's fts of 32 bits finds no file in a folder of ext4 under qemu-user: each is named.
        if self.machine.kind == "32-bit":
            inputs = [os.path.relpath(path, ROOT) for folder in ("captured", "nights", "regressions", "seeds")
                      for path in sorted(glob.glob(os.path.join(ROOT, "corpus", folder, "*")))]
        status, said = self.under_qemu("gcc/capchain", "replay", *inputs)
        counts = re.search(r"(?m)^(\d+) passed, (\d+) failed(?:, (\d+) other byte order)?$", said)
        if not counts:
            raise Failed(f"replay did not end: {last_line(said)}")
        passed, failed, other = (int(count or 0) for count in counts.groups())
        self.row.update({"passed": passed, "failed": failed, "other byte order": other})
        self.remarks += re.findall(r"(?m)^# (oracles: .*)$", said)
        self.done += passed
        if status or failed or not passed:
            raise Failed(f"replay: {passed} passed, {failed} failed")

    def exhaust(self):
        status, said = self.under_qemu("gcc/capchain", "exhaust", "--caps", "2", "--kind", "device")
        counts = re.search(r"(?m)^device: (\d+) buffers", said)
        self.row["exhaust"] = "failed" if status or not counts else counts.group(1)
        if status or not counts:
            raise Failed(f"exhaust: {last_line(said)}")

    def tests(self):
        tests = TESTS[self.machine.kind]
        failed = [test.split()[0] for test in tests if self.under_qemu(*f"gcc/{test}".split())[0]]
        self.row["tests"] = f"{len(tests) - len(failed)} of {len(tests)}"
        if failed:
            raise Failed(f"tests: {', '.join(failed)}")

    def pages(self):
        """arm64's alone: its kernels have pages of 4, 16 or 64 KiB. qemu-user 7.2 has them all."""
        for _, qemu in self.qemus:
            def under(program, *words):
                return command([qemu, "-p", str(LARGE_PAGE), "-L", self.sysroot,
                                f"{self.folder}/gcc/{program}", *words], self.log, cwd=ROOT)
            status, said = under("test/sandbox/sandbox_test")
            if f"pages of {LARGE_PAGE} bytes" not in said:
                continue
            status |= under("test/sandbox/heap_test")[0]
            self.row["64 KiB pages"] = said = last_line(under("capchain", "replay", "corpus")[1])
            if status or not re.fullmatch(r"[1-9]\d* passed, 0 failed", said):
                raise Failed(f"64 KiB pages: {said}")
            return
        raise Missing("64 KiB pages: no qemu here has them (qemu-user 7.2 has)")

    def fuzz(self):
        """arm64's alone."""
        if not compilers.has("clang"):
            raise Missing("libFuzzer: no clang here")
        clang, gcc = (said_by(*compiler, "-dumpversion").split(".")[0]
                      for compiler in (CLANG, [f"{self.machine.triple}-gcc"]))
        self.apt().unpack([f"libclang-rt-{clang}-dev", f"libgcc-{gcc}-dev", f"libstdc++-{gcc}-dev",
                           "libstdc++6"], self.sysroot)
        runtime = list(Path(self.sysroot, f"usr/lib/llvm-{clang}/lib/clang").glob(
            "*/lib/linux/libclang_rt.fuzzer-aarch64.a"))
        if not runtime:
            raise Missing(f"libFuzzer: libclang-rt-{clang}-dev has none for arm64")
        self.make(f"{self.folder}/clang",
                  f"CLANG={shlex.join(CLANG)} --target={self.machine.triple} --sysroot={self.sysroot} "
                  f"-resource-dir={runtime[0].parents[2]} "
                  f"-isystem {said_by(*CLANG, '-print-resource-dir')}/include",
                  "GCC=no-gcc", f"{self.folder}/clang/libfuzzer-fast/fuzz_device_info")
        status, said = self.under_qemu("clang/libfuzzer-fast/fuzz_device_info", f"-runs={FUZZ_RUNS}",
                                       "-seed=1", "-max_len=256")
        done = re.search(r"Done (\d+) runs", said)
        self.row["libFuzzer"] = f"clang {clang}, {done[1]} runs" if done else "failed"
        if status or not done:
            raise Failed(f"libFuzzer: {last_line(said)}")

    def run(self):
        steps = [self.replay, self.exhaust, self.tests]
        if self.machine.name == "arm64":
            steps += [self.pages, self.fuzz]
        else:
            self.row.update({"64 KiB pages": "-", "libFuzzer": "-"})
        for step in (self.build, *steps):
            print(f"{self.machine.name}: {step.__name__}", file=sys.stderr)
            try:
                step()
            except (Missing, Failed) as why:
                (self.wrong if isinstance(why, Failed) else self.remarks).append(str(why))
                if step == self.build:
                    return


def print_table(rows):
    widths = [max(len(column), *(len(str(row[column])) for row in rows)) for column in COLUMNS]
    for cells in (COLUMNS, *([str(row[column]) for column in COLUMNS] for row in rows)):
        print(" | ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", default=list(MACHINES),
                        help=f"of {', '.join(MACHINES)} (all)")
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "arch"), metavar="DIR",
                        help="(build/arch)")
    parser.add_argument("--root", action="append", metavar="DIR", dest="roots",
                        help="a root of another Debian, to take qemu-user from; more than one may be "
                             "given (those of make check-systems)")
    parser.add_argument("--json", metavar="FILE", help="write the table there too, an object a machine")
    options = parser.parse_args(arguments)
    for machine in options.machines:
        if machine not in MACHINES:
            parser.error(f"no machine {machine}: say {', '.join(MACHINES)}")
    options.work = os.path.abspath(options.work)
    options.roots = [os.path.abspath(root) for root in options.roots or
                     sorted(glob.glob(os.path.join(ROOT, "build/systems/*/root")))]
    return options


def main(arguments):
    options = parse(arguments)
    os.makedirs(options.work, exist_ok=True)
    qemus = Qemus(options.work, options.roots)
    rows, wrong, remarks, done = [], [], [], 0
    for name in options.machines:
        try:
            run = Run(MACHINES[name], options.work, qemus)
            run.run()
        except Missing as why:
            rows.append({**dict.fromkeys(COLUMNS, ""), "machine": name})
            remarks.append(f"{name}: {why}")
            continue
        rows.append(run.row)
        wrong += [f"{name}: {why}" for why in run.wrong]
        remarks += [f"{name}: {why}" for why in run.remarks]
        done += run.done
    print_table(rows)
    if options.json:
        write_json(options.json, rows)
    for line in remarks + [f"failed: {why}; see {options.work}/*.log" for why in wrong]:
        print(line)
    if not done:
        print("nothing was run")
    return 1 if wrong or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
