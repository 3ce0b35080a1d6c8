"""The article: the text that rules see, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TextSource(StrEnum):
    """Where an article's text was taken from."""

    PAGE = "page"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What extraction found on a web page. ``quality`` is ``ok`` or the reason why the text is not the article's:
    ``empty``, ``short``, ``cookie_wall``, ``paywall``, ``list_page``, ``soft_404``, ``not_html`` …"""

    url: str
    title: str = ""
    text: str = ""
    author: str = ""
    published_at: datetime | None = None
    language: str | None = None
    site: str = ""
    canonical_url: str | None = None
    quality: str = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What the rules are matched against.

    ``url`` is the entry's link as the reader should open it; ``canonical_url`` identifies the article across feeds.
    ``page_url`` is where its page was found, after redirects; None where there was none.
    ``page_title`` is the page's own headline where ``text`` is the page's, else "".
    ``note`` says why the text is the feed's where a page was wanted (``article not available: timeout``), else "".
    ``text`` is plain text, paragraphs on lines of their own, at most 256 Ki characters (limit L9).
    """

    title: str
    text: str
    url: str | None
    canonical_url: str | None = None
    author: str = ""
    language: str | None = None
    published_at: datetime | None = None
    site: str = ""
    source: TextSource = TextSource.FEED
    quality: str = "ok"
    note: str = ""
    page_url: str | None = None
    page_title: str = ""
    tags: tuple[str, ...] = ()
