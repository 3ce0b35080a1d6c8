"""Values to make alerts from; each with defaults that a test overrides where it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.alerts import ids, payload
from watcher.model import (
    Alert,
    AlertId,
    Article,
    ChannelPolicy,
    Decision,
    Delivery,
    DeliveryId,
    Entity,
    Evidence,
    Feed,
    Match,
    Reason,
    Rule,
    Severity,
    StoryId,
    StoryView,
)

NOW = datetime(2024, 3, 10, 18, 0, tzinfo=UTC)
TITLE = "US and Japan consider strengthening military ties"
SENTENCE = "Tokyo will let firms make Patriot missiles and 155 mm shells, Prime Minister Kishida said on Sunday in Washington."


def at(text: str) -> datetime:
    """A point in time, UTC unless it says otherwise."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def evidence(
    word: str, sentence: str = SENTENCE, *, field: str = "body", offset: int = 0, term: str | None = None, entity: str | None = None
) -> Evidence:
    """Evidence for ``word`` where it stands in ``sentence``, which begins at ``offset`` of the field."""
    start = sentence.index(word)
    return Evidence(
        field=field,
        start=offset + start,
        end=offset + start + len(word),
        text=word,
        term=term or word,
        entity=entity,
        sentence=sentence,
        sentence_start=offset,
    )


def match(*found: Evidence, rule: str = "japan-ammunition", score: float | None = None) -> Match:
    return Match(
        rule=rule,
        evidence=found or (evidence("Patriot", entity="patriot"), evidence("155 mm"), evidence("Kishida", entity="kishida")),
        score=score,
    )


def rule(name: str = "japan-ammunition", **changes: Any) -> Rule:
    return Rule(name=name, **{"severity": Severity.HIGH, **changes})


def article(**changes: Any) -> Article:
    values = {
        "title": TITLE,
        "text": SENTENCE,
        "url": "https://example.org/a",
        "author": "A. Writer",
        "language": "en",
        "published_at": NOW - timedelta(hours=1),
    }
    return Article(**{**values, **changes})


ENTITIES = {
    "patriot": Entity(id="patriot", name="MIM-104 Patriot", kind="weapon"),
    "kishida": Entity(id="kishida", name="Fumio Kishida", kind="person"),
}


def alert(
    *,
    of: Rule | None = None,
    on: Article | None = None,
    found: Match | None = None,
    reason: Reason = Reason.FIRST_SEEN,
    identity: str = "e1",
    **changes: Any,
) -> Alert:
    """An alert as the reader would raise it."""
    of = of or rule()
    values: dict[str, Any] = {
        "feed": Feed(url="https://feeds.example.org/rss", name="World news", tags=("news",)),
        "identity": identity,
        "first_seen_at": NOW,
        "story": StoryView(id=StoryId(7), articles=2, sources=2, others=(("The Other", "https://other.example/x", "other.example"),)),
        "entities": ENTITIES,
        "now": NOW,
    }
    decision = Decision(rule=of.name, reason=reason, update=reason is Reason.UPDATE)
    return payload.alert(decision, of, found or match(rule=of.name), on or article(), **{**values, **changes})


def stored(
    data: Any, *, reason: Reason = Reason.FIRST_SEEN, rule: str = "r", ident: str = "a" * 32, severity: Severity = Severity.NORMAL
) -> Alert:
    """An alert with any payload, as a database may hold it."""
    return Alert(id=AlertId(ident), rule=rule, severity=severity, reason=reason, created_at=NOW, payload=data)


def delivery(*alerts: Alert, channel: str = "desk", bundle: str = "") -> Delivery:
    return Delivery(
        id=DeliveryId(1), channel=channel, alerts=alerts, message_key=ids.message_key([a.id for a in alerts], channel), epoch=1, attempts=0, due_at=NOW,
        created_at=NOW, bundle=bundle,
    )  # fmt: skip


def policy(name: str = "desk", type: str = "email", **changes: Any) -> ChannelPolicy:  # noqa: A002
    return ChannelPolicy(name=name, type=type, **changes)
