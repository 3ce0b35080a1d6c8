"""An article as the rules see it: its fields in one scan text, and one system of coordinates for everything that is found.

All fields stand behind each other, a barrier before and after each. *Coordinates* are offsets into this row of original texts, so a field is a range of
coordinates and nothing found in one field can reach into another. A :class:`View` is the same row folded in one flavour (with or without case, with
or without accents), with runs of white space and hyphens made one space: what the automata and the term patterns read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from watcher.model import MatchInput
from watcher.rules.delimit import BARRIER
from watcher.text import boundary, sentences
from watcher.text.fold import Folded, fold


class Flavour(NamedTuple):
    """How terms and text are folded before they are compared."""

    case: bool = True  # fold case
    accents: bool = True  # keep accents


PLAIN = Flavour()
ROW = ("title", "body", "url", "author")  # in this order; title and body side by side: a term without field sees both


class _Segment(NamedTuple):
    """One field in a view: where it begins in the scan text and in coordinates, and the two maps between them."""

    scan: int
    base: int
    folded: Folded
    squeezed: tuple[list[int], list[int]]  # offsets after each squeezed run, in the squeezed and in the folded text

    def locate(self, start: int, end: int) -> tuple[int, int]:
        start, end = start - self.scan, end - self.scan
        after, before = self.squeezed
        if after:
            first, last = bisect_right(after, start) - 1, bisect_right(after, end - 1) - 1
            start = start - after[first] + before[first] if first >= 0 else start
            end = end - after[last] + before[last] if last >= 0 else end
        first, last = self.folded.span(start, end)
        return first + self.base, last + self.base


class View:
    """The row in one flavour. ``scan``: the scan text; ``marks``: its twin of the same length in which single hyphens show."""

    __slots__ = ("_segments", "_starts", "marks", "scan")

    def __init__(self, texts: tuple[str, ...], bases: tuple[int, ...], flavour: Flavour) -> None:
        parts = [BARRIER]
        self._segments: list[_Segment] = []
        at = len(BARRIER)
        for text, base in zip(texts, bases, strict=True):
            folded = fold(text, case=flavour.case, accents=flavour.accents)
            squeezed, maps = _squeeze(folded.text.replace("\x00", " "))
            self._segments.append(_Segment(at, base, folded, maps))
            parts += (squeezed, BARRIER)
            at += len(squeezed) + len(BARRIER)
        self.marks = "".join(parts)
        self.scan = self.marks.replace("-", " ")
        self._starts = [segment.scan for segment in self._segments]

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return the coordinates of a slice of the scan text."""
        return self._segments[bisect_right(self._starts, start) - 1].locate(start, end)

    def pieces(self) -> list[tuple[int, str]]:
        """Return each field's part of ``marks`` with its offset."""
        ends = [*self._starts[1:], len(self.marks)]
        return [(start, self.marks[start : end - len(BARRIER)]) for start, end in zip(self._starts, ends, strict=True)]


def _squeeze(text: str) -> tuple[str, tuple[list[int], list[int]]]:
    """Make each run of white space and hyphens one character: a hyphen where it is one hyphen (also at a line's end), else a space."""
    spaced = text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    after: list[int] = []
    before: list[int] = []
    parts: list[str] = []
    done = at = 0
    for begin, end in _runs(spaced):
        parts += (spaced[done:begin], "-" if spaced[begin] == "-" and _breaks_a_line(text[begin:end]) else " ")
        at += begin - done + 1
        after.append(at)
        before.append(end)
        done = end
    if not done:
        return spaced, (after, before)
    parts.append(spaced[done:])
    return "".join(parts), (after, before)


def _runs(spaced: str) -> Iterator[tuple[int, int]]:
    """Yield the runs of two and more spaces and hyphens. Searching for pairs of spaces and for single hyphens is far faster than an expression for runs."""
    begins: list[int] = []
    i = spaced.find("  ")
    while i >= 0:
        begins.append(i)
        i = spaced.find("  ", i + 1)
    i = spaced.find("-")
    while i >= 0:
        if i and spaced[i - 1] == " ":
            begins.append(i - 1)
        if spaced[i + 1 : i + 2] in (" ", "-"):
            begins.append(i)
        i = spaced.find("-", i + 1)
    begins.sort()
    i = 0
    while i < len(begins):
        first = begins[i]
        while i + 1 < len(begins) and begins[i + 1] == begins[i] + 1:
            i += 1
        yield first, begins[i] + 2
        i += 1


def _breaks_a_line(run: str) -> bool:
    """Whether a run is a hyphen at the end of a line."""
    return run[1] in "\r\n" and "-" not in run[1:]


class Document:
    """One article on its way through the rules: views, words and sentences are made when first asked for."""

    __slots__ = ("_bases", "_limits", "_sentences", "_texts", "_views", "_words", "input", "lead_end")

    def __init__(self, article: MatchInput) -> None:
        self.input = article
        self._texts = (article.title, article.text, article.url, article.author)
        at, bases = 0, []
        for text in self._texts:
            bases.append(at)
            at += len(text) + 1
        self._bases = tuple(bases)
        self._limits = tuple(base + len(text) for base, text in zip(bases, self._texts, strict=True))
        self._views: dict[Flavour, View] = {}
        self._words: list[int] | None = None
        self._sentences: dict[int, tuple[int, int]] = {}
        stripped = len(article.text) - len(article.text.lstrip())
        line_end = article.text.find("\n", stripped)
        self.lead_end = bases[1] + (line_end if line_end >= 0 else len(article.text))

    def view(self, flavour: Flavour) -> View:
        """Return the row folded in one flavour."""
        found = self._views.get(flavour)
        if found is None:
            found = self._views[flavour] = View(self._texts, self._bases, flavour)
        return found

    def range_of(self, field: str | None) -> tuple[int, int]:
        """Return the coordinates of a field's first character and of the end; None: title and body."""
        if field is None:
            return 0, self._limits[1]
        if field == "lead":
            return self._bases[1], self.lead_end
        place = ROW.index(field)
        return self._bases[place], self._limits[place]

    def field_at(self, coordinate: int) -> int:
        """Return the index in ``ROW`` of the field that holds a coordinate."""
        return bisect_right(self._bases, coordinate) - 1

    def local(self, start: int, end: int) -> tuple[str, int, int]:
        """Return a span's field and its offsets there."""
        place = self.field_at(start)
        return ROW[place], start - self._bases[place], end - self._bases[place]

    def character(self, coordinate: int) -> str:
        """Return the original character at a coordinate."""
        place = self.field_at(coordinate)
        return self._texts[place][coordinate - self._bases[place]]

    def text_of(self, field: str) -> str:
        """Return the original text of a field of the row."""
        return self._texts[ROW.index(field)]

    def word_at(self, coordinate: int) -> int:
        """Return the number of the word that a coordinate stands in, counted over the whole row."""
        if self._words is None:
            view = self.view(PLAIN)
            self._words = [view.locate(start, start + 1)[0] for start in boundary.word_starts(view.marks)]
        return bisect_right(self._words, coordinate)

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Return the coordinates of the sentence around a span."""
        found = self._sentences.get(start)
        if found is None or found[1] < end:
            place = self.field_at(start)
            base = self._bases[place]
            first, last = sentences.around(self._texts[place], start - base, end - base)
            found = self._sentences[start] = (first + base, last + base)
        return found
