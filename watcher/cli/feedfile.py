"""Edits the user's TOML: feeds are added and removed, and every comment and blank line stays as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.errors import ConfigError

if TYPE_CHECKING:
    import tomlkit

    from watcher.model import Feed


def add(path: Path, feeds: Iterable[Feed], check: Callable[[], object]) -> None:
    """Append ``[[feeds]]`` tables to a file, which may not exist yet.

    :param check: loads the configuration; what it raises takes the edit back.
    """
    import tomlkit

    from watcher.config import units

    document = _read(path) if path.exists() else tomlkit.document()
    tables = document.get("feeds")
    if not isinstance(tables, tomlkit.items.AoT):
        if tables is not None:
            raise ConfigError("feeds are not written as [[feeds]] tables here: give another file with --file", file=str(path), key="feeds")
        tables = tomlkit.aot()
        document.append("feeds", tables)
    for feed in feeds:
        table = tomlkit.table()
        table.add("url", feed.url)
        if feed.name:
            table.add("name", feed.name)
        if feed.tags:
            table.add("tags", list(feed.tags))
        if feed.interval is not None:
            table.add("interval", units.duration_text(feed.interval))
        tables.append(table)
    _replace(path, document, check)


def remove(paths: Sequence[Path], wanted: str, check: Callable[[], object]) -> Path | None:
    """Take the feed with this URL or name out of the first file that has it; return that file, or None.

    :param check: loads the configuration; what it raises takes the edit back.
    """
    import tomlkit

    for path in paths:
        if path.suffix != ".toml":
            continue
        document = _read(path)
        tables = document.get("feeds")
        if not isinstance(tables, tomlkit.items.AoT):
            continue
        for number, table in enumerate(tables):
            if wanted in (table.get("url"), table.get("name")):
                del tables[number]
                if not len(tables):
                    del document["feeds"]
                _replace(path, document, check)
                return path
    return None


def _read(path: Path) -> tomlkit.TOMLDocument:
    import tomlkit

    try:
        return tomlkit.parse(path.read_text("utf-8-sig"))
    except (tomlkit.exceptions.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(str(error), file=str(path)) from None


def _replace(path: Path, document: tomlkit.TOMLDocument, check: Callable[[], object]) -> None:
    """Write the file in one step; put the old one back when the configuration is then refused."""
    import tomlkit

    before = path.read_bytes() if path.exists() else None
    _write(path, tomlkit.dumps(document).encode())
    try:
        check()
    except BaseException:
        if before is None:
            path.unlink()
        else:
            _write(path, before)
        raise


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(body)
    if path.exists():
        draft.chmod(path.stat().st_mode & 0o7777)
    draft.replace(path)
