"""Feeds: as configured, as remembered between two polls, and as they come from the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from watcher.model.secret import Secret

FeedId = NewType("FeedId", int)
EntryId = NewType("EntryId", int)


class FullText(StrEnum):
    """When an article's own page is fetched."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A source as the user configured it. Identified by its URL.

    ``interval`` None means adaptive. ``headers`` values may be secrets. ``name`` "" means: the feed's own title.
    ``backfill``: how many entries of the very first poll may alert.
    """

    url: str
    name: str = ""
    tags: tuple[str, ...] = ()
    interval: timedelta | None = None
    full_text: FullText = FullText.AUTO
    headers: tuple[tuple[str, str | Secret], ...] = ()
    proxy: str | Secret | None = None
    user_agent: str | None = None
    username: str | None = None
    password: Secret | None = None
    backfill: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What polling remembers about one feed: one row.

    ``epoch`` fences the claim: only the claimer that still holds it may finish. ``fetch_url`` differs from ``url`` after
    an adopted permanent redirect. ``etag`` and ``last_modified`` are opaque bytes-for-bytes strings, valid only for ``validators_url``, or ``fetch_url`` where that is None.
    ``known_spans`` is the packed 8-byte hashes of the item spans of the last parsed document (see ``feeds.spans``).
    ``interval`` is the adaptive interval in force. ``failures`` counts failures in a row.
    ``rhythm`` is the packed publishing rhythm (see ``feeds.rhythm``). ``checked_at``: the last unconditional GET that tested the
    server's 304s; ``lied_at``: such a test showed that they hide news, so that validators are no longer sent. ``quiet_at``: its
    silence was found improbable then, and lasts. ``push_until``: a WebSub hub delivers what is new, until its lease ends.
    ``backlog`` is the number of entries of the last document that are still to be stored (limit L8).
    """

    id: FeedId
    url: str
    host: str
    epoch: int
    due_at: datetime | None
    fetch_url: str
    title: str = ""
    etag: str | None = None
    last_modified: str | None = None
    validators_url: str | None = None
    body_hash: bytes | None = None
    known_spans: bytes = b""
    span_count: int = 0
    full_parse_at: datetime | None = None
    interval: timedelta = timedelta(minutes=10)
    failures: int = 0
    first_failed_at: datetime | None = None
    last_error: str | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    baseline_at: datetime | None = None
    redirect_url: str | None = None
    redirect_count: int = 0
    gone_at: datetime | None = None
    backlog: int = 0
    trouble_told_at: datetime | None = None
    rhythm: bytes | None = None
    checked_at: datetime | None = None
    lied_at: datetime | None = None
    quiet_at: datetime | None = None
    push_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHints:
    """What a document or its headers say about when to come back; all unclamped, None where silent."""

    ttl: timedelta | None = None
    update_period: timedelta | None = None
    max_age: timedelta | None = None
    expires_at: datetime | None = None
    retry_after: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo:
    """What a feed says about itself. All plain text."""

    title: str = ""
    link: str | None = None
    language: str | None = None
    self_url: str | None = None
    hub: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed, as it came from the wire, cleaned: every text field is plain text without markup,
    control characters or lone surrogates, and within limit L9.

    ``identity``: guid or atom:id, else link, else a hash of title, date and content; never a date alone.
    ``url`` is absolute http(s) or None. ``summary`` and ``content`` have paragraphs on lines of their own.
    ``updated_at`` is None where the feed does not say (never a copy of ``published_at``).
    Dates are for display and order only: an entry is new when its identity was not seen.
    """

    identity: str
    title: str = ""
    url: str | None = None
    summary: str = ""
    content: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    language: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed feed document.

    ``entries`` are those that were parsed: all, or only the new ones where known spans were cut out.
    ``spans``: packed 8-byte hashes of all item spans of this document, in order; empty where it cannot be cut.
    ``total``: the number of items in the document, parsed or not. ``skipped``: unusable items, by reason.
    ``known``: identities of items that were cut out or only recognised (a baseline of a giant feed), not parsed;
    ``known_titles``: their titles in the same order, "" where there is none.
    ``problems``: what is wrong with the document, in words for the operator.
    """

    format: str
    info: FeedInfo
    entries: tuple[Entry, ...]
    hints: FeedHints = FeedHints()
    spans: bytes = b""
    total: int = 0
    known: tuple[str, ...] = ()
    known_titles: tuple[str, ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    problems: tuple[str, ...] = ()
    complete: bool = True
    partial: bool = False
