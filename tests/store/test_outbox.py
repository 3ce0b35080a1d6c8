"""The outbox as a state machine: whatever happens in whatever order, nothing is lost and nobody is told by two messages at once."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from sqlalchemy import select

from tests.store.factories import LEASE, NOW, an_alert, planned
from watcher.model import Delivery, Receipt
from watcher.store import Store, alerts, deliveries
from watcher.store.schema import deliveries as table

CHANNELS = ("desk", "phone")


@cache
def _template() -> bytes:
    """An empty database: migrating one for each example would take most of the time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "outbox.db")
        Store.open(f"sqlite:///{path}").close()
        return path.read_bytes()


class Outbox(RuleBasedStateMachine):
    """Against the rows: what a dispatcher, an operator and the passing of time can do."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name, "outbox.db")
        path.write_bytes(_template())
        self.store = Store.open(f"sqlite:///{path}")
        self.now = NOW
        self.told = 0
        self.members: dict[tuple[str, str], frozenset[str]] = {}  # of each channel's messages by key, as first claimed
        self.live: dict[int, tuple[Delivery, datetime]] = {}  # the latest claim of each message, and until when it holds

    def teardown(self) -> None:
        self.drain()
        self.store.close()
        self.folder.cleanup()

    def do(self, fn):
        return self.store.write_now(fn)

    claims = Bundle("claims")

    @rule(bundle=st.sampled_from(["", "group", "limit:r"]), wait=st.integers(0, 40), channels=st.sampled_from([CHANNELS, CHANNELS[:1]]))
    def tell(self, bundle, wait, channels):
        self.told += 1
        alert = an_alert(self.told, at=self.now)
        due = self.now + timedelta(seconds=wait)
        assert self.do(lambda conn: alerts.insert(conn, alert, [planned(c, due_at=due, bundle=bundle, number=self.told) for c in channels]))

    @rule(seconds=st.integers(1, 50))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(target=claims, slots=st.integers(1, 3))
    def claim(self, slots):
        messages = self.do(
            lambda conn: deliveries.claim(conn, now=self.now, lease=LEASE, limit=4, per_channel=dict.fromkeys(CHANNELS, slots))
        )
        held = [(m.channel, alert.id) for m in self.alive() for alert in m.alerts]
        for message in messages:
            names = frozenset(alert.id for alert in message.alerts)
            assert names, "a message says something"
            assert self.members.setdefault((message.channel, message.message_key), names) == names or not message.bundle
            assert not {(message.channel, alert.id) for alert in message.alerts} & set(held), "it is being sent already"
            self.live[message.id] = (message, self.now + LEASE)
        return messages

    def alive(self):
        """Messages whose lease holds."""
        return [message for message, until in self.live.values() if until > self.now]

    def end(self, message, done):
        """A dispatcher's finish counts exactly when nobody has claimed the message since."""
        latest = self.live.get(message.id)
        mine = latest is not None and latest[0].epoch == message.epoch
        assert done == mine
        if mine:
            del self.live[message.id]

    @rule(messages=consumes(claims))
    def sent(self, messages):
        for message in messages:
            self.end(
                message,
                self.do(lambda conn, m=message: deliveries.settle(conn, m, receipt=Receipt(answer="250"), next_at=None, now=self.now)),
            )

    @rule(messages=consumes(claims), wait=st.integers(0, 90))
    def failed(self, messages, wait):
        at = self.now + timedelta(seconds=wait)
        for message in messages:
            self.end(
                message, self.do(lambda conn, m=message: deliveries.retry(conn, m, next_at=at, reason="timeout", answer="", now=self.now))
            )

    @rule(messages=consumes(claims))
    def given_up(self, messages):
        for message in messages:
            self.end(message, self.do(lambda conn, m=message: deliveries.dead(conn, m, reason="refused", answer="", now=self.now)))

    @rule(messages=consumes(claims))
    def given_back(self, messages):
        rows = [(message.id, message.epoch) for message in messages]
        self.do(lambda conn: deliveries.give_back(conn, rows, now=self.now))
        for message in messages:
            if message.id in self.live and self.live[message.id][0].epoch == message.epoch:
                self.live[message.id] = (self.live[message.id][0], self.now)

    @rule()
    def restart(self):
        """The daemon was killed and starts again, alone."""
        self.do(lambda conn: deliveries.take_all_back(conn, now=self.now))
        self.live.clear()

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def resend(self, data):
        number = data.draw(st.integers(1, self.told))
        self.do(lambda conn: deliveries.resend(conn, an_alert(number).id, now=self.now))
        waiting = {row.id for row in self.rows() if row.claimed_at is None}
        for gone in waiting & set(self.live):
            del self.live[gone]

    def rows(self):
        return self.store.read_now(lambda conn: conn.execute(select(table)).all())

    @invariant()
    def legal(self):
        """What waits will be claimed, by itself or with the row that leads it; what has ended waits for nothing."""
        rows = {row.id: row for row in self.rows()}
        for row in rows.values():
            if row.state == "due":
                lead = row if row.due_at is not None else rows[row.batch]
                assert lead.due_at is not None, "lost: due, and nothing will ever claim it"
                assert lead.state == "due"
            else:
                assert row.due_at is None
                assert row.settled_at is not None

    def drain(self):
        """In the end everything can be sent."""
        self.now += timedelta(days=1)
        for _ in range(200):
            messages = self.do(
                lambda conn: deliveries.claim(conn, now=self.now, lease=LEASE, limit=32, per_channel=dict.fromkeys(CHANNELS, 16))
            )
            if not messages:
                break
            self.do(
                lambda conn, some=messages: (
                    [deliveries.settle(conn, m, receipt=Receipt(), next_at=None, now=self.now) for m in some] and None
                )
            )
        assert {row.state for row in self.rows()} <= {"sent", "dead"}


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
