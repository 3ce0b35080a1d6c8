"""``watcher backup``, ``restore`` and ``prune``: care of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from watcher.cli import opened, output
from watcher.errors import StoreError


def backup(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="Must not exist yet.")], as_json: output.AsJson = False
) -> None:
    """Copy the database while it is in use; FILE appears only when it is whole.

    \b
    Example:
      watcher backup /var/backups/watcher-monday.db
    """
    with opened.store(opened.database(ctx)) as database:
        database.backup(file)
    size = file.stat().st_size
    if as_json:
        output.emit({"file": str(file), "bytes": size})
    else:
        output.say(f"{file}: {size:,} bytes")


def restore(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")], as_json: output.AsJson = False
) -> None:
    """Put a backup in the place of the database. The daemon must not be running; what was there is kept beside it.

    Alerts told since the backup was made may be told again, with the ids that they had.
    """
    from datetime import UTC, datetime

    from watcher.store import backup as backups

    url = opened.database(ctx)
    if not url.startswith("sqlite:///"):
        raise StoreError("a PostgreSQL database is restored with its own tool: pg_restore")
    path = Path(url.removeprefix("sqlite:///"))
    aside = backups.restore(file, path, datetime.now(UTC))
    if as_json:
        output.emit({"database": str(path), "kept": str(aside) if aside else None})
    else:
        output.say(f"{path}: restored from {file}" + (f"; what was there is now {aside}" if aside else ""))


def prune(ctx: typer.Context, as_json: output.AsJson = False) -> None:
    """Forget articles and alerts older than `retention`. The daemon does this every night by itself."""
    from watcher import store

    config = opened.configuration(ctx)
    gone = 0
    with opened.store(config.database) as database:
        now = database.clock()
        while step := database.write_now(lambda conn: store.entries.prune(conn, now=now, retention=config.retention)):
            gone += step
    if as_json:
        output.emit({"rows": gone})
    else:
        output.say(f"{gone:,} rows older than {config.retention.days} days are gone")
