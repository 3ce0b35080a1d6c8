"""Stable names. The same alert has the same id after a restart, a retry or a restored backup.

Ids are 32 hexadecimal digits (128 bits of SHA-256): safe in URLs, in a Message-ID and as ``webhook-id``, which must not hold a dot
(Standard Webhooks 1.0.0). Each kind hashes its own prefix, and every part with its length, so that no two inputs can be confused.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from watcher.model import AlertId, StoryId


def alert_id(rule: str, feed_url: str, identity: str) -> AlertId:
    """Return the id of the alert that ``rule`` raises for one entry.

    :param feed_url: the feed as configured (not where a redirect leads).
    :param identity: ``Entry.identity``.
    """
    return AlertId(_digest("alert", rule, feed_url, identity))


def edit_id(told: str, *said: str) -> AlertId:
    """Return the id of the report that the article of alert ``told`` was changed: what it says decides."""
    return AlertId(_digest("edit", told, *said))


def notice_id(key: str, created_at: str) -> AlertId:
    """Return the id of an operator notice: a condition that comes back later is another notice."""
    return AlertId(_digest("notice", key, created_at))


def message_key(alerts: Iterable[str], channel: str) -> str:
    """Return the id under which ``channel`` is told of ``alerts``: Message-ID's local part and ``webhook-id``.

    The order of the alerts does not count: a bundle is a set.
    """
    return _digest("message", channel, *sorted(alerts))


def message_id(key: str, domain: str) -> str:
    """Return the Message-ID, with angle brackets, of the message ``key``."""
    return f"<{key}@{domain}>"


def story_root(story: StoryId | int | str, channel: str, domain: str) -> str:
    """Return the Message-ID, with angle brackets, of a message that never existed: the root of the story's thread in one channel.

    Mail programs join what names the same ancestor (RFC 5322, 3.6.4), also when the first message was lost or deleted.
    """
    return f"<story-{_digest('story', str(story), channel)}@{domain}>"


def sender_domain(address: str) -> str:
    """Return the ASCII domain of ``Name <user@domain>``; ``watcher.invalid`` where there is none (RFC 2606)."""
    _, at, domain = address.rpartition("@")
    domain = domain.strip().rstrip(">").strip().rstrip(".").lower()
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "watcher.invalid"
    good = at and ascii_domain and all(c.isalnum() or c in "-._" for c in ascii_domain) and ".." not in ascii_domain
    return ascii_domain if good else "watcher.invalid"


def _digest(*parts: str) -> str:
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return sha256(b"".join(b"%d:%s" % (len(part), part) for part in encoded)).hexdigest()[:32]
