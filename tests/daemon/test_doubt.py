"""A server's 304s, tested against a real server on loopback that counts what it is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from watcher.daemon import doubt
from watcher.feeds.fetch import NotModified, Response
from watcher.model import Feed, FeedId, FeedState
from watcher.net import Client, Limits

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Server:
    """Answers 304 to whoever sends validators, while ``lies``; else as it should."""

    def __init__(self) -> None:
        self.body, self.tag, self.lies, self.asked = b"<rss/>", '"1"', False, list[str | None]()

    async def answer(self, request: web.Request) -> web.Response:
        sent = request.headers.get("If-None-Match")
        self.asked.append(sent)
        if sent is not None and (self.lies or sent == self.tag):
            return web.Response(status=304)
        return web.Response(body=self.body, headers={"ETag": self.tag})


@pytest.fixture
async def server():
    made = Server()
    app = web.Application()
    app.router.add_get("/feed", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/feed"
    yield made
    await runner.cleanup()


@pytest.fixture
async def ask(server):
    client = Client(user_agent="watcher/test", allow_private=["127.0.0.0/8"])
    feed = Feed(url=server.url)
    plain = FeedState(id=FeedId(1), url=feed.url, host="127.0.0.1", epoch=1, due_at=NOW, fetch_url=feed.url)
    first = await doubt.ask(client, feed, plain, Limits(), NOW)
    state = replace(plain, etag=first.answer.etag, body_hash=first.answer.body_hash)
    server.asked.clear()

    async def asked(now=NOW, **changed):
        return await doubt.ask(client, feed, replace(state, **changed), Limits(), now)

    yield asked
    await client.close()


async def test_a_healthy_feed_is_asked_once_with_its_validators(server, ask):
    found = await ask()
    assert isinstance(found.answer, NotModified)
    assert server.asked == ['"1"']
    assert found.state.checked_at is None


async def test_a_quiet_feed_is_tested_once_a_day_and_an_honest_server_gets_one_request_for_it(server, ask):
    found = await ask(quiet_at=NOW)
    assert isinstance(found.answer, Response)
    assert not found.contradicted
    assert found.state.checked_at == NOW
    await ask(quiet_at=NOW, checked_at=NOW, now=NOW + DAY / 2)
    assert server.asked == [None, '"1"']


async def test_a_server_that_says_304_to_a_changed_document_is_found_out(server, ask):
    server.body, server.lies = b"<rss><new/></rss>", True
    found = await ask(quiet_at=NOW)
    assert found.answer.body == server.body
    assert found.contradicted
    assert server.asked == [None, '"1"']


async def test_a_document_that_changes_in_the_moment_of_the_test_accuses_nobody(server, ask):
    server.body, server.tag = b"<rss><new/></rss>", '"2"'
    found = await ask(quiet_at=NOW)
    assert found.answer.body == server.body
    assert not found.contradicted


async def test_who_has_lied_is_asked_for_the_whole_for_thirty_days(server, ask):
    await ask(lied_at=NOW, now=NOW + 29 * DAY)
    await ask(lied_at=NOW, now=NOW + 30 * DAY)
    assert server.asked == [None, '"1"']
