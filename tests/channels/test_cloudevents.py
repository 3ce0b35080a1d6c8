"""A webhook's body as a CloudEvent, parsed by the reference library and signed like any other."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook

from tests.alerts.factories import NOW, alert, delivery, policy
from tests.channels.test_hooks import LOOP, NEW, OLD, Clock, client, receiver  # noqa: F401  fixtures
from watcher.alerts import payload
from watcher.alerts.render import Renderer
from watcher.alerts.render import webhook as rendering
from watcher.channels.webhook import WebhookChannel
from watcher.model import Notice, Secret, WebhookSettings

RENDERER = Renderer({"siem": policy("siem", "webhook")}, {"siem": WebhookSettings(url=Secret("https://siem.example/in"), cloudevents=True)})
PLAIN = Renderer({"siem": policy("siem", "webhook")}, {"siem": WebhookSettings(url=Secret("https://siem.example/in"))})
NOTICE = payload.notice(Notice(key="feed_gone:x", subject="Feed X is gone", text="410"), NOW)


@pytest.mark.parametrize(
    ("told", "bundle", "kind", "subject"),
    [
        ([alert()], "", "watcher.alert", alert().id),
        ([NOTICE], "", "watcher.notice", NOTICE.id),
        ([alert(), alert(identity="2")], "limit:r", "watcher.summary", "limit:r"),
    ],
)
async def test_the_reference_library_reads_it_and_the_data_is_the_contracts(receiver, client, told, bundle, kind, subject):  # noqa: F811
    of = delivery(*told, channel="siem", bundle=bundle)
    settings = WebhookSettings(url=Secret(receiver.url), secrets=(Secret(NEW), Secret(OLD)), allow_private=LOOP, cloudevents=True)
    clock = Clock()
    clock.now = datetime.now(UTC)  # the reference library has a clock of its own
    receiver.answers = [(204, "", {})]
    await WebhookChannel("siem", settings, client, clock).send(RENDERER.render(of, "siem", NOW))
    headers, body = receiver.requests[0]
    event = from_http_event(HTTPMessage({"content-type": headers["Content-Type"]}, body))
    assert (event.get_type(), event.get_id(), event.get_subject(), event.get_source()) == (kind, of.message_key, subject, "urn:watcher")
    ours = json.loads(PLAIN.render(of, "siem", NOW).body)
    assert event.get_data() == ours["data"]
    assert event.get_time().isoformat().replace("+00:00", "Z") == ours["timestamp"]
    assert headers["webhook-id"] == of.message_key
    for key in (NEW, OLD):
        Webhook(key).verify(body, dict(headers))
    assert len(body) <= rendering.BUDGET + 400
