"""The routes, and what guards them.

Guards (RELIABILITY 3.7): the ``Host`` header must be one of ours, so that a hostile page cannot reach the dashboard by a
name of its own that leads to this machine; a password is asked for from everyone but the loopback's own machine tools
(``/healthz`` and ``/metrics``, judged by the socket's peer, never by a forwarded header); every answer, errors included,
carries a policy that lets no script run. There is nothing to post to but signed links (see ``actions``), which their signature guards.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from watcher.model import DeliveryState, Secret
from watcher.web import actions, callbacks
from watcher.web.source import Source

PAGE_ROWS = 50
MOST_ROWS = 500
MOST_OFFSET = 100_000
STATIC = Path(__file__).parent / "static"
OPEN_TO_LOCAL_MACHINES = ("/healthz", "/metrics")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serve(
    source: Source,
    host: str,
    port: int,
    *,
    allowed_hosts: Sequence[str] = (),
    password: Secret | None = None,
    feed_token: Secret | None = None,
    hubs: callbacks.Callbacks | None = None,
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port (of use with ``port`` 0).

    :param allowed_hosts: names by which the page may be asked for, besides loopback's and ``host``.
    :param password: of any user name (HTTP Basic); None asks for none.
    :param feed_token: lets feed readers, which know no passwords, read the feed of alerts and nothing else.
    :param hubs: answers WebSub's callbacks, which need no password; None: there are none.
    :raises OSError: the address is taken or not ours.
    """
    app = application(source, {host, *allowed_hosts}, password, feed_token, hubs)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=15, shutdown_timeout=1, max_line_size=8190, max_field_size=8190)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=64)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def application(
    source: Source,
    hosts: set[str],
    password: Secret | None,
    feed_token: Secret | None = None,
    hubs: callbacks.Callbacks | None = None,
) -> web.Application:
    """The application, for :func:`serve` and the tests."""
    pages = _Pages(source)
    links = actions.Links(source, pages.html)
    app = web.Application(middlewares=[_guard({h.lower() for h in hosts}, password, feed_token)], client_max_size=1024)
    if hubs is not None:
        called = callbacks.Routes(hubs)
        app.add_routes([web.get(callbacks.PREFIX + "{token}", called.verify), web.post(callbacks.PREFIX + "{token}", called.deliver)])
    app.add_routes(
        [
            web.get("/", pages.overview),
            web.get("/alerts", pages.alerts),
            web.get("/alerts.atom", pages.atom),
            web.get("/alerts.json", pages.json_feed),
            web.get("/alerts/{id}", pages.alert),
            web.get("/deliveries", pages.deliveries),
            web.get("/feeds", pages.feeds),
            web.get("/api/status", pages.api_status),
            web.get("/api/alerts", pages.api_alerts),
            web.get("/api/alerts/{id}", pages.api_alert),
            web.get("/api/deliveries", pages.api_deliveries),
            web.get("/api/feeds", pages.api_feeds),
            web.get("/healthz", pages.health),
            web.get("/metrics", pages.metrics),
            web.get("/static/{name}", _static),
            web.get(actions.PREFIX + "{action}/{subject}", links.get),
            web.post(actions.PREFIX + "{action}/{subject}", links.post),
        ]
    )
    return app


class _Pages:
    """One method for each route."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._templates = Environment(
            loader=PackageLoader("watcher.web"), autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["moment"] = moment

    def html(self, template: str, **values: Any) -> web.Response:
        """Render a page."""
        text = self._templates.get_template(template).render(**values)
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    async def overview(self, _request: web.Request) -> web.Response:
        return self.html(
            "overview.html", status=await self._source.status(), alerts=await self._source.alerts(10, 0), health=await self._source.health()
        )

    async def alerts(self, request: web.Request) -> web.Response:
        limit, offset = _span(request)
        return self.html("alerts.html", alerts=await self._source.alerts(limit, offset), limit=limit, offset=offset)

    async def atom(self, request: web.Request) -> web.Response:
        return await self._feed(request, "atom", "application/atom+xml")

    async def json_feed(self, request: web.Request) -> web.Response:
        return await self._feed(request, "json", "application/feed+json")

    async def _feed(self, request: web.Request, kind: str, content_type: str) -> web.Response:
        """The feed, with a validator: readers ask often."""
        body = await self._source.alert_feed(kind, request.query.get("rule"))
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

    async def alert(self, request: web.Request) -> web.Response:
        return self.html("alert.html", alert=_found(await self._source.alert(request.match_info["id"])))

    async def deliveries(self, request: web.Request) -> web.Response:
        state, (limit, offset) = _state(request), _span(request)
        found = await self._source.deliveries(state or None, limit, offset)
        return self.html("deliveries.html", deliveries=found, state=state, limit=limit, offset=offset)

    async def feeds(self, request: web.Request) -> web.Response:
        limit, offset = _span(request)
        return self.html("feeds.html", feeds=await self._source.feeds(limit, offset), limit=limit, offset=offset)

    async def api_status(self, _request: web.Request) -> web.Response:
        return _json(await self._source.status())

    async def api_alerts(self, request: web.Request) -> web.Response:
        return _json(await self._source.alerts(*_span(request)))

    async def api_alert(self, request: web.Request) -> web.Response:
        return _json(_found(await self._source.alert(request.match_info["id"])))

    async def api_deliveries(self, request: web.Request) -> web.Response:
        return _json(await self._source.deliveries(_state(request) or None, *_span(request)))

    async def api_feeds(self, request: web.Request) -> web.Response:
        return _json(await self._source.feeds(*_span(request)))

    async def health(self, _request: web.Request) -> web.Response:
        health = await self._source.health()
        return web.Response(text="ok\n" if health.well else f"{health.why}\n", status=200 if health.well else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._source.metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _static(request: web.Request) -> web.StreamResponse:
    """Our own files, by exact name: nothing that a path could walk to."""
    names = {path.name: path for path in STATIC.iterdir()}
    path = names.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path)


def _guard(hosts: set[str], password: Secret | None, feed_token: Secret | None) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not _known_host(request.headers.get("Host", ""), hosts):
                raise web.HTTPMisdirectedRequest(text="This name is not one of [web] allowed_hosts.\n")
            if password is not None and not (_let_in(request, password) or _open_by_itself(request, feed_token)):
                raise web.HTTPUnauthorized(
                    headers={"WWW-Authenticate": 'Basic realm="watcher", charset="UTF-8"'}, text="A password is needed.\n"
                )
            response = await handler(request)
        except web.HTTPException as answer:
            answer.headers.update(HEADERS)
            raise
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if response.headers["Content-Security-Policy"] == actions.FORMS_ALLOWED:
            response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"].replace(
                "form-action 'none'", actions.FORMS_ALLOWED
            )
        return response

    return guard


def _known_host(header: str, hosts: set[str]) -> bool:
    try:
        name = (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return name == "localhost" or name in hosts or _loopback(name)


def _let_in(request: web.Request, password: Secret) -> bool:
    if request.path in OPEN_TO_LOCAL_MACHINES and _loopback(request.remote or ""):
        return True
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        _, _, word = base64.b64decode(given.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(word, password.reveal().encode())


def _open_by_itself(request: web.Request, feed_token: Secret | None) -> bool:
    """Whether a request carries what lets it in to just what it asks for: a link's signature (checked there), or the feed's token."""
    if request.path.startswith((actions.PREFIX, callbacks.PREFIX)) or request.path == "/static/style.css":
        return True
    given = request.query.get("token", "")
    return (
        feed_token is not None
        and bool(feed_token)
        and request.path in ("/alerts.atom", "/alerts.json")
        and hmac.compare_digest(given.encode("utf-8", "replace"), feed_token.reveal().encode())
    )


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _span(request: web.Request) -> tuple[int, int]:
    """``limit`` and ``offset`` of a list, within bounds."""
    try:
        limit, offset = int(request.query.get("limit", PAGE_ROWS)), int(request.query.get("offset", 0))
    except ValueError:
        raise web.HTTPBadRequest(text="limit and offset are whole numbers\n") from None
    if not (1 <= limit <= MOST_ROWS and 0 <= offset <= MOST_OFFSET):
        raise web.HTTPBadRequest(text=f"limit is 1 to {MOST_ROWS}, offset 0 to {MOST_OFFSET}\n")
    return limit, offset


def _state(request: web.Request) -> str:
    """The state that a list of deliveries is asked for; "" for all."""
    state = request.query.get("state", "")
    if state not in ("", *(each.value for each in DeliveryState)):
        raise web.HTTPBadRequest(text="a state is due, sent, dead, moved or dismissed\n")
    return state


def when(value: object) -> str:
    """An ISO 8601 time for people: ``Thu 1 Jan 2026, 09:30 UTC``; "" where there is none."""
    try:
        at = datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return ""
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC"


def moment(value: object) -> Markup:
    """A time as a page shows it: short, with the whole of it for programs and for who points at it; "" where there is none."""
    if not (whole := when(value)):
        return Markup()
    at = datetime.fromisoformat(str(value)).astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{} UTC</time>').format(f"{at:%Y-%m-%dT%H:%MZ}", whole, f"{at.day} {at:%b %Y, %H:%M}")


def _found(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise web.HTTPNotFound(text="There is no such alert.\n")
    return row


def _json(value: Any) -> web.Response:
    return web.Response(text=json.dumps(value, ensure_ascii=False, allow_nan=False), content_type="application/json")
