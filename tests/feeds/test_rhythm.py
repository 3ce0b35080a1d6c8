"""The publishing rhythm: what it learns, and that it stays small and sane whatever it is taught."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.feeds import rhythm
from watcher.feeds.rhythm import DAY, HOUR, SLOT

MONDAY = 1_767_571_200.0  # 5 January 2026, 00:00 UTC
INTERVAL, LONGEST = 600.0, 6 * HOUR


def taught(published: list[float], *, until: float, since: float = MONDAY) -> rhythm.Rhythm:
    """The rhythm of a feed that was polled a minute after each of its entries."""
    known = rhythm.begin(since)
    for moment in published:
        known = known.learn([moment], after=moment - 60, now=moment + 60)
    return replace(known, learnt_at=max(known.learnt_at, until)) if not published else known


def office(weeks: int) -> list[float]:
    """One entry every half hour from nine to five, Monday to Friday."""
    days = [MONDAY + day * DAY for day in range(7 * weeks) if day % 7 < 5]
    return [day + 9 * HOUR + n * 1800 for day in days for n in range(16)]


def test_an_unknown_feed_is_polled_at_the_configured_interval() -> None:
    assert rhythm.begin(MONDAY).wait(MONDAY, INTERVAL, LONGEST) == pytest.approx(INTERVAL, rel=0.05)


def test_a_feed_that_publishes_in_office_hours_is_polled_often_then_and_rarely_at_night_and_on_sundays() -> None:
    known = taught(office(3), until=0)
    tuesday, sunday = MONDAY + 22 * DAY, MONDAY + 20 * DAY
    busy = known.wait(tuesday + 11 * HOUR, INTERVAL, LONGEST)
    assert busy < 1.1 * INTERVAL
    assert known.wait(tuesday + 2 * HOUR, INTERVAL, LONGEST) > 4 * busy
    assert known.wait(sunday + 11 * HOUR, INTERVAL, LONGEST) > 2 * busy


def test_a_wait_that_begins_at_night_ends_when_the_office_opens() -> None:
    """The wait is not the interval of the moment at which it begins: it counts what comes meanwhile."""
    known = taught(office(3), until=0)
    tuesday = MONDAY + 22 * DAY
    at_night = known.wait(tuesday + 4 * HOUR, 3600.0, LONGEST)
    before_opening = known.wait(tuesday + 8.5 * HOUR, 3600.0, LONGEST)
    assert before_opening < at_night / 2


def test_requests_follow_the_square_root_of_the_rate() -> None:
    """Four times the entries, twice the requests: which is what least delay for a number of requests asks for."""
    steady = lambda every: taught([MONDAY + n * every for n in range(int(14 * DAY / every))], until=0)  # noqa: E731
    slow, fast = steady(2 * HOUR), steady(HOUR / 2)
    at = MONDAY + 14 * DAY + 300
    assert slow.wait(at, INTERVAL, LONGEST) / fast.wait(at, INTERVAL, LONGEST) == pytest.approx(2, rel=0.25)


def test_a_burst_shortens_the_wait_and_is_forgotten() -> None:
    known = taught([MONDAY + n * 4 * HOUR for n in range(60)], until=0)
    at = MONDAY + 10 * DAY
    usual = known.wait(at, INTERVAL, LONGEST)
    excited = known.learn([at - n * 120 for n in range(10)], after=at - HOUR, now=at)
    assert excited.wait(at, INTERVAL, LONGEST) < usual * 0.6
    assert excited.wait(at + 8 * HOUR, INTERVAL, LONGEST) > usual * 0.8


def test_a_batch_is_one_piece_of_news_and_many_entries() -> None:
    known = rhythm.begin(MONDAY).learn([MONDAY + HOUR] * 40, after=MONDAY, now=MONDAY + HOUR + 60)
    assert known.news == pytest.approx(1, rel=0.001)
    assert known.items == 40


def test_a_date_outside_of_the_time_between_two_polls_is_not_believed() -> None:
    """A wrong time zone or a bare date must not put the news into the wrong hour."""
    now = MONDAY + 15 * HOUR
    for said in (now + 3 * HOUR, now - 9 * HOUR, None):
        known = rhythm.begin(MONDAY).learn([said], after=now - HOUR, now=now)
        assert known.hours[15] == 1


def test_the_delay_from_publication_to_detection_is_followed() -> None:
    known = rhythm.begin(MONDAY)
    assert known.delay == -1
    for n in range(60):
        at = MONDAY + n * HOUR
        known = known.learn([at - 120], after=at - 300, now=at)
    assert known.delay == pytest.approx(120)
    assert known.learn([MONDAY - 30 * DAY], after=at, now=at + 300).delay == pytest.approx(120)  # put in later, not late


def test_what_is_not_ours_begins_anew() -> None:
    for stored in (None, b"", b"\x07" * 103, b"x"):
        assert rhythm.unpack(stored, MONDAY) == rhythm.begin(MONDAY)


def test_expected_news_adds_up() -> None:
    known = taught(office(4), until=0)
    start = MONDAY + 28 * DAY
    whole = known.expected(start, start + 7 * DAY)
    halves = known.expected(start, start + 2.5 * DAY) + known.expected(start + 2.5 * DAY, start + 7 * DAY)
    assert halves == pytest.approx(whole, rel=0.2)  # the mean fades meanwhile
    assert known.expected(start + 9 * HOUR, start + 17 * HOUR) > 5 * known.expected(start, start + 8 * HOUR)


moments = st.floats(0, 4e9, allow_nan=False)


@given(st.lists(st.tuples(moments, st.lists(st.one_of(st.none(), moments), max_size=5)), max_size=20), moments)
def test_whatever_it_is_taught_it_stays_small_and_the_wait_within_its_bounds(polls: list, asked: float) -> None:
    known = rhythm.begin(MONDAY)
    after = MONDAY
    for now, published in polls:
        known = rhythm.unpack(known.learn(published, after=after, now=now).pack(), now)
        after = now
    assert len(known.pack()) <= 128
    wait = known.wait(asked, INTERVAL, LONGEST)
    assert 0 < wait <= LONGEST
    assert math.isfinite(wait)


@given(st.lists(moments, min_size=1, max_size=50))
def test_packed_and_unpacked_it_says_the_same(published: list[float]) -> None:
    now = max(published)
    known = rhythm.begin(min(published)).learn(published, after=min(published) - 1, now=now)
    again = rhythm.unpack(known.pack(), 0)
    assert again.wait(now, INTERVAL, LONGEST) == pytest.approx(known.wait(now, INTERVAL, LONGEST), rel=0.01, abs=2)
    assert again.pack() == known.pack()


def test_a_slot_that_two_polls_share_counts_once() -> None:
    at = MONDAY + HOUR
    known = rhythm.begin(MONDAY).learn([at + 10], after=at, now=at + 60).learn([at + 100], after=at + 60, now=at + 120)
    assert at % SLOT == 0
    assert known.news == pytest.approx(1, rel=0.001)
