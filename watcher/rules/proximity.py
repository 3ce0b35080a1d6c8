"""Groups inside NEAR: what AND, OR and NOT mean there.

A term, a list, an entity, OR of these, and a proximity stand somewhere; NEAR relates them directly. Anything else is distributed:

- ``(a AND b) NEAR/5 c``: both near c;
- ``(a OR (b AND c)) NEAR/5 d``: ``a NEAR/5 d OR (b AND c) NEAR/5 d``;
- ``(a NOT b) NEAR/5 c``: a near c, and no b near c; ``c NEAR/5 (NOT b)``: c, and no b near it;
- ``ATLEAST/3 (a) NEAR/5 b``: a often enough, and near b;
- ``%rule NEAR/5 b``: what the rule asks for is near b, and its own ``feeds`` and ``languages`` hold.
"""

from __future__ import annotations

from collections.abc import Callable

from watcher.errors import QueryError
from watcher.rules.conditions import AllOf, AnyOf, Condition, Mentioned, NearTo, NotOf, Often, OtherRule, Restriction, Word, Words
from watcher.rules.syntax import Near

MAX_PARTS = 2_000  # proximities that one clause may be distributed into


def stands_in_text(condition: Condition) -> bool:
    """Whether a clause has places in the text that a distance can be measured from."""
    if isinstance(condition, AnyOf):
        return all(stands_in_text(item) for item in condition.items)
    if isinstance(condition, OtherRule):
        return stands_in_text(condition.item)
    return isinstance(condition, Word | Words | Mentioned | NearTo)


def relate(left: Condition, right: Condition, clause: Near) -> Condition:
    """Build the condition of a NEAR clause.

    :raises QueryError: where a side has no place in the text, or the clause grows beyond bounds.
    """
    return _Distribution(clause).left(left, right)


class _Distribution:
    def __init__(self, clause: Near) -> None:
        self.clause = clause
        self.parts = 0

    def left(self, left: Condition, right: Condition) -> Condition:
        if stands_in_text(left):
            return self.right(left, right)
        return self._spread(left, right, lambda item: self.left(item, right), lambda item: self.left(item, self.positive(right)))

    def right(self, left: Condition, right: Condition) -> Condition:
        if stands_in_text(right):
            self.parts += 1
            if self.parts > MAX_PARTS:
                raise QueryError(
                    f"the groups inside {self.clause} make more than {MAX_PARTS} pairs: expected smaller groups",
                    position=self.clause.position,
                )
            return NearTo(left, right, self.clause)
        return self._spread(right, left, lambda item: self.right(left, item), lambda item: self.right(left, item))

    def _spread(
        self,
        condition: Condition,
        other: Condition,
        relate: Callable[[Condition], Condition],
        relate_negated: Callable[[Condition], Condition],
    ) -> Condition:
        """Distribute the proximity over the parts of one side; ``other``: the other side."""
        match condition:
            case AllOf(items):
                return AllOf(tuple(relate(item) for item in items))
            case AnyOf(items):
                return AnyOf(tuple(relate(item) for item in items))
            case NotOf(item):
                return AllOf((self.positive(other), NotOf(relate_negated(item))))
            case Restriction():
                return condition
            case Often(item, _):
                return AllOf((condition, relate(item)))
            case OtherRule(item, _, _):
                return relate(item)
            case _:
                raise QueryError(
                    f'"{condition}" has no place in the text: NEAR needs terms, entities or groups of them on both sides',
                    position=self.clause.position,
                )

    def positive(self, condition: Condition) -> Condition:
        """Take the negated parts out: "no b near (c NOT d)" asks for c."""
        if isinstance(condition, OtherRule):
            return self.positive(condition.item)
        if isinstance(condition, AllOf | AnyOf):
            kept = tuple(self.positive(item) for item in condition.items if not isinstance(item, NotOf))
            if kept:
                return type(condition)(kept)
        elif not isinstance(condition, NotOf):
            return condition
        raise QueryError("NEAR needs something that is not negated on at least one side", position=self.clause.position)
