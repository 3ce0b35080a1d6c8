"""The one writer: units of work, committed in groups.

A unit is a function of a connection. Those that wait are run one after another in one transaction, each in a SAVEPOINT
of its own, so that a failing unit fails alone; then one COMMIT makes them all durable and their callers hear of it. The
group is closed when nobody waits any more, after 100 units or after 50 ms, so an idle store commits at once and a busy one
shares the cost of the disk's flush. No caller hears of a result before it is durable.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, RootTransaction

from watcher.errors import StoreUnavailable
from watcher.store import engine as engines

GROUP_UNITS = 100
RUNS = 3  # of a unit that the database undoes because of its neighbours

Work = Callable[[Connection], Any]


class Reply(Protocol):
    """Who waits for a unit."""

    def wanted(self) -> bool: ...
    def settle(self, result: Any, error: BaseException | None) -> None: ...


class Unit:
    """One piece of work and who waits for it."""

    __slots__ = ("error", "patient", "reply", "result", "runs", "work")

    def __init__(self, work: Work, reply: Reply, *, patient: bool = False) -> None:
        self.work, self.reply, self.patient = work, reply, patient
        self.result: Any = None
        self.error: BaseException | None = None
        self.runs = 0

    def settle(self) -> None:
        self.reply.settle(self.result, self.error)


class Writer:
    """Owns the writing connection and its thread, which starts with the first unit.

    :param patience: seconds to wait for a lock or a server before the waiting units fail with StoreUnavailable.
    :param group_seconds: how long a group may go on taking up units.
    :param on_idle: called on the writer's thread, with a connection outside of any unit, at least once a minute.
    """

    def __init__(self, engine: Engine, *, patience: float, group_seconds: float, on_idle: Callable[[Connection], None]) -> None:
        self._engine, self._patience, self._group_seconds, self._on_idle = engine, patience, group_seconds, on_idle
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._again: list[Unit] = []
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._idle_at = 0.0
        self.generation = 0
        self.trouble: str | None = None

    def submit(self, unit: Unit) -> None:
        """Queue ``unit``.

        :raises StoreUnavailable: after :meth:`close`.
        """
        with self._starting:
            if self._stop.is_set():
                raise StoreUnavailable("the store has been closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
                self._thread.start()
            self._queue.put(unit)

    def close(self) -> None:
        """Finish what is queued, then end the thread and the connection. What cannot be finished at once fails."""
        with self._starting:
            self._stop.set()
            if self._thread is not None:
                self._queue.put(None)
        if self._thread is not None:
            self._thread.join()
        self._drop_connection()
        self._engine.dispose()

    def _loop(self) -> None:
        while True:
            first = self._next(timeout=60.0)
            if first is None:
                if self._stop.is_set():
                    return
                self._idle()
                continue
            if first.patient and not self._again:
                self._gather()
            self._group(first)

    def _gather(self) -> None:
        """Wait for company: a commit costs more than most units. Ends with the first unit that is in a hurry.

        No transaction is open meanwhile.
        """
        until = time.monotonic() + self._group_seconds
        while len(self._again) < GROUP_UNITS and (left := until - time.monotonic()) > 0:
            try:
                unit = self._queue.get(timeout=left)
            except queue.Empty:
                return
            if unit is None:
                self._queue.put(None)
                return
            if unit.reply.wanted():
                self._again.append(unit)
                if not unit.patient:
                    return

    def _next(self, timeout: float | None) -> Unit | None:
        """The next unit that somebody still waits for; None when there is none in time, or at the end of all."""
        while True:
            if self._again:
                return self._again.pop(0)
            try:
                unit = self._queue.get(timeout=timeout) if timeout else self._queue.get_nowait()
            except queue.Empty:
                return None
            if unit is None:
                self._queue.put(None)  # seen again by the loop, after what was queued before it
                return None
            if unit.reply.wanted():
                return unit

    def _group(self, first: Unit) -> None:
        """Run units in one transaction, commit, and tell their callers."""
        try:
            connection, transaction = self._begin()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller must hear of it and the thread must live
            self._fail([first], error)
            return
        done: list[Unit] = []
        running: Unit | None = first
        try:
            until = time.monotonic() + self._group_seconds
            first_unit = True
            while running is not None:
                self._run(connection, running, done, first=first_unit)
                first_unit = False
                running = None if len(done) >= GROUP_UNITS or time.monotonic() >= until else self._next(timeout=None)
        except BaseException as error:  # noqa: BLE001 - the transaction is lost with everything in it
            self._undone([*done, *([running] if running else [])], error)
            return
        try:
            transaction.commit()
        except BaseException as error:  # noqa: BLE001 - whether it was committed is not known, so nobody may be told that it was
            self._fail(done, error)
            return
        self.trouble = None
        for finished in done:
            finished.settle()

    def _run(self, connection: Connection, unit: Unit, done: list[Unit], *, first: bool) -> None:
        """Run one unit in its savepoint, which is released with the next one's or by the commit.

        The savepoints go to the driver itself: through SQLAlchemy they would cost more than most units.

        :raises Exception: when the transaction as a whole is lost.
        """
        unit.runs += 1
        raw = connection.connection.dbapi_connection
        assert raw is not None
        if first:
            raw.execute("SAVEPOINT unit")
        elif connection.dialect.name == "postgresql":
            raw.execute("RELEASE SAVEPOINT unit; SAVEPOINT unit")  # one round trip; SQLite's driver takes one statement at a time
        else:
            raw.execute("RELEASE SAVEPOINT unit")
            raw.execute("SAVEPOINT unit")
        try:
            unit.result, unit.error = unit.work(connection), None
        except Exception as error:  # a unit's error belongs to its caller
            if _transaction_lost(connection, error):
                raise
            raw.execute("ROLLBACK TO SAVEPOINT unit")
            if engines.may_run_again(error) and unit.runs < RUNS:
                self._again.append(unit)
                return
            unit.result, unit.error = None, engines.translate(error)
        done.append(unit)

    def _begin(self) -> tuple[Connection, RootTransaction]:
        """A connection with a transaction begun; waits for a lock or a server for as long as ``patience``."""
        until = time.monotonic() + self._patience
        pause = 0.05
        while True:
            try:
                if self._connection is None:
                    self._connection = self._engine.connect()
                    self._idle_at = 0.0
                if time.monotonic() - self._idle_at > 60:
                    self._idle_at = time.monotonic()
                    self._on_idle(self._connection)
                return self._connection, self._connection.begin()
            except Exception as error:
                translated = engines.translate(error)
                self._drop_connection()
                if not isinstance(translated, StoreUnavailable) or time.monotonic() >= until or self._stop.is_set():
                    raise
                self.trouble = str(translated)
                self._stop.wait(pause)
                pause = min(pause * 2, 2.0)

    def _idle(self) -> None:
        """Nothing to write: look after the clock, and keep the session known to the network between."""
        try:
            _, transaction = self._begin() if self._engine.dialect.name != "sqlite" else (None, None)
            if transaction is not None:
                transaction.rollback()
        except Exception as error:  # noqa: BLE001 - shown in `trouble`; the next unit tries again
            self.trouble = str(engines.translate(error))
            self._drop_connection()

    def _undone(self, units: list[Unit], error: BaseException) -> None:
        """The group certainly was not committed: on a new connection its units may run again, if a connection was all that failed."""
        again = [unit for unit in units if unit.runs < RUNS] if engines.is_lost(error) and not self._stop.is_set() else []
        self._again += again
        self._fail([unit for unit in units if unit not in again], error)

    def _fail(self, units: list[Unit], error: BaseException) -> None:
        """The group was not committed: everyone in it hears why, mirrors are stale, and the connection is not trusted again.

        After a failed fsync, what the page cache says is no longer what the disk holds: only a new connection reads the truth.
        """
        translated = engines.translate(error)
        self.generation += 1
        self.trouble = str(translated)
        self._drop_connection()
        for unit in units:
            unit.result, unit.error = None, translated
            unit.settle()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.invalidate()
            connection.close()
        except Exception as error:  # noqa: BLE001 - it is broken already; what matters has been reported
            self.trouble = self.trouble or str(engines.translate(error))


def _transaction_lost(connection: Connection, error: BaseException) -> bool:
    """Whether the transaction is gone with the unit: a connection lost, or SQLite's own rollback (full disk, I/O error)."""
    if getattr(error, "connection_invalidated", False) or connection.invalidated:
        return True
    if connection.dialect.name == "sqlite":
        return not connection.connection.dbapi_connection.in_transaction  # type: ignore[union-attr]
    return bool(connection.connection.dbapi_connection.closed)  # type: ignore[union-attr]
