"""Statements on silences."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from watcher.model import Silence
from watcher.store.schema import silences


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
) -> int:
    """Add a silence; return its id."""
    values = {"rule": rule, "feed": feed, "entity": entity, "until_at": until_at, "created_at": now, "author": author, "comment": comment}
    return int(conn.execute(silences.insert().values(**values).returning(silences.c.id)).scalar_one())


def in_force(conn: Connection, *, now: datetime) -> list[Silence]:
    """Silences that have not expired."""
    return _list(conn, silences.c.until_at > now)


def everything(conn: Connection) -> list[Silence]:
    """All silences, expired ones too, newest first."""
    return _list(conn, None)[::-1]


def expire(conn: Connection, silence: int, *, now: datetime) -> bool:
    """End a silence now; False when there is none in force with that id."""
    return conn.execute(update(silences).where(silences.c.id == silence, silences.c.until_at > now).values(until_at=now)).rowcount == 1


def _list(conn: Connection, which: object) -> list[Silence]:
    query = select(silences).order_by(silences.c.id)
    if which is not None:
        query = query.where(which)  # type: ignore[arg-type]
    return [Silence(**row._mapping) for row in conn.execute(query)]  # noqa: SLF001  the documented accessor
