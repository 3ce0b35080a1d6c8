"""Told articles are read again: edits and take-downs come in the thread, once; churn and a site's bad minute do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests import desk
from watcher import store
from watcher.daemon import rereads
from watcher.daemon.politeness import Hosts
from watcher.daemon.rereads import Rereads
from watcher.daemon.runtime import Runtime
from watcher.daemon.wire import wire
from watcher.daemon.workers import Workers
from watcher.newsroom import Newsroom, Trouble, load, pages
from watcher.store import Store, schema

CONFIG = """
[fetch]
allow_private = ["127.0.0.0/8"]
timeout = "5s"
[[feeds]]
url = "https://example.org/feed"
name = "example"
[[rules]]
name = "watched"
query = "Kishida"
edits = "thread"
[[rules]]
name = "once"
query = "Kishida"
""" + desk.HOOK.format("siem", "siem")


def reports(at: desk.Desk) -> list[tuple[str, list[str]]]:
    """Of each report of an edit: its rule and what it says."""
    with Store.open(at.config.database) as database:
        found = database.read_now(lambda conn: store.alerts.listing(conn, limit=100))
    return [(alert.rule, alert.payload["context"]["news"]) for alert in found if alert.reason.value == "edited"]


def waiting(at: desk.Desk) -> list[timedelta]:
    """How long from now each page waits for its next reading."""
    with Store.open(at.config.database) as database:
        now = database.clock()
        rows = database.read_now(lambda conn: conn.scalars(schema.rereads.select().with_only_columns(schema.rereads.c.due_at)).all())
    return [due - now for due in rows if due is not None]


async def look(at: desk.Desk) -> None:
    """As if the pause were over."""
    with Store.open(at.config.database) as database:
        now = database.clock()
        database.write_now(lambda conn: conn.execute(update(schema.rereads).where(schema.rereads.c.due_at.is_not(None)).values(due_at=now)))
        wiring = wire(at.config)
        runtime = Runtime(store=database, workers=Workers([]), hosts=Hosts(2), wiring=wiring)
        try:
            await Rereads(runtime).tick()
        finally:
            runtime.workers.close()
            await wiring.close()


@pytest.fixture
async def world(tmp_path):
    at = desk.Desk(tmp_path, CONFIG)
    async with Newsroom() as room:
        url = room.page_url(load("lead"))
        room.publish(load("lead"))
        at.poll("https://example.org/feed", desk.entry("1", load("lead").headline, "A teaser.", url=url))
        await at.reading()
        yield at, room, url


def rewrite(room: Newsroom, url: str, old: str, new: str) -> None:
    lead = load("lead")
    page = pages.page(room.outlets[lead.outlet], lead, url).decode()
    assert old in page
    room.put(url, page.replace(old, new).encode(), "text/html; charset=utf-8")


async def test_an_edit_is_told_once_in_the_thread_and_only_by_the_rule_that_asks(world):
    at, room, url = world
    assert len(at.alerts()) == 2
    (first,) = waiting(at)
    assert timedelta(minutes=14) < first <= timedelta(minutes=15)
    rewrite(room, url, "Kishida", "Ishiba")
    await look(at)
    ((rule, said),) = reports(at)
    assert rule == "watched"
    assert any("Ishiba" in line for line in said)
    await look(at)
    assert len(reports(at)) == 1, "what was told is what is compared with"
    with Store.open(at.config.database) as database:
        alerts = database.read_now(lambda conn: store.alerts.listing(conn, limit=10))
    report = next(alert for alert in alerts if alert.reason.value == "edited")
    first_alert = next(alert for alert in alerts if alert.rule == "watched" and alert.reason.value == "first_seen")
    assert (report.story_id, report.update) == (first_alert.story_id, True)
    assert report.payload["story"]["update"] is True


async def test_the_page_around_the_article_may_change(world):
    at, room, url = world
    rewrite(room, url, "</body>", "<footer>17 readers like this. Also today: Poland buys 180 tanks</footer></body>")
    await look(at)
    assert reports(at) == []


async def test_pauses_grow_and_end(world):
    at, _, _ = world
    seen = []
    for _ in range(8):
        await look(at)
        seen += waiting(at)
    assert [round(pause / timedelta(hours=1)) for pause in seen] == [round(pause / timedelta(hours=1)) for pause in rereads.PAUSES]


async def test_a_page_that_is_missing_twice_was_taken_down_and_is_asked_for_no_more(world):
    at, room, url = world
    room.plant(url, Trouble(status=404))
    await look(at)
    assert reports(at) == [], "a 404 may be a mishap"
    assert waiting(at)[0] <= rereads.SURE
    await look(at)
    assert reports(at) == [("watched", ["the page is gone: its server answers 404"])]
    assert waiting(at) == []


async def test_a_missing_page_that_comes_back_and_a_busy_server_say_nothing(world):
    at, room, url = world
    for trouble in (Trouble(status=404), None, Trouble(status=404), None, Trouble(status=503)):
        if trouble:
            room.plant(url, trouble)
        else:
            room.lift()
        await look(at)
    assert reports(at) == []


async def test_410_is_believed_at_once(world):
    at, room, url = world
    room.plant(url, Trouble(status=410))
    await look(at)
    assert reports(at) == [("watched", ["the page is gone: its server answers 410"])]


async def test_a_feed_whose_pages_are_not_to_be_fetched_is_left_alone(tmp_path):
    at = desk.Desk(tmp_path, CONFIG.replace('name = "example"\n', 'name = "example"\nfull_text = "never"\n', 1))
    at.poll("https://example.org/feed", desk.entry("1", "Kishida in Washington"))
    await at.reading()
    assert len(at.alerts()) == 2
    assert waiting(at) == []
