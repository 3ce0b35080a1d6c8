"""Factories for rules; nothing is faked."""

from __future__ import annotations

from typing import Any

from watcher import rules
from watcher.model import Alias, Entity, Evidence, Match, MatchInput, Rule, Terms, Within


def entity(id: str, *aliases: str | Alias, within: str | int = "article", **more: Any) -> Entity:  # noqa: A002
    unit = Within(unit="words", words=within) if isinstance(within, int) else Within(unit=within)
    return Entity(id=id, name=id, aliases=tuple(a if isinstance(a, Alias) else Alias(text=a) for a in aliases), within=unit, **more)


def found(
    query: str, text: str, *, title: str = "", entities: tuple[Entity, ...] = (), terms: tuple[Terms, ...] = (), **article: Any
) -> list[str] | None:
    """The texts of the evidence of one query in one article, in order; None where it does not match."""
    matches = rules.compile([Rule(name="r", query=query)], entities, terms).match(MatchInput(title=title, text=text, **article))
    return [evidence.text for evidence in matches[0].evidence] if matches else None


def only(rule: Rule, text: str = "", **article: Any) -> Match | None:
    matches = rules.compile([rule]).match(MatchInput(text=text, **article))
    return matches[0] if matches else None


def places(evidence: tuple[Evidence, ...]) -> list[tuple[str, int, int]]:
    return [(e.field, e.start, e.end) for e in evidence]
