"""The migrations and the schema that the statements are written for are the same thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from watcher.errors import StoreError, StoreTooNew
from watcher.store import Store, engine, files, migrate, migrations
from watcher.store.schema import metadata, postgres_only


def test_migrated_database_equals_the_schema(store):
    def differences(conn):
        tables = [metadata, postgres_only] if conn.dialect.name == "postgresql" else metadata
        return compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": False}), tables)

    assert store.read_now(differences) == []


def test_partial_indexes_have_their_conditions(store):
    """compare_metadata does not look at an index's condition."""

    def conditions(conn):
        found = {}
        for table in metadata.tables:
            for index in inspect(conn).get_indexes(table):
                where = index["dialect_options"].get(f"{conn.dialect.name}_where")
                if where is not None:
                    found[index["name"]] = str(where).strip("()").replace(") AND (", " AND ").lower()
        return found

    wanted = {
        index.name: str(index.dialect_options["sqlite"]["where"]).lower()
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert store.read_now(conditions) == wanted


def test_revisions_known_without_alembic_are_alembics():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(known)) == migrations.REVISIONS


def test_newer_schema_is_refused_and_left_alone(url):
    Store.open(url).close()
    store = Store.open(url)
    store.write_now(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    store.close()
    with pytest.raises(StoreTooNew, match="newer watcher"):
        Store.open(url)
    with pytest.raises(StoreTooNew):
        Store.open(url, migrate=False)


def test_without_leave_to_migrate_an_empty_database_is_refused(tmp_path):
    with pytest.raises(StoreError, match="there is no database yet"):
        Store.open(f"sqlite:///{tmp_path}/none.db", migrate=False)
    assert list(tmp_path.iterdir()) == []


class _Killed(BaseException):
    pass


def test_migration_killed_at_any_statement_is_rolled_back(tmp_path):
    """Both databases put DDL into transactions; SQLite only as long as the driver does not commit in between."""
    from sqlalchemy import event

    path = tmp_path / "half.db"
    for steps in range(0, 200, 7):
        files.create(path, lambda _: None)
        fresh = engine.sqlite_engine(path, writer=True)
        seen = 0

        @event.listens_for(fresh, "before_cursor_execute")
        def kill(conn, cursor, statement, *_, limit=steps):
            nonlocal seen
            if statement.lstrip().upper().startswith(("CREATE", "INSERT")):
                seen += 1
                if seen > limit:
                    raise _Killed

        finished = False
        try:
            with fresh.begin() as conn:
                migrate.upgrade(conn)
            finished = True
        except _Killed:
            with fresh.connect() as conn:
                assert inspect(conn).get_table_names() == []
        fresh.dispose()
        path.unlink()
        if finished:
            return
    pytest.fail("the migration never ended")
