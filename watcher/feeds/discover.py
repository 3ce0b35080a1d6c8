"""Which feeds has a site? What its pages say, and where feeds usually are.

In the order of trust, each only as far as needed:

    the address itself            it may be a feed
    HTTP ``Link`` headers           rel="alternate" with a feed's type
    <link rel="alternate">          of the page
    links in the page               whose address or text says feed, RSS or Atom, on the same site
    robots.txt                      its sitemaps, of which those with news are feeds
    common paths                    /feed, /rss.xml …, where nothing else was found

Every candidate is fetched, one after another with a pause, and counts only when it parses as a feed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html

from watcher.errors import FetchError, ParseError
from watcher.feeds import items, parse
from watcher.feeds.fetch import ACCEPT, bad_status
from watcher.model import Document
from watcher.net import Client, Limits, Reply

TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "application/json", "text/xml")
PATHS = ("feed", "rss", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "feeds", "news/rss.xml", "?feed=rss2")
MOST_TRIED = 25
MOST_SITEMAPS = 4
PAUSE_SECONDS = 0.25  # between two requests to the site
_LINK_HEADER = re.compile(r"<([^<>]{1,2048})>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))?)*)")
_PARAMETER = re.compile(r";\s*([\w*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_SAYS_FEED = re.compile(r"(?:^|[/._?=&-])(?:rss|atom|feed|feeds|rdf|rss2)(?:$|[/._?=&-])", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_LOC = re.compile(rb"<loc>\s*([^<\s]+)\s*</loc>")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed. ``source``: where it was found, for people."""

    url: str
    source: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A feed, with what it holds and the answer that it was. ``url`` is where permanent redirects led."""

    url: str
    source: str
    document: Document
    title: str
    reply: Reply

    @property
    def newest_at(self) -> datetime | None:
        """The latest date of an entry."""
        return max((entry.published_at for entry in self.document.entries if entry.published_at), default=None)


def of_page(body: bytes, url: str, headers: Mapping[str, str]) -> list[Candidate]:
    """Return the candidates that a page and its headers name, most trustworthy first, each once. Pure."""
    found: dict[str, Candidate] = {}
    for each in (*_of_headers(headers.get("link", ""), url), *_of_markup(body, url)):
        found.setdefault(each.url, each)
    return list(found.values())


def usual(url: str) -> list[Candidate]:
    """Return where feeds usually are: below the page's own folder, then below the site's root. Pure."""
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}/"
    folder = root + parts.path.lstrip("/").rpartition("/")[0]
    bases = dict.fromkeys((folder.rstrip("/") + "/", root))
    return [Candidate(base + path, "common path") for base in bases for path in PATHS]


def parse_link_header(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give target and parameters (lower-case names) of each link in a ``Link`` header (RFC 8288). Pure."""
    for target, rest in _LINK_HEADER.findall(value[:8_000]):
        yield target.strip(), {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}


async def discover(
    client: Client, url: str, *, limits: Limits | None = None, note: Callable[[str], object] = str, pause: float = PAUSE_SECONDS
) -> AsyncIterator[Found]:
    """Give the feeds of the site at ``url`` as they are found.

    :param pause: seconds between two requests.
    :param note: is told each address before it is asked.
    :raises FetchError: the address itself cannot be had.
    """
    visit = _Visit(client, limits, note, pause)
    page = await visit.get(url, must=True)
    if page is None:
        return
    if page.status != 200:
        raise bad_status(url, page, datetime.now(UTC))
    itself = visit.read(page, Candidate(url, "this address"))
    if itself is not None:
        yield itself
        return
    headers = {name.lower(): value for name, value in page.headers.items()}
    for stage in (_listed(of_page(page.body, page.url, headers)), visit.sitemaps(page.url), _listed(usual(page.url))):
        count = 0
        async for candidate in stage:
            found = await visit.try_(candidate)
            if found is not None:
                count += 1
                yield found
        if count:
            return


class _Visit:
    """One visit to one site: counts and spaces its requests, and asks nothing twice."""

    def __init__(self, client: Client, limits: Limits | None, note: Callable[[str], object], pause: float) -> None:
        self._client, self._limits, self._note, self._pause = client, limits, note, pause
        self._seen: set[str] = set()
        self.asked = 0

    async def get(self, url: str, *, must: bool = False) -> Reply | None:
        """Return the answer of an address that was not asked yet, or None."""
        if url in self._seen or self.asked >= MOST_TRIED:
            return None
        self._seen.add(url)
        if self.asked:
            await asyncio.sleep(self._pause)
        self.asked += 1
        self._note(url)
        try:
            reply = await self._client.get(url, headers={"Accept": f"{ACCEPT}, text/html;q=0.5"}, limits=self._limits)
        except FetchError:
            if must:
                raise
            return None
        return reply

    def read(self, reply: Reply, candidate: Candidate) -> Found | None:
        """Return the feed that an answer is, or None."""
        if reply.status != 200:
            return None
        self._seen.add(reply.url)
        try:
            document = parse.parse(reply.body, url=reply.url, headers={name.lower(): value for name, value in reply.headers.items()})
        except ParseError:
            return None
        if not document.entries and document.format in ("xml", "sitemap"):
            return None
        moved = reply.hops and all(hop.status in (301, 308) for hop in reply.hops)
        return Found(reply.url if moved else candidate.url, candidate.source, document, document.info.title or candidate.title, reply)

    async def try_(self, candidate: Candidate) -> Found | None:
        """Return the feed at a candidate's address, or None."""
        reply = await self.get(candidate.url)
        return self.read(reply, candidate) if reply is not None else None

    async def sitemaps(self, url: str) -> AsyncIterator[Candidate]:
        """Give the news sitemaps that robots.txt names: those whose name says news, also within an index."""
        parts = urlsplit(url)
        robots = await self.get(f"{parts.scheme}://{parts.netloc}/robots.txt")
        if robots is None or robots.status != 200:
            return
        named = _SITEMAP_LINE.findall(robots.body[:500_000].decode("utf-8", "replace"))
        maps = [each for each in (items.absolute(name, url) for name in named) if each is not None]
        indexes = [each for each in maps if "news" not in each.lower()][:MOST_SITEMAPS]
        for news in [each for each in maps if "news" in each.lower()][:MOST_SITEMAPS]:
            yield Candidate(news, "news sitemap")
        for index in indexes[:1]:
            reply = await self.get(index)
            if reply is None or b"<sitemapindex" not in reply.body[:2_000]:
                continue
            for raw in [each for each in _LOC.findall(reply.body) if b"news" in each.lower()][:MOST_SITEMAPS]:
                place = items.absolute(raw.decode("utf-8", "replace"), index)
                if place is not None:
                    yield Candidate(place, "news sitemap")


async def _listed(candidates: Iterable[Candidate]) -> AsyncIterator[Candidate]:
    for candidate in candidates:
        yield candidate


def _of_headers(value: str, url: str) -> Iterator[Candidate]:
    for target, said in parse_link_header(value):
        kind = said.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in said.get("rel", "").lower().split() and kind in TYPES and (link := items.absolute(target, url)):
            yield Candidate(link, "HTTP Link header", items.line(said.get("title")))


def _of_markup(body: bytes, url: str) -> Iterator[Candidate]:
    parser = lxml_html.HTMLParser(remove_comments=True, huge_tree=False, no_network=True)
    try:
        root = lxml_html.document_fromstring(body[:2_000_000], parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return
    base = next((items.absolute(each.get("href"), url) for each in root.iter("base")), None) or url
    for element in root.iter("link"):
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        if (
            "alternate" in (element.get("rel") or "").lower().split()
            and kind in TYPES
            and (link := items.absolute(element.get("href"), base))
        ):
            yield Candidate(link, "link tag", items.line(element.get("title")))
    site = _site(url)
    for element in root.iter("a"):
        place = items.absolute(element.get("href"), base)
        if place is not None and _site(place) == site and _SAYS_FEED.search(urlsplit(place).path + "?" + urlsplit(place).query):
            yield Candidate(place, "link in the page", items.line(element.text))


def _site(url: str) -> str:
    """Return the last two labels of the host: ``www.example.org`` and ``feeds.example.org`` are one site."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])
