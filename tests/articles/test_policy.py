"""When a page is fetched, and whose text the rules see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from watcher import articles
from watcher.model import Entry, Feed, FullText, Page, TextSource

FEED = Feed(url="https://example.org/f")
LINK = "https://example.org/a"
LONG = "The ministry said that deliveries of ammunition would go on. " * 20
STORY = "Ministers agree on new ammunition deliveries for the northern ports. " * 5


@pytest.mark.parametrize(
    ("content", "full_text", "wanted"),
    [
        ("A teaser.", FullText.AUTO, True),
        (LONG, FullText.AUTO, False),
        (LONG + "…", FullText.AUTO, True),
        (LONG + "[...]", FullText.AUTO, True),
        (LONG + "Read more", FullText.AUTO, True),
        (LONG + "Читати далі", FullText.AUTO, True),
        (LONG, FullText.ALWAYS, True),
        ("A teaser.", FullText.NEVER, False),
    ],
)
def test_a_page_is_fetched_where_the_feed_does_not_give_the_text(content: str, full_text: FullText, wanted: bool) -> None:
    feed = Feed(url=FEED.url, full_text=full_text)
    assert articles.wants_page(Entry(identity="1", url=LINK, content=content), feed) is wanted


@pytest.mark.parametrize("url", [None, "", "ftp://example.org/a", "mailto:a@example.org"])
def test_without_a_link_there_is_no_page(url: str | None) -> None:
    assert not articles.wants_page(Entry(identity="1", url=url), Feed(url=FEED.url, full_text=FullText.ALWAYS))


def entry(**changed: str) -> Entry:
    return Entry(**{"identity": "1", "url": LINK, "title": "Ministers agree on ammunition deliveries", "summary": "A teaser.", **changed})


def test_a_good_page_gives_the_text() -> None:
    article = articles.choose(entry(), Page(url=LINK, text=STORY, language="en", author="Writer"))
    assert (article.text, article.source, article.note) == (STORY, TextSource.PAGE, "")
    assert (article.language, article.author) == ("en", "Writer")


@pytest.mark.parametrize("quality", ["cookie_wall", "paywall", "list_page", "soft_404", "js_only", "empty"])
def test_what_is_not_the_article_leaves_the_feeds_text_and_says_so(quality: str) -> None:
    article = articles.choose(entry(), Page(url=LINK, text=STORY, quality=quality))
    assert (article.text, article.source) == ("A teaser.", TextSource.FEED)
    assert article.note == f"article not available: {quality.replace('_', ' ')}"


def test_a_short_page_is_read_where_the_feed_says_even_less() -> None:
    flash = "Ministers agreed on new deliveries."
    article = articles.choose(entry(summary=""), Page(url=LINK, text=flash, quality="short"))
    assert (article.text, article.source, article.quality) == (flash, TextSource.PAGE, "short")
    assert article.note == "article not available: short"
    assert articles.choose(entry(summary=flash + " In Kyiv."), Page(url=LINK, text=flash, quality="short")).source is TextSource.FEED


def test_a_page_about_something_else_is_not_the_article() -> None:
    """A redirect to a landing page answers 200 with a text of its own."""
    other = Page(url="https://example.org/", text="Weather for the weekend: sunny spells over most of the southern islands. " * 5)
    article = articles.choose(entry(summary="Ministers of both countries met in the northern port to sign the treaty."), other)
    assert article.source is TextSource.FEED
    assert "another page" in article.note


def test_the_longer_text_of_the_feed_is_kept_without_a_note() -> None:
    article = articles.choose(entry(content=STORY * 3), Page(url=LINK, text=STORY))
    assert (article.source, article.note) == (TextSource.FEED, "")


def test_a_page_that_could_not_be_had_is_named() -> None:
    assert articles.choose(entry(), None, note="timeout").note == "article not available: timeout"


def test_a_passing_fault_is_worth_three_more_looks_and_another_page_one():
    pauses = [articles.look_again("timeout", passing=True, looks=looks) for looks in range(4)]
    assert pauses == [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), None]
    assert [articles.look_again("soft_404", passing=False, looks=looks) for looks in range(2)] == [timedelta(minutes=10), None]


def test_what_will_not_change_is_not_looked_at_again():
    assert {articles.look_again(reason, passing=False, looks=0) for reason in ("", "robots", "not_html", "private", "paywall")} == {None}
