"""The daemon's manners: reload, orderly and disorderly ends, one daemon for one database."""

from __future__ import annotations

import signal
import time

import pytest

from tests.e2e.world import SINKS, planted_rule, world
from watcher.newsroom import Trouble, load

pytestmark = pytest.mark.e2e


async def test_sigterm_ends_it_with_0_within_eight_seconds_even_while_a_receiver_dawdles(tmp_path):
    async with world(tmp_path) as w:
        w.write()
        w.room.plant(w.room.hook("siem"), Trouble(delay=60))
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=["slack:chat"]), w.daemon.said()
        begun = time.monotonic()
        w.daemon.signal(signal.SIGTERM)
        assert await w.daemon.wait(9) == 0, w.daemon.said()
        assert time.monotonic() - begun < 8


async def test_what_sigterm_interrupted_is_sent_by_the_next_start(tmp_path):
    async with world(tmp_path) as w:
        w.write()
        w.room.plant(w.room.hook("siem"), Trouble(delay=60, times=1))
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=["slack:chat", "mail"]), w.daemon.said()
        assert await w.daemon.stop(9) == 0
        w.daemon.start()
        assert await w.arrives(1), w.daemon.said()
        await w.quiet()
        assert [len(w.room.taken(sink)) for sink in SINKS] == [1, 1, 1]


async def test_a_second_sigterm_ends_it_at_once(tmp_path):
    async with world(tmp_path) as w:
        w.write()
        w.room.plant(w.room.hook("siem"), Trouble(delay=60))
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=["slack:chat"]), w.daemon.said()
        w.daemon.signal(signal.SIGTERM)
        assert await w.room.until(lambda: "daemon.stopping" in w.daemon.said(), 5), w.daemon.said()
        begun = time.monotonic()
        w.daemon.signal(signal.SIGTERM)
        assert await w.daemon.wait(9) is not None
        assert time.monotonic() - begun < 2.5


async def test_a_reload_takes_over_new_rules(tmp_path):
    async with world(tmp_path) as w:
        w.write(rules=planted_rule(words=["zeppelin"]))
        await w.begin()
        w.write()
        status, _, err = await w.command("reload", "--wait")
        assert status == 0, err
        w.room.publish(load("lead"))
        assert await w.arrives(1), w.daemon.said()


async def test_sighup_begins_changes_and_ends_the_heartbeat(tmp_path):
    """The dead-man's switch is an address that nothing else asks: a feed of the newsroom which is not configured."""
    async with world(tmp_path) as w:
        followed, pinged, moved = list(w.room.outlets)[:3]

        def operators(outlet: str) -> str:
            return f'[operators]\nchannels = ["siem"]\nheartbeat = {{ url = "{w.room.feed_url(outlet)}", every = "1s" }}'

        w.write(feeds=[followed])
        w.daemon.start()
        assert await w.room.polled(followed, times=1, seconds=30), w.daemon.said()
        for outlet in (pinged, moved):
            w.write(feeds=[followed], extra=operators(outlet))
            w.daemon.signal(signal.SIGHUP)
            assert await w.room.polled(outlet, times=1, seconds=15), w.daemon.said()
        w.write(feeds=[followed])
        assert (await w.command("reload", "--wait"))[0] == 0
        assert await w.room.polled(followed, times=2, seconds=15), w.daemon.said()  # what was on its way has arrived
        before = len(w.room.asked(w.room.feed_url(moved)))
        assert await w.room.polled(followed, times=2, seconds=15), w.daemon.said()
        assert len(w.room.asked(w.room.feed_url(moved))) == before, "a heartbeat that was taken out beats no more"


async def test_a_broken_configuration_is_refused_and_the_old_one_goes_on(tmp_path):
    async with world(tmp_path) as w:
        w.write()
        await w.begin()
        good = w.config.read_text()
        w.config.write_text(good.replace('any = ["ammunition"', 'anny = ["ammunition"'))
        status, out, err = await w.command("reload", "--wait")
        assert status == 1
        assert "anny" in out + err
        w.room.publish(load("lead"))
        assert await w.arrives(1), w.daemon.said()


async def test_a_second_daemon_on_the_same_file_leaves_with_75_and_names_the_first(tmp_path):
    async with world(tmp_path) as w:
        w.write()
        await w.begin()
        status, out, err = await w.command("run", seconds=20)
        assert status == 75
        assert str(w.daemon.pid) in out + err


async def test_a_daemon_that_is_killed_leaves_no_worker_behind(tmp_path):
    import psutil

    async with world(tmp_path) as w:
        w.write()
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1), w.daemon.said()
        family = psutil.Process(w.daemon.pid).children(recursive=True)
        assert family, "it works with worker processes"
        await w.daemon.kill()
        assert await w.room.until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family), 10)
