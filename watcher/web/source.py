"""What the pages ask for. The daemon fulfils it from the store; the tests from a few lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the daemon works; ``why`` names what does not, "" when all is well."""

    well: bool
    why: str = ""


class Source(Protocol):
    """All values are JSON-safe; times are ISO 8601 in UTC."""

    async def status(self) -> Row:
        """Counts of feeds, entries and deliveries, and channels that are down."""
        ...

    async def alerts(self, limit: int, offset: int) -> list[Row]:
        """Alerts, newest first."""
        ...

    async def alert(self, alert_id: str) -> Row | None:
        """One alert with its deliveries and their attempts."""
        ...

    async def deliveries(self, state: str | None, limit: int, offset: int) -> list[Row]:
        """Deliveries, newest first; of one state where it is given."""
        ...

    async def bundle(self, number: str) -> list[Row] | None:
        """The alerts of one message; None where there is none of that number."""
        ...

    async def alert_feed(self, kind: str, rule: str | None) -> bytes:
        """The newest alerts as a feed: ``atom`` or ``json``."""
        ...

    def link_holds(self, action: str, subject: str, channel: str, expiry: str, signature: str) -> bool:
        """Whether a signed link is one of ours and has not expired."""
        ...

    async def act(self, action: str, alert_id: str, channel: str) -> str | None:
        """Do what a signed link is for; return a sentence that says so, or None where the alert is gone."""
        ...

    async def feeds(self, limit: int, offset: int) -> list[Row]:
        """Feeds, those in trouble first."""
        ...

    async def health(self) -> Health:
        """Whether the store answers and the loops come round."""
        ...

    def metrics(self) -> bytes:
        """The Prometheus exposition."""
        ...
