"""The newsroom: outlets, pages, receivers and their failures, started and stopped together."""

from __future__ import annotations

import asyncio
import base64
import functools
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP

from watcher.newsroom import pages, wire
from watcher.newsroom.bell import Bell
from watcher.newsroom.ledger import Ledger
from watcher.newsroom.pieces import OUTLETS, Outlet, Piece
from watcher.newsroom.sinks import HookSink, MailSink, Post, SlackSink
from watcher.newsroom.trouble import Trouble, Troubles
from watcher.newsroom.web import Document, Request, Web

HOOKS_ADDRESS = "127.0.0.1"
SECRET = b"the newsroom's own webhook key.."


class Newsroom:
    """An asynchronous context manager; everything in it is on loopback and ends with the block.

    ::

        async with Newsroom(ledger=tmp / "ledger.jsonl") as room:
            room.plant(room.feed_url("courier"), Trouble(status=503, times=2))
            url = room.publish(load("lead"))
            assert await room.until(lambda: room.mails, seconds=20)

    :param outlets: the houses, by id.
    :param ledger: file to which every accepted message is appended, or None.
    :param newest: how many of the newest pieces a feed lists.
    """

    def __init__(self, outlets: Mapping[str, Outlet] = OUTLETS, *, ledger: Path | None = None, newest: int = 30) -> None:
        self.outlets = dict(outlets)
        self.posts: list[Post] = []
        self.smtp_port = 0
        self._newest = newest
        self._printed: dict[str, list[Piece]] = {id_: [] for id_ in self.outlets}
        self._bell, self._troubles, self._ledger = Bell(), Troubles(), Ledger(ledger)
        self._web = Web(self._bell, self._troubles)
        self._smtp: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self._web.start([HOOKS_ADDRESS, *(outlet.address for outlet in self.outlets.values())])
        loop = asyncio.get_running_loop()
        mail = functools.partial(SMTP, MailSink(self._accept, self._troubles), hostname="newsroom", loop=loop, enable_SMTPUTF8=True)
        self._smtp = await loop.create_server(mail, HOOKS_ADDRESS, 0)
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]
        for outlet in self.outlets:
            self._print(outlet)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._smtp is not None:
            self._smtp.close()
        await self._web.close()
        self._ledger.close()

    # -- what is published ---------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port of every website."""
        return self._web.port

    def url(self, path: str, address: str = HOOKS_ADDRESS) -> str:
        """The URL of ``path`` on the site at ``address``."""
        return f"http://{address}:{self.port}{path}"

    def feed_url(self, outlet: str) -> str:
        """Where the feed of ``outlet`` is."""
        return self.url(self.outlets[outlet].path, self.outlets[outlet].address)

    def page_url(self, piece: Piece) -> str:
        """Where the page of ``piece`` is, or will be."""
        return self.url(piece.path, self.outlets[piece.outlet].address)

    def publish(self, *pieces: Piece) -> str:
        """Put the pieces' pages on their sites and then the pieces into their feeds; returns the last one's URL."""
        url = ""
        for piece in pieces:
            url = self.page_url(piece)
            self.put(url, pages.page(self.outlets[piece.outlet], piece, url), "text/html; charset=utf-8")
            self._printed[piece.outlet].insert(0, piece)
        for outlet in {piece.outlet: None for piece in pieces}:
            self._print(outlet)
        return url

    def put(self, url: str, body: bytes, content_type: str, *, validators: bool = True) -> None:
        """Serve ``body`` at ``url``."""
        place = _place(url)
        before = self._web.documents.get(place)
        modified = datetime.fromtimestamp(int(time.time()), UTC)
        if before is not None:  # two versions within a second would share a Last-Modified
            modified = max(modified, before.modified + timedelta(seconds=1))
        self._web.documents[place] = Document(body=body, content_type=content_type, modified=modified, validators=validators)

    def withdraw(self, url: str) -> None:
        """Answer 404 at ``url`` from now on."""
        self._web.documents.pop(_place(url), None)

    def _print(self, outlet_id: str) -> None:
        outlet = self.outlets[outlet_id]
        items = [(self.page_url(piece), piece) for piece in self._printed[outlet_id][: self._newest]]
        write, content_type = wire.FORMATS[outlet.format]
        self.put(self.feed_url(outlet_id), write(outlet, self.url("", outlet.address), items), content_type)

    # -- receivers -----------------------------------------------------------------------------------------

    def slack(self, name: str) -> str:
        """Open a Slack-compatible hook; returns its URL."""
        return self._open(f"/slack/{name}", SlackSink(name, self._accept))

    def hook(self, name: str) -> str:
        """Open a Standard Webhooks receiver that wants :attr:`secret`; returns its URL."""
        return self._open(f"/hook/{name}", HookSink(name, SECRET, self._accept))

    @property
    def secret(self) -> str:
        """The webhooks' secret as a configuration has it."""
        return f"whsec_{base64.b64encode(SECRET).decode()}"

    def taken(self, sink: str) -> list[Post]:
        """What ``mail``, ``slack:NAME`` or ``hook:NAME`` accepted, in order."""
        return [post for post in self.posts if post.sink == sink]

    @property
    def mails(self) -> list[Post]:
        """The accepted e-mails, in order."""
        return self.taken("mail")

    def _open(self, path: str, receiver: SlackSink | HookSink) -> str:
        url = self.url(path)
        self._web.receivers[_place(url)] = receiver
        return url

    def _accept(self, post: Post) -> None:
        self._ledger.append(post.line())
        self.posts.append(post)
        self._bell.ring()

    # -- failures and observation --------------------------------------------------------------------------

    def plant(self, place: str, trouble: Trouble) -> None:
        """Let ``trouble`` strike at ``place``: a URL of this room, or ``smtp``, ``smtp/rcpt/ADDRESS``, ``smtp/data``."""
        self._troubles.plant(_place(place), trouble)

    def lift(self, place: str | None = None) -> None:
        """Heal ``place``, or everything."""
        self._troubles.lift(None if place is None else _place(place))

    @property
    def requests(self) -> list[Request]:
        """Every HTTP request so far, in order."""
        return self._web.requests

    def asked(self, url: str) -> list[Request]:
        """The requests for ``url``, in order."""
        place = _place(url)
        return [request for request in self._web.requests if request.place == place]

    async def until(self, holds: Callable[[], object], seconds: float) -> bool:
        """Wait until ``holds()`` is true, at most ``seconds``; returns whether it is. Looks whenever something happened."""
        return await self._bell.until(holds, seconds, look_every=0.2)

    async def polled(self, *outlets: str, times: int = 1, seconds: float = 30.0) -> bool:
        """Wait until each of the outlets' feeds (default: all) was asked for ``times`` more; returns whether it was."""
        wanted = {outlet: len(self.asked(self.feed_url(outlet))) + times for outlet in outlets or self.outlets}
        return await self.until(lambda: all(len(self.asked(self.feed_url(o))) >= n for o, n in wanted.items()), seconds)

    def is_known(self, outlet: str) -> bool:
        """Whether the feed was asked for with its current ETag: what it says now has been stored."""
        url = self.feed_url(outlet)
        etag = self._web.documents[_place(url)].etag
        return any(request.headers.get("If-None-Match") == etag for request in self.asked(url))

    async def known(self, *outlets: str, seconds: float = 30.0) -> bool:
        """Wait until :meth:`is_known` holds for each of the outlets (default: all); returns whether it does."""
        return await self.until(lambda: all(map(self.is_known, outlets or self.outlets)), seconds)


def _place(url: str) -> str:
    """``http://127.0.0.2:4000/rss.xml`` -> ``127.0.0.2/rss.xml``; names of SMTP places stay as they are."""
    if "://" not in url:
        return url
    authority, slash, path = url.partition("://")[2].partition("/")
    return f"{authority.rpartition(':')[0]}{slash}{path}"
