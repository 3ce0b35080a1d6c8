"""What a rule is made of beside itself: the entities, lists and rules that it names, and those that these name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from watcher.errors import QueryError
from watcher.model import Entity, Rule, Terms
from watcher.rules import query
from watcher.rules.syntax import Node, Reference, children

Named = tuple[str, str]
"""A sigil, ``@`` for entities, ``$`` for lists, ``%`` for rules, and a name."""

Things = tuple[tuple[Rule, ...], tuple[Entity, ...], tuple[Terms, ...]]
_ITEM = re.compile(r"\s*([@$%])([\w.\-]+)\s*")  # as the compiler takes the items of any, all, none and score


def named(things: Things) -> dict[Named, Rule | Entity | Terms]:
    """Return everything by its sigil and name."""
    rules, entities, terms = things
    return {
        **{("%", rule.name): rule for rule in rules},
        **{("@", entity.id): entity for entity in entities},
        **{("$", listed.name): listed for listed in terms},
    }


def references(rule: Rule) -> set[Named]:
    """Return what a rule names; nothing of a query that does not parse."""
    found = {(match[1], match[2]) for item in _items(rule) if (match := _ITEM.fullmatch(item)) is not None}
    if rule.query is not None:
        try:
            found.update((node.sigil, node.name) for node in nodes(query.parse(rule.query)) if isinstance(node, Reference))
        except QueryError:
            return found
    return found


def nodes(node: Node) -> Iterator[Node]:
    """Yield a query's node and all below it."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack += children(here)


def reach(wanted: Iterable[Named], known: Mapping[Named, Rule | Entity | Terms]) -> set[Named]:
    """Return what is named, directly or through other rules, as far as it is known."""
    found: set[Named] = set()
    stack = list(wanted)
    while stack:
        name = stack.pop()
        thing = known.get(name)
        if thing is None or name in found:
            continue
        found.add(name)
        if isinstance(thing, Rule):
            stack += references(thing)
    return found


def needed(wanted: Iterable[Named], things: Things) -> Things:
    """Return only what is named, directly or through other rules, in its order: as much as compiling needs. Everything, where a name is
    unknown: the compiler then suggests another one."""
    known = named(things)
    names = reach(wanted, known)
    if any(name not in known for rule in things[0] if ("%", rule.name) in names for name in references(rule)):
        return things
    rules, entities, terms = things
    return (
        tuple(rule for rule in rules if ("%", rule.name) in names),
        tuple(entity for entity in entities if ("@", entity.id) in names),
        tuple(listed for listed in terms if ("$", listed.name) in names),
    )


def _items(rule: Rule) -> Iterator[str]:
    yield from rule.any_
    yield from rule.all_
    yield from rule.none_
    yield from (item for item, _ in rule.score)
