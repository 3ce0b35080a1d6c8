"""The store: what must survive a kill, in SQLite or PostgreSQL.

    schema        the tables                         columns   how values lie in them
    store         ``Store``: opens, runs units of work off the event loop, closes
    writer        the one writer: group commit, each unit in a savepoint
    engine        connections of both databases      files     a SQLite file: lock, look before use
    migrate       Alembic, from within               backup    a copy while in use
    fulltext      the index of words, for search: beside the database (``ftsfile``) or in it (``tsrows``)

Statements are plain functions of a ``Connection``, one file per noun::

    feeds  arrivals  subscriptions  health  entries  stories  alerts  marks  deliveries  escalations  history  silences  hits  lookup  rereads  threads  meta  status
    retention  archive  byhand (stories that a person splits or joins)

Three of the nouns are queues: ``claim`` moves a row's due time to the end of a lease, ``finish`` says ``WHERE epoch = mine`` (see ``leases``).
"""

from sqlalchemy import Connection

from watcher.store import (
    alerts,
    archive,
    arrivals,
    byhand,
    deliveries,
    entries,
    escalations,
    feeds,
    health,
    history,
    hits,
    hosts,
    lookup,
    marks,
    meta,
    rereads,
    retention,
    silences,
    status,
    stories,
    subscriptions,
    threads,
)
from watcher.store.store import Store

__all__ = [
    "Connection", "Store", "alerts", "archive", "arrivals", "byhand", "deliveries", "entries", "escalations", "feeds", "health", "history", "hits", "hosts", "lookup", "marks",
    "meta", "rereads", "retention", "silences", "status", "stories", "subscriptions", "threads",
]  # fmt: skip
