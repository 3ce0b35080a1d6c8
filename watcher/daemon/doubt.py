"""Asking a feed's server, and testing what it answers where that is in doubt.

A server that says "304 Not Modified" for ever hides news behind a silence that looks healthy. A feed whose silence is improbable is
therefore asked once a day without validators; where that shows another document, it is asked once more with them: a server that
then says 304 contradicts itself. Its 304s are not believed for thirty days, which costs it whole answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from watcher.errors import FetchError
from watcher.feeds import fetch, health
from watcher.model import Feed, FeedState
from watcher.net import Client, Limits


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, the state with the test noted, and whether the server contradicted itself."""

    answer: fetch.Response | fetch.NotModified
    state: FeedState
    contradicted: bool = False


async def ask(client: Client, feed: Feed, state: FeedState, limits: Limits, now: datetime) -> Asked:
    """Fetch a feed: with its validators unless they are in doubt.

    :raises FetchError: as ``feeds.fetch``.
    """
    forgetful = replace(state, etag=None, last_modified=None) if state.quiet_at or state.lied_at else state
    if not health.doubtful(state, now):
        return Asked(await fetch.fetch(client, feed, forgetful if health.distrusted(state, now) else state, limits), state)
    answer = await fetch.fetch(client, feed, forgetful, limits)
    tested = replace(state, checked_at=now)
    if isinstance(answer, fetch.NotModified) or answer.body_hash == state.body_hash:
        return Asked(answer, tested)
    try:
        again = await fetch.fetch(client, feed, state, limits)
    except FetchError:
        return Asked(answer, tested)
    return Asked(answer, tested, contradicted=isinstance(again, fetch.NotModified))
