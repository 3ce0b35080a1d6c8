"""The guarded client against servers that mislead, stall and overwhelm (RELIABILITY 3.1)."""

from __future__ import annotations

import asyncio
import base64
import gzip
import zlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from tests.net.raw import Raw, raw, redirect, send, silence
from watcher.errors import BlockedAddress, FetchError, FetchTimeout, TooLarge
from watcher.net import Client, Limits

LOOPBACK = ("127.0.0.0/8",)
QUICK = Limits(connect=1, headers=0.4, total=0.8, max_wire=100_000, max_decoded=200_000)


@pytest.fixture
async def server() -> AsyncIterator[Raw]:
    async with raw() as one:
        yield one


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(user_agent="watcher/test", limits=QUICK, allow_private=LOOPBACK) as one:
        yield one


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.0.0.2", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
async def test_by_default_nothing_of_this_machine_is_reached(server: Raw, host: str) -> None:
    """N01, N03, N04: refused, and not one connection was accepted."""
    async with Client(user_agent="x", limits=QUICK) as guarded:
        with pytest.raises(FetchError) as caught:
            await guarded.get(server.url(host=host))
    assert isinstance(caught.value, BlockedAddress) or caught.value.reason in ("url", "dns")
    assert server.accepts == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_judged_like_a_first_request(server: Raw, client: Client, status: int) -> None:
    """N08: from an allowed host to one that is not."""
    async with raw() as inside:
        server.answer = redirect(f"http://10.0.0.1:{inside.port}/secret", status)
        with pytest.raises(BlockedAddress) as caught:
            await client.get(server.url())
    assert caught.value.reason == "private"
    assert '10.0.0.1 is a private or special address: [fetch] allow_private = ["10.0.0.0/8"] would permit it' in str(caught.value)
    assert inside.accepts == 0


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "data:text/plain,x", "javascript:alert(1)"]
)
async def test_only_http_is_followed(server: Raw, client: Client, target: str) -> None:
    server.answer = redirect(target)
    with pytest.raises(FetchError) as caught:
        await client.get(server.url())
    assert caught.value.reason in ("scheme", "url")


async def test_credentials_go_to_their_origin_only_and_are_told_to_nobody(server: Raw, client: Client) -> None:
    """N10: another host after a redirect sees no Authorization; the error's text has no password."""
    async with raw() as other:
        server.answer = redirect(other.url("/there", host="127.0.0.2"))
        await client.get(f"http://user:hunter2@127.0.0.1:{server.port}/feed", headers={"X-Token": "s3cret"})
    assert b"Basic " + base64.b64encode(b"user:hunter2") in server.heads[0]
    assert b"authorization" not in other.heads[0].lower()
    assert b"s3cret" not in other.heads[0]
    server.answer = silence
    with pytest.raises(FetchTimeout) as caught:
        await client.get(f"http://user:hunter2@127.0.0.1:{server.port}/feed")
    assert "hunter2" not in str(caught.value) + repr(caught.value)


async def test_no_cookie_and_no_referer_is_ever_sent(server: Raw, client: Client) -> None:
    """N26: a server that wants its cookie back gets a loop that ends."""
    server.answer = redirect("/again")
    with pytest.raises(FetchError) as caught:
        await client.get(server.url())
    assert caught.value.reason == "redirects"
    assert len(server.heads) == QUICK.redirects + 1
    assert not [head for head in server.heads if b"cookie" in head.lower() or b"referer" in head.lower()]


async def test_the_environments_proxy_is_ignored(server: Raw, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """N11."""
    async with raw() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert (await client.get(server.url())).body == b"ok"
    assert proxy.accepts == 0


async def test_a_permission_does_not_lend_its_connection(server: Raw, client: Client) -> None:
    """A pooled connection that one request was allowed to open is not there for another that may not."""
    server.answer = send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
    await client.get(server.url(), allow_private=LOOPBACK)
    with pytest.raises(BlockedAddress):
        await client.get(server.url(), allow_private=())
    assert server.accepts == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (silence, "timeout"),
        (send(b""), "reset"),
        (send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"), "truncated"),
        (send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "truncated"),
        (send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip"), "encoding"),
        (send(b"HTTP/1.1 200 OK\r\nContent-Encoding: x-rot13\r\nContent-Length: 1\r\n\r\na"), "encoding"),
        (send(b"SSH-2.0-OpenSSH\r\n\r\n"), "protocol"),
        (send(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"), "protocol"),
    ],
    ids=["silence", "closed", "short body", "no last chunk", "no gzip", "unknown encoding", "no http", "long header"],
)
async def test_an_answer_that_is_none_has_a_reason(server: Raw, client: Client, answer: object, reason: str) -> None:
    """N16 to N18."""
    server.answer = answer  # type: ignore[assignment]
    with pytest.raises(FetchError) as caught:
        await client.get(server.url())
    assert caught.value.reason == reason


async def test_a_slow_body_is_cut_by_the_wall_clock(server: Raw, client: Client) -> None:
    """N17: a byte now and then keeps no connection open."""

    async def drip(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    server.answer = drip
    with pytest.raises(FetchTimeout):
        await client.get(server.url())


@pytest.mark.parametrize("length", [b"Content-Length: 10000000000\r\n", b"Connection: close\r\n"])
async def test_an_endless_body_is_cut_at_the_limit(server: Raw, client: Client, length: bytes) -> None:
    """N19."""

    async def flood(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    server.answer = flood
    with pytest.raises(TooLarge):
        await client.get(server.url())


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_refused_before_it_is_in_memory(server: Raw, client: Client, encoding: str) -> None:
    """N20: 50 MB in 50 kB; the decoder is asked for no more than the cap."""
    bomb = gzip.compress(bytes(50_000_000)) if encoding == "gzip" else zlib.compress(bytes(50_000_000))
    assert len(bomb) < QUICK.max_wire
    server.answer = send(f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)
    with pytest.raises(TooLarge):
        await client.get(server.url())


async def test_gzip_of_several_members_is_read_whole(server: Raw, client: Client) -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two")
    server.answer = send(f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
    assert (await client.get(server.url())).body == b"one two"


@pytest.mark.parametrize(
    "url", ["http://", "http://[", "http://exa mple/", "http://a\r\nb/", "//x/", "", "http://x:99999/", "http://x:25/", "http://\0/"]
)
async def test_an_odd_url_is_an_error_and_no_exception(client: Client, url: str) -> None:
    with pytest.raises(FetchError):
        await client.get(url)


async def test_a_post_follows_nothing_and_reads_little(server: Raw, client: Client) -> None:
    """V08: a redirect is the receiver's answer, and an endless answer is cut."""
    async with raw() as other:
        server.answer = redirect(other.url())
        assert (await client.post(server.url(), b"{}")).status == 302
    assert other.accepts == 0
    server.answer = send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1_000_000)
    assert len((await client.post(server.url(), b"{}")).body) == 65_536


def test_every_exception_of_the_library_below_has_a_reason() -> None:
    """Walks aiohttp's tree of errors: what a newer version adds must be mapped, never escape."""
    import inspect

    import aiohttp

    from watcher.net import faults

    class Refused(OSError):
        """Stands for the system's own error, which most of aiohttp's carry."""

    kinds = [kind for _, kind in inspect.getmembers(aiohttp, inspect.isclass) if issubclass(kind, aiohttp.ClientError)]
    assert len(kinds) > 15
    for kind in kinds:
        fault = kind.__new__(kind)
        fault.args = ("http://example.org",)
        for name in ("_os_error", "_conn_key", "_certificate_error"):
            if not hasattr(fault, name):
                try:
                    setattr(fault, name, Refused(111, "refused") if name == "_os_error" else None)
                except AttributeError:
                    continue
        for name, value in (("message", "x"), ("request_info", None), ("status", 0)):
            if not hasattr(fault, name):
                setattr(fault, name, value)
        assert faults.translate(fault, "http://example.org").reason, kind


@pytest.mark.parametrize(("host", "trusted", "reason"), [("127.0.0.1", False, "tls_"), ("127.0.0.2", True, "tls_name")])
async def test_a_certificate_that_does_not_hold_is_named(host: str, trusted: bool, reason: str) -> None:
    """N15: an issuer that nobody knows, and a name that is not the server's."""
    import ssl

    import trustme

    ca = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(theirs)
    ours = ssl.create_default_context()
    if trusted:
        ca.configure_trust(ours)

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listeners = [await asyncio.start_server(serve, address, 0, ssl=theirs) for address in ("127.0.0.1", "127.0.0.2")]
    port = listeners[0 if host == "127.0.0.1" else 1].sockets[0].getsockname()[1]
    async with Client(user_agent="x", limits=QUICK, allow_private=LOOPBACK, tls=ours) as client:
        with pytest.raises(FetchError) as caught:
            await client.get(f"https://{host}:{port}/")
    assert caught.value.reason.startswith(reason)
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("host", ["example.org", "example.org:8080", "[2606:2800:220:1::1]:81", "93.184.216.34"])
def test_what_is_shown_of_a_url_has_its_host_and_no_credentials(host: str) -> None:
    from watcher.net import target

    shown = target.parse(f"http://us%40er:hunter2@{host}/a?b=c").text
    assert shown == f"http://{host}/a?b=c"


@pytest.mark.parametrize("host", ["example.org", "example.org:8080", "[2606:2800:220:1::1]", "[2606:2800:220:1::1]:81", "93.184.216.34"])
def test_what_is_asked_for_is_what_was_given(host: str) -> None:
    """An IPv6 address keeps its brackets; path and query go out byte for byte."""
    from watcher.net import target

    url = target.parse(f"http://{host}/a%2Cb?c=%2C,").url
    assert str(url) == f"http://{host}/a%2Cb?c=%2C,"
    assert url.host == urlsplit(f"//{host}").hostname
