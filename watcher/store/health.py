"""Statements on the sources' health: what the keeper looks at, and what it marks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from watcher.model import FeedId
from watcher.store.leases import among
from watcher.store.schema import articles, entries, feeds

BLIND_AFTER = 5  # failures in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Ill:
    """A feed that fails, is quiet, or whose server has lied."""

    id: FeedId
    url: str
    name: str
    failures: int
    first_failed_at: datetime | None
    last_polled_at: datetime | None
    last_news_at: datetime | None
    last_error: str | None
    quiet_at: datetime | None
    lied_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A feed that answers, with what is known of its rhythm."""

    id: FeedId
    url: str
    rhythm: bytes | None
    baseline_at: datetime
    last_success_at: datetime
    quiet_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A feed's articles whose page gave text, and those where it was wanted and did not; in the last day, and in the two before."""

    url: str
    name: str
    had: int
    lost: int
    had_before: int
    lost_before: int


_OF_FEED = (entries.c.feed_id + 0).label("feed_id")  # an expression: SQLite would else walk all entries, since their index is in this order
_CALLED = func.coalesce(func.nullif(feeds.c.name, ""), func.nullif(feeds.c.title, ""), feeds.c.host)


def count(conn: Connection) -> int:
    """Return how many feeds are polled."""
    return conn.scalar(select(func.count()).where(feeds.c.removed_at.is_(None), feeds.c.gone_at.is_(None))) or 0


def ill(conn: Connection) -> list[Ill]:
    """Return the feeds whose last two polls failed, that are quiet, or whose server has lied."""
    which = or_(feeds.c.failures >= 2, feeds.c.quiet_at.is_not(None), feeds.c.lied_at.is_not(None))
    columns = (
        feeds.c.id, feeds.c.url, _CALLED.label("name"), feeds.c.failures, feeds.c.first_failed_at, feeds.c.last_polled_at,
        feeds.c.last_new_at.label("last_news_at"), feeds.c.last_error, feeds.c.quiet_at, feeds.c.lied_at,
    )  # fmt: skip
    query = select(*columns).where(feeds.c.removed_at.is_(None), feeds.c.gone_at.is_(None), which).order_by(feeds.c.id)
    return [Ill(**row) for row in conn.execute(query).mappings()]


def heard(conn: Connection, *, after: int, limit: int) -> list[Heard]:
    """Return a slice, by id, of the feeds whose silence can be judged: those that answer and have had news."""
    columns = (feeds.c.id, feeds.c.url, feeds.c.rhythm, feeds.c.baseline_at, feeds.c.last_success_at, feeds.c.quiet_at)
    which = (
        feeds.c.id > after, feeds.c.removed_at.is_(None), feeds.c.gone_at.is_(None), feeds.c.failures == 0,
        feeds.c.baseline_at.is_not(None), feeds.c.rhythm.is_not(None), feeds.c.last_success_at.is_not(None),
    )  # fmt: skip
    query = select(*columns).where(*which).order_by(feeds.c.id).limit(limit)
    return [Heard(**row) for row in conn.execute(query).mappings()]


def mark_quiet(conn: Connection, quiet: Collection[int], heard_again: Collection[int], *, now: datetime) -> None:
    """Note which feeds have gone quiet, and which have not after all."""
    if quiet:
        conn.execute(update(feeds).where(among(conn, feeds.c.id, list(quiet)), feeds.c.quiet_at.is_(None)).values(quiet_at=now))
    if heard_again:
        conn.execute(update(feeds).where(among(conn, feeds.c.id, list(heard_again))).values(quiet_at=None))


def repeats(conn: Connection, *, since: datetime, least: int) -> list[tuple[str, str, int]]:
    """Return URL, name and count of feeds that brought at least ``least`` new entries, all with one title and one address."""
    mine = select(_OF_FEED, func.count().label("found")).where(entries.c.first_seen_at > since, entries.c.status != "known")
    mine = mine.group_by(_OF_FEED).having(
        func.count() >= least, func.count(entries.c.title.distinct()) <= 1, func.count(entries.c.url_key.distinct()) <= 1
    )
    found = mine.subquery()
    query = select(feeds.c.url, _CALLED, found.c.found).join(found, found.c.feed_id == feeds.c.id).where(feeds.c.removed_at.is_(None))
    return [(row[0], row[1], row[2]) for row in conn.execute(query)]


def pages(conn: Connection, *, now: datetime) -> list[Pages]:
    """Return what the feeds' pages gave in the last three days, of feeds that wanted any."""
    lately = articles.c.added_at > now - timedelta(days=1)
    had, lost = articles.c.source == "page", and_(articles.c.source != "page", articles.c.note != "")
    counts = select(
        _OF_FEED,
        _sum(had, lately).label("had"),
        _sum(lost, lately).label("lost"),
        _sum(had, ~lately).label("had_before"),
        _sum(lost, ~lately).label("lost_before"),
    )
    counts = counts.join(entries, entries.c.id == articles.c.entry_id).where(articles.c.added_at > now - timedelta(days=3))
    found = counts.where(or_(had, lost)).group_by(_OF_FEED).subquery()
    query = select(feeds.c.url, _CALLED.label("name"), found.c.had, found.c.lost, found.c.had_before, found.c.lost_before)
    query = query.join(found, found.c.feed_id == feeds.c.id).where(feeds.c.removed_at.is_(None))
    return [Pages(**row) for row in conn.execute(query).mappings()]


def names(conn: Connection) -> list[tuple[str, str]]:
    """Return URL and name (configured, else the feed's own title) of each configured feed."""
    return [(row[0], row[1]) for row in conn.execute(select(feeds.c.url, _CALLED).where(feeds.c.removed_at.is_(None)))]


def rhythms(conn: Connection) -> list[bytes]:
    """Return the packed rhythms of configured feeds that have one."""
    return [row for row in conn.scalars(select(feeds.c.rhythm).where(feeds.c.removed_at.is_(None), feeds.c.rhythm.is_not(None))) if row]


def blind(conn: Connection) -> frozenset[str]:
    """Return the URLs of feeds from which nothing can be expected: gone, failing, quiet, or never read yet."""
    which = or_(
        feeds.c.gone_at.is_not(None),
        feeds.c.failures >= BLIND_AFTER,
        feeds.c.quiet_at.is_not(None),
        and_(feeds.c.last_success_at.is_(None), feeds.c.failures > 0),
    )
    return frozenset(conn.scalars(select(feeds.c.url).where(feeds.c.removed_at.is_(None), which)))


def _sum(*which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((and_(*which), 1), else_=0))
