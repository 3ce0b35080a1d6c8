"""The ladder."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.factories import NOW
from watcher.alerts.retry import HORIZON, LADDER, next_attempt


def test_the_ladder_is_that_of_standard_webhooks():
    waits = [next_attempt(n, now=NOW, jitter=0.0) for n in range(1, 11)]
    assert [w and (w - NOW).total_seconds() for w in waits] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None]
    assert timedelta(hours=75, minutes=35, seconds=5) == HORIZON


@given(st.integers(1, 9), st.floats(0, 1))
def test_jitter_only_delays_and_by_a_tenth_at_most(attempts, jitter):
    due = next_attempt(attempts, now=NOW, jitter=jitter)
    assert LADDER[attempts] <= due - NOW <= LADDER[attempts] * 1.1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (timedelta(seconds=7200), 7200),
        (timedelta(seconds=1), 5),
        (timedelta(0), 5),
        (timedelta(seconds=-5), 5),
        (timedelta(days=9999), 86400),
    ],
)
def test_retry_after_is_obeyed_but_cannot_bury_an_alert(asked, seconds):
    assert next_attempt(1, now=NOW, jitter=0.0, retry_after=asked) == NOW + timedelta(seconds=seconds)


def test_faults_of_configuration_are_tried_slowly():
    assert next_attempt(1, now=NOW, jitter=0.0, slow=True) == NOW + timedelta(minutes=30)
    assert next_attempt(5, now=NOW, jitter=0.0, slow=True) == NOW + timedelta(hours=5)
    assert next_attempt(10, now=NOW, jitter=0.0, slow=True) is None
