"""A URL as text -> where to knock and what to ask for. Everything odd is refused with words, never with a ValueError."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from yarl import URL

from watcher.errors import BlockedAddress, FetchError

# Ports of other protocols, to which an HTTP request may be an attack: the Fetch standard's list of bad ports.
BAD_PORTS = frozenset(
    int(port)
    for port in (  # noqa: SIM905 - a table, not eighty lines
        "1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137 139 143 161 179 "
        "389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 "
        "5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080"
    ).split()
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_VERBATIM = re.compile(r"[^\x21-\x7e]")
_USERINFO = re.compile(r"(//)[^/?#\s]*@")
MAX_URL = 8_000  # a request line must fit into the 8 KiB that servers accept


@dataclass(frozen=True, slots=True)
class Target:
    """Where one hop goes. ``text`` is the URL without credentials and fragment, fit for logs; ``user`` None means no credentials.

    ``origin`` is scheme, host and port: credentials never leave it. ``address`` is the IP address that the host's text
    means by itself, None for a name.
    """

    url: URL
    text: str
    origin: tuple[str, str, int]
    address: str | None = None
    user: str | None = None
    password: str = ""


def redact(url: str) -> str:
    """Return the URL without its credentials, whatever else is wrong with it; for logs, mails and pages."""
    return _USERINFO.sub(r"\1", url)


@lru_cache(maxsize=2048)
def parse(url: str) -> Target:
    """Return where ``url`` points.

    Path and query go out byte for byte where they are plain ASCII: a server may well tell ``%2C`` from ``,``.

    :raises FetchError: ``url``: not a URL that can be asked for.
    :raises BlockedAddress: ``scheme`` or ``port``: not one that we talk to.
    """
    text = url.strip(" \t\r\n")
    shown = redact(text)[:500]
    if len(text) > MAX_URL:
        raise FetchError(shown, "url", "the URL is longer than 8,000 characters")
    if _CONTROL.search(text):
        raise FetchError(_CONTROL.sub("\ufffd", shown), "url", "the URL holds control characters")
    try:
        parts = urlsplit(text)
        scheme, port = parts.scheme.lower(), parts.port
        if scheme not in ("http", "https"):
            raise BlockedAddress(shown, "scheme", f"only http and https are fetched, not {scheme or 'a URL without a scheme'}")
        whole = URL(urlunsplit((scheme, parts.netloc, "/", "", "")))
        host = whole.raw_host
    except (ValueError, UnicodeError) as fault:
        raise FetchError(shown, "url", "the URL cannot be read") from fault
    if not host or "%" in host or " " in parts.netloc:
        raise FetchError(shown, "url", "the URL names no host that can be looked up")
    if port == 0 or port in BAD_PORTS:
        raise BlockedAddress(shown, "port", f"port {port} belongs to another protocol")
    return Target(
        _verbatim(whole, parts.path or "/", parts.query),
        _shown(scheme, whole, parts.path or "/", parts.query),
        (scheme, host, whole.port or 80),
        literal_address(host),
        unquote(parts.username) if parts.username is not None else None,
        unquote(parts.password or ""),
    )


def join(base: Target, location: str) -> Target:
    """Return where a redirect leads, relative to the hop that sent it; raises as :func:`parse` does."""
    try:
        return parse(urljoin(base.text, location.strip()))
    except (FetchError, BlockedAddress):
        raise
    except ValueError as fault:
        raise FetchError(base.text, "url", "the server redirects to something that is no URL") from fault


def literal_address(host: str) -> str | None:
    """Return the IP address that a host's text means by itself, or None for a name.

    Also the forms that only the C library knows: ``2130706433``, ``0x7f.1``, ``127.1`` (RELIABILITY N04).
    """
    if ":" in host:
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError, ValueError):
        return None


def _verbatim(whole: URL, path: str, query: str) -> URL:
    if _NOT_VERBATIM.search(path + query):
        return whole.join(URL.build(path=path, query_string=query))
    host = whole.host_subcomponent or ""  # an IPv6 address in its brackets: an encoded build adds none
    return URL.build(scheme=whole.scheme, host=host, port=whole.explicit_port, path=path, query_string=query, encoded=True)


def _shown(scheme: str, whole: URL, path: str, query: str) -> str:
    return urlunsplit((scheme, whole.with_user(None).raw_authority, path, query, ""))
