"""A loop that fails is started again alone, and the watchdog is fed by the work itself."""

from __future__ import annotations

import asyncio

from watcher.daemon import log, supervise, systemd
from watcher.daemon.supervise import Pulse, Supervisor

log.configure()


def supervisor() -> Supervisor:
    return Supervisor(systemd.Notifier({}))


async def test_a_loop_that_fails_is_started_again_and_its_neighbour_never_notices(monkeypatch: object) -> None:
    runs: list[str] = []
    done, stop = asyncio.Event(), asyncio.Event()

    async def fragile(_pulse: Pulse) -> None:
        runs.append("fragile")
        if len(runs) < 2:
            raise RuntimeError("boom")
        done.set()
        await stop.wait()

    neighbour_runs = 0

    async def neighbour(_pulse: Pulse) -> None:
        nonlocal neighbour_runs
        neighbour_runs += 1
        await stop.wait()

    kept = supervisor()
    kept.start("fragile", fragile)
    kept.start("neighbour", neighbour)
    async with asyncio.timeout(supervise.FIRST_PAUSE * 20):
        await done.wait()
    stop.set()
    await kept.stop(5)
    assert runs == ["fragile", "fragile"]
    assert neighbour_runs == 1


async def test_a_loop_that_hangs_starves_the_watchdog() -> None:
    """`alive` turns false when one loop has not come round for a minute, whatever the others do."""
    kept = supervisor()
    well, hung = kept.pulse("poller"), kept.pulse("reader")
    for pulse in (well, hung):
        pulse.running = True
        pulse.beat()
    assert kept.alive()
    hung.at -= supervise.STALE_SECONDS + 1
    assert not kept.alive()


async def test_stop_cancels_what_does_not_end_in_time() -> None:
    cancelled = asyncio.Event()

    async def stubborn(_pulse: Pulse) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    kept = supervisor()
    kept.start("stubborn", stubborn)
    await asyncio.sleep(0)
    await kept.stop(0.05)
    assert cancelled.is_set()
