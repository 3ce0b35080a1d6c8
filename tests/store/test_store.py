"""Units of work: committed in groups, each failing alone, acknowledged only when durable."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text

from tests.store.factories import NOW
from watcher.errors import ConfigError, StoreError, StoreUnavailable
from watcher.store import Store, silences
from watcher.store.schema import meta
from watcher.store.schema import silences as silences_table


def put(key, value="x"):
    return lambda conn: conn.execute(meta.insert().values(key=key, value=value)) and key


def keys(conn):
    return sorted(conn.scalars(select(meta.c.key)))


async def test_write_gives_what_the_unit_returns_and_read_sees_it(store):
    assert await store.write(put("a")) == "a"
    assert await store.read(keys) == ["a"]
    assert store.write_now(put("b")) == "b"
    assert store.read_now(keys) == ["a", "b"]


async def test_units_that_wait_share_a_transaction(url):
    """The first unit holds the writer until the others have queued, so all of them commit together."""
    with Store.open(url, group_seconds=60) as store:
        await _share(store)


async def _share(store):
    query = text("SELECT 1" if store.dialect == "sqlite" else "SELECT pg_current_xact_id()::text")
    entered, go_on = threading.Event(), threading.Event()

    def hold(conn):
        entered.set()
        go_on.wait(10)
        return conn.scalar(query)

    first = asyncio.create_task(store.write(hold))
    await asyncio.to_thread(entered.wait, 10)
    # No unit of the group is visible outside before the COMMIT that ends it.
    others = [asyncio.create_task(store.write(put(f"k{n}"))) for n in range(20)]
    last = asyncio.create_task(store.write(lambda conn: (conn.scalar(query), store.read_now(keys))))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*others)
    transaction, seen = await last
    assert seen == []
    assert len(await store.read(keys)) == 20
    if store.dialect == "postgresql":
        assert await first == transaction
    await first


async def test_a_failing_unit_fails_alone(store):
    def fail(conn):
        conn.execute(meta.insert().values(key="undone", value=""))
        raise RuntimeError("mine")

    results = await asyncio.gather(
        store.write(put("a")), store.write(fail), store.write(put("b")), store.write(put("a")), return_exceptions=True
    )
    assert results[0] == "a"
    assert results[2] == "b"
    assert isinstance(results[1], RuntimeError)
    assert isinstance(results[3], StoreError)
    assert not isinstance(results[3], StoreUnavailable)
    assert await store.read(keys) == ["a", "b"]
    assert store.generation == 0


async def test_errors_of_a_unit_come_as_they_are(store):
    mistake = ConfigError("mine")  # a ValueError too

    def fail(_):
        raise mistake

    with pytest.raises(ConfigError) as caught:
        await store.write(fail)
    assert caught.value is mistake


async def test_a_fault_of_the_program_in_a_unit_does_not_end_the_writer(store):
    with pytest.raises(ZeroDivisionError):
        await store.write(lambda _: 1 // 0)
    assert await store.write(put("a")) == "a"


@pytest.mark.parametrize("bad", ["NUL \0 inside", "lone \ud800 surrogate"])
def test_text_that_cannot_be_stored_fails_its_unit_in_both_databases(store, bad):
    with pytest.raises(StoreError):
        store.write_now(lambda conn: silences.add(conn, now=NOW, until_at=NOW, author=bad, comment="", rule="r"))
    assert store.read_now(lambda conn: conn.execute(select(silences_table)).all()) == []


def test_naive_times_are_refused(store):
    with pytest.raises(TypeError):
        store.write_now(lambda conn: silences.add(conn, now=datetime(2026, 1, 1), until_at=NOW, author="a", comment="", rule="r"))  # noqa: DTZ001


def test_times_come_back_to_the_microsecond(store):
    moment = datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    store.write_now(lambda conn: silences.add(conn, now=moment, until_at=moment + timedelta(days=1), author="a", comment="", rule="r"))
    assert store.read_now(lambda conn: silences.in_force(conn, now=moment))[0].created_at == moment


async def test_a_read_cannot_write(store):
    with pytest.raises(StoreError):
        await store.read(put("a"))
    assert await store.read(keys) == []


async def test_a_cancelled_caller_that_was_not_yet_served_leaves_no_trace(store):
    entered, go_on = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        go_on.wait(10)

    holding = asyncio.create_task(store.write(hold))
    await asyncio.to_thread(entered.wait, 10)
    waiting = asyncio.create_task(store.write(put("never")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    await holding
    await store.write(put("later"))
    assert await store.read(keys) == ["later"]


async def test_close_finishes_what_was_queued(url):
    store = Store.open(url)
    tasks = [asyncio.create_task(store.write(put(f"k{n:03}"))) for n in range(150)]
    await asyncio.sleep(0)
    await store.aclose()
    await asyncio.gather(*tasks)
    with pytest.raises(StoreUnavailable):
        await store.write(put("late"))
    with pytest.raises(StoreUnavailable):
        store.read_now(keys)
    store.close()
    with Store.open(url) as again:
        assert len(again.read_now(keys)) == 150


async def test_many_readers_and_writers_at_once(store):
    async def one(n):
        await store.write(put(f"k{n}"))
        assert f"k{n}" in await store.read(keys)

    await asyncio.gather(*(one(n) for n in range(60)))


def test_the_clock_is_the_databases(store):
    before = datetime.now(UTC)
    assert abs(store.clock() - before) < timedelta(seconds=5)
    assert store.clock().tzinfo is UTC


@pytest.mark.parametrize("bad", ["watcher.db", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "", "postgresql://[::1"])
def test_urls_that_name_no_database_of_ours_are_refused_in_words(bad):
    with pytest.raises(StoreError, match=r"sqlite:///|SQLite database needs a file"):
        Store.open(bad)


def test_a_postgres_that_is_not_there_is_told_from_one_that_is_misconfigured():
    with pytest.raises(StoreUnavailable):
        Store.open("postgresql://watcher@127.0.0.1:1/none", patience=0)


WRITER = """
import asyncio, sys
from itertools import count
from watcher.store import Store
from watcher.store.schema import meta
store = Store.open(sys.argv[1])
numbers = count()

async def one():
    while True:
        key = f"k{next(numbers)}"
        await store.write(lambda conn: conn.execute(meta.insert(), {"key": key, "value": "x"}).close())
        print(key, flush=True)

async def main():
    await asyncio.gather(*(one() for _ in range(20)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 150])
def test_what_was_acknowledged_survives_a_killed_process(url, acknowledged):
    """Twenty writers at once, killed after so many acknowledgements; each line that was printed is a row."""
    Store.open(url).close()
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as child:
        told = [child.stdout.readline().strip() for _ in range(acknowledged)]
        child.kill()
        told += [line.strip() for line in child.stdout if line.endswith("\n")]
    with Store.open(url) as store:
        found = store.read_now(keys)
        assert set(told) <= set(found)
        assert len(found) <= len(told) + 20, "of what was not acknowledged only what was in flight may be there"


# --- what only SQLite does ---------------------------------------------------------------------------------------------


def test_writer_commits_with_full_synchronisation(sqlite_path):
    with Store.open(f"sqlite:///{sqlite_path}") as store:
        pragmas = store.write_now(
            lambda conn: [conn.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
        )
    assert pragmas == ["wal", 2, 1]


async def test_a_full_disk_fails_the_callers_and_is_survived(sqlite_path):
    """S01: SQLITE_FULL undoes the group; its callers hear so, mirrors are told, and writing resumes when there is room."""
    with Store.open(f"sqlite:///{sqlite_path}") as store:
        await store.write(put("before"))
        pages = await store.read(lambda conn: conn.scalar(text("PRAGMA page_count")))
        await store.write(lambda conn: conn.execute(text(f"PRAGMA max_page_count={pages + 2}")).scalar())
        results = await asyncio.gather(store.write(put("small")), store.write(put("big", os.urandom(60_000).hex())), return_exceptions=True)
        assert isinstance(results[1], StoreUnavailable)
        assert "full" in str(results[1])
        assert store.generation == 1
        assert "full" in (store.trouble or "")
        # The connection was replaced, and with it the limit that played the full disk.
        assert await store.write(put("after", os.urandom(60_000).hex())) == "after"
        assert store.trouble is None
        acknowledged = {"before", "after"} | {r for r in results if isinstance(r, str)}
        assert set(await store.read(keys)) == acknowledged


def test_a_lock_of_another_process_is_waited_for(sqlite_path):
    """S02: another process holds the database exclusively; the write waits and then happens."""
    with Store.open(f"sqlite:///{sqlite_path}") as store, closing(sqlite3.connect(sqlite_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        written = threading.Event()
        thread = threading.Thread(target=lambda: (store.write_now(put("a")), written.set()))
        thread.start()
        assert not written.wait(0.3)
        other.execute("COMMIT")
        thread.join(20)
        assert written.is_set()


def test_a_lock_that_is_never_released_fails_in_the_end(sqlite_path):
    with (
        Store.open(f"sqlite:///{sqlite_path}", patience=0.2) as store,
        closing(sqlite3.connect(sqlite_path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.write_now(put("a"))
        other.execute("ROLLBACK")
        assert store.write_now(put("a")) == "a"


# --- what only PostgreSQL does -----------------------------------------------------------------------------------------


@pytest.fixture
def postgres_store(postgres_url):
    opened = Store.open(postgres_url, patience=20)
    yield opened
    opened.close()


@pytest.mark.postgres
def test_sessions_killed_between_units_are_replaced_silently(postgres_server, postgres_store):
    """S08: nothing was acknowledged and nothing can have been committed, so the same is done on a new session."""
    postgres_store.write_now(put("a"))
    postgres_store.read_now(keys)
    postgres_server.end_sessions()
    assert postgres_store.read_now(keys) == ["a"]
    assert postgres_store.write_now(put("b")) == "b"


@pytest.mark.postgres
@pytest.mark.parametrize(("times", "works"), [(1, True), (99, False)])
def test_a_session_killed_within_a_unit_leaves_nothing_half_done(postgres_server, postgres_store, times, works):
    runs = []

    def unit(conn):
        runs.append(postgres_store.generation)
        conn.execute(meta.insert().values(key="half", value=""))
        if len(runs) <= times:
            postgres_server.end_sessions()
        conn.execute(text("SELECT 1"))

    if works:
        postgres_store.write_now(unit)
    else:
        with pytest.raises(StoreUnavailable):
            postgres_store.write_now(unit)
    assert runs == list(range(2 if works else 3)), "each run after a failure sees a new generation, so that mirrors are rebuilt"
    assert postgres_store.read_now(keys) == (["half"] if works else [])
    assert postgres_store.write_now(put("next")) == "next"


@pytest.mark.postgres
def test_a_server_that_restarts_is_waited_for(postgres_server, postgres_store):
    postgres_store.write_now(put("a"))
    postgres_server.stop("fast")
    done = threading.Event()
    thread = threading.Thread(target=lambda: (postgres_store.write_now(put("b")), done.set()))
    thread.start()
    until = time.monotonic() + 20
    while postgres_store.trouble is None and time.monotonic() < until:
        time.sleep(0.01)
    assert "available" in (postgres_store.trouble or "")
    assert not done.is_set()
    postgres_server.start()
    thread.join(20)
    assert done.is_set()
    assert postgres_store.read_now(keys) == ["a", "b"]


@pytest.mark.postgres
def test_units_that_deadlock_with_another_process_run_again(postgres_server, postgres_store):
    with Store.open(postgres_store.url) as other:
        for key in ("a", "b"):
            postgres_store.write_now(put(key))
        both = threading.Barrier(2, timeout=10)
        runs = []

        def cross(first, second):
            def unit(conn):
                runs.append(first)
                conn.execute(meta.update().where(meta.c.key == first).values(value=first))
                if len(runs) <= 2:
                    both.wait()
                conn.execute(meta.update().where(meta.c.key == second).values(value=first))

            return unit

        thread = threading.Thread(target=lambda: other.write_now(cross("b", "a")))
        thread.start()
        postgres_store.write_now(cross("a", "b"))
        thread.join(20)
        assert len(runs) == 3
        assert postgres_store.generation == other.generation == 0


async def test_a_patient_unit_shares_its_commit_with_those_that_come_soon(url):
    """Nobody in a hurry waits for it: five seconds of patience end with the first unit that has none."""
    with Store.open(url, group_seconds=5.0) as store:
        await store.write(put("first"))
        commits = []
        event.listen(store._engines[0], "commit", commits.append)
        patient = [asyncio.create_task(store.write(put(f"p{n}"), patient=True)) for n in range(5)]
        await asyncio.sleep(0)
        assert await store.write(put("hurry")) == "hurry"
        assert await asyncio.gather(*patient) == [f"p{n}" for n in range(5)]
        assert len(commits) == 1
