"""What an installation knows of itself: single values that are made once."""

from __future__ import annotations

from sqlalchemy import Connection, select

from watcher.store.leases import add_once
from watcher.store.schema import meta


def made_once(conn: Connection, key: str, fresh: str) -> str:
    """Return the value of ``key``; the first that asks makes it ``fresh``. All processes on one database then agree."""
    add_once(conn, meta, {"key": key, "value": fresh})
    value: str = conn.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one()
    return value


def find(conn: Connection, key: str) -> str | None:
    """Return the value of ``key``, or None where it was never made."""
    return conn.scalar(select(meta.c.value).where(meta.c.key == key))
