"""When a feed is polled next: the bounds, for everything that servers, documents and feeds can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.errors import BadStatus, FetchError, FetchTimeout, ParseError, Trouble
from watcher.feeds import schedule
from watcher.feeds.schedule import Policy
from watcher.model import Feed, FeedHints, FeedId, FeedState

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = Policy(10 * MINUTE, 2 * MINUTE, 6 * HOUR)
FEED = Feed(url="https://example.org/f")
FIXED = replace(FEED, interval=5 * MINUTE)
STATE = FeedState(
    id=FeedId(1), url=FEED.url, host="example.org", epoch=1, due_at=NOW, fetch_url=FEED.url, last_success_at=NOW, baseline_at=NOW
)
SILENT = FeedHints()


def wait(feed: Feed = FEED, state: FeedState = STATE, hints: FeedHints = SILENT, jitter: float = 0.0) -> timedelta:
    return schedule.after_success(state, feed, POLICY, hints=hints, now=NOW, jitter=jitter)[0] - NOW


def busy() -> FeedState:
    """A feed that has published every three minutes for a day."""
    state = replace(STATE, baseline_at=NOW - 24 * HOUR)
    for n in range(480):
        at = NOW - 24 * HOUR + n * 3 * MINUTE
        state = replace(state, rhythm=schedule.learn(replace(state, last_success_at=at - MINUTE), [at], now=at), last_success_at=at)
    return state


def test_a_new_feed_begins_at_the_configured_interval() -> None:
    assert wait() == pytest.approx(10 * MINUTE, abs=MINUTE)


def test_a_feeds_own_interval_is_fixed_with_jitter_only_upward_and_at_most_a_tenth() -> None:
    assert wait(FIXED) == 5 * MINUTE
    assert wait(FIXED, jitter=1.0) == 5.5 * MINUTE
    hints = FeedHints(
        ttl=24 * HOUR, max_age=24 * HOUR, update_period=24 * HOUR, skip_hours=frozenset(range(24)), skip_days=frozenset(range(7))
    )
    assert wait(FIXED, hints=hints) == 5 * MINUTE
    assert wait(FIXED, hints=FeedHints(retry_after=HOUR)) == HOUR


def test_a_busy_feed_is_polled_faster_and_a_silent_one_more_and_more_rarely() -> None:
    assert wait(state=busy()) < 4 * MINUTE
    waits = [wait(state=replace(STATE, baseline_at=NOW - timedelta(days=days))) for days in (0, 1, 7, 60)]
    assert waits == sorted(waits)
    assert waits[-1] > HOUR


@pytest.mark.parametrize("asked", [timedelta(days=3650), 24 * HOUR])
def test_no_cache_header_blinds_a_feed_beyond_max_interval(asked: timedelta) -> None:
    for hints in (FeedHints(max_age=asked), FeedHints(ttl=asked), FeedHints(expires_at=NOW + asked), FeedHints(update_period=asked)):
        assert wait(hints=hints, jitter=1.0) <= 6 * HOUR


def test_hints_lengthen_the_wait_and_never_shorten_it() -> None:
    assert wait(hints=FeedHints(max_age=HOUR)) == HOUR
    assert wait(hints=FeedHints(max_age=timedelta(0), ttl=timedelta(0), expires_at=NOW - HOUR)) == wait()


def test_skipped_hours_are_skipped_within_the_bound() -> None:
    assert wait(hints=FeedHints(skip_hours=frozenset({12, 13}))) == 2 * HOUR
    assert wait(hints=FeedHints(skip_hours=frozenset(range(24)))) <= 6 * HOUR


spans = st.one_of(st.none(), st.timedeltas(-timedelta(days=400), timedelta(days=4000)))


@given(
    ttl=spans,
    age=spans,
    period=spans,
    retry=spans,
    expires=st.one_of(st.none(), st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
    hours=st.frozensets(st.integers(0, 23)),
    days=st.frozensets(st.integers(0, 6)),
    jitter=st.floats(0, 1),
    own=st.booleans(),
)
def test_after_a_success_the_next_poll_lies_within_the_bounds(ttl, age, period, retry, expires, hours, days, jitter, own) -> None:
    hints = FeedHints(ttl=ttl, max_age=age, update_period=period, retry_after=retry, expires_at=expires, skip_hours=hours, skip_days=days)
    next_poll = wait(FIXED if own else FEED, hints=hints, jitter=jitter)
    assert POLICY.min_interval <= next_poll <= POLICY.max_interval * (1.1 if own else 1)


errors = st.one_of(
    st.builds(
        lambda status, retry: BadStatus("u", "r", "", status=status, retry_after=retry, trouble=Trouble.SOFT), st.integers(400, 599), spans
    ),
    st.just(FetchTimeout("u", "timeout", "")),
    st.just(FetchError("u", "dns", "", trouble=Trouble.TEMPORARY)),
    st.just(ParseError("u", "xml", "")),
    st.just(FetchError("u", "gone", "", trouble=Trouble.HARD)),
)


@given(error=errors, failures=st.integers(0, 10**6), jitter=st.floats(0, 1), own=st.booleans())
def test_a_failing_feed_is_never_given_up(error, failures, jitter, own) -> None:
    """At most four times max_interval, however long it has been failing and whatever Retry-After says."""
    state = replace(STATE, failures=failures)
    due = schedule.after_failure(state, FIXED if own else FEED, POLICY, error, now=NOW, jitter=jitter)
    assert POLICY.min_interval <= due - NOW <= 4 * POLICY.max_interval


@given(jitter=st.floats(0, 1))
def test_first_polls_are_spread_over_one_interval(jitter) -> None:
    assert NOW <= schedule.first_due(FEED, POLICY, now=NOW, jitter=jitter) <= NOW + POLICY.interval
    assert NOW <= schedule.first_due(FIXED, POLICY, now=NOW, jitter=jitter) <= NOW + 5 * MINUTE
