# SPDX-License-Identifier: MIT
"""Files that are the old one or the new one, whenever the machine stops."""
import json
import os
import stat
import tempfile


def own_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write(path, data):
    """
    Writes @data, text or bytes, to @path: whole or not at all. The temporary name beside it is one that nobody can
    have put there before, with our pid for who sweeps up (fuzz.py). A device or a pipe is written to.
    """
    data = data.encode() if isinstance(data, str) else data
    try:
        special = not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        special = False
    if special:
        with open(path, "wb") as file:
            file.write(data)
        return
    handle, temporary = tempfile.mkstemp(f".{os.getpid()}.tmp", "capchain-", os.path.dirname(path) or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o666 & ~own_umask())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_json(path, thing):
    write(path, json.dumps(thing, indent=1) + "\n")
