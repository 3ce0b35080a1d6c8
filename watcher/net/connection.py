"""Sessions, one per permission: the veto sees the address that is really connected to.

aiohttp pools connections by host. A pool shared between requests of different permission would hand a connection to
10.0.0.1, opened for a channel that may, to a feed that may not. So each set of permissions, and each proxy, has a pool.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver

from watcher.net import address
from watcher.net.resolver import JudgingResolver, ThreadResolver, VetoError

KEEP_ALIVE = 4.0  # seconds: long enough for a host's feeds in a row, short enough for 10,000 hosts within 500 descriptors
DNS_TTL = 30  # seconds; what was judged is what is connected to, so a rebound name gains nothing
HEADER_LINE = 8190  # L5
HEADER_COUNT = 128


@dataclass(frozen=True, slots=True)
class Permission:
    """What a pool of connections may reach. ``proxied``: only the configured proxy, which is trusted wherever it is."""

    allow: address.Networks = ()
    proxied: bool = False
    _hash: int = field(default=0, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.allow, self.proxied)))  # networks hash slowly, and a request asks for it

    def __hash__(self) -> int:
        return self._hash


class Pools:
    """The sessions by permission, made when first needed."""

    def __init__(self, resolver: AbstractResolver | None, tls: ssl.SSLContext | None) -> None:
        self._given, self._tls = resolver, tls
        self._resolver: AbstractResolver | None = resolver
        self._sessions: dict[Permission, ClientSession] = {}

    def session(self, permission: Permission, connect: float) -> ClientSession:
        """Return the session for a permission; ``connect`` (seconds) is fixed by the first request."""
        found = self._sessions.get(permission)
        return found if found is not None else self._open(permission, connect)

    async def close(self) -> None:
        """Close every connection; the pools may be used again afterwards."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()
        if sessions:
            await asyncio.sleep(0)  # transports close on the loop's next turn
        if self._resolver is not None and self._resolver is not self._given:
            await self._resolver.close()
            self._resolver = None

    def _open(self, permission: Permission, connect: float) -> ClientSession:
        if self._resolver is None:
            self._resolver = ThreadResolver()
        connector = TCPConnector(
            resolver=self._resolver if permission.proxied else JudgingResolver(self._resolver, permission.allow),
            socket_factory=_make_socket if permission.proxied else _guard(permission.allow),
            limit=0,  # the poller bounds what is in flight, per host as well
            keepalive_timeout=KEEP_ALIVE,
            ttl_dns_cache=DNS_TTL,
            ssl=self._tls if self._tls is not None else True,
        )
        session = self._sessions[permission] = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            max_line_size=HEADER_LINE,
            max_field_size=HEADER_LINE,
            max_headers=HEADER_COUNT,
            timeout=ClientTimeout(total=None, sock_connect=connect),
        )
        return session


AddressInfo = tuple[int, int, int, str, tuple[object, ...]]


def _guard(allow: address.Networks):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the alias aiohttp wants is private
    def guarded(info: AddressInfo) -> socket.socket:
        where = str(info[4][0])
        if not address.permitted(where, allow):
            raise VetoError(where)
        return _make_socket(info)

    return guarded


def _make_socket(info: AddressInfo) -> socket.socket:
    family, kind, protocol, _, _ = info
    return socket.socket(family=family, type=kind, proto=protocol)
