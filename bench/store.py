"""How many polls a second the store can claim and finish, on either database, grouped and one transaction each.

    python bench/store.py [--feeds 100000] [--seconds 5] [--postgres URL | --private-postgres]

Each figure is of one process with one writer. "batched" is what the daemon does with unchanged polls: a claim of 200 feeds
and one statement for up to 100 outcomes; "grouped": one unit for each poll, many waiting at once; "alone": one at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from watcher.model import FeedState
from watcher.store import Store, feeds

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def fill(store: Store, number: int) -> float:
    """Configure ``number`` feeds on a tenth as many hosts; return the seconds it took."""
    seeds = [
        feeds.FeedSeed(
            url=f"https://h{n % (number // 10)}.example/{n}",
            host=f"h{n % (number // 10)}.example",
            name="",
            interval=timedelta(minutes=10),
            due_at=NOW,
        )
        for n in range(number)
    ]
    began = time.perf_counter()
    store.write_now(lambda conn: feeds.sync(conn, seeds, now=NOW))
    return time.perf_counter() - began


async def claim(store: Store, limit: int) -> list[FeedState]:
    return await store.write(lambda conn: feeds.claim(conn, now=NOW, lease=LEASE, limit=limit, per_host=2))


TURNS = count()


def outcome(state: FeedState) -> feeds.Unchanged:
    """Due again at once, behind all others."""
    return feeds.Unchanged(state.id, state.epoch, NOW - timedelta(days=1) + timedelta(microseconds=next(TURNS)), state.interval, NOW)


async def batched(store: Store, until: float) -> int:
    async def loop() -> int:
        polls = 0
        while time.perf_counter() < until:
            claimed = await claim(store, 200)
            halves = [list(map(outcome, claimed[:100])), list(map(outcome, claimed[100:]))]
            await asyncio.gather(*(store.write(lambda conn, rows=rows: feeds.finish_unchanged(conn, rows)) for rows in halves if rows))
            polls += len(claimed)
        return polls

    return sum(await asyncio.gather(*(loop() for _ in range(4))))  # the poller claims while earlier polls are in flight


async def grouped(store: Store, until: float) -> int:
    async def finish(state: FeedState) -> None:
        await store.write(lambda conn: feeds.finish(conn, replace(state, due_at=outcome(state).due_at), now=NOW))

    polls = 0
    while time.perf_counter() < until:
        claimed = await claim(store, 200)
        await asyncio.gather(*map(finish, claimed))
        polls += len(claimed)
    return polls


async def alone(store: Store, until: float) -> int:
    polls = 0
    while time.perf_counter() < until:
        for state in await claim(store, 1):
            await store.write(lambda conn, state=state: feeds.finish_unchanged(conn, [outcome(state)]))
            polls += 1
    return polls


def measure(store: Store, how: Callable[[Store, float], Awaitable[int]], seconds: float) -> float:
    began = time.perf_counter()
    polls = asyncio.run(how(store, began + seconds))  # type: ignore[arg-type]
    return polls / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--postgres", help="URL of an empty database")
    parser.add_argument("--private-postgres", action="store_true", help="start a private server for this")
    parser.add_argument("--folder", help="where the SQLite file goes (its disk's flush is what is measured)")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=arguments.folder))
        urls = {"sqlite": f"sqlite:///{folder}/bench.db"}
        if arguments.private_postgres:
            from tests import postgres

            server = stack.enter_context(postgres.server(fsync=True))
            urls["postgresql"] = server.create("bench")
        elif arguments.postgres:
            urls["postgresql"] = arguments.postgres
        print(f"{os.cpu_count()} cores, {arguments.feeds} feeds, {arguments.seconds:g} s each")
        for name, url in urls.items():
            with Store.open(url) as store:
                print(f"{name:12}{'sync':9}{fill(store, arguments.feeds):9.2f} s")
                for how in (batched, grouped, alone):
                    print(f"{name:12}{how.__name__:9}{measure(store, how, arguments.seconds):9,.0f} polls/s", flush=True)


if __name__ == "__main__":
    main()
