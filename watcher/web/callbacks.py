"""WebSub's callbacks: ``/websub/TOKEN``, the only address here that strangers are meant to call.

The token, which only the hub was told, is what lets a request in; there is no password. A body is read only when somebody waits for it, up
to 2 MiB, within ten seconds. The answer is quick and says nothing: 202 also for what is then ignored. Nothing redirects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

PREFIX = "/websub/"
MOST_BODY = 2 * 1024 * 1024
WITHIN_SECONDS = 10.0
MOST_AT_ONCE = 16


class Callbacks(Protocol):
    """Who answers hubs; the daemon fulfils it."""

    async def verify(self, token: str, query: Mapping[str, str]) -> str | None:
        """Return the text for a hub that verifies an intent, None where there is none."""
        ...

    async def refuses(self, token: str) -> int | None:
        """Return the status for a delivery that nobody waits for, None for one that is to be read."""
        ...

    async def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take a delivery over."""
        ...


class Routes:
    """The two methods of a callback."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._reading = asyncio.Semaphore(MOST_AT_ONCE)

    async def verify(self, request: web.Request) -> web.Response:
        """GET: a hub asks whether we mean it. The challenge goes back as it came, as plain text that no browser takes for anything else."""
        text = await self._callbacks.verify(request.match_info["token"], request.query)
        if text is None:
            raise web.HTTPNotFound(text="Nobody asked for this.\n")
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    async def deliver(self, request: web.Request) -> web.Response:
        """POST: a hub delivers."""
        token = request.match_info["token"]
        refusal = await self._callbacks.refuses(token)
        if refusal is not None:
            return web.Response(status=refusal)
        if self._reading.locked():
            return web.Response(status=503, headers={"Retry-After": "10"})
        async with self._reading:
            body = await _body(request)
        await self._callbacks.deliver(token, {name.lower(): value for name, value in request.headers.items()}, body)
        return web.Response(status=202)


async def _body(request: web.Request) -> bytes:
    """Return the body, of whatever length it says it has.

    :raises HTTPRequestEntityTooLarge: it is longer than a delivery may be.
    :raises HTTPRequestTimeout: it does not come.
    """
    found = bytearray()
    if (request.content_length or 0) > MOST_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=MOST_BODY, actual_size=request.content_length or 0)
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            async for piece in request.content.iter_any():
                found += piece
                if len(found) > MOST_BODY:
                    raise web.HTTPRequestEntityTooLarge(max_size=MOST_BODY, actual_size=len(found))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(found)
