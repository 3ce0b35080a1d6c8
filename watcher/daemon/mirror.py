"""The stories' index in memory, kept equal to what is committed.

Only the writer's thread touches it, inside the transaction that decides a story, so the decision is serialised: on SQLite by
the one writer, on PostgreSQL by an advisory lock that is taken first. What another process committed in the meantime is
read on from the last sequence number seen. What this process added to a transaction that then failed is taken out again.
"""

from __future__ import annotations

from watcher import store, stories
from watcher.store import Store
from watcher.stories import Candidate, Index, Verdict

FORGET_EVERY = 500  # decisions


class Mirror:
    """An :class:`stories.Index` that follows the ``articles`` table."""

    def __init__(self, database: Store) -> None:
        self._store = database
        self._generation = database.generation
        self._index = Index()
        self._seq = 0
        self._decisions = 0

    def decide(self, conn: store.Connection, candidate: Candidate) -> Verdict:
        """Return where an article belongs, given everything committed so far and what this transaction added."""
        if self._generation != self._store.generation:  # a commit failed: what it added is not there
            self._index, self._seq, self._generation = Index(), 0, self._store.generation
        self._read_on(conn, candidate)
        self._decisions += 1
        if self._decisions % FORGET_EVERY == 0:
            self._index.forget(candidate.at - stories.WINDOW)
        return self._index.decide(candidate)

    def _read_on(self, conn: store.Connection, candidate: Candidate) -> None:
        for row in store.stories.sketches_since(conn, self._seq, since=candidate.at - stories.WINDOW):
            self._index.add(
                Candidate(
                    article_id=row.entry_id,
                    story_id=row.story_id,
                    sketch=row.sketch,
                    canonical_url=row.canonical_url,
                    title=row.title,
                    at=row.at,
                    host=row.host,
                    entities=row.entities,
                )
            )
            self._seq = row.seq
