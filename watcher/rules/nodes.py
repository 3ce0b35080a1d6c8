"""Compiled conditions: what a query becomes, and how each node is judged.

Every node answers one question, :meth:`judge`, with a :class:`Finding`: whether it holds, and where. Matching and explaining
walk the same nodes, so a trace cannot disagree with the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from watcher.rules import meta
from watcher.rules.document import Document, Flavour
from watcher.rules.patterns import Expression


class Leaf(NamedTuple):
    """One place at which a term, an alias or an expression was found, in the document's coordinates."""

    start: int
    end: int
    term: str
    entity: str | None = None


class Hit(NamedTuple):
    """A stretch of text that satisfies a node, and the leaves that it consists of."""

    start: int
    end: int
    leaves: tuple[Leaf, ...]


class Finding(NamedTuple):
    """Whether a node holds, and where. ``evidence`` also tells of metadata, as (field, value, term)."""

    holds: bool
    hits: tuple[Hit, ...] = ()
    meta: tuple[tuple[str, str, str], ...] = ()


NOTHING = Finding(holds=False)


class Scan:
    """What the automata found in one document: spans by term number, and the findings of nodes that were judged before."""

    __slots__ = ("document", "known", "spans")

    def __init__(self, document: Document, spans: dict[int, list[tuple[int, int]]]) -> None:
        self.document, self.spans = document, spans
        self.known: dict[int, Finding] = {}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Node:
    """``source``: the clause as written. ``needs``: terms of which one must occur where the node holds; None: no such set."""

    source: str
    needs: frozenset[int] | None = None

    def judge(self, scan: Scan) -> Finding:
        """Return the finding, judged once for each document."""
        key = id(self)
        found = scan.known.get(key)
        if found is None:
            found = scan.known[key] = self._judge(scan)
        return found

    def _judge(self, scan: Scan) -> Finding:
        raise AssertionError(f"{type(self).__name__} cannot be judged")

    @property
    def parts(self) -> Sequence[Node]:
        """The nodes below, for traces."""
        return ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TermNode(Node):
    """A term in one field, or in title and body."""

    number: int
    text: str
    where: str | None = None

    def _judge(self, scan: Scan) -> Finding:
        spans = scan.spans.get(self.number)
        if not spans:
            return NOTHING
        low, high = scan.document.range_of(self.where)
        hits = tuple(Hit(s, e, (Leaf(s, e, self.text),)) for s, e in spans if low <= s and e <= high)
        return Finding(holds=bool(hits), hits=hits)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RegexNode(Node):
    """A regular expression in one field, or in title and body."""

    expression: Expression
    flavour: Flavour
    where: str | None = None

    def _judge(self, scan: Scan) -> Finding:
        view = scan.document.view(self.flavour)
        low, high = scan.document.range_of(self.where)
        hits = []
        for offset, piece in view.pieces():
            for start, end in self.expression.find(piece):
                first, last = view.locate(offset + start, offset + end)
                if low <= first and last <= high:
                    hits.append(Hit(first, last, (Leaf(first, last, f"/{self.expression.source}/"),)))
        return Finding(holds=bool(hits), hits=tuple(hits))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MetaNode(Node):
    """A whole name: of the feed, a tag or the language. ``wanted`` is folded."""

    where: str
    text: str
    wanted: str

    def _judge(self, scan: Scan) -> Finding:
        found = tuple((self.where, value, self.text) for value in meta.values(scan.document.input, self.where) if meta.same(value, self.wanted))
        return Finding(holds=bool(found), meta=found)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AndNode(Node):
    """All items."""

    items: tuple[Node, ...]

    def _judge(self, scan: Scan) -> Finding:
        findings = [item.judge(scan) for item in self.items]
        return _joined(findings) if all(f.holds for f in findings) else NOTHING

    @property
    def parts(self) -> Sequence[Node]:
        """The items."""
        return self.items


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrNode(Node):
    """At least one item."""

    items: tuple[Node, ...]

    def _judge(self, scan: Scan) -> Finding:
        findings = [f for f in (item.judge(scan) for item in self.items) if f.holds]
        return _joined(findings) if findings else NOTHING

    @property
    def parts(self) -> Sequence[Node]:
        """The items."""
        return self.items


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NotNode(Node):
    """Where the item does not hold; shows nothing."""

    item: Node

    def _judge(self, scan: Scan) -> Finding:
        return Finding(holds=not self.item.judge(scan).holds)

    @property
    def parts(self) -> Sequence[Node]:
        """The item."""
        return (self.item,)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NearNode(Node):
    """Both sides at most ``distance`` steps from word to word, edge to edge, within one field. ``without``: the right side must be absent."""

    left: Node
    right: Node
    distance: int
    ordered: bool
    without: bool = False

    def _judge(self, scan: Scan) -> Finding:
        left, right = self.left.judge(scan), self.right.judge(scan)
        if self.without:
            alone = tuple(a for a in left.hits if not any(self._near(scan.document, a, b) for b in right.hits))
            return Finding(holds=bool(alone), hits=alone)
        pairs = [
            Hit(min(a.start, b.start), max(a.end, b.end), a.leaves + b.leaves)
            for a in left.hits
            for b in right.hits
            if self._near(scan.document, a, b)
        ]
        return Finding(holds=bool(pairs), hits=tuple(dict.fromkeys(pairs)))

    def _near(self, document: Document, a: Hit, b: Hit) -> bool:
        if document.field_at(a.start) != document.field_at(b.start):
            return False
        first, second = (a, b) if a.start <= b.start else (b, a)
        if second.start < first.end or (self.ordered and first is not a):
            return False
        return document.word_at(second.start) - document.word_at(first.end - 1) <= self.distance

    @property
    def parts(self) -> Sequence[Node]:
        """Left and right."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AtLeastNode(Node):
    """At least ``count`` occurrences in the whole article."""

    count: int
    item: Node

    def _judge(self, scan: Scan) -> Finding:
        found = self.item.judge(scan)
        return found if len({(hit.start, hit.end) for hit in found.hits}) >= self.count else NOTHING

    @property
    def parts(self) -> Sequence[Node]:
        """The item."""
        return (self.item,)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScoreNode(Node):
    """The weights of the items that hold reach the threshold."""

    items: tuple[tuple[Node, float], ...]
    threshold: float

    def _judge(self, scan: Scan) -> Finding:
        total = self.score(scan)
        findings = [f for f in (item.judge(scan) for item, weight in self.items if weight > 0) if f.holds]
        return _joined(findings) if total >= self.threshold else NOTHING

    def score(self, scan: Scan) -> float:
        """The sum of the weights of what holds; each counts once."""
        return sum(weight for item, weight in self.items if item.judge(scan).holds)

    @property
    def parts(self) -> Sequence[Node]:
        """The items."""
        return tuple(item for item, _ in self.items)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EntityNode(Node):
    """A mention of an entity in its context.

    An alias in title or body counts when one of ``requires`` stands within ``unit`` of it and none of ``rejects`` does; with
    ``unit`` article, anywhere in title and body.
    """

    entity: str
    aliases: tuple[TermNode, ...]
    requires: tuple[TermNode, ...] = ()
    rejects: tuple[TermNode, ...] = ()
    unit: str = "article"
    words: int = 0
    where: str | None = None

    def _judge(self, scan: Scan) -> Finding:
        low, high = scan.document.range_of(self.where)
        mentions = [
            Hit(h.start, h.end, (Leaf(h.start, h.end, alias.text, self.entity),))
            for alias in self.aliases
            for h in alias.judge(scan).hits
            if low <= h.start and h.end <= high
        ]
        if not mentions:
            return NOTHING
        wanted = [h for term in self.requires for h in term.judge(scan).hits]
        unwanted = [h for term in self.rejects for h in term.judge(scan).hits]
        kept = tuple(
            m
            for m in mentions
            if (not self.requires or any(self._within(scan.document, m, w) for w in wanted))
            and not any(self._within(scan.document, m, u) for u in unwanted)
        )
        return Finding(holds=bool(kept), hits=kept)

    def _within(self, document: Document, mention: Hit, other: Hit) -> bool:
        if self.unit == "article":
            return True
        if document.field_at(mention.start) != document.field_at(other.start):
            return False
        if self.unit == "sentence":
            first, last = document.sentence(mention.start, mention.end)
            return first <= other.start < last
        early, late = (mention, other) if mention.start <= other.start else (other, mention)
        return document.word_at(late.start) - document.word_at(max(early.start, early.end - 1)) <= self.words

    @property
    def parts(self) -> Sequence[Node]:
        """Aliases, then context."""
        return (*self.aliases, *self.requires, *self.rejects)


def _joined(findings: Sequence[Finding]) -> Finding:
    return Finding(holds=True, hits=tuple(h for f in findings for h in f.hits), meta=tuple(m for f in findings for m in f.meta))
