"""A process that writes to a store and says what was acknowledged: ``python -m tests.faults.writes DATABASE``."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from watcher import store
from watcher.store import Store


async def main(database: str) -> None:
    """Raise notices, twenty at a time, and print each one's number when its write has returned."""
    with Store.open(database) as opened:
        number = 0

        async def one(mine: int) -> None:
            now = datetime.now(UTC)
            await opened.write(lambda conn: store.alerts.raise_once(conn, f"write:{mine}", now=now))
            sys.stdout.write(f"{mine}\n")
            sys.stdout.flush()

        while True:
            await asyncio.gather(*(one(number + k) for k in range(20)))
            number += 20


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
