"""Statements on alerts: what was told, and what is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from watcher.model import Alert, AlertId, EntryId, Reason, Severity, StoryId
from watcher.store.columns import digest
from watcher.store.leases import add_once, adding
from watcher.store.schema import alerts, articles, attempts, deliveries, firsts, marks, notices, recipients

TOLD = [Reason.FIRST_SEEN.value, Reason.UPDATE.value, Reason.OVER_LIMIT.value]  # what tells of an article; a report of its edits does not
_COUNTED = [Reason.FIRST_SEEN.value, Reason.UPDATE.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A delivery to be made: see ``alerts.plan`` (also for ``rank``). ``message_key`` is the receiver's stable id of the message."""

    channel: str
    due_at: datetime
    message_key: str
    bundle: str = ""
    rank: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a rule told before, as far as it bears on one entry. ``oldest_in_window_at``: of the alerts that ``in_window`` counts."""

    entry: AlertId | None = None
    article: AlertId | None = None
    story: AlertId | None = None
    sources: frozenset[str] = frozenset()
    in_window: int = 0
    oldest_in_window_at: datetime | None = None


def history(
    conn: Connection, rule: str, *, entry: EntryId, story: StoryId, canonical_url: str | None, window: timedelta | None, now: datetime
) -> History:
    """Look up what ``rule`` told of this entry, this article and this story, and how much of its limit is used."""

    def first(*which: Any) -> AlertId | None:
        query = select(alerts.c.id).where(alerts.c.rule == rule, alerts.c.reason.in_(TOLD), *which).order_by(alerts.c.created_at).limit(1)
        return conn.scalar(query)

    told_sources = (
        select(func.coalesce(articles.c.origin, articles.c.host))
        .join(alerts, alerts.c.entry_id == articles.c.entry_id)
        .where(alerts.c.story_id == story, alerts.c.rule == rule, alerts.c.reason.in_(TOLD))
        .distinct()
    )
    count, oldest = 0, None
    if window is not None:
        which = (alerts.c.rule == rule, alerts.c.created_at > now - window, alerts.c.reason.in_(_COUNTED))
        count, oldest = conn.execute(select(func.count(), func.min(alerts.c.created_at)).where(*which)).one()
    return History(
        entry=first(alerts.c.entry_id == entry),
        article=first(alerts.c.canonical_key == digest(canonical_url)) if canonical_url else None,
        story=conn.scalar(select(firsts.c.alert_id).where(firsts.c.story_id == story, firsts.c.rule == rule)),
        sources=frozenset(conn.scalars(told_sources)),
        in_window=count,
        oldest_in_window_at=oldest,
    )


def payloads(conn: Connection, rule: str, story: StoryId, *, limit: int) -> list[Any]:
    """What ``rule`` told of ``story``: the payloads of its first and its last alerts, ``limit`` in all."""
    which = (alerts.c.story_id == story, alerts.c.rule == rule, alerts.c.reason.in_(TOLD))
    query = select(alerts.c.id, alerts.c.payload).where(*which)
    first = conn.execute(query.order_by(alerts.c.created_at, alerts.c.id).limit(1)).all()
    last = conn.execute(query.order_by(alerts.c.created_at.desc(), alerts.c.id).limit(limit - 1)).all()
    return list({row.id: row.payload for row in (*first, *last)}.values())


def claim_first(conn: Connection, rule: str, story: StoryId, alert: AlertId) -> bool:
    """Take the right to tell ``story`` first for ``rule``; False when another alert has it."""
    return add_once(conn, firsts, {"story_id": story, "rule": rule, "alert_id": alert})


def insert(
    conn: Connection, alert: Alert, outgoing: Sequence[Outgoing], *, canonical_url: str | None = None, notice_key: str | None = None
) -> bool:
    """Record an alert with its deliveries; False when it was recorded before."""
    values = {
        "id": alert.id, "kind": "notice" if alert.reason is Reason.NOTICE else "alert", "rule": alert.rule, "severity": alert.severity.value,
        "reason": alert.reason.value, "created_at": alert.created_at, "payload": dict(alert.payload), "entry_id": alert.entry_id,
        "story_id": alert.story_id, "canonical_key": digest(canonical_url) if canonical_url else None, "is_update": alert.update,
        "notice_key": notice_key,
    }  # fmt: skip
    if not add_once(conn, alerts, values):
        return False
    if outgoing:
        conn.execute(deliveries.insert(), [_delivery(alert.id, o, alert.created_at) for o in outgoing])
    return True


def add_delivery(conn: Connection, alert: AlertId | str, outgoing: Outgoing, *, now: datetime) -> bool:
    """Send a recorded alert by one more channel; False where that channel has it already."""
    statement = adding(conn, deliveries).on_conflict_do_nothing(index_elements=["alert_id", "channel"]).returning(deliveries.c.id)
    return conn.execute(statement, _delivery(alert, outgoing, now)).first() is not None


def _delivery(alert: AlertId | str, o: Outgoing, now: datetime) -> dict[str, Any]:
    return {
        "alert_id": alert, "channel": o.channel, "message_key": o.message_key, "bundle": o.bundle, "due_at": o.due_at, "rank": o.rank,
        "note": o.note, "state": "due", "created_at": now,
    }  # fmt: skip


def from_row(row: Any) -> Alert:
    """An alert from a row of its table."""
    return Alert(
        id=AlertId(row.id), rule=row.rule, severity=Severity(row.severity), reason=Reason(row.reason), created_at=row.created_at,
        payload=row.payload, entry_id=row.entry_id, story_id=row.story_id, update=row.is_update,
    )  # fmt: skip


def listing(
    conn: Connection,
    *,
    limit: int = 50,
    offset: int = 0,
    rule: str | None = None,
    since: datetime | None = None,
    failed: bool = False,
    marked: str | None = None,
    notices_too: bool = True,
    bundle: int | None = None,
) -> list[Alert]:
    """Alerts, newest first.

    :param failed: only those with a delivery that was given up.
    :param marked: only those with this mark, or with ``none``.
    :param bundle: only those of one message, by its number.
    """
    query = select(alerts).order_by(alerts.c.created_at.desc(), alerts.c.id.desc()).limit(limit).offset(offset)
    if rule is not None:
        query = query.where(alerts.c.rule == rule)
    if since is not None:
        query = query.where(alerts.c.created_at >= since)
    if failed:
        query = query.where(alerts.c.id.in_(select(deliveries.c.alert_id).where(deliveries.c.state == "dead")))
    if marked is not None:
        of_marks = select(marks.c.alert_id)
        query = query.where(
            alerts.c.id.not_in(of_marks) if marked == "none" else alerts.c.id.in_(of_marks.where(marks.c.verdict == marked))
        )
    if not notices_too:
        query = query.where(alerts.c.kind == "alert")
    if bundle is not None:
        told = select(deliveries.c.alert_id).where(deliveries.c.batch == bundle)
        query = query.where(alerts.c.id.in_(told.union_all(select(deliveries.c.alert_id).where(deliveries.c.id == bundle))))
    return [from_row(row) for row in conn.execute(query)]


def get(conn: Connection, wanted: str) -> Alert | None:
    """One alert by its id, or by the beginning of it where that is enough to tell."""
    exact = conn.execute(select(alerts).where(alerts.c.id == wanted)).first()
    if exact is not None or not wanted:
        return None if exact is None else from_row(exact)
    alike = conn.execute(select(alerts).where(alerts.c.id.startswith(wanted, autoescape=True)).limit(2)).all()
    return from_row(alike[0]) if len(alike) == 1 else None


def deliveries_of(conn: Connection, alert: str) -> list[dict[str, Any]]:
    """The deliveries of an alert with their attempts and recipients, for people."""
    found = []
    for row in conn.execute(select(deliveries).where(deliveries.c.alert_id == alert).order_by(deliveries.c.channel)).all():
        lead = row.batch or row.id
        tries = conn.execute(select(attempts).where(attempts.c.delivery_id == lead).order_by(attempts.c.id)).all()
        to = conn.execute(select(recipients).where(recipients.c.delivery_id == lead).order_by(recipients.c.address)).all()
        found.append({
            "id": row.id, "channel": row.channel, "state": row.state, "due_at": row.due_at, "attempts": row.attempts, "reason": row.reason,
            "answer": row.answer, "message_key": row.message_key, "bundle": row.bundle, "settled_at": row.settled_at, "note": row.note,
            "history": [{"at": t.at, "outcome": t.outcome, "answer": t.answer} for t in tries],
            "recipients": [{"address": r.address, "state": r.state, "answer": r.answer} for r in to],
        })  # fmt: skip
    return found


def raise_once(conn: Connection, key: str, *, now: datetime, again: bool = False) -> bool:
    """Note that the operators are being told of ``key``; False when they were told and it is not over yet.

    :param again: tell each time (a failing reload is news each time somebody tries).
    """
    if add_once(conn, notices, {"key_digest": digest(key), "key": key, "told_at": now}):
        return True
    over = [] if again else [notices.c.cleared_at.is_not(None)]
    values = {"told_at": now, "cleared_at": None, "times": notices.c.times + 1}
    return conn.execute(update(notices).where(notices.c.key_digest == digest(key), *over).values(**values)).rowcount == 1


def clear(conn: Connection, key: str, *, now: datetime) -> bool:
    """Note that what ``key`` names is over; True when the operators had been told of it."""
    which = (notices.c.key_digest == digest(key), notices.c.cleared_at.is_(None))
    return conn.execute(update(notices).where(*which).values(cleared_at=now)).rowcount == 1


def open_notices(conn: Connection) -> list[tuple[str, datetime]]:
    """What the operators were told of and is not over, oldest first."""
    query = select(notices.c.key, notices.c.told_at).where(notices.c.cleared_at.is_(None)).order_by(notices.c.told_at)
    return [(row.key, row.told_at) for row in conn.execute(query)]
