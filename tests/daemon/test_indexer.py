"""The indexer: a little at a time, behind the archive, and never in its way."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import closing
from datetime import timedelta

import pytest
import structlog.testing
from sqlalchemy import update

from tests.desk import Desk, entry, feed
from watcher import store
from watcher.daemon import indexer, systemd
from watcher.daemon.indexer import Indexer
from watcher.daemon.politeness import Hosts
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Supervisor
from watcher.daemon.wire import wire
from watcher.daemon.workers import Workers
from watcher.rules import clues
from watcher.store import Store, fulltext, schema

WAR = "https://war.example/rss"
RARE = (frozenset({frozenset({("seventh", False)})}),)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    found = Desk(tmp_path, feed("War", WAR))
    found.poll(WAR, *(entry(f"e{n}", f"Title {n}", f"The {'seventh' if n == 7 else 'usual'} text number {n}.") for n in range(120)))
    found.read()
    return found


@pytest.fixture
def database(desk):
    with Store.open(desk.config.database) as opened:
        yield opened


def opened(database):
    return closing(fulltext.open_index(database, version=clues.VERSION, create=True))


async def once(desk: Desk) -> None:
    """One pass, as ``run --once`` makes it."""
    with Store.open(desk.config.database) as database:
        wiring = wire(desk.config)
        runtime = Runtime(store=database, workers=Workers([]), hosts=Hosts(2), wiring=wiring, once=True)
        try:
            await Indexer(runtime).run(Supervisor(systemd.Notifier({})).pulse("indexer"))
        finally:
            runtime.workers.close()
            await wiring.close()


def test_an_addition_is_bounded_by_number_and_by_time(database):
    with opened(database) as index:
        ticks = itertools.count(0.0, indexer.WORK_SECONDS)
        assert indexer.step(database, index, clock=lambda: next(ticks)) == 2  # the time was over with the second
        assert indexer.step(database, index, clock=lambda: 0.0) == indexer.AT_ONCE
        while indexer.step(database, index):
            pass
        assert index.mark() == 120
        assert sum(map(len, index.find(RARE, low=1, high=120))) == 1


def test_what_retention_takes_leaves_the_index_when_there_is_nothing_to_do(database):
    """A month that has no article any more goes."""
    with opened(database) as index:
        old = database.clock() - timedelta(days=100)
        which = schema.articles.c.seq <= 60
        database.write_now(lambda conn: conn.execute(update(schema.articles).where(which).values(added_at=old)))
        while indexer.step(database, index):
            pass
        before = sum(map(len, index.find((frozenset({frozenset({("text", False)})}),), low=1, high=120)))
        database.write_now(lambda conn: store.retention.prune(conn, now=database.clock(), retention=timedelta(days=90)))
        indexer.step(database, index)
        after = sum(map(len, index.find((frozenset({frozenset({("text", False)})}),), low=1, high=120)))
        assert (before, after) == (120, 60)


def test_one_pass_of_the_daemon_indexes_what_it_read(desk):
    """``run --once``, as cron calls it."""

    asyncio.run(once(desk))
    with Store.open(desk.config.database) as database, opened(database) as index:
        assert index.mark() == 120


def test_an_index_that_cannot_be_written_stops_nothing(desk):
    """The daemon says so and goes on."""
    beside = desk.path.with_name("watcher.db.search")
    beside.mkdir()

    with structlog.testing.capture_logs() as logged:
        asyncio.run(once(desk))
    assert "search.no_index" in {line["event"] for line in logged}
