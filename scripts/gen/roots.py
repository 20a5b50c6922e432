# SPDX-License-Identifier: MIT
"""Roots of Debian's systems by debootstrap, for check-systems and clients.

A root is unpacked from a tar of what debootstrap made, git and make and nothing else, which is kept below
build/systems/ and used again. What is mounted in one is mounted in a name space of its own, and is gone with it
however this ends.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
from pathlib import Path

from fuzz.alone import last_line
from gen.names import ROOT

SYSTEMS = ("bookworm", "trixie", "sid")
BASES = os.path.join(ROOT, "build", "systems")
# Tools of administrators are not in everybody's.
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LANG": "C.UTF-8"}
# The root is a mount too, or its programs could make no name space for mounts.
MOUNTS = ('mount --rbind "$0" "$0" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
          'mount --rbind /sys "$0/sys"')
CLONE_NEWNS = 0x20000


class Refused(Exception):
    """One line for the user."""


def add_options(parser):
    parser.add_argument("--mirror", metavar="URL", help="(debootstrap's own)")
    parser.add_argument("--apt-conf", metavar="FILE", help="an apt.conf for the roots")


def check_options(parser, options, systems):
    for system in systems:
        if system not in SYSTEMS:
            parser.error(f"no system {system}: say {', '.join(SYSTEMS)}")
    if options.apt_conf and not os.path.isfile(options.apt_conf):
        parser.error(f"--apt-conf {options.apt_conf}: no such file")


def why_not():
    """Why no root can be had here, or None."""
    if os.geteuid() != 0:
        return "roots are made as root: run it as root"
    for program, package in (("debootstrap", "debootstrap"), ("unshare", "util-linux"), ("tar", "tar")):
        if not shutil.which(program, path=PATH):
            return f"no {program} here (Debian package {package})"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "no name space for mounts may be made here (CAP_SYS_ADMIN)"
    return None


def logged(command, log, **options):
    """Runs @command, in a group that ends with it, with what it says in the file @log."""
    with open(log, "w", encoding="utf-8") as file, \
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, start_new_session=True,
                             stderr=subprocess.STDOUT, **options) as process:
        try:
            return process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def own_mounts():
    """From here on this process and what it starts mount what no other sees."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no name space for mounts")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class Root:
    """A root of one system in @folder, with its logs; its tar in @bases."""

    def __init__(self, name, folder, options, bases=BASES):
        self.name, self.folder, self.options = name, folder, options
        self.root = os.path.join(folder, "root")
        self.base = os.path.join(bases, f"{name}.tar")

    def log(self, name):
        return os.path.join(self.folder, f"{name}.log")

    def said(self, name):
        """All that stands in a log."""
        return Path(self.log(name)).read_text("utf-8", errors="replace")

    def refuse(self, why, name):
        raise Refused(f"no {why}: {last_line(self.said(name))}")

    def bootstrap(self):
        """@base, whole or not at all."""
        os.makedirs(os.path.dirname(self.base), exist_ok=True)
        for command in (["debootstrap", "--variant=minbase", "--include=git,make", self.name,
                         self.root, *filter(None, [self.options.mirror])],
                        ["tar", "-C", self.root, "-cf", self.base + ".part", "."]):
            if logged(["unshare", "--mount", *command], self.log("debootstrap"),
                      env={**os.environ, "PATH": PATH}):
                self.refuse(f"root of {self.name} by {command[0]} from "
                            f"{self.options.mirror or 'its own mirror'}", "debootstrap")
        os.rename(self.base + ".part", self.base)

    def prepare(self):
        """The root, new."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.root)
        if not os.path.exists(self.base):
            self.bootstrap()
        elif logged(["tar", "-C", self.root, "-xf", self.base], self.log("tar")):
            self.refuse(f"root of {self.name} from {self.base}", "tar")
        if self.options.apt_conf:
            shutil.copy(self.options.apt_conf, os.path.join(self.root, "etc/apt/apt.conf.d/99caller"))
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc/resolv.conf"))

    def mount(self):
        """What programs need of a root that is not run() in; after own_mounts()."""
        subprocess.run(["sh", "-c", MOUNTS, self.root], check=True)

    def run(self, script, log, folder="/"):
        """The status of a shell's script in the root."""
        inside = f'{MOUNTS} && exec chroot "$0" sh -c "cd $1 && $2"'
        return logged(["unshare", "--mount", "sh", "-c", inside, self.root, folder, script],
                      self.log(log), env=ENVIRONMENT)
