"""Channels and routes: from tables to policies and settings."""

from __future__ import annotations

import base64
import binascii
import functools
from datetime import datetime
from pathlib import Path

from cronsim import CronSim, CronSimError

from watcher.config import documents, units
from watcher.config.credentials import Keyring
from watcher.config.models import AppriseTable, EmailTable, RouteTable, SlackTable, Table, WebhookTable
from watcher.config.models.base import SecretRef
from watcher.config.models.channels import ChannelTable
from watcher.config.problems import Place, Problems
from watcher.config.service import secret_url, timezone
from watcher.config.sources import headers
from watcher.config.units import clip, shown
from watcher.errors import ConfigError
from watcher.model import (
    AppriseSettings,
    ChannelPolicy,
    ChannelSettings,
    EmailSettings,
    Route,
    Secret,
    Security,
    Severity,
    SlackSettings,
    WebhookSettings,
)

TEMPLATES = ("subject.j2", "text.j2", "html.j2")
Channel = tuple[ChannelPolicy, ChannelSettings]


def channels(tables: dict[str, tuple[Place, Table]], default_timezone: str, keyring: Keyring, problems: Problems) -> dict[str, Channel]:
    """Return policy and settings of each channel that has no error of its own."""
    found: dict[str, Channel] = {}
    for name, (place, table) in tables.items():
        assert isinstance(table, ChannelTable)
        settings = _settings(table, place, keyring, problems) if type(table) is not ChannelTable else None  # of no type: recorded
        policy = _policy(name, table, place, default_timezone, problems)
        if settings is not None:
            found[name] = (policy, settings)
    return found


def _policy(name: str, table: ChannelTable, place: Place, default_timezone: str, problems: Problems) -> ChannelPolicy:
    if table.digest is not None:
        problems.attempt(place.at("digest"), lambda value: cron(str(value)), table.digest)
    return ChannelPolicy(
        name=name,
        type=str(getattr(table, "type", "")),
        timezone=(timezone(table.timezone, place.at("timezone"), problems) if table.timezone else None) or default_timezone,
        digest=table.digest,
        group=(table.group.wait, table.group.interval) if table.group else None,
        quiet=table.quiet,
        templates=_templates(table.templates, str(getattr(table, "type", "")), place.at("templates"), problems),
        fallback=table.fallback,
        escalate=(table.escalate.after, tuple(dict.fromkeys(table.escalate.channels))) if table.escalate else None,
    )


def cron(expression: str) -> str:
    """Return a cron expression of five fields that comes due some day, as it is.

    :raises ValueError: saying what is wrong with it.
    """
    form = f'expected a cron expression such as "0 8 * * mon-fri", not {shown(expression)}'
    if len(expression.split()) != 5:
        raise ValueError(f"{form}: five fields")
    try:
        next(CronSim(expression, datetime(2024, 1, 1)))  # noqa: DTZ001 — only whether it ever comes matters
    except (CronSimError, ValueError, OverflowError) as error:
        raise ValueError(f"{form}: {clip(str(error).lower())}") from error
    except StopIteration:
        raise ValueError(f"the time {shown(expression)} never comes") from None
    return expression


def _templates(folder: str | None, kind: str, place: Place, problems: Problems) -> str | None:
    """Return the folder of a channel's own templates, every one of them tried; what is wrong is named with the template's file and line."""
    if folder is None:
        return None
    if kind == "webhook":
        problems.warn(place, "templates have no effect here: a webhook's body is a contract")
    path = place.document.path.parent.absolute() / folder
    if not path.is_dir():
        problems.add(place, f"there is no folder {clip(str(path), 120)}")
        return None
    sources = {}
    for name in TEMPLATES:
        try:
            sources[name] = documents.decode(documents.read(path / name)[0], name)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            problems.add(place, f"{name}: {documents.why(error) if isinstance(error, OSError) else error}")
    if not sources:
        problems.warn(place, f"the folder has none of {', '.join(TEMPLATES)}")
    elif kind:
        from watcher.alerts.render import check_templates  # noqa: PLC0415 — Jinja2, only where there are templates

        where = (Path(place.document.name).parent / folder).as_posix()
        for name, line, message in check_templates(sources, kind):
            problems.append(ConfigError(clip(message, 300), file=f"{where}/{name}", line=line))
    return str(path)


@functools.singledispatch
def _settings(table: ChannelTable, _place: Place, _keyring: Keyring, _problems: Problems) -> ChannelSettings | None:
    """Return the settings of one type of channel, or None after recording why there are none."""
    raise TypeError(type(table))


@_settings.register
def _email(table: EmailTable, place: Place, keyring: Keyring, problems: Problems) -> EmailSettings | None:
    both = problems.sound(place, "username", "password")
    if both and table.password is None and table.username is not None:
        problems.add(place.at("username"), "a username without a password")
    if both and table.password is not None and table.username is None:
        problems.add(place.at("password"), "a password without a username")
    if table.password is not None and table.security == "none" and not units.is_loopback(table.host):
        problems.warn(place.at("security"), f"the password goes to {table.host} in the clear")
    if len(set(table.to)) < len(table.to):
        problems.warn(place.at("to"), "an address stands there twice; it gets one message")
    return EmailSettings(
        to=tuple(dict.fromkeys(table.to)),
        sender=table.sender,
        host=table.host,
        port=table.port,
        security=Security(table.security),
        username=table.username,
        password=keyring.find(table.password, place.at("password")),
    )


@_settings.register
def _slack(table: SlackTable, place: Place, keyring: Keyring, problems: Problems) -> SlackSettings | None:
    if not problems.sound(place, "url", "token", "channel"):
        return None
    if (table.url is None) == (table.token is None):
        problems.add(place, "a Slack channel needs either url (an incoming webhook) or token and channel (a bot)")
        return None
    if (table.token is None) != (table.channel is None):
        problems.add(place.at("channel" if table.channel else "token"), "token and channel belong together")
        return None
    if table.url is not None:
        url = secret_url(table.url, place.at("url"), keyring, problems, literal_ok=False)
        return SlackSettings(url=url, allow_private=tuple(table.allow_private)) if url is not None else None
    token = keyring.find(table.token, place.at("token"))
    if token is None:
        return None
    return SlackSettings(token=token, channel=table.channel, api=table.api, allow_private=tuple(table.allow_private))


@_settings.register
def _webhook(table: WebhookTable, place: Place, keyring: Keyring, problems: Problems) -> WebhookSettings | None:
    url = secret_url(table.url, place.at("url"), keyring, problems)
    keys = [_signing_key(ref, place.at("secret"), keyring, problems) for ref in table.secret or ()]
    extra = headers(table.headers, place.at("headers"), keyring, problems)
    if url is None:
        return None
    return WebhookSettings(
        url=url,
        secrets=tuple(key for key in keys if key is not None),
        headers=extra,
        allow_private=tuple(table.allow_private),
        cloudevents=table.format == "cloudevents",
    )


def _signing_key(ref: SecretRef, place: Place, keyring: Keyring, problems: Problems) -> Secret | None:
    secret = keyring.find(ref, place)
    if secret and secret.reveal().startswith("whsec_"):
        try:
            whole = bool(base64.b64decode(secret.reveal().strip().removeprefix("whsec_"), validate=True))
        except binascii.Error:
            whole = False
        if not whole:
            problems.add(place, "the secret is not base64 after whsec_")
    return secret


@_settings.register
def _apprise(table: AppriseTable, place: Place, keyring: Keyring, problems: Problems) -> AppriseSettings | None:
    url = keyring.find(table.url, place.at("url"))
    if url and "://" not in url.reveal():
        problems.add(place.at("url"), 'expected one of Apprise\'s URLs, such as "ntfy://topic"')
    return AppriseSettings(url=url, allow_private=tuple(table.allow_private)) if url is not None else None


def routes(tables: list[tuple[Place, RouteTable]]) -> tuple[Route, ...]:
    """Return the routes in their order."""
    return tuple(
        Route(
            channels=tuple(dict.fromkeys(table.channels)),
            severity=tuple(Severity(word) for word in table.match.severity),
            rule=tuple(table.match.rule),
            entity=tuple(table.match.entity),
            tag=tuple(table.match.tag),
            language=tuple(code.lower() for code in table.match.language),
            feed=tuple(table.match.feed),
            min_sources=table.match.min_sources,
            min_articles=table.match.min_articles,
            continue_=table.continue_,
        )
        for _, table in tables
    )
