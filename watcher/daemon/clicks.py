"""What the signed links in messages do: the same as the commands, in the name of a channel's reader."""

from __future__ import annotations

from datetime import datetime

from watcher import store
from watcher.alerts import links
from watcher.model import Alert


def act(conn: store.Connection, action: str, alert_id: str, channel: str, *, now: datetime) -> str | None:
    """Do what a link is for; return a sentence that says so, or None where the alert is no longer kept. Doing it again changes nothing."""
    alert = store.alerts.get(conn, alert_id)
    if alert is None:
        return None
    who = f"a reader of {channel}"
    if action == links.ACK:
        first, by, at = store.escalations.acknowledge(conn, alert.id, who, now=now)
        return (
            "Noted: you have seen it. Nobody else will be called." if first else f"It was acknowledged already, by {by} at {at:%H:%M} UTC."
        )
    if action in (links.USEFUL, links.NOISE):
        store.marks.put(conn, alert.id, action, note="by a link in a message", author=who, now=now)
        return f"Noted: this alert was {action}."
    return _silence(conn, alert, who, now)


def _silence(conn: store.Connection, alert: Alert, who: str, now: datetime) -> str:
    """Mute the rule for a day; a link does so once, so that an old mail does not mute it again next week."""
    comment = f"by the link in alert {alert.id}"
    if any(silence.comment == comment for silence in store.silences.everything(conn)):
        return "This link has silenced the rule before; it does so once. Use another alert's, or `watcher silence add`."
    until = now + links.MUTED
    number = store.silences.add(conn, now=now, until_at=until, author=who, comment=comment, rule=alert.rule)
    return f"Rule {alert.rule} is silent until {until:%a %d %b, %H:%M} UTC. `watcher silence expire {number}` ends that earlier."
