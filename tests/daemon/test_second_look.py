"""A page that was not to be had is looked for again: no alert is lost to a site's bad minute."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import desk
from watcher import store
from watcher.newsroom import Newsroom, Trouble, load
from watcher.store import Store

RULES = """
[fetch]
allow_private = ["127.0.0.0/8"]
timeout = "5s"
[[feeds]]
url = "https://example.org/feed"
name = "example"
[[rules]]
name = "in-the-page"
query = "Kishida AND Patriot"
[[rules]]
name = "in-the-title"
query = "title:workshops"
updates = "none"
"""


def due_now(at: desk.Desk) -> None:
    """As if the pause were over."""
    with Store.open(at.config.database) as database:
        database.write_now(lambda conn: store.entries.clamp(conn, now=database.clock(), horizon=timedelta(0)))


@pytest.mark.parametrize("trouble", [Trouble(status=503), Trouble(status=404), Trouble(reset=True)], ids=["busy", "not there yet", "torn"])
async def test_what_the_teaser_does_not_say_is_told_when_the_page_is_back(tmp_path, trouble):
    at = desk.Desk(tmp_path, RULES + desk.HOOK.format("siem", "siem"))
    async with Newsroom() as room:
        page = room.page_url(load("lead"))
        room.publish(load("lead"))
        room.plant(page, trouble)
        at.poll("https://example.org/feed", desk.entry("1", "Talks on common workshops", "A teaser.", url=page))
        await at.reading()
        assert [row["rule"] for row in told(at)] == ["in-the-title"], "the teaser is matched at once"
        room.lift()
        await at.reading()
        assert len(told(at)) == 1, "not before the pause is over"
        due_now(at)
        await at.reading()
        assert sorted(row["rule"] for row in told(at)) == ["in-the-page", "in-the-title"], "what was told is not told again"
        due_now(at)
        asked = len(room.asked(page))
        await at.reading()
        assert len(room.asked(page)) == asked, "a page that was read is not asked for again"


async def test_it_is_looked_for_a_few_times_and_no_more(tmp_path):
    at = desk.Desk(tmp_path, RULES + desk.HOOK.format("siem", "siem"))
    async with Newsroom() as room:
        page = room.page_url(load("lead"))
        room.publish(load("lead"))
        room.plant(page, Trouble(status=503))
        at.poll("https://example.org/feed", desk.entry("1", "Talks", "A teaser.", url=page))
        for _ in range(6):
            await at.reading()
            due_now(at)
        assert len(room.asked(page)) == 2 * 4, "at once, and after three pauses; a passing fault is tried twice each time"


def told(at: desk.Desk) -> list[dict[str, object]]:
    with Store.open(at.config.database) as database:
        return [{"rule": alert.rule} for alert in database.read_now(lambda conn: store.alerts.listing(conn, limit=100))]
