"""Names -> addresses: looked up on threads of its own, judged all together.

``getaddrinfo`` blocks, for half a minute where a name server is silent. On asyncio's default pool a thousand dead names
would stop everybody else's look-ups and file access (RELIABILITY N14). Here every look-up has a thread that nobody waits
for: daemonic, so that a silent name server cannot hold up the end of the process, and bounded in number.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Callable

from aiohttp.abc import AbstractResolver, ResolveResult

from watcher.net import address

LOOKUPS = 32  # at a time
PATIENCE = 10.0  # seconds for one look-up: L1


class VetoError(OSError):
    """An address that we may not talk to. An ``OSError``, because that is what passes through a connector unharmed."""

    def __init__(self, where: str) -> None:
        super().__init__(errno.EACCES, "private or special address")
        self.where = where


class ThreadResolver(AbstractResolver):
    """``getaddrinfo``, each call on a daemonic thread; look-ups of one name in flight are shared."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._free = asyncio.Semaphore(LOOKUPS)
        self._flying: dict[tuple[str, int, int], asyncio.Future[list[ResolveResult]]] = {}

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Return every address of ``host``; raises OSError: not found (``gaierror``), or no answer in time (``TimeoutError``)."""
        key = (host, port, family)
        flying = self._flying.get(key)
        if flying is None:
            flying = self._flying[key] = asyncio.get_running_loop().create_future()
            flying.add_done_callback(lambda done: (self._flying.pop(key, None), done.cancelled() or done.exception()))
            await self._start(flying, host, port, family)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(flying)
        except TimeoutError as late:
            raise TimeoutError(errno.ETIMEDOUT, "the name server does not answer") from late

    async def close(self) -> None:
        """Forget the look-ups in flight; their threads end by themselves."""
        for flying in list(self._flying.values()):
            flying.cancel()

    async def _start(self, flying: asyncio.Future[list[ResolveResult]], host: str, port: int, family: int) -> None:
        try:
            await self._free.acquire()
        except BaseException:
            flying.cancel()
            raise
        loop = asyncio.get_running_loop()

        def settle(action: Callable[[], None]) -> None:
            self._free.release()
            if not flying.done():
                action()

        def look_up() -> None:
            try:
                found = _ask(host, port, family)
            except (OSError, UnicodeError, ValueError) as fault:
                reason = fault if isinstance(fault, OSError) else OSError(errno.EINVAL, "not a name that can be looked up")
                answer: Callable[[], None] = lambda: flying.set_exception(reason)  # noqa: E731 - one of two outcomes
            else:
                answer = lambda: flying.set_result(found)  # noqa: E731
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(settle, answer)

        threading.Thread(target=look_up, name=f"look-up {host[:40]}", daemon=True).start()


class JudgingResolver(AbstractResolver):
    """Refuses a name when any of its addresses is one that we may not talk to (RELIABILITY N06)."""

    def __init__(self, inner: AbstractResolver, allow: address.Networks) -> None:
        self._inner, self._allow = inner, allow

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Return every address of ``host``; raises :class:`VetoError`, or OSError as the inner resolver does."""
        found = await self._inner.resolve(host, port, family)
        for each in found:
            if not address.permitted(each["host"], self._allow):
                raise VetoError(each["host"])
        return found

    async def close(self) -> None:
        """Leave the inner resolver alone: it is shared."""


def _ask(host: str, port: int, family: int) -> list[ResolveResult]:
    answers = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(hostname=host, host=_scoped(where), port=int(where[1]), family=kind, proto=proto, flags=socket.AI_NUMERICHOST)
        for kind, _, proto, _, where in answers
        if kind in (socket.AF_INET, socket.AF_INET6)
    ]


def _scoped(where: tuple[object, ...]) -> str:
    scope = where[3] if len(where) == 4 else 0
    return f"{where[0]}%{scope}" if scope else str(where[0])
