"""The configuration as the rest of the program sees it: frozen, complete, checked. Importing this costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.errors import ConfigError, WatcherError
from watcher.model import ChannelPolicy, ChannelSettings, Entity, Feed, Route, Rule, Secret, Terms

if TYPE_CHECKING:
    from watcher.rules import Rulebook

PRINTED = 40


class ConfigErrors(WatcherError):
    """Everything that is wrong with a configuration, at once.

    :param problems: sorted by file and line. ``str()`` gives one line each, at most 40, and says how many more there are.
    """

    def __init__(self, problems: tuple[ConfigError, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:PRINTED]]
        if len(self.problems) > PRINTED:
            lines.append(f"and {len(self.problems) - PRINTED:,} more")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchConfig:
    """``[fetch]``: how feeds and pages are fetched. ``max_body`` in bytes on the wire."""

    interval: timedelta
    min_interval: timedelta
    max_interval: timedelta
    concurrency: int
    per_host: int
    timeout: timedelta
    max_body: int
    robots: bool
    proxy: str | None
    allow_private: tuple[str, ...]
    websub: bool = True
    websub_signature: str = "sha1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """``[web]``: the page. ``public_url`` has no slash at its end. ``password`` is never None off loopback."""

    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    password: Secret | None
    public_url: str | None
    feed_token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorsConfig:
    """``[operators]``: who is told about watcher's own troubles, and the dead-man's switch."""

    channels: tuple[str, ...]
    heartbeat_url: Secret | None
    heartbeat_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration without errors.

    ``database``: ``sqlite:////absolute/path`` or ``postgresql://…``. ``files``: every file that was read, the main one first.
    ``warnings``: what is odd and was accepted. ``rulebook``: the rules, compiled and self-tested.
    A :class:`Secret` that is empty stands for a credential that was not there (outside the unit): whoever needs it must fail
    as for a wrong password.
    """

    database: str
    timezone: str
    contact: str | None
    retention: timedelta
    fetch: FetchConfig
    web: WebConfig | None
    feeds: tuple[Feed, ...]
    rules: tuple[Rule, ...]
    entities: tuple[Entity, ...]
    terms: tuple[Terms, ...]
    channels: Mapping[str, tuple[ChannelPolicy, ChannelSettings]]
    routes: tuple[Route, ...]
    operators: OperatorsConfig | None
    warnings: tuple[ConfigError, ...]
    files: tuple[Path, ...]
    rulebook: Rulebook
