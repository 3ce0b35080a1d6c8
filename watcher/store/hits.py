"""How often rules matched, and how often that was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from watcher.model import Reason
from watcher.store.schema import matches

_TOLD = [reason.value for reason in Reason if reason.tells]


@dataclass(frozen=True, slots=True)
class Hits:
    """One rule's matches; ``matched`` and ``alerted`` have a count for each span that was asked for."""

    last_at: datetime
    matched: tuple[int, ...]
    alerted: tuple[int, ...]


def of_rules(conn: Connection, *, now: datetime, days: Sequence[int] = (1, 7, 30)) -> dict[str, Hits]:
    """The hits of every rule that matched anything that is still kept, in the last ``days`` days each."""
    inside = [matches.c.matched_at > now - timedelta(days=count) for count in days]
    told = matches.c.reason.in_(_TOLD)
    columns = [func.sum(case((here, 1), else_=0)) for here in inside] + [func.sum(case((here & told, 1), else_=0)) for here in inside]
    query = select(matches.c.rule, func.max(matches.c.matched_at), *columns).group_by(matches.c.rule)
    size = len(inside)
    return {
        row[0]: Hits(row[1], tuple(int(n) for n in row[2 : 2 + size]), tuple(int(n) for n in row[2 + size :]))
        for row in conn.execute(query)
    }
