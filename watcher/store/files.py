"""The SQLite file itself: created whole or not at all, locked by one daemon, looked at before use, never replaced.

A file that we cannot use is refused with the command that restores a backup; it is left where it is.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from watcher.errors import StoreError, StoreLocked

APPLICATION_ID = 0x77746368  # "wtch" in the header of every file that we made
_MAGIC = b"SQLite format 3\0"
_CHECK_SECONDS = 5.0  # of PRAGMA quick_check after a crash; a large file is looked at as far as that goes


class FileLock:
    """The daemon's lock on a database file: a POSIX record lock on ``FILE.lock``, which holds its pid.

    A POSIX lock belongs to the process: forked children do not inherit it, and it ends with its owner however that dies.
    ``unclean``: whether the last owner ended without :meth:`release`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{self.path}: the lock file cannot be opened: {error.strerror}; mend the folder's owner or mode") from error
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = self._owner()
            os.close(self._descriptor)
            who = f"process {pid}" if pid else "another process"
            raise StoreLocked(
                f"{path}: {who} is already running watcher on this database; stop it first, or use another database", pid
            ) from error
        self.unclean = self._owner() is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def _owner(self) -> int | None:
        text = os.pread(self._descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else None

    def release(self) -> None:
        """Give the lock up after an orderly end. The file stays: removing it would let two owners lock two files of one name."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def way_out(path: Path) -> str:
    """What a user can do about a file that is broken."""
    return f"it was left as it is; put a backup in its place with `watcher restore BACKUP`, or move {path} away to begin anew"


def create(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a new database at ``path``: ``fill`` builds it under another name, and only the whole file gets this one.

    So an empty or half-made file at ``path`` is never ours. Where another process was quicker, its file stands.

    :raises StoreError: when the folder is missing or cannot be written.
    """
    draft = path.with_name(f"{path.name}.new-{os.getpid()}-{time.monotonic_ns()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path}: the database cannot be created: {error.strerror}; mend `database` or the folder's owner and mode"
        ) from error
    try:
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        fill(draft)
        try:
            os.link(draft, path)  # unlike rename, never over a file that is there
        except FileExistsError:
            return
        sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: the database cannot be created: {error}") from error
    finally:
        for leftover in path.parent.glob(f"{draft.name}*"):
            leftover.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a new name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def inspect(path: Path, *, thorough: bool) -> None:
    """Look at an existing file before it is used.

    :param thorough: the last daemon crashed or power failed: check pages and indexes too, for at most five seconds.
    :raises StoreError: when it is no database of ours, is broken, or cannot be written.
    """
    _inspect_header(path)
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30.0, isolation_level=None)
        try:
            _inspect_content(connection, path)
            if thorough:
                _quick_check(connection, path)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        code = (error.sqlite_errorcode or 0) & 0xFF
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise StoreError(
                f"{path}: the database cannot be written ({error}); mend the owner and mode of the file and its folder"
            ) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return  # busy, so alive; the writer waits with more patience
        raise StoreError(f"{path}: the database cannot be read ({error}); {way_out(path)}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: the database is damaged ({error}); {way_out(path)}") from error


def _inspect_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be read: {error.strerror}; mend `database` or the file's owner and mode") from error
    if not head:
        raise StoreError(f"{path}: the file is empty, which watcher never leaves behind; {way_out(path)}")
    if not head.startswith(_MAGIC):
        raise StoreError(f"{path}: this is not a SQLite database; {way_out(path)}")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreError(f"{path}: the database or its folder is read-only; mend their owner and mode")


def _inspect_content(connection: sqlite3.Connection, path: Path) -> None:
    """Read the schema and the first row of each table; SQLite applies or rejects the WAL on the way."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path}: this SQLite database was not made by watcher; set `database` to another file")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    if "meta" not in tables:
        raise StoreError(f"{path}: the database has lost its tables; {way_out(path)}")
    for table in tables:
        connection.execute(f'SELECT * FROM "{table}" LIMIT 1').fetchone()  # noqa: S608 - the names come from the file's own schema
    connection.execute("BEGIN IMMEDIATE")  # can we write?
    connection.execute("ROLLBACK")


def _quick_check(connection: sqlite3.Connection, path: Path) -> None:
    until = time.monotonic() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > until), 100_000)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return  # large; looked at as far as the time went
        raise
    if found != "ok":
        raise StoreError(f"{path}: the database is damaged ({found.splitlines()[0]}); {way_out(path)}")
