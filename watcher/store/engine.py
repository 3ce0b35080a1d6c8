"""Connections to both databases, and what their errors mean.

SQLite: WAL, ``synchronous=FULL`` (``NORMAL`` lost acknowledged commits in 8 of 8 simulated power cuts), foreign keys, and
transactions that we begin ourselves: the driver's own ``BEGIN`` comes late and not before DDL. The writer begins
IMMEDIATE, so that it never fails half-way for want of the lock; readers are ``query_only``.
PostgreSQL: psycopg 3; a session that stops inside a transaction (SIGSTOP) is ended by the server after 30 s, so that it
cannot hold its locks against the other processes.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from watcher.errors import StoreError, StoreUnavailable

_BUSY = 5.0
_WAL_LIMIT = 64 * 1024 * 1024  # bytes kept of a WAL that a burst has made larger

_RETRY_SQLSTATES = frozenset({"40001", "40P01", "55P03"})  # serialization failure, deadlock, lock not available
_AWAY_SQLSTATES = ("08", "53", "57", "58", "25P03", "40")  # connection, resources, operator's intervention, I/O, idle time-out, rollback
_AWAY_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
    }
)


def parse(url: str) -> URL:
    """The database that ``url`` names, with the driver that we use.

    :raises StoreError: for any URL but ``sqlite:///FILE`` and ``postgresql://…``.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise StoreError(f'{url!r} is not a database URL; write "sqlite:///watcher.db" or "postgresql://user@host/name"') from error
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError('a SQLite database needs a file, for example "sqlite:///watcher.db"')
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f'databases of the kind {backend!r} are not supported; write "sqlite:///watcher.db" or "postgresql://user@host/name"')


def sqlite_engine(path: Path, *, writer: bool, patience: float = _BUSY, pool_size: int = 1) -> Engine:
    """An engine whose connections begin transactions as told above.

    :param patience: seconds to wait for a lock; at most five, for the writer asks again between, and can be told to stop.
    """
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"
    busy = min(patience, _BUSY)
    # mode=rw: a file that vanished is an error, never silently a new and empty database
    url = URL.create("sqlite+pysqlite", database=path.absolute().as_uri(), query={"uri": "true", "mode": "rw"})
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_reset_on_return="rollback", connect_args={"timeout": busy})

    @event.listens_for(engine, "connect")
    def prepare(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None
        for pragma in (
            f"busy_timeout={int(busy * 1000)}",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"journal_size_limit={_WAL_LIMIT}",
            "cache_size=-8000",
            "temp_store=MEMORY",
            f"query_only={'OFF' if writer else 'ON'}",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def immediately(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def postgres_engine(url: URL, *, writer: bool, process: str, pool_size: int = 1) -> Engine:
    """An engine whose sessions commit durably, notice a dead server, and never hold locks while stopped.

    :param process: what this process calls itself in the rows that it holds; statements find it in ``Connection.info``.
    """
    settings = {
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": "30s",
        "default_transaction_read_only": "off" if writer else "on",
        "timezone": "UTC",
        # claims read the front of a long queue: plans that suit a table's whole would be costed wrongly, and jit only adds delay
        "jit": "off",
    }
    arguments: dict[str, Any] = {
        "application_name": "watcher",
        "connect_timeout": 10,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    try:
        engine = create_engine(url, pool_size=pool_size, max_overflow=0, connect_args=arguments, pool_use_lifo=True)
    except ModuleNotFoundError as error:
        raise StoreError('PostgreSQL needs the driver psycopg: pip install "watcher-alerts[postgres]"') from error

    @event.listens_for(engine, "connect")
    def sign(_dbapi: object, record: ConnectionPoolEntry) -> None:
        record.info["process"] = process

    return engine


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters for ``error``, or ""."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""


def may_run_again(error: BaseException) -> bool:
    """Whether the database undid a unit only because of its neighbours: the same unit can run once more."""
    return sqlstate(error) in _RETRY_SQLSTATES


def is_lost(error: BaseException) -> bool:
    """Whether the connection failed, rather than what was asked of it: on a new one, the same may well work."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    if _is_psycopg(error) and not sqlstate(error):
        return True
    return _sqlite_code(error) == sqlite3.SQLITE_IOERR or sqlstate(error).startswith(("08", "57P", "25P03"))


def translate(error: BaseException) -> BaseException:
    """A database's error, or a value that no database could keep, as a StoreError; a program's error as it is."""
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError) and error.orig is not None:
        # a column type refused the value: bad data is ValueError, anything else is ours
        return StoreError(f"this cannot be stored: {error.orig}") if isinstance(error.orig, ValueError) else error.orig
    if isinstance(error, UnicodeEncodeError):
        return StoreError(f"this cannot be stored: a text with half a surrogate pair ({error.reason})")
    if not isinstance(error, exc.DBAPIError | exc.TimeoutError | sqlite3.Error) and not _is_psycopg(error):
        return error
    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    said = text[0] if text else type(error).__name__
    if _is_away(error):
        return StoreUnavailable(_advice(error, said))
    return StoreError(f"the database refused a change: {said}")


def _advice(error: BaseException, said: str) -> str:
    code = _sqlite_code(error)
    if code == sqlite3.SQLITE_FULL:
        return "the disk that holds the database is full; make room, watcher goes on by itself"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return f"the database file cannot be written ({said}); mend its owner and mode, or the file system, watcher goes on by itself"
    return f"the database is not available for now: {said}"


def _sqlite_code(error: BaseException) -> int:
    """SQLite's primary result code, or 0."""
    return (getattr(getattr(error, "orig", error), "sqlite_errorcode", None) or 0) & 0xFF


def _is_away(error: BaseException) -> bool:
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error)
    if state:
        return state.startswith(_AWAY_SQLSTATES) or state in _RETRY_SQLSTATES
    if _sqlite_code(error):
        return _sqlite_code(error) in _AWAY_SQLITE
    # libpq reports a server that is gone without a SQLSTATE; a pool that is exhausted is a TimeoutError of SQLAlchemy's own
    return isinstance(error, exc.OperationalError | exc.TimeoutError | exc.InterfaceError) or _is_psycopg(error)


def _is_psycopg(error: BaseException) -> bool:
    """Whether the driver itself raised it (savepoints go past SQLAlchemy); the driver may not be installed."""
    return type(error).__module__.startswith("psycopg")
