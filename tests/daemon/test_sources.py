"""What the keeper finds out about all feeds together, and how often it says so: on a real database, with real notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.feeds.test_rhythm import MONDAY, office
from watcher import config, store
from watcher.daemon import wire
from watcher.daemon.politeness import Hosts
from watcher.daemon.runtime import Runtime
from watcher.daemon.sources import CLOSE_LOOK, Sources
from watcher.daemon.workers import Workers
from watcher.feeds import rhythm
from watcher.store.columns import digest
from watcher.store.schema import articles, deliveries, entries, feeds, stories

HOUR = timedelta(hours=1)


class Desk:
    """A database with ``count`` feeds, and what the operators are told."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.sources, self.now = runtime, Sources(runtime), runtime.now()
        self.seen: set[str] = set()

    async def set(self, *numbers: int, **values: Any) -> None:
        urls = [f"https://h{n}.example/feed" for n in numbers]
        await self.runtime.store.write(lambda conn: conn.execute(update(feeds).where(feeds.c.url.in_(urls)).values(**values)))

    async def fail(self, *numbers: int, hours: int = 7, error: str = "timeout: no answer", failures: int = 9) -> None:
        await self.set(*numbers, failures=failures, first_failed_at=self.now - hours * HOUR, last_polled_at=self.now, last_error=error)

    async def mend(self, *numbers: int) -> None:
        await self.set(*numbers, failures=0, first_failed_at=None, last_error=None, last_success_at=self.now)

    async def told(self, *, closely: bool = False) -> list[str]:
        """Look once more; the new notices, each a subject and a text in one."""
        if closely:
            self.sources._closely_at = self.now - 2 * CLOSE_LOOK  # the ten minutes have passed
        await self.sources.look()
        found = await self.runtime.store.read(store.alerts.listing)
        new = [alert for alert in reversed(found) if alert.id not in self.seen]
        self.seen |= {alert.id for alert in found}
        return [f"{alert.payload['subject']}\n{alert.payload['text']}" for alert in new]


@pytest.fixture
async def desk(store: Any, tmp_path: Path, request: pytest.FixtureRequest):
    count = getattr(request, "param", 4)
    lines = ['[operators]\nchannels = ["desk"]', '[channels.desk]\ntype = "webhook"\nurl = "https://hook.example/"', "[watcher]"]
    lines += [f'[[feeds]]\nurl = "https://h{n}.example/feed"\nname = "Feed {n}"\ntags = ["t{n % 2}"]' for n in range(count)]
    lines.append('[[rules]]\nname = "all"\nany = ["x"]\n[[rules]]\nname = "even"\nany = ["x"]\nfeeds = ["tag:t0"]')
    path = tmp_path / "watcher.toml"
    path.write_text("\n".join(lines))
    loaded = config.load(path)
    runtime = Runtime(store=store, workers=Workers([]), hosts=Hosts(2), wiring=wire.wire(loaded))
    now = runtime.now()
    seeds = [seed(feed.url, feed.name, now) for feed in loaded.feeds]
    await store.write(lambda conn: sync(conn, seeds, now))
    yield Desk(runtime)
    await runtime.wiring.close()
    runtime.workers.close()


def seed(url: str, name: str, now: Any) -> Any:
    return store.feeds.FeedSeed(url=url, host=url.split("/")[2], name=name, interval=timedelta(minutes=10), due_at=now)


def sync(conn: Any, seeds: Any, now: Any) -> None:
    store.feeds.sync(conn, seeds, now=now)
    conn.execute(update(feeds).values(baseline_at=now - 60 * 24 * HOUR, last_success_at=now))


async def test_a_feed_that_dies_is_one_notice_with_name_url_and_coverage_and_its_return_another(desk):
    assert await desk.told() == []
    await desk.fail(0)
    (said,) = await desk.told()
    assert "Feed 0 is failing" in said
    assert "https://h0.example/feed" in said
    assert "all: 1 of 4 sources blind" in said
    assert "even: 1 of 2 sources blind" in said
    assert await desk.told() == [], "told once"
    await desk.mend(0)
    (over,) = await desk.told()
    assert over.startswith("Over: ")
    assert await desk.told() == []


async def test_a_bad_night_is_no_news(desk):
    await desk.fail(0, hours=5)
    assert await desk.told() == []


async def test_a_web_page_in_place_of_the_feed_is_said_in_these_words(desk):
    await desk.fail(1, error="not_a_feed: this is no feed: neither RSS, Atom, RDF nor JSON Feed")
    (said,) = await desk.told()
    assert "no longer a feed" in said


@pytest.mark.parametrize("desk", [30], indirect=True)
async def test_many_at_once_are_one_notice_and_many_returns_another(desk):
    dead = range(8)
    await desk.fail(*dead, error="http_500: the server answered 500")
    (said,) = await desk.told()
    assert "8 feeds are in trouble" in said
    assert all(f"https://h{n}.example/feed" in said for n in dead)
    assert await desk.told() == []
    await desk.mend(*dead)
    (over,) = await desk.told()
    assert "8 feeds have recovered" in over
    await desk.fail(0)
    assert len(await desk.told()) == 1, "a later trouble is told again"


@pytest.mark.parametrize("desk", [30], indirect=True)
async def test_feeds_that_began_to_fail_together_are_told_together_though_their_retries_are_spread(desk):
    await desk.fail(0, error="http_503: the server answered 503")
    await desk.fail(*range(1, 9), failures=3, error="http_503: the server answered 503")
    await desk.fail(20, hours=1, failures=3, error="http_503: another story")
    (said,) = await desk.told()
    assert "9 feeds are in trouble" in said
    assert "h20.example" not in said
    await desk.fail(*range(1, 9), failures=5, error="http_503: the server answered 503")
    assert await desk.told() == []


@pytest.mark.parametrize("desk", [30], indirect=True)
async def test_a_dead_network_is_one_notice_and_no_feed_is_named_for_it(desk):
    """Told as soon as half of the feeds fail twice, not after six hours; and the feeds that stay dead are told when it is over."""
    await desk.fail(*range(20), hours=0, failures=2, error="dns: no such name")
    (said,) = await desk.told()
    assert "20 of 30 feeds cannot be reached" in said
    await desk.fail(*range(30), error="dns: no such name")
    assert await desk.told() == []
    await desk.mend(*range(1, 30))
    told = await desk.told()
    assert len(told) == 2
    assert any("Feed 0 is failing" in said for said in told)
    assert any("Over: feeds network" in said for said in told)


def silent_since(now: Any, days: float) -> bytes:
    """The rhythm of an office feed that has said nothing for some days."""
    shift = (now.timestamp() - days * 86_400) // 604_800 * 604_800 - MONDAY % 604_800  # whole weeks before now
    known = rhythm.begin(MONDAY)
    for moment in office(4):
        known = known.learn([moment], after=moment - 60, now=moment + 60)
    moved = (MONDAY + 28 * 86_400) // 604_800 * 604_800
    delta = shift + MONDAY % 604_800 - moved
    return replace(known, since=known.since + delta, learnt_at=known.learnt_at + delta, news_at=known.news_at + delta).pack()


async def test_an_improbable_silence_is_told_once_marks_the_feed_and_ends_with_its_news(desk):
    await desk.set(2, rhythm=silent_since(desk.now, 10), last_new_at=desk.now - 10 * 24 * HOUR)
    (said,) = await desk.told()
    assert "Feed 2 has gone quiet" in said
    assert await desk.told(closely=True) == []
    (row,) = [row for row in await desk.runtime.store.read(store.health.ill) if row.quiet_at]
    assert row.url == "https://h2.example/feed"
    await desk.set(2, quiet_at=None, rhythm=rhythm.begin(desk.now.timestamp()).pack())  # as a poll with news does
    (over,) = await desk.told(closely=True)
    assert "feed quiet: https://h2.example/feed" in over


async def test_a_server_that_lied_is_told(desk):
    await desk.set(1, lied_at=desk.now)
    (said,) = await desk.told()
    assert "304 Not Modified" in said


def entry(number: int, feed: int, now: Any, **values: Any) -> dict[str, Any]:
    base = {"feed_id": feed, "identity": str(number), "identity_key": digest(str(number)), "first_seen_at": now, "status": "done"}
    return {**base, "title": "", "url_key": None, **values}


async def test_one_item_under_ever_new_ids_is_told(desk):
    def fill(conn: Any) -> None:
        same = [entry(n, 1, desk.now - n * HOUR, title="Same", url_key=digest("same")) for n in range(8)]
        other = [entry(n, 2, desk.now - n * HOUR, title=f"Other {n}", url_key=digest(str(n))) for n in range(8)]
        conn.execute(insert(entries), same + other)

    await desk.runtime.store.write(fill)
    (said,) = await desk.told(closely=True)
    assert "Feed 0 repeats one item" in said


async def test_pages_that_stop_giving_text_are_told_and_one_that_gives_some_ends_it(desk):
    def page(number: int, hours: float, *, had: bool) -> None:
        at = desk.now - hours * HOUR
        desk.runtime.store.write_now(lambda conn: add(conn, number, at, had=had))

    def add(conn: Any, number: int, at: Any, *, had: bool) -> None:
        conn.execute(insert(stories).values(id=number, created_at=at, last_at=at))
        conn.execute(insert(entries).values(**entry(number, 1, at, title=str(number))).values(id=number))
        source, note = ("page", "") if had else ("feed", "article not available: consent_wall")
        values = {"entry_id": number, "seq": number, "story_id": number, "source": source, "note": note, "quality": "ok"}
        conn.execute(insert(articles).values(**values, sketch=b"", added_at=at))

    for number in range(1, 11):
        page(number, 30 + number, had=True)
    for number in range(11, 18):
        page(number, 18 - number / 2, had=False)
    (said,) = await desk.told(closely=True)
    assert "give no text any more" in said
    assert await desk.told(closely=True) == []
    page(30, 0.1, had=True)
    (over,) = await desk.told(closely=True)
    assert "feed barren" in over


async def test_a_feed_that_was_removed_while_it_failed_is_over(desk):
    await desk.fail(3)
    assert len(await desk.told()) == 1
    desk.runtime.wiring.feeds.pop("https://h3.example/feed")
    assert len(await desk.told()) == 1


async def test_notices_go_to_the_operators_channels(desk):
    await desk.fail(0)
    await desk.told()
    rows = await desk.runtime.store.read(lambda conn: conn.execute(deliveries.select()).all())
    assert [row.channel for row in rows] == ["desk"]
