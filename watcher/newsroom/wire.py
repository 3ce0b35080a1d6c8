"""Pieces as a feed document, in the four formats that the world uses.

Every function takes the outlet, the site's base URL and ``items`` (URL, piece), newest first, and returns the bytes of a
valid document. Nothing but title, teaser, link, date and author goes into it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from watcher.newsroom.pieces import Outlet, Piece

Items = Sequence[tuple[str, Piece]]

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RSS1 = "http://purl.org/rss/1.0/"
_XML = "http://www.w3.org/XML/1998/namespace"
_EPOCH = datetime(2024, 3, 1, tzinfo=UTC)


def _child(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _bytes(root: ET.Element, prefixes: dict[str, str]) -> bytes:
    for prefix, uri in prefixes.items():
        ET.register_namespace(prefix, uri)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def rss(outlet: Outlet, base: str, items: Items) -> bytes:
    """RSS 2.0 (rssboard.org/rss-specification)."""
    root = ET.Element("rss", version="2.0")
    channel = _child(root, "channel")
    _child(channel, "title", outlet.name)
    _child(channel, "link", f"{base}/")
    _child(channel, "description", f"The latest from {outlet.name}")
    _child(channel, "language", outlet.language)
    _child(channel, f"{{{_ATOM}}}link", rel="self", type="application/rss+xml", href=f"{base}{outlet.path}")
    for url, piece in items:
        item = _child(channel, "item")
        _child(item, "title", piece.headline)
        _child(item, "link", url)
        _child(item, "guid", f"{outlet.id}:{piece.id}", isPermaLink="false")
        _child(item, "pubDate", format_datetime(piece.published))
        _child(item, f"{{{_DC}}}creator", piece.byline)
        _child(item, "description", piece.teaser)
    return _bytes(root, {"atom": _ATOM, "dc": _DC})


def rdf(outlet: Outlet, base: str, items: Items) -> bytes:
    """RSS 1.0 (web.resource.org/rss/1.0/spec): items stand beside the channel and are listed in it."""
    root = ET.Element(f"{{{_RDF}}}RDF")
    channel = _child(root, f"{{{_RSS1}}}channel", **{f"{{{_RDF}}}about": f"{base}{outlet.path}"})
    _child(channel, f"{{{_RSS1}}}title", outlet.name)
    _child(channel, f"{{{_RSS1}}}link", f"{base}/")
    _child(channel, f"{{{_RSS1}}}description", outlet.name)
    _child(channel, f"{{{_DC}}}language", outlet.language)
    listed = _child(_child(channel, f"{{{_RSS1}}}items"), f"{{{_RDF}}}Seq")
    for url, piece in items:
        _child(listed, f"{{{_RDF}}}li", **{f"{{{_RDF}}}resource": url})
        item = _child(root, f"{{{_RSS1}}}item", **{f"{{{_RDF}}}about": url})
        _child(item, f"{{{_RSS1}}}title", piece.headline)
        _child(item, f"{{{_RSS1}}}link", url)
        _child(item, f"{{{_RSS1}}}description", piece.teaser)
        _child(item, f"{{{_DC}}}date", piece.published.isoformat())
        _child(item, f"{{{_DC}}}creator", piece.byline)
    return _bytes(root, {"rdf": _RDF, "": _RSS1, "dc": _DC})


def atom(outlet: Outlet, base: str, items: Items) -> bytes:
    """Atom (RFC 4287)."""
    root = ET.Element(f"{{{_ATOM}}}feed", {f"{{{_XML}}}lang": outlet.language})
    _child(root, f"{{{_ATOM}}}title", outlet.name)
    _child(root, f"{{{_ATOM}}}id", f"tag:{outlet.id}.example,2024:feed")
    _child(root, f"{{{_ATOM}}}link", rel="alternate", href=f"{base}/")
    _child(root, f"{{{_ATOM}}}link", rel="self", href=f"{base}{outlet.path}")
    _child(root, f"{{{_ATOM}}}updated", max((piece.published for _, piece in items), default=_EPOCH).isoformat())
    for url, piece in items:
        entry = _child(root, f"{{{_ATOM}}}entry")
        _child(entry, f"{{{_ATOM}}}title", piece.headline)
        _child(entry, f"{{{_ATOM}}}id", f"tag:{outlet.id}.example,2024:{piece.id}")
        _child(entry, f"{{{_ATOM}}}link", rel="alternate", type="text/html", href=url)
        _child(entry, f"{{{_ATOM}}}published", piece.published.isoformat())
        _child(entry, f"{{{_ATOM}}}updated", piece.published.isoformat())
        _child(_child(entry, f"{{{_ATOM}}}author"), f"{{{_ATOM}}}name", piece.byline or outlet.name)
        _child(entry, f"{{{_ATOM}}}summary", piece.teaser, type="text")
    return _bytes(root, {"": _ATOM})


def json_feed(outlet: Outlet, base: str, items: Items) -> bytes:
    """JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": f"{base}/",
        "feed_url": f"{base}{outlet.path}",
        "language": outlet.language,
        "items": [
            {
                "id": f"{outlet.id}:{piece.id}",
                "url": url,
                "title": piece.headline,
                "content_text": piece.teaser,
                "date_published": piece.published.isoformat(),
                "authors": [{"name": piece.byline or outlet.name}],
            }
            for url, piece in items
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


FORMATS: dict[str, tuple[Callable[[Outlet, str, Items], bytes], str]] = {
    "rss": (rss, "application/rss+xml; charset=utf-8"),
    "rdf": (rdf, "application/rdf+xml; charset=utf-8"),
    "atom": (atom, "application/atom+xml; charset=utf-8"),
    "json": (json_feed, "application/feed+json; charset=utf-8"),
}
"""By an outlet's ``format``: who writes it, and its Content-Type."""
