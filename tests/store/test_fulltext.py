"""The index of words, on both databases: it names what has the words, it goes on where it was, and it knows whose it is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.store.factories import NOW
from watcher.errors import StoreError, StoreUnavailable
from watcher.store import Store, archive, backup, fulltext
from watcher.store.columns import EPOCH, MICROSECOND

WORDS = ["patriot", "київ", "岸田", "田首", "f", "16", "155mm", "к", "ไท", "한국", "x" * 40, "паtriot"]


def fill(store: Store, count: int, *, first: int = 1, days: int = 1) -> None:
    """Articles numbered from ``first``, so many days apart, the last of them now."""
    at = (NOW - EPOCH) // MICROSECOND
    step = days * 86_400_000_000
    numbers = f"WITH RECURSIVE n(i) AS (SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {first + count - 1})"
    blob = "CAST('k' || i AS BLOB)" if store.dialect == "sqlite" else "CAST('k' || i AS BYTEA)"
    tables = {
        "entries (id, feed_id, identity, identity_key, first_seen_at, status)": f"i, 1, 'e' || i, {blob}, {at}, 'done'",
        "articles (entry_id, seq, story_id, source, quality, sketch, added_at)": f"i, i, 1, 'feed', 'ok', {blob}, {at} - ({first + count - 1} - i) * {step}",
    }

    def unit(conn: Connection) -> None:
        if first == 1:
            key = blob.replace(" || i", "")
            conn.execute(text(f"INSERT INTO feeds (id, url, url_key, host, fetch_url, known_spans, interval, added_at) VALUES (1, 'u', {key}, 'h', '', {key}, 1, {at})"))  # fmt: skip
            conn.execute(text(f"INSERT INTO stories (id, created_at, last_at) VALUES (1, {at}, {at})"))
        for into, values in tables.items():
            statement = f"INSERT INTO {into} {numbers} SELECT {values} FROM n" if store.dialect == "sqlite" else f"{numbers} INSERT INTO {into} SELECT {values} FROM n"  # fmt: skip
            conn.execute(text(statement))

    store.write_now(unit)


def opened(store: Store, *, version: int = 1, create: bool = True) -> fulltext.FullText | None:
    return fulltext.open_index(store, version=version, create=create)


@pytest.fixture
def index(store: Store) -> Iterator[fulltext.FullText]:
    found = opened(store)
    assert found is not None
    yield found
    found.close()


def rows(store: Store, words: dict[int, set[str]]) -> list[fulltext.Row]:
    known = {row.seq: row.added_at for row in store.read_now(lambda conn: archive.onward(conn, low=1, high=10**9, limit=10**6))}
    return [(seq, known[seq], fulltext.kept(words[seq])) for seq in sorted(words)]


def clue(*hints: tuple[str, ...]) -> frozenset[frozenset[tuple[str, bool]]]:
    return frozenset(frozenset((word.rstrip("*"), word.endswith("*")) for word in hint) for hint in hints)


def found(index: fulltext.FullText, *clues: frozenset[frozenset[tuple[str, bool]]], low: int = 1, high: int = 10**9) -> list[int]:
    return [seq for page in index.find(clues, low=low, high=high) for seq in page]


def test_what_is_found_is_what_has_the_words_newest_first(store, index):
    """On random words and conjunctions, over several months, in one addition or in many."""
    rng = random.Random(7)
    fill(store, 90, days=1)
    words = {seq: set(rng.sample(WORDS, rng.randint(0, 5))) for seq in range(1, 91)}
    given = rows(store, words)
    for at in range(0, 90, 13):
        assert index.add(given[at : at + 13], after=index.mark())
    assert index.mark() == 90

    def holds(held: set[str], wanted: list[frozenset[frozenset[tuple[str, bool]]]]) -> bool:
        return all(
            any(all(any(w.startswith(t) if p else w == t for w in held) for t, p in hint) for hint in one) for one in wanted
        )  # fmt: skip

    for _ in range(60):
        wanted = [
            clue(*(tuple(rng.choice(WORDS) if rng.random() < 0.7 else f"{rng.choice(WORDS)[:2]}*" for _ in range(rng.randint(1, 2))) for _ in range(rng.randint(1, 3))))
            for _ in range(rng.randint(1, 3))
        ]  # fmt: skip
        low = rng.randint(1, 60)
        high = rng.randint(low, 95)
        assert found(index, *wanted, low=low, high=high) == [s for s in range(min(high, 90), low - 1, -1) if holds(words[s], wanted)]


def test_many_pages_are_read_without_a_gap(store, index):
    fill(store, 900, days=0)
    assert index.add(rows(store, {seq: {"common"} for seq in range(1, 901)}), after=0)
    assert found(index, clue(("common",))) == list(range(900, 0, -1))


def test_who_was_slower_adds_nothing(store, index):
    """Two that begin at the same mark: the second is told so, and what it brings is not there twice."""
    fill(store, 4)
    given = rows(store, {seq: {"a"} for seq in range(1, 5)})
    other = opened(store)
    assert other is not None
    assert other.add(given[:2], after=0)
    assert not index.add(given[:3], after=0)
    assert index.mark() == 2
    assert index.add(given[2:], after=2)
    assert found(other, clue(("a",))) == [4, 3, 2, 1]
    other.close()


def test_an_article_of_too_many_words_may_hold_anything(store, index):
    fill(store, 2)
    huge = {f"w{n:038}" for n in range(11_000)}
    assert index.add(rows(store, {1: {"a"}, 2: huge}), after=0)
    assert found(index, clue(("nowhere",))) == [2]


def test_other_words_need_another_index(store, index):
    """After an upgrade that cuts words differently, the old index is not asked, and is made anew."""
    fill(store, 1)
    assert index.add(rows(store, {1: {"a"}}), after=0)
    assert opened(store, version=2, create=False) is None
    renewed = opened(store, version=2)
    assert renewed is not None
    assert renewed.mark() == 0
    assert found(renewed, clue(("a",))) == []
    renewed.close()


def test_clearing_begins_anew(store, index):
    fill(store, 3)
    assert index.add(rows(store, {seq: {"a"} for seq in (1, 2, 3)}), after=0)
    index.clear()
    assert (index.mark(), found(index, clue(("a",)))) == (0, [])
    assert index.add(rows(store, {1: {"b"}}), after=0)
    assert found(index, clue(("b",))) == [1]
    assert index.size() > 0


def test_what_retention_took_is_not_found(store, index):
    fill(store, 100, days=1)
    assert index.add(rows(store, {seq: {"a"} for seq in range(1, 101)}), after=0)
    store.write_now(lambda conn: conn.execute(text("DELETE FROM articles WHERE seq < 65")))
    index.forget(65)
    left = found(index, clue(("a",)))
    assert left[-1] >= (34 if store.dialect == "sqlite" else 65)  # a month may still hold what went since its first day
    assert [row.seq for row in store.read_now(lambda conn: archive.numbered(conn, left))] == list(range(100, 64, -1))
    assert index.mark() == 100


def test_an_article_that_is_read_again_is_indexed_again(store, index):
    """It gets another number with its other text; the words that it had are nobody's."""
    fill(store, 3)
    assert index.add(rows(store, {seq: {"a"} for seq in (1, 2, 3)}), after=0)
    store.write_now(lambda conn: conn.execute(text("UPDATE articles SET seq = 4 WHERE seq = 2")))
    assert index.add(rows(store, {4: {"b"}}), after=3)
    assert found(index, clue(("b",))) == [4]
    assert [row.seq for row in store.read_now(lambda conn: archive.numbered(conn, found(index, clue(("a",)))))] == [3, 1]


def test_without_an_index_there_is_none(store):
    """A command that only asks makes no file."""
    assert opened(store, create=False) is None
    if store.path is not None:
        assert not store.path.with_name("watcher.db.search").exists()


def test_after_a_restore_the_index_is_another_databases(sqlite_path: Path, tmp_path: Path):
    """The numbers go on from the backup's and stand for other articles: nothing of the old index may be used."""
    url = f"sqlite:///{sqlite_path}"
    with Store.open(url) as store:
        fill(store, 2)
        backup.backup(sqlite_path, tmp_path / "copy.db")
        with closing(opened(store)) as index:
            index.add(rows(store, {1: {"a"}, 2: {"a"}}), after=0)
    backup.restore(tmp_path / "copy.db", sqlite_path, NOW)
    with Store.open(url) as store:
        assert opened(store, create=False) is None
        renewed = opened(store)
        assert renewed is not None
        assert renewed.mark() == 0
        renewed.close()


def test_a_database_put_in_place_by_hand_is_noticed(sqlite_path: Path):
    """The article at the mark is not the one that was indexed."""
    url = f"sqlite:///{sqlite_path}"
    with Store.open(url) as store:
        fill(store, 2)
        with closing(opened(store)) as index:
            index.add(rows(store, {1: {"a"}, 2: {"a"}}), after=0)
        store.write_now(lambda conn: conn.execute(text("UPDATE articles SET added_at = added_at + 5000000 WHERE seq = 2")))
        assert opened(store, create=False) is None


@pytest.mark.parametrize("rubbish", [b"no database at all, but long enough to be looked at" * 100, b""])
def test_a_broken_file_is_made_anew(sqlite_path: Path, rubbish: bytes):
    beside = sqlite_path.with_name("watcher.db.search")
    beside.write_bytes(rubbish)
    with Store.open(f"sqlite:///{sqlite_path}") as store:
        found = opened(store)
        assert found is not None
        assert found.mark() == 0
        found.close()
    assert beside.stat().st_mode & 0o777 == 0o600


def test_a_file_that_breaks_in_use_is_taken_away_and_made_anew(sqlite_path: Path):
    """By who writes; whoever only asks leaves it where it is, and reads the articles instead."""
    beside = sqlite_path.with_name("watcher.db.search")
    with Store.open(f"sqlite:///{sqlite_path}") as store:
        fill(store, 300, days=0)
        given = rows(store, {seq: {f"w{n}" for n in range(seq, seq + 40)} for seq in range(1, 301)})
        with closing(opened(store)) as index:
            index.add(given[:200], after=0)
        with closing(opened(store)) as writer:
            content = beside.read_bytes()
            beside.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
            with pytest.raises(StoreError):
                opened(store, create=False)
            assert beside.exists()
            with pytest.raises(StoreUnavailable):
                writer.add(given[200:], after=200)
        with closing(opened(store)) as renewed:
            assert renewed.mark() == 0
            renewed.add(given, after=0)
            assert found(renewed, clue(("w5",))) == [5, 4, 3, 2, 1]


def test_an_index_survives_that_the_article_at_its_mark_moves(store, index):
    """It was read again while the daemon was not there to index it: nothing else changed."""
    fill(store, 3)
    assert index.add(rows(store, {seq: {"a"} for seq in (1, 2, 3)}), after=0)
    store.write_now(lambda conn: conn.execute(text("UPDATE articles SET seq = 4 WHERE seq = 3")))
    again = opened(store)
    assert again.mark() == 3
    again.close()


KILLED = """
import sys
from tests.store.test_fulltext import opened, rows
from watcher.store import Store
with Store.open(sys.argv[1]) as store:
    index = opened(store)
    given = rows(store, {seq: {"a", f"n{seq}"} for seq in range(1, 3001)})
    print("ready", flush=True)
    while (mark := index.mark()) < 3000:
        index.add(given[mark : mark + 7], after=mark)
"""


def test_killed_at_any_moment_it_goes_on(sqlite_path: Path):
    """Nothing is left out and nothing is there twice, however often the process that writes is killed."""
    url = f"sqlite:///{sqlite_path}"
    with Store.open(url) as store:
        fill(store, 3000, days=0)
        wait = random.Random(3)
        for _ in range(6):
            child = subprocess.Popen(
                [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."}
            )  # fmt: skip
            assert child.stdout is not None
            child.stdout.readline()
            child.stdout.close()
            try:
                child.wait(wait.uniform(0.0, 0.05))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
        index = opened(store)
        assert index is not None
        given = rows(store, {seq: {"a", f"n{seq}"} for seq in range(1, 3001)})
        index.add(given[index.mark() :], after=index.mark())
        assert found(index, clue(("a",))) == list(range(3000, 0, -1))
        assert all(found(index, clue((f"n{seq}",))) == [seq] for seq in range(1, 3001, 97))
        index.close()
