"""``watcher run``: the daemon."""

from __future__ import annotations

from typing import Annotated

import typer


def run(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Poll what is due, read it, deliver it, and leave: for cron.")] = False,
) -> None:
    """Run the daemon in the foreground: systemd's job, or yours while trying.

    SIGTERM ends it within eight seconds, a second one at once; SIGHUP reloads. What it does is logged, on standard error; `status --json` is for programs. Exit codes: 78 bad configuration, 75 another daemon has the database.
    """
    from watcher.daemon import app

    raise typer.Exit(app.run(ctx.find_root().obj, once=once))
