"""Signed links: for one purpose, one alert, and a while."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.factories import NOW
from watcher.alerts.links import ACTIONS, LIFE, Signer

SIGNER = Signer(b"k" * 32, "https://watcher.example.org/")


def parts(url):
    found = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(found.query).items()}
    _, do, action, subject = found.path.split("/")
    assert do == "do"
    return {"action": action, "subject": subject, "channel": query["c"], "expiry": query["e"], "signature": query["s"]}


def holds(signer=SIGNER, now=NOW, **changes):
    link = parts(SIGNER.url("noise", "a" * 32, "desk", NOW)) | changes
    return signer.holds(*link.values(), now)


def test_a_link_holds_until_it_expires():
    assert holds()
    assert holds(now=NOW + LIFE - timedelta(seconds=1))
    assert not holds(now=NOW + LIFE)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "silence"},
        {"action": "everything"},
        {"subject": "b" * 32},
        {"channel": "phone"},
        {"expiry": str(int((NOW + 2 * LIFE).timestamp()))},
        {"expiry": "9" * 30},
        {"expiry": "²"},
        {"expiry": ""},
        {"signature": ""},
        {"signature": "é" * 22},
    ],
)
def test_a_link_with_anything_changed_does_not_hold(changes):
    assert not holds(**changes)


def test_another_installations_links_do_not_hold():
    assert not holds(signer=Signer(b"o" * 32, SIGNER.base))


@given(
    st.sampled_from(ACTIONS), st.text(min_size=1).filter(lambda t: t.isprintable()), st.text(min_size=1).filter(lambda t: t.isprintable())
)
def test_any_name_of_a_channel_survives_its_url(action, subject, channel):
    url = SIGNER.url(action, subject, channel, NOW)
    assert url.isascii()
    query = parse_qs(urlsplit(url).query)
    assert SIGNER.holds(action, subject, query["c"][0], query["e"][0], query["s"][0], NOW)
