"""The state of the whole in one row, for `watcher status`, STATUS, the dashboard and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, func, or_, select

from watcher.store.schema import alerts, channels, deliveries, entries, feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts. ``failing``: feeds whose last polls failed; ``stopped``: those that answered 410."""

    feeds: int
    failing: int
    stopped: int
    feeds_due: int
    entries_waiting: int
    entries_dead: int
    alerts_24h: int
    deliveries_due: int
    deliveries_dead: int
    channels_down: tuple[str, ...]
    last_success_at: datetime | None


def summary(conn: Connection, *, now: datetime) -> Summary:
    """Count; every count but that of feeds reads a small index."""

    def count(query: Select[tuple[int]]) -> int:
        return conn.scalar(query) or 0

    configured = feeds.c.removed_at.is_(None)
    down = select(channels.c.name).where(or_(channels.c.disabled_at.is_not(None), channels.c.failing_since.is_not(None))).order_by(channels.c.name)
    return Summary(
        feeds=count(select(func.count()).select_from(feeds).where(configured)),
        failing=count(select(func.count()).select_from(feeds).where(configured, feeds.c.failures > 0, feeds.c.gone_at.is_(None))),
        stopped=count(select(func.count()).select_from(feeds).where(configured, feeds.c.gone_at.is_not(None))),
        feeds_due=count(select(func.count()).select_from(feeds).where(feeds.c.due_at.is_not(None), feeds.c.due_at <= now)),
        entries_waiting=count(select(func.count()).select_from(entries).where(entries.c.due_at.is_not(None))),
        entries_dead=count(select(func.count()).select_from(entries).where(entries.c.status == "dead", entries.c.first_seen_at > now - timedelta(days=7))),
        alerts_24h=count(select(func.count()).select_from(alerts).where(alerts.c.created_at > now - timedelta(days=1), alerts.c.kind == "alert")),
        deliveries_due=count(select(func.count()).select_from(deliveries).where(deliveries.c.due_at.is_not(None))),
        deliveries_dead=count(select(func.count()).select_from(deliveries).where(deliveries.c.state == "dead")),
        channels_down=tuple(conn.scalars(down)),
        last_success_at=conn.scalar(select(func.max(feeds.c.last_success_at)).where(configured)),
    )
