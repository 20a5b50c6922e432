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

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402

CLANG = compilers.c_of("clang")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
Machine = collections.namedtuple("Machine", "name triple qemu kind")
MACHINES = {machine.name: machine for machine in (
    Machine("arm64", "aarch64-linux-gnu", "qemu-aarch64", "64-bit"),
    Machine("s390x", "s390x-linux-gnu", "qemu-s390x", "64-bit"),
    Machine("i386", "i686-linux-gnu", "qemu-i386", "32-bit"))}
LIBRARIES = ("libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1", "libcrypt1", "libyaml-0-2",
             "libyaml-dev", "libjansson4", "libjansson-dev", "libcmocka0", "libcmocka-dev")
# Each with its argument. qemu-user does no seccomp and no rlimits, which open_test is about, and cannot
# run itself anew without the kernel's binfmt, as report_test does.
TESTS = {"64-bit": ("test/parsers/bounded_test corpus", "test/parsers/bounded_load_test corpus", "test/chain/endian_test",
                    "test/fetch/fetch_test", "test/sandbox/sandbox_test", "test/sandbox/heap_test"),
         "32-bit": ("test/parsers/bounded_test corpus", "test/parsers/bounded_load_test corpus", "test/chain/endian_test",
                    "test/fetch/fetch_test", "no_arena")}
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


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def relative_links(root):
    """Links from the root of the file system lead into @root: libm.so is one."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) and os.readlink(path).startswith("/"):
                target = root + os.readlink(path)
                os.remove(path)
                os.symlink(os.path.relpath(target, folder), path)


class Apt:
    """An apt of its own for one architecture, that installs nothing."""

    def __init__(self, folder, arch, log, etc=None):
        self.folder, self.log = folder, log
        for name in ("lists/partial", "archives/partial"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        open(os.path.join(folder, "status"), "a", encoding="utf-8").close()
        configuration = os.path.join(folder, "apt.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f'APT::Architecture "{arch}";\nAPT::Architectures {{ "{arch}"; }};\n'
                       f'Dir::State::lists "{folder}/lists";\nDir::State::status "{folder}/status";\n'
                       f'Dir::Cache "{folder}";\nAcquire::Languages "none";\n'
                       'APT::Sandbox::User "";\nAPT::Get::List-Cleanup "0";\n')
            if etc:
                file.write(f'Dir::Etc "{etc}";\n')
        self.environment = {**os.environ, "APT_CONFIG": configuration, "LC_ALL": "C.UTF-8"}

    def unpack(self, packages, to):
        """Downloads @packages and unpacks them to the folder @to, once."""
        part, done = to + ".part", os.path.join(to, f".{packages[0]}")
        if os.path.exists(done):
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
        for package in sorted(glob.glob(os.path.join(part, "*.deb"))):
            status, said = command(["dpkg-deb", "-x", package, to], self.log)
            if status:
                raise Missing(f"{os.path.basename(package)} cannot be unpacked: {last_line(said)}")
        shutil.rmtree(part)
        relative_links(to)
        open(done, "w", encoding="utf-8").close()


def version_of(program):
    """The version of a qemu as numbers, or None where it does not run here."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r"version (\d+(?:\.\d+)+)", said.stdout)
    return tuple(map(int, found.group(1).split("."))) if found else None


class Qemus:
    """The newest qemu-user that there is."""

    def __init__(self, work, roots):
        here = platform.machine().replace("x86_64", "amd64").replace("aarch64", "arm64")
        log = os.path.join(work, "qemu.log")
        self.folders = os.environ.get("PATH", "/usr/bin").split(":")
        for root in ["/", *roots]:
            folder = os.path.join(work, "qemu", root.strip("/").replace("/", "-") or "here")
            unpacked = os.path.join(folder, "root")
            self.folders += [os.path.join(root, "usr/bin")] if root != "/" else []
            try:
                Apt(os.path.join(folder, "apt"), here, log,
                    os.path.join(root, "etc/apt")).unpack(["qemu-user"], unpacked)
            except (Missing, OSError):
                continue
            self.folders.append(os.path.join(unpacked, "usr/bin"))

    def all(self, program):
        """Those that run here, the newest first: version and path."""
        found = [(version_of(os.path.join(folder, program)), os.path.join(folder, program))
                 for folder in self.folders if os.access(os.path.join(folder, program), os.X_OK)]
        return sorted((one for one in found if one[0]), reverse=True)

    def newest(self, program):
        found = self.all(program)
        if not found:
            raise Missing(f"no {program} that runs here (Debian package qemu-user)")
        return found[0]


class Run:
    """One machine: what was built for it, and how it comes out."""

    def __init__(self, machine, work, qemus):
        self.machine = machine
        self.folder = os.path.join(work, machine.name)
        self.sysroot = os.path.join(self.folder, "root")
        self.log = os.path.join(work, f"{machine.name}.log")
        self.row = dict.fromkeys(COLUMNS, "")
        self.row["machine"] = machine.name
        self.wrong, self.remarks, self.done = [], [], 0
        os.makedirs(self.folder, exist_ok=True)
        open(self.log, "w", encoding="utf-8").close()
        self.qemus = qemus
        version, self.qemu = qemus.newest(machine.qemu)
        self.row["qemu"] = ".".join(map(str, version))

    def apt(self):
        return Apt(os.path.join(self.folder, "apt"), self.machine.name, self.log)

    def make(self, build, *words):
        """Another compiler makes all anew: each has a folder of its own."""
        status, said = command(["make", "-s", f"-j{os.cpu_count()}", "-C", ROOT, "CAN_BPF=",
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
        version = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True,
                                 check=False).stdout.strip()
        self.row["compiler"] = f"gcc {version}"
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
            inputs = [os.path.relpath(path, ROOT) for folder in ("captured", "regressions", "seeds")
                      for path in sorted(glob.glob(os.path.join(ROOT, "corpus", folder, "*")))]
        status, said = self.under_qemu("gcc/capchain", "replay", *inputs)
        counts = re.search(r"(?m)^(\d+) passed, (\d+) failed(?:, (\d+) other byte order)?$", said)
        if not counts:
            raise Failed(f"replay did not end: {last_line(said)}")
        passed, failed, other = (int(count or 0) for count in counts.groups())
        self.row.update({"passed": passed, "failed": failed, "other byte order": other})
        for line in re.findall(r"(?m)^# (oracles: .*)$", said):
            self.remarks.append(line)
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
        failed = []
        for test in TESTS[self.machine.kind]:
            program, *words = test.split()
            if self.under_qemu(f"gcc/{program}", *words)[0]:
                failed.append(program)
        every = len(TESTS[self.machine.kind])
        self.row["tests"] = f"{every - len(failed)} of {every}"
        if failed:
            raise Failed(f"tests: {', '.join(failed)}")

    def pages(self):
        """arm64's alone: its kernels have pages of 4, 16 or 64 KiB. qemu-user 7.2 has them all."""
        column = "64 KiB pages"
        if self.machine.name != "arm64":
            self.row[column] = "-"
            return
        for _, qemu in self.qemus.all(self.machine.qemu):
            start = [qemu, "-p", str(LARGE_PAGE), "-L", self.sysroot]
            status, said = command([*start, f"{self.folder}/gcc/test/sandbox/sandbox_test"], self.log,
                                   cwd=ROOT)
            if f"pages of {LARGE_PAGE} bytes" not in said:
                continue
            status |= command([*start, f"{self.folder}/gcc/test/sandbox/heap_test"], self.log,
                              cwd=ROOT)[0]
            said = command([*start, f"{self.folder}/gcc/capchain", "replay", "corpus"], self.log,
                           cwd=ROOT)[1]
            self.row[column] = last_line(said)
            if status or not re.fullmatch(r"[1-9]\d* passed, 0 failed", last_line(said)):
                raise Failed(f"{column}: {last_line(said)}")
            return
        raise Missing(f"{column}: no qemu here has them (qemu-user 7.2 has)")

    def fuzz(self):
        """arm64's alone."""
        if self.machine.name != "arm64":
            self.row["libFuzzer"] = "-"
            return
        if not compilers.has("clang"):
            raise Missing("libFuzzer: no clang here")
        major = re.match(r"\d+", subprocess.run([*CLANG, "-dumpversion"], capture_output=True,
                                                text=True, check=False).stdout).group()
        gcc = subprocess.run([f"{self.machine.triple}-gcc", "-dumpversion"], capture_output=True,
                             text=True, check=False).stdout.strip().split(".")[0]
        self.apt().unpack([f"libclang-rt-{major}-dev", f"libgcc-{gcc}-dev", f"libstdc++-{gcc}-dev",
                           "libstdc++6"], self.sysroot)
        runtime = glob.glob(f"{self.sysroot}/usr/lib/llvm-{major}/lib/clang/*/lib/linux/"
                            "libclang_rt.fuzzer-aarch64.a")
        if not runtime:
            raise Missing(f"libFuzzer: libclang-rt-{major}-dev has none for arm64")
        resources = os.path.dirname(os.path.dirname(os.path.dirname(runtime[0])))
        headers = subprocess.run([*CLANG, "-print-resource-dir"], capture_output=True, text=True,
                                 check=False).stdout.strip()
        self.make(f"{self.folder}/clang",
                  f"CLANG={shlex.join(CLANG)} --target={self.machine.triple} --sysroot={self.sysroot} "
                  f"-resource-dir={resources} -isystem {headers}/include",
                  "GCC=no-gcc", f"{self.folder}/clang/libfuzzer-fast/fuzz_device_info")
        status, said = self.under_qemu("clang/libfuzzer-fast/fuzz_device_info", f"-runs={FUZZ_RUNS}",
                                       "-seed=1", "-max_len=256")
        done = re.search(r"Done (\d+) runs", said)
        self.row["libFuzzer"] = f"clang {major}, {done.group(1)} runs" if done else "failed"
        if status or not done:
            raise Failed(f"libFuzzer: {last_line(said)}")

    def run(self):
        try:
            self.build()
        except (Missing, Failed) as why:
            (self.wrong if isinstance(why, Failed) else self.remarks).append(str(why))
            return
        for step in (self.replay, self.exhaust, self.tests, self.pages, self.fuzz):
            print(f"{self.machine.name}: {step.__name__}", file=sys.stderr)
            try:
                step()
            except Failed as why:
                self.wrong.append(str(why))
            except Missing as why:
                self.remarks.append(str(why))


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
        except Missing as why:
            rows.append({**dict.fromkeys(COLUMNS, ""), "machine": name})
            remarks.append(f"{name}: {why}")
            continue
        run.run()
        rows.append(run.row)
        wrong += [f"{name}: {why}" for why in run.wrong]
        remarks += [f"{name}: {why}" for why in run.remarks]
        done += run.done
    print_table(rows)
    for line in remarks + [f"failed: {why}; see {options.work}/*.log" for why in wrong]:
        print(line)
    if not done:
        print("nothing was run")
    return 1 if wrong or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
