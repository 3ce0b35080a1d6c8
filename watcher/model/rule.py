"""Rules and entities as the user wrote them, and what they found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How loud an alert is. ``URGENT`` breaks through digests, quiet hours and limits."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Repeat(StrEnum):
    """What is told only once."""

    STORY = "story"
    ARTICLE = "article"
    ALWAYS = "always"


class Updates(StrEnum):
    """What happens to later sources of a story that was told."""

    THREAD = "thread"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """How near a context word must stand: ``unit`` is ``article``, ``sentence`` or ``words`` (then ``words`` counts)."""

    unit: str = "article"
    words: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One name of an entity; ``case`` True: letters must agree in case."""

    text: str
    case: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A canonical name with its aliases and the context that tells it from its namesakes.

    All of ``aliases``, ``requires`` and ``rejects`` are terms of the rule language. ``file`` and ``line`` tell where it stands.
    """

    id: str
    name: str
    kind: str = ""
    aliases: tuple[Alias, ...] = ()
    requires: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    within: Within = Within()
    inflect: bool = False
    accents: str = "keep"
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A named list of terms, used in queries as ``$name``."""

    name: str
    items: tuple[str, ...]
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named rule. The condition is the AND of those of ``query``, ``any_``, ``all_``, ``none_`` and ``score`` that are given.

    ``feeds``: feed names or ``tag:NAME``; empty = all. ``channels``: None = all channels. ``limit``: (alerts, per) or None.
    ``sources``: least number of independent sources before it alerts. ``feeds``, ``languages`` restrict where it applies.
    """

    name: str
    query: str | None = None
    any_: tuple[str, ...] = ()
    all_: tuple[str, ...] = ()
    none_: tuple[str, ...] = ()
    score: tuple[tuple[str, float], ...] = ()
    threshold: float | None = None
    feeds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    severity: Severity = Severity.NORMAL
    channels: tuple[str, ...] | None = None
    repeat: Repeat = Repeat.STORY
    updates: Updates = Updates.THREAD
    limit: tuple[int, float] | None = None
    sources: int = 1
    edits: str = "none"
    inflect: bool = False
    accents: str = "keep"
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchInput:
    """What a rule can see of an article. ``feed_tags`` are the feed's configured tags, ``tags`` those of the entry."""

    title: str = ""
    text: str = ""
    url: str = ""
    author: str = ""
    feed: str = ""
    feed_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a condition was found true.

    ``start``, ``end``: code points into the original text of ``field`` (``title``, ``body``, ``url``, ``author`` …; what a
    ``lead:`` clause found stands in ``body``). ``text`` is exactly that slice. ``term``: the term as the rule has it,
    without field or operators. ``entity``: the entity's id where an alias matched.
    ``sentence``: the sentence around it, plain text, ``sentence_start`` its offset in the field.
    ``confidence``: of an entity's mention, how well its context bears it out: ``high``, ``medium`` or ``low``; else empty.
    """

    field: str
    start: int
    end: int
    text: str
    term: str
    entity: str | None = None
    sentence: str = ""
    sentence_start: int = 0
    confidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that holds for an article, with what shows it. ``score`` only for rules with weights."""

    rule: str
    evidence: tuple[Evidence, ...] = field(default=())
    score: float | None = None
