"""Read-only looks into the daemon's SQLite file: has an article been read to its end?

What *arrives* is never judged here, only at the receivers. But that nothing arrives can be judged only once the daemon
is known to have read what must not alert.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path


def finished(database: Path, url: str) -> bool:
    """Whether the entry that links to ``url`` has gone through the rules, and no delivery is still to be made."""
    if not database.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=1.0)) as conn:
            done = conn.execute("SELECT count(*) FROM entries WHERE url = ? AND finished_at IS NOT NULL", (url,)).fetchone()[0]
            due = conn.execute("SELECT count(*) FROM deliveries WHERE state = 'due'").fetchone()[0]
            return bool(done) and not due
    except sqlite3.OperationalError:  # not migrated yet, or locked for longer than we wait: look again later
        return False
