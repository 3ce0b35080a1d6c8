"""News sitemaps: what many publishers keep fresher than their feeds (``urlset`` with ``news:news``).

Google's protocol demands a title and a date of each news; a date that is missing costs only the date, for what is new is never told by dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from watcher.errors import ParseError
from watcher.feeds import items
from watcher.feeds.jsonfeed import moment
from watcher.model import Document, Entry, FeedInfo

ROOT = "urlset"


def parse(data: bytes, *, url: str) -> Document:
    """Return the document; pages without a news title are counted as skipped, for a page map tells nothing.

    :param data: UTF-8 whose DOCTYPE, if any, has been judged (``encoding.refuse_bombs``).
    :raises ParseError: ``xml``: not well-formed; ``not_a_feed``: a sitemap without news.
    """
    try:
        root = ET.fromstring(data)  # noqa: S314 - entities were judged before; external ones expat never reads
    except (ET.ParseError, ValueError) as fault:
        raise ParseError(url, "xml", "the sitemap is not well-formed") from fault
    entries, silent = [], 0
    publication = language = ""
    for page in root:
        said = _said(next((each for each in page if _local(each) == "news"), ()))  # not from an image's or a video's title beside it
        title, link = items.line(said.get("title")), next(((each.text or "").strip() for each in page if _local(each) == "loc"), "")
        if not title:
            silent += 1
            continue
        publication, language = publication or said.get("name", ""), language or said.get("language", "")
        entries.append(
            Entry(
                identity=items.identity("", link, title, said.get("publication_date", "")),
                title=title,
                url=items.absolute(link, url),
                tags=items.tags(said.get("keywords", "").split(",")),
                language=items.language(said.get("language")),
                published_at=moment(said.get("publication_date")),
            )
        )
    if not entries:
        raise ParseError(url, "not_a_feed", "this is a sitemap without news")
    return Document(
        format="sitemap",
        info=FeedInfo(title=items.line(publication), language=items.line(language, 35) or None),
        entries=tuple(entries),
        total=len(entries) + silent,
        skipped=(("no_news", silent),) if silent else (),
    )


def _said(news: Iterable[ET.Element]) -> dict[str, str]:
    """Return the texts below the elements by local name; the first of a name counts."""
    found: dict[str, str] = {}
    for element in news:
        for each in element.iter():
            if (each.text or "").strip():
                found.setdefault(_local(each), (each.text or "").strip())
    return found


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]
