"""The dispatcher's queue, alerts and notices."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.factories import LEASE, NOW, an_alert, claim_deliveries, later, planned, some_entries, tell
from watcher.model import AlertId, DeliveryState, Reason, Receipt, RecipientOutcome
from watcher.store import alerts, deliveries, retention, silences, status, stories

DUE, SENT, DEAD = DeliveryState.DUE, DeliveryState.SENT, DeliveryState.DEAD


def outcome(address, state, answer=""):
    return RecipientOutcome(address=address, state=state, answer=answer)


def states(conn, number=1):
    return {row["channel"]: row["state"] for row in alerts.deliveries_of(conn, an_alert(number).id)}


def test_an_alert_and_its_deliveries_come_back_as_they_were(store, do):
    alert = do(tell, 1, channels=("desk", "phone"))
    assert store.read_now(lambda conn: alerts.get(conn, alert.id)) == alert
    assert store.read_now(lambda conn: alerts.get(conn, alert.id[:31])) == alert
    assert store.read_now(lambda conn: alerts.get(conn, "")) is None
    assert store.read_now(lambda conn: alerts.get(conn, "%")) is None
    (one,) = do(claim_deliveries, desk=5)
    assert (one.alerts, one.message_key, one.attempts, one.bundle, one.recipients) == ((alert,), "key-1-desk", 0, "", ())
    assert do(claim_deliveries, desk=5) == []
    assert [d.channel for d in do(claim_deliveries, phone=5)] == ["phone"]


def test_the_same_alert_is_recorded_once(store, do):
    do(tell, 1)
    assert not do(alerts.insert, an_alert(1), [planned("desk"), planned("phone")])
    assert store.read_now(states) == {"desk": "due"}


def test_claims_keep_to_the_slots_of_each_channel_and_to_order(do):
    for n in range(6):
        do(tell, n, at=later(-n), channels=("desk", "phone"))
    claimed = do(claim_deliveries, limit=5, desk=2, phone=10)
    assert [(d.channel, d.alerts[0].id[-1]) for d in claimed] == [
        ("desk", "5"),
        ("desk", "4"),
        ("phone", "5"),
        ("phone", "4"),
        ("phone", "3"),
    ]


def test_blocked_and_disabled_channels_wait(store, do):
    do(tell, 1, channels=("desk", "phone"))
    do(deliveries.block_channel, "desk", until=later(60))
    do(deliveries.disable_channel, "phone", reason="http_410", now=NOW)
    assert do(claim_deliveries, now=later(59), desk=1, phone=1) == []
    assert [d.channel for d in do(claim_deliveries, now=later(61), desk=1, phone=1)] == ["desk"]
    assert store.read_now(deliveries.disabled_channels) == {"phone"}
    do(deliveries.enable_channels, ["phone"])
    assert [d.channel for d in do(claim_deliveries, now=later(61), desk=1, phone=1)] == ["phone"]


def test_a_failed_try_comes_again_with_the_same_key_and_a_lost_lease_says_so(store, do):
    do(tell, 1)
    (first,) = do(claim_deliveries)
    assert do(deliveries.retry, first, next_at=later(300), reason="timeout", answer="no answer", now=NOW)
    assert do(claim_deliveries, now=later(299)) == []
    (second,) = do(claim_deliveries, now=later(301))
    assert (second.message_key, second.attempts) == (first.message_key, 1)
    (third,) = do(claim_deliveries, now=later(301) + LEASE)
    assert not do(deliveries.settle, second, receipt=Receipt(answer="250"), next_at=None, now=NOW)
    assert not do(deliveries.dead, second, reason="late", answer="", now=NOW)
    assert store.read_now(states) == {"desk": "due"}
    assert do(deliveries.settle, third, receipt=Receipt(answer="250"), next_at=None, now=later(400))
    (row,) = store.read_now(lambda conn: alerts.deliveries_of(conn, an_alert(1).id))
    assert (row["state"], row["settled_at"], row["due_at"]) == ("sent", later(400), None)
    assert [entry["outcome"] for entry in row["history"]] == ["timeout", "sent", "late", "sent"]
    assert do(claim_deliveries, now=later(10**7)) == []


def test_each_recipient_has_a_state_of_its_own(store, do):
    do(tell, 1)
    (first,) = do(claim_deliveries)
    receipt = Receipt(recipients=(outcome("a@x", SENT, "250"), outcome("b@x", DUE, "451"), outcome("c@x", DEAD, "550")))
    assert do(deliveries.settle, first, receipt=receipt, next_at=later(300), now=NOW)
    (second,) = do(claim_deliveries, now=later(301))
    assert [r.address for r in second.recipients if r.state is DUE] == ["b@x"]
    assert do(deliveries.settle, second, receipt=Receipt(recipients=(outcome("b@x", SENT),)), next_at=None, now=later(301))
    (row,) = store.read_now(lambda conn: alerts.deliveries_of(conn, an_alert(1).id))
    assert (row["state"], row["reason"]) == ("sent", "partly_refused")
    assert [(r["address"], r["state"]) for r in row["recipients"]] == [("a@x", "sent"), ("b@x", "sent"), ("c@x", "dead")]


@pytest.mark.parametrize(("state", "ends"), [(DEAD, "dead"), (DUE, "dead")])
def test_a_mail_that_nobody_got_is_dead(store, do, state, ends):
    """Refused by all, or deferred by all until there is no next try."""
    do(tell, 1)
    (first,) = do(claim_deliveries)
    assert do(deliveries.settle, first, receipt=Receipt(recipients=(outcome("a@x", state, "no"),)), next_at=None, now=NOW)
    assert store.read_now(states) == {"desk": ends}


# --- bundles -----------------------------------------------------------------------------------------------------------


def test_a_bundle_is_one_message_whose_members_never_change_once_tried(store, do):
    for n in (1, 2):
        do(tell, n, bundle="group")
    (first,) = do(claim_deliveries)
    assert [alert.id[-1] for alert in first.alerts] == ["1", "2"]
    do(deliveries.retry, first, next_at=later(60), reason="timeout", answer="", now=NOW)
    do(tell, 3, bundle="group")
    later_ones = do(claim_deliveries, now=later(61))
    assert [[alert.id[-1] for alert in d.alerts] for d in later_ones] == [["3"], ["1", "2"]]
    assert later_ones[1].message_key == first.message_key != later_ones[0].message_key
    assert do(deliveries.settle, later_ones[1], receipt=Receipt(), next_at=None, now=NOW)
    assert [store.read_now(lambda conn, n=n: states(conn, n))["desk"] for n in (1, 2, 3)] == ["sent", "sent", "due"]


def test_members_that_are_not_due_yet_stay_out_and_bundles_do_not_mix(do):
    do(tell, 1, bundle="group")
    do(tell, 2, bundle="group", due_at=later(100))
    do(tell, 3, bundle="digest")
    do(tell, 4)
    assert sorted(tuple(a.id[-1] for a in d.alerts) for d in do(claim_deliveries)) == [("1",), ("3",), ("4",)]


def test_bundle_state_tells_the_open_ones_due_time_and_the_last_sent(store, do):
    def state():
        return store.read_now(lambda conn: deliveries.bundle_state(conn, "desk", "group"))

    assert state() == (None, None)
    do(tell, 1, bundle="group", due_at=later(30))
    assert state() == (later(30), None)
    (message,) = do(claim_deliveries, now=later(31))
    assert state() == (None, None)
    do(deliveries.settle, message, receipt=Receipt(), next_at=None, now=later(32))
    assert state() == (None, later(32))


def test_a_bundle_of_thousands_is_one_message(store, do):
    store.write_now(lambda conn: [tell(conn, n, bundle="digest") for n in range(1500)] and None)
    (message,) = do(claim_deliveries)
    assert len(message.alerts) == 1500
    do(deliveries.dead, message, reason="refused", answer="", now=NOW)
    assert store.read_now(lambda conn: status.summary(conn, now=NOW)).deliveries_dead == 1500


# --- what operators do -------------------------------------------------------------------------------------------------


def test_what_was_given_up_can_be_seen_and_resent_with_its_first_key(store, do):
    do(tell, 1, channels=("desk", "phone"))
    for message in do(claim_deliveries, desk=1, phone=1):
        do(deliveries.dead, message, reason="http_500", answer="no", now=NOW)
    assert [(channel, reason) for _, channel, reason, _ in store.read_now(deliveries.failed)] == [
        ("phone", "http_500"),
        ("desk", "http_500"),
    ]
    assert [a.id for a in store.read_now(lambda conn: alerts.listing(conn, failed=True))] == [an_alert(1).id]
    assert do(deliveries.resend, an_alert(1).id, now=NOW, channel="desk") == 1
    (again,) = do(claim_deliveries, desk=1, phone=1)
    assert (again.channel, again.message_key, again.attempts) == ("desk", "key-1-desk", 0)
    assert do(deliveries.resend, an_alert(1).id, now=NOW, channel="desk") == 0, "it is being sent"


def test_resending_one_of_a_bundle_leaves_the_others_as_they_are(store, do):
    for n in (1, 2):
        do(tell, n, bundle="group")
    (message,) = do(claim_deliveries)
    assert do(deliveries.resend, an_alert(2).id, now=NOW) == 0, "it is part of a message in flight"
    do(deliveries.settle, message, receipt=Receipt(), next_at=None, now=NOW)
    assert do(deliveries.resend, an_alert(1).id, now=NOW) == 1
    (again,) = do(claim_deliveries)
    assert [alert.id[-1] for alert in again.alerts] == ["1"]
    do(deliveries.dead, again, reason="http_500", answer="", now=NOW)
    assert store.read_now(lambda conn: states(conn, 1)) == {"desk": "dead"}
    assert store.read_now(lambda conn: states(conn, 2)) == {"desk": "sent"}


def test_a_bundle_that_is_taken_apart_gives_up_what_spoils_it_and_gathers_the_rest_anew(store, do):
    for n in (1, 2, 3):
        do(tell, n, bundle="group")
    (message,) = do(claim_deliveries)
    assert do(deliveries.part, message, [an_alert(1).id], reason="unrenderable", answer="KeyError", now=NOW)
    assert not do(deliveries.part, message, [an_alert(2).id], reason="unrenderable", answer="", now=NOW), "the claim is over"
    (rest,) = do(claim_deliveries)
    assert ([alert.id[-1] for alert in rest.alerts], rest.bundle) == (["2", "3"], "group")
    assert [row[2:] for row in store.read_now(deliveries.failed)] == [("unrenderable", "KeyError")]
    assert do(deliveries.part, rest, [], reason="unrenderable", answer="", now=NOW)
    assert [[alert.id[-1] for alert in alone.alerts] for alone in do(claim_deliveries)] == [["2"], ["3"]]


@pytest.mark.parametrize(("outage", "due"), [(timedelta(hours=1), True), (timedelta(minutes=20), False)])
def test_after_an_outage_what_waits_is_due_at_once_and_after_a_blip_in_its_turn(do, outage, due):
    for n in (1, 2, 3):
        do(tell, n)
    waiting, taken, fresh = do(claim_deliveries)
    do(deliveries.retry, waiting, next_at=NOW, reason="timeout", answer="", now=NOW)
    for _ in range(2):
        (waiting,) = do(claim_deliveries)
        do(deliveries.retry, waiting, next_at=NOW, reason="timeout", answer="", now=NOW)
    (waiting,) = do(claim_deliveries)
    back = NOW + outage
    do(deliveries.retry, waiting, next_at=back + timedelta(hours=9), reason="timeout", answer="", now=NOW)
    do(deliveries.retry, fresh, next_at=back + timedelta(seconds=5), reason="timeout", answer="", now=NOW)
    do(deliveries.settle, taken, receipt=Receipt(), next_at=None, now=back)
    assert [(d.id, d.attempts) for d in do(claim_deliveries, now=back)] == ([(waiting.id, 2)] if due else [])


def test_after_an_outage_the_oldest_goes_first_whatever_was_due_already(do):
    for n in (1, 2, 3):
        do(tell, n, at=later(n))
    for _ in range(3):
        for message in do(claim_deliveries, now=later(9)):
            do(deliveries.retry, message, next_at=later(9), reason="timeout", answer="", now=later(9))
    do(tell, 4, at=later(20))
    claimed = do(claim_deliveries, now=later(30))
    for number, message in enumerate(claimed[:3]):  # the jitter had its way: the newest is due first
        do(deliveries.retry, message, next_at=later(4000 - number), reason="timeout", answer="", now=later(30))
    do(deliveries.settle, claimed[3], receipt=Receipt(), next_at=None, now=later(5000))
    assert [d.alerts[0].id[-1] for d in do(claim_deliveries, now=later(5000))] == ["1", "2", "3"]


def test_deliveries_of_removed_channels_are_given_up_and_counted(store, do):
    for n in range(3):
        do(tell, n, channels=("desk", "old"))
    assert [d.channel for d in do(lambda conn: deliveries.claim(conn, now=NOW, lease=LEASE, limit=9, per_channel={}, known=["desk"]))] == [
        "old"
    ]
    assert do(deliveries.orphans, ["desk"], now=NOW) == {"old": 3}
    assert do(deliveries.orphans, ["desk"], now=NOW) == {}
    assert store.read_now(lambda conn: states(conn, 0)) == {"desk": "due", "old": "dead"}


def test_leases_of_deliveries(do):
    for n in range(3):
        do(tell, n)
    first, second, third = do(claim_deliveries)
    assert do(deliveries.renew, [(d.id, d.epoch) for d in (first, second)], later(60)) == frozenset()
    do(deliveries.give_back, [(second.id, second.epoch)], now=NOW)
    assert [d.id for d in do(claim_deliveries, now=later(31))] == [second.id, third.id]
    assert do(deliveries.take_all_back, now=NOW) == 3


def test_a_clock_that_jumped_back_holds_nothing_up_but_digests(do):
    do(tell, 1)
    do(tell, 2, bundle="digest", due_at=later(100))
    assert do(deliveries.clamp, now=later(-3600)) == 1
    assert [d.alerts[0].id[-1] for d in do(claim_deliveries, now=later(-3600))] == ["1"]


def test_alerts_are_not_forgotten_before_they_are_delivered(store, do):
    do(tell, 1)
    do(tell, 2, channels=("phone",))
    (message,) = do(claim_deliveries)
    do(deliveries.settle, message, receipt=Receipt(), next_at=None, now=NOW)
    do(retention.prune, now=NOW + timedelta(days=91), retention=timedelta(days=90))
    assert [alert.id for alert in store.read_now(alerts.listing)] == [an_alert(2).id]


# --- alerts ------------------------------------------------------------------------------------------------------------


def test_history_says_what_was_told_of_entry_article_and_story(store, do):
    (entry,) = do(some_entries, 1)
    story = do(stories.create, title="", now=NOW)
    url = "https://canonical.example/"

    def history(rule="r", window=timedelta(hours=1), now=NOW):
        return store.read_now(
            lambda conn: alerts.history(conn, rule, entry=entry.id, story=story, canonical_url=url, window=window, now=now)
        )

    assert history() == alerts.History()
    assert do(alerts.claim_first, "r", story, AlertId("first"))
    assert not do(alerts.claim_first, "r", story, AlertId("second"))
    assert do(alerts.claim_first, "other", story, AlertId("third"))
    do(alerts.insert, an_alert(1, entry_id=entry.id, story_id=story), [], canonical_url=url)
    do(alerts.insert, an_alert(2, reason=Reason.OVER_LIMIT, at=later(1)), [])
    told = history(now=later(2))
    assert (told.entry, told.article, told.story) == (an_alert(1).id, an_alert(1).id, "first")
    assert (told.in_window, told.oldest_in_window_at) == (1, NOW)
    assert history(now=later(3601)).in_window == 0
    assert history(rule="unheard").entry is None


def test_a_notice_is_raised_once_until_it_is_over(store, do):
    key = "feed_gone:" + "x" * 5000
    assert do(alerts.raise_once, key, now=NOW)
    assert not do(alerts.raise_once, key, now=later(1))
    assert do(alerts.raise_once, key, now=later(2), again=True)
    assert store.read_now(alerts.open_notices) == [(key, later(2))]
    assert do(alerts.clear, key, now=later(3))
    assert not do(alerts.clear, key, now=later(4))
    assert do(alerts.raise_once, key, now=later(5))


def test_listing_pages_from_the_newest(store, do):
    for n in range(5):
        do(tell, n, at=later(n))
    assert [a.id[-1] for a in store.read_now(lambda conn: alerts.listing(conn, limit=2, offset=1))] == ["3", "2"]
    assert [a.id[-1] for a in store.read_now(lambda conn: alerts.listing(conn, since=later(3)))] == ["4", "3"]
    assert store.read_now(lambda conn: alerts.listing(conn, rule="' OR 1=1 --")) == []


def test_silences_are_in_force_until_they_end(store, do):
    number = do(silences.add, now=NOW, until_at=later(60), author="me", comment="noise", rule="r")
    (silence,) = store.read_now(lambda conn: silences.in_force(conn, now=later(59)))
    assert (silence.id, silence.rule, silence.feed, silence.comment) == (number, "r", None, "noise")
    assert store.read_now(lambda conn: silences.in_force(conn, now=later(60))) == []
    assert do(silences.expire, number, now=NOW)
    assert not do(silences.expire, number, now=NOW)
    assert len(store.read_now(silences.everything)) == 1


def test_summary_of_an_empty_and_of_a_busy_store(store, do):
    empty = store.read_now(lambda conn: status.summary(conn, now=NOW))
    assert (empty.feeds, empty.deliveries_due, empty.channels_down, empty.last_success_at) == (0, 0, (), None)
    do(some_entries, 2)
    do(tell, 1)
    (message,) = do(claim_deliveries)
    do(deliveries.retry, message, next_at=later(60), reason="timeout", answer="", now=NOW)
    busy = store.read_now(lambda conn: status.summary(conn, now=NOW))
    assert (busy.feeds, busy.entries_waiting, busy.alerts_24h, busy.deliveries_due) == (1, 2, 1, 1)
    assert busy.channels_down == ("desk",)
