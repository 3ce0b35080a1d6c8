"""Copies of a SQLite database: made while it is in use, and put back in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from watcher.errors import StoreError
from watcher.store import files

_PAGES = 2_000  # copied at a time, so that a writer in this process waits for milliseconds only


def backup(source: Path, target: Path) -> None:
    """Copy ``source`` to ``target`` with SQLite's backup API: a consistent moment of a database in use.

    :raises StoreError: when ``target`` exists or cannot be written.
    """
    if target.exists():
        raise StoreError(f"{target} exists already; give another name, or remove it first")
    draft = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=60.0)) as old:
            # One read transaction holds one moment; else the copy would begin anew whenever another process writes.
            old.execute("BEGIN")
            old.execute("SELECT count(*) FROM sqlite_master").fetchone()
            with closing(sqlite3.connect(draft)) as new:
                old.backup(new, pages=_PAGES)
                new.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        _sync(draft)
        os.link(draft, target)
        files.sync_folder(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target}: the backup could not be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def restore(source: Path, path: Path, now: datetime) -> Path | None:
    """Put the backup ``source`` in the place of the database ``path``, under the daemon's lock.

    The old file and its WAL are kept beside it under another name.

    :returns: where the old database was put, or None where there was none.
    :raises StoreLocked: a daemon is running on it.
    :raises StoreError: when the backup is damaged or anything cannot be written; the old database is then in place.
    """
    path = path.resolve()
    _verify(source)
    lock = files.FileLock(path)
    try:
        draft = path.with_name(f"{path.name}.restore-{os.getpid()}")
        aside = path.with_name(f"{path.name}.before-restore-{now:%Y%m%dT%H%M%S%f}") if path.exists() else None
        try:
            backup(source, draft)
            with closing(sqlite3.connect(draft, isolation_level=None)) as fresh:
                fresh.execute("PRAGMA journal_mode=WAL")
                fresh.execute(
                    "INSERT INTO meta (key, value) VALUES ('restored_at', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    (now.isoformat(),),
                )
            _sync(draft)
            if aside is not None:
                # The WAL belongs to the old file: it must follow first, or it would be applied to the new one.
                for suffix in ("-wal", "-shm"):
                    beside = path.with_name(path.name + suffix)
                    if beside.exists():
                        beside.rename(aside.with_name(aside.name + suffix))
                os.link(path, aside)
            draft.replace(path)
            files.sync_folder(path.parent)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: the backup could not be put in place: {error}") from error
        finally:
            for leftover in path.parent.glob(f"{draft.name}*"):
                leftover.unlink(missing_ok=True)
        return aside
    finally:
        lock.release()


def _verify(source: Path) -> None:
    """Refuse a backup that is not whole.

    :raises StoreError: saying what is wrong with it.
    """
    if not source.is_file():
        raise StoreError(f"{source}: there is no such backup")
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            ours = connection.execute("PRAGMA application_id").fetchone()[0] == files.APPLICATION_ID
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"{source}: the backup cannot be read: {error}") from error
    if not ours:
        raise StoreError(f"{source}: this is no backup of a watcher database")
    if found != "ok":
        raise StoreError(f"{source}: the backup is damaged: {found.splitlines()[0]}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
