"""Statements on marks: what people said of alerts, and the articles that they said it of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from watcher.model import Article, TextSource
from watcher.store.leases import adding, among
from watcher.store.schema import alerts, articles, entries, feeds, marks

NOISE, USEFUL = "noise", "useful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An article of an alert that was marked, and what was said of it: ``noise`` or ``useful``."""

    entry: int
    story: int
    article: Article
    feed_url: str
    feed_title: str
    told_at: datetime
    verdict: str


def put(conn: Connection, alert: str, verdict: str, *, note: str = "", author: str = "", now: datetime) -> None:
    """Mark an alert; a later mark takes the place of an earlier one."""
    values = {"verdict": verdict, "note": note, "author": author, "marked_at": now}
    statement = adding(conn, marks).values(alert_id=alert, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=[marks.c.alert_id], set_=values))


def take(conn: Connection, alert: str) -> bool:
    """Take an alert's mark away; False where there was none."""
    return conn.execute(delete(marks).where(marks.c.alert_id == alert)).rowcount == 1


def of(conn: Connection, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    """The marks of alerts, by the alerts' ids."""
    columns = (marks.c.alert_id, marks.c.verdict, marks.c.note, marks.c.author, marks.c.marked_at)
    found = conn.execute(select(*columns).where(among(conn, marks.c.alert_id, list(wanted)))) if wanted else ()
    return {row.alert_id: {"verdict": row.verdict, "note": row.note, "author": row.author, "marked_at": row.marked_at} for row in found}


_ARTICLE = (
    articles.c.entry_id, articles.c.story_id, articles.c.url, articles.c.canonical_url, articles.c.title, articles.c.text, articles.c.author, articles.c.language,
    articles.c.published_at, articles.c.site, articles.c.source, articles.c.quality, articles.c.note, articles.c.tags,
    feeds.c.url.label("feed_url"), feeds.c.title.label("feed_title"),
)  # fmt: skip


def labelled(conn: Connection, rule: str) -> list[Told]:
    """The articles of a rule's alerts that were marked, oldest first; those that retention has taken are not among them."""
    query = (
        select(*_ARTICLE, alerts.c.created_at.label("told_at"), marks.c.verdict)
        .select_from(marks.join(alerts, alerts.c.id == marks.c.alert_id).join(articles, articles.c.entry_id == alerts.c.entry_id))
        .join(entries, entries.c.id == articles.c.entry_id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(alerts.c.rule == rule)
        .order_by(alerts.c.created_at, alerts.c.id)
    )
    return [_told(row) for row in conn.execute(query)]


def _told(row: Any) -> Told:
    article = Article(
        title=row.title, text=row.text or "", url=row.url, canonical_url=row.canonical_url, author=row.author, language=row.language,
        published_at=row.published_at, site=row.site, source=TextSource(row.source), quality=row.quality, note=row.note,
        tags=tuple(row.tags or ()),
    )  # fmt: skip
    return Told(
        entry=row.entry_id,
        story=row.story_id,
        article=article,
        feed_url=row.feed_url,
        feed_title=row.feed_title,
        told_at=row.told_at,
        verdict=row.verdict,
    )
