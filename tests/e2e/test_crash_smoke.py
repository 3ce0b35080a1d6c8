"""A few kills of the crash harness, so that every run of the tests has seen some; `make faults` does the rest."""

from __future__ import annotations

import pytest

from tests.faults.harness import AtLabel, AtMoment, crash

pytestmark = pytest.mark.e2e


async def test_a_handful_of_kills_loses_nothing_and_repeats_only_under_the_same_id(tmp_path):
    kills = [AtLabel("feeds.commit"), AtLabel("entries.commit"), AtLabel("deliveries.sent"), AtMoment(0.7)]
    report = await crash(tmp_path, kills, seed=4)
    print(report)  # noqa: T201  shown when it fails
    assert report.faults == []
