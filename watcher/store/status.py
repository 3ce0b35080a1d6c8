"""The state of the whole in one row, for `watcher status`, STATUS, the dashboard and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, or_, select

from watcher.store.schema import alerts, channels, deliveries, entries, feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts. ``failing``: feeds whose last polls failed; ``stopped``: those that answered 410; ``quiet``: those whose silence is
    improbable."""

    feeds: int
    failing: int
    stopped: int
    quiet: int
    feeds_due: int
    entries_waiting: int
    entries_dead: int
    alerts_24h: int
    deliveries_due: int
    deliveries_dead: int
    channels_down: tuple[str, ...]
    last_success_at: datetime | None


def summary(conn: Connection, *, now: datetime) -> Summary:
    """Count; every count but those of feeds reads a small index."""
    stopped, failing = feeds.c.gone_at.is_not(None), feeds.c.failures > 0
    of_feeds = conn.execute(
        select(
            func.count().label("feeds"),
            func.count().filter(failing, ~stopped).label("failing"),
            func.count().filter(stopped).label("stopped"),
            func.count().filter(feeds.c.quiet_at.is_not(None), ~failing, ~stopped).label("quiet"),
            func.count().filter(feeds.c.due_at <= now).label("due"),
            func.max(feeds.c.last_success_at).label("success"),
        ).where(feeds.c.removed_at.is_(None))
    ).one()
    down = (
        select(channels.c.name)
        .where(or_(channels.c.disabled_at.is_not(None), channels.c.failing_since.is_not(None)))
        .order_by(channels.c.name)
    )
    recent = (alerts.c.created_at > now - timedelta(days=1), alerts.c.kind == "alert")
    return Summary(
        feeds=of_feeds.feeds,
        failing=of_feeds.failing,
        stopped=of_feeds.stopped,
        quiet=of_feeds.quiet,
        feeds_due=of_feeds.due,
        last_success_at=of_feeds.success,
        entries_waiting=_count(conn, entries.c.due_at.is_not(None), entries.c.looks == 0),
        entries_dead=_count(conn, entries.c.dead_at > now - timedelta(days=7), entries.c.dead_at.is_not(None)),
        alerts_24h=_count(conn, *recent),
        deliveries_due=_count(conn, deliveries.c.state == "due"),
        deliveries_dead=_count(conn, deliveries.c.state == "dead"),
        channels_down=tuple(conn.scalars(down)),
    )


def _count(conn: Connection, *which: ColumnElement[bool]) -> int:
    return conn.scalar(select(func.count()).where(*which)) or 0
