"""A feed's own headers, password, user agent and proxy, from the configuration to a server on loopback that says what it got."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from aiohttp import web

from watcher import config
from watcher.daemon import wire
from watcher.feeds import fetch
from watcher.model import FeedId, FeedState


@pytest.fixture
async def server():
    """Answers whatever it is asked, also as a proxy; ``seen`` has the requests."""
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((str(request.url), request.raw_path, dict(request.headers)))
        return web.Response(body=b"<rss/>", headers={"Set-Cookie": "a=b"})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}", seen
    await runner.cleanup()


async def ask(tmp_path, feed: str, fetching: str = ""):
    path = tmp_path / "watcher.toml"
    (tmp_path / "token").write_text("s3cret\n")
    (tmp_path / "token").chmod(0o600)
    path.write_text(
        f'[watcher]\ncontact = "mailto:desk@example.org"\n[fetch]\nallow_private = ["127.0.0.0/8"]\n{fetching}\n[[feeds]]\n{feed}\n'
    )
    wiring = wire.wire(config.load(path))
    (wanted,) = wiring.config.feeds
    state = FeedState(id=FeedId(1), url=wanted.url, host="h", epoch=0, due_at=datetime.now(UTC), fetch_url=wanted.url)
    try:
        for _ in range(2):
            await fetch.fetch(wiring.client, wanted, state, wiring.limits)
    finally:
        await wiring.close()


async def test_without_options_the_contact_is_told_and_nothing_else(tmp_path, server):
    where, seen = server
    await ask(tmp_path, f'url = "http://{where}/rss"')
    for _, _, headers in seen:
        assert headers["User-Agent"].startswith("watcher/")
        assert "(+mailto:desk@example.org)" in headers["User-Agent"]
        assert not {"Cookie", "Referer", "Authorization"} & set(headers)


async def test_headers_and_secrets_in_them_are_sent(tmp_path, server):
    where, seen = server
    await ask(
        tmp_path, f'url = "http://{where}/rss"\nheaders = {{ Authorization = {{ file = "token" }}, X-Mine = "1", Accept = "text/xml" }}'
    )
    assert [(h["Authorization"], h["X-Mine"], h["Accept"]) for _, _, h in seen] == [("s3cret", "1", "text/xml")] * 2


async def test_user_name_password_and_user_agent_are_sent(tmp_path, server):
    where, seen = server
    await ask(tmp_path, f'url = "http://{where}/rss"\nusername = "me"\npassword = {{ file = "token" }}\nuser_agent = "Desk/1"')
    basic = "Basic " + base64.b64encode(b"me:s3cret").decode()
    assert [(h["Authorization"], h["User-Agent"]) for _, _, h in seen] == [(basic, "Desk/1")] * 2


async def test_a_feeds_proxy_is_asked_for_the_whole_address_and_goes_before_that_of_fetch(tmp_path, server):
    where, seen = server
    await ask(tmp_path, f'url = "http://feed.example/rss"\nproxy = "http://{where}"', fetching='proxy = "http://127.0.0.1:9"')
    assert [(url, raw) for url, raw, _ in seen] == [("http://feed.example/rss", "http://feed.example/rss")] * 2
