"""What waits for a channel when its receiver is back."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from watcher.store.leases import among
from watcher.store.schema import channels, deliveries

OUTAGE = timedelta(minutes=30)
"""A channel that failed for longer was down: what waits for it is not left to the ladder when it is back."""

OLDEST = timedelta(days=4)
"""A little more than the ladder: what is older climbs it to its end."""

TRIES_KEPT = 2
_AT_ONCE = 10_000


def recovered(conn: Connection, name: str, *, now: datetime) -> None:
    """Note that a receiver took a message. After an outage what waits for it is due at once, in order, and climbs the ladder anew from its third step.

    So nobody waits a day for what the ladder would try tomorrow, and a receiver that comes and goes uses up no tries. A blip pulls nothing,
    nor is anything old pulled: else one message that is always refused, among others that are not, would never end.
    """
    failing = (channels.c.name == name, channels.c.failing_since.is_not(None))
    since = conn.scalar(select(channels.c.failing_since).where(*failing))
    if since is None:
        return
    conn.execute(update(channels).where(*failing).values(failing_since=None))
    if now - since < OUTAGE:
        return
    query = select(deliveries.c.id).where(
        deliveries.c.channel == name, deliveries.c.due_at.is_not(None), deliveries.c.claimed_at.is_(None),
        deliveries.c.attempts > TRIES_KEPT, deliveries.c.created_at > now - OLDEST,
    )  # fmt: skip
    if conn.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    ids = conn.scalars(query).all()
    for start in range(0, len(ids), _AT_ONCE):
        some = among(conn, deliveries.c.id, ids[start : start + _AT_ONCE])
        conn.execute(update(deliveries).where(some).values(due_at=deliveries.c.created_at, attempts=TRIES_KEPT))
