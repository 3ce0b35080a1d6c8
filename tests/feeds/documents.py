"""Small feeds, written for these tests."""

from __future__ import annotations

from collections.abc import Iterable

URL = "https://example.org/rss"
HEADERS = {"content-type": "application/rss+xml; charset=utf-8"}


def item(number: int, *, text: str = "Something happened.", extra: str = "") -> str:
    return (
        f"<item><title>Item {number}</title><link>https://example.org/a/{number}</link>"
        f'<guid isPermaLink="false">tag:{number}</guid><pubDate>Mon, 23 Nov 2026 00:{number % 60:02d}:00 GMT</pubDate>'
        f"<description>{text}</description>{extra}</item>"
    )


def rss(items: Iterable[str], *, head: str = "", declaration: str = '<?xml version="1.0" encoding="utf-8"?>') -> bytes:
    return (
        f'{declaration}<rss version="2.0"><channel><title>Example</title><link>https://example.org/</link>{head}'
        + "\n".join(items)
        + "</channel></rss>"
    ).encode()


def atom(entries: str, *, attributes: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" {attributes}>'
        f"<title>Example</title><id>urn:feed</id>{entries}</feed>"
    ).encode()
