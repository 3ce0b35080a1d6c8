"""All terms of a rulebook, and the one pass over an article that finds them.

A term has a number. :class:`Table` hands the numbers out, one for each distinct text and flavour; :class:`Index` holds the automaton of one flavour.
"""

from __future__ import annotations

from collections.abc import Callable

from watcher.errors import QueryError
from watcher.rules import inflect, terms
from watcher.rules.automaton import Automaton
from watcher.rules.document import Document, Flavour
from watcher.rules.patterns import Expression
from watcher.text import boundary
from watcher.text.fold import fold

Finder = Callable[[str, str, int, int], tuple[int, int] | None]
Found = dict[int, list[tuple[int, int]]]  # term -> spans in the scan text


class Table:
    """The terms of a rulebook while it is compiled."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Flavour, bool, str], int] = {}
        self._expressions: dict[tuple[Flavour, str], int] = {}
        self._literals: dict[Flavour, dict[str, list[tuple[int, Finder | None]]]] = {}
        self.flavours: list[Flavour] = []  # by number
        self.expressions: dict[int, Expression] = {}
        self.weights: list[float] = []  # by number: how common a term may be, to choose what to look for

    def term(self, text: str, flavour: Flavour, *, inflected: bool = False) -> int:
        """Return the number of a term.

        :raises QueryError: for a term that nothing can be looked for with.
        """
        folded = fold(text, case=flavour.case, accents=flavour.accents).text.strip()
        key = (flavour, inflected, folded)
        number = self._numbers.get(key)
        if number is not None:
            return number
        if "\x00" in folded:
            raise QueryError("a NUL character in a term", query=text)
        patterns = terms.compile_term(folded, text)
        if inflected and not text.isupper():
            patterns = (*patterns, *inflect.patterns(folded))
        number = self._numbers[key] = self._new(flavour, min(len(pattern.anchor.text) for pattern in patterns))
        for pattern in patterns:
            self._post(flavour, pattern.anchor.text, number, None if pattern.plain else pattern.find, plain=pattern.plain)
        return number

    def expression(self, source: str, flavour: Flavour) -> int:
        """Return the number of a regular expression.

        :raises QueryError: for one that RE2 does not take.
        """
        number = self._expressions.get((flavour, source))
        if number is None:
            compiled = Expression(source, case=flavour.case, accents=flavour.accents)
            number = self._expressions[flavour, source] = self._new(flavour, min((len(text) for text in compiled.literals), default=0))
            self.expressions[number] = compiled
            for literal in compiled.literals:
                self._post(flavour, literal, number, _announce, plain=False)
        return number

    def _new(self, flavour: Flavour, shortest: int) -> int:
        self.flavours.append(flavour)
        self.weights.append(1.0 / (1 + shortest * shortest))
        return len(self.flavours) - 1

    def _post(self, flavour: Flavour, literal: str, number: int, finder: Finder | None, *, plain: bool) -> None:
        assert plain == (finder is None)
        self._literals.setdefault(flavour, {}).setdefault(literal, []).append((number, finder))

    def indexes(self) -> tuple[Index, ...]:
        """Build the automata, one a flavour."""
        return tuple(Index(flavour, literals) for flavour, literals in self._literals.items())


def _announce(_scan: str, _marks: str, _start: int, _end: int) -> tuple[int, int]:
    """The finder of an expression's literal: it only says that the expression is worth running."""
    return 0, 0


class Index:
    """The automaton of one flavour and what each of its literals stands for."""

    __slots__ = ("_automaton", "_finders", "_plain", "flavour", "size")

    def __init__(self, flavour: Flavour, literals: dict[str, list[tuple[int, Finder | None]]]) -> None:
        self.flavour = flavour
        self.size = len(literals)
        self._automaton = Automaton(list(literals))
        self._plain: list[int] = []  # the term that a literal is, as a whole, or -1
        self._finders: dict[int, tuple[tuple[int, Finder], ...]] = {}
        for i, postings in enumerate(literals.values()):
            self._plain.append(next((number for number, finder in postings if finder is None), -1))
            others = tuple((number, finder) for number, finder in postings if finder is not None)
            if others:
                self._finders[i] = others

    def scan(self, document: Document) -> Found:
        """Find every term of this flavour; expressions whose literal occurs are present without spans."""
        view = document.view(self.flavour)
        scan, marks = view.scan, view.marks
        found: Found = {}
        plain, finders, kinds = self._plain, self._finders, boundary.kinds
        starts_word, ends_word = boundary.starts_word, boundary.ends_word
        for literal, start, end in self._automaton.find(scan):
            number = plain[literal]
            if number >= 0 and (not kinds[scan[end]] or ends_word(scan, end)) and (not kinds[scan[start - 1]] or starts_word(scan, start)):
                spans = found.get(number)
                if spans is None:
                    found[number] = [(start, end)]
                else:
                    spans.append((start, end))
            if literal in finders:
                for number, finder in finders[literal]:
                    span = finder(scan, marks, start, end)
                    if span is not None:
                        found.setdefault(number, []).append(span)
        return found
