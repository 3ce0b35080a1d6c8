"""Statements on stories that a person asks for: what there is, and what belongs together after all.

An article that is moved gets a new sequence number, so every process's mirror reads it again; later copies and reports of it follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from watcher.model import EntryId, StoryId
from watcher.store import stories as statements
from watcher.store.leases import add_once
from watcher.store.schema import alerts, articles, entries, feeds, firsts, stories

BY_HAND = "hand"


def listing(conn: Connection, *, since: datetime, limit: int, least: int = 1) -> list[dict[str, Any]]:
    """The stories that an article joined since ``since`` and that have ``least`` articles, newest first: id, title, times, counts."""
    recent = select(stories).where(stories.c.last_at >= since, stories.c.joined_id.is_(None)).order_by(stories.c.last_at.desc()).subquery()
    count = func.count(articles.c.entry_id)
    query = (
        select(recent.c.id, recent.c.title, recent.c.created_at, recent.c.last_at, count.label("articles"))
        .join(articles, articles.c.story_id == recent.c.id)
        .group_by(recent.c.id, recent.c.title, recent.c.created_at, recent.c.last_at)
        .having(count >= least)
        .order_by(recent.c.last_at.desc(), recent.c.id.desc())
        .limit(limit)
    )
    found = [dict(row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor
    told: dict[int, int] = {}
    if found:
        which = select(alerts.c.story_id, func.count()).where(alerts.c.story_id.in_([row["id"] for row in found]))
        told = {row[0]: row[1] for row in conn.execute(which.group_by(alerts.c.story_id))}
    return [{**row, "sources": len(statements.origins(conn, row["id"])), "alerts": told.get(row["id"], 0)} for row in found]


def show(conn: Connection, story: StoryId) -> dict[str, Any] | None:
    """A story with its articles and alerts in order of time; a story that was joined to another one shows as that one."""
    for _ in range(10):
        row = conn.execute(select(stories).where(stories.c.id == story)).first()
        if row is None or row.joined_id is None:
            break
        story = StoryId(row.joined_id)
    if row is None:
        return None
    columns = (
        articles.c.entry_id, articles.c.title, articles.c.url, articles.c.host, articles.c.origin, articles.c.language, articles.c.added_at,
        articles.c.copy_of, articles.c.near_id, articles.c.similarity, articles.c.basis, articles.c.parts,
        feeds.c.name.label("feed_name"), feeds.c.title.label("feed_title"),
    )  # fmt: skip
    reports = (
        select(*columns)
        .select_from(articles.join(entries, entries.c.id == articles.c.entry_id).join(feeds, feeds.c.id == entries.c.feed_id))
        .where(articles.c.story_id == story)
        .order_by(articles.c.added_at, articles.c.entry_id)
    )
    told = (
        select(alerts.c.id, alerts.c.rule, alerts.c.reason, alerts.c.is_update, alerts.c.created_at, alerts.c.entry_id)
        .where(alerts.c.story_id == story)
        .order_by(alerts.c.created_at, alerts.c.id)
    )
    return {
        "id": story,
        "title": row.title,
        "created_at": row.created_at,
        "last_at": row.last_at,
        "sources": sorted(statements.origins(conn, story)),
        "articles": [dict(each._mapping) for each in conn.execute(reports)],  # noqa: SLF001
        "alerts": [dict(each._mapping) for each in conn.execute(told)],  # noqa: SLF001
    }


def story_of(conn: Connection, entry: EntryId) -> StoryId | None:
    """The story that an article stands in; None for no article."""
    found = conn.scalar(select(articles.c.story_id).where(articles.c.entry_id == entry))
    return None if found is None else StoryId(found)


def split(conn: Connection, entry_ids: Sequence[EntryId], *, now: datetime) -> StoryId:
    """Put articles, and what was told of them, into a story of their own. The caller holds ``stories.lock``.

    :raises ValueError: an article does not exist.
    """
    known = conn.execute(
        select(articles.c.entry_id, articles.c.title).where(articles.c.entry_id.in_(entry_ids)).order_by(articles.c.seq)
    ).all()
    if len(known) < len(set(entry_ids)):
        missing = sorted(set(entry_ids) - {row.entry_id for row in known})
        raise ValueError(f"no article {', '.join(map(str, missing))}")
    story = statements.create(conn, title=known[0].title, now=now)
    moved = [EntryId(row.entry_id) for row in known]
    _move(conn, moved, story)
    conn.execute(update(articles).where(articles.c.entry_id.in_(moved), articles.c.copy_of.not_in(moved)).values(copy_of=None))
    told = select(alerts.c.id, alerts.c.rule).where(alerts.c.entry_id.in_(moved)).order_by(alerts.c.created_at, alerts.c.id)
    for alert in conn.execute(told).all():
        add_once(conn, firsts, {"story_id": story, "rule": alert.rule, "alert_id": alert.id})
    conn.execute(update(alerts).where(alerts.c.entry_id.in_(moved)).values(story_id=story))
    return story


def join(conn: Connection, kept: StoryId, other: StoryId, *, now: datetime) -> int:
    """Put all articles of ``other``, and what was told of them, into ``kept``; return how many. The caller holds ``stories.lock``."""
    moved = [
        EntryId(entry) for entry in conn.scalars(select(articles.c.entry_id).where(articles.c.story_id == other).order_by(articles.c.seq))
    ]
    _move(conn, moved, kept)
    for first in conn.execute(select(firsts).where(firsts.c.story_id == other)).all():
        add_once(conn, firsts, {"story_id": kept, "rule": first.rule, "alert_id": first.alert_id})
    conn.execute(delete(firsts).where(firsts.c.story_id == other))
    conn.execute(update(alerts).where(alerts.c.story_id == other).values(story_id=kept))
    conn.execute(update(stories).where(stories.c.id == other).values(joined_id=kept))
    statements.touch(conn, kept, now=now)
    return len(moved)


def _move(conn: Connection, moved: Sequence[EntryId], story: StoryId) -> None:
    seq = conn.scalar(select(func.max(articles.c.seq))) or 0
    for entry in moved:
        seq += 1
        conn.execute(update(articles).where(articles.c.entry_id == entry).values(story_id=story, seq=seq, basis=BY_HAND))
