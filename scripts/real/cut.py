# SPDX-License-Identifier: MIT
"""Cuts definitions by name out of C that is not ours: functions, types, variables and macros, and nothing parsed
beyond where each begins and ends. Comments, strings and preprocessor lines are blanked first, so that a brace in
one of them is none; of a name that is defined twice, under #if and #else, the first is taken."""

import re
from dataclasses import dataclass

# In this order pieces stand in a slice: what is used before what uses it. Two functions may call each other, so
# their prototypes stand first.
ORDER = ("macro", "type", "variable", "function")
BLANKED = re.compile(
    r"//(?:\\\n|[^\n])*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|^[ \t]*#(?:\\\n|/\*.*?\*/|[^\n])*",
    re.S | re.M)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\\\n|[^\n])*\n", re.M)
TAG = re.compile(r"\b(?:struct|union|enum)\s+(\w+)\s*\{")
ATTRIBUTE = ("__attribute__", "__aligned", "__packed")


@dataclass(frozen=True)
class Piece:
    """One definition: @names are what it defines, @line is where it begins in @path."""
    kind: str
    names: tuple
    path: str
    line: int
    text: str
    head: str = ""  # of a function, all before its body

    @property
    def name(self):
        return self.names[0]


def blank(text):
    """@text with spaces in the place of what has no say in where a definition ends. Of the same length."""
    return BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def items(code):
    """(start, end, first brace or None) of each declaration at the top of blanked @code."""
    depth, start, brace = 0, None, None
    for found in re.finditer(r"[{}();]|\S", code):
        at, char = found.start(), found[0]
        if start is None:
            start = at
        if char in "({":
            if char == "{" and not depth and brace is None:
                brace = at
            depth += 1
        elif char in ")}":
            depth = max(depth - 1, 0)
            if char == "}" and not depth and is_function(code[start:brace]):
                yield start, at + 1, brace
                start = brace = None
        elif char == ";" and not depth:
            yield start, at + 1, brace
            start = brace = None


def is_function(head):
    """Whether what stands before a brace is a function's head."""
    return "=" not in head and head.rstrip().endswith(")") and function_name(head) is not None


def function_name(head):
    """The name before the parameters, which are the last parentheses that are no attribute's."""
    end = len(head.rstrip())
    while end and head[end - 1] == ")":
        depth, at = 0, end
        while at:
            at -= 1
            depth += (head[at] == ")") - (head[at] == "(")
            if not depth:
                break
        name = re.search(r"(\w+)\s*$", head[:at])
        if not name:
            return None
        if name[1] not in ATTRIBUTE:
            return name[1]
        end = len(head[:name.start()].rstrip())
    return None


def after_braces(item, code):
    """The words behind the last brace of blanked @code: what a typedef of a struct is called."""
    return re.findall(r"\w+", code[code.rindex("}"):])[-1:] if "}" in code else []


def names_of(item, code, brace):
    """(kind, names) of what one declaration defines, or None where it defines nothing."""
    if brace is not None and is_function(code[:brace]):
        return "function", (function_name(code[:brace]),)
    if re.match(r"typedef\b", code):
        tags = TAG.findall(code)[:1]
        plain = re.search(r"\(\s*\*?\s*(\w+)\s*\)\s*\(|(\w+)\s*(?:\[[^]]*\]\s*)?;\s*$", code)
        named = after_braces(item, code) if brace is not None else [plain[1] or plain[2]] if plain else []
        return ("type", (*named, *tags)) if named else None
    tag = re.match(r"(?:struct|union|enum)\b\s*(\w*)\s*\{", code)
    if tag and not re.search(r"=", code[code.rindex("}"):]):
        values = tuple(re.findall(r"(?:[{,]\s*)(\w+)", code)) if code.startswith("enum") else ()
        names = tuple(name for name in (tag[1], *values) if name)
        return ("type", names) if names else None
    variable = re.match(r"[^=({]*?(\w+)\s*(?:\[[^]]*\]\s*)*(?:=|;\s*$)", code)
    if variable and not re.match(r"extern\b|(?:struct|union|enum)\s+\w+\s*;", code) and \
            re.search(r"\w\s*[\s*]\s*\w", code[:variable.end(1)]):
        return "variable", (variable[1],)
    return None


def pieces(path, text):
    """Every definition in @text, which is the file @path's, in its order."""
    code, found = blank(text), []
    for macro in DEFINE.finditer(text):
        if code[macro.start():macro.end()].strip() == "":
            found.append(Piece("macro", (macro[1],), path, text.count("\n", 0, macro.start()) + 1, macro[0]))
    for start, end, brace in items(code):
        item = code[start:end]
        named = names_of(text[start:end], item, None if brace is None else brace - start)
        if named:
            head = text[start:brace].rstrip() if named[0] == "function" else ""
            found.append(Piece(named[0], named[1], path, text.count("\n", 0, start) + 1, text[start:end] + "\n", head))
    return found


class Index:
    """Definitions of several files by name; the first of a name is taken."""

    def __init__(self, files):
        self.all = [piece for path, text in files for piece in pieces(path, text)]
        self.by_name = {}
        for piece in self.all:
            for name in piece.names:
                self.by_name.setdefault(name, piece)

    def find(self, name):
        return self.by_name.get(name)

    def order(self, piece):
        """Where it stands in a slice."""
        return ORDER.index(piece.kind), self.all.index(piece)


def slice_text(index, chosen, stubbed, noted, shim, adapter):
    """
    The source of a slice: @shim, the @chosen pieces as they are, each under its own file and line, and @adapter.
    From the definition of a @noted function on, calls of it are told what was found. Of @stubbed functions
    nothing is left but what their arguments are.
    """
    chosen = sorted(chosen, key=index.order)
    functions = [piece for piece in chosen if piece.kind == "function"]
    functions.sort(key=lambda piece: piece.name not in noted)
    out = [f'#include "{shim}"\n', *(f"#define {name}(...) real_nothing(0, __VA_ARGS__)\n" for name in stubbed)]
    for piece in chosen:
        if piece.kind != "function":
            out.append(f'#line {piece.line} "{piece.path}"\n{piece.text}')
    out += [f'#line {piece.line} "{piece.path}"\n{piece.head};\n' for piece in functions]
    for piece in functions:
        out.append(f'#line {piece.line} "{piece.path}"\n{piece.text}')
        if piece.name in noted:
            out.append(f"#define {piece.name}(...) REAL_NOTE({piece.name}, __VA_ARGS__)\n")
    return "".join([*out, f'#line 1 "adapter"\n#include "{adapter}"\n'])
