"""Statements on escalations: urgent alerts that wait for somebody to acknowledge them, and whom to tell when nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from watcher.model import Alert
from watcher.store.alerts import from_row
from watcher.store.leases import add_once
from watcher.store.schema import alerts, escalations


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """An alert that ``channel`` was told of and nobody acknowledged."""

    alert: Alert
    channel: str
    targets: tuple[str, ...]
    due_at: datetime


def add(conn: Connection, alert: str, channel: str, targets: Sequence[str], *, due_at: datetime) -> bool:
    """Note that ``targets`` are told at ``due_at`` unless somebody acknowledges the alert; False where that was noted before."""
    return add_once(conn, escalations, {"alert_id": alert, "channel": channel, "targets": list(targets), "due_at": due_at})


def waits(conn: Connection, *, now: datetime) -> bool:
    """Whether any escalation is due."""
    due = (escalations.c.due_at <= now, escalations.c.due_at.is_not(None))
    return conn.scalar(select(escalations.c.alert_id).where(*due).limit(1)) is not None


def take_due(conn: Connection, *, now: datetime, limit: int = 100) -> list[Escalation]:
    """Take what is due, for good: the caller tells the targets in this same transaction, so each is told once."""
    query = (
        select(alerts, escalations.c.channel, escalations.c.targets, escalations.c.due_at)
        .join(alerts, alerts.c.id == escalations.c.alert_id)
        .where(escalations.c.due_at <= now, escalations.c.due_at.is_not(None))
        .order_by(escalations.c.due_at)
        .limit(limit)
    )
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(of=escalations, skip_locked=True)
    found = [
        Escalation(alert=from_row(row), channel=row.channel, targets=tuple(row.targets), due_at=row.due_at) for row in conn.execute(query)
    ]
    for each in found:
        mine = (escalations.c.alert_id == each.alert.id, escalations.c.channel == each.channel)
        conn.execute(update(escalations).where(*mine).values(due_at=None, settled_at=now, outcome="escalated"))
    return found


def acknowledge(conn: Connection, alert: str, by: str, *, now: datetime) -> tuple[bool, str, datetime]:
    """Note that somebody has seen an alert, and stop its escalations.

    :returns: whether this was the first acknowledgement; who made that, and when.
    """
    mine = update(alerts).where(alerts.c.id == alert, alerts.c.acknowledged_at.is_(None))
    first = conn.execute(mine.values(acknowledged_at=now, acknowledged_by=by)).rowcount == 1
    waiting = (escalations.c.alert_id == alert, escalations.c.due_at.is_not(None))
    conn.execute(update(escalations).where(*waiting).values(due_at=None, settled_at=now, outcome="acknowledged"))
    row = conn.execute(select(alerts.c.acknowledged_by, alerts.c.acknowledged_at).where(alerts.c.id == alert)).one()
    return first, row.acknowledged_by, row.acknowledged_at


def acknowledgement(conn: Connection, alert: str) -> dict[str, object]:
    """Who acknowledged an alert, and when; None and "" where nobody did."""
    row = conn.execute(select(alerts.c.acknowledged_at, alerts.c.acknowledged_by).where(alerts.c.id == alert)).first()
    return {"acknowledged_at": row.acknowledged_at if row else None, "acknowledged_by": row.acknowledged_by if row else ""}


def of_alert(conn: Connection, alert: str) -> list[dict[str, object]]:
    """The escalations of an alert, for people."""
    query = select(escalations).where(escalations.c.alert_id == alert).order_by(escalations.c.channel)
    return [
        {"channel": e.channel, "targets": e.targets, "due_at": e.due_at, "settled_at": e.settled_at, "outcome": e.outcome or "waiting"}
        for e in conn.execute(query)
    ]
