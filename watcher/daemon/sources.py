"""The sources' health: what the keeper finds out about all feeds together, and tells.

    every 10 seconds      which feeds fail, are quiet or have lied, by what polling has noted     store.health
    every 10 minutes      whose silence is improbable; who repeats itself; whose pages are empty    feeds.health
    what is new           ONE notice each; one for all of them when there are many                    daemon.operators
    what is over          one "over" each, or for all of them

A trouble is told once, and once more when it is over. When half of all feeds fail together, the trouble is on this side: that is one
notice, and the single feeds are not told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from watcher import store
from watcher.daemon import coverage, log, operators
from watcher.daemon.runtime import Runtime, Wiring
from watcher.feeds import health, rhythm
from watcher.model import FeedId, Notice, Severity

MOST_SINGLE = 5  # more troubles at once are told in one notice
NAMED = 40  # feeds that a notice of many names
SAME_EVENT = timedelta(hours=1)
CLOSE_LOOK = timedelta(minutes=10)
SLICE = 500
NETWORK = "feeds_network"
KINDS = ("feed_failing", "feed_quiet", "feed_lying", "feed_repeating", "feed_barren")
OF_THE_NETWORK = ("timeout", "dns", "refused", "reset", "unreachable", "connection", "network", "connect")


class Sources:
    """Looks at all feeds; ``look`` is the keeper's job."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._closely_at: datetime | None = None
        self._found: dict[str, Notice] = {}  # by the last close look

    async def look(self) -> None:
        """Find out what is wrong with which feed, and tell what is new and what is over."""
        runtime, now = self._runtime, self._runtime.now()
        if self._closely_at is None or not timedelta(0) <= now - self._closely_at < CLOSE_LOOK:
            self._closely_at = now
            await self._mark_quiet(now)
            self._found = await self._contents(now)
        ill, feeds, open_keys = await runtime.store.read(
            lambda conn: (store.health.ill(conn), store.health.count(conn), [key for key, _ in store.alerts.open_notices(conn)])
        )
        told = {key for key in open_keys if key.partition(":")[0] in KINDS or key == NETWORK}
        current = self._conditions(ill, told) | self._found
        current = self._on_our_side(current, ill, feeds, told)
        new, over = [notice for key, notice in current.items() if key not in told], sorted(told - current.keys())
        if new or over:
            await self._tell(new, over, now)

    async def _mark_quiet(self, now: datetime) -> None:
        """Judge every feed's silence, a slice at a time so that nobody waits for the reader's thread."""
        last = 0
        while not self._runtime.stopping.is_set():
            after = last
            heard = await self._runtime.store.read(lambda conn: store.health.heard(conn, after=after, limit=SLICE))  # noqa: B023  awaited at once
            if not heard:
                return
            last = heard[-1].id
            quiet, again = await asyncio.to_thread(_judge, heard)
            if quiet or again:
                await self._runtime.store.write(lambda conn: store.health.mark_quiet(conn, quiet, again, now=now))  # noqa: B023

    async def _contents(self, now: datetime) -> dict[str, Notice]:
        """Feeds that repeat themselves, and feeds whose pages give nothing any more."""
        told = {key for key, _ in await self._runtime.store.read(store.alerts.open_notices)}
        repeats, pages = await self._runtime.store.read(
            lambda conn: (
                store.health.repeats(conn, since=now - timedelta(days=1), least=health.LEAST_REPEATS),
                store.health.pages(conn, now=now),
            )
        )
        found = [_repeating(url, name, count) for url, name, count in repeats]
        for row in pages:
            lately, before = health.Yield(row.had, row.lost), health.Yield(row.had_before, row.lost_before)
            if health.barren(lately, before, told=f"feed_barren:{row.url}" in told):
                found.append(_barren(row))
        return {notice.key: notice for notice in found}

    def _conditions(self, ill: Sequence[store.health.Ill], told: set[str]) -> dict[str, Notice]:
        """What polling has noted, of feeds that are configured."""
        wiring, found = self._runtime.wiring, list[Notice]()
        dead = _dead(ill, told, wiring.policy.max_interval)
        for feed in ill:
            if feed.url not in wiring.feeds:
                continue
            if feed.failures and (feed.id in dead or f"feed_failing:{feed.url}" in told):
                found.append(_failing(feed))
            elif feed.quiet_at is not None and not feed.failures:
                found.append(_quiet(feed))
            if feed.lied_at is not None:
                found.append(_lying(feed))
        return {notice.key: notice for notice in found}

    @staticmethod
    def _on_our_side(current: dict[str, Notice], ill: Sequence[store.health.Ill], feeds: int, told: set[str]) -> dict[str, Notice]:
        """Where half of the feeds cannot be reached, say that instead of naming each."""
        unreachable = [feed for feed in ill if feed.failures and (feed.last_error or "").startswith(OF_THE_NETWORK)]
        if not health.network_down(len(unreachable), feeds, told=NETWORK in told):
            return current
        since = min(feed.first_failed_at for feed in unreachable if feed.first_failed_at is not None)
        text = (
            f"{len(unreachable)} of {feeds} feeds cannot be reached since {since:%Y-%m-%d %H:%M} UTC, "
            f"for example {unreachable[0].url} ({unreachable[0].last_error}).\n"
            "So many at once rather point to this machine: its network, its name servers or its proxy. Single feeds are not told until this is over."
        )
        of_ours = {f"feed_failing:{feed.url}" for feed in unreachable} - told
        kept = {key: notice for key, notice in current.items() if key not in of_ours}
        return kept | {NETWORK: Notice(key=NETWORK, subject=f"{len(unreachable)} of {feeds} feeds cannot be reached", text=text)}

    async def _tell(self, new: Sequence[Notice], over: Sequence[str], now: datetime) -> None:
        wiring = self._runtime.wiring

        def unit(conn: store.Connection) -> None:
            blind = store.health.blind(conn)
            names = dict(store.health.names(conn)) if new else {}
            lines = _coverage(wiring, blind, names) if new else ""
            if len(new) > MOST_SINGLE:
                fresh = [notice for notice in new if store.alerts.raise_once(conn, notice.key, now=now)]
                if fresh:  # else another process has told of them
                    operators.raise_notice(conn, wiring, _many(fresh, lines), now=now, again=True)
                    store.alerts.clear(conn, "feeds_in_trouble", now=now)
            else:
                for notice in new:
                    whole = Notice(key=notice.key, subject=notice.subject, text=notice.text + lines, severity=notice.severity)
                    operators.raise_notice(conn, wiring, whole, now=now)
            if len(over) > MOST_SINGLE:
                cleared = [key for key in over if store.alerts.clear(conn, key, now=now)]
                if cleared:
                    operators.raise_notice(conn, wiring, _many_over(cleared), now=now, again=True)
                    store.alerts.clear(conn, "over:feeds", now=now)
            else:
                operators.clear_notices(conn, wiring, over, now=now)

        await self._runtime.store.write(unit)
        self._runtime.hints.deliveries.set()
        log.get().info("sources.judged", new=len(new), over=len(over))


def _dead(ill: Sequence[store.health.Ill], told: set[str], max_interval: timedelta) -> set[FeedId]:
    """Return the feeds that have failed for long enough to be told.

    With them go those that began to fail in the same hour, where they are many: their retries are spread, but it is one event.
    """
    failing = [feed for feed in ill if feed.failures]
    dead = {f.id for f in failing if health.failing(f.failures, f.first_failed_at, f.last_polled_at, max_interval)}
    begun = [f.first_failed_at for f in failing if f.id in dead and f.first_failed_at and f"feed_failing:{f.url}" not in told]
    if not begun:
        return dead
    first, last = min(begun) - SAME_EVENT, max(begun) + SAME_EVENT
    together = {f.id for f in failing if f.first_failed_at is not None and first <= f.first_failed_at <= last}
    return dead | together if len(together) > MOST_SINGLE else dead


def _judge(heard: Sequence[store.health.Heard]) -> tuple[list[int], list[int]]:
    """Return the feeds that have gone quiet, and those marked so that have not."""
    quiet, again = list[int](), list[int]()
    for feed in heard:
        known = rhythm.unpack(feed.rhythm, feed.baseline_at.timestamp())
        improbable = health.silence(known, until=feed.last_success_at).improbable
        if improbable and feed.quiet_at is None:
            quiet.append(feed.id)
        elif feed.quiet_at is not None and known.news_at > feed.quiet_at.timestamp():
            again.append(feed.id)
    return quiet, again


def _failing(feed: store.health.Ill) -> Notice:
    what = "no longer a feed" if (feed.last_error or "").startswith("not_a_feed") else "failing"
    text = (
        f"{feed.url} has failed {feed.failures} times in a row since {_when(feed.first_failed_at)}.\n"
        f"Last answer: {feed.last_error}\nIt goes on being polled, more and more rarely."
    )
    return Notice(key=f"feed_failing:{feed.url}", subject=f"Feed {feed.name} is {what}", text=text)


def _quiet(feed: store.health.Ill) -> Notice:
    text = (
        f"{feed.url} answers, but has brought nothing new since {_when(feed.last_news_at)}. "
        "By its own rhythm so long a silence is improbable (p < 0.001), and it has never been silent for so long.\n"
        "Perhaps it has moved, or is no longer fed. Its server is asked once a day for the whole document, in case its 304s are wrong."
    )
    return Notice(key=f"feed_quiet:{feed.url}", subject=f"Feed {feed.name} has gone quiet", text=text)


def _lying(feed: store.health.Ill) -> Notice:
    text = (
        f"The server of {feed.url} answered 304 Not Modified while the feed had new entries (found {_when(feed.lied_at)}).\n"
        "Its whole document is asked for from now on; its 304s are tried again in thirty days."
    )
    return Notice(key=f"feed_lying:{feed.url}", subject=f"Feed {feed.name}: its server hides news", text=text)


def _repeating(url: str, name: str, count: int) -> Notice:
    text = (
        f"{url} brought {count} entries in 24 hours that are one and the same: one title, one address, a new id each time.\n"
        'A rule with repeat = "story" tells it once; look at the feed whether it still carries anything else.'
    )
    return Notice(key=f"feed_repeating:{url}", subject=f"Feed {name} repeats one item", text=text)


def _barren(row: store.health.Pages) -> Notice:
    text = (
        f"The last {row.lost} articles of {row.url} gave no text, while {row.had_before} of {row.had_before + row.lost_before} did in the two days before.\n"
        "Rules see only the feed's own text. Perhaps the site has changed, asks for consent, or refuses us: "
        "`watcher why URL` of one of its articles says what came."
    )
    return Notice(key=f"feed_barren:{row.url}", subject=f"Feed {row.name}: its articles give no text any more", text=text)


def _many(new: Sequence[Notice], lines: str) -> Notice:
    shown = "\n\n".join(f"{notice.subject}\n{notice.text.partition(chr(10))[0]}" for notice in new[:NAMED])
    more = f"\n\nand {len(new) - NAMED} more: watcher feeds list --failing" if len(new) > NAMED else ""
    return Notice(key="feeds_in_trouble", subject=f"{len(new)} feeds are in trouble", text=shown + more + lines)


def _many_over(keys: Sequence[str]) -> Notice:
    shown = "\n".join(operators.in_words(key) for key in keys[:NAMED])
    more = f"\nand {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return Notice(
        key="over:feeds",
        subject=f"Over: {len(keys)} feeds have recovered",
        text=f"These are over:\n{shown}{more}",
        severity=Severity.NORMAL,
    )


def _coverage(wiring: Wiring, blind: frozenset[str], names: Mapping[str, str]) -> str:
    """Lines to append to a notice: what is left of each rule that lost something."""
    hurt = [each for each in coverage.coverage(wiring.config.rules, wiring.config.feeds, blind, dict(names)) if each.blind]
    if not hurt:
        return ""
    shown = "\n".join(f"- {each}" for each in hurt[:NAMED])
    return f"\n\nWhat the rules still see:\n{shown}"


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "the beginning"
