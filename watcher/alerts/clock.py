"""The local clock of a channel: time zones, quiet hours, cron; right on the 23-hour and the 25-hour day.

Times that come in and go out are aware UTC; only here are they turned into what a clock on the wall shows.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return the time zone; UTC for a name that does not exist (``config`` refuses it, an older database may still hold one)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_quiet(at: datetime, quiet: tuple[time, time], timezone: str) -> bool:
    """Whether the wall clock at ``at`` stands within ``quiet`` (start, end): end exclusive, over midnight when start > end, never when equal."""
    start, end = quiet
    wall = at.astimezone(zone(timezone)).time()
    return start <= wall < end if start <= end else wall >= start or wall < end


def after_quiet(at: datetime, quiet: tuple[time, time], timezone: str) -> datetime:
    """Return ``at``, or the end of the quiet hours that it falls into.

    A day that skips the end of the quiet hours ends them at the jump; one that repeats it holds twice: the wall clock decides.
    """
    due, local = at, zone(timezone)
    while is_quiet(due, quiet, timezone):
        wall = due.astimezone(local)
        end = datetime.combine(wall.date(), quiet[1])
        end += timedelta(days=end <= wall.replace(tzinfo=None))
        due += end - wall.replace(tzinfo=None)
    if due.astimezone(local).utcoffset() != at.astimezone(local).utcoffset():  # a jump of the clock lies between: not a minute too long
        while due - _MINUTE >= at and not is_quiet(due - _MINUTE, quiet, timezone):
            due -= _MINUTE
    return due


def next_cron(expression: str, now: datetime, timezone: str) -> datetime:
    """Return the first time after ``now`` at which ``expression`` holds on the zone's wall clock, as UTC.

    Debian's cron decides on the days of change: what falls into the gap runs at its end, what is repeated runs once. An expression that
    never comes due gives ``now``: a digest that would wait for ever goes out at once instead.
    """
    try:
        return next(CronSim(expression, now.astimezone(zone(timezone)))).astimezone(UTC)
    except (CronSimError, StopIteration, OverflowError):
        return now
