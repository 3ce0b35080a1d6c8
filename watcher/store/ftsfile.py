"""SQLite's index of words: a file beside the database with one FTS5 table a month.

The tables are contentless and without positions: numbers of articles by word, nothing else. SQLite before 3.43 cannot delete from such tables, so
a month goes as a whole, when retention has taken its last article. Words come as they are to be kept: the tokenizer ``ascii`` only cuts at
spaces, for it takes whatever is not ASCII for a letter.
"""

from __future__ import annotations

import contextlib
import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from watcher.errors import StoreError, StoreUnavailable
from watcher.store.fulltext import EVERYTHING, MOVED, Clues, Row

PAGE = 200  # numbers that are read at once
_BUSY = 10.0  # seconds to wait for another process's lock
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING fts5%'"
_OPTIONS = "words, content='', detail=none, columnsize=0, tokenize='ascii'"


class File:
    """An index in a file. ``state`` says what it belongs to and how far it is, ``months`` which numbers lie in which table."""

    def __init__(self, connection: sqlite3.Connection, path: Path, origin: str, identity: Callable[[int], str]) -> None:
        self._db, self._path, self._origin, self._identity = connection, path, origin, identity

    @classmethod
    def open(cls, path: Path, origin: str, identity: Callable[[int], str], *, create: bool) -> File | None:
        """Open the file; make it, or make it anew where it is broken, if ``create``.

        :param origin: what it must say it belongs to. ``identity``: gives what tells the article of a number from any other.
        """
        if not create and not path.exists():
            return None
        try:
            return cls._open(path, origin, identity, create=create)
        except sqlite3.DatabaseError as error:
            if not create or (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _BROKEN:
                raise
        _remove(path)
        return cls._open(path, origin, identity, create=True)

    @classmethod
    def _open(cls, path: Path, origin: str, identity: Callable[[int], str], *, create: bool) -> File | None:
        url = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        with contextlib.ExitStack() as undo:
            # one thread at a time, but not always the same one
            db = sqlite3.connect(url, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False)
            undo.callback(db.close)
            db.execute("PRAGMA synchronous=NORMAL")  # a power cut may take the last additions, and the mark with them
            found = cls(db, path, origin, identity)
            if create:
                path.chmod(0o600)
                db.execute("PRAGMA journal_mode=WAL")
                if not found._fits():
                    found.clear()
            elif not found._fits():
                return None
            undo.pop_all()
        return found

    def _fits(self) -> bool:
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'").fetchone():
            return False
        state = dict(self._db.execute("SELECT key, value FROM state"))
        mark = int(state["mark"])
        return state["origin"] == self._origin and (not mark or self._identity(mark) in (state["identity"], MOVED))

    def mark(self) -> int:
        """See :class:`watcher.store.fulltext.FullText`, here and below."""
        with self._guard():
            return self._mark()

    def _mark(self) -> int:
        return int(self._db.execute("SELECT value FROM state WHERE key = 'mark'").fetchone()[0])

    def add(self, rows: Sequence[Row], *, after: int) -> bool:
        if not rows:
            return True
        last = rows[-1][0]
        state = [("mark", str(last)), ("identity", self._identity(last))]
        with self._transaction():
            if self._mark() != after:
                return False
            for month in dict.fromkeys(f"words_{added_at:%Y%m}" for _, added_at, _ in rows):
                of_month = [(seq, words) for seq, added_at, words in rows if f"words_{added_at:%Y%m}" == month]
                self._db.execute(f'CREATE VIRTUAL TABLE IF NOT EXISTS "{month}" USING fts5({_OPTIONS})')
                self._db.executemany(f'INSERT INTO "{month}" (rowid, words) VALUES (?, ?)', of_month)  # noqa: S608 - digits
                numbers = [seq for seq, _ in of_month]
                self._db.execute(
                    "INSERT INTO months VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
                    (month, min(numbers), max(numbers)),
                )
            self._db.executemany("INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", state)
        return True

    def find(self, clues: Clues, *, low: int, high: int) -> Iterator[list[int]]:
        wanted = match(clues)
        months = self._db.execute("SELECT name, last FROM months WHERE last >= ? AND first <= ?", (low, high)).fetchall()
        # months follow each other, but a clock that was wrong may have put an article into another one
        numbers = heapq.merge(*(self._of_month(month, wanted, low, min(high, last)) for month, last in months), reverse=True)
        while page := list(islice(numbers, PAGE)):
            yield page

    def _of_month(self, month: str, wanted: str, low: int, high: int) -> Iterator[int]:
        query = f'SELECT rowid FROM "{month}" WHERE "{month}" MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC'  # noqa: S608
        with self._guard():  # one statement, read on as far as is wanted: the beginning of a word may stand for thousands of words
            cursor = self._db.execute(query, (wanted, low, high))
        with contextlib.closing(cursor):
            while True:
                with self._guard():
                    found = cursor.fetchmany(PAGE)
                if not found:
                    return
                yield from (number for (number,) in found)

    def forget(self, first: int) -> None:
        if not self._db.execute("SELECT 1 FROM months WHERE last < ?", (first,)).fetchone():
            return
        with self._transaction():
            for (month,) in self._db.execute("SELECT name FROM months WHERE last < ?", (first,)).fetchall():
                self._db.execute(f'DROP TABLE "{month}"')
                self._db.execute("DELETE FROM months WHERE name = ?", (month,))

    def clear(self) -> None:
        with self._transaction():
            for (month,) in self._db.execute(_TABLES).fetchall():
                self._db.execute(f'DROP TABLE "{month}"')
            for table, columns in (
                ("state", "key TEXT PRIMARY KEY, value TEXT"),
                ("months", "name TEXT PRIMARY KEY, first INTEGER, last INTEGER"),
            ):
                self._db.execute(f"DROP TABLE IF EXISTS {table}")
                self._db.execute(f"CREATE TABLE {table} ({columns}) WITHOUT ROWID")
            self._db.execute("INSERT INTO state VALUES ('origin', ?), ('mark', '0'), ('identity', '')", (self._origin,))

    def size(self) -> int:
        beside = (self._path.with_name(self._path.name + suffix) for suffix in ("", "-wal"))
        return sum(path.stat().st_size for path in beside if path.exists())

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        with self._guard(writing=True):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _guard(self, *, writing: bool = False) -> Iterator[None]:
        """SQLite's errors as ours. Who writes takes a broken file away, so that the next to open it makes it anew.

        :raises StoreUnavailable: another process is writing, there is no room, or the file was taken away.
        :raises StoreError: it is broken, or this SQLite has no FTS5.
        """
        try:
            yield
        except sqlite3.Error as error:
            if "no such module" in str(error):
                raise StoreError("this SQLite was built without FTS5, so search reads every article") from error
            broken = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _BROKEN
            if broken and writing:
                _remove(self._path)
            if broken and not writing:
                raise StoreError(
                    f"{self._path}: the index for search is broken ({error}): `watcher search --reindex` makes it anew"
                ) from error
            raise StoreUnavailable(f"{self._path}: the index for search cannot be used: {error}") from error


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def match(clues: Clues) -> str:
    """Return the clues as an FTS5 expression."""

    def word(text: str, prefix: bool) -> str:
        return f'"{text}"{"*" if prefix else ""}'

    def hint(words: Sequence[tuple[str, bool]]) -> str:
        return "(" + " AND ".join(word(*one) for one in words) + ")"

    wanted = " AND ".join("(" + " OR ".join(hint(sorted(one)) for one in clue) + ")" for clue in clues)
    return f'({wanted}) OR "{EVERYTHING}"'
