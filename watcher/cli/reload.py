"""``watcher reload``: tell the running daemon to read its configuration again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from watcher.cli import boundary, opened, output


def reload(
    ctx: typer.Context,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the outcome; exit 1, and show why, when the configuration was refused.")
    ] = False,
    as_json: output.AsJson = False,
) -> None:
    """Tell the running daemon to read its configuration again: all of it is taken over, or nothing.

    Without --wait exits 0 when the daemon has been told. Exits 1 when no daemon runs.
    """
    from watcher.daemon import control

    problems: list[str] = []
    answers: list[dict[str, Any]] = []
    sockets = control.find(opened.database(ctx))
    if not sockets:
        raise control.NoDaemonError("no daemon runs on this configuration's database")
    for socket in sockets:
        if not wait:
            control.tell(socket, "reload")
            continue
        answer = control.ask(socket, "reload")
        answers.append(answer)
        problems += answer.get("problems", ()) or ([answer["error"]] if "error" in answer else [])
    if as_json:
        output.emit({"ok": not problems, "daemons": len(sockets), "waited": wait, "problems": problems})
    else:
        for problem in dict.fromkeys(problems):
            output.warn(problem)
        if not problems:
            output.say("reloaded" if wait else "told the daemon to reload")
    raise typer.Exit(boundary.NO if problems else boundary.FINE)
