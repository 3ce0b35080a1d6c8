"""``[watcher]``, ``[fetch]``, ``[web]`` and ``[operators]``: from tables to settings."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from watcher.config import units
from watcher.config.credentials import Keyring
from watcher.config.models import FetchTable, OperatorsTable, WatcherTable, WebTable
from watcher.config.models.base import SecretRef
from watcher.config.problems import Place, Problems, did_you_mean
from watcher.config.settings import FetchConfig, OperatorsConfig, WebConfig
from watcher.config.units import shown
from watcher.model import Secret


@dataclass(frozen=True, slots=True)
class Service:
    """``[watcher]`` without ``include``."""

    database: str
    timezone: str
    contact: str | None
    retention: timedelta


def service(found: tuple[Place, WatcherTable] | None, main: Place, state_dir: Path | None, problems: Problems) -> Service:
    """Settle the daemon's own affairs. What is relative, is so to ``state_dir`` if there is one, else to the main file."""
    place, table = found or (main.at("watcher"), WatcherTable())
    folder = (state_dir or main.document.path.parent).absolute()
    database = f"sqlite:///{folder / 'watcher.db'}"
    if table.database is not None:
        database = problems.attempt(place.at("database"), lambda value: _database(str(value), folder), table.database) or database
        if urlsplit(database).password:
            problems.warn(place.at("database"), "a password in the file itself: better a ~/.pgpass, or peer authentication")
    zone = timezone(table.timezone, place.at("timezone"), problems)
    contact = problems.attempt(place.at("contact"), _contact, table.contact) if table.contact else None
    return Service(database, zone or "UTC", contact, table.retention)


def _database(url: str, folder: Path) -> str:
    form = 'expected "sqlite:///watcher.db" or "postgresql://user@host/database"'
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"{form}, not {shown(url)}")
    if scheme == "sqlite":
        name = rest.removeprefix("/")
        if not rest.startswith("/") or not name or name.endswith("/") or name == ":memory:" or "?" in name:
            raise ValueError(f"{form}: three slashes and a file, not {shown(url)}")
        return f"sqlite:///{folder / name}"
    if scheme == "postgresql":
        try:
            parts = urlsplit(url)
            _ = parts.port, parts.hostname
        except ValueError as error:
            raise ValueError(f"{form}: {error}") from error
        return url
    hint = ': write "postgresql://"' if scheme.startswith("postgres") else ""
    raise ValueError(f"{form}{hint}, not {scheme[:40]}://…")


def _contact(value: object) -> str:
    text = str(value)
    if "@" in text and "/" not in text:
        return f"mailto:{units.email(text.removeprefix('mailto:'))}"
    try:
        return units.http_url(text)
    except ValueError:
        raise ValueError(f'expected "mailto:desk@example.org" or the URL of a page, not {shown(text)}') from None


@cache
def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # OSError: a folder of zones such as "Europe", or a name too long
        return False
    return True


def timezone(name: str, place: Place, problems: Problems) -> str | None:
    """Return an IANA zone's name, or None after recording that there is no such zone."""
    if _is_timezone(name):
        return name
    hint = did_you_mean(name, available_timezones()) or ': expected a name such as "Europe/Kyiv"'
    problems.add(place, f"there is no time zone {shown(name)}{hint}")
    return None


def fetch(found: tuple[Place, FetchTable] | None, main: Place, problems: Problems) -> FetchConfig:
    """Settle how things are fetched. Bounds of the interval that were not written give way to those that were."""
    place, table = found or (main.at("fetch"), FetchTable())
    written = table.model_fields_set
    least, most = table.min_interval, table.max_interval
    if least > most:
        if {"min_interval", "max_interval"} <= written:
            problems.add(
                place.at("min_interval"),
                f"min_interval {units.duration_text(least)} is longer than max_interval {units.duration_text(most)}",
            )
        least, most = (most, most) if "max_interval" in written else (least, least)
    if table.proxy is not None and units.has_login(table.proxy):
        problems.warn(
            place.at("proxy"), 'a login in the file itself: better a proxy that asks for none, or [[feeds]] proxy = { file = "path" }'
        )
    interval = min(max(table.interval, least), most)
    if interval != table.interval and "interval" in written:
        bounds = f"{units.duration_text(least)} to {units.duration_text(most)}"
        problems.warn(
            place.at("interval"), f"lies outside of min_interval and max_interval ({bounds}): {units.duration_text(interval)} is used"
        )
    return FetchConfig(
        interval=interval,
        min_interval=least,
        max_interval=most,
        concurrency=table.concurrency,
        per_host=table.per_host,
        timeout=table.timeout,
        max_body=table.max_body,
        robots=table.robots,
        websub=table.websub,
        websub_signature=table.websub_signature,
        proxy=table.proxy,
        allow_private=tuple(table.allow_private),
    )


def web(found: tuple[Place, WebTable] | None, keyring: Keyring, problems: Problems) -> WebConfig | None:
    """Settle the web page. Off loopback it needs a password (W07); one that is only missing outside the unit lets nobody in."""
    if found is None:
        return None
    place, table = found
    host, port = table.listen
    password = keyring.find(table.password, place.at("password"))
    if not units.is_loopback(host) and table.password is None and problems.sound(place, "password"):
        problems.add(place.at("listen"), f"{host} is not loopback: that needs a password")
    if password is not None and not password:
        password = Secret(secrets.token_urlsafe(32))
    for index, name in enumerate(table.allowed_hosts):
        problems.attempt(place.at("allowed_hosts", index), units.host, name)
    public = table.public_url.rstrip("/") if table.public_url else None
    return WebConfig(
        host=host,
        port=port,
        allowed_hosts=tuple(name.lower() for name in table.allowed_hosts),
        password=password,
        public_url=public,
        feed_token=keyring.find(table.feed_token, place.at("feed_token")),
    )


def operators(found: tuple[Place, OperatorsTable] | None, keyring: Keyring, problems: Problems) -> OperatorsConfig | None:
    """Settle who is told about watcher's own troubles."""
    if found is None:
        return None
    place, table = found
    beat = table.heartbeat
    url = secret_url(beat.url, place.at("heartbeat", "url"), keyring, problems) if beat else None
    return OperatorsConfig(
        channels=tuple(dict.fromkeys(table.channels)), heartbeat_url=url, heartbeat_every=beat.every if beat else timedelta(minutes=5)
    )


def secret_url(ref: SecretRef, place: Place, keyring: Keyring, problems: Problems, *, literal_ok: bool = True) -> Secret | None:
    """Return a secret that must be an http or https URL; the messages never show it."""
    secret = keyring.find(ref, place, literal_ok=literal_ok)
    if not secret:
        return secret
    try:
        return Secret(units.http_url(secret.reveal()))
    except ValueError as error:
        why = str(error) if ref.kind == "literal" and literal_ok else 'the secret is no URL such as "https://example.org/in"'
        problems.add(place, why)
        return None
