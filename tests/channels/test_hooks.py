"""Slack, webhooks and Apprise against a receiver on loopback, through the real guarded client."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from watcher import net
from watcher.channels import webhook
from watcher.channels.slack import SlackChannel
from watcher.channels.webhook import WebhookChannel
from watcher.errors import DeliveryError
from watcher.model import Mail, Secret, SlackPost, SlackSettings, WebhookPost, WebhookSettings

LOOP = ("127.0.0.0/8",)
OLD, NEW = "whsec_" + "b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk", "whsec_" + "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"
POST = WebhookPost(id="abc123", body='{"type":"watcher.alert","data":{"title":"Привіт"}}'.encode())
TEXT = SlackPost(body=b'{"text":"hello"}')


class Receiver:
    """Answers in order (the last repeats) with (status, body, headers); keeps what it was sent."""

    def __init__(self):
        self.answers, self.requests, self.url = [(200, "ok", {})], [], ""

    async def take(self, request):
        self.requests.append((request.headers.copy(), await request.read()))
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == 0:
            request.transport.abort()
        return web.Response(status=status or 200, body=body.encode() if isinstance(body, str) else body, headers=headers)


@pytest.fixture
async def receiver():
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/services/T0/B0/token"
    yield made
    await runner.cleanup()


@pytest.fixture
async def client():
    async with net.Client(user_agent="watcher/test") as made:
        yield made


class Clock:
    """A clock that stands where it is put."""

    def __init__(self):
        self.now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self):
        return self.now


def slack(receiver, client, **changes):
    return SlackChannel("defence", SlackSettings(**{"url": Secret(receiver.url), "allow_private": LOOP, **changes}), client)


def hook(receiver, client, clock=None, **changes):
    settings = WebhookSettings(**{"url": Secret(receiver.url), "secrets": (Secret(NEW),), "allow_private": LOOP, **changes})
    return WebhookChannel("siem", settings, client, clock or Clock())


async def refusal(channel, message, receiver, status, body="", headers=None):
    receiver.answers = [(status, body, headers or {})]
    with pytest.raises(DeliveryError) as caught:
        await channel.send(message)
    assert "token" not in f"{caught.value} {caught.value!r} {caught.value.__dict__} {caught.value.__cause__}", "the URL is a secret"
    return caught.value


# ---- Slack


async def test_slack_is_success_only_with_200_and_ok(receiver, client):
    assert (await slack(receiver, client).send(TEXT)).answer == "ok"
    headers, body = receiver.requests[0]
    assert (headers["Content-Type"], body) == ("application/json; charset=utf-8", TEXT.body)


RETRY, DEAD, GONE = (True, False), (False, False), (False, True)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (200, "<html>Please log in", RETRY, "not_slack"),
        (200, "ok\n", RETRY, "not_slack"),
        (200, "", RETRY, "not_slack"),
        (204, "", RETRY, "not_slack"),
        (302, "", RETRY, "not_slack"),
        (400, "invalid_payload", DEAD, "invalid_payload"),
        (400, "invalid_blocks", DEAD, "invalid_blocks"),
        (403, "action_prohibited", DEAD, "action_prohibited"),
        (404, "channel_not_found", DEAD, "channel_not_found"),
        (404, "<h1>Not Found</h1>", DEAD, "http_404"),
        (404, "no_service", GONE, "no_service"),
        (403, "no_service", GONE, "no_service"),
        (410, "channel_is_archived", GONE, "channel_is_archived"),
        (410, "", GONE, "gone"),
        (401, "", DEAD, "http_401"),
        (413, "", DEAD, "http_413"),
        (422, "", DEAD, "http_422"),
        (408, "", RETRY, "http_408"),
        (429, "rate_limited", RETRY, "rate_limited"),
        (500, "rollup_error", RETRY, "rollup_error"),
        (502, "", RETRY, "http_502"),
        (503, "", RETRY, "http_503"),
        (999, "", RETRY, "http_999"),
    ],
)
async def test_every_answer_of_slack_has_its_outcome(status, body, outcome, reason, receiver, client):
    """Rows V09 and V11 and the table of RELIABILITY 2.1."""
    error = await refusal(slack(receiver, client), TEXT, receiver, status, body)
    assert ((error.retryable, error.disable), error.reason) == (outcome, reason)


async def test_an_endless_answer_is_read_no_further_than_needed(receiver, client):
    error = await refusal(slack(receiver, client), TEXT, receiver, 500, b"x" * 3_000_000)
    assert len(str(error)) < 500


# ---- webhooks


async def test_the_reference_library_verifies_the_signature(receiver, client):
    clock = Clock()
    clock.now = datetime.now(UTC)
    await hook(receiver, client, clock).send(POST)
    headers, body = receiver.requests[0]
    assert body == POST.body
    assert headers["Content-Type"].startswith("application/json")
    assert Webhook(NEW).verify(body, dict(headers))["type"] == "watcher.alert"
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(body, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body + b" ", dict(headers))


async def test_while_a_secret_is_rotated_both_verify(receiver, client):
    """Row V14."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    await hook(receiver, client, clock, secrets=(Secret(NEW), Secret(OLD))).send(POST)
    headers, body = receiver.requests[0]
    for secret in (NEW, OLD):
        Webhook(secret).verify(body, dict(headers))


async def test_each_try_has_the_same_id_and_a_signature_of_its_own(receiver, client):
    """Row V07: 500, a reset after reading, then 200."""
    clock, receiver.answers = Clock(), [(500, "", {}), (0, "", {}), (200, "thanks", {})]
    channel = hook(receiver, client, clock)
    for _ in range(2):
        with pytest.raises(DeliveryError) as caught:
            await channel.send(POST)
        assert caught.value.retryable
        clock.now += timedelta(minutes=5)
    assert (await channel.send(POST)).answer == "200 thanks"
    said = [(h["webhook-id"], h["webhook-timestamp"], h["webhook-signature"]) for h, _ in receiver.requests]
    assert [len(set(column)) for column in zip(*said, strict=True)] == [1, 3, 3]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_2xx_is_success(status, receiver, client):
    receiver.answers = [(status, "", {})]
    assert (await hook(receiver, client).send(POST)).answer.startswith(str(status))


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504])
async def test_anything_else_is_tried_again(status, receiver, client):
    """Rows V08, V11."""
    error = await refusal(hook(receiver, client), POST, receiver, status, "", {"Location": receiver.url + "/elsewhere"})
    assert (error.reason, error.retryable, error.disable) == (f"http_{status}", True, False)
    assert len(receiver.requests) == 1, "a redirect is not followed"


async def test_410_disables(receiver, client):
    """Row V09."""
    error = await refusal(hook(receiver, client), POST, receiver, 410)
    assert (error.reason, error.retryable, error.disable) == ("gone", False, True)


@pytest.mark.parametrize(("asked", "seconds"), [("7200", 7200), ("Mon, 23 Nov 2026 02:00:00 GMT", 7200), ("soon", None), ("-5", None)])
@pytest.mark.parametrize("make", [slack, hook])
async def test_retry_after_is_passed_on(asked, seconds, make, receiver, client):
    """Row V10. The server's own Date measures a date."""
    channel, message = make(receiver, client), TEXT if make is slack else POST
    error = await refusal(channel, message, receiver, 503, "", {"Retry-After": asked, "Date": "Mon, 23 Nov 2026 00:00:00 GMT"})
    assert error.retry_after == (None if seconds is None else timedelta(seconds=seconds))


async def test_own_headers_are_sent_but_ours_win(receiver, client):
    own = (
        ("Authorization", Secret("Bearer x")),
        ("Webhook-Id", "forged"),
        ("webhook-signature", "v1,forged"),
        ("content-type", "text/plain"),
    )
    await hook(receiver, client, headers=own).send(POST)
    headers, _ = receiver.requests[0]
    assert headers["Authorization"] == "Bearer x"
    assert headers.getall("webhook-id") == ["abc123"]
    assert len(headers.getall("webhook-signature")) == len(headers.getall("content-type")) == 1


async def test_without_a_secret_there_is_no_signature(receiver, client):
    await hook(receiver, client, secrets=()).send(POST)
    assert "webhook-signature" not in receiver.requests[0][0]


@pytest.mark.parametrize("bad", ["", "   ", "whsec_", "whsec_not base64!"])
def test_a_secret_that_cannot_sign_is_refused_at_the_start(bad):
    with pytest.raises(ValueError, match="secret"):
        webhook.signing_key(Secret(bad))


def test_a_secret_without_the_prefix_signs_as_it_stands():
    assert webhook.signing_key(Secret(" raw ")) == b"raw"


# ---- both


@pytest.mark.parametrize("make", [slack, hook])
async def test_a_private_address_is_refused_unless_the_channel_permits_it(make, receiver, client):
    """Row N12."""
    error = await refusal(make(receiver, client, allow_private=()), TEXT if make is slack else POST, receiver, 200, "ok")
    assert (error.retryable, error.configuration) == (True, True)
    assert f'[channels.{error.channel}] allow_private = ["127.0.0.0/8"] would permit it' in str(error)
    assert receiver.requests == []


@pytest.mark.parametrize("make", [slack, hook])
async def test_nobody_there_is_tried_again(make, client):
    dead = Receiver()
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    dead.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/token"
    server.close()
    with pytest.raises(DeliveryError) as caught:
        await make(dead, client).send(TEXT if make is slack else POST)
    assert (caught.value.retryable, caught.value.configuration) == (True, False)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize("make", [slack, hook])
async def test_another_kind_of_message_is_refused(make, receiver, client):
    with pytest.raises(DeliveryError) as caught:
        await make(receiver, client).send(Mail(message_id="", subject="", text="", html=""))
    assert caught.value.retryable is False


# ---- Apprise

old_imports = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the libraries that its plugins import


@old_imports
async def test_apprise_hands_over_title_and_text(receiver):
    pytest.importorskip("apprise", reason="the optional extra `apprise` is not installed")
    from watcher.channels.apprise import AppriseChannel
    from watcher.model import AppriseSettings, TextPost

    url = Secret(receiver.url.replace("http://", "json://"))
    post = TextPost(title="[r] hello", text="<b>& text", urgent=True)
    receipt = await AppriseChannel("phone", AppriseSettings(url=url, allow_private=LOOP)).send(post)
    assert receipt.answer == "accepted"
    sent = json.loads(receiver.requests[0][1])
    assert (sent["title"], sent["message"], sent["type"]) == ("[r] hello", "<b>& text", "warning")

    receiver.answers = [(500, "", {})]
    for allowed, reason, count in ((LOOP, "refused", 2), ((), "private", 2)):
        with pytest.raises(DeliveryError) as caught:
            await AppriseChannel("phone", AppriseSettings(url=url, allow_private=allowed)).send(post)
        assert (caught.value.reason, caught.value.retryable) == (reason, True)
        assert len(receiver.requests) == count


@old_imports
async def test_apprise_has_a_limit_of_time():
    pytest.importorskip("apprise", reason="the optional extra `apprise` is not installed")
    from watcher.channels.apprise import AppriseChannel
    from watcher.model import AppriseSettings, TextPost

    async def silent(reader, writer):
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = Secret(f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/?rto=1")
    channel = AppriseChannel("phone", AppriseSettings(url=url, allow_private=LOOP), timeout=0.05)
    with pytest.raises(DeliveryError) as caught:
        await channel.send(TextPost(title="t", text="t"))
    assert (caught.value.reason, caught.value.retryable) == ("timeout", True)
    server.close()


@old_imports
def test_a_url_that_is_none_of_apprises_is_refused_at_the_start():
    pytest.importorskip("apprise", reason="the optional extra `apprise` is not installed")
    from watcher.channels.apprise import AppriseChannel
    from watcher.model import AppriseSettings

    with pytest.raises(ValueError, match="Apprise"):
        AppriseChannel("phone", AppriseSettings(url=Secret("nonsense://x")))
