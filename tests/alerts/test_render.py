"""From a stored delivery to a message."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from tests.alerts.factories import NOW, SENTENCE, TITLE, alert, article, delivery, evidence, match, policy, rule, stored
from watcher.alerts import links, payload
from watcher.alerts.render import Renderer, slack, webhook
from watcher.errors import DeliveryError
from watcher.model import (
    AppriseSettings,
    EmailSettings,
    Notice,
    Reason,
    Secret,
    Severity,
    SlackSettings,
    StoryId,
    StoryView,
    WebhookSettings,
)

SETTINGS = {
    "desk": EmailSettings(to=("desk@example.org",), sender="Watcher <watcher@example.org>", host="smtp.example.org"),
    "defence": SlackSettings(url=Secret("https://hooks.example/x")),
    "siem": WebhookSettings(url=Secret("https://siem.example/in")),
    "phone": AppriseSettings(url=Secret("json://x")),
}
POLICIES = {name: policy(name, timezone="Europe/Kyiv") for name in SETTINGS}
RENDERER = Renderer(POLICIES, SETTINGS)


def render(channel, *alerts, bundle="", renderer=RENDERER, **more):
    return renderer.render(delivery(*alerts, channel=channel, bundle=bundle), channel, NOW, **more)


def slack_post(*alerts, **more):
    post = json.loads(render("defence", *alerts, **more).body)
    assert_slack_takes(post)
    return post


def assert_slack_takes(post):
    """Slack's own models, its documented limits, and our total (row C09)."""
    for block in post["blocks"]:
        Block.parse(block).validate_json()
    assert 0 < len(post["blocks"]) <= 50
    assert post["text"]
    assert (post["unfurl_links"], post["unfurl_media"], post["link_names"]) == (False, False, 0)
    assert len(json.dumps(post, ensure_ascii=False)) < 12_500
    assert len(json.dumps(post, ensure_ascii=False, separators=(",", ":"))) < 12_000
    for text in texts(post["blocks"]):
        assert not re.search(r"&(?!amp;|lt;|gt;)", text["text"])
        assert 0 < len(text["text"]) <= 3000
        if text["type"] == "plain_text":
            assert not re.search("[<>]", text["text"])
    assert not re.search(r"<[!@#]", json.dumps(post)), "a mention got through"
    for target in re.findall(r"<([^>|]*)", " ".join(t["text"] for t in texts(post["blocks"]))):
        assert target.startswith("http"), "an unescaped < of a feed"


def texts(blocks):
    for block in blocks:
        yield from [block["text"]] if "text" in block else block["elements"]


ALLOWED = {"html", "head", "meta", "title", "style", "body", "div", "p", "h1", "a", "br", "blockquote", "mark", "bdi", "span", "code"}


class Page(HTMLParser):
    """The elements and attributes of a document, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def assert_inert(html):
    """Row C01 and C13: nothing runs, loads or submits."""
    page = Page(html)
    assert page.tags <= ALLOWED
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "srcdoc", "formaction")
        if name == "href":
            assert value.startswith(("http://", "https://"))
        if name == "style":
            assert "url(" not in value


# ---- mail


def test_a_mail_says_all_that_the_contract_lists():
    mail = render("desk", alert())
    assert mail.subject == f"[japan-ammunition] {TITLE}"
    for part in (mail.text, Page(mail.html).text):
        for said in (
            TITLE,
            "World news",
            "example.org",
            "17:00 UTC (19:00 Europe/Kyiv)",
            "MIM-104 Patriot",
            "The Other",
            "rule japan-ammunition",
            "155 mm",
        ):
            assert said in part
        assert SENTENCE in part.replace("*", "")
    assert mail.text.splitlines()[:2] == [TITLE, "https://example.org/a"]
    assert "*Patriot* missiles" in mail.text
    assert 'color:#1f2429;border-radius:3px;padding:0 2px;">Patriot</mark>' in mail.html
    assert mail.list_id == "desk <desk.watcher.example.org>"
    assert mail.sent_at == NOW


def test_the_message_id_is_the_same_at_every_try_and_the_story_is_a_thread():
    first, again = (RENDERER.render(delivery(alert()), "desk", NOW + timedelta(days=d)) for d in (0, 1))
    assert first.message_id == again.message_id == f"<{delivery(alert()).message_key}@example.org>"
    update = render("desk", alert(reason=Reason.UPDATE, identity="e2"))
    assert first.references == update.references != ()
    assert first.message_id != update.message_id
    other = render("desk", alert(story=StoryView(id=StoryId(8))))
    assert other.references != first.references


def test_an_update_says_what_is_new_on_top():
    mail = render("desk", alert(reason=Reason.UPDATE, news=("40,000 shells",)))
    for part in (mail.text, Page(mail.html).text):
        assert "2 articles from 2 independent sources" in part
        assert part.index("40,000 shells") < part.index("Tokyo will let"), "in the preview of the inbox too"


def test_a_mail_says_that_the_article_was_not_available():
    assert "article not available: timeout" in render("desk", alert(on=article(note="article not available: timeout"))).text


def test_words_that_matched_in_the_headline_are_marked_there_and_the_lead_tells_more():
    mail = render("desk", alert(found=match(evidence("Japan", TITLE, field="title"))))
    assert ">Japan</mark>" in mail.html
    assert mail.text.count(TITLE) == 1
    assert "Tokyo will let" in mail.text


def test_the_real_host_stands_beside_a_title_that_looks_like_a_link():
    """Row C06."""
    bait = alert(on=article(title="https://bank.example", url="https://evil.example/x"))
    for told in (render("desk", bait).text, Page(render("desk", bait).html).text, json.dumps(slack_post(bait)), render("phone", bait).text):
        assert "evil.example" in told.replace("https://evil.example/x", "")


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>", '"><svg onload=alert(1)>', "&lt;script&gt;", "&amp;lt;script&amp;gt;", "<iframe srcdoc='<script>'>", "<button formaction=javascript:x>",
        "<meta http-equiv=refresh content=0>", "<p style='background:url(//evil.example)'>", "{{ 7 * 7 }}{% for x in y %}", "<img src=//evil.example/p.gif>",
    ],
)  # fmt: skip
def test_markup_of_a_feed_is_text(evil):
    """Row C01, in every field at once."""
    found = match(evidence("Patriot", f"{evil} Patriot {evil}", term=evil), rule=evil)
    poisoned = alert(
        of=rule(evil),
        on=article(title=evil, author=evil, url=f"https://example.org/?{evil}", note=evil),
        found=found,
        news=(evil,),
        reason=Reason.UPDATE,
    )
    mail = render("desk", poisoned)
    assert_inert(mail.html)
    assert Page(mail.html).text.count(evil) >= 5
    assert evil in mail.text
    assert evil in mail.subject
    slack_post(poisoned)


def test_line_breaks_of_any_kind_cannot_split_a_subject():
    """Row C02."""
    mail = render("desk", alert(on=article(title="a\r\nBcc: x@example.org\x0b\x0c\x1c\x85\u2028\u2029b")))
    assert len(mail.subject.splitlines()) == 1
    assert len(render("desk", alert(on=article(title="я" * 5000))).subject) <= 200


def test_controls_that_turn_the_text_around_are_taken_out():
    assert "\u202e" not in render("desk", alert(on=article(title="abc\u202egnp.exe"))).subject


# ---- bundles and notices


def test_a_summary_lists_every_alert_with_its_link():
    alerts = [alert(identity=str(n), on=article(title=f"Story {n}", url=f"https://example.org/{n}")) for n in range(38)]
    mail = render("desk", *alerts, bundle="limit:japan-ammunition")
    assert mail.subject == "[japan-ammunition] 38 more alerts"
    for n in range(38):
        assert f"https://example.org/{n}\n" in mail.text
        assert f'href="https://example.org/{n}"' in mail.html
    assert_inert(mail.html)
    body = json.loads(render("siem", *alerts, bundle="limit:japan-ammunition").body)
    assert (body["type"], body["data"]["count"], len(body["data"]["alerts"])) == ("watcher.summary", 38, 38)
    assert "truncated" not in body["data"]
    post = slack_post(*alerts, bundle="limit:japan-ammunition")
    assert "more" in json.dumps(post)


def test_a_storm_stays_readable_and_within_each_receivers_bounds():
    alerts = [
        alert(identity=str(n), on=article(title=f"Story {n} " + "x" * 400, url=f"https://example.org/{n}/" + "y" * 1500))
        for n in range(700)
    ]
    mail = render("desk", *alerts, bundle="digest")
    assert mail.subject == "[japan-ammunition] digest of 700 alerts"
    assert "… and 200 more" in mail.text
    assert mail.text.count("https://example.org/") == 500
    assert len(render("desk", *alerts, bundle="digest", brief=True).text) < len(mail.text) / 4
    slack_post(*alerts, bundle="digest")
    body = render("siem", *alerts, bundle="limit:x").body
    assert len(body) <= webhook.BUDGET
    assert json.loads(body)["data"]["count"] == 700
    assert json.loads(body)["data"]["truncated"] is True


def test_a_long_mail_ends_before_gmail_cuts_it_off_and_says_how_many_are_missing():
    """Gmail hides what is beyond 102 kB of HTML behind a link: the way to the whole list would be in there."""
    alerts = [alert(identity=str(n), on=article(title=f"Новина {n}", url=f"https://example.org/{n}")) for n in range(600)]
    mail = render("desk", *alerts, bundle="digest")
    assert len(mail.html.encode()) <= 100_000
    listed = len(set(re.findall(r'href="https://example.org/(\d+)"', mail.html)))
    assert 150 < listed < 500
    assert f"… and {600 - listed} more." in Page(mail.html).text
    assert "… and 100 more." in mail.text
    assert_inert(mail.html)


def test_a_mail_is_headed_by_what_happened_and_says_which_language_a_text_is_in():
    japanese = alert(on=article(title="日本政府の方針", language="ja"))
    assert '<html lang="en">' in render("desk", japanese).html
    assert re.search(r'<h1 [^>]*lang="ja">', render("desk", japanese).html)
    hostile = alert(on=article(language='ja" onload="x'))
    assert_inert(render("desk", hostile).html)
    several = render("desk", *(alert(identity=str(n)) for n in range(3)), bundle="digest")
    assert re.search(r"<h1 [^>]*>Digest of 3 alerts</h1>", several.html)
    assert several.subject == "[japan-ammunition] digest of 3 alerts"


def test_what_is_gathered_for_slack_is_listed_in_full():
    headline = "Ministers of several countries discuss ammunition and more for the winter, part {}"
    alerts = [
        alert(identity=str(n), on=article(title=headline.format(n), url=f"https://news.example.org/2024/03/10/world/{n}"))
        for n in range(50)
    ]
    said = json.dumps(slack_post(*alerts, bundle="storm"), ensure_ascii=False)
    assert [n for n in range(50) if f"part {n}>" not in said] == []
    assert "watcher alerts list --bundle 1" in said
    long = [alert(identity=str(n), on=article(title=f"{n} " + "x" * 300, url=f"https://example.org/{'y' * 130}/{n}")) for n in range(50)]
    assert re.search(r"… and \d+ more", json.dumps(slack_post(*long, bundle="storm"), ensure_ascii=False))


def test_a_bundle_begins_with_an_overview():
    told = [alert(identity=str(n), on=article(title=f"Story {n}")) for n in range(6)]
    other = StoryView(id=StoryId(8), articles=9, sources=4)
    told.append(alert(of=rule("leopards"), identity="7", on=article(title="The big one"), found=match(evidence("Patriot")), story=other))
    mail = render("desk", *told, bundle="digest")
    for said in (
        "Most often matched: Patriot (7), 155 mm (6), Kishida (6)",
        "Rules: japan-ammunition (6), leopards (1)",
        "Biggest story: The big one (9 articles from 4 independent sources)",
        "All of them: watcher alerts list --bundle 1",
    ):
        assert said in mail.text
    assert "Most often matched" not in render("desk", *told[:4], bundle="digest").text
    assert "Patriot (7)" in json.dumps(slack_post(*told, bundle="digest"))
    assert "Patriot (7)" in render("phone", *told, bundle="digest").text


def test_alerts_of_one_story_stand_together_in_a_bundle():
    told = [
        alert(identity=str(n), on=article(title=f"T-{n}"), story=StoryView(id=StoryId(story))) for n, story in enumerate((1, 2, 1, 2, 1))
    ]
    lines = [line for line in render("desk", *told, bundle="group").text.splitlines() if line.startswith("T-")]
    assert lines == ["T-0", "T-2", "T-4", "T-1", "T-3"]


def test_a_list_for_a_phone_says_how_many_more_there_are():
    told = [alert(identity=str(n), on=article(title=f"Story {n} " + "x" * 60)) for n in range(100)]
    text = render("phone", *told, bundle="group").text
    assert len(text) <= 3000
    assert re.search(r"… and \d\d more: watcher alerts list --bundle 1", text)


# ---- why it comes by this channel, and what a click can do

SIGNER = links.Signer(b"k" * 32, "https://watcher.example.org/")
LINKED = Renderer(POLICIES, SETTINGS, signer=SIGNER)


@pytest.mark.parametrize("channel", ["desk", "defence", "phone"])
def test_an_alert_that_comes_by_another_way_says_so(channel):
    note = "Nobody has acknowledged this for 15 minutes: it was sent to chat first."
    sent = replace(delivery(alert(), channel=channel), note=note)
    message = RENDERER.render(sent, channel, NOW)
    said = message.text if hasattr(message, "text") else message.body.decode()
    assert note in said


def test_a_mail_has_signed_links_for_what_a_reader_can_do_and_none_without_a_public_url():
    urgent = alert(of=rule(severity=Severity.URGENT))
    mail = render("desk", urgent, renderer=LINKED)
    for action in ("open", "useful", "noise", "silence", "ack"):
        (url,) = set(re.findall(rf"https://watcher\.example\.org/do/{action}/\S+", mail.text))
        assert url.replace("&", "&amp;") in mail.html
    assert "/do/ack/" not in render("desk", alert(), renderer=LINKED).text
    assert "/do/" not in render("desk", urgent).text
    assert mail.text == render("desk", urgent, renderer=LINKED).text
    assert "/do/noise/" in json.dumps(slack_post(urgent, renderer=LINKED))
    assert "/do/bundle/1?" in render("desk", alert(), alert(identity="2"), bundle="group", renderer=LINKED).text


def test_the_loudest_come_first_in_a_bundle():
    alerts = [alert(of=rule(severity=s), identity=s, on=article(title=f"T-{s}")) for s in (Severity.LOW, Severity.URGENT, Severity.HIGH)]
    mail = render("desk", *alerts, bundle="group")
    assert [line for line in mail.text.splitlines() if line.startswith("T-")] == ["T-urgent", "T-high", "T-low"]
    assert mail.urgent


def test_a_bundle_of_one_is_a_message_like_any_other():
    assert render("desk", alert(), bundle="digest").subject == f"[japan-ammunition] {TITLE}"


def test_a_notice_in_each_form():
    told = payload.notice(Notice(key="feed_gone:x", subject="Feed X is gone", text="https://x.example answered 410.\n<b>"), NOW)
    mail = render("desk", told)
    assert mail.subject == "[watcher] Feed X is gone"
    assert "answered 410.\n<b>" in mail.text
    assert_inert(mail.html)
    assert mail.references == ()
    assert "answered 410" in json.dumps(slack_post(told))
    assert json.loads(render("siem", told).body) == {
        "type": "watcher.notice",
        "timestamp": "2024-03-10T18:00:00Z",
        "data": {"subject": "Feed X is gone", "text": "https://x.example answered 410.\n<b>", "severity": "high", "key": "feed_gone:x"},
    }
    assert "answered 410" in render("phone", told).text


# ---- webhook


def test_a_webhook_body_is_the_contracts_and_nothing_else():
    body = json.loads(render("siem", alert()).body)
    data = dict(alert().payload)
    del data["context"]
    assert body == {"type": "watcher.alert", "timestamp": "2024-03-10T18:00:00Z", "data": data}
    assert "." not in render("siem", alert()).id


def test_a_body_that_is_too_long_keeps_one_match_of_each_term_and_says_that_it_was_cut():
    """Row C14."""
    long = [evidence("Patriot", "щ" * 500 + " Patriot", offset=1000 * n) for n in range(80)] + [
        evidence("Kishida", "щ" * 500 + " Kishida", offset=90_000)
    ]
    body = render("siem", alert(found=match(*long))).body
    assert len(body) <= webhook.BUDGET
    data = json.loads(body)["data"]
    assert data["truncated"] is True
    assert {m["term"] for m in data["matches"]} == {"Patriot", "Kishida"}
    assert data["article"]["url"] == "https://example.org/a"


def test_strict_json_whatever_the_database_holds():
    odd = stored(
        {
            "alert": 2**63,
            "rule": float("nan"),
            "story": {"id": float("inf")},
            "article": {"title": "\ud800\0</script>"},
            "matches": [{"start": 2**63}, object],
        }
    )
    text = render("siem", odd).body.decode()
    data = json.loads(text, parse_constant=pytest.fail)["data"]
    assert data["alert"] == str(2**63)
    assert data["rule"] is None
    assert "\0" not in data["article"]["title"]


# ---- Slack


@pytest.mark.parametrize(
    "evil",
    ["<!channel> <!here> <@U1> <#C1> <!subteam^S>", "<http://evil.example|https://bank.example>", "&lt;!channel&gt;", "@everyone @here #general", "```a", "`*_~", ">quote", "&" * 3001, "*bold* _it_ ~no~"],
)  # fmt: skip
def test_slack_shows_a_feeds_words_as_they_are(evil):
    """Rows C04, C05, C09: no mention, no link, no layout but ours."""
    found = match(evidence("Patriot", f"{evil[:300]} Patriot {evil[:300]}", term=evil), rule=evil)
    post = slack_post(alert(of=rule(evil), on=article(title=evil, author=evil, note=evil), found=found))
    shown = next(t["text"] for t in texts(post["blocks"]) if "*Patriot*" in t["text"])
    plain = shown.replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    if len(evil) < 300:
        assert plain == f">{evil} *Patriot* {evil}"
    else:
        assert re.fullmatch(r">…&+ \*Patriot\* &+…?", plain), "cut around the match"


def test_bold_works_within_running_japanese_and_within_a_word():
    text = "日本のPatriotミサイルとsuperPatriotic"
    second = text.rindex("Patriot")
    found = match(evidence("Patriot", text), replace(evidence("Patriot", text), start=second, end=second + 7))
    shown = [t["text"] for t in texts(slack_post(alert(found=found))["blocks"]) if t["text"].startswith(">")]
    assert shown == [">日本の\u200b*Patriot*\u200bミサイルとsuper\u200b*Patriot*\u200bic"]


def test_a_url_cannot_break_out_of_its_link():
    post = slack_post(alert(on=article(url="https://example.org/a|b<c>d e&f")))
    assert "<https://example.org/a%7Cb%3Cc%3Ede&amp;f|Open at example.org>" in json.dumps(post)


@given(st.text(max_size=400), st.integers(1, 300))
def test_what_is_cut_for_slack_fits_and_breaks_no_entity(text, limit):
    out = slack.plain(text, limit)
    assert len(out) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)|[<>]", out)


# ---- whatever comes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["article", "story", "matches", "context", "title", "url", "quotes", "parts", "sentence", "others", "x"]), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.sampled_from([Reason.FIRST_SEEN, Reason.NOTICE]), st.text(st.characters(), max_size=30), st.integers(1, 3))
def test_every_stored_payload_can_be_rendered(data, reason, name, count):
    """An alert that an older watcher stored, or somebody mended by hand, is told as well as it can be."""
    alerts = [stored(data, reason=reason, rule=name, ident=f"{n:032x}") for n in range(count)]
    mail = render("desk", *alerts)
    assert_inert(mail.html)
    (mail.subject + mail.text + mail.html).encode()
    assert len(mail.subject.splitlines()) <= 1
    slack_post(*alerts)
    body = render("siem", *alerts).body
    assert len(body) <= webhook.BUDGET
    json.loads(body, parse_constant=pytest.fail)
    assert render("phone", *alerts).title


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(), max_size=200), st.text(st.characters(), max_size=200))
def test_every_article_can_be_rendered(title, text):
    sentence = f"{text} Patriot {title}"
    told = alert(on=article(title=title, author=text, note=title), found=match(evidence("Patriot", sentence)), of=rule(title))
    assert_inert(render("desk", told).html)
    slack_post(told)
    assert len(render("siem", told).body) <= webhook.BUDGET


@pytest.mark.parametrize(("alerts", "channel", "reason"), [((), "desk", "unrenderable"), ((alert(),), "gone", "no_channel")])
def test_what_cannot_be_rendered_is_one_final_error(alerts, channel, reason):
    with pytest.raises(DeliveryError) as caught:
        RENDERER.render(delivery(*alerts), channel, NOW)
    assert (caught.value.reason, caught.value.retryable) == (reason, False)


def test_the_report_of_an_edit_shows_what_was_changed_in_every_message():
    """Under its own id, the same for the same change, and by the story's thread."""
    told = alert()
    report = payload.edited(told, ("the headline is now “B & C”; it was “A”",), title="B & C", now=NOW)
    assert report.id == payload.edited(told, ("the headline is now “B & C”; it was “A”",), title="", now=NOW).id != told.id
    assert report.story_id == told.story_id
    mail = render("desk", report)
    assert "B & C" in mail.subject
    assert "changed after you were told:" in mail.text
    assert "* the headline is now “B & C”; it was “A”" in mail.text
    assert "“B &amp; C”; it was “A”" in mail.html
    assert "changed after you were told: the headline is now" in json.dumps(slack_post(report), ensure_ascii=False)
    hook = json.loads(render("siem", report).body)
    assert hook["data"]["story"]["update"] is True
    assert hook["data"]["alert"] == report.id
