"""WebSub's small decisions."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from watcher.feeds import websub

SECRET, BODY = "s3cret", b"<rss/>"


def signed(method: str, secret: str = SECRET, body: bytes = BODY) -> str:
    return f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"


def test_a_subscription_says_all_that_a_hub_needs_and_no_more_for_a_goodbye() -> None:
    said = parse_qs(websub.form("subscribe", "https://example.org/feed?a=b&c", "https://me.example/websub/t", secret="x").decode())
    assert said == {
        "hub.callback": ["https://me.example/websub/t"],
        "hub.mode": ["subscribe"],
        "hub.topic": ["https://example.org/feed?a=b&c"],
        "hub.lease_seconds": ["864000"],
        "hub.secret": ["x"],
    }
    assert set(parse_qs(websub.form("unsubscribe", "t", "c", secret="x").decode())) == {"hub.callback", "hub.mode", "hub.topic"}


@pytest.mark.parametrize(
    ("said", "length"),
    [
        (None, websub.WANTED_LEASE), ("", websub.WANTED_LEASE), ("soon", websub.WANTED_LEASE), ("-5", websub.WANTED_LEASE), ("٣٣", websub.WANTED_LEASE),
        ("0", websub.SHORTEST_LEASE), ("1", websub.SHORTEST_LEASE), ("86400", timedelta(days=1)), (str(10**12), websub.LONGEST_LEASE), ("9" * 5000, websub.LONGEST_LEASE),
    ],
)  # fmt: skip
def test_leases_are_clamped(said, length) -> None:
    assert websub.lease(said) == length
    assert websub.renewal(length) < length


@pytest.mark.parametrize("method", websub.METHODS)
def test_signatures_of_every_method_hold_and_none_other(method: str) -> None:
    assert websub.fault(signed(method), SECRET, BODY) is None
    assert websub.fault(signed(method).upper().replace(method.upper(), method), SECRET, BODY) is None
    assert websub.fault(signed(method), SECRET, BODY + b" ") == "forged"
    assert websub.fault(signed(method, "other"), SECRET, BODY) == "forged"
    assert websub.fault(f"{method}=é", SECRET, BODY) == "forged"


@pytest.mark.parametrize(
    ("header", "why"), [(None, "unsigned"), ("", "unsigned"), ("sha1", "unsigned"), ("md5=00", "unknown_method"), ("=", "unsigned")]
)
def test_what_is_not_signed_is_not_believed(header, why) -> None:
    assert websub.fault(header, SECRET, BODY) == why


def test_the_weakest_method_can_be_demanded() -> None:
    assert websub.fault(signed("sha1"), SECRET, BODY, least="sha256") == "weak"
    assert websub.fault(signed("sha256"), SECRET, BODY, least="sha256") is None
    assert hashlib.sha512 is not None


def test_a_hub_that_fails_is_asked_more_and_more_rarely_and_never_given_up() -> None:
    waits = [websub.retry(attempts) for attempts in range(1, 2000, 3)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=1), timedelta(days=1))
