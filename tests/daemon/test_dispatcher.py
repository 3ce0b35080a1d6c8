"""The real dispatcher, store and renderer on a clock that the test sets: days of outage in a second, poison among healthy alerts."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.alerts.factories import NOW
from watcher import config, store
from watcher.alerts.render import Renderer
from watcher.alerts.retry import HORIZON
from watcher.daemon import systemd
from watcher.daemon.dispatcher import Dispatcher
from watcher.daemon.politeness import Hosts
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Supervisor
from watcher.daemon.wire import wire
from watcher.daemon.workers import Workers
from watcher.errors import DeliveryError
from watcher.model import Alert, AlertId, Reason, Receipt, Severity
from watcher.store import Store
from watcher.store.alerts import Outgoing

CHANNEL = '[channels.{0}]\ntype = "webhook"\nurl = "http://127.0.0.1:9/{0}"\n'
ALERTS = 100  # the row says 5,000: the same decisions for each, in minutes instead of seconds
LOOKS = timedelta(minutes=30)


class Timed(Store):
    """A store by whose clock it is what the test says."""

    at = NOW

    def clock(self):
        return self.at


class Sink:
    """A receiver: ``fault`` gets each message and may return what is raised; what was accepted is in ``got``."""

    def __init__(self, name, clock):
        self.name, self.clock, self.first_at = name, clock, None
        self.fault, self.tried, self.got = lambda _: None, [], []

    async def send(self, message, *, recipients=()):
        self.tried.append(message.id)
        if (error := self.fault(message)) is not None:
            raise error
        self.first_at = self.first_at or self.clock()
        self.got.append(message)
        return Receipt(answer="200")

    @property
    def ids(self):
        return [message.id for message in self.got]

    @property
    def subjects(self):
        return [json.loads(message.body)["data"]["subject"] for message in self.got]


class Desk:
    """The channels ``desk`` and ``phone``; operators are told on ``phone``."""

    def __init__(self, directory, made):
        self.store, self.wiring = Timed.open(f"sqlite:///{directory}/watcher.db"), made
        self.desk, self.phone = (Sink(name, self.store.clock) for name in ("desk", "phone"))
        sinks = {"desk": self.desk, "phone": self.phone}
        self.runtime = Runtime(
            store=self.store, workers=Workers([]), hosts=Hosts(1), wiring=replace(made, channels=sinks), once=True, random=random.Random(5)
        )

    def tell(self, number, *, severity=Severity.NORMAL, bundle=""):
        title = {"article": {"title": f"Alert {number}", "url": f"https://example.org/{number}"}}
        alert = Alert(
            id=AlertId(f"{number:032x}"), rule="r", severity=severity, reason=Reason.FIRST_SEEN, created_at=self.store.at, payload=title
        )
        outgoing = Outgoing(channel="desk", due_at=self.store.at, message_key=f"key-{number:05}", bundle=bundle)
        self.store.write_now(lambda conn: store.alerts.insert(conn, alert, [outgoing]))

    async def dispatch(self):
        """Send all that is due at this moment."""
        await Dispatcher(self.runtime).run(Supervisor(systemd.Notifier({})).pulse("dispatcher"))

    async def live(self, span, until=lambda: False):
        """Let the time pass."""
        end = self.store.at + span
        while self.store.at < end and not until():
            await self.dispatch()
            self.store.at += LOOKS

    def states(self):
        """alert number -> (state, reason)"""
        rows = self.store.read_now(lambda conn: store.history.listing(conn, limit=10_000))
        return {int(row["alert"], 16): (row["state"], row["reason"]) for row in rows if row["channel"] == "desk"}


@pytest.fixture
async def desk(tmp_path):
    path = tmp_path / "watcher.toml"
    path.write_text(
        "[watcher]\ninclude = []\n" + CHANNEL.format("desk") + CHANNEL.format("phone") + '[operators]\nchannels = ["phone"]\n',
        encoding="utf-8",
    )
    made = wire(config.load(path))
    opened = Desk(tmp_path, made)
    yield opened
    await opened.store.aclose()
    await made.close()


def down(_):
    return DeliveryError("desk", "http_503", "the endpoint answered 503", retryable=True)


async def test_v12_what_a_receiver_missed_in_three_days_comes_when_it_is_back_each_once_with_its_first_id(desk):
    desk.desk.fault = down
    for number in range(ALERTS):
        desk.tell(number)
    await desk.live(timedelta(days=3))
    assert desk.desk.got == []
    assert desk.phone.subjects == ["Channel desk is failing"], "told once, not for each alert and each try"
    desk.desk.fault = lambda _: None
    await desk.live(timedelta(hours=18), until=lambda: len(desk.desk.got) == ALERTS)
    assert sorted(desk.desk.ids) == [f"key-{number:05}" for number in range(ALERTS)]
    assert desk.desk.ids[8:] == sorted(desk.desk.ids[8:]), "in order, but for the few that were in flight at its first answer"
    assert desk.store.at - desk.desk.first_at == LOOKS, "all at once, whatever step of the ladder each was at"
    assert set(desk.desk.tried) == set(desk.desk.ids), "each try with the same id"
    assert set(desk.states().values()) == {("sent", "")}
    await desk.dispatch()
    assert desk.phone.subjects == ["Channel desk is failing", "Over: channel failing: desk"]


async def test_v12_beyond_the_ladder_a_delivery_is_dead_with_one_notice_and_can_be_sent_again(desk):
    desk.desk.fault = down
    for number in range(20):
        desk.tell(number)
    await desk.live(HORIZON - LOOKS)
    assert set(desk.states().values()) == {("due", "http_503")}, "nothing is given up before the ladder ends"
    await desk.live(HORIZON * 0.1 + 11 * LOOKS)
    assert set(desk.states().values()) == {("dead", "http_503")}
    assert {desk.desk.tried.count(key) for key in set(desk.desk.tried)} == {10}
    assert desk.phone.subjects == ["Channel desk is failing", "Channel desk: an alert could not be delivered"]
    desk.desk.fault = lambda _: None
    for number in range(20):
        assert desk.store.write_now(lambda conn, n=number: store.deliveries.resend(conn, f"{n:032x}", now=desk.store.at)) == 1
    await desk.dispatch()
    assert sorted(desk.desk.ids) == sorted(set(desk.desk.tried))
    assert set(desk.states().values()) == {("sent", "")}


async def test_v12_a_receiver_that_comes_and_goes_uses_up_no_tries(desk):
    desk.desk.fault = down
    for number in range(10):
        desk.tell(number)
    for day in range(4):
        await desk.live(timedelta(hours=20))
        left = [1]  # it takes one message and is down again
        desk.desk.fault = lambda _, left=left: None if left and left.pop() else down(_)
        await desk.live(timedelta(hours=20), until=lambda day=day: len(desk.desk.got) > day)
        desk.desk.fault = down
    assert {state for state, _ in desk.states().values()} == {"sent", "due"}


async def test_a_message_that_is_always_refused_among_others_that_are_not_ends_dead(desk):
    desk.desk.fault = lambda message: down(message) if message.id == "key-00000" else None
    desk.tell(0)
    for number in range(1, 60):
        desk.tell(number)
        await desk.live(timedelta(hours=4))
    assert desk.states()[0] == ("dead", "http_503")
    assert desk.desk.tried.count("key-00000") < 100
    assert len(desk.desk.got) == 59


async def test_an_alert_whose_sending_fails_by_a_fault_of_ours_blocks_none_and_ends_dead_with_its_reason(desk):
    desk.desk.fault = lambda message: ZeroDivisionError("a fault of ours") if message.id == "key-00000" else None
    for number in range(5):
        desk.tell(number)
    await desk.dispatch()
    assert sorted(desk.desk.ids) == [f"key-{number:05}" for number in range(1, 5)]
    await desk.live(HORIZON * 1.1 + 11 * LOOKS)
    assert desk.states()[0] == ("dead", "fault")
    assert desk.desk.tried.count("key-00000") == 10
    assert desk.phone.subjects[-1] == "Channel desk: an alert could not be delivered"
    assert "ZeroDivisionError" in json.loads(desk.phone.got[-1].body)["data"]["text"]


class Poisoned(Renderer):
    """Cannot render what tells of the alerts ``of``; where ``whole`` is false, nor any bundle."""

    of: frozenset[str] = frozenset()
    whole = True

    def render(self, delivery, channel, now, *, brief=False):
        if any(alert.id in self.of for alert in delivery.alerts) or (len(delivery.alerts) > 1 and not self.whole):
            raise DeliveryError(channel, "unrenderable", "cannot be rendered: KeyError", retryable=False)
        return super().render(delivery, channel, now, brief=brief)


def poison(desk, *numbers, whole=True):
    made = Poisoned(desk.wiring.policies, {name: settings for name, (_, settings) in desk.wiring.config.channels.items()})
    made.of, made.whole = frozenset(f"{number:032x}" for number in numbers), whole
    desk.runtime.wiring = replace(desk.runtime.wiring, renderer=made)


async def test_an_alert_that_cannot_be_rendered_is_dead_at_once_and_blocks_none(desk):
    poison(desk, 0)
    for number in range(5):
        desk.tell(number)
    await desk.dispatch()
    assert desk.states() == {0: ("dead", "unrenderable"), **dict.fromkeys(range(1, 5), ("sent", ""))}
    assert desk.desk.tried.count("key-00000") == 0
    assert desk.phone.subjects == ["Channel desk: an alert could not be delivered"]


@pytest.mark.parametrize("sick", [(0,), (2,), (0, 4)])
async def test_a_bundle_loses_only_what_spoils_it(desk, sick):
    poison(desk, *sick)
    for number in range(5):
        desk.tell(number, bundle="group")
    await desk.dispatch()
    well = [number for number in range(5) if number not in sick]
    assert desk.states() == {**dict.fromkeys(sick, ("dead", "unrenderable")), **dict.fromkeys(well, ("sent", ""))}
    assert len(desk.desk.got) == 1, "the rest is one message still"
    assert desk.phone.subjects == ["Channel desk: an alert could not be delivered"]
    text = json.loads(desk.phone.got[0].body)["data"]["text"]
    assert [f"Alert {number}" in text for number in range(5)] == [number in sick for number in range(5)]


async def test_a_bundle_that_only_fails_as_a_whole_comes_one_by_one(desk):
    poison(desk, whole=False)
    for number in range(3):
        desk.tell(number, bundle="group")
    await desk.dispatch()
    assert sorted(desk.desk.ids) == ["key-00000", "key-00001", "key-00002"]
    assert set(desk.states().values()) == {("sent", "")}
