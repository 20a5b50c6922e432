# SPDX-License-Identifier: MIT
"""What of this machine, or of the container that this runs in, engines and their targets depend on."""

import os
import resource
import subprocess
from pathlib import Path

PROC = "/proc"
MAPS = "/proc/self/maps"
VM = "/proc/sys/vm/"
SETARCH = ["setarch", "-R"]
# Its fork server's pipe is 198 and 199.
AFL_FILES = 200


def is_alive(pid):
    """Whether there is such a process, in words, also where /proc is not mounted."""
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        pass
    except (ValueError, OSError):
        return False
    return True


def processes_hidden():
    """None where the memory and the CPU time of processes can be read, else why not."""
    pid = os.getpid()
    for name in ("stat", "status", f"task/{pid}/children"):
        try:
            Path(f"{PROC}/{pid}/{name}").read_bytes()
        except OSError as error:
            return f"{error.filename}: {error.strerror}; it wants /proc as the kernel has it: mount it"
    return None


def vm_setting(name):
    """The number in vm.@name, None where a container hides it."""
    try:
        return int(Path(VM + name).read_text("ascii"))
    except (OSError, ValueError):
        return None


def setarch_refused():
    """None where programs can be started without address randomisation, else why not."""
    try:
        done = subprocess.run([*SETARCH, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"setarch: {error.strerror}"
    return (done.stderr.strip() or "setarch failed") if done.returncode else None


def afl_needs():
    """What keeps AFL++ from its target. It raises the soft limit by itself."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit == resource.RLIM_INFINITY or limit >= AFL_FILES:
        return ""
    return (f"; it takes file descriptors up to {AFL_FILES - 1}, and this process may have {limit}: "
            f"`ulimit -n {AFL_FILES}` or more")


def maps_missing():
    """Sanitizers look at their own memory by it: MemorySanitizer does not start without."""
    return "" if os.path.exists(MAPS) else f"; /proc is not mounted, and sanitizers read {MAPS}: mount it"


def sanitizer_needs():
    """What of this machine keeps AddressSanitizer from starting, as far as settings tell."""
    if maps_missing():
        return maps_missing()
    if vm_setting("overcommit_memory") == 2:
        return ("; vm.overcommit_memory is 2, which has no room for AddressSanitizer's shadow: as root "
                "`sysctl vm.overcommit_memory=0`, or ENGINE=afl, whose targets have none")
    bits = vm_setting("mmap_rnd_bits")
    if bits is not None and bits <= 28:
        return ""
    refused = setarch_refused()
    return (f"; vm.mmap_rnd_bits {'may be too high' if bits is None else f'is {bits}'} for "
            "AddressSanitizer: as root `sysctl vm.mmap_rnd_bits=28`" +
            (f" (this cannot run without randomisation: {refused})" if refused else
             ", or run this under `setarch -R`"))
