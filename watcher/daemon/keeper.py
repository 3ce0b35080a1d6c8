"""The keeper: the timetable beside the three loops.

A handful of APScheduler jobs in memory, never one per feed: the sources' health, retention, a watch on the wall clock, the operators' heartbeat,
escalations, the end of silences, edits of told articles, statistics for STATUS and /metrics. A job that fails says so and runs again at its next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from watcher import store
from watcher.daemon import handover, log, metrics, operators, systemd
from watcher.daemon.rereads import Rereads
from watcher.daemon.runtime import Runtime
from watcher.daemon.sources import Sources
from watcher.daemon.supervise import Pulse
from watcher.daemon.websub import Hubs
from watcher.errors import FetchError

STATUS_SECONDS = 10
CLOCK_SECONDS = 5
ESCALATION_SECONDS = 1
SILENCE_SECONDS = 5
CLOCK_TOLERANCE = timedelta(seconds=20)
LAG_SECONDS = 0.25
PRUNE_HOURS = 6
SOURCES_SECONDS = 10
END_SECONDS = 2.0
HUBS_SECONDS = 3
REREADS_SECONDS = 10
LONGEST_RETRY = timedelta(minutes=5)  # an entry never waits longer between two tries (see the reader)

Job = Callable[[], Awaitable[None]]


class Keeper:
    """Runs the timetable until the daemon stops."""

    def __init__(self, runtime: Runtime, notifier: systemd.Notifier, hubs: Hubs) -> None:
        self._runtime, self._notifier = runtime, notifier
        self._sources, self._hubs, self._rereads = Sources(runtime), hubs, Rereads(runtime)
        self._offset = self._wall_minus_monotonic()
        self._running: set[asyncio.Task[None]] = set()
        self._heartbeat_every: timedelta | None = None  # as it is in the timetable

    async def run(self, pulse: Pulse) -> None:
        """Keep the timetable; returns when the daemon stops."""
        timetable = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1})
        jobs: list[tuple[Job, timedelta]] = [
            (self._status, timedelta(seconds=STATUS_SECONDS)),
            (self._watch_clock, timedelta(seconds=CLOCK_SECONDS)),
            (self._escalate, timedelta(seconds=ESCALATION_SECONDS)),
            (self._end_silences, timedelta(seconds=SILENCE_SECONDS)),
            (self._look_at_sources, timedelta(seconds=SOURCES_SECONDS)),
            (self._ask_hubs, timedelta(seconds=HUBS_SECONDS)),
            (self._read_again, timedelta(seconds=REREADS_SECONDS)),
            (self._prune, timedelta(hours=PRUNE_HOURS)),
        ]
        for job, every in jobs:
            self._add(timetable, job, every)
        timetable.start()
        try:
            while not self._runtime.stopping.is_set():
                pulse.beat()
                self._follow_heartbeat(timetable)
                await self._measure_lag()
        finally:
            await self._end(timetable)

    def _add(self, timetable: AsyncIOScheduler, job: Job, every: timedelta) -> None:
        soon = datetime.now(UTC) + min(every, timedelta(seconds=1))
        seconds = every.total_seconds()
        timetable.add_job(self._guard(job), "interval", seconds=seconds, next_run_time=soon, id=job.__name__, replace_existing=True)

    def _follow_heartbeat(self, timetable: AsyncIOScheduler) -> None:
        """Put the heartbeat in the timetable as the configuration in force has it: a reload may begin it, change its pace or end it."""
        settings = self._runtime.wiring.config.operators
        every = settings.heartbeat_every if settings is not None and settings.heartbeat_url is not None else None
        if every == self._heartbeat_every:
            return
        if every is None:
            timetable.remove_job(self._heartbeat.__name__)
        else:
            self._add(timetable, self._heartbeat, every)
        self._heartbeat_every = every

    async def _end(self, timetable: AsyncIOScheduler) -> None:
        """Begin nothing more and wait a moment for what runs; the timetable prints a traceback of a job that it cancels."""
        timetable.pause()
        await asyncio.sleep(0)  # what was handed over begins
        if self._running:
            await asyncio.wait(self._running, timeout=END_SECONDS)
        timetable.shutdown(wait=False)

    def _guard(self, job: Job) -> Job:
        async def guarded() -> None:
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            try:
                await job()
            except asyncio.CancelledError:  # it outlasted its moment: the timetable would print a traceback
                return
            except Exception as error:  # noqa: BLE001  a job's failure must not end the timetable
                log.get().error("keeper.failed", job=job.__name__, error=log.describe(error))
            finally:
                self._running.discard(task)

        guarded.__name__ = job.__name__
        return guarded

    async def _measure_lag(self) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        await asyncio.sleep(LAG_SECONDS)
        metrics.LOOP_LAG.observe(max(0.0, loop.time() - asked - LAG_SECONDS))

    async def _status(self) -> None:
        """One line for ``systemctl status``, and the gauges."""
        summary = await self._runtime.store.read(lambda conn: store.status.summary(conn, now=self._runtime.now()))
        metrics.FEEDS.labels("ok").set(summary.feeds - summary.failing - summary.stopped)
        metrics.FEEDS.labels("failing").set(summary.failing)
        metrics.FEEDS.labels("stopped").set(summary.stopped)
        metrics.DUE.set(summary.deliveries_due)
        metrics.DEAD.set(summary.deliveries_dead)
        parts = [
            f"{summary.feeds} feeds ({summary.failing} failing)",
            f"{summary.entries_waiting} entries waiting",
            f"{summary.deliveries_due} deliveries due",
        ]
        if summary.deliveries_dead:
            parts.append(f"{summary.deliveries_dead} dead")
        if summary.channels_down:
            parts.append(f"channels down: {', '.join(summary.channels_down)}")
        self._notifier.status(", ".join(parts))

    async def _watch_clock(self) -> None:
        """After a wall clock that jumped back, nothing may lie further ahead than it ever would (T12)."""
        offset = self._wall_minus_monotonic()
        jump, self._offset = offset - self._offset, offset
        if abs(jump) < CLOCK_TOLERANCE:
            return
        horizon = 4 * self._runtime.wiring.policy.max_interval
        now = self._runtime.now()

        def unit(conn: store.Connection) -> tuple[int, int, int]:
            return (
                store.feeds.clamp(conn, now=now, horizon=horizon),
                store.entries.clamp(conn, now=now, horizon=LONGEST_RETRY),
                store.deliveries.clamp(conn, now=now),
            )

        feeds, entries, deliveries = await self._runtime.store.write(unit)
        log.get().warning("clock.jumped", seconds=round(jump.total_seconds()), feeds=feeds, entries=entries, deliveries=deliveries)
        for hint in (self._runtime.hints.feeds, self._runtime.hints.entries, self._runtime.hints.deliveries):
            hint.set()

    async def _escalate(self) -> None:
        """Tell the next ones of urgent alerts that nobody has acknowledged."""
        runtime, now = self._runtime, self._runtime.now()
        if not await runtime.store.read(lambda conn: store.escalations.waits(conn, now=now)):
            return
        told = await runtime.store.write(lambda conn: handover.escalate(conn, runtime.wiring, now=now))
        for alert, channel, target in told:
            log.get().warning("alert.escalated", alert=alert, channel=channel, to=target)
        runtime.hints.deliveries.set()

    async def _end_silences(self) -> None:
        """Say which silences are over, and what they muted."""
        runtime, now = self._runtime, self._runtime.now()
        if not await runtime.store.read(lambda conn: store.silences.has_ended(conn, now=now)):
            return
        await runtime.store.write(lambda conn: operators.silences_ended(conn, runtime.wiring, now=now))
        runtime.hints.deliveries.set()

    async def _look_at_sources(self) -> None:
        """Tell of feeds that die, go quiet or turn to rubbish, and of those that recover."""
        await self._sources.look()

    async def _ask_hubs(self) -> None:
        """Subscribe, renew and unsubscribe at WebSub hubs."""
        await self._hubs.tick()

    async def _read_again(self) -> None:
        """Look for edits of articles that were told."""
        await self._rereads.tick()

    async def _prune(self) -> None:
        """Forget what is older than ``retention`` and no longer needed to know an entry again."""
        now, retention = self._runtime.now(), self._runtime.wiring.config.retention
        total = 0
        while not self._runtime.stopping.is_set():  # a slice at a time, so that the writer is never long away from alerts
            pruned = await self._runtime.store.write(lambda conn: store.retention.prune(conn, now=now, retention=retention))
            if not pruned:
                break
            total += pruned
        if total:
            log.get().info("store.pruned", rows=total)

    async def _heartbeat(self) -> None:
        """Tell the dead-man's switch that we live; it goes silent when every channel fails."""
        settings = self._runtime.wiring.config.operators
        if settings is None or settings.heartbeat_url is None:
            return
        summary = await self._runtime.store.read(lambda conn: store.status.summary(conn, now=self._runtime.now()))
        channels = self._runtime.wiring.channels
        if channels and len(summary.channels_down) >= len(channels):
            log.get().error("heartbeat.withheld", why="every channel is failing")
            return
        try:
            await self._runtime.wiring.client.get(settings.heartbeat_url.reveal(), limits=self._runtime.wiring.limits)
        except FetchError as error:
            log.get().warning("heartbeat.failed", reason=error.reason)

    @staticmethod
    def _wall_minus_monotonic() -> timedelta:
        return timedelta(seconds=datetime.now(UTC).timestamp() - asyncio.get_running_loop().time())
