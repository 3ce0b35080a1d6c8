"""Channels: where messages go, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum

from watcher.model.rule import Severity
from watcher.model.secret import Secret


class Security(StrEnum):
    """How a connection to a mail server is protected. ``STARTTLS`` that is not offered is a failure, never plaintext."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPolicy:
    """When a channel may be used; the same for every type.

    ``digest``: a cron expression in ``timezone``. ``group``: (wait, interval). ``quiet``: (start, end) local time, end exclusive.
    ``fallback``: the channel to use when this one is disabled. ``escalate``: (after, channels).
    """

    name: str
    type: str
    timezone: str = "UTC"
    digest: str | None = None
    group: tuple[timedelta, timedelta] | None = None
    quiet: tuple[time, time] | None = None
    templates: str | None = None
    fallback: str | None = None
    escalate: tuple[timedelta, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """One mailbox or several behind one SMTP server. ``port`` None: 587, 465 or 25 by ``security``."""

    to: tuple[str, ...]
    sender: str
    host: str
    port: int | None = None
    security: Security = Security.STARTTLS
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """A Slack incoming webhook (``url``, a secret in itself), or a bot: ``token`` and the ``channel`` that it posts to.

    ``api``: where Slack's Web API is. ``allow_private``: networks, e.g. ``10.0.0.0/8``.
    """

    url: Secret | None = None
    token: Secret | None = None
    channel: str | None = None
    api: str = "https://slack.com/api"
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """A Standard Webhooks endpoint. ``secrets``: newest first; each signs (rotation). ``cloudevents``: the body is a CloudEvent."""

    url: Secret
    secrets: tuple[Secret, ...] = ()
    headers: tuple[tuple[str, str | Secret], ...] = ()
    allow_private: tuple[str, ...] = ()
    cloudevents: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """One of Apprise's services."""

    url: Secret
    allow_private: tuple[str, ...] = ()


ChannelSettings = EmailSettings | SlackSettings | WebhookSettings | AppriseSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Sends alerts that match all given conditions to ``channels``; the first match wins unless ``continue_``."""

    channels: tuple[str, ...]
    severity: tuple[Severity, ...] = ()
    rule: tuple[str, ...] = ()
    entity: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    feed: tuple[str, ...] = ()
    min_sources: int = 0
    min_articles: int = 0
    continue_: bool = False
