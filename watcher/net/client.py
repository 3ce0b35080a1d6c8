"""The exchange itself: one request, its redirects hop by hop, its limits, and credentials that stay at their origin."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import ClientError, ClientResponse
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from watcher.errors import BlockedAddress, FetchError, FetchTimeout
from watcher.net import address, body, faults, target
from watcher.net.connection import Permission, Pools
from watcher.net.deadline import Deadline, Deadlines
from watcher.net.reply import Hop, Limits, Reply

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

REDIRECTS = frozenset((301, 302, 303, 307, 308))
ANSWER_OF_POST = 1 << 16
ALL_HEADERS = 1 << 16  # L5
_FAULTS = (ClientError, HttpProcessingError, OSError, ValueError)  # TimeoutError is an OSError
# What may follow a redirect to another origin; anything else could be a secret.
_PUBLIC_HEADERS = frozenset(("accept", "accept-encoding", "accept-language", "user-agent", "if-none-match", "if-modified-since"))


class Conditional(NamedTuple):
    """Validators, and the URL (as in ``Reply.url``) that gave them; None: the one that is asked for first. No other hop gets them."""

    headers: Mapping[str, str]
    url: str | None = None


class Client:
    """Fetches and posts within limits, never to an address that it may not talk to. One per process; async context manager.

    :param user_agent: sent with each request that does not bring its own.
    :param limits: used where a request brings none.
    :param allow_private: networks, e.g. ``10.0.0.0/8``, permitted besides public addresses; a request may bring its own set instead.
    :param proxy: ``http://[user:password@]host:port``, trusted wherever it is; a request may bring its own.
    :param resolver: looks names up in place of ``getaddrinfo``; its answers are judged all the same.
    :param tls: replaces the system's trusted certificates.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        allow_private: Sequence[str] = (),
        proxy: str | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._user_agent, self._limits, self._proxy = user_agent, limits, proxy
        self._allow = address.networks(allow_private)
        self._pools = Pools(resolver, tls)
        self._deadlines = Deadlines()
        self._usual = Permission(self._allow)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        self._deadlines.close()
        await self._pools.close()

    async def get(
        self,
        url: str,
        *,
        headers: Headers = (),
        limits: Limits | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
        auth: tuple[str, str] | None = None,
        allow_private: Sequence[str] | None = None,
        conditional: Conditional | None = None,
    ) -> Reply:
        """Return the answer of ``url``, of whatever status, after following its redirects, each hop judged anew.

        :param headers: sent along; across origins only what cannot be a secret.
        :param auth: user and password for the first origin; goes before those in the URL.
        :param conditional: headers for one hop only.
        :raises FetchError: see the tree in ``watcher.errors``; ``reason`` is one of a small set.
        """
        asked = Request(url, headers, user_agent or self._user_agent, auth, conditional)
        bounds = limits or self._limits
        allow = self._allow if allow_private is None else address.networks(allow_private)
        clock = asyncio.get_running_loop().time
        started = clock()
        waiting = "response headers"
        try:
            with Deadline(self._deadlines, started + min(bounds.headers, bounds.total)) as timer:
                while True:
                    response = await self._exchange("GET", asked, bounds, allow, proxy)
                    try:
                        if response.status in REDIRECTS and (location := _location(response)):
                            asked.redirect(location, response.status, bounds.redirects)
                            timer.at = min(clock() + bounds.headers, started + bounds.total)
                            continue
                        content = b""
                        if response.status != 304:
                            timer.at = started + bounds.total
                            waiting = "body"
                            content = await body.read(response, asked.target.text, bounds)
                        return Reply(asked.target.text, response.status, response.headers, content, tuple(asked.hops), response.raw_headers)
                    finally:
                        _finish(response)
        except _FAULTS as fault:
            raise _explain(fault, asked.target.text, waiting, timer.expired) from fault

    async def post(
        self, url: str, content: bytes, *, headers: Headers = (), limits: Limits | None = None, allow_private: Sequence[str] | None = None
    ) -> Reply:
        """Return the answer to ``content``, of whatever status; its body is cut at 64 KiB. Redirects are answers, never followed.

        :raises FetchError: as :meth:`get`. Whether the receiver has acted on the request is then unknown.
        """
        asked = Request(url, headers, self._user_agent, None)
        bounds = limits or self._limits
        allow = self._allow if allow_private is None else address.networks(allow_private)
        started = asyncio.get_running_loop().time()
        waiting = "response headers"
        try:
            with Deadline(self._deadlines, started + min(bounds.headers, bounds.total)) as timer:
                response = await self._exchange("POST", asked, bounds, allow, None, content=content)
                try:
                    timer.at = started + bounds.total
                    waiting = "body"
                    answer = await body.read_some(response, asked.target.text, ANSWER_OF_POST)
                    return Reply(asked.target.text, response.status, response.headers, answer, (), response.raw_headers)
                finally:
                    _finish(response)
        except _FAULTS as fault:
            raise _explain(fault, asked.target.text, waiting, timer.expired) from fault

    async def _exchange(
        self, method: str, asked: Request, bounds: Limits, allow: address.Networks, proxy: str | None, *, content: bytes | None = None
    ) -> ClientResponse:
        """Send one hop's request and return once its headers are there."""
        aim = asked.target
        if aim.address is not None and not address.permitted(aim.address, allow):
            raise BlockedAddress(aim.text, network=address.block(aim.address), where=aim.address)
        through = proxy or self._proxy
        usual = allow is self._allow and through is None
        session = self._pools.session(self._usual if usual else Permission(allow, proxied=through is not None), bounds.connect)
        response = await session.request(
            method,
            aim.url,
            headers=asked.headers,
            data=content,
            allow_redirects=False,
            proxy=_proxy(through, aim.text) if through else None,
        )
        if len(response.raw_headers) > 8 and sum(len(name) + len(value) for name, value in response.raw_headers) > ALL_HEADERS:
            response.close()
            raise FetchError(aim.text, "protocol", "the response headers exceed 64 KiB")
        return response


class Request:
    """What one exchange still has to ask for; changes from hop to hop.

    ``target`` is where the next hop goes, ``hops`` those behind us, ``headers`` what that origin may see.
    """

    __slots__ = ("_conditional", "headers", "hops", "target")

    def __init__(
        self, url: str, headers: Headers, user_agent: str, auth: tuple[str, str] | None, conditional: Conditional | None = None
    ) -> None:
        self.target = target.parse(url)
        self.hops: list[Hop] = []
        self.headers: CIMultiDict[str] = CIMultiDict(headers)
        self.headers.setdefault("User-Agent", user_agent)
        self.headers.setdefault("Accept-Encoding", "gzip")
        if auth is not None:
            self._authorize(*auth)
        elif self.target.user is not None:
            self._authorize(self.target.user, self.target.password)
        self._conditional = conditional
        if conditional is not None and conditional.url in (None, self.target.text):
            self.headers.update(conditional.headers)

    def redirect(self, location: str, status: int, most: int) -> None:
        """Turn to the next hop; raises FetchError ``redirects`` beyond ``most``, and as ``target.join``."""
        here = self.target
        self.hops.append(Hop(here.text, status))
        if len(self.hops) > most:
            raise FetchError(self.hops[0].url, "redirects", f"more than {most} redirects")
        self.target = target.join(here, location)
        if not _same_origin(here.origin, self.target.origin):
            for name in [name for name in self.headers if name.lower() not in _PUBLIC_HEADERS]:
                del self.headers[name]
        if self._conditional is not None:  # another server's validator could agree with ours by chance, and hide news
            for name in self._conditional.headers:
                self.headers.popall(name, None)
            if self._conditional.url == self.target.text:
                self.headers.update(self._conditional.headers)
        if self.target.user is not None:
            self._authorize(self.target.user, self.target.password)

    def _authorize(self, user: str, password: str) -> None:
        """Set HTTP Basic credentials (RFC 7617), unless the user's own header goes before them."""
        if ":" in user:
            raise FetchError(self.target.text, "url", "the user name for this URL holds a colon")
        self.headers.setdefault("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def _same_origin(here: tuple[str, str, int], there: tuple[str, str, int]) -> bool:
    """Whether credentials may follow: the same origin, or its upgrade from plain http to https on the standard ports."""
    return here == there or (here == ("http", there[1], 80) and there == ("https", here[1], 443))


def _location(response: ClientResponse) -> str:
    """Return where a redirect points, its bytes read as UTF-8 as browsers do; "" where it does not say."""
    return response.headers.get("Location", "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _proxy(text: str, url: str) -> URL:
    try:
        proxy = URL(text)
    except ValueError as fault:
        raise FetchError(url, "proxy", "the proxy's URL cannot be read") from fault
    if proxy.scheme != "http" or not proxy.raw_host:
        raise FetchError(url, "proxy", "the proxy's URL must begin with http://")
    return proxy


def _finish(response: ClientResponse) -> None:
    """Give the connection back where the answer was read to its end; else close it."""
    if response.content.at_eof():
        response.release()
    else:
        response.close()


def _explain(fault: BaseException, url: str, waiting: str, expired: bool) -> FetchError:
    if expired:
        return FetchTimeout(url, detail=f"no complete {waiting} in time")
    return faults.translate(fault, url)
