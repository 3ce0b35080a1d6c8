"""What is materially new in another report of a story that was told: named entities and numbers in the sentences that matched.

Compared with what receivers have read, that is with the payloads of the rule's earlier alerts in the story; nothing else is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.alerts.decide import entities_of
from watcher.model import Entity, Match

MOST = 5
"""Items that one update names."""

# A number that stands by itself: not within a name (F-16, MIM-104), not a list's single digit. Groups: 40,000 · 40 000 · 40.000.
_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:[,.\u00a0\u202f ]\d{3})+(?![\w-])|(?<![\w.,-])\d{2,12}(?:[.,]\d{1,2})?(?![\w-])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_GROUPING = re.compile(r"[,.\u00a0\u202f ](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was told of a story: ids of entities, and numbers without their grouping."""

    entities: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


def known(payloads: Iterable[Mapping[str, Any]]) -> Known:
    """Return what the payloads of earlier alerts said."""
    entities: set[str] = set()
    said: set[str] = set()
    for payload in payloads:
        matches = payload.get("matches")
        for match in matches if isinstance(matches, list) else ():
            if isinstance(match, dict):
                entities |= {match["entity"]} if isinstance(match.get("entity"), str) else set()
                said |= numbers(str(match.get("sentence") or "")).keys()
    return Known(entities=frozenset(entities), numbers=frozenset(said))


def news(match: Match, told: Known, entities: Mapping[str, Entity]) -> tuple[str, ...]:
    """Return what ``match`` adds, in words for the receiver, at most five items: entities first, then numbers."""
    fresh = [entities[name].name if name in entities else name for name in entities_of(match) if name not in told.entities]
    found: dict[str, str] = {}
    for evidence in match.evidence:
        found |= numbers(evidence.sentence)
    fresh += [shown for number, shown in found.items() if number not in told.numbers]
    return tuple(fresh[:MOST])


def numbers(text: str) -> dict[str, str]:
    """Return the numbers of a text, without grouping -> as written; years, names' digits and single digits are none."""
    shown: Sequence[str] = [m[0] for m in _NUMBER.finditer(text)]
    return {_GROUPING.sub("", each): each for each in shown if not _YEAR.fullmatch(each)}
