"""Slots of hosts, for feeds and article pages together: what `feeds.hosts` decides, waited for on the loop's clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from watcher.feeds.hosts import HostGate

PAGE_SPACING_SECONDS = 0.2  # stands in for a feed's interval where a page is read: starts are 0.1 s apart


class Hosts:
    """One gate for the process. The poller asks with :meth:`try_start`; who can wait uses :meth:`slot`."""

    def __init__(self, per_host: int) -> None:
        self.per_host = per_host
        self._gate = HostGate(per_host)
        self.configure(per_host)
        self._released: dict[str, asyncio.Event] = {}

    def configure(self, per_host: int, *, hosts: Iterable[str] = (), interval: timedelta = timedelta(minutes=1)) -> None:
        """Take over a configuration: the limit, how many feeds live on each host, and the interval that spacing is derived from."""
        if per_host != self.per_host:  # else what is in flight and what is blocked goes on counting
            self.per_host = per_host
            self._gate = HostGate(per_host)
        self._feeds = Counter(hosts)
        self._interval = interval.total_seconds()

    def try_start(self, host: str, now: float, *, ill: bool = False) -> float | None:
        """Take a slot and return 0, or return the seconds to wait, or None when one must end first."""
        wait = self._gate.wait(host, now, ill=ill)
        if wait == 0.0:
            self._gate.enter(host, now, interval=self._interval, feeds=self._feeds[host] or 1, ill=ill)
        return wait

    def end(self, host: str, now: float, *, ill: bool = False) -> None:
        """Release a slot."""
        self._gate.leave(host, now, ill=ill)
        if (event := self._released.pop(host, None)) is not None:
            event.set()

    def block(self, host: str, wait: timedelta, now: float) -> None:
        """Let nobody start on ``host`` for a while (Retry-After)."""
        self._gate.block(host, now + wait.total_seconds())

    def blocked(self, host: str, now: float) -> float:
        """Return for how many seconds yet nobody may start on ``host``; 0 where somebody may."""
        until = self._gate.blocked_until(host, now)
        return 0.0 if until is None else until - now

    @contextlib.asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Hold a slot of ``host`` for the block, waiting for one first."""
        loop = asyncio.get_running_loop()
        while True:
            wait = self._gate.wait(host, loop.time())
            if wait == 0.0:
                break
            if wait is not None:
                await asyncio.sleep(wait)
                continue
            event = self._released.setdefault(host, asyncio.Event())
            await event.wait()
        self._gate.enter(host, loop.time(), interval=PAGE_SPACING_SECONDS)
        try:
            yield
        finally:
            self.end(host, loop.time())

    def forget(self) -> None:
        """Drop hosts that no longer matter."""
        self._gate.forget(asyncio.get_running_loop().time())
