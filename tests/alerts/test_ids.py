"""Ids are stable, safe and never confused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.alerts import ids


def test_ids_do_not_change_between_releases():
    """A retry after an upgrade must be recognised by the receiver: these values are part of the contract."""
    assert ids.alert_id("r", "https://example.org/rss", "guid-1") == "5a9fcb109692fe269a3706538cc5c33b"
    assert ids.message_key(["b", "a"], "desk") == "86abd2bcce979ab7b25cee6b5eb76f05"


@given(st.lists(st.text(), min_size=3, max_size=3), st.lists(st.text(), min_size=3, max_size=3))
def test_different_inputs_have_different_ids(one, other):
    """Also where parts joined would be equal: ("a", "bc") and ("ab", "c")."""
    assert (ids.alert_id(*one) == ids.alert_id(*other)) == (one == other)
    assert re.fullmatch("[0-9a-f]{32}", ids.alert_id(*one))


def test_a_lone_surrogate_in_a_guid_is_hashed_not_raised():
    assert ids.alert_id("r", "u", "\ud800") != ids.alert_id("r", "u", "?")


def test_a_bundle_is_a_set():
    assert ids.message_key(["a", "b"], "desk") == ids.message_key(["b", "a"], "desk") != ids.message_key(["a", "b"], "other")


def test_a_story_is_a_thread_of_its_own_in_each_channel():
    roots = {ids.story_root(story, channel, "example.org") for story in (1, 2) for channel in ("desk", "night")}
    assert len(roots) == 4
    assert all(re.fullmatch(r"<story-[0-9a-f]{32}@example\.org>", root) for root in roots)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("w@example.org", "example.org"),
        ("Watcher <w@Example.ORG>", "example.org"),
        ("w@пошта.укр", "xn--80a1acn3a.xn--j1amh"),
        ("w", "watcher.invalid"),
        ("", "watcher.invalid"),
        ("w@a b>c", "watcher.invalid"),
        ("w@[127.0.0.1]", "watcher.invalid"),
    ],
)
def test_the_domain_of_a_message_id_is_ascii_and_valid(address, domain):
    assert ids.sender_domain(address) == domain
