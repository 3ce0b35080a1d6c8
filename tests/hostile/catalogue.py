"""RELIABILITY's bad inputs that reach the program as a feed or as an article's page: a row, how it is served, what is to come of it.

``reasons``: the feed fails, with one of these words; empty: it is read. ``codes``: the entries that must be told, each once,
however often the feed is polled; no others may be. Rows that need a public address, a real mail server or a damaged
file are elsewhere (tests/net, tests/faults, tests/store).
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.hostile.documents import WORD, dialects, item, json_feed, laughs, quadratic, rss
from tests.hostile.server import Answer, Visit

MB = 1_000_000


@dataclass(frozen=True)
class Row:
    answer: Answer
    reasons: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    page: bool = False  # the article's page is read


def fails(answer: Answer, *reasons: str) -> Row:
    return Row(answer, frozenset(reasons))


def tells(answer: Answer, *codes: str, page: bool = False) -> Row:
    return Row(answer, codes=frozenset(codes), page=page)


def body(
    data: bytes | Callable[[int], bytes], *, status: str = "200 OK", kind: str = "application/rss+xml", headers: Sequence[str] = ()
) -> Answer:
    """The same answer, or one made from the number of the request."""

    async def answer(visit: Visit) -> None:
        await visit.send(data(visit.number) if callable(data) else data, status=status, kind=kind, headers=headers)

    return answer


def raw(data: bytes) -> Answer:
    async def answer(visit: Visit) -> None:
        await visit.raw(data)

    return answer


def status(code: int, *headers: str) -> Answer:
    return body(b"no", status=f"{code} X", kind="text/plain", headers=headers)


def redirect(to: str, code: int = 302) -> Answer:
    return body(b"", status=f"{code} Moved", headers=(f"Location: {to}", "Set-Cookie: way=in"))


def packed(data: bytes, coding: str = "gzip") -> Answer:
    return body(data, headers=(f"Content-Encoding: {coding}",))


def with_page(code: str, page: Answer) -> Answer:
    """A feed of one item that the rule finds in its teaser, and the item's page."""

    async def answer(visit: Visit) -> None:
        if visit.path.startswith("/page"):
            await page(visit)
        elif visit.path == "/robots.txt":
            await visit.send(b"", status="404 X", kind="text/plain")
        else:
            await visit.send(rss(item(code, link=visit.site.url("/page"))))

    return answer


def moved(data: bytes, kind: str) -> Answer:
    """A permanent redirect, always, to what is there now."""

    async def answer(visit: Visit) -> None:
        if visit.path.startswith("/new"):
            await visit.send(data, kind=kind)
        else:
            await visit.send(b"", status="301 Moved", kind=kind, headers=("Location: /new",))

    return answer


async def silence(_visit: Visit) -> None:
    await asyncio.Event().wait()


async def torn(visit: Visit) -> None:
    await visit.raw(b"HTTP/1.1 200 OK\r\nContent-Le")
    visit.reset()


async def dripping(visit: Visit) -> None:
    await visit.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await visit.raw(b" ")
        await asyncio.sleep(0.5)


async def dripping_headers(visit: Visit) -> None:
    await visit.raw(b"HTTP/1.1 200 OK\r\n")
    while True:
        await visit.raw(b"X-A: b\r\n")
        await asyncio.sleep(0.5)


async def endless(visit: Visit) -> None:
    await visit.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss>")
    for _ in range(1000):
        await visit.raw(b"<item/>" * 10_000)


async def endless_chunks(visit: Visit) -> None:
    await visit.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        await visit.raw(b"11170\r\n" + b"x" * 70_000 + b"\r\n")


def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MB)) for _ in range(200)) + packer.flush()


def many(count: int) -> Callable[[int], bytes]:
    """``count`` items, of which one is another at each request; only the first document's newest may alert."""
    rest = "".join(item(f"old{n}", "nothing of interest") for n in range(count))
    return lambda number: rss(item("P12" if number == 1 else f"x{number}", "" if number == 1 else "nothing"), rest)


def unstable(number: int) -> bytes:
    return rss(item("P08", guid=f"P08?sid={number}"))


def edited(number: int) -> bytes:
    return rss(item("P09", f"The {WORD} P09 was seen {number} times."))


def shuffled(number: int) -> bytes:
    items = [
        item(f"P18-{n}", f"The {WORD} number {n} of a herd that walks along the river {n * 7919} days after the rain {n * 104729}.")
        for n in range(4)
    ]
    return rss(*items[number % 4 :], *items[: number % 4])


def emptied(number: int) -> bytes:
    return rss() if number % 2 == 0 else rss(item("P20"))


def alternating(number: int) -> bytes:
    return rss(item("P18b")) if number % 2 else rss(item("quiet", "nothing"), item("P18b"))


def dated(value: str, code: str) -> str:
    return item(
        code, f"The {WORD} {code} of a day that nobody knows, counted {code} by those who were there.", more=f"<pubDate>{value}</pubDate>"
    )


DATES = ("tomorrow", "32 Feb 2024 25:61:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "9999-12-31T23:59:59Z", "20210", "Thu, 01 Jan 1970 00:00:00 GMT",
         "Mon, 25 Nov 2024 10:00:00 +9999", "١٢ نوفمبر ٢٠٢٤", "-0001-01-01")  # fmt: skip
ODD_JSON = (
    None, 7, "text", [], {"id": 12, "content_text": f"The {WORD} P06 came back."}, {"id": None, "title": 5}, {"id": ["x"], "url": {}},
    {"id": float("nan"), "content_text": "x"},
)  # fmt: skip
MENTIONS = "<!channel> <!here> <@U1> <#C1> <!subteam^S> <http://evil.example|https://bank.example> &lt;!everyone&gt; @everyone"

NETWORK: Mapping[str, Row] = {
    "N09": fails(redirect("file:///etc/passwd"), "scheme", "url"),
    "N08": fails(redirect("http://169.254.169.254/latest/meta-data/"), "private"),
    "N16": fails(silence, "timeout"),
    "N16b": fails(torn, "reset", "connection", "truncated"),
    "N17": fails(dripping, "timeout"),
    "N17b": fails(dripping_headers, "timeout"),
    "N18": fails(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rs"), "truncated"),
    "N18b": fails(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n"), "truncated"),
    "N19": fails(endless, "too_large"),
    "N19b": fails(endless_chunks, "too_large"),
    "N19c": fails(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"), "too_large"),
    "N20": fails(packed(bomb()), "too_large"),
    "N20b": fails(packed(b"no gzip at all"), "encoding"),
    "N20c": fails(packed(b"x", "rot13"), "encoding"),
    "N21": fails(redirect("/feed", 301), "redirects"),
    "N22": fails(body(b""), "empty"),
    "N22b": fails(body(b"", status="204 No Content"), "http_204", "empty"),
    "N22c": fails(body(rss(item("N22c")), status="206 Partial Content"), "partial"),
    "N22d": fails(body(b"<!doctype html><html><body>Log in</body></html>", kind="text/html"), "not_a_feed"),
    **{f"N24-{code}": fails(status(code), f"http_{code}") for code in (401, 403, 404, 500, 503, 520, 999)},
    "N23": fails(moved(b"<!doctype html><html><body>Our new site</body></html>", "text/html"), "not_a_feed"),
    "N23b": tells(moved(rss(item("N23b")), "application/rss+xml"), "N23b"),
    "N24-410": fails(status(410), "gone"),
    "N24-429": fails(status(429), "rate_limited"),
    **{
        f"N25-{n}": fails(status(503, f"Retry-After: {value}"), "http_503")
        for n, value in enumerate(("-5", "1e9", "abc", "Wed, 01 Jan 2020 00:00:00 GMT", "1\r\nRetry-After: 7200", "9" * 400))
    },
    "N27": tells(body(rss(item("N27")), headers=("Cache-Control: max-age=315360000", "Cache-Control: no-store", "Expires: -1")), "N27"),
    "N27b": tells(
        body(rss(item("N27b"), head="<ttl>1000000000</ttl><skipDays>" + "".join(f"<day>{d}day</day>" for d in ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun")) + "</skipDays>")),
        "N27b",
    ),
    "N28": tells(body(rss(item("N28"))), "N28"),
    "headers": fails(raw(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000 + b"\r\n\r\n"), "protocol"),
    "not http": fails(raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "protocol"),
}  # fmt: skip

DOCUMENTS: Mapping[str, Row] = {
    "P01": fails(body(laughs()), "xml"),
    "P01b": Row(body(quadratic()), reasons=frozenset({"xml", "too_large"})),
    "P02": fails(body(b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss(item("P02", "&x;"), declaration="")), "xml", ""),
    "P02b": tells(body(rss(item("P02b"), '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>')), "P02b"),
    "P03": tells(body(rss(item("P03", f"Die {WORD} P03 läuft über die Straße.")).decode().encode("cp1252"), headers=()), "P03"),
    "P03b": tells(body(rss(item("P03b"), declaration='<?xml version="1.0" encoding="no-such-charset"?>')), "P03b"),
    "P03c": tells(body(("\ufeff" + rss(item("P03c"), declaration='<?xml version="1.0" encoding="UTF-16"?>').decode()).encode("utf-16-le")), "P03c"),
    "P04": tells(body(rss("<item><title>A\x0b report\x01 P04</title><guid>P04</guid><description>The quagga\ufffe P04 \x1f came.</description></item>")), "P04"),
    "P05": fails(body(b" \n\n "), "empty"),
    "P05b": fails(body(b"<"), "not_a_feed", "xml"),
    "P05c": tells(body(rss(item("P05c"), item("half"))[:-110]), "P05c"),
    "P06": tells(body(json_feed(*ODD_JSON), kind="application/feed+json"), "P06"),
    "P06b": fails(body(b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 100_000, kind="application/json"), "json"),
    "P06c": fails(body(b'{"version": "https://jsonfeed.org/version/1.1", "x": ' + b"9" * 6000 + b"}", kind="application/json"), "json", ""),
    "P07": tells(body(rss(item("P07a", guid=""), item("P07b", guid="", link=""), "<item/>", "<item><guid>P07c</guid></item>")), "P07a", "P07b"),
    "P08": tells(body(unstable), "P08"),
    "P09": tells(body(edited), "P09"),
    "P11": tells(body(rss(*(item(f"P11{n}", guid=g) for n, g in enumerate(("../../etc/passwd", "x" * MB, "a\r\nX-Evil: 1", "'; DROP TABLE entries; --", "%00", "\U0001f600"))))),
                 *(f"P11{n}" for n in range(6))),
    "P12": tells(body(many(50_000)), "P12"),
    "P13": fails(body(lambda n: rss(item(f"P13{n}", "<p>x <a href=x>y</a></p>" * 800_000))), "too_large", "worker"),
    "P13b": Row(body(lambda n: rss(item(f"deep{n}", "<div>" * 100_000))), reasons=frozenset({"", "worker"})),
    "P14": tells(body(rss(item("P14", title="A report P14 " + "long " * 200_000, more="<category>c</category>" * 50_000 + '<enclosure url="x" length="-1"/>'))), "P14"),
    "P17": tells(body(rss(*(dated(d, f"P17{n}") for n, d in enumerate(DATES)))), *(f"P17{n}" for n in range(len(DATES)))),
    "P18": tells(body(shuffled), *(f"P18-{n}" for n in range(4))),
    "P18b": tells(body(alternating), "P18b"),
    "P19": tells(body(rss(*(item(f"P19-{n}") for n in range(1_000)))), *(f"P19-{n}" for n in range(20))),
    "P20": tells(body(emptied), "P20"),
    "P21": tells(body(rss(item("P21", title='<img src=x onerror="alert(1)"> P21'))), "P21"),
    **{f"P22 {name}": tells(body(document, kind=kind), "P22") for name, (document, kind) in dialects().items()},
    "marks": tells(body(lambda n: rss(item("marks"), item(f"m{n}", "a" + "\u0301" * 100_000))), "marks"),
    "noise": fails(body(bytes(range(256)) * 800), "not_a_feed", "xml"),
}  # fmt: skip

PAGES: Mapping[str, Row] = {
    "P15": tells(with_page("P15", body(b"<html><body>" + b"<a href=/x>a link</a> " * 100_000, kind="text/html")), "P15", page=True),
    "P15b": tells(with_page("P15b", body(b"<html><body>" + b"text<br>" * 100_000, kind="text/html")), "P15b", page=True),
    "P15c": tells(with_page("P15c", body(b"<html><body>" + b"<div>" * 200_000, kind="text/html")), "P15c", page=True),
    "P16": tells(with_page("P16", body(b"%PDF-1.7 no text here", kind="application/pdf")), "P16", page=True),
    "P16b": tells(
        with_page("P16b", raw(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 4000000000\r\n\r\n")), "P16b", page=True
    ),
    "P16c": tells(with_page("P16c", status(403)), "P16c", page=True),
    "P16d": tells(with_page("P16d", silence), "P16d", page=True),
    "P16e": tells(
        with_page("P16e", body(b"<html><body>Please enable JavaScript to view this page.</body></html>", kind="text/html")),
        "P16e",
        page=True,
    ),
    "P16f": tells(with_page("P16f", redirect("http://10.0.0.1/secret")), "P16f", page=True),
    "P16g": tells(with_page("P16g", body(b"<h1>404 Not found</h1>", kind="text/html")), "P16g", page=True),
    "P16h": tells(with_page("P16h", packed(gzip.compress(bytes(30 * MB)))), "P16h", page=True),
}

CONTENT: Mapping[str, Row] = {
    "C01": tells(body(rss(item("C01", f'The {WORD} C01 <script>alert(1)</script> "><svg onload=alert(1)> <iframe srcdoc=x> <meta http-equiv=refresh content=0>'))), "C01"),
    "C02": tells(body(rss(item("C02", title="A report C02\r\nBcc: evil@example.org\x85\u2028X: y"))), "C02"),
    "C03": tells(body(json_feed({"id": "C03", "title": "A report C03 \ud800 \u0000", "content_text": f"The {WORD} C03 \udfff came."}), kind="application/feed+json"), "C03"),
    "C04": tells(body(rss(item("C04", f"The {WORD} C04: {MENTIONS}", title=f"A report C04 {MENTIONS}"))), "C04"),
    "C05": tells(body(rss(item("C05", f"``` The {WORD} C05 *bold _it ~gone > quote ```", title="`C05` *x* _y_ > z"))), "C05"),
    "C08": tells(body(rss(item("C08", title="C08 " + "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 300))), "C08"),
    "C09": tells(body(rss(item("C09", f"The {WORD} C09 " + "&" * 20_000, title="C09 " + "&" * 900))), "C09"),
    "C10": tells(body(rss(item("C10", f"The {WORD} C10\n.\n.\nFrom me\n" + "x" * 100_000))), "C10"),
    "C14": tells(body(rss(item("C14", f"</script> 9223372036854775808 NaN The {WORD} C14"))), "C14"),
}  # fmt: skip

ROWS: Mapping[str, Row] = {**NETWORK, **DOCUMENTS, **PAGES, **CONTENT}
