"""A database to try things in: our tables in a file that is thrown away, filled with what the archive knew before.

A backtest lets the deciders run on it as they run on the real one: they look up what was told before and record what is told now. Nothing is
copied but what they may ask about: the earlier articles of a story, what was told of it and of an address, the last alerts of a rule with a limit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, BigInteger, Connection, Table, create_engine, event, func, select, type_coerce

from watcher.model import Rule, StoryId
from watcher.store import archive
from watcher.store.archive import Archived
from watcher.store.columns import MICROSECOND, digest
from watcher.store.leases import adding, among
from watcher.store.schema import alerts, articles, deliveries, entries, feeds, firsts, metadata, silences, stories
from watcher.store.store import Store

_DAY = timedelta(days=1) // MICROSECOND


class Scratch:
    """Made for one set of rules and one stretch of time. ``conn`` is what statements run on. For one thread.

    :param source: the archive. ``start_at``: where the stretch begins: what was told before it counts as told.
    """

    def __init__(self, source: Store, rules: Iterable[Rule], *, start_at: datetime) -> None:
        self._source, self._start_at = source, start_at
        self._rules = {rule.name: rule for rule in rules}
        self._upto: dict[StoryId, int] = {}  # number of the last article that was copied, by story
        self._addresses: set[bytes] = set()
        self._feeds: set[int] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="watcher-scratch-")
        self._engine = create_engine(URL.create("sqlite+pysqlite", database=str(Path(self._folder.name) / "scratch.db")))
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
        metadata.create_all(self._engine)
        self.conn: Connection = self._engine.connect()
        self._silences = source.read_now(
            lambda conn: list(conn.execute(select(silences).order_by(silences.c.created_at.desc())).mappings())
        )
        self._copy(alerts, source.read_now(self._counted))

    def _counted(self, conn: Connection) -> Sequence[Any]:
        """The alerts that limits still count when the stretch begins."""
        found: list[Any] = []
        for rule in self._rules.values():
            if rule.limit is not None:
                since = self._start_at - timedelta(seconds=rule.limit[1])
                which = (alerts.c.rule == rule.name, alerts.c.created_at > since, alerts.c.created_at < self._start_at)
                found += conn.execute(select(alerts).where(*which)).mappings()
        return found

    def prepare(self, row: Archived) -> None:
        """Copy what the deciders may ask about when they judge this article."""
        while self._silences and self._silences[-1]["created_at"] <= row.added_at:
            self._copy(silences, [self._silences.pop()])
        new_story = row.story_id not in self._upto
        after = self._upto.get(row.story_id, 0)
        address = digest(row.canonical_url) if row.canonical_url else None
        new_address = address is not None and address not in self._addresses

        def read(conn: Connection) -> tuple[list[Archived], Sequence[Any], Sequence[Any]]:
            members = archive.of_story(conn, row.story_id, after=after, before=row.seq)
            told = list(self._told(conn, alerts.c.story_id == row.story_id)) if new_story else []
            told += self._told(conn, alerts.c.canonical_key == address) if new_address else []
            names = [alert["id"] for alert in told]
            begun = select(firsts).where(firsts.c.story_id == row.story_id, among(conn, firsts.c.alert_id, names))
            return members, told, conn.execute(begun).mappings().all() if new_story and names else []

        members, told, begun = self._source.read_now(read)
        self._upto[row.story_id] = row.seq - 1
        if address is not None:
            self._addresses.add(address)
        if new_story:
            self._copy(stories, [{"id": row.story_id, "created_at": row.added_at, "last_at": row.added_at}])
        self.add(*members)
        self._copy(alerts, told)
        self._copy(firsts, begun)

    def _told(self, conn: Connection, which: Any) -> Sequence[Any]:
        query = select(alerts).where(which, among(conn, alerts.c.rule, list(self._rules)), alerts.c.created_at < self._start_at)
        return conn.execute(query).mappings().all()

    def add(self, *rows: Archived) -> None:
        """Take articles of one story, as far as anybody asks about them."""
        unknown = {row.feed_id: row for row in rows if row.feed_id not in self._feeds}
        self._feeds |= unknown.keys()
        self._copy(feeds, [_feed(row) for row in unknown.values()])
        self._copy(entries, [_entry(row) for row in rows])
        self._copy(articles, [_article(row) for row in rows])
        for row in rows:
            self._upto[row.story_id] = max(row.seq, self._upto.get(row.story_id, 0))

    def by_day(self) -> list[tuple[str, str, int, int]]:
        """Return rule, channel, day since 1970 (UTC) and number of the alerts that were planned for that channel."""
        day = (type_coerce(alerts.c.created_at, BigInteger) // _DAY).label("day")
        query = (
            select(alerts.c.rule, deliveries.c.channel, day, func.count())
            .join(deliveries, deliveries.c.alert_id == alerts.c.id)
            .group_by(alerts.c.rule, deliveries.c.channel, day)
        )
        return [tuple(row) for row in self.conn.execute(query)]

    def _copy(self, table: Table, rows: Sequence[Any]) -> None:
        if rows:
            self.conn.execute(adding(self.conn, table).on_conflict_do_nothing(), [dict(row) for row in rows])

    def close(self) -> None:
        """Throw it away."""
        self.conn.close()
        self._engine.dispose()
        self._folder.cleanup()


def _prepare(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "temp_store=MEMORY", "cache_size=-16000"):
        dbapi.execute(f"PRAGMA {pragma}")


def _feed(row: Archived) -> dict[str, Any]:
    return {
        "id": row.feed_id, "url": row.feed_url, "url_key": digest(row.feed_url), "name": row.feed_name, "title": row.feed_title, "host": "",
        "fetch_url": "", "known_spans": b"", "interval": timedelta(), "added_at": row.added_at,
    }  # fmt: skip


def _entry(row: Archived) -> dict[str, Any]:
    return {
        "id": row.entry_id, "feed_id": row.feed_id, "identity": row.identity, "identity_key": digest(row.identity),
        "first_seen_at": row.first_seen_at, "status": "done",
    }  # fmt: skip


def _article(row: Archived) -> dict[str, Any]:
    return {
        "entry_id": row.entry_id, "seq": row.seq, "story_id": row.story_id, "url": row.url, "title": row.title, "host": row.host, "origin": row.origin, "source": "",
        "quality": "", "sketch": b"", "copy_of": row.copy_of, "added_at": row.added_at,
    }  # fmt: skip
