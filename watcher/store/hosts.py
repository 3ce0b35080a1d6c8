"""Statements on hosts that asked to be left alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from watcher.store.columns import Instant
from watcher.store.leases import adding
from watcher.store.schema import hosts

_BLOCKED = select(hosts.c.host, hosts.c.blocked_until).where(hosts.c.blocked_until > bindparam("b_now", type_=Instant))


def block(conn: Connection, host: str, *, until: datetime, reason: str) -> None:
    """Let no process poll ``host`` before ``until``; never shortens an earlier block."""
    statement = adding(conn, hosts).values(host=host, blocked_until=until, reason=reason)
    later = statement.excluded.blocked_until > hosts.c.blocked_until
    conn.execute(statement.on_conflict_do_update(index_elements=["host"], set_={"blocked_until": until, "reason": reason}, where=later))


def blocked(conn: Connection, *, now: datetime) -> list[tuple[str, datetime]]:
    """Hosts that nobody may poll now, and until when."""
    return [(row[0], row[1]) for row in conn.execute(_BLOCKED, {"b_now": now})]


def unblock(conn: Connection, host: str) -> None:
    """Poll ``host`` again."""
    conn.execute(hosts.delete().where(hosts.c.host == host))
