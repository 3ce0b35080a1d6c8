"""What can be said about a rule before it meets an article: that it always holds, never holds, or needs nothing found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, product

from watcher.rules.conditions import (
    AllOf,
    AnyOf,
    Condition,
    IsNamed,
    Mentioned,
    NearTo,
    NotOf,
    Often,
    OtherRule,
    Restriction,
    Weighted,
    Word,
    Words,
)
from watcher.rules.document import ROW

MAX_MIXED = 10  # leaves that stand both plain and negated; beyond that nothing is claimed

Leaf = tuple[object, ...]


def judge(condition: Condition, anything: frozenset[int] = frozenset()) -> str | None:
    """Return a warning about a condition, or None.

    :param anything: the numbers of expressions that match any text.
    """
    facts = _Facts(condition, anything)
    if not facts.odd and not facts.related() and facts.positive:
        # Each leaf has its own best and worst value: the condition can hold, and can fail. Does it hold when nothing is found?
        return "this needs nothing to be found in the text" if facts.holds(lambda _leaf: False) else None
    if not facts.can_be(wanted=True):
        return "this can never hold"
    if not facts.can_be(wanted=False):
        return "this holds for every article"
    if facts.holds(lambda leaf: leaf[0] == "named" and leaf not in facts.negative):
        return "this needs nothing to be found in the text"
    return None


class _Facts:
    """The leaves of a condition, and its truth under an assumed truth of theirs. ``odd``: some leaf is not simply true or false."""

    def __init__(self, condition: Condition, anything: frozenset[int]) -> None:
        self.condition, self.anything = condition, anything
        self.positive: set[Leaf] = set()
        self.negative: set[Leaf] = set()
        self.odd = False
        seen: set[tuple[int, bool]] = set()
        stack = [(condition, False)]
        while stack:
            here, negated = stack.pop()
            if (id(here), negated) in seen:
                continue
            seen.add((id(here), negated))
            below = _below(here, negated=negated)
            if below is not None:
                stack += below
                self.odd = self.odd or isinstance(here, Weighted)
                continue
            (self.negative if negated else self.positive).add(_key(here))
            self.odd = self.odd or isinstance(here, IsNamed | Restriction) or self._certain(here) is not None

    def related(self) -> set[Leaf]:
        """The leaves whose truth is bound to that of others, so that not all can have their best value: those that stand both plain and negated, and
        those that imply, or exclude, one that stands the other way."""
        found = self.positive & self.negative
        for one, other in ((self.positive, self.negative), (self.negative, self.positive)):
            narrow = [leaf for leaf in one if leaf[0] in ("near", "often") or leaf[1:2] in (("title",), ("lead",), ("body",))]
            found.update(*([a, b] for a in narrow for b in other if _implies(a, b)))
        for side in (self.positive, self.negative):
            named = [leaf for leaf in side if leaf[0] == "named"]
            found.update(*((a, b) for a, b in combinations(named, 2) if _excludes(a, b)))
        return found

    def can_be(self, *, wanted: bool) -> bool:
        """Whether some assignment makes the condition ``wanted``. Leaves of one sign have a best value; the others are tried."""
        mixed = sorted(self.related(), key=str)
        if len(mixed) > MAX_MIXED:
            return True
        favourable = self.positive if wanted else self.negative
        for values in product((True, False), repeat=len(mixed)):
            chosen = dict(zip(mixed, values, strict=True))
            if _contradicts(chosen):
                continue
            if self.holds(lambda leaf, chosen=chosen: chosen.get(leaf, leaf in favourable)) is wanted:  # type: ignore[misc]
                return True
        return False

    def holds(self, assume: Callable[[Leaf], bool]) -> bool:
        """Evaluate the condition under assumed leaves."""
        return self._holds(self.condition, assume, {})

    def _holds(self, condition: Condition, assume: Callable[[Leaf], bool], memo: dict[int, bool]) -> bool:
        match condition:
            case AllOf(items):
                return all(self._holds(item, assume, memo) for item in items)
            case AnyOf(items):
                return any(self._holds(item, assume, memo) for item in items)
            case NotOf(item):
                return not self._holds(item, assume, memo)
            case OtherRule(item, _, _):
                if id(item) not in memo:
                    memo[id(item)] = self._holds(item, assume, memo)
                return memo[id(item)]
            case Weighted(items, threshold):
                return sum(weight for item, weight in items if self._holds(item, assume, memo)) >= threshold
        certain = self._certain(condition)
        return assume(_key(condition)) if certain is None else certain

    def _certain(self, condition: Condition) -> bool | None:
        """The truth of a leaf that cannot be otherwise: an empty list, an expression that matches anything, a proximity across fields."""
        match condition:
            case Word():
                return True if condition.number in self.anything and condition.field is None else None
            case Words():
                return None if condition.terms else False
            case NearTo():
                return None if _fields(condition) else False
            case Often():
                return None if _fields(condition.item) else False
        return None


def _below(condition: Condition, *, negated: bool) -> list[tuple[Condition, bool]] | None:
    """Return the clauses that a clause is made of and whether they stand negated; None for a leaf."""
    match condition:
        case AllOf(items) | AnyOf(items):
            return [(item, negated) for item in items]
        case NotOf(item):
            return [(item, not negated)]
        case Weighted(items, _):
            return [(item, negated ^ (weight < 0)) for item, weight in items]
        case OtherRule(item, _, _):
            return [(item, negated)]
    return None


def _key(condition: Condition) -> Leaf:
    """Return what two leaves have in common when they are the same."""
    match condition:
        case Word():
            return ("word", condition.field, condition.number)
        case Words():
            return ("words", condition.field, *sorted(condition.terms))
        case Mentioned():
            return ("entity", condition.field, condition.entity.id)
        case IsNamed():
            return ("named", condition.field, condition.name.casefold())
        case Restriction():
            return ("named", condition.key, *condition.names)
        case NearTo():
            return ("near", str(condition.clause), _key(condition.left), _key(condition.right))
        case Often():
            return ("often", condition.clause.count, _key(condition.item))
        case AnyOf(items):  # a side of a proximity
            return ("any", *(_key(item) for item in items))
        case OtherRule(item, _, _):
            return _key(item)
    return (id(condition),)


def _contradicts(chosen: dict[Leaf, bool]) -> bool:
    true = [leaf for leaf, value in chosen.items() if value]
    return any(_excludes(a, b) for a, b in combinations(true, 2)) or any(_implies(a, b) for a in true for b in chosen if not chosen[b])


def _implies(a: Leaf, b: Leaf) -> bool:
    """Whether ``b`` is true wherever ``a`` is: a term in a field and the term anywhere, a proximity and its sides, many occurrences and one."""
    if a == b:
        return False
    match a, b:
        case ("word" | "words" | "entity" as kind, field, *one), ("word" | "words" | "entity" as other, wider, *two):
            return kind == other and one == two and (wider is None or (field, wider) == ("lead", "body")) and field not in ("url", "author")
        case ("near", _, left, right), _:
            return any(side == b or _implies(side, b) for side in (left, right))  # type: ignore[arg-type]
        case ("often", _, item), _:
            return item == b or _implies(item, b)  # type: ignore[arg-type]
    return False


def _excludes(a: Leaf, b: Leaf) -> bool:
    """Whether two leaves cannot both be true: an article has one feed and one language."""
    match a, b:
        case ("named", "feed", str(one)), ("named", "feed", str(two)):
            return one != two
        case ("named", "lang", str(one)), ("named", "lang", str(two)):
            return not _same_language(one, (two,))
        case (("named", "lang", str(one)), ("named", "languages", *names)) | (("named", "languages", *names), ("named", "lang", str(one))):
            return not _same_language(one, names)
    return False


def _same_language(one: str, names: Iterable[object]) -> bool:
    return any(f"{one}-".startswith(f"{name}-".lower()) or f"{name}-".lower().startswith(f"{one}-") for name in names)


def _fields(condition: Condition) -> set[str]:
    """Return the fields of the row that a clause may stand in."""
    match condition:
        case Words() if not condition.terms:
            return set()
        case Word() | Words() | Mentioned():
            field = "body" if condition.field == "lead" else condition.field
            return {field} if field else set(ROW[:2])
        case AnyOf(items):
            return {field for item in items for field in _fields(item)}
        case OtherRule(item, _, _):
            return _fields(item)
        case NearTo():
            return _fields(condition.left) & _fields(condition.right)
    return set(ROW)
