"""Slack by a bot's token, against a Web API on loopback."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.channels.test_hooks import LOOP, client, receiver  # noqa: F401  fixtures
from watcher.channels.slack_bot import SlackBotChannel
from watcher.errors import DeliveryError
from watcher.model import Mail, Secret, SlackPost, SlackSettings

TOKEN = "xoxb-1-secret"
POST = SlackPost(body=b'{"text":"hello","blocks":[],"unfurl_links":false}', id="key1", thread="story-7", broadcast=True)
ROOT = json.dumps({"channel": "C1", "ts": "1.5", "alert": "a1"})
OK = json.dumps({"ok": True, "channel": "C1", "ts": "2.5"})


@pytest.fixture
def bot(receiver, client):  # noqa: F811
    api = receiver.url.partition("/services")[0] + "/api"
    settings = SlackSettings(token=Secret(TOKEN), channel="#news", api=api, allow_private=LOOP)
    return SlackBotChannel("chat", settings, client)


def said(receiver):  # noqa: F811
    return [json.loads(body) for _, body in receiver.requests]


def answers(receiver, *given):  # noqa: F811
    receiver.answers = [(200, json.dumps(a) if isinstance(a, dict) else a, {}) for a in given]


async def test_a_message_is_posted_with_the_token_and_names_itself(bot, receiver):  # noqa: F811
    answers(receiver, OK)
    receipt = await bot.send(POST)
    assert json.loads(receipt.reference) == {"channel": "C1", "ts": "2.5"}
    headers, _ = receiver.requests[0]
    assert (headers["Authorization"], headers["Content-Type"]) == (f"Bearer {TOKEN}", "application/json; charset=utf-8")
    (body,) = said(receiver)
    assert (body["channel"], body["text"], body["unfurl_links"]) == ("#news", "hello", False)
    assert body["metadata"] == {"event_type": "watcher_alert", "event_payload": {"id": "key1"}}
    assert "thread_ts" not in body


async def test_a_later_message_of_a_story_answers_in_its_thread(bot, receiver):  # noqa: F811

    answers(receiver, OK, OK)
    await bot.send(replace(POST, reference=ROOT))
    await bot.send(replace(POST, reference=ROOT, broadcast=False))
    assert [(b["channel"], b["thread_ts"], b["reply_broadcast"]) for b in said(receiver)] == [("C1", "1.5", True), ("C1", "1.5", False)]


async def test_the_first_message_is_brought_up_to_date_and_that_may_fail(bot, receiver):  # noqa: F811

    answers(receiver, OK, {"ok": False, "error": "cant_update_message"})
    receipt = await bot.send(replace(POST, reference=ROOT, root_body=b'{"text":"7 articles"}'))
    assert receipt.answer == "ok 2.5"
    assert said(receiver)[1] == {"text": "7 articles", "channel": "C1", "ts": "1.5"}


async def test_a_thread_that_was_deleted_costs_nothing(bot, receiver):  # noqa: F811

    answers(receiver, {"ok": False, "error": "thread_not_found"}, OK)
    await bot.send(replace(POST, reference=ROOT, root_body=b"{}"))
    assert ["thread_ts" in body for body in said(receiver)] == [True, False]
    assert said(receiver)[1]["channel"] == "#news"


@pytest.mark.parametrize("reference", ["", "nonsense", "7", '{"channel": 7, "ts": "1"}', '{"ts": "1"}'])
async def test_a_reference_that_is_none_is_no_thread(bot, receiver, reference):  # noqa: F811

    answers(receiver, OK)
    await bot.send(replace(POST, reference=reference))
    assert "thread_ts" not in said(receiver)[0]


@pytest.mark.parametrize(
    ("status", "body", "reason", "outcome"),
    [
        (200, {"ok": False, "error": "ratelimited"}, "ratelimited", "retry"),
        (429, "", "http_429", "retry"),
        (500, "oops", "http_500", "retry"),
        (200, "<html>Please log in", "not_slack", "retry"),
        (200, "[]", "not_slack", "retry"),
        (200, {"ok": False, "error": "invalid_auth"}, "invalid_auth", "settings"),
        (200, {"ok": False, "error": "not_in_channel"}, "not_in_channel", "settings"),
        (200, {"ok": False, "error": "is_archived"}, "is_archived", "gone"),
        (200, {"ok": False, "error": "invalid_blocks"}, "invalid_blocks", "dead"),
        (200, {"ok": False, "error": "msg_too_long"}, "msg_too_long", "dead"),
    ],
)
async def test_each_answer_has_its_outcome(bot, receiver, status, body, reason, outcome):  # noqa: F811
    receiver.answers = [(status, json.dumps(body) if isinstance(body, dict) else body, {"Retry-After": "7"})]
    with pytest.raises(DeliveryError) as caught:
        await bot.send(POST)
    error = caught.value
    assert error.reason == reason
    assert {"retry": (True, False, False), "settings": (True, True, False), "gone": (False, False, True), "dead": (False, False, False)}[
        outcome
    ] == (error.retryable, error.configuration, error.disable)
    assert TOKEN not in f"{error} {error!r}"
    if outcome == "retry":
        assert error.retry_after == timedelta(seconds=7)


async def test_what_is_no_slack_message_is_refused(bot):
    with pytest.raises(DeliveryError, match="no Slack message"):
        await bot.send(Mail(message_id="", subject="", text="", html=""))


def test_a_bot_without_a_channel_is_refused_at_the_start(client):  # noqa: F811
    with pytest.raises(ValueError, match="channel"):
        SlackBotChannel("chat", SlackSettings(token=Secret(TOKEN)), client)
