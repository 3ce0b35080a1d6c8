"""Reading told articles again: edits and take-downs, for rules with ``edits = "thread"``.

    claim pages that are due                    store.rereads.claim
    fetch and extract, politely                 daemon.pages
    compare with what the page said last        alerts.edits
    ONE transaction: the report for each rule   payload.edited, in the story's thread, as the channel's times allow
                     what the page says now, and when it is read again

The pauses grow: most edits are made soon. A page that answers 404 is looked at once more before it counts as taken down; 410 counts at once.
What cannot be read for another reason (a time-out, a consent wall, robots.txt) says nothing about the article and is let pass.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from watcher import articles, store
from watcher.alerts import decide, edits, ids, payload, plan
from watcher.daemon import log, verdicts
from watcher.daemon.pages import Pages
from watcher.daemon.runtime import Runtime, Wiring
from watcher.daemon.workers import WorkerLost
from watcher.errors import BadStatus, ExtractError, FetchError
from watcher.model import Alert, Entry, Feed, Page, Rule
from watcher.store.rereads import Reread

PAUSES = (timedelta(minutes=45), timedelta(hours=5), timedelta(hours=18), timedelta(days=6))
"""After the first look, 15 minutes after the alert: looks at 1 h, 6 h, 24 h and 7 days."""

SURE = timedelta(minutes=10)  # until a page that is missing is looked at once more
AT_ONCE = 20
LEASE = timedelta(minutes=5)
PATIENCE_SECONDS = 120


class Rereads:
    """Looks at told articles again. ``tick`` is called now and then by the keeper."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pages = Pages(runtime)

    async def tick(self) -> None:
        """Read again what is due."""
        runtime, now = self._runtime, self._runtime.now()
        if not await runtime.store.read(lambda conn: store.rereads.waits(conn, now=now)):
            return
        claimed = await runtime.store.write(lambda conn: store.rereads.claim(conn, now=now, lease=LEASE, limit=AT_ONCE))
        await asyncio.gather(*(self._look(each, runtime.wiring) for each in claimed))

    async def _look(self, mine: Reread, wiring: Wiring) -> None:
        feed = wiring.feeds.get(mine.feed_url) or Feed(url=mine.feed_url)
        page, gone, missing = None, "", 0
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                page = await self._pages.read(mine.url, feed, wiring)
        except BadStatus as error:
            missing = mine.missing + 1 if error.status in (404, 410) else 0
            if error.status == 410 or missing > 1:
                gone = f"the page is gone: its server answers {error.status}"
        except (FetchError, ExtractError, WorkerLost, TimeoutError) as error:
            log.get().info("reread.unread", url=mine.url, why=getattr(error, "reason", "") or type(error).__name__)
        readable = (
            page is not None
            and page.quality == "ok"
            and articles.about(Entry(identity="", title=mine.title, content=mine.text or ""), page)
        )
        await self._settle(mine, feed, page if readable else None, gone=gone, missing=missing)

    async def _settle(self, mine: Reread, feed: Feed, page: Page | None, *, gone: str, missing: int) -> None:
        runtime, now = self._runtime, self._runtime.now()
        after = edits.Version(page.title, page.text) if page is not None else None
        changed: tuple[str, ...] = (gone,) if gone else ()
        if after is not None and mine.text is not None:
            try:  # a hostile text takes a worker's time, not the loop's
                changed = await runtime.workers.call(edits.changes, edits.Version(mine.title, mine.text), after)
            except WorkerLost as error:
                log.get().warning("reread.not_compared", url=mine.url, why=str(error))
                after = None
        sure = missing and not gone  # ask again before it is believed
        pause = SURE if sure else PAUSES[mine.looks] if mine.looks < len(PAUSES) and not gone else None

        def unit(conn: store.Connection) -> list[Alert]:
            held = store.rereads.finish(
                conn, mine, due_at=now + pause if pause else None, looks=mine.looks + (not sure), missing=missing,
                title=after.title if after else None, text=after.text if after else None,
            )  # fmt: skip
            if not held or not changed:
                return []
            told = store.rereads.told(conn, mine.entry_id)
            return [report for alert in told if (report := self._report(conn, alert, feed, changed, after)) is not None]

        for report in await runtime.store.write(unit):
            log.get().info("article.edited", rule=report.rule, alert=report.id, url=mine.url, changed=" | ".join(changed)[:500])
            runtime.hints.deliveries.set()

    def _report(
        self, conn: store.Connection, told: Alert, feed: Feed, changed: tuple[str, ...], after: edits.Version | None
    ) -> Alert | None:
        """Record the report of one rule and its deliveries; None where the rule does not want it, or is silenced."""
        wiring, now = self._runtime.wiring, self._runtime.now()
        rule = wiring.rules.get(told.rule)
        if rule is None or rule.edits != verdicts.EDITS:
            return None
        report = payload.edited(told, changed, title=after.title if after else "", now=now)
        entities = tuple(entity["id"] for entity in told.payload["context"]["entities"])
        facts = decide.Facts(
            feed=told.payload["article"]["feed"],
            feed_url=feed.url,
            title=report.payload["article"]["title"],
            text=after.text if after else "",
        )
        if decide.find_silence(store.silences.in_force(conn, now=now), rule, facts, entities, now) is not None:
            return None
        planned = plan.plan(report, rule, wiring.routes, wiring.policies, self._occasion(conn, rule, report, feed, entities), now)
        outgoing = [
            store.alerts.Outgoing(
                channel=p.channel, due_at=p.due_at, bundle=p.bundle, rank=p.rank, message_key=ids.message_key([report.id], p.channel)
            )
            for p in planned
        ]
        return report if store.alerts.insert(conn, report, outgoing) else None

    def _occasion(self, conn: store.Connection, rule: Rule, report: Alert, feed: Feed, entities: tuple[str, ...]) -> plan.Occasion:
        story, article = report.payload["story"], report.payload["article"]
        return plan.Occasion(
            feed=article["feed"],
            tags=feed.tags,
            entities=entities,
            language=article["language"],
            sources=story["sources"],
            articles=story["articles"],
            bundles=verdicts.bundles_of(conn, rule, self._runtime.wiring),
            disabled=store.deliveries.disabled_channels(conn),
        )
