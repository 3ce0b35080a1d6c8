"""Statements on silences. What one muted is counted from the matches that carry its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from watcher.model import Silence
from watcher.store.schema import articles, entries, matches, silences

_COLUMNS = [silences.c[field.name] for field in fields(Silence)]


def add(
    conn: Connection,
    *,
    now: datetime,
    until_at: datetime,
    author: str,
    comment: str,
    rule: str | None = None,
    feed: str | None = None,
    entity: str | None = None,
    severity: str | None = None,
    text: str | None = None,
) -> int:
    """Add a silence; return its id."""
    what = {"rule": rule, "feed": feed, "entity": entity, "severity": severity, "text": text}
    values = {**what, "until_at": until_at, "created_at": now, "author": author, "comment": comment}
    return int(conn.execute(silences.insert().values(**values).returning(silences.c.id)).scalar_one())


def in_force(conn: Connection, *, now: datetime) -> list[Silence]:
    """Silences that have not expired."""
    return _list(conn, silences.c.until_at > now)


def everything(conn: Connection) -> list[Silence]:
    """All silences, expired ones too, newest first."""
    return _list(conn)[::-1]


def expire(conn: Connection, silence: int, *, now: datetime) -> bool:
    """End a silence now; False when there is none in force with that id. Who ends one knows it: no notice follows."""
    which = (silences.c.id == silence, silences.c.until_at > now)
    return conn.execute(update(silences).where(*which).values(until_at=now, end_told=True)).rowcount == 1


def has_ended(conn: Connection, *, now: datetime) -> bool:
    """Whether the time of any silence has run out without a word."""
    return conn.scalar(select(silences.c.id).where(silences.c.until_at <= now, silences.c.end_told.is_(False)).limit(1)) is not None


def take_ended(conn: Connection, *, now: datetime) -> list[Silence]:
    """Take the silences whose time has run out, for good: the caller says so in this same transaction."""
    found = _list(conn, silences.c.until_at <= now, silences.c.end_told.is_(False))
    if found:
        conn.execute(update(silences).where(silences.c.id.in_([silence.id for silence in found])).values(end_told=True))
    return found


def muted(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    """How many matches each of the silences has muted."""
    query = select(matches.c.silence_id, func.count()).where(matches.c.silence_id.in_(list(ids)), matches.c.silence_id.is_not(None))
    counts = {row[0]: row[1] for row in conn.execute(query.group_by(matches.c.silence_id))}
    return {number: counts.get(number, 0) for number in ids}


def muted_matches(conn: Connection, silence: int, *, limit: int = 50) -> list[dict[str, Any]]:
    """What a silence muted, newest first: rule, headline, link and time."""
    query = (
        select(matches.c.rule, articles.c.title, entries.c.url, matches.c.entry_id.label("entry"), matches.c.matched_at)
        .join(entries, entries.c.id == matches.c.entry_id)
        .outerjoin(articles, articles.c.entry_id == matches.c.entry_id)
        .where(matches.c.silence_id == silence, matches.c.silence_id.is_not(None))
        .order_by(matches.c.matched_at.desc(), matches.c.entry_id.desc())
        .limit(limit)
    )
    return [dict(row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor


def _list(conn: Connection, *which: ColumnElement[bool]) -> list[Silence]:
    query = select(*_COLUMNS).where(*which).order_by(silences.c.id)
    return [Silence(**row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor
