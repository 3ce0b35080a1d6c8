"""robots.txt of the sites whose article pages are read, asked of a real server."""

from __future__ import annotations

import pytest

from tests.net.raw import raw, send
from watcher.daemon.robots import Robots
from watcher.net import Client, Limits


def said(text: str, status: str = "200 OK") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text.encode())}\r\nConnection: close\r\n\r\n{text}".encode()
    )


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (said("User-agent: *\nDisallow: /a/\n"), False),
        (said("User-agent: watcher\nDisallow: /a/\n\nUser-agent: *\nAllow: /\n"), False),
        (said("User-agent: *\nDisallow: /\n\nUser-agent: watcher\nAllow: /a/\n"), True),
        (said("User-agent: *\nDisallow: /b/\n"), True),
        (said("no", "404 Not Found"), True),
        (said("\0\xff<html>"), True),
    ],
)
async def test_a_page_is_read_where_the_site_allows_it_and_the_site_is_asked_once(answer: bytes, allowed: bool) -> None:
    async with raw() as server, Client(user_agent="watcher/1", limits=Limits(), allow_private=("127.0.0.0/8",)) as client:
        server.answer = send(answer)
        robots = Robots("watcher/1 (+mailto:desk@example.org)")
        for n in range(3):
            assert await robots.allowed(client, server.url(f"/a/{n}"), Limits()) is allowed
    assert [head.split(b" ")[1] for head in server.heads] == [b"/robots.txt"]
