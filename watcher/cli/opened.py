"""The configuration and the store, for commands that need them. Both are looked up as DESIGN section 4 says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import tomli
import typer

from watcher.errors import ConfigError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import Feed
    from watcher.store import Store

_DATABASE = re.compile(r"""^[ \t]*database[ \t]*=[ \t]*(["'])(.+?)\1""", re.MULTILINE)


def path(ctx: typer.Context) -> Path:
    """The configuration file: ``-c``, or where one is found.

    :raises ConfigError: there is none.
    """
    from watcher import config

    return config.find(ctx.find_root().obj)


def configuration(ctx: typer.Context) -> Config:
    """The configuration, loaded and tested.

    :raises ConfigErrors: every problem of it.
    """
    from watcher import config

    return config.load(path(ctx))


def feeds(ctx: typer.Context) -> tuple[Feed, ...]:
    """The configured feeds, where the configuration can be read; else none: what only describes the database goes on without."""
    loaded = readable(ctx)
    return tuple(loaded.feeds) if loaded is not None else ()


def readable(ctx: typer.Context) -> Config | None:
    """The configuration, or None where it has errors (`watcher check` lists them)."""
    from watcher import config

    try:
        return configuration(ctx)
    except (config.ConfigErrors, ConfigError):
        return None


def store(database: str) -> Store:
    """The store, shared with a daemon that may be running; a context manager.

    :raises StoreError: there is none yet, or it cannot be used.
    """
    from watcher.store import Store

    return Store.open(database, exclusive=False, migrate=False, patience=10.0)


def database(ctx: typer.Context) -> str:
    """The database's URL, quickly and even where the rest of the configuration is broken: a daemon may be running on it.

    :raises ConfigError: there is no such file, or it cannot be read.
    """
    file = path(ctx)
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(file)) from None
    try:
        url = tomli.loads(text)["watcher"]["database"]
    except (ValueError, RecursionError, KeyError, TypeError):
        found = _DATABASE.search(text)
        url = found[2] if found else None
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    folder = (Path(state) if state else file.parent).absolute()
    if not isinstance(url, str):
        return f"sqlite:///{folder / 'watcher.db'}"
    return f"sqlite:///{folder / url.removeprefix('sqlite:///')}" if url.startswith("sqlite:///") else url
