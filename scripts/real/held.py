# SPDX-License-Identifier: MIT
"""Which models are held to real code, and of which versions: as packages.txt has it."""

from real.packages import read_rows
from real.programs import PROGRAMS


def held():
    """{model: the readers that it is held to, "qemu@7.2" and so on}."""
    found = {}
    for row in read_rows():
        if row.state != "served" or row.program not in PROGRAMS:
            continue
        for part in PROGRAMS[row.program].parts_of(row.number()):
            for model in dict.fromkeys(part.models.values()):
                found.setdefault(model, []).append(f"{part.name}@{row.version}")
    return found


def words(readers):
    """What is said of a model in tables."""
    versions = ", ".join(reader.rpartition("@")[2] for reader in readers)
    return f"held to real code of {versions}" if readers else "read only"
