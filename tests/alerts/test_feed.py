"""The feed of alerts, judged by the libraries that read feeds."""

import io
import json

import feedparser

from tests.alerts.factories import NOW, SENTENCE, TITLE, alert, article, rule, stored
from watcher.alerts import payload
from watcher.alerts.render import feed
from watcher.feeds.parse import parse
from watcher.model import Notice, Reason

HOSTILE = "<script>alert(1)</script> & ]]> \x00\x0b"
WHERE = {"self_url": "https://watcher.example.org/alerts.atom", "home": "https://watcher.example.org"}


def test_an_atom_feed_says_what_a_mail_would():
    parsed = feedparser.parse(io.BytesIO(feed.atom([alert()], now=NOW, **WHERE)))
    assert not parsed.bozo
    (entry,) = parsed.entries
    assert (entry.title, entry.link, entry.updated) == (f"[japan-ammunition] {TITLE}", "https://example.org/a", "2024-03-10T18:00:00Z")
    assert entry.id == f"urn:watcher:alert:{alert().id}"
    assert {tag.term for tag in entry.tags} == {"japan-ammunition", "high"}
    assert "<mark>Patriot</mark>" in feed.atom([alert()], now=NOW).decode().replace("&lt;", "<").replace("&gt;", ">")
    assert SENTENCE[-40:] in entry.content[0].value.replace("<mark>", "").replace("</mark>", "")


def test_our_own_parser_reads_both():
    """A watcher can watch a watcher."""
    for body, kind in ((feed.atom([alert()], now=NOW), "application/atom+xml"), (feed.json_feed([alert()]), "application/feed+json")):
        (entry,) = parse(body, url="https://watcher.example.org/alerts", headers={"content-type": kind}).entries
        assert (entry.title, entry.url) == (f"[japan-ammunition] {TITLE}", "https://example.org/a")


def test_a_json_feed_has_what_the_standard_asks_for():
    found = json.loads(feed.json_feed([alert()], **WHERE))
    assert found["version"] == "https://jsonfeed.org/version/1.1"
    (item,) = found["items"]
    assert item["id"] == f"urn:watcher:alert:{alert().id}"
    assert (item["_watcher"]["rule"], item["_watcher"]["story"]["sources"]) == ("japan-ammunition", 2)


def test_what_comes_from_a_feed_is_text_and_any_stored_payload_makes_an_entry():
    told = [
        alert(of=rule(), on=article(title=HOSTILE, author=HOSTILE)),
        alert(on=article(url=None)),
        stored(None),
        stored({"article": 7, "matches": HOSTILE}),
        payload.notice(Notice(key="k", subject=HOSTILE, text=HOSTILE), NOW),
    ]
    parsed = feedparser.parse(io.BytesIO(feed.atom(told, now=NOW)), sanitize_html=False)
    assert (parsed.bozo, len(parsed.entries)) == (False, 5)
    assert all("<script" not in entry.content[0].value for entry in parsed.entries)
    assert not [item for item in json.loads(feed.json_feed(told))["items"] if "<script" in item["content_html"]]
    assert told[-1].reason is Reason.NOTICE


def test_an_empty_feed_is_one():
    assert not feedparser.parse(io.BytesIO(feed.atom([], now=NOW))).bozo
    assert json.loads(feed.json_feed([]))["items"] == []
