"""Alerts that go on by another channel: recorded with the decision, once each, with a word of why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from watcher import config, store
from watcher.daemon import clicks, handover, operators
from watcher.daemon.wire import wire
from watcher.model import Alert, AlertId, DeliveryState, Reason, RecipientOutcome, Severity
from watcher.store import Store
from watcher.store.alerts import Outgoing

CHANNEL = '[channels.{name}]\ntype = "webhook"\nurl = "http://127.0.0.1:9/{name}"\n'


@pytest.fixture
async def wiring(tmp_path):
    """Channel a falls back to b and that to c."""
    path = tmp_path / "watcher.toml"
    tables = [CHANNEL.format(name=name) + more for name, more in (("a", 'fallback = "b"\n'), ("b", 'fallback = "c"\n'), ("c", ""))]
    path.write_text("[watcher]\ninclude = []\n" + "\n".join(tables) + '\n[operators]\nchannels = ["c"]\n')
    made = wire(config.load(path))
    yield made
    await made.close()


@pytest.fixture
def database(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/watcher.db") as opened:
        yield opened


def tell(database, identity, *, channel="a", severity=Severity.NORMAL, reason=Reason.FIRST_SEEN):
    now = database.clock()
    alert = Alert(
        id=AlertId(identity), rule="r", severity=severity, reason=reason, created_at=now, payload={"article": {"title": identity}}
    )
    outgoing = Outgoing(channel=channel, due_at=now, message_key=f"{identity}-{channel}")
    database.write_now(lambda conn: store.alerts.insert(conn, alert, [outgoing]))
    return alert


def claim(database, channel="a"):
    now = database.clock()
    found = database.write_now(
        lambda conn: store.deliveries.claim(conn, now=now, lease=timedelta(seconds=30), limit=32, per_channel={channel: 32})
    )
    return {delivery.alerts[0].id: delivery for delivery in found}


def ways(database, identity):
    """channel -> (state, note)"""
    rows = database.read_now(store.history.listing)
    return {row["channel"]: (row["state"], row["note"]) for row in rows if row["alert"] == identity}


async def test_a_delivery_that_failed_goes_to_the_fallback_and_says_why(wiring, database):
    tell(database, "one")
    now, delivery = database.clock(), claim(database)["one"]
    assert database.write_now(lambda conn: handover.fall_back(conn, wiring, delivery, why="no answer", now=now)) == "b"
    found = ways(database, "one")
    assert (found["a"][0], found["b"]) == ("moved", ("due", "Channel a, where this belongs, does not work at present."))
    assert database.read_now(lambda conn: store.status.summary(conn, now=now)).deliveries_dead == 0


async def test_a_fallback_that_is_disabled_itself_is_passed_over(wiring, database):
    tell(database, "one")
    now, delivery = database.clock(), claim(database)["one"]
    database.write_now(lambda conn: store.deliveries.disable_channel(conn, "b", reason="gone", now=now))
    assert database.write_now(lambda conn: handover.fall_back(conn, wiring, delivery, why="no answer", now=now)) == "c"


async def test_what_some_recipients_have_and_notices_are_not_handed_on(wiring, database):
    tell(database, "half")
    tell(database, "notice", reason=Reason.NOTICE)
    tell(database, "last", channel="c")
    now, claimed = database.clock(), claim(database)
    half = replace(claimed["half"], recipients=(RecipientOutcome(address="x@example.org", state=DeliveryState.SENT),))
    for delivery in (half, claimed["notice"], claim(database, "c")["last"]):
        assert database.write_now(lambda conn, d=delivery: handover.fall_back(conn, wiring, d, why="", now=now)) is None


async def test_what_waits_for_a_channel_that_is_disabled_goes_to_its_fallback(wiring, database):
    for name in ("one", "two"):
        tell(database, name)
    tell(database, "loud", severity=Severity.URGENT)
    now = database.clock()
    assert database.write_now(lambda conn: handover.hand_over_waiting(conn, wiring, "a", now=now)) == 3
    assert {name: ways(database, name)["b"][0] for name in ("one", "two", "loud")} == {"one": "due", "two": "due", "loud": "due"}
    assert database.write_now(lambda conn: handover.hand_over_waiting(conn, wiring, "c", now=now)) == 0


async def test_nobody_acknowledges_so_the_next_ones_are_told_once(wiring, database):
    alert = tell(database, "fire", severity=Severity.URGENT)
    database.write_now(
        lambda conn: store.escalations.add(conn, "fire", "a", ["b", "gone"], due_at=alert.created_at + timedelta(minutes=15))
    )
    later = alert.created_at + timedelta(minutes=15)
    assert database.write_now(lambda conn: handover.escalate(conn, wiring, now=later - timedelta(seconds=1))) == []
    assert database.write_now(lambda conn: handover.escalate(conn, wiring, now=later)) == [("fire", "a", "b")]
    assert database.write_now(lambda conn: handover.escalate(conn, wiring, now=later)) == []
    assert ways(database, "fire")["b"] == ("due", "Nobody has acknowledged this for 15 minutes: it was sent to a first.")


async def test_a_reader_who_acknowledges_by_a_link_stops_the_escalation(wiring, database):
    alert = tell(database, "fire", severity=Severity.URGENT)
    later = alert.created_at + timedelta(minutes=15)
    database.write_now(lambda conn: store.escalations.add(conn, "fire", "a", ["b"], due_at=later))
    assert database.read_now(lambda conn: store.escalations.waits(conn, now=later))
    assert "Nobody else will be called" in database.write_now(lambda conn: clicks.act(conn, "ack", "fire", "a", now=alert.created_at))
    assert not database.read_now(lambda conn: store.escalations.waits(conn, now=later))
    assert database.write_now(lambda conn: handover.escalate(conn, wiring, now=later)) == []
    assert set(ways(database, "fire")) == {"a"}
    (settled,) = database.read_now(lambda conn: store.escalations.of_alert(conn, "fire"))
    assert settled["outcome"] == "acknowledged"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (90, "90 seconds"), (900, "15 minutes"), (3600, "1 hour"), (5400, "90 minutes"), (172800, "2 days")],
)
def test_durations_are_said_as_people_say_them(seconds, said):
    assert handover.words(timedelta(seconds=seconds)) == said


async def test_operators_hear_that_a_silence_ended_and_what_it_muted(wiring, database):
    now = database.clock()
    number = database.write_now(
        lambda conn: store.silences.add(conn, now=now, until_at=now + timedelta(hours=1), author="ann", comment="summit", rule="r")
    )
    database.write_now(lambda conn: operators.silences_ended(conn, wiring, now=now))
    assert database.read_now(store.alerts.listing) == []
    for _ in range(2):
        database.write_now(lambda conn: operators.silences_ended(conn, wiring, now=now + timedelta(hours=1)))
    (notice,) = database.read_now(store.alerts.listing)
    assert notice.payload["subject"] == f"Silence {number} has ended"
    assert "by ann (rule 'r')" in notice.payload["text"]
    assert "It muted 0 matches." in notice.payload["text"]
    assert database.read_now(store.alerts.open_notices) == []
