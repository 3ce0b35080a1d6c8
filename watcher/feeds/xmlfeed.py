"""RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, CDF: feedparser's results -> entries of plain text.

feedparser reads from ``BytesIO`` only: text or bytes it would first try as a *path or URL*. It neither sanitises nor
resolves: our fields are plain text, and links are made absolute here, so that identities stay as written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from watcher.errors import ParseError
from watcher.feeds import encoding, items
from watcher.model import Entry, FeedHints, FeedInfo

Raw = dict[str, Any]  # feedparser's own kind of dict; its ``get`` answers more than was asked, so ``dict.get`` reads it

_CHARREF = re.compile(rb"&#(x[0-9a-f]{1,40}|[0-9]{1,40});?", re.IGNORECASE)
_SKIP = re.compile(rb"<skip(Hours|Days)\b.{0,4000}?</skip", re.DOTALL | re.IGNORECASE)
_SKIPPED = re.compile(rb"<(?:hour|day)\b[^>]*>\s*([^<]{1,20}?)\s*<", re.IGNORECASE)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 24 * 7, "monthly": 24 * 30, "yearly": 24 * 365}
_DAYS = {name: number for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))}
_LINK_HEADER = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*\"?([^\";,]+)", re.IGNORECASE)
_NO_TEXT = ("image/", "audio/", "video/", "font/", "model/")
ROOTS = frozenset(("rss", "feed", "rdf", "channel"))  # local names of roots that are feeds even without an item


class Parsed(NamedTuple):
    """feedparser's results as they are. ``fault``: what it had to complain of, "" if nothing."""

    version: str
    feed: Raw
    entries: Sequence[Raw]
    fault: str


def read(data: bytes, url: str, *, sure: bool, headers: Mapping[str, str]) -> Parsed:
    """Return feedparser's results for a document; raises ParseError ``xml`` where feedparser itself fails.

    :param sure: ``data`` is UTF-8 (see ``encoding.decode``); otherwise ``headers`` help to find the charset.
    """
    import feedparser  # noqa: PLC0415 - heavy, and only workers need it

    told = encoding.XML_HEADERS if sure else {"content-type": headers.get("content-type") or "application/xml"}
    data = _CHARREF.sub(_possible, data)
    try:
        result = feedparser.parse(io.BytesIO(data), response_headers=dict(told), resolve_relative_uris=False, sanitize_html=False)
    except Exception as fault:
        # Hostile documents reach corners where feedparser raises whatever Python raises there.
        raise ParseError(url, "xml", f"the document cannot be parsed ({type(fault).__name__})") from fault
    exception = result.get("bozo_exception") if result.get("bozo") else None
    kind = type(exception).__name__
    fault_text = str(exception)[:200] if exception is not None and kind not in ("CharacterEncodingOverride", "NonXMLContentType") else ""
    return Parsed(str(result.get("version") or ""), result.feed, result.entries, fault_text)


def _possible(reference: re.Match[bytes]) -> bytes:
    """A numeric reference to a character that cannot be becomes U+FFFD: one such would cost feedparser the whole document."""
    digits = reference[1].lower()
    code = int(digits[1:], 16) if digits.startswith(b"x") else int(digits)
    return b"&#xFFFD;" if code == 0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else reference[0]


def entry_of(raw: Raw, parsed: Parsed, url: str, shared: frozenset[str] = frozenset()) -> Entry | None:
    """Return a clean entry, or None for one that says nothing at all.

    :param url: where the document came from; relative links are resolved against it.
    :param shared: guids that several items of this document have in common, which therefore identify nothing.
    """
    if not raw:
        return None
    title = _title(raw, parsed.version)
    content_raw = _content(raw)
    content = _text(*content_raw)
    summary_raw = (dict.get(raw, "summary"), _type(dict.get(raw, "summary_detail")))
    summary = "" if content and summary_raw[0] == content_raw[0] else _text(*summary_raw)
    link = _link(raw)
    guid = dict.get(raw, "id")
    guid = guid if isinstance(guid, str) and guid.strip() not in shared else ""
    published, updated = _dates(raw, parsed.version)
    date = str(dict.get(raw, "published") or dict.get(raw, "updated") or "")
    author = items.marked_line(dict.get(raw, "author"), items.NAME)
    tags = items.tags(name for tag in dict.get(raw, "tags", ()) for name in (tag.get("term"), tag.get("label")))
    said = (title, date, content or summary)
    return Entry(
        identity=items.identity(guid, link, *(said if any(said) else _rest(raw))),
        title=title,
        url=items.absolute(dict.get(raw, "feedburner_origlink"), url) or items.absolute(link, url),
        summary=summary,
        content=content,
        author=author,
        tags=tags,
        language=_language(raw, parsed.feed),
        published_at=published,
        updated_at=updated,
    )


def info_of(feed: Raw, url: str, headers: Mapping[str, str]) -> FeedInfo:
    """Return what the feed says about itself; hub and self links of the HTTP ``Link`` header go before the document's own."""
    links: dict[str, str] = {}
    for target, rest in _LINK_HEADER.findall(headers.get("link", "")[:8_000]):
        for rel in (rel for found in _REL.findall(rest) for rel in found.lower().split()):
            links.setdefault(rel, target)
    for link in dict.get(feed, "links", ()):
        if isinstance(href := link.get("href"), str):
            links.setdefault(str(link.get("rel", "")).lower(), href)
    return FeedInfo(
        title=items.marked_line(dict.get(feed, "title")),
        link=items.absolute(dict.get(feed, "link") or links.get("alternate"), url),
        language=items.line(dict.get(feed, "language"), 35) or None,
        self_url=items.absolute(links.get("self"), url),
        hub=items.absolute(links.get("hub"), url),
    )


def hints_of(feed: Raw, shell: bytes) -> FeedHints:
    """Return the document's wishes for the next poll, unclamped: ``ttl``, ``sy:*``, ``skipHours`` (24 is 0), ``skipDays``.

    :param shell: the document, or what is left of it without its items: feedparser keeps only the last hour and day.
    """
    hours: set[int] = set()
    days: set[int] = set()
    for found in _SKIP.finditer(shell):
        for value in (value.decode("ascii", "replace").lower() for value in _SKIPPED.findall(found[0])):
            if found[1].lower() == b"hours" and value.isdigit() and int(value) <= 24:
                hours.add(int(value) % 24)
            elif found[1].lower() == b"days" and value in _DAYS:
                days.add(_DAYS[value])
    return FeedHints(
        ttl=_minutes(dict.get(feed, "ttl")),
        update_period=_period(dict.get(feed, "sy_updateperiod"), dict.get(feed, "sy_updatefrequency")),
        skip_hours=frozenset(hours),
        skip_days=frozenset(days),
    )


def date_of(text: str) -> datetime | None:
    """Return a date as feedparser would read it."""
    from feedparser import datetimes  # noqa: PLC0415 - heavy, and only workers need it

    return items.moment(datetimes._parse_date(text)) if text else None  # noqa: SLF001 - its parser has no public name


def _title(raw: Raw, version: str) -> str:
    value = dict.get(raw, "title")
    if version.startswith("atom") and _type(dict.get(raw, "title_detail")) == "text/plain":
        return items.line(value)  # literal, by the standard: "a < b" and "<b>" are what the author wrote
    return items.marked_line(value)


def _content(raw: Raw) -> tuple[str, str]:
    """Return the longest of the contents that are text, with its media type."""
    best, kind = "", "text/html"
    for each in dict.get(raw, "content", ()):
        value, stated = each.get("value"), _type(each)
        if isinstance(value, str) and len(value) > len(best) and not stated.startswith(_NO_TEXT):
            best, kind = value, stated
    return best, kind


def _text(value: object, kind: str) -> str:
    return items.text(value) if kind == "text/plain" else items.marked_text(value)


def _type(detail: Raw | None) -> str:
    stated = detail.get("type") if detail else None
    return stated.lower() if isinstance(stated, str) and stated else "text/html"


def _link(raw: Raw) -> str:
    """Return the entry's link as written: the one feedparser chose, else an alternate of any type."""
    link = dict.get(raw, "link")
    if isinstance(link, str) and link.strip():
        return link
    for each in dict.get(raw, "links", ()):
        if each.get("rel") == "alternate" and isinstance(each.get("href"), str):
            return str(each["href"])
    return ""


def _dates(raw: Raw, version: str) -> tuple[Any, Any]:
    """Return published and updated. ``dict.get``, because feedparser's own look-up answers ``published`` for ``updated``.

    What is no Atom says "updated" only by ``dc:date``, which means the date of publication.
    """
    published = items.moment(dict.get(raw, "published_parsed")) or items.moment(dict.get(raw, "created_parsed"))
    updated = items.moment(dict.get(raw, "updated_parsed"))
    if published is None and not version.startswith("atom"):
        return updated, None
    return published, updated


def _language(raw: Raw, feed: Raw) -> str | None:
    details: Iterable[Raw] = (
        *dict.get(raw, "content", ()),
        dict.get(raw, "title_detail") or {},
        dict.get(raw, "summary_detail") or {},
    )
    return items.language(dict.get(raw, "language"), *(each.get("language") for each in details), dict.get(feed, "language"))


def _rest(raw: Raw) -> list[str]:
    """Return what still tells items apart that have neither title, date nor text: a podcast's files, an author, whatever there is."""
    return [f"{name}={value}" for name, value in sorted(dict.items(raw)) if isinstance(value, str)] + [
        str(link.get("href")) for link in dict.get(raw, "links", ())
    ]


def _minutes(value: object) -> timedelta | None:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) < 8:
        return timedelta(minutes=int(value))
    return None


def _period(period: object, frequency: object) -> timedelta | None:
    """Return ``sy:updatePeriod`` (daily) divided by ``sy:updateFrequency`` (1)."""
    if not isinstance(period, str) and not isinstance(frequency, str):
        return None
    hours = _PERIODS.get(period.strip().lower() if isinstance(period, str) else "daily")
    times = frequency.strip() if isinstance(frequency, str) else "1"
    if hours is None or not (times.isascii() and times.isdigit() and 0 < int(times[:6]) < 100_000):
        return None
    return timedelta(hours=hours) / int(times[:6])
