"""Entities in an article: which occurrences of an alias are mentions, and why the others are not.

An occurrence counts when no ``rejects`` term and, where there are ``requires`` terms, at least one of these stands in its context: the article
(title and body), its sentence, or so many words around it. An alias inside a longer alias of the same entity is not reported beside it; one
inside another entity's name is, for only ``rejects`` can tell "Ministry of Defence of Ukraine" from "Bank of Georgia".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from watcher.model import Within
from watcher.rules import near
from watcher.rules.run import Hit, Run


@dataclass(frozen=True, slots=True)
class EntityTerms:
    """An entity, compiled: its terms' numbers with the texts as written."""

    id: str
    aliases: dict[int, str]
    requires: dict[int, str]
    rejects: dict[int, str]
    within: Within


class Mentions(NamedTuple):
    """What was decided about an entity in one article. ``note`` says what was left out, and why."""

    hits: tuple[Hit, ...]
    note: str


def decide(entity: EntityTerms, run: Run) -> Mentions:
    """Return an entity's mentions in title and body; each article is decided once."""
    known = run.mentions.get(entity.id)
    if known is None:
        known = run.mentions[entity.id] = _decide(entity, run)
    return known


def _decide(entity: EntityTerms, run: Run) -> Mentions:
    low, high = run.document.range_of(None)
    hits = _longest(
        Hit(start, end, alias, entity.id)
        for number, alias in entity.aliases.items()
        if number in run.found
        for start, end in run.spans(number, low, high)
    )
    if not hits or not (entity.requires or entity.rejects):
        return Mentions(hits, "" if hits else "no alias found")
    kept: list[Hit] = []
    reasons: dict[str, int] = {}
    requires = [(span, term) for number, term in entity.requires.items() for span in run.spans(number, low, high)]
    rejects = [(span, term) for number, term in entity.rejects.items() for span in run.spans(number, low, high)]
    for hit in hits:
        reason = _objection(entity, run, hit, requires, rejects)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            kept.append(hit)
    note = "; ".join(f"{count} left out: {reason}" for reason, count in reasons.items())
    return Mentions(tuple(kept), note)


def _longest(hits: object) -> tuple[Hit, ...]:
    """Drop hits that lie inside another one."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):  # type: ignore[call-overload]
        if not kept or hit.end > kept[-1].end:
            kept.append(hit)
    return tuple(kept)


Context = list[tuple[tuple[int, int], str]]


def _objection(entity: EntityTerms, run: Run, hit: Hit, requires: Context, rejects: Context) -> str:
    """Return why an occurrence is no mention, or ""."""
    for span, term in rejects:
        if _in_context(entity.within, run, hit, span):
            return f'"{term}" rejects it'
    if not entity.requires or any(_in_context(entity.within, run, hit, span) for span, _ in requires):
        return ""
    place = {"article": "in the article", "sentence": "in its sentence"}.get(entity.within.unit, f"within {entity.within.words} words")
    return f"none of the required terms {place}"


def _in_context(within: Within, run: Run, hit: Hit, span: tuple[int, int]) -> bool:
    if within.unit == "article":
        return True
    if within.unit == "sentence":
        first, last = run.document.sentence(hit.start, hit.end)
        return first <= span[0] and span[1] <= last
    apart = near.steps(run.document, (hit.start, hit.end), span)
    return apart is not None and apart <= within.words
