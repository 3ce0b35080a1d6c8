"""The user's own templates, and how times are shown."""

import pytest

from tests.alerts.factories import SENTENCE, TITLE, alert, article
from tests.alerts.test_render import POLICIES, SETTINGS, render, slack_post
from watcher.alerts.links import Signer
from watcher.alerts.render import Renderer, check_templates
from watcher.alerts.render.view import when


def own(channel="desk", **templates):
    files = {f"{name}.j2": source for name, source in templates.items()}
    return Renderer(POLICIES, SETTINGS, templates={channel: files}, signer=Signer(b"key", "https://watcher.example.org/"))


def test_own_templates_replace_ours_one_by_one():
    mail = render(
        "desk", alert(), renderer=own(subject="!! {{ alert.headline }}\nBcc: x", html="<p>{{ alert.headline }} {{ alert.link }}</p>")
    )
    assert mail.subject == f"!! {TITLE} Bcc: x"
    assert mail.html.startswith(f"<p>{TITLE} https://watcher.example.org/do/open/")
    assert "Why you get this" in mail.text


def test_own_html_is_escaped_like_ours():
    assert "<script>" not in render("desk", alert(on=article(title="<script>")), renderer=own(html="<p>{{ alert.headline }}</p>")).html


@pytest.mark.parametrize(
    "broken", ["{{ alert.nonsense }}", "{% if %}", "{{ ''.__class__.__mro__ }}", "{{ 1 / 0 }}", "{% include 'nowhere' %}", "   "]
)
def test_a_template_that_fails_loses_no_alert_and_is_told(broken):
    mail = render("desk", alert(), renderer=own(text=broken))
    assert SENTENCE in mail.text.replace("*", "")
    assert "template text.j2 of channel desk" in mail.text or not broken.strip()


def test_templates_are_checked_before_they_are_used():
    assert check_templates({"text.j2": "{{ alert.headline }}", "html.j2": "{% extends 'mail.html.j2' %}"}) == []
    assert [(name, line) for name, line, _ in check_templates({"text.j2": "a\n{% if %}"})] == [("text.j2", 2)]


@pytest.mark.parametrize(
    "broken",
    [
        "{{ alert.headlin }}",
        "{{ headline }}",
        "{% include 'nowhere' %}",
        "{{ ''.__class__.__mro__ }}",
        "{% for a in alerts %}{{ a.nope }}{% endfor %}",
        "{{ 1 / 0 }}",
    ],
)
@pytest.mark.parametrize("kind", ["email", "slack", "apprise"])
def test_a_name_that_does_not_exist_is_found_by_trying_and_named_with_its_line(broken, kind):
    ((name, line, message),) = check_templates({"text.j2": f"fine\n\n{broken}\n"}, kind)
    assert (name, line) == ("text.j2", 3)
    assert message


def test_what_only_fails_for_several_alerts_is_found():
    ((_, line, _),) = check_templates({"text.j2": "{% if count > 1 %}\n{{ nope }}\n{% endif %}"})
    assert line == 2


def test_a_slack_channel_has_its_own_text_with_values_escaped_and_mark_up_kept():
    template = "*{{ alert.url | link(alert.headline) }}*\n{{ alert.feed }}\n{{ alert.quotes[0] | quote }}"
    renderer = own("defence", text=template, subject="news: {{ alert.headline }}")
    post = slack_post(alert(on=article(title="a <b> & *c*")), renderer=renderer)
    (block,) = post["blocks"]
    assert block["text"]["text"].startswith("*<https://example.org/a|a &lt;b&gt; &amp; ")
    assert "*Patriot*" in block["text"]["text"]
    assert post["text"] == "news: a &lt;b&gt; &amp; *c*"
    slack_post(
        *(alert(identity=str(n)) for n in range(40)),
        renderer=own("defence", text="{% for a in alerts %}{{ a.headline * 20 }}\n{% endfor %}"),
    )


@pytest.mark.parametrize("channel", ["defence", "phone"])
def test_a_template_that_fails_later_is_told_by_any_channel(channel):
    message = render(channel, alert(), renderer=own(channel, text="{{ alert.nonsense }}"))
    said = message.text if hasattr(message, "text") else message.body.decode()
    assert "template text.j2 of channel" in said
    assert "Kishida" in said


def test_a_phone_has_its_own_title_and_text():
    post = render("phone", alert(), renderer=own("phone", subject="{{ alert.severity }}", text="{{ alert.headline }} <&>"))
    assert (post.title, post.text) == ("high", f"{TITLE} <&>")


def test_times_are_shown_as_the_feed_gave_them_and_on_the_channels_clock():
    assert when("2024-03-10T19:43:00+02:00", "Europe/Kyiv") == "Sun 10 Mar 2024, 19:43 Europe/Kyiv"
    assert when("2024-03-10T17:43:00Z", "UTC") == "Sun 10 Mar 2024, 17:43 UTC"
    assert when("2024-03-10T23:43:00Z", "Europe/Kyiv") == "Sun 10 Mar 2024, 23:43 UTC (Mon 11 Mar, 01:43 Europe/Kyiv)"
    assert when("2024-03-10T19:43:00-05:00", "UTC") == "Sun 10 Mar 2024, 19:43 -0500 (Mon 11 Mar, 00:43 UTC)"
    assert when("yesterday", "UTC") == when(None, "UTC") == when(5, "UTC") == ""
