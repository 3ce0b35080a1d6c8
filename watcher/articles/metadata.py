"""What a page says of itself. Read before anything is removed from the tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree, html
from trafilatura.metadata import extract_metadata

from watcher.text import clean

MAX_TITLE = 1000
MAX_NAME = 200
MAX_URL = 2048
MAX_JSON = 500_000
_EARLIEST, _LATEST = 1990, 2100

_TIMES = (
    "//meta[@property='article:published_time' or @name='article:published_time' or @property='og:article:published_time']/@content",
    "//meta[@itemprop='datePublished']/@content",
    "//*[@itemprop='datePublished']/@datetime",
    "//meta[@name='pubdate' or @name='publish-date' or @name='publishdate' or @name='date' or @name='DC.date.issued' or @name='dcterms.created' or @name='parsely-pub-date']/@content",
    "(//article//time[@datetime] | //main//time[@datetime])[1]/@datetime",
)
_LANGUAGE = re.compile(r"^([a-z]{2})(?:[-_].*)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A page's own account. ``canonical_url``: absolute, as declared, not yet believed. ``kind``: ``og:type``.
    ``free``: what schema.org's ``isAccessibleForFree`` says, None where it does not."""

    title: str = ""
    author: str = ""
    published_at: datetime | None = None
    canonical_url: str | None = None
    site: str = ""
    language: str | None = None
    kind: str = ""
    free: bool | None = None


def read(tree: html.HtmlElement, url: str) -> Facts:
    """Collect the facts of a page at ``url``. Never raises for what a page contains."""
    linked = list(_linked_data(tree))
    found = _by_trafilatura(tree, url)
    return Facts(
        title=clean.one_line(found.get("title") or _first(tree, "//head/title//text()"), MAX_TITLE),
        author=clean.one_line(found.get("author") or "", MAX_NAME),
        published_at=_published(tree, linked) or moment(found.get("date") or ""),
        canonical_url=_canonical(tree, url),
        site=clean.one_line(_first(tree, "//meta[@property='og:site_name']/@content") or found.get("sitename") or "", MAX_NAME),
        language=_language(tree),
        kind=_first(tree, "//meta[@property='og:type']/@content").lower(),
        free=_free(linked),
    )


def moment(text: str) -> datetime | None:
    """Read an ISO 8601 time as aware UTC; a time without a zone counts as UTC. None for anything else."""
    text = text.strip()
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if _EARLIEST <= found.year <= _LATEST else None


def _by_trafilatura(tree: html.HtmlElement, url: str) -> dict[str, str | None]:
    try:
        found = extract_metadata(tree, url, extensive=False)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, etree.LxmlError):  # on odd markup; its parts are optional
        return {}
    return {name: getattr(found, name, None) for name in ("title", "author", "date", "sitename")}


def _published(tree: html.HtmlElement, linked: list[dict[str, Any]]) -> datetime | None:
    for item in linked:
        if isinstance(value := item.get("datePublished"), str) and (found := moment(value)):
            return found
    for path in _TIMES:
        if found := moment(_first(tree, path)):
            return found
    return None


def _canonical(tree: html.HtmlElement, url: str) -> str | None:
    for path in ("//link[translate(@rel, 'CANOIL', 'canoil')='canonical']/@href", "//meta[@property='og:url']/@content"):
        declared = _first(tree, path)
        if not declared or len(declared) > MAX_URL:
            continue
        try:
            absolute = urljoin(url, declared)
            if urlsplit(absolute).scheme in ("http", "https"):
                return clean.one_line(absolute, MAX_URL)
        except ValueError:
            continue
    return None


def _language(tree: html.HtmlElement) -> str | None:
    for path in (
        "/html/@lang",
        "/html/@*[local-name()='lang']",
        "//meta[translate(@http-equiv, 'CL', 'cl')='content-language']/@content",
        "//meta[@property='og:locale']/@content",
    ):
        if found := _LANGUAGE.match(_first(tree, path)):
            return found[1].lower()
    return None


def _linked_data(tree: html.HtmlElement) -> Iterator[dict[str, Any]]:
    """Yield the objects of the page's JSON-LD, those inside ``@graph`` and lists too."""
    for script in tree.xpath("//script[@type='application/ld+json']")[:20]:
        text = (script.text or "").strip()
        if not text or len(text) > MAX_JSON:
            continue
        try:
            waiting = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
        for item in waiting:  # grows while it is read
            if isinstance(item, list):
                waiting.extend(item[:100])
            elif isinstance(item, dict):
                yield item
                waiting.extend([item["@graph"]] if "@graph" in item else [])


def _free(linked: list[dict[str, Any]]) -> bool | None:
    for item in linked:
        value = item.get("isAccessibleForFree")
        if value is not None:
            return str(value).lower() == "true"
    return None


def _first(tree: html.HtmlElement, path: str) -> str:
    found = tree.xpath(path)
    return str(found[0]).strip() if found else ""
