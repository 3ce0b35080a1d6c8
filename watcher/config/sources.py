"""Feeds: from ``[[feeds]]`` and OPML files to :class:`watcher.model.Feed`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from watcher.config import documents, units
from watcher.config.credentials import Keyring
from watcher.config.documents import Document
from watcher.config.models import FeedTable
from watcher.config.models.base import SecretRef
from watcher.config.problems import Place, Problems
from watcher.errors import ParseError
from watcher.model import Feed, FullText, Secret

_SECRET_HEADERS = ("authorization", "cookie", "token", "key", "secret", "password")
_FRAMING = {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"}
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


def feeds(tables: list[tuple[Place, FeedTable]], opml: list[tuple[Path, str]], keyring: Keyring, problems: Problems) -> tuple[Feed, ...]:
    """Return all feeds, those of TOML files first.

    The same URL twice in TOML is an error. OPML comes out of other programs, which list a feed once per folder: there the first
    counts, and TOML counts more; a warning says so.
    """
    places: dict[str, Place] = {}
    found: list[Feed] = []
    for place, table in tables:
        feed = _feed(table, place, keyring, problems)
        if table.name and table.name.startswith("tag:"):
            problems.add(place.at("name"), "a name that begins with tag: would be taken for a tag")
        first = places.setdefault(units.url_key(feed.url), place) if problems.sound(place, "url") else place
        if first is not place:
            problems.add(place.at("url"), f"the feed {units.shown(feed.url)} exists already at {first.at('url')}")
        found.append(feed)
    for path, name in opml:
        found += _outline(path, name, places, problems)
    return tuple(found)


def _feed(table: FeedTable, place: Place, keyring: Keyring, problems: Problems) -> Feed:
    url, username, password = _without_login(table.url)
    if password is not None:
        problems.warn(place.at("url"), 'a password in the URL: better username and password = { credential = "name" }')
    if table.password is not None and table.username is None and problems.sound(place, "username"):
        problems.add(place.at("password"), "a password without a username")
    return Feed(
        url=url,
        name=table.name or "",
        tags=tuple(dict.fromkeys(table.tags)),
        interval=table.interval,
        full_text=FullText(table.full_text),
        headers=headers(table.headers, place.at("headers"), keyring, problems),
        proxy=_proxy(table.proxy, place.at("proxy"), keyring, problems),
        user_agent=table.user_agent,
        username=table.username or username,
        password=keyring.find(table.password, place.at("password")) if table.password else password,
        backfill=table.backfill,
    )


def _without_login(url: str) -> tuple[str, str | None, Secret | None]:
    """Split ``https://user:password@host/`` so that no log, page or table ever holds the password."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None, None
    username, colon, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=host)), unquote(username) or None, Secret(unquote(password)) if colon else None


def _proxy(ref: SecretRef | None, place: Place, keyring: Keyring, problems: Problems) -> str | Secret | None:
    secret = keyring.find(ref, place, literal_ok=True)
    if not secret or ref is None:
        return secret
    try:
        url = units.http_url(secret.reveal())
    except ValueError as error:
        problems.add(place, str(error) if ref.kind == "literal" else "the secret is no URL of a proxy")
        return None
    return url if ref.kind == "literal" and not units.has_login(url) else Secret(url)


def headers(table: dict[str, SecretRef], place: Place, keyring: Keyring, problems: Problems) -> tuple[tuple[str, str | Secret], ...]:
    """Return request headers; values that came from outside the file, or stand under a telling name, are secrets."""
    found: list[tuple[str, str | Secret]] = []
    for name, ref in table.items():
        here = place.at(name)
        if not set(name.lower()) <= _TOKEN or name.lower() in _FRAMING:
            problems.add(here, "no header that can be set has this name")
        telling = any(word in name.lower() for word in _SECRET_HEADERS)
        value = keyring.find(ref, here, literal_ok=not telling)
        if value is not None:
            found.append((name, value.reveal() if ref.kind == "literal" and not telling else value))
    return tuple(found)


def _outline(path: Path, name: str, places: dict[str, Place], problems: Problems) -> list[Feed]:
    """Return the feeds of an OPML file that are not known yet."""
    from watcher.feeds import opml  # noqa: PLC0415 — brings an XML parser, which few configurations need

    place = Place(Document(path, name, "", {}))
    try:
        content, _ = documents.read(path)
        feeds = opml.parse(content)
    except ParseError as error:
        problems.add(place, f"not an OPML file: {error.detail or error.reason}")
        return []
    except (OSError, ValueError) as error:
        problems.add(place, f"cannot be read: {documents.why(error)}")
        return []
    found = []
    for feed in feeds:
        try:
            url, username, password = _without_login(units.http_url(feed.url))
        except ValueError as error:
            problems.warn(place, f"skipped: {error}")
            continue
        key = units.url_key(url)
        if key not in places:
            places[key] = place
            found.append(replace(feed, url=url, username=feed.username or username, password=feed.password or password))
        else:
            problems.warn(place, f"skipped: the feed {units.shown(url)} exists already at {places[key]}")
    return found
