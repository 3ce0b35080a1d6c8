"""robots.txt for article pages: one per host, remembered for a day (RFC 9309, section 2.4)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from watcher.errors import FetchError
from watcher.feeds import robots
from watcher.net import Client, Limits

FRESH_SECONDS = 86_400.0
RETRY_SECONDS = 3_600.0  # when it could not be had (docs/why.md)
ASK_SECONDS = 10.0
MOST_HOSTS = 2_000
MAX_BYTES = 512 * 1024  # RFC 9309 2.5: at least 500 KiB must be parsed


@dataclass(frozen=True, slots=True)
class _Entry:
    text: str
    until: float


class Robots:
    """A small cache of robots.txt texts."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._texts: OrderedDict[str, _Entry] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def allowed(self, client: Client, url: str, limits: Limits) -> bool:
        """Whether the site's robots.txt allows us to read ``url``; True where there is none or it cannot be had."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        async with self._asking.setdefault(origin, asyncio.Lock()):
            entry = self._texts.get(origin)
            if entry is None or entry.until < asyncio.get_running_loop().time():
                entry = await self._ask(client, origin, limits)
                self._texts[origin] = entry
                while len(self._texts) > MOST_HOSTS:
                    self._asking.pop(self._texts.popitem(last=False)[0], None)
        return robots.allowed(entry.text, url, self._user_agent)

    async def _ask(self, client: Client, origin: str, limits: Limits) -> _Entry:
        now = asyncio.get_running_loop().time()
        brief = replace(limits, total=min(limits.total, ASK_SECONDS), max_wire=MAX_BYTES, max_decoded=MAX_BYTES)
        try:
            reply = await client.get(f"{origin}/robots.txt", limits=brief)
        except FetchError:
            return _Entry("", now + RETRY_SECONDS)
        if reply.status == 200:
            return _Entry(reply.body.decode("utf-8", "replace"), now + FRESH_SECONDS)
        return _Entry("", now + (FRESH_SECONDS if 400 <= reply.status < 500 else RETRY_SECONDS))
