"""What is forgotten, and when.

::

    articles, matches   ``retention`` after they were added, but not while the index of stories may still refer to them
    alerts              ``retention`` after they were raised, once all their deliveries are settled
    entries             ``retention``, at least 90 days, after they *left their feed*; of each feed at least twice what it shows
                        now is kept (RELIABILITY P23). A feed that repeats an old entry must not raise its alert again
    stories             with their last article and alert
    feeds               as long after they were removed from the configuration

Each call does a slice, so that a transaction stays short: call until it returns 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, select, update

from watcher.store import threads
from watcher.store.leases import among
from watcher.store.schema import alerts, articles, deliveries, entries, feeds, hosts, matches, silences, stories

AT_ONCE = 500
KEEP_ENTRIES = timedelta(days=90)
KEEP_THREADS = timedelta(days=60)  # a story takes no article after 14
KEEP_ARTICLES = timedelta(days=15)  # the window of ``stories.index`` is 14


def prune(conn: Connection, *, now: datetime, retention: timedelta) -> int:
    """Forget a slice of what is too old; return how many rows of articles, alerts, entries, stories and feeds went."""
    told, gone = now - retention, now - max(retention, KEEP_ENTRIES)
    conn.execute(delete(silences).where(silences.c.until_at < told))
    threads.forget(conn, before=now - KEEP_THREADS)
    conn.execute(delete(hosts).where(hosts.c.blocked_until < now))
    return (
        _articles(conn, now - max(retention, KEEP_ARTICLES))
        + _alerts(conn, told)
        + _entries(conn, gone, now)
        + _stories(conn, now - max(retention, KEEP_ARTICLES))
        + _feeds(conn, gone)
    )


def _articles(conn: Connection, before: datetime) -> int:
    newest = select(func.max(articles.c.seq)).scalar_subquery()  # numbers go on from it
    old = select(articles.c.entry_id).where(articles.c.added_at < before, articles.c.seq < newest).order_by(articles.c.added_at)
    ids = conn.scalars(old.limit(AT_ONCE)).all()
    if ids:
        conn.execute(delete(matches).where(among(conn, matches.c.entry_id, ids)))
    return _delete(conn, articles, articles.c.entry_id, ids)


def _alerts(conn: Connection, before: datetime) -> int:
    waiting = exists().where(deliveries.c.alert_id == alerts.c.id, deliveries.c.state == "due")
    old = select(alerts.c.id).where(alerts.c.created_at < before, ~waiting).order_by(alerts.c.created_at, alerts.c.id)
    return _delete(conn, alerts, alerts.c.id, conn.scalars(old.limit(AT_ONCE)).all())


def _entries(conn: Connection, before: datetime, now: datetime) -> int:
    old = select(entries.c.id, entries.c.feed_id).where(
        entries.c.left_at < before, entries.c.left_at.is_not(None), entries.c.due_at.is_(None)
    )
    by_feed: dict[int, list[int]] = {}
    for row in conn.execute(old.order_by(entries.c.left_at).limit(AT_ONCE)):
        by_feed.setdefault(row.feed_id, []).append(row.id)
    doomed: list[int] = []
    for feed, ids in by_feed.items():
        total = conn.scalar(select(func.count()).where(entries.c.feed_id == feed)) or 0
        present = conn.scalar(select(func.count()).where(entries.c.feed_id == feed, entries.c.left_at.is_(None))) or 0
        room = min(len(ids), max(0, total - 2 * present))
        doomed += ids[:room]
        if ids[room:]:  # too few to forget any: asked about again after the same time, not in each slice
            conn.execute(update(entries).where(among(conn, entries.c.id, ids[room:])).values(left_at=now))
    return _delete(conn, entries, entries.c.id, doomed)


def _stories(conn: Connection, before: datetime) -> int:
    used = exists().where(articles.c.story_id == stories.c.id)
    told = exists().where(alerts.c.story_id == stories.c.id)
    old = select(stories.c.id).where(stories.c.last_at < before, ~used, ~told).order_by(stories.c.last_at)
    return _delete(conn, stories, stories.c.id, conn.scalars(old.limit(AT_ONCE)).all())


def _feeds(conn: Connection, before: datetime) -> int:
    old = conn.scalars(select(feeds.c.id).where(feeds.c.removed_at < before).limit(AT_ONCE)).all()
    for feed in old:
        ids = conn.scalars(select(entries.c.id).where(entries.c.feed_id == feed).limit(AT_ONCE)).all()
        newest = conn.scalar(select(articles.c.entry_id).order_by(articles.c.seq.desc()).limit(1))
        if count := _delete(conn, entries, entries.c.id, [entry for entry in ids if entry != newest]):
            return count
        if not ids:
            conn.execute(delete(feeds).where(feeds.c.id == feed))
            return 1
    return 0


def _delete(conn: Connection, table: Table, key: ColumnElement[Any], ids: Sequence[Any]) -> int:
    return conn.execute(delete(table).where(among(conn, key, ids))).rowcount if ids else 0
