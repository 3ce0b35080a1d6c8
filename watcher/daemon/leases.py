"""What this process has claimed, renewed as a whole every ten seconds.

A lease is the row's due time: whoever claimed a row pushed it 30 s into the future, and one UPDATE renews all of a
process's. Whether a lease still holds is judged by the monotonic clock: after a suspended machine wakes up, the
dispatcher must not send what another process may have claimed in the meantime.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from watcher.store import Store

LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10.0

Renew = Callable[[Connection, Sequence[tuple[int, int]], datetime], frozenset[int]]


class Leases:
    """The rows of one table that a loop has in work: id -> epoch."""

    def __init__(self, store: Store, renew: Renew) -> None:
        self._store = store
        self._renew = renew
        self._held: dict[int, tuple[int, float]] = {}

    def hold(self, rows: Iterable[tuple[int, int]]) -> None:
        """Note rows that were just claimed, as (id, epoch)."""
        until = self._deadline()
        for row, epoch in rows:
            self._held[row] = (epoch, until)

    def release(self, row: int) -> None:
        """Forget a row that was finished or given back."""
        self._held.pop(row, None)

    def valid(self, row: int) -> bool:
        """Whether the row is still ours for a moment: ask before anything that cannot be undone."""
        held = self._held.get(row)
        return held is not None and asyncio.get_running_loop().time() < held[1]

    def rows(self) -> list[tuple[int, int]]:
        """All rows in work, as (id, epoch)."""
        return [(row, epoch) for row, (epoch, _) in self._held.items()]

    def __len__(self) -> int:
        return len(self._held)

    async def keep(self) -> None:
        """Renew for ever; a renewal that fails lets the leases run out, which costs a repeat of work and nothing else."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            rows = self.rows()
            if not rows:
                continue
            until, due_at = self._deadline(), self._store.clock() + LEASE
            await self._store.write(lambda conn: self._renew(conn, rows, due_at))  # noqa: B023  awaited before the next turn
            for row, epoch in rows:
                if row in self._held:
                    self._held[row] = (epoch, until)

    @staticmethod
    def _deadline() -> float:
        return asyncio.get_running_loop().time() + LEASE.total_seconds() - 2  # a little early: the other side's clock
