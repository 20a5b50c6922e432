# SPDX-License-Identifier: MIT
"""Models with one rule changed, which have to be named when they are held to their programs (PLANTED=1)."""

import os
from pathlib import Path

from fuzz.own import ROOT
from fuzz.own_tools import MISSING, Refused
from gen.whole import write

MODELS = "parsers/models"
# Model: its file, what of it is changed, and to what.
RULES = {
    "qemu": ("qemu/qemu.c", "CAP_ID_DMA_AVAIL, CAP_ID_MIGRATION}", "CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL}"),
    "qemu-10": ("qemu/qemu-10.c", "{QEMU_RANGE_LOOKUPS, NULL}", "{{CAP_ID_DMA_AVAIL, CAP_ID_MIGRATION}, NULL}"),
    "qemu-s390": ("qemu/qemu-s390.c", "{QEMU_ZPCI_LOOKUPS, NULL}",
                  "{{CAP_ID_ZPCI_BASE, CAP_ID_ZPCI_GROUP, CAP_ID_ZPCI_UTIL}, NULL}"),
    "dpdk": ("drivers/dpdk.c", "if (!model_has_caps(reply, kind))", "if (0)"),
    "rdma-core": ("drivers/rdma-core.c", "return start <= end &&", "return start < end &&"),
    "ksft-vfio": ("selftests/ksft-vfio.c", "low->second < high->first", "low->second <= high->first"),
}


def plant(model, folder, compile_object):
    """(symbol, name, object) of @model with its rule changed; @compile_object(source, folder, symbol, new symbol)."""
    if model not in RULES:
        raise Refused(f"{model}: no rule is planted in it: add one to scripts/real/planted.py", MISSING)
    path, old, new = RULES[model]
    text = Path(ROOT, MODELS, path).read_text("ascii")
    name = f'.name = "{model}"'
    for part in (old, name):
        if text.count(part) != 1:
            raise Refused(f"{MODELS}/{path}: has no one place with {part}; mend scripts/real/planted.py", MISSING)
    source = os.path.join(folder, f"{model}-planted.c")
    write(source, text.replace(old, new).replace(name, f'.name = "{model}-planted"'))
    symbol = model.replace("-", "_") + "_parser"
    return f"planted_{symbol}", f"{model}-planted", compile_object(
        source, os.path.join(ROOT, MODELS, os.path.dirname(path)), symbol, f"planted_{symbol}")
