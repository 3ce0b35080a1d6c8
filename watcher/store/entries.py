"""Statements on entries and what was found in them: the reader's queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, union_all, update

from watcher.model import Article, Decision, Entry, EntryId, FeedId, Match, Story, StoryId
from watcher.store.columns import digest
from watcher.store.leases import Queue, among
from watcher.store.retention import prune
from watcher.store.schema import alerts, articles, entries, feeds, matches

_queue = Queue(entries)
renew, give_back, take_all_back = _queue.renew, _queue.give_back, _queue.take_all_back

__all__ = [
    "ClaimedEntry", "claim", "clamp", "dead", "find", "finish", "give_back", "look_no_more", "matched_rules", "matches_of", "owned", "prune",
    "renew", "retry", "story_of", "take_all_back",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedEntry:
    """An entry in work, with what the reader needs of its feed.

    ``looks``: how often it was read without its page; it has its article, matches and story then, and is read once more.
    """

    id: EntryId
    epoch: int
    feed_id: FeedId
    feed_url: str
    feed_title: str
    entry: Entry
    first_seen_at: datetime
    attempts: int
    looks: int
    backfill: bool


_COLUMNS = (
    entries.c.id, entries.c.epoch, entries.c.feed_id, entries.c.identity, entries.c.title, entries.c.url, entries.c.summary, entries.c.content,
    entries.c.author, entries.c.tags, entries.c.language, entries.c.published_at, entries.c.updated_at, entries.c.first_seen_at,
    entries.c.attempts, entries.c.looks, entries.c.backfill,
)  # fmt: skip


def claim(conn: Connection, *, now: datetime, lease: timedelta, limit: int) -> list[ClaimedEntry]:
    """Take entries that are due, oldest first."""
    query = (
        select(entries.c.id)
        .where(entries.c.due_at <= now, entries.c.due_at.is_not(None))
        .order_by(entries.c.due_at, entries.c.id)
        .limit(limit)
    )
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    ids = list(conn.scalars(query))
    if not ids:
        return []
    statement = (
        update(entries)
        .where(among(conn, entries.c.id, ids))
        .values(due_at=now + lease, claimed_at=now, epoch=entries.c.epoch + 1)
        .returning(*_COLUMNS)
    )
    rows = {row.id: row for row in conn.execute(statement)}
    of_feed = {row.feed_id for row in rows.values()}
    named = {row.id: row for row in conn.execute(select(feeds.c.id, feeds.c.url, feeds.c.title).where(among(conn, feeds.c.id, of_feed)))}
    return [_claimed(rows[i], named[rows[i].feed_id]) for i in ids]


def _claimed(row: Any, feed: Any) -> ClaimedEntry:
    entry = Entry(
        identity=row.identity, title=row.title, url=row.url, summary=row.summary or "", content=row.content or "", author=row.author,
        tags=tuple(row.tags or ()), language=row.language, published_at=row.published_at, updated_at=row.updated_at,
    )  # fmt: skip
    return ClaimedEntry(
        id=row.id, epoch=row.epoch, feed_id=row.feed_id, feed_url=feed.url, feed_title=feed.title, entry=entry,
        first_seen_at=row.first_seen_at, attempts=row.attempts, looks=row.looks, backfill=row.backfill,
    )  # fmt: skip


def owned(conn: Connection, entry: EntryId, epoch: int) -> bool:
    """Whether the claim still holds; the transaction then keeps it."""
    query = select(entries.c.id).where(entries.c.id == entry, entries.c.epoch == epoch, entries.c.claimed_at.is_not(None))
    if conn.dialect.name == "postgresql":
        query = query.with_for_update()
    return conn.scalar(query) is not None


_DONE = (
    update(entries)
    .where(entries.c.id == bindparam("b_id"))
    .values(status="done", reason="", due_at=None, claimed_at=None, finished_at=bindparam("b_at"), summary=None, content=None)
)  # the texts are the article's now


def finish(
    conn: Connection,
    claimed: ClaimedEntry,
    *,
    article: Article,
    canonical_url: str | None,
    host: str,
    origin: str | None = None,
    sketch: bytes,
    story: Story,
    entities: Sequence[str],
    found: Sequence[tuple[Match, Decision]],
    now: datetime,
    again_at: datetime | None = None,
) -> None:
    """Record what was read and decided. The caller has asked :func:`owned` and ``stories.lock`` in this transaction.

    :param again_at: when to read the entry again because its page was not to be had; it keeps the feed's texts until then.
    """
    # retention never deletes the newest article, so a number is not given twice
    seq = (conn.scalar(select(func.max(articles.c.seq))) or 0) + 1
    page_url = article.page_url if article.page_url != article.url else None
    row = {
        "page_url": page_url, "page_key": digest(page_url) if page_url else None, "entry_id": claimed.id, "seq": seq, "story_id": story.id, "url": article.url, "canonical_url": canonical_url,
        "canonical_key": digest(canonical_url) if canonical_url else None, "host": host, "origin": origin, "title": article.title, "text": article.text,
        "author": article.author, "language": article.language, "published_at": article.published_at, "site": article.site,
        "source": article.source.value, "quality": article.quality, "note": article.note, "tags": list(article.tags),
        "entities": list(entities), "sketch": sketch, "copy_of": int(story.copy_of) if story.copy_of else None,
        "near_id": story.near, "parts": [round(part, 3) for part in story.parts] if story.parts else None,
        "similarity": story.similarity, "basis": story.basis, "added_at": now,
    }  # fmt: skip
    if claimed.looks:
        conn.execute(update(articles).where(articles.c.entry_id == claimed.id).values(row))
    else:
        conn.execute(articles.insert(), row)
    if found:
        rows = [
            {
                "entry_id": claimed.id, "rule": match.rule, "reason": decision.reason.value, "detail": decision.detail,
                "is_update": decision.update, "evidence": [asdict(e) for e in match.evidence], "score": match.score, "matched_at": now,
                "silence_id": decision.silence,
            }
            for match, decision in found
        ]  # fmt: skip
        conn.execute(matches.insert(), rows)
    conn.execute(_DONE, {"b_id": claimed.id, "b_at": now})
    if again_at:
        texts = {"summary": claimed.entry.summary, "content": claimed.entry.content}
        _mine(conn, claimed, due_at=again_at, looks=claimed.looks + 1, **texts)


def retry(conn: Connection, claimed: ClaimedEntry, *, due_at: datetime, reason: str) -> None:
    """Put a failed entry off; its claim ends."""
    _mine(conn, claimed, due_at=due_at, claimed_at=None, attempts=claimed.attempts + 1, reason=reason[:500])


def dead(conn: Connection, claimed: ClaimedEntry, *, reason: str, now: datetime) -> None:
    """Give an entry up."""
    _mine(conn, claimed, due_at=None, claimed_at=None, attempts=claimed.attempts + 1, reason=reason[:500], status="dead", dead_at=now)


def look_no_more(conn: Connection, claimed: ClaimedEntry, *, again_at: datetime | None) -> None:
    """End another look that found no page: what was read before stands. ``again_at``: when to look once more, if ever."""
    texts = {} if again_at else {"summary": None, "content": None}
    _mine(conn, claimed, due_at=again_at, claimed_at=None, looks=claimed.looks + 1, **texts)


def matched_rules(conn: Connection, entry: EntryId) -> frozenset[str]:
    """The rules that an entry matched when it was read before."""
    return frozenset(conn.scalars(select(matches.c.rule).where(matches.c.entry_id == entry)))


def story_of(conn: Connection, entry: EntryId) -> tuple[StoryId, bool]:
    """The story that an entry was put into when it was read before, and whether it is alone there and was never told."""
    story = conn.execute(select(articles.c.story_id).where(articles.c.entry_id == entry)).scalar_one()
    others = select(articles.c.entry_id).where(articles.c.story_id == story, articles.c.entry_id != entry).limit(1)
    told = select(alerts.c.id).where(alerts.c.story_id == story).limit(1)
    return StoryId(story), conn.scalar(others) is None and conn.scalar(told) is None


def _mine(conn: Connection, claimed: ClaimedEntry, **values: Any) -> None:
    conn.execute(update(entries).where(entries.c.id == claimed.id, entries.c.epoch == claimed.epoch).values(**values))


def clamp(conn: Connection, *, now: datetime, horizon: timedelta) -> int:
    """After a clock that jumped back: what would wait longer than ``horizon`` (the longest pause between tries) is due now."""
    late = (entries.c.due_at > now + horizon, entries.c.due_at.is_not(None))
    return conn.execute(update(entries).where(*late).values(due_at=now, claimed_at=None, epoch=entries.c.epoch + 1)).rowcount


def find(conn: Connection, wanted: str) -> dict[str, Any] | None:
    """One entry by its id, its link or the article's canonical URL, with its feed and article; the newest where several share a link."""
    key = digest(wanted)
    linked = select(entries.c.id).where(entries.c.url_key == key)  # an OR over two tables would be looked for nowhere but everywhere
    same = select(articles.c.entry_id).where(articles.c.canonical_key == key)
    which = entries.c.id == int(wanted) if wanted.isdecimal() and len(wanted) < 19 else entries.c.id.in_(union_all(linked, same))
    query = (
        select(
            entries,
            feeds.c.url.label("feed_url"), feeds.c.name.label("feed_name"), feeds.c.title.label("feed_title"),
            articles.c.title.label("article_title"), articles.c.text, articles.c.canonical_url, articles.c.language.label("article_language"),
            articles.c.author.label("article_author"), articles.c.source, articles.c.quality, articles.c.note, articles.c.story_id,
            articles.c.copy_of, articles.c.near_id, articles.c.parts, articles.c.origin, articles.c.similarity, articles.c.basis, articles.c.tags.label("article_tags"), articles.c.url.label("article_url"),
            articles.c.published_at.label("article_published_at"), articles.c.page_url, articles.c.site, articles.c.entities.label("article_entities"),
        )
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(articles, articles.c.entry_id == entries.c.id)
        .where(which)
        .order_by(entries.c.id.desc())
        .limit(1)
    )  # fmt: skip
    row = conn.execute(query).first()
    return None if row is None else dict(row._mapping)  # noqa: SLF001  the documented accessor


def matches_of(conn: Connection, entry: int) -> list[dict[str, Any]]:
    """What an entry matched, with decision and evidence."""
    return [dict(row._mapping) for row in conn.execute(select(matches).where(matches.c.entry_id == entry).order_by(matches.c.rule))]  # noqa: SLF001
