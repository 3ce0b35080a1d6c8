"""Statements on feeds and hosts: the poller's queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from watcher.model import Document, Entry, EntryId, FeedId, FeedState
from watcher.store.columns import digest
from watcher.store.schema import entries, feeds, hosts

BATCH_PER_HOST = 4  # times per_host: enough that a host's slots never run dry between two claims
CANDIDATES = 4  # times the limit: looked at, so that one host's many feeds do not hide the others'
_STATE = tuple(f.name for f in fields(FeedState))
_STATE_COLUMNS = tuple(feeds.c[name] for name in _STATE)


@dataclass(frozen=True, slots=True)
class FeedSeed:
    """A configured feed, as :func:`sync` needs it. ``due_at`` counts only for a feed that is new."""

    url: str
    host: str
    name: str
    interval: timedelta
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The outcome of a poll that brought nothing: one row of one statement."""

    id: FeedId
    epoch: int
    due_at: datetime | None
    interval: timedelta
    polled_at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """What a poll's document brought: entries for the reader, and entries recorded as known."""

    readable: int = 0
    known: int = 0
    ids: tuple[EntryId, ...] = ()


def sync(conn: Connection, seeds: Sequence[FeedSeed], *, now: datetime) -> None:
    """Make the rows agree with the configuration: new feeds are due as their seed says, removed ones pause, returning ones resume."""
    have = {row.url: row for row in conn.execute(select(feeds.c.id, feeds.c.url, feeds.c.name, feeds.c.removed_at, feeds.c.gone_at))}
    wanted = {seed.url for seed in seeds}
    new, renamed, returning = [], [], []
    for seed in seeds:
        row = have.get(seed.url)
        if row is None:
            new.append({
                "url": seed.url, "url_key": digest(seed.url), "host": seed.host, "name": seed.name, "fetch_url": seed.url,
                "due_at": seed.due_at, "interval": seed.interval, "known_spans": b"", "added_at": now,
            })  # fmt: skip
            continue
        if row.removed_at is not None:
            returning.append({"b_id": row.id, "b_due": seed.due_at if row.gone_at is None else None})
        if row.name != seed.name:
            renamed.append({"b_id": row.id, "b_name": seed.name})
    if new:
        conn.execute(feeds.insert(), new)
    by_id = feeds.c.id == bindparam("b_id")
    if renamed:
        conn.execute(update(feeds).where(by_id).values(name=bindparam("b_name")), renamed)
    if returning:
        conn.execute(update(feeds).where(by_id).values(removed_at=None, due_at=bindparam("b_due"), epoch=feeds.c.epoch + 1), returning)
    gone = [{"b_id": row.id} for url, row in have.items() if url not in wanted and row.removed_at is None]
    if gone:
        conn.execute(update(feeds).where(by_id).values(removed_at=now, due_at=None, claimed_at=None, epoch=feeds.c.epoch + 1), gone)


def claim(
    conn: Connection, *, now: datetime, lease: timedelta, limit: int, per_host: int, busy_hosts: Collection[str] = ()
) -> list[FeedState]:
    """Take feeds that are due, oldest first: at most ``limit``, a few of each host, none of busy or blocked hosts."""
    blocked = select(hosts.c.host).where(hosts.c.blocked_until > now)
    query = select(feeds.c.id, feeds.c.host).where(feeds.c.due_at <= now, feeds.c.due_at.is_not(None), feeds.c.host.not_in(blocked))
    if busy_hosts:
        query = query.where(feeds.c.host.not_in(sorted(busy_hosts)))
    query = query.order_by(feeds.c.due_at).limit(limit * CANDIDATES)
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True, of=feeds)
    taken: Counter[str] = Counter()
    chosen: list[int] = []
    for row in conn.execute(query):
        if len(chosen) < limit and taken[row.host] < per_host * BATCH_PER_HOST:
            taken[row.host] += 1
            chosen.append(row.id)
    if not chosen:
        return []
    statement = (
        update(feeds)
        .where(feeds.c.id.in_(chosen))
        .values(due_at=now + lease, claimed_at=now, epoch=feeds.c.epoch + 1)
        .returning(*_STATE_COLUMNS)
    )
    rows = {row.id: FeedState(**row._mapping) for row in conn.execute(statement)}  # noqa: SLF001  the documented accessor
    return [rows[feed] for feed in chosen]


def next_due_at(conn: Connection) -> datetime | None:
    """When the next feed is due, None when none ever will be."""
    return conn.scalar(select(feeds.c.due_at).where(feeds.c.due_at.is_not(None)).order_by(feeds.c.due_at).limit(1))


_UNCHANGED = (
    update(feeds)
    .where(feeds.c.id == bindparam("b_id"), feeds.c.epoch == bindparam("b_epoch"))
    .values(
        due_at=bindparam("b_due"), interval=bindparam("b_interval"), last_polled_at=bindparam("b_at"),
        last_success_at=bindparam("b_at"), claimed_at=None,
    )
)  # fmt: skip


def finish_unchanged(conn: Connection, rows: Sequence[Unchanged]) -> None:
    """Record polls that brought nothing, as one statement; rows whose claim was lost stay as they are."""
    conn.execute(_UNCHANGED, [{"b_id": r.id, "b_epoch": r.epoch, "b_due": r.due_at, "b_interval": r.interval, "b_at": r.polled_at} for r in rows])


def finish(
    conn: Connection, after: FeedState, *, document: Document | None = None, baseline: bool = False, backfill: int = 0, now: datetime
) -> Finished | None:
    """Record a poll in one go: new entries and the feed's next state, or nothing where the claim was lost (then None).

    :param baseline: the feed's first document: its entries are known, but for the newest ``backfill`` ones.
    """
    values = {name: value for name, value in asdict(after).items() if name not in ("id", "url", "host", "epoch")}
    done = conn.execute(update(feeds).where(feeds.c.id == after.id, feeds.c.epoch == after.epoch).values(**values, claimed_at=None))
    if done.rowcount != 1:
        return None
    if document is None:
        return Finished()
    readable = _newest(document.entries, backfill) if baseline else set(range(len(document.entries)))
    rows = [_row(after.id, entry, now, readable=n in readable, backfill=baseline) for n, entry in enumerate(document.entries)]
    rows += [_known(after.id, identity, now) for identity in document.known]
    inserted = _insert(conn, rows)
    count = sum(1 for _, status in inserted if status == "new")
    return Finished(readable=count, known=len(inserted) - count, ids=tuple(EntryId(i) for i, status in inserted if status == "new"))


def _newest(found: Sequence[Entry], count: int) -> set[int]:
    """Positions of the newest entries: by date where all have one, else as the feed orders them."""
    order = list(range(len(found)))
    dates = [entry.published_at for entry in found]
    if found and all(date is not None for date in dates):
        order.sort(key=lambda n: (-dates[n].timestamp(), n))  # type: ignore[union-attr]  # none is None
    return set(order[:count])


def _row(feed: FeedId, entry: Entry, now: datetime, *, readable: bool, backfill: bool) -> dict[str, Any]:
    return {
        "feed_id": feed, "identity": entry.identity, "identity_key": digest(entry.identity), "title": entry.title, "url": entry.url,
        "url_key": digest(entry.url) if entry.url else None, "summary": entry.summary if readable else None,
        "content": entry.content if readable else None, "author": entry.author, "tags": list(entry.tags), "language": entry.language,
        "published_at": entry.published_at, "updated_at": entry.updated_at, "first_seen_at": now, "due_at": now if readable else None,
        "status": "new" if readable else "known", "backfill": readable and backfill,
    }  # fmt: skip


def _known(feed: FeedId, identity: str, now: datetime) -> dict[str, Any]:
    return {
        "feed_id": feed, "identity": identity, "identity_key": digest(identity), "title": "", "url": None, "url_key": None, "summary": None,
        "content": None, "author": "", "tags": None, "language": None, "published_at": None, "updated_at": None, "first_seen_at": now,
        "due_at": None, "status": "known", "backfill": False,
    }  # fmt: skip


def _insert(conn: Connection, rows: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Insert entries that are not there yet; return (id, status) of those that were new."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(entries).on_conflict_do_nothing(index_elements=["feed_id", "identity_key"]).returning(entries.c.id, entries.c.status)
    return [(row.id, row.status) for row in conn.execute(statement, rows)] if rows else []


def give_back(conn: Connection, rows: Sequence[tuple[int, int]], *, now: datetime) -> None:
    """Make claimed feeds due at once for whoever comes next."""
    _each(conn, rows, due_at=now, claimed_at=None)


def renew(conn: Connection, rows: Sequence[tuple[int, int]], due_at: datetime) -> None:
    """Hold claims until ``due_at``."""
    _each(conn, rows, due_at=due_at)


def _each(conn: Connection, rows: Sequence[tuple[int, int]], **values: Any) -> None:
    if rows:
        mine = and_(feeds.c.id == bindparam("b_id"), feeds.c.epoch == bindparam("b_epoch"), feeds.c.claimed_at.is_not(None))
        conn.execute(update(feeds).where(mine).values(**values), [{"b_id": row, "b_epoch": epoch} for row, epoch in rows])


def take_all_back(conn: Connection, *, now: datetime) -> int:
    """End all leases: for a daemon that is alone on its database."""
    return conn.execute(update(feeds).where(feeds.c.claimed_at.is_not(None)).values(due_at=now, claimed_at=None, epoch=feeds.c.epoch + 1)).rowcount


def make_due(conn: Connection, urls: Sequence[str] | None, *, now: datetime) -> int:
    """Make feeds due now: all, or those of ``urls`` (also ones that had stopped); return how many."""
    which = feeds.c.removed_at.is_(None)
    if urls is not None:
        which = and_(which, or_(feeds.c.url.in_(urls), feeds.c.name.in_(urls), feeds.c.title.in_(urls)))
    return conn.execute(update(feeds).where(which, feeds.c.claimed_at.is_(None)).values(due_at=now, gone_at=None)).rowcount


def clamp(conn: Connection, *, now: datetime, horizon: timedelta, longest: Mapping[str, timedelta] | None = None) -> int:
    """After a clock that jumped or an interval that shrank: nothing is due later than it ever would be; return how many moved.

    :param longest: by URL, feeds whose own interval bounds them more closely, or more loosely, than ``horizon``.
    """
    own = {url: span for url, span in (longest or {}).items()}
    count = 0
    for row in conn.execute(select(feeds.c.id, feeds.c.url, feeds.c.due_at, feeds.c.failures).where(feeds.c.due_at.is_not(None))).all():
        bound = now + (own[row.url] if row.url in own and not row.failures else max(horizon, own.get(row.url, horizon)))
        if row.due_at > bound:
            conn.execute(update(feeds).where(feeds.c.id == row.id).values(due_at=bound))
            count += 1
    return count


def block_host(conn: Connection, host: str, *, until: datetime, reason: str) -> None:
    """Let no process poll ``host`` before ``until``; never shortens an earlier block."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(hosts).values(host=host, blocked_until=until, reason=reason)
    later = statement.excluded.blocked_until > hosts.c.blocked_until
    conn.execute(statement.on_conflict_do_update(index_elements=["host"], set_={"blocked_until": until, "reason": reason}, where=later))


def listing(conn: Connection, *, now: datetime, limit: int = 1000, offset: int = 0) -> list[dict[str, Any]]:
    """Configured feeds, those in trouble first, with their number of entries and of new ones in 24 h."""
    count = select(func.count()).where(entries.c.feed_id == feeds.c.id).correlate(feeds).scalar_subquery()
    recent = (
        select(func.count())
        .where(entries.c.feed_id == feeds.c.id, entries.c.first_seen_at > now - timedelta(days=1), entries.c.status != "known")
        .correlate(feeds)
        .scalar_subquery()
    )
    query = (
        select(*_STATE_COLUMNS, feeds.c.name, count.label("entries"), recent.label("new_24h"))
        .where(feeds.c.removed_at.is_(None))
        .order_by(feeds.c.failures.desc(), feeds.c.name, feeds.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [dict(row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor
