"""Statements that look back: what was delivered, tried and given up. For people; nothing here changes a row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from watcher.store.alerts import from_row
from watcher.store.schema import alerts, attempts, deliveries, recipients

_COLUMNS = (
    deliveries.c.id.label("delivery"), deliveries.c.channel, deliveries.c.state, deliveries.c.attempts, deliveries.c.created_at.label("made_at"),
    deliveries.c.due_at, deliveries.c.settled_at, deliveries.c.bundle, deliveries.c.batch, deliveries.c.message_key,
    deliveries.c.reason.label("why"), deliveries.c.answer, deliveries.c.note,
)  # fmt: skip


def listing(
    conn: Connection,
    *,
    limit: int = 50,
    offset: int = 0,
    state: str | None = None,
    channel: str | None = None,
    since: datetime | None = None,
) -> list[dict[str, Any]]:
    """Deliveries, newest first, each with the alert that it is of.

    :param state: ``due``, ``sent``, ``dead``, ``moved`` or ``dismissed``.
    :param since: made at or after this time.
    """
    query = select(alerts, *_COLUMNS).join(deliveries, deliveries.c.alert_id == alerts.c.id)
    query = query.order_by(deliveries.c.id.desc()).limit(limit).offset(offset)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    if since is not None:
        query = query.where(deliveries.c.created_at >= since)
    return [_row(row) for row in conn.execute(query)]


def _row(row: Any) -> dict[str, Any]:
    alert = from_row(row)
    return {
        "id": row.delivery, "alert": alert.id, "rule": alert.rule, "title": _title(alert.payload),
        "channel": row.channel, "state": row.state, "attempts": row.attempts, "created_at": row.made_at, "due_at": row.due_at,
        "settled_at": row.settled_at, "reason": row.why, "answer": row.answer, "note": row.note, "bundle": row.bundle,
        "message": row.batch or row.delivery, "message_key": row.message_key,
    }  # fmt: skip


def attempts_of(conn: Connection, message: int) -> list[dict[str, Any]]:
    """Every try of one message with its answer, in order. ``message``: the delivery that leads it."""
    query = select(attempts.c.at, attempts.c.outcome, attempts.c.answer).where(attempts.c.delivery_id == message).order_by(attempts.c.id)
    return [dict(row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor


def dead_letters(conn: Connection) -> list[dict[str, Any]]:
    """What was given up, by channel and reason: how many, and since when; the most first."""
    count = func.count().label("count")
    query = (
        select(deliveries.c.channel, deliveries.c.reason, count, func.min(deliveries.c.settled_at).label("since"))
        .where(deliveries.c.state == "dead")
        .group_by(deliveries.c.channel, deliveries.c.reason)
        .order_by(count.desc(), deliveries.c.channel, deliveries.c.reason)
    )
    return [dict(row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor


def message(conn: Connection, number: int) -> dict[str, Any] | None:
    """One message by a delivery's number: its alerts, its recipients and every try; None where there is no such delivery."""
    row = conn.execute(select(deliveries).where(deliveries.c.id == number)).first()
    if row is None:
        return None
    lead = row.batch or row.id
    members = deliveries.c.batch == lead if row.batch else deliveries.c.id == lead
    told = conn.execute(select(alerts).join(deliveries, deliveries.c.alert_id == alerts.c.id).where(members).order_by(deliveries.c.id))
    to = conn.execute(select(recipients).where(recipients.c.delivery_id == lead).order_by(recipients.c.address))
    return {
        "id": row.id, "message": lead, "channel": row.channel, "state": row.state, "attempts": row.attempts, "created_at": row.created_at,
        "due_at": row.due_at, "settled_at": row.settled_at, "bundle": row.bundle, "message_key": row.message_key, "reason": row.reason,
        "answer": row.answer, "note": row.note, "history": attempts_of(conn, lead),
        "recipients": [{"address": r.address, "state": r.state, "answer": r.answer} for r in to],
        "alerts": [{"id": a.id, "rule": a.rule, "title": _title(a.payload)} for a in map(from_row, told)],
    }  # fmt: skip


def _title(payload: object) -> str:
    """The headline, from whatever a database holds."""
    data = payload if isinstance(payload, Mapping) else {}
    article = data.get("article")
    return str((article.get("title") if isinstance(article, Mapping) else None) or data.get("subject") or "")
