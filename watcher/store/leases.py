"""What the three queues have in common: holding, giving back and taking back leases; and what the dialects do differently."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Insert, Table, Text, Update, any_, bindparam, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

_ORDER = 0x7774_6368_0002
_CHUNK = 1000  # rows of one statement, each with two parameters


def serialise(conn: Connection) -> None:
    """Let one transaction at a time go on from here, among all processes; SQLite's one writer does that anyway.

    There is a single such lock, so that units which share a transaction cannot wait for each other crosswise.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_ORDER)))


def adding(conn: Connection, table: Table) -> Any:
    """An INSERT of the connection's dialect, for its ON CONFLICT."""
    statement: Insert = postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)
    return statement


def add_once(conn: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless one with its key is there; return whether it was inserted.

    Asked with RETURNING: the count of inserted rows is -1 on PostgreSQL, where SQLAlchemy does not keep it.
    """
    statement = adding(conn, table).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return conn.execute(statement, row).first() is not None


def among(conn: Connection, column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """``column IN values``. PostgreSQL gets them as one array: its planner then knows an index condition when it sees one,
    and its driver need not take a statement of a thousand parameters apart (170 ms against 2 for 500 identities, measured)."""
    if conn.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(values), type_=ARRAY(column.type), unique=True))
    return column.in_(values)


def in_listed(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column IN`` the list given as parameter ``name`` by :func:`listed`: one text for lists of any length.

    So SQLAlchemy and the driver prepare the statement once, where :func:`among` is prepared anew for every length.
    """
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(select(func.json_each(bindparam(name, type_=Text)).table_valued("value").c.value))


def listed(dialect: str, values: Collection[Any]) -> Any:
    """Numbers or texts as :func:`in_listed` wants them."""
    return list(values) if dialect == "postgresql" else json.dumps(list(values))


class Prepared:
    """A statement that changes many rows at once, compiled once for each dialect.

    For the statement that every poll needs: SQLAlchemy's own way checks and converts each row's values again, which costs
    three times what the database does with them.
    """

    def __init__(self, statement: Update) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute with the parameters of ``rows``, values as the driver wants them: times as microseconds."""
        if not rows:
            return
        found = self._compiled.get(conn.dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=conn.dialect)
            found = self._compiled[conn.dialect.name] = str(compiled), compiled.positiontup
        text, order = found
        if order is None:
            conn.exec_driver_sql(text, list(rows))
        else:
            conn.exec_driver_sql(text, [tuple(row[name] for name in order) for row in rows])


class Queue:
    """The leases of one table. Rows are named by (id, epoch), so that only who still holds a claim can change it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._held = table.c.claimed_at.is_not(None)

    def renew(self, conn: Connection, rows: Sequence[tuple[int, int]], due_at: datetime) -> frozenset[int]:
        """Hold claims until ``due_at``; return the ids of those that are lost: somebody else may have them."""
        kept = self._change(conn, rows, due_at=due_at)
        return frozenset(row for row, _ in rows) - kept

    def give_back(self, conn: Connection, rows: Sequence[tuple[int, int]], *, now: datetime) -> None:
        """Make claimed rows due at once for whoever comes next."""
        self._change(conn, rows, due_at=now, claimed_at=None)

    def take_all_back(self, conn: Connection, *, now: datetime) -> int:
        """End all leases, for a daemon that is alone on its database; return how many there were."""
        epoch = self._table.c.epoch + 1  # what the former claimer still does comes to nothing
        return conn.execute(update(self._table).where(self._held).values(due_at=now, claimed_at=None, epoch=epoch)).rowcount

    def _change(self, conn: Connection, rows: Sequence[tuple[int, int]], **values: Any) -> set[int]:
        table, changed = self._table, set[int]()
        for at in range(0, len(rows), _CHUNK):
            some = sorted(rows[at : at + _CHUNK])
            # The ids alone lead SQLite to the primary key; pairs would make it read the whole table.
            mine = (among(conn, table.c.id, [row for row, _ in some]), tuple_(table.c.id, table.c.epoch).in_(some), self._held)
            statement: Update = update(table).where(*mine).values(**values)
            changed.update(conn.scalars(statement.returning(table.c.id)))
        return changed
