"""When a source is called ill, and when it is well again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.feeds.test_rhythm import office, taught
from watcher.feeds import health, rhythm
from watcher.feeds.rhythm import DAY, HOUR
from watcher.model import FeedId, FeedState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = timedelta(hours=1)
STATE = FeedState(id=FeedId(1), url="u", host="h", epoch=1, due_at=NOW, fetch_url="u", etag='"a"')


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def judged(known: rhythm.Rhythm, after: float) -> health.Silence:
    return health.silence(known, until=at(known.news_at + after))


def test_nights_and_weekends_of_an_office_feed_are_no_news_and_a_silent_working_day_is() -> None:
    friday_evening = taught(office(4), until=0)
    assert not judged(friday_evening, 12 * HOUR).improbable
    assert not judged(friday_evening, 64 * HOUR).improbable, "Monday at nine"
    assert judged(friday_evening, 4 * DAY).improbable, "nothing on Monday, and nothing on Tuesday"


def test_a_silence_is_not_judged_before_a_week_was_seen_and_some_silences() -> None:
    young = taught([office(1)[0] + n * 1800 for n in range(96)], until=0)  # two days, day and night
    assert young.gaps > health.LEAST_GAPS
    assert not judged(young, 4 * DAY).improbable
    rare = taught(office(3)[::60], until=0)
    assert not judged(rare, 30 * DAY).improbable


def test_a_silence_while_nobody_looked_is_none() -> None:
    """After days in which the daemon was off, its first look must not find every feed silent."""
    known = taught(office(4), until=0)
    last_poll_before_the_pause = at(known.news_at + 60)
    assert health.silence(known, until=last_poll_before_the_pause).expected == pytest.approx(0, abs=0.1)


def test_bursts_make_a_feed_less_predictable() -> None:
    """Of two feeds with the same number of entries the one that publishes in bursts may be silent for longer."""
    start = office(1)[0]
    even = [start + n * 2 * HOUR for n in range(12 * 28)]
    bursts = [start + day * DAY + n * 660 for day in range(0, 28, 2) for n in range(24)]

    def patience(published: list[float]) -> float:
        known = taught(published, until=0)
        return next(hours for hours in range(2000) if judged(known, hours * HOUR).improbable)

    assert patience(bursts) > 1.5 * patience(even)


@pytest.mark.parametrize(
    ("failures", "hours", "max_interval", "told"),
    [(4, 100, 6, False), (5, 5, 6, False), (5, 6, 6, True), (5, 1, 1, True), (50, 100, 6, True)],
)
def test_a_failing_feed_is_told_after_five_failures_that_span_six_hours_or_max_interval(failures, hours, max_interval, told) -> None:
    assert health.failing(failures, NOW, NOW + hours * HOURS, max_interval * HOURS) == told


def test_half_of_the_feeds_failing_is_the_network_until_a_quarter_is_left() -> None:
    assert not health.network_down(4, 4, told=False)
    assert not health.network_down(49, 100, told=False)
    assert health.network_down(50, 100, told=False)
    assert health.network_down(25, 100, told=True)
    assert not health.network_down(24, 100, told=True)


def test_only_a_quiet_feed_with_validators_is_asked_without_them_once_a_day() -> None:
    assert not health.doubtful(STATE, NOW)
    quiet = replace(STATE, quiet_at=NOW)
    assert health.doubtful(quiet, NOW)
    assert not health.doubtful(replace(quiet, etag=None), NOW)
    assert not health.doubtful(replace(quiet, checked_at=NOW - 23 * HOURS), NOW)
    assert health.doubtful(replace(quiet, checked_at=NOW - 24 * HOURS), NOW)
    assert not health.doubtful(replace(quiet, lied_at=NOW), NOW)


def test_a_server_that_lied_is_believed_again_after_thirty_days() -> None:
    assert health.distrusted(replace(STATE, lied_at=NOW), NOW + 29 * 24 * HOURS)
    assert not health.distrusted(replace(STATE, lied_at=NOW), NOW + 30 * 24 * HOURS)


def test_pages_that_stop_giving_text_are_told_and_one_that_gives_some_ends_it() -> None:
    fine, lost = health.Yield(had=20, lost=3), health.Yield(lost=6)
    assert health.barren(lost, fine, told=False)
    assert not health.barren(health.Yield(lost=5), fine, told=False)
    assert not health.barren(lost, health.Yield(had=3, lost=20), told=False), "they never gave much"
    assert health.barren(health.Yield(lost=1), health.Yield(lost=9), told=True), "it lasts"
    assert not health.barren(health.Yield(had=1, lost=9), fine, told=True)
    assert (health.Yield().share, fine.share) == (None, 20 / 23)


def test_one_item_under_ever_new_ids_is_repetition() -> None:
    assert health.repeating(6, 1, 1)
    assert not health.repeating(5, 1, 1)
    assert not health.repeating(60, 2, 1)
    assert not health.repeating(60, 1, 40), "one headline, many addresses: a ticker"


def patience(**known_of: float) -> float:
    """Pieces of news that must have failed to come before the silence of a daily-rhythm feed is called improbable."""
    known = replace(taught(office(4), until=0), **known_of)
    return next(silence.expected for hours in range(10_000) if (silence := judged(known, hours * HOUR)).improbable)


def test_patience_grows_with_the_spread_of_a_feeds_silences() -> None:
    even, spread = patience(spread=2.0, longest=0.0), patience(spread=18.0, longest=0.0)
    assert spread == pytest.approx(3 * even, rel=0.15)


def test_no_silence_is_improbable_that_is_not_longer_than_every_one_before() -> None:
    assert patience(spread=2.0, longest=100.0) == pytest.approx(120, abs=4)
