"""One article being matched: what was found in it, and what has been decided so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from watcher.rules import terms
from watcher.rules.document import Document, View
from watcher.rules.index import Index, Vocabulary
from watcher.text import boundary

if TYPE_CHECKING:
    from watcher.model import Evidence
    from watcher.rules.mentions import Mentions


class Hit(NamedTuple):
    """A term found: coordinates, the term as written, and the entity whose alias it is; "" where it is none, so that hits can be sorted."""

    start: int
    end: int
    term: str
    entity: str = ""


class Span(NamedTuple):
    """A stretch of the article for which a clause holds, and the terms found in it."""

    start: int
    end: int
    hits: tuple[Hit, ...]


class Run:
    """The state of one article's way through the rules.

    :param full: evaluate every clause, for a trace; else stop where the outcome is decided.
    :param lenient: take rules' ``feeds`` and ``languages`` as fulfilled, for self-tests.
    :param sentences: evidence comes with its sentence and confidence.
    """

    __slots__ = ("_found", "_spans", "_vocabulary", "document", "found", "full", "lenient", "memo", "mentions", "sentences", "shown")

    def __init__(
        self,
        document: Document,
        indexes: tuple[Index, ...],
        vocabulary: Vocabulary,
        *,
        full: bool = False,
        lenient: bool = False,
        sentences: bool = True,
    ) -> None:
        self.document = document
        self.full, self.lenient, self.sentences = full, lenient, sentences
        self.shown: dict[Hit, Evidence] = {}
        self._vocabulary = vocabulary
        self._spans: dict[int, list[tuple[int, int]]] = {}
        self.memo: dict[int, object] = {}  # outcomes of shared conditions
        self.mentions: dict[str, Mentions] = {}  # by entity
        self._found = {index.flavour: index.scan(document) for index in indexes}
        every = [found.numbers for found in self._found.values()]
        self.found: set[int] = every[0] if len(every) == 1 else set().union(*every)  # the terms of which something was found

    def spans(self, number: int, low: int, high: int) -> list[tuple[int, int]]:
        """Return where a term was found between two coordinates, in order."""
        spans = self._spans.get(number)
        if spans is None:
            spans = self._spans[number] = self._locate(number)
        if not spans or (spans[0][0] >= low and spans[-1][1] <= high):
            return spans
        return [span for span in spans if span[0] >= low and span[1] <= high]

    def _locate(self, number: int) -> list[tuple[int, int]]:
        flavours, expressions, prefixes, names = self._vocabulary
        view = self.document.view(flavours[number])
        expression = expressions.get(number)
        if expression is None:
            found = self._found.get(flavours[number])
            raw = found.places(number) if found else []
            if number in prefixes:
                raw = [(start, terms.word_end(view.scan, end)) for start, end in raw]
                raw = [(start, end) for start, end in raw if boundary.ends_word(view.scan, end)]
        elif expression.literals and number not in self.found:
            raw = []
        else:
            raw = [(base + start, base + end) for base, text in view.pieces() for start, end in expression.find(text)]
        if number in names:  # the other forms of a name are written with a capital as it is: Stany is no stan
            raw = [(start, end) for start, end in raw if self._is_name(view, start, end, names[number])]
        if len(raw) > 1:  # of what begins at one place the longest: Farage'a, and not Farage in it too
            raw = list(dict(sorted(raw)).items())
        return sorted({view.locate(start, end) for start, end in raw}) if len(raw) != 1 else [view.locate(*raw[0])]

    def _is_name(self, view: View, start: int, end: int, base: str) -> bool:
        return view.scan[start:end] == base or not self.document.character(view.locate(start, end)[0]).islower()
