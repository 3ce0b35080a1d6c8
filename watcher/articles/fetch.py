"""The bytes of an article's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from watcher.errors import BadStatus, FetchError, Trouble
from watcher.model import Feed, Secret
from watcher.net import Client, Limits, retry_after

ACCEPT = "text/html, application/xhtml+xml;q=0.9, application/pdf;q=0.6, text/plain;q=0.5, */*;q=0.1"
READABLE = frozenset({"text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml", "application/pdf", ""})


class Fetched(NamedTuple):
    """A page as it came: final URL, decoded body, headers with lower-case names."""

    url: str
    body: bytes
    headers: dict[str, str]


async def fetch(client: Client, url: str, feed: Feed, limits: Limits | None = None) -> Fetched:
    """Fetch an article's page, once.

    The feed's proxy and user agent are used for its pages too; its headers and credentials only on the feed's own origin,
    because an entry may link anywhere.

    :raises FetchError: no complete answer, a veto, a limit; reason ``not_html`` for a type that has no text to extract.
    :raises BadStatus: any status but 200 and 203.
    """
    ours = _origin(url) == _origin(feed.url)
    headers = {"Accept": ACCEPT}
    if ours:
        headers |= {name: _plain(value) for name, value in feed.headers}
    auth = (feed.username, feed.password.reveal() if feed.password else "") if ours and feed.username else None
    proxy = _plain(feed.proxy) if feed.proxy else None
    reply = await client.get(url, headers=list(headers.items()), limits=limits, proxy=proxy, user_agent=feed.user_agent, auth=auth)
    if reply.status not in (200, 203):
        raise _bad_status(reply.url, reply.status, reply.headers)
    kind = media_type(reply.headers)
    if kind not in READABLE:
        raise FetchError(reply.url, "not_html", f"the page is {kind}, neither HTML nor PDF", trouble=Trouble.HARD)
    return Fetched(reply.url, reply.body, {name.lower(): value for name, value in reply.headers.items()})


def media_type(headers: Mapping[str, str]) -> str:
    """Return the type of ``Content-Type`` without parameters, lower case; "" where there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _bad_status(url: str, status: int, headers: Mapping[str, str]) -> BadStatus:
    trouble = Trouble.TEMPORARY if status == 429 or status >= 500 else Trouble.HARD if status in (404, 410) else Trouble.SOFT
    return BadStatus(url, status=status, retry_after=retry_after(headers, datetime.now(UTC)), trouble=trouble)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
    except ValueError:
        return "", url, None


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
