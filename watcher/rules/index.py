"""All terms of a rulebook, and the one pass over an article that finds them.

A term has a number. :class:`Table` hands the numbers out, one for each distinct text and flavour; :class:`Index` holds the automaton of one flavour.
"""

from __future__ import annotations

from collections import defaultdict

from watcher.errors import QueryError
from watcher.rules import inflect, terms
from watcher.rules.automaton import Automaton
from watcher.rules.document import Document, Flavour
from watcher.rules.patterns import Expression
from watcher.rules.terms import Pattern
from watcher.text import boundary
from watcher.text.boundary import Kind
from watcher.text.fold import fold

Found = dict[int, list[tuple[int, int]]]  # term -> spans in the scan text


class Table:
    """The terms of a rulebook while it is compiled."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Flavour, bool, str], int] = {}
        self._expressions: dict[tuple[Flavour, str], int] = {}
        self._literals: dict[Flavour, dict[str, list[tuple[int, Pattern | None]]]] = {}
        self.flavours: list[Flavour] = []  # by number
        self.expressions: dict[int, Expression] = {}
        self.prefixes: set[int] = set()  # found without what follows them
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
            self._post(flavour, pattern.anchor.text, number, pattern)
            if pattern.prefix:
                self.prefixes.add(number)
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
                self._post(flavour, literal, number, None)
        return number

    def _new(self, flavour: Flavour, shortest: int) -> int:
        self.flavours.append(flavour)
        self.weights.append(1.0 / (1 + shortest * shortest))
        return len(self.flavours) - 1

    def _post(self, flavour: Flavour, literal: str, number: int, pattern: Pattern | None) -> None:
        """Note that a literal may be a term; without a pattern, that an expression is worth running."""
        literals = self._literals.get(flavour)
        if literals is None:
            literals = self._literals[flavour] = {}
        if literal in literals:
            literals[literal].append((number, pattern))
        else:
            literals[literal] = [(number, pattern)]

    def indexes(self) -> tuple[Index, ...]:
        """Build the automata, one a flavour."""
        return tuple(Index(flavour, literals) for flavour, literals in self._literals.items())


class Index:
    """The automaton of one flavour and what each of its literals stands for.

    Most literals are whole terms or prefixes; the others have a finder that looks at what stands around them.
    """

    __slots__ = ("_automaton", "_loose", "_plain", "_prefix", "_strict", "flavour", "size")

    def __init__(self, flavour: Flavour, literals: dict[str, list[tuple[int, Pattern | None]]]) -> None:
        self.flavour = flavour
        self.size = len(literals)
        self._automaton = Automaton(list(literals))
        self._plain = [-1] * self.size
        self._prefix: dict[int, int] = {}
        self._strict: dict[int, list[tuple[int, Pattern]]] = {}  # begin where their literal begins
        self._loose: dict[int, list[tuple[int, Pattern | None]]] = {}
        for i, postings in enumerate(literals.values()):
            for number, pattern in postings:
                if pattern is None or pattern.before:
                    self._loose.setdefault(i, []).append((number, pattern))
                elif pattern.plain and self._plain[i] < 0:
                    self._plain[i] = number
                elif pattern.prefix and i not in self._prefix:
                    self._prefix[i] = number
                else:
                    self._strict.setdefault(i, []).append((number, pattern))

    def scan(self, document: Document) -> Found:
        """Find every term of this flavour.

        A prefix is given without what follows it, and an expression whose literal occurs without spans: see :meth:`watcher.rules.run.Run.spans`.
        """
        view = document.view(self.flavour)
        scan, marks = view.scan, view.marks
        found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        plain, prefix, strict, loose, kinds = self._plain, self._prefix, self._strict, self._loose, boundary.kinds
        starts_word, ends_word, spaced = boundary.starts_word, boundary.ends_word, Kind.SPACED
        for literal, start, end in self._automaton.find(scan):
            if loose and literal in loose:
                for number, pattern in loose[literal]:
                    span = (0, 0) if pattern is None else pattern.find(scan, marks, start, end)
                    if span is not None:
                        found[number].append(span)
            # Most hits begin or end inside a word: a look at the two neighbours settles that without a call.
            char = scan[start - 1]
            if char != " ":
                before = kinds[char]
                if before and ((before is spaced and kinds[scan[start]] is spaced) or not starts_word(scan, start)):
                    continue
            if literal in prefix:
                found[prefix[literal]].append((start, end))
            if strict and literal in strict:
                for number, pattern in strict[literal]:
                    span = pattern.find(scan, marks, start, end)
                    if span is not None:
                        found[number].append(span)
            number = plain[literal]
            if number >= 0:
                char = scan[end]
                if char != " ":
                    after = kinds[char]
                    if after and ((after is spaced and kinds[scan[end - 1]] is spaced) or not ends_word(scan, end)):
                        continue
                found[number].append((start, end))
        return dict(found)
