"""`Store`: opens a database, runs units of work on it off the event loop, and closes it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar, cast
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from watcher.errors import StoreError, StoreUnavailable
from watcher.store import backup, engine, files, migrate
from watcher.store.columns import moment
from watcher.store.writer import Unit, Writer

T = TypeVar("T")
READERS = 3
GROUP_SECONDS = 0.05
PATIENCE = 75.0  # seconds that a write waits for a lock or for a server that is away; another process may hold SQLite for a minute


class _Caller:
    """A coroutine that waits for a unit; called back on its own loop."""

    __slots__ = ("_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[Any] = loop.create_future()

    def wanted(self) -> bool:
        return not self._future.cancelled()

    def settle(self, result: Any, error: BaseException | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set, result, error)

    def _set(self, result: Any, error: BaseException | None) -> None:
        if self._future.done():
            return
        if error is None:
            self._future.set_result(result)
        else:
            self._future.set_exception(error)

    async def wait(self) -> Any:
        return await self._future


class _Blocked:
    """A thread that waits for a unit."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: Future[Any] = Future()

    def wanted(self) -> bool:
        return True

    def settle(self, result: Any, error: BaseException | None) -> None:
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class Store:
    """A database in use. Make one with :meth:`open`.

    ``write`` and ``read`` take a function of a SQLAlchemy ``Connection`` and give what it returns. Such a function touches
    nothing but the connection: it runs on another thread, it may run a second time when the database undid it because
    of its neighbours, and it never commits. A write is durable when its result arrives. Values that come from rows hold
    no connection.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE, group_seconds: float = GROUP_SECONDS) -> None:
        parsed = engine.parse(url)
        self.url = url
        self.dialect: str = parsed.get_backend_name()
        #: The SQLite file with symbolic links resolved, or None on PostgreSQL.
        self.path: Path | None = Path(parsed.database or "").resolve() if self.dialect == "sqlite" else None
        self._lock: files.FileLock | None = None
        self._offset = timedelta()
        self._closed = False
        self._engines: tuple[Engine, Engine]
        if self.path is not None:
            self._engines = (
                engine.sqlite_engine(self.path, writer=True, patience=patience),
                engine.sqlite_engine(self.path, writer=False, patience=patience, pool_size=READERS),
            )
        else:
            process = uuid4().hex
            self._engines = (
                engine.postgres_engine(parsed, writer=True, process=process),
                engine.postgres_engine(parsed, writer=False, process=process, pool_size=READERS),
            )
        self._writer = Writer(self._engines[0], patience=patience, group_seconds=group_seconds, on_idle=self._measure_clock)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._reading = threading.BoundedSemaphore(READERS)  # blocking callers share the connections with the pool's threads

    @classmethod
    def open(
        cls, url: str, *, exclusive: bool = False, migrate: bool = True, patience: float = PATIENCE, group_seconds: float = GROUP_SECONDS
    ) -> Self:
        """Open the database, creating or upgrading it where needed.

        :param url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://user@host/name``.
        :param exclusive: take the daemon's lock on a SQLite file (no meaning on PostgreSQL, where processes share the work).
        :param migrate: False for callers that must not create or change a schema.
        :param patience: seconds that a write waits for another process's lock, or for a server that is away.
        :param group_seconds: how long one transaction may go on taking up units that wait.
        :raises StoreLocked: another daemon has the lock; ``pid`` names it.
        :raises StoreTooNew: the schema is newer than this program.
        :raises StoreUnavailable: the server does not answer.
        :raises StoreError: the database cannot be used; the text says the way out.
        """
        store = cls(url, patience=patience, group_seconds=group_seconds)
        try:
            if store.path is not None:
                store._open_file(store.path, exclusive=exclusive, create=migrate)
            store._open_schema(upgrade=migrate)
        except BaseException as error:
            store._release()
            translated = engine.translate(error)
            if translated is error:
                raise
            raise translated from error
        return store

    def _open_file(self, path: Path, *, exclusive: bool, create: bool) -> None:
        if exclusive:
            self._lock = files.FileLock(path)
        if path.exists():
            files.inspect(path, thorough=self._lock is not None and self._lock.unclean)
        elif create:
            files.create(path, _fill)
        else:
            raise StoreError(f"{path}: there is no database yet; `watcher run` creates it")

    def _open_schema(self, *, upgrade: bool) -> None:
        with self._engines[1].connect() as connection:
            old = migrate.pending(connection)
            self._measure_clock(connection)
        if not old:
            return
        with self._engines[0].begin() as connection:
            if upgrade:
                migrate.upgrade(connection)
            else:
                migrate.require_current(connection)

    @property
    def generation(self) -> int:
        """Grows when a commit failed: what was put in memory beside it is not in the database."""
        return self._writer.generation

    @property
    def trouble(self) -> str | None:
        """Why the last group could not be written, or None when it could."""
        return self._writer.trouble

    def clock(self) -> datetime:
        """The time by which rows are due: the database's on PostgreSQL, so that processes agree; else this machine's."""
        return datetime.now(UTC) + self._offset

    async def write(self, fn: Callable[[Connection], T], *, patient: bool = False) -> T:
        """Run ``fn`` in the next group and give its result once that is durable.

        :param patient: it may wait for others to share the commit with, for as long as a group may last (``group_seconds``).

        Cancelled before it has begun, it does not run; later, it runs and is committed all the same.

        :raises StoreUnavailable: nothing was acknowledged; the same call may be made again.
        :raises StoreError: the database refused what ``fn`` wanted. Errors of ``fn`` itself come as they are.
        """
        caller = _Caller(asyncio.get_running_loop())
        self._writer.submit(Unit(fn, caller, patient=patient))
        return cast(T, await caller.wait())

    def write_now(self, fn: Callable[[Connection], T]) -> T:
        """The same, blocking the calling thread; for commands."""
        caller = _Blocked()
        self._writer.submit(Unit(fn, caller))
        return cast(T, caller.future.result())

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run ``fn`` on a connection that cannot write, in a transaction of its own (a snapshot, on SQLite).

        :raises StoreUnavailable: the database is away.
        """
        if self._closed:
            raise StoreUnavailable("the store has been closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, fn)

    def read_now(self, fn: Callable[[Connection], T]) -> T:
        """The same, blocking the calling thread."""
        if self._closed:
            raise StoreUnavailable("the store has been closed")
        with self._reading:
            try:
                try:
                    return self._read_once(fn)
                except Exception as error:
                    if not getattr(error, "connection_invalidated", False):
                        raise
                    return self._read_once(fn)  # a pooled session that the server ended meanwhile; a read may simply be repeated
            except Exception as error:
                translated = engine.translate(error)
                if translated is error:
                    raise
                raise translated from error

    def _read_once(self, fn: Callable[[Connection], T]) -> T:
        with self._engines[1].connect() as connection, connection.begin():
            return fn(connection)

    def backup(self, target: Path) -> None:
        """Copy the database to ``target`` while it is in use (SQLite's backup API); the file appears only when it is whole.

        :raises StoreError: on PostgreSQL (use ``pg_dump``), when ``target`` exists, or when it cannot be written.
        """
        if self.path is None:
            raise StoreError("a PostgreSQL database is backed up with its own tool: pg_dump --format=custom")
        backup.backup(self.path, target)

    def close(self) -> None:
        """Finish what was asked for, then let go of the database and its lock. Blocks; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._readers.shutdown(wait=True)
        self._release()

    async def aclose(self) -> None:
        """The same, without blocking the loop."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _release(self) -> None:
        for each in self._engines:
            each.dispose()
        self._readers.shutdown(wait=False)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _measure_clock(self, connection: Connection) -> None:
        """Learn how far this machine's clock is from the database's; half the round trip is taken off."""
        if self.dialect != "postgresql":
            return
        asked_at, asked = datetime.now(UTC), time.monotonic()
        theirs = connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
        took = timedelta(seconds=time.monotonic() - asked)
        connection.rollback()
        self._offset = moment(int(theirs or 0)) - (asked_at + took / 2)


def _fill(path: Path) -> None:
    fresh = engine.sqlite_engine(path, writer=True)
    try:
        with fresh.begin() as connection:
            migrate.upgrade(connection)
    finally:
        fresh.dispose()
