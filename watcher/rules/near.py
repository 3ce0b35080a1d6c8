"""Proximity: pairs of spans at most so many steps apart, counted from word to word, edge to edge, within one field."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from watcher.rules.document import Document
from watcher.rules.run import Span

MAX_PAIRS = 10_000  # of one clause in one article: more is a hostile text, and changes nothing


def pairs(document: Document, left: list[Span], right: list[Span], distance: int, *, ordered: bool) -> list[Span]:
    """Return the stretches that cover a left and a right span at most ``distance`` steps apart, in order.

    Neighbouring words are one step apart. Spans that overlap are no pair: one word is not near itself.
    """
    found = _forward(document, left, right, distance)
    if not ordered:
        found += _forward(document, right, left, distance)
        found.sort()
    return found


def _forward(document: Document, first: list[Span], second: list[Span], distance: int) -> list[Span]:
    """Pairs whose member of ``second`` stands behind that of ``first``."""
    starts = [span.start for span in second]
    numbers: list[int] = []  # of the words that ``second`` begins with, as far as they are needed
    found: list[Span] = []
    for span in first:
        i = bisect_left(starts, span.end)
        if i == len(second):
            continue
        last_word = document.word_at(span.end - 1)
        field = document.field_at(span.start)
        while i < len(second):
            while len(numbers) <= i:
                numbers.append(document.word_at(starts[len(numbers)]))
            if numbers[i] - last_word > distance or document.field_at(starts[i]) != field:
                break
            other = second[i]
            found.append(Span(span.start, other.end, span.hits + other.hits))
            if len(found) >= MAX_PAIRS:
                return found
            i += 1
    return found


def steps(document: Document, a: tuple[int, int], b: tuple[int, int]) -> int | None:
    """Return the steps between two spans, 0 where they overlap, None where they stand in different fields."""
    if document.field_at(a[0]) != document.field_at(b[0]):
        return None
    if a[0] < b[1] and b[0] < a[1]:
        return 0
    first, second = (a, b) if a[0] < b[0] else (b, a)
    return max(1, document.word_at(second[0]) - document.word_at(first[1] - 1))


def count_apart(spans: list[Span]) -> int:
    """Count spans that do not overlap, from the left."""
    ends = sorted((span.end, span.start) for span in spans)
    count, reached = 0, -1
    for end, start in ends:
        if start >= reached:
            count, reached = count + 1, end
    return count


def is_sorted(spans: list[Span]) -> bool:
    """Whether spans are in order, as every function here expects and returns them."""
    return all(a <= b for a, b in pairwise(spans))
