"""A WebSub hub on loopback: takes subscriptions, verifies them, and delivers what is published. Its faults are switches."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web


class Hub:
    """``subscribers``: by topic, callback to secret. ``asked``: the forms it was sent. ``challenges``: what was answered to its GETs."""

    def __init__(self) -> None:
        self.url = self.topic = ""
        self.body = b""
        self.subscribers: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.challenges: list[tuple[int, str]] = []
        self.lease, self.method = "86400", "sha256"
        self.status, self.redirect, self.verifies = 202, "", True
        self.polls = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def feed(self, _request: web.Request) -> web.Response:
        """The publisher's own document, which names the hub."""
        self.polls += 1
        return web.Response(
            body=self.body, content_type="application/rss+xml", headers={"Link": f'<{self.url}>; rel="hub", <{self.topic}>; rel="self"'}
        )

    async def subscribe(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.redirect:
            target, self.redirect = self.redirect, ""
            return web.Response(status=307, headers={"Location": target})
        if self.status == 202 and self.verifies:
            task = asyncio.create_task(self._verify(form))
            self._tasks.add(task)
        return web.Response(status=self.status)

    async def _verify(self, form: dict[str, str]) -> None:
        status, text = await self.get(form["hub.callback"], mode=form["hub.mode"], topic=form["hub.topic"])
        self.challenges.append((status, text))
        if status == 200 and text == "ch4llenge":
            known = self.subscribers.setdefault(form["hub.topic"], {})
            if form["hub.mode"] == "subscribe":
                known[form["hub.callback"]] = form["hub.secret"]
            else:
                known.pop(form["hub.callback"], None)

    async def get(self, callback: str, *, mode: str, topic: str, challenge: str = "ch4llenge", **more: str) -> tuple[int, str]:
        """Verify an intent, or deny it."""
        query = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge, "hub.lease_seconds": self.lease, **more}
        async with aiohttp.ClientSession() as session, session.get(callback, params=query) as answer:
            return answer.status, await answer.text()

    async def publish(self, topic: str, body: bytes) -> list[int]:
        """Deliver to every subscriber; the statuses of their answers."""
        found = []
        async with aiohttp.ClientSession() as session:
            for callback, secret in self.subscribers.get(topic, {}).items():
                signature = f"{self.method}={hmac.new(secret.encode(), body, self.method).hexdigest()}"
                headers = {"X-Hub-Signature": signature, "Content-Type": "application/rss+xml"}
                async with session.post(callback, data=body, headers=headers) as answer:
                    found.append(answer.status)
        return found


@asynccontextmanager
async def hub() -> AsyncIterator[Hub]:
    """A hub and a publisher that end with the block."""
    made = Hub()
    app = web.Application()
    app.add_routes([web.post("/hub", made.subscribe), web.get("/feed", made.feed)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    made.url, made.topic = f"{base}/hub", f"{base}/feed"
    try:
        yield made
    finally:
        await runner.cleanup()


def rss(*titles: str) -> bytes:
    """A document with these entries, newest first."""
    items = "".join(
        f"<item><title>{title}</title><guid isPermaLink='false'>{title}</guid><description>{title}, as was said today.</description></item>"
        for title in titles
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Pushed</title>{items}</channel></rss>'.encode()
