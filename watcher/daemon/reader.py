"""The reader: entries that are due -> article, matches, story, alerts and deliveries.

    claim entries that are due                            store.entries.claim
    the article: its page, or the feed's own text         daemon.pages           at most 60 s after it was first seen
    match it against all rules                            rules.match
    ONE transaction, serialised:                          daemon.verdicts
        story, decisions with reasons, alerts, deliveries
    wake the dispatcher

An entry that fails for a reason of ours is tried again, the second time without its page; after five tries it is ``dead``, and the
operators are told.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from watcher import store
from watcher.daemon import faultpoints, log, metrics, operators, seen, verdicts
from watcher.daemon.leases import LEASE, Leases
from watcher.daemon.mirror import Mirror
from watcher.daemon.pages import Pages
from watcher.daemon.runtime import Runtime, Wiring
from watcher.daemon.supervise import Pulse
from watcher.errors import StoreError
from watcher.model import Article, Feed, Notice, TextSource
from watcher.stories import credit
from watcher.stories.canonical import canonical_url
from watcher.stories.canonical import host_of as source_of
from watcher.stories.sketch import sketch
from watcher.text import language

IN_FLIGHT = 100  # mostly waiting for pages; hosts' slots bound the real work
MOST_TRIES = 5
TRIES_WITH_PAGE = 2
TRY_AGAIN = timedelta(seconds=5)  # doubled each time


class Reader:
    """Reads entries until the daemon stops; with ``runtime.once`` until none is waiting."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.leases = Leases(runtime.store, store.entries.renew)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pages = Pages(runtime)
        self._mirror = Mirror(runtime.store)

    async def run(self, pulse: Pulse) -> None:
        """Read until told to stop, then wait for what is in flight."""
        runtime = self._runtime
        try:
            while not runtime.stopping.is_set():
                pulse.beat()
                runtime.hints.entries.clear()
                claimed = await self._claim()
                if runtime.once and not claimed and not self._tasks:
                    return
                full = len(self._tasks) >= IN_FLIGHT
                await runtime.pause(runtime.hints.entries, 0 if claimed and not full else runtime.look_seconds)
        finally:
            await self._drain()

    async def _claim(self) -> int:
        """Claim and start as many entries as there is room for."""
        runtime = self._runtime
        room = IN_FLIGHT - len(self._tasks)
        if room <= 0:
            return 0
        now = runtime.now()
        claimed = await runtime.store.write(lambda conn: store.entries.claim(conn, now=now, lease=LEASE, limit=room))
        self.leases.hold((entry.id, entry.epoch) for entry in claimed)
        if claimed:
            faultpoints.reach("entries.claimed")
        for entry in claimed:
            task = asyncio.create_task(self._read(entry))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        return len(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if len(self._tasks) >= IN_FLIGHT - 1 or self._runtime.once:
            self._runtime.hints.entries.set()
        if not task.cancelled() and (error := task.exception()) is not None:  # even the report failed: the lease brings it back
            log.get().error("read.broken", error=log.describe(error))

    async def _read(self, claimed: store.entries.ClaimedEntry) -> None:
        """One entry from its claim to its finish."""
        wiring = self._runtime.wiring
        try:
            await self._settle(claimed, wiring)
        except StoreError as error:
            log.get().error("read.not_stored", entry=claimed.id, error=str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours with one entry must not stop the others, nor lose it
            await self._failed(claimed, wiring, error)
        finally:
            self.leases.release(claimed.id)

    async def _settle(self, claimed: store.entries.ClaimedEntry, wiring: Wiring) -> None:
        runtime = self._runtime
        feed = wiring.feeds.get(claimed.feed_url) or Feed(url=claimed.feed_url)
        name = seen.feed_name(feed, claimed.feed_title)
        gave_up = "the page failed before" if claimed.attempts >= TRIES_WITH_PAGE else ""
        article, again = await self._pages.article(
            claimed.entry, feed, wiring, first_seen_at=claimed.first_seen_at, looks=claimed.looks, without_page=gave_up
        )
        if claimed.looks and article.source is not TextSource.PAGE:
            await self._looked_in_vain(claimed, again)
            return
        spoken = article.language or language.detect(f"{article.title}\n{article.text}") or claimed.entry.language
        reading = self._match(claimed, feed, name, replace(article, language=spoken), wiring)
        faultpoints.reach("entries.matched")
        now = runtime.now()
        reading = replace(reading, again_at=now + again if again else None)
        settled = await runtime.store.write(lambda conn: verdicts.settle(conn, reading, wiring, self._mirror, now=now), patient=True)
        faultpoints.reach("entries.committed")
        if settled is None:
            log.get().warning("read.lost_lease", entry=claimed.id)
            return
        metrics.ENTRIES.labels("done").inc()
        for decision in settled.decisions:
            metrics.DECISIONS.labels(decision.rule, decision.reason.value).inc()
            log.get().info(
                "match.decided",
                rule=decision.rule,
                reason=decision.reason.value,
                detail=decision.detail,
                title=article.title[:120],
                url=article.url,
                story=settled.story.id,
            )
        if settled.alerts:
            runtime.hints.deliveries.set()

    async def _looked_in_vain(self, claimed: store.entries.ClaimedEntry, again: timedelta | None) -> None:
        """The page was not to be had this time either: what was read before stands."""
        again_at = self._runtime.now() + again if again else None
        await self._runtime.store.write(lambda conn: store.entries.look_no_more(conn, claimed, again_at=again_at))

    @staticmethod
    def _match(claimed: store.entries.ClaimedEntry, feed: Feed, name: str, article: Article, wiring: Wiring) -> verdicts.Reading:
        """What the rules make of the article, and what the story room needs to know of it."""
        matches = wiring.config.rulebook.match(seen.match_input(article, feed, name))
        entities = tuple(dict.fromkeys(e.entity for match in matches for e in match.evidence if e.entity))
        published = article.published_at or claimed.first_seen_at
        return verdicts.Reading(
            claimed=claimed,
            feed=feed,
            feed_name=name,
            article=article,
            matches=matches,
            sketch=sketch(article.title, article.text, year=published.year, entities=entities),
            canonical_url=canonical_url(article.url, article.canonical_url) if article.url else None,
            source=source_of(article.url or feed.url),
            entities=entities,
            origin=credit.origin(article.text, source_of(article.url or feed.url)),
        )

    async def _failed(self, claimed: store.entries.ClaimedEntry, wiring: Wiring, error: Exception) -> None:
        """Try again later, or give the entry up where everyone can see it."""
        now, attempts = self._runtime.now(), claimed.attempts + 1
        why = log.describe(error)
        log.get().error("read.failed", entry=claimed.id, url=claimed.entry.url, attempt=attempts, error=why)

        def unit(conn: store.Connection) -> None:
            if attempts < MOST_TRIES:
                store.entries.retry(conn, claimed, due_at=now + TRY_AGAIN * 2**attempts, reason=why)
                return
            store.entries.dead(conn, claimed, reason=why, now=now)
            text = f"{claimed.entry.title}\n{claimed.entry.url}\n\nIt failed {attempts} times and was given up: {why}\nThis is a fault of watcher: please report it."
            notice = Notice(key=f"entry_dead:{claimed.id}", subject="An entry could not be read", text=text)
            operators.raise_notice(conn, wiring, notice, now=now)

        await self._runtime.store.write(unit)

    async def _drain(self) -> None:
        """Wait for what is in flight, then give back the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._runtime.drain_seconds)
        for task in list(self._tasks):
            task.cancel()
        rows = self.leases.rows()
        if rows:
            now = self._runtime.now()
            await self._runtime.store.write(lambda conn: store.entries.give_back(conn, rows, now=now))
