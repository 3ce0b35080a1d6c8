"""Slots and spacing of a host."""

from __future__ import annotations

import itertools

import pytest

from watcher.feeds.hosts import MOST_SPACING, HostGate


def starts(gate: HostGate, seconds: float, *, interval: float, feeds: int) -> list[float]:
    """When requests start that are tried every millisecond and end at once."""
    found, now = [], 0.0
    while now < seconds:
        if gate.enter("h", now, interval=interval, feeds=feeds):
            found.append(now)
            gate.leave("h", now)
        else:
            now += 0.001
    return found


def test_starts_on_one_host_are_a_tenth_of_a_second_apart() -> None:
    found = starts(HostGate(8), 10, interval=600, feeds=50)
    assert min(later - earlier for earlier, later in itertools.pairwise(found)) >= MOST_SPACING - 0.0011
    assert len(found) >= 98


@pytest.mark.parametrize("feeds", [10, 50, 500])
def test_a_host_of_many_hurried_feeds_is_asked_for_all_of_them_in_half_an_interval_and_no_faster(feeds: int) -> None:
    """Within a tenth of a second starts may come together; over it their rate holds."""
    found = starts(HostGate(8), 10, interval=1, feeds=feeds)
    assert 10 * 2 * feeds * 0.9 <= len(found) <= (10 + MOST_SPACING) * 2 * feeds
    for at in range(9):
        assert sum(at <= moment < at + 1 for moment in found) <= (1 + MOST_SPACING) * 2 * feeds + 1


def test_never_more_than_the_hosts_slots_are_in_use() -> None:
    gate = HostGate(2)
    assert gate.enter("h", 0.0, interval=0.01, feeds=10)
    assert gate.enter("h", 0.0, interval=0.01, feeds=10)
    assert gate.wait("h", 5.0) is None
    gate.leave("h", 5.0)
    assert gate.enter("h", 5.0)


def test_a_blocked_host_waits_however_free_it_is() -> None:
    gate = HostGate(2)
    gate.block("h", 100.0)
    gate.block("h", 50.0)
    assert gate.wait("h", 10.0) == 90.0
    assert not gate.enter("h", 99.0)
    assert gate.enter("h", 100.0)


def test_hosts_that_no_longer_matter_are_forgotten() -> None:
    gate = HostGate(2)
    for n in range(10_000):
        assert gate.enter(f"h{n}", float(n))
        gate.leave(f"h{n}", float(n))
    assert len(gate._hosts) < 1_000


def test_feeds_that_failed_leave_one_slot_of_their_host_to_the_others() -> None:
    """A dozen feeds that never answer must not keep their healthy neighbours waiting until they time out."""
    gate = HostGate(2)
    assert gate.enter("h", 0.0, ill=True)
    assert gate.wait("h", 1.0, ill=True) is None
    assert gate.enter("h", 1.0)
    gate.leave("h", 2.0)
    assert gate.enter("h", 2.0)
    gate.leave("h", 3.0, ill=True)
    assert gate.enter("h", 3.0, ill=True)
    only = HostGate(1)
    assert only.enter("h", 0.0, ill=True), "a single slot is for all"
