"""Articles as they were read, for commands that look back: searching, trying rules on the past, indexing.

Articles are numbered in the order of their commits (``seq``). Texts come as they lie in the table, and are unpacked where they are looked at:
often in another process.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, Select, func, select, type_coerce

from watcher.model import EntryId, FeedId, StoryId
from watcher.store.columns import unpack
from watcher.store.leases import among
from watcher.store.schema import articles, entries, feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One article with what was decided about its story, and its feed. ``host``: who says so; ``origin``: who stands behind it, None for the host. ``entities``: ids found
    in it by the rules of its time. ``packed``: the text, compressed."""

    seq: int
    entry_id: EntryId
    story_id: StoryId
    feed_id: FeedId
    feed_url: str
    feed_name: str
    feed_title: str
    identity: str
    first_seen_at: datetime
    title: str
    url: str | None
    canonical_url: str | None
    host: str
    origin: str | None
    packed: bytes | None
    author: str
    language: str | None
    published_at: datetime | None
    tags: tuple[str, ...]
    entities: tuple[str, ...]
    copy_of: EntryId | None
    similarity: float
    basis: str
    added_at: datetime

    @property
    def text(self) -> str:
        """The article's text."""
        return unpack(self.packed) if self.packed is not None else ""


_COLUMNS = (
    articles.c.seq, articles.c.entry_id, articles.c.story_id, entries.c.feed_id, feeds.c.url.label("feed_url"), feeds.c.name.label("feed_name"),
    feeds.c.title.label("feed_title"), entries.c.identity, entries.c.first_seen_at, articles.c.title, articles.c.url, articles.c.canonical_url,
    articles.c.host, articles.c.origin, type_coerce(articles.c.text, LargeBinary).label("packed"), articles.c.author, articles.c.language, articles.c.published_at,
    articles.c.tags, articles.c.entities, articles.c.copy_of, articles.c.similarity, articles.c.basis, articles.c.added_at,
)  # fmt: skip


def bounds(conn: Connection, *, since: datetime | None = None) -> tuple[int, int]:
    """Return the first and the last number of the articles added at ``since`` or later; the first is greater where there is none."""
    last = conn.scalar(select(func.max(articles.c.seq))) or 0
    if since is None:
        return conn.scalar(select(func.min(articles.c.seq))) or 1, last
    first = select(articles.c.seq).where(articles.c.added_at >= since).order_by(articles.c.added_at, articles.c.seq).limit(1)
    return conn.scalar(first) or last + 1, last


def onward(conn: Connection, *, low: int, high: int, limit: int) -> list[Archived]:
    """Return articles from number ``low`` to ``high``, in that order, at most ``limit``."""
    return _rows(conn, _select().where(articles.c.seq >= low, articles.c.seq <= high).order_by(articles.c.seq).limit(limit))


def back(conn: Connection, *, low: int, high: int, limit: int) -> list[Archived]:
    """Return articles from number ``high`` down to ``low``, at most ``limit``."""
    return _rows(conn, _select().where(articles.c.seq >= low, articles.c.seq <= high).order_by(articles.c.seq.desc()).limit(limit))


def numbered(conn: Connection, numbers: Sequence[int]) -> list[Archived]:
    """Return the articles of these numbers, in their order; those that are forgotten are left out."""
    found = {row.seq: row for row in _rows(conn, _select().where(among(conn, articles.c.seq, numbers)))}
    return [found[number] for number in numbers if number in found]


def of_story(conn: Connection, story: StoryId, *, after: int, before: int) -> list[Archived]:
    """Return the articles of a story between two numbers, without their texts, in order."""
    which = (articles.c.story_id == story, articles.c.seq > after, articles.c.seq < before)
    columns = [column for column in _COLUMNS if column.name != "packed"]
    return _rows(conn, _joined(*columns).where(*which).order_by(articles.c.seq))


def named(conn: Connection) -> list[tuple[FeedId, str, str, str]]:
    """Return every feed's id, URL, configured name and own title."""
    return [tuple(row) for row in conn.execute(select(feeds.c.id, feeds.c.url, feeds.c.name, feeds.c.title).order_by(feeds.c.id))]


def _joined(*columns: Any) -> Select[Any]:
    joined = articles.join(entries, entries.c.id == articles.c.entry_id).join(feeds, feeds.c.id == entries.c.feed_id)
    return select(*columns).select_from(joined)


def _select() -> Select[Any]:
    return _joined(*_COLUMNS)


def _rows(conn: Connection, query: Select[Any]) -> list[Archived]:
    found: Collection[Any] = conn.execute(query).mappings().all()
    return [
        Archived(**{"packed": None, **row, "tags": tuple(row["tags"] or ()), "entities": tuple(row["entities"] or ())}) for row in found
    ]
