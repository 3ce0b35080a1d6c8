"""What is frozen into an alert."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.factories import NOW, SENTENCE, TITLE, alert, article, evidence, match, rule
from watcher.alerts import payload
from watcher.model import Evidence, Feed, Notice, Reason, Severity


def test_the_contracts_keys_and_values():
    """DESIGN.md section 5, to the letter."""
    data = dict(alert().payload)
    context = data.pop("context")
    first = data["matches"].pop(0)
    assert first == {"term": "Patriot", "entity": "patriot", "field": "body", "sentence": SENTENCE, "start": 26, "end": 33}
    assert [m["term"] for m in data.pop("matches")] == ["155 mm", "Kishida"]
    assert len(data.pop("alert")) == 32
    assert data == {
        "rule": "japan-ammunition",
        "severity": "high",
        "story": {"id": "7", "articles": 2, "sources": 2, "update": False},
        "article": {
            "title": TITLE, "url": "https://example.org/a", "feed": "World news", "author": "A. Writer", "language": "en",
            "published": "2024-03-10T17:00:00Z", "first_seen": "2024-03-10T18:00:00Z",
        },
    }  # fmt: skip
    assert context["host"] == "example.org"
    assert context["others"] == [{"name": "The Other", "url": "https://other.example/x", "host": "other.example"}]
    assert [e["name"] for e in context["entities"]] == ["MIM-104 Patriot", "Fumio Kishida"]


def test_an_update_says_so():
    assert alert(reason=Reason.UPDATE).payload["story"]["update"] is True


def test_evidence_is_put_in_a_readers_order_and_told_once():
    later, title = evidence("Kishida", offset=500), evidence("Japan", TITLE, field="title")
    data = alert(found=match(later, evidence("Patriot"), title, later)).payload
    assert [(m["field"], m["term"]) for m in data["matches"]] == [("title", "Japan"), ("body", "Patriot"), ("body", "Kishida")]


def test_of_many_matches_each_terms_first_is_kept():
    many = [evidence("Patriot", offset=1000 * n) for n in range(300)] + [evidence("Kishida", offset=900_000)]
    data = alert(found=match(*many)).payload
    assert len(data["matches"]) == payload.MATCHES
    assert data["matches"][-1]["term"] == "Kishida"
    assert data["context"]["truncated"] is True


def test_a_sentence_is_quoted_once_with_all_its_matches():
    quotes = alert().payload["context"]["quotes"]
    assert len(quotes) == 1
    assert "".join(text for text, _ in quotes[0]["parts"]) == SENTENCE
    assert [text for text, matched in quotes[0]["parts"] if matched] == ["Patriot", "155 mm", "Kishida"]


def test_evidence_without_a_sentence_quotes_what_matched():
    found = Evidence(field="url", start=20, end=27, text="patriot", term="patriot")
    assert alert(found=match(found)).payload["context"]["quotes"] == [{"field": "url", "parts": [["patriot", True]]}]


@pytest.mark.parametrize(
    ("published", "shown"),
    [
        (None, None),
        (datetime(1970, 1, 1, tzinfo=timezone.utc), None),  # noqa: UP017
        (NOW + timedelta(hours=25), None),
        (NOW + timedelta(hours=23), "2024-03-11T17:00:00Z"),
        (datetime(2024, 3, 10, 19, 43, tzinfo=timezone(timedelta(hours=2))), "2024-03-10T17:43:00Z"),
    ],
)
def test_an_incredible_date_is_unknown(published, shown):
    """Row P17; never a reason not to alert."""
    assert alert(on=article(published_at=published)).payload["article"]["published"] == shown


@pytest.mark.parametrize(
    "url", [None, "javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///etc/passwd", "https://e.example/" + "a" * 3000]
)
def test_only_http_links_of_sane_length_become_links(url):
    assert alert(on=article(url=url)).payload["article"]["url"] is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://bank.example@evil.example/", "evil.example"),
        ("https://EXAMPLE.org:8443/x", "example.org"),
        ("http://127.0.0.2:8080/", "127.0.0.2"),
        ("http://[::1]/", "::1"),
        ("http://[broken/", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_host_is_the_one_that_a_click_reaches(url, host):
    assert payload.host_of(url) == host


def test_a_feed_without_a_name_is_called_by_its_host_and_credentials_stay_out():
    data = alert(feed=Feed(url="https://user:secret@feeds.example.org/rss?token=hush")).payload
    assert data["article"]["feed"] == "feeds.example.org"
    assert "secret" not in json.dumps(data)
    assert "hush" not in json.dumps(data)


def test_a_notice_is_delivered_like_an_alert():
    told = payload.notice(Notice(key="feed_gone:x", subject="Feed\nx is gone", text="one\ntwo", severity=Severity.LOW), NOW)
    assert (told.reason, told.severity, told.rule) == (Reason.NOTICE, Severity.LOW, "")
    assert told.payload["subject"] == "Feed x is gone"
    assert told.payload["text"] == "one\ntwo"
    assert told.id != payload.notice(Notice(key="feed_gone:x", subject="", text=""), NOW + timedelta(days=1)).id


WILD = st.text(st.characters(), max_size=200)


@given(WILD, WILD, WILD, st.integers(0, 300), st.integers(-50, 300))
def test_a_payload_is_strict_json_whatever_the_article_says(title, text, word, start, length):
    """Rows C01 to C08, C14: surrogates, controls, odd offsets."""
    found = Evidence(field="body", start=start, end=start + length, text=word, term=word, sentence=text, sentence_start=7)
    data = alert(on=article(title=title, text=text, author=word, url=word), found=match(found), of=rule(word)).payload
    again = json.loads(json.dumps(data, allow_nan=False, ensure_ascii=False).encode("utf-8"))
    assert again == data
    assert "\n" not in data["article"]["title"]


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=6))
def test_cutting_at_matches_loses_no_words(text, spans):
    joined = "".join(piece for piece, _ in payload.parts(text, spans))
    assert "".join(joined.split()) == "".join("".join(p for p, _ in payload.parts(text, [])).split()) or not text.isascii()
