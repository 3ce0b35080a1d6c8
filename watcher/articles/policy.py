"""When an entry's page is worth fetching, and whether its text or the feed's is taken. Pure."""

from __future__ import annotations

import re

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
_RELATED = 0.25


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
    :returns: the page's text when its quality is ``ok``, it is about the entry, and it is not shorter than the feed's;
        else the feed's text with a note.
    """
    own = feed_text(entry)
    refused = refusal(entry, page) if page is not None else note
    if page is not None and not refused:
        text, source, quality = page.text, TextSource.PAGE, page.quality
    else:
        text, source, quality = own, TextSource.FEED, page.quality if page is not None else "ok"
    return Article(
        title=entry.title or (page.title if page else ""),
        text=text,
        url=entry.url,
        canonical_url=page.canonical_url if page else None,
        author=entry.author or (page.author if page else ""),
        language=(page.language if page and source is TextSource.PAGE else None) or entry.language,
        published_at=entry.published_at or (page.published_at if page else None),
        site=page.site if page else "",
        source=source,
        quality=quality,
        note=_noted(refused) if refused != _COMPLETE else "",
        tags=entry.tags,
    )


_COMPLETE = "the feed has more"


def refusal(entry: Entry, page: Page) -> str:
    """Why a page's text is not taken; "" if it is."""
    if page.quality != "ok":
        return page.quality
    if len(page.text) < len(feed_text(entry)):
        return _COMPLETE
    return "" if about(entry, page) else "another_page"


def about(entry: Entry, page: Page) -> bool:
    """Whether a page can be the entry's article: it shares words with the entry's title or text.

    A redirect to a landing page answers 200 with some other text. Too few words to tell count as yes.
    """
    there = set(_WORD.findall(fold(f"{page.title}\n{page.text}").text))
    for ours in (entry.title, feed_text(entry)[:2000]):
        words = set(_WORD.findall(fold(ours).text))
        if len(words) >= _ENOUGH_WORDS and len(words & there) < _RELATED * len(words):
            continue
        if len(words) >= _ENOUGH_WORDS:
            return True
    return not any(len(set(_WORD.findall(fold(ours).text))) >= _ENOUGH_WORDS for ours in (entry.title, feed_text(entry)[:2000]))


def _noted(reason: str) -> str:
    if not reason or reason.startswith("article not available"):
        return reason
    return f"article not available: {reason.replace('_', ' ')}"
