"""What the loops share: the wiring that follows from the configuration in force, and what outlives a reload."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watcher import __version__
from watcher.alerts.links import Signer
from watcher.alerts.render import Renderer
from watcher.channels import Channel
from watcher.config import Config
from watcher.daemon.politeness import Hosts
from watcher.daemon.workers import Workers
from watcher.feeds.schedule import Policy
from watcher.model import ChannelPolicy, Entity, Feed, Route, Rule
from watcher.net import Client, Limits
from watcher.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Everything made from one configuration. A reload replaces it as a whole; work in flight ends with the one it began with."""

    config: Config
    feeds: Mapping[str, Feed]
    rules: Mapping[str, Rule]
    entities: Mapping[str, Entity]
    policies: Mapping[str, ChannelPolicy]
    channels: Mapping[str, Channel]
    renderer: Renderer
    signer: Signer | None
    client: Client
    policy: Policy
    limits: Limits

    @property
    def routes(self) -> tuple[Route, ...]:
        """Where alerts go besides a rule's own channels, in order."""
        return self.config.routes

    async def close(self) -> None:
        """Close what holds connections."""
        await self.client.close()


@dataclass(slots=True)
class Hints:
    """Wake-up calls between the loops. Only hints: each loop also looks by itself, so a lost one costs a second at most."""

    entries: asyncio.Event = field(default_factory=asyncio.Event)
    deliveries: asyncio.Event = field(default_factory=asyncio.Event)
    feeds: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, kw_only=True)
class Runtime:
    """What outlives a reload, and the wiring in force."""

    store: Store
    workers: Workers
    hosts: Hosts
    wiring: Wiring
    started_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)  # of this process
    once: bool = False
    drain_seconds: float = 5.0
    look_seconds: float = 1.0  # how soon a loop looks for work by itself, when no hint comes
    random: random.Random = field(default_factory=random.Random)
    hints: Hints = field(default_factory=Hints)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        """The time that due times are compared with: the database's on PostgreSQL."""
        return self.store.clock()

    def stop(self) -> None:
        """Ask all loops to end."""
        self.stopping.set()
        for hint in (self.hints.feeds, self.hints.entries, self.hints.deliveries):
            hint.set()

    async def pause(self, hint: asyncio.Event, seconds: float) -> None:
        """Wait for a hint, at most ``seconds``. The caller clears the hint *before* it looks for work, so none is missed."""
        if seconds <= 0 or self.stopping.is_set():
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await hint.wait()
        except TimeoutError:
            return


def user_agent(contact: str | None) -> str:
    """``watcher/VERSION (+contact)``, so that a site's operator can reach ours (RELIABILITY 2.5)."""
    return f"watcher/{__version__}" + (f" (+{contact})" if contact else "")
