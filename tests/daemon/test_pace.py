"""How many messages a channel gets at once, and how fast."""

from __future__ import annotations

import pytest

from watcher.daemon.pace import SLACK_BURST, SLOTS, Pace
from watcher.model import ChannelPolicy


def policies(**types: str) -> dict[str, ChannelPolicy]:
    return {name: ChannelPolicy(name=name, type=kind) for name, kind in types.items()}


def test_a_channel_that_is_busy_offers_no_slot_and_takes_none_from_others() -> None:
    pace, channels = Pace(), policies(desk="email", siem="webhook")
    for _ in range(SLOTS["email"]):
        pace.start("desk", 0)
    free, _ = pace.slots(channels, 0, 32)
    assert free == {"siem": SLOTS["webhook"]}
    pace.end("desk")
    assert pace.slots(channels, 0, 32)[0]["desk"] == 1


def test_slack_gets_a_short_burst_and_then_one_a_second() -> None:
    pace, channels = Pace(), policies(slack="slack")
    sent, now = 0, 0.0
    while now <= 10:
        free, wait = pace.slots(channels, now, 32)
        if free:
            pace.start("slack", now)
            pace.end("slack")
            sent += 1
        else:
            now += wait
    assert sent <= 10 + SLACK_BURST


@pytest.mark.parametrize("total", [1, 3])
def test_no_channel_is_offered_more_than_the_process_has_left(total: int) -> None:
    free, _ = Pace().slots(policies(siem="webhook"), 0, total)
    assert free == {"siem": total}
