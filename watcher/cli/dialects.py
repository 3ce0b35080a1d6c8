"""``watcher rules import``: queries of other tools as rules of ours."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from watcher.cli import boundary, inputs, output
from watcher.errors import WatcherError

MOST = 10 << 20  # bytes


class Source(StrEnum):
    """The tool that the queries come from."""

    MELTWATER = "meltwater"
    BRANDWATCH = "brandwatch"
    TALKWALKER = "talkwalker"
    FRESHRSS = "freshrss"


def import_(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="One query a line; none, or -: standard input.")] = inputs.STDIN,
    source: Annotated[Source, typer.Option("--from", help="Whose queries they are.")] = ...,  # type: ignore[assignment]
    whole: Annotated[bool, typer.Option("--whole", help="The file is one query, over as many lines as it likes.")] = False,
    name: Annotated[str, typer.Option(help="What the rules are called: NAME-1, NAME-2 … Default: the tool's name.")] = "",
    as_json: output.AsJson = False,
) -> None:
    """Convert queries of another tool, and print them as rules; what has no equivalent is said, with its place.

    Nothing is written but to standard output. Exits 1 when a query could not be converted.

    \b
    Examples:
      watcher rules import --from meltwater queries.txt > rules.d/imported.toml
      echo 'apple NEAR/3 watch' | watcher rules import --from brandwatch
    """
    found = [_convert(source.value, number, text) for number, text in _queries(file, whole=whole)]
    if not found:
        raise WatcherError(f"{file}: there is no query in it")
    for index, row in enumerate(found, 1):
        row["name"] = (name or source.value) + (f"-{index}" if len(found) > 1 else "")
    place = "standard input" if file == inputs.STDIN else file
    for row in found:
        if as_json:
            output.emit(row)
        else:
            print("\n".join(_toml(row)), end="\n\n")
            if row["error"]:
                hint = "" if whole or "not closed" not in row["error"] else " (one query over several lines: --whole)"
                output.warn(f"{place}:{row['line']}: {row['error']}{hint}")
    failed = sum(1 for row in found if row["error"])
    if not as_json:
        output.warn(f"{len(found) - failed} of {len(found)} converted")
    raise typer.Exit(boundary.NO if failed else boundary.FINE)


def _queries(file: str, *, whole: bool) -> list[tuple[int, str]]:
    """The queries with their lines."""
    body = sys.stdin.buffer.read(MOST + 1) if file == inputs.STDIN else Path(file).read_bytes()[: MOST + 1]
    if len(body) > MOST:
        raise WatcherError(f"{file}: larger than {MOST >> 20} MB")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WatcherError(f"{file}: not UTF-8, at byte {error.start + 1}") from None
    if whole:
        return [(1, " ".join(text.split()))] if text.strip() else []
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _convert(dialect: str, line: int, text: str) -> dict[str, Any]:
    from watcher.errors import QueryError
    from watcher.rules import dialects

    row: dict[str, Any] = {"line": line, "original": text, "query": None, "notes": [], "error": None, "position": None, "construct": None}
    try:
        converted = dialects.convert(dialect, text)
    except QueryError as error:
        construct = error.construct if isinstance(error, dialects.NoEquivalent) else None
        return {**row, "error": str(error), "position": error.position, "construct": construct}
    return {**row, "query": converted.query, "notes": list(converted.notes)}


def _toml(row: dict[str, Any]) -> list[str]:
    """The rule, below what it was made from; of a query that was refused only comments."""
    lines = [f"# {_comment(row['original'])}"]
    if row["error"]:
        return [*lines, f"# not converted: {_comment(row['error'])}"]
    lines += [f"# note: {_comment(note)}" for note in row["notes"]]
    return [*lines, "[[rules]]", f"name = {toml_string(row['name'])}", f"query = {toml_string(row['query'])}"]


def _comment(text: str) -> str:
    """One line of a TOML comment: no controls."""
    return "".join(char if char.isprintable() else " " for char in text)


def toml_string(text: str) -> str:
    """A TOML string, literal where that can be: queries are full of quotes and backslashes."""
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    import tomlkit

    return tomlkit.string(text).as_string()
