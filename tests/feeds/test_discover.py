"""Finding a site's feeds: what pages and headers name, against a real server that logs what it is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiohttp import web

from watcher.errors import BadStatus
from watcher.feeds import discover
from watcher.feeds.discover import Candidate
from watcher.net import Client

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>%s</title><language>uk</language>
<item><title>One</title><guid>1</guid><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item></channel></rss>"""
PAGE = b"""<html><head><base href="/en/">
<link rel="stylesheet" type="text/css" href="a.css">
<LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" TITLE="News &amp; views" HREF="feed.rss">
<link rel="alternate" hreflang="fr" href="/fr/"></head>
<body><a href="https://www.site.example/rss/all">All</a> <a href="/feedback">Say something</a>
<a href="https://elsewhere.example/feed">Not ours</a> <a href="javascript:rss()">no</a></body></html>"""


def test_a_page_names_its_feeds_in_the_order_of_trust() -> None:
    header = '<https://site.example/h.atom>; rel="alternate"; type="application/atom+xml"; title="H", </a.css>; rel=preload; as=style'
    assert discover.of_page(PAGE, "https://site.example/", {"link": header}) == [
        Candidate("https://site.example/h.atom", "HTTP Link header", "H"),
        Candidate("https://site.example/en/feed.rss", "link tag", "News & views"),
        Candidate("https://www.site.example/rss/all", "link in the page", "All"),
    ]


@pytest.mark.parametrize(
    "body", [b"", b"\0\xff<", b"<link rel=alternate type=application/rss+xml href='http://[bad'>", b"<a href=/rss>" * 50]
)
def test_no_page_is_too_broken_to_be_looked_at(body: bytes) -> None:
    for candidate in discover.of_page(body, "https://site.example/", {}):
        assert candidate.url == "https://site.example/rss"


def test_usual_places_are_below_the_page_and_below_the_root() -> None:
    urls = [candidate.url for candidate in discover.usual("https://site.example/blog/2026/post.html")]
    assert "https://site.example/blog/2026/feed" in urls
    assert "https://site.example/rss.xml" in urls
    assert len(urls) == len(set(urls))


class Site:
    def __init__(self) -> None:
        self.pages: dict[str, bytes | tuple[int, dict[str, str]]] = {}
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        page = self.pages.get(request.path_qs)
        if page is None:
            return web.Response(status=404)
        return web.Response(body=page) if isinstance(page, bytes) else web.Response(status=page[0], headers=page[1])


@pytest.fixture
async def site():
    made = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def found(site):
    client = Client(user_agent="watcher/test", allow_private=["127.0.0.0/8"])

    async def look(path: str):
        return [each async for each in discover.discover(client, site.url + path, pause=0)]

    yield look
    await client.close()


async def test_a_feeds_own_address_is_asked_once_and_nothing_else(site, found):
    site.pages["/rss"] = RSS % b"Local"
    (feed,) = await found("/rss")
    assert (feed.url, feed.title, feed.source) == (site.url + "/rss", "Local", "this address")
    assert feed.newest_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert site.asked == ["/rss"]


async def test_link_tags_are_tried_and_what_is_no_feed_is_left_out_and_nothing_is_guessed(site, found):
    tag = '<link rel="alternate" type="application/rss+xml" href="%s">'
    site.pages |= {"/": "".join(tag % path for path in ("/good", "/bad", "/none", "/good")).encode(), "/good": RSS % b"", "/bad": b"<html>"}
    assert [(feed.url, feed.source) for feed in await found("/")] == [(site.url + "/good", "link tag")]
    assert site.asked == ["/", "/good", "/bad", "/none"]


async def test_news_sitemaps_of_robots_txt_and_of_an_index_are_feeds(site, found):
    news = b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
    <url><loc>https://site.example/1</loc><news:news><news:publication><news:name>Paper</news:name><news:language>en</news:language>
    </news:publication><news:publication_date>2026-01-05</news:publication_date><news:title>One</news:title></news:news></url></urlset>"""
    site.pages |= {
        "/": b"<html>nothing</html>",
        "/robots.txt": f"User-agent: *\nSitemap: {site.url}/index.xml\nSitemap: {site.url}/news.xml\n".encode(),
        "/news.xml": news,
        "/index.xml": f"<sitemapindex><sitemap><loc>{site.url}/google-news.xml</loc></sitemap></sitemapindex>".encode(),
        "/google-news.xml": news,
    }
    assert [(feed.url, feed.title) for feed in await found("/")] == [
        (site.url + "/news.xml", "Paper"),
        (site.url + "/google-news.xml", "Paper"),
    ]


async def test_where_nothing_is_said_the_usual_places_are_tried_and_not_without_end(site, found):
    site.pages |= {"/": b"<html>nothing</html>", "/feed.xml": RSS % b"Found"}
    assert [feed.title for feed in await found("/")] == ["Found"]
    site.pages = {"/": b"".join(b"<a href=/rss/%d>x</a>" % n for n in range(100))}
    site.asked.clear()
    assert await found("/") == []
    assert len(site.asked) == discover.MOST_TRIED


async def test_a_permanent_redirect_gives_the_new_address_and_a_temporary_one_the_old(site, found):
    site.pages |= {"/moved": (301, {"Location": "/rss"}), "/now": (302, {"Location": "/rss"}), "/rss": RSS % b""}
    assert [(await found(path))[0].url for path in ("/moved", "/now")] == [site.url + "/rss", site.url + "/now"]


async def test_an_address_that_cannot_be_had_is_an_error_that_says_why(site, found):
    with pytest.raises(BadStatus, match="404"):
        await found("/none")
