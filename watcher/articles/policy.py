"""When an entry's page is worth fetching, and whether its text or the feed's is taken. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from watcher.model import Article, Entry, Feed, FullText, Page, TextSource
from watcher.text.fold import fold

ENOUGH = 1000  # characters of a feed's text that make its page unnecessary (DESIGN section 8)

_CUT = re.compile(
    r"(?:\u2026|\.\.\.|\[\s*(?:\u2026|\.{3}|more|\u2192)\s*\]"
    r"|\b(?:read (?:more|on|the (?:full|rest)[^.]{0,30})|continue reading[^.]{0,60}|weiterlesen|mehr lesen|czytaj (?:dalej|wi\u0119cej)"
    r"|\u0447\u0438\u0442\u0430\u0442\u0438 (?:\u0434\u0430\u043b\u0456|\u0431\u0456\u043b\u044c\u0448\u0435)|\u0447\u0438\u0442\u0430\u0442\u044c (?:\u0434\u0430\u043b\u0435\u0435|\u043f\u043e\u043b\u043d\u043e\u0441\u0442\u044c\u044e))"
    r"|\u7d9a\u304d\u3092\u8aad\u3080)\s*[.\u2192\u00bb>\u203a)\]]*\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}|\d{2,}|[\u3040-\u30ff\u3400-\u9fff]{2}")
_ENOUGH_WORDS = 4
_RELATED = 0.25  # share of the entry's words
_PASSING = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
_OTHER = (timedelta(minutes=10),)  # RELIABILITY P16: one more try
_FINAL = frozenset({"robots", "not_html", "private", "scheme", "worker", "paywall", "js_only", "pdf"})  # asking again changes nothing
_STILL_ITSELF = frozenset({"paywall", "short", "js_only"})  # the page is the article's, only its text is not to be had


def wants_page(entry: Entry, feed: Feed) -> bool:
    """Whether the article's page is to be fetched (``full_text``, DESIGN section 8).

    ``auto`` fetches unless the feed gives at least 1,000 characters that do not end in an ellipsis or a "read more".
    """
    if not (entry.url or "").lower().startswith(("http://", "https://")) or feed.full_text is FullText.NEVER:
        return False
    if feed.full_text is FullText.ALWAYS:
        return True
    text = feed_text(entry).rstrip()
    return len(text) < ENOUGH or _CUT.search(text[-120:]) is not None


def feed_text(entry: Entry) -> str:
    """The feed's own text of an entry: content or summary, whichever is longer."""
    return max(entry.content, entry.summary, key=len)


def choose(entry: Entry, page: Page | None, *, note: str = "") -> Article:
    """Make the article out of an entry and, where it is the better text, its page.

    :param page: what extraction found; None where there was none to be had or wanted.
    :param note: why a page that was wanted is missing (``timeout``, ``http_403`` …); "" where none was wanted.
    :returns: the page's text when its quality is ``ok``, it is about the entry, and it is not shorter than the feed's; else the
        feed's text, with a note unless the feed simply has more. A page that is only ``short`` is still read, with the note, where
        the feed says even less. ``canonical_url`` is what the page calls itself, else where
        it was found, not yet in canonical form; None where the page is not the entry's.
    """
    if page is None:
        return _article(entry, None, text=feed_text(entry), note=note)
    own = feed_text(entry)
    reason = page.quality if page.quality != "ok" else "" if about(entry, page) else "another_page"
    if reason:
        trusted = page if reason in _STILL_ITSELF else None
        if reason == "short" and len(page.text) > len(own) and about(entry, page):
            return _article(entry, page, text=page.text, note=reason, quality=reason, source=TextSource.PAGE)
        return _article(entry, trusted, text=own, note=reason, quality=reason)
    if len(page.text) < len(own):
        return _article(entry, page, text=own)
    return _article(entry, page, text=page.text, source=TextSource.PAGE)


def _article(
    entry: Entry, page: Page | None, *, text: str, note: str = "", quality: str = "ok", source: TextSource = TextSource.FEED
) -> Article:
    page = page or Page(url="")
    if note and not note.startswith("article not available"):
        note = f"article not available: {note.replace('_', ' ')}"
    return Article(
        title=entry.title or page.title,
        text=text,
        url=entry.url,
        canonical_url=page.canonical_url or page.url or None,
        page_url=page.url or None,
        page_title=page.title if source is TextSource.PAGE else "",
        author=entry.author or page.author,
        language=(page.language if source is TextSource.PAGE else None) or entry.language,
        published_at=entry.published_at or page.published_at,
        site=page.site,
        source=source,
        quality=quality,
        note=note,
        tags=entry.tags,
    )


def look_again(reason: str, *, passing: bool, looks: int) -> timedelta | None:
    """After how long a page that was not to be had is worth another request; None: never.

    :param reason: why it was not: a fault of the fetch, or the quality of what came; "" when nothing is missing.
    :param passing: whether the fault was one that passes (a time-out, a 503), rather than a page that is not the article.
    :param looks: how often it was missing before.
    """
    if not reason or reason in _FINAL:
        return None
    pauses = _PASSING if passing else _OTHER
    return pauses[looks] if looks < len(pauses) else None


def about(entry: Entry, page: Page) -> bool:
    """Whether a page can be the entry's article: it shares words with the entry's title, or with its text.

    A redirect to a landing page answers 200 with a text of its own. Too few words to tell count as yes.
    """
    there = _words(f"{page.title}\n{page.text}")
    ours = [words for words in (_words(entry.title), _words(feed_text(entry)[:2000])) if len(words) >= _ENOUGH_WORDS]
    return not ours or any(len(words & there) >= _RELATED * len(words) for words in ours)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(fold(text).text))
