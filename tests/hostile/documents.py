"""Feed documents, proper and otherwise."""

from __future__ import annotations

import html
import json

WORD = "quagga"  # what the rule looks for


def rss(*items: str, head: str = "", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return f'{declaration}<rss version="2.0"><channel><title>A feed</title>{head}{"".join(items)}</channel></rss>'.encode()


def item(code: str, text: str = "", *, guid: str | None = None, title: str | None = None, link: str | None = None, more: str = "") -> str:
    """An item that the rule finds, unless ``text`` is without the word; values are escaped here."""
    named = f"A report {code}" if title is None else title
    identity = f"<guid isPermaLink='false'>{html.escape(code if guid is None else guid)}</guid>" if guid != "" else ""
    to = f"<link>{html.escape(link or f'https://example.org/{code}')}</link>" if link != "" else ""
    body = html.escape(text or f"The {WORD} {code} came back, and nobody knows from where it came or why.")
    return f"<item><title>{html.escape(named)}</title>{identity}{to}<description>{body}</description>{more}</item>"


def laughs(levels: int = 10) -> bytes:
    """The billion laughs, and an item that would alert."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels + 1))
    return (f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "lol">{entities}]>'.encode()) + rss(
        item("laughs", f"&a{levels};"), declaration=""
    )


def quadratic() -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"a" * 100_000}">]>'.encode() + rss(
        "<item><title>" + "&a;" * 5_000 + "</title></item>", declaration=""
    )


def json_feed(*items: object, **more: object) -> bytes:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "items": list(items), **more}).encode()
