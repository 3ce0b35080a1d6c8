"""What the dashboard shows, from the store and the running daemon."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import generate_latest

from watcher import store, web
from watcher.alerts.render import feed
from watcher.config import WebConfig
from watcher.daemon import clicks, log, metrics
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Supervisor
from watcher.daemon.websub import Hubs
from watcher.errors import StoreError
from watcher.model import Alert

FEED_ENTRIES = 50


@contextlib.asynccontextmanager
async def serve(runtime: Runtime, supervisor: Supervisor, settings: WebConfig, hubs: Hubs) -> AsyncIterator[None]:
    """Serve the dashboard until the block ends. An address that cannot be had costs the page, not the alerts."""
    try:
        public = urlsplit(settings.public_url or "").hostname
        async with web.serve(
            _Daemon(runtime, supervisor),
            settings.host,
            settings.port,
            allowed_hosts=[*settings.allowed_hosts, *([public] if public else [])],
            password=settings.password,
            feed_token=settings.feed_token,
            hubs=hubs,
        ) as port:
            log.get().info("web.listening", host=settings.host, port=port)
            yield
            return
    except OSError as error:
        log.get().error("web.failed", host=settings.host, port=settings.port, why=error.strerror or str(error))
    yield


class _Daemon:
    """The pages' source."""

    def __init__(self, runtime: Runtime, supervisor: Supervisor) -> None:
        self._runtime, self._supervisor = runtime, supervisor

    async def status(self) -> web.source.Row:
        now = self._runtime.now()
        summary = await self._runtime.store.read(lambda conn: store.status.summary(conn, now=now))
        return {key: _safe(value) for key, value in asdict(summary).items()}

    async def alerts(self, limit: int, offset: int) -> list[web.source.Row]:
        found = await self._runtime.store.read(lambda conn: store.alerts.listing(conn, limit=limit, offset=offset))
        return [alert_row(alert) for alert in found]

    async def alert(self, alert_id: str) -> web.source.Row | None:
        def read(conn: store.Connection) -> web.source.Row | None:
            alert = store.alerts.get(conn, alert_id)
            if alert is None:
                return None
            return {
                **alert_row(alert),
                **_safe(store.escalations.acknowledgement(conn, alert.id)),
                "mark": _safe(store.marks.of(conn, [alert.id]).get(alert.id)),
                "escalations": _safe(store.escalations.of_alert(conn, alert.id)),
                "deliveries": [_safe(row) for row in store.alerts.deliveries_of(conn, alert.id)],
            }

        return await self._runtime.store.read(read)

    async def deliveries(self, state: str | None, limit: int, offset: int) -> list[web.source.Row]:
        found = await self._runtime.store.read(lambda conn: store.history.listing(conn, state=state, limit=limit, offset=offset))
        return [_safe(row) for row in found]

    async def bundle(self, number: str) -> list[web.source.Row] | None:
        if not number.isdecimal() or len(number) > 18:
            return None
        most = store.deliveries.MOST_IN_BUNDLE
        found = await self._runtime.store.read(lambda conn: store.alerts.listing(conn, limit=most, bundle=int(number)))
        return [alert_row(alert) for alert in found]

    async def alert_feed(self, kind: str, rule: str | None) -> bytes:
        found = await self._runtime.store.read(lambda conn: store.alerts.listing(conn, limit=FEED_ENTRIES, rule=rule, notices_too=False))
        config = self._runtime.wiring.config
        home = config.web.public_url if config.web else None
        where: dict[str, Any] = {"timezone": config.timezone, "self_url": f"{home}/alerts.{kind}" if home else None, "home": home}
        return feed.atom(found, now=self._runtime.started_at, **where) if kind == "atom" else feed.json_feed(found, **where)

    def link_holds(self, action: str, subject: str, channel: str, expiry: str, signature: str) -> bool:
        signer = self._runtime.wiring.signer
        return signer is not None and signer.holds(action, subject, channel, expiry, signature, self._runtime.now())

    async def act(self, action: str, alert_id: str, channel: str) -> str | None:
        now = self._runtime.now()
        return await self._runtime.store.write(lambda conn: clicks.act(conn, action, alert_id, channel, now=now))

    async def feeds(self, limit: int, offset: int) -> list[web.source.Row]:
        now = self._runtime.now()
        found = await self._runtime.store.read(lambda conn: store.feeds.listing(conn, now=now, limit=limit, offset=offset))
        shown = (
            "url",
            "name",
            "title",
            "due_at",
            "last_success_at",
            "last_new_at",
            "failures",
            "last_error",
            "entries",
            "new_24h",
            "interval",
        )
        return [_safe({key: row[key] for key in shown} | {"name": row["name"] or row["title"] or row["host"]}) for row in found]

    async def health(self) -> web.Health:
        if not self._supervisor.alive():
            return web.Health(well=False, why="a loop hangs: " + ", ".join(p.name for p in self._supervisor.pulses))
        try:
            await self._runtime.store.read(store.feeds.next_due_at)
        except StoreError as error:
            return web.Health(well=False, why=f"the database does not answer: {error}")
        if self._runtime.store.trouble:
            return web.Health(well=False, why=f"the database cannot be written: {self._runtime.store.trouble}")
        return web.Health(well=True)

    def metrics(self) -> bytes:
        return generate_latest(metrics.REGISTRY)


def alert_row(alert: Alert) -> web.source.Row:
    """One alert as the pages and `/api/alerts` show it."""
    article, context = alert.payload.get("article", {}), alert.payload.get("context", {})
    return {
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "reason": alert.reason.value,
        "created_at": _safe(alert.created_at),
        "update": alert.update,
        "title": article.get("title"),
        "url": article.get("url"),
        "feed": article.get("feed", ""),
        "host": context.get("host", ""),
        "quotes": [quote["parts"] for quote in context.get("quotes", [])],
        "subject": alert.payload.get("subject"),
        "text": alert.payload.get("text"),
        "story": alert.payload.get("story"),
    }


def _safe(value: Any) -> Any:
    """The same value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
