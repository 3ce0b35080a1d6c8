"""Entries that come back under a new identity, and are not news.

Some publishers give an item another guid at each poll (a session id in it), and nearly all give every item another one when
they move to a new system. An identity that was never seen is news (never a date), but for two cases:

``again``   an entry of this feed has the same link and the same title
``moved``   most of a whole document is new, and most of that has titles that the feed's entries have: the site has moved

The entry that was there takes the new identity, so that nothing grows with each poll, unless the document still holds the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from watcher.model import FeedId
from watcher.store.columns import digest
from watcher.store.leases import among
from watcher.store.schema import entries

MOVED_ITEMS = 5  # new items at least, before a feed is said to have moved
MOVED_NEW = 0.8  # their share of the document
MOVED_TITLES = 0.5  # the share of them whose title is known


def title_key(title: str) -> bytes | None:
    """What titles are compared by: without case and spacing; None for no title."""
    plain = " ".join(title.casefold().split())
    return digest(plain) if plain else None


def recognise(
    conn: Connection, feed: FeedId, new: Sequence[Mapping[str, Any]], present: Collection[bytes], total: int
) -> tuple[frozenset[bytes], bool]:
    """Give entries of the feed the identities under which they come back.

    :param new: rows of items whose identity was never seen.
    :param present: the identity keys of the whole document.
    :param total: how many items it has.
    :returns: the identity keys of ``new`` that are old entries, and whether the feed has moved.
    """
    links = {row["url_key"] for row in new if row.get("url_key")}
    if not links:
        return frozenset(), False
    columns = (entries.c.id, entries.c.identity_key, entries.c.url_key, entries.c.title_key)
    linked = conn.execute(select(*columns).where(entries.c.feed_id == feed, among(conn, entries.c.url_key, list(links)))).all()
    same = {(row.url_key, row.title_key): row for row in linked}
    found = [(row, same[row["url_key"], row["title_key"]]) for row in new if (row.get("url_key"), row.get("title_key")) in same]
    moved = False
    if len(new) >= MOVED_ITEMS and len(new) >= MOVED_NEW * total and len(found) < len(new):
        titled = {
            row.title_key: row
            for row in conn.execute(select(*columns).where(entries.c.feed_id == feed, entries.c.left_at.is_(None)))
            if row.title_key
        }
        known = [(row, titled[row["title_key"]]) for row in new if row.get("title_key") in titled]
        if len(known) >= MOVED_TITLES * len(new):
            found, moved = known, True
    _rename(conn, found, present)
    return frozenset(row["identity_key"] for row, _ in found), moved


_RENAME = (
    update(entries)
    .where(entries.c.id == bindparam("b_id"))
    .values({name: bindparam(f"v_{name}") for name in ("identity", "identity_key", "url", "url_key")})
)


def _rename(conn: Connection, found: Sequence[tuple[Mapping[str, Any], Any]], present: Collection[bytes]) -> None:
    taken: dict[int, Mapping[str, Any]] = {}
    for row, old in found:
        if old.identity_key not in present:
            taken.setdefault(old.id, row)
    if taken:
        names = ("identity", "identity_key", "url", "url_key")
        conn.execute(_RENAME, [{"b_id": entry, **{f"v_{name}": row[name] for name in names}} for entry, row in taken.items()])
