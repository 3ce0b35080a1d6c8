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


class Judged(NamedTuple):
    """One occurrence of an alias: why it is no mention ("" where it is one), and all that speaks for and against it within reach."""

    hit: Hit
    objection: str
    requires: tuple[Hit, ...]
    rejects: tuple[Hit, ...]


def decide(entity: EntityTerms, run: Run) -> Mentions:
    """Return an entity's mentions in title and body; each article is decided once."""
    known = run.mentions.get(entity.id)
    if known is None:
        known = run.mentions[entity.id] = _decide(entity, run)
    return known


def judge(entity: EntityTerms, run: Run) -> tuple[Judged, ...]:
    """Return every occurrence of an alias with its verdict, by the same rule that :func:`decide` applies, and the whole context."""
    requires, rejects = _context(entity.requires, run), _context(entity.rejects, run)
    found = []
    for hit in _occurrences(entity, run):
        for_it = tuple(near_it for near_it in requires if _in_context(entity.within, run, hit, near_it))
        against = tuple(near_it for near_it in rejects if _in_context(entity.within, run, hit, near_it))
        found.append(Judged(hit, _reason(entity, against[0] if against else None, bool(for_it)), for_it, against))
    return tuple(found)


def confidence(entity: EntityTerms, run: Run, hit: Hit) -> str:
    """Return how well an article's context bears out a mention: ``high``, ``medium`` or ``low``.

    High: the name needs no context, or a required term stands in its sentence, or as near as the entity's ``within`` asks; medium: at
    least two different ones stand elsewhere in the article; low: only one does.
    """
    if not entity.requires:
        return "high"
    if entity.within.unit != "article":
        return "high"
    context = run.memo.get(id(entity))  # once an article: fifty mentions may ask
    if not isinstance(context, list):
        context = run.memo[id(entity)] = _context(entity.requires, run)
    first, last = run.document.sentence(hit.start, hit.end)
    if any(first <= term.start and term.end <= last for term in context):
        return "high"
    return "medium" if len({term.term for term in context}) > 1 else "low"


def _decide(entity: EntityTerms, run: Run) -> Mentions:
    hits = _occurrences(entity, run)
    if not hits or not (entity.requires or entity.rejects):
        return Mentions(hits, "" if hits else "no alias found")
    kept: list[Hit] = []
    reasons: dict[str, int] = {}
    requires, rejects = _context(entity.requires, run), _context(entity.rejects, run)
    for hit in hits:
        against = next((term for term in rejects if _in_context(entity.within, run, hit, term)), None)
        supported = against is None and any(_in_context(entity.within, run, hit, term) for term in requires)
        reason = _reason(entity, against, supported)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            kept.append(hit)
    note = "; ".join(f"{count} left out: {reason}" for reason, count in reasons.items())
    return Mentions(tuple(kept), note)


def _occurrences(entity: EntityTerms, run: Run) -> tuple[Hit, ...]:
    """Return where the aliases stand, without those inside a longer one."""
    low, high = run.document.range_of(None)
    hits = [
        Hit(start, end, alias, entity.id)
        for number, alias in entity.aliases.items()
        if number in run.found
        for start, end in run.spans(number, low, high)
    ]
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if not kept or hit.end > kept[-1].end:
            kept.append(hit)
    return tuple(kept)


def _context(terms: dict[int, str], run: Run) -> list[Hit]:
    """Return where the terms of a context stand in title and body."""
    low, high = run.document.range_of(None)
    return [Hit(start, end, term) for number, term in terms.items() if number in run.found for start, end in run.spans(number, low, high)]


def _reason(entity: EntityTerms, against: Hit | None, supported: bool) -> str:
    """Return why an occurrence is no mention, or "": the one place that decides."""
    if against is not None:
        return f'"{against.term}" rejects it'
    if not entity.requires or supported:
        return ""
    place = {"article": "in the article", "sentence": "in its sentence"}.get(entity.within.unit, f"within {entity.within.words} words")
    return f"none of the required terms {place}"


def _in_context(within: Within, run: Run, hit: Hit, term: Hit) -> bool:
    if within.unit == "article":
        return True
    if within.unit == "sentence":
        first, last = run.document.sentence(hit.start, hit.end)
        return first <= term.start and term.end <= last
    apart = near.steps(run.document, (hit.start, hit.end), (term.start, term.end))
    return apart is not None and apart <= within.words
