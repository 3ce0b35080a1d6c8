"""Which entries people mean: by link, by canonical address, by where the page was found."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, union

from watcher.store.columns import digest
from watcher.store.leases import among
from watcher.store.schema import articles, entries, feeds

MOST = 50


class Appearance(NamedTuple):
    """An entry of a feed, as far as it takes to name it."""

    id: int
    feed: str
    feed_url: str
    url: str | None
    first_seen_at: datetime
    status: str


class FeedState(NamedTuple):
    """A configured feed and how its polls go."""

    url: str
    name: str
    last_polled_at: datetime | None
    last_success_at: datetime | None
    due_at: datetime | None
    failures: int
    last_error: str | None


def ids_of(conn: Connection, links: Collection[str]) -> list[int]:
    """The entries with one of these links, or whose article has one as canonical address or as its page's; oldest first."""
    keys = [digest(link) for link in dict.fromkeys(links)]
    # three statements in one, each through an index of its own: an OR over two tables would read both
    which = union(
        select(entries.c.id).where(among(conn, entries.c.url_key, keys), entries.c.url_key.is_not(None)),
        select(articles.c.entry_id).where(among(conn, articles.c.canonical_key, keys), articles.c.canonical_key.is_not(None)),
        select(articles.c.entry_id).where(among(conn, articles.c.page_key, keys), articles.c.page_key.is_not(None)),
    )
    return sorted(conn.scalars(which))[:MOST]


def linked_with(conn: Connection, part: str) -> list[tuple[int, str]]:
    """The entries whose link contains ``part``, at most 50, newest first. Reads every entry: the last resort of a person who asks."""
    query = select(entries.c.id, entries.c.url).where(entries.c.url.contains(part, autoescape=True)).order_by(entries.c.id.desc())
    return [(row.id, row.url) for row in conn.execute(query.limit(MOST))]


def appearances(conn: Connection, ids: Collection[int]) -> list[Appearance]:
    """Those entries with their feeds, oldest first."""
    query = (
        select(
            entries.c.id,
            entries.c.url,
            entries.c.first_seen_at,
            entries.c.status,
            feeds.c.name,
            feeds.c.title,
            feeds.c.url.label("feed_url"),
        )
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(among(conn, entries.c.id, list(ids)))
        .order_by(entries.c.first_seen_at, entries.c.id)
    )
    return [
        Appearance(row.id, row.name or row.title or row.feed_url, row.feed_url, row.url, row.first_seen_at, row.status)
        for row in conn.execute(query)
    ]


def feed_states(conn: Connection) -> list[FeedState]:
    """Every configured feed."""
    columns = (
        feeds.c.url, feeds.c.name, feeds.c.title, feeds.c.last_polled_at, feeds.c.last_success_at, feeds.c.due_at, feeds.c.failures,
        feeds.c.last_error,
    )  # fmt: skip
    query = select(*columns).where(feeds.c.removed_at.is_(None)).order_by(feeds.c.id)
    return [
        FeedState(
            row.url, row.name or row.title or row.url, row.last_polled_at, row.last_success_at, row.due_at, row.failures, row.last_error
        )
        for row in conn.execute(query)
    ]


def story_of(conn: Connection, story: int) -> list[dict[str, Any]]:
    """The articles of a story with their feeds, oldest first, at most 50."""
    query = (
        select(
            articles.c.entry_id,
            articles.c.title,
            articles.c.url,
            articles.c.host,
            articles.c.copy_of,
            feeds.c.name,
            feeds.c.title.label("feed"),
        )
        .join(entries, entries.c.id == articles.c.entry_id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(articles.c.story_id == story)
        .order_by(articles.c.entry_id)
        .limit(MOST)
    )
    return [
        {"entry": row.entry_id, "title": row.title, "url": row.url, "feed": row.name or row.feed or row.host, "copy_of": row.copy_of}
        for row in conn.execute(query)
    ]
