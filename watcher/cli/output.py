"""What commands print: JSON for programs, tables and lines for people. Results go to stdout, all else to stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one a line.")]


def emit(value: Any) -> None:
    """Print one JSON value on a line of its own. Text stays as it is, except for lone surrogates, which no encoding has."""
    print(dumps(value))


def dumps(value: Any) -> str:
    """Return ``value`` as one line of JSON."""
    text = json.dumps(value, ensure_ascii=False, default=_plain, separators=(", ", ": "))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=_plain)
    return text


def _plain(value: object) -> Any:
    """The JSON form of what :mod:`json` does not know."""
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


def when(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the second, with ``Z``."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None


def say(text: str = "") -> None:
    """Print one line for people. Control characters of foreign text cannot reach the terminal."""
    print(harmless(text))


def warn(text: str) -> None:
    """Print one line on stderr, never wrapped."""
    print(harmless(text), file=sys.stderr)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "nothing") -> None:
    """Print a table for people, or ``empty`` where there are no rows. The last column takes what room there is."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [[Text(harmless("" if cell is None else str(cell))) for cell in row] for row in rows]
    if not shown:
        say(empty)
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in shown:
        grid.add_row(*row)
    Console(soft_wrap=False).print(grid)


_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago, or in how long, ``at`` is: ``3 min ago``, ``in 2 h``, ``never``."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    unit, length = next((step for step in _UNITS if size >= step[1]), _UNITS[-1])
    return f"{int(size // length)} {unit} ago" if seconds >= 0 else f"in {int(size // length)} {unit}"


@contextlib.contextmanager
def progress(label: str, total: int | None) -> Iterator[Any]:
    """Show a bar on stderr, if that is a terminal and there is much to do; yields a function to call after each step.

    The bar is drawn by these calls and not by a thread: the filters fork.
    """
    if total is None or total < 3 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar: Progress
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task(label, total=total)

        def step() -> None:
            bar.advance(task)
            bar.refresh()

        yield step


def harmless(text: str) -> str:
    """Show control characters (a terminal would obey them) and lone surrogates as escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" or c.isspace() else c.encode("unicode_escape").decode() for c in text.replace("\r", "\\r")
    )
