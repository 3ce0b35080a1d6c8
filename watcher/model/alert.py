"""Alerts: the decision to tell someone, and every reason not to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from watcher.model.feed import EntryId
from watcher.model.rule import Severity
from watcher.model.story import StoryId

AlertId = NewType("AlertId", str)


class Reason(StrEnum):
    """Why an alert was, or was not, raised for a match. Stored, counted, and shown by ``why``. Never "too old"."""

    FIRST_SEEN = "first_seen"
    UPDATE = "update"
    EDITED = "edited"
    ALREADY_TOLD = "already_told"
    SILENCED = "silenced"
    OVER_LIMIT = "over_limit"
    BACKFILL = "backfill"
    TOO_FEW_SOURCES = "too_few_sources"
    NO_CHANNEL = "no_channel"
    NOTICE = "notice"

    @property
    def tells(self) -> bool:
        """Whether an alert with this reason reaches receivers (over the limit: in the summary)."""
        return self in (Reason.FIRST_SEEN, Reason.UPDATE, Reason.EDITED, Reason.OVER_LIMIT, Reason.NOTICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict on one match. ``detail`` names the silence, the earlier alert or the limit that decided; ``silence`` is the silence's id."""

    rule: str
    reason: Reason
    update: bool = False
    detail: str = ""
    silence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A decision to tell someone, with everything that a message will say frozen into ``payload``.

    ``id`` is a hash of (rule, feed URL, entry identity): the same alert after a restored backup has the same id.
    ``payload`` is the ``data`` object of the webhook contract plus ``context`` for the mail (see ``alerts.payload``).
    """

    id: AlertId
    rule: str
    severity: Severity
    reason: Reason
    created_at: datetime
    payload: Mapping[str, Any]
    entry_id: EntryId | None = None
    story_id: StoryId | None = None
    update: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the operators must know. ``key`` names the condition, so that it is told once: ``feed_gone:URL``."""

    key: str
    subject: str
    text: str
    severity: Severity = Severity.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A mute in time. ``rule``, ``feed``, ``entity``, ``severity``, ``text``: what it mutes (None = any); at least one is given."""

    id: int
    until_at: datetime
    created_at: datetime
    author: str
    comment: str
    rule: str | None = None
    feed: str | None = None
    entity: str | None = None
    severity: str | None = None
    text: str | None = None
