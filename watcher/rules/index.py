"""All terms of a rulebook, and the one pass over an article that finds them.

A term has a number. :class:`Table` hands the numbers out, one for each distinct text and flavour; :class:`Index` holds the automaton of one flavour.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from watcher.errors import QueryError
from watcher.rules import inflect, terms
from watcher.rules.automaton import Automaton, picked
from watcher.rules.delimit import DENSE, DENSE_RANGES, Delimited, delimit
from watcher.rules.document import PLAIN, Document, Flavour, View
from watcher.rules.patterns import Expression
from watcher.rules.terms import Pattern
from watcher.text import boundary
from watcher.text.boundary import Kind
from watcher.text.fold import fold

Place = tuple[int, int]  # in the scan text
Hit = tuple[int, int, int]  # a literal of the automaton, and where it stands in the delimited text
_LITERAL = itemgetter(0)

FOUND_AGAIN = 50_000  # characters of a text in which a literal is looked for once more

# What finding a literal means: a whole term; the beginning of one; that an expression is worth running; or that a pattern is worth a look around
# the literal, which has so many delimiting spaces (0 or 1) before and after it.
WHOLE, PREFIX, EXPRESSION = "whole", "prefix", "expression"
Role = str | tuple[Pattern, int, int]

_SIMPLE = re.compile(rf"([^\W\d_{DENSE_RANGES}]+(?: [^\W\d_{DENSE_RANGES}]+)*)(\*?)")


class Vocabulary(NamedTuple):
    """What matching asks about terms, by number. ``prefixes``: found without what follows them; ``names``: inflected terms written with a capital."""

    flavours: list[Flavour]
    expressions: dict[int, Expression]
    prefixes: set[int]
    names: dict[int, str]


class Table:
    """The terms of a rulebook while it is compiled."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Flavour, int, str], int] = {}
        self._expressions: dict[tuple[Flavour, str], int] = {}
        self._literals: dict[Flavour, dict[str, list[tuple[int, Role]]]] = {}
        self.flavours: list[Flavour] = []  # by number
        self.expressions: dict[int, Expression] = {}
        self.prefixes: set[int] = set()
        self.names: dict[int, str] = {}  # as they were folded
        self.weights: list[float] = []  # by number: how common a term may be, to choose what to look for

    def term(self, text: str, flavour: Flavour, *, inflected: bool = False) -> int:
        """Return the number of a term.

        :raises QueryError: for a term that nothing can be looked for with.
        """
        folded = text.lower() if flavour is PLAIN and text.isascii() else fold(text, case=flavour.case, accents=flavour.accents).text
        folded = folded.strip()
        key = (flavour, inflected + (inflected and text.lstrip()[:1].isupper()), folded)
        number = self._numbers.get(key)
        if number is not None:
            return number
        if "\x00" in folded:
            raise QueryError("a NUL character in a term", query=text)
        simple = _SIMPLE.fullmatch(folded)
        if simple is not None and not inflected:  # as most are: nothing to compile
            word, star = simple[1], simple[2]
            number = self._numbers[key] = self._new(flavour, len(word))
            self._post(flavour, f" {word}" if star else f" {word} ", number, PREFIX if star else WHOLE)
            if star:
                self.prefixes.add(number)
            return number
        patterns = terms.compile_term(folded, text)
        capital = inflected and text.lstrip()[:1].isupper()
        if inflected and not text.isupper():
            patterns = (*patterns, *inflect.patterns(folded))
        number = self._numbers[key] = self._new(flavour, min(len(pattern.anchor.text) for pattern in patterns))
        if capital:
            self.names[number] = folded
        for pattern in patterns:
            self._post(flavour, *_posting(pattern, number))
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
                self._post(flavour, delimit(literal).text, number, EXPRESSION)
        return number

    def _new(self, flavour: Flavour, shortest: int) -> int:
        self.flavours.append(flavour)
        self.weights.append(1.0 / (1 + shortest * shortest))
        return len(self.flavours) - 1

    def _post(self, flavour: Flavour, literal: str, number: int, role: Role) -> None:
        """Note what finding a literal means."""
        literals = self._literals.get(flavour)
        if literals is None:
            literals = self._literals[flavour] = {}
        if literal in literals:
            literals[literal].append((number, role))
        else:
            literals[literal] = [(number, role)]

    @property
    def vocabulary(self) -> Vocabulary:
        """What is kept when all is compiled."""
        return Vocabulary(self.flavours, self.expressions, self.prefixes, self.names)

    def indexes(self) -> tuple[Index, ...]:
        """Build the automata, one a flavour."""
        return tuple(Index(flavour, literals) for flavour, literals in self._literals.items())


def _posting(pattern: Pattern, number: int) -> tuple[str, int, Role]:
    """Return the literal to look for, and what finding it means."""
    literal = delimit(pattern.anchor.text).text
    if DENSE.search(literal) or any(boundary.kind(char) is Kind.MARK for char in literal):
        return literal, number, (pattern, 0, 0)
    lead = int(not pattern.before and literal[0] != " ")
    trail = int(not pattern.after and literal[-1] != " ")
    role: Role = (pattern, lead, trail)
    if pattern.plain and lead and trail and literal == pattern.anchor.text:
        role = WHOLE
    return " " * lead + literal + " " * trail, number, role


class Found:
    """What one pass over an article found in one flavour. ``numbers``: the terms of which something was found, and a
    few of which on a closer look nothing was: a stop stood where a phrase has a space.

    Places are worked out when a rule asks for them: most terms that occur are never asked about.
    """

    __slots__ = ("_delimited", "_grouped", "_hits", "_index", "_others", "_scan", "numbers")

    def __init__(
        self, index: Index, scan: str, delimited: Delimited, hits: list[Hit], numbers: set[int], others: dict[int, list[Place]]
    ) -> None:
        self._index, self._scan, self._delimited, self._hits, self._others = index, scan, delimited, hits, others
        self._grouped: dict[int, list[int]] | None = None
        self.numbers = numbers

    def places(self, number: int) -> list[Place]:
        """Return where in the scan text a term was found: a prefix without what follows it, an expression nowhere."""
        found = self._others.get(number, [])
        literal = self._index.literal_of.get(number)
        if literal is None or number not in self.numbers:
            return found
        return [*found, *self._places_of(literal)] if found else self._places_of(literal)

    def _places_of(self, number: int) -> list[Place]:
        """Return the places of a literal without its delimiters; a stop or an apostrophe is no space of a phrase, though it delimits."""
        literal = self._index.literals[number]
        trail = int(literal[-1] == " ")
        inner = literal[1:-1] if trail else literal[1:]
        places: list[Place] = []
        for begin in self._begins(number, literal):
            start = begin + 1 if self._delimited.identical else self._delimited.scan(begin + 1)  # an inserted space may stand at either end
            if self._scan.startswith(inner, start):
                places.append((start, start + len(inner)))
        return places

    def _begins(self, number: int, literal: str) -> list[int]:
        """Return where a literal stands in the delimited text. In a text of usual length it is found again sooner than all hits are sorted by literal."""
        text = self._delimited.text
        if len(text) > FOUND_AGAIN:
            if self._grouped is None:
                self._grouped = {}
                for hit in self._hits:
                    self._grouped.setdefault(hit[0], []).append(hit[1])
            return self._grouped.get(number, [])
        begins: list[int] = []
        at = text.find(literal)
        while at >= 0:
            begins.append(at)
            at = text.find(literal, at + 1)
        return begins


class Index:
    """The automaton of one flavour and what each of its literals stands for."""

    __slots__ = ("_automaton", "_others", "_whole", "flavour", "literal_of", "literals")

    def __init__(self, flavour: Flavour, literals: dict[str, list[tuple[int, Role]]]) -> None:
        self.flavour = flavour
        self.literals = list(literals)
        self._automaton = Automaton(self.literals)
        self._whole = array("i", [-1]) * len(literals)  # flat: the hits of an article are spread over all of it
        self.literal_of: dict[int, int] = {}  # the first literal of a whole term or a prefix; further ones are among the others
        self._others: dict[int, list[tuple[int, Role]]] = {}
        for i, postings in enumerate(literals.values()):
            for number, role in postings:
                if (role is WHOLE or role is PREFIX) and self._whole[i] < 0 and number not in self.literal_of:
                    self._whole[i] = number
                    self.literal_of[number] = i
                else:
                    self._others.setdefault(i, []).append((number, role))

    def literals_of(self) -> Iterator[tuple[int, str]]:
        """Yield each term's number with each literal of which one stands in every text that the term is found in."""
        for i, literal in enumerate(self.literals):
            if self._whole[i] >= 0:
                yield self._whole[i], literal
            for number, _ in self._others.get(i, ()):
                yield number, literal

    def scan(self, document: Document) -> Found:
        """Find every term of this flavour."""
        view = document.view(self.flavour)
        delimited = delimit(view.scan)
        hits = self._automaton.find(delimited.text)
        literals = set(map(_LITERAL, hits))
        numbers = picked(self._whole, literals)
        others: defaultdict[int, list[Place]] = defaultdict(list)
        looked_for = self._others.keys() & literals
        if looked_for:
            back = None if delimited.identical else delimited.scan
            for literal, start, end in hits:
                if literal in looked_for:
                    begin, stop = (start, end) if back is None else (back(start + 1) - 1, back(end - 1) + 1)
                    for number, role in self._others[literal]:
                        place = _look(role, view, begin, stop, self.literals[literal])
                        if place is not None:
                            others[number].append(place)
            numbers.update(others)
        return Found(self, view.scan, delimited, hits, numbers, others)


def _look(role: Role, view: View, start: int, end: int, literal: str) -> Place | None:
    """Return the place of a term whose literal was found, or None where what stands around the literal does not agree."""
    if role is EXPRESSION:
        return 0, 0
    lead, trail = (1, int(role is WHOLE)) if isinstance(role, str) else role[1:]
    text = literal[lead : len(literal) - trail] if isinstance(role, str) else role[0].anchor.text
    start, end = start + lead, end - trail
    if len(text) != end - start or not view.scan.startswith(text, start):
        return None  # other punctuation
    return (start, end) if isinstance(role, str) else role[0].find(view.scan, view.marks, start, end)
