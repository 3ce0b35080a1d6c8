"""Deliveries: one alert for one channel, from due to sent or dead; and what is put on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from watcher.model.alert import Alert

DeliveryId = NewType("DeliveryId", int)


class DeliveryState(StrEnum):
    """The life of a delivery. ``DEAD`` ones are listed, counted, and can be resent; ``MOVED`` ones went to the channel's fallback,
    of ``DISMISSED`` ones an operator said that they need nobody any more."""

    DUE = "due"
    SENT = "sent"
    DEAD = "dead"
    MOVED = "moved"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientOutcome:
    """What became of one e-mail recipient. ``state`` as of a delivery; ``answer`` is the server's last word."""

    address: str
    state: DeliveryState
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel: one alert, or the alerts that were gathered into one bundle.

    ``bundle``: "" for a single alert; else the key under which alerts are gathered (``group``, ``digest``,
    ``limit:RULE``). ``batch``: the frozen membership once it has been claimed, so that every try sends the same.
    ``message_key`` is the stable id: Message-ID's local part and webhook-id. ``attempts`` made so far.
    ``recipients``: what became of each e-mail address so far; empty before the first try. ``note``: why it comes by this channel, where
    that needs saying (an escalation, a fallback).
    """

    id: DeliveryId
    channel: str
    alerts: tuple[Alert, ...]
    message_key: str
    epoch: int
    attempts: int
    due_at: datetime
    created_at: datetime
    bundle: str = ""
    note: str = ""
    recipients: tuple[RecipientOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a delivery and its answer, for the history."""

    at: datetime
    outcome: str
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A rendered e-mail, knowing nothing of SMTP. ``message_id`` and ``references`` are with angle brackets."""

    message_id: str
    subject: str
    text: str
    html: str
    references: tuple[str, ...] = ()
    list_id: str = ""
    sent_at: datetime | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPost:
    """A rendered Block Kit payload, as JSON bytes.

    For bots also: ``id`` of the message; ``thread`` that it belongs to, ``reference`` where that is (once it is known), ``broadcast`` whether
    a reply is shown outside the thread too, ``root_body`` the thread's first message as it reads now.
    """

    body: bytes
    id: str = ""
    thread: str | None = None
    broadcast: bool = False
    reference: str | None = None
    root_body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPost:
    """A rendered webhook body with its stable ``webhook-id``; signed per try."""

    id: str
    body: bytes
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPost:
    """A title and a plain text, for services behind Apprise."""

    title: str
    text: str
    url: str | None = None
    urgent: bool = False


Message = Mail | SlackPost | WebhookPost | TextPost


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receiver's acceptance. ``recipients`` only for e-mail: some may have been refused or deferred. ``reference``: the receiver's own name
    of the message, where replies can be made to it."""

    answer: str = ""
    reference: str | None = None
    recipients: tuple[RecipientOutcome, ...] = ()
