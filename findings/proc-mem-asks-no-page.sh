#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A seccomp supervisor answers ioctls of a program by reading and writing that program's memory. Where a
# container refuses process_vm_readv(), /proc/PID/mem is the other way, and one would expect the two to
# agree on an address that the program itself cannot use: the ioctl has to fail with EFAULT there.
# process_vm_readv() gives EFAULT for a page of PROT_NONE. /proc/PID/mem reads it, and writes a page that
# the program may only read: a supervisor has to look the page up in /proc/PID/maps first.
#
# Seen: Linux 6.18.44, 2026-11-30, with python3.11 3.11.2-6+deb12u6: `process_vm_readv of PROT_NONE:
# EFAULT; /proc/self/mem of PROT_NONE: 4 bytes; /proc/self/mem to PROT_READ: 4 bytes`.
#
# Needs python3 and no network. Exit status: 0 as seen; 1 it has changed; 77 this kernel refuses one of
# the two ways.
set -eu
python3 - <<'PY'
import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
PROT_NONE, PROT_READ, PRIVATE, ANONYMOUS = 0, 1, 2, 32


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def page(how):
    return libc.mmap(None, 4096, how, PRIVATE | ANONYMOUS, -1, 0)


def by_call(at):
    into = ctypes.create_string_buffer(4)
    local = Vector(ctypes.cast(into, ctypes.c_void_p), 4)
    got = libc.process_vm_readv(os.getpid(), ctypes.byref(local), 1, ctypes.byref(Vector(at, 4)), 1, 0)
    return errno.errorcode[ctypes.get_errno()] if got < 0 else f"{got} bytes"


def by_file(at, data=None):
    try:
        file = os.open("/proc/self/mem", os.O_RDWR)
        done = os.pwrite(file, data, at) if data else len(os.pread(file, 4, at))
        os.close(file)
        return f"{done} bytes"
    except OSError as error:
        return errno.errorcode[error.errno]


if by_call(page(PROT_READ)) != "4 bytes" or by_file(page(PROT_READ)) != "4 bytes":
    print("one of process_vm_readv() and /proc/self/mem is refused here")
    sys.exit(77)
said = (by_call(page(PROT_NONE)), by_file(page(PROT_NONE)), by_file(page(PROT_READ), b"abcd"))
print(f"process_vm_readv of PROT_NONE: {said[0]}; /proc/self/mem of PROT_NONE: {said[1]}; "
      f"/proc/self/mem to PROT_READ: {said[2]}")
if said != ("EFAULT", "4 bytes", "4 bytes"):
    print("changed")
    sys.exit(1)
PY
