#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes parsers/models/POLICY.md: what every reader does where a rule or an odd note holds.

CAPCHAIN (build/capchain) judges the inputs that are named below, all under CORPUS, and each cell of the page says
in a few words what a reader made of them: nothing of them is written by hand. A parser that not every build and
machine has is left out. An input that no longer shows its rule or note is an error.

Exit status: 0; 1 PAGE is stale; 2 the inputs or CAPCHAIN cannot be used; 5 PAGE cannot be written.
"""
import argparse
import difflib
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from gen import whole  # noqa: E402
from real import held  # noqa: E402

DIFFERENCE_LINES = 20
MALFORMED = ("malformed", "truncated")

# Each rule and note, and the inputs that show what readers do there: in each kind of chain, and with
# the capability that each reader takes in the middle of it.
RULES = {
    "short-buffer": ["device-len-15", "region-len-31", "iommu-len-15", "pci-len-63", "pcie-len-63"],
    "short-argsz": ["device-argsz-0", "region-argsz-8", "region-argsz-31", "iommu-argsz-15"],
    "into-header": ["device-through-header", "region-through-header", "region-cap-offset-24",
                    "iommu-through-header", "pci-into-header", "pci-next-into-header", "pcie-next-below-256"],
    "offset-oob": ["device-cap-offset-512", "region-cap-offset-past-argsz",
                   "region-cap-offset-0xfffffff8", "iommu-cap-offset-512"],
    "next-oob": ["device-next-512", "region-next-0x80000000", "iommu-next-0x7fffff00"],
    "header-straddle": ["device-next-argsz-less-4", "region-next-argsz-less-1",
                        "iommu-next-argsz-less-4"],
    "loop": ["device-loop-two-step", "region-loop-self", "region-loop-unknown-ids",
             "iommu-loop-self", "iommu-loop-unknown-ids", "pci-loop-self", "pci-loop-two", "pcie-loop-two", "pcie-loop-behind"],
    "count-overflow": ["device-util-size-0xffffffff", "region-count-0x10000000",
                       "region-count-0xffffffff", "iommu-count-past-memory"],
    "payload-oob": ["device-payload-oob-base-v1", "region-payload-oob-sparse-area",
                    "iommu-payload-oob-range", "iommu-payload-oob-dma-avail", "pci-payload-oob", "pcie-payload-oob"],
}
ODD = {
    "flag-without-chain": ["device-flag-without-chain", "region-flag-without-chain",
                           "iommu-flag-without-chain", "pci-status-without-list"],
    "misaligned": ["device-misaligned-base", "region-misaligned-each", "iommu-misaligned-each"],
    "newer-version": ["device-version-65535-base", "region-version-65535-each", "iommu-version-65535-each"],
    "version-zero": ["device-version-0-base", "region-version-0-each", "iommu-version-0-each"],
    "duplicate-id": ["device-duplicate-base-v1-v2", "region-duplicate-each",
                     "region-duplicate-type", "iommu-duplicate-each"],
    "overlap": ["device-overlap-base", "region-overlap-msix", "region-overlap-sparse-in-type",
                "iommu-overlap-dma-avail", "iommu-overlap-range-in-dma-avail"],
    "areas-overlap": ["region-areas-overlap", "region-areas-overlap-unsorted", "region-areas-overlap-same-offset"],
}
PLAIN = {
    "align4": ["seeds/device-zpci-linux6.1", "region-align4-each", "seeds/iommu-type1-linux6.1"],
    "backward": ["device-backward", "region-backward", "iommu-backward"],
    "unknown-id": ["device-unknown-id-cxl", "region-unknown-id-first",
                   "iommu-unknown-id-before-match"],
    "chain-without-flag": ["device-flag-clear-chain-there", "region-flag-clear-chain-there",
                           "region-flag-clear-migration", "iommu-flag-clear-chain-there", "pci-status-clear"],
    "area-past-region": ["region-area-past-region", "region-area-wraps"],
    "area-empty": ["region-area-zero-length-among-others", "region-areas-nine-at-0"],
    "areas-unsorted": ["region-areas-unsorted"],
    "ranges-overlap": ["iommu-ranges-share-an-address"],
    "ranges-unsorted": ["iommu-ranges-in-no-order"],
    "range-backwards": ["iommu-range-reversed"],
}
# What configuration spaces alone have: rules, odd notes, plain ones.
SPACES = {
    "all-ones": ["pci-all-ones-next", "pcie-all-ones-next"],
    "no-device": ["pci-no-device", "pcie-no-device"],
    "header-type": ["pci-cardbus", "pci-header-type-3"],
    "no-express": ["pcie-no-express", "pcie-pcix"],
    "reserved-bits": ["pci-reserved-bits", "pcie-reserved-bits"],
    "zero-header": ["pcie-zero-header"],
    "many-caps": ["pcie-many-caps"],
    "null-cap": ["pci-null-between", "seeds/pcie-hidden-first"],
    "repeated-id": ["seeds/pci-virtio"],
    "lengths-overlap": ["pci-lengths-overlap"],
}
# Of those, the words for who delivers what the reference does, for who delivers nothing, and for others.
OF_SPACES = {"no-device": ("no chain", "no chain", "takes it"), "header-type": ("as its type", "no chain", "at 0x34"),
             "no-express": ("reads", "no chain", "reads"), "reserved-bits": ("masks", "ends there", "takes the bits"),
             "zero-header": ("ends there", "no chain", "takes it"), "many-caps": ("all", "no chain", "stops"),
             "null-cap": ("goes on", "ends there", "ends there"), "repeated-id": ("all", "no chain", "first"),
             "lengths-overlap": ("all", "no chain", "first")}

# Notes of what the elements of a list say, and the word for who takes them as they stand.
OF_LISTS = {"areas-overlap": "as told", "area-past-region": "maps past", "area-empty": "as told",
            "areas-unsorted": "as told", "ranges-overlap": "as told", "ranges-unsorted": "as told",
            "range-backwards": "as told"}

# Two capabilities in one chain that answer the same question, what of a BAR may be mapped, in either order.
BOTH = {
    "MSIX_MAPPABLE, SPARSE_MMAP": ["region-cxl-component-bar-msix-before-areas"],
    "SPARSE_MMAP, MSIX_MAPPABLE": ["region-cxl-component-bar-areas-before-msix"],
}
BOTH_WORDS = {(1, 3): "takes both", (1,): "the areas alone", (3,): "MSI-X alone", (): "neither"}
# Each as it stands in the page.
TABLES = (("Rules: the reply is malformed", RULES),
          ("Odd notes: the reply is readable, the UAPI leaves the answer open", ODD),
          ("Plain notes: the reply is right, and not every reader thinks so", PLAIN),
          ("Configuration spaces: rules and notes that they alone have", SPACES),
          ("A chain with MSIX_MAPPABLE and SPARSE_MMAP, in either order", BOTH))

# What the UAPI leaves open: the rule, the question, the rule or note that shows it, and of its inputs
# those that tell readers apart.
OPEN = [
    ("R6", "An offset into the fixed struct, with a chain behind it", "into-header", "-through-"),
    ("R8", "A capability that is 4- but not 8-byte aligned", "align4", ""),
    ("R8", "A capability that is not even 4-byte aligned", "misaligned", ""),
    ("R9", "A next that is below the capability that holds it", "backward", ""),
    ("R9", "A next that comes back to a capability of this chain", "loop", "-loop-"),
    ("R11", "An id that the reader does not know", "unknown-id", ""),
    ("R11", "A version above the newest known", "newer-version", ""),
    ("R11", "Version 0 of a known id", "version-zero", ""),
    ("R12", "A known id for the second time", "duplicate-id", "-duplicate-"),
    ("R13", "Capabilities that share bytes", "overlap", ""),
    ("R14", "Areas of SPARSE_MMAP that share bytes", "areas-overlap", ""),
    ("R14", "An area of SPARSE_MMAP that ends past its region", "area-past-region", "-past-"),
    ("R14", "An area of SPARSE_MMAP without bytes, among others", "area-empty", "-among-"),
    ("R14", "Areas of SPARSE_MMAP in no order", "areas-unsorted", ""),
    ("R14", "IOVA ranges that share addresses", "ranges-overlap", ""),
    ("R14", "IOVA ranges in no order", "ranges-unsorted", ""),
    ("R14", "An IOVA range that ends below its start", "range-backwards", ""),
    ("R2", "A whole chain, with the CAPS flag clear", "chain-without-flag", "-flag-"),
]

# What several readers do, for the comment; those of one say the same in the tables.
PLURAL = {"refuses": "refuse the reply", "asks again": "ask again", "reads": "read it",
          "follows": "follow it", "takes it": "follow it", "finds none": "take it for the end",
          "passes over": "pass over it", "names it": "hand it over undecoded",
          "decodes": "decode it as the newest they know", "leaves out": "leave it out",
          "never ends": "never end", "first": "take the first", "last": "take the last",
          "all": "take all", "as told": "use what the list says, as it stands",
          "maps past": "map it there", "sorts": "sort the list", "leaves some out": "leave that element out",
          "no chain": "see no chain", "abstains": "are not said", "reads past": "read past the reply"}

# Verdicts that say all that there is to say.
SAID = {"oob": "reads past", "stale": "reads past", "runaway": "never ends", "wrote": "writes past",
        "crash": "crashes", "abstain": "abstains", "reject": "refuses", "truncated": "asks again"}
NOT_READ = "-"


def fail(line, status=2):
    print(f"policy: {line}", file=sys.stderr)
    sys.exit(status)


def run(command):
    """The JSON objects that @command prints, one a line."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        fail(f"{command[0]}: {error.strerror}; build it with make")
    if done.returncode > 1:
        fail(" ".join(done.stderr.split()) or f"{command[0]} ended with {done.returncode}")
    try:
        return [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError:
        fail(f"{command[0]} prints no JSON Lines")


def path_of(corpus, name):
    """The file of an input as the tables above name it."""
    return os.path.join(corpus, "" if "/" in name else "regressions", name + ".yaml")


def load(capchain, corpus):
    """Every parser by name, and what the judge says of each named input."""
    parsers = {each["parser"]: each for each in run([capchain, "list", "--json"])
               if "parser" in each and each["everywhere"]}
    names = sorted({name for _, table in TABLES for inputs in table.values() for name in inputs})
    paths = {name: path_of(corpus, name) for name in names}
    for path in paths.values():
        if not os.path.isfile(path):
            fail(f"{path}: not found; the page is made from it")
    reports = run([capchain, "check", "--json", *paths.values()])
    if not parsers or len(reports) != len(paths):
        fail(f"{capchain} does not judge what it is given; build it with make")
    judged = dict(zip(paths, reports))
    for table in (RULES, ODD, PLAIN, SPACES):
        for wanted, inputs in table.items():
            for name in inputs:
                if wanted not in [each[key[:-1]] for key in ("rules", "notes") for each in judged[name][key]]:
                    fail(f"{name} no longer shows {wanted}; name another input in {sys.argv[0]}")
    return parsers, judged


def takes(parser, kind, cap):
    ids = parser["kinds"][kind]["ids"].split()
    return ids == ["all"] or str(cap["id"]) in ids


def on_rule(said, refused):
    """What a reader made of a buffer that a rule rejects."""
    if said.get("note") == "malformed-after-match":
        return "match first"
    return "takes it" if refused and said["verdict"] == "ok" else "finds none"


def which(delivered, wanted):
    """First, last or all: for each id that is there twice, which of its offsets were delivered."""
    words = set()
    for cap_id in {cap["id"] for cap in wanted}:
        offsets = [cap["offset"] for cap in wanted if cap["id"] == cap_id]
        taken = [offset for offset in offsets if offset in delivered]
        if len(offsets) < 2 or not taken:
            continue
        words.add("all" if taken == offsets else "first" if taken == offsets[:1] else "last")
    return words


def decoding(note, said, caps):
    """Whether capabilities of a version that is not known were decoded: a count says so itself."""
    counted = [cap for cap in caps if cap["counts"]]
    if counted:
        decoded = "count" in counted[0]
    else:
        decoded = bool(said.get("policy")) == (note == "version-zero")
    return "decodes" if decoded else "names it"


def on_list(note, said, judged, wanted):
    """What a reader made of lists whose elements have @note."""
    words = set()
    counts = {cap["offset"]: cap.get("count") for cap in said["caps"]}
    wrong = any(found["parser"] == said["name"] and found["class"] == "wrong-payload"
                for found in judged["disagreements"])
    for cap in wanted:
        if cap["offset"] not in counts:
            words.add("leaves out")
        elif counts[cap["offset"]] is None:
            words.add("names it")
        elif counts[cap["offset"]] != cap["count"]:
            words.add("leaves some out")
        else:
            words.add("reads otherwise" if wrong else OF_LISTS[note])
    return words


def on_space(note, said, judged, parser):
    """What a reader made of a configuration space with @note; none where it looks for nothing that is there."""
    wanted = [cap["offset"] for cap in judged["reference"]["caps"] if takes(parser, judged["kind"], cap)]
    got = [cap["offset"] for cap in said["caps"]]
    as_reference, nothing, else_ = OF_SPACES[note]
    if not wanted and note != "no-device":
        return set()
    return {as_reference if got == wanted else else_ if got else nothing}


def on_note(note, said, judged, parser):
    """What a reader made of a buffer that is readable, and has @note; none where it cannot tell."""
    kind = judged["kind"]
    if note == "flag-without-chain":
        return {"no chain" if not said["caps"] else "reads the struct"}
    if note in OF_SPACES:
        return on_space(note, said, judged, parser)
    if note == "backward":
        return {"follows"}
    if note == "chain-without-flag":
        return {"takes it" if said["caps"] else "no chain"}
    wanted = [cap for cap in judged["reference"]["caps"] if takes(parser, kind, cap)]
    delivered = {cap["offset"]: cap for cap in said["caps"]}
    if note == "duplicate-id":
        return which(delivered, wanted)
    if note == "unknown-id":
        return {"names it" if parser["kinds"][kind]["ids"] == "all" else "passes over"}
    at = [each["at"] for each in judged["notes"] if each["note"] == note]
    if note in OF_LISTS:
        return on_list(note, said, judged, [cap for cap in wanted if cap["offset"] in at])
    # An element capability is one that the reference counts, or would if it decoded it.
    caps = [dict(delivered[cap["offset"]], counts=cap["id"] == 1 and kind in ("region", "iommu"))
            for cap in wanted if cap["offset"] in at and cap["offset"] in delivered]
    if not [cap for cap in wanted if cap["offset"] in at]:
        return set()
    if not caps:
        return {"leaves out"}
    if note in ("newer-version", "version-zero"):
        return {decoding(note, said, caps)}
    return {"reads"}


def words_of(parser, wanted, judged, inputs=""):
    """What @parser makes of the inputs of @wanted with @inputs in their names, in their order: (words, the first)."""
    table = next(table for table in (RULES, ODD, PLAIN, SPACES, BOTH) if wanted in table)
    words = {}
    for name in [name for name in table[wanted] if inputs in name]:
        each = judged[name]
        if each["kind"] not in parser["kinds"]:
            continue
        said, = (one for one in each["parsers"] if one["name"] == parser["parser"])
        if said["verdict"] in SAID:
            found = {SAID[said["verdict"]]}
        elif table is RULES or wanted == "all-ones":
            found = {on_rule(said, each["class"] in MALFORMED)}
        elif table is BOTH:
            found = {BOTH_WORDS[tuple(sorted(cap["id"] for cap in said["caps"] if cap["id"] in (1, 3)))]}
        else:
            found = on_note(wanted, said, each, parser)
        for word in sorted(found):
            words.setdefault(word, name)
    return list(words.items())


def cell(parser, wanted, judged, inputs=""):
    return ", ".join(word for word, _ in words_of(parser, wanted, judged, inputs)) or NOT_READ


def linked(parser, wanted, judged):
    """The same, each word a link to the input that shows it, from where the page stands."""
    return ", ".join(f"[{word}]({path_of('../../corpus', name)})"
                     for word, name in words_of(parser, wanted, judged)) or NOT_READ


def readers_of(table, parsers):
    """Those that @table is about."""
    kinds = {"pci", "pcie"} if table is SPACES else {"region"} if table is BOTH else None
    return {name: each for name, each in parsers.items() if not kinds or kinds & set(each["kinds"])}


def grid(title, table, parsers, judged):
    lines = [f"| {title} | restates | " + " | ".join(table) + " |", "|---" * (len(table) + 2) + "|"]
    for name, parser in parsers.items():
        peer = "" if parser["source"] == "kernel" else f" ({parser['source']})"
        cells = [parser.get("restates", NOT_READ), *(linked(parser, wanted, judged) for wanted in table)]
        lines.append(f"| `{name}`{peer} | " + " | ".join(cells) + " |")
    return lines


def choices(wanted, inputs, models, judged):
    """How many models do what, most first."""
    by_words = {}
    for name, parser in models.items():
        words = cell(parser, wanted, judged, inputs)
        if words != NOT_READ:
            by_words.setdefault(words, []).append(name)
    return sorted(by_words.items(), key=lambda each: (-len(each[1]), each[0]))


def comment(models, judged):
    """The open questions, as they could stand in vfio.h."""
    lines = ["/*", " * What is not said above of capability chains, and how many readers do what:"]
    for _, question, wanted, inputs in OPEN:
        lines.append(f" *\n * {question}:")
        for words, names in choices(wanted, inputs, models, judged):
            plural = " or ".join(PLURAL.get(word, word) for word in words.split(", "))
            lines.append(f" *   {len(names):>2}: {plural}")
    return lines + [" */"]


def page(parsers, judged, models):
    lines = ["# The policy matrix of VFIO user space", "",
             "Made by `make policy` from the judge's outcomes on inputs of `corpus/regressions/`, which "
             "the last table names; `make check` fails when it is stale. Do not edit.", "",
             "Each word leads to the input that shows it; `build/capchain explain` draws it. A reader that has more "
             "than one word in a cell does each on one of the inputs, in their order. Models read one reply; each "
             "says in its file which program and version it restates, and what was measured. *peer*, *device*, *file*: "
             "it reads what another process, a device or a file has chosen, and its model "
             "**abstains** where it would show a fault that is not public; so `abstains` may stand for "
             "any fault, or for none.", "", "| words | meaning |", "|---|---|",
             "| refuses | an error, an abort or a panic: the reply is not used |",
             "| asks again | takes the reply for one that was cut, and asks with its argsz |",
             "| finds none | says that there is no such capability, as if it had read the chain |",
             "| takes it | uses what a rule rejects |",
             "| match first | finds what it looks up before the bad place, and stops |",
             "| reads past, writes past | leaves the buffer, or its own memory |",
             "| never ends, crashes | as it says |",
             "| as told, maps past | hands over what a list says as it stands, in its order, what is past the region "
             "too; what its program then maps, `capchain run` sees |",
             "| leaves some out, leaves out | does not hand over those elements, or the list |",
             "| - | does not read this kind of chain, or nothing that this is about |"]
    for title, table in TABLES:
        lines += ["", f"## {title}", "", *grid("reader", table, readers_of(table, parsers), judged)]
    lines += ["", "## What the UAPI leaves open", "",
              f"How {len(models)} readers choose ({', '.join(models)}), written so that it could "
              "become a comment in `vfio.h`.", "", "```c"]
    lines += comment(models, judged)
    lines += ["```", ""]
    for rule, _, wanted, inputs in OPEN:
        lines.append(f"- {rule}, `{wanted}`: " + "; ".join(f"{words} ({', '.join(names)})"
                                                           for words, names in choices(wanted, inputs, models, judged)))
    lines += ["", "## What models are held to", "",
              "`make real` cuts the readers out of their programs' own source, and holds the models to them.", ""]
    readers = held.held()
    lines += [f"- `{name}`: {held.words(readers[name])} ({', '.join(readers[name])})" for name in models if name in readers]
    lines.append("- " + held.words([]) + ": " + ", ".join(f"`{name}`" for name in models
                                                      if name not in readers and models[name]["restates"] != NOT_READ))
    lines += ["", "## Inputs", "", "| rule or note | inputs |", "|---|---|"]
    for table in (RULES, ODD, PLAIN, SPACES, BOTH):
        lines += [f"| {wanted} | {', '.join(inputs)} |" for wanted, inputs in table.items()]
    return "\n".join(lines) + "\n"


def check(text, path):
    try:
        old = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path}: {' '.join(str(error).split())}; make it with make policy", 1)
    if old == text:
        return
    difference = list(difflib.unified_diff(old.splitlines(), text.splitlines(), path, "now", lineterm="", n=0))
    print("\n".join(difference[:DIFFERENCE_LINES]))
    fail(f"{path} is stale; make policy, and read the diff", 1)


def main():
    parser = argparse.ArgumentParser(prog="policy.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1, with the first lines that "
                        "differ, where PAGE is not what would be written")
    for name in ("capchain", "corpus", "page"):
        parser.add_argument(name, metavar=name.upper())
    options = parser.parse_args()
    parsers, judged = load(options.capchain, options.corpus)
    folder = os.path.dirname(os.path.abspath(options.page))
    restated = {path.stem for path in Path(folder).rglob("*.c")}
    models = {name: parser for name, parser in parsers.items() if name in restated}
    # The program and its versions, which a model's summary says before its first colon.
    restated |= {path.stem for path in (Path(__file__).resolve().parents[2] / "parsers/kinds").glob("*/*.c")}
    for name, parser in parsers.items():
        whose, colon, _ = parser["summary"].partition(": ")
        parser["restates"] = whose if colon and name in restated else NOT_READ
    if not models:
        fail(f"no model of any parser beside {options.page}")
    text = page(parsers, judged, models)
    if options.check:
        check(text, options.page)
        return
    try:
        whole.write(options.page, text)
    except OSError as error:
        fail(f"{options.page}: {error.strerror}", 5)


if __name__ == "__main__":
    main()
