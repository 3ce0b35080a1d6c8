"""Where a key stands: the line of every key, table and list item of a TOML text. Pure.

tomli gives values without positions. This is a scanner, not a second parser: it runs only over a text that tomli has
accepted, so it knows just enough of TOML to tell keys from values: strings, comments, brackets and dots. It is linear, keeps
its own stack (nesting cannot exhaust the interpreter's) and is run on demand, when a line is wanted for the first time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import tomli

Path = tuple[str | int, ...]

# Possessive quantifiers keep every alternative linear. A closing delimiter takes up to two more quotes (TOML 1.0, strings).
_TOKEN = re.compile(
    r'''
      (?P<blank>   [ \t\r]+ | \#[^\n]*+ )
    | (?P<newline> \n )
    | (?P<string>  """ (?: [^"\\] | \\. | "{1,2}(?!") )*+ "{3,5}
                 | \'\'\' (?: [^'] | '{1,2}(?!') )*+ '{3,5}
                 | " (?: [^"\\\n] | \\. )*+ "
                 | ' [^'\n]*+ ' )
    | (?P<mark>    [\[\]{}=,.] )
    | (?P<bare>    [^\s\#"'\[\]{}=,.]+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Frame:
    """One open construct: ``kind`` is ``statement``, ``array`` or ``inline``; ``path`` what it fills; ``item`` the index in an array."""

    kind: str
    path: Path
    keys: list[str] = field(default_factory=list)
    item: int = 0
    in_value: bool = False


def lines(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each key, table and list item of a valid TOML text.

    A list item stands in the result only where its line differs from that of the list, so look up with :func:`line_of`.
    A table opened twice implicitly (``[a.b]``, ``[a.c]``) has the line of the first mention.
    """
    return _Scanner(text).run()


def line_of(found: dict[Path, int], path: Path) -> int | None:
    """Return the line of ``path``, or of the nearest thing that holds it; None for the document itself."""
    for end in range(len(path), 0, -1):
        if path[:end] in found:
            return found[path[:end]]
    return None


def longest_number(text: str) -> int | None:
    """Return the line of the first number of more than 4,000 digits: Python refuses to read it and does not say where."""
    line = 1
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "bare" and len(token[0]) > 4_000:
            return line
        line += token[0].count("\n")
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: dict[Path, int] = {}
        self.table: Path = ()
        self.counts: dict[Path, int] = {}  # arrays of tables: index of the last element
        self.stack = [_Frame("statement", ())]
        self.line = 1

    def run(self) -> dict[Path, int]:
        header: list[str] | None = None  # the keys of a [header] that is being read
        brackets = 0
        tokens = _TOKEN.finditer(self.text)
        for token in tokens:
            kind, part = token.lastgroup, token[0]
            frame = self.stack[-1]
            if kind == "blank":
                continue
            if kind == "newline":
                if len(self.stack) == 1:
                    if header is not None:
                        self._open_table(header, array=brackets > 1)
                        header = None
                    frame.in_value = False
                    frame.keys = []
                self.line += 1
                continue
            if len(self.stack) == 1 and not frame.in_value and (header is not None or (part == "[" and not frame.keys)):
                if header is None:
                    header, brackets = [], 0
                brackets += part == "["
                if kind in ("bare", "string"):
                    header.append(_unquote(part))
            elif frame.kind == "array" or frame.in_value:
                self._value(frame, part)
            else:
                self._key(frame, kind, part)
            self.line += part.count("\n")
        if header is not None:
            self._open_table(header, array=brackets > 1)
        return self.found

    def _open_table(self, keys: list[str], *, array: bool) -> None:
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path += (key,)
            self.found.setdefault(path, self.line)
            if array and number == len(keys):
                self.counts[path] = self.counts.get(path, -1) + 1
            if path in self.counts:
                path += (self.counts[path],)
                self.found.setdefault(path, self.line)
        self.table = path

    def _key(self, frame: _Frame, kind: str | None, part: str) -> None:
        """Inside a statement or an inline table, before ``=``."""
        if kind in ("bare", "string"):
            frame.keys.append(_unquote(part))
        elif part == "=":
            path = self.table if frame.kind == "statement" else frame.path
            for key in frame.keys:
                path += (key,)
                self.found.setdefault(path, self.line)
            frame.in_value = True
        elif part == "}":
            self.stack.pop()

    def _value(self, frame: _Frame, part: str) -> None:
        """Inside an array, or after ``=``."""
        path = self._value_path(frame)
        if frame.kind == "array" and part not in ("]", ",") and self.line != line_of(self.found, path):
            self.found[path] = self.line
        if part == "[":
            self.stack.append(_Frame("array", path))
        elif part == "{":
            self.stack.append(_Frame("inline", path))
        elif part in ("]", "}"):
            self.stack.pop()
        elif part == ",":
            frame.item += 1
            frame.in_value = False
            frame.keys = []

    def _value_path(self, frame: _Frame) -> Path:
        if frame.kind == "array":
            return (*frame.path, frame.item)
        return (self.table if frame.kind == "statement" else frame.path) + tuple(frame.keys)


def _unquote(part: str) -> str:
    """Return the key that a bare or quoted key token spells."""
    if part[0] == '"' and "\\" in part:
        return str(tomli.loads(f"k = {part}")["k"])
    return part[1:-1] if part[0] in "\"'" else part
