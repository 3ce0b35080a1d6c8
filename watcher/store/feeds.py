"""Statements on feeds and hosts: the poller's queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, null, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from watcher.model import Document, FeedId, FeedState
from watcher.store import arrivals
from watcher.store.arrivals import Finished
from watcher.store.columns import MICROSECOND, Instant, digest, micros
from watcher.store.leases import Prepared, Queue, adding, among, in_listed, listed, serialise
from watcher.store.schema import entries, feeds, hosts

BATCH_PER_HOST = 4  # times per_host: enough that a host's slots never run dry between two claims
ROUNDS = 6  # of looking further down the queue, where one host's many feeds hide the others'
_CHUNK = 500
_STATE = tuple(f.name for f in fields(FeedState))
_STATE_COLUMNS = tuple(feeds.c[name] for name in _STATE)

_queue = Queue(feeds)
renew, give_back, take_all_back = _queue.renew, _queue.give_back, _queue.take_all_back


@dataclass(frozen=True, slots=True)
class FeedSeed:
    """A configured feed, as :func:`sync` needs it. ``due_at`` counts only for a feed that is new or returns."""

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


def sync(conn: Connection, seeds: Sequence[FeedSeed], *, now: datetime) -> None:
    """Make the rows agree with the configuration: new feeds are due as their seed says, removed ones pause, returning ones resume.

    What polling remembers of a feed that was removed is kept, so that its return is no first poll.
    """
    columns = (feeds.c.id, feeds.c.url, feeds.c.name, feeds.c.host, feeds.c.removed_at)
    have = {row.url: row for row in conn.execute(select(*columns))}
    wanted = {seed.url: seed for seed in seeds}
    fresh = {seed.url: _fresh(seed, now) for seed in wanted.values() if seed.url not in have}
    kept = [(have[url], seed) for url, seed in wanted.items() if url in have]
    by_id = feeds.c.id == bindparam("b_id")
    changes: list[tuple[Any, list[dict[str, Any]]]] = [
        (
            # Two processes that start together insert the same feeds.
            adding(conn, feeds).on_conflict_do_nothing(index_elements=["url_key"]),
            list(fresh.values()),
        ),
        (
            update(feeds).where(by_id).values(name=bindparam("b_name"), host=bindparam("b_host")),
            [
                {"b_id": row.id, "b_name": seed.name, "b_host": seed.host}
                for row, seed in kept
                if (row.name, row.host) != (seed.name, seed.host)
            ],
        ),
        (
            update(feeds).where(by_id).values(removed_at=None, gone_at=None, due_at=bindparam("b_due"), epoch=feeds.c.epoch + 1),
            [{"b_id": row.id, "b_due": seed.due_at} for row, seed in kept if row.removed_at is not None],
        ),
        (
            update(feeds).where(by_id).values(removed_at=now, due_at=None, claimed_at=None, epoch=feeds.c.epoch + 1),
            [{"b_id": row.id} for url, row in have.items() if url not in wanted and row.removed_at is None],
        ),
    ]
    for statement, rows in changes:
        if rows:
            conn.execute(statement, rows)


def _fresh(seed: FeedSeed, now: datetime) -> dict[str, Any]:
    return {
        "url": seed.url, "url_key": digest(seed.url), "host": seed.host, "name": seed.name, "fetch_url": seed.url,
        "due_at": seed.due_at, "interval": seed.interval, "known_spans": b"", "added_at": now,
    }  # fmt: skip


def claim(
    conn: Connection,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    per_host: int,
    busy_hosts: Collection[str] = (),
    well_only: bool = False,
) -> list[FeedState]:
    """Take feeds that are due, oldest first: at most ``limit``, a few of each host, none of busy or blocked hosts.

    On PostgreSQL a host belongs to the process that holds a lease on one of its feeds, so that ``per_host`` and the
    spacing, which each process keeps by itself, hold for all of them together.

    :param well_only: leave out feeds that failed the last time.
    """
    serialise(conn)
    full = set(busy_hosts)
    taken: Counter[str] = Counter()
    claimed: list[FeedState] = []
    for size in (limit << turn for turn in range(ROUNDS)):
        room = limit - len(claimed)
        rows = _due(conn, now, full, size, well_only=well_only)
        chosen: list[FeedId] = []
        for feed, host in rows:
            if len(chosen) < room and taken[host] < per_host * BATCH_PER_HOST:
                taken[host] += 1
                chosen.append(feed)
        claimed += _take(conn, chosen, now, lease)
        if len(claimed) >= limit or len(rows) < size:
            break
        full.update(host for host, count in taken.items() if count >= per_host * BATCH_PER_HOST)
    return claimed


def _due(conn: Connection, now: datetime, full: Collection[str], limit: int, *, well_only: bool) -> list[tuple[FeedId, str]]:
    """The front of the queue, of hosts that may be polled; read from the index alone, unless only well feeds are wanted."""
    dialect = conn.dialect.name
    asked = {"b_now": now, "b_limit": limit}
    if full:
        asked["b_full"] = listed(dialect, sorted(full))
    if dialect == "postgresql":
        asked["b_process"] = _process(conn)
    return [(row[0], row[1]) for row in conn.execute(_due_query(dialect, some_full=bool(full), well_only=well_only), asked)]


@cache
def _due_query(dialect: str, *, some_full: bool, well_only: bool) -> Select[Any]:
    now = bindparam("b_now", type_=Instant)
    blocked = select(hosts.c.host).where(hosts.c.blocked_until > now)
    query = select(feeds.c.id, feeds.c.host).where(feeds.c.due_at <= now, feeds.c.due_at.is_not(None), feeds.c.host.not_in(blocked))
    if some_full:
        query = query.where(~in_listed(dialect, feeds.c.host, "b_full"))
    if well_only:
        query = query.where(feeds.c.failures == 0)
    query = query.order_by(feeds.c.due_at).limit(bindparam("b_limit"))
    if dialect == "postgresql":
        others = feeds.alias("others")
        held = (others.c.claimed_at.is_not(None), others.c.due_at > now, others.c.claimed_by != bindparam("b_process"))
        query = query.where(feeds.c.host.not_in(select(others.c.host).where(*held))).with_for_update(skip_locked=True, of=feeds)
    return query


def _take(conn: Connection, chosen: Sequence[int], now: datetime, lease: timedelta) -> list[FeedState]:
    if not chosen:
        return []
    dialect = conn.dialect.name
    asked = {"b_ids": listed(dialect, chosen), "b_due": now + lease, "b_now": now, "b_process": _process(conn)}
    rows = {row[0]: FeedState(**dict(zip(_STATE, row, strict=True))) for row in conn.execute(_take_statement(dialect), asked)}
    return [rows[feed] for feed in chosen]


@cache
def _take_statement(dialect: str) -> ReturningUpdate[Any]:
    values = {
        "due_at": bindparam("b_due"), "claimed_at": bindparam("b_now"), "claimed_by": bindparam("b_process"), "epoch": feeds.c.epoch + 1
    }  # fmt: skip
    return update(feeds).where(in_listed(dialect, feeds.c.id, "b_ids")).values(**values).returning(*_STATE_COLUMNS)


def _process(conn: Connection) -> str:
    """What the connection's ``Store`` calls itself."""
    return str(conn.info.get("process", ""))


def next_due_at(conn: Connection, *, without: Collection[str] = ()) -> datetime | None:
    """When the next feed is due, None when none ever will be; ``without``: hosts that are not asked for."""
    dialect = conn.dialect.name
    asked = {"b_without": listed(dialect, sorted(without))} if without else {}
    found: datetime | None = conn.scalar(_next_due_query(dialect, some=bool(without)), asked)
    return found


@cache
def _next_due_query(dialect: str, *, some: bool) -> Select[Any]:
    query = select(feeds.c.due_at).where(feeds.c.due_at.is_not(None))
    if some:
        query = query.where(~in_listed(dialect, feeds.c.host, "b_without"))
    return query.order_by(feeds.c.due_at).limit(1)


_MINE = and_(feeds.c.id == bindparam("b_id"), feeds.c.epoch == bindparam("b_epoch"))
_UNCHANGED = Prepared(
    update(feeds)
    .where(_MINE)
    .values(
        due_at=bindparam("b_due"), interval=bindparam("b_interval"), last_polled_at=bindparam("b_at"),
        last_success_at=bindparam("b_at"), claimed_at=null(),
    )
)  # fmt: skip
_SET = tuple(name for name in _STATE if name not in ("id", "url", "host", "epoch"))
_FINISH = update(feeds).where(_MINE).values({name: bindparam(f"v_{name}") for name in _SET} | {"claimed_at": None})


def finish_unchanged(conn: Connection, rows: Sequence[Unchanged]) -> None:
    """Record polls that brought nothing, as one statement; rows whose claim was lost stay as they are."""
    _UNCHANGED.run(
        conn,
        [
            {
                "b_id": row.id, "b_epoch": row.epoch, "b_due": None if row.due_at is None else micros(row.due_at),
                "b_interval": row.interval // MICROSECOND, "b_at": micros(row.polled_at),
            }
            for row in rows
        ],
    )  # fmt: skip


def finish(
    conn: Connection, after: FeedState, *, document: Document | None = None, baseline: bool = False, backfill: int = 0, now: datetime
) -> Finished | None:
    """Record a poll in one go: new entries and the feed's next state, or nothing where the claim was lost (then None).

    :param baseline: the feed's first document: its entries are known, but for the newest ``backfill`` ones.
    """
    values = {f"v_{name}": getattr(after, name) for name in _SET}
    if conn.execute(_FINISH, {"b_id": after.id, "b_epoch": after.epoch, **values}).rowcount != 1:
        return None
    return Finished() if document is None else arrivals.record(conn, after.id, document, baseline=baseline, backfill=backfill, now=now)


def plant(conn: Connection, seed: FeedSeed, after: FeedState, document: Document, *, now: datetime) -> bool:
    """Record the first document of a feed that no configuration in force has yet, so that its first poll is conditional.

    It is not polled before :func:`sync` adopts it. False where the feed is known, which then stays as it is.
    """
    if conn.scalar(select(feeds.c.id).where(feeds.c.url_key == digest(seed.url))) is not None:
        return False
    conn.execute(
        adding(conn, feeds).on_conflict_do_nothing(index_elements=["url_key"]), [_fresh(seed, now) | {"due_at": None, "removed_at": now}]
    )
    row = conn.execute(select(feeds.c.id, feeds.c.epoch).where(feeds.c.url_key == digest(seed.url), feeds.c.removed_at == now)).first()
    if row is None:
        return False
    return (
        finish(conn, replace(after, id=FeedId(row.id), epoch=row.epoch, due_at=None), document=document, baseline=True, now=now) is not None
    )


def add(conn: Connection, feed: FeedId, document: Document, *, now: datetime) -> Finished:
    """Record what came for a feed outside of its polls: new entries, and nothing about the feed's state.

    Its validators stay as they are, so that the next poll sees for itself.
    """
    return arrivals.record(conn, feed, replace(document, total=0), baseline=False, backfill=0, now=now)


def state_of(conn: Connection, feed: FeedId) -> FeedState | None:
    """Return what polling remembers of a configured feed."""
    row = conn.execute(select(*_STATE_COLUMNS).where(feeds.c.id == feed, feeds.c.removed_at.is_(None))).first()
    return FeedState(**dict(zip(_STATE, row, strict=True))) if row is not None else None


def make_due(conn: Connection, urls: Sequence[str] | None, *, now: datetime) -> int:
    """Make feeds due now: all, or those with these URLs or names (also ones that had stopped); return how many there are.

    One that is just being polled stays as it is.
    """
    which: list[ColumnElement[bool]] = [feeds.c.removed_at.is_(None)]
    if urls is not None:
        which.append(or_(feeds.c.url.in_(urls), feeds.c.name.in_(urls), feeds.c.title.in_(urls)))
    conn.execute(update(feeds).where(*which, feeds.c.claimed_at.is_(None)).values(due_at=now, gone_at=None))
    return conn.scalar(select(func.count()).select_from(feeds).where(*which)) or 0


def clamp(conn: Connection, *, now: datetime, horizon: timedelta, longest: Mapping[str, timedelta] | None = None) -> int:
    """After a clock that jumped or an interval that shrank: nothing is due later than it ever would be; return how many moved.

    What lies too far ahead is folded back into the span, so that feeds which were spread stay spread.

    :param longest: by URL, feeds whose own interval bounds them more closely, or more loosely, than ``horizon``.
    """
    own = longest or {}
    nearest = min([horizon, *own.values()])
    query = select(feeds.c.id, feeds.c.url, feeds.c.due_at, feeds.c.failures).where(
        feeds.c.due_at.is_not(None), feeds.c.due_at > now + nearest
    )
    moved = []
    for row in conn.execute(query):
        span = own.get(row.url, horizon)
        span = max(horizon, span) if row.failures else span
        if row.due_at > now + span:
            moved.append({"b_id": row.id, "b_due": now + (row.due_at - now) % span})
    if moved:
        conn.execute(update(feeds).where(feeds.c.id == bindparam("b_id")).values(due_at=bindparam("b_due")), moved)
    return len(moved)


def listing(conn: Connection, *, now: datetime, limit: int = 1000, offset: int = 0) -> list[dict[str, Any]]:
    """Configured feeds, those in trouble first, with their number of entries and of new ones in 24 h."""
    query = (
        select(*_STATE_COLUMNS, feeds.c.name, feeds.c.claimed_at)
        .where(feeds.c.removed_at.is_(None))
        .order_by(feeds.c.failures.desc(), feeds.c.name, feeds.c.id)
        .limit(limit)
        .offset(offset)
    )
    rows = [dict(zip((*_STATE, "name", "claimed_at"), row, strict=True)) for row in conn.execute(query)]
    every: Counter[int] = Counter()
    for at in range(0, len(rows), _CHUNK):
        some = [row["id"] for row in rows[at : at + _CHUNK]]
        every.update(_counts(conn, among(conn, entries.c.feed_id, some)))
    recent = _counts(conn, entries.c.first_seen_at > now - timedelta(days=1), entries.c.status != "known")
    return [row | {"entries": every[row["id"]], "new_24h": recent.get(row["id"], 0)} for row in rows]


def _counts(conn: Connection, *which: Any) -> dict[int, int]:
    query = select(entries.c.feed_id, func.count()).where(*which).group_by(entries.c.feed_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def titles(conn: Connection) -> dict[str, str]:
    """The feeds' own titles, by URL."""
    return {row.url: row.title for row in conn.execute(select(feeds.c.url, feeds.c.title))}
