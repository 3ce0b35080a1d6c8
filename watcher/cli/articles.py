"""The articles that ``match`` and ``cluster`` read: one JSON object a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_TEXTS = ("title", "text", "url", "author", "feed", "lang")
_LISTS = ("tags", "feed_tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An article as a filter was given it. ``id`` is whatever JSON value came, and goes out again."""

    id: Any = None
    title: str = ""
    text: str = ""
    url: str = ""
    author: str = ""
    feed: str = ""
    lang: str | None = None
    published_at: datetime | None = None
    tags: tuple[str, ...] = ()
    feed_tags: tuple[str, ...] = ()


def read(record: Mapping[str, Any]) -> Given:
    """Return the article; keys that mean nothing here are left alone.

    :raises ValueError: a key has a value of the wrong type.
    """
    texts: dict[str, Any] = {}
    for key in _TEXTS:
        value = record.get(key)
        if value is None:
            continue
        if not isinstance(value, str):
            raise ValueError(f"{key!r} must be a string, not {type(value).__name__}")  # noqa: TRY004  one kind of error for a bad line
        texts[key] = value
    lists: dict[str, Any] = {}
    for key in _LISTS:
        value = record.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{key!r} must be a list of strings")
        lists[key] = tuple(value)
    return Given(id=record.get("id"), published_at=moment(record.get("published")), **texts, **lists)


def moment(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC; without an offset it is taken to be in UTC.

    :raises ValueError: it is none.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("'published' must be an ISO 8601 time, as a string")  # noqa: TRY004  one kind of error for a bad line
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'published' must be an ISO 8601 time, not {value[:40]!r}") from None
