"""Waiting for what is observed, never for time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    """Rings whenever something happened in the room; whoever waits looks again."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everyone who waits."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def until(self, holds: Callable[[], object], seconds: float, *, look_every: float = 0.5) -> bool:
        """Wait until ``holds()`` is true, at most ``seconds``; returns whether it is.

        :param look_every: looked at again after that many seconds even without a ring, for what does not ring
            (a child that ends, a row in a database).
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            rung = self._rung
            if holds():
                return True
            left = deadline - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(rung.wait(), min(left, look_every))
            except TimeoutError:
                continue
