"""When to come back to a feed. Pure: the clock and the jitter are arguments.

A healthy feed is polled again after its interval: the user's own, fixed; else one that follows the feed's own rhythm
(``feeds.rhythm``): often when it is likely to publish, rarely when it is not. What the server or the document asks for lengthens it, but everything stays between ``min_interval`` and ``max_interval``, so
that no cache header can blind an urgent feed. A failing feed is asked more and more rarely, at most every four
``max_interval``, and never given up. Jitter only ever adds, at most a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watcher.errors import BadStatus, FetchError, ParseError, Trouble
from watcher.feeds import rhythm, websub
from watcher.model import Feed, FeedHints, FeedState

JITTER = 0.1
WORST = 4  # failures back off to this many times max_interval
LONGEST_EXPONENT = 30


@dataclass(frozen=True, slots=True)
class Policy:
    """``[fetch]``: the start value of the adaptive interval, and its bounds."""

    interval: timedelta = timedelta(minutes=10)
    min_interval: timedelta = timedelta(minutes=2)
    max_interval: timedelta = timedelta(hours=6)


def first_due(feed: Feed, policy: Policy, *, now: datetime, jitter: float) -> datetime:
    """Return when a feed is polled for the very first time: first polls spread over at most one interval.

    :param jitter: 0 to 1, the place within that interval.
    """
    spread = feed.interval if feed.interval is not None else policy.interval
    return now + min(spread, policy.max_interval) * _unit(jitter)


def after_success(
    state: FeedState, feed: Feed, policy: Policy, *, hints: FeedHints, now: datetime, jitter: float
) -> tuple[datetime, timedelta]:
    """Return when to poll next, and the adaptive interval in force.

    :param state: with what this poll brought already learnt (:func:`learn`).
    :param jitter: 0 to 1.
    """
    longer = 1 + JITTER * _unit(jitter)
    if feed.interval is not None:  # fixed: of all wishes only Retry-After counts
        asked = _clamp(hints.retry_after, policy) if hints.retry_after is not None else feed.interval
        return now + max(feed.interval, asked) * longer, state.interval
    interval = adapt(state, policy, now=now)
    due = _open_again(now + max(interval, _asked(hints, policy, now)) * longer, hints)
    return min(due, now + policy.max_interval), interval


def adapt(state: FeedState, policy: Policy, *, now: datetime) -> timedelta:
    """Return the interval that the feed's rhythm asks for now, within the policy's bounds."""
    known = rhythm.unpack(state.rhythm, (state.baseline_at or now).timestamp())
    interval, longest = policy.interval.total_seconds(), policy.max_interval.total_seconds()
    wait = known.wait(now.timestamp(), interval, longest)
    if state.push_until is not None and now < state.push_until:  # a hub delivers: polling is the safety net
        wait *= websub.SLOWER
    return _clamp(timedelta(seconds=wait), policy)


def learn(state: FeedState, published: Sequence[datetime | None], *, now: datetime) -> bytes:
    """Return the feed's rhythm after a poll that brought new entries, as ``FeedState.rhythm`` keeps it.

    :param published: when each new entry says it was published. What a feed's first document holds is no news: give none of it.
    """
    known = rhythm.unpack(state.rhythm, (state.baseline_at or now).timestamp())
    after = (state.last_success_at or now).timestamp()
    moments = [moment.timestamp() if moment is not None else None for moment in published]
    return known.learn(moments, after=after, now=now.timestamp()).pack()


def after_failure(
    state: FeedState, feed: Feed, policy: Policy, error: FetchError | ParseError, *, now: datetime, jitter: float
) -> datetime:
    """Return when to try a failing feed again.

    :param state: as before this failure: ``failures`` counts those that went before it.
    :param jitter: 0 to 1.
    """
    start = feed.interval if feed.interval is not None else _clamp(state.interval, policy)
    trouble = error.trouble if isinstance(error, FetchError) else Trouble.SOFT
    worst = max(policy.max_interval * WORST, start)
    if trouble is Trouble.HARD:
        wait = worst
    else:
        # What passes by itself is tried again soon: twice at the usual pace, then doubling.
        exponent = max(0, state.failures - 1) if trouble is Trouble.TEMPORARY else state.failures + 1
        wait = min(start * 2 ** min(exponent, LONGEST_EXPONENT), policy.max_interval if trouble is Trouble.TEMPORARY else worst)
    if isinstance(error, BadStatus) and error.status in (401, 403):
        wait = max(wait, min(policy.interval * 6, policy.max_interval))
    if isinstance(error, FetchError) and error.retry_after is not None:
        wait = max(wait, _clamp(error.retry_after, policy))
    wait = min(max(wait, policy.min_interval), worst)
    return now + min(wait * (1 + JITTER * _unit(jitter)), worst)


def why(state: FeedState, *, fixed: bool) -> str:
    """Return for people why a feed is polled next when it is.

    :param fixed: whether the feed has an interval of its own.
    """
    if state.gone_at is not None:
        return "stopped: its publisher ended it (410)"
    if state.due_at is None:
        return "stopped"
    if state.failures:
        times = "once" if state.failures == 1 else f"{state.failures} times in a row"
        return f"failed {times}: ever more rarely"
    if state.baseline_at is None or state.last_polled_at is None:
        return "first poll"
    if state.backlog:
        return "the rest of a large document"
    if fixed:
        return "its own interval"
    if state.due_at - state.last_polled_at > state.interval * (1 + 2 * JITTER):
        return "the server or the document asks for it"
    return "its rhythm, slower while its hub delivers" if state.push_until is not None else "its rhythm"


def _asked(hints: FeedHints, policy: Policy, now: datetime) -> timedelta:
    """Return the longest of what the server and the document ask for, within the policy's bounds."""
    until_expiry = hints.expires_at - now if hints.expires_at is not None else None
    wishes = (hints.max_age, until_expiry, hints.ttl, hints.update_period, hints.retry_after)
    return _clamp(max((wish for wish in wishes if wish is not None), default=timedelta(0)), policy)


def _open_again(due: datetime, hints: FeedHints) -> datetime:
    """Return ``due``, or the next hour that neither ``skipHours`` nor ``skipDays`` (both GMT) excludes, looking a week ahead."""
    if not hints.skip_hours and not hints.skip_days:
        return due
    at = due.astimezone(UTC)
    for _ in range(24 * 7):
        if at.hour not in hints.skip_hours and at.weekday() not in hints.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due  # everything is excluded: which nobody means


def _clamp(wait: timedelta, policy: Policy) -> timedelta:
    return min(max(wait, policy.min_interval), policy.max_interval)


def _unit(jitter: float) -> float:
    return min(max(jitter, 0.0), 1.0)
