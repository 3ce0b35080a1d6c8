"""Compiled clauses. ``evaluate`` is the only code that decides, for matching, explaining and self-tests alike.

Each clause evaluates to an :class:`Outcome`; outcomes form a tree like that of the clauses. A clause also names what it ``needs``: sets of terms, of
each of which at least one must have been found for the clause to hold. No set: it may hold without any, so it is always evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from watcher.rules import mentions, near, scope
from watcher.rules.mentions import EntityTerms
from watcher.rules.run import Hit, Run, Span
from watcher.rules.syntax import AtLeast, Near, Regex, Term
from watcher.text.fold import fold

Needs = tuple[frozenset[int], ...]
MOST_NEEDS = 6  # sets that are worth testing before a clause is evaluated


def cheapest(needs: Needs, weights: list[float]) -> frozenset[int]:
    """Return the set that is least likely to be met; ``weights``: by term, how common it may be."""
    return min(needs, key=lambda terms: sum([weights[number] for number in terms]))


def cheapest_first(needs: Needs, weights: list[float]) -> Needs:
    """Return the sets, those least likely to be met first."""
    return needs if len(needs) < 2 else tuple(sorted(needs, key=lambda terms: sum([weights[number] for number in terms])))


class Named(NamedTuple):
    """A value beside the text (a tag, the feed's name, the language) that a clause found true."""

    field: str
    value: str
    term: str


@dataclass(slots=True)
class Outcome:
    """What a clause evaluated to. ``spans``: where it holds, for clauses that stand in the text."""

    condition: Condition
    holds: bool
    spans: list[Span] = field(default_factory=list)
    children: tuple[Outcome, ...] = ()
    named: tuple[Named, ...] = ()
    note: str = ""
    score: float | None = None


class Condition(Protocol):
    """A compiled clause."""

    def evaluate(self, run: Run) -> Outcome:
        """Decide the clause for one article."""
        ...

    def needs(self, weights: list[float], /) -> Needs:
        """Return sets of terms, of each of which one must be found."""
        ...


def spans_of(outcome: Outcome) -> list[Span]:
    """Return where an outcome holds, in order: its own spans, or those of its true alternatives."""
    if not outcome.holds:
        return []
    if isinstance(outcome.condition, AnyOf):
        return sorted(span for child in outcome.children for span in spans_of(child))
    if isinstance(outcome.condition, OtherRule):
        return spans_of(outcome.children[0])
    return outcome.spans


class Word:
    """A term or a regular expression in one field (None: title and body). ``searched``: it has a literal that the automaton looks for."""

    __slots__ = ("clause", "exact", "field", "number", "searched", "term")

    def __init__(self, number: int, clause: Term | Regex, field: str | None, *, exact: bool, searched: bool) -> None:
        self.number, self.clause, self.field, self.exact, self.searched = number, clause, field, exact, searched
        self.term = clause.text if isinstance(clause, Term) else str(clause)

    def evaluate(self, run: Run) -> Outcome:
        if self.searched and self.number not in run.found:
            return Outcome(self, holds=False)
        low, high = run.document.range_of(self.field)
        spans = [Span(start, end, (Hit(start, end, self.term),)) for start, end in run.spans(self.number, low, high)]
        return Outcome(self, bool(spans), spans)

    def needs(self, _weights: list[float], /) -> Needs:
        return (frozenset((self.number,)),) if self.searched else ()

    def __str__(self) -> str:
        return (f"{self.field}:" if self.field else "") + ("case:" if self.exact else "") + str(self.clause)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A list of terms in one field (None: title and body). ``terms``: number -> text as written. Without terms it never holds."""

    terms: dict[int, str]
    field: str | None
    label: str

    def evaluate(self, run: Run) -> Outcome:
        low, high = run.document.range_of(self.field)
        spans: list[Span] = []
        for number in self.terms.keys() & run.found:
            term = self.terms[number]
            spans += [Span(start, end, (Hit(start, end, term),)) for start, end in run.spans(number, low, high)]
        spans.sort()
        return Outcome(self, bool(spans), spans)

    def needs(self, _weights: list[float], /) -> Needs:
        return (frozenset(self.terms),)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, eq=False)
class Mentioned:
    """An entity, in one field (None: title and body)."""

    entity: EntityTerms
    field: str | None
    label: str

    def evaluate(self, run: Run) -> Outcome:
        low, high = run.document.range_of(self.field)
        decided = mentions.decide(self.entity, run)
        spans = [Span(hit.start, hit.end, (hit,)) for hit in decided.hits if hit.start >= low and hit.end <= high]
        return Outcome(self, bool(spans), spans, note=decided.note)

    def needs(self, _weights: list[float], /) -> Needs:
        return (frozenset(self.entity.aliases),)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, eq=False)
class IsNamed:
    """``tag:``, ``feed:`` and ``lang:`` compare whole names; ``pattern`` is folded and may hold ``*`` and ``?``."""

    field: str
    name: str
    label: str

    def evaluate(self, run: Run) -> Outcome:
        wanted = fold(self.name).text
        found = tuple(Named(self.field, value, self.name) for value in self._values(run) if self._agrees(fold(value).text, wanted))
        return Outcome(self, bool(found), named=found)

    def _values(self, run: Run) -> tuple[str, ...]:
        article = run.document.input
        if self.field == "tag":
            return tuple(dict.fromkeys((*article.feed_tags, *article.tags)))
        value = article.feed if self.field == "feed" else article.language
        return (value,) if value else ()

    def _agrees(self, value: str, wanted: str) -> bool:
        if self.field == "lang":
            return value.replace("_", "-") == wanted or value.replace("_", "-").startswith(wanted + "-")
        return value == wanted

    def needs(self, _weights: list[float], /) -> Needs:
        return ()

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, eq=False)
class Restriction:
    """A rule's ``feeds`` or ``languages``. An article of unknown language passes: it must not be lost."""

    key: str
    names: tuple[str, ...]

    def evaluate(self, run: Run) -> Outcome:
        return Outcome(self, run.lenient or self._admits(run))

    def _admits(self, run: Run) -> bool:
        article = run.document.input
        if self.key == "languages":
            return scope.admits_language(self.names, article.language)
        return scope.admits_feed(self.names, article.feed, article.feed_tags)

    def needs(self, _weights: list[float], /) -> Needs:
        return ()

    def __str__(self) -> str:
        return f"{self.key} = {', '.join(self.names)}"


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    """AND."""

    items: tuple[Condition, ...]

    def evaluate(self, run: Run) -> Outcome:
        children: list[Outcome] = []
        holds = True
        for item in self.items:
            child = item.evaluate(run)
            children.append(child)
            if not child.holds:
                holds = False
                if not run.full:
                    break
        return Outcome(self, holds, children=tuple(children))

    def needs(self, weights: list[float], /) -> Needs:
        found = [terms for item in self.items for terms in item.needs(weights)]
        return tuple(found[:MOST_NEEDS] if len(found) <= MOST_NEEDS else sorted(found, key=len)[:MOST_NEEDS])

    def __str__(self) -> str:
        return "all of"


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """OR. Every alternative that may hold is looked at, for each true one is evidence."""

    items: tuple[Condition, ...]
    _searched: dict[int, Word] = field(init=False, repr=False)  # by their numbers, where the alternatives are nothing but terms
    _places: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plain = {item.number: item for item in self.items if isinstance(item, Word) and item.searched}
        whole = len(plain) == len(self.items)
        object.__setattr__(self, "_searched", plain if whole else {})
        object.__setattr__(self, "_places", {number: i for i, number in enumerate(plain)} if whole else {})

    def evaluate(self, run: Run) -> Outcome:
        if self._searched and not run.full:
            present = sorted(self._searched.keys() & run.found, key=self._places.__getitem__)
            children = tuple([self._searched[number].evaluate(run) for number in present])
        else:
            children = tuple([item.evaluate(run) for item in self.items])
        return Outcome(self, any(child.holds for child in children), children=children)

    def needs(self, weights: list[float], /) -> Needs:
        union: set[int] = set()
        for item in self.items:
            found = item.needs(weights)
            if not found:
                return ()
            union |= found[0] if len(found) == 1 else cheapest(found, weights)
        return (frozenset(union),)

    def __str__(self) -> str:
        return "any of"


@dataclass(frozen=True, slots=True, eq=False)
class NotOf:
    """NOT."""

    item: Condition

    def evaluate(self, run: Run) -> Outcome:
        child = self.item.evaluate(run)
        return Outcome(self, not child.holds, children=(child,))

    def needs(self, _weights: list[float], /) -> Needs:
        return ()

    def __str__(self) -> str:
        return "not"


@dataclass(frozen=True, slots=True, eq=False)
class NearTo:
    """NEAR and ONEAR between two clauses that stand in the text."""

    left: Condition
    right: Condition
    clause: Near

    def evaluate(self, run: Run) -> Outcome:
        left, right = self.left.evaluate(run), self.right.evaluate(run)
        spans = near.pairs(run.document, spans_of(left), spans_of(right), self.clause.distance, ordered=self.clause.ordered)
        return Outcome(self, bool(spans), spans, (left, right))

    def needs(self, weights: list[float], /) -> Needs:
        return AllOf((self.left, self.right)).needs(weights)

    def __str__(self) -> str:
        return f"{'ONEAR' if self.clause.ordered else 'NEAR'}/{self.clause.distance}"


@dataclass(frozen=True, slots=True, eq=False)
class Often:
    """ATLEAST: so many occurrences that do not overlap, in the whole article."""

    item: Condition
    clause: AtLeast

    def evaluate(self, run: Run) -> Outcome:
        child = self.item.evaluate(run)
        spans = spans_of(child)
        count = near.count_apart(spans)
        return Outcome(self, count >= self.clause.count, spans, (child,), note=f"{count} found")

    def needs(self, weights: list[float], /) -> Needs:
        return self.item.needs(weights)

    def __str__(self) -> str:
        return f"ATLEAST/{self.clause.count}"


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A rule's ``score``: the weights of what is present, each counted once, reach ``threshold``."""

    items: tuple[tuple[Condition, float], ...]
    threshold: float

    def evaluate(self, run: Run) -> Outcome:
        children = tuple([item.evaluate(run) for item, _ in self.items])
        total = sum(weight for child, (_, weight) in zip(children, self.items, strict=True) if child.holds)
        return Outcome(self, total >= self.threshold, children=children, note=f"{total:g} of {self.threshold:g}", score=total)

    def needs(self, weights: list[float], /) -> Needs:
        if self.threshold <= 0:
            return ()
        return AnyOf(tuple(item for item, weight in self.items if weight > 0)).needs(weights)

    def __str__(self) -> str:
        return "score"


@dataclass(frozen=True, slots=True, eq=False)
class OtherRule:
    """``%rule``: the condition of another rule, decided once an article. ``known``: its needs."""

    item: Condition
    label: str
    known: Needs

    def evaluate(self, run: Run) -> Outcome:
        known = run.memo.get(id(self.item))
        if not isinstance(known, Outcome):
            known = run.memo[id(self.item)] = self.item.evaluate(run)
        return Outcome(self, known.holds, children=(known,))

    def needs(self, _weights: list[float], /) -> Needs:
        return self.known  # not asked for again: rules that share others may share them many times

    def __str__(self) -> str:
        return self.label
