"""The indexer: the words of new articles into the index for search, behind everything else.

    articles above the mark                       store.archive         a few at a time
    their words                                   rules.clues           on a thread
    the index, a file or a table of its own       store.fulltext        never the writer that alerts wait for
    rest four times as long as that took

Killed at any point, it goes on at the mark. Two processes on one PostgreSQL take turns.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from watcher import store
from watcher.daemon import log
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Pulse
from watcher.errors import StoreError
from watcher.model import MatchInput
from watcher.rules import clues
from watcher.store import Store, fulltext
from watcher.store.archive import Archived

AT_ONCE = 50  # articles of one addition
WORK_SECONDS = 0.05  # after which an addition is made of what there is
REST = 4  # times as long as it worked
IDLE_SECONDS = 2.0
ONCE_SECONDS = 5.0  # that `run --once` may spend; what is left has its turn the next time
TRY_AGAIN_SECONDS = 30.0


def indexed(row: Archived) -> fulltext.Row:
    """Return an article as the index takes it: the words of all that the rules see of it."""
    words = clues.words(MatchInput(title=row.title, text=row.text, url=row.url or "", author=row.author))
    return row.seq, row.added_at, fulltext.kept(words)


def step(database: Store, index: fulltext.FullText, clock: Callable[[], float] = time.monotonic) -> int:
    """Index some articles above the mark; return how many."""
    mark = index.mark()
    waiting = database.read_now(lambda conn: store.archive.onward(conn, low=mark + 1, high=2**62, limit=AT_ONCE))
    until = clock() + WORK_SECONDS
    rows: list[fulltext.Row] = []
    for row in waiting:
        rows.append(indexed(row))
        if clock() > until:
            break
    if rows and not index.add(rows, after=mark):
        return 0  # another process was quicker
    if not waiting:
        first, _ = database.read_now(store.archive.bounds)
        index.forget(first)
    return len(rows)


class Indexer:
    """Indexes until the daemon stops; with ``runtime.once`` until all is indexed or five seconds are over."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, pulse: Pulse) -> None:
        """Follow the archive."""
        while not self._runtime.stopping.is_set():
            pulse.beat()
            try:
                index = await asyncio.to_thread(fulltext.open_index, self._runtime.store, version=clues.VERSION, create=True)
            except StoreError as error:
                log.get().warning("search.no_index", why=str(error))
                index = None
            if index is not None:
                try:
                    await self._follow(index, pulse)
                finally:
                    await asyncio.to_thread(index.close)
            if self._runtime.once:
                return
            await self._rest(TRY_AGAIN_SECONDS, pulse)

    async def _follow(self, index: fulltext.FullText, pulse: Pulse) -> None:
        """Add what is new, until the daemon stops or the index cannot be written."""
        loop = asyncio.get_running_loop()
        until = loop.time() + ONCE_SECONDS
        while not self._runtime.stopping.is_set():
            pulse.beat()
            began = loop.time()
            try:
                count = await asyncio.to_thread(step, self._runtime.store, index)
            except StoreError as error:
                log.get().warning("search.not_indexed", why=str(error))
                return
            if not self._runtime.once:
                await self._rest(REST * (loop.time() - began) if count else IDLE_SECONDS, pulse)
            elif not count or loop.time() > until:
                return

    async def _rest(self, seconds: float, pulse: Pulse) -> None:
        while seconds > 0 and not self._runtime.stopping.is_set():
            pulse.beat()
            await self._runtime.pause(self._runtime.stopping, min(seconds, 10.0))
            seconds -= 10.0
