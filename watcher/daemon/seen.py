"""An article as the rules see it: made in one place, so that what is explained later is what was decided then."""

from __future__ import annotations

from watcher.feeds import host_of
from watcher.model import Article, Feed, MatchInput
from watcher.store.archive import Archived


def feed_name(feed: Feed, title: str) -> str:
    """Return what a feed is called in rules and messages: its configured name, its own ``title``, its host."""
    return feed.name or title or host_of(feed.url)


def match_input(article: Article, feed: Feed, name: str) -> MatchInput:
    """Return what rules are matched against. ``name``: see :func:`feed_name`."""
    return MatchInput(
        title=article.title,
        text=article.text,
        url=article.url or "",
        author=article.author,
        feed=name,
        feed_tags=feed.tags,
        tags=article.tags,
        language=article.language,
        published_at=article.published_at,
    )


def article(row: Archived) -> Article:
    """Return an article of the archive, as far as anybody asks about it later."""
    return Article(
        title=row.title,
        text=row.text,
        url=row.url,
        canonical_url=row.canonical_url,
        author=row.author,
        language=row.language,
        published_at=row.published_at,
        tags=row.tags,
    )
