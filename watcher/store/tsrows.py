"""PostgreSQL's index of words: the table ``article_words``, one ``tsvector`` an article.

The vectors are made of our words as they are (``array_to_tsvector``): the server's own parser would cut texts differently from the rules. They
hold no positions. Rows of articles that are gone, or that have another number since they were read again, are taken out later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.expression import cast

from watcher.errors import StoreError
from watcher.store import engine as engines
from watcher.store.fulltext import EVERYTHING, Clues, Row
from watcher.store.leases import adding
from watcher.store.schema import article_words, meta

T = TypeVar("T")
_LOCK = 0x7774_6368_0003  # one process at a time writes
_KEY = "search_version"
_AT_ONCE = 5_000  # rows that one transaction takes out
_SPAN = 2_000  # numbers looked through at once, newest first; doubled each time, so that what is common is found soon
_ADD = text(
    "INSERT INTO article_words (seq, words) SELECT seq, array_to_tsvector(CAST(:words AS text[])) FROM articles WHERE seq = :seq ON CONFLICT DO NOTHING"
)


class Rows:
    """An index in a table, on a connection of its own."""

    def __init__(self, url: str, version: int) -> None:
        self._engine = engines.postgres_engine(engines.parse(url), writer=True, process="")
        self._version = str(version)

    @classmethod
    def open(cls, url: str, version: int, *, create: bool) -> Rows | None:
        """Use the table; empty it first if it has words of another version and ``create``."""
        found = cls(url, version)
        try:
            known = found._do(lambda conn: conn.scalar(select(meta.c.value).where(meta.c.key == _KEY)))
            if known == found._version:
                return found
            if create:
                found.clear()
                return found
        except BaseException:
            found.close()
            raise
        found.close()
        return None

    def mark(self) -> int:
        """See :class:`watcher.store.fulltext.FullText`, here and below."""
        return self._do(_mark)

    def add(self, rows: Sequence[Row], *, after: int) -> bool:
        def unit(conn: Connection) -> bool:
            if not conn.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))) or _mark(conn) != after:
                return False
            if rows:
                conn.execute(_ADD, [{"seq": seq, "words": words.split()} for seq, _, words in rows])
            return True

        return self._do(unit)

    def find(self, clues: Clues, *, low: int, high: int) -> Iterator[list[int]]:
        wanted = match(clues)
        span = _SPAN
        high = min(high, self.mark())
        while high >= low:
            first = max(low, high - span + 1)
            found = self._do(lambda conn, first=first, last=high: _found(conn, wanted, first, last))  # type: ignore[misc]
            if found:
                yield found
            high, span = first - 1, span * 2

    def forget(self, first: int) -> None:
        old = select(article_words.c.seq).where(article_words.c.seq < first).order_by(article_words.c.seq).limit(_AT_ONCE)
        while self._do(lambda conn: conn.execute(delete(article_words).where(article_words.c.seq.in_(old))).rowcount) == _AT_ONCE:
            pass

    def clear(self) -> None:
        def unit(conn: Connection) -> None:
            conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            conn.execute(delete(article_words))
            row = {"key": _KEY, "value": self._version}
            conn.execute(adding(conn, meta).values(**row).on_conflict_do_update(index_elements=["key"], set_=row))

        self._do(unit)

    def size(self) -> int:
        return self._do(lambda conn: conn.scalar(select(func.pg_total_relation_size(literal("article_words")))) or 0)

    def close(self) -> None:
        self._engine.dispose()

    def _do(self, unit: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as conn:
                return unit(conn)
        except Exception as error:
            translated = engines.translate(error)
            if translated is error or not isinstance(translated, StoreError):
                raise
            raise translated from error


def _mark(conn: Connection) -> int:
    return conn.scalar(select(func.max(article_words.c.seq))) or 0


def _found(conn: Connection, wanted: str, first: int, last: int) -> list[int]:
    query = (
        select(article_words.c.seq)
        .where(article_words.c.seq.between(first, last), article_words.c.words.bool_op("@@")(cast(bindparam("wanted", wanted), TSQUERY)))
        .order_by(article_words.c.seq.desc())
    )
    return list(conn.scalars(query))


def match(clues: Clues) -> str:
    """Return the clues as a ``tsquery``."""

    def word(text: str, prefix: bool) -> str:
        return f"'{text}'{':*' if prefix else ''}"

    def hint(words: Sequence[tuple[str, bool]]) -> str:
        return "(" + " & ".join(word(*one) for one in words) + ")"

    wanted = " & ".join("(" + " | ".join(hint(sorted(one)) for one in clue) + ")" for clue in clues)
    return f"({wanted}) | '{EVERYTHING}'"
