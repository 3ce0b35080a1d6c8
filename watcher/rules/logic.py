"""What can be said about a rule before it meets an article: that it always holds, never holds, or needs nothing found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

from watcher.rules.conditions import (
    AllOf,
    AnyOf,
    Condition,
    IsNamed,
    Matches,
    Mentioned,
    NearTo,
    NotOf,
    Often,
    OtherRule,
    Restriction,
    Weighted,
    Words,
)
from watcher.rules.document import ROW
from watcher.rules.patterns import Expression

MAX_MIXED = 10  # leaves that stand both plain and negated; beyond that nothing is claimed

Leaf = tuple[object, ...]
Assignment = Callable[[Leaf], bool]


def judge(condition: Condition, expressions: Mapping[int, Expression]) -> str | None:
    """Return a warning about a condition, or None."""
    facts = _Facts(expressions)
    positive, negative = facts.leaves(condition)
    if not facts.holds(condition, lambda leaf: leaf in positive and leaf not in negative) and not _some(
        facts, condition, positive, negative, wanted=True
    ):
        return "this can never hold"
    if facts.holds(condition, lambda leaf: leaf in negative and leaf not in positive) and not _some(
        facts, condition, positive, negative, wanted=False
    ):
        return "this holds for every article"
    if facts.holds(condition, lambda leaf: leaf[0] == "named" and leaf in positive):
        return "this needs nothing to be found in the text"
    return None


def _some(facts: _Facts, condition: Condition, positive: set[Leaf], negative: set[Leaf], *, wanted: bool) -> bool:
    """Whether some assignment makes the condition ``wanted``. Leaves of one sign have a best value; the others are tried."""
    mixed = sorted(positive & negative, key=str)
    if len(mixed) > MAX_MIXED:
        return True
    favourable = positive if wanted else negative
    for values in product((True, False), repeat=len(mixed)):
        chosen = dict(zip(mixed, values, strict=True))
        if facts.holds(condition, lambda leaf, chosen=chosen: chosen.get(leaf, leaf in favourable)) is wanted:  # type: ignore[misc]
            return True
    return False


class _Facts:
    """Truth of conditions under an assumed truth of their leaves."""

    def __init__(self, expressions: Mapping[int, Expression]) -> None:
        self._expressions = expressions

    def leaves(self, condition: Condition) -> tuple[set[Leaf], set[Leaf]]:
        """Return the leaves that stand plain, and those that stand negated."""
        found: tuple[set[Leaf], set[Leaf]] = (set(), set())
        seen: set[tuple[int, bool]] = set()
        stack = [(condition, False)]
        while stack:
            here, negated = stack.pop()
            if (id(here), negated) in seen:
                continue
            seen.add((id(here), negated))
            key = self.key(here)
            if key is not None:
                found[negated].add(key)
            stack += self._below(here, negated=negated)
        return found

    @staticmethod
    def _below(condition: Condition, *, negated: bool) -> Iterator[tuple[Condition, bool]]:
        match condition:
            case AllOf(items) | AnyOf(items):
                yield from ((item, negated) for item in items)
            case NotOf(item):
                yield item, not negated
            case Weighted(items, _):
                yield from ((item, negated ^ (weight < 0)) for item, weight in items)
            case OtherRule(item, _, _):
                yield item, negated

    def key(self, condition: Condition) -> Leaf | None:
        """Return what makes two leaves the same, or None for what is no leaf."""
        match condition:
            case Words():
                return ("words", condition.field, *sorted(condition.terms))
            case Mentioned():
                return ("entity", condition.field, condition.entity.id)
            case IsNamed():
                return ("named", condition.field, condition.name.casefold())
            case Restriction():
                return ("named", condition.key, *condition.names)
            case NearTo():
                return (
                    "near",
                    condition.clause.ordered,
                    condition.clause.distance,
                    self.key_of_side(condition.left),
                    self.key_of_side(condition.right),
                )
            case Often():
                return ("often", condition.clause.count, self.key_of_side(condition.item))
            case _:
                return None

    def key_of_side(self, condition: Condition) -> object:
        """Return the key of a side of a proximity."""
        if isinstance(condition, AnyOf):
            return tuple(self.key_of_side(item) for item in condition.items)
        if isinstance(condition, OtherRule):
            return self.key_of_side(condition.item)
        return self.key(condition)

    def holds(self, condition: Condition, assume: Assignment, memo: dict[int, bool] | None = None) -> bool:
        """Evaluate a condition under assumed leaves."""
        memo = {} if memo is None else memo
        known = memo.get(id(condition))
        if known is None:
            known = memo[id(condition)] = self._holds(condition, assume, memo)
        return known

    def _holds(self, condition: Condition, assume: Assignment, memo: dict[int, bool]) -> bool:
        match condition:
            case AllOf(items):
                return all(self.holds(item, assume, memo) for item in items)
            case AnyOf(items):
                return any(self.holds(item, assume, memo) for item in items)
            case NotOf(item):
                return not self.holds(item, assume, memo)
            case OtherRule(item, _, _):
                return self.holds(item, assume, memo)
            case Weighted(items, threshold):
                return sum(weight for item, weight in items if self.holds(item, assume, memo)) >= threshold
        if self._impossible(condition):
            return False
        key = self.key(condition)
        assert key is not None
        return assume(key)

    def _impossible(self, condition: Condition) -> bool:
        """Whether a leaf cannot hold: an empty list, fields that exclude each other, a proximity across two fields."""
        match condition:
            case Words():
                return not condition.terms
            case NearTo():
                left, right = self._fields(condition.left), self._fields(condition.right)
                return not (left & right)
            case Often():
                return not self._fields(condition.item)
        return False

    def _fields(self, condition: Condition) -> set[str]:
        """Return the fields of the row that a clause may stand in."""
        match condition:
            case Words() if not condition.terms:
                return set()
            case Words() | Matches() | Mentioned():
                field = "body" if condition.field == "lead" else condition.field
                return {field} if field else set(ROW[:2])
            case AnyOf(items):
                return {field for item in items for field in self._fields(item)}
            case OtherRule(item, _, _):
                return self._fields(item)
            case NearTo():
                return self._fields(condition.left) & self._fields(condition.right)
        return set(ROW)
