"""What a document brings for a feed: entries that are new, that are known, that left and that came back. Part of a poll's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from watcher.model import Document, Entry, EntryId, FeedId
from watcher.store import renamed
from watcher.store.columns import digest
from watcher.store.leases import adding, among
from watcher.store.schema import entries

_FEW = 100


@dataclass(frozen=True, slots=True)
class Finished:
    """What a poll's document brought: entries for the reader, and entries recorded as known.

    ``moved``: the feed gave its entries new identities, and they were recognised by their titles.
    """

    readable: int = 0
    known: int = 0
    ids: tuple[EntryId, ...] = ()
    moved: bool = False


def record(conn: Connection, feed: FeedId, document: Document, *, baseline: bool, backfill: int, now: datetime) -> Finished:
    """Record the entries of a document; see ``feeds.finish``."""
    readable = _newest(document.entries, backfill) if baseline else set(range(len(document.entries)))
    rows = [_row(feed, entry, now, readable=n in readable, backfill=baseline) for n, entry in enumerate(document.entries)]
    titles = document.known_titles or ("",) * len(document.known)
    rows += [_known(feed, identity, now, title=title) for identity, title in zip(document.known, titles, strict=True)]
    # Of two items with one identity the first counts. Most documents begin with the newest: stored, and so read, oldest first.
    by_key = {row["identity_key"]: row for row in reversed(rows)}
    inserted, moved = _insert(conn, feed, by_key, total=0 if baseline else document.total)
    if document.complete and 0 < document.total <= len(rows) + sum(count for _, count in document.skipped):
        _note_presence(conn, feed, by_key.keys(), now)
    new = tuple(EntryId(entry) for entry, status in inserted if status == "new")
    return Finished(readable=len(new), known=len(inserted) - len(new), ids=new, moved=moved)


def _newest(found: Sequence[Entry], count: int) -> set[int]:
    """Positions of the newest entries: by date where all have one, else as the feed orders them."""
    dates = [entry.published_at for entry in found]
    order = list(range(len(found)))
    if all(date is not None for date in dates):
        order.sort(key=lambda n: (dates[n], -n), reverse=True)  # none is None
    return set(order[:count])


def _row(feed: FeedId, entry: Entry, now: datetime, *, readable: bool, backfill: bool) -> dict[str, Any]:
    return _known(feed, entry.identity, now, title=entry.title) | {
        "title": entry.title, "url": entry.url, "url_key": digest(entry.url) if entry.url else None,
        "summary": entry.summary if readable else None, "content": entry.content if readable else None, "author": entry.author,
        "tags": list(entry.tags), "language": entry.language, "published_at": entry.published_at, "updated_at": entry.updated_at,
        "due_at": now if readable else None, "status": "new" if readable else "known", "backfill": readable and backfill,
    }  # fmt: skip


def _known(feed: FeedId, identity: str, now: datetime, *, title: str) -> dict[str, Any]:
    """An entry that is only remembered."""
    return {
        "feed_id": feed, "identity": identity, "identity_key": digest(identity), "first_seen_at": now, "status": "known",
        "title_key": renamed.title_key(title),
    }  # fmt: skip


def _insert(conn: Connection, feed: FeedId, rows: Mapping[bytes, dict[str, Any]], *, total: int) -> tuple[list[tuple[int, str]], bool]:
    """Insert entries that are not there yet, under this identity or another.

    :param total: the number of items in the document; 0 for a first one, in which nothing can come back.
    :returns: (id, status) of those that were new, 0 for those that are only remembered; and whether the feed has moved.
    """
    seen = set(_rows_of(conn, feed, rows, entries.c.identity_key))
    new = [row for key, row in rows.items() if key not in seen]
    back, moved = renamed.recognise(conn, feed, new, rows.keys(), total) if new and total else (frozenset(), False)
    new = [row for row in new if row["identity_key"] not in back]
    statement = adding(conn, entries).on_conflict_do_nothing(index_elements=["feed_id", "identity_key"])
    silent, whole = [row for row in new if "title" not in row], [row for row in new if "title" in row]
    if silent:  # tens of thousands, in a giant feed's first poll
        conn.execute(statement, silent)
    inserted = conn.execute(statement.returning(entries.c.id, entries.c.status), whole).all() if whole else ()
    return [(0, "known")] * (len(silent) + len(back)) + [(row.id, row.status) for row in inserted], moved


def _note_presence(conn: Connection, feed: FeedId, keys: Collection[bytes], now: datetime) -> None:
    """After a document that was read as a whole: note which entries have left it, and which came back.

    Written once for each entry that leaves, so that retention can tell how long ago that was (RELIABILITY P23).
    """
    present = conn.execute(select(entries.c.id, entries.c.identity_key).where(entries.c.feed_id == feed, entries.c.left_at.is_(None)))
    left = [{"b_id": row.id, "b_at": now} for row in present if row.identity_key not in keys]
    back = [{"b_id": entry, "b_at": None} for entry in _rows_of(conn, feed, keys, entries.c.id, entries.c.left_at.is_not(None))]
    if left or back:
        conn.execute(update(entries).where(entries.c.id == bindparam("b_id")).values(left_at=bindparam("b_at")), left + back)


def _rows_of(conn: Connection, feed: FeedId, keys: Collection[bytes], column: Any, *which: Any) -> list[Any]:
    """``column`` of a feed's entries with these identities."""
    query = select(column, entries.c.identity_key).where(entries.c.feed_id == feed, *which)
    if len(keys) <= _FEW:  # else the feed's whole list is the cheaper question, whatever a planner thinks
        query = query.where(among(conn, entries.c.identity_key, list(keys)))
    return [row[0] for row in conn.execute(query) if row.identity_key in keys]
