"""Alerts as a feed, for those who read feeds: Atom (RFC 4287) and JSON Feed 1.1.

An entry's id is the alert's, so a reader never shows one twice; its link is the article. Everything of the article is text: what stands in
``content`` is mark-up of ours around it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup, escape

from watcher.alerts.payload import iso
from watcher.alerts.render.view import View, view
from watcher.model import Alert
from watcher.text.clean import clean

ATOM, JSON = "application/atom+xml; charset=utf-8", "application/feed+json; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
TITLE = "watcher: alerts"


def atom(alerts: Sequence[Alert], *, timezone: str = "UTC", self_url: str | None = None, home: str | None = None, now: datetime) -> bytes:
    """Return an Atom feed of ``alerts``, the newest first.

    :param self_url: where the feed is, without any secret. :param home: of the web page.
    """
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", self_url or "urn:watcher:alerts")
    _add(root, "title", TITLE)
    _add(root, "updated", iso(alerts[0].created_at if alerts else now))
    for rel, href in (("self", self_url), ("alternate", home)):
        if href:
            _add(root, "link", rel=rel, href=href)
    for alert in alerts:
        shown = view(alert, timezone)
        entry = _add(root, "entry")
        _add(entry, "id", f"urn:watcher:alert:{shown.id}")
        _add(entry, "title", shown.subject)
        _add(entry, "updated", iso(alert.created_at))
        if published := _published(alert):
            _add(entry, "published", published)
        if shown.url:
            _add(entry, "link", rel="alternate", href=shown.url)
        _add(_add(entry, "author"), "name", shown.source or "watcher")
        for term in filter(None, (shown.rule, shown.severity)):
            _add(entry, "category", term=term)
        _add(entry, "content", str(content(shown)), type="html")
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def json_feed(alerts: Sequence[Alert], *, timezone: str = "UTC", self_url: str | None = None, home: str | None = None) -> bytes:
    """Return a JSON Feed of ``alerts``, the newest first; ``_watcher`` holds what JSON Feed has no word for."""
    items = []
    for alert in alerts:
        shown = view(alert, timezone)
        item: dict[str, Any] = {
            "id": f"urn:watcher:alert:{shown.id}",
            "url": shown.url,
            "title": shown.subject,
            "content_html": str(content(shown)),
            "date_published": iso(alert.created_at),
            "authors": [{"name": shown.source or "watcher"}],
            "tags": [tag for tag in (shown.rule, shown.severity) if tag],
            "language": shown.language or None,
            "_watcher": {
                "alert": shown.id, "rule": shown.rule, "severity": shown.severity, "update": shown.update, "published": _published(alert),
                "story": {"id": shown.story, "articles": shown.articles, "sources": shown.sources},
            },
        }  # fmt: skip
        items.append({key: value for key, value in item.items() if value is not None})
    head = {"version": "https://jsonfeed.org/version/1.1", "title": TITLE, "home_page_url": home, "feed_url": self_url, "items": items}
    return json.dumps({key: value for key, value in head.items() if value is not None}, ensure_ascii=False, allow_nan=False).encode()


def content(shown: View) -> Markup:
    """Return the HTML of one entry: the sentences with what matched marked, and why."""
    out = [_paragraph(" · ".join(filter(None, (shown.source, shown.published))))]
    for quote in shown.quotes:
        parts = [Markup("<mark>{}</mark>").format(text) if matched else escape(text) for text, matched in quote.parts]
        out.append(Markup("<blockquote>{}</blockquote>").format(Markup().join(parts)))
    if not shown.quotes and shown.lead:
        out.append(_paragraph(shown.lead))
    if shown.notice:
        out.append(_paragraph(shown.body))
    why = f"Rule {shown.rule}" + (f": {', '.join(shown.terms)}" if shown.terms else "") if shown.rule else ""
    story = f"{shown.articles} articles from {shown.sources} independent sources" if shown.articles > 1 else ""
    out.append(_paragraph(" · ".join(filter(None, (why, story, shown.note)))))
    return Markup("\n").join(filter(None, out))


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text) if text else Markup()


def _published(alert: Alert) -> str | None:
    article = alert.payload.get("article") if isinstance(alert.payload, Mapping) else None
    value = article.get("published") if isinstance(article, dict) else None
    return value if isinstance(value, str) else None


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = clean(text) if text else None
    return element
