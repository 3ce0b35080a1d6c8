"""Statements on WebSub subscriptions: one row for each feed that names a hub.

``wish`` is what the hub has been asked for and may verify: ``subscribe``, ``unsubscribe`` or NULL. ``state``: ``wanted`` (to be asked for),
``active`` (confirmed until ``lease_until``), ``denied``, ``leaving`` (the feed is gone from the configuration). ``due_at``: when the
hub is to be asked (again).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from watcher.model import FeedId
from watcher.store.leases import adding
from watcher.store.schema import feeds, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A row, with its feed's URL."""

    id: int
    feed_id: FeedId
    url: str
    hub: str
    topic: str
    callback: str
    token: str
    secret: str
    state: str
    wish: str | None
    attempts: int
    lease_until: datetime | None


_COLUMNS = (
    subscriptions.c.id, subscriptions.c.feed_id, feeds.c.url, subscriptions.c.hub, subscriptions.c.topic, subscriptions.c.callback,
    subscriptions.c.token, subscriptions.c.secret, subscriptions.c.state, subscriptions.c.wish, subscriptions.c.attempts,
    subscriptions.c.lease_until,
)  # fmt: skip


def note(conn: Connection, feed_id: FeedId, *, hub: str | None, topic: str, callback: str, token: str, secret: str, now: datetime) -> bool:
    """Note which hub a feed names; return whether that is new, so that the hub is to be asked.

    A changed hub, topic or place of callbacks begins a new subscription, with the given token and secret. A feed that no longer
    names a hub is left.
    """
    row = conn.execute(select(subscriptions).where(subscriptions.c.feed_id == feed_id)).first()
    if hub is None:
        if row is not None and row.state != "leaving":
            _set(conn, row.id, state="leaving", due_at=now, attempts=0)
        return row is not None
    fresh = {
        "feed_id": feed_id, "hub": hub, "topic": topic, "callback": callback + token, "token": token, "secret": secret, "state": "wanted",
        "wish": None, "due_at": now, "attempts": 0, "lease_until": None, "pushed_at": None, "reason": "",
    }  # fmt: skip
    if row is None:
        conn.execute(adding(conn, subscriptions).on_conflict_do_nothing(index_elements=["feed_id"]), [fresh])
        return True
    if (row.hub, row.topic) == (hub, topic) and row.callback.startswith(callback) and row.state != "leaving":
        return False
    _set(conn, row.id, **fresh)
    return True


def due(conn: Connection, *, now: datetime, limit: int) -> list[Subscription]:
    """Return the subscriptions whose hub is to be asked, longest due first."""
    query = select(*_COLUMNS).join(feeds, feeds.c.id == subscriptions.c.feed_id)
    query = query.where(subscriptions.c.due_at <= now, subscriptions.c.due_at.is_not(None)).order_by(subscriptions.c.due_at).limit(limit)
    return [Subscription(**row) for row in conn.execute(query).mappings()]


def by_token(conn: Connection, token: str) -> Subscription | None:
    """Return the subscription that a callback's address names."""
    query = select(*_COLUMNS).join(feeds, feeds.c.id == subscriptions.c.feed_id).where(subscriptions.c.token == token)
    row = conn.execute(query).mappings().first()
    return Subscription(**row) if row is not None else None


def asking(conn: Connection, row: Subscription, wish: str, *, now: datetime, again_at: datetime) -> bool:
    """Note, before the hub is asked, what it may verify, and when it is asked again if nothing comes of it.

    :returns: False where another process is asking.
    """
    values = {"wish": wish, "due_at": again_at, "attempts": row.attempts + 1}
    due = (subscriptions.c.id == row.id, subscriptions.c.due_at <= now)
    return conn.execute(update(subscriptions).where(*due).values(**values)).rowcount == 1


def refused(conn: Connection, row: Subscription, *, reason: str, again_at: datetime) -> None:
    """Note that the hub could not be asked, or said no. The wish stays: a hub that verifies after all is answered."""
    _set(conn, row.id, due_at=again_at, reason=reason[:200])


def confirmed(conn: Connection, row: Subscription, *, lease_until: datetime, renew_at: datetime) -> None:
    """Note a verified subscription."""
    _set(conn, row.id, state="active", wish=None, attempts=0, reason="", lease_until=lease_until, due_at=renew_at)


def denied(conn: Connection, row: Subscription, *, reason: str, again_at: datetime) -> None:
    """Note that the hub has denied the subscription, or ended it."""
    _set(conn, row.id, state="denied", wish=None, reason=reason[:200], lease_until=None, due_at=again_at)
    conn.execute(update(feeds).where(feeds.c.id == row.feed_id).values(push_until=None))


def drop(conn: Connection, row: Subscription) -> None:
    """Forget a subscription: its callback is unknown from now on."""
    conn.execute(delete(subscriptions).where(subscriptions.c.id == row.id))
    conn.execute(update(feeds).where(feeds.c.id == row.feed_id).values(push_until=None))


def leave(conn: Connection, *, now: datetime, everything: bool = False) -> int:
    """Begin to leave the hubs of feeds that were removed from the configuration, or all of them; return how many."""
    gone = select(feeds.c.id).where(feeds.c.id == subscriptions.c.feed_id, feeds.c.removed_at.is_not(None))
    which = [subscriptions.c.state != "leaving", *([] if everything else [gone.exists()])]
    return conn.execute(update(subscriptions).where(*which).values(state="leaving", due_at=now, attempts=0)).rowcount


def pushed(conn: Connection, row: Subscription, *, rhythm: bytes, now: datetime) -> None:
    """Note a delivery that brought something new: while the lease lasts, polling may be slower."""
    _set(conn, row.id, pushed_at=now)
    values = {"push_until": row.lease_until, "last_new_at": now, "quiet_at": None, "rhythm": rhythm}
    conn.execute(update(feeds).where(feeds.c.id == row.feed_id).values(**values))


def missed(conn: Connection, feed_id: FeedId, *, due_at: datetime | None) -> None:
    """Note that a poll found what no delivery had brought: polling is as often as ever until the next one.

    :param due_at: when the feed is then to be polled.
    """
    conn.execute(update(feeds).where(feeds.c.id == feed_id, feeds.c.claimed_at.is_(None)).values(push_until=None, due_at=due_at))


def states(conn: Connection) -> dict[str, str]:
    """Return by feed URL how its subscription stands."""
    query = select(feeds.c.url, subscriptions.c.state).join(feeds, feeds.c.id == subscriptions.c.feed_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def _set(conn: Connection, row: int, **values: Any) -> None:
    conn.execute(update(subscriptions).where(subscriptions.c.id == row).values(**values))
