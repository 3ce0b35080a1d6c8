"""Reading what response headers say about time. Pure; rubbish is ignored, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from multidict import MultiMapping

_SECONDS = re.compile(r"\s*(\d{1,10})(?:\.\d*)?\s*\Z", re.ASCII)
_NUMBERS = re.compile(r"[\d\s,]{1,100}", re.ASCII)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,18})", re.IGNORECASE | re.ASCII)
_LONGEST = timedelta(days=3650)


def http_date(text: str | None) -> datetime | None:
    """Return an HTTP date (RFC 9110 section 5.6.7, and what is sent in its place) as aware UTC, or None."""
    if not text or len(text) > 100:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return what ``Retry-After`` asks for (RFC 9110 section 10.2.3), unclamped but for ten years, or None.

    :param headers: case-insensitive, or with lower-case names.
    :param now: the clock to measure a date against; the server's own ``Date`` goes before it, so that its error cancels out.
    :returns: None where there is nothing, rubbish, a negative number or a date that has passed; the longest, where it is sent twice.
    """
    if isinstance(headers, MultiMapping):
        said: Iterable[str] = headers.getall("retry-after", ())
    else:
        said = (headers["retry-after"],) if "retry-after" in headers else ()
    waits = [wait for text in said for each in _listed(text) if (wait := _wait(each, headers.get("date"), now)) is not None]
    return max(waits, default=None)


def _listed(text: str) -> list[str]:
    """Two headers that a proxy joined into one; a date has a comma of its own."""
    return text.split(",") if _NUMBERS.fullmatch(text) else [text]


def _wait(text: str, sent: str | None, now: datetime) -> timedelta | None:
    if seconds := _SECONDS.match(text):
        return min(timedelta(seconds=int(seconds[1])), _LONGEST)
    until = http_date(text)
    if until is None:
        return None
    wait = until - (http_date(sent) or now)
    return min(wait, _LONGEST) if wait > timedelta(0) else None


def max_age(headers: Mapping[str, str]) -> timedelta | None:
    """Return ``Cache-Control: max-age`` less ``Age`` (RFC 9111 section 4.2), or None; never below zero, never above ten years."""
    control = headers.get("cache-control")
    if not control or (found := _MAX_AGE.search(control)) is None:
        return None
    age = _SECONDS.match(headers.get("age") or "")
    seconds = int(found[1]) - (int(age[1]) if age else 0)
    return timedelta(seconds=max(0, min(seconds, int(_LONGEST.total_seconds()))))
