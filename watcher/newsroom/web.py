"""The room's HTTP server: one port on several loopback addresses, so that to a client each is another host.

Documents carry a strong ETag and Last-Modified, answer 304 (RFC 9110 section 13: If-None-Match decides before
If-Modified-Since) and come gzipped to those who accept it. Every request is logged with its headers.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from aiohttp import web
from multidict import CIMultiDict

from watcher.newsroom.bell import Bell
from watcher.newsroom.trouble import Trouble, Troubles

_ROBOTS = b"User-agent: *\nDisallow: /private/\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a GET gives. ``modified`` is a whole second."""

    body: bytes
    content_type: str
    modified: datetime
    validators: bool = True

    @property
    def etag(self) -> str:
        """A strong validator: the same for the same bytes only."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'

    def unchanged(self, headers: CIMultiDict[str]) -> bool:
        """Whether the client's validators hold (RFC 9110 section 13.2.2)."""
        if not self.validators:
            return False
        if (given := headers.get("If-None-Match")) is not None:
            return self.etag in (tag.strip() for tag in given.split(","))
        if (since := headers.get("If-Modified-Since")) is not None:
            try:
                return self.modified <= parsedate_to_datetime(since)
            except ValueError:
                return False
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the server saw it. ``place`` is ``ADDRESS/path``; ``status`` 0: torn down without an answer."""

    at: float
    method: str
    place: str
    status: int
    headers: CIMultiDict[str]


Receiver = Callable[[bytes, CIMultiDict[str]], Awaitable[web.Response]]
"""What takes a POST: body and headers to an answer. Called only after troubles had their say."""


class Web:
    """Serves ``documents`` and ``receivers``, both keyed by place (``127.0.0.2/rss.xml``)."""

    def __init__(self, bell: Bell, troubles: Troubles) -> None:
        self.documents: dict[str, Document] = {}
        self.receivers: dict[str, Receiver] = {}
        self.requests: list[Request] = []
        self.port = 0
        self._bell, self._troubles = bell, troubles
        self._runner: web.ServerRunner | None = None

    async def start(self, addresses: Iterable[str]) -> None:
        """Listen on a free port, the same on every address."""
        sockets = _listen(sorted(set(addresses)))
        self.port = sockets[0].getsockname()[1]
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        for sock in sockets:
            await web.SockSite(self._runner, sock).start()

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        place = f"{request.host.rpartition(':')[0]}{request.path}"
        body = await request.read()
        trouble = self._troubles.strike(place)
        if trouble is not None and trouble.delay:
            await asyncio.sleep(trouble.delay)
        if trouble is not None and trouble.reset:
            self._note(request, place, 0)
            return _tear_down(request)
        if trouble is not None and trouble.status is not None:
            response = web.Response(status=trouble.status, body=trouble.body, headers=trouble.headers)
            if trouble.retry_after is not None:
                response.headers["Retry-After"] = trouble.retry_after
        elif request.method == "POST" and place in self.receivers:
            response = await self.receivers[place](body, CIMultiDict(request.headers))
            if trouble is not None and trouble.late:
                self._note(request, place, 0)
                return _tear_down(request)
        else:
            response = self._document(request, place, trouble)
        self._note(request, place, response.status)
        if trouble is not None and trouble.truncate is not None:
            return await _truncated(request, response, trouble.truncate)
        return response

    def _document(self, request: web.BaseRequest, place: str, trouble: Trouble | None) -> web.Response:
        document = self.documents.get(place)
        if request.path == "/robots.txt":
            document = document or Document(body=_ROBOTS, content_type="text/plain", modified=datetime(2024, 1, 1, tzinfo=UTC))
        if document is None:
            return web.Response(status=404, text="There is nothing here.")
        headers = {"Vary": "Accept-Encoding"}
        if document.validators:
            headers |= {"ETag": document.etag, "Last-Modified": format_datetime(document.modified, usegmt=True)}
        if document.unchanged(CIMultiDict(request.headers)):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = document.content_type if trouble is None or trouble.content_type is None else trouble.content_type
        body = document.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, mtime=0)
        return web.Response(body=body, headers=headers)

    def _note(self, request: web.BaseRequest, place: str, status: int) -> None:
        self.requests.append(
            Request(at=time.time(), method=request.method, place=place, status=status, headers=CIMultiDict(request.headers))
        )
        self._bell.ring()


def _tear_down(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.BaseRequest, whole: web.Response, length: int) -> web.StreamResponse:
    """Promise the whole body, send ``length`` bytes of it, hang up."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers={**whole.headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:length])
    if request.transport is not None:
        request.transport.close()  # after what is buffered, so that the client has read the beginning
    return response


def _listen(addresses: list[str], attempts: int = 20) -> list[socket.socket]:
    """Sockets on one free port of all addresses; another port when one of them has it in use."""
    for attempt in range(1, attempts + 1):
        sockets: list[socket.socket] = []
        try:
            for address in addresses:
                sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                sockets.append(sock)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((address, sockets[0].getsockname()[1] if len(sockets) > 1 else 0))
        except OSError:
            for sock in sockets:
                sock.close()
            if attempt == attempts:
                raise
        else:
            return sockets
    raise AssertionError("unreachable")
