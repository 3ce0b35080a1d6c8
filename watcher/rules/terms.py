"""One term: a word or a phrase with wildcards, compiled for the scan text.

The *scan text* (see :mod:`watcher.rules.document`) is folded, and each run of white space and hyphens in it is one space; a twin of the same
length shows where that space is a single hyphen. In a term,

- a space stands for any such run; between a letter and a digit it may be missing (``155 mm``: ``155mm``, ``155-mm``);
- a hyphen stands for a hyphen; between a letter and a digit it may be missing, whether written or not (``F-16``: ``F16``; ``F16``: ``F-16``);
- ``*`` stands for the letters and digits that go on the word (at most 64), ``?`` for exactly one; a ``*`` that stands alone is refused.

A term becomes one or a few literals for the automaton and, where it has wildcards, the pieces around the literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from watcher.errors import QueryError
from watcher.rules.delimit import DENSE_RANGES
from watcher.text import boundary
from watcher.text.boundary import Kind

MAX_LENGTH = 500
REACH = 64  # characters that one * may stand for: bounds the work on hostile texts
MAX_OPTIONS = 3  # optional hyphens and spaces that are written out as literals

STAR, ANY, OPTIONAL_GAP, OPTIONAL_HYPHEN = "*", "?", "gap", "hyphen"

_SIMPLE = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")
_SPACED = re.compile(rf"[^\W_{DENSE_RANGES}]+")
_SPACES = re.compile(r"\s+")
_HYPHENS = re.compile(r" *-+ +| +-+ *|--+")


class Literal(NamedTuple):
    """Characters as they stand in the scan text; ``hyphens``: which of its spaces must be hyphens."""

    text: str
    hyphens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tails:
    """The ways in which the forms of an inflected word may go on to its end (see :mod:`watcher.rules.inflect`)."""

    endings: frozenset[str]


Piece = Literal | Tails | str


class Pattern(NamedTuple):
    """One way to find a term: ``anchor`` is what the automaton looks for, ``before`` and ``after`` are the pieces around it."""

    anchor: Literal
    before: tuple[Piece, ...] = ()
    after: tuple[Piece, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the anchor between two word boundaries is all there is to it."""
        return not (self.before or self.after or self.anchor.hyphens)

    def find(self, scan: str, marks: str, start: int, end: int) -> tuple[int, int] | None:
        """Complete an occurrence of the anchor.

        :param scan: the scan text; the character before and after every field is a separator.
        :param marks: its twin with hyphens.
        :returns: the span of the whole term, or None.
        """
        if not self.before and not boundary.starts_word(scan, start):
            return None
        for i in self.anchor.hyphens:
            if marks[start + i] != "-":
                return None
        if self.after:
            ends = [i for i in _forward(self.after, scan, marks, end) if boundary.ends_word(scan, i)]
            if not ends:
                return None
            end = max(ends)
        elif not boundary.ends_word(scan, end):
            return None
        if self.before:
            starts = [i for i in _backward(self.before, scan, marks, start) if boundary.starts_word(scan, i)]
            return (min(starts), end) if starts else None
        return start, end


def word_end(scan: str, start: int) -> int:
    """Return where the word that goes on at ``start`` ends, at most 64 characters on."""
    return _run_forward(scan, start)[-1]


def compile_term(folded: str, written: str) -> tuple[Pattern, ...]:
    """Compile a folded term.

    :param folded: the term's text, folded as the scan text is.
    :param written: the same as the user wrote it, for messages.
    :raises QueryError: for a term without a letter, digit or symbol to look for, one with a ``*`` in the place of a word, or one that is too long.
    """
    if _SIMPLE.fullmatch(folded):
        return (Pattern(Literal(folded)),)
    if len(folded) > MAX_LENGTH:
        raise QueryError(f"a term of {len(folded)} characters: at most {MAX_LENGTH} can be looked for", query=written)
    text = _HYPHENS.sub(" ", _SPACES.sub(" ", folded)).strip(" -")
    if not any(char not in "*? -" for char in text):
        raise QueryError(f'"{written}": expected at least one letter, digit or symbol beside wildcards', query=written)
    if "*" in text.split(" "):
        raise QueryError(f'"{written}": * goes on a word and stands for none: write NEAR/2 between the words around it', query=written)
    pieces = _pieces(text)
    options = sum(piece in (OPTIONAL_GAP, OPTIONAL_HYPHEN) for piece in pieces)
    if options == len([piece for piece in pieces if isinstance(piece, str)]) and options <= MAX_OPTIONS:
        return tuple(Pattern(literal) for literal in _written_out(pieces))
    return (_around_longest(pieces),)


def around_longest(parts: Iterable[str | Tails]) -> Pattern:
    """Return the pattern of words and tails in a row: plain strings are compiled as a term is, tails stay."""
    pieces: list[Piece] = []
    for part in parts:
        if isinstance(part, Tails):
            pieces.append(part)
            continue
        for piece in _pieces(part):
            if isinstance(piece, Literal) and pieces and isinstance(pieces[-1], Literal):
                before = pieces.pop()
                assert isinstance(before, Literal)
                piece = Literal(before.text + piece.text, (*before.hyphens, *(len(before.text) + i for i in piece.hyphens)))  # noqa: PLW2901
            pieces.append(piece)
    return _around_longest(pieces)


def _around_longest(pieces: list[Piece]) -> Pattern:
    """Return the pattern that looks for the longest literal first."""
    literals = [(len(piece.text), -i, piece) for i, piece in enumerate(pieces) if isinstance(piece, Literal)]
    _, place, anchor = max(literals, key=lambda found: found[:2])
    return Pattern(anchor, tuple(pieces[:-place]), tuple(pieces[1 - place :]))


def _pieces(text: str) -> list[Piece]:
    """Cut a term into literals, wildcards and optional separators."""
    pieces: list[Piece] = []
    run: list[str] = []
    hyphens: list[int] = []

    def close() -> None:
        if run:
            pieces.append(Literal("".join(run), tuple(hyphens)))
            run.clear()
            hyphens.clear()

    for i, char in enumerate(text):
        before, after = text[i - 1 : i], text[i + 1 : i + 2]
        if char in "*?":
            close()
            if not (char == "*" and pieces and pieces[-1] == STAR):
                pieces.append(char)
        elif char in " -":
            if _letter_meets_digit(before, after):
                close()
                pieces.append(OPTIONAL_GAP if char == " " else OPTIONAL_HYPHEN)
                continue
            if char == "-":
                hyphens.append(len(run))
            run.append(" ")
        else:
            if run and before not in " -*?" and _letter_meets_digit(before, char):
                close()
                pieces.append(OPTIONAL_HYPHEN)
            run.append(char)
    close()
    return pieces


def _letter_meets_digit(a: str, b: str) -> bool:
    return (a.isalpha() and b.isdigit()) or (a.isdigit() and b.isalpha())


def _written_out(pieces: list[Piece]) -> list[Literal]:
    """Write out a term of literals and optional separators as the literals that it may be."""
    found = [Literal("")]
    for piece in pieces:
        if isinstance(piece, Literal):
            found = [Literal(f.text + piece.text, (*f.hyphens, *(len(f.text) + i for i in piece.hyphens))) for f in found]
        else:
            separated = [Literal(f.text + " ", (*f.hyphens, len(f.text)) if piece == OPTIONAL_HYPHEN else f.hyphens) for f in found]
            found = found + separated
    return found


def _forward(pieces: tuple[Piece, ...], scan: str, marks: str, start: int) -> set[int]:
    """Return every offset at which ``pieces``, begun at ``start``, may end."""
    at = {start}
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        following: set[int] = set()
        for i in at:
            if isinstance(piece, Literal):
                if scan.startswith(piece.text, i) and all(marks[i + h] == "-" for h in piece.hyphens):
                    following.add(i + len(piece.text))
            elif isinstance(piece, Tails):
                end = _run_forward(scan, i)[-1]
                if scan[i:end] in piece.endings:
                    following.add(end)
                if scan[end] == "'" and scan[i : (end := _run_forward(scan, end + 1)[-1])] in piece.endings:  # Farage'a
                    following.add(end)
            elif piece == STAR:
                run = _run_forward(scan, i)
                following.update(run if last > number else run[-1:])  # at a term's end only the word's end will do
            elif piece == ANY:
                if boundary.kind(scan[i]) not in (Kind.OTHER, Kind.MARK):
                    following.add(_past_marks(scan, i + 1))
            else:
                following.add(i)
                if scan[i] == " " and (piece == OPTIONAL_GAP or marks[i] == "-"):
                    following.add(i + 1)
        at = following
    return at


def _backward(pieces: tuple[Piece, ...], scan: str, marks: str, end: int) -> set[int]:
    """Return every offset at which ``pieces``, ending at ``end``, may begin."""
    at = {end}
    for number in reversed(range(len(pieces))):
        piece = pieces[number]
        following: set[int] = set()
        for i in at:
            if isinstance(piece, Literal):
                begin = i - len(piece.text)
                if begin >= 0 and scan.startswith(piece.text, begin) and all(marks[begin + h] == "-" for h in piece.hyphens):
                    following.add(begin)
            elif isinstance(piece, Tails):
                following.update(i - len(tail) for tail in piece.endings if scan.endswith(tail, 0, i))
            elif piece == STAR:
                run = _run_backward(scan, i)
                following.update(run if number > 0 else run[:1])
            elif piece == ANY:
                begin = i - 1
                while begin > 0 and boundary.kind(scan[begin]) is Kind.MARK:
                    begin -= 1
                if boundary.kind(scan[begin]) is not Kind.OTHER:
                    following.add(begin)
            else:
                following.add(i)
                if scan[i - 1] == " " and (piece == OPTIONAL_GAP or marks[i - 1] == "-"):
                    following.add(i - 1)
        at = following
    return at


def _past_marks(scan: str, i: int) -> int:
    while boundary.kind(scan[i]) is Kind.MARK:
        i += 1
    return i


def _run_forward(scan: str, start: int) -> range:
    """The offsets at which a ``*`` begun at ``start`` may end: it takes what joins."""
    i = start
    limit = min(len(scan), start + REACH)
    if i == 0 or boundary.kind(scan[i - 1]) is not Kind.UNSPACED:
        run = _SPACED.match(scan, i, limit)
        i = run.end() if run is not None and (i == 0 or boundary.kind(scan[i - 1]) is not Kind.HANGUL) else i
        if i == start and i < limit and boundary.kind(scan[i]) is Kind.HANGUL and (i == 0 or boundary.kind(scan[i - 1]) is Kind.OTHER):
            i += 1
    while i < limit and not boundary.is_boundary(scan, i):  # marks and Hangul
        i += 1
    return range(start, i + 1)


def _run_backward(scan: str, end: int) -> range:
    """The offsets at which a ``*`` that ends at ``end`` may begin."""
    i = end
    limit = max(1, end - REACH)
    following = boundary.kind(scan[i]) if i < len(scan) else Kind.OTHER
    if following in (Kind.OTHER, Kind.SPACED):
        run = _SPACED.match(scan[limit:i][::-1])
        i -= run.end() if run is not None else 0
    if i == end and following is Kind.OTHER and i > limit and boundary.kind(scan[i - 1]) in (Kind.HANGUL, Kind.MARK):
        i -= 1
    while i > limit and not boundary.is_boundary(scan, i):
        i -= 1
    return range(i, end + 1)
