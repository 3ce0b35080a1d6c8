"""The ``watcher`` command: global options, and which command is where."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli import (
    alerts,
    backtest,
    boundary,
    channels,
    check,
    cluster,
    data,
    deliveries,
    demo,
    entities,
    extract,
    feeds,
    match,
    parse,
    reload,
    routes,
    rules,
    run,
    search,
    silence,
    status,
    stories,
    why,
)

_OPERATE, _TRY, _FILTER = "Operating", "Setting up", "Filters: files or stdin in, JSON lines out; no configuration needed"

app = typer.Typer(
    name="watcher",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from watcher import __version__

        print(f"watcher {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "-c",
            "--config",
            metavar="FILE",
            help="The configuration; else $WATCHER_CONFIG, ./config/watcher.toml or /etc/watcher/watcher.toml.",
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")] = False,  # noqa: ARG001  its callback acts
) -> None:
    """Reads feeds and alerts you, once, about what you must not miss.

    Exit codes: 0 fine, 1 the answer is no, 2 usage, 75 another daemon has the database, 78 bad configuration.
    """
    ctx.obj = config


app.command(rich_help_panel=_TRY)(demo.demo)
app.command(rich_help_panel=_TRY)(check.check)
app.add_typer(rules.app, name="rules", rich_help_panel=_TRY)
app.add_typer(channels.app, name="channels", rich_help_panel=_TRY)
app.add_typer(entities.app, name="entities", rich_help_panel=_TRY)
app.add_typer(routes.app, name="routes", rich_help_panel=_TRY)
app.command(rich_help_panel=_OPERATE)(run.run)
app.command(rich_help_panel=_OPERATE)(reload.reload)
app.command(rich_help_panel=_OPERATE)(status.status)
app.add_typer(feeds.app, name="feeds", rich_help_panel=_OPERATE)
app.add_typer(alerts.app, name="alerts", rich_help_panel=_OPERATE)
app.add_typer(deliveries.app, name="deliveries", rich_help_panel=_OPERATE)
app.add_typer(stories.app, name="stories", rich_help_panel=_OPERATE)
app.add_typer(silence.app, name="silence", rich_help_panel=_OPERATE)
app.command(rich_help_panel=_OPERATE)(why.why)
app.command("why-not", rich_help_panel=_OPERATE)(why.why_not)
app.command(rich_help_panel=_OPERATE)(search.search)
app.command(rich_help_panel=_TRY)(backtest.backtest)
app.command(rich_help_panel=_OPERATE)(data.backup)
app.command(rich_help_panel=_OPERATE)(data.restore)
app.command(rich_help_panel=_OPERATE)(data.prune)
app.command(rich_help_panel=_FILTER)(parse.parse)
app.command(rich_help_panel=_FILTER)(extract.extract)
app.command(rich_help_panel=_FILTER)(match.match)
app.command(rich_help_panel=_FILTER)(cluster.cluster)


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, by default the process's own, and return its exit code."""
    try:
        app(args=arguments, prog_name="watcher")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else boundary.FINE
    except Exception as error:
        if boundary.debugging():
            raise
        return boundary.report(error)
    return boundary.FINE


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(execute())


if __name__ == "__main__":
    main()
