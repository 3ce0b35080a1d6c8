"""A raw loopback server: exact bytes, exact timing. It counts who connected and keeps what they asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Raw:
    def __init__(self) -> None:
        self.port = 0
        self.accepts = 0
        self.heads: list[bytes] = []
        self.answer: Answer = send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepts += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            await self.answer(head, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()


def send(data: bytes) -> Answer:
    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return answer


def redirect(to: str, status: int = 302) -> Answer:
    return send(f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nSet-Cookie: a=b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())


async def silence(_head: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def raw() -> AsyncIterator[Raw]:
    server = Raw()
    listener = await asyncio.start_server(server._serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    second = await asyncio.start_server(server._serve, "127.0.0.2", server.port)  # another host to a client
    try:
        yield server
    finally:
        listener.close()
        second.close()
