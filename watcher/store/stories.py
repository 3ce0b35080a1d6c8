"""Statements on stories, and the sketches that the index in memory follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from watcher.model import EntryId, StoryId, StoryView
from watcher.store.leases import serialise
from watcher.store.schema import articles, entries, feeds, stories

MOST_OTHERS = 20
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Sketch:
    """One article as the index needs it."""

    seq: int
    entry_id: EntryId
    story_id: StoryId
    sketch: bytes
    canonical_url: str | None
    title: str
    host: str
    entities: tuple[str, ...]
    at: datetime


def lock(conn: Connection) -> None:
    """Let one transaction at a time decide stories, so that sequence numbers grow in the order of commits."""
    serialise(conn)


def sketches_since(conn: Connection, seq: int, *, since: datetime) -> Iterator[Sketch]:
    """Articles committed after sequence number ``seq`` and added at ``since`` or later, in that order; a few thousand at a time."""
    if seq == 0:  # from the beginning: that is where the window begins, not the archive
        oldest = select(func.min(articles.c.seq)).where(articles.c.added_at >= since)  # an article that was moved has a new number
        seq = (conn.scalar(oldest) or 1) - 1
    columns = (
        articles.c.seq, articles.c.entry_id, articles.c.story_id, articles.c.sketch, articles.c.canonical_url, articles.c.title,
        articles.c.host, articles.c.entities, articles.c.added_at,
    )  # fmt: skip
    while True:
        rows = conn.execute(select(*columns).where(articles.c.seq > seq).order_by(articles.c.seq).limit(_CHUNK)).all()
        for row in rows:
            seq = row.seq
            if row.added_at >= since:
                entities = tuple(row.entities or ())
                sketch = bytes(row.sketch)
                yield Sketch(seq, row.entry_id, row.story_id, sketch, row.canonical_url, row.title, row.host, entities, row.added_at)
        if len(rows) < _CHUNK:
            return


def create(conn: Connection, *, title: str, now: datetime) -> StoryId:
    """Open a story."""
    return StoryId(conn.execute(stories.insert().values(title=title, created_at=now, last_at=now).returning(stories.c.id)).scalar_one())


def touch(conn: Connection, story: StoryId, *, now: datetime) -> None:
    """Note that an article joined."""
    conn.execute(update(stories).where(stories.c.id == story).values(last_at=now))


def origins(conn: Connection, story: StoryId) -> frozenset[str]:
    """The independent sources of a story: who stands behind the reports that are no copies of another one."""
    which = (articles.c.story_id == story, articles.c.copy_of.is_(None))
    return frozenset(conn.scalars(select(func.coalesce(articles.c.origin, articles.c.host)).where(*which).distinct()))


def view(conn: Connection, story: StoryId) -> StoryView:
    """A story as committed so far: its articles, its independent sources (see :func:`origins`), and its other reports."""
    row = conn.execute(
        select(func.count().label("articles"), func.min(articles.c.added_at).label("first")).where(articles.c.story_id == story)
    ).one()
    named = (
        select(feeds.c.name, feeds.c.title, articles.c.url, articles.c.host)
        .select_from(articles.join(entries, entries.c.id == articles.c.entry_id).join(feeds, feeds.c.id == entries.c.feed_id))
        .where(articles.c.story_id == story)
        .order_by(articles.c.entry_id)
        .limit(MOST_OTHERS)
    )
    others = tuple((r.name or r.title or r.host, r.url or "", r.host) for r in conn.execute(named))
    return StoryView(id=story, articles=row.articles, sources=len(origins(conn, story)), first_seen_at=row.first, others=others)
