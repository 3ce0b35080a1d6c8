"""``watcher demo``: the whole daemon against a newsroom on loopback, played on a screen.

The play itself is ``watcher.newsroom.scenario``; here is only what is seen of it. Exit status 0 when every step came out as
it should, 1 when one did not (the table names it), 130 after Ctrl-C. Nothing is left behind, whatever the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import json as jsonlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.text import Text

    from watcher.newsroom.scenario import Event, Outcome, Told
    from watcher.newsroom.sinks import Post

_INTERRUPTED = 130


def demo(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each event, the last one the summary.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the folder with configuration, database, ledger and log, and say where it is.")
    ] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=5.0, help="The longest that the whole play may take.")] = 60.0,
    pace: Annotated[float, typer.Option("--pace", min=0.0, max=10.0, help="Pause after each alert, in seconds, for reading it.")] = 0.0,
) -> None:
    """Show what watcher does: the real daemon against a newsroom on this machine, with a mail and a Slack sink."""
    screen: Screen | Lines = Lines() if json else Screen()
    directory = Path(tempfile.mkdtemp(prefix="watcher-demo-"))
    try:
        status = _interruptible(directory, screen, seconds, pace)
    finally:
        if keep:
            screen.kept(directory)
        else:
            shutil.rmtree(directory)
    raise typer.Exit(status)


def _interruptible(directory: Path, screen: Screen | Lines, seconds: float, pace: float) -> int:
    try:
        return asyncio.run(_show(directory, screen, seconds, pace))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return _INTERRUPTED


async def _show(directory: Path, screen: Screen | Lines, seconds: float, pace: float) -> int:
    """Play it before ``screen``; returns the exit status. SIGTERM and SIGHUP end it as Ctrl-C does."""
    from watcher.newsroom import scenario

    me = asyncio.current_task()
    if me is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    outcomes: list[scenario.Outcome] = []
    begun = time.monotonic()
    with screen.open():
        async with contextlib.aclosing(scenario.play(directory, seconds=seconds)) as events:
            async for event in events:
                screen.show(event)
                if isinstance(event, scenario.Outcome):
                    outcomes.append(event)
                elif isinstance(event, scenario.Told):
                    await asyncio.sleep(pace)
    ok = all(outcome.ok for outcome in outcomes)
    screen.summary(outcomes, ok=ok, seconds=time.monotonic() - begun)
    return 0 if ok else 1


class Lines:
    """The play for programs: JSON lines on stdout."""

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        yield

    def show(self, event: Event) -> None:
        """Print alerts and outcomes; what is awaited is for people only."""
        from watcher.newsroom import scenario

        match event:
            case scenario.Told():
                quoted = [line.plain for line in sentences(event.post)]
                self._print(
                    "alert", sink=event.post.sink, id=event.post.id, subject=event.post.subject, sentences=quoted, seconds=event.seconds
                )
            case scenario.Outcome():
                self._print("step", step=event.step, ok=event.ok, detail=event.detail, seconds=event.seconds)

    def summary(self, outcomes: list[Outcome], *, ok: bool, seconds: float) -> None:
        """The last line: everything in one object."""
        self._print("summary", ok=ok, failed=[outcome.step for outcome in outcomes if not outcome.ok], seconds=seconds)

    def kept(self, directory: Path) -> None:
        """Say where the files are."""
        self._print("kept", directory=str(directory))

    def _print(self, event: str, **fields: Any) -> None:
        fields = {name: round(value, 3) if isinstance(value, float) else value for name, value in fields.items()}
        print(jsonlib.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


class Screen:
    """The play for people: a panel for each alert, a line for each step, a spinner with what is awaited."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, width=None if os.isatty(1) else 120)
        self._status = self._console.status("the newsroom opens")

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        from rich.rule import Rule

        self._console.print(Rule("watcher demo: five outlets, one desk, one Slack channel, all on this machine"))
        with self._status:
            yield

    def show(self, event: Event) -> None:
        from rich.markup import escape

        from watcher.newsroom import scenario

        match event:
            case scenario.Waiting(what):
                self._status.update(f"waiting for {what} …")
                if not self._console.is_terminal:
                    self._console.print(f"… waiting for {what}")
            case scenario.Told():
                self._console.print(_panel(event))
            case scenario.Outcome():
                self._console.print(_mark(event.ok), f"{event.step} [dim]({escape(event.detail)}; {event.seconds:.1f} s)[/dim]")

    def summary(self, outcomes: list[Outcome], *, ok: bool, seconds: float) -> None:
        from rich.markup import escape
        from rich.table import Table

        table = Table(title=f"{'Everything came out as it should' if ok else 'NOT everything came out as it should'}, in {seconds:.1f} s")
        table.add_column("")
        table.add_column("What")
        table.add_column("Seen", overflow="fold")
        table.add_column("s", justify="right")
        for outcome in outcomes:
            table.add_row(_mark(outcome.ok), outcome.step, escape(outcome.detail), f"{outcome.seconds:.1f}")
        self._console.print(table)

    def kept(self, directory: Path) -> None:
        self._console.print(f"kept: {directory}")


def sentences(post: Post) -> list[Text]:
    """The sentences that a message quotes, with the matched words styled.

    A mail's text part has them in lines that begin with ``- ``, Slack's blocks in lines that begin with ``>``; both mark
    matched words with asterisks.
    """
    if post.sink == "mail":
        body = post.text.partition("\n-- \n")[0]
        quoted = [line[2:] for line in _unwrapped(body) if line.startswith("- ")]
    else:
        texts = [str(block.get("text", {}).get("text", "")) for block in post.json.get("blocks", ()) if isinstance(block.get("text"), dict)]
        quoted = [
            html.unescape(line[1:].replace("\u200b", "")) for text in texts for line in text.splitlines() if line.startswith(("&gt;", ">"))
        ]
    return [_styled(line.strip()) for line in quoted]


def _unwrapped(body: str) -> list[str]:
    """Paragraphs of a plain text, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in body.replace("\n- ", "\n\n- ").split("\n\n")]


def _styled(line: str) -> Text:
    from rich.text import Text

    text = Text()
    for number, part in enumerate(line.split("*")):
        text.append(part, style="bold black on yellow" if number % 2 else "")
    return text


def _panel(told: Told) -> Any:
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    kind, _, name = told.post.sink.partition(":")
    title = "e-mail to the desk" if kind == "mail" else f"Slack, #{name}"
    expected = told.piece is not None
    where = f"{told.seconds:.1f} s after publication" if expected else "nobody should have been told this"
    body = Group(Text(told.post.subject, style="bold"), *(Text("“").append_text(line).append("”") for line in sentences(told.post)))
    return Panel(body, title=title, subtitle=where, border_style="green" if expected else "red", title_align="left", subtitle_align="right")


def _mark(ok: bool) -> str:
    return "[bold green]✔[/]" if ok else "[bold red]✘[/]"
