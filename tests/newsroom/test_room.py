"""The newsroom is a real server with real manners, and fails exactly as it is told to."""

from __future__ import annotations

import asyncio
import gzip
import json
import smtplib
from email.message import EmailMessage

import aiohttp
import feedparser
import pytest
import trafilatura

from watcher.newsroom import Newsroom, Piece, Trouble, ledger, load, pieces

PIECES = [load(name) for name in ("lead", "copy", "ukrainian", "japanese", "sports")]


@pytest.fixture
async def room(tmp_path):
    async with Newsroom(ledger=tmp_path / "ledger.jsonl") as room:
        yield room


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def get(http, url, **headers):
    headers.setdefault("Accept-Encoding", "identity")
    async with http.get(url, headers=headers) as reply:
        return reply.status, reply.headers, await reply.read()


async def test_every_format_is_read_back_by_a_feed_parser(room, http):
    room.publish(*PIECES)
    for outlet in room.outlets.values():
        _, _, body = await get(http, room.feed_url(outlet.id))
        printed = [piece.headline for piece in PIECES if piece.outlet == outlet.id]
        if outlet.format == "json":
            found = [item["title"] for item in json.loads(body)["items"]]
        else:
            document = feedparser.parse(body)
            assert not document.bozo, document.bozo_exception
            assert document.feed.title == outlet.name
            found = [entry.title for entry in document.entries]
        assert sorted(found) == sorted(printed), outlet.id


async def test_validators_hold_until_something_is_published(room, http):
    url = room.feed_url("courier")
    _, headers, _ = await get(http, url)
    assert (await get(http, url, **{"If-None-Match": headers["ETag"]}))[0] == 304
    assert (await get(http, url, **{"If-Modified-Since": headers["Last-Modified"]}))[0] == 304
    room.publish(load("lead"))
    assert (await get(http, url, **{"If-None-Match": headers["ETag"]}))[0] == 200
    assert (await get(http, url, **{"If-Modified-Since": headers["Last-Modified"]}))[0] == 200, (
        "two versions within a second differ in date"
    )


async def test_the_etag_decides_before_the_date(room, http):
    _, headers, _ = await get(http, room.feed_url("courier"))
    status, _, _ = await get(http, room.feed_url("courier"), **{"If-None-Match": '"other"', "If-Modified-Since": headers["Last-Modified"]})
    assert status == 200


async def test_documents_come_gzipped_to_those_who_accept_it(room, http):
    plain = (await get(http, room.feed_url("ledger")))[2]
    _, headers, packed = await get(http, room.feed_url("ledger"), **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


async def test_a_trouble_strikes_as_often_as_asked(room, http):
    url = room.feed_url("courier")
    room.plant(url, Trouble(status=503, retry_after="7", after=1, times=2))
    statuses = [(await get(http, url))[0] for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    assert [request.status for request in room.asked(url)] == statuses


async def test_a_truncated_body_is_seen_as_such_by_the_client(room, http):
    room.plant(room.feed_url("courier"), Trouble(truncate=20, times=1))
    with pytest.raises(aiohttp.ClientPayloadError):
        await get(http, room.feed_url("courier"))


async def test_a_reset_gives_no_answer_at_all(room, http):
    room.plant(room.feed_url("courier"), Trouble(reset=True, times=2))  # aiohttp repeats an idempotent request on a stale connection
    with pytest.raises(aiohttp.ClientError):
        await get(http, room.feed_url("courier"))


async def test_slack_says_ok_and_names_what_is_wrong(room, http):
    url = room.slack("desk")
    async with http.post(url, json={"text": "hello"}) as reply:
        assert (reply.status, await reply.text()) == (200, "ok")
    async with http.post(url, json={}) as reply:
        assert (reply.status, await reply.text()) == (400, "no_text")
    assert [post.text for post in room.taken("slack:desk")] == ["hello"]


async def test_an_unsigned_webhook_is_refused_and_not_recorded(room, http):
    async with http.post(room.hook("siem"), json={"type": "watcher.alert"}) as reply:
        assert reply.status == 401
    assert room.taken("hook:siem") == []


async def test_the_reference_library_signs_what_we_accept(room, http):
    from datetime import UTC, datetime

    from standardwebhooks import Webhook

    body, now = '{"type":"watcher.alert"}', datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(room.secret).sign("msg_1", now, body),
    }
    async with http.post(room.hook("siem"), data=body, headers=headers) as reply:
        assert reply.status == 204
    assert [(post.id, post.signed) for post in room.taken("hook:siem")] == [("msg_1", True)]


def _send(port, *to):
    message = EmailMessage()
    message["Subject"], message["From"], message["Message-ID"] = "Привіт", "w@newsroom.example", "<1@newsroom.example>"
    message.set_content("Текст")
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        return smtp.send_message(message, to_addrs=to)


async def test_mail_is_taken_per_recipient_and_recorded_before_it_is_acknowledged(room, tmp_path):
    room.plant("smtp/rcpt/b@newsroom.example", Trouble(status=451))
    refused = await asyncio.to_thread(_send, room.smtp_port, "a@newsroom.example", "b@newsroom.example")
    assert list(refused) == ["b@newsroom.example"]
    assert [(post.id, post.subject, post.recipients) for post in room.mails] == [
        ("<1@newsroom.example>", "Привіт", ("a@newsroom.example",))
    ]
    assert [line["id"] for line in ledger.read(tmp_path / "ledger.jsonl")] == ["<1@newsroom.example>"]


async def test_a_lost_acknowledgement_leaves_the_message_in_the_ledger(room, tmp_path):
    room.plant("smtp/data", Trouble(late=True, times=1))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await asyncio.to_thread(_send, room.smtp_port, "a@newsroom.example")
    assert len(list(ledger.read(tmp_path / "ledger.jsonl"))) == 1


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.id)
async def test_an_article_can_be_told_from_what_surrounds_it(room, http, piece: Piece):
    """The pages are honest: a good extractor finds every paragraph and none of the baits."""
    _, _, body = await get(http, room.publish(piece))
    text = trafilatura.extract(body, fast=True, include_comments=False)
    assert [paragraph for paragraph in piece.paragraphs if paragraph not in text] == []
    words = pieces.surroundings(room.outlets[piece.outlet].language)
    assert [bait for bait in [*words["related"], words["report"], words["cookies"]] if bait in text] == []
    assert words["related"][-1] in body.decode(), "the baits are there"


def test_the_lead_says_in_its_feed_none_of_what_the_analyst_follows():
    lead = load("lead")
    for word in ("patriot", "kishida", "ammunition", "japan", "ukrain", "kyiv", "shell", "missile"):
        assert word not in f"{lead.headline} {lead.teaser}".lower()


def test_the_lead_carries_the_facts():
    for fact in (
        "10 March 2024",
        "10 April",
        "Kishida",
        "Biden",
        "Bloomberg",
        "Yomiuri",
        "ammunition",
        "repair",
        "shells",
        "Patriot",
        "F-35A",
        "Kyiv's air defence",
    ):
        assert fact in load("lead").text
