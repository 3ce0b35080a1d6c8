"""What one poll means for the feed's next state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watcher.daemon import outcome
from watcher.errors import BadStatus, FetchTimeout
from watcher.feeds.fetch import NotModified, Response
from watcher.feeds.schedule import Policy
from watcher.model import Document, Entry, Feed, FeedHints, FeedId, FeedInfo, FeedState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy(timedelta(minutes=10), timedelta(minutes=2), timedelta(hours=6))
FEED = Feed(url="https://example.org/f")
STATE = FeedState(
    id=FeedId(1),
    url=FEED.url,
    host="example.org",
    epoch=1,
    due_at=NOW,
    fetch_url=FEED.url,
    etag='"a"',
    last_success_at=NOW,
    baseline_at=NOW,
)


def response(**changed: object) -> Response:
    values = {
        "url": FEED.url,
        "status": 200,
        "headers": {},
        "body": b"x",
        "etag": '"b"',
        "last_modified": None,
        "hints": FeedHints(),
        "permanent": None,
        "body_hash": b"h",
    }
    return Response(**{**values, **changed})  # type: ignore[arg-type]


def document(**changed: object) -> Document:
    values = {"format": "rss20", "info": FeedInfo(title="T"), "entries": (Entry(identity="1"),), "spans": b"12345678", "total": 1}
    return Document(**{**values, **changed})  # type: ignore[arg-type]


def test_a_304_keeps_the_validators_that_it_does_not_repeat_and_changes_only_times() -> None:
    answer = NotModified(url=FEED.url, hints=FeedHints(), etag=None, last_modified=None, permanent=None)
    after = outcome.unchanged(STATE, FEED, POLICY, answer, now=NOW, jitter=0)
    assert after.etag == '"a"'
    assert outcome.only_rescheduled(STATE, answer)
    times = {"due_at": STATE.due_at, "interval": STATE.interval, "last_polled_at": STATE.last_polled_at, "last_success_at": NOW}
    assert replace(after, **times) == STATE
    assert after.due_at is not None
    assert NOW + POLICY.min_interval <= after.due_at <= NOW + POLICY.max_interval


def test_a_feed_that_was_failing_needs_more_than_a_cheap_row_to_be_well_again() -> None:
    answer = NotModified(url=FEED.url, hints=FeedHints(), etag=None, last_modified=None, permanent=None)
    failing = replace(STATE, failures=3, first_failed_at=NOW)
    after = outcome.unchanged(failing, FEED, POLICY, answer, now=NOW, jitter=0)
    assert after.failures == 0
    assert not outcome.only_rescheduled(failing, answer)


def test_a_document_that_is_not_worked_off_keeps_no_validators() -> None:
    """Limit L8: with the ETag saved, the rest of the document would never be asked for again."""
    after = outcome.changed(STATE, FEED, POLICY, response(), document(complete=False, total=5000), now=NOW, jitter=0)
    assert (after.etag, after.last_modified, after.body_hash) == (None, None, None)
    assert after.backlog > 0
    assert after.due_at == NOW + POLICY.min_interval


def test_the_first_document_counts_as_a_whole_parse_so_that_the_second_is_cut() -> None:
    fresh = replace(STATE, full_parse_at=None, baseline_at=None)
    after = outcome.changed(fresh, FEED, POLICY, response(), document(partial=True), now=NOW, jitter=0)
    assert after.full_parse_at == NOW
    assert after.baseline_at == NOW


def test_a_permanent_redirect_is_adopted_after_three_in_a_row() -> None:
    state, target = STATE, "https://new.example.org/f"
    for _ in range(2):
        state = outcome.changed(state, FEED, POLICY, response(permanent=target), document(), now=NOW, jitter=0)
        assert state.fetch_url == FEED.url
    interrupted = outcome.changed(state, FEED, POLICY, response(), document(), now=NOW, jitter=0)
    assert interrupted.redirect_count == 0
    state = outcome.changed(state, FEED, POLICY, response(permanent=target), document(), now=NOW, jitter=0)
    assert state.fetch_url == target
    told, _ = outcome.notices(STATE, state, "name")
    assert "has moved" in told[0].subject


def test_410_stops_the_feed_with_one_notice() -> None:
    after = outcome.failed(STATE, FEED, POLICY, BadStatus(FEED.url, status=410), now=NOW, jitter=0)
    assert after.due_at is None
    told, _ = outcome.notices(STATE, after, "name")
    assert [notice.key for notice in told] == [f"feed_gone:{FEED.url}"]
    assert outcome.notices(after, replace(after, last_polled_at=NOW), "name")[0] == []


def test_a_failing_feed_is_never_given_up_and_forgets_nothing() -> None:
    state = STATE
    for hour in range(8):
        after = outcome.failed(state, FEED, POLICY, FetchTimeout(FEED.url), now=NOW + timedelta(hours=hour), jitter=0)
        assert after.due_at is not None
        assert after.due_at - (NOW + timedelta(hours=hour)) <= 4 * POLICY.max_interval * 1.1
        state = after
    assert (state.etag, state.body_hash) == (STATE.etag, STATE.body_hash), "what is known stays as it was"


def test_news_ends_a_silence_and_teaches_the_rhythm_and_a_first_document_does_neither() -> None:
    quiet = replace(STATE, quiet_at=NOW)
    after = outcome.changed(quiet, FEED, POLICY, response(), document(), now=NOW, jitter=0)
    assert after.quiet_at is None
    assert after.rhythm is not None
    assert outcome.changed(quiet, FEED, POLICY, response(), document(entries=()), now=NOW, jitter=0).quiet_at == NOW
    first = outcome.changed(replace(STATE, baseline_at=None), FEED, POLICY, response(), document(), now=NOW, jitter=0)
    assert first.interval == pytest.approx(POLICY.interval, rel=0.05), "it begins at the configured interval"
