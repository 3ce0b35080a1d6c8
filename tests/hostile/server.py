"""A site for each row of the catalogue, on a loopback address of its own: exact bytes, exact timing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

Answer = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One request: ``path``, ``headers`` (lower case), ``number`` (of this path's requests, from 1) and the way to answer."""

    def __init__(self, site: Site, path: str, headers: dict[str, str], number: int, writer: asyncio.StreamWriter) -> None:
        self.site, self.path, self.headers, self.number = site, path, headers, number
        self._writer = writer

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def send(self, body: bytes, *, status: str = "200 OK", kind: str = "application/rss+xml", headers: Sequence[str] = ()) -> None:
        """Send a whole, proper answer."""
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        await self.raw("\r\n".join([*lines, "", ""]).encode() + body)

    def reset(self) -> None:
        """Tear the connection down."""
        self._writer.transport.abort()


class Site:
    """One address. ``heads``: what was asked for."""

    def __init__(self, address: str, answer: Answer) -> None:
        self.address, self.answer = address, answer
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0

    def url(self, path: str = "/feed") -> str:
        return f"http://{self.address}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
            self.asked.append((path, headers))
            number = sum(each == path for each, _ in self.asked)
            await self.answer(Visit(self, path, headers, number, writer))
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def sites(answers: dict[str, Answer]) -> AsyncIterator[dict[str, Site]]:
    """Open a site for each name; all share one port."""
    made = {name: Site(f"127.0.1.{n}", answer) for n, (name, answer) in enumerate(answers.items(), start=1)}
    listeners: list[asyncio.Server] = []
    port = 0
    try:
        for site in made.values():
            listener = await asyncio.start_server(site.serve, site.address, port, limit=2**20)
            port = site.port = listener.sockets[0].getsockname()[1]
            listeners.append(listener)
        yield made
    finally:
        for listener in listeners:
            listener.close()
