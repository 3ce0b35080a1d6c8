"""From a path to a :class:`Config`: every step records its problems, and only the end raises them all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.config import conditions, documents, reading, receivers, service, sources
from watcher.config.credentials import Keyring
from watcher.config.problems import Place, Problems, in_order
from watcher.config.references import References
from watcher.config.settings import Config, ConfigErrors
from watcher.errors import ConfigError
from watcher.model import Entity, Rule, Terms

if TYPE_CHECKING:
    from watcher.rules import Rulebook


def load(path: Path, *, credentials_dir: Path | None, state_dir: Path | None, environment: Mapping[str, str]) -> Config:
    """Load a configuration; see :func:`watcher.config.load`."""
    problems = Problems()
    try:
        document = documents.load(path, str(path))
    except ConfigError as error:
        raise ConfigErrors((error,)) from error
    tables = reading.read_all(document, problems)
    keyring = Keyring(credentials_dir, dict(environment), problems)
    main = Place(document)
    daemon = service.service(tables.watcher, main, state_dir, problems)
    fetch = service.fetch(tables.fetch, main, problems)
    web = service.web(tables.web, keyring, problems)
    operators = service.operators(tables.operators, keyring, problems)
    before = len(problems.errors)
    feeds = sources.feeds(tables.feeds, tables.opml, keyring, problems)
    if tables.opml and len(problems.errors) > before:  # a list that cannot be read may hold any feed
        tables.unread.add("feeds")
    channels = receivers.channels(tables.channels, daemon.timezone, keyring, problems)
    routes = receivers.routes(tables.routes)
    rules, entities, terms = _conditions(tables, problems)
    References(tables, feeds, problems).check()
    rulebook = conditions.Compiler(tables, problems).compile(rules, entities, terms)
    problems.raise_if_any()
    assert rulebook is not None  # without a problem there is one
    return Config(
        database=daemon.database,
        timezone=daemon.timezone,
        contact=daemon.contact,
        retention=daemon.retention,
        fetch=fetch,
        web=web,
        feeds=feeds,
        rules=rules,
        entities=entities,
        terms=terms,
        channels=channels,
        routes=routes,
        operators=operators,
        warnings=in_order(problems.warnings),
        files=tuple(tables.files),
        rulebook=rulebook,
    )


def _conditions(tables: reading.Tables, problems: Problems) -> tuple[tuple[Rule, ...], tuple[Entity, ...], tuple[Terms, ...]]:
    return conditions.rules(tables.rules, problems), conditions.entities(tables.entities), conditions.terms(tables.terms, problems)


def load_rules(paths: Iterable[Path]) -> tuple[tuple[Rule, ...], tuple[Entity, ...], tuple[Terms, ...]]:
    """Load files of rules; see :func:`watcher.config.load_rules`."""
    problems = Problems()
    found = _load_rules(paths, problems)[1:]
    problems.raise_if_any()
    return found


def load_rulebook(paths: Iterable[Path]) -> Rulebook:
    """Load and compile files of rules; see :func:`watcher.config.load_rulebook`."""
    problems = Problems()
    tables, rules, entities, terms = _load_rules(paths, problems)
    book = conditions.Compiler(tables, problems).compile(rules, entities, terms)
    problems.raise_if_any()
    assert book is not None  # without a problem there is one
    return book


def _load_rules(
    paths: Iterable[Path], problems: Problems
) -> tuple[reading.Tables, tuple[Rule, ...], tuple[Entity, ...], tuple[Terms, ...]]:
    tables = reading.read_rules([found for path in paths for found in _files(path)], problems)
    return tables, *_conditions(tables, problems)


def _files(path: Path) -> list[tuple[Path, str]]:
    """Return the file, or the TOML files of a folder."""
    if path.is_dir():
        return [(file, str(file)) for file in sorted(path.glob("*.toml"))]
    return [(path, str(path))]


def find(path: Path | None, environment: Mapping[str, str]) -> Path:
    """Find the main file; see :func:`watcher.config.find`."""
    if path is not None:
        return path
    if named := environment.get("WATCHER_CONFIG"):
        return Path(named)
    usual = [Path("config/watcher.toml"), Path("/etc/watcher/watcher.toml")]
    for candidate in usual:
        if os.path.lexists(candidate):
            return candidate
    raise ConfigErrors(
        (ConfigError(f"no configuration: neither {usual[0]} nor {usual[1]} is there; name one with -c FILE or $WATCHER_CONFIG"),)
    )
