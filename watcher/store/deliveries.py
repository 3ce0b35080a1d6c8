"""Statements on deliveries: the dispatcher's queue.

A row is one alert for one channel. What is claimed and sent is a *message*: one row, or the rows of a bundle that were frozen
into a batch when it was first claimed. The row that leads a message has its due time, lease, attempts and recipients.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, literal_column, or_, select, update

from watcher.model import Alert, AlertId, Delivery, DeliveryId, DeliveryState, Receipt, RecipientOutcome
from watcher.store import recovery
from watcher.store.alerts import from_row
from watcher.store.leases import Queue, adding, among, serialise
from watcher.store.schema import alerts, attempts, channels, deliveries, recipients

MOST_IN_BUNDLE = 5000
STORM = "storm"
"""The bundle of messages that were gathered because too many waited."""

_ANSWER = 500

_queue = Queue(deliveries)
renew, give_back, take_all_back = _queue.renew, _queue.give_back, _queue.take_all_back
_WAITING = (deliveries.c.due_at.is_not(None), deliveries.c.batch.is_(None), deliveries.c.bundle != "")
_AHEAD = (deliveries.c.rank == literal_column("0"), deliveries.c.due_at.is_not(None), deliveries.c.bundle == "")
_FRESH = (
    deliveries.c.rank == literal_column("2"), deliveries.c.epoch == literal_column("0"), deliveries.c.due_at.is_not(None), deliveries.c.bundle == "",
)  # fmt: skip  # literals: SQLite takes a partial index only where it sees the condition itself


@dataclass(frozen=True, slots=True)
class Gathering:
    """When more than ``above`` messages that nobody has tried yet wait for a channel, up to ``most`` of them become one."""

    above: int
    most: int


def claim(
    conn: Connection, *, now: datetime, lease: timedelta, limit: int, per_channel: Mapping[str, int], known: Collection[str] | None = None,
    gather: Mapping[str, Gathering] | None = None,
) -> list[Delivery]:  # fmt: skip
    """Take messages that are due, at most as many of each channel as it has slots: what is urgent first, then the oldest.

    A bundle's members that are due become one message here: its membership is frozen, so every try sends the same.

    :param known: the channels that are configured; a message for any other is taken too, so that it can be given up.
    :param gather: by channel: when what waits is gathered.
    """
    shut = select(channels.c.name).where(or_(channels.c.disabled_at.is_not(None), channels.c.blocked_until > now))
    closed = set(conn.scalars(shut))
    room = dict(per_channel) if known is None else dict(per_channel) | _strangers(conn, known, now)
    claimed: list[Delivery] = []
    for channel, slots in room.items():
        slots = min(slots, limit - len(claimed))  # noqa: PLW2901 - the same slots, as far as there is room
        if slots > 0 and channel not in closed:
            ahead = _claim_ahead(conn, channel, slots, now, lease)
            if gather is not None and channel in gather and slots > len(ahead):
                _gather(conn, channel, gather[channel], now)
            claimed += ahead
            if slots > len(ahead):
                claimed += _claim_of(conn, channel, slots - len(ahead), now, lease)
    return claimed


def _claim_ahead(conn: Connection, channel: str, room: int, now: datetime, lease: timedelta) -> list[Delivery]:
    """Take urgent messages and notices: they wait behind nothing."""
    query = select(deliveries.c.id).where(deliveries.c.channel == channel, deliveries.c.due_at <= now, *_AHEAD)
    query = query.order_by(deliveries.c.due_at, deliveries.c.id).limit(room)
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    return [_take(conn, row, now, lease) for row in conn.scalars(query).all()]


def _gather(conn: Connection, channel: str, gathering: Gathering, now: datetime) -> None:
    """Make one message of those that wait, where they are too many to be read one by one.

    Only what was never claimed: a message that may have been sent keeps its id.
    """
    fresh = (deliveries.c.channel == channel, deliveries.c.due_at <= now, *_FRESH)
    in_order = select(deliveries.c.id).where(*fresh).order_by(deliveries.c.due_at, deliveries.c.id)
    if conn.scalar(in_order.offset(gathering.above).limit(1)) is None:
        return
    serialise(conn)
    query = in_order.limit(gathering.most + gathering.above)
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    ids = conn.scalars(query).all()
    if len(ids) <= gathering.above:
        return  # another process took them
    if len(ids) > gathering.most:  # a last one is halved, so that no few are left over to come one by one behind the storm
        ids = ids[: min(gathering.most, (len(ids) + 1) // 2) if len(ids) < gathering.most + gathering.above else gathering.most]
    conn.execute(update(deliveries).where(among(conn, deliveries.c.id, ids)).values(batch=ids[0], bundle=STORM))
    conn.execute(update(deliveries).where(deliveries.c.batch == ids[0], deliveries.c.id != ids[0]).values(due_at=None))


def _strangers(conn: Connection, known: Collection[str], now: datetime) -> dict[str, int]:
    due = (deliveries.c.due_at <= now, deliveries.c.due_at.is_not(None), deliveries.c.channel.not_in(sorted(known)))
    return dict.fromkeys(conn.scalars(select(deliveries.c.channel).where(*due).limit(1)), 1)


def _claim_of(conn: Connection, channel: str, room: int, now: datetime, lease: timedelta) -> list[Delivery]:
    """Take messages of one channel.

    Who freezes a bundle does so alone and before it locks any row: two processes that froze one bundle crosswise
    would tear it apart or wait for each other.
    """
    bundled = select(deliveries.c.id).where(deliveries.c.channel == channel, deliveries.c.due_at <= now, *_WAITING).limit(1)
    freezing = conn.scalar(bundled) is not None
    if freezing:
        serialise(conn)
    query = select(deliveries.c.id, deliveries.c.bundle, deliveries.c.batch).where(
        deliveries.c.channel == channel, deliveries.c.due_at <= now, deliveries.c.due_at.is_not(None)
    )
    if not freezing:
        query = query.where(or_(deliveries.c.bundle == "", deliveries.c.batch.is_not(None)))
    query = query.order_by(deliveries.c.due_at, deliveries.c.id).limit(room)
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    taken: list[Delivery] = []
    frozen: set[str] = set()
    for row in conn.execute(query).all():
        if row.bundle and row.batch is None:
            if row.bundle in frozen:
                continue  # it went into the batch that an earlier row leads
            frozen.add(row.bundle)
            _freeze(conn, channel, row.bundle, row.id, now)
        taken.append(_take(conn, row.id, now, lease))
    return taken


def _freeze(conn: Connection, channel: str, bundle: str, lead: int, now: datetime) -> None:
    """Make one batch of a bundle's members that are due; only the one that leads keeps a due time."""
    members = select(deliveries.c.id).where(
        deliveries.c.channel == channel, deliveries.c.bundle == bundle, deliveries.c.due_at <= now, *_WAITING
    )
    ids = conn.scalars(members.order_by(deliveries.c.due_at, deliveries.c.id).limit(MOST_IN_BUNDLE)).all()
    conn.execute(update(deliveries).where(among(conn, deliveries.c.id, ids)).values(batch=lead))
    conn.execute(update(deliveries).where(deliveries.c.batch == lead, deliveries.c.id != lead).values(due_at=None))


def _take(conn: Connection, lead: int, now: datetime, lease: timedelta) -> Delivery:
    values = {"due_at": now + lease, "claimed_at": now, "epoch": deliveries.c.epoch + 1}
    row = conn.execute(update(deliveries).where(deliveries.c.id == lead).values(**values).returning(deliveries)).one()
    members = deliveries.c.batch == lead if row.batch is not None else deliveries.c.id == lead
    told = conn.execute(
        select(alerts).join(deliveries, deliveries.c.alert_id == alerts.c.id).where(members).order_by(deliveries.c.id)
    ).all()
    to = conn.execute(select(recipients).where(recipients.c.delivery_id == lead).order_by(recipients.c.address)).all()
    return Delivery(
        id=DeliveryId(row.id), channel=row.channel, alerts=tuple(from_row(r) for r in told), message_key=_key(row), epoch=row.epoch,
        attempts=row.attempts, due_at=row.due_at, created_at=row.created_at, bundle=row.bundle, note=row.note,
        recipients=tuple(RecipientOutcome(address=r.address, state=DeliveryState(r.state), answer=r.answer) for r in to),
    )  # fmt: skip


def _key(row: Row[Any]) -> str:
    """The message's stable id; a bundle's is not that of the alert that leads it, which may be sent again by itself."""
    return f"{row.message_key}-{row.batch}" if row.batch is not None and row.bundle else str(row.message_key)


def settle(conn: Connection, delivery: Delivery, *, receipt: Receipt, next_at: datetime | None, now: datetime) -> bool:
    """Record that a receiver took the message; False when the claim was lost meanwhile.

    E-mail may leave recipients open: then the delivery stays due at ``next_at``. Without a next time they are given up.
    """
    for outcome in receipt.recipients:
        state = outcome.state
        if state is DeliveryState.DUE and next_at is None:
            state = DeliveryState.DEAD
        _note_recipient(conn, delivery, outcome.address, state, outcome.answer)
    answer = receipt.answer or "; ".join(f"{r.address}: {r.answer}" for r in receipt.recipients)
    waiting = any(r.state is DeliveryState.DUE for r in receipt.recipients) and next_at is not None
    if waiting:
        return _finish(conn, delivery, now, "deferred", answer, due_at=next_at, state="due")
    everyone = conn.execute(select(recipients.c.state).where(recipients.c.delivery_id == delivery.id)).scalars().all()
    refused = bool(everyone) and all(state == "dead" for state in everyone)
    partly = "partly_refused" if any(state == "dead" for state in everyone) else ""
    return _finish(
        conn,
        delivery,
        now,
        "refused" if refused else "sent",
        answer,
        due_at=None,
        state="dead" if refused else "sent",
        reason="refused" if refused else partly,
    )


def retry(conn: Connection, delivery: Delivery, *, next_at: datetime, reason: str, answer: str, now: datetime) -> bool:
    """Record a failed try; False when the claim was lost meanwhile."""
    _failing(conn, delivery.channel, now)
    return _finish(conn, delivery, now, reason, answer, due_at=next_at, state="due", reason=reason)


def dead(conn: Connection, delivery: Delivery, *, reason: str, answer: str, now: datetime) -> bool:
    """Give a delivery up; it can be resent."""
    return _finish(conn, delivery, now, reason, answer, due_at=None, state="dead", reason=reason)


def part(conn: Connection, delivery: Delivery, poisoned: Collection[AlertId], *, reason: str, answer: str, now: datetime) -> bool:
    """Take a bundle apart that cannot be sent as it is; False when the claim was lost meanwhile.

    The ``poisoned`` alerts are given up; the others are due at once, gathered anew, or each by itself where none is poisoned.
    """
    lead = and_(deliveries.c.id == delivery.id, deliveries.c.epoch == delivery.epoch)
    if conn.execute(update(deliveries).where(lead).values(epoch=deliveries.c.epoch + 1, claimed_at=None)).rowcount != 1:
        return False
    free = {"batch": None, "due_at": now} if poisoned else {"batch": None, "due_at": now, "bundle": ""}
    lost = and_(deliveries.c.batch == delivery.id, among(conn, deliveries.c.alert_id, list(poisoned)))
    for number in conn.scalars(select(deliveries.c.id).where(lost)).all():
        conn.execute(attempts.insert(), {"delivery_id": number, "at": now, "outcome": reason, "answer": answer[:_ANSWER]})
    given_up = {
        "state": "dead",
        "reason": reason,
        "answer": answer[:_ANSWER],
        "due_at": None,
        "settled_at": now,
        "bundle": "",
        "batch": None,
    }
    conn.execute(update(deliveries).where(lost).values(**given_up, attempts=deliveries.c.attempts + 1))
    conn.execute(update(deliveries).where(deliveries.c.batch == delivery.id).values(**free))
    return True


def moved(conn: Connection, delivery: Delivery, *, answer: str, now: datetime) -> bool:
    """Record a failed try after which the alerts go another way."""
    _failing(conn, delivery.channel, now)
    return _finish(conn, delivery, now, "fallback", answer, due_at=None, state="moved", reason="fallback")


def _finish(
    conn: Connection, delivery: Delivery, now: datetime, outcome: str, answer: str, *, due_at: datetime | None, state: str, reason: str = ""
) -> bool:
    """Move the message on. A try that outlived its lease is still noted: it did happen."""
    conn.execute(attempts.insert(), {"delivery_id": delivery.id, "at": now, "outcome": outcome, "answer": answer[:_ANSWER]})
    values: dict[str, Any] = {"state": state, "reason": reason, "answer": answer[:_ANSWER], "settled_at": now if due_at is None else None}
    lead = and_(deliveries.c.id == delivery.id, deliveries.c.epoch == delivery.epoch)
    done = conn.execute(update(deliveries).where(lead).values(**values, due_at=due_at, claimed_at=None, attempts=deliveries.c.attempts + 1))
    if done.rowcount != 1:
        return False
    if delivery.bundle:  # one that was sent again by itself leads nothing any more
        followers = and_(deliveries.c.batch == delivery.id, deliveries.c.id != delivery.id)
        conn.execute(update(deliveries).where(followers).values(**values, attempts=delivery.attempts + 1))
    if state == "sent":
        recovery.recovered(conn, delivery.channel, now=now)
    return True


def _note_recipient(conn: Connection, delivery: Delivery, address: str, state: DeliveryState, answer: str) -> None:
    values = {"state": state.value, "answer": answer[:_ANSWER]}
    statement = adding(conn, recipients).values(delivery_id=delivery.id, address=address, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["delivery_id", "address"], set_=values))


def _channel(conn: Connection, name: str, **values: Any) -> None:
    conn.execute(adding(conn, channels).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values))


def _failing(conn: Connection, name: str, now: datetime) -> None:
    statement = adding(conn, channels).values(name=name, failing_since=now)
    first = {"failing_since": func.coalesce(channels.c.failing_since, statement.excluded.failing_since)}
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_=first))


def block_channel(conn: Connection, name: str, *, until: datetime) -> None:
    """Send nothing on a channel before ``until``: its receiver asked for that."""
    _channel(conn, name, blocked_until=until)


def disable_channel(conn: Connection, name: str, *, reason: str, now: datetime) -> None:
    """Stop using a channel whose receiver is gone, until the operator enables it."""
    _channel(conn, name, disabled_at=now, reason=reason)


def enable_channels(conn: Connection, names: Collection[str]) -> None:
    """Use channels again: the operator changed their configuration or said so."""
    conn.execute(update(channels).where(channels.c.name.in_(names)).values(disabled_at=None, blocked_until=None, reason=""))


def disabled_channels(conn: Connection) -> frozenset[str]:
    """Channels whose receiver is gone."""
    return frozenset(conn.scalars(select(channels.c.name).where(channels.c.disabled_at.is_not(None))))


def troubles(conn: Connection, *, now: datetime) -> dict[str, str]:
    """What is wrong with each channel that is not well, in words."""
    found = {}
    for row in conn.execute(select(channels)):
        if row.disabled_at is not None:
            found[row.name] = f"disabled since {row.disabled_at:%Y-%m-%d %H:%M} UTC: {row.reason}"
        elif row.blocked_until is not None and row.blocked_until > now:
            found[row.name] = f"its receiver asked for a pause until {row.blocked_until:%Y-%m-%d %H:%M:%S} UTC"
        elif row.failing_since is not None:
            found[row.name] = f"failing since {row.failing_since:%Y-%m-%d %H:%M} UTC"
    return found


def bundle_state(conn: Connection, channel: str, bundle: str) -> tuple[datetime | None, datetime | None]:
    """When the channel's unclaimed bundle of that key is due, and when the last one was sent."""
    key = and_(deliveries.c.channel == channel, deliveries.c.bundle == bundle)
    due = conn.scalar(select(func.min(deliveries.c.due_at)).where(key, deliveries.c.batch.is_(None), deliveries.c.due_at.is_not(None)))
    sent = conn.scalar(
        select(func.max(deliveries.c.settled_at)).where(key, deliveries.c.settled_at.is_not(None), deliveries.c.state == "sent")
    )
    return due, sent


def orphans(conn: Connection, known: Collection[str], *, now: datetime) -> dict[str, int]:
    """Give up what waits for channels that are no longer configured; return how many by channel."""
    which = and_(deliveries.c.state == "due", deliveries.c.channel.not_in(sorted(known)))
    counts = {
        row.channel: row.waiting
        for row in conn.execute(select(deliveries.c.channel, func.count().label("waiting")).where(which).group_by(deliveries.c.channel))
    }
    if counts:
        values = {"state": "dead", "reason": "channel_removed", "answer": "the configuration has no such channel any more", "due_at": None}
        conn.execute(update(deliveries).where(which).values(**values, claimed_at=None, settled_at=now, epoch=deliveries.c.epoch + 1))
    return counts


def move_waiting(conn: Connection, channel: str, *, answer: str, now: datetime) -> list[Alert]:
    """End what waits for a channel and is not being sent; return the alerts, which the caller sends another way."""
    which = (deliveries.c.state == "due", deliveries.c.channel == channel, deliveries.c.claimed_at.is_(None))
    leads = select(deliveries.c.id).where(*which, deliveries.c.due_at.is_not(None))
    ids = conn.scalars(select(deliveries.c.id).where(*which, or_(deliveries.c.due_at.is_not(None), deliveries.c.batch.in_(leads)))).all()
    if not ids:
        return []
    values = {"state": "moved", "reason": "fallback", "answer": answer, "due_at": None, "settled_at": now, "epoch": deliveries.c.epoch + 1}
    conn.execute(update(deliveries).where(among(conn, deliveries.c.id, ids)).values(**values))
    told = select(alerts).join(deliveries, deliveries.c.alert_id == alerts.c.id).where(among(conn, deliveries.c.id, ids))
    return [from_row(row) for row in conn.execute(told.order_by(deliveries.c.id))]


def resend(conn: Connection, alert: AlertId | str, *, now: datetime, channel: str | None = None) -> int:
    """Send an alert once more on each channel where it was sent or given up, by itself and with its first id; return on how many.

    Where it is only waiting for its next try, that is now. Where it is being sent, or is part of a message that will be, it is left alone.
    """
    which = [deliveries.c.alert_id == alert, deliveries.c.claimed_at.is_(None)]
    if channel is not None:
        which.append(deliveries.c.channel == channel)
    settled = conn.scalars(select(deliveries.c.id).where(*which, deliveries.c.state != "due")).all()
    waiting = conn.scalars(select(deliveries.c.id).where(*which, deliveries.c.state == "due", deliveries.c.due_at.is_not(None))).all()
    values = {"due_at": now, "attempts": 0, "reason": "resent", "epoch": deliveries.c.epoch + 1}
    if settled:
        conn.execute(recipients.delete().where(among(conn, recipients.c.delivery_id, settled)))
        anew = {"state": "due", "batch": None, "bundle": "", "settled_at": None}
        conn.execute(update(deliveries).where(among(conn, deliveries.c.id, settled)).values(**values, **anew))
    if waiting:
        conn.execute(update(deliveries).where(among(conn, deliveries.c.id, waiting)).values(**values))
    return len(settled) + len(waiting)


def dismiss(conn: Connection, *, numbers: Collection[int] = (), channel: str | None = None) -> int:
    """Count deliveries that were given up no longer: those of these numbers, or all of a channel, or all; return how many."""
    which = [deliveries.c.state == "dead"]
    if numbers:
        which.append(among(conn, deliveries.c.id, numbers))
    if channel is not None:
        which.append(deliveries.c.channel == channel)
    return conn.execute(update(deliveries).where(*which).values(state="dismissed")).rowcount


def failed(conn: Connection, *, limit: int = 100) -> list[tuple[Alert, str, str, str]]:
    """Deliveries that were given up: (alert, channel, reason, answer), newest first."""
    query = (
        select(alerts, deliveries.c.channel, deliveries.c.reason.label("why"), deliveries.c.answer)
        .join(deliveries, deliveries.c.alert_id == alerts.c.id)
        .where(deliveries.c.state == "dead")
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return [(from_row(row), row.channel, row.why, row.answer) for row in conn.execute(query)]


def clamp(conn: Connection, *, now: datetime) -> int:
    """After a clock that jumped back: what was made due "now" by the clock as it was is due now. Digests keep their hour."""
    ahead = (deliveries.c.due_at > now, deliveries.c.due_at.is_not(None), deliveries.c.created_at > now, deliveries.c.bundle == "")
    values = {"due_at": now, "claimed_at": None, "epoch": deliveries.c.epoch + 1}
    return conn.execute(update(deliveries).where(*ahead).values(**values)).rowcount
