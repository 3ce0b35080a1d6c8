"""What is frozen into an alert when it is raised: the ``data`` object of the webhook contract, and ``context`` for people.

::

    {"alert", "rule", "severity",
     "story":   {"id", "articles", "sources", "update"},
     "article": {"title", "url", "feed", "author", "language", "published", "first_seen"},
     "matches": [{"term", "entity", "field", "sentence", "start", "end"}],
     "context": {"host", "canonical_url", "quotes": [{"field", "parts": [[text, matched], …]}], "entities": [{"id", "name", "kind"}],
                 "terms", "others": [{"name", "url", "host"}], "news", "note", "lead", "tags", "score", "published", "truncated"}}

JSON-safe: strings, finite numbers, booleans, None, lists and dicts with string keys; all text cleaned. Times are ISO 8601 in UTC with
``Z``; ``context.published`` keeps the feed's own offset where it is known. ``start`` and ``end`` are code points in the field's text.
Every kind of message is rendered from this alone, so that a retry a day later says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from watcher.alerts import ids
from watcher.model import (
    Alert,
    AlertId,
    Article,
    Decision,
    Entity,
    EntryId,
    Evidence,
    Feed,
    Match,
    Notice,
    Reason,
    Rule,
    Severity,
    StoryView,
)
from watcher.text.clean import clean, one_line

MATCHES = 100
"""Matches that are kept: at least one of each term first, the others in order."""

QUOTES = 40
TITLE, URL, NAME, SENTENCE, LEAD = 1000, 2048, 200, 700, 320
"""Characters that are kept (limit L9 for title and link)."""

_ODD_YEAR = 1990
_ORDER = {"title": 0, "lead": 1, "body": 2}


def alert(
    decision: Decision,
    rule: Rule,
    match: Match,
    article: Article,
    *,
    feed: Feed,
    feed_name: str = "",
    identity: str,
    first_seen_at: datetime,
    story: StoryView | None = None,
    entities: Mapping[str, Entity] | None = None,
    news: Sequence[str] = (),
    entry_id: EntryId | None = None,
    now: datetime,
) -> Alert:
    """Return the alert that ``decision`` (one that ``tells``) raises, with its payload.

    :param feed_name: the feed's name, or its own title where it has none; else its host stands in.
    :param identity: ``Entry.identity``.
    :param news: what is materially new, for updates.
    """
    alert_id = ids.alert_id(rule.name, feed.url, identity)
    data = data_of(
        alert_id, decision, rule, match, article,
        feed_name=feed_name or feed.name or host_of(feed.url), tags=feed.tags, first_seen_at=first_seen_at,
        story=story, entities=entities or {}, news=news,
    )  # fmt: skip
    return Alert(
        id=alert_id, rule=rule.name, severity=rule.severity, reason=decision.reason, created_at=now, payload=data,
        entry_id=entry_id, story_id=story.id if story else None, update=decision.update,
    )  # fmt: skip


def data_of(
    alert_id: AlertId,
    decision: Decision,
    rule: Rule,
    match: Match,
    article: Article,
    *,
    feed_name: str,
    tags: Sequence[str],
    first_seen_at: datetime,
    story: StoryView | None,
    entities: Mapping[str, Entity],
    news: Sequence[str],
) -> dict[str, Any]:
    """Return the payload described above."""
    evidence = in_order(match.evidence)
    kept = most_telling(evidence, MATCHES)
    published = plausible(article.published_at, first_seen_at)
    return {
        "alert": alert_id,
        "rule": one_line(rule.name, NAME),
        "severity": rule.severity.value,
        "story": {
            "id": str(story.id) if story else "",
            "articles": story.articles if story else 1,
            "sources": story.sources if story else 1,
            "update": decision.update,
        },
        "article": {
            "title": one_line(article.title, TITLE),
            "url": link(article.url),
            "feed": one_line(feed_name, NAME),
            "author": one_line(article.author, NAME),
            "language": article.language,
            "published": iso(published),
            "first_seen": iso(first_seen_at),
        },
        "matches": [match_of(e) for e in kept],
        "context": {
            "host": host_of(article.url),
            "canonical_url": link(article.canonical_url),
            "quotes": quotes(kept),
            "entities": [_entity(entities, name) for name in dict.fromkeys(e.entity for e in evidence if e.entity)],
            "terms": list(dict.fromkeys(one_line(e.term, NAME) for e in evidence if e.term))[:QUOTES],
            "others": [
                {"name": one_line(name, NAME), "url": link(url), "host": one_line(host, NAME) or host_of(url)}
                for name, url, host in (story.others if story else ())
            ],
            "news": [one_line(item, TITLE) for item in news],
            "note": one_line(article.note, NAME),
            "lead": one_line(article.text, LEAD),
            "tags": [one_line(tag, NAME) for tag in tags],
            "score": match.score if match.score is not None and isfinite(match.score) else None,
            "published": None if published is None else published.isoformat(timespec="seconds"),
            "truncated": len(kept) < len(evidence),
        },
    }


def edited(told: Alert, changed: Sequence[str], *, title: str, now: datetime) -> Alert:
    """Return the report that the article of ``told`` was changed or taken down, for the thread of its story.

    :param changed: what was changed, a line each (see ``alerts.edits``).
    :param title: the headline as it is now; "" where it is not known.
    """
    alert_id = ids.edit_id(told.id, *changed)
    article, context = dict(told.payload["article"]), dict(told.payload["context"])
    article["title"] = one_line(title, TITLE) or article["title"]
    context["news"] = [one_line(item, TITLE) for item in changed]
    data = {**told.payload, "alert": alert_id, "article": article, "context": context, "story": {**told.payload["story"], "update": True}}
    return replace(told, id=alert_id, reason=Reason.EDITED, created_at=now, payload=data, update=True)


def notice(told: Notice, now: datetime) -> Alert:
    """Return an operator notice as an alert, so that it is delivered like one."""
    data = {
        "key": one_line(told.key, TITLE),
        "subject": one_line(told.subject, NAME),
        "text": clean(told.text, 8000),
        "severity": told.severity.value,
        "at": iso(now),
    }
    return Alert(
        id=ids.notice_id(told.key, now.isoformat()),
        rule="",
        severity=Severity(told.severity),
        reason=Reason.NOTICE,
        created_at=now,
        payload=data,
    )


def in_order(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence as a reader meets it: title, lead, body, the rest; each place and term once."""
    unique = {(e.field, e.start, e.end, e.term, e.entity): e for e in evidence}
    return sorted(unique.values(), key=lambda e: (_ORDER.get(e.field, 3), e.field, e.start, e.end, e.term))


def most_telling(evidence: Sequence[Evidence], limit: int) -> list[Evidence]:
    """Return at most ``limit`` of them, in the same order: the first of each term before the second of any."""
    if len(evidence) <= limit:
        return list(evidence)
    seen: dict[tuple[str, str | None], int] = {}
    ranked = []
    for position, item in enumerate(evidence):
        nth = seen[item.term, item.entity] = seen.get((item.term, item.entity), -1) + 1
        ranked.append((nth, position))
    return [evidence[position] for position in sorted(position for _, position in sorted(ranked)[:limit])]


def match_of(evidence: Evidence) -> dict[str, Any]:
    """Return one of the contract's ``matches``."""
    return {
        "term": one_line(evidence.term, NAME),
        "entity": evidence.entity,
        "field": evidence.field,
        "sentence": one_line(evidence.sentence or evidence.text, SENTENCE),
        "start": evidence.start,
        "end": evidence.end,
    }


def quotes(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return each sentence once, cut into parts that are matched or not, in the order of ``evidence``."""
    sentences: dict[tuple[str, int, str], list[tuple[int, int]]] = {}
    for e in evidence:
        text, start = (e.sentence, e.start - e.sentence_start) if e.sentence else (e.text, 0)
        if text.strip():
            sentences.setdefault((e.field, e.sentence_start if e.sentence else e.start, text), []).append((start, start + e.end - e.start))
    return [{"field": field, "parts": parts(text, spans)} for (field, _, text), spans in list(sentences.items())[:QUOTES]]


def parts(text: str, spans: Iterable[tuple[int, int]]) -> list[list[Any]]:
    """Cut ``text`` at the edges of ``spans`` (code points; overlaps are joined) into ``[piece, matched]``, each piece cleaned."""
    pieces: list[list[Any]] = []
    at = 0
    for start, end in merged(spans, len(text)):
        pieces += [[text[at:start], False], [text[start:end], True]]
        at = end
    pieces.append([text[at:], False])
    cleaned = [[_clean_piece(piece), matched] for piece, matched in pieces]
    return [piece for piece in cleaned if piece[0]]


def merged(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Return the spans clipped to ``length``, in order, without overlaps and empty ones."""
    out: list[tuple[int, int]] = []
    for start, end in sorted((max(0, s), min(length, e)) for s, e in spans):
        if start >= end:
            continue
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def plausible(published: datetime | None, first_seen_at: datetime) -> datetime | None:
    """Return the feed's date if a reader can believe it (row P17): neither before 1990 nor more than a day ahead."""
    if published is None or published.year < _ODD_YEAR or published > first_seen_at + timedelta(hours=24):
        return None
    return published


def iso(at: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with ``Z``, to the second."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def link(url: str | None) -> str | None:
    """Return an http(s) URL without white space and controls, or None: nothing else may become a link."""
    if url is None:
        return None
    url = "".join(one_line(url, URL + 1).split())
    return url if url.lower().startswith(("http://", "https://")) and len(url) <= URL else None


def host_of(url: str | None) -> str:
    """Return the host that a click on ``url`` really reaches (row C06), lower-case, as it stands in the URL; "" where there is none."""
    try:
        return one_line((urlsplit(url).hostname if url else "") or "", NAME)
    except ValueError:
        return ""


def _clean_piece(piece: str) -> str:
    """Clean within a line, keeping the blanks at its edges: they stand between words."""
    core = one_line(piece, SENTENCE)
    if not core:
        return " " if piece[:1].isspace() else ""
    return " " * piece[0].isspace() + core + " " * piece[-1].isspace()


def _entity(entities: Mapping[str, Entity], name: str) -> dict[str, str]:
    known = entities.get(name)
    return {"id": name, "name": one_line(known.name, NAME) if known else name, "kind": one_line(known.kind, NAME) if known else ""}
