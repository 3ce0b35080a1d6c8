"""A source that goes dark, with the real daemon: told once, with what the rules still see, and once more when it is back."""

from __future__ import annotations

import json

import pytest

from tests.e2e.world import world
from watcher.newsroom import Trouble

pytestmark = pytest.mark.e2e


def notices(room) -> list[str]:
    return [post.text for post in room.taken("mail") if "feed" in post.text.lower()]


async def test_a_feed_that_turns_into_html_is_one_notice_and_its_return_another(tmp_path):
    async with world(tmp_path) as w:
        w.write(extra='[operators]\nchannels = ["desk"]\n')
        await w.begin()
        outlet = next(iter(w.room.outlets))
        w.room.plant(w.room.feed_url(outlet), Trouble(body=b"<html><body>Welcome to our new site</body></html>", status=200))
        assert await w.room.until(lambda: len(notices(w.room)) >= 1, 60), w.daemon.said()
        (said,) = notices(w.room)
        assert w.room.feed_url(outlet) in said
        assert "blind" in said
        status, out, _ = await w.command("status", "--json")
        (rule,) = json.loads(out)["coverage"]
        assert (rule["sources"], rule["blind"]) == (len(w.room.outlets), 1)
        _, out, _ = await w.command("feeds", "list", "--failing", "--json")
        (row,) = map(json.loads, out.splitlines())
        assert row["blind"]
        assert row["next_why"].startswith("failed ")
        w.room.lift(w.room.feed_url(outlet))
        assert await w.room.until(lambda: len(notices(w.room)) >= 2, 60), w.daemon.said()
        assert status in (0, 1)
