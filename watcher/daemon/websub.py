"""WebSub in the daemon: subscriptions kept at hubs, and what hubs deliver.

    a changed document names a hub               -> a row, wanted                      ``note``, in the poll's transaction
    every few seconds: whom is to be asked?     -> POST to the hub, after the wish was written     ``Hubs.tick``
    the hub asks back                            -> the challenge, for a pending wish alone         ``Hubs.verify``
    the hub delivers                             -> 202 at once; then signature, parse, store       ``Hubs.deliver``
    four fifths of the lease have passed         -> the same again

Polling goes on beside it, more slowly while deliveries bring what is new, and as often as ever after one that was missed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from watcher import store
from watcher.daemon import log, metrics
from watcher.daemon.runtime import Runtime, Wiring
from watcher.daemon.workers import WorkerLost
from watcher.errors import FetchError, ParseError, StoreError
from watcher.feeds import items, parse, schedule, websub
from watcher.model import Document, FeedState
from watcher.net import Client, Limits

AT_ONCE = 20  # hubs asked in one turn
MOST_UNREAD = 32  # deliveries in work; beyond it a delivery only makes its feed due
MOST_REDIRECTS = 3
MOST_CHALLENGE = 4_096
MOST_GOODBYES = 3
PATH = "/websub/"
_ACCEPTED = range(200, 300)


def callbacks(wiring: Wiring) -> str | None:
    """Return where callbacks lie, or None where there can be none: no page, no public address, or not wanted."""
    web = wiring.config.web
    if web is None or web.public_url is None or not wiring.config.fetch.websub:
        return None
    return web.public_url.rstrip("/") + PATH


def note(conn: store.Connection, wiring: Wiring, state: FeedState, document: Document, *, now: datetime) -> None:
    """Note the hub that a feed's document names; part of the poll's transaction."""
    where = callbacks(wiring)
    if where is None:
        return
    store.subscriptions.note(
        conn,
        state.id,
        hub=document.info.hub,
        topic=document.info.self_url or state.fetch_url,
        callback=where,
        token=secrets.token_urlsafe(32),
        secret=secrets.token_urlsafe(48),
        now=now,
    )


def leave(conn: store.Connection, wiring: Wiring, *, now: datetime) -> None:
    """Begin to leave hubs that a new configuration no longer wants; part of its adoption."""
    store.subscriptions.leave(conn, now=now, everything=callbacks(wiring) is None)


class Hubs:
    """Keeps the subscriptions, and answers hubs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reading: set[asyncio.Task[None]] = set()

    # --- asking ----------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Ask the hubs that are to be asked."""
        runtime, now = self._runtime, self._runtime.now()
        rows = await runtime.store.read(lambda conn: store.subscriptions.due(conn, now=now, limit=AT_ONCE))
        await asyncio.gather(*(self._ask(row) for row in rows))

    async def _ask(self, row: store.subscriptions.Subscription) -> None:
        runtime, now = self._runtime, self._runtime.now()
        mode = "unsubscribe" if row.state == "leaving" else "subscribe"
        if mode == "unsubscribe" and row.attempts >= MOST_GOODBYES:
            await runtime.store.write(lambda conn: store.subscriptions.drop(conn, row))
            return
        again = now + max(websub.ANSWER_WITHIN, websub.retry(row.attempts + 1))
        # Written first: a hub may ask back before it answers.
        if not await runtime.store.write(lambda conn: store.subscriptions.asking(conn, row, mode, now=now, again_at=again)):
            return
        body = websub.form(mode, row.topic, row.callback, secret=row.secret)
        try:
            status, said = await _post(runtime.wiring.client, row.hub, body, runtime.wiring.limits)
        except FetchError as error:
            status, said = 0, error.reason
        metrics.WEBSUB.labels("asked" if status in _ACCEPTED else "refused").inc()
        if status in _ACCEPTED:
            log.get().info("websub.asked", feed=row.url, hub=row.hub, mode=mode)
            return
        wait = websub.REFUSED_RETRY if 400 <= status < 500 else websub.retry(row.attempts + 1)
        log.get().warning("websub.refused", feed=row.url, hub=row.hub, mode=mode, status=status, why=said)
        await runtime.store.write(lambda conn: store.subscriptions.refused(conn, row, reason=f"{status} {said}", again_at=now + wait))

    # --- being asked -----------------------------------------------------------------------------------------------

    async def verify(self, token: str, query: Mapping[str, str]) -> str | None:
        """Answer a hub that asks whether we mean it: the challenge, "" for a denial that was noted, None for what nobody asked for."""
        row = await self._runtime.store.read(lambda conn: store.subscriptions.by_token(conn, token))
        mode, challenge = query.get("hub.mode", ""), query.get("hub.challenge", "")
        if row is None or query.get("hub.topic") != row.topic:
            return None
        now = self._runtime.now()
        if mode == "denied":
            why = query.get("hub.reason", "")
            log.get().warning("websub.denied", feed=row.url, hub=row.hub, why=why[:200])
            again = now + websub.REFUSED_RETRY
            await self._runtime.store.write(lambda conn: store.subscriptions.denied(conn, row, reason=why, again_at=again))
            return ""
        if mode != row.wish or not 0 < len(challenge) <= MOST_CHALLENGE:
            return None
        if mode == "unsubscribe":
            await self._runtime.store.write(lambda conn: store.subscriptions.drop(conn, row))
        else:
            length = websub.lease(query.get("hub.lease_seconds"))
            until, renew = now + length, now + websub.renewal(length)
            await self._runtime.store.write(lambda conn: store.subscriptions.confirmed(conn, row, lease_until=until, renew_at=renew))
        log.get().info("websub.verified", feed=row.url, hub=row.hub, mode=mode)
        return challenge

    async def refuses(self, token: str) -> int | None:
        """Return the status for a delivery that nobody waits for (404: never heard of; 410: no longer wanted), None for one that is read."""
        row = await self._runtime.store.read(lambda conn: store.subscriptions.by_token(conn, token))
        if row is None:
            return 404
        return None if row.state == "active" else 410

    async def deliver(self, token: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take a delivery over. What is not signed as agreed is ignored; the rest is read after the hub has its answer."""
        row = await self._runtime.store.read(lambda conn: store.subscriptions.by_token(conn, token))
        if row is None:
            return
        fault = websub.fault(headers.get("x-hub-signature"), row.secret, body, least=self._runtime.wiring.config.fetch.websub_signature)
        metrics.WEBSUB.labels(fault or "delivered").inc()
        if fault is not None:
            log.get().warning("websub.ignored", feed=row.url, hub=row.hub, why=fault)
            return
        if len(self._reading) >= MOST_UNREAD:
            await self._poll(row)
            return
        task = asyncio.create_task(self._read(row, headers, body))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, row: store.subscriptions.Subscription, headers: Mapping[str, str], body: bytes) -> None:
        """Parse a delivery as a poll would, and store what is new of it; whatever cannot be read makes the feed due instead."""
        runtime = self._runtime
        try:
            state = await runtime.store.read(lambda conn: store.feeds.state_of(conn, row.feed_id))
            if state is None or row.url not in runtime.wiring.feeds:
                return
            if state.baseline_at is None or not body.strip():
                await self._poll(row)
                return
            document: Document = await runtime.workers.call(
                parse.parse,
                body,
                url=state.fetch_url,
                headers={name: headers[name] for name in ("content-type",) if name in headers},
                known=state.known_spans,
                span_count=state.span_count,
                baseline=False,
                newest=0,
            )
            await self._store(row, state, document)
        except (ParseError, WorkerLost) as error:
            metrics.WEBSUB.labels("unreadable").inc()
            log.get().warning("websub.unreadable", feed=row.url, hub=row.hub, why=str(error))
            await self._poll(row)
        except StoreError as error:  # the next poll brings it
            log.get().error("websub.not_stored", feed=row.url, error=str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours with one delivery; the feed is polled instead
            log.get().error("websub.broken", feed=row.url, error=log.describe(error))
            await self._poll(row)

    async def _store(self, row: store.subscriptions.Subscription, state: FeedState, document: Document) -> None:
        runtime, now = self._runtime, self._runtime.now()

        def unit(conn: store.Connection) -> store.arrivals.Finished:
            finished = store.feeds.add(conn, state.id, document, now=now)
            if finished.readable:
                news = [entry.published_at for entry in document.entries]
                store.subscriptions.pushed(conn, row, rhythm=schedule.learn(state, news, now=now), now=now)
            return finished

        finished = await runtime.store.write(unit)
        metrics.ENTRIES.labels("new").inc(finished.readable)
        log.get().info("websub.done", feed=row.url, new=finished.readable)
        if finished.readable:
            runtime.hints.entries.set()
        if not document.complete:
            await self._poll(row)

    async def _poll(self, row: store.subscriptions.Subscription) -> None:
        """Make the feed due, though not more often than any other."""
        runtime, now = self._runtime, self._runtime.now()
        state = await runtime.store.read(lambda conn: store.feeds.state_of(conn, row.feed_id))
        if state is None or (state.last_polled_at is not None and now - state.last_polled_at < runtime.wiring.policy.min_interval):
            return
        await runtime.store.write(lambda conn: store.feeds.make_due(conn, [row.url], now=now))
        runtime.hints.feeds.set()


def without_push(state: FeedState) -> FeedState:
    """Return a feed's state as if its pushes did not work, to find out when it is then to be polled."""
    return replace(state, push_until=None)


async def _post(client: Client, hub: str, body: bytes, limits: Limits) -> tuple[int, str]:
    """POST a form to a hub, and again where a 307 or 308 leads, each address judged anew.

    :raises FetchError: as ``Client.post``.
    """
    url = hub
    brief = replace(limits, total=min(limits.total, timedelta(seconds=15).total_seconds()))
    for _ in range(MOST_REDIRECTS + 1):
        reply = await client.post(url, body, headers=[("Content-Type", "application/x-www-form-urlencoded")], limits=brief)
        target = items.absolute(reply.headers.get("Location"), url) if reply.status in (307, 308) else None
        if target is None:
            return reply.status, reply.body[:200].decode("utf-8", "replace")
        url = target
    return 310, "too many redirects"
