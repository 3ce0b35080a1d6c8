"""Where a key stands: the line of every key, table and list item of a TOML text. Pure.

tomli gives values without positions. This is a scanner, not a second parser: it runs only over a text that tomli has
accepted, so it knows just enough of TOML to tell keys from values: strings, comments, brackets and dots. It is linear, keeps
its own stack (nesting cannot exhaust the interpreter's) and is run when the first line is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import tomli

Path = tuple[str | int, ...]

# Possessive quantifiers keep every alternative linear. A closing delimiter takes up to two more quotes (TOML 1.0, strings).
_STRING = r"""(?: \"{3} (?: [^"\\] | \\. | "{1,2}(?!") )*+ "{3,5}
                 | '{3} (?: [^'] | '{1,2}(?!') )*+ '{3,5}
                 | " (?: [^"\\\n] | \\. )*+ "
                 | ' [^'\n]*+ ' )"""
_COMMENT = r"\#[^\n]*+"
_TOKEN = re.compile(
    rf"""
      (?P<blank>   [ \t\r]+ | {_COMMENT} )
    | (?P<newline> \n )
    | (?P<string>  {_STRING} )
    | (?P<flat>    \[ (?: [^\[\]{{}}"'\#]++ | {_STRING} | {_COMMENT} )*+ \] )
    | (?P<mark>    [\[\]{{}}=,.] )
    | (?P<bare>    [^\s\#"'\[\]{{}}=,.]+ )
    """,
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


class Lines:
    """The line, counted from 1, of each key, table and list item of a valid TOML text.

    A table opened twice implicitly (``[a.b]``, ``[a.c]``) has the line of the first mention. Lists of plain values are passed
    over in one step, since some have 100,000, and looked into when one of their items is asked for.
    """

    def __init__(self, text: str) -> None:
        scanner = _Scanner(text)
        scanner.run()
        self._found, self._flat = scanner.found, scanner.flat

    def of(self, path: Path) -> int | None:
        """Return the line of ``path``, or of the nearest thing that holds it; None for the document itself."""
        for end in range(len(path), 0, -1):
            here = path[:end]
            if here in self._found:
                return self._found[here]
            if here[:-1] in self._flat:
                line, text = self._flat.pop(here[:-1])
                self._found.update(_items(here[:-1], line, text))
                return self.of(path)
        return None


def _items(path: Path, line: int, text: str) -> dict[Path, int]:
    """Return the lines of the items of a list of plain values, given as it stands in the file."""
    found: dict[Path, int] = {}
    item = 0
    for token in _TOKEN.finditer(text, 1, len(text) - 1):
        if token[0] == ",":
            item += 1
        elif token.lastgroup not in ("blank", "newline"):
            found.setdefault((*path, item), line)
        line += token[0].count("\n")
    return found


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
        self.flat: dict[Path, tuple[int, str]] = {}
        self.table: Path = ()
        self.counts: dict[Path, int] = {}  # arrays of tables: index of the last element
        self.stack = [_Frame("statement", ())]
        self.line = 1
        self.header: list[str] | None = None  # the keys of a [header] that is being read, and how many brackets opened it
        self.brackets = 0

    def run(self) -> None:
        for token in _TOKEN.finditer(self.text):
            kind, part = token.lastgroup, token[0]
            frame = self.stack[-1]
            if kind == "newline":
                if frame.kind == "statement":
                    self._end_statement(frame)
            elif kind == "blank":
                pass
            elif self.header is not None or (frame.kind == "statement" and not frame.keys and part[0] == "["):
                self._header(kind, part)
            elif frame.kind == "array" or frame.in_value:
                self._value(frame, kind, part)
            else:
                self._key(frame, kind, part)
            self.line += part.count("\n")
        self._end_statement(self.stack[-1])

    def _end_statement(self, frame: _Frame) -> None:
        if self.header is not None:
            self._open_table(self.header, array=self.brackets > 1)
        self.header, self.brackets = None, 0
        frame.in_value, frame.keys = False, []

    def _header(self, kind: str | None, part: str) -> None:
        """Inside ``[a.b]`` or ``[[a.b]]``."""
        self.header = self.header or []
        self.brackets += part[0] == "["
        if kind == "flat":
            self.header += [
                _unquote(token[0]) for token in _TOKEN.finditer(part, 1, len(part) - 1) if token.lastgroup in ("bare", "string")
            ]
        elif kind in ("bare", "string"):
            self.header.append(_unquote(part))

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

    def _value(self, frame: _Frame, kind: str | None, part: str) -> None:
        """Inside an array, or after ``=``."""
        path = self._value_path(frame)
        if frame.kind == "array" and part not in ("]", ","):
            self.found.setdefault(path, self.line)
        if kind == "flat":
            self.flat[path] = self.line, part
        elif part == "[":
            self.stack.append(_Frame("array", path))
        elif part == "{":
            self.stack.append(_Frame("inline", path))
        elif part in ("]", "}"):
            self.stack.pop()
        elif part == ",":
            frame.item += 1
            frame.in_value, frame.keys = False, []

    def _value_path(self, frame: _Frame) -> Path:
        if frame.kind == "array":
            return (*frame.path, frame.item)
        return (self.table if frame.kind == "statement" else frame.path) + tuple(frame.keys)


def _unquote(part: str) -> str:
    """Return the key that a bare or quoted key token spells."""
    if part[0] == '"' and "\\" in part:
        return str(tomli.loads(f"k = {part}")["k"])
    return part[1:-1] if part[0] in "\"'" else part
