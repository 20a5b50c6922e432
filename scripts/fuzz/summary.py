# SPDX-License-Identifier: MIT
"""
What a person reads of a run, of the object that account.py makes: one screen for a terminal, the same as Markdown
for a CI's page. It is one renderer, for the suite's readers and another's parser, for make fuzz and make nightly.
"""

import os
import sys

from fuzz import account as accounts
from fuzz.report import NO_FINDINGS, Refused, compact, table
from gen import whole
from gen.names import VERDICTS
from real import held

COLUMNS, LINES = 80, 23
# Of what is red, and of what is worth a look.
REDS, LOOKS = 3, 3
PROGRAMS_MIN = 4


class Paint:
    """Colours where somebody sees them."""

    def __init__(self, stream=None):
        self.live = (stream or sys.stdout).isatty()
        self.on = self.live and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @classmethod
    def none(cls):
        """Of what is written to a file."""
        with open(os.devnull, encoding="ascii") as nobody:
            return cls(nobody)

    def _with(self, code, text):
        return f"\x1b[{code}m{text}\x1b[m" if self.on and text else text

    def bold(self, text):
        return self._with(1, text)

    def red(self, text):
        return self._with("1;31", text)

    def green(self, text):
        return self._with(32, text)

    def yellow(self, text):
        return self._with(33, text)


def plural(number, what):
    return f"{compact(number) if number >= 1000 else number} {what}{'s' * (number != 1)}"


def cut(text, columns=COLUMNS):
    """@text, or so much of it as fits. What somebody may want to paste is not cut."""
    return text if len(text) <= columns else text[:columns - 3].rstrip(" ,") + "..."


def fitted(parts, columns, more="and more"):
    """As many of @parts as fit, and that there are @more, of which {} is how many."""
    for left in range(len(parts), 0, -1):
        line = ", ".join(parts[:left]) + (f" {more.format(len(parts) - left)}" if left < len(parts) else "")
        if len(line) <= columns:
            return line
    return cut(parts[0], columns) if parts else ""


# ---- what is said of a run ----

def heading(account):
    """What ran, in a line."""
    what = f"{account['seconds']} s of {' and '.join(account['engines'])}, {plural(account['execs'], 'exec')}"
    if account["run"] == "nightly":
        what = f"the night of {account['began']}, seed {account['seed']}: {what}"
    whole_line = f"{what} of {', '.join(account['kinds']) or 'nothing'}"
    return whole_line if len(whole_line) <= COLUMNS else cut(what)


def reds(account):
    """What asks for an act: (line, the command that shows more or None)."""
    for one in account["buckets"]:
        if one["asks"]:
            words = "broken promise" if one["breaks"] else "a model differs from its program"
            yield f"{words}: {one['bucket']} ({one['kind']})", one["command"]
    for failure in account["failures"]:
        yield f"failure: {failure[0]}", failure[1].strip() if len(failure) > 1 else None
    for line in account["overdue"]:
        yield f"failure: {line}", None
    for line in account["reasons"]:
        yield f"this night does not count: {line}", None


def promising(account):
    """Hardened parsers, and safe ones, in one line; those that broke a promise are said above it."""
    broke = {one["parser"] for one in account["buckets"] if one["breaks"]}
    ran = [one for one in account["parsers"] if one["trust"] != "trusting" and not one["own"]
           and sum(one["verdicts"].values()) - one["verdicts"].get("abstain", 0)]
    kept = [one["name"] for one in ran if one["name"] not in broke]
    if not kept:
        return ""
    return cut(f"kept every promise over {plural(account['buffers'], 'buffer')}: the reference, {', '.join(kept)}")


def broken_in(words):
    """{severity: causes} in words: never ends on 3 causes, reads past on 9."""
    return [f"{severity} on {len(causes)}" + (f" cause{'s' * (len(causes) != 1)}" if not i else "")
            for i, (severity, causes) in enumerate(words.items())]


def programs(account, columns=COLUMNS):
    """
    (whether it stands for no program, its line) of each that differs: programs before readers that stand for none, the
    worst first.
    """
    known = {one["name"]: one for one in account["parsers"]}
    found = []
    for name, words in accounts.by_parser(account).items():
        one = known.get(name)
        if one and (one["own"] or one["trust"] != "trusting"):
            continue
        made_up = not one["program"] if one else name in accounts.MADE_UP
        order = made_up, [-len(words.get(severity, ())) for severity in accounts.SEVERITIES], name
        head = (one["label"] if one else name) + (f" ({one['source']})" if one and one["source"] not in ("", "kernel") else "")
        found.append((order, made_up, f"{head}: {fitted(broken_in(words), columns - len(head) - 2)}"))
    return [(made_up, line) for _, made_up, line in sorted(found)]


def news(account):
    """What is new since the last run here, and what is in no corpus."""
    new = sum(bool(one["new"]) for one in account["buckets"])
    unlisted = sum(one["unlisted"] for one in account["buckets"])
    since = ("the first run here" if account["first"] else
             f"new since the last run here: {plural(new, 'bucket')}")
    return f"{since}; unlisted, in no corpus: {plural(unlisted, 'bucket')}"


def looks(account):
    """
    The findings most worth a look beside what asks for an act: of programs before the others, one a parser and one a
    cause while there are.
    """
    known = {one["name"]: one for one in account["parsers"]}

    def order(one):
        return (not known.get(one["parser"], {}).get("program", False), not one["new"],
                not one["unlisted"], one["rank"], one["size"], one["bucket"])
    ranked, chosen = sorted((one for one in account["buckets"] if one["witness"] and not one["asks"]), key=order), []
    for same in (("parser", "cause"), ("parser",), ("witness",)):
        for one in ranked:
            if len(chosen) < LOOKS and all(one[key] != other[key] for key in same for other in chosen):
                chosen.append(one)
    return chosen


def look(one):
    marks = ", ".join(word for word in ("new", "unlisted") if one[word])
    return cut(f"  {one['bucket']}  {one['kind']}, {one['size']} bytes" + (f", {marks}" if marks else ""))


def files(account):
    where, count = account["files"], len(account["regressions"])
    folder, details = os.path.split(where["details"])
    yield f"all of it is in {folder}: {details}, {os.path.basename(where['json'])}"
    if count:
        yield f"for the corpus, {count} witness{'es' * (count != 1)}: git apply {where['patch']}"


def last(account):
    """The line that ends it."""
    broken = sum(one["breaks"] for one in account["buckets"])
    counts = f"this night counts; exit status {account['status']}; " * (account["run"] == "nightly" and
                                                                       not account["reasons"])
    return (f"{counts}broken promises: {broken}, failures: {len(account['failures']) + len(account['overdue'])}, "
            f"execs: {compact(account['execs'])}")


def command_lines(command, indent=4):
    """A command to paste: where one line has no room for it, its last word has the next."""
    if len(command) + indent > COLUMNS and " " in command:
        words, _, word = command.rpartition(" ")
        return [f"{'':{indent}}{words} \\", f"{'':{indent}}{word}"]
    return [f"{'':{indent}}{command}"]


# ---- the screen ----

def red_lines(account, paint):
    every = list(reds(account))
    for line, command in every[:REDS]:
        yield paint.red(cut(line))
        if command:
            yield from command_lines(command, 2)
    if len(every) > REDS:
        yield paint.red(f"and {len(every) - REDS} more that ask for an act")


def program_lines(account, room, paint):
    """At most @room lines: readers that stand for no program get theirs where all have one."""
    every = programs(account)
    shown = every if len(every) <= room else every[:room - 1]
    for made_up, line in shown:
        head, colon, rest = line.partition(":")
        yield (head if made_up else paint.bold(head)) + colon + rest
    if len(every) > len(shown):
        names = [line.partition(":")[0] for _, line in every[len(shown):]]
        yield "also: " + fitted(names, COLUMNS - 6, "and {} more")


def screen(account, paint, lines=LINES):
    """All that fits on one screen, the most urgent first."""
    if account["own"]:
        return own_screen(account, paint, lines)
    top = [paint.bold(heading(account)), *red_lines(account, paint)]
    kept = promising(account)
    if kept:
        top.append(paint.green(kept))
    chosen = looks(account)
    bottom = list(bottom_lines(account, chosen, paint))
    # What is red is worth more than what is worth a look.
    while chosen and len(top) + PROGRAMS_MIN + len(bottom) > lines:
        chosen.pop()
        bottom = list(bottom_lines(account, chosen, paint))
    return [*top, *program_lines(account, max(lines - len(top) - len(bottom), PROGRAMS_MIN), paint), *bottom]


def bottom_lines(account, chosen, paint):
    if account["buckets"]:
        yield paint.yellow(news(account))
    if chosen:
        yield "most worth a look"
    for one in chosen:
        yield look(one)
        yield from command_lines(one["command"])
    yield from (*files(account), last(account))


# ---- details ----

def bucket_lines(one):
    """A bucket with all that there is to say of it."""
    words = [f"{compact(one['times'])} times" if one["times"] > 1 else "once"] if one["times"] else []
    words += ["BROKEN"] * one["breaks"] + ["new"] * bool(one["new"]) + ["unlisted"] * one["unlisted"]
    yield "  ".join([f"  {one['size']:5} bytes  {one['bucket']}", *words])
    if one["expected"]:
        yield f"{'':15}expected {one['expected']}, got {one['got']}"
    for line in (*one["more"], one["command"]):
        yield f"{'':15}{line}"


def set_lines(one):
    said = ", ".join(one["buckets"]) or f"reference {one['reference']}, nothing differs"
    yield f"  {one['size']:5} bytes  {said}"
    yield f"{'':15}{one['command']}"


def detail_lines(account):
    """Every bucket and every set of verdicts that no input of the corpus shows."""
    unlisted = [one for one in account["buckets"] if one["unlisted"]]
    listed = [one for one in account["buckets"] if not one["unlisted"]]
    for ones, what, lines in ((unlisted, "unlisted bucket, of nobody's corpus, worst first", bucket_lines),
                              (account["sets"], "unlisted set of verdicts, smallest first", set_lines),
                              (listed, "bucket of the corpus, worst first", bucket_lines)):
        yield from (f"{what}: {len(ones)}", *(line for one in ones for line in lines(one)), "")
    yield from held_lines(account)


def held_lines(account):
    """Of each program's model, whether it is held to real code or was only read (make real)."""
    models = [one for one in account["parsers"] if one["program"] and not one["own"]]
    if models:
        yield f"models, and what they are held to: {len(models)}"
        yield from (f"  {one['name']}: {held.words(one.get('held', []))}" for one in models)
        yield ""


# ---- another's parser ----

def own_heading(account):
    own, rows = account["own"], account["buckets"]
    broken = sum(one["breaks"] for one in rows)
    said = (f"{own['parser']}, {own['trust']}: {compact(account['buffers'])} buffers, {plural(len(rows), 'bucket')}, "
            f"{broken} break{'s' * (broken == 1)} its promise" +
            f", {sum(bool(one['new']) for one in rows)} new" * (not account["first"]))
    order = ", worst first" * bool(rows)
    return said + order if len(said + order) <= COLUMNS else cut(said)


def others_line(account):
    """All other readers in one line."""
    broken = account["others_broken"]
    ran = sum(bool(sum(one["verdicts"].values())) for one in account["parsers"] if not one["own"])
    return (f"{ran} other readers on the same buffers: {len(broken)} broken promises"
            f"{''.join(f', {bucket}' for bucket in broken)}; ALL=1 shows them")


def own_screen(account, paint, lines=LINES):
    """What another's parser did: each bucket while there is room, worst first."""
    did = next((one for one in account["parsers"] if one["own"]), None)
    top, bottom = [heading(account)], []
    for failure in account["failures"][:REDS]:
        top += [paint.red(f"failure: {failure[0]}"), *failure[1:]]
    had = [name for name in VERDICTS if did and did["verdicts"].get(name)]
    if had:
        top += table(["", *had], [[did["name"], *(compact(did["verdicts"][name]) for name in had)]])
    heads = own_heading(account)
    top.append(paint.red(heads) if any(one["breaks"] for one in account["buckets"]) else paint.bold(heads))
    if account["gone"]:
        bottom.append(f"  of its last run did not come again: {', '.join(account['gone'])}")
    bottom += [others_line(account), *files(account), last(account)]
    shown, room = [], lines - len(top) - len(bottom) - 1
    for count, one in enumerate(account["buckets"]):
        more = list(bucket_lines(one))
        # The worst one is always shown.
        if shown and len(shown) + len(more) > room:
            shown.append(f"  {len(account['buckets']) - count} more")
            break
        shown += more
    return [*top, *shown, *bottom]


# ---- files ----

def escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("_", "\\_")


def markdown(account):
    """What the screen has, as Markdown for a CI's page, without its bounds."""
    yield from (f"### {escaped(heading(account))}", "")
    for line, command in reds(account):
        yield f"- **{escaped(line)}**" + (f" `{command}`" if command else "")
    if account["own"]:
        yield from ("", f"**{escaped(own_heading(account))}**", "", "| bucket | bytes | expected | got | look |",
                    "|---|---|---|---|---|")
        for one in account["buckets"]:
            yield (f"| {escaped(one['bucket'])} | {one['size']} | {escaped(one['expected'])} | {escaped(one['got'])} | "
                   f"`{one['command']}` |")
        yield from ("", escaped(others_line(account)))
        return
    yield from ("", escaped(promising(account)), "", "| reader | what it does |", "|---|---|")
    for _, line in programs(account, columns=1000):
        head, _, rest = line.partition(": ")
        yield f"| {escaped(head)} | {escaped(rest)} |"
    yield from ("", escaped(news(account)), "")
    for one in looks(account):
        yield f"- {escaped(look(one).strip())}: `{one['command']}`"
    yield from ("", escaped("; ".join([*files(account), last(account)])))


def write(account, details):
    """FINDINGS/details.txt, run.json and summary.md."""
    where = account["files"]
    accounts.write(where["json"], account)
    for path, lines in ((where["details"], details),
                        (os.path.join(os.path.dirname(where["json"]), "summary.md"), markdown(account))):
        try:
            whole.write(path, "\n".join(lines) + "\n")
        except OSError as error:
            raise Refused(f"cannot write {path}: {error.strerror}", NO_FINDINGS) from None
