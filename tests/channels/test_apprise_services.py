"""Services behind Apprise, each against a fake of its own API on loopback: what a reader would see there."""

import json

import pytest

from tests.alerts.factories import NOW, SENTENCE, TITLE, alert, delivery, policy
from tests.alerts.factories import rule as a_rule
from tests.channels.test_hooks import LOOP, receiver  # noqa: F401  a fixture
from watcher.alerts.render import Renderer
from watcher.errors import DeliveryError
from watcher.model import AppriseSettings, Secret, Severity

pytest.importorskip("apprise", reason="the optional extra `apprise` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the libraries that its plugins import

SERVICES = {
    "ntfy": ("ntfy://{}/news", lambda body: (body["title"], body["message"])),
    "gotify": ("gotify://{}/token", lambda body: (body["title"], body["message"])),
    "mattermost": ("mmost://{}/3ccdd113474722377935511fc85d3dd4", lambda body: (body["text"].partition("\n")[0], body["text"])),
}


async def sent(receiver, service, *told, bundle=""):  # noqa: F811
    from watcher.channels.apprise import AppriseChannel

    where = receiver.url.removeprefix("http://").partition("/")[0]
    settings = AppriseSettings(url=Secret(SERVICES[service][0].format(where)), allow_private=LOOP)
    channel = AppriseChannel("phone", settings, timeout=10)
    of = delivery(*told, channel="phone", bundle=bundle)
    receiver.answers = [(200, json.dumps({"id": "x", "success": True}), {})]
    await channel.send(Renderer({"phone": policy("phone", "apprise")}, {"phone": settings}).render(of, "phone", NOW))
    return [json.loads(body) for _, body in receiver.requests]


@pytest.mark.parametrize("service", ["ntfy", "gotify", "mattermost"])
async def test_a_service_gets_headline_sentence_source_and_link(receiver, service):  # noqa: F811
    (body,) = await sent(receiver, service, alert(of=a_rule(severity=Severity.URGENT)))
    title, text = SERVICES[service][1](body)
    assert f"[japan-ammunition] {TITLE}" in f"{title}\n{text}"
    for said in (SENTENCE, "World news (example.org)", "https://example.org/a", "Rule japan-ammunition: Patriot, 155 mm, Kishida"):
        assert said in text


@pytest.mark.parametrize("service", ["ntfy", "gotify", "mattermost"])
async def test_mark_up_of_a_headline_stays_text(receiver, service):  # noqa: F811
    from tests.alerts.factories import article

    bodies = await sent(receiver, service, alert(on=article(title="<b>@channel</b> & **bold**")))
    assert "<b>@channel</b> & **bold**" in json.dumps(bodies, ensure_ascii=False)


async def test_a_long_list_is_one_message(receiver):  # noqa: F811
    bodies = await sent(receiver, "ntfy", *(alert(identity=str(n)) for n in range(20)), bundle="storm")
    assert len(bodies) == 1


@pytest.mark.parametrize("service", ["ntfy", "gotify", "mattermost"])
async def test_a_service_that_refuses_is_tried_again(receiver, service):  # noqa: F811
    from watcher.channels.apprise import AppriseChannel
    from watcher.model import TextPost

    where = receiver.url.removeprefix("http://").partition("/")[0]
    channel = AppriseChannel("phone", AppriseSettings(url=Secret(SERVICES[service][0].format(where)), allow_private=LOOP), timeout=10)
    receiver.answers = [(429, "", {})]
    with pytest.raises(DeliveryError) as caught:
        await channel.send(TextPost(title="t", text="x"))
    assert (caught.value.reason, caught.value.retryable) == ("refused", True)
