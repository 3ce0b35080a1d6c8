"""Keeps the loops running: starts one again when it fails, and feeds systemd's watchdog while all of them live.

A loop proves that it lives by calling its :class:`Pulse` at each turn, so that the watchdog is fed by the work itself and
not by a timer beside it: a loop that hangs, or an event loop that is blocked, lets the watchdog bite.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from watcher.daemon import log, metrics, systemd

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STALE_SECONDS = 60.0  # a turn is at most a few seconds: all that waits long, waits elsewhere


@dataclass(slots=True)
class Pulse:
    """When a loop last showed that it lives, in event-loop time."""

    name: str
    at: float = 0.0
    running: bool = False

    def beat(self) -> None:
        """Say that the loop has come round once more."""
        self.at = asyncio.get_running_loop().time()


@dataclass(slots=True)
class Supervisor:
    """Runs the loops side by side until :meth:`stop`."""

    notifier: systemd.Notifier
    pulses: list[Pulse] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False

    def start(self, name: str, loop: Callable[[Pulse], Awaitable[None]]) -> None:
        """Start ``loop``; when it fails, say so and start it again after a pause that grows."""
        pulse = self.pulse(name)
        self._tasks.append(asyncio.create_task(self._keep(pulse, loop), name=name))

    def pulse(self, name: str) -> Pulse:
        """A new pulse that counts for :meth:`alive`."""
        pulse = Pulse(name)
        self.pulses.append(pulse)
        return pulse

    async def _keep(self, pulse: Pulse, loop: Callable[[Pulse], Awaitable[None]]) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            started = asyncio.get_running_loop().time()
            pulse.running = True
            pulse.beat()
            try:
                await loop(pulse)
                return
            except Exception as error:  # noqa: BLE001  this is the boundary at which a loop's failure stops
                metrics.LOOP_FAILURES.labels(pulse.name).inc()
                log.get().error("loop.failed", loop=pulse.name, error=log.describe(error), again_in=pause)
            finally:
                pulse.running = False
            if asyncio.get_running_loop().time() - started > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def alive(self) -> bool:
        """Whether every loop came round lately, or is waiting to be started again."""
        now = asyncio.get_running_loop().time()
        return all(not p.running or now - p.at < STALE_SECONDS for p in self.pulses)

    async def watchdog(self) -> None:
        """Feed systemd's watchdog while the loops live; returns at once where there is none."""
        interval = self.notifier.watchdog_interval
        if interval is None:
            return
        while True:
            if self.alive():
                self.notifier.watchdog()
            else:
                log.get().error("watchdog.starving", loops=",".join(p.name for p in self.pulses if p.running))
            await asyncio.sleep(interval)

    async def stop(self, seconds: float) -> None:
        """Ask the loops to end (their owner has told them how) and cancel what has not ended after ``seconds``."""
        self._stopping = True
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
