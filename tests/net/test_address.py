"""Which addresses we may talk to (RELIABILITY N01 to N06)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.net import address

REFUSED = [
    "127.0.0.1",
    "127.0.0.2",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "198.18.0.1",
    "192.0.2.1",
    "203.0.113.9",
    "240.0.0.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::1",
    "fec0::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "3fff::1",
    "5f00::1",
    "ff02::1",
    "2001:db8::1",
    "100::1",
]
PERMITTED = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("text", REFUSED)
def test_private_special_and_disguised_addresses_are_refused(text: str) -> None:
    assert not address.permitted(text)


@pytest.mark.parametrize("text", PERMITTED)
def test_public_addresses_are_permitted(text: str) -> None:
    assert address.permitted(text)


@pytest.mark.parametrize("text", ["", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "1.2.3.4.5", "example.org"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not address.permitted(text)


def test_a_network_of_the_users_own_is_permitted_and_only_it() -> None:
    allow = address.networks(["127.0.0.0/8", "fd00::/8"])
    assert address.permitted("127.0.0.1", allow)
    assert address.permitted("::ffff:127.0.0.1", allow)
    assert address.permitted("fd00::1", allow)
    assert not address.permitted("10.0.0.1", allow)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(inner: ipaddress.IPv4Address) -> None:
    """v4-mapped and NAT64 give no way around the rule."""
    verdict = address.permitted(str(inner))
    assert address.permitted(f"::ffff:{inner}") == verdict
    assert address.permitted(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(inner)))) == verdict


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("10.1.2.3", "10.0.0.0/8"),
        ("172.20.0.1", "172.16.0.0/12"),
        ("::ffff:192.168.1.1", "192.168.0.0/16"),
        ("fd12::1", "fc00::/7"),
        ("169.254.169.254", "169.254.169.254"),
        ("fe80::1%eth0", "fe80::1"),
        ("no address", ""),
    ],
)
def test_the_network_that_is_proposed_permits_the_address(text: str, block: str) -> None:
    assert address.block(text) == block
    if block and "%" not in text:
        assert address.permitted(text, address.networks([block]))
