"""Alerts that go on by another channel: to the next ones when nobody acknowledges, to a fallback when a channel is dead.

Each is a new delivery of the same alert, recorded in the transaction that decides it, so that it happens once and survives a restart.
A channel that has an alert already is not told of it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from watcher import store
from watcher.alerts import ids, plan
from watcher.daemon.runtime import Wiring
from watcher.model import Alert, Delivery, DeliveryState, Reason


def escalate(conn: store.Connection, wiring: Wiring, *, now: datetime) -> list[tuple[str, str, str]]:
    """Tell the targets of the escalations that are due; return (alert, channel, target) of each that is told."""
    told: list[tuple[str, str, str]] = []
    for due in store.escalations.take_due(conn, now=now):
        note = f"Nobody has acknowledged this for {words(now - due.alert.created_at)}: it was sent to {due.channel} first."
        told += [(due.alert.id, due.channel, target) for target in _send(conn, wiring, [due.alert], due.targets, note, now)]
    return told


def fall_back(conn: store.Connection, wiring: Wiring, delivery: Delivery, *, why: str, now: datetime) -> str | None:
    """Hand the alerts of a delivery that failed to the channel's fallback; return its name, or None where there is none.

    A mail that some of its recipients have is not handed on, nor is a notice: operators are told through another channel anyhow.
    """
    target = fallback_of(conn, wiring, delivery.channel)
    alerts = [alert for alert in delivery.alerts if alert.reason is not Reason.NOTICE]
    if target is None or not alerts or any(r.state is DeliveryState.SENT for r in delivery.recipients):
        return None
    _send(conn, wiring, alerts, [target], f"Channel {delivery.channel}, where this belongs, does not work at present.", now)
    store.deliveries.moved(conn, delivery, answer=f"handed to {target} after {delivery.attempts + 1} attempts: {why}", now=now)
    return target


def fallback_of(conn: store.Connection, wiring: Wiring, channel: str) -> str | None:
    """The channel that stands in for ``channel``, following fallbacks past those that are disabled too."""
    policy = wiring.policies.get(channel)
    if policy is None or policy.fallback is None:
        return None
    gone = store.deliveries.disabled_channels(conn) | {channel}
    standing = plan.standing_for(channel, wiring.policies, gone)
    return standing if standing not in gone else None


def hand_over_waiting(conn: store.Connection, wiring: Wiring, channel: str, *, now: datetime) -> int:
    """Hand what waits for a channel that has just been disabled to its fallback; return how many alerts went."""
    target = fallback_of(conn, wiring, channel)
    if target is None:
        return 0
    waiting = store.deliveries.move_waiting(conn, channel, answer=f"handed to {target}: {channel} is disabled", now=now)
    note = f"Channel {channel}, where this belongs, is disabled."
    _send(conn, wiring, [alert for alert in waiting if alert.reason is not Reason.NOTICE], [target], note, now)
    return len(waiting)


def words(span: timedelta) -> str:
    """A duration for people: ``15 minutes``, ``2 hours``."""
    seconds = round(span.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or seconds == size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"


def _send(conn: store.Connection, wiring: Wiring, alerts: Iterable[Alert], channels: Iterable[str], note: str, now: datetime) -> list[str]:
    """Record deliveries that are due at once; return the channels that are told."""
    told = []
    for alert in alerts:
        for name in channels:
            if name not in wiring.policies:
                continue
            key = ids.message_key([alert.id], name)
            rank = plan.AHEAD if alert.severity == "urgent" else plan.GATHERED
            outgoing = store.alerts.Outgoing(channel=name, due_at=now, message_key=key, rank=rank, note=note)
            if store.alerts.add_delivery(conn, alert.id, outgoing, now=now):
                told.append(name)
    return told
