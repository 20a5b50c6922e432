# SPDX-License-Identifier: MIT
"""The engines that there are, each from its own file; worker.py says what such a file has."""

import glob
import importlib
import os

NAMES = sorted(os.path.basename(path).removesuffix(".py") for path in
               glob.glob(os.path.join(os.path.dirname(__file__), "engine_*.py")))
# The one that leads comes first: it is what ENGINE= is without a word.
ENGINES = {engine.name: engine for engine in sorted(
    (importlib.import_module(f"fuzz.{name}").ENGINE for name in NAMES), key=lambda engine: not engine.leads)}
LEAD = next(iter(ENGINES.values()))
# Each instance of a night, and of what engine and in which build it is.
ROLES = {role: (engine, build) for engine in ENGINES.values() for role, build in engine.roles.items()}
BUILDS = tuple(dict.fromkeys(build for _, build in ROLES.values()))


def engine_of(role):
    """The engine of an instance, whose name may have a number."""
    return ROLES[role.split("-")[0]][0]


def build_of(role):
    return ROLES[role.split("-")[0]][1]


def of_build(build):
    """The engine that runs targets of @build."""
    return next(engine for engine in ENGINES.values()
                if build in (*engine.roles.values(), *engine.bench))
