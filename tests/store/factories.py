"""Rows to work on, with as little said as possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from watcher.model import Alert, AlertId, Article, Document, Entry, FeedInfo, FeedState, Match, Reason, Severity, Story
from watcher.store import alerts, deliveries, entries, feeds, stories
from watcher.store.schema import feeds as feeds_table

NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
LEASE = timedelta(seconds=30)
LONG = timedelta(days=90)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def seeds(number: int, *, hosts: int = 1_000_000, due_at: datetime = NOW) -> list[feeds.FeedSeed]:
    """Feeds that are due in order, a second apart, the last at ``due_at``."""
    return [
        feeds.FeedSeed(
            url=f"https://h{n % hosts}.example/{n}",
            host=f"h{n % hosts}.example",
            name=f"Feed {n}",
            interval=timedelta(minutes=10),
            due_at=due_at - timedelta(seconds=number - 1 - n),
        )
        for n in range(number)
    ]


def claim_feeds(
    conn: Connection, *, now: datetime = NOW, limit: int = 100, per_host: int = 1, busy: tuple[str, ...] = ()
) -> list[FeedState]:
    return feeds.claim(conn, now=now, lease=LEASE, limit=limit, per_host=per_host, busy_hosts=busy)


def a_feed(conn: Connection) -> FeedState:
    """One feed, claimed."""
    feeds.sync(conn, seeds(1), now=NOW)
    return claim_feeds(conn)[0]


def document(*identities: str, whole: bool = True, known: tuple[str, ...] = ()) -> Document:
    found = tuple(Entry(identity=i, title=f"Title of {i}", url=f"https://a.example/{i}", content="text " * 100) for i in identities)
    return Document(format="rss20", info=FeedInfo(), entries=found, known=known, total=len(found) + len(known) + (not whole), complete=True)


def poll(conn: Connection, found: Document, *, now: datetime = NOW, baseline: bool = False, backfill: int = 0) -> feeds.Finished:
    """A poll of the one feed that there is, from claim to finish."""
    feeds.make_due(conn, None, now=now)
    (state,) = claim_feeds(conn, now=now)
    after = replace(state, due_at=now + timedelta(minutes=10), last_success_at=now)
    finished = feeds.finish(conn, after, document=found, baseline=baseline, backfill=backfill, now=now)
    assert finished is not None
    return finished


def claim_entries(conn: Connection, *, now: datetime = NOW, limit: int = 100) -> list[entries.ClaimedEntry]:
    return entries.claim(conn, now=now, lease=LEASE, limit=limit)


def article(title: str = "A title", text: str = "A text.") -> Article:
    return Article(title=title, text=text, url="https://a.example/1", site="A")


def read(
    conn: Connection, claimed: entries.ClaimedEntry, *, story: Story | None = None, now: datetime = NOW, host: str = "a.example",
    found: tuple[Any, ...] = (), canonical_url: str | None = None, copy_of: int | None = None, again_at: datetime | None = None,
) -> Story:  # fmt: skip
    """Finish an entry: in its own story unless one is given."""
    assert entries.owned(conn, claimed.id, claimed.epoch)
    stories.lock(conn)
    if story is None:
        story = Story(id=stories.create(conn, title="A title", now=now), new=True)
    placed = replace(story, copy_of=str(copy_of) if copy_of else None)
    entries.finish(
        conn, claimed, article=article(), canonical_url=canonical_url, host=host, sketch=b"12345678", story=placed, entities=("patriot",),
        found=found, now=now, again_at=again_at,
    )  # fmt: skip
    return story


def some_entries(conn: Connection, number: int) -> list[entries.ClaimedEntry]:
    """A feed with that many new entries, claimed."""
    feeds.sync(conn, seeds(1), now=NOW)
    poll(conn, document(*(f"e{n}" for n in range(number))))
    return claim_entries(conn)


def an_alert(number: int = 1, *, rule: str = "r", reason: Reason = Reason.FIRST_SEEN, at: datetime = NOW, **more: Any) -> Alert:
    return Alert(
        id=AlertId(f"{number:032x}"), rule=rule, severity=Severity.NORMAL, reason=reason, created_at=at,
        payload={"article": {"title": f"Alert {number}"}}, **more,
    )  # fmt: skip


def planned(channel: str = "desk", *, due_at: datetime = NOW, bundle: str = "", number: int = 1) -> alerts.Outgoing:
    return alerts.Outgoing(channel=channel, due_at=due_at, message_key=f"key-{number}-{channel}", bundle=bundle)


def tell(
    conn: Connection,
    number: int = 1,
    *,
    at: datetime = NOW,
    bundle: str = "",
    channels: tuple[str, ...] = ("desk",),
    due_at: datetime | None = None,
) -> Alert:
    """An alert with its deliveries."""
    alert = an_alert(number, at=at)
    assert alerts.insert(conn, alert, [planned(c, due_at=due_at or at, bundle=bundle, number=number) for c in channels])
    return alert


def claim_deliveries(conn: Connection, *, now: datetime = NOW, limit: int = 32, **per_channel: int) -> list[deliveries.Delivery]:
    return deliveries.claim(conn, now=now, lease=LEASE, limit=limit, per_channel=per_channel or {"desk": 32})


def match(rule: str = "r") -> Match:
    return Match(rule=rule)


def feed_row(conn: Connection, url: str = "https://h0.example/0") -> Any:
    return conn.execute(select(feeds_table).where(feeds_table.c.url == url)).one()
