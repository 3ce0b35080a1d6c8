"""An article's page: robots.txt, fetch, extraction, all within the time that an alert may wait for it.

    wanted?     articles.wants_page: the feed does not give the text itself
    allowed?    robots.txt, when the configuration honours it
    fetch       one slot of the host, like a feed's poll; once more after a passing fault
    extract     in a worker process
    judge       articles.choose: the page's text, or the feed's with a note that says why

A page may delay an alert by at most twice ``fetch.timeout`` and a minute (DESIGN section 8), counted while a daemon lives that
can read it; then the feed's text is matched, and the page is looked for again a little later.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import NamedTuple

from watcher import articles, store
from watcher.articles import extract
from watcher.articles import fetch as page_fetch
from watcher.daemon import faultpoints, metrics
from watcher.daemon.robots import Robots
from watcher.daemon.runtime import Runtime, Wiring, user_agent
from watcher.daemon.workers import WorkerLost
from watcher.errors import ExtractError, FetchError, Trouble
from watcher.feeds import host_of, hosts
from watcher.model import Article, Entry, Feed, Page

LONGEST_DELAY = timedelta(seconds=60)
RETRY_PAUSE = 1.0


class Looked(NamedTuple):
    """An article, and how long to wait before its page is looked for again; None where there is no reason to."""

    article: Article
    again: timedelta | None


class Pages:
    """Reads article pages for the reader."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._robots: dict[str, Robots] = {}

    async def article(
        self, entry: Entry, feed: Feed, wiring: Wiring, *, first_seen_at: datetime, looks: int = 0, without_page: str = ""
    ) -> Looked:
        """Return the article of an entry, from its page or from the feed.

        :param looks: how often the page was looked for in vain; no alert waits for it any more then.
        :param without_page: why the page is not to be tried (it was given up before), else "".
        """
        if not articles.wants_page(entry, feed):
            return Looked(articles.choose(entry, None), None)
        if without_page:
            return Looked(articles.choose(entry, None, note=f"article not available: {without_page}"), None)
        fetch = wiring.config.fetch
        budget = min(2 * fetch.timeout, LONGEST_DELAY)
        if not looks:
            budget -= self._runtime.now() - max(first_seen_at, self._runtime.started_at)
        page, why, passing = None, "", False
        try:
            async with asyncio.timeout(max(budget.total_seconds(), fetch.timeout.total_seconds() / 2)):
                page = await self.read(str(entry.url), feed, wiring)
        except TimeoutError:
            why, passing = "timeout", True
        except FetchError as error:
            why, passing = error.reason, error.trouble is Trouble.TEMPORARY
        except ExtractError as error:
            why = error.reason
        except WorkerLost as error:
            metrics.WORKERS_LOST.labels("page").inc()
            return Looked(articles.choose(entry, None, note=f"article not available: the page {error}"), None)
        metrics.PAGES.labels(page.quality if page else "unavailable").inc()
        article = articles.choose(entry, page, note="" if page else f"article not available: {why}")
        missing = why or ("" if article.quality == "ok" else article.quality)
        return Looked(article, articles.look_again(missing, passing=passing, looks=looks))

    async def read(self, url: str, feed: Feed, wiring: Wiring) -> Page:
        """Fetch and extract a page, within robots.txt and the host's budget; a passing fault is tried once more.

        :raises FetchError: it was not to be had, or may not be asked for.
        :raises ExtractError: it has no text that can be read.
        :raises WorkerLost: it broke the worker.
        """
        host = host_of(url)
        if self._runtime.hosts.blocked(host, asyncio.get_running_loop().time()) > RETRY_PAUSE:
            raise FetchError(url, "rate_limited", "its server has asked for fewer requests")
        if wiring.config.fetch.robots:
            robots = self._robots.setdefault(wiring.config.contact or "", Robots(user_agent(wiring.config.contact)))
            async with self._runtime.hosts.slot(host):
                allowed = await robots.allowed(wiring.client, url, wiring.limits)
            if not allowed:
                raise FetchError(url, "robots", "the site's robots.txt forbids it")
        try:
            found = await self._fetch(url, host, feed, wiring)
        except FetchError as error:
            if error.trouble is not Trouble.TEMPORARY or await self._asked_to_wait(error, wiring):
                raise
            await asyncio.sleep(RETRY_PAUSE)
            found = await self._fetch(url, host, feed, wiring)
        final_url, body, headers = found
        faultpoints.reach("entries.page")
        page = await self._runtime.workers.call(extract.extract, body, url=final_url, headers=headers)
        faultpoints.reach("entries.extracted")
        return page

    async def _asked_to_wait(self, error: FetchError, wiring: Wiring) -> bool:
        """Whether the page's host wants to be left alone; then it is, by the feeds that live on it too."""
        pause = hosts.pause_of(error, shortest=wiring.policy.min_interval, longest=wiring.policy.max_interval, worked=False)
        if pause is None:
            return False
        host, until = host_of(error.url), self._runtime.now() + pause
        self._runtime.hosts.block(host, pause, asyncio.get_running_loop().time())
        await self._runtime.store.write(lambda conn: store.hosts.block(conn, host, until=until, reason=error.reason))
        return True

    async def _fetch(self, url: str, host: str, feed: Feed, wiring: Wiring) -> tuple[str, bytes, dict[str, str]]:
        async with self._runtime.hosts.slot(host):
            return await page_fetch.fetch(wiring.client, url, feed, wiring.limits)
