"""The poller: feeds that are due -> new entries.

claim feeds that are due, a few of each host       store.feeds.claim
wait for a slot of the host                          feeds.hosts, asked through daemon.politeness
fetch, with validators                               daemon.doubt           FetchError -> a later due time
304, or the same bytes as last time?                 one row of the next batch: due_at, nothing else
parse what is new, in a worker process               feeds.parse            ParseError -> a later due time
decide what it means for the feed                    daemon.outcome
ONE transaction: new entries, validators, due_at     store.feeds.finish     WHERE epoch = mine
tell operators what must be told                     daemon.operators
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from watcher import store
from watcher.daemon import doubt, faultpoints, log, metrics, operators, outcome, websub
from watcher.daemon.leases import LEASE, Leases
from watcher.daemon.runtime import Runtime, Wiring
from watcher.daemon.supervise import Pulse
from watcher.daemon.workers import WorkerLost
from watcher.errors import FetchError, ParseError, StoreError
from watcher.feeds import fetch, hosts, parse, schedule
from watcher.model import Document, Feed, FeedState

# A poll in a crowd costs a third of a poll alone: claims, requests and finishes come in groups, at most so far apart.
GATHER_SECONDS = 0.25
FLUSH_SECONDS = 0.3  # of unchanged polls that no claim takes along
FLUSH_ROWS = 250
TOGETHER_SECONDS = 0.025  # hosts that may be asked again within it are asked together
WHOLE_PARSE_EVERY = timedelta(days=1)  # the cut of known items is checked against the whole from time to time
FIRST_ENTRIES = 2_000

_UNCHANGED = metrics.POLLS.labels("unchanged")  # looked up once: it is counted at every poll


def _is_ill(state: FeedState) -> bool:
    return state.failures > 0


class Block(NamedTuple):
    """A host that asked to be left alone. ``reason`` is the failure's word."""

    host: str
    pause: timedelta
    reason: str = ""


class Poller:
    """Polls feeds until the daemon stops; with ``runtime.once`` until none is due."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.leases = Leases(runtime.store, store.feeds.renew)
        self._ready: dict[str, deque[FeedState]] = {}  # by host
        self._waiting = 0
        self._ill_waiting = self._ill_running = 0  # of feeds that failed the last time, and may hold a slot until a time-out
        self._tasks: set[asyncio.Task[None]] = set()
        self._unchanged: list[store.feeds.Unchanged] = []
        self._flush: asyncio.TimerHandle | None = None
        self._flushing: set[asyncio.Task[None]] = set()
        self._look_at = 0.0
        self._begun_at = runtime.now()
        self._room = False  # a slot was released while feeds wait: no reason to claim

    async def run(self, pulse: Pulse) -> None:
        """Poll until told to stop, then wait for what is in flight."""
        runtime, loop = self._runtime, asyncio.get_running_loop()
        try:
            while not runtime.stopping.is_set():
                pulse.beat()
                hungry = self._waiting - self._ill_waiting < self._concurrency
                called = runtime.hints.feeds.is_set() and not self._room
                self._room = False
                runtime.hints.feeds.clear()
                if hungry and (called or loop.time() >= self._look_at):
                    await self._claim()
                wait = self._start()
                if runtime.once and not (self._waiting or self._tasks or self._unchanged or self._flushing):
                    return
                await runtime.pause(runtime.hints.feeds, min(wait, self._look_at - loop.time()) if hungry else wait)
        finally:
            await self._drain()

    @property
    def _concurrency(self) -> int:
        return self._runtime.wiring.config.fetch.concurrency

    async def _claim(self) -> None:
        """Claim what is due and find out when to look again."""
        runtime, loop = self._runtime, asyncio.get_running_loop()
        now, limit = runtime.now(), 2 * self._concurrency
        if runtime.once:  # what becomes due while the pass is on is the next pass's: on a slow day it would never end
            now, lease = self._begun_at, LEASE + (now - self._begun_at)
        else:
            lease = LEASE
        per_host = runtime.hosts.per_host
        busy = [host for host, queue in self._ready.items() if sum(not state.failures for state in queue) >= per_host]
        well_only = self._ill_waiting >= self._concurrency
        polled = self._take_unchanged()

        def unit(conn: store.Connection) -> tuple[list[FeedState], list[tuple[str, datetime]], datetime | None]:
            store.feeds.finish_unchanged(conn, polled)
            claimed = store.feeds.claim(conn, now=now, lease=lease, limit=limit, per_host=per_host, busy_hosts=busy, well_only=well_only)
            blocked = store.hosts.blocked(conn, now=now)
            if len(claimed) >= limit:
                return claimed, blocked, now
            due = store.feeds.next_due_at(conn, without=[host for host, _ in blocked])
            return claimed, blocked, min([*([due] if due else []), *(until for _, until in blocked)], default=None)

        try:
            claimed, blocked, next_due = await runtime.store.write(unit)
        finally:
            self._release(polled)
        back = []
        for host, until in blocked:  # by another process, for an article's page, or before a restart: not every reader asks the store
            back += self._shelve(Block(host, until - now))
        if back:
            await runtime.store.write(lambda conn: store.feeds.give_back(conn, back, now=now))
        self.leases.hold((state.id, state.epoch) for state in claimed)
        for state in sorted(claimed, key=_is_ill):
            queue = self._ready.setdefault(state.host, deque())
            if not _is_ill(state) and queue and _is_ill(queue[-1]):
                queue.appendleft(state)
            else:
                queue.append(state)
        self._count(claimed, +1)
        if claimed:
            faultpoints.reach("feeds.claimed")
        ahead = runtime.look_seconds if next_due is None else max(0.0, (next_due - now).total_seconds()) + GATHER_SECONDS
        self._look_at = loop.time() + min(runtime.look_seconds, ahead)

    def _start(self) -> float:
        """Start what may start; return the seconds after which a host that is waited for may be free."""
        runtime = self._runtime
        now = asyncio.get_running_loop().time()
        soonest = runtime.look_seconds
        for host in list(self._ready):
            queue = self._ready[host]
            while queue:
                if len(self._tasks) >= self._concurrency:
                    return soonest
                ill = _is_ill(queue[0])
                if ill and self._ill_running >= max(1, self._concurrency // 2):  # behind it are only others that are ill
                    break
                wait = runtime.hosts.try_start(host, now, ill=ill)
                if wait is None:  # all its slots are taken: the end of one of them wakes us
                    break
                if wait > 0:
                    soonest = min(soonest, wait)
                    break
                state = queue.popleft()
                task = asyncio.create_task(self._poll(state))
                self._count((state,), -1)
                self._ill_running += ill
                self._tasks.add(task)
                task.add_done_callback(self._ended)
            if not queue:
                del self._ready[host]
        return max(soonest, TOGETHER_SECONDS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._ready or self._runtime.once:
            self._room = True
            self._runtime.hints.feeds.set()
        if not task.cancelled() and (error := task.exception()) is not None:  # a fault of ours: the lease brings the feed back
            log.get().error("poll.broken", error=log.describe(error))

    async def _poll(self, state: FeedState) -> None:
        """One poll of one feed, from its slot to its finish."""
        runtime, wiring = self._runtime, self._runtime.wiring
        feed = wiring.feeds.get(state.url)
        try:
            try:
                if feed is None:  # removed by a reload since it was claimed
                    self.leases.release(state.id)
                    return
                asked = await doubt.ask(wiring.client, feed, state, wiring.limits, runtime.now())
            finally:
                self._ill_running -= _is_ill(state)
                runtime.hosts.end(state.host, asyncio.get_running_loop().time(), ill=_is_ill(state))
            faultpoints.reach("feeds.fetched")
            if isinstance(asked.answer, fetch.NotModified) or asked.answer.body_hash == state.body_hash:
                await self._unchanged_poll(state, feed, wiring, asked)
            else:
                await self._changed_poll(asked.state, feed, wiring, asked.answer, contradicted=asked.contradicted)
        except (FetchError, ParseError) as error:
            await self._failed_poll(state, feed, wiring, error)  # type: ignore[arg-type]  # raised only with a feed
        except StoreError as error:
            log.get().error("poll.not_stored", feed=state.url, error=str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours with one feed: it backs off like any other, and is told
            why = log.describe(error)
            log.get().error("poll.broken", feed=state.url, error=why)
            await self._failed_poll(state, feed, wiring, ParseError(state.url, "internal", why))  # type: ignore[arg-type]  # as above

    async def _unchanged_poll(self, state: FeedState, feed: Feed, wiring: Wiring, asked: doubt.Asked) -> None:
        now, jitter, answer = self._runtime.now(), self._runtime.random.random(), asked.answer
        _UNCHANGED.inc()
        if asked.state is state and outcome.only_rescheduled(state, answer):
            due_at, interval = schedule.after_success(state, feed, wiring.policy, hints=answer.hints, now=now, jitter=jitter)
            self._unchanged.append(store.feeds.Unchanged(state.id, state.epoch, due_at, interval, now))
            if len(self._unchanged) >= FLUSH_ROWS:
                self._flush_now()
            elif self._flush is None:
                self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush_now)
            return
        after = outcome.unchanged(asked.state, feed, wiring.policy, answer, now=now, jitter=jitter)
        await self._finish(state, after, wiring, feed)

    async def _changed_poll(
        self, state: FeedState, feed: Feed, wiring: Wiring, answer: fetch.Response, *, contradicted: bool = False
    ) -> None:
        document = await self._parse(state, feed, answer)
        faultpoints.reach("feeds.parsed")
        if contradicted and document.entries:
            state = replace(state, lied_at=self._runtime.now())
        after = outcome.changed(state, feed, wiring.policy, answer, document, now=self._runtime.now(), jitter=self._runtime.random.random())
        metrics.POLLS.labels("changed").inc()
        await self._finish(state, after, wiring, feed, document)

    async def _parse(self, state: FeedState, feed: Feed, answer: fetch.Response) -> Document:
        baseline = state.baseline_at is None
        whole = state.full_parse_at is not None and self._runtime.now() - state.full_parse_at > WHOLE_PARSE_EVERY
        try:
            return await self._runtime.workers.call(
                parse.parse,
                answer.body,
                url=answer.url,
                headers=answer.headers,
                known=b"" if whole else state.known_spans,
                span_count=state.span_count,
                baseline=baseline,
                newest=min(feed.backfill, FIRST_ENTRIES),
            )
        except WorkerLost as error:
            metrics.WORKERS_LOST.labels("feed").inc()
            raise ParseError(answer.url, "worker", f"the document {error}") from None

    async def _failed_poll(self, state: FeedState, feed: Feed, wiring: Wiring, error: FetchError | ParseError) -> None:
        after = outcome.failed(state, feed, wiring.policy, error, now=self._runtime.now(), jitter=self._runtime.random.random())
        metrics.POLLS.labels("failed").inc()
        metrics.FETCH_ERRORS.labels(error.reason).inc()
        pause = None
        if isinstance(error, FetchError):
            shortest, longest = wiring.policy.min_interval, wiring.policy.max_interval
            pause = hosts.pause_of(
                error, shortest=shortest, longest=longest, worked=state.failures == 0 and state.last_success_at is not None
            )
        block = Block(hosts.host_of(error.url), pause, error.reason) if pause is not None else None
        log.get().warning(
            "poll.failed", feed=state.url, reason=error.reason, why=str(error), failures=after.failures, next=after.due_at or "never"
        )
        await self._finish(state, after, wiring, feed, block=block)

    async def _finish(
        self,
        state: FeedState,
        after: FeedState,
        wiring: Wiring,
        feed: Feed,
        document: Document | None = None,
        block: Block | None = None,
    ) -> None:
        """The poll's one transaction, and what follows from it."""
        now, name = self._runtime.now(), feed.name or after.title or after.host
        told, over = outcome.notices(state, after, name)
        restored = after.due_at
        if state.push_until is not None and after.failures == 0:  # when it is due if this poll finds what no hub has delivered
            ordinary = schedule.adapt(websub.without_push(after), wiring.policy, now=now)
            restored = min(after.due_at or now, now + ordinary)
        back = self._shelve(block) if block is not None else []

        def unit(conn: store.Connection) -> store.arrivals.Finished | None:
            faultpoints.reach("feeds.commit")
            finished = store.feeds.finish(
                conn, after, document=document, baseline=state.baseline_at is None, backfill=feed.backfill, now=now
            )
            if block is not None:  # for all feeds of the host, in every process, and after a restart
                store.hosts.block(conn, block.host, until=now + block.pause, reason=block.reason)
                store.feeds.give_back(conn, back, now=now)
            if finished is not None:
                if document is not None:
                    websub.note(conn, wiring, after, document, now=now)
                if finished.readable and state.push_until is not None:
                    store.subscriptions.missed(conn, state.id, due_at=restored)
                moved = [outcome.renumbered(state, name, finished.known, finished.readable, now=now)] if finished.moved else []
                for notice in [*told, *moved]:
                    operators.raise_notice(conn, wiring, notice, now=now)
                operators.clear_notices(conn, wiring, over, now=now)
            return finished

        finished = await self._runtime.store.write(unit, patient=True)
        self.leases.release(state.id)
        faultpoints.reach("feeds.committed")
        if finished is None:
            log.get().warning("poll.lost_lease", feed=state.url)
            return
        if document is not None:
            self._log_document(state, document, finished, name)
        if finished.readable:
            self._runtime.hints.entries.set()
        if told or over or finished.moved:
            self._runtime.hints.deliveries.set()

    def _count(self, states: Iterable[FeedState], change: int) -> None:
        for state in states:
            self._waiting += change
            self._ill_waiting += change * _is_ill(state)

    def _shelve(self, block: Block) -> list[tuple[int, int]]:
        """Let nobody start on a host, and return the claims that wait for it: they would only hold the places of others."""
        self._runtime.hosts.block(block.host, block.pause, asyncio.get_running_loop().time())
        waiting = self._ready.pop(block.host, ())
        self._count(waiting, -1)
        for state in waiting:
            self.leases.release(state.id)
        return [(state.id, state.epoch) for state in waiting]

    def _log_document(self, state: FeedState, document: Document, finished: store.arrivals.Finished, name: str) -> None:
        metrics.ENTRIES.labels("new").inc(finished.readable)
        metrics.ENTRIES.labels("known").inc(finished.known)
        event = "poll.baseline" if state.baseline_at is None else "poll.done"
        extra = {"problems": "; ".join(document.problems)} if document.problems else {}
        if document.skipped:
            extra["skipped"] = ", ".join(f"{count} {why}" for why, count in document.skipped)
        log.get().info(event, feed=state.url, name=name, new=finished.readable, known=finished.known, **extra)

    def _flush_now(self) -> None:
        """Hand the unchanged polls of the last moment to the store, as one statement."""
        if rows := self._take_unchanged():
            task = asyncio.create_task(self._finish_unchanged(rows))
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)

    def _take_unchanged(self) -> list[store.feeds.Unchanged]:
        """What is to be recorded with the next transaction, whichever it is."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        rows, self._unchanged = self._unchanged, []
        return rows

    def _release(self, rows: list[store.feeds.Unchanged]) -> None:
        for row in rows:
            self.leases.release(row.id)

    async def _finish_unchanged(self, rows: list[store.feeds.Unchanged]) -> None:
        try:
            await self._runtime.store.write(lambda conn: store.feeds.finish_unchanged(conn, rows))
        except StoreError as error:  # the leases run out and the feeds are polled again
            log.get().error("poll.not_stored", feeds=len(rows), error=str(error))
        finally:
            self._release(rows)
            if self._runtime.once:
                self._runtime.hints.feeds.set()

    async def _drain(self) -> None:
        """Give back what was not started, wait for what was, and flush."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._runtime.drain_seconds)
        finally:
            for task in list(self._tasks):
                task.cancel()
            self._flush_now()
            if self._flushing:
                await asyncio.wait(self._flushing, timeout=2)
            self._ready.clear()
            self._waiting = self._ill_waiting = 0
            back = self.leases.rows()
            if back:
                now = self._runtime.now()
                await self._runtime.store.write(lambda conn: store.feeds.give_back(conn, back, now=now))
