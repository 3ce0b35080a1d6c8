"""The composition root: from a configuration file to an exit status.

load the configuration          78 when it has any error
open the store                  75 when another daemon owns it; waits for a PostgreSQL that is not there yet
wire                            client, channels, renderer: everything that a reload replaces
adopt                           feeds of the configuration become rows; leases of a dead predecessor are taken back
start the loops                 each under the supervisor; READY=1
SIGTERM                         drain: stop claiming, five seconds for work in flight, give leases back
a second SIGTERM                end at once; leases run out by themselves
SIGHUP                          reload
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from watcher import __version__, config, store
from watcher.daemon import control, log, operators, systemd, websub
from watcher.daemon.dispatcher import Dispatcher
from watcher.daemon.indexer import Indexer
from watcher.daemon.keeper import Keeper
from watcher.daemon.politeness import Hosts
from watcher.daemon.poller import Poller
from watcher.daemon.reader import Reader
from watcher.daemon.reload import Reloader
from watcher.daemon.runtime import Runtime, Wiring
from watcher.daemon.sources import Sources
from watcher.daemon.supervise import Supervisor
from watcher.daemon.websub import Hubs
from watcher.daemon.wire import wire
from watcher.daemon.workers import Workers
from watcher.errors import StoreError, StoreLocked, StoreUnavailable
from watcher.feeds import host_of, schedule
from watcher.model import FullText
from watcher.store import Store

EXIT_CONFIG, EXIT_LOCKED = 78, 75
DRAIN_SECONDS = 5.0
STORE_PATIENCE = (1.0, 2.0, 5.0, 10.0, 15.0)


def run(path: Path | None, *, once: bool = False) -> int:
    """Run the daemon on the configuration at ``path`` until it is told to stop; return the exit status.

    :param once: poll what is due, read it, deliver it, and return.
    """
    log.configure()
    try:
        path = config.find(path)
        loaded = config.load(path)
    except config.ConfigErrors as errors:
        print(errors, file=sys.stderr)  # noqa: T201  for people, before there is a daemon
        return EXIT_CONFIG
    for warning in loaded.warnings:
        log.get().warning("config.warning", what=str(warning))
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(path, loaded, once=once))
    except StoreLocked as error:
        log.get().error("store.locked", why=str(error))
        return EXIT_LOCKED
    except StoreError as error:
        log.get().error("store.unusable", why=str(error))
        return 1


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415  absent where it has no wheel
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(path: Path, loaded: config.Config, *, once: bool) -> int:
    notifier = systemd.Notifier()
    async with contextlib.AsyncExitStack() as stack:
        database = await _open(loaded.database, notifier)
        stack.push_async_callback(database.aclose)
        make = functools.partial(wire, link_key=await _link_key(database))
        workers = Workers(_preload(loaded))
        stack.callback(workers.close)
        runtime = Runtime(
            store=database,
            workers=workers,
            hosts=Hosts(loaded.fetch.per_host),
            wiring=make(loaded),
            started_at=database.clock(),
            once=once,
            drain_seconds=DRAIN_SECONDS,
        )
        stack.push_async_callback(_close_wiring, runtime)
        await _take_back(runtime)
        await _adopt(runtime)
        log.get().info(
            "daemon.started",
            version=__version__,
            config=str(path),
            feeds=len(loaded.feeds),
            rules=len(loaded.rules),
            channels=len(loaded.channels),
            pid=os.getpid(),
        )
        if once:
            return await _once(runtime)
        return await _forever(path, runtime, make, notifier, stack)


async def _link_key(database: Store) -> bytes:
    """The installation's own key for the links in its messages; made by the first daemon on a database."""
    fresh = secrets.token_hex(32)
    return bytes.fromhex(await database.write(lambda conn: store.meta.made_once(conn, "link_key", fresh)))


async def _once(runtime: Runtime) -> int:
    """One pass through the flow, stage after stage."""
    poller, reader, dispatcher = Poller(runtime), Reader(runtime), Dispatcher(runtime)
    background = [
        asyncio.create_task(work)
        for work in (runtime.workers.housekeeping(), poller.leases.keep(), reader.leases.keep(), dispatcher.leases.keep())
    ]
    supervisor = Supervisor(systemd.Notifier({}))
    loops = (("poller", poller), ("reader", reader), ("dispatcher", dispatcher), ("indexer", Indexer(runtime)))
    for name, loop in loops:
        await loop.run(supervisor.pulse(name))
        if name == "reader":  # what is wrong with the sources goes out with the rest
            await Sources(runtime).look()
    for task in background:
        task.cancel()
    return 0


async def _forever(
    path: Path, runtime: Runtime, make: Callable[[config.Config], Wiring], notifier: systemd.Notifier, stack: contextlib.AsyncExitStack
) -> int:
    hubs = Hubs(runtime)
    poller, reader, dispatcher, keeper = Poller(runtime), Reader(runtime), Dispatcher(runtime), Keeper(runtime, notifier, hubs)
    reload = Reloader(path, runtime, notifier, make, lambda: _adopt(runtime))
    supervisor = Supervisor(notifier)
    for name, loop in (
        ("poller", poller),
        ("reader", reader),
        ("dispatcher", dispatcher),
        ("keeper", keeper),
        ("indexer", Indexer(runtime)),
    ):
        supervisor.start(name, loop.run)
    background = [
        asyncio.create_task(work)
        for work in (
            poller.leases.keep(),
            reader.leases.keep(),
            dispatcher.leases.keep(),
            runtime.workers.housekeeping(),
            supervisor.watchdog(),
        )
    ]
    socket = control.socket_path(runtime.wiring.config.database)
    await stack.enter_async_context(control.serve(socket, _handlers(runtime, reload)))
    if runtime.wiring.config.web is not None:
        from watcher.daemon import page  # noqa: PLC0415  only where it is configured

        await stack.enter_async_context(page.serve(runtime, supervisor, runtime.wiring.config.web, hubs))
    async with _signals(runtime, reload):
        notifier.ready(f"{len(runtime.wiring.feeds)} feeds, {len(runtime.wiring.rules)} rules")
        await runtime.stopping.wait()
        notifier.stopping()
        log.get().info("daemon.stopping", in_flight=len(poller.leases) + len(reader.leases) + len(dispatcher.leases))
        await supervisor.stop(DRAIN_SECONDS + 1.5)
        for task in background:
            task.cancel()
    log.get().info("daemon.stopped")
    return 0


async def _open(database: str, notifier: systemd.Notifier) -> Store:
    """Open the store; a PostgreSQL that is not there yet is waited for, since it may be starting with us."""
    for attempt in range(10**9):
        try:
            return await asyncio.to_thread(Store.open, database, exclusive=True)
        except StoreUnavailable as error:
            pause = STORE_PATIENCE[min(attempt, len(STORE_PATIENCE) - 1)]
            log.get().warning("store.waiting", why=str(error), again_in=pause)
            notifier.status(f"waiting for the database: {error}")
            notifier.extend(pause + 10)
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def _preload(loaded: config.Config) -> list[str]:
    """Modules that the workers' server imports once: extraction only where a page may be read."""
    pages = any(feed.full_text is not FullText.NEVER for feed in loaded.feeds)
    return ["watcher.feeds.parse", *(["watcher.articles.extract"] if pages else [])]


async def _take_back(runtime: Runtime) -> None:
    """A daemon that is alone on its database owns whatever its predecessor had in work, so recovery is immediate."""
    if runtime.store.dialect != "sqlite":
        return
    now = runtime.now()

    def unit(conn: store.Connection) -> None:
        store.feeds.take_all_back(conn, now=now)
        store.entries.take_all_back(conn, now=now)
        store.deliveries.take_all_back(conn, now=now)

    await runtime.store.write(unit)


async def _adopt(runtime: Runtime) -> None:
    """Make the configuration in force visible in the store: its feeds, and what is to become of removed channels' deliveries."""
    wiring, now = runtime.wiring, runtime.now()
    fastest = min([wiring.policy.interval, *(feed.interval for feed in wiring.config.feeds if feed.interval)])
    runtime.hosts.configure(wiring.config.fetch.per_host, hosts=[host_of(feed.url) for feed in wiring.config.feeds], interval=fastest)
    seeds = []
    for feed in wiring.config.feeds:
        due_at = now if runtime.once else schedule.first_due(feed, wiring.policy, now=now, jitter=runtime.random.random())
        seeds.append(
            store.feeds.FeedSeed(
                url=feed.url, host=host_of(feed.url), name=feed.name, interval=feed.interval or wiring.policy.interval, due_at=due_at
            )
        )

    def unit(conn: store.Connection) -> None:
        store.feeds.sync(conn, seeds, now=now)
        longest = {feed.url: feed.interval * 1.1 for feed in wiring.config.feeds if feed.interval}
        store.feeds.clamp(conn, now=now, horizon=4 * wiring.policy.max_interval, longest=longest)
        websub.leave(conn, wiring, now=now)
        operators.bury_orphans(conn, wiring, now=now)

    await runtime.store.write(unit)
    runtime.hints.feeds.set()
    runtime.hints.deliveries.set()


async def _close_wiring(runtime: Runtime) -> None:
    await runtime.wiring.close()


def _handlers(runtime: Runtime, reload: Reloader) -> control.Handlers:
    """What the control socket answers."""

    async def do_reload(_request: dict[str, Any]) -> control.Answer:
        problems = await reload()
        return {"ok": not problems, "problems": problems}

    async def do_status(_request: dict[str, Any]) -> control.Answer:
        return {
            "ok": True,
            "pid": os.getpid(),
            "version": __version__,
            "feeds": len(runtime.wiring.feeds),
            "rules": len(runtime.wiring.rules),
        }

    async def do_poll(request: dict[str, Any]) -> control.Answer:
        now = runtime.now()
        count = await runtime.store.write(lambda conn: store.feeds.make_due(conn, request.get("urls"), now=now))
        runtime.hints.feeds.set()
        return {"ok": count > 0, "feeds": count}

    async def do_wake(_request: dict[str, Any]) -> control.Answer:
        for hint in (runtime.hints.feeds, runtime.hints.entries, runtime.hints.deliveries):
            hint.set()
        return {"ok": True}

    return {"reload": do_reload, "status": do_status, "poll": do_poll, "wake": do_wake}


@contextlib.asynccontextmanager
async def _signals(runtime: Runtime, reload: Reloader) -> AsyncIterator[None]:
    """SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads."""
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[Any]] = set()

    def stop() -> None:
        if runtime.stopping.is_set():
            runtime.workers.close()
            os._exit(1)
        runtime.stop()

    def hup() -> None:
        task = asyncio.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number, handler in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, hup)):
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for task in reloads:
            task.cancel()
