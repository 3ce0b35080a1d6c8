"""config: TOML files -> one frozen :class:`Config`, or every problem with its file, line and key.

::

    watcher.toml ─ documents ─ reading ─┬─ service      [watcher] [fetch] [web] [operators]
    *.d/*.toml     (includes)  (models) ├─ sources      feeds, and OPML
                                        ├─ receivers    channels, routes
                                        └─ conditions   entities, terms, rules ── compiled and tried
                                              references: does everything exist that is named?

    settings      Config and its parts: what the rest of the program sees; ConfigErrors
    loading       the steps above in their order
    documents     one file: bytes -> text -> TOML, or what is wrong with it
    locate        the line of every key of a TOML text
    includes      which files there are
    models/       the keys, their types, defaults and meanings (pydantic)
    units         durations, sizes, URLs …: the small languages inside strings
    credentials   { credential = … }, { file = … }, { env = … } -> Secret
    translate     pydantic's findings in the user's words
    problems      places and the problems found there
    schema        python -m watcher.config.schema      > config/watcher.schema.json
    reference     python -m watcher.config.reference   > docs/configuration.md

Nothing stops at the first problem, and nothing is skipped that is wrong. Importing this package costs nothing: pydantic comes
with the first :func:`load`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.config.settings import Config, ConfigErrors, FetchConfig, OperatorsConfig, WebConfig
from watcher.model import Entity, Rule, Terms

if TYPE_CHECKING:
    from watcher.rules import Rulebook

__all__ = ["Config", "ConfigErrors", "FetchConfig", "OperatorsConfig", "WebConfig", "find", "load", "load_rulebook", "load_rules"]


def load(path: Path, *, credentials_dir: Path | None = None, state_dir: Path | None = None) -> Config:
    """Read, check and compile the configuration.

    :param path: the main file.
    :param credentials_dir: where ``{ credential = … }`` is found; default ``$CREDENTIALS_DIRECTORY``.
    :param state_dir: where a relative SQLite file lies; default ``$STATE_DIRECTORY`` (the first, if there are several), else
        the main file's folder.
    :raises ConfigErrors: with all problems at once.
    """
    from watcher.config import loading  # noqa: PLC0415 — pydantic, only when there is something to load

    credentials = credentials_dir or _directory("CREDENTIALS_DIRECTORY")
    return loading.load(
        Path(path), credentials_dir=credentials, state_dir=state_dir or _directory("STATE_DIRECTORY"), environment=os.environ
    )


def load_rules(paths: Iterable[Path]) -> tuple[tuple[Rule, ...], tuple[Entity, ...], tuple[Terms, ...]]:
    """Read files (or folders of files) with nothing but rules, entities and terms; nothing is compiled.

    Other tables of the contract are skipped unread, so a whole ``watcher.toml`` will do too; it includes nothing here.

    :raises ConfigErrors: with all problems at once.
    """
    from watcher.config import loading  # noqa: PLC0415 — pydantic, only when there is something to load

    return loading.load_rules(Path(path) for path in paths)


def load_rulebook(paths: Iterable[Path]) -> Rulebook:
    """The same, compiled, and every ``must_match`` and ``must_not_match`` tried.

    :raises ConfigErrors: with all problems at once; those of queries have the file and line of the query.
    """
    from watcher.config import loading  # noqa: PLC0415 — pydantic, only when there is something to load

    return loading.load_rulebook(Path(path) for path in paths)


def find(path: Path | None = None) -> Path:
    """Return the main file: ``path``, else ``$WATCHER_CONFIG``, ``./config/watcher.toml`` or ``/etc/watcher/watcher.toml``.

    :raises ConfigErrors: when nothing is given and neither of the usual files exists.
    """
    from watcher.config import loading  # noqa: PLC0415 — pydantic, only when there is something to load

    return loading.find(path, os.environ)


def _directory(variable: str) -> Path | None:
    value = os.environ.get(variable, "").partition(":")[0]
    return Path(value) if value else None
