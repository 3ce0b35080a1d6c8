"""Each scenario runs on both databases: the fixture ``store`` is a fresh one of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from watcher.store import Store, migrations
from watcher.store.schema import metadata


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    if postgres.programs() is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed")
    with postgres.server() as running:
        Store.open(running.create("watcher")).close()
        yield running


@pytest.fixture
def postgres_url(postgres_server: postgres.Postgres) -> Iterator[str]:
    """A PostgreSQL database with empty tables."""
    url = postgres_server.url("watcher")
    yield url
    postgres_server.empty("watcher", sorted(metadata.tables), version=migrations.HEAD)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database, with empty tables or none yet."""
    return f"sqlite:///{tmp_path}/watcher.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """A SQLite database with tables, closed."""
    path = tmp_path / "watcher.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def do(store: Store) -> Callable[..., Any]:
    """``do(statement, …)`` runs a statement with its arguments in a unit of its own."""

    def run(statement: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return store.write_now(lambda conn: _listed(statement(conn, *args, **kwargs)))

    return run


def _listed(result: Any) -> Any:
    return list(result) if isinstance(result, Iterator) else result
