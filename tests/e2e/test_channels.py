"""Channels by the real daemon: one that is gone, and what waits for its hour over kill -9."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy import select

from tests.e2e.world import HOOK, MAIL, SLACK, world
from watcher import config
from watcher.daemon import systemd
from watcher.daemon.dispatcher import Dispatcher
from watcher.daemon.politeness import Hosts
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Supervisor
from watcher.daemon.wire import wire
from watcher.daemon.workers import Workers
from watcher.newsroom import OUTLETS, Trouble, load
from watcher.newsroom.plan import Plan, codes_in
from watcher.store import Store, schema

pytestmark = pytest.mark.e2e


async def test_v09_a_channel_that_is_gone_is_told_by_another_and_the_others_go_on(tmp_path):
    plan = Plan(3, feeds=2, planted=2, harmless=0, copies=0)
    first, second = islice(plan.rounds(), 2)
    async with world(tmp_path, outlets=plan.outlets) as w:
        w.write(
            rules='[[rules]]\nname = "r"\nany = ["q*"]\nupdates = "none"\n',
            extra='[operators]\nchannels = ["siem", "desk"]\n',
            full_text='"never"',
        )
        w.room.publish(*plan.baseline.pieces)
        await w.begin()
        hook = w.room.hook("siem")
        w.room.plant(hook, Trouble(status=410))

        def named(sink):
            return {code for post in w.room.taken(sink) for code in codes_in(post.text)}

        def notices():
            return [post.text for post in w.room.taken(MAIL) if "Channel siem is disabled" in post.text]

        w.room.publish(*first.pieces)
        assert await w.room.until(lambda: notices() and named(MAIL) & named(SLACK) >= first.told, 40), w.daemon.said()
        asked = len(w.room.asked(hook))
        status, out, _ = await w.command("status", "--json")
        assert (status, list(json.loads(out)["channels_down"])) == (1, ["siem"])
        w.room.lift(hook)
        w.room.publish(*second.pieces)
        assert await w.room.until(lambda: named(MAIL) & named(SLACK) >= second.told, 40), w.daemon.said()
        assert (len(notices()), len(w.room.asked(hook))) == (1, asked), "told once, and not asked again"
        assert (await w.command("channels", "enable", "siem"))[0] == 0
        assert await w.room.until(lambda: named(HOOK) >= second.told, 40), w.daemon.said()


async def test_groups_and_quiet_hours_keep_their_hour_over_kill_9_and_urgent_alerts_pass_them(tmp_path):
    """Killed while they wait, what is grouped and what is held for the morning is due at the same moment, and comes then, once."""
    plan = Plan(5, feeds=2, planted=3, harmless=0, copies=0)
    (round_,), lead = islice(plan.rounds(), 1), load("lead")
    quiet = [f"{datetime.now(UTC) + timedelta(hours=hours):%H:%M}" for hours in (-2, 3)]
    async with world(tmp_path, outlets={**plan.outlets, lead.outlet: OUTLETS[lead.outlet]}) as w:
        rules = '[[rules]]\nname = "calm"\nany = ["q*"]\nupdates = "none"\nlimit = "100/h"\nchannels = ["desk", "chat"]\n'
        rules += '[[rules]]\nname = "loud"\nany = ["Tokyo"]\nupdates = "none"\nseverity = "urgent"\nchannels = ["desk", "chat"]\n'
        w.write(rules=rules, full_text='"never"')
        w.config.write_text(
            w.config.read_text()
            .replace("[channels.desk]\n", '[channels.desk]\ngroup = { wait = "1h", interval = "4h" }\n')
            .replace("[channels.chat]\n", f'[channels.chat]\ntimezone = "UTC"\nquiet = "{quiet[0]}-{quiet[1]}"\n')
        )
        w.room.publish(*plan.baseline.pieces)
        await w.begin()
        w.room.publish(*round_.pieces)
        w.room.publish(lead)
        assert await w.room.until(lambda: w.daemon.said().count("match.decided") >= 4, 40), w.daemon.said()
        assert await w.room.until(lambda: w.daemon.said().count("delivery.sent") >= 2, 40), w.daemon.said()
        held = waiting(w)
        assert sorted(channel for channel, _ in held) == ["chat"] * 3 + ["desk"] * 3
        await w.daemon.kill()
        w.daemon.start()
        await w.quiet(seconds=1)
        assert waiting(w) == held
        await w.daemon.kill()
        assert [len(w.room.taken(sink)) for sink in (MAIL, SLACK)] == [1, 1], "only what is urgent"
        for sink, channel in ((MAIL, "desk"), (SLACK, "chat")):
            (due,) = {at for name, at in held if name == channel}
            assert (due.minute, due.second) == (int(quiet[1][3:]), 0) or channel == "desk"
            await dispatch(w, due - timedelta(seconds=1))
            assert len(w.room.taken(sink)) == 1, "not a second early"
            await dispatch(w, due)
            found = [code for post in w.room.taken(sink) for code in codes_in(post.text)]
            assert sorted(found) == sorted(round_.told)
            assert len(w.room.taken(sink)) == 1 + (1 if sink == MAIL else 3), "what is grouped is one message"


class Timed(Store):
    """A store by whose clock it is ``at``."""

    at = datetime(2026, 1, 1, tzinfo=UTC)

    def clock(self):
        return self.at


def waiting(w):
    """(channel, due time) of what waits, in order."""
    with Store.open(w.database, migrate=False) as opened:
        columns = schema.deliveries.c
        query = select(columns.channel, columns.due_at).where(columns.due_at.is_not(None)).order_by(columns.id)
        return [tuple(row) for row in opened.read_now(lambda conn: conn.execute(query).all())]


async def dispatch(w, at):
    """Let the dispatcher send what is due at that moment."""
    opened = await asyncio.to_thread(Timed.open, w.database)
    opened.at = at
    wiring = wire(config.load(w.config))
    runtime = Runtime(store=opened, workers=Workers([]), hosts=Hosts(1), wiring=wiring, once=True, random=random.Random(1))
    try:
        await Dispatcher(runtime).run(Supervisor(systemd.Notifier({})).pulse("dispatcher"))
    finally:
        await wiring.close()
        await opened.aclose()
