"""Which IP addresses we may talk to, with the disguises taken off first. Pure.

``ipaddress.is_global`` alone is not enough: it calls 224.0.0.1, 192.88.99.1, ``::127.0.0.1``, ``64:ff9b::7f00:1`` and
``fec0::1`` global (RELIABILITY N05). The rule: IPv4 must be global unicast and no 6to4 relay; IPv6 must lie in 2000::/3,
outside its special blocks, and an IPv4 address carried inside it is judged in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

_RELAY_6TO4 = IPv4Network("192.88.99.0/24")  # RFC 7526, deprecated anycast
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_SPECIAL = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # RFC 2928: protocol assignments, benchmarking, ORCHID
        "2001:db8::/32",
        "3fff::/20",  # documentation: RFC 3849, RFC 9637
    )
)

_USUAL: Networks = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7")
)


def networks(blocks: Iterable[str]) -> Networks:
    """Return the networks named by ``10.0.0.0/8`` or a bare address; ValueError names the bad one."""
    return tuple(ip_network(block, strict=False) for block in blocks)


def carried(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address stands for: v4-mapped, NAT64, 6to4, Teredo (server and client)."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()


@lru_cache(maxsize=4096)
def permitted(text: str, allow: Networks = ()) -> bool:
    """Whether we may connect to this address: public, or inside one of the networks that the user allows.

    :param text: an address as ``getaddrinfo`` writes it, a scope (``%eth0``) included. Anything else is refused.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if _within(address, allow):
        return True
    if isinstance(address, IPv4Address):
        return _public_v4(address)
    if inner := carried(address):
        return all(_within(each, allow) or _public_v4(each) for each in inner)
    return address in _UNICAST and address.is_global and not _within(address, _SPECIAL)


def block(text: str) -> str:
    """Return the network that a user would permit for this address: the private one that it lies in, else itself alone."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and (inner := carried(address)):
        address = next((each for each in inner if not _public_v4(each)), inner[0])
    return next((str(block) for block in _USUAL if _within(address, (block,))), str(address))


def _within(address: Address, blocks: Networks) -> bool:
    return any(address.version == block.version and address in block for block in blocks)


def _public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _RELAY_6TO4
