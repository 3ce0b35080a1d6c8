"""Brings a database to the schema of this program, or refuses one that is newer."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from watcher.errors import StoreError, StoreTooNew
from watcher.store import migrations

_LOCK = 0x7774_6368_0001  # pg_advisory_xact_lock: processes that start together migrate one after another


def current(connection: Connection) -> str | None:
    """The schema's revision, or None for a database without tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upgrade(connection: Connection) -> bool:
    """Bring the schema up to date within the caller's transaction.

    :returns: whether anything was changed.
    :raises StoreTooNew: when a newer watcher has written it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if not pending(connection):
        return False
    from alembic import command  # noqa: PLC0415 - 150 ms that a current database need not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def pending(connection: Connection) -> bool:
    """Whether the schema is older than this program's.

    :raises StoreTooNew: when a newer watcher has written it.
    """
    revision = current(connection)
    if revision is not None and revision not in migrations.REVISIONS:
        raise StoreTooNew(
            f"the database has the schema {revision}, which this watcher does not know (it knows up to {migrations.HEAD}): "
            "install the newer watcher again, or `watcher restore` a backup made before the upgrade"
        )
    return revision != migrations.HEAD


def require_current(connection: Connection) -> None:
    """Refuse a schema that still has to be upgraded, for callers that must not do so.

    :raises StoreError: with the way out.
    """
    if pending(connection):
        raise StoreError("the database has an older schema; start `watcher run` once, it upgrades by itself")
