"""An SMTP server by script, on loopback: exact replies, and the nastiness that no real server library offers.

``Script`` maps a verb to replies: a list is used up one by one (the last repeats), a callable gets the line. The special replies
``SILENCE`` (never answers), ``CLOSE`` (hangs up without a word).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence

SILENCE, CLOSE = "silence", "close"

DEFAULTS: Mapping[str, Sequence[str]] = {
    "banner": ["220 mail.example.org ESMTP"],
    "EHLO": ["250-mail.example.org\r\n250-SIZE 10000000\r\n250 HELP"],
    "HELO": ["250 mail.example.org"],
    "STARTTLS": ["220 go ahead"],
    "AUTH": ["235 welcome"],
    "MAIL": ["250 ok"],
    "RCPT": ["250 ok"],
    "DATA": ["354 go on"],
    "dot": ["250 2.0.0 queued as 1"],
    "RSET": ["250 ok"],
    "QUIT": ["221 bye"],
}


class Server:
    """What was said to it, in order: ``lines`` of the dialogue, ``messages`` that were accepted."""

    def __init__(self, script: Mapping[str, Sequence[str]], tls: ssl.SSLContext | None) -> None:
        self.script = {verb: list(replies) for verb, replies in {**DEFAULTS, **script}.items()}
        self.tls, self.lines, self.messages, self.connections, self.encrypted = tls, [], [], 0, False
        self.port, self.silent = 0, asyncio.Event()
        self._open: set[asyncio.Task] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
                await self._talk(reader, writer)
        finally:
            self._open.discard(asyncio.current_task())
            writer.close()

    async def _talk(self, reader, writer) -> None:
        if not await self._reply("banner", writer):
            return
        while line := (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            self.lines.append(line)
            verb = line.split(" ")[0].upper()
            said = await self._reply(verb, writer)
            if not said:
                return
            if verb == "STARTTLS" and said.startswith("220"):
                await writer.start_tls(self.tls)
                self.encrypted = True
            if verb == "DATA" and said.startswith("354"):
                content = await reader.readuntil(b"\r\n.\r\n")
                said = await self._reply("dot", writer)
                if said and said.startswith("250"):
                    self.messages.append(content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
                if not said:
                    return
            if verb == "QUIT" or said.startswith("421"):
                return

    async def _reply(self, verb: str, writer) -> str:
        replies = self.script.get(verb, ["502 what?"])
        said = replies.pop(0) if len(replies) > 1 else replies[0]
        if said == SILENCE:
            self.silent.set()
            await asyncio.Event().wait()
        if said == CLOSE:
            return ""
        writer.write(said.encode() + b"\r\n")
        await writer.drain()
        return said


@contextlib.asynccontextmanager
async def smtp(tls: ssl.SSLContext | None = None, *, implicit: bool = False, **script: Sequence[str]) -> AsyncIterator[Server]:
    """Serve on a free port until the end of the block."""
    server = Server(script, tls)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls if implicit else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        waiting = list(server._open)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
