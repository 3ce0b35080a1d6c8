"""WebSub, the subscriber's side (W3C Recommendation of 23 January 2018): forms, leases, signatures. Pure.

A feed that names a hub is subscribed to at that hub, for the topic that is the feed's *self* address. What a hub says is believed
only as far as the specification lets it: an intent that is pending is confirmed, a lease is clamped, a delivery counts when its
signature does. Its content is a hint that goes the way of every fetched document.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlencode

WANTED_LEASE = timedelta(days=10)
SHORTEST_LEASE, LONGEST_LEASE = timedelta(minutes=5), timedelta(days=30)
RENEW_AT = 0.8  # of the lease, so that a hub may be away for a while
METHODS = ("sha1", "sha256", "sha384", "sha512")  # by strength
ANSWER_WITHIN = timedelta(minutes=10)  # a hub that has accepted verifies within; else it is asked again
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(days=1)
REFUSED_RETRY = timedelta(days=1)
SLOWER = 6  # polls of a feed whose pushes work; bounded by max_interval


def form(mode: str, topic: str, callback: str, *, secret: str | None = None) -> bytes:
    """Return the body of a request to a hub, ``application/x-www-form-urlencoded``.

    :param mode: ``subscribe`` or ``unsubscribe``.
    :param secret: fewer than 200 bytes; only where it cannot be overheard.
    """
    fields = {"hub.callback": callback, "hub.mode": mode, "hub.topic": topic}
    if mode == "subscribe":
        fields["hub.lease_seconds"] = str(int(WANTED_LEASE.total_seconds()))
        if secret is not None:
            fields["hub.secret"] = secret
    return urlencode(fields).encode()


def lease(seconds: str | None) -> timedelta:
    """Return how long a hub promises to deliver: what it says, clamped; what was wished where it says nothing sensible."""
    if seconds is None or not (seconds.isascii() and seconds.isdigit()):
        return WANTED_LEASE
    said = timedelta(seconds=min(int(seconds[:12]), int(LONGEST_LEASE.total_seconds())))
    return max(said, SHORTEST_LEASE)


def renewal(length: timedelta) -> timedelta:
    """Return how long after its confirmation a lease is renewed."""
    return length * RENEW_AT


def retry(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in a row that failed: one minute, doubled, at most a day."""
    doubled: timedelta = FIRST_RETRY * (1 << min(max(attempts - 1, 0), 20))
    return min(doubled, LONGEST_RETRY)


def fault(header: str | None, secret: str, body: bytes, *, least: str = METHODS[0]) -> str | None:
    """Return why a delivery is not to be believed: ``unsigned``, ``weak``, ``unknown_method``, ``forged``; None where it is.

    :param header: ``X-Hub-Signature``: ``method=hex``, over the body's raw bytes.
    :param least: the weakest method that is accepted.
    """
    method, _, given = (header or "").strip().partition("=")
    method = method.lower()
    if not given:
        return "unsigned"
    if method not in METHODS:
        return "unknown_method"
    if METHODS.index(method) < METHODS.index(least):
        return "weak"
    made = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return None if hmac.compare_digest(made.encode(), given.strip().lower().encode()) else "forged"
