"""What is materially new in another report of a story that was told: named entities and numbers in the sentences that matched, and a headline
that takes back what another one said.

Compared with what receivers have read, that is with the payloads of the rule's earlier alerts in the story; nothing else is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.alerts.decide import entities_of
from watcher.model import Entity, Match
from watcher.text.fold import fold

MOST = 5
"""Items that one update names."""

# A number that stands by itself: not within a name (F-16, MIM-104), not a list's single digit. Groups: 40,000 · 40 000 · 40.000.
_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:[,.\u00a0\u202f ]\d{3})+(?![\w-])|(?<![\w.,-])\d{2,12}(?:[.,]\d{1,2})?(?![\w-])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTHS = (
    "Jan(?:uary|uar)?|Feb(?:ruary|ruar)?|Mar(?:ch)?|März|Apr(?:il)?|May|Mai|June?|Juni|July?|Juli|Aug(?:ust)?|Sept?(?:ember)?|O[ck]t(?:ober)?|"
    "Nov(?:ember)?|De[cz](?:ember)?|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia|"
    "січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня|"
    "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
)
# Dates, and "day 335" of something: other each day, and no news
_DATE = re.compile(rf"\b(?:{_MONTHS})\.?\s+\d{{1,2}}\b(?![,.]\d)|\b\d{{1,2}}\.?\s+(?:{_MONTHS})\b|\b[Dd]ay\s+\d+(?=\s+of\b|\s*$|[:,.])")
_WORD = re.compile(r"[^\W\d_]{2,}(?:'t)?")
DENIALS = frozenset(
    """
    not no never denies denied deny denying refutes refuted retracts retracted withdraws withdrawn cancels cancelled canceled halts halted rejects
    rejected false fake wrong won't didn't doesn't isn't wasn't without
    не ні ніколи спростував спростувала спростували спростовує заперечив заперечує заперечили скасував скасовано скасували
    нет никогда опроверг опровергла опровергли опровергает отрицает отменил отменили отменен отозвал фейк
    nie nigdy zaprzecza zaprzeczył zaprzeczyła dementuje odwołał odwołano
    nicht kein keine nie dementiert widerspricht bestreitet widerruft abgesagt
    pas jamais dément démenti niega desmiente smentisce nega ne není popírá popřel
    """.split()  # noqa: SIM905 - a table of words reads best as words
)
_GROUPING = re.compile(r"[,.\u00a0\u202f ](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was told of a story: ids of entities, numbers without their grouping, and headlines, oldest first."""

    entities: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    titles: tuple[str, ...] = ()


def known(payloads: Iterable[Mapping[str, Any]]) -> Known:
    """Return what the payloads of earlier alerts said."""
    entities: set[str] = set()
    said: set[str] = set()
    titles: list[str] = []
    for payload in payloads:
        article = payload.get("article")
        titles += [str(article["title"])] if isinstance(article, dict) and article.get("title") else []
        matches = payload.get("matches")
        for match in matches if isinstance(matches, list) else ():
            if isinstance(match, dict):
                entities |= {match["entity"]} if isinstance(match.get("entity"), str) else set()
                said |= figures(str(match.get("sentence") or "")).keys()
    return Known(entities=frozenset(entities), numbers=frozenset(said), titles=tuple(titles))


def news(match: Match, told: Known, entities: Mapping[str, Entity], *, title: str = "") -> tuple[str, ...]:
    """Return what ``match`` adds, in words for the receiver, at most five items: a claim taken back, entities, numbers.

    :param title: the article's headline.
    """
    fresh = [f"the headline says otherwise: {title}"] if taken_back(told.titles, title) else []
    fresh += [entities[name].name if name in entities else name for name in entities_of(match) if name not in told.entities]
    found: dict[str, str] = {}
    for evidence in match.evidence:
        found |= figures(evidence.sentence)
    fresh += [shown for number, shown in found.items() if number not in told.numbers]
    return tuple(fresh[:MOST])


def taken_back(told: Iterable[str], title: str) -> bool:
    """Whether a headline denies what the nearest of those told says, or says what that one denies.

    Only the nearest counts: in a long story somebody has always denied something.
    """
    ours = _claim(title)
    shared = {earlier: len(ours & _claim(earlier)) for earlier in told}
    most = max(shared.values(), default=0)
    return bool(shared) and all(reversed_(earlier, title) for earlier, count in shared.items() if count == most)


def _claim(title: str) -> set[str]:
    return set(_WORD.findall(fold(title).text)) - DENIALS


def reversed_(earlier: str, title: str) -> bool:
    """Whether one of two headlines denies what the other says: half of the words in common, and a denial in one of them only.

    Headlines of another language are not compared: they have no words in common.
    """
    one, two = (set(_WORD.findall(fold(each).text)) for each in (earlier, title))
    fewer = min(len(one - DENIALS), len(two - DENIALS))
    return fewer >= 3 and 2 * len((one & two) - DENIALS) >= fewer and bool(one & DENIALS) != bool(two & DENIALS)


def figures(text: str) -> dict[str, str]:
    """Return :func:`numbers` without dates and counts of days: what another report may bring that is news."""
    return numbers(_DATE.sub(" ", text))


def numbers(text: str) -> dict[str, str]:
    """Return the numbers of a text, without grouping -> as written; years, names' digits and single digits are none."""
    shown: Sequence[str] = [m[0] for m in _NUMBER.finditer(text)]
    return {_GROUPING.sub("", each): each for each in shown if not _YEAR.fullmatch(each)}
