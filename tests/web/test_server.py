"""The dashboard shows, and gives nothing away."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from watcher.model import Secret
from watcher.web import Health, serve

HOSTILE = "<script>alert(1)</script>\"'><svg onload=alert(1)>"
STATUS = {
    "feeds": 3,
    "failing": 1,
    "stopped": 0,
    "entries_waiting": 2,
    "alerts_24h": 5,
    "deliveries_due": 1,
    "deliveries_dead": 1,
    "channels_down": ["desk"],
}
ALERT: dict[str, Any] = {
    "id": "a1",
    "rule": HOSTILE,
    "title": HOSTILE,
    "url": "https://example.org/a",
    "host": "example.org",
    "feed": HOSTILE,
    "severity": "high",
    "created_at": "2026-01-01T00:00:00Z",
    "update": False,
    "quotes": [[["before ", False], [HOSTILE, True]]],
    "deliveries": [{"channel": "desk", "state": "dead", "attempts": 3, "answer": HOSTILE}],
}
FEED = {
    "name": HOSTILE,
    "url": "https://example.org/f",
    "last_success_at": None,
    "due_at": None,
    "entries": 1,
    "failures": 2,
    "last_error": HOSTILE,
}


DELIVERY = {
    "alert": "a1", "title": HOSTILE, "channel": "desk", "state": "dead", "attempts": 3, "created_at": "2026-01-01T00:00:00Z",
    "settled_at": "2026-01-04T03:35:00Z", "due_at": None, "reason": "refused", "answer": HOSTILE, "note": HOSTILE,
}  # fmt: skip


class Lists:
    """A source made of a few values."""

    well = Health(well=True)

    def __init__(self) -> None:
        self.acts: list[tuple[str, str, str]] = []

    async def status(self) -> dict[str, Any]:
        return STATUS

    async def alerts(self, limit: int, offset: int) -> list[dict[str, Any]]:
        return [ALERT][offset : offset + limit]

    async def alert(self, alert_id: str) -> dict[str, Any] | None:
        return ALERT if alert_id == "a1" else None

    async def deliveries(self, state: str | None, limit: int, offset: int) -> list[dict[str, Any]]:
        return [DELIVERY] if state in (None, "dead") else []

    async def bundle(self, number: str) -> list[dict[str, Any]] | None:
        return [ALERT, ALERT] if number == "7" else []

    async def alert_feed(self, kind: str, rule: str | None) -> bytes:
        return f"{kind} {rule}".encode()

    def link_holds(self, action: str, subject: str, channel: str, expiry: str, signature: str) -> bool:
        return signature == "ours"

    async def act(self, action: str, alert_id: str, channel: str) -> str | None:
        self.acts.append((action, alert_id, channel))
        return "Noted." if alert_id == "a1" else None

    async def feeds(self, limit: int, offset: int) -> list[dict[str, Any]]:
        return [FEED][offset : offset + limit]

    async def health(self) -> Health:
        return self.well

    def metrics(self) -> bytes:
        return b"watcher_feeds 3\n"


LINK = "?c=desk&e=1&s=ours"


class Browser:
    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self.session, self.port = session, port

    async def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        from yarl import URL

        async with self.session.get(URL(f"http://127.0.0.1:{self.port}{path}", encoded=True), headers=headers) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def post(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.post(f"http://127.0.0.1:{self.port}{path}", headers=headers) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def lists() -> Lists:
    return Lists()


@pytest.fixture
async def browser(lists: Lists) -> AsyncIterator[Browser]:
    async with serve(lists, "127.0.0.1", 0, allowed_hosts=["watcher.example.org"]) as port, aiohttp.ClientSession() as session:
        yield Browser(session, port)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/alerts",
        "/alerts/a1",
        "/feeds",
        "/deliveries",
        "/deliveries?state=<script>",
        "/nothing-here",
        f"/do/silence/a1{LINK}",
        f"/do/open/a1{LINK}",
        f"/do/bundle/7{LINK}",
        "/do/ack/a1",
        "/alerts/none",
        "/static/style.css",
    ],
)
async def test_no_answer_lets_a_script_run(browser: Browser, path: str) -> None:
    """W01: what comes from a feed is text on every page, and the policy forbids scripts on all of them."""
    _, text, headers = await browser.get(path)
    assert "<script" not in text
    assert "<svg" not in text
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")  # with a form that is to be sent: its Origin is looked at


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd"])
async def test_static_files_are_ours_alone(browser: Browser, path: str) -> None:
    """W02: no path leads out of the folder."""
    status, text, _ = await browser.get(path)
    assert status == 404
    assert "import" not in text


@pytest.mark.parametrize(
    ("host", "status"), [("watcher.example.org", 200), ("localhost:1", 200), ("[::1]", 200), ("evil.example", 421), ("", 421)]
)
async def test_only_our_names_are_answered(browser: Browser, host: str, status: int) -> None:
    """A hostile page that points a name of its own at this machine learns nothing."""
    assert (await browser.get("/api/alerts", Host=host))[0] == status


@pytest.mark.parametrize("query", ["limit=0", "limit=100000", "offset=-1", "offset=1000000", "limit=x", "limit=1;DROP"])
async def test_a_span_out_of_bounds_is_refused(browser: Browser, query: str) -> None:
    assert (await browser.get(f"/api/alerts?{query}"))[0] == 400


async def test_the_api_gives_what_the_pages_show(browser: Browser) -> None:
    assert json.loads((await browser.get("/api/status"))[1]) == STATUS
    assert json.loads((await browser.get("/api/alerts"))[1]) == [ALERT]
    assert json.loads((await browser.get("/api/alerts/a1"))[1]) == ALERT
    assert json.loads((await browser.get("/api/feeds?offset=1"))[1]) == []
    assert (await browser.get("/metrics"))[1] == "watcher_feeds 3\n"


async def test_deliveries_are_shown_by_state(browser: Browser) -> None:
    _, text, _ = await browser.get("/deliveries?state=dead")
    assert "Sun 4 Jan 2026, 03:35 UTC" in text
    assert 'aria-current="page">dead' in text
    assert json.loads((await browser.get("/api/deliveries?state=sent"))[1]) == []
    assert json.loads((await browser.get("/api/deliveries"))[1]) == [DELIVERY]
    assert (await browser.get("/api/deliveries?state=lost"))[0] == 400


async def test_health_says_why_it_is_not_well(browser: Browser, lists: Lists) -> None:
    assert (await browser.get("/healthz"))[0] == 200
    lists.well = Health(well=False, why="the poller hangs")
    status, text, _ = await browser.get("/healthz")
    assert (status, text) == (503, "the poller hangs\n")
    assert "the poller hangs" in (await browser.get("/"))[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_there_is_nothing_to_change(browser: Browser, method: str) -> None:
    """W03: no request of another page can have an effect, since none has."""
    async with browser.session.request(method, f"http://127.0.0.1:{browser.port}/alerts") as answer:
        assert answer.status == 405


async def test_a_password_is_asked_for_and_a_forwarded_address_does_not_help(lists: Lists) -> None:
    """W04, W07: the socket's peer counts, and only for what machines read."""
    word = base64.b64encode(b"any:secret word").decode()
    wrong = base64.b64encode(b"any:other").decode()
    async with serve(lists, "127.0.0.1", 0, password=Secret("secret word")) as port, aiohttp.ClientSession() as session:
        browser = Browser(session, port)
        assert (await browser.get("/"))[0] == 401
        assert (await browser.get("/", **{"X-Forwarded-For": "127.0.0.1"}))[0] == 401
        assert (await browser.get("/", Authorization=f"Basic {wrong}"))[0] == 401
        assert (await browser.get("/", Authorization="Basic %%%"))[0] == 401
        assert (await browser.get("/", Authorization=f"Basic {word}"))[0] == 200
        assert (await browser.get("/healthz"))[0] == 200


# ---- signed links


@pytest.mark.parametrize("action", ["ack", "useful", "noise", "silence"])
async def test_fetching_a_link_does_nothing_and_pressing_its_button_does_it(browser: Browser, lists: Lists, action: str) -> None:
    """A mail scanner that opens every link of a mail must not silence anything."""
    status, text, headers = await browser.get(f"/do/{action}/a1{LINK}")
    assert (status, lists.acts) == (200, [])
    assert 'method="post"' in text
    assert "action=" not in text  # it goes where the page came from, behind whatever a proxy puts in front
    assert headers["Referrer-Policy"] == "same-origin"
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    status, text = await browser.post(f"/do/{action}/a1{LINK}", **{"Sec-Fetch-Site": "same-origin"})
    assert (status, lists.acts) == (200, [(action, "a1", "desk")])
    assert "Noted." in text


async def test_no_other_page_allows_a_form(browser: Browser) -> None:
    for path in ("/", f"/do/open/a1{LINK}", f"/do/bundle/7{LINK}"):
        assert "form-action 'none'" in (await browser.get(path))[2]["Content-Security-Policy"]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
async def test_a_post_from_another_page_is_refused(browser: Browser, lists: Lists, headers: dict[str, str]) -> None:
    """W03."""
    assert (await browser.post(f"/do/silence/a1{LINK}", **headers))[0] == 403
    assert lists.acts == []


async def test_a_forged_link_and_one_to_an_alert_that_is_gone(browser: Browser, lists: Lists) -> None:
    for path in ("/do/ack/a1?c=desk&e=1&s=theirs", "/do/ack/a1"):
        assert (await browser.get(path))[0] == 403
        assert (await browser.post(path))[0] == 403
    assert lists.acts == []
    assert (await browser.get(f"/do/ack/gone{LINK}"))[0] == 404
    assert (await browser.post(f"/do/ack/gone{LINK}"))[0] == 404
    assert (await browser.get(f"/do/bundle/8{LINK}"))[0] == 404
    assert (await browser.post(f"/do/open/a1{LINK}"))[0] == 405


async def test_links_and_the_feed_with_its_token_need_no_password_and_nothing_else_does_without(lists: Lists) -> None:
    word = Secret("secret word")
    async with (
        serve(lists, "127.0.0.1", 0, password=word, feed_token=Secret("reader")) as port,
        aiohttp.ClientSession() as session,
    ):
        browser = Browser(session, port)
        for path, wanted in {
            f"/do/open/a1{LINK}": 200,
            "/alerts.atom?token=reader": 200,
            "/alerts.json?token=reader": 200,
            "/alerts.atom": 401,
            "/alerts.atom?token=": 401,
            "/alerts.atom?token=other": 401,
            "/alerts?token=reader": 401,
            "/api/alerts?token=reader": 401,
        }.items():
            assert (await browser.get(path))[0] == wanted, path


async def test_the_feed_of_alerts_has_its_types_and_a_validator(browser: Browser) -> None:
    status, text, headers = await browser.get("/alerts.atom?rule=shells")
    assert (status, text, headers["Content-Type"]) == (200, "atom shells", "application/atom+xml; charset=utf-8")
    assert (await browser.get("/alerts.json"))[2]["Content-Type"] == "application/feed+json; charset=utf-8"
    assert (await browser.get("/alerts.atom?rule=shells", **{"If-None-Match": headers["Etag"]}))[0] == 304


@pytest.mark.parametrize("path", ["/", "/alerts", "/alerts/a1", f"/do/bundle/7{LINK}"])
@pytest.mark.parametrize("update", [False, True])
async def test_only_updates_are_called_updates(browser: Browser, monkeypatch: pytest.MonkeyPatch, path: str, update: bool) -> None:
    monkeypatch.setitem(ALERT, "update", update)
    _, text, _ = await browser.get(path)
    assert ('<span class="badge">update</span>' in text) == update


@pytest.mark.parametrize(("path", "label"), [("/", "State"), ("/alerts", "Alerts"), ("/deliveries", "Deliveries"), ("/feeds", "Feeds")])
async def test_a_page_says_where_it_is_and_its_times_can_be_read_by_programs(browser: Browser, path: str, label: str) -> None:
    _, text, _ = await browser.get(path)
    header = text[text.index("<header>") : text.index("</header>")]
    assert header.count("aria-current") == 1
    assert f'<a href="{path}" aria-current="page">{label}</a>' in header
    assert text.count("<h1") == 1
    if path == "/alerts":
        assert '<time datetime="2026-01-01T00:00Z" title="Thu 1 Jan 2026, 00:00 UTC">1 Jan 2026, 00:00 UTC</time>' in text


@pytest.mark.parametrize("path", ["/alerts", "/deliveries", "/feeds"])
async def test_an_empty_page_says_so_and_one_beyond_the_end_too(browser: Browser, lists: Lists, path: str) -> None:
    _, text, _ = await browser.get(f"{path}?offset=50&limit=50{'&state=sent' if path == '/deliveries' else ''}")
    assert 'class="empty"' in text
    assert "<table" not in text
    assert "newer" in text


@pytest.mark.parametrize("path", [f"/do/silence/a1{LINK}", f"/do/open/a1{LINK}", f"/do/bundle/7{LINK}"])
async def test_whoever_comes_by_a_link_is_offered_nothing_that_asks_for_a_password(browser: Browser, path: str) -> None:
    """A browser would show its dialogue at the first file that it may not have."""
    _, text, _ = await browser.get(path)
    assert '"/static/style.css"' in text
    for closed in ("icon.svg", "alerts.atom", 'href="/alerts"', 'href="/alerts/'):
        assert closed not in text


async def test_the_icon_is_a_picture(browser: Browser) -> None:
    status, _, headers = await browser.get("/static/icon.svg")
    assert (status, headers["Content-Type"]) == (200, "image/svg+xml")
