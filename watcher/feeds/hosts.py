"""Slots and spacing per host: nobody's server is annoyed by us having many of its feeds. Pure; time is an argument."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from watcher.errors import BadStatus, FetchError

_FEW = 100  # hosts that are kept without asking whether they still matter
MOST_SPACING = 0.1  # seconds between two starts on one host (DESIGN section 8)


def host_of(url: str) -> str:
    """Return the host that a URL's server is known by: lower case, no port, no credentials; "" where there is none."""
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def pause_of(error: FetchError, *, shortest: timedelta, longest: timedelta, worked: bool) -> timedelta | None:
    """Return how long the whole host that answered is to be left alone, None where only the one feed is in trouble.

    A server that sends ``Retry-After`` with 429, 5xx and the like means us, not the document (RFC 9110 section 10.2.3); so does
    429 without it. 403 on a document that could be had until now is a rate limit in disguise (Reddit, 2026), but one that
    never could be had is merely forbidden: only the first kind stops the host's other feeds.

    :param shortest: ``min_interval``; also the pause where the server names none.
    :param longest: ``max_interval``.
    :param worked: whether the last poll of the same document succeeded.
    """
    if not isinstance(error, BadStatus):
        return None
    if error.retry_after is not None and error.status in _MEANT_FOR_US:
        return min(max(error.retry_after, shortest), longest)
    return shortest if error.status == 429 or (error.status == 403 and worked) else None


_MEANT_FOR_US = frozenset((403, 408, 425, 429, *range(500, 600)))


@dataclass(slots=True)
class _Host:
    busy: int = 0
    ill: int = 0  # of the busy ones
    free_at: float = -math.inf
    blocked_until: float = -math.inf

    def matters(self, now: float) -> bool:
        """Whether the next start would be judged otherwise if this were forgotten."""
        return self.busy > 0 or self.free_at > now - MOST_SPACING or self.blocked_until > now


class HostGate:
    """Who may start a request to which host, now. Times are seconds of one clock that never jumps back.

    :param per_host: requests to one host at a time.
    """

    def __init__(self, per_host: int = 2) -> None:
        self._per_host = max(1, per_host)
        self._hosts: dict[str, _Host] = {}
        self._crowded = _FEW

    def wait(self, host: str, now: float, *, ill: bool = False) -> float | None:
        """Return how long a start must wait: 0 is now, None is until a slot is released.

        :param ill: the feed failed the last time, so that it may hold its slot until a time-out: of a host's slots, one is
            left to its other feeds.
        """
        known = self._hosts.get(host)
        if known is None:
            return 0.0
        until = max(known.blocked_until, known.free_at)
        if until > now:
            return until - now
        full = known.busy >= self._per_host or (ill and known.ill >= max(1, self._per_host - 1))
        return None if full else 0.0

    def enter(self, host: str, now: float, *, interval: float = 60.0, feeds: int = 1, ill: bool = False) -> bool:
        """Take a slot; False when there is none, or it is too soon.

        :param interval: the feed's interval in seconds.
        :param feeds: how many feeds live on the host: the next start waits ``interval / (2 * feeds)``, at most 0.1 s. Where
            that is less than 0.1 s, as many starts as fit into 0.1 s may come together: many small waits cost more than they spare.
        """
        if self.wait(host, now, ill=ill) != 0.0:
            return False
        if len(self._hosts) >= self._crowded:
            self.forget(now)
            self._crowded = 2 * len(self._hosts) + _FEW
        known = self._hosts.setdefault(host, _Host())
        known.busy += 1
        known.ill += ill
        spacing = min(MOST_SPACING, max(0.0, interval) / (2 * max(1, feeds)))
        together = MOST_SPACING // spacing - 1 if spacing else 0.0
        known.free_at = max(known.free_at, now - together * spacing) + spacing
        return True

    def leave(self, host: str, now: float, *, ill: bool = False) -> None:
        """Release the slot that :meth:`enter` took."""
        known = self._hosts.get(host)
        if known is None:
            return
        known.busy, known.ill = max(0, known.busy - 1), max(0, known.ill - ill)
        if not known.matters(now):
            del self._hosts[host]  # memory is of hosts that matter now, not of all that ever did

    def block(self, host: str, until: float) -> None:
        """Let nobody start on ``host`` before ``until`` (Retry-After, 403); never shortens an earlier block."""
        known = self._hosts.setdefault(host, _Host())
        known.blocked_until = max(known.blocked_until, until)

    def blocked_until(self, host: str, now: float) -> float | None:
        """Return until when ``host`` is blocked, None where it is not."""
        known = self._hosts.get(host)
        return known.blocked_until if known is not None and known.blocked_until > now else None

    def forget(self, now: float) -> None:
        """Drop what no longer matters; to be called now and then."""
        self._hosts = {host: known for host, known in self._hosts.items() if known.matters(now)}
