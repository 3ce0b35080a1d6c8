"""From a hub's push to the alert: the real daemon, a feed that is polled once an hour, and a receiver that looks at the clock."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from tests.e2e.world import world
from tests.hub import hub, rss
from watcher.newsroom.plan import WORDS

pytestmark = pytest.mark.e2e


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_a_push_becomes_an_alert_without_a_poll_and_a_removed_feed_leaves_its_hub(tmp_path):
    port = free_port()
    async with hub() as pushing, world(tmp_path) as w:
        pushing.body = rss("Nothing of note")
        web = f'[web]\nlisten = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}"\n'
        feed = f'[[feeds]]\nurl = "{pushing.topic}"\nname = "Pushed"\ninterval = "1h"\nfull_text = "never"\n'
        w.write(feeds=[], extra=web + feed)
        w.daemon.start()
        assert await w.room.until(lambda: "daemon.started" in w.daemon.said(), 30), w.daemon.said()
        while not pushing.polls:
            await w.command("feeds", "poll")
            await asyncio.sleep(0.2)
        assert await w.room.until(lambda: pushing.topic in pushing.subscribers, 20), w.daemon.said()
        polls, began = pushing.polls, time.monotonic()
        assert await pushing.publish(pushing.topic, rss(f"More {WORDS[0]} for the front", "Nothing of note")) == [202]
        assert await w.arrives(1, seconds=20), w.daemon.said()
        took = time.monotonic() - began
        assert pushing.polls == polls, f"it was the push that did it, in {took:.2f} s"
        w.write(feeds=[], extra=web)
        assert (await w.command("reload", "--wait"))[0] == 0
        assert await w.room.until(lambda: not pushing.subscribers[pushing.topic], 20), w.daemon.said()
