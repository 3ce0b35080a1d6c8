"""What goes first, and what becomes few messages when too many wait."""

from __future__ import annotations

import pytest

from tests.store.factories import LEASE, NOW, an_alert, later, planned
from watcher.model import Receipt
from watcher.store import alerts, deliveries, escalations, history, silences, threads
from watcher.store.deliveries import STORM, Gathering

GATHER = {"desk": Gathering(above=3, most=4)}


def tell(conn, number, *, rank=2, at=NOW, channel="desk"):
    outgoing = alerts.Outgoing(channel=channel, due_at=at, message_key=f"key-{number}", rank=rank)
    assert alerts.insert(conn, an_alert(number, at=at), [outgoing])


def claim(conn, room=1, gather=GATHER, now=NOW):
    return deliveries.claim(conn, now=now, lease=LEASE, limit=32, per_channel={"desk": room}, gather=gather)


def numbers(message):
    return [int(alert.id, 16) for alert in message.alerts]


def test_urgent_passes_everything_that_waits(do):
    for number in range(1, 4):
        do(tell, number, at=later(-10 - number))
    do(tell, 9, rank=0)
    assert [numbers(message) for message in do(claim, 2)] == [[9], [3]]


def test_few_that_wait_stay_messages_of_their_own(do):
    for number in range(1, 4):
        do(tell, number, at=later(number - 10))
    assert [(numbers(m), m.bundle) for m in do(claim, 9)] == [([1], ""), ([2], ""), ([3], "")]


def test_many_that_wait_become_one_message_with_a_bound_and_the_rest_another(do):
    for number in range(1, 12):
        do(tell, number, at=later(number - 20))
    first, second = do(claim), do(claim)
    assert [(numbers(m), m.bundle) for m in first + second] == [([1, 2, 3, 4], STORM), ([5, 6, 7, 8], STORM)]
    assert [numbers(m) for m in do(claim, 9)] == [[9], [10], [11]]


def test_the_end_of_a_storm_is_halved_rather_than_coming_one_by_one(do):
    gather = {"desk": Gathering(above=3, most=6)}
    for number in range(1, 9):
        do(tell, number, at=later(number - 20))
    assert [numbers(m) for m in do(claim, gather=gather) + do(claim, gather=gather)] == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_what_may_have_been_sent_and_what_a_limit_lets_through_is_never_gathered(do):
    """A message that was claimed once keeps its id; a rule with a limit said how many messages it wants."""
    for number in range(1, 6):
        do(tell, number, at=later(number - 20))
    tried = do(claim, 2, None)
    do(deliveries.give_back, [(m.id, m.epoch) for m in tried], now=later(-19))
    for number in range(11, 16):
        do(tell, number, rank=1, at=later(number))
    assert [numbers(m) for m in do(claim, 9, now=later(60))] == [[1], [2], [3], [4], [5], [11], [12], [13], [14]]


def test_a_gathered_message_is_tried_again_as_it_was_and_is_listed_in_full(store, do):
    for number in range(1, 5):
        do(tell, number)
    (message,) = do(claim)
    do(deliveries.retry, message, next_at=later(5), reason="timeout", answer="", now=NOW)
    do(tell, 5, at=later(5))
    (again,) = do(claim, now=later(5))
    assert (again.message_key, again.alerts, again.id) == (message.message_key, message.alerts, message.id)
    do(deliveries.settle, again, receipt=Receipt(answer="ok"), next_at=None, now=later(6))
    listed = store.read_now(lambda conn: alerts.listing(conn, bundle=message.id))
    assert sorted(alert.id for alert in listed) == sorted(alert.id for alert in message.alerts)
    shown = store.read_now(lambda conn: history.message(conn, message.id))
    assert [attempt["outcome"] for attempt in shown["history"]] == ["timeout", "sent"]
    assert (len(shown["alerts"]), shown["state"]) == (4, "sent")
    assert store.read_now(lambda conn: history.message(conn, 999)) is None


# ---- what was delivered


def test_deliveries_are_listed_by_state_channel_and_time(store, do):
    for number, channel in ((1, "desk"), (2, "phone"), (3, "desk")):
        do(tell, number, at=later(number), channel=channel)
    (message,) = do(claim, now=later(1))
    do(deliveries.dead, message, reason="http_500", answer="no", now=later(2))
    listed = lambda **which: [int(row["alert"], 16) for row in store.read_now(lambda conn: history.listing(conn, **which))]  # noqa: E731
    assert listed() == [3, 2, 1]
    assert listed(state="dead") == [1]
    assert listed(channel="desk") == [3, 1]
    assert listed(since=later(2)) == [3, 2]
    assert listed(limit=1, offset=1) == [2]
    assert store.read_now(history.dead_letters) == [{"channel": "desk", "reason": "http_500", "count": 1, "since": later(2)}]


def test_what_waits_for_a_channel_can_be_moved_but_not_what_is_being_sent(store, do):
    for number in range(1, 5):
        do(tell, number)
    (flying,) = do(claim)
    assert len(flying.alerts) == 4
    do(tell, 8)
    assert [int(alert.id, 16) for alert in do(deliveries.move_waiting, "desk", answer="handed to phone", now=NOW)] == [8]
    assert {row["state"] for row in store.read_now(lambda conn: history.listing(conn, state="moved"))} == {"moved"}
    assert do(deliveries.settle, flying, receipt=Receipt(answer="ok"), next_at=None, now=NOW)


def test_an_alert_goes_to_a_further_channel_once(do):
    do(tell, 1)
    assert do(alerts.add_delivery, an_alert(1).id, planned("phone"), now=NOW)
    assert not do(alerts.add_delivery, an_alert(1).id, planned("phone"), now=NOW)
    assert not do(alerts.add_delivery, an_alert(1).id, planned("desk"), now=NOW)


# ---- escalations


def test_an_escalation_is_taken_once_when_it_is_due(store, do):
    do(tell, 1)
    assert do(escalations.add, an_alert(1).id, "desk", ["phone"], due_at=later(900))
    assert not do(escalations.add, an_alert(1).id, "desk", ["phone"], due_at=later(1))
    assert not store.read_now(lambda conn: escalations.waits(conn, now=later(899)))
    assert do(escalations.take_due, now=later(899)) == []
    assert store.read_now(lambda conn: escalations.waits(conn, now=later(900)))
    (due,) = do(escalations.take_due, now=later(900))
    assert (due.alert.id, due.channel, due.targets) == (an_alert(1).id, "desk", ("phone",))
    assert do(escalations.take_due, now=later(901)) == []
    assert [e["outcome"] for e in store.read_now(lambda conn: escalations.of_alert(conn, an_alert(1).id))] == ["escalated"]


def test_who_acknowledges_first_is_kept_and_nothing_escalates_any_more(store, do):
    do(tell, 1)
    do(escalations.add, an_alert(1).id, "desk", ["phone"], due_at=later(900))
    assert do(escalations.acknowledge, an_alert(1).id, "ann", now=later(60)) == (True, "ann", later(60))
    assert do(escalations.acknowledge, an_alert(1).id, "ben", now=later(70)) == (False, "ann", later(60))
    assert do(escalations.take_due, now=later(9999)) == []
    assert [e["outcome"] for e in store.read_now(lambda conn: escalations.of_alert(conn, an_alert(1).id))] == ["acknowledged"]


# ---- silences and threads


def test_a_silence_ends_with_one_word_unless_somebody_ended_it(do):
    values = {"now": NOW, "author": "ann", "comment": ""}
    number = do(silences.add, rule="r", until_at=later(10), **values)
    other = do(silences.add, text="press review", until_at=later(10), **values)
    assert do(silences.expire, other, now=later(5))
    assert do(silences.take_ended, now=later(9)) == []
    assert [silence.id for silence in do(silences.take_ended, now=later(10))] == [number]
    assert do(silences.take_ended, now=later(11)) == []


@pytest.mark.parametrize("first", ["1.1", "2.2"])
def test_a_thread_keeps_its_first_reference(store, do, first):
    do(threads.remember, "chat", "story-1", first, now=NOW)
    do(threads.remember, "chat", "story-1", "9.9", now=later(1))
    assert store.read_now(lambda conn: threads.find(conn, "chat", "story-1")) == first
    assert store.read_now(lambda conn: threads.find(conn, "chat", "story-2")) is None
    assert do(threads.forget, before=later(1)) == 1
