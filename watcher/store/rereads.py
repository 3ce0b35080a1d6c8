"""Statements on rereads: articles that were told, whose pages are read again for their edits.

A queue like the others, but nothing is urgent in it: a daemon that dies holds its rows for the length of a lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from watcher.model import Alert, EntryId, FeedId, TextSource
from watcher.store.alerts import TOLD, from_row
from watcher.store.leases import add_once, among
from watcher.store.schema import alerts, articles, entries, feeds, rereads


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A claimed row. ``title`` and ``text``: what the page said last; ``text`` is None while no reading of the page is known.

    ``looks``: readings so far; ``missing``: how many of the last ones in a row found the page gone.
    """

    entry_id: EntryId
    epoch: int
    feed_id: FeedId
    feed_url: str
    url: str
    title: str
    text: str | None
    looks: int
    missing: int


def add(conn: Connection, entry: EntryId, *, due_at: datetime, title: str) -> None:
    """Note that the entry's page is to be read again at ``due_at``; ``title`` is its own headline as it was read."""
    add_once(conn, rereads, {"entry_id": entry, "due_at": due_at, "title": title})


def waits(conn: Connection, *, now: datetime) -> bool:
    """Whether any page is due."""
    return conn.scalar(select(rereads.c.entry_id).where(rereads.c.due_at <= now, rereads.c.due_at.is_not(None)).limit(1)) is not None


def claim(conn: Connection, *, now: datetime, lease: timedelta, limit: int) -> list[Reread]:
    """Take pages that are due, the oldest first, for the length of a lease."""
    query = select(rereads.c.entry_id).where(rereads.c.due_at <= now, rereads.c.due_at.is_not(None)).order_by(rereads.c.due_at).limit(limit)
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    ids = list(conn.scalars(query))
    if not ids:
        return []
    conn.execute(update(rereads).where(among(conn, rereads.c.entry_id, ids)).values(due_at=now + lease, epoch=rereads.c.epoch + 1))
    rows = conn.execute(
        select(
            rereads, entries.c.feed_id, feeds.c.url.label("feed_url"), articles.c.url, articles.c.source,
            func.coalesce(rereads.c.text, articles.c.text, type_=rereads.c.text.type).label("said"),
        )
        .join(entries, entries.c.id == rereads.c.entry_id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .join(articles, articles.c.entry_id == rereads.c.entry_id)
        .where(among(conn, rereads.c.entry_id, ids))
    )  # fmt: skip
    return [
        Reread(
            entry_id=row.entry_id, epoch=row.epoch, feed_id=row.feed_id, feed_url=row.feed_url, url=row.url, title=row.title,
            text=row.said if row.text is not None or row.source == TextSource.PAGE.value else None, looks=row.looks, missing=row.missing,
        )
        for row in rows
    ]  # fmt: skip


def finish(
    conn: Connection, mine: Reread, *, due_at: datetime | None, looks: int, missing: int, title: str | None = None, text: str | None = None
) -> bool:
    """Note how a reading went, and when the next one is; False when the claim was lost.

    :param due_at: None: the page is not read any more.
    :param text: what it says, where that is to be compared with from now on; None leaves what there was.
    """
    values: dict[str, object] = {"due_at": due_at, "looks": looks, "missing": missing}
    if text is not None:
        values |= {"title": title or "", "text": text}
    held = (rereads.c.entry_id == mine.entry_id, rereads.c.epoch == mine.epoch)
    return conn.execute(update(rereads).where(*held).values(values)).rowcount == 1


def told(conn: Connection, entry: EntryId) -> list[Alert]:
    """The alerts that the entry has raised, one of each rule, the first."""
    query = select(alerts).where(alerts.c.entry_id == entry, alerts.c.reason.in_(TOLD)).order_by(alerts.c.created_at, alerts.c.id)
    first: dict[str, Alert] = {}
    for row in conn.execute(query):
        first.setdefault(row.rule, from_row(row))
    return list(first.values())
