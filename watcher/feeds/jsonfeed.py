"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1): strict about what it is, forgiving about everything in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from watcher.errors import ParseError
from watcher.feeds import items
from watcher.model import Document, Entry, FeedInfo

_VERSION = re.compile(r"jsonfeed\.org/version/(1(?:\.\d+)?)")
_TELLING = frozenset(("content_html", "content_text", "external_url", "date_published"))
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)\Z")


def parse(body: bytes, *, url: str) -> Document:
    """Return the document; unusable items are skipped and counted by reason.

    :raises ParseError: ``json``: no JSON, or nested or numbered beyond reason; ``not_a_feed``: JSON of another kind.
    """
    try:
        found = json.loads(body.decode(json.detect_encoding(body), "replace").lstrip("\ufeff"))
    except RecursionError as fault:
        raise ParseError(url, "json", "the JSON is nested too deeply") from fault
    except ValueError as fault:
        raise ParseError(url, "json", f"the JSON cannot be read: {str(fault)[:200]}") from fault
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise ParseError(url, "not_a_feed", "this is JSON, but not a JSON Feed: it has no list of items")
    version = _VERSION.search(found["version"]) if isinstance(found.get("version"), str) else None
    if version is None and not any(isinstance(raw, dict) and not _TELLING.isdisjoint(raw) for raw in found["items"]):
        raise ParseError(url, "not_a_feed", "this is JSON, but not a JSON Feed: it has no version, and items of another kind")
    entries, wrong, empty = [], 0, 0
    language = items.language(found.get("language"))
    for raw in found["items"]:
        if not isinstance(raw, dict):
            wrong += 1
        elif (entry := _entry(raw, found, url, language)) is None:
            empty += 1
        else:
            entries.append(entry)
    return Document(
        format="json" + (version[1].replace(".", "") if version else "1"),
        info=_info(found, url),
        entries=tuple(entries),
        total=len(found["items"]),
        skipped=tuple((reason, count) for reason, count in (("not_an_object", wrong), ("empty", empty)) if count),
        problems=() if version else ("the JSON Feed states no version",),
    )


def _entry(raw: Mapping[str, Any], feed: Mapping[str, Any], url: str, language: str | None) -> Entry | None:
    title = items.line(raw.get("title"))
    content = items.marked_text(raw.get("content_html")) or items.text(raw.get("content_text"))
    summary = items.text(raw.get("summary"))
    link = next((value for key in ("url", "external_url") if isinstance(value := raw.get(key), str) and value.strip()), "")
    guid = _name(raw.get("id"))
    if not (title or content or summary or link or guid):
        return None
    date = raw.get("date_published") or raw.get("date_modified")
    tags = raw.get("tags")
    return Entry(
        identity=items.identity(guid, link, title, date if isinstance(date, str) else "", content or summary),
        title=title,
        url=items.absolute(link, url),
        summary=summary,
        content=content,
        author=_author(raw) or _author(feed),
        tags=items.tags(tags if isinstance(tags, list) else ()),
        language=items.language(raw.get("language")) or language,
        published_at=moment(raw.get("date_published")),
        updated_at=moment(raw.get("date_modified")),
    )


def _info(feed: Mapping[str, Any], url: str) -> FeedInfo:
    hubs = feed.get("hubs")
    hub = next((each.get("url") for each in hubs if isinstance(each, dict)), None) if isinstance(hubs, list) else None
    return FeedInfo(
        title=items.line(feed.get("title")),
        link=items.absolute(feed.get("home_page_url"), url),
        language=items.line(feed.get("language"), 35) or None,
        self_url=items.absolute(feed.get("feed_url"), url),
        hub=items.absolute(hub, url),
    )


def _author(holder: Mapping[str, Any]) -> str:
    """Return the authors' names: 1.1's list, or 1.0's single author."""
    several = holder.get("authors")
    each = several if isinstance(several, list) and several else [holder.get("author")]
    names = (items.line(one.get("name") if isinstance(one, dict) else one, items.NAME) for one in each[:20])
    return items.line(", ".join(name for name in names if name), items.NAME)


def _name(value: object) -> str:
    """Return an id; the standard tells readers to take numbers as the text they are written as."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def moment(value: object) -> datetime | None:
    """Return an RFC 3339 date (and near misses) as aware UTC, None for rubbish and outside 1990 to 9000."""
    if not isinstance(value, str) or len(value) > 60:
        return None
    text = _OFFSET.sub(r"\1:\2", value.strip().replace("z", "Z"))
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 1990 <= found.year <= 9000 else None
