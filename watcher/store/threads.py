"""Statements on threads: where a story's conversation is, in channels whose receiver names it (Slack's ``ts``)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from watcher.store.leases import adding
from watcher.store.schema import threads


def find(conn: Connection, channel: str, thread: str) -> str | None:
    """The receiver's reference of a thread, or None where it has none yet."""
    return conn.scalar(select(threads.c.reference).where(threads.c.channel == channel, threads.c.thread == thread))


def remember(conn: Connection, channel: str, thread: str, reference: str, *, now: datetime) -> None:
    """Keep the first reference of a thread: later messages answer to it."""
    row = {"channel": channel, "thread": thread, "reference": reference, "at": now}
    conn.execute(adding(conn, threads).on_conflict_do_nothing(), row)


def forget(conn: Connection, *, before: datetime) -> int:
    """Forget threads that began before ``before``; return how many."""
    return conn.execute(delete(threads).where(threads.c.at < before)).rowcount
