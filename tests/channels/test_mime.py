"""A mail's bytes: RFC 5322 whatever the feed says."""

import email
import email.policy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerts.factories import NOW
from watcher.channels import mime
from watcher.model import Mail
from watcher.text.clean import one_line

MAIL = Mail(
    message_id="<abc@example.org>", subject="[r] Привіт", text="Текст\n.\nFrom here\n", html="<p>Текст</p>", references=("<story-1@example.org>",),
    list_id="desk <desk.watcher.example.org>", sent_at=NOW, urgent=True,
)  # fmt: skip


def built(**changes):
    mail = Mail(**{**{name: getattr(MAIL, name) for name in MAIL.__slots__}, **changes})
    return mime.build(mail, sender="Watcher <watcher@example.org>", to=("Desk <desk@example.org>", "b@example.org"))


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_the_headers_that_a_robots_mail_needs():
    message = parsed(built())
    assert message["Message-ID"] == "<abc@example.org>"
    assert message["References"] == message["In-Reply-To"] == "<story-1@example.org>"
    assert message["Date"] == "Sun, 10 Mar 2024 18:00:00 +0000"
    assert (message["Auto-Submitted"], message["Precedence"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "bulk", "All")
    assert message["List-Id"] == "desk <desk.watcher.example.org>"
    assert message["Subject"] == "[r] Привіт"
    assert (message["From"], message["To"]) == ("Watcher <watcher@example.org>", "Desk <desk@example.org>, b@example.org")
    assert (message["Importance"], message["X-Priority"]) == ("high", "1")
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_a_mail_without_a_story_starts_no_thread():
    message = parsed(built(references=()))
    assert message["References"] is message["In-Reply-To"] is None


@pytest.mark.parametrize(
    "text", ["x" * 100_000, ".", "..\n.\n", "From me\n>From you", "trailing   \n", "я" * 5000, "\ud800", "a\0b", "a\rb\r\nc", "\x0b\x0c\x85\u2028", "日本語" * 400, "👨‍👩‍👧" * 300]
)  # fmt: skip
def test_any_text_is_seven_bit_lines_of_sane_length_and_comes_back_equal(text):
    """Row C10."""
    raw = built(text=text)
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    got = parsed(raw).get_body(("plain",)).get_content()
    want = text.encode("utf-8", "replace").decode().replace("\0", "")
    assert re.sub(r"\r\n?", "\n", got).rstrip("\n") == re.sub(r"\r\n?", "\n", want).rstrip("\n")


@settings(max_examples=150)
@given(st.text(st.characters(), max_size=400), st.text(st.characters(), max_size=100))
def test_no_words_of_a_feed_become_a_header(words, name):
    """Row C02, C03: every control, surrogate and line break there is."""
    raw = mime.build(
        Mail(message_id="<a@example.org>", subject=words, text=words, html=words, list_id=f"{one_line(name, 60)} <x.example.org>"),
        sender="w@example.org",
        to=["d@example.org"],
    )
    message = parsed(raw)
    allowed = {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "list-id",
        "auto-submitted",
        "precedence",
        "x-auto-response-suppress",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    }
    assert {key.lower() for key in message} <= allowed
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@pytest.mark.parametrize(
    ("configured", "sent"),
    [
        ("desk@example.org", "desk@example.org"),
        ("The Desk <desk@example.org>", "desk@example.org"),
        ("desk@пошта.укр", "desk@xn--80a1acn3a.xn--j1amh"),
        ("пошта@example.org", "пошта@example.org"),
        ("desk@[127.0.0.1]", "desk@[127.0.0.1]"),
    ],
)
def test_addresses_as_they_are_sent(configured, sent):
    assert mime.envelope(configured) == sent


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "desk",
        "@example.org",
        "desk@",
        "a b@example.org",
        "desk@exa mple.org",
        "desk@a..b",
        "desk@example.org\r\nRCPT TO:<x@y>",
        "desk@" + "a" * 70 + ".org",
    ],
)
def test_what_is_no_address_is_refused(bad):
    with pytest.raises(ValueError):
        mime.envelope(bad)
