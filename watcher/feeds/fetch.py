"""One polite, conditional GET of a feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xxhash

from watcher.errors import BadStatus, FetchError, Trouble
from watcher.model import Feed, FeedHints, FeedState, Secret
from watcher.net import Client, Conditional, Limits, Reply, headers, redact

ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1"
MOST_VALIDATOR = 1_000  # characters; a longer one is not kept, and the next GET is unconditional
_PERMANENT = frozenset((301, 308))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A feed's bytes. ``etag`` and ``last_modified`` are the header's bytes as latin-1, to be returned verbatim, and only
    to the URL that gave them: ``validators_url``, None where that is the URL that was asked for. ``permanent``: where every
    redirect on the way was permanent, the final URL; else None."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    etag: str | None
    last_modified: str | None
    hints: FeedHints
    permanent: str | None
    body_hash: bytes
    validators_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304. ``etag`` and ``last_modified`` as sent again with it, None where they were not: then those stored stay valid."""

    url: str
    hints: FeedHints
    etag: str | None
    last_modified: str | None
    permanent: str | None
    validators_url: str | None = None


async def fetch(client: Client, feed: Feed, state: FeedState, limits: Limits | None = None) -> Response | NotModified:
    """Ask for ``state.fetch_url`` as its server would like to be asked (RELIABILITY 2.5).

    Both validators are sent, byte for byte as they came, to the URL that gave them and to no other: where ``fetch_url`` redirects,
    the hop that gave them gets them. None is ever invented.

    :raises BadStatus: anything but 200, and 304 where validators were sent, with the way it is to be rescheduled and the server's ``Retry-After``.
    :raises FetchError: ``empty``: 200 without a body; otherwise as ``Client.get``.
    """
    held = validators(state)
    reply = await client.get(
        state.fetch_url,
        headers=request_headers(feed),
        conditional=Conditional(held, state.validators_url) if held else None,
        limits=limits,
        proxy=_reveal(feed.proxy),
        user_agent=feed.user_agent,
        auth=(feed.username, _reveal(feed.password) or "") if feed.username is not None else None,
    )
    source = reply.url if reply.hops else None
    if reply.status == 304 and held and source == state.validators_url:
        return NotModified(
            url=reply.url,
            hints=hints_of(reply),
            etag=validator(reply, b"etag"),
            last_modified=validator(reply, b"last-modified"),
            permanent=_permanent(reply),
            validators_url=source,
        )
    if reply.status != 200:
        raise bad_status(reply.url, reply, datetime.now(UTC))
    if not reply.body.strip():
        raise FetchError(redact(state.fetch_url), "empty", "the server sent an empty document")
    return response_of(reply)


def response_of(reply: Reply) -> Response:
    """Return a 200 as the poll keeps it."""
    return Response(
        url=reply.url,
        status=reply.status,
        headers={name.lower(): value for name, value in reply.headers.items()},
        body=reply.body,
        etag=validator(reply, b"etag"),
        last_modified=validator(reply, b"last-modified"),
        hints=hints_of(reply),
        permanent=_permanent(reply),
        body_hash=xxhash.xxh3_128_digest(reply.body),
        validators_url=reply.url if reply.hops else None,
    )


def _permanent(reply: Reply) -> str | None:
    return reply.url if reply.hops and all(hop.status in _PERMANENT for hop in reply.hops) else None


def request_headers(feed: Feed) -> dict[str, str]:
    """Return the headers of a poll but for its validators; the feed's own go before ours."""
    if not feed.headers:
        return {"Accept": ACCEPT}
    asked = {"Accept": ACCEPT} if all(name.lower() != "accept" for name, _ in feed.headers) else {}
    return asked | {name: _reveal(value) or "" for name, value in feed.headers}


def validators(state: FeedState) -> dict[str, str]:
    """Return the conditional headers that a poll may send to ``state.validators_url``."""
    held = {}
    if (etag := sendable(state.etag)) is not None:
        held["If-None-Match"] = etag
    if (modified := sendable(state.last_modified)) is not None:
        held["If-Modified-Since"] = modified
    return held


def sendable(stored: str | None) -> str | None:
    """Return a stored validator as text that goes out as the very bytes that came in, or None where that cannot be.

    aiohttp writes headers as UTF-8; a validator in another charset cannot be returned verbatim, and a garbled one is worse than none.
    """
    if stored is None or stored.isascii():
        return stored
    try:
        return stored.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def validator(reply: Reply, name: bytes) -> str | None:
    """Return a validator's bytes as latin-1; None where there is none, or one that no sane server can mean."""
    value = reply.headers.get(name.decode())
    if value is not None and not value.isascii():
        value = reply.raw(name)
    if not value or len(value) > MOST_VALIDATOR or any(mark in value for mark in "\r\n\0"):
        return None
    return value


def hints_of(reply: Reply) -> FeedHints:
    """Return what the headers say about coming back; the document's own hints come from parsing."""
    sent = reply.headers
    longest = headers.max_age(sent) if "Cache-Control" in sent else None
    expires = headers.http_date(sent.get("Expires")) if longest is None and "Expires" in sent else None
    wait = headers.retry_after(sent, datetime.now(UTC)) if "Retry-After" in sent else None
    if longest is None and expires is None and wait is None:
        return _SILENT
    return FeedHints(max_age=longest, expires_at=expires, retry_after=wait)


_SILENT = FeedHints()


def bad_status(url: str, reply: Reply, now: datetime) -> BadStatus:
    """Return the error for a status that is no document, with how it is to be rescheduled."""
    status = reply.status
    return BadStatus(
        redact(url),
        _REASONS.get(status, ""),
        _DETAILS.get(status, ""),
        status=status,
        retry_after=retry_wait(reply, now),
        trouble=trouble_of(status),
    )


def retry_wait(reply: Reply, now: datetime) -> timedelta | None:
    """Return the server's ``Retry-After``, or what stands in for it in the draft RateLimit headers; None where it is silent."""
    wait = headers.retry_after(reply.headers, now)
    if wait is None and reply.status in (403, 429):
        reset = reply.headers.get("X-RateLimit-Reset") or reply.headers.get("RateLimit-Reset") or ""
        if reset.isascii() and reset.isdigit() and 0 < len(reset) < 6:
            wait = timedelta(seconds=int(reset))
    return wait


def trouble_of(status: int) -> Trouble:
    """Return how a status is rescheduled: 408, 425, 429 and 5xx pass by themselves; 410 means it; the rest backs off."""
    if status in (408, 425, 429) or 500 <= status < 600:
        return Trouble.TEMPORARY
    return Trouble.HARD if status == 410 else Trouble.SOFT


_REASONS = {401: "http_401", 403: "http_403", 404: "http_404", 410: "gone", 429: "rate_limited", 204: "empty", 206: "partial"}
_DETAILS = {
    204: "the server answered 204: no document",
    304: "the server answered 304 to a question without validators",
    206: "the server sent part of a document that was asked for whole",
    401: "the server asks for credentials (401): set headers, or username and password, for this feed",
    403: "the server forbids it (403): it may want another user agent, credentials, or fewer requests",
    404: "there is no such document (404)",
    410: "the feed was taken down for good (410)",
    429: "the server asks for fewer requests (429)",
}


def _reveal(value: str | Secret | None) -> str | None:
    return value.reveal() if isinstance(value, Secret) else value
