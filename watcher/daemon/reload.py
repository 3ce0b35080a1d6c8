"""Reload: all or nothing.

The new configuration is loaded and compiled aside, in a thread. Only when it is whole does it replace the old one, in one
assignment; work in flight ends with the wiring that it began with. A configuration with any error leaves the old one
running, and says so: in the log, in STATUS, to the operators, and to ``watcher reload --wait``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from watcher import config, store
from watcher.daemon import log, operators, systemd
from watcher.daemon.runtime import Runtime, Wiring
from watcher.model import Notice

CLOSE_AFTER_SECONDS = 90.0  # longer than any exchange of the old wiring may take
NEED_RESTART = ("database", "web")
_NOTICE = "reload_refused"
_SAID = 200  # characters of the first problem in STATUS, which has 400 for all it says


class Reloader:
    """Replaces the runtime's wiring from the configuration file."""

    def __init__(
        self,
        path: Path,
        runtime: Runtime,
        notifier: systemd.Notifier,
        wire: Callable[[config.Config], Wiring],
        adopt: Callable[[], Awaitable[None]],
    ) -> None:
        self._path, self._runtime, self._notifier = path, runtime, notifier
        self._wire, self._adopt = wire, adopt
        self._one_at_a_time = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def __call__(self) -> list[str]:
        """Reload; return the problems that stood in the way, one line each: none when the new configuration is in force."""
        async with self._one_at_a_time:
            self._notifier.reloading()
            try:
                return await self._reload()
            finally:
                self._notifier.ready()

    async def _reload(self) -> list[str]:
        try:
            loaded = await asyncio.to_thread(config.load, self._path)
        except config.ConfigErrors as errors:
            return await self._refuse([str(problem) for problem in errors.problems])
        except Exception as error:  # noqa: BLE001  whatever a file can provoke must leave the old rules running
            return await self._refuse([log.describe(error)])
        await self._replace(loaded)
        return []

    async def _refuse(self, problems: list[str]) -> list[str]:
        log.get().error("reload.refused", config=str(self._path), problems=" | ".join(problems)[:1500], running="the old configuration")
        self._notifier.trouble = f"reload refused, the old configuration is running: {problems[0]}"[:_SAID]
        self._notifier.status("the journal has all problems")
        text = f"{self._path} was not taken over; the configuration of before goes on running.\n\n" + "\n".join(problems)
        await operators.tell(self._runtime, Notice(key=_NOTICE, subject="The configuration was not reloaded", text=text), again=True)
        return problems

    async def _replace(self, loaded: config.Config) -> None:
        self._notifier.trouble = None
        old = self._runtime.wiring
        self._runtime.wiring = self._wire(loaded)
        await self._adopt()
        mended = [name for name, settings in loaded.channels.items() if old.config.channels.get(name) != settings]
        if mended:  # a channel that was disabled because its receiver was gone gets another chance with other settings
            await self._runtime.store.write(lambda conn: store.deliveries.enable_channels(conn, mended))
            self._runtime.hints.deliveries.set()
        await operators.all_clear(self._runtime, [_NOTICE])
        changed = [name for name in NEED_RESTART if getattr(loaded, name) != getattr(old.config, name)]
        log.get().info(
            "reload.done",
            config=str(self._path),
            feeds=len(loaded.feeds),
            rules=len(loaded.rules),
            restart_needed_for=",".join(changed) or "nothing",
        )
        task = asyncio.create_task(self._close_later(old))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_later(self, old: Wiring) -> None:
        try:
            await asyncio.sleep(CLOSE_AFTER_SECONDS)
        finally:  # also when the daemon ends first
            await old.close()
