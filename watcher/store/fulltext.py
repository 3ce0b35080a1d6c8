"""The index of words: which articles *may* hold what is looked for. The rules decide about each of them.

It is made after the articles, in the background, in the order of their numbers up to a *mark*; what lies above the mark has to be read. It holds nothing
that cannot be made again, and knows when it belongs to another database (one that was restored, say): it then counts as empty.

::

    SQLite       a file beside the database, so that its writing never holds up an alert                ftsfile
    PostgreSQL   the table ``article_words``                                                             tsrows

What is looked for is a conjunction of clues; a clue is a set of hints, one of which must be true; a hint is a set of words, all of which must
be there, each with a flag: also a word that begins with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, func, select

from watcher.errors import StoreError
from watcher.store.schema import articles, meta
from watcher.store.store import Store

Clues = Sequence[Collection[Collection[tuple[str, bool]]]]
Row = tuple[int, datetime, str]
"""An article's number, when it was added, its words as :func:`kept` puts them."""

MOVED = "moved"
MOST_BYTES = 400_000  # of one article's words: PostgreSQL takes 1 MB
EVERYTHING = "\u2400"
"""Stands for all words: an article with more than can be kept may hold anything."""


class FullText(Protocol):
    """An index of words in use. One thread at a time, but any number of processes."""

    def mark(self) -> int:
        """Return the number up to which all articles are indexed."""
        ...

    def add(self, rows: Sequence[Row], *, after: int) -> bool:
        """Index articles that follow on the mark ``after``; False when another process was quicker: nothing was written."""
        ...

    def find(self, clues: Clues, *, low: int, high: int) -> Iterator[list[int]]:
        """Yield, some at a time, the numbers from ``high`` down to ``low`` of articles that may be meant. Above the mark there are none."""
        ...

    def forget(self, first: int) -> None:
        """Give up the room of articles before number ``first``."""
        ...

    def clear(self) -> None:
        """Empty the index, so that it is made anew."""
        ...

    def size(self) -> int:
        """Return how many bytes it takes."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def open_index(store: Store, *, version: int, create: bool) -> FullText | None:
    """Open the index of a database.

    :param version: of the words: an index of another version counts as none.
    :param create: make it where there is none, or none that fits.
    :returns: None where there is none and none was to be made.
    :raises StoreError: it cannot be used or made.
    """
    from watcher.store import ftsfile, tsrows  # noqa: PLC0415 - the driver of one or the other

    if store.path is None:
        return tsrows.Rows.open(store.url, version, create=create)
    path = store.path.with_name(f"{store.path.name}.search")
    origin = f"{version} {store.read_now(_origin)}"
    try:
        return ftsfile.File.open(path, origin, lambda seq: store.read_now(lambda conn: identity(conn, seq)), create=create)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: the index for search cannot be used: {error}") from error


def _origin(conn: Connection) -> str:
    """What changes when a backup is put in the database's place."""
    return conn.scalar(select(meta.c.value).where(meta.c.key == "restored_at")) or ""


def identity(conn: Connection, seq: int) -> str:
    """Return what tells an article from another one of the same number in another database; ``MOVED`` where there is none of that number
    any more (it was read again, or forgotten); "" where there never was."""
    row = conn.execute(select(articles.c.entry_id, articles.c.added_at).where(articles.c.seq == seq)).first()
    if row is not None:
        return f"{row.entry_id} {row.added_at:%Y%m%dT%H%M%S%f}"
    return MOVED if (conn.scalar(select(func.max(articles.c.seq))) or 0) > seq else ""


def kept(words: Collection[str]) -> str:
    """Return the words to keep, in order, with spaces between; or the one that stands for all where they are too many."""
    text = " ".join(sorted(words))
    return text if 4 * len(text) <= MOST_BYTES or len(text.encode()) <= MOST_BYTES else EVERYTHING
