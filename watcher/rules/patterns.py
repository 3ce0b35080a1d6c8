"""Regular expressions in linear time: RE2, on folded text, with Unicode classes.

RE2's ``\\d \\w \\b`` know only ASCII. ``\\d``, ``\\w``, ``\\s`` and their opposites become Unicode classes here, and ``\\b``, which RE2 cannot
express for Unicode, is taken off the two ends of the expression (and of each alternative) and checked by script as for terms; inside, it is refused.
Lookaround and backreferences, which no linear engine has, are refused by name.

What an expression may cost an article is bounded beyond that, for leftmost matches that fail or are thrown away can add up to a square: a long text is searched in
windows, so a match of more than 2,000 characters may be missed; and there is a budget of attempts and of matches for each field.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import re2

from watcher.errors import QueryError
from watcher.rules.delimit import DENSE_RANGES
from watcher.text import boundary
from watcher.text.fold import fold

MAX_LENGTH = 2_000
MAX_MATCHES = 1_000  # of one expression in one field
MAX_ATTEMPTS = 5_000  # of one alternative in one field: a match between wrong boundaries is thrown away and costs as much
WINDOW, OVERLAP = 8_000, 2_000  # characters that are searched at once, and of which the next window begins before the end
LOOKED_FOR = 100  # characters by which a match is shortened or lengthened to end at a boundary

_UNSUPPORTED = (
    ("(?=", "lookahead (?=…)"),
    ("(?!", "negative lookahead (?!…)"),
    ("(?<=", "lookbehind (?<=…)"),
    ("(?<!", "negative lookbehind (?<!…)"),
    ("(?>", "atomic group (?>…)"),
    ("(?(", "conditional (?(…)…)"),
    ("(?P=", "backreference (?P=…)"),
    ("(?#", "comment (?#…)"),
)
_JOINED = re.compile(rf"[^\W_{DENSE_RANGES}]+")
_ANCHOR = re.compile(r"[$^]|\\[Az]")  # also inside [^…]: then a text is searched whole, and nothing else changes
_CLASSES = {"d": r"\p{Nd}", "w": r"\p{L}\p{M}\p{N}_", "s": r"\s\x{85}\x{a0}\x{2000}-\x{200a}\x{3000}"}


class _Branch(NamedTuple):
    """One alternative. ``begins``, ``ends``: a word must begin or end there. ``anchored``: it may hold ``^`` or ``$``."""

    compiled: Any
    begins: bool
    ends: bool
    anchored: bool

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of non-empty matches, within the budget."""
        at = count = 0
        attempts = MAX_ATTEMPTS
        while at < len(text) and attempts > 0:
            limit = len(text) if self.anchored else min(len(text), at + WINDOW)
            following = limit if limit == len(text) else limit - OVERLAP
            for start, end in self._matches(text, at, limit):
                attempts -= 1
                if end == limit < len(text) and start > at:
                    following = start  # it may go on: once more, with the whole window before it
                    break
                last = self._agreed(text, start, end, limit)
                if last is None and not self.anchored:
                    following = self._next(text, start, limit)
                    break
                if last is not None and last > start:
                    yield start, last
                    count += 1
                    if count >= MAX_MATCHES:
                        return
                    if last != end and not self.anchored:
                        following = last
                        break
                following = max(following, end)
                if attempts <= 0:
                    return
            at = following

    def _matches(self, text: str, at: int, limit: int) -> Iterator[tuple[int, int]]:
        if self.anchored:
            return (match.span() for match in self.compiled.finditer(text, at))
        return ((at + match.start(), at + match.end()) for match in self.compiled.finditer(text[at:limit]))

    def _agreed(self, text: str, start: int, end: int, limit: int) -> int | None:
        """Return where a match ends when its boundaries are respected, shortened or lengthened if need be; None where they cannot be."""
        if self.begins and not boundary.starts_word(text, start):
            return None
        if not self.ends or end == start or boundary.ends_word(text, end):
            return end
        if self.anchored:
            return None
        shorter = range(end - 1, max(start, end - LOOKED_FOR), -1)
        longer = range(end + 1, min(limit, end + LOOKED_FOR) + 1)
        for other in itertools.chain(shorter, longer):
            if boundary.ends_word(text, other) and self.compiled.fullmatch(text[start:other]):
                return int(other)
        return None

    def _next(self, text: str, start: int, limit: int) -> int:
        """Return where to go on after a match that was thrown away."""
        start += 1
        while self.begins and start < limit and not boundary.starts_word(text, start):
            joined = _JOINED.match(text, start)  # letters of which none begins a word, for one stands before them
            start = joined.end() if joined is not None and boundary.kind(text[start - 1]) is boundary.Kind.SPACED else start + 1
        return start


class Expression:
    """A compiled regular expression. ``literals``: at least one of them stands in every match; empty when none is known."""

    __slots__ = ("_branches", "literals", "matches_anything", "source")

    def __init__(self, source: str, *, case: bool, accents: bool) -> None:
        self.source = source
        if len(source) > MAX_LENGTH:
            raise QueryError(f"a regular expression of {len(source)} characters: at most {MAX_LENGTH} are allowed", query=source[:40] + "…")
        if not source.strip():
            raise QueryError("an empty regular expression: expected something between the slashes", query=source)
        self._branches: list[_Branch] = []
        literals: list[str] | None = []
        for alternative in _alternatives(unicodedata.normalize("NFC", source)):  # as the text is
            body, begins, ends = _edges(alternative)
            translated = _translate(body, source, case=case, accents=accents)
            self._branches.append(_Branch(_compile(translated, source, case=case), begins, ends, bool(_ANCHOR.search(body))))
            needed = _literal(body)
            literals = None if literals is None or not needed else [*literals, fold(needed, case=case, accents=accents).text]
        self.literals = tuple(literals or ())
        self.matches_anything = all(any(self.find(text)) for text in ("x", "7", "岸", "…"))

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of non-empty matches, at most 1,000 of each alternative."""
        for branch in self._branches:
            yield from branch.find(text)


def _compile(translated: str, source: str, *, case: bool) -> Any:
    options = re2.Options()
    options.log_errors = False  # RE2 would write to stderr
    options.case_sensitive = not case
    options.never_capture = True  # nobody asks what a group found
    options.max_mem = 1 << 22
    try:
        return re2.compile(translated, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        detail = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise QueryError(f"/{source}/ is no regular expression that can be used: {detail}", query=source) from None


def _translate(body: str, source: str, *, case: bool, accents: bool) -> str:
    """Rewrite one alternative for RE2: Unicode classes; literals folded as the text is."""
    out: list[str] = []
    inside = False  # of [...]
    i = 0
    while i < len(body):
        char = body[i]
        if char == "\\":
            piece, i = _escape(body, i, source, inside=inside)
            out.append(piece)
            continue
        if inside:
            inside = not (char == "]" and body[i - 1 : i] != "[" and body[i - 2 : i] != "[^")
            out.append(_folded_member(body, i, case=case, accents=accents))
        elif char == "[":
            inside = True
            out.append(char)
        elif char == "(":
            for construct, name in _UNSUPPORTED:
                if body.startswith(construct, i):
                    raise QueryError(
                        f"/{source}/: {name} cannot be matched in linear time and is not supported; use NEAR or NOT instead", query=source
                    )
            out.append(char)
        else:
            out.append(char if ord(char) < 128 and char not in "`\n\t\r" else _folded_literal(char, case=case, accents=accents))
        i += 1
    return "".join(out)


def _escape(body: str, i: int, source: str, *, inside: bool) -> tuple[str, int]:
    """Translate the escape at ``i``; return it and the offset behind it."""
    char = body[i + 1 : i + 2]
    if char.lower() in _CLASSES:
        name = _CLASSES[char.lower()]
        if char.islower():
            return (name if inside else f"[{name}]"), i + 2
        if inside:
            raise QueryError(f"/{source}/: \\{char} inside [...] is not supported", query=source)
        return f"[^{name}]", i + 2
    if char in "bB" and char and not inside:
        raise QueryError(f"/{source}/: \\{char} is supported at the two ends of an expression or alternative only", query=source)
    if char.isdigit() and char != "0":
        raise QueryError(f"/{source}/: backreference \\{char} cannot be matched in linear time and is not supported", query=source)
    if char == "/":
        return "/", i + 2
    if char and char in "nrtfv":  # all white space of the text is one space
        return " ", i + 2
    return body[i : i + 2], i + 2


def _folded_member(body: str, i: int, *, case: bool, accents: bool) -> str:
    """Fold a character that stands in ``[...]``; the ends of a range stay, for folded they may stand in the wrong order."""
    char = body[i]
    in_range = (body[i + 1 : i + 2] == "-" and body[i + 2 : i + 3] != "]") or (body[i - 1] == "-" and body[i - 2] not in "[^")
    if (ord(char) < 128 and char not in "`\n\t\r") or in_range:
        return char
    folded = fold(" " if char in "\n\t\r" else char, case=case, accents=accents).text
    if len(folded) != 1:
        return char
    return "\\" + folded if folded in "-^[]\\" else folded


def _folded_literal(char: str, *, case: bool, accents: bool) -> str:
    folded = fold(" " if char in "\n\t\r" else char, case=case, accents=accents).text
    if not folded:
        return ""
    return folded if len(folded) == 1 and folded.isalnum() else f"(?:{re.escape(folded)})"


def _alternatives(source: str) -> list[str]:
    """Split at the ``|`` outside of groups and classes."""
    parts, start, depth, inside, i = [], 0, 0, False, 0
    while i < len(source):
        char = source[i]
        if char == "\\":
            i += 2
            continue
        if inside:
            inside = not (char == "]" and source[i - 1 : i] != "[" and source[i - 2 : i] != "[^")
        elif char == "[":
            inside = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(source[start:i])
            start = i + 1
        i += 1
    return [*parts, source[start:]]


def _edges(alternative: str) -> tuple[str, bool, bool]:
    """Take ``\\b`` off the two ends."""
    begins = alternative.startswith("\\b")
    body = alternative[2:] if begins else alternative
    ends = body.endswith("\\b") and (len(body) - len(body[:-1].rstrip("\\"))) % 2 == 0
    return (body[:-2] if ends else body), begins, ends


def _literal(body: str) -> str:
    """Return the longest run of plain characters that every match of an alternative must hold, or ""."""
    runs, run, depth, i = [], "", 0, 0
    while i < len(body):
        char = body[i]
        following = body[i + 1 : i + 2]
        if char.isalpha() and depth == 0 and following not in ("?", "*", "{"):
            run += char
        else:
            runs.append(run)
            run = ""
            if char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
            elif char == "[":
                closing = body.find("]", i + 2)
                i = closing if closing > 0 else len(body)
            elif char == "\\":
                if following in "pPxQ":  # \p{…}, \x{…}, \Q…\E: nothing is known of what follows
                    return max(runs, key=len) if max(map(len, runs)) >= 3 else ""
                i += 1
        if char == "+" or following == "+":
            runs.append(run)
            run = ""
        i += 1
    best = max([*runs, run], key=len)
    return best if len(best) >= 3 else ""
