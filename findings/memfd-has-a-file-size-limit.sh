#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Memory of memfd_create() obeys the limit on the size of files. It is a file of no disk, and one
# would expect the limits on memory alone to hold for it; under `ulimit -f` ftruncate() fails with
# EFBIG, and where SIGXFSZ is not ignored the program dies of it. A sandbox or a vfio-user client
# that shares such memory, and whose starter limits what may be written to disk, ends at its start.
#
# Seen: Linux 6.18.44, 2026-11-30, with python3.11 3.11.2-6+deb12u6, a limit of 4096 bytes:
#	memfd of 8192: EFBIG    mmap of 8192: done
#
# Needs python3 and no network. Exit status: 0 as seen; 1 it has changed; 77 this kernel has no memfd.
set -eu
exec /usr/bin/python3 - <<'PY'
import errno
import mmap
import os
import resource
import signal
import sys

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    memory = os.memfd_create("shared")
except OSError as error:
    print(f"no memfd: {error}")
    sys.exit(77)


def tried(how):
    try:
        how()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"


said = f"memfd of 8192: {tried(lambda: os.ftruncate(memory, 8192))}; mmap of 8192: {tried(lambda: mmap.mmap(-1, 8192))}"
print(said)
if said != "memfd of 8192: EFBIG; mmap of 8192: done":
    print("changed")
    sys.exit(1)
PY
