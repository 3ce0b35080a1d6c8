"""When a failed delivery is tried again: the ladder of Standard Webhooks 1.0.0, for every channel."""

from __future__ import annotations

from datetime import datetime, timedelta

LADDER = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait before try 1, 2, 3 …"""

HORIZON = sum(LADDER, timedelta(0))
"""75 h 35 m 05 s: after it a delivery is dead (limit L13)."""

JITTER = 0.1
"""Upward only, so that receivers that failed together do not come back together, and none is asked early."""

SLOWEST = timedelta(hours=24)
"""A receiver may ask for a pause of at most the ladder's longest step: ``Retry-After: 1000000000`` must not bury an alert."""

SLOW = timedelta(minutes=30)
"""The least wait after a fault of configuration (535, certificate): asking every five seconds locks accounts."""


def next_attempt(
    attempts: int,
    *,
    now: datetime,
    jitter: float,
    retry_after: timedelta | None = None,
    slow: bool = False,
) -> datetime | None:
    """Return when to try again, or None when the ladder is at its end and the delivery is dead.

    :param attempts: tries made so far, the one that just failed included (at least 1).
    :param jitter: a random number from 0 to 1.
    :param retry_after: what the receiver asked for; the longer of both waits counts.
    :param slow: the fault lies in our settings.
    """
    if attempts >= len(LADDER):
        return None
    wait = LADDER[max(attempts, 1)] * (1 + JITTER * min(max(jitter, 0.0), 1.0))
    if slow:
        wait = max(wait, SLOW)
    if retry_after is not None:
        wait = max(wait, min(retry_after, SLOWEST))
    return now + wait
